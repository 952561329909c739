"""What a detector finds in a text, and the text as detectors read it."""

import functools
import re
import string
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from operator import itemgetter
from typing import Final, Literal, NamedTuple

from branchline.patterns import late


class Span(NamedTuple):
    """A place that must not be shown: `kind` is the word of its placeholder, `start` and `end` are offsets."""

    start: int
    end: int
    kind: str


# Terminal codes and characters without width, with which a secret is taken apart for the eye or by a colour.
_FILLER: Final = late("[\x1b\u200b-\u200d\u2060\ufeff\u00ad](?:(?<!\x1b)|\\[[0-?]{0,32}[ -/]{0,4}[@-~])")


_WIDE: Final = late("[！-～]")
"""Letters and signs as wide as Chinese ones."""


class Plain(NamedTuple):
    """A text without what the eye does not see; `low` is the same in small, narrow letters, offset for offset."""

    text: str
    low: str
    starts: tuple[int, ...]
    """Where each kept piece begins in `text`; empty when nothing was taken away."""
    shifts: tuple[int, ...]
    """How many characters were taken away before each piece."""

    def line(self, at: int, before: int = 60, after: int = 40) -> str:
        """What stands around an offset on its own line, in small letters; bounded, so that long lines cost nothing."""
        start = max(self.low.rfind("\n", max(0, at - before), at) + 1, at - before, 0)
        end = self.low.find("\n", at, at + after)
        return self.low[start : end if end >= 0 else at + after]


def plain(text: str) -> Plain:
    """Take terminal codes and invisible characters out of a text; linear."""
    starts: list[int] = []
    shifts: list[int] = []
    if not text.isascii() or "\x1b" in text:
        kept: list[str] = []
        at = length = 0
        for found in _FILLER.finditer(text):
            starts.append(length)
            shifts.append(at - length)
            kept.append(text[at : found.start()])
            length += found.start() - at
            at = found.end()
        if at:
            starts.append(length)
            shifts.append(at - length)
            text = "".join([*kept, text[at:]])
    low = text.replace("İ", "I").lower()  # it alone grows when it is made small
    for wide in set(_WIDE.findall(low)) if not low.isascii() else ():
        low = low.replace(wide, chr(ord(wide) - 0xFEE0))
    return Plain(text, low, tuple(starts), tuple(shifts))


def without(read: Plain, spans: Iterable[Span]) -> Plain:
    """The text with nothing in the place of what goes as one, so that nobody looks at that again."""
    gone = apart([span for span in spans if span.end - span.start >= AS_ONE])
    if not gone:
        return read
    kept = [0, *(place for span in gone for place in span[:2]), len(read.text)]
    text, low = (
        "".join("\0" * (end - at) if turn % 2 else one[at:end] for turn, (at, end) in enumerate(pairwise(kept)))
        for one in (read.text, read.low)
    )
    return read._replace(text=text, low=low)


def hits(low: str, words: Iterable[str]) -> Iterator[int]:
    """Where any of the words stands, word by word.

    A search for fixed words is so much faster than one for a pattern that patterns are only tried where it leads.
    """
    for word in words:
        at = low.find(word)
        while at >= 0:
            yield at
            at = low.find(word, at + 1)


def by_first(forms: Iterable[str]) -> str:
    """One pattern of many, those that begin with the same characters together: most characters begin none of them."""
    heads: dict[str, list[str]] = {}
    for form in forms:
        plain = form[:1].isalnum() and form[1:2] not in ("{", "?", "*", "+")
        heads.setdefault(form[0] if plain else "", []).append(form[plain:])
    return "|".join(
        f"{head}(?:{by_first(rest) if len(rest) > 1 else rest[0]})" if head else "|".join(rest)
        for head, rest in heads.items()
    )


MOST: Final = 700
"""A line that holds more of one kind was made to be slow: from there on it goes as one."""
AS_ONE: Final = 1000
"""What is so long is not read again."""


