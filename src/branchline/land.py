"""claim to verdict: which checks, merges, bisection, salvage come next (returns commands, starts nothing)"""

from collections.abc import Mapping, Sequence
from typing import Any

from branchline.model.moves import Level
from branchline.model.plan import Check, Task
from branchline.terminal.text import safe

GUARDED = ("branchline.toml", "pyproject.toml", "prompts/", ".branchline/")
"""Paths that steer Branchline itself: a change to one needs a person (DESIGN, section 6)."""
READ_ONLY_ROLES = frozenset({"research", "brainstorm"})


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


def judge_checks(task: Task, level: Level, result: Mapping[str, Any], *, isolated: bool) -> dict[str, Any]:
    """What the check job found, as the engine takes it: passed or why not, evidence, and whether a person must look.

    `result` is the job's result.json; keys of the answer: ok, level, checks, commit, files, out_of_scope, cause, error,
    needs_person.
    """
    checks, files = list(result.get("checks") or ()), list(result.get("files") or ())
    verdict: dict[str, Any] = {
        "ok": bool(result.get("ok")),
        "level": level if checks else "unchecked",
        "checks": checks,
        "commit": result.get("commit") or "",
        "files": files,
        "out_of_scope": out_of_scope(task, files),
        "salvage": result.get("salvage") or "",
        "error": result.get("error") or "",
    }
    failed = next((c for c in checks if c["exit"] != 0), None)
    if failed:
        verdict |= {
            "cause": f"check failed: {failed['command']} (exit {failed['exit']})",
            "error": failed.get("tail") or "",
        }
    elif not verdict["ok"]:
        verdict["cause"] = "the check could not be run"
    if isolated:
        verdict["needs_person"] = _needs_person(task, result, verdict["out_of_scope"])
    return verdict


def judge_merge(before: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    """What the merge job found, with the evidence of the checks on the merged result.

    `before` is the verdict of the checks in the worktree: its level and files stand, its checks are replaced.
    """
    checks = list(result.get("checks") or ())
    verdict: dict[str, Any] = {
        "ok": bool(result.get("ok")),
        "level": before.get("level") or "unchecked",
        "checks": checks or list(before.get("checks") or ()),
        "commit": result.get("commit") or "",
        "files": list(before.get("files") or ()),
        "out_of_scope": list(before.get("out_of_scope") or ()),
        "conflict": result.get("conflict"),
        "error": result.get("error") or "",
    }
    failed = next((c for c in checks if c["exit"] != 0), None)
    if failed:
        verdict["cause"] = f"check failed on the merged result: {failed['command']} (exit {failed['exit']})"
        verdict["error"] = failed.get("tail") or ""
    return verdict


def out_of_scope(task: Task, files: Sequence[str]) -> list[str]:
    """Changed files that the task did not name; empty when it named none."""
    named = [f.path.rstrip("/") for f in task.files]
    if not named:
        return []
    return [path for path in files if not any(path == name or path.startswith(f"{name}/") for name in named)]


def _needs_person(task: Task, result: Mapping[str, Any], outside: Sequence[str]) -> str:
    guarded = list(result.get("guarded") or ())
    if guarded:
        return f"the change touches what steers Branchline itself: {', '.join(guarded[:5])}"
    changed = list(outside) if task.files else list(result.get("files") or ())
    if task.role in READ_ONLY_ROLES and changed:
        return f"a {task.role} task must not edit, and it changed {', '.join(changed[:5])}"
    return ""
