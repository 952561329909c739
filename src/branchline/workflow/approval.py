"""Approval bound to a digest, and what a policy may not approve alone."""

from collections import Counter
from collections.abc import Mapping, Sequence

from branchline.engine import Policy
from branchline.errors import GraphError
from branchline.files import canonical, digest
from branchline.graph import build
from branchline.graph import store as graphs
from branchline.graph.suite import needs_of, suites
from branchline.model.money import dollars
from branchline.model.plan import ApprovedGraph, DraftGraph
from branchline.review.policy import auto, held
from branchline.schedule import View, mutex_keys, order
from branchline.schedule.routing import Routing
from branchline.simulate import Case, dice, result
from branchline.terminal import duration
from branchline.workflow.estimates import outlook_of
from branchline.workflow.project import Project

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
    approved = ApprovedGraph(draft, digest_of(project, draft), by)
    with project.store() as store:
        store.approve(draft.plan, approved.digest, by, at)
    return approved


def approval_of(project: Project, draft: DraftGraph) -> ApprovedGraph | None:
    """This very graph as it was approved; None when it never was: an approval of another digest is none."""
    with project.looked() as store:
        found = store.approval(draft.plan)
    if found is None or found[0] != digest_of(project, draft):
        return None
    return ApprovedGraph(draft, *found[:2])


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
        return held(draft)
    return auto(draft, *((confidence,) if by == PULSE else ()))


def state_of(draft: DraftGraph) -> dict[str, str]:
    """Leaf -> its state by the plan's own marks."""
    marks = {"done": "done", "declined": "skipped"}
    return {t.id: marks.get(t.state, "pending") for t in draft.tasks if t.kind == "atomic"}


def view_of(draft: DraftGraph, slots: int, resources: Mapping[str, int]) -> View:
    """A drafted graph as the scheduler sees it before the first start."""
    return View(
        build.adjacency(draft),
        state_of(draft),
        slots,
        role={t.id: t.role for t in draft.tasks},
        mutex={t.id: mutex_keys(t) for t in draft.tasks if t.kind == "atomic"},
        needs=_needs(draft, resources),
        resources=resources,
    )


def _needs(draft: DraftGraph, resources: Mapping[str, int]) -> dict[str, Sequence[str]]:
    return needs_of({t.id: t.needs for t in draft.tasks if t.needs and t.kind == "atomic"}, suites(draft), resources)


def batches(draft: DraftGraph, policy: Policy) -> list[list[str]]:
    """What would start together if every task took the same time; of a choice of tasks, what can start by itself."""
    view = view_of(draft, policy.slots, policy.routing.resources)._replace(only=policy.only)
    return order(view, policy.strategy, policy.slots, fill=not policy.batch)


def case_of(project: Project, draft: DraftGraph, slots: int) -> Case:
    """An approved or drafted graph as a case: the seconds its tasks are expected to take, its resources and mutexes."""
    leaves = [task for task in draft.tasks if task.kind == "atomic"]
    ahead = outlook_of(project, draft)
    return Case(
        build.adjacency(draft),
        ahead.expected(),
        slots,
        {task: Counter(needs) for task, needs in _needs(draft, project.settings.resources).items()},
        project.settings.resources,
        {task.id: mutex_keys(task) for task in leaves},
        {task.id: task.role for task in leaves},
        state_of(draft),
        ahead.unsure,
        ahead.cost(),
    )


def preview(project: Project, draft: DraftGraph, policy: Policy) -> str:
    """How long a graph takes under the strategy in force, what critical-path would save, and what it costs.

    Empty for a huge one, and for one of which a task can never start: the reasons say so when it comes to that.
    """
    if not 0 < len(draft.tasks) <= PREVIEWED or not policy.slots:
        return ""
    case = case_of(project, draft, policy.slots)
    try:
        now, best = (
            result(case, each, case.todo(), project.settings.optimise, dice)
            for each in (policy.strategy, "critical-path")
        )
    except GraphError:
        return ""
    less = now.makespan - best.makespan
    saves = f"; critical-path would save {duration(less)}" if less > now.makespan / 100 else ""
    return f"Takes about {duration(now.makespan)} with {policy.strategy}{saves}; {cost_words(now.cost)}"


def cost_words(usd: float | None) -> str:
    """What a plan is expected to cost."""
    return "no earlier run tells what it costs" if usd is None else f"costs about {dollars(usd)} usd"


def critical_path(project: Project, draft: DraftGraph) -> list[str]:
    """The longest chain of tasks that are not over yet, by the time each is expected to take."""
    over = [leaf for leaf, state in state_of(draft).items() if state != "pending"]
    found = build.adjacency(draft).critical_path({**outlook_of(project, draft).expected(), **dict.fromkeys(over, 0.0)})
    return [leaf for leaf in found if leaf not in over]


def policy_of(project: Project) -> Policy:
    """How tasks would be chosen by the settings."""
    own = project.settings
    return Policy(slots=own.jobs, strategy=own.strategy, routing=Routing(resources=dict(own.resources)))