class Allowance:
    """How many findings each line of a text may have: `MOST`, or one of 300 characters; asked for place by place.

    From where there are more the rest of the line goes as one: the work on a line is bounded, and nothing on it shows. The places
    `taken`, in order, are findings too.
    """

    def __init__(self, text: str, taken: Sequence[int] = ()) -> None:
        self._text, self._taken = text, taken
        self._begin = self._left = self._before = 0
        self.end = 0
        """Where the line of the place asked last ends."""
        self.until = 0
        """Before this place nothing of the line is over."""
        self.gone = 0
        """Where the line ends, once it has gone as one."""

    def over(self, at: int) -> bool:
        """Whether the line of a place may have no more."""
        if not self._begin <= at < self.end:
            end = self._text.find("\n", at)
            self._begin, self.end, self.gone = at, end if end >= 0 else len(self._text), 0
            self._left = 1 + max(MOST, (self.end - at) // 300)
            self._before = bisect_left(self._taken, self._text.rfind("\n", 0, at)) if self._taken else 0
            self.take()
        return at >= self.until

    def take(self) -> None:
        """Count a finding of the line."""
        self._left -= 1
        last = self._before + self._left - 1
        if self._left <= 0:
            self.until = 0
        else:
            self.until = self._taken[last] + 1 if last < len(self._taken) else self.end

    def rest(self, at: int, kind: str) -> Iterator[Span]:
        """The rest of the line from a place, once."""
        if self.gone != self.end:
            self.gone = self.end
            yield Span(at, self.end, kind)


def judged(
    text: str,
    pattern: "re.Pattern[str] | Shaped",
    judge: "Callable[[re.Match[str]], Span | Literal[False] | None]",
    kind: str,
    *,
    every: bool = False,
    taken: Sequence[int] = (),
) -> Iterator[Span]:
    """The spans that a judge makes of what a pattern finds, within the allowance of each line; `every` counts what is none as
    well, and without it what the judge calls False and not None because it was dear to find out. The places `taken`, in order,
    count, each once.
    """
    line, once, at = Allowance(text, taken), frozenset(taken), 0
    while at < len(text):
        for found in pattern.finditer(text, at):
            if found.start() >= line.until and line.over(found.start()):
                yield from line.rest(found.start(), kind)
                break
            if span := judge(found):
                yield span
            if (every or span is not None) and not (span and span.start in once):
                line.take()
        else:
            return
        at = line.end


@functools.cache
def _table(signs: str) -> bytes:
    word = f"{string.ascii_letters}{string.digits}{signs}"
    return bytes(ord("a" if chr(code) in word else chr(code) if chr(code) in "\n=" else " ") for code in range(256))


def runs(text: str, signs: str) -> str:
    """A text with `a` in the place of letters and digits of ASCII and some signs, and blanks for all else but `=` and line ends.

    Words of some length are found in it in a fifth of the time, as a pattern that begins with what never changes is quick.
    """
    return text.encode("ascii", "replace").translate(_table(signs)).decode("ascii")


_SHAPE: Final = (
    "".join("a" if chr(code).isalpha() else "1" if chr(code).isdigit() else " " for code in range(128)).encode() * 2
)


class Shaped:
    """A pattern that is tried only where the shape of a text says that it can begin: `a` a letter, `1` a digit, else a blank.

    `lead` begins with the character before the place, one that is always the same, as such a search is much faster than others.
    """

    def __init__(self, text: str, lead: bytes, pattern: re.Pattern[str]) -> None:
        self._shape = b" " + text.encode("ascii", "replace").translate(_SHAPE)
        self._lead, self._pattern = re.compile(lead), pattern

    def finditer(self, text: str, at: int = 0) -> "Iterator[re.Match[str]]":
        """What the pattern finds from a place on, none overlapping another."""
        for lead in self._lead.finditer(self._shape, at):
            if lead.start() >= at and (found := self._pattern.match(text, lead.start())):
                at = found.end()
                yield found


LONGEST: Final = 48
"""No word of those that stand beside something is longer, what it asks of its neighbours included."""
FIRST: Final = 200
AHEAD: Final = 2000
"""So many characters are read at a time: few where the next place is far, and twice as many each time it is not."""


class Words:
    """Where words stand in a text, asked for place by place and in order; the text far from those places is not read."""

    def __init__(
        self, text: str, pattern: re.Pattern[str], good: "Callable[[re.Match[str]], bool] | None" = None
    ) -> None:
        self._text, self._pattern, self._good = text, pattern, good
        self._found: list[re.Match[str]] = []
        self._ends = [-1]
        self._read = 0
        self._ahead = FIRST
        self.quiet = 0
        """Before this place none ends that did not end before the place asked last."""

    @cached_property
    def any(self) -> bool:
        """Whether there is any."""
        return bool(self._pattern.search(self._text))

    def before(self, at: int, reach: int) -> "re.Match[str] | None":
        """The last of them that ends at a place or on its line before it, at most `reach` characters away."""
        if self._read < at:
            far = at - self._read > 2 * FIRST
            begin = max(self._read, at - reach - LONGEST) if far else self._read
            self._ahead = FIRST if far else min(2 * self._ahead, AHEAD)
            end = max(at, begin + self._ahead)
            more = list(self._pattern.finditer(self._text, begin, end + LONGEST))
            while more and more[-1].start() >= end:
                more.pop()
            self._found += more
            self._ends += map(re.Match.end, more)
            self._read = max(end, self._ends[-1])
        place = bisect_right(self._ends, at) - 1
        self.quiet = self._ends[place + 1] if place + 1 < len(self._ends) else self._read
        while place and self._ends[place] >= at - reach:
            word = self._found[place - 1]
            if self._good is None or self._good(word):
                return None if "\n" in self._text[word.end() : at] else word
            place -= 1
        return None


class Ends:
    """Where words end in a text, those whose form ends in a group and the others; asked for place by place and in order."""

    def __init__(self, text: str, pattern: re.Pattern[str]) -> None:
        self._text, self._pattern = text, pattern
        self._ends: tuple[list[int], list[int]] = ([-AHEAD], [-AHEAD])
        self._words = pattern.finditer(text)
        self._found: re.Match[str] | None = None
        self.next = 0
        """Where the next of them ends, seen from the place asked last."""

    def last(self, at: int, *, grouped: bool = False) -> int:
        """Where the last of them ends that ends at a place or before it; those far from the place may be left out."""
        while self.next <= at:
            if self._found:
                self._ends[self._found.lastindex is not None].append(self.next)
            if at - self.next > FIRST:
                self._words = self._pattern.finditer(self._text, at - FIRST)
            self._found = next(self._words, None)
            self.next = self._found.end() if self._found else len(self._text) + LONGEST
        ends = self._ends[grouped]
        return ends[-1] if ends[-1] <= at else ends[bisect_right(ends, at) - 1]


def original(read: Plain, span: Span) -> Span:
    """Where a span of the plain text stands in the text as it was given."""
    first = read.shifts[bisect_right(read.starts, span.start) - 1]
    last = read.shifts[bisect_right(read.starts, span.end - 1) - 1]
    return Span(span.start + first, span.end + last, span.kind)


def apart(spans: list[Span]) -> list[Span]:
    """Put spans in order and leave none that overlaps an earlier one; of two that begin together the first given stays,
    unless the other is the rest of a line.

    One that begins inside an earlier one and ends behind it makes that one longer: what neither covers alone must not show.
    """
    kept: list[Span] = []
    for span in sorted(spans, key=itemgetter(0)):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
        elif span.end > kept[-1].end + (AS_ONE if span.start == kept[-1].start else 0):
            kept[-1] = kept[-1]._replace(end=span.end)
    return kept
