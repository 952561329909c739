"""Rules of the reader, each on a small plan: what is a task where boxes do not say so, its state, and its order."""

import pytest

from branchline.graph.build import from_plan
from branchline.graph.store import digest
from branchline.model.plan import Plan
from branchline.planfile.read import parse
from branchline.planfile.sections import classify
from branchline.review.patch import changes, told


def read(text: str, **options: str) -> Plan:
    return parse(text, "plans/x.md", **options)


def tree(plan: Plan) -> list[tuple[str, str | None]]:
    return [(task.title, task.parent) for task in plan.tasks]


def titles(plan: Plan) -> list[str]:
    return [task.title for task in plan.tasks]


def states(plan: Plan) -> dict[str, str]:
    return {task.title: task.state for task in plan.tasks}


def written(plan: Plan) -> set[tuple[str, str]]:
    return {(edge.before, edge.after) for edge in plan.edges if edge.kind == "written"}


class TestTables:
    def test_rows_below_a_phase_are_its_tasks_with_ids_states_and_edges(self) -> None:
        plan = read(
            "## Phase 1: Core\n\n| ID | Task | Depends on | Status |\n|--|--|--|--|\n"
            "| K-1 | Draw the grid | - | ✅ Done |\n| K-2 | Move the ship | K-1 | ❌ |\n"
        )
        assert tree(plan) == [("Phase 1: Core", None), ("Draw the grid", "1"), ("Move the ship", "1")]
        assert states(plan)["Draw the grid"] == "done"
        assert states(plan)["Move the ship"] == "open"
        assert written(plan) == {("K-1", "K-2")}

    def test_rows_of_steps_follow_one_another(self) -> None:
        plan = read("## 阶段一：基础\n\n| 步骤 | 内容 |\n|--|--|\n| 1.1 | 建立目录 |\n| 1.2 | 编写配置 |\n")
        assert [(edge.before, edge.after, edge.kind) for edge in plan.edges] == [("1.1", "1.2", "sequence")]

    def test_a_table_of_data_is_none_of_tasks(self) -> None:
        plan = read("## Phase 1: Core\n\n| Name | Value |\n|--|--|\n| speed | 4 |\n\n- Draw the grid\n")
        assert titles(plan) == ["Phase 1: Core", "Draw the grid"]

    def test_words_count_as_they_are_typed_without_accents(self) -> None:
        plan = read(
            "## Priorite haute\n\n| # | Tache | Description |\n|--|--|--|\n| 1 | Grille | Tracer | \n| 2 | Nef | Mouvoir |\n"
        )
        assert titles(plan) == ["Grille", "Nef"]

    def test_rows_of_a_phase_that_has_boxes_too_are_tasks_where_their_section_says_so(self) -> None:
        plan = read("## Phase 1: A\n\n- [ ] Grid\n\n### Tasks\n\n| Task | Status |\n|--|--|\n| Draw it | ✅ |\n")
        assert tree(plan) == [("Phase 1: A", None), ("Grid", "1"), ("Draw it", "1")]

    def test_rows_without_ids_are_tasks_where_their_section_says_that_they_are_under_way_or_planned(self) -> None:
        table = "| Feature | Summary |\n|--|--|\n| {} | what for |\n"
        plan = read(
            f"## Active\n\n{table.format('Grid')}\n## Planned\n\n{table.format('Nef')}\n## Terms\n\n{table.format('x')}"
        )
        assert titles(plan) == ["Grid", "Nef"]

    def test_an_overview_that_repeats_tasks_tells_their_order(self) -> None:
        plan = read(
            "| Unit | Name | Dependencies |\n|--|--|--|\n| 1 | Draw the grid | None |\n| 2 | Move the ship | Unit 1 |\n\n"
            "## Unit 1: Draw the grid\n\nx\n\n## Unit 2: Move the ship\n\ny\n"
        )
        assert [gone.became for gone in plan.ignored] == ["duplicate", "duplicate"]
        assert written(plan) == {("1", "2")}


class TestPhases:
    def test_lists_below_a_phase_are_tasks_even_where_other_phases_have_boxes(self) -> None:
        plan = read("## Phase 1: A\n\n- [ ] alpha\n\n## Phase 2: B\n\n2. beta\n3. gamma\n")
        assert tree(plan)[1:] == [("alpha", "1"), ("Phase 2: B", None), ("beta", "2"), ("gamma", "2")]

    @pytest.mark.parametrize("code", ["M", "P", "S", "MS"])
    def test_codes_that_count_on_are_phases(self, code: str) -> None:
        plan = read("".join(f"## {code}{n} — Part {n}\n\n1. do {n}\n2. redo {n}\n\n" for n in range(7)))
        assert [task.title for task in plan.tasks if task.kind == "composite"] == [
            f"{code}{n} — Part {n}" for n in range(7)
        ]

    def test_priorities_are_no_phases(self) -> None:
        plan = read("## P0 — Critical\n\n- [ ] alpha\n\n## P1 — High\n\n- [ ] beta\n")
        assert tree(plan) == [("alpha", None), ("beta", None)]

    def test_sub_headings_with_a_text_of_their_own_are_the_tasks(self) -> None:
        plan = read("## Phase 2: Search\n\n### Index\n\nBuild it.\n\n1. a\n2. b\n\n### Ranking\n\nTune it.\n")
        assert tree(plan) == [("Phase 2: Search", None), ("Index", "2"), ("Ranking", "2")]

    def test_topics_over_plain_lists_are_not(self) -> None:
        plan = read("## Phase 2: Search\n\n### Backend\n\n- Index it\n\n### Frontend\n\n- Show it\n")
        assert tree(plan) == [("Phase 2: Search", None), ("Index it", "2"), ("Show it", "2")]

    def test_phases_among_criteria_are_criteria(self) -> None:
        plan = read("## Phase 1: A\n\n- [ ] alpha\n\n## Success criteria\n\n### Phase 1 Success:\n\n- [ ] it works\n")
        assert tree(plan) == [("Phase 1: A", None), ("alpha", "1")]
        assert plan.ignored[-1].became == "criterion"

    def test_lines_that_look_like_headings_are_read_as_headings(self) -> None:
        bold = read("# X\n\n**Phase 1: Draw**\n\n- [ ] alpha\n\n**Phase 2: Move**\n\n- [ ] beta\n")
        assert tree(bold) == [("Phase 1: Draw", None), ("alpha", "1"), ("Phase 2: Move", None), ("beta", "2")]
        plain = read("My plan\n\nPhase 1: Draw\n1.1 Draw the grid\n- with lines\n\n1.2 Draw the ship\n")
        assert tree(plain) == [("Phase 1: Draw", None), ("Draw the grid", "1"), ("Draw the ship", "1")]

    def test_a_bold_line_in_a_section_on_order_is_no_heading(self) -> None:
        plan = read("## Phase 1: A\n\n- [ ] alpha\n\n## Dependencies\n\n**Phase 1: A**:\n\n- needs nothing\n")
        assert titles(plan) == ["Phase 1: A", "alpha"]


class TestHeadings:
    def test_change_headings_are_tasks_whatever_part_they_stand_in(self) -> None:
        plan = read(
            "# X\n\n## Proposed Changes\n\n### Core\n\n#### [NEW] [a.py](file:///r/a.py)\n\n- x\n\n"
            "#### [MODIFY] [b.py](file:///r/b.py)\n\n- y\n"
        )
        assert tree(plan) == [("New a.py", None), ("Modify b.py", None)]

    @pytest.mark.parametrize(
        "head", ["### {} Draw it", "### 1. {} Draw it", "### {} 1. Draw it", "### {} Step: Draw it"]
    )
    def test_a_box_in_a_heading_makes_it_a_task(self, head: str) -> None:
        text = (
            f"# Grid\n\n## Work\n\n{head.format('[x]')}\nas told\n\n{head.format('[ ]').replace('1', '2')}\n- a note\n"
        )
        assert [task.title.removeprefix("Step: ") for task in read(text).tasks] == ["Draw it"] * 2
        assert [task.state for task in read(text).tasks] == ["done", "open"]

    def test_a_heading_with_a_box_over_boxes_groups_them_unless_it_stands_among_criteria(self) -> None:
        text = "### [ ] Frame\n- [x] draw it\n- [ ] paint it\n\n### [ ] Ships\n\n## Acceptance criteria\n\n### [ ] It moves\n"
        assert tree(read(text)) == [("Frame", None), ("draw it", "1"), ("paint it", "1"), ("Ships", None)]

    def test_boxes_that_carry_the_number_of_their_task_are_its_children(self) -> None:
        plan = read("## 任务 1：契约\n\n- [x] 1.1 定义结构\n\n- [ ] 1.2 定义策略\n")
        assert tree(plan) == [("任务 1：契约", None), ("定义结构", "1"), ("定义策略", "1")]

    def test_bold_items_of_numbered_headings_are_their_tasks(self) -> None:
        plan = read(
            "# X\n\n## 1. Versions of Node\n\n- **Pin versions.** Commit the lock.\n- **Check first.** Say what is missing.\n\n"
            "## 2. Session\n\n- **Detect expiry.** See the redirect.\n- **Log in again.** Ask once.\n"
        )
        assert [task.kind for task in plan.tasks] == ["composite", "atomic", "atomic"] * 2

    def test_labels_over_boxes_are_no_tasks(self) -> None:
        plan = read("- [ ] Repair the car\n  - **Sub-tasks:**\n    - [ ] change oil\n    - [ ] new tyres\n")
        assert tree(plan) == [("Repair the car", None), ("change oil", "1"), ("new tyres", "1")]


