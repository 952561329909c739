"""What lint finds in a plan, what it leaves alone, and how it is shown."""

import json
from pathlib import Path

import pytest

from branchline.budget.size import tier_of
from branchline.cli import main
from branchline.decompose import draft, plan_of
from branchline.decompose.lint import MOST_TASKS, RULES, lint
from branchline.decompose.mend import MENDS, by_rules
from branchline.errors import GraphError
from branchline.graph.edit import from_yaml, to_yaml
from branchline.graph.laws import check_draft


def found(text: str) -> list[tuple[str, str | None]]:
    """The findings of a plan but for missing checks: code and task."""
    made = draft(plan_of(text, "p.md"), None)
    return [(each.code, each.task) for each in lint(made) if each.code != "no-check"]


@pytest.mark.parametrize(
    ("task", "code"),
    [
        ("Build login, registration and OAuth", "several"),
        ("Write it\n  Modify: `a.py`, `b.py`, `c.py`, `d.py`", "many-files"),
        ("Rewrite the parser, about 1,500 lines", "too-long"),
        ("Port the engine ~2d", "too-long"),
        ("Clean up stuff", "vague-title"),
        ("Update tests", "vague-title"),
        ("Decide whether to keep the cache", "needs-decision"),
        ("Redis or Postgres?", "needs-decision"),
        ("Deploy the site\n  Needs an API key of the cloud.", "needs-credential"),
        ("Deploy with AWS_SECRET_KEY", "needs-credential"),
        ("Rotate our SSH keys", "needs-credential"),
        ("Investigate the slow query", "exploration"),
    ],
)
def test_a_task_that_is_hard_to_hand_over_is_found(task: str, code: str) -> None:
    assert (code, "t1") in found(f"- [ ] t1 {task}\n")
    assert found(f"- [x] t1 {task}\n") == []


@pytest.mark.parametrize(
    "task",
    [
        "Build login and registration",
        "Add a page that shows API keys",
        "Read a table with user_key and name",
        "Add a login with credential verification",
        "Write the parser in under 300 lines",
        "Reset the password\n  Modify: `a.py`, `b.py`\n  See `c.py`, `d.py`, `e.py`.",
        "Update the search index",
        "Decide on the token format\n  Decided: JWT",
        "Send mail; needs an API key\n  Credential: MAIL_KEY",
    ],
)
def test_a_plain_task_is_left_alone(task: str) -> None:
    assert found(f"- [ ] t1 {task}\n") == []


SMALL = "\n  Modify: `a.py`\n  Verify: `true`\n"


@pytest.mark.parametrize(
    ("task", "tier", "source"),
    [
        ("Write it\n  Modify: `a.py`, `b.py`, `c.py`, `d.py`", "thinking", "lint: many-files"),
        ("Rewrite the parser, about 1,500 lines", "thinking", "lint: too-long"),
        (f"Fix the typo ~15m{SMALL}", "simple", "lint: small"),
        (f"Add a flag, about 10 lines{SMALL}", "simple", "lint: small"),
        ("Fix the typo ~15m", "", ""),
        (f"Fix the typo ~2h{SMALL}", "", ""),
        (f"Fix the typo ~15m\n  Modify: `b.py`{SMALL}", "", ""),
        (f"Fix the typo{SMALL}", "", ""),
        ("Rewrite the parser, about 1,500 lines\n  tier: standard", "standard", "plan"),
        ("Rewrite the parser, about 1,500 lines\n  tier: gigantic", "thinking", "lint: too-long"),
    ],
)
def test_a_tier_is_the_plans_word_or_follows_from_what_is_said_of_the_size(task: str, tier: str, source: str) -> None:
    made = draft(plan_of(f"- [ ] t1 {task}\n", "p.md"), None)
    assert tier_of(made.tasks[0]) == (tier, source)


