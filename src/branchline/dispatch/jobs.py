"""An attempt, made into what custody starts: the worker with its prompt, or one of our own jobs with its spec."""

import json
import os
import sys
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

from branchline import land, prompts, sandbox, workers
from branchline.config import Settings, WorkerSettings
from branchline.dispatch import masks
from branchline.dispatch.boxes import Boxes, Place
from branchline.dispatch.history import History
from branchline.dispatch.pages import Pages
from branchline.dispatch.permissions import ASK
from branchline.dispatch.sessions import Sessions
from branchline.dispatch.ticks import Ticks
from branchline.errors import SettingsError
from branchline.files import write_new
from branchline.model.plan import Check, DraftGraph
from branchline.model.run import PHASE, TAKEN, AttemptRow, Job, TaskRow
from branchline.proc import Spawn
from branchline.sandbox.around import Walls
from branchline.sandbox.vault import Vault
from branchline.workers import person
from branchline.workspace.repository import Repository

NO_PAGE = "A person took this task over: no worker was started, and none was told anything.\n"


class Site(NamedTuple):
    """Where a run stands: the checkout, its state folder, the repository (None: work in place), the environment."""

    root: Path
    state: Path
    repository: Repository | None
    env: Mapping[str, str]
    identity: tuple[str, str] = ("", "")