class TestTodosOfTheFrontMatter:
    TEXT = (
        "---\nname: x\ntodos:\n  - id: bounds\n    content: 'Fit the view'\n    status: completed\n"
        "  - id: map\n    content: Draw the map\n    status: pending\n---\n\n# X\n\n## Notes\n\n1. not this\n"
    )

    def test_they_are_the_tasks(self) -> None:
        plan = read(self.TEXT)
        assert plan.dialect == "cursor"
        assert [(task.id, task.title, task.state, task.line) for task in plan.tasks] == [
            ("bounds", "Fit the view", "done", 5),
            ("map", "Draw the map", "open", 8),
        ]

    def test_what_headings_say_again_only_tells_the_state(self) -> None:
        text = self.TEXT.replace("'Fit the view'", "'Task 1: fit'").replace("Draw the map", "'Task 2: draw'")
        plan = read(text + "\n## Task 1 — Fit the view\n\nx\n\n## Task 2 — Draw the map\n\ny\n")
        assert states(plan) == {"Fit the view": "done", "Draw the map": "open"}
        assert [gone.became for gone in plan.ignored if gone.line < 10] == ["duplicate", "duplicate"]


class TestStates:
    @pytest.mark.parametrize(
        ("heading", "state"),
        [
            ("Phase 1: A ✅", "done"),
            ("Phase 1: A (completado)", "done"),
            ("Phase 1: A — weapons (completado)", "done"),
            ("Phase 1: A（已完成，Commit: `4ad`）", "done"),
            ("Phase 1: A — ✅ PARTIELLEMENT FAIT", "wip"),
            ("Phase 1: A ❌", "open"),
            ("Phase 1: A", "open"),
        ],
    )
    def test_of_headings(self, heading: str, state: str) -> None:
        assert read(f"## {heading}\n\n- alpha\n").tasks[0].state == state

    def test_a_task_whose_steps_are_all_ticked_is_done(self) -> None:
        plan = read("### Task 1: A\n\n- [x] one\n- [x] two\n\n### Task 2: B\n\n- [x] one\n- [ ] two\n")
        assert states(plan) == {"A": "done", "B": "open"}

    def test_the_status_of_the_whole_plan_closes_what_has_no_mark_of_its_own(self) -> None:
        plan = read("# X\n\n> **Status:** TERMINE | 2026\n\n## Tasks\n\n1. alpha\n2. beta\n\n- [ ] gamma\n")
        assert set(states(plan).values()) <= {"done", "open"}
        assert read("# X\n\n**Status**: COMPLETED\n\n## Tasks\n\n1. alpha\n").tasks[0].state == "done"
        assert read("# X\n\n## Tasks\n\n**Status**: COMPLETED\n\n1. alpha\n").tasks[0].state == "open"


class TestOrder:
    SPECKIT = (
        "# Tasks\n\n## Phase 1: Setup\n\n- [ ] T001 make it\n\n## Phase 2: Foundational\n\n{gate}- [ ] T002 ground it\n\n"
        "## Phase 3: User Story 1 - Look\n\n- [ ] T003 [US1] look\n\n## Phase 4: User Story 2 - Buy\n\n- [ ] T004 [US2] buy\n\n"
        "## Phase 5: Polish\n\n- [ ] T005 polish\n\n{order}"
    )

    @pytest.mark.parametrize("said", ["all user stories", "the desired stories", "all desired user stories"])
    def test_all_user_stories_are_the_phases_that_are_stories(self, said: str) -> None:
        order = f"## Dependencies\n\n- **Polish (Phase 5)**: Depends on {said} being complete\n"
        plan = read(self.SPECKIT.format(gate="", order=order))
        assert plan.dialect == "speckit"
        assert written(plan) == {("3", "5"), ("4", "5")}

    def test_the_gate_of_the_template_is_an_edge_where_nothing_else_says_so(self) -> None:
        gate = "**CRITICAL**: No user story work can begin until this phase is complete\n\n"
        assert written(read(self.SPECKIT.format(gate=gate, order=""))) == {("2", "3"), ("2", "4")}
        order = "## Dependencies\n\n- **User Story 1**: Depends on Setup\n"
        assert written(read(self.SPECKIT.format(gate=gate, order=order))) == {("1", "3")}

    @pytest.mark.parametrize(
        ("said", "edges"),
        [
            ("US2: depends on Setup and can be built alone, but shares files with US1", {("1", "4")}),
            ("US2: depends on Foundational + US1 shell", {("2", "4"), ("3", "4")}),
            ("US2: Can start after Setup - Builds on the form of US1", {("1", "4"), ("3", "4")}),
            ("**US2** (later) — builds on the form of US1", {("3", "4")}),
            ("US1 unblocks T004 (in parallel) and T005", {("3", "T004"), ("3", "T005")}),
            ("User Stories (Phase 3+): All depend on Foundational", {("2", "3"), ("2", "4")}),
            ("T002–T004 are sequential within US2 (first → then → last)", {("T002", "T003"), ("T003", "T004")}),
            ("US2 and T005 are sequential", {("4", "T005")}),
            ("T001 and T003-T004 are sequential", {("T001", "T003"), ("T001", "T004")}),
        ],
    )
    def test_what_a_line_on_order_says(self, said: str, edges: set[tuple[str, str]]) -> None:
        assert written(read(self.SPECKIT.format(gate="", order=f"## Dependencies\n\n- {said}\n"))) == edges

    def test_numbers_of_another_series_name_no_phase(self) -> None:
        text = "".join(
            f"**Phase {n}:** Milestone {n + 3} depends on {on}\n" for n, on in ((1, "2"), (2, "3, 1"), (3, "{}"))
        )
        assert written(read("## Plan\n\n" + text.format("1, 2"))) == set()
        assert written(read("## Plan\n\n" + text.format("Phase 1"))) == {("1", "3")}

    def test_none_may_be_followed_by_words(self) -> None:
        plan = read("### T1: a\n- Dependencies: none. First, so that T2 is free.\n### T2: b\n- Dependencies: T1\n")
        assert written(plan) == {("T1", "T2")}

    def test_a_gate_of_all_stories_holds_those_that_do_not_wait_for_it_anyway(self) -> None:
        text = "".join(f"## Phase {n}: {name}\n\n- [ ] T00{n} x\n\n" for n, name in enumerate(
            ("Setup", "Base", "User Story 1", "User Story 2", "User Story 3"), 1))  # fmt: skip
        said = "- Phase 2: BLOCKS all user stories\n- US1: depends on Phase 2\n- US2: depends on US1\n"
        assert written(read(f"{text}## Dependencies\n\n{said}")) == {("2", "3"), ("3", "4"), ("2", "5")}

    def test_chains_in_brackets_are_chains_of_their_own(self) -> None:
        boxes = "".join(f"- [ ] T{n} x\n" for n in range(1, 7))
        said = "- After T1: one (T2 → T3) and two (T4 -> T5) run in parallel\n"
        assert written(read(f"{boxes}\n## Dependencies\n\n{said}")) == {("T2", "T3"), ("T4", "T5")}

    def test_what_one_task_produces_and_another_consumes_is_an_edge(self) -> None:
        plan = read(
            "### Task 1: A\n\n**Interfaces:**\n- Produces: `load_rows(path)`\n\n### Task 2: B\n\ntext\n\n"
            "### Task 3: C\n\n**Interfaces:**\n- Consumes: `load_rows(path)` from the loader\n"
        )
        assert written(plan) == {("1", "3")}

    @pytest.mark.parametrize("names", ["ABCD", ("I", "II", "III", "IV")])
    @pytest.mark.parametrize(
        ("said", "before"),
        [("Phase {0}", [0]), ("phases {0} and {1}", [0, 1]), ("Phases {0}-{2}", [0, 1, 2]), ("Phase {0}, {2}", [0, 2])],
    )
    def test_phases_that_count_in_letters_are_named(self, names: str, said: str, before: list[int]) -> None:
        said = said.format(*names).replace("I-III", "I, II, III")
        heads = "".join(f"## Phase {name}: Draw {at}\n\n- [ ] draw it\n\n" for at, name in enumerate(names[:3]))
        text = f"{heads}## Phase {names[3]}: Draw it\n\nDepends on: {said}\n\n- [ ] a task I like\n"
        assert written(read(text)) == {(names[each], names[3]) for each in before}

    def test_each_phase_depends_on_the_one_before(self) -> None:
        body = "".join(f"## Phase {n}: P{n}\n\n- [ ] do {n}\n\n" for n in (1, 2, 3))
        assert written(read(f"{body}## Notes\n\n- Each phase depends on the previous one.\n")) == {
            ("1", "2"),
            ("2", "3"),
        }
        every = read(f"{body}## Notes\n\n- Strict: each phase depends on all previous phases completing.\n")
        assert written(every) == {("1", "2"), ("1", "3"), ("2", "3")}

    def test_a_field_in_brackets_behind_a_title_may_name_titles(self) -> None:
        plan = read(
            "- [ ] Make the folder `a/`\n- [ ] Fill it (depends on: Make the folder)\n- [ ] Dance [blocked by: rain]\n"
        )
        assert written(plan) == {("1", "2")}
        assert [(found.code, found.line, found.task, found.hold) for found in plan.findings] == [
            ("unknown-reference", 3, "3", False)
        ]

    @pytest.mark.parametrize(
        "said",
        [
            "Needs T1.", "Blocked until T1 is merged", "Start after T1.", "Once T1 has landed, go on", "wait for T1",
            "hängt von T1 ab", "sobald T1 fertig ist", "nach T1", "dépend de T1",
            "después de T1", "assim que T1", "после T1", "після T1", "依赖 T1",
        ],
    )  # fmt: skip
    @pytest.mark.parametrize(("one", "other"), [("T1", "T2"), ("3.1", "3.2")])
    def test_a_sentence_names_what_a_task_waits_for(self, said: str, one: str, other: str) -> None:
        text = f"# Map\n\n## Tasks\n\n### {one} Draw it\n\nBy hand.\n\n### {other} Move it\n\n{{}}\n\n"
        text += f"### {one[:-1]}3 Send it\n\nx\n"
        assert written(read(text.format(said.replace("T1", one)))) == {(one, other)}
        assert written(read(text.format(f"{one[:-1]}3 comes after {one}."))) == set()
        assert written(read(text.format("Needs Python 3.1, and sits after the other."))) == set()
        assert written(read(text.format(f"Unblocks {one[:-1]}3."))) == {(other, f"{one[:-1]}3")}

    def test_a_file_in_a_dependency_is_not_changed_by_the_task_that_has_it(self) -> None:
        plan = read("- [ ] Write style.css\n- [ ] Write page.html (depends on: Write style.css)\n")
        assert [[ref.path for ref in task.files] for task in plan.tasks] == [["style.css"], ["page.html"]]
        assert written(plan) == {("1", "2")}

    def test_a_field_in_brackets_that_names_nothing_is_no_reference(self) -> None:
        plan = read(
            "- [ ] One\n- [ ] Two (depends on: none)\n- [ ] Three (depends on Python)\n- [ ] Four (needs: One)\n"
        )
        assert (written(plan), plan.findings) == (set(), ())

    @pytest.mark.parametrize("said", ["_Depends: 1.1_", "*Depends on: 1.1*", "**Depends on**: 1.1", "_Depends_: 1.1"])
    def test_a_field_in_italics(self, said: str) -> None:
        plan = read(f"- [ ] 1.1 Draw the grid\n- [ ] 1.2 Move the ship\n  - {said}\n- [ ] 2.1 Aim\n  - {said}\n")
        assert written(plan) == {("1.1", "1.2"), ("1.1", "2.1")}

    @pytest.mark.parametrize("waves", ['{"tasks": ["2"]}, {"tasks": ["1", "3"]}', '["2"], ["1", "3"]'])
    def test_waves_follow_one_another(self, waves: str) -> None:
        graph = f'```json\n{{"waves": [{waves}]}}\n```\n'
        plan = read(f"- [ ] 1. a\n- [ ] 2. b\n- [ ] 3. c\n\n{graph}", dialect="kiro")
        assert {(edge.before, edge.after, edge.kind) for edge in plan.edges} == {
            ("2", "1", "phase"),
            ("2", "3", "phase"),
        }
        assert len(plan.edges) == 2

    def test_what_stands_in_brackets_over_two_lines_is_no_part_of_a_chain(self) -> None:
        plan = read(
            "- [ ] T1 A\n- [ ] T2 B\n- [ ] T3 C\n\n## Sequencing\n\nT1 → T2 → T3 is the spine (T2/T3 in\nqueues).\n"
        )
        assert written(plan) == {("T1", "T2"), ("T2", "T3")}
        assert {edge.confidence for edge in plan.edges if edge.kind == "written"} == {0.9}

    @pytest.mark.parametrize("text", ["T1 → T2", "T2 → T1 이후", "T2 -> after T1"])
    def test_arrows_in_a_fence_of_a_section_on_order(self, text: str) -> None:
        assert written(read(f"- [ ] T1 a\n- [ ] T2 b\n\n## Dependencies\n\n```\n{text}\n```\n")) == {("T1", "T2")}


