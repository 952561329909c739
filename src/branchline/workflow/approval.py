"""Approval bound to a digest, and what a policy may not approve alone."""

from collections.abc import Mapping
from dataclasses import replace

from branchline import review
from branchline.config import Settings
from branchline.decompose.lint import RULES, lint, tier_of
from branchline.decompose.mend import MENDS, SPLITS
from branchline.engine import Policy
from branchline.errors import GraphError
from branchline.files import canonical, digest
from branchline.graph import store as graphs
from branchline.graph.adjacency import Adjacency
from branchline.model.plan import ApprovedGraph, DraftGraph
from branchline.schedule import View, mutex_keys, order
from branchline.simulate import Case, dice, result
from branchline.terminal import duration
from branchline.terminal.text import use_colour
from branchline.workflow.console import Console
from branchline.workflow.estimates import expected_of
from branchline.workflow.payload import mutexes
from branchline.workflow.project import Project, role_workers

PREVIEWED = 2000
"""A graph of more tasks is not played while a person waits for the page."""
PULSE = "policy: pulse"
"""Who approved, when pulse did."""


def digest_of(project: Project, draft: DraftGraph) -> str:
    """The digest of a graph's meaning and of the argv of every worker that the settings know."""
    return graphs.digest(draft, argv_of(project))


def source_of(project: Project, file: str) -> str:
    """The digest of all that `digest_of` is made of, where `file` is the digest of the graph's file."""
    return digest(canonical([file, argv_of(project)]).encode("utf-8", "surrogatepass"))


def argv_of(project: Project) -> dict[str, tuple[str, ...]]:
    """Worker -> its argv, of every worker that the settings give one."""
    return {name: tuple(worker.argv) for name, worker in project.settings.workers.items() if worker.argv}


def approve_draft(project: Project, draft: DraftGraph, by: str, at: float) -> ApprovedGraph:
    """Record that a person or a policy approved this graph."""
    approved = ApprovedGraph(draft, digest_of(project, draft), by, at)
    with project.store() as store:
        store.approve(draft.plan, approved.digest, by, at)
    return approved


def approval_of(project: Project, draft: DraftGraph) -> ApprovedGraph | None:
    """This very graph as it was approved; None when it never was: an approval of another digest is none."""
    if not (project.root / ".branchline" / "state.db").exists():  # to look leaves no trace
        return None
    with project.store() as store:
        found = store.approval(draft.plan)
    if found is None or found[0] != digest_of(project, draft):
        return None
    return ApprovedGraph(draft, *found)


def withdraw(project: Project, draft: DraftGraph, at: float) -> None:
    """A person said no: an earlier approval of this very graph does not count any more."""
    if approval_of(project, draft):
        with project.store() as store:
            store.approve(draft.plan, "", "a person: withdrawn", at)


def hold_list(approved: ApprovedGraph, confidence: float) -> dict[str, str]:
    """Task -> why it is held: what the reader is not sure of, and for a policy's approval what only a person may allow.

    `confidence` is what a task needs for pulse to start it by itself.
    """
    draft, by = approved.graph, approved.approved_by
    if not by.startswith("policy"):
        return review.held(draft)
    return review.auto(draft, *((confidence,) if by == PULSE else ()))


def adjacency_of(draft: DraftGraph) -> Adjacency:
    """The graph as the running engine uses it."""
    return Adjacency.build(((t.id, t.parent, t.kind) for t in draft.tasks), ((e.before, e.after) for e in draft.edges))


def state_of(draft: DraftGraph) -> dict[str, str]:
    """Leaf -> its state by the plan's own marks."""
    marks = {"done": "done", "declined": "skipped"}
    return {t.id: marks.get(t.state, "pending") for t in draft.tasks if t.kind == "atomic"}


