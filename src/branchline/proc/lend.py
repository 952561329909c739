"""Inside a network of its own: lend listening sockets to a process outside of it, then go on as `landlock`.

Started bare, with `FOLDER PORT,PORT... WORDS...`, the last being those of `landlock.py`: what connects to one of
the ports on this network's loopback is then accepted by whoever listens on the socket `FOLDER/proxy` outside, and no packet ever
leaves this network. Standard library only, and no import of our own but the file beside it.
"""

import _socket
import os
import sys
import time

PATIENCE = 10.0  # seconds that the process outside may take to come up
NAME = "proxy"


def lend(folder: str, *ports: int) -> int:
    """Listen on ports of the loopback and hand those sockets over, by a process beside this one that ends then.

    Who connects before the process outside is up waits for it. Returns a child that is to be waited for, and ends at once.
    Raises OSError when a port cannot be had.
    """
    ears = [_listening(port) for port in ports]
    middle = os.fork()
    if middle:
        for ear in ears:
            ear.close()
        return middle
    try:
        if os.fork() == 0:  # an orphan: the program has no child that it knows nothing of
            _hand_over(ears, folder)
    finally:
        os._exit(0)


def _listening(port: int) -> "_socket.socket":
    ear = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    ear.bind(("127.0.0.1", port))
    ear.listen(128)
    return ear


def _hand_over(ears: "list[_socket.socket]", folder: str) -> None:
    for handle in range(3):
        os.close(handle)  # whoever reads the program's output does not wait for us
    os.chdir(folder)  # the path of a socket may have 107 bytes
    door = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    _connect(door, time.monotonic() + PATIENCE)
    rights = b"".join(ear.fileno().to_bytes(4, sys.byteorder) for ear in ears)
    door.sendmsg([b"e"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, rights)])
    door.recv(1)  # it is theirs now


def _connect(door: "_socket.socket", until: float) -> None:
    while True:
        try:
            door.connect(NAME)
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.005)


def main(arguments: list[str]) -> None:
    """Lend the sockets, and go on as `landlock`: a process of its own for that would cost a second start of Python."""
    import landlock  # type: ignore[import-not-found]

    folder, ports, *rest = arguments
    middle = lend(folder, *map(int, ports.split(",")))
    program = landlock.restricted(rest)
    os.waitpid(middle, 0)
    os.execvp(program[0], program)  # noqa: S606 - becomes the program it was asked to be
