"""Placeholders of a masked prompt, back to the real values in the files of a worktree, and out of the logs of its checks."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from branchline.files import read_bytes, write_durable
from branchline.guard.book import read_book, unmask
from branchline.workspace.spec import Spec

MAX_BYTES: Final = 8 << 20
"""Larger files are left as they are."""


def values_of(spec: Spec) -> dict[str, str]:
    """Placeholder -> value, of those that the task's own prompts had in the place of something real."""
    if not spec.masked:
        return {}
    book = read_book(read_bytes(Path(spec.vault)).decode("utf-8", "replace"))
    return {name: book[name] for name in spec.masked if name in book}


def restore(folder: Path, names: Iterable[str], values: Mapping[str, str]) -> list[str]:
    """Put real values back in files below a folder; returns the names of those that were changed.

    No link is followed, and a file is replaced, not written into: another name of it may lie outside.
    """
    return [name for name in names if values and _restored(folder, name, values)]


def conceal(log: Path, values: Mapping[str, str]) -> None:
    """Put the placeholders in a log where a check has printed the values that were just put back."""
    if not values or not log.is_file():
        return
    text = log.read_bytes()
    shown = text
    for placeholder, value in sorted(values.items(), key=lambda item: -len(item[1])):
        shown = shown.replace(value.encode("utf-8", "surrogateescape"), placeholder.encode())
    if shown != text:
        write_durable(log, shown)


def _restored(folder: Path, name: str, values: Mapping[str, str]) -> bool:
    path = folder / name
    # `realpath` says nothing of links that lead in a circle, and they are no files; `resolve` would raise.
    inside = os.path.realpath(path) == f"{os.path.realpath(folder)}/{os.path.normpath(name)}"
    if not inside or not path.is_file() or path.stat().st_size > MAX_BYTES:
        return False
    before = path.read_bytes()
    # Bytes that are no UTF-8 go through as they are; a placeholder is plain ASCII.
    after = unmask(before.decode("utf-8", "surrogateescape"), values).encode("utf-8", "surrogateescape")
    if after != before:
        write_durable(path, after)
    return after != before
