"""Saved work and what is left over: nothing is removed that is not merged or saved, and all that is saved comes back."""

from collections.abc import Callable
from pathlib import Path

import pytest

from worlds import Live, Task, World

FAILS = """
echo "work of $run" > "out-$BRANCHLINE_TASK_ID.txt"
printf 'binary\\0%s' "$run" > "bytes ü $BRANCHLINE_TASK_ID.bin"
case $BRANCHLINE_TASK_ID in
  1.1) say done ok;;
  *) say failed "cannot";;
esac
end
"""


def fail(world: World) -> None:
    """A run of which 1.1 is done and 1.2 has failed twice; its second attempt stands in its worktree."""
    world.plan(Task("1.1"), Task("1.2"))
    assert world.execute(world.agent(FAILS)).status == 4


@pytest.fixture
def failed(lived: Callable[[Live], World]) -> World:
    return lived(fail)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_list_the_content_and_the_way_back(failed: World, tmp_path: Path) -> None:
    before = failed.checkout()
    (row,) = failed.run("salvage", "list").json["salvage"]
    assert (row["run"], row["task"], row["attempt"]) == ("r1", "1.2", "1")
    assert row["ref"] == "refs/branchline/salvage/r1/1.2/1"
    shown = failed.run("salvage", "show", "1.2").json
    assert shown["files"] == [
        {"path": "bytes ü 1.2.bin", "how": "A", "added": None, "removed": None},
        {"path": "out-1.2.txt", "how": "A", "added": 1, "removed": 0},
    ]
    restored = failed.run("salvage", "restore", "1.2").json
    assert (restored["branch"], restored["commit"]) == ("restored/1.2-1", row["commit"])
    assert failed.git("show", "restored/1.2-1:out-1.2.txt") == "work of 1.2 1"
    assert failed.run("salvage", "restore", "1.2").json["branch"] == "restored/1.2-1"
    place = tmp_path / "a new place"
    assert failed.run("salvage", "restore", row["ref"], "--to", str(place)).json["files"] == 4
    assert files(place)["bytes ü 1.2.bin"] == b"binary\x001.2 1"
    assert failed.checkout() == before


def test_a_way_back_that_is_taken_is_refused(failed: World, tmp_path: Path) -> None:
    failed.git("branch", "mine", "HEAD")
    before = failed.git("rev-parse", "mine")
    taken = failed.run("salvage", "restore", "1.2", "--branch", "mine")
    assert (taken.status, taken.json["code"]) == (2, "E_USAGE")
    assert failed.git("rev-parse", "mine") == before
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("mine")
    assert failed.run("salvage", "restore", "1.2", "--to", str(tmp_path / "full")).status == 2
    assert files(tmp_path / "full") == {"mine": b"mine"}
    assert failed.run("salvage", "restore", "1.2", "--branch", "bad..name").status == 2
    assert failed.run("salvage", "show", "1.1").json["code"] == "E_NOT_FOUND"
    assert failed.run("salvage", "show").status == 2
    assert failed.run("salvage", "show", "1.2", "--attempt", "9").status == 2


def test_a_run_that_is_not_there_is_named_as_such(failed: World) -> None:
    for command in (["clean"], ["salvage", "list"], ["salvage", "save", "1.2"]):
        refused = failed.run(*command, "--run", "NONSENSE")
        assert (refused.status, refused.json["error"]) == (2, "there is no run NONSENSE; there is r1")


def test_clean_keeps_what_is_nowhere_else_and_says_so(failed: World) -> None:
    tree = failed.root / ".branchline" / "worktrees" / "r1" / "1.2"
    before, held = failed.checkout(), files(tree)
    kept = failed.run("clean")
    assert kept.status == 0
    assert kept.json["removed"] == []
    ((run, task, reason),) = [(row["run"], row["task"], row["reason"]) for row in kept.json["kept"]]
    assert (run, task) == ("r1", "1.2")
    assert "neither merged nor saved" in reason
    assert files(tree) == held
    assert failed.run("salvage", "save", "1.2").json["ref"] == "refs/branchline/salvage/r1/1.2/2"
    assert [row["task"] for row in failed.run("clean", "--dry-run").json["removed"]] == ["1.2"]
    assert tree.exists()
    assert [row["task"] for row in failed.run("clean").json["removed"]] == ["1.2"]
    assert not tree.exists()
    assert failed.salvaged("1.2", "out-1.2.txt") == ["work of 1.2 1", "work of 1.2 2"]
    assert failed.checkout() == before
    again = failed.run("clean").json
    assert (again["removed"], again["kept"]) == ([], [])


