"""What the pieces for scripts cost, start-up and all: CPU seconds of whole processes that read their tasks from stdin.

Run: python benchmarks/pieces.py [ROUNDS]   (with the package installed, or PYTHONPATH=src)

Every task waits for four earlier ones of its branch of fifty, where there are so many. Bytecode is written first.
"""

import compileall
import json
import os
import subprocess
import sys
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median, quantiles

import branchline

BUDGETS = {
    ("next-batch", 5_000): 0.35,
    ("validate", 5_000): 0.5,
    ("next-batch", 100_000): 3.0,
    ("validate", 100_000): 3.0,
}
"""Verb and number of tasks -> CPU seconds, user and system, of the whole process."""


def rows(tasks: int) -> bytes:
    """A JSON list of tasks, half of the first branch done."""
    names = [f"t{number // 50}.{number % 50}" for number in range(tasks)]
    return json.dumps(
        [
            {
                "id": name,
                "parent_id": f"t{number // 50}",
                "depth": 1,
                "status": "completed" if number < 25 else "pending",
                "blocked_by": [names[number - back] for back in (1, 2, 3, 5) if number % 50 >= back],
            }
            for number, name in enumerate(names)
        ]
    ).encode()


def seconds(verb: str, given: bytes, env: dict[str, str]) -> float:
    """The CPU time of one process."""
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "branchline", verb, "-"], input=given, env=env, capture_output=True, check=True
    )
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(rounds: int = 9) -> int:
    """Print one line a verb and size; 1 when a budget is missed."""
    compileall.compile_dir(Path(branchline.__file__).parent, quiet=2)
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env["PYTHONPATH"] = str(Path(branchline.__file__).resolve().parents[1])
    print(f"CPU seconds of the whole process, median of {rounds} (quartiles)")
    missed = False
    for (verb, tasks), budget in BUDGETS.items():
        given = rows(tasks)
        times = [seconds(verb, given, env) for _ in range(rounds)]
        low, _, high = quantiles(times, n=4)
        over = median(times) > budget
        missed |= over
        print(f"{verb:12}{tasks:8,} {median(times):.2f} ({low:.2f} to {high:.2f}), budget {budget}{': MISSED' * over}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
