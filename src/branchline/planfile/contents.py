"""What stands in a phase that has no task of its own: the rows, items or headings below it are its tasks (rule 5)."""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Sequence
from typing import NamedTuple

from branchline.planfile import delivered, retold, tables, words
from branchline.planfile.blocks import Block
from branchline.planfile.drafts import Draft, from_heading, from_item, normal, plain
from branchline.planfile.fields import state_of_label
from branchline.planfile.labels import WORK_KINDS
from branchline.planfile.levels import take_headings, text_headings
from branchline.planfile.outline import Outline
from branchline.planfile.plain import (
    FIELD_BULLET,
    LIST_CLASSES,
    MANY,
    NEGATIVE,
    OF_FILES,
    TESTS,
    field_kind,
    lists_work,
    may_work,
    mostly_acts,
    named_so,
    plain_task,
)
from branchline.planfile.promote import ORDER
from branchline.planfile.sections import any_verb, asks, bare, classify, head, share
from branchline.planfile.states import heading_mark
from branchline.planfile.verbs import acts

LISTED = ("bullet of a phase", "row of a task table")
_PHASES = frozenset(f"{word}s" for word in words.PHASE_HEADS)
"""`Milestones`, `Phases`."""
MARKS = words.DONE_MARKS + words.WIP_MARKS + words.OPEN_MARKS
_STATES = re.compile(any_verb(words.MODALS), re.IGNORECASE)
"""`It should sleep` states how a thing is to be, and what stands below it says more of that."""
_REMARK = re.compile(rf"{FIELD_BULLET.pattern}\s*\S")
"""`Open question: is it fast?` below a line of work."""
_LABELLED = re.compile(r"(?:\*\*|__)[^*_`]{2,60}(?:[:：](?:\*\*|__)|(?:\*\*|__)\s?[:：])")
_PICTURES = frozenset({"text", "txt", "mermaid", "ascii"})
_COUNTED = re.compile(r"(?:\*\*|__)\d{1,2}[a-z]?[.)]\s+\S")
_CODED = re.compile(r"[*_]{0,2}[A-Z]{1,8}-?[A-Z]?\d")
"""`**TASK-A1**: Draw it` is called by its code, and labelled by nothing."""
_TOPIC = re.compile(
    r"(?:\*\*|__|\*|_)?([^\W\d_][^:：*`_(（\d]{0,40}?)(?:\*\*|__|\*|_)?\s?(?:[(（][^()（）]{0,60}[)）])?(?:\*\*|__|\*|_)?\s?[:：]"
)
"""`**Scope** (of the review):`"""
_AT_PATH = re.compile(r"(?:\*\*|\[|[^\W\d_]{1,12}[:：]\s?)?`?[\w.@-]*[./][\w.@/\[\]*-]+")
"""`src/app.py` or `Create: src/app.py` at the beginning of an item."""
_DURATION = re.compile(
    r"[(（]\s*[~≈]?\d+(?:\s?[-–]\s?\d+)?\s?(?:h|d|w|hours?|days?|weeks?|months?|tage?|wochen?|дн|дня|дней|день|недел\w{0,2}|"
    r"месяц\w{0,2}|dias?|semanas?|jours?|semaines?|天|周|週|日|週間|週目|일|주|개월|个月)\.?\s*[)）]\s*$",
    re.IGNORECASE,
)

_SPAN = re.compile(
    r"\W*(?:(?:first|next|nächste|premiers|próximos|primeiros)\s)?\d{1,3}\s?(?:days|weeks|months|tage|wochen|monate|jours|semaines|"
    r"mois|días|dias|semanas|meses|дней|недель|天|日|周|个月|週間|일|주)\b\s?(?:[-–—:：]|$)",
    re.IGNORECASE,
)
"""`30 days — Safety` beside `60 days — Growth`."""


COUNTED = "numbered heading of a task section"
NEAR = 9
"""So many headings back the last one of a series may stand."""


