"""aidevops TODO.md, written: `- [ ] t1 Title ~4h blocked-by:t2`; the dialect of that name reads it."""

import re
from typing import Final

from branchline.model.plan import DraftGraph, Mark, Task
from branchline.planfile.dialects.aidevops import marks
from branchline.planfile.formats.base import after_of, children_of

_FORM: Final = re.compile(r"t[0-9]{1,6}(?:\.[0-9]{1,6}){0,4}")
_NUMBER: Final = re.compile(r"[Tt]?([0-9]{1,6}(?:\.[0-9]{1,6}){0,4})")
_SAYS: Final = re.compile(r"depend|block|after|before|require|need|prerequisite|\b[tT][0-9]", re.IGNORECASE)
_BOXES: Final[dict[Mark, str]] = {"open": " ", "wip": ">", "done": "x", "declined": "-", "deferred": " "}


def names(draft: DraftGraph) -> dict[str, str]:
    """New ids for those that are not `t1` or `t1.2`, or whose dots would hang them below a task that is not above them."""
    taken = {task.id for task in draft.tasks if _FORM.fullmatch(task.id)}
    wishes = {task.id: f"t{said[1]}" for task in draft.tasks if (said := _NUMBER.fullmatch(task.id))}
    all_wishes = set(wishes.values())
    reserved = taken | all_wishes | {wish.rpartition(".")[0] for wish in all_wishes}
    found: dict[str, str] = {}
    number = 1
    for task in draft.tasks:
        wish = wishes.get(task.id, "")
        hangs = not task.parent and wish.rpartition(".")[0] in all_wishes
        if not wish or hangs or (wish != task.id and wish in taken):
            while (wish := f"t{number}") in reserved:
                number += 1
        taken.add(wish)
        reserved.add(wish)
        if wish != task.id:
            found[task.id] = wish
    return found


def write(draft: DraftGraph) -> str:
    """The boxes of a TODO.md, children below their parents."""
    kids, after = children_of(draft), after_of(draft)
    lines = ["# TODO", ""] + (["Goal: " + " ".join(draft.goal.split()), ""] if draft.goal else []) + ["## Tasks", ""]
    todo = [(task, "") for task in reversed(kids.get(None, []))]
    while todo:
        task, indent = todo.pop()
        waits = [edge.before for edge in after.get(task.id, [])]
        lines.append(f"{indent}- [{_BOXES[task.state]}] {task.id} {_line(task, waits)}")
        lines += [f"{indent}  - Verify: `{check.run}`" for check in task.checks if not re.search(r"[`\r\n]", check.run)]
        todo += [(kid, indent + "  ") for kid in reversed(kids.get(task.id, []))]
    return "\n".join(lines) + "\n"


def _line(task: Task, waits: list[str]) -> str:
    title = " ".join(task.title.split()).replace("<!--", "<! --")
    if marks(title).fields or _SAYS.search(title):  # in back-ticks it says nothing of order or state
        title = f"`{title.replace('`', chr(39))}`"
    words = [title]
    words += [f"#{task.role}"] if task.role in ("research", "brainstorm") else []
    words += [f"model:{task.model}"] if task.model and not re.search(r"\s", task.model) else []
    words += [f"~{task.estimate:g}h"] if task.estimate else []
    words += [f"blocked-by:{','.join(waits)}"] if waits else []
    return " ".join(words)
