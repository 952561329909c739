"""Where a command works: the checkout, its settings, its store, and which worker takes a task."""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from branchline import workers
from branchline.config import RoleSettings, Settings, WorkerSettings, load
from branchline.errors import (
    NotFoundError,
    PlanError,
    SettingsError,
    UsageError,
    WorkerMissingError,
)
from branchline.files import state_folder
from branchline.graph import store as graphs
from branchline.model.plan import DraftGraph, Task
from branchline.model.run import RunRow
from branchline.store import AnyStore, MemoryStore, Store
from branchline.workflow.console import Console, name_in
from branchline.workspace.repository import Repository

PREFERRED = ("opencode", "claude", "codex")
"""Agents looked for on PATH, in this order, when no worker is named."""


class Project(NamedTuple):
    """A checkout and its settings; `root` is the folder itself when there is no git."""

    root: Path
    settings: Settings
    env: Mapping[str, str]

    @property
    def is_checkout(self) -> bool:
        """Whether `root` is that of a repository; elsewhere what only answers leaves nothing behind."""
        return os.path.lexists(self.root / ".git")

    @property
    def state(self) -> Path:
        """The state folder, made with its .gitignore."""
        return state_folder(self.root)

    def store(self) -> Store:
        """The store, made when there is none."""
        return Store.open(self.state / "state.db")

    def looked(self) -> AnyStore:
        """The store to read in; before the first run an empty one in memory, for to look leaves no trace."""
        path = self.root / ".branchline" / "state.db"
        return Store.open(path, read_only=True) if path.exists() else MemoryStore()

    def repository(self) -> Repository:
        """The repository to isolate work in; raises RepositoryError in words."""
        own = self.settings.workspace
        return Repository.open(self.root, self.env, own.programs, ignored=own.salvage_ignored)

    def starting(self, worker: str, argv: tuple[str, ...]) -> "Project":
        """The project with another program for a worker; raises SettingsError for an unknown one."""
        made = self.settings.worker_named(worker).but(argv=argv)
        return self._replace(settings=self.settings.but(workers={**self.settings.workers, worker: made}))

    def name(self, path: Path) -> str:
        """A plan's path as findings, graphs and runs call it, as `name_in`."""
        return name_in(self.root, path)


def graph_path(plan: Path) -> Path:
    """Where the graph of a plan is stored: beside it."""
    return plan.with_name(f"{plan.stem}.graph.json")


def find_plan(console: Console, project: Project, plan: str) -> Path:
    """The plan a command means: the one named, else that of the newest run or stored graph. Raises NotFoundError."""
    if plan:
        path = console.directory / plan
        if not path.exists():
            raise PlanError(f"{plan}: there is no such file")
        return _plan_of(project, path)
    stored = [p for folder in ("plans", ".") for p in (project.root / folder).glob("*.graph.json") if p.is_file()]
    newest = max(stored, key=lambda path: path.stat().st_mtime, default=None)
    with project.looked() as store:
        run = store.newest()
    if newest and (run is None or newest.stat().st_mtime > run.started):
        return project.root / graphs.read(newest).plan
    if run is None:
        raise NotFoundError("no plan was named and none is stored; start with `branchline decompose plans/x.md`")
    return project.root / run.plan


def _plan_of(project: Project, path: Path) -> Path:
    """The plan that a stored graph is named for, where it stands beside that plan: its work is not done a second time."""
    if not path.name.endswith(".graph.json"):
        return path
    plan = project.root / graphs.read(path).plan
    return plan if plan.is_file() and graph_path(plan).resolve() == path.resolve() else path


def folder_of(state: Path, run: RunRow, task: str) -> Path:
    """The folder of a task's attempts; its lock is held while a person works on the task."""
    return state / "runs" / run.run / task


def open_project(console: Console, flags: Mapping[str, Any] | None = None) -> Project:
    """The project a command was started in, with settings merged once; flags have dotted names."""
    root = console.root
    settings = load(root, console.env, dict(flags or {}))
    at_root = {name: w.but(argv=argv_at(w.argv, root)) for name, w in settings.workers.items()}
    return Project(root, settings.but(workers=at_root), console.env)


def with_worker(project: Project, console: Console, text: str) -> tuple[Project, str]:
    """The project with the worker that `--worker` names, and its name; the empty text names none."""
    if not text:
        return project, ""
    name, argv = workers.parse_worker(text)
    if name not in project.settings.workers:
        known = ", ".join(sorted(project.settings.workers))
        raise SettingsError(
            f"--worker {text!r}: there is no worker {name!r}; there are {known}, or shell:PROGRAM ARG..."
        )
    if not argv:
        return project, name
    return project.starting(name, argv_at(argv, console.directory)), name


