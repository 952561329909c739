"""The same work stated twice: the richest copy stays, the others are reported as duplicates (rule 8)."""

import re

from branchline.planfile.drafts import ID, Draft, normal
from branchline.planfile.fields import mark_of
from branchline.planfile.outline import Outline
from branchline.planfile.sections import SPACELESS, classify, head, is_checklist
from branchline.planfile.tables import cells, kinds_of

MIN_TITLE = 8
_REST = re.compile(r"\s[-–—]\s|[(（:：]")


def fold(out: Outline) -> None:
    """Mark table rows and list items that repeat a task of another kind; drop the poorer of two tasks."""
    by_title: dict[str, Draft] = {}
    by_id: dict[str, Draft] = {}
    heads = {draft.hard.lower() for draft in out.drafts.values() if draft.role == "head" and draft.hard}
    for draft in out.in_order():
        if draft.role == "row" and draft.hard.lower() in heads:
            _drop(out, draft)
            continue
        if draft.role in ("head", "xml"):
            by_title.setdefault(normal(draft.title), draft)
            if draft.number and draft.key != "id":
                by_title.setdefault(f"{draft.key} {draft.number}", draft)
        elif draft.role == "phase" and (name := _name(out.head(draft.block).title)):
            by_title.setdefault(f"{draft.key} {draft.number} {name}", draft)
            if not draft.number.isdecimal():
                by_title.setdefault(f"code {draft.number.lower()}", draft)
        if draft.hard:
            by_id.setdefault(draft.hard.lower(), draft)
    if out.tables:
        _phase_rows(out, by_title)
        _rows(out, by_title, {key: draft for key, draft in by_id.items() if draft.line in out.drafts})
    if by_title:
        _boxes(out, by_title)
    _listed_by_state(out)
    _twice(out)


def _twice(out: Outline) -> None:
    """A box is an earlier one where its id, words, state and heading are the same: a part of a text that was pasted again.

    So is a phase that holds nothing but such boxes.
    """
    boxes: dict[str, Draft] = {}
    phases: dict[tuple[str, str], Draft] = {}
    for draft in out.in_order():
        if draft.block.box is not None and draft.hard and not draft.kids:
            same = boxes.setdefault(draft.hard.lower(), draft)
            if same is not draft and not same.kids and _place(same) == _place(draft):
                _copy(out, draft, same)
    for draft in [draft for draft in out.in_order() if draft.role == "phase"]:
        same = phases.setdefault((f"{draft.key} {draft.number}", normal(draft.title)), draft)
        if same is not draft and draft.kids and all(kid.block.fate == "duplicate" for kid in draft.kids):
            _copy(out, draft, same)


def _place(draft: Draft) -> tuple[str | None, ...]:
    block = draft.block
    return block.box, normal(draft.title), block.section.text if block.section is not None else None


def _phase_rows(out: Outline, by_title: dict[str, Draft]) -> None:
    """`| Phase 1 | Hull |` tells again the phase that a heading calls so."""
    for draft in [draft for draft in out.drafts.values() if draft.role == "row"]:
        said = head(cells(draft.block.text)[0].strip("*_` "))
        same = by_title.get(f"{said.key} {said.number} {_name(draft.title)}") if said.role == "phase" else None
        if same is not None and same is not draft:
            same.mark = same.mark or mark_of(next(iter(draft.fields.get("column:status", ())), ""))
            _copy(out, draft, same)


def _rows(out: Outline, by_title: dict[str, Draft], by_id: dict[str, Draft]) -> None:
    titles = dict(by_title)
    for draft in out.drafts.values():
        titles.setdefault(normal(draft.title), draft)
    for table in out.tables:
        kinds = kinds_of(table)
        state = kinds.index("status") if "status" in kinds else -1
        for block in table.kids:
            values = [cell.strip("*_` ") for cell in cells(block.text)]
            same = next((task for text in values[:3] if (task := _named(text, by_id, titles)) is not None), None)
            if same is not None and block.line not in out.drafts:
                block.fate, block.why, block.same = "duplicate", f"says again what line {same.line} says", same.line
                if 0 <= state < len(values):
                    same.mark = same.mark or mark_of(values[state])


def _named(text: str, by_id: dict[str, Draft], titles: dict[str, Draft]) -> Draft | None:
    """Give the task whose id, title, or id and title a cell is."""
    coded = ID.match(text)
    return (
        by_id.get(text.lower())
        or (by_id.get(coded[1].lower()) if coded and not coded[1].isdigit() else None)
        or (titles.get(normal(text)) if _long(text) else None)
    )


def _long(title: str) -> bool:
    """Say whether a title is long enough to be no chance; a letter of a script without spaces counts twice."""
    return len(normal(title)) + len(SPACELESS.findall(title)) >= MIN_TITLE


def _boxes(out: Outline, by_title: dict[str, Draft]) -> None:
    """A checklist that repeats the task headings: its boxes are the copies."""
    for draft in out.in_order():
        same = _same(draft, by_title)
        if same is not None:
            _copy(out, draft, same)


def _listed_by_state(out: Outline) -> None:
    """A box that stands once under `In progress` or `Completed`, and once more elsewhere, ticked alike, is one task."""
    first: dict[str, Draft] = {}
    marks = dict(out.dialect.box_marks)
    for draft in out.in_order():
        if draft.block.box is None or draft.kids or not _long(draft.title):
            continue
        same = first.setdefault(normal(draft.title), draft)
        alike = marks.get(same.block.box or "") == marks.get(draft.block.box)
        if alike and same.block.section is not draft.block.section and (_by_state(same) or _by_state(draft)):
            _copy(out, draft, same)


def _by_state(draft: Draft) -> bool:
    section = draft.block.section
    return section is not None and classify(section.text)[0] in ("DONE", "WIP")


def _same(draft: Draft, by_title: dict[str, Draft]) -> Draft | None:
    """Give the heading that a box says again."""
    if draft.role != "item" or draft.kids or not (_long(draft.title) or draft.number):
        return None
    same = by_title.get(normal(draft.title)) or by_title.get(f"{draft.key} {draft.number}")
    if same is None and draft.block.section is not None and is_checklist(draft.block.section.text):
        coded = by_title.get(f"code {draft.hard.lower()}")  # `B1 Draw the hull` there is `Phase B1: Hull`
        same = coded if coded is not None and _share_words(coded.title, draft.title) else None
    if same is None and draft.key not in ("", "number"):  # `Phase 1.1` in a checklist is the heading `1.1`
        # `Phase 1: Setup - what for` above the phases is the phase `Setup`
        name = normal(_REST.split(draft.title, maxsplit=1)[0])
        same = by_title.get(f" {draft.number}") or by_title.get(f"{draft.key} {draft.number} {name}")
    return None if same is draft or same is draft.parent else same


def _share_words(one: str, other: str) -> bool:
    first, second = ({word for word in normal(title).split() if len(word) > 3} for title in (one, other))
    return not first.isdisjoint(second)


def _name(title: str) -> str:
    """What a title calls a phase, without what it says of it: `Setup - what for`, `Setup (week 1)`."""
    return normal(_REST.split(title, maxsplit=1)[0])


def _copy(out: Outline, draft: Draft, same: Draft) -> None:
    draft.block.fate, draft.block.why = "duplicate", f"says again what line {same.line} says"
    same.mark = same.mark or dict(out.dialect.box_marks).get(draft.block.box or "", "")
    _drop(out, draft)


def _drop(out: Outline, draft: Draft) -> None:
    del out.drafts[draft.line]
    draft.parent = None  # whose list of children is written anew with the ids
