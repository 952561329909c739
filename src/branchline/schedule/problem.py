"""A scheduling problem in numbers: durations, what comes before what, resources, and what no schedule can beat."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from branchline.errors import GraphError
from branchline.graph.adjacency import Adjacency

SLOT = " slot"
"""The resource of which every task takes one; no name of a resource has a blank in front."""
_HEADS = 64
"""How many release times the interval bound tries: it costs tasks times this."""


class Problem(NamedTuple):
    """Tasks 0..n-1, of which those beyond `names` take no time and nothing else (the points of composites).

    All resources stand packed in one whole number, a field each with a guard bit on top: what is asked fits what is
    free exactly when the subtraction leaves every guard bit standing. `order` is topological; `tail` is the longest
    path from a task's start to the end of all, `head` the longest path before it.
    """

    names: tuple[str, ...]
    duration: list[float]
    before: list[list[int]]
    after: list[list[int]]
    demand: list[int]
    full: int
    guard: int
    order: list[int]
    tail: list[float]
    head: list[float]
    asked: list[Counter[str]]
    capacity: Mapping[str, int]

    def fits(self, free: int, task: int) -> bool:
        """Whether a task's demand fits what is free."""
        return (free - self.demand[task]) & self.guard == self.guard


def problem(
    adjacency: Adjacency,
    duration: Mapping[str, float],
    slots: int = 0,
    demand: Mapping[str, Mapping[str, int]] | None = None,
    capacity: Mapping[str, int] | None = None,
    mutex: Mapping[str, Collection[str]] | None = None,
) -> Problem:
    """The problem of an adjacency: a leaf without a duration takes 1, `slots` 0 is as many as you like.

    `demand` is leaf -> resource -> units, of which there is 1 where `capacity` does not say; a mutex is a resource of
    capacity 1. Raises GraphError for a circle and for a task that asks for more than there is.
    """
    order = adjacency.topological()
    spans = [duration.get(leaf, 1.0) for leaf in adjacency.leaves]
    spans += [0.0] * (len(order) - len(spans))
    shared = Counter(key for keys in (mutex or {}).values() for key in set(keys))
    alone = {key for key, tasks in shared.items() if tasks == 1}
    asked = [_asked(leaf, slots, demand or {}, set((mutex or {}).get(leaf, ())) - alone) for leaf in adjacency.leaves]
    there = {name: (capacity or {}).get(name, 1) for each in asked for name in each} | ({SLOT: slots} if slots else {})
    for leaf, each in zip(adjacency.leaves, asked, strict=True):
        for name, units in each.items():
            if units > there[name]:
                raise GraphError(f"task {leaf} needs {units} of {name}, there are only {there[name]}", task=leaf)
    head, tail = lengths(order, adjacency.predecessors, adjacency.successors, spans)
    width = max(there.values(), default=1).bit_length() + 1
    place = {name: width * number for number, name in enumerate(there)}
    packed = [sum(units << place[name] for name, units in each.items()) for each in asked]
    guard = sum(1 << (at + width - 1) for at in place.values())
    return Problem(
        adjacency.leaves,
        spans,
        adjacency.predecessors,
        adjacency.successors,
        packed + [0] * (len(order) - len(packed)),
        sum(units << place[name] for name, units in there.items()) + guard,
        guard,
        order,
        tail,
        head,
        asked,
        there,
    )


def lengths(
    order: Sequence[int], before: Sequence[Sequence[int]], after: Sequence[Sequence[int]], duration: Sequence[float]
) -> tuple[list[float], list[float]]:
    """The longest path before each task, and the longest from its start to the end of all."""
    head, tail = [0.0] * len(order), [0.0] * len(order)
    for task in order:
        head[task] = max((head[each] + duration[each] for each in before[task]), default=0.0)
    for task in reversed(order):
        tail[task] = duration[task] + max((tail[each] for each in after[task]), default=0.0)
    return head, tail


def _asked(leaf: str, slots: int, demand: Mapping[str, Mapping[str, int]], mutex: Iterable[str]) -> Counter[str]:
    found: Counter[str] = Counter({SLOT: 1} if slots else {})
    found.update({name: units for name, units in demand.get(leaf, {}).items() if units})
    found.update({f" {key}": 1 for key in mutex})
    return found


def bound(given: Problem) -> float:
    """What no schedule can beat: the critical path, and for each resource release + work over capacity + delivery.

    Of the tasks that start no earlier than `head` and are followed by at least `delivery`, the work that one resource
    has to do takes at least their work over its capacity. Whole durations give a whole bound.
    """
    whole = all(float(span).is_integer() for span in given.duration)
    best = max(given.tail, default=0)
    for name, units in given.capacity.items():
        rows = [
            (given.tail[task] - given.duration[task], given.head[task], each[name] * given.duration[task])
            for task, each in enumerate(given.asked)
            if each[name] and given.duration[task]
        ]
        rows.sort(reverse=True)
        heads = sorted({head for _, head, _ in rows})
        for release in heads[:: max(1, len(heads) // _HEADS)]:
            late = [(delivery, work) for delivery, head, work in rows if head >= release]
            for (delivery, _), work in zip(late, accumulate(work for _, work in late), strict=True):
                busy = -(-work // units) if whole else work / units
                best = max(best, release + busy + delivery)
    return best


def scarcest(given: Problem) -> float:
    """How long the resource that has the most to do works, if all of it works all the time."""
    work: Counter[str] = Counter()
    for each, span in zip(given.asked, given.duration, strict=False):
        work.update({name: units * span for name, units in each.items()})
    return max((spent / given.capacity[name] for name, spent in work.items()), default=0.0)
