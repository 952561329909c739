"""A provider at its worst: whatever it does, every task of a real agent ends, and only what is there is done."""

import os
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest
from programs import missing
from test_end_to_end import Stage, stages, write

from stub_dialects import Step

__all__ = ["stages"]
pytestmark = [pytest.mark.real, pytest.mark.skipif(bool(missing("opencode")), reason=missing("opencode"))]
TASKS = max(4, int(4 * float(os.environ.get("BRANCHLINE_TEST_SCALE", "1"))))
SEED = int(os.environ.get("BRANCHLINE_TEST_SEED", "0"))
TROUBLE: list[Step] = [
    {"status": 429, "headers": {"retry-after": "1"}},
    {"status": 500},
    {"fault": "drop"},
    {"fault": "stall"},
    {"fault": "malformed"},
    {"fault": "slow"},
]
SETTINGS = 'silence = "15s"\nbackoff = "3s"\nstagger = "0s"\ntimeout = "2m"\n'


def troubled(dice: random.Random) -> Iterator[tuple[Step, Step]]:
    """Two troubles for each task, dealt as cards are: three tasks meet each of the six once, and the fourth meets none.

    The first passes, so that the second is met; that one may also stay, where the watchdog is to end it.
    """
    while True:
        cards = dice.sample(TROUBLE, len(TROUBLE))
        for first, second in zip(cards[::2], cards[1::2], strict=True):
            often = dice.choice((1, 2, 99)) if "fault" in second else dice.choice((1, 2))
            yield {**first, "times": 1}, {**second, "times": often}
        yield {}, {}


@pytest.mark.parametrize("kind", ["opencode-server", "opencode"])
def test_no_trouble_of_the_provider_is_a_hang_or_a_lie(stages: Any, kind: str) -> None:
    dice = random.Random(SEED)
    names = [str(n) for n in range(1, TASKS + 1)]
    steps = {
        n: [{**write(f"{n}.txt", f"{n}\n"), **first}, {"text": f"{n} is there.", **second}]
        for n, (first, second) in zip(names, troubled(dice), strict=False)
    }
    plan = "# Faults\n\n" + "".join(f"- [ ] Write {n}.txt\n  - Verify: `grep -qx {n} {n}.txt`\n" for n in names)
    stage: Stage = stages(plan, [(rf"\b{n}\.txt", steps[n]) for n in names])
    (stage.root / "branchline.toml").write_text(SETTINGS)
    words = ("execute", "plans/house.md", "--worker", kind, "--yes", "-j", "3")
    done = stage.run(*words, status=None, limit=120.0 * TASKS)
    told = {task["id"]: (task["state"], task["reason"]) for task in stage.run("status")["tasks"]}
    story = "\n".join(f"{n} {told[n]} {steps[n]}" for n in names)
    print(f"seed {SEED}, {kind}: {done['counts']}\n{story}")
    assert done["state"] in ("done", "failed", "waiting"), story
    assert {state for state, _ in told.values()} <= {"done", "failed"}, story
    there = set(re.findall(r"(\d+)\.txt", stage.git("ls-tree", "--name-only", "branchline/r1/tip")))
    assert {n for n in names if told[n][0] == "done"} == there, story
    assert {n for n in names if not any("fault" in step or "status" in step for step in steps[n])} <= there, story
