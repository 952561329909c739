"""Take away what tasks that are over have left standing: `clean`."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from branchline.dispatch.sessions import OWN, forget
from branchline.errors import BranchlineError, RemoteError
from branchline.model.moves import FINAL
from branchline.store import Store, lock
from branchline.terminal.text import safe
from branchline.workflow.answer import Answer
from branchline.workflow.console import Console
from branchline.workflow.left import Known, Left, attempt_of, known_runs, left_over
from branchline.workflow.project import Project, open_project
from branchline.workflow.verify import spec_of
from branchline.workspace.prepare import tear_down
from branchline.workspace.repository import Repository
from branchline.workspace.worktree import scratch_of


def clean(console: Console, run: str, *, dry_run: bool, save: bool) -> Answer:
    """Take away the worktrees and branches of tasks that are over, if all of them is merged or saved; name the others.

    `save` saves first what is neither; the commands of `[workspace] teardown` run before a worktree goes. Raises
    LockedError while a coordinator is at work.
    """
    project = open_project(console)
    repository = project.repository()
    removed, kept, salvaged, scratch, torn_down, sessions = [], [], [], [], [], list[str]()
    with ExitStack() as stack:
        if not dry_run:
            stack.enter_context(lock(project.state))
        known, wished = known_runs(project), _wished(project)
        for left in left_over(repository, known, run):
            tree = repository.worktree(left.run, left.task)
            place = {"run": left.run, "task": left.task, "path": str(tree)}
            try:
                goes_on = _why_not(left, wished)
                why = goes_on or repository.would_lose(left.run, left.task)
                if why and save and not goes_on:
                    salvaged += [] if dry_run else [repository.salvage(left.run, left.task, attempt_of(left))]
                    why = ""
                if not why and not dry_run:
                    torn_down += _torn_down(project, known, left, tree)
                    repository.remove_worktree(left.run, left.task)
                    sessions += _forget(project, left)
            except BranchlineError as error:  # it concerns one worktree: the others can go all the same
                why = error.message
            if why:
                kept.append({**place, "reason": why})
            else:
                removed.append(place)
        for left in [] if dry_run else list(_over(known, repository, run)):
            torn_down += _torn_down(project, known, left, scratch_of(repository.root, left.run))
            scratch += [left.run] if repository.remove_scratch(left.run) else []
    data = {"removed": removed, "kept": kept, "salvaged": salvaged, "scratch": scratch, "teardown": torn_down}
    data |= {"sessions": sessions, "dry_run": dry_run}
    return Answer(data, "\n".join(_tidied(data)))


def _wished(project: Project) -> set[tuple[str, str]]:
    """The runs and tasks of which a person has wished something that nobody has acted on yet."""
    with project.looked() as store:
        return {(request.run, request.task) for request in store.requests()}


def _why_not(left: Left, wished: Collection[tuple[str, str]]) -> str:
    if (left.run, left.task) in wished:
        return f"what you asked of task {left.task} waits for the next `branchline execute` or `pulse`"
    if left.row is None or left.row.state in FINAL:
        return ""
    return f"task {left.task} is {left.row.state} and may go on"


def _over(known: Known, repository: Repository, run: str) -> Iterator[Left]:
    """The runs that have nothing left and will merge nothing more, each with its last task."""
    standing = {name for name, _ in repository.left_over()}
    for name, (row, tasks) in known.items():
        if run in ("", name) and name not in standing and row.state in ("done", "cancelled"):
            yield Left(name, *list(tasks.items())[-1])


def _torn_down(project: Project, known: Known, left: Left, folder: Path) -> list[dict[str, Any]]:
    """How the commands of `[workspace] teardown` ended where a task worked, or where the merges of its run were tried."""
    if left.row is None or not project.settings.workspace.teardown or not folder.is_dir():
        return []
    with Store.open(project.state / "state.db", read_only=True) as store:
        spec = spec_of(project, store, known[left.run][0], left.row, "clean")
    return [{"run": left.run, "task": left.task, **row} for row in tear_down(spec, folder)]


def _forget(project: Project, left: Left) -> list[str]:
    """Delete a task's own sessions at their server, where the user wants it; in words those that stay."""
    worker = project.settings.workers.get(left.row.worker) if left.row else None
    if worker is None or not worker.delete_sessions or worker.session != OWN:
        return []
    with Store.open(project.state / "state.db", read_only=True) as store:
        worked = [attempt for attempt in store.attempts(left.run, left.task) if attempt.purpose == "work"]
    try:
        forget(worker, worked, lambda each: project.state / "runs" / each.run / each.task / str(each.attempt))
    except RemoteError as error:
        return [error.message]
    return []


def _tidied(data: Mapping[str, Any]) -> Iterator[str]:
    verb = "would be removed" if data["dry_run"] else "removed"
    for row in data["removed"]:
        yield f"{verb}: {safe(row['run'])} {safe(row['task'])}"
    yield from (f"saved first: {ref}" for ref in data["salvaged"])
    for row in data["teardown"]:
        if row["exit"]:
            yield f"teardown of {safe(row['run'])} {safe(row['task'])}: {safe(row['command'])} (exit {row['exit']})"
    for row in data["kept"]:
        yield f"kept: {safe(row['run'])} {safe(row['task'])}: {safe(row['reason'])}"
    yield from map(safe, data["sessions"])
    if any("neither" in row["reason"] for row in data["kept"]):
        yield "`branchline clean --salvage` saves such work first, then removes its worktree"
    if not data["removed"] and not data["kept"]:
        yield "nothing is left over"