class Manner(NamedTuple):
    """How a text tells its phases.

    `detailed`: each is one piece of work, with its code; `parts`: by labelled parts; `topics`: the labels of what is told of
    each; `told`: what stands behind other text says more of a phase.
    """

    detailed: bool
    parts: bool
    topics: Collection[str]
    told: bool


def fill(out: Outline) -> None:
    """Give every phase without tasks those of its contents, and every table of tasks in a section of work its rows."""
    if not out.drafts:
        _duration_phases(out)
    retold.families(out)
    empty = [draft.block for draft in out.drafts.values() if draft.role == "phase" and not draft.kids]
    delivered.take(out)
    manner = _manner(out, empty)
    for draft in list(out.drafts.values()):
        if draft.role == "phase":
            if draft.kids:
                _rows(out, draft, [each for each in _subsections(out, draft.block) if classify(each.text)[0] == "TASK"])
            else:
                _fill(out, draft, manner)
        elif draft.rule == "numbered heading" and not draft.kids:
            _rows(out, draft, [draft.block])
    retold.sketches(out)
    retold.empty_families(out)
    _elsewhere(out)
    retold.timelines(out)


def _manner(out: Outline, phases: list[Block]) -> Manner:
    told = [[phase, *_subsections(out, phase)] for phase in phases]
    items = [item for sections in told for item in _items(out, sections)]
    parts, topics = _labelled_parts(out, phases), _topics(out, phases)
    return Manner(_shows_code(out, told, items), parts, topics, _says_more(out, told, items))


def _elsewhere(out: Outline) -> None:
    """What sections of work list beside the phases; `Implementation order` only puts headings of tasks in order."""
    drafts = list(out.drafts.values())
    listed = any(draft.block.box is not None or draft.rule in LISTED for draft in drafts)
    lists = frozenset({"BACKLOG", "FUTURE"} if listed else ())
    held = {draft.block.section for draft in drafts}
    heads = any(draft.role == "head" for draft in drafts)
    finished = any(heading.cls == "DONE" for heading in out.headings)
    titles = frozenset(normal(draft.title) for draft in drafts if finished)
    for heading in out.headings if drafts else ():
        orders = heads and ORDER.search(heading.text)
        if heading.cls == "UNKNOWN":
            _tabled(out, heading)
        elif heading.cls in LIST_CLASSES and heading.line not in out.drafts and not orders:
            _listed(out, heading, lists, held, titles)


def _listed(
    out: Outline, heading: Block, lists: frozenset[str], held: set[Block | None], titles: frozenset[str]
) -> None:
    """What a section of work lists beside the tasks of other places, `titles`: rows, numbered headings, bullets of `lists`."""
    for table in tables.under(out, heading):
        found = tables.columns(table)
        of_files = found is not None and found.kinds[0] == "files" and bool(OF_FILES.search(heading.text))
        if found is not None and not of_files and (found.key >= 0 or tables.calls_tasks(table, found)):
            tables.take(out, table, found, out.above(heading))
    _counted_heads(out, heading, held)
    items = out.direct.get(heading.line, ())
    told = heading.section is not None and heading.section.cls in NEGATIVE  # `Must have` below `Priorities` ranks
    wanted = heading.cls in lists or (heading.cls == "DONE" and _all_done(heading, items))
    named = wanted and (named_so(heading) or _in_backlog(out, heading)) and out.above(heading) is None and not told
    if named and all(item.box is None for item in items):
        again = [item for item in items if heading.cls == "DONE" and normal(plain(item.text)) in titles]
        for item in again:
            item.fate, item.why = "duplicate", "says again what a task says"
        take_items(out, list(filter(plain_task, items)), 0.7, heading.cls)


def _in_backlog(out: Outline, heading: Block) -> bool:
    """`### Player` over a list below `## Backlog` is a topic of it; below what is called more than that it may be anything."""
    section = heading.section
    named = section is not None and named_so(section) and share(section.text) == 1
    topic = not acts(heading.text) and not asks(heading.text)
    return named and topic and _begins_with_list(out, heading)


