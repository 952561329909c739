"""From a claim to a verdict: which checks judge a task, and what their outcome says."""

from typing import Any

import pytest

from branchline import land
from branchline.model.plan import Check, FileRef, Task

CHECK, GATE = Check("make unit"), Check("make test")
PASSED = {"command": "make unit", "exit": 0, "seconds": 1.0, "commit": "c1", "tail": ""}
FAILED = {**PASSED, "exit": 2, "tail": "boom"}


def judged(task: Task, **result: Any) -> Any:
    """The verdict on a job's result in a worktree, for a role that may edit."""
    return land.judge_checks(task, "checked", result, isolated=True, read_only=False)


@pytest.mark.parametrize(
    ("checks", "gate", "level"),
    [((CHECK,), (GATE,), "checked"), ((), (GATE,), "gated"), ((), (), "unchecked")],
)
def test_a_task_is_judged_by_its_own_checks_else_by_the_gate(checks: Any, gate: Any, level: str) -> None:
    found, proves = land.checks_for(Task("1", "one", checks=checks), gate)
    assert (found, proves) == (checks or gate, level)


def test_checks_that_passed_prove_their_level() -> None:
    verdict = judged(Task("1", "one"), ok=True, checks=[PASSED], commit="c1", files=["a"])
    assert (verdict.ok, verdict.level, verdict.commit, verdict.cause) == (True, "checked", "c1", "")


def test_nothing_was_checked_when_nothing_ran() -> None:
    assert judged(Task("1", "one"), ok=True, checks=[]).level == "unchecked"


def test_a_failed_check_is_named_with_its_exit_and_the_end_of_its_output() -> None:
    verdict = judged(Task("1", "one"), ok=False, checks=[PASSED, FAILED])
    assert (verdict.ok, verdict.cause, verdict.error) == (False, "check failed: make unit (exit 2)", "boom")


def test_a_check_that_could_not_be_run_is_no_failed_check() -> None:
    verdict = judged(Task("1", "one"), ok=False, checks=[], error="the worktree is gone")
    assert (verdict.cause, verdict.error) == ("the check could not be run", "the worktree is gone")


def test_a_change_of_what_steers_us_needs_a_person() -> None:
    verdict = judged(Task("1", "one"), ok=True, checks=[PASSED], files=["branchline.toml"], guarded=["branchline.toml"])
    assert "branchline.toml" in verdict.needs_person


def test_a_role_that_may_not_edit_may_write_only_what_its_task_names() -> None:
    task = Task("1", "one", role="research", files=(FileRef("notes", "create"),))
    result = {"ok": True, "checks": [PASSED], "files": ["notes/a.md"]}
    verdict = land.judge_checks(task, "checked", result, isolated=True, read_only=True)
    assert verdict.needs_person == ""
    result["files"] = ["notes/a.md", "src/x.py"]
    verdict = land.judge_checks(task, "checked", result, isolated=True, read_only=True)
    assert "src/x.py" in verdict.needs_person
    assert verdict.out_of_scope == ("src/x.py",)


def test_a_merge_keeps_the_level_and_replaces_the_checks() -> None:
    before = judged(Task("1", "one"), ok=True, checks=[PASSED], commit="c1", files=["a"])._asdict()
    merged = land.judge_merge(before, {"ok": True, "commit": "m1", "checks": [{**PASSED, "commit": "m1"}]})
    assert (merged.ok, merged.level, merged.commit, merged.files) == (True, "checked", "m1", ("a",))
    assert merged.checks[0]["commit"] == "m1"


def test_a_check_that_fails_on_the_merged_result_says_so() -> None:
    verdict = land.judge_merge({"level": "checked"}, {"ok": False, "checks": [FAILED]})
    assert verdict.cause == "check failed on the merged result: make unit (exit 2)"


def test_the_commit_message_holds_no_control_characters() -> None:
    message = land.commit_message(Task("1", "a\x1b[2J title\nof two lines"), "did\x07 it")
    assert message.isprintable() is False
    assert not any(ord(character) < 32 and character != "\n" for character in message)
    assert message.splitlines()[0].startswith("1: a")
