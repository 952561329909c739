"""What a run has shown of how long its tasks take, and how that ranks what is left of it."""

import os
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from branchline import engine
from branchline.engine import Policy, State
from branchline.model.run import AttemptRow
from branchline.schedule.durations import Kind, Outlook
from branchline.simulate import dice
from test_engine import RUN, World, fresh, graphs

EXAMPLES = 30 * int(os.environ.get("BRANCHLINE_TEST_SCALE", "1"))
POLICY = Policy(slots=2, strategy="critical-path")


def outlook(names: list[str]) -> Outlook:
    """Every third task is research, every other one has an estimate."""
    kinds = [Kind("research" if place % 3 == 0 else "build", "shell") for place in range(len(names))]
    return Outlook(
        {name: (kinds[place], 600.0 * (place % 2)) for place, name in enumerate(names)},
        dice=dice,
    )


def seeing(names: list[str], state: State, attempts: dict[int, AttemptRow]) -> State:
    return State.restore(
        RUN, state.adjacency, POLICY, state.tasks.values(), attempts.values(), [], outlook=outlook(names)
    )


@settings(deadline=None, max_examples=EXAMPLES)
@given(graphs, st.integers(0, 10**6), st.integers(1, 30))
def test_the_order_of_what_is_left_is_the_same_after_a_crash_and_a_replay(graph: Any, seed: int, turns: int) -> None:
    names, edges = graph
    first = fresh(edges, names, POLICY)
    world = World(seeing(names, first, {}), Random(seed))
    attempts: dict[int, AttemptRow] = {}
    for _ in range(turns):
        for event in engine.choose(world.state, world.now):
            world.feed(event)
        world.now += world.rng.uniform(1, 5000)
        if world.live:
            world.end(world.rng.choice(world.live))
        attempts |= {attempt.fence: attempt for attempt in world.state.take().attempts}
    again = seeing(names, world.state, attempts)
    played = engine.replay(seeing(names, fresh(edges, names, POLICY), {}), world.events)
    for other in (again, played):
        assert list(other.ready) == list(world.state.ready)
        assert other.times.took == world.state.times.took


def test_when_research_takes_longer_than_was_said_what_research_is_left_goes_first() -> None:
    """Two researches took eight times their hour and two builds took theirs: now two hours of it are more than three."""
    names = ["r1", "r2", "b1", "b2", "r3", "b3"]
    hours = {"r3": 2, "b3": 3}
    roles = {"r": Kind("research"), "b": Kind("build")}
    known = Outlook({name: (roles[name[0]], 3600.0 * hours.get(name, 4)) for name in names})
    first = fresh([], names, POLICY._replace(slots=1))
    world = World(
        State.restore(RUN, first.adjacency, first.policy, first.tasks.values(), [], [], outlook=known), Random(1)
    )
    assert list(world.state.ready)[-2:] == ["b3", "r3"]
    for _ in range(4):
        world.feed(*engine.choose(world.state, world.now))
        world.now += 4 * 3600.0 * (8 if world.dispatched[-1][0] == "r" else 1)
        while world.live:
            world.end(world.live[0])
    assert list(world.state.ready) == ["r3", "b3"]
