"""Why a task is where it is: its state, how it came there, and what would move it on."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from branchline.model.moves import BUSY
from branchline.model.run import LEFT_BEHIND, AttemptRow, Event, QuestionRow, TaskRow
from branchline.report.proof import answer_with, run_flag
from branchline.report.standing import states
from branchline.terminal.text import because, duration, lines, safe, some

_HISTORY: Final = 12
_EVENT: Final = ("at", "kind", "cause", "attempt")
_ATTEMPT: Final = ("attempt", "purpose", "worker", "state", "exit", "signal", "cause")
_PLAIN: Final = {
    "pending": "it waits for its turn",
    "ready": "it can start as soon as a slot is free",
    "dispatching": "its worker is being started",
    "running": "its worker is at work",
    "claimed": "its worker has ended, and what it says is being read",
    "checking": "its checks are being run",
    "merging": "its work is being merged and checked again",
    "done": "it is done",
    "blocked": "it waits for an answer",
    "retrying": "it will be tried again",
    "paused": "its provider or its budget is paused",
    "held": "it is held until a person decides",
    "failed": "it failed",
    "cancelled": "it was cancelled",
    "skipped": "a person skipped it",
}


def why(
    task: TaskRow,
    events: Sequence[Event],
    attempts: Sequence[AttemptRow] = (),
    questions: Sequence[QuestionRow] = (),
    tasks: Sequence[TaskRow] = (),
    behind: str = "",
    *,
    newest: bool = True,
) -> dict[str, Any]:
    """Return why a task waits or what became of it: `task, state, reason, since, history, attempts, questions, next`.

    `behind` is the task before it that waits for a person: what moves that one on moves this one on. The commands of `next`
    name the run where it is not the `newest`.

    `tasks` are all tasks of the run: a composite's state and reason come from those below it. `history` holds the
    task's last events, what was metered aside, as {at, kind, cause, attempt}; `since` is in seconds since the epoch, 0
    when nothing happened.
    """
    own = [event for event in events if event.task == task.task and event.kind != "metered"]
    asked = _asked(questions, task)
    said = f"it asks: {asked[0].text}" if asked else ""
    below = [other for other in tasks if other.parent == task.task]
    found = states(tasks) if below else {}
    state = found.get(task.task, task.state)
    return {
        "task": task.task,
        "title": task.title,
        "state": state,
        "reason": task.reason or said or _below(below, found) or _PLAIN.get(state, ""),
        "since": task.changed or (own[-1].at if own else 0.0),
        "history": [{name: getattr(event, name) for name in _EVENT} for event in own[-_HISTORY:]],
        "attempts": _attempts([attempt for attempt in attempts if attempt.task == task.task]),
        "questions": [{"kind": question.kind, "text": question.text} for question in asked],
        "behind": behind,
        "next": [
            command
            for each in ([other for other in tasks if other.task == behind] if behind else [task])
            for command in _next(
                each, found.get(each.task, each.state), _asked(questions, each), run_flag(task.run, newest)
            )
        ],
    }


def _below(below: Sequence[TaskRow], found: Mapping[str, str]) -> str:
    """Return what keeps a composite open: those below it that are not done."""
    left = [f"{other.task} {found[other.task]}" for other in below if found[other.task] not in ("done", "skipped")]
    return f"{len(below) - len(left)} of {len(below)} below it are done; left: {some(left)}" if left else ""


def _attempts(attempts: Sequence[AttemptRow]) -> list[dict[str, Any]]:
    return [
        {name: getattr(attempt, name) for name in _ATTEMPT} | {"seconds": _seconds(attempt)}
        for attempt in sorted(attempts, key=lambda row: row.fence)[-_HISTORY:]
    ]


def _seconds(attempt: AttemptRow) -> float | None:
    if attempt.started is None or attempt.ended is None:
        return None
    return max(0.0, attempt.ended - attempt.started)


def _asked(questions: Sequence[QuestionRow], task: TaskRow) -> list[QuestionRow]:
    return [question for question in questions if question.task == task.task and question.answer is None]


def _next(task: TaskRow, state: str, asked: Sequence[QuestionRow], flag: str) -> list[str]:
    """Return the commands that would move the task on; nothing that destroys anything."""
    if task.kind == "composite" or task.reason == LEFT_BEHIND:
        return []
    if asked:
        return [answer_with(task.task, question.kind, flag=flag) for question in asked]
    if task.reason.startswith("budget: "):
        return ["branchline budget", "branchline execute --budget AMOUNT"]
    name = safe(task.task) + flag
    by_state = {
        "held": [f"branchline evidence {name}", f"branchline accept {name}", f"branchline retry {name}"],
        "failed": [
            f"branchline logs {name}",
            f'branchline retry {name} --note "..."    (another agent: --worker NAME)',
            f"branchline take-over {name}",
            f"branchline skip {name}",
        ],
        "cancelled": [f"branchline retry {name}", f"branchline skip {name}"],
        "blocked": [f"branchline inbox{flag}"],
        "paused": [f"branchline retry {name} --worker NAME"],
        "done": [f"branchline evidence {name}"],
    }
    return [f"branchline logs {name} -f"] if state in BUSY else by_state.get(state, [])


def why_text(found: Mapping[str, Any], now: float) -> str:
    """Return `why` in words; `now` is in seconds since the epoch."""
    since = f", for {duration(now - found['since'])}" if found["since"] else ""
    first, *more = lines(because(found["state"], found["reason"]))
    shown = [f"{safe(found['task'])} {safe(found['title'])}", f"  {found['state']}{since}: {first}"]
    shown += [f"    {line}" for line in more]
    shown += _section("attempts", [_attempt_words(attempt) for attempt in found["attempts"]])
    shown += _section("history", [_event_words(event, now) for event in found["history"]])
    shown += _section("next", found["next"])
    return "\n".join(shown)


def _section(name: str, body: Sequence[str]) -> list[str]:
    return ["", f"{name}:", *(f"  {line}" for line in body)] if body else []


def _attempt_words(attempt: Mapping[str, Any]) -> str:
    ended = _ending(attempt)
    took = "" if attempt["seconds"] is None else f" after {duration(attempt['seconds'])}"
    cause = f": {safe(attempt['cause'])}" if attempt["cause"] else ""
    worker = f" by {safe(attempt['worker'])}" if attempt["worker"] else ""
    return f"{attempt['attempt']} {attempt['purpose']}{worker}, {ended}{took}{cause}"


def _ending(attempt: Mapping[str, Any]) -> str:
    if attempt["state"] != "ended":
        return "not started yet" if attempt["state"] == "intended" else "still running"
    if attempt["signal"] is not None:
        return f"ended by signal {attempt['signal']}"
    return "ended, exit not recorded" if attempt["exit"] is None else f"ended with exit {attempt['exit']}"


def _event_words(event: Mapping[str, Any], now: float) -> str:
    cause = f": {safe(' '.join(event['cause'].split()))}" if event["cause"] else ""
    again = f" (attempt {event['attempt']})" if event["attempt"] else ""
    return f"{duration(now - event['at'])} ago  {safe(event['kind'])}{again}{cause}"
