"""Rules of the reader for what groups tasks, and for texts that only look like plans."""

import pytest

from branchline.planfile.explain import explain
from branchline.planfile.read import parse
from branchline.planfile.writeback import tick
from planread import titles, tree, waits


def states(text: str) -> list[str]:
    return [task.state for task in parse(text, "notes/x.md").tasks]


class TestWhatGroups:
    @pytest.mark.parametrize("day", ["Day {}:", "第{}天：", "**Tag {}**", "Semana {}"])
    def test_days_below_a_phase_hold_the_tasks(self, day: str) -> None:
        text = f"## Phase 1: Core\n- {day.format(1)}\n  - draw it\n  - move it\n- {day.format(2)}\n  - send it\n"
        assert [title for title, above in tree(text) if above and not above.startswith("Phase")] == [
            "draw it", "move it", "send it",
        ]  # fmt: skip

    @pytest.mark.parametrize("above", ["## Steps", "## Phase 1: Core"])
    def test_bold_steps_with_a_text_are_tasks(self, above: str) -> None:
        text = f"{above}\n\n**Step 1: Draw it**\n\nBy hand.\n\n**Step 2: Move it**\n\nWith care.\n"
        assert titles(text)[-2:] == ["Draw it", "Move it"]

    @pytest.mark.parametrize("mark", ["A.", "A)", "A —", "3-A:"])
    def test_headings_that_count_in_letters(self, mark: str) -> None:
        text = "".join(f"## {mark.replace('A', each)} {each}x\n\n- [ ] draw {each}\n\n" for each in "ABC")
        assert [title for title, above in tree(text) if above] == ["draw A", "draw B", "draw C"]

    def test_a_round_bullet_is_one_however_deep_it_stands(self) -> None:
        text = "# Roadmap\n\nPhase 1: Core\n\t•\tDraw it\n\t•\tMove it\n"
        assert tree(text)[-2:] == [("Draw it", "Phase 1: Core"), ("Move it", "Phase 1: Core")]

    def test_headings_that_a_phase_counts_are_its_tasks_whatever_stands_below_them(self) -> None:
        text = "## Phase 1: Core\n\n### 1. Grid\n```\ndraw()\n```\n\n### 2. Ship\n- by hand\n- with care\n"
        assert tree(text)[1:] == [("Grid", "Phase 1: Core"), ("Ship", "Phase 1: Core")]

    def test_a_letter_groups_what_begins_with_it(self) -> None:
        text = "## A — Speed\n\n### A-1: Cache\n\nx\n\n## B — Looks\n\n### B-1: Grid\n\nx\n\n### B-2: Ship\n\nx\n"
        assert [each for each in tree(text) if each[1]] == [("Cache", "Speed"), ("Grid", "Looks"), ("Ship", "Looks")]

    def test_a_box_that_calls_itself_a_task_is_one_below_a_step(self) -> None:
        text = "### Step 1: Core\n\n- [ ] Task 1: draw it\n- [ ] Task 2: move it\n\n### Step 2: Rim\n\n- [ ] by hand\n"
        assert tree(text) == [("Core", ""), ("draw it", "Core"), ("move it", "Core"), ("Rim", ""), ("by hand", "Rim")]

    def test_below_a_task_they_are_its_own(self) -> None:
        text = "### Task 1: Core\n\n**Step 1: Draw it**\n\n**Step 2: Move it**\n\n### Task 2: Rim\n\nx\n"
        assert titles(text) == ["Core", "Rim"]

    def test_numbered_headings_over_the_lists_that_are_the_tasks(self) -> None:
        map_ = "Map improvements"
        text = (
            f"# Game\n## 1. {map_}\n### Pins\n- Add a pin\n- Draw it\n### Testing\n- Add a test\n- Run it on a phone\n"
        )
        text += "## 2. Sound\n### Bells\n- Add a bell\n### Horns\n- Add a horn\n"
        assert tree(text) == [
            (map_, ""), ("Pins", map_), ("Add a pin", "Pins"), ("Draw it", "Pins"), ("Testing", map_),
            ("Add a test", "Testing"), ("Run it on a phone", "Testing"), ("Sound", ""), ("Bells", "Sound"),
            ("Add a bell", "Bells"), ("Horns", "Sound"), ("Add a horn", "Horns"),
        ]  # fmt: skip

    def test_numbers_that_go_on_below_other_headings(self) -> None:
        text = "## High priority\n### 1. Draw\nx\n### 2. Move\nx\n## Lower priority\n### 3. Send\n### 4. Ship\n"
        assert titles(text) == ["Draw", "Move", "Send", "Ship"]

    def test_the_last_step_may_be_called_as_criteria_are(self) -> None:
        text = "## Steps\n### 1. Draw it\nx\n### 2. Move it\nx\n### 3. Final verification\n- all is well\n"
        assert titles(text) == ["Draw it", "Move it", "Final verification"]

    @pytest.mark.parametrize("what", ["what for", "what for: all of it"])
    def test_the_list_of_phases_above_them_tells_their_state(self, what: str) -> None:
        text = f"- [x] **Phase 1: Core** - {what}\n- [ ] **Phase 2: Rim** - {what}\n\n"
        text += "### Phase 1: Core\n- [x] draw it\n### Phase 2: Rim (added)\n- [ ] send it\n"
        assert titles(text) == ["Phase 1: Core", "draw it", "Phase 2: Rim (added)", "send it"]
        assert states(text)[::2] == ["done", "open"]


