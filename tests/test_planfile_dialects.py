"""Text to Plan: one fixture for each dialect."""

from pathlib import Path

import pytest

from branchline.model.plan import Plan, Task
from branchline.planfile import DIALECTS
from branchline.planfile.read import parse

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


@pytest.mark.parametrize(
    ("name", "dialect"),
    [
        ("phases", "task-headings"),
        ("chinese", "task-headings"),
        ("boxes", "checkbox"),
        ("prose", "checkbox"),
        ("aidevops", "aidevops"),
        ("speckit", "speckit"),
        ("kiro", "kiro"),
        ("openspec", "openspec"),
        ("superpowers", "superpowers"),
        ("bmad", "bmad"),
        ("gsd", "gsd-xml"),
        ("bullets", "phase-bullets"),
    ],
)
def test_the_dialect_is_known_by_its_marks(name: str, dialect: str) -> None:
    found = read(name)
    assert found.dialect == dialect
    assert dialect in DIALECTS
    assert found.digest.startswith("sha256:")


def test_boxes_sections_and_states() -> None:
    found = read("boxes")
    assert [(one.title, one.kind, one.state, one.parent) for one in found.tasks] == [
        ("Make the file `src/a.py`", "atomic", "open", None),
        ("Fix the knobs", "composite", "open", None),
        ("left", "atomic", "open", "2"),
        ("right", "atomic", "done", "2"),
        ("Predict bodies", "atomic", "wip", None),
        ("Draw ships", "atomic", "done", None),
    ]
    assert runs(found.tasks[0]) == [("pytest tests/test_a.py", 0.95), ("ruff check", 0.95)]
    assert fates(found) == {5: "body", 6: "body", 18: "criterion", 21: "ignored", 25: "ignored"}


def test_aidevops_fields_and_tree() -> None:
    found = read("aidevops")
    assert ids(found) == ["t1", "t1.1", "t1.2", "t2", "t3", "t4", "t5", "t5~2", "t6", "t1.3"]
    shop = task(found, "t1")
    assert (shop.title, shop.kind, shop.estimate, shop.extra["owner"]) == ("Build the shop", "composite", 4.0, "ann")
    assert task(found, "t1.2").state == "declined"
    assert task(found, "t2").state == "wip"
    assert task(found, "t2").needs == ("gpu",)
    assert task(found, "t3").parent == "t1"
    assert task(found, "t1.3").parent == "t1"
    assert edges(found) == [
        ("t1.1", "t2", "written"),
        ("t2", "t3", "written"),
        ("t3", "t4", "written"),
        ("t5", "t6", "written"),
    ]


def test_aidevops_findings_and_routines() -> None:
    found = read("aidevops")
    assert [(one.code, one.task, one.hold) for one in found.findings] == [
        ("duplicate-id", "t5~2", False),
        ("unknown-reference", "t2", True),
        ("doubled-reference", "t6", True),
    ]
    assert fates(found) == {24: "ignored"}


def test_aidevops_words_in_backticks_are_no_fields() -> None:
    found = plan("- [ ] t1 Read `x blocked-by:t9 y` and `repeat:daily` ~1h\n- [ ] r-audit Look repeat:daily run:x\n")
    assert [(one.id, one.title) for one in found.tasks] == [("t1", "Read `x blocked-by:t9 y` and `repeat:daily`")]
    assert (found.edges, found.findings, fates(found)) == ((), (), {2: "ignored"})


def test_speckit_phases_are_barriers_and_stories_run_side_by_side() -> None:
    found = read("speckit")
    assert [edge for edge in edges(found) if edge[2] == "phase"] == [
        ("1", "2", "phase"),
        ("2", "3", "phase"),
        ("2", "4", "phase"),
        ("3", "N", "phase"),
        ("4", "N", "phase"),
    ]
    assert ("T003", "T005", "written") in edges(found)
    assert ("T003", "T004", "sequence") in edges(found)
    hashing = task(found, "T004")
    assert (hashing.title, hashing.extra["parallel"]) == ("Hash secrets in src/auth/hash.py", "P")
    assert [ref.path for ref in hashing.files] == ["src/auth/hash.py"]


def test_kiro_numbers_make_the_tree() -> None:
    found = read("kiro")
    assert [(one.id, one.parent, one.state) for one in found.tasks] == [
        ("1", None, "done"),
        ("2", None, "wip"),
        ("2.1", "2", "open"),
        ("2.2", "2", "open"),
        ("3", None, "open"),
    ]
    assert task(found, "2").kind == "composite"
    assert task(found, "2.2").extra["optional"] == "yes"
    assert ("1", "2", "sequence") in edges(found)


def test_openspec_groups_follow_one_another_and_may_be_called_verification() -> None:
    found = read("openspec")
    assert ids(found) == ["1", "1.1", "1.2", "2", "2.1"]
    assert edges(found) == [("1", "2", "phase")]
    assert runs(task(found, "2.1")) == [("pnpm test -r", 0.8)]


