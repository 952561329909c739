"""From a claim to a verdict: which checks judge a task, and what their outcome says."""

from typing import Any

import pytest

from branchline import land
from branchline.model.plan import Check, DraftGraph, FileRef, Task
from branchline.workspace.globs import matching

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


@pytest.mark.parametrize(("reads", "why"), [(False, "no gate is known"), (True, "it delivers a text")])
def test_nothing_was_checked_when_nothing_ran(reads: bool, why: str) -> None:
    found = {"ok": True, "checks": [], "empty": reads}
    verdict = land.judge_checks(Task("1", "one"), "checked", found, isolated=True, read_only=reads)
    assert (verdict.ok, verdict.level) == (True, "unchecked")
    assert why in verdict.cause


def test_a_failed_check_is_named_with_its_exit_and_the_end_of_its_output() -> None:
    verdict = judged(Task("1", "one"), ok=False, checks=[PASSED, FAILED])
    assert (verdict.ok, verdict.cause, verdict.error) == (False, "check failed: make unit (exit 2)", "boom")


def test_a_check_that_could_not_be_run_is_no_failed_check() -> None:
    verdict = judged(Task("1", "one"), ok=False, checks=[], error="the worktree is gone")
    assert (verdict.cause, verdict.error) == ("the check could not be run", "the worktree is gone")


def test_a_change_of_what_steers_us_needs_a_person() -> None:
    verdict = judged(Task("1", "one"), ok=True, checks=[PASSED], files=["branchline.toml"], guarded=["branchline.toml"])
    assert "branchline.toml" in verdict.needs_person


def test_what_a_role_may_not_change_stands_in_the_verdict() -> None:
    result = {"ok": True, "checks": [PASSED], "files": [], "empty": True, "refused": ["src/x.py"]}
    verdict = land.judge_checks(Task("1", "one", role="research"), "gated", result, isolated=True, read_only=True)
    assert (verdict.ok, verdict.level, verdict.needs_person, verdict.refused) == (True, "gated", "", ("src/x.py",))
    assert land.judge_merge(verdict._asdict(), result).refused == ("src/x.py",)


def test_a_merge_keeps_the_level_and_replaces_the_checks() -> None:
    before = judged(Task("1", "one"), ok=True, checks=[PASSED], commit="c1", files=["a"])._asdict()
    merged = land.judge_merge(before, {"ok": True, "commit": "m1", "checks": [{**PASSED, "commit": "m1"}]})
    assert (merged.ok, merged.level, merged.commit, merged.files) == (True, "checked", "m1", ("a",))
    assert merged.checks[0]["commit"] == "m1"


def test_a_check_that_was_flaky_in_the_worktree_is_not_hidden_by_the_merge() -> None:
    first = {"exit": 5, "tail": "no"}
    before = judged(Task("1", "one"), ok=True, checks=[{**PASSED, "flaky": True, "first": first}])._asdict()
    merged = land.judge_merge(before, {"ok": False, "checks": [PASSED, FAILED]})
    assert [(row.get("flaky"), row.get("first"), row["exit"]) for row in merged.checks] == [
        (True, first, 0),
        (None, None, 2),
    ]


def test_a_check_that_fails_on_the_merged_result_says_so() -> None:
    verdict = land.judge_merge({"level": "checked"}, {"ok": False, "checks": [FAILED]})
    assert verdict.cause == "check failed on the merged result: make unit (exit 2)"


def test_the_commit_message_holds_no_control_characters() -> None:
    message = land.commit_message(Task("1", "a\x1b[2J title\nof two lines"), "did\x07 it")
    assert message.isprintable() is False
    assert not any(ord(character) < 32 and character != "\n" for character in message)
    assert message.splitlines()[0].startswith("1: a")


def frozen_of(*tasks: Task, gate: tuple[Check, ...] = (), patterns: tuple[str, ...] = ()) -> land.Frozen:
    """What is frozen in a plan of these tasks."""
    found = land.net_of(DraftGraph("plan.md", "", "", "", tasks, gate=gate))
    return land.Frozen(frozenset(found.get("tests", ())), patterns)


