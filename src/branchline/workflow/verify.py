"""`evidence --verify`: the recorded checks of a task, run again at the recorded commit, and compared."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from branchline import report as words
from branchline.dispatch.history import History
from branchline.dispatch.jobs import Jobs, Site
from branchline.dispatch.nodes import family
from branchline.errors import UsageError
from branchline.files import write_new
from branchline.graph import store as graphs
from branchline.graph.adjacency import of_rows
from branchline.model.plan import Task
from branchline.model.run import AttemptRow, Event, RunRow, TaskRow
from branchline.store import Store
from branchline.terminal.text import many, safe
from branchline.workflow.answer import Answer
from branchline.workflow.console import Console
from branchline.workflow.look import find_atomic, opened
from branchline.workflow.project import Project, open_project
from branchline.workspace.checks import digest_of
from branchline.workspace.merge import check_at
from branchline.workspace.spec import Spec


def verify(console: Console, name: str, task: str) -> Answer:
    """Run a done task's checks again where they are said to have passed; status 4 when anything is not as recorded.

    Raises UsageError for a task that is not done, or was done in place: there is no commit to run them at.
    """
    project = open_project(console)
    with opened(console, name) as (store, run):
        row = find_atomic(store.tasks(run.run), run, task)
        found = words.evidence(row, store.events(run.run, row.task))
        recorded = _recorded(store.events(run.run, row.task))
        checks = tuple({"run": check["command"], "source": check.get("source", "")} for check in recorded)
        spec = None if run.in_place else spec_of(project, store, run, row, "verify")._replace(checks=checks)
    if spec is None or row.state != "done" or not found["commit"]:
        why = "it was done in place" if run.in_place else f"it is {row.state}"
        raise UsageError(f"task {task} of run {run.run} has no commit to verify its evidence at: {why}", task=task)
    data = {**found, "verified": _compared(project, spec, recorded, found["commit"])}
    faults = data["verified"]["faults"]
    shown = [words.evidence_text(found), *(f"  NOT AS RECORDED: {safe(fault)}" for fault in faults)]
    if not faults and recorded:
        again = f"{many(len(recorded), 'check')} run again at {found['commit'][:12]}"
        shown.append(f"  verified: {again}, ended as recorded")
    elif not faults:
        shown.append("  its commit is on the integration branch; no check was recorded that could be run again")
    return Answer(data, "\n".join(shown), 4 if faults else 0, "; ".join(faults))


def _recorded(events: list[Event]) -> list[Mapping[str, Any]]:
    done = [event for event in events if event.kind == "done"]
    return list(done[-1].data.get("checks") or ()) if done else []


def _compared(project: Project, spec: Spec, recorded: list[Mapping[str, Any]], commit: str) -> dict[str, Any]:
    faults: list[str] = []
    git = spec.git()
    if not git.resolve(commit):
        return {"checks": [], "faults": [f"the commit {commit} is not in the repository any more"]}
    if not git.contains(git.resolve(spec.tip_ref) or "HEAD", commit):
        faults.append(f"the commit {commit} is not on the integration branch any more")
    rows = check_at(spec, commit)
    checks = []
    for before, now in zip(recorded, rows, strict=False):
        intact = _intact(project.root, before)
        checks.append(
            {"command": before["command"], "recorded": before["exit"], "found": now["exit"], "log_intact": intact}
        )
        if now["exit"] != before["exit"]:
            faults.append(f"{before['command']} ended with {before['exit']}, and ends with {now['exit']} now")
        if intact is False:
            faults.append(f"the log {before['log']} is not the one that was recorded")
    return {"checks": checks, "faults": faults}


def _intact(root: Path, check: Mapping[str, Any]) -> bool | None:
    """Whether the log of a check is the one whose digest was recorded; None when it is not there any more."""
    path = root / str(check.get("log") or "")
    known = check.get("log_digest") and digest_of(path)
    return known == check["log_digest"] if known else None


def spec_of(project: Project, store: Store, run: RunRow, row: TaskRow, name: str) -> Spec:
    """What a task's checks are run with, for a folder of that name: environment, limits, worktree settings."""
    repository = project.repository()
    site = Site(project.root, project.state, repository, project.env, repository.identity())
    adjacency = of_rows(store.graph_tasks(run.run), json.loads(run.net)["edges"])
    related = family(store, run.run, adjacency)
    if store.node(run.run, row.task) is None:  # it went from the plan; what it said is not asked for here
        related = related._replace(by_id={row.task: Task(row.task, row.title, role=row.role)})
    jobs = Jobs(site, graphs.head(run.graph), related, project.settings, History(None, lambda: adjacency))
    attempt = AttemptRow(run.run, row.fence, row.task, row.attempt, "check", "ended")
    folder = project.state / "runs" / run.run / row.task / name
    told = {**jobs.spec(attempt, row), "folder": str(folder)}
    write_new(folder / "spec.json", json.dumps(told, indent=1) + "\n")
    return Spec.read(folder / "spec.json")
