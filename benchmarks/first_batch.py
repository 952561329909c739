"""From a stored run of 10,000 tasks to its first batch, as `execute` goes on with it: CPU seconds beyond start-up.

Run: python benchmarks/first_batch.py [TASKS] [ROUNDS]   (with the package installed, or PYTHONPATH=src)

"Beyond start-up": imports are paid before the clock runs. The steps are those of `workflow.running`: rows from SQLite,
adjacency, engine state, choice.
"""

import gc
import json
import sys
import tempfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles
from time import process_time
from typing import Any

from branchline import engine
from branchline.cli import COLLECT_EVERY
from branchline.engine import Policy, State
from branchline.graph import store as graphs
from branchline.graph.adjacency import of_rows
from branchline.graph.build import adjacency as adjacency_of_draft
from branchline.model.plan import DraftGraph, Edge, Task
from branchline.model.run import NodeRow, RunRow, TaskRow
from branchline.store import Store

BUDGET = 0.15
"""CPU seconds from the store to the first batch."""


def make_run(store: Store, tasks: int) -> None:
    """Phases of fifty tasks in order, each task waiting for up to three of its phase."""
    size = 50
    phases = [Task(f"{phase + 1}", f"Phase {phase + 1}", "composite") for phase in range(-(-tasks // size))]
    leaves = [Task(name(each), f"Task {name(each)}", parent=f"{each // size + 1}", rule="box") for each in range(tasks)]
    edges = [Edge(a.id, b.id, "phase") for a, b in pairwise(phases)]
    edges += [Edge(name(n - k), name(n), "written") for n in range(tasks) for k in (5, 7, 11) if n % size >= k]
    draft = DraftGraph("plan.md", "", "checkbox", "", (*phases, *leaves), tuple(edges))
    (graph, nodes), net = graphs.parts(draft), graphs.net(draft)
    run = RunRow("r1", "plan.md", "d", "running", "", "", 1.0, None, "{}", graph, net)
    place = {task: number for number, task in enumerate(adjacency_of_draft(draft).order)}
    rows = [
        TaskRow("r1", t.id, place[t.id], t.title, t.kind, t.parent, n, "build", "shell", state_of(t))
        for n, t in enumerate((*phases, *leaves))
    ]
    rows.sort(key=lambda row: row.place)
    store.create_run(run, rows, 1.0, (NodeRow("r1", task, text) for task, text in nodes))


def name(number: int) -> str:
    """The id of the n-th task."""
    return f"{number // 50 + 1}.{number % 50 + 1}"


def state_of(task: Task) -> Any:
    """The first five tasks of the first phase are ready."""
    return "ready" if task.id in {"1.1", "1.2", "1.3", "1.4", "1.5"} else "pending"


def timed(step: Callable[[], Any], spent: dict[str, list[float]], label: str) -> Any:
    """Do a step and note its CPU seconds."""
    began = process_time()
    made = step()
    spent.setdefault(label, []).append(process_time() - began)
    return made


def once(path: Path, spent: dict[str, list[float]]) -> int:
    """One way from the file to the batch; how many tasks it has."""
    with Store.open(path) as store:
        run = timed(lambda: store.run("r1"), spent, "run and graph read")
        rows = timed(lambda: store.graph_tasks("r1"), spent, "tasks read")
    net = timed(lambda: of_rows(rows, json.loads(run.net)["edges"]), spent, "adjacency")
    state = timed(lambda: State.restore(run, net, Policy(), rows, (), ()), spent, "engine state")
    batch = timed(lambda: engine.choose(state, 1.0), spent, "first batch")
    return len(batch)


def main(tasks: int = 10_000, rounds: int = 9) -> int:
    """Print one line a step; 1 when the budget is missed."""
    gc.set_threshold(COLLECT_EVERY)
    spent: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "state.db"
        with Store.open(path) as store:
            make_run(store, tasks)
        once(path, {})
        for _ in range(rounds):
            assert once(path, spent) == Policy().slots
    print(f"{tasks} tasks; CPU seconds, median of {rounds} (quartiles)")
    spent["to the first batch"] = [sum(times) for times in zip(*spent.values(), strict=True)]
    for label, times in spent.items():
        low, _, high = quantiles(times, n=4)
        print(f"{label:30} {median(times):.3f} ({low:.3f} to {high:.3f})")
    missed = median(spent["to the first batch"]) > BUDGET
    print(f"budget {BUDGET}{': MISSED' if missed else ''}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
