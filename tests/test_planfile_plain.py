"""Plans in the plainest markdown: what makes a heading, a list or a word in brackets a task (rules 5 to 7)."""

import pytest

from branchline.planfile.explain import explain
from branchline.planfile.read import parse
from branchline.planfile.writeback import tick
from planread import titles, tree, waits


class TestWordedBoxes:
    def test_a_word_in_brackets_before_each_item_of_a_list_is_its_box(self) -> None:
        text = "# Rim\n\n## Phase 1: Draw\n\n1. **Build the hull:**\n"
        text += "    - [TODO] Plank it\n    - [DONE] Oil it\n    - [WIP] Tar it\n"
        found = {task.title: task.state for task in parse(text, "x.md").tasks}
        assert found == {
            "Phase 1: Draw": "open",
            "Build the hull:": "open",
            "Plank it": "open",
            "Oil it": "done",
            "Tar it": "wip",
        }

    def test_before_some_items_of_a_list_it_is_a_remark(self) -> None:
        text = "# Rim\n\n## Phase 1: Draw\n\n1. Build the hull\n    - [done] plank by plank\n    - of oak\n2. Oil it\n"
        assert titles(text) == ["Phase 1: Draw", "Build the hull", "Oil it"]


class TestHeadingsThatWait:
    def test_headings_that_say_what_they_wait_for_are_tasks_whatever_they_are_called(self) -> None:
        part = (
            "## Issue {} — {}\n\n- **Column:** Backlog\n- **Depends on:** {}\n- **Suggested commit:** `feat: rim`\n\n"
        )
        text = "# Task plan\n\n" + part.format(1, "Plank", "none") + part.format(2, "Oil", "Issue 1")
        assert titles(text) == ["Issue 1 — Plank", "Issue 2 — Oil"]
        assert waits(text) == {("1", "2")}

    def test_one_among_many_sections_is_none(self) -> None:
        text = "# Work\n\n## Hull\n\n- Plank it\n\n## Deck\n\n- Oil it\n\n## Mast\n\n- Depends on: luck\n- Step it\n"
        assert "Mast" not in titles(text)


def test_a_line_that_leads_to_a_list_makes_no_task_of_the_heading_above_it() -> None:
    text = "# Rim: backlog\n\n## Blocks the rim\n\nThe ink is wet.\n\n## Later, by weight\n\n**Worth it:**\n\n"
    text += "- Fold the hem\n- Trim the hem\n\n**Minor:**\n\n- Name the hem\n\n"
    text += "## The merge\n\nIt is squashed.\n\n## Notes on it\n\nx\n"
    assert {"Fold the hem", "Trim the hem", "Name the hem"} <= set(titles(text))


@pytest.mark.parametrize("to", ["PR#1〜PR#3", "PR#1-PR#3", "PR#1 to PR#3", "PR#1〜PR#3すべて"])
def test_a_range_of_pull_requests(to: str) -> None:
    text = "# Rim\n\n" + "".join(f"### PR#{n}: Part {n}\n\nx\n\n" for n in (1, 2, 3))
    text += f"### PR#4: The rest\n\n**依存**: {to}\n"
    assert waits(text) == {("1", "4"), ("2", "4"), ("3", "4")}


class TestSeriesOfHeadings:
    GROUPS = "".join(f"### {n}. Part {n}\n\n- [ ] Draw {n}\n- [ ] Oil {n}\n\n" for n in (1, 2, 3))

    def test_what_goes_on_behind_numbered_groups_is_work_wherever_it_stands(self) -> None:
        text = f"# Rim\n\n## Work\n\n{self.GROUPS}## Some day\n\n### 4. The mast\n\n**Size:** small\n\n"
        text += "### 5. The sail\n\n#### 5.1 Cut it\n\nx\n\n#### 5.2 Sew it\n\nx\n\n### 7. The crew\n\nx\n"
        found = tree(text)
        assert [pair for pair in found if pair[0] in ("The mast", "The sail", "The crew")] == [
            ("The mast", ""),
            ("The sail", ""),
        ]
        assert [pair for pair in found if pair[1] == "The sail"] == [("Cut it", "The sail"), ("Sew it", "The sail")]

    def test_numbered_headings_over_dotted_tasks_group_them(self) -> None:
        text = "# Ship\n\n## Tasks\n\n### 1. Hull\n\n#### 1.1 Plank it\n\nx\n\n#### 1.2 Oil it\n\nx\n\n"
        text += "### 2. Deck\n\n#### 2.1 Lay it\n\nx\n"
        assert tree(text) == [
            ("Hull", ""), ("Plank it", "Hull"), ("Oil it", "Hull"), ("Deck", ""), ("Lay it", "Deck"),
        ]  # fmt: skip