def _all_done(heading: Block, items: Sequence[Block]) -> bool:
    """Say whether a section lists what is done: it is called so, and by nothing else, or each item has the mark of it."""
    named = share(heading.text) == 1 or heading.text.startswith(words.DONE_MARKS)
    return named or (len(items) > 1 and all(item.text.startswith(words.DONE_MARKS) for item in items))


def _tabled(out: Outline, heading: Block) -> None:
    """What a section of no known class lists in a table that calls it tasks."""
    for table in tables.under(out, heading):
        found = tables.columns(table)
        if found is not None and tables.names_tasks(table, found):
            tables.take(out, table, found, out.above(heading))


def _counted_heads(out: Outline, heading: Block, held: set[Block | None]) -> None:
    """`1. Draw it ⬜` and its like are tasks where nothing below them is, and their section or their marks say so.

    So are those that go on counting from such; a word in a longer title makes none of them a section that tells.
    """
    heads = [each for each in out.subheadings(heading) if out.head(each).role == "numbered"]
    heads = [each for each in heads if each.cls not in NEGATIVE or share(out.head(each).title) < 0.5]
    if len(heads) < 2 or not named_so(heading) or not held.isdisjoint(heads):
        return
    marked = sum(map(_marked, heads))
    if marked * 2 > len(heads) or share(heading.text) > 0.5 or _goes_on(out, heads[0]):
        for each in [each for each in heads if each.line not in out.drafts]:
            each.candidate = True
            draft = from_heading(each, out.head(each), COUNTED, 0.7)
            out.drafts[each.line] = draft.hang(out.above(heading))


def _goes_on(out: Outline, heading: Block) -> bool:
    """Say whether the last numbered heading before this one has the number before its, and is a task."""
    place = bisect_left(out.headings, heading.line, key=lambda each: each.line)
    near = [each for each in out.headings[max(0, place - NEAR) : place] if out.head(each).role == "numbered"]
    number, last = out.head(heading).number, out.head(near[-1]).number if near else ""
    counts = number.isdecimal() and last.isdecimal() and int(number) == int(last) + 1
    return counts and near[-1].line in out.drafts and out.drafts[near[-1].line].rule == COUNTED


def take_held(out: Outline, item: Block, parent: Draft, rule: str) -> None:
    """Take what stands below a plain item as tasks where it groups them; elsewhere it describes the item.

    `Day 2` over a list is a phase; what a text called `TODO` sets in below a plain bullet is work too, and so is what ends
    in a mark of its own below what has one.
    """
    kids = [kid for kid in item.kids if kid.kind == "item" and plain_task(kid)]
    states = _STATES.search(item.text) or all(map(_STATES.search, (kid.text for kid in kids)))
    fielded = any(field_kind(kid.text) for kid in item.kids)
    told = states or fielded or heading_mark(item.text) == "done"  # below what is done stands how it was done
    listed = (_in_phases(item) or (not item.number and lists_work(out))) and not told
    ended = _marked(item) and sum(kid.text.endswith(MARKS) for kid in kids) * 2 > len(kids) > 1
    marked = ended or (heading_mark(item.text) != "done" and sum(map(_has_mark, kids)) * 2 > len(kids) > 1)
    if listed or marked or head(item.text).role == "phase":
        for kid in kids if not listed else [kid for kid in kids if acts(kid.text) or not _REMARK.match(kid.text)]:
            out.drafts[kid.line] = draft = from_item(kid, out.dialect, rule, 0.7).hang(parent)
            if listed:
                take_held(out, kid, draft, rule)


def _in_phases(item: Block) -> bool:
    """Say whether an item is numbered below `Milestones`: each is one, and what stands below it is its work."""
    return bool(item.number) and item.section is not None and bare(item.section.text).lower() in _PHASES


