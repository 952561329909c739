"""Providers in trouble: lanes halve, pause and grow back, starts are staggered, and no task pays for it."""

from typing import Any

import pytest

from branchline import engine
from branchline.engine import Emit, Policy, Start, State
from branchline.graph.adjacency import Adjacency
from branchline.model.run import AttemptRow, Event, LaneRow, RunRow, TaskRow
from branchline.schedule import explain
from branchline.schedule.routing import Routing

RUN = RunRow("r1", "plan.md", "sha256:0", "running", "", "base", 0.0, None, "{}", "{}")
AGENTS = {"big/build": "acme", "small/build": "acme"}
LIMIT = {"status": "rate_limited", "error": "slow down", "extra": {"status": 429}}


class Shift:
    """Ready tasks and their workers, who answer as they are told; `policy` works in place: one process a dispatch."""

    def __init__(self, tasks: int = 8, worker: str = "big", **policy: Any) -> None:
        names = [f"t{number}" for number in range(tasks)]
        self.adjacency = Adjacency.build([(name, None, "atomic") for name in names], [])
        routing = {name: policy.pop(name) for name in Routing._fields if name in policy}
        self.policy = Policy(isolated=False, routing=Routing(**{"lanes": AGENTS, **routing}), **policy)
        rows = [
            TaskRow("r1", name, place, name, "atomic", None, None, "build", worker, "ready")
            for place, name in enumerate(names)
        ]
        self.first = State.restore(RUN, self.adjacency, self.policy, rows, [], [])
        self.state = State.restore(RUN, self.adjacency, self.policy, rows, [], [])
        self.now = 1000.0
        self.log: list[Event] = []
        self.rows: dict[str, dict[Any, Any]] = {"attempts": {}, "lanes": {}}

    def feed(self, event: Event) -> None:
        self.state, commands = engine.step(self.state, event)
        self.log.append(event)
        for command in commands:
            if isinstance(command, Emit):
                self.feed(command.event)
            elif isinstance(command, Start):
                row = self.state.attempts[command.fence]
                self.feed(Event(self.now, "r1", "started", "", row.task, row.attempt, row.fence))

    def commit(self) -> None:
        """Keep what a store would keep."""
        changes = self.state.take()
        self.rows["attempts"] |= {row.fence: row for row in changes.attempts}
        self.rows["lanes"] |= {row.lane: row for row in changes.lanes}

    def start(self, memory: int | None = None) -> list[str]:
        """What starts now, in order."""
        events = engine.choose(self.state, self.now, memory)
        for event in events:
            self.feed(event)
        self.commit()
        return [str(event.task) for event in events if event.kind == "dispatching"]

    def end(self, task: str, claim: dict[str, Any]) -> None:
        row = self.state.tasks[task]
        self.feed(Event(self.now, "r1", "ended", "", task, row.attempt, row.fence, {"exit": 1, "claim": claim}))
        self.commit()

    def done(self, task: str) -> None:
        """A worker is done and so are its checks."""
        self.end(task, {"status": "done"})
        self.done_with_checks(task)

    def done_with_checks(self, task: str) -> None:
        """The checks of a task have passed."""
        fence = self.state.tasks[task].fence
        result = {"ok": True, "checks": [{"command": "true", "exit": 0}], "level": "checked", "commit": "c"}
        self.feed(Event(self.now, "r1", "ended", "", task, 1, fence, {"exit": 0, "result": result}))
        self.commit()

    def again(self) -> State:
        """The state that a new coordinator finds in the rows."""
        tasks = list(self.state.tasks.values())
        attempts: list[AttemptRow] = list(self.rows["attempts"].values())
        lanes: list[LaneRow] = list(self.rows["lanes"].values())
        return State.restore(RUN, self.adjacency, self.policy, tasks, attempts, [], lanes)


