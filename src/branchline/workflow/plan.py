"""Read a plan, show its graph, approve it."""

from pathlib import Path
from typing import Any, NamedTuple

from branchline import decompose as reading
from branchline.decompose.kept import kept
from branchline.errors import NotApprovedError, NoTasksError, NotFoundError, UsageError
from branchline.files import read_text
from branchline.graph import build
from branchline.graph import store as graphs
from branchline.model.plan import ApprovedGraph, DraftGraph, Plan
from branchline.planfile import digests
from branchline.planfile.explain import explain
from branchline.review.patch import Patch, changes, told
from branchline.terminal import safe
from branchline.workflow import reviewing
from branchline.workflow.answer import Answer
from branchline.workflow.approval import (
    approval_of,
    approve_draft,
    batches,
    critical_path,
    digest_of,
    policy_of,
    withdraw,
)
from branchline.workflow.console import Console
from branchline.workflow.payload import decompose_payload
from branchline.workflow.planning import RULES, Planned, split
from branchline.workflow.project import Project, find_plan, graph_path, open_project


class Reading(NamedTuple):
    """How a plan is to be read, who splits its goals, and which tasks are to be split whatever they are."""

    dialect: str = ""
    order: str = "numbered"
    planner: str = ""
    split: tuple[str, ...] = ()


class Drafted(NamedTuple):
    """A plan, its draft graph and who split it; where a graph was stored already, what is different from it."""

    plan: Plan
    draft: DraftGraph | None
    patch: Patch | None = None
    told: tuple[str, ...] = ()
    planner: Planned = RULES


def read_draft(console: Console, project: Project, path: Path, how: Reading, *, write: bool = True) -> Drafted:
    """The plan and its draft graph, None when it holds no task; ids of a stored graph are kept.

    With `write` what a planner answers is kept for the next time.
    """
    plan = reading.read_plan(path, project.name(path), how.dialect, how.order)
    if not plan.tasks:
        return Drafted(plan, None)
    stored = graph_path(path)
    draft = reading.draft(plan, project.root, project.settings.gate.commands)
    old = graphs.read(stored) if stored.exists() else None
    if old and how.planner != "rules":
        draft = kept(draft, old)
    draft, planner = split(
        console,
        project,
        draft,
        lambda: "" if digests.is_folder(path) else read_text(path),
        how.planner,
        how.split,
        write=write,
    )
    if not old:
        return Drafted(plan, draft, planner=planner)
    patch = changes(old, draft, _named_by_runs(project, plan.path))
    return Drafted(plan, patch.graph, patch, tuple(told(patch, old)), planner)


def _named_by_runs(project: Project, plan: str) -> list[tuple[str, str]]:
    """Ids and titles of all tasks that the runs of a plan ever had."""
    with project.looked() as store:
        runs = [run for of, run, _ in reversed(store.heads()) if of == plan]
        return [(row.task, row.title) for run in runs for row in store.tasks(run)]


def drafted(console: Console, project: Project, path: Path) -> graphs.Stored | Answer:
    """A new draft of a plan, stored beside it."""
    found = read_draft(console, project, path, Reading())
    if found.draft is None:
        return no_tasks(found.plan)
    tell(console, project, path, found.told)
    if found.planner.usage.requests:
        console.say(found.planner.words())
    return graphs.Stored(found.draft, build.adjacency(found.draft), graphs.save(found.draft, graph_path(path)))


def remarked(draft: DraftGraph, path: Path) -> DraftGraph:
    """The draft with the state that the plan's own boxes give its tasks now; only boxes have changed, so lines agree."""
    plan = reading.read_plan(path, draft.plan, draft.dialect)
    marks = {task.line: task.state for task in plan.tasks}
    tasks = tuple(task._replace(state=marks.get(task.line, task.state)) for task in draft.tasks)
    return draft._replace(tasks=tasks, boxes=plan.boxes)


def tell(console: Console, project: Project, path: Path, told: tuple[str, ...]) -> None:
    """Say what an edited plan changes about the graph that is stored."""
    if told:
        console.say(
            "\n".join([f"Changed since {project.name(graph_path(path))}:", *(f"  {safe(line)}" for line in told)])
        )


def decompose(console: Console, path: Path, how: Reading, *, write: bool, review: bool, yes: bool) -> Answer:
    """Turn a plan into a stored draft graph; on a terminal it ends in the review, with `yes` it approves."""
    project, path = open_project(console), console.directory / path
    plan, draft, patch, told, planner = read_draft(console, project, path, how, write=write)
    if draft is None:
        return no_tasks(plan)
    payload = decompose_payload(draft, project.name(graph_path(path)) if write else None)
    payload |= {"patch": patch.table() if patch is not None else None, "planner": planner.table()}
    tell(console, project, path, told)
    if not write:
        words = reviewing.show(console, project, draft, digest_of(project, draft))
        return Answer({**payload, "digest": digest_of(project, draft)}, f"{words}\n{planner.words()}")
    graphs.save(draft, graph_path(path))
    wanted = "yes" if yes else "ask" if review and console.interactive else "no"
    approved, draft = settle(console, project, path, draft, wanted, how.planner)
    digest = digest_of(project, draft)
    words = reviewing.show(console, project, draft, digest) if review and wanted != "ask" else ""
    return Answer(
        {**payload, "digest": digest, "approved": approved is not None},
        f"{words}\n{planner.words()}\n{_next(digest, approved, project.name(path))}".strip(),
    )


