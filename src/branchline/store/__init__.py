"""SQLite: append-only events, projections in the same transaction

One writer (the coordinator, which holds the lock), any number of readers, and requests from other processes. Nothing in
here knows what a row means; the engine decides, the store keeps.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Any, Self, TypeVar

from branchline.errors import StoreError
from branchline.model.money import Amount
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
from branchline.store import sql
from branchline.store.database import (
    Connection,
    connect,
    damaged,
    identity,
    in_words,
    require_sound,
    transaction,
    unfinished,
)
from branchline.store.locks import Lock, held, lock
from branchline.store.memory import MemoryStore, created, overtaken

__all__ = ["AnyStore", "Lock", "MemoryStore", "Store", "held", "lock"]

Row = TypeVar("Row")
_AS_JSON = json.JSONEncoder().encode
_read: Callable[[str], Mapping[str, Any]] = lru_cache(64)(json.loads)
"""Of many tasks the same is said; nobody changes it."""
_LARGEST = 2**63 - 1
_PLACE = itemgetter(TaskRow._fields.index("place"))
"""Rows as wide as a task's are sorted here: SQLite would write each of them once more."""


class Store:
    """The database of one repository; every function may raise StoreError, StoreFullError or StoreDamagedError.

    `dropped` counts the bytes of a commit that a kill cut off and that nobody was told of: they are gone.
    """

    def __init__(self, path: Path, *, create: bool = True, read_only: bool = False, max_pages: int = 0) -> None:
        self.path = path
        self.dropped = 0 if read_only else unfinished(path)
        self._connection = connect(path, create=create and not read_only, read_only=read_only, max_pages=max_pages)
        self._file = identity(path)
        self._newest = 0 if read_only else self._last_seq()

    @classmethod
    def open(cls, path: Path, *, create: bool = True, read_only: bool = False, max_pages: int = 0) -> Self:
        """Open the database at `path`; made when missing unless `create` is False or `read_only` is True.

        A reader works while a coordinator writes, and makes no file where there is no database. Raises NotFoundError
        when there is none, StoreDamagedError naming the file (which is left as it is), StoreError for a newer version.
        """
        return cls(path, create=create, read_only=read_only, max_pages=max_pages)

    def create_run(self, run: RunRow, tasks: Iterable[TaskRow], at: float, nodes: Iterable[NodeRow] = ()) -> int:
        """Add a run with its tasks and its first event (cause `created`); returns its seq. StoreError if it exists."""
        tasks = tuple(tasks)
        if self.run(run.run):
            raise StoreError(f"run {run.run} is there already")
        return self.commit(Changes((created(run, len(tasks), at),), run, tasks, nodes=tuple(nodes)))

    def commit(self, changes: Changes) -> int:
        """Write events, rows and handled requests in one transaction; returns the last event's seq, 0 without events.

        All of it is durable when this returns; none of it is written when it raises. `seq` of the events is given here.
        Raises LockedError when another store has written an event since this one was opened or last wrote: whoever was
        paused while its lock was lost, and another one took over, writes nothing any more. An empty commit only asks.
        """
        try:
            return self._commit(changes)
        except (UnicodeEncodeError, OverflowError):
            return self._commit(_storable(changes))

    def _commit(self, changes: Changes) -> int:
        with self._writing() as connection:
            if self._last_seq() != self._newest:
                raise overtaken(str(self.path))
            if changes.run:
                connection.execute(sql.PUT_RUN, changes.run)
            if changes.nodes:
                connection.execute(sql.DROP_NODES, (changes.nodes[0].run,))
            for query, rows in (
                (sql.ADD_EVENT, list(map(_event_values, changes.events))),
                (sql.PUT_TASK, changes.tasks),
                (sql.PUT_ATTEMPT, changes.attempts),
                (sql.PUT_QUESTION, changes.questions),
                (sql.PUT_LANE, changes.lanes),
                (sql.PUT_NODE, changes.nodes),
                (sql.HANDLE_REQUEST, [(number,) for number in changes.requests]),
            ):
                if rows:
                    connection.executemany(query, rows)
        self._newest += len(changes.events)  # they were numbered on, for nobody else has written one
        return self._newest if changes.events else 0

    def run(self, run: str) -> RunRow | None:
        """Return one run."""
        return self._first(RunRow._make, sql.GET_RUN, run)

    def runs(self, plan: str = "") -> list[RunRow]:
        """Return the runs, of one plan if it is given, newest first."""
        return self._all(RunRow._make, sql.PLAN_RUNS, plan) if plan else self._all(RunRow._make, sql.ALL_RUNS)

    def heads(self) -> list[tuple[str, str, str]]:
        """Return plan, name and state of every run, newest first, at a small part of the price of `runs`."""
        return self._all(tuple, sql.HEADS)

    def newest(self, plan: str = "") -> RunRow | None:
        """Return the run that started last, of one plan if it is given."""
        if plan:
            return self._first(RunRow._make, sql.PLAN_RUNS, plan)
        return self._first(RunRow._make, sql.ALL_RUNS)

    def tasks(self, run: str) -> list[TaskRow]:
        """Return the tasks of a run in the tree's natural order."""
        return self._placed(sql.RUN_TASKS, run)

    def graph_tasks(self, run: str) -> list[TaskRow]:
        """Return those of its tasks that are still in its plan: a re-plan leaves the rows of others behind."""
        return self._placed(sql.GRAPH_TASKS, run)

    def states(self, run: str) -> list[tuple[str, str, int | None]]:
        """Return id, state and line of every task of a run in no order, at a small part of the price of `tasks`."""
        return self._all(tuple, sql.TASK_STATES, run)

    def newest_merge(self, run: str) -> str:
        """Return the commit that a task of the run was merged with last, be it in the plan still or not; "" for none."""
        found = self._first(tuple, sql.NEWEST_MERGE, run)
        return str(found[0]) if found else ""

    def node(self, run: str, task: str) -> str | None:
        """Return what the graph of a run says of one task, as the JSON text of its node."""
        return self.nodes(run, (task,)).get(task)

    def nodes(self, run: str, tasks: Iterable[str]) -> dict[str, str]:
        """Return the same of several tasks by their ids, without those that the graph does not have."""
        return dict(self._all(tuple, sql.SOME_NODES, run, _AS_JSON(list(tasks))))

    def task(self, run: str, task: str) -> TaskRow | None:
        """Return one task of a run."""
        return self._first(TaskRow._make, sql.GET_TASK, run, task)

    def attempts(self, run: str, task: str = "") -> list[AttemptRow]:
        """Return the processes of a run, or of one task, by their fence numbers."""
        if task:
            return self._all(AttemptRow._make, sql.TASK_ATTEMPTS, run, task)
        return self._all(AttemptRow._make, sql.RUN_ATTEMPTS, run)

    def used(self, run: str) -> Amount:
        """Return what all processes of a run cost, as far as their workers told."""
        return self._first(Amount._make, sql.USED, run) or Amount()

    def spent(self, runs: int) -> list[SpentRow]:
        """Return what each task that is done took, in the newest so many runs."""
        return self._all(SpentRow._make, sql.SPENT, runs)

    def touched(self, runs: int) -> list[tuple[str, list[str]]]:
        """Return the title of each task that was done in the newest so many runs, with the files that it changed."""
        return [(title, json.loads(files)) for title, files in self._all(tuple, sql.TOUCHED, runs)]

    def questions(self, run: str, open_only: bool = False) -> list[QuestionRow]:
        """Return the questions of a run in the order they were asked."""
        return self._all(QuestionRow._make, sql.OPEN_QUESTIONS if open_only else sql.RUN_QUESTIONS, run)

    def lanes(self, run: str) -> list[LaneRow]:
        """Return the lanes of a run that ever had a limit of their own, by name."""
        return self._all(LaneRow._make, sql.RUN_LANES, run)

    def events(self, run: str, task: str = "", after: int = 0, limit: int = 0) -> list[Event]:
        """Return the events of a run, or of one task, with a seq over `after`; at most `limit` unless it is 0."""
        if task:
            return self._all(_event, sql.TASK_EVENTS, run, task, after, limit or -1)
        return self._all(_event, sql.RUN_EVENTS, run, after, limit or -1)

    def findings(self, run: str) -> list[Event]:
        """Return the events of a run that may tell what was found: all but those of how its attempts took their course."""
        return self._all(_event, sql.RUN_FINDINGS, run)

    def newest_event(self, run: str, task: str, kind: str) -> Event | None:
        """Return the last event of one kind about a task."""
        return self._first(_event, sql.NEWEST_EVENT, run, task, kind)

    def last_event(self, run: str) -> int:
        """Return the seq of a run's last event, 0 when it has none."""
        found = self._first(tuple, sql.LAST_EVENT, run)
        return int(found[0]) if found else 0

    def request(self, at: float, run: str, verb: str, task: str = "", data: Mapping[str, Any] | None = None) -> int:
        """Leave a wish for the holder of the lock and return its number; waits at most 5 s for another writer."""
        values = (at, run, verb, task, json.dumps(dict(data or {})))
        with self._writing() as connection:
            connection.execute(sql.ADD_REQUEST, tuple(map(_storable_value, values)))
            return int(connection.execute(sql.LAST_ID).fetchone()[0])

    def requests(self) -> list[RequestRow]:
        """Return the wishes that no commit has handled, oldest first."""
        return self._all(RequestRow._make, sql.OPEN_REQUESTS)

    def approve(self, plan: str, digest: str, by: str, at: float) -> None:
        """Record that the graph of this digest was approved; the newest approval of a plan is the one that counts."""
        with self._writing() as connection:
            connection.execute(sql.ADD_APPROVAL, (plan, digest, by, at))

    def approval(self, plan: str) -> tuple[str, str, float] | None:
        """Return digest, who and when of a plan's newest approval."""
        return self._first(tuple, sql.GET_APPROVAL, plan)

    def sessions(self) -> list[SessionRow]:
        """Return the latest state of every named session, by name."""
        return self._all(SessionRow._make, sql.ALL_SESSIONS)

    def session(self, name: str) -> SessionRow | None:
        """Return the latest state of one named session."""
        return self._first(SessionRow._make, sql.GET_SESSION, name)

    def swap_session(self, name: str, former: int, row: SessionRow | None) -> SessionRow | None:
        """Put `row` (None: nothing) in the place of the session whose fence is still `former` (0: there is none).

        A row of fence 0 gets the next number. Returns the row as it was written; None when another process was faster.
        """
        with self._writing() as connection:
            found = connection.execute(sql.GET_SESSION, (name,)).fetchone()
            if (SessionRow._make(found).fence if found else 0) != former:
                return None
            if row is None:
                connection.execute(sql.DROP_SESSION, (name,))
                return None
            fence = row.fence or int(connection.execute(sql.NEXT_FENCE).fetchone()[0])
            row = SessionRow._make(map(_storable_value, row._replace(fence=fence)))
            connection.execute(sql.PUT_SESSION, row)
            return row

    def note_sessions(self, rows: Iterable[SessionRow]) -> None:
        """Write what became of the turns of sessions; of one that has begun another turn meanwhile nothing is written."""
        with self._writing() as connection:
            values = [tuple(map(_storable_value, (*row, row.name, row.fence))) for row in rows]
            connection.executemany(sql.NOTE_SESSION, values)

    def server_sessions(self, instance: str) -> list[ServerSessionRow]:
        """Return what was last seen of the sessions of an OpenCode server."""
        return self._all(ServerSessionRow._make, sql.SERVER_SESSIONS, instance)

    def put_server_sessions(self, rows: Iterable[ServerSessionRow], instead_of: str = "") -> None:
        """Keep what a server told of its sessions; nothing else is kept of the instance `instead_of`."""
        with self._writing() as connection:
            connection.execute(sql.DROP_SERVER_SESSIONS, (instead_of,))
            connection.executemany(sql.PUT_SERVER_SESSION, [tuple(map(_storable_value, row)) for row in rows])

    @contextmanager
    def snapshot(self) -> Iterator[Self]:
        """See one moment of the database in every read inside."""
        with in_words(self.path):
            self._connection.execute(sql.SNAPSHOT)
            try:
                yield self
            finally:
                self._connection.execute("ROLLBACK")

    def verify(self) -> None:
        """Read every page; raises StoreDamagedError naming what is wrong first."""
        with in_words(self.path):
            require_sound(self._connection, self.path)

    def close(self) -> None:
        """Close the database; a second call does nothing."""
        with in_words(self.path):
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        if identity(self.path) != self._file:
            raise StoreError(f"{self.path} was removed or replaced while it was in use; stop, and put it back")
        with transaction(self._connection, self.path) as connection:
            yield connection

    def _last_seq(self) -> int:
        found = self._first(tuple, sql.NEWEST_SEQ)
        return int(found[0]) if found else 0

    def _placed(self, query: str, run: str) -> list[TaskRow]:
        try:
            return sorted(self._all(TaskRow._make, query, run), key=_PLACE)
        except TypeError:
            raise damaged(self.path, "the place of a task is no number") from None

    def _all(self, make: Callable[[Any], Row], query: str, *values: Any) -> list[Row]:
        with in_words(self.path):
            return list(map(make, self._connection.execute(query, values)))

    def _first(self, make: Callable[[Any], Row], query: str, *values: Any) -> Row | None:
        with in_words(self.path):
            row = self._connection.execute(query, values).fetchone()
            return None if row is None else make(row)


AnyStore = Store | MemoryStore


def _event_values(event: Event) -> tuple[Any, ...]:
    return (*event[:7], _AS_JSON(dict(event.data)) if event.data else "{}")


def _event(row: tuple[Any, ...]) -> Event:
    return Event._make((*row[:7], _read(str(row[7])), row[8]))


def _storable(changes: Changes) -> Changes:
    """Replace what SQLite has no form for: lone surrogates (odd file names, agents) and integers over 64 bits."""

    def clean(row: Any) -> Any:
        return row._make(map(_storable_value, row))

    return Changes(
        events=tuple(map(clean, changes.events)),
        run=clean(changes.run) if changes.run else None,
        tasks=tuple(map(clean, changes.tasks)),
        attempts=tuple(map(clean, changes.attempts)),
        questions=tuple(map(clean, changes.questions)),
        requests=changes.requests,
        lanes=tuple(map(clean, changes.lanes)),
        nodes=tuple(map(clean, changes.nodes)),
    )


def _storable_value(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, int):
        return max(-_LARGEST, min(value, _LARGEST))
    return value
