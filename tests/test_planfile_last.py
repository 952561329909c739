"""What a plan is read from when it says so in other ways than boxes: deliverables, tables, codes, what is left at last."""

import pytest

from planread import titles, tree, waits

PHASES = "# Plan\n\n## Phase 1: Hull\n\n{}## Phase 2: Deck\n\n{}"


class TestHeadings:
    def test_a_heading_with_a_code_groups_the_boxes_below_it(self) -> None:
        text = "# Now\n\n## P0 — Safety\n\n### P0.1 · Locks `open`\n\n- [ ] Cut the keys\n- [x] Oil the bolts\n\n"
        text += "### P0.2 · Doors `done`\n\n- [x] Hang the door\n- [x] Plane its edge\n"
        assert [above for _, above in tree(text) if above.startswith(("Locks", "Doors"))] == [
            "Locks `open`",
            "Locks `open`",
            "Doors `done`",
            "Doors `done`",
        ]

    def test_boxes_that_a_label_calls_steps_stay_steps_of_a_heading_with_a_code(self) -> None:
        text = "# Plan\n\n### PR-01: Frame\n\n"
        text += "Steps:\n- [ ] Draw it\n- [ ] Move it\n\n### PR-02: Hull\n\nSteps:\n- [ ] Plank\n- [ ] Oil\n"
        assert titles(text) == ["Frame", "Hull"]

    def test_pull_requests_that_are_counted_are_groups_and_can_be_waited_for(self) -> None:
        text = "# 計画\n\n## Phase 1: 基盤\n\n### PR#1: 環境\n\n- [ ] 箱を作る\n\n**依存**: なし\n\n"
        text += "### PR#2: 検査\n\n- [ ] 規約を書く\n- [ ] 規約を読む\n\n**依存**: PR#1（環境）\n\n"
        text += "## Phase 2: 核（PR#1, PR#2完了後）\n\n### PR#3: 核心\n\n- [ ] 核を書く\n"
        assert ("箱を作る", "PR#1: 環境") in tree(text)
        assert {("1.1", "1.2"), ("1.1", "2"), ("1.2", "2")} <= waits(text)

    def test_a_pull_request_that_is_told_of_in_a_list_is_no_group(self) -> None:
        text = "# Plan\n\n## Tasks\n\n1. PR #307 — mend the mast\n2. PR #301 — trim the sail\n"
        assert len(titles(text)) == 2

    def test_the_label_plan_stands_over_the_work_of_a_phase(self) -> None:
        body = "- Current: the frame stands.\n- Plan:\n  1) Plank it {0}\n  2) Oil it {0}\n\n"
        assert [title for title, above in tree(PHASES.format(body.format("here"), body.format("there"))) if above] == [
            "Plank it here",
            "Oil it here",
            "Plank it there",
            "Oil it there",
        ]

    def test_numbered_headings_go_on_in_a_section_of_another_name(self) -> None:
        part = "### {}. {}\n\n- of oak\n- of pine\n\n"
        text = "# Roadmap\n\n## High Priority\n\n" + part.format(1, "Hull") + part.format(2, "Request Validation Gate")
        text += "## 🔧 Technical Improvements\n\n" + part.format(3, "Mast") + part.format(4, "Sail")
        text += "## Recommended Implementation Order\n\n### Phase 1: First (Weeks 1-2)\n\n1. Hull\n2. Mast\n"
        assert {"Hull", "Request Validation Gate", "Mast", "Sail"} <= set(titles(text))


