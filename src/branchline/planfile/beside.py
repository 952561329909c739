"""What stands beside the work and only checks it: the boxes of checklists (rule 6)."""

from branchline.planfile.outline import Outline
from branchline.planfile.sections import is_checklist


def drop(out: Outline) -> None:
    """Where headings name the work, the boxes of a checklist beside them say how it is done well."""
    if sum(draft.role in ("head", "phase") for draft in out.drafts.values()) < 2:
        return
    for draft in list(out.drafts.values()):
        boxed = draft.role == "item" and draft.block.box and not (draft.kids or draft.hard or draft.parent)
        if boxed and draft.block.section is not None and is_checklist(draft.block.section.text):
            out.drop(draft, "criterion", "checks what the headings beside it name")
