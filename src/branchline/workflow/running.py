"""Open a run, new or unfinished, and put a coordinator in charge of it."""

import json
import os
import posixpath
import select
import signal
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, NamedTuple

from branchline import land
from branchline.budget.size import tiers
from branchline.config import Settings
from branchline.dispatch import Coordinator, Hooks
from branchline.dispatch.collect import Collector
from branchline.dispatch.history import History
from branchline.dispatch.jobs import Jobs, Site
from branchline.dispatch.nodes import family
from branchline.dispatch.permissions import Permissions
from branchline.dispatch.watch import Watch
from branchline.engine import Policy, State, view
from branchline.errors import GraphError
from branchline.graph import store as graphs
from branchline.graph.adjacency import Adjacency, of_rows
from branchline.graph.frontier import Frontier
from branchline.graph.suite import needs_of
from branchline.model.moves import SATISFIED, TaskState
from branchline.model.plan import ApprovedGraph, DraftGraph, Task
from branchline.model.run import Event, NodeRow, RunRow, TaskRow
from branchline.proc import Custody
from branchline.schedule import reasons
from branchline.schedule.problem import problem
from branchline.schedule.reserve import Reservations, reserve
from branchline.simulate import dice
from branchline.store import Store
from branchline.terminal.live import Progress, Snapshot
from branchline.workflow.console import Console
from branchline.workflow.estimates import outlook_in, touches
from branchline.workflow.flags import Flags, policy_of, to_text, with_flags, with_limits
from branchline.workflow.money import terms_of
from branchline.workflow.project import Project
from branchline.workspace.repository import Repository


class Plan(NamedTuple):
    """An approved graph with all that it takes to begin a run of it, or to bring one to it; `source` is its `RunRow`'s."""

    approved: ApprovedGraph
    held: Mapping[str, str]
    workers: Mapping[str, str]
    adjacency: Adjacency
    source: str

    @property
    def draft(self) -> DraftGraph:
        """The graph itself."""
        return self.approved.graph


class Begun(NamedTuple):
    """A run that is open: its row, the flags in force, and where it works; all else of it stands in the store."""

    project: Project
    run: RunRow
    flags: Flags
    repository: Repository | None

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return with_flags(self.project.settings, self.flags)


def new_run(
    store: Store, repository: Repository | None, plan: Plan, flags: Flags, policy: Policy, console: Console
) -> RunRow:
    """Record a new run with its tasks, on an integration branch of its own."""
    name = free_name(store, repository)
    base = repository.head() if repository else ""
    if repository:
        repository.start_run(name, base)
    graph, nodes = graphs.parts(plan.draft)
    row = RunRow(
        run=name,
        plan=plan.draft.plan,
        digest=plan.approved.digest,
        state="running",
        reason="",
        base=base,
        started=console.clock(),
        ended=None,
        settings=to_text(flags, console.directory, policy),
        graph=graph,
        net=net_text(plan.draft, touches(store, plan.draft)),
        source=plan.source,
    )
    now = console.clock()
    store.create_run(row, task_rows(name, plan, now), now, (NodeRow(name, task, text) for task, text in nodes))
    return row


def net_text(draft: DraftGraph, likely: Mapping[str, Mapping[str, bool]]) -> str:
    """What a run keeps of a graph beside its rows: its edges, and what judging and routing need of it."""
    return graphs.net(draft, land.net_of(draft) | tiers(draft), likely)


def free_name(store: Store, repository: Repository | None) -> str:
    """The next run's name: r1, r2, ...; one whose branch is still there is never taken again."""
    number = max((int(run[1:]) for _, run, _ in store.heads() if run[1:].isdecimal()), default=0) + 1
    while repository and repository.tip(f"r{number}"):
        number += 1
    return f"r{number}"


def task_rows(run: str, plan: Plan, at: float) -> list[TaskRow]:
    """The rows of all tasks in the tree's order, atomic ones in the state they begin in."""
    tasks = {task.id: task for task in plan.draft.tasks}
    satisfied = [t.id for t in plan.draft.tasks if t.kind == "atomic" and t.over]
    frontier = Frontier(plan.adjacency, satisfied)
    return [first_row(run, place, tasks[name], plan, frontier, at) for place, name in enumerate(plan.adjacency.order)]


