"""Which tasks start, and why the others wait: the strategies by example, the limits and the reasons as laws."""

import os
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from branchline.errors import UsageError
from branchline.graph.adjacency import Adjacency
from branchline.graph.frontier import Frontier
from branchline.model.moves import BUSY, FINAL, SATISFIED, SLOTTED
from branchline.model.plan import FileRef, Task
from branchline.schedule import (
    STRATEGIES,
    Queue,
    View,
    choose,
    explain,
    mutex_keys,
    next_batch,
    order,
    reasons,
)
from test_graph_drafts import nodes_of, pairs, trees, without_circles

EXAMPLES = 60 * int(os.environ.get("BRANCHLINE_TEST_SCALE", "1"))

THREE = Adjacency.build(
    [(f"{branch}", None, "composite") for branch in (1, 2, 3)]
    + [(f"{branch}.{leaf}", f"{branch}", "atomic") for branch in (1, 2, 3) for leaf in (1, 2, 10)]
)


def three(slots: int = 4, **fields: Any) -> View:
    return View(THREE, fields.pop("state", {}), slots, **fields)


@pytest.mark.parametrize(
    ("strategy", "state", "expected"),
    [
        ("depth-first", {}, ["1.1", "1.2", "1.10", "2.1"]),
        ("depth-first", {"1.1": "done", "1.2": "running"}, ["1.10", "2.1", "2.2"]),
        ("depth-first", {"1.1": "merging"}, ["1.2", "1.10", "2.1", "2.2"]),
        ("breadth-first", {}, ["1.1", "2.1", "3.1", "1.2"]),
        ("breadth-first", {"1.1": "running", "2.1": "done"}, ["3.1", "1.2", "2.2"]),
        ("breadth-first", {"1.1": "failed", "2.1": "blocked"}, ["3.1", "1.2", "2.2", "3.2"]),
        ("hybrid", {}, ["1.2", "3.2", "1.1", "2.1"]),
        ("hybrid", {"1.2": "done", "3.2": "done"}, ["1.1", "2.1", "3.1"]),
        ("hybrid", {"1.2": "done", "3.2": "running", "2.1": "checking"}, ["1.1", "3.1"]),
        ("critical-path", {}, ["3.10", "1.1", "1.2", "1.10"]),
    ],
)
def test_strategies(strategy: str, state: dict[str, str], expected: list[str]) -> None:
    roles = {"1.2": "research", "3.2": "brainstorm"}
    rank = {leaf: 9.0 if leaf == "3.10" else 1.0 for leaf in THREE.leaves}
    assert choose(three(state=state, role=roles, rank=rank), strategy) == expected


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("slots", [0, -1])
def test_no_slots_give_nothing_and_say_so(strategy: str, slots: int) -> None:
    assert choose(three(slots), strategy) == []
    assert reasons(three(slots), strategy)["1.1"] == "slot: 0 of 0 used"


def test_unknown_strategies_are_refused() -> None:
    for call in (choose, reasons, next_batch, order):
        with pytest.raises(UsageError, match="depth-first, breadth-first"):
            call(three(), "deepest-first")  # type: ignore[operator]


def test_the_mutex_of_a_task_is_what_it_creates_or_modifies() -> None:
    files = (FileRef("./a.py", "modify"), FileRef("b//c.py", "create"), FileRef("t.py", "test"), FileRef("d.py"))
    assert mutex_keys(Task("1", "One", files=files)) == {"a.py", "b/c.py"}


@pytest.mark.parametrize(
    ("slots", "touch", "expected"),
    [
        (2, {"1.1": {"t.py": True}, "1.2": {"t.py": True}}, ["1.1", "1.10"]),
        (2, {"1.1": {"t.py": True}, "1.2": {"t.py": False}}, ["1.1", "1.10"]),
        (2, {"1.1": {"t.py": False}, "1.2": {"t.py": True}}, ["1.1", "1.10"]),
        (2, {"1.1": {"t.py": False}, "1.2": {"t.py": False}}, ["1.1", "1.2"]),
        (9, {leaf: {"t.py": True} for leaf in THREE.leaves}, list(THREE.leaves)),
        (4, {"1.2": {"t.py": True}, "1.1": {"t.py": True}, "1.10": {"t.py": True}}, ["1.1", "2.1", "2.2", "2.10"]),
    ],
    ids=["both change it", "one reads it", "the other reads it", "both read it", "no slot stays empty", "others first"],
)
def test_likely_conflicts_are_kept_apart_while_there_is_other_work(
    slots: int, touch: dict[str, dict[str, bool]], expected: list[str]
) -> None:
    view = three(slots, touch=touch)
    assert choose(view) == expected
    assert {leaf for leaf, found in explain(view).items() if found.kind == "next"} == set(expected)
    merging = three(1, touch=touch, state={"1.1": "merging"})
    assert choose(merging) == expected[1:2]


