"""Lanes: a provider in trouble halves its lane and pauses it; each answer it gives brings one worker back.

No task pays for its provider: a pause spends no try (DESIGN, sections 6 and 8).
"""

from collections.abc import Mapping
from typing import Any

from branchline.engine.state import Column, Command, Emit, State
from branchline.model.run import Event, LaneRow, TaskRow

LONGEST = 7 * 86400.0
"""Seconds of the longest pause that a provider's header is believed."""
BELIEVED = 5
"""Strikes in a row whose headers are believed; after more of them our own back-off counts too, which ends in a pause that no
run waits for: a provider that never answers keeps nothing waiting for ever."""
_ANSWERED = frozenset({"done", "blocked", "partial", "permission"})
"""Claims that only a worker makes whose provider answered it."""


def trouble(claim: Mapping[str, Any]) -> str:
    """What kept a worker's provider from answering: a limit, an error of its own, no way to it; "" for anything else."""
    if claim["status"] == "rate_limited":
        return "rate limit"
    extra = claim.get("extra") or {}
    if claim["status"] == "failed" and extra.get("cause") == "unreachable":
        return "unreachable"
    status = extra.get("status")
    server = claim["status"] == "failed" and isinstance(status, int) and 500 <= status <= 599
    return "server error" if server else ""


def after_trouble(state: State, row: TaskRow, event: Event, what: str) -> list[Command]:
    """Pause the lane and the task until the provider's own time, else with a back-off that doubles.

    Workers that were at work together meet the same limit together: that is one strike, not many.
    """
    name, claim = state.policy.routing.lane(row), event.data
    lane = state.lanes.get(name) or LaneRow(row.run, name)
    attempt = state.attempts.get(row.fence)
    anew = attempt is None or not lane.strikes or attempt.intended > lane.since
    strikes, room = lane.strikes + anew, lane.room
    if anew and what == "rate limit":
        room = max(1, min(room or state.policy.slots, _at_work(state, name)) // 2)
    known = lane.until if event.at >= lane.since else 0.0  # the clock was set back: that pause is over
    until = max(known, event.at + _wait(state, event, strikes))
    said = (claim.get("error") or claim.get("summary") or "").strip().partition("\n")[0][:200]
    often = f"{what}, {strikes} times in a row" if strikes > 1 else what
    cause = f"{often}: {said}" if said else often
    since = event.at if anew or event.at > lane.until else lane.since  # after the end of a pause begins another one
    facts = {"lane": name, "room": room, "until": until, "strikes": strikes, "since": since}
    pause = {"at": until, "resume": 1, "free": True}
    return [
        Emit(Event(event.at, row.run, "lane", cause, data=facts)),
        Emit(Event(event.at, row.run, "paused", f"provider {name}: {cause}", row.task, row.attempt, None, pause)),
    ]


def _wait(state: State, event: Event, strikes: int) -> float:
    """Seconds until the provider's own time (by a header) as long as it is believed, else a back-off."""
    extra = event.data.get("extra") or {}
    said, moment = extra.get("retry_after"), extra.get("reset_at")
    wait = said if isinstance(said, int | float) else moment - event.at if isinstance(moment, int | float) else 0.0
    if wait <= 0:
        return backoff(state, strikes, event.data)
    own = backoff(state, strikes - BELIEVED, event.data) if strikes > BELIEVED else 0.0
    return max(min(float(wait), LONGEST), own)


def backoff(state: State, times: int, data: Mapping[str, Any]) -> float:
    """Seconds to wait after the n-th trouble: 30 s, doubling, to 15 m (DESIGN, section 6), and up to a quarter more.

    The quarter is `jitter` (0..1) of the recorded data, so that the pure engine draws no lots.
    """
    policy = state.policy
    base = min(policy.backoff * 2 ** min(max(times, 1) - 1, 20), policy.backoff_limit)
    return float(base * (1 + float(data.get("jitter") or 0.0) / 4))


def _at_work(state: State, name: str) -> int:
    return sum(1 for task in state.slotted if state.lane_names[task] == name)


def after_answer_of(state: State, row: TaskRow, event: Event) -> list[Command]:
    """A provider that answers has no strikes any more, and its lane grows by one until no limit is left."""
    lane = state.lanes.get(state.policy.routing.lane(row)) if state.lanes else None
    if lane is None or event.data["status"] not in _ANSWERED or lane.until > event.at:
        return []
    room = lane.room + 1 if 0 < lane.room < state.policy.slots - 1 else 0
    facts = {"lane": lane.lane, "room": room, "until": 0.0, "strikes": 0, "since": lane.since}
    return [Emit(Event(event.at, row.run, "lane", "it answers again", data=facts))]


def fold(state: State, event: Event) -> list[Command]:
    """Keep what an event says of a lane."""
    data = event.data
    row = LaneRow(
        event.run, data["lane"], data["room"], data["until"], event.cause, data["strikes"], data.get("since", event.at)
    )
    state.put_lane(row)
    return []


def paused(state: State, now: float) -> dict[str, LaneRow]:
    """The lanes in which nothing starts now; a pause from before the clock was set back is over."""
    return {name: row for name, row in state.lanes.items() if row.until > now >= row.since}


def ways(state: State, closed: Mapping[str, LaneRow]) -> Mapping[str, str]:
    """Task -> the lane it runs in, or would start in now: one that may fall back to an open lane is counted there."""
    routing = state.policy.routing
    if not (closed and (routing.models or routing.tiers)):
        return state.lane_names
    return Column(state.tasks, lambda row: routing.lane(routing.detour(row, closed)))
