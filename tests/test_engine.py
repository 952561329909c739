"""The pure engine: every history keeps the invariants, and replaying the events rebuilds the rows."""

import json
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from branchline import engine
from branchline.engine import Emit, Policy, Start, State, Stop
from branchline.errors import IllegalMoveError
from branchline.graph.adjacency import Adjacency
from branchline.graph.frontier import Frontier
from branchline.model.moves import BUSY, SATISFIED, SLOTTED, TASK_MOVES
from branchline.model.run import Event, RunRow, TaskRow
from branchline.report.proof import evidence

RUN = RunRow("r1", "plan.md", "sha256:0", "running", "", "base", 0.0, None, "{}", "{}")


def fresh(edges: Sequence[tuple[str, str]], names: Sequence[str], policy: Policy) -> State:
    """A state in which nothing has happened yet."""
    adjacency = Adjacency.build([(name, None, "atomic") for name in names], edges)
    frontier = Frontier(adjacency)
    rows = [
        TaskRow(
            "r1",
            name,
            place,
            name,
            "atomic",
            None,
            None,
            "build",
            "shell",
            "ready" if frontier.is_ready(name) else "pending",
        )
        for place, name in enumerate(adjacency.order)
    ]
    return State.restore(RUN, adjacency, policy, rows, [], [])


class World:
    """Plays custody and the workers: whatever was started ends, in a random order and with random claims."""

    def __init__(self, state: State, rng: random.Random, claims: Sequence[str] = ("done",)) -> None:
        self.state = state
        self.rng = rng
        self.claims = claims
        self.now = 1000.0
        self.live: list[int] = []
        self.events: list[Event] = []
        self.dispatched: list[str] = []

    def feed(self, event: Event) -> None:
        """Fold an event and all that follows, keeping the law after each."""
        if event.kind == "dispatching":
            self.dispatched.append(str(event.task))
            assert all(self.state.tasks[b].state in SATISFIED for b in self.state.adjacency.before[str(event.task)])
        self.state, commands = engine.step(self.state, event)
        self.events.append(event)
        self.keep_the_law()
        for command in commands:
            if isinstance(command, Emit):
                self.feed(command.event)
            elif isinstance(command, Start):
                assert command.fence not in self.live
                self.live.append(command.fence)
            elif isinstance(command, Stop):
                self.end(command.fence)

    def keep_the_law(self) -> None:
        """I1 and I5, after every single event."""
        tasks = [a.task for a in self.state.attempts.values() if a.state != "ended"]
        assert len(tasks) == len(set(tasks))
        assert sum(r.state in SLOTTED for r in self.state.tasks.values()) <= self.state.policy.slots

    def end(self, fence: int) -> None:
        """One process starts (if it has not) and ends, with a claim or a result."""
        attempt = self.state.attempts[fence]
        if attempt.state == "intended" and self.rng.random() < 0.8:
            self.feed(Event(self.now, "r1", "started", "", attempt.task, attempt.attempt, fence))
        if fence in self.live:
            self.live.remove(fence)
        self.feed(Event(self.now, "r1", "ended", "", attempt.task, attempt.attempt, fence, self.outcome(fence)))

    def outcome(self, fence: int) -> dict[str, Any]:
        """What the process left: a claim of the worker, or a result of our own job."""
        attempt = self.state.attempts[fence]
        if attempt.purpose == "work":
            status = self.rng.choice(self.claims)
            question = {"kind": "question", "text": "which?"} if status == "blocked" else None
            error = f"error {self.rng.choice('abcdef')}"
            return {"exit": 0, "claim": {"status": status, "question": question, "error": error, "missing": ()}}
        good = self.rng.random() < 0.9 or self.claims == ("done",)
        result: dict[str, Any] = {
            "ok": good,
            "checks": [{"command": "true", "exit": 0}],
            "level": "checked",
            "commit": "c",
        }
        if not good and attempt.purpose == "merge" and self.rng.random() < 0.5:
            result["conflict"] = {"files": ["a"]}
        return {"exit": 0, "result": {**result, "cause": "check failed", "error": self.rng.choice("abcdef")}}

    def run(self, turns: int = 3000) -> engine.Outcome:
        """Turn until the run is over."""
        for _ in range(turns):
            for event in engine.choose(self.state, self.now):
                self.feed(event)
            if self.live:
                self.end(self.rng.choice(self.live))
            standing = engine.outcome(self.state)
            if standing.over and not self.live:
                return standing
            self.now += self.rng.random() * 20
        raise AssertionError("the run does not end")


