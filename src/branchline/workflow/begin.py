"""From a plan to an open run: the graph as it is now, its approval, and the run that goes on or begins."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from branchline import decompose as reading
from branchline.dispatch import Coordinator, Hooks
from branchline.errors import NotApprovedError
from branchline.graph import store as graphs
from branchline.model.plan import ApprovedGraph, DraftGraph
from branchline.model.plan import Plan as PlanText
from branchline.model.run import Event, RunRow
from branchline.planfile import DIALECTS
from branchline.store import Store, lock
from branchline.workflow.answer import Answer
from branchline.workflow.approval import adjacency_of, approval_of, approve_draft, hold_list
from branchline.workflow.console import Console
from branchline.workflow.flags import Flags, overlaid, policy_of, with_flags
from branchline.workflow.idle import finished
from branchline.workflow.plan import Reading, graph_path, no_tasks, read_draft, settle, tell
from branchline.workflow.project import Project, choose_workers, open_project, with_worker
from branchline.workflow.replan import FREE, replanned
from branchline.workflow.running import Plan, coordinator, new_run, stored_plan
from branchline.workspace.repository import Repository


class Begun(NamedTuple):
    """A run that is open: its row, its graph, the flags in force, where it works, and a change of the plan to apply."""

    project: Project
    run: RunRow
    plan: Plan
    flags: Flags
    repository: Repository | None
    change: Event | None = None


def current_draft(console: Console, project: Project, path: Path) -> DraftGraph | Answer:
    """The stored graph of a plan with the marks of its text now; a new draft when there is none or the plan changed."""
    stored = graph_path(path)
    former = graphs.read(stored) if stored.exists() else None
    if former and former.plan_digest == reading.digest_of(path):
        if former.dialect not in DIALECTS:  # only boxes can change without changing the digest, and here are none
            return former
        return marked(former, reading.read_plan(path, former.plan, former.dialect))
    drafted = read_draft(project, path, Reading())
    if drafted.draft is None:
        return no_tasks(drafted.plan)
    tell(console, project, path, drafted.told)
    graphs.save(drafted.draft, stored)
    return drafted.draft


def marked(draft: DraftGraph, plan: PlanText) -> DraftGraph:
    """The draft with the state that the plan's own boxes give its tasks now; only boxes have changed, so lines agree."""
    marks = {task.line: task.state for task in plan.tasks}
    return replace(draft, tasks=tuple(replace(t, state=marks.get(t.line, t.state)) for t in draft.tasks))


def approval(console: Console, project: Project, path: Path, draft: DraftGraph, flags: Flags) -> ApprovedGraph:
    """The graph as it was approved; asks on a terminal, takes `--yes`, else raises NotApprovedError."""
    approved = approval_of(project, draft)
    if approved is None and flags.yes:
        approved = approve_draft(project, draft, "policy: --yes", console.clock())
    if approved is None and console.interactive:
        approved, draft = settle(console, project, path, draft, "ask")
    if approved is None:
        raise NotApprovedError(
            f"{draft.plan} is not approved: look at it with `branchline review`, then approve it there, or say --yes",
            plan=draft.plan,
        )
    return approved


def begin(console: Console, project: Project, store: Store, approved: ApprovedGraph, flags: Flags) -> Begun | Answer:
    """Open the newest unfinished run of the plan, or a new one; all done is an answer, not a new run."""
    draft = approved.graph
    former = None if flags.new else store.newest(draft.plan)
    wished = former is not None and any(request.run == former.run for request in store.requests())
    if former and (former.state != "cancelled" or wished):
        same = former.digest == approved.digest and not settled_by_hand(store, former, draft)
        if same and former.state == "done" and not (wished or flags.only or flags.phase):
            return finished(store, former, console.clock())
        if same or former.state != "done" or not landed(project, former, flags):
            return resumed(console, project, store, former, flags, None if same and not flags.worker else approved)
    project, worker = with_worker(project, console, flags.worker)
    repository = project.repository(in_place=flags.in_place)
    if repository:
        repository.check_ready((draft.plan,))
    plan = planned(project, approved, worker)
    isolated = repository is not None
    settings = with_flags(project.settings, flags)
    policy = policy_of(settings, flags, plan.adjacency, isolated=isolated)  # a bad flag leaves no run behind
    row = new_run(store, repository, plan, flags, policy, console)
    return Begun(project, row, plan, flags, repository)


def settled_by_hand(store: Store, run: RunRow, draft: DraftGraph) -> bool:
    """Whether a person ticked or declined, in the plan, a task that the run has not begun."""
    marks = {task.id for task in draft.tasks if task.kind == "atomic" and task.state in ("done", "declined")}
    return any(row.task in marks and row.state in FREE for row in store.tasks(run.run))


def planned(project: Project, approved: ApprovedGraph, worker: str) -> Plan:
    """An approved graph with the worker of each task and what is held.

    The approval is that of the settings: a program named with `--worker` is the person's own word and needs none.
    """
    chosen = choose_workers(project, approved.graph, worker)
    return Plan(approved, hold_list(approved, project.settings.pulse.confidence), chosen, adjacency_of(approved.graph))


def landed(project: Project, run: RunRow, flags: Flags) -> bool:
    """Whether the user's branch holds all that a run merged, so that new work may start from there."""
    repository = project.repository(in_place=flags.in_place)
    return repository is None or repository.git.contains(repository.head(), repository.tip(run.run))


def resumed(
    console: Console, project: Project, store: Store, former: RunRow, flags: Flags, changed: ApprovedGraph | None = None
) -> Begun:
    """An unfinished run with the flags it was started with, those given now on top; `changed` is its plan now."""
    flags, directory = overlaid(former, flags)
    project = open_project(console, flags.settings())
    project, worker = with_worker(project, console._replace(directory=directory or console.directory), flags.worker)
    repository = project.repository(in_place=flags.in_place)
    if changed is None:
        return Begun(project, former, stored_plan(former, store), flags, repository)
    plan = planned(project, changed, worker)
    change = replanned(former, store.tasks(former.run), plan, console.clock())
    return Begun(project, former, plan, flags, repository, change)


def opened_store(stack: ExitStack, project: Project) -> Store:
    """The lock first, then the store: one coordinator at a time."""
    stack.enter_context(lock(project.state))
    return stack.enter_context(project.store())


def charge(store: Store, begun: Begun, hooks: Hooks, *, lazy: bool = False) -> Coordinator:
    """Put a coordinator in charge and let it take up what a former one left.

    `lazy`: custodians come up with the first start, and the run counts as resumed with the first thing that happens.
    """
    driver = coordinator(begun.project, store, begun.repository, begun.run, begun.plan, begun.flags, hooks, lazy=lazy)
    if begun.change:
        driver.feed([begun.change])
    driver.recover()
    if store.dropped:
        words = (
            f"the last write to {store.path.name} was cut off: {store.dropped} bytes dropped, nothing acknowledged lost"
        )
        driver.feed([Event(hooks.clock(), begun.run.run, "noted", words)])
    if begun.run.state != "running" and not lazy:
        driver.resume()
    return driver
