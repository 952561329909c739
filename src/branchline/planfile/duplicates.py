"""The same work stated twice: the richest copy stays, the others are reported as duplicates (rule 8)."""

from branchline.planfile.drafts import Draft, normal
from branchline.planfile.fields import mark_of
from branchline.planfile.outline import Outline
from branchline.planfile.tables import cells, columns

MIN_TITLE = 8


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
        if draft.hard:
            by_id.setdefault(draft.hard.lower(), draft)
    if out.tables:
        _rows(out, by_title, by_id)
    if by_title:
        _boxes(out, by_title)


def _rows(out: Outline, by_title: dict[str, Draft], by_id: dict[str, Draft]) -> None:
    titles = dict(by_title)
    for draft in out.drafts.values():
        titles.setdefault(normal(draft.title), draft)
    for table in out.tables:
        found = columns(table)
        state = found.kinds.index("status") if found is not None and "status" in found.kinds else -1
        for block in table.kids:
            values = [cell.strip("*_` ") for cell in cells(block.text)]
            same = next((task for text in values[:3] if (task := _named(text, by_id, titles)) is not None), None)
            if same is not None and block.line not in out.drafts:
                block.fate, block.why, block.same = "duplicate", f"says again what line {same.line} says", same.line
                if 0 <= state < len(values):
                    same.mark = same.mark or mark_of(values[state])


def _named(text: str, by_id: dict[str, Draft], titles: dict[str, Draft]) -> Draft | None:
    return by_id.get(text.lower()) or (titles.get(normal(text)) if len(text) >= MIN_TITLE else None)


def _boxes(out: Outline, by_title: dict[str, Draft]) -> None:
    """A checklist that repeats the task headings: its boxes are the copies."""
    for draft in out.in_order():
        counted = f"{draft.key} {draft.number}"
        if draft.role != "item" or draft.kids or (len(normal(draft.title)) < MIN_TITLE and not draft.number):
            continue
        same = by_title.get(normal(draft.title)) or by_title.get(counted)
        if same is None and draft.key not in ("", "number"):  # `Phase 1.1` in a checklist is the heading `1.1`
            same = by_title.get(f" {draft.number}")
        if same is None or same is draft or draft.parent is same:
            continue
        draft.block.fate, draft.block.why = "duplicate", f"says again what line {same.line} says"
        same.mark = same.mark or dict(out.dialect.box_marks).get(draft.block.box or "", "")
        _drop(out, draft)


def _drop(out: Outline, draft: Draft) -> None:
    del out.drafts[draft.line]
    draft.parent = None  # whose list of children is written anew with the ids
