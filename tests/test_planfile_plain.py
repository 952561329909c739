"""Plans in the plainest markdown: what makes a heading, a list or a word in brackets a task (rules 5 to 7)."""

import pytest

from branchline.planfile.read import parse
from planread import titles, waits


class TestWordedBoxes:
    def test_a_word_in_brackets_before_each_item_of_a_list_is_its_box(self) -> None:
        text = "# Rim\n\n## Phase 1: Draw\n\n1. **Build the hull:**\n    - [TODO] Plank it\n    - [DONE] Oil it\n    - [WIP] Tar it\n"
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
    text += "- Fold the hem\n- Trim the hem\n\n**Minor:**\n\n- Name the hem\n\n## The merge\n\nIt is squashed.\n\n## Notes on it\n\nx\n"
    assert {"Fold the hem", "Trim the hem", "Name the hem"} <= set(titles(text))


@pytest.mark.parametrize("to", ["PR#1〜PR#3", "PR#1-PR#3", "PR#1 to PR#3", "PR#1〜PR#3すべて"])
def test_a_range_of_pull_requests(to: str) -> None:
    text = "# Rim\n\n" + "".join(f"### PR#{n}: Part {n}\n\nx\n\n" for n in (1, 2, 3))
    text += f"### PR#4: The rest\n\n**依存**: {to}\n"
    assert waits(text) == {("1", "4"), ("2", "4"), ("3", "4")}
