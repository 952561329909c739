"""Tasks in a fence: `Task 1:` and what it does below, as PRP plans write them; lines that count on, where no others are."""

import re
from itertools import takewhile

from branchline.planfile.blocks import Block
from branchline.planfile.drafts import Draft, plain
from branchline.planfile.fields import field
from branchline.planfile.outline import Outline
from branchline.planfile.plain import LIST_CLASSES, MANY
from branchline.planfile.sections import Head, head, is_checklist, speaks_of_building

_LINE = re.compile(r"\s{0,8}(?:-\s+)?(.{3,200})$")
_MARKED = re.compile(r"\d\s*[:：.)–—-]")
_COUNTED = re.compile(r"(\d{1,3})[.)]\s+(?:\[[^\]]{1,20}\]\s)?(.+)")
_INFO = frozenset({"", "yaml", "yml", "text", "markdown", "md"})


def take(out: Outline) -> None:
    """Take the tasks of the fences in sections of tasks, where no others are but the boxes of checklists.

    Two of them make a list; the checklists beside it then say when the work is good.
    """
    others = [draft for draft in out.drafts.values() if draft.role != "phase"]
    if not all(_checks(draft) for draft in others):
        return
    taken = False
    for fence in [block for block in out.doc.blocks if block.kind == "fence"]:
        if fence.section is None or fence.section.cls != "TASK" or fence.text.lower() not in _INFO:
            continue
        found = [(at, said) for at, (_, text) in enumerate(fence.lines) if (said := _named(text)) is not None]
        for at, said in found if len(found) > 1 else ():
            _take(out, fence, at, said)
            taken = True
    for draft in others if taken else ():
        out.drop(draft, "criterion", "stands in a checklist beside the tasks of a fence")


def counted(out: Outline) -> None:
    """Take the first fence all of whose lines count on, `1. Draw it` or `Phase 1: Rim`, in a text that has no other tasks.

    Its heading must speak of building: what a program prints counts on as well.
    """
    for fence in [block for block in out.doc.blocks if block.kind == "fence" and block.text.lower() in _INFO]:
        if fence.section is None or not speaks_of_building(fence.section.text):
            continue
        lines = [(number, text.strip()) for number, text in fence.lines if text.strip()]
        said = [_counts(text) for _, text in lines]
        if len(lines) >= MANY and [each.number if each else "" for each in said] == [
            str(n + 1) for n in range(len(lines))
        ]:
            for (number, _), each in zip(lines, said, strict=True):
                if each is not None:
                    _add(out, number, each, each.title, fence)
            return


def _counts(line: str) -> Head | None:
    found = _COUNTED.fullmatch(line)
    if found is not None:
        return Head("step", "step", found[1], found[2])
    said = head(line)
    return said if said.role in ("phase", "task", "step") and said.title else None


def _checks(draft: Draft) -> bool:
    """Say whether a draft is a box of a section that does not call itself work, or does so as a checklist."""
    section = draft.block.section
    if draft.role != "item" or draft.block.box is None or section is None:
        return False
    return section.cls not in LIST_CLASSES or is_checklist(section.text)


def _named(text: str) -> Head | None:
    """`Task 1: Crop it`, in the words of all languages; what only mentions a task has no mark behind the number."""
    line = _LINE.match(text.rstrip())
    said = head(line[1]) if line is not None else None
    if line is None or said is None or said.role not in ("task", "step") or not said.number or said.id:
        return None
    return said if not said.title or line[1].rstrip().endswith((":", "：")) or _MARKED.search(line[1]) else None


def _take(out: Outline, fence: Block, at: int, said: Head) -> None:
    line = fence.lines[at][0]
    said_of = takewhile(lambda row: _named(row[1]) is None, fence.lines[at + 1 :])
    fields = [found for row in said_of if (found := field(row[0], row[1].strip(" -"))) is not None]
    below = next((text.strip() for _, text in fence.lines[at + 1 :] if text.strip()), "")
    draft = _add(out, line, said, said.title.rstrip(":：") or below.rstrip(":："), fence)
    draft.fields = {"blocked-by": [found.value for found in fields if found.kind == "depends"]}


def _add(out: Outline, line: int, said: Head, title: str, fence: Block) -> Draft:
    block = Block("task", line, title, None, fence.section)
    block.candidate = True
    out.doc.blocks.append(block)
    draft = Draft(block, "head", "task of a fenced list", 0.8)
    draft.key, draft.number = said.key, said.number
    draft.title = plain(block.text) or f"{said.key.capitalize()} {said.number}"
    out.drafts[line] = draft.hang(out.above(fence.section))
    return draft
