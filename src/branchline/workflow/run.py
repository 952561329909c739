"""Execute a plan, pulse, land."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from branchline import decompose as reading
from branchline import engine, report
from branchline.config import duration
from branchline.dispatch import Coordinator, Hooks
from branchline.errors import NotApprovedError, NotFoundError
from branchline.files import read_text
from branchline.graph import store as graphs
from branchline.model.plan import DraftGraph
from branchline.model.plan import Plan as PlanText
from branchline.model.run import Event, RunRow
from branchline.planfile.read import text_digest
from branchline.proc import detach
from branchline.store import Store, lock
from branchline.workflow.answer import Answer
from branchline.workflow.approval import adjacency_of, approval_of, approve_draft, hold_list
from branchline.workflow.console import Console
from branchline.workflow.dry import dry_run
from branchline.workflow.flags import Flags, overlaid, policy_of
from branchline.workflow.plan import Reading, find_plan, graph_path, no_tasks, read_draft, settle
from branchline.workflow.project import Project, choose_workers, open_project, with_worker
from branchline.workflow.replan import FREE, replanned
from branchline.workflow.running import Display, Interrupts, Plan, confirming, coordinator, new_run, stored_plan
from branchline.workspace.repository import Repository

SECOND_CHANCE = 3.0
"""Seconds after the first ^C in which a second one stops the workers too."""
STATUS = {"running": 0, "done": 0, "waiting": 3, "cancelled": 0, "failed": 4, "paused": 75}


class Begun(NamedTuple):
    """A run that is open: its row, its graph, the flags in force, where it works, and a change of the plan to apply."""

    project: Project
    run: RunRow
    plan: Plan
    flags: Flags
    repository: Repository | None
    change: Event | None = None


def execute(console: Console, name: str, flags: Flags) -> Answer:
    """Run an approved plan until nothing runs and nothing can start; goes on with an unfinished run of it."""
    project = open_project(console, flags.settings())
    path = find_plan(console, project, name)
    draft = current_draft(project, path)
    if isinstance(draft, Answer):
        return draft
    if flags.dry_run:
        return dry_run(console, project, draft, flags)
    draft = approved(console, project, path, draft, flags)
    if flags.detach:
        return detached(console, project, path, flags)
    with ExitStack() as stack:
        store = _open(stack, project)
        begun = begin(console, project, store, draft, flags)
        if isinstance(begun, Answer):
            return begun
        return drive(console, store, begun)


def current_draft(project: Project, path: Path) -> DraftGraph | Answer:
    """The stored graph of a plan with the marks of its text now; a new draft when there is none or the plan changed."""
    stored = graph_path(path)
    former = graphs.read(stored) if stored.exists() else None
    if former and former.plan_digest == text_digest(read_text(path)):
        return marked(former, reading.read_plan(path, former.plan, former.dialect))
    plan, made = read_draft(project, path, Reading())
    if made is None:
        return no_tasks(plan)
    graphs.save(made, stored)
    return made


def marked(draft: DraftGraph, plan: PlanText) -> DraftGraph:
    """The draft with the state that the plan's own boxes give its tasks now; only boxes have changed, so lines agree."""
    marks = {task.line: task.state for task in plan.tasks}
    return replace(draft, tasks=tuple(replace(t, state=marks.get(t.line, t.state)) for t in draft.tasks))


def approved(console: Console, project: Project, path: Path, draft: DraftGraph, flags: Flags) -> DraftGraph:
    """The graph as it was approved; asks on a terminal, takes `--yes`, else raises NotApprovedError."""
    if approval_of(project, draft).approved:
        return draft
    if flags.yes:
        approve_draft(project, draft, "policy: --yes", console.clock())
        return draft
    if console.interactive:
        approval, draft = settle(console, project, path, draft, "ask")
        if approval.approved:
            return draft
    raise NotApprovedError(
        f"{draft.plan} is not approved: look at it with `branchline review`, then approve it there, or say --yes",
        plan=draft.plan,
    )


def begin(console: Console, project: Project, store: Store, draft: DraftGraph, flags: Flags) -> Begun | Answer:
    """Open the newest unfinished run of the plan, or a new one; all done is an answer, not a new run."""
    former = None if flags.new else store.newest(draft.plan)
    if former and former.state != "cancelled":
        approval = approval_of(project, draft)
        same = former.digest == approval.digest and not settled_by_hand(store, former, draft)
        if same and former.state == "done" and not (flags.only or flags.phase):
            return finished(store, former)
        if same or former.state != "done" or not landed(project, former, flags):
            return resumed(console, project, store, former, flags, None if same and not flags.worker else draft)
    project, worker = with_worker(project, console, flags.worker)
    repository = project.repository(in_place=flags.in_place)
    if repository:
        repository.check_ready((draft.plan,))
    plan = planned(project, draft, worker)
    policy_of(
        project.settings, flags, plan.adjacency, isolated=repository is not None
    )  # a bad flag leaves no run behind
    row = new_run(store, repository, plan, flags, console)
    return Begun(project, row, plan, flags, repository)


