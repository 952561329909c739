"""The graph file: what goes in comes out, networkx reads it, and what is broken is named with its line."""

import json
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from branchline import graph
from branchline.errors import GraphError, InputError
from branchline.graph import store
from branchline.graph.columns import tasks_of
from branchline.graph.fields import task_of
from branchline.model.plan import Check, DraftGraph, Edge, FileRef, Task
from test_graph_drafts import JSON, drafts

EXAMPLES = 25 * int(os.environ.get("BRANCHLINE_TEST_SCALE", "1"))
ARGV = {"shell": ["sh", "-c", "true"]}

DRAFT = DraftGraph(
    plan="plans/x.md",
    plan_digest="sha256:0",
    dialect="checkbox",
    goal="A goal",
    tasks=(
        Task("1", "First", "composite", line=3),
        Task("1.1", "Read", parent="1", line=4, role="research"),
        Task("1.2", "Write – €", parent="1", line=5, files=(FileRef("a.py", "modify"),), checks=(Check("make test"),)),
        Task("2", "Second", line=9, needs=("gpu",), criteria=("it works",)),
    ),
    edges=(Edge("1", "2", "phase", 9, 0.8), Edge("1.1", "1.2", "written", 5)),
    gate=(Check("make check"),),
)


@settings(deadline=None, max_examples=EXAMPLES)
@given(drafts())
def test_what_goes_in_comes_out(draft: DraftGraph) -> None:
    assert store.loads(store.dumps(draft), "x") == draft
    assert [store.node(text) for _, text in store.parts(draft)[1]] == list(draft.tasks)


@settings(deadline=None, max_examples=EXAMPLES)
@given(drafts(), st.data())
def test_all_nodes_are_read_at_once_as_one_by_one(draft: DraftGraph, data: st.DataObject) -> None:
    """Whatever one of the fields holds: the same tasks, or the same words about it."""
    nodes = store.to_document(draft)["nodes"]
    field = data.draw(st.sampled_from(sorted(nodes[0])))
    usual = st.sampled_from([nodes[0][field], [{}], [""], 0, -1.0, 1, float("inf")])
    data.draw(st.sampled_from(nodes))[field] = data.draw(usual | JSON)
    one_by_one = (task_of(node, number) for number, node in enumerate(nodes, 1))
    assert said(lambda: list(tasks_of(nodes))) == said(lambda: list(one_by_one))


def said(call: Callable[[], Any]) -> Any:
    """What a call gives, or what it says when it fails."""
    try:
        return call()
    except GraphError as fault:
        return fault.message


def test_a_file_is_saved_and_read(tmp_path: Path) -> None:
    path = tmp_path / "x.graph.json"
    store.save(DRAFT, path)
    assert store.read(path) == DRAFT


def test_a_task_longer_than_any_line_of_a_plan_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "x.graph.json"
    long = DRAFT._replace(tasks=(*DRAFT.tasks[:3], DRAFT.tasks[3]._replace(body="word\n" * 400_000)))
    store.save(long, path)
    assert store.read(path) == long


def test_a_file_that_is_no_text_is_a_graph_error(tmp_path: Path) -> None:
    path = tmp_path / "x.graph.json"
    path.write_bytes(b'{"x": "\xff"}')
    with pytest.raises(GraphError, match="not UTF-8"):
        store.read(path)