@pytest.mark.parametrize(
    ("task", "code", "answer"),
    [
        ("One", "no-check", "make one"),
        ("Clean up stuff", "vague-title", "Remove the unused cache"),
        ("Investigate the slow query", "exploration", ""),
        ("Decide on the token format", "needs-decision", "JWT"),
        ("Which cache do we take?", "needs-decision", "Redis"),
        ("Send mail; needs an API key", "needs-credential", "MAIL_KEY"),
        ("Two\n  Modify: `a.py`", "overlapping-files", ""),
        ("Build login, registration and OAuth", "several", ""),
        ("Rewrite the parser, about 1,500 lines", "too-long", ""),
        ("Write it\n  Modify: `a.py`, `b.py`, `c.py`, `d.py`", "many-files", ""),
    ],
)
def test_what_mends_a_finding_mends_it(task: str, code: str, answer: str) -> None:
    before = draft(plan_of(f"- [ ] t0 First\n  Modify: `a.py`\n- [ ] t1 {task}\n", "p.md"), None)
    assert (code, "t1") in {(each.code, each.task) for each in lint(before)}
    mended = MENDS[code].act(before, "t1", answer) if code in MENDS else by_rules(before, "t1")
    check_draft(mended)
    assert (code, "t1") not in {(each.code, each.task) for each in lint(mended)}
    assert {each.id for each in before.tasks} <= {each.id for each in mended.tasks}
    again = from_yaml(to_yaml(mended), mended)
    assert (again.tasks, set(again.edges)) == (mended.tasks, set(mended.edges))


def test_the_parts_of_a_task_share_its_files_by_name() -> None:
    text = "- [ ] t1 Write `a.py`, then write `data.py`, then write `c.py`\n  Modify: `a.py`, `data.py`, `c.py`, `all.py`\n"
    made = by_rules(draft(plan_of(text, "p.md"), None), "t1")
    files = [{file.path for file in task.files} for task in made.tasks if task.parent == "t1"]
    assert files == [{"a.py", "all.py"}, {"data.py", "all.py"}, {"c.py", "all.py"}]
    assert [(edge.before, edge.after) for edge in made.edges] == [("t1.1", "t1.2"), ("t1.2", "t1.3")]
    with pytest.raises(GraphError, match="names no parts"):
        by_rules(draft(plan_of("- [ ] t1 Write `a.py`\n", "p.md"), None), "t1")


def test_a_check_of_its_own_is_looked_for() -> None:
    made = draft(plan_of("- [ ] t1 One\n  Verify: `true`\n- [ ] t2 Two\n", "p.md"), None)
    assert [(each.code, each.task, each.line) for each in lint(made)] == [("no-check", "t2", 3)]


def test_files_overlap_where_no_path_of_edges_orders_them() -> None:
    same = "  Modify: `a.py`\n"
    text = (
        f"- [ ] t1 One\n{same}- [ ] t2 Two (depends on t1)\n- [ ] t3 Three (depends on t2)\n{same}- [ ] t4 Four\n{same}"
    )
    assert found(text) == [("overlapping-files", "t4")]


def test_a_long_chain_and_text_without_a_task_are_told_once() -> None:
    chain = "".join(f"- [ ] t{n} Part {n} of it{f' (depends on t{n - 1})' if n > 1 else ''}\n" for n in range(1, 14))
    assert found(chain) == [("long-chain", None)]
    plan = "# P\n\n- [ ] t1 One of them\n\n## Out of scope\n\n- [ ] t2 Another one\n- [ ] t3 A third one\n"
    assert found(plan) == [("text-not-covered", None)]
    assert found(f"{plan.partition('## Out')[0]}- [ ] t2 Another one\n\n## Dependencies\n\n- t2 depends on t1\n") == []


def test_a_large_graph_costs_a_look_at_each_task() -> None:
    text = "".join(f"- [ ] t{n} Part {n} of it\n  Modify: `a.py`\n" for n in range(MOST_TASKS + 1))
    assert found(text) == []


def test_findings_come_with_weight_and_fix_and_many_of_a_kind_are_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "p.md").write_text(
        "".join(f"- [ ] t{n} Part {n} of it\n" for n in range(1, 7)) + "- [ ] t7 Seven after t99\n"
    )
    words = ["decompose", "p.md", "--no-write", "-C", str(tmp_path)]
    assert main([*words, "--json"]) == 0
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert {each["code"]: (each["severity"], each["fix"]) for each in findings if each["code"] in RULES} == {
        "no-check": tuple(RULES["no-check"])
    }
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert shown.count("has no check of its own") == 1
    assert "the same of t2, t3, t4, t5, t6, t7 [no-check]" in shown
    assert RULES["no-check"].fix in shown