class TestDeliverables:
    def test_a_plan_that_says_no_more_of_its_work_is_made_of_what_it_delivers(self) -> None:
        text = "# Sprint 1\n\n## Goal\n\nA boat that floats.\n\n## Deliverables\n\n- Hull of oak.\n- Mast of pine.\n\n"
        assert titles(text + "## Acceptance criteria\n\n1. It floats.\n2. It turns.\n") == [
            "Hull of oak.",
            "Mast of pine.",
        ]

    def test_they_may_stand_in_a_table(self) -> None:
        text = (
            "# Next stage\n\n## Objective\n\nStability.\n\n## Deliverables\n\n| Deliverable | Description |\n|--|--|\n"
        )
        assert titles(text + "| Keel | of lead |\n| Tests | in the basin |\n") == ["Keel", "Tests"]

    def test_they_are_none_where_the_work_is_said(self) -> None:
        text = "# Plan\n\n## Tasks\n\n- [ ] Build the hull\n\n## Deliverables\n\n- Hull of oak.\n- Mast of pine.\n"
        assert titles(text) == ["Build the hull"]

    def test_most_phases_that_say_what_they_deliver_suffice(self) -> None:
        told = "**Goal:** it floats.\n\n**Deliverables:**\n- Hull {0}\n- Keel {0}\n\n"
        text = PHASES.format(told.format(1), told.format(2)) + "## Phase 3: Sail\n\n**Goal:** it moves.\n"
        assert [title for title, above in tree(text) if above] == ["Hull 1", "Keel 1", "Hull 2", "Keel 2"]

    def test_a_heading_may_say_it_below_each_milestone(self) -> None:
        told = "### Deliverables\n\n- Hull {0}.\n- Keel {0}.\n\n"
        told += "### Tests\n\n- CI is green.\n\n### Exit bar\n\n- It floats {0}.\n\n"
        text = (
            "# Milestones\n\n## M0 — Frame (week 1)\n\n" + told.format(1) + "## M1 — Deck (week 2)\n\n" + told.format(2)
        )
        assert [title for title, above in tree(text) if above] == ["Hull 1.", "Keel 1.", "Hull 2.", "Keel 2."]

    @pytest.mark.parametrize(
        ("goals", "outcome"), [("Objetivos principales", "Entregables clave"), ("Objectifs clés", "Livrables clés")]
    )
    def test_they_are_what_proves_a_phase_whose_work_stands_before_them(self, goals: str, outcome: str) -> None:
        told = f"**{goals}:**\n\n- Casco {{0}}\n- Quilla {{0}}\n\n**{outcome}:**\n\n- Flota {{0}}\n- Gira {{0}}\n\n"
        text = "# Plan\n\n## Fase 1: Casco\n\n" + told.format(1) + "## Fase 2: Vela\n\n" + told.format(2)
        assert [title for title, above in tree(text) if above] == ["Casco 1", "Quilla 1", "Casco 2", "Quilla 2"]


