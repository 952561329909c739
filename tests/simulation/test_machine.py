"""The same world under Hypothesis: it looks for the shortest history that breaks a law."""

import os
from random import Random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from branchline.care.histories import VERBS, History
from branchline.care.process import GOOD
from branchline.care.world import REAL, Crash
from branchline.errors import LockedError, StoreFullError
from branchline.model.run import Claim, Question

SCALE = float(os.environ.get("BRANCHLINE_TEST_SCALE", "1"))
WORK = [
    Claim("done"),
    Claim("failed", error="x"),
    Claim("failed", error="y"),
    Claim("blocked", question=Question("question", "which?"), session="s"),
    Claim("partial", missing=("a",)),
    Claim("rate_limited"),
]
JOBS = [GOOD, {**GOOD, "ok": False, "cause": "no"}, {**GOOD, "ok": False, "conflict": {"files": ["a"]}}, None]
pick = st.integers(0, 30)


class Machine(RuleBasedStateMachine):
    """One run: hypothesis says what happens, the oracle of the world says whether it may."""

    @initialize(seed=st.integers(0, 500))
    def begin(self, seed: int) -> None:
        self.history = History(Random(seed), 10**9, REAL)
        self.world = self.history.world
        self.world.turn = lambda _: None
        self.world.between = lambda: None
        self.overlaps = 0
        self.world.slow, self.world.hold_back = 0.0, lambda _: 0

    @rule()
    def tick(self) -> None:
        """The coordinator, which comes when there is none, does one turn; it may be killed, or find the disk full."""
        try:
            driver = self.world.driver or self.world.open()
            driver.tick()
        except (Crash, StoreFullError):
            self.world.gone(lambda process: process.attempt.fence % 2 == 0)
        except LockedError:
            assert self.overlaps, "nobody else was there"
            self.world.fall()

    @precondition(lambda self: self.world.driver and not self.world.other)
    @rule()
    def overlap(self) -> None:
        """A second coordinator is refused; then the lock is lost, and it gets in."""
        with pytest.raises(LockedError):
            self.world.open()
        self.overlaps += 1
        try:
            self.world.overtake()
        except (Crash, StoreFullError):
            self.world.fall()

    @precondition(lambda self: self.world.other)
    @rule()
    def swap(self) -> None:
        self.world.swap()

    @precondition(lambda self: self.world.alive())
    @rule(which=pick, left=pick)
    def advance(self, which: int, left: int) -> None:
        alive = self.world.alive()
        process = alive[which % len(alive)]
        try:
            if process.state == "asked":
                self.world.begin(process)
            elif process.attempt.purpose == "work":
                self.world.end(process, WORK[left % len(WORK)], left % 3)
            else:
                self.world.end(process, JOBS[left % 2 if left < 20 else left % len(JOBS)])
        except Crash:
            self.world.gone()

    @precondition(lambda self: any(p.state == "running" for p in self.world.alive()))
    @rule(moved=st.booleans())
    def lose(self, moved: bool) -> None:
        process = next(p for p in self.world.alive() if p.state == "running")
        try:
            self.world.lose(process, moved=moved)
        except Crash:
            self.world.gone()

    @rule(verb=st.sampled_from(VERBS), task=pick)
    def wish(self, verb: str, task: int) -> None:
        self.world.ask(verb, self.history.names[task % len(self.history.names)])

    @rule(seconds=st.sampled_from([1.0, 40.0, 1000.0]))
    def wait(self, seconds: float) -> None:
        self.world.pass_time(seconds)

    @rule(seconds=st.sampled_from([-86400.0, -3.0, 86400.0]))
    def jump(self, seconds: float) -> None:
        self.world.now += seconds

    @rule(after=st.integers(1, 12))
    def kill(self, after: int) -> None:
        self.world.crash_at = self.world.points + after

    @rule(commits=st.integers(1, 2))
    def fill(self, commits: int) -> None:
        self.world.full = commits

    def teardown(self) -> None:
        """Nothing goes wrong any more: the run ends, and its events tell all of it."""
        if hasattr(self, "history"):
            if self.world.life:
                self.world.gone()
            self.world.turn = self.history.turn
            self.history.be_calm()
            self.history.play()


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=round(60 * SCALE) or 1, stateful_step_count=60, deadline=None)
