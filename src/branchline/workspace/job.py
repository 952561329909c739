"""The process custody runs for setup, check and merge: `python -m branchline.workspace.job SPEC.json`.

It leaves `result.json` in the spec's folder and ends with 0 when it could find out an answer, also a negative one; with
1 only on a fault. Killed at any instant and run again with the same spec, it ends in the same place.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from branchline.errors import BranchlineError, GitError, RepositoryError
from branchline.files import write_durable
from branchline.workspace import inplace
from branchline.workspace.checks import passed, run_checks, with_globs
from branchline.workspace.diff import Change, changed_files, changes, total, unmerged
from branchline.workspace.git import Git, base_ref, short
from branchline.workspace.lentref import take_in
from branchline.workspace.prepare import prepare, tear_down
from branchline.workspace.repository import salvage_worktree
from branchline.workspace.snapshot import salvages, stage_all
from branchline.workspace.spec import RESULT, Spec, write_answer
from branchline.workspace.train import merge
from branchline.workspace.unmask import restore, values_of
from branchline.workspace.worktree import Worktree, folder_of

_CHECKING: Final = "branchline-checking"
"""A file in git's own folder of the worktree: the commit that checks are running on; there only while they run."""
_CONFLICT_MARK: Final = b"<<<<<<< "


def main(argv: Sequence[str]) -> int:
    """Do the job of one spec file and return the exit status."""
    try:
        spec = Spec.read(Path(argv[0]))
    except BranchlineError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    folder = Path(spec.folder)
    # An answer to an earlier question must not be taken for one to this.
    (folder / RESULT).unlink(missing_ok=True)
    status = 0
    try:
        answer = _PURPOSES[spec.purpose](spec)
    except GitError as error:
        answer, status = {"ok": False, "error": error.message, "reason": "git"}, 1
    except BranchlineError as error:
        answer = {"ok": False, "error": error.message, "reason": error.code}
    except Exception as error:  # noqa: BLE001  # the door of this process: the fault is written down, then reported
        sys.excepthook(*sys.exc_info())
        answer, status = {"ok": False, "error": f"{type(error).__name__}: {error}", "reason": "fault"}, 1
    _leave(spec, answer)
    return status


def _leave(spec: Spec, answer: Mapping[str, Any]) -> None:
    who = {"purpose": spec.purpose, "run": spec.run, "task": spec.task, "attempt": spec.attempt}
    write_answer(Path(spec.folder), RESULT, who | dict(answer))


def setup(spec: Spec) -> dict[str, Any]:
    """Make the task's worktree from the tip, or keep the one that is there; a fresh attempt salvages it first."""
    if not spec.isolated():
        return inplace.setup(spec)
    tree = _worktree(spec)
    tip = tree.base.resolve(spec.tip or spec.tip_ref)
    if not tip:
        raise GitError(f"the integration branch {short(spec.tip_ref)} is missing; the run cannot go on")
    if spec.fresh or tree.health() != "whole":
        _clear(tree, spec, tip)
    if tree.health() == "whole":
        _sweep_after_kill(tree, spec)
    if tree.health() == "missing":
        tree.add(("" if spec.fresh else tree.base.resolve(spec.branch)) or tip, spec.branch)
    tree.guard()
    if not spec.fresh and not tree.head():
        _back_to_branch(tree, spec)
    if spec.join and not spec.fresh:
        _join_tip(tree, spec, tip)
    prepare(spec, tree)
    head = tree.head()
    base = tip if head == tip else _base(tree, spec, head)
    rows = salvages(tree.base, spec.run, spec.task) if spec.fresh else []
    saved = [row.ref for row in rows if _is_of(row.attempt, str(spec.attempt - 1))]
    return {"ok": True, "base": base, "head": head, "salvage": saved[0] if saved else "", "error": ""}


