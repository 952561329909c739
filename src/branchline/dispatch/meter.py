"""What workers use while they are at work, read from their streams and put into money."""

from typing import Any

from branchline import budget, workers
from branchline.config import Settings
from branchline.dispatch.jobs import Jobs
from branchline.engine import State
from branchline.errors import BranchlineError
from branchline.model.run import AttemptRow, Claim, Event, TaskRow
from branchline.workers.stream import Gauge, facts


class Meter:
    """The gauges of the workers that are at work."""

    def __init__(self, jobs: Jobs, settings: Settings) -> None:
        self._jobs = jobs
        self._settings = settings
        self._gauges: dict[int, Gauge | None] = {}

    def look(self, state: State, now: float) -> list[Event]:
        """An event for each worker that has told of more usage; whoever tells none has none."""
        live = [a for a in state.attempts.values() if a.purpose == "work" and a.state == "started"]
        found = [self._look(attempt, state.tasks[attempt.task], now) for attempt in live]
        self._gauges = {a.fence: self._gauges[a.fence] for a in live}
        return [event for event in found if event]

    def _look(self, attempt: AttemptRow, row: TaskRow, now: float) -> Event | None:
        if attempt.fence not in self._gauges:
            self._gauges[attempt.fence] = self._gauge(attempt, row)
        gauge = self._gauges[attempt.fence]
        said = gauge.look() if gauge else None
        if said is None:
            return None
        claim = Claim("done", tokens=said.tokens, cost=said.cost, extra=facts(said))
        cost = bill(self._settings, self._jobs, row, claim, attempt.model)
        if (said.tokens, cost) == (attempt.tokens, attempt.cost):
            return None
        data: dict[str, Any] = {"tokens": said.tokens, "cost": cost, "model": claim.extra.get("model", "")}
        return Event(now, attempt.run, "metered", "", attempt.task, attempt.attempt, attempt.fence, data)

    def _gauge(self, attempt: AttemptRow, row: TaskRow) -> Gauge | None:
        try:
            return workers.gauge(self._jobs.worker(row.worker).kind, self._jobs.job(attempt, row))
        except BranchlineError:  # what is wrong with the worker is said where it is started and judged
            return None


def bill(settings: Settings, jobs: Jobs, row: TaskRow, claim: Claim, model: str) -> float:
    """What a worker's usage costs in US dollars: nothing on a subscription; by the user's price, its own word, the list."""
    model = str(claim.extra.get("model") or model)
    if jobs.is_flat(row.worker, model):
        return 0.0
    return budget.bill(model, claim.extra.get("usage") or {}, claim.cost, settings.prices)
