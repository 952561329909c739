"""What is a task when nothing says so: bullets of phases, then rule 7 (numbered headings, lists, bullets, tables)."""

import re

from branchline.planfile import labels, words
from branchline.planfile.blocks import Block
from branchline.planfile.drafts import Draft, from_heading, from_item
from branchline.planfile.outline import Outline
from branchline.planfile.scan import cells

LIST_CLASSES = frozenset({"TASK", "DONE", "WIP", "BACKLOG", "FUTURE", "DECLINED"})
_FIELD_BULLET = re.compile(r"(?:\*\*|__|_|\*)?([^\W\d_][^:：*`_]{0,40})(?:\*\*|__|_|\*)?\s?[:：]")
_DURATION = re.compile(
    r"[(（]\s*[~≈]?\d+(?:\s?[-–]\s?\d+)?\s?(?:h|d|w|hours?|days?|weeks?|months?|tage?|wochen?|дн|дня|дней|день|недел\w{0,2}|"
    r"месяц\w{0,2}|dias?|semanas?|jours?|semaines?|天|周|週|日|週間|週目|일|주|개월|个月)\.?\s*[)）]\s*$",
    re.IGNORECASE,
)
_OF_FILES = re.compile(r"\bfiles?\b|\bdatei(?:en)?\b|\barquivos\b|\barchivos\b|файл|文件|ファイル|파일", re.IGNORECASE)


def is_field(text: str) -> bool:
    """Say whether a bullet is a field line such as `- **Owner**: me`, known by its label."""
    found = _FIELD_BULLET.match(text)
    return found is not None and " ".join(found[1].lower().split()) in labels.KINDS


def phase_bullets(out: Outline) -> None:
    """Take the bullets of phases, where no box and no task heading says what the tasks are (rule 5, phase-bullets)."""
    if any(draft.role != "phase" for draft in out.drafts.values()):
        return
    if not out.drafts:
        _duration_phases(out)
    inner: dict[int, list[Block]] = {}
    for block in out.headings:
        if block.section is not None and block.line not in out.drafts:
            inner.setdefault(block.section.line, []).append(block)
    for line in list(out.drafts):
        phase = out.drafts[line]
        if phase.kids:
            continue
        for block in _bullets_below(out, phase.block, inner):
            draft = from_item(block, out.dialect, "bullet of a phase", 0.7)
            out.drafts[block.line] = draft.hang(phase)


def _duration_phases(out: Outline) -> None:
    """Sibling headings that each name a duration, such as `Design (2-3 weeks)`, are phases."""
    timed = [block for block in out.headings if _DURATION.search(block.text) and out.direct.get(block.line)]
    if len(timed) < 2 or len({block.level for block in timed}) > 1:
        return
    for block in timed:
        draft = from_heading(block, out.head(block), "heading with a duration", 0.7)
        draft.role, block.candidate = "phase", True
        out.drafts[block.line] = draft


def _bullets_below(out: Outline, heading: Block, inner: dict[int, list[Block]]) -> list[Block]:
    """List the top-level items of a phase and of its plain subsections, those of criteria and notes left out."""
    found: list[Block] = []
    for section in [heading, *_subsections(heading, inner)]:
        if section is not heading and section.cls in ("CRITERIA", "NONTASK", "ORDER"):
            continue
        found += [item for item in out.direct.get(section.line, ()) if _plain_task(item)]
    return sorted(found, key=lambda block: block.line)


def _subsections(heading: Block, inner: dict[int, list[Block]]) -> list[Block]:
    below = list(inner.get(heading.line, ()))
    for block in below:
        below += inner.get(block.line, ())
    return below


def _plain_task(item: Block) -> bool:
    return bool(
        item.text
        and not item.fate
        and item.label not in labels.CRITERIA_KINDS
        and item.label not in labels.PROSE_KINDS
        and not is_field(item.text)
        and item.cls not in ("CRITERIA", "NONTASK", "ORDER")
    )


def last_resort(out: Outline) -> None:
    """Rule 7, each step only when the one before found nothing."""
    for step in (_task_headings, _task_lists, _tables, _other_headings, _any_bullets):
        step(out)
        if out.drafts:
            break


def _numbered_headings(out: Outline, wanted: frozenset[str]) -> list[Block]:
    found = []
    for block in out.headings:
        above = block.section.cls if block.section is not None else "UNKNOWN"
        if (
            out.head(block).role in ("numbered", "dotted")
            and above in wanted
            and block.cls not in ("CRITERIA", "ORDER")
        ):
            found.append(block)
    return found


def _take_headings(out: Outline, blocks: list[Block], confidence: float) -> None:
    for block in blocks:
        block.candidate = True
        draft = from_heading(block, out.head(block), "numbered heading of a task section", confidence)
        out.drafts[block.line] = draft.hang(out.above(block.section))


