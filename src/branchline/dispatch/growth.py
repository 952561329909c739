"""A run's graph with some tasks or one edge more, by a person's word; the plan's own file is left as it is."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from branchline.engine import State
from branchline.graph import store as graphs
from branchline.graph.adjacency import Adjacency
from branchline.model.plan import DraftGraph, Task
from branchline.model.run import Event, TaskRow

Graph = Sequence[tuple[TaskRow, str]]
"""The tasks of a run's graph in their order, each with the text of its node."""
DIAGNOSIS = "-diag-1"
LONGEST_ID = 64
UNCLEAR = re.compile(r"(the same failure twice: )?(no output|timeout|failed: (exit|crash|lost))\b")
"""How the reason of a failure begins that does not say why: no check failed, and no worker told anything."""


def with_tasks(state: State, graph: Graph, tasks: Sequence[Task], beside: TaskRow, now: float, *, first: bool) -> Event:
    """The event that adds tasks next to another one, for its worker; `first`: that one waits for them."""
    texts = [text for _, text in graphs.parts(DraftGraph("", "", "", "", tuple(tasks)))[1]]
    rows = [
        TaskRow(state.run.run, t.id, 0, t.title, "atomic", t.parent, None, t.role, beside.worker, "ready", changed=now)
        for t in tasks
    ]
    place = next(at for at, (known, _) in enumerate(graph) if known.task == beside.task) + (not first)
    grown = [*graph[:place], *zip(rows, texts, strict=True), *graph[place:]]
    edges = [(task.id, beside.task) for task in tasks] if first else []
    cause = f"{', '.join(task.id for task in tasks)} added {'before' if first else 'beside'} {beside.task}"
    return _replanned(state, grown, edges, now, cause, {task.id: beside.task for task in tasks})


def diagnoses(state: State, graph: Callable[[], Graph], now: float) -> list[Event]:
    """The event that adds a read-only task which finds out why another one failed, where its end does not say it.

    One for each task, and one at a time.
    """
    for row in state.tasks.values():
        new = f"{row.task}{DIAGNOSIS}"
        unclear = row.state == "failed" and UNCLEAR.match(row.reason) and not row.task.endswith(DIAGNOSIS)
        if unclear and new not in state.adjacency.parent and len(new) <= LONGEST_ID:
            title = f"Find out why {row.task} failed"
            task = Task(new, title, role="research", extra={"diagnoses": row.task})  # no phase waits for it
            return [with_tasks(state, graph(), [task], row, now, first=False)]
    return []


def with_edge(state: State, graph: Graph, before: str, after: str, now: float) -> Event:
    """The event that has a task wait for another one; raises GraphError when that one waits for it."""
    return _replanned(state, graph, [(before, after)], now, f"task {after} waits for {before}")


def _replanned(
    state: State,
    graph: Graph,
    more: Sequence[tuple[str, str]],
    now: float,
    cause: str,
    beside: Mapping[str, str] = MappingProxyType({}),
) -> Event:
    net = json.loads(state.run.net)
    net["edges"] = [*net["edges"], *map(list, more)]
    # What the plan's file does not have: a change of that file must not take it away.
    former = net.get("grown", {"tasks": {}, "edges": []})
    net["grown"] = {"tasks": {**former["tasks"], **beside}, "edges": [*former["edges"], *map(list, more)]}
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
