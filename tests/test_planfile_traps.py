"""What looks like work and is none, and what looks like a note and is work: the traps that rules 5 and 7 must not fall into."""

import pytest

from branchline.planfile.read import parse
from branchline.planfile.sections import head
from branchline.planfile.verbs import acts
from planread import PATH, titles

GROUPS = "# Plan\n\n" + "".join(
    f"## {n}. {word}\n\n- [ ] Add {word}\n- [ ] Show {word}\n\n"
    for n, word in enumerate(("rims", "hulls", "masts"), start=1)
)


def edges(text: str, order: str = "phase") -> list[tuple[str, str, str, float]]:
    return [(edge.before, edge.after, edge.kind, edge.confidence) for edge in parse(text, PATH, order=order).edges]


class TestCriteria:
    @pytest.mark.parametrize(
        "section",
        [
            "Success criteria\n\n- [ ] Build passes without a word\n- [ ] The rim takes 1 s\n",
            "Acceptance criteria\n\n- [ ] Add to cart works on phones\n",
            "Definition of Done\n\n- [ ] Test coverage over 80%\n- [ ] Document is there\n",
            "Verification\n\n- [ ] Tests pass\n- [ ] Build succeeds\n- [ ] No errors\n",
        ],
    )
    def test_criteria_behind_groups_of_boxes_are_no_tasks_whatever_verb_begins_them(self, section: str) -> None:
        assert titles(f"{GROUPS}## 4. {section}") == titles(GROUPS)

    def test_a_verification_whose_boxes_act_is_a_group_like_the_others(self) -> None:
        text = f"{GROUPS}## 4. Verification\n\n- [ ] Run the suite\n- [ ] Check the log\n"
        assert titles(text) == [*titles(GROUPS), "Verification", "Run the suite", "Check the log"]

    def test_a_long_title_that_begins_with_verification_is_one_of_criteria(self) -> None:
        text = "# Plan\n\n## Tasks\n\n- [ ] Rim\n- [ ] Hull\n\n## Verification of the new boat\n\n- [ ] It is fast\n"
        assert titles(text) == ["Rim", "Hull"]


class TestActs:
    @pytest.mark.parametrize(
        "text", ["@kim to add it", "@kim fix the log", "@ann @bob update it", "Kim to add it", "Migrate to Python 3.12"]
    )
    def test_whom_a_line_speaks_of_aside_it_acts(self, text: str) -> None:
        assert acts(text)

    @pytest.mark.parametrize("text", ["Search must be quick", "Test should be green", "Support will be there"])
    def test_what_a_thing_must_be_is_no_deed(self, text: str) -> None:
        assert not acts(text)


class TestValues:
    @pytest.mark.parametrize(
        "text",
        [
            "# Roadmap\n\n## Milestones\n\n- Alpha launch: 2026-05-01\n- Beta launch: 2026-06-01\n- Last: 2026-07-01\n",
            "# Plan\n\n## Steps\n\n1. Rim page: `rim.html`\n2. Hull page: `hull.html`\n3. Upgrade of Node: 22\n",
            "# Plan\n\n## Phase 1: Pages\n\n- Home: `/`\n- Rim: `/rim`\n- Hull: `/hull`\n\n## Phase 2: Rest\n\n- Add it\n",
            "# Plan\n\n## Phase 1: Pages\n\n- T1: `rim`\n- T2: `hull`\n\n## Phase 2: Rest\n\n- Add it\n",
        ],
    )
    def test_what_is_listed_as_work_is_work_though_it_ends_in_a_value(self, text: str) -> None:
        listed = [line for line in text.splitlines() if line[:2] in ("- ", "1.", "2.", "3.") and "Add it" not in line]
        assert len(
            [title for title in titles(text) if title not in ("Phase 1: Pages", "Phase 2: Rest", "Add it")]
        ) >= len(listed)