def settled_by_hand(store: Store, run: RunRow, draft: DraftGraph) -> bool:
    """Whether a person ticked or declined, in the plan, a task that the run has not begun."""
    marks = {task.id for task in draft.tasks if task.kind == "atomic" and task.state in ("done", "declined")}
    return any(row.task in marks and row.state in FREE for row in store.tasks(run.run))


def planned(project: Project, draft: DraftGraph, worker: str) -> Plan:
    """An approved graph with the worker of each task and what is held."""
    approval = approval_of(project, draft)
    chosen = choose_workers(project, draft, worker)
    return Plan(draft, approval.digest, hold_list(draft, approval), chosen, adjacency_of(draft))


def landed(project: Project, run: RunRow, flags: Flags) -> bool:
    """Whether the user's branch holds all that a run merged, so that new work may start from there."""
    repository = project.repository(in_place=flags.in_place)
    return repository is None or repository.git.contains(repository.head(), repository.tip(run.run))


def resumed(
    console: Console, project: Project, store: Store, former: RunRow, flags: Flags, changed: DraftGraph | None = None
) -> Begun:
    """An unfinished run with the flags it was started with, those given now on top; `changed` is its plan now."""
    flags, directory = overlaid(former.settings, flags)
    project = open_project(console, flags.settings())
    project, worker = with_worker(project, console._replace(directory=directory or console.directory), flags.worker)
    repository = project.repository(in_place=flags.in_place)
    if changed is None:
        return Begun(project, former, stored_plan(former, store), flags, repository)
    plan = planned(project, changed, worker)
    change = replanned(former, store.tasks(former.run), plan, console.clock())
    return Begun(project, former, plan, flags, repository, change)


def finished(store: Store, run: RunRow) -> Answer:
    """All done: nothing is run a second time."""
    data = outcome_data(store, run)
    return Answer(
        data, f"run {run.run} of {run.plan} is done; nothing to do (branchline land brings it to your branch)"
    )


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
                confirming(console, flags.confirm),
                lambda: interrupts.count,
                (interrupts.reader,),
            ),
        )
        display.driver = driver
        with display.progress:
            standing = driver.loop(wait=flags.wait)
            if interrupts.count:
                console.say(
                    f"^C: nothing new starts; {len(driver.state.attempts)} processes go on in custody, ^C again stops them"
                )
                driver.drain(SECOND_CHANCE)
                return interrupted(store, driver)
        driver.finish(standing)
    return ended(store, begun, driver, standing)


def charge(store: Store, begun: Begun, hooks: Hooks) -> Coordinator:
    """Put a coordinator in charge and let it take up what a former one left."""
    driver, _ = coordinator(begun.project, store, begun.repository, begun.run, begun.plan, begun.flags, hooks)
    if begun.change:
        driver.feed([begun.change])
    driver.recover()
    if begun.run.state != "running":
        driver.resume()
    return driver


def interrupted(store: Store, driver: Coordinator) -> Answer:
    """^C: what runs goes on in custody, the next `execute` takes it up."""
    left = len(driver.state.attempts)
    driver.close()
    words = (
        f"{left} processes go on in custody; `branchline execute` takes them up again"
        if left
        else "nothing was left running"
    )
    data = outcome_data(store, driver.state.run)
    return Answer(data, f"interrupted; {words}", 130, "interrupted")


def ended(store: Store, begun: Begun, driver: Coordinator, standing: engine.Outcome) -> Answer:
    """The report, and the exit status that the outcome has."""
    driver.close()
    data = outcome_data(store, driver.state.run)
    text = report.report_text(report_of(store, driver.state.run, begun.plan.draft, in_place=begun.repository is None))
    return Answer(data, text, STATUS[standing.state], standing.reason)


def report_of(store: Store, run: RunRow, draft: DraftGraph, *, in_place: bool) -> dict[str, Any]:
    """The report of a run from its recorded rows."""
    return report.report(
        run,
        store.tasks(run.run),
        store.attempts(run.run),
        store.questions(run.run),
        store.events(run.run),
        gate=[check.run for check in draft.gate],
        in_place=in_place,
    )


