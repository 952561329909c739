"""Plan to text: one character changes, and nothing else at all."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from branchline.planfile import writeback
from branchline.planfile.read import parse, text_digest
from branchline.planfile.writeback import boxes, unmarked

DAY = "2026-03-04"
SOURCE = str(Path(__file__).parents[1] / "src")


def tick(text: str, line: int, title: str, task_id: str, dialect: str, on: str) -> str | None:
    """The text with the box of one task ticked."""
    return writeback.tick(text, [(line, title, task_id)], dialect, on)


@pytest.mark.parametrize("box", [" ", "~", ">", "-"])
def test_every_open_box_becomes_a_done_one(box: str) -> None:
    assert tick(f"- [{box}] a\n", 1, "a", "1", "kiro", DAY) == "- [x] a\n"


def test_the_rest_of_the_text_stays_byte_for_byte() -> None:
    text = "\ufeff# T\r\n\r\n* [ ] a  \r\n\t1) [ ] b\u2028c\n```\n- [ ] a\n```\n+ [x] d"
    assert tick(text, 4, "b", "1.1", "checkbox", DAY) == text.replace("1) [ ] b", "1) [x] b")
    assert tick(text, 3, "a", "1", "checkbox", DAY) == text.replace("* [ ] a", "* [x] a")


@pytest.mark.parametrize(
    "own",
    ["5. **Move it**: at once", "5. **Move** it", "- [x] Phase 2: Move it", "### Step 2: Move it", "- Move it (soon)"],
)
def test_a_task_that_stands_on_its_line_without_an_open_box_ticks_no_other(own: str) -> None:
    assert tick(f"{own}\n\n- [ ] Move it\n", 1, "Move it", "2", "checkbox", DAY) is None


def test_the_box_of_a_heading_is_ticked() -> None:
    text = "# T\n\n### [ ] Draw it\nas told\n\n### 2. [ ] Move it\n"
    assert tick(text, 3, "Draw it", "1", "checkbox", DAY) == text.replace("[ ] Draw", "[x] Draw")
    assert tick(text, 9, "Move it", "2", "checkbox", DAY) == text.replace("[ ] Move", "[x] Move")


def test_an_item_without_a_box_ticks_no_other_of_the_same_words() -> None:
    text = "- Draw it\n\n## Checklist\n\n- [ ] Draw it\n"
    assert tick(text, 1, "Draw it", "1", "checkbox", DAY) is None
    assert tick("new\n" + text, 6, "Draw it", "2", "checkbox", DAY) == "new\n" + text.replace("[ ]", "[x]")


def test_lines_that_moved_are_found_again() -> None:
    assert (
        tick("new\n\n- [ ] t1 a\n- [ ] t1.1 b\n", 1, "a", "t1", "checkbox", DAY) == "new\n\n- [x] t1 a\n- [ ] t1.1 b\n"
    )
    assert tick("new\n- [ ] Make it **so**\n", 1, "Make it so", "4", "checkbox", DAY) == "new\n- [x] Make it **so**\n"


@pytest.mark.parametrize(
    "line",
    [
        "* **[ ] Turn it:** by hand",
        "- **[ ]** Turn it: by hand",
        "1. __[~] Turn it:__ by hand",
        "-[ ] Turn it: by hand",
        "- [ ]Turn it: by hand",
    ],
)
def test_a_box_in_another_dress_is_one(line: str) -> None:
    done = line.replace("[ ]", "[x]").replace("[~]", "[x]")
    assert tick(f"# T\n\n{line}\n", 3, "Turn it: by hand", "1", "checkbox", DAY) == f"# T\n\n{done}\n"
    assert tick(f"# T\n\n{done}\n", 3, "Turn it: by hand", "1", "checkbox", DAY) is None
    assert unmarked(line) == unmarked(done)


def test_what_has_no_box_of_its_own_is_left_alone() -> None:
    assert tick("### Task 1: a\n- [ ] step\n", 1, "a", "1", "task-headings", DAY) is None
    assert tick("- [x] a\n", 1, "a", "1", "checkbox", DAY) is None
    assert tick("- [ ] a\n- [ ] a\n", 9, "a", "7", "checkbox", DAY) is None
    assert tick("- [-] t1 a\n", 1, "a", "t1", "aidevops", DAY) is None
    assert tick("```\n- [ ] a\n```\n", 2, "a", "1", "checkbox", DAY) is None
    assert tick("", 1, "a", "1", "checkbox", DAY) is None


def test_aidevops_notes_the_day() -> None:
    assert tick("- [ ] t1 a #x ~1h\r\n", 1, "a", "t1", "aidevops", DAY) == f"- [x] t1 a #x ~1h completed:{DAY}\r\n"
    assert (
        tick("- [>] t1 a completed:2025-01-01\n", 1, "a", "t1", "aidevops", DAY) == "- [x] t1 a completed:2025-01-01\n"
    )


def test_many_boxes_at_once_are_ticked_as_one_after_the_other() -> None:
    text = (
        "# T\n- [ ] t1 a\n  - [ ] t1.1 b\n```\n- [ ] t2 c\n```\n- [x] t3 d\n- [-] t4 e\n- [ ] t2 c\nmoved\n- [ ] t5 f\n"
    )
    tasks = [
        (2, "a", "t1"),
        (3, "b", "t1.1"),
        (5, "c", "t2"),
        (7, "d", "t3"),
        (8, "e", "t4"),
        (10, "f", "t5"),
        (99, "g", "t6"),
    ]
    by_one = text
    for task in tasks:
        by_one = tick(by_one, *task, "aidevops", DAY) or by_one
    assert by_one.count(f" completed:{DAY}") == 4
    assert writeback.tick(text, tasks, "aidevops", DAY) == by_one
    assert writeback.tick(by_one, tasks, "aidevops", DAY) is None


def test_the_way_back_loads_nothing_heavy() -> None:
    code = "import sys, branchline.planfile.writeback; print(*sorted(set(sys.modules) & set(sys.argv[1:])))"
    heavy = ["dataclasses", "markdown_it", "networkx", "pydantic", "yaml", "branchline.planfile.read"]
    argv = [sys.executable, "-S", "-c", code, *heavy]
    done = subprocess.run(argv, capture_output=True, text=True, env={"PYTHONPATH": SOURCE}, check=True)
    assert done.stdout.split() == []


def test_a_byte_order_mark_and_a_fence_that_its_item_ends() -> None:
    assert tick("\ufeff- [ ] a\n", 1, "a", "1", "checkbox", DAY) == "\ufeff- [x] a\n"
    text = "- a\n  ```\n- [ ] b\n"
    assert tick(text, 3, "b", "1", "checkbox", DAY) == text.replace("[ ]", "[x]")


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.sampled_from(
            [
                "- [ ] a",
                "  - [ ] b c",
                "* [~] d",
                "text",
                "",
                "```",
                "- e",
                "## h",
                "1. [ ] f",
                "## [ ] g",
                "## Task 1: [ ] g",
                "## 1.2. [ ] g",
            ]
        ),
        max_size=14,
    )
)
def test_ticking_a_task_changes_one_character_and_is_read_as_done(lines: list[str]) -> None:
    text = "\n".join(f"{line} {place}" if line not in ("", "```") else line for place, line in enumerate(lines))
    found = parse(text, "x.md")
    for task in found.tasks:
        ticked = tick(text, task.line or 0, task.title, task.id, found.dialect, DAY)
        if ticked is None:
            continue
        assert sum(a != b for a, b in zip(text, ticked, strict=True)) == 1
        again = next(one for one in parse(ticked, "x.md").tasks if one.line == task.line)
        assert again.state == "done"


@given(
    st.lists(
        st.sampled_from(
            ["- [{}] a task", "  - [{}] b", "text", "```", "1. [{}] c", "# H", "[{}] d", "* [{}]", "# Task 1: [{}] e"]
        )
    )
)
def test_digest_and_boxes_together_tell_every_change_of_a_box(lines: list[str]) -> None:
    texts = ["\n".join(line.format(mark) for line in lines) for mark in (" ", "x")]
    found = [boxes(text) for text in texts]
    assert text_digest(texts[0]) == text_digest(texts[1])
    assert (found[0] == found[1]) == (texts[0] == texts[1])
    assert list(found[0]) == list(found[1]), "the same lines"
    for text, marks in zip(texts, found, strict=True):
        assert all(f"[{mark}]" in text.split("\n")[line - 1] for line, mark in marks.items())
        assert parse(text, "p.md").boxes == "".join(marks.values())
