"""How far things are in the words and marks of a plan itself, and what tables, trees and chains say of its tasks."""

import pytest

from branchline.planfile.read import parse
from planread import PATH, titles, waits


def _states(text: str) -> dict[str, str]:
    return {task.title: task.state for task in parse(text, PATH).tasks}


@pytest.mark.parametrize("done", ["Done: ", "**Done:** ", "已完成：", "完了：", "Готово: ", "✅ "])
def test_a_label_that_tells_a_state_is_no_topic_of_a_phase(done: str) -> None:
    text = "# Plan\n\n" + "".join(f"## Phase {n}: Part {n}\n\n- {done}draw ship {n}\n\n" for n in (1, 2, 3))
    found = _states(text)
    assert {title: state for title, state in found.items() if "ship" in title} == dict.fromkeys(
        ("draw ship 1", "draw ship 2", "draw ship 3"), "done"
    )


def test_a_label_of_more_words_tells_no_state_and_none_does_beside_a_box() -> None:
    kept = ("Done condition: it draws", "Archive pages: the old ones", "Active: a blue rim", "Closed: nothing is seen")
    assert _states("# Tasks\n\n" + "".join(f"- [ ] {title}\n" for title in kept)) == dict.fromkeys(kept, "open")


def test_the_column_of_tasks_is_the_title_where_it_holds_words_and_the_id_where_it_holds_codes() -> None:
    head = "# Roadmap\n\n## Tasks\n\n| Task | Status | Description |\n|--|--|--|\n"
    assert titles(
        head + "| [Draw the rim](a.md) | open | A long text |\n| [Move the ship](b.md) | open | Another |\n"
    ) == [
        "Draw the rim",
        "Move the ship",
    ]
    assert titles(head + "| T1 | open | Draw the rim |\n| T2 | open | Move the ship |\n") == [
        "Draw the rim",
        "Move the ship",
    ]


def test_a_table_of_what_is_done_stands_beside_one_of_what_is_planned() -> None:
    text = (
        "# To do\n\n## ✅ Completed\n\n| # | Task | Notes |\n|--|--|--|\n| 1 | Draw it | a |\n| — | Move it | b |\n\n"
    )
    text += "## ⬜ Pending\n\n| # | Task | Status | Notes |\n|--|--|--|--|\n| 2 | Send it | ⬜ | c |\n| 3 | Keep it | ⬜ | d |\n"
    assert _states(text) == {"Draw it": "done", "Move it": "done", "Send it": "open", "Keep it": "open"}


def test_rows_that_name_tasks_are_tasks_beside_phases() -> None:
    text = "# Plan\n\n## Server\n\n| Task | Status | Note |\n|--|--|--|\n"
    text += "| Task 8 — Map it | open | a |\n| Task 9 — Keep it | open | b |\n\n"
    text += "## Phase 1: Now\n\nDo the server first.\n"
    assert {"Map it", "Keep it"} <= {title.partition("— ")[2] or title for title in titles(text)}


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


def test_a_row_of_a_data_model_names_no_model_and_no_worker() -> None:
    text = "# Tasks\n\n## Task 1: Draw it\n\n| Name | What |\n|--|--|\n| Model | User |\n| Agent | Smith |\n| Role | admin |\n"
    (task,) = parse(text, PATH).tasks
    assert (task.model, task.worker, task.role) == (None, None, "build")


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


def test_boxes_below_a_note_are_tasks_where_no_other_heading_was_put_over_them() -> None:
    assert titles("# Plan\n\n## Workflow note\n\nCommit often.\n\n- [ ] Draw it\n- [ ] Move it\n- [ ] Send it\n") == [
        "Draw it", "Move it", "Send it",
    ]  # fmt: skip
    told = "# Plan\n\n## Notes\n\n- [ ] An example\n\n## Work\n\n- [ ] Draw it\n- [ ] Move it\n- [ ] Send it\n"
    assert titles(told) == ["Draw it", "Move it", "Send it"]


def test_phases_told_again_among_criteria_are_none() -> None:
    text = "# Plan\n\n## Phases\n\n### Phase 1: First\n\n- Draw it\n- Move it\n\n### Phase 2: Then\n\n- Send it\n- Keep it\n\n"
    text += "## Success metrics\n\n### Phase 1 (First):\n\n- Answers in 2 s\n"
    text += "- All of it works\n\n### Phase 2 (Then):\n\n- 99% uptime\n"
    assert [title for title in titles(text) if "Phase" not in title] == ["Draw it", "Move it", "Send it", "Keep it"]


def test_items_of_a_step_that_tell_how_far_they_are_are_tasks_and_so_is_what_they_hold() -> None:
    text = "# Plan\n\n## Step 1: Base ✅\n\n1. **Theme** ✅\n   - Colours ✅\n   - Letters ✅\n2. **Layout** ✅\n   - a page\n\n"
    text += "## Step 2: Views\n\n1. **Board** ⏳\n2. **Timer** ⏳\n"
    assert [title for title in titles(text) if title not in ("Base", "Views")] == [
        "Theme", "Colours", "Letters", "Layout", "Board", "Timer",
    ]  # fmt: skip


