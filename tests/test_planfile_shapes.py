"""Rules of the reader that weigh what a whole structure looks like: tables of marks, phases told in detail, lists and labels."""

import pytest

from branchline.planfile.read import parse
from planread import titles, tree, waits

HEADS = "| Thing | State | Worth |\n|---|---|---|\n"


class TestTables:
    @pytest.mark.parametrize("marks", ["⬜✅", "🔜🧪", "🟡❓"])
    def test_rows_with_a_mark_of_their_state_are_tasks_of_a_phase(self, marks: str) -> None:
        head = "| 事柄 | 印 | 話 |\n|---|---|---|\n"
        text = f"## Phase 1: Grid\n\n{head}| Rim | {marks[0]} | thin |\n| Core | {marks[1]} | thick |\n\n## Phase 2: Ships\n\n"
        text += f"{head}| Fleet | {marks[1]} | fast |\n"
        assert [title for title, above in tree(text) if above] == ["Rim", "Core", "Fleet"]

    def test_marks_in_several_columns_tell_what_has_what(self) -> None:
        matrix = "| Feature | Free | Pro |\n|---|---|---|\n| Upload | ✓ | ✓ |\n| Share | ✗ | ✓ |\n\n"
        text = f"## Phase 1: Page\n\n{matrix}- Build it\n- Ship it\n\n## Phase 2: Bills\n\n- Send them\n"
        assert [title for title, above in tree(text) if above] == ["Build it", "Ship it", "Send them"]

    def test_a_table_of_one_row_tells_of_the_heading_above_it(self) -> None:
        one = "### {}\n\n| Priority | Size |\n|---|---|\n| P1 | M |\n\nAs told.\n\n- **Note:** {}\n\n"
        text = "# Grid\n\n## Tasks\n\n" + one.format("Draw it", "with care") + one.format("Move it", "in time")
        assert titles(text) == ["Draw it", "Move it"]


class TestPhases:
    DETAIL = "## Phase {}: {}\n\n```c\nint x;\n```\n\n- `x` holds the rim\n- `y` holds the core\n\n"

    def test_phases_that_show_code_are_pieces_of_work_told_in_detail(self) -> None:
        text = "# Grid\n\n" + "".join(
            self.DETAIL.format(n, title) for n, title in enumerate(("Draw", "Move", "Aim"), 1)
        )
        assert titles(text) == ["Phase 1: Draw", "Phase 2: Move", "Phase 3: Aim"]
        plain = text.replace("`", "'")
        assert titles(plain)[:2] == ["Phase 1: Draw", "'x' holds the rim"]

    def test_their_sections_are_tasks(self) -> None:
        one = "## Phase {}: {}\n\n### Store\n\n```c\nint x;\n```\n\n- `x` is new\n\n### Form\n\n- `y` is new\n- `z` too\n\n"
        text = "# Grid\n\n" + one.format(1, "Draw") + one.format(2, "Move")
        assert [title for title, above in tree(text) if above] == ["Store", "Form"] * 2

    @pytest.mark.parametrize("numbers", [("1-1.", "1-2."), ("5a.", "5b.")])
    def test_sections_that_count_within_a_phase(self, numbers: tuple[str, str]) -> None:
        first, second = numbers
        text = f"## Phase 1: Grid\n\n### {first} Draw it\n\n- a rim\n- a core\n\n### {second} Move it\n\n- at once\n- far\n"
        assert [title for title, above in tree(text) if above] == ["Draw it", "Move it"]


class TestLists:
    def test_items_with_codes_like_those_of_the_boxes(self) -> None:
        text = "## Tasks\n\n- [ ] **T001**: Draw it\n- [ ] **T002**: Move it\n- **T003**: Aim it\n\n"
        assert titles(text + "## Risks\n\n- **T009**: is slow\n") == ["Draw it", "Move it", "Aim it"]

    def test_a_label_over_boxes_is_no_item(self) -> None:
        one = "### {}. Feature\n- **Goal**: all of it\n- **Tasks**:\n    - [ ] draw it\n    - [ ] move it\n\n"
        text = "# Backlog\n\n## High\n\n" + one.format(1) + one.format(2)
        assert tree(text)[:3] == [("Feature", ""), ("draw it", "Feature"), ("move it", "Feature")]

    def test_one_word_of_a_long_heading_makes_no_section_on_order(self) -> None:
        assert titles("# T\n\n## Dead code and dependencies\n\n- [ ] drop it\n- [ ] drop that\n") == [
            "drop it",
            "drop that",
        ]
        assert titles("# T\n\n- [ ] draw it\n\n## Dependencies\n\n- [ ] the node\n") == ["draw it"]

    def test_names_of_code_alone_are_no_work(self) -> None:
        assert titles("# Plan of the mixer\n\n## Tasks\n\n- `noise_floor`\n- `duck_level`\n- Draw it\n") == ["Draw it"]


