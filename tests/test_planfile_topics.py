"""What the bullets of phases tell again and again, chains of ids, and the words of tables and sections on order."""

import pytest

from planread import titles, waits


def _phases(*bullets: str) -> str:
    return "# Plan\n\n" + "".join(f"## Phase {n}: Part {n}\n\n{''.join(bullets)}\n" for n in (1, 2, 3))


@pytest.mark.parametrize("topic", ["**Scope**: the views", "**범위**: 화면", "**Built** (see `log.md`): all of it"])
def test_a_label_that_begins_a_bullet_in_many_phases_tells_of_each(topic: str) -> None:
    found = titles(_phases(f"- {topic}\n", "- Draw the rim\n"))
    assert [title for title in found if "Part" not in title] == ["Draw the rim"] * 3


@pytest.mark.parametrize("label", ["Step 1", "Add a part"])
def test_a_label_that_counts_or_acts_is_work_however_often_it_stands_there(label: str) -> None:
    found = titles(_phases(f"- **{label}**: the rim\n", "- Draw the ship\n"))
    assert sum("the rim" in title for title in found) == 3


def test_a_label_of_two_phases_may_be_a_part_of_the_work() -> None:
    text = _phases("- **Backend**: a server\n").rpartition("- **Backend**")[0] + "- **Frontend**: a page\n"
    assert sum("end" in title for title in titles(text)) == 3


_BOXES = "# Tasks\n\n- [ ] T001 Draw it\n- [ ] T002 Move it\n- [ ] T003 Send it\n- [ ] T004 Keep it\n\n"


@pytest.mark.parametrize("fence", ["```bash\n# one by one\n{}\n```\n", "{}\n", "`{}`\n", "- {}\n"])
def test_a_line_of_nothing_but_ids_and_arrows_says_an_order_wherever_it_stands(fence: str) -> None:
    found = waits(_BOXES + "## Examples\n\n" + fence.format("T001, T002 → T003 → T004"))
    assert set(found) == {("T001", "T003"), ("T002", "T003"), ("T003", "T004")}


def test_code_with_arrows_says_no_order() -> None:
    assert waits(_BOXES + "## Examples\n\n```c\nT001 -> next = T002;\n```\n\n```\n1 -> 2\n```\n") == set()


def test_a_title_that_begins_with_a_number_sign_is_called_by_it() -> None:
    text = "# Plan\n\n## Critical path\n\n`#7 → #9`\n\n## Work\n\n- [ ] **#7** Draw it\n- [x] **#9** Move it\n"
    assert len(waits(text)) == 1


_WORK = """# 路线图

## 里程碑规划

### Phase 1: 核心

| 功能 | 优先级 | 状态 |
|------|--------|------|
| 解析 | P0 | 待开发 |
| 验证 | P1 | 待开发 |

### Phase 2: 平台

| 功能 | 优先级 | 状态 |
|------|--------|------|
| 导出 | P0 | 待开发 |

"""


def test_phases_with_tables_of_work_are_work_below_whatever_heading_and_releases_tell_them_again() -> None:
    text = _WORK + "## 版本发布计划\n\n### v0.1.0 - MVP\n\n- 解析器\n\n### v0.2.0 - 平台\n\n- 导出器\n"
    assert [title for title in titles(text) if "Phase" not in title] == ["解析", "验证", "导出"]


def test_the_number_of_a_section_is_no_word_of_its_title() -> None:
    text = "# App\n\n## 1. Stack\n\n- **Postgres** — a database\n- **Bun** — a runtime\n\n"
    text += "## 2. Milestones\n\n- **Frame.** Draw it\n- **Ships.** Move them\n"
    assert [title for title in titles(text) if "Frame" in title or "Ships" in title] != []


