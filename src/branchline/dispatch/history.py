"""What happened before, as the next prompt of a task tells it: answers, results of dependencies, earlier failures."""

from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from branchline.dispatch.growth import DIAGNOSIS
from branchline.graph.adjacency import Adjacency
from branchline.model.moves import SATISFIED
from branchline.model.plan import Task
from branchline.model.run import RECHECK, AttemptRow, Event, TaskRow
from branchline.planfile.writeback import Place
from branchline.store import Store

CONCERN = frozenset({"question", "contradiction", "capability"})
"""Kinds of questions whose answer holds for the tasks beside the one that asked."""
TOLD = 5
KEPT = 256
"""How many summaries are remembered."""


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


class History:
    """Reads the store for prompts; None as the store means that there is no past (a dry run).

    `graph` gives the run's graph as it is now, for an answer may let it grow, `row` how a task of it stands, and `asked`
    whether any question was ever asked in the run.
    """

    def __init__(
        self,
        store: Store | None,
        graph: Callable[[], Adjacency],
        row: Callable[[str], TaskRow | None] = lambda _: None,
        asked: Callable[[], bool] = lambda: True,
    ) -> None:
        self._store = store
        self._graph = graph
        self._row = row
        self._asked = asked
        self._said: dict[str, str] = {}

    def hear(self, row: TaskRow, summary: str) -> None:
        """Remember what the task's worker has said of its work: the tasks behind it are told, mostly soon."""
        self._said[row.task] = summary
        if len(self._said) > KEPT:
            del self._said[next(iter(self._said))]

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
        found = self._row(f"{row.task}{DIAGNOSIS}") if failure else None
        if found and found.state == "done":
            failure += f"\n\nA diagnosis was made of it: {self.summary(found)}"
        missing = list(claim.data.get("missing") or ()) if claim and claim.data.get("status") == "partial" else []
        tried = str(claim.data.get("summary") or "") if claim and failure else ""
        kept = _kept(events) if failure else ""
        return Told(self._answers(row), self._results(row), missing, failure, conflict, told, tried, kept)

    def of_task(self, task: str) -> Told:
        """The same of another task of the run: of the one that a diagnosis is about."""
        found = self._row(task)
        return self.of(found) if found else Told([], [], [], "", "")

    def summary(self, row: TaskRow) -> str:
        """What the task's worker said of its work last."""
        claim = self._store.newest_event(row.run, row.task, "claimed") if self._store else None
        return str(claim.data.get("summary") or "") if claim else ""

    def beside(self, row: TaskRow) -> frozenset[str]:
        """The leaves of the task's parent, itself among them."""
        graph = self._graph()
        return frozenset(task for task in graph.children.get(row.parent or "", ()) if task not in graph.children)

    def worked(self, row: TaskRow, tasks: Container[str] | None = None) -> list[AttemptRow]:
        """The ended work of the task's worker on any of the tasks (None: of the run) that has a session, the last first."""
        attempts = self._store.attempts(row.run) if self._store else []
        mine = (a for a in reversed(attempts) if a.purpose == "work" and a.worker == row.worker and a.state == "ended")
        return [a for a in mine if a.session and (tasks is None or a.task in tasks)]

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
        rows = (self._row(task) for task in tasks if task != row.task)
        return all(other is not None and other.state in SATISFIED for other in rows)

    def places(self, row: TaskRow, tasks: Mapping[str, Task], ahead: Collection[str] = ()) -> list[Place]:
        """Where the plan speaks of a task, and of each one above it that is done with it: the boxes that it ticks.

        `ahead` are tasks that are as good as done.
        """
        found, above = tasks[row.task].places, row.parent
        while above is not None and self._is_last(row, above, ahead):
            found += tasks[above].places
            above = tasks[above].parent
        return found

    def _is_last(self, row: TaskRow, above: str, ahead: Collection[str]) -> bool:
        """Whether a task is the last one below another to be done; what is not done mostly stands near the end."""
        leaves = reversed(self._graph().leaves_under(above))
        return self.others_done(row, (leaf for leaf in leaves if leaf not in ahead))

    def _failure(self, row: TaskRow, again: Event) -> str:
        """Why a task is tried again; with the other side where its work broke a check of a task that is done."""
        failed = (str(check.get("source") or "") for check in again.data.get("checks") or () if check["exit"])
        broken = next((source.removeprefix(RECHECK) for source in failed if source.startswith(RECHECK)), "")
        other = self._other_side(row.run, broken) if broken else ""
        return "\n\n".join(part for part in (again.cause, other, str(again.data.get("error") or "")) if part)

    def _other_side(self, run: str, task: str) -> str:
        """What is known of a task that is done, for one whose work breaks it."""
        assert self._store is not None  # noqa: S101 - `of` has looked
        found, done = self._row(task), self._store.newest_event(run, task, "done")
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
        asked = self._store.questions(row.run) if self._asked() else []
        asked = [question for question in asked if question.answer is not None and question.kind in CONCERN]
        beside = self.beside(row) - {row.task} if asked else ()
        return [(q.task, q.text, q.answer or "") for q in asked if q.task in beside][-TOLD:]

    def _results(self, row: TaskRow) -> list[tuple[str, str, str]]:
        found = []
        for task in self._graph().before[row.task]:
            before = self._row(task)
            if before and before.state == "done" and before.attempt:
                if task not in self._said:
                    self.hear(before, self.summary(before))
                found.append((task, before.title, self._said[task]))
        return found


def _kept(events: list[Event]) -> str:
    """The ref that the last set-up saved the worktree under, before it began anew."""
    made = (event.data["result"] for event in reversed(events) if event.kind == "ended" and "result" in event.data)
    return next((str(result["salvage"]) for result in made if "salvage" in result), "")


def _last(events: list[Event], *kinds: str) -> Event | None:
    return next((event for event in reversed(events) if event.kind in kinds), None)
