"""What is a task when nothing says so: numbered headings, lists, tables, bullets, in this order (rule 7)."""

import re

from branchline.planfile import fenced, headlines, levels, lists, rows
from branchline.planfile.blocks import Block
from branchline.planfile.contents import take_items
from branchline.planfile.drafts import Draft, from_heading, from_item
from branchline.planfile.groups import MAX_LIKE
from branchline.planfile.labels import WORK_KINDS
from branchline.planfile.levels import text_headings
from branchline.planfile.outline import Outline
from branchline.planfile.plain import (
    LIST_CLASSES,
    MANY,
    NEGATIVE,
    OF_FILES,
    TESTS,
    calls_itself_work,
    may_act,
    may_work,
    mostly_acts,
    mostly_said,
    named_so,
    plain_task,
)
from branchline.planfile.sections import (
    classify,
    is_checklist,
    names_list,
    only_tells,
    says_todo,
    share,
    speaks_of_building,
)
from branchline.planfile.verbs import acts

_BOLD_LEAD = re.compile(
    r"(?:\*\*|__)(?=[^*_]{1,160}?(?:\s|[^\x00-\x7f]|[.!]\*)|[^*_]{2,60}(?:\*\*|__)\s[^(（—–-])[^*_]{2,160}[^*_:：]"
    r"(?:\*\*|__)(?!\s?[:：])"
)
"""`**Pin it.** Why`, `**Login** page`; `**Button** (round)` names a thing."""
_RANK = re.compile(r"\W{0,4}P\d\b")
_FILE = re.compile(r"`?[\w@-]*[./][\w@./-]+`?|[A-Z]{3,}")
"""`tests/test_convert.py`, `LICENSE`."""


def last_resort(out: Outline) -> None:
    """Rule 7, each step only when the one before found nothing; a manual or a changelog has work in sections of work alone."""
    if _only_tells(out) and not any(map(named_so, out.headings)):
        return
    for step in (
        rows.task_tables,
        lists.marked,
        _task_headings,
        levels.acting,
        headlines.tabled,
        headlines.dependent,
        lists.counted,
        headlines.told,
        _task_lists,
        rows.keyed_tables,
        _other_headings,
        headlines.accepted,
        lists.numbered,
        _any_bullets,
        rows.milestone_tables,
        lists.unknown,
        headlines.wishes,
        rows.delivered,
        lists.acting,
        lists.lines,
        fenced.counted,
    ):
        step(out)
        if out.drafts:
            _group(out)
            break


def _only_tells(out: Outline) -> bool:
    return any(only_tells(title.text) for title in out.headings[:1])


def _group(out: Outline) -> None:
    """Numbered headings over the lists that hold the tasks group them, and so do the headings between.

    One alone, or one that says no more than that work stands below, is the heading of a section.
    """
    over: dict[int, list[Draft]] = {}
    for draft in out.in_order():
        section = draft.block.section if draft.role == "item" and draft.parent is None else None
        while section is not None:
            over.setdefault(section.line, []).append(draft)
            section = section.section
    held = [heading for heading in out.headings if heading.line in over]
    held = [heading for heading in held if not (named_so(heading) and mostly_said(heading))]
    counted = [heading for heading in held if out.head(heading).role == "numbered"]
    for heading in held if len(counted) > 1 else ():
        above = out.above(heading.section)
        if heading in counted or above is not None:
            draft = from_heading(heading, out.head(heading), "heading over lists of tasks", 0.7)
            draft.role, heading.candidate = "phase", True
            out.drafts[heading.line] = draft.hang(above)
    for heading in held if len(counted) > 1 else ():
        for draft in over[heading.line]:
            draft.parent = out.above(draft.block.section)


def _numbered_headings(out: Outline, wanted: frozenset[str]) -> list[Block]:
    """Find the numbered headings below those of the classes `wanted`, and what goes on counting behind them."""
    found: list[Block] = []
    for block in out.headings:
        said = out.head(block)
        above = block.section.cls if block.section is not None else "UNKNOWN"
        last = found[-1] if found else None
        goes_on = last is not None and last.level == block.level and _next(out.head(last).number) == said.number
        if said.role in ("numbered", "dotted") and (
            (above in wanted and block.cls not in ("CRITERIA", "ORDER"))
            or (goes_on and (block.line not in out.strong or (above in wanted and _is_made(said.title))))
        ):
            found.append(block)
    return found


