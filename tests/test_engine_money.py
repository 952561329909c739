"""The budget in the engine: what waits, what is stopped, what goes on, and how the run stands meanwhile."""

from typing import Any

import pytest

from branchline import engine
from branchline.budget import Terms
from branchline.model.money import Amount, Limit
from branchline.model.run import Event
from branchline.schedule import explain
from test_engine_lanes import Shift

TIERS = {"simple": ("small",), "thinking": ("big",)}
TURN = Amount(0, 100)


def shift(limit: int | None, **more: Any) -> Shift:
    terms = {name: more.pop(name) for name in list(more) if name in Terms._fields}
    made = Terms(Limit(tokens=limit), **{"guess": Amount(0, 300), "turn": TURN, **terms})
    return Shift(**{"tasks": 3, "slots": 3, "lanes": {}, **more}, terms=made)


def use(made: Shift, task: str, tokens: int) -> None:
    """The worker of a task ends a turn, after which it has used so many tokens."""
    row = made.state.tasks[task]
    data = {"tokens": tokens, "cost": 0.0, "model": ""}
    made.feed(Event(made.now, "r1", "metered", "", task, row.attempt, row.fence, data))
    made.commit()


def stopped(made: Shift, task: str) -> bool:
    attempt = made.state.live(task)
    return attempt is not None and attempt.cause.startswith(engine.BROKE)


def test_as_many_start_as_can_be_paid_and_the_others_say_why_they_wait() -> None:
    made = shift(700)
    assert made.start() == ["t0", "t1"]
    dispatched = [event for event in made.log if event.kind == "dispatching"]
    assert [event.data["reserved"] for event in dispatched] == [(0.0, 300), (0.0, 300)]
    found = explain(engine.view(made.state, made.now))["t2"]
    assert found.kind == "budget"
    assert found.words == (
        "budget: 0 of 700 tokens spent, 600 tokens set aside for workers at work, 300 tokens wanted for a start; "
        "raise --budget to go on"
    )
    use(made, "t0", 250)
    assert made.start() == [], "what is used is not free again"
    made.end("t0", {"status": "done", "tokens": 100})
    assert made.start() == [], "100 used and 300 reserved leave 300, and a check is under way"


def test_a_worker_is_stopped_at_the_end_of_its_turn_and_goes_on_when_the_budget_is_raised() -> None:
    made = shift(500, tasks=1)
    assert made.start() == ["t0"]
    use(made, "t0", 450)
    assert not stopped(made, "t0"), "one worker alone may end its turn"
    use(made, "t0", 540)
    assert stopped(made, "t0")
    made.end("t0", {"status": "cancelled", "tokens": 540})
    row = made.state.tasks["t0"]
    assert (row.state, row.retry_at, row.resume, row.tries) == ("paused", None, 1, 0)
    assert row.reason == "budget: 540 of 500 tokens spent; raise --budget to go on"
    assert engine.outcome(made.state, made.now) == ("paused", f"t0: {row.reason}", True)
    assert made.start() == []
    again = made.again()
    assert engine.outcome(again, made.now).state == "paused", "a new coordinator sees the same"
    made.state.policy = made.state.policy._replace(terms=made.state.policy.terms._replace(run=Limit(tokens=2000)))
    made.start()
    assert made.start() == ["t0"]
    assert made.state.tasks["t0"].resume == 1


def test_who_ends_a_turn_first_is_stopped_first_while_the_turns_of_all_do_not_fit() -> None:
    made = shift(900)
    assert made.start() == ["t0", "t1", "t2"]
    for task in ("t0", "t1", "t2"):
        use(made, task, 250)
    assert [stopped(made, task) for task in ("t0", "t1", "t2")] == [False, False, True], (
        "750 and two turns are too many"
    )


def test_who_is_being_stopped_keeps_no_turn_from_the_others() -> None:
    made = shift(900)
    made.start()
    for task, tokens in (("t2", 250), ("t1", 250), ("t0", 250)):
        use(made, task, tokens)
    assert [stopped(made, task) for task in ("t0", "t1", "t2")] == [True, False, False]
    use(made, "t1", 290)
    assert not stopped(made, "t1"), "790 and one other turn fit"


