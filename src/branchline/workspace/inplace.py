"""Work done in the user's own checkout: looked at and checked, never committed, never put back."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from branchline.workspace.checks import passed, run_checks, with_globs
from branchline.workspace.diff import changed_since, state_of
from branchline.workspace.merge import yes
from branchline.workspace.spec import GUARDED, Spec
from branchline.workspace.unmask import restore, values_of


def check(spec: Spec) -> dict[str, Any]:
    """Run the checks where the user's files are; without a repository there is no commit and no list of files."""
    git = spec.git()
    inside, commit, files = state_of(git)
    dirty = bool(files)
    base = commit if spec.base in ("", commit) else git.resolve(spec.base) or commit
    if base != commit:
        files = changed_since(git, base)
    restore(Path(spec.root), files, values_of(spec))
    there = [name for name in files if os.path.lexists(Path(spec.root, name))]
    rows = run_checks(with_globs(spec, there), Path(spec.root), commit)
    error = "" if passed(rows) else f"the check failed: {rows[-1]['command']}"
    answer = {"ok": passed(rows), "commit": commit, "base": base, "checks": rows, "files": files, "left_out": []}
    answer |= {"leftovers": dirty, "empty": inside and not files, "guarded": guarded(files)}
    return answer | {"error": error}


def setup(spec: Spec) -> dict[str, Any]:
    """There is nothing to set up; say which commit the work starts from, "" outside a repository."""
    head = spec.git().resolve("HEAD")
    return {"ok": True, "base": head, "head": head, "salvage": "", "error": ""}


def merge(spec: Spec) -> dict[str, Any]:
    """There is nothing to merge: the work stands where it belongs; the checks were run on it just before."""
    return yes(spec.git().resolve("HEAD"))


def guarded(files: Sequence[str]) -> list[str]:
    """Return the files that are one of GUARDED or lie in a folder of it."""
    folders = tuple(path for path in GUARDED if path.endswith("/"))
    # A folder's own name counts too: a file or link put in its place.
    return [name for name in files if name in GUARDED or name.startswith(folders) or f"{name}/" in folders]
