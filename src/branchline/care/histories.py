"""One seed, one history: the real coordinator in a world that goes wrong at random, then a calm end."""

from collections import Counter
from collections.abc import Mapping
from random import Random
from typing import Any

from branchline import engine
from branchline.budget import Terms
from branchline.care.oracle import ViolationError
from branchline.care.plans import Sketch, policy, sketch
from branchline.care.process import GOOD, Process
from branchline.care.world import REAL, Core, Crash, World
from branchline.engine import State
from branchline.errors import LockedError, StoreFullError
from branchline.model.money import Amount
from branchline.model.moves import ClaimStatus
from branchline.model.run import Claim, Question

STEPS = 200
VERBS = ("answer", "retry", "skip", "cancel", "accept")
CLAIMS: tuple[ClaimStatus, ...] = (
    "done",
    "done",
    "blocked",
    "partial",
    "failed",
    "no_output",
    "timeout",
    "rate_limited",
    "permission",
)
FAULTS = (
    "crash",
    "full",
    "slow",
    "jump",
    "lost",
    "late",
    "double",
    "person",
    "interrupt",
    "rogue",
    "claims",
    "jobs",
    "memory",
    "hung",
    "overlap",
)
CALM = 600
"""Turns in which a run with nothing wrong any more has ended, or it never will."""
LONG = 86_400.0


COUNTED = ("steps", "events", "runs", "processes", "crashes", "full", "jumps", "wishes", "overlaps", "refused")
"""What is counted of the histories that were played."""


def play(seed: int, steps: int = STEPS, core: Core = REAL) -> Counter[str]:
    """Play one seed of so many steps, one run after the other; how often each of COUNTED came to pass.

    Raises ViolationError with the seed and the step in its words.
    """
    dice, total = Random(seed), Counter[str]()  # noqa: S311 - dice, not secrets
    while total["steps"] < steps:
        history = History(dice, steps - total["steps"], core)
        try:
            history.play()
        except ViolationError as broken:
            words = f"seed {seed}, step {(total + history.played)['steps']}: {broken}"
            raise ViolationError(broken.law, words) from broken
        except Exception as fault:  # whatever the coordinator raises is a broken promise, told with its seed
            words = f"seed {seed}, step {(total + history.played)['steps']}: {type(fault).__name__}: {fault}"
            raise ViolationError("crash", words) from fault
        total.update(history.played)
    return total


