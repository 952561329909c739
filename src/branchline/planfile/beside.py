"""What stands beside the work and only checks it: checklists, and boxes that say what holds when it is done (rule 6)."""

import re

from branchline.planfile import words
from branchline.planfile.blocks import Block
from branchline.planfile.drafts import Draft
from branchline.planfile.outline import Outline
from branchline.planfile.plain import MANY
from branchline.planfile.sections import acts, any_verb, is_checklist

_HOLDS = re.compile(rf"(?:{any_verb(words.ALL_OR_NONE)})\b|.{{2,80}}?(?:{any_verb(words.HOLDS)})", re.IGNORECASE)
"""`No errors in the log`, `The grid renders`: a statement, whose verb is not the first word."""


def drop(out: Outline) -> None:
    """Where headings name the work, the boxes of a checklist beside them, or of a list that states, say how it is done well."""
    if sum(draft.role in ("head", "phase") for draft in out.drafts.values()) < 2:
        return
    lists: dict[tuple[Block | None, Block | None, str], list[Draft]] = {}
    for draft in out.drafts.values():
        if draft.role == "item" and draft.block.box and not draft.kids and not draft.hard:
            lists.setdefault((draft.block.parent, draft.block.section, draft.block.label), []).append(draft)
    for (_, section, _), boxes in lists.items():
        listed = section is not None and is_checklist(section.text) and boxes[0].parent is None
        if listed or _states([draft.block.text for draft in boxes]):
            for draft in boxes:
                out.drop(draft, "criterion", "checks what the headings beside it name")


def _states(texts: list[str]) -> bool:
    """Say whether most texts of a list state what holds, and none tells what to do."""
    if len(texts) < MANY or any(map(acts, texts)):
        return False
    return sum(_HOLDS.match(text) is not None for text in texts) * 2 > len(texts)
