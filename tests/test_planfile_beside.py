"""What a line is by what stands beside it: its series, the boxes of its list, the sections before and behind it."""

import pytest

from branchline.planfile.read import parse
from planread import PATH, titles, tree


def written(text: str) -> set[tuple[str, str]]:
    """The dependencies that a plan writes, by the titles of its tasks."""
    plan = parse(text, PATH)
    name = {task.id: task.title for task in plan.tasks}
    return {(name[edge.before], name[edge.after]) for edge in plan.edges if edge.kind == "written"}


class TestSeries:
    HEADS = (
        "2. Session length",
        "3. Reconnect after a loss",
        "4. Comment freshness during a watch",
        "5. Rename of files",
    )

    def test_a_word_alone_makes_no_section_of_one_of_a_series(self) -> None:
        text = "# Road to the release\n\n" + "".join(
            f"## {head}\n\nWhy it hurts.\n\n- by hand\n\n" for head in self.HEADS
        )
        assert len(titles(text)) == 4

    def test_what_only_tells_stays_so_in_a_series(self) -> None:
        heads = (*self.HEADS, "6. Timeline")
        text = "# Road to the release\n\n" + "".join(f"## {head}\n\nWhy it hurts.\n\n- by hand\n\n" for head in heads)
        assert "Timeline" not in titles(text) and len(titles(text)) == 4

    def test_numbers_that_go_on_in_the_next_phase_are_tasks_there_too(self) -> None:
        text = "# Plan\n\n## Batch 1: Panel\n\n### 1. Upload\n\n- many files\n\n### 2. Mail\n\n- to many\n\n"
        text += (
            "## Batch 2: Passes\n\n### 3. Bulk mode\n\n- select all\n"
            "- count them\n\n## Batch 3: Entry\n\n### 4. Import\n\n- a file\n"
        )
        assert [title for title, above in tree(text) if above] == ["Upload", "Mail", "Bulk mode", "Import"]

    @pytest.mark.parametrize("name", ["Verification", "验证"])
    def test_the_last_group_of_a_series_may_verify(self, name: str) -> None:
        text = "# Tasks\n\n" + "".join(f"## {n}. Part {n}\n\n- [ ] Draw it\n- [ ] Move part {n}\n\n" for n in (1, 2, 3))
        found = titles(f"{text}## 4. {name}\n\n- [x] Run the suite\n- [x] Check the page\n")
        assert found == [*titles(text), name, "Run the suite", "Check the page"]

    def test_criteria_in_a_series_stay_criteria(self) -> None:
        text = "# Tasks\n\n" + "".join(f"## {n}. Part {n}\n\n- [ ] Draw it\n- [ ] Move part {n}\n\n" for n in (1, 2, 3))
        assert len(titles(f"{text}## 4. Success criteria\n\n- [ ] It is fast\n- [ ] It is small\n")) == 9

    def test_done_in_the_title_of_a_numbered_heading_is_its_state(self) -> None:
        text = (
            "# Plan\n\n## 2. Improvements\n\n### 2.1 High: Fix the forms\n\n"
            "They jump.\n\n### 2.2 High: Add a link ✅ DONE\n\nIt is there.\n"
        )
        states = [(task.title, task.state) for task in parse(text, PATH).tasks if task.kind == "atomic"]
        assert states == [("High: Fix the forms", "open"), ("High: Add a link ✅ DONE", "done")]

    def test_pull_requests_that_count_on_over_boxes_are_phases(self) -> None:
        text = "# Phase 0\n\n## PR 0.1 — Frame\n\n- [ ] Draw it\n\n## PR 0.2 — Page\n\n- [ ] Move it\n"
        assert [title for title, above in tree(text) if not above] == ["PR 0.1 — Frame", "PR 0.2 — Page"]

    def test_parts_of_a_phase_that_count_on_over_text_are_tasks(self) -> None:
        text = "# Phase 2\n\n" + "".join(
            f"## Work package 2.{n} — Part {n}\n\nMove it with care.\n\n- Add rim {n}\n- Drop rim {n}\n\n"
            for n in (1, 2, 3)
        )
        assert len(titles(text)) == 3

    def test_people_that_count_on_over_boxes_are_groups_wherever_they_stand(self) -> None:
        text = "# Plan\n\n## Team distribution\n\n### Member 1: Ann\n\n- [ ] Draw it\n\n### Member 2: Ben\n\n- [ ] Move it\n"
        assert len(titles(text)) == 4

    def test_numbered_headings_over_topics_with_boxes_are_groups(self) -> None:
        text = "".join(
            f"# {n}. Part {n}\n\n## Basics\n\n- [ ] Draw {n}\n\n## More\n\n- [ ] Move {n}\n\n" for n in (1, 2, 3)
        )
        assert [title for title, above in tree(text) if not above] == ["Part 1", "Part 2", "Part 3"]

    def test_a_release_may_leave_its_last_number_open(self) -> None:
        text = "# 更新计划\n\n## 1.15.0：文件夹\n\n- 引入标识\n- 迁移数据\n\n## 1.16.x：数据备份\n\n- 导出收藏\n- 支持合并\n"
        assert "导出收藏" in titles(text)

    def test_a_phase_of_which_something_is_told_is_none(self) -> None:
        text = (
            "# 計画\n\n## Phase 1 の対象棚卸し\n\n| 行 | 名 |\n|--|--|\n"
            "| 1 | a |\n\n### Task 1: 確認\n\nする。\n\n### Task 2: 削除\n\nする。\n"
        )
        assert titles(text) == ["確認", "削除"]

    def test_one_step_with_marks_among_steps_is_a_step(self) -> None:
        text = (
            "# Guide\n\n## Step by step guide\n\n### Step 1: Make a base\n\n"
            "- click\n\n### Step 2: Fill it\n\nIt prints:\n\n- ✅ one\n- ✅ two\n"
        )
        assert titles(f"{text}\n### Step 3: Start it\n\n- go\n") == ["Make a base", "Fill it", "Start it"]

    def test_a_heading_that_says_that_nothing_is_needed_is_no_task(self) -> None:
        text = (
            "# Plan\n\n## Changes\n\n### 1. Delete the old page\n\nIt is gone.\n\n"
            "### 2. No changes needed\n\n- `a.py` is right\n\n### 3. Write the new\n\nSoon.\n"
        )
        assert titles(text) == ["Delete the old page", "Write the new"]


