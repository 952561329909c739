"""The store's twin in memory, for simulations and tests: the same face, the same answers, nothing on disk."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from operator import attrgetter
from typing import Any, Self

from branchline.errors import LockedError, StoreError
from branchline.model.money import Amount, total
from branchline.model.moves import COURSE
from branchline.model.run import (
    AttemptRow,
    Changes,
    Event,
    LaneRow,
    NodeRow,
    QuestionRow,
    RequestRow,
    RunRow,
    ServerSessionRow,
    SessionRow,
    SpentRow,
    TaskRow,
)

_TEXT = frozenset({str})
_PLAIN = frozenset({str, int, float, bool, type(None)})
"""Types that JSON gives back as they are."""


class MemoryStore:
    """A store that forgets; see `Store` for what each function promises."""

    def __init__(self) -> None:
        self._runs: dict[str, RunRow] = {}
        self._tasks: dict[tuple[str, str], TaskRow] = {}
        self._attempts: dict[tuple[str, int], AttemptRow] = {}
        self._questions: dict[tuple[str, int], QuestionRow] = {}
        self._lanes: dict[tuple[str, str], LaneRow] = {}
        self._nodes: dict[str, dict[str, str]] = {}
        self._events: list[Event] = []
        self._requests: list[RequestRow] = []
        self._handled: set[int] = set()
        self._approvals: dict[str, tuple[str, str, float]] = {}
        self._sessions: dict[str, SessionRow] = {}
        self._server_sessions: dict[tuple[str, str], ServerSessionRow] = {}
        self._newest = 0

    @classmethod
    def open(cls, former: Self) -> Self:
        """The memory of another store, as a second process opens the same file."""
        again = object.__new__(type(former))
        vars(again).update(vars(former))
        again._newest = len(former._events)
        return again

    def create_run(self, run: RunRow, tasks: Iterable[TaskRow], at: float, nodes: Iterable[NodeRow] = ()) -> int:
        if run.run in self._runs:
            raise StoreError(f"run {run.run} is there already")
        tasks = tuple(tasks)
        return self.commit(Changes((created(run, len(tasks), at),), run, tasks, nodes=tuple(nodes)))

    def commit(self, changes: Changes) -> int:
        if len(self._events) != self._newest:
            raise overtaken("the memory")
        for seq, event in enumerate(changes.events, len(self._events) + 1):
            self._events.append(Event._make((*event[:7], _as_json(event.data), seq)))
        if changes.run:
            self._runs[changes.run.run] = changes.run
        for task in changes.tasks:
            self._tasks[task[:2]] = task
        for attempt in changes.attempts:
            self._attempts[attempt[:2]] = attempt
        for question in changes.questions:
            self._questions[question[:2]] = question
        for lane in changes.lanes:
            self._lanes[lane[:2]] = lane
        if changes.nodes:
            self._nodes[changes.nodes[0].run] = {row.task: row.text for row in changes.nodes}
        for number in changes.requests:
            if number <= len(self._requests):
                self._handled.add(number)
        self._newest = len(self._events)
        return self._newest if changes.events else 0

    def run(self, run: str) -> RunRow | None:
        return self._runs.get(run)

    def runs(self, plan: str = "") -> list[RunRow]:
        return [row for row in self._runs.values() if not plan or row.plan == plan][::-1]

    def heads(self) -> list[tuple[str, str, str]]:
        return [(row.plan, row.run, row.state) for row in self.runs()]

    def newest(self, plan: str = "") -> RunRow | None:
        return next(iter(self.runs(plan)), None)

    def tasks(self, run: str) -> list[TaskRow]:
        return sorted((row for row in self._tasks.values() if row.run == run), key=attrgetter("place"))

    def graph_tasks(self, run: str) -> list[TaskRow]:
        return [row for row in self.tasks(run) if row.task in self._nodes.get(run, {})]

    def states(self, run: str) -> list[tuple[str, str, int | None]]:
        return [(row.task, row.state, row.line) for row in self.tasks(run)]

    def newest_merge(self, run: str) -> str:
        merged = (row for row in self.tasks(run) if row.state == "done" and row.commit)
        newest = max(merged, key=attrgetter("fence"), default=None)
        return newest.commit or "" if newest else ""

    def node(self, run: str, task: str) -> str | None:
        return self._nodes.get(run, {}).get(task)

    def nodes(self, run: str, tasks: Iterable[str]) -> dict[str, str]:
        own = self._nodes.get(run, {})
        return {task: own[task] for task in tasks if task in own}

    def task(self, run: str, task: str) -> TaskRow | None:
        return self._tasks.get((run, task))

    def attempts(self, run: str, task: str = "") -> list[AttemptRow]:
        rows = [row for row in self._attempts.values() if row.run == run and (not task or row.task == task)]
        return sorted(rows)

    def used(self, run: str) -> Amount:
        return total(row.used for row in self.attempts(run))

    def spent(self, runs: int) -> list[SpentRow]:
        found = []
        for run in sorted(row.run for row in self.runs()[:runs]):
            for task in sorted((row for row in self.tasks(run) if row.state == "done"), key=lambda row: row.task):
                rows = [a for a in self.attempts(run, task.task) if a.attempt == task.attempt and a.ended is not None]
                if rows:
                    role, worker, model, effort = (max(each) for each in zip(*(a[6:10] for a in rows), strict=True))
                    seconds = max(a.ended or 0.0 for a in rows) - min(a.intended for a in rows)
                    cost = sum(a.cost for a in rows)
                    found.append(SpentRow(run, task.task, role, worker, model, effort, seconds, cost))
        return found

    def touched(self, runs: int) -> list[tuple[str, list[str]]]:
        titles = {(row.run, row.task): row.title for run in self.runs()[:runs] for row in self.tasks(run.run)}
        return [
            (titles[e.run, e.task], list(e.data["files"]))
            for e in self._events
            if e.kind == "done" and e.task and (e.run, e.task) in titles and e.data.get("files") is not None
        ]

    def questions(self, run: str, open_only: bool = False) -> list[QuestionRow]:
        rows = [
            row for row in self._questions.values() if row.run == run and not (open_only and row.answer is not None)
        ]
        return sorted(rows)

    def lanes(self, run: str) -> list[LaneRow]:
        return sorted(row for row in self._lanes.values() if row.run == run)

    def events(self, run: str, task: str = "", after: int = 0, limit: int = 0) -> list[Event]:
        found = [e for e in self._events[max(after, 0) :] if e.run == run and (not task or e.task == task)]
        return found[:limit] if limit else found

    def findings(self, run: str) -> list[Event]:
        return [event for event in self.events(run) if event.kind not in COURSE]

    def newest_event(self, run: str, task: str, kind: str) -> Event | None:
        return next((event for event in reversed(self.events(run, task)) if event.kind == kind), None)

    def last_event(self, run: str) -> int:
        return max((event.seq for event in self._events if event.run == run), default=0)

    def request(self, at: float, run: str, verb: str, task: str = "", data: Mapping[str, Any] | None = None) -> int:
        self._requests.append(RequestRow(len(self._requests) + 1, at, run, verb, task, json.dumps(dict(data or {}))))
        return len(self._requests)

    def requests(self) -> list[RequestRow]:
        return [row for row in self._requests if row.id not in self._handled]

    def approve(self, plan: str, digest: str, by: str, at: float) -> None:
        self._approvals[plan] = (digest, by, at)

    def approval(self, plan: str) -> tuple[str, str, float] | None:
        return self._approvals.get(plan)

    def sessions(self) -> list[SessionRow]:
        return sorted(self._sessions.values())

    def session(self, name: str) -> SessionRow | None:
        return self._sessions.get(name)

    def swap_session(self, name: str, former: int, row: SessionRow | None) -> SessionRow | None:
        found = self._sessions.get(name)
        if (found.fence if found else 0) != former:
            return None
        if row is None:
            self._sessions.pop(name, None)
            return None
        fence = row.fence or max((each.fence for each in self._sessions.values()), default=0) + 1
        self._sessions[name] = row._replace(fence=fence)
        return self._sessions[name]

    def note_sessions(self, rows: Iterable[SessionRow]) -> None:
        known = {(row.name, row.fence) for row in self._sessions.values()}
        self._sessions |= {row.name: row for row in rows if (row.name, row.fence) in known}

    def server_sessions(self, instance: str) -> list[ServerSessionRow]:
        return [row for name, row in sorted(self._server_sessions.items()) if name[0] == instance]

    def put_server_sessions(self, rows: Iterable[ServerSessionRow], instead_of: str = "") -> None:
        left = {name: row for name, row in self._server_sessions.items() if name[0] != instead_of}
        self._server_sessions = {**left, **{row[:2]: row for row in rows}}

    @contextmanager
    def snapshot(self) -> Iterator[Self]:
        yield self

    def verify(self) -> None:
        """Nothing can be damaged here."""

    def close(self) -> None:
        return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _as_json(value: Any) -> Any:
    """Return what JSON makes of a value: a copy, with lists for tuples; what is seldom goes through JSON itself."""
    if type(value) in _PLAIN:
        return value
    if type(value) is dict and _TEXT.issuperset(map(type, value)):
        return {key: each if type(each) in _PLAIN else _as_json(each) for key, each in value.items()}
    if type(value) in (list, tuple):
        return [_as_json(each) for each in value]
    return json.loads(json.dumps(dict(value) if isinstance(value, Mapping) else value))


def created(run: RunRow, tasks: int, at: float) -> Event:
    """Return the first event of a run."""
    data = {"state": run.state, "plan": run.plan, "digest": run.digest, "tasks": tasks}
    return Event(at, run.run, "run", "created", data=data)


def overtaken(where: str) -> LockedError:
    """Return the error of a store that another one has written to since: who holds it is in charge no more."""
    return LockedError(
        f"{where}: another Branchline took over while this one was held up; nothing of this one was written since, and "
        "what it started goes on there; see `branchline status`"
    )
