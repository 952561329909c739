"""Bringing the work home: what is shown, the ways it goes, and that nothing is pushed unless asked."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from worlds import Live, Task, World

GH = """#!/bin/sh
printf '%s\\n' "$@" > "{folder}/gh-words"
echo https://example.invalid/pull/7
exit {status}
"""


def do(world: World) -> None:
    world.plan(Task("1.1"), Task("1.2"))
    assert world.execute(world.agent("make\nsay done ok\nend\n")).status == 0


@pytest.fixture
def done(lived: Callable[[Live], World]) -> World:
    return lived(do)


def with_remote(world: World) -> Path:
    bare = world.folder / "remote.git"
    subprocess.run(["git", "init", "-q", "--bare", str(bare)], check=True)
    world.git("remote", "add", "origin", str(bare))
    return bare


def with_gh(world: World, status: int = 0) -> str:
    """A PATH on which `gh` writes down what it was asked."""
    tools = world.folder / "tools"
    tools.mkdir()
    (tools / "gh").write_text(GH.format(folder=world.folder, status=status))
    (tools / "gh").chmod(0o755)
    return f"{tools}:{os.environ['PATH']}"


def without_gh() -> str:
    return ":".join(part for part in os.environ["PATH"].split(":") if not Path(part, "gh").exists())


def refs(bare: Path) -> str:
    return subprocess.run(["git", "for-each-ref"], cwd=bare, capture_output=True, text=True, check=True).stdout


def test_land_shows_what_changes_and_what_proves_it(done: World) -> None:
    bare = with_remote(done)
    said = done.finish(done.start("land"))
    assert said.status == 0
    for words in ("3 files changed", "out-1.1.txt  +1 -0", "2 of 2 tasks done", "1.2 Write part 1.2  (checked, "):
        assert words in said.out, said
    assert (done.root / "out-1.2.txt").exists()
    assert refs(bare) == "", "nothing is pushed unless asked"
    again = done.run("land").json
    assert (again["moved"], again["files"]) == (True, [])


def test_what_is_home_is_not_offered_to_be_brought_home(done: World) -> None:
    assert "branchline land brings it" in done.finish(done.start("report")).out
    assert done.run("land").json["moved"]
    said = done.finish(done.start("report"))
    assert "branchline/r1/tip, and in your checkout." in said.out, said
    assert done.run("report").json["landed"]
    again = done.finish(done.start("execute", "plan.md", "--only", "1.1", "--yes"))
    assert "and in your checkout" in again.out, again
    (done.root / "branchline.toml").write_text("broken")
    assert "and in your checkout" in done.finish(done.start("report")).out, "a look needs no settings"


def test_a_branch_of_a_run_that_is_gone_can_be_brought_back_as_land_says(done: World) -> None:
    tip = done.git("rev-parse", "branchline/r1/tip")
    done.git("branch", "-D", "branchline/r1/tip")
    *_, command = done.run("land").json["error"].partition("was: git ")
    done.git(*command.split())
    assert done.git("rev-parse", "branchline/r1/tip") == tip
    assert done.run("land").json["moved"]


def test_land_names_older_runs_whose_work_is_not_on_the_branch(done: World) -> None:
    done.write("other.md", "# Other\n\n- [ ] 1 Write it\n  - Verify: `false`\n")
    failed = done.agent("make\nsay done ok\nend\n", "other.sh")
    assert done.run("execute", "other.md", "--yes", "--worker", failed).status == 4
    said = done.finish(done.start("land"))
    assert "r2 has merged nothing yet" in said.out
    assert "r1 has merged work that is not on your branch: branchline land --run r1" in said.out, said
    assert done.run("land").json["others"] == ["r1"]
    done.git("reset", "-q", "--hard", "HEAD^")
    assert done.run("land", "--run", "r1").json["moved"]
    assert done.run("land").json["others"] == []


def test_land_as_a_merge_commit_has_the_report_in_its_message(done: World) -> None:
    done.settings('[land]\nmode = "merge"\n')
    moved = done.run("land")
    assert moved.status == 3, "the settings were committed after the run began"
    assert "git rebase" in moved.json["advice"]
    done.git("reset", "-q", "--hard", "HEAD^")
    (done.root / "branchline.toml").write_text('[land]\nmode = "merge"\n')
    landed = done.run("land").json
    assert landed["moved"]
    assert [task["level"] for task in landed["evidence"]] == ["checked", "checked"]
    assert len(done.git("log", "-1", "--format=%P").split()) == 2
    message = done.git("log", "-1", "--format=%B")
    assert "# Report of plan" in message
    assert "and in your checkout" in message
    assert done.git("diff", "--stat", "HEAD", "branchline/r1/tip") == ""


def test_a_dirty_checkout_is_left_alone(done: World) -> None:
    (done.root / "README.md").write_text("mine\n")
    refused = done.run("land")
    assert (refused.status, refused.json["moved"]) == (3, False)
    assert (done.root / "README.md").read_text() == "mine\n"
    assert not (done.root / "out-1.1.txt").exists()


@pytest.mark.parametrize("how", ["flag", "setting"])
def test_a_draft_is_opened_with_gh_and_the_report_is_its_text(done: World, how: str) -> None:
    bare, path, before = with_remote(done), with_gh(done), done.checkout()
    (done.root / "branchline.toml").write_text('[land]\nmode = "pr"\n' if how == "setting" else "")
    found = done.run("land", *(["--pr"] if how == "flag" else []), PATH=path)
    assert found.status == 0, found
    assert (found.json["url"], found.json["pushed"]) == ("https://example.invalid/pull/7", "origin")
    words = (done.folder / "gh-words").read_text().splitlines()
    assert words[:5] == ["pr", "create", "--draft", "--head", "branchline/r1/tip"]
    assert "**1.1**" in Path(found.json["body"]).read_text()
    assert refs(bare).split()[0] == done.git("rev-parse", "branchline/r1/tip")
    assert done.checkout() == before


def test_a_draft_that_gh_does_not_open_is_an_error(done: World) -> None:
    with_remote(done)
    failed = done.run("land", "--pr", PATH=with_gh(done, status=1))
    assert (failed.status, failed.json["code"]) == (4, "E_FAILED")


@pytest.mark.parametrize("lack", ["gh", "remote"])
def test_without_gh_or_a_remote_the_draft_is_printed_and_nothing_is_pushed(done: World, lack: str) -> None:
    bare = with_remote(done) if lack == "gh" else None
    found = done.run("land", "--pr", PATH=without_gh() if lack == "gh" else with_gh(done))
    assert (found.status, found.json["url"], found.json["pushed"]) == (0, "", "")
    assert "open a draft" in found.json["advice"]
    assert bare is None or refs(bare) == ""
    assert not (done.folder / "gh-words").exists()
    assert json.loads(json.dumps(found.json["diffstat"])) == {"files": 3, "added": 4, "removed": 2}


def test_programs_that_the_repository_names_are_not_run_by_a_push(done: World) -> None:
    with_remote(done)
    proof = done.folder / "proof"
    evil = done.folder / "evil"
    evil.write_text(f"#!/bin/sh\ntouch '{proof}'\nexit 1\n")
    evil.chmod(0o755)
    for name in ("remote.origin.receivepack", "core.sshCommand", "core.hooksPath", "credential.helper"):
        done.git("config", name, str(evil if name != "core.hooksPath" else done.folder))
    (done.folder / "pre-push").write_text(evil.read_text())
    (done.folder / "pre-push").chmod(0o755)
    assert done.run("land", "--pr", PATH=with_gh(done)).json["pushed"] == "origin"
    assert not proof.exists()