class TestChecks:
    @pytest.mark.parametrize(
        "step",
        [
            "Run `npm test`.",
            "Verify no import breaks with `npm test`",
            "**Run:** `npm test`",
            "Execute: `npm test`",
            "Nothing else calls it. Run: `npm test` → all green",
            "`npm test` passes",
            "`npm test` 通过。",
            "make sure that `npm test` still passes",
            "`npm test` to verify",
        ],
    )
    def test_lines_that_only_run_something(self, step: str) -> None:
        plan = read(f"### Task 1: A\n\n- [ ] Write it\n- [ ] {step}\n")
        assert [check.run for check in plan.tasks[0].checks] == ["npm test"]
        assert plan.tasks[0].checks[0].confidence >= 0.9

    @pytest.mark.parametrize(
        "step",
        [
            "Run the tests in `src/a.ts`",
            "Verify that `foo` works",
            "Install with `npm i x`",
            "`npm test` does not pass yet",
            "Run: `npm test` → FAIL",
            "Run: `git commit -m x`",
        ],
    )
    def test_other_lines_run_nothing(self, step: str) -> None:
        assert read(f"### Task 1: A\n\n- [ ] Write it\n- [ ] {step}\n").tasks[0].checks == ()

    @pytest.mark.parametrize(
        "tail",
        [
            " — verify: `npm test`",
            " (Verify: `npm test`)",
            ". **Run:** `npm test`",
            "; Test command: `npm test`",
            "，验证：`npm test`",
        ],
    )
    def test_a_field_at_the_end_of_a_title(self, tail: str) -> None:
        (task,) = read(f"## Tasks\n\n- [ ] Write it{tail}\n").tasks
        assert [(check.run, check.confidence >= 0.9) for check in task.checks] == [("npm test", True)]
        assert task.title == "Write it"

    @pytest.mark.parametrize(
        ("tail", "body"),
        [(". Run: `npm test` and look at it", ""), (". Verify: `npm test`", "  - Verify: `npm run all`\n")],
    )
    def test_an_end_of_a_title_that_is_not_the_check_alone_stays(self, tail: str, body: str) -> None:
        (task,) = read(f"## Tasks\n\n- [ ] Write it{tail}\n{body}").tasks
        assert task.title == f"Write it{tail}"

    @pytest.mark.parametrize("tail", [" — note: `npm test`", ", verify: it works", " - files: `src/a.ts`"])
    def test_other_ends_of_a_title_run_nothing(self, tail: str) -> None:
        assert read(f"## Tasks\n\n- [ ] Write it{tail}\n").tasks[0].checks == ()

    def test_the_fence_below_a_heading_that_says_to_run_it(self) -> None:
        text = "## Task 1: Draw\n\n### Step 1: Write\n\nx\n\n### Step 2: 运行测试\n\n```bash\nnpm test\n```\n"
        plan = read(text, dialect="superpowers")
        assert [[check.run for check in task.checks] for task in plan.tasks] == [["npm test"]]

    def test_the_fence_below_a_task_that_is_a_validation(self) -> None:
        plan = read("## Tasks\n\n1. Write it\n\n2. **Validation**\n   ```bash\n   make test\n   ```\n")
        assert [[check.run for check in task.checks] for task in plan.tasks] == [[], ["make test"]]


class TestWords:
    @pytest.mark.parametrize(
        ("title", "cls"),
        [
            ("Dependencies", "ORDER"),
            ("Recommended implementation order", "ORDER"),
            ("CHECKLIST FINALE", "CRITERIA"),
            ("Update dependencies", "UNKNOWN"),
            ("How it works", "NONTASK"),
            ("What was shipped", "DONE"),
            ("验证", "CRITERIA"),
            ("测试验证", "UNKNOWN"),
            ("Error handling", "NONTASK"),
            ("Already implemented", "DONE"),
        ],
    )
    def test_of_headings(self, title: str, cls: str) -> None:
        assert classify(title)[0] == cls

    def test_behind_a_loose_label_only_ids_are_references(self) -> None:
        text = "### Task 1: A\n\n**Dependencies:** React 18, axios\n\n### Task 2: B\n\n**Depends on:** the moon\n"
        assert [(found.task, found.hold) for found in read(text).findings] == [("1", False), ("2", True)]


