"""Rules of the reader for what numbers, codes and arrows say of who is a task, and who waits for whom."""

import pytest

from branchline.planfile.names import MAX_LOOKS
from branchline.planfile.read import parse
from planread import titles, tree, waits


def edges(text: str) -> set[tuple[str, str]]:
    """The written dependencies of a plan without a finding."""
    plan = parse(text, "x.md")
    assert plan.findings == ()
    return {(edge.before, edge.after) for edge in plan.edges if edge.kind == "written"}


class TestWhatIsATask:
    @pytest.mark.parametrize("word", ["version", "release it"])
    def test_the_id_of_a_task_before_a_word_for_versions(self, word: str) -> None:
        plan = parse(f"- [ ] t0 {word}\n- [ ] t1.2 {word} too\n- [ ] T014 move it\n", "TODO.md")
        assert [task.id for task in plan.tasks] == ["t0", "t1.2", "T014"]

    def test_bold_codes_of_tasks_before_their_titles(self) -> None:
        text = "### Phase 1: Grid\n\n**TASK-010** — Draw it\n- **File:** `a.py`\n\n"
        text += "**TASK-020** — Move it\n- **Depends on:** TASK-010\n"
        assert tree(text)[1:] == [("Draw it", "Phase 1: Grid"), ("Move it", "Phase 1: Grid")]
        assert ("TASK-010", "TASK-020") in edges(text)
        assert titles("## Notes\n\n**FR-010** — it is fast\n- very\n\n## Tasks\n\n- [ ] Draw it\n") == ["Draw it"]

    @pytest.mark.parametrize("title", ["Format parsers", "Guide", "Grid"])
    def test_bold_phases_whatever_their_words_and_the_title_of_all_are(self, title: str) -> None:
        phases = f"**Phase 1: {title}**\n- [x] Draw it\n\n**Phase 2: Ship**\n- [ ] Move it\n"
        text = f"# The map formats\n\n## Breakdown\n\n{phases}"
        assert tree(text) == [(f"Phase 1: {title}", ""), ("Draw it", f"Phase 1: {title}"), ("Phase 2: Ship", ""),
                              ("Move it", "Phase 2: Ship")]  # fmt: skip

    def test_items_with_codes_like_those_of_the_headings(self) -> None:
        text = "# Grid\n\n### P0-1 ☑ Draw it\n\nx\n\n### P0-2 Move it\n\nx\n\n## Then\n\n- **P1-1 ☑ Send it.** All of it.\n"
        assert [task.id for task in parse(text + "- Left: a note\n- UTF-8 is used\n", "x.md").tasks] == [
            "P0-1",
            "P0-2",
            "P1-1",
        ]

    @pytest.mark.parametrize("section", ["Pre-conditions", "Post-conditions"])
    def test_conditions_are_no_work(self, section: str) -> None:
        assert titles(f"# Grid\n\n## {section}\n\n- [ ] the node is there\n\n## Tasks\n\n- [ ] draw it\n") == [
            "draw it"
        ]

    def test_one_line_that_names_a_phase_does_not_hide_the_list(self) -> None:
        text = "# Grid\n\n## Scope\n\nPhase 2 (later): the fleet.\n\n## Next steps\n\n1. Draw it\n2. Move it\n"
        assert titles(text) == ["Draw it", "Move it"]

    def test_a_link_is_read_and_one_to_an_issue_is_work(self) -> None:
        text = "# TODO\n\n- draw the grid\n- https://example.org/guide\n- https://example.org/a/issues/7\n"
        assert titles(text) == ["draw the grid", "https://example.org/a/issues/7"]


class TestWhoWaits:
    def test_an_arrow_to_the_left_before_names_and_no_other(self) -> None:
        text = "# Grid\n\n- [ ] **T01** Draw it · L · ← _no deps_\n- [ ] **T02** Move it · S · ← T01\n"
        text += '- [ ] **T03** Show the "← All tasks" link of T02\n- [ ] **T04** Send it · ← T01, T02 · M\n'
        assert edges(text) == {("T01", "T02"), ("T01", "T04"), ("T02", "T04")}

    def test_arrows_below_each_other_are_a_tree(self) -> None:
        box = "".join(f"## Phase {n}: {name}\n\n- [ ] do {name}\n\n" for n, name in enumerate("abcd", 1))
        graph = "Phase 1 (a)\n  → Phase 2 (b)\n    → Phase 3 (c) ─┐\n    → Phase 4 (d) ─┘\n"
        assert edges(f"{box}## Dependency graph\n\n```\n{graph}```\n") == {("1", "2"), ("2", "3"), ("2", "4")}

    def test_the_number_of_a_version_is_its_name(self) -> None:
        head = "| ID | Title | Depends on |\n|--|--|--|\n"
        text = f"# Versions\n\n{head}| beta0.1.1 | Draw it | — |\n| beta0.1.2 | Move it | 0.1.1 |\n".replace(
            "Version |", "ID |"
        )
        assert len(edges(text)) == 1

    def test_a_number_that_begins_with_a_zero_is_a_name(self) -> None:
        rows = "| ID | Title |\n|--|--|\n| 01 | Draw it |\n| 02 | Move it |\n"
        assert edges(f"# Roadmap\n\n{rows}\n## Dependencies\n\n- **02 depends on 01**: it needs 12 of them\n") == {
            ("01", "02")
        }


