"""Phases that say what comes out of them, and nothing of what is done in them: that is their work."""

from branchline.planfile.blocks import Block
from branchline.planfile.drafts import from_item
from branchline.planfile.labels import WORK_KINDS, kind
from branchline.planfile.outline import Outline
from branchline.planfile.plain import plain_task


def take(out: Outline) -> None:
    """Phases each of which says what it delivers, and no more of what is done in it, are made of that: `Deliverables:`."""
    phases = [draft for draft in out.drafts.values() if draft.role == "phase"]
    lists = [_delivered(out, each.block) for each in phases]
    if len(phases) != len(out.drafts) or len(lists) < 2 or sum(map(bool, lists)) * 2 <= len(lists):
        return
    beside = [_first_list(out, each.block) for each in phases]
    if (
        any(label in ("", *WORK_KINDS) for each in beside for label in each)
        or sum(len(each) > 1 for each in beside) > 1
    ):
        return
    for phase, items in zip(phases, lists, strict=True):
        for block in items:
            block.fate = block.label = ""
            out.drafts[block.line] = from_item(block, out.dialect, "deliverable of a phase", 0.7).hang(phase)


def _first_list(out: Outline, phase: Block) -> list[str]:
    """The labels of the items of a phase that stand before what it delivers, and those of its work wherever it stands."""
    labels = [item.label for item in out.direct.get(phase.line, ())]
    first = labels.index("output") if "output" in labels else 0
    return labels[:first] + [label for label in labels[first:] if label in ("", *WORK_KINDS)]


def _delivered(out: Outline, phase: Block) -> list[Block]:
    """The items of a phase below the label or the heading `Deliverables`."""
    own = [item for item in out.direct.get(phase.line, ()) if item.label == "output"]
    below = [each for each in out.subheadings(phase) if kind(f"{each.text}:") == "output"]
    return own + [item for each in below for item in out.direct.get(each.line, ()) if plain_task(item)]
