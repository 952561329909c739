"""Headings that are tasks by what stands below them: fields, a text, a table of one row (rule 7)."""

from collections import Counter

from branchline.planfile import tables
from branchline.planfile.blocks import Block
from branchline.planfile.drafts import from_heading
from branchline.planfile.fields import field
from branchline.planfile.outline import Outline
from branchline.planfile.plain import (
    LIST_CLASSES,
    MANY,
    NEGATIVE,
    begins_with_text,
    calls_itself_work,
    may_work,
    named_so,
    says_plan,
)
from branchline.planfile.sections import classify, names_list, says_todo
from branchline.planfile.verbs import acts


def tabled(out: Outline) -> None:
    """Headings of which each has its priority, size or state in a table of one row are tasks."""
    take(out, [each for each in out.headings if any(map(tables.of_heading, tables.under(out, each)))])


def dependent(out: Outline) -> None:
    """Headings of which most of a level say what they wait for are tasks: `- **Depends on:** none`.

    So do modules and services; the text must call itself work, and list none elsewhere.
    """
    waiting = [heading for heading in out.headings if _says(out, heading, "depends")]
    level = min((heading.level for heading in waiting), default=0)
    like = [each for each in out.headings if each.level == level and may_work(out, each)]
    titled = any(map(says_plan, out.headings[:1])) or any(map(names_list, (each.text for each in out.headings[:1])))
    listed = any(named_so(each) and out.direct.get(each.line) for each in out.headings if each not in waiting)
    if titled and not listed and sum(each.level == level for each in waiting) * 2 > len(like):
        take(out, like)


def _says(out: Outline, heading: Block, *kinds: str) -> bool:
    """Say whether a line of the paragraphs and items below a heading is a field of one of these kinds."""
    below = (*out.paras.get(heading.line, ()), *out.direct.get(heading.line, ()))
    said = (field(*line) for block in below for line in block.lines)
    return any(each is not None and each.kind in kinds for each in said)


def take(out: Outline, found: list[Block], rule: str = "heading of fields") -> None:
    """Make a task of each of these headings, where they are more than one."""
    for block in found if len(found) > 1 else ():
        block.candidate = True
        out.drafts[block.line] = from_heading(block, out.head(block), rule, 0.8).hang(out.above(block.section))


def wishes(out: Outline) -> None:
    """Take the headings of a level that mostly say what to do, each over a text, where the title calls the whole a plan."""
    for level in (2, 3) if calls_itself_work(out) else ():
        heads = [each for each in out.headings if each.level == level and each.line in out.paras]
        heads = [each for each in heads if each.line not in out.strong and not out.head(each).role]
        if len(heads) >= MANY and sum(acts(each.text) for each in heads) * 3 >= len(heads) * 2:
            take(out, heads, "heading that says what to do")
            return


def told(out: Outline) -> None:
    """Take the headings of a list of work, `TODO` or `Backlog`, most of which stand over a text: each tells one piece of work."""
    title = next((block for block in out.headings if block.level == 1), None)
    if title is None or not (names_list(title.text) or says_todo(title.text)):
        return
    heads = [each for each in out.headings if each is not title and may_work(out, each) and not out.subheadings(each)]
    said = Counter(each.text for each in out.headings)
    topics = {
        text for text, count in said.items() if count >= MANY and classify(text)[0] not in LIST_CLASSES
    }  # `### Priority` below each says more of it
    if topics:
        over = {each.line for each in out.headings if any(sub.text in topics for sub in out.subheadings(each))}
        beside = {(each.section, each.level) for each in out.headings if each.line in over}
        alike = [each for each in out.headings if each.line in over or (each.section, each.level) in beside]
        heads = [each for each in alike if each is not title and may_work(out, each)]
    told = [each for each in heads if begins_with_text(out, each) and not _leads(out.first[each.line])]
    listed = sum(each.line in out.direct and each not in told for each in heads)
    if len(told) >= MANY and len(told) > 2 * listed:
        take(out, told, "heading over a text")


def _leads(para: Block) -> bool:
    """Say whether a paragraph is but the label of the list below it: `**Worth doing soon:**`."""
    return para.text.startswith(("**", "__")) and para.text.rstrip("*_ ").endswith((":", "："))


def accepted(out: Outline) -> None:
    """Headings of which two of a level say what is accepted, or their state, are tasks, with those beside them that speak."""
    saying = [each for each in out.headings if each.cls not in NEGATIVE and _says(out, each, "criteria", "status")]
    level = min((heading.level for heading in saying), default=0)
    if sum(heading.level == level for heading in saying) > 1:
        take(out, [heading for heading in out.headings if heading.level == level and _beside(out, heading)])


def _beside(out: Outline, heading: Block) -> bool:
    above = heading.section.cls if heading.section is not None else ""
    return may_work(out, heading) and above not in (*NEGATIVE, "DECLINED") and heading.line in out.paras
