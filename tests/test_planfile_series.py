"""Rules of the reader for what counts on, for what is told twice, and for sections that call themselves future, goal or topic."""

import pytest

from branchline.planfile.read import parse
from planread import titles, tree, waits


def held(text: str, above: str) -> list[str]:
    return [title for title, holder in tree(text) if holder == above]


class TestSeries:
    @pytest.mark.parametrize("word", ["Delivery", "Big plan", "Entrega", "Поставка"])
    @pytest.mark.parametrize("item", ["- [ ]", "-"])
    def test_headings_that_count_on_by_any_word_over_work_are_phases(self, word: str, item: str) -> None:
        text = "# Plan\n\n" + "".join(f"## {word} 0{n}\n{item} Draw {n}\n{item} Move {n}\n\n" for n in (3, 4))
        assert held(text, f"{word} 03") == ["Draw 3", "Move 3"]
        assert held(text, f"{word} 04") == ["Draw 4", "Move 4"]

    @pytest.mark.parametrize("word", ["Test", "Option", "Test case", "Goal"])
    def test_what_counts_on_and_is_no_work_groups_none(self, word: str) -> None:
        text = "# Plan\n\n## Tasks\n- [ ] Draw it\n\n" + "".join(f"## {word} {n}\n- Move the rim\n\n" for n in (1, 2))
        assert titles(text) == ["Draw it"]

    def test_parts_of_a_section_that_tells_are_no_phases(self) -> None:
        text = "# Plan\n\n## Tasks\n- [ ] Draw it\n\n## Architecture\n\n### Layer 1\n- Add a rim\n\n### Layer 2\n- Add a core\n"
        assert titles(text) == ["Draw it"]

    @pytest.mark.parametrize("step", ["Step", "Schritt", "步骤"])
    def test_steps_over_boxes_group_them_and_tasks_over_boxes_have_steps(self, step: str) -> None:
        body = "- [ ] Draw it\n- [ ] Move it\n\n"
        below = [
            title
            for title, above in tree(f"### {step} 1: Frame\n{body}### {step} 2: Ships\n{body}")
            if above.endswith("Frame")
        ]
        assert below == ["Draw it", "Move it"]
        assert titles(f"### Task 1: Frame\n{body}### Task 2: Ships\n{body}") == ["Frame", "Ships"]

    def test_a_plural_is_no_number(self) -> None:
        assert titles("## TODOS :tent:\n\n### Main\n- [ ] Draw it\n- [ ] Move it\n") == ["Draw it", "Move it"]

    def test_numbered_headings_over_rows_with_ids_group_them(self) -> None:
        table = "| ID | Task | Depends |\n|---|---|---|\n| T{0}1 | Draw {0} | none |\n| T{0}2 | Move {0} | T{0}1 |\n\n"
        text = "# Plan\n\n## Tasks\n\n### 1. Frame\n\n" + table.format(1) + "### 2. Ships\n\n" + table.format(2)
        assert held(text, "Frame") == ["Draw 1", "Move 1"]
        assert held(text, "Ships") == ["Draw 2", "Move 2"]

    def test_bold_titles_that_are_counted_are_tasks_of_phases_that_show_code(self) -> None:
        phase = "**Phase {0}: P{0}**\n\n1. **Draw `a{0}`:** by hand\n   ```\n   x\n   ```\n"
        phase += "2. **Move `b{0}`:** with care\n   * see `c`\n\n"
        text = "# Plan\n\n" + phase.format(1) + phase.format(2)
        assert [title.split(":")[0] for title, above in tree(text) if above] == [
            "Draw `a1`",
            "Move `b1`",
            "Draw `a2`",
            "Move `b2`",
        ]

    def test_bullets_beside_a_numbered_list_of_a_phase_say_more_of_it(self) -> None:
        text = "## Phase 1: Frame\n\n1. Draw it\n2. Move it\n\nIn the end:\n\n- the rim is thin\n- the core is thick\n"
        assert held(text, "Phase 1: Frame") == ["Draw it", "Move it"]

    def test_phases_that_a_paragraph_names_below_a_numbered_heading(self) -> None:
        text = "# Plan\n\n### 3. Design\n\nAs told.\n\n### 4. Rollout\n\nPhase 1: frame\n\n- Draw it\n"
        text += "- Move it\n\nPhase 2: ships\n\n- Send it\n"
        assert held(text, "Phase 1: frame") == ["Draw it", "Move it"]


