"""Take a task over: the agent's own program on its session in its worktree, then what is there is collected."""

import json
import shlex
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from branchline import workers
from branchline.dispatch.history import History
from branchline.errors import UsageError, WorkerMissingError
from branchline.graph.adjacency import of_rows
from branchline.model.run import Command, Job, RunRow, TaskRow
from branchline.store import Store, held, lock
from branchline.workers import record
from branchline.workflow.answer import Answer
from branchline.workflow.begin import resumed
from branchline.workflow.console import Console
from branchline.workflow.flags import Flags
from branchline.workflow.look import find_atomic, run_meant
from branchline.workflow.project import folder_of, open_project
from branchline.workflow.running import jobs_of
from branchline.workflow.wish import check


def take_over(console: Console, name: str, task: str, *, quiet: bool) -> Answer:
    """Open the agent's own program on a task's session in its worktree; when it has ended, have the work collected.

    Nobody else works on the task meanwhile. Without a terminal an exit status of 0 says that the person is done.
    Raises NotFoundError for an unknown task and UsageError for one that runs or has no worktree.
    """
    project = open_project(console)
    with ExitStack() as stack:
        store = stack.enter_context(Store.open(project.state / "state.db", create=False))
        run = run_meant(store, name)
        row = find_atomic(store.tasks(run.run), run, task)
        check(project.state, "take-over", run, row)
        job, kind = _job(console, store, run, row)
        stack.enter_context(lock(folder_of(project.state, run, task)))
        record.clear(job)  # what is there afterwards was left by the person or by what they started
        command = _command(job, kind, console.env)
        console.say(f"{shlex.join(command.argv)}\n  in {job.worktree}; nobody else works on {task} until it ends")
        try:
            status = console.start(command.argv, cwd=Path(job.worktree), env=command.env, quiet=quiet, whole=True)
        except OSError as error:
            raise WorkerMissingError(
                f"cannot start {command.argv[0]!r}: {error.strerror or error}; is it installed?"
            ) from None
        done = _is_done(console, task, status)
        if done:
            store.request(console.clock(), run.run, "take-over", task, {})
    data = {
        "task": task, "run": run.run, "argv": list(command.argv), "worktree": job.worktree, "session": job.session,
        "exit": status, "collected": done, "coordinator": held(project.state) or None,
    }  # fmt: skip
    if not done:
        return Answer(
            data, f"{task} is as it was, and its worktree is as you left it; take it over again, or retry it", 4
        )
    when = "within a second" if data["coordinator"] else "with the next `branchline execute` or `pulse`"
    return Answer(data, f"your work on {task} is checked and merged {when}")


def _job(console: Console, store: Store, run: RunRow, row: TaskRow) -> tuple[Job, str]:
    """The task's last work as a job, and the kind of its worker; raises UsageError when nothing of it is there."""
    begun = resumed(console, store, run, Flags())
    rows = store.graph_tasks(run.run)
    adjacency = of_rows(rows, json.loads(run.net)["edges"])
    history = History(store, lambda: adjacency, {each.task: each for each in rows}.get)
    jobs = jobs_of(store, begun, history, adjacency, console.clock)
    worked = [attempt for attempt in store.attempts(run.run, row.task) if attempt.purpose == "work"]
    job = jobs.job(worked[-1], row._replace(resume=1)) if worked else None
    if job is None or not Path(job.worktree).is_dir():
        raise UsageError(
            f"cannot take over task {row.task} of run {run.run}: it has no worktree; `branchline retry` makes one, and "
            "`branchline salvage` brings back saved work",
            task=row.task,
            state=row.state,
        )
    return job, jobs.worker(row.worker).kind


def _command(job: Job, kind: str, base: Mapping[str, str]) -> Command:
    """The agent's own program; a shell where it has none, or where there is no session to go on with."""
    interactive = getattr(workers.get(kind), "interactive", None)
    own = interactive(job, base) if interactive else Command((base.get("SHELL") or "/bin/sh",), base)
    return Command(own.argv, record.environment(job._replace(env=own.env)))


def _is_done(console: Console, task: str, status: int) -> bool:
    """Whether the person says so; whom nobody can ask has said it by the exit status."""
    if not console.interactive:
        return status == 0
    return console.confirms(f"Is {task} done, so that your work is checked and merged?")
