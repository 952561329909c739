"""What custody costs: no-op jobs through 8 slots, against GNU make -j8 with the same jobs.

    python benchmarks/custody_overhead.py [JOBS] [ROUNDS]

Each round runs both, in random order; the figures are medians over the rounds, and the ratio is the median of the
ratios within a round. Custody writes an output file, a durable exit and a start for each job; make writes nothing.
"""

import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from branchline.proc import Custody, Ended, Spawn

SLOTS = 8
PROGRAM = "/bin/true"


def with_make(folder: Path, jobs: int) -> float:
    names = " ".join(f"t{number}" for number in range(jobs))
    (folder / "Makefile").write_text(f".PHONY: all {names}\nall: {names}\n{names}:\n\t@{PROGRAM}\n")
    begun = time.perf_counter()
    subprocess.run(["make", "-s", f"-j{SLOTS}", "all"], cwd=folder, check=True)
    return time.perf_counter() - begun


def with_custody(folder: Path, jobs: int) -> float:
    """From before the guard exists to the last exit."""
    begun = time.perf_counter()
    with Custody.open(folder, SLOTS) as custody:
        for fence in range(jobs):
            output = str(folder / f"out.{fence}")
            custody.start(Spawn(fence, [PROGRAM], {}, str(folder), "", output, "", 0.0))
        left = jobs
        while left:
            for event in custody.poll(10):
                if isinstance(event, Ended):
                    assert event.exit.code == 0
                    left -= 1
        return time.perf_counter() - begun


def measure(run: Callable[[Path, int], float], jobs: int) -> float:
    with tempfile.TemporaryDirectory(prefix="custody ") as folder:
        return run(Path(folder), jobs)


def main(jobs: int, rounds: int) -> None:
    runs = {"make": with_make, "custody": with_custody}
    found: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name in random.sample(list(runs), len(runs)):
            found[name].append(measure(runs[name], jobs))
    for name, seconds in found.items():
        middle = statistics.median(seconds)
        print(f"{name:8} {middle:7.3f} s   {1000 * middle / jobs:6.3f} ms a job   best {min(seconds):.3f} s")
    ratios = [ours / theirs for ours, theirs in zip(found["custody"], found["make"], strict=True)]
    print(f"custody / make: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}), {jobs} jobs")


if __name__ == "__main__":
    main(*(int(text) for text in (*sys.argv[1:], *("1000", "7")[len(sys.argv) - 1 :])))
