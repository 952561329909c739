"""Headings that name phases, tasks and ranks in more than the plainest way."""

import pytest

from planread import titles, tree, waits


@pytest.mark.parametrize(
    "rank",
    ["Hohe Priorität", "Haute priorité", "Prioridad alta", "Высокий приоритет", "Високий пріоритет", "高优先级", "高优先度",
     "높은 우선순위", "Ưu tiên cao", "High priority"],
)  # fmt: skip
def test_what_a_list_of_ranks_holds_is_to_be_done(rank: str) -> None:
    assert titles(f"# Plan\n\n## {rank}\n\n- Draw it\n- Move it\n") == ["Draw it", "Move it"]


def test_what_is_planned_is_to_be_done_and_what_is_there_is_not() -> None:
    text = "# Roadmap\n\n## Сейчас в публичном репозитории\n\n- Пакет `a`\n\n"
    text += "## Планируется к публикации\n\n### Tier 1\n\n- Пакет `b`\n"
    assert titles(text) == ["Пакет `b`"]


def test_ranks_below_a_heading_on_priority_put_in_order_what_stands_elsewhere() -> None:
    text = "# Plan\n\n## タスク\n\n### 1. Draw it\n\n### 2. Move it\n\n"
    text += "## 実装優先度\n\n### 高優先度\n\n1. Draw - 大事\n2. Move - 重要\n"
    assert titles(text) == ["Draw it", "Move it"]


@pytest.mark.parametrize("mark", ["✅ — ", "✅ ", "⏳: ", "☑️ – "])
def test_a_mark_of_a_state_may_stand_between_an_id_and_its_title(mark: str) -> None:
    text = f"# Plan\n\n## Tasks\n\n### T1 {mark}Draw it\n\n- **Files**: `a.py`\n\n### T2 — Move it\n\n- **Files**: `b.py`\n"
    assert [title.removeprefix(mark) for title in titles(text)] == ["Draw it", "Move it"]


def test_a_line_that_says_when_a_phase_is_done_is_no_task() -> None:
    phase = "## {0}、P{1} — 核心{1}\n\n| # | 模块 | 依赖 | 状态 |\n|---|---|---|---|\n| P{1}-1 | **数据** | 无 | ⬜ 待实现 |\n"
    phase += "| P{1}-2 | **界面** | P{1}-1 | ⬜ 待实现 |\n\n**P{1} 完成标志**：数据 → 界面\n\n"
    text = "# Roadmap\n\n" + "".join(phase.format(ordinal, n) for n, ordinal in enumerate("一二三四"))
    assert [title for title, above in tree(text) if above] == ["数据", "界面"] * 4
    assert not any("完成标志" in title for title in titles(text))


def test_a_code_before_a_wide_colon_numbers_a_phase() -> None:
    text = "# Plan\n\n## 里程碑\n\n### M0：Frame\n\n- Draw it\n- Move it\n\n### M1：Ships\n\n- Build it\n"
    assert [title for title, above in tree(text) if above] == ["Draw it", "Move it", "Build it"]


def test_the_first_batch_of_something_is_no_phase() -> None:
    data = "## 第一批敌人\n\n- 追猎者：生命低\n- 重甲者：生命高\n\n"
    assert titles(f"# Plan\n\n{data}## Tasks\n\n- [ ] Draw it\n") == ["Draw it"]
    assert titles(f"# Plan\n\n{data.replace('敌人', '：敌人')}")[1:] == ["追猎者：生命低", "重甲者：生命高"]


@pytest.mark.parametrize("part", ["Usage", "Testing"])
def test_a_part_of_a_phase_that_names_it_again_is_no_phase_within_it(part: str) -> None:
    text = "# PHASE 1: Upload\n\n## Phase 1 Implementation Steps\n\n### 1.1 Draw it\n\n### 1.2 Move it\n\n"
    text += f"## Phase 1 {part}\n\n- See it run\n"
    text += text.replace("1", "2")
    assert [title for title, _ in tree(text) if "Phase" in title] == []
    assert [title for title, above in tree(text) if above.endswith("Upload") and "it" in title][:2] == [
        "Draw it",
        "Move it",
    ]


@pytest.mark.parametrize(
    ("number", "name", "said", "known"), [("3.", "Phase 0: Frame", "Phase 0", "0"), ("三、", "P0 — Frame", "P0", "3")]
)
def test_a_numbered_section_is_called_by_the_phase_that_it_names(number: str, name: str, said: str, known: str) -> None:
    text = f"# Plan\n\n## {number} {name}\n\n- [ ] Draw it\n\n## Ships\n\n- [ ] Move it (after {said})\n"
    assert [before for before, _ in waits(text)] == [known]


@pytest.mark.parametrize("done", ["- Ships: ✅ COMPLETED", "- [done] Ships"])
def test_what_stands_below_a_line_that_is_done_says_how_it_was_done(done: str) -> None:
    text = f"# TODO\n\n{done}\n  - Drawn by hand\n  - Moved with care\n- Rim\n  - Draw it\n"
    assert [title.split(":")[0] for title in titles(text)] == ["Ships", "Rim", "Draw it"]
