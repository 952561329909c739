"""Ask the coordinator for something; without one, say who will act."""

import json
import os
import pwd
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from branchline.errors import LockedError, UsageError
from branchline.model.run import LEFT_BEHIND, RunRow, TaskRow
from branchline.store import Store, held
from branchline.workflow.answer import Answer
from branchline.workflow.begin import resumed
from branchline.workflow.console import Console
from branchline.workflow.flags import Flags
from branchline.workflow.look import find_atomic, run_meant
from branchline.workflow.project import check_worker, folder_of, open_project
from branchline.workflow.pulse import tick_run

FITS = {
    "answer": {"blocked", "running"},
    "accept": {"held"},
    "retry": {"failed", "held", "cancelled", "skipped", "blocked", "paused", "retrying"},
    "skip": {"pending", "ready", "blocked", "retrying", "held", "paused", "failed", "cancelled"},
    "take-over": {"blocked", "failed", "held", "cancelled"},
}
"""The states in which a wish can be granted; a cancel always can, but for what is over."""
INSTEAD = {
    "held": "it is held: `branchline accept` or `branchline retry` decides",
    "done": "it is done",
    "running": "it is running; `branchline cancel` stops it first",
}


def ask(console: Console, verb: str, task: str, name: str, data: dict[str, Any]) -> Answer:
    """Leave a request for the holder of the lock, who acts within a second; without one the next `execute` acts.

    Without a task the whole run is cancelled, where `data` says `all`. Raises NotFoundError for an unknown task and
    UsageError when the task's state does not fit, or the wish is not whole.
    """
    check_whole(verb, task, data)
    state = console.state
    with Store.open(state / "state.db", create=False) as store:
        run = run_meant(store, name)
        if task:
            data = checked(console, state, store, run, verb, task, data)
        elif run.state in ("done", "cancelled"):
            raise UsageError(f"cannot cancel run {run.run}: it is {run.state}")
        store.request(console.clock(), run.run, verb, task, data)
    holder, stopping = held(state), list[str]()
    if holder:
        when = "the coordinator acts within a second"
    elif verb == "cancel":
        stopping = tick_run(console, run)
        when = "done; no coordinator was running"
    else:
        when = "the next `branchline execute` or `pulse` will act"
    if stopping:
        when = f"told to stop: {', '.join(stopping)}; the next `branchline execute` or `pulse` sees them end"
    data = {"task": task, "verb": verb, "run": run.run, "coordinator": holder or None, "stopping": stopping}
    return Answer(data, f"{verb} {task or f'all of run {run.run}'}: {when}")


def check_whole(verb: str, task: str, data: dict[str, Any]) -> None:
    """Raise UsageError for a wish that says too little or too much: of whom, or which answer."""
    if verb == "cancel" and bool(task) == data["all"]:
        raise UsageError("name the task to cancel, or say --all for the whole run")
    if verb == "answer" and bool(data["text"].strip()) == (data["option"] is not None):
        raise UsageError(
            "say the answer in words, or --option N for one of the question's options (`branchline inbox`)"
        )
    if verb != "cancel" and not task:
        raise UsageError(f"name the task to {verb}")


def checked(
    console: Console, state: Path, store: Store, run: RunRow, verb: str, task: str, data: dict[str, Any]
) -> dict[str, Any]:
    """The data of a wish that fits its task.

    Raises NotFoundError or UsageError for one that does not, and as `check_worker` for a worker that cannot start.
    """
    row = find_atomic(store.tasks(run.run), run, task)
    check(state, verb, run, row)
    if verb == "retry" and data.get("model"):
        open_project(console).settings.check_model(data["model"], "--model")
    if verb == "retry" and data.get("worker"):
        check_worker(resumed(console, store, run, Flags()).project, data["worker"])
    if verb == "answer":
        if any((each.run, each.task, each.verb) == (run.run, task, verb) for each in store.requests()):
            raise UsageError(f"task {task} has its answer already; the next `branchline execute` or `pulse` acts on it")
        asked = [q for q in store.questions(row.run, open_only=True) if q.task == row.task]
        options = [str(option) for option in json.loads(asked[0].options)] if asked else []
        data = answer_of(row, options, data)
        if row.state == "running":
            check_answer(row, bool(asked), options, data["text"])
    return {**verdict_of(store, row), "by": login()} if verb == "accept" else data


def login() -> str:
    """The name of the user whose process this is, as the machine knows it; the number where it knows none."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def check(state: Path, verb: str, run: RunRow, row: TaskRow) -> None:
    """Raise UsageError, in words, when the task is in no state that the wish fits, and LockedError while it is taken over."""
    person = held(folder_of(state, run, row.task))
    if person:
        raise LockedError(f"task {row.task} is taken over: a person works on it (process {person})", pid=person)
    fits = FITS.get(verb)
    gone = row.reason == LEFT_BEHIND
    over = verb == "cancel" and row.state in ("done", "skipped", "cancelled")
    if gone or over or (fits is not None and row.state not in fits):
        words = f"it is {LEFT_BEHIND}; put it back there" if gone else INSTEAD.get(row.state, f"it is {row.state}")
        raise UsageError(f"cannot {verb} task {row.task} of run {run.run}: {words}", task=row.task, state=row.state)


def answer_of(row: TaskRow, options: Sequence[str], data: dict[str, Any]) -> dict[str, Any]:
    """The answer in words, be it said or one of the question's options by its number; UsageError for a number it has not."""
    if data["option"] is None:
        return {"text": data["text"]}
    if not 1 <= data["option"] <= len(options):
        shown = ", ".join(f"{number} {option}" for number, option in enumerate(options, 1)) or "it has none"
        raise UsageError(
            f"--option {data['option']}: no such option of task {row.task}'s question; {shown}", task=row.task
        )
    return {"text": options[data["option"] - 1]}


def check_answer(row: TaskRow, asks: bool, options: Sequence[str], text: str) -> None:
    """Raise UsageError when a task that runs asks nothing, or the answer is none of those it can have."""
    if not asks:
        raise UsageError(
            f"cannot answer task {row.task} of run {row.run}: it is running and asks nothing", task=row.task
        )
    if options and text not in options:
        raise UsageError(f"task {row.task} waits for {', '.join(options[:-1])} or {options[-1]}, not for {text!r}")


def verdict_of(store: Store, row: TaskRow) -> dict[str, Any]:
    """The verdict a person accepts: that of the task's last `held` event."""
    for event in reversed(store.events(row.run, row.task)):
        if event.kind == "held":
            return {key: value for key, value in event.data.items() if key != "question"}
    return {}
