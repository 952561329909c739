"""Text to Plan: the rules that every dialect shares."""

from pathlib import Path

import pytest

from branchline.errors import NotFoundError, UsageError
from branchline.model.plan import Plan, Task
from branchline.planfile.explain import explain
from branchline.planfile.read import parse
from branchline.planfile.writeback import tick

FIXTURES = Path(__file__).parent / "planfile"


def read(name: str, **options: str) -> Plan:
    return parse((FIXTURES / f"{name}.md").read_text("utf-8"), f"plans/{name}.md", **options)


def plan(text: str, **options: str) -> Plan:
    return parse(text, "plans/x.md", **options)


def ids(found: Plan) -> list[str]:
    return [task.id for task in found.tasks]


def task(found: Plan, wanted: str) -> Task:
    return next(one for one in found.tasks if one.id == wanted)


def edges(found: Plan) -> list[tuple[str, str, str]]:
    return [(edge.before, edge.after, edge.kind) for edge in found.edges]


def runs(one: Task) -> list[tuple[str, float]]:
    return [(check.run, check.confidence) for check in one.checks]


def fates(found: Plan) -> dict[int, str]:
    return {one.line: one.became for one in found.ignored}


def test_phases_and_task_headings() -> None:
    found = read("phases")
    assert [(one.id, one.kind, one.parent, one.line) for one in found.tasks] == [
        ("1", "composite", None, 8),
        ("1.1", "atomic", "1", 10),
        ("1.2", "atomic", "1", 19),
        ("2", "composite", None, 25),
        ("2.3", "atomic", "2", 27),
        ("2.4", "atomic", "2", 35),
    ]
    assert found.goal == "People want their reports as files."
    assert [check.run for check in found.gate] == ["make check"]
    assert [one.state for one in found.tasks] == ["open", "open", "open", "open", "done", "wip"]


def test_fields_of_a_task() -> None:
    writer = task(read("phases"), "1.1")
    assert writer.title == "Writer"
    assert [(ref.path, ref.role) for ref in writer.files] == [
        ("src/export/writer.py", "create"),
        ("tests/test_writer.py", "test"),
    ]
    assert runs(writer) == [("pytest tests/test_writer.py", 0.95), ("ruff check src", 0.95)]
    assert writer.needs == ("tests", "gpu")
    assert writer.checks[0].line == 16
    assert "Verify:" in writer.body


def test_prose_after_verify_is_a_criterion_and_never_a_command() -> None:
    page = task(read("phases"), "2.4")
    assert page.checks == ()
    assert page.criteria == ("the page looks right",)


def test_a_command_that_is_expected_to_fail_is_no_check() -> None:
    assert task(read("phases"), "1.2").checks == ()


def test_an_unknown_reference_holds_the_task() -> None:
    (finding,) = read("phases").findings
    assert (finding.code, finding.task, finding.hold, finding.line) == ("unknown-reference", "2.4", True, 38)


def test_boxes_under_an_acceptance_label_are_criteria() -> None:
    found = read("phases")
    assert task(found, "2.3").criteria == ("answers in a second", "has a name")
    assert fates(found)[32] == "criterion"


def test_written_and_implied_edges() -> None:
    assert edges(read("phases")) == [
        ("1.1", "2.3", "written"),
        ("1.2", "2.3", "written"),
        ("1", "2", "phase"),
    ]


def test_the_order_policy() -> None:
    text = "## Phase 1: A\n### Task 1: a\n### Task 2: b\n## Phase 2: B\n### Task 3: c\nDepends on: Task 1\n"
    assert {kind for _, _, kind in edges(plan(text, order="written"))} == {"written"}
    assert {kind for _, _, kind in edges(plan(text, order="phase"))} == {"written", "phase"}
    assert {kind for _, _, kind in edges(plan(text, order="numbered"))} == {"written", "phase", "sequence"}
    boxes = "- [ ] a\n- [ ] b\n- [ ] c\n"
    assert edges(plan(boxes)) == []
    assert edges(plan(boxes, order="document")) == [("1", "2", "sequence"), ("2", "3", "sequence")]


def test_a_text_without_tasks_is_a_plan_without_tasks() -> None:
    found = plan("# Manual\n\n## Usage\n\n- `a`: does this\n\n```shell\nrun me\n```\n")
    assert found.tasks == ()
    assert plan("").tasks == ()


def test_the_dialect_can_be_chosen_and_must_be_known() -> None:
    assert task(read("kiro", dialect="aidevops"), "2").state == "declined"
    with pytest.raises(UsageError, match="checkbox"):
        plan("- [ ] a", dialect="klingon")
    with pytest.raises(UsageError, match="numbered"):
        plan("- [ ] a", order="sideways")


