"""What stands in a phase that has no task of its own: the rows, items or headings below it are its tasks (rule 5)."""

import re

from branchline.planfile import labels, tables, words
from branchline.planfile.blocks import Block
from branchline.planfile.drafts import Draft, from_heading, from_item
from branchline.planfile.outline import Outline
from branchline.planfile.sections import bare

NEGATIVE = frozenset({"CRITERIA", "NONTASK", "ORDER"})
LIST_CLASSES = frozenset({"TASK", "DONE", "WIP", "BACKLOG", "FUTURE", "DECLINED"})
_FIELD_BULLET = re.compile(r"(?:\*\*|__|_|\*)?([^\W\d_][^:：*`_]{0,40})(?:\*\*|__|_|\*)?\s?[:：]")
_TESTS = re.compile(r"\W*(?:unit |integration |e2e )?(?:tests?|testing)\W*$", re.IGNORECASE)
_DURATION = re.compile(
    r"[(（]\s*[~≈]?\d+(?:\s?[-–]\s?\d+)?\s?(?:h|d|w|hours?|days?|weeks?|months?|tage?|wochen?|дн|дня|дней|день|недел\w{0,2}|"
    r"месяц\w{0,2}|dias?|semanas?|jours?|semaines?|天|周|週|日|週間|週目|일|주|개월|个月)\.?\s*[)）]\s*$",
    re.IGNORECASE,
)


def fill(out: Outline) -> None:
    """Give every phase without tasks those of its contents, and every table of tasks in a section of work its rows."""
    if not out.drafts:
        _duration_phases(out)
    for draft in list(out.drafts.values()):
        if not draft.kids and draft.role == "phase":
            _fill(out, draft)
        elif draft.rule == "numbered heading" and not draft.kids:
            _rows(out, draft, [draft.block])
        elif draft.role == "head" and not draft.kids and not draft.steps:
            _subtasks(out, draft)
    for heading in out.headings:
        if heading.cls in LIST_CLASSES and heading.line not in out.drafts and out.drafts:
            for table in tables.under(out, heading):
                found = tables.columns(table)
                if found is not None and found.key >= 0:
                    tables.take(out, table, found, out.above(heading))


def _fill(out: Outline, phase: Draft) -> None:
    below = [phase.block, *_subsections(out, phase.block)]
    sections = [each for each in below if each is phase.block or each.cls not in NEGATIVE or _TESTS.match(each.text)]
    if text_headings(out, phase.block, phase):
        return
    if _rows(out, phase, sections):
        return
    for block in _items(out, sections):
        draft = from_item(block, out.dialect, "bullet of a phase", 0.7)
        out.drafts[block.line] = draft.hang(phase)


def _subtasks(out: Outline, draft: Draft) -> None:
    """Below a task, a section that is called `Tasks` and nothing else holds tasks of their own."""
    sections = [each for each in out.subheadings(draft.block) if bare(each.text).lower().strip(":") in words.TRAILERS]
    for block in _items(out, sections):
        out.drafts[block.line] = from_item(block, out.dialect, "item of a section of tasks", 0.8).hang(draft)


def text_headings(out: Outline, heading: Block, parent: Draft | None) -> bool:
    """Take sub-headings as tasks: two or more, most with a text of their own before any list, and no list above them."""
    first = [each for each in out.subheadings(heading) if each.cls not in NEGATIVE and each.line not in out.drafts]
    if len(first) < 2 or out.direct.get(heading.line) or tables.under(out, heading):
        return False
    if sum(_begins_with_text(out, each) for each in first) * 2 <= len(first):
        return False
    for block in first:
        block.candidate = True
        out.drafts[block.line] = from_heading(block, out.head(block), "heading of a phase", 0.7).hang(parent)
    return True


def _begins_with_text(out: Outline, heading: Block) -> bool:
    first = out.first.get(heading.line)
    return first is not None and first.kind == "para"


def _rows(out: Outline, parent: Draft, sections: list[Block]) -> bool:
    taken = False
    for section in sections:
        for table in tables.under(out, section):
            found = tables.columns(table)
            if found is not None and found.sure:
                taken = tables.take(out, table, found, parent) or taken
    return taken


def _items(out: Outline, sections: list[Block]) -> list[Block]:
    found = [item for section in sections for item in out.direct.get(section.line, ()) if plain_task(item)]
    return sorted(found, key=lambda block: block.line)


def _duration_phases(out: Outline) -> None:
    """Sibling headings that each name a duration, such as `Design (2-3 weeks)`, are phases."""
    timed = [block for block in out.headings if _DURATION.search(block.text) and out.direct.get(block.line)]
    if len(timed) < 2 or len({block.level for block in timed}) > 1:
        return
    for block in timed:
        draft = from_heading(block, out.head(block), "heading with a duration", 0.7)
        draft.role, block.candidate = "phase", True
        out.drafts[block.line] = draft


def _subsections(out: Outline, heading: Block) -> list[Block]:
    below = [block for block in out.subheadings(heading) if block.line not in out.drafts]
    return [each for block in below for each in (block, *_subsections(out, block))]


def is_field(text: str) -> bool:
    """Say whether a bullet is a field line such as `- **Owner**: me`, known by its label."""
    found = _FIELD_BULLET.match(text)
    return found is not None and " ".join(found[1].lower().split()) in labels.KINDS


def plain_task(item: Block) -> bool:
    """Say whether a list item may be a task where nothing but lists says what the tasks are."""
    return bool(
        item.text
        and not item.fate
        and item.label not in labels.CRITERIA_KINDS
        and item.label not in labels.PROSE_KINDS
        and not is_field(item.text)
        and item.cls not in NEGATIVE
    )
