"""How far from the best its schedules are: PSPLIB and STG with their optima, plans like an agent's, and the price of a choice.

Run: python benchmarks/schedules.py [--part psplib|stg|noise|plans|blindly|speed ...] [--sample N] [--corpus DIR]

Seconds of search are CPU seconds, so that other work on the machine makes no schedule worse. The instances are those of
corpus/schedules beside the project (or BRANCHLINE_CORPUS); without them those parts are skipped. A stated STG optimum
that is proven too low, by an exact solver (`optima.py`) or by our bound, gives way to what was proven.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import count, islice, pairwise
from math import inf, sqrt
from pathlib import Path
from random import Random
from statistics import mean, quantiles, stdev
from time import process_time
from typing import Any

from branchline.graph.adjacency import Adjacency
from branchline.schedule import Queue, View, choose, order
from branchline.schedule.decode import greedy
from branchline.schedule.durations import noisy
from branchline.schedule.problem import bound
from branchline.schedule.search import search
from branchline.simulate import Case, instance, result

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))
from schedule_faults import faults  # noqa: E402  # shared with the tests, which no wheel holds

CORPUS = Path(os.environ.get("BRANCHLINE_CORPUS") or HERE.parents[1] / "shared" / "corpus")
PROVEN = HERE / "optima.json"
"""The stated optima of STG that are too low, with what was proven instead (`optima.py`)."""
STG = ("stg50", "stg100")
SEED = 1
NOMINAL = 0.2
"""Seconds of search of the runs that are simulated; nominal ones, so that they are the same on every machine."""
_FEW = 15
"""Of so many tasks what the best choice gains is worked out exactly."""


def dice() -> Callable[[], float]:
    """Dice that fall alike."""
    return Random(SEED).random


def main() -> int:
    """Print one table a part."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--part", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--sample", type=int, default=0, help="so many instances of each set (default: all)")
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    args = parser.parse_args()
    for part in args.part:
        PARTS[part](args.corpus / "schedules", args.sample)
    return 0


def rows(folder: Path, name: str, sample: int) -> list[dict[str, Any]]:
    """The instances of a set, or a sample of them; none, and why, when the set is not there."""
    path = folder / f"{name}.jsonl"
    if not path.is_file():
        print(f"{name}: skipped, there is no {path}")
        return []
    found = [json.loads(line) for line in path.read_text().splitlines()]
    return Random(SEED).sample(found, sample) if sample and sample < len(found) else found


def line(label: str, ratios: Sequence[float], more: str = "") -> None:
    """A mean with its standard error, and the worst."""
    spread = stdev(ratios) / sqrt(len(ratios)) if len(ratios) > 1 else 0.0
    print(f"{label:44} {mean(ratios):.4f} +- {spread:.4f}  worst {max(ratios):.3f}  {more}", flush=True)


def searched(case: Case, seconds: float) -> tuple[float, float, float]:
    """The makespan that so many CPU seconds find, that of the greedy list, and the bound."""
    given = case.problem(case.expected)
    until = process_time() + seconds
    found = search(given, dice(), lambda _: process_time() >= until)
    assert not faults(given, found.starts)
    return found.makespan, max(greedy(given, [-tail for tail in given.tail])[1]), bound(given)


def psplib(folder: Path, sample: int) -> None:
    """Several capped resources."""
    for name, key, seconds in (("j30", "optimum", 0.5), ("j60", "best_known", 1.0)):
        found = [(searched(instance(row, name), seconds), row[key]) for row in rows(folder, name, sample)]
        if found:
            line(f"{name}, greedy critical path", [each[1] / best for each, best in found])
            line(f"{name}, {seconds} s of search", [each[0] / best for each, best in found], f"{len(found)} instances")


