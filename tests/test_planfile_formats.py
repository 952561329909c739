"""The formats that are no markdown lists: what each becomes, and what is said of what is wrong in them."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from branchline import decompose
from branchline.cli import main
from branchline.errors import BranchlineError, GraphError, InputError, PlanError, UsageError
from branchline.model.plan import DraftGraph, Plan
from branchline.planfile import digests
from branchline.planfile.explain import explain
from branchline.planfile.formats import FORMATS
from branchline.planfile.read import parse
from branchline.planfile.writeback import tick

Row = tuple[str, str, str | None, str, int | None]


def plan(text: str, name: str = "plan", **how: str) -> Plan:
    """A text, read; every candidate line is a task's line or an ignored one."""
    found = decompose.plan_of(text, name, **how)
    lines = sorted([*(t.line or 1 for t in found.tasks), *(i.line for i in found.ignored)])
    assert sorted(found.candidates) == lines
    return found


def graph(text: str, name: str = "plan", **how: str) -> DraftGraph:
    """The graph of a text."""
    return decompose.graph_of(text, name, **how)


def rows(found: Plan | DraftGraph) -> list[Row]:
    """id, title, parent, state, line."""
    return [(t.id, t.title, t.parent, t.state, t.line) for t in found.tasks]


def edges(found: Plan | DraftGraph) -> set[str]:
    """Edges as `before>after`, the kind behind those that are not written."""
    return {f"{e.before}>{e.after}" + ("" if e.kind == "written" else f" {e.kind}") for e in found.edges}


def codes(found: Plan | DraftGraph) -> list[tuple[str, str | None, bool]]:
    """The findings: code, task, held."""
    return [(f.code, f.task, f.hold) for f in found.findings]


def text_of(value: Any) -> str:
    """JSON as people store it."""
    return json.dumps(value, indent=2)


TASKS: list[dict[str, Any]] = [
    {"id": 1, "title": "Lay", "status": "done", "dependencies": [], "priority": "high", "testStrategy": "`make test`"},
    {
        "id": "2",
        "title": "Build",
        "status": "in-progress",
        "description": "What",
        "details": "How",
        "dependencies": [1],
        "testStrategy": "- It runs\n- Run: `pytest -q`",
        "subtasks": [
            {"id": 1, "title": "Parse", "status": "completed", "dependencies": []},
            {"id": 2, "title": "Print", "status": "review", "dependencies": [1, "1", "3"], "parentTaskId": 2},
            {"id": 3, "title": "Later", "status": "deferred", "dependencies": ["2.1"]},
        ],
    },
    {"id": 3, "title": "Ship", "status": "cancelled", "dependencies": ["2.2", 2]},
]


@pytest.mark.parametrize(
    "value",
    [{"master": {"tasks": TASKS, "metadata": {}}}, {"tasks": TASKS, "meta": {}}, TASKS],
    ids=["tags", "flat", "list"],
)
def test_task_master_in_its_three_shapes(value: Any) -> None:
    found = plan(text_of(value))
    assert found.dialect == "taskmaster"
    assert [row[:4] for row in rows(found)] == [
        ("1", "Lay", None, "done"),
        ("2", "Build", None, "wip"),
        ("2.1", "Parse", "2", "done"),
        ("2.2", "Print", "2", "wip"),
        ("2.3", "Later", "2", "deferred"),
        ("3", "Ship", None, "declined"),
    ]
    assert edges(found) == {"1>2", "2.1>2.2", "2.3>2.2", "2.1>2.3", "2.2>3", "2>3"}
    one, two = found.tasks[:2]
    assert ([c.run for c in one.checks], one.extra) == (["make test"], {"priority": "high"})
    assert (two.body, two.criteria, [c.run for c in two.checks]) == ("What\n\nHow", ("It runs",), ["pytest -q"])
    assert (two.kind, found.tasks[3].extra) == ("composite", {})
    lines = text_of(value).split("\n")
    for task in found.tasks:
        assert task.line
        assert '"id"' in lines[task.line - 1]
        assert f'"title": "{task.title}"' in lines[task.line]


