"""What belongs to a series of headings, lists or tables of which the others are tasks, and what lists name the work."""

import pytest

from branchline.planfile.read import parse
from planread import PATH, titles, tree


@pytest.mark.parametrize(("one", "other"), [("2a.", "2b."), ("2A —", "2B —")])
@pytest.mark.parametrize("word", ["Step", "Étape", "Phase"])
def test_lettered_parts_of_what_counts_are_its_tasks(word: str, one: str, other: str) -> None:
    text = f"# Plan\n\n## {word} 1: Keel\n\nLay it.\n\n## {word} 2: Hull\n\n"
    text += (
        f"### {one} Plank the bow of the hull\n\n- by hand\n\n### {other} Caulk the seams of the hull\n\n- with care\n"
    )
    assert [above.split(": ")[-1] for title, above in tree(text) if "of the hull" in title] == ["Hull", "Hull"]


def test_one_lettered_heading_is_no_series() -> None:
    text = "# Plan\n\n## Step 1: Keel\n\nLay it.\n\n## Step 2: Hull\n\n### 2a. The hull of old\n\nIt was wood.\n"
    assert titles(text) == ["Keel", "Hull"]


def test_ranks_with_a_title_of_their_own_are_groups() -> None:
    text = "# Plan\n\n## P0：One rule for all\n\n### 任务\n\n1. 固化总纲\n2. 更新模块图\n\n"
    text += "## P1：Build the frame\n\n### 任务\n\n1. 新增接口\n2. 改动处理器\n"
    assert [title for title, above in tree(text) if not above] == ["P0：One rule for all", "P1：Build the frame"]
    assert len(titles(text)) == 6


@pytest.mark.parametrize("said", [("Critical", "High"), ("高优先级", "低优先级"), ("(now)", "(later)")])
def test_ranks_that_say_no_more_are_none(said: tuple[str, str]) -> None:
    text = f"# TODO\n\n## P0 — {said[0]}\n\n- [ ] Draw it\n\n## P1 — {said[1]}\n\n- [ ] Move it\n"
    assert tree(text) == [("Draw it", ""), ("Move it", "")]


def test_phases_that_count_on_below_another_heading_tell_nothing_again() -> None:
    text = "# Backlog\n\n## Core rules (Phases 1-2)\n\n### Phase 1: Board ✓\n\n- Board is shown\n\n"
    text += "### Phase 2: Pieces ✓\n\n- Pieces are shown\n\n## More (planned phases)\n\n### Phase 3: Clock\n\n- Add a clock\n"
    assert len(titles(text)) == 6


def test_a_phase_behind_the_number_of_a_chapter_is_one() -> None:
    text = "# Plan\n\n## 1. Strategy\n\nBy phases.\n\n## 2. Phase 1: Loop\n\nScope:\n\n- Draw it\n- Move it\n\n"
    text += "## 3. Phase 2: Page\n\nScope:\n\n- Send it\n- Keep it\n"
    assert [title for title, above in tree(text) if above] == ["Draw it", "Move it", "Send it", "Keep it"]


def test_headings_that_count_by_any_word_and_hold_text_are_tasks() -> None:
    text = "# Review of the threads\n\n" + "".join(
        f"### Thread {number} — `app.py:{number}0` — odd message\n\n**Problem:** it says {number}.\n\n- **Where:** there\n\n"
        for number in (1, 2, 3)
    )
    assert len(titles(text)) == 3
    assert titles(text.replace("Thread", "Option")) == []


def test_task_groups_are_phases() -> None:
    text = "# Tasks\n\n#### Task Group 1: Data\n\n- [ ] 1.1 Draw it\n\n#### Task Group 2: Page\n\n- [ ] 2.1 Move it\n"
    assert [title for title, above in tree(text) if not above] == ["Task Group 1: Data", "Task Group 2: Page"]