class TestBesideBoxes:
    def test_bullets_of_a_backlog_are_tasks_too(self) -> None:
        text = (
            "## Phase 1: Core\n- [ ] draw it\n## Backlog\n### High priority\n- a bell\n- a horn\n## Colours\n- blue\n"
        )
        assert titles(text) == ["Phase 1: Core", "draw it", "a bell", "a horn"]

    def test_one_heading_that_counts_makes_no_series(self) -> None:
        text = "# Roadmap\n## X-4: What is wrong\nAll of it.\n## Next steps\n1. Draw it\n2. Move it\n"
        assert titles(text) == ["Draw it", "Move it"]
        plan = parse(text, "x.md")
        assert explain(plan, text, 2)["became"] == "ignored"

    def test_it_is_the_task_where_no_other_is_found(self) -> None:
        assert titles("# Notes\n## X-4: Draw it\nBy hand.\n") == ["Draw it"]


class TestNoPlans:
    @pytest.mark.parametrize("title", ["The dashboard", "Explanations"])
    def test_bullets_of_a_text_that_calls_nothing_work(self, title: str) -> None:
        text = f"# {title}\n\nIt shows all.\n\n## Screens\n- reads from stdin\n- writes to a file\n"
        assert titles(text) == []

    def test_nor_of_one_without_a_heading(self) -> None:
        assert titles("It shows all.\n\n- reads from stdin\n- writes to a file\n") == []

    @pytest.mark.parametrize(
        "text",
        [
            "# Roadmap\nSoon.\n- a bell\n",
            "# Mail\n- a bell\n",
            "x\n\n- a bell\n\n# Backlog\n",
            "Things still to do.\n\n- a bell\n",
        ],
    )
    def test_bullets_of_one_that_does_or_that_is_a_list(self, text: str) -> None:
        assert titles(text) == ["a bell"]

    def test_what_a_template_leaves_to_be_written(self) -> None:
        text = "## Tasks\n- [ ] [TASK_1]\n- [ ] **Start**: [DATE]\n- [ ] {what to do}\n- [ ] [the page](x.md)\n- [ ] [x] y\n"
        assert len(titles(text)) == 2

    def test_parts_of_a_text_one_of_which_tells_the_order(self) -> None:
        text = "# Study\n## 1. Who we are\nx\n## 2. What we have\nx\n## 3. Order of work\n1. Draw it\n2. Move it\n3. Send it\n"
        assert titles(text) == ["Draw it", "Move it", "Send it"]

    def test_front_matter_of_a_document_is_no_task(self) -> None:
        text = "---\nid: D-1\nstatus: archived\nowner: @me\n---\n\n# Plan\n\n- [ ] draw it\n"
        assert titles(text) == ["draw it"]


