"""No pattern of the package can match one text in exponentially many ways: a repeat has one way to take what it takes.

Each repeat of six or more becomes an automaton of its characters. Where two ways through it part at one character and meet
again over the same text, each further round doubles what `re` tries before it gives up. Look-ahead of one character behind
another is heeded, other look-around is not; what is atomic or possessive has one way by its nature.
"""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from re import _constants as code  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest

import branchline
from branchline.guard import injection, tokens
from branchline.patterns import _Late

MANY = 6
LETTERS = "".join(map(chr, range(0x100))) + "İıſKαяא中あ한\u200b\u2028\u3000，．！Ａ１😀"
REPEATS = (code.MAX_REPEAT, code.MIN_REPEAT, code.POSSESSIVE_REPEAT)
ONE = (code.LITERAL, code.NOT_LITERAL, code.ANY, code.IN)
KINDS = {"DIGIT": str.isdigit, "SPACE": str.isspace, "WORD": lambda letter: letter.isalnum() or letter == "_"}
CALLS = {f"re.{name}" for name in ("match", "search", "fullmatch", "findall", "finditer", "sub", "subn", "split")}
Ends = list[tuple[int, frozenset[str]]]


class Automaton:
    """What may follow each character of a pattern, as often as there are ways; built of the parts of a parsed pattern."""

    def __init__(self, flags: int, letters: str) -> None:
        self.flags, self.letters = flags, letters
        self.takes: list[frozenset[str]] = []
        self.next: list[Ends] = []

    def of(self, items: Any) -> tuple[list[int], Ends, int]:
        """What parts in a row begin with, what they end with and may not be followed by, in how many ways they are empty."""
        first: list[int] = []
        last: Ends = []
        empty = 1
        for item in items:
            if (
                item[0] in (code.ASSERT, code.ASSERT_NOT)
                and item[1][0] > 0
                and [one[0] in ONE for one in item[1][1]] == [True]
            ):
                seen = self._letters(item[1][1][0])
                refused = seen if item[0] is code.ASSERT_NOT else frozenset(self.letters) - seen
                last = [(place, never | refused) for place, never in last]
                continue
            begins, ends, nothing = self._part(*item)
            self._join(last, begins)
            first, last, empty = first + begins * empty, ends + last * nothing, min(2, empty * nothing)
        return first, last, empty

    def _part(self, kind: Any, held: Any) -> tuple[list[int], Ends, int]:
        if kind in ONE:
            return self._place(self._letters((kind, held)))
        if kind is code.SUBPATTERN:
            return self.of(held[3])
        if kind is code.BRANCH:
            ways = [self.of(way) for way in held[1]]
            return [p for w in ways for p in w[0]], [e for w in ways for e in w[1]], min(2, sum(w[2] for w in ways))
        if kind is code.ATOMIC_GROUP:
            return self._whole(held, repeated=False)
        if kind is code.POSSESSIVE_REPEAT and (held[1] >= MANY or (len(held[2]) == 1 and held[1] > 1)):
            begins, ends, nothing = self._whole(held[2], repeated=True)
            return begins, ends, 1 if held[0] == 0 else nothing
        return self._repeat(*held) if kind in REPEATS else ([], [], 1)

    def _repeat(self, least: int, most: int, body: Any) -> tuple[list[int], Ends, int]:
        first, before, last, empty = [], [], [], 1  # type: ignore[var-annotated]
        for number in range(most if most < MANY else 1):
            begins, ends, nothing = self.of(body)
            self._join(before, begins)
            first, before, empty = first + begins * empty, ends + before * nothing, min(1, empty * nothing)
            last = ends + last if number >= least else before
        if most >= MANY:
            self._join(ends, begins)
        return first, last, 1 if least == 0 else empty

    def _whole(self, body: Any, *, repeated: bool) -> tuple[list[int], Ends, int]:
        """What is never tried again, as one place: a run of one class ends only where no more of it comes."""
        inner = Automaton(self.flags, self.letters)
        empty = inner.of(body)[2]
        begins, ends, _ = self._place(frozenset().union(*inner.takes))
        single = len(inner.takes) == 1
        if repeated or not single:
            self._join(ends, begins)
        return begins, [(begins[0], self.takes[-1] if repeated and single else frozenset())], min(1, empty)

    def _place(self, takes: frozenset[str]) -> tuple[list[int], Ends, int]:
        self.takes.append(takes)
        self.next.append([])
        return [len(self.takes) - 1], [(len(self.takes) - 1, frozenset())], 0

    def _join(self, ends: Ends, begins: list[int]) -> None:
        for place, never in ends:
            self.next[place] += [(begin, never) for begin in begins if self.takes[begin] - never]

    def _letters(self, item: tuple[Any, Any]) -> frozenset[str]:
        kind, held = item
        if kind is code.ANY:
            return frozenset(self.letters) - (frozenset() if self.flags & re.S else {"\n"})
        parts = held if kind is code.IN else [(code.LITERAL, held)]
        found: set[str] = set()
        for what, value in parts:
            if what is code.LITERAL:
                found.add(chr(value))
            elif what is code.RANGE:
                found |= {letter for letter in self.letters if value[0] <= ord(letter) <= value[1]}
            elif what is code.CATEGORY:
                is_one = KINDS[str(value).rpartition("_")[2]]
                found |= {letter for letter in self.letters if is_one(letter) != ("NOT" in str(value))}
        if self.flags & re.I:
            found |= {other for letter in found for other in (letter.lower(), letter.upper())}
        refused = kind is code.NOT_LITERAL or parts[0][0] is code.NEGATE
        return frozenset(self.letters) - found if refused else frozenset(found)

    def two_ways(self) -> bool:
        """Whether two ways part at one place and meet again at one, over the same text."""
        for ends in self.next:
            if len({place for place, _ in ends}) < len(ends):
                return True
        back: dict[tuple[int, int], list[tuple[int, int]]] = {}
        todo = [(place, place) for place in range(len(self.takes))]
        known = set(todo)
        while todo:
            pair = todo.pop()
            for one, never in self.next[pair[0]]:
                for other, neither in self.next[pair[1]]:
                    if self.takes[one] & self.takes[other] - never - neither:
                        back.setdefault((one, other), []).append(pair)
                        if (one, other) not in known:
                            known.add((one, other))
                            todo.append((one, other))
        todo = [pair for pair in known if pair[0] == pair[1]]
        meet = set(todo)
        while todo:
            new = set(back.get(todo.pop(), ())) - meet
            if any(one != other for one, other in new):
                return True
            meet |= new
            todo += new
        return False