class History:
    """One run, from its first row to its end."""

    def __init__(self, dice: Random, steps: int, core: Core) -> None:
        self.dice = dice
        self.limit = steps
        self.played = Counter(runs=1)
        self.faults = frozenset(fault for fault in FAULTS if dice.random() < 0.5)
        plan = sketch(dice)
        self.world = World(plan, policy(dice, plan), core, self.turn)
        self.world.hold_back = self._late
        self.world.lands = self._lands
        self.world.between = self._between
        self.rival = False
        self.world.slow = dice.random() * 5 if "slow" in self.faults else 0.0
        self.calm: int | None = None
        self.waits = False
        self.visits = dice.random() < 0.1  # as `pulse` does: one tick, and away
        self.names = list(self.world.oracle.states)
        self.first = _fresh(self.world)

    def play(self) -> None:
        """Coordinators come and go until the run is over."""
        while not self._live():
            alone = self.calm is None and not self.world.life
            for _ in range(self.dice.randint(1, 8) if alone else 0):
                self.turn(0.0)
        self.world.oracle.finished()
        self._replay()
        self.played["events"] = self.world.oracle.events
        self.played["processes"] = len(self.world.processes)
        vars(self.world).clear()  # its parts know it, and such a circle is dear to collect

    def _live(self) -> bool:
        """One coordinator's life; True when the run is over for good."""
        world = self.world
        try:
            driver = world.driver or world.open()
            self.waits = self.calm is None and self.dice.random() < 0.5
            if self.visits and self.calm is None:
                driver.tick()
                standing = engine.outcome(driver.state)
            else:
                standing = driver.loop(wait=self.waits)
            if world.interrupts:
                driver.drain(3.0)
            else:
                driver.finish(standing)
                if standing.over:
                    world.oracle.stands(driver.state, standing, world.now if self.dice.random() < 0.3 else None)
            driver.close()
        except Crash:
            self.played["crashes"] += 1
            world.gone(lambda _: self.dice.random() < 0.5)
            return False
        except StoreFullError:
            self.played["full"] += 1
            world.gone()
            return False
        except LockedError:
            return self._refused()
        interrupted = world.interrupts
        world.gone()
        return not interrupted and self._over()

    def _refused(self) -> bool:
        """Who was overtaken is told so, and goes; who took over goes on, unless it is dead by now. Never the end."""
        if not self.played["overlaps"]:
            raise ViolationError("I1", "a coordinator is refused, and no other one was there")
        self.played["refused"] += 1
        if self.world.other:
            self.world.fall()
        else:
            self.world.gone()
        return False

    def _between(self) -> None:
        """A second coordinator: the lock refuses it. When the lock is lost, the two take turns until one is refused."""
        world = self.world
        if self.calm is not None or not (self.rival or world.other):
            return
        world.between = lambda: None  # the turn of the second one is not a turn between two
        try:
            if world.other:
                world.swap()
                for _ in range(self.dice.choice((1, 1, 12))):
                    assert world.driver  # noqa: S101 - one that took over lives
                    world.driver.tick()
            else:
                self._overtake()
        except (Crash, StoreFullError, LockedError) as end:
            self.played["refused"] += isinstance(end, LockedError)
            world.fall()
        else:
            world.swap()
        world.between = self._between

    def _overtake(self) -> None:
        self.rival = False
        try:
            self.world.open()
        except LockedError:
            self.played["overlaps"] += 1
            self.world.overtake()
        else:
            raise ViolationError("I1", "a second coordinator got in beside one that lives")

    def _over(self) -> bool:
        if self.played["steps"] >= self.limit:
            self.be_calm()
        if all(state in ("done", "skipped") for state in self.world.oracle.states.values()):
            return True
        if self.calm is not None:
            self._decide()
        return False

    # -- turns

    def turn(self, timeout: float) -> None:
        """The world goes on by one step."""
        self.played["steps"] += 1
        if self.calm is not None or self.played["steps"] >= self.limit:
            self._calm_turn(timeout)
            return
        roll = self.dice.random()
        alive = self.world.alive()
        if alive and roll < 0.8:
            self._advance(self.dice.choice(alive))
            if roll < 0.15:
                self._advance(self.dice.choice(alive))
        else:
            self._happen(timeout)

    def _advance(self, process: Process) -> None:
        """One process goes on: it starts, it writes, or it ends."""
        world, dice = self.world, self.dice
        if process.state == "asked":
            world.begin(process)
        elif process.state == "running":
            world.pass_time(dice.random() * 30)
            if process.attempt.purpose == "work" and dice.random() < 0.3:
                process.used = process.used.plus(Amount(0.0, dice.randint(1, 1000)))
            elif "lost" in self.faults and dice.random() < 0.1:
                world.lose(process, moved=dice.random() < 0.5)
            else:
                world.end(process, self._left(process), dice.choice((0, 0, 1, 3)))

    def _left(self, process: Process) -> Claim | Mapping[str, Any] | None:
        """What a process leaves behind."""
        dice, purpose = self.dice, process.attempt.purpose
        if purpose == "work":
            status: ClaimStatus = dice.choice(CLAIMS) if "claims" in self.faults else "done"
            question = Question("question", "which?") if status == "blocked" else None
            extra = self._extra(status) if "claims" in self.faults else {}
            error, used = f"error {dice.choice('xyz')}", process.used.tokens
            return Claim(status, status, question, ("a",), error, tokens=used, extra=extra)
        if "jobs" not in self.faults or dice.random() < 0.75:
            return GOOD
        bad: dict[str, Any] = {**GOOD, "ok": False, "cause": "check failed", "error": dice.choice("xyz")}
        if purpose == "merge" and dice.random() < 0.5:
            return {**bad, "conflict": {"files": [dice.choice("ab")]}}
        if purpose == "check" and dice.random() < 0.5:
            return {**GOOD, **dice.choice(({"level": "unchecked", "checks": ()}, {"needs_person": "it steers us"}))}
        return bad if dice.random() < 0.8 else None

    def _lands(self, most: int) -> tuple[int, bool]:
        """How many of the tasks that are merged behind another one come in with it; whether the next is to blame."""
        if "jobs" not in self.faults or self.calm is not None:
            return most, False
        return self.dice.randint(0, most), self.dice.random() < 0.5

    def _extra(self, status: ClaimStatus) -> Mapping[str, Any]:
        """What a provider in trouble says of itself."""
        roll = self.dice.random()
        if status == "rate_limited":
            if roll < 0.3 and "jump" not in self.faults:  # a provider's own clock is not set back with ours
                return {"reset_at": self.world.now + 300.0}
            return {"retry_after": 40.0} if roll < 0.7 else {}
        return {"status": 503} if status == "failed" and roll < 0.3 else {}

    def _happen(self, timeout: float) -> None:
        """Something that no process does."""
        world, dice = self.world, self.dice
        fault = dice.choice(FAULTS)
        if fault not in self.faults or fault in ("claims", "jobs", "lost", "slow"):
            world.pass_time(max(timeout, dice.random() * 60))
        elif fault == "person":
            self.played["wishes"] += 1
            world.ask(dice.choice(VERBS), dice.choice(self.names))
        elif fault == "crash":
            world.crash_at = world.points + dice.randint(1, 20)
        elif fault == "full":
            self._fill(dice.choice(((1, 0, 0, 0), (3, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1))))
        elif fault == "jump":
            self.played["jumps"] += 1
            world.now += dice.choice((-LONG, LONG, -100.0, 100.0, -5.0))
        elif fault == "double":
            world.double = not world.double
        elif fault == "interrupt":
            world.interrupts = dice.randint(1, 2)
        elif fault == "rogue":
            self._rogue()
        elif fault == "memory":
            world.memory = dice.choice((None, 0.0, 6144.0 + 512 * 2, 6144.0 + 512 * 3))
        elif fault == "overlap":
            self.rival = dice.random() < 0.3
        elif fault == "hung":
            world.eyes.next = dice.choice(("stop", "ask"))

    def _fill(self, times: tuple[int, int, int, int]) -> None:
        """How often the disk has no room: for a commit, a process, the end of a worktree, our reading of an end."""
        world = self.world
        world.full, world.unbuildable, world.stubborn, world.reading.full = times

    def _rogue(self) -> None:
        """An agent moves the integration branch."""
        if not any(p.attempt.purpose == "merge" for p in self.world.alive()):
            self.world.git.grow("an agent", 0)

    def _late(self, facts: int) -> int:
        """How many facts come later."""
        return self.dice.randint(0, facts) if facts and "late" in self.faults and self.calm is None else 0

    # -- the calm end

    def be_calm(self) -> None:
        """Nothing goes wrong any more: now the run has to end."""
        if self.calm is None:
            world = self.world
            self.calm = self.played["steps"]
            self.faults = frozenset()
            self._fill((0, 0, 0, 0))
            world.crash_at = 0
            world.slow, world.double, world.memory = 0.0, False, None
            world.interrupts = int(self.waits)  # who waits for answers is told to go, and comes again without

    def _calm_turn(self, timeout: float) -> None:
        self.be_calm()
        if self.played["steps"] - (self.calm or 0) > CALM:
            raise ViolationError("I8", f"the run never ends: {self.world.oracle.states}")
        alive = self.world.alive()
        for process in alive:
            self._finish(process)
        if not alive:
            self.world.pass_time(max(timeout, 60.0))

    def _finish(self, process: Process) -> None:
        if process.state == "asked":
            self.world.begin(process)
        else:
            work = process.attempt.purpose == "work"
            self.world.end(process, Claim("done", "done") if work else GOOD)

    def _decide(self) -> None:
        """A person settles whatever waits for one."""
        world = self.world
        world.policy = world.policy._replace(only=frozenset(), terms=Terms())
        world.oracle.widen()
        verbs = {"blocked": "answer", "held": "accept", "failed": "retry", "cancelled": "retry", "paused": "retry"}
        for task, state in world.oracle.states.items():
            if state in verbs:
                world.ask(verbs[state], task)

    def _replay(self) -> None:
        """The events alone give the same rows."""
        world = self.world
        state = engine.replay(self.first, world.store.events("r1")[1:])
        rows = {row.task: row for row in world.store.tasks("r1") if row.kind == "atomic"}
        if state.tasks != rows:
            raise ViolationError("replay", "replaying the events gives other tasks than those stored")
        if list(state.attempts.values()) != world.store.attempts("r1"):
            raise ViolationError("replay", "replaying the events gives other attempts than those stored")
        if list(state.questions.values()) != world.store.questions("r1"):
            raise ViolationError("replay", "replaying the events gives other questions than those stored")


def _fresh(world: World) -> State:
    """The state in which nothing has happened."""
    plan: Sketch = world.sketch
    return State.restore(plan.run, plan.adjacency, world.policy, plan.rows, [], [])
