"""Which dialect a text is in: counts over the scanned blocks, then the first row of the table that fits (rule 1)."""

import re

from branchline.errors import UsageError
from branchline.planfile.blocks import Doc
from branchline.planfile.dialects import TABLE
from branchline.planfile.dialects.base import Dialect, Signs
from branchline.planfile.sections import head

_AIDEVOPS = re.compile(r"t\d{1,6}(?:\.\d+)*\s")
_SPECKIT = re.compile(r"T\d{3,4}\b")
_DOTTED = re.compile(r"\d{1,3}\.\d{1,3}(?:\.\d{1,3})*[.)]?\s")
_NUMBERED = re.compile(r"\d{1,3}\.\s")
_STEP = re.compile(r"(?:\*\*)?Step \d")


def detect(doc: Doc, path: str, wanted: str = "") -> Dialect:
    """Give the dialect that was asked for, or the first that fits; raises UsageError for a name nobody knows."""
    if wanted:
        if wanted not in TABLE:
            raise UsageError(f"There is no dialect {wanted!r}. Known dialects: {', '.join(TABLE)}.", dialect=wanted)
        return TABLE[wanted]
    seen = signs(doc, path)
    return next(dialect for dialect in TABLE.values() if dialect.matches(seen))


def signs(doc: Doc, path: str) -> Signs:
    """Count what tells the dialects apart."""
    boxes = [block.text for block in doc.blocks if block.kind == "item" and block.box is not None]
    heads = [head(block.text).role for block in doc.blocks if block.kind == "heading"]
    text = "\n".join(doc.lines[:200]).lower()
    short_ids = sum(1 for text_ in boxes if _AIDEVOPS.match(text_))
    return Signs(
        path=path.lower().replace("\\", "/").rsplit("/", 1)[-1],
        text=text,
        boxes=len(boxes),
        xml_tasks=sum(1 for block in doc.blocks if block.kind == "xml" and any("<name>" in t for _, t in block.lines)),
        aidevops=short_ids,
        speckit=sum(1 for text_ in boxes if _SPECKIT.match(text_)),
        dotted_boxes=sum(1 for text_ in boxes if _DOTTED.match(text_)),
        numbered_boxes=sum(1 for text_ in boxes if _NUMBERED.match(text_)),
        requirements=sum(1 for block in doc.blocks if block.text.startswith("_Requirements:")),
        numbered_groups=sum(1 for role in heads if role == "numbered"),
        task_heads=sum(1 for role in heads if role in ("task", "step")),
        phase_heads=sum(1 for role in heads if role in ("phase", "version")),
        step_boxes=sum(1 for text_ in boxes if _STEP.match(text_)),
        bullets=sum(1 for block in doc.blocks if block.kind == "item"),
    )
