"""What fields, tables, trees and chains of ids say of the order of tasks."""

import pytest

from branchline.planfile.read import parse
from planread import PATH, waits

_FIELDS = """# Tasks

## Task 1: Draw it

| Field | Value |
|-------|-------|
| **File** | `src/draw.py` |
| **Depends on** | — |

## Task 2: Move it

| Field | Value |
|-------|-------|
| **File** | `src/move.py` |
| **Depends on** | Task 1 |

## Task 3: Send it

| Field | Value |
|-------|-------|
| **Depends on** | Task 1–2 |
"""


def test_a_table_of_two_columns_below_a_task_holds_its_fields() -> None:
    assert {edge[0][-1] + edge[1][-1] for edge in waits(_FIELDS)} == {"12", "13", "23"}
    files = [[file.path for file in task.files] for task in parse(_FIELDS, PATH).tasks]
    assert files == [["src/draw.py"], ["src/move.py"], []]


_TREE = """# Tasks

## Phase 1: Setup

- [ ] T001 Make it
- [ ] T002 Fill it

## Phase 2: Base

- [ ] T003 Draw it
- [ ] T004 Move it

## Phase 3: Views

- [ ] T005 Show it

## Phase 4: Polish

- [ ] T006 Paint it

"""


def test_a_tree_of_names_says_nothing_of_what_comes_first() -> None:
    named = _TREE.replace("Phase 1: Setup", "Phase 1: Views").replace("Phase 3: Views", "Phase 3: Core")
    assert waits(named + "## Dependencies\n\n```\nViews\n└── Core\n```\n") == set()


def test_a_tree_in_a_section_on_order_says_what_goes_on_from_what() -> None:
    tree = "## Dependencies\n\n```\nPhase 1 (Setup)\n└── Phase 2 (Base)  ← BLOCKS the rest\n"
    tree += "    ├── Phase 3\n    │   └── Phase 4\n```\n"
    assert {f"{one}{other}" for one, other in waits(_TREE + tree)} == {"12", "23", "34"}


@pytest.mark.parametrize(
    "tree",
    [
        "T001\n├── T003\n│   └── T004\n└── T002",
        "T001\n|-- T003\n|   `-- T004\n`-- T002",
        "T001\n+-- T003\n    +-- T004\n+-- T002",
        "T001\n├─> T003\n│   └─> T004 → T005\n└─→ T002",
    ],
)
def test_trees_are_drawn_in_many_ways(tree: str) -> None:
    found = set(waits(_TREE + f"## Dependencies\n\n```\n{tree}\n```\n"))
    assert found - {("T004", "T005")} == {("T001", "T002"), ("T001", "T003"), ("T003", "T004")}


@pytest.mark.parametrize("root", ["T004 depends on:", "T004 (requires)", "T004 needs"])
def test_a_tree_below_what_waits_is_what_it_waits_for(root: str) -> None:
    tree = f"## Dependencies\n\n```\n{root}\n├── T001\n└── T003\n```\n"
    assert set(waits(_TREE + tree)) == {("T001", "T004"), ("T003", "T004")}


@pytest.mark.parametrize(
    ("head", "row", "found"),
    [
        ("| Task | Blocks |", "| T001 | T003, T005 |", {("T001", "T003"), ("T001", "T005")}),
        ("| Task | Depends on | Blocks |", "| T003 | T001 | T005 |", {("T001", "T003"), ("T003", "T005")}),
        ("| Task | Needs |", "| T003 | T001, T005 |", {("T001", "T003"), ("T005", "T003")}),
        ("| Before | After |", "| T001 | T003 |", {("T001", "T003")}),
    ],
)
def test_the_columns_of_a_table_on_order(head: str, row: str, found: set[tuple[str, str]]) -> None:
    rule = "|" + "--|" * (head.count("|") - 1)
    assert set(waits(_TREE + f"## Dependencies\n\n{head}\n{rule}\n{row}\n")) == found


def test_a_tree_of_folders_says_no_order() -> None:
    tree = "## Layout\n\n```\nsrc\n├── phase1.py\n└── phase2.py\n    └── T005\n```\n"
    assert waits(_TREE + tree) == set()


@pytest.mark.parametrize("label", ["Parallel track A:  ", "Critical path: ", "One by one: "])
def test_a_chain_of_ids_behind_a_label_says_an_order(label: str) -> None:
    assert set(waits(_TREE + f"## Examples\n\n```\n{label}T003 → T004 → T005\n```\n")) == {
        ("T003", "T004"),
        ("T004", "T005"),
    }