def first_row(run: str, place: int, task: Task, plan: Plan, frontier: Frontier, at: float) -> TaskRow:
    """The row of a task that nothing has happened to."""
    state, reason = first_state(task, plan.held, frontier)
    return TaskRow(
        run=run,
        task=task.id,
        place=place,
        title=task.title,
        kind=task.kind,
        parent=task.parent,
        line=task.line,
        role=task.role,
        worker=plan.workers.get(task.id, ""),
        state=state,
        reason=reason,
        evidence="plan" if state == "done" else "",
        changed=at,
    )


def first_state(task: Task, held: Mapping[str, str], frontier: Frontier) -> tuple[TaskState, str]:
    """The state a task begins a run in: what the plan says is done stays done and is not run."""
    if task.kind == "composite":
        return "pending", ""
    if task.state == "done":
        return "done", "the plan says so"
    if task.state == "declined":
        return "skipped", "the plan declines it"
    if task.id in held:
        return "held", held[task.id]
    return ("ready", "") if frontier.is_ready(task.id) else ("pending", "")


def _sandboxes(jobs: Jobs, rows: Iterable[TaskRow]) -> str:
    """In words what the workers of a run get, with those named that bring a sandbox of their own."""
    kinds = {(row.worker, row.role): row for row in rows if row.worker in jobs.settings.workers}  # one may have gone
    found = {
        row.worker: words for row in kinds.values() if (words := jobs.walls(row)) != jobs.boxes.words_for(row.role)
    }
    return "; ".join([jobs.boxes.summary(), *(f"{worker}: {words}" for worker, words in found.items())])


def coordinator(store: Store, begun: Begun, hooks: Hooks, *, lazy: bool) -> Coordinator:
    """A coordinator of a run as the store holds it, and the custody of its processes.

    `lazy` starts no custodian in advance.
    """
    run, settings = begun.run, begun.settings
    rows, net = store.graph_tasks(run.run), json.loads(run.net)
    adjacency = of_rows(rows, net["edges"])
    policy = policy_of(settings, begun.flags, adjacency, isolated=begun.repository is not None)
    terms = terms_of(settings, store, begun.project.env)
    routing = policy.routing._replace(grades=net.get("tier", {}), named=net.get("model", {}))
    policy = policy._replace(terms=terms, routing=routing)
    state = State.restore(
        run,
        adjacency,
        policy,
        rows,
        store.attempts(run.run),
        store.questions(run.run),
        store.lanes(run.run),
        outlook_in(store, run.run, rows) if policy.strategy == "critical-path" else None,
    )
    state.tip = store.newest_merge(run.run) or state.tip  # a task that went from the plan may be on it
    state.mutexes = {task: frozenset(map(posixpath.normpath, paths)) for task, paths in net["mutex"].items()}
    if "touch" in net:
        state.touches = {task: dict.fromkeys(paths, True) for task, paths in state.mutexes.items()} | net["touch"]
    state.needs = routing.needs(rows, needs_of(net.get("needs", {}), net.get("suite", ()), routing.resources))
    state.ahead = ahead_of(state, settings.optimise)
    history = History(store, lambda: state.adjacency, state.tasks.get, lambda: state.next_question > 1)
    jobs = jobs_of(store, begun, history, adjacency, hooks.clock)
    folder = begun.project.state / "runs" / run.run
    folder.mkdir(parents=True, exist_ok=True)
    custody = (Custody if lazy else Custody.open)(folder, policy.slots + 1)
    watch = Watch(custody, jobs, settings, folder, permissions=Permissions(store, jobs))
    driver = Coordinator(state, store, custody, jobs, Collector(jobs, history), watch, settings, hooks)
    kept = with_limits(run.settings, policy, _sandboxes(jobs, rows))
    if kept != run.settings:
        driver.feed([Event(hooks.clock(), run.run, "settings", "limits as they are now", data={"settings": kept})])
    return driver


def jobs_of(store: Store, begun: Begun, history: History, adjacency: Adjacency, clock: Callable[[], float]) -> Jobs:
    """What builds the processes of a run; tokens that a crash left are taken back."""
    project, repository, run = begun.project, begun.repository, begun.run
    identity = repository.identity() if repository else ("", "")
    site = Site(project.root, project.state, repository, project.env, identity)
    head, related = graphs.head(run.graph), family(store, run.run, adjacency)
    net = partial(net_of, store, run.run)  # a plan may be changed at the start
    jobs = Jobs(site, head, related, begun.settings, history, clock, net=net, inline=begun.flags.inline)
    jobs.boxes.take_back()
    return jobs