def _is_made(title: str) -> bool:
    """Say whether a title says what to do or to make, as `Add tests` and `tests/test_convert.py` do, and `Tests` does not."""
    return " " in title or _FILE.fullmatch(title) is not None


def _next(number: str) -> str:
    return str(int(number) + 1) if number.isdigit() else ""


def _take_headings(out: Outline, blocks: list[Block], confidence: float) -> None:
    taken = {block.line for block in blocks}
    for block in _with_groups(out, blocks):
        block.candidate = True
        if levels.needless(out.head(block).title):
            block.fate, block.why = "ignored", "a heading that says that there is nothing to do"
            continue
        draft = from_heading(block, out.head(block), "numbered heading of a task section", confidence)
        if any(other.line in taken for other in out.subheadings(block)):
            draft.role = "phase"
        out.drafts[block.line] = draft.hang(out.above(block.section))
        _bold_items(out, draft)


def _with_groups(out: Outline, blocks: list[Block]) -> list[Block]:
    """The headings, and with `1.1` and `1.2` the `1.` above them and its like."""
    chosen = {block.line: block for block in blocks}
    groups = [
        block.section
        for block in blocks
        if block.section is not None
        and out.head(block.section).role in ("numbered", "dotted")
        and out.head(block).number.startswith(out.head(block.section).number + ".")
    ]
    for group in groups:
        for like in out.subheadings(group.section) if group.line not in chosen else ():
            if out.head(like).role == out.head(group).role and like.cls not in NEGATIVE:
                chosen[like.line] = like
    return [chosen[line] for line in sorted(chosen)]


def _bold_items(out: Outline, draft: Draft) -> None:
    """Items that each begin with a bold sentence are the tasks of a heading that only counts: `- **Pin it.** Why`."""
    items = [item for item in out.direct.get(draft.line, ()) if plain_task(item)]
    bold = [item for item in items if _BOLD_LEAD.match(item.text)]
    if len(bold) > 1 and len(bold) * 2 > len(items):
        draft.role = "phase"
        for block in bold:
            out.drafts[block.line] = from_item(block, out.dialect, "bold item of a numbered heading", 0.7).hang(draft)


def _bullets(out: Outline, heading: Block) -> list[Block]:
    """The items below a heading that may be tasks: of a section that mostly tells, only those that act."""
    items = [item for item in out.direct.get(heading.line, ()) if plain_task(item)]
    if heading.cls in NEGATIVE and not (TESTS.match(heading.text) or may_work(out, heading)):
        return []
    return items if heading.cls not in NEGATIVE or mostly_acts(out, heading, items) else []


def _task_headings(out: Outline) -> None:
    """Take numbered headings of task sections; files that are counted are none where a numbered list says the steps."""
    found = _numbered_headings(out, LIST_CLASSES) or _ordered_headings(out)
    if _counted_list(out):
        found = [block for block in found if block.section is None or not OF_FILES.search(block.section.text)]
    found = found or _acting_headings(out)
    if len(found) > 1:
        _take_headings(out, found, 0.8)
        for heading in filter(lambda each: _by_state(out, each), out.headings):
            take_items(out, list(filter(plain_task, out.direct.get(heading.line, ()))), 0.7, heading.cls)


def _acting_headings(out: Outline) -> list[Block]:
    """The numbered headings, most of which say what to do, of a section on how to build: `Implementation approach`."""
    for heading in out.headings:
        if heading.cls != "NONTASK" or heading.line in out.strong or not speaks_of_building(heading.text):
            continue
        found = [each for each in out.subheadings(heading) if out.head(each).role == "numbered"]
        if len(found) >= MANY and sum(acts(out.head(each).title) for each in found) * 2 > len(found):
            return found
    return []


def _by_state(out: Outline, heading: Block) -> bool:
    """Say whether a section beside numbered headings lists what is done, or, and no more, what is planned or in the works."""
    if not named_so(heading) or out.above(heading) is not None:
        return False
    planned = heading.cls in ("WIP", "BACKLOG", "FUTURE") and share(heading.text) > 0.5 and not out.subheadings(heading)
    return heading.cls == "DONE" or planned


