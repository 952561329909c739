"""Wishes of other processes, turned into events by the holder of the lock."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from branchline.dispatch.growth import Graph, with_edge, with_tasks
from branchline.engine import ADD, SPLIT, WAIT, State, back, free_id, pieces
from branchline.errors import GraphError
from branchline.model.moves import FINAL, TASK_MOVES
from branchline.model.plan import Task
from branchline.model.run import A_PERSON, TAKEN, Event, RequestRow, TaskRow

HUNG = {"resume": "interrupted: resume", "retry": "interrupted: retry", "cancel": "cancelled"}
"""What a person answers about a worker that is hung -> why it is stopped; `wait` stops nothing."""
Maker = Callable[[State, TaskRow, RequestRow, dict[str, Any], float], list[Event]]


def events_for(state: State, request: RequestRow, now: float, graph: Callable[[], Graph] = list) -> Iterable[Event]:
    """The events a request asks for; one that no longer fits is recorded with the reason and moves nothing.

    Each is to be folded before the next is asked for: it meets the state that the one before has left. `graph` gives the
    tasks of the run's graph, for an answer that changes it.
    """
    if request.verb == "cancel" and not request.task:
        return _cancel_run(state, request, now)
    row = state.tasks.get(request.task)
    if row is None:
        return [Event(now, state.run.run, "noted", f"{request.verb}: no task {request.task} in this run")]
    data = json.loads(request.data)
    events = MAKERS[request.verb](state, row, request, data, now)
    if request.verb == "answer" and events:
        events = [*_grown(state, row, data["text"], graph, now), *events]
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
    if question is None or row.state not in ("blocked", "running"):
        return []
    cause = (
        f"{data['text']} (its default, for nobody had answered by {data['deadline']})"
        if "deadline" in data
        else data["text"]
    )
    answered = _event(row, "answered", cause, now, {"question": question.id, "answer": data["text"]})
    live = state.live(row.task)
    stop = HUNG.get(data["text"]) if live and question.kind == "hung" else None
    if live is None or stop is None:
        return [answered]
    return [answered, Event(now, row.run, "stopping", stop, row.task, live.attempt, live.fence)]


def _grown(state: State, row: TaskRow, text: str, graph: Callable[[], Graph], now: float) -> list[Event]:
    """What an answer makes of the graph, before the task goes on: a new task first, or one that is there."""
    question = state.open_question(row.task)
    if question is None or question.kind != "prerequisite":
        return []
    try:
        if text == ADD:
            asked = question.text.rpartition("\n\n")[0] or question.text
            first = " ".join(asked.split())[:120]
            new = Task(
                free_id(state, row.task, "pre"),
                f"Provide what {row.task} needs: {first}",
                parent=row.parent,
                body=asked,
            )
            return [with_tasks(state, graph(), [new], row, now, first=True)]
        if text == SPLIT:
            start, _, number = free_id(state, row.task, "part").rpartition("-")
            about = f"It is a part of what {row.task} could not do in one piece: {row.title}"
            parts = [
                Task(f"{start}-{place}", piece, parent=row.parent, body=about)
                for place, piece in enumerate(pieces(question.text), int(number))
            ]
            return [with_tasks(state, graph(), parts, row, now, first=True)]
        if text.startswith(WAIT):
            return [with_edge(state, graph(), text.removeprefix(WAIT), row.task, now)]
    except GraphError as error:
        return [_event(row, "noted", f"the graph stays as it is: {error.message}", now)]
    return []


def _accept(state: State, row: TaskRow, request: RequestRow, data: dict[str, Any], now: float) -> list[Event]:
    if row.state != "held":
        return []
    words = f"accepted by {data.get('by') or A_PERSON}"
    if not row.attempt:
        return _again(state, row, words, now)
    # The wish may be older than the work that is held now: the level is then the one of the row.
    found = {"level": row.evidence or "unchecked", **data, "accepted": 1}
    return [_event(row, "merging", words, now, found)]


def _retry(state: State, row: TaskRow, request: RequestRow, data: dict[str, Any], now: float) -> list[Event]:
    if row.state in ("pending", "ready", "done"):
        return []
    given = {name: data[name] for name in ("worker", "model", "note") if data.get(name)}
    return _again(state, row, "retry by a person", now, resume=int(bool(data.get("resume"))), **given)


def _taken(state: State, row: TaskRow, request: RequestRow, data: dict[str, Any], now: float) -> list[Event]:
    """A person has worked in the worktree and is done: their work is collected like a worker's."""
    return _again(state, row, "taken over by a person", now, resume=TAKEN) if row.attempt else []


def _cancel(state: State, row: TaskRow, request: RequestRow, data: dict[str, Any], now: float) -> list[Event]:
    live = state.live(row.task)
    if live:
        return [Event(now, row.run, "stopping", "cancelled", row.task, live.attempt, live.fence)]
    return [_event(row, "cancelled", "cancelled by a person", now)] if "cancelled" in TASK_MOVES[row.state] else []


def _cancel_run(state: State, request: RequestRow, now: float) -> Iterator[Event]:
    for task in list(state.tasks):
        row = state.tasks[task]
        if row.state not in FINAL:
            yield from _cancel(state, row, request, {}, now)


def _skip(state: State, row: TaskRow, request: RequestRow, data: dict[str, Any], now: float) -> list[Event]:
    return [_event(row, "skipped", "skipped by a person", now)] if "skipped" in TASK_MOVES[row.state] else []


MAKERS: dict[str, Maker] = {
    "answer": _answer,
    "accept": _accept,
    "retry": _retry,
    "cancel": _cancel,
    "skip": _skip,
    "take-over": _taken,
}
