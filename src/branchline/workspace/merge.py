"""The merge of one task, tried in a scratch worktree: joined with what is there, its boxes ticked, its checks run."""

import fcntl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from branchline.files import read_json
from branchline.model.run import RECHECK
from branchline.planfile import writeback
from branchline.workspace.checks import passed, run_checks, with_globs
from branchline.workspace.diff import Change, changes, unmerged
from branchline.workspace.git import Git, base_ref, short
from branchline.workspace.prepare import forget, prepare, tear_down
from branchline.workspace.repository import Merged, merged
from branchline.workspace.snapshot import OWN
from branchline.workspace.spec import PlanBoxes, Spec
from branchline.workspace.worktree import Worktree, verify_of

_MAX_OTHERS: Final = 20
_MAX_PATHS: Final = 500
"""A change of more files than this is taken to touch what every task did: so many do not go on a command line."""
_USED: Final = "branchline-used"
"""A file in git's own folder of a scratch worktree: something but git has run there since it was last clean."""
_PLAIN_FILES: Final = frozenset({"100644", "100755"})


def check_at(spec: Spec, commit: str) -> list[dict[str, Any]]:
    """Run a spec's checks at a commit, in a worktree that is made for it and taken away, and return what was found."""
    git = spec.git()
    place = verify_of(Path(spec.root), spec.run)
    place.parent.mkdir(parents=True, exist_ok=True)
    with alone(place.with_name(".verify.lock")):
        tree = scratch_at(git, place, commit, spec)
        try:
            _occupy(tree, spec)
            return run_checks(spec, tree.path, commit, "verify-", lambda: tree.reset(commit, nested=True))
        finally:
            tear_down(spec, tree.path, "verify-teardown-")
            tree.discard()


class Car(NamedTuple):
    """The merge of one task in a train; `commit` is the tip as it would be with this task and all before it."""

    spec: Spec
    task_commit: str
    commit: str
    tree: str = ""
    ticked: bool = False
    empty: bool = False
    changed: Sequence[Change] = ()


def couple(tree: Worktree, spec: Spec, onto: str) -> Car | dict[str, Any]:
    """Merge a task's commit onto the one the scratch worktree stands at, and leave it there; the answer if that fails."""
    git, commit = tree.git, tree.git.resolve(spec.commit or spec.branch)
    if not commit:
        return no("git", f"there is nothing to merge: {short(spec.commit or spec.branch)} is missing")
    conflict = _join(tree, spec, onto, commit)
    if conflict is not None:
        return conflict
    empty = not tree.merging()  # git had nothing to do
    ticked = spec.plan is not None and _tick(git, spec, spec.plan)
    words = [word for parent in ([onto] if empty else [onto, commit]) for word in ("-p", parent)]
    written = git.text("write-tree")
    message = _message(spec).encode("utf-8", "surrogateescape")
    new = git.text("commit-tree", *words, "-F", "-", written, data=message)
    tree.adopt(new, spec.plan.path if spec.plan and ticked else "")
    return Car(spec, commit, new, written, ticked, empty, changes(git, onto, new))


def check_cars(
    tree: Worktree, tip: str, cars: Sequence[Car], before: Mapping[str, Mapping[str, Any]] | None
) -> list[dict[str, Any]]:
    """Run, with all of these cars on the tip, their own checks, each command once, and those of what was merged before.

    `before` is as for `run_checks`.
    """
    last, own = cars[-1], commands_of(cars)
    rows: list[dict[str, Any]] = []
    changed = last.changed if len(cars) == 1 else changes(tree.git, tip, last.commit)
    whole = last.spec._replace(checks=tuple({"run": command} for command in own))
    asked = with_globs(_with_earlier(whole, tree.git, tip, changed), [row.path for row in changed if row.how != "D"])
    if not asked.checks:
        return rows
    _refresh(tree, last.commit, last.spec)
    _occupy(tree, last.spec)
    prefix = "merged-" if len(cars) == 1 else f"merged-{len(cars)}-"
    put_back = partial(tree.reset, last.commit, nested=True)
    for car in cars:
        checks = [check for check in car.spec.checks if own[str(check["run"])] == car.spec.task]
        checks += asked.checks[len(own) :] if car is last else ()
        spec = car.spec._replace(checks=tuple(checks))
        if rows and checks:
            put_back()
        rows += run_checks(spec, tree.path, last.commit, prefix, put_back, before)
        if not passed(rows):
            break
    return rows


def commands_of(cars: Sequence[Car]) -> dict[str, str]:
    """The commands that are checks of these tasks themselves -> the first task that asks for each."""
    own: dict[str, str] = {}
    for car in cars:
        for check in car.spec.checks:
            own.setdefault(str(check["run"]), car.spec.task)
    return own