class TestTables:
    def test_the_count_of_a_stage_may_have_a_column_of_its_own(self) -> None:
        text = "# План-график\n\n- Учебный проект.\n\n| № | Этап | Результат |\n|--|--|--|\n"
        text += "| 1 | Сбор требований | Сценарии |\n| 2 | Ядро расчётов | Отчёт |\n| 3 | Проверка | Тесты |\n"
        assert {"Сбор требований", "Ядро расчётов", "Проверка"} <= set(titles(text))

    def test_codes_in_a_section_of_milestones_name_tasks_whatever_the_columns_are_called(self) -> None:
        text = "# Boat\n\n## Context\n\nIt is small.\n\n## Milestones\n\n| # | Ships | Contents |\n|--|--|--|\n"
        text += "| **M0** | Frame | ribs, keel |\n| **M1** | Deck | planks |\n| **M2+** | Sail | cloth |\n"
        assert titles(text) == ["Frame", "Deck", "Sail"]

    def test_codes_elsewhere_are_data(self) -> None:
        text = "# Boat\n\n## Colours\n\n| # | Shade | Use |\n|--|--|--|\n| A1 | red | hull |\n| A2 | blue | deck |\n"
        assert titles(text) == []

    def test_a_column_that_tells_when_is_no_title(self) -> None:
        text = "# 路线图\n\n## 关键里程碑\n\n| 阶段 | 周期 | 核心交付 |\n|--|--|--|\n| M0 | 第1-2周 | 船体 |\n"
        assert titles(text + "| M1 | 第3-5周 | 甲板 |\n| M2 | 第6周 | 船帆 |\n") == ["船体", "甲板", "船帆"]

    def test_what_was_changed_when_is_no_work(self) -> None:
        text = "# 路线图\n\n## 里程碑\n\n| 阶段 | 交付 |\n|--|--|\n| M0 | 船体 |\n| M1 | 甲板 |\n| M2 | 船帆 |\n\n"
        text += "## 版本记录\n\n| 版本 | 日期 | 说明 |\n|--|--|--|\n| v1.1 | 2026-02-19 | 重写 |\n| v1.0 | 2026-01-02 | 初版 |\n"
        assert titles(text) == ["船体", "甲板", "船帆"]

    def test_a_column_of_paths_is_no_title(self) -> None:
        text = "# Plan\n\n## Current roadmap\n\n| Step | Status | Plan | Intent |\n|--|--|--|--|\n"
        text += "| 1 | Accepted | `steps/step-01.md` | Lay the keel. |\n| 2 | Pending | `steps/step-02.md` | Raise the mast. |\n"
        assert titles(text) == ["Lay the keel.", "Raise the mast."]

    def test_a_column_that_only_refers_to_tasks_names_none(self) -> None:
        text = "# Sails — Implementation Plan\n\n## Task 1: Cut\n\n- [ ] Step 1: Draw\n\n## Task 2: Sew\n\n- [ ] Step 1: Pin\n\n"
        text += "## Checklist\n\n| Requirement | Task |\n|--|--|\n| It fits | Task 1 |\n| It holds | Tasks 1+2 |\n"
        assert titles(text) == ["Cut", "Sew"]

    def test_headings_that_count_group_the_rows_of_their_tables(self) -> None:
        rows = "| # | Change | File(s) |\n|--|--|--|\n| 1 | Plank the {0} | `hull.py` |\n| 2 | Oil the {0} | `deck.py` |\n\n"
        parts = ("bow", "stern", "deck")
        text = "".join(f"### Layer {n} — Wood\n\n" + rows.format(part) for n, part in enumerate(parts, 1))
        found = [title for title, above in tree("# Boat\n\n## Layers\n\n" + text) if above]
        assert found == [f"{act} the {part}" for part in parts for act in ("Plank", "Oil")]

    def test_codes_below_the_word_milestone_are_ids_and_the_goal_is_the_title(self) -> None:
        text = "# Roteiro\n\n| Milestone | Objetivo | Dependências | Status |\n|--|--|--|--|\n"
        text += "| M0 | Casco e quilha | nenhuma | VERIFIED |\n| M1 | Convés | M0 | TODO |\n| M2 | Vela | M0, M1 | TODO |\n\n"
        text += "## Progresso\n\nM0 foi promovido a VERIFIED depois de uma segunda leitura.\n\n"
        text += "M1 permanece por fazer, e nada dele foi iniciado.\n\nM2 permanece por fazer, e nada dele foi visto.\n"
        assert titles(text) == ["Casco e quilha", "Convés", "Vela"]
        assert waits(text) == {("M0", "M1"), ("M0", "M2"), ("M1", "M2")}


class TestWhatIsLeft:
    def test_the_only_list_that_says_what_to_do_is_the_work_of_a_small_plan(self) -> None:
        text = (
            "# feat: New flag\n\n## Overview\n\nRed it is.\n\n## Scope\n\n- Add the flag.\n- Track it in the log.\n\n"
        )
        assert titles(text + "## Acceptance Criteria\n\n- It is red.\n") == ["Add the flag.", "Track it in the log."]

    def test_two_such_lists_describe_something(self) -> None:
        text = (
            "# Boat design\n\n## Approach\n\n- Use oak.\n- Keep the keel.\n\n## Method\n\n- Use rope.\n- Keep it dry.\n"
        )
        assert titles(text) == []

    @pytest.mark.parametrize("head", ["Acceptation", "Aceptación", "Definição de pronto"])
    def test_criteria_have_more_names(self, head: str) -> None:
        assert titles(f"# Plan\n\n## Tasks\n\n- [ ] Plank it\n\n## {head}\n\n- [ ] It floats\n") == ["Plank it"]


