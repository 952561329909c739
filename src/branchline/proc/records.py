"""The form of `attempts.table`: fixed-size records in plain text, each part with its checksum.

Record 0 is the header; the record of fence k stands at place k + 1: a start part, then an exit part. A part is eight
hexadecimal digits of checksum, a space, its fields, and zeros up to its size; `strings attempts.table` reads it.
Standard library only, and no import of our own: the custodian loads this file by itself.
"""

from zlib import crc32

TABLE = "attempts.table"
LOCK = "custody.lock"
WATCHED = 1 << 62  # the byte of LOCK, beyond every fence, that a coordinator holds as long as it looks after the folder
SIZE = 256
START_SIZE = 96
EXIT_SIZE = SIZE - START_SIZE
CAUSE_SIZE = 120  # bytes of a cause that fit beside the longest other fields
VERSION = b"custody-1"


class DamagedError(ValueError):
    """A part of the table does not agree with its checksum."""


def place(fence: int) -> int:
    """Where the record of one fence begins, in bytes."""
    return (fence + 1) * SIZE


def seal(body: bytes, size: int) -> bytes:
    """The bytes of one part; a body that is too long is cut."""
    body = body[: size - 9]
    return (b"%08x %s" % (crc32(body), body)).ljust(size, b"\0")


def unseal(raw: bytes, size: int) -> bytes:
    """The body of one part, empty when nothing was written yet; DamagedError when it is torn or altered."""
    text = raw.rstrip(b"\0")
    if not text:
        return b""
    if len(raw) == size and text[:9] == b"%08x " % crc32(text[9:]):
        return text[9:]
    raise DamagedError(text)


def start_part(custodian: int, worker: int, ticks: int, boot: bytes, mark: int, at: float) -> bytes:
    """What is known when an attempt starts: pids, the worker's start in clock ticks, the boot, its mark, the time."""
    return seal(b"S %d %d %d %s %08x %.3f" % (custodian, worker, ticks, boot, mark, at), START_SIZE)


def exit_part(code: int | None, number: int | None, lost: bool, at: float, cause: str) -> bytes:
    """How an attempt ended; `number` is the signal, `cause` is written as `short` makes it."""
    fields = b"E %s %s %d %.3f " % (_number(code), _number(number), lost, at)
    return seal(fields + short(cause).encode(), EXIT_SIZE)


def short(cause: str) -> str:
    """A cause as the table can hold it: one line without NUL, cut to CAUSE_SIZE bytes of whole characters."""
    line = " ".join(cause.replace("\0", " ").split())
    return line.encode("utf-8", "replace")[:CAUSE_SIZE].decode("utf-8", "ignore").rstrip()


def _number(value: int | None) -> bytes:
    return b"-" if value is None else b"%d" % value