class TestToldTwice:
    def test_phases_of_a_timeline_tell_again_what_numbered_headings_say(self) -> None:
        heads = "".join(
            f"### {n}. {title}\n\nAs told.\n\n" for n, title in enumerate(("Draw it", "Move it", "Aim it"), 1)
        )
        text = f"# Sprint\n\n## Tasks\n\n{heads}## Timeline\n\n### Week 1:\n- Draw\n- Move\n\n### Week 2:\n- Aim\n"
        assert titles(text) == ["Draw it", "Move it", "Aim it"]

    def test_a_timeline_alone_is_the_plan(self) -> None:
        text = "# Sprint\n\n## Timeline\n\n### Week 1:\n- Draw it\n\n### Week 2:\n- Move it\n"
        assert [title for title, above in tree(text) if above] == ["Draw it", "Move it"]

    def test_phases_by_a_word_of_another_language_that_hold_more_say_something_else(self) -> None:
        text = "".join(f"## Phase {n}\n\n- [ ] Draw {n}\n\n" for n in (1, 2, 3))
        text += "".join(f"## フェーズ{n}\n\n- [ ] Move {n}\n- [ ] Aim {n}\n\n" for n in (1, 2, 3))
        assert {"Draw 3", "Move 3", "Aim 3"} < {*titles(text)}

    def test_steps_that_hold_only_code_sketch_a_list_of_tasks(self) -> None:
        step = "### Step {}: {}\n```c\nint x;\n```\n\n"
        text = "# Page\n\n## Blueprint\n\n" + step.format(1, "Head") + step.format(2, "Grid")
        text += "## Tasks\n\n1. **Draw the head**\n   - thin\n2. **Build the grid**\n   - thick\n3. **Ship it**\n   - fast\n"
        assert titles(text) == ["Draw the head", "Build the grid", "Ship it"]

    def test_ranks_below_priorities_rank_what_is_said_elsewhere(self) -> None:
        text = "## Phase 1: Frame\n- [ ] Draw it\n\n## Priorities\n\n### Must have\n1. Frame\n2. Ships\n"
        assert held(text, "Phase 1: Frame") == ["Draw it"]
        assert "Ships" not in titles(text)


