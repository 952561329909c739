"""Execute a plan, pulse, land."""

from pathlib import Path
from random import random

from branchline import engine, report
from branchline.dispatch import Coordinator, Hooks
from branchline.errors import NotApprovedError
from branchline.model.plan import DraftGraph
from branchline.model.run import RunRow
from branchline.proc import detach, free_memory
from branchline.store import Store, held
from branchline.terminal.text import many
from branchline.workflow.answer import Answer
from branchline.workflow.begin import (
    Agreed,
    approval,
    begin,
    charge,
    current_draft,
    opened_store,
    unchanged,
)
from branchline.workflow.console import Console
from branchline.workflow.dry import dry_run
from branchline.workflow.flags import AUTO, Flags, flags_argv
from branchline.workflow.hindsight import hindsight
from branchline.workflow.idle import STATUS, outcome_data
from branchline.workflow.left import is_home
from branchline.workflow.look import report_of, rows_of
from branchline.workflow.project import Project, find_plan, open_project
from branchline.workflow.running import Begun, Display, Interrupts, confirming

START_LIMIT = 20.0
"""Seconds in which a detached command has opened its run, or is left to itself."""
SECOND_CHANCE = 3.0
"""Seconds after the first ^C in which a second one stops the workers too."""


def execute(console: Console, name: str, flags: Flags) -> Answer:
    """Run an approved plan until nothing runs and nothing can start; goes on with an unfinished run of it."""
    project = open_project(console, flags.settings())
    path = find_plan(console, project, name)
    agreed = _agreed(console, project, path, flags)
    if isinstance(agreed, Answer):
        return agreed
    project, flags = _decided(console, project, agreed.approved.graph if isinstance(agreed, Agreed) else None, flags)
    if flags.confirm != "plan" and not flags.yes and (flags.detach or not console.interactive):
        raise NotApprovedError(
            f"--confirm {flags.confirm} asks before each start, and there is no terminal to ask on: leave it out, or "
            "say --yes to start without asking"
        )
    if flags.detach:
        return detached(console, project, path, flags)
    with opened_store(project) as store:
        begun = begin(console, project, store, agreed, flags)
        del agreed  # all that the engine needs stands in the store, and a graph may be large
        if isinstance(begun, Answer):
            return begun
        return drive(console, store, begun)


def _agreed(console: Console, project: Project, path: Path, flags: Flags) -> RunRow | Agreed | Answer:
    """The unfinished run that goes on unchanged, else the graph of the plan with its approval."""
    run = None if flags.dry_run or flags.new or flags.worker else unchanged(project, path)
    if run:
        return run
    current = current_draft(console, project, path)
    if isinstance(current, Answer):
        return current
    if flags.dry_run:
        project, flags = _decided(console, project, current.draft, flags)
        return dry_run(console, project, current.draft, flags)
    return approval(console, project, path, current, flags)


def _decided(console: Console, project: Project, draft: DraftGraph | None, flags: Flags) -> tuple[Project, Flags]:
    """`auto` as the strategy that it comes to; a run that goes on unchanged (no draft) keeps its own."""
    if flags.strategy != AUTO:
        return project, flags
    found = console.fresh().quickest(project, draft, project.settings.jobs) if draft else None
    console.say(f"strategy {found}: expected to take the shortest" if found else "the run keeps its strategy")
    flags = flags._replace(strategy=found)
    return open_project(console, flags.settings()), flags


def drive(console: Console, store: Store, begun: Begun) -> Answer:
    """Loop until nothing can go on, or until ^C; then report."""
    flags = begun.flags
    display = Display(console, live=console.interactive)
    interrupts = Interrupts()
    with interrupts.installed():
        driver = charge(
            store,
            begun,
            Hooks(
                console.clock,
                display.told,
                display.turned if console.interactive else lambda: None,
                confirming(console, flags.confirm, display.progress),
                lambda: interrupts.count,
                (interrupts.reader,),
                free_memory,
                random,
            ),
        )
        display.driver = driver
        with display.progress:
            standing = driver.loop(wait=flags.wait)
            if interrupts.count:
                console.say(f"^C: nothing new starts; {_going_on(driver)} in custody, ^C again stops the workers too")
                driver.drain(SECOND_CHANCE)
                return interrupted(store, driver, console.clock())
        driver.finish(standing)
    return ended(console, store, driver, standing)


def interrupted(store: Store, driver: Coordinator, now: float) -> Answer:
    """^C: what runs goes on in custody, the next `execute` takes it up."""
    left, until = _going_on(driver), driver.lease
    driver.close()
    unseen = f" for {until:g} s, since nobody counts what is used" if until else ""
    words = f"{left} in custody{unseen}; `branchline execute` goes on from there"
    run = driver.state.run
    data = outcome_data(store, run, rows_of(store, run, now))
    return Answer(data, f"interrupted; {words}", 130, "interrupted")


def _going_on(driver: Coordinator) -> str:
    left = len(driver.state.attempts)
    return f"{many(left, 'process', 'processes')} {'goes' if left == 1 else 'go'} on" if left else "nothing goes on"


def ended(console: Console, store: Store, driver: Coordinator, standing: engine.Outcome) -> Answer:
    """The report, and the exit status that the outcome has."""
    driver.close()
    run, now = driver.state.run, console.clock()
    rows = rows_of(store, run, now)
    text = report.report_text(report_of(store, run, rows, now, hindsight, home=is_home(console, run)))
    return Answer(outcome_data(store, run, rows), text, STATUS[standing.state], standing.reason)


def detached(console: Console, project: Project, path: Path, flags: Flags) -> Answer:
    """Start the same command in the background; returns when its run is open, or with what kept it from that."""
    log, name = project.state / "detached.log", project.name(path)
    began = console.clock()
    background = detach(
        ["execute", str(path.resolve()), "--confirm", "plan", *flags_argv(flags)],
        cwd=console.directory,
        env=dict(console.env),
        log=log,
    )
    while background.ended() is None and console.clock() - began < START_LIMIT:
        if held(project.state) == background.pid and opened_since(project, name, began):
            break
        console.sleep(0.05)
    status = background.ended()
    background.leave()
    data = {"pid": background.pid, "log": str(log)}
    if status:
        said = log.read_text(encoding="utf-8", errors="replace").strip()
        return Answer(data, said.removeprefix("branchline: "), status, said)
    words = f"running in the background (pid {background.pid}); `branchline status` shows it, its words go to {log}"
    return Answer(data, words)


def opened_since(project: Project, plan: str, began: float) -> bool:
    """Whether the newest run of a plan was begun or taken up again since a moment."""
    with project.store() as store:
        run = store.newest(plan)
        return run is not None and (run.started >= began or run.state == "running")
