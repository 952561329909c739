"""Plans in the plainest markdown: what makes a heading, a list or a word in brackets a task (rules 5 to 7)."""

import pytest

from branchline.planfile.read import parse
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
        text = "# Backlog\n\n## To do\n\n### 1. Hull\n\n#### 1.1 Plank it\n\nx\n\n#### 1.2 Oil it\n\nx\n\n"
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