def test_networkx_loads_it_in_one_line_without_a_warning(tmp_path: Path) -> None:
    import networkx

    path = tmp_path / "x.graph.json"
    store.save(DRAFT, path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with path.open() as file:
            found = networkx.node_link_graph(json.load(file))
        ours = graph.load(path)
    assert isinstance(found, networkx.DiGraph)
    assert sorted(found.edges) == sorted(ours.edges) == [("1", "2"), ("1.1", "1.2")]
    assert found.nodes["1.2"]["checks"][0]["run"] == "make test"
    assert ours.graph["goal"] == "A goal"


def test_it_diffs_well() -> None:
    text = store.dumps(DRAFT)
    lines = text.splitlines()
    for task in DRAFT.tasks:
        assert sum(f'"id": "{task.id}"' in line for line in lines) == 1
    changed = DRAFT._replace(tasks=(*DRAFT.tasks[:3], DRAFT.tasks[3]._replace(title="Other")))
    differing = [pair for pair in zip(lines, store.dumps(changed).splitlines(), strict=True) if pair[0] != pair[1]]
    assert len(differing) == 1
    assert json.dumps(json.loads(text), sort_keys=True) == json.dumps(json.loads(text))


def test_a_lone_surrogate_survives() -> None:
    odd = DRAFT._replace(goal="half \ud83d of a face")
    assert store.loads(store.dumps(odd), "x") == odd
    assert store.digest(odd, ARGV)


def test_a_value_json_cannot_hold_is_an_error() -> None:
    with pytest.raises(GraphError, match="JSON cannot hold"):
        store.dumps(DRAFT._replace(tasks=(Task("a", "A", extra={"x": float("nan")}),), edges=()))


def edited(change: Callable[[dict[str, Any]], Any]) -> str:
    document = store.to_document(DRAFT)
    change(document)
    return store._dump(document, "", False)


@pytest.mark.parametrize(
    ("change", "words", "line"),
    [
        (lambda d: d["nodes"].append(dict(d["nodes"][1])), "the id 1.1 stands twice", 27),
        (lambda d: d["nodes"][2].update(id="1", parent=None), "the id 1 stands twice", 25),
        (lambda d: d["nodes"][3].update(title=7), "task 2: title must be a text", None),
        (lambda d: d["nodes"][3].update(title=""), "task 2: title is missing", None),
        (lambda d: d["nodes"][3].update(chekcs=[]), "chekcs is an unknown field; did you mean checks", None),
        (lambda d: d["nodes"][3].update(confidence=2), "confidence must be a number from 0 to 1", None),
        (lambda d: d["nodes"][3].update(line=True), "line must be a line number", None),
        (lambda d: d["nodes"][3].update(estimate=-1), "estimate must be", None),
        (lambda d: d["nodes"][3].update(needs=[1]), "needs must be a list of texts", None),
        (lambda d: d["nodes"][3].update(files=["a"]), "files must be an object", None),
        (lambda d: d["nodes"][3].update(id="../x"), "no legal id", None),
        (lambda d: d["nodes"][3].update(id="NUL"), "no legal id", None),
        (lambda d: d["nodes"][3].update(parent="9"), "its parent 9 does not exist", None),
        (lambda d: d["nodes"][0].update(parent="1.1"), "its own ancestor", None),
        (lambda d: d["nodes"][3].update(kind="composite"), "is composite and has no children", None),
        (lambda d: d["nodes"][0].update(kind="atomic"), "is atomic and has the child 1.1", None),
        (lambda d: d["nodes"][3].pop("id"), "node number 4 has no id", None),
        (lambda d: d["edges"][0].update(source="9"), "there is no task 9", 4),
        (lambda d: d["edges"][0].update(kind="x"), "kind must be one of", 4),
        (lambda d: d["edges"].append(dict(d["edges"][0])), "stands twice", 6),
        (lambda d: d["edges"][0].pop("target"), "edge number 1 has no source or target", None),
        (lambda d: d["edges"].append({"source": "2", "target": "1.1"}), "in a circle: .*2 -> 1.1", None),
        (lambda d: d["edges"].append({"source": "1.1", "target": "1"}), "in a circle: 1.1 -> 1", None),
        (lambda d: d["edges"].append({"source": "2", "target": "2"}), "in a circle: 2 -> 2", None),
        (lambda d: d.update(directed=False), '"directed": true', None),
        (lambda d: d["graph"].update(version=2), "version 2", None),
        (lambda d: d.update(nodes={}), "nodes must be a list", None),
    ],
)
def test_broken_files_are_named(change: Callable[[dict[str, Any]], Any], words: str, line: int | None) -> None:
    with pytest.raises(GraphError, match=words) as caught:
        store.loads(edited(change), "x.graph.json")
    assert caught.value.exit_status == 2
    assert caught.value.message.startswith("x.graph.json")
    if line:
        assert caught.value.details["line"] == line


@pytest.mark.parametrize(
    "text",
    ["", "[]", "null", "{", '{"nodes": [}', "[" * 100_000, '"x"', "1e999", "{}", '{"directed": true, "graph": null}'],
)
def test_what_is_no_graph_is_a_graph_error(text: str) -> None:
    with pytest.raises(GraphError):
        store.loads(text, "x.graph.json")


def test_a_file_cut_anywhere_is_a_graph_error() -> None:
    text = store.dumps(DRAFT)
    for end in range(0, len(text) - 2, 7):
        with pytest.raises(GraphError):
            store.loads(text[:end], "x")


def test_a_missing_file_is_an_input_error_and_networkx_says_graph_error(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        store.read(tmp_path / "none.json")
    with pytest.raises(GraphError):
        graph.load(tmp_path / "none.json")


@settings(deadline=None, max_examples=EXAMPLES)
@given(drafts())
def test_the_digest_does_not_see_lines_states_confidence_rules_and_order(draft: DraftGraph) -> None:
    def plain(check: Check) -> Check:
        return check._replace(line=7, confidence=0.5, source="else")

    other = draft._replace(
        plan_digest="other",
        tasks=tuple(
            task._replace(
                line=1,
                state="done",
                confidence=0.1,
                rule="x",
                checks=tuple(map(plain, task.checks)),
                files=task.files[::-1],
                needs=task.needs[::-1],
            )
            for task in reversed(draft.tasks)
        ),
        edges=tuple(edge._replace(line=2, confidence=0.3) for edge in reversed(draft.edges)),
        gate=tuple(map(plain, draft.gate)),
        findings=(),
        ignored=(),
    )
    assert store.digest(other, ARGV) == store.digest(draft, ARGV)


@pytest.mark.parametrize(
    "change",
    [
        {"id": "9"},
        {"title": "Else"},
        {"parent": "1"},
        {"role": "research"},
        {"worker": "claude"},
        {"files": (FileRef("b.py", "modify"),)},
        {"files": (FileRef("b.py", "create"),)},
        {"checks": (Check("true"),)},
        {"checks": (Check("true"), Check("false"))},
        {"checks": (Check("false"), Check("true"))},
        {"criteria": ()},
        {"criteria": ("it works", "")},
        {"needs": ()},
        {"needs": ("gpu", "gpu")},
        {"kind": "composite"},
    ],
)
def test_the_digest_sees_every_change_of_a_task(change: dict[str, Any]) -> None:
    changed = DRAFT._replace(tasks=(*DRAFT.tasks[:3], DRAFT.tasks[3]._replace(**change)))
    assert store.digest(changed, ARGV) != store.digest(DRAFT, ARGV)


def test_the_digest_of_a_graph_of_any_size_is_what_it_ever_was() -> None:
    """An approval outlives an update, and a large graph is told in pieces."""
    tasks = tuple(Task(f"t{n}", f"Tâsk {n}") for n in range(2500, 0, -1))
    edges = tuple(Edge(f"t{n}", f"t{n + 1}", "written") for n in range(1, 2500))
    large, none = DraftGraph("p.md", "", "", "", tasks, edges), DraftGraph("", "", "", "", ())
    assert store.digest(large, {"w": ("a", "b")}) == (
        "sha256:332a142f11947069c1c6de3e4eee8e022a1d5ce778ae07f10ceb6b3de426c6a8"
    )
    assert store.digest(none, {}) == "sha256:2afb676078ec2ab70f5d9df9045a8f4186be81d02d1981162cc51b9a26683fbe"


def test_the_digest_sees_edges_gate_tasks_and_argv() -> None:
    seen = {
        store.digest(DRAFT, ARGV),
        store.digest(DRAFT, {}),
        store.digest(DRAFT, {"shell": ["sh", "-c", "true", ""]}),
        store.digest(DRAFT, {"other": ["sh", "-c", "true"]}),
        store.digest(DRAFT._replace(gate=()), ARGV),
        store.digest(DRAFT._replace(edges=DRAFT.edges[:1]), ARGV),
        store.digest(DRAFT._replace(edges=(Edge("2", "1", "phase"), DRAFT.edges[1])), ARGV),
        store.digest(DRAFT._replace(tasks=DRAFT.tasks[:3], edges=DRAFT.edges[1:]), ARGV),
        store.digest(DRAFT._replace(edges=DRAFT.edges[1:]), ARGV),
    }
    assert len(seen) == 9
    assert all(each.startswith("sha256:") for each in seen)


def test_the_net_of_a_run_has_what_scheduling_asks_and_nothing_that_no_task_has() -> None:
    files = (FileRef("./a.py", "modify"), FileRef("./a.py", "mention"), FileRef("t.py", "test"), FileRef("d.py"))
    plain = Task("1", "One", files=files[:1])
    assert json.loads(store.net(DRAFT._replace(tasks=(plain,), edges=()))) == {"edges": [], "mutex": {"1": ["./a.py"]}}
    asking = plain._replace(files=files, needs=("gpu",), estimate=2.5)
    assert json.loads(store.net(DRAFT._replace(tasks=(asking,), edges=()))) == {
        "edges": [],
        "mutex": {"1": ["./a.py"]},
        "needs": {"1": ["gpu"]},
        "estimate": {"1": 2.5},
        "touch": {"1": {"a.py": True, "t.py": True, "d.py": False}},
    }