class TestFences:
    LIST = (
        "## List of tasks to be completed\n\n```yaml\nTask 1:\nCREATE src/a.py:\n  - x\n\n"
        "Task 2:\nMODIFY src/b.py:\n  - y\n```\n"
    )

    def test_a_list_of_tasks_in_a_fence(self) -> None:
        plan = read(f"# PRP\n\n{self.LIST}\n## Final checklist\n\n- [ ] it works\n")
        assert [(task.id, task.title, task.line) for task in plan.tasks] == [
            ("1", "CREATE src/a.py", 6),
            ("2", "MODIFY src/b.py", 10),
        ]

    def test_beside_other_tasks_a_fence_is_text(self) -> None:
        assert titles(read(f"## Tasks\n\n- [ ] alpha\n\n{self.LIST}")) == ["alpha"]


class TestNumbers:
    def test_letters_behind_numbers(self) -> None:
        plan = read("## 3a. Left\n\n- [ ] 3a.1 draw\n\n## 3b. Right\n\n- [ ] 3b.1 move\n")
        assert [(task.id, task.parent) for task in plan.tasks] == [
            ("3a", None),
            ("3a.1", "3a"),
            ("3b", None),
            ("3b.1", "3b"),
        ]

    def test_a_fraction_is_no_number(self) -> None:
        assert titles(read("- [ ] Day 0/1 edge cases\n")) == ["Day 0/1 edge cases"]

    def test_a_checklist_that_names_the_tasks_tells_their_state(self) -> None:
        plan = read(
            "## Progress\n\n- [x] Task 1: schema and seed\n- [ ] Task 2: pages\n\n"
            "### Task 1: Schema\n\na\n\n### Task 2: Pages\n\nb\n"
        )
        assert states(plan) == {"Schema": "done", "Pages": "open"}

    def test_stories_have_a_short_name(self) -> None:
        plan = read("### Story 1: A\n\na\n\n### Story 2: B\n\nb\n\n## Story dependencies\n\n```\nUS-2 → US-1\n```\n")
        assert written(plan) == {("2", "1")}

    def test_of_two_families_of_phases_the_empty_one_restates(self) -> None:
        plan = read("## Phase 1: A\n\n- [ ] alpha\n\n## Goals\n\n### Milestone 1: shown\n\n- people see it\n")
        assert titles(plan) == ["Phase 1: A", "alpha"]


class TestGroups:
    def test_boxes_of_a_counted_heading_are_its_tasks_and_its_steps_where_it_has_a_check(self) -> None:
        said = "## Phase 1: A\n\n### 1.1 Upload\n\n- [ ] crop\n- [ ] send\n\n### 1.2 Show\n\n{}\n\n- [ ] x\n- [ ] y\n"
        group = [("Phase 1: A", None), ("Upload", "1"), ("crop", "1.1"), ("send", "1.1"), ("Show", "1")]
        assert tree(read(said.format("Text."))) == [*group, ("x", "1.2"), ("y", "1.2")]
        assert tree(read(said.format("**Verify**: `make test`"))) == group

    def test_boxes_without_a_list_marker_are_boxes(self) -> None:
        assert states(read("## Tasks\n\n[x] crop it\n[ ] send it\n")) == {"crop it": "done", "send it": "open"}

    def test_a_phase_that_stands_again_is_told_once(self) -> None:
        plan = read("## Phase 1: A\n\n- [ ] x\n\n## Strategy\n\n### Phase 1: A\n\n- first this\n")
        assert titles(plan) == ["Phase 1: A", "x"]

    def test_the_table_of_a_section_that_says_so_is_the_list(self) -> None:
        plan = read(
            "## Pains\n\n### 1. It is slow\n\n- very\n\n### 2. It is old\n\n- so\n\n"
            "## Task list\n\n| No | Change |\n|--|--|\n| 1 | Cache it |\n"
        )
        assert titles(plan) == ["Cache it"]

    def test_a_box_with_the_number_of_a_criterion_is_one(self) -> None:
        assert titles(read("- [ ] build it\n- [ ] AC-1 it works\n")) == ["build it"]

    @pytest.mark.parametrize("title", ["4.x upkeep", "5.0 architecture", "v2.1 look"])
    def test_versions(self, title: str) -> None:
        assert tree(read(f"## {title}\n\n- do it\n"))[0] == (title, None)

    def test_a_table_with_priorities_is_one_of_work(self) -> None:
        plan = read("# Roadmap\n\n| Prioridade | Feature |\n|--|--|\n| ✅ Feito | Lista |\n| Alta | Busca |\n")
        assert states(plan) == {"Lista": "done", "Busca": "open"}

    def test_what_is_not_planned_is_no_task(self) -> None:
        assert titles(read("## Planned\n\n- a login\n\n## Not planned\n\n- a server\n")) == ["a login"]

    @pytest.mark.parametrize("said", ["BLOQUEADO por T1", "(después de T1)", "blocked by T1", "зависит от T1"])
    def test_prose_says_what_blocks(self, said: str) -> None:
        assert written(read(f"- [ ] T1 a\n- [ ] T2 b {said}\n")) == {("T1", "T2")}


