"""Bringing a task's commit into the integration branch: tried in a scratch worktree, checked, then the ref moved."""

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from branchline.errors import GitError
from branchline.files import read_json
from branchline.planfile import writeback
from branchline.workspace.checks import passed, run_checks, with_globs
from branchline.workspace.diff import Change, changed_files, changes, total
from branchline.workspace.git import Git, base_ref, short
from branchline.workspace.prepare import forget, prepare
from branchline.workspace.repository import Merged, merged, put_back
from branchline.workspace.snapshot import OWN
from branchline.workspace.spec import PlanLine, Spec, write_answer
from branchline.workspace.worktree import Worktree, prepared_of, scratch_of

MAX_ROUNDS: Final = 5
"""How often a merge begins again because the tip was moved by someone else meanwhile."""
_MAX_OTHERS: Final = 20
_MAX_PATHS: Final = 500
"""A change of more files than this is taken to touch what every task did: so many do not go on a command line."""
_PLAIN_FILES: Final = frozenset({"100644", "100755"})


def check_at(spec: Spec, commit: str) -> list[dict[str, Any]]:
    """Run a spec's checks at a commit, in a worktree that is made for it and taken away, and return what was found."""
    git = spec.git()
    place = scratch_of(Path(spec.root), spec.run).with_name(".verify")
    place.parent.mkdir(parents=True, exist_ok=True)
    with alone(place.with_name(".verify.lock")):
        tree = scratch_at(git, place, commit)
        try:
            prepare(spec, tree)
            return run_checks(spec, tree.path, commit, "verify-", lambda: tree.reset(commit, nested=True))
        finally:
            tree.discard()


def merge(spec: Spec) -> dict[str, Any]:
    """Merge a task's commit into the run's tip and return the answer; the tip moves only when the checks pass.

    One merge of a run at a time: the others wait for its lock. Run again after a kill, it ends in the same place.
    """
    git = spec.git()
    scratch = scratch_of(Path(spec.root), spec.run)
    scratch.parent.mkdir(parents=True, exist_ok=True)
    with alone(scratch.parent / ".merge.lock"):
        git = git.at(git.cwd, locks=[git.common() / spec.tip_ref])
        for _ in range(MAX_ROUNDS):
            tip = git.resolve(spec.tip_ref)
            answer = _already(git, spec, tip) if tip else None
            if answer is None and spec.tip and tip != spec.tip:
                put_back(git, spec.run, spec.tip, tip)  # an agent was faster than the look before this job
                tip = spec.tip
            if not tip:
                raise GitError(f"the integration branch {short(spec.tip_ref)} is missing; the run cannot go on")
            answer = answer or _round(git, spec, scratch, tip)
            if answer is not None:
                return answer
    return _no("git", f"{short(spec.tip_ref)} was moved by someone else {MAX_ROUNDS} times; try again")


def _round(git: Git, spec: Spec, scratch: Path, tip: str) -> dict[str, Any] | None:
    """Try once from this tip; None when the tip was moved by someone else."""
    commit = git.resolve(spec.commit or spec.branch)
    if not commit:
        return _no("git", f"there is nothing to merge: {short(spec.commit or spec.branch)} is missing")
    place = git.checked_out(spec.tip_ref)
    if place:
        why = f"{short(spec.tip_ref)} is checked out in {place}, and moving it would disturb that checkout"
        return _no("git", f"{why}; switch to another branch there (git switch -), then try again")
    answer = _prepared(git, spec, tip, commit)
    if answer is None:
        tree = scratch_at(git, scratch, tip)
        answer = _try(tree, spec, tip, commit)
        if not answer["ok"]:
            return answer
        # Durable before the tip moves: a job killed in between is run again and finds its evidence here.
        path = prepared_of(Path(spec.root), spec.run, spec.task)
        write_answer(path.parent, path.name, answer | {"attempt": spec.attempt})
    why = f"branchline: task {spec.task}, attempt {spec.attempt}"
    return answer if git.move(spec.tip_ref, answer["commit"], tip, why) else None


def _try(tree: Worktree, spec: Spec, tip: str, commit: str) -> dict[str, Any]:
    git = tree.git
    empty = git.contains(tip, commit)
    if not empty:
        conflict = _join(tree, spec, tip, commit)
        if conflict is not None:
            return conflict
    ticked = spec.plan is not None and _tick(git, spec, spec.plan)
    parents = [tip] if empty else [tip, commit]
    words = [word for parent in parents for word in ("-p", parent)]
    message = _message(spec).encode("utf-8", "surrogateescape")
    written = git.text("write-tree")
    new = git.text("commit-tree", *words, "-F", "-", written, data=message)
    tree.reset(new, nested=True)
    prepare(spec, tree)
    changed = changes(git, tip, new)
    asked = with_globs(_with_earlier(spec, git, tip, changed), [row.path for row in changed if row.how != "D"])
    rows = run_checks(asked, tree.path, new, "merged-", lambda: tree.reset(new, nested=True))
    found: dict[str, Any] = {"task_commit": commit, "tip": tip, "tree": written, "checks": rows}
    found |= {"files": [row.path for row in changed], "diffstat": total(changed), "ticked": ticked, "empty": empty}
    if not passed(rows):
        return _no("recheck", f"the check failed on the merged result: {rows[-1]['command']}") | found
    return {"ok": True, "commit": new, "reason": "", "error": "", "conflict": None} | found


