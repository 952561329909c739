"""Bringing a run's integration branch to the user's own branch, when that can be done without harm; else words."""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from branchline.errors import RepositoryError
from branchline.workspace import snapshot
from branchline.workspace.diff import changed_files
from branchline.workspace.git import RUN_REFS, Git, base_ref, from_ref_part, short, tip_ref
from branchline.workspace.worktree import unfinished

SHOWN: Final = 20
"""How many files are named in words."""
_GRAPHS: Final = ".graph.json"
_PUSH_ENV: Final = ("SSH_AUTH_SOCK", "SSH_AGENT_PID", "GH_TOKEN", "GITHUB_TOKEN", "HTTPS_PROXY", "https_proxy")
_PUSH_SETTINGS: Final = ("core.gitProxy=", "credential.helper=", "credential.helper=!gh auth git-credential")


class LandResult(NamedTuple):
    """What `land` did: `moved` says that the user's branch holds the tip now, `commit` where it stands.

    `advice` says in words what to do when it does not.
    """

    moved: bool
    commit: str
    advice: str


def dirty(git: Git, ignore: Sequence[str] = ()) -> list[str]:
    """Return the tracked files that are modified, plans (`ignore`) and stored graphs aside; relative paths."""
    spared = {str(PurePosixPath(name)) for name in ignore}
    rows = git.fields("status", "--porcelain", "-z", "--untracked-files=no", "--no-renames")
    names = [row[3:] for row in rows]
    return [name for name in names if name not in spared and not name.endswith(_GRAPHS)]


def filtered(git: Git, files: Sequence[str], commit: str = "HEAD") -> str:
    """Say in words that a file needs a filter which the repository's own configuration names and may not run.

    "" when none does. What each file needs is said by the attributes of `commit`.
    """
    refused = [name for name in git.refused() if name.startswith("filter.")]
    if not refused or not files:
        return ""
    data = "".join(f"{name}\0" for name in files).encode("utf-8", "surrogateescape")
    with snapshot.index_of(git, commit) as own:
        rows = own.fields("check-attr", "-z", "--cached", "--stdin", "filter", data=data)
    asked = zip(rows[::3], rows[2::3], strict=True)
    name, needed = next(((file, value) for file, value in asked if f"filter.{value}" in refused), ("", ""))
    return name and (
        f"{name} needs the filter {needed!r}, a program that this repository's own configuration names: it is not run "
        f'unless you allow it with [workspace] programs = ["filter.{needed}"], or name it in your own configuration '
        "(git config --global)"
    )


def land(git: Git, run: str, ignore: Sequence[str] = (), message: str = "") -> LandResult:
    """Fast-forward the branch that is checked out to a run's tip, or say in words what to do.

    With a `message` the branch gets a merge commit of that message, of the same content. Nothing is ever rebased or
    overwritten here: a branch that has moved on, or files in the way, are left to the user.
    """
    tip = git.resolve(tip_ref(run))
    if not tip:
        raise RepositoryError(f"there is no run {run}: the branch {short(tip_ref(run))} is missing")
    name = short(tip_ref(run))
    target = short(git.branch())
    old = git.resolve("HEAD")
    if not target or not old:
        why = f"{target} has no commit yet" if target else "HEAD is detached, no branch is checked out"
        return LandResult(False, old, f"there is no branch to bring it to: {why}; make one: git switch -c NAME {name}")
    if git.contains(old, tip):
        return LandResult(True, old, "")
    if not git.contains(tip, old):
        advice = (
            f"{target} has moved on since the run began; bring both together with `git merge {name}` on {target}, "
            f"or start from it with `git rebase {target} {name}`"
        )
        return LandResult(False, old, advice)
    return _land_here(git, _merge_commit(git, tip, old, message) if message else tip, name, ignore)


def landed_files(git: Git, run: str) -> tuple[str, str]:
    """Return the commits between which lies what a run would bring to the branch that is checked out; "" for nothing."""
    tip = git.resolve(tip_ref(run))
    head = git.resolve("HEAD") or git.resolve(base_ref(run))
    fork = git.text("merge-base", head, tip, ok=(0, 1)) if tip and head else ""
    return (fork, tip) if fork and fork != tip else ("", "")


def not_landed(git: Git) -> dict[str, str]:
    """Return run -> tip of each run whose tip the commit that is checked out does not hold."""
    shown = ("--format=%(refname) %(objectname)", *(["--no-merged=HEAD"] if git.resolve("HEAD") else []))
    rows = (line.split() for line in git.text("for-each-ref", *shown, f"{RUN_REFS}*/tip").splitlines())
    return {from_ref_part(ref.split("/")[-2]): commit for ref, commit in rows}


def push(git: Git, run: str, environ: dict[str, str]) -> str:
    """Push a run's integration branch to the remote that the user's branch has, and return the remote's name.

    "" when there is no remote, or more than one and none of them is meant. Raises GitError with git's words.
    """
    remote = _remote(git)
    if not remote:
        return ""
    passed: dict[str, str] = {name: environ[name] for name in _PUSH_ENV if name in environ}
    own = git.at(git.cwd, env={**passed, "GIT_SSH_COMMAND": "ssh"}, settings=_PUSH_SETTINGS)
    ref = tip_ref(run)
    own.run("push", "--quiet", "--no-verify", "--receive-pack=git-receive-pack", "--", remote, f"{ref}:{ref}")
    return remote


def _remote(git: Git) -> str:
    names = git.text("remote").splitlines()
    current = short(git.branch())
    meant = git.text("config", "--get", f"branch.{current}.remote", ok=(0, 1)) if current else ""
    candidates = [meant, "origin", *(names if len(names) == 1 else ())]
    return next((name for name in candidates if name in names), "")


def _merge_commit(git: Git, tip: str, old: str, message: str) -> str:
    tree = git.text("rev-parse", f"{tip}^{{tree}}")
    return git.text("commit-tree", "-p", old, "-p", tip, "-F", "-", tree, data=message.encode("utf-8", "replace"))


def _land_here(git: Git, new: str, name: str, ignore: Sequence[str]) -> LandResult:
    head = git.resolve("HEAD")
    begun = unfinished(git)
    if begun:
        return LandResult(False, head, f"a {begun[0]} is in progress; finish it, then land again")
    files = dirty(git, ignore)
    if files:
        shown = ", ".join(files[:SHOWN])
        return LandResult(False, head, f"commit or stash your changes first, then land again: {shown}")
    words = filtered(git, changed_files(git, head, new), new)
    if words:
        return LandResult(False, head, f"{words}; or go there by hand: git merge --ff-only {name}")
    done = git.run("merge", "--ff-only", "--quiet", "--no-stat", new, ok=(0, 1, 2, 128))
    if done.code:
        said = done.err.decode(errors="replace").strip()
        return LandResult(False, git.resolve("HEAD"), f"git would not fast-forward to {name}: {said}")
    return LandResult(True, git.resolve("HEAD"), "")