class TestToldAgain:
    def test_weeks_below_an_order_put_in_order_what_stands_elsewhere(self) -> None:
        text = "# Rim\n\n## Phase 1: Hull\n\n### Step 1.1: Plank it\n\nx\n\n### Step 1.2: Oil it\n\nx\n\n"
        text += "## **Implementation Order:**\n\n### **Week 1:**\n1. Planks\n2. Oil\n"
        assert titles(text) == ["Phase 1: Hull", "Plank it", "Oil it"]

    def test_a_box_that_is_nothing_but_a_state_is_no_task(self) -> None:
        text = "# Todo\n\n### 1. Rim\n\nStatus:\n\n- [x] started\n\nSteps:\n\n- [ ] Draw it\n- [ ] Ink it\n"
        assert "started" not in titles(text)
        assert {"Draw it", "Ink it"} <= set(titles(text))


class TestLabels:
    def test_a_label_may_have_a_remark_behind_it(self) -> None:
        text = "# Plan\n\n" + "".join(
            f"## M{n} — Part {n}\n\n**Deliverables**\n- `rim{n}.py`, drawn\n- ink\n\n"
            f"**Exit criteria** (maps to FR-{n})\n- It is round.\n\n"
            for n in (0, 1, 2)
        )
        assert "It is round." not in titles(text)
        assert len(titles(text)) == 9

    def test_tasks_below_an_item_that_is_their_label(self) -> None:
        text = "# 计划\n\n### 阶段一: 测试\n\n#### 5. 框架\n- **问题**: 无\n- **任务**:\n"
        text += "  - 创建目录\n    - 说明\n  - 编写测试\n\n"
        text += (
            "#### 6. 工具\n- **问题**: 无\n- **任务**:\n  - 安装依赖\n  - 编写说明\n\n#### 验证标准\n- [ ] 全部正常\n"
        )
        found = tree(text)
        assert [pair[0] for pair in found if pair[1] == "框架"] == ["创建目录", "编写测试"]
        assert "全部正常" not in titles(text)


class TestLastResorts:
    def test_lines_of_a_todo_without_any_list_are_each_a_task(self) -> None:
        text = "Add oil to the deck\n\nfix the mast\n\nthe mast leans when the wind turns\n\n\nName the ship\n"
        assert len(titles(text, "TODO.md")) == 4
        assert titles(text, "notes.md") == []

    @pytest.mark.parametrize("lead", ["{}. [High] ", "Phase {}: "])
    def test_lines_of_a_fence_that_count_on_are_tasks_where_no_others_are(self, lead: str) -> None:
        fence = "".join(f"{lead.format(n + 1)}{what}\n" for n, what in enumerate(["Plank it", "Oil it", "Name it"]))
        text = f"# Ship\n\n## Shape\n\nIt is long.\n\n## Implementation priority\n\n```\n{fence}```\n"
        assert [title[-8:].strip() for title in titles(text)] == ["Plank it", "Oil it", "Name it"]
        assert titles(text.replace("2", "7")) == []

    def test_what_a_table_says_of_the_problem_is_no_work_where_a_list_acts(self) -> None:
        text = "# Fix it\n\n## Problem statement\n\n| # | Category | Files | Impact |\n|---|---|---|---|\n"
        text += "| 1 | Leaks | `a.c` | wet |\n| 2 | Rot | `b.c` | soft |\n\n## Proposed solution\n\n"
        assert titles(text + "1. **Fix the leaks**\n2. **Remove the rot**\n3. **Add oil**\n") == [
            "Fix the leaks", "Remove the rot", "Add oil",
        ]  # fmt: skip

    def test_names_in_bold_below_a_counted_heading_are_no_tasks(self) -> None:
        text = "# Implementation plan\n\n### 1. Make the parts\n- **Button** (round)\n- **Card/Panel**\n- **Icon** (thin)\n\n"
        assert titles(text + "### 2. Paint them\n- red\n\n### 3. Ship them\n- far\n") == [
            "Make the parts", "Paint them", "Ship them",
        ]  # fmt: skip

    def test_a_name_in_bold_that_goes_on_is_one(self) -> None:
        text = "# Tasks\n\n### 1. Remove\n- **Login** page and its tests\n- **Mailer** class\n\n### 2. Add\n- **Cache** of it\n"
        assert {"Login page and its tests", "Mailer class"} <= set(titles(f"{text}- **Queue** of all\n"))


