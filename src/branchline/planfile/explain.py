"""What became of one line of a plan, and by which rule."""

import re
from typing import Any

from branchline.errors import NotFoundError
from branchline.model.plan import Plan
from branchline.planfile.blocks import split_lines
from branchline.planfile.scan import scan

_PARTS = re.compile(r"\n|\s&&\s")


def explain(plan: Plan, text: str, line: int) -> dict[str, Any]:
    """Say what became of `line` (1-based): `{line, text, became, rule, why, task, section}`.

    `became` is task, body, criterion, duplicate, ignored, heading, text or blank; `why` names the checks and the order
    that the line gives as well. NotFoundError outside the text.
    """
    lines = split_lines(text)
    if not 1 <= line <= len(lines):
        raise NotFoundError(f"{plan.path} has {len(lines)} lines; there is no line {line}.", line=line, path=plan.path)
    said: dict[str, Any] = {
        "line": line,
        "text": lines[line - 1],
        "became": "",
        "rule": "",
        "why": "",
        "task": None,
        "section": "",
    }
    said |= _became(plan, text, line)
    return said | {"why": "; ".join([said["why"], *_gives(plan, text, line)])}


def _became(plan: Plan, text: str, line: int) -> dict[str, Any]:
    for task in plan.tasks:
        if task.line == line:
            why = f"read as a task by the rule: {task.rule}"
            return {"became": "task", "rule": task.rule, "why": why, "task": task.id}
    for ignored in plan.ignored:
        if ignored.line == line:
            found = {"became": ignored.became, "rule": ignored.why, "why": ignored.why, "section": ignored.section}
            return {**found, "task": _owner(plan, text, line)}
    return _other(plan, text, line)


def _gives(plan: Plan, text: str, line: int) -> list[str]:
    """What the tasks have from a line: their checks, the gate, and what they wait for by its words."""
    owned = [(f"{task.id} the check", check) for task in plan.tasks for check in task.checks]
    owned += [("the gate", check) for check in plan.gate]
    said = split_lines(text)[line - 1].strip().removeprefix("$ ")
    fence = next((each.line for each in scan(text).blocks if each.kind == "fence" and each.line < line <= each.end), 0)
    given = [
        f"gives {whose} `{_short(check.run)}`"
        for whose, check in owned
        if check.line == line or (check.line == fence and said in _PARTS.split(check.run))
    ]
    written = [edge for edge in plan.edges if edge.line == line and edge.kind == "written"]
    return given + [f"says that {edge.after} waits for {edge.before}" for edge in written]


def _short(run: str) -> str:
    first, _, more = run.removeprefix("set -e\n").partition("\n")
    return f"{first} …" if more else first


def _owner(plan: Plan, text: str, line: int) -> str | None:
    """Find the task whose description holds the line: the last one above it whose body has the line's text."""
    wanted = split_lines(text)[line - 1].strip()
    for task in sorted(plan.tasks, key=lambda task: -(task.line or 0)):
        if (task.line or 0) < line and wanted and any(part.strip() == wanted for part in task.body.split("\n")):
            return task.id
    return None


def _other(plan: Plan, text: str, line: int) -> dict[str, Any]:
    doc = scan(text)
    for first, last, what in doc.hidden:
        if first <= line <= last:
            return {"became": "ignored", "rule": what, "why": f"stands in the {what} of lines {first} to {last}"}
    if not doc.lines[line - 1].strip():
        return {"became": "blank", "why": "an empty line"}
    owner = _owner(plan, text, line)
    block = next((block for block in doc.blocks if block.line <= line <= block.end and block.kind != "item"), None)
    kind = (
        {"para": "text", "fence": "code", "code": "code", "rule": "a rule"}.get(block.kind, block.kind)
        if block
        else "text"
    )
    if block is not None and block.kind == "heading":
        return {"became": "heading", "why": "a heading that names a section, no task", "section": block.text}
    if owner is not None:
        return {"became": "body", "rule": kind, "why": f"{kind} of the description of {owner}", "task": owner}
    return {"became": "text", "rule": kind, "why": f"{kind} outside all tasks"}
