"""Which lists, tables and paragraphs of a phase, a release or a section are the work."""

import pytest

from branchline.planfile.read import parse
from planread import PATH, titles


@pytest.mark.parametrize("code", ["API-1", "CSL-12", "FE-1.1", "P-3"])
def test_a_task_may_be_numbered_by_a_code(code: str) -> None:
    text = f"# Plan\n\n### Task {code}: Draw it\n\n**Step 1: Write the test**\n\nRun it.\n\n### Task XX-2: Move it\n\nDo it.\n"
    assert titles(text) == ["Draw it", "Move it"]
    assert titles("# Plan\n\n### Task force-1 of the fleet\n\nIt flies.\n") == []


def test_a_heading_in_a_list_heads_what_is_below_it() -> None:
    fields = "    *   **Dependencies:** {}\n    *   **Subtasks:**\n        *   [x] Make it\n        *   [ ] Try it\n\n"
    text = "# Plan\n\n### Phase 0: Rim\n\n*   #### **Task 1: Draw it**\n" + fields.format("None")
    text += "### Phase 1: Ship\n\n*   #### **Task 2: Move it**\n" + fields.format("Task 1")
    plan = parse(text, PATH)
    assert [task.title for task in plan.tasks if task.kind == "atomic"] == ["Draw it", "Move it"]
    assert [(edge.before, edge.after) for edge in plan.edges if edge.kind == "written"] == [
        (plan.tasks[1].id, plan.tasks[3].id)
    ]
    assert titles("# TODO\n\n- # of ships on the page\n- Draw the rim\n") == ["# of ships on the page", "Draw the rim"]


def test_of_a_phase_only_what_stands_under_its_tasks_is_work_where_it_has_such_a_label() -> None:
    phase = "## Phase {0}\n\nScope:\n\n* Rims\n\n{1}:\n\n* Draw rim {0}\n* Paint rim {0}\n\nOutcome:\n\n* A rim\n\n"
    for label in ("Key tasks", "Tasks"):
        found = titles("# Roadmap\n\n" + phase.format(1, label) + phase.format(2, label))
        assert found == ["Phase 1", "Draw rim 1", "Paint rim 1", "Phase 2", "Draw rim 2", "Paint rim 2"]


def test_what_stands_below_an_item_that_names_work_is_the_work_of_its_phase() -> None:
    phase = "### Phase {0}: May\n- **Threshold**: 7{0}%\n- **Key actions**:\n  - Draw rim {0}\n  - Paint rim {0}\n\n"
    found = titles("# Plan\n\n## Phases\n\n" + phase.format(1) + phase.format(2))
    assert [title for title in found if "rim" in title] == ["Draw rim 1", "Paint rim 1", "Draw rim 2", "Paint rim 2"]
    assert not any("Threshold" in title for title in found)


def test_phases_that_say_what_they_deliver_and_no_more_are_made_of_that() -> None:
    phase = "## Phase {0} - Rim\n\nGoal:\n- see it.\n\nDeliverables:\n- Rim {0}\n- Ship {0}\n\nAcceptance:\n- it is seen.\n\n"
    told = "# Phases\n\n" + phase.format(0) + phase.format(1)
    assert titles(told) == ["Phase 0 - Rim", "Rim 0", "Ship 0", "Phase 1 - Rim", "Rim 1", "Ship 1"]
    assert "Rim 0" not in titles(told + "## Phase 2 - Sea\n\n- [ ] Draw the sea\n")


@pytest.mark.parametrize("states", [("[done]", "[wip]", "[todo]"), ("[done]", "[done]", "[done]")])
@pytest.mark.parametrize("title", ["# Live plan — Verification\n\n", "# Ships\n\nThey fly.\n\n## Parts\n\n"])
def test_bullets_that_begin_with_a_state_in_brackets_are_tasks(title: str, states: tuple[str, ...]) -> None:
    text = title + "".join(f"- {state} Step {n}: Draw ship {n}\n" for n, state in enumerate(states))
    plan = parse(text, PATH)
    assert [task.title[-11:] for task in plan.tasks] == ["Draw ship 0", "Draw ship 1", "Draw ship 2"]
    assert plan.tasks[0].state == "done"


