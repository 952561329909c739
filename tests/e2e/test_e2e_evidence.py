"""Evidence that can be looked at again: what was recorded is so, or it is said that it is not."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from worlds import Live, Task, World


def do(world: World) -> None:
    """A run with one task whose check looks at a file of its own and at one outside of the repository."""
    (world.folder / "outside").touch()
    world.plan(Task("1.1", verify=f"cat out-1.1.txt && test -e {world.folder}/outside"))
    assert world.execute(world.agent("make\nsay done ok\nend\n")).status == 0


@pytest.fixture
def done(lived: Callable[[Live], World]) -> World:
    return lived(do)


def log_of(world: World) -> Path:
    (log,) = world.root.glob(".branchline/runs/r1/1.1/1/merge/*/checks/merged-1.log")
    return log


def test_what_was_recorded_is_found_again(done: World) -> None:
    before = done.checkout()
    found = done.run("evidence", "1.1", "--verify")
    assert found.status == 0, found
    ((command, recorded, now, intact),) = [tuple(row.values()) for row in found.json["verified"]["checks"]]
    assert (command.partition(" ")[0], recorded, now, intact) == ("cat", 0, 0, True)
    assert found.json["verified"]["faults"] == []
    assert found.json["tree"] == done.git("rev-parse", f"{found.json['commit']}^{{tree}}")
    assert (found.json["claim"], found.json["diffstat"]["files"]) == ({"status": "done", "summary": "ok"}, 1)
    assert done.worktrees() == []
    assert done.checkout() == before


def test_a_check_that_fails_now_is_told(done: World) -> None:
    (done.folder / "outside").unlink()
    found = done.run("evidence", "1.1", "--verify")
    assert (found.status, found.json["code"]) == (4, "E_FAILED")
    (fault,) = found.json["verified"]["faults"]
    assert "ended with 0, and ends with 1 now" in fault
    assert found.json["verified"]["checks"][0]["found"] == 1


def test_a_log_that_was_changed_is_told(done: World) -> None:
    log_of(done).write_text("it went very well\n")
    found = done.run("evidence", "1.1", "--verify")
    assert found.status == 4
    assert "is not the one that was recorded" in found.json["verified"]["faults"][0]
    log_of(done).unlink()
    assert done.run("evidence", "1.1", "--verify").json["verified"]["checks"][0]["log_intact"] is None


def test_a_commit_that_left_the_branch_is_told(done: World) -> None:
    done.git("update-ref", "refs/heads/branchline/r1/tip", "HEAD")
    found = done.run("evidence", "1.1", "--verify")
    assert found.status == 4
    assert "not on the integration branch" in found.json["verified"]["faults"][0]


def test_what_is_not_done_has_nothing_to_verify(world: World) -> None:
    world.plan(Task("1.1"))
    world.settings("retries = 0\n")
    assert world.execute(world.agent("say failed no\nend\n")).status == 4
    refused = world.run("evidence", "1.1", "--verify")
    assert (refused.status, refused.json["code"]) == (2, "E_USAGE")


def test_a_repository_that_a_worker_made_is_not_taken_and_everywhere_told(world: World) -> None:
    world.plan(Task("1.1"))
    assert world.execute(world.agent("make\ngit init -q inner && touch inner/work\nsay done ok\nend\n")).status == 0
    assert world.run("evidence", "1.1").json["left_out"] == ["inner"]
    for words in (("evidence", "1.1"), *(("report", "--format", form) for form in ("text", "md", "html"))):
        shown = world.finish(world.start(*words)).out
        assert re.search("not taken.*: inner", shown), shown
    assert [path.name for path in world.root.glob(".branchline/worktrees/r1/1.1/inner/work")] == ["work"]


# ---- checks of phases, and of what is touched

PHASE = """# A plan

Parts that belong together.

## 1. Both parts

Verify: `cat out-1.1.txt out-1.2.txt && echo whole >> {ledger}.phase`

- [ ] 1.1 Write the first part
  - Verify: `test -s out-1.1.txt`
- [ ] 1.2 Write the second part
  - Verify: `test -s out-1.2.txt`
