"""Leaves, tree order, the net of composites, counters and cycles: against plain definitions, on random trees."""

import os
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from branchline.errors import GraphError
from branchline.graph.adjacency import Adjacency, natural_key
from branchline.graph.frontier import Frontier
from test_graph_drafts import nodes_of, pairs, trees, without_circles

EXAMPLES = 60 * int(os.environ.get("BRANCHLINE_TEST_SCALE", "1"))
LARGE = 20_000 * int(os.environ.get("BRANCHLINE_TEST_SCALE", "1"))


@st.composite
def graphs(draw: Any) -> Adjacency:
    """Random trees with random edges and no circle."""
    nodes = nodes_of(draw(trees()))
    return Adjacency.build(nodes, without_circles(nodes, draw(pairs([each for each, _, _ in nodes]))))


def product(adjacency: Adjacency) -> set[tuple[str, str]]:
    """All pairs of leaves that the edges put in order directly: the definition that the net has to match."""
    return {
        (one, other)
        for before, after in adjacency.edges
        for one in adjacency.leaves_under(before)
        for other in adjacency.leaves_under(after)
    }


@settings(deadline=None, max_examples=EXAMPLES)
@given(graphs())
def test_the_net_is_the_product_of_leaves(adjacency: Adjacency) -> None:
    wanted = product(adjacency)
    assert {(before, leaf) for leaf in adjacency.leaves for before in adjacency.before[leaf]} == wanted
    assert {(leaf, after) for leaf in adjacency.leaves for after in adjacency.after[leaf]} == wanted


@settings(deadline=None, max_examples=EXAMPLES)
@given(graphs(), st.randoms(use_true_random=False))
def test_a_leaf_is_ready_exactly_when_all_before_it_is_satisfied(adjacency: Adjacency, random: Any) -> None:
    frontier = Frontier(adjacency)
    satisfied: set[str] = set()
    ready = set(frontier.ready())
    for _ in range(2 * len(adjacency.leaves)):
        leaf = random.choice(adjacency.leaves)
        if leaf in satisfied:
            satisfied.discard(leaf)
            gone = frontier.retract(leaf)
            assert not any(frontier.is_ready(each) for each in gone)
        else:
            satisfied.add(leaf)
            ready_before = {each for each in adjacency.leaves if frontier.is_ready(each)}
            assert ready_before.isdisjoint(frontier.release(leaf))
        ready = {each for each in adjacency.leaves if satisfied.issuperset(adjacency.before[each])}
        assert {each for each in adjacency.leaves if frontier.is_ready(each)} == ready
        assert frontier.ready() == [each for each in adjacency.leaves if each in ready - satisfied]
        assert Frontier(adjacency, satisfied).ready() == frontier.ready()


@settings(deadline=None, max_examples=EXAMPLES)
@given(graphs())
def test_a_run_releases_every_leaf_once(adjacency: Adjacency) -> None:
    frontier = Frontier(adjacency)
    queue = frontier.ready()
    for leaf in queue:
        queue += frontier.release(leaf)
    assert sorted(queue) == sorted(adjacency.leaves)
    assert frontier.ready() == []


@settings(deadline=None, max_examples=EXAMPLES)
@given(graphs(), st.randoms(use_true_random=False))
def test_rank_is_the_longest_path(adjacency: Adjacency, random: Any) -> None:
    hours = {leaf: float(random.randint(1, 9)) for leaf in adjacency.leaves if random.random() < 0.7}
    rank = adjacency.rank(hours)
    for leaf in adjacency.leaves:
        longest = max((rank[after] for after in adjacency.after[leaf]), default=0.0)
        assert rank[leaf] == hours.get(leaf, 1.0) + longest
    path = adjacency.critical_path(hours)
    assert sum(hours.get(leaf, 1.0) for leaf in path) == max(rank.values())
    assert all(before in adjacency.before[after] for before, after in pairwise(path))
    assert adjacency.rank() == adjacency.rank({})


