"""review: what is approved is what is shown, and nothing unsure starts unseen."""

import io
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from branchline.graph.adjacency import Adjacency
from branchline.model.plan import Check, DraftGraph, Edge, FileRef, Finding, Ignored, Task
from branchline.review.patch import changes, told
from branchline.review.policy import auto, held
from branchline.review.show import render
from branchline.terminal.text import for_stream, width_of


def draft(*tasks: Task, **more: Any) -> DraftGraph:
    return DraftGraph("plans/crm.md", "sha256:ab", "todo", more.pop("goal", "Build a small CRM"), tasks, **more)


LOOP = 'set -e\nfor f in tests/test_api_*.py; do pytest -q "$f" --maxfail=1 --disable-warnings; done\nmake lint'
CRM = draft(
    Task("1", "Contacts", "composite"),
    Task(
        "1.1",
        "Contact model",
        parent="1",
        output="a table with tests",
        checks=(Check("pytest -q tests/test_model.py"),),
    ),
    Task(
        "1.2",
        "HTTP endpoints for contacts with paging, filters and an export that a person can open",
        parent="1",
        checks=(Check(LOOP, confidence=0.8),),
        confidence=0.75,
    ),
    Task("2", "Deal \u202epipeline\x1b[2J", "composite"),
    Task("2.1", "Which states does a deal have?", parent="2", role="research", criteria=("a page in docs/",)),
    Task("2.2", "Kanban board", parent="2", state="deferred", files=(FileRef("src/board.py", "create"),)),
    edges=(Edge("1.1", "1.2", "written"), Edge("2.1", "2.2", "sequence", confidence=0.8), Edge("1", "2", "phase")),
    findings=(
        Finding("unknown-reference", "names t9, which no task has", 14, "2.1", True),
        Finding("lint", "long\nchain"),
    ),
    ignored=(
        Ignored(3, "Some words", "prose", "intro", "body"),
        Ignored(9, "- maybe \x07later", "under Ideas", "Ideas"),
    ),
)
WORKERS = {"build": "opencode", "research": "claude"}
GATE = (Check("make check"),)
BATCHES = [["1.1"], ["1.2"], ["2.1"], ["2.2"]]

PAGE = r"""Plan: Build a small CRM
1. [build] Contact model - a table with tests
2. [build] HTTP endpoints for contacts with paging, filters and an export
   that a person can open
3. [research] Which states does a deal have? - a page in docs/
4. [build] Kanban board - src/board.py

Tree:
1 Contacts  composite, 2 tasks
├─ 1.1 Contact model  atomic, build, opencode
│     $ pytest -q tests/test_model.py
└─ 1.2 HTTP endpoints for contacts with paging, filters and an export that a
      person can open
      atomic, build, opencode, confidence 0.75
      $ set -e
        for f in tests/test_api_*.py; do pytest -q "$f" --maxfail=1
          --disable-warnings; done
        make lint (unsure)
      after 1.1
2 Deal \u202epipeline\x1b[2J  composite, 2 tasks
│  - - after 1 (phase)
├─ 2.1 Which states does a deal have?  atomic, research, claude
│     no check of its own, judged by the gate
└─ 2.2 Kanban board  atomic, build, opencode, deferred
      no check of its own, judged by the gate
      - - after 2.1 (sequence 0.8)

Gate, run where a task has no check of its own:
  $ make check

Batches: depth-first, 4 slots; 4 rounds for 4 tasks, if all take equally long
  1. 1.1
  2. 1.2
  3. 2.1
  4. 2.2

No task of their own: 1 body, 1 ignored
  1 x prose
  1 x under Ideas
  line 9: - maybe \x07later

Findings: 2
  - line 14, 2.1: names t9, which no task has [unknown-reference] (held)
  - long\x0achain [lint]

Not started with --yes:
  1.2: its check was mined with confidence 0.8, under 0.9: set -e\x0afor f in t…
  2.1: names t9, which no task has (line 14)
  2.2: deferred in the plan

From plans/crm.md
Digest sha256:12"""


def page(graph: DraftGraph, **more: Any) -> str:
    given: dict[str, Any] = {"workers": WORKERS, "gate": GATE, "batches": BATCHES, "slots": 4}
    return render(graph, "sha256:12", **(given | more))


