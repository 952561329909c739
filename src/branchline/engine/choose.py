"""Which tasks start now, what is under way, and how the run stands."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from branchline.budget import start_of
from branchline.engine import lanes, money
from branchline.engine.follow import back, next_merge, open_job
from branchline.engine.state import Command, Emit, Start, State, Stop
from branchline.model.moves import SATISFIED, RunState
from branchline.model.run import PERSONS, Event, LaneRow, TaskRow
from branchline.schedule import View, admit, next_batch, starved
from branchline.schedule import choose as take
from branchline.terminal.text import some


class Outcome(NamedTuple):
    """How a run stands: `state` and `reason` are for the run's row, `over` says that nothing can go on by itself."""

    state: RunState
    reason: str
    over: bool


def view(state: State, now: float, memory: int | None = None) -> View:
    """What the scheduler may look at; `memory` is how many workers the machine's memory allows, None: any number."""
    slots, closed = state.policy.slots, lanes.paused(state, now)
    return View(
        adjacency=state.adjacency,
        state=state.states,
        slots=slots if memory is None else min(slots, memory),
        limit="slot" if memory is None or memory >= slots else "memory",
        ready=state.ready,
        busy=state.busy,
        role=state.roles,
        mutex=state.mutexes,
        touch=state.touches,
        needs=state.needs,
        resources=state.policy.routing.resources,
        lane=lanes.ways(state, closed) if state.lanes else {},
        lanes={name: row.room for name, row in state.lanes.items() if name and row.room},
        pauses={name: (row.until, row.cause) for name, row in closed.items()},
        interval=state.intervals if state.policy.routing.stagger else {},
        last_start=state.last_start,
        now=now,
        due=state.ahead.due if state.ahead and not state.policy.batch else None,
        purse=(lambda: money.purse(state)) if state.policy.terms else None,
        only=state.policy.only,
    )


def choose(state: State, now: float, memory: int | None = None) -> list[Event]:
    """The events that start what can start now: retries that are due, then tasks for the free slots.

    With `batch` nothing new starts before the whole of the former batch has ended, but for what is left of it when
    starts are staggered. `memory` is how many workers the machine's memory allows, None: any number.
    """
    closed = lanes.paused(state, now)
    waiting = [state.tasks[task] for task in state.retrying]
    due = [(row, "due again") for row in waiting if is_due(row, now)]
    due += [(row, "another model is open") for row in waiting if not is_due(row, now) and _has_way(state, row, closed)]
    due += [(row, "the budget allows it") for row in money.affordable(state)]
    if due:
        return [Event(now, row.run, back(state, row), why, row.task, data={"resume": row.resume}) for row, why in due]
    if state.draining or not state.ready or len(state.slotted) >= state.policy.slots:
        return []
    seen = view(state, now, memory)
    turn = _batch(state, seen) if state.policy.batch else None
    chosen = take(seen, state.policy.strategy) if turn is None else admit(seen, turn, state.policy.strategy)
    left = [task for task in turn or () if task not in chosen]
    return [_dispatch(state, state.tasks[task], now, left, closed) for task in chosen]


def _has_way(state: State, row: TaskRow, closed: Mapping[str, LaneRow]) -> bool:
    """Whether a task that waits for its provider may go on with another model of the user's list."""
    return row.state == "paused" and state.policy.routing.detour(row, closed) is not row


def is_due(row: TaskRow, now: float) -> bool:
    """Whether the time of a retry has come; it has when the clock was set back since, for nobody knows how long it was."""
    return (row.retry_at or 0.0) <= now or now < row.changed


def _batch(state: State, seen: View) -> list[str]:
    """The batch that may start now: what is left of the one that was begun, or a new one when all of it has ended.

    What is left and cannot be paid for keeps no other one waiting.
    """
    left = [task for task in state.rest if task in state.ready]
    if state.busy or not money.unaffordable(state).keys() >= set(left):
        return left
    return next_batch(seen._replace(interval={}), state.policy.strategy, seen.slots)


