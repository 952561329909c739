"""Marks that markdown does not know: the box of a heading, and `- **Tasks:**`, which is no item of the list it is over."""

import re

from branchline.planfile import words
from branchline.planfile.blocks import BEFORE_BOX, Block, Doc

_HEADING_BOX = re.compile(rf"({BEFORE_BOX})\[([ xXvV~>/?!+-])\][ \t]+(?=\S)")


def itemize(doc: Doc) -> None:
    """Take the box of a heading, `### 2. [x] Draw it`, from its text as that of an item is, and labels of lists for labels."""
    for block in doc.blocks:
        if block.kind == "heading" and (found := _HEADING_BOX.match(block.text)):
            block.box, block.text = found[2], found[1] + block.text[found.end() :]
        if _heads_tasks(block):
            block.kind, block.candidate = "para", False
            for kid in block.kids:
                kid.parent = None


def _heads_tasks(block: Block) -> bool:
    """`- **Tasks:**` over boxes is the label of a list, and no item of one."""
    label = block.text.strip("*_ ")
    named = label[:-1].strip("*_ ").lower() in words.TRAILERS and label[-1:] in (":", "：")
    return named and block.kind == "item" and not block.box and not block.parent and any(kid.box for kid in block.kids)
