"""Counts what a backtracking matcher does with a pattern, and makes the texts that hurt it most: no clock is needed.

The matcher walks the tree that Python's own parser makes, in the order in which Python's matcher walks it, and counts its
steps. It leaves out the shortcuts of the real one, which save a constant factor.
"""

import re
import re._parser as parser  # type: ignore[import-not-found,unused-ignore]
from collections.abc import Iterator
from re import _constants as ops  # type: ignore[attr-defined,unused-ignore]
from typing import Any

LARGE = 100
"""A bound from which a repeat counts as unbounded; the shorter ones are a constant factor."""
BUDGET = 400_000
SEARCHES = frozenset({"search", "sub", "subn", "split", "findall", "finditer"})
_SIGNS = " a1-\n"
_SINGLE = frozenset({ops.LITERAL, ops.NOT_LITERAL, ops.IN, ops.ANY})
_REPEATS = frozenset({ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT})


class Exploded(Exception):  # noqa: N818  # it is a verdict, not an error
    """The matcher was stopped."""


class Matcher:
    """One pattern and the steps it took so far."""

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self.tree = parser.parse(pattern, flags)
        self.flags = self.tree.state.flags
        self.signs = _SIGNS + "".join(dict.fromkeys(re.sub(r"[\w\\]|[^\x00-\x7f]", "", pattern)))
        self.known: dict[tuple[Any, int, str], bool] = {}
        self.ways: dict[tuple[int, str], list[Any]] = {}
        self.steps = 0
        self.text = ""
        self.groups: dict[int, tuple[int, int]] = {}

    def count(self, text: str, mode: str) -> int:
        """The steps of one call; `mode` is the name of the method, such as match or sub."""
        self.text, self.steps = text, 0
        at = 0
        while at <= len(text):
            self.groups = {}
            ends = self._all(self.tree, 0, at)
            end = next((end for end in ends if mode != "fullmatch" or end == len(text)), None)
            if mode not in SEARCHES or (mode == "search" and end is not None):
                break
            at = at + 1 if end is None or end == at else end
        return self.steps

    def _all(self, items: Any, index: int, at: int) -> Iterator[int]:
        """Every place where the items from `index` on may end, in the matcher's order."""
        if index == len(items):
            yield at
            return
        op, value = items[index]
        for end in self._one(op, value, at):
            yield from self._all(items, index + 1, end)

    def _one(self, op: Any, value: Any, at: int) -> Iterator[int]:
        self.steps += 1
        if self.steps > BUDGET:
            raise Exploded
        if op in _SINGLE:
            if at < len(self.text) and self._is(op, value, self.text[at]):
                yield at + 1
        elif op is ops.BRANCH:
            for branch in self._ways(value[1], self.text[at : at + 1]):
                yield from self._all(branch, 0, at)
        elif op is ops.SUBPATTERN:
            for end in self._all(value[3], 0, at):
                self.groups[value[0]] = at, end
                yield end
        elif op in _REPEATS:
            yield from self._repeat(op, *value, at)
        elif op is ops.ATOMIC_GROUP:
            yield from list(self._all(value, 0, at))[:1]
        elif op is ops.GROUPREF:
            first, last = self.groups.get(value, (0, 0))
            if self.text.startswith(self.text[first:last], at):
                yield at + last - first
        elif op in (ops.ASSERT, ops.ASSERT_NOT):
            if self._looks(*value, at) == (op is ops.ASSERT):
                yield at
        elif self._stands(value, at):
            yield at

    def _ways(self, branches: Any, here: str) -> list[Any]:
        """The branches that the next character does not rule out; a pattern of hundreds of words asks this at every place."""
        key = id(branches), here
        if key not in self.ways:
            self.ways[key] = [
                branch
                for branch in branches
                if not branch or branch[0][0] not in _SINGLE or (here and self._is(*branch[0], here))
            ]
        return self.ways[key]

    def _repeat(self, op: Any, low: int, high: Any, item: Any, at: int) -> Iterator[int]:
        if len(item) == 1 and item[0][0] in _SINGLE:
            high = high if high is ops.MAXREPEAT or high >= LARGE else max(low, min(high, 4))
            end = at
            while end - at < high and end < len(self.text) and self._is(*item[0], self.text[end]):
                end += 1
                self.steps += 1
            ends = range(at + low, end + 1) if op is ops.MIN_REPEAT else range(end, at + low - 1, -1)
            for end in ends[:1] if op is ops.POSSESSIVE_REPEAT else ends:
                self.steps += 1
                yield end
        else:
            yield from self._group(op, low, high, item, 0, at)

    def _group(self, op: Any, low: int, high: Any, item: Any, done: int, at: int) -> Iterator[int]:
        if op is ops.MIN_REPEAT and done >= low:
            yield at
        if done < high:
            for end in self._all(item, 0, at):
                if end != at or done < low:
                    yield from self._group(op, low, high, item, done + 1, end)
        if op is not ops.MIN_REPEAT and done >= low:
            yield at

    def _looks(self, direction: int, item: Any, at: int) -> bool:
        if direction > 0:
            return any(True for _ in self._all(item, 0, at))
        start = at - item.getwidth()[0]
        return start >= 0 and any(end == at for end in self._all(item, 0, start))

    def _is(self, op: Any, value: Any, char: str) -> bool:
        key = (op, value if isinstance(value, int) else id(value), char)
        if key not in self.known:
            self.known[key] = self._matches(op, value, char)
        return self.known[key]

    def _matches(self, op: Any, value: Any, char: str) -> bool:
        if op is ops.ANY:
            return char != "\n" or bool(self.flags & re.DOTALL)
        if self.flags & re.IGNORECASE and char.lower() != char.upper():
            return self._plain(op, value, char.lower()) or self._plain(op, value, char.upper())
        return self._plain(op, value, char)

    def _plain(self, op: Any, value: Any, char: str) -> bool:
        if op is ops.IN:
            negated = value[0][0] is ops.NEGATE
            return negated != any(_in(*each, char) for each in value[negated:])
        return (ord(char) == value) == (op is ops.LITERAL)

    def _stands(self, where: Any, at: int) -> bool:
        text = self.text
        if where in (ops.AT_BEGINNING, ops.AT_BEGINNING_STRING):
            lines = bool(self.flags & re.MULTILINE) and where is ops.AT_BEGINNING
            return at == 0 or (lines and text[at - 1] == "\n")
        if where in (ops.AT_END, ops.AT_END_STRING):
            return at == len(text) or (where is ops.AT_END and text[at:] == "\n")
        before, after = (_word(text[n]) if 0 <= n < len(text) else False for n in (at - 1, at))
        return (before != after) == (where is ops.AT_BOUNDARY)


