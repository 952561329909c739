"""task-master tasks.json: `{TAG: {tasks, metadata}}`, `{tasks}` or a bare list; subtask ids are local to their parent."""

import re
from collections.abc import Mapping
from typing import Any, Final

from branchline.errors import PlanError
from branchline.model.plan import DraftGraph, Edge, Mark, Task
from branchline.planfile.formats.base import (
    Format,
    Sheet,
    after_of,
    children_of,
    dumped,
    is_json,
    judged,
    rest,
    unjudged,
)

_KNOWN: Final = frozenset(
    {
        "id", "title", "description", "details", "status", "dependencies", "dependsOn", "testStrategy",
        "acceptanceCriteria", "subtasks"
    }
)  # fmt: skip
_LOCAL: Final = re.compile(r"[0-9]+\Z")
_LINKS: Final = frozenset({"parentTaskId", "parentId", "parentTask", "isSubtask"})
"""What a subtask says of its parent; where it stands says it already."""
_WORDS: Final[dict[Mark, str]] = {
    "open": "pending", "wip": "in-progress", "done": "done", "deferred": "deferred", "declined": "cancelled",
}  # fmt: skip


class _Reader:
    """One tag being read."""

    def __init__(self, sheet: Sheet, lines: Mapping[int, int]) -> None:
        self.sheet, self.lines = sheet, lines

    def take(self, nodes: list[Any], parent: str | None, above: int | None) -> None:
        """Take the tasks of a list, those below a task after it."""
        named = [self._named(node, parent, above) for node in nodes]
        local = {raw: task_id for _, raw, task_id in named if parent} if parent else {}
        for node, _, task_id in named:
            line = self.lines.get(id(node), above)
            task = self._task(node, task_id, parent, line, local)
            self.take(self.sheet.list(node, "subtasks", line), task.id, line)

    def _named(self, value: Any, parent: str | None, above: int | None) -> tuple[dict[str, Any], str, str]:
        node = self.sheet.object(value, "a task", above)
        raw = self.sheet.word(node, "id", self.lines.get(id(node), above)).strip()
        return node, raw, f"{parent}.{raw}" if parent and _LOCAL.match(raw) else raw

    def _task(
        self, node: dict[str, Any], task_id: str, parent: str | None, line: int | None, local: Mapping[str, str]
    ) -> Task:
        sheet = self.sheet
        body, details = sheet.word(node, "description", line), sheet.word(node, "details", line)
        criteria = node.get("acceptanceCriteria")
        wanted = criteria if isinstance(criteria, str) else "\n".join(sheet.words(node, "acceptanceCriteria", line))
        checks, judges = judged("\n".join([sheet.word(node, "testStrategy", line), wanted]), line)
        waits = [local.get(raw, raw) for raw in sheet.words(node, "dependencies", line)]
        waits += sheet.words(node, "dependsOn", line)
        task = sheet.task(
            task_id,
            sheet.word(node, "title", line),
            line,
            "task of tasks.json" if parent is None else "subtask of tasks.json",
            sheet.word(node, "status", line),
            bool(waits),
            parent=parent,
            body="\n\n".join(each for each in (body, details) if each),
            checks=checks,
            criteria=judges,
            extra=rest(node, _KNOWN | _LINKS if parent else _KNOWN),
        )
        for before in dict.fromkeys(waits):
            sheet.edge(before, task.id, line)
        return task

    def pass_over(self, nodes: list[Any], tag: str) -> None:
        """Report the tasks of a tag that is not read."""
        for node in nodes:
            if isinstance(node, dict):
                line = self.lines.get(id(node))
                self.sheet.ignore(line, str(node.get("title", "")), f"stands in the tag {tag}", tag)
                self.pass_over(node.get("subtasks") or [], tag)


