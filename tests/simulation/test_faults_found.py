"""Each fault that the simulation found, as the smallest history that shows it."""

from collections.abc import Sequence
from typing import Any

import pytest

from branchline import engine
from branchline.care.plans import RUN, Sketch, drawn
from branchline.care.process import GOOD
from branchline.care.world import Core, World
from branchline.dispatch.requests import events_for
from branchline.engine import Emit, Policy, State
from branchline.errors import LockedError
from branchline.model.run import AttemptRow, Claim, Event, Exit, Question, RequestRow
from branchline.proc import Ended, Started
from branchline.schedule.routing import Routing


def plan_of(*edges: tuple[str, str], roles: dict[str, str] | None = None) -> Sketch:
    return drawn({"1": None, "2": None, "3": None}, edges, {}, roles or dict.fromkeys("123", "build"))


def state_of(plan: Sketch, policy: Policy) -> State:
    return State.restore(RUN, plan.adjacency, policy, plan.rows, [], [])


def feed(state: State, event: Event) -> State:
    state, commands = engine.step(state, event)
    for command in commands:
        if isinstance(command, Emit):
            state = feed(state, command.event)
    return state


def moved(state: State, task: str, *kinds: str, **data: Any) -> State:
    for kind in kinds:
        state = feed(state, Event(10.0, "r1", kind, kind, task, 1, data=data))
    return state


def wish(state: State, verb: str, task: str, now: float = 20.0) -> State:
    for event in events_for(state, RequestRow(1, now, "r1", verb, task, "{}"), now):
        state = feed(state, event)
    return state


def started(state: State, now: float = 30.0) -> list[str]:
    return [str(event.task) for event in engine.choose(state, now) if event.kind == "dispatching"]


def test_a_skipped_dependency_that_a_person_sends_back_holds_up_what_it_had_let_go() -> None:
    state = state_of(plan_of(("1", "2")), Policy())
    state = wish(state, "skip", "1")
    assert state.tasks["2"].state == "ready"
    state = wish(state, "retry", "1")
    assert (state.tasks["1"].state, state.tasks["2"].state) == ("ready", "pending")
    assert started(state) == ["1", "3"]


def test_a_retry_that_is_due_waits_for_a_dependency_that_was_sent_back_meanwhile() -> None:
    state = wish(state_of(plan_of(("1", "2")), Policy()), "skip", "1")
    state = moved(state, "2", "dispatching", "retrying", at=15.0)
    state = wish(state, "retry", "1")
    for event in engine.choose(state, 30.0):
        state = feed(state, event)
    assert state.tasks["2"].state == "pending"


def test_a_retried_task_that_has_to_wait_keeps_the_worker_a_person_named() -> None:
    state = moved(wish(state_of(plan_of(("1", "2")), Policy()), "skip", "1"), "2", "dispatching", "retrying", at=15.0)
    state = feed(wish(state, "retry", "1"), Event(20.0, "r1", "cancelled", "", "2"))
    request = RequestRow(2, 20.0, "r1", "retry", "2", '{"worker": "other", "note": "try this"}')
    for event in events_for(state, request, 20.0):
        state = feed(state, event)
    row = state.tasks["2"]
    assert (row.state, row.worker, row.note, row.tries) == ("pending", "other", "try this", 0)


def test_hybrid_takes_research_first_in_the_running_engine_too() -> None:
    plan = plan_of(roles={"1": "build", "2": "build", "3": "research"})
    assert started(state_of(plan, Policy(slots=1, strategy="hybrid"))) == ["3"]


def test_a_retry_does_not_wait_for_the_day_by_which_the_clock_was_set_back() -> None:
    state = moved(state_of(plan_of(), Policy()), "1", "dispatching", "retrying", at=12.0)
    assert [e.task for e in engine.choose(state, 9.0) if e.kind == "ready"] == ["1"]
    assert [e.task for e in engine.choose(state, 11.0) if e.kind == "ready"] == []


def test_the_branch_stays_where_the_last_merge_left_it_though_the_clock_was_set_back() -> None:
    rows = [
        row._replace(state="done", commit=commit, changed=changed, fence=fence)  # type: ignore[arg-type]
        for row, commit, changed, fence in zip(plan_of().rows, "abc", (100.0, 5.0, 6.0), (3, 7, 9), strict=True)
    ]
    state = State.restore(RUN, plan_of().adjacency, Policy(), rows, [], [])
    assert state.tip == "c", "the commit of 9, and not the one with the latest time: that would undo two merges"


def test_a_pause_of_a_provider_does_not_last_the_day_by_which_the_clock_was_set_back() -> None:
    facts = {"lane": "shell", "room": 0, "until": 40.0, "strikes": 1, "since": 10.0}
    state = feed(state_of(plan_of(), Policy()), Event(10.0, "r1", "lane", "rate limit", data=facts))
    assert started(state, 20.0) == []
    assert started(state, 9.0) == ["1", "2", "3"]


def test_a_new_pause_does_not_keep_the_end_of_one_from_before_the_clock_was_set_back() -> None:
    plan = plan_of()
    facts = {"lane": "shell", "room": 0, "until": 90_000.0, "strikes": 1, "since": 80_000.0}
    state = feed(state_of(plan, Policy()), Event(80_000.0, "r1", "lane", "rate limit", data=facts))
    state = moved(state, "1", "dispatching", "running")
    state = feed(state, Event(100.0, "r1", "claimed", "", "1", 1, data={"status": "rate_limited"}))
    assert state.lanes["shell"].until < 1000.0