def _word(char: str) -> bool:
    return char.isalnum() or char == "_"


_CATEGORIES = {
    ops.CATEGORY_DIGIT: str.isdecimal,
    ops.CATEGORY_SPACE: str.isspace,
    ops.CATEGORY_WORD: _word,
    ops.CATEGORY_NOT_DIGIT: lambda char: not char.isdecimal(),
    ops.CATEGORY_NOT_SPACE: lambda char: not char.isspace(),
    ops.CATEGORY_NOT_WORD: lambda char: not _word(char),
}


def _in(op: Any, value: Any, char: str) -> bool:
    if op is ops.RANGE:
        return bool(value[0] <= ord(char) <= value[1])
    return bool(_CATEGORIES[value](char) if op is ops.CATEGORY else ord(char) == value)


def attacks(pattern: str, flags: int = 0) -> list[tuple[str, str]]:
    """Pairs of a text that leads to a repeat of the pattern, and one that the repeat takes again and again."""
    matcher = Matcher(pattern, flags)
    found: dict[tuple[str, str], None] = {}

    def walk(items: Any, before: str) -> None:
        for op, value in items:
            if op in _REPEATS:
                many = value[2][0][0] not in _SINGLE or len(value[2]) > 1
                if value[1] is ops.MAXREPEAT or value[1] >= (2 if many else LARGE):
                    found.update(
                        dict.fromkeys((lead, pump) for lead in ("", before) for pump in _samples(matcher, value[2]))
                    )
                walk(value[2], before)
            elif op is ops.BRANCH:
                for branch in value[1]:
                    walk(branch, before)
            elif op is ops.SUBPATTERN:
                walk(value[3], before)
            elif op in (ops.ASSERT, ops.ASSERT_NOT):
                walk(value[1], before)
            elif op is ops.ATOMIC_GROUP:
                walk(value, before)
            before += _samples(matcher, [(op, value)])[0]

    walk(matcher.tree, "")
    found.update(dict.fromkeys(("", text) for text in _samples(matcher, matcher.tree)))
    return [(lead, pump) for lead, pump in found if pump]


def _samples(matcher: Matcher, items: Any) -> list[str]:
    """Short texts that the items match; the first one stands for them all."""
    out = [""]
    for op, value in items:
        here = [""]
        if op in _SINGLE:
            here = _chars(matcher, op, value)
        elif op is ops.BRANCH:
            here = [text for branch in value[1] for text in _samples(matcher, branch)[:1]]
        elif op is ops.SUBPATTERN:
            here = _samples(matcher, value[3])
        elif op in _REPEATS:
            once = _samples(matcher, value[2])
            here = [text * max(1, value[0]) for text in once] if value[0] or len(items) == 1 else ["", *once]
        out = [first + here[0] for first in out] + [out[0] + other for other in here[1:]]
    return list(dict.fromkeys(out))[:12]


def _chars(matcher: Matcher, op: Any, value: Any) -> list[str]:
    named = [chr(value)] if op is ops.LITERAL else []
    if op is ops.IN:
        named = [
            chr(each if what is ops.LITERAL else each[0]) for what, each in value if what in (ops.LITERAL, ops.RANGE)
        ]
    return [char for char in dict.fromkeys([*matcher.signs, *named]) if matcher._is(op, value, char)] or ["x"]


def verdict(pattern: str, flags: int, mode: str, size: int = 30) -> str:
    """Say with which text a pattern takes more than linear steps; empty when none was found.

    Of a linear cost the second difference over three sizes is nothing; that of a square is in the order of size squared.
    """
    matcher = Matcher(pattern, flags)
    for lead, pump in attacks(pattern, flags):
        units = max(12, size // len(pump))
        for end in ("\0", "q"):
            try:
                one, two, three = (matcher.count(lead + pump * count * units + end, mode) for count in (1, 2, 3))
            except Exploded:
                return f"explodes on {lead!r} + {pump!r} * n + {end!r}"
            if three - 2 * two + one > units * units // 4:
                return f"{one}, {two}, {three} steps on {lead!r} + {pump!r} * n + {end!r}"
    return ""