def test_a_list_of_phases_may_begin_with_phase_0() -> None:
    text = "# Plan\n\n## 1. Aim\n\nAll.\n\n## 2. Model\n\nText.\n\n## 3. Way (phases)\n\n"
    text += (
        "- ✅ **Phase 0 — Base:** make it\n- ✅ **Phase 1 — Pairs:** join them\n- ⬜ **Phase 2 — Polish:** paint it\n"
    )
    assert [title[:9] for title in titles(text)] == ["Phase 0 —", "Phase 1 —", "Phase 2 —"]


def test_files_that_are_counted_are_made_whatever_they_are_called() -> None:
    text = "# Plan\n\n## Way\n\n### 1. pyproject.toml\n\nWrite it.\n\n"
    text += "### 2. src/convert.py\n\nWrite it.\n\n### 3. src/cli.py\n\nIt.\n\n"
    assert titles(text + "### 4. tests/test_convert.py\n\n- Test it\n\n### 5. LICENSE\n\nMIT.\n")[-2:] == [
        "tests/test_convert.py",
        "LICENSE",
    ]


_PARTS = """# Roadmap

## Priority backlog

## 1) Balance of the modes

- Tune the speed
- Check the ramps

## 2) Visual polish

- Draw the rim
- Move the ship

## 3) Input reliability

- Send the ray
- Keep the bar

## 4) Modes of the game

- Invaders: keep the motion smooth
- Zen: keep it calm

## 5) Release readiness

- Ship it
- Write the notes

## Deferred for now

- Packaging for the shop
"""


def test_a_counted_section_of_labelled_bullets_is_work_among_others_that_are() -> None:
    assert "Invaders: keep the motion smooth" in titles(_PARTS)


def test_a_phase_that_says_it_needs_no_task_is_none() -> None:
    text = "# Tasks\n\n## Phase 1: Setup\n\nNo setup tasks required: one file.\n\n## Phase 2: Views\n\n- [ ] T001 Draw it\n"
    assert titles(text) == ["Phase 2: Views", "Draw it"]
    kept = "# Plan\n\n## Phase 1: Frames\n\nNo longer use frames.\n\n## Phase 2: Views\n\n- [ ] Draw it\n"
    assert titles(kept) == ["Phase 1: Frames", "Phase 2: Views", "Draw it"]


def test_the_boxes_of_a_go_no_go_step_are_criteria_unless_they_act() -> None:
    text = "# Plan\n\n## Step 1: Draw it\n\nAll of it.\n\n## Step 2: Go/no-go\n\n- [ ] 7 unit tests pass\n- [ ] No crash in 4 h\n"
    assert titles(text) == ["Draw it", "Go/no-go"]
    acting = (
        "# Plan\n\n## Step 1: Draw it\n\nAll.\n\n## Step 2: Validation\n\n- [ ] Run the tests\n- [ ] Check the page\n"
    )
    assert titles(acting) == ["Draw it", "Validation", "Run the tests", "Check the page"]


def test_numbers_of_two_levels_over_tasks_group_them() -> None:
    text = (
        "# Plan\n\n## 4.1 Base\n\n### Task F1 - Frame\n\nMake it.\n\n## 4.2 Models\n\n### Task R1 - Rank\n\nRank it.\n"
    )
    assert titles(text) == ["Base", "Frame", "Models", "Rank"]


def test_bare_numbers_behind_before_are_of_the_series_of_what_comes_first() -> None:
    text = "# Tasks\n\n" + "".join(f"### Task {n} - Part {n}\n\nDo it.\n\n" for n in ("1.1", "2.1", "2.2"))
    assert waits(text + "## Dependencies\n\n- Task 1.1 must complete before 2.1, 2.2 (they depend on its types)\n") == {
        ("1.1", "2.1"), ("1.1", "2.2"),
    }  # fmt: skip


def test_phases_of_a_checklist_are_told_again_by_their_headings() -> None:
    text = "# Plan\n\n## Status\n\n- [x] **Phase 1: Core**\n  - [x] Frames\n  - [x] Letters\n"
    text += "- [x] **Phase 2: Views**\n  - [x] Board\n\n"
    text += "## Phase 1: Core (the library)\n\n1. **Frames**:\n   - Make them\n2. **Letters**:\n   - Draw them\n\n"
    text += "## Phase 2: Views\n\n1. **Board**:\n   - Show it\n"
    assert titles(text) == ["Core", "Frames", "Letters", "Views", "Board"]


def test_a_section_of_the_future_stands_beside_tables_of_work() -> None:
    text = "# Roadmap\n\n## 1.1.0\n\n| Feature | Done |\n|:-:|:-:|\n| Show tags | ✔ |\n| Show icons | ✔ |\n\n"
    text += "## Future\n\n- Show pages\n- Show trailers\n"
    assert titles(text)[1:] == ["Show tags", "Show icons", "Show pages", "Show trailers"]


