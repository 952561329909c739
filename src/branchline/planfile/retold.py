"""Phases and steps that only tell again what other lines say: the same phases by another word, in code, by the week (rule 5)."""

import re
from collections import Counter

from branchline.planfile.blocks import Block
from branchline.planfile.drafts import Draft, normal
from branchline.planfile.outline import Outline
from branchline.planfile.plain import LIST_CLASSES, MANY, named_so, plain_task
from branchline.planfile.promote import ORDER
from branchline.planfile.sections import classify, head
from branchline.planfile.words import STEP_HEADS

_DIGITS = re.compile(r"\d+")
_AGAIN = "tells again what is said elsewhere"


def families(out: Outline) -> None:
    """`Milestone 1` beside `Phase 1`: of two families of phases the one that holds no task only tells the other again."""
    roots = [draft for draft in out.drafts.values() if draft.role == "phase" and draft.parent is None]
    roots = [draft for draft in roots if draft.key not in ("", "version")]
    holding = {draft.key for draft in roots if draft.kids}
    boxed = any(draft.block.box is not None for draft in out.drafts.values())
    first = {(draft.key, draft.number): draft for draft in out.drafts.values() if draft.role == "item" and draft.kids}
    for draft in roots:
        same = first.setdefault((draft.key, draft.number), draft)
        again = same is not draft and same.kids and not draft.kids
        if again and (_begins(same.title, draft.title) or only_code(out, draft.block)):
            out.drop(draft, "duplicate", f"says again what line {same.line} says")
            draft.block.same, draft.block.cls = same.line, "NONTASK"
        elif same is not draft and _section(draft) == "CRITERIA":
            out.drop(draft, "criterion", f"says when what line {same.line} says is done")
            draft.block.cls = "CRITERIA"
        elif (holding and draft.key not in holding and not _planned(out, draft)) or (
            boxed and not draft.kids and _section(draft) == "ORDER"
        ):
            out.drop(draft, "ignored", _AGAIN)
            draft.block.cls = "NONTASK"


def empty_families(out: Outline) -> None:
    """Many `Milestone 1` beside `Epic 1`, none of which holds anything once the epics hold their tasks, tell those again."""
    roots = [draft for draft in out.drafts.values() if draft.role == "phase" and draft.parent is None]
    holding = {draft.key for draft in roots if draft.kids}
    count = Counter(draft.key for draft in roots)
    for draft in roots if holding else ():
        if draft.key not in holding | {"", "version"} and count[draft.key] >= MANY:
            out.drop(draft, "ignored", _AGAIN)


def _begins(one: str, other: str) -> bool:
    """Say whether of two titles one begins with all of the other, whether they say `Phase 1:` or not."""
    first, second = (normal(head(title).title or title) for title in (one, other))
    return first.startswith(second) or second.startswith(first)


def _planned(out: Outline, phase: Draft) -> bool:
    """Say whether a phase lists what is done in it below a heading that calls what stands there work: `Development phases`."""
    section = phase.block.section
    return section is not None and named_so(section) and bool(out.direct.get(phase.line))


def _section(phase: Draft) -> str:
    return phase.block.section.cls if phase.block.section is not None else ""


def sketches(out: Outline) -> None:
    """Phases or steps that hold nothing but code sketch what a numbered list of tasks says, or numbered headings."""
    drafts = list(out.drafts.values())
    if not drafts or any(draft.kids or not _is_stage(draft) or not only_code(out, draft.block) for draft in drafts):
        return
    lists = [heading.line for heading in out.headings if classify(heading.text)[0] == "TASK" and _counts(out, heading)]
    heads = _counted(out)
    if not lists and len(heads) < MANY:
        return
    for draft in drafts:
        out.drop(draft, "ignored", f"sketches what line {(lists + heads)[0]} and those like it say")
        draft.block.cls = "NONTASK"


def _is_stage(draft: Draft) -> bool:
    return draft.role == "phase" or draft.key in STEP_HEADS


def timelines(out: Outline) -> None:
    """Phases of a timeline, or of a section on the order, put in time what is work elsewhere in the text."""
    timed = [draft for draft in out.drafts.values() if draft.role == "phase" and draft.parent is None and _tells(draft)]
    steps = {draft.key for draft in out.drafts.values() if draft.role == "head"} & set(STEP_HEADS)
    timed = [draft for draft in timed if draft.key not in steps]  # `Step 7` beside others is one of them
    lines = {phase.line for phase in timed}
    elsewhere = [each for each in out.drafts.values() if _root(each).line not in lines and _section(each) != "DONE"]
    boxes = sum(draft.block.box is not None for draft in out.drafts.values())
    boxed = boxes > sum(draft.block.box is not None for draft in elsewhere)
    more = len(_counted(out)) >= MANY or (elsewhere and (not _ordered(timed) or _leaves(elsewhere) >= _leaves(timed)))
    if timed and not boxed and not _continued(timed, elsewhere) and more:
        for draft in timed:
            out.drop(draft, "ignored", _AGAIN)


def _continued(timed: list[Draft], elsewhere: list[Draft]) -> bool:
    """Say whether the phases elsewhere count on from these, as `Phase 4` does behind `Phase 3`: then none tells another again."""
    numbers = [(draft.key, part) for draft in timed for part in re.split("[-–]", draft.number)]  # `Phase 1-2`
    others = [(draft.key, draft.number) for draft in elsewhere if draft.role == "phase" and draft.parent is None]
    return (
        bool(others) and {key for key, _ in numbers} == {key for key, _ in others} and set(numbers).isdisjoint(others)
    )


def _root(draft: Draft) -> Draft:
    return draft if draft.parent is None else _root(draft.parent)


def _tells(phase: Draft) -> bool:
    """Say whether a phase stands in a section that tells; one with a table of tasks is work all the same."""
    told = _section(phase) in ("NONTASK", "ORDER") or _ordered([phase])
    return told and not any(kid.role == "row" for kid in phase.kids)


def _ordered(phases: list[Draft]) -> bool:
    """Say whether phases stand below `Implementation order`, which is work by its other word."""
    return any(
        _section(phase) == "TASK" and phase.block.section is not None and ORDER.search(phase.block.section.text)
        for phase in phases
    )


def _leaves(drafts: list[Draft]) -> int:
    """Count the tasks at the ends of these, and of all that hangs below them."""
    return sum(_leaves(draft.kids) if draft.kids else 1 for draft in drafts if draft.parent not in drafts)


def _counted(out: Outline) -> list[int]:
    """The lines of the numbered headings of sections of work that is still to be done."""
    open_ = LIST_CLASSES - {"DONE"}
    return [each.line for each in out.headings if each.cls in open_ and out.head(each).role == "numbered"]


def _counts(out: Outline, heading: Block) -> bool:
    return sum(bool(item.number) and plain_task(item) for item in out.direct.get(heading.line, ())) >= MANY


def only_code(out: Outline, heading: Block) -> bool:
    first = out.first.get(heading.line)
    told = out.paras.get(heading.line) or out.direct.get(heading.line) or out.subheadings(heading)
    return first is not None and first.kind == "fence" and not told