def test_a_table_of_what_can_be_called_holds_no_tasks() -> None:
    table = "| Method | Path | Status |\n|--|--|--|\n| POST | `/ships` | ✅ |\n| GET | `/ships/1` | ✅ |\n"
    assert titles(f"# Plan\n\n## Phase 1: Rim\n\n- [x] Draw it\n\n## Phase 2: Served ✅\n\n{table}") == [
        "Phase 1: Rim",
        "Draw it",
        "Phase 2: Served",
    ]


def test_a_table_that_calls_its_rows_tasks_holds_tasks_in_any_section_beside_boxes() -> None:
    table = "| # | Tarea | Estado | |\n|--|--|--|--|\n| B1 | Dibujar el borde | ✅ | |\n| B2 | Mover la nave | ⏳ | |\n"
    found = titles(f"# Pendientes\n\n## Servidor propio\n\n{table}\n## Al final\n\n- [ ] Publicar todo\n")
    assert found == ["Dibujar el borde", "Mover la nave", "Publicar todo"]


def test_milestones_that_name_the_stories_of_epics_are_no_tasks() -> None:
    epics = "".join(f"### Epic {n}: Part {n}\n\n**Stories**:\n1. Draw rim {n}\n2. Paint rim {n}\n\n" for n in (1, 2, 3))
    milestones = "".join(f"### Milestone {n}: Part {n} works\n\n**Stories**: all of {n}\n\n" for n in (1, 2, 3))
    found = titles(f"# Plan\n\n## Breakdown\n\n{epics}## Milestone suggestions\n\n{milestones}")
    assert not any("Milestone" in title for title in found)
    assert sum("rim" in title for title in found) == 6


def test_bold_paragraphs_that_count_on_are_the_parts_of_a_phase() -> None:
    code = "```sh\nmake\n```\n\n"
    text = f"# Plan\n\n## Phase 1 - Ground\n\n### Front\n\n**1. Install it:**\n{code}**2. Write `a.js`:**\n{code}"
    text += f"### Back\n\n**1. Add it to `b.txt`:**\n{code}## Phase 2 - Rim\n\n**2a. Rim** -- a new file\n\n- blue\n- thin\n\n"
    text += "**2b. Ship** -- a new file\n\n- red\n"
    assert len([title for title in titles(text) if not title.startswith("Phase")]) == 5
    assert "blue" not in titles(text)


def test_bare_releases_and_quarters_are_phases_where_they_count_on() -> None:
    assert titles("# Roadmap\n\n## 0.7\n\n- build a wheel\n\n## 0.8\n\n- remove the old\n- be fast\n") == [
        "0.7",
        "build a wheel",
        "0.8",
        "remove the old",
        "be fast",
    ]
    quarters = "## 2026 Q1 (v0.5) - Launch\n\n- A market\n- Bills\n\n## 2026 Q2 (v0.6) - Growth\n\n- A school\n"
    assert len(titles(f"# Roadmap\n\n{quarters}")) == 5


def test_phases_listed_below_a_heading_of_work_are_work_though_others_hold_boxes() -> None:
    text = "# App\n\n## Development phases\n\n### Phase 1: Rim\n\n- A rim\n- A ship\n\n### Phase 2: Sea\n\n- A sea\n\n"
    text += "## Next steps\n\n### Week 1: Start\n\n- [ ] Hire a painter\n"
    assert {"A rim", "A ship", "A sea", "Hire a painter"} < set(titles(text))


def test_an_order_beside_headings_of_tasks_only_orders_them() -> None:
    steps = "## Phase 1: Ground\n\n### Step 1.1: Draw\n\nDo.\n\n### Step 1.2: Move\n\nDo.\n\n"
    table = "| Order | What | Depends on |\n|--|--|--|\n| 1 | The drawing | Nothing |\n| 2 | The moving | 1 |\n"
    assert titles(f"# Plan\n\n{steps}## Implementation order\n\n{table}") == ["Phase 1: Ground", "Draw", "Move"]


def test_todos_as_many_as_the_steps_tell_how_far_these_are() -> None:
    front = "---\ntodos:\n  - id: s1\n    content: Make the page of rims\n    status: completed\n"
    front += "  - id: s2\n    content: Make the page of ships\n    status: pending\n---\n\n"
    plan = parse(front + "# Plan\n\n## Step 1: Rims\n\nDo.\n\n## Step 2: Ships\n\nDo.\n", PATH)
    assert [(task.title, task.state) for task in plan.tasks] == [("Rims", "done"), ("Ships", "open")]


