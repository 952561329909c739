"""The search for a short schedule: its laws on random problems, the shortest one on small ones, and its bound."""

import os
from collections.abc import Callable
from itertools import permutations
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from branchline.errors import GraphError
from branchline.graph.adjacency import Adjacency
from branchline.schedule.decode import greedy, serial
from branchline.schedule.problem import Problem, bound, problem
from branchline.schedule.search import Found, search
from schedule_faults import faults
from test_graph_drafts import nodes_of, pairs, trees, without_circles

EXAMPLES = 60 * int(os.environ.get("BRANCHLINE_TEST_SCALE", "1"))


def until(limit: int) -> Callable[[int], bool]:
    return lambda placed: placed >= limit


def found(given: Problem, seed: int = 1, limit: int = 5_000) -> Found:
    return search(given, Random(seed).random, until(limit))


@st.composite
def problems(draw: Any, size: int = 9) -> Problem:
    """Problems with composites, tasks that take no time, several resources and mutexes."""
    tree = draw(trees(size))
    nodes = nodes_of(tree)
    edges = without_circles(nodes, draw(pairs([task for task, _ in tree])))
    adjacency = Adjacency.build(nodes, edges)
    spans = draw(st.sampled_from([st.integers(0, 9), st.floats(0, 9, allow_subnormal=False)]))
    capacity = {"gpu": 2, "port": 5}
    return problem(
        adjacency,
        {leaf: draw(spans) for leaf in adjacency.leaves},
        draw(st.integers(0, 3)),
        {leaf: {name: draw(st.integers(0, units)) for name, units in capacity.items()} for leaf in adjacency.leaves},
        capacity,
        {leaf: draw(st.sets(st.sampled_from("xyz"), max_size=1)) for leaf in adjacency.leaves},
    )


def length(given: Problem, starts: list[float]) -> float:
    return max((start + span for start, span in zip(starts, given.duration, strict=True)), default=0.0)


@settings(max_examples=EXAMPLES, deadline=None)
@given(problems())
def test_a_schedule_keeps_every_dependency_and_resource_and_no_less_than_the_bound(given: Problem) -> None:
    """Every task is started, which is that nothing ever waits for ever."""
    for starts in (found(given, limit=1_000).starts, greedy(given, given.order)[0], serial(given, given.order)[0]):
        assert faults(given, starts) == []
        assert len(starts) == len(given.order)
        assert length(given, starts) >= bound(given) - 1e-9


@settings(max_examples=EXAMPLES, deadline=None)
@given(problems(), st.integers(0, 5))
def test_the_same_dice_and_limit_give_the_same_schedule_that_its_order_decodes_to(given: Problem, seed: int) -> None:
    one, other = found(given, seed, 1_000), found(given, seed, 1_000)
    assert one == other
    assert one.makespan == length(given, one.starts)
    assert length(given, serial(given, one.order)[0]) <= one.makespan + 1e-9


@settings(max_examples=EXAMPLES, deadline=None)
@given(problems())
def test_more_time_makes_no_schedule_longer_and_greedy_is_never_better(given: Problem) -> None:
    short, long = found(given, limit=0), found(given, limit=1_500)
    assert long.makespan <= short.makespan
    assert long.makespan <= length(given, greedy(given, [-tail for tail in given.tail])[0]) + 1e-9


@settings(max_examples=EXAMPLES, deadline=None)
@given(problems(size=4))
def test_of_few_tasks_the_shortest_schedule_is_found(given: Problem) -> None:
    """Among the schedules of all orders is a shortest one (Sprecher, Kolisch and Drexl 1995)."""
    shortest = min(
        length(given, serial(given, order)[0])
        for order in permutations(given.order)
        if all(order.index(before) < order.index(task) for task in order for before in given.before[task])
    )
    assert found(given, limit=5_000).makespan == pytest.approx(shortest)


def chosen(durations: dict[str, float], edges: list[tuple[str, str]], **limits: Any) -> Problem:
    return problem(Adjacency.build([(name, None, "atomic") for name in durations], edges), durations, **limits)


def test_a_task_waits_on_purpose_where_that_is_shorter() -> None:
    """`short` alone is free at first; starting it there holds up the long chain by three."""
    given = chosen(
        {"first": 1, "long": 9, "short": 4},
        [("first", "long")],
        demand={"long": {"gpu": 1}, "short": {"gpu": 1}},
    )
    assert length(given, greedy(given, [-tail for tail in given.tail])[0]) == 13
    waiting = chosen(
        {"first": 1, "long": 9, "after": 4, "short": 4},
        [("first", "long"), ("long", "after")],
        demand={"long": {"gpu": 1}, "short": {"gpu": 1}},
    )
    assert length(waiting, greedy(waiting, [-tail for tail in waiting.tail])[0]) == 17
    assert found(waiting).makespan == bound(waiting) == 14


@pytest.mark.parametrize(
    ("durations", "edges", "limits", "expected"),
    [
        ({"a": 3, "b": 4}, [("a", "b")], {}, 7),
        ({"a": 3, "b": 4, "c": 4}, [], {"slots": 2}, 6),
        ({"a": 2.5, "b": 4, "c": 4}, [], {"slots": 2}, 5.25),
        ({"a": 3, "b": 4}, [], {"mutex": {"a": {"x"}, "b": {"x"}}}, 7),
        ({"a": 1, "b": 4, "c": 4, "d": 2}, [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")], {"slots": 1}, 11),
        ({"a": 5, "b": 2, "c": 2}, [("a", "b"), ("a", "c")], {"demand": {n: {"gpu": 1} for n in "bc"}}, 9),
        ({}, [], {}, 0),
    ],
    ids=["path", "work", "fractions", "mutex", "all", "release", "nothing"],
)
def test_the_bound_is_the_longest_of_path_and_work_between_release_and_delivery(
    durations: dict[str, float], edges: list[tuple[str, str]], limits: dict[str, Any], expected: float
) -> None:
    assert bound(chosen(durations, edges, **limits)) == expected


def test_what_can_never_be_is_refused() -> None:
    with pytest.raises(GraphError, match="task a needs 3 of gpu, there are only 2"):
        chosen({"a": 1}, [], demand={"a": {"gpu": 3}}, capacity={"gpu": 2})
    with pytest.raises(GraphError, match="in a circle"):
        chosen({"a": 1, "b": 1}, [("a", "b"), ("b", "a")])


def test_faults_are_named() -> None:
    given = chosen({"a": 2, "b": 2, "c": 2}, [("a", "b")], slots=1)
    assert faults(given, [0.0, 1.0, 4.0]) == ["b starts before a ends", " slot at 1"]
    assert faults(given, [0.0, 2.0, 4.0]) == []
