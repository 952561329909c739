"""From blocks to tasks: which headings, boxes and XML elements are tasks, and whose children (rules 2 to 6)."""

import re
from collections import Counter
from string import ascii_letters, digits

from branchline.planfile import (
    beside,
    classes,
    contents,
    fallback,
    fenced,
    labels,
    levels,
    lists,
    rows,
    tables,
    todos,
    xmltask,
)
from branchline.planfile.blocks import Block, Doc
from branchline.planfile.dialects.base import Dialect
from branchline.planfile.drafts import Draft, coded, from_heading, from_item
from branchline.planfile.fields import state_of_label
from branchline.planfile.groups import MAX_LIKE, boxes_like, counts_within, has_check, holds_tasks, is_group, over_boxes
from branchline.planfile.outline import Outline
from branchline.planfile.plain import MANY, NEGATIVE, PLACEHOLDER, mostly_acts, plain_task
from branchline.planfile.sections import Head, asks, classify, head, share
from branchline.planfile.verbs import acts

_CRITERION = re.compile(r"(?:\*\*)?(?:(?:AC|SC|NFR)-?\d{1,3}\b|[<>≥≤]\s?\d|\d[\d.,]{0,11}\s?%?\+\s)", re.IGNORECASE)
"""The number of a criterion, or a measure: `AC-3`, `<100 ms to answer`, `95%+ of them`."""
_ROUTINE = re.compile(r"r(?:\d{1,6}|-[\w-]{1,60})\s(?:[^`\n]|`[^`\n]*`)*?(?<=\s)repeat:\S")
_REFERS = re.compile(r"\b[A-Za-z]{1,6}-?\d|#\d")
"""`Complete T1` names what it waits for."""
_EXPLICIT = re.compile(r"(?:\*\*)?(?:[A-Za-z]{1,6}-?\d{1,6}(?:\.\d{1,4})*|\d{1,3}(?:\.\d{1,3})+|\d{1,3}[.)])(?=[\s:.])")


def outline(doc: Doc, dialect: Dialect) -> Outline:
    """Find every task of the text; each candidate block is left with its fate and the reason."""
    out = Outline(doc, dialect)
    classes.sections(out)
    levels.outcomes(out)
    labels.attach(doc)
    labels.weigh(out.direct.values())
    classes.tags(doc)
    _xml(out)
    _headings(out)
    _boxes(out)
    lists.ticked(out)
    beside.drop(out)
    _like_groups(out)
    rows.named_tables(out)
    rows.under_heads(out)
    todos.take(out)
    if dialect.phase_bullets and not any(draft.role == "todo" for draft in out.drafts.values()):
        contents.fill(out)
        levels.settle(out)
    lists.labelled(out)
    lists.coded_alike(out)
    fenced.take(out)
    fallback.before_checklists(out)
    lone = _lone(out)
    if not out.drafts and dialect.fallback:
        fallback.last_resort(out)
        lists.labelled(out)
    rows.phases_told(out)
    rows.alike(out)
    lists.named(out)
    if lone is not None and not out.drafts:
        lone.block.fate, out.drafts[lone.line] = "task", lone
    return out


def _lone(out: Outline) -> Draft | None:
    """One heading that counts makes no series: a group leaves its tasks to the plan, a task is one if no other is found."""
    roots = [draft for draft in out.drafts.values() if draft.parent is None][:2]
    if len(roots) != 1 or roots[0].block.kind != "heading" or roots[0].steps:
        return None
    lone = roots[0]
    if lone.block.box or lone.key == "change" or has_check(out, lone.block):
        return None  # it does not count; and what is to be run for all of it must not get lost with the heading
    if lone.rule == "numbered group" and not out.dialect.grouped:
        for kid in lone.kids:
            kid.parent = None
    elif lone.kids:
        return None
    del out.drafts[lone.line]
    lone.block.cls = "UNKNOWN"
    lone.block.fate, lone.block.why = "ignored", "the only heading of its kind in a text whose tasks stand elsewhere"
    return None if lone.kids else lone


