"""The processes of a simulated world, who reads what they leave, and who watches them."""

from collections.abc import Mapping, Sequence, Set
from typing import Any, Protocol

from branchline.config import Settings
from branchline.dispatch.collect import Collector
from branchline.engine import State
from branchline.errors import StoreFullError
from branchline.model.money import Amount
from branchline.model.run import AttemptRow, Claim, Event, Exit, TaskRow

GOOD: Mapping[str, Any] = {"ok": True, "checks": ({"command": "true", "exit": 0},), "level": "checked", "error": ""}


class Process:
    """One attempt as custody knows it: asked for, running, or over with its exit and what it left."""

    __slots__ = ("also", "attempt", "cause", "exit", "left", "runs", "state", "used")

    def __init__(self, attempt: AttemptRow) -> None:
        self.attempt = attempt
        self.state = "asked"
        self.cause = ""
        self.exit = Exit(None, None, lost=True)
        self.left: Claim | dict[str, Any] | None = None
        self.also: dict[str, dict[str, Any]] = {}
        self.runs = 0
        self.used = Amount()


class Branch(Protocol):
    """The integration branch, each merge with its commit, task and attempt, oldest first; and the plan's ticked boxes."""

    @property
    def tip(self) -> Sequence[tuple[str, str, int]]: ...

    @property
    def ticked(self) -> Set[str]: ...


class Facts(Protocol):
    """What the oracle may ask of a world: how it really is."""

    now: float
    memory: float | None
    settings: Settings

    @property
    def processes(self) -> Mapping[int, Process]: ...

    @property
    def git(self) -> Branch: ...


class Reading(Collector):
    """The real collector, but for the files it would read."""

    def __init__(self, processes: Mapping[int, Process]) -> None:
        self._processes = processes
        self.full = 0

    def said(self, attempt: AttemptRow, row: TaskRow, exit_: Exit) -> Claim:
        left = self._processes[attempt.fence].left
        return left if isinstance(left, Claim) else Claim("no_output", error="nothing was said")

    def found(self, attempt: AttemptRow, row: TaskRow) -> dict[str, Any] | None:
        process = self._processes[attempt.fence]
        left = process.left if process.attempt.task == row.task else process.also.get(row.task)
        return left if isinstance(left, dict) else None

    def walls(self, attempt: AttemptRow, row: TaskRow) -> dict[str, Any]:
        return {}

    def shown(self, row: TaskRow, claim: Claim) -> Claim:
        return claim

    def checkless(self, task: str) -> bool:
        return False

    def keep(self, attempt: AttemptRow, data: Mapping[str, Any]) -> None:
        if self.full:
            self.full -= 1
            raise StoreFullError("the disk of this world has no room for exit.json")

    def tail(self, attempt: AttemptRow) -> str:
        return ""


class Eyes:
    """The watch over workers, which sees what they have used, and else what it is told to see."""

    def __init__(self, processes: Mapping[int, Process]) -> None:
        self._processes = processes
        self.next = ""

    def look(self, state: State, now: float) -> list[Event]:
        """Meter the workers, and end the oldest for its silence, or ask about it."""
        live = [a for a in state.attempts.values() if a.state == "started" and a.purpose == "work"]
        used = [(a, self._processes[a.fence].used) for a in live if a.fence in self._processes]
        metered = [
            Event(now, a.run, "metered", "", a.task, a.attempt, a.fence, {"tokens": u.tokens, "cost": u.usd})
            for a, u in used
            if (u.usd, u.tokens) != (a.cost, a.tokens)
        ]
        return metered + self._stuck([a for a in live if not a.cause], now)

    def _stuck(self, live: list[AttemptRow], now: float) -> list[Event]:
        seen, self.next = self.next, ""
        if not seen or not live:
            return []
        attempt, words = live[0], "timeout: silent for 600 s"
        question = {"kind": "hung", "text": words, "options": ["wait", "retry"]}
        kind, data = ("stopping", {}) if seen == "stop" else ("advised", {"state": "hung", "question": question})
        return [Event(now, attempt.run, kind, words, attempt.task, attempt.attempt, attempt.fence, data)]

    def close(self) -> None:
        """Nothing to leave."""
