"""Everything a worktree holds as one commit, made beside it: its index, branch and files stay as they are."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from branchline.errors import GitError
from branchline.workspace.git import (
    ABSENT,
    SALVAGE_REFS,
    Git,
    check_name,
    from_ref_part,
    ref_part,
    salvage_folder,
    unseen,
)

MAX_NESTED: Final = 8
"""How deep repositories within repositories are followed."""
OWN: Final = ".branchline"
"""The folder in a worktree that is ours: never committed, never salvaged."""
_MAX_SAME: Final = 1000
_IGNORED: Final = b"ignored by one of your .gitignore"
_OURS: Final = {"GIT_AUTHOR_NAME": "Branchline", "GIT_AUTHOR_EMAIL": "branchline@localhost"} | {
    "GIT_COMMITTER_NAME": "Branchline",
    "GIT_COMMITTER_EMAIL": "branchline@localhost",
}


class Salvage(NamedTuple):
    """One salvage ref; `at` is when it was made, in seconds since the epoch."""

    ref: str
    run: str
    task: str
    attempt: str
    commit: str
    at: int


def tree_of(git: Git, start: str, *, ignored: bool) -> str:
    """Return the tree of everything in `git`'s worktree: tracked and untracked files, the ignored ones only if asked.

    Repositories inside it are kept file by file, their `.git` folder as `dot-git`. `start` is the commit the temporary
    index begins with when the worktree has none of its own. Raises GitError when a file cannot be read.
    """
    with _index(git, start) as own:
        return _fill(own, git.cwd, 0, whole=ignored)


def salvage(
    git: Git, run: str, task: str, attempt: str, heads: Sequence[str], tip: str, *, ignored: bool = False
) -> str:
    """Keep everything of a worktree under a salvage ref and return its name, or "" when the tip has it all already.

    `heads` are the commits to keep as parents, the worktree's own HEAD first. A ref that is there is never moved: the
    same content gives the same ref, more content the next free `<attempt>-2`, `<attempt>-3`.
    """
    tree = tree_of(git, heads[0], ignored=ignored)
    if tree == git.text("rev-parse", f"{heads[0]}^{{tree}}"):
        return save_heads(git, run, task, attempt, heads, tip)
    kept = _kept(git, run, task, attempt, _files(git, tree) - _files(git, heads[0]), _missing(git, heads, tip))
    return kept or _save(git, run, task, attempt, tree, list(dict.fromkeys(head for head in heads if head)))


def save_heads(git: Git, run: str, task: str, attempt: str, heads: Sequence[str], tip: str) -> str:
    """Keep commits that the tip does not have under a salvage ref and return its name, or ""."""
    parents = _missing(git, heads, tip)
    if len(parents) < 2:
        return _keep(git, run, task, attempt, parents[0]) if parents else ""
    kept = _kept(git, run, task, attempt, set(), parents)
    return kept or _save(git, run, task, attempt, git.text("rev-parse", f"{parents[0]}^{{tree}}"), parents)


def _save(git: Git, run: str, task: str, attempt: str, tree: str, parents: Sequence[str]) -> str:
    words = [word for parent in parents for word in ("-p", parent)]
    message = f"branchline: salvage of task {task}, attempt {attempt}\n"
    made = git.at(git.cwd, env=_OURS).text("commit-tree", *words, "-F", "-", tree, data=message.encode())
    return _keep(git, run, task, attempt, made)


def salvages(git: Git, run: str, task: str) -> list[Salvage]:
    """Return the salvage refs of a run, of a task, or all, in the order of their names."""
    place = f"{salvage_folder(run, task)}/" if run and task else SALVAGE_REFS + (f"{ref_part(run)}/" if run else "")
    form = "--format=%(refname)%00%(objectname)%00%(committerdate:unix)"
    rows = [line.split("\0") for line in git.text("for-each-ref", form, place).splitlines()]
    return [_salvage(ref, commit, int(at)) for ref, commit, at in rows]


def shows_all(git: Git) -> bool:
    """Say whether `git status` tells all that is in a worktree: no flag hides a file, and no repository inside it is tracked."""
    done = git.run("ls-files", "-v", "-s", "-z", ok=(0, 128))
    rows = done.out.decode("utf-8", "surrogateescape").split("\0")[:-1]
    hidden = any(row[0] == "S" or row[0].islower() for row in rows)
    return not (done.code or hidden or any(row[2:].startswith("160000 ") for row in rows))


def stage_all(git: Git) -> list[str]:
    """Stage every change of a worktree in its own index and return what had to be left out: repositories inside it."""
    left = _untracked_repositories(git)
    _add(git, left, whole=False)
    return left


def clear_flags(git: Git) -> None:
    """Have the index look at every file again: a worker may have told it to look away (assume-unchanged, skip-worktree)."""
    flagged = [line for line in git.fields("ls-files", "-v", "-z") if line[0] == "S" or line[0].islower()]
    for option in ("--no-assume-unchanged", "--no-skip-worktree") if flagged else ():
        names = "".join(f"{line[2:]}\0" for line in flagged)
        git.run("update-index", option, "-z", "--stdin", data=names.encode("utf-8", "surrogateescape"))


def _salvage(ref: str, commit: str, at: int) -> Salvage:
    run, task, attempt = ref.removeprefix(SALVAGE_REFS).split("/", 2)
    return Salvage(ref, from_ref_part(run), from_ref_part(task), attempt, commit, at)


def _names(run: str, task: str, attempt: str) -> Iterator[str]:
    first = f"{salvage_folder(run, task)}/{check_name(attempt)}"
    yield first
    yield from (f"{first}-{more}" for more in range(2, _MAX_SAME))


def _keep(git: Git, run: str, task: str, attempt: str, commit: str) -> str:
    for name in _names(run, task, attempt):
        there = git.resolve(name)
        if there == commit or (not there and git.move(name, commit, ABSENT, "branchline: salvage")):
            return name
    raise GitError(f"no free name for a salvage of task {task}; look at `git for-each-ref {SALVAGE_REFS}`")


def _kept(git: Git, run: str, task: str, attempt: str, files: set[str], heads: Sequence[str]) -> str:
    """Return the salvage ref of this attempt that has these files and reaches these heads already, or ""."""
    for name in _names(run, task, attempt):
        commit = git.resolve(name)
        if not commit:
            return ""
        if all(git.contains(commit, head) for head in heads) and files <= _files(git, commit):
            return name
    return ""


def _missing(git: Git, heads: Sequence[str], tip: str) -> list[str]:
    return [head for head in dict.fromkeys(heads) if head not in ("", tip) and not (tip and git.contains(tip, head))]


def _files(git: Git, tree: str) -> set[str]:
    return set(git.fields("ls-tree", "-r", "-z", tree))


@contextmanager
def index_of(git: Git, commit: str) -> Iterator[Git]:
    """Give git with an index of its own that holds a commit, for the time of the block."""
    with tempfile.TemporaryDirectory(prefix="branchline-index-") as folder:
        other = git.at(git.cwd, env={"GIT_INDEX_FILE": str(Path(folder, "index"))})
        other.run("read-tree", commit)
        yield other


@contextmanager
def _index(git: Git, start: str) -> Iterator[Git]:
    own = git.folder() / "index"
    with tempfile.TemporaryDirectory(prefix="branchline-index-") as folder:
        path = Path(folder, "index")
        other = git.at(git.cwd, env={"GIT_INDEX_FILE": str(path)})
        done = git.run("ls-files", "--unmerged", ok=(0, 128))
        if own.is_file() and not done.code and not done.out:
            # copy2 keeps the time of the file, by which git knows which entries it must read again.
            shutil.copy2(own, path)
            clear_flags(other)
        else:
            other.run("read-tree", start)
        yield other


def _untracked_repositories(git: Git, *, whole: bool = False) -> list[str]:
    seen = () if whole else ("--exclude-standard",)
    others = git.fields("ls-files", "-z", "--others", *seen, "--", f":(exclude,top){OWN}")
    return [name.rstrip("/") for name in others if name.endswith("/")]


def _linked_repositories(git: Git) -> list[str]:
    """Return the submodule entries whose folder holds something; those the user never filled are left as they are."""
    rows = [row for row in git.fields("ls-files", "-s", "-z") if row.startswith("160000 ")]
    names = [row.split("\t", 1)[1] for row in rows]
    return [name for name in names if any(_entries(git.cwd / name))]


def _entries(folder: Path) -> Iterator[Path]:
    if folder.is_dir() and not folder.is_symlink():
        yield from folder.iterdir()


def _add(git: Git, without: Sequence[str], *, whole: bool) -> None:
    spared = [f":(exclude,top,literal){name}" for name in without]
    force = ("--force",) if whole else ()
    words = ("add", "--all", *force, "--", ":(top)", f":(exclude,top){OWN}", *spared)
    done = git.run(*words, ok=(0, 1))
    if hidden := unseen(done):
        raise GitError(f"git cannot look into {hidden[0][:200]}: what is in it can be neither saved nor merged")
    # All files ignored is no fault here; everything else was added before git says so.
    if done.code and _IGNORED not in done.err:
        git.run(*words)


def _fill(git: Git, folder: Path, depth: int, *, whole: bool) -> str:
    linked = _linked_repositories(git)
    for name in linked:
        git.run("update-index", "--force-remove", "--", name)
    nested = list(dict.fromkeys([*_untracked_repositories(git, whole=whole), *linked]))
    _add(git, nested, whole=whole)
    for name in nested if depth < MAX_NESTED else ():
        _graft(git, folder / name, name, depth, whole=whole)
        if (folder / name / ".git").is_dir():
            _graft(git, folder / name / ".git", f"{name}/dot-git", depth, whole=True)
    return git.text("write-tree")


def _graft(git: Git, folder: Path, prefix: str, depth: int, *, whole: bool) -> None:
    common = str(git.common())
    with tempfile.TemporaryDirectory(prefix="branchline-index-") as place:
        index = str(Path(place, "index"))
        env = {"GIT_DIR": common, "GIT_WORK_TREE": str(folder), "GIT_INDEX_FILE": index}
        inner = git.at(folder, env=env)
        tree = _fill(inner, folder, depth + 1, whole=whole)
    git.run("read-tree", f"--prefix={prefix}/", tree)
