"""Single changes of a draft: the laws hold after each, and no order among the other tasks is lost or made up."""

import os
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from branchline.errors import GraphError
from branchline.graph import change
from branchline.graph.build import adjacency
from branchline.graph.laws import check_draft
from branchline.model.plan import Check, DraftGraph, Edge, FileRef, Finding, Task
from test_graph_drafts import drafts

EXAMPLES = 25 * int(os.environ.get("BRANCHLINE_TEST_SCALE", "1"))
DRAFT = DraftGraph(
    "x.md",
    "sha256:1",
    "todo",
    "Shop",
    (
        Task("1", "Base", "composite"),
        Task("1.1", "Schema", parent="1", files=(FileRef("a.py", "create"),), checks=(Check("make a"),), estimate=1.0),
        Task("1.2", "Model", parent="1", files=(FileRef("a.py"), FileRef("b.py", "modify")), body="By hand."),
        Task("2", "Pages", "composite"),
        Task("2.1", "Cart", parent="2", checks=(Check("make a"), Check("make cart")), worker="codex", estimate=2.0),
        Task("3", "Docs"),
    ),
    (Edge("1", "2", "phase", None, 0.8), Edge("2", "3", "phase"), Edge("1.1", "1.2", "written", 4)),
    findings=(Finding("unknown-reference", "2.1 refers to 9", 7, "2.1", hold=True),),
)


def before(draft: DraftGraph) -> dict[str, set[str]]:
    """Leaf -> all leaves that come before it."""
    net = adjacency(draft)
    found: dict[str, set[str]] = {}
    for leaf in sorted(net.leaves, key=net.rank().__getitem__, reverse=True):
        found[leaf] = {each for one in net.before[leaf] for each in (one, *found[one])}
    return found


@settings(deadline=None, max_examples=EXAMPLES)
@given(drafts(), st.data())
def test_to_drop_a_task_leaves_the_order_of_the_others(draft: DraftGraph, data: Any) -> None:
    victim = data.draw(st.sampled_from(draft.tasks)).id
    try:
        left = change.drop(draft, victim)
    except GraphError as fault:
        assert "nothing would be left" in fault.message
        return
    check_draft(left)
    leaves = {task.id for task in left.tasks if task.kind == "atomic"}
    assert victim not in leaves
    assert leaves
    assert before(left) == {leaf: earlier & leaves for leaf, earlier in before(draft).items() if leaf in leaves}


@settings(deadline=None, max_examples=EXAMPLES)
@given(drafts(), st.data())
def test_two_merged_wait_and_are_waited_for_as_both(draft: DraftGraph, data: Any) -> None:
    leaves = [task for task in draft.tasks if task.kind == "atomic"]
    assume(len(leaves) > 1)
    one, two = data.draw(st.permutations(leaves))[:2]
    draft = draft._replace(tasks=tuple(task._replace(role="build", state="open") for task in draft.tasks))
    old = before(draft)
    between = [leaf for leaf in old if {one.id, two.id} & old[leaf] and any(leaf in old[end.id] for end in (one, two))]
    try:
        merged = change.merge(draft, one.id, two.id)
    except GraphError as fault:
        assert "circle" in fault.message
        return
    check_draft(merged)
    assert between == []
    new = before(merged)
    assert new.keys() == old.keys() - {two.id}
    for leaf, earlier in old.items():
        own = one.id if leaf == two.id else leaf
        assert new[own] >= {one.id if each == two.id else each for each in earlier} - {own}


def test_what_the_merged_task_has() -> None:
    merged = change.merge(DRAFT, "1.2", "2.1")
    assert [task.id for task in merged.tasks] == ["1", "1.1", "1.2", "3"]
    task = change.task_named(merged, "1.2")
    assert (task.title, task.worker, task.estimate, task.body) == ("Model; Cart", "codex", 2.0, "By hand.")
    assert [check.run for check in task.checks] == ["make a", "make cart"]
    assert set(task.files) == {FileRef("a.py"), FileRef("b.py", "modify")}
    assert [finding.task for finding in merged.findings] == ["1.2"]
    assert before(merged)["3"] == {"1.1", "1.2"}  # what waited for the phase that is empty now waits for the task
    both = change.task_named(change.merge(DRAFT, "1.1", "1.2"), "1.1")
    assert set(both.files) == {FileRef("a.py", "create"), FileRef("b.py", "modify")}


