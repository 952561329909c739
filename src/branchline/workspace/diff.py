"""What differs between two commits: names, how, and how many lines."""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from branchline.workspace.git import Git, unseen
from branchline.workspace.snapshot import OWN

_PLAIN = ("-z", "--no-renames", "--no-ext-diff", "--no-textconv")

_BEFORE: Final = {"1": 8, "u": 10, "?": 1}
"""Words before the path in a row of `git status --porcelain=v2`, by its first."""


class Change(NamedTuple):
    """One file that differs; `how` is A, D, M or T, lines are counted, and None for what is no text."""

    path: str
    how: str
    added: int | None
    removed: int | None


def changed_files(git: Git, old: str, new: str) -> list[str]:
    """Return the paths that differ between two commits; a renamed file counts under both names."""
    return git.fields("diff", "--name-only", *_PLAIN, old, new, "--")


def unmerged(git: Git) -> list[str]:
    """Return the paths of the index that have a conflict; the files are not looked at."""
    rows = git.fields("ls-files", "--unmerged", "-z")
    return list(dict.fromkeys(row.partition("\t")[2] for row in rows))


def state_of(git: Git) -> tuple[bool, str, list[str]]:
    """Say whether there is a checkout here, at which commit ("": none yet), and which files differ from it, new ones too.

    A folder that git cannot look into counts as one that does.
    """
    where = ("--", ":(top)", f":(exclude,top){OWN}")
    words = ("status", "--porcelain=v2", "--branch", "-z", "--no-renames", "--untracked-files=all", *where)
    done = git.run(*words, ok=(0, 128))
    if done.code:
        if git.run("rev-parse", "--is-inside-work-tree", ok=(0, 128)).out.strip() == b"true":
            git.run(*words)  # it is a checkout, and something else is wrong: in git's words
        return False, "", []
    rows = [row.decode("utf-8", "surrogateescape") for row in done.out.split(b"\0") if row]
    commit = next((row.split()[-1] for row in rows if row.startswith("# branch.oid ")), "")
    files = [row.split(" ", _BEFORE[row[0]])[-1] for row in rows if row[0] in _BEFORE]
    return True, commit.replace("(initial)", ""), sorted([*files, *unseen(done)])


def changed_since(git: Git, base: str) -> list[str]:
    """Return the files of a worktree that differ from a commit, and the new ones that git does not ignore."""
    tracked = git.fields("diff", "--name-only", *_PLAIN, base, "--")
    new = git.fields("ls-files", "-z", "--others", "--exclude-standard", "--", ":(top)", f":(exclude,top){OWN}")
    return sorted({*tracked, *new})


def changes(git: Git, old: str, new: str) -> list[Change]:
    """Return the files that differ between two commits; a renamed file counts under both names."""
    fields = iter(git.fields("diff", "--raw", "--numstat", *_PLAIN, old, new, "--"))
    how: dict[str, str] = {}
    found: list[Change] = []
    for field in fields:
        if field.startswith(":"):
            how[next(fields)] = field.rpartition(" ")[2][:1]
        else:
            added, removed, path = field.split("\t", 2)
            found.append(Change(path, how.get(path, ""), _number(added), _number(removed)))
    return found


def total(rows: Iterable[Change]) -> dict[str, Any]:
    """Return the sum of changes as evidence keeps it: {files, added, removed}, lines of text files only."""
    kept = list(rows)
    return {
        "files": len(kept),
        "added": sum(row.added or 0 for row in kept),
        "removed": sum(row.removed or 0 for row in kept),
    }


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() else None
