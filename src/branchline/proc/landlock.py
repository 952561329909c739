"""A wall of its own, or a second one inside of a sandbox: a program that gives rights away, by Landlock, and becomes the worker.

Started bare, with `r:PATH... w:PATH... -- PROGRAM ARGUMENT...`: below each path one may read and run
(r) or write too (w); all other files are out of reach for the process and its children, for ever. Without a path nothing is given
away. Standard library only, and no import of our own.
"""

import _ctypes
import errno
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable  # it would cost a start 1 ms

CREATE, ADD, RESTRICT = 444, 445, 446  # system calls, the same on every architecture
PR_SET_NO_NEW_PRIVS = 38
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, TRUNCATE = 1, 2, 4, 8, 1 << 14
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE
RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1}  # by version; what later ones add is of devices
SCOPED = 3  # from version 6 on: no signal and no abstract socket to who is not below


class _Long(_ctypes._SimpleCData):  # type: ignore[type-arg]
    _type_ = "l"


class _Function(_ctypes.CFuncPtr):
    """A function of the C library; `ctypes` itself would cost every start 3 ms."""

    _flags_ = _ctypes.FUNCFLAG_CDECL | _ctypes.FUNCFLAG_USE_ERRNO
    _restype_ = _Long


_LIBC = _ctypes.dlopen(None, 0)  # type: ignore[arg-type]  # this process itself
_SYSCALL = _Function(_ctypes.dlsym(_LIBC, "syscall"))
_PRCTL = _Function(_ctypes.dlsym(_LIBC, "prctl"))


def abi() -> int:
    """Return the version of Landlock that the kernel speaks, 0 where there is none."""
    return max(0, int(_SYSCALL(CREATE, None, _Long(0), 1)))


def restrict(readable: "Iterable[str]", writable: "Iterable[str]") -> None:
    """Give up every right to files but these, for this process and all it starts; raises OSError where it cannot."""
    version = abi()
    rights = RIGHTS[min(version, 3)]
    fields = (rights, 0, SCOPED) if version >= 6 else (rights,)
    ruleset = b"".join(field.to_bytes(8, sys.byteorder) for field in fields)
    handle = _call(CREATE, ruleset, _Long(len(ruleset)), 0)
    for paths, allowed in ((readable, EXECUTE | READ_FILE | READ_DIR), (writable, rights)):
        for path in paths:
            _allow(handle, path, allowed)
    if _PRCTL(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(_ctypes.get_errno(), "no_new_privs")
    _call(RESTRICT, handle, 0)
    os.close(handle)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there needs no right
    rights = rights if os.path.isdir(path) else rights & OF_FILES  # noqa: PTH112 - pathlib costs 10 ms
    try:
        _call(ADD, ruleset, 1, rights.to_bytes(8, sys.byteorder) + handle.to_bytes(4, sys.byteorder), 0)
    except OSError as error:
        if error.errno != errno.EBADFD:  # a pipe (/dev/stdout) is open to who holds it
            raise
    finally:
        os.close(handle)


def _call(number: int, *arguments: object) -> int:
    result = int(_SYSCALL(number, *arguments))
    if result < 0:
        raise OSError(_ctypes.get_errno(), f"landlock {number}")
    return result


def restricted(arguments: list[str]) -> list[str]:
    """Restrict this process as the words say, and return those of the program."""
    end = arguments.index("--")
    given = [word.partition(":") for word in arguments[:end]]
    if given:
        restrict((path for kind, _, path in given if kind == "r"), (path for kind, _, path in given if kind == "w"))
    return arguments[end + 1 :]


def main(arguments: list[str]) -> None:
    """Restrict this process and become the program."""
    program = restricted(arguments)
    os.execvp(program[0], program)  # noqa: S606 - becomes the program it was asked to be
