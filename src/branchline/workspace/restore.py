"""What a salvage ref holds, and bringing it back: as a branch, or as files in a new folder; never into the checkout."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from branchline.errors import UsageError
from branchline.workspace.git import ABSENT, SALVAGE_REFS, Git, base_ref, ref_part, short, tip_ref
from branchline.workspace.snapshot import Salvage, index_of

RESTORED: Final = "refs/heads/restored/"


def forked_at(git: Git, saved: Salvage) -> str:
    """Return the commit at which the saved work left its run; "" when nothing of the run is there any more."""
    for ref in (tip_ref(saved.run), base_ref(saved.run)):
        start = git.resolve(ref)
        fork = start and git.text("merge-base", start, saved.commit, ok=(0, 1))
        if fork:
            return fork
    return ""


def to_branch(git: Git, saved: Salvage, name: str) -> str:
    """Make a branch at the saved commit and return its short name; one that is there already is kept as it is.

    Raises UsageError when another commit has the name.
    """
    ref = f"refs/heads/{name}" if name else f"{RESTORED}{ref_part(saved.task)}-{saved.attempt}"
    if git.run("check-ref-format", ref, ok=(0, 1)).code:
        raise UsageError(f"{name!r} cannot be the name of a branch")
    if git.resolve(ref) != saved.commit and not git.move(ref, saved.commit, ABSENT, "branchline: restore"):
        raise UsageError(f"there is a branch {short(ref)} already, with other work; name another with --branch")
    return short(ref)


def to_folder(git: Git, saved: Salvage, folder: Path) -> int:
    """Write the saved files into a folder that is new or empty and return how many; raises UsageError for another."""
    if folder.is_symlink() or (folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))):
        raise UsageError(f"{folder} is there already and not an empty folder; name another with --to")
    folder.mkdir(parents=True, exist_ok=True)
    with index_of(git, saved.commit) as own:
        own.run("checkout-index", "--all", "--force", f"--prefix={folder.resolve()}/")
        return len(own.fields("ls-files", "-z"))


def chosen(saved: Sequence[Salvage], name: str) -> list[Salvage]:
    """Return the salvage of a task, or of a ref named in full, the newest last."""
    found = [row for row in saved if row.ref == name] if name.startswith(SALVAGE_REFS) else []
    found = found or [row for row in saved if row.task == name]
    return sorted(found, key=lambda row: (row.at, row.ref))