def test_of_several_tags_one_is_read_and_the_others_are_told() -> None:
    one = [{"id": 1, "title": "One", "subtasks": [{"id": 1, "title": "Below"}]}]
    text = text_of({"empty": {"tasks": []}, "side": {"tasks": one}, "master": {"tasks": [{"id": 7, "title": "Main"}]}})
    found = plan(text)
    assert [t.id for t in found.tasks] == ["7"]
    assert codes(found) == [("other-tags", None, False)]
    assert "side (1 tasks)" in found.findings[0].message
    assert [(i.text, i.section) for i in found.ignored] == [("One", "side"), ("Below", "side")]
    assert [t.id for t in plan(text, dialect="taskmaster:side").tasks] == ["1", "1.1"]
    assert plan(text, dialect="taskmaster:empty").tasks == ()
    with pytest.raises(PlanError, match="no tag 'other'; it has empty, side, master"):
        plan(text, dialect="taskmaster:other")
    assert [t.id for t in plan(text_of({"a": {"tasks": []}, "b": {"tasks": one}})).tasks] == ["1", "1.1"]


def test_a_line_is_found_whatever_the_texts_hold() -> None:
    tricky = {"title": 'say "id": 5', "note": '"title": "x"', "id": 1, "details": 'a\n"id": 9\n{"id": 3}'}
    text = text_of({"tasks": [tricky, {"subtasks": [{"title": "sub", "id": 1}], "id": 2, "title": "two"}]})
    found = plan(text)
    lines = text.split("\n")
    assert [(t.id, t.title) for t in found.tasks] == [("1", 'say "id": 5'), ("2", "two"), ("2.1", "sub")]
    assert ['"title"' in lines[(t.line or 0) - 1] for t in found.tasks] == [True, False, True]
    assert [t.line for t in plan('[{"id":1,"title":"a"},{"id":2,"title":"b"}]').tasks] == [1, 1]


BEADS = [
    {"id": "bd-a1", "title": "Epic", "status": "open", "issue_type": "epic", "priority": 1},
    {
        "id": "bd-a1.1",
        "title": "First",
        "status": "closed",
        "description": "words",
        "acceptance_criteria": "- it works",
    },
    {
        "id": "bd-a1.2",
        "title": "Second",
        "status": "in_progress",
        "estimated_minutes": 90,
        "dependencies": [
            {"issue_id": "bd-a1.2", "depends_on_id": "bd-a1.1", "type": "blocks"},
            {"issue_id": "bd-a1.2", "depends_on_id": "bd-x", "type": "discovered-from"},
        ],
    },
    {
        "id": "bd-x",
        "title": "Other",
        "status": "deferred",
        "dependencies": [
            {"issue_id": "bd-x", "depends_on_id": "bd-a1", "type": "parent-child"},
            {"issue_id": "bd-x", "depends_on_id": "bd-a1.2", "type": "waits-for"},
            {"issue_id": "bd-x", "depends_on_id": "bd-a1.1", "type": "conditional-blocks"},
            {"issue_id": "bd-x", "depends_on_id": "bd-a1.1", "type": "related"},
        ],
    },
    {"id": "bd-z", "title": "Gone", "status": "tombstone"},
]


