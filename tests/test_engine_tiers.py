"""Tiers of models: resolved when a task is dispatched, and left for the next one only where the user says so."""

from typing import Any

import pytest

from branchline.model.run import TaskRow
from branchline.schedule.routing import Routing
from test_engine_lanes import LIMIT, Shift

TIERS = {"simple": ("acme/small", "other/small"), "standard": ("acme/mid",), "thinking": ("acme/big",)}
BROKEN = {"status": "failed", "error": "it does not compile"}


def shift(**policy: Any) -> Shift:
    return Shift(tasks=1, tiers=TIERS, grades={"t0": "simple"}, retries=1, lanes={}, **policy)


def dispatched(made: Shift) -> tuple[str, str]:
    """The model and the reason of the last start."""
    last = next(event for event in reversed(made.log) if event.kind == "dispatching")
    return made.state.attempts[made.state.tasks["t0"].fence].model, last.cause


def again(made: Shift) -> None:
    """The task is due again, and starts."""
    made.now += 3600
    while not made.start():
        assert made.state.ready or made.state.retrying


def fail(made: Shift, times: int = 1) -> TaskRow:
    """The task starts and fails, each time in another way."""
    for number in range(times):
        again(made)
        made.end("t0", {**BROKEN, "error": f"{'xyzuvw'[number + len(made.log) % 3]} is broken"})
    return made.state.tasks["t0"]


def test_a_task_gets_the_first_model_of_its_tier_and_the_start_says_so() -> None:
    made = shift()
    assert made.start() == ["t0"]
    assert dispatched(made) == ("acme/small", "depth-first: a slot is free; tier simple: acme/small")


def test_a_task_without_a_tier_has_the_default_one_or_none() -> None:
    row = TaskRow("r1", "t9", 0, "t9", "atomic", None, None, "build", "big", "ready")
    assert Routing(tiers=TIERS).tier(row) == ""
    assert Routing(tiers=TIERS, grade="thinking").model_of(row) == "acme/big"
    assert Routing(tiers={"thinking": ("acme/big",)}, grade="simple").tier(row) == "", "a tier without models is none"


def test_a_tier_falls_back_to_its_next_model_while_a_provider_is_paused() -> None:
    made = shift()
    made.start()
    made.end("t0", {**LIMIT, "extra": {"status": 429, "retry_after": 90}})
    assert made.state.lanes["acme"].until == made.now + 90
    made.start()
    assert made.start() == ["t0"]
    model, cause = dispatched(made)
    assert model == "other/small"
    assert "other/small as tier simple has it, for provider acme is paused" in cause


def test_after_the_stop_rule_a_task_fails_unless_the_user_lets_it_climb() -> None:
    assert fail(shift(), 2).state == "failed"


def test_a_task_climbs_tier_by_tier_with_tries_of_its_own_and_fails_at_the_top() -> None:
    made = shift(escalate=True)
    row = fail(made, 2)
    assert (row.state, row.model, row.tries) == ("retrying", "acme/mid", 0)
    assert row.reason.endswith("; it goes on one tier up, standard: acme/mid")
    made.start()
    assert made.start() == ["t0"]
    assert dispatched(made) == (
        "acme/mid",
        "depth-first: a slot is free; tier standard, above its own simple: acme/mid",
    )
    made.end("t0", BROKEN)
    assert fail(made).model == "acme/big"
    assert fail(made, 2).state == "failed", "there is no tier above"


def test_the_same_failure_twice_climbs_at_once() -> None:
    made = shift(escalate=True)
    for _ in range(2):
        again(made)
        made.end("t0", BROKEN)
    assert made.state.tasks["t0"].reason.startswith("the same failure twice: ")
    assert made.state.tasks["t0"].model == "acme/mid"


@pytest.mark.parametrize("person", ["acme/mid", "else/own"])
def test_a_model_that_a_person_gives_is_kept(person: str) -> None:
    made = shift(escalate=True)
    row = made.state.tasks["t0"]._replace(model=person)
    assert made.policy.routing.model_of(row) == person
    assert made.policy.routing.tier(row) == {"acme/mid": "standard"}.get(person, "")
