"""One event, folded into the state: every move is checked against the table of legal moves."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from branchline.engine import lanes, money
from branchline.engine.follow import (
    after_answer,
    after_attempt,
    after_check,
    after_claim,
    after_dispatch,
    after_release,
    after_return,
    after_start,
    next_merge,
    open_job,
)
from branchline.engine.state import Command, Emit, Settle, Start, State, Stop
from branchline.graph.adjacency import Adjacency
from branchline.model.money import Amount
from branchline.model.moves import (
    ATTEMPT_MOVES,
    RUN_MOVES,
    SATISFIED,
    TASK_MOVES,
    TaskState,
    check_move,
)
from branchline.model.run import AttemptRow, Event, NodeRow, QuestionRow, TaskRow

Handler = Callable[[State, Event], list[Command]]


def step(state: State, event: Event) -> tuple[State, tuple[Command, ...]]:
    """Fold one event into the state and say what must happen next.

    Consumes `state`. A late fact about an attempt that has ended, or that was never this task's, is recorded and
    changes nothing (I7). Raises IllegalMoveError for a move that is not in the table.
    """
    state.put_event(event)
    if _is_late(state, event):
        return state, ()
    return state, tuple(HANDLERS[event.kind](state, event))


def replay(state: State, events: Iterable[Event]) -> State:
    """Fold recorded events into a fresh state; the commands were carried out when the events were new."""
    for event in events:
        state, _ = step(state, event)
    return state


def _is_late(state: State, event: Event) -> bool:
    if event.kind not in ("started", "metered", "ended") or event.fence is None:
        return False
    row = state.attempts.get(event.fence)
    return row is None or row.state == "ended" or (event.kind == "started" and row.state == "started")


def move(state: State, event: Event, **changes: Any) -> TaskRow:
    """Move the event's task to the state the event names; the cause becomes the reason."""
    row = state.tasks[cast(str, event.task)]
    check_move(TASK_MOVES, row.state, event.kind, f"task {row.task} in run {row.run}")
    if row.state in ("blocked", "held", "running"):
        _close_questions(state, row.task, event)
    row = row._replace(state=cast(TaskState, event.kind), reason=event.cause, changed=event.at, **changes)
    state.put_task(row)
    state.arriving.discard(row.task)
    return row


def _close_questions(state: State, task: str, event: Event) -> None:
    """A task that goes on, or is gone, has no open question left."""
    for question in [q for q in state.questions.values() if q.task == task and q.answer is None]:
        state.put_question(question._replace(answer=event.cause, answered=event.at))


def _ready(state: State, event: Event) -> list[Command]:
    """A task may start, or may once its dependencies are done: released, due again, answered, sent back by a person."""
    before, data = state.tasks[cast(str, event.task)], event.data
    changes: dict[str, Any] = {"retry_at": None, "resume": int(data.get("resume", before.resume))}
    if data.get("person"):
        changes |= {"tries": 0, "fingerprint": "", "accepted": 0}
    for name in ("worker", "model", "note"):
        if data.get(name):
            changes[name] = data[name]
    row = move(state, event, **changes)
    return after_return(state, row, event) if before.state in SATISFIED else []


def _dispatching(state: State, event: Event) -> list[Command]:
    row = state.tasks[cast(str, event.task)]
    # What a person accepted was the work that was there, not what the next worker makes of it.
    model = event.data.get("model", row.model)
    row = move(state, event, attempt=event.attempt, tries=row.tries + 1, accepted=0, model=model)
    state.times.began[row.task] = event.at
    state.rest = tuple(event.data.get("batch") or ())
    if state.policy.routing.interval(row):
        state.last_start = event.at
    return after_dispatch(state, row, event)


def _intended(state: State, event: Event) -> list[Command]:
    """The intent to start a process; it is durable before the process exists."""
    task, fence, data = cast(str, event.task), cast(int, event.fence), event.data
    row = state.tasks[task]
    for name in (task, *data.get("also", ())):
        state.put_task(state.tasks[name]._replace(fence=fence, changed=event.at))
    state.next_fence = max(state.next_fence, fence + 1)
    state.put_attempt(
        AttemptRow(
            event.run,
            fence,
            task,
            cast(int, event.attempt),
            data["purpose"],
            "intended",
            role=row.role,
            worker=row.worker if data["purpose"] == "work" else "",
            model=data.get("model", row.model),
            intended=event.at,
            session=row.session,
        )
    )
    return [Start(fence)]


