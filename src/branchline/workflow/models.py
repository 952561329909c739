"""Whether the models that a new run is about to use may be used, and whether their agents know them."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from branchline import proc, workers
from branchline.budget.size import tier_of
from branchline.config import Settings, WorkerSettings
from branchline.errors import SettingsError
from branchline.model.plan import Task
from branchline.terminal.text import some
from branchline.workflow.project import Project, program_of

_MODEL: Final = re.compile(r"^[^\s/]+/\S+$", re.M)
_SECONDS: Final = 30.0
_BYTES: Final = 1 << 20


def check_models(
    project: Project, settings: Settings, tasks: Iterable[Task], chosen: Mapping[str, str], *, by_hand: bool
) -> None:
    """Raise SettingsError, naming the nearest, for a model that is not allowed, or that its agent does not know.

    Raises it too for a temperature that a worker would not obey.

    `settings` are those in force, `chosen` the worker of each task; a model that is named `by_hand` goes before those of
    the tiers. An agent that can list its models is asked once.
    """
    lists: dict[str, list[str]] = {}
    tiers = {} if by_hand else settings.tiers.models()
    wanted = (
        (chosen[t.id], t.role, t.model or "", "temperature" in t.manner, tier_of(t)[0] if tiers else "")
        for t in tasks
        if t.id in chosen
    )
    for name, role_name, own, warm, tier in dict.fromkeys(wanted):
        worker, role = settings.workers[name], settings.role_named(role_name)
        adapter = workers.get(worker.kind)
        if (warm or role.temperature is not None) and not getattr(adapter, "TEMPERATURE", False):
            where = "the plan" if warm else f"[roles.{role_name}]"
            raise SettingsError(
                f"role {role_name}: worker {name} ({worker.kind}) takes no temperature; take it out of {where}, or "
                "give the role a worker of kind opencode"
            )
        if role.reads and not getattr(adapter, "READS", False):
            raise SettingsError(
                f"role {role_name}: worker {name} ({worker.kind}) cannot be kept from reading; take reads out of "
                f"[roles.{role_name}], or give the role a worker of kind opencode or opencode-server"
            )
        if role.permissions not in ("edit", "read-only") and not getattr(adapter, "ASKS", False):
            raise SettingsError(
                f"role {role_name}: worker {name} ({worker.kind}) knows no permissions but edit and read-only, for it cannot "
                f"wait for an answer; correct [roles.{role_name}], or give the role a worker of kind opencode-server or acp"
            )
        if (worker.session != "task" or worker.delete_sessions) and not getattr(adapter, "SHARES", False):
            raise SettingsError(
                f"worker {name} ({worker.kind}): its sessions belong to a task and go with its folder; take session and "
                f"delete_sessions out of [workers.{name}], or make it one of kind opencode-server"
            )
        if not adapter.PROGRAM:
            continue
        graded = () if own else tiers.get(tier or settings.tiers.default, ())
        for model in graded or (own or worker.model or role.model, *role.fallback_models):
            where = f"worker {name} in role {role_name}" + (
                f", tier {tier or settings.tiers.default}" if graded else ""
            )
            settings.check_model(model, where)
            if model and name not in lists:
                lists[name] = known(project, worker)
            if model and lists[name] and model not in lists[name]:
                raise SettingsError(f"{where}: there is no model {model!r}{nearest(model, lists[name])}")


def known(project: Project, worker: WorkerSettings) -> list[str]:
    """Ask an agent which models it has, as `provider/model`; nothing when it cannot be asked or does not answer."""
    ask = getattr(workers.get(worker.kind), "models", None)
    if ask is None or not program_of(project.settings, worker):
        return []
    command = ask(worker.argv, {**project.env, **worker.env})
    done = proc.run(command.argv, cwd=project.root, env=command.env, timeout=_SECONDS, limit=_BYTES)
    return _MODEL.findall(done.out.decode("utf-8", "replace")) if done.code == 0 else []


def nearest(model: str, there: list[str]) -> str:
    """Name in words what is closest: the same model of another provider before one that is only spelled like it."""
    from difflib import get_close_matches

    name = model.partition("/")[2]
    found = [each for each in there if each.partition("/")[2] == name] or get_close_matches(model, there, 1, 0.5)
    if found:
        return f"; did you mean {' or '.join(found[:3])}?"
    return f"; there are {some(there)}"
