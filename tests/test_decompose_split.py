"""Splitting with a model: what is asked, what becomes of each kind of answer, and what is never touched."""

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from branchline import decompose
from branchline.asker import Answers, Asker, Planner, Question, Usage
from branchline.asker.talk import Reply, Turn, failure
from branchline.cli import main
from branchline.decompose.around import around
from branchline.decompose.kept import kept
from branchline.decompose.lint import lint
from branchline.decompose.split import split
from branchline.graph.laws import check_draft
from branchline.model.plan import DraftGraph, Task
from branchline.schema import Shape
from stub_model import StubModel

GOAL = """\
# Sales

- [ ] t1 Build a CRM
  Sales people keep their contacts.
  They follow their deals.
  Mail is shown beside both.
"""


def child(key: str, covers: Sequence[int] = (2, 3, 4), **more: Any) -> dict[str, Any]:
    """One child of an answer, all of it in order."""
    return {
        "key": key, "title": f"Do {key}", "kind": "atomic", "role": "build", "covers": list(covers), "depends_on": [],
        "files": [], "output": f"{key} works", "criterion": f"{key} can be used", "check": "", "effort": "small",
        "lines": 50, **more,
    }  # fmt: skip


def files(*paths: str, role: str = "modify") -> list[dict[str, str]]:
    return [{"path": path, "role": role} for path in paths]


def children(*each: dict[str, Any]) -> dict[str, Any]:
    return {"children": list(each)}


def composite(*keys: str) -> dict[str, Any]:
    """The classification that all of these are composite."""
    return {"tasks": [{"key": key, "kind": "composite", "confidence": 0.8, "reasoning": "systems"} for key in keys]}


PAIR = children(child("contacts", [2, 4]), child("deals", [3], depends_on=["contacts"]))


