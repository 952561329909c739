"""Lines that are a list of work to a reader and nothing in markdown: `fix the login` above `add tests`, with no mark before."""

from itertools import groupby

from branchline.planfile.blocks import Block, Doc
from branchline.planfile.sections import acts, names_list, says_todo

_LISTS = frozenset({"item", "table", "xml", "tag", "fence", "quote"})
MANY = 3
"""So many behind each other that act are a list."""
MAX_LINE = 40
"""A line of more characters may be prose that goes on in the next one."""


def listed(doc: Doc) -> None:
    """Make items of the notes of a text without any list: of those behind each other that act.

    In a text that calls itself `TODO` all are work, and so they are in a file of that name where rules set them apart or
    none of them act.
    """
    if any(block.kind in _LISTS for block in doc.blocks) or sum(block.kind == "heading" for block in doc.blocks) > 1:
        return
    parted = [(block, _parts(block)) for block in doc.blocks]
    said = [(block, parts) for block, parts in parted if block.kind != "rule"]
    runs = [[part for _, parts in run for part in parts] for work, run in groupby(said, _act) if work]
    work = [note for run in runs if len(run) >= MANY for note in run]
    titled = bool(said) and names_list(said[0][0].text)
    apart = len(parted) - len(said) >= MANY
    if titled or ((apart or not work) and says_todo(doc.name)):
        notes = [part for block, parts in said[titled:] if block.kind == "para" for part in parts]
        work = [note for note in notes if not note.text.endswith((":", "："))]
    doc.blocks = [part for _, parts in parted for part in parts]
    for note in work:
        note.kind, note.role, note.candidate = "item", "line", True


def _parts(block: Block) -> list[Block]:
    """A paragraph as it is, or a note for each of its lines where each acts, is short or is a sentence."""
    texts = [text for _, text in block.lines]
    if block.kind != "para" or len(texts) < 2 or not (max(map(len, texts)) <= MAX_LINE or all(map(_whole, texts))):
        return [block]
    parts = [Block("para", line, text, section=block.section) for line, text in block.lines]
    for part in parts:
        part.lines = [(part.line, part.text)]
    return parts


def _whole(line: str) -> bool:
    return acts(line) or (line[:1].isupper() and line.endswith((".", "。")))


def _act(said: tuple[Block, list[Block]]) -> bool:
    """Say whether most of what a paragraph notes is to be done."""
    block, parts = said
    return block.kind == "para" and sum(acts(part.text) for part in parts) * 2 > len(parts)
