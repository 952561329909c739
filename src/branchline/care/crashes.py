"""Every point of one history at which the coordinator can be killed, one after the other; all end in the same state.

The points are those that the coordinator and the world report themselves: each commit, each command by its type, and
each thing that custody and git do. A command that is added later is covered without a word here.
"""

from collections import Counter
from typing import NamedTuple

from branchline.care.oracle import ViolationError
from branchline.care.plans import drawn
from branchline.care.process import GOOD, Process
from branchline.care.world import REAL, Core, Crash, World
from branchline.engine import Policy
from branchline.model.run import Claim, Question

PARENTS = {"1": None, "2": None, "2.1": "2", "2.2": "2", "3": None, "4": None}
EDGES = (("1", "2"), ("2.1", "2.2"), ("2", "3"))
CANCELLED = ("4", 1, "work")
"""The one process that works until it is stopped."""
LIMIT = 400
"""Turns in which the history has ended, with a kill in it or without."""


class Ending(NamedTuple):
    """How a history ended: tasks, what is on the branch, and how often each process ran."""

    states: dict[str, str]
    branch: list[str]
    runs: dict[tuple[str, int, str], int]


class Script(World):
    """A history without dice: 2.1 fails once, 2.2 asks, 3 conflicts once, 4 is cancelled at work and sent back."""

    def __init__(self, core: Core = REAL) -> None:
        leaves = dict.fromkeys(("1", "2.1", "2.2", "3", "4"), "build")
        super().__init__(drawn(PARENTS, EDGES, {}, leaves), Policy(slots=2, retries=3, train=16), core, self.play)
        self.seen: list[str] = []
        self.turns = self.ends = 0
        self.lose_at = 0  # which process custody is killed with; positive: after a merge has moved the branch

    def point(self, name: str) -> None:
        """Note the name of each point that is passed while there is a coordinator."""
        if self.life:
            self.seen.append(name)
            super().point(name)

    def play(self, timeout: float) -> None:
        """Every process goes one step further; then the person speaks."""
        self.turns += 1
        if self.turns > LIMIT:
            raise ViolationError("I8", f"the history never ends: {self.oracle.states}")
        self._speak()
        alive = self.alive()
        for process in alive:
            if process.state == "asked":
                self.begin(process)
            elif process.cause or (process.attempt.task, process.attempt.attempt, process.attempt.purpose) != CANCELLED:
                self._end(process)
        if not alive:
            self.pass_time(max(timeout, 1.0))

    def _end(self, process: Process) -> None:
        self.ends += 1
        if abs(self.lose_at) == self.ends:
            self.lose(process, moved=self.lose_at > 0)
        else:
            self.end(process, *self._left(process))

    def _left(self, process: Process) -> tuple[Claim | dict[str, object] | None, int]:
        task, number, purpose = process.attempt.task, process.attempt.attempt, process.attempt.purpose
        if purpose == "work" and number == 1:
            if task == "2.1":
                return Claim("failed", error="it broke"), 3
            if task == "2.2":
                return Claim("blocked", question=Question("question", "which?"), session="s"), 0
        if purpose == "merge" and (task, number) == ("3", 1):
            return {**GOOD, "ok": False, "conflict": {"files": ["a"]}}, 0
        return (Claim("done") if purpose == "work" else dict(GOOD)), 0

    def _speak(self) -> None:
        wished = {request.task for request in self.store.requests()}
        states = self.oracle.states
        if states["2.2"] == "blocked" and "2.2" not in wished:
            self.ask("answer", "2.2")
        if states["4"] == "running" and not self.oracle.cancels:
            self.ask("cancel", "4")
        if states["4"] == "cancelled" and "4" not in wished:
            self.ask("retry", "4")

    def finish_history(self) -> Ending:
        """Coordinators come until the run is done."""
        while True:
            try:
                driver = self.open()
                driver.finish(driver.loop(wait=True))
                driver.close()
            except Crash:
                self.gone()
                continue
            states = dict(self.oracle.states)
            if all(state == "done" for state in states.values()):
                break
            self.gone()
            self.play(0.0)
        self.oracle.finished()
        runs: Counter[tuple[str, int, str]] = Counter()
        for process in self.processes.values():
            runs[process.attempt.task, process.attempt.attempt, process.attempt.purpose] += process.runs
        return Ending(states, sorted(task for _, task, _ in self.git.tip), dict(runs))


def crash_points(core: Core = REAL) -> list[str]:
    """Kill the coordinator at every point, and custody with every process; all ends as without.

    Returns the name of each point at which the coordinator was killed, in order; raises ViolationError when one ends otherwise.
    """
    whole = Script(core)
    expected = whole.finish_history()
    for number in range(1, whole.points + 1):
        script = Script(core)
        script.crash_at = number
        try:
            ending = script.finish_history()
        except ViolationError as broken:
            raise ViolationError(broken.law, f"killed {whole.seen[number - 1]} ({number}): {broken}") from broken
        if ending != expected:
            raise ViolationError(
                "I1", f"killed {whole.seen[number - 1]} ({number}), it ends in {ending}, not {expected}"
            )
    for number in range(1, whole.ends + 1):
        for lose_at in (number, -number):
            _without(core, lose_at, expected)
    return whole.seen


def _without(core: Core, lose_at: int, expected: Ending) -> None:
    """Custody is killed together with one process: nothing is lost but its work."""
    script = Script(core)
    script.lose_at = lose_at
    ending = script.finish_history()
    if ending[:2] != expected[:2]:
        raise ViolationError("I6", f"process {abs(lose_at)} lost, it ends in {ending[:2]}, not {expected[:2]}")
