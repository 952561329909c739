"""The review on a person's terminal: the page, the keys that need settings or a planner, and what a change made."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from branchline.asker import chosen
from branchline.budget.size import tier_of
from branchline.config import Settings
from branchline.decompose.lint import RULES, lint
from branchline.decompose.mend import MENDS, SPLITS, Mend, by_rules
from branchline.errors import UsageError
from branchline.files import read_text
from branchline.graph import change
from branchline.model.plan import DraftGraph
from branchline.planfile.digests import is_folder
from branchline.review import ask as asking
from branchline.review import keys
from branchline.review.patch import edited
from branchline.review.show import render
from branchline.terminal import many, safe, wrap
from branchline.terminal.text import use_colour
from branchline.workflow.approval import batches, critical_path, digest_of, policy_of, preview
from branchline.workflow.console import Console
from branchline.workflow.payload import mutexes
from branchline.workflow.planning import split
from branchline.workflow.project import Project, role_workers

SHOWN = 20
"""Tasks named of what one key changed."""
HINT = "y approves, n leaves it a draft, edit opens your editor; ? lists the keys."


def tier_words(settings: Settings, draft: DraftGraph) -> dict[str, str]:
    """The tier of each task with where it comes from, where the settings name models of tiers; without them it means nothing."""
    default = (settings.tiers.default, "setting")
    found = {t.id: tier_of(t) for t in draft.tasks if t.kind == "atomic"} if settings.tiers.models() else {}
    told = {task: each if each[0] else default for task, each in found.items()}
    return {task: f"tier {tier} ({source})" for task, (tier, source) in told.items() if tier}


def show(console: Console, project: Project, draft: DraftGraph, digest: str, *, whole: bool = False) -> str:
    """The review's text: the plan in lines, the tree, batches, gate, what was ignored."""
    policy = policy_of(project)
    return render(
        draft._replace(findings=(*draft.findings, *lint(draft))),
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


def ask(
    console: Console, project: Project, path: Path, draft: DraftGraph, planner: str = ""
) -> tuple[Literal["yes", "no"], DraftGraph]:
    """Show the draft of the plan at `path` and ask; returns the answer and the draft as the person changed it.

    `planner` names who splits a task, else the settings do.
    """
    return asking.ask(
        draft,
        lambda each: console.say(f"{show(console, project, each, digest_of(project, each))}\n{HINT}"),
        console.read,
        asking.editing(console.env, project.state / "review.yaml", console.start),
        _keys(project, lambda each, name: _split(console, project, path, each, name, planner)),
        lambda old, new: _told(console, project, old, new),
    )


def _told(console: Console, project: Project, old: DraftGraph, new: DraftGraph) -> str:
    found = sorted(edited(old, new), key=lambda line: line[0] == "-")  # a whole phase may go: last, if not all fit
    lines = ["\n      ".join(wrap(f"  {safe(line)}", console.width() - 4)) for line in found[:SHOWN]]
    lines += [f"  ... and {len(found) - SHOWN:,} more"] if len(found) > SHOWN else []
    leaves = sum(task.kind == "atomic" for task in new.tasks)
    counts = f"{many(leaves, 'task')}, {many(len(new.findings) + len(lint(new)), 'finding')}; p shows all"
    return "\n".join([*lines, counts, f"Digest {digest_of(project, new)}", ""])


def _keys(project: Project, act: Callable[[DraftGraph, str], DraftGraph]) -> Mapping[str, keys.Key]:
    mends = {**MENDS, **dict.fromkeys(SPLITS, Mend("", lambda draft, name, _: act(draft, name)))}
    return {
        "s": keys.Key("split a task now", keys.split(act)),
        **keys.PLAIN,
        "w": keys.Key("give a task to another worker", keys.worker(sorted(project.settings.workers))),
        "f": keys.Key("mend a finding", keys.mend(lint, mends)),
    }


def _split(console: Console, project: Project, path: Path, draft: DraftGraph, name: str, planner: str) -> DraftGraph:
    """The draft with a task split by the planner, if one can be asked, else by rules; raises UsageError if neither can."""
    task = change.leaf_named(draft, name)
    if task.state != "open":
        raise UsageError(f"{task.id} is {task.state} by its plan; only an open task is split")
    who = chosen(planner, project.settings, project.env)
    why = who.why
    if who.send is not None:
        text = "" if is_folder(path) else read_text(path)
        found, planned = split(console, project, draft, lambda: text, planner, (name,), write=True)
        if len(found.tasks) > len(draft.tasks):
            console.say(planned.words())
            return found
        why = found.findings[-1].message
    try:
        return by_rules(draft, name)
    except UsageError as error:
        raise UsageError(f"{error.message}" + (f"; {why}" if why else "")) from error
