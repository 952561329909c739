"""The batch verbs on plain rows: own cases, and the development corpus where it stands beside the repository."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from branchline.errors import GraphError
from branchline.graph.ids import LEGAL_ID
from branchline.schedule import next_batch, order, rows

CORPUS = Path(__file__).parents[2] / "shared" / "corpus" / "batch" / "cases.json"


def said(*errors: str, warnings: Sequence[str] = ()) -> dict[str, Any]:
    return {"valid": not errors, "errors": [*errors], "warnings": [*warnings]}


IN_WORDS = {
    "next-batch_breadth-first_conc0": [],
    "next-batch_depth-first_conc0": [],
    "next-batch_depth-first_no_parent": ["a", "b"],
    "next-batch_depth-first_dup_ids": GraphError,
    "next-batch_depth-first_bb_string": ["a.2"],
    "next-batch_breadth-first_diamond": ["d.2"],
    "validate_dups": said("duplicate id: a stands 2 times; every id must stand once"),
    "validate_missing": said("unknown blocker: a is blocked by zz, which does not exist"),
    "validate_cycle2": said("cycle: a -> b -> a; each of them would wait for the one before it"),
    "validate_self": said("cycle: a -> a; each of them would wait for the one before it"),
    "validate_deep": said(warnings=["deeper than 3: a"]),
}
"""What the corpus says only in words, or in another program's, as we read it and in our own."""


def cases() -> Iterator[Any]:
    paths = [CORPUS, Path(__file__).parents[3] / "shared" / "corpus" / "batch" / "cases.json"]
    found = next((path for path in paths if path.exists()), None)
    if found is None:
        yield pytest.param("", {}, marks=pytest.mark.skip(reason="the development corpus is not beside the repository"))
        return
    for name, case in json.loads(found.read_text()).items():
        yield pytest.param(name, case, id=name)


@pytest.mark.corpus
@pytest.mark.parametrize(("name", "case"), list(cases()))
def test_corpus(name: str, case: dict[str, Any]) -> None:
    expected = IN_WORDS.get(name, case["expect"])
    if expected is GraphError:
        with pytest.raises(GraphError):
            run(case)
    else:
        assert run(case) == expected


def run(case: dict[str, Any]) -> Any:
    if case["verb"] == "validate":
        return rows.validate(case["tasks"])
    verb = order if case["verb"] == "order" else next_batch
    return verb(rows.view(case["tasks"]), case["strategy"], int(case["concurrency"] or 4))


def row(task_id: str, parent: str = "", before: Any = None, **fields: Any) -> dict[str, Any]:
    found = {"id": task_id, "status": "pending", "parent_id": parent, **fields}
    return found if before is None else {**found, "blocked_by": before}


def test_a_task_below_too_many_others_is_too_deep_whatever_its_row_says() -> None:
    chain = [row("a"), row("b", "a"), row("c", "b"), row("d", "c"), row("e", "d", depth=1), row("f", "e")]
    assert rows.validate(chain) == said(warnings=["deeper than 3: e, f"])
    assert rows.validate([*reversed(chain)]) == said(warnings=["deeper than 3: f, e"])
    assert rows.validate(chain[1:]) == said(warnings=["deeper than 3: e, f"]), "a parent without a row is one too"


THREE = [row(f"t{branch}.{leaf}", f"t{branch}") for branch in (1, 2) for leaf in (10, 2, 1)]


def test_natural_order_and_fill() -> None:
    assert order(rows.view(THREE), "depth-first", 2) == [["t1.1", "t1.2"], ["t1.10"], ["t2.1", "t2.2"], ["t2.10"]]
    assert order(rows.view(THREE), "depth-first", 2, True) == [["t1.1", "t1.2"], ["t1.10", "t2.1"], ["t2.2", "t2.10"]]
    assert order(rows.view(THREE), "breadth-first", 4, True) == [["t1.1", "t2.1", "t1.2", "t2.2"], ["t1.10", "t2.10"]]
    assert order(rows.view(THREE), "breadth-first", 3, True) == [["t1.1", "t2.1", "t1.2"], ["t2.2", "t1.10", "t2.10"]]
    assert order(rows.view(THREE), "breadth-first", 4) == [["t1.1", "t2.1"], ["t1.2", "t2.2"], ["t1.10", "t2.10"]]


def test_running_rows_use_up_slots() -> None:
    tasks = [*THREE, row("t3.1", "t3", status="in_progress")]
    assert next_batch(rows.view(tasks), "depth-first", 2) == ["t1.1"]
    assert next_batch(rows.view(tasks), "depth-first", 1) == []
    assert next_batch(rows.view(tasks), "breadth-first", 3) == ["t1.1", "t2.1"]


