"""Pulse: the same unattended, tick by tick."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from random import random

from branchline import engine
from branchline.config import duration
from branchline.dispatch import Coordinator, Hooks
from branchline.engine import State
from branchline.errors import BranchlineError, LockedError, NotApprovedError, NotFoundError, SettingsError, UsageError
from branchline.model.run import QuestionRow, RunRow
from branchline.proc import free_memory
from branchline.store import Store, held
from branchline.workflow.answer import Answer
from branchline.workflow.approval import PULSE, approval_of, approve_draft
from branchline.workflow.begin import (
    Agreed,
    agreed_of,
    begin,
    charge,
    current_draft,
    opened_store,
    resumed,
    unchanged,
)
from branchline.workflow.console import Console
from branchline.workflow.flags import Flags
from branchline.workflow.idle import NEVER, quiet, remember, standing, together, unfinished
from branchline.workflow.project import Project, folder_of, open_project
from branchline.workflow.running import Interrupts

SHORTEST = 1.0
"""Seconds between two pulses of a loop, at least."""
SETTLE = 10.0
"""Seconds a pulse stays for jobs of our own (set-up, checks, merge), so that they do not cost a pulse each.

It waits for a worker only where there is a budget; what takes longer goes on in custody, for the next pulse.
"""
TURN = 0.2


def pulse(console: Console, plans: Sequence[str], flags: Flags, said: str, *, every: str) -> Answer:
    """One tick for each plan, or one each `every`, by the same code as `execute`; approves by policy what is new.

    `said` stands for all flags given, so that another pulse can see that nothing has changed.
    """
    if not every:
        return pulse_once(console, plans, flags, said)
    pause = duration(every)
    if pause < SHORTEST:
        raise UsageError(f"--every {every}: a pulse each second is the most; say 30s, 3m, 1h")
    first = True
    with Interrupts().installed() as interrupts:
        while True:
            console.say(_in_loop(console, plans, flags, said, first).text)
            first = False
            if interrupts.wait(pause):
                return Answer({}, "stopped; what runs goes on in custody", 130, "interrupted")


def _in_loop(console: Console, plans: Sequence[str], flags: Flags, said: str, first: bool) -> Answer:
    """One pulse of a loop: what stands in its way is said, and the loop goes on; but the first must be able to begin."""
    try:
        return quiet(console, plans, said) or pulse_once(console, plans, flags, said)
    except LockedError as error:
        return Answer({}, f"{error.message}; the next pulse looks again", error.exit_status)
    except BranchlineError as error:
        if first:
            raise
        return Answer({}, f"branchline: {error.message}", error.exit_status)


def pulse_once(console: Console, plans: Sequence[str], flags: Flags, said: str) -> Answer:
    """One tick for each plan; without a name for each plan whose newest run is not over.

    What is wrong with one plan keeps no other from its tick. Raises NotFoundError when there is nothing to speak of.
    """
    project = open_project(console, flags.settings())
    with opened_store(project) as store:
        if not plans and not store.heads():
            raise NotFoundError("no plan was named and there is no run yet; `branchline pulse plans/x.md` starts one")
        paths = [console.directory / name for name in plans] or [project.root / name for name in unfinished(store)]
        return together([_ticked(console, project, store, path, flags, said) for path in paths])


def _ticked(console: Console, project: Project, store: Store, path: Path, flags: Flags, said: str) -> Answer:
    try:
        return tick(console, project, store, path, flags, said)
    except BranchlineError as error:
        name = project.name(path)
        data = {"plan": name, "code": error.code, "error": error.message, "details": error.details}
        words = error.message if name in error.message else f"{name}: {error.message}"
        return Answer(data, words, error.exit_status, error.message)


def tick(console: Console, project: Project, store: Store, path: Path, flags: Flags, said: str) -> Answer:
    """One tick of one plan: read again, decompose what is new, approve by policy, dispatch, record."""
    agreed = unchanged(project, path) or _approved(console, project, path)
    begun = agreed if isinstance(agreed, Answer) else begin(console, project, store, agreed, flags, anew=False)
    del agreed  # all that the engine needs stands in the store, and a graph may be large
    if isinstance(begun, Answer):
        if "run" in begun.data:
            remember(console, store, str(begun.data["run"]), NEVER, said)
        return begun
    hooks = Hooks(console.clock, memory=free_memory, jitter=random)
    driver = charge(store, begun, hooks, lazy=True)
    _take_defaults(project, store, begun.run, console.clock())
    _settle(console, driver)
    driver.finish(engine.outcome(driver.state, console.clock()))
    driver.close()
    due = _due_of(driver.state)
    if due is not None:
        remember(console, store, begun.run.run, due, said)
    return standing(store, driver.state.run, console.clock())


def _approved(console: Console, project: Project, path: Path) -> Agreed | Answer:
    """The graph of a plan as it is now, approved by policy when nobody has approved it."""
    current = current_draft(console, project, path)
    if isinstance(current, Answer):
        return current
    draft = current.draft
    approved = approval_of(project, draft)
    if approved is None:
        if not project.settings.pulse.auto_approve:
            raise NotApprovedError(
                f"{draft.plan} is not approved and [pulse] auto_approve is off; run `branchline review {draft.plan}`"
            )
        approved = approve_draft(project, draft, PULSE, console.clock())
    return agreed_of(project, approved, current)


def due_at(question: QuestionRow) -> float | None:
    """When a question's own default counts as its answer, in seconds since the epoch; None when it waits for a person.

    A deadline is a length of time from the question on (`30m`), or a moment as ISO 8601 has it, in local time unless it
    says another; the words of a worker that are neither set no time.
    """
    if not (question.default and question.deadline):
        return None
    with suppress(ValueError, OverflowError, OSError):
        return datetime.fromisoformat(question.deadline.strip()).timestamp()
    with suppress(SettingsError):
        return question.asked + duration(question.deadline)
    return None


def _due_of(state: State) -> float | None:
    """When a run has something to do again by itself; None when it has now."""
    if state.attempts or state.ready or state.merges:
        return None
    retries = [state.tasks[task].retry_at or 0.0 for task in state.retrying]
    deadlines = [due_at(question) or NEVER for question in state.questions.values()]
    return min([*retries, *deadlines, NEVER])


def _take_defaults(project: Project, store: Store, run: RunRow, now: float) -> None:
    """Answer what nobody has answered by its deadline with its own default; a task that a person took over is theirs."""
    for question in store.questions(run.run, open_only=True):
        due = due_at(question)
        if due is not None and due <= now and not held(folder_of(project.state, run, question.task)):
            store.request(
                now, run.run, "answer", question.task, {"text": question.default, "deadline": question.deadline}
            )


def _settle(console: Console, driver: Coordinator) -> None:
    """Tick, and go on as long as our own short jobs are under way, up to a limit; with a budget, until nothing runs.

    Nobody would meter a worker between two pulses.
    """
    until = console.clock() + SETTLE
    busy = driver.tick(0.0)
    while ((busy or driver.own_jobs()) and console.clock() < until) or driver.metered():
        busy = driver.tick(0.0 if busy else TURN)


def tick_run(console: Console, run: RunRow) -> list[str]:
    """One tick of a run that no coordinator holds, in which nothing new starts: it obeys requests and collects.

    Returns the tasks whose processes were told to stop and have not ended yet.
    """
    with opened_store(open_project(console)) as store:
        begun = resumed(console, store, store.run(run.run) or run, Flags())
        driver = charge(store, begun, Hooks(console.clock, interrupts=lambda: 1), lazy=True)
        driver.tick(0.0)
        driver.finish(engine.outcome(driver.state, console.clock()))
        driver.close()
        return [each.task for each in driver.state.attempts.values() if each.cause and each.state != "ended"]
