"""Start the next turn of a named agent session, and return at once."""

import os
import re
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from branchline import sandbox, workers
from branchline.config import WorkerSettings
from branchline.errors import BranchlineError, InputError, SessionError, UsageError, WorkerMissingError
from branchline.files import read_text, write_new
from branchline.model.run import Job, SessionRow
from branchline.proc import Spawn
from branchline.sessions import history
from branchline.sessions.agents import LIVE, Agents
from branchline.workflow.agent import Wish, folder_of, shown
from branchline.workflow.answer import Answer
from branchline.workflow.console import Console
from branchline.workflow.project import Project, check_worker, default_worker, open_project, with_worker
from branchline.workspace.git import Git
from branchline.workspace.repository import Repository

MODEL = "OPENCODE_PSA_MODEL"
"""The model when none is named, as callers of the program that is replaced have it in their environment."""
STARTED = ("name", "pid", "status", "sessionId", "model", "mode", "startedAt")
"""The keys of a session that `run` answers with."""
LARGEST = 256 * 1024
"""Bytes of one attached file: it becomes part of the message."""
_TICKS = re.compile(r"`{3,}")


def run(console: Console, wish: Wish, token: Callable[[int], bytes] = os.urandom) -> Answer:
    """Start a session, or go on with it; the line it gives is that of SEEDS S2.8. `token` makes new names of folders."""
    if not wish.name and not wish.last:
        raise SessionError("E_NAME_REQUIRED", "--name is required")
    if not wish.prompt.strip():
        raise SessionError("E_PROMPT_REQUIRED", "--prompt is required", hint="Provide a non-empty prompt.")
    prompt = with_attachments(console, wish)
    project = open_project(console)
    with project.store() as store, closing(Agents(project.state, store, console.clock)) as agents:
        former = _former(agents, wish)
        resume = wish.resume or wish.last
        before = _resumed(agents, wish, former) if resume else None
        project, worker = _worker(project, console, wish, before)
        row = _row(console, project, wish, worker, former if resume else None, token)
        row = agents.start(former, row, lambda put: spawn(project, agents, put, worker, before, wish, prompt))
    return Answer(shown(row, STARTED))


def with_attachments(console: Console, wish: Wish) -> str:
    """The prompt with the attached files in it, each fenced: so any worker can read them, wherever it is shut in.

    Raises InputError for a file that cannot be read, is no text or is too large.
    """
    parts = [wish.prompt]
    for name in wish.file:
        text = read_text(console.directory / name, LARGEST)
        fence = "`" * (max((len(ticks) for ticks in _TICKS.findall(text)), default=2) + 1)
        parts.append(f"Attached file {Path(name).name}:\n{fence}\n{text.rstrip()}\n{fence}")
    return "\n\n".join(parts)


def _former(agents: Agents, wish: Wish) -> SessionRow | None:
    """The record that a new turn takes the place of; raises SessionError (E_NAME_EXISTS) while it runs."""
    former = max(agents.all(), key=lambda row: row.fence, default=None) if wish.last else agents.find(wish.name)
    if former and former.status in LIVE:
        why = f"{former.name} is {former.status}; wait for it, cancel it, or take another name"
        raise SessionError("E_NAME_EXISTS", why, name=former.name, status=former.status, existingCwd=former.cwd)
    return former


def _resumed(agents: Agents, wish: Wish, former: SessionRow | None) -> Job:
    """The job of the turn before; raises SessionError (E_SESSION_NOT_FOUND) when there is no session to go on with."""
    name = former.name if former else wish.name
    if former is None or not former.session:
        why = "it ended before it told its session" if former else "no session is called so; start it without --resume"
        raise SessionError("E_SESSION_NOT_FOUND", f"{name}: {why}", name=name)
    try:
        return history.read_job(agents.turn(former))
    except InputError as error:
        raise SessionError(
            "E_SESSION_NOT_FOUND", f"{name}: what it was started with is gone: {error}", name=name
        ) from None


def _worker(project: Project, console: Console, wish: Wish, before: Job | None) -> tuple[Project, str]:
    """The worker of a turn, with the program it had before; raises SessionError (E_CMD_MISSING, E_WORKER_PAYLOAD).

    Another worker than before cannot go on with a session (E_SESSION_NOT_FOUND).
    """
    try:
        if before and wish.worker and workers.parse_worker(wish.worker)[0] != before.worker:
            why = f"{before.task} is a session of the worker {before.worker}; another one cannot go on with it"
            raise SessionError("E_SESSION_NOT_FOUND", why, name=before.task)
        if before and not wish.worker:
            name = before.worker
            project = project.starting(name, before.argv)
        else:
            project, name = with_worker(project, console, wish.worker)
            name = name or default_worker(project)
        check_worker(project, name)
    except WorkerMissingError as error:
        raise SessionError("E_CMD_MISSING", error.message) from None
    except UsageError as error:
        raise SessionError("E_WORKER_PAYLOAD", error.message) from None
    return project, name


