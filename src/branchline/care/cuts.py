"""The log of the store, cut off at many places: it opens, and nothing that was acknowledged before the cut is missing."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from branchline.errors import StoreDamagedError
from branchline.model.run import AttemptRow, Changes, Event, RunRow, TaskRow
from branchline.store import Store

COMMITS = 12
LAST = 4
"""Commits whose bytes are cut one by one."""
RUN = RunRow("r1", "plan.md", "sha256:0", "running", "", "base", 1.0, None, "{}", "{}")


def cut_log(step: int) -> tuple[int, list[str]]:
    """Cut the log at every `step`-th byte of its last records, and damage the database: how many cuts, what went wrong."""
    with tempfile.TemporaryDirectory(prefix="branchline-selftest-") as name:
        folder = Path(name)
        database, log, marks = _written(folder)
        wrong: list[str] = []
        cuts = 0
        for cut in _places(marks, step):
            expected = sum(size <= cut for size in marks)
            wrong += _reopened(folder / f"{cut}", database, log[:cut], expected)
            cuts += 1
        for share in (0.0, 0.2, 0.5, 0.9):
            wrong += _damaged(folder / f"half-{share}", database[: int(len(database) * share)])
            cuts += 1
        return cuts, wrong


def _written(folder: Path) -> tuple[bytes, bytes, list[int]]:
    """A database and its log after so many commits, with the size that the log had when each was acknowledged."""
    path, marks = folder / "state.db", []
    log = folder / "state.db-wal"
    rows = [TaskRow("r1", f"{n}", n, f"Task {n}", "atomic", None, n, "build", "shell", "ready") for n in range(50)]
    with Store.open(path) as store:
        store.create_run(RUN, rows, 1.0)
    with Store.open(path) as store:  # the former one has brought all of its log into the database
        for number in range(1, COMMITS + 1):
            row = rows[number]._replace(state="dispatching", attempt=number)
            attempt = AttemptRow("r1", number, row.task, number, "work", "intended")
            event = Event(2.0, "r1", "dispatching", task=row.task, attempt=number, data={"pad": "x" * 30 * number})
            store.commit(Changes((event,), None, (row,), (attempt,)))
            marks.append(log.stat().st_size)
        return path.read_bytes(), log.read_bytes(), marks


def _places(marks: list[int], step: int) -> Iterator[int]:
    """Where to cut: every step, and each byte around the end of a record."""
    first, end = marks[-LAST - 1], marks[-1]
    around = {mark + near for mark in marks[-LAST - 1 :] for near in range(-12, 13)}
    yield from sorted({*range(first, end + 1, step), *(place for place in around if first <= place <= end)})


def _reopened(folder: Path, database: bytes, log: bytes, expected: int) -> list[str]:
    """Open what is left; the words for whatever is not as it should be."""
    folder.mkdir()
    path = folder / "state.db"
    path.write_bytes(database)
    path.with_name("state.db-wal").write_bytes(log)
    with Store.open(path) as store:
        events = [event for event in store.events("r1") if event.kind == "dispatching"]
        rows = sorted(row.attempt for row in store.tasks("r1") if row.attempt)
        attempts = [row.fence for row in store.attempts("r1")]
    for each in folder.iterdir():
        each.unlink()
    numbers = list(range(1, expected + 1))
    if not [event.attempt for event in events] == rows == attempts == numbers:
        return [f"log cut at {len(log)}: {expected} commits were acknowledged, there are {len(events)}"]
    return []


def _damaged(folder: Path, database: bytes) -> list[str]:
    """A database that was cut itself is named and left as it is."""
    folder.mkdir()
    path = folder / "state.db"
    path.write_bytes(database)
    try:
        Store.open(path).close()
    except StoreDamagedError as error:
        return [] if str(path) in error.message and path.read_bytes() == database else [f"{path} was changed: {error}"]
    return [f"a database cut to {len(database)} bytes was opened without a word"]
