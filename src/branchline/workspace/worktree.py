"""One worktree of a run: how it is made, found half-made and repaired, reset, and taken away."""

import os
import shutil
from pathlib import Path
from typing import Final, Literal

from branchline.errors import GitError, RepositoryError
from branchline.workspace.git import Git, check_name, short
from branchline.workspace.snapshot import OWN, clear_flags

Health = Literal["missing", "half", "lost", "whole"]
"""`half`: git was killed while making it; `lost`: files are there that git no longer knows as a worktree."""

WHOLE: Final = ("core.sparseCheckout=false",)
"""For our worktrees: where the user's checkout is sparse, a file that is not there must not look deleted."""
_HALF: Final = "initializing"
UNFINISHED: Final = {
    "rebase-merge": "rebase",
    "rebase-apply": "rebase or am",
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "BISECT_LOG": "bisect",
}
"""Files of a git folder that show that something was begun there and not ended."""


def folder_of(root: Path, run: str, task: str) -> Path:
    """Return where a task's worktree stands or would stand."""
    return root / OWN / "worktrees" / check_name(run) / check_name(task)


def scratch_of(root: Path, run: str) -> Path:
    """Return where a run's merges are tried."""
    return root / OWN / "worktrees" / check_name(run) / ".merge"


def verify_of(root: Path, run: str) -> Path:
    """Return where checks are run again at a recorded commit."""
    return scratch_of(root, run).with_name(".verify")


def prepared_of(root: Path, run: str, task: str) -> Path:
    """Return the file in which a merge keeps its answer before the tip moves."""
    return root / OWN / "worktrees" / check_name(run) / ".prepared" / f"{check_name(task)}.json"


