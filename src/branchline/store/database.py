"""One SQLite file: made whole or not at all, opened only when it is ours and sound, its errors put into words."""

import os
import sqlite3
import stat
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from json import JSONDecodeError
from pathlib import Path
from sqlite3 import Connection
from typing import Final

from branchline.errors import NotFoundError, StoreDamagedError, StoreError, StoreFullError
from branchline.store import sql

BUSY_SECONDS: Final = 5.0

__all__ = ["Connection", "connect", "identity", "in_words", "transaction", "unfinished"]

_DAMAGED: Final = frozenset({"SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_IOERR_READ", "SQLITE_IOERR_SHORT_READ"})
_FULL: Final = frozenset({"SQLITE_FULL", "SQLITE_IOERR"})
_CLOSED_TO_US: Final = frozenset({"SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH"})
_BUSY: Final = frozenset({"SQLITE_BUSY", "SQLITE_LOCKED"})
_open_here: Counter[tuple[int, int]] = Counter()
"""Files that this process has open through SQLite, by device and inode, with the number of connections.

Closing any other handle of such a file would drop the kernel's locks that protect it: another process could then take
its log away from under us.
"""


class _Counted(Connection):
    """A connection that says when its file is no longer in use here."""

    file: tuple[int, int] = (0, 0)

    def close(self) -> None:
        """Close; a second call does nothing."""
        super().close()
        if self.file != (0, 0):
            _open_here[self.file] -= 1
            self.file = (0, 0)


@contextmanager
def in_words(path: Path) -> Iterator[None]:
    """Turn an error of SQLite or of the disk into a StoreError, StoreFullError or StoreDamagedError naming the file."""
    try:
        yield
    except sqlite3.Error as error:
        raise _translate(path, error) from error
    except OSError as error:
        kind = StoreFullError if error.errno in (28, 122) else StoreError  # ENOSPC, EDQUOT
        raise kind(f"{path}: {error.strerror or error}") from error
    except JSONDecodeError as error:
        raise damaged(path, f"a record is not JSON: {error}") from error
    except UnicodeDecodeError as error:  # also from SQLite's own message about a damaged table
        raise damaged(path, f"a text is not UTF-8: {error}") from error


@contextmanager
def transaction(connection: Connection, path: Path) -> Iterator[Connection]:
    """Commit what is written inside as one transaction, or nothing of it; the connection stays usable either way."""
    with in_words(path):
        connection.execute(sql.BEGIN)
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:  # ^C as well: what is begun is never left open
            with suppress(sqlite3.Error):  # a full disk may have rolled back already
                connection.execute("ROLLBACK")
            raise


def connect(path: Path, *, create: bool, read_only: bool, max_pages: int = 0) -> Connection:
    """Return a connection to the database of this schema.

    Raises NotFoundError when there is none and `create` is False, StoreDamagedError when the file is no sound database,
    StoreError when it is another program's, of a newer version, or closed to us. `max_pages` caps the file (a full disk
    for tests).
    """
    if not os.path.lexists(path):
        if not create:
            raise NotFoundError("no run here yet; start with: branchline execute PLAN")
        _make(path)
    suspicious = _open_here[identity(path)] == 0 and _look(path)
    try:
        return _connect(path, read_only, suspicious, max_pages)
    except StoreFullError:
        # A reader needs room for the log's index; without a log the file alone is the whole truth.
        if not read_only or _has_log(path):
            raise
        return _connect(path, read_only, suspicious, max_pages, "ro&immutable=1")


def _connect(path: Path, read_only: bool, suspicious: bool, max_pages: int, mode: str = "") -> Connection:
    with in_words(path):
        connection = _open(path, mode or _mode(path, read_only))
        try:
            _require_ours(connection, path)
            if suspicious:
                require_sound(connection, path)
            if max_pages:
                connection.execute(f"PRAGMA max_page_count = {max_pages:d}")
            _migrate(connection, path, read_only)
            if read_only:
                connection.execute("PRAGMA query_only = ON")
        except BaseException:  # ^C as well: nobody else could close it
            connection.close()
            raise
    return connection