def test_the_page() -> None:
    assert page(CRM) == PAGE


def test_the_page_in_ascii_and_in_colour() -> None:
    assert "|- 1.1 Contact model" in for_stream(page(CRM), io.TextIOWrapper(io.BytesIO(), "ascii"))
    assert "\x1b[1mTree:\x1b[0m" in page(CRM, on=True)
    assert "\x1b[36m1.1\x1b[0m Contact model" in page(CRM, on=True)


def test_a_page_without_gate_or_batches_says_what_follows() -> None:
    shown = page(draft(Task("1", "One")), gate=(), batches=())
    assert "Gate: none\n  A task without a check of its own ends unchecked" in shown
    assert "no check of its own\n" in shown
    assert "Batches" not in shown
    assert "Findings" not in shown


def test_what_takes_turns_and_the_longest_chain_are_shown() -> None:
    shown = page(CRM, mutexes={"a.py": ["1.1", "1.2"]}, path=["1.1", "2.1"])
    assert "Never at the same time, for they change one file:\n  a.py: 1.1, 1.2\n" in shown
    assert "Critical path: 2 tasks, one after another\n  1.1 > 2.1\n" in shown
    long = page(CRM, path=[f"t{number}" for number in range(40)])
    assert "Critical path: 40 tasks" in long
    assert "t11 > ... > t39\n" in long


def test_a_role_without_worker_is_seen() -> None:
    assert "atomic, brainstorm, no worker" in page(draft(Task("1", "One", role="brainstorm")))
    assert "atomic, build, shell (small)" in page(draft(Task("1", "One", worker="shell", model="small")))


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=200), st.integers(60, 100))
def test_the_page_fits_and_hides_no_part_of_a_command(text: str, width: int) -> None:
    graph = draft(Task("1", text or "x", checks=(Check("run '" + text + "'"),)), goal=text)
    shown = page(graph, width=width, batches=[["1"]])
    assert all(width_of(line) <= width for line in shown.split("\n"))
    assert not set(shown) & set(map(chr, (*range(10), *range(11, 32), *range(127, 160))))


def test_a_long_command_is_shown_whole() -> None:
    command = "pytest " + " ".join(f"tests/test_{number}.py" for number in range(60))
    shown = page(draft(Task("1", "One", checks=(Check(command),))))
    assert all(f"tests/test_{number}.py" in shown for number in range(60))


def test_a_very_long_title_is_cut_unless_all_is_wanted() -> None:
    graph = draft(Task("1", "word " * 500 + "end"))
    assert "…" in page(graph, batches=())
    assert "end" not in page(graph, batches=())
    assert page(graph, batches=(), whole=True).count("word end") == 2


def test_an_empty_draft_has_a_page() -> None:
    assert page(draft(goal=""), batches=()).startswith("Plan: plans/crm.md\n\nGate")


def test_ten_thousand_tasks_do_not_flood_the_terminal() -> None:
    tasks = [Task(f"{number}", f"Task {number}", checks=(Check("make"),)) for number in range(1, 10_001)]
    graph = draft(*tasks, findings=tuple(Finding("lint", f"finding {number}") for number in range(3000)))
    batches = [[str(number)] for number in range(1, 10_001)]
    started = time.perf_counter()
    shown = page(graph, batches=batches)
    assert time.perf_counter() - started < 10
    assert shown.count("\n") < 230
    assert "9,940 more lines, not shown here; all of them: branchline review --all" in shown
    assert page(graph, batches=batches, whole=True).count("\n") > 40_000


# what --yes holds


def test_what_a_policy_may_not_start() -> None:
    assert set(auto(CRM)) == {"1.2", "2.1", "2.2"}
    assert auto(CRM)["2.2"] == "deferred in the plan"


@pytest.mark.parametrize(
    ("task", "waits"),
    [
        (Task("1", "a"), False),
        (Task("1", "a", confidence=0.6), False),
        (Task("1", "a", confidence=0.59), True),
        (Task("1", "a", checks=(Check("x", confidence=0.9),)), False),
        (Task("1", "a", checks=(Check("x"), Check("y", confidence=0.89))), True),
        (Task("1", "a", state="deferred"), True),
        (Task("1", "a", state="done", confidence=0.1), False),
        (Task("1", "a", "composite", confidence=0.1), False),
    ],
)
def test_the_limits_of_confidence(task: Task, waits: bool) -> None:
    assert bool(auto(draft(task))) is waits