def outcome_data(store: Store, run: RunRow) -> dict[str, Any]:
    """The keys of `execute` and `pulse`: run, state, counts, waiting."""
    counts: dict[str, int] = {}
    waiting: dict[str, str] = {}
    for row in store.tasks(run.run):
        if row.kind != "atomic":
            continue
        counts[row.state] = counts.get(row.state, 0) + 1
        if row.state not in ("done", "skipped"):
            waiting[row.task] = row.reason or row.state
    newest = store.run(run.run) or run
    return {"run": run.run, "state": newest.state, "plan": run.plan, "counts": counts, "waiting": waiting}


def _open(stack: ExitStack, project: Project) -> Store:
    """The lock first, then the store: one coordinator at a time."""
    stack.enter_context(lock(project.state))
    return stack.enter_context(project.store())


def detached(console: Console, project: Project, path: Path, flags: Flags) -> Answer:
    """Start the same command in the background, in a session of its own."""
    log = project.state / "detached.log"
    pid = detach(flags_argv(path, flags), cwd=console.directory, env=dict(console.env), log=log)
    words = f"running in the background (pid {pid}); `branchline status` shows it, its words go to {log}"
    return Answer({"pid": pid, "log": str(log)}, words)


def flags_argv(path: Path, flags: Flags) -> list[str]:
    """The words of an `execute` with these flags, without `--detach`."""
    words = ["execute", str(path.resolve()), "--confirm", "plan"]
    for name, flag in (
        ("strategy", "--strategy"),
        ("jobs", "-j"),
        ("worker", "--worker"),
        ("model", "--model"),
        ("variant", "--variant"),
        ("agent", "--agent"),
        ("minimum", "--minimum"),
        ("phase", "--phase"),
    ):
        value = getattr(flags, name)
        words += [flag, str(value)] if value not in (None, "") else []
    for name, flag in (
        ("in_place", "--in-place"),
        ("batch", "--batch"),
        ("wait", "--wait"),
        ("fail_fast", "--fail-fast"),
        ("new", "--new"),
        ("yes", "--yes"),
    ):
        words += [flag] if getattr(flags, name) else []
    return [*words, *(["--only", *flags.only] if flags.only else [])]


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
        store = _open(stack, project)
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
    if not approval_of(project, draft).approved:
        if not project.settings.pulse.auto_approve:
            raise NotApprovedError(
                f"{draft.plan} is not approved and [pulse] auto_approve is off; run `branchline review`"
            )
        approve_draft(project, draft, "policy: pulse", console.clock())
    begun = begin(console, project, store, draft, flags)
    if isinstance(begun, Answer):
        return begun
    driver = charge(store, begun, Hooks(console.clock))
    driver.tick(0.0)
    standing = engine.outcome(driver.state)
    driver.finish(standing)
    driver.close()
    data = outcome_data(store, driver.state.run)
    counts = ", ".join(f"{number} {state}" for state, number in sorted(data["counts"].items()))
    return Answer(
        data, f"{draft.plan}: run {begun.run.run} {standing.state}: {counts}", STATUS[standing.state], standing.reason
    )


def tick_run(console: Console, run: RunRow) -> None:
    """One tick of a run that no coordinator holds, in which nothing new starts: it obeys requests and collects."""
    project = open_project(console)
    with ExitStack() as stack:
        store = _open(stack, project)
        begun = resumed(console, project, store, store.run(run.run) or run, Flags())
        driver = charge(store, begun, Hooks(console.clock, interrupts=lambda: 1))
        driver.tick(0.0)
        driver.finish(engine.outcome(driver.state))
        driver.close()


def land_run(console: Console, name: str) -> Answer:
    """Bring the merged work of a run to the user's branch, when that is safe; else say what to do."""
    project = open_project(console)
    with ExitStack() as stack:
        store = stack.enter_context(project.store())
        run = store.run(name) if name else store.newest()
        if run is None:
            raise NotFoundError("there is no run to land; start one with `branchline execute PLAN`")
        repository = project.repository(in_place=False)
        assert repository is not None  # noqa: S101 - not in place
        if run.base and repository.tip(run.run) == run.base:
            nothing = {"run": run.run, "moved": False, "commit": run.base, "advice": ""}
            return Answer(nothing, f"{run.run} has merged nothing yet: there is nothing to land")
        landed = repository.land(run.run, "", (run.plan,))
    data = {"run": run.run, "moved": landed.moved, "commit": landed.commit, "advice": landed.advice}
    if landed.moved:
        return Answer(data, f"{run.run} is on your branch now, at {landed.commit[:12]}")
    return Answer(data, landed.advice, 0 if not landed.advice else 3, landed.advice)
