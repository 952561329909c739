"""The reader's work grows with the text and no faster: counted, not timed (benchmarks/plans.py takes the time)."""

import ast
import importlib
import pkgutil
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import pytest

import branchline.planfile
from branchline.errors import UsageError
from branchline.planfile.names import MAX_LINKS, MAX_RANGE
from branchline.planfile.read import parse
from hostile_plans import BOUNDED, DOCUMENTS, LINES
from regex_steps import SEARCHES, verdict

GROWTH = 2.4
"""The most that twice the text may cost."""
SIZE = 2_500
MODULES = [
    importlib.import_module(each.name)
    for each in pkgutil.walk_packages(branchline.planfile.__path__, "branchline.planfile.")
]


def steps(work: Callable[[], object]) -> int:
    """How many lines and calls of Python the work takes; every turn of a loop is a line or a call."""
    count = 0

    def trace(_frame: FrameType, _event: str, _arg: Any) -> Any:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def grows(family: Callable[[int], str], size: int = SIZE) -> float:
    parse(family(2 * size), "x.md")  # fills the caches, so that both sizes find them alike
    one, two = (steps(lambda n=n: parse(family(n), "x.md")) for n in (size, 2 * size))  # type: ignore[misc]
    return two / one


@pytest.mark.parametrize("name", sorted(set(DOCUMENTS) - {"all prior"}))
def test_twice_the_lines_are_twice_the_steps(name: str) -> None:
    factor = grows(DOCUMENTS[name])
    if factor > GROWTH:  # a threshold is passed once; what grows faster than its text does so at every size
        factor = grows(DOCUMENTS[name], 2 * SIZE)
    assert factor <= GROWTH


@pytest.mark.parametrize("start", sorted({name.split(" of ")[0] for name in LINES}))
def test_a_line_of_twice_the_length_is_twice_the_steps_at_most(start: str) -> None:
    slow = {name: grows(LINES[name], 800) for name in LINES if name.split(" of ")[0] == start}
    assert {name: factor for name, factor in slow.items() if factor > GROWTH} == {}


def test_the_count_sees_a_square() -> None:
    def work(count: int) -> int:
        return sum(1 for one in range(count) for other in range(count) if one == other)

    assert steps(lambda: work(100)) > 3 * steps(lambda: work(50))


@pytest.mark.parametrize("name", BOUNDED)
def test_a_plan_that_names_too_much_is_refused(name: str) -> None:
    says = rf"^x\.md:\d+: the dependencies up to this line name more than {MAX_LINKS} tasks\. Make one task "
    with pytest.raises(UsageError, match=says) as found:
        parse(BOUNDED[name](80_000), "x.md")
    assert found.value.details["line"] > 1


def test_all_prior_needs_no_square_of_edges_and_says_the_same() -> None:
    count = 2 * MAX_RANGE
    plans = [
        parse("".join(f"### Task {n}: a\n\nDepends on: all prior\n" for n in range(1, k + 1)), "x.md")
        for k in (count, 2 * count)
    ]
    small, large = (len(plan.edges) for plan in plans)
    assert small < MAX_RANGE * count // 2
    assert large - small == count, "each of the later ones hangs on the one before it"
    before: dict[str, set[str]] = {}
    for edge in plans[0].edges:
        before.setdefault(edge.after, set()).add(edge.before)
    seen: set[str] = set()
    todo = [plans[0].tasks[-1].id]
    while todo:
        new = before.get(todo.pop(), set()) - seen
        seen |= new
        todo += new
    assert len(seen) == count - 1


# -- regular expressions


def patterns(module: ModuleType) -> list[tuple[str, str, int, str]]:
    """Every pattern a module makes as (name, pattern, flags, how it is used anywhere): compiled, and texts given to `re`."""
    source = Path(str(module.__file__)).read_text("utf-8")
    everywhere = "\n".join(Path(str(other.__file__)).read_text("utf-8") for other in MODULES)
    found = []
    tree = ast.parse(source)
    inner = [
        node for node in tree.body if isinstance(node, ast.ImportFrom) and "branchline.planfile" in (node.module or "")
    ]
    taken = {alias.asname or alias.name for node in inner for alias in node.names}
    for name, value in vars(module).items():
        if name in taken:
            continue
        held = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else [value]
        for each in held:
            if isinstance(each, re.Pattern):
                used = set(re.findall(rf"\b{name}\.(\w+)\(", source if name.startswith("_") else everywhere))
                mode = min(used & SEARCHES, default="") or ("match" if "match" in used or not used else "fullmatch")
                if each is not value:
                    mode = "search"  # it is used under another name
                found.append((f"{module.__name__}.{name}", each.pattern, each.flags & ~re.UNICODE, mode))
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name("re"), attr=mode), args=[ast.Constant(str(pattern)), *_]
            ) if mode != "compile":
                found.append((f"{module.__name__}:{node.lineno}", pattern, 0, mode))
    return found


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.removeprefix("branchline.planfile."))
def test_no_pattern_takes_more_than_linear_steps(module: ModuleType) -> None:
    bad = {name: verdict(pattern, flags, mode) for name, pattern, flags, mode in patterns(module)}
    assert {name: said for name, said in bad.items() if said} == {}


def test_every_pattern_of_the_reader_is_looked_at() -> None:
    names = [name for module in MODULES for name, *_ in patterns(module)]
    assert len(names) > 60
    assert {
        "branchline.planfile.scan.ITEM",
        "branchline.planfile.refs.TOKEN",
        "branchline.planfile.edges._SENTENCE",
    } <= {*names}
    modes = {name: mode for module in MODULES for name, _, _, mode in patterns(module)}
    assert modes["branchline.planfile.refs.TOKEN"] == "finditer"
    assert modes["branchline.planfile.scan.ITEM"] == "match"


@pytest.mark.parametrize(
    ("pattern", "mode"),
    [
        (r"(a+)+$", "match"),
        (r"(?:\d{1,4}|[,\s]){1,60}", "fullmatch"),
        (r"(?:\w+|\d)+;", "match"),
        (r"\s*,?\s*;", "match"),
        (r"(.*)=(.*);$", "match"),
        (r"key\s*[#]?\s*\d", "match"),
        (r"\s+;", "search"),
        (r"\s*(?:->|=>)\s*", "split"),
        (r":\d+(?:[-,:]\d+)*$", "sub"),
        (r"(?:[(]([^()]{1,30})[)]|\s-\s([^-]{1,30}))\W*$", "search"),
        (r"<!--.*?-->", "finditer"),
    ],
)
def test_a_bad_pattern_is_found(pattern: str, mode: str) -> None:
    assert verdict(pattern, 0, mode)


@pytest.mark.parametrize(
    ("pattern", "mode"),
    [
        (r"\s+;", "match"),
        (r"(?<!\s)\s+[—–]\s+", "split"),
        (r"\s*(?:[,;]\s*)?", "fullmatch"),
        (r"(?:\d{1,4}(?!\d)|[,\s]){1,60}", "fullmatch"),
        (r"(`{1,3})(?!`)([^`\n]{1,2000})\1(?!`)", "finditer"),
        (r"[^\W_]+(?:['-][^\W_]+)*", "findall"),
    ],
)
def test_a_good_pattern_is_left_in_peace(pattern: str, mode: str) -> None:
    assert verdict(pattern, 0, mode) == ""
