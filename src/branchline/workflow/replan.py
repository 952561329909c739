"""An approved change of the plan, applied to its unfinished run as a patch (DESIGN, sections 4 and 6)."""

import json
from collections.abc import Mapping
from types import MappingProxyType

from branchline.engine import Policy, State, step
from branchline.errors import UsageError
from branchline.graph import store as graphs
from branchline.graph.adjacency import of_rows
from branchline.graph.frontier import Frontier
from branchline.model.moves import BUSY, SATISFIED
from branchline.model.plan import Task
from branchline.model.run import LEFT_BEHIND, Event, RunRow, TaskRow
from branchline.store import Store
from branchline.workflow.running import Plan, first_row, net_text
from branchline.workflow.touches import touches

FREE = frozenset({"pending", "ready"})
"""States of tasks that no worker has touched and no person has judged: the new plan decides about them anew."""


def replan(store: Store, run: RunRow, plan: Plan, now: float) -> RunRow:
    """Bring a run to a new graph, and return its row; raises UsageError as `replanned` does."""
    rows = store.graph_tasks(run.run)
    asked = store.questions(run.run, open_only=True)
    former = State.restore(run, of_rows(rows, json.loads(run.net)["edges"]), Policy(), rows, (), asked)
    behind = {row.task for row in store.tasks(run.run)} - {row.task for row in rows}
    state, _ = step(former, replanned(run, store.tasks(run.run), behind, plan, now, touches(store, plan.draft)))
    store.commit(state.take())
    return state.run


def replanned(
    run: RunRow,
    rows: list[TaskRow],
    behind: set[str],
    plan: Plan,
    now: float,
    likely: Mapping[str, Mapping[str, bool]] = MappingProxyType({}),
) -> Event:
    """The event that brings a run to a new graph: running and finished tasks are pinned, all others follow the plan.

    `behind` are the tasks that an earlier change left behind: one that comes back begins anew, unless it was done.
    `likely` are the files that tasks may touch which name none (`touches`).
    Raises UsageError when a task that is under way is not in the plan any more.
    """
    known = {row.task: row for row in rows}
    again = {task: known[task] for task in behind if known[task].state not in SATISFIED}
    before = {task: row for task, row in known.items() if task not in again}
    there = {task.id: task for task in plan.draft.tasks}
    undone = [row for row in before.values() if row.kind == "atomic" and row.state not in SATISFIED]
    gone = {row.task: row for row in undone if not plan.adjacency.is_leaf(row.task)}
    busy = [task for task, row in gone.items() if row.state in BUSY]
    if busy:
        raise UsageError(
            f"{plan.draft.plan} no longer has {', '.join(busy)} as it was, which run {run.run} is working on; put it back, "
            f"or stop it first with `branchline cancel {busy[0]}`",
            tasks=busy,
        )
    satisfied = [row.task for row in rows if row.task in there and row.state in SATISFIED]
    satisfied += [t.id for t in plan.draft.tasks if t.kind == "atomic" and t.over]
    frontier = Frontier(plan.adjacency, [task for task in satisfied if plan.adjacency.is_leaf(task)])
    new = [
        _row(run, place, there[name], plan, frontier, before.get(name), now)
        for place, name in enumerate(plan.adjacency.order)
    ]
    # Numbers are given once: its next attempt is not its first.
    new = [r._replace(attempt=old.attempt, fence=old.fence) if (old := again.get(r.task)) else r for r in new]
    # They stand behind all others, below none: what is no part of the tree must not look like one.
    left = [row._replace(parent=None) for row in rows if row.task not in there]
    over = gone.keys() | {task for task, row in before.items() if row.kind == "composite"}
    left = [r._replace(state="cancelled", reason=LEFT_BEHIND, changed=now) if r.task in over else r for r in left]
    left = [row._replace(place=place) for place, row in enumerate(left, len(new))]
    changed = [row for row in [*new, *left] if row != known.get(row.task)]
    graph, nodes = graphs.parts(plan.draft)
    data = {
        "digest": plan.approved.digest,
        "graph": graph,
        "nodes": nodes,
        "net": net_text(plan.draft, likely),
        "source": plan.source,
        "rows": [list(row) for row in changed],
        "added": [row.task for row in new if row.task not in before.keys() | again.keys()],
        "removed": list(gone),
    }
    return Event(now, run.run, "replanned", f"the plan changed: {len(changed)} tasks touched", data=data)


def _row(
    run: RunRow, place: int, task: Task, plan: Plan, frontier: Frontier, old: TaskRow | None, now: float
) -> TaskRow:
    """The task's row under the new plan; what it has lived through stays with it."""
    new = first_row(run.run, place, task, plan, frontier, now)
    if old is None or (old.kind == "atomic" and old.state in FREE and not old.attempt):
        return new if old is None or new._replace(changed=old.changed) != old else old
    row = old._replace(place=place, title=task.title, kind=task.kind, parent=task.parent, line=task.line)
    if old.state not in BUSY:
        row = row._replace(worker=new.worker, role=new.role)
    if task.kind == "composite" and old.kind == "atomic" and old.state not in SATISFIED:
        row = row._replace(state="pending", reason="")
    if old.state in FREE and task.kind == "atomic":
        row = row._replace(state="ready" if frontier.is_ready(task.id) else "pending")
    return row
