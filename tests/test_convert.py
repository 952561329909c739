"""Graphs in other formats and back: what a format can say comes back, and what it cannot is told."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from branchline import decompose
from branchline.cli import main
from branchline.model.plan import DraftGraph, Edge, Task
from branchline.planfile.formats import WRITERS
from branchline.workflow.convert import FORMATS, converted
from test_graph_drafts import drafts

SCALE = int(os.environ.get("BRANCHLINE_TEST_SCALE", "1"))
CORPUS = Path(os.environ.get("BRANCHLINE_CORPUS") or Path(__file__).resolve().parents[2] / "shared" / "corpus")
SAMPLES = [
    path
    for path in sorted((CORPUS / "formats").glob("*"))
    if path.suffix in (".md", ".json", ".jsonl", ".yaml", ".dot")
]
PLAN = (
    "- [x] t1 Lay the ground ~2h\n- [ ] t2 Build blocked-by:t1\n  - [>] t2.1 Parse\n  - [ ] t2.2 Test blocked-by:t2.1\n"
)


def again(draft: DraftGraph, target: str) -> tuple[DraftGraph, list[str]]:
    """The graph that its own text in a format gives, and what was told to be lost."""
    text, said = converted(draft, target)
    return decompose.graph_of(text, draft.plan, target), said


def names(draft: DraftGraph, target: str) -> dict[str, str]:
    """Every id of a graph, and the one it is written with."""
    fresh = WRITERS[target][1] if target in WRITERS else None
    new = fresh(draft) if fresh else {}
    return {task.id: new.get(task.id, task.id) for task in draft.tasks}


def said_state(task: Task, target: str) -> str:
    """The state of a task as far as a format can say it: a TODO.md has no box for what is deferred."""
    return "open" if target == "aidevops" and task.state == "deferred" else task.state


def skeleton(draft: DraftGraph) -> tuple[Any, Any]:
    """Parents and edges."""
    return {t.id: t.parent for t in draft.tasks}, {(e.before, e.after) for e in draft.edges}


@settings(deadline=None, max_examples=60 * SCALE)
@given(drafts())
def test_ids_parents_edges_and_states_come_back_and_what_does_not_is_told(draft: DraftGraph) -> None:
    for target in FORMATS:
        back, said = again(draft, target)
        comes_back(draft, target, back, said)
        is_told(draft, target, back, said)


def comes_back(draft: DraftGraph, target: str, back: DraftGraph, said: list[str]) -> None:
    new = names(draft, target)
    assert any(old != own for old, own in new.items()) == any("no form for some ids" in words for words in said)
    parents, edges = skeleton(draft)
    assert {new[a]: new[b] if b else None for a, b in parents.items()} == skeleton(back)[0], target
    assert {(new[a], new[b]) for a, b in edges} == skeleton(back)[1], target
    states = {new[task.id]: said_state(task, target) for task in draft.tasks}
    assert {task.id: task.state for task in back.tasks} == states, target
    assert target != "aidevops" or any("state" in words for words in said) == any(
        task.state == "deferred" for task in draft.tasks
    )


def is_told(draft: DraftGraph, target: str, back: DraftGraph, said: list[str]) -> None:
    new, came = names(draft, target), {task.id: task for task in back.tasks}
    for name in ("title", "body", "role", "worker", "files", "criteria", "needs", "confidence"):
        differs = any(getattr(came[new[task.id]], name) != getattr(task, name) for task in draft.tasks)
        assert differs == any(f"the {name} of" in words for words in said), (target, name)
    kinds = {(new[e.before], new[e.after]): e.kind for e in draft.edges}
    differs = any(kinds[e.before, e.after] != e.kind for e in back.edges)
    assert differs == any("the kind of the edges" in words for words in said), target
    held = {new.get(f.task or "") for f in draft.findings if f.hold} - {f.task for f in back.findings if f.hold}
    assert held <= {None} or any("hold back" in words for words in said), target


@settings(deadline=None, max_examples=60 * SCALE)
@given(drafts())
def test_branchlines_own_form_loses_nothing(draft: DraftGraph) -> None:
    back, said = again(draft, "node-link")
    assert (back, said) == (draft, [])


TITLES = [
    'say "hi" [now] (twice) {x} <b> & `ls` #1; \\n %% | --> a',
    "two\nlines\twith a tab",
    "- [ ] t9 not a task",
    "depends on t2, blocked-by:t2 #tag @me ~9h -> [x]",
    "<!-- a comment that never ends",
    "```",
    "end",
    '"""',
    "#quot; &amp; <br/> 100%",
    "ends with a backslash \\",
    "t1: t1 t1",
    "数据 🎉 é",
]


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("target", FORMATS)
def test_a_title_is_data_in_every_format(target: str, title: str) -> None:
    tasks = (Task("t1", title), Task("t2", "plain", kind="composite"), Task("t2.1", title, parent="t2"))
    draft = DraftGraph("p.md", "", "checkbox", "", tasks, (Edge("t1", "t2.1", "written"),))
    back, said = again(draft, target)
    assert skeleton(back) == skeleton(draft)
    same = [task.title for task in back.tasks] == [task.title for task in draft.tasks]
    assert same or (any("cannot say the title" in words for words in said) and target in ("aidevops", "dot"))
    assert same or target == "aidevops" or "\n" in title


