"""The YAML form: nothing is lost by looking, an edit does what it says, and errors come back on their lines."""

import os

import pytest
from hypothesis import given, settings

from branchline.errors import GraphError
from branchline.graph.carets import annotate, line_of
from branchline.graph.edit import from_yaml, to_yaml
from branchline.model.plan import Check, DraftGraph, Edge, Finding, Task
from test_graph_drafts import drafts
from test_graph_store import DRAFT

EXAMPLES = 25 * int(os.environ.get("BRANCHLINE_TEST_SCALE", "1"))


@settings(deadline=None, max_examples=EXAMPLES)
@given(drafts())
def test_looking_changes_nothing(draft: DraftGraph) -> None:
    found = from_yaml(to_yaml(draft), draft)
    assert found.tasks == draft.tasks
    assert set(found.edges) == set(draft.edges)
    assert found._replace(tasks=draft.tasks, edges=draft.edges) == draft


def test_the_form_reads_well() -> None:
    assert to_yaml(DRAFT).split("\n\n", 1)[1] == (
        '  - id: "1"  # line 3\n'
        "    title: First\n"
        "    role: build\n\n"
        '  - id: "1.1"  # line 4\n'
        "    title: Read\n"
        '    parent: "1"\n'
        "    role: research\n\n"
        '  - id: "1.2"  # line 5\n'
        '    title: "Write – €"\n'
        '    parent: "1"\n'
        "    role: build\n"
        '    after: ["1.1"]\n'
        "    files:\n"
        '      - {path: "a.py", role: modify}\n'
        "    checks:\n"
        "      - make test\n\n"
        '  - id: "2"  # line 9, after 1: phase\n'
        "    title: Second\n"
        "    role: build\n"
        '    after: ["1"]\n'
        "    criteria:\n"
        "      - it works\n"
        "    needs:\n"
        "      - gpu\n"
    )


def test_an_edit_does_what_it_says() -> None:
    text = to_yaml(DRAFT)
    text = text.replace("title: Second", "title: Last").replace(
        "      - make test\n", "      - make test\n      - true x\n"
    )
    text = text.replace('    after: ["1.1"]\n', "") + '  - {id: "3", title: New, after: ["2"]}\n'
    found = from_yaml(text, DRAFT)
    assert [task.title for task in found.tasks] == ["First", "Read", "Write – €", "Last", "New"]
    assert found.tasks[2].checks == (Check("make test"), Check("true x", "review"))
    assert found.edges == (DRAFT.edges[0], Edge("2", "3", "written"))
    assert found.tasks[3].line == 9
    assert found.tasks[4] == Task("3", "New", rule="review")


def test_a_task_loses_its_children_and_becomes_atomic() -> None:
    text = to_yaml(DRAFT).replace('    parent: "1"\n', "")
    assert {task.kind for task in from_yaml(text, DRAFT).tasks} == {"atomic"}


def test_a_hold_goes_when_its_line_goes_and_comes_when_one_is_written() -> None:
    held = DRAFT._replace(findings=(Finding("unknown-reference", "2 refers to 7", 9, "2", hold=True),))
    text = to_yaml(held)
    assert from_yaml(text, held) == held
    gone = from_yaml(
        text.replace("    held:\n", "").replace("      - 2 refers to 7\n", "").replace('      - "2 refers to 7"\n', ""),
        held,
    )
    assert [finding.hold for finding in gone.findings] == [False]
    added = from_yaml(text + "    \n", held)
    assert added == held
    more = from_yaml(to_yaml(DRAFT) + "    held: [wait for Ann]\n", DRAFT)
    assert more.findings == (Finding("held", "wait for Ann", None, "2", hold=True),)


@pytest.mark.parametrize(
    ("old", "new", "words", "at"),
    [
        ('after: ["1.1"]', 'after: ["7"]', "no task 7", '"7"'),
        ('after: ["1.1"]', "after: [1.1]", "quotes", "after: [1.1]"),
        ('- id: "2"', '- id: "1.1"', "stands twice", 'id: "1.1"'),
        ('- id: "2"', "- id: 2.0", "ids stand in quotes", "id: 2.0"),
        ("title: Second", "titel: Second", "did you mean title", "titel: Second"),
        ("title: Second", "title: ''", "title is missing", "title: ''"),
        ("role: modify", "role: eat", "must be one of", "role: eat"),
        ('after: ["1"]', 'after: ["2"]', "circle: 2 -> 2", '"2"'),
        ('- id: "2"', '- id: "2"\n    parent: "1.2"\n    state: new', "must be one of", "state: new"),
        ('after: ["1.1"]', 'after: ["1"]', "circle", '"1"'),
        ("title: Second", "title: [", "expected", "title: ["),
        ('- id: "2"', '- id: "2"\n    variant: --yolo', "like a flag", "variant: --yolo"),
        ('- id: "2"', '- id: "2"\n    temperature: 3', "from 0 to 2", "temperature: 3"),
        ("\ngate:\n", "\ngate:\n  - 5\n", "a list of texts", "gate:"),
        ("tasks:", "taks:", "unknown field", "taks:"),
    ],
)
def test_errors_come_back_with_carets_under_them(old: str, new: str, words: str, at: str) -> None:
    text = to_yaml(DRAFT).replace(old, new)
    with pytest.raises(GraphError, match=words) as caught:
        from_yaml(text, DRAFT)
    shown = annotate(text, caught.value.message, caught.value.details["spot"]).split("\n")
    place = next(number for number, line in enumerate(shown) if "# ERROR: " in line)
    line, carets = shown[place - 2], shown[place - 1]
    if words != "expected":  # where YAML itself stumbles is where its reader noticed
        assert line[carets.find("^") : carets.rfind("^") + 1] == at if line[0] == " " else line.startswith(at)
    assert shown[0].startswith(f"# Line {place - 1} is wrong")
    added = {shown[0], carets, shown[place]}
    assert [each for each in shown if each not in added] == text.split("\n")


def test_how_a_worker_is_to_work_is_shown_and_edited() -> None:
    told = {"variant": "high", "agent": "plan", "temperature": 0.2, "owner": "ann"}
    draft = DRAFT._replace(tasks=(*DRAFT.tasks[:-1], DRAFT.tasks[-1]._replace(model="a/b", extra=told)))
    text = to_yaml(draft)
    assert "    model: a/b\n    variant: high\n    agent: plan\n    temperature: 0.2\n" in text
    edited = from_yaml(text.replace("    variant: high\n", "").replace("temperature: 0.2", "temperature: 1"), draft)
    assert edited.tasks[-1].extra == {"agent": "plan", "temperature": 1.0, "owner": "ann"}
    assert edited.tasks[-1].manner == {"model": "a/b", "agent": "plan", "temperature": 1.0}


def test_text_that_is_no_yaml_is_a_graph_error_with_a_line() -> None:
    for text in ("tasks: [", "", "- 1", "tasks: {}", "a: &a [*a]"):
        with pytest.raises(GraphError) as caught:
            from_yaml(text, DRAFT)
        assert caught.value.details["spot"].line == 1


def test_a_task_that_is_not_there_has_no_line() -> None:
    assert line_of(to_yaml(DRAFT), "zz") is None


def test_a_long_text_that_is_not_plain_is_written_at_once() -> None:
    body = "a text of many letters without an end " * 40 + "!"
    assert body in to_yaml(DRAFT._replace(tasks=(Task("1", "one", body=body),), edges=()))