def unfinished(path: Path) -> int:
    """How many bytes at the end of the log belong to no whole commit: SQLite drops them, for they were never acknowledged.

    0 when the file is open here, for then its owner knows. By the file format of SQLite: a header of 32 bytes, then
    frames of 24 bytes and a page; the frames of one life share its salts, the last one of a commit has its size set.
    """
    if _open_here[identity(path)]:
        return 0
    try:
        handle = os.open(f"{path}-wal", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        header, size = os.pread(handle, 32, 0), os.fstat(handle).st_size
        frame, at, whole = 24 + int.from_bytes(header[8:12]), 32, 32
        while size >= at + frame and (head := os.pread(handle, 24, at))[8:16] == header[16:24]:
            at += frame
            whole = at if any(head[4:8]) else whole
        rest = os.pread(handle, 24, at)
        return (size if len(rest) < 24 or rest[8:16] == header[16:24] else at) - min(whole, size)
    finally:
        os.close(handle)


def identity(path: Path) -> tuple[int, int]:
    """Return device and inode of the file, (0, 0) when it is gone."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_dev, status.st_ino


def _make(path: Path) -> None:
    """Make the database under another name and link it into place, so that it is never seen half made."""
    if os.path.lexists(f"{path}-wal"):
        raise StoreDamagedError(
            f"{path} is missing, but its log {path.name}-wal is there: put the database back beside it, "
            "or move the log to a safe place first"
        )
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    with in_words(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)
        try:
            with closing(sqlite3.connect(temporary, isolation_level=None)) as connection:
                connection.execute(sql.CREATE)
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute(sql.WAL)
                _run_steps(connection, path)
            with suppress(FileExistsError):  # another process was faster: its database is as good as ours
                os.link(temporary, path)
            _sync(path.parent)
        finally:
            for suffix in ("", "-wal", "-shm"):
                temporary.with_name(temporary.name + suffix).unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _look(path: Path) -> bool:
    """Refuse what is no database by its first bytes; return whether it is shorter than its header says."""
    with in_words(path):
        if not stat.S_ISREG(path.stat().st_mode):
            raise StoreDamagedError(f"{path} is not a regular file; the database of Branchline should be there")
        with path.open("rb") as file:
            header = file.read(100)
            size = os.fstat(file.fileno()).st_size
    if len(header) < 100 or not header.startswith(b"SQLite format 3\0"):
        raise damaged(path, "it is empty" if not header else "it is not a SQLite database")
    page = int.from_bytes(header[16:18]) % 65535  # 1 stands for 65536
    return size < int.from_bytes(header[28:32]) * (page if page > 1 else 65536)


def _mode(path: Path, read_only: bool) -> str:
    if not read_only or (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        return "rw"
    # In a read-only place nobody can make the log's index, and nobody can be writing.
    return "ro" if _has_log(path) else "ro&immutable=1"


def _has_log(path: Path) -> bool:
    try:
        return Path(f"{path}-wal").stat().st_size > 0
    except OSError:
        return False


def _open(path: Path, mode: str) -> Connection:
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, factory=_Counted)
    connection.file = identity(path)
    _open_here[connection.file] += 1
    try:
        for pragma in sql.CONNECT:
            connection.execute(pragma)
    except BaseException:  # as above
        connection.close()
        raise
    return connection


def _require_ours(connection: Connection, path: Path) -> None:
    connection.execute("PRAGMA schema_version").fetchone()
    (identity,) = connection.execute("PRAGMA application_id").fetchone()
    if identity != sql.APPLICATION_ID:
        raise StoreError(f"{path} is a database of another program; move it away, or start in another folder")
    version, known = _version(connection), len(sql.MIGRATIONS)
    if version > known:
        raise StoreError(
            f"{path} was written by a newer Branchline (version {version} of the tables, this one knows {known}); "
            "use that newer Branchline here"
        )


def require_sound(connection: Connection, path: Path) -> None:
    """Raise StoreDamagedError, naming the first finding, when a page of the database is not as it must be."""
    (finding,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if finding != "ok":
        raise damaged(path, " ".join(str(finding).split()))


def _migrate(connection: Connection, path: Path, read_only: bool) -> None:
    if _version(connection) < len(sql.MIGRATIONS):
        if read_only and not os.access(path, os.W_OK):
            raise StoreError(f"{path} is of an older version and cannot be written, so it cannot be brought up to date")
        _run_steps(connection, path)


def _run_steps(connection: Connection, path: Path) -> None:
    with transaction(connection, path):
        for step in sql.MIGRATIONS[_version(connection) :]:
            for statement in _statements(step):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(sql.MIGRATIONS)}")


def _statements(script: str) -> Iterator[str]:
    """Split a script; `executescript` would commit our transaction first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _version(connection: Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _translate(path: Path, error: sqlite3.Error) -> StoreError:
    name = getattr(error, "sqlite_errorname", "") or ""
    families = {name, "_".join(name.split("_")[:2])}
    if families & _DAMAGED or "Could not decode" in str(error):
        return damaged(path, str(error))
    if families & _FULL:
        return StoreFullError(
            f"{path}: {error}: nothing of the last change was written; make room on the disk and go on"
        )
    if families & _CLOSED_TO_US:
        return StoreError(f"{path}: {error}; give yourself the right to write the file and its folder {path.parent}")
    if families & _BUSY:
        return StoreError(f"{path}: another process kept the database busy for {BUSY_SECONDS:g} s; try again")
    return StoreError(f"{path}: {error}")


def damaged(path: Path, what: str) -> StoreDamagedError:
    """The error that says so, and what to do."""
    return StoreDamagedError(
        f"{path} is damaged ({what}). It was left as it is. Keep a copy of it and of {path.name}-wal; "
        "then put back an earlier copy, or move it aside and start a new run"
    )