def _started(state: State, event: Event) -> list[Command]:
    attempt = state.attempts[cast(int, event.fence)]
    check_move(ATTEMPT_MOVES, attempt.state, "started", f"attempt {attempt.fence}")
    state.put_attempt(attempt._replace(state="started", started=event.at))
    return after_start(state, attempt, event)


def _ended(state: State, event: Event) -> list[Command]:
    """A process has ended and its tree with it; `data` holds the exit, and the claim or result that was read."""
    attempt, data = state.attempts[cast(int, event.fence)], event.data
    check_move(ATTEMPT_MOVES, attempt.state, "ended", f"attempt {attempt.fence}")
    claim = data.get("claim") or {}
    told = Amount(float(claim.get("cost") or 0.0), int(claim.get("tokens") or 0))
    # Who was lost tells nothing of what was metered, and of a log that was cut the end tells less.
    used = told if told.tokens >= attempt.tokens else attempt.used
    attempt = attempt._replace(
        state="ended",
        ended=event.at,
        exit=data.get("exit"),
        signal=data.get("signal"),
        cause=attempt.cause or event.cause,
        session=claim.get("session") or attempt.session,
        model=attempt.model or str((claim.get("extra") or {}).get("model") or ""),
        tokens=used.tokens,
        cost=used.usd,
    )
    state.put_attempt(attempt)
    row = state.tasks[attempt.task]
    if attempt.purpose == "work" and attempt.session != row.session:
        state.put_task(row._replace(session=attempt.session))
    return after_attempt(state, attempt, event)


def _stopping(state: State, event: Event) -> list[Command]:
    """A live attempt is to be ended; the wish is recorded so that a new coordinator carries it out too."""
    attempt = state.attempts[cast(int, event.fence)]
    # A merge may be that of others too, who wish nothing: `_after_train` asks each task for its own.
    reason = event.cause if attempt.purpose == "merge" else f"being stopped: {event.cause}"
    state.put_task(state.tasks[cast(str, event.task)]._replace(reason=reason))
    state.put_attempt(attempt._replace(cause=event.cause))
    return [Stop(attempt.fence, event.cause)]


def _running(state: State, event: Event) -> list[Command]:
    move(state, event)
    return []


def _advised(state: State, event: Event) -> list[Command]:
    """What the watchdog says of a worker: it moves nothing, and may ask a person."""
    row = state.tasks[cast(str, event.task)]
    if row.state != "running":
        return []
    state.put_task(row._replace(reason=event.cause))
    question = state.open_question(row.task)
    if event.data["state"] == "running" and question is not None and question.kind == "hung":
        _close_questions(state, row.task, event)
    return _ask(state, event) if event.data.get("question") else []


def _claimed(state: State, event: Event) -> list[Command]:
    return after_claim(state, move(state, event), event)


def _checking(state: State, event: Event) -> list[Command]:
    row = move(state, event)
    if event.data.get("checkless"):  # no process could find out more than that
        return after_check(state, row, event, {"ok": True, "level": "unchecked", "checks": []})
    return open_job(state, row, "check", event)


def _merging(state: State, event: Event) -> list[Command]:
    move(state, event, evidence=event.data.get("level", ""), accepted=int(event.data.get("accepted", 0)))
    if not state.policy.isolated:
        return [Emit(event._replace(kind="done", cause="checked in place; nothing was isolated", seq=0))]
    return next_merge(state, event)


def _done(state: State, event: Event) -> list[Command]:
    data = event.data
    row = move(state, event, evidence=data["level"], commit=data.get("commit", ""), resume=0, fingerprint="")
    state.tip = row.commit or state.tip
    state.learn(row)
    return [Settle(row.task), *after_release(state, row, event), *next_merge(state, event)]


def _skipped(state: State, event: Event) -> list[Command]:
    row = move(state, event)
    return after_release(state, row, event)


def _retrying(state: State, event: Event) -> list[Command]:
    """A task waits for a time: of its own (`retrying`) or of its provider (`paused`; without a time: of a budget)."""
    data = event.data
    row = state.tasks[cast(str, event.task)]
    move(
        state,
        event,
        retry_at=data.get("at"),
        resume=int(data.get("resume", 0)),
        fingerprint=data.get("fingerprint", row.fingerprint),
        model=data.get("model", row.model),
        session=data.get("session", row.session),
        tries=0 if "model" in data else max(0, row.tries - 1) if data.get("free") else row.tries,
    )
    return next_merge(state, event)


