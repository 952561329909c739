"""What custody wrote down: the record of every fence, and who holds its lock."""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from branchline.errors import LockedError
from branchline.model.run import Exit
from branchline.proc import linux, records

RESERVED = 256
"""Records that get their place on the disk together."""


class Start(NamedTuple):
    """The start part of a record; `ticks` are clock ticks since boot, `at` seconds since the epoch."""

    custodian: int
    worker: int
    ticks: int
    boot: bytes
    mark: int
    at: float


class Record(NamedTuple):
    """One fence in the table; `used` is set as soon as anything was written, even when it cannot be read.

    `ended` is when it did, in seconds since the epoch; 0 when the table does not say so.
    """

    used: bool
    start: Start | None
    exit: Exit | None
    ended: float = 0.0


def decode(raw: bytes) -> Record:
    """The record in its `records.SIZE` bytes; a part that its checksum denies counts as used and says nothing."""
    start = _part(raw[: records.START_SIZE], records.START_SIZE)
    end = _part(raw[records.START_SIZE :], records.EXIT_SIZE)
    ended = float(end.split(b" ", 5)[4]) if end else 0.0
    return Record(bool(raw.strip(b"\0")), _start(start), _exit(end), ended)


def _part(raw: bytes, size: int) -> bytes:
    try:
        return records.unseal(raw, size)
    except records.DamagedError:
        return b""


def _start(body: bytes) -> Start | None:
    if not body:
        return None
    _, custodian, worker, ticks, boot, mark, at = body.split(b" ")
    return Start(int(custodian), int(worker), int(ticks), boot, int(mark, 16), float(at))


def _exit(body: bytes) -> Exit | None:
    if not body:
        return None
    _, code, number, lost, _, cause = body.split(b" ", 5)
    return Exit(_number(code), _number(number), lost == b"1", cause.decode())


def _number(text: bytes) -> int | None:
    return None if text == b"-" else int(text)


def read_record(folder: Path, fence: int) -> Record:
    """All that the table says of the attempt with this fence (yet)."""
    try:
        handle = os.open(folder / records.TABLE, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return decode(b"")
    try:
        return decode(os.pread(handle, records.SIZE, records.place(fence)))
    finally:
        os.close(handle)


class Table:
    """The coordinator's view of `attempts.table` and `custody.lock`.

    Both files are opened once: closing any descriptor of the lock file would drop this process's own locks.
    """

    def __init__(self, folder: Path) -> None:
        self._lock = _open(folder / records.LOCK)
        self._table = _open(folder / records.TABLE)
        self._boot = linux.boot_id()
        self._reserved = 0
        self.rebooted = self._read_header(folder)

    def attend(self) -> None:
        """Show the custodians that a coordinator is there, until it closes the table or dies; again is no harm."""
        linux.take_lock(self._lock, records.WATCHED)

    def reserve(self, fence: int) -> None:
        """Give the records from this one on their place: each sync of a file that grows writes the disk's journal too.

        A disk that has no place says so when the record itself is written.
        """
        if records.place(fence) >= self._reserved:
            with suppress(OSError):
                os.posix_fallocate(self._table, records.place(fence), RESERVED * records.SIZE)
            self._reserved = records.place(fence + RESERVED)

    def close(self) -> None:
        """Close both files."""
        os.close(self._table)
        os.close(self._lock)

    def read(self, fence: int) -> Record:
        """The record of one fence."""
        return decode(os.pread(self._table, records.SIZE, records.place(fence)))

    def holder(self, fence: int) -> int:
        """The pid of the custodian that has this fence in custody, 0 when none has.

        Raises LockedError when a process of another container holds it.
        """
        pid = linux.lock_holder(self._lock, fence)
        if pid < 0:
            raise LockedError(
                f"attempt {fence} runs under a process that cannot be seen from here (in another container?); "
                "run this command there, or wait until it has ended",
                fence=fence,
            )
        return pid

    def close_fence(self, fence: int, end: Exit, unused: bool = False) -> bool:
        """Write the exit of a fence that nobody has in custody; False when somebody has, or its exit stands already.

        `unused` closes it only when it never started: that uses it up, and a request for it that is still on its way
        will be refused.
        """
        if not linux.take_lock(self._lock, fence):
            return False
        try:
            record = self.read(fence)
            if record.exit is not None or (unused and record.used):
                return False
            part = records.exit_part(end.code, end.signal, end.lost, time.time(), end.cause)
            os.pwrite(self._table, part, records.place(fence) + records.START_SIZE)
            os.fdatasync(self._table)
            return True
        finally:
            linux.drop_lock(self._lock, fence)

    def settle_boot(self) -> None:
        """Note that everything from before the reboot was looked at."""
        if self.rebooted:
            self._write_header()
            self.rebooted = False

    def _read_header(self, folder: Path) -> bool:
        """Whether the machine was started again since the header was written; a new table gets its header.

        A damaged header counts as a reboot: then nobody can say of an empty record that its attempt never started.
        """
        raw = os.pread(self._table, records.SIZE, 0)
        if not raw.strip(b"\0"):
            self._write_header()
            _sync_folder(folder)
            return False
        return _part(raw, records.SIZE) != self._header()

    def _header(self) -> bytes:
        return records.VERSION + b" " + self._boot

    def _write_header(self) -> None:
        os.pwrite(self._table, records.seal(self._header(), records.SIZE), 0)
        os.fdatasync(self._table)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