def check(spec: Spec) -> dict[str, Any]:
    """Commit what the worker left, run the checks on that commit, and say what changed; in place commit nothing."""
    if not spec.isolated():
        return inplace.check(spec)
    tree = _worktree(spec)
    if tree.health() != "whole":
        return _no(f"the worktree of task {spec.task} is not there any more: {tree.path}")
    tree.guard()
    tree.mend_index()
    _sweep_after_kill(tree, spec)
    begun = tree.unfinished()
    if begun:
        return _no(f"a {begun} is in progress in the worktree; it must be finished or given up first")
    if marked := [name for name in unmerged(tree.git) if _has_mark(tree.path / name)]:
        return _left_in_conflict(marked)
    _back_to_branch(tree, spec)
    left = _commit_leftovers(tree, _leftover_message(spec))
    base = _base(tree, spec, tree.head())
    if restore(tree.path, changed_files(tree.git, base, "HEAD") if spec.masked else (), values_of(spec)):
        _commit_leftovers(tree, "branchline: what was masked in the prompt stands in the files again\n")
    commit = tree.head()
    changed: Sequence[Change] = changes(tree.git, base, commit)
    # Both sides were there to be brought together: git calls that done when they are committed as they are.
    if spec.join and (marked := [row.path for row in changed if _has_mark(tree.path / row.path)]):
        return _left_in_conflict(marked)
    running = _running(tree)
    write_durable(running, commit)
    refused: list[str] = []
    if spec.read_only:
        commit, changed, refused = _refused(tree, spec, base, commit, changed)
    asked = with_globs(spec, [row.path for row in changed if row.how != "D"])
    put_back = partial(tree.reset, commit, spec.branch)
    rows = run_checks(asked, tree.path, commit, between=put_back)
    if rows:
        put_back()
    running.unlink(missing_ok=True)
    files = [row.path for row in changed]
    answer = {"ok": passed(rows), "commit": commit, "base": base, "checks": rows, "files": files, "left_out": left}
    answer |= {"altered": [row.path for row in changed if row.how != "A"], "diffstat": total(changed)}
    answer |= {"leftovers": _is_leftover(tree.git, spec), "empty": not files, "refused": refused}
    answer |= {"guarded": inplace.guarded(files)}
    return answer | {"error": "" if passed(rows) else f"the check failed: {rows[-1]['command']}"}


def _refused(
    tree: Worktree, spec: Spec, base: str, commit: str, changed: Sequence[Change]
) -> tuple[str, Sequence[Change], list[str]]:
    """Take a change back that the task's role may not make, once it is saved; what the plan names it may.

    Returns commit and change as they are then, and the files that were refused, also when a kill came between.
    """
    attempt = f"{spec.attempt}-refused"
    beyond = [row.path for row in changed if not any(_within(row.path, name) for name in spec.named)]
    if beyond:
        _save(tree, spec, attempt)
        tree.reset(base, spec.branch)
        commit, changed = base, ()
    saved = [row.commit for row in salvages(tree.base, spec.run, spec.task) if row.attempt == attempt]
    return commit, changed, sorted({row.path for each in saved for row in changes(tree.git, base, each)})


def _within(path: str, name: str) -> bool:
    return path == name or path.startswith(f"{name.rstrip('/')}/")


def _base(tree: Worktree, spec: Spec, commit: str) -> str:
    """The commit that the task's work began at."""
    tip = tree.base.resolve(spec.tip_ref)
    fork = tip if tip == commit else tip and tree.git.text("merge-base", tip, commit, ok=(0, 1))
    return fork or spec.base or tree.base.resolve(base_ref(spec.run)) or commit


def _join_tip(tree: Worktree, spec: Spec, tip: str) -> None:
    """Begin to merge the tip into the worktree and leave both sides there, for the worker to bring them together.

    A merge that is under way is left as it is; one that git will not begin too: the worker is told of the conflict.
    """
    _back_to_branch(tree, spec)
    if tree.merging() or tree.unfinished() or tree.git.contains(tree.head(), tip):
        return
    tree.git.run("merge", "--no-ff", "--no-commit", "--no-stat", "--quiet", tip, ok=(0, 1, 2, 128))


def _worktree(spec: Spec) -> Worktree:
    git, path = spec.git(), Path(spec.worktree)
    # What stands there may be reset or taken away: it must be a place of ours, whatever the spec says.
    right = folder_of(Path(spec.root), spec.run, spec.task)
    if path.parent.resolve() / path.name != right.parent.resolve() / right.name:
        raise RepositoryError(f"{path} is no worktree of task {spec.task}; it is left as it is")
    tree = Worktree(git.at(git.cwd, locks=[git.common() / spec.branch]), path)
    take_in(tree.base, tree.admin(), spec.branch)
    return tree


