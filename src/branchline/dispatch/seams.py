"""What the coordinator needs of custody, of the builder of processes, of the reader of their results and of the watch.

The real ones stand in `proc`, `jobs`, `collect` and `watch`; the simulated world has its own.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Protocol

from branchline.engine import State
from branchline.model.run import AttemptRow, Event, Exit, TaskRow
from branchline.proc import Ended, Spawn, Started


class Keeper(Protocol):
    """Custody, as `proc.Custody` describes it."""

    def start(self, spawn: Spawn) -> None: ...

    def stop(self, fence: int, grace: float, cause: str) -> None: ...

    def adopt(self, fences: Iterable[int]) -> dict[int, str]: ...

    def poll(self, timeout: float, extra: Sequence[int] = ()) -> list[Started | Ended]: ...

    def close(self) -> None: ...


class Builder(Protocol):
    """What makes a process of an attempt and looks after worktrees, as `jobs.Jobs` describes it."""

    def spawn(self, attempt: AttemptRow, row: TaskRow, tip: str, also: Sequence[TaskRow] = ()) -> Spawn: ...

    def hold_tip(self, run: str, commit: str, merging: Collection[tuple[str, int]] = ()) -> str: ...

    def settle(self, row: TaskRow) -> None: ...

    def write_back(self, rows: Iterable[TaskRow] = (), *, at_once: bool) -> None: ...

    def worktrees(self, run: str) -> list[str]: ...

    def salvage(self, attempt: AttemptRow) -> str: ...


class Reader(Protocol):
    """What reads the result of an ended attempt, as `collect.Collector` describes it."""

    def read(
        self, attempt: AttemptRow, row: TaskRow, exit_: Exit, error: str = "", also: Sequence[TaskRow] = ()
    ) -> dict[str, Any]: ...


class Looker(Protocol):
    """What looks after the workers that run, as `watch.Watch` describes it."""

    def look(self, state: State, now: float) -> list[Event]: ...

    def close(self) -> None: ...