def before_checklists(out: Outline) -> None:
    """Numbered headings of a `Build order` are the tasks where all boxes are those of checklists, which say when it is good."""
    drafts = out.in_order()
    if not drafts or not all(map(_checks, drafts)):
        return
    if sum(acts(draft.title) for draft in drafts if draft.role == "item") * 2 > len(drafts):
        return  # boxes that say what to do are the work, and the headings tell why they stand so
    found = [each for each in _ordered_headings(out) if classify(out.head(each).title)[0] not in NEGATIVE]
    if len(found) < MANY:
        return
    for draft in drafts:
        out.drop(draft, "criterion", "stands in a checklist beside the tasks of an order")
    headlines.take(out, found, "numbered heading of an order")


def _checks(draft: Draft) -> bool:
    heading = draft.block if draft.block.kind == "heading" else draft.block.section
    return heading is not None and is_checklist(heading.text)


def _ordered_headings(out: Outline) -> list[Block]:
    """The numbered headings of a section on the order in which things are built, of which there are many: `Build order`."""
    over = [heading for heading in out.headings if heading.cls == "ORDER" and classify(heading.text)[0] == "ORDER"]
    counts = ("numbered", "dotted")
    found = [[each for each in out.subheadings(heading) if out.head(each).role in counts] for heading in over]
    return next((heads for heads in found if len(heads) >= MANY), [])


def _other_headings(out: Outline) -> None:
    found = [block for block in _numbered_headings(out, frozenset({"UNKNOWN"})) if block.cls in ("UNKNOWN", "TASK")]
    deepest = max((block.level for block in found), default=0)
    chosen = [block for block in found if block.level == deepest]
    level = [
        block for block in out.headings if block.level == deepest and out.head(block).role in ("numbered", "dotted")
    ]
    acting = sum(acts(out.head(block).title) for block in level) * 2 > len(level)
    if any(block.cls in ("ORDER", "CRITERIA") for block in level) and not acting:
        return  # the parts of a text of which one tells the order are no tasks themselves
    steps = [items for heading, items in lists.numbered_work(out) if heading.cls == "ORDER" and len(items) >= MANY]
    if not acting and any(sum(acts(item.text) for item in items) * 3 > len(items) * 2 for items in steps):
        return  # `Build order` says what is to be done, they what there is
    if len(chosen) > 1 and len(chosen) * 2 >= len(level):
        lines = {block.line for block in chosen}
        said = [
            block for block in level if block.line in lines or (block.cls == "NONTASK" and _is_sentence(out, block))
        ]
        _take_headings(out, said, 0.6)


def _is_sentence(out: Outline, block: Block) -> bool:
    """`2. Add tests` among steps is a step, though `tests` alone would be a section's name; `1. Overview` is none."""
    title = out.head(block).title
    return block.line not in out.strong and (acts(title) or _FILE.fullmatch(title) is not None)


def _task_lists(out: Outline) -> None:
    """Take the lists of task sections, numbered ones alone where a section has both."""
    numbered = False
    last = 0
    work = [heading for heading in out.headings if heading.cls in LIST_CLASSES and out.direct.get(heading.line)]
    called = [heading for heading in work if heading.cls != "DONE"]
    steps = [each for each in called if share(each.text) == 0.5 and any(item.number for item in out.direct[each.line])]
    if not steps and not any(map(mostly_said, called)) and lists.numbered_work(out):
        return
    files_only = all(OF_FILES.search(heading.text) for heading in work)
    sure = _counted_list(out)
    for heading in out.headings:
        if not files_only and OF_FILES.search(heading.text):
            continue
        items = [item for item in out.direct.get(heading.line, ()) if plain_task(item)]
        goes_on = (
            last > 0 and bool(items) and items[0].number == str(last + 1) and heading.cls not in ("CRITERIA", "ORDER")
        )
        if heading.cls not in LIST_CLASSES and not goes_on:
            continue
        if _one_of_parts(out, heading) and not mostly_acts(out, heading, items):
            continue
        if heading.cls == "TASK" and sure and not any(item.number for item in items) and not named_so(heading):
            continue
        chosen = [item for item in items if item.number] or items
        last = int(chosen[-1].number) if chosen and chosen[-1].number else 0
        numbered = numbered or any(item.number for item in chosen)
        take_items(out, chosen, 0.8 if chosen and chosen[0].number else 0.7, heading.cls)
    if out.drafts and not _only_tells(out):
        _siblings(out, min(out.drafts) if numbered else 0)