class Model:
    """A planner that gives prepared answers in turn, the last one for ever; an error is raised."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.asked = list(answers), list[tuple[Question, str]]()

    def __call__(self, question: Question, shape: Shape, turns: Sequence[Turn]) -> Reply:
        self.asked.append((question, turns[-1][1]))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return Reply(json.dumps(answer), Usage(input=10, output=5))


class Done:
    """A plan that was split by a model: the draft before and after, and the asker."""

    def __init__(self, root: Path, text: str, model: Model, **more: Any) -> None:
        (root / "p.md").write_text(text)
        self.before = decompose.draft(decompose.read_plan(root / "p.md", "p.md"), root)
        self.asker = Asker(Planner("stub", "s-1", model), Answers(root), lambda _: None, lambda: 1.0)
        self.draft = split(self.before, lambda: text, self.asker, **more)
        self.tasks = {task.id: task for task in self.draft.tasks}
        self.requests = self.asker.usage.requests
        check_draft(self.draft)

    def codes(self) -> list[str]:
        """The codes of the findings that the split has added."""
        return [finding.code for finding in self.draft.findings[len(self.before.findings) :]]


Splitting = Callable[..., Done]


@pytest.fixture
def splitting(tmp_path: Path) -> Iterator[Splitting]:
    yield lambda text, *answers, **more: Done(tmp_path, text, Model(*answers), **more)


def test_a_goal_is_judged_and_split(splitting: Splitting) -> None:
    done = splitting(GOAL, composite("t1"), PAIR)
    assert done.requests == 2
    assert [(t.id, t.kind, t.parent) for t in done.draft.tasks] == [
        ("t1", "composite", None),
        ("t1.1", "atomic", "t1"),
        ("t1.2", "atomic", "t1"),
    ]
    assert [(e.before, e.after, e.kind) for e in done.draft.edges] == [("t1.1", "t1.2", "inferred")]
    first = done.tasks["t1.1"]
    assert first.body == "Sales people keep their contacts.\nMail is shown beside both."
    assert first.extra["covers"] == [4, 6]
    assert (first.criteria, first.output, first.estimate) == (("contacts can be used",), "contacts works", 0.5)
    assert first.confidence == 0.8
    assert done.codes() == []
    again = splitting(GOAL, composite("t1"), PAIR)
    assert again.draft == done.draft
    assert again.asker.usage == Usage(known=2)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (children(child("a")), "at least 2 items"),
        (children(*map(child, "abcdef")), "at most 5 items"),
        (children(child("a"), child("a")), "the key 'a' stands twice"),
        (children(child("a/../b"), child("c")), "the key 'a/../b' may hold"),
        (children(child("a", depends_on=["z"]), child("b")), "names 'z', which is no key"),
        (children(child("a", depends_on=["b"]), child("b", depends_on=["a"])), "a, b: depends_on goes round"),
        (children(child("a", depends_on=["a"]), child("b")), "a: depends_on goes round"),
        (children(child("a", files=files("x.py")), child("b", files=files("x.py"))), "both change x.py"),
        (children(child("a", files=files("/etc/passwd")), child("b")), "must be relative"),
        (children(child("a", files=files("../x")), child("b")), "must be relative"),
        (children(child("a", files=files(".git/hooks/x")), child("b")), "must be relative"),
        (children(child("a", files=files("lib/.Git/config")), child("b")), "must be relative"),
        (children(child("a", files=files("./x.py")), child("b", files=files("x.py"))), "must be relative"),
        (children(child("a", files=files("C:\\\\x")), child("b")), "must be relative"),
        (children(child("a", files=files("x\x1b[2J")), child("b")), "must be relative"),
        (children(child("a", check="true\nrm -rf ."), child("b")), "check must be one line"),
        (children(child("a", covers=[99]), child("b")), "covers names line 99; the task has lines 1 to 4"),
        (children(child("a", effort="epic"), child("b")), "children.0.effort"),
        (children(child("a", children=[child("deep")]), child("b")), "children.0.children: Extra inputs"),
        ("nonsense", "Input should be a valid dictionary"),
    ],
)
def test_what_is_wrong_goes_back_twice_and_then_the_task_stays_atomic(
    splitting: Splitting, wrong: Any, words: str
) -> None:
    done = splitting(GOAL, composite("t1"), wrong)
    assert done.requests == 4
    assert words in done.asker.planner.send.asked[-1][1].replace("\\u001b", "\x1b")  # type: ignore[union-attr]
    assert done.tasks.keys() == {"t1"}
    assert done.tasks["t1"].kind == "atomic"
    assert done.codes() == ["not-split"]


def test_one_repair_is_enough(splitting: Splitting) -> None:
    done = splitting(GOAL, composite("t1"), children(child("a")), PAIR)
    assert (done.requests, len(done.tasks), done.codes()) == (3, 3, [])


def test_a_file_in_two_children_that_are_ordered_is_no_overlap(splitting: Splitting) -> None:
    chain = children(
        child("a", files=files("x.py")), child("b", depends_on=["a"]), child("c", depends_on=["b"], files=files("x.py"))
    )
    assert splitting(GOAL, composite("t1"), chain).requests == 2


def test_the_scope_of_a_task_never_grows(splitting: Splitting) -> None:
    plan = f"{GOAL}  Files: `src/crm.py`\n"
    wider = children(child("a", files=files("src/billing.py")), child("b"))
    inside = children(child("a", files=files("src/crm.py")), child("b", [5], files=files("README.md", role="mention")))
    done = splitting(plan, wider, inside, only={"t1"})
    assert done.requests == 2
    assert "its scope must not grow" in done.asker.planner.send.asked[1][1]  # type: ignore[union-attr]
    assert len(done.tasks) == 3


def test_what_no_child_covers_and_who_covers_nothing_are_told(splitting: Splitting) -> None:
    done = splitting(GOAL, composite("t1"), children(child("a", [2]), child("b", [])))
    assert done.codes() == ["not-covered", "no-source"]
    uncovered, source = done.draft.findings[-2:]
    assert (uncovered.line, uncovered.task) == (5, "t1")
    assert "They follow their deals.; Mail is shown beside both." in uncovered.message
    assert (source.task, source.hold) == ("t1.2", True)


def test_composites_are_split_again_to_depth_three(splitting: Splitting) -> None:
    deeper = children(child("a", kind="composite"), child("b"))
    done = splitting(GOAL, composite("t1"), deeper, children(child("a", [2], kind="composite"), child("b", [2])))
    assert done.requests == 4
    assert [t.id for t in done.draft.tasks] == ["t1", "t1.1", "t1.1.1", "t1.1.1.1", "t1.1.1.2", "t1.1.2", "t1.2"]
    assert done.tasks["t1.1.1.1"].kind == "atomic"
    assert "depth-limit" in done.codes()
    shallow = splitting(GOAL, deeper, depth=1)
    assert (shallow.requests, shallow.codes()) == (1, ["depth-limit"])


def test_much_code_is_researched_first(splitting: Splitting) -> None:
    much = children(child("a", lines=500, check="make a"), child("b", depends_on=["a"]))
    done = splitting(GOAL, composite("t1"), much)
    assert done.requests == 2
    assert [(t.id, t.role) for t in done.draft.tasks if t.parent == "t1.1"] == [
        ("t1.1.1", "research"),
        ("t1.1.2", "build"),
    ]
    assert ("t1.1.1", "t1.1.2") in {(e.before, e.after) for e in done.draft.edges}
    assert [c.run for c in done.tasks["t1.1.2"].checks] == ["make a"]
    long = [f.task for f in lint(done.draft) if f.code == "too-long"]
    assert long == ["t1.1.2"], "who only reads changes no lines"
    assert splitting(GOAL, composite("t1"), much, depth=1).codes() == ["depth-limit"]


def test_many_files_are_read_analysed_and_put_together(splitting: Splitting) -> None:
    many = children(child("a", files=files("a.c", "b.c", "c.c", "d.c")), child("b"))
    done = splitting(GOAL, composite("t1"), many)
    below = [t for t in done.draft.tasks if t.parent == "t1.1"]
    assert [(t.role, t.files[0].role) for t in below] == [
        ("research", "mention"),
        ("research", "mention"),
        ("build", "modify"),
    ]
    assert [(e.before, e.after) for e in done.draft.edges] == [("t1.1.1", "t1.1.2"), ("t1.1.2", "t1.1.3")]


def test_a_description_that_no_question_holds_is_not_cut(splitting: Splitting) -> None:
    done = splitting(GOAL + "  More words about it.\n" * 2_000, composite("t1"), PAIR)
    assert (done.requests, len(done.tasks), done.codes()) == (1, 1, ["not-split"])


@pytest.mark.parametrize(
    "answer",
    [
        {"tasks": [{"key": "t1", "kind": "atomic", "confidence": 0.9, "reasoning": "one"}]},
        {"tasks": [{"key": "t1", "kind": "composite", "confidence": 0.5, "reasoning": "perhaps"}]},
    ],
)
def test_when_in_doubt_atomic(splitting: Splitting, answer: Any) -> None:
    done = splitting(GOAL, answer)
    assert (done.requests, len(done.tasks), done.codes()) == (1, 1, [])


@pytest.mark.parametrize(
    ("cause", "code"), [("network", "planner"), ("credentials", "planner"), ("refused", "not-split")]
)
@pytest.mark.parametrize("before", [0, 1])
def test_the_result_of_the_rules_stands(splitting: Splitting, cause: str, code: str, before: int) -> None:
    error = failure(cause, "it is as it is")
    done = splitting(GOAL, *[composite("t1")][:before], error)
    assert done.draft.tasks == done.before.tasks
    assert done.codes() == [code]
    assert done.requests == before + (3 if cause == "network" else 1)


def test_after_a_lasting_failure_nothing_more_is_asked(splitting: Splitting) -> None:
    plan = "- [ ] t1 Build a CRM\n- [ ] t2 Build a shop\n"
    done = splitting(
        plan, composite("t1", "t2"), children(child("a", [1]), child("b", [1])), failure("credentials", "no")
    )
    assert done.requests == 3
    assert [t.id for t in done.draft.tasks] == ["t1", "t1.1", "t1.2", "t2"]
    assert done.codes() == ["planner"]


WRITTEN = [
    "".join(f"- [ ] t{n} Thing number {n}\n" for n in range(1, 31)),
    "- [ ] Write `a.py`\n- [ ] Write src/b\n- [ ] Mend c.py\n",
    "- [ ] Build it\n  Verify: `make test`\n",
    "- [x] Build a CRM\n",
    "- [ ] Build a CRM\n" + "".join(f"  - [ ] Part {n}\n" for n in range(6)),
]


@pytest.mark.parametrize("plan", WRITTEN, ids=range(len(WRITTEN)))
def test_a_plan_whose_tasks_are_written_asks_nothing(splitting: Splitting, plan: str) -> None:
    done = splitting(plan, failure("network", "nobody may ask"))
    assert done.draft is done.before
    assert done.requests == 0


def test_ids_of_children_keep_out_of_the_way(tmp_path: Path) -> None:
    draft = DraftGraph("p.md", "", "", "", (Task("t1", "Build a CRM"), Task("T1.1", "There before", state="done")))
    asker = Asker(
        Planner("stub", "", Model(children(child("a", [1]), child("b", [1])))), Answers(tmp_path), print, lambda: 1.0
    )
    assert [task.id for task in split(draft, str, asker, only={"t1"}).tasks] == ["t1", "t1.2", "t1.3", "T1.1"]


def test_titles_cannot_paint_on_the_terminal(splitting: Splitting) -> None:
    done = splitting(GOAL, composite("t1"), children(child("a", title="x\x1b[31m\ny"), child("b")))
    assert done.tasks["t1.1"].title == "x\\u001b[31m y"


def test_the_repository_is_shown_by_name_and_without_secrets(tmp_path: Path) -> None:
    for name in ("a.py", "deep/b.py", ".env", "server.pem", "my_token.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("hunter2")
    (tmp_path / "AGENTS.md").write_text("Use tabs.\nAPI_KEY=hunter2\n")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "-A"], cwd=tmp_path, check=True)
    shown = around(tmp_path, dict(os.environ), 2)
    assert "7 a.py" in shown
    assert "1 more are not shown" in shown
    assert "Use tabs." in shown
    assert not {word for word in ("hunter2", ".env", "server.pem", "my_token") if word in shown}
    assert "deep/b.py" in around(tmp_path, dict(os.environ), 9)


NOTHING: dict[str, list[str]] = {"added": [], "removed": [], "changed": [], "moved": []}


def test_the_main_road_asks_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    (tmp_path / "p.md").write_text(GOAL)
    words = ["decompose", "p.md", "--planner", "openai", "--json", "-C", str(tmp_path)]
    rules = [("tasks to judge", [{"text": json.dumps(composite("t1"))}]), ("to split", [{"text": json.dumps(PAIR)}])]
    with StubModel(rules) as stub:
        monkeypatch.setenv("OPENAI_BASE_URL", stub.url)
        assert main(words) == 0
        told = json.loads(capsys.readouterr().out)
        assert [task["id"] for task in told["tasks"]] == ["t1", "t1.1", "t1.2"]
        assert told["planner"]["name"] == "openai"
        assert (told["planner"]["requests"], told["planner"]["tokens"]["input"]) == (2, 200)
        assert main(words) == 0
        again = json.loads(capsys.readouterr().out)
        assert again["digest"] == told["digest"]
        assert (again["planner"]["requests"], again["planner"]["known"], again["patch"]) == (0, 0, NOTHING)
        (tmp_path / "p.graph.json").unlink()
        assert main(words) == 0
        anew = json.loads(capsys.readouterr().out)
        assert (anew["digest"], anew["planner"]["known"], len(stub.requests)) == (told["digest"], 2, 2)
    assert main([*words[:3], "rules", *words[4:]]) == 0
    assert json.loads(capsys.readouterr().out)["planner"]["name"] == "rules"


def test_children_stay_while_their_task_is_as_it_was(splitting: Splitting) -> None:
    old = splitting(GOAL, composite("t1"), children(child("a", [2], lines=500), child("b", []))).draft
    edited = old._replace(tasks=tuple(t._replace(title="Mine") if t.id == "t1.2" else t for t in old.tasks))
    elsewhere = splitting(f"{GOAL}\n- [ ] t2 Mend `a.py`\n", failure("network", "")).before
    back = kept(elsewhere, edited)
    check_draft(back)
    assert [t.id for t in back.tasks] == ["t1", "t1.1", "t1.1.1", "t1.1.2", "t1.2", "t2"]
    assert next(t.title for t in back.tasks if t.id == "t1.2") == "Mine"
    assert back.edges == old.edges
    assert [f.code for f in back.findings] == [f.code for f in old.findings]
    for text in (GOAL.replace("deals", "leads"), GOAL.replace("[ ]", "[x]"), f"{GOAL}  - [ ] t1.1 Only this\n"):
        changed = splitting(text, failure("network", "")).before
        assert kept(changed, old) is changed


def test_a_task_can_be_split_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    (tmp_path / "p.md").write_text("- [ ] t1 Write `a.py`\n- [ ] t2 Write `b.py`\n- [x] t3 Done\n")
    words = ["decompose", "p.md", "--planner", "openai", "--json", "-C", str(tmp_path)]
    answer = children(child("a", [1]), child("b", [1]))
    with StubModel([("to split", [{"text": json.dumps(answer)}])]) as stub:
        monkeypatch.setenv("OPENAI_BASE_URL", stub.url)
        assert main([*words, "--split", "t1"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert [task["id"] for task in told["tasks"]] == ["t1", "t1.1", "t1.2", "t2", "t3"]
        assert main(words) == 0
        assert json.loads(capsys.readouterr().out)["digest"] == told["digest"]
        assert len(stub.requests) == 1
    for task in ("t1", "t3", "t9"):
        assert main([*words, "--split", task]) == 2
    assert main([*words[:3], "rules", *words[4:], "--split", "t2"]) == 2


def test_without_network_the_draft_is_that_of_the_rules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "p.md").write_text(GOAL)
    assert main(["decompose", "p.md", "--planner", "anthropic", "--json", "-C", str(tmp_path)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [task["id"] for task in told["tasks"]] == ["t1"]
    (said,) = [finding["message"] for finding in told["findings"] if finding["code"] == "planner"]
    assert "ANTHROPIC_API_KEY is not set" in said
    assert main(["decompose", "p.md", "--planner", "gpt", "-C", str(tmp_path)]) == 2


def test_a_text_is_judged_and_split_by_the_planner_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    goal, named = "Build a CRM", ["--planner", "openai", "--json", "-C", str(tmp_path)]

    def told(*words: str, status: int = 0) -> Any:
        assert main([*words, *named]) == status
        return json.loads(capsys.readouterr().out)

    judged = {"key": "task", "kind": "composite", "confidence": 0.8, "reasoning": "systems"}
    rules = [("to split", [{"text": json.dumps(children(child("a", [1]), child("b", [1])))}])]
    with StubModel([*rules, (goal, [{"text": json.dumps({"tasks": [judged]})}])]) as stub:
        monkeypatch.setenv("OPENAI_BASE_URL", stub.url)
        found = told("classify", goal)
        assert (found["kind"], found["reasoning"], found["planner"]["requests"]) == ("composite", "systems", 1)
        assert told("classify", goal, "--depth", "3")["kind"] == "atomic"
        assert len(stub.requests) == 1
    with StubModel([*rules, (goal, [{"text": json.dumps(composite("1"))}])]) as stub:
        monkeypatch.setenv("OPENAI_BASE_URL", stub.url)
        found = told("decompose", "--text", goal)
        assert [task["id"] for task in found["tasks"]] == ["1", "1.1", "1.2"]
        assert (found["planner"]["requests"], list(tmp_path.iterdir())) == (2, [])
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    with StubModel([(goal, [{"text": json.dumps({"tasks": [judged]})}])]) as stub:
        monkeypatch.setenv("OPENAI_BASE_URL", stub.url)
        found, again = told("classify", goal), told("classify", goal)
        assert (found["planner"]["requests"], again["planner"]["requests"], again["planner"]["known"]) == (1, 0, 1)
        assert found["planner"]["usd"] == pytest.approx(0.000_165)
    monkeypatch.delenv("OPENAI_BASE_URL")
    found = told("classify", "Build a shop")
    assert (found["kind"], found["planner"]["requests"]) == ("atomic", 0)
    assert "cannot be asked" in found["planner"]["why"]


CHILD = st.fixed_dictionaries(
    {},
    optional={
        "title": st.sampled_from(["x", "y", "x\x1b[2J", "<-- THIS TASK", "x\ny"]),
        "kind": st.sampled_from(["atomic", "composite"]),
        "role": st.sampled_from(["build", "research"]),
        "covers": st.lists(st.integers(1, 2), max_size=3),
        "depends_on": st.lists(st.sampled_from(["k0", "k0", "k1"]), max_size=1),
        "files": st.lists(st.sampled_from(files(*"abcdefgh", "../b", role="mention")), max_size=5),
        "lines": st.integers(0, 900),
    },
).map(lambda more: {**child("z", [1]), **more})
SPLIT = st.lists(CHILD, min_size=2, max_size=6).map(
    lambda each: children(*({**one, "key": f"k{n}"} for n, one in enumerate(each)))
)
ANSWER = st.one_of(SPLIT, SPLIT, SPLIT, st.sampled_from([[], None, "{"]))


@given(st.lists(ANSWER, min_size=1, max_size=8))
@settings(max_examples=int(60 * float(os.environ.get("BRANCHLINE_TEST_SCALE", "1"))), deadline=None)
def test_whatever_a_model_says_the_graph_is_lawful(answers: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        done = Done(Path(folder), GOAL, Model(composite("t1"), *answers))
    assert done.requests <= 1 + 3 * len(done.tasks)
    for task in done.draft.tasks:
        assert task.title.isprintable()
        assert not [file for file in task.files if file.path.startswith((".", "/"))]
        assert (task.kind == "composite") == any(each.parent == task.id for each in done.draft.tasks)