def net_of(store: Store, run: str) -> dict[str, Any]:
    """What judging needs of a run's whole graph (`land.net_of`), as it is now; the edges are many, and the state has them."""
    row = store.run(run)
    net = json.loads(row.net) if row else {}
    return {name: net[name] for name in ("tests", "phases") if name in net}


def ahead_of(state: State, seconds: float) -> Reservations | None:
    """What a search makes of all that is left, for critical-path; None when it finds nothing to keep to.

    A task that needs more than there is can never start: then nothing is planned around it.
    """
    if state.outlook is None or not seconds:
        return None
    expected = state.outlook.expected()
    left = {leaf: 0.0 if state.states[leaf] in SATISFIED else span for leaf, span in expected.items()}
    demand = {leaf: Counter(needs) for leaf, needs in state.needs.items()}
    resources = state.policy.routing.resources
    try:
        given = problem(state.adjacency, left, state.policy.slots, demand, resources, state.mutexes)
    except GraphError:
        return None
    ahead = reserve(given, state.times, dice, seconds)
    return ahead.knowing(expected) if ahead else None


class Interrupts:
    """Counts ^C (and SIGTERM as the first of them) without breaking what is under way."""

    def __init__(self) -> None:
        self._count = 0
        self.reader, self._writer = os.pipe()
        for end in (self.reader, self._writer):
            os.set_blocking(end, False)

    @property
    def count(self) -> int:
        """How many have come; looking empties the pipe, so that whoever waits next does wait."""
        with suppress(BlockingIOError):
            os.read(self.reader, 4096)
        return self._count

    def wait(self, seconds: float) -> bool:
        """Wait, at most so long, for a ^C; True when one has come."""
        if not self.count:
            select.select([self.reader], [], [], seconds)
        return self.count > 0

    def _came(self, *_: object) -> None:
        self._count += 1

    @contextmanager
    def installed(self) -> Iterator["Interrupts"]:
        """Take the signals for the time of the block; the pipe wakes a coordinator that waits."""
        former = {number: signal.signal(number, self._came) for number in (signal.SIGINT, signal.SIGTERM)}
        wakeup = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        try:
            yield self
        finally:
            signal.set_wakeup_fd(wakeup)
            for number, handler in former.items():
                signal.signal(number, handler)
            os.close(self.reader)
            os.close(self._writer)


class Display:
    """Tells a person how the run goes on."""

    def __init__(self, console: Console, live: bool) -> None:
        self.progress = Progress(console.out, live, time.monotonic)
        self._live = live
        self._clock = console.clock
        self._why: dict[str, str] = {}
        self._asked = 0.0
        self.driver: Coordinator | None = None

    def told(self, events: Sequence[Event]) -> None:
        """Show what has changed, and why a task is tried again even when its retry has begun in the same breath."""
        if self.driver is None or not (touched := {event.task for event in events if event.task}):
            return
        tasks = self.driver.state.tasks
        retried = [e for e in events if e.kind == "retrying" and e.task and tasks[e.task].state != "retrying"]
        again = [tasks[str(e.task)]._replace(state="retrying", reason=e.cause, attempt=e.attempt or 0) for e in retried]
        self._show([*again, *sorted((tasks[task] for task in touched), key=lambda row: row.place)])

    def turned(self) -> None:
        """Show how things are now."""
        self._show(None)

    def _show(self, touched: Sequence[TaskRow] | None) -> None:
        if self.driver is None:
            return
        state, now = self.driver.state, self._clock()
        rows: Collection[TaskRow] = state.tasks.values()
        if self._live and now - self._asked >= 1.0:  # the scheduler is asked once a second why tasks wait
            self._asked, self._why = now, reasons(view(state, now), state.policy.strategy)
        if self._why:
            rows = [
                row._replace(reason=self._why.get(row.task, row.reason)) if row.state in ("pending", "ready") else row
                for row in rows
            ]
        self.progress.update(
            Snapshot(
                state.run.run, rows, len(state.slotted), state.policy.slots, now, state.run.started, state.times.began
            ),
            touched,
        )


def confirming(console: Console, how: str, progress: Progress) -> Callable[[Sequence[TaskRow]], bool] | None:
    """The say a person has before each start: for every task, for every batch, or none (the plan was approved)."""
    if how == "plan" or not console.interactive:
        return None

    def asked(rows: Sequence[TaskRow]) -> bool:
        progress.pause()
        return console.confirms(f"Start {', '.join(f'{row.task} {row.title}' for row in rows)}?")

    return asked
