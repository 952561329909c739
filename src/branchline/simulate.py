"""the real scheduler on a virtual clock"""

from collections.abc import Callable, Collection, Mapping
from heapq import heappop, heappush
from random import Random
from typing import Any, NamedTuple

from branchline.errors import InputError
from branchline.graph.adjacency import Adjacency
from branchline.graph.frontier import Frontier
from branchline.model.moves import SATISFIED
from branchline.schedule import Queue, View, choose
from branchline.schedule.decode import serial
from branchline.schedule.durations import Dice, Times, remaining
from branchline.schedule.problem import Problem, bound, problem, scarcest
from branchline.schedule.reserve import Reservations, reserve
from branchline.schedule.view import STARTABLE


class Case(NamedTuple):
    """What is to be scheduled; `expected` in any unit of time, `slots` 0 is as many as there are tasks.

    Of the `unsure` leaves nobody has estimated what they take; `cost` is what is known of the USD they cost.
    """

    adjacency: Adjacency
    expected: Mapping[str, float]
    slots: int = 0
    demand: Mapping[str, Mapping[str, int]] = {}
    capacity: Mapping[str, int] = {}
    mutex: Mapping[str, Collection[str]] = {}
    role: Mapping[str, str] = {}
    state: Mapping[str, str] = {}
    unsure: Collection[str] = ()
    cost: Mapping[str, float] = {}

    def todo(self) -> dict[str, float]:
        """Leaf -> how long it is expected to take; what is done already takes no time."""
        return {
            leaf: 0.0 if self.state.get(leaf) in SATISFIED else self.expected.get(leaf, 1.0)
            for leaf in self.adjacency.leaves
        }

    def problem(self, duration: Mapping[str, float]) -> Problem:
        """It in numbers. Raises GraphError for a circle and for a task that can never start."""
        return problem(self.adjacency, duration, self.slots, self.demand, self.capacity, self.mutex)

    def view(self) -> View:
        """It as the scheduler sees it before the first start."""
        return View(
            self.adjacency,
            self.state,
            self.slots or max(1, len(self.adjacency.leaves)),
            role=self.role,
            mutex=self.mutex,
            needs={leaf: tuple(n for n, units in d.items() for _ in range(units)) for leaf, d in self.demand.items()},
            resources=self.capacity,
            rank=remaining(self.adjacency, self.todo(), self.unsure, dice()),
        )


class Span(NamedTuple):
    """When a task ran."""

    id: str
    start: float
    end: float


class Result(NamedTuple):
    """What a strategy makes of a case; `gap` is by how much it is longer than what none can beat, 0.01 for 1 %.

    `utilisation` is the share of the scarcest resource that is in use, slots being one. `cost` is in USD, None when
    nothing is known of any task's.
    """

    strategy: str
    makespan: float
    bound: float
    gap: float
    utilisation: float
    schedule: list[Span]
    cost: float | None = None


def dice() -> Dice:
    """Dice that fall alike each time, so that the same plan gives the same answer."""
    return Random(1).random  # noqa: S311 - no secrets


def result(case: Case, strategy: str, real: Mapping[str, float], optimise: float, dice: Callable[[], Dice]) -> Result:
    """A case under one strategy when its tasks really take `real`; `optimise` is seconds of search for critical-path."""
    times = Times({}, {})
    view = case.view()
    ahead = reserve(case.problem(case.todo()), times, dice, optimise) if strategy == "critical-path" else None
    if ahead and real == case.todo():  # then it goes as it was planned
        schedule = _planned(case, ahead)
    else:
        schedule = play(view._replace(due=ahead.due) if ahead else view, strategy, real, times)
    makespan = max((span.end for span in schedule), default=0.0)
    given = case.problem(real)
    least = bound(given)
    gap = max(0.0, makespan / least - 1.0) if least else 0.0
    known = [case.cost[span.id] for span in schedule if span.id in case.cost]
    use = scarcest(given) / makespan if makespan else 0.0
    return Result(strategy, makespan, least, gap, use, schedule, sum(known) or None)


