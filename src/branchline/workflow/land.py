"""Bring the merged work of a run home: to the user's branch, or as a draft pull request."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from branchline import report as words
from branchline.errors import FailedError, RepositoryError
from branchline.files import write_new
from branchline.model.run import RunRow
from branchline.proc.run import run as run_program
from branchline.terminal.text import many, safe
from branchline.workflow.answer import Answer
from branchline.workflow.console import Console
from branchline.workflow.left import in_lines
from branchline.workflow.look import opened, report_of, rows_of
from branchline.workflow.project import Project, open_project
from branchline.workspace import landing
from branchline.workspace.diff import changes, total
from branchline.workspace.repository import Repository

GH_TIMEOUT = 120.0
"""Seconds that opening a pull request may take."""


def land_run(console: Console, name: str, *, pull_request: bool) -> Answer:
    """Show what a run changed and what proves it, then bring it home when that is safe; else say what to do."""
    project = open_project(console)
    with opened(console, name) as (store, run):
        now = console.clock()
        found = report_of(store, run, rows_of(store, run, now), now)
        runs, merged = store.runs(), store.newest_merge(run.run)
    repository = project.repository() if project.is_checkout or not run.in_place else None
    if repository and merged and not run.in_place and not repository.tip(run.run):
        tip = f"branchline/{run.run}/tip"
        raise RepositoryError(
            f"the branch {tip} is missing; bring it back where it was: git branch {tip} {merged[:12]}"
        )
    answer = _landed(console, project, repository, run, found, pull_request=pull_request)
    others = [] if name or repository is None else _others(repository, runs, run)
    more = [f"{each} has merged work that is not on your branch: branchline land --run {each}" for each in others]
    return answer._replace(data={**answer.data, "others": others}, text="\n".join([answer.text, *more]))


def _others(repository: Repository, runs: Sequence[RunRow], run: RunRow) -> list[str]:
    """The other runs whose merged work the branch that is checked out does not hold, the newest first."""
    tips = landing.not_landed(repository.git)
    return [each.run for each in runs if each != run and tips.get(each.run, each.base) != each.base]


def _landed(
    console: Console,
    project: Project,
    repository: Repository | None,
    run: RunRow,
    found: dict[str, Any],
    *,
    pull_request: bool,
) -> Answer:
    if run.in_place or repository is None:
        return _nothing(run, f"{run.run} worked in place, in your own checkout: there is nothing to land")
    if run.base and repository.tip(run.run) == run.base:
        return _nothing(run, f"{run.run} has merged nothing yet: there is nothing to land")
    change = _change(repository, run, found)
    console.say("\n".join([*change["lines"], *words.done_lines(found)]))
    data = {"run": run.run, "diffstat": change["diffstat"], "files": change["files"], "evidence": found["done"]}
    if pull_request or project.settings.land.mode == "pr":
        return _pull_request(console, project, repository, run, found, data)
    message = (
        f"{_title(run)}\n\n{words.report_markdown(found | {'landed': True})}"
        if project.settings.land.mode == "merge"
        else ""
    )
    landed = repository.land(run.run, (run.plan,), message)
    data |= {"moved": landed.moved, "commit": landed.commit, "advice": landed.advice}
    if landed.moved:
        return Answer(data, f"{run.run} is on your branch now, at {landed.commit[:12]}")
    return Answer(data, landed.advice, 0 if not landed.advice else 3, landed.advice)


def _nothing(run: RunRow, text: str) -> Answer:
    return Answer({"run": run.run, "moved": False, "commit": run.base, "advice": ""}, text)


def _change(repository: Repository, run: RunRow, found: dict[str, Any]) -> dict[str, Any]:
    """What landing would change on the branch that is checked out."""
    old, new = landing.landed_files(repository.git, run.run)
    changed = changes(repository.git, old, new) if new else []
    stat = total(changed)
    lines = [f"{many(stat['files'], 'file')} changed, +{stat['added']} -{stat['removed']} lines"] if changed else []
    lines += in_lines(changed, landing.SHOWN)
    lines.append(f"{len(found['done'])} of {many(found['total'], 'task')} done, by this evidence:")
    return {"diffstat": stat, "files": [row._asdict() for row in changed], "lines": lines}


def _title(run: RunRow) -> str:
    return f"{Path(run.plan).stem}: the work of run {run.run}"


def _pull_request(
    console: Console, project: Project, repository: Repository, run: RunRow, found: dict[str, Any], data: dict[str, Any]
) -> Answer:
    """A draft pull request with the report as its body: opened by `gh` where it is installed, else in words."""
    body = project.state / "runs" / run.run / "pull-request.md"
    write_new(body, words.report_markdown(found))
    branch, base = f"branchline/{run.run}/tip", repository.branch()
    argv = ["gh", "pr", "create", "--draft", "--head", branch, "--title", _title(run), "--body-file", str(body)]
    argv += ["--base", base] if base else []
    gh = shutil.which("gh", path=console.env.get("PATH"))
    remote = landing.push(repository.git, run.run, dict(console.env)) if gh else ""
    data |= {"moved": False, "commit": repository.tip(run.run), "advice": "", "pushed": remote, "body": str(body)}
    if not (gh and remote):
        why = "the checkout has no remote to push to" if gh else "`gh` is not installed"
        advice = f"{why}: push {branch} and open a draft with {body} as its text"
        return Answer({**data, "url": "", "advice": advice}, f"{words.report_markdown(found)}\n{advice}")
    done = run_program([gh, *argv[1:]], cwd=repository.root, env=console.env, timeout=GH_TIMEOUT, limit=1 << 20)
    said = (done.out or done.err).decode("utf-8", "replace").strip()
    if done.code:
        raise FailedError(f"{branch} was pushed to {remote}, and gh did not open the draft: {safe(said)}", run=run.run)
    return Answer({**data, "url": said}, f"{branch} was pushed to {remote}; the draft is {safe(said)}")
