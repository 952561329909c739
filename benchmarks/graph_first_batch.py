"""How long it takes from a stored graph of 10,000 tasks in memory to the first batch: CPU seconds, median of runs.

PYTHONPATH=src python benchmarks/graph_first_batch.py [TASKS] [RUNS]
"""

import sys
from collections.abc import Callable
from statistics import median
from time import process_time
from typing import Any

from branchline.graph.adjacency import Adjacency
from branchline.graph.frontier import Frontier
from branchline.schedule import Queue, View, choose, reasons


def plan(tasks: int) -> tuple[list[tuple[str, str | None, str]], list[tuple[str, str]]]:
    """Phases of fifty tasks in order, each task waiting for up to three of its phase."""
    size = 50
    phases = -(-tasks // size)
    nodes: list[tuple[str, str | None, str]] = [(f"{phase}", None, "composite") for phase in range(phases)]
    nodes += [(f"{each // size}.{each % size}", f"{each // size}", "atomic") for each in range(tasks)]
    edges = [(f"{phase}", f"{phase + 1}") for phase in range(phases - 1)]
    edges += [
        (f"{each // size}.{each % size - back}", f"{each // size}.{each % size}")
        for each in range(tasks)
        for back in (5, 7, 11)
        if each % size >= back
    ]
    return nodes, edges


def timed(what: Callable[[], Any], runs: int) -> float:
    """The median CPU seconds of `runs` calls."""
    spent = []
    for _ in range(runs):
        start = process_time()
        what()
        spent.append(process_time() - start)
    return median(spent)


def main(tasks: int = 10_000, runs: int = 7) -> None:
    """Print one line a step."""
    nodes, edges = plan(tasks)
    adjacency = Adjacency.build(nodes, edges)
    frontier = Frontier(adjacency)
    queue = Queue(adjacency, "depth-first", leaves=frontier.ready())
    state: dict[str, str] = {}
    view = View(adjacency, state, 4, ready=queue, busy=())

    def whole_run() -> None:
        counters = Frontier(adjacency)
        turn = counters.ready()
        for leaf in turn:
            turn += counters.release(leaf)
        assert len(turn) == tasks

    steps: dict[str, Callable[[], Any]] = {
        "adjacency built": lambda: Adjacency.build(nodes, edges),
        "checked for circles": adjacency.check,
        "counters set up": lambda: Frontier(adjacency),
        "first batch": lambda: choose(view),
        "a reason for every task": lambda: reasons(view),
        "all released, one by one": whole_run,
    }
    print(f"{tasks} tasks, {len(edges)} edges; CPU seconds, median of {runs}")
    for name, step in steps.items():
        print(f"{name:26} {timed(step, runs):.5f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