@pytest.mark.parametrize("form", ["lines", "list"])
def test_beads_in_lines_and_as_a_list(form: str) -> None:
    text = "\n".join(map(json.dumps, BEADS)) + "\n\n" if form == "lines" else json.dumps(BEADS)
    found = plan(text)
    assert found.dialect == "beads"
    assert [row[:4] for row in rows(found)] == [
        ("bd-a1", "Epic", None, "open"),
        ("bd-a1.1", "First", "bd-a1", "done"),
        ("bd-a1.2", "Second", "bd-a1", "wip"),
        ("bd-x", "Other", "bd-a1", "deferred"),
    ]
    assert edges(found) == {"bd-a1.1>bd-a1.2", "bd-a1.2>bd-x", "bd-a1.1>bd-x"}
    assert (found.tasks[1].criteria, found.tasks[1].body, found.tasks[2].estimate) == (("it works",), "words", 1.5)
    assert found.tasks[2].extra["dependencies"][0]["type"] == "discovered-from"
    assert [i.text for i in found.ignored] == ["Gone"]
    assert [t.line for t in found.tasks] == ([1, 2, 3, 4] if form == "lines" else [1, 1, 1, 1])


def test_one_line_of_beads_is_beads() -> None:
    assert plan(json.dumps({"id": "x-1", "title": "Only", "status": "open"})).dialect == "beads"
    assert plan(json.dumps({"tasks": [{"id": 1, "title": "Only"}]})).dialect == "taskmaster"


def test_ralph_stories_in_the_order_of_their_priority() -> None:
    stories = [
        {
            "id": "US-2",
            "title": "Show",
            "priority": 2,
            "passes": False,
            "acceptanceCriteria": ["Seen", "`make lint` passes"],
        },
        {"id": "US-1", "title": "Store", "priority": 1, "passes": True, "description": "As a user", "notes": "n"},
        {"id": "US-3", "title": "Last", "passes": False, "dependsOn": ["US-1"]},
    ]
    found = plan(text_of({"project": "App", "description": "The aim", "userStories": stories}))
    assert (found.dialect, found.goal) == ("ralph", "The aim")
    assert [row[:4] for row in rows(found)] == [
        ("US-2", "Show", None, "open"),
        ("US-1", "Store", None, "done"),
        ("US-3", "Last", None, "open"),
    ]
    assert edges(found) == {"US-1>US-2 sequence", "US-2>US-3 sequence", "US-1>US-3"}
    assert edges(plan(text_of({"userStories": stories}), order="written")) == {"US-1>US-3"}
    assert (found.tasks[0].criteria, [c.run for c in found.tasks[0].checks]) == (("Seen",), ["make lint"])
    assert found.tasks[1].extra == {"priority": 1, "notes": "n"}


STAGES = """# A plan of stages
name: "Renew"
description: >
  Old to new.
stages:
  - name: "Ground"
    steps:
      - title: "Write the store"
        role: backend
        files: ["src/store.py"]
        description: |
          - [ ] this box is part of the text
          title: "Write the tests"
        completion_signals:
          - type: path_exists
            path: "src/my store.py"
          - type: file_contains
            path: src/store.py
            contains: "def it's"
          - type: command
            run: "pytest -q"
          - type: llm_review
            ask: "Is it good?"
      - title: "Write the tests"
  - name: Roof
    depends_on: [Ground]
    steps:
      - goal: Cover it
        depends_on: ["write the tests"]
"""


def test_bernstein_stages_and_steps() -> None:
    found = plan(STAGES)
    assert (found.dialect, found.goal) == ("bernstein", "Old to new.")
    assert rows(found) == [
        ("1", "Ground", None, "open", 6),
        ("1.1", "Write the store", "1", "open", 8),
        ("1.2", "Write the tests", "1", "open", 13),  # the same words in a text above: YAML is read without places
        ("2", "Roof", None, "open", 25),
        ("2.1", "Cover it", "2", "open", 28),
    ]
    assert edges(found) == {"1>2", "1.2>2.1"}
    task = found.tasks[1]
    assert [c.run for c in task.checks] == [
        "test -e 'src/my store.py'",
        """grep -qF -e 'def it'"'"'s' -- src/store.py""",
        "pytest -q",
    ]
    assert (task.criteria, [f.path for f in task.files]) == (("type: llm_review, ask: Is it good?",), ["src/store.py"])
    assert task.extra == {"role": "backend"}
    assert tick(STAGES, [(12, "this box is part of the text", "1.1")], "bernstein", "") is None


