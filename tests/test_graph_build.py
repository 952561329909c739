"""Plan to draft: everything a plan can get wrong ends in a finding, and a written circle in an error."""

import os
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from branchline.errors import GraphError, PlanError
from branchline.graph import build
from branchline.graph.laws import check_draft
from branchline.model.plan import Check, DraftGraph, Edge, Finding, Plan, Task

EXAMPLES = 60 * int(os.environ.get("BRANCHLINE_TEST_SCALE", "1"))


def plan(tasks: list[Task], edges: list[Edge] | None = None) -> Plan:
    return Plan("x.md", "sha256:0", "checkbox", "A goal", tuple(tasks), tuple(edges or []))


def task(task_id: str, parent: str | None = None, line: int = 1, **fields: Any) -> Task:
    return Task(task_id, f"Do {task_id}", parent=parent, line=line, **fields)


def codes(draft: DraftGraph) -> list[tuple[str, str | None, bool]]:
    return [(finding.code, finding.task, finding.hold) for finding in draft.findings]


def test_a_sound_plan_comes_through_as_it_is() -> None:
    given_plan = plan([task("1", kind="composite"), task("1.1", "1"), task("2")], [Edge("1", "2", "phase", 3, 0.8)])
    draft = build.from_plan(given_plan)
    assert draft.tasks == given_plan.tasks
    assert draft.edges == given_plan.edges
    assert (draft.plan, draft.plan_digest, draft.dialect, draft.goal) == ("x.md", "sha256:0", "checkbox", "A goal")
    assert draft.findings == ()


def test_a_doubled_id_is_kept_twice_and_who_refers_to_it_is_held() -> None:
    draft = build.from_plan(
        plan(
            [task("t1"), task("t1.a", "t1"), task("T1"), task("t1.b", "T1"), task("t2"), task("t3")],
            [Edge("t1", "t2", "written", 9), Edge("T1", "t3", "sequence", 9)],
        )
    )
    assert [(each.id, each.parent) for each in draft.tasks][:4] == [
        ("t1", None),
        ("t1.a", "t1"),
        ("T1~2", None),
        ("t1.b", "T1~2"),
    ]
    assert codes(draft) == [("duplicate-id", "T1~2", False), ("ambiguous-reference", "t2", True)]
    assert [(edge.before, edge.after) for edge in draft.edges] == [("t1", "t2"), ("t1", "t3")]


def test_an_unknown_reference_holds_the_task_that_makes_it() -> None:
    draft = build.from_plan(
        plan([task("a"), task("b")], [Edge("zz", "a", "written", 4), Edge("b", "yy", "written", 5)])
    )
    assert codes(draft) == [("unknown-reference", "a", True), ("unknown-reference", "b", True)]
    assert [finding.line for finding in draft.findings] == [4, 5]
    assert draft.edges == ()


def test_an_illegal_id_gets_a_number_and_stays_in_extra() -> None:
    draft = build.from_plan(plan([task("a/b"), task("c"), task("con", "a/b")], [Edge("a/b", "c", "written")]))
    assert [(each.id, each.parent) for each in draft.tasks] == [("x1", None), ("c", None), ("x3", "x1")]
    assert draft.tasks[0].extra == {"id": "a/b"}
    assert draft.edges == (Edge("x1", "c", "written"),)


def test_parents_that_cannot_be_are_dropped() -> None:
    draft = build.from_plan(plan([task("a", "zz"), task("b", "c"), task("c", "b")]))
    assert [(each.id, each.parent, each.kind) for each in draft.tasks] == [
        ("a", None, "atomic"),
        ("b", "c", "atomic"),
        ("c", None, "composite"),
    ]
    assert [code for code, _, _ in codes(draft)] == ["unknown-parent", "unknown-parent"]


def test_what_is_too_deep_is_folded_into_the_description() -> None:
    ids = ["a", "a1", "a1.1", "a1.1.1", "a1.1.1.1", "a1.1.1.1.1"]
    tasks = [task(each, ids[place - 1] if place else None) for place, each in enumerate(ids)]
    tasks[4] = task(ids[4], ids[3], checks=(Check("make"),), body="with care")
    draft = build.from_plan(
        plan([*tasks, task("b")], [Edge(ids[5], "b", "written", 2), Edge(ids[4], ids[5], "sequence")])
    )
    last = draft.tasks[3]
    assert (last.id, last.kind, last.checks) == ("a1.1.1", "atomic", (Check("make"),))
    assert last.body == "- Do a1.1.1.1\nwith care\n- Do a1.1.1.1.1"
    assert draft.edges == (Edge("a1.1.1", "b", "written", 2),)
    assert [code for code, _, _ in codes(draft)] == ["too-deep", "too-deep"]