class TestForms:
    """Forms in which strangers wrote what the rules above already knew in another dress."""

    @pytest.mark.parametrize(
        "title",
        ["Version 1.1: Polish", "**Release 2.3** (later)", "第1周：基础", "第2-3周", "3주차: 구현", "Final Phase: Polish",
         "Fase final: cierre", "最終フェーズ"],
    )  # fmt: skip
    def test_names_of_phases(self, title: str) -> None:
        assert [task.kind for task in read(f"# Plan\n\n## {title}\n\n- [ ] crop it\n").tasks] == ["composite", "atomic"]

    def test_a_count_of_days_is_no_phase(self) -> None:
        assert titles(read("# Plan\n\n## 3天内完成\n\n- [ ] crop it\n")) == ["crop it"]

    def test_the_final_phase_is_called_by_its_name(self) -> None:
        plan = read(
            "## Phase 1: Core\n\n- [ ] a\n\n## Final Phase: Polish\n\n- [ ] b\n\n"
            "## Dependencies\n\n- **Final Phase**: Depends on Phase 1\n"
        )
        assert written(plan) == {("1", "final")}

    def test_boxes_in_bold(self) -> None:
        plan = read("## Phase 1: Core\n\n* **[x] Crop it:** by hand\n* **[ ]** Send it\n* **[~] Turn it**\n")
        assert [(task.title, task.state) for task in plan.tasks[1:]] == [
            ("Crop it: by hand", "done"), ("Send it", "open"), ("Turn it", "wip"),
        ]  # fmt: skip

    def test_one_tilde_strikes_as_two_do(self) -> None:
        assert states(read("# TODO\n\n- ~crop it~\n- ~~send it~~\n- turn it ~ twice\n")) == {
            "crop it": "done", "send it": "done", "turn it ~ twice": "open",
        }  # fmt: skip

    @pytest.mark.parametrize(
        "title", ["What not to do", "Что не делать сейчас", "Qué no hacer", "暂不做", "やらないこと", "Nicht tun"]
    )
    def test_what_is_not_to_be_done_is_no_task(self, title: str) -> None:
        assert titles(read(f"# Tasks\n\n## Next\n\n- a login\n\n## {title}\n\n- a server\n")) == ["a login"]

    @pytest.mark.parametrize("word", ["All", "alle", "全部", "Tất cả"])
    def test_all_in_a_column_is_all_before(self, word: str) -> None:
        plan = read(
            "## Phase 1: Core\n\n| ID | Task | Deps |\n|--|--|--|\n"
            f"| K-1 | Draw | - |\n| K-2 | Move | - |\n| K-3 | Test | {word} |\n| K-4 | Ship | all user stories |\n"
        )
        assert written(plan) == {("K-1", "K-3"), ("K-2", "K-3")}

    def test_columns_of_titles_in_other_languages(self) -> None:
        plan = read(
            "## Phase 1: A\n\n| ID | 제목 | 의존성 |\n|--|--|--|\n| K-1 | ✅ 구조 | - |\n| K-2 | 회로 | K-1 |\n"
        )
        assert states(plan) == {"Phase 1: A": "open", "구조": "done", "회로": "open"}
        assert written(plan) == {("K-1", "K-2")}

    def test_that_each_task_builds_on_the_one_before_is_no_dependency(self) -> None:
        plan = read("Each task builds on the previous one.\n\n- [ ] 1. a\n- [ ] 2. b\n")
        assert written(plan) == set()

    def test_codes_without_a_mark_are_tasks_where_they_count_on(self) -> None:
        plan = read("## Phase 1: Core\n\n### S1 Draw the grid\n\nx\n\n### S2 Move the ship\n\n- Depends on: S1\n")
        assert [(task.id, task.parent, task.kind) for task in plan.tasks] == [
            ("1", None, "composite"), ("S1", "1", "atomic"), ("S2", "1", "atomic"),
        ]  # fmt: skip
        assert written(plan) == {("S1", "S2")}

    def test_one_code_alone_is_a_word(self) -> None:
        assert titles(read("# Plan\n\n## H2 and beyond\n\n- [ ] crop it\n\n## H1 goals\n\n- [ ] send it\n")) == [
            "crop it", "send it",
        ]  # fmt: skip

    def test_paragraphs_with_codes_that_count_on_are_tasks_and_their_bullets_describe(self) -> None:
        plan = read(
            "# Breakdown\n\n## Track 1: Validation\n\nT1.1 Draw the grid.\n\n- By hand.\n- Dependencies: none.\n\n"
            "T1.2b Move the ship.\n\n- Status: implemented.\n- Dependencies: T1.1.\n\n"
            "## Track 2: Rest\n\nT2.1 Test it.\n\n- Dependencies: T1.2b.\n"
        )
        assert [(task.id, task.parent, task.state) for task in plan.tasks] == [
            ("1", None, "open"), ("T1.1", "1", "open"), ("T1.2b", "1", "done"), ("2", None, "open"), ("T2.1", "2", "open"),
        ]  # fmt: skip
        assert written(plan) == {("T1.1", "T1.2b"), ("T1.2b", "T2.1")}

    def test_a_heading_without_its_space(self) -> None:
        plan = read(
            "# Plan\n\n #Phase 1: Core\nWhy it is so.\n\n- [ ] crop it\n\n##Phase 2: Rest\n\n- [ ] send it\n\n#later that day\n"
        )
        assert tree(plan) == [
            ("Phase 1: Core", None), ("crop it", "1"), ("Phase 2: Rest", "1"), ("send it", "1.2"),
        ]  # fmt: skip

    def test_weeks_as_a_range(self) -> None:
        assert titles(read("## Weeks 3-4: Core\n\n- [ ] crop it\n")) == ["Weeks 3-4: Core", "crop it"]

    def test_ids_and_marks_in_the_cells_of_a_table(self) -> None:
        plan = read(
            "## Phase 1: Core\n\n### Advanced analysis\n\n| ID | Title | Deps |\n|--|--|--|\n"
            "| ✅ #1 | Draw the grid | - |\n| #2 | Move the ship | #1 |\n"
        )
        assert [(task.title, task.state) for task in plan.tasks[1:]] == [
            ("Draw the grid", "done"),
            ("Move the ship", "open"),
        ]
        assert written(plan) == {("1.1", "1.2")}

    def test_a_table_that_lists_the_headings_tells_their_state(self) -> None:
        plan = read(
            "## 3. 当前任务\n\n| 编号 | 任务名称 | 状态 |\n|--|--|--|\n| H00 | 画网格 | 已完成 |\n| H01 | 移动 | 进行中 |\n\n"
            "## 4. 任务说明\n\n### H00 画网格\n\n- 目标：\n  - 画\n\n### H01 移动\n\n- 依赖：H00\n"
        )
        assert [(task.id, task.state) for task in plan.tasks] == [("H00", "done"), ("H01", "wip")]
        assert written(plan) == {("H00", "H01")}

    def test_a_counted_section_that_holds_phases_is_none(self) -> None:
        plan = read("## 3. Risks\n\n### 3.1 Time\n\nx\n\n## 4. The task list\n\n### Phase 1: Core\n\n- [ ] crop it\n")
        assert titles(plan) == ["Phase 1: Core", "crop it"]

    def test_a_list_above_the_first_heading_belongs_to_the_list_of_tasks(self) -> None:
        assert titles(read("- crop it\n- send it\n\n## Unordered todo\n\n- turn it\n")) == [
            "crop it",
            "send it",
            "turn it",
        ]

    def test_counted_files_are_no_tasks_beside_counted_steps(self) -> None:
        plan = read(
            "## Implementation plan\n\n### Files to modify\n\n#### 1. `a.py`\n\nx\n\n#### 2. `b.py`\n\ny\n\n"
            "### Implementation steps\n\n1. crop it\n2. send it\n"
        )
        assert titles(plan) == ["crop it", "send it"]

    def test_a_section_of_labels_and_what_they_are_describes(self) -> None:
        plan = read(
            "# Thing\n\n## Layers\n\n- Server: it sends\n- Screen: it shows\n\n## More\n\n- crop it\n- send it\n"
        )
        assert titles(plan) == ["crop it", "send it"]

    def test_chains_with_their_reasons_in_brackets(self) -> None:
        plan = read(
            "- [ ] T1\n- [ ] T2\n- [ ] T3\n- [ ] T4\n\n## 依赖\n\n- T1 → T2（依赖 T1）；T3（依赖 T1，并行 T2）∥ T4（依赖 T2）\n"
        )
        assert written(plan) == {("T1", "T2"), ("T1", "T3"), ("T2", "T4")}

    def test_a_node_that_names_many_tasks_is_none_of_them(self) -> None:
        text = "- [ ] T1 a\n- [ ] T2 b\n- [ ] T3 c\n\n```mermaid\ngraph TD\nA[T1] --> B[T2]\nB --> C[T2-T3 rest]\n```\n"
        assert written(read(text)) == {("T1", "T2")}

    def test_what_stands_under_a_topic_of_a_finished_phase_tells_how_it_was_done(self) -> None:
        plan = read(
            "## Phase 1: Core ✅\n\n### Stack\n\n- Python\n- Make\n\n### Missing\n\n- crop it\n\n"
            "## Phase 2: Rest (done)\n\n- send it\n\n## Phase 3: More\n\n### Screen\n\n- show it\n"
        )
        assert [(task.title, task.state) for task in plan.tasks] == [
            ("Phase 1: Core", "done"), ("crop it", "open"), ("Phase 2: Rest (done)", "done"), ("send it", "done"),
            ("Phase 3: More", "open"), ("show it", "open"),
        ]  # fmt: skip

    def test_stages_of_a_release_are_phases_where_two_stand_together(self) -> None:
        text = "# TODO\n\n## Alpha\n\nAll of it.\n\n- [x] crop it\n\n## Beta (next)\n\n- [ ] send it\n"
        assert tree(read(text)) == [
            ("Alpha", None), ("crop it", "Alpha"), ("Beta (next)", None), ("send it", "Beta"),
        ]  # fmt: skip
        assert titles(read("# TODO\n\n## Beta\n\n- [ ] crop it\n\n## Other\n\n- [ ] send it\n")) == [
            "crop it",
            "send it",
        ]

    def test_a_table_with_ids_and_a_column_of_planned_work_names_tasks_in_any_words(self) -> None:
        plan = read(
            "# Plan\n\n## Deliverables\n\n- a world\n- a screen\n\n## Sketch\n\n"
            "| # | Chunk | Contents | Acceptance sketch |\n|--|--|--|--|\n| 1 | Draw | grid | seen |\n| 2 | Move | ship | so |\n"
        )
        assert titles(plan) == ["Draw", "Move"]

    def test_round_bullets_are_bullets(self) -> None:
        assert titles(read("# TODO\n\n• crop it\n• send it\n")) == ["crop it", "send it"]

    def test_a_name_with_a_dot_is_one_word(self) -> None:
        assert classify("Next.js setup") == ("UNKNOWN", False)

    def test_a_title_of_two_scripts_is_classed_by_the_stricter_word(self) -> None:
        assert classify("驗收 Checklist") == ("CRITERIA", True)

    def test_a_checklist_by_numbers_tells_the_state_of_counted_headings(self) -> None:
        plan = read(
            "## FASE 1: A\n\n### 1.1 Cortar\n\nx\n\n### 1.2 Enviar\n\ny\n\n"
            "## Progreso\n\n- [x] **FASE 1.1** - Corte de imagen\n- [ ] **FASE 1.2** - Envío\n"
        )
        assert states(plan) == {"FASE 1: A": "open", "Cortar": "done", "Enviar": "open"}

    def test_beside_counted_headings_the_section_of_done_work_still_tells_what_was_done(self) -> None:
        plan = read("## Just shipped\n\n1. crop it\n\n## Next priority\n\n### 1. Send it\n\nx\n\n### 2. Turn it\n\ny\n")
        assert states(plan) == {"crop it": "done", "Send it": "open", "Turn it": "open"}

    @pytest.mark.parametrize(
        "said", ["After Phase 1, crop it.", "Nach Phase 1 mehr.", "Built after Phase 1 is stable."]
    )
    def test_prose_says_after_which_phase(self, said: str) -> None:
        assert written(read(f"## Phase 1: A\n\n- [ ] a\n\n## Phase 2: B\n\n{said}\n\n- [ ] b\n")) == {("1", "2")}

    def test_after_the_name_of_a_thing_is_no_dependency(self) -> None:
        assert written(read("- [ ] 17. a\n- [ ] 18. b after React 17\n")) == set()

    def test_boxes_as_they_are_typed_in_haste(self) -> None:
        plan = read(
            "# TODO\n\n-[ ] a\n- [ ]bee\n- [x ] c\n- [ x ] d\n- [✅] e\n- [V] f\n- [P] no box\n- [x](y) a link\n"
        )
        assert states(plan) == {"a": "open", "bee": "open", **dict.fromkeys("cdef", "done")}

    @pytest.mark.parametrize("said", ["Concluída", "✅ Erledigt", "已上线", "済", "Đã xong"])
    def test_a_column_tells_the_state_in_the_words_of_sections(self, said: str) -> None:
        plan = read(
            f"## Phase 1: A\n\n| ID | Task | Status |\n|--|--|--|\n| K-1 | crop | {said} |\n| K-2 | 決済 | open |\n"
        )
        assert [task.state for task in plan.tasks[1:]] == ["done", "open"]

    def test_tracks_run_beside_one_another(self) -> None:
        plan = read(
            "## Track 1: A\n\n- [ ] crop it\n\n## Track 2: B\n\n- [ ] send it\n\n## Phase 3: C\n\n- [ ] turn it\n"
        )
        assert [(edge.before, edge.after) for edge in plan.edges] == [("2", "3")]

    def test_an_entry_with_its_date_is_one_of_a_log(self) -> None:
        assert titles(read("## Phase 1: A\n\n- crop it\n- Result on 2026-03-04: it was cropped\n")) == [
            "Phase 1: A",
            "crop it",
        ]

    def test_a_field_in_a_heading_of_a_phase_holds_nothing(self) -> None:
        plan = read(
            "".join(f"## Phase {n}: P\n### Goal: See more\n\n**Focus:**\n- crop {n}\n- send {n}\n\n" for n in (1, 2))
        )
        assert titles(plan) == ["Phase 1: P", "crop 1", "send 1", "Phase 2: P", "crop 2", "send 2"]

    @pytest.mark.parametrize(
        "word", ["Block", "Блок", "Bloque", "Priority", "Prioridade", "Priorität", "优先级", "우선순위"]
    )
    def test_blocks_and_priorities_that_count_on_are_phases(self, word: str) -> None:
        plan = read(f"## {word} 1 — A\n\n### 1.1 Crop\n\nx\n\n## {word} 2 — B\n\n### 2.1 Send\n\ny\n")
        assert [(task.title, task.kind) for task in plan.tasks[::2]] == [
            (f"{word} 1 — A", "composite"),
            (f"{word} 2 — B", "composite"),
        ]

    @pytest.mark.parametrize("mark", ["#{} — ", "#{}: ", "{} - ", "({}) ", "{}、", "{}）"])
    def test_headings_are_numbered_by_many_marks(self, mark: str) -> None:
        plan = read("## Completed\n\n" + "".join(f"### {mark.format(n)}Crop {n}\n- how\n- why\n\n" for n in (4, 7)))
        assert states(plan) == {"Crop 4": "done", "Crop 7": "done"}

    def test_a_bare_hash_and_a_sentence_name_no_section(self) -> None:
        plan = read(
            "#\tTODO:\n#\n##\t1. See which tests of the system there are for a use of the parts\n#\n##\t2. Send it\n"
        )
        assert len(plan.tasks) == 2

    def test_a_counted_section_of_steps_is_no_group_of_them(self) -> None:
        plan = read(
            "## 3. 设计\n\n### 3.1 结构\n\nx\n\n## 4. 实施步骤\n\n### 步骤 1：建立目录\n\nx\n\n### 步骤 2：编写\n\ny\n"
        )
        assert titles(plan) == ["步骤 1：建立目录", "步骤 2：编写"]

    def test_a_code_that_is_a_name_elsewhere_counts_on_among_its_like(self) -> None:
        plan = read("## Part 1. A\n\n### R1. Crop\n\nx\n\n### R2. Send\n\ny\n\n### R3. Turn\n\nz\n")
        assert [task.id for task in plan.tasks] == ["1", "R1", "R2", "R3"]

    def test_one_alone_and_those_of_an_architecture_are_none(self) -> None:
        parts = "## Architecture\n\n### Module 1: A\n\n- a part\n\n### Module 2: B\n\n- a part\n\n"
        assert titles(read(f"{parts}## Tasks\n\n- [ ] crop\n\n## Feature 1: A\n\nx\n")) == ["crop"]

    @pytest.mark.parametrize("mark", ["[DONE]", "(done)", "[Готово]", "【已完成】", "[erledigt]"])
    def test_a_word_in_brackets_before_an_item_tells_its_state(self, mark: str) -> None:
        assert [task.state for task in read(f"# TODO\n\n- {mark} crop\n- send\n").tasks] == ["done", "open"]

    def test_what_may_run_in_parallel_or_one_by_one_is_in_no_order(self) -> None:
        plan = read(
            "## Phase 1: A\n\n- [ ] a\n\n## Phase 2: B\n\n- [ ] b\n\n## Phase N: Polish and more\n\n- [ ] c\n\n"
            "## Dependencies\n\n- Can run in parallel or one by one: Phase 1 → Phase 2\n"
            "- **Polish (Phase N)**: Depends on Phase 2\n"
        )
        assert written(plan) == {("2", "N")}

    def test_headings_with_a_text_below_another_title_stay_sections(self) -> None:
        assert titles(read("# Ship plan\n\n## Port\n\nIt is fixed.\n\n- crop\n- send\n")) == ["crop", "send"]

    @pytest.mark.parametrize("word", ["Salve", "Welle", "Итерация", "Ola", "批次", "イテレーション"])
    def test_waves_in_many_languages_are_phases(self, word: str) -> None:
        plan = read(f"## {word} 1 — A\n\n- crop\n\n## {word} 2 — B\n\n- send\n")
        assert [task.kind for task in plan.tasks] == ["composite", "atomic"] * 2

    @pytest.mark.parametrize("said", ["Current status", "Aktueller Stand", "État actuel", "Текущий статус", "当前状态"])
    def test_how_things_stand_is_no_work(self, said: str) -> None:
        assert titles(read(f"## {said}\n\n- it floats\n\n## Phase 1: A\n\n- crop\n")) == ["Phase 1: A", "crop"]

    def test_a_word_of_a_long_title_makes_no_section_of_criteria(self) -> None:
        plan = read("## Still to do\n\n### 1. Crop it\n\nx\n\n### 2. Fonts, verify that the round one is loaded\n\ny\n")
        assert len(plan.tasks) == 2

    def test_a_group_among_groups_needs_no_word_of_work(self) -> None:
        plan = read(
            "".join(f"### {n}. {title}\n\n- [ ] a{n}\n\n" for n, title in enumerate(("A", "B", "Exit status"), 1))
        )
        assert [task.title for task in plan.tasks if task.kind == "composite"] == ["A", "B", "Exit status"]

    @pytest.mark.parametrize(
        "said", ["Архитектурное решение", "Alternativen", "Décisions techniques", "设计原则", "대안"]
    )
    def test_what_was_decided_is_no_work(self, said: str) -> None:
        assert titles(read(f"## {said}\n\n- a box\n- a line\n")) == []

    def test_a_name_with_a_number_in_it_is_no_id(self) -> None:
        assert [(task.id, task.title) for task in read("- [ ] WebGL2 context\n- [ ] AB2 crop\n").tasks] == [
            ("1", "WebGL2 context"),
            ("AB2", "crop"),
        ]

    def test_a_counted_heading_that_names_a_list_of_work_is_none_itself(self) -> None:
        plan = read("## 6. Model\n\n### 6.3 Task framing\n\n- a line\n\n## Milestone 1: A\n\n- crop\n")
        assert titles(plan) == ["Milestone 1: A", "crop"]

    def test_the_constitution_check_of_a_spec_kit_plan_holds_no_work(self) -> None:
        assert titles(read("## Constitution Check\n\n### Principle I: Plain\n\n- no new styles\n- [ ] kept\n")) == []


