"""claim to verdict: which checks, merges, bisection, salvage come next (returns commands, starts nothing)"""

from collections.abc import Mapping, Sequence
from typing import Any

from branchline.model.moves import Level
from branchline.model.plan import Check, Task
from branchline.model.run import Verdict
from branchline.terminal.text import safe

GUARDED = ("branchline.toml", "pyproject.toml", "prompts/", ".branchline/")
"""Paths that steer Branchline itself: a change to one needs a person (DESIGN, section 6)."""


def checks_for(task: Task, gate: Sequence[Check]) -> tuple[tuple[Check, ...], Level]:
    """The checks that judge a task, and the level of evidence they give: its own, else the gate, else none."""
    if task.checks:
        return task.checks, "checked"
    if gate:
        return tuple(gate), "gated"
    return (), "unchecked"


def commit_message(task: Task, summary: str) -> str:
    """The message of a task's merge commit: id and title, then what the worker said it did; no control character."""
    title = safe(" ".join(task.title.split()))[:72]
    body = "\n".join(safe(line.rstrip()) for line in summary.strip().splitlines()[:20])
    return f"{task.id}: {title}\n\n{body}".rstrip() + "\n"


def judge_checks(task: Task, level: Level, result: Mapping[str, Any], *, isolated: bool, read_only: bool) -> Verdict:
    """What the check job found in the worktree; `result` is the job's result.json.

    `level` is what the checks prove when they pass; `read_only` says that the task's role may not edit.
    """
    checks, files = tuple(result.get("checks") or ()), tuple(result.get("files") or ())
    outside = out_of_scope(task, files)
    verdict = Verdict(
        ok=bool(result.get("ok")),
        level=level if checks else "unchecked",
        checks=checks,
        commit=result.get("commit") or "",
        files=files,
        out_of_scope=outside,
        error=result.get("error") or "",
    )
    if isolated:
        verdict = verdict._replace(needs_person=_needs_person(task, result, outside, read_only))
    return _with_cause(verdict, "check failed", "the check could not be run")


def judge_merge(before: Mapping[str, Any], result: Mapping[str, Any]) -> Verdict:
    """What the merge job found, with the evidence of the checks on the merged result.

    `before` is the verdict of the checks in the worktree: its level and files stand, its checks are replaced.
    """
    checks = tuple(result.get("checks") or ())
    verdict = Verdict(
        ok=bool(result.get("ok")),
        level=before.get("level") or "unchecked",
        checks=checks or tuple(before.get("checks") or ()),
        commit=result.get("commit") or "",
        files=tuple(before.get("files") or ()),
        out_of_scope=tuple(before.get("out_of_scope") or ()),
        error=result.get("error") or "",
        conflict=result.get("conflict"),
    )
    return _with_cause(verdict, "check failed on the merged result", "merge failed")


def _with_cause(verdict: Verdict, check_failed: str, otherwise: str) -> Verdict:
    """A verdict that is not ok with its cause: the check that failed, else the words for anything else."""
    if verdict.ok:
        return verdict
    failed = next((c for c in verdict.checks if c["exit"] != 0), None)
    if failed is None:
        return verdict._replace(cause=otherwise)
    cause = f"{check_failed}: {failed['command']} (exit {failed['exit']})"
    return verdict._replace(cause=cause, error=failed.get("tail") or verdict.error)


def out_of_scope(task: Task, files: Sequence[str]) -> tuple[str, ...]:
    """Changed files that the task did not name; empty when it named none."""
    named = [f.path.rstrip("/") for f in task.files]
    if not named:
        return ()
    return tuple(path for path in files if not any(path == name or path.startswith(f"{name}/") for name in named))


def _needs_person(task: Task, result: Mapping[str, Any], outside: Sequence[str], read_only: bool) -> str:
    guarded = list(result.get("guarded") or ())
    if guarded:
        return f"the change touches what steers Branchline itself: {', '.join(guarded[:5])}"
    changed = list(outside) if task.files else list(result.get("files") or ())
    if read_only and changed:
        return f"a {task.role} task must not edit, and it changed {', '.join(changed[:5])}"
    return ""
