"""Programs that a repository's own configuration names: none is run by our git, unless the user allows it."""

from pathlib import Path

import pytest

from branchline.errors import RepositoryError
from branchline.workspace.git import Git
from branchline.workspace.landing import filtered
from branchline.workspace.repository import Repository
from test_workspace import RUN, Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "a folder – ünï 'q'")


@pytest.fixture
def spy(tmp_path: Path) -> str:
    """A filter that writes down that it ran, and puts a mark before what it lets through."""
    path = tmp_path / "spy.sh"
    path.write_text(f"#!/bin/sh\necho \"$@\" >> '{tmp_path}/ran'\necho filtered; cat\n")
    path.chmod(0o755)
    return str(path)


def ran(tmp_path: Path) -> str:
    path = tmp_path / "ran"
    return path.read_text() if path.exists() else ""


def names_programs(place: Place, spy: str, name: str) -> None:
    for key in ("clean", "smudge"):
        place.git("config", f"filter.{name}.{key}", f"{spy} {key}")
    place.git("config", f"filter.{name}.required", "true")
    place.git("config", f"merge.{name}.driver", f"{spy} driver %A")
    place.git("config", "alias.commit-tree", f"!{spy} alias")
    place.git("config", "alias.worktree", f"!{spy} alias")


@pytest.mark.parametrize("name", ["x", "a=b", "ü.process", "union"])
def test_filters_drivers_and_aliases_of_the_configuration_never_run(
    place: Place, spy: str, name: str, tmp_path: Path
) -> None:
    place.job("setup")
    place.job("setup", "1.2")
    # What a worker can do: the shared configuration, and the attributes of its own tree.
    names_programs(place, spy, name)
    for task, text in (("1.1", "ONE\ntwo\nthree\n"), ("1.2", "UNO\ntwo\nthree\n")):
        place.write(".gitattributes", f"*.txt filter={name} merge={name}\n", place.tree(task))
        place.write("a.txt", text, place.tree(task))
        place.write(f"{task}.txt", "new\n", place.tree(task))
        assert place.job("check", task)["ok"]
    assert place.job("merge", "1.1")["ok"]
    conflict = place.job("merge", "1.2")
    assert (conflict["reason"], conflict["conflict"]["files"]) == ("conflict", ["a.txt"])
    place.write("a.txt", "unsaved\n", place.tree("1.2"))
    saved = place.repository.salvage(RUN, "1.2", 1)
    assert ran(tmp_path) == ""
    assert place.shown(saved, "a.txt") == "unsaved\n"
    assert place.shown(place.tip(), "1.1.txt") == "new\n"


def test_a_file_without_a_conflict_merges_as_if_it_had_no_driver(place: Place, spy: str, tmp_path: Path) -> None:
    place.write("a.txt", "".join(f"{n}\n" for n in range(20)))
    place.write(".gitattributes", "*.txt merge=x\n")
    place.git("branch", "-f", "branchline/r1/tip", place.commit("long file"))
    for task, line in (("1.1", 0), ("1.2", 19)):
        place.job("setup", task)
        place.write("a.txt", "".join("new\n" if n == line else f"{n}\n" for n in range(20)), place.tree(task))
        place.job("check", task)
    names_programs(place, spy, "x")
    assert place.job("merge", "1.1")["ok"]
    assert place.job("merge", "1.2")["ok"]
    merged = place.shown(place.tip(), "a.txt").split()
    assert (merged[0], merged[19], merged[1:19]) == ("new", "new", [str(n) for n in range(1, 19)])
    assert ran(tmp_path) == ""


def test_a_driver_named_between_two_commands_is_seen(place: Place, spy: str, tmp_path: Path) -> None:
    git = Git(place.root)
    assert git.refused() == ()
    names_programs(place, spy, "x")
    assert git.refused() == ("filter.x", "merge.x")
    place.git("config", "--unset-all", "filter.x.smudge")
    place.git("config", "--unset-all", "filter.x.clean")
    assert git.refused() == ("merge.x",)


@pytest.mark.parametrize(
    "text", ['[core][FILTER "x"]clean=y', "[filter.x]\nclean = y", '\n[core] bare = no\n[Filter "x"] Clean']
)
def test_however_a_program_is_written_it_is_seen(place: Place, text: str) -> None:
    config = place.root / ".git/config"
    config.write_text(config.read_text() + text + "\n")
    (place.root / "src/.git").mkdir()  # git passes it over, and so must we
    assert Git(place.root / "src").refused() == ("filter.x",)


def test_what_included_files_and_a_worktrees_own_configuration_name_is_seen(place: Place, spy: str) -> None:
    git = Git(place.root)
    place.write("more", "", place.root / ".git")
    place.git("config", "include.path", "more")
    assert git.refused() == ()
    place.write("more", f'[filter "in"]\n\tclean = {spy}\n', place.root / ".git")
    assert git.refused() == ("filter.in",)
    place.git("config", "extensions.worktreeConfig", "true")
    place.git("config", "--worktree", "filter.own.smudge", spy)
    assert git.refused() == ("filter.in", "filter.own")


def test_what_is_allowed_or_the_users_own_does_run(place: Place, spy: str, tmp_path: Path) -> None:
    names_programs(place, spy, "x")
    place.git("config", "--global", "filter.mine.clean", f"{spy} mine")
    place.git("config", "--global", "filter.mine.smudge", "cat")
    place.job("setup", programs=["filter.x"])
    place.write(".gitattributes", "b.txt filter=x\nc.txt filter=mine\n", place.tree())
    place.write("b.txt", "b\n", place.tree())
    place.write("c.txt", "c\n", place.tree())
    commit = place.job("check", programs=["filter.x"])["commit"]
    assert (place.shown(commit, "b.txt"), place.shown(commit, "c.txt")) == ("filtered\nb\n", "filtered\nc\n")
    assert {"clean", "mine"} <= set(ran(tmp_path).split())


def test_no_run_starts_where_files_need_a_filter_that_may_not_run(place: Place, spy: str) -> None:
    place.write(".gitattributes", "src/* filter=x\n")
    place.commit("attributes")
    place.repository.check_ready()
    names_programs(place, spy, "x")
    with pytest.raises(RepositoryError, match=r"src/ü b\.txt needs the filter 'x'.*\[workspace\] programs"):
        place.repository.check_ready()
    assert filtered(Repository.open(place.root, programs=["filter.x"]).git, ["src/ü b.txt"]) == ""


def test_land_leaves_files_that_need_a_filter_to_the_user(place: Place, spy: str, tmp_path: Path) -> None:
    place.job("setup")
    place.write(".gitattributes", "*.bin filter=x\n", place.tree())
    place.write("a.bin", "a\n", place.tree())
    place.job("check")
    place.job("merge")
    names_programs(place, spy, "x")
    landed = place.repository.land(RUN)
    assert not landed.moved
    assert "a.bin needs the filter 'x'" in landed.advice
    assert "git merge --ff-only branchline/r1/tip" in landed.advice
    assert ran(tmp_path) == ""
    assert place.repository.head() == place.base
