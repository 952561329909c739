"""The branch that a sandbox has in a folder of its own: what a worker leaves there counts when it is a commit."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from branchline.workspace.git import Git, task_ref
from branchline.workspace.lentref import lend, take_in
from branchline.workspace.repository import Repository
from worlds import World

BRANCH = task_ref("r1", "1")


class Lent:
    """A branch with one commit behind it and one it could be moved to, lent to a worker."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        self.git: Git = Repository.open(self.world.root).git
        self.admin = folder / "admin"
        self.old = self.git.resolve("HEAD")
        self.new = self.world.git("commit-tree", "-m", "work", "-p", "HEAD", "HEAD^{tree}").strip()
        self.world.git("update-ref", BRANCH, self.old)
        ((self.folder, self.place), _) = lend(self.git.common(), self.admin, BRANCH)
        self.file = self.folder / "1"

    def stands(self) -> str:
        """Where the branch is after what was left has been brought over."""
        take_in(self.git, self.admin, BRANCH)
        return self.git.resolve(BRANCH)


@pytest.fixture
def lent(tmp_path: Path) -> Lent:
    return Lent(tmp_path)


def test_a_commit_is_brought_over_once(lent: Lent) -> None:
    assert (lent.file.read_text().strip(), lent.place) == (lent.old, lent.git.common() / Path(BRANCH).parent)
    assert lent.stands() == lent.old
    lent.file.write_text(lent.new + "\n")
    lend(lent.git.common(), lent.admin, BRANCH)
    assert lent.stands() == lent.new, "what waits to be brought over is not lent anew"
    lent.world.git("update-ref", BRANCH, lent.old)
    assert lent.stands() == lent.old, "what we do afterwards is not undone"
    lend(lent.git.common(), lent.admin, BRANCH)
    assert lent.file.read_text().strip() == lent.old


def test_a_packed_branch_is_brought_over_too(lent: Lent) -> None:
    lent.world.git("pack-refs", "--all")
    lend(lent.git.common(), lent.admin, BRANCH)
    assert not lent.file.exists(), "the worker sees the packed one"
    lent.file.write_text(lent.new)
    assert lent.stands() == lent.new


LEFT: dict[str, Callable[[Lent], object]] = {
    "another name": lambda lent: lent.file.write_text("ref: refs/heads/main\n"),
    "a link": lambda lent: lent.file.symlink_to(lent.git.common() / "HEAD"),
    "a pipe": lambda lent: os.mkfifo(lent.file),
    "a folder": lambda lent: lent.file.mkdir(),
    "nothing": lambda lent: None,
    "no commit": lambda lent: lent.file.write_text(lent.git.text("rev-parse", "HEAD^{tree}")),
    "no object": lambda lent: lent.file.write_text("1" * 40),
    "much": lambda lent: lent.file.write_bytes(b"1" * 10_000),
}


@pytest.mark.parametrize("left", LEFT)
def test_what_is_no_commit_does_not_count(lent: Lent, left: str) -> None:
    lent.file.unlink()
    LEFT[left](lent)
    assert lent.stands() == lent.old
    assert lent.world.git("symbolic-ref", "--short", "HEAD").strip() == "main"


def test_a_branch_that_was_made_another_name_is_its_own_again(lent: Lent) -> None:
    lent.world.git("symbolic-ref", BRANCH, "refs/heads/main")
    assert lent.stands() == lent.old
    lent.world.git("symbolic-ref", "HEAD", BRANCH)
    lent.world.git("commit", "--quiet", "--allow-empty", "--message", "ours")
    assert lent.git.resolve("refs/heads/main") == lent.old != lent.git.resolve(BRANCH)


def test_a_branch_that_was_made_another_name_takes_nothing_with_it(lent: Lent) -> None:
    lent.world.git("symbolic-ref", BRANCH, "refs/heads/main")
    assert lent.git.move(BRANCH, lent.new, lent.old, "test")
    lent.git.drop(BRANCH, lent.new)
    assert (lent.git.resolve("refs/heads/main"), lent.git.resolve(BRANCH)) == (lent.old, "")
