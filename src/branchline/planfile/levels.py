"""Headings that are tasks, hold them or plan nothing by what a level of them has in common (rules 5 and 7)."""

import re
from collections.abc import Collection
from string import ascii_lowercase

from branchline.planfile import labels, tables, words
from branchline.planfile.blocks import Block
from branchline.planfile.drafts import Draft, from_heading
from branchline.planfile.outline import Outline
from branchline.planfile.plain import (
    MANY,
    NEGATIVE,
    TESTS,
    begins_with_text,
    may_work,
)
from branchline.planfile.sections import STATE_OF, Head, bare, classify, head, series, share
from branchline.planfile.verbs import acts

_COUNTED = re.compile(
    r"([^\W\d_]{3,20}(?: [^\W\d_]{3,20})?|PR) (\d{1,3}(?:\.\d{1,2})?)(?:\s*[:：—–-]\s*|\s*(?=[(（])|$)(.*)", re.DOTALL
)
_MONTH = re.compile(
    r"(?:(?:WB|W/[BC]|Week of|Week beginning|By(?: the)?(?: end of| mid)?)[. -]{1,2})?(?:\d{1,2}(?:st|nd|rd|th)? )?"
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
    r"(?: \d{1,2}(?:st|nd|rd|th)?)?,?(?: 20\d\d)?(?:\s*(?:[-–—:(])\s*([^\n]{0,80}))?\s*",
    re.IGNORECASE,
)
_PAREN = re.compile(r"[(（][^()（）]{0,80}[)）]")
_REMARK = re.compile(r"[(（][^()（）]{1,40}\s[^()（）]{1,80}[)）]")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_RANKS = ("优先", "優先", "紧急", "緊急", "必须", "必須", "重要", "우선", "긴급")
_NOTHING = re.compile(r"[*_(]{0,3}No\b[^.—–]{0,60}\b(?:required|needed|necessary|prerequisites|tasks)\b", re.IGNORECASE)
_NEEDLESS = re.compile(
    r"No (?:code |further |other )?(?:changes?|work|action|tasks?|steps?) (?:is |are )?(?:required|needed|necessary)\W*$",
    re.IGNORECASE,
)


def counted_codes(headings: list[Block]) -> dict[int, Head]:
    """Headings such as `M0 - x`, `M1 - y`, or `H1 x`, `H2 y`, or `Alpha`, `Beta`, where two of a level count on.

    Names of things are none: `P0` to `P4` alone are priorities, `H1` and `H2` alone are headings of HTML.
    """
    found: dict[tuple[int, str, str], dict[int, Head]] = {}
    for block in headings:
        said = series(block.text)
        if said is not None and head(block.text).role != "version":
            family = _letters(said.id) if said.key == "id" else said.key
            found.setdefault((block.level, said.role, family), {})[block.line] = said
    counted = [
        each for kind, each in found.items() if _counts_on(each.values(), releases=kind[1:] == ("version", "version"))
    ]
    return {line: said for heads in counted for line, said in heads.items()}


def worded(out: Outline) -> dict[int, Head]:
    """Headings of a level that count on by any words over work, `Delivery 03` or `Big plan 1: Rim`, are phases."""
    found: dict[tuple[int, str], dict[int, Head]] = {}
    for block in out.headings:
        said = _COUNTED.match(bare(block.text)) if not head(block.text).role else None
        word = said[1].lower() if said else ""
        if said and classify(word)[0] not in NEGATIVE and words.NO_SERIES.isdisjoint(word.split()):
            within = said[2].rpartition(".")[0]
            found.setdefault((block.level, f"{word} {within}"), {})[block.line] = Head(
                "phase", word, said[2], said[3].strip()
            )
    counted = [heads for heads in (*found.values(), *_dated(out)) if len(heads) > 1 and _one_by_one(heads)]
    holding, boxed = (over(out, acting=acting) for acting in (True, False)) if counted else (set(), set())
    chosen: dict[int, Head] = {}
    for heads in counted:
        dotted = any("." in said.number for said in heads.values())  # `Work package 1.2` is a part of a phase itself
        if len((boxed if dotted else holding) & heads.keys()) * 2 > len(heads):
            chosen |= heads
        elif len(heads) >= MANY and all(said.title for said in heads.values()):
            chosen |= {line: said._replace(role="task") for line, said in heads.items()}
    return chosen


