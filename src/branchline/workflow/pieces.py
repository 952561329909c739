"""The batch verbs for scripts: task rows as JSON in, batches out; of other rooms only what a quick start can bear."""

import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from branchline.errors import BranchlineError, InputError, UsageError
from branchline.files import find_root, load_json
from branchline.schedule import rows, standing
from branchline.schedule.batch import DEFAULT_CONCURRENCY
from branchline.schedule.batch import order as all_batches
from branchline.schedule.view import STRATEGIES, View
from branchline.terminal.text import many
from branchline.workflow.answer import Answer

MAX_BYTES: Final = 256 << 20
_FILES: Final = ("branchline.toml", "pyproject.toml")
_VARIABLES: Final = frozenset({"BRANCHLINE_STRATEGY", "BRANCHLINE_CONCURRENCY"})
_ROWS: Final = re.compile(r"\s*\[\s*[\[{\"]")
_MARKS: Final = frozenset({"blocked_by", "parent_id", "order_after"})
"""Keys that tell rows in an object from a plan of another tool: one of the first two, or that of `decompose --json`."""
_ENDS: Final = {
    "waiting": (3, "a task waits for a person; `--json` names it and says why"),
    "deadlock": (4, "nothing runs and nothing can start; `--json` says what each task waits for"),
}


def decoded(data: bytes, name: str) -> str:
    """The text of an input of any size up to MAX_BYTES, its lines as long as they are; raises InputError."""
    if len(data) > MAX_BYTES:
        raise InputError(f"{name}: more than {MAX_BYTES >> 20} MiB; give a part of it")
    if b"\0" in data:
        raise InputError(f"{name}: a NUL byte; this is not a text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        raise InputError(f"{name}:{line}: byte {fault.start} is not UTF-8; save it again as UTF-8") from None


def rows_in(text: str, name: str) -> list[Any] | None:
    """The task rows in a text: a JSON list, or `tasks` of an object; None for a plan and for a stored graph."""
    if not text.lstrip().startswith(("[", "{")):
        return None
    try:
        found = load_json(text, name)
    except InputError:
        if _ROWS.match(text):
            raise
        return None  # a plan, JSON lines, or a graph whose own reader says better what is broken
    if isinstance(found, list):
        return found
    tasks = found.get("tasks") if isinstance(found, dict) else None
    return tasks if isinstance(tasks, list) and any(map(_is_row, tasks)) else None


def _is_row(task: Any) -> bool:
    return isinstance(task, Mapping) and "id" in task and not _MARKS.isdisjoint(task)


class How(NamedTuple):
    """How batches are made: the strategy, how many tasks run at once, and whether idle slots take from what comes next."""

    strategy: str = STRATEGIES[0]
    concurrency: int = DEFAULT_CONCURRENCY
    fill: bool = False


def how(
    strategy: str | None,
    concurrency: int | None,
    directory: Path,
    env: Collection[str],
    load: Callable[[Path | None], Any],
) -> How:
    """What the flags say, else the settings of the checkout; raises UsageError for a concurrency below 0.

    `load` reads the settings of a root, and is called only where they can say something: it takes as long as all else.
    """
    if concurrency is not None and concurrency < 0:
        raise UsageError(f"--concurrency {concurrency}: must be 0 or more")
    root, own = find_root(directory), How()
    may_say = not _VARIABLES.isdisjoint(env) or any(root and os.path.lexists(root / name) for name in _FILES)
    if may_say and (strategy is None or concurrency is None):
        settings = load(root)
        own = How(settings.strategy, settings.concurrency)
    return How(strategy or own.strategy, own.concurrency if concurrency is None else concurrency)


def validate(found: Sequence[Any] | None, fault: BranchlineError | None = None) -> Answer:
    """What is wrong with task rows; with a `fault` they could not even be read."""
    try:
        if fault:
            raise fault
        return verdict(rows.validate(found or []))
    except UsageError as error:
        return verdict({"valid": False, "errors": [error.message], "warnings": []})


def verdict(said: Mapping[str, Any]) -> Answer:
    """`valid`, `errors` and `warnings` as an answer: exit status 2 for what is not valid."""
    return Answer(said, status=0 if said["valid"] else 2, error="; ".join(said["errors"][:5]))


def next_batch(view: View, how: How, *, told: bool) -> Answer:
    """The batch to start now, and how things stand; `told` adds why each other task waits."""
    step = standing.next_step(view, *how)
    reasons = standing.waiting(view, how.strategy, how.concurrency, step.batch) if told else {}
    data = {"batch": step.batch, "free_slots": step.free_slots, "waiting": reasons, "state": step.state}
    status, words = _end(step)
    return Answer(data, status=status, error=words.partition(";")[0] if told else words)


def _end(step: standing.Next) -> tuple[int, str]:
    return _ENDS[step.state] if step.state == "deadlock" or step.asks else (0, "")


def order(view: View, how: How, *, told: bool) -> Answer:
    """All batches to the end, and the tasks that are in none, for something before them stands still.

    Where there is no batch at all the exit status is that of `next_batch`; `told`: the tasks that are left are named.
    """
    found = all_batches(view, *how)
    given = {task for batch in found for task in batch}
    over = ("done", "skipped", "cancelled", "running")
    left = [leaf for leaf in view.adjacency.leaves if leaf not in given and view.state.get(leaf) not in over]
    status, _ = (0, "") if found else _end(standing.next_step(view, *how))
    words = (
        f"{many(len(left), 'task')} {'is' if len(left) == 1 else 'are'} in no batch: held, over, or behind one that is"
    )
    words += "" if told else "; `--json` names them as `left`"
    data = {"batches": found, "left": left}
    return Answer(data, status=status, error=words if left and (how.concurrency or status) else "")
