"""Pulse: the same unattended, tick by tick."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from random import random

from branchline import engine
from branchline.config import duration
from branchline.dispatch import Hooks
from branchline.errors import NotApprovedError, NotFoundError
from branchline.model.run import RunRow
from branchline.proc import free_memory
from branchline.store import Store
from branchline.workflow.answer import Answer
from branchline.workflow.approval import approval_of, approve_draft
from branchline.workflow.begin import STATUS, begin, charge, current_draft, opened_store, outcome_data, resumed
from branchline.workflow.console import Console
from branchline.workflow.flags import Flags
from branchline.workflow.project import Project, open_project
from branchline.workflow.running import Interrupts


def pulse(console: Console, plans: Sequence[str], flags: Flags, *, every: str) -> Answer:
    """One tick for each plan, or one each `every`, by the same code as `execute`; approves by policy what is new."""
    if not every:
        return pulse_once(console, plans, flags)
    pause = duration(every)
    with Interrupts().installed() as interrupts:
        while True:
            answer = pulse_once(console, plans, flags)
            console.say(answer.text)
            if interrupts.wait(pause):
                return answer._replace(text="stopped; what runs goes on in custody", status=130, error="interrupted")


def pulse_once(console: Console, plans: Sequence[str], flags: Flags) -> Answer:
    """One tick for each plan; without a name for each plan whose newest run is not over."""
    project = open_project(console, flags.settings())
    with ExitStack() as stack:
        store = opened_store(stack, project)
        paths = [console.directory / name for name in plans] or unfinished(project, store)
        found = [tick(console, project, store, path, flags) for path in paths]
    if len(found) == 1:
        return found[0]
    data = {"runs": [dict(answer.data) for answer in found]}
    return Answer(
        data, "\n".join(answer.text for answer in found) or "nothing to do", max((a.status for a in found), default=0)
    )


def unfinished(project: Project, store: Store) -> list[Path]:
    """The plans of runs that are not over. Raises NotFoundError when there never was a run."""
    runs = store.runs()
    if not runs:
        raise NotFoundError("no plan was named and there is no run yet; `branchline pulse plans/x.md` starts one")
    newest = {run.plan: run for run in reversed(runs)}
    return [project.root / plan for plan, run in newest.items() if run.state not in ("done", "cancelled")]


def tick(console: Console, project: Project, store: Store, path: Path, flags: Flags) -> Answer:
    """One tick of one plan: read again, decompose what is new, approve by policy, dispatch, record."""
    draft = current_draft(project, path)
    if isinstance(draft, Answer):
        return draft
    approved = approval_of(project, draft)
    if approved is None:
        if not project.settings.pulse.auto_approve:
            raise NotApprovedError(
                f"{draft.plan} is not approved and [pulse] auto_approve is off; run `branchline review`"
            )
        approved = approve_draft(project, draft, "policy: pulse", console.clock())
    begun = begin(console, project, store, approved, flags)
    if isinstance(begun, Answer):
        return begun
    driver = charge(store, begun, Hooks(console.clock, memory=free_memory, jitter=random))
    driver.tick(0.0)
    standing = engine.outcome(driver.state, console.clock())
    driver.finish(standing)
    driver.close()
    data = outcome_data(store, driver.state.run, console.clock())
    counts = ", ".join(f"{number} {state}" for state, number in sorted(data["counts"].items()))
    return Answer(
        data, f"{draft.plan}: run {begun.run.run} {standing.state}: {counts}", STATUS[standing.state], standing.reason
    )


def tick_run(console: Console, run: RunRow) -> None:
    """One tick of a run that no coordinator holds, in which nothing new starts: it obeys requests and collects."""
    project = open_project(console)
    with ExitStack() as stack:
        store = opened_store(stack, project)
        begun = resumed(console, project, store, store.run(run.run) or run, Flags())
        driver = charge(store, begun, Hooks(console.clock, interrupts=lambda: 1))
        driver.tick(0.0)
        driver.finish(engine.outcome(driver.state))
        driver.close()
