"""What the analysis says of a draft, against networkx and plain definitions."""

import os
import warnings

import networkx
from hypothesis import given, settings

from branchline.graph import analysis, store
from branchline.graph.adjacency import Adjacency
from branchline.graph.build import adjacency
from branchline.model.plan import DraftGraph, Edge, Task
from test_graph_drafts import drafts
from test_graph_store import DRAFT

EXAMPLES = 25 * int(os.environ.get("BRANCHLINE_TEST_SCALE", "1"))


@settings(deadline=None, max_examples=EXAMPLES)
@given(drafts())
def test_implied_edges_are_those_the_transitive_reduction_leaves_out(draft: DraftGraph) -> None:
    found = adjacency(draft)
    net = analysis.leaf_graph(found)
    assert networkx.is_directed_acyclic_graph(net)
    reduced = networkx.transitive_reduction(net)
    assert len(analysis.implied_edges(found)) <= net.number_of_edges() - reduced.number_of_edges()
    slim = Adjacency.build(
        ((task.id, task.parent, task.kind) for task in draft.tasks),
        [edge for edge in found.edges if edge not in analysis.implied_edges(found)],
    )
    leaves = set(found.leaves)
    before, after = (networkx.transitive_closure(analysis.leaf_graph(each)) for each in (found, slim))
    assert {pair for pair in before.edges if leaves.issuperset(pair)} == {
        pair for pair in after.edges if leaves.issuperset(pair)
    }


@settings(deadline=None, max_examples=EXAMPLES)
@given(drafts())
def test_rounds_are_as_early_as_can_be(draft: DraftGraph) -> None:
    found = adjacency(draft)
    place = {leaf: number for number, leaves in enumerate(analysis.rounds_of(found)) for leaf in leaves}
    assert sorted(place) == sorted(found.leaves)
    for leaf in found.leaves:
        assert place[leaf] == max((place[before] + 1 for before in found.before[leaf]), default=0)


def test_a_draft_in_figures() -> None:
    tasks = tuple(Task(each, each, estimate=hours) for each, hours in zip("abcd", (1.0, 5.0, None, 2.0), strict=True))
    edges = (Edge("a", "b", "written"), Edge("b", "d", "written"), Edge("a", "d", "phase"), Edge("a", "c", "phase"))
    found = analysis.shape(DraftGraph("x", "", "", "", tasks, edges))
    assert found == (4, 4, 4, 3, 2, 8.0, ("a", "b", "d"), (("a", "d"),))
    assert analysis.shape(DraftGraph("x", "", "", "", ())).rounds == 0


def test_the_draft_and_the_file_are_one_digraph() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = analysis.to_digraph(DRAFT)
    assert dict(found.nodes["1.2"])["title"] == "Write – €"
    assert store.loads(store.dumps(DRAFT), "x") == DRAFT


def test_what_is_wrong_is_said() -> None:
    assert analysis.validate(DRAFT) == []
    broken = DraftGraph("x", "", "", "", (Task("a", "A"),), (Edge("a", "b", "written"),))
    assert analysis.validate(broken) == ["edge a -> b: there is no task b"]
