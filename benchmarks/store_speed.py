"""What the store costs: commits a second, events a second in groups, milliseconds to read 1,000 and 10,000 tasks.

Run: python benchmarks/store_speed.py [FOLDER]   (the folder decides the disk; default: a temporary one)
"""

import sys
import tempfile
import time
from pathlib import Path

from branchline.model.run import Changes, Event, RunRow, TaskRow
from branchline.store import Store


def tasks(run: str, count: int) -> list[TaskRow]:
    return [TaskRow(run, f"t{n}", n, f"Task {n}", "atomic", None, n, "build", "shell", "pending") for n in range(count)]


def commits(store: Store, run: str, rows: list[TaskRow], count: int, group: int) -> float:
    """Return seconds for `count` transactions, each of `group` events with the row that each one moves."""
    start = time.perf_counter()
    for number in range(count):
        moved = tuple(rows[(number * group + n) % len(rows)]._replace(state="ready") for n in range(group))
        store.commit(Changes(tuple(Event(1.0, run, "ready", task=row.task) for row in moved), tasks=moved))
    return time.perf_counter() - start


def best(store: Store, run: str) -> float:
    """Return the best of ten times, in seconds, to read all tasks of a run."""
    times = []
    for _ in range(10):
        start = time.perf_counter()
        store.tasks(run)
        times.append(time.perf_counter() - start)
    return min(times)


def main(folder: Path) -> None:
    start = time.perf_counter()
    with Store.open(folder / "state.db") as store:
        print(f"make the database        {(time.perf_counter() - start) * 1000:9.1f} ms")
        for count in (1_000, 10_000):
            run, rows = f"r{count}", tasks(f"r{count}", count)
            start = time.perf_counter()
            store.create_run(RunRow(run, "p.md", "d", "running", "", "b", 1.0, None, "{}", "{}"), rows, 1.0)
            print(f"create {count:6} tasks      {(time.perf_counter() - start) * 1000:9.1f} ms")
            print(f"read   {count:6} tasks      {best(store, run) * 1000:9.1f} ms")
        rows = store.tasks("r1000")
        print(f"commits of 1 event       {500 / commits(store, 'r1000', rows, 500, 1):9.0f} /s")
        print(f"events in groups of 100  {20_000 / commits(store, 'r1000', rows, 200, 100):9.0f} /s")
        start = time.perf_counter()
        count = len(store.events("r1000"))
        print(f"read {count:6} events       {(time.perf_counter() - start) * 1000:9.1f} ms")
    start = time.perf_counter()
    with Store.open(folder / "state.db", read_only=True) as store:
        store.tasks("r1000")
    print(f"open, read 1000, close   {(time.perf_counter() - start) * 1000:9.1f} ms")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(temporary))
