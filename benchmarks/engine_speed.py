"""What the whole engine costs: against GNU make, after a kill, on a large graph, over many live workers, and idle.

Run: python benchmarks/engine_speed.py [make kill large watch pulse] [--tasks N] [--rounds N] [--large N] [--workers N]
                                       [--limit SECONDS] [--git] [--folder FOLDER]

make   no-op tasks in layers, three dependencies each, 8 slots, `execute` with custody and full durability, and make -j8
       on the same graph in the same round; the ratio is of one round, so that a busy machine tells on both
kill   the coordinator is killed with -9 at 40 % of 100 tasks, and `execute` is called again: what is done a second time
large  one graph of many tasks: load, validate and rank; a run of it killed and taken up again; memory; cost of a task
watch  what supervising live workers costs, in processor time and memory
pulse  `pulse --once` with nothing to do, in turn with `python -c pass`

Without a name all parts run. The folders of all rounds stand until the end: ext4 scans what was just deleted whenever it
creates a file. `--git` works in a repository, where the changed files of each task are asked from git.
"""

import argparse
import compileall
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import branchline

SLOTS = 8
KILLED_TASKS, KILLED_AT = 100, 40
WIDTH = 50
"""Tasks in a layer; each waits for three of the layer before."""
SCRIPT = "import sys; from branchline.cli import main; sys.exit(main())"
CLI = [sys.executable, "-P", "-c", SCRIPT]
EXECUTE = ["execute", "TODO.md", "--in-place", "--minimum", "unchecked", "--yes"]
COUNTED = 4000
"""Tasks over which the cost of one is taken: the boxes of a large plan are ticked seldom, and many at a time."""
TICK = os.sysconf("SC_CLK_TCK")
SETTINGS = """worker = "bench"
sandbox = false
memory_per_worker = 0
[workers.bench]
kind = "shell"
argv = {argv}
trust_exit = true
"""
STEP = 'echo "+ $BRANCHLINE_TASK_ID" >> "$LOG"; sleep 0.1; echo "- $BRANCHLINE_TASK_ID" >> "$LOG"'
LOAD = """
import gc, sys, time
from pathlib import Path
from branchline.cli import COLLECT_EVERY
gc.set_threshold(COLLECT_EVERY)
from branchline.graph import store
began, used = time.perf_counter(), time.process_time()
store.read_stored(Path(sys.argv[1])).adjacency.rank()
print(time.perf_counter() - began, time.process_time() - used)
"""


