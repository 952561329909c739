"""How far things are in the words and marks of a plan itself, and which of its lines are work."""

import pytest

from branchline.planfile.read import parse
from planread import PATH, titles


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


def test_rows_with_cells_missing_are_read() -> None:
    assert titles("| id | task | after |\n|---|---|---|\n| 1 |\n") == []
    assert titles("# Tasks\n\n| id | task | after |\n|---|---|---|\n| 1 |\n| 2 | Draw it | - |\n") == ["Draw it"]
    below = "### P6: Draw it\n\n| task | id | after |\n|---|---|---|\n| z |\n"
    assert titles(f"# Plan\n\n### P4: Rim\n\nIt.\n\n{below}")[:1] == ["P4: Rim"]


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


def test_a_row_of_a_data_model_names_no_model_and_no_worker() -> None:
    text = "# Tasks\n\n## Task 1: Draw it\n\n| Name | What |\n|--|--|\n| Model | User |\n| Agent | Smith |\n| Role | admin |\n"
    (task,) = parse(text, PATH).tasks
    assert (task.model, task.worker, task.role) == (None, None, "build")


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
    assert titles("# Plan\n\n- [ ] **Issue #1: Draw it**\n- [ ] **Issue #2: Move it**\n") == [
        "Issue #1: Draw it",
        "Issue #2: Move it",
    ]
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
    "field", ["Follows: RFC 7231", "Needs: a key of the shop", "Builds on: the old code", "Upstream: master"]
)
def test_what_such_fields_say_of_other_things_is_no_dependency(field: str) -> None:
    plan = parse(f"# Tasks\n\n- [ ] T1 Draw it\n- [ ] T2 Move it\n  - {field}\n", PATH)
    assert [edge for edge in plan.edges if edge.kind == "written"] == []
    assert not any(finding.hold for finding in plan.findings)


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


@pytest.mark.parametrize("label", ["Subtasks", "Подзадачи", "子任务"])
def test_boxes_below_a_label_of_subtasks_are_tasks_of_their_heading(label: str) -> None:
    text = f"# Plan\n\n### Task 1.1: Search\n\n**{label}:**\n- [x] Serve it\n- [ ] Show it\n\n"
    assert titles(text + "### Task 1.2: Limits\n\n- [ ] a step\n") == ["Search", "Serve it", "Show it", "Limits"]


def test_boxes_below_criteria_in_a_step_make_no_phase_of_it() -> None:
    step = "- **Goal:** draw it\n- **Acceptance:**\n  - [ ] it draws\n  - [ ] it moves\n\n"
    step += "**Implement:**\n\n- `src/a.py`\n- a layer\n\n"
    assert titles(f"# Plan\n\n## Steps\n\n### Step 1 — Rim\n\n{step}### Step 2 — Ship\n\n{step}") == ["Rim", "Ship"]


def test_a_state_and_a_dash_before_the_title_of_a_box_are_none_of_it() -> None:
    text = (
        "# Plan\n\n- [x] **done** - Draw the rim\n- [ ] **not started** - Move the ship\n- [ ] Done well - and shown\n"
    )
    assert titles(text) == ["Draw the rim", "Move the ship", "Done well - and shown"]


def test_steps_in_a_table_below_a_task_are_its_parts() -> None:
    table = "| Step | Description | Status |\n|--|--|--|\n| {0}.1 | Draw it | ⬜ |\n| {0}.2 | Move it | ⬜ |\n\n"
    text = "# Tracker\n\n## Task 1: Rim\n\n" + table.format(1) + "## Task 2: Ship\n\n" + table.format(2)
    assert titles(text) == ["Rim", "Draw it", "Move it", "Ship", "Draw it", "Move it"]


@pytest.mark.parametrize(("title", "end"), [("# My plan\n\n", "\n---\n"), ("", ""), ("# My plan\n", "\n")])
def test_a_plan_may_stand_in_a_fence_below_a_title(title: str, end: str) -> None:
    text = f"{title}```md\n# Sprint plan\n\n- [ ] Draw it\n- [ ] Move it\n```\n{end}"
    assert titles(text) == ["Draw it", "Move it"]
    assert titles(text + "\nThe end of the talk, with\n\n- [ ] Keep it\n") == ["Keep it"]


def test_examples_that_are_made_are_work_and_those_that_show_are_none() -> None:
    text = (
        "# Roadmap\n\n## Core\n\n- [ ] Draw it\n- [ ] Move it\n- [ ] Send it\n\n## {}\n\n- [ ] A blog\n- [ ] A shop\n"
    )
    assert titles(text.format("Examples/Templates"))[3:] == ["A blog", "A shop"]
    assert titles(text.format("Documentation and examples"))[3:] == ["A blog", "A shop"]
    assert titles(text.format("Examples"))[3:] == []


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