def _one_of_parts(out: Outline, heading: Block) -> bool:
    """`3. Rake tasks` behind `1. Config` and `2. The gem` is one of the parts of something; `3. TODO` is none."""
    if heading.cls != "TASK" or share(out.head(heading).title) == 1:
        return False
    like = [each for each in out.subheadings(heading.section)[:MAX_LIKE] if out.head(each).role == "numbered"]
    parts = [each for each in like if each.cls == "UNKNOWN"]
    return heading in like and len(like) >= MANY and len(parts) == len(like) - 1


def _counted_list(out: Outline) -> bool:
    """Say whether a section that calls itself work has a numbered list."""
    named = [heading for heading in out.headings if heading.cls in LIST_CLASSES and named_so(heading)]
    return any(item.number for heading in named for item in out.direct.get(heading.line, ()))


def _siblings(out: Outline, first: int) -> None:
    """Sections beside a section of bullets that are tasks, of the same level and an unknown class, hold tasks too.

    So does a list above the first heading.
    """
    if not first:
        take_items(out, [item for item in _headless(out) if plain_task(item)], 0.7, "")
    levels = {draft.block.section.level for draft in out.drafts.values() if draft.block.section is not None}
    told: list[tuple[Block, list[Block]]] = []
    acting, work = may_act([draft.block for draft in out.drafts.values()]), min(out.drafts, default=0)
    for heading in out.headings:
        if heading.line < first:
            continue  # what stands before a numbered list of tasks describes
        if heading.cls not in NEGATIVE and heading.level in levels and text_headings(out, heading, out.above(heading)):
            continue
        if heading.cls in ("UNKNOWN", "NONTASK") and heading.level in levels and out.heads.get(heading.line):
            items = _bullets(out, heading)
            # What stands before the work may tell why it is there, what stands behind a numbered list what it is made of.
            unsure = first > 0 or (acting and heading.line < work and not says_todo(out.doc.name))
            tells = lists.describes(items) or (unsure and sum(acts(item.text) for item in items) * 4 <= len(items))
            told += [(heading, items)] if tells else []
            take_items(out, [] if tells else items, 0.6, heading.cls)
    series = _series(out) if told else set()
    for heading, items in told:
        if heading.line in series:
            take_items(out, items, 0.6, heading.cls)


def _series(out: Outline) -> set[int]:
    """The lines of the headings of each series, `1.` or `P0`, most of which stand over tasks."""
    held = {draft.block.section.line for draft in out.drafts.values() if draft.block.section is not None}
    found: set[int] = set()
    for heads in out.subs.values():
        like = [each.line for each in heads if out.head(each).role == "numbered" or _RANK.match(each.text)]
        if sum(line in held for line in like) * 2 > len(like) > MANY:
            found.update(like)
    return found


def _headless(out: Outline) -> list[Block]:
    """The items above the first heading, and those right below a title such as `TODO`."""
    titles = (None, *(title for title in out.headings[:1] if title.level == 1 and names_list(title.text)))
    return [item for item in out.items if item.parent is None and item.section in titles]


def _any_bullets(out: Outline) -> None:
    """Take every bullet of a text that calls itself work or begins with a list; any other text describes something.

    Below a title such as `TODO` those of sections that elsewhere only tell are tasks too: `### Testing`.
    """
    if not calls_itself_work(out) and not _begins_with_list(out):
        return
    title = next((block for block in out.headings if block.level == 1), None)
    todo = title is not None and names_list(title.text)
    unknown = [out.direct[each.line] for each in out.headings if each.cls == "UNKNOWN" and each.line in out.direct]
    sure = title is not None and says_todo(title.text)  # what it lists is work, however it is told
    if not sure and sum(map(lists.describes, unknown)) * 2 > len(unknown):
        return
    tells = sum(heading.cls in NEGATIVE for heading in out.headings) > 0
    for heading in [None, *out.headings]:
        if heading is None:
            items = _headless(out)
        elif heading.cls in ("UNKNOWN", *LIST_CLASSES) or (todo and heading.line not in out.strong):
            items = out.direct.get(heading.line, [])
        else:
            continue
        items = [item for item in items if plain_task(item)]
        items = [item for item in items if item.label in WORK_KINDS] or items  # `**Tasks**` beside `**Goals**`
        described = lists.describes(items) or (tells and not may_act(items))
        unsure = not sure and heading is not None and heading.cls == "UNKNOWN" and described
        take_items(out, [] if unsure else items, 0.7, heading.cls if heading else "")


def _begins_with_list(out: Outline) -> bool:
    return next((block.kind for block in out.doc.blocks if block.kind not in ("heading", "rule")), "") == "item"
