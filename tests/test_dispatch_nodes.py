"""dispatch: what prompts need of a graph, read task by task, is what the whole graph says."""

from pathlib import Path

import pytest

from branchline import prompts
from branchline.dispatch import nodes
from branchline.graph import store as graphs
from branchline.graph.adjacency import Adjacency
from branchline.graph.build import adjacency as adjacency_of
from branchline.graph.build import from_plan
from branchline.model.plan import DraftGraph
from branchline.model.run import NodeRow, RunRow
from branchline.planfile.read import parse
from branchline.store import Store

TEXT = """# A plan

Its goal.

## Phase 2: Second
- [ ] t2.2 Later
- [ ] t2.1 Earlier, written later
  - Verify: `true`
  - [ ] t2.1.10 Deep
  - [ ] t2.1.9 Deeper
## Phase 1: First
- [x] t1 Alone `code` é \\ud800
"""


@pytest.fixture
def draft() -> DraftGraph:
    return from_plan(parse(TEXT, "p.md"))


@pytest.fixture
def family(draft: DraftGraph, tmp_path: Path) -> prompts.Family:
    """The family of a run, over its store."""
    head, found = graphs.parts(draft)
    run = RunRow("r1", "p.md", "d", "running", "", "", 1.0, None, "{}", head)
    store = Store.open(tmp_path / "state.db")
    store.create_run(run, [], 1.0, [NodeRow("r1", task, text) for task, text in found])
    return nodes.family(store, "r1", adjacency_of(draft))


def test_each_task_comes_back_as_it_was(draft: DraftGraph, family: prompts.Family) -> None:
    assert len(draft.tasks) > 6
    assert {task.id: task for task in draft.tasks} == dict(family.by_id)
    assert len(family.by_id) == len(draft.tasks)
    assert "t9" not in family.by_id
    with pytest.raises(KeyError):
        family.by_id["t9"]


def test_relatives_are_those_of_the_whole_graph(draft: DraftGraph, family: prompts.Family) -> None:
    whole = prompts.family(draft)
    for task in draft.tasks:
        chain, siblings = prompts.relatives(family, task)
        assert (chain, list(siblings)) == (lambda found: (found[0], list(found[1])))(prompts.relatives(whole, task))
    assert dict(family.children) == dict(whole.children)
    assert len(family.children) == len(whole.children) > 2


def test_a_root_has_no_family(draft: DraftGraph, family: prompts.Family) -> None:
    roots = [task for task in draft.tasks if task.parent is None]
    assert [prompts.relatives(family, task) for task in roots] == [([], ())] * len(roots)


def test_what_a_run_keeps_of_the_whole_is_the_whole_without_tasks(draft: DraftGraph) -> None:
    head = graphs.head(graphs.parts(draft)[0])
    assert (head.tasks, head.edges) == ((), ())
    kept = ("plan", "plan_digest", "dialect", "goal", "gate", "findings", "ignored", "boxes")
    assert [getattr(head, name) for name in kept] == [getattr(draft, name) for name in kept]


def test_the_adjacency_from_rows_is_that_of_the_graph(draft: DraftGraph) -> None:
    built = adjacency_of(draft)
    parents = ((task, built.parent[task], "composite" if task in built.children else "atomic") for task in built.order)
    placed = Adjacency.build(parents, ((edge.before, edge.after) for edge in draft.edges), placed=True)
    assert (placed.order, placed.leaves, placed.children) == (built.order, built.leaves, built.children)
    assert dict(placed.before) == dict(built.before)
