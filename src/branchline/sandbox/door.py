"""The door of the proxy: takes the sockets that a sandbox lends, and loads the proxy when somebody knocks at one of them.

Started bare with FOLDER, in custody, beside the worker it serves: most workers and checks ask nothing of the
network, and the proxy takes three times as long to start as this. Standard library only, and no import of our own until then.
"""

import _socket
import os
import select
import sys

NAME = "proxy"
SPEC = "spec.json"
MOST = 253  # sockets that the kernel passes in one message


def lent(folder: str) -> list[int]:
    """Wait for the worker's side, which lends its listening sockets (see `proc.lend`); return their handles."""
    os.chdir(folder)  # the path of a socket may have 107 bytes
    if os.path.lexists(NAME):  # of the check before this one
        os.unlink(NAME)  # noqa: PTH108 - it starts with every worker
    door = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    door.bind(NAME)
    door.listen(1)
    handle, _ = door._accept()  # type: ignore[attr-defined]  # `socket` would cost its start
    lender = _socket.socket(fileno=handle)
    _, rights, _, _ = lender.recvmsg(1, _socket.CMSG_SPACE(4 * MOST))
    data = b"".join(part for _, _, part in rights)
    lender.close()
    door.close()
    return [int.from_bytes(data[at : at + 4], sys.byteorder) for at in range(0, len(data), 4)]


def main(arguments: "list[str]") -> None:
    """Wait for the first that knocks, then be the proxy."""
    handles = lent(arguments[0])
    knock = select.poll()
    for handle in handles:
        knock.register(handle, select.POLLIN)
    knock.poll()
    import proxy  # type: ignore[import-not-found]

    proxy.main(SPEC, handles)
