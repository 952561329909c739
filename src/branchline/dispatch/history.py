"""What happened before, as the next prompt of a task tells it: answers, results of dependencies, earlier failures."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from branchline.dispatch.growth import DIAGNOSIS
from branchline.graph.adjacency import Adjacency
from branchline.model.moves import SATISFIED
from branchline.model.plan import Task
from branchline.model.run import RECHECK, Event, TaskRow
from branchline.store import Store

CONCERN = frozenset({"question", "contradiction", "capability"})
"""Kinds of questions whose answer holds for the tasks beside the one that asked."""
TOLD = 5


class Told(NamedTuple):
    """What a worker is told of the past; pairs are (question, answer), triples (id, title, summary).

    `told` are (id, question, answer) of the tasks beside it; `tried` is what the last attempt said of work that failed,
    `kept` the ref that holds it when the worktree does not.
    """

    answers: list[tuple[str, str]]
    results: list[tuple[str, str, str]]
    missing: list[str]
    failure: str
    conflict: str
    told: Sequence[tuple[str, str, str]] = ()
    tried: str = ""
    kept: str = ""


class Box(NamedTuple):
    """Where the box stands that a task ticks, when there is one, and whose it is."""

    line: int | None
    title: str
    task: str


class History:
    """Reads the store for prompts; None as the store means that there is no past (a dry run).

    `graph` gives the run's graph as it is now, for an answer may let it grow.
    """

    def __init__(self, store: Store | None, graph: Callable[[], Adjacency]) -> None:
        self._store = store
        self._graph = graph

    def of(self, row: TaskRow) -> Told:
        """What the next worker of this task should know."""
        if self._store is None:
            return Told([], [], [], "", "")
        told = self._told(row)
        if row.attempt <= 1:  # nothing was tried and nothing asked before
            return Told([], self._results(row), [], "", "", told)
        events = self._store.events(row.run, row.task)
        again = _last(events, "retrying", "failed")
        claim = _last(events, "claimed")
        reason = again.cause if again else ""
        conflict = reason if reason.startswith("conflict") else ""
        failure = "" if conflict or not again else self._failure(row, again)
        found = self._store.task(row.run, f"{row.task}{DIAGNOSIS}") if failure else None
        if found and found.state == "done":
            failure += f"\n\nA diagnosis was made of it: {self.summary(found)}"
        missing = list(claim.data.get("missing") or ()) if claim and claim.data.get("status") == "partial" else []
        tried = str(claim.data.get("summary") or "") if claim and failure else ""
        kept = _kept(events) if failure else ""
        return Told(self._answers(row), self._results(row), missing, failure, conflict, told, tried, kept)

    def of_task(self, row: TaskRow, task: str) -> Told:
        """The same of another task of the run: of the one that a diagnosis is about."""
        found = self._store.task(row.run, task) if self._store else None
        return self.of(found) if found else Told([], [], [], "", "")

    def summary(self, row: TaskRow) -> str:
        """What the task's worker said of its work last."""
        claim = self._store.newest_event(row.run, row.task, "claimed") if self._store else None
        return str(claim.data.get("summary") or "") if claim else ""

    def last_session(self, row: TaskRow) -> str:
        """The session that the task's worker worked in last, whatever the task."""
        attempts = self._store.attempts(row.run) if self._store else []
        mine = (a for a in reversed(attempts) if a.purpose == "work" and a.worker == row.worker and a.state == "ended")
        return next((attempt.session for attempt in mine if attempt.session), "")

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
        return frozenset(self._graph().leaves_under(task))

    def others_done(self, row: TaskRow, tasks: Iterable[str] | None = None) -> bool:
        """Whether all of the tasks (None: of the run) but this one are done, or a person has skipped them."""
        tasks = self._graph().leaves if tasks is None else tasks
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

    def _failure(self, row: TaskRow, again: Event) -> str:
        """Why a task is tried again; with the other side where its work broke a check of a task that is done."""
        failed = (str(check.get("source") or "") for check in again.data.get("checks") or () if check["exit"])
        broken = next((source.removeprefix(RECHECK) for source in failed if source.startswith(RECHECK)), "")
        other = self._other_side(row.run, broken) if broken else ""
        return "\n\n".join(part for part in (again.cause, other, str(again.data.get("error") or "")) if part)

    def _other_side(self, run: str, task: str) -> str:
        """What is known of a task that is done, for one whose work breaks it."""
        assert self._store is not None  # noqa: S101 - `of` has looked
        found, done = self._store.task(run, task), self._store.newest_event(run, task, "done")
        if found is None or done is None:
            return ""
        files = ", ".join((done.data.get("files") or ())[:TOLD]) or "nothing"
        said = self.summary(found)
        told = f"Task {task} ({found.title}) is done at commit {str(done.data.get('commit'))[:12]} and changed {files}."
        return f"{told} {f'It said: {said}. ' if said else ''}Its check must go on to pass beside your work."

    def _answers(self, row: TaskRow) -> list[tuple[str, str]]:
        assert self._store is not None  # noqa: S101 - `of` has looked
        asked = [q for q in self._store.questions(row.run) if q.task == row.task and q.answer is not None]
        return [(q.text, q.answer or "") for q in asked]

    def _told(self, row: TaskRow) -> list[tuple[str, str, str]]:
        """What a person answered to the other children of the task's parent; the last few."""
        assert self._store is not None  # noqa: S101 - `of` has looked
        beside = frozenset(self._graph().children.get(row.parent or "", ())) - {row.task}
        asked = [q for q in self._store.questions(row.run) if q.task in beside and q.answer is not None]
        return [(q.task, q.text, q.answer or "") for q in asked if q.kind in CONCERN][-TOLD:]

    def _results(self, row: TaskRow) -> list[tuple[str, str, str]]:
        found = []
        for task in self._graph().before[row.task]:
            before = self._store.task(row.run, task) if self._store else None
            if before and before.state == "done" and before.attempt:
                found.append((task, before.title, self.summary(before)))
        return found


def _kept(events: list[Event]) -> str:
    """The ref that the last set-up saved the worktree under, before it began anew."""
    made = (event.data["result"] for event in reversed(events) if event.kind == "ended" and "result" in event.data)
    return next((str(result["salvage"]) for result in made if "salvage" in result), "")


def _last(events: list[Event], *kinds: str) -> Event | None:
    return next((event for event in reversed(events) if event.kind in kinds), None)
