"""Plain JSON rows as the scheduler sees them: `{id, status, depth, parent_id, blocked_by, role}`.

A row that is another row's parent, or says `"kind": "composite"`, is never dispatched. A parent that has no row of its
own only names a branch. `blocked_by` is a list of ids, or one id, or ids with commas between them; the names that our
own JSON and task-master have for it are read as well, and so are `parent` and `state`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from branchline.errors import GraphError
from branchline.graph.adjacency import Adjacency
from branchline.graph.ids import LEGAL_ID, is_legal_id
from branchline.schedule.batch import DEFAULT_CONCURRENCY
from branchline.schedule.view import View
from branchline.terminal.text import some

_DONE: Final = frozenset({"done", "completed", "complete", "closed", "skipped", "verified", "merged", "deployed"})
_RUNNING: Final = frozenset(
    {"running", "in_progress", "in-progress", "dispatched", "dispatching", "claimed", "checking", "merging", "wip"}
)
_OPEN: Final = frozenset({"pending", "ready", "open", "todo", "queued", ""})
_ASKED: Final = frozenset({"blocked", "waiting", "question", "needs_input"})
_FAILED: Final = frozenset({"failed", "error", "timeout", "no_output"})
_CANCELLED: Final = frozenset({"cancelled", "canceled", "declined"})
_WORDS: Final = (
    (_DONE, "done"),
    (_RUNNING, "running"),
    (_OPEN, "pending"),
    (_ASKED, "blocked"),
    (_FAILED, "failed"),
    (_CANCELLED, "cancelled"),
)
"""The words of a row's status and the state that they stand for; any other word holds the task."""

_WAITS: Final = ("blocked_by", "depends_on", "order_after", "dependencies")
"""The names for what a row waits for: that of the rows, two of `decompose --json`, that of task-master."""

_MAX_DEPTH: Final = 3  # as model.plan.MAX_DEPTH, whose import would cost next-batch 12 ms
_LISTED: Final = 20

Row = Mapping[str, Any]


class _Parsed(NamedTuple):
    ids: list[str]
    parents: dict[str, str]
    before: dict[str, list[str]]
    rows: dict[str, Row]
    doubled: bool


def validate(rows: Sequence[Row]) -> dict[str, Any]:
    """`{"valid": bool, "errors": [...], "warnings": [...]}`: every fault of the rows at once, each naming its tasks; linear.

    Raises GraphError only for what is no row at all (not an object, no id).
    """
    parsed = _parse(rows)
    errors = [f"illegal id: {task_id!r}: {LEGAL_ID}" for task_id in parsed.ids if not is_legal_id(task_id)]
    errors += [
        f"duplicate id: {task_id} stands {count} times; every id must stand once"
        for task_id, count in Counter(_ids(rows) if parsed.doubled else ()).items()
        if count > 1
    ]
    errors += [f"{one} and {other} differ in case only; ids become names of files" for one, other in _alike(parsed.ids)]
    errors += [
        f"unknown blocker: {task} is blocked by {unknown}, which does not exist"
        for unknown, task in _unknown(parsed).items()
    ]
    depth, circle = _depths(parsed)
    if circle:
        errors.append(f"cycle of parents: {' -> '.join(circle)}")
    else:
        errors += [
            f"cycle: {' -> '.join(path)}; each of them would wait for the one before it"
            for path in _cycles(_adjacency(parsed))
        ]
    deep = [own for own, row in parsed.rows.items() if max(_depth(row), depth.get(own, 0)) > _MAX_DEPTH]
    warnings = [f"deeper than {_MAX_DEPTH}: {some(deep, _LISTED)}"] if deep else []
    return {"valid": not errors, "errors": errors, "warnings": warnings}