BACKLOG = """---
id: task-4
title: Add the list
status: In Progress
dependencies: [TASK-2]
labels:
  - tui
---

## Description

<!-- SECTION:DESCRIPTION:BEGIN -->
What it is for.
<!-- SECTION:DESCRIPTION:END -->

## Acceptance Criteria
<!-- AC:BEGIN -->
- [ ] #1 It lists
- [x] #2 `make test`
<!-- AC:END -->

## Implementation Plan
- [ ] draw it
"""


@pytest.mark.parametrize("name", ["decision-4", "ADR-007", "'adr-7'"])
def test_a_decision_with_front_matter_is_no_task(name: str) -> None:
    text = f"---\nid: {name}\ntitle: Keep it\nstatus: accepted\n---\n\n## Plan\n\n- [ ] draw it\n"
    assert [task.title for task in plan(text).tasks] == ["draw it"]


def test_a_backlog_file_is_one_task() -> None:
    found = plan(BACKLOG)
    assert found.dialect == "backlog"
    assert rows(found) == [("task-4", "Add the list", None, "wip", 2)]
    task = found.tasks[0]
    assert (task.criteria, [c.run for c in task.checks]) == (("It lists",), ["make test"])
    assert task.extra == {"labels": ["tui"]}
    assert "What it is for." in task.body
    assert "- [ ] draw it" in task.body
    assert "It lists" not in task.body
    assert [(i.line, i.became) for i in found.ignored] == [(18, "criterion"), (19, "criterion"), (23, "body")]
    assert codes(graph(BACKLOG)) == [("unknown-reference", "task-4", True)]
    assert tick(BACKLOG, [(18, "It lists", "task-4")], "backlog", "") is None


def test_a_folder_of_task_files_is_a_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "tasks"
    folder.mkdir()
    (folder / "task-4 - Add.md").write_text(BACKLOG)
    (folder / "task-2.md").write_text("---\nid: TASK-2\nstatus: done\nverify: ['true']\n---\n\n# From the heading\n")
    (folder / "task-4.1.md").write_text("---\nid: task-4.1\ntitle: Below\nstatus: To Do\n---\n")
    (folder / "task-10.md").write_text(
        "---\nid: task-10\ntitle: Last\nstatus: todo\ndepends_on: ['task-4', 'nope']\n---\n"
    )
    (folder / "README.md").write_text("# About\n- [ ] not a task\n")
    found = decompose.read_plan(folder, "tasks")
    assert [(t.id, t.title, t.parent, t.state, t.extra["file"]) for t in found.tasks] == [
        ("TASK-2", "From the heading", None, "done", "task-2.md"),
        ("task-4", "Add the list", None, "wip", "task-4 - Add.md"),
        ("task-4.1", "Below", "task-4", "open", "task-4.1.md"),
        ("task-10", "Last", None, "open", "task-10.md"),
    ]
    assert ("no-task", None, False) in codes(found)
    assert main(["decompose", "tasks", "--json", "-C", str(tmp_path)]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["graph"], said["dialect"]) == ("tasks.graph.json", "backlog")
    assert {(e["before"], e["after"]) for e in said["edges"]} == {("TASK-2", "task-4"), ("task-4", "task-10")}
    assert [f["task"] for f in said["findings"] if f["hold"]] == ["task-10"]
    before = digests.digest_of(folder)
    (folder / "task-2.md").write_text("---\nid: TASK-2\nstatus: todo\n---\n")
    assert digests.digest_of(folder) != before
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="a folder, not a file, and no"):
        decompose.read_plan(tmp_path / "none", "none")


CHART = """%% the plan
flowchart LR
  A["A: Lay the #quot;ground#quot;"] --> B(Build) & C{{Test}}
  subgraph later [Later on]
    direction TB
    D[/Ship/]; E((Cry))
    subgraph deep
      F
    end
  end
  B -.-> D
  C ==>|when green| D -- then --> E:::done
  E --- F
  F <-- A
  G ~~~ A
  later --> H@{ shape: rect, label: "The end" }
  class A,B done
  classDef done fill:#0f0
  click A "http://example.invalid"
"""


