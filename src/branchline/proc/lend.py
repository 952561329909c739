"""Inside a network of its own: lend a listening socket to a process outside of it, then become the program.

Started as `python -I -S lend.py FOLDER PORT PROGRAM ARGUMENT...`: what connects to PORT on this network's loopback is
then accepted by whoever listens on the socket `FOLDER/proxy` outside, and no packet ever leaves this network. Standard
library only, and no import of our own.
"""

import _socket
import array
import os
import sys
import time

PATIENCE = 10.0  # seconds that the process outside may take to come up
NAME = "proxy"


def lend(folder: str, port: int) -> None:
    """Listen on a port of the loopback and hand that socket over, by a process beside this one that ends then.

    Who connects before the process outside is up waits for it. Raises OSError when the port cannot be had.
    """
    ear = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    ear.bind(("127.0.0.1", port))
    ear.listen(128)
    middle = os.fork()
    if middle:
        ear.close()
        os.waitpid(middle, 0)
        return
    try:
        if os.fork() == 0:  # an orphan: the program has no child that it knows nothing of
            _hand_over(ear, folder)
    finally:
        os._exit(0)


def _hand_over(ear: "_socket.socket", folder: str) -> None:
    for handle in range(3):
        os.close(handle)  # whoever reads the program's output does not wait for us
    os.chdir(folder)  # the path of a socket may have 107 bytes
    door = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    _connect(door, time.monotonic() + PATIENCE)
    rights = array.array("i", [ear.fileno()])
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
    """Lend the socket and become the program."""
    folder, port, *program = arguments
    lend(folder, int(port))
    os.execvp(program[0], program)  # noqa: S606 - becomes the program it was asked to be


if __name__ == "__main__":
    main(sys.argv[1:])
