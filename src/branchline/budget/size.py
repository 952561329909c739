"""How large a task is by what is told of it, and the tier of models that it wants."""

import re
from typing import Final

from branchline.model.money import TIERS
from branchline.model.plan import DraftGraph, Task

MOST_FILES: Final = 3
MOST_LINES: Final = 200
MOST_HOURS: Final = 8.0
SMALL_LINES: Final = 20
SMALL_HOURS: Final = 0.5
_LINES: Final = re.compile(r"(?<!under )(?<!most )(?<!than )(?<!<)\b(\d[\d,]*)\+?\s*(?:lines|LOC)\b", re.I)


def tier_of(task: Task) -> tuple[str, str]:
    """The tier of models that a task wants, and who says so: the plan, or by its size the lint; ("", "") when nobody does.

    What the lint finds too wide or too long wants `thinking`; `simple` is what is said to be small, stays in one file and
    has a check of its own.
    """
    own = str(task.extra.get("tier", ""))
    if own in TIERS:
        return own, "plan"
    hard = "many-files" if files(task) else "too-long" if length(task) else ""
    if hard:
        return "thinking", f"lint: {hard}"
    lines = max(_told_lines(task), default=0)
    said = lines or task.estimate
    small = said and lines <= SMALL_LINES and (task.estimate or 0) <= SMALL_HOURS
    return ("simple", "lint: small") if small and task.checks and len(_changed(task)) <= 1 else ("", "")


def tiers(draft: DraftGraph) -> dict[str, dict[str, str]]:
    """What a run keeps of the tiers of its tasks beside its rows; empty when no task has one."""
    found = {task.id: tier for task in draft.tasks if task.kind == "atomic" and (tier := tier_of(task)[0])}
    return {"tier": found} if found else {}


def files(task: Task) -> str:
    """In words, that a task works on too many files; empty when it does not."""
    changed = _changed(task)
    return f"works on {len(changed)} files, more than {MOST_FILES}" if len(changed) > MOST_FILES else ""


def length(task: Task) -> str:
    """In words, that a task is expected to be too long; empty when it is not."""
    most = max(_told_lines(task), default=0)
    if most > MOST_LINES:
        return f"is expected to take {most} lines, more than {MOST_LINES}"
    return f"is estimated at {task.estimate:g} hours" if (task.estimate or 0) >= MOST_HOURS else ""


def _changed(task: Task) -> list[str]:
    return [file.path for file in task.files if file.role != "mention"]


def _told_lines(task: Task) -> list[int]:
    """How many lines of work a task is said or expected to take, each time that it is said."""
    text = f"{task.title}\n{task.body}"[:20_000]
    low = text.lower()  # of most tasks it is not said, and to look at each of their characters is dear
    places = _LINES.finditer(text) if "lines" in low or "loc" in low else ()
    told = [int(found[1].replace(",", "")) for found in places]
    expected = task.extra.get("expected_lines")
    return [*told, expected] if isinstance(expected, int) else told
