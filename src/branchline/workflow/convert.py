"""A plan or a graph in another format, and whether a task of a plan has subtasks."""

import os
from pathlib import Path
from typing import Any, Final

from branchline import decompose as reading
from branchline.errors import NotFoundError, UsageError
from branchline.files import read_text, write_durable
from branchline.graph import edit, store
from branchline.graph.build import from_plan
from branchline.model.plan import DraftGraph, Task
from branchline.planfile.digests import is_folder
from branchline.planfile.formats import WRITERS, write
from branchline.planfile.formats.losses import losses
from branchline.terminal.text import some
from branchline.workflow.answer import Answer
from branchline.workflow.console import Console
from branchline.workflow.plan import Reading
from branchline.workflow.project import open_project

FORMATS: Final = (*reading.OWN_FORMS, *WRITERS)
"""What `--to` takes."""


def converted(draft: DraftGraph, target: str) -> tuple[str, list[str]]:
    """The text of a graph in a format of FORMATS, and in words what that format could not hold.

    The text is read again and compared: nothing is lost in silence.
    """
    text, written, said = _text(draft, target)
    try:
        again = reading.graph_of(text, draft.plan, target)
    except UsageError as fault:
        return text, [*said, f"{target} cannot hold this graph; reading it again fails: {fault.message}"]
    return text, said + losses(written, again, target)


def _text(draft: DraftGraph, target: str) -> tuple[str, DraftGraph, list[str]]:
    if target == "node-link":
        return store.dumps(draft), draft, []
    if target == "yaml":
        lines = edit.to_yaml(draft).split("\n")
        return "\n".join([f"# The graph of {draft.plan!a}.", *lines[1:]]), draft, []
    text, written, fresh = write(draft, target)
    listed = [f"{old} as {new}" for old, new in fresh.items()]
    said = [f"{target} has no form for some ids; written anew: {some(listed, 20)}"] if listed else []
    return text, written, said


def convert(console: Console, source: Path, target: str, out: str, how: Reading, *, force: bool) -> Answer:
    """Read a plan or a graph and give it in another format: as text, or in the file `out`, which is not overwritten."""
    path = console.directory / source
    draft = _graph(path, open_project(console).name(path), how)
    if not draft.tasks:
        raise UsageError(f"{source}: no tasks were found, so there is nothing to convert")
    text, said = converted(draft, target)
    found = [f"line {each.line}: {each.message}" if each.line else each.message for each in draft.findings]
    data: dict[str, Any] = {"format": target, "tasks": len(draft.tasks), "losses": said, "findings": found}
    if not out or out == "-":
        return Answer({**data, "text": text}, text.removesuffix("\n"))
    there = console.directory / out
    if os.path.lexists(there) and not force:
        raise UsageError(f"{out} exists and is not overwritten; name another file, or say --force", path=out)
    write_durable(there.resolve(), text)
    return Answer({**data, "path": out}, f"{len(draft.tasks)} tasks written to {out} as {target}")


def _graph(path: Path, name: str, how: Reading) -> DraftGraph:
    if is_folder(path):
        return from_plan(reading.read_plan(path, name, how.dialect, how.order))
    return reading.graph_of(read_text(path), name, how.dialect, how.order)


def has_subtasks(console: Console, task_id: str, todo: Path) -> Answer:
    """Whether a task has subtasks; raises NotFoundError for an id that the plan does not have."""
    draft = _graph(console.directory / todo, str(todo), Reading())
    wanted = task_of(draft, task_id, str(todo))
    below = [task.id for task in draft.tasks if task.parent == wanted.id]
    return Answer({"id": wanted.id, "has_subtasks": bool(below), "subtasks": below}, "true" if below else "false")


def task_of(draft: DraftGraph, task_id: str, path: str) -> Task:
    """The task of that id, or of one that differs in case only; raises NotFoundError when `path` has none."""
    by_id = {task.id.lower(): task for task in draft.tasks} | {task.id: task for task in draft.tasks}
    wanted = by_id.get(task_id) or by_id.get(task_id.lower())
    if wanted is None:
        raise NotFoundError(f"{path} has no task {task_id}", task=task_id, path=path)
    return wanted