def test_below_milestones_that_count_stands_their_work() -> None:
    text = "# Plan\n\n## Milestones\n\n1. Hull\n   - Planks of oak\n   - Tar in the seams\n2. Deck\n   - Boards\n"
    assert tree(text) == [
        ("Hull", ""), ("Planks of oak", "Hull"), ("Tar in the seams", "Hull"), ("Deck", ""), ("Boards", "Deck"),
    ]  # fmt: skip


def test_a_checklist_of_the_codes_of_the_phases_tells_them_again() -> None:
    text = "# Plan\n\n### Phase B1 — Hull\n\n- [ ] Plank it\n\n### Phase B2 — Deck\n\n- [ ] Oil it\n\n"
    assert titles(text + "## Milestone checklist\n\n- [ ] B1 the hull, with tar\n- [ ] B2 the deck\n") == [
        "Phase B1 — Hull", "Plank it", "Phase B2 — Deck", "Oil it",
    ]  # fmt: skip


def test_a_table_of_who_does_which_tasks_names_those_that_stand_elsewhere() -> None:
    text = "# Tasks\n\n- [ ] 1. Plank it\n- [ ] 2. Oil it\n\n## Phân công\n\n| Task | Người làm | Trạng thái |\n|---|---|---|\n"
    assert titles(text + "| 1–2 (Hull) | — | ✅ Done |\n| 3 (Rest) | — | ✅ Done |\n") == ["Plank it", "Oil it"]


class TestOrder:
    PHASES = "".join(f"## Phase {n}: Part {n}\n\n- [ ] Draw {n}\n\n" for n in (1, 2, 3))

    @pytest.mark.parametrize(
        "said",
        ["Each phase builds on the previous one.", "- Cada fase depende de la anterior", "Cada fase depende da anterior.",
         "Chaque phase dépend de la précédente.", "Jede Phase baut auf der vorherigen auf.",
         "Каждая фаза зависит от предыдущей.", "每个阶段都依赖前一阶段。", "各フェーズは前のフェーズに依存する。"],
    )  # fmt: skip
    def test_every_phase_waits_for_the_one_before(self, said: str) -> None:
        assert waits(f"# Plan\n\n{said}\n\n{self.PHASES}") == {("1", "2"), ("2", "3")}

    @pytest.mark.parametrize("said", ["Each phase builds a part of the rim.", "Each phase is previous work."])
    def test_other_sentences_on_phases_say_nothing_of_order(self, said: str) -> None:
        assert waits(f"# Plan\n\n{said}\n\n{self.PHASES}") == set()

    @pytest.mark.parametrize("said", ["対象ストーリー完了後", "Depends on all US phases", "依賴所有期望的用戶故事完成"])
    def test_what_waits_for_all_stories(self, said: str) -> None:
        text = "# Tasks: Rim\n\n## Phase 1: Setup\n\n- [ ] T001 Draw it\n\n## Phase 2: User Story 1 - Hull\n\n"
        text += "- [ ] T002 [US1] Plank it\n\n## Phase 3: User Story 2 - Deck\n\n- [ ] T003 [US2] Oil it\n\n"
        text += "## Phase 4: Polish\n\n- [ ] T004 Paint it\n\n## Dependencies\n\n"
        assert waits(f"{text}- **Polish (Phase 4)**: {said}\n") == {("2", "4"), ("3", "4")}


