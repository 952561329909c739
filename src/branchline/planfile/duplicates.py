"""The same work stated twice: the richest copy stays, the others are reported as duplicates (rule 8)."""

from branchline.planfile.drafts import Draft, normal
from branchline.planfile.outline import Outline
from branchline.planfile.tables import cells

MIN_TITLE = 8


def fold(out: Outline) -> None:
    """Mark table rows and list items that repeat a task of another kind; drop the poorer of two tasks."""
    by_title: dict[str, Draft] = {}
    by_id: dict[str, Draft] = {}
    for draft in out.in_order():
        if draft.role in ("head", "xml"):
            by_title.setdefault(normal(draft.title), draft)
            if draft.key and draft.number and draft.key != "id":
                by_title.setdefault(f"{draft.key} {draft.number}", draft)
        if draft.hard:
            by_id.setdefault(draft.hard.lower(), draft)
    if any(block.kind == "row" for block in out.doc.blocks):
        _rows(out, by_title, by_id)
    if by_title:
        _boxes(out, by_title)


def _rows(out: Outline, by_title: dict[str, Draft], by_id: dict[str, Draft]) -> None:
    titles = dict(by_title)
    for draft in out.drafts.values():
        titles.setdefault(normal(draft.title), draft)
    for block in out.doc.blocks:
        if block.kind != "row" or block.line in out.drafts:
            continue
        for cell in cells(block.text)[:3]:
            text = cell.strip("*_` ")
            same = by_id.get(text.lower()) or (titles.get(normal(text)) if len(text) >= MIN_TITLE else None)
            if same is not None:
                block.fate, block.why, block.same = "duplicate", f"says again what line {same.line} says", same.line
                break


def _boxes(out: Outline, by_title: dict[str, Draft]) -> None:
    """A checklist that repeats the task headings: its boxes are the copies."""
    for draft in out.in_order():
        counted = f"{draft.key} {draft.number}"
        if draft.role != "item" or draft.kids or (len(normal(draft.title)) < MIN_TITLE and counted not in by_title):
            continue
        same = by_title.get(normal(draft.title)) or by_title.get(counted)
        if same is None or same is draft or draft.parent is same:
            continue
        draft.block.fate, draft.block.why = "duplicate", f"says again what line {same.line} says"
        same.mark = same.mark or dict(out.dialect.box_marks).get(draft.block.box or "", "")
        del out.drafts[draft.line]
        draft.parent = None