@settings(deadline=None, max_examples=EXAMPLES)
@given(trees(), st.data())
def test_a_cycle_is_found_exactly_when_no_order_exists(tree: list[tuple[str, str | None]], data: Any) -> None:
    nodes = nodes_of(tree)
    adjacency = Adjacency.build(nodes, data.draw(pairs([each for each, _ in tree])))
    cycle = adjacency.break_cycles(lambda _path, _edges: None)
    lineal = any(adjacency.related(one, other) for one, other in adjacency._lineal)
    frontier = Frontier(adjacency)
    queue = frontier.ready()
    for leaf in queue:
        queue += frontier.release(leaf)
    assert (cycle is not None) == (lineal or len(queue) < len(adjacency.leaves))
    if cycle:
        assert cycle[0] == cycle[-1]
        for before, after in pairwise(cycle):
            assert (before, after) in (*adjacency.edges, *adjacency._lineal) or adjacency.related(before, after)
        with pytest.raises(GraphError, match="in a circle"):
            adjacency.check()


@settings(deadline=None, max_examples=EXAMPLES)
@given(graphs())
def test_the_order_is_the_tree_depth_first(adjacency: Adjacency) -> None:
    assert sorted(adjacency.order) == sorted(adjacency.parent)
    assert adjacency.leaves == tuple(each for each in adjacency.order if adjacency.is_leaf(each))
    for place, each in enumerate(adjacency.order):
        assert all(above in adjacency.order[:place] for above in list(adjacency.lineage(each))[1:])
        under = adjacency.leaves_under(each)
        first = adjacency.leaves.index(under[0])
        assert tuple(under) == adjacency.leaves[first : first + len(under)]
    for leaf in adjacency.leaves:
        siblings = [each for each in adjacency.leaves if adjacency.branch(each) == adjacency.branch(leaf)]
        assert siblings[adjacency.turn(leaf)] == leaf


@pytest.mark.parametrize(
    "ids",
    [
        ["t1", "t1.2", "t1.10", "t2", "t10"],
        ["1", "1.1", "1.1.1", "1.2", "2", "10"],
        ["ABC-2", "ABC-12", "b1"],
        ["a", "a1", "b"],
        ["1", "1~2", "2"],
        ["01", "1", "2"],
    ],
)
def test_natural_order(ids: list[str]) -> None:
    backwards = ids[::-1]
    assert sorted(backwards, key=natural_key) == ids


@given(st.lists(st.text(max_size=8), max_size=8, unique=True))
def test_natural_keys_order_any_texts_strictly(ids: list[str]) -> None:
    backwards = ids[::-1]
    assert sorted(ids, key=natural_key) == sorted(backwards, key=natural_key)


def test_a_very_long_number_is_no_error() -> None:
    assert natural_key("1" * 10_000) < natural_key("2" * 10_000)


def test_numbered_siblings_go_by_number_and_others_by_place_in_the_document() -> None:
    nodes = [("t10", None, ""), ("t2", None, ""), ("t2.b", "t2", ""), ("t2.a", "t2", ""), ("t10.10", "t10", "")]
    nodes += [("t10.9", "t10", ""), ("t2.a.2", "t2.a", ""), ("t2.a.x", "t2.a", ""), ("t2.a.1", "t2.a", "")]
    found = Adjacency.build(nodes)
    assert found.order == ("t2", "t2.b", "t2.a", "t2.a.2", "t2.a.x", "t2.a.1", "t10", "t10.9", "t10.10")


def test_one_name_among_numbers_keeps_the_document_order() -> None:
    assert Adjacency.build([("3", None, ""), ("setup", None, ""), ("1", None, "")]).leaves == ("3", "setup", "1")