def repeats(items: Any, *, within: bool = False) -> Iterator[Any]:
    """The outermost long repeats that are tried again; `within` one, what is looked at for itself: the atomic, look-around."""
    for kind, held in items:
        if kind in REPEATS and kind is not code.POSSESSIVE_REPEAT and held[1] >= MANY and not within:
            yield kind, held
        elif kind in REPEATS:
            yield from repeats(held[2], within=within and kind is not code.POSSESSIVE_REPEAT)
        elif kind is code.BRANCH:
            for way in held[1]:
                yield from repeats(way, within=within)
        elif kind is code.SUBPATTERN:
            yield from repeats(held[3], within=within)
        elif kind is code.ATOMIC_GROUP:
            yield from repeats(held)
        elif kind in (code.ASSERT, code.ASSERT_NOT):
            yield from repeats(held[1])


def is_exponential(pattern: str, flags: int = 0) -> bool:
    """Whether some repeat of a pattern takes one text in more ways the longer it is."""
    parsed = parser.parse(pattern, flags)
    letters = "".join({*LETTERS, *pattern})
    todo = list(repeats(parsed))
    while todo:
        one = todo.pop()
        todo += repeats([one], within=True)
        automaton = Automaton(parsed.state.flags, letters)
        automaton.of([one])
        if automaton.two_ways():
            return True
    return False


def patterns(module: str) -> Iterator[tuple[str, int]]:
    """What a module gives `re`, and its flags; what only a function knows is not seen."""
    names = vars(importlib.import_module(module))
    for value in chain.from_iterable(value if isinstance(value, list) else [value] for value in names.values()):
        if isinstance(value, re.Pattern | _Late) and isinstance(value.pattern, str):
            yield value.pattern, value.flags
    tree = ast.parse(Path(str(names["__file__"])).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in CALLS and node.args:
            try:
                found = eval(ast.unparse(node.args[0]), dict(names))  # noqa: S307 - our own source
            except NameError:
                continue
            if isinstance(found, str):
                yield found, re.I if "re.I" in ast.unparse(node) else 0


MODULES = [
    found.name
    for found in pkgutil.walk_packages(branchline.__path__, "branchline.")
    if not found.name.endswith("__main__")
]


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?:\w+[ _-])*x", r"(?:a|a)*b", r"(?:a*)*b", r"(?:\w+\s?)*$", r"(?:[ \t]*(?:#[^\n]*)?\r?\n)*", r"(?:a(?:|b?))*c",
        r"(?: (?:-n \S+|-\S+))*", r"(?:\d{1,3})*x", r"\d{1,5}(?:-?\d{1,5}){0,7}x", r"(?>(?:a|ab|b)*c)", r"(?:(?:.*,)*x)*+",
    ],
)  # fmt: skip
def test_a_repeat_of_two_ways_is_seen(pattern: str) -> None:
    assert is_exponential(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?:[^\W_]+[ _-])*x", r"(?:a+b)*", r"(?:\w++ ?)*+x", r"(?:\w++\s*)*", r"(?:[^-]|-(?!-))*-->", r"(?:a|b|ab){1,3}c",
        r"\d{1,5}+(?:-?\d{1,5}+){0,7}x", r"(?:(?>a|ab)c)*", r"(?:(?:/\*(?:[^*]|\*(?!/))*\*/|#[^\n]*\n)\s*)*", r"a.*b.*c.*",
    ],
)  # fmt: skip
def test_a_repeat_of_one_way_is_not(pattern: str) -> None:
    assert not is_exponential(pattern)


def test_no_pattern_of_ours_is_exponential() -> None:
    forms = {(rule.form, 0) for rule in injection.RULES} | {(form, 0) for form in tokens._FORMS.values()}
    every = forms.union(*map(patterns, MODULES))
    assert len(every) > 500
    assert not [pattern for pattern, flags in every if is_exponential(pattern, flags)]
