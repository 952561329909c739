"""The JSON keys of `decompose` that scripts rely on (DESIGN, section 6)."""

from typing import Any

from branchline.budget.size import tier_of
from branchline.decompose.lint import lint, table
from branchline.model.plan import DraftGraph, Task
from branchline.schedule import mutex_keys


def decompose_payload(draft: DraftGraph, graph: str | None) -> dict[str, Any]:
    """graph, tasks, edges, mutexes, gate, ignored, findings, dialect; `graph` is None when nothing was written."""
    return {
        "graph": graph,
        "plan": draft.plan,
        "dialect": draft.dialect,
        "goal": draft.goal,
        "tasks": _tasks(draft),
        "edges": [edge._asdict() for edge in draft.edges],
        "mutexes": mutexes(draft),
        "gate": [{"run": c.run, "source": c.source, "confidence": c.confidence} for c in draft.gate],
        "ignored": [line._asdict() for line in draft.ignored],
        "findings": table((*draft.findings, *lint(draft))),
    }


def mutexes(draft: DraftGraph) -> dict[str, list[str]]:
    """The files that more than one open task creates or modifies, each with these tasks: never two at once."""
    holders: dict[str, list[str]] = {}
    for task in draft.tasks:
        if task.remains:
            for key in sorted(mutex_keys(task)):
                holders.setdefault(key, []).append(task.id)
    return {key: tasks for key, tasks in sorted(holders.items()) if len(tasks) > 1}


def _tasks(draft: DraftGraph) -> list[dict[str, Any]]:
    written: dict[str, list[str]] = {}
    implied: dict[str, list[str]] = {}
    for edge in draft.edges:
        (written if edge.kind == "written" else implied).setdefault(edge.after, []).append(edge.before)
    return [_task(task, written.get(task.id, []), implied.get(task.id, [])) for task in draft.tasks]


def _task(task: Task, written: list[str], implied: list[str]) -> dict[str, Any]:
    tier, source = tier_of(task)
    return {
        "id": task.id,
        "title": task.title,
        "kind": task.kind,
        "parent": task.parent,
        "line": task.line,
        "depends_on": written,
        "order_after": implied,
        "verify": [check.run for check in task.checks],
        "files": [file.path for file in task.files],
        "done": task.state == "done",
        "state": task.state,
        "role": task.role,
        "tier": tier,
        "tier_source": source,
        "criteria": list(task.criteria),
        "confidence": task.confidence,
        "rule": task.rule,
    }