def test_superpowers_task_is_atomic_and_its_last_passing_run_is_the_check() -> None:
    found = read("superpowers")
    assert [(one.id, one.kind) for one in found.tasks] == [("1", "atomic"), ("2", "atomic")]
    assert runs(found.tasks[0]) == [("pytest tests/test_counter.py", 0.95)]
    assert runs(found.tasks[1]) == [("pytest -q", 0.95)]
    assert [(ref.path, ref.role) for ref in found.tasks[0].files] == [
        ("src/counter.py", "create"),
        ("tests/test_counter.py", "test"),
    ]
    assert set(fates(found).values()) == {"body"}
    assert found.goal == "Count things."


def test_bmad_takes_the_tasks_and_nothing_else() -> None:
    found = read("bmad")
    assert [one.title for one in found.tasks] == ["Make the data (AC: 1)", "Design it", "Fill it", "Show it (AC: 1)"]
    assert fates(found) == {4: "criterion", 13: "ignored", 16: "ignored"}


def test_gsd_elements() -> None:
    found = read("gsd")
    first, second = found.tasks
    assert (first.title, first.criteria) == ("Wire the store", ("it loads",))
    assert runs(first) == [("pytest -q && true", 1.0)]
    assert [ref.path for ref in first.files] == ["src/a.py", "src/b.py"]
    assert (second.checks, second.criteria) == ((), ("look by hand",))
    assert fates(found) == {23: "criterion"}


def test_the_feature_of_a_gsd_plan_that_begins_with_a_test_is_its_task() -> None:
    text = "---\ntype: tdd\n---\n\n<feature>\n  <name>Fold doubles</name>\n  <files>src/a.py</files>\n  <behavior>\n**Phase 1**\n"
    found = plan(
        f"{text}  - one stays\n  </behavior>\n</feature>\n\n<success_criteria>\n- it folds\n</success_criteria>\n"
    )
    assert (found.dialect, [one.title for one in found.tasks]) == ("gsd-xml", ["Fold doubles"])
    assert [ref.path for ref in found.tasks[0].files] == ["src/a.py"]


def test_bullets_of_phases_and_numbered_steps() -> None:
    found = read("bullets")
    assert ids(found) == ["1", "1.1", "1.2", "2", "2.1"]
    assert task(found, "1.1").confidence == 0.7
    steps = read("prose")
    assert ids(steps) == ["1", "2", "3"]
    assert edges(steps) == [("1", "2", "written"), ("2", "3", "sequence")]
    assert [check.run for check in steps.gate] == ["pytest tests/test_csv.py"]


def test_other_languages_mermaid_and_tables() -> None:
    found = read("chinese")
    assert ids(found) == ["TASK-001", "TASK-002", "TASK-003"]
    assert edges(found) == [("TASK-001", "TASK-002", "written"), ("TASK-002", "TASK-003", "written")]
    assert task(found, "TASK-001").criteria == ("依赖解析成功",)
    assert "duplicate" in fates(found).values()


def test_what_stands_in_back_ticks_of_any_number_is_no_field_of_a_todo_line() -> None:
    said = "see `` `repeat:(x)` ``, and `r9 Rim repeat:daily` in `rim/a.md` repeat:weekly"
    task = parse(f"- [ ] t1 Draw the rim {said} #grid\n- [ ] t2 Move it #grid ref:GH#2\n", "TODO.md").tasks[0]
    assert task.extra == {"repeat": "weekly", "tag": "grid"}
    assert task.title == "Draw the rim see `` `repeat:(x)` ``, and `r9 Rim repeat:daily` in `rim/a.md`"


CHECKPOINTS = """---
phase: 01-rim
---

<task type="auto"><name>Task 1: Draw the rim</name><files>a.py</files><done>drawn</done></task>

<task type="checkpoint:human-verify" gate="blocking">
  <what-built>The rim, whole.</what-built>
  <how-to-verify>Open it and look.</how-to-verify>
</task>

<task type="auto"><name>Task 2: Send the rim</name><files>b.py</files><done>sent</done></task>

<task type="checkpoint:decision"><decision>Which post office</decision></task>

<task type="auto"><action>Nothing names it.</action></task>
"""


def test_a_checkpoint_of_gsd_waits_for_a_person_and_what_stands_below_it_waits_too() -> None:
    found = parse(CHECKPOINTS, "01-01-PLAN.md")
    assert [one.title for one in found.tasks] == [
        "Draw the rim",
        "The rim, whole.",
        "Send the rim",
        "Which post office",
    ]
    draw, look, send, choose = (one.id for one in found.tasks)
    assert [(one.code, one.task, one.hold) for one in found.findings] == [
        ("checkpoint", look, True), ("checkpoint", choose, True),
    ]  # fmt: skip
    waits = {(edge.before, edge.after) for edge in found.edges}
    assert waits == {(draw, look), (look, send), (draw, send), (look, choose), (send, choose)}
    assert [one.why for one in found.ignored] == ["an XML task without a name"]