class TestOrder:
    def test_an_arrow_back_beside_a_chain_says_what_a_part_waits_for(self) -> None:
        text = "# Tasks\n\n## Dependencies\n\n```\nPhase 1\n   ↓\nPhase 2 (A: hull) ← MUST come first\n   ↓\n"
        text += "Phase 3 (B: deck) ← depends on Phase 1 (keel)\n   ↓\nPhase 4\n```\n\n"
        text += "".join(f"## Phase {n}: Part {n}\n\n- [ ] Build {n}\n\n" for n in (1, 2, 3, 4))
        found = {(one[-1], other[-1]) for one, other in waits(text)}
        assert found == {("1", "2"), ("2", "3"), ("1", "3"), ("3", "4")}

    def test_all_stories_may_be_what_waits(self) -> None:
        text = "# Tasks\n\n## Phase 1: Setup\n\n- [ ] T001 Rig it\n\n## Phase 2: User Story 1 - Sail\n\n- [ ] T002 Hoist\n\n"
        text += "## Phase 3: User Story 2 - Row\n\n- [ ] T003 Pull\n\n## Summary\n\n**Dependencies**:\n\n"
        assert waits(text + "- All user stories depend on Phase 1\n") == {("1", "2"), ("1", "3")}

    def test_what_stands_behind_in_brackets_says_after_what(self) -> None:
        text = "# 计划\n\n## Wave 1\n\n- [ ] 造船体\n\n## Wave 2（Wave 1 验收后启动）\n\n- [ ] 造甲板\n"
        assert len(waits(text)) == 1

    def test_letters_stand_behind_a_word_without_a_space(self) -> None:
        text = "# 計画\n\n### タスクA: 基盤\n\n*依存: なし*\n\n板\n\n### タスクB: 核\n\n*依存: タスクA*\n\n油\n"
        assert waits(text) == {("A", "B")}

    def test_bare_numbers_of_phases_wait_for_one_another(self) -> None:
        text = "# Tasks\n\n" + "".join(f"## Phase 4{n}: Part {n}\n\n- [ ] Build {n}\n\n" for n in "abc")
        text += "## Dependencies\n\n- **4a**: No dependencies\n- **4b**: Depends on 4a (frame)\n- **4c**: Depends on 4a, 4b\n"
        assert waits(text) == {("4a", "4b"), ("4a", "4c"), ("4b", "4c")}

    @pytest.mark.parametrize("who", ["Crew", "**2**"])
    def test_numbers_that_count_other_things_are_none(self, who: str) -> None:
        text = "# Tasks\n\n## Phase 1: Hull\n\n- [ ] Plank it\n\n## Phase 2: Deck\n\n- [ ] Oil it\n\n"
        assert waits(text + f"## Dependencies\n\n- {who}: depends on 1 good hand\n") == set()


class TestLabelsOverBoxes:
    @pytest.mark.parametrize("label", ["**Dependencies**", "The rim is drawn. Afterwards:"])
    def test_boxes_that_say_what_to_do_are_work_below_a_label_for_what_comes_before(self, label: str) -> None:
        text = f"# Grid\n\n## Work\n\n- [ ] Draw it\n\n{label}\n\n- [ ] Add `ink` to the rim\n- [ ] Verify the fold\n"
        assert titles(text) == ["Draw it", "Add `ink` to the rim", "Verify the fold"]

    def test_boxes_that_name_something_there_are_none(self) -> None:
        assert titles("### Task 1: Draw\n\n**Depends on:**\n- [ ] ink\n- [ ] `a.py`\n\n### Task 2: Move\n") == [
            "Draw",
            "Move",
        ]


def test_a_table_that_calls_its_rows_tasks_and_tells_their_state_needs_no_ids() -> None:
    text = "# Sail\n\n## Phase 1: Cut\n\n- [ ] Draw it\n\n## The hem\n\n| Task | Owner | Status |\n|--|--|--|\n"
    assert titles(text + "| Sew it | Ann | open |\n| Hem it | Bo | done |\n") == [
        "Phase 1: Cut",
        "Draw it",
        "Sew it",
        "Hem it",
    ]
