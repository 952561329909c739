"""The real coordinator kills itself at each point of its own, over real processes and real git; then it is started again.

The kinds of points come from the types of the commands; the simulation goes through every single one of them.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from branchline.engine import Command, Emit
from worlds import ENV, SCALE, Task, World

KINDS = sorted({command.__name__ for command in get_args(Command)} - {Emit.__name__})
POINTS = [f"{when} {kind}" for kind in [*KINDS, "commit"] for when in ("before", "after")]
NUMBERS = {"commit": (1, 4, 9, 15), "Start": (1, 3, 5), "Settle": (1, 2), "Stop": (1,)}
AGENT = """make
[ "$BRANCHLINE_TASK_ID" = 2.1 ] && while [ ! -e '{gate}' ]; do sleep 0.02; done
say done ok
end
"""


def killed(world: World, agent: str, point: str, number: int) -> "subprocess.Popen[str]":
    """Start the program that kills itself."""
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("killed.py")), agent, point, str(number)],
        cwd=world.root,
        env={**os.environ, **ENV},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    world.children.append(process)
    return process


def cases() -> list[tuple[str, int]]:
    """Each kind of point, early and late; all numbers up to the last one at a large scale."""
    found = []
    for point in POINTS:
        numbers = NUMBERS.get(point.split()[1], (1,))
        found += [(point, n) for n in (range(1, numbers[-1] + 1) if SCALE >= 5 else numbers)]
    return found


@pytest.mark.parametrize(("point", "number"), cases(), ids=lambda value: str(value).replace(" ", "-"))
def test_killed_there_and_started_again_it_ends_the_same(world: World, point: str, number: int) -> None:
    gate = world.folder / "gate"
    tasks = [Task("1.1"), Task("1.2", after=("1.1",)), *([Task("2.1")] if "Stop" in point else [])]
    world.plan(*tasks)
    agent, before = world.agent(AGENT.format(gate=gate)), world.checkout()
    process = killed(world, agent, point, number)
    if "Stop" in point:
        world.until(lambda: ("2.1", 1) in world.started(), "the start of 2.1")
        world.run("cancel", "2.1")
    errors = process.communicate(timeout=60)[1]
    assert process.returncode == -signal.SIGKILL, f"it never came to {point} {number}\n{errors}"
    result = world.execute(agent)
    states = world.states()
    assert states == {task.id: "cancelled" if task.id == "2.1" else "done" for task in tasks}, (
        f"{result}\n{world.story()}"
    )
    assert sorted(world.started()) == [(task.id, 1) for task in tasks], world.story()
    world.check_laws(result.json["run"])
    assert world.checkout() == before