def test_an_unknown_box_is_held() -> None:
    found = plan("- [-] maybe\n- [ ] sure\n")
    assert [(one.code, one.task, one.hold) for one in found.findings] == [("unknown-box", "1", True)]


def test_fences_follow_commonmark() -> None:
    text = "````\n```\n- [ ] a\n````\n- [ ] b\n~~~ x\n```\n- [ ] c\n~~~~\n- [ ] d\n  ```\n  - [ ] e\n- [ ] f\n"
    assert [one.title for one in plan(text).tasks] == ["b", "d", "f"]


def test_an_unclosed_comment_or_fence_is_said() -> None:
    assert [one.code for one in plan("- [ ] a\n\n<!--\n- [ ] b\n").findings] == ["unclosed-comment"]
    assert [one.code for one in plan("- [ ] a\n\n```\n- [ ] b\n").findings] == ["unclosed-fence"]


def test_a_plan_that_was_pasted_with_the_fence_before_it_alone() -> None:
    text = "# TODO.md\n\n```Markdown\n## Core\n- [ ] a\n- [ ] b\n"
    found = plan(text)
    assert [task.title for task in found.tasks if task.kind == "atomic"] == ["a", "b"]
    assert [(one.code, one.line) for one in found.findings] == [("unclosed-fence", 3)]
    assert tick(text, [(5, "a", "")], "", "2026-01-01") == text.replace("- [ ] a", "- [x] a")
    shut = f"{text}```\n"
    assert [task.title for task in plan(shut).tasks if task.kind == "atomic"] == ["a", "b"]
    assert plan(shut).findings == ()
    assert tick(shut, [(5, "a", "")], "", "2026-01-01") == shut.replace("- [ ] a", "- [x] a")
    assert not plan(f"{shut}\nThat is how one looks.\n").tasks


def test_nesting_by_tabs_and_spaces_and_every_marker() -> None:
    for text in (
        "- [ ] a\n\t- [ ] b\n\t\t- [ ] c\n- [ ] d\n",
        "* [ ] a\n  * [ ] b\n    * [ ] c\n* [ ] d\n",
        "+ [ ] a\n    + [ ] b\n        + [ ] c\n+ [ ] d\n",
        "1. [ ] a\n   1) [ ] b\n      - [ ] c\n2. [ ] d\n",
        "1. [ ] a\r\n  - [ ] b\r\n    - [ ] c\r\n2. [ ] d\r\n",
    ):
        found = plan("\ufeff" + text)
        assert [(one.id, one.parent, one.kind) for one in found.tasks] == [
            ("1", None, "composite"),
            ("1.1", "1", "composite"),
            ("1.1.1", "1.1", "atomic"),
            ("2", None, "atomic"),
        ], text


def test_deeper_than_three_is_folded_and_said() -> None:
    found = plan("".join(f"{'  ' * depth}- [ ] level {depth}\n" for depth in range(8)))
    assert ids(found) == ["1", "1.1", "1.1.1", "1.1.1.1"]
    assert [one.code for one in found.findings] == ["too-deep"]
    assert fates(found) == dict.fromkeys((5, 6, 7, 8), "body")
    assert "level 7" in found.tasks[-1].body
    assert found.tasks[-1].kind == "atomic"


def test_setext_headings_and_long_titles() -> None:
    found = plan(
        "Things TODO\n===========\n\nPlanned features\n----------------\n\n"
        "* Append by default\n  instead of always\n\n  More.\n"
    )
    assert [one.title for one in found.tasks] == ["Append by default instead of always"]


def test_ids_that_are_none() -> None:
    found = plan("- [ ] S3 upload\n- [ ] UTF-8 names\n- [ ] 3 retries\n- [ ] k7 real\n- [ ] t1.2.3.4.5.6.7 too long\n")
    assert ids(found) == ["1", "2", "3", "k7", "5"]
    assert found.tasks[-1].extra["id"] == "t1.2.3.4.5.6.7"
    assert ids(plan("- [ ] T1 a\n- [ ] t1 b\n")) == ["T1", "t1~2"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("T001-T003", ["T001", "T002", "T003"]),
        ("T001, T003", ["T001", "T003"]),
        ("T001、T003", ["T001", "T003"]),
        ("T002 & T003", ["T002", "T003"]),
        ("all prior tasks", ["T001", "T002", "T003"]),
        ("none", []),
        ("None.", []),
        ("-", []),
        ("无", []),
    ],
)
def test_references_in_a_field(text: str, wanted: list[str]) -> None:
    found = plan(f"- [ ] T001 a\n- [ ] T002 b\n- [ ] T003 c\n- [ ] T004 d\n  Depends on: {text}\n", order="written")
    assert [edge.before for edge in found.edges if edge.after == "T004"] == wanted
    assert found.findings == ()


