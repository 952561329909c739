"""Ways in which plans write what waits for what: in brackets, charts, letters, ranges, and the forms of words."""

import pytest

from planread import waits

PHASES = "# Plan\n\n" + "".join(
    f"## Phase {number}: {name}\n\n- [ ] Make the {name}\n\n" for number, name in enumerate(("Keel", "Hull", "Sail"), 1)
)


def test_the_mark_within_a_label_of_a_chart_parts_no_nodes() -> None:
    chart = "```mermaid\ngraph TD\n  A1[Phase 1: Keel & ribs] --> A2[Phase 2: Hull]\n"
    chart += "  A2 --> A3[Phase 3: Sail, mast & rig]\n```\n"
    assert waits(PHASES + "## Road\n\n" + chart) == {("1", "2"), ("2", "3")}
    both = "```mermaid\ngraph TD\n  A1[Phase 1] & A2[Phase 2] --> A3[Phase 3]\n```\n"
    assert waits(PHASES + "## Road\n\n" + both) == {("1", "3"), ("2", "3")}


def test_a_state_may_say_what_blocks() -> None:
    text = PHASES.replace("## Phase 2: Hull\n", "## Phase 2: Hull\n\n**Status:** blocked by phase 1\n")
    assert waits(text) == {("1", "2")}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("## Фаза 1 — Ядро", "## Фаза 2 — Вікно *(після Фази 1)*"),
        ("## Этап 1: Ядро", "## Этап 2: Окно (после Этапа 1)"),
        ("### 阶段 1：止血", "### 阶段 2：收敛（预估 2~3 周，依赖 1）"),
        ("## Phase 1: Keel", "## Phase 2: Hull (2 weeks, after Phase 1)"),
    ],
)
def test_brackets_of_a_heading_say_it_in_any_form(first: str, second: str) -> None:
    assert waits(f"# P\n\n{first}\n\n- [ ] a\n\n{second}\n\n- [ ] b\n") == {("1", "2")}


def test_phases_that_count_by_letters_stand_in_a_chain_by_them() -> None:
    text = "".join(
        f"## Phase {letter} — {name}\n\n- [ ] a {name}\n\n" for letter, name in zip("ABC", "xyz", strict=True)
    )
    assert waits(f"# P\n\n{text}## Suggested order (dependencies)\n\n```text\nA → B → C\n```\n") == {
        ("A", "B"),
        ("B", "C"),
    }


def test_a_heading_of_a_section_on_order_may_say_of_whom_it_speaks() -> None:
    text = (
        PHASES + "## Dependencies\n\n### Phase 2 dependencies\n\n- Requires: Phase 1 completion\n- Provides: ground\n\n"
    )
    text += "### Phase 3 dependencies\n\n- Requires: Phase 2 completion, a good wind\n"
    assert waits(text) == {("1", "2"), ("2", "3")}


def test_a_range_of_issues_may_have_its_mark_at_both_ends() -> None:
    issues = "".join(f"- [ ] #{number} - Part {number}\n" for number in range(1, 4))
    found = waits(f"# P\n\n{issues}- [ ] #4 - All of it — blocked by #1-#3\n")
    assert len(found) == 3


def test_tasks_are_one_after_the_other_whatever_brackets_add() -> None:
    tasks = "# P\n\n- [ ] T001 a\n- [ ] T002 b\n- [ ] T003 c\n\n## Dependencies\n\n"
    assert waits(tasks + "- T001–T003 sequential (each builds on prior)\n") == {("T001", "T002"), ("T002", "T003")}


def test_stories_are_known_in_portuguese() -> None:
    text = "# Tarefas\n\n## Fase 1: Base\n\n- [ ] T1 a\n\n## Fase 2: História 1 - Entrar\n\n- [ ] T2 b\n\n"
    text += "## Fase 3: História 2 - Sair\n\n- [ ] T3 c\n\n## Fase 4: Polimento\n\n- [ ] T4 d\n\n## Dependências\n\n"
    text += (
        "- US1 e US2 dependem da Fase 1; US2 também depende de US1.\n- Fase 4 depende das histórias implementadas.\n"
    )
    assert waits(text) == {("1", "2"), ("1", "3"), ("2", "3"), ("2", "4"), ("3", "4")}


def test_the_phase_before_all_stories_may_be_said_in_other_words() -> None:
    text = "# Tasks\n\n## Phase 1: Ground\n\n**CRITICAL**: Must be completed before implementing user stories.\n\n- [ ] T1 a\n\n"
    text += "## Phase 2: User Story 1 - In\n\n- [ ] T2 [US1] b\n\n## Phase 3: User Story 2 - Out\n\n- [ ] T3 [US2] c\n"
    assert waits(text) == {("1", "2"), ("1", "3")}


def test_a_chain_of_dotted_numbers_may_name_what_they_stand_for() -> None:
    tasks = "".join(f"- [ ] Task 1.{number}: Part {number}\n" for number in range(1, 5))
    chart = "```\nPhase 1:\n  1.1 Base ──→ 1.2 Hull\n           ──→ 1.3 Sail\n  1.2 + 1.3 ──→ 1.4 All\n```\n"
    text = f"# P\n\n## Phase 1: Ship\n\n{tasks}\n## Task dependencies\n\n{chart}"
    assert waits(text) == {("1.1", "1.2"), ("1.1", "1.3"), ("1.2", "1.4"), ("1.3", "1.4")}


def test_boxes_with_an_arrow_between_them_are_a_chain() -> None:
    box = "┌──────────┐\n│ Phase {}: {} │\n│ └─ more  │\n└──────────┘\n"
    arrow = "     │\n     ▼\n"
    drawn = box.format(1, "Old keel") + arrow + box.format(2, "Hull") + box.format(3, "Sail")
    assert waits(f"{PHASES}## Roadmap\n\n```\n{drawn}```\n") == {("1", "2")}


def test_what_is_two_columns_wide_stands_below_itself() -> None:
    tasks = "".join(f"- [ ] Task 2.{number}: 部分{number}\n" for number in range(1, 4))
    chart = "```\n  2.1 重构引擎 ──→ 2.2 缺失标签\n                ──→ 2.3 禁用成分\n```\n"
    assert waits(f"# P\n\n## Phase 2: 检测\n\n{tasks}\n## 任务依赖关系\n\n{chart}") == {("2.1", "2.2"), ("2.1", "2.3")}


@pytest.mark.parametrize("name", ["Dependency order", "Dependency map", "Order of dependencies"])
def test_sections_on_dependencies_have_many_names(name: str) -> None:
    assert waits(f"{PHASES}## {name}\n\n- Phase 3 needs Phase 2\n") == {("2", "3")}