class TestCompetingLists:
    """What holds the tasks where several lists of a text could."""

    @pytest.mark.parametrize(
        "order", ["Execution order", "Suggested order", "Порядок работ", "推荐顺序", "Ordem sugerida"]
    )
    def test_a_list_that_says_the_order_beats_bullets_that_tell_of_something(self, order: str) -> None:
        plan = read(
            f"## Active modes\n\n- `plain`\n- `rich`\n\n## {order}\n\n1. Crop\n2. Send\n3. Turn\n\n## Guards\n\n- No\n"
        )
        assert titles(plan) == ["Crop", "Send", "Turn"]

    def test_a_numbered_list_of_what_to_do_beats_bullets(self) -> None:
        plan = read(
            "## Proposed solution\n\n1. **Add a grid** to the page\n2. Remove the ship\n3. Clean up routes\n\n"
            "## Pending ships\n\n- a ship may wait\n- it may sink\n"
        )
        assert titles(plan) == ["Add a grid to the page", "Remove the ship", "Clean up routes"]

    def test_a_section_that_says_it_is_work_needs_no_numbers(self) -> None:
        plan = read("## Design\n\n1. Add a grid\n2. Move it\n3. Remove it\n\n## Tasks\n\n- crop\n- send\n")
        assert titles(plan) == ["crop", "send"]

    @pytest.mark.parametrize(("task", "step"), [("Task", "—"), ("Задача", ":"), ("步骤", "："), ("Schritt", ".")])
    def test_tasks_named_in_a_fence_beat_the_boxes_of_checklists(self, task: str, step: str) -> None:
        plan = read(
            f"## Tasks\n\n```yaml\n{task} 1 {step} Crop it:\n  - x\n\n{task} 2 {step} Send it:\n  - y\n```\n\n"
            "## Safety checklist\n\n- [ ] nothing leaks\n- [ ] no error\n"
        )
        assert titles(plan) == ["Crop it", "Send it"]
        assert {one.became for one in plan.ignored if one.text.startswith("- [ ]")} == {"criterion"}