class TestWhoWaits:
    @pytest.mark.parametrize(
        "said",
        [
            *("\n      - draw", "\n      - 'draw'  # the frame", " [draw]", ' ["draw"]', " ['draw', ]  # first"),
            *(" [\n      draw,\n    ]", "\n      - draw\n    tags:\n      - frame"),
        ],
    )
    def test_todos_of_the_front_matter(self, said: str) -> None:
        text = "---\ntodos:\n  - id: draw\n    content: Draw it\n  - id: move\n    content: Move it\n"
        assert waits(f"{text}    dependencies:{said}\n---\n\n# Grid\n") == {("draw", "move")}

    @pytest.mark.parametrize("said", ["", " []", " null", " ~", " []\n    tags:\n      - draw"])
    def test_a_todo_that_waits_for_nothing(self, said: str) -> None:
        text = "---\ntodos:\n  - id: draw\n    content: Draw it\n    status: completed  # at last\n  - id: move\n"
        plan = parse(f"{text}    content: Move it\n    dependencies:{said}\n---\n\n# Grid\n", "x.md")
        assert ([task.state for task in plan.tasks], plan.edges, plan.findings) == (["done", "open"], (), ())

    def test_a_todo_whose_id_can_name_no_file(self) -> None:
        text = "---\ntodos:  # all\n  - id: draw it\n    content: Draw the rim\n  - id: move\n    content: Move it\n"
        assert waits(text + "    dependencies: [draw it]\n---\n\n# Grid\n") == {("1", "move")}

    def test_tasks_in_a_fence(self) -> None:
        text = "# Grid\n\n## Tasks\n\n```yaml\nTask 1: Draw it\n  - DEPENDENCIES: None\n\nTask 2: Move it\n"
        assert waits(text + "  - DEPENDENCIES: Task 1 (the rim)\n```\n") == {("1", "2")}


class TestNestedLines:
    TODO = "# TODO\n\n- {}\n  - {}\n  - {}\n- Clean it\n"

    @pytest.mark.parametrize("said", ["It should sleep", "Es sollte schlafen", "Debe dormir"])
    def test_what_says_how_a_thing_is_to_be_groups_nothing(self, said: str) -> None:
        assert titles(self.TODO.format(said, "the timer is set", "the lamp is off")) == [said, "Clean it"]

    def test_lines_that_all_say_how_a_thing_is_to_be_are_no_work(self) -> None:
        text = self.TODO.format("Add a switch", "`on` should light it", "`off` should darken it")
        assert titles(text) == ["Add a switch", "Clean it"]
        assert len(titles(self.TODO.format("LAMPS", "light one", "darken two"))) == 4

    def test_a_text_that_is_no_title_names_no_list(self) -> None:
        text = f"# {{}} roadmap\n\n## Phase 1: Frame\n\n{self.TODO.split(chr(10), 2)[2]}"
        lines = ("Add a lamp", "light one", "darken two")
        assert len(titles(text.format("Grid", *lines))) == 5
        assert len(titles(text.format("grid " * 40, *lines))) == 3

    def test_lines_that_say_fields_of_the_one_above_are_none_of_their_own(self) -> None:
        text = self.TODO.format("Verbose output", "`-vv` and `-vvv`", "Estimate: 2 hours")
        assert titles(text) == ["Verbose output", "Clean it"]

    def test_bullets_of_a_file_called_todo_are_work_whatever_its_title_is(self) -> None:
        text = "### Quicker than issues\n\nStuff\n\n- beast character\n- favicon\n- lag on the pad\n"
        assert (titles(text, "TODO.md"), titles(text, "notes.md")) == (
            ["beast character", "favicon", "lag on the pad"],
            [],
        )


def test_artifacts_of_a_phase_are_no_tasks() -> None:
    one = "### Phase {}: {}\n**Tasks:**\n- Read it\n- Write it\n\n**Artifacts:**\n- a report\n\n"
    assert [title for title, above in tree(one.format(1, "A") + one.format(2, "B")) if above] == [
        "Read it",
        "Write it",
    ] * 2


class TestHeadingsWithBoxes:
    def test_their_ids_are_known_to_others(self) -> None:
        assert waits("## [ ] T001 Draw it\n\n## [ ] T002 Move it\nDepends on: T001\n") == {("T001", "T002")}

    def test_below_numbers_they_are_tasks_of_a_group(self) -> None:
        text = "## 1. Grid\n\n### 1.1. [x] Draw it\n\n### 1.2. [ ] Move it\n\n## 2. Rim\n\n### 2.1. [ ] Ink it\n"
        plan = parse(text, "x.md")
        assert [(task.id, task.parent, task.state) for task in plan.tasks if task.parent] == [
            ("1.1", "1", "done"),
            ("1.2", "1", "open"),
            ("2.1", "2", "open"),
        ]

    @pytest.mark.parametrize("lead", ["Task 1: ", "1. ", "1.1. ", "A-1: "])
    def test_what_may_stand_before_the_box(self, lead: str) -> None:
        plan = parse(f"# Grid\n\n## {lead}[x] Draw it\n\n## {lead.replace('1', '2')}[ ] Move it\n", "x.md")
        assert [(task.title, task.state) for task in plan.tasks] == [("Draw it", "done"), ("Move it", "open")]

    def test_beside_them_a_fence_is_text(self) -> None:
        text = "# Roadmap\n\n## [x] Draw it\n\n```\nTask 1: a\nTask 2: b\n```\n"
        assert titles(text) == ["Draw it"]


def test_links_to_files_are_something_to_read() -> None:
    text = "# Plan\n\n## Tasks\n\n- [`d/grid.md`](../d/grid.md)\n- [rim.md](rim.md)\n- [Grid](grid.md): draw it\n- Move it\n"
    assert titles(text) == ["Grid: draw it", "Move it"]
