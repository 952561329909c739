"""beads JSONL: one issue a line; some kinds of dependency block, `parent-child` is the tree, the others inform only."""

import json
from typing import Any, Final

from branchline.files import load_json
from branchline.model.plan import DraftGraph, Edge, Mark, Task
from branchline.planfile.formats.base import Format, Sheet, after_of, dumped, judged, kind_of, rest, unjudged

_BLOCKING: Final = frozenset({"blocks", "conditional-blocks", "waits-for"})
_KNOWN: Final = frozenset(
    {
        "id", "title", "description", "status", "acceptance_criteria", "estimated_minutes", "dependencies", "parent"
    }
)  # fmt: skip
_DEAD: Final = frozenset({"tombstone", "deleted"})
_WORDS: Final[dict[Mark, str]] = {
    "open": "open", "wip": "in_progress", "done": "closed", "deferred": "deferred", "declined": "closed",
}  # fmt: skip


def read(sheet: Sheet) -> None:
    """Read the issues; a dotted id hangs under the id before its dot, where nothing names the parent."""
    rows = list(_rows(sheet))
    ids = {sheet.word(node, "id", line) for node, line in rows}
    for node, line in rows:
        status = sheet.word(node, "status", line)
        if status in _DEAD or node.get("deleted_at"):
            sheet.ignore(line, sheet.word(node, "title", line), "deleted: a tombstone")
        else:
            _issue(sheet, node, line, status, ids)


def _rows(sheet: Sheet) -> "list[tuple[dict[str, Any], int]]":
    if sheet.text.lstrip().startswith("["):
        value, lines = sheet.json()
        return [(sheet.object(each, "an issue"), lines.get(id(each), 1)) for each in value]
    rows = []
    for number, text in enumerate(sheet.text.split("\n"), 1):
        if text.strip():
            value = load_json(text, f"{sheet.path}:{number}")
            rows.append((sheet.object(value, "a line", number), number))
    return rows


def _issue(sheet: Sheet, node: dict[str, Any], line: int, status: str, ids: set[str]) -> None:
    own = sheet.word(node, "id", line)
    parents, waits, others = _dependencies(sheet, node, line)
    above = own.rpartition(".")[0]
    parent = sheet.word(node, "parent", line) if "parent" in node else above if above in ids else ""
    checks, criteria = judged(sheet.word(node, "acceptance_criteria", line), line)
    minutes = node.get("estimated_minutes")
    extra = rest(node, _KNOWN)
    task = sheet.task(
        own,
        sheet.word(node, "title", line),
        line,
        "issue of beads",
        status,
        bool(waits),
        parent=(parents or [parent])[0] or None,
        body=sheet.word(node, "description", line),
        checks=checks,
        criteria=criteria,
        estimate=minutes / 60 if isinstance(minutes, (int, float)) and minutes > 0 else None,
        extra=extra | ({"dependencies": others} if others else {}),
    )
    if task.extra.get("resolution") == "declined":
        sheet.tasks[-1] = _declined(task)
    for edge in waits:
        sheet.edge(edge.before, task.id, line, edge.kind)


def _declined(task: Task) -> Task:

    return task._replace(state="declined", extra={k: v for k, v in task.extra.items() if k != "resolution"})


def _dependencies(sheet: Sheet, node: dict[str, Any], line: int) -> tuple[list[str], list[Edge], list[Any]]:
    """The parents of an issue, what it waits for, and what only informs."""
    parents: list[str] = []
    waits: list[Edge] = []
    others: list[Any] = []
    for value in sheet.list(node, "dependencies", line):
        each = {"depends_on_id": value} if isinstance(value, str) else sheet.object(value, "a dependency", line)
        target = sheet.word(each, "depends_on_id", line) or sheet.word(each, "id", line)
        kind = sheet.word(each, "type", line) or sheet.word(each, "dependency_type", line) or "blocks"
        if kind == "parent-child":
            parents.append(target)
        elif kind in _BLOCKING:
            waits.append(Edge(target, "", kind_of(sheet.word(each, "edge", line))))
        else:
            others.append(value)
    return parents, waits, others


def write(draft: DraftGraph) -> str:
    """One issue a line, in the order of the graph."""
    after, above = after_of(draft), {task.parent for task in draft.tasks}
    return "".join(dumped(_row(task, after.get(task.id, []), task.id in above), None) + "\n" for task in draft.tasks)


def _row(task: Task, after: list[Edge], composite: bool) -> dict[str, Any]:
    waits = [
        {"issue_id": task.id, "depends_on_id": edge.before, "type": "blocks"}
        | ({"edge": edge.kind} if edge.kind != "written" else {})
        for edge in after
    ]
    if task.parent:
        waits.append({"issue_id": task.id, "depends_on_id": task.parent, "type": "parent-child"})
    extra = {key: value for key, value in task.extra.items() if key not in _KNOWN}
    others = task.extra.get("dependencies")
    return {
        "id": task.id,
        "title": task.title,
        "description": task.body,
        "status": _WORDS[task.state],
        **({"resolution": "declined"} if task.state == "declined" else {}),
        "priority": 2,
        "issue_type": "epic" if composite else "task",
        "acceptance_criteria": unjudged(task),
        **({"estimated_minutes": round(task.estimate * 60)} if task.estimate else {}),
        # a dotted id without a parent would be taken for a child: the empty name says that it is none
        **({"parent": ""} if not task.parent and "." in task.id else {}),
        **extra,
        "dependencies": [*waits, *(others if isinstance(others, list) else [])],
    }


def sniff(text: str, name: str) -> bool:
    """Say whether the first line is an issue, or the text a list of issues."""
    if name.endswith(".jsonl"):
        return True
    if text.startswith("["):
        return '"issue_type"' in text[:20000] and text[1:].lstrip().startswith("{")
    first = text.split("\n", 1)[0].strip()
    if not (first.startswith("{") and first.endswith("}") and '"id"' in first):
        return False
    try:
        value = json.loads(first)
    except ValueError:
        return False
    return isinstance(value, dict) and not value.keys() & {"tasks", "userStories"} and "title" in value


FORMAT = Format("beads", sniff, read, write)