def test_what_can_run_in_parallel_after_others_waits_for_them_wherever_that_stands() -> None:
    said = "## Examples\n\n**Base**: Tasks T004, T005 can be done in parallel after T003\n"
    assert set(waits(_TREE + said)) == {("T003", "T004"), ("T003", "T005")}
    assert waits(_TREE + "## Examples\n\nT004 and T005 can run in parallel after the first week\n") == set()


@pytest.mark.parametrize("said", ["| Phase 4 | All previous |", "| Phase 4 | everything else |"])
def test_a_row_may_wait_for_all_that_stands_before(said: str) -> None:
    table = f"## Timeline\n\n| Phase | Dependencies |\n|--|--|\n| Phase 2 | Phase 1 |\n{said}\n"
    assert {f"{one}{other}" for one, other in waits(_TREE + table)} == {"12", "14", "24", "34"}


def test_an_arrow_may_lead_to_everything_else() -> None:
    text = "## Dependencies\n\n- Phase 2 → Phase 1 done\n- Phase 4 (Polish) → everything else.\n"
    assert {f"{one}{other}" for one, other in waits(_TREE + text)} == {"12", "14", "24", "34"}


def test_all_tasks_of_a_phase_are_the_phase() -> None:
    table = "## Dependencies\n\n| Story | Depends on |\n|--|--|\n"
    table += "| Phase 3 | T003–T004 |\n| Phase 4 | T001–T004 |\n| T005 | T003 |\n"
    assert {f"{one} {other}" for one, other in waits(_TREE + table)} == {
        "2 3", "1 4", "2 4", "T003 T005",
    }  # fmt: skip


def test_a_phase_waits_for_what_its_brackets_say_it_comes_after() -> None:
    text = "# Plan\n\n## Phase 1 — Base\n\n- [ ] Draw it\n\n"
    text += "## Phase 2 — API (parallel with 3 after Phase 1)\n\n- [ ] Serve it\n\n"
    text += "## Phase 3 — Views (with a page; parallel with 2 after Phase 1)\n\n- [ ] Show it\n"
    assert {f"{one} {other}" for one, other in waits(text)} == {"1 2", "1 3"}


def test_bare_numbers_behind_before_are_of_the_series_of_what_comes_first() -> None:
    text = "# Tasks\n\n" + "".join(f"### Task {n} - Part {n}\n\nDo it.\n\n" for n in ("1.1", "2.1", "2.2"))
    assert waits(text + "## Dependencies\n\n- Task 1.1 must complete before 2.1, 2.2 (they depend on its types)\n") == {
        ("1.1", "2.1"), ("1.1", "2.2"),
    }  # fmt: skip


@pytest.mark.parametrize(
    "field",
    ["Follows", "Upstream", "Waits for", "Blocked on", "Needs", "Preceded by", "Gated by", "Relies on", "Builds on"],
)
def test_more_fields_say_what_a_task_waits_for(field: str) -> None:
    assert waits(f"# Tasks\n\n- [ ] T1 Draw it\n- [ ] T2 Move it\n  - {field}: T1\n") == {("T1", "T2")}


def test_tasks_that_are_done_in_order_wait_for_one_another() -> None:
    assert set(waits(_TREE + "## Dependencies\n\n- T001, T003, T005 must be done in order\n")) == {
        ("T001", "T003"),
        ("T003", "T005"),
    }


@pytest.mark.parametrize(
    "said", ["This task requires all previous tasks complete.", "Depends on all prior tasks and a key."]
)
def test_a_task_may_say_in_a_sentence_that_it_waits_for_all_before_it(said: str) -> None:
    text = f"# Tasks\n\n### Task 1: Draw it\n\nDo.\n\n### Task 2: Move it\n\nDo.\n\n### Task 3: Send it\n\n**{said}**\n"
    assert waits(text) == {("1", "3"), ("2", "3")}
    assert waits(text.replace("requires", "does not require").replace("Depends on", "Not after")) == set()


def test_targeted_user_stories_are_all_of_them() -> None:
    text = "# Tasks\n\n" + "".join(
        f"## Phase {n}: User Story {n - 2}\n\n- [ ] T00{n} [US{n - 2}] Draw it\n\n" for n in (3, 4)
    )
    text += "## Phase 5: Polish\n\n- [ ] T009 Paint it\n\n"
    text += "## Dependencies\n\n- **Polish (Phase 5)**: Depends on targeted user stories\n"
    assert waits(text) == {("3", "5"), ("4", "5")}