class TestSections:
    @pytest.mark.parametrize("name", ["For the future", "Future", "Long-term goals", "Roadmap futuro"])
    def test_bullets_of_what_is_for_the_future_are_deferred_tasks(self, name: str) -> None:
        plan = parse(f"# Plan\n\n## Now\n- [ ] Draw it\n\n## {name}\n- Mobile app\n- Web page\n", "x.md")
        assert [(task.title, task.state) for task in plan.tasks] == [
            ("Draw it", "open"), ("Mobile app", "deferred"), ("Web page", "deferred"),
        ]  # fmt: skip

    @pytest.mark.parametrize("name", ["Near-Term Goals", "Short term goals", "Features to be added in future releases"])
    def test_goals_of_the_next_time_are_work(self, name: str) -> None:
        assert titles(f"# Roadmap\n\n## {name}\n\n- Voice selection\n- Pause and resume\n") == [
            "Voice selection",
            "Pause and resume",
        ]

    def test_topics_below_a_section_of_work_are_work(self) -> None:
        text = "# Roadmap\n\n## To do\n\n### Faster start\n- Load less\n\n### Performance & scaling\n- Answers from memory\n"
        assert titles(text) == ["Load less", "Answers from memory"]

    def test_horizons_group_nothing(self) -> None:
        text = "# Roadmap\n\n## Near term (0-3 months)\n- Draw it\n\n## Long term (9-18 months)\n- Move it\n"
        assert titles(text) == ["Draw it", "Move it"]

    def test_an_order_is_the_plan_where_nothing_else_is_left_to_do(self) -> None:
        text = "# Plan 3\n\n## Execution order\n\n1. Specs\n2. Fonts\n3. Export\n\n## Completed\n- Invoices validate\n"
        assert titles(text) == ["Specs", "Fonts", "Export"]

    def test_a_list_of_subtasks_comes_before_the_phases_of_an_approach(self) -> None:
        text = "## Approach\n\n1. Phase 1: Move\n   - old\n2. Phase 2: Store\n   - older\n3. Phase 3: Tools\n\n"
        text += "## Subtasks\n\n1. Inventory\n   - Status: DRAFT\n2. Templates\n   - Status: DRAFT\n"
        assert titles(text) == ["Inventory", "Templates"]

    @pytest.mark.parametrize(
        "label", ["**Success Criteria** (what must be TRUE):", "**Success Criteria (all of them):**"]
    )
    def test_a_label_may_say_more_in_brackets(self, label: str) -> None:
        text = f"### Phase 4: Host it\n**Goal**: It runs\n{label}\n  1. The page is up\n  2. It answers\n"
        text += "**Plans**: TBD\n\n### Phase 5: Ship\n- Draw it\n"
        assert "The page is up" not in titles(text)

    def test_one_numbered_group_of_openspec_is_a_group(self) -> None:
        assert tree("## 1. Implementation\n\n- [ ] 1.1 Draw it\n- [ ] 1.2 Move it\n") == [
            ("Implementation", ""), ("Draw it", "Implementation"), ("Move it", "Implementation"),
        ]  # fmt: skip

    def test_a_row_whose_title_is_nothing_but_a_mark_is_no_task(self) -> None:
        assert titles("| ID | Task | Status |\n|---|---|---|\n| 1 | * | todo |\n| 2 | Draw it | todo |\n") == [
            "Draw it"
        ]