def _has_mark(item: Block) -> bool:
    return item.text.startswith(MARKS) or item.text.endswith(MARKS)


def _marked(item: Block) -> bool:
    return any(map(item.text.__contains__, MARKS))


def take_items(out: Outline, items: list[Block], confidence: float, cls: str) -> None:
    """Make a task of each item, or paragraph, of a section of class `cls`."""
    for block in items:
        rule = "bullet" if block.kind == "item" else "paragraph"
        rule = "numbered list item" if block.number else rule
        draft = from_item(block, out.dialect, f"{rule} of a task section", confidence)
        if cls == "FUTURE":
            draft.confidence = 0.5
        out.drafts[block.line] = draft.hang(out.above(block.section))
        take_held(out, block, draft, "item of a group of tasks")


def _shows_code(out: Outline, told: list[list[Block]], items: list[Block]) -> bool:
    """Say whether most phases show code and most of their bullets name some: then each is one piece of work, told in detail."""
    shown = _showing(out, told, frozenset())
    if shown < 2 or shown * 2 <= len(told):
        return False
    if sum(bool(item.number) and item.text.startswith(("**", "__")) for item in items) * 2 > len(items):
        return False  # titles that are counted are tasks of their own
    return sum("`" in item.text for item in items) * 5 > len(items) * 3 > 0


def _says_more(out: Outline, told: list[list[Block]], items: list[Block]) -> bool:
    """Say whether many phases show code and few of their bullets act: what stands behind other text says more of a phase."""
    shown = _showing(out, told, _PICTURES)
    return shown > 1 and shown * 3 >= len(told) and sum(acts(item.text) for item in items) * 2 < len(items)


def _showing(out: Outline, told: list[list[Block]], but: Collection[str]) -> int:
    """Count the phases with a fence of any kind `but` these; of each its heading and those below it are given."""
    fences = [block for block in out.doc.blocks if block.kind == "fence" and block.text.lower() not in but]
    fenced = {block.section.line for block in fences if block.section is not None}
    return sum(any(each.line in fenced for each in sections) for sections in told)


def _fill(out: Outline, phase: Draft, manner: Manner) -> None:
    below = [phase.block, *_subsections(out, phase.block)]
    if heading_mark(phase.block.text) == "done":  # what stands under a topic of a finished phase tells how it was done
        below = [each for each in below if each is phase.block or classify(each.text)[0] in LIST_CLASSES]
    sections = [each for each in below if each is phase.block or _holds_work(out, each)]
    counted = _counted_paras(out, below)
    if not counted and text_headings(out, phase.block, phase, detailed=manner.detailed):
        return
    if manner.parts and (held := _listing(out, phase.block)):
        take_headings(out, held, phase)
        return
    if not counted and (manner.detailed or _rows(out, phase, below)):
        return
    if manner.told:
        sections = [
            each for each in sections if named_so(each) or (each is phase.block and _begins_with_list(out, each))
        ]
    for block in counted or _items(out, sections):
        if _topic(block) in manner.topics:
            continue
        draft = from_item(block, out.dialect, "bullet of a phase", 0.7)
        out.drafts[block.line] = draft.hang(phase)
        take_held(out, block, draft, "bullet of an area of a phase")
    if not phase.kids and not out.direct.get(phase.line):
        _only_table(out, phase)


def _only_table(out: Outline, phase: Draft) -> None:
    """A phase that holds nothing but a table is made of its rows: `| Directive | Effort |`."""
    held = tables.under(out, phase.block)
    if len(held) == 1 and not out.subheadings(phase.block) and len(held[0].kids) > 1:
        found = tables.columns(held[0]) or tables.first(held[0])
        if found is not None:
            tables.take(out, held[0], found, phase, 0.6)


def _begins_with_list(out: Outline, heading: Block) -> bool:
    first = out.first.get(heading.line)
    return first is not None and first.kind == "item"