def _dated(out: Outline) -> list[dict[int, Head]]:
    """Headings of a level that are months or weeks by their dates: `June - Prepare`, `WB. 10th November`."""
    found: dict[int, dict[int, Head]] = {}
    for block in out.headings:
        said = _MONTH.fullmatch(bare(block.text))
        if said is not None:
            heads = found.setdefault(block.level, {})
            heads[block.line] = Head("phase", "month", str(len(heads) + 1), said[1] or "")
    return list(found.values())


def _one_by_one(heads: dict[int, Head]) -> bool:
    numbers = [int(said.number.rpartition(".")[2]) for said in heads.values()]
    return numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def over(out: Outline, *, acting: bool) -> set[int]:
    """The lines of the headings below which, at any depth, stands a box or, if `acting`, an item that says what to do."""
    found: set[int] = set()
    open_: list[Block] = []
    work = (item for item in out.items if item.box or (acting and acts(item.text)))
    for block in sorted([*out.headings, *work], key=lambda each: each.line):
        if block.kind != "heading":
            found.update(heading.line for heading in open_)
            continue
        while open_ and open_[-1].level >= block.level:
            open_.pop()
        open_.append(block)
    return found


def _letters(code: str) -> str:
    return code.rstrip("0123456789.abcdefghijklmnopqrstuvwxyz")


def _counts_on(heads: Collection[Head], *, releases: bool) -> bool:
    """Say whether two of these codes differ, and one at least is no name of a thing, as `V1` may be where it is no release."""
    codes = {said.id.lower() for said in heads}
    ranked = all(said.key == "p" for said in heads) and not any(_is_rank(said.title) for said in heads)
    return len(codes) > 1 and (releases or ranked or not codes <= words.NOT_IDS)


def _is_rank(title: str) -> bool:
    """Say whether a title says no more than how much what stands below it matters: `Critical`, `高优先级`."""
    told = _PAREN.sub("", title).lower()
    said = set(_WORD.findall(told)) - words.RANKS
    return classify(title)[0] in STATE_OF or not said or any(map(told.__contains__, _RANKS))


def outcomes(out: Outline) -> None:
    """Beside a section that is called `Tasks` and lists them, `Deliverables` and `Tests` say what comes out of it all."""
    for sections in out.subs.values():
        if any(_lists_work(out, each) for each in sections):
            for each in [each for each in sections if _is_outcome(each)]:
                each.cls = "CRITERIA"
                out.strong.add(each.line)


def _lists_work(out: Outline, heading: Block) -> bool:
    said = classify(heading.text)[0] == "TASK" and share(heading.text) == 1 and not _is_outcome(heading)
    said = said and not _REMARK.search(heading.text)  # `Actions (by key)` is a topic
    return said and bool(out.direct.get(heading.line) or out.subheadings(heading))


def _is_outcome(heading: Block) -> bool:
    said = labels.KINDS.get(bare(heading.text).lower().strip(" :*_"))
    return said in labels.CRITERIA_KINDS or TESTS.match(heading.text) is not None


def settle(out: Outline) -> None:
    """Drop the phases in which nothing is planned."""
    phases = [draft for draft in out.drafts.values() if draft.role == "phase"]
    holding = {draft.key for draft in phases if draft.kids} - {"version"}
    for draft in phases:
        bare = draft.key in holding and not draft.kids
        if bare and (not out.head(draft.block).title or _is_needless(out, draft.block)):
            out.drop(draft, "ignored", "a phase that holds no task, by its own words or for want of a title")


