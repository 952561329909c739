"""What a run may spend, and what was spent: limits, what starts used before, what turns cost, who pays nothing."""

import json
from collections.abc import Iterable, Mapping

from branchline import budget, report, workers
from branchline.budget import Terms
from branchline.config import Settings
from branchline.errors import SettingsError
from branchline.model.money import Amount, Limit
from branchline.store import Store
from branchline.workflow.answer import Answer
from branchline.workflow.console import Console
from branchline.workflow.estimates import RUNS
from branchline.workflow.flags import models_of
from branchline.workflow.look import opened
from branchline.workflow.project import open_project

BLIND = ("shell",)
"""Kinds of workers that may tell their usage and mostly do not: nothing is set aside for them until they do."""
LATE = ("acp",)
"""Kinds that may tell their usage at the end only."""
SILENT = ("codex",)
"""Kinds that tell tokens and never money."""


def terms_of(settings: Settings, store: Store, env: Mapping[str, str]) -> Terms:
    """The terms of a run; without a limit all of it is empty, for nobody asks."""
    if not (settings.budget or settings.task_budget):
        return Terms()
    rows = [each for _, run, _ in store.heads()[:RUNS] for each in store.attempts(run) if each.purpose == "work"]
    ended = [(row.role, row.model, row.used) for row in rows if row.state == "ended"]
    models = {name for each in models_of(settings).values() for name in each if name}
    turns = {model: budget.largest_turn(budget.price_of(model, settings.prices)) for model in models}
    return Terms(
        settings.budget,
        settings.task_budget,
        _amount(settings.start_budget, Terms().guess),
        budget.history(ended),
        _amount(settings.turn_budget, Terms().turn),
        {} if settings.turn_budget else turns,
        tuple(name for name, worker in settings.workers.items() if worker.kind in BLIND),
        flat_workers(settings, env),
        () if settings.turn_budget else tuple(name for name, w in settings.workers.items() if w.kind in LATE),
    )


def _amount(limit: Limit, default: Amount) -> Amount:
    usd, tokens = limit
    return Amount(default.usd if usd is None else usd, default.tokens if tokens is None else tokens)


def flat_workers(settings: Settings, env: Mapping[str, str]) -> tuple[str, ...]:
    """The workers that a subscription pays for."""
    return tuple(name for name, worker in settings.workers.items() if workers.is_flat(worker, env, worker.model))


def remarks(settings: Settings, env: Mapping[str, str], chosen: Iterable[str]) -> list[str]:
    """What a person who sets a budget should know of the workers it is for; `chosen` are their names."""
    if not (settings.budget or settings.task_budget):
        return []
    words, flat = [], flat_workers(settings, env)
    for name in dict.fromkeys(chosen):
        if name in flat:
            words.append(f"worker {name} is paid by a subscription: it costs 0 usd, its tokens count")
        elif settings.workers[name].kind in BLIND:
            words.append(f"worker {name} may tell no usage: what it does not tell, the budget does not count")
        elif settings.workers[name].kind in LATE:
            words.append(
                f"worker {name} may tell its usage at the end of an attempt only, and cannot be stopped before"
            )
    return words


def check_priced(settings: Settings, env: Mapping[str, str], chosen: Iterable[tuple[str, str, str]]) -> None:
    """Raise SettingsError for a limit in money and a worker whose price nobody knows.

    `chosen` are the worker, the role and the own model of each task.
    """
    if settings.budget.usd is None and settings.task_budget.usd is None:
        return
    for name, role, own in dict.fromkeys(chosen):
        worker, model = settings.workers[name], own or settings.workers[name].model or settings.role_named(role).model
        known = worker.kind not in SILENT or budget.price_of(model, settings.prices)
        if not known and not workers.is_flat(worker, env, model):
            which = f"the price of {model!r}" if model else "the model, and so the price,"
            raise SettingsError(
                f"a budget in usd: {which} of worker {name} in role {role} is not known, and it tells tokens only; "
                "name a model that has a price, set [prices], or give the budget in tokens (2Mtok)"
            )


def spent(console: Console, name: str) -> Answer:
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
    found = report.spending(rows, now, flat=flat, priced=budget.DATED)
    this = report.spending(own, now, limit)
    found |= {"run": run.run, "limit": this["limit"], "spent_in_run": this["spent"]}
    return Answer(found, report.spending_text(found))
