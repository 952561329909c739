"""From a plan to an open run: the graph as it is now, its approval, and the run that goes on or begins."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from branchline.dispatch import Coordinator, Hooks
from branchline.dispatch.boxes import Boxes
from branchline.errors import NotApprovedError
from branchline.files import read_text
from branchline.graph import build
from branchline.graph import store as graphs
from branchline.graph.adjacency import Adjacency
from branchline.model.plan import ApprovedGraph, DraftGraph
from branchline.model.run import Event, RunRow
from branchline.planfile import DIALECTS, digests
from branchline.planfile.writeback import boxes
from branchline.store import AnyStore, Store, lock
from branchline.terminal.text import safe
from branchline.workflow.answer import Answer
from branchline.workflow.approval import approval_of, approve_draft, hold_list, source_of
from branchline.workflow.console import Console
from branchline.workflow.flags import Flags, overlaid, policy_of, with_flags
from branchline.workflow.idle import called_off, finished
from branchline.workflow.models import check_models
from branchline.workflow.money import check_priced, remarks
from branchline.workflow.project import Project, choose_workers, graph_path, open_project, with_worker
from branchline.workflow.replan import FREE, replan
from branchline.workflow.running import Begun, Plan, coordinator, new_run


class Agreed(NamedTuple):
    """An approved graph with its adjacency, and the `source` that a run of it keeps."""

    approved: ApprovedGraph
    adjacency: Adjacency
    source: str


def unchanged(project: Project, path: Path) -> RunRow | None:
    """The unfinished run of a plan when plan, graph, argv and approval are as they were when it began; else None.

    It goes on without reading any of them: that the digests are the same is seen in a small part of the time.
    """
    stored = graph_path(path)
    if not stored.exists() or digests.is_folder(path):
        return None
    with project.looked() as store:
        run = store.newest(project.name(path))
        if run is None or not run.source or run.state in ("done", "cancelled"):
            return None
        approved, head = store.approval(run.plan), graphs.head(run.graph)
        same = approved is not None and approved[0] == run.digest
        if not same or run.source != source_of(project, graphs.file_digest(stored)):
            return None
        text = read_text(path)
        if head.plan_digest != digests.text_digest(text) or _is_ticked(store, run, head, text):
            return None
    return run


def _is_ticked(store: AnyStore, run: RunRow, head: DraftGraph, text: str) -> bool:
    """Whether a box has changed since the graph was made that the run itself has not ticked: then marks are read anew."""
    if head.dialect not in DIALECTS:  # boxes mean nothing there
        return False
    found = boxes(text)
    if len(found) != len(head.boxes):
        return True
    changed = {line for (line, now), then in zip(found.items(), head.boxes, strict=True) if now != then}
    return not changed <= {line for _, state, line in store.states(run.run) if state == "done"}


def current_draft(console: Console, project: Project, path: Path) -> graphs.Stored | Answer:
    """The stored graph of a plan with the marks of its text now; a new draft when there is none or the plan changed."""
    stored = graph_path(path)
    if stored.exists():
        former = graphs.read_stored(stored)
        if former.draft.plan_digest == digests.digest_of(path):
            _tell_gate(console, project, former.draft)
            return former._replace(draft=marked(console, former.draft, path))
    found: graphs.Stored | Answer = console.fresh().drafted(console, project, path)
    return found


def _tell_gate(console: Console, project: Project, draft: DraftGraph) -> None:
    """Say so when the settings name another gate than the one that stands in the graph: what was approved is what runs."""
    stored = tuple(check.run for check in draft.gate if check.source == "settings")
    own = all(
        check.source.startswith(("settings", "detected")) for check in draft.gate
    )  # else the plan's or a person's
    if own and stored != project.settings.gate.commands:
        plan = safe(draft.plan)
        console.say(
            f"[gate] commands of the settings are not the gate of the stored graph, which is what runs; `branchline decompose "
            f"{plan}` takes them over"
        )


def marked(console: Console, draft: DraftGraph, path: Path) -> DraftGraph:
    """The draft with the state that the plan's own boxes give its tasks now; only boxes have changed, so lines agree."""
    if draft.dialect not in DIALECTS:  # only boxes can change without changing the digest, and here are none
        return draft
    if "".join(boxes(read_text(path)).values()) == draft.boxes:
        return draft
    again: DraftGraph = console.fresh().remarked(draft, path)
    return again


def approval(console: Console, project: Project, path: Path, current: graphs.Stored, flags: Flags) -> Agreed:
    """The graph as it was approved; asks on a terminal, takes `--yes`, else raises NotApprovedError."""
    draft = current.draft
    approved = approval_of(project, draft)
    if approved is None and flags.yes:
        approved = approve_draft(project, draft, "policy: --yes", console.clock())
    if approved is None and console.interactive:
        approved, draft = console.fresh().settle(console, project, path, draft, "ask")
    if approved is None:
        raise NotApprovedError(
            f"{draft.plan} is not approved: look at it with `branchline review {draft.plan}`, then approve it there, or "
            "say --yes",
            plan=draft.plan,
        )
    return agreed_of(project, approved, current)