class TestParts:
    def test_a_part_called_tasks_among_counted_parts_is_one_of_them(self) -> None:
        text = "# Ship\n\n## Parts to make\n\n### 1. The hull\n\n`a.rb`:\n- oak\n\n### 2. The gem\n\nx\n\n"
        assert titles(f"{text}### 3. Rake tasks\n\n`b.rake`:\n- `ship:build`\n") == [
            "The hull",
            "The gem",
            "Rake tasks",
        ]

    def test_phases_of_a_timeline_that_take_several_together_tell_them_again(self) -> None:
        text = "# Plan\n\n" + "".join(
            f"## Phase {n}: Part {n}\n\n### Tasks\n\n- Draw {n}\n- Ink {n}\n\n" for n in (1, 2, 3)
        )
        text += "## Implementation timeline\n\n### Phase 1-2: Core\n- reading and writing\n\n### Phase 3-4: Rest\n- all of it\n"
        assert len(titles(text)) == 9


class TestUnits:
    def test_units_of_compound_engineering_are_tasks_with_the_fields_below_them(self) -> None:
        unit = "- U{}. **{}**\n\n**Goal:** Dry feet.\n\n**Dependencies:** {}\n\n"
        text = "# fix: Leaks\n\n## Decisions\n\n- Extend the keel\n- Keep the mast\n\n## Implementation Units\n\n"
        text += unit.format(1, "Plank the hull", "None") + unit.format(2, "Oil the deck", "U1")
        assert [(task.id, task.title) for task in parse(text, "x.md").tasks] == [
            ("U1", "Plank the hull"), ("U2", "Oil the deck"),
        ]  # fmt: skip
        assert waits(text) == {("U1", "U2")}

    def test_one_alone_is_an_item_as_any_other(self) -> None:
        assert titles("# Work\n\n## Tasks\n\n- U1. **Plank the hull**\n- Oil the deck\n") == [
            "Plank the hull", "Oil the deck",
        ]  # fmt: skip


class TestTwice:
    def test_a_table_of_progress_tells_the_phases_again(self) -> None:
        text = "# 计划\n\n### Phase 1: 船体\n\n- [ ] 画\n\n### Phase 2: 甲板\n\n- [ ] 上油\n\n## 进度表\n\n"
        text += "| 阶段 | 任务 | 状态 |\n|---|---|---|\n| Phase 1 | 船体 | 待开始 |\n| Phase 2 | 甲板 | 待开始 |\n"
        assert len(titles(text)) == 4

    def test_a_part_that_was_pasted_again_is_the_first(self) -> None:
        part = "## 12. Testing\n\n- [ ] 12.1 Probe the hull\n- [ ] 12.2 Probe the deck\n\n"
        text = f"# Tasks\n\n## 1. Hull\n\n- [ ] 1.1 Plank it\n- [ ] 1.2 Oil it\n\n{part}{part}"
        assert titles(text) == ["Hull", "Plank it", "Oil it", "Testing", "Probe the hull", "Probe the deck"]
        other = part.replace("Probe", "Paint")
        assert len(titles(text + other)) > 6  # the same number with other words is other work


class TestStates:
    def test_items_with_a_mark_below_one_without_are_work(self) -> None:
        text = "# Ships\n\n## Phase 1: Build\n\n- Hull\n  - planks ✅\n  - tar ✅\n  - the name\n- Deck\n  - rail\n"
        assert [pair for pair in tree(text) if pair[1] in ("Hull", "Deck")] == [
            ("planks", "Hull"), ("tar", "Hull"), ("the name", "Hull"),
        ]  # fmt: skip

    def test_counted_items_that_each_begin_with_their_state_are_work_beside_boxes(self) -> None:
        text = "# TODO\n\n## Status\n\n- [x] Draw it\n- [ ] Name it\n\n## Steps\n\n1. **[DONE]** Plank the hull\n"
        found = parse(f"{text}2. **[PENDING]** Oil the deck\n3. **[PENDING]** Step the mast\n", "x.md")
        assert [(task.title, task.state) for task in found.tasks][2:] == [
            ("Plank the hull", "done"), ("Oil the deck", "open"), ("Step the mast", "open"),
        ]  # fmt: skip


def test_an_order_of_counted_headings_is_the_work_beside_a_checklist() -> None:
    text = "# Plan\n\n## 2. Build order\n\n### 2.1 The hull\n\nx\n\n### 2.2 The deck\n\nx\n\n### 2.3 The mast\n\nx\n\n"
    assert titles(f"{text}## 3. Self-review checklist\n\n- [ ] No leaks.\n- [ ] No rot.\n") == [
        "The hull", "The deck", "The mast",
    ]  # fmt: skip