_STORIES = """# Tasks

## Phase 1: Setup

- [ ] T001 Make it

## Phase 2: Foundation

- [ ] T002 Fill it

## Phase 3: User Story 1 - Draw (P1)

- [ ] T003 [US1] Draw it

## Phase 4: User Story 2 - Move (P2)

- [ ] T004 [US2] Move it

## Phase 5: Polish

- [ ] T005 Paint it
- [ ] T006 Shine it

## Dependencies & Execution Order

"""


def test_an_arrow_back_may_be_said_in_words() -> None:
    fence = "```\nPhase 2 (Foundation) ← BLOCKS all user stories\n    ↓\nUS2 (P2) ← Depends on US1\n"
    found = waits(_STORIES + fence + "Polish (P3) ← Depends on all user stories\n```\n")
    assert found >= {("2", "3"), ("3", "4"), ("3", "5"), ("4", "5")}
    assert ("4", "3") not in found


@pytest.mark.parametrize(
    "said", ["Depends on all phases", "Depends on all phases complete", "Depends on all user story phases"]
)
def test_what_depends_on_all_phases_comes_after_them(said: str) -> None:
    assert waits(f"{_STORIES}- **Polish (Phase 5)**: {said}\n") >= {("3", "5"), ("4", "5")}


def test_tasks_that_are_all_of_a_phase_wait_for_the_phases_before_it() -> None:
    assert waits(f"{_STORIES}- T005-T006 (polish) depends on all implementation tasks\n") == {
        ("1", "5"),
        ("2", "5"),
        ("3", "5"),
        ("4", "5"),
    }


_LETTERS = """# Plan

## Phases

{0}

### Phase 0 — Ground

Do it.

### Phase 1a — Paper

Do it.

### Phase 2 — Seams

Do it.

### Phase 1b — Harness

{1}

### Phase 3 — Ship

Do it.
"""


@pytest.mark.parametrize("arrow", ["->", "→", "-->"])
def test_an_order_may_be_told_in_a_sentence_by_bare_numbers(arrow: str) -> None:
    order = f" {arrow} ".join(["0", "1a", "2", "3"])
    text = _LETTERS.format(f"**Execution order is {order}.** Phase 1b runs alongside.", "Do it.")
    assert waits(text) == {("0", "1a"), ("1a", "2"), ("2", "3")}
    assert waits(_LETTERS.format(f"The cost of it is {order}.", "Do it.")) == set()


def test_a_number_may_have_a_letter() -> None:
    assert waits(_LETTERS.format("Text.", "Depends on Phase 1a.")) == {("1a", "1b")}


def test_a_chain_goes_on_behind_an_arrow_at_the_end_of_a_line() -> None:
    tasks = "- [ ] T1 Draw\n- [ ] T2 Move\n- [ ] PIPELINE-001 - Send\n- [ ] PIPELINE-002 - Show\n\n"
    found = waits(f"# Plan\n\n{tasks}## Critical path\n\n```\nT1 → T2 →\nPIPELINE-001 →\nPIPELINE-002\n```\n")
    assert [len(found), {before for before, _ in found} >= {"T1", "T2"}] == [3, True]


def test_steps_of_a_task_are_not_the_tasks_of_these_numbers() -> None:
    tasks = "".join(f"### Task {n} — Part {n}\n\nDo it.\n\n" for n in (1, 2, 3))
    last = "### Task 4 — Clear\n\n1. Draw it.\n2. Move it.\n3. **Only after steps 1–2 pass:** send it.\n"
    assert waits(f"# Plan\n\n{tasks}{last}") == set()
    assert waits(f"# Plan\n\n{tasks}{last}4. Only after Task 2 passes: show it.\n") == {("2", "4")}


def test_tasks_are_called_by_what_stands_behind_the_word() -> None:
    stream = "## Stream {0}: Rim\n\n### Tasks:\n1. **TASK-{0}1**: Draw the rim\n2. **TASK-{0}2**: Paint the rim\n\n"
    graph = "## Dependencies graph\n\n```\nA1 → A2\nB1 → B2\n```\n"
    assert waits("# Breakdown\n\n" + stream.format("A") + stream.format("B") + graph) == {
        ("A.1", "A.2"),
        ("B.1", "B.2"),
    }
