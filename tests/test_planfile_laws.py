"""Laws of the reader: the sum check and legal trees, over generated plans and hostile texts.

What holds when a text changes, and over real plans, stands in test_planfile_change.py; time in test_planfile_growth.py.
"""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from branchline.model.plan import MAX_DEPTH, Plan
from branchline.planfile import DIALECTS
from branchline.planfile.read import parse

SCALE = int(os.environ.get("BRANCHLINE_TEST_SCALE", "1"))
FIXTURES = Path(__file__).parent / "planfile"

LINES = st.sampled_from(
    [
        "",
        "",
        "# H one",
        "## Tasks",
        "## Phase 1: a",
        "## Phase 2: b",
        "### Task 1: x",
        "### Task 2: y",
        "#### Step 1",
        "## Acceptance criteria",
        "## Out of scope",
        "## Ideas",
        "## Done",
        "## 1. Group",
        "### 1.1 Part",
        "## Dependencies",
        "- [ ] t1 a",
        "- [ ] t1 again",
        "- [x] t2 b blocked-by:t1,t9",
        "- [ ] 1.1 c",
        "- [ ] 2. d",
        "  - [ ] e",
        "    - [ ] f",
        "\t- [ ] g",
        "        - [ ] h",
        "- bullet",
        "  - nested",
        "1. one",
        "2) two",
        "* [ ] star",
        "+ [~] plus",
        "- [?] odd",
        "- [ ]",
        "text",
        "**Files:**",
        "- Create: `src/a.py`",
        "Verify: `pytest -q`",
        "Depends on: t1, Task 2",
        "Expected: FAIL",
        "```",
        "~~~~",
        "```bash",
        "pytest",
        "<!-- a",
        "-->",
        "| a | b |",
        "|---|---|",
        "| t1 | x |",
        "> - [ ] quoted",
        "---",
        "===",
        "<task>",
        "<name>Task 1: z</name>",
        "</task>",
        "<success_criteria>",
        "</success_criteria>",
        "T1 -> T2",
        "- [ ] r1 z repeat:daily",
    ]
)


def check(found: Plan) -> None:
    """Every candidate line is exactly one thing, every tree is a tree, every edge joins tasks of the plan."""
    candidates = list(found.candidates)
    assert len(set(candidates)) == len(candidates)
    taken = [one.line for one in found.tasks] + [one.line for one in found.ignored]
    assert sorted(taken) == sorted(candidates)
    assert all(one.why for one in found.ignored)
    by_id = {one.id.lower(): one for one in found.tasks}
    assert len(by_id) == len(found.tasks)
    held = {one.parent for one in found.tasks}
    for one in found.tasks:
        assert one.title
        assert (one.kind == "composite") == (one.id in held)
        depth, above = 0, one.parent
        while above is not None:
            depth, above = depth + 1, by_id[above.lower()].parent
        assert depth <= MAX_DEPTH
    for edge in found.edges:
        assert edge.before.lower() in by_id
        assert edge.after.lower() in by_id
        assert edge.before != edge.after
    lines = [one.line for one in found.tasks]
    assert lines == sorted(lines)


@settings(deadline=None, max_examples=250 * SCALE)
@given(st.lists(LINES, max_size=40), st.sampled_from(["\n", "\r\n", "\r"]))
def test_the_sum_is_right_for_every_mix_of_lines(lines: list[str], end: str) -> None:
    for path in ("x.md", "TODO.md"):
        check(parse(end.join(lines), path))


@settings(deadline=None, max_examples=80 * SCALE)
@given(st.lists(LINES, max_size=25), st.sampled_from(DIALECTS), st.sampled_from(["written", "phase", "document"]))
def test_the_sum_is_right_in_every_dialect_and_order(lines: list[str], dialect: str, order: str) -> None:
    check(parse("\n".join(lines), "x.md", dialect, order))


@settings(deadline=None, max_examples=80 * SCALE)
@given(st.text(alphabet="-*+#[]xX 1.)\t\n\r`~<>!|:=_tT", max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    check(parse(text, "x.md"))


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.md")), ids=lambda path: path.stem)
def test_the_sum_is_right_for_every_fixture(path: Path) -> None:
    text = path.read_text("utf-8")
    check(parse(text, path.name))
    same = parse(text.replace("\n", "\r\n"), path.name)
    assert [(one.id, one.line, one.title) for one in same.tasks] == [
        (one.id, one.line, one.title) for one in parse("\ufeff" + text, path.name).tasks
    ]


@pytest.mark.parametrize(
    "text",
    [
        "- [ ] " + "*" * 200_000,
        "`" * 200_000,
        "- [ ] " + "` " * 100_000,
        " " * 200_000,
        "```\n" * 40_000,
        "- [ ] a " + "(" * 100_000,
        "- [ ] " + "[a](" * 50_000,
        "- " * 100_000,
        "- [ ] x (depends on " + "T001, " * 20_000 + ")",
        "<!-- a\n" * 20_000,
        "x <!-- a\n" * 20_000,
        "|a|b|\n|-|-|\n" + "|x|y|\n" * 20_000,
        "<task>\n" * 20_000,
        "a\n" * 50_000 + "===\n",
        "- [ ] t1 root\n" + "".join(f"- [ ] t1.{n} x\n" for n in range(1, 8_000)),
        "".join("  " * n + f"- [ ] x{n}\n" for n in range(1_000)),
        "## Phase 1: a\n" + "- [ ] T1 a\n" * 5_000,
    ],
    ids=lambda text: f"{text[:12]!r}-{len(text)}",
)
def test_the_sum_is_right_for_hostile_texts(text: str) -> None:
    check(parse(text, "x.md"))


def test_a_hundred_levels_and_thousands_of_boxes() -> None:
    deep = "".join("  " * n + f"- [ ] x{n}\n" for n in range(100))
    assert len(parse(deep, "x.md").tasks) == 4
    count = 5_000 * SCALE
    text = "".join(
        f"- [ ] t{n} Do thing {n} in `src/a{n}.py` blocked-by:t{max(1, n - 1)}\n" for n in range(1, count + 1)
    )
    found = parse(text, "TODO.md")
    assert len(found.tasks) == count
    assert len(found.edges) == count - 1
