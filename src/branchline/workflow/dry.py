"""`execute --dry-run`: every prompt, batch and command, and nothing started."""

from collections.abc import Mapping, Sequence
from typing import Any

from branchline import land, prompts, workers
from branchline.dispatch.history import History
from branchline.dispatch.jobs import Jobs, Site
from branchline.files import find_root
from branchline.graph import build
from branchline.model.plan import DraftGraph
from branchline.model.run import AttemptRow, TaskRow
from branchline.terminal.text import safe
from branchline.workflow.answer import Answer
from branchline.workflow.approval import batches, digest_of, state_of
from branchline.workflow.console import Console
from branchline.workflow.flags import Flags, policy_of
from branchline.workflow.project import Project, choose_workers, with_worker

RUN = "dry-run"


def dry_run(console: Console, project: Project, draft: DraftGraph, flags: Flags) -> Answer:
    """What `execute` would do: batches in order, and for each task its worker's argv, its checks and its prompt."""
    project, flag = with_worker(project, console, flags.worker)
    chosen = choose_workers(project, draft, flag)
    adjacency = build.adjacency(draft)
    isolated = not flags.in_place and find_root(project.root) is not None
    policy = policy_of(project.settings, flags, adjacency, isolated=isolated)
    repository = project.repository() if isolated else None
    site = Site(project.root, project.root / ".branchline", repository, project.env)
    jobs = Jobs(site, draft, prompts.family(draft), project.settings, History(None, lambda: adjacency), console.clock)
    rounds, state = batches(draft, policy), state_of(draft)
    place = {name: number for number, name in enumerate(adjacency.order)}
    started = [name for batch in rounds for name in batch]
    behind = {
        name: [other for other in adjacency.before[name] if state[other] == "pending" and other not in started]
        for name in adjacency.leaves
        if name in policy.only and name not in started and state[name] == "pending"
    }
    tasks = [planned(jobs, draft, name, place[name], chosen[name]) for name in (*started, *behind)]
    data = {"dry_run": True, "digest": digest_of(project, draft), "batches": rounds, "behind": behind, "tasks": tasks}
    return Answer(data, "\n\n".join([_batches(rounds, behind), *map(_task, tasks), "Nothing was started."]))


def planned(jobs: Jobs, draft: DraftGraph, name: str, place: int, worker: str) -> dict[str, Any]:
    """One task as it would be dispatched."""
    task = jobs.tasks[name]
    row = TaskRow(
        RUN, name, place, task.title, task.kind, task.parent, task.line, task.role, worker, "ready", attempt=1
    )
    attempt = AttemptRow(RUN, 0, name, 1, "work", "intended", task.role, worker)
    job = jobs.job(attempt, row)
    checks, level = land.checks_for(task, draft.gate)
    return {
        "id": name,
        "title": task.title,
        "worker": worker,
        "argv": list(workers.get(jobs.worker(worker).kind).command(job).argv),
        "checks": [check.run for check in checks],
        "level": level,
        "prompt": jobs.vault.preview(jobs.prompt(row._replace(attempt=0), job.exit_file)),
    }


def _batches(rounds: list[list[str]], behind: Mapping[str, Sequence[str]]) -> str:
    lines = [f"  {number}. {', '.join(batch)}" for number, batch in enumerate(rounds, 1)]
    late = [f"  {name} starts only when these are done: {', '.join(others)}" for name, others in behind.items()]
    return "\n".join(["Batches, as if every task took the same time:", *lines, *late])


def _task(task: dict[str, Any]) -> str:
    prompt = "\n".join(f"  | {line}" for line in task["prompt"].rstrip("\n").split("\n"))
    checks = "\n".join(f"  check: {safe(check)}" for check in task["checks"]) or "  check: none"
    return f"{task['id']} {safe(task['title'])}\n  worker: {safe(' '.join(task['argv']))}\n{checks} ({task['level']})\n{prompt}"