def test_a_title_joined_by_a_plus_is_no_section_of_criteria_by_one_half() -> None:
    text = (
        "# Plan\n\n### 1. Fixtures + end-to-end validation\n\n- [x] Seed the ships\n\n### 2. Rims\n\n- [ ] Draw one\n"
    )
    assert "Seed the ships" in titles(text)


def test_items_called_by_a_code_are_tasks_of_a_phase_and_its_label_is_none() -> None:
    stream = "## Stream {0}: Rim\n\n### Tasks:\n1. **TASK-{0}1**: Draw the rim\n   - a\n2. **TASK-{0}2**: Move it\n   - b\n\n"
    found = titles("# Breakdown\n\n" + "".join(stream.format(name) for name in "ABC"))
    assert "Tasks:" not in found
    assert sum("rim" in title for title in found) == 3


def test_lists_behind_other_text_in_phases_that_show_code_say_more_of_them() -> None:
    phase = "### Phase {0} — Rim\n\nAll rims use `lg`:\n\n- left rim {0}\n- right rim {0}\n\n```tsx\n<Rim/>\n```\n\n"
    told = "# Plan\n\n## Phases\n\n" + "".join(phase.format(n) for n in (1, 2, 3))
    assert titles(told) == ["Phase 1 — Rim", "Phase 2 — Rim", "Phase 3 — Rim"]
    acting = told.replace("- left", "- Add the left").replace("- right", "- Move the right")
    assert "Add the left rim 1" in titles(acting)
    assert "left rim 1" in titles(told.replace("```tsx", "```mermaid"))


@pytest.mark.parametrize("state", ["Completed", "Completed tasks", "In progress", "已完成"])
def test_a_box_listed_once_more_by_its_state_is_one_task(state: str) -> None:
    text = f"# Plan\n\n## Phase 1: Rims\n\n- [x] Draw all the rims\n- [ ] Move all the ships\n\n## {state}\n\n"
    found = titles(text + "- [x] Draw all the rims\n- [x] Ask all the painters\n")
    assert found.count("Draw all the rims") == 1
    assert "Ask all the painters" in found
    twice = text.replace(state, "Phase 2: Ships") + "- [ ] Draw all the rims\n"
    assert titles(twice).count("Draw all the rims") == 2
    unsure = text + "- [x] Move all the ships\n"  # which of the two is right only a person can say
    assert titles(unsure).count("Move all the ships") == 2


def test_what_is_out_of_scope_by_its_heading_is_no_task() -> None:
    text = "# Plan\n\n## Tasks\n\n- Draw the rim\n- Move the ship\n\n## {0}\n\n- Fly to the sea\n- Send it\n"
    assert "Fly to the sea" not in titles(text.format("Future work (out of scope for phase 2)"))
    assert "Fly to the sea" in titles(text.format("Future work (in phase 2)"))


def test_an_item_struck_out_as_a_whole_is_done_and_a_box_keeps_its_mark() -> None:
    plan = parse("# TODO\n\n- Draw the rim\n\n~~- Move the ship~~\n\n~~- Add a sea~~\n", PATH)
    assert [(task.title, task.state) for task in plan.tasks] == [
        ("Draw the rim", "open"),
        ("Move the ship", "done"),
        ("Add a sea", "done"),
    ]
    boxed = parse("# TODO\n\n- [ ] Draw the rim\n~~- [x] Move the ship~~\n", PATH)
    assert [(task.title, task.state) for task in boxed.tasks] == [("Draw the rim", "open"), ("Move the ship", "done")]


def test_numbered_headings_of_a_build_order_are_tasks() -> None:
    parts = "### 1. Catalog — add rims\n\nText.\n\n### 2. Mover\n\nText.\n\n### 3. Strip it\n\nText.\n\n"
    text = (
        f"# Plan\n\n## Why\n\n- Rims: seen by all\n- Ships: they move\n\n## Build order\n\n{parts}## Traps\n\n- None\n"
    )
    assert titles(text) == ["Catalog — add rims", "Mover", "Strip it"]


def test_a_section_of_a_rank_beside_others_that_hold_tasks_holds_tasks_too() -> None:
    text = "# ROADMAP\n\n## P0 (Aktif)\n- Dil: kaynak metinler\n- Arama: dizin kapsami\n\n"
    text += "## P1 (Backlog)\n- Rework the form\n- Draw the ship\n\n## P2 (Backlog)\n- Add a rim\n\n"
    text += "## P3 (Scale)\n- Move the sea\n\n## Next action items\n- Ask\n"
    assert len(titles(text)) == 7
