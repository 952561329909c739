"""A run's graph with one task or one edge more, by a person's word; the plan's own file is left as it is."""

import json
from collections.abc import Sequence

from branchline.engine import State
from branchline.graph import store as graphs
from branchline.graph.adjacency import Adjacency
from branchline.model.plan import DraftGraph, Task
from branchline.model.run import Event, TaskRow

Graph = Sequence[tuple[TaskRow, str]]
"""The tasks of a run's graph in their order, each with the text of its node."""


def with_task(state: State, graph: Graph, task: Task, first_of: TaskRow, now: float) -> Event:
    """The event that adds a task which the worker of `first_of` does before it."""
    (_, text) = graphs.parts(DraftGraph("", "", "", "", (task,)))[1][0]
    row = TaskRow(
        state.run.run,
        task.id,
        0,
        task.title,
        "atomic",
        task.parent,
        None,
        task.role,
        first_of.worker,
        "ready",
        changed=now,
    )
    place = next(at for at, (known, _) in enumerate(graph) if known.task == first_of.task)
    grown = [*graph[:place], (row, text), *graph[place:]]
    return _replanned(state, grown, (task.id, first_of.task), now, f"task {task.id} was added before {first_of.task}")


def with_edge(state: State, graph: Graph, before: str, after: str, now: float) -> Event:
    """The event that has a task wait for another one; raises GraphError when that one waits for it."""
    return _replanned(state, graph, (before, after), now, f"task {after} waits for {before}")


def _replanned(state: State, graph: Graph, edge: tuple[str, str], now: float, cause: str) -> Event:
    net = json.loads(state.run.net)
    net["edges"] = [*net["edges"], list(edge)]
    adjacency = Adjacency.build(((r.task, r.parent, r.kind) for r, _ in graph), map(tuple, net["edges"]))
    adjacency.check()
    places = {task: place for place, task in enumerate(adjacency.order)}
    rows = [state.tasks.get(row.task, row) for row, _ in graph]
    added = [row.task for row in rows if row.task not in state.adjacency.parent]
    moved = [row._replace(place=places[row.task]) for row in rows]
    changed = [new for new, old in zip(moved, rows, strict=True) if new != old or new.task in added]
    data = {
        "digest": state.run.digest,
        "graph": state.run.graph,
        "nodes": [(row.task, text) for row, text in graph],
        "net": json.dumps(net, sort_keys=True, separators=(",", ":"), ensure_ascii=False),
        "source": state.run.source,
        "rows": [list(row) for row in changed],
        "added": added,
        "removed": [],
    }
    return Event(now, state.run.run, "replanned", cause, data=data)
