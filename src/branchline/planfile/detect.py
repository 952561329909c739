"""Which dialect a text is in: counts over the scanned blocks, then the first row of the table that fits (rule 1)."""

import re

from branchline.errors import UsageError
from branchline.planfile.blocks import Doc
from branchline.planfile.dialects import TABLE
from branchline.planfile.dialects.base import Dialect, Signs
from branchline.planfile.formats import FORMATS
from branchline.planfile.sections import head
from branchline.planfile.todos import todos

_AIDEVOPS = re.compile(r"t\d{1,6}(?:\.\d+)*\s")
_SPECKIT = re.compile(r"(?:\*\*)?T\d{3,4}\b")
_DOTTED = re.compile(r"\d{1,3}\.\d{1,3}(?:\.\d{1,3})*[.)]?\s")
_NUMBERED = re.compile(r"\d{1,3}\.\s")
_STEP = re.compile(r"(?:\*\*)?Step \d")


def detect(doc: Doc, wanted: str = "") -> Dialect:
    """Give the dialect that was asked for, or the first that fits; raises UsageError for a name nobody knows."""
    if wanted:
        if wanted not in TABLE:
            known = ", ".join([*TABLE, *FORMATS])
            raise UsageError(f"There is no dialect {wanted!r}. Known dialects: {known}.", dialect=wanted)
        return TABLE[wanted]
    seen = signs(doc)
    return next(dialect for dialect in TABLE.values() if dialect.matches(seen))


def signs(doc: Doc) -> Signs:
    """Count what tells the dialects apart."""
    boxes = [block.text for block in doc.blocks if block.kind == "item" and block.box is not None]
    heads = [head(block.text).role for block in doc.blocks if block.kind == "heading"]
    text = "\n".join(doc.lines[:200]).lower()

    def like(pattern: re.Pattern[str]) -> int:
        return sum(1 for box in boxes if pattern.match(box))

    return Signs(
        text=text,
        boxes=len(boxes),
        xml_tasks=sum(1 for block in doc.blocks if block.kind == "xml" and any("<name>" in t for _, t in block.lines)),
        aidevops=like(_AIDEVOPS),
        speckit=like(_SPECKIT),
        dotted_boxes=like(_DOTTED),
        numbered_boxes=like(_NUMBERED),
        requirements=sum(1 for block in doc.blocks if block.text.startswith("_Requirements:")),
        numbered_groups=heads.count("numbered"),
        task_heads=heads.count("task") + heads.count("step"),
        phase_heads=heads.count("phase") + heads.count("version"),
        step_boxes=like(_STEP),
        todos=len(todos(doc)),
        bullets=sum(1 for block in doc.blocks if block.kind == "item"),
    )