def test_the_strongest_of_several_edges_stays() -> None:
    edges = [Edge("a", "b", "inferred", 1, 0.9), Edge("a", "b", "written", 2), Edge("a", "b", "phase", 3, 0.8)]
    assert build.from_plan(plan([task("a"), task("b")], edges)).edges == (edges[1],)


def test_edges_within_a_lineage_go_with_a_finding() -> None:
    edges = [Edge("p", "p.1", "written", 2), Edge("p.1", "p", "phase", 3), Edge("b", "b", "written", 4)]
    draft = build.from_plan(plan([task("p"), task("p.1", "p"), task("b")], edges))
    assert draft.edges == ()
    assert [finding.code for finding in draft.findings] == ["self-dependency"] * 3


def test_a_circle_loses_its_weakest_implied_edge() -> None:
    edges = [
        Edge("a", "b", "phase", 1, 0.8),
        Edge("b", "c", "sequence", 2, 0.7),
        Edge("c", "d", "inferred", 3, 0.9),
        Edge("d", "a", "written", 4),
    ]
    draft = build.from_plan(plan([task(each) for each in "abcd"], edges))
    assert [edge.line for edge in draft.edges] == [1, 3, 4]
    assert draft.findings[0] == Finding(
        "cycle", "the order a -> b -> c -> d -> a is a circle; its sequence edge b -> c is left out", 2, "c"
    )


def test_of_equals_the_edge_after_the_written_one_goes() -> None:
    chain = [Edge(str(each), str(each + 1), "sequence", each, 0.7) for each in range(1, 5)]
    draft = build.from_plan(plan([task(str(each)) for each in range(1, 6)], [*chain, Edge("5", "1", "written", 9)]))
    assert [edge.line for edge in draft.edges] == [2, 3, 4, 9]


def test_a_circle_in_which_prose_has_a_part_loses_what_prose_tells() -> None:
    edges = [Edge("a", "b", "written", 1), Edge("b", "c", "written", 2, 0.9), Edge("c", "a", "written", 3)]
    draft = build.from_plan(plan([task(each) for each in "abc"], edges))
    assert [edge.line for edge in draft.edges] == [1, 3]
    assert [(finding.code, finding.line) for finding in draft.findings] == [("cycle", 2)]


def test_a_written_circle_is_an_error_with_path_and_lines() -> None:
    edges = [Edge("a", "b", "written", 11), Edge("b", "p", "written", 12), Edge("p.1", "a", "written", 13)]
    with pytest.raises(GraphError) as caught:
        build.from_plan(plan([task("a"), task("b"), task("p"), task("p.1", "p")], edges))
    assert "a -> b -> p -> p.1 -> a" in caught.value.message
    assert caught.value.details["lines"] == [11, 12, 13]


def test_many_circles_are_broken_in_one_walk() -> None:
    count = 3000
    forward = [Edge(str(each), str(each + 1), "sequence", each + 1, 0.7) for each in range(count)]
    back = [Edge(str(each + 1), str(each), "written", each + 1) for each in range(count)]
    draft = build.from_plan(plan([task(str(each)) for each in range(count + 1)], [*forward, *back]))
    assert draft.edges == tuple(back)
    assert len(draft.findings) == count


def test_too_many_tasks_are_refused() -> None:
    with pytest.raises(PlanError, match="150001 tasks"):
        build.from_plan(plan([task("a")] * (build.MAX_TASKS + 1)))


IDS = st.sampled_from(["a", "A", "b", "1", "1.1", "x/y", "zz", "b~2"])


@settings(deadline=None, max_examples=EXAMPLES)
@given(
    st.lists(st.tuples(IDS, st.none() | IDS), max_size=10),
    st.lists(st.tuples(IDS, IDS, st.sampled_from(["phase", "sequence", "inferred"]), st.floats(0, 1)), max_size=10),
)
def test_any_plan_without_written_edges_becomes_a_sound_draft(tasks: Any, edges: Any) -> None:
    draft = build.from_plan(
        plan([task(*each) for each in tasks], [Edge(one, other, kind, 1, share) for one, other, kind, share in edges])
    )
    check_draft(draft)
    assert len(draft.tasks) + sum(finding.code == "too-deep" for finding in draft.findings) == len(tasks)
    assert build.from_plan(plan(list(draft.tasks), list(draft.edges))).tasks == draft.tasks
    assert build.adjacency(draft).edges == tuple((edge.before, edge.after) for edge in draft.edges)