def test_tasks_below_their_label_in_counted_headings_without_boxes() -> None:
    part = (
        "## {}. Part {}\n\n*   **Objective:** Dry feet.\n*   **Tasks:**\n    1.  **Plank {}**\n    2.  **Oil {}**\n\n"
    )
    found = tree("# Implementation tasks\n\n" + "".join(part.format(n, n, n, n) for n in (1, 2, 3)))
    assert [title for title, parent in found if parent] == [
        "Plank 1", "Oil 1", "Plank 2", "Oil 2", "Plank 3", "Oil 3",
    ]  # fmt: skip


class TestHowToBuild:
    PARTS = "### 1. Add the keel\n\nx\n\n### 2. Redo the deck\n\nx\n\n### 3. Create the rail\n\nx\n\n"

    def test_counted_headings_that_act_below_an_approach_are_tasks(self) -> None:
        text = f"# Dry feet\n\n## Implementation approach\n\n{self.PARTS}"
        text += "## Files to change\n\n1. `keel.css` — new\n2. `b.js` — old\n"
        assert titles(text) == ["Add the keel", "Redo the deck", "Create the rail"]

    def test_those_of_a_manual_are_none(self) -> None:
        assert "Add the keel" not in titles(f"# Ship\n\n## Installation\n\n{self.PARTS}## Tasks\n\n- Oil the deck\n")

    def test_a_build_order_that_acts_comes_before_counted_things(self) -> None:
        text = "# Backend\n\n## Modules\n\n### 1. Keel module\n\nx\n\n### 2. Deck module\n\nx\n\n## Build order\n\n"
        assert titles(f"{text}1. implement the keel\n2. add the deck\n3. add the rail\n") == [
            "implement the keel", "add the deck", "add the rail",
        ]  # fmt: skip

    def test_boxes_below_the_code_of_a_task_are_its_steps(self) -> None:
        text = (
            "## Phase 1: Hull\n\n### T001: Plank it\n- [x] saw\n- [ ] nail\n\n### T002: Oil it\n- [ ] pour\n- [ ] rub\n"
        )
        assert titles(text) == ["Phase 1: Hull", "Plank it", "Oil it"]

    def test_three_dots_are_left_to_be_written(self) -> None:
        assert titles("- [ ] Plank it\n- [ ] ...\n- [ ] …\n") == ["Plank it"]


class TestWhatIsNoWork:
    """Texts that an unwary reader took for plans."""

    @pytest.mark.parametrize(
        "text",
        [
            "# Crash in parser\n\n```text\n1) it expected 3\n2) it got 4\n3) it timed out\n```\n",
            "# Boot\n\n## How it works\n\n```\nPhase 1: ROM\nPhase 2: loader\nPhase 3: kernel\n```\n",
            "# Architecture\n\n## Module A\n\n**Depends on:** Module B\n\nIt reads.\n\n## Module B\n\n**Depends on:** nothing\n",
            "# Users\n\n## Roles\n\n- U1. **Guest**\n- U2. **Member**\n- U3. **Admin**\n",
        ],
    )
    def test_no_task_is_found(self, text: str) -> None:
        assert titles(text) == []

    def test_prose_in_a_todo_is_none(self) -> None:
        text = "This file holds my thoughts.\n\nThe API is limited.\n\nBob said it moves.\n\nI like the colours.\n\nSo it goes.\n"
        assert titles(text, "TODO.md") == []

    def test_findings_with_a_rank_in_brackets_have_no_state(self) -> None:
        text = "# Audit\n\n## Checklist\n\n- [x] Read it\n\n## Findings\n\n1. **[CRITICAL]** Plain words\n2. **[HIGH]** No TLS\n"
        assert titles(f"{text}3. **[LOW]** Old year\n") == ["Read it"]


