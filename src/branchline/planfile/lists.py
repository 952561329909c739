"""The lists that are work where no section says so: those that count, act or tell states (rule 7)."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from branchline.planfile import labels, words
from branchline.planfile.blocks import Block
from branchline.planfile.contents import MARKS, take_items
from branchline.planfile.drafts import ID, Draft, from_item, plain, whole_title
from branchline.planfile.fields import mark_of, state_of_label
from branchline.planfile.outline import Outline
from branchline.planfile.plain import MANY, NEGATIVE, may_act, may_work, mostly_acts, named_so, plain_task
from branchline.planfile.sections import head, says_todo
from branchline.planfile.verbs import acts

_TOLD = re.compile(r"(?!\w{1,4}-?\d)[^\W_][^:：*`.]{0,30}[:：](?:\s|[^\x00-\x7f]|`)")
_CODED = re.compile(r"[A-Za-z]{1,8}\d*-\d+|[A-Z]\d{3}")
_DIGITS = re.compile(r"\d+")
_LEGEND = re.compile(r"\W{1,4}(?:[=:]|means\b)|\W{0,4}[^,]{0,30}[,;]\s?[^\w\s]{1,2}\ufe0f?\s")
_BRACKETED = re.compile(r"[*_]{0,2}\[([^\[\]]{2,30})\][*_]{0,2}\s")


def numbered(out: Outline) -> None:
    """Take the numbered lists that tell the work where no section does, and those of the sections beside theirs."""
    work = numbered_work(out)
    places = {(heading.section, heading.level) for heading, _ in work}
    for heading in out.headings if work else ():
        items = [item for item in out.direct.get(heading.line, ()) if item.number and plain_task(item)]
        beside = heading.cls == "UNKNOWN" and (heading.section, heading.level) in places and may_act(items)
        if (heading, items) in work or beside:
            take_items(out, items, 0.7, heading.cls)


def counted(out: Outline) -> None:
    """Take the lists of a section of which each item begins with a word that counts on: `Day 1: Draw it`, `Day 2: Send it`."""
    named = any(named_so(heading) and out.direct.get(heading.line) for heading in out.headings)
    for heading in out.headings:
        if named and heading.cls in NEGATIVE:
            continue
        items = [item for item in out.direct.get(heading.line, ()) if plain_task(item)]
        said = [head(item.text) for item in items]
        numbers = [re.match(r"\d+", each.number) for each in said if each.role == "phase"]
        first = [int(number[0]) for number in numbers if number is not None]
        counts = MANY <= len(items) == len(first) and first[0] < 2 and all(one < two for one, two in pairwise(first))
        if counts and heading.cls != "CRITERIA":
            take_items(out, items, 0.6, heading.cls)
            for item in items:
                out.drafts[item.line].title = plain(whole_title(item))


def marked(out: Outline) -> None:
    """Take bullets that begin with how far they are, `✅ Draw it`, `[done] Move it`, where most bullets of a text do."""
    lists = [(heading, list(filter(_bullet, out.direct.get(heading.line, ())))) for heading in out.headings]
    title = out.headings[:1]  # which says what the text is about, and not what stands right below it
    lists = [(each, items) for each, items in lists if each in title or each.cls not in ("CRITERIA", "NONTASK")]
    told = [item for _, items in lists for item in items if _tells_state(item)]
    if MANY <= len(told) > sum(len(items) for _, items in lists) * 2 / 3:
        for heading, items in lists:
            if any(map(_tells_state, items)):
                take_items(out, items, 0.7, heading.cls)


def _tells_state(item: Block) -> bool:
    return item.text.startswith(MARKS) or _brackets_state(item)


def _brackets_state(item: Block) -> bool:
    """`[done] Draw it` and `**[PENDING]** Draw it`; `[CRITICAL]` is no state."""
    said = _BRACKETED.match(item.text)
    return said is not None and bool(mark_of(said[1]) or state_of_label(said[1]))


def _bullet(item: Block) -> bool:
    return plain_task(item) and not item.number and not head(item.text).role


def ticked(out: Outline) -> None:
    """`- ✅ Draw it` in a list of boxes is one that is done; `- ✅ means done` says so itself."""
    for items in out.direct.values():
        boxes = [item for item in items if item.box is not None and item.line in out.drafts]
        for item in items if boxes else ():
            if item.text.startswith(MARKS) and item.box is None and plain_task(item) and not _LEGEND.match(item.text):
                draft = from_item(item, out.dialect, "item with the mark of what is done among boxes", 0.8)
                out.drafts[item.line] = draft.hang(out.drafts[boxes[0].line].parent)


def labelled(out: Outline) -> None:
    """What a heading that is a task lists under the label `Tasks:` are its tasks; what it lists otherwise says how it is done."""
    for draft in [draft for draft in out.drafts.values() if draft.role == "head" and not draft.kids]:
        direct = out.direct.get(draft.line, ())
        below = [kid for item in direct if labels.kind(item.text) == "TASKS" for kid in item.kids]  # `- **Tasks:**`
        items = [
            item for item in (*direct, *below) if item.label == "TASKS" and item.kind == "item" and plain_task(item)
        ]
        items = items or _numbered_within(draft, direct)
        if len(items) > 1:
            draft.role = "phase"
            for block in items:
                out.drafts[block.line] = from_item(block, out.dialect, "item of a list of tasks", 0.7).hang(draft)


def named(out: Outline) -> None:
    """Take the numbered list of a section that is called the list of the work, whatever else is work: `Task breakdown`.

    So is one of which each item begins with its state: `1. **[DONE]** Draw it`.
    """
    for heading in out.headings:
        name = head(heading.text).title.lower().strip(" .:：*")
        items = out.direct.get(heading.line, ()) if heading.line not in out.drafts else ()
        chosen = [item for item in items if item.number and plain_task(item)]
        told = name in words.BREAKDOWNS or all(map(_brackets_state, chosen))
        if told and len(chosen) >= MANY and not any(item.line in out.drafts for item in items):
            take_items(out, chosen, 0.7, heading.cls)


def numbered_work(out: Outline) -> list[tuple[Block, list[Block]]]:
    """Find the numbered lists of sections on order, else those of which most items act, wherever they may stand."""
    said = [(heading, out.direct.get(heading.line, ())) for heading in out.headings]
    lists = [(heading, [item for item in items if item.number and plain_task(item)]) for heading, items in said]
    ordered = [(heading, items) for heading, items in lists if heading.cls == "ORDER" and len(items) >= MANY]
    acting = [(heading, items) for heading, items in lists if len(items) > 1 and mostly_acts(out, heading, items)]
    # A shorter list beside such a one is alike.
    sure = {heading.level for heading, items in acting if len(items) >= MANY}
    return ordered or [(heading, items) for heading, items in acting if heading.level in sure]


def unknown(out: Outline) -> None:
    """Take the numbered lists of sections that say nothing of what they are; a text with one is rarely without work."""
    for heading in out.headings:
        items = [item for item in out.direct.get(heading.line, ()) if item.number and plain_task(item)]
        if heading.cls == "UNKNOWN" and heading.line not in out.strong and len(items) >= MANY:
            take_items(out, items, 0.5, heading.cls)


def acting(out: Outline) -> None:
    """Take the only list of a text that mostly says what to do, of whatever section may hold work: `Scope` of a small plan."""
    found = []
    for heading in out.headings:
        items = [item for item in out.direct.get(heading.line, ()) if plain_task(item)]
        weak = heading.cls not in ("CRITERIA", "ORDER", "DECLINED") and heading.line not in out.strong
        if weak and len(items) > 1 and sum(acts(item.text) for item in items) * 3 >= len(items) * 2:
            found.append((heading, items))
    for heading, items in found if len(found) == 1 else ():
        take_items(out, items, 0.5, heading.cls)


def lines(out: Outline) -> None:
    """Take the paragraphs of one line of a text called `TODO` that is made of them: each is one piece of work."""
    if not any(map(says_todo, (out.doc.name, *(title.text for title in out.headings[:1])))):
        return
    paras = [block for block in out.doc.blocks if block.kind == "para" and block.parent is None]
    paras = [para for para in paras if para.section is None or para.section.cls not in NEGATIVE]
    short = [para for para in paras if len(para.lines) == 1 and plain_task(para) and para.text[-1:] not in ":："]
    acting_ = sum(acts(para.text.lstrip("/ ")) for para in short) * 3 >= len(short)
    if acting_ and len(short) > MANY and len(short) * 3 > len(paras) * 2:
        take_items(out, short, 0.5, "")
        for para in short:
            para.candidate = True


def describes(items: list[Block]) -> bool:
    """A section of unknown class whose bullets are `Layer: what it is` tells of something; ids are no such labels."""
    said = sum(bool(_TOLD.match(item.text)) for item in items if not item.number)
    return said > 1 and said * 2 > len(items)


def _numbered_within(draft: Draft, items: Sequence[Block]) -> list[Block]:
    """List what stands below `- **Subtasks:**` of `Task 2`, where all of it counts as `2.1`, `2.2`."""
    kids = [kid for item in items if labels.kind(item.text) == "subtasks" for kid in item.kids if plain_task(kid)]
    within = bool(draft.number) and all(kid.text.startswith(f"{draft.number}.") for kid in kids)
    return kids if within else []


def coded_alike(out: Outline) -> None:
    """Where headings or boxes with codes such as `P0-1` are the tasks, items that begin with `P1-1` are tasks too."""
    coded = [draft for draft in out.drafts.values() if draft.role in ("head", "item") and _CODED.fullmatch(draft.hard)]
    shapes = Counter(_DIGITS.sub("9", draft.hard) for draft in coded)
    known = {draft.hard for draft in coded}
    for item in out.items if shapes else ():
        works = item.section is None or may_work(out, item.section)
        if works and item.parent is None and item.line not in out.drafts and plain_task(item):
            found = ID.match(plain(item.text))
            if found is not None and found[1] not in known and shapes[_DIGITS.sub("9", found[1])] > 1:
                draft = from_item(item, out.dialect, "item with a code like those of the tasks", 0.8)
                out.drafts[item.line] = draft.hang(out.above(item.section))
