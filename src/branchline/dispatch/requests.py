"""Wishes of other processes, turned into events by the holder of the lock."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from branchline.engine import State, back
from branchline.model.moves import TASK_MOVES
from branchline.model.run import Event, RequestRow, TaskRow

Maker = Callable[[State, TaskRow, RequestRow, dict[str, Any], float], list[Event]]


def events_for(state: State, request: RequestRow, now: float) -> list[Event]:
    """The events a request asks for; one that no longer fits is recorded with the reason and moves nothing."""
    row = state.tasks.get(request.task)
    if row is None:
        return [Event(now, state.run.run, "noted", f"{request.verb}: no task {request.task} in this run")]
    events = MAKERS[request.verb](state, row, request, json.loads(request.data), now)
    return events or [
        Event(now, state.run.run, "noted", f"{request.verb}: task is {row.state}; nothing changed", row.task)
    ]


def _event(row: TaskRow, kind: str, cause: str, now: float, data: Mapping[str, Any] | None = None) -> Event:
    return Event(now, row.run, kind, cause, row.task, row.attempt or None, None, data or {})


def _again(state: State, row: TaskRow, cause: str, now: float, **data: Any) -> list[Event]:
    """Back to the start, by a person's word: `ready`, or `pending` while a dependency is open."""
    kind = back(state, row)
    return [_event(row, kind, cause, now, {"person": True, **data})] if kind in TASK_MOVES[row.state] else []


def _answer(state: State, row: TaskRow, request: RequestRow, data: dict[str, Any], now: float) -> list[Event]:
    question = state.open_question(row.task)
    if question is None or row.state != "blocked":
        return []
    return [_event(row, "answered", data["text"], now, {"question": question.id, "answer": data["text"]})]


def _accept(state: State, row: TaskRow, request: RequestRow, data: dict[str, Any], now: float) -> list[Event]:
    if row.state != "held":
        return []
    if not row.attempt:
        return _again(state, row, "accepted by a person", now)
    # The wish may be older than the work that is held now: the level is then the one of the row.
    found = {"level": row.evidence or "unchecked", **data, "accepted": 1}
    return [_event(row, "merging", "accepted by a person", now, found)]


def _retry(state: State, row: TaskRow, request: RequestRow, data: dict[str, Any], now: float) -> list[Event]:
    if row.state in ("pending", "ready", "done"):
        return []
    given = {name: data[name] for name in ("worker", "model", "note") if data.get(name)}
    return _again(state, row, "retry by a person", now, resume=int(bool(data.get("resume"))), **given)


def _cancel(state: State, row: TaskRow, request: RequestRow, data: dict[str, Any], now: float) -> list[Event]:
    live = state.live(row.task)
    if live:
        return [Event(now, row.run, "stopping", "cancelled", row.task, live.attempt, live.fence)]
    return [_event(row, "cancelled", "cancelled by a person", now)] if "cancelled" in TASK_MOVES[row.state] else []


def _skip(state: State, row: TaskRow, request: RequestRow, data: dict[str, Any], now: float) -> list[Event]:
    return [_event(row, "skipped", "skipped by a person", now)] if "skipped" in TASK_MOVES[row.state] else []


MAKERS: dict[str, Maker] = {"answer": _answer, "accept": _accept, "retry": _retry, "cancel": _cancel, "skip": _skip}
