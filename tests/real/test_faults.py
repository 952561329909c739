"""A provider at its worst: whatever it does, every task of a real agent ends, and only what is there is done."""

import os
import random
import re
from typing import Any

import pytest
from programs import missing
from test_end_to_end import Stage, stages, write

from stub_dialects import Step

__all__ = ["stages"]
pytestmark = [pytest.mark.real, pytest.mark.skipif(bool(missing("opencode")), reason=missing("opencode"))]
TASKS = max(3, int(5 * float(os.environ.get("BRANCHLINE_TEST_SCALE", "1"))))
SEED = int(os.environ.get("BRANCHLINE_TEST_SEED", "0"))
TROUBLE: list[Step] = [
    {},
    {"status": 429, "headers": {"retry-after": "1"}},
    {"status": 500},
    {"fault": "drop"},
    {"fault": "stall"},
    {"fault": "malformed"},
    {"fault": "slow"},
]
SETTINGS = 'silence = "25s"\nbackoff = "3s"\nstagger = "0s"\ntimeout = "2m"\n'


def troubled(dice: random.Random, step: Step) -> Step:
    """A step that goes wrong once, twice, or always where the watchdog is to end it."""
    trouble = dice.choice(TROUBLE)
    often = dice.choice((1, 2, 99)) if "fault" in trouble else dice.choice((1, 2))
    return {**step, **trouble, "times": often}


@pytest.mark.parametrize("kind", ["opencode-server", "opencode"])
def test_no_trouble_of_the_provider_is_a_hang_or_a_lie(stages: Any, kind: str) -> None:
    dice = random.Random(SEED)
    names = [str(n) for n in range(1, TASKS + 1)]
    steps = {
        n: [troubled(dice, write(f"{n}.txt", f"{n}\n")), troubled(dice, {"text": f"{n} is there."})] for n in names
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