class Jobs:
    """Builds the processes of one run; of `draft`, its graph, nothing is looked at that belongs to one task.

    `inline`: one session of a worker does all of its tasks, in one HOME, and the gate is run after the last.
    """

    def __init__(
        self,
        site: Site,
        draft: DraftGraph,
        family: prompts.Family,
        settings: Settings,
        history: History,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
        net: Callable[[], Mapping[str, Any]] = dict,
        *,
        inline: bool = False,
    ) -> None:
        self.site = site
        self._read_net = net
        self._inline = inline
        self.draft = draft
        self.settings = settings
        self.boxes = Boxes(site.root, site.state, site.repository, site.env, settings)
        self.tasks = family.by_id
        self._history = history
        self._clock = clock
        self._pages = Pages(site.root, draft, family, settings, history)
        self._runs = f"{site.state}/runs"
        self._inherited = cache(lambda name: sandbox.inherited(self.worker(name), site.env))
        self._real_home = Path(site.env.get("HOME") or "/nonexistent")
        self.vault = Vault.of(site.state, settings.mask)
        self._started: dict[int, Job] = {}
        self._untracked = not any(os.path.lexists(folder / ".git") for folder in (site.root, *site.root.parents))
        self._sessions = Sessions(history, self.folder, inline=inline)
        self._ticks = Ticks(
            site.root, draft, site.repository, lambda row: self._history.places(row, self.tasks), self._today, steady
        )

    @cached_property
    def frozen(self) -> land.Frozen:
        """The files that checks rest on, as they were declared before the start."""
        return land.Frozen(frozenset(self._net.get("tests", ())), self.settings.gate.frozen)

    @cached_property
    def _net(self) -> Mapping[str, Any]:
        """What the run keeps of its whole graph; read when it is first asked for, for a plan may be changed at the start."""
        return self._read_net()

    def spawn(self, attempt: AttemptRow, row: TaskRow, tip: str, also: Sequence[TaskRow] = ()) -> Spawn:
        """What custody starts for an attempt; raises BranchlineError or OSError when it cannot be built.

        `tip` is where the last merge has left the integration branch, `also` are the tasks that a merge brings in too.
        """
        if attempt.purpose == "work":
            return self._work(attempt, row)
        return self._own(attempt, row, tip, also)

    def folder(self, attempt: AttemptRow) -> Path:
        """The attempt's folder; the jobs of ours that belong to it have one of their own inside it, by number."""
        return Path(self.path(attempt))

    def path(self, attempt: AttemptRow) -> str:
        """The same as a text: a Path is dear, and each task asks for many."""
        folder = f"{self._runs}/{attempt.run}/{attempt.task}/{attempt.attempt}"
        inside = {"work": "", "setup": "setup", "check": "checks", "merge": "merge"}[attempt.purpose]
        return f"{folder}/{inside}/{attempt.fence}" if inside else folder

    def worktree(self, run: str, task: str) -> Path:
        """Where a task's worker works: its worktree, or the checkout itself when nothing is isolated."""
        return self.site.repository.worktree(run, task) if self.site.repository else self.site.root

    def worktrees(self, run: str) -> list[str]:
        """The tasks of a run that have a worktree, or what is left of one that was being taken away."""
        if not self.site.repository:
            return []
        folder = self.site.repository.worktree(run, "x").parent
        return sorted({path.name.removeprefix(".gone-") for path in folder.iterdir()} if folder.is_dir() else ())

    def last_output(self, attempt: AttemptRow) -> float:
        """When the worker wrote its last byte, in seconds since the epoch; 0 when it wrote none."""
        folder = self.folder(attempt)
        return max(_mtime(folder / "events.jsonl"), _mtime(folder / "output.log"))

    def salvage(self, attempt: AttemptRow) -> str:
        """Save all that a task's worktree holds, as it is now; the name of the ref, "" when nothing is new or isolated."""
        repository = self.site.repository
        return repository.salvage(attempt.run, attempt.task, attempt.attempt) if repository else ""

    def hold_tip(self, run: str, commit: str, merging: Collection[tuple[str, int]] = ()) -> str:
        """Put the integration branch back when an agent has moved it; where that is kept, "" when it had not."""
        return self.site.repository.hold_tip(run, commit, merging) if self.site.repository else ""

    def settle(self, row: TaskRow) -> None:
        """Remove what a task that is done needs no more: worktree, temporary files, and sessions where the user wants it.

        Its box is ticked with the next write-back. Raises BranchlineError when the worktree holds more than was merged, or
        a session stays.
        """
        self._ticks.add([row])
        sandbox.empty_temporary(self.home(row))
        self.boxes.sweep()
        if self.site.repository:
            self.site.repository.remove_worktree(row.run, row.task)
        self._sessions.forget(row, self.worker(row.worker))

    def write_back(self, rows: Iterable[TaskRow] = (), *, at_once: bool) -> None:
        """Tick the boxes of `rows` and of what was settled, as `Ticks` says; raises BranchlineError or OSError."""
        self._ticks.add(rows)
        self._ticks.write(at_once=at_once)

    def _today(self) -> str:
        return time.strftime("%Y-%m-%d", time.gmtime(self._clock()))

    def worker(self, name: str) -> WorkerSettings:
        """The settings of a worker; raises SettingsError naming those that exist."""
        try:
            return self.settings.workers[name]
        except KeyError:
            known = ", ".join(sorted(self.settings.workers))
            raise SettingsError(f"there is no worker {name!r} in the settings; there are {known}") from None

    def is_flat(self, name: str, model: str) -> bool:
        """Whether a subscription pays for a worker, so that it costs tokens and no money."""
        return workers.is_flat(self.worker(name), self.site.env, model)

    def adapter(self, row: TaskRow) -> workers.Adapter:
        """The adapter of what works on a task now: that of its worker, or a person's."""
        return person if row.resume == TAKEN else workers.get(self.worker(row.worker).kind)

    def checkless(self, task: str) -> bool:
        """Whether there is nothing to check of a task and, outside of any repository, nothing to see of its changes."""
        judged = self._checked_composites or land.checks_for(self.tasks[task], self.draft.gate)[0]
        return self._untracked and not judged

    def read_only(self, role: str) -> bool:
        """Whether a role may not edit; one that the settings do not know may."""
        known = self.settings.roles.get(role)
        return known is not None and known.permissions == "read-only"

    def rules(self, role: str) -> Mapping[str, str]:
        """What a role says of each kind of tool (`*`: any other): allow, deny or ask; empty: as its policy has it."""
        known = self.settings.roles.get(role)
        told: str | Mapping[str, Any] = known.permissions if known else ""
        return {"*": told} if told == ASK else {} if isinstance(told, str) else {k: str(v) for k, v in told.items()}

    def job(self, attempt: AttemptRow, row: TaskRow) -> Job:
        """What an adapter needs to start or to judge an attempt."""
        worker, role = self.worker(row.worker), self.settings.roles.get(row.role)
        folder, worktree = self.path(attempt), self.worktree(attempt.run, attempt.task)
        task = self.tasks[attempt.task]
        said = task.manner
        return Job(
            run=attempt.run,
            task=attempt.task,
            attempt=attempt.attempt,
            fence=attempt.fence,
            role=row.role,
            worker=row.worker,
            title=row.title if self._untracked else self.vault.mask(row.title).text,  # as it stands in the page
            worktree=str(worktree),
            folder=folder,
            prompt_file=f"{folder}/prompt.md",
            exit_file=f"{worktree}/.branchline/answer.json" if self.site.repository else f"{folder}/answer.json",
            model=row.model or said.get("model") or worker.model or (role.model if role else ""),
            variant=said.get("variant") or worker.variant or (role.variant if role else ""),
            agent=said.get("agent") or worker.agent or (role.agent if role else ""),
            temperature=said.get("temperature", role.temperature if role else None),
            rules=self.rules(row.role),
            session=self._sessions.of(row, worker) if self.adapter(row).RESUME else "",
            argv=tuple(worker.argv),
            trust_exit=worker.trust_exit,
            lean=worker.lean,
            read_only=self.read_only(row.role),
            reads=role.reads if role else (),
            files=tuple((file.path, file.role) for file in task.files),
            instances=self.settings.servers_of(worker.kind),
            env=self._env(row.worker, self.home(attempt)),
        )

    def started(self, attempt: AttemptRow, row: TaskRow) -> Job:
        """The job that an attempt was started with, for its end; of one that a former coordinator started it is made anew."""
        return self._started.pop(attempt.fence, None) or self.job(attempt, row)

    def _env(self, worker: str, home: str) -> dict[str, str]:
        return {**sandbox.places(home), **self._inherited(worker)}

    def walls(self, row: TaskRow) -> str:
        """In words, the sandbox that the worker of a task has."""
        own = self._own_walls(row)
        return f"env ({own})" if own else self.boxes.words_for(row.role)

    def _own_walls(self, row: TaskRow) -> str:
        return workers.walls(self.worker(row.worker).kind, read_only=self.read_only(row.role))

    def home(self, row: AttemptRow | TaskRow) -> str:
        """The HOME of a task's workers and checks; it lasts from attempt to attempt, for the sessions live in it."""
        return f"{self._runs}/{row.run}/home" if self._inline else f"{self._runs}/{row.run}/{row.task}/home"

    def _prepare_home(self, attempt: AttemptRow) -> None:
        sandbox.prepare_home(self.home(attempt), self._real_home, *self.site.identity)

    def prompt(self, row: TaskRow, exit_file: str, session: str = "") -> str:
        """The exact text the task's worker gets, were it dispatched now; a session that goes on gets the news only."""
        told = self._pages.told(row)
        return self._pages.text(row, told, exit_file, session, read_only=self.read_only(row.role))

    def _work(self, attempt: AttemptRow, row: TaskRow) -> Spawn:
        settings = self.worker(row.worker)
        adapter, job = self.adapter(row), self.job(attempt, row)
        self._started[attempt.fence] = job
        if adapter.PROGRAM:  # an agent; programs of the user's have no model
            self.settings.check_model(job.model, f"task {job.task}")
        # asked for a second time, the first request may be at work already
        if not os.path.lexists(f"{job.folder}/{workers.SPEC}"):
            self._prepare(adapter, job, attempt, row)
        command = adapter.command(job)
        log = f"{job.folder}/output.log"
        own = self._own_walls(row)
        env = {**command.env, **({} if own else self.boxes.more_env(row.role))}
        box = Walls()
        if self.site.repository and own:
            self.boxes.leave(row.role, own)
        elif self.site.repository:
            place = Place(self.worktree(attempt.run, attempt.task), Path(self.home(attempt)), self.folder(attempt))
            told = workers.configured(settings.kind, job)
            box = self.boxes.words(attempt, row.role, settings, place, command.argv, env, told)
        return Spawn(
            attempt.fence,
            (*box.words, *command.argv),
            env,
            job.worktree,
            command.stdin,
            f"{job.folder}/events.jsonl" if adapter.STREAM else log,
            log if adapter.STREAM else "",
            settings.timeout or self.settings.timeout,
            self.settings.grace,
            self.settings.log_limit << 20,
            self.settings.output_limit << 20,
            box.depth,
            self.settings.budget_lease if self.settings.budget or self.settings.task_budget else 0.0,
        )

    def _prepare(self, adapter: workers.Adapter, job: Job, attempt: AttemptRow, row: TaskRow) -> None:
        """Write what the worker reads; the spec comes last and says that all of it is there."""
        for folder in (os.path.dirname(job.folder), job.folder):  # noqa: PTH120 - a Path is dear
            with suppress(FileExistsError):
                os.mkdir(folder)  # noqa: PTH102 - as above
        if attempt.attempt > 1 and not row.resume:  # a session that goes on may have left there what it still needs
            sandbox.empty_temporary(self.home(attempt))
        self._prepare_home(attempt)
        taken = row.resume == TAKEN
        told, session = self._pages.told(row), job.session if row.resume else ""
        page = NO_PAGE if taken else self._pages.text(row, told, job.exit_file, session, read_only=job.read_only)
        self._pages.leave(told, job.exit_file)
        if not self._untracked:  # outside of any repository nothing could bring the real values back
            page = masks.cover(self.vault, page, job.exit_file, job.folder)
        write_new(job.prompt_file, page)
        if self.site.repository:
            write_new(f"{job.worktree}/.branchline/prompt.md", page)
        adapter.prepare(job, self.site.env)
        workers.write_spec(job)

    def _own(self, attempt: AttemptRow, row: TaskRow, tip: str, also: Sequence[TaskRow]) -> Spawn:
        """One of our own jobs: `python -m branchline.workspace.job SPEC`, under custody like any other."""
        folder, ahead, paths = self.folder(attempt), {row.task}, []
        for other in also:
            part = attempt.part(other)
            paths.append(f"{self.folder(part)}/spec.json")
            write_new(Path(paths[-1]), json.dumps({**self.spec(part, other, ahead), "tip": tip}) + "\n")
            ahead.add(other.task)
        spec = {**self.spec(attempt, row), "tip": tip, "also": paths}
        write_new(folder / "spec.json", json.dumps(spec) + "\n")
        argv = (sys.executable, "-P", "-m", "branchline.workspace.job", str(folder / "spec.json"))
        # The four names let custody find what is left of the job when its custodian and guard were killed together.
        named = {
            "BRANCHLINE_RUN_ID": attempt.run,
            "BRANCHLINE_TASK_ID": attempt.task,
            "BRANCHLINE_ATTEMPT": str(attempt.attempt),
            "BRANCHLINE_EXIT_FILE": str(folder / "result.json"),
        }
        env = {**self.site.env, **named, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
        cap, log = self.settings.log_limit << 20, str(folder / "output.log")
        return Spawn(attempt.fence, argv, env, str(self.site.root), "", log, "", 0.0, cap=cap)

    def _phase_checks(self, row: TaskRow, ahead: Collection[str]) -> list[Check]:
        """The checks of the composites that a task is the last of: they are run on the result of its merge.

        `ahead` are the tasks that the same merge brings in before it.
        """
        return [
            check._replace(source=f"{PHASE}{name}")
            for name, leaves in self._checked_composites.items()
            if row.task in leaves and self._history.others_done(row, leaves - set(ahead))
            for check in self.tasks[name].checks
        ]

    @cached_property
    def _checked_composites(self) -> dict[str, frozenset[str]]:
        return {name: self._history.leaves_under(name) for name in self._net.get("phases", ())}

    def spec(self, attempt: AttemptRow, row: TaskRow, ahead: Collection[str] = ()) -> dict[str, object]:
        """What our own job is told; the checks get the environment of the task's worker and nothing else."""
        task = self.tasks[attempt.task]
        checks, _ = land.checks_for(task, self.draft.gate)
        if attempt.purpose == ("merge" if self.site.repository else "check"):
            checks = (*checks, *self._phase_checks(row, ahead))
        if self._inline and self._history.others_done(row):
            checks = (*checks, *(check for check in self.draft.gate if check not in checks))
        worker = self.worker(row.worker)
        env = self._env(row.worker, self.home(attempt)) | self.boxes.more_env(row.role)
        self._prepare_home(attempt)
        place = Place(self.worktree(attempt.run, attempt.task), Path(self.home(attempt)), self.folder(attempt))
        name, email = self.site.identity
        boxes = self._history.places(row, self.tasks, ahead)
        return {
            "purpose": attempt.purpose,
            "root": str(self.site.root),
            "run": attempt.run,
            "task": attempt.task,
            "attempt": attempt.attempt,
            "worktree": str(self.worktree(attempt.run, attempt.task)),
            "commit": self._history.verdict(row).get("commit") if attempt.purpose == "merge" else None,
            "folder": str(self.folder(attempt)),
            "fresh": not row.resume,
            "join": (bool(row.resume) or attempt.purpose == "check") and self._history.conflicts(row),
            "in_place": self.site.repository is None,
            "env": env,
            "wrap": self.boxes.words(attempt, row.role, worker, place, (), env).words,
            "checks": [{"run": check.run, "source": check.source} for check in checks],
            "check_timeout": self.settings.timeout,
            "output_limit": self.settings.output_limit,
            "by_glob": dict(self.settings.gate.by_glob),
            "recheck": self.settings.land.recheck,
            "read_only": self.read_only(row.role),
            "named": [file.path for file in task.files],
            "message": land.commit_message(task, self._history.summary(row)),
            "plan": {"path": self.draft.plan, "dialect": self.draft.dialect, "boxes": boxes},
            "on": self._today(),
            "author": f"{name} <{email}>" if name else "",
            "masked": masks.covered(Path(f"{self._runs}/{attempt.run}/{attempt.task}"), attempt.attempt),
            "vault": str(self.vault.path),
            **vars(self.settings.workspace),
        }


def _mtime(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
