"""The batch verbs on plain JSON rows: `{id, status, depth, parent_id, blocked_by, role}`.

A row that is another row's parent, or says `"kind": "composite"`, is never dispatched. A parent that has no row of its
own only names a branch. `blocked_by` is a list of ids, or one id, or ids with commas between them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from branchline.errors import GraphError
from branchline.graph.adjacency import Adjacency
from branchline.schedule import batch
from branchline.schedule.view import View

_DONE: Final = frozenset({"done", "completed", "complete", "closed", "skipped", "verified", "merged", "deployed"})
_RUNNING: Final = frozenset(
    {"running", "in_progress", "in-progress", "dispatched", "dispatching", "claimed", "checking", "merging", "wip"}
)
_OPEN: Final = frozenset({"pending", "ready", "open", "todo", "queued", ""})

_MAX_DEPTH: Final = 3  # as model.plan.MAX_DEPTH, whose import would cost next-batch 12 ms

Row = Mapping[str, Any]


class _Parsed(NamedTuple):
    ids: list[str]
    parents: dict[str, str]
    before: dict[str, list[str]]
    rows: dict[str, Row]
    doubled: bool


def validate(rows: Sequence[Row]) -> dict[str, Any]:
    """`{"valid": bool, "errors": [...], "warnings": [...]}` in the words scripts of the field know; linear.

    Raises GraphError only for what is no row at all (not an object, no id).
    """
    parsed = _parse(rows)
    errors = ["Duplicate task IDs found"] if parsed.doubled else []
    errors += [f"blocked_by references non-existent task: {unknown}" for unknown in _unknown(parsed)]
    looped = _own_ancestor(parsed)
    if looped:
        errors.append(f"Circular parent_id detected: {looped} -> ... -> {looped}")
    else:
        cycle = _adjacency(parsed).find_cycle()
        errors += [f"Circular dependency detected: {cycle[0]} -> ... -> {cycle[0]}"] if cycle else []
    deep = sum(1 for row in rows if _depth(row) > _MAX_DEPTH)
    warnings = [f"{deep} task(s) exceed recommended depth limit of {_MAX_DEPTH}"] if deep else []
    return {"valid": not errors, "errors": errors, "warnings": warnings}


def next_batch(
    rows: Sequence[Row], strategy: str = "depth-first", concurrency: int = batch.DEFAULT_CONCURRENCY, fill: bool = False
) -> list[str]:
    """The ids to dispatch next; see `schedule.next_batch`. Raises GraphError for rows that `validate` calls invalid."""
    return batch.next_batch(view(rows), strategy, concurrency, fill)


def order(
    rows: Sequence[Row], strategy: str = "depth-first", concurrency: int = batch.DEFAULT_CONCURRENCY, fill: bool = False
) -> list[list[str]]:
    """All batches to the end; see `schedule.order`. Raises GraphError for rows that `validate` calls invalid."""
    return batch.order(view(rows), strategy, concurrency, fill)


def view(rows: Sequence[Row]) -> View:
    """The rows as a View without limits of its own.

    Raises GraphError for an id given twice, an unknown blocker and a cycle: none of them may look like "all done".
    """
    parsed = _parse(rows)
    if parsed.doubled:
        twice = next(task_id for task_id, count in Counter(_ids(rows)).items() if count > 1)
        raise GraphError(f"task {twice} is given twice; every id must stand once", task=twice)
    for unknown, task in _unknown(parsed).items():
        raise GraphError(f"task {task}: blocked_by names {unknown}, which does not exist", task=task, unknown=unknown)
    adjacency = _adjacency(parsed)
    adjacency.check()
    return View(
        adjacency,
        state={task_id: _state(parsed.rows[task_id]) for task_id in adjacency.leaves},
        slots=batch.DEFAULT_CONCURRENCY,
        role={task_id: str(parsed.rows[task_id].get("role") or "build") for task_id in adjacency.leaves},
    )


def _adjacency(parsed: _Parsed) -> Adjacency:
    named = dict.fromkeys(parent for parent in parsed.parents.values() if parent and parent not in parsed.rows)
    nodes: list[tuple[str, str | None, str]] = [(parent, None, "composite") for parent in named]
    nodes += [
        (task_id, parsed.parents[task_id] or None, str(parsed.rows[task_id].get("kind") or "atomic"))
        for task_id in parsed.ids
    ]
    edges = ((before, task_id) for task_id in parsed.ids for before in parsed.before[task_id] if before in parsed.rows)
    return Adjacency.build(nodes, edges)


def _parse(rows: Sequence[Row]) -> _Parsed:
    ids = list(_ids(rows))
    known = dict(zip(ids, rows, strict=True))
    return _Parsed(
        list(known),
        {task_id: _text(row.get("parent_id") or row.get("parent")) for task_id, row in known.items()},
        {task_id: _blockers(row.get("blocked_by"), task_id) for task_id, row in known.items()},
        known,
        len(known) < len(ids),
    )


def _ids(rows: Sequence[Row]) -> Iterable[str]:
    if isinstance(rows, (str, bytes, Mapping)) or not isinstance(rows, Sequence):
        raise GraphError("the tasks must be a JSON list of objects, each with an id")
    for number, row in enumerate(rows, 1):
        task_id = _text(row.get("id")) if isinstance(row, Mapping) else ""
        if not task_id:
            raise GraphError(f"task number {number} of the list has no id; each must be an object with an id")
        yield task_id


def _text(value: object) -> str:
    return str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""


def _blockers(value: object, task_id: str) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str):
        value = value.split(",")
    if isinstance(value, int):
        value = [value]
    if not isinstance(value, list) or not all(isinstance(each, (str, int)) for each in value):
        raise GraphError(f"task {task_id}: blocked_by must be a list of ids", task=task_id)
    return [text for text in map(_text, value) if text]


def _unknown(parsed: _Parsed) -> dict[str, str]:
    """Unknown blocker -> the first task that names it."""
    found: dict[str, str] = {}
    for task_id, blockers in parsed.before.items():
        for blocker in blockers:
            if blocker not in parsed.rows:
                found.setdefault(blocker, task_id)
    return found


def _own_ancestor(parsed: _Parsed) -> str:
    """A task that is its own ancestor, or nothing."""
    good: set[str] = set()
    for task_id in parsed.ids:
        path: dict[str, None] = {}
        at = task_id
        while at and at not in good:
            if at in path:
                return at
            path[at] = None
            at = parsed.parents.get(at, "")
        good.update(path)
    return ""


def _state(row: Row) -> str:
    status = str(row.get("status") or row.get("state") or "").strip().lower()
    if status in _DONE:
        return "done"
    if status in _RUNNING:
        return "running"
    return "pending" if status in _OPEN else "held"


def _depth(row: Row) -> int:
    depth = row.get("depth", 0)
    return depth if isinstance(depth, int) else 0