def stg(folder: Path, sample: int) -> None:
    """Identical processors and nothing else."""
    proven, low = json.loads(PROVEN.read_text()), 0
    every: list[float] = []
    for name in STG:
        for slots in (2, 4, 8, 16):
            stated, right = [], []
            for row in rows(folder, name, sample):
                made, _, least = searched(instance(row, name)._replace(slots=slots), 0.5)
                told = row["optimum_by_slots"][str(slots)]
                stated.append(made / told)
                right.append(made / max(told, least, proven[name].get(row["name"], {}).get(str(slots), 0)))
            if right:
                wrong = sum(one < other - 1e-9 for one, other in zip(right, stated, strict=True))
                line(f"{name}, {slots} slots, stated", stated)
                line(f"{name}, {slots} slots, corrected", right, f"{wrong} of {len(right)} stated optima are too low")
                every, low = every + right, low + wrong
    if every:
        line("STG, all of them, corrected", every, f"{low} of {len(every)} stated optima are too low")


def noise(folder: Path, sample: int) -> None:
    """The run goes its own way: j30 when tasks take longer or shorter than was expected."""
    for sigma in (0.0, 0.25, 0.5):
        ratios: dict[str, list[float]] = {"greedy critical path": [], "reservations": []}
        for number, row in enumerate(rows(folder, "j30", sample)):
            case = instance(row, "j30")
            guess = noisy(case.expected, sigma, Random(number).random)
            blind = case._replace(expected={leaf: float(max(bool(span), round(span))) for leaf, span in guess.items()})
            for label, seconds in (("greedy critical path", 0.0), ("reservations", NOMINAL)):
                made = result(blind, "critical-path", case.expected, seconds, dice)
                ratios[label].append(made.makespan / row["optimum"])
        for label, found in ratios.items():
            if found:
                line(f"j30 run with sigma {sigma}, {label}", found)


def plan(number: int) -> Case:
    """A plan as agents get them: branches of subtasks to depth three, in rows or side by side; log-normal hours."""
    rng = Random(number)
    nodes: list[tuple[str, str | None, str]] = []
    edges: list[tuple[str, str]] = []

    def grow(task: str, parent: str | None, depth: int) -> None:
        deep = depth < 3 and (depth == 1 or rng.random() < 0.3)
        nodes.append((task, parent, "composite" if deep else "atomic"))
        below = [f"{task}.{child}" for child in range(1, rng.randint(2, 5) + 1)] if deep else []
        in_a_row = rng.random() < 0.5
        for child in below:
            grow(child, task, depth + 1)
        edges.extend(pairwise(below) if in_a_row else [])

    branches = [str(branch) for branch in range(1, rng.randint(4, 12) + 1)]
    for branch in branches:
        grow(branch, None, 1)
    edges += [(rng.choice(branches[:at]), b) for at, b in enumerate(branches) if at and rng.random() < 0.35]
    adjacency = Adjacency.build(nodes, edges)
    return Case(adjacency, {leaf: rng.lognormvariate(0, 0.9) for leaf in adjacency.leaves}, 4)


def in_batches(case: Case, strategy: str) -> float:
    """How long the batches of a strategy take when each waits for its slowest task."""
    batches = order(case.view(), strategy, concurrency=case.slots)
    return sum(max(case.expected[leaf] for leaf in batch) for batch in batches)


def plans(_: Path, sample: int) -> None:
    """Plans like an agent's on four slots, over the bound."""
    cases = [plan(number) for number in range(sample or 300)]
    least = [bound(case.problem(case.expected)) for case in cases]

    def told(label: str, made: Iterator[float]) -> None:
        line(f"plans, {label}", [each / best for each, best in zip(made, least, strict=True)])

    def of(strategy: str, seconds: float, sigma: float | None) -> Iterator[float]:
        for number, case in enumerate(cases):
            guess = noisy(case.expected, sigma or 0.0, Random(number).random) if sigma is not None else {}
            blind = case._replace(expected=guess, unsure=frozenset(case.expected) - guess.keys())
            yield result(blind, strategy, case.expected, seconds, dice).makespan

    for strategy in ("depth-first", "breadth-first"):
        barred, free = [in_batches(case, strategy) for case in cases], list(of(strategy, 0.0, 0.0))
        slower = sum(one > other + 1e-9 for one, other in zip(free, barred, strict=True))
        told(f"batches with a barrier, {strategy}", iter(barred))
        told(f"{strategy} (slower than in batches: {slower})", iter(free))
    for words, sigma in (("", 0.0), (", off by sigma 0.5", 0.5), (", no estimates", None)):
        told(f"critical path{words}", of("critical-path", 0.0, sigma))
        told(f"critical path with search{words}", of("critical-path", 0.02, sigma))


