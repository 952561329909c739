"""Which session an attempt goes on with, and the end of those that nobody needs any more."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from branchline import workers
from branchline.config import WorkerSettings
from branchline.dispatch.history import History
from branchline.errors import NotFoundError, RemoteError
from branchline.model.run import AttemptRow, TaskRow

OWN: Final = "task"
"""The scope of a session that belongs to one task; the others are `branch`, the leaves of one parent, and `run`."""


class Sessions:
    """Those of one run; `inline`: one session does all of its tasks."""

    def __init__(self, history: History, folder: Callable[[AttemptRow], Path], *, inline: bool) -> None:
        self._history = history
        self._folder = folder
        self._inline = inline

    def of(self, row: TaskRow, worker: WorkerSettings) -> str:
        """The task's own session, or the last of those that it shares it with; "" for a new one.

        A second try that is not to go on with its own begins afresh, for the shared one may be what failed.
        """
        scope = "run" if self._inline else worker.session
        if row.resume or scope == OWN or row.tries > 1:
            return row.session if row.resume else ""
        return next((each.session for each in self._history.worked(row, self._tasks(row, scope))), "")

    def forget(self, row: TaskRow, worker: WorkerSettings) -> None:
        """Delete the sessions of a task that is done, where the user wants it and no other task may still need them.

        Raises RemoteError for a server that does not answer.
        """
        if not worker.delete_sessions:
            return
        tasks = self._tasks(row, worker.session)
        if self._history.others_done(row, tasks):
            forget(worker, self._history.worked(row, tasks), self._folder)

    def _tasks(self, row: TaskRow, scope: str) -> frozenset[str] | None:
        if scope == OWN:
            return frozenset({row.task})
        return self._history.beside(row) if scope == "branch" else None


def forget(worker: WorkerSettings, attempts: Iterable[AttemptRow], folder: Callable[[AttemptRow], Path]) -> None:
    """Delete the sessions of attempts at their servers; raises RemoteError, naming it, for one that stays."""
    for session, attempt in {each.session: each for each in attempts if each.session}.items():
        try:
            workers.forget(worker.kind, folder(attempt), session)
        except NotFoundError:
            continue  # somebody was faster
        except (RemoteError, OSError, ValueError) as error:
            raise RemoteError(f"the session {session} of task {attempt.task} stays: {error}") from None
