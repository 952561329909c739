"""What Landlock leaves to a worker, as words of `proc.landlock`: its only wall, or the second behind bubblewrap's.

The second stands where the proxy is: there a process of ours is inside anyway; elsewhere it would cost a start of Python.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from branchline.proc import landlock
from branchline.proc.bare import bare
from branchline.sandbox import view

PROGRAM: Final[tuple[str, ...]] = bare(landlock.__file__)
"""What stands before the words."""
RENAMES: Final = 2
"""The version of Landlock from which on files can be moved between folders; before it no second wall is worth the price."""
_STREAMS: Final = ("r:/dev/stdin", "w:/dev/stdout", "w:/dev/stderr")
"""The files that the streams are: `echo x > /dev/stderr` opens them anew."""


def alone(readable: Iterable[Path], writable: Iterable[Path]) -> tuple[str, ...]:
    """Return the words of the only wall: the system and these paths, and nothing else of the machine."""
    etc = (f"/etc/{name}" for name in view.PUBLIC)
    devices = ("/proc", "/sys/devices/system/cpu", "/dev/urandom", "/dev/random", "/dev/zero")
    read = sorted({*view.SYSTEM, *etc, *devices, *map(str, readable)})
    write = sorted({"/dev/null", "/dev/tty", "/dev/shm", *map(str, writable)})  # noqa: S108 - devices
    return (*_STREAMS, *(f"r:{path}" for path in read), *(f"w:{path}" for path in write), "--")


def within(writable: Iterable[Path]) -> tuple[str, ...]:
    """Return the words of the second wall: all that the first shows may be read, and these paths written."""
    if landlock.abi() < RENAMES:
        return ("--",)
    return (*_STREAMS, "r:/", *(f"w:{path}" for path in sorted(map(str, writable))), "--")