def _stopped(state: State, event: Event) -> list[Command]:
    """A task leaves the race: failed, cancelled or held."""
    data = event.data
    row = state.tasks[cast(str, event.task)]
    move(
        state,
        event,
        fingerprint=data.get("fingerprint", row.fingerprint),
        evidence=data.get("level", row.evidence),
    )
    if event.kind == "failed" and state.policy.fail_fast:
        state.draining = f"--fail-fast: {event.task} failed"
    question = _ask(state, event) if data.get("question") else []
    return [*question, *next_merge(state, event)]


def _blocked(state: State, event: Event) -> list[Command]:
    row = state.tasks[cast(str, event.task)]
    move(state, event, session=event.data.get("session", row.session))
    return [*_ask(state, event), *next_merge(state, event)]


def _ask(state: State, event: Event) -> list[Command]:
    """Put the question in the inbox; all else goes on."""
    asked: Mapping[str, Any] = event.data["question"]
    row = QuestionRow(
        event.run,
        state.next_question,
        cast(str, event.task),
        event.attempt or 0,
        asked["kind"],
        asked["text"],
        json.dumps(list(asked.get("options") or ())),
        asked.get("default") or "",
        asked.get("deadline") or "",
        event.at,
    )
    state.next_question += 1
    state.put_question(row)
    return []


def _answered(state: State, event: Event) -> list[Command]:
    question = state.questions[event.data["question"]]
    state.put_question(question._replace(answer=event.data["answer"], answered=event.at))
    row = state.tasks[question.task]
    if row.state == "running" and question.kind == "permission":
        state.put_task(row._replace(reason=f"answered: {event.cause}"))
    return after_answer(state, question, event)


def _replanned(state: State, event: Event) -> list[Command]:
    """An approved change of the plan: `data` holds the new graph, its digest and every row that the change touches."""
    data = event.data
    nodes = [NodeRow(event.run, task, text) for task, text in data["nodes"]]
    adjacency = Adjacency.build(
        (
            (node["id"], node.get("parent"), node.get("kind", "atomic"))
            for node in (json.loads(row.text) for row in nodes)
        ),
        map(tuple, json.loads(data["net"])["edges"]),
    )
    state.put_run(state.run._replace(**{name: data[name] for name in ("digest", "graph", "net", "source")}))
    state.put_graph(adjacency, [TaskRow(*row) for row in data["rows"]], nodes)
    for task in data["removed"]:
        _close_questions(state, task, event)
    return []


def _settings(state: State, event: Event) -> list[Command]:
    """The run goes on with other flags: `data.settings` is what it keeps of them."""
    state.put_run(state.run._replace(settings=event.data["settings"]))
    return []


def _noted(state: State, event: Event) -> list[Command]:
    return []


def _run_moved(state: State, event: Event) -> list[Command]:
    """The run itself: `data.state` is its new state; the cause its reason."""
    target = event.data["state"]
    if target != state.run.state:
        check_move(RUN_MOVES, state.run.state, target, f"run {state.run.run}")
    ended = None if target in ("running", "waiting", "paused") else event.at
    state.put_run(state.run._replace(state=target, reason=event.cause, ended=ended))
    return []


HANDLERS: dict[str, Handler] = {
    "pending": _ready,
    "ready": _ready,
    "dispatching": _dispatching,
    "intended": _intended,
    "started": _started,
    "metered": money.metered,
    "stopping": _stopping,
    "ended": _ended,
    "running": _running,
    "claimed": _claimed,
    "checking": _checking,
    "merging": _merging,
    "done": _done,
    "skipped": _skipped,
    "retrying": _retrying,
    "failed": _stopped,
    "cancelled": _stopped,
    "held": _stopped,
    "paused": _retrying,
    "blocked": _blocked,
    "answered": _answered,
    "advised": _advised,
    "noted": _noted,
    "lane": lanes.fold,
    "settings": _settings,
    "replanned": _replanned,
    "run": _run_moved,
}
"""What each kind of event does; the kinds are the states they lead to, and a few facts that move nothing."""