def test_tasks_that_count_on_below_a_section_that_tells_are_tasks() -> None:
    text = "# Tasks\n\n## Work\n\n### T1: Draw it\n\nDo.\n\n### T2: Move it\n\nDo.\n\n"
    text += "## Verification\n\n### T3: Check it\n\nDo.\n\n"
    assert titles(text + "### AC1: It draws\n\nYes.\n") == ["Draw it", "Move it", "Check it"]


def test_a_phase_with_the_number_of_its_section_is_a_phase() -> None:
    text = "# Plano\n\n## 4. Fluxo\n\n### 4.1 Fase 1: Base (3 dias)\n\n#### Dia 1\n\n- [ ] Criar a conta\n\n"
    assert titles(text + "### 4.2 Fase 2: Telas (2 dias)\n\n#### Dia 2\n\n- [ ] Criar as telas\n")[::3] == [
        "4.1 Fase 1: Base (3 dias)", "4.2 Fase 2: Telas (2 dias)",
    ]  # fmt: skip


def test_the_headings_of_a_roadmap_that_say_what_to_do_are_its_tasks() -> None:
    text = "# Roadmap\n\nA wishlist.\n\n## Draw the rim\n\nFor all.\n\n## Move the ship\n\nSoon.\n\n"
    text += "## Add tests for all of it\n\nMany.\n"
    assert titles(text, "ROADMAP.md") == ["Draw the rim", "Move the ship", "Add tests for all of it"]
    told = "# Guide\n\nA text.\n\n## Draw the rim\n\nSo.\n\n## Move the ship\n\nSo.\n\n## Send it\n\nSo.\n"
    assert titles(told, "guide.md") == []


def test_bullets_that_begin_with_marks_are_tasks_before_the_headings_that_count_them() -> None:
    text = "# Roadmap\n\n## A. Base\n\n- ✅ **Rim** of the board\n- ⬜ **Ship** on it\n\n"
    text += "## B. Views\n\n- ✅ Board\n- ⬜ **Timer**\n"
    found = _states(text + "\n## Notes\n\n- what is told\n")
    assert [found[title] for title in ("Rim of the board", "Ship on it", "Board", "Timer")] == [
        "done",
        "open",
        "done",
        "open",
    ]


def test_issues_with_a_number_sign_are_tasks() -> None:
    text = "# Backlog\n\n## Remaining issues\n\n### Issue #9: Draw it\n\nDo.\n\n### Issue #11: Move it\n\nDo.\n\n"
    found = titles(text + "## Priority\n\n1. **Issue #11** - the ship\n2. **Issue #9** - the rim\n")
    assert found == ["Issue #9: Draw it", "Issue #11: Move it"]
    told = "# Report\n\n## Problems\n\n### Issue 1: It blinks\n\nSo.\n\n### Issue 2: It hangs\n\nSo.\n"
    assert titles(told, "report.md") == []


def test_of_labelled_lists_those_called_tasks_are_tasks() -> None:
    text = "# Roadmap\n\nSome core values are:\n- Easy to use\n- Easy to extend\n\n"
    text += "**Goals**\n- Test everything\n- Improve speed\n\n"
    assert titles(text + "**Tasks**\n- Demo videos\n- Web visualizer\n", "ROADMAP.md") == [
        "Demo videos",
        "Web visualizer",
    ]


@pytest.mark.parametrize(
    "field",
    ["Follows", "Upstream", "Waits for", "Blocked on", "Needs", "Preceded by", "Gated by", "Relies on", "Builds on"],
)
def test_more_fields_say_what_a_task_waits_for(field: str) -> None:
    assert waits(f"# Tasks\n\n- [ ] T1 Draw it\n- [ ] T2 Move it\n  - {field}: T1\n") == {("T1", "T2")}


@pytest.mark.parametrize(
    "field", ["Follows: RFC 7231", "Needs: a key of the shop", "Builds on: the old code", "Upstream: master"]
)
def test_what_such_fields_say_of_other_things_is_no_dependency(field: str) -> None:
    plan = parse(f"# Tasks\n\n- [ ] T1 Draw it\n- [ ] T2 Move it\n  - {field}\n", PATH)
    assert [edge for edge in plan.edges if edge.kind == "written"] == []
    assert not any(finding.hold for finding in plan.findings)


def test_tasks_that_are_done_in_order_wait_for_one_another() -> None:
    assert set(waits(_TREE + "## Dependencies\n\n- T001, T003, T005 must be done in order\n")) == {
        ("T001", "T003"),
        ("T003", "T005"),
    }


def test_what_speaks_for_a_thing_and_against_it_is_no_work() -> None:
    text = (
        "# Choice\n\n## Option A\n\n- ✅ Simple\n- ❌ Slow to start\n\n## Option B\n\n- ✅ Quick\n- ❌ Hard to read\n"
    )
    assert titles(text) == []
    assert titles(text.replace("❌", "⬜").replace("Choice", "Plan")) == [
        "Simple",
        "Slow to start",
        "Quick",
        "Hard to read",
    ]