class TestWhatTellsNoWork:
    """Lists and headings that stand where work could, and tell where, with what or how well it is done."""

    @pytest.mark.parametrize(
        "said", ["Files to create/modify", "Betroffene Dateien", "Fichiers touchés", "Изменяемые файлы", "文件结构"]
    )
    def test_a_list_of_files_below_a_phase_says_where(self, said: str) -> None:
        plan = read(
            f"## Phase 1: Map\n\n### {said}\n\n- `src/map.py` - the map\n- Create: `lib/tile.py` - a tile\n\n"
            "### Details\n\n- Crop it\n- Turn it\n\n## Phase 2: End\n\n- Send it\n"
        )
        assert titles(plan) == ["Phase 1: Map", "Crop it", "Turn it", "Phase 2: End", "Send it"]

    def test_work_on_files_is_no_list_of_files(self) -> None:
        plan = read(
            "## Phase 1: Map\n\n### File upload\n\n- Accept a picture\n- Crop it\n\n## Phase 2: End\n\n- Send\n"
        )
        assert titles(plan) == ["Phase 1: Map", "Accept a picture", "Crop it", "Phase 2: End", "Send"]

    @pytest.mark.parametrize("said", ["exit criteria", "完成标准", "критерии готовности", "完了条件", "완료 기준"])
    def test_the_criteria_of_a_phase_are_no_phase(self, said: str) -> None:
        plan = read(f"## Task 1: Crop\n\ntext\n\n## Task 2: Send\n\ntext\n\n## Phase 7 {said}\n\n- it is fast\n")
        assert titles(plan) == ["Crop", "Send"]

    @pytest.mark.parametrize("said", ["重点", "Key points", "Ключевые моменты", "Points clés", "핵심 사항"])
    def test_what_a_phase_heeds_is_no_work(self, said: str) -> None:
        plan = read(f"## Phase 1: Map\n\n- Crop it\n\n{said}:\n\n- keep it apart\n\n## Phase 2: End\n\n- Send it\n")
        assert titles(plan) == ["Phase 1: Map", "Crop it", "Phase 2: End", "Send it"]

    def test_a_bullet_that_is_nothing_but_a_path_is_a_thing(self) -> None:
        plan = read("## Phase 1: Map\n\n- Crop `src/map.py`\n- `src/tile.py`\n- `lib/old/`\n")
        assert titles(plan) == ["Phase 1: Map", "Crop `src/map.py`"]

    def test_phases_of_nothing_but_code_sketch_what_a_list_of_tasks_says(self) -> None:
        sketch = "".join(f"### Phase {n}: Part {n}\n\n```python\nx = {n}\n```\n\n" for n in (1, 2))
        listed = "## Implementation Tasks\n\n1. **Crop it**\n   - with care\n2. **Turn it**\n3. **Send it**\n"
        assert titles(read(sketch + listed)) == ["Crop it", "Turn it", "Send it"]
        assert titles(read(sketch)) == ["Phase 1: Part 1", "Phase 2: Part 2"]

    def test_the_score_of_a_plan_is_no_work(self) -> None:
        plan = read("## Tasks\n\n1. Crop it\n2. Send it\n\n## Confidence Score: 9/10\n\n- the paths are known\n")
        assert titles(plan) == ["Crop it", "Send it"]


class TestLastResort:
    """What is a task where no heading, box or list says so."""

    @pytest.mark.parametrize("word", ["Срез", "Зріз", "切片", "スライス", "슬라이스", "Fatia"])
    def test_slices_are_phases(self, word: str) -> None:
        assert tree(read(f"## {word} 0: Core\n\n- [ ] crop\n")) == [(f"{word} 0: Core", None), ("crop", "0")]


class TestToldAgain:
    def test_phases_of_a_section_on_order_tell_the_boxes_again(self) -> None:
        said = "## Recommended order\n\n### Phase 1: Quick\n\n1. Grid first\n2. Nef\n"
        assert titles(read(f"## Work\n\n- [ ] Draw the grid\n- [ ] Move the nef\n\n{said}")) == [
            "Draw the grid",
            "Move the nef",
        ]
        assert titles(read(said)) == ["Phase 1: Quick", "Grid first", "Nef"]


class TestReleases:
    def test_v0_1_holds_tasks_and_is_none_itself(self) -> None:
        plan = read("## V0.1 - Base\n\n- [ ] Draw the grid\n\n## V0.2 - Motion\n\n- [ ] Move the ship\n")
        assert tree(plan) == [
            ("V0.1 - Base", None), ("Draw the grid", "v0.1"), ("V0.2 - Motion", None), ("Move the ship", "v0.2"),
        ]  # fmt: skip

    def test_versions_of_a_changelog_are_history(self) -> None:
        plan = read("# Roadmap\n\n## Tasks\n\n- [ ] Move the ship\n\n## Changelog\n\n### v1.2\n\n- **Added**: a grid\n")
        assert titles(plan) == ["Move the ship"]


TWO = "## Phase 1: Base\n\n- [ ] T1 a\n- [ ] T2 b\n\n## Phase 2: Core\n\n- [ ] T3 c\n- [ ] T4 d\n\n## {}\n\n{}\n"


class TestSaidOrder:
    @pytest.mark.parametrize(
        "said",
        [
            "T3 depende da T2", "T3 depende do T2", "T3 dépend du T2", "T3 depende del T2", "T3 dipende dalla T2",
            "T3 hängt von T2 ab", "T2 bloqueia T3", "T2 bloque T3", "T2 precede T3", "T2 before T3", "T2 vor T3",
            "Após T2, T3 pode começar enquanto T1 é lida", "After T2, T3 can start", "T3 após T2",
            "T2 and T3 are sequential (one file)", "T2 и T3 выполняются последовательно", "T2 完成后才能开始 T3",
            "T3 在 T2 之后", "T3：T2 完成后", "T3はT2完了後に開始", "T2 완료 후 T3",
        ],
    )  # fmt: skip
    def test_sentences_of_many_languages(self, said: str) -> None:
        plan = read(TWO.format("Dependencies", f"- {said}."))
        assert written(plan) == {("T2", "T3")}

    def test_what_stands_in_brackets_only_explains(self) -> None:
        assert written(read(TWO.format("Dependencies", "T2, T3 (sequential — one file)"))) == set()

    def test_after_all_prior_tasks_in_a_sentence(self) -> None:
        plan = read(TWO.format("Dependencies", "- T4 (audit) must run after all prior tasks complete"))
        assert written(plan) == {("T1", "T4"), ("T2", "T4"), ("T3", "T4")}

    @pytest.mark.parametrize("shaft", ["↓", "    │\n    ▼"])
    def test_arrows_that_point_down_chain_the_lines_around_them(self, shaft: str) -> None:
        fence = f"```text\nBase (T1-T2)\n{shaft}\nThe middle (T3-T4)\n```"
        assert written(read(TWO.format("Dependencies", fence))) == {("1", "2")}

    def test_an_arrow_down_joins_what_stands_above_and_below_it(self) -> None:
        fence = "```\nT1 → T2\n      ↓\nT3 → T4\n```"
        assert written(read(TWO.format("Dependencies", fence))) == {("T1", "T2"), ("T2", "T4"), ("T3", "T4")}

    @pytest.mark.parametrize("line", ["→", "-> ->", "→ T1"])
    def test_a_line_of_arrows_alone_joins_nothing(self, line: str) -> None:
        assert written(read(TWO.format("Dependencies", f"```\n{line}\n↓\n->\n↓\nT2\n```"))) == set()

    def test_a_range_in_brackets_means_the_phase_only_when_it_is_all_of_it(self) -> None:
        assert written(read(TWO.format("Dependencies", "A (T1-T2) → B (T3-T4)"))) == {("1", "2")}
        assert written(read(TWO.format("Dependencies", "A (T1) → B (T4)"))) == {("T1", "T4")}