def _counted_paras(out: Outline, sections: list[Block]) -> list[Block]:
    """Paragraphs that begin in bold and count on, `**1. Draw it:**` or `**2a. Move it** - why`, are the parts of a phase."""
    found = [para for each in sections for para in out.paras.get(each.line, ()) if _COUNTED.match(para.text)]
    return found if len(found) > 1 else []


def _topics(out: Outline, phases: list[Block]) -> Collection[str]:
    """The labels that begin a bullet in many phases: they tell the same of each, as `Goal:` does, in whatever language."""
    found = Counter(topic for phase in phases for topic in {_topic(item) for item in out.direct.get(phase.line, ())})
    return {topic for topic, count in found.items() if topic and count >= MANY and not (" " in topic and acts(topic))}


def _topic(item: Block) -> str:
    found = _TOPIC.match(item.text)
    return found[1].lower() if found is not None and not state_of_label(found[1]) else ""


def _labelled_parts(out: Outline, phases: list[Block]) -> bool:
    """Say whether most headings below the phases stand over lists of `**Label:** what`: each label tells a part of one."""
    lists = [out.direct[each.line] for phase in phases for each in _listing(out, phase)]
    told = sum(all(_LABELLED.match(item.text) and not _CODED.match(item.text) for item in items) for items in lists)
    return len(lists) >= MANY and told * 2 > len(lists)


def _listing(out: Outline, phase: Block) -> list[Block]:
    return [each for each in out.subheadings(phase) if each.line in out.direct and may_work(out, each)]


def _holds_work(out: Outline, section: Block) -> bool:
    """`### Files to change` over a list of paths says where a phase is done, not what; `### File upload` is work."""
    items = out.direct.get(section.line, ())
    if section.cls in NEGATIVE:
        return TESTS.match(section.text) is not None and section.cls == "NONTASK" and mostly_acts(out, section, items)
    return not (
        OF_FILES.search(section.text) and sum(bool(_AT_PATH.match(item.text)) for item in items) * 2 > len(items)
    )


def _rows(out: Outline, parent: Draft, sections: list[Block]) -> bool:
    taken = False
    for section in sections:
        for table in tables.under(out, section):
            found = tables.columns(table)
            if found is not None and (found.sure or tables.calls_tasks(table, found)):
                taken = tables.take(out, table, found, parent) or taken
    return taken


def _items(out: Outline, sections: list[Block]) -> list[Block]:
    direct = [item for section in sections for item in out.direct.get(section.line, ())]
    found = [item for item in direct if plain_task(item)]
    found = [item for item in found if item.label in WORK_KINDS] or found  # `Key tasks:` beside `Scope:` and `Outcome:`
    fields = sum(bool(field_kind(item.text)) for item in direct)
    if fields * 2 >= len(direct):  # beside `- Input: x` and `- Output: y` what begins with any label is a field too
        found = [item for item in found if not FIELD_BULLET.match(item.text)]
    if any(item.number for item in found):
        found = [item for item in found if item.number]  # bullets beside a numbered list say more of it
    return sorted(found, key=lambda block: block.line)


def _duration_phases(out: Outline) -> None:
    """Sibling headings that each name a duration, such as `Design (2-3 weeks)`, are phases."""
    timed = [
        block
        for block in out.headings
        if (_DURATION.search(block.text) or _SPAN.match(block.text)) and out.direct.get(block.line)
    ]
    timed = [block for block in timed if not named_so(block)]  # `Near term (0-3 months)` tells when, and groups nothing
    if len(timed) < 2 or len({block.level for block in timed}) > 1:
        return
    for block in timed:
        draft = from_heading(block, out.head(block), "heading with a duration", 0.7)
        draft.role, block.candidate = "phase", True
        out.drafts[block.line] = draft


def _subsections(out: Outline, heading: Block) -> list[Block]:
    below = [block for block in out.subheadings(heading) if block.line not in out.drafts]
    return [each for block in below for each in (block, *_subsections(out, block))]