class TestNumbersAlone:
    THREE = "### Task 1: Draw\n\nx\n\n### Task 2: Move\n\nx\n\n### Task 3: Aim\n\nx\n\n"

    @pytest.mark.parametrize(
        ("said", "wanted"),
        [
            ("Task 3 depends on 1-2 (both of them)", {("1", "3"), ("2", "3")}),
            ("- Task 3 depends on 2", {("2", "3")}),
            ("- Task 3 depends on 2 machines", set()),
            ("```\n1 --> 2\n1, 2 --> 3\n```", {("1", "2"), ("1", "3"), ("2", "3")}),
            ("- Task 1 → Task 2 blocks Task 3", {("1", "2"), ("2", "3")}),
            ("- Task 1 must complete before Task 2", {("1", "2")}),
        ],
    )
    def test_behind_a_task_that_is_named_numbers_are_tasks(self, said: str, wanted: set[tuple[str, str]]) -> None:
        assert edges(f"{self.THREE}## Execution order\n\n{said}\n") == wanted

    def test_waves_come_one_after_the_other(self) -> None:
        waves = '```json\n{"waves": [{"tasks": ["1"]}, {"tasks": ["2", "3"]}]}\n```\n'
        plan = parse(f"- [ ] 1. Draw\n- [ ] 2. Move\n- [ ] 3. Aim\n\n{waves}", "x.md")
        assert {(edge.before, edge.after, edge.kind) for edge in plan.edges} == {
            ("1", "2", "phase"),
            ("1", "3", "phase"),
        }


class TestNamesInVain:
    TEXT = "- [ ] T-01 Write the parser\n- [ ] T-02 Draw it\n- [ ] T-10 Move it{}\n  - {}\n- [ ] T-12 Show it\n"

    def said(self, title: str, below: str) -> list[tuple[str, bool]]:
        findings = parse(self.TEXT.format(title, below), "x.md").findings
        assert {(one.code, one.task) for one in findings} == {("unknown-reference", "T-10")}
        return [(one.message.partition("called that")[2], one.hold) for one in findings]

    @pytest.mark.parametrize(
        ("name", "meant"),
        [
            ("T-O1", "T-01"),
            ("T-l2", "T-12"),
            ("T-1", "T-01"),
            ("T01", "T-01"),
            ("TT-02", "T-02"),
            ("Wirte the parser", "'Write the parser' (T-01)"),
        ],
    )
    def test_what_is_spelt_almost_like_a_task_is_said(self, name: str, meant: str) -> None:
        assert self.said("", f"Depends on: {name}") == [(f"; did you mean {meant}?", True)]

    @pytest.mark.parametrize("name", ["T99", "T-11", "9", "Q-7", "React Native"])
    def test_no_number_is_near_another_and_nothing_is_near_all(self, name: str) -> None:
        assert self.said("", f"Depends on: {name}") == [(".", True)]

    @pytest.mark.parametrize(
        ("title", "below"),
        [
            (" (depends on T-O1)", "Fast"),
            (" (depends on T-O1 and T-02)", "Fast"),
            (" (Depends on: T-O1)", "Fast"),
            ("", "Depends on: T-02, T-O1"),
            ("", "After: T-O1"),
            ("", "Depends on T-O1"),
            ("", "Blocked by T-O1 and T-02"),
            ("", "**Depends on** T-O1"),
        ],
    )
    def test_a_misspelt_id_is_not_passed_over(self, title: str, below: str) -> None:
        assert self.said(title, below) == [("; did you mean T-01?", True)]

    def test_a_verb_in_bold_is_one(self) -> None:
        assert edges(self.TEXT.format("", "**Depends on** T-01")) == {("T-01", "T-10")}

    def test_a_line_that_only_says_what_it_waits_for_is_not_passed_over(self) -> None:
        assert self.said("", "Depends on T-99") == [(".", True)]
        assert parse(self.TEXT.format("", "The old one depends on T-99"), "x.md").findings == ()

    @pytest.mark.parametrize("words", ["Python3", "the k8s cluster", "T-02 and Node18", "T-02 (H2-base)"])
    def test_words_with_digits_are_no_misspelt_ids(self, words: str) -> None:
        assert parse(self.TEXT.format(f" (requires {words})", "Fast"), "x.md").findings == ()

    def test_so_many_names_in_vain_are_not_all_compared(self) -> None:
        lines = "".join(f"- [ ] T-{one} It\n  - Depends on: TT-{one}\n" for one in range(10_000, 13_000))
        findings = parse(lines, "x.md").findings
        assert len(findings) == 3_000
        assert 1 <= sum("did you mean" in one.message for one in findings) <= MAX_LOOKS / 3_000


class TestOutcomes:
    @pytest.mark.parametrize("outcome", ["Deliverables", "Tests", "Acceptance criteria"])
    @pytest.mark.parametrize("work", ["Tasks:", "Action items", "Aufgaben"])
    def test_beside_a_list_of_tasks_stands_what_comes_out_of_them(self, work: str, outcome: str) -> None:
        phase = (
            f"## Phase {{}}: {{}}\n\n#### {work}\n1. Draw {{}}\n   - the rim\n\n#### {outcome}\n- [ ] {{}} is there\n\n"
        )
        text = "# Grid\n\n" + phase.format(1, "Frame", "it", "it") + phase.format(2, "Ships", "them", "each")
        assert [title for title, above in tree(text) if above] == ["Draw it", "Draw them"]

    @pytest.mark.parametrize("name", ["GH#12", "T99", "frame2"])
    def test_an_id_is_never_looked_for_among_the_words_of_titles(self, name: str) -> None:
        text = "- [ ] T1 Close gh 12 and t99 of the frame2\n- [ ] T2 Move it\n  - Depends on: {}\n"
        assert waits(text.format(name)) == set()