def test_a_rate_limit_halves_the_lane_and_pauses_it_until_the_providers_own_time() -> None:
    shift = Shift(slots=4)
    assert shift.start() == ["t0", "t1", "t2", "t3"]
    shift.end("t0", {**LIMIT, "extra": {"status": 429, "retry_after": 90}})
    lane = shift.state.lanes["acme"]
    assert (lane.room, lane.until, lane.strikes) == (2, 1090.0, 1)
    row = shift.state.tasks["t0"]
    assert (row.state, row.retry_at, row.tries, row.resume) == ("paused", 1090.0, 0, 1)
    assert row.reason == "provider acme: rate limit: slow down"
    assert shift.start() == [], "a slot is free, and its lane is paused"
    found = explain(engine.view(shift.state, shift.now))
    assert found["t4"] == ("lane", "lane: provider acme is paused for 90 s more: rate limit: slow down")


def test_workers_that_meet_one_limit_together_are_one_strike() -> None:
    shift = Shift(slots=8)
    shift.start()
    shift.now += 5
    for task in ("t0", "t1", "t2", "t3"):
        shift.end(task, LIMIT)
    lane = shift.state.lanes["acme"]
    assert (lane.room, lane.strikes) == (4, 1)
    shift.now = lane.until
    for task in ("t4", "t5", "t6", "t7"):
        shift.done(task)  # the answers bring four workers back, and that is all there is to limit
    assert "acme" not in shift.state.lanes


def test_each_answer_brings_one_worker_back() -> None:
    shift = Shift(tasks=12, slots=4)
    shift.start()
    shift.end("t0", LIMIT)
    for task in ("t1", "t2", "t3"):
        shift.done(task)  # while it is paused an answer proves nothing
    assert shift.state.lanes["acme"].room == 2
    shift.now = shift.state.lanes["acme"].until
    assert [e.kind for e in engine.choose(shift.state, shift.now)] == ["ready"]
    shift.start()
    first = shift.start()
    assert first == ["t0", "t4"], "two at once"
    shift.done("t0")
    assert (shift.state.lanes["acme"].room, shift.state.lanes["acme"].strikes) == (3, 0)
    assert shift.start() == ["t5", "t6"]
    shift.done("t4")
    assert shift.state.lanes == {}
    assert shift.start() == ["t7", "t8"]


@pytest.mark.parametrize("status", [500, 503, 529])
def test_a_server_error_pauses_and_costs_no_try(status: int) -> None:
    shift = Shift(tasks=1, retries=0)
    for times, wait in enumerate((30, 60, 120, 240, 480, 900, 900), 1):
        shift.start()
        shift.start()
        shift.end("t0", {"status": "failed", "error": "overloaded", "extra": {"status": status}})
        row = shift.state.tasks["t0"]
        assert (row.state, row.tries, row.attempt) == ("paused", 0, times)
        assert row.retry_at == shift.now + wait
        assert shift.state.lanes["acme"].room == 0, "it is paused, not made narrower"
        often = f"server error, {times} times in a row" if times > 1 else "server error"
        standing = engine.outcome(shift.state, shift.now)
        assert standing == ("paused", f"paused: t0 (provider acme: {often}: overloaded)", False)
        shift.now = row.retry_at
    shift.start()
    shift.start()
    shift.done("t0")
    assert engine.outcome(shift.state, shift.now).state == "done"


def test_a_pause_of_hours_is_not_waited_for() -> None:
    shift = Shift(tasks=2, slots=1)
    shift.start()
    shift.end("t0", {**LIMIT, "extra": {"reset_at": 1000.0 + 5 * 3600}})
    standing = engine.outcome(shift.state, shift.now)
    assert (standing.state, standing.over) == ("paused", True)
    assert standing.reason.startswith("paused: t0, t1")
    assert not engine.outcome(shift.state, shift.now + 5 * 3600 - 60).over


def test_another_provider_goes_on() -> None:
    shift = Shift(tasks=4, slots=1)
    shift.feed(Event(1.0, "r1", "cancelled", "", "t2"))
    shift.feed(Event(1.0, "r1", "ready", "", "t2", data={"model": "other/large"}))
    shift.start()
    shift.end("t0", LIMIT)
    assert shift.start() == ["t2"]