def test_a_merged_task_stands_for_every_line_of_the_plan_that_is_done_with_it() -> None:
    placed = DRAFT._replace(tasks=tuple(task._replace(line=n) for n, task in enumerate(DRAFT.tasks, 1)))
    merged = change.merge(change.merge(placed, "1.1", "1.2"), "3", "2.1")
    assert change.task_named(merged, "3").places == [(6, "Docs", "3"), (4, "Pages", "2"), (5, "Cart", "2.1")]
    merged = change.merge(merged, "1.1", "3")
    assert [line for line, _, _ in change.task_named(merged, "1.1").places] == [2, 3, 6, 4, 5]
    assert change.task_named(change.merge(DRAFT, "1.1", "1.2"), "1.1").places == []


@pytest.mark.parametrize("told", [[[1, "A"]], [["1", "A", "b"]], [[True, "A", "b"]], {"line": 1}, "x", [7]])
def test_places_that_somebody_wrote_by_hand_and_are_none_do_not_count(told: Any) -> None:
    assert Task("1", "One", line=3, extra={"merged": told}).places == [(3, "One", "1")]


def test_a_drop_takes_empty_phases_and_findings_along() -> None:
    left = change.drop(DRAFT, "2.1")
    assert [task.id for task in left.tasks] == ["1", "1.1", "1.2", "3"]
    assert left.findings == ()
    assert before(left)["3"] == {"1.1", "1.2"}
    assert [edge.confidence for edge in left.edges if edge.after == "3"] == [0.8]


def test_the_other_changes() -> None:
    free = change.cut(DRAFT, "1", "2")
    assert before(free)["2.1"] == set()
    assert before(change.order(free, "1.2", "2.1"))["2.1"] == {"1.1", "1.2"}
    assert change.implied(DRAFT, "2") == ["1"]
    given_to = change.changed(DRAFT, "1", worker="claude")
    assert [task.worker for task in given_to.tasks] == [None, "claude", "claude", None, "codex", None]
    assert change.task_named(change.checked_by(DRAFT, "3", "true"), "3").checks == (Check("true", "review"),)
    ids = change.free_ids(DRAFT.tasks, "2", 2)
    assert ids == ["2.2", "2.3"]
    split = change.put_below(DRAFT, "3", [Task("3.1", "A"), Task("3.2", "B")], [Edge("3.1", "3.2", "inferred")])
    assert before(split)["3.2"] == {"1.1", "1.2", "2.1", "3.1"}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: change.drop(DRAFT, "9"), "no task 9"),
        (lambda: change.drop(change.drop(change.drop(DRAFT, "1"), "3"), "2"), "nothing would be left"),
        (lambda: change.merge(DRAFT, "1", "3"), "1 has subtasks"),
        (lambda: change.merge(DRAFT, "3", "3"), "name two"),
        (lambda: change.merge(DRAFT, "1.1", "3"), "circle"),
        (lambda: change.merge(change.changed(DRAFT, "3", role="research"), "2.1", "3"), "only tasks of one role"),
        (lambda: change.cut(DRAFT, "1.1", "1.2"), "written in the plan, line 4"),
        (lambda: change.cut(DRAFT, "1", "3"), "3 does not wait for 1"),
        (lambda: change.order(DRAFT, "3", "1.1"), "circle"),
        (lambda: change.put_below(DRAFT, "2", [Task("2.2", "A")], []), "2 has subtasks"),
        (lambda: change.free_ids(DRAFT.tasks, "a" * 63, 1), "too long"),
    ],
)
def test_what_cannot_be_is_said(call: Any, words: str) -> None:
    with pytest.raises(GraphError, match=words):
        call()
