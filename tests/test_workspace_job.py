"""The jobs of custody: setup, check, merge; twice is once, and a bent worktree is put right or named."""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from branchline.errors import InputError
from branchline.workspace import job
from branchline.workspace.git import task_ref, tip_ref
from branchline.workspace.spec import Spec
from test_workspace import PLAN, RUN, Place, files_of, fingerprint

BOX = {"path": "plan.md", "boxes": [[3, "one", "1.1"]]}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "a folder – ünï 'q'")


# ---- the spec


def test_a_spec_that_lacks_a_key_or_has_a_wrong_purpose(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "spec.json"
    path.write_text('{"purpose": "setup"}')
    with pytest.raises(InputError, match="needs root, run, task"):
        Spec.read(path)
    path.write_text(json.dumps({"purpose": "dance", "root": "/", "run": "r", "task": "t", "attempt": 1, "folder": "/"}))
    assert job.main([str(path)]) == 1
    assert "dance" in capsys.readouterr().err


def test_branch_and_tip_may_be_short_full_or_left_out(place: Place) -> None:
    for more in ({}, {"branch": "branchline/r1/task/1.1", "tip_ref": tip_ref(RUN)}):
        spec = Spec.read(place.spec("setup", **more))
        assert (spec.branch, spec.tip_ref) == (task_ref(RUN, "1.1"), tip_ref(RUN))


def test_a_fault_is_written_down_and_ends_with_one(place: Place) -> None:
    place.git("update-ref", "-d", tip_ref(RUN))
    assert job.main([str(place.spec("setup"))]) == 1
    assert "integration branch" in place.answer("setup")["error"]


def test_as_a_process(place: Place) -> None:
    process = place.start(place.spec("setup"))
    assert process.communicate() == (None, b"")
    assert process.returncode == 0
    answer = place.answer("setup")
    assert (answer["purpose"], answer["run"], answer["task"], answer["attempt"]) == ("setup", RUN, "1.1", 1)


# ---- setup


def test_setup_twice_is_once(place: Place) -> None:
    first = place.job("setup")
    assert first == place.job("setup")
    assert first["base"] == place.base
    assert place.git("status", "--porcelain", cwd=place.tree()) == ""
    assert (place.tree() / ".branchline" / ".gitignore").read_text() == "*\n"
    assert place.git("branch", "--show-current", cwd=place.tree()).strip() == "branchline/r1/task/1.1"


def test_a_resume_keeps_everything(place: Place) -> None:
    place.job("setup")
    place.write("half.txt", "h", place.tree())
    place.write(".branchline/prompt.md", "p", place.tree())
    answer = place.job("setup", attempt=2, fresh=False)
    assert answer["salvage"] == ""
    assert (place.tree() / "half.txt").read_text() == "h"
    assert (place.tree() / ".branchline" / "prompt.md").exists()


def test_a_fresh_attempt_salvages_then_starts_from_the_tip(place: Place) -> None:
    place.job("setup")
    place.write("half.txt", "h", place.tree())
    place.write("a.txt", "changed", place.tree())
    place.bring_in("1.2", "other.txt", "o")
    answer = place.job("setup", attempt=2)
    assert answer["salvage"] == "refs/branchline/salvage/r1/1.1/1"
    assert answer["base"] == place.tip()
    assert {"half.txt", "a.txt"} <= files_of(place, answer["salvage"])
    assert not (place.tree() / "half.txt").exists()
    assert (place.tree() / "other.txt").exists()
    assert place.git("status", "--porcelain", cwd=place.tree()) == ""
    assert place.job("setup", attempt=2) == answer
    assert len(place.repository.salvage_list()) == 1


def test_a_fresh_attempt_saves_what_the_workers_gitignore_hid(place: Place) -> None:
    place.job("setup")
    place.write(".gitignore", "*\n", place.tree())
    place.write("hidden.txt", "h", place.tree())
    place.git("add", "-f", ".gitignore", cwd=place.tree())
    place.job("setup", attempt=2)
    assert not (place.tree() / "hidden.txt").exists()
    assert any("hidden.txt" in files_of(place, row.ref) for row in place.repository.salvage_list())


def test_ignored_files_of_the_repository_stay_in_a_fresh_attempt(place: Place) -> None:
    place.write(".gitignore", "cache/\n")
    place.git("update-ref", tip_ref(RUN), place.commit("ignore"))
    place.job("setup")
    place.write("cache/big", "b", place.tree())
    place.job("setup", attempt=2)
    assert (place.tree() / "cache" / "big").exists()


def half_made(place: Place) -> None:
    """What `git worktree add` leaves when it is killed during the checkout."""
    place.job("setup")
    admin = place.root / ".git" / "worktrees" / "1.1"
    (admin / "locked").write_text("initializing\n")
    (admin / "index").unlink()
    (place.tree() / "a.txt").unlink()


def lost_folder(place: Place) -> None:
    place.job("setup")
    shutil.rmtree(place.tree())


def lost_admin(place: Place) -> None:
    place.job("setup")
    shutil.rmtree(place.root / ".git" / "worktrees" / "1.1")


def empty_folder(place: Place) -> None:
    place.tree().mkdir(parents=True)


def bent_link(place: Place) -> None:
    place.job("setup")
    (place.tree() / ".git").write_text(f"gitdir: {place.root / '.git'}\n")


def no_link(place: Place) -> None:
    place.job("setup")
    (place.tree() / ".git").unlink()


def branch_only(place: Place) -> None:
    place.git("update-ref", task_ref(RUN, "1.1"), place.base)


def stale_lock(place: Place) -> None:
    place.job("setup")
    (place.root / ".git" / "worktrees" / "1.1" / "index.lock").write_text("")
    place.write("a.txt", "changed", place.tree())


BROKEN = [(each, True) for each in (half_made, lost_folder, lost_admin, empty_folder, bent_link, no_link, stale_lock)]
BROKEN += [(each, False) for each in (half_made, lost_folder, lost_admin, no_link, branch_only)]


@pytest.mark.parametrize(("broken", "fresh"), BROKEN)
def test_setup_repairs(place: Place, broken: Any, fresh: bool) -> None:
    broken(place)
    before = fingerprint(place.root)
    assert place.job("setup", attempt=2, fresh=fresh)["base"] == place.base
    assert fingerprint(place.root) == before
    assert place.git("status", "--porcelain", cwd=place.tree()) == ""
    assert place.git("rev-parse", "--show-toplevel", cwd=place.tree()).strip() == str(place.tree())
    place.write("x.txt", "x", place.tree())
    assert place.job("check", attempt=2)["ok"]
    assert place.job("merge", attempt=2)["ok"]


def test_setup_leaves_other_half_made_worktrees_alone(place: Place) -> None:
    place.job("setup", "1.2")
    (place.root / ".git" / "worktrees" / "1.2" / "locked").write_text("initializing\n")
    half_made(place)
    place.job("setup", attempt=2)
    assert (place.root / ".git" / "worktrees" / "1.2" / "locked").exists()


def test_a_worktree_killed_at_its_very_beginning_does_not_stop_the_others(place: Place) -> None:
    half_made(place)
    (place.root / ".git" / "worktrees" / "1.1" / "commondir").write_text("")
    assert place.job("setup", "1.2")["ok"]
    assert place.job("setup", attempt=2)["ok"]


def test_many_setups_at_once(place: Place) -> None:
    names = [f"2.{number}" for number in range(6)]
    processes = [place.start(place.spec("setup", name)) for name in names]
    assert [process.communicate()[1] for process in processes] == [b""] * len(names)
    assert {process.returncode for process in processes} == {0}
    assert all((place.tree(name) / "a.txt").exists() for name in names)


def test_a_branch_that_the_user_has_checked_out_is_not_moved_under_him(place: Place) -> None:
    place.git("checkout", "-q", "-b", "branchline/r1/task/1.1")
    place.write("a.txt", "mine")
    place.commit("mine")
    before = fingerprint(place.root)
    answer = place.job("setup")
    assert not answer["ok"]
    assert "checked out" in answer["error"]
    assert fingerprint(place.root) == before


# ---- check


def test_check_commits_leftovers_and_says_what_it_found(place: Place) -> None:
    place.job("setup")
    place.write("own commit.txt", "1", place.tree())
    place.commit("the worker's own", cwd=place.tree())
    place.write("left ü.txt", "2", place.tree())
    place.write("pyproject.toml", "3", place.tree())
    place.write("prompts/x", "4", place.tree())
    place.write(".branchline/answer.json", "{}", place.tree())
    checks = [{"run": "echo out; echo err >&2; test -f 'left ü.txt'", "source": "plan"}, {"run": "pwd; env"}]
    answer = place.job("check", checks=checks, env={"PATH": os.environ["PATH"], "ONLY": "this"})
    assert answer["ok"]
    assert answer["leftovers"]
    assert not answer["empty"]
    assert answer["files"] == ["left ü.txt", "own commit.txt", "prompts/x", "pyproject.toml"]
    assert answer["guarded"] == ["prompts/x", "pyproject.toml"]
    assert answer["commit"] == place.repository.git.resolve(task_ref(RUN, "1.1"))
    assert place.git("log", "-1", "--format=%s", answer["commit"]).strip().endswith("uncommitted work of attempt 1")
    first, second = answer["checks"]
    assert (first["exit"], first["commit"], first["command"]) == (0, answer["commit"], checks[0]["run"])
    log = place.root / first["log"]
    assert log.read_text() == "out\nerr\n"
    digest = subprocess.run(["sha256sum", str(log)], capture_output=True, text=True, check=True).stdout.split()[0]
    assert first["log_digest"] == f"sha256:{digest.lstrip(chr(92))}"
    seen = (place.root / second["log"]).read_text().splitlines()
    assert seen[0] == str(place.tree())
    assert {line.split("=")[0] for line in seen[1:]} <= {"PATH", "ONLY", "PWD", "OLDPWD", "_", "SHLVL"}
    assert place.job("check", checks=checks)["commit"] == answer["commit"]
    assert place.answer("check")["leftovers"]


def test_checks_stop_at_the_first_failure(place: Place) -> None:
    place.job("setup")
    answer = place.job("check", checks=[{"run": "true"}, {"run": "exit 7"}, {"run": "touch ran"}])
    assert not answer["ok"]
    assert [row["exit"] for row in answer["checks"]] == [0, 7]
    assert "exit 7" in answer["error"]
    assert answer["empty"]


@pytest.mark.parametrize(
    ("command", "code"), [("kill -TERM $$", 143), ("no-such-program", 127), ("sleep 60 & wait", 124), ("\0", 127)]
)
def test_exit_statuses_of_checks(place: Place, command: str, code: int) -> None:
    place.job("setup")
    answer = place.job("check", checks=[{"run": command}], check_timeout=0.3 if code == 124 else 30)
    row = answer["checks"][0]
    assert (row["exit"], row["timed_out"]) == (code, code == 124)
    assert row["log_digest"].startswith("sha256:")


def test_a_check_that_bends_the_tree_does_not_bend_the_next(place: Place) -> None:
    place.job("setup")
    place.write("x.txt", "x", place.tree())
    bend = "rm x.txt; echo y > a.txt; touch left; git checkout -q --detach; git -c user.name=x commit -qam bent; true"
    answer = place.job("check", checks=[{"run": bend}, {"run": "test -f x.txt && ! test -e left && ! grep y a.txt"}])
    assert answer["ok"], answer
    assert place.repository.git.resolve(task_ref(RUN, "1.1")) == answer["commit"]
    assert place.git("status", "--porcelain", cwd=place.tree()) == ""


def test_a_check_that_fails_once_is_flaky_and_never_hidden(place: Place, tmp_path: Path) -> None:
    place.job("setup")
    flaky = f"echo try; test -e '{tmp_path}/tried' || {{ touch '{tmp_path}/tried' left; exit 5; }}; ! test -e left"
    answer = place.job("check", checks=[{"run": flaky}])
    (row,) = answer["checks"]
    assert (answer["ok"], row["exit"], row["flaky"]) == (True, 0, True)
    assert (row["first"]["exit"], row["first"]["tail"]) == (5, "try\n")
    assert (place.root / row["first"]["log"]).read_text() == (place.root / row["log"]).read_text() == "try\n"
    (row,) = place.job("check", checks=[{"run": "exit 6"}])["checks"]
    assert (row["exit"], row["flaky"], row["first"]["exit"]) == (6, False, 6)


def test_a_check_that_takes_too_long_is_not_run_again(place: Place, tmp_path: Path) -> None:
    place.job("setup")
    (row,) = place.job("check", checks=[{"run": f"echo x >> '{tmp_path}/ran'; sleep 60"}], check_timeout=0.3)["checks"]
    assert (row["exit"], (tmp_path / "ran").read_text()) == (124, "x\n")


def test_a_check_that_floods_the_disk_is_stopped_at_the_limit(place: Place) -> None:
    place.job("setup")
    answer = place.job("check", checks=[{"run": "head -c 5000000 /dev/zero"}], output_limit=1)
    (row,) = answer["checks"]
    assert row["exit"] != 0
    assert (place.root / row["log"]).stat().st_size == 1 << 20


def test_the_wrapping_words_stand_before_the_check(place: Place) -> None:
    place.job("setup")
    wrap = [shutil.which("env"), "WRAPPED=yes"]
    assert place.job("check", checks=[{"run": "test $WRAPPED = yes"}], wrap=wrap)["ok"]


def test_work_on_another_branch_is_found(place: Place) -> None:
    place.job("setup")
    place.write("first.txt", "1", place.tree())
    place.commit("first", cwd=place.tree())
    place.git("checkout", "-q", "-b", "mine", cwd=place.tree())
    place.write("second.txt", "2", place.tree())
    answer = place.job("check")
    assert answer["files"] == ["first.txt", "second.txt"]
    assert place.git("branch", "--show-current", cwd=place.tree()).strip() == "branchline/r1/task/1.1"


@pytest.mark.parametrize("again", [False, True])
def test_an_orphan_branch_that_was_not_made_stops_nothing(place: Place, again: bool) -> None:
    place.job("setup")
    place.write("x.txt", "work\n", place.tree())
    place.git("checkout", "-q", "--orphan", "other", cwd=place.tree())
    if again:
        assert place.job("setup", "1.1", 2, fresh=False, join=True)["ok"]
    found = place.job("check")
    assert (found["files"], found["base"]) == (["x.txt"], place.base)
    assert place.job("merge")["ok"]


def test_a_rewritten_history_keeps_the_old_one_in_a_salvage_ref(place: Place) -> None:
    place.job("setup")
    place.write("first.txt", "1", place.tree())
    old = place.commit("first", cwd=place.tree())
    place.git("checkout", "-q", "--detach", place.base, cwd=place.tree())
    place.write("second.txt", "2", place.tree())
    assert place.job("check")["files"] == ["second.txt"]
    saved = place.repository.salvage_list(RUN, "1.1")[0]
    place.git("merge-base", "--is-ancestor", old, saved.ref)


def merge_tip(place: Place) -> None:
    subprocess.run(["git", "merge", "-q", "branchline/r1/tip"], cwd=place.tree(), capture_output=True, check=False)


def conflicting(place: Place) -> None:
    """Task 1.1 changes a line that 1.2 has changed and merged meanwhile."""
    place.job("setup")
    place.write("a.txt", "one\nmine\nthree\n", place.tree())
    assert place.job("check")["ok"]
    place.bring_in("1.2", "a.txt", "one\ntheirs\nthree\n")


def test_conflict_marks_and_a_rebase_are_named(place: Place) -> None:
    conflicting(place)
    merge_tip(place)
    answer = place.job("check", attempt=2)
    assert not answer["ok"]
    assert "a.txt" in answer["error"]
    place.git("merge", "--abort", cwd=place.tree())
    subprocess.run(["git", "rebase", "-q", "branchline/r1/tip"], cwd=place.tree(), capture_output=True, check=False)
    assert "rebase is in progress" in place.job("check", attempt=2)["error"]


def test_a_resolved_merge_is_committed_with_both_parents(place: Place) -> None:
    conflicting(place)
    assert place.job("merge")["reason"] == "conflict"
    place.job("setup", attempt=2, fresh=False)
    merge_tip(place)
    place.write("a.txt", "one\nboth\nthree\n", place.tree())
    answer = place.job("check", attempt=2)
    assert (answer["ok"], answer["files"], answer["base"]) == (True, ["a.txt"], place.tip())
    assert len(place.git("log", "-1", "--format=%P", answer["commit"]).split()) == 2
    merged = place.job("merge", attempt=2)
    assert merged["ok"]
    assert place.shown(merged["commit"], "a.txt") == "one\nboth\nthree\n"


def test_a_repository_inside_is_left_out_and_said(place: Place) -> None:
    place.job("setup")
    (place.tree() / "inner").mkdir()
    place.git("init", "-q", cwd=place.tree() / "inner")
    place.write("inner/f", "f", place.tree())
    answer = place.job("check", checks=[{"run": "touch junk"}])
    assert answer["left_out"] == ["inner"]
    assert (place.tree() / "inner" / "f").exists()


def test_a_worktree_that_is_gone(place: Place) -> None:
    assert "not there" in place.job("check")["error"]


def test_branchline_folder_as_a_link_is_put_right_and_guarded(place: Place, tmp_path: Path) -> None:
    place.job("setup")
    shutil.rmtree(place.tree() / ".branchline")
    (place.tree() / ".branchline").symlink_to(tmp_path)
    place.git("add", "-f", ".branchline", cwd=place.tree())
    place.git("commit", "-qm", "link", cwd=place.tree())
    answer = place.job("check")
    assert answer["guarded"] == [".branchline"]
    assert not (place.tree() / ".branchline").is_symlink()
    assert not (tmp_path / ".gitignore").exists()


def test_what_a_killed_check_left_is_not_the_workers_work(place: Place) -> None:
    place.job("setup")
    place.write("x.txt", "x", place.tree())
    commit = place.job("check")["commit"]
    (place.root / ".git" / "worktrees" / "1.1" / "branchline-checking").write_text(commit)
    place.write("junk", "j", place.tree())
    answer = place.job("check")
    assert (answer["commit"], answer["files"]) == (commit, ["x.txt"])
    assert not (place.tree() / "junk").exists()
    assert "junk" in files_of(place, "refs/branchline/salvage/r1/1.1/1-check")


# ---- in place


def test_in_place_nothing_is_committed_or_put_back(place: Place) -> None:
    place.write("a.txt", "changed")
    place.git("add", "a.txt")
    place.write("neu ü/x y.txt", "n")
    (place.root / "src/ü b.txt").unlink()
    before = fingerprint(place.root)
    answer = place.job("check", worktree=str(place.root), checks=[{"run": "test -f 'neu ü/x y.txt'"}])
    assert answer["ok"]
    assert (answer["commit"], answer["base"]) == (place.base, place.base)
    changed = ["a.txt", "neu ü/x y.txt", "src/ü b.txt"]
    assert (answer["files"], answer["leftovers"], answer["empty"]) == (changed, True, False)
    assert fingerprint(place.root) == before
    commit = place.commit("by the worker")
    place.write("more.txt", "m")
    answer = place.job("check", worktree=str(place.root), attempt=2)
    assert (answer["commit"], answer["base"], answer["leftovers"]) == (commit, place.base, True)
    assert answer["files"] == sorted([*changed, "more.txt"])


@pytest.mark.parametrize("purpose", ["setup", "merge"])
def test_in_place_nothing_is_set_up_or_merged(place: Place, purpose: str) -> None:
    place.write("a.txt", "changed")
    place.write("new.txt", "n")
    before = fingerprint(place.root)
    for more in ({"worktree": str(place.root)}, {"in_place": True}, {"worktree": ""}):
        answer = place.job(purpose, **more)
        assert answer["ok"]
        assert place.base in (answer.get("base"), answer.get("commit"))
    assert fingerprint(place.root) == before
    assert place.tip() == place.base


@pytest.mark.parametrize("purpose", ["setup", "check"])
def test_a_worktree_that_is_not_ours_is_refused(place: Place, purpose: str, tmp_path: Path) -> None:
    place.write("theirs/x.txt", "x", tmp_path)
    for path in (tmp_path / "theirs", place.root / "src", place.tree("1.2")):
        answer = place.job(purpose, worktree=str(path))
        assert not answer["ok"]
        assert "left as it is" in answer["error"]
    assert (tmp_path / "theirs" / "x.txt").exists()


def test_the_root_may_be_reached_through_a_link(place: Place, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(place.root)
    for purpose in ("setup", "check", "merge"):
        assert place.job(purpose, root=str(tmp_path / "link"))["ok"]


def test_in_place_without_a_repository(tmp_path: Path) -> None:
    data = {"purpose": "check", "root": str(tmp_path), "run": RUN, "task": "1", "attempt": 1, "folder": str(tmp_path)}
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(data | {"checks": [{"run": "exit 3"}], "env": {}}))
    assert job.main([str(path)]) == 0
    answer = json.loads((tmp_path / "result.json").read_text())
    assert (answer["ok"], answer["commit"], answer["files"], answer["empty"]) == (False, "", [], False)


# ---- merge


def test_merge_brings_in_ticks_and_names_itself(place: Place) -> None:
    place.job("setup")
    place.write("x.txt", "x", place.tree())
    place.job("check")
    answer = place.job("merge", plan=BOX, checks=[{"run": "test -f x.txt && grep -F '[x] 1.1' plan.md"}])
    assert answer["ok"]
    assert answer["ticked"]
    assert answer["commit"] == place.tip()
    assert answer["checks"][0]["commit"] == place.tip()
    assert answer["files"] == ["plan.md", "x.txt"]
    assert place.shown(place.tip(), "plan.md") == PLAN.replace("[ ] 1.1", "[x] 1.1")
    message = place.git("log", "-1", "--format=%B", place.tip())
    assert message.startswith("task 1.1: words\n\nBranchline-Run: r1\nBranchline-Task: 1.1\nBranchline-Attempt: 1")
    parents = place.git("log", "-1", "--format=%P", place.tip()).split()
    assert parents == [place.base, place.repository.git.resolve(task_ref(RUN, "1.1"))]
    assert place.repository.merged(RUN, place.base) == [(place.tip(), "1.1", 1, "task 1.1: words")]


def test_a_box_is_ticked_in_whatever_folder_the_plan_stands_and_nothing_else_changes(place: Place) -> None:
    name = "pläne [x]/:(top) a/1 2.md"
    place.write(name, PLAN)
    place.git("add", "--all")
    place.git("commit", "-qm", "the plan in a folder")
    place.git("update-ref", f"refs/heads/branchline/{RUN}/tip", "HEAD")
    place.bring_in("1.2", "pläne [x]/beside.txt", "x")
    place.job("setup")
    answer = place.job("merge", plan=BOX | {"path": name})
    assert (answer["ticked"], answer["files"]) == (True, [name])
    assert place.shown(place.tip(), name) == PLAN.replace("[ ] 1.1", "[x] 1.1")
    place.git("fsck", "--strict", "--no-dangling")


def test_merge_twice_is_once(place: Place) -> None:
    first = place.bring_in("1.1", "x.txt", "x")
    assert place.job("merge") == first
    (place.root / ".branchline" / "worktrees" / RUN / ".prepared" / "1.1.json").unlink()
    again = place.job("merge")
    assert (again["ok"], again["commit"], again["files"]) == (True, first["commit"], ["x.txt"])
    assert len(place.repository.merged(RUN, place.base)) == 1


def test_a_task_without_changes_still_gets_its_commit(place: Place) -> None:
    place.job("setup")
    assert place.job("check")["empty"]
    answer = place.job("merge", plan=BOX)
    assert (answer["ok"], answer["empty"], answer["files"]) == (True, True, ["plan.md"])
    assert place.git("log", "-1", "--format=%P", place.tip()).split() == [place.base]


def test_a_conflict_moves_nothing_and_names_both_sides(place: Place) -> None:
    conflicting(place)
    tip = place.tip()
    answer = place.job("merge")
    assert (answer["ok"], answer["reason"]) == (False, "conflict")
    assert answer["conflict"]["files"] == ["a.txt"]
    assert [(row["task"], row["commit"]) for row in answer["conflict"]["other"]] == [("1.2", tip)]
    assert place.tip() == tip
    assert place.bring_in("1.3", "z.txt", "z")["ok"]


def test_a_file_in_the_way_of_a_folder_names_both_sides_in_words(place: Place) -> None:
    for task, name in (("1.1", "d"), ("1.2", "d/x")):
        place.job("setup", task)
        place.write(name, "x", place.tree(task))
        place.job("check", task)
    assert place.job("merge", "1.1")["ok"]
    conflict = place.job("merge", "1.2")["conflict"]
    assert (conflict["files"], [row["task"] for row in conflict["other"]]) == (["d"], ["1.1"])
    assert conflict["said"].startswith(
        "CONFLICT (file/directory): directory in the way of d from branchline/r1/tip; moving it to d~branchline/r1/tip instead"
    )


def test_a_recheck_that_fails_moves_nothing(place: Place) -> None:
    place.job("setup")
    place.write("x.txt", "x", place.tree())
    place.job("check")
    answer = place.job("merge", checks=[{"run": "echo no; exit 1"}])
    assert (answer["ok"], answer["reason"], answer["checks"][0]["exit"]) == (False, "recheck", 1)
    assert (place.root / answer["checks"][0]["log"]).read_text() == answer["checks"][0]["tail"] == "no\n"
    assert place.tip() == place.base
    assert place.job("merge")["ok"]


def test_the_recheck_sees_the_merged_commit_and_nothing_else(place: Place) -> None:
    place.write(".gitignore", "*.o\n")
    place.git("update-ref", tip_ref(RUN), place.commit("ignore"))
    place.job("setup")
    place.write("x.o", "object", place.tree())
    place.write("x.c", "source", place.tree())
    place.job("check", checks=[{"run": "test -f x.o"}])
    assert place.job("merge", checks=[{"run": "touch y.o; test -f x.o"}])["reason"] == "recheck"
    assert place.job("merge", checks=[{"run": "test -f x.c && ! test -f y.o"}])["ok"]


def test_a_tip_moved_meanwhile_begins_again(place: Place) -> None:
    place.job("setup")
    place.write("x.txt", "x", place.tree())
    place.job("check")
    place.write("main.txt", "m")
    other = place.commit("by hand")
    move = f"git update-ref {tip_ref(RUN)} {other}"
    answer = place.job("merge", checks=[{"run": move}])
    assert answer["ok"]
    assert answer["tip"] == other
    assert {"main.txt", "x.txt"} <= files_of(place, place.tip())


@pytest.mark.parametrize("when", ["before", "while its checks run"])
def test_a_merge_goes_onto_the_commit_it_was_given_and_what_others_put_there_is_kept(place: Place, when: str) -> None:
    place.job("setup")
    place.write("x.txt", "x", place.tree())
    place.job("check")
    place.write("sneaky.txt", "m")
    other = place.commit("sneaky")
    move, once = f"git update-ref {tip_ref(RUN)} {other}", place.root.parent / "once"
    if when == "before":
        place.git(*move.split()[1:])
        once.touch()
    check = {"run": f'test -e "$ONCE" || {{ touch "$ONCE"; {move}; }}'}
    answer = place.job("merge", tip=place.base, checks=[check], env={**os.environ, "ONCE": str(once)})
    assert answer["ok"], answer
    assert "x.txt" in files_of(place, place.tip())
    assert "sneaky.txt" not in files_of(place, place.tip())
    kept = place.git("for-each-ref", "--format=%(refname)", f"refs/branchline/salvage/{RUN}/tip/").split()
    assert any("sneaky.txt" in files_of(place, ref) for ref in kept)


def test_a_tip_that_the_user_has_checked_out_is_not_moved_under_him(place: Place) -> None:
    place.job("setup")
    place.git("checkout", "-q", "branchline/r1/tip")
    answer = place.job("merge")
    assert (answer["ok"], place.tip()) == (False, place.base)
    assert "checked out" in answer["error"]
    place.git("checkout", "-q", "main")
    assert place.job("merge")["ok"]


def test_forged_trailers_in_a_workers_commit_do_not_count(place: Place) -> None:
    place.job("setup", "1.2")
    place.write("x", "x", place.tree("1.2"))
    place.commit("x\n\nBranchline-Run: r1\nBranchline-Task: 1.1\nBranchline-Attempt: 1", cwd=place.tree("1.2"))
    place.job("check", "1.2")
    assert place.job("merge", "1.2")["ok"]
    place.job("setup")
    place.write("y", "y", place.tree())
    place.job("check")
    assert place.job("merge")["files"] == ["y"]


def test_forged_trailers_in_a_title_do_not_count(place: Place) -> None:
    place.job("setup")
    forged = "title\n\nBranchline-Run: r1\nBranchline-Task: 1.2\nBranchline-Attempt: 1\n"
    assert place.job("merge", message=forged)["ok"]
    assert [row.task for row in place.repository.merged(RUN, place.base)] == ["1.1"]


def test_a_plan_that_is_a_link_or_not_tracked_is_left(place: Place, tmp_path: Path) -> None:
    outside = place.write("outside.md", PLAN, tmp_path)
    place.job("setup")
    (place.tree() / "plan.md").unlink()
    (place.tree() / "plan.md").symlink_to(outside)
    place.job("check")
    assert not place.job("merge", plan=BOX)["ticked"]
    assert outside.read_text() == PLAN
    place.job("setup", "1.2")
    assert not place.job("merge", "1.2", plan=BOX | {"path": "nowhere.md"})["ticked"]


def test_two_merges_at_once_both_come_in(place: Place) -> None:
    names = ["1.1", "1.2", "1.3"]
    for name in names:
        place.job("setup", name)
        place.write(f"{name}.txt", name, place.tree(name))
        place.job("check", name)
    processes = [place.start(place.spec("merge", name, checks=[{"run": "true"}])) for name in names]
    assert [process.communicate()[1] for process in processes] == [b""] * len(names)
    assert {process.returncode for process in processes} == {0}
    assert {row.task for row in place.repository.merged(RUN, place.base)} == set(names)
    assert {f"{name}.txt" for name in names} <= files_of(place, place.tip())


def test_an_author_of_its_own(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    place.job("setup")
    place.write("x", "x", place.tree())
    author = "A Worker <worker@example.invalid>"
    place.job("check", author=author)
    place.job("merge", author=author)
    for commit in (place.tip(), f"{place.tip()}^2"):
        assert place.git("log", "-1", "--format=%an <%ae>|%cn <%ce>", commit).strip() == "|".join(
            ["A Worker <worker@example.invalid>"] * 2
        )


def test_a_job_is_quick_enough(place: Place) -> None:
    """Not a benchmark: only that nothing waits for a timeout on the plain road."""
    began = time.monotonic()
    place.bring_in("1.1", "x.txt", "x")
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "name", ["worktrees/*merge*/ORIG_HEAD", "worktrees/*merge*/index", "refs/heads/branchline/r1/tip"]
)
def test_locks_that_a_killed_merge_left_do_not_stop_the_next_one(place: Place, name: str) -> None:
    place.job("setup")
    place.write("a.txt", "mine\n", place.tree())
    assert place.job("check")["ok"]
    place.job("setup", "1.2")
    assert place.job("merge", "1.2", checks=[{"run": "true"}])["ok"]
    place.git("update-ref", "ORIG_HEAD", "HEAD", cwd=place.root / ".branchline" / "worktrees" / RUN / ".merge")
    (found,) = (place.root / ".git").glob(name)
    found.with_name(f"{found.name}.lock").write_text("")
    answer = place.job("merge", checks=[{"run": "true"}])
    assert answer["ok"], answer


def test_all_locks_that_a_killed_commit_held_at_once_do_not_stop_the_next_one(place: Place) -> None:
    place.job("setup")
    place.write("a.txt", "mine\n", place.tree())
    (place.root / ".git" / "worktrees" / "1.1" / "HEAD.lock").write_text("")
    (place.root / ".git" / f"{task_ref(RUN, '1.1')}.lock").write_text("")
    answer = place.job("check")
    assert answer["ok"], answer


# ---- a conflict, brought to the worktree


def test_a_kept_worktree_gets_both_sides_and_the_worker_ends_the_merge(place: Place) -> None:
    for task in ("1.1", "1.2"):
        place.job("setup", task)
        place.write("a.txt", f"{task}\ntwo\nthree\n", place.tree(task))
        place.job("check", task)
    assert place.job("merge", "1.1")["ok"]
    assert place.job("merge", "1.2")["reason"] == "conflict"
    for _ in range(2):  # killed and asked again, it is the same
        assert place.job("setup", "1.2", 2, fresh=False, join=True)["ok"]
        text = (place.tree("1.2") / "a.txt").read_text()
        assert ("<<<<<<<" in text, "1.1\n" in text, "1.2\n" in text) == (True, True, True)
    left = place.job("check", "1.2", 2)
    assert (left["ok"], left["conflict"]) == (False, {"files": ["a.txt"]})
    place.commit("both sides, as they are", cwd=place.tree("1.2"))
    assert place.job("check", "1.2", 2, join=True)["conflict"] == {"files": ["a.txt"]}
    place.write("a.txt", "1.1 and 1.2\ntwo\nthree\n", place.tree("1.2"))
    assert place.job("check", "1.2", 2)["files"] == ["a.txt"]
    assert place.job("merge", "1.2", 2)["ok"]
    assert place.shown(place.tip(), "a.txt").startswith("1.1 and 1.2\n")


@pytest.mark.parametrize("folder", ["", "not es/"])
def test_equal_changes_and_lists_marked_union_are_no_conflict(place: Place, folder: str) -> None:
    name = f"{folder}list.txt"
    place.write(f"{folder}.gitattributes", "list.txt merge=union\n")
    place.write(name, "first\n")
    place.git("update-ref", f"refs/heads/branchline/{RUN}/tip", place.commit("a list"))
    for task in ("1.1", "1.2"):
        place.job("setup", task)
        place.write("same.txt", "the same\n", place.tree(task))
        place.write(name, f"first\n{task}\n", place.tree(task))
        place.job("check", task)
    assert place.job("merge", "1.1")["ok"]
    assert place.job("merge", "1.2", checks=[{"run": f"grep -q 1.1 '{name}' && grep -q 1.2 '{name}'"}])["ok"]
    assert place.shown(place.tip(), name).split() == ["first", "1.1", "1.2"]