class TestMarks:
    def test_a_plus_is_done_and_an_escaped_star_optional(self) -> None:
        text = "# Plan\n- [+] 1. Draw it\n- [ ]\\* 2. Move it\n"
        assert states(text) == ["done", "open"]
        assert parse(text, "x.md").tasks[1].extra["optional"] == "yes"
        assert tick(text, [(3, "Move it", "2")], "kiro", "") == text.replace("[ ]", "[x]")

    def test_ideographic_numbers_count_a_list(self) -> None:
        text = "# 待办\n\n1、画出来\n2、发出去\n"
        assert titles(text) == ["画出来", "发出去"]
        assert states("1、[x] 画出来\n2、[ ] 发出去\n") == ["done", "open"]

    def test_a_column_of_boxes_tells_the_state_in_any_language(self) -> None:
        text = "# Tööd\n\n## Ülesanded\n\n| Kood | Asi | Seis |\n|--|--|--|\n| R1 | draw it | [x] |\n| R2 | move it | [ ] |\n"
        assert titles(text) == ["draw it", "move it"]
        assert states(text) == ["done", "open"]


class TestOrder:
    def test_what_runs_side_by_side_after_another_one(self) -> None:
        text = "# P\n- [ ] T1 a\n- [ ] T2 b\n- [ ] T3 c\n## Dependencies\n- T2、T3はT1完了後に並行可能\n"
        said = {(edge.before, edge.after) for edge in parse(text, "x.md").edges if edge.kind == "written"}
        assert said == {("T1", "T2"), ("T1", "T3")}

    def test_an_xml_task_waits_for_the_earlier_ones_that_it_names(self) -> None:
        task = "<task>\n<name>Task {}: {}</name>\n<action>\n{}\n</action>\n</task>\n"
        text = task.format(1, "Draw it", "As Task 3 wants it.") + task.format(2, "Move it", "x")
        text += task.format(3, "Send it", "Below what Task 1 added.")
        assert [(edge.before, edge.after) for edge in parse(text, "x.md").edges if edge.kind == "written"] == [
            ("1", "3")
        ]


class TestUnknownWords:
    """Texts whose headings and columns are called as nobody foresaw."""

    @pytest.mark.parametrize("heads", ["Milestone | Work", "Ticket | Summary", "Wert | Wovon", "| ?"])
    def test_a_table_of_codes_beside_a_column_of_planned_work(self, heads: str) -> None:
        plan = parse(
            f"## Rollout\n\n| {heads} | Owner | Status |\n|---|---|---|---|\n"
            "| AB-12 | Draw it | Kim | To do |\n| AB-13 | Move it | Kim | Done |\n",
            "notes/x.md",
        )
        assert [(task.id, task.title, task.state) for task in plan.tasks] == [
            ("AB-12", "Draw it", "open"), ("AB-13", "Move it", "done"),
        ]  # fmt: skip

    def test_a_numbered_list_is_work_when_nothing_else_is(self) -> None:
        text = "# Umbau\n\n## Gedanken\n1. Karten zeichnen\n2. Figuren bewegen\n3. Alles senden\n\n## Risks\n1. a\n2. b\n3. c\n"
        assert titles(text) == ["Karten zeichnen", "Figuren bewegen", "Alles senden"]

    def test_a_bold_line_is_a_title_of_its_own(self) -> None:
        text = "# Tasks\n- **OB-1: Draw it**\n  The pen is in the box.\n- **OB-2: Move it**\n  Blocked by OB-1.\n"
        assert titles(text) == ["Draw it", "Move it"]

    def test_who_wrote_a_plan_is_not_its_goal(self) -> None:
        assert (
            parse("# Map\n\nAuthor: Kim · Status: draft\n\nIt can be drawn.\n\n- [ ] a\n", "x.md").goal
            == "It can be drawn."
        )

    @pytest.mark.parametrize(
        "items",
        [
            ("Design the map", "Test it", "Box"), ("Activer la carte", "Tester le jeu", "Boîte"),
            ("карту нарисовать", "Поднять сервер", "Проверить его"), ("Karten zeichnen", "Figuren anbinden", "Alles migrieren"),
            ("地図を追加", "駒を実装", "箱"), ("지도 추가", "말 구현", "상자"),
        ],
    )  # fmt: skip
    def test_a_list_that_acts_is_work_in_any_language(self, items: tuple[str, ...]) -> None:
        numbered = "".join(f"{at}. {item}\n" for at, item in enumerate(items, 1))
        assert titles(f"# Map\n\n## Overview\n{numbered}\n## Context\n- a\n- b\n") == list(items)

    def test_a_plan_that_mostly_tells_keeps_lists_without_a_verb_to_itself(self) -> None:
        text = "# Map plan\n\n## Goal\n\nx\n\n## Screens\n\n- Empty map (a message)\n- Full map\n\n"
        text += "## Rollout\n\n- Activate the map\n- All of it\n"
        assert titles(text) == ["Activate the map", "All of it"]

    @pytest.mark.parametrize("label", ["Acceptance", "Critères d'acceptation", "验收标准"])
    def test_headings_that_say_what_is_accepted_are_tasks(self, label: str) -> None:
        part = "**Labels:** ux\n\nIt is there, and that is all.\n\n"
        text = f"# Map\n\n## Goal\n\nx\n\n## #1 · Pins\n{part}**{label}:** all is well.\n\n## #2 · Paths\n{part}"
        text += f"**{label}:** it shines.\n\n## #3 · Bells\n{part}## Risks\n\nNone.\n"
        plan = parse(text, "notes/x.md")
        assert [(task.title, len(task.criteria)) for task in plan.tasks] == [("Pins", 1), ("Paths", 1), ("Bells", 0)]