class TestLists:
    def test_a_mark_among_boxes_is_a_box_that_is_ticked(self) -> None:
        plan = parse(
            "# TODO\n\n## Logs\n\n- [ ] Add an id\n- ✅ Make all alike\n\n## Notes\n\n- ✅ All is well\n", PATH
        )
        assert [(task.title, task.state) for task in plan.tasks] == [("Add an id", "open"), ("Make all alike", "done")]

    @pytest.mark.parametrize("name", ["Completed", "✅ Completed updates"])
    def test_what_is_done_beside_boxes_is_done(self, name: str) -> None:
        plan = parse(f"# TODO\n\n## {name}\n\n- Drew the rim\n- Moved the hull\n\n## Next\n\n- [ ] Send it\n", PATH)
        assert [task.state for task in plan.tasks] == ["done", "done", "open"]

    def test_a_log_of_what_was_done_is_no_list_of_tasks(self) -> None:
        assert titles("# TODO\n\n## Done log\n\n- Drew the rim\n- Moved the hull\n\n## Next\n\n- [ ] Send it\n") == [
            "Send it"
        ]

    def test_what_is_far_away_stands_beside_numbered_headings(self) -> None:
        text = (
            "# TODO\n\n## Remaining\n\n### 1. Logs\n\nAll alike.\n\n"
            "### 2. Crashes\n\nKept.\n\n## Future\n\n- Speech\n- Pictures\n"
        )
        assert titles(text) == ["Logs", "Crashes", "Speech", "Pictures"]

    @pytest.mark.parametrize("field", ["Host: `rim.example`", "**日期**: 2026-03-04", "**Coverage:** 85%"])
    def test_a_bullet_that_gives_a_value_is_no_task(self, field: str) -> None:
        assert (
            titles(f"# Plan\n\n## Phase 1: Rim\n\n- {field}\n- Draw it\n\n## Phase 2: Hull\n\n- Move it\n")[1]
            == "Draw it"
        )

    def test_a_bullet_that_does_something_to_code_is_one(self) -> None:
        text = "# Plan\n\n## Phase 1: Rim\n\n- Rewrite: `rim`\n- Draw it\n\n## Phase 2: Hull\n\n- Move it\n"
        assert "Rewrite: `rim`" in titles(text)

    def test_sections_before_the_work_hold_none_when_hardly_a_line_acts(self) -> None:
        rules = "- Tokens are random\n- Download links end\n- Builds stay\n- Paths are secret\n"
        text = f"# Maintenance roadmap\n\n## Contract\n\n{rules}\n## Backlog\n\n- Add a tray\n- Add a log\n"
        assert titles(text) == ["Add a tray", "Add a log"]

    def test_topics_of_a_backlog_hold_what_is_planned(self) -> None:
        text = (
            "# Roadmap\n\n## Completed\n\n### Page\n\n- [x] Draw it\n\n"
            "## Planned features\n\n### Soon\n\n#### Receipts\n\n- Print them\n- Keep them\n"
        )
        assert titles(text)[-2:] == ["Print them", "Keep them"]

    def test_decisions_are_no_work(self) -> None:
        text = (
            "# Plan\n\n## Migration steps\n\n1. Move it.\n2. Send it.\n\n"
            "## Decisions confirmed\n\n- Use the router.\n- Use the font.\n"
        )
        assert titles(text) == ["Move it.", "Send it."]

    def test_what_a_milestone_is_expected_to_deliver_is_no_task_of_it(self) -> None:
        text = "".join(
            f"## Milestone {n}: Part {n}\n\n### Description\n\nDraw it.\n\n### Expected deliverable\n\n- A page\n- A guide\n\n"
            for n in (1, 2)
        )
        assert len(titles(f"# Milestones\n\n{text}")) == 2

    def test_a_numbered_list_that_is_called_the_content_of_the_work_is_it_beside_code(self) -> None:
        text = "# 开发计划\n\n" + "".join(
            f"## Sprint {n} - 部分\n\n### 主要工作内容\n\n1. **骨架 {n}**\n"
            f"   - 在 `a.rs` 里\n   ```rust\n   x();\n   ```\n2. **引擎 {n}**\n\n"
            f"### 验收标准\n\n- 可以启动\n\n```\n$ run\n```\n\n"
            for n in (1, 2)
        )
        assert [title for title, above in tree(text) if above] == ["骨架 1", "引擎 1", "骨架 2", "引擎 2"]

    def test_steps_that_a_section_lists_by_half_its_name_are_the_work(self) -> None:
        text = "# Plan\n\n## 1. Data\n\nModels:\n\n1. `Store`\n2. `Price`\n\n## 2. Tiers\n\n1. Tier A\n2. Tier B\n\n"
        assert titles(f"{text}## 3. Rollout steps\n\n1. Implement models\n2. Run it\n3. Review it\n") == [
            "Implement models",
            "Run it",
            "Review it",
        ]

    def test_tests_of_a_phase_that_act_are_work(self) -> None:
        text = "# Roadmap\n\n" + "".join(
            f"## v0.{n}\n\n### Features\n\n- Add rim {n}\n- Add hull {n}\n\n"
            f"### Testing\n\n- Expand the suite {n}\n- Add a probe {n}\n\n"
            for n in (1, 2)
        )
        assert "Expand the suite 1" in titles(text)

    def test_subtasks_that_count_within_their_task_are_tasks(self) -> None:
        text = (
            "# TODO\n\n### Task 1: Rim\n\n- **Status:** open\n- **Subtasks:**\n"
            "  - 1.1 Draw it\n  - 1.2 Move it\n\n### Task 2: Hull\n\n- **Status:** open\n"
        )
        assert [title for title, above in tree(text) if above] == ["Draw it", "Move it"]

    def test_topics_that_each_heading_has_say_more_of_it(self) -> None:
        text = "# Backlog\n\n" + "".join(
            f"## Rim {n} is odd\n\nFound today.\n\n### Problem\n\nIt leans.\n\n### Priority\n\nLow.\n\n"
            for n in (1, 2, 3)
        )
        assert titles(text) == ["Rim 1 is odd", "Rim 2 is odd", "Rim 3 is odd"]

    def test_a_word_for_checks_in_a_long_title_makes_no_criteria(self) -> None:
        text = (
            "# Tasks\n\n## Live tasks\n\n- [x] Draw it\n\n"
            "## Current slice: follow-up runtime validation\n\n- [ ] Add a probe\n"
        )
        assert titles(text) == ["Draw it", "Add a probe"]

    def test_a_name_with_brackets_does_not_list_the_work(self) -> None:
        text = "# Backlog\n\n## Actions (by key)\n\n- [ ] Stop it\n\n## Testing\n\n- [ ] Unit tests for the client\n"
        assert titles(text) == ["Stop it", "Unit tests for the client"]

    def test_bold_steps_may_name_code(self) -> None:
        text = (
            "# Plan\n\n## Development plan\n\n**Step 1: Make the file (`rim_a.md`)**\n\n"
            "* Now.\n\n**Step 2: Install the `Frame`**\n\n* Then.\n"
        )
        assert [title.replace("`", "") for title in titles(text)] == ["Make the file (rim_a.md)", "Install the Frame"]

    def test_bold_phases_below_an_order_are_the_plan_beside_headings_that_only_count(self) -> None:
        text = "# Plan\n\n### 1. Routing\n\n- by path\n\n### 2. State\n\n- in a store\n\n### Implementation order\n\n"
        text += "**Phase 1: Setup**\n\n- Draw it\n\n**Phase 2: Page**\n\n- Move it\n"
        assert [title for title, above in tree(text) if above] == ["Draw it", "Move it"]

    def test_what_is_next_by_its_rank_is_work(self) -> None:
        text = (
            "# 计划与状态\n\n## 已完成阶段\n\n1. 核对边界\n2. 统一目录\n\n"
            "## 后续优先级\n\n1. **P0 检查点**：记录游标\n2. **P1 存储**：迁移数据\n"
        )
        assert len(titles(text)) == 4

    def test_phases_beside_headings_that_are_done_tell_nothing_again(self) -> None:
        done = "".join(f"### {n}. 第 {n} 个方向已确定\n\n主线如此。\n\n" for n in (1, 2, 3))
        text = (
            f"# 接续文档\n\n## 已完成的关键进展\n\n{done}## 目标\n\n"
            f"### P0：验证闭环\n\n- 启动应用\n\n### P1：优化模型\n\n- 下沉逻辑\n"
        )
        assert "下沉逻辑" in titles(text)

    def test_a_heading_that_asks_what_is_next_is_one_of_work(self) -> None:
        text = "# Notes\n\n## What to build next: pictures\n\n" + "".join(
            f"### Module {n}: Part {n}\n\nIt cuts.\n\n- so\n\n" for n in (1, 2, 3)
        )
        assert len(titles(text)) == 3