def test_an_id_that_a_format_cannot_write_is_written_anew_and_told() -> None:
    tasks = (
        Task("5", "five", kind="composite"),
        Task("7", "seven", parent="5"),
        Task("end", "word"),
        Task("a~2", "twin"),
        Task("t1.1", "no child"),
        Task("t1", "one"),
    )
    draft = DraftGraph("p.md", "", "", "", tasks, (Edge("7", "end", "written"), Edge("a~2", "t1", "sequence")))
    back, said = again(draft, "taskmaster")
    assert [(t.id, t.parent) for t in back.tasks][:2] == [("5", None), ("5.1", "5")]
    assert any("7 as 5.1" in words for words in said)
    back, said = again(draft, "aidevops")
    assert [(t.id, t.title, t.parent) for t in back.tasks] == [
        ("t5", "five", None),
        ("t7", "seven", "t5"),
        ("t2", "word", None),
        ("t3", "twin", None),
        ("t4", "no child", None),
        ("t1", "one", None),
    ]
    assert any("5 as t5" in words and "t1.1 as t4" in words for words in said)
    back, _ = again(draft, "mermaid")
    assert back.tasks[2].id == "end"
    assert {t.id for t in back.tasks} == {t.id for t in tasks}


def test_a_number_that_a_sibling_bears_too_is_not_read_as_the_sibling() -> None:
    tasks = (
        Task("1", "a"),
        Task("5", "b", kind="composite"),
        Task("5.1", "c", parent="5"),
        Task("5.2", "d", parent="5"),
    )
    draft = DraftGraph("p.md", "", "", "", tasks, (Edge("1", "5.2", "written"), Edge("5.1", "5.2", "written")))
    text, _ = converted(draft, "taskmaster")
    sub = json.loads(text)["master"]["tasks"][1]["subtasks"][1]
    assert (sub["id"], sub["dependencies"], sub["dependsOn"]) == (2, ["5.1"], ["1"])
    assert skeleton(again(draft, "taskmaster")[0]) == skeleton(draft)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """One command in this process."""
    status = main(list(words))
    out, err = capsys.readouterr()
    return status, out, err


@pytest.mark.parametrize("target", FORMATS)
def test_the_command_writes_what_it_can_read(tmp_path: Path, capsys: pytest.CaptureFixture[str], target: str) -> None:
    (tmp_path / "TODO.md").write_text(PLAN)
    at = ("-C", str(tmp_path))
    status, text, err = run(capsys, "convert", "TODO.md", "--to", target, *at)
    assert status == 0
    assert all(line.startswith("branchline: TODO.md: ") for line in err.splitlines())
    assert run(capsys, "convert", "TODO.md", "--to", target, "-o", "out.txt", *at)[0] == 0
    assert (tmp_path / "out.txt").read_text() == text
    status, out, err = run(capsys, "convert", "out.txt", "--to", "beads", "--json", *at)
    rows = {row["id"]: row for row in map(json.loads, json.loads(out)["text"].splitlines())}
    assert list(rows) == ["t1", "t2", "t2.1", "t2.2"]
    assert [row["status"] for row in rows.values()] == ["closed", "open", "in_progress", "open"]
    assert [d["depends_on_id"] for d in rows["t2.2"]["dependencies"]] == ["t2.1", "t2"]


def test_a_file_is_not_overwritten_without_being_told_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "TODO.md").write_text(PLAN)
    (tmp_path / "out.dot").write_text("mine")
    words = ("convert", "TODO.md", "--to", "dot", "-o", "out.dot", "-C", str(tmp_path), "--json")
    status, out, _ = run(capsys, *words)
    assert (status, json.loads(out)["ok"], (tmp_path / "out.dot").read_text()) == (2, False, "mine")
    for place in ("a" * 300, "no/folder/x"):
        status, _, err = run(capsys, "convert", "TODO.md", "--to", "dot", "-o", place, "-C", str(tmp_path))
        assert (status, "cannot be written" in err) == (2, True)
    status, out, _ = run(capsys, *words, "--force")
    assert (status, json.loads(out)["path"], json.loads(out)["format"]) == (0, "out.dot", "dot")
    assert (tmp_path / "out.dot").read_text().startswith("digraph")


def test_what_is_held_and_what_is_lost_stands_on_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "TODO.md").write_text("- [ ] t1 a blocked-by:t9\n  - about a\n")
    status, out, err = run(capsys, "convert", "TODO.md", "--to", "mermaid", "-C", str(tmp_path))
    assert status == 0
    assert 't1["t1: a"]' in out
    assert "t9" in err
    assert "mermaid cannot hold back" in err
    assert "mermaid cannot say the body of t1" in err


