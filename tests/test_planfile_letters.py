"""Rules of the reader for work that stands in lists and tables, and for what waits, without the headings of a plan."""

import pytest

from branchline.planfile.read import parse
from planread import titles


def test_versions_are_no_ids_and_with_is_no_file() -> None:
    plan = parse("# TODO\n\n- 3.2 → 4.0: move the grid\n- 0.9 release: the rim\n- w/ the mast: draw it\n", "x.md")
    assert [(task.id, task.title) for task in plan.tasks[:2]] == [
        ("1", "3.2 → 4.0: move the grid"), ("2", "0.9 release: the rim"),
    ]  # fmt: skip
    assert plan.tasks[2].files == ()


class TestListsBesideTheWork:
    def test_what_tells_before_a_section_of_work_is_none(self) -> None:
        text = (
            "# Weekly\n\n## Discussed\n- The mast shakes\n- The rim is off\n\n## Action items\n- {}\n- Lea: the rim\n"
        )
        assert titles(text.format("Fix the mast")) == ["Fix the mast", "Lea: the rim"]
        assert len(titles(text.format("the mast"))) == 4  # a list of nouns says nothing of what the others are

    def test_numbered_lists_of_sections_beside_are_work_too(self) -> None:
        text = "# Move\n\n## Before\n1. Export the map\n2. The rim\n\n## During\n1. Stop it\n2. Move it\n3. Start it\n"
        assert len(titles(text)) == 5
        assert len(titles(text.replace("Export the map", "The map"))) == 3


class TestTextsThatTell:
    @pytest.mark.parametrize("title", ["The ship: user manual", "FAQ", "Style guide", "更新日志", "Benutzerhandbuch"])
    def test_a_manual_has_work_in_sections_of_work_alone(self, title: str) -> None:
        text = f"# {title}\n\n## The mast\n\n1. Open it\n2. Fix it\n3. Close it\n\n## 1.2.0\n\n- Add a rim\n- Fix it\n"
        assert titles(text) == []
        assert titles(text + "\n## TODO\n\n- Draw the grid\n") == ["Draw the grid"]


class TestTables:
    def test_of_codes_beside_files_whatever_their_titles_are_called(self) -> None:
        rows = "| ID | Fix | File(s) |\n|--|--|--|\n| B0{0} | Draw it | `a.py` |\n| B1{0} | Move it | `b.py` |\n"
        text = f"## Phase {{0}}: Grid\n\n{rows}\n"
        assert titles("# Audit\n\n" + text.format(1) + text.format(2)) == [
            "Phase 1: Grid", "Draw it", "Move it", "Phase 2: Grid", "Draw it", "Move it",
        ]  # fmt: skip


class TestNumbersAndCodes:
    def test_numbers_below_a_code_go_on_with_its_digits(self) -> None:
        text = "## WS1 — Grid\n\n### 1.1 Draw it\n\nBy hand.\n\n### 1.2 Move it\n\nx\n\n## WS2 — Ship\n\nx\n"
        assert titles(text) == ["Grid", "Draw it", "Move it", "Ship"]

    def test_a_list_far_in_below_a_heading_is_no_code(self) -> None:
        assert titles("# TODO\n\n## Grid\n    - Draw it\n    - Move it\n") == ["Draw it", "Move it"]
        assert titles("# TODO\n\n- Draw it\n\n## Notes\n\nAs in\n\n    - no: task\n") == ["Draw it"]


class TestWhatWaits:
    def edges(self, text: str) -> set[tuple[str, str]]:
        plan = parse(text, "x.md")
        assert plan.findings == ()
        return {(edge.before, edge.after) for edge in plan.edges if edge.kind == "written"}

    def test_codes_of_several_parts_and_short_names_of_phases(self) -> None:
        head = "| ID | Task | Depends |\n|--|--|--|\n"
        text = f"## Wave 1: Grid\n\n{head}| T-GRID-1 | Draw it | - |\n\n## Wave 2: Ship\n\n{head}"
        text += "| T-SHIP-1 | Move it | T-GRID-1 preferred |\n| T-SHIP-2 | Send it | W1, T-SHIP-1 |\n"
        assert self.edges(text) == {("T-GRID-1", "T-SHIP-1"), ("T-SHIP-1", "T-SHIP-2"), ("1", "T-SHIP-2")}

    def test_a_number_in_a_numbered_list_is_an_item_of_it_and_no_phase(self) -> None:
        text = "## Phase 1: Draw\n\n1. Draw it\n2. Move it\n3. Send it\n   - Depends on: 1, 2\n\n## Phase 2: Ship\n\n1. Ship it\n"
        assert self.edges(text) == {("1.1", "1.3"), ("1.2", "1.3")}

    @pytest.mark.parametrize("above", ["**Dependencies**\n\n", "## Dependencies\n\n"])
    def test_arrows_drawn_with_lines(self, above: str) -> None:
        text = f"## W1 — Draw\n\nx\n\n## W2 — Move\n\nx\n\n{above}```\nW1 ──► W2\n```\n"
        assert self.edges(text) == {("W1", "W2")}

    @pytest.mark.parametrize(
        "said",
        [
            "Subsequent stages are gated on the completion of the previous stage.",
            "Every stage requires the one before.",
        ],
    )
    def test_stages_that_wait_for_the_one_before(self, said: str) -> None:
        text = f"{said}\n\n## Stage 1: Draw\n\n- [ ] draw\n\n## Stage 2: Move\n\n- [ ] move\n\n## Stage 3: Send\n\n- [ ] send\n"
        assert self.edges(text) == {("1", "2"), ("2", "3")}
