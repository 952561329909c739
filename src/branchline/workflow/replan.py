"""An approved change of the plan, applied to its unfinished run as a patch (DESIGN, sections 4 and 6)."""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TypedDict

from branchline.engine import Policy, State, step
from branchline.errors import GraphError, UsageError
from branchline.files import canonical
from branchline.graph import store as graphs
from branchline.graph.adjacency import Adjacency, of_rows
from branchline.graph.frontier import Frontier
from branchline.model.moves import BUSY, SATISFIED
from branchline.model.plan import Edge, Task
from branchline.model.run import LEFT_BEHIND, Event, RunRow, TaskRow
from branchline.store import Store
from branchline.workflow.estimates import touches
from branchline.workflow.running import Plan, first_row, net_text


class Grown(TypedDict):
    """What answers added to a run's graph: new tasks, each with the one that it was added for, and edges."""

    tasks: dict[str, str]
    edges: list[list[str]]


FREE = frozenset({"pending", "ready"})
"""States of tasks that no worker has touched and no person has judged: the new plan decides about them anew."""


def replan(store: Store, run: RunRow, plan: Plan, now: float) -> RunRow:
    """Bring a run to a new graph, and return its row; raises UsageError as `replanned` does."""
    rows = store.graph_tasks(run.run)
    plan = plan._replace(
        held=_still_held(store, run, rows, plan), workers={**plan.workers, **_chosen(store, rows, plan)}
    )
    plan, grown = with_grown(store, run, rows, plan)
    asked = store.questions(run.run, open_only=True)
    former = State.restore(run, of_rows(rows, json.loads(run.net)["edges"]), Policy(), rows, (), asked)
    behind = {row.task for row in store.tasks(run.run)} - {row.task for row in rows}
    likely = touches(store, plan.draft)
    state, _ = step(former, replanned(run, store.tasks(run.run), behind, plan, now, likely, grown))
    store.commit(state.take())
    return state.run


def _still_held(store: Store, run: RunRow, rows: Iterable[TaskRow], plan: Plan) -> dict[str, str]:
    """What a plan holds, without the tasks that a person let go and that say what they said then."""
    free = {row.task for row in rows if row.state in FREE and plan.held.get(row.task)}
    tasks = {task.id: task for task in plan.draft.tasks if task.id in free}
    judged = {
        name
        for name, task in tasks.items()
        if _said(graphs.node(store.node(run.run, name) or "")) == _said(task)
        and any(event.kind in FREE and event.data.get("person") for event in store.events(run.run, name))
    }
    return {name: why for name, why in plan.held.items() if name not in judged}


def _chosen(store: Store, rows: Iterable[TaskRow], plan: Plan) -> dict[str, str]:
    """The workers that a person chose with `retry`, of tasks whose text names none other since."""
    named = {task.id: task.worker for task in plan.draft.tasks}
    others = [row for row in rows if row.worker != plan.workers.get(row.task, row.worker)]
    return {
        row.task: row.worker
        for row in others
        if graphs.node(store.node(row.run, row.task) or "").worker == named[row.task]
        and any(
            event.data.get("person") and event.data.get("worker") == row.worker
            for event in store.events(row.run, row.task)
        )
    }


def _said(task: Task) -> tuple[object, ...]:
    return task.title, task.body, task.confidence, task.state, task.files, [check.run for check in task.checks]


def with_grown(store: Store, run: RunRow, rows: Sequence[TaskRow], plan: Plan) -> tuple[Plan, Grown]:
    """The plan with the tasks and edges that answers added to the run, and which those are.

    A task stays as long as the one does that it was added for; an order that the plan of now forbids does not.
    """
    grown: Grown = json.loads(run.net).get("grown", {"tasks": {}, "edges": []})
    known, added = {row.task: row for row in rows}, dict[str, str]()
    tasks, workers = list(plan.draft.tasks), dict(plan.workers)
    for name, beside in grown["tasks"].items():
        there = {task.id: place for place, task in enumerate(tasks) if task.remains or task.id == name}
        if beside not in there or name in there or name not in known:
            continue
        task = graphs.node(store.node(run.run, name) or "")._replace(parent=tasks[there[beside]].parent)
        tasks.insert(there[beside] + ([name, beside] not in grown["edges"]), task)
        workers[name] = workers.get(beside) or known[name].worker
        added[name] = beside
    adjacency, edges = _ordered(tasks, plan.draft.edges, grown["edges"])
    approved = plan.approved._replace(graph=plan.draft._replace(tasks=tuple(tasks)))
    return plan._replace(approved=approved, workers=workers, adjacency=adjacency), {"tasks": added, "edges": edges}


def _ordered(
    tasks: Sequence[Task], edges: Iterable[Edge], more: Iterable[list[str]]
) -> tuple[Adjacency, list[list[str]]]:
    """The adjacency of tasks with the more edges that can be kept, and those."""
    nodes, kept = [(task.id, task.parent, task.kind) for task in tasks], list[list[str]]()
    pairs = [(edge.before, edge.after) for edge in edges]
    found = Adjacency.build(nodes, pairs)
    for before, after in more:
        with suppress(GraphError):  # an end is not there any more, or waits for the other one now
            trial = Adjacency.build(nodes, [*pairs, (before, after)])
            trial.check()
            found, kept = trial, [*kept, [before, after]]
            pairs.append((before, after))
    return found, kept


def replanned(
    run: RunRow,
    rows: list[TaskRow],
    behind: set[str],
    plan: Plan,
    now: float,
    likely: Mapping[str, Mapping[str, bool]],
    grown: Grown,
) -> Event:
    """The event that brings a run to a new graph: running and finished tasks are pinned, all others follow the plan.

    `behind` are the tasks that an earlier change left behind: one that comes back begins anew, unless it was done.
    `likely` are the files that tasks may touch which name none (`touches`), `grown` what `with_grown` put into the plan.
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
    net = net_text(plan.draft, likely)
    if any(grown.values()):
        told = json.loads(net)
        net = canonical(told | {"edges": [*told["edges"], *grown["edges"]], "grown": grown})
    data = {
        "digest": plan.approved.digest,
        "graph": graph,
        "nodes": nodes,
        "net": net,
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
    if old is not None:  # what a person said with `retry`
        new = new._replace(model=old.model, note=old.note)
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