def argv_at(argv: tuple[str, ...], directory: Path) -> tuple[str, ...]:
    """A program given by a relative path is the one in the folder where it was named, not one in a worktree."""
    if argv and ("/" in argv[0] or (directory / argv[0]).is_file()):
        return (str((directory / argv[0]).absolute()), *argv[1:])
    return argv


def default_worker(project: Project) -> str:
    """The worker of the settings, else the first known agent on PATH; raises WorkerMissingError saying what to install.

    With `prefer_oauth` one that a subscription pays for goes before those that a key pays for, of several the one that
    stands first in the settings (SEEDS S4.19).
    """
    if project.settings.worker:
        return project.settings.worker
    there = [name for name in PREFERRED if _which(name, project.env)]
    if project.settings.prefer_oauth:
        there = [*_flat_agents(project), *there]
    if there:
        return there[0]
    ways = ", or ".join(f"{name} (`{workers.get(name).INSTALL}`)" for name in PREFERRED)
    raise WorkerMissingError(
        f"no agent is installed: install {ways}, or name any program of yours with --worker 'shell:PROGRAM ARG...': "
        "it gets the prompt on stdin and writes its answer to $BRANCHLINE_EXIT_FILE"
    )


def _flat_agents(project: Project) -> Iterator[str]:
    """The agents that are there and that a subscription pays for, in the order of the settings."""
    for name, worker in project.settings.workers.items():
        is_there = worker.kind in PREFERRED and _which(program_of(project.settings, worker), project.env)
        if is_there and workers.is_flat(worker, project.env, worker.model):
            yield name


def choose_workers(project: Project, draft: DraftGraph, flag: str) -> dict[str, str]:
    """Atomic task -> worker: the task's own, else `--worker`, else its role's, else the default.

    Raises SettingsError for an unknown one and for an unknown role, and WorkerMissingError for one whose program is not there.
    """
    default = ""
    chosen: dict[str, str] = {}
    for task in draft.tasks:
        if task.kind != "atomic":
            continue
        role = _role_of(project.settings, task, draft.plan)
        name = task.worker or flag or role.worker
        if not name:
            default = default or default_worker(project)
            name = default
        chosen[task.id] = name
    for name in dict.fromkeys(chosen.values()):
        check_worker(project, name)
    return chosen


def role_workers(project: Project, roles: Iterable[str]) -> dict[str, str]:
    """Role -> the worker its tasks would get now; a role is left out when no agent is installed."""
    try:
        default = default_worker(project)
    except WorkerMissingError:
        default = ""
    named = {role: project.settings.roles[role].worker if role in project.settings.roles else "" for role in roles}
    return {role: worker or default for role, worker in named.items() if worker or default}


def _role_of(settings: Settings, task: Task, plan: str) -> RoleSettings:
    """The role of a task: one that nobody knows, perhaps a slip of `research`, would be let write."""
    try:
        return settings.role_named(task.role)
    except SettingsError as error:
        where = f"{plan}:{task.line}" if task.line else plan
        raise SettingsError(f"{where}: task {task.id}: {error}", task=task.id, line=task.line) from None


def check_worker(project: Project, name: str) -> None:
    """Raise SettingsError, UsageError or WorkerMissingError, saying what to do, for a worker that cannot start."""
    worker = project.settings.workers.get(name)
    if worker is None:
        known = ", ".join(sorted(project.settings.workers))
        raise SettingsError(f"there is no worker {name!r}; the settings know {known}")
    adapter, program = workers.get(worker.kind), program_of(project.settings, worker)
    if worker.kind == "shell" and not worker.argv:
        raise UsageError("the shell worker needs a program: --worker 'shell:PROGRAM ARG...', or argv in [workers.NAME]")
    if worker.kind == "shell" and any("{prompt}" in word for word in worker.argv):
        raise UsageError(
            f"worker {name!r}: no argument ever holds a prompt, so {{prompt}} is a plain word: the program reads it from "
            "stdin or from the file $BRANCHLINE_PROMPT_FILE"
        )
    if worker.kind == "acp" and not worker.argv:
        raise UsageError("the acp worker needs an agent: --worker 'acp:opencode acp', or argv in [workers.NAME]")
    if program and not _which(program, project.env):
        how = f" (`{adapter.INSTALL}`)" if adapter.INSTALL and program == adapter.PROGRAM else ""
        raise WorkerMissingError(
            f"worker {name!r}: the program {program!r} is not installed or not on PATH; install it{how}, or name another "
            "with --worker (any program: --worker 'shell:PROGRAM ARG...')"
        )


def program_of(settings: Settings, worker: WorkerSettings) -> str:
    """The program that a worker starts on this machine; "" where nothing is: it plays, or its servers run already."""
    if worker.kind == "opencode-server" and settings.instances:
        return ""
    return workers.program(worker)


def _which(program: str, env: Mapping[str, str]) -> str | None:
    return shutil.which(program, path=env.get("PATH", ""))