def settle(
    console: Console, project: Project, path: Path, draft: DraftGraph, wanted: str, planner: str = ""
) -> tuple[ApprovedGraph | None, DraftGraph]:
    """Bring a draft to an approval: `yes` approves by policy, `ask` shows it and asks, `no` leaves it as it is."""
    if wanted == "ask":
        word, draft = reviewing.ask(console, project, path, draft, planner)
        graphs.save(draft, graph_path(path))
        if word == "no":
            withdraw(project, draft, console.clock())
            return None, draft
        return approve_draft(project, draft, "a person", console.clock()), draft
    if wanted == "yes":
        return approve_draft(project, draft, "policy: --yes", console.clock()), draft
    return approval_of(project, draft), draft


def _next(digest: str, approved: ApprovedGraph | None, name: str) -> str:
    if approved:
        return f"approved {digest[:15]}; next: branchline execute {name}"
    return f"draft {digest[:15]}, not approved; next: branchline review {name}, or branchline execute {name}"


def no_tasks(plan: Plan) -> Answer:
    """The answer for a plan that holds no task: an honest one, with the lines that were looked at."""
    why = "; ".join([*(f.message for f in plan.findings), *(f"line {i.line}: {i.why}" for i in plan.ignored)][:5])
    text = f"{plan.path}: no tasks were found" + (f" ({len(plan.candidates)} lines looked at; {why})" if why else "")
    text += ". Write tasks as check boxes (`- [ ] title`), numbered lists, or headings like `### Task 1: title`"
    data = {"code": NoTasksError.code, "tasks": [], "candidates": list(plan.candidates), "dialect": plan.dialect}
    return Answer(data, f"branchline: {text}", NoTasksError.exit_status, text)


def review_plan(console: Console, plan: str, *, yes: bool, whole: bool) -> Answer:
    """Show a stored graph and ask; with `yes` approve it."""
    project = open_project(console)
    path = find_plan(console, project, plan)
    draft = stored_draft(path)
    stale = path.exists() and digests.digest_of(path) != draft.plan_digest
    if stale:
        name = project.name(path)
        console.say(f"{name} has changed since this graph was made; `branchline decompose {name}` shows what is new.")
    approved, draft = settle(console, project, path, draft, "yes" if yes else "ask" if console.interactive else "no")
    asked, digest = console.interactive and not yes, digest_of(project, draft)
    words = "" if asked else reviewing.show(console, project, draft, digest, whole=whole)
    data = decompose_payload(draft, project.name(graph_path(path)))
    data |= {"batches": batches(draft, policy_of(project)), "critical_path": critical_path(project, draft)}
    data |= {"digest": digest, "approved": approved is not None, "stale": stale}
    words = f"{words}\n{_next(digest, approved, project.name(path))}".strip()
    return Answer(data, words, 0 if approved else 3, "the graph is not approved")


def stored_draft(path: Path) -> DraftGraph:
    """The stored graph of a plan; raises NotFoundError when there is none."""
    if not graph_path(path).exists():
        raise NotFoundError(f"{path} has no stored graph; run `branchline decompose {path}` first")
    return graphs.read(graph_path(path))


def approve(console: Console, digest: str) -> Answer:
    """Approve the stored graph that has this digest."""
    project = open_project(console)
    wanted = digest.removeprefix("sha256:")
    for path in sorted(project.root.glob("**/*.graph.json")):
        if ".branchline" in path.relative_to(project.root).parts:
            continue
        try:
            draft = graphs.read(path)
        except UsageError:  # a file of that name that is no graph is none with this digest
            continue
        found = digest_of(project, draft)
        if len(wanted) >= 8 and found.removeprefix("sha256:").startswith(wanted):
            approve_draft(project, draft, "a person", console.clock())
            return Answer({"plan": draft.plan, "digest": found}, f"approved {draft.plan} ({found[:15]})")
    raise NotApprovedError(
        f"no stored graph has the digest {digest}; `branchline review` prints it (8 characters or more)"
    )


def explain_line(console: Console, path: Path, line: int, how: Reading) -> Answer:
    """What a line of a plan became, and by which rule."""
    project, path = open_project(console), console.directory / path
    plan = reading.read_plan(path, project.name(path), how.dialect, how.order)
    found: dict[str, Any] = explain(plan, read_text(path), line)
    words = [f"{path.name}:{line}: {found['text'].strip()}", f"{found['became']}: {found['why']}"]
    return Answer(found, "\n  ".join(map(safe, words)))
