"""Which tasks start now, what is under way, and how the run stands."""

from typing import NamedTuple

from branchline.engine.follow import back, next_merge, open_job
from branchline.engine.state import Command, Emit, Start, State, Stop
from branchline.model.moves import BUSY, SATISFIED, RunState
from branchline.model.run import Event, TaskRow
from branchline.schedule import Queue, View, next_batch
from branchline.schedule import choose as take


class Outcome(NamedTuple):
    """How a run stands: `state` and `reason` are for the run's row, `over` says that nothing can go on by itself."""

    state: RunState
    reason: str
    over: bool


def view(state: State, now: float) -> View:
    """What the scheduler may look at."""
    ready: Queue | list[str] = state.ready
    if state.policy.only:
        ready = [task for task in state.ready if task in state.policy.only]
    return View(
        adjacency=state.adjacency,
        state=state.states,
        slots=state.policy.slots,
        ready=ready,
        busy=state.busy,
        role=state.roles,
        mutex=state.mutexes,
        now=now,
    )


def choose(state: State, now: float) -> list[Event]:
    """The events that start what can start now: retries that are due, then tasks for the free slots.

    With `batch` nothing new starts before the whole of the former batch has ended.
    """
    due = [row for row in (state.tasks[task] for task in state.retrying) if is_due(row, now)]
    if due:
        return [
            Event(now, row.run, back(state, row), "due again", row.task, data={"resume": row.resume}) for row in due
        ]
    if state.draining or (state.policy.batch and state.busy):
        return []
    if not state.ready or len(state.slotted) >= state.policy.slots:
        return []
    seen = view(state, now)
    if state.policy.batch:
        chosen = next_batch(seen, state.policy.strategy, state.policy.slots)
    else:
        chosen = take(seen, state.policy.strategy)
    return [_dispatch(state, state.tasks[task], now) for task in chosen]


def is_due(row: TaskRow, now: float) -> bool:
    """Whether the time of a retry has come; it has when the clock was set back since, for nobody knows how long it was."""
    return (row.retry_at or 0.0) <= now or now < row.changed


def _dispatch(state: State, row: TaskRow, now: float) -> Event:
    cause = f"{state.policy.strategy}: a slot is free"
    return Event(now, row.run, "dispatching", cause, row.task, row.attempt + 1)


def outstanding(state: State, now: float) -> list[Command]:
    """What must be under way according to the rows, for a coordinator that has just come.

    Attempts that were intended or started are taken up under their own number; a job that ended without a move
    (^C twice) is opened again.
    """
    commands: list[Command] = []
    opened: list[Command] = []
    for fence in sorted(state.attempts):
        attempt = state.attempts[fence]
        commands.append(Start(fence))
        if attempt.cause:
            commands.append(Stop(fence, attempt.cause))
    purposes = {"dispatching": "setup" if state.policy.isolated else "work", "checking": "check"}
    for row in state.tasks.values():
        if row.state in purposes and not state.live(row.task):
            opened += open_job(state, row, purposes[row.state], Event(now, row.run, "noted"))
    opened += next_merge(state, Event(now, state.run.run, "noted"))
    return commands + [_numbered(job, state.next_fence + place) for place, job in enumerate(opened)]


def _numbered(job: Command, fence: int) -> Command:
    """Jobs that are opened together get a number each: none is ever used twice."""
    return Emit(job.event._replace(fence=fence)) if isinstance(job, Emit) else job


def outcome(state: State) -> Outcome:
    """How the run stands; "nothing to do", "waits for a person", "failed" and "deadlock" are different answers (I8)."""
    rows = [r for r in state.tasks.values() if not state.policy.only or r.task in state.policy.only]
    by_state: dict[str, list[str]] = {}
    for row in rows:
        by_state.setdefault(row.state, []).append(row.task)
    if any(s in BUSY or s in ("ready", "retrying") for s in by_state):
        return Outcome("running", "", over=False)
    if all(s in SATISFIED for s in by_state):
        whole = all(r.state in SATISFIED for r in state.tasks.values())
        return Outcome("done", "every task is done" if whole else "the chosen tasks are done", over=True)
    if "failed" in by_state:
        return Outcome("failed", f"failed: {_names(by_state['failed'])}", over=True)
    persons = [t for s in ("blocked", "held") for t in by_state.get(s, ())]
    if persons:
        return Outcome("waiting", f"waits for a person: {_names(persons)}", over=True)
    if "paused" in by_state:
        return Outcome("paused", f"paused: {_names(by_state['paused'])}", over=True)
    return _stuck(state, by_state)


def _stuck(state: State, by_state: dict[str, list[str]]) -> Outcome:
    pending = by_state.get("pending", [])
    outside = {b for t in pending for b in state.adjacency.before[t] if state.tasks[b].state not in SATISFIED}
    unmet = sorted(outside - set(pending))
    if by_state.get("cancelled") and not pending:
        return Outcome("cancelled", f"cancelled: {_names(by_state['cancelled'])}", over=True)
    if unmet:
        return Outcome("waiting", f"{_names(pending)} wait for {_names(unmet)}", over=True)
    return Outcome("failed", f"deadlock: {_names(pending)} wait for each other", over=True)


def _names(tasks: list[str]) -> str:
    shown = ", ".join(tasks[:5])
    return shown if len(tasks) <= 5 else f"{shown} and {len(tasks) - 5} more"