def a_graph(draw: st.DrawFn) -> tuple[list[str], list[tuple[str, str]]]:
    """A small directed acyclic graph: edges only lead from earlier to later tasks."""
    count = draw(st.integers(1, 8))
    names = [str(n + 1) for n in range(count)]
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    return names, draw(st.lists(st.sampled_from(pairs), unique=True, max_size=12)) if pairs else []


graphs = st.composite(a_graph)()
STRATEGIES = ("depth-first", "breadth-first", "hybrid", "critical-path")
policies = st.tuples(st.integers(1, 4), st.sampled_from(STRATEGIES), st.booleans(), st.booleans()).map(
    lambda drawn: Policy(slots=drawn[0], strategy=drawn[1], batch=drawn[2], isolated=drawn[3])
)


@settings(deadline=None, max_examples=60)
@given(graphs, policies, st.integers(0, 10**6))
def test_honest_workers_finish_every_plan(graph: Any, policy: Policy, seed: int) -> None:
    names, edges = graph
    world = World(fresh(edges, names, policy), random.Random(seed))
    assert world.run().state == "done"
    assert sorted(world.dispatched) == sorted(names), "each task is dispatched exactly once"


@settings(deadline=None, max_examples=120)
@given(graphs, policies, st.integers(0, 10**6))
def test_any_history_keeps_the_law_and_replays(graph: Any, policy: Policy, seed: int) -> None:
    names, edges = graph
    claims = ("done", "done", "failed", "blocked", "partial", "no_output", "timeout", "rate_limited", "permission")
    world = World(fresh(edges, names, policy), random.Random(seed), claims)
    standing = world.run()
    rows = world.state.tasks
    assert not any(row.state in BUSY for row in rows.values())
    assert all(row.commit for row in rows.values() if row.state == "done"), "done has evidence at a commit"
    if standing.state == "done":
        assert all(row.state in SATISFIED for row in rows.values())
    again = engine.replay(fresh(edges, names, policy), world.events)
    assert again.tasks == rows
    assert again.run == world.state.run
    assert again.next_fence == world.state.next_fence


@settings(deadline=None, max_examples=60)
@given(graphs, st.integers(0, 10**6), st.integers(1, 30))
def test_a_crash_at_any_event_goes_on_from_the_rows(graph: Any, seed: int, crash: int) -> None:
    names, edges = graph
    policy = Policy(slots=2)
    world = World(fresh(edges, names, policy), random.Random(seed))
    attempts, questions = {}, {}
    for _ in range(crash):
        for event in engine.choose(world.state, world.now):
            world.feed(event)
        if world.live:
            world.end(world.rng.choice(world.live))
        changes = world.state.take()
        attempts |= {a.fence: a for a in changes.attempts}
        questions |= {q.id: q for q in changes.questions}
    rows = list(world.state.tasks.values())
    state = State.restore(RUN, world.state.adjacency, policy, rows, attempts.values(), questions.values())
    again = World(state, random.Random(seed + 1))
    again.live = [c.fence for c in engine.outstanding(state, again.now) if isinstance(c, Start)]
    assert sorted(again.live) == sorted(world.live), "nothing that was under way is forgotten or doubled"
    assert again.run().state == "done"
    assert sorted(world.dispatched + again.dispatched) == sorted(names)


def one(policy: Policy | None = None) -> World:
    """A run of one task, dispatched and at work."""
    world = World(fresh([], ["1"], policy or Policy(isolated=False)), random.Random(1))
    for event in engine.choose(world.state, world.now):
        world.feed(event)
    return world


def ended(world: World, claim: dict[str, Any]) -> None:
    fence = world.live.pop()
    world.feed(Event(world.now, "r1", "ended", "", "1", 1, fence, {"exit": 0, "claim": claim}))


def test_the_same_failure_twice_stops_the_task_even_with_retries_left() -> None:
    world = one(Policy(isolated=False, retries=5))
    for n in (1, 2):
        ended(world, {"status": "failed", "error": f"segfault at 0x{n}f3 in line {n}"})
        world.now += 100
        for _ in ("it is due again", "it is dispatched"):
            for event in engine.choose(world.state, world.now):
                world.feed(event)
    assert world.state.tasks["1"].state == "failed"
    assert world.state.tasks["1"].reason.startswith("the same failure twice")


