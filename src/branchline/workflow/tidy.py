"""What was saved and what is left standing: `salvage` and `clean`."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Final, NamedTuple

from branchline.dispatch.sessions import OWN, forget
from branchline.errors import NotFoundError, RemoteError
from branchline.graph.adjacency import natural_key as natural
from branchline.model.moves import FINAL
from branchline.model.run import RunRow, TaskRow
from branchline.store import Store, lock
from branchline.terminal.text import many, safe
from branchline.workflow.answer import Answer
from branchline.workflow.console import Console
from branchline.workflow.project import Project, open_project
from branchline.workspace import restore as saved_work
from branchline.workspace.diff import Change, changes
from branchline.workspace.repository import Repository
from branchline.workspace.snapshot import Salvage

_UNKNOWN: Final = "kept"
"""The attempt that a salvage is filed under when no run tells which one it was."""
_SHOWN: Final = 200
"""How many changed files are named in words; the JSON line names all."""


class Left(NamedTuple):
    """A worktree or branch that stands: its run and task, and what the store says of the task."""

    run: str
    task: str
    row: TaskRow | None


def salvage_list(console: Console, run: str, task: str) -> Answer:
    """All that is saved of a task, of a run, or at all."""
    repository = _repository(console)
    rows = [row for row in repository.salvage_list(run) if task in ("", row.task)]
    rows.sort(key=lambda row: (natural(row.run), natural(row.task), row.at, row.ref))
    lines = [
        f"{safe(row.run)}  {safe(row.task)}  attempt {safe(row.attempt)}  {row.commit[:12]}  {row.ref}" for row in rows
    ]
    nothing = "nothing was salvaged" + (f" of {safe(task)}" if task else "")
    return Answer({"salvage": [row._asdict() for row in rows]}, "\n".join(lines) or nothing)


def salvage_show(console: Console, run: str, name: str, attempt: str) -> Answer:
    """What one salvage ref holds: the files that differ from where its run was."""
    repository = _repository(console)
    saved = _find(repository, run, name, attempt)
    base = saved_work.forked_at(repository.git, saved)
    changed = changes(repository.git, base, saved.commit) if base else []
    data = {**saved._asdict(), "base": base, "files": [change._asdict() for change in changed]}
    shown = [f"{saved.ref}", f"commit {saved.commit}", *_changed(base, changed)]
    shown += (
        [f"the whole of it: git diff {base[:12]} {saved.ref}"] if base else [f"the whole of it: git show {saved.ref}"]
    )
    shown += [f"bring it back: branchline salvage restore {safe(saved.task)}"]
    return Answer(data, "\n".join(shown))


def salvage_restore(console: Console, run: str, name: str, attempt: str, branch: str, folder: str) -> Answer:
    """Bring saved work back, as a branch of its own or as files in a new folder; the checkout stays as it is."""
    repository = _repository(console)
    saved = _find(repository, run, name, attempt)
    data = {**saved._asdict(), "branch": "", "folder": "", "files": 0}
    if folder:
        place = console.directory / folder
        number = saved_work.to_folder(repository.git, saved, place)
        data |= {"folder": str(place), "files": number}
        return Answer(data, f"{many(number, 'file')} of {saved.ref} are in {safe(str(place))} now")
    made = saved_work.to_branch(repository.git, saved, branch)
    words = f"{saved.ref} is the branch {safe(made)} now; your checkout is as it was: git switch {safe(made)}"
    return Answer(data | {"branch": made}, words)


def salvage_save(console: Console, run: str, task: str) -> Answer:
    """Save what a task's worktree holds now; it stays as it is."""
    project = open_project(console)
    repository = _repository(console, project)
    found = [left for left in _left(repository, _known(project), run) if left.task == task]
    if not found:
        raise NotFoundError(
            f"no worktree or branch of task {task} stands here; `branchline clean --dry-run` lists them"
        )
    left = found[-1]
    ref = repository.salvage(left.run, left.task, _attempt(left))
    words = f"{safe(task)} is saved under {ref}" if ref else f"all that {safe(task)} holds is on the integration branch"
    return Answer({"run": left.run, "task": task, "ref": ref}, words)