def blindly(_: Path, sample: int) -> None:
    """What any choice could gain over hops where nothing is estimated: exactly, on the small ones of these plans.

    Durations are exponential (spread 1.0 of the mean, those of `plan` 1.1) and forget how long they have run; so what is
    done and what runs is all there is to know, and the best expectation of all choices, to wait on purpose too, is exact.
    """
    few = (case for number in count() if len((case := plan(number)).adjacency.leaves) <= _FEW)
    ratios = [_mean_end(case, every=False) / _mean_end(case, every=True) for case in islice(few, sample or 40)]
    line(f"plans of {_FEW} tasks at most, hops over the best choice", ratios, f"{len(ratios)} plans")


def _mean_end(case: Case, *, every: bool) -> float:
    """When a case is expected to end, tasks taking exponential times of mean 1: by the best choices, or in order of hops."""
    given, hops = case.problem({}), case.adjacency.rank()
    behind = [0] * len(given.order)
    for task in given.order:
        for before in given.before[task]:
            behind[task] |= behind[before] | (1 << before if before < len(given.names) else 0)
    turn = sorted(range(len(given.names)), key=lambda task: -hops[given.names[task]])

    @cache
    def left(done: int, busy: int) -> float:
        ready = [task for task in turn if not (done | busy) >> task & 1 and not behind[task] & ~done]
        chosen = (ready if every else ready[:1]) if busy.bit_count() < case.slots else []
        running = [1 << task for task in turn if busy >> task & 1] if every or not chosen else []
        ends = (1 + sum(left(done | task, busy ^ task) for task in running)) / len(running) if running else inf
        return min([ends, *(left(done, busy | 1 << task) for task in chosen)]) if ready or busy else 0.0

    return left(0, 0)


def speed(_folder: Path, _sample: int) -> None:
    """The order of a large plan, and one decision of its run."""
    for tasks in (10_000, 100_000):
        nodes = [(f"{number}", None, "atomic") for number in range(tasks)]
        edges = [(f"{n - k}", f"{n}") for n in range(tasks) for k in (50, 70, 110) if n >= k]
        adjacency = Adjacency.build(nodes, edges)
        hours = {leaf: Random(leaf).lognormvariate(0, 0.9) for leaf in adjacency.leaves}
        lists, choices = [], []
        for _ in range(9):
            began = process_time()
            queue = Queue(adjacency, "critical-path", rank=adjacency.rank(hours), leaves=adjacency.leaves)
            lists.append(process_time() - began)
            busy = dict.fromkeys(adjacency.leaves[:3], "running")
            view = View(adjacency, busy, 4, ready=queue, busy=list(busy))
            began = process_time()
            assert len(choose(view, "critical-path")) == 1
            choices.append(process_time() - began)
        for label, found, unit, times in (("list", lists, "s", 1), ("decision", choices, "ms", 1000)):
            low, middle, high = (each * times for each in quantiles(found, n=4))
            print(f"{tasks:,} tasks, {label:30} {middle:.3f} {unit} ({low:.3f} to {high:.3f})")


PARTS: dict[str, Callable[[Path, int], None]] = {
    "psplib": psplib,
    "stg": stg,
    "noise": noise,
    "plans": plans,
    "blindly": blindly,
    "speed": speed,
}


if __name__ == "__main__":
    sys.exit(main())