def test_a_task_may_be_named_by_its_title_and_not_by_itself() -> None:
    found = plan(
        "- [ ] Make the writer in `a.py`\n- [ ] Use it\n  Depends on: Make the writer\n- [ ] x\n  Blocked by: x\n"
    )
    assert edges(found) == [("1", "2", "written")]
    assert [(one.code, one.task) for one in found.findings] == [("self-dependency", "3")]


@pytest.mark.parametrize(
    ("line", "commands", "criteria"),
    [
        ("Verify: `pytest -q` and `ruff check .`", ["pytest -q", "ruff check ."], 0),
        ("Verify: rm -rf / must not run", [], 1),
        ("Verify: the file `src/a.py` is there", [], 1),
        ("Verify: the page shows `OK banner`", [], 1),
        ("**Test command:** `npm test`", ["npm test"], 0),
        ("Run: `./check.sh --all`", ["./check.sh --all"], 0),
        ("- **Verify**: `make`", ["make"], 0),
        ("Verify:\n\n```bash\n# all of it\npytest -q\nruff check .\n```", ["pytest -q", "ruff check ."], 0),
        ("Verify:\n\n```bash\ncd web\nnpm test\n```", ["cd web && npm test"], 0),
        ("Verify:\n\n```console\n$ make test\nok\n```", ["make test"], 0),
        ("Install:\n\n```bash\nnpm add left-pad\n```", [], 0),
        ("`npm test` 실행", ["npm test"], 0),
        ("`npm run lint` / `npm test` がエラーなく完了することを確認する", ["npm run lint", "npm test"], 0),
        ("Mit `pytest -q` prüfen, dass es hält", ["pytest -q"], 0),
        ("Verify `uv run demo --help` works", ["uv run demo --help"], 0),
        ("`docker compose up` で起動し画面を確認する", [], 0),
    ],
)
def test_what_is_a_check(line: str, commands: list[str], criteria: int) -> None:
    (one,) = plan(f"### Task 1: x\n\n{line}\n").tasks
    assert [check.run for check in one.checks] == commands
    assert len(one.criteria) == criteria


def test_a_section_on_order_is_read() -> None:
    text = (
        "## Phase 1: Setup\n### Task 1: a\n### Task 2: b\n## Phase 2: Build\n### Task 3: c\n### Task 4: d\n"
        "## Dependencies\n- Task 1 and Task 2 are independent and can be done in parallel\n"
        "- Task 4 depends on Task 1, Task 3\n- Setup blocks Build\n"
    )
    assert edges(plan(text)) == [("1.1", "2.4", "written"), ("2.3", "2.4", "written"), ("1", "2", "written")]


def test_a_table_of_tasks_is_a_plan() -> None:
    found = plan(
        "| ID | Title | Status | Est | Depends |\n|---|---|---|---|---|\n"
        "| T1 | One | done | 1d | - |\n| T2 | Two | todo | 2h | T1 |\n"
    )
    assert [(one.id, one.state, one.estimate) for one in found.tasks] == [("T1", "done", 8.0), ("T2", "open", 2.0)]
    assert edges(found) == [("T1", "T2", "written")]


def test_an_estimate_stands_at_the_end_of_a_title() -> None:
    found = plan("- [ ] 1.1 Draw ~15m\n- [ ] Paint (~2h)\n- [ ] Under ~5 colours\n- [ ] Hang ~soon\n")
    assert [one.estimate for one in found.tasks] == [0.25, 2.0, None, None]


def test_a_fence_of_markdown_around_all_of_a_plan_hides_nothing() -> None:
    text = "```markdown\n- [ ] draw it\n\n```bash\nmake x\n```\n\n- [ ] move it\n```\n\n"
    found = plan(text)
    assert [(one.title, one.line) for one in found.tasks] == [("draw it", 2), ("move it", 8)]
    assert tick(text, [(8, "move it", "2")], "", "") == text.replace("[ ] move", "[x] move")
    assert "draw it" not in [one.title for one in plan(f"{text}More.\n").tasks]  # then it is an example