def test_a_pause_told_by_an_old_worker_does_not_begin_before_the_clock_was_set_forward() -> None:
    """Set forward by a day, a pause of 30 s was told; set back again, it lasted for the day."""
    state = moved(state_of(plan_of(), Policy()), "1", "dispatching", "running")
    facts = {"lane": "shell", "room": 1, "until": 40.0, "strikes": 1, "since": 10.0}
    state = feed(state, Event(10.0, "r1", "lane", "rate limit", data=facts))
    state = feed(state, Event(90_000.0, "r1", "claimed", "", "1", 1, data={"status": "rate_limited"}))
    assert (state.lanes["shell"].until, state.lanes["shell"].strikes) == (90_030.0, 1)
    assert started(state, 90_001.0) == []
    for event in engine.choose(state, 3_600.0):
        state = feed(state, event)
    assert started(state, 3_600.0) == ["1"]


def test_an_accept_that_was_meant_for_a_hold_before_any_work_takes_the_work_as_it_is() -> None:
    state = moved(state_of(plan_of(), Policy(isolated=False)), "1", "dispatching", "running", "claimed", status="done")
    verdict = {"level": "gated", "question": {"kind": "approval", "text": "it steers us"}}
    state = wish(moved(state, "1", "held", **verdict), "accept", "1")
    assert (state.tasks["1"].state, state.tasks["1"].evidence) == ("done", "gated")


class Quiet(World):
    """A world in which nothing happens but what a test says."""

    def __init__(self, plan: Sketch, policy: Policy, script: Sequence[str] = ()) -> None:
        super().__init__(plan, policy, Core(), self.play)
        self.script = list(script)

    def play(self, timeout: float) -> None:
        for process in self.alive():
            if process.state == "asked":
                self.begin(process)


@pytest.mark.parametrize("purpose", ["check", "merge"])
def test_a_job_that_a_dead_coordinator_had_interrupted_is_done_by_the_next(purpose: str) -> None:
    world = Quiet(drawn({"1": None}, (), {}, {"1": "build"}), Policy())
    driver = world.open()
    while not any(p.attempt.purpose == purpose for p in world.alive()):
        driver.tick()
        for process in world.alive():
            if process.state == "running" and process.attempt.purpose != purpose:
                world.end(process, Claim("done") if process.attempt.purpose == "work" else GOOD)
    driver.tick()
    driver.feed(driver._stop_all("interrupted"))  # the second ^C
    world.gone()
    driver = world.open()
    for process in world.alive():
        world.end(process, None)
    driver.tick()
    assert [(p.attempt.purpose, p.state) for p in world.alive()] == [(purpose, "asked")]


def test_what_cannot_be_built_is_not_started_by_a_former_request_on_its_way() -> None:
    world = Quiet(drawn({"1": None}, (), {}, {"1": "build"}), Policy())
    world.open().tick()
    world.gone(lambda _: False)  # the request is on its way
    world.unbuildable = 1
    driver = world.open()
    driver.tick()
    assert [p.state for p in world.processes.values()] == ["over"]
    row = driver.state.tasks["1"]
    assert row.state == "retrying"
    assert row.reason == "worktree set-up failed: [Errno 28] No space left on device", "the words, not only the kind"


def test_a_result_that_comes_after_the_end_is_recorded_and_changes_nothing() -> None:
    world = Quiet(drawn({"1": None}, (), {}, {"1": "build"}), Policy())
    driver = world.open()
    driver.tick()
    driver.tick()
    process = world.alive()[0]
    world.end(process, GOOD)
    driver.tick()
    before = dict(driver.state.tasks)
    assert world.life is not None
    world.life.hear(Ended(process.attempt.fence, Exit(0)))
    world.life.hear(Started(process.attempt.fence, 1, 0.0))
    script, world.turn = world.turn, lambda _: None
    driver.tick()
    assert driver.state.tasks == before
    last = world.store.events("r1")[-1]
    assert (last.kind, last.cause, last.fence) == ("ended", "late: the attempt had ended", process.attempt.fence)
    world.turn = script
    world.oracle.compare(world.store.tasks("r1"))


def bring_on(world: World, work: Claim) -> None:
    """One turn of the coordinator, then every process ends: a worker with this claim."""
    assert world.driver
    world.driver.tick()
    for process in world.alive():
        if process.state == "running":
            world.end(process, work if process.attempt.purpose == "work" else GOOD)


def test_who_was_overtaken_and_has_nothing_to_record_notices_and_leaves_the_branch_alone() -> None:
    """A coordinator that only waits for an answer is held up while another one gets it, works and merges."""
    world = Quiet(drawn({"1": None}, (), {}, {"1": "build"}), Policy())
    first = world.open()
    while world.oracle.states["1"] != "blocked":
        bring_on(world, Claim("blocked", question=Question("question", "which?")))
    standing = first.loop()
    assert standing.state == "waiting"
    world.overtake()
    world.ask("answer", "1")
    while world.oracle.states["1"] != "done":
        bring_on(world, Claim("done"))
    merged = list(world.git.tip)
    world.swap()
    for go_on in (lambda: first.finish(standing), lambda: first.loop(wait=True)):
        with pytest.raises(LockedError, match="took over"):
            go_on()
    assert world.git.tip == merged != []


def test_starts_are_paced_after_a_restart_too_when_the_clock_was_set_back() -> None:
    plan = drawn({"1": None, "2": None}, (), {}, dict.fromkeys("12", "build"), workers=("claude",))
    before = AttemptRow("r1", 1, "1", 1, "setup", "ended", worker="claude", intended=90_000.0)
    state = State.restore(
        RUN,
        plan.adjacency,
        Policy(routing=Routing(stagger={"claude": 1.0})),
        plan.rows,
        [before, before._replace(fence=2, attempt=2, intended=100.0)],
        [],
    )
    assert started(state, 100.5) == []
    assert started(state, 101.0) != []