def test_a_mermaid_flowchart() -> None:
    found = plan(CHART)
    assert found.dialect == "mermaid"
    assert [row[:4] for row in rows(found)] == [
        ("A", 'Lay the "ground"', None, "done"),
        ("B", "Build", None, "done"),
        ("C", "Test", None, "open"),
        ("later", "Later on", None, "open"),
        ("D", "Ship", "later", "open"),
        ("E", "Cry", "later", "done"),
        ("deep", "deep", "later", "open"),
        ("F", "F", "deep", "open"),
        ("G", "G", None, "open"),
        ("H", "The end", None, "open"),
    ]
    assert edges(found) == {"A>B", "A>C", "B>D", "C>D", "D>E", "A>F", "later>H"}
    assert [t.line for t in found.tasks[:4]] == [3, 3, 3, 4]
    assert [(i.line, i.why.split(" ")[0]) for i in found.ignored] == [
        (5, "direction"),
        (13, "a"),
        (15, "a"),
        (18, "classDef"),
        (19, "click"),
    ]


def test_a_flowchart_in_the_only_fence_is_read_and_one_beside_tasks_is_not() -> None:
    fenced = "# Order\n\n```mermaid\ngraph TD\n  T1[Lay] --> T2[Build]\n```\n\n```mermaid\ngantt\n  title x\n```\n"
    found = plan(fenced)
    assert (found.dialect, edges(found), [t.line for t in found.tasks]) == ("mermaid", {"T1>T2"}, [5, 5])
    assert [i.line for i in found.ignored] == [8]
    assert plan(fenced + "\n- [ ] T1 Lay\n- [ ] T2 Build\n").dialect != "mermaid"
    assert plan("---\ntitle: x\n---\nflowchart TD\nA-->B-->C\n", "p.mmd").tasks[2].id == "C"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("flowchart TD\n  A --> \n", ":2: an arrow without an end"),
        ("flowchart TD\n  A[never\n", ":2: .*never closed"),
        ("flowchart TD\n  subgraph x\n  A\n", ":4: the subgraph x is never closed|:3: the subgraph x is never closed"),
        ("flowchart TD\n  end\n", ":2: an `end` without"),
    ],
)
def test_a_broken_flowchart_is_told_with_its_line(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        plan(text)


def test_a_line_of_a_flowchart_that_is_not_understood_is_reported() -> None:
    found = plan("flowchart TD\n  A --> B\n  what is this\n")
    assert ("not-understood", None, False) in codes(found)
    assert [i.line for i in found.ignored] == [3]


DOT = r"""/* a plan */ strict digraph "the plan" {
  rankdir=LR; label="The aim"; // how
  node [shape=box];
  # a line of the preprocessor
  t1 [label="t1 Say \"hi\"\nnow", status=done, est="2h", owner=me];
  "two words"; t1 -> {t2 t3} -> t4;
  subgraph cluster_g { label="Group"; t2; t3:n [label=<<b>Bold</b> one>] }
  t4 -> t5 [dir=back]; t5 -> t6 [style=invis]; t6 -- t1
}
"""


def test_a_digraph() -> None:
    found = plan(DOT)
    assert (found.dialect, found.goal) == ("dot", "The aim")
    assert rows(found) == [
        ("t1", 'Say "hi" now', None, "done", 5),
        ("two words", "two words", None, "open", 6),
        ("t2", "t2", "g", "open", 6),
        ("t3", "Bold one", "g", "open", 6),
        ("t4", "t4", None, "open", 6),
        ("g", "Group", None, "open", 7),
        ("t5", "t5", None, "open", 8),
        ("t6", "t6", None, "open", 8),
    ]
    assert edges(found) == {"t1>t2", "t1>t3", "t2>t4", "t3>t4", "t5>t4"}
    assert (found.tasks[0].estimate, found.tasks[0].extra) == (2.0, {"owner": "me"})
    assert [i.line for i in found.ignored] == [8, 8]
    assert graph(DOT).tasks[1].extra["id"] == "two words"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("digraph {\n a -> b\n", ":2: the graph is never closed"),
        ("digraph {\n a -> ;\n}", ":2: the name of a node"),
        ('digraph {\n a [label="x]\n}', ":2: not DOT: a text in quotes"),
        ("digraph {\n /* a\n}", ":2: not DOT"),
        ("digraph {\n" + "{" * 200 + "}" * 200 + "}", "nested more than"),
    ],
)
def test_a_broken_digraph_is_told_with_its_line(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        plan(text)


TABLE = """# Plan

| ID | Title | Status | Owner | Est | Depends |
|---|---|---|---|---|---|
| T1 | Lay | done | a | 1d | - |
| T2 | Build | todo | a | 4h | T1 |
| T3 | Ship | doing | b |  | T1, T2 |
"""


def test_a_planwright_table() -> None:
    found = plan(TABLE)
    assert rows(found) == [
        ("T1", "Lay", None, "done", 5),
        ("T2", "Build", None, "open", 6),
        ("T3", "Ship", None, "wip", 7),
    ]
    assert edges(found) == {"T1>T2", "T1>T3", "T2>T3"}
    assert [t.estimate for t in found.tasks] == [8.0, 4.0, None]


def test_what_a_plan_gets_wrong_is_a_finding_and_the_rest_goes_on() -> None:
    wrong = [
        {"id": 1, "title": "One", "status": "weird"},
        {"id": 1, "title": "Twin"},
        {"title": "No id", "dependencies": [9]},
        {"id": 4, "description": "first line\nmore"},
        {"id": 5, "title": "Waits", "status": "blocked"},
        {"id": 6, "title": "Refers", "dependencies": [1]},
        {"id": "a/b; rm", "title": "Odd"},
    ]
    draft = graph(text_of({"tasks": wrong}))
    assert [t.id for t in draft.tasks] == ["1", "1~2", "2", "4", "5", "6", "x7"]
    assert [t.title for t in draft.tasks][3] == "first line"
    assert set(codes(draft)) == {
        ("unknown-status", "1", True),
        ("no-id", "2", False),
        ("no-title", "4", False),
        ("blocked", "5", True),
        ("duplicate-id", "1~2", False),
        ("illegal-id", "x7", False),
        ("unknown-reference", "2", True),
        ("ambiguous-reference", "6", True),
    }


def test_a_circle_is_an_error_unless_it_is_behind_us() -> None:
    circle = [{"id": 1, "title": "a", "dependencies": [2]}, {"id": 2, "title": "b", "dependencies": [1]}]
    with pytest.raises(GraphError, match=r"1 -> 2 -> 1.*line 4"):
        graph(text_of({"tasks": circle}))
    done = [{**task, "status": "done"} for task in circle]
    assert [code for code, *_ in codes(graph(text_of({"tasks": done})))] == ["cycle"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"tasks": [\n {"id": 1,\n  "title": }]}', "p.json:3: not JSON"),
        ('{"tasks": [\n {"id": 1, "title": "a"}', "p.json:2: not JSON"),
        ('{"tasks": {"a": 1}}', "p.json:1: tasks must be a list, not an object"),
        ('{"tasks": [\n 5]}', "a task must be an object, not a number"),
        ('{"tasks": [\n {"id": [1], "title": "a"}]}', "p.json:2: id must be a text, not a list"),
        ('{"tasks": [\n {"id": 1,\n "title": {"a": 1}}]}', "p.json:2: title must be a text, not an object"),
        (
            '{"tasks": [\n\n {"id": 1, "title": "a", "dependencies": {"a": 1}}]}',
            "p.json:3: dependencies must be a list",
        ),
        ('{"tasks": [\n {"id": 1, "title": "a", "dependencies": [[1]]}]}', "p.json:2: dependencies must be a text"),
        ('{"tasks": [\n {"id": 1, "title": "a", "subtasks": "x"}]}', "p.json:2: subtasks must be a list"),
        (
            '{"tasks": [\n {"id": 1, "title": "a", "status": true}]}',
            "p.json:2: status must be a text, not true or false",
        ),
        ('{"tasks": [{"id": NaN, "title": "a"}]}', "p.json: not JSON: NaN"),
        ('{"a": 1}', "p.json:1: JSON, and none of the plans that are read"),
        ("5", "p.json:1: the file must be an object"),
        ("", "p.json:1: not JSON"),
        ('{"userStories": 5}', "p.json:1: userStories must be a list"),
        ('{"userStories": [{"id": "a", "title": "b",\n "priority": "x"}]}', "p.json:1: priority must be a number"),
        ('{"userStories": [\n{"id": "a", "title": "b", "passes": 1}]}', "p.json:2: passes must be true or false"),
        ("[" * 200 + "]" * 200, "nested"),
        ('{"tasks": [{"id": 1, "title": "a", "x": ' + "[" * 200 + "]" * 200 + "}]}", "nested more than 100 deep"),
        ('{"tasks": ' + "[" * 100_000, "nested too deeply"),
    ],
)
def test_broken_json_is_told_with_its_line(text: str, words: str) -> None:
    with pytest.raises(BranchlineError, match=words) as told:
        plan(text, "p.json")
    assert told.value.exit_status == 2


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ('{"id": "a", "title": "b"}\n{"id": \n', "p.jsonl", "p.jsonl:2"),
        ('{"id": "a", "title": "b"}\n5\n', "p.jsonl", "p.jsonl:2: a line must be an object"),
        ('{"id": "a", "title": "b", "dependencies": [5]}\n', "p", "p:1: a dependency must be an object"),
        ("stages:\n  - name: [\n", "p.yaml", "p.yaml:3"),
        ("stages:\n  - 5\n", "p.yaml", "stage 1 must be an object"),
        ("stages: 5\n", "p.yaml", "stages must be a list"),
        ("- a\n- b\n", "p.yaml", "the plan must be an object"),
        ("---\nid: [a]\ntitle: t\nstatus: x\n---\n", "p.md", "p.md:2: id must be a text, not a list"),
        ("---\nid: 'a\ntitle: t\nstatus: x\n---\n", "p.md", "p.md:"),
        ("&a [*a]\n", "p.yaml", "p.yaml:1"),
    ],
)
def test_what_is_broken_in_other_formats_is_told(text: str, name: str, words: str) -> None:
    with pytest.raises(BranchlineError, match=words) as told:
        plan(text, name)
    assert told.value.exit_status == 2