class TestSections:
    def test_boxes_of_open_decisions_are_tasks(self) -> None:
        assert titles("# Plan\n\n## Pending decisions\n\n- [ ] Choose a hull\n- [ ] Pick a name\n") == [
            "Choose a hull",
            "Pick a name",
        ]

    @pytest.mark.parametrize(
        "title", ["How the migration plan works", "Why high priority", "What remains unchanged", "What is left out"]
    )
    def test_a_question_is_no_section_of_work(self, title: str) -> None:
        assert titles(f"# Plan\n\n## {title}\n\n- Users lost their work\n- The old form is slow\n") == []

    @pytest.mark.parametrize("title", ["What's next", "What’s next", "What to build next"])
    def test_a_question_that_asks_for_the_work_is_one(self, title: str) -> None:
        assert titles(f"# Boat\n\n## {title}\n\n- A dark sail\n- A log\n") == ["A dark sail", "A log"]

    def test_states_of_a_report_are_no_tasks_beside_the_next_steps(self) -> None:
        text = (
            "# Report\n\n## 3. State\n\n### 3.1 Completed\n\n- Rim\n\n### 3.2 In progress\n\n- Hull\n\n"
            "## 4. Next steps\n\n- Send it\n- Move it\n"
        )
        assert titles(text) == ["Rim", "Hull", "Send it", "Move it"]

    def test_what_is_done_hides_no_steps_that_are_next(self) -> None:
        text = (
            "# Report\n\n## 1. Summary\n\nText.\n\n## 2. Completed\n\n### 2.1 Rim\n\nText.\n\n### 2.2 Hull\n\nText.\n\n"
            "## 3. Next steps\n\n1. Add a log\n2. Move it\n"
        )
        assert "Next steps" in titles(text)

    def test_no_in_a_title_is_no_want_of_work(self) -> None:
        heads = ("No-index is required on drafts", "No more than 3 open tasks", "No login needed for guests")
        text = "# Plan\n\n## Tasks\n\n" + "".join(f"### {n}. {each}\n\nText.\n\n" for n, each in enumerate(heads, 1))
        assert titles(text) == list(heads)
        last = text + "### 4. No changes needed\n\nText.\n"
        assert titles(last) == list(heads)
        assert any("nothing to do" in line.why for line in parse(last, PATH).ignored)

    def test_a_series_keeps_what_says_of_what_it_tells(self) -> None:
        heads = ("Purpose of this short text", "Users", "Add search", "Add export", "Known risks for the next year")
        text = "# Plan\n\n" + "".join(f"## {n}. {each}\n\nText.\n\n" for n, each in enumerate(heads, 1))
        assert titles(text) == ["Users", "Add search", "Add export"]

    def test_dotted_requirements_are_no_tasks(self) -> None:
        text = "# Plan\n\n" + "".join(f"### Requirement 1.{n}: Part {n}\n\nText.\n\n" for n in (1, 2, 3))
        assert titles(text + "## Tasks\n\n- [ ] Add it\n") == ["Add it"]

    def test_a_timeline_beside_what_is_done_is_the_work(self) -> None:
        text = "# Boat — next steps\n\n## ✅ What's done\n\n- All rims\n- All hulls\n\n## Critical path\n\n"
        text += "### Days 1-2: Sails\n\n1. Cut it\n2. Sew it\n\n### Days 3-4: Launch\n\n3. Launch it\n"
        assert {"Days 1-2: Sails", "Days 3-4: Launch", "Cut it", "Sew it", "Launch it"} <= set(titles(text))

    def test_phases_that_hold_their_boxes_are_phases_by_any_particle(self) -> None:
        text = (
            "# 計画\n\n## Phase 1 の実装\n\n- [ ] 描く\n- [ ] 見る\n\n## Phase 2 の実装\n\n- [ ] 動かす\n- [ ] 消す\n"
        )
        assert len(edges(text)) == 1 and len(titles(text)) == 6


class TestLists:
    def test_a_phase_that_lists_its_work_holds_that_and_no_limits(self) -> None:
        text = (
            "# Plan\n\n## Phase 1: A\n\n### 1. Upload\n\nText.\n\n### 2. Mail\n\nText.\n\n"
            "## Phase 2: B\n\n- Add bulk\n- Add mail\n\n### 3. Known limits\n\nSlow.\n"
        )
        assert titles(text) == ["Phase 1: A", "Upload", "Mail", "Phase 2: B", "Add bulk", "Add mail"]

    def test_headings_beside_those_that_repeat_their_notes_are_tasks_too(self) -> None:
        text = "# TODO\n\n" + "".join(
            f"## {each}\n\nUsers ask.\n\n### Notes\n\nWell.\n\n" for each in ("A rim", "A hull", "A mast")
        )
        text += "## Add a sail\n\nUsers ask.\n"
        assert titles(text) == ["A rim", "A hull", "A mast", "Add a sail"]

    def test_what_is_done_is_told_once(self) -> None:
        assert titles("# TODO\n\n- [x] Draw it\n- [ ] Move it\n\n## Completed\n\n- Draw it\n") == ["Draw it", "Move it"]

    def test_reasons_below_a_backlog_are_no_tasks(self) -> None:
        text = "# TODO\n\n- [ ] Move it\n\n## Backlog\n\n### Why we wait\n\n- No time\n- No money\n"
        assert titles(text) == ["Move it"]

    def test_marks_among_boxes_are_states_and_their_legend_is_none(self) -> None:
        text = "# TODO\n\n- [ ] Add\n- ✅ Alike\n- 🚧 Move the log\n- ✅ means done, 🚧 means in progress\n"
        assert titles(text) == ["Add", "Alike", "Move the log"]
        assert [task.state for task in parse(text, PATH).tasks] == ["open", "done", "wip"]


