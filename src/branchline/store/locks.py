"""The one lock of a state folder: a record lock of the kernel, freed by death and not inherited by children."""

import errno
import fcntl
import os
import struct
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, NoReturn, Self

from branchline.errors import LockedError, StoreError

# struct flock: type, whence, start, length, pid on Linux; start, length, pid, type, whence on macOS.
_LINUX: Final = sys.platform != "darwin"
_FLOCK: Final = struct.Struct("hhqqi4x" if _LINUX else "qqihh")
_QUESTION: Final = (fcntl.F_WRLCK, 0, 0, 0, 0) if _LINUX else (0, 0, 0, fcntl.F_WRLCK, 0)
_TYPE, _PID = (0, 4) if _LINUX else (3, 2)

_held: dict[tuple[int, int], int] = {}
"""The lock files this process holds, as (device, inode) -> pid: a record lock never refuses its own process."""


class Lock:
    """A held lock; leaves the lock free when released, closed by `with`, or when the process dies."""

    def __init__(self, path: Path, handle: int) -> None:
        self._path = path
        self._handle = handle
        self._key = _key(handle)

    def release(self) -> None:
        """Free the lock; a second call does nothing."""
        if self._handle >= 0:
            _held.pop(self._key, None)
            os.close(self._handle)
            self._handle = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()


def lock(folder: Path) -> Lock:
    """Take the lock of a `.branchline` folder at once or raise LockedError naming the pid that holds it.

    Raises StoreError when the lock file cannot be made.
    """
    path = folder / "lock"
    if _held.get(_key(path)) == os.getpid():  # not opened: closing any handle of the file would free the lock
        _refuse(path, os.getpid())
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    except OSError as error:
        raise StoreError(f"{path}: cannot be locked: {error.strerror or error}") from error
    try:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        pid = _holder(handle)
        os.close(handle)
        if error.errno in (errno.EACCES, errno.EAGAIN):
            _refuse(path, pid)
        raise StoreError(f"{path}: cannot be locked: {error.strerror or error}") from error
    with suppress(OSError):  # on a full disk the kernel still knows the pid
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    _held[_key(handle)] = os.getpid()
    return Lock(path, handle)


def held(folder: Path) -> int:
    """Return the pid of the process that holds the lock of a `.branchline` folder, 0 when it is free or was never made.

    The kernel is asked, nothing is taken; -1 when it is held by a process that cannot be seen from here.
    """
    path = folder / "lock"
    if _held.get(_key(path)) == os.getpid():
        return os.getpid()
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        return _holder(handle)
    finally:
        os.close(handle)


def _holder(handle: int) -> int:
    answer = _FLOCK.unpack(fcntl.fcntl(handle, fcntl.F_GETLK, _FLOCK.pack(*_QUESTION)))
    if answer[_TYPE] == fcntl.F_UNLCK:
        return 0
    written = os.pread(handle, 20, 0).strip()
    return answer[_PID] or (int(written) if written.isdigit() else -1)


def _key(file: Path | int) -> tuple[int, int]:
    try:
        status = os.stat(file)  # noqa: PTH116 - a handle as well as a path
    except OSError:
        return 0, 0
    return status.st_dev, status.st_ino


def _refuse(path: Path, pid: int) -> NoReturn:
    who = f"process {pid}" if pid > 0 else "a process that cannot be seen from here"
    raise LockedError(f"{path}: another Branchline ({who}) works here; see `branchline status`, or try later", pid=pid)
