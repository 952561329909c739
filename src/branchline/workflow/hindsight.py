"""After a run: how long its tasks were expected to take and took, what they waited, and the best that could have been."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from branchline.graph.adjacency import of_rows
from branchline.graph.suite import needs_of
from branchline.model.run import AttemptRow, RunRow, TaskRow
from branchline.schedule import STRATEGIES
from branchline.schedule.durations import USUAL
from branchline.schedule.problem import bound
from branchline.simulate import Case, dice, result
from branchline.workflow.look import slots_of

MOST = 2000
BRIEF = 0.1
"""Seconds that a task has to take in the mean: how much sooner a run of shorter ones could have ended, nobody would notice."""
SEARCH = 0.05
"""Nominal seconds of search for what could have been."""


def hindsight(attempts: Sequence[AttemptRow], run: RunRow, rows: list[TaskRow]) -> dict[str, Any] | None:
    """The keys of `schedule` in a report, in seconds; None where fewer than two tasks were done, very many, or brief ones.

    A task lasts from its last dispatch to its merge; what it took is taken for what it would have taken in any order.
    `best` is never more than it took; `bound` counts a task for as long as it had its slot, which is free while it is merged.
    `waited` is the time between the end of all it depends on (or the start of the first task) and its own start, and
    `cost` is by how much that put off the end of the run: the end is the sum of the times and waits of one chain of tasks.
    """
    spans = spans_of(attempts, rows)
    if not 2 <= len(spans) <= MOST:
        return None
    first, last = min(start for start, _ in spans.values()), max(end for _, end in spans.values())
    if last - first < BRIEF * len(spans):
        return None
    took, net = last - first, json.loads(run.net)
    case = _case(run, rows, net, spans)
    best = min((result(case, each, case.todo(), SEARCH, dice) for each in STRATEGIES), key=lambda each: each.makespan)
    strategy = best.strategy if best.makespan < took else run.flags.get("strategy") or STRATEGIES[0]
    slotted = {task: end - start for task, (start, end) in spans_of(attempts, rows, slotted=True).items()}
    least = min(bound(case.problem(case.todo() | slotted)), best.makespan, took)
    hours = net.get("estimate", {})
    before = {task: [each for each in case.adjacency.before[task] if each in spans] for task in spans}
    waited = {
        task: max(0.0, start - max((spans[each][1] for each in before[task]), default=first))
        for task, (start, _) in spans.items()
    }
    chain = _last_chain(spans, before)
    tasks = [
        {
            "id": task,
            "start": start - first,
            "end": end - first,
            "expected": hours[task] * USUAL if task in hours else None,
            "waited": waited[task],
            "cost": waited[task] if task in chain else 0.0,
        }
        for task, (start, end) in spans.items()
    ]
    return {"took": took, "best": min(best.makespan, took), "strategy": strategy, "bound": least, "tasks": tasks}


def _case(run: RunRow, rows: list[TaskRow], net: Mapping[str, Any], spans: Mapping[str, tuple[float, float]]) -> Case:
    """What was to be scheduled, as it is known afterwards."""
    adjacency = of_rows(rows, net["edges"])
    resources = json.loads(run.settings).get("resources", {})
    needs = needs_of(net.get("needs", {}), net.get("suite", ()), resources)
    return Case(
        adjacency,
        {task: end - start for task, (start, end) in spans.items()},
        slots_of(run),
        {task: Counter(names) for task, names in needs.items()},
        resources,
        net["mutex"],
        {row.task: row.role for row in rows},
        {leaf: "skipped" for leaf in adjacency.leaves if leaf not in spans},
    )


def _last_chain(spans: Mapping[str, tuple[float, float]], before: Mapping[str, Sequence[str]]) -> set[str]:
    """The task that ended last, of those before it the one that ended last, and so on to the beginning."""
    chain: set[str] = set()
    choice: Iterable[str] = spans
    while task := max(choice, key=lambda each: spans[each][1], default=""):
        chain.add(task)
        choice = before[task]
    return chain


def spans_of(
    attempts: Sequence[AttemptRow], rows: list[TaskRow], *, slotted: bool = False
) -> dict[str, tuple[float, float]]:
    """Task that was done -> when its last dispatch began and its last process ended; `slotted`: the last but its merge."""
    done = {row.task: row.attempt for row in rows if row.kind == "atomic" and row.state == "done" and row.attempt}
    spans: dict[str, tuple[float, float]] = {}
    for each in attempts:
        if done.get(each.task) == each.attempt and each.ended is not None and not (slotted and each.purpose == "merge"):
            start, end = spans.get(each.task, (each.intended, each.ended))
            spans[each.task] = (min(start, each.intended), max(end, each.ended))
    return spans
