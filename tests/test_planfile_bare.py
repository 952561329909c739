"""Rules of the reader for texts that mark no task: lines, paragraphs and lists that are work by what they have in common."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.planfile.numerals import counted, numbered
from branchline.planfile.read import parse
from branchline.planfile.words import others
from planread import titles, tree, waits


class TestNotes:
    @pytest.mark.parametrize(
        "text", ["We met.\n\nIt was late and nothing is left.\nAll are well.\n", "Fix it.\n\nIt is late.\n"]
    )
    def test_prose_is_no_list(self, text: str) -> None:
        assert titles(text) == []


class TestLists:
    @pytest.mark.parametrize("marks", [("I.", "II.", "III."), ("一、", "二、", "三、"), ("・", "・", "・")])
    def test_other_marks_of_lists(self, marks: tuple[str, ...]) -> None:
        assert titles("# Todo\n\n" + "".join(f"{mark} thing{n}\n" for n, mark in enumerate(marks))) == [
            "thing0", "thing1", "thing2",
        ]  # fmt: skip

    def test_boxes_without_marks_are_nested_as_they_are_set_in(self) -> None:
        text = "[ ] ship\n  [x] draw it\n  [ ] move it\n      [ ] with keys\n\n[x] sound\n"
        held = [("ship", ""), ("draw it", "ship"), ("move it", "ship"), ("with keys", "move it"), ("sound", "")]
        assert tree(text) == held

    @pytest.mark.parametrize(
        ("title", "held"), [("TODO", 3), ("Roadmap of the map", 3), ("待办", 3), ("Plan", 0), ("The map", 0)]
    )
    def test_what_a_list_of_work_sets_in_below_a_line_is_work(self, title: str, held: int) -> None:
        text = f"# {title}\n\n## Tasks\n\n- Maps:\n  - rim\n    - a wider one\n  - Question: is it fast?\n  - paper\n- fix it\n"
        assert len(titles(text)) == 2 + held

    @pytest.mark.parametrize(
        "days", [("Day 1: rim", "Day 2-3: paper", "Day 4: ink"), ("第1周：边", "第2周：纸", "第3周：墨")]
    )
    def test_days_that_a_list_counts_are_work_wherever_they_stand(self, days: tuple[str, ...]) -> None:
        listed = "".join(f"{n}. {day}\n" for n, day in enumerate(days, 1))
        assert titles(f"# Map plan\n\n## Schedule\n\n{listed}\n## Daily rules\n\n- write a log\n") == list(days)

    @pytest.mark.parametrize("thing", ["`src/map.py`", "`src/map.py` (new)", "`docs/map.md`（旧）"])
    def test_a_path_with_a_remark_names_a_thing(self, thing: str) -> None:
        assert titles(f"# TODO\n\n- fix it\n- {thing}\n- send it to `a.b` (soon)\n")[1] == "send it to `a.b` (soon)"

    def test_below_a_numbered_line_stands_how_it_is_done(self) -> None:
        assert titles("# TODO\n\n1. Draw it\n   - by hand\n2. Send it\n") == ["Draw it", "Send it"]

    def test_the_future_of_a_roadmap_of_bullets_is_work_as_its_releases_are(self) -> None:
        text = "# Roadmap\n\n## v.1.0: Map\n\n- rim\n\n## Future\n\n- paper\n\n## Ideas\n\nMany.\n"
        assert tree(text) == [("v.1.0: Map", ""), ("rim", "v.1.0: Map"), ("paper", "")]

    def test_what_a_text_announces_below_a_backlog_tells_of_one_idea(self) -> None:
        text = "# Map\n\n## Planned\n\n### A guide\n\nOne that can:\n\n- talk\n- walk\n\n## Backlog\n\n### Rim\n\n- [ ] Draw it\n"
        assert titles(text) == ["Draw it"]

    def test_what_stands_below_a_title_of_work_is_work_too(self) -> None:
        assert titles("# Todo\n\n- a login\n\n## In progress\n\n- a parser\n") == ["a login", "a parser"]


class TestHeadings:
    def test_numbered_headings_below_the_only_heading_of_a_phase(self) -> None:
        part = "## Phase {}: x\n\n### Most wanted\n\n#### {}. Draw\n- cost: 3\n\n#### {}. Move\n- cost: 4\n\n"
        assert [title for title, above in tree(part.format(1, 1, 2) + part.format(2, 3, 4)) if above] == [
            "Draw", "Move", "Draw", "Move",
        ]  # fmt: skip

    def test_numbers_that_are_words(self) -> None:
        assert tree("# X\n\n## Phase one: a\n\n- b c\n\n## Phase two: d\n\n- e f\n")[1::2] == [
            ("b c", "Phase one: a"), ("e f", "Phase two: d"),
        ]  # fmt: skip

    def test_a_table_that_begins_with_boxes(self) -> None:
        plan = parse(
            "# TODO\n\n| | Task | Who |\n|---|---|---|\n| [ ] | Call | me |\n| [x] | Pay | you |\n", "notes/x.md"
        )
        assert [(task.title, task.state) for task in plan.tasks] == [("Call", "open"), ("Pay", "done")]

    def test_paragraphs_that_begin_with_codes_of_work_packages(self) -> None:
        text = "# Study\n\n" + "\n\n".join(f"**WP{n} – Part {n}.** Do it." for n in (1, 2, 3))
        assert [task.id for task in parse(text, "notes/x.md").tasks] == ["WP1", "WP2", "WP3"]

    @pytest.mark.parametrize("language", sorted(others.PHASE_HEADS))
    def test_phases_of_other_languages(self, language: str) -> None:
        word = others.PHASE_HEADS[language].split(",")[0]
        risks = others.NONTASK[language].split(",")[-1]
        text = f"# X\n\n## {word} 1: a\n\n- b c\n\n## {word} 2: d\n\n- e f\n\n## {risks}\n\n- g h\n"
        assert [title for title, above in tree(text) if above] == ["b c", "e f"]


@pytest.mark.parametrize(
    "text",
    ["does not depend on T1", "no depende de T1", "doesn't require T1", "não depende de T1", "ne dépend pas de T1"],
)
def test_what_nobody_waits_for_is_no_edge(text: str) -> None:
    plan = "- [ ] T1: a b\n- [ ] T2: c d\n\n## Dependencies\n\n- T2 {}\n"
    assert waits(plan.format("depends on T1")) == {("T1", "T2")}
    assert waits(plan.format(text)) == set()


def test_the_notes_may_tell_what_waits_for_what() -> None:
    plan = (
        "## Phase 1: a\n\n- b\n\n## Phase 2: c\n\n- d\n\n## Notes\n\n### Dependencies\n\n- Phase 2 depends on Phase 1\n"
    )
    assert waits(plan) == {("1", "2")}


@given(st.integers(1, 39))
def test_roman_and_chinese_numerals(value: int) -> None:
    tens, ones = divmod(value, 10)
    roman = "X" * tens + ["", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"][ones]
    chinese = (
        ("" if tens < 2 else "一二三"[tens - 1]) + "十" * bool(tens) + ("一二三四五六七八九"[ones - 1] if ones else "")
    )
    assert numbered(roman) == numbered(chinese) == counted(chinese) == numbered(str(value)) == str(value)