def _with_earlier(spec: Spec, git: Git, tip: str, changed: Sequence[Change]) -> Spec:
    """Return the spec with the checks of tasks merged before: of those that changed the same files, of all, or of none.

    The plan does not count: every merge ticks a box in it.
    """
    plan = spec.plan.path if spec.plan else ""
    paths = [row.path for row in changed if row.path != plan]
    if spec.recheck == "none" or not paths:
        return spec
    narrowed = paths if spec.recheck == "touched" and len(paths) <= _MAX_PATHS else ()
    before = merged(git, spec.run, spec.base or base_ref(spec.run), tip, narrowed)
    asked = {command: row.task for row in before if row.task != spec.task for command in _own_checks(spec, row)}
    for check in spec.checks:
        asked.pop(str(check["run"]), None)
    again = [{"run": command, "source": f"{RECHECK}{task}"} for command, task in asked.items()]
    return spec._replace(checks=(*spec.checks, *again))


def _own_checks(spec: Spec, row: Merged) -> list[str]:
    """Return the commands that a merge before this one was judged by, from what it was told; not those of its phase."""
    told = Path(spec.root, OWN, "runs", spec.run, row.task, str(row.attempt), "merge")
    found = sorted(told.glob("**/spec.json"), key=lambda path: path.stat().st_mtime_ns)
    checks = read_json(found[-1]).get("checks") or () if found else ()
    return [str(check["run"]) for check in checks if not str(check.get("source") or "").startswith("phase ")]


def _join(tree: Worktree, spec: Spec, tip: str, commit: str) -> dict[str, Any] | None:
    """Merge into index and files of the scratch worktree; the answer when that cannot be done."""
    words = ("merge", "--no-ff", "--no-commit", "--no-stat", "--quiet", commit)
    if tree.git.run(*words, ok=(0, 1, 2, 128)).code == 0:
        return None
    # A merge that was killed here may have left files that are in the way: only the second time is a conflict one.
    tree.reset(tip, nested=True)
    done = tree.git.run(*words, ok=(0, 1, 2, 128))
    if done.code == 0:
        return None
    files = unmerged(tree.git)
    tree.reset(tip, nested=True)
    said = (done.out + b"\n" + done.err).decode("utf-8", "replace").strip()
    if not files:
        return no("git", f"git could not merge {short(spec.branch)}: {said}")
    base = tree.git.text("merge-base", tip, commit)
    others = merged(tree.git, spec.run, base, tip, files)[-_MAX_OTHERS:]
    rows = [{"task": row.task, "commit": row.commit, "subject": row.subject} for row in others]
    answer = no("conflict", f"conflict in {', '.join(files[:_MAX_OTHERS])}")
    return answer | {"conflict": {"files": files, "other": rows, "said": said}, "task_commit": commit, "tip": tip}


def _tick(git: Git, spec: Spec, plan: PlanBoxes) -> bool:
    """Change the task's boxes in the index; no file is opened, so a link in the repository leads nowhere."""
    rows = git.fields("ls-files", "-s", "-z", "--", f":(top,literal){plan.path}")
    mode, blob, stage = rows[0].split("\t")[0].split() if len(rows) == 1 else ("", "", "")
    if mode not in _PLAIN_FILES or stage != "0":
        return False
    try:
        text = git.run("cat-file", "blob", blob).out.decode()
    except UnicodeDecodeError:
        return False
    new = writeback.tick(text, plan.boxes, plan.dialect, spec.on)
    if new is None or new == text:
        return False
    made = git.text("hash-object", "-w", "--stdin", data=new.encode())
    git.run("update-index", "-z", "--index-info", data=f"{mode} {made}\t{plan.path}\0".encode())
    return True


def scratch_at(git: Git, path: Path, tip: str, spec: Spec) -> Worktree:
    """Return a scratch worktree, clean at a commit; nobody works in it, so it is made anew if need be."""
    tree = Worktree(git, path)
    if tree.health() != "whole":
        tree.discard()
        tree.add(tip)
    _refresh(tree, tip, spec)
    tree.guard()
    return tree


def _refresh(tree: Worktree, commit: str, spec: Spec) -> None:
    """Have a scratch worktree hold a commit and nothing else; it does as long as nothing but git has run there."""
    used = tree.git.folder() / _USED
    if used.exists() or not tree.stands_at(commit):
        tear_down(spec, tree.path, "merge-teardown-")
        tree.reset(commit, nested=True, ignored=True)
        forget(tree)
        used.unlink(missing_ok=True)


def _occupy(tree: Worktree, spec: Spec) -> None:
    (tree.git.folder() / _USED).touch()
    prepare(spec, tree)


def _message(spec: Spec) -> str:
    text = (spec.message or f"task {spec.task}").replace("\0", "").strip()
    trailers = f"Branchline-Run: {spec.run}\nBranchline-Task: {spec.task}\nBranchline-Attempt: {spec.attempt}\n"
    return f"{text}\n\n{trailers}"


def no(reason: str, error: str) -> dict[str, Any]:
    """The answer of a merge that did not come to be."""
    empty: dict[str, Any] = {"files": [], "checks": [], "conflict": None, "ticked": False, "empty": False, "tip": ""}
    return {"ok": False, "commit": "", "reason": reason, "error": error} | empty


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold a kernel lock for the time of the block; a job that dies frees it."""
    with path.open("a") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