class TestTables:
    def test_a_row_without_a_title_yet_is_no_task(self) -> None:
        assert titles(
            "# Plan\n\n## Tasks\n\n| # | Task | Status |\n|--|--|--|\n| 1 | Draw it | open |\n| 2 | TBD | open |\n"
        ) == ["Draw it"]

    def test_numbers_of_phases_may_have_marks(self) -> None:
        rows = "| 0 ✅ | dataset | counts |\n| 1 | sandbox | red to green |\n| 2 | retrieval | beats it |\n"
        assert titles(f"# Plan\n\n## Phases and gates\n\n| Phase | Build | Gate |\n|--|--|--|\n{rows}") == [
            "dataset",
            "sandbox",
            "retrieval",
        ]

    def test_a_table_of_files_beside_tasks_says_where_they_are_done(self) -> None:
        text = "# Plan\n\n" + "".join(f"### Fix {n} — Rim {n}\n\nIt leans.\n\n" for n in (1, 2, 3))
        text += "## Files to change\n\n| File | Change |\n|--|--|\n| `a.py` | Add a rim |\n| `b.py` | Drop a rim |\n"
        assert len(titles(text)) == 3


class TestOrders:
    PHASES = "# Tasks\n\n" + "".join(f"## Phase {n}: Part {n}\n\n- [ ] Draw {n}\n\n" for n in (1, 2, 3))

    def test_an_arrow_before_a_verb_leads_nowhere(self) -> None:
        said = (
            "## Dependencies\n\n1. **Phase 1** → No dependencies\n"
            "2. **Phase 2** → Depends on Phase 1\n3. **Phase 3** → Can run beside Phase 2\n"
        )
        assert written(self.PHASES + said) == {("Phase 1: Part 1", "Phase 2: Part 2")}

    def test_all_modules_and_one_more_are_all_before(self) -> None:
        text = (
            "# Tasks\n\n- [ ] **Task 1**: Rim\n- [ ] **Task 2**: Hull\n"
            "- [ ] **Task 3**: Ship\n  - **Dependencies**: All modules, Hull\n"
        )
        assert written(text) == {("Rim", "Ship"), ("Hull", "Ship")}

    def test_numerals_of_han_name_phases(self) -> None:
        text = "# 计划\n\n### 阶段一：环境\n\n- [ ] 配置\n\n### 阶段二：数据\n\n依赖：阶段一完成。\n\n- [ ] 实现\n"
        assert written(text) == {("阶段一：环境", "阶段二：数据")}

    def test_user_stories_may_be_a_range(self) -> None:
        text = "# Tasks\n\n" + "".join(
            f"## Phase {n + 1}: User Story {n} - Part {n}\n\n- [ ] T00{n} Draw {n}\n\n" for n in (1, 2, 3)
        )
        text += "## Dependencies\n\n- **User Story 3**: Depends on User Stories 1–2 being there\n"
        assert len(written(text)) == 2

    def test_a_section_on_the_order_of_dependencies_in_russian(self) -> None:
        text = (
            "# План\n\n## Этап 1. Рама\n\n- Создать\n\n## Этап 2. Борт\n\n"
            "- Собрать\n\n## Порядок зависимостей\n\nЭтап 1 → Этап 2\n"
        )
        assert len(written(text)) == 1

    def test_a_foundation_that_must_be_complete_before_user_stories_holds_them_all(self) -> None:
        text = (
            "# Tasks\n\n## Phase 2: Foundational\n\n"
            "**Purpose**: Base types that MUST be complete before user stories\n\n- [ ] T001 Draw it\n\n"
        )
        text += "".join(f"## Phase {n + 2}: User Story {n} - Part {n}\n\n- [ ] T01{n} Draw {n}\n\n" for n in (1, 2))
        assert len(written(text)) == 2