def clean(console: Console, run: str, *, dry_run: bool, save: bool) -> Answer:
    """Take away the worktrees and branches of tasks that are over, if all of them is merged or saved; name the others.

    `save` saves first what is neither. Raises LockedError while a coordinator is at work.
    """
    project = open_project(console)
    repository = _repository(console, project)
    with ExitStack() as stack:
        if not dry_run:
            stack.enter_context(lock(project.state))
        known = _known(project)
        removed, kept, salvaged, sessions = [], [], [], list[str]()
        for left in _left(repository, known, run):
            place = {"run": left.run, "task": left.task, "path": str(repository.worktree(left.run, left.task))}
            why = _why_not(left) or repository.would_lose(left.run, left.task)
            if why and save and not _why_not(left):
                salvaged += [] if dry_run else [repository.salvage(left.run, left.task, _attempt(left))]
                why = ""
            if why:
                kept.append({**place, "reason": why})
                continue
            removed.append(place)
            if not dry_run:
                repository.remove_worktree(left.run, left.task)
                sessions += _forget(project, left)
        scratches = (
            [] if dry_run else [name for name in _over(known, repository, run) if repository.remove_scratch(name)]
        )
    data = {"removed": removed, "kept": kept, "salvaged": salvaged, "scratch": scratches, "dry_run": dry_run}
    data["sessions"] = sessions
    return Answer(data, "\n".join(_tidied(data)))


def _repository(console: Console, project: Project | None = None) -> Repository:
    repository = (project or open_project(console)).repository(in_place=False)
    assert repository is not None  # noqa: S101 - not in place
    return repository


def _find(repository: Repository, run: str, name: str, attempt: str) -> Salvage:
    """The newest salvage of a task (in the newest run that has any), or the one that is named; raises NotFoundError."""
    rows = [row for row in saved_work.chosen(repository.salvage_list(run), name) if attempt in ("", row.attempt)]
    if not rows:
        which = f", attempt {attempt}" if attempt else ""
        raise NotFoundError(
            f"nothing was salvaged of {name}{which}; `branchline salvage list` shows what was", task=name
        )
    newest = max((row.run for row in rows), key=natural)
    return [row for row in rows if row.run == newest][-1]


def _known(project: Project) -> dict[str, tuple[RunRow, dict[str, TaskRow]]]:
    """The runs that the store knows with their tasks by id; none before the first run."""
    path = project.root / ".branchline" / "state.db"
    if not path.exists():
        return {}
    with Store.open(path, read_only=True) as store:
        return {row.run: (row, {task.task: task for task in store.tasks(row.run)}) for row in store.runs()}


def _left(repository: Repository, known: Mapping[str, Any], run: str) -> list[Left]:
    rows = [(name, task) for name, task in repository.left_over() if run in ("", name)]
    rows.sort(key=lambda row: (natural(row[0]), natural(row[1])))
    return [Left(name, task, known[name][1].get(task) if name in known else None) for name, task in rows]


def _attempt(left: Left) -> int | str:
    return left.row.attempt if left.row and left.row.attempt else _UNKNOWN


def _why_not(left: Left) -> str:
    if left.row is None or left.row.state in FINAL:
        return ""
    return f"task {left.task} is {left.row.state} and may go on"


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


def _over(known: Mapping[str, tuple[RunRow, Any]], repository: Repository, run: str) -> Iterator[str]:
    """The runs that have nothing left and will merge nothing more."""
    standing = {name for name, _ in repository.left_over()}
    for name, (row, _) in known.items():
        if run in ("", name) and name not in standing and row.state in ("done", "cancelled"):
            yield name


def _changed(base: str, changed: Sequence[Change]) -> Iterator[str]:
    if not base:
        yield "the run it left is gone, so what it changed cannot be told"
        return
    yield f"{many(len(changed), 'file')} differ from {base[:12]}:"
    for path, _, added, removed in changed[:_SHOWN]:
        yield f"  {safe(path)}  " + ("binary" if added is None else f"+{added} -{removed}")
    if len(changed) > _SHOWN:
        yield f"  and {len(changed) - _SHOWN} more"


def _tidied(data: Mapping[str, Any]) -> Iterator[str]:
    verb = "would be removed" if data["dry_run"] else "removed"
    for row in data["removed"]:
        yield f"{verb}: {safe(row['run'])} {safe(row['task'])}"
    yield from (f"saved first: {ref}" for ref in data["salvaged"])
    for row in data["kept"]:
        yield f"kept: {safe(row['run'])} {safe(row['task'])}: {safe(row['reason'])}"
    yield from map(safe, data["sessions"])
    if any("neither" in row["reason"] for row in data["kept"]):
        yield "`branchline clean --salvage` saves such work first, then removes its worktree"
    if not data["removed"] and not data["kept"]:
        yield "nothing is left over"