def test_parents_are_never_dispatched_and_constrain_their_leaves() -> None:
    tasks = [row("t1"), row("t1.1", "t1"), row("t2", before=["t1"]), row("t2.1", "t2"), row("t3", kind="composite")]
    assert order(rows.view(tasks), "depth-first", 4) == [["t1.1"], ["t2.1"]]


def test_hybrid_takes_research_first_and_then_one_of_each_branch() -> None:
    tasks = [row("a.1", "a"), row("a.2", "a", role="research"), row("a.3", "a"), row("b.1", "b", role="brainstorm")]
    tasks += [row("b.2", "b")]
    assert order(rows.view(tasks), "hybrid", 4) == [["a.2", "b.1"], ["a.1", "b.2"], ["a.3"]]


def test_order_goes_beyond_the_frontier() -> None:
    tasks = [row("a.1", "a"), row("a.2", "a", ["a.1"]), row("b.1", "b", "a.2, a.1"), row("b.2", "b", ["a.2"])]
    assert order(rows.view(tasks), "depth-first", 4) == [["a.1"], ["a.2"], ["b.1", "b.2"]]


def test_what_waits_for_a_failed_row_is_in_no_batch() -> None:
    tasks = [row("a", status="failed"), row("b", before=["a"]), row("c")]
    assert order(rows.view(tasks)) == [["c"]]


@pytest.mark.parametrize(
    ("tasks", "words"),
    [
        ([row("a"), row("a")], "a is given twice"),
        ([row("a", before=["zz"])], "names zz"),
        ([row("a", before=["b"]), row("b", before=["a"])], "a -> b -> a"),
        ([row("a", before=["a"])], "a -> a"),
        ([row("a"), row("a.1", "a", ["a"])], "a -> a.1 -> a"),
        ([row("a", "b"), row("b", "a")], "own ancestor"),
        ([{"status": "pending"}], "number 1 of the list has no id"),
        (["a"], "number 1 of the list has no id"),
        ({"a": 1}, "must be a JSON list"),
        ([row("a", before={"b": 1})], "must be a list of ids"),
        ([row("CON")], "illegal id"),
        ([row("a", parent_id={"x": 1})], "parent_id must be an id"),
        ([row("T1"), row("t1")], "differ in case only"),
    ],
)
def test_rows_that_cannot_be_are_errors_and_never_look_done(tasks: Any, words: str) -> None:
    with pytest.raises(GraphError, match=words):
        rows.view(tasks)


def test_validate_finds_everything_at_once() -> None:
    tasks = [row("a", before=["b", "zz"]), row("b", before=["a"]), row("b"), row("c", depth=5)]
    found = rows.validate(tasks)
    assert found == said(
        "duplicate id: b stands 2 times; every id must stand once",
        "unknown blocker: a is blocked by zz, which does not exist",
        warnings=["deeper than 3: c"],
    )
    two = [row("a", before=["b"]), row("b", before=["c"]), row("c", before=["a"]), row("d", before=["d"])]
    assert rows.validate(two)["errors"] == [
        "cycle: d -> d; each of them would wait for the one before it",
        "cycle: a -> c -> b -> a; each of them would wait for the one before it",
    ]
    loop = [row("a", "b"), row("b", "c"), row("c", "b")]
    assert rows.validate(loop)["errors"] == ["cycle of parents: b -> c -> b"]
    assert rows.validate([row("../x"), row("T1"), row("t1")])["errors"] == [
        f"illegal id: '../x': {LEGAL_ID}",
        "T1 and t1 differ in case only; ids become names of files",
    ]
    assert rows.validate([]) == said()


@pytest.mark.parametrize("name", ["blocked_by", "depends_on", "order_after", "dependencies"])
def test_no_name_for_what_a_row_waits_for_is_passed_over(name: str) -> None:
    found: list[dict[str, Any]] = [{"id": 1, name: [2]}, {"id": 2}]
    assert order(rows.view(found), "depth-first", 4) == [["2"], ["1"]]
    assert not rows.validate([found[0], {"id": 2, name: [1]}])["valid"]


def test_numbers_are_ids_too() -> None:
    assert order(rows.view([{"id": 1}, {"id": 2, "blocked_by": [1]}, {"id": 10, "blocked_by": 1}])) == [
        ["1"],
        ["2", "10"],
    ]