def test_every_kind_of_wait_has_its_words() -> None:
    adjacency = Adjacency.build(
        [(name, None, "atomic") for name in "abcdefghijklmnop"], [("a", "b"), ("c", "b"), ("d", "b"), ("e", "b")]
    )
    view = View(
        adjacency,
        state={"a": "running", "c": "failed", "d": "blocked", "e": "held", "f": "paused", "g": "retrying"}
        | {"h": "retrying", "i": "ready"},
        slots=3,
        limit="memory",
        mutex={"a": {"x.py"}, "i": {"x.py"}},
        needs={"j": ("gpu", "gpu"), "a": ("db",), "k": ("db",)},
        lane={"a": "big", "l": "big"},
        lanes={"big": 1},
        retry_at={"g": 1030.0, "m": 1005.0},
        now=1000.0,
        notes={"d": "which database?", "e": "unchecked", "g": "no output"},
    )
    assert reasons(view) == {
        "b": "waits for a (running), c (failed: retry or skip it), d (blocked: answer it) and others",
        "d": "question: which database?",
        "e": "held: unchecked",
        "f": "lane: its provider is paused",
        "g": "retry time: in 30 s, no output",
        "h": "retry time: it will be tried again",
        "i": "mutex: x.py with a",
        "j": "resource: gpu: needs 2, there are only 1: raise [resources]",
        "k": "resource: db: 1 of 1 used",
        "l": "lane: big: 1 of 1 used",
        "m": "retry time: in 5 s",
        "n": "starts next",
        "o": "starts next",
        "p": "memory: 3 of 3 used",
    }
    assert choose(view) == ["n", "o"]
    assert not {"a", "c"} & reasons(view).keys()


def test_hybrid_says_who_builds() -> None:
    view = three(state={"1.1": "running"})
    assert reasons(view, "hybrid")["1.2"] == "slot: hybrid builds one task of a branch at a time, now 1.1"


@st.composite
def views(draw: Any) -> View:
    """Views as they may be met: any states with nothing running before its time, any limits."""
    nodes = nodes_of(draw(trees(10)))
    adjacency = Adjacency.build(nodes, without_circles(nodes, draw(pairs([each for each, _, _ in nodes]))))
    frontier = Frontier(adjacency)
    state: dict[str, str] = {}
    queue = frontier.ready()
    states = ["pending", "ready", "running", "merging", "done", "done", "skipped", "failed", "blocked", "held"]
    for leaf in queue:
        state[leaf] = draw(st.sampled_from(states))
        queue += frontier.release(leaf) if state[leaf] in SATISFIED else []
    some = st.sets(st.sampled_from(["x", "y"]), max_size=2)
    leaves = st.sampled_from(adjacency.leaves)
    return View(
        adjacency,
        state,
        slots=draw(st.integers(0, 4)),
        role=draw(st.dictionaries(leaves, st.sampled_from(["research", "build"]))),
        mutex=draw(st.dictionaries(leaves, some)),
        needs=draw(st.dictionaries(leaves, some)),
        resources=draw(st.dictionaries(st.sampled_from(["x", "y"]), st.integers(0, 2))),
        lane=draw(st.dictionaries(leaves, st.sampled_from(["p", "q"]))),
        lanes=draw(st.dictionaries(st.sampled_from(["p", "q"]), st.integers(0, 2))),
        retry_at=draw(st.dictionaries(leaves, st.sampled_from([0.0, 9.0]))),
        now=5.0,
        only=draw(st.just(set()) | st.sets(leaves)),
    )


@settings(deadline=None, max_examples=2 * EXAMPLES)
@given(views(), st.sampled_from(STRATEGIES))
def test_no_limit_is_ever_broken(view: View, strategy: str) -> None:
    chosen = choose(view, strategy)
    busy = [leaf for leaf in view.adjacency.leaves if view.state.get(leaf) in BUSY]
    slotted = [leaf for leaf in busy if view.state[leaf] in SLOTTED]
    satisfied = {leaf for leaf, state in view.state.items() if state in SATISFIED}
    assert len(set(chosen)) == len(chosen) <= max(0, view.slots - len(slotted))
    for place, leaf in enumerate(chosen):
        assert view.state.get(leaf, "pending") in ("pending", "ready")
        assert satisfied.issuperset(view.adjacency.before[leaf])
        assert not view.only or leaf in view.only
        assert view.retry_at.get(leaf, 0.0) <= view.now
        others = [*busy, *chosen[:place]]
        assert not any(set(view.mutex.get(leaf, ())) & set(view.mutex.get(other, ())) for other in others)
    for name in ("x", "y"):
        users = [leaf for leaf in chosen if name in view.needs.get(leaf, ())]
        before = [leaf for leaf in slotted if name in view.needs.get(leaf, ())]
        assert not users or len(users) + len(before) <= view.resources.get(name, 1)
    for lane, room in view.lanes.items():
        users = [leaf for leaf in chosen if view.lane.get(leaf) == lane]
        assert not users or len(users) + sum(view.lane.get(leaf) == lane for leaf in slotted) <= room


