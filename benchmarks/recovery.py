"""How long a new coordinator takes to have all live workers in its hands again after `kill -9` of the one before.

Run: python benchmarks/recovery.py [--workers N] [--rounds N] [--limit SECONDS] [--folder FOLDER]

Each round is a new process on the same run, which is killed with -9 as soon as it has adopted everything; the workers live
on. It goes the way of `execute`, so that the moments can be told from inside:

adoption  from the moment at which a coordinator is put in charge (state, custody, adoption) to the end of its first turn,
          after which it watches each of the workers, and has told each that was lost from those that run
whole     from the start of the process to the same moment: Python, a look at the plan and the store come on top
processor what of the whole was its own processor time: the rest is waiting, for the disk and for the machine's other work
"""

import argparse
import compileall
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import quantiles

import branchline
from engine_speed import Rows, execute, keepers, prepare, until

AGAIN = """
import os, signal, sys, time
from pathlib import Path
from branchline.cli import COLLECT_EVERY
from branchline.dispatch import Hooks
from branchline.workflow.begin import begin, charge, opened_store, unchanged
from branchline.workflow.console import Console
from branchline.workflow.flags import Flags
from branchline.workflow.project import open_project
import gc
gc.set_threshold(COLLECT_EVERY)
console = Console(Path.cwd(), dict(os.environ), sys.stderr, lambda _: "", lambda _: 0)
flags = Flags(yes=True, in_place=True, jobs=int(sys.argv[1]), minimum="unchecked")
project, path = open_project(console, flags.settings()), Path("TODO.md").resolve()
with opened_store(project) as store:
    begun = begin(console, project, store, unchanged(project, path), flags)
    began = time.monotonic()
    driver = charge(store, begun, Hooks(console.clock, interrupts=lambda: 2))
    driver.tick()
    print(time.monotonic() - began, time.monotonic() - float(sys.argv[2]), time.process_time(), flush=True)
    found = sorted(attempt.state for attempt in driver.state.attempts.values())
    if sys.argv[3:]:
        driver.drain(60.0)
        sys.exit()
    assert found == int(sys.argv[1]) * ["started"], found
    os.kill(os.getpid(), signal.SIGKILL)
"""
"""A coordinator that says in how many seconds it adopted so many workers, since it was in charge and in all, and dies.

With one more word it ends them, as two ^C do.
"""


def again(folder: Path, workers: int, limit: float, *end: str) -> subprocess.CompletedProcess[str]:
    """Run one new coordinator to its end."""
    words = [sys.executable, "-P", "-c", AGAIN, str(workers), str(time.monotonic()), *end]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=limit, check=False)


def adopted(folder: Path, workers: int, limit: float) -> list[float]:
    """One new coordinator: the seconds of its adoption, those of its whole life until then, and those of processor in it."""
    done = again(folder, workers, limit)
    assert done.returncode == -signal.SIGKILL, done.stderr
    return [float(word) for word in done.stdout.split()]


def line(name: str, seconds: list[float], aim: str) -> str:
    """Median, the 99th of a hundred, and the extremes, in ms."""
    cuts = [1000 * cut for cut in quantiles(seconds, n=100, method="inclusive")]
    least, most = 1000 * min(seconds), 1000 * max(seconds)
    return f"  {name:9} ms  median {cuts[49]:.0f}, p99 {cuts[98]:.0f} ({least:.0f} to {most:.0f})   {aim}"


def main() -> None:
    """Start the workers, kill their coordinator again and again, and print both figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=20, metavar="N", help="live workers (default 20)")
    parser.add_argument("--rounds", type=int, default=300, metavar="N", help="kills (default 300)")
    parser.add_argument("--limit", type=float, default=60.0, metavar="SECONDS", help="for each wait")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="where to work")
    given = parser.parse_args()
    compileall.compile_dir(str(Path(branchline.__file__).parent), quiet=2)  # whatever the environment says of bytecode
    folder = Path(tempfile.mkdtemp(prefix="recovery-", dir=given.folder))
    here = folder / "project"
    try:
        prepare(here, given.workers, ["/bin/sleep", "3600"], linked=False)
        first = execute(here, given.workers)
        rows = Rows(here)
        assert until(lambda: rows.count("running") == given.workers, given.limit)
        first.kill()
        first.wait()
        try:
            rounds = [adopted(here, given.workers, given.limit) for _ in range(given.rounds)]
        finally:
            again(here, given.workers, given.limit, "end").check_returncode()
        # the last coordinator may be gone a moment before the guards are that it let go of
        assert until(lambda: not keepers(here), given.limit), "nothing is left"
        assert rows.number("SELECT COUNT(*) FROM attempt") == given.workers, "none was started again"
        print(f"{given.workers} live workers, {given.rounds} kills of their coordinator: none lost, none started again")
        for name, seconds, aim in zip(
            ("adoption", "whole", "processor"), zip(*rounds, strict=True), ("aim p99 250", "", ""), strict=True
        ):
            print(line(name, list(seconds), aim))
        rows.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