def read(sheet: Sheet) -> None:
    """Read the tag that was asked for, else `master`, else the first that holds tasks; the others are reported."""
    value, lines = sheet.json()
    tags = _tags(sheet, value)
    chosen = sheet.choice or next((tag for tag in ("", "master") if tags.get(tag, ([], {}))[0]), None)
    chosen = (
        chosen if chosen is not None else next((tag for tag, (nodes, _) in tags.items() if nodes), next(iter(tags)))
    )
    if chosen not in tags:
        raise PlanError(f"{sheet.path} has no tag {chosen!r}; it has {', '.join(tags)}", path=sheet.path)
    reader = _Reader(sheet, lines)
    nodes, about = tags.pop(chosen)
    sheet.goal = next((str(about[key]) for key in ("description", "projectName") if about.get(key)), "")
    reader.take(nodes, None, None)
    for tag, (others, _) in tags.items():
        reader.pass_over(others, tag)
    if any(others for others, _ in tags.values()):
        listed = ", ".join(f"{tag} ({len(others)} tasks)" for tag, (others, _) in tags.items() if others)
        words = f"the tag {chosen} was read; others hold tasks too: {listed}. --dialect taskmaster:TAG reads another"
        sheet.find("other-tags", words, None)


def _tags(sheet: Sheet, value: Any) -> dict[str, tuple[list[Any], dict[str, Any]]]:
    """Tag -> its tasks and its metadata; a file without tags has the tag ""."""
    if isinstance(value, list):
        return {"": (value, {})}
    whole = sheet.object(value, "the file", 1)
    found = {"": whole} if "tasks" in whole else {}
    found |= {tag: each for tag, each in whole.items() if isinstance(each, dict) and "tasks" in each}
    if not found:
        raise PlanError(
            f'{sheet.path}:1: JSON, and none of the plans that are read: {{"TAG": {{"tasks": [...]}}}}, '
            '{"tasks": [...]}, a list of tasks (task-master), {"userStories": [...]} (ralph) or a graph of Branchline',
            path=sheet.path,
        )
    return {tag: (sheet.list(each, "tasks", 1), _about(each)) for tag, each in found.items()}


def _about(node: Mapping[str, Any]) -> dict[str, Any]:
    found = node.get("metadata") or node.get("meta")
    return found if isinstance(found, dict) else {}


def write(draft: DraftGraph) -> str:
    """A tasks.json with the one tag master."""
    kids, after = children_of(draft), after_of(draft)
    tasks = [_node(task, kids, after) for task in kids.get(None, [])]
    return dumped({"master": {"tasks": tasks, "metadata": {"description": draft.goal}}}, 2) + "\n"


def names(draft: DraftGraph) -> dict[str, str]:
    """New ids for subtasks whose id is a bare number: it would be read as local to its parent."""
    taken = {task.id.lower() for task in draft.tasks}
    found: dict[str, str] = {}
    for task in draft.tasks:
        if task.parent and _LOCAL.match(task.id):
            above = found.get(task.parent, task.parent)
            place = 1
            while f"{above}.{place}".lower() in taken:
                place += 1
            found[task.id] = f"{above}.{place}"
            taken.add(found[task.id].lower())
    return found


def _node(task: Task, kids: Mapping[str | None, list[Task]], after: Mapping[str, list[Edge]]) -> dict[str, Any]:
    siblings = {_raw(each): each.id for each in kids[task.parent]} if task.parent else {}
    waits = [edge.before for edge in after.get(task.id, [])]
    plain = [before for before in waits if siblings.get(before, before) == before]
    return {
        "id": _number(_raw(task)),
        "title": task.title,
        "description": "",
        "details": task.body,
        "testStrategy": unjudged(task),
        "status": _WORDS[task.state],
        "dependencies": [_number(before) for before in plain],
        # a bare number that a sibling bears too would be read as the sibling: task-master has no word for the other one
        **({"dependsOn": [before for before in waits if before not in plain]} if len(plain) < len(waits) else {}),
        **{key: value for key, value in task.extra.items() if key not in _KNOWN | _LINKS},
        "subtasks": [_node(kid, kids, after) for kid in kids.get(task.id, [])],
    }


def _raw(task: Task) -> str:
    """A subtask's id as its list holds it."""
    last = task.id[len(task.parent) + 1 :] if task.parent and task.id.startswith(f"{task.parent}.") else ""
    return last if _LOCAL.match(last) else task.id


def _number(raw: str) -> int | str:
    return int(raw) if _LOCAL.match(raw) and (raw == "0" or raw[0] != "0") and len(raw) < 16 else raw


FORMAT = Format("taskmaster", is_json, read, write, names)
