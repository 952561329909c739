"""kill -9 of the coordinator and of custody at random moments: no task lost, none doubled (DESIGN, promise 3)."""

import os
import random
import signal
import time
from collections.abc import Iterator

import pytest

from worlds import SCALE, Task, World

KILLS = max(1, round(8 * SCALE))
TASKS = max(4, round(12 * SCALE))
SEED = int(os.environ.get("BRANCHLINE_TEST_SEED", "0")) or random.randrange(1, 10**6)
AGENT = """make
sleep 0.$((BRANCHLINE_ATTEMPT % 3))
say done ok
end
"""


def many(number: int, dice: random.Random) -> Iterator[Task]:
    """Tasks with up to three dependencies on earlier ones."""
    names = [f"{1 + place // 4}.{1 + place % 4}" for place in range(number)]
    for place, name in enumerate(names):
        earlier = names[max(0, place - 6) : place]
        yield Task(name, after=tuple(sorted(dice.sample(earlier, min(len(earlier), dice.randrange(0, 3))))))


def custody_of(world: World) -> list[int]:
    """The guards and custodians that are alive."""
    return [pid for pid, words in world.processes().items() if "custodian.py" in words]


def workers_of(world: World) -> list[int]:
    return [pid for pid, words in world.processes().items() if "agent.sh" in words and "custodian" not in words]


def strike(world: World, dice: random.Random, custody: bool) -> None:
    """Kill one of custody now and then, when asked for."""
    alive = custody_of(world) if custody else []
    if alive and dice.random() < 0.5:
        victim = dice.choice(alive)
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            return


@pytest.mark.parametrize("custody", [False, True], ids=["coordinator", "custody"])
def test_no_kill_loses_or_doubles_a_task(world: World, custody: bool) -> None:
    print(f"BRANCHLINE_TEST_SEED={SEED}")
    dice = random.Random(SEED)
    world.plan(*many(TASKS, dice))
    world.settings("retries = 50\n")
    before, agent = world.checkout(), world.agent(AGENT)
    kills = 0
    for _ in range(KILLS):
        process = world.begin(agent)
        time.sleep(dice.uniform(0.05, 1.2))
        strike(world, dice, custody)
        if process.poll() is not None:
            break
        process.kill()
        process.communicate()
        kills += 1
    result = world.execute(agent, timeout=120 * max(1.0, SCALE))
    assert result.status == 0, f"{result}\n{world.story()}"
    assert set(world.states().values()) == {"done"}
    world.check_laws(result.json["run"])  # a kill between its branch and its row gives the next number
    assert world.checkout() == before
    if not custody:  # nobody but the coordinator was hurt: every task ran exactly once
        assert sorted(world.started()) == sorted((task, 1) for task in world.states()), world.story()
        assert len([line for line in world.ledger() if line.what == "end"]) == TASKS
    print(f"{kills} kills, {TASKS} tasks, {len(world.started())} starts of agents")