class TestNothingIsLost:
    """Work that rules made for other texts passed over."""

    @pytest.mark.parametrize("section", ["Overview", "Summary", "概述", "Resumen"])
    def test_a_table_of_tasks_below_a_section_that_tells(self, section: str) -> None:
        rows = "| # | Task | Priority |\n|---|---|---|\n| 1 | Write the parser | P1 |\n| 2 | Write the emitter | P2 |\n"
        assert titles(f"# Plan\n\n## {section}\n\n{rows}") == ["Write the parser", "Write the emitter"]

    def test_items_beside_one_that_says_its_state(self) -> None:
        assert "Buy a domain" in titles("# Sprint\n\n- Login\n  - [TODO] form\n- Buy a domain\n")

    def test_boxes_below_the_columns_of_a_board(self) -> None:
        text = "# Board\n\n- [ ] Done\n  - [ ] Draw the hull\n- [ ] Todo\n  - [ ] Name the ship\n- [ ] Released\n"
        assert {"Draw the hull", "Name the ship", "Released"} <= set(titles(text))

    def test_the_same_words_below_another_heading_or_in_another_state(self) -> None:
        part = "## {}\n\n- [{}] T1 Update it\n- [ ] T2 Lint it\n\n"
        assert len(titles("# Sprint plan\n\n" + part.format("Frontend", "x") + part.format("Backend", " "))) == 4
        assert len(titles("# Sprint plan\n\n" + part.format("Same", "x") + part.format("Same", " "))) == 3

    def test_phases_below_an_order_that_hold_more_than_all_the_rest(self) -> None:
        text = "# Plan\n\n### Task 1: Buy it\n\nAsk.\n\n## Implementation order\n\n### Phase 1: Core\n- Write it\n- Test it\n\n"
        assert {"Write it", "Test it", "Draw it"} <= set(titles(f"{text}### Phase 2: UI\n- Draw it\n"))

    def test_a_list_of_tasks_beside_parts_that_need_each_other(self) -> None:
        text = (
            "# Design\n\n## Auth\n\nDepends on: Disk\n\n## Bills\n\nDepends on: Auth\n\n## Tasks\n\n1. Move the code\n"
        )
        assert titles(f"{text}2. Move the bills\n3. Delete the rest\n") == [
            "Move the code",
            "Move the bills",
            "Delete the rest",
        ]

    def test_a_box_of_a_checklist_that_only_has_the_code_of_a_phase(self) -> None:
        text = "### Phase M1 — Prototype\n\n- [ ] Draw it\n\n### Phase M2 — Beta\n\n- [ ] Ink it\n\n## Checklist\n\n"
        explained = parse(f"{text}- [ ] M1 Mac builds are green\n", "x.md")
        assert not [one for one in explained.ignored if one.became == "duplicate"]

    def test_boxes_that_act_beside_headings_that_explain_their_order(self) -> None:
        text = "# Ship it\n\n## Recommended order\n\n### 1. Base first\n\nx\n\n### 2. Then the API\n\nx\n\n"
        text += "### 3. Web last\n\nx\n\n"
        text += "## Deployment checklist\n\n- [x] Create the base\n- [ ] Write the API\n- [ ] Write the web\n"
        assert titles(text) == ["Create the base", "Write the API", "Write the web"]

    def test_groups_of_which_one_is_called_todo(self) -> None:
        text = "# Sprint\n\n## 1. Front\n\n- New menu\n- Dark theme\n\n## 2. Back\n\n- Cache\n- Queue\n\n"
        text += "## 3. TODO\n\n- Licence\n"
        assert {"New menu", "Queue", "Licence"} <= set(titles(text))


@pytest.mark.parametrize(
    "said",
    ["Cada fase no depende de la anterior.", "每个阶段不依赖前一阶段", "Jede Phase ist unabhängig von der vorherigen.",
     "Each phase does not build on the previous one.", "Each phase builds on the previous release of the rim."],
)  # fmt: skip
def test_what_denies_an_order_is_none(said: str) -> None:
    assert waits(f"# Plan\n\n{said}\n\n{TestOrder.PHASES}") == set()


def test_the_own_box_is_ticked_though_its_title_was_cut() -> None:
    text = "- [ ] Draw it. Acceptance: `make test`\n- [ ] Draw it again\n"
    task = parse(text, "x.md").tasks[0]
    assert tick(text, [(task.line or 0, task.title, task.id)], "checkbox", "") == text.replace("[ ]", "[x]", 1)


def test_explain_names_the_check_for_its_own_line_alone() -> None:
    text = "### Task 1: Draw it\n\nRun:\n\n```sh\n$ npm test\ntest\nnpm\n```\n"
    found = parse(text, "x.md")
    assert ["gives" in explain(found, text, line)["why"] for line in (6, 7, 8)] == [True, False, False]
