"""GSD's `<task>` (`<feature>` where a test comes first): name, files, action, verify, automated, done; it is no XML."""

import re
from typing import Final

from branchline.planfile.drafts import Draft
from branchline.planfile.sections import head

TASK: Final = "xml task"
CHECKPOINT: Final = "xml checkpoint"
"""The rules by which an element is a task; a checkpoint is one for a person (GSD, checkpoints)."""
_CHECKPOINT: Final = re.compile(r"""\btype\s*=\s*["']checkpoint\b""")
_SAYS: Final = re.compile(r"\w")
_TOLD_BY: Final = ("what-built", "decision", "action", "instructions")
"""What says, in its stead, what a checkpoint without a name is about."""


def rule(lines: list[tuple[int, str]]) -> str:
    """Say by which rule an element is a task, or nothing: by its `<name>`, or as a checkpoint, which needs none."""
    told = any(_SAYS.search(text) for tag in ("name", *_TOLD_BY) for _, text in child(lines, tag))
    if told and _CHECKPOINT.search(" ".join(text for _, text in lines[:3]).partition(">")[0]):
        return CHECKPOINT
    return TASK if any("<name>" in text for _, text in lines) else ""


def child(lines: list[tuple[int, str]], tag: str) -> list[tuple[int, str]]:
    """List the lines between `<tag>` and `</tag>`, each with its number; empty when the element is missing."""
    out: list[tuple[int, str]] = []
    inside = False
    for number, text in lines:
        rest = text
        if not inside:
            place = _open(rest, tag)
            if place < 0:
                continue
            rest, inside = rest[place:], True
        end = rest.find(f"</{tag}>")
        part = rest if end < 0 else rest[:end]
        if part.strip():
            out.append((number, part.strip()))
        if end >= 0:
            inside = False
            if tag != "automated":
                break
    return out


def _open(text: str, tag: str) -> int:
    start = text.find(f"<{tag}")
    if start < 0:
        return -1
    after = start + len(tag) + 1
    if after < len(text) and text[after] not in "> \t":
        return -1
    end = text.find(">", after)
    return end + 1 if end >= 0 else -1


def text_of(draft: Draft, tag: str) -> str:
    """Give the text of a child element on one line."""
    return " ".join(text for _, text in child(draft.block.lines, tag))


def name(draft: Draft) -> None:
    """Give an XML draft its title and number from `<name>`, a checkpoint without one from what it is about."""
    title = text_of(draft, "name")
    if not title and draft.rule == CHECKPOINT:
        title = next(filter(None, (text_of(draft, tag) for tag in _TOLD_BY)), "")
    said = head(title)
    draft.key, draft.number = said.key, said.number
    if said.id:
        draft.hard, draft.number = said.id, ""
    draft.title = said.title or title or "(untitled)"