def test_numbered_sections_of_plain_items_beside_those_with_boxes_hold_tasks_too() -> None:
    text = "# Release\n\n## 1. Sound\n\n- [x] Fix the bass\n- [ ] Hear all of it\n\n## 2. Play\n\n- [ ] Stop it\n\n"
    text += "## 3. Layout of the page\n\n- Make the title small\n- Add names to the buttons\n"
    assert [above for title, above in tree(text) if title.startswith(("Make", "Add"))] == ["Layout of the page"] * 2


def test_what_a_numbered_heading_lists_as_its_tasks_are_its_tasks() -> None:
    text = "# План\n\n## Этап 1: Модели\n\n### 1.1. Выбор модели\n\n**Цель:** быстрее\n\n**Задачи:**\n\n"
    text += "1. Создать класс\n2. Обновить клиент\n\n### 1.2. Протокол\n\n**Файлы:** `a.py`\n\n- как есть\n"
    assert [above for title, above in tree(text) if title in ("Создать класс", "Обновить клиент")] == [
        "Выбор модели"
    ] * 2


def test_boxes_below_the_criterion_of_a_task_are_none_in_spanish() -> None:
    text = "# Plan\n\n## Sprint 1\n\n### 0.1 Dibujar\n\n**Tareas**\n\n1. Dibujar la nave\n2. Mover la nave\n\n"
    text += "**Criterio de hecho**\n\n- [ ] La nave se ve.\n- [ ] La nave se mueve.\n"
    assert "La nave se ve." not in titles(text)
    assert "Dibujar la nave" in titles(text)


def test_headings_over_a_text_are_the_tasks_of_a_todo() -> None:
    text = "# Backlog\n\n## Styles\n\n### No scale of space\n\nGaps are typed by hand.\n\n### Fonts by chance\n\n"
    text += "Twelve sizes.\n\n## Files\n\n### `big.py`\n\nIt has 900 lines:\n\n- one\n- two\n"
    assert titles(text) == ["No scale of space", "Fonts by chance", "`big.py`"]
    assert titles(text.replace("# Backlog", "# The style of the ship")) == []


def test_a_list_of_nothing_but_questions_is_no_work() -> None:
    text = "# TODO\n\n## P2：评估同步\n\n- 谁可以撤销？\n- 多久删除？\n\n## P3：导出\n\n- 增加导出\n- 显示大小\n"
    assert not any("？" in title for title in titles(text))


@pytest.mark.parametrize("name", ["Implementation plan", "Phases", "タスク分解", "4. 구현 단계"])
def test_the_numbered_list_of_a_section_called_the_work_is_work_beside_boxes(name: str) -> None:
    text = f"# Ship\n\n## Left\n\n- [ ] Paint it\n\n## {name}\n\n1. Draw the keel\n2. Draw the hull\n3. Draw the deck\n"
    assert titles(text) == ["Paint it", "Draw the keel", "Draw the hull", "Draw the deck"]
    assert titles(text.replace(name, "Notes on the keel")) == ["Paint it"]


class TestTables:
    def test_a_table_in_a_phase_that_calls_its_rows_tasks(self) -> None:
        text = "# 计划\n\n## 阶段 1：止血\n\n- [ ] 修复它\n\n## 阶段 4：长期\n\n| 任务 | 内容 |\n|---|---|\n"
        text += "| 4.1 规则模块化 | 按模块维护 |\n| 4.2 导出 | 支持导出 |\n"
        assert [title for title, above in tree(text) if "阶段 4" in above] == ["4.1 规则模块化", "4.2 导出"]

    def test_tables_with_the_columns_of_one_of_tasks_are_some_too(self) -> None:
        table = "| **Task** | **Estimated time** |\n|---|---|\n| {} | 2 h |\n| {} | 1 h |\n\n"
        text = "# Doc\n\n## 1. Analysis\n\n" + table.format("Ask them", "Read it") + "## Development\n\n### Tasks\n\n"
        text += table.format("Draw it", "Move it").replace("**", "")
        assert sorted(titles(text)) == ["Ask them", "Draw it", "Move it", "Read it"]

    def test_epics_are_called_by_their_codes(self) -> None:
        text = "# Backlog\n\n## Epic index\n\n| Epic | Title | Depends on |\n|---|---|---|\n"
        text += "| [E00](e/E00.md) | Keel | — |\n| [E01](e/E01.md) | Hull | E00 |\n"
        plan = parse(text, PATH)
        assert [(task.id, task.title) for task in plan.tasks] == [("E00", "Keel"), ("E01", "Hull")]
        assert [(edge.before, edge.after) for edge in plan.edges if edge.kind == "written"] == [("E00", "E01")]