class TestOrder:
    PHASES = "".join(f"## Phase {n}: {name}\n\n- Draw {n}\n\n" for n, name in enumerate(("Frame", "Ships", "Aim"), 1))

    def test_a_table_on_the_order_says_what_waits(self) -> None:
        table = "| Step | Phase | Depends on |\n|---|---|---|\n| 1 | Phase 1: Frame | - |\n"
        table += "| 2 | Phase 2: Ships | Phase 1 |\n| 3 | Phase 3 | Phase 1, 2 |\n"
        text = f"{self.PHASES}## Execution order\n\n{table}"
        ids = {
            task.title.split(":")[0][-1]: task.id
            for task in parse(text, "x.md").tasks
            if task.title.startswith("Phase")
        }
        assert waits(text) == {(ids["1"], ids["2"]), (ids["1"], ids["3"]), (ids["2"], ids["3"])}

    @pytest.mark.parametrize("word", ["Phase", "Stage", "Фаза"])
    def test_a_table_of_phases_says_what_waits_wherever_it_stands(self, word: str) -> None:
        table = (
            f"| {word} | Days | Depends on |\n|---|---|---|\n| 1. Frame | 2 | — |\n| **2. Ships** | 1 | {word} 1 |\n"
        )
        table += f"| 3. Aim | 1 | {word} 1-2 |\n| **All** | 4 | |\n"
        phases = self.PHASES.replace("Phase", word)
        assert waits(f"{phases}## Timeline\n\n{table}") == {("1", "2"), ("1", "3"), ("2", "3")}

    def test_a_row_after_which_its_parts_would_come_has_none(self) -> None:
        rows = "| B5 | Draw | |\n| B5.1 | Move | {} |\n| B5.2 | Aim | B5.1 |\n"
        table = f"## Tasks\n\n| ID | Task | Depends on |\n|---|---|---|\n{rows}"
        assert held(table.format(""), "Draw") == ["Move", "Aim"]
        assert held(table.format("B4, B5"), "Draw") == []
        assert waits(table.format("B5")) == {("B5", "B5.1"), ("B5.1", "B5.2")}

    def test_a_phase_and_all_behind_it(self) -> None:
        assert waits(f"{self.PHASES}## Dependencies\n\n- Phase 1 must complete before Phase 2+ work begins.\n") == {
            ("1", "2"),
            ("1", "3"),
        }

    def test_what_itself_waits_for_one_and_all_behind_it_waits_for_none_behind_itself(self) -> None:
        text = "- [ ] T1 Draw\n- [ ] T2 Move\n- [ ] T3 Aim\n  - Depends on: T1+\n- [ ] T4 Ship\n  - Depends on: T3+\n"
        assert waits(text) == {("T1", "T3"), ("T2", "T3"), ("T3", "T4")}
        phases = self.PHASES.replace("- Draw 3", "Depends on: Phase 1+\n\n- Draw 3")
        assert waits(phases) == {("1", "3"), ("2", "3")}
        assert waits("- [ ] T1 Draw\n  - Blocks: T2+\n- [ ] T2 Move\n- [ ] T3 Aim\n") == {("T1", "T2"), ("T1", "T3")}

    def test_a_name_with_a_dash_is_no_range(self) -> None:
        text = "".join(
            f"### Task {n}: {name}\n\nAs told.\n\n" for n, name in (("1-1", "Draw"), ("1-2", "Move"), ("1-3", "Aim"))
        )
        first, _, last = (task.id for task in parse(text, "x.md").tasks)
        found = waits(f"{text}## Dependencies\n\n- Task 1-1 -> Task 1-3\n")
        assert found == {(first, last)}

    def test_a_line_that_suggests_an_order_tells_it_wherever_it_stands(self) -> None:
        text = "- [ ] T1 Draw\n- [ ] T2 Move\n- [ ] T3 Aim\n\n## Notes\n\n**Suggested order:** T2 → T1 → T3\n"
        assert waits(text) == {("T2", "T1"), ("T1", "T3")}


class TestBoxes:
    def test_one_box_among_steps_with_boxes_is_a_task(self) -> None:
        text = "## Step 1: Rim\n- [ ] Draw it\n- [ ] Move it\n\n## Step 2: Core\n- [ ] Aim it\n"
        assert held(text, "Core") == ["Aim it"]

    def test_boxes_below_a_label_of_a_dotted_heading_are_its_tasks(self) -> None:
        text = "## Phase 2: Frame\n\n### 2.1 Rim\n- **Issue**: it shakes\n- **Left to do**:\n  - [ ] Draw it\n  - [ ] Move it\n"
        assert held(text, "Rim") == ["Draw it", "Move it"]

    def test_one_box_among_groups_of_boxes_is_a_task(self) -> None:
        text = "## Phase 1: Frame\n\n### 1.1 Rim\n- [ ] Draw it\n- [ ] Move it\n\n### 1.2 Core\n- [ ] Aim it\n"
        assert held(text, "Core") == ["Aim it"]

    @pytest.mark.parametrize("name", ["DoD", "DoR", "Definition of ready"])
    def test_what_is_to_hold_before_or_behind_is_no_work(self, name: str) -> None:
        assert titles(f"# Plan\n\n## {name}\n- [x] Rim is thin\n\n## Work\n- [ ] Draw it\n") == ["Draw it"]

    def test_improvements_of_a_topic_are_work(self) -> None:
        text = "# TODO\n\n## Tasks\n\n### Content\n- [ ] Draw it\n\n### Format improvements\n- [ ] Wider margins\n"
        assert titles(text) == ["Draw it", "Wider margins"]