class TestNumberedBoxes:
    def test_boxes_with_numbers_of_their_own_are_tasks_below_a_heading_with_one(self) -> None:
        first = "### US1: Store\n\n- [x] T001 [US1] Save it\n- [ ] T002 [US1] Load it\n"
        text = f"# Tasks\n\n{first}\n### US2: Page\n\n- [ ] T003 Show it\n"
        tasks = {task.id: task for task in read(text).tasks}
        assert [tasks[id].parent for id in ("T001", "T002", "T003")] == ["US1", "US1", "US2"]
        assert tasks["US1"].kind == "composite"

    def test_boxes_without_are_its_steps(self) -> None:
        (task,) = read("# Tasks\n\n### Task 1: Store\n\n- [ ] Write the test\n- [ ] Make it pass\n").tasks
        assert (task.id, task.kind) == ("1", "atomic")


class TestChecksOfTitles:
    @pytest.mark.parametrize(
        ("title", "command"),
        [
            ("Executar `npm run lint` e corrigir", "npm run lint"),
            ("Registrar `src/app.py` e executar `npm test` para validar", "npm test"),
            ("Wire `src/app.py`, run `cd web && npm test`", "cd web && npm test"),
            ("Run the full test suite (`npm test && npm run lint`) and fix it", "npm test && npm run lint"),
            ("Verificar build sin errores (`npm run build`)", "npm run build"),
            ("全部测试：`npm test`", "npm test"),
        ],
    )
    def test_a_command_that_a_title_says_to_run(self, title: str, command: str) -> None:
        (task,) = read(f"- [ ] T1 {title}\n").tasks
        assert [(check.run, check.confidence) for check in task.checks] == [(command, 0.8)]

    @pytest.mark.parametrize("command", ["! test -e old.txt", "(cd web && make)", "! grep -q TODO a.py", "(make all)"])
    def test_a_negation_or_a_subshell_is_a_command_too(self, command: str) -> None:
        (task,) = read(f"- [ ] T1 Take it out\n  - Verify: `{command}`\n").tasks
        assert [check.run for check in task.checks] == [command]

    def test_a_command_that_a_title_only_names_is_none(self) -> None:
        (task,) = read("- [ ] T1 Explain how the guide runs `npm test` and why\n").tasks
        assert task.checks == ()

    @pytest.mark.parametrize(
        "step", ["Step 1: Build to verify", "Step 1: Typen prüfen und heilen", "Step 1: 動作を確認する"]
    )
    def test_a_build_step_that_changes_folder_is_a_check(self, step: str) -> None:
        plan = read(
            f"### Task 1: Draw\n\n- [ ] **{step}**\n\n"
            "```bash\ncd web && npx ng build\n```\n\n- [ ] **Step 2: Commit**\n"
        )
        assert [check.run for check in plan.tasks[0].checks] == ["cd web && npx ng build"]


class TestSectionsAndPhases:
    @pytest.mark.parametrize(("title", "tasks"), [("Research & Validation", 1), ("Testing and verification", 1),
                                                  ("Validation and acceptance", 0), ("Verification", 0)])  # fmt: skip
    def test_work_joined_to_a_word_for_criteria_is_work(self, title: str, tasks: int) -> None:
        plan = read(f"## Features\n\n- [ ] Draw the grid\n\n## {title}\n\n- [ ] Compare the two\n")
        assert len(plan.tasks) == 1 + tasks

    @pytest.mark.parametrize(
        "measure", ["<100 ms to answer", "95%+ of the moves", "1,000+ players", "≥ 60 frames a second"]
    )
    def test_a_box_that_begins_with_a_measure_is_a_criterion(self, measure: str) -> None:
        assert titles(read(f"- [ ] Draw the grid\n- [ ] {measure}\n- [ ] 2 ships\n")) == ["Draw the grid", "2 ships"]

    @pytest.mark.parametrize("said", ["Target users", "Zielgruppe", "目标用户", "Data sources"])
    def test_who_it_is_for_and_what_it_reads_is_no_work(self, said: str) -> None:
        assert titles(read(f"## {said}\n\n- Players\n\n## Tasks\n\n- Draw the grid\n")) == ["Draw the grid"]

    def test_phases_of_nothing_but_code_sketch_what_numbered_headings_say(self) -> None:
        queue = "".join(f"### {n}. {name}\n- **Why**: x\n\n" for n, name in enumerate(("Draw", "Move", "Aim"), 1))
        plan = read(f"## Backlog\n\n{queue}## Order\n\n### Phase 1: Quick\n```\n1. Draw\n2. Move\n```\n")
        assert titles(plan) == ["Draw", "Move", "Aim"]

    def test_the_order_of_a_phase_is_no_phase(self) -> None:
        plan = read("## Phase 2 execution order\n\n1. **Draw the grid.**\n2. **Move the ship.**\n3. **Aim it.**\n")
        assert [task.parent for task in plan.tasks] == [None, None, None]

    @pytest.mark.parametrize(
        ("mark", "state"), [("**[Done]** ", "done"), ("[In progress] ", "wip"), ("**[Hard]** ", "open")]
    )
    def test_a_state_in_brackets_is_no_part_of_the_title(self, mark: str, state: str) -> None:
        plan = read(f"## Phase 1: Core\n\n- {mark}Draw the grid\n- Move the ship\n")
        assert [(task.title.endswith("Draw the grid"), task.state) for task in plan.tasks[1:2]] == [(True, state)]
        assert ("[" in plan.tasks[1].title) == (state == "open")

    def test_headings_beside_a_section_on_the_order_are_no_tasks(self) -> None:
        plan = read("# Grid TODO\n\n## Order of work\n\nText.\n\n## Why\n\nText.\n\n## Next tasks\n\n- Draw the grid\n")
        assert titles(plan) == ["Draw the grid"]

    @pytest.mark.parametrize(
        ("item", "task"), [("`color: red`", False), ("`npm test -- all`", True), ("`draw()` it", True)]
    )
    def test_a_bullet_of_code_that_is_no_command_names_a_thing(self, item: str, task: bool) -> None:
        plan = read(f"## Tasks\n\n- Draw the grid\n- {item}\n")
        assert len(plan.tasks) == 1 + task


class TestManner:
    def test_a_task_says_how_its_worker_is_to_work(self) -> None:
        plan = read(
            "- [ ] 1. One\n  - Worker: opencode\n  - Model: `acme/big`\n  - Variant: high\n  - Agent: careful\n"
            "  - Temperature: 0.3\n"
            "- [ ] 2. Two\n  - Agent: claude\n- [ ] 3. Three\n  - Temperature: warm\n- [ ] 4. Four\n  - Agent: careful\n"
            "- [ ] 5. Five\n  - Model: a user with a name\n  - Worker: takes jobs from the queue\n  - Variant: --share\n"
        )
        assert [(task.worker, task.manner) for task in plan.tasks] == [
            ("opencode", {"model": "acme/big", "variant": "high", "agent": "careful", "temperature": 0.3}),
            ("claude", {}),
            (None, {}),
            (None, {"agent": "careful"}),
            (None, {}),
        ]
        assert [(f.code, f.task, f.hold) for f in plan.findings] == [("unknown-temperature", "3", True)]

    def test_the_manner_is_part_of_what_is_approved(self) -> None:
        text = "- [ ] 1. One\n  - Variant: {}\n"
        high, low, none = (
            from_plan(read(said)) for said in (text.format("high"), text.format("low"), "- [ ] 1. One\n")
        )
        assert len({digest(each, {}) for each in (high, low, none)}) == 3
        assert told(changes(high, low), high) == ["~ 1 One (variant low; other body)"]


class TestWhatStandsBefore:
    @pytest.mark.parametrize("said", ["all tasks done", "全タスク完了", "全部完成", "everything above"])
    def test_all_that_stands_before(self, said: str) -> None:
        rows = f"| K-1 | Draw | - |\n| K-2 | Move | - |\n| K-3 | Ship | {said} |\n| K-4 | Tell | - |\n"
        plan = read(f"## Tasks\n\n| ID | Task | Depends on |\n|--|--|--|\n{rows}")
        assert written(plan) == {("K-1", "K-3"), ("K-2", "K-3")}

    def test_a_phase_after_all_above_comes_after_the_phases_above(self) -> None:
        plan = read(
            "".join(
                f"## Phase {n}: {name}\n\n- [ ] x{n}\n\n"
                for n, name in enumerate(("A", "B", "C (only after all above)"), 1)
            )
        )
        assert written(plan) == {("1", "3"), ("2", "3")}

    def test_an_earlier_task_that_a_line_names_in_brackets(self) -> None:
        plan = read("- [ ] 1. Draw\n  - as the ship (task 2)\n- [ ] 2. Move\n  - _Reuses: the grid (task 1)_\n")
        assert written(plan) == {("1", "2")}