def test_a_checklist_of_completion_is_no_phase() -> None:
    text = "# Plan\n\n## Phase 1: Keel\n\n- Draw it\n\n## Phase 2: Hull\n\n- Plank it\n\n"
    text += "## Phase 2 completion checklist\n\n- [ ] It floats\n"
    assert titles(text) == ["Phase 1: Keel", "Draw it", "Phase 2: Hull", "Plank it"]


class TestLists:
    def test_boxes_under_the_label_tasks_of_a_task_are_tasks_and_its_steps_are_none(self) -> None:
        text = "# Plan\n\n### PR-01: Frame (S)\n\nScope:\n- Add the frame.\n\n{}:\n- [ ] Draw it\n- [ ] Move it\n\n"
        text += "### PR-02: Hull (M)\n\n{}:\n- [ ] Plank it\n- [ ] Paint it\n"
        assert len(titles(text.format("Tasks", "Tasks"))) == 6
        assert len(titles(text.format("Steps", "Steps"))) == 2

    def test_what_all_phases_deliver_is_their_work_where_nothing_else_is(self) -> None:
        phase = (
            "## F{0} — Part {0}\n\n> Why it is.\n\n**Deliverables:**\n\n- `hull{0}.md` skeleton\n- Deck {0} made\n\n"
        )
        phase += "**Signals:**\n\n- the wind is {0}\n\n**Acceptance criteria:**\n\n- It floats on lake {0}.\n\n"
        found = titles("# Roadmap\n\n" + phase.format(0) + phase.format(1))
        assert found == [
            "F0 — Part 0", "`hull0.md` skeleton", "Deck 0 made", "F1 — Part 1", "`hull1.md` skeleton", "Deck 1 made"
        ]  # fmt: skip

    def test_releases_of_a_release_plan_hold_their_boxes(self) -> None:
        text = "# 路线图\n\n## 发布计划\n\n### v0.2.0 - 核心\n\n**功能**：\n- [ ] 线程池\n- [ ] 队列\n\n"
        text += "### v0.3.0 - 网络\n\n**功能**：\n- [ ] 套接字\n- [ ] 定时器\n"
        assert [above for _, above in tree(text) if above] == ["v0.2.0 - 核心"] * 2 + ["v0.3.0 - 网络"] * 2

    @pytest.mark.parametrize(
        ("one", "other"),
        [("30 dias --- Base", "60 dias --- Topo"), ("June - Base", "September"), ("WB. 10th May", "WB. 17th May")],
    )
    def test_spans_and_dates_over_work_are_phases(self, one: str, other: str) -> None:
        text = f"# Plan\n\n## {one}\n\n- Draw it\n- Move it\n\n## {other}\n\n- Send it\n- Fix it\n"
        assert [title for title, above in tree(text) if not above] == [one, other]


class TestTitles:
    def test_an_item_keeps_the_word_before_its_number_as_a_heading_does(self) -> None:
        text = "# 计划\n\n## Phase 0：准备\n\n- **任务 0.1**：初始化\n- **任务 0.2**：定义\n"
        assert titles(text)[1:] == ["任务 0.1：初始化", "任务 0.2：定义"]
        assert titles("# Plan\n\n## Tasks\n\n- **Task 1**: Draw it\n- **Task 2**: Move it\n") == ["Draw it", "Move it"]

    def test_a_bar_may_part_a_number_from_its_title(self) -> None:
        assert titles("# 任务\n\n## Task 01｜骨架\n\n建立。\n\n## Task 02｜接入\n\n接入。\n") == ["骨架", "接入"]

    def test_a_row_of_files_says_what_is_done_to_which(self) -> None:
        text = (
            "# Plan\n\n## Phase 1: Frame\n\n| File | Action |\n|---|---|\n| `a.py` | **NEW** |\n| `b.py` | **NEW** |\n"
        )
        assert titles(text)[1:] == ["a.py: NEW", "b.py: NEW"]


