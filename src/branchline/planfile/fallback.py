"""What is a task when nothing says so: numbered headings, lists, tables, bullets, in this order (rule 7)."""

import re

from branchline.planfile import tables
from branchline.planfile.blocks import Block
from branchline.planfile.contents import LIST_CLASSES, plain_task
from branchline.planfile.drafts import from_heading, from_item
from branchline.planfile.outline import Outline

_OF_FILES = re.compile(r"\bfiles?\b|\bdatei(?:en)?\b|\barquivos\b|\barchivos\b|файл|文件|ファイル|파일", re.IGNORECASE)


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
        said = [block for block in level if block in chosen or (block.cls == "NONTASK" and _is_sentence(out, block))]
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
        items = [item for item in out.direct.get(heading.line, ()) if plain_task(item)]
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
            items = [item for item in out.direct.get(heading.line, ()) if plain_task(item)]
            _take_items(out, items, 0.6, heading.cls)


def _any_bullets(out: Outline) -> None:
    for heading in [None, *out.headings]:
        if heading is None:
            items = [item for item in out.items if item.section is None and item.parent is None]
        elif heading.cls in ("UNKNOWN", *LIST_CLASSES):
            items = out.direct.get(heading.line, [])
        else:
            continue
        _take_items(out, [item for item in items if plain_task(item)], 0.7, heading.cls if heading else "")


def _take_items(out: Outline, items: list[Block], confidence: float, cls: str) -> None:
    for block in items:
        rule = "numbered list item" if block.number else "bullet"
        draft = from_item(block, out.dialect, f"{rule} of a task section", confidence)
        if cls == "FUTURE":
            draft.confidence = 0.5
        out.drafts[block.line] = draft.hang(out.above(block.section))


def _tables(out: Outline) -> None:
    """Take the rows of a table with a column of ids and one of titles."""
    for table in out.tables:
        if table.section is not None and table.section.cls in ("CRITERIA", "ORDER"):
            continue
        found = tables.columns(table)
        if found is not None and found.key >= 0:
            tables.take(out, table, found, out.above(table.section))
