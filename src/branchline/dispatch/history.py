"""What happened before, as the next prompt of a task tells it: answers, results of dependencies, earlier failures."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from branchline.graph.adjacency import Adjacency
from branchline.model.moves import SATISFIED
from branchline.model.plan import Task
from branchline.model.run import Event, TaskRow
from branchline.store import Store


class Told(NamedTuple):
    """What a worker is told of the past; pairs are (question, answer), triples (id, title, summary)."""

    answers: list[tuple[str, str]]
    results: list[tuple[str, str, str]]
    missing: list[str]
    failure: str
    conflict: str


class Box(NamedTuple):
    """Where the box stands that a task ticks, when there is one, and whose it is."""

    line: int | None
    title: str
    task: str


class History:
    """Reads the store for prompts; None as the store means that there is no past (a dry run)."""

    def __init__(self, store: Store | None, adjacency: Adjacency) -> None:
        self._store = store
        self._adjacency = adjacency

    def of(self, row: TaskRow) -> Told:
        """What the next worker of this task should know."""
        if self._store is None:
            return Told([], [], [], "", "")
        if row.attempt <= 1:  # nothing was tried and nothing asked before
            return Told([], self._results(row), [], "", "")
        events = self._store.events(row.run, row.task)
        again = _last(events, "retrying")
        claim = _last(events, "claimed")
        reason = again.cause if again else ""
        conflict = reason if reason.startswith("conflict") else ""
        failure = "" if conflict or not again else f"{reason}\n\n{again.data.get('error') or ''}".strip()
        missing = list(claim.data.get("missing") or ()) if claim and claim.data.get("status") == "partial" else []
        return Told(self._answers(row), self._results(row), missing, failure, conflict)

    def summary(self, row: TaskRow) -> str:
        """What the task's worker said of its work last."""
        claim = self._store.newest_event(row.run, row.task, "claimed") if self._store else None
        return str(claim.data.get("summary") or "") if claim else ""

    def verdict(self, row: TaskRow) -> Mapping[str, Any]:
        """What the checks in the worktree found: the data of the task's last `merging` event."""
        merging = self._store.newest_event(row.run, row.task, "merging") if self._store else None
        return merging.data if merging else {}

    def conflicts(self, row: TaskRow) -> bool:
        """Whether a conflict is why the task was sent back last."""
        again = self._store.newest_event(row.run, row.task, "retrying") if self._store else None
        return again is not None and again.cause.startswith("conflict")

    def leaves_under(self, task: str) -> frozenset[str]:
        """The tasks below a composite that are dispatched."""
        return frozenset(self._adjacency.leaves_under(task))

    def others_done(self, row: TaskRow, tasks: Iterable[str]) -> bool:
        """Whether all of the tasks but this one are done, or a person has skipped them."""
        rows = [self._store.task(row.run, task) for task in tasks if task != row.task] if self._store else []
        return all(other is not None and other.state in SATISFIED for other in rows)

    def box(self, row: TaskRow, tasks: Mapping[str, Task], ahead: Collection[str] = ()) -> Box:
        """The box that a task ticks: its own, where the plan has it; `ahead` are tasks that are as good as done.

        A task that a planner thought of has none; the last of them ticks that of the task they came from.
        """
        above, own = row.parent, Box(row.line, row.title, row.task)
        box = own
        if own.line is not None:
            return own
        while box.line is None and above is not None:
            task = tasks[above]
            above, box = task.parent, Box(task.line, task.title, task.id)
        completed = box.line is not None and self.others_done(row, self.leaves_under(box.task) - set(ahead))
        return box if completed else own

    def _answers(self, row: TaskRow) -> list[tuple[str, str]]:
        assert self._store is not None  # noqa: S101 - `of` has looked
        asked = [q for q in self._store.questions(row.run) if q.task == row.task and q.answer is not None]
        return [(q.text, q.answer or "") for q in asked]

    def _results(self, row: TaskRow) -> list[tuple[str, str, str]]:
        found = []
        for task in self._adjacency.before[row.task]:
            before = self._store.task(row.run, task) if self._store else None
            if before and before.state == "done" and before.attempt:
                found.append((task, before.title, self.summary(before)))
        return found


def _last(events: list[Event], kind: str) -> Event | None:
    return next((event for event in reversed(events) if event.kind == kind), None)