def test_clean_can_save_first(failed: World) -> None:
    cleaned = failed.run("clean", "--salvage").json
    assert cleaned["salvaged"] == ["refs/branchline/salvage/r1/1.2/2"]
    assert failed.worktrees() == []
    assert failed.salvaged("1.2", "out-1.2.txt") == ["work of 1.2 1", "work of 1.2 2"]
    assert failed.run("retry", "1.2").status == 0
    assert failed.execute(failed.agent("make\nsay done ok\nend\n")).status == 0


def test_clean_leaves_the_worktree_in_which_a_person_wants_a_task_to_go_on(failed: World) -> None:
    assert failed.run("retry", "1.2", "--resume").status == 0
    (kept,) = failed.run("clean", "--salvage").json["kept"]
    assert kept["reason"].startswith("what you asked of task 1.2 waits for")
    assert failed.worktrees() == ["1.2"]


def test_a_worktree_that_git_cannot_read_is_kept_and_keeps_no_other(failed: World) -> None:
    tree = failed.root / ".branchline" / "worktrees" / "r1" / "1.2"
    (tree / ".gitattributes").write_text("*.txt working-tree-encoding=UTF-16\n")
    (row,) = failed.run("clean", "--salvage").json["kept"]
    assert (row["task"], "UTF-16" in row["reason"]) == ("1.2", True)
    assert tree.exists()


def test_clean_leaves_tasks_that_may_go_on_and_whole_coordinators_alone(world: World) -> None:
    world.plan(Task("1.1"))
    process = world.begin(world.agent('while [ ! -e "$(dirname "$ledger")/go" ]; do sleep 0.05; done\nmake\nend\n'))
    world.until(lambda: world.started(), "an agent")
    busy = world.run("clean")
    assert (busy.status, busy.json["code"]) == (75, "E_LOCKED")
    (kept,) = world.run("clean", "--dry-run").json["kept"]
    assert "running and may go on" in kept["reason"]
    (world.folder / "go").touch()
    world.finish(process)
    assert world.worktrees() == ["1.1"]


def test_a_done_run_leaves_nothing_of_ours_but_its_refs(world: World) -> None:
    world.plan(Task("1.1"))
    assert world.execute(world.agent("make\nsay done ok\nend\n")).status == 0
    assert world.run("clean").json["scratch"] == ["r1"]
    assert [p.name for p in (world.root / ".branchline" / "worktrees").iterdir()] == []
    assert len(world.git("worktree", "list").splitlines()) == 1
    assert world.run("land").json["moved"]
    assert (world.root / "out-1.1.txt").exists()


def test_outside_a_repository_there_is_nothing_saved(tmp_path: Path, world: World) -> None:
    (tmp_path / "outside").mkdir()
    assert world.run("salvage", "list", "-C", str(tmp_path / "outside")).json["code"] == "E_REPOSITORY"
    assert world.run("salvage", "list").json["salvage"] == []
    assert world.run("clean").json["removed"] == []


def test_teardown_runs_in_each_worktree_before_it_goes(failed: World) -> None:
    failed.settings('[workspace]\nteardown = ["pwd >> \\"$HOME/gone\\"; test -e out-1.2.txt"]\n')
    cleaned = failed.run("clean", "--salvage")
    (row,) = cleaned.json["teardown"]
    assert (row["task"], row["exit"]) == ("1.2", 0)
    place = failed.root / ".branchline/worktrees/r1/1.2"
    assert (failed.root / ".branchline/runs/r1/1.2/home/gone").read_text() == f"{place}\n"
    assert not place.exists()


def test_a_worktree_that_teardown_bends_is_kept(failed: World) -> None:
    failed.settings('[workspace]\nteardown = ["echo new > litter.txt"]\n')
    assert failed.run("salvage", "save", "1.2").status == 0
    (kept,) = failed.run("clean").json["kept"]
    assert "neither merged nor saved" in kept["reason"]
    assert failed.worktrees() == ["1.2"]