def _xml(out: Outline) -> None:
    for block in out.doc.blocks:
        if block.kind == "xml":
            if rule := xmltask.rule(block.lines):
                out.drafts[block.line] = Draft(block, "xml", rule)
            else:
                block.fate, block.why = "ignored", "an XML task without a name"


def _headings(out: Outline) -> None:
    """Make tasks of the headings that name one, and phases of those that name a phase.

    Below a section that tells, `T4` is a task where `T1` to `T3` are tasks elsewhere.
    """
    alike = {out.head(each).id.rstrip(digits) for each in out.headings if not _is_told(out, each)}
    open_ = any(out.head(each).role == "dotted" and each.cls == "TASK" for each in out.headings)
    for block in out.headings:
        said = out.head(block)
        if block.role == "tagged" and said.role in ("task", "step"):
            block.candidate, block.fate = True, "criterion" if block.cls == "CRITERIA" else "ignored"
            block.why = f"stands between tags of class {block.cls}"
        if block.role == "tagged" or not (said.role or block.box):
            continue
        above = out.above(block.section)
        if block.box is not None and said.role not in ("task", "step", "phase", "version"):
            _boxed_heading(out, block, said, above)
        elif said.role in ("phase", "version"):
            if above is not None and (said.key, said.number) == (above.key, above.number):
                block.cls = classify(said.title)[0]  # `Phase 1 Testing` within `Phase 1: Setup` is a part of it
            elif above is None or above.role == "phase":
                _take(out, from_heading(block, said, f"{said.role} heading"), above)
        elif said.role == "task" or (said.role == "step" and (above is None or above.role == "phase")):
            if not _is_told(out, block) or said.key != "id" or said.id.rstrip(digits) in alike:
                draft = from_heading(block, said, f"{said.role} heading")
                if (said.role == "step" and holds_tasks(out, block)) or (said.key == "id" and over_boxes(out, block)):
                    draft.role = "phase"
                _take(out, draft, above)
                for table in tables.under(out, block):
                    found = tables.columns(table)
                    if found is not None and found.planned and counts_within(table, found, said.number):
                        tables.take(out, table, found, draft)
        elif said.role == "dotted" and above is None and _over_tasks(out, block):
            draft = from_heading(block, said, "numbered group")
            draft.role = "phase"
            _take(out, draft, above)
        elif said.role == "dotted" and _dotted_is_task(out, block, said, above, open_=open_):
            draft = from_heading(block, said, "numbered heading")
            if boxes_like(out, block) > 1 and not has_check(out, block):
                draft.role, draft.rule = "phase", "numbered group"
            _take(out, draft, above)
        elif said.role == "numbered" and _is_lettered(out, block, said, above):
            _take(out, from_heading(block, said, "lettered part"), above)
        elif said.role == "numbered" and is_group(out, block, said):
            draft = from_heading(block, said, "numbered group")
            draft.role = "phase"
            _take(out, draft, above if above is None or above.role == "phase" else None)
        if block.line not in out.drafts and said.role in ("task", "step"):
            block.candidate, block.fate = True, "body"
            block.why = f"a step of the task on line {above.line}" if above else "stands in a section without tasks"


def _is_told(out: Outline, block: Block) -> bool:
    return block.section is not None and block.section.line in out.strong


def _boxed_heading(out: Outline, block: Block, said: Head, above: Draft | None) -> None:
    """`### [ ] Draw it` is a task wherever a box is one, and a group over more boxes."""
    if block.section is not None and block.section.cls == "CRITERIA":
        block.candidate, block.fate, block.why = True, "criterion", "stands in a section of criteria"
        return
    draft = from_heading(block, said, "heading with a box")
    if not draft.hard:
        draft.hard, draft.title = coded(draft.title)
    if [each for each in (*out.direct.get(block.line, ()), *out.subheadings(block)) if each.box is not None]:
        draft.role = "phase"
    _take(out, draft, above)


def _take(out: Outline, draft: Draft, above: Draft | None) -> None:
    draft.block.candidate = True
    out.drafts[draft.line] = draft.hang(above)


