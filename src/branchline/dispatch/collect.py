"""What an ended attempt left behind, read into the data of its `ended` event."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from branchline import land
from branchline.dispatch import masks
from branchline.dispatch.history import History
from branchline.dispatch.jobs import Jobs
from branchline.dispatch.meter import bill
from branchline.engine import LOST
from branchline.errors import BranchlineError, InputError
from branchline.files import read_json, write_new
from branchline.model.moves import ClaimStatus
from branchline.model.run import AttemptRow, Claim, Exit, TaskRow

_AS_JSON = json.JSONEncoder(default=str).encode
_STOPS: dict[str, ClaimStatus] = {"timeout": "timeout", "output:": "failed"}
"""How the cause of a stop begins -> the claim it makes; any other is a person's wish."""


class Collector:
    """Reads claims and results; reading twice gives the same."""

    def __init__(self, jobs: Jobs, history: History) -> None:
        self._jobs = jobs
        self._history = history

    def read(
        self, attempt: AttemptRow, row: TaskRow, exit_: Exit, error: str = "", also: Sequence[TaskRow] = ()
    ) -> dict[str, Any]:
        """The data of the attempt's `ended` event: exit, signal, lost, and `claim` (work) or `result` (our own jobs);
        `sandbox` says in words what walls a worker had, `unkept` says why our reading could not be left beside it; task ->
        result in `also`.

        `error` says why the attempt could not even be built; `also` are the tasks that a merge was to bring in too.
        """
        exit_ = _as_lost(exit_, attempt.cause)
        data: dict[str, Any] = {"exit": exit_.code, "signal": exit_.signal, "lost": exit_.lost}
        if attempt.purpose == "work":
            claim = self.shown(row, self._claim(attempt, row, exit_, error))
            data |= {} if error else self.walls(attempt, row)
            data["claim"] = {**claim._asdict(), "question": claim.question._asdict() if claim.question else None}
            try:
                self.keep(attempt, data)
            except InputError as fault:  # a worker that spoils its own folder holds nobody up: the event says the same
                data["unkept"] = fault.message
            if claim.status == "done" and self.checkless(attempt.task):
                data["claim"]["checkless"] = True
            return data
        result = _no("our own job could not be started", error) if error else self.found(attempt, row)
        if result is not None:
            data["lost"] = False
        data["result"] = result or _no("our own job ended without a result", self.tail(attempt))
        found = {each.task: self.found(attempt.part(each), each) for each in also if result}
        if any(found.values()):
            data["also"] = {task: verdict for task, verdict in found.items() if verdict}
        return data

    def _claim(self, attempt: AttemptRow, row: TaskRow, exit_: Exit, error: str) -> Claim:
        if error:
            return Claim("failed", f"the worker could not be started: {error}", error=error)
        cause = exit_.cause or (attempt.cause if attempt.cause == "cancelled" or exit_.lost else "")
        if exit_.lost:
            return _stopped(Claim("failed", "lost: nobody saw the worker end", error=LOST), cause)
        try:
            return _stopped(self.said(attempt, row, exit_), cause)
        except BranchlineError as fault:
            return Claim("failed", f"the worker's answer cannot be read: {fault}", error=str(fault))

    def said(self, attempt: AttemptRow, row: TaskRow, exit_: Exit) -> Claim:
        """What the worker claims; raises BranchlineError when it cannot be read."""
        job = self._jobs.started(attempt, row)
        claim = self._jobs.adapter(row).claim(job, exit_)
        used = claim.cost or claim.extra  # who tells of nothing used costs nothing
        return claim._replace(cost=bill(self._jobs.settings, self._jobs, row, claim, job.model)) if used else claim

    def walls(self, attempt: AttemptRow, row: TaskRow) -> dict[str, Any]:
        """The sandbox that the worker had, in words, and what is known of the token it had, if any."""
        token = self._jobs.boxes.token(attempt)
        return {"sandbox": self._jobs.walls(row), **({"token": token} if token else {})}

    def shown(self, row: TaskRow, claim: Claim) -> Claim:
        """A claim as it may be recorded, and told to others: what its texts must not show is masked."""
        claim = masks.claim(self._jobs.vault, claim)
        self._history.hear(row, claim.summary)
        return claim

    def checkless(self, task: str) -> bool:
        """Whether a check job could find out nothing about a task; then none is started."""
        return self._jobs.checkless(task)

    def found(self, attempt: AttemptRow, row: TaskRow) -> dict[str, Any] | None:
        """What our own job found, with the verdict on it; None when it left no result."""
        path = self._jobs.folder(attempt) / "result.json"
        if not path.exists():
            return None
        result = masks.result(self._jobs.vault, read_json(path))
        task = self._jobs.tasks[attempt.task]
        if attempt.purpose == "check":
            _, level = land.checks_for(task, self._jobs.draft.gate)
            isolated, read_only = self._jobs.site.repository is not None, self._jobs.read_only(row.role)
            frozen = self._jobs.frozen
            verdict = land.judge_checks(task, level, result, isolated=isolated, read_only=read_only, frozen=frozen)
            reasons = [masks.steering(self._history.summary(row)), verdict.needs_person]
            return verdict._replace(needs_person="; ".join(filter(None, reasons)))._asdict()
        if attempt.purpose == "merge":
            return land.judge_merge(self._history.verdict(row), result)._asdict()
        return result

    def keep(self, attempt: AttemptRow, data: Mapping[str, Any]) -> None:
        """Leave our reading beside what was read, for people."""
        folder = self._jobs.path(attempt)
        write_new(f"{folder}/exit.json", _AS_JSON({k: data[k] for k in ("exit", "signal", "lost")}) + "\n")
        write_new(f"{folder}/claim.json", _AS_JSON(data["claim"]) + "\n")

    def tail(self, attempt: AttemptRow) -> str:
        """The last words of our own job."""
        try:
            text = (self._jobs.folder(attempt) / "output.log").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return self._jobs.vault.mask(text[-2000:]).text


def _no(cause: str, error: str) -> dict[str, Any]:
    return {"ok": False, "cause": cause, "checks": [], "error": error}


def _as_lost(exit_: Exit, asked: str) -> Exit:
    """An end that custody made and nobody asked for (its guard was killed) says nothing about the worker."""
    unasked = exit_.cause and not asked and not exit_.cause.startswith(("timeout", "output:"))
    return exit_._replace(lost=True, cause="") if unasked else exit_


def _stopped(claim: Claim, cause: str) -> Claim:
    """We stopped the worker, so what it said does not count; its session and its cost do."""
    if not cause:
        return claim
    status: ClaimStatus = next((made for word, made in _STOPS.items() if cause.startswith(word)), "cancelled")
    return claim._replace(status=status, summary=cause, error=cause, question=None)
