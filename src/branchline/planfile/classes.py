"""The class of each section, by the words of its heading, those above it and the tags around it (rule 2)."""

import re

from branchline.planfile import levels
from branchline.planfile.blocks import Block, Doc
from branchline.planfile.outline import Outline
from branchline.planfile.plain import LIST_CLASSES, MANY, NEGATIVE
from branchline.planfile.scan import MAX_NESTING
from branchline.planfile.sections import Head, bare, classify, head, only_tells, share
from branchline.planfile.words import GSD_TAGS

_TELLS_OF = re.compile(r"(?:(?:the|known|some|open) )?[^\W\d_]+ (?:of|for|on|behind|about)\s", re.IGNORECASE)
WEAK = 0.34
"""A heading of which the words that class it are no more than this share is classed by chance where it is one of a series."""


def sections(out: Outline) -> None:
    """Nest the headings by level and give each its class; a lone H1 names the plan and never classifies."""
    stack: list[Block] = []
    worded = levels.worded(out)
    boxed = levels.over(out, acting=False) if worded else set()
    counted = worded | levels.counted_codes(out.headings)
    firsts = [block for block in out.headings if block.level == 1]
    lone = firsts[0] if len(firsts) == 1 and len(out.headings) > 1 else None
    for block in out.headings:
        while stack and stack[-1].level >= block.level:
            stack.pop()
        block.section = stack[-1] if stack else None
        out.subs.setdefault(block.section.line if block.section is not None else 0, []).append(block)
        stack.append(block)
        block.cls = "NONTASK" if block is lone and only_tells(block.text) else "UNKNOWN"
        if block is not lone:
            told = block.section is not None and block.section.cls in NEGATIVE
            tells = block.line in worded and told and block.line not in boxed
            out.heads[block.line] = said = _head(out, block, {} if tells else counted)
            _classify(out, block, said)
    for heads in out.subs.values():
        _in_series(out, [each for each in heads if out.head(each).role in ("numbered", "dotted")])


def _in_series(out: Outline, heads: list[Block]) -> None:
    """Most of a numbered series being no sections that tell, a word alone makes none of the others: `6. Comment freshness`."""
    told = [each for each in heads if each.cls in NEGATIVE]
    weak = [each for each in told if _by_chance(each, out.head(each).title)]
    if len(heads) < MANY or not weak:
        return
    begins = heads[0] in told and heads[0] not in weak  # `1. Goals` begins a text that tells
    few = (len(told) - len(weak)) * 3 <= len(heads) and len(weak) * 2 < len(heads)
    if few and not begins:
        for each in weak:
            _reclass(out, each, each.section.cls if each.section is not None else "UNKNOWN")


def _by_chance(heading: Block, title: str) -> bool:
    """`Comment freshness` is classed by a word of it alone; `Risks of the upload` says what it tells."""
    return heading.cls != "CRITERIA" and share(title) <= WEAK and not _TELLS_OF.match(title)


def _reclass(out: Outline, heading: Block, cls: str) -> None:
    """Give a heading another class, and those below it that had theirs from it."""
    below = [each for each in out.subheadings(heading) if classify(out.head(each).title)[0] == "UNKNOWN"]
    for each in below:
        if each.cls == heading.cls:
            _reclass(out, each, cls)
    heading.cls = cls
    out.strong.discard(heading.line)


def _head(out: Outline, block: Block, counted: dict[int, Head]) -> Head:
    """What a heading says where it stands."""
    said = counted.get(block.line) or head(block.text)
    inner = head(said.title) if said.role == "dotted" else said
    said = inner if inner.role == "phase" else said  # `4.1 Phase 1: Base`
    untold = block.section is not None and block.section.cls in NEGATIVE and block.section.cls != "ORDER"
    if untold and said.role == "version":
        said = Head("", "", "", bare(block.text))  # `v1.2` of a changelog
    if block.line in counted and out.head(block.section).role == "phase":
        said = Head("task", "id", said.id, said.title, said.id)  # `S1 - Draw` below `Phase 1` is a task of it
    return said


def _classify(out: Outline, block: Block, said: Head) -> None:
    above = block.section.cls if block.section is not None else "UNKNOWN"
    if said.role in ("task", "step", "phase", "version") or block.box is not None:
        block.cls = above if above in ("FUTURE", "DECLINED", "DONE") else "TASK"
        return
    block.cls, strong = classify(said.title)
    above_strong = block.section is not None and block.section.line in out.strong
    told = above_strong and block.cls != "ORDER"  # what waits for what may be told in the notes
    if block.cls == "UNKNOWN" or told or (above == "FUTURE" and block.cls not in NEGATIVE):
        block.cls, strong = (above, above_strong) if above != "UNKNOWN" else (block.cls, strong)
    counted_work = said.role in ("numbered", "dotted") and above in ("TASK", "BACKLOG") and " " in said.title
    if block.cls == "NONTASK" and counted_work and (not strong or share(said.title) <= 0.5):
        block.cls, strong = above, False  # `B. Model architecture` among the numbered parts of a plan is work
    topic = not said.role and above in LIST_CLASSES and not out.head(block.section).role and share(said.title) <= 0.5
    if block.cls == "NONTASK" and topic and not strong:
        block.cls = above  # `Performance & scaling` below `To do` is a topic of the work
    if strong:
        out.strong.add(block.line)


def tags(doc: Doc) -> None:
    """Let the pseudo tags of GSD files (`<success_criteria>`) class what stands between them."""
    stack: list[str] = []
    for block in doc.blocks:
        if block.kind == "tag" and block.number in GSD_TAGS:
            if block.text.startswith("</"):
                if block.number in stack:
                    del stack[stack.index(block.number) :]
            elif len(stack) < MAX_NESTING:
                stack.append(block.number)
        elif stack and block.candidate:
            block.cls = GSD_TAGS[stack[-1]]
        elif stack and block.kind == "heading" and GSD_TAGS[stack[-1]] in NEGATIVE:
            block.cls, block.role = GSD_TAGS[stack[-1]], "tagged"
