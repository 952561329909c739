"""The budget (I12): random runs with random streams of usage never spend more than one turn of one worker above it."""

import os
from random import Random

import pytest

from branchline import engine
from branchline.budget import Start, Terms
from branchline.care.plans import policy, sketch
from branchline.care.process import GOOD, Process
from branchline.care.world import REAL, World
from branchline.dispatch import Coordinator
from branchline.engine import Outcome, State
from branchline.model.money import Amount, Limit, total
from branchline.model.run import Claim

SEEDS = int(100 * float(os.environ.get("BRANCHLINE_TEST_SCALE", "1")))
LARGEST = Amount(0.5, 1000)


class Spenders:
    """A world whose workers use money, turn by turn, and its meter; what is used stands in `used`, by fence."""

    def __init__(self, dice: Random) -> None:
        self.dice = dice
        self.used: dict[int, Amount] = {}
        self.task: dict[int, str] = {}
        self.largest = Amount()
        self.unseen = Amount()  # what was used while no coordinator was there
        plan = sketch(dice)
        self.world = World(plan, self.terms(policy(dice, plan)), REAL, self.turn)

    def terms(self, given: engine.Policy) -> engine.Policy:
        dice = self.dice
        limit = Limit(dice.choice((None, dice.random() * 20)), dice.choice((None, dice.randrange(40_000))))
        each = Limit(None, dice.choice((None, None, dice.randrange(20_000))))
        known = {"build/": Amount(dice.random() * 2, dice.randrange(4000))} if dice.random() < 0.3 else {}
        guess = Amount(dice.random() * 3, dice.randrange(6000))
        return given._replace(terms=Terms(limit, each, guess, known, LARGEST), only=frozenset(), fail_fast=False)

    def turn(self, timeout: float) -> None:
        """A step of the world: each worker ends one turn at most, and whoever is told to stop begins no other one."""
        world, dice = self.world, self.dice
        world.pass_time(max(timeout, dice.random()))
        for process in world.alive():
            if process.state == "asked":
                world.begin(process)
            elif process.attempt.purpose != "work":
                world.end(process, GOOD)
            elif process.cause or dice.random() < 0.1:
                self.end(process)
            elif dice.random() < 0.7:
                self.spend(process)

    def spend(self, process: Process) -> None:
        fence = process.attempt.fence
        used = Amount(dice_usd(self.dice), self.dice.randint(1, LARGEST.tokens))
        self.largest = self.largest.larger(used)
        self.task[fence] = process.attempt.task
        self.used[fence] = process.used = process.used.plus(used)
        self.unseen = self.unseen if self.world.life else self.unseen.plus(used)

    def end(self, process: Process) -> None:
        used = process.used
        status = self.dice.choice(("done", "done", "done", "failed"))
        error = f"error {self.dice.choice('xyz')}"
        self.world.end(process, Claim(status, status, error=error, tokens=used.tokens, cost=used.usd))  # type: ignore[arg-type]

    def run(self) -> Outcome:
        """One coordinator after the other, until nothing can go on."""
        while True:
            driver = self.take_up()
            for _ in range(self.dice.choice((1, 3, 5, 60))):
                happened = driver.tick()
                standing = engine.outcome(driver.state, self.world.now)
                self.check()
                if standing.over and not happened:
                    driver.finish(standing)
                    self.world.gone()
                    return standing
            driver.close()
            self.world.gone(lambda _: self.dice.random() < 0.5)
            for _ in range(self.dice.choice((0, 15))):
                self.turn(1.0)

    def take_up(self) -> Coordinator:
        """A new coordinator; where more was used meanwhile than there is, it starts nothing."""
        world, terms = self.world, self.world.policy.terms
        before = {fence for fence, process in world.processes.items() if process.state == "running"}
        driver = world.open()
        if terms.run.over(total(self.used.values()), touched=True):
            asked = {fence for fence, process in world.processes.items() if process.state in ("asked", "running")}
            assert {fence for fence in asked if world.processes[fence].attempt.purpose == "work"} <= before
        return driver

    def check(self) -> None:
        """The law, of the run and of each task."""
        terms = self.world.policy.terms
        seen = total(self.used.values()).minus(self.unseen)
        assert not terms.run.over(seen.minus(self.largest)), terms.run
        for task in set(self.task.values()):
            spent = total(used for fence, used in self.used.items() if self.task[fence] == task)
            assert not terms.task.over(spent.minus(self.unseen).minus(self.largest)), (task, terms.task)


def dice_usd(dice: Random) -> float:
    return dice.randrange(1, 65) / 128  # sums of these are exact


@pytest.mark.parametrize("seed", range(SEEDS))
def test_no_run_spends_more_than_one_turn_of_one_worker_above_its_budget(seed: int) -> None:
    spenders = Spenders(Random(seed))
    world = spenders.world
    for _ in range(40):
        standing = spenders.run()
        rows = world.store.tasks("r1")
        broke = [row for row in rows if row.state == "paused"]
        assert all(row.reason.startswith("budget: ") for row in broke)
        recorded = total(a.used for a in world.store.attempts("r1"))
        assert recorded == total(spenders.used.values()), "what is recorded is what was used"
        if standing.state != "paused":
            break
        assert "budget: " in standing.reason
        former = world.policy.terms
        more = Limit(former.run.usd and former.run.usd * 2 + 1, former.run.tokens and former.run.tokens * 2 + 1000)
        each = Limit(None, former.task.tokens and former.task.tokens * 2 + 1000)
        world.policy = world.policy._replace(terms=former._replace(run=more, task=each))
    assert standing.state != "paused", "a budget that is raised lets the run go on"
    plan = world.sketch
    again = engine.replay(
        State.restore(plan.run, plan.adjacency, engine.Policy(), plan.rows, [], []), world.store.events("r1")[1:]
    )
    assert list(again.attempts.values()) == world.store.attempts("r1"), "the events alone give the same rows"


def test_a_start_of_which_nothing_is_known_takes_what_is_left_and_a_known_one_has_to_fit() -> None:
    from branchline.budget import Purse

    tight = Terms(Limit(tokens=500), guess=Amount(0, 1000), turn=Amount(0, 200))
    starts = {"a": Start("a", "w", "build", "m"), "b": Start("b", "w", "build", "m")}
    purse = Purse(tight, starts.__getitem__, {}, Amount(), [])
    assert purse.obstacle("a") == ""
    purse.take("a")
    assert purse.obstacle("b").startswith("budget: 0 of 500 tokens spent, 1,000 tokens set aside for workers at work")
    known = tight._replace(known={"build/m": Amount(0, 600)})
    purse = Purse(known, starts.__getitem__, {}, Amount(), [])
    assert (
        purse.obstacle("a") == "budget: 0 of 500 tokens spent, 600 tokens wanted for a start; raise --budget to go on"
    )
