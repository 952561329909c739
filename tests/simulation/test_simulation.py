"""Thousands of faulty histories of the real coordinator, and an engine broken on purpose that has to be caught.

BRANCHLINE_TEST_SCALE multiplies the seeds (1,000 at 1); BRANCHLINE_SIM_SEED plays one seed alone.
"""

import os
from collections import Counter
from collections.abc import Callable
from typing import get_args

import pytest

from branchline import engine
from branchline.care.crashes import Script, crash_points
from branchline.care.histories import COUNTED, STEPS, play
from branchline.care.oracle import ViolationError
from branchline.care.world import Core
from branchline.engine import Command, Emit, Settle, State
from branchline.model.run import AttemptRow, Event

SCALE = float(os.environ.get("BRANCHLINE_TEST_SCALE", "1"))
SEEDS = max(8, round(1000 * SCALE))
PARTS = 8
ONE = os.environ.get("BRANCHLINE_SIM_SEED")
Made = tuple[State, tuple[Command, ...]]


def played(seeds: range, core: Core = Core()) -> Counter[str]:  # noqa: B008 - frozen
    total = Counter[str]()
    for seed in seeds:
        try:
            total.update(play(seed, core=core))
        except Exception:
            print(f"replay it with BRANCHLINE_SIM_SEED={seed}")
            raise
    return total


