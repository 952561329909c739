"""The goal of a plan in one paragraph: its Goal line or section, else its first paragraph, else its H1."""

from branchline.planfile.blocks import Block, Doc
from branchline.planfile.body import Reading
from branchline.planfile.drafts import FIELD_LINE, plain
from branchline.planfile.fields import field
from branchline.planfile.labels import KINDS
from branchline.planfile.sections import bare

MAX_GOAL = 1000
MAX_FIELDS = 120
"""A first paragraph of `Author: me · Status: draft` says nothing of what is wanted; a longer one does."""


def _is_goal(section: Block | None) -> bool:
    return section is not None and len(section.text) < 80 and KINDS.get(bare(section.text).lower()) == "goal"


def find(doc: Doc, plan: Reading, before: int) -> str:
    """Give the goal, on one line; `before` is the line of the first task, whose own text says nothing of the plan."""
    said = plan.said.get("goal", "")
    first = heading = ""
    for block in doc.blocks:
        if block.kind == "heading":
            heading = heading or (bare(block.text) if block.level == 1 else "")
        elif block.kind == "para":
            text = " ".join(part for _, part in block.lines)
            if _is_goal(block.section) and (block.line < before or block.section is None or block.section.level < 3):
                said = said or text
            if (
                not first
                and block.line < before
                and not block.text.startswith("**")
                and not field(block.line, block.text)
                and not (FIELD_LINE.match(block.text) and len(text) <= MAX_FIELDS)
            ):
                first = text
        if said or (first and len(doc.blocks) > 2000):
            break
    return plain(said or first or heading)[:MAX_GOAL]
