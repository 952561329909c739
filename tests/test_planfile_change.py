"""Laws of the reader under change: what says the same is read the same, what was found is explained, what is ticked stays."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from branchline.model.plan import Plan
from branchline.planfile.blocks import split_lines
from branchline.planfile.explain import explain
from branchline.planfile.read import parse
from branchline.planfile.scan import scan
from branchline.planfile.sections import head
from branchline.planfile.writeback import tick

SCALE = int(os.environ.get("BRANCHLINE_TEST_SCALE", "1"))
CORPUS = Path(os.environ.get("BRANCHLINE_CORPUS") or Path(__file__).resolve().parents[2] / "shared" / "corpus")
DAY = "2099-12-31"  # which stands in no plan
LARGE = 200_000
"""Characters of a plan of which only a sample is explained and ticked."""

# (lines, which of them are candidates): every kind of block that may hold a task, and the traps around them
PARTS: list[tuple[str, tuple[int, ...]]] = [
    ("## Tasks", ()), ("## Phase 1: a", ()), ("## Acceptance criteria", ()), ("## Notes", ()), ("## Dependencies", ()),
    ("## Done", ()), ("## Ideas", ()), ("text of a plan", ()), ("**Files:**", ()), ("Depends on: k1", ()),
    ("### Task {n}: Do {n}", (0,)), ("### Step {n}: Go {n}", (0,)), ("- [ ] k{n} box {n}", (0,)), ("- [x] box {n}", (0,)),
    ("- bullet {n}", (0,)), ("{n}. number {n}", (0,)), ("* [~] star {n}\n  - [ ] inner {n}\n    + note {n}", (0, 1, 2)),
    ("- [ ] outer {n}\n\n  words of it\n\n  1. [ ] first of {n}", (0, 4)),
    ("| ID | Title |\n|---|---|\n| r{n} | Row {n} |", (2,)),
    ("| a | b |\n|:-|-:|\n| x | y |\n| {n} | z |", (2, 3)), ("<task type=\"auto\">\n<name>X {n}</name>\n- [ ] no\n</task>", (0,)),
    ("<task>\nno name\n</task>", (0,)), ("```sh\n- [ ] code {n}\n```", ()), ("~~~\n### Task 9: code\n~~~", ()),
    ("<!-- - [ ] hidden\n- [ ] hidden too -->", ()), ("<success_criteria>", ()), ("</success_criteria>", ()),
    ("> - [ ] quoted {n}", (0,)), ("> words", ()), ("---", ()),
]  # fmt: skip


@st.composite
def plans(draw: st.DrawFn) -> tuple[str, list[int]]:
    """A text of such parts with blank lines between them, and its candidate lines."""
    lines = ["# P", ""]
    wanted: list[int] = []
    for n, (part, candidates) in enumerate(draw(st.lists(st.sampled_from(PARTS), max_size=14))):
        wanted += [len(lines) + 1 + place for place in candidates]
        lines += [*part.replace("{n}", str(n + 1)).split("\n"), ""]
    return "\n".join(lines), wanted


def real_plans() -> list[Path]:
    return [path for name in ("plans", "formats") for path in sorted((CORPUS / name).glob("*.md"))]


real = pytest.mark.skipif(
    not real_plans(), reason=f"no plans in {CORPUS}; set BRANCHLINE_CORPUS to the corpus's folder"
)


def each_real(work: Callable[[str, str], None]) -> None:
    for path in real_plans():
        work(path.read_text("utf-8"), path.name)


# -- the sum


def check_sum(found: Plan, text: str, lines: list[int]) -> None:
    """Every candidate is exactly one thing, every block that may be a task is a candidate, and `explain` says the same."""
    fate = {task.line: "task" for task in found.tasks}
    assert not set(fate) & {ignored.line for ignored in found.ignored}
    fate |= {ignored.line: ignored.became for ignored in found.ignored}
    assert sorted(fate) == sorted(found.candidates)
    assert len(fate) == len(found.tasks) + len(found.ignored)
    assert set(fate.values()) <= {"task", "body", "criterion", "duplicate", "ignored"}
    assert all(ignored.why for ignored in found.ignored)
    for block in scan(text).blocks:
        like_a_task = block.kind == "heading" and block.level > 1 and head(block.text).role in ("task", "step")
        if block.kind in ("item", "row", "xml") or like_a_task:
            assert block.line in fate, (found.path, block.line, block.text)
    for line in lines:
        said = explain(found, text, line)
        if line in fate:
            assert said["became"] == fate[line]
            assert said["why"]
            assert (said["task"] is not None) >= (fate[line] == "task")
        else:
            assert said["became"] in ("heading", "text", "blank", "body", "ignored"), (line, said)


@settings(deadline=None, max_examples=200 * SCALE)
@given(plans())
def test_every_line_that_may_be_a_task_becomes_one_thing(plan: tuple[str, list[int]]) -> None:
    text, wanted = plan
    found = parse(text, "x.md")
    check_sum(found, text, list(range(1, text.count("\n") + 2)))
    assert set(wanted) <= set(found.candidates)


@pytest.mark.corpus
@real
def test_the_sum_is_right_for_real_plans_and_formats() -> None:
    def work(text: str, name: str) -> None:
        count = len(split_lines(text))
        check_sum(parse(text, name), text, list(range(1, count + 1, 1 if len(text) < LARGE else count // 7)))

    each_real(work)


# -- what says the same


def meaning(found: Plan, shift: Callable[[int], int] = lambda line: line) -> Any:
    """What a plan says of its tasks, without lines and without its digest."""
    tasks = [
        (
            t.id,
            t.title,
            t.kind,
            t.parent,
            t.state,
            t.files,
            [c.run for c in t.checks],
            t.criteria,
            t.confidence,
            t.rule,
            t.estimate,
        )
        for t in found.tasks
    ]
    edges = [(e.before, e.after, e.kind, e.confidence) for e in found.edges]
    return found.dialect, found.goal, tasks, edges, [i.became for i in found.ignored], [f.code for f in found.findings]


def carriage_returns(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\n", "\r\n")


def more_blank_lines(text: str) -> str:
    """Twice as many blank lines, but in front matter and fences, where they are content."""
    doc = scan(text)
    kept = {line for first, last, _ in doc.hidden for line in range(first, last + 1)}
    kept |= {
        line for block in doc.blocks if block.kind in ("fence", "xml") for line in range(block.line, block.end + 1)
    }
    return "\n".join(
        f"{line}\n" if not line.strip() and n not in kept else line for n, line in enumerate(split_lines(text), 1)
    )


def other_markers(mark: str) -> Callable[[str], str]:
    """Another bullet for every list item."""

    def change(text: str) -> str:
        lines = split_lines(text)
        for block in scan(text).blocks:
            if block.kind == "item" and block.number is None:
                lines[block.line - 1] = re.sub(r"[-*+]", mark, lines[block.line - 1], count=1)
        return "\n".join(lines)

    return change


def longer_fences(text: str) -> str:
    """Two marks more for each fence and its end."""
    lines = split_lines(text)
    for block in scan(text).blocks:
        found = re.match(r"\s*(```+|~~~+)", lines[block.line - 1]) if block.kind == "fence" else None
        closing = lines[block.end - 1].strip() if found and block.end > block.line else ""
        if found and closing and set(closing) == {found[1][0]} and len(closing) >= len(found[1]):
            for place in (block.line - 1, block.end - 1):
                lines[place] = lines[place].replace(found[1][0] * 3, found[1][0] * 5, 1)
    return "\n".join(lines)


CHANGES = {
    "CRLF": carriage_returns,
    "a byte order mark": lambda text: "\ufeff" + text,
    "a last line end": lambda text: text + "\n",
    "more blank lines": more_blank_lines,
    "stars": other_markers("*"),
    "pluses": other_markers("+"),
    "longer fences": longer_fences,
}


@pytest.mark.parametrize("name", CHANGES)
@settings(deadline=None, max_examples=60 * SCALE)
@given(plan=plans())
def test_what_says_the_same_is_read_the_same(name: str, plan: tuple[str, list[int]]) -> None:
    text = plan[0]
    assert meaning(parse(CHANGES[name](text), "x.md")) == meaning(parse(text, "x.md"))


@pytest.mark.corpus
@real
@pytest.mark.parametrize("part", range(4))
def test_what_says_the_same_in_real_plans_is_read_the_same(part: int) -> None:
    for path in real_plans()[part::4]:
        text = path.read_text("utf-8")
        said = meaning(parse(text, path.name))
        for name, change in CHANGES.items():
            assert meaning(parse(change(text), path.name)) == said, (name, path.name)


def _of(found: Plan, letter: str) -> Any:
    """The tasks whose ids begin with a letter, and the edges between them."""
    tasks = [(t.id, t.title, t.kind, t.parent, t.state, t.files, t.checks and t.checks[0].run) for t in found.tasks]
    edges = [(e.before, e.after, e.kind) for e in found.edges if e.before[0] == letter == e.after[0]]
    return [task for task in tasks if task[0][0] == letter], edges


BOXES = st.lists(
    st.sampled_from(
        [
            "- [ ] k{n} a",
            "- [x] k{n} b blocked-by:k1",
            "  - [ ] k{n} c",
            "- [ ] k{n} d (depends on k2)",
            "  - Run: `make {n}`",
        ]
    ),
    min_size=1,
    max_size=10,
)


@settings(deadline=None, max_examples=100 * SCALE)
@given(BOXES, BOXES, st.integers(1, 50), st.integers(0, 20))
def test_renumbering_and_inserting_elsewhere_leave_the_rest_alone(
    one: list[str], two: list[str], by: int, place: int
) -> None:
    first = ["## Phase 1: a", "", "- [ ] k0 first", *(line.format(n=n) for n, line in enumerate(one, 1))]
    other = [line.replace("k{n}", "z{n}").replace(" blocked-by:k1", "") for line in two]

    def plan(shift: int, more: list[str]) -> str:
        lines = [line.format(n=n + shift) for n, line in enumerate(other, 1)]
        return "\n".join([*first, "", "## Phase 2: b", "", *lines[:place], *more, *lines[place:]])

    plain = _of(parse(plan(0, []), "x.md"), "k")
    assert plain[0]
    assert _of(parse(plan(by, []), "x.md"), "k") == plain
    assert _of(parse(plan(0, ["- [ ] z999 new"]), "x.md"), "k") == plain
    before = "## Phase 0: new\n\n- [ ] z998 new\n\n"
    assert _of(parse(before + plan(0, []), "x.md"), "k") == plain


# -- the way back


def check_tick(text: str, found: Plan, place: int) -> None:
    """Ticking changes one character of the task's own line (aidevops: and adds the day), and the task is read as done."""
    task = found.tasks[place]
    ticked = tick(text, task.places, found.dialect, DAY)
    if ticked is None:
        return
    before, after = split_lines(text), split_lines(ticked)
    changed = [n for n, (one, other) in enumerate(zip(before, after, strict=True), 1) if one != other]
    assert changed == [task.line]
    old, new = before[changed[0] - 1], after[changed[0] - 1]
    noted = f" completed:{DAY}"
    if found.dialect == "aidevops" and noted in new and noted not in old:
        new, ticked = new.replace(noted, "", 1), ticked.replace(noted, "", 1)
    assert sum(one != other for one, other in zip(old, new, strict=True)) == 1
    assert sum(one != other for one, other in zip(text, ticked, strict=True)) == 1
    again = next(one for one in parse(ticked, found.path).tasks if one.line == task.line)
    assert again.state == "done"


