"""What a worktree gets beside the commit, and what happens when it cannot have it."""

from pathlib import Path
from typing import Any

import pytest

from branchline.errors import RepositoryError
from branchline.workspace.merge import check_at
from branchline.workspace.spec import Spec
from branchline.workspace.worktree import verify_of
from test_workspace import PLAN, RUN, Place, fingerprint

IGNORED = ".env*\nmodules\nvendor/\nbuilt\n"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path / "a folder – ünï 'q'")
    made.write(".gitignore", IGNORED)
    made.git("add", ".gitignore")
    made.git("commit", "-q", "-m", "ignore")
    made.git("update-ref", "refs/heads/branchline/r1/tip", "HEAD")
    made.write(".env ü", "SECRET=1\n")
    made.write("modules/deep/m.js", "m\n")
    made.write("vendor/lib/v.js", "v\n")
    return made


def refused(place: Place, **more: Any) -> str:
    answer = place.job("setup", **more)
    assert not answer["ok"]
    return str(answer["error"])


def test_ignored_files_are_copied_and_linked_and_never_become_work(place: Place) -> None:
    before = fingerprint(place.root)
    assert place.job("setup", copy=[".env*", "vendor", "nothing/of/this"], symlink=["modules"])["ok"]
    tree = place.tree()
    assert (tree / ".env ü").read_text() == "SECRET=1\n"
    assert (tree / "vendor/lib/v.js").read_text() == "v\n"
    assert (tree / "modules").readlink() == place.root / "modules"
    (tree / ".env ü").write_text("mine")
    assert place.job("setup", copy=[".env*"], symlink=["modules"], fresh=False)["ok"]
    assert (tree / ".env ü").read_text() == "mine", "what is there stays"
    checked = place.job("check", checks=[{"run": "cat modules/deep/m.js"}])
    assert (checked["ok"], checked["files"]) == (True, [])
    assert place.repository.salvage("r1", "1.1", 1) == ""
    place.repository.remove_worktree("r1", "1.1")
    assert (place.root / "modules/deep/m.js").exists(), "a link goes, what it leads to stays"
    assert fingerprint(place.root) == before


def test_what_git_would_commit_is_refused_and_taken_back(place: Place) -> None:
    place.write("plain.txt", "p")
    assert "git does not ignore plain.txt" in refused(place, copy=["plain.txt", ".env*"])
    assert not (place.tree() / "plain.txt").exists()
    with pytest.raises(RepositoryError, match=r"does not ignore plain\.txt"):
        place.repository.check_ready((), ("plain.txt", ".env*"))
    place.repository.check_ready((), (".env*", "vendor", "nothing/of/this"))


def test_a_link_to_a_folder_that_is_ignored_as_a_folder_is_a_folder_of_links(place: Place) -> None:
    """`vendor/` in .gitignore means folders alone, and a link is none; so most repositories write node_modules."""
    assert place.job("setup", symlink=["vendor"])["ok"]
    assert (place.tree() / "vendor/lib").readlink() == place.root / "vendor/lib"
    place.git("add", "--all", cwd=place.tree())
    place.write("x.txt", "x", place.tree())
    assert place.job("check", checks=[{"run": "cat vendor/lib/v.js"}], symlink=["vendor"])["files"] == ["x.txt"]
    assert place.job("merge", checks=[{"run": "cat vendor/lib/v.js"}], symlink=["vendor"])["ok"]
    place.repository.remove_worktree("r1", "1.1")
    assert (place.root / "vendor/lib/v.js").read_text() == "v\n"


@pytest.mark.parametrize("path", ["/etc/passwd", "../outside", "a/../../b", ".git/config", ".", ".branchline/state.db"])
def test_a_path_that_leads_elsewhere_is_refused(place: Place, path: str) -> None:
    for key in ("copy", "symlink"):
        assert "no path below the checkout" in refused(place, **{key: [path]})


def test_setup_runs_once_in_a_new_worktree_and_again_where_merges_are_tried(place: Place, tmp_path: Path) -> None:
    log = tmp_path / "log"
    commands = {"setup": [f"echo set >> '{log}'", "mkdir built && echo yes > built/it"]}
    check = [{"run": "test -s built/it"}]
    assert place.job("setup", **commands)["ok"]
    assert place.job("setup", fresh=False, **commands)["ok"]
    assert log.read_text() == "set\n"
    place.write("x.txt", "x", place.tree())
    assert place.job("check", checks=check, **commands)["ok"]
    merged = place.job("merge", checks=check, teardown=[f"echo down >> '{log}'; test -e x.txt"], **commands)
    assert merged["ok"]
    assert [row["exit"] for row in merged["teardown"]] == [0]
    assert log.read_text() == "set\nset\ndown\n"
    assert place.shown(place.tip(), "plan.md") == PLAN


def test_a_setup_that_fails_says_so_and_is_tried_again(place: Place) -> None:
    assert "[workspace] setup: echo no >&2; exit 3 (exit 3): no" in refused(place, setup=["echo no >&2; exit 3"])
    assert "git does not ignore (new.txt)" in refused(place, setup=["echo x > new.txt"], fresh=True)
    assert place.job("setup", setup=["true"])["ok"]
    assert place.job("check")["files"] == []


def test_a_second_look_whose_set_up_fails_leaves_no_worktree(place: Place) -> None:
    spec = Spec.read(place.spec("check", setup=["exit 7"]))
    with pytest.raises(RepositoryError, match="exit 7"):
        check_at(spec, place.base)
    assert not verify_of(place.root, RUN).exists()
