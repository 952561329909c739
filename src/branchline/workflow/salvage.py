"""The work that was not merged: listed, shown, brought back, or saved now."""

from collections.abc import Iterator, Sequence
from typing import Final

from branchline.errors import NotFoundError
from branchline.graph.adjacency import natural_key as natural
from branchline.terminal.text import many, safe
from branchline.workflow.answer import Answer
from branchline.workflow.console import Console
from branchline.workflow.left import attempt_of, in_lines, known_runs, left_over
from branchline.workflow.project import open_project
from branchline.workspace import restore as saved_work
from branchline.workspace.diff import Change, changes
from branchline.workspace.repository import Repository
from branchline.workspace.snapshot import Salvage

_SHOWN: Final = 200
"""How many changed files are named in words; the JSON line names all."""


def list_saved(console: Console, run: str, task: str) -> Answer:
    """All that is saved of a task, of a run, or at all."""
    project = open_project(console)
    repository = project.repository()
    rows = [row for row in repository.salvage_list(run) if task in ("", row.task)]
    rows.sort(key=lambda row: (natural(row.run), natural(row.task), row.at, row.ref))
    if not rows:
        left_over(repository, known_runs(project), run)  # which says so where there is no such run
    lines = [
        f"{safe(row.run)}  {safe(row.task)}  attempt {safe(row.attempt)}  {row.commit[:12]}  {row.ref}" for row in rows
    ]
    nothing = "nothing was salvaged" + (f" of {safe(task)}" if task else "")
    return Answer({"salvage": [row._asdict() for row in rows]}, "\n".join(lines) or nothing)


def show(console: Console, run: str, name: str, attempt: str) -> Answer:
    """What one salvage ref holds: the files that differ from where its run was."""
    repository = open_project(console).repository()
    saved = _find(repository, run, name, attempt)
    base = saved_work.forked_at(repository.git, saved)
    changed = changes(repository.git, base, saved.commit) if base else []
    data = {**saved._asdict(), "base": base, "files": [change._asdict() for change in changed]}
    whole = f"git diff {base[:12]} {saved.ref}" if base else f"git show {saved.ref}"
    told = [saved.ref, f"commit {saved.commit}", *_changed(base, changed), f"the whole of it: {whole}"]
    return Answer(data, "\n".join([*told, f"bring it back: branchline salvage restore {safe(saved.task)}"]))


def restore(console: Console, run: str, name: str, attempt: str, branch: str, folder: str) -> Answer:
    """Bring saved work back, as a branch of its own or as files in a new folder; the checkout stays as it is."""
    repository = open_project(console).repository()
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


def save(console: Console, run: str, task: str) -> Answer:
    """Save what a task's worktree holds now; it stays as it is."""
    project = open_project(console)
    repository = project.repository()
    found = [left for left in left_over(repository, known_runs(project), run) if left.task == task]
    if not found:
        raise NotFoundError(
            f"no worktree or branch of task {task} stands here; `branchline clean --dry-run` lists them"
        )
    left = found[-1]
    ref = repository.salvage(left.run, left.task, attempt_of(left))
    words = f"{safe(task)} is saved under {ref}" if ref else f"all that {safe(task)} holds is on the integration branch"
    return Answer({"run": left.run, "task": task, "ref": ref}, words)


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


def _changed(base: str, changed: Sequence[Change]) -> Iterator[str]:
    if not base:
        yield "the run it left is gone, so what it changed cannot be told"
        return
    yield f"{many(len(changed), 'file')} changed since {base[:12]}:"
    yield from in_lines(changed, _SHOWN)
