"""`mask`: personal data and secrets out of a text, and back."""

import os
from collections.abc import Sequence
from typing import Final

from branchline.errors import InputError, UsageError
from branchline.files import read_bytes
from branchline.guard.book import unmask
from branchline.guard.masking import Masked, Rules, mask
from branchline.sandbox.vault import NAME, Vault
from branchline.terminal.text import many, safe, table
from branchline.workflow.answer import Answer
from branchline.workflow.console import Console
from branchline.workflow.project import open_project

MAX_BYTES: Final = 256 << 20
PATHS: Final = ("/", "./", "../", "~/")


def text_of(console: Console, words: Sequence[str], stdin: bytes | None) -> str:
    """The text that a command line means: what came by stdin, a file where one is named, else the words themselves.

    Bytes that are no UTF-8 are kept as lone surrogates. Raises InputError for a file that cannot be read.
    """
    if stdin is not None:
        return stdin.decode("utf-8", "surrogateescape")
    if len(words) == 1:
        path = console.directory / words[0]
        if os.path.isfile(path):  # noqa: PTH113 - a long text is no file to it; Path would raise
            return read_bytes(path, MAX_BYTES).decode("utf-8", "surrogateescape")
        there = os.path.lexists(path)
        if there or (words[0].startswith(PATHS) and not any(map(str.isspace, words[0]))):
            what = "this is no regular file" if there and words[0] else "there is no such file"
            raise InputError(f"{words[0]}: {what}; to mask these words themselves, give them by stdin")
    return " ".join(words)


def mask_text(console: Console, text: str, *, dry: bool) -> Answer:
    """Mask a text; in a repository its placeholders last, so that `--unmask` leads back. `dry` keeps nothing."""
    project = open_project(console)
    kept = not dry and (project.root / ".git").exists()
    own = project.settings.mask
    rules = Rules(own.terms, own.regions)  # asked for, it masks also where `enabled` is false
    masked = mask(text, rules)
    if kept and masked.findings:  # where there is nothing to keep, nothing is made
        masked = Vault(project.state / NAME, rules).mask(text)
    data = {"text": masked.text, "findings": [each._asdict() for each in masked.findings], "reversible": kept}
    return Answer(data, "\n".join(_told(masked)))


def unmask_text(console: Console, text: str) -> Answer:
    """Put back what the repository's placeholders stand for; raises UsageError where there are none."""
    project = open_project(console)
    path = project.root / ".branchline" / NAME
    if not path.exists():
        raise UsageError(f"{path}: nothing was masked here, so there is nothing to put back")
    real = unmask(text, Vault(path, None).values())
    return Answer({"text": real})


def _told(masked: Masked) -> list[str]:
    """One line a finding: where, what kind, its placeholder, how it begins and how long it is."""
    if not masked.findings:
        return ["nothing to mask"]
    rows = [("line", "kind", "placeholder", "begins", "length")]
    for each in masked.findings:
        begins = safe(masked.values[each.placeholder][:2]) + "…"
        rows.append((f"{each.line}:{each.column}", each.kind, each.placeholder, begins, str(each.length)))
    return [*table(rows), f"{many(len(masked.findings), 'place')} masked"]