@pytest.mark.parametrize(
    "text",
    [
        "[a link](x) first\n\n- [ ] one\n",
        "[box] of words\n\n- [ ] one\n",
        "# graph TD\n\n- [ ] one\n",
        "Goal: x\n\n```yaml\nstages:\n  - test\n```\n\n- [ ] one\n",
        "{curly} words\n\n- [ ] one\n",
        "---\ntitle: a\n---\n- [ ] one\n",
        "digraph is a word\n\n- [ ] one\n",
        "---\nphase: 1\ndepends_on: []\n---\n- [ ] one\n",
    ],
)
def test_markdown_is_not_taken_for_another_format(text: str) -> None:
    found = plan(text, "p.md")
    assert (found.dialect in FORMATS, [t.title for t in found.tasks]) == (False, ["one"])


def test_a_format_is_forced_or_unknown() -> None:
    assert plan('{"id": "a", "title": "b"}', dialect="beads").dialect == "beads"
    assert plan("[x](y)\n- [ ] a", "p.json", dialect="checkbox").dialect == "checkbox"
    with pytest.raises(UsageError, match="taskmaster"):
        plan("- [ ] a", dialect="nope")
    with pytest.raises(UsageError, match="only taskmaster has tags"):
        plan(DOT, dialect="dot:x")