@pytest.mark.parametrize("judge", [auto, held], ids=["a policy approves", "a person approves"])
def test_what_holds_a_composite_holds_what_is_below(judge: Callable[[DraftGraph], dict[str, str]]) -> None:
    tasks = (Task("1", "a", "composite"), Task("1.1", "b", "composite", "1"), Task("1.1.1", "c", parent="1.1"))
    findings = (Finding("f", "look", task="1", hold=True), Finding("g", "no", task="1.1"))
    assert judge(draft(*tasks, findings=findings)) == {"1.1.1": "look"}
    assert judge(draft(tasks[0]._replace(state="deferred"), *tasks[1:])) == {"1.1.1": "1 is deferred in the plan"}
    assert judge(draft(*tasks[:2], tasks[2]._replace(state="done"), findings=findings)) == {}


def test_a_task_that_is_its_own_parent_does_not_hang() -> None:
    assert auto(draft(Task("1", "a", parent="1"))) == {}


def test_another_limit() -> None:
    assert auto(draft(Task("1", "a", confidence=0.6)), confidence=0.7) == {"1": "confidence 0.6 is under 0.7"}


# a re-plan as a patch


def plain(*titles: str, **more: Any) -> DraftGraph:
    return draft(*(Task(str(place), title) for place, title in enumerate(titles, 1)), **more)


def named(graph: DraftGraph) -> list[tuple[str, str]]:
    return [(task.id, task.title) for task in graph.tasks]


def test_nothing_changed() -> None:
    patch = changes(CRM, CRM)
    assert (patch.added, patch.removed, patch.changed, patch.moved) == ((), (), (), ())
    assert patch.graph == CRM


def test_a_task_put_in_front_takes_no_id_of_another() -> None:
    old = plain("Alpha", "Beta", edges=(Edge("1", "2", "sequence"),))
    new = plain("New", "Alpha", "Beta", edges=(Edge("1", "2", "sequence"), Edge("2", "3", "sequence")))
    patch = changes(old, new)
    assert named(patch.graph) == [("3", "New"), ("1", "Alpha"), ("2", "Beta")]
    assert patch.added == ("3",)
    assert patch.changed == ("1",)  # it comes after the new one now
    assert patch.graph.edges == (Edge("3", "1", "sequence"), Edge("1", "2", "sequence"))
    assert patch.moved == patch.removed == ()


def test_a_removed_id_is_not_given_again() -> None:
    patch = changes(plain("Alpha", "Beta"), plain("Alpha", "Something else"))
    assert named(patch.graph) == [("1", "Alpha"), ("3", "Something else")]
    assert (patch.added, patch.removed, patch.changed) == (("3",), ("2",), ())
    used = [("1", "Alpha"), ("2", "Beta"), ("3", "Something else"), ("4", "Fourth")]
    again = changes(patch.graph, plain("Alpha", "Something else", "Third"), used)
    assert named(again.graph) == [("1", "Alpha"), ("3", "Something else"), ("5", "Third")]
    back = changes(plain("Alpha"), plain("Alpha", "Beta"), used)
    assert named(back.graph) == [("1", "Alpha"), ("2", "Beta")]  # the very task that went


def test_a_reworded_title_at_its_place_is_the_same_task() -> None:
    patch = changes(plain("Write the parser", "Beta"), plain("Write the fast parser", "Beta"))
    assert (patch.added, patch.removed, patch.changed) == ((), (), ("1",))


def test_written_ids_come_first() -> None:
    old = draft(Task("t1", "Alpha"), Task("t2", "Beta"))
    new = draft(Task("t2", "Alpha"), Task("t1", "Wholly new words"), Task("t3", "Gamma"))
    patch = changes(old, new)
    assert named(patch.graph) == named(new)
    assert (patch.added, patch.removed, set(patch.changed)) == (("t3",), (), {"t1", "t2"})
    assert len(patch.moved) == 1


