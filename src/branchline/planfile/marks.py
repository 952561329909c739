"""Lines that are list items to a reader and none in markdown: `a) Draw it`, `-> Draw it`, `BUG-1: It shakes`, `1.1 Draw it`."""

import re
from itertools import pairwise

from branchline.planfile import words
from branchline.planfile.blocks import BEFORE_BOX, Block, Doc

_MARKS = {
    "letter": re.compile(r"[(（]?([a-z])[)）]\s+(?=\S)"),
    "arrow": re.compile(r"(?:[-=]>|[→➜➤–—·●▪◦‣○■])\s+(?=\S)"),
    "mark": re.compile("(?=" + "|".join((*words.DONE_MARKS, *words.WIP_MARKS, *words.OPEN_MARKS)) + ")"),
    "code": re.compile(r"(?=([A-Z]{2,8})-?\d{1,5}\s?[:：]\s)"),
    "state": re.compile(r"(\*{2,6} )?(TODO|FIXME|NEXT|WAITING|DOING|DONE|CANCELLED)(?::\s|\s)\s*(?=\S)"),
    "number": re.compile(r"(?=(\d{1,3}(?:\.\d{1,3}){0,3})[.)]?\s+\S)(?:\d{1,3}[.)]?\s+)?"),
}
"""The families of marks; what they match goes from the text, codes and dotted numbers stay as the ids they are."""
_BOXES = {"DONE": "x", "DOING": "~", "CANCELLED": "-"}
_HEADING_BOX = re.compile(rf"({BEFORE_BOX})\[([ xXvV~>/?!+-])\][ \t]+(?=\S)")
_INSIDE = ("letter", "number", "state")
"""What lists may stand in an item whose lines markdown takes for one paragraph."""
Line = tuple[int, str]


def itemize(doc: Doc) -> None:
    """Make items of two or more lines behind each other that begin with marks of one family that count on.

    The box of a heading, `### 2. [x] Draw it`, goes from its text as that of an item does.
    """
    blocks: list[Block] = []
    for block in doc.blocks:
        blocks.append(block)
        if block.kind == "heading" and (found := _HEADING_BOX.match(block.text)):
            block.box, block.text = found[2], found[1] + block.text[found.end() :]
        if _heads_tasks(block):
            block.kind, block.candidate = "para", False
            for kid in block.kids:
                kid.parent = None
        if block.kind not in ("para", "item") or block.box is not None:
            continue
        if block.kind == "item":
            _state(block)
        first = 0 if block.kind == "para" else 1
        family, start = _run(block, first) if len(block.lines) - first > 1 else ("", 0)
        if not family:
            continue
        told, block.lines = block.lines[start:], block.lines[:start]
        if not block.lines:
            blocks.pop()
            if block.parent is not None:
                block.parent.kids.remove(block)
        blocks += _items(block, family, told)
    doc.blocks = blocks


def _heads_tasks(block: Block) -> bool:
    """`- **Tasks:**` over boxes is the label of a list, and no item of one."""
    label = block.text.strip("*_ ")
    named = label[:-1].strip("*_ ").lower() in words.TRAILERS and label[-1:] in (":", "：")
    return named and block.kind == "item" and not block.box and not block.parent and any(kid.box for kid in block.kids)


def _run(block: Block, first: int) -> tuple[str, int]:
    """Give the family of the marks that lines of a block begin with, and the place of the first."""
    for family in _MARKS if first == 0 else _INSIDE:
        places = [n for n, (_, text) in enumerate(block.lines) if n >= first and _MARKS[family].match(text)]
        said = [_said(family, block.lines[n][1]) for n in places]
        if len(places) > 1 and _counts_on(family, said, block.number if first else None):
            return family, places[0]
    return "", 0


def _said(family: str, text: str) -> str:
    found = _MARKS[family].match(text)
    return (found[1] or "") if found is not None and found.re.groups else ""


def _counts_on(family: str, said: list[str], holder: str | None) -> bool:
    if family == "letter":
        return said[0] == "a" and all(ord(two) - ord(one) == 1 for one, two in pairwise(said))
    if family == "code":
        return len(set(said)) == 1
    if family == "number":
        places = [tuple(map(int, each.split("."))) for each in said]
        within = holder is None or all(each.startswith(f"{holder}.") for each in said)
        return within and any("." in each for each in said) and all(one < two for one, two in pairwise(places))
    return True


def _items(block: Block, family: str, lines: list[Line]) -> list[Block]:
    """The items that the lines are; a line without a mark goes on with the item before it."""
    inside = block.kind == "item" and family != "number"  # `1.1` below `1.` finds its place by its number
    found: list[Block] = []
    for line, text in lines:
        mark = _MARKS[family].match(text)
        if mark is None:
            found[-1].lines.append((line, text))
            found[-1].end = line
            continue
        item = Block("item", line, text[mark.end() :], block if inside else block.parent, block.section)
        item.indent, item.candidate = block.indent, True
        if family == "number":
            item.number = mark[1].rpartition(".")[2]
        if family == "state":
            item.box = _BOXES.get(mark[2], " ")
        item.lines = [(line, item.text)]
        if item.parent is not None:
            item.parent.kids.append(item)
        found.append(item)
    if block.kind == "item" and not inside:
        block.end = block.lines[-1][0]
    return found


def _state(item: Block) -> None:
    """`* TODO Draw it` is an item of an outline that tells its state."""
    mark = _MARKS["state"].match(item.text)
    if mark is not None and not mark[1]:
        item.box, item.text = _BOXES.get(mark[2], " "), item.text[mark.end() :]
        item.lines[0] = item.line, item.text
