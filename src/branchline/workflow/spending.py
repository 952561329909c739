"""What was spent in all runs of a repository, or in one."""

import json

from branchline import report as words
from branchline.budget import DATED, Terms
from branchline.model.money import Limit
from branchline.workflow.answer import Answer
from branchline.workflow.console import Console
from branchline.workflow.look import opened
from branchline.workflow.money import flat_workers
from branchline.workflow.project import open_project


def budget(console: Console, name: str) -> Answer:
    """What was spent, by day, model, role and task, and how fast; of all runs unless one is named.

    The limit is that of the run that is named; without a name that of the newest one, which is told beside all else.
    """
    project = open_project(console)
    with opened(console, name) as (store, run):
        runs = [name] if name else [each for _, each, _ in store.heads()]
        rows = [row for each in runs for row in store.attempts(each)]
        own = rows if name else store.attempts(run.run)
        kept = json.loads(run.settings).get("terms")
    limit = Terms.restored(kept).run if kept else Limit()
    now, flat = console.clock(), flat_workers(project.settings, project.env)
    found = words.spending(rows, now, flat=flat, priced=DATED)
    this = words.spending(own, now, limit)
    found |= {"run": run.run, "limit": this["limit"], "spent_in_run": this["spent"]}
    return Answer(found, words.spending_text(found))