def test_equal_titles_are_told_apart_by_their_parents() -> None:
    def twice(first: str, second: str) -> DraftGraph:
        return draft(
            Task("1", first, "composite"), Task("1.1", "Tests", parent="1"),
            Task("2", second, "composite"), Task("2.1", "Tests", parent="2"),
        )  # fmt: skip

    patch = changes(twice("Alpha", "Beta"), twice("Beta", "Alpha"))
    assert [(task.id, task.title, task.parent) for task in patch.graph.tasks] == [
        ("2", "Beta", None), ("2.1", "Tests", "2"), ("1", "Alpha", None), ("1.1", "Tests", "1"),
    ]  # fmt: skip
    assert (patch.added, patch.removed, patch.changed) == ((), (), ())
    assert len(patch.moved) == 1


def test_another_parent_is_a_move() -> None:
    old = draft(Task("t1", "A", "composite"), Task("t2", "B", "composite"), Task("t3", "C", parent="t1"))
    new = draft(Task("t1", "A", "composite"), Task("t2", "B", "composite"), Task("t3", "C", parent="t2"))
    assert changes(old, new).moved == ("t3",)


def test_boxes_lines_and_confidence_are_no_change() -> None:
    new = draft(*(task._replace(line=99, state="done", confidence=0.5) for task in CRM.tasks), edges=CRM.edges)
    assert changes(CRM, new).changed == ()
    assert changes(CRM, CRM._replace(tasks=(*CRM.tasks[:-1], CRM.tasks[-1]._replace(needs=("gpu",))))).changed == (
        "2.2",
    )


def test_findings_follow_their_tasks() -> None:
    patch = changes(plain("Alpha"), plain("New", "Alpha", findings=(Finding("f", "m", task="2"),)))
    assert patch.graph.findings[0].task == "1"


TITLES = st.lists(st.sampled_from(["a", "b", "c", "d", "a b", "b c d"]), max_size=8)


@settings(deadline=None, max_examples=200)
@given(TITLES, TITLES, st.integers(0, 5), st.integers(0, 5))
def test_a_patch_accounts_for_every_task(before: list[str], after: list[str], one: int, other: int) -> None:
    def nested(titles: list[str], split: int) -> DraftGraph:
        tasks, top, sub = [], 0, 0
        for place, title in enumerate(titles):
            if place % 3 == 0 or top == 0 or place < split:
                top, sub = top + 1, 0
                tasks.append(Task(str(top), title, "composite"))
            else:
                sub += 1
                tasks.append(Task(f"{top}.{sub}", title, parent=str(top)))
        return draft(*tasks)

    old, new = nested(before, one), nested(after, other)
    patch = changes(old, new)
    ids = [task.id for task in patch.graph.tasks]
    assert len({task_id.casefold() for task_id in ids}) == len(ids) == len(new.tasks)
    assert [task.title for task in patch.graph.tasks] == [task.title for task in new.tasks]
    assert {task.id for task in old.tasks} == (set(ids) - set(patch.added)) | set(patch.removed)
    assert set(patch.changed) | set(patch.moved) <= set(ids) - set(patch.added)
    Adjacency.build((task.id, task.parent, task.kind) for task in patch.graph.tasks)
    same = changes(patch.graph, patch.graph)
    assert (same.added, same.removed, same.changed, same.moved) == ((), (), (), ())


def test_a_reworded_task_is_the_same_and_the_patch_is_told() -> None:
    old = draft(Task("1", "Write the parser"), Task("2", "Document both", checks=(Check("make docs", line=4),)))
    two, three = Task("2", "Write a linter"), Task("3", "Document both of them", checks=(Check("make docs", line=5),))
    new = draft(Task("1", "Write the parser"), two, three)
    patch = changes(old, new)
    assert patch.table() == {"added": ["3"], "removed": [], "changed": ["2"], "moved": []}
    assert told(patch, old) == ["+ 3 Write a linter", "~ 2 Document both of them"]
    assert told(changes(old, old), old) == []
    other = new.tasks[2]._replace(id="2", checks=(Check("make html"),), role="research")
    assert told(changes(old, draft(old.tasks[0], other)), old) == [
        "~ 2 Document both of them (role research; other checks)"
    ]
