"""How long a new coordinator takes to have all live workers in its hands again after `kill -9` of the one before.

Run: python benchmarks/recovery.py [--workers N] [--rounds N] [--limit SECONDS] [--folder FOLDER]

Each round is a new process on the same run, which is killed with -9 as soon as it has adopted everything; the workers live
on. It goes the way of `execute`, so that the moments can be told from inside:

adoption  from the moment at which a coordinator is put in charge (state, custody, adoption) to the commit by which each of
          the workers is recorded as running under it
whole     from the start of the process to the same commit: Python, a look at the plan and the store come on top
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
from engine_speed import Rows, execute, prepare, stopped, until

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
project, path, adopted = open_project(console, flags.settings()), Path("TODO.md").resolve(), set()
hooks = Hooks(console.clock, told=lambda events: adopted.update(e.fence for e in events if e.kind == "started"))
with opened_store(project) as store:
    begun = begin(console, project, store, unchanged(project, path), flags)
    began = time.monotonic()
    driver = charge(store, begun, hooks)
    while len(adopted) < int(sys.argv[1]):
        driver.tick()
    print(time.monotonic() - began, time.monotonic() - float(sys.argv[2]), time.process_time(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
"""A coordinator that says in how many seconds it adopted so many workers, since it was in charge and in all, and dies."""


def adopted(folder: Path, workers: int, limit: float) -> list[float]:
    """One new coordinator: the seconds of its adoption, those of its whole life until then, and those of processor in it."""
    words = [sys.executable, "-P", "-c", AGAIN, str(workers), str(time.monotonic())]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=limit, check=False)
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
        rounds = [adopted(here, given.workers, given.limit) for _ in range(given.rounds)]
        assert rows.count("running") == given.workers, "none was lost"
        assert rows.number("SELECT COUNT(*) FROM attempt") == given.workers, "none was started again"
        print(f"{given.workers} live workers, {given.rounds} kills of their coordinator: none lost, none started again")
        for name, seconds, aim in zip(
            ("adoption", "whole", "processor"), zip(*rounds, strict=True), ("aim p99 250", "", ""), strict=True
        ):
            print(line(name, list(seconds), aim))
        last = rows.last("started")
        with stopped(execute(here, given.workers)):
            assert until(lambda: rows.last("started") > last, given.limit)
        rows.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