class TestNumbers:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("2️⃣ Draw", ("numbered", "2", "Draw")),
            ("1️⃣1️⃣ Draw", ("numbered", "11", "Draw")),
            ("🔟 Draw", ("numbered", "10", "Draw")),
            ("③ Draw", ("numbered", "3", "Draw")),
            ("①–② Draw", ("", "", "①–② Draw")),
            ("1️⃣ Phase 1: Rim", ("phase", "1", "Rim")),
        ],
    )
    def test_keycaps_and_circles_count(self, text: str, said: tuple[str, str, str]) -> None:
        found = head(text)
        assert (found.role, found.number, found.title) == said


class TestEdges:
    PHASES = "# Plan\n\n" + "".join(f"## Phase {n}: Part {n}\n\n- [ ] Add {n}\n\n" for n in (1, 2, 3))

    @pytest.mark.parametrize(
        ("line", "pairs"),
        [
            ("Phase 1 → Phase 2 → can start Phase 3", [("1", "2"), ("2", "3")]),
            ("Phase 1 (A) → No-code page (Phase 2) → Phase 3", [("1", "2"), ("2", "3")]),
            ("Phase 2 → Blocks Phase 3", [("2", "3")]),
        ],
    )
    def test_an_arrow_before_a_verb_is_spoken_and_no_other(self, line: str, pairs: list[tuple[str, str]]) -> None:
        found = edges(f"{self.PHASES}## Dependencies\n\n- {line}\n", order="written")
        assert [(before, after) for before, after, *_ in found] == pairs

    def test_a_blocker_in_prose_is_no_name(self) -> None:
        text = "# Plan\n\n## Phase 1: A\n\n- [ ] Add\n\n## Phase 2: B\n\n**Blocker:** the key of the client\n\n- [ ] Move\n"
        assert edges(text) == [("1", "2", "phase", 0.8)] and parse(text, PATH).findings == ()

    def test_waves_order_as_phases_do(self) -> None:
        text = (
            '# Plan\n\n- [ ] 1. Rim\n- [ ] 2. Hull\n\n```json\n{"waves": [{"tasks": ["1"]}, {"tasks": ["2"]}]}\n```\n'
        )
        assert edges(text) == [("1", "2", "phase", 0.8)] and edges(text, order="written") == []

    def test_an_open_row_that_others_wait_for_keeps_its_id(self) -> None:
        text = "# Plan\n\n## Tasks\n\n| ID | Task | Depends |\n|---|---|---|\n| T1 | TBD | |\n| T2 | Move | T1 |\n"
        assert edges(text, order="written") == [("T1", "T2", "written", 1.0)]
        assert titles(text + "| T3 | TBD | |\n") == titles(text)

    @pytest.mark.parametrize(("said", "count"), [("任务一致性检查", 0), ("任务一", 1), ("任务一完成后", 1)])
    def test_a_numeral_of_han_ends_where_its_word_does(self, said: str, count: int) -> None:
        text = f"# 计划\n\n### 任务1：画\n\n做。\n\n### 任务2：看\n\n依赖：{said}\n\n做。\n"
        assert len(edges(text, order="written")) == count


@pytest.mark.parametrize(("boxes", "why"), [("", "does not say that it is work"), ("- [ ] Add it\n", "are elsewhere")])
def test_a_bullet_that_is_no_task_says_why(boxes: str, why: str) -> None:
    text = (
        f"# Boat\n\nTall.\n\n## 1. Hull\n\n- Light\n- Long\n\n## 2. Success criteria\n\nAll.\n\n## 3. Rest\n\n{boxes}"
    )
    assert [why in line.why for line in parse(text, PATH).ignored if line.text == "- Light"] == [True]
