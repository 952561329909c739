"""Who splits the goals of a plan, and what that has taken."""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from branchline import decompose as reading
from branchline.asker import Answers, Asker, Planner, Usage, chosen
from branchline.decompose import split as recursion
from branchline.decompose.around import around
from branchline.errors import PlannerError, UsageError
from branchline.model.plan import DraftGraph
from branchline.terminal import safe
from branchline.workflow.console import Console
from branchline.workflow.project import Project


class Planned(NamedTuple):
    """The planner that was taken and what its questions took."""

    planner: Planner
    usage: Usage = Usage()

    def table(self) -> dict[str, Any]:
        """The JSON key `planner`: its name and model, requests sent, answers known already, tokens, US dollars if told."""
        used = self.usage._asdict()
        counts = {name: used.pop(name) for name in ("requests", "known", "usd")}
        return {
            "name": self.planner.name,
            "model": self.planner.model,
            "why": self.planner.why,
            **counts,
            "tokens": used,
        }

    def words(self) -> str:
        """The same in one line for people."""
        named, used = f"Planner: {safe(' '.join(self.planner[:2]).strip())}", self.usage
        said = [safe(self.planner.why)] if self.planner.why else []
        if used.requests or used.known:
            tokens = used.input + used.output + used.cache_read + used.cache_write
            cost = f", ${used.usd:.4f}" if used.usd else ""
            said.insert(0, f"requests {used.requests}, answers known already {used.known}, tokens {tokens}{cost}")
        return ": ".join([named, "; ".join(said)] if said else [named])


RULES = Planned(Planner("rules"))


def split(
    console: Console,
    project: Project,
    draft: DraftGraph,
    text: Callable[[], str],
    name: str,
    only: Sequence[str] = (),
    *,
    write: bool,
) -> tuple[DraftGraph, Planned]:
    """The draft with its goals split by the planner of that name, or the tasks of `only`; and which planner that was.

    `text` gives the text of the plan, empty where it has no lines; with `write` answers are kept for the next time.
    Raises UsageError when a task of `only` cannot be split or nobody can be asked to.
    """
    planner, own = chosen(name, project.settings, project.env), project.settings.decompose
    if only:
        _check(planner, draft, only, own.max_depth)
    if planner.name == "rules":
        return draft, Planned(planner)
    asker = _asker(console, project, planner, write=write)
    found = recursion.split(draft, text, asker, depth=own.max_depth, only=only)
    known = {task.id for task in draft.tasks}
    steered = reading.steering(task for task in found.tasks if task.id not in known)
    found = found._replace(findings=(*found.findings, *steered))
    failed = next((f.message for f in found.findings[len(draft.findings) :] if f.code in recursion.FAILED), "")
    return found, Planned(planner._replace(why=failed or planner.why), asker.usage)


def judge(
    console: Console, project: Project, text: str, name: str, lineage: str = ""
) -> tuple[Mapping[str, Any] | None, Planned]:
    """Whether a task is atomic, asked of the planner of that name: `{kind, confidence, reasoning}`, None for rules.

    None too when it cannot be asked; the planner says why.
    """
    planner = chosen(name, project.settings, project.env)
    if planner.name == "rules":
        return None, Planned(planner)
    asker = _asker(console, project, planner, write=project.is_checkout)
    try:
        return recursion.judge(asker, [("task", text)], lineage=lineage)["task"], Planned(planner, asker.usage)
    except PlannerError as error:
        said = f"the planner {planner.name} cannot be asked: {error.message}; rules have judged"
        return None, Planned(planner._replace(why=said), asker.usage)


def _asker(console: Console, project: Project, planner: Planner, *, write: bool) -> Asker:
    def shown() -> str:
        """Nobody waits for a model without knowing it."""
        console.say(f"Asking {safe(' '.join(planner[:2]).strip())} ...")
        return around(project.root, project.env, project.settings.decompose.tree)

    return Asker(planner, Answers(project.root, write=write), console.sleep, random.random, shown)


def _check(planner: Planner, draft: DraftGraph, only: Sequence[str], most: int) -> None:
    if planner.send is None:
        raise UsageError(f"nobody can be asked to split a task: {planner.why or 'rules do not'}; name a --planner")
    tasks = {task.id: task for task in draft.tasks}
    for name in only:
        task = tasks.get(name)
        if task is None or (task.kind, task.state) != ("atomic", "open"):
            raise UsageError(f"--split {name}: {draft.plan} has no open task of that id without subtasks")
        if recursion.depth_of(task, tasks) >= most:
            raise UsageError(f"--split {name}: it stands at depth {most}, and none may stand deeper")