@settings(deadline=None, max_examples=100 * SCALE)
@given(
    plans(),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["", "aidevops", "kiro"]),
)
def test_ticking_leaves_line_ends_marks_and_the_rest_alone(
    plan: tuple[str, list[int]], end: str, mark: bool, last: bool, dialect: str
) -> None:
    text = ("\ufeff" if mark else "") + plan[0].replace("\n", end) + (end if last else "")
    found = parse(text, "x.md", dialect)
    for place in range(len(found.tasks)):
        check_tick(text, found, place)


@settings(deadline=None, max_examples=100 * SCALE)
@given(
    plans(), st.lists(st.sampled_from(["new", "", "- [ ] another thing", "### Task 77: more"]), min_size=1, max_size=4)
)
def test_a_line_that_moved_is_found_again_or_left_alone(plan: tuple[str, list[int]], above: list[str]) -> None:
    text, found = plan[0], parse(plan[0], "x.md")
    moved = "\n".join(above) + "\n\n" + text
    for task in found.tasks:
        ticked = tick(moved, task.places, found.dialect, DAY)
        if ticked is not None:
            lines = zip(split_lines(moved), split_lines(ticked), strict=True)
            (place,) = (n for n, (one, other) in enumerate(lines, 1) if one != other)
            assert place == (task.line or 0) + len(above) + 1


@pytest.mark.corpus
@real
def test_ticking_real_plans() -> None:
    def work(text: str, name: str) -> None:
        found = parse(text, name)
        few = max(1, len(found.tasks) // (3 if len(text) > LARGE else 12))
        for place in range(0, len(found.tasks), few):
            check_tick(text, found, place)

    each_real(work)
