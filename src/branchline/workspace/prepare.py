"""What a worktree gets beside the commit: files copied or linked from the checkout, and commands run in it."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final

from branchline.errors import RepositoryError
from branchline.files import digest, write_durable
from branchline.workspace.checks import passed, run_checks
from branchline.workspace.git import Git
from branchline.workspace.spec import Spec
from branchline.workspace.worktree import Worktree, remove

_DONE: Final = "branchline-prepared"
"""A file in git's own folder of the worktree: the digest of the commands that were run in it."""


def prepare(spec: Spec, tree: Worktree) -> None:
    """Put the files of `copy` and `symlink` where they are missing, and run the commands of `setup` once.

    Raises RepositoryError: a path leads out of the checkout, git would commit what was put there, a command failed.
    """
    links = _place(spec, tree, spec.symlink, _link)
    for name in _not_ignored(tree.git, links):
        _spread(Path(spec.root, name), tree.path / name)
    placed = [*links, *_place(spec, tree, spec.copy, _copy)]
    shown = _not_ignored(tree.git, placed)
    if shown:
        for name in placed:
            remove(tree.path / name)
        raise _committed(shown)
    if spec.setup:
        _run_once(spec, tree)


def require_ignored(git: Git, patterns: Sequence[str]) -> None:
    """Raise RepositoryError when a path of `copy` or `symlink` leads out of the checkout, or git would commit it."""
    shown = _not_ignored(git, [name for pattern in patterns for name in names(git.cwd, pattern)])
    if shown:
        raise _committed(shown)


def _committed(names: Sequence[str]) -> RepositoryError:
    shown = ", ".join(names[:5])
    return RepositoryError(
        f"[workspace] copy and symlink: git does not ignore {shown}, so it would be committed; add it to .gitignore"
    )


def names(root: Path, pattern: str) -> Iterator[str]:
    """Return what a pattern of `copy` or `symlink` means in a checkout; raises RepositoryError when it leads out of it."""
    plain = PurePosixPath(pattern)
    if plain.is_absolute() or ".." in plain.parts or not plain.parts or plain.parts[0] in (".git", ".branchline"):
        raise RepositoryError(f"[workspace] copy and symlink: {pattern!r} is no path below the checkout")
    yield from sorted(str(path.relative_to(root)) for path in root.glob(str(plain)))


def forget(tree: Worktree) -> None:
    """Have the commands of `setup` run again: what they made was swept away."""
    ((tree.admin() or tree.common) / _DONE).unlink(missing_ok=True)


def tear_down(spec: Spec, folder: Path, prefix: str = "teardown-") -> list[dict[str, Any]]:
    """Run the commands of `teardown` in a worktree that is about to go; what they left and how they ended is told."""
    if not spec.teardown or not folder.is_dir():
        return []
    return run_checks(_with(spec, spec.teardown), folder, "", prefix)


def _run_once(spec: Spec, tree: Worktree) -> None:
    mark = (tree.admin() or tree.common) / _DONE
    told = digest("\0".join(spec.setup))
    if mark.is_file() and mark.read_text(encoding="ascii") == told:
        return
    before = _status(tree.git)
    rows = run_checks(_with(spec, spec.setup), tree.path, tree.head(), "setup-")
    if not passed(rows):
        last = rows[-1]
        raise RepositoryError(f"[workspace] setup: {last['command']} (exit {last['exit']}): {last['tail']}".strip())
    left = sorted(_status(tree.git) - before)
    if left:
        shown = ", ".join(row[3:] for row in left[:5])
        raise RepositoryError(
            f"[workspace] setup changed files that git does not ignore ({shown}); they would be taken for the worker's"
        )
    write_durable(mark, told)


def _status(git: Git) -> set[str]:
    return set(git.fields("status", "--porcelain", "-z", "--no-renames"))


def _with(spec: Spec, commands: Sequence[str]) -> Spec:
    return spec._replace(checks=tuple({"run": command, "source": "settings"} for command in commands))


def _place(spec: Spec, tree: Worktree, patterns: Sequence[str], put: Callable[[Path, Path], None]) -> list[str]:
    """Put what is missing in the worktree and return the names; a pattern that means nothing is passed over."""
    root, placed = Path(spec.root), []
    for name in dict.fromkeys(name for pattern in patterns for name in names(root, pattern)):
        target = tree.path / name
        if os.path.lexists(target):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        put(root / name, target)
        placed.append(name)
    return placed


def _copy(source: Path, target: Path) -> None:
    if source.is_dir() and not source.is_symlink():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copy2(source, target, follow_symlinks=False)


def _link(source: Path, target: Path) -> None:
    target.symlink_to(source)


def _spread(source: Path, target: Path) -> None:
    """Make a link to a folder a folder of links: what .gitignore says of a folder (`node_modules/`) it says of no link."""
    if source.is_dir():
        target.unlink()
        target.mkdir()
        for each in source.iterdir():
            (target / each.name).symlink_to(each)


def _not_ignored(git: Git, names: Sequence[str]) -> list[str]:
    """Return what git would add of the names; folders are looked at by what is in them."""
    words = ("ls-files", "-z", "--others", "--exclude-standard", "--")
    return git.fields(*words, *(f":(literal){name}" for name in names)) if names else []