def test_a_box_reaches_over_the_fields_below_it() -> None:
    text = (
        "## Units\n\n- [ ] **Unit 1: Model**\n\n**Dependencies:** None\n\n**Files:**\n- Create: `a/model.py`\n\n"
        "**Verification:**\n- Tests pass\n\n- [ ] **Unit 2: API**\n\n**Dependencies:** Unit 1\n\nVerify: `pytest -q`\n"
    )
    found = plan(text)
    assert [(one.id, one.title) for one in found.tasks] == [("1", "Model"), ("2", "API")]
    assert [ref.path for ref in found.tasks[0].files] == ["a/model.py"]
    assert found.tasks[0].criteria == ("Tests pass",)
    assert runs(found.tasks[1]) == [("pytest -q", 0.95)]
    assert edges(found) == [("1", "2", "written")]


def test_a_field_below_several_boxes_is_one_of_their_phase() -> None:
    boxes = "- [ ] alpha\n- [ ] beta\n\n"
    found = plan(
        f"## Phase 1: A\n\n{boxes}## Phase 2: B\n\n{boxes}**Depends on:** Phase 1\n\n**Verify:** `pytest -q`\n"
    )
    phase, *below = found.tasks[3:]
    assert (runs(phase), [runs(one) for one in below]) == ([("pytest -q", 0.95)], [[], []])
    assert ("1", "2", "written") in edges(found)


def test_numbered_headings_where_nothing_else_is_found() -> None:
    found = plan("# Refactor\n\n## 1. Extract it\n\nx\n\n## 2. Add tests\n\n## 3. Clean up\n")
    assert [(one.title, one.confidence) for one in found.tasks] == [
        ("Extract it", 0.6),
        ("Add tests", 0.6),
        ("Clean up", 0.6),
    ]


def test_lists_in_brackets_are_lists() -> None:
    found = plan("### T1: a\n- depends_on: []\n- files: [a.py, b.py]\n### T2: b\n- depends_on: [T1]\n")
    assert [ref.path for ref in found.tasks[0].files] == ["a.py", "b.py"]
    assert (edges(found), found.findings) == ([("T1", "T2", "written")], ())


def test_explain_says_what_became_of_every_line() -> None:
    text = (FIXTURES / "phases.md").read_text("utf-8")
    found = read("phases")
    assert explain(found, text, 10)["became"] == "task"
    assert explain(found, text, 10)["task"] == "1.1"
    assert explain(found, text, 2)["why"].startswith("stands in the front matter")
    assert explain(found, text, 14)["task"] == "1.1"
    assert explain(found, text, 16)["became"] == "body"
    assert explain(found, text, 32)["became"] == "criterion"
    assert explain(found, text, 7)["became"] == "blank"
    assert explain(found, text, 41)["became"] == "heading"
    for line in range(1, text.count("\n") + 1):
        assert explain(found, text, line)["became"], line
    with pytest.raises(NotFoundError):
        explain(found, text, 900)


def test_explain_names_the_check_and_the_order_that_a_line_gives() -> None:
    text = "- [ ] T1 Draw it\n  - Checkpoint: Run `npm test`. All is round.\n- [ ] T2 Fold it (depends on T1)\n"
    text += "\n## Acceptance\n\n- `make rim` passes\n"
    found = plan(text)
    assert explain(found, text, 2)["why"] == "part of the description of T1; gives T1 the check `npm test`"
    assert explain(found, text, 3)["why"] == "read as a task by the rule: box; says that T2 waits for T1"
    assert explain(found, text, 7)["why"] == "a criterion of the whole plan; gives the gate `make rim`"


def test_explain_names_the_check_that_a_line_of_a_fence_gives() -> None:
    text = "### Task 1: Draw it\n\nRun:\n\n```sh\n# twice\n$ npm test\nall 3 pass\n```\n\n### Task 2: Fold it\n"
    given = [explain(plan(text), text, line)["why"].partition("; ")[2] for line in range(5, 10)]
    assert given == ["gives 1 the check `npm test`", "", "gives 1 the check `npm test`", "", ""]


def test_items_that_count_on_have_their_numbers_for_ids() -> None:
    plan = parse("- [ ] 5 Alpha\n- [ ] 6 Beta\n  - Depends on: 5\n\n## Other\n\n- [ ] 3 files to change\n", "p.md")
    assert [(task.id, task.title) for task in plan.tasks] == [
        ("5", "Alpha"),
        ("6", "Beta"),
        ("3", "3 files to change"),
    ]
    assert [(edge.before, edge.after) for edge in plan.edges] == [("5", "6")]