def altered(task: Task, *names: str, patterns: tuple[str, ...] = (), tasks: tuple[Task, ...] = ()) -> Any:
    """The verdict on a passed check job that changed these files, all of which were there before."""
    result = {"ok": True, "checks": [PASSED], "files": list(names), "altered": list(names)}
    frozen = frozen_of(task, *tasks, gate=(Check("sh test/gate.sh"),), patterns=patterns)
    return land.judge_checks(task, "checked", result, isolated=True, read_only=False, frozen=frozen)


def test_an_attempt_that_changes_what_a_check_rests_on_needs_a_person() -> None:
    other = Task("2", "two", files=(FileRef("spec/[slug].spec.ts", "test"),))
    task = Task("1", "one", checks=(Check("python -m pytest tests/unit/test_x.py::test_y -q"),))
    for name in ("tests/unit/test_x.py", "spec/[slug].spec.ts", "ci/gate.sh", "test/gate.sh"):
        verdict = altered(task, "src/x.py", name, patterns=("ci/",), tasks=(other,))
        assert verdict.frozen == (name,)
        assert verdict.needs_person == f"it changed files that checks rest on: {name}"
    assert altered(task, "src/x.py", "tests/unit/test_y.py", "spec/s.spec.ts", patterns=("ci/",)).needs_person == ""


def test_what_a_task_is_there_to_change_and_what_is_new_is_not_frozen() -> None:
    mine = Task("1", "one", files=(FileRef("tests/", "modify"),), checks=(Check("pytest tests/test_x.py"),))
    assert altered(mine, "tests/test_x.py").frozen == ()
    new = Task("1", "one", checks=(Check("pytest tests/test_x.py"),))
    result = {"ok": True, "checks": [PASSED], "files": ["tests/test_x.py"], "altered": []}
    frozen = frozen_of(new)
    assert land.judge_checks(new, "checked", result, isolated=True, read_only=False, frozen=frozen).needs_person == ""


def test_a_product_that_a_check_runs_or_reads_is_no_test_file() -> None:
    task = Task("1", "one", checks=(Check("node src/latest.js && grep -q x README.md && test -s out.txt"),))
    assert frozen_of(task).names == frozenset()


def test_the_gate_proves_nothing_of_a_task_that_changed_nothing() -> None:
    result = {"ok": True, "checks": [PASSED], "empty": True}
    task = Task("1", "one")
    verdict = land.judge_checks(task, "gated", result, isolated=True, read_only=False)
    assert (verdict.ok, verdict.level) == (True, "unchecked")
    assert "changed nothing" in verdict.cause
    assert land.judge_checks(task, "checked", result, isolated=True, read_only=False).level == "checked"
    assert land.judge_checks(task, "gated", result, isolated=True, read_only=True).level == "gated"


@pytest.mark.parametrize(
    ("pattern", "hit", "missed"),
    [
        ("*.sh", ["a.sh", "x/y/a.sh", "x/.sh"], ["a.shx", "a.sh/b"]),
        ("/*.sh", ["a.sh"], ["x/a.sh"]),
        ("tests/", ["tests/a", "x/tests/b/c"], ["tests", "a/tests", "mytests/a"]),
        ("/tests/", ["tests/a"], ["x/tests/a"]),
        ("src/**/x.py", ["src/x.py", "src/a/b/x.py"], ["x.py", "src/ax.py"]),
        ("a?[!0-9].t[xy]t", ["abc.txt", "d/abc.tyt"], ["ab1.txt", "abc.tzt"]),
        ("ü [a", ["ü [a"], ["ü a"]),
        ("a\\b", ["a\\b"], ["ab"]),
        ("a**b*/c", ["ab/c", "a/x/bx/c"], ["ab/x/c", "a/bc"]),
        ("[!a]b", ["x/cb"], ["ab", "a/b"]),
        (f"**/{'*a' * 40}b", ["x/" + "a" * 60 + "b"], ["a" * 200]),  # each star once, or it takes for ever
    ],
)
def test_patterns_mean_what_gitignore_would(pattern: str, hit: list[str], missed: list[str]) -> None:
    assert matching([*hit, *missed], [pattern]) == hit
