"""Marks that markdown does not know: the box of a heading, and `- **Tasks:**`, which is no item of the list it is over."""

import re

from branchline.planfile import words
from branchline.planfile.blocks import BEFORE_BOX, Block, Doc
from branchline.planfile.labels import KINDS
from branchline.planfile.sections import classify, head

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
    """`- **Tasks:**` over boxes is the label of a list, and no item of one; in a phase so is `- **Key actions**:` over items."""
    label = block.text.strip("*_ ")
    if block.kind != "item" or block.box or block.parent or label[-1:] not in (":", "："):
        return False
    name = label[:-1].strip("*_ ").lower()
    phase = block.section is not None and head(block.section.text).role == "phase"
    if phase and block.kids and name not in KINDS and (classify(name)[0] == "TASK" or name in words.PLANS):
        return True
    return name in words.TRAILERS and any(kid.box for kid in block.kids)