def _is_lettered(out: Outline, block: Block, said: Head, above: Draft | None) -> bool:
    """Say whether a heading below the one with its number is a part of it, with others: `2a.` and `2b.` below `Step 2`."""
    if above is None or not above.number or said.number[:-1] != above.number or not said.number[-1].isalpha():
        return False
    like = [out.head(each).number for each in out.subheadings(block.section)[:MAX_LIKE]]
    if sum(number[:-1] == above.number and number[-1:].isalpha() for number in like) < 2:
        return False
    above.role = "phase"
    return True


def _over_tasks(out: Outline, block: Block) -> bool:
    return block.line not in out.strong and any(out.head(each).role == "task" for each in out.subheadings(block))


def _dotted_is_task(out: Outline, block: Block, said: Head, above: Draft | None, *, open_: bool) -> bool:
    if above is not None:
        return above.role == "phase" or said.number.startswith(above.number.lstrip(ascii_letters) + ".")
    if block.cls in ("CRITERIA", "ORDER") or block.line in out.strong:
        return False
    work = block.section is None or block.section.cls == "TASK" or classify(said.title)[0] != "TASK"
    stated = block.cls in ("DONE", "WIP") and not (classify(said.title)[0] == block.cls and share(said.title) > 0.5)
    boxes = any(item.box for item in out.direct.get(block.line, ()))
    return boxes or (work and (block.cls == "TASK" or (stated and open_)))


def _boxes(out: Outline) -> None:
    """Take every box that is no criterion, no step and no example (rule 6)."""
    _told_before_work(out)
    for block in out.items:
        if block.box is None and all(kid.box is None for kid in block.kids):
            continue
        fate, why = _verdict(out, block)
        if fate:
            block.fate, block.why = fate, why
            continue
        rule = "box" if block.box is not None else "list item with boxes"
        draft = from_item(block, out.dialect, rule)
        if _ROUTINE.match(block.text):
            block.fate, block.why = "ignored", "a routine, never a task"
            continue
        _take(out, draft, _owner(out, block))
        if block.section is not None and block.section.cls == "FUTURE":
            draft.confidence = 0.5


def _like_groups(out: Outline) -> None:
    """`3. Engine` over plain items that act is a group as `1. Hull` and `2. Deck` over their boxes are."""
    for heads in out.subs.values():
        counted = [each for each in heads if out.head(each).role == "numbered"]
        groups = [
            each for each in counted if each.line in out.drafts and out.drafts[each.line].rule == "numbered group"
        ]
        for block in counted if len(groups) > 1 else ():
            items = [item for item in out.direct.get(block.line, ()) if plain_task(item)]
            if block.line not in out.drafts and len(items) > 1 and mostly_acts(out, block, items):
                draft = from_heading(block, out.head(block), "numbered group", 0.7)
                draft.role = "phase"
                _take(out, draft, out.drafts[groups[0].line].parent)
                for item in items:
                    _take(out, from_item(item, out.dialect, "item of a numbered group", 0.7), draft)
    _over_parts(out)
    _go_on(out)


def _over_parts(out: Outline) -> None:
    """`1. Hull` over the tasks `1.1` and `1.2` groups them, as those beside it do."""
    found: list[tuple[Block, list[Draft]]] = []
    for block in out.headings:
        said = out.head(block)
        if said.role == "numbered" and block.line not in out.drafts:
            parts = [out.drafts[each.line] for each in out.subheadings(block) if each.line in out.drafts]
            parts = [each for each in parts if each.number.startswith(f"{said.number}.")]
            found += [(block, parts)] if parts else []
    for block, parts in found if len(found) > 1 else ():
        draft = from_heading(block, out.head(block), "numbered group")
        draft.role = "phase"
        _take(out, draft, parts[0].parent)
        for part in parts:
            if part.parent is not None:
                part.parent.kids.remove(part)
            part.hang(draft)