def view_of(draft: DraftGraph, slots: int, resources: Mapping[str, int]) -> View:
    """A drafted graph as the scheduler sees it before the first start."""
    return View(
        adjacency_of(draft),
        state_of(draft),
        slots,
        role={t.id: t.role for t in draft.tasks},
        mutex={t.id: mutex_keys(t) for t in draft.tasks if t.kind == "atomic"},
        needs={t.id: t.needs for t in draft.tasks if t.needs},
        resources=resources,
    )


def batches(draft: DraftGraph, policy: Policy) -> list[list[str]]:
    """What would start together if every task took the same time."""
    view = view_of(draft, policy.slots, policy.resources)
    return order(view, policy.strategy, policy.slots, fill=not policy.batch)


def case_of(project: Project, draft: DraftGraph, slots: int) -> Case:
    """An approved or drafted graph as a case: the seconds its tasks are expected to take, its resources and mutexes."""
    leaves = [task for task in draft.tasks if task.kind == "atomic"]
    return Case(
        adjacency_of(draft),
        expected_of(project, draft),
        slots,
        {task.id: dict.fromkeys(task.needs, 1) for task in leaves if task.needs},
        project.settings.resources,
        {task.id: mutex_keys(task) for task in leaves},
        {task.id: task.role for task in leaves},
        state_of(draft),
    )


def preview(project: Project, draft: DraftGraph, policy: Policy) -> str:
    """How long a graph takes under the strategy in force, and what critical-path would save; empty for a huge one.

    Empty too for one of which a task can never start: the reasons say so when it comes to that.
    """
    if not 0 < len(draft.tasks) <= PREVIEWED or not policy.slots:
        return ""
    case = case_of(project, draft, policy.slots)
    try:
        now, best = (result(case, each, case.todo(), 0.0, dice).makespan for each in (policy.strategy, "critical-path"))
    except GraphError:
        return ""
    saves = f"; critical-path would save {duration(now - best)}" if now - best > now / 100 else ""
    return f"Takes about {duration(now)} with {policy.strategy}{saves}"


def critical_path(project: Project, draft: DraftGraph) -> list[str]:
    """The longest chain of tasks that are not over yet, by the time each is expected to take."""
    over = [leaf for leaf, state in state_of(draft).items() if state != "pending"]
    found = adjacency_of(draft).critical_path({**expected_of(project, draft), **dict.fromkeys(over, 0.0)})
    return [leaf for leaf in found if leaf not in over]


def policy_of(project: Project) -> Policy:
    """How tasks would be chosen by the settings."""
    own = project.settings
    return Policy(slots=own.jobs, strategy=own.strategy, resources=dict(own.resources))


def tier_words(settings: Settings, draft: DraftGraph) -> dict[str, str]:
    """The tier of each task with where it comes from, where the settings name models of tiers; without them it means nothing."""
    default = (settings.tiers.default, "setting")
    found = {t.id: tier_of(t) for t in draft.tasks if t.kind == "atomic"} if settings.tiers.models() else {}
    told = {task: each if each[0] else default for task, each in found.items()}
    return {task: f"tier {tier} ({source})" for task, (tier, source) in told.items() if tier}


def show(console: Console, project: Project, draft: DraftGraph, digest: str, *, whole: bool = False) -> str:
    """The review's text: the plan in lines, the tree, batches, gate, what was ignored."""
    policy = policy_of(project)
    return review.render(
        replace(draft, findings=(*draft.findings, *lint(draft))),
        digest,
        fixes={code: f"{rule.fix} (key f)" if code in (*MENDS, *SPLITS) else rule.fix for code, rule in RULES.items()},
        workers=role_workers(project, {task.role for task in draft.tasks}),
        gate=draft.gate,
        batches=batches(draft, policy),
        strategy=policy.strategy,
        slots=policy.slots,
        preview=preview(project, draft, policy),
        path=critical_path(project, draft),
        mutexes=mutexes(draft),
        tiers=tier_words(project.settings, draft),
        width=console.width(),
        on=use_colour(console.out, console.env),
        whole=whole,
    )