@settings(deadline=None, max_examples=2 * EXAMPLES)
@given(views(), st.sampled_from(STRATEGIES))
def test_every_waiting_task_has_a_reason_and_the_chosen_ones_start_next(view: View, strategy: str) -> None:
    found = explain(view, strategy)
    waiting = [each for each in view.adjacency.leaves if view.state.get(each, "pending") not in BUSY | FINAL]
    assert list(found) == waiting
    assert all(each.kind and each.words for each in found.values())
    assert {leaf for leaf, each in found.items() if each.kind == "next"} == set(choose(view, strategy))


@settings(deadline=None, max_examples=EXAMPLES)
@given(views(), st.sampled_from(STRATEGIES), st.randoms(use_true_random=False))
def test_the_answer_does_not_depend_on_how_the_ready_tasks_are_given(view: View, strategy: str, random: Any) -> None:
    chosen = choose(view, strategy)
    satisfied = [leaf for leaf, state in view.state.items() if state in SATISFIED]
    ready = [
        leaf
        for leaf in Frontier(view.adjacency, satisfied).ready()
        if view.state.get(leaf, "pending") in ("pending", "ready")
    ]
    random.shuffle(ready)
    busy = [leaf for leaf, state in view.state.items() if state in BUSY]
    assert choose(view._replace(ready=ready, busy=busy), strategy) == chosen
    queue = Queue(view.adjacency, strategy, view.role)
    for leaf in [*view.adjacency.leaves, *ready, *ready]:
        queue.add(leaf)
    for leaf in view.adjacency.leaves:
        if leaf not in ready:
            queue.discard(leaf)
            queue.discard(leaf)
    assert len(queue) == len(ready)
    assert choose(view._replace(ready=queue, busy=busy), strategy) == chosen


@settings(deadline=None, max_examples=EXAMPLES)
@given(views(), st.sampled_from(STRATEGIES), st.integers(0, 3), st.booleans())
def test_batches_keep_order_limits_and_are_complete(view: View, strategy: str, concurrency: int, fill: bool) -> None:
    view = view._replace(resources={}, lanes={}, retry_at={})
    batches = order(view, strategy, concurrency, fill)
    done = {leaf for leaf, state in view.state.items() if state in SATISFIED | BUSY}
    dead = {leaf for leaf, state in view.state.items() if leaf not in done and state not in ("pending", "ready")}
    for batch in batches:
        assert 0 < len(batch) <= concurrency
        for leaf in batch:
            assert leaf not in done | dead
            assert not view.only or leaf in view.only
            assert done.issuperset(view.adjacency.before[leaf])
        done.update(batch)
    chosen = view.only or view.adjacency.leaves
    rest = [leaf for leaf in view.adjacency.leaves if leaf in chosen and leaf not in done | dead]
    if concurrency:
        assert all(set(view.adjacency.before[leaf]) - done for leaf in rest)
    else:
        assert batches == []
    if strategy == "depth-first" and not fill:
        assert all(len({view.adjacency.branch(leaf) for leaf in batch}) == 1 for batch in batches)
    if strategy == "breadth-first" and not fill:
        assert all(len({view.adjacency.branch(leaf) for leaf in batch}) == len(batch) for batch in batches)
    if not any(state in BUSY for state in view.state.values()):
        assert next_batch(view, strategy, concurrency, fill) == (batches[0] if batches else [])


def test_a_wide_plan_is_chosen_from_the_head_of_the_queue_only() -> None:
    class Counted(dict[str, str]):
        asked = 0

        def get(self, *args: Any) -> Any:
            self.asked += 1
            return super().get(*args)

    adjacency = Adjacency.build([(str(each), None, "atomic") for each in range(20_000)])
    state = Counted()
    queue = Queue(adjacency, "depth-first", leaves=adjacency.leaves)
    assert choose(View(adjacency, state, 4, ready=queue, busy=())) == ["0", "1", "2", "3"]
    assert state.asked <= 8
