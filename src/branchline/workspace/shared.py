"""What of the user's git a worker in a sandbox may read and write: enough to commit on its own branch, and no more."""

import os
import re
from pathlib import Path
from typing import Final, NamedTuple

from branchline.workspace.git import Git, task_ref
from branchline.workspace.lentref import lend
from branchline.workspace.worktree import admin_of

_SECRET: Final = re.compile(
    r"credential\.|include(if\..*)?\.|.*(extraheader|proxy|password|pass|token|cookiefile)$", re.I
)
_USER_IN_URL: Final = re.compile(r"(?<=://)[^/@\s]*@")


class Opened(NamedTuple):
    """Paths of one repository that are open to one worker."""

    readable: frozenset[Path]
    writable: frozenset[Path]
    lent: tuple[tuple[Path, Path], ...] = ()
    """Folders of the worker's own, each with the place where it is to have it."""


def opened(common: Path, worktree: Path, run: str, task: str, *, moves: bool) -> Opened:
    """Return what the worker of a task needs of git in its worktree; `common` is the folder all worktrees share.

    New objects, the worktree's own folder of git and, where it `moves` its branch, that branch alone. Configuration, hooks, packs
    and every ref are read-only; so is what says which repository the worktree belongs to.
    """
    admin = admin_of(common, worktree)
    objects = common / "objects"
    readable = {common, worktree / ".git", objects / "pack", objects / "info", *_borrowed(objects)}
    writable = {worktree, objects, common / "reftable"}
    if admin:
        writable.add(admin)
        readable |= {admin / "gitdir", admin / "commondir"}
    lent = lend(common, admin, task_ref(run, task)) if admin and moves else ()
    return Opened(frozenset(readable), frozenset(writable), lent)


def public_config(git: Git) -> str:
    """Return the repository's own configuration without what is secret in it: credentials, headers, users in URLs."""
    rows = git.fields("config", "--local", "--list", "-z")
    shown: list[str] = []
    for key, _, value in (row.partition("\n") for row in rows):
        if _SECRET.match(key):
            continue
        section, _, rest = key.partition(".")
        below, _, name = rest.rpartition(".")
        head = f'[{section} "{_escaped(below)}"]' if below else f"[{section}]"
        shown += [head, f'\t{name} = "{_escaped(_USER_IN_URL.sub("", value))}"']
    return "\n".join([*shown, ""])


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")


def _borrowed(objects: Path) -> list[Path]:
    """Return the object folders of other repositories that this one borrows from."""
    try:
        lines = (objects / "info" / "alternates").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return []
    return [Path(os.path.normpath(objects / line)) for line in lines if line and not line.startswith("#")]