@pytest.mark.parametrize("extra", [{"retry_after": 1e12}, {"reset_at": 1e12}, {"retry_after": -3}, {"reset_at": 1.0}])
def test_an_odd_header_is_no_endless_pause(extra: dict[str, float]) -> None:
    shift = Shift(tasks=1)
    shift.start()
    shift.end("t0", {**LIMIT, "extra": extra})
    until = shift.state.lanes["acme"].until
    assert shift.now < until <= shift.now + 7 * 86400


@pytest.mark.parametrize(
    "claim",
    [
        {**LIMIT, "extra": {"status": 429, "retry_after": 60}},
        {**LIMIT, "jitter": 0.5},
        {"status": "failed", "error": "oops", "extra": {"status": 500}, "jitter": 0.5},
    ],
    ids=["limit by header", "limit", "server error"],
)
def test_a_provider_that_never_answers_ends_the_run_in_words(claim: dict[str, Any]) -> None:
    shift = Shift(tasks=2, slots=1)
    strikes, standing = 0, engine.outcome(shift.state, shift.now)
    while not standing.over:
        assert shift.now < 1000.0 + 2 * 3600, "nobody waits longer for it"
        assert strikes < 2 or f"{strikes} times in a row" in shift.state.lanes["acme"].cause
        shift.now = max(shift.now, shift.state.lanes["acme"].until if shift.state.lanes else 0.0)
        (task,) = shift.start() or shift.start()
        shift.end(task, {"jitter": 0.1, **claim})
        strikes += 1
        standing = engine.outcome(shift.state, shift.now)
    assert (standing.state, standing.reason.partition(":")[0]) == ("paused", "paused")
    assert "provider acme" in standing.reason
    assert strikes > 5, "and not at once"
    assert [row.tries for row in shift.state.tasks.values()] == [0, 0]


def test_jitter_lengthens_a_back_off_by_a_quarter_at_most() -> None:
    waits = []
    for jitter in (0.0, 1.0):
        shift = Shift(tasks=1)
        shift.start()
        shift.end("t0", {"status": "timeout", "error": "timeout", "jitter": jitter})
        waits.append(shift.state.tasks["t0"].retry_at)
    assert waits == [1030.0, 1037.5]


def test_the_lanes_follow_from_the_events_and_survive_a_restart() -> None:
    shift = Shift(slots=4, stagger={"big": 20.0})
    for _ in range(3):
        shift.start()
        shift.now += 20
    shift.end("t0", {**LIMIT, "extra": {"retry_after": 60}})
    shift.done("t1")
    assert engine.replay(shift.first, shift.log).lanes == shift.state.lanes
    again = shift.again()
    assert again.lanes == shift.state.lanes
    assert again.last_start == shift.state.last_start == 1040.0
    assert engine.choose(again, shift.now) == [], "a new coordinator knows of the pause"


def test_starts_are_staggered_and_the_wait_has_its_reason() -> None:
    shift = Shift(tasks=3, slots=3, stagger={"big": 30.0})
    assert shift.start() == ["t0"]
    shift.now += 10
    assert shift.start() == []
    assert explain(engine.view(shift.state, shift.now))["t1"] == ("stagger", "stagger: in 20 s; one start every 30 s")
    shift.now += 20
    assert shift.start() == ["t1"]
    shift.now = 500.0
    assert shift.start() == ["t2"], "a clock that was set back keeps nobody waiting"


def test_a_batch_of_staggered_workers_is_one_batch() -> None:
    shift = Shift(tasks=4, slots=2, stagger={"big": 30.0}, batch=True)
    assert shift.start() == ["t0"]
    assert shift.state.rest == ("t1",)
    shift.done("t0")
    assert shift.start() == [], "not yet, and nothing of the next batch"
    shift.now += 30
    assert shift.start() == ["t1"]
    assert engine.replay(shift.first, shift.log).rest == ()
    shift.done("t1")
    shift.now += 30
    assert shift.start() == ["t2"]


def test_memory_allows_fewer_than_the_slots_and_says_so() -> None:
    shift = Shift(tasks=4, slots=4)
    assert shift.start(memory=2) == ["t0", "t1"]
    assert explain(engine.view(shift.state, shift.now, 2))["t2"] == ("memory", "memory: 2 of 2 used")
    assert shift.start(memory=3) == ["t2"]