def _merge(spec: Spec) -> Mapping[str, Any]:
    if not spec.isolated():
        return inplace.merge(spec)
    specs = [spec, *(Spec.read(Path(path)) for path in spec.also)]
    for each in specs:
        (Path(each.folder) / RESULT).unlink(missing_ok=True)
    answers = merge(specs)
    for each in specs:
        answer = answers.get(each.task, {})
        if answer.get("ok"):  # the work is on the tip: its worktree is taken away next
            answer |= {"teardown": tear_down(each, Path(each.worktree))}
        if answer and each is not spec:
            _leave(each, answer)
    return answers[spec.task]


def _is_of(name: str, attempt: str) -> bool:
    return name == attempt or name.startswith(f"{attempt}-")


def _save(tree: Worktree, spec: Spec, attempt: str) -> None:
    salvage_worktree(tree.base, Path(spec.root), spec.run, spec.task, attempt, ignored=spec.salvage_ignored)


def _clear(tree: Worktree, spec: Spec, tip: str) -> None:
    """Save everything, then put branch and worktree to the tip (or take away what is no whole worktree)."""

    def save() -> None:
        _save(tree, spec, str(spec.attempt - 1))

    save()
    health = tree.health()
    if health in {"lost", "half"}:
        tree.discard()
    if spec.fresh and health == "whole":
        tree.mend_index()
        tree.git.run("symbolic-ref", "-m", "branchline: fresh attempt", "HEAD", spec.branch)
        tree.git.run("reset", "--quiet", "--hard", tip)
        # What the worker's own .gitignore hid is untracked now, and not saved yet.
        save()
        tree.reset(tip, spec.branch, nested=True)


def _back_to_branch(tree: Worktree, spec: Spec) -> None:
    """Bring HEAD back to the task's branch with the commit it is on; what the branch held otherwise is saved first.

    Where HEAD has no commit (an orphan branch that was not made) the branch keeps its own.
    """
    if tree.git.branch() == spec.branch:
        return
    head, old = tree.head(), tree.base.resolve(spec.branch)
    if head and old and not tree.git.contains(head, old):
        _save(tree, spec, str(spec.attempt))
    if head not in ("", old) and not tree.base.move(spec.branch, head, old, "branchline: where the worker left HEAD"):
        raise RepositoryError(f"the branch {short(spec.branch)} was moved by someone else at this moment; try again")
    tree.git.run("symbolic-ref", "-m", "branchline: back to the task's branch", "HEAD", spec.branch)


def _sweep_after_kill(tree: Worktree, spec: Spec) -> None:
    """Put the tree back when a check was running as we were killed: what that left is not the worker's work.

    It is kept all the same, in a salvage ref of its own.
    """
    path = _running(tree)
    if path.is_file():
        commit = path.read_text(encoding="ascii")
        _save(tree, spec, f"{spec.attempt}-check")
        tree.reset(commit, spec.branch)
        path.unlink()


def _running(tree: Worktree) -> Path:
    return (tree.admin() or tree.common) / _CHECKING


def _commit_leftovers(tree: Worktree, message: str) -> list[str]:
    """Commit what is not committed; returns the repositories inside the worktree, which cannot be."""
    left = stage_all(tree.git)
    if tree.merging() or tree.git.run("diff", "--cached", "--quiet", "--no-ext-diff", "HEAD", ok=(0, 1)).code:
        words = ("--no-verify", "--quiet", "--allow-empty", "--cleanup=verbatim", "-F", "-")
        tree.git.run("commit", *words, data=message.encode())
    return left


def _leftover_message(spec: Spec) -> str:
    return f"branchline: uncommitted work of attempt {spec.attempt}\n"


def _is_leftover(git: Git, spec: Spec) -> bool:
    return git.text("log", "-1", "--format=%s") == _leftover_message(spec).strip()


def _left_in_conflict(files: Sequence[str]) -> dict[str, Any]:
    return _no(f"a merge was left with its conflicts in {', '.join(files)}") | {"conflict": {"files": list(files)}}


def _has_mark(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as stream:
        return any(line.startswith(_CONFLICT_MARK) for line in stream)


def _no(error: str) -> dict[str, Any]:
    empty = {
        "commit": "",
        "base": "",
        "checks": [],
        "files": [],
        "altered": [],
        "leftovers": False,
        "empty": True,
        "guarded": [],
    }
    return {"ok": False, "error": error, "reason": "worktree", "left_out": []} | empty


_PURPOSES: Final[Mapping[str, Callable[[Spec], Mapping[str, Any]]]] = {"setup": setup, "check": check, "merge": _merge}

if __name__ == "__main__":
    STATUS = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(STATUS)  # to take down what was imported is an eighth of a job
