"""What the tasks of a plan are expected to take and to touch, by its estimates and by the runs before."""

import json
import re
from collections.abc import Iterable

from branchline.model.plan import DraftGraph
from branchline.model.run import TaskRow
from branchline.schedule.durations import USUAL, Kind, Outlook, Past
from branchline.simulate import dice
from branchline.store import AnyStore
from branchline.workflow.project import Project, role_workers

RUNS = 10
"""How many of the newest runs are looked at."""
MOST_FILES = 100
"""Files of one task; more says that nobody knows."""
_WORD = re.compile(r"[^\W\d_]{2,}")


def outlook_in(store: AnyStore, run: str, rows: Iterable[TaskRow]) -> Outlook:
    """The tasks of a run with what is known of other runs; of its own it learns while it runs."""
    hours = estimates_of(store, run)
    tasks = {
        r.task: (Kind(r.role, r.worker, r.model), hours.get(r.task, 0.0) * USUAL) for r in rows if r.kind == "atomic"
    }
    return Outlook(tasks, (known for of, known in past(store) if of != run), dice)


def outlook_of(project: Project, draft: DraftGraph) -> Outlook:
    """The tasks of a graph of which there may be no run yet; to look leaves no trace."""
    workers = role_workers(project, {task.role for task in draft.tasks})
    tasks = {
        task.id: (Kind(task.role, task.worker or workers.get(task.role, "")), (task.estimate or 0.0) * USUAL)
        for task in draft.tasks
        if task.kind == "atomic"
    }
    with project.looked() as store:
        return Outlook(tasks, [known for _, known in past(store)])


def past(store: AnyStore) -> list[tuple[str, Past]]:
    """What is known of the tasks that are done, each with its run and with what its plan had estimated."""
    rows = store.spent(RUNS)
    estimates = {run: estimates_of(store, run) for run in {row.run for row in rows}}
    return [
        (
            row.run,
            Past(
                Kind(row.role, row.worker, row.model, row.effort),
                row.seconds,
                estimates[row.run].get(row.task, 0.0) * USUAL,
                row.cost,
            ),
        )
        for row in rows
    ]


def estimates_of(store: AnyStore, run: str) -> dict[str, float]:
    """Task -> the hours that a run's plan estimated."""
    row = store.run(run)
    found: dict[str, float] = json.loads(row.net).get("estimate", {}) if row else {}
    return found


def touches(store: AnyStore, draft: DraftGraph) -> dict[str, dict[str, bool]]:
    """Task -> path -> that it is likely to change it, by what is kept of the newest runs."""
    silent = {t.id: alike for t in draft.tasks if t.kind == "atomic" and not t.files and (alike := _words(t.title))}
    seen: dict[frozenset[str], dict[str, bool]] = {}
    for title, files in store.touched(RUNS) if silent else ():
        seen.setdefault(_words(title), {}).update(dict.fromkeys(files, True))
    return {task: seen[alike] for task, alike in silent.items() if 0 < len(seen.get(alike, ())) <= MOST_FILES}


def _words(title: str) -> frozenset[str]:
    """What two similar titles have in common: their words, in any order and whatever their numbers."""
    return frozenset(_WORD.findall(title.lower()))