def test_nothing_is_written_for_a_broken_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "tasks.json").write_text('{"tasks": [\n{"id": 1,, "title": "a"}]}')
    assert main(["decompose", "tasks.json", "--json", "-C", str(tmp_path)]) == 2
    said = json.loads(capsys.readouterr().out)
    assert (said["ok"], said["code"], "tasks.json:2" in said["error"]) == (False, "E_INPUT", True)
    assert [each.name for each in tmp_path.iterdir()] == ["tasks.json"]


def test_a_stored_graph_is_read_as_the_plan_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "p.md").write_text("- [ ] t1 a\n- [x] t2 b blocked-by:t1\n")
    at = ("-C", str(tmp_path), "--json")
    assert main(["decompose", "p.md", *at]) == 0
    capsys.readouterr()
    assert main(["decompose", "p.graph.json", "--no-write", *at]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["dialect"], [t["id"] for t in said["tasks"]]) == ("node-link", ["t1", "t2"])
    assert main(["convert", "p.md", "--to", "yaml", "-o", "p.yaml", *at]) == 0
    text = (tmp_path / "p.yaml").read_text()
    assert [t.id for t in plan(text).tasks] == ["t1", "t2"]
    (tmp_path / "p.yaml").write_text(text.replace('after: ["t1"]', 'after: ["t9"]'))
    capsys.readouterr()
    assert main(["decompose", "p.yaml", "--no-write", *at]) == 2
    assert "t9" in json.loads(capsys.readouterr().out)["error"]