def _go_on(out: Outline) -> None:
    """`9. Mast` behind the numbered groups `1.` to `8.` is a task, wherever it stands, or a group of `9.1` and `9.2`."""
    groups: list[Draft] = []
    for block in out.headings:
        draft, said = out.drafts.get(block.line), out.head(block)
        if draft is not None and draft.rule == "numbered group":
            groups.append(draft)
        elif len(groups) >= MANY and draft is None and said.role == "numbered" and block.cls not in NEGATIVE:
            if asks(said.title):
                continue
            last = groups[-1]
            counts = said.number.isdigit() and last.number.isdigit() and int(said.number) == int(last.number) + 1
            if counts and block.level == last.block.level and out.above(block.section) is last.parent:
                groups.append(from_heading(block, said, "numbered heading behind groups", 0.7))
                _take(out, groups[-1], last.parent)
                for part in out.subheadings(block):
                    if out.head(part).number.startswith(f"{said.number}."):
                        groups[-1].role = "phase"
                        _take(out, from_heading(part, out.head(part), "numbered heading", 0.7), groups[-1])


def _told_before_work(out: Outline) -> None:
    """`## A note on the workflow` below which most boxes of a text stand tells of them: no heading was put over the work.

    So does `## Build order`.
    """
    boxes = Counter(each.section for each in out.items if each.box is not None)
    for section, count in boxes.items():
        if section is not None and section.cls in ("NONTASK", "ORDER") and MANY <= count > boxes.total() / 2:
            out.strong.discard(section.line)


def _verdict(out: Outline, block: Block) -> tuple[str, str]:
    """Say why a box is no task: its fate and the reason; two empty texts when it is one."""
    if not block.text:
        return "ignored", "an empty item"
    if PLACEHOLDER.match(block.text):
        return "ignored", "what a template leaves to be written"
    if block.box is not None and block.label == "status" and not block.kids and state_of_label(block.text):
        return "body", "says how far it is"
    parent = block.parent
    plain = parent is not None and parent.role != "label" and parent.line not in out.drafts
    if parent is not None and plain and parent.fate in ("criterion", "ignored", "body"):
        return parent.fate, parent.why
    if _CRITERION.match(block.text):
        return "criterion", "begins with the number of a criterion or with a measure"
    if block.label in labels.CRITERIA_KINDS and not (block.label == "output" and block.box):
        above = out.above(block.section)
        if above is not None and above.role == "head" and block.box:
            above.steps.append(block.box)
        return "criterion", "stands under a label for criteria"
    if block.label in labels.BODY_KINDS and not (
        block.label == "depends" and acts(block.text) and not _REFERS.search(block.text)
    ):
        return "body", f"stands under the label {block.label}"
    if block.box is None and labels.kind(block.text) in labels.CRITERIA_KINDS:
        return "criterion", "a label for criteria"
    held = parent is not None or (block.section is not None and block.section.line in out.drafts)
    if block.box is None and held and not block.number and block.text.rstrip("*_ ").endswith((":", "：")):
        block.role = "label"
        return "body", "a label of the boxes below it"
    above = out.above(block.section)
    section = block.cls or (block.section.cls if block.section is not None else "UNKNOWN")
    if above is not None and above.role == "head" and block.label in ("subtasks", "TASKS") and parent is None:
        return "", ""
    if above is not None and above.role == "head" and not _owner_item(out, block):
        within = bool(above.number) and block.text.startswith(above.number + ".")
        if section != "CRITERIA" and (within or _EXPLICIT.match(block.text) or head(block.text).role == "task"):
            return "", ""  # a step has no number of its own in the plan
        above.steps.append(block.box or "")
        if section == "CRITERIA":
            return "criterion", f"criterion of the task on line {above.line}"
        return "body", f"a step of the task on line {above.line}"
    if above is not None and above.role == "phase" and above.block is block.section:
        return "", ""
    return _by_section(out, block, section)


def _by_section(out: Outline, block: Block, section: str) -> tuple[str, str]:
    if section == "CRITERIA":
        return "criterion", "stands in a section of criteria"
    strong = block.cls in NEGATIVE or (block.section is not None and block.section.line in out.strong)
    if strong and section in NEGATIVE:
        return "ignored", f"stands in a section of class {section}"
    return "", ""


def _owner_item(out: Outline, block: Block) -> Draft | None:
    parent = block.parent
    while parent is not None:
        if parent.line in out.drafts:
            return out.drafts[parent.line]
        parent = parent.parent
    return None


def _owner(out: Outline, block: Block) -> Draft | None:
    owner = _owner_item(out, block)
    return owner if owner is not None else out.above(block.section)