@pytest.mark.parametrize(
    ("text", "words"),
    [("# Notes\n\nNothing here.\n", "no tasks"), ("", "no tasks")],
)
def test_there_is_nothing_to_convert(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, words: str) -> None:
    (tmp_path / "p.md").write_text(text)
    status, _, err = run(capsys, "convert", "p.md", "--to", "yaml", "-C", str(tmp_path))
    assert status == 2
    assert words in err


def test_a_broken_graph_file_is_told_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "TODO.md").write_text(PLAN)
    at = ("-C", str(tmp_path))
    run(capsys, "convert", "TODO.md", "--to", "node-link", "-o", "g.json", *at)
    text = (tmp_path / "g.json").read_text()
    (tmp_path / "g.json").write_text(text.replace('"id": "t2.1"', '"id": "t1"'))
    status, _, err = run(capsys, "convert", "g.json", "--to", "dot", *at)
    assert (status, "g.json:" in err, "t1" in err) == (2, True, True)


@pytest.mark.corpus
@pytest.mark.skipif(not SAMPLES, reason="the development corpus is not beside this checkout")
@pytest.mark.parametrize("target", FORMATS)
def test_real_samples_come_back(target: str) -> None:
    for path in SAMPLES:
        text = path.read_text("utf-8")
        plan = decompose.plan_of(text, path.name)
        if not plan.tasks or len(plan.tasks) > 1000:
            continue
        draft = decompose.graph_of(text, path.name)
        back, said = again(draft, target)
        named = names(draft, target)
        parents, edges = skeleton(draft)
        assert skeleton(back)[0] == {named[a]: named[b] if b else None for a, b in parents.items()}, path.name
        assert skeleton(back)[1] == {(named[a], named[b]) for a, b in edges}, path.name
        assert {t.id: t.state for t in back.tasks} == {named[t.id]: said_state(t, target) for t in draft.tasks}, (
            path.name
        )
        if target not in ("aidevops", "yaml"):
            assert not any("title" in words for words in said), (path.name, said)


def subtasks(capsys: pytest.CaptureFixture[str], root: Path, text: str, task: str) -> str:
    """What `has-subtasks` prints."""
    (root / "TODO.md").write_text(text)
    status, out, err = run(capsys, "has-subtasks", task, "--todo", "TODO.md", "-C", str(root))
    assert status == 0, err
    return out.strip()


@pytest.mark.parametrize(
    "text",
    [
        "- [ ] t1 a\n  - [ ] t1.1 b\n",
        "- [ ] t1 a\n    - [ ] t1.1 b\n",
        "- [ ] t1 a\n\t- [ ] t1.1 b\n",
        "* [ ] t1 a\n  * [ ] t1.1 b\n",
        "+ [ ] t1 a\n  + [x] t1.1 b\n",
        "- [ ] t1: a\n  - [ ] t1.1: b\n",
        "- [>] t1 a\n  - [>] t1.1 b\n",
        "- [ ] t1 a\n- [ ] t1.1 b\n",
        "- [ ] t1 a\n- [ ] t2 c\n- [ ] t1.1 b\n",
        "- [ ] t1 a\n\n  - [ ] t1.1 b\n",
        "- [x] t1 a\n  - [-] t1.1 b\n",
        "- [ ] t1 a\r\n  - [ ] t1.1 b\r\n",
        "- [ ] t1 a\n- [ ] t7 b parent:t1\n",
        "- [ ] t1 a\n  - [ ] b without an id\n",
        "- [ ] T1 a\n  - [ ] T1.1 b\n",
    ],
)
def test_it_has_subtasks(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    assert subtasks(capsys, tmp_path, text, "t1") == "true"


@pytest.mark.parametrize(
    "text",
    [
        "- [ ] t1 a\n- [ ] t2 b\n",
        "- [ ] t1 a\n- [ ] t10 b\n  - [ ] t10.1 c\n",
        "- [ ] t1 a\n  - note: t1.1 is a thought\n",
        "- [ ] t1 a\n\n```\n- [ ] t1.1 b\n```\n",
        "- [ ] t1 a\n  ```\n  - [ ] t1.1 b\n  ```\n",
        "- [ ] t1 a\n<!--\n  - [ ] t1.1 b\n-->\n",
        "- [ ] t2 b\n  - [ ] t2.1 c\n- [ ] t1 a\n",
    ],
)
def test_it_has_none(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    assert subtasks(capsys, tmp_path, text, "t1") == "false"


def test_has_subtasks_as_json_and_for_an_id_nobody_knows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "TODO.md").write_text(PLAN)
    at = ("-C", str(tmp_path))
    status, out, _ = run(capsys, "has-subtasks", "t2", "--json", *at)
    assert (status, json.loads(out)) == (
        0,
        {"ok": True, "id": "t2", "has_subtasks": True, "subtasks": ["t2.1", "t2.2"]},
    )
    status, out, _ = run(capsys, "has-subtasks", "t9", "--json", *at)
    assert (status, json.loads(out)["code"]) == (2, "E_NOT_FOUND")
    status, _, err = run(capsys, "has-subtasks", "t9", "--todo", "no.md", *at)
    assert (status, "no.md" in err) == (2, True)