@pytest.mark.parametrize("part", range(PARTS))
def test_every_law_holds_at_every_step_of_every_history(part: int) -> None:
    seeds = range(int(ONE), int(ONE) + 1) if ONE else range(part * SEEDS // PARTS, (part + 1) * SEEDS // PARTS)
    total = played(seeds)
    assert total["steps"] >= STEPS * len(seeds)
    if not ONE:
        assert set(+total) == set(COUNTED), f"a kind of fault never happened: {total}"


def test_the_same_seed_is_the_same_history() -> None:
    assert [play(seed) for seed in range(20)] == [play(seed) for seed in range(20)]


def test_a_kill_at_every_point_ends_in_the_same_state() -> None:
    """The points come from the coordinator itself: a command that is added is among them without a word here."""
    seen = set(crash_points())
    names = {command.__name__ for command in get_args(Command)} - {Emit.__name__}
    assert {f"{when} {name}" for name in names | {"commit", "the write-back"} for when in ("before", "after")} <= seen


# -- an engine that is broken on purpose


def forgets_fences() -> Core:
    """A late result counts once more."""
    known: dict[int, AttemptRow] = {}

    def step(state: State, event: Event) -> Made:
        if event.kind == "intended" and event.fence is not None:
            known.pop(event.fence, None)  # a new history
        if event.kind == "ended" and event.fence in known and event.fence not in state.attempts:
            state.attempts[event.fence] = known[event.fence]
        elif event.kind == "ended" and event.fence is not None and event.fence in state.attempts:
            if state.attempts[event.fence].state != "ended":
                known[event.fence] = state.attempts[event.fence]
            state.attempts[event.fence] = known.get(event.fence, state.attempts[event.fence])
        return engine.step(state, event)

    return Core(step)


def altered(kind: str, change: Callable[[State, Event, tuple[Command, ...]], tuple[Command, ...]]) -> Core:
    """The real engine, but for what it does next after one kind of event."""

    def step(state: State, event: Event) -> Made:
        state, commands = engine.step(state, event)
        return state, change(state, event, commands) if event.kind == kind else commands

    return Core(step)


def edited(kind: str, change: Callable[[Event], Event]) -> Core:
    """The real engine, which is told something else."""
    return Core(lambda state, event: engine.step(state, change(event) if event.kind == kind else event))


def chosen(change: Callable[[State, list[Event]], list[Event]]) -> Core:
    """The real engine, which starts something else."""
    return Core(choose=lambda state, now, memory: change(state, engine.choose(state, now, memory)))


def starts_twice(state: State, event: Event, commands: tuple[Command, ...]) -> tuple[Command, ...]:
    first = commands[0]
    assert isinstance(first, Emit)
    return (*commands, Emit(first.event._replace(fence=(first.event.fence or 0) + 1)))


def frees_all(state: State, event: Event, commands: tuple[Command, ...]) -> tuple[Command, ...]:
    waiting = [row.task for row in state.tasks.values() if row.state == "pending"]
    return (*(Emit(Event(event.at, "r1", "ready", "", task)) for task in waiting[:1]), *commands)


def believes(state: State, event: Event, commands: tuple[Command, ...]) -> tuple[Command, ...]:
    found = {"ok": True, "level": "checked", "checks": []}
    return (Emit(Event(event.at, "r1", "merging", "it says so", event.task, event.attempt, data=found)),)


def revives(state: State, event: Event, commands: tuple[Command, ...]) -> tuple[Command, ...]:
    return (*commands, Emit(Event(event.at, "r1", "ready", "once more", event.task, data={"person": True})))


def settles(state: State, event: Event, commands: tuple[Command, ...]) -> tuple[Command, ...]:
    return (*commands, Settle(str(event.task)))


def passes(event: Event) -> Event:
    result = event.data.get("result")
    return (
        event._replace(data={**event.data, "result": {"level": "checked", **result, "ok": True}}) if result else event
    )


def loses_codes(event: Event) -> Event:
    return event._replace(data={**event.data, "exit": 0})


def unbounded() -> Core:
    def choose(state: State, now: float, memory: int | None) -> list[Event]:
        policy, state.policy = state.policy, state.policy._replace(slots=99)
        try:
            return engine.choose(state, now, memory)
        finally:
            state.policy = policy

    return Core(choose=choose)


def unlocked() -> Core:
    def choose(state: State, now: float, memory: int | None) -> list[Event]:
        state.mutexes = {}
        return engine.choose(state, now, memory)

    return Core(choose=choose)


def scribbles(state: State, event: Event, commands: tuple[Command, ...]) -> tuple[Command, ...]:
    state.put_task(state.tasks[str(event.task)]._replace(tries=99))
    return commands


MUTANTS: dict[str, tuple[Core, set[str]]] = {
    "forgets a fence": (forgets_fences(), {"I1", "I7"}),
    "starts a task twice": (altered("dispatching", starts_twice), {"I1"}),
    "skips a dependency": (altered("done", frees_all), {"I2"}),
    "starts one task too many": (unbounded(), {"I5"}),
    "forgets a mutex": (unlocked(), {"I5"}),
    "believes a claim": (altered("checking", believes), {"I3", "I1"}),
    "passes a check that failed": (edited("ended", passes), {"I3"}),
    "loses an exit status": (edited("ended", loses_codes), {"I6"}),
    "loses an exit": (altered("ended", lambda *_: ()), {"I8"}),
    "revives what has failed": (altered("failed", revives), {"I7"}),
    "takes a worktree away": (altered("failed", settles), {"I4"}),
    "forgets a retry": (chosen(lambda _, events: [e for e in events if e.kind != "ready"]), {"I8"}),
    "leaves a slot empty": (chosen(lambda state, events: [] if state.busy else events), {"I8"}),
    "takes the last first": (chosen(lambda _, events: events[::-1]), {"I9"}),
    "lets a second one write": (Core(reopen=lambda store: store), {"I1", "I5", "I7", "replay"}),
    "moves without an event": (altered("dispatching", scribbles), {"replay"}),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_engine_is_caught(name: str) -> None:
    core, laws = MUTANTS[name]
    for seed in range(200):
        try:
            play(seed, core=core)
        except ViolationError as caught:
            if caught.law == "crash":
                continue  # the table of legal moves was faster than the checker
            assert caught.law in laws, caught
            assert str(seed) in str(caught)
            return
    raise AssertionError("it went through 200 histories")


def test_a_broken_engine_is_caught_at_a_crash_point() -> None:
    """One that starts again what a dead coordinator had started, under another number."""

    def step(state: State, event: Event) -> Made:
        state, commands = engine.step(state, event)
        if event.kind == "noted" or event.cause != "adopted":
            return state, commands
        again = Event(event.at, "r1", "intended", "", event.task, event.attempt, state.next_fence, {"purpose": "work"})
        return state, (*commands, Emit(again))

    with pytest.raises(ViolationError, match="killed after"):
        crash_points(Core(step))


def test_the_script_has_all_that_a_crash_can_hit() -> None:
    script = Script()
    script.finish_history()
    kinds = {event.kind for event in script.store.events("r1")}
    assert {"blocked", "answered", "retrying", "cancelled", "stopping", "done"} <= kinds
