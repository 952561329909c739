"""Marks that markdown does not know: the box of a heading, and `- **Tasks:**`, which is no item of the list it is over."""

import re

from branchline.planfile import words
from branchline.planfile.blocks import BEFORE_BOX, Block, Doc
from branchline.planfile.labels import KINDS
from branchline.planfile.sections import classify, head

_HEADING_BOX = re.compile(rf"({BEFORE_BOX})\[([ xXvV~>/?!+-])\][ \t]+(?=\S)")

_WORDED_BOX = re.compile(
    r"\[(?:(to[- ]?do|open|pending)|(done|completed?)|wip|in[- ]progress)\][ \t]+(?=\S)", re.IGNORECASE
)
"""`[TODO]`, `[DONE]`, `[WIP]`."""
MANY = 3
"""So many items with a state are no chance."""


def itemize(doc: Doc) -> None:
    """Take the box of a heading, `### 2. [x] Draw it`, from its text as that of an item is, and labels of lists for labels."""
    _worded(doc)
    for block in doc.blocks:
        if block.kind == "heading" and (found := _HEADING_BOX.match(block.text)):
            block.box, block.text = found[2], found[1] + block.text[found.end() :]
        if _heads_tasks(block):
            block.kind, block.candidate = "para", False
            for kid in block.kids:
                kid.parent = None


def _worded(doc: Doc) -> None:
    """`- [TODO] Draw it` has a box where every item of a text that holds no other says its state; elsewhere it is a remark.

    One box makes all that has none something else than work.
    """
    leaves = [
        block for block in doc.blocks if block.kind == "item" and not any(kid.kind == "item" for kid in block.kids)
    ]
    found = [(block, _WORDED_BOX.match(block.text)) for block in leaves]
    told = all(box or block.text.startswith(words.DONE_MARKS) for block, box in found)
    nested = all(block.parent is not None for block in leaves)  # a list alone is read without boxes (rule 7)
    for block, box in found if told and nested and len(found) >= MANY else ():
        if box is not None:
            block.box, block.text = " " if box[1] else "x" if box[2] else "~", block.text[box.end() :]
            block.lines[0] = (block.line, block.text)


def _heads_tasks(block: Block) -> bool:
    """`- **Tasks:**` over boxes is the label of a list, and no item of one; in a phase so is `- **Key actions**:` over items."""
    label = block.text.strip("*_ ")
    if block.kind != "item" or block.box or block.parent or label[-1:] not in (":", "："):
        return False
    name = label[:-1].strip("*_ ").lower()
    phase = block.section is not None and head(block.section.text).role == "phase"
    if phase and block.kids and name not in KINDS and (classify(name)[0] == "TASK" or name in words.PLANS):
        return True
    return name in words.TRAILERS and any(kid.box for kid in block.kids)
