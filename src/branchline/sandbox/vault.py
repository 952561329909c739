"""The placeholders of one repository and what they stand for, kept for the user in a file that nobody else may read."""

import errno
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Self

from branchline.config import MaskSettings
from branchline.errors import InputError, StoreFullError
from branchline.files import read_bytes
from branchline.guard.book import read_book
from branchline.guard.masking import Masked, Rules, find, mask, replace

NAME: Final = "masks.jsonl"
"""The vault of a state folder: one JSON list [placeholder, value] a line, only ever added to."""
KEPT: Final = 64
"""How many judged texts are kept: titles and answers come again at the start and the end of each task."""


class Vault:
    """Masks texts with placeholders that last; safe with several processes at once.

    `rules` None masks nothing, which is what `[mask] enabled = false` asks for.
    """

    def __init__(self, path: Path, rules: Rules | None) -> None:
        self.path = path
        self._rules = rules
        self._read: tuple[int, dict[str, str]] = (0, {})
        self._found = lru_cache(KEPT)(lambda text, _count: find(text, rules or Rules(), self._read[1]))

    @classmethod
    def of(cls, state: Path, own: MaskSettings) -> Self:
        """The vault of a state folder, with the rules that the settings add to."""
        return cls(state / NAME, Rules(own.terms, own.regions) if own.enabled else None)

    def mask(self, text: str) -> Masked:
        """Mask a text; what is new is on disk before it is used. Raises InputError when the vault cannot be kept."""
        spans = self._found(text, len(self._known())) if self._rules and text else []
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
            kind = StoreFullError if error.errno in (errno.ENOSPC, errno.EDQUOT) else InputError
            raise kind(f"{self.path}: what was masked cannot be kept: {error.strerror or error}") from None
        return masked

    def preview(self, text: str) -> str:
        """A text as it would be masked, keeping nothing: what is new is numbered as it comes."""
        return mask(text, self._rules, self.values()).text if self._rules else text

    def deep(self, value: Any) -> Any:
        """Mask every text inside of a JSON-like value."""
        if isinstance(value, str):
            return self.mask(value).text
        if isinstance(value, dict):
            return {name: self.deep(each) for name, each in value.items()}
        return [self.deep(each) for each in value] if isinstance(value, list | tuple) else value

    def values(self) -> dict[str, str]:
        """Placeholder -> value, of all that were ever given."""
        return dict(self._known())

    def _known(self) -> dict[str, str]:
        """The same, read again only when the file has grown: it is only ever added to."""
        try:
            size = os.stat(self.path).st_size  # noqa: PTH116 - asked for each text of each task
        except FileNotFoundError:
            size = 0
        if size != self._read[0]:
            self._read = (size, read_book(read_bytes(self.path).decode("utf-8", "replace")))
        return self._read[1]

    @contextmanager
    def _locked(self) -> Iterator[int]:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        handle = os.open(self.path, flags, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            size = os.fstat(handle).st_size
            if size and not self.path.read_bytes().endswith(b"\n"):
                os.write(handle, b"\n")
            yield handle
        finally:
            os.close(handle)