def _planned(case: Case, ahead: Reservations) -> list[Span]:
    starts, ends = serial(ahead.given, ahead.order)
    return [
        Span(leaf, starts[task], ends[task])
        for task, leaf in enumerate(case.adjacency.leaves)
        if case.state.get(leaf) not in SATISFIED
    ]


def play(view: View, strategy: str, duration: Mapping[str, float], times: Times) -> list[Span]:
    """What the scheduler makes of a view from its clock on, when each task takes its `duration` (1 where it has none).

    What can never start is not in it. `times` is filled as they come.
    """
    adjacency, state = view.adjacency, dict(view.state)
    frontier = Frontier(adjacency, (leaf for leaf in adjacency.leaves if state.get(leaf) in SATISFIED))
    first = (leaf for leaf in frontier.ready() if state.get(leaf, "pending") in STARTABLE)
    queue = Queue(adjacency, strategy, view.role, view.rank, first)
    busy: dict[str, None] = {}
    ends: list[tuple[float, int, str]] = []
    spans: list[Span] = []
    seen = view._replace(state=state, ready=queue, busy=busy)
    while True:
        for leaf in choose(seen, strategy):
            state[leaf] = "running"
            busy[leaf] = None
            queue.discard(leaf)
            times.began[leaf] = seen.now
            heappush(ends, (seen.now + duration.get(leaf, 1.0), adjacency.place(leaf), leaf))
        if not ends:
            return spans
        seen = seen._replace(now=ends[0][0])
        while ends and ends[0][0] == seen.now:
            leaf = heappop(ends)[2]
            state[leaf] = "done"
            del busy[leaf]
            times.took[leaf] = seen.now - times.began[leaf]
            spans.append(Span(leaf, times.began[leaf], seen.now))
            for each in frontier.release(leaf):
                if state.get(each, "pending") in STARTABLE:
                    queue.add(each)


def instance(data: Any, name: str) -> Case:
    """The case in `{"tasks": [{"id", "duration", "depends_on": [], "demand": {}}], "capacity": {}, "slots": N}`.

    Raises InputError naming the task and the field, GraphError for an unknown id.
    """
    tasks = data.get("tasks") if isinstance(data, dict) else None
    if not isinstance(tasks, list) or not all(isinstance(task, dict) and "id" in task for task in tasks):
        raise InputError(f"{name}: must be an object with tasks, a list of objects that have an id")
    ids = [str(task["id"]) for task in tasks]
    edges = [(str(each), task_id) for task_id, task in zip(ids, tasks, strict=True) for each in _list(task, name)]
    demand = {i: _units(task.get("demand"), f"{name}: task {i}: demand") for i, task in zip(ids, tasks, strict=True)}
    capacity = _units(data.get("capacity"), f"{name}: capacity")
    slots = data.get("slots")
    if slots is not None and (type(slots) is not int or not 1 <= slots < 1_000_000):
        raise InputError(f"{name}: slots must be a whole number from 1 on; leave it out for as many as there are tasks")
    expected = {i: _span(task.get("duration", 1), f"{name}: task {i}") for i, task in zip(ids, tasks, strict=True)}
    return Case(Adjacency.build([(i, None, "atomic") for i in ids], edges), expected, slots or 0, demand, capacity)


def _list(task: Mapping[str, Any], name: str) -> list[Any]:
    found = task.get("depends_on") or []
    if not isinstance(found, list):
        raise InputError(f"{name}: task {task['id']}: depends_on must be a list of ids")
    if str(task["id"]) in map(str, found):
        raise InputError(f"{name}: task {task['id']} depends on itself")
    return found


def _units(value: Any, what: str) -> dict[str, int]:
    found = {} if value is None else value
    if not isinstance(found, dict) or not all(type(each) is int and 0 <= each < 1_000_000 for each in found.values()):
        raise InputError(f"{what}: must be whole numbers from 0 on, by name")
    return found


def _span(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12:
        raise InputError(f"{what}: duration must be a number from 0 on")
    return float(value)
