"""The merge train in the engine: who rides together, and what becomes of each when it has ended."""

from typing import Any

import pytest

from branchline import engine
from branchline.dispatch.requests import events_for
from branchline.engine import Emit, Policy, Start, State, Stop
from branchline.graph.adjacency import Adjacency
from branchline.model.run import AttemptRow, Event, RequestRow, RunRow, TaskRow

RUN = RunRow("r1", "plan.md", "sha256:0", "running", "", "base", 0.0, None, "{}", "{}")
GOOD = {"ok": True, "checks": [{"command": "true", "exit": 0}], "level": "checked", "commit": "c"}
BAD = {**GOOD, "ok": False, "commit": "", "cause": "it breaks task 1", "error": "no"}


class Yard:
    """Five tasks without edges, the first of which is being merged while the others have become ready for it."""

    def __init__(self, train: int = 3) -> None:
        self.adjacency = Adjacency.build([(str(n), None, "atomic") for n in range(1, 6)], [])
        self.policy = Policy(slots=5, train=train)
        rows = [
            TaskRow("r1", name, place, name, "atomic", None, None, "build", "shell", "ready")
            for place, name in enumerate(self.adjacency.order)
        ]
        self.state = State.restore(RUN, self.adjacency, self.policy, rows, [], [])
        self.stops: list[int] = []
        self.attempts: dict[int, AttemptRow] = {}
        for event in engine.choose(self.state, 1.0):
            self.feed(event)
        for task in "12345":
            for _ in range(3):  # setup, work, check
                attempt = self.state.live(task)
                assert attempt
                left = {"claim": {"status": "done"}} if attempt.purpose == "work" else {"result": GOOD}
                self.end(attempt, **left)

    def feed(self, event: Event) -> None:
        self.state, commands = engine.step(self.state, event)
        for command in commands:
            if isinstance(command, Emit):
                self.feed(command.event)
            elif isinstance(command, Start):
                row = self.state.attempts[command.fence]
                self.feed(Event(2.0, "r1", "started", "", row.task, row.attempt, row.fence))
            elif isinstance(command, Stop):
                self.stops.append(command.fence)

    def end(self, attempt: AttemptRow, cause: str = "", **data: Any) -> None:
        self.feed(Event(3.0, "r1", "ended", cause, attempt.task, attempt.attempt, attempt.fence, {"exit": 0, **data}))
        self.attempts |= {row.fence: row for row in self.state.take().attempts}

    def wish(self, verb: str, task: str) -> None:
        for event in events_for(self.state, RequestRow(1, 2.0, "r1", verb, task, "{}"), 2.0):
            self.feed(event)

    def merge(self) -> tuple[AttemptRow, list[str]]:
        """The merge that is under way, and who rides along."""
        attempt = next(row for row in self.state.attempts.values() if row.purpose == "merge")
        return attempt, [row.task for row in self.state.train(attempt)]

    def found(self) -> dict[str, str]:
        return {task: row.state for task, row in self.state.tasks.items()}


def test_those_that_wait_behind_a_merge_are_merged_together() -> None:
    yard = Yard()
    attempt, also = yard.merge()
    assert (attempt.task, also) == ("1", [])
    yard.end(attempt, result=GOOD)
    attempt, also = yard.merge()
    assert (attempt.task, also) == ("2", ["3", "4"]), "three at most, in the tree's order"
    yard.end(attempt, result=GOOD, also={"3": GOOD, "4": GOOD})
    assert yard.found() == {"1": "done", "2": "done", "3": "done", "4": "done", "5": "merging"}
    assert yard.merge()[0].task == "5"


def test_the_guilty_goes_back_and_whoever_got_no_answer_is_merged_again() -> None:
    yard = Yard()
    yard.end(yard.merge()[0], result=GOOD)
    yard.end(yard.merge()[0], result=GOOD, also={"3": BAD})
    assert yard.found() == {"1": "done", "2": "done", "3": "retrying", "4": "merging", "5": "merging"}
    attempt, also = yard.merge()
    assert (attempt.task, also) == ("4", ["5"])


def test_a_lost_merge_is_made_again_with_all_of_them() -> None:
    yard = Yard()
    yard.end(yard.merge()[0], result=GOOD)
    yard.end(yard.merge()[0], result=BAD, lost=True)
    attempt, also = yard.merge()
    assert (attempt.task, also) == ("2", ["3", "4"])


@pytest.mark.parametrize("wished", [("3",), ("2",), ("2", "4")])
def test_a_cancel_takes_out_those_it_names_and_no_others(wished: tuple[str, ...]) -> None:
    yard = Yard()
    yard.end(yard.merge()[0], result=GOOD)
    for task in wished:
        yard.wish("cancel", task)
    attempt, _ = yard.merge()
    assert yard.stops == [attempt.fence] * len(wished)
    yard.end(attempt, cause="cancelled", result=BAD)
    assert {task for task, state in yard.found().items() if state == "cancelled"} == set(wished)
    left = [task for task in "2345" if task not in wished]
    attempt, also = yard.merge()
    assert [attempt.task, *also] == left[:3]


def test_what_was_merged_before_a_cancel_came_through_is_done_and_the_rest_is_cancelled() -> None:
    yard = Yard()
    yard.end(yard.merge()[0], result=GOOD)
    yard.wish("cancel", "3")
    yard.wish("cancel", "4")
    yard.end(yard.merge()[0], cause="cancelled", result=GOOD, also={"3": GOOD})
    assert yard.found() == {"1": "done", "2": "done", "3": "done", "4": "cancelled", "5": "merging"}


def test_a_new_coordinator_knows_who_rides_and_where_the_branch_stands() -> None:
    yard = Yard()
    yard.end(yard.merge()[0], result=GOOD)
    attempt, also = yard.merge()
    rows, open_ = list(yard.state.tasks.values()), list(yard.state.attempts.values())
    again = State.restore(RUN, yard.adjacency, yard.policy, rows, open_, [])
    assert [row.task for row in again.train(again.attempts[attempt.fence])] == also
    assert all((live := again.live(task)) and live.fence == attempt.fence for task in also)
    yard.end(attempt, result={**GOOD, "commit": "d"}, also={"3": {**GOOD, "commit": "d"}, "4": BAD})
    again = State.restore(RUN, yard.adjacency, yard.policy, yard.state.tasks.values(), [], [])
    assert again.tip == yard.state.tip == "d"