class TestWhatIsBesideTheWork:
    def test_a_middle_dot_parts_a_number_from_its_title(self) -> None:
        text = "# Roadmap\n\n" + "".join(
            f"## #{n} · {name}\n\nIt is so.\n\n" for n, name in enumerate(("Draw it", "Move"), 1)
        )
        assert titles(text) == ["Draw it", "Move"]

    def test_a_plan_whose_sections_mostly_describe_has_no_tasks_of_bullets(self) -> None:
        told = "".join(f"## {name}\n- Left: a\n- Right: b\n\n" for name in ("Forces", "Keys", "Nodes"))
        assert titles(f"# Map plan\n\n{told}## Lens\n- moves toward the node\n- draws each frame\n") == []
        assert len(titles("# Map plan\n\n## Lens\n- moves toward the node\n- draws each frame\n")) == 2

    def test_done_boxes_of_a_changelog_are_tasks_and_its_versions_are_none(self) -> None:
        text = "# Tasks\n\n- [ ] Move it\n\n# Changelog\n\n## Version 0.1.0\n\n- [x] Draw it\n"
        assert tree(text) == [("Move it", ""), ("Draw it", "")]
        assert titles("## Phase 1: Core\n\n- Draw it\n\n## Changelog\n\n### v1.2.0\n\n- **Added**: rim\n") == [
            "Phase 1: Core", "Draw it",
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("title", "works"),
        [("Safety checklist", 0), ("安全检查清单", 0), ("Deliverables", 0), ("Implementation checklist", 1)],
    )
    def test_a_checklist_beside_headings_that_name_the_work(self, title: str, works: int) -> None:
        text = f"### Step 1: Draw\n\nx\n\n### Step 2: Move\n\nx\n\n## {title}\n\n- [ ] Read the code first\n"
        assert titles(text) == ["Draw", "Move", "Read the code first"][: 2 + works]

    @pytest.mark.parametrize(
        "title",
        [
            "Upcoming: v0.2 – Core",
            "Current milestone: v0.2",
            "Beta (v0.2.0)",
            "Release (V0.2)",
            "Hour 2-3: Rim",
            "v.0.2.0: Rim",
        ],
    )
    def test_releases_behind_a_label_or_a_stage_and_hours_are_phases(self, title: str) -> None:
        assert tree(f"# Map\n\n## {title}\n\n- [ ] Crop\n\n## v9.0\n\n- [ ] Send\n")[:2] == [
            (title, ""),
            ("Crop", title),
        ]

    @pytest.mark.parametrize("title", ["Overview: v0.2 – Core", "Tested with: v0.2"])
    def test_a_release_behind_other_labels_is_told_of(self, title: str) -> None:
        assert title not in titles(f"# Map\n\n## {title}\n\n- [ ] Crop\n\n## v9.0\n\n- [ ] Send\n")

    def test_a_phase_shown_again_in_code_is_the_same_phase(self) -> None:
        again = "## Examples\n\n### Phase 1 (A) - in parallel\n\n```\ncrop\n```\n"
        text = f"## Phase 1: A\n\n- [ ] Crop\n\n## Phase 2: B\n\n- [ ] Send\n\n{again}"
        assert titles(text) == ["Phase 1: A", "Crop", "Phase 2: B", "Send"]

    @pytest.mark.parametrize(
        ("mark", "held"),
        [
            (":**", ["Phase 1: A", "Cache", "Aim", "Phase 2: B", "Rim"]),
            ("**", ["Phase 1: A", "Keys by hand", "Speed", "Keys by hand", "Speed", "Phase 2: B", "Width two"]),
        ],
    )
    def test_labels_tell_parts_of_the_headings_they_stand_below(self, mark: str, held: list[str]) -> None:
        parts = "".join(
            f"### {name}\n\n- **Keys{mark} by hand\n- **Speed{mark}\n  - high\n\n" for name in ("Cache", "Aim")
        )
        text = f"## Phase 1: A\n\n{parts}## Phase 2: B\n\n### Rim\n\n- **Width{mark} two\n"
        assert titles(text) == held

    @pytest.mark.parametrize(
        ("said", "edges"),
        [
            ("Task 4 depends on 1-3 (ink)", {("1", "4"), ("2", "4"), ("3", "4")}),
            ("- Task 3 depends on 1 and 2.", {("1", "3"), ("2", "3")}),
            ("Task 4 depends on 3 services", set()),
            ("Task 3 depends on Task 1, not Task 2", {("1", "3")}),
        ],
    )
    def test_numbers_alone_behind_a_dependency_are_of_the_kind_of_its_subject(
        self, said: str, edges: set[tuple[str, str]]
    ) -> None:
        heads = "".join(f"### Task {n}: Draw {name}\n\nx\n\n" for n, name in enumerate("ABCD", 1))
        assert waits(f"{heads}## Execution order\n\n{said}\n") == edges

    def test_groups_of_groups(self) -> None:
        text = "## 1. Testing\n\n### 1.1 Rim\n\n- [ ] 1.1.1 Draw it\n- [ ] 1.1.2 Crop it\n\n"
        text += "## 2. Docs\n\n### 2.1 Help\n\n- [ ] 2.1.1 Write it\n"
        assert tree(text) == [
            ("Testing", ""), ("Rim", "Testing"), ("Draw it", "Rim"), ("Crop it", "Rim"),
            ("Docs", ""), ("Help", "Docs"), ("Write it", "Help"),
        ]  # fmt: skip

    def test_an_id_that_is_given_to_other_work_is_another_task(self) -> None:
        assert titles("- [ ] T1 Draw it\n- [ ] T1 Crop it\n") == ["Draw it", "Crop it"]
        text = "## Phase 1\n\n- [ ] 1.1 Write docs\n\n## Phase 2\n\n- [ ] 1.1 Write docs for the rim\n"
        assert [title for title, above in tree(text) if above] == ["Write docs", "Write docs for the rim"]

    @pytest.mark.parametrize(
        ("said", "edges"),
        [
            ("- Ink (T1-T2) must be there before drawing T3", {("T1", "T3"), ("T2", "T3")}),
            ("- Ink (T1) before rims and maps (T2-T3)", {("T1", "T2"), ("T1", "T3")}),
            ("- Ink before rims", set()),
        ],
    )
    def test_what_comes_before_what_whatever_stands_between(self, said: str, edges: set[tuple[str, str]]) -> None:
        boxes = "- [ ] T1 Mix\n- [ ] T2 Fill\n- [ ] T3 Draw\n- [ ] T4 Send\n\n"
        assert waits(f"{boxes}## Numbering & dependency summary\n\n{said}\n") == edges

    def test_a_graph_of_numbers_alone(self) -> None:
        boxes = "- [ ] 1. Draw\n- [ ] 2. Move\n- [ ] 3. Send\n\n"
        graph = "## Task Dependency Graph\n\n```\n1 --> 2\n1, 2 --> 3\n```\n"
        assert waits(boxes + graph) == {("1", "2"), ("1", "3"), ("2", "3")}

    @pytest.mark.parametrize(
        ("said", "edges"),
        [
            ("- **Move (Phase 2)**: Can run after Draw, independent of Send", {("1", "2")}),
            ("- **Send (Phase 3)**: Begins after Draw", {("1", "3")}),
            ("- **Move (Phase 2)**: Depends on T1-T2 completion", {("1", "2")}),
            ("- **Move (Phase 2)**: Depends on T1 completion", {("T1", "2")}),
        ],
    )
    def test_what_phases_wait_for(self, said: str, edges: set[tuple[str, str]]) -> None:
        phases = (
            "## Phase 1: Draw\n\n- [ ] T1 a\n- [ ] T2 b\n\n## Phase 2: Move\n\n- [ ] T3 c\n\n## Phase 3: Send\n\nx\n\n"
        )
        assert waits(f"{phases}## Dependencies\n\n{said}\n") == edges

    @pytest.mark.parametrize("title", ["Deliverables", "Recommended tools", "推荐资源"])
    def test_what_a_phase_delivers_or_is_done_with_is_no_task_of_it(self, title: str) -> None:
        text = f"## Week 1: Maps\n\n### Work\n\n- crop it\n- send it\n\n### {title}\n\n- a map\n- a ruler\n"
        assert titles(text) == ["Week 1: Maps", "crop it", "send it"]

    def test_boxes_below_the_order_that_is_proposed_are_the_work(self) -> None:
        assert titles("# TODO\n\nSuggested order:\n\n- [ ] crop it\n- [ ] send it\n") == ["crop it", "send it"]

    def test_what_the_work_is_made_of_is_told_behind_a_numbered_list(self) -> None:
        text = "# Map\n\n## Steps\n\n1. Crop it\n2. Send it\n\n## Stack\n\n- SQLite\n- Canvas\n\n## Polish\n\n- fix the rim\n"
        assert titles(text) == ["Crop it", "Send it", "fix the rim"]

    def test_numbered_headings_go_over_to_what_describes(self) -> None:
        text = "# Map\n\n## 1. Table\n\nx\n\n## 2. Store and types\n\nx\n\n## 3. Edge cases\n\nx\n\n## 4. Files summary\n\nx\n"
        assert titles(text) == ["Table", "Store and types"]

    def test_a_label_that_begins_with_a_word_for_files_lists_files(self) -> None:
        text = "## Fase 1: Core\n\nArchivos esperados:\n\n- validaciones\n\nTrabajo:\n\n- Crear la red\n"
        assert titles(text) == ["Fase 1: Core", "Crear la red"]

    def test_beside_fields_of_a_phase_what_begins_with_any_label_is_a_field(self) -> None:
        heads = "".join(
            f"## Phase {n}: {name}\n\n- **Depends on:** x\n- **Estimate:** y\n\n" for n, name in enumerate("ABC", 1)
        )
        text = (
            heads
            + "## Phase 4: D\n\n- **Depends on:** x\n- **Estimate:** y\n- **Rule:** z\n\n## Phase 5: E\n\n- **Rule:** z\n"
        )
        assert [title for title, above in tree(text) if above] == ["Rule: z"]

    def test_a_text_on_what_tasks_are_has_none(self) -> None:
        assert (
            titles("# Task direction\n\nIt is so.\n\n## Task state\n\n- Created\n- Ready\n\n## Task model\n\n- small\n")
            == []
        )
        assert titles("# Direction\n\n## Task breakdown\n\n- Draw it\n- Move it\n") == ["Draw it", "Move it"]

    def test_a_title_whose_space_was_forgotten_says_what_the_text_is(self) -> None:
        assert titles("#TODO\n\n##General\n\n* the grid\n* the ship\n") == ["the grid", "the ship"]
        assert titles("##General\n\nText.\n\n* the grid\n* the ship\n") == []

    def test_in_a_list_of_things_to_do_what_looks_like_a_description_is_one(self) -> None:
        text = "# {}\n\n## High\n\n- Map: it has no grid\n- Ship: it does not move\n"
        assert len(titles(text.format("Implementation TODO"))) == 2
        assert titles(text.format("Implementation plan")) == []

    @pytest.mark.parametrize(
        "title", ["验证步骤", "Pasos de verificación", "Шаги проверки", "検証手順", "Test case 1: Aim"]
    )
    def test_steps_that_verify_are_criteria(self, title: str) -> None:
        assert titles(f"# Plan\n\n## {title}\n\n1. Open the page\n2. Look at it\n") == []

    @pytest.mark.parametrize("title", ["Design rules", "Правила", "Reglas", "Quy tắc"])
    def test_rules_to_keep_are_no_tasks(self, title: str) -> None:
        assert (
            titles(f"# Direction\n\nText.\n\n## {title}\n\n1. Keep it small\n2. Keep it pure\n3. Use the grid\n") == []
        )

    @pytest.mark.parametrize("head", ["Milestone", "Meilenstein", "里程碑"])
    def test_a_table_of_milestones_that_is_all_there_is(self, head: str) -> None:
        text = f"# Roadmap\n\n| {head} | Date | So |\n|--|--|--|\n| **Draw it** | May | x |\n| Move it | June | y |\n"
        assert titles(text) == ["Draw it", "Move it"]
        assert titles(text.replace(head, "Colour")) == []

    @pytest.mark.parametrize(
        "heads", ["Phase | File | Summary", "Milestone | Where | Description", "Task # | Week | Task | Status"]
    )
    def test_a_table_that_counts_its_phases_says_elsewhere_what_they_are(self, heads: str) -> None:
        bars = "|--" * (heads.count("|") + 1)
        text = (
            f"# Grid\n\n## Overview\n\n| {heads} |\n{bars}|\n| 1 | draw.md | Draw it | |\n| 2 | move.md | Move it | |\n"
        )
        assert [(task.id, task.title) for task in parse(text, "x.md").tasks] == [("1", "Draw it"), ("2", "Move it")]

    def test_headings_that_each_tell_a_state(self) -> None:
        heads = "".join(
            f"### `app/{name}.ts`\n\n**Status:** {state}\n\nx\n\n" for name, state in (("a", "✅ Done"), ("b", "open"))
        )
        assert states(f"## The theme\n\nText.\n\n{heads}") == ["done", "open"]