def view(rows: Sequence[Row]) -> View:
    """The rows as a View without limits of its own.

    Raises GraphError for an id given twice, an unknown blocker and a cycle: none of them may look like "all done".
    """
    parsed = _parse(rows)
    if parsed.doubled:
        twice = next(task_id for task_id, count in Counter(_ids(rows)).items() if count > 1)
        raise GraphError(f"task {twice} is given twice; every id must stand once", task=twice)
    for task_id in parsed.ids:
        if not is_legal_id(task_id):
            raise GraphError(f"task {task_id!r}: illegal id: {LEGAL_ID}", task=task_id, field="id")
    for one, other in _alike(parsed.ids):
        raise GraphError(
            f"the ids {one} and {other} differ in case only; ids become names of files", task=other, field="id"
        )
    for unknown, task in _unknown(parsed).items():
        raise GraphError(f"task {task}: blocked_by names {unknown}, which does not exist", task=task, unknown=unknown)
    adjacency = _adjacency(parsed)
    adjacency.check()
    state = {task_id: _state(parsed.rows[task_id]) for task_id in adjacency.leaves}
    return View(
        adjacency,
        state=state,
        slots=DEFAULT_CONCURRENCY,
        role={task_id: str(parsed.rows[task_id].get("role") or "build") for task_id in adjacency.leaves},
        notes={
            task_id: f"its status is {_status(parsed.rows[task_id])!r}; set it to 'pending' to let it go on"
            for task_id, each in state.items()
            if each in ("blocked", "held")
        },
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
        {task_id: _parent(row, task_id) for task_id, row in known.items()},
        {task_id: list(_before(row, task_id)) for task_id, row in known.items()},
        known,
        len(known) < len(ids),
    )


def _ids(rows: Sequence[Row]) -> Iterable[str]:
    if isinstance(rows, (str, bytes, Mapping)) or not isinstance(rows, Sequence):
        raise GraphError("the tasks must be a JSON list of objects, each with an id")
    for number, row in enumerate(rows, 1):
        task_id = _text(row.get("id")) if type(row) is dict or isinstance(row, Mapping) else ""
        if not task_id:
            raise GraphError(f"task number {number} of the list has no id; each must be an object with an id")
        yield task_id


def _text(value: object) -> str:
    if type(value) is str:  # nearly always
        return value.strip()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _parent(row: Row, task_id: str) -> str:
    value = row.get("parent_id") or row.get("parent")
    if not value:
        return ""
    parent = _text(value)
    if not parent:
        raise GraphError(f"task {task_id}: parent_id must be an id", task=task_id, field="parent_id")
    return parent


def _before(row: Row, task_id: str) -> Iterator[str]:
    for name in _WAITS:
        if (value := row.get(name)) is not None:
            yield from _blockers(value, task_id, name)


def _blockers(value: object, task_id: str, name: str) -> list[str]:
    if isinstance(value, str):
        value = value.split(",")
    if isinstance(value, int):
        value = [value]
    if not isinstance(value, list) or not {*map(type, value)} <= {str, int}:
        raise GraphError(f"task {task_id}: {name} must be a list of ids", task=task_id)
    return [text for text in map(_text, value) if text]


def _unknown(parsed: _Parsed) -> dict[str, str]:
    """Unknown blocker -> the first task that names it."""
    found: dict[str, str] = {}
    for task_id, blockers in parsed.before.items():
        for blocker in blockers:
            if blocker not in parsed.rows:
                found.setdefault(blocker, task_id)
    return found


def _cycles(adjacency: Adjacency) -> list[list[str]]:
    """The first cycles, each left at its last edge so that the next can be found."""
    found: list[list[str]] = []

    def drop(path: list[str], edges: list[tuple[str, str]]) -> tuple[str, str] | None:
        found.append(path)
        return edges[-1] if len(found) < _LISTED else None

    adjacency.break_cycles(drop)
    return found


def _alike(ids: Sequence[str]) -> list[tuple[str, str]]:
    """Ids that differ from an earlier one in case only, each with that one."""
    seen: dict[str, str] = {}
    return [(former, each) for each in ids if (former := seen.setdefault(each.lower(), each)) != each]


def _depths(parsed: _Parsed) -> tuple[dict[str, int], list[str]]:
    """How deep each task stands below its ancestors; the path from one that is its own ancestor back to it ends that."""
    depth: dict[str, int] = {}
    for task_id in parsed.ids:
        path: dict[str, None] = {}
        at = task_id
        while at and at not in depth:
            if at in path:
                ids = list(path)
                return depth, [*ids[ids.index(at) :], at]
            path[at] = None
            at = parsed.parents.get(at, "")
        above = depth.get(at, -1)
        depth |= {own: above + below for below, own in enumerate(reversed(path), 1)}
    return depth, []


def _status(row: Row) -> str:
    return str(row.get("status") or row.get("state") or "").strip().lower()


def _state(row: Row) -> str:
    status = _status(row)
    return next((state for words, state in _WORDS if status in words), "held")


def _depth(row: Row) -> int:
    depth = row.get("depth", 0)
    return depth if isinstance(depth, int) else 0