def _task_headings(out: Outline) -> None:
    found = _numbered_headings(out, LIST_CLASSES)
    if len(found) > 1:
        _take_headings(out, found, 0.8)


def _other_headings(out: Outline) -> None:
    found = [block for block in _numbered_headings(out, frozenset({"UNKNOWN"})) if block.cls in ("UNKNOWN", "TASK")]
    deepest = max((block.level for block in found), default=0)
    chosen = [block for block in found if block.level == deepest]
    level = [
        block for block in out.headings if block.level == deepest and out.head(block).role in ("numbered", "dotted")
    ]
    if len(chosen) > 1 and len(chosen) * 2 > len(level):
        lines = {block.line for block in chosen}
        said = [
            block for block in level if block.line in lines or (block.cls == "NONTASK" and _is_sentence(out, block))
        ]
        _take_headings(out, said, 0.6)


def _is_sentence(out: Outline, block: Block) -> bool:
    """`2. Add tests` among steps is a step, though `tests` alone would be a section's name; `1. Overview` is none."""
    return block.line not in out.strong and len(out.head(block).title.split()) > 1


def _task_lists(out: Outline) -> None:
    """Take the lists of task sections, numbered ones alone where a section has both."""
    numbered = False
    last = 0
    work = [heading for heading in out.headings if heading.cls in LIST_CLASSES and out.direct.get(heading.line)]
    files_only = all(_OF_FILES.search(heading.text) for heading in work)
    for heading in out.headings:
        if not files_only and _OF_FILES.search(heading.text):
            continue
        items = [item for item in out.direct.get(heading.line, ()) if _plain_task(item)]
        goes_on = (
            last > 0 and bool(items) and items[0].number == str(last + 1) and heading.cls not in ("CRITERIA", "ORDER")
        )
        if heading.cls not in LIST_CLASSES and not goes_on:
            continue
        chosen = [item for item in items if item.number] or items
        last = int(chosen[-1].number) if chosen and chosen[-1].number else 0
        numbered = numbered or any(item.number for item in chosen)
        _take_items(out, chosen, 0.8 if chosen and chosen[0].number else 0.7, heading.cls)
    if out.drafts and not numbered:
        _siblings(out)


def _siblings(out: Outline) -> None:
    """Sections beside a section of bullets that are tasks, of the same level and an unknown class, hold tasks too."""
    levels = {draft.block.section.level for draft in out.drafts.values() if draft.block.section is not None}
    for heading in out.headings:
        if heading.cls == "UNKNOWN" and heading.level in levels and out.heads.get(heading.line):
            items = [item for item in out.direct.get(heading.line, ()) if _plain_task(item)]
            _take_items(out, items, 0.6, heading.cls)


def _any_bullets(out: Outline) -> None:
    for heading in [None, *out.headings]:
        if heading is None:
            items = [item for item in out.items if item.section is None and item.parent is None]
        elif heading.cls in ("UNKNOWN", *LIST_CLASSES):
            items = out.direct.get(heading.line, [])
        else:
            continue
        _take_items(out, [item for item in items if _plain_task(item)], 0.7, heading.cls if heading else "")


def _take_items(out: Outline, items: list[Block], confidence: float, cls: str) -> None:
    for block in items:
        rule = "numbered list item" if block.number else "bullet"
        draft = from_item(block, out.dialect, f"{rule} of a task section", confidence)
        if cls == "FUTURE":
            draft.confidence = 0.5
        out.drafts[block.line] = draft.hang(out.above(block.section))


def _tables(out: Outline) -> None:
    """Take the rows of a table with a column of ids and one of titles."""
    for block in out.doc.blocks:
        if block.kind != "table" or (block.section is not None and block.section.cls in ("CRITERIA", "ORDER")):
            continue
        header = [cell.lower().strip("*_ ") for cell in cells(block.text)]
        key = next((n for n, cell in enumerate(header) if cell in words.ID_COLUMNS), None)
        title = next((n for n, cell in enumerate(header) if cell in words.TITLE_COLUMNS and n != key), None)
        if key is not None and title is not None:
            for row in block.kids:
                _take_row(out, row, header, key, title)


def _take_row(out: Outline, row: Block, header: list[str], key: int, title: int) -> None:
    values = cells(row.text)
    if len(values) <= max(key, title) or not values[title]:
        return
    draft = Draft(row, "row", "row of a task table", 0.8)
    draft.hard, draft.title = values[key].strip("*_` "), values[title].strip("*_ ")
    draft.fields = {f"column:{name}": [value] for name, value in zip(header, values, strict=False) if value}
    out.drafts[row.line] = draft
