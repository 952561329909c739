"""The batch verbs and lineage blocks through the real entry point, and the laws of the batch form."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from branchline.cli import main
from branchline.schedule import STRATEGIES, order, rows, standing

EXAMPLES = int(60 * float(os.environ.get("BRANCHLINE_TEST_SCALE", "1")))
STATUSES = ("pending", "pending", "pending", "completed", "in_progress", "blocked", "failed", "cancelled", "odd")


def row(task_id: str, before: Any = (), status: str = "pending", **more: Any) -> dict[str, Any]:
    """One task row, in the branch that its id names."""
    parent = task_id.rpartition(".")[0]
    return {"id": task_id, "status": status, "parent_id": parent, "blocked_by": [*before], **more}


def tasks(drawn: list[tuple[int, int, str, str, list[int]]]) -> list[dict[str, Any]]:
    """Rows of what was drawn: branch, leaf, status, role, and which of those before it a row waits for."""
    ids = [f"t{branch}.{leaf}" for branch, leaf, *_ in drawn]
    return [
        row(ids[at], {ids[each % at] for each in before} if at else (), status, role=role)
        for at, (_, _, status, role, before) in enumerate(drawn)
    ]


ROLES = st.sampled_from(("build", "build", "research"))
LEAVES = st.tuples(
    st.integers(1, 4), st.integers(1, 12), st.sampled_from(STATUSES), ROLES, st.lists(st.integers(0, 99), max_size=3)
)
TASKS = st.lists(LEAVES, max_size=14, unique_by=lambda each: each[:2]).map(tasks)


@settings(deadline=None, max_examples=EXAMPLES)
@given(TASKS, st.integers(1, 4))
def test_hybrid_builds_one_task_of_a_branch_at_a_time_and_looks_around_first(
    found: list[dict[str, Any]], concurrency: int
) -> None:
    role = {each["id"]: each["role"] for each in found}
    for batch in order(rows.view(found), "hybrid", concurrency):
        builds = [task for task in batch if role[task] == "build"]
        assert len(builds) in (0, len(batch))
        assert len({task.partition(".")[0] for task in builds}) == len(builds)


@settings(deadline=None, max_examples=EXAMPLES)
@given(TASKS, st.sampled_from(STRATEGIES), st.integers(0, 4), st.booleans())
def test_the_state_beside_a_batch_is_true(
    found: list[dict[str, Any]], strategy: str, concurrency: int, fill: bool
) -> None:
    view = rows.view(found)
    step = standing.next_step(view, strategy, concurrency, fill)
    reasons = standing.waiting(view, strategy, concurrency, step.batch)
    status = {each["id"]: each["status"] for each in found}
    running = list(status.values()).count("in_progress")
    open_ones = {task for task, word in status.items() if word not in ("completed", "cancelled", "in_progress")}
    assert len(step.batch) <= step.free_slots == max(0, concurrency - running)
    assert reasons.keys() == open_ones - {*step.batch}
    assert all(reasons.values())
    assert (step.state == "empty") == (not found)
    assert (step.state == "ready") == bool(step.batch)
    assert step.state != "done" or not open_ones
    assert step.state != "deadlock" or (not running and open_ones)
    if (
        strategy != "hybrid"
        and concurrency > running
        and any(status[task] == "pending" and not blockers(found, task) for task in open_ones)
    ):
        assert step.batch


def blockers(found: list[dict[str, Any]], task: str) -> list[str]:
    """What a task still waits for."""
    done = {each["id"] for each in found if each["status"] == "completed"}
    return [before for each in found if each["id"] == task for before in each["blocked_by"] if before not in done]


CASES: list[tuple[list[dict[str, Any]], list[str], str, int]] = [
    ([row("a.1"), row("b.1")], ["a.1"], "ready", 0),
    ([row("a.1", status="in_progress"), row("a.2", ["a.1"])], [], "waiting", 0),
    ([row("a.1", status="blocked"), row("a.2", ["a.1"])], [], "waiting", 3),
    ([row("a.1", status="blocked"), row("a.2")], ["a.2"], "ready", 0),
    ([row("a.1", status="failed"), row("a.2", ["a.1"])], [], "deadlock", 4),
    ([row("a.1", status="completed"), row("a.2", status="skipped")], [], "done", 0),
    ([], [], "empty", 0),
]


@pytest.mark.parametrize(("found", "batch", "state", "status"), CASES)
def test_next_batch_says_how_things_stand(
    found: list[dict[str, Any]],
    batch: list[str],
    state: str,
    status: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "tasks.json").write_text(json.dumps(found))
    words = ["next-batch", "tasks.json", "-C", str(tmp_path)]
    assert main(words) == status
    assert json.loads(capsys.readouterr().out) == batch
    assert main([*words, "--json"]) == status
    said = json.loads(capsys.readouterr().out)
    assert (said["ok"], said["batch"], said["state"]) == (status == 0, batch, state)


def test_a_ready_task_that_is_not_in_the_batch_says_why() -> None:
    found = [row("a.1"), row("a.2", role="research"), row("b.1"), row("b.2", ["b.1"]), row("c.1", status="failed")]
    view = rows.view(found)
    for strategy, batch, kind in (("depth-first", ["a.1", "a.2"], "one branch"), ("hybrid", ["a.2"], "research")):
        assert standing.next_step(view, strategy, 4).batch == batch
        reasons = standing.waiting(view, strategy, 4, batch)
        assert kind in reasons["b.1"]
        assert (reasons["b.2"], reasons["c.1"]) == ("waits for b.1 (pending)", "failed: retry or skip it")
    assert standing.waiting(view, "depth-first", 1, ["a.1"])["b.1"] == "slot: 1 of 1 used"


def test_a_bare_answer_is_json_whatever_the_input_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = {
        "rows": json.dumps({"tasks": [row("a.1"), row("a.2", ["a.1"])]}),
        "ours": json.dumps(
            {"tasks": [{"id": "2", "depends_on": [], "order_after": ["1"]}, {"id": "1", "order_after": []}]}
        ),
        "plan": "- [x] one\n- [ ] two\n- [ ] three\n",
    }
    expected = {"rows": [["a.1"], ["a.2"]], "ours": [["1"], ["2"]], "plan": [["2", "3"]]}
    for name, text in given.items():
        (tmp_path / name).write_text(text)
        assert main(["order", name, "-C", str(tmp_path)]) == 0
        assert json.loads(capsys.readouterr().out) == expected[name]
        assert main(["validate", name, "-C", str(tmp_path)]) == 0
        assert json.loads(capsys.readouterr().out) == {"valid": True, "errors": [], "warnings": []}


@pytest.mark.parametrize(
    ("last", "concurrency", "status", "said"),
    [
        ("failed", "4", 4, "3 tasks are in no batch"),
        ("blocked", "4", 3, "3 tasks are in no batch"),
        ("failed", "0", 4, "3 tasks are in no batch"),
        ("pending", "0", 0, ""),
    ],
)
def test_an_order_of_nothing_says_why_where_tasks_are_left(
    capsys: pytest.CaptureFixture[str], last: str, concurrency: str, status: int, said: str
) -> None:
    """A script that reads `[]` with exit 0 would take it for all done."""
    found = [row("a.1", ["b.1"]), row("b.1", ["c.1"]), row("c.1", status=last)]
    words = ["order", "--tasks", json.dumps(found), "--concurrency", concurrency]
    assert main(words) == status
    out, err = capsys.readouterr()
    assert (json.loads(out), said in err, bool(err)) == ([], True, bool(said))
    assert main([*words, "--json"]) == status
    assert json.loads(capsys.readouterr().out)["left"] == ["a.1", "b.1", "c.1"]
    assert main(["order", "--tasks", json.dumps([*found, row("d.1")]), "--concurrency", "1"]) == 0
    assert json.loads(capsys.readouterr().out)[0] == (["c.1"] if last == "pending" else ["d.1"])


def test_the_settings_say_what_no_flag_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "branchline.toml").write_text('concurrency = 2\nstrategy = "breadth-first"\n')
    found = [row(f"{branch}.{leaf}") for branch in "ab" for leaf in (1, 2)]

    def said(*flags: str) -> Any:
        assert main(["next-batch", "--tasks", json.dumps(found), "-C", str(tmp_path), *flags]) == 0
        return json.loads(capsys.readouterr().out)

    assert said() == ["a.1", "b.1"]
    assert said("--concurrency", "1") == ["a.1"]
    assert said("--strategy", "depth-first") == ["a.1", "a.2"]
    monkeypatch.setenv("BRANCHLINE_CONCURRENCY", "1")
    assert said() == ["a.1"]
    (tmp_path / "branchline.toml").unlink()
    assert said("--strategy", "breadth-first") == ["a.1"]


@pytest.mark.parametrize("verb", ["next-batch", "order"])
def test_what_stands_still_sends_nobody_to_the_flag_that_was_given(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [verb, "--tasks", json.dumps([row("a.1", status="failed")])]
    assert main(words) == 4
    assert "`--json` " in capsys.readouterr().err
    assert main([*words, "--json"]) == 4
    assert "--json" not in json.loads(capsys.readouterr().out)["error"]


TWICE = {
    "directed": True,
    "edges": [],
    "graph": {"version": 1, "plan": "p.md"},
    "nodes": [{"id": "a", "title": "A"}, {"id": "a", "title": "B"}],
}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[{"id": "a"', "not JSON"),
        ("[1]", "no id"),
        ('[{"id": "a", "blocked_by": ["b"]}, {"id": "b", "blocked_by": ["a"]}]', "cycle: a -> b -> a"),
        (json.dumps(TWICE), "twice"),
        ("- [ ] t1 one (depends on t2)\n- [ ] t2 two (depends on t1)\n", "t1 -> t2 -> t1"),
        ("", "no tasks"),
    ],
)
def test_validate_says_what_is_wrong_in_json(
    text: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "given").write_text(text)
    assert main(["validate", "given", "-C", str(tmp_path)]) == 2
    said = json.loads(capsys.readouterr().out)
    assert said["valid"] is False
    assert words in " ".join(said["errors"])
    assert main(["validate", "given", "-C", str(tmp_path), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["ok"] is False


def test_a_list_longer_than_any_argument_comes_by_stdin() -> None:
    found = [row(f"t{number // 50}.{number % 50}") for number in range(5_000)]
    argv = [sys.executable, "-m", "branchline", "next-batch", "-", "--concurrency", "3"]
    ended = subprocess.run(
        argv, input=json.dumps(found).encode(), capture_output=True, check=True, env=dict(os.environ)
    )
    assert json.loads(ended.stdout) == ["t0.0", "t0.1", "t0.2"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (b"\xff\xfe[", "not UTF-8"),
        (b"[\0]", "NUL"),
        (b"- [ ] " + b"x" * 1_100_000, "too large"),
        (b"[" * 90_000, "too deeply"),
    ],
)
def test_input_that_is_no_text_or_too_much_is_refused(
    given: bytes, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "given").write_bytes(given)
    assert main(["next-batch", "given", "-C", str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["next-batch", "--tasks", "[]", "--concurrency", "-1"], "must be 0 or more"),
        (["next-batch", "x", "--tasks", "[]"], "not both"),
        (["next-batch", "--tasks", json.dumps([row("a", ["b"]), row("b", ["a"])])], "circle: a -> b -> a"),
        (["order", "--tasks", '[{"id": "a", "blocked_by": ["b"]}]'], "names b, which does not exist"),
        (["lineage"], "give the id of a task"),
        (["decompose", "--text", "Build a, b and c", "--yes"], "are for a plan"),
        (["lineage", "--parent", "A", "--children", '["x"]', "--current", "1"], "from 0 to 0"),
        (["lineage", "--parent", "A", "--children", '[{"id": 1}]'], "needs a title"),
    ],
)
def test_what_cannot_be_is_said(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err


BLOCK = """\
TASK LINEAGE:
0. [parent] Build a shop (t9)
  1. [parent] Sell (t9.1)
    1. Cart (t9.1.1)
    2. Till (this task) (t9.1.2) <-- THIS TASK
