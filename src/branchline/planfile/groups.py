"""Which headings group the tasks that stand below them: by boxes, by rows, by what those beside them hold."""

import re

from branchline.planfile import labels, tables, words
from branchline.planfile.blocks import Block
from branchline.planfile.fields import field
from branchline.planfile.outline import Outline
from branchline.planfile.plain import MANY, NEGATIVE, VERIFIES, may_act
from branchline.planfile.sections import Head, classify
from branchline.planfile.verbs import acts

_OF_TASK = re.compile(r"(?:T|TASK)-?\d+", re.IGNORECASE)
"""`T001` is a task's own code, and boxes below it are its steps; `P0.1` may be that of a group."""
MAX_LIKE = 200
"""How many sibling headings are looked at to see what a heading is; more say nothing new."""


def _boxes_below(out: Outline, heading: Block) -> int:
    """Count the boxes of the lists of a section, and those of the lists of its plain items: `- **Left to do**:`."""
    items = out.direct.get(heading.line, ())
    boxes = [each for item in items for each in ((item,) if item.box else (item, *item.kids)) if each.box]
    return sum(each.label not in labels.CRITERIA_KINDS for each in boxes)


def holds_tasks(out: Outline, step: Block) -> bool:
    """Say whether the boxes below a step, or the items that tell how far they are, are tasks and not how it is done."""
    marked = _marked_below(out, step, tables.MARKS) > 1
    if marked and not _marked_below(out, step, "".join(words.WIP_MARKS + words.OPEN_MARKS)):
        like = [each for each in out.subheadings(step.section)[:MAX_LIKE] if out.head(each).role == "step"]
        marked = sum(_marked_below(out, each, tables.MARKS) > 1 for each in like) * 2 > len(like)
    results = classify(out.head(step).title)[0] == "CRITERIA" and not may_act(out.direct.get(step.line, []))
    return (boxes_like(out, step) > 1 and not has_check(out, step) and not results) or marked


def over_boxes(out: Outline, block: Block) -> bool:
    """Say whether a heading with a code, `P0.1 — Safety`, stands over boxes that no label calls its steps: it groups them."""
    boxes = [item for item in out.direct.get(block.line, ()) if item.box is not None and not item.label]
    return len(boxes) > 1 and not has_check(out, block) and not _OF_TASK.fullmatch(out.head(block).id)


def _marked_below(out: Outline, heading: Block, marks: str) -> int:
    return sum(any(map(item.text.__contains__, marks)) for item in out.direct.get(heading.line, ()))


def boxes_like(out: Outline, heading: Block) -> int:
    """Count the boxes below a dotted heading or a step; one alone counts as those below its like beside it."""
    own = _boxes_below(out, heading)
    beside = out.subheadings(heading.section)[:MAX_LIKE] if own == 1 else ()
    return max([own, *(_boxes_below(out, each) for each in beside if out.head(each).role == out.head(heading).role)])


def has_check(out: Outline, heading: Block) -> bool:
    """Say whether `Verify:` stands below a heading: what is checked as one is one task, and its boxes are steps."""
    lines = (each for para in out.paras.get(heading.line, ()) for each in para.lines)
    return any((said := field(line, text)) is not None and said.kind == "verify" for line, text in lines)


def is_group(out: Outline, block: Block, said: Head) -> bool:
    """Say whether a numbered heading groups the boxes or the rows below it."""
    boxes = [item for item in out.direct.get(block.line, ()) if item.box]
    below = [out.head(sub) for sub in out.subheadings(block)]
    if not boxes and any(sub.role in ("phase", "task", "step") for sub in below):
        return any(sub.id.startswith(f"{said.number}-") for sub in below)  # `B: Speed` over `B-1: Cache`
    if not boxes:
        return block.line not in out.strong and (_over_boxed(out, block, said) or _over_rows(out, block))
    if any(item.text.startswith(said.number + ".") for item in boxes) or block.cls not in NEGATIVE:
        return True
    tests = VERIFIES.match(said.title) is not None and sum(acts(item.text) for item in boxes) * 2 > len(boxes)
    weak = tests or block.line not in out.strong
    return weak and len(_boxed(out, block)) > 2  # the others are groups: so is this one


def _boxed(out: Outline, block: Block) -> list[int]:
    """Give the numbers of the headings beside `block`, itself too, that hold boxes."""
    return [
        _rank(out.head(other).number)
        for other in out.subheadings(block.section)[:MAX_LIKE]
        if out.head(other).role == "numbered" and any(item.box for item in out.direct.get(other.line, ()))
    ]


def _rank(number: str) -> int:
    digits = re.match(r"\d+", number)
    return int(digits[0]) if digits else ord(number[0])


def _over_boxed(out: Outline, block: Block, said: Head) -> bool:
    """`1. Engine` over `1.1 Start` and its boxes, as task files of three levels have it."""
    subs = out.subheadings(block)[:MAX_LIKE]
    below = [sub for sub in subs if out.head(sub).number.startswith(f"{said.number}.")]
    like = out.subheadings(block.section)[:MAX_LIKE]
    series = block.cls not in NEGATIVE and sum(out.head(each).role == "numbered" for each in like) >= MANY
    topics = series and not any(out.head(sub).role for sub in subs)
    return any(each.box for sub in (subs if topics else below) for each in (sub, *out.direct.get(sub.line, ())))


def _over_rows(out: Outline, block: Block) -> bool:
    """`1. Engine`, with others beside it, over a table whose rows have ids and a state or what they wait for."""
    if not any(map(_of_work, tables.under(out, block))):
        return False
    like = (other for other in out.subheadings(block.section)[:MAX_LIKE] if out.head(other).role == "numbered")
    return any(other is not block and any(map(_of_work, tables.under(out, other))) for other in like)


def counts_within(table: Block, found: tables.Columns, number: str) -> bool:
    """Say whether the ids of a table are those of the parts of a task: `1.1`, `1.2` below `Task 1`."""
    ids = tables.column(table, found.key) if found.key >= 0 else []
    return bool(ids) and all(each.startswith(f"{number}.") for each in ids)


def _of_work(table: Block) -> bool:
    found = tables.columns(table)
    return found is not None and found.key >= 0 and found.planned