def layers(tasks: int) -> list[list[int]]:
    """The numbers of the tasks that each task waits for."""
    chance = random.Random(7)
    return [
        sorted(chance.sample(range(n // WIDTH * WIDTH - WIDTH, n // WIDTH * WIDTH), 3)) if n >= WIDTH else []
        for n in range(tasks)
    ]


def prepare(folder: Path, tasks: int, argv: list[str], *, git: bool = False, linked: bool = True) -> None:
    """Write plan and settings of a project, and approve its graph."""
    folder.mkdir(parents=True)
    lines = ["# Layers", "", "Nothing to do, many times.", ""]
    for number, before in enumerate(layers(tasks)):
        waits = " blocked-by:" + ",".join(f"t{each + 1}" for each in before) if before and linked else ""
        lines.append(f"- [ ] t{number + 1} Step number {number + 1}{waits}")
    (folder / "TODO.md").write_text("\n".join(lines) + "\n")
    (folder / "branchline.toml").write_text(SETTINGS.format(argv=json.dumps(argv)))
    if git:
        for words in (
            ["init", "-q"],
            ["add", "-A"],
            ["-c", "user.name=b", "-c", "user.email=b@b", "commit", "-qm", "b"],
        ):
            subprocess.run(["git", *words], cwd=folder, check=True)
    subprocess.run([*CLI, "decompose", "TODO.md", "--yes"], cwd=folder, check=True, **silent())


def silent() -> dict[str, Any]:
    """Neither input nor output."""
    return {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def execute(folder: Path, slots: int = SLOTS) -> subprocess.Popen[bytes]:
    """Start `execute` in a project."""
    return subprocess.Popen([*CLI, *EXECUTE, "-j", str(slots)], cwd=folder, **silent())


def seconds(what: Callable[[], object]) -> float:
    """Wall seconds of a call."""
    began = time.perf_counter()
    what()
    return time.perf_counter() - began


def spread(values: Sequence[float], form: str = ".2f") -> str:
    """Median and extremes."""
    return f"{median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


class Rows:
    """Looks into the store of a run that goes on, over one connection."""

    def __init__(self, folder: Path) -> None:
        path = folder / ".branchline" / "state.db"
        until(path.exists, 60)
        self._connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)

    def number(self, query: str) -> int:
        """The one number that a query gives; 0 as long as the table is not there."""
        try:
            return int(self._connection.execute(query).fetchone()[0] or 0)
        except sqlite3.OperationalError:
            return 0

    def count(self, state: str) -> int:
        """How many tasks are in a state."""
        return self.number(f"SELECT COUNT(*) FROM task WHERE state = '{state}'")  # noqa: S608 - our own word

    def last(self, kind: str) -> int:
        """The number of the newest event of a kind."""
        return self.number(f"SELECT MAX(seq) FROM event WHERE kind = '{kind}'")  # noqa: S608 - our own word

    def close(self) -> None:
        """Let go of the store."""
        self._connection.close()


def until(reached: Callable[[], bool], limit: float, pause: float = 0.005) -> bool:
    """Wait for something; False when the limit of seconds has passed."""
    end = time.monotonic() + limit
    while not reached():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True


def cpu(pid: int) -> float:
    """The processor seconds a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory(pid: int, field: str) -> float:
    """A field of a process' status, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{field}:"))


def keepers(folder: Path) -> list[int]:
    """The guards and custodians of a project."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            line = Path(f"/proc/{name}/cmdline").read_bytes()
        except OSError:
            continue
        if b"custodian.py" in line and os.fsencode(folder) + b"/" in line:
            found.append(int(name))
    return found


@contextmanager
def stopped(driver: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """End `execute` and its workers, as two ^C do."""
    try:
        yield driver
    finally:
        for _ in range(2):
            driver.send_signal(signal.SIGINT)
            time.sleep(0.5)
        driver.wait(60)


def part_make(folder: Path, given: argparse.Namespace) -> None:
    """Rounds of make and of the engine, in turn."""
    ratios, walls, makes = [], [], []
    until_ = time.monotonic() + given.limit
    for number in range(given.rounds):
        here = folder / f"make{number}"
        prepare(here, given.tasks, ["/bin/true"], git=given.git)
        names = " ".join(f"t{n}" for n in range(given.tasks))
        rules = [
            f"t{n}: {' '.join(f't{each}' for each in before)}\n\t@/bin/true\n"
            for n, before in enumerate(layers(given.tasks))
        ]
        (here / "Makefile.bench").write_text(f"all: {names}\n.PHONY: all {names}\n{''.join(rules)}")
        words = ["make", "-s", f"-j{SLOTS}", "-f", "Makefile.bench"]
        makes.append(seconds(lambda: subprocess.run(words, cwd=here, check=True)))  # noqa: B023 - called at once
        walls.append(seconds(lambda: execute(here).wait()))  # noqa: B023 - called at once
        ratios.append(walls[-1] / makes[-1])
        rows = Rows(here)
        assert rows.count("done") == given.tasks
        rows.close()
        if time.monotonic() > until_:
            break
    print(
        f"{given.tasks} no-op tasks, {SLOTS} slots, {len(ratios)} rounds{', in a git repository' if given.git else ''}"
    )
    print(f"  make           s  {spread(makes, '.3f')}")
    print(f"  execute        s  {spread(walls, '.3f')}   {median(walls) / given.tasks * 1000:.2f} ms a task")
    print(f"  times make        {spread(ratios)}   aim 3.0")


def part_kill(folder: Path, given: argparse.Namespace) -> None:
    """Kill the coordinator in the middle, start again, and count what the workers themselves wrote down."""
    again = lost = cut = 0
    waits = []
    for number in range(given.rounds):
        here = folder / f"kill{number}"
        prepare(here, KILLED_TASKS, ["sh", "-c", f"LOG={here}/log; {STEP}"])
        first = execute(here)
        rows = Rows(here)
        until(lambda: rows.count("done") >= KILLED_AT, given.limit, 0.002)  # noqa: B023 - called at once
        first.kill()
        first.wait()
        finished = {line[2:] for line in said(here) if line[0] == "-"}
        live = {line[2:] for line in said(here) if line[0] == "+"} - finished
        waits.append(seconds(lambda: execute(here).wait()))  # noqa: B023 - called at once
        begun = [line[2:] for line in said(here) if line[0] == "+"]
        again += sum(begun.count(task) - 1 for task in finished)
        lost += sum(begun.count(task) - 1 for task in live)
        cut += len(live)
        assert rows.count("done") == KILLED_TASKS
        rows.close()
    print(f"kill -9 at {KILLED_AT} of {KILLED_TASKS} tasks, {given.rounds} rounds, {cut} workers alive at the kill")
    print(
        f"  finished tasks done again {again}   live workers lost {lost}   aim 0 and 0; the rest took {spread(waits)} s"
    )


def said(folder: Path) -> list[str]:
    """What the workers of a project wrote."""
    return (folder / "log").read_text().splitlines()


def part_large(folder: Path, given: argparse.Namespace) -> None:
    """A small graph and a large one: the same figures of both."""
    rates = [large(folder / f"large{tasks}", tasks, given) for tasks in (1000, given.large)]
    print(f"  cost of a task in the large graph, times that in the small one: {rates[1] / rates[0]:.2f}   aim 1.3")


def large(here: Path, tasks: int, given: argparse.Namespace) -> float:
    """Print the figures of one graph; the coordinator's processor seconds for a task."""
    drafted = seconds(lambda: prepare(here, tasks, ["/bin/true"]))
    words = [sys.executable, "-c", LOAD, str(here / "TODO.graph.json")]
    loads, used = zip(*(map(float, subprocess.check_output(words).split()) for _ in range(3)), strict=True)
    driver = execute(here)
    rows = Rows(here)
    until(lambda: rows.last("done") > 0, given.limit)
    print(f"{tasks} tasks (decompose {drafted:.1f} s)")
    print(f"  load, validate, rank  s  {spread(loads)}, of it processor time {spread(used)}   aim 2.5")
    rate, count = cost(driver, rows, min(COUNTED, tasks // 2), given.limit)
    print(f"  a task costs the coordinator {rate * 1000:.2f} ms of processor time (over {count} tasks)")
    print(f"  memory MB  {memory(driver.pid, 'VmRSS'):.0f}, at most {memory(driver.pid, 'VmHWM'):.0f}   aim 400")
    driver.kill()
    driver.wait()
    last = rows.last("dispatching")
    began = time.perf_counter()
    with stopped(execute(here)) as driver:
        until(lambda: rows.last("dispatching") > last, given.limit)
        wall, own = time.perf_counter() - began, cpu(driver.pid)
        aim = "3" if tasks > 1000 else "0.3"
        print(f"  resume to the next start  s  {wall:.2f}, of it processor time {own:.2f}   aim {aim}")
    rows.close()
    return rate


def cost(driver: subprocess.Popen[bytes], rows: Rows, count: int, limit: float) -> tuple[float, int]:
    """Processor seconds of the coordinator for a task, over the next `count` tasks, and over how many it was taken."""
    first, began = rows.count("done"), cpu(driver.pid)
    until(lambda: rows.count("done") >= first + count, limit, 0.05)
    done = rows.count("done") - first
    return (cpu(driver.pid) - began) / max(1, done), done


def part_watch(folder: Path, given: argparse.Namespace) -> None:
    """Many live workers that do nothing: processor time of coordinator and custody while nothing happens."""
    here, span = folder / "watch", 20.0
    prepare(here, given.workers, ["/bin/sleep", "600"], linked=False)
    with stopped(execute(here, given.workers)) as driver:
        rows = Rows(here)
        assert until(lambda: rows.count("running") == given.workers, given.limit, 0.05)
        time.sleep(2.0)
        pids = keepers(here)
        before = cpu(driver.pid), sum(map(cpu, pids))
        time.sleep(span)
        after = cpu(driver.pid), sum(map(cpu, pids))
        print(f"{given.workers} live workers, over {span:.0f} s")
        shares = [(late - early) / span * 100 for early, late in zip(before, after, strict=True)]
        print(
            f"  coordinator {shares[0]:.2f} % of one core, {len(pids)} processes of custody {shares[1]:.2f} %   aim 0.5 in all"
        )
        print(f"  coordinator memory {memory(driver.pid, 'VmRSS'):.0f} MB   aim 40")
        rows.close()


def part_pulse(folder: Path, given: argparse.Namespace) -> None:
    """`pulse --once` after everything is done."""
    here = folder / "pulse"
    prepare(here, 100, ["/bin/true"])
    execute(here).wait()
    words = [*CLI, "pulse", "TODO.md", "--once", "--in-place"]
    times, bare = [], []
    for _ in range(3 * given.rounds):
        bare.append(seconds(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True)))
        times.append(seconds(lambda: subprocess.run(words, cwd=here, check=True, **silent())))
    print(f"pulse --once with nothing to do, {len(times)} rounds")
    print(f"  s  {spread(times, '.3f')}, `python -c pass` {spread(bare, '.3f')}   aim 0.3")


PARTS = {"make": part_make, "kill": part_kill, "large": part_large, "watch": part_watch, "pulse": part_pulse}


def main() -> None:
    """Run the parts that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"one of {', '.join(PARTS)}; all when none is named")
    for name, number in (("tasks", 1000), ("rounds", 5), ("large", 100_000), ("workers", 200)):
        parser.add_argument(f"--{name}", type=int, default=number, metavar="N")
    parser.add_argument(
        "--limit", type=float, default=120.0, metavar="SECONDS", help="for each wait, and to begin a round"
    )
    parser.add_argument("--git", action="store_true", help="make: in a git repository")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="where to work")
    given = parser.parse_args()
    compileall.compile_dir(str(Path(branchline.__file__).parent), quiet=2)  # whatever the environment says of bytecode
    folder = Path(tempfile.mkdtemp(prefix="engine-speed-", dir=given.folder))
    try:
        for name in given.parts or PARTS:
            PARTS[name](folder, given)
            sys.stdout.flush()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