def needless(title: str) -> bool:
    """Say whether a heading is one below which nothing is to be done: `No changes needed`."""
    return _NEEDLESS.match(title) is not None


def _is_needless(out: Outline, phase: Block) -> bool:
    """Say whether what stands below a phase begins by saying that there is nothing to do: `No setup tasks required`."""
    return any(_NOTHING.match(said.text) for said in out.paras.get(phase.line, ())[:1])


def text_headings(out: Outline, heading: Block, parent: Draft | None, *, detailed: bool = False) -> bool:
    """Take sub-headings as tasks: two or more without a list above them, counted by a phase or most with a text of their own.

    In phases told in detail (`detailed`) they hold code, tables and lists as well.
    """
    first = [each for each in _below(out, heading) if may_work(out, each) and each.line not in out.drafts]
    if not first or out.direct.get(heading.line) or tables.under(out, heading):
        return False
    goes_on = _goes_on(out, first)
    if len(first) < 2 and not goes_on:
        return False
    counted = goes_on or (
        parent is not None
        and parent.role == "phase"
        and (_count_on([out.head(each) for each in first]) or _counts_within(parent, first))
    )
    if not counted and not detailed and sum(begins_with_text(out, each) for each in first) * 2 <= len(first):
        return False
    take_headings(out, first, parent)
    return True


def _goes_on(out: Outline, heads: list[Block]) -> bool:
    """Say whether numbered headings count on from those of the phase before, which are tasks: `7.` behind `6.`."""
    numbers = [int(said.number) if said.number.isdigit() else -1 for said in map(out.head, heads)]
    last = out.last_counted
    if last is None or last.line > heads[0].line or last.block.level != heads[0].level or not last.number.isdigit():
        return False
    return numbers == list(range(int(last.number) + 1, int(last.number) + 1 + len(numbers)))


def take_headings(out: Outline, headings: list[Block], parent: Draft | None) -> None:
    """Make a task of each heading, below `parent`."""
    for block in headings:
        block.candidate = True
        draft = from_heading(block, out.head(block), "heading of a phase", 0.7).hang(parent)
        out.drafts[block.line] = out.last_counted = draft


def _below(out: Outline, heading: Block) -> list[Block]:
    """The headings directly below one, or below the only one there, which says no more than where they belong."""
    below = out.subheadings(heading)
    while len(below) == 1 and len(out.subheadings(below[0])) > 1:
        below = out.subheadings(below[0])
    return below


def _count_on(heads: list[Head]) -> bool:
    """Say whether each of these numbers is the one behind the last: `4.`, `5.`, `6.`."""
    letters = [said.number[-1:].lower() for said in heads]
    if len({said.number[:-1] for said in heads}) == 1 and heads[0].number[:-1].isdigit():  # `5a`, `5b`
        return letters == list(ascii_lowercase[: len(letters)])
    numbers = [int(said.number) if said.number.isdigit() else -1 for said in heads]
    return numbers == list(range(max(0, numbers[0]), max(0, numbers[0]) + len(numbers)))


def _counts_within(phase: Draft, heads: list[Block]) -> bool:
    """Say whether headings count on from the number of their phase, by any word: `Issue 2.1`, `Issue 2.2` below `Phase 2`."""
    return phase.number.isdigit() and all(
        re.match(rf"\W*[^\W\d_]{{3,12}} {phase.number}\.\d", each.text) for each in heads
    )


def acting(out: Outline) -> None:
    """Take numbered headings most of which act, also below a title that tells: `Before you use the new structure`."""
    for heading in out.headings:
        said = [each for each in out.subheadings(heading) if out.head(each).role in ("numbered", "dotted")]
        work = [each for each in said if acts(out.head(each).title)]
        if heading.cls == "NONTASK" and heading.line not in out.strong and MANY <= len(work) > len(said) * 2 / 3:
            take_headings(out, work, out.above(heading))
