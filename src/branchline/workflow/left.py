"""What runs have left standing: worktrees and branches, with what the store knows of their tasks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from branchline.errors import BranchlineError
from branchline.graph.adjacency import natural_key as natural
from branchline.model.run import RunRow, TaskRow
from branchline.terminal.text import safe
from branchline.workflow.console import Console
from branchline.workflow.look import no_run
from branchline.workflow.project import Project
from branchline.workspace.diff import Change
from branchline.workspace.repository import Repository

Known = Mapping[str, tuple[RunRow, dict[str, TaskRow]]]
"""The runs that the store knows, by name, with their tasks by id."""
_UNKNOWN: Final = "kept"
"""The attempt that a salvage is filed under when no run tells which one it was."""


class Left(NamedTuple):
    """A worktree or branch that stands: its run and task, and what the store says of the task."""

    run: str
    task: str
    row: TaskRow | None


def is_home(console: Console, run: RunRow) -> bool:
    """Whether the branch that is checked out holds all that a run has merged; False where nobody can tell."""
    if run.in_place:
        return False
    try:
        return Repository.open(console.root, console.env).holds(run.run)
    except BranchlineError:
        return False


def known_runs(project: Project) -> Known:
    """The runs that the store knows with their tasks by id; none before the first run."""
    with project.looked() as store:
        return {row.run: (row, {task.task: task for task in store.tasks(row.run)}) for row in store.runs()}


def left_over(repository: Repository, known: Known, run: str) -> list[Left]:
    """All that stands of a run ("": of any), in the order of runs and tasks; raises NotFoundError for an unknown run."""
    found = repository.left_over()
    there = {*known, *(name for name, _ in found)}
    if run and run not in there:
        raise no_run(run, sorted(there, key=natural, reverse=True))
    rows = [(name, task) for name, task in found if run in ("", name)]
    rows.sort(key=lambda row: (natural(row[0]), natural(row[1])))
    return [Left(name, task, known[name][1].get(task) if name in known else None) for name, task in rows]


def in_lines(changed: Sequence[Change], most: int) -> Iterator[str]:
    """A line for each file that differs, of more than `most` for so many, and how many are left."""
    for path, _, added, removed in changed[:most]:
        yield f"  {safe(path)}  " + ("binary" if added is None else f"+{added} -{removed}")
    if len(changed) > most:
        yield f"  and {len(changed) - most} more"


def attempt_of(left: Left) -> int | str:
    """The attempt that a salvage of what stands is filed under."""
    return left.row.attempt if left.row and left.row.attempt else _UNKNOWN