def agreed_of(project: Project, approved: ApprovedGraph, current: graphs.Stored) -> Agreed:
    """The approved graph, be it the one that stands in the file or that as a person has edited it since."""
    if approved.graph is current.draft:
        return Agreed(approved, current.adjacency, source_of(project, current.file))
    return Agreed(approved, build.adjacency(approved.graph), "")


def begin(
    console: Console, project: Project, store: Store, agreed: Agreed | RunRow, flags: Flags, *, anew: bool = True
) -> Begun | Answer:
    """Open the newest unfinished run of the plan, or a new one; all done is an answer, not a new run.

    A run that is `unchanged` goes on; another coordinator may have finished it meanwhile. After one that a person has
    cancelled there is a new one of the same graph only with `anew`, and where nothing would be done a second time.
    """
    if isinstance(agreed, Agreed):
        return _begin(console, project, store, agreed, flags, anew=anew)
    former = store.run(agreed.run) or agreed
    if former.state == "done":
        return finished(store, former, console.clock())
    return resumed(console, store, former, flags)


def _begin(
    console: Console, project: Project, store: Store, agreed: Agreed, flags: Flags, *, anew: bool
) -> Begun | Answer:
    approved, draft = agreed.approved, agreed.approved.graph
    former = None if flags.new else store.newest(draft.plan)
    wished = former is not None and any(request.run == former.run for request in store.requests())
    if former and former.state == "cancelled" and not wished:
        if former.digest == approved.digest and not (anew and landed(project, former, flags)):
            return called_off(store, former, console.clock())
    elif former:
        same = former.digest == approved.digest and not settled_by_hand(store, former, draft)
        if same and former.state == "done" and not (wished or flags.only or flags.phase):
            return finished(store, former, console.clock())
        if same or former.state != "done" or not landed(project, former, flags):
            return resumed(console, store, former, flags, None if same and not flags.worker else agreed)
    project, worker = with_worker(project, console, flags.worker)
    repository = None if flags.in_place else project.repository()
    if repository:
        workspace = project.settings.workspace
        repository.check_ready((draft.plan,), (*workspace.copy, *workspace.symlink))
    plan = planned(project, agreed, worker)
    isolated = repository is not None
    settings = with_flags(project.settings, flags)
    policy = policy_of(settings, flags, plan.adjacency, isolated=isolated)  # a bad flag leaves no run behind
    check_models(project, settings, draft.tasks, plan.workers, by_hand=bool(flags.model))
    leaves = [task for task in draft.tasks if task.id in plan.workers]
    check_priced(settings, project.env, ((plan.workers[t.id], t.role, t.model or "") for t in leaves))
    for words in remarks(settings, project.env, plan.workers.values()):
        console.say(words)
    boxes = Boxes(project.root, project.state, repository, project.env, settings)
    boxes.summary()  # nor does a sandbox that cannot be had
    row = new_run(store, repository, plan, flags, policy, console)
    return Begun(project, row, flags, repository)


def settled_by_hand(store: Store, run: RunRow, draft: DraftGraph) -> bool:
    """Whether a person ticked or declined, in the plan, a task that the run has not begun."""
    marks = {task.id for task in draft.tasks if task.kind == "atomic" and task.over}
    return any(task in marks and state in FREE for task, state, _ in store.states(run.run))


def planned(project: Project, agreed: Agreed, worker: str) -> Plan:
    """An approved graph with the worker of each task and what is held.

    The approval is that of the settings: a program named with `--worker` is the person's own word and needs none.
    """
    chosen = choose_workers(project, agreed.approved.graph, worker)
    held = hold_list(agreed.approved, project.settings.pulse.confidence)
    return Plan(agreed.approved, held, chosen, agreed.adjacency, agreed.source)


def landed(project: Project, run: RunRow, flags: Flags) -> bool:
    """Whether the user's branch holds all that a run merged, so that new work may start from there."""
    return flags.in_place or project.repository().holds(run.run)


def resumed(console: Console, store: Store, former: RunRow, flags: Flags, changed: Agreed | None = None) -> Begun:
    """An unfinished run with the flags it was started with, those given now on top; `changed` is its plan now."""
    flags, directory = overlaid(former, flags)
    project = open_project(console, flags.settings())
    project, worker = with_worker(project, console._replace(directory=directory or console.directory), flags.worker)
    repository = None if flags.in_place else project.repository()
    if changed is not None:
        former = replan(store, former, planned(project, changed, worker), console.clock())
    return Begun(project, former, flags, repository)


@contextmanager
def opened_store(project: Project) -> Iterator[Store]:
    """The lock first, then the store: one coordinator at a time."""
    with lock(project.state), project.store() as store:
        yield store


def charge(store: Store, begun: Begun, hooks: Hooks, *, lazy: bool = False) -> Coordinator:
    """Put a coordinator in charge and let it take up what a former one left.

    `lazy`: custodians come up with the first start, and the run counts as resumed with the first thing that happens.
    """
    driver = coordinator(store, begun, hooks, lazy=lazy)
    driver.recover()
    if store.dropped:
        words = (
            f"the last write to {store.path.name} was cut off: {store.dropped} bytes dropped, nothing acknowledged lost"
        )
        driver.feed([Event(hooks.clock(), begun.run.run, "noted", words)])
    if begun.run.state != "running" and not lazy:
        driver.resume()
    return driver
