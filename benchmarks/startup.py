"""What a start costs, as a multiple of `python -c pass`: `--version`, `--help`, and looking at a run of 1,000 tasks.

Run: python benchmarks/startup.py [ROUNDS] [TASKS]   (with the package installed, or PYTHONPATH=src)

The commands take turns, so that whatever else the machine does falls on all of them; the ratio is the median of the
ratios within each round. Bytecode is written first, whatever the environment says.
"""

import compileall
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

import branchline
from branchline.files import canonical, state_folder
from branchline.graph.store import net, parts
from branchline.model.moves import Purpose
from branchline.model.plan import DraftGraph, Edge, Task
from branchline.model.run import AttemptRow, Changes, RunRow, TaskRow
from branchline.store import Store

BUDGETS = {"--version": 2.5, "--help": 2.5, "status": 5.0, "why 500": 5.0}
"""Command -> how many times `python -c pass` it may take."""

SCRIPT = "import sys; from branchline.cli import main; sys.exit(main())"
"""What the installed command `branchline` does."""


def make_run(folder: Path, tasks: int) -> None:
    """Record a run of `tasks` tasks in phases of fifty, half of them done, each by four processes, as `execute` would."""
    names = [f"{number // 50 + 1}.{number % 50 + 1}" for number in range(tasks)]
    names[min(499, tasks - 1)] = "500"
    nodes = [Task(name, f"Task {name}") for name in names]
    edges = [Edge(before, after, "written") for before, after in zip(names, names[3:], strict=False)]
    draft = DraftGraph("plan.md", "", "checkbox", "", tuple(nodes), tuple(edges))
    settings = canonical({"directory": str(folder), "flags": {}})
    run = RunRow("r1", "plan.md", "d", "running", "", "", 1.0, None, settings, parts(draft)[0], net(draft))
    rows = [
        TaskRow("r1", name, place, f"Task {name}", "atomic", None, place, "build", "shell", state)
        for place, name in enumerate(names)
        for state in (("done",) if place < tasks // 2 else ("pending",))
    ]
    purposes: tuple[Purpose, ...] = ("setup", "work", "check", "merge")
    jobs = [(row, purpose) for row in rows if row.state == "done" for purpose in purposes]
    attempts = [
        AttemptRow("r1", fence, row.task, 1, purpose, "ended", intended=1.0, started=1.0, ended=2.0, exit=0)
        for fence, (row, purpose) in enumerate(jobs)
    ]
    (folder / ".git").mkdir()
    with Store.open(state_folder(folder) / "state.db") as store:
        store.create_run(run, rows, 1.0)
        store.commit(Changes(attempts=tuple(attempts)))


def seconds(argv: list[str], where: Path, env: dict[str, str]) -> float:
    """The wall clock time of one process."""
    began = time.perf_counter()
    subprocess.run(argv, cwd=where, env=env, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def measure(rounds: int, where: Path) -> dict[str, list[float]]:
    """Seconds of each command in each round; the first round warms the caches and is dropped."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env["PYTHONPATH"] = str(Path(branchline.__file__).resolve().parents[1])
    argvs = {"python -c pass": [sys.executable, "-c", "pass"]}
    argvs |= {words: [sys.executable, "-c", SCRIPT, *words.split()] for words in BUDGETS}
    found: dict[str, list[float]] = {name: [] for name in argvs}
    for _ in range(rounds + 1):
        for name, argv in argvs.items():
            found[name].append(seconds(argv, where, env))
    return {name: times[1:] for name, times in found.items()}


def main(rounds: int = 30, tasks: int = 1_000) -> int:
    """Print one line a command; 1 when a budget is missed."""
    compileall.compile_dir(Path(branchline.__file__).parent, quiet=2)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary).resolve()
        make_run(folder, tasks)
        found = measure(rounds, folder)
    base = found["python -c pass"]
    print(f"{rounds} rounds, run of {tasks} tasks; milliseconds: median (quartiles); ratio to python -c pass")
    missed = False
    for name, times in found.items():
        low, _, high = (1000 * part for part in quantiles(times, n=4))
        line = f"{name:16} {1000 * median(times):7.1f} ms ({low:.1f} to {high:.1f})"
        if name in BUDGETS:
            ratio = median(each / first for each, first in zip(times, base, strict=True))
            over = ratio > BUDGETS[name]
            missed |= over
            line += f"   {ratio:4.1f} times, budget {BUDGETS[name]}{'   MISSED' if over else ''}"
        print(line)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