def _with_earlier(spec: Spec, git: Git, tip: str, changed: Sequence[Change]) -> Spec:
    """Return the spec with the checks of tasks merged before: of those that changed the same files, of all, or of none.

    The plan does not count: every merge ticks a box in it.
    """
    plan = spec.plan.path if spec.plan else ""
    paths = [row.path for row in changed if row.path != plan]
    if spec.recheck == "none" or not paths:
        return spec
    narrowed = paths if spec.recheck == "touched" and len(paths) <= _MAX_PATHS else ()
    before = merged(git, spec.run, spec.base or git.resolve(base_ref(spec.run)), tip, narrowed)
    asked = {command: row.task for row in before if row.task != spec.task for command in _own_checks(spec, row)}
    for check in spec.checks:
        asked.pop(str(check["run"]), None)
    again = [{"run": command, "source": f"recheck of {task}"} for command, task in asked.items()]
    return spec._replace(checks=(*spec.checks, *again))


def _own_checks(spec: Spec, row: Merged) -> list[str]:
    """Return the commands that a merge before this one was judged by, from what it was told; not those of its phase."""
    told = Path(spec.root, OWN, "runs", spec.run, row.task, str(row.attempt), "merge")
    found = sorted(told.glob("**/spec.json"), key=lambda path: path.stat().st_mtime_ns)
    checks = read_json(found[-1]).get("checks") or () if found else ()
    return [str(check["run"]) for check in checks if not str(check.get("source") or "").startswith("phase ")]


def _join(tree: Worktree, spec: Spec, tip: str, commit: str) -> dict[str, Any] | None:
    """Merge into index and files of the scratch worktree; the answer when that cannot be done."""
    done = tree.git.run("merge", "--no-ff", "--no-commit", "--no-stat", "--quiet", commit, ok=(0, 1, 2, 128))
    if done.code == 0:
        return None
    files = tree.git.fields("diff", "--name-only", "--diff-filter=U", "-z", "--no-renames", "--no-ext-diff")
    tree.reset(tip, nested=True)
    said = (done.out + b"\n" + done.err).decode("utf-8", "replace").strip()
    if not files:
        return _no("git", f"git could not merge {short(spec.branch)}: {said}")
    base = tree.git.text("merge-base", tip, commit)
    others = merged(tree.git, spec.run, base, tip, files)[-_MAX_OTHERS:]
    rows = [{"task": row.task, "commit": row.commit, "subject": row.subject} for row in others]
    answer = _no("conflict", f"conflict in {', '.join(files[:_MAX_OTHERS])}")
    return answer | {"conflict": {"files": files, "other": rows, "said": said}, "task_commit": commit, "tip": tip}


def _tick(git: Git, spec: Spec, plan: PlanLine) -> bool:
    """Change the task's own box in the index; no file is opened, so a link in the repository leads nowhere."""
    rows = git.fields("ls-files", "-s", "-z", "--", f":(top,literal){plan.path}")
    mode, blob, stage = rows[0].split("\t")[0].split() if len(rows) == 1 else ("", "", "")
    if mode not in _PLAIN_FILES or stage != "0":
        return False
    try:
        text = git.run("cat-file", "blob", blob).out.decode()
    except UnicodeDecodeError:
        return False
    new = writeback.tick(text, plan.line or 0, plan.title, spec.task, plan.dialect, spec.on)
    if new is None or new == text:
        return False
    made = git.text("hash-object", "-w", "--stdin", data=new.encode())
    git.run("update-index", "-z", "--index-info", data=f"{mode} {made}\t{plan.path}\0".encode())
    return True


def _already(git: Git, spec: Spec, tip: str) -> dict[str, Any] | None:
    """Return the answer when the tip holds this attempt already: we were killed after it moved."""
    base = spec.base or git.resolve(base_ref(spec.run))
    for row in reversed(merged(git, spec.run, base, tip)):
        if row.task == spec.task and row.attempt == spec.attempt:
            kept = _read_prepared(spec)
            if kept.get("commit") == row.commit:
                return kept
            files = changed_files(git, f"{row.commit}^1", row.commit)
            answer = {"ok": True, "commit": row.commit, "reason": "", "error": "", "conflict": None, "checks": []}
            return answer | {"files": files, "empty": not files, "ticked": False, "task_commit": "", "tip": ""}
    return None


def _prepared(git: Git, spec: Spec, tip: str, commit: str) -> dict[str, Any] | None:
    kept = _read_prepared(spec)
    same = kept.get("tip") == tip and kept.get("task_commit") == commit
    commands = [check["run"] for check in spec.checks]
    if same and [row["command"] for row in kept["checks"]][: len(commands)] == commands and git.resolve(kept["commit"]):
        return kept
    return None


def _read_prepared(spec: Spec) -> dict[str, Any]:
    path = prepared_of(Path(spec.root), spec.run, spec.task)
    kept: dict[str, Any] = read_json(path) if path.is_file() else {}
    return kept if kept.get("attempt") == spec.attempt else {}


def scratch_at(git: Git, path: Path, tip: str) -> Worktree:
    """Return a scratch worktree, clean at a commit; nobody works in it, so it is made anew if need be."""
    tree = Worktree(git, path)
    if tree.health() != "whole":
        tree.discard()
        tree.add(tip)
    tree.reset(tip, nested=True, ignored=True)
    forget(tree)
    tree.guard()
    return tree


def _message(spec: Spec) -> str:
    text = (spec.message or f"task {spec.task}").replace("\0", "").strip()
    trailers = f"Branchline-Run: {spec.run}\nBranchline-Task: {spec.task}\nBranchline-Attempt: {spec.attempt}\n"
    return f"{text}\n\n{trailers}"


def _no(reason: str, error: str) -> dict[str, Any]:
    empty: dict[str, Any] = {"files": [], "checks": [], "conflict": None, "ticked": False, "empty": False, "tip": ""}
    return {"ok": False, "commit": "", "reason": reason, "error": error} | empty


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold a kernel lock for the time of the block; a job that dies frees it."""
    with path.open("a") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
