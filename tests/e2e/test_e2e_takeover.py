"""A person takes a task over: their own program in its worktree, then the same checks as for any worker."""

import json
import signal
from pathlib import Path

import pytest

from worlds import Task, World

FAILS = 'echo "by the agent" > draft.txt\nsay failed "cannot do it"\nend\n'
PERSON = """#!/bin/sh
pwd > "@AT@"; echo "$BRANCHLINE_TASK_ID" >> "@AT@"
@DOES@
"""


@pytest.fixture
def failed(world: World) -> World:
    """A run of one task whose agent has given up."""
    world.settings("retries = 0\n")
    world.plan(Task("1.1"))
    assert world.execute(world.agent(FAILS)).status == 4
    return world


def person(world: World, does: str) -> dict[str, str]:
    """The environment of a person whose shell is a program of ours."""
    shell = world.folder / "person.sh"
    shell.write_text(PERSON.replace("@AT@", str(world.folder / "at")).replace("@DOES@", does))
    shell.chmod(0o755)
    return {"SHELL": str(shell)}


def test_what_a_person_did_in_the_worktree_is_checked_and_merged(failed: World) -> None:
    does = 'test -s draft.txt && echo "by a person" > out-1.1.txt'
    told = failed.finish(failed.start("take-over", "1.1", "--json", **person(failed, does)))
    assert (told.status, told.json["collected"], told.json["exit"]) == (0, True, 0), told
    assert (failed.folder / "at").read_text().split("\n")[:2] == [told.json["worktree"], "1.1"]
    assert told.out.count("\n") == 1
    result = failed.execute()
    assert result.status == 0, result
    assert failed.states() == {"1.1": "done"}
    assert failed.git("show", "branchline/r1/tip:out-1.1.txt").strip() == "by a person"
    assert len(failed.started()) == 1, "no agent was started for it"
    assert "no worker was started" in failed.run("prompt", "1.1").json["prompt"]


def test_a_person_is_checked_like_anybody_and_the_agent_goes_on(failed: World) -> None:
    assert failed.finish(failed.start("take-over", "1.1", **person(failed, "true"))).status == 0
    failed.settings("retries = 1\n")
    failed.agent("make\nsay done ok\nend\n")
    assert failed.execute().status == 0
    assert failed.states() == {"1.1": "done"}
    assert [attempt for _, attempt in failed.started()] == [1, 3], "the person's was the second"


def test_a_question_that_a_person_leaves_is_asked(failed: World) -> None:
    asks = json.dumps({"status": "blocked", "text": "Which way?"})
    does = f"printf '%s' '{asks}' > \"$BRANCHLINE_EXIT_FILE\""
    assert failed.finish(failed.start("take-over", "1.1", **person(failed, does))).status == 0
    assert failed.execute().status == 3
    assert failed.states() == {"1.1": "blocked"}


def test_nothing_is_collected_of_one_who_gave_up(failed: World) -> None:
    told = failed.finish(failed.start("take-over", "1.1", "--json", **person(failed, "exit 7")))
    assert (told.status, told.json["collected"], told.json["exit"]) == (4, False, 7)
    assert failed.states() == {"1.1": "failed"}


def test_what_a_persons_program_leaves_behind_ends_with_it(failed: World) -> None:
    does = f"setsid sh -c 'echo $$ > {failed.folder}/daemon; exec sleep 300' & until [ -s {failed.folder}/daemon ]; do :; done"
    assert failed.finish(failed.start("take-over", "1.1", **person(failed, does))).status == 0
    daemon = Path("/proc", (failed.folder / "daemon").read_text().strip())
    failed.until(lambda: not daemon.exists(), "its end")


def test_a_program_that_is_not_there_is_named(failed: World) -> None:
    told = failed.finish(failed.start("take-over", "1.1", "--json", SHELL="/nowhere/sh"))
    assert (told.status, told.json["code"]) == (2, "E_WORKER_MISSING")
    assert "/nowhere/sh" in told.json["error"]


def test_nobody_else_touches_the_task_meanwhile(failed: World) -> None:
    waits = f"while [ ! -e '{failed.folder / 'go'}' ]; do sleep 0.05; done"
    process = failed.start("take-over", "1.1", **person(failed, waits))
    failed.until(lambda: (failed.folder / "at").exists(), "the person to be there")
    for words in (["retry", "1.1"], ["skip", "1.1"], ["take-over", "1.1"]):
        told = failed.finish(failed.start(*words, "--json"))
        assert (told.status, told.json["code"]) == (75, "E_LOCKED"), told
        assert "taken over" in told.json["error"]
    process.send_signal(signal.SIGKILL)
    (failed.folder / "go").touch()
    failed.finish(process)
    assert failed.finish(failed.start("retry", "1.1")).status == 0, "the lock dies with its holder"


@pytest.mark.parametrize(("task", "words"), [("1.9", "no task"), ("2.1", "cannot take-over")])
def test_what_cannot_be_taken_over_says_why(failed: World, task: str, words: str) -> None:
    failed.plan(Task("1.1"), Task("2.1", after=("1.1",)), name="other.md")
    failed.start("execute", "other.md", "--yes", "--worker", failed.agent(FAILS)).wait()
    told = failed.finish(failed.start("take-over", task, "--json"))
    assert told.status == 2
    assert words in told.json["error"]


def test_a_task_without_a_worktree_cannot_be_taken_over(failed: World) -> None:
    assert failed.finish(failed.start("clean")).status == 0
    tree = Path(failed.root / ".branchline/worktrees/r1/1.1")
    if tree.exists():
        failed.git("worktree", "remove", "--force", str(tree))
    told = failed.finish(failed.start("take-over", "1.1", "--json"))
    assert told.status == 2
    assert "has no worktree" in told.json["error"]