"""


def test_the_check_of_a_phase_runs_once_after_its_last_task(world: World) -> None:
    world.write("plan.md", PHASE.format(ledger=world.ledger_file))
    result = world.execute(world.agent("make\nsay done ok\nend\n"), "-j", "2")
    assert result.status == 0, result
    assert Path(f"{world.ledger_file}.phase").read_text() == "whole\n"
    ran = [len(world.run("evidence", name).json["checks"]) for name in ("1.1", "1.2")]
    assert sorted(ran) == [1, 2]
    phase = world.run("evidence", "1").json
    assert (phase["state"], phase["level"], phase["below"]) == ("done", "checked", ["1.1", "1.2"])
    assert [(check["command"].partition(" ")[0], check["exit"]) for check in phase["checks"]] == [("cat", 0)]
    assert phase["commit"] == world.git("rev-parse", "branchline/r1/tip")
    world.check_laws()


def test_a_phase_whose_check_fails_sends_its_last_task_back(world: World) -> None:
    world.write("plan.md", PHASE.format(ledger=world.ledger_file).replace("cat out-1.1.txt", "cat nowhere.txt"))
    result = world.execute(world.agent("make\nsay done ok\nend\n"), "-j", "1")
    assert result.status == 4, result
    assert world.states() == {"1.1": "done", "1.2": "failed"}
    assert "cat nowhere.txt" in world.reasons()["1.2"]
    phase = world.run("evidence", "1").json
    assert (phase["state"], phase["level"], phase["checks"]) == ("failed", "", [])
    world.check_laws()


def test_commands_by_pattern_run_on_what_was_touched_and_on_nothing_else(world: World) -> None:
    world.write("old.sh", "if\n")
    world.settings('[gate.by_glob]\n"*.sh" = "for f in \\"$@\\"; do :; done; sh -n"\n')
    world.plan(Task("1.1"), Task("1.2"))
    body = """make
case $run in
  "1.1 "*) mkdir -p 'a b'; echo 'echo fine' > 'a b/-new.sh';;
  *) printf 'if\\n' > bad.sh;;
esac
say done ok
end
"""
    assert world.execute(world.agent(body)).status == 4
    assert world.states() == {"1.1": "done", "1.2": "failed"}
    commands = [check["command"] for check in world.run("evidence", "1.1").json["checks"]]
    assert commands[1].endswith("sh -n 'a b/-new.sh'")
    assert "sh -n bad.sh" in world.reasons()["1.2"]
    world.check_laws()


# ---- what is done stays done

BREAKS = """
case $BRANCHLINE_TASK_ID in
  1.1) echo base > shared.txt; make;;
  *) echo other > "out-$BRANCHLINE_TASK_ID.txt"; if [ $BRANCHLINE_ATTEMPT = 1 ]; then echo broken > shared.txt; fi;;
esac
say done ok
end
"""


@pytest.mark.parametrize(("recheck", "attempts"), [("touched", 2), ("all", 2), ("none", 1)])
def test_a_merge_that_breaks_a_done_task_is_sent_back(world: World, recheck: str, attempts: int) -> None:
    world.settings(f'[land]\nrecheck = "{recheck}"\n')
    world.plan(Task("1.1", verify="grep -qx base shared.txt"), Task("1.2", after=("1.1",)))
    assert world.execute(world.agent(BREAKS)).status == 0
    assert world.task("1.2").attempt == attempts
    retries = [event.cause for event in world.events() if event.kind == "retrying"]
    if attempts == 2:
        assert "it breaks task 1.1, which is done" in retries[0]
        assert world.tip("shared.txt") == "base"
        told = world.run("prompt", "1.2").json["prompt"]
        assert "it breaks task 1.1, which is done: check failed on the merged result: grep -qx base" in told
        commit = world.run("evidence", "1.1").json["commit"][:12]
        assert f"is done at commit {commit} and changed out-1.1.txt, shared.txt." in told, "the other side"
        assert "It said: ok" in told
    else:
        assert retries == []
    assert [c["source"] for c in world.run("evidence", "1.2").json["checks"]] in (
        [["plan"]] if recheck != "all" else [["plan", "recheck of 1.1"]]
    )
    world.check_laws()


def test_the_report_is_one_page_with_graph_time_line_and_evidence(done: World) -> None:
    said = done.finish(done.start("report", "--format", "html"))
    assert said.status == 0
    assert said.out.startswith("<!doctype html>")
    assert said.out.count("<svg") == 2
    assert '<details id="e-1.1">' in said.out
    assert done.run("report", "--format", "html").json["html"].strip() == said.out.strip()