def test_a_failed_check_leaves_its_evidence_with_the_failure() -> None:
    world = one(Policy(isolated=False, retries=0))
    ended(world, {"status": "done"})
    checks = [{"command": "make test", "exit": 2, "tail": "boom"}]
    result = {"ok": False, "level": "gated", "checks": checks, "commit": "c", "cause": "check failed", "error": "boom"}
    fence = world.live.pop()
    world.feed(Event(world.now, "r1", "ended", "", "1", 1, fence, {"exit": 0, "result": result}))
    found = evidence(world.state.tasks["1"], world.events)
    assert (found["state"], found["level"], found["commit"]) == ("failed", "", "c")
    assert [(each["command"], each["exit"], each["tail"]) for each in found["checks"]] == [("make test", 2, "boom")]


def test_a_late_result_of_an_ended_attempt_changes_nothing() -> None:
    world = one()
    fence = world.live[0]
    ended(world, {"status": "failed", "error": "x"})
    before = dict(world.state.tasks)
    world.state.take()
    world.feed(Event(world.now, "r1", "ended", "", "1", 1, fence, {"exit": 0, "claim": {"status": "done"}}))
    assert world.state.tasks == before
    assert len(world.state.take().events) == 1, "it is recorded all the same"


def test_a_question_waits_and_its_answer_sends_the_task_back_in_its_session() -> None:
    world = one()
    ended(world, {"status": "blocked", "session": "s1", "question": {"kind": "question", "text": "tabs\nor spaces?"}})
    assert engine.outcome(world.state).state == "waiting"
    assert world.state.tasks["1"].reason == "question: tabs or spaces?"
    world.feed(Event(world.now, "r1", "answered", "tabs", "1", 1, data={"question": 1, "answer": "tabs"}))
    row = world.state.tasks["1"]
    assert (row.state, row.resume, row.session, row.tries) == ("ready", 1, "s1", 0)


@pytest.mark.parametrize(
    ("said", "reason"),
    [("timeout: silent for 3 s", "timeout: silent for 3 s"), ("too slow", "timeout: too slow"), ("", "timeout")],
)
def test_the_reason_of_a_claim_names_its_kind_once(said: str, reason: str) -> None:
    world = one()
    ended(world, {"status": "timeout", "summary": said})
    assert (world.state.tasks["1"].state, world.state.tasks["1"].reason) == ("retrying", reason)


def test_work_below_the_minimum_is_held_until_a_person_accepts_it() -> None:
    world = one(Policy(isolated=False, minimum="checked"))
    ended(world, {"status": "done"})
    result = {"ok": True, "checks": [], "level": "unchecked", "commit": "c"}
    fence = world.live.pop()
    world.feed(Event(world.now, "r1", "ended", "", "1", 1, fence, {"exit": 0, "result": result}))
    assert world.state.tasks["1"].state == "held"
    assert world.state.open_question("1") is not None
    world.feed(Event(world.now, "r1", "merging", "accepted by a person", "1", 1, data={**result, "accepted": 1}))
    assert (world.state.tasks["1"].state, world.state.tasks["1"].accepted) == ("done", 1)
    assert world.state.open_question("1") is None


@pytest.mark.parametrize("source", sorted(TASK_MOVES))
def test_a_move_that_is_not_in_the_table_raises(source: str) -> None:
    state = fresh([], ["1"], Policy())
    state.index(state.tasks["1"]._replace(state=source))  # type: ignore[arg-type]
    wrong = next(s for s in ("merging", "claimed", "running") if s not in TASK_MOVES[source])
    with pytest.raises(IllegalMoveError):
        engine.step(state, Event(0.0, "r1", wrong, "", "1", 1))


def test_a_deadlock_is_not_done() -> None:
    """The rows of two tasks say that neither is ready and nothing before them can move: a fault, and told as one."""
    state = fresh([("1", "2")], ["1", "2"], Policy())
    state.index(state.tasks["1"]._replace(state="pending"))
    standing = engine.outcome(state)
    assert (standing.state, standing.over) == ("failed", True)
    assert standing.reason == "deadlock: 1, 2 wait for each other"


def test_a_task_that_left_the_graph_is_not_looked_at_any_more() -> None:
    state = fresh([], ["a", "b"], Policy())
    gone = state.tasks["a"]._replace(state="retrying", retry_at=5.0)
    state = State.restore(RUN, state.adjacency, Policy(), [gone, state.tasks["b"]], [], [])
    node = json.dumps({"id": "b", "parent": None, "kind": "atomic"})
    data = {"nodes": [["b", node]], "net": '{"edges": []}', "digest": "", "graph": "{}", "source": ""}
    rows = [list(gone._replace(state="cancelled"))]
    state, _ = engine.step(state, Event(6.0, "r1", "replanned", data={**data, "rows": rows, "removed": ["a"]}))
    assert [event.task for event in engine.choose(state, 7.0, None)] == ["b"]
