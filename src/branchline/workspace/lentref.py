"""A task's branch as its worker's sandbox has it: in a folder of its own, from which we bring it over.

git replaces a ref by renaming a file beside it, so who may move one branch may move all of its folder, or turn one into another
name for the user's. In a sandbox that folder is therefore the worker's own, below git's folder of its worktree, and holds
its branch alone. What it leaves there counts when it is a commit, and nothing else does.
"""

import re
from pathlib import Path
from typing import Final

from branchline.errors import InputError
from branchline.files import read_bytes, write_new
from branchline.workspace.git import ABSENT, Git

_OWN: Final = "branchline-refs"
_TAKEN: Final = "taken"
"""Where the branch stood when it was last lent or brought over: what we do to it afterwards is not to be undone."""
_PLACES: Final = {"heads": "", "logs": "logs/"}
_COMMIT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def lend(common: Path, admin: Path, branch: str) -> tuple[tuple[Path, Path], ...]:
    """Make the worker's own folders for its branch; pairs of a folder and the place where its sandbox is to have it.

    `common` is the folder all worktrees share, `admin` git's own for this one. A branch that is packed is seen there anyway.
    """
    name = branch.rpartition("/")[2]
    pairs = tuple((admin / _OWN / kind, (common / f"{place}{branch}").parent) for kind, place in _PLACES.items())
    for folder in (folder for pair in pairs for folder in pair):
        folder.mkdir(parents=True, exist_ok=True)
    lent, stands = admin / _OWN / "heads" / name, _commit(common / branch)
    if _commit(lent) not in (stands, _left(admin, name)):
        return pairs  # what an attempt left there waits to be brought over
    if not stands:
        lent.unlink(missing_ok=True)
    elif _commit(lent) != stands:
        write_new(lent, f"{stands}\n")
    write_new(admin / _OWN / _TAKEN, stands)
    return pairs


def take_in(git: Git, admin: Path | None, branch: str) -> None:
    """Move a task's branch to where its worker left it in a sandbox; nothing where it did not, or left no commit.

    Without a folder of its own (`lend`) it may have made the branch another name for one of the user's: that is undone.
    """
    if _is_name(git.common() / branch):
        git.run("update-ref", "--no-deref", branch, git.resolve(branch) or git.resolve("HEAD"))
    name = branch.rpartition("/")[2]
    left = _commit(admin / _OWN / "heads" / name) if admin else ""
    if not admin or left in ("", _left(admin, name)) or git.resolve(left) != left:
        return
    old = git.resolve(branch)
    if old == left or git.move(branch, left, old or ABSENT, "branchline: where the worker left it"):
        write_new(admin / _OWN / _TAKEN, left)


def _left(admin: Path, name: str) -> str:
    """The commit that was last lent or brought over; before that, what stands there."""
    taken = admin / _OWN / _TAKEN
    return _commit(taken) if taken.is_file() else _commit(admin / _OWN / "heads" / name)


def _is_name(ref: Path) -> bool:
    """Say whether a ref is a name for another one, in either of the ways of git."""
    try:
        return ref.is_symlink() or read_bytes(ref, 1024).startswith(b"ref:")
    except InputError:
        return False


def _commit(path: Path) -> str:
    """The commit that a file names; "" for anything else that a worker may have put there."""
    try:
        text = read_bytes(path, 128).decode("ascii", "replace").strip()
    except InputError:
        return ""
    return text if _COMMIT.fullmatch(text) else ""