def test_a_resource_that_is_not_there_is_no_endless_run() -> None:
    shift = Shift(tasks=2, resources={"gpu": 0})
    shift.state.needs = {"t1": ("gpu",)}
    assert shift.start() == ["t0"]
    shift.done("t0")
    standing = engine.outcome(shift.state, shift.now)
    assert (standing.state, standing.over) == ("waiting", True)
    assert standing.reason == "t1: resource: gpu: needs 1, there are only 0: raise [resources]"


MODELS = {"big/build": ("acme/large", "acme/small", "other/large", "third/x")}


def test_a_provider_that_cannot_be_reached_is_waited_for_and_costs_no_try() -> None:
    shift = Shift(tasks=2, slots=1, retries=0)
    shift.start()
    shift.end("t0", {"status": "failed", "error": "connection refused", "extra": {"cause": "unreachable"}})
    row = shift.state.tasks["t0"]
    assert (row.state, row.tries, row.retry_at) == ("paused", 0, 1030.0)
    assert row.reason == "provider acme: unreachable: connection refused"
    assert shift.start() == []


def test_a_paused_provider_is_gone_round_down_the_users_list() -> None:
    shift = Shift(tasks=4, slots=2, models=MODELS)
    assert shift.start() == ["t0", "t1"]
    shift.end("t0", LIMIT)
    assert engine.outcome(shift.state, shift.now).state == "running"
    assert [(e.kind, e.cause) for e in engine.choose(shift.state, shift.now)] == [("ready", "another model is open")]
    shift.start()
    (event,) = engine.choose(shift.state, shift.now)
    assert (event.task, event.data) == ("t0", {"model": "other/large"})
    assert event.cause == (
        "depth-first: a slot is free; other/large as fallback_models has it, for provider acme is paused: "
        "rate limit: slow down"
    )
    assert shift.start() == ["t0"]
    row = shift.state.tasks["t0"]
    assert (row.model, row.resume, row.tries) == ("other/large", 1, 1)
    assert shift.state.attempts[row.fence].model == "other/large", "it is recorded with the attempt"
    shift.end("t0", LIMIT)
    shift.start()
    assert shift.start() == ["t0"]
    assert shift.state.tasks["t0"].model == "third/x"
    shift.end("t0", LIMIT)
    assert engine.choose(shift.state, shift.now) == [], "at the end of the list it waits"
    assert engine.outcome(shift.state, shift.now).state == "running", "t1 is at work"


def test_what_has_not_begun_starts_with_the_model_that_is_open_and_comes_back_to_its_own() -> None:
    shift = Shift(tasks=3, slots=1, models=MODELS)
    shift.start()
    shift.end("t0", {**LIMIT, "extra": {"retry_after": 60}})
    shift.start()
    shift.start()
    shift.done("t0")
    assert shift.start() == ["t1"]
    assert shift.state.tasks["t1"].model == "other/large"
    shift.now += 61
    shift.done("t1")
    assert shift.start() == ["t2"]
    assert shift.state.tasks["t2"].model == ""


def test_no_model_is_taken_that_the_user_did_not_write() -> None:
    shift = Shift(tasks=1, worker="small", models=MODELS)
    shift.start()
    shift.end("t0", LIMIT)
    assert engine.choose(shift.state, shift.now) == []
    named = Shift(tasks=1, models=MODELS)
    named.state.put_task(named.state.tasks["t0"]._replace(model="acme/that-a-person-named"))
    named.start()
    named.end("t0", LIMIT)
    assert engine.choose(named.state, named.now) == []
    failed = Shift(tasks=1, models=MODELS)
    failed.start()
    failed.end("t0", {"status": "failed", "error": "no"})
    assert failed.state.tasks["t0"].state == "retrying"
    assert [event.cause for event in engine.choose(failed.state, failed.now + 2)] == ["due again"]
    assert failed.state.tasks["t0"].model == ""
