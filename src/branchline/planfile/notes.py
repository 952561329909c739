"""Lines that are a list of work to a reader and nothing in markdown: `fix the login` above `add tests`, with no mark before."""

from itertools import groupby
from pathlib import PurePath

from branchline.planfile.blocks import Block, Doc
from branchline.planfile.sections import acts, says_todo

_LISTS = frozenset({"item", "table", "xml", "tag", "fence", "quote"})
MANY = 3
"""So many behind each other that act are a list."""
MAX_LINE = 40
"""A line of more characters may be prose that goes on in the next one."""
MAX_NAME = 16
"""A title of more characters says more than `TODO`."""


def listed(doc: Doc, path: str) -> None:
    """Make items of the notes of a text without any list: of those behind each other that act.

    In a text that calls itself `TODO` all are work, and so they are in a file of that name where rules set them apart or
    none of them act.
    """
    if any(block.kind in _LISTS for block in doc.blocks) or sum(block.kind == "heading" for block in doc.blocks) > 1:
        return
    doc.blocks = [part for block in doc.blocks for part in _lines(block)]
    said = [block for block in doc.blocks if block.kind != "rule"]
    runs = [list(run) for work, run in groupby(said, _acts) if work]
    work = [note for run in runs if len(run) >= MANY for note in run]
    titled = bool(said) and len(said[0].text) <= MAX_NAME and says_todo(said[0].text)
    apart = len(doc.blocks) - len(said) >= MANY
    if titled or ((apart or not work) and says_todo(PurePath(path).stem)):
        work = [note for note in said[titled:] if note.kind == "para" and not note.text.endswith((":", "："))]
    for note in work:
        note.kind, note.candidate = "item", True


def _lines(block: Block) -> list[Block]:
    """A paragraph as it is, or a note for each of its lines where each acts or is short."""
    texts = [text for _, text in block.lines]
    if block.kind != "para" or len(texts) < 2 or not (all(map(acts, texts)) or max(map(len, texts)) <= MAX_LINE):
        return [block]
    parts = [Block("para", line, text, section=block.section) for line, text in block.lines]
    for part in parts:
        part.lines = [(part.line, part.text)]
    return parts


def _acts(block: Block) -> bool:
    return block.kind == "para" and acts(block.text)