def test_an_empty_composite_lets_order_through_and_is_never_a_leaf() -> None:
    found = Adjacency.build([("a", None, ""), ("p", None, "composite"), ("b", None, "")], [("a", "p"), ("p", "b")])
    assert found.leaves == ("a", "b")
    frontier = Frontier(found)
    assert frontier.ready() == ["a"]
    assert frontier.release("a") == ["b"]
    assert found.before["b"] == ("a",)


def test_a_cycle_names_its_path_and_lines() -> None:
    nodes = [("a", None, ""), ("b", None, ""), ("p", None, ""), ("p.1", "p", "")]
    found = Adjacency.build(nodes, [("a", "b"), ("b", "p"), ("p.1", "a")])
    with pytest.raises(GraphError) as caught:
        found.check({("a", "b"): 3, ("b", "p"): 4, ("p.1", "a"): None})
    assert "a -> b -> p -> p.1 -> a" in caught.value.message
    assert "a -> b (line 3), b -> p (line 4), p.1 -> a" in caught.value.message
    assert caught.value.details["cycle"] == ["a", "b", "p", "p.1", "a"]


@pytest.mark.parametrize(("before", "after"), [("p", "p.1"), ("p.1", "p"), ("p", "p.1.1"), ("p.1.1", "p"), ("p", "p")])
def test_an_edge_within_a_lineage_blocks_nobody_and_is_reported(before: str, after: str) -> None:
    found = Adjacency.build([("p", None, ""), ("p.1", "p", ""), ("p.1.1", "p.1", "")], [(before, after)])
    assert Frontier(found).ready() == ["p.1.1"]
    assert found.break_cycles(lambda _path, _edges: None) in ([before, after, before], [before, before])
    with pytest.raises(GraphError, match=f"{before} -> {after}"):
        found.check()


@pytest.mark.parametrize(
    ("nodes", "edges", "words"),
    [
        ([("a", None, ""), ("a", None, "")], [], "given twice"),
        ([("a", "b", "")], [], "parent b does not exist"),
        ([("a", "b", ""), ("b", "a", "")], [], "a is its own ancestor"),
        ([("a", None, "")], [("a", "b")], "no task b"),
        ([("a", None, "")], [("b", "a")], "no task b"),
    ],
)
def test_what_is_no_graph_is_an_error(nodes: Any, edges: Any, words: str) -> None:
    with pytest.raises(GraphError, match=words):
        Adjacency.build(nodes, edges)


def test_phases_of_many_tasks_cost_no_product() -> None:
    phases = 10
    nodes = [(f"p{each}", None, "composite") for each in range(phases)]
    nodes += [(f"p{each % phases}.{each}", f"p{each % phases}", "atomic") for each in range(LARGE)]
    found = Adjacency.build(nodes, [(f"p{each}", f"p{each + 1}") for each in range(phases - 1)])
    assert sum(map(len, found.successors)) <= 2 * LARGE + phases
    found.check()
    frontier = Frontier(found)
    queue = frontier.ready()
    for leaf in queue:
        queue += frontier.release(leaf)
    assert queue == list(found.leaves)


def test_a_long_chain_needs_no_recursion() -> None:
    nodes = [(str(each), None, "atomic") for each in range(LARGE)]
    chain = [(str(each), str(each + 1)) for each in range(LARGE - 1)]
    found = Adjacency.build(nodes, chain)
    assert found.rank()["0"] == LARGE
    assert len(found.critical_path()) == LARGE
    ring = Adjacency.build(nodes, [*chain, (str(LARGE - 1), "0")])
    assert len(ring.break_cycles(lambda _path, _edges: None) or []) == LARGE + 1
    with pytest.raises(GraphError):
        ring.rank()


def test_a_deep_tree_needs_no_recursion() -> None:
    nodes = [(str(each), str(each - 1) if each else None, "") for each in range(3000)]
    found = Adjacency.build([*nodes, ("z", None, "")], [("0", "z")])
    assert found.leaves == ("2999", "z")
    assert found.before["z"] == ("2999",)