LINEAGE RULES: Focus ONLY on "<-- THIS TASK". Stub sibling deps. Exit BLOCKED if hard dependency.
"""


def shapes() -> Iterator[list[str]]:
    """The same lineage, asked for in each way."""
    parents = ["--parent", "Build a shop (t9)", "--parent", '{"id": "t9.1", "title": "Sell"}']
    titles = '["Cart", "Till <-- THIS TASK"]'
    objects = '{"subtasks": [{"description": "Cart"}, {"title": "Till <-- THIS TASK", "id": "t9.1.2"}]}'
    yield ["lineage", *parents, "--children", titles, "--current", "1"]
    yield ["format-lineage", *parents, "--children", objects, "--current", "t9.1.2"]
    yield ["lineage", *parents, "--children", "children.json", "--current", "1"]
    yield ["lineage", "t9.1.2", "--plan", "plan.md"]


@pytest.mark.parametrize("words", list(shapes()))
def test_a_lineage_block_has_one_form(words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "children.json").write_text('["Cart", "Till <-- THIS TASK"]')
    (tmp_path / "plan.md").write_text(
        "- [ ] t9 Build a shop\n  - [ ] t9.1 Sell\n    - [ ] t9.1.1 Cart\n    - [ ] t9.1.2 Till <-- THIS TASK\n"
    )
    assert main([*words, "-C", str(tmp_path)]) == 0
    assert capsys.readouterr().out == BLOCK
    assert main([*words, "-C", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"ok": True, "task": "t9.1.2", "lineage": BLOCK.rstrip()}