class TestMoreTables:
    def test_tables_of_tasks_below_what_is_done(self) -> None:
        table = "| 任务 | 说明 | 完成日期 |\n|---|---|---|\n| ✅ 创建{0} | x | 2026-02-26 |\n| ✅ 配置{0} | y | 2026-02-26 |\n\n"
        text = (
            "# 跟踪\n\n## ✅ 已完成任务\n\n### 搭建 ✅\n\n"
            + table.format("脚手架")
            + "## ⏳ 待开始任务\n\n- [ ] 画\n- [ ] 写\n"
        )
        assert len(titles(text)) == 4

    def test_a_box_before_the_number_of_a_row_is_none_of_its_words(self) -> None:
        text = "# Implementation plan\n\n| Task | Description |\n|---|---|\n| [x] 01 | Set it up |\n| [ ] 02 | Parse it |\n\n"
        plan = parse(text + "## Dependency order\n\n```\n01 → 02\n```\n", PATH)
        assert [(task.id, task.title, task.state) for task in plan.tasks] == [
            ("01", "Set it up", "done"),
            ("02", "Parse it", "open"),
        ]

    def test_phases_that_only_a_table_names(self) -> None:
        text = "# Rollout\n\n## Phases\n\n| Phase | State | Key actions |\n|---|---|---|\n| P0: base | all | Seed |\n"
        text += "| P1: move | some | Copy |\n| P2: close | none | End |\n\n## Sign-off\n\n- [ ] Ann has seen it\n"
        assert [title for title in titles(text) if title.startswith("P")] == ["P0: base", "P1: move", "P2: close"]

    def test_a_table_of_what_waits_for_what_names_its_rows(self) -> None:
        text = "# Graph\n\nEdges.\n\n| Feature | Hard dependencies | Reasoning |\n|---|---|---|\n| 002 — Base | — | first |\n"
        text += "| 003 — Look | 002 | on it |\n"
        plan = parse(text, PATH)
        assert [(task.id, task.title) for task in plan.tasks] == [("002", "Base"), ("003", "Look")]
        assert [(edge.before, edge.after) for edge in plan.edges if edge.kind == "written"] == [("002", "003")]


def test_headings_that_count_within_their_phase_are_its_tasks_by_any_word() -> None:
    text = "# Fixes\n\n## Remaining\n\n### Phase 2: Advice\n\n#### Issue 2.1: Router errors\n- All of them fail\n- Look at it\n\n"
    text += "#### Issue 2.2: Wrong score\n- It is 0.7\n\n### Phase 3: Search\n\n- `search` is slow\n"
    assert [title for title, above in tree(text) if "Phase 2" in above] == [
        "Issue 2.1: Router errors",
        "Issue 2.2: Wrong score",
    ]


def test_a_phase_that_is_nothing_but_a_table_is_made_of_its_rows() -> None:
    table = "| {} | Effort |\n|---|---|\n| Binary rows | 2 h |\n| Batch them | 1 h |\n\n"
    text = "# Plan\n\n## Phase 1: Draw\n\n- Draw it\n- Move it\n\n## Phase 2: Speed\n\n"
    assert titles(text + table.format("Optimization"))[-2:] == ["Binary rows", "Batch them"]
    assert titles(text + table.format("Metric"))[-1] == "Phase 2: Speed"
    assert titles(text + "- Cut it\n- Weigh it\n\n" + table.format("Optimization"))[-1] == "Weigh it"