def test_a_person_may_cancel_who_was_stopped_for_the_budget() -> None:
    made = shift(100, tasks=1)
    made.start()
    use(made, "t0", 150)
    made.end("t0", {"status": "cancelled", "tokens": 150})
    made.feed(Event(made.now, "r1", "cancelled", "cancelled by a person", "t0", 1))
    assert made.state.tasks["t0"].state == "cancelled"
    assert engine.outcome(made.state, made.now).state == "cancelled"


def test_a_task_has_a_budget_of_its_own() -> None:
    made = shift(None, tasks=2, task=Limit(tokens=200))
    assert made.start() == ["t0", "t1"]
    use(made, "t0", 210)
    assert (stopped(made, "t0"), stopped(made, "t1")) == (True, False)


def test_late_usage_of_an_attempt_that_has_ended_changes_nothing() -> None:
    made = shift(1000, tasks=1)
    made.start()
    fence = made.state.tasks["t0"].fence
    made.end("t0", {"status": "failed", "error": "x", "tokens": 50})
    late = Event(made.now, "r1", "metered", "", "t0", 1, fence, {"tokens": 900, "cost": 0.0, "model": ""})
    made.feed(late)
    assert made.state.whole.tokens == 50


def test_a_batch_that_cannot_be_paid_keeps_nothing_else_waiting() -> None:
    known = {"build/big": Amount(0, 900), "build/small": Amount(0, 200)}
    grades = {"t0": "simple", "t1": "thinking", "t2": "simple"}
    made = shift(1000, slots=2, batch=True, known=known, tiers=TIERS, grades=grades)
    assert made.start() == ["t0", "t2"]
    assert engine.outcome(made.state, made.now).state == "running"


@pytest.mark.parametrize("left", [0, 99])
def test_what_is_left_of_a_batch_and_cannot_be_paid_keeps_nothing_else_waiting(left: int) -> None:
    grades = {"t0": "simple", "t1": "thinking", "t2": "simple"}
    known = {"build/big": Amount(0, 900), "build/small": Amount(0, 100)}
    made = shift(1000 + left, slots=1, batch=True, known=known, tiers=TIERS, grades=grades)
    assert made.start() == ["t0"]
    made.state.rest = ("t1",)
    made.end("t0", {"status": "done", "tokens": 100 + left})
    made.done_with_checks("t0")
    made.state.policy = made.state.policy._replace(terms=made.state.policy.terms._replace(run=Limit(tokens=999)))
    assert made.start() == ["t2"]


def test_a_worker_on_a_subscription_is_measured_in_tokens_alone() -> None:
    terms = Terms(Limit(1.0), guess=Amount(0.75, 100), turn=Amount(0.5, 100), flat=("big",))
    assert Shift(tasks=3, slots=3, lanes={}, terms=terms).start() == ["t0", "t1", "t2"]
    assert Shift(tasks=3, slots=3, lanes={}, terms=terms._replace(flat=())).start() == ["t0"]


def test_a_worker_that_tells_nothing_is_counted_once_it_does() -> None:
    made = shift(500, blind=("big",))
    assert made.start() == ["t0", "t1", "t2"], "nothing is set aside for it"
    use(made, "t0", 300)
    assert not stopped(made, "t0")
    use(made, "t1", 300)
    assert stopped(made, "t1")


def test_a_budget_of_nothing_starts_nothing() -> None:
    made = shift(0)
    assert made.start() == []
    assert engine.outcome(made.state, made.now).state == "paused"


def test_who_tells_its_usage_at_the_end_only_is_at_work_alone() -> None:
    made = shift(5000, late=("big",))
    assert made.start() == ["t0"]
    made.end("t0", {"status": "failed", "error": "x", "tokens": 300})
    assert made.start() == ["t1"], "what it has used is known now"