def _row(
    console: Console,
    project: Project,
    wish: Wish,
    worker: str,
    former: SessionRow | None,
    token: Callable[[int], bytes],
) -> SessionRow:
    """The record of the turn that starts; `former` is the one it goes on with."""
    settings, now = project.settings.worker_named(worker), console.clock()
    title = wish.prompt.strip().splitlines()[0][:80]
    if former:
        if wish.cwd and str(folder_of(console, wish.cwd)) != former.cwd:
            why = f"{former.name} works in {former.cwd}; leave --cwd out, or take another name"
            raise SessionError("E_NAME_EXISTS", why, name=former.name, existingCwd=former.cwd)
        model = wish.model or former.model
        fresh = former._replace(fence=0, turn=former.turn + 1, mode="resume", title=title, model=model)
        return fresh._replace(status="scheduled", pid=None, exit=None, error="", started=now, changed=now, ended=None)
    role = project.settings.roles["build"]
    model = wish.model or project.env.get(MODEL, "") or settings.model or role.model
    cwd = folder_of(console, wish.cwd) if wish.cwd else console.directory
    place = f"{re.sub('[^A-Za-z0-9]+', '-', wish.name)[:40].strip('-')}-{token(4).hex()}".lstrip("-")
    row = SessionRow(wish.name, 0, place, 1, "scheduled", "new", title, str(cwd), worker, settings.kind, model)
    # A program without sessions of its own goes on in its HOME: that is the session it has.
    own = "" if workers.get(settings.kind).RESUME else f"{settings.kind}-{place}"
    return row._replace(session=own, started=now, changed=now)


def spawn(
    project: Project, agents: Agents, row: SessionRow, worker: str, before: Job | None, wish: Wish, prompt: str
) -> Spawn:
    """Write what the worker reads, and say what custody starts; raises SessionError (E_WORKER_PAYLOAD)."""
    settings = project.settings.worker_named(worker)
    adapter, turn = workers.get(settings.kind), agents.turn(row)
    home = turn.parent / "home"
    sandbox.prepare_home(home, Path(project.env.get("HOME") or "/nonexistent"), *_identity(row.cwd, project.env))
    job = _job(project, row, settings, turn, before, wish)
    write_new(turn / history.PROMPT, prompt)
    try:
        if adapter.PROGRAM:  # an agent; programs of the user's have no model
            project.settings.check_model(job.model, row.name)
        adapter.prepare(job, project.env)
        command = adapter.command(job)
    except UsageError as error:
        raise SessionError("E_WORKER_PAYLOAD", error.message) from None
    workers.write_spec(job)
    own = project.settings
    output, errors = turn / ("events.jsonl" if adapter.STREAM else "output.log"), turn / "output.log"
    return Spawn(
        row.fence,
        tuple(command.argv),
        dict(command.env),
        row.cwd,
        command.stdin,
        str(output),
        str(errors) if adapter.STREAM else "",
        settings.timeout or own.timeout,
        own.grace,
        own.log_limit << 20,
        own.output_limit << 20,
    )


def _job(
    project: Project, row: SessionRow, settings: WorkerSettings, turn: Path, before: Job | None, wish: Wish
) -> Job:
    role = project.settings.roles["build"]
    return Job(
        run="agent",
        task=row.name,
        attempt=row.turn,
        fence=row.fence,
        role="build",
        worker=row.worker,
        title=row.title,
        worktree=row.cwd,
        folder=str(turn),
        prompt_file=str(turn / history.PROMPT),
        exit_file=str(turn / history.ANSWER),
        model=row.model,
        variant=wish.variant or (before.variant if before else settings.variant or role.variant),
        agent=wish.agent or (before.agent if before else settings.agent or role.agent),
        session=row.session if before and workers.get(settings.kind).RESUME else "",
        argv=tuple(settings.argv),
        trust_exit=settings.trust_exit,
        lean=settings.lean,
        instances=project.settings.servers_of(settings.kind),
        env=sandbox.environment(settings, project.env, turn.parent / "home"),
    )


def _identity(cwd: str, env: Mapping[str, str]) -> tuple[str, str]:
    """The user's name and mail address as git knows them in a folder, for the commits a worker makes there."""
    try:
        return Repository(Git(Path(cwd), env), Path(cwd)).identity()
    except BranchlineError:
        return "", ""