def _dispatch(state: State, row: TaskRow, now: float, left: list[str], closed: Mapping[str, LaneRow]) -> Event:
    policy, routing = state.policy, state.policy.routing
    cause = f"{policy.strategy}: a slot is free"
    data: dict[str, Any] = {"batch": left} if left else {}
    way, tier = routing.detour(row, closed), routing.tier(row)
    if tier:
        own, way = routing.grades.get(row.task, routing.grade), way._replace(model=routing.model_of(way))
        cause += f"; tier {tier}{f', above its own {own}' if tier != own else ''}: {way.model}"
        data["model"] = way.model
    if way is not row and routing.lane(way) != routing.lane(row):
        lane, named = routing.lane(row), f"tier {tier}" if tier else "fallback_models"
        cause += f"; {way.model} as {named} has it, for provider {lane} is paused: {closed[lane].cause}"
        data["model"] = way.model
    if policy.terms:
        data["reserved"] = money.purse(state).reserve(start_of(way, routing.model_of(way)))
    return Event(now, row.run, "dispatching", cause, row.task, row.attempt + 1, None, data)


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


def outcome(state: State, now: float | None = None) -> Outcome:
    """How the run stands; "nothing to do", "waits for a person", "failed" and "deadlock" are different answers (I8).

    A pause that ends more than 15 m after `now` is not waited for; without `now` every pause is.
    """
    only = state.policy.only
    if state.busy.keys() & only if only else state.busy:  # the usual case, without a look at every task
        return Outcome("running", "", over=False)
    rows = [row for row in state.tasks.values() if not only or row.task in only]
    by_state: dict[str, list[str]] = {}
    for row in rows:
        by_state.setdefault(row.state, []).append(row.task)
    if "retrying" in by_state:
        return Outcome("running", "", over=False)
    pause = _pause(state, by_state, now)
    if pause:
        return pause
    stopped = starved(view(state, 0.0)) if by_state.get("ready") else {}
    broke = [row.task for row in rows if row.task in state.broke]
    short = money.unaffordable(state)
    if any(task not in stopped and task not in short for task in (*by_state.get("ready", ()), *broke)):
        return Outcome("running", "", over=False)
    waiting = [task for task in (*broke, *by_state.get("ready", ())) if task in short]
    if waiting:
        return Outcome("paused", f"{some(waiting)}: {short[waiting[0]]}", over=True)
    if stopped:
        return Outcome("waiting", f"{some(list(stopped))}: {next(iter(stopped.values()))}", over=True)
    if all(s in SATISFIED for s in by_state):
        whole = all(r.state in SATISFIED for r in state.tasks.values())
        skipped = " or skipped" if "skipped" in by_state else ""
        return Outcome("done", f"{'every task is' if whole else 'the chosen tasks are'} done{skipped}", over=True)
    if "failed" in by_state:
        return Outcome("failed", f"failed: {some(by_state['failed'])}", over=True)
    persons = [t for s in ("blocked", "held") for t in by_state.get(s, ())]
    if persons:
        return Outcome("waiting", PERSONS + some(persons), over=True)
    if "paused" in by_state:
        return Outcome("paused", f"paused: {some(by_state['paused'])}", over=True)
    return _stuck(state, by_state)


def _pause(state: State, by_state: dict[str, list[str]], now: float | None) -> Outcome | None:
    """Nothing goes on but by its provider's time: paused; None when something else may start."""
    waiting = [state.tasks[task] for task in by_state.get("paused", ()) if state.tasks[task].retry_at is not None]
    closed = lanes.paused(state, now) if now is not None and state.lanes else {}
    if any(_has_way(state, row, closed) for row in waiting):
        return Outcome("running", "", over=False)
    ready = [state.policy.routing.detour(state.tasks[task], closed) for task in by_state.get("ready", ())]
    if not (waiting or closed) or any(state.policy.routing.lane(row) not in closed for row in ready):
        return None
    ends = [row.retry_at or 0.0 for row in waiting] + [closed[state.policy.routing.lane(row)].until for row in ready]
    if not ends:
        return None
    far = now is not None and min(ends) - now > state.policy.backoff_limit
    named = some([row.task for row in (*waiting, *ready)])
    causes = sorted({row.reason for row in waiting} | {f"provider {n}: {row.cause}" for n, row in closed.items()})
    return Outcome("paused", f"paused: {named} ({causes[0]})", over=far)


def _stuck(state: State, by_state: dict[str, list[str]]) -> Outcome:
    pending = by_state.get("pending", [])
    outside = {b for t in pending for b in state.adjacency.before[t] if state.tasks[b].state not in SATISFIED}
    unmet = sorted(outside - set(pending))
    if by_state.get("cancelled") and not pending:
        return Outcome("cancelled", f"cancelled: {some(by_state['cancelled'])}", over=True)
    if unmet:
        return Outcome("waiting", f"{some(pending)} {'wait' if pending[1:] else 'waits'} for {some(unmet)}", over=True)
    return Outcome("failed", f"deadlock: {some(pending)} wait for each other", over=True)