@pytest.mark.parametrize("number", ["Номер работы", "Номер", "Número", "Nummer", "Number"])
def test_a_column_of_numbers_beside_one_of_states_is_one_of_tasks(number: str) -> None:
    rows = "| ❌ | 1 | Draw it |\n| ✅ | 2 | Move it |\n"
    assert titles(f"# Описание\n\n| Статус | {number} | Описание |\n|---|---|---|\n{rows}") == ["Draw it", "Move it"]


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("After T001: T002, T003 can run in parallel", "12 13"),
        ("After T001 completes, launch T002, T003 and T004 together", "12 13 14"),
        ("T002 and T003 after T001, then T004", "12 13 24 34"),
        ("T001 first; then T002/T003 in parallel", "12 13"),
        ("T001 → (T002 ∥ T003)", "12 13"),
        ("T001, T002, dann T003", "13 23"),
        ("T001 然后 T002", "12"),
        ("First T001, then T002, finally T003", "12 23"),
        ("T002 (needs T001), T003 (needs T002)", "12 23"),
        ("T003 ← T002, T001", "13 23"),
        ("T002 <- T001", "12"),
        ("T001 ⟶ T002", "12"),
        ("T001 is a prerequisite for T002 and T003", "12 13"),
        ("T002 is required by T003", "23"),
        ("T001 <-> T002", ""),
        ("T002 → T001 done", "12"),
        ("T001 → T002 must be done before T003", "12 23"),
        ("Once T001 is done, start T002 and T003", "12 13"),
        ("Do not start T002 until T001 is done", "12"),
        ("T002 and T003 can run in parallel (once T001 is done)", "12 13"),
        ("T003 follows T001 and T002", "13 23"),
        ("Wait for T001 before T002", "12"),
        ("Sobald T001 fertig ist, T002 und T003", "12 13"),
    ],
)
def test_what_comes_after_and_then_of_several_tasks(said: str, found: str) -> None:
    edges = {(f"T00{one}", f"T00{other}") for one, other in found.split()}
    assert waits(f"{_BOXES}## Dependencies\n\n- {said}\n") == edges


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("(after T001, before T003)", "14"),
        ("(blocked by T001; blocks T003)", "14 43"),
        ("depends on T001 but not T002", "14"),
        ("depends on T001, not on T002", "14"),
        ("dépend de T001 mais pas de T002", "14"),
        ("зависит от T001, но не от T002", "14"),
        ("(после T001, до T003)", "14"),
        ("(depends on T001, unlike T003)", "14"),
        ("(depends on T001; T003 waits for this)", "14"),
        ("(depends on T001; T002)", "14 24"),
        ("(depends: T001)", "14"),
        ("(prerequisite for T003)", "43"),
        ("(required by T003)", "43"),
        ("\n  - Requires: T001", "14"),
        ("\n  - Needed by T003", "43"),
        ("\n  with care. Depends on\n  T001, T002.", "14 24"),
        ("\n  - Depends on T001 for what it needs", "14"),
    ],
)
def test_a_task_says_what_comes_before_and_behind_it(said: str, found: str) -> None:
    edges = {(f"T00{one}", f"T00{other}") for one, other in found.split()}
    text = f"# Tasks\n\n- [ ] T001 Draw it\n- [ ] T002 Move it\n- [ ] T004 Keep it {said}\n- [ ] T003 Send it\n"
    assert waits(text) == edges


def test_a_bold_id_of_spec_kit_has_its_marks_behind_it() -> None:
    text = "# Tasks\n\n- [ ] **T001** Draw it\n- [ ] **T002** [P] Move it\n- [ ] **T003** [P] [US1] Send it\n"
    assert titles(text) == ["Draw it", "Move it", "Send it"]


def test_two_machines_joined_by_a_sign_are_no_id() -> None:
    assert titles("# TODO\n\n- [ ] VIC20 + C64: rename\n- [ ] R6 relink\n") == ["VIC20 + C64: rename", "relink"]


def test_a_table_of_artifacts_is_one_of_tasks_and_one_of_decisions_is_none() -> None:
    made = "| # | Artifact | Location | New/extends |\n|---|---|---|---|\n"
    made += "| 1 | Codec | `a.c` | new |\n| 2 | Harness | `b.c` | new |\n"
    assert titles(f"# Plan\n\n## Deliverables\n\n{made}") == ["Codec", "Harness"]
    chosen = "| # | Item | Decision | Why |\n|---|---|---|---|\n"
    chosen += "| 1 | Drawing | Canvas | fast |\n| 2 | Store | SQLite | small |\n"
    assert titles(f"# Plan\n\n## Choices\n\n{chosen}\n## Tasks\n\n- Draw it\n- Move it\n") == ["Draw it", "Move it"]


def test_of_lines_that_end_in_a_verb_two_are_read_as_one_and_no_more() -> None:
    body = "  - Depends on\n    T001 and after\n    T002, and needs\n"
    assert waits(f"# Tasks\n\n- [ ] T001 Draw it\n- [ ] T002 Move it\n- [ ] T003 Send it\n{body}") == {("T001", "T003")}
    long = "# Tasks\n\n- [ ] T001 Draw it\n- [ ] T002 Move it\n" + "  It waits and needs\n" * 20_001
    assert waits(long + "  T001.\n") == {("T001", "T002")}