def test_a_line_of_json_can_be_explained() -> None:
    text = text_of({"tasks": TASKS})
    found = parse(text, "x")
    task = found.tasks[2]
    assert explain(found, text, task.line or 0)["task"] == "2.1"


def test_a_large_file_takes_linear_time() -> None:
    tasks = [
        {"id": n, "title": f"Task {n}", "details": 'some "id": words\n' * 20, "dependencies": [n - 1] if n > 1 else []}
        for n in range(1, 5001)
    ]
    start = time.process_time()
    found = plan(json.dumps({"tasks": tasks}, indent=2))
    assert (len(found.tasks), found.tasks[-1].line) == (5000, 4999 * 8 + 4 - 2)
    assert time.process_time() - start < 5  # a square would take minutes; this is no benchmark


@pytest.mark.parametrize(
    "text",
    [
        "   - indented # words\n" * 20_000,
        "tasks:\n" + "   \n" * 20_000 + "tasks:\n" * 5_000,
        "flowchart TD\n" + "A --> " * 50_000 + "B\n",
        "flowchart TD\n" + "A;" * 200_000,
        "flowchart TD\n" + 'A["' * 50_000,
        "flowchart TD\n" + "A -- " + "x " * 100_000,
        "flowchart TD\n" + "subgraph x\n" * 50_000,
        "digraph {" + "a -> " * 50_000 + "b}",
        "digraph {" + '"' * 99_999,
        "/* a */ # b\n" * 20_000,
        "digraph {" + "<" * 100_000,
        "---\n" + "id: a\n" * 50_000,
        "stages:\n" + "  - name: x\n" * 5_000,
        '[{"id": 1, "title": "' + '\\"id\\": ' * 50_000 + '"}]',
        '{"id": 1, "title": "a"}\n' * 20_000,
    ],
    ids=lambda text: f"{text[:20]!r}-{len(text)}",
)
def test_hostile_texts_take_linear_time(text: str) -> None:
    start = time.process_time()
    try:
        plan(text)
    except BranchlineError as told:
        assert told.exit_status == 2
    assert time.process_time() - start < 5  # a square would take minutes; this is no benchmark
