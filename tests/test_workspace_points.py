"""A job killed around every single git command it makes, and run again, ends in the same place.

The points are counted, not listed: a git program of our own stands first on the job's PATH, counts the calls, and at the
chosen one kills the job that called it. A step that is added later is among them.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from branchline.workspace.worktree import scratch_of
from test_workspace import RUN, Place, fingerprint

SCALE = float(os.environ.get("BRANCHLINE_TEST_SCALE", "1"))
WHEN = ("before", "after") if SCALE > 1 else ("after",)
GIT = """#!/bin/sh
read -r number < '{folder}/count'
number=$((number + 1))
echo "$number" > '{folder}/count'
read -r when at < '{folder}/kill'
[ "$number $when" = "$at before" ] && kill -9 "$PPID" && exit 1
'{git}' "$@"
status=$?
[ "$number $when" = "$at after" ] && kill -9 "$PPID"
exit "$status"
"""


class Killer:
    """The git that kills; `run` starts a job with it and returns how many calls it had made."""

    def __init__(self, place: Place, folder: Path) -> None:
        self.place = place
        self.folder = folder
        folder.mkdir()
        path = folder / "git"
        path.write_text(GIT.format(folder=folder, git=shutil.which("git")))
        path.chmod(0o755)

    def run(self, spec: Path, when: str = "never", at: int = 0) -> int:
        (self.folder / "count").write_text("0\n")
        (self.folder / "kill").write_text(f"{when} {at}\n")
        former = os.environ["PATH"]
        os.environ["PATH"] = f"{self.folder}{os.pathsep}{former}"
        try:
            process = self.place.start(spec)
        finally:
            os.environ["PATH"] = former
        with process:
            errors = process.communicate(timeout=60)[1]
        assert process.returncode == (0 if when == "never" else -9), errors
        return int((self.folder / "count").read_text())


@pytest.mark.parametrize("purpose", ["setup", "check", "merge"])
def test_a_kill_around_every_git_command(tmp_path: Path, purpose: str) -> None:
    place = Place(tmp_path / "repository")
    killer = Killer(place, tmp_path / "bin")
    before = fingerprint(place.root)
    begin(place, purpose, "1.0")
    checks = [{"run": "true"}]
    calls = killer.run(place.spec(purpose, "1.0", checks=checks))
    assert calls >= 5
    finish(place, purpose, "1.0")
    points = [(when, number) for number in range(1, calls + 1) for when in WHEN]
    for place_, (when, number) in enumerate(points, 1):
        task = f"1.{place_}"
        begin(place, purpose, task)
        killer.run(place.spec(purpose, task, checks=checks), when, number)
        assert place.job(purpose, task, checks=checks)["ok"], f"killed {when} git command {number}"
        finish(place, purpose, task)
    assert fingerprint(place.root) == before
    place.git("fsck", "--strict", "--no-dangling")


def begin(place: Place, purpose: str, task: str) -> None:
    """All that comes before the job."""
    if purpose != "setup":
        assert place.job("setup", task)["ok"]
        place.write(f"{task}.txt", task, place.tree(task))
    if purpose == "merge":
        assert place.job("check", task)["ok"]
        shutil.rmtree(scratch_of(place.root, RUN), ignore_errors=True)  # it is made anew, as at the first merge
        place.git("worktree", "prune")


def finish(place: Place, purpose: str, task: str) -> None:
    """What must be so when the job was done, however often."""
    answer, tree = place.answer(purpose, task), place.tree(task)
    assert place.git("status", "--porcelain", cwd=tree) == ""
    if purpose == "check":
        assert answer["files"] == [f"{task}.txt"]
    if purpose == "merge":
        rows = [row for row in place.repository.merged(RUN, place.base) if row.task == task]
        assert [row.commit for row in rows] == [answer["commit"]] == [place.tip()]
        assert place.shown(place.tip(), f"{task}.txt") == task


def test_the_merge_of_an_attempt_that_was_given_up_does_not_stay(tmp_path: Path) -> None:
    """Found by the simulation: killed after the ref had moved, then failed, its task would have been merged twice."""
    place = Place(tmp_path / "repository")
    before = place.tip()
    moved = place.bring_in("1.1", "a.txt", "work")["commit"]
    assert place.repository.hold_tip(RUN, before, [("1.1", 1)]) == "", "its own merge is taken up again"
    assert place.tip() == moved
    kept = place.repository.hold_tip(RUN, before, [("1.1", 2)])
    assert place.tip() == before
    done = subprocess.run(["git", "rev-parse", kept], cwd=place.root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == moved, "what was there is kept"