class Worktree:
    """One linked worktree: `git` stands in it, `path` is its folder, `base` is git in the user's repository."""

    __slots__ = ("base", "common", "git", "path")

    def __init__(self, base: Git, path: Path) -> None:
        self.base = base
        self.path = path
        self.common = base.common()
        self.git = self._inside()

    def admin(self) -> Path | None:
        """Return git's own folder for this worktree (`.git/worktrees/<name>`), found by its path, or None."""
        return admin_of(self.common, self.path)

    def health(self) -> Health:
        """Say in what state the worktree is; a look at files, no git."""
        admin = self.admin()
        if admin is not None and _read(admin / "locked").strip() == _HALF:
            return "half"
        if admin is not None and self.path.is_dir() and not self.path.is_symlink() and (admin / "HEAD").is_file():
            return "whole" if any(self.path.iterdir()) else "half"
        if self.path.is_symlink() or (self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir()))):
            return "lost"
        return "missing" if admin is None else "half"

    def add(self, commit: str, branch: str = "") -> None:
        """Make the worktree at a commit: on `branch` (a full ref name, which is put there), or detached.

        The caller has looked at `health` and cleared what was half-made.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        where = ["--detach", str(self.path), commit]
        if branch:
            old, place = self.base.refs(branch)[0]
            if place:
                raise RepositoryError(f"{short(branch)} is checked out in {place}; switch to another branch there")
            # Not by `-b`: git would leave the branch where it trips over another worktree, and meet it when it tries again.
            if old != commit and not self.base.move(branch, commit, old, "branchline: worktree"):
                raise GitError(f"the branch {short(branch)} was moved by someone else at this moment; try again")
            where = [str(self.path), short(branch)]
        self.base.at(self.base.cwd, settings=WHOLE).run("worktree", "add", "--quiet", *where)
        self.git = self._inside()

    def discard(self) -> None:
        """Take the folder and git's own folder for it away. What it holds must be merged or saved already."""
        if self.path.is_symlink():
            raise RepositoryError(f"{self.path} is a symbolic link and no worktree; move it away and try again")
        admin = self.admin()
        # Away in one step: half of a folder would look like work that somebody has deleted.
        gone = self.path.with_name(f".gone-{self.path.name}")
        remove(gone)
        if self.path.exists():
            self.path.rename(gone)
        if admin is not None:
            remove(admin)
        remove(gone)

    def guard(self) -> None:
        """Put right what a worker may have bent: its link to git, and `.branchline/` with its ignore file.

        git hands a sparse checkout on to new worktrees: the worker's own git must take them as whole, as ours does.
        """
        admin = self.admin()
        if admin is not None:
            (admin / "info" / "sparse-checkout").unlink(missing_ok=True)
        link = self.path / ".git"
        right = f"gitdir: {admin}\n"
        if (link.is_symlink() or not link.exists() or link.is_file()) and (link.is_symlink() or _read(link) != right):
            link.unlink(missing_ok=True)
            link.write_text(right, encoding="utf-8", errors="surrogateescape")
        own = self.path / OWN
        if own.is_symlink() or (own.exists() and not own.is_dir()):
            own.unlink()
        own.mkdir(exist_ok=True)
        ignore = own / ".gitignore"
        if ignore.is_symlink() or not ignore.is_file() or _read(ignore) != "*\n":
            ignore.unlink(missing_ok=True)
            ignore.write_text("*\n", encoding="utf-8")

    def mend_index(self) -> None:
        """Have the index look at every file, and hold HEAD where a worker took it away or left one that git cannot read."""
        index = self.git.folder() / "index"
        if index.is_file():
            try:
                clear_flags(self.git)
            except GitError:
                index.replace(index.with_name("index.unreadable"))
        if not index.is_file():
            self.git.run("read-tree", "HEAD")

    def head(self) -> str:
        """Return the commit of the worktree's HEAD, or "" when it has none; the folder itself need not be there."""
        admin = self.admin()
        return self.base.at(self.base.cwd, env={"GIT_DIR": str(admin)}).resolve("HEAD") if admin else ""

    def unfinished(self) -> str:
        """Return the name of what was begun in the worktree and not ended (a rebase ...), a merge aside, or ""."""
        return next((word for word in unfinished(self.git) if word != "merge"), "")

    def merging(self) -> bool:
        """Say whether a merge was begun in the worktree and not committed."""
        return (self.git.folder() / "MERGE_HEAD").exists()

    def reset(self, commit: str, branch: str = "", *, nested: bool = False, ignored: bool = False) -> None:
        """Put tracked files, index, HEAD and branch ("": none, HEAD is detached) to a commit and remove untracked files.

        With `nested`, untracked repositories inside it go too, with `ignored` what git ignores. What is lost by it must
        be saved already.
        """
        self.mend_index()
        if branch:
            self.git.run("symbolic-ref", "-m", "branchline: reset", "HEAD", branch)
            self.git.run("reset", "--quiet", "--hard", commit)
        else:
            self.git.run("checkout", "--quiet", "--force", "--detach", commit)
        for name in UNFINISHED:
            remove(self.git.folder() / name)
        self.sweep(nested=nested, ignored=ignored)

    def sweep(self, *, nested: bool = False, ignored: bool = False) -> None:
        """Remove untracked files, `.branchline/` aside; with `ignored`, the ignored ones too."""
        flags = "-ff" if nested else "-f"
        more = ("-x",) if ignored else ()
        self.git.run("clean", "--quiet", "-d", flags, *more, "--", ":(top)", f":(exclude,top){OWN}")

    def _inside(self) -> Git:
        # By name, not by the `.git` file in the worktree: that one is the worker's to bend.
        admin = self.admin()
        env = {"GIT_DIR": str(admin), "GIT_WORK_TREE": str(self.path)} if admin else {}
        return self.base.at(self.path, locks=[admin] if admin else [], env=env, settings=WHOLE)


def admin_of(common: Path, path: Path) -> Path | None:
    """Return git's own folder for the worktree at `path`, or None; `common` is the folder all worktrees share."""
    mine = os.path.realpath(path / ".git")
    for entry in sorted((common / "worktrees").glob("*/gitdir")):
        if os.path.realpath(_read(entry).strip()) == mine:
            return entry.parent
    return None


def unfinished(git: Git) -> list[str]:
    """Return what was begun in a checkout and not ended: `merge`, `rebase` ..."""
    return [word for name, word in UNFINISHED.items() if (git.folder() / name).exists()]


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8", "surrogateescape")
    except (FileNotFoundError, NotADirectoryError):
        return ""


def remove(path: Path) -> None:
    """Take away what stands at a path: a file, a link, or a folder with all that is in it."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    try:
        shutil.rmtree(path)
    except PermissionError:
        # Some tools write-protect the folders of their caches.
        for folder, _, _ in os.walk(path):
            Path(folder).chmod(0o700)
        shutil.rmtree(path)
