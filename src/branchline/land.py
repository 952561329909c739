"""claim to verdict: which checks, merges, bisection, salvage come next (returns commands, starts nothing)"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from branchline.model.moves import Level
from branchline.model.plan import Check, DraftGraph, Task
from branchline.model.run import RECHECK, Verdict
from branchline.terminal.text import safe
from branchline.workspace.globs import matching

_TESTS: Final = ("tests/", "test/", "test_*", "*_test.*", "*.test.*", "*.spec.*", "*Test.java")
"""What a test file is called; a check that names one rests on it."""
_WORD: Final = re.compile(r"[\w./-]+")


class Frozen(NamedTuple):
    """The files that checks rest on: by name, and by pattern."""

    names: frozenset[str] = frozenset()
    patterns: tuple[str, ...] = ()


NOTHING: Final = Frozen()


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


def judge_checks(
    task: Task,
    level: Level,
    result: Mapping[str, Any],
    *,
    isolated: bool,
    read_only: bool,
    frozen: Frozen = NOTHING,
) -> Verdict:
    """What the check job found in the worktree; `result` is the job's result.json.

    `level` is what the checks prove when they pass; `read_only` says that the task's role may not edit; `frozen` says
    which files no attempt may change where they were there before, for checks rest on them.
    """
    checks, files = tuple(result.get("checks") or ()), tuple(result.get("files") or ())
    verdict = Verdict(
        ok=bool(result.get("ok")),
        level=level if checks else "unchecked",
        checks=checks,
        commit=result.get("commit") or "",
        files=files,
        out_of_scope=out_of_scope(task, files),
        error=result.get("error") or "",
        diffstat=result.get("diffstat") or {},
        conflict=result.get("conflict"),
        refused=tuple(result.get("refused") or ()),
        left_out=tuple(result.get("left_out") or ()),
    )
    if isolated:
        verdict = verdict._replace(frozen=tuple(_changed_frozen(task, result.get("altered") or (), frozen)))
        verdict = verdict._replace(needs_person=_needs_person(result, verdict))
        verdict = _without_change(verdict) if result.get("empty") and not read_only else verdict
    if verdict.ok and not checks:
        why = "it delivers a text, and no check judges that" if read_only else "it has no check, and no gate is known"
        verdict = verdict._replace(cause=why)
    return _with_cause(verdict, "check failed", "the check could not be run")


def net_of(draft: DraftGraph) -> dict[str, list[str]]:
    """What judging needs of a whole graph: the test files that it names, as files of its tasks or in checks (`tests`),
    and the composites that have checks (`phases`); only what there is.
    """
    named = {file.path for task in draft.tasks for file in task.files if file.role == "test"}
    checks = [*draft.gate, *(check for task in draft.tasks for check in task.checks)]
    words = {word for check in checks for word in _WORD.findall(check.run)}
    phases = [task.id for task in draft.tasks if task.kind == "composite" and task.checks]
    found = {"tests": sorted(named | set(matching(words, _TESTS))), "phases": phases}
    return {name: rows for name, rows in found.items() if rows}


def judge_merge(before: Mapping[str, Any], result: Mapping[str, Any]) -> Verdict:
    """What the merge job found, with the evidence of the checks on the merged result.

    `before` is the verdict of the checks in the worktree: its level and files stand, its checks are replaced; one that
    was flaky there stays so.
    """
    checks = tuple(_unsure(row, before.get("checks") or ()) for row in result.get("checks") or ())
    verdict = Verdict(
        ok=bool(result.get("ok")),
        level=before.get("level") or "unchecked",
        checks=checks or tuple(before.get("checks") or ()),
        commit=result.get("commit") or "",
        files=tuple(before.get("files") or ()),
        out_of_scope=tuple(before.get("out_of_scope") or ()),
        error=result.get("error") or "",
        conflict=result.get("conflict"),
        frozen=tuple(before.get("frozen") or ()),
        diffstat=before.get("diffstat") or {},
        refused=tuple(before.get("refused") or ()),
        left_out=tuple(before.get("left_out") or ()),
        tree=result.get("tree") or "",
    )
    return _with_cause(verdict, "check failed on the merged result", "merge failed")


def _unsure(row: Mapping[str, Any], before: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """A check that passed on the merged result, with the failure before it where the same one was flaky in the worktree."""
    first = next((old["first"] for old in before if old.get("flaky") and old["command"] == row["command"]), None)
    return {"flaky": True, "first": first, **row} if first and not row["exit"] else row


def _with_cause(verdict: Verdict, check_failed: str, otherwise: str) -> Verdict:
    """A verdict that is not ok with its cause: the check that failed, else the words for anything else."""
    if verdict.ok:
        return verdict
    failed = next((c for c in verdict.checks if c["exit"] != 0), None)
    if failed is None:
        return verdict._replace(cause=otherwise)
    source = str(failed.get("source") or "")
    if source.startswith(RECHECK):
        check_failed = f"it breaks task {source.removeprefix(RECHECK)}, which is done: {check_failed}"
    cause = f"{check_failed}: {failed['command']} (exit {failed['exit']})"
    return verdict._replace(cause=cause, error=failed.get("tail") or verdict.error)


def out_of_scope(task: Task, files: Sequence[str]) -> tuple[str, ...]:
    """Changed files that the task did not name; empty when it named none."""
    named = [f.path for f in task.files]
    return tuple(path for path in files if not _within(path, named)) if named else ()


def _within(path: str, named: Iterable[str]) -> bool:
    plain = (name.rstrip("/") for name in named)
    return any(path == name or path.startswith(f"{name}/") for name in plain)


def _changed_frozen(task: Task, altered: Sequence[str], frozen: Frozen) -> list[str]:
    """Changed files that checks rest on and that were there before; what the task itself is to change is its own."""
    hit = {path for path in altered if path in frozen.names} | set(matching(altered, frozen.patterns))
    own = [file.path for file in task.files if file.role in ("create", "modify")]
    return [path for path in altered if path in hit and not _within(path, own)]


def _without_change(verdict: Verdict) -> Verdict:
    """The gate passes on what was there before: where nothing was changed it proves nothing of the task."""
    if not verdict.ok or verdict.level != "gated":
        return verdict
    return verdict._replace(level="unchecked", cause="it changed nothing, so the gate proves nothing of it")


def _needs_person(result: Mapping[str, Any], verdict: Verdict) -> str:
    reasons = []
    guarded = list(result.get("guarded") or ())
    if guarded:
        reasons.append(f"the change touches what steers Branchline itself: {', '.join(guarded[:5])}")
    if verdict.frozen:
        reasons.append(f"it changed files that checks rest on: {', '.join(verdict.frozen[:5])}")
    return "; ".join(reasons)