class TestLevels:
    @pytest.mark.parametrize("title", ["Before you use the new structure", "Antes de usar la nueva estructura"])
    def test_numbered_headings_that_act_are_work_below_a_title_that_tells(self, title: str) -> None:
        text = f"# Guide\n\n## {title}\n\n### 1. {{}}\n\nx\n\n### 2. {{}}\n\nx\n\n### 3. {{}}\n\nx\n"
        acting = ["Update the grid", "Move the ship", "Remove the flag"]
        assert titles(text.format(*acting)) == acting
        assert titles(text.format("The grid", "The ship", "The flag")) == []

    def test_a_week_without_a_title_in_which_nothing_is_planned(self) -> None:
        text = "# Plan\n\n## Week 1\n\n- Draw it\n- Aim it\n\n## Week 2\n\n{}<hr>\n\n## Week 3{}\n\nx\n"
        assert "Week 2" not in titles(text.format("", ""))
        assert "Week 2" in titles(text.format("- Move it\n\n", ""))
        assert "Week 3: Rest" in titles(text.format("", ": Rest"))

    def test_a_bold_last_line_signs_a_text(self) -> None:
        text = "# Chart\n\n## Plan\n\n### Step 1: Grid\n\nx\n\n### Step 2: Ship\n\nx\n\n---\n\n**Phase 5: Sea**\n*made today*\n"
        assert titles(text) == ["Grid", "Ship"]

    def test_a_short_list_beside_a_long_one_of_its_level_is_work_too(self) -> None:
        text = "# Sea\n\n## Near\n\n1. Draw it\n2. Move it\n3. Add a flag\n\n## Far\n\n1. {} the ship\n2. {} crew\n"
        assert titles(text.format("Build", "Remove the"))[3:] == ["Build the ship", "Remove the crew"]
        assert titles(text.format("It is", "It has a")) == ["Draw it", "Move it", "Add a flag"]
