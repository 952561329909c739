"""Looks after the workers that run: gathers the facts for the watchdog, tells its advice, acts by policy alone."""

import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from branchline import watchdog, workers
from branchline.config import Settings
from branchline.dispatch.jobs import Jobs
from branchline.dispatch.meter import Meter
from branchline.dispatch.permissions import Permissions
from branchline.engine import State
from branchline.errors import BranchlineError
from branchline.files import write_new
from branchline.model.run import AttemptRow, Event
from branchline.proc import Custody, cpu_of
from branchline.watchdog import Advice, Facts
from branchline.workers.transcript import Tail

RARELY = 15.0
"""Seconds between two looks at all workers; a fortieth of the limit of silence where that is less."""
TRANSCRIPT = 30.0
"""Seconds between two looks at the transcript of a worker that goes on writing."""
UNSAVED = "unsaved"
OPTIONS = ("wait", "resume", "retry", "cancel")
"""What a person may answer when a worker is hung."""


class Sample(NamedTuple):
    """What an earlier look found: the last output, and how much processor the tree had used when it was new.

    `at` is in seconds of the clock that counts while the machine is awake: the same for all processes of one boot.
    """

    output: float
    at: float
    cpu: float


class Watch:
    """One run's watch; what it has seen outlives it in a file, for a pulse looks only once."""

    def __init__(
        self,
        custody: Custody,
        jobs: Jobs,
        settings: Settings,
        folder: Path,
        steady: Callable[[], float] = time.monotonic,
        permissions: Permissions | None = None,
    ) -> None:
        self._permissions = permissions
        self._custody = custody
        self._jobs = jobs
        self._settings = settings
        self._steady = steady
        self._file = folder / "watch.json"
        self._samples, self._told, self._asked = _read(self._file)
        self._meter = Meter(jobs, settings)
        self._tails: dict[int, tuple[float, float, Tail]] = {}
        self._next = 0.0

    def look(self, state: State, now: float) -> list[Event]:
        """The events that a look gives: advice that has changed, questions, and by policy the end of who is stuck.

        What a worker uses is looked at each time where there is a budget, and else with the rest.
        """
        early = now < self._next <= now + RARELY
        used = self._meter.look(state, now) if state.policy.terms or not early else []
        asked = self._permissions.look(state, now) if self._permissions else []
        return [*used, *asked, *([] if early else self._look(state, now))]

    def _look(self, state: State, now: float) -> list[Event]:
        silence = self._settings.silence
        self._next = now + (min(RARELY, max(0.25, silence / 40)) if silence else RARELY)
        events: list[Event] = []
        live = [a for a in state.attempts.values() if a.state == "started" and a.purpose == "work" and not a.cause]
        for attempt in live:
            if _waits(state, attempt):
                continue  # a person is slow, and no worker
            facts = self._facts(state, attempt, now)
            advice = watchdog.judge(facts, now, silence)
            events += self._tell(attempt, advice, now)
            events += self._act(state, attempt, advice, facts, now) if advice.stuck else []
        self._forget(a.fence for a in live)
        return events

    def close(self) -> None:
        """Leave what was seen to the next coordinator; without room on the disk it begins anew."""
        seen = [self._samples, self._told, self._asked]
        if any(seen) or self._file.exists():
            try:
                write_new(self._file, json.dumps(seen))
            except (BranchlineError, OSError):
                return

    def _forget(self, live: Iterable[int]) -> None:
        kept = set(live)
        memories: tuple[dict[int, Any], ...] = (self._samples, self._tails, self._told, self._asked)
        for memory in memories:
            for fence in memory.keys() - kept:
                del memory[fence]

    def _facts(self, state: State, attempt: AttemptRow, now: float) -> Facts:
        """By `stat` of the log alone as long as the worker writes; its processes are looked at when it is silent."""
        fence, output = attempt.fence, self._jobs.last_output(attempt)
        started = attempt.started or now
        quiet = now - max(output, started) >= watchdog.idle_after(self._settings.silence)
        tail = self._tail(state, attempt, output, now, quiet)
        if not quiet:
            self._samples.pop(fence, None)
            return Facts(started, output, tail=tail)
        keeper = self._custody.keeper(fence)
        used = cpu_of(keeper) if keeper else 0.0
        sample, steady = self._samples.get(fence), self._steady()
        if sample is None or sample.output != output or sample.cpu > used or sample.at > steady:
            self._samples[fence] = Sample(output, steady, used)
            return Facts(started, output, bool(keeper), tail=tail)
        return Facts(started, output, bool(keeper), used - sample.cpu, steady - sample.at, tail)

    def _tail(self, state: State, attempt: AttemptRow, output: float, now: float, quiet: bool) -> Tail:
        seen, at, tail = self._tails.get(attempt.fence, (-1.0, 0.0, Tail()))
        if seen == output or (not quiet and now - at < TRANSCRIPT):
            return tail
        kind = self._jobs.worker(state.tasks[attempt.task].worker).kind
        tail = workers.tail(kind, self._jobs.folder(attempt))
        self._tails[attempt.fence] = (output, now, tail)
        return tail

    def _tell(self, attempt: AttemptRow, advice: Advice, now: float) -> list[Event]:
        """Advice is recorded when it changes; `running` need not be said of who was never anything else."""
        if advice.state == self._told.get(attempt.fence, "running") or (advice.stuck and attempt.fence in self._told):
            return []
        self._told[attempt.fence] = advice.state
        return [_event(attempt, "advised", advice.words, now, {"state": advice.state})]

    def _act(self, state: State, attempt: AttemptRow, advice: Advice, facts: Facts, now: float) -> list[Event]:
        tail = self._jobs.vault.deep(list(facts.tail.lines))
        if self._settings.on_hung == "ask":
            is_open = state.open_question(attempt.task) is not None
            lately = now - self._asked.get(attempt.fence, 0.0) <= self._settings.silence
            if is_open or not lately:
                self._asked[attempt.fence] = now  # who answers `wait` is not asked again before another such silence
            if is_open or lately:
                return []
            question = {"kind": "hung", "text": advice.words, "options": list(OPTIONS), "default": "wait"}
            return [
                _event(
                    attempt, "advised", advice.words, now, {"state": advice.state, "question": question, "tail": tail}
                )
            ]
        quiet = now - max(facts.last_output, facts.started)
        return self._ending(attempt, f"timeout: silent for {quiet:.0f} s", now, tail)

    def _ending(self, attempt: AttemptRow, cause: str, now: float, tail: list[str]) -> list[Event]:
        """Salvage first, then the wish to end a worker, with the end of its transcript; no salvage, no end."""
        try:
            ref = self._jobs.salvage(attempt)
        except (BranchlineError, OSError) as error:
            if self._told.get(attempt.fence) == UNSAVED:
                return []
            self._told[attempt.fence] = UNSAVED
            return [
                _event(
                    attempt,
                    "advised",
                    f"hung, and not stopped, for its work cannot be saved: {error}",
                    now,
                    {"state": UNSAVED},
                )
            ]
        return [_event(attempt, "stopping", cause, now, {"salvage": ref, "tail": tail})]


def _waits(state: State, attempt: AttemptRow) -> bool:
    """Whether an attempt waits for the answer of a person."""
    question = state.open_question(attempt.task)
    return question is not None and question.kind == "permission"


def _event(attempt: AttemptRow, kind: str, cause: str, now: float, data: dict[str, Any]) -> Event:
    return Event(now, attempt.run, kind, cause, attempt.task, attempt.attempt, attempt.fence, data)


def _read(path: Path) -> tuple[dict[int, Sample], dict[int, str], dict[int, float]]:
    """What a former watch has seen; one that cannot be read has seen nothing."""
    try:
        samples, told, asked = json.loads(path.read_text(encoding="utf-8"))
        return (
            {int(fence): Sample(*map(float, values)) for fence, values in samples.items()},
            {int(fence): str(state) for fence, state in told.items()},
            {int(fence): float(at) for fence, at in asked.items()},
        )
    except (OSError, ValueError, TypeError, AttributeError):
        return {}, {}, {}
