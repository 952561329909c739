"""The placeholders of one repository and what they stand for, kept for the user in a file that nobody else may read."""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from branchline.errors import InputError
from branchline.files import read_bytes, write_durable
from branchline.guard.masking import Masked, Rules, find, replace, unmask

NAME: Final = "masks.jsonl"
"""The vault of a state folder: one JSON list [placeholder, value] a line, only ever added to."""
MAX_RESTORED: Final = 8 << 20
"""Larger files of a worktree are left as they are."""


class Vault:
    """Masks texts with placeholders that last; safe with several processes at once.

    `rules` None masks nothing, which is what `[mask] enabled = false` asks for.
    """

    def __init__(self, path: Path, rules: Rules | None) -> None:
        self._path = path
        self._rules = rules

    def mask(self, text: str) -> Masked:
        """Mask a text; what is new is on disk before it is used. Raises InputError when the vault cannot be kept."""
        spans = find(text, self._rules) if self._rules else []
        if not spans:
            return Masked(text, (), {})
        try:
            with self._locked() as handle:
                book = self.values()
                known = len(book)
                masked = replace(text, spans, book)
                rows = [json.dumps(row, ensure_ascii=True) + "\n" for row in list(book.items())[known:]]
                if rows:
                    os.write(handle, "".join(rows).encode())
                    os.fsync(handle)
        except OSError as error:
            raise InputError(f"{self._path}: what was masked cannot be kept: {error.strerror or error}") from None
        return masked

    def deep(self, value: Any) -> Any:
        """Mask every text inside of a JSON-like value."""
        if isinstance(value, str):
            return self.mask(value).text
        if isinstance(value, dict):
            return {name: self.deep(each) for name, each in value.items()}
        return [self.deep(each) for each in value] if isinstance(value, list | tuple) else value

    def values(self) -> dict[str, str]:
        """Placeholder -> value, of all that were ever given; half a line, of a power cut, is passed over."""
        if not self._path.exists():
            return {}
        lines = read_bytes(self._path).decode().split("\n")[:-1]
        return {row[0]: row[1] for row in map(_row, lines) if row}

    def restore(self, worktree: Path, files: Iterable[str], only: Iterable[str]) -> list[str]:
        """Put the real values of `only` some placeholders back in files of a worktree; the names of those it changed.

        Nothing is followed out of the worktree and no file that another name shares is written in place.
        """
        values = self.values()
        wanted = {name: values[name] for name in only if name in values}
        return [file for file in files if wanted and _restore(worktree, file, wanted)]

    @contextmanager
    def _locked(self) -> Iterator[int]:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        handle = os.open(self._path, flags, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            size = os.fstat(handle).st_size
            if size and not self._path.read_bytes().endswith(b"\n"):
                os.write(handle, b"\n")
            yield handle
        finally:
            os.close(handle)


def _row(line: str) -> list[str] | None:
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, list) and len(row) == 2 and all(isinstance(each, str) for each in row) else None


def _restore(worktree: Path, name: str, values: dict[str, str]) -> bool:
    path = worktree / name
    inside = path.resolve() == worktree.resolve() / os.path.normpath(name)
    if not inside or not path.is_file() or path.stat().st_size > MAX_RESTORED:
        return False
    before = path.read_bytes()
    # Bytes that are no UTF-8 go through as they are; a placeholder is plain ASCII.
    after = unmask(before.decode("utf-8", "surrogateescape"), values).encode("utf-8", "surrogateescape")
    if after == before:
        return False
    write_durable(path, after)
    return True
