"""Personal data and secrets out of a text, for placeholders such as `[EMAIL_1]` that lead back to them."""

import functools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from types import MappingProxyType
from typing import Final, NamedTuple

from branchline.guard import assigned, credentials, dice, personal, phones, tokens
from branchline.guard.book import PLACEHOLDER
from branchline.guard.spans import Plain, Span, apart, original, plain, runs, without
from branchline.patterns import late


class Rules(NamedTuple):
    """What the user adds: `terms` are words of their own, `regions` countries (`HK`, `DE`) whose numbers need no code."""

    terms: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()


NOTHING_MORE: Final = Rules()
NOTHING_KNOWN: Final[Mapping[str, str]] = MappingProxyType({})


class Finding(NamedTuple):
    """One place that was masked: its kind and placeholder, its line and column from 1, how many characters it had."""

    kind: str
    placeholder: str
    line: int
    column: int
    length: int


class Masked(NamedTuple):
    """A text without what must not be shown; `values` leads from each of its placeholders back to what stood there."""

    text: str
    findings: tuple[Finding, ...]
    values: Mapping[str, str]


def find(text: str, rules: Rules = NOTHING_MORE, book: Mapping[str, str] = NOTHING_KNOWN) -> list[Span]:
    """Find what must not be shown, in order, none overlapping another; linear in the text.

    What stands in `book` (placeholder -> value) is found as a word of its own too.
    """
    whole = read = plain(text)
    found: list[Span] = []
    for looked in (
        tokens.known,
        tokens.private_keys,
        credentials.in_addresses,
        credentials.in_headers,
        credentials.in_options,
        credentials.in_pairs,
        assigned.assigned,
        functools.partial(dice.dense, before=found),
        personal.emails,
        personal.identity_cards,
        personal.cards,
        personal.accounts,
        functools.partial(phones.numbers, regions=rules.regions),
    ):
        spans = list(looked(read))
        found += spans
        read = without(read, spans)
    found += _again(read, whole.text, found, book)
    if rules.terms:
        found += (Span(one.start(), one.end(), "TERM") for one in _words(rules.terms).finditer(whole.low))
    return apart([original(read, span) for span in found] if read.starts else found)


_WHOLE: Final = late(r"[\w.~+/=-]{16,512}+")
_RUN: Final = late("a" * 16 + "a{0,496}")
"""The shape of one without letters of other scripts."""
_SHORT: Final = late(r"[^\s\"'`,;:()<>/|=]{8,64}")
_STRONG: Final = late(r"(?=.*\d)(?=.*[A-Za-z])(?=.*[^A-Za-z\d])[^\s\"'`,;:()<>/|=]{8,64}")
_DIGIT: Final = late(r"\d")


FEW: Final = 50
"""Of so many values it is seen sooner that they stand nowhere else than where all words are."""


def _again(read: Plain, text: str, found: Iterable[Span], book: Mapping[str, str]) -> Iterator[Span]:
    """Find what was found in a text, here or before, where it stands as a word of its own with nothing beside it that gives
    it away; `read` is what is left to read of it.

    A word of letters might be the name of anything, and a short one of another text too.
    """
    kinds = {value: placeholder.strip("[]0123456789")[:-1] for placeholder, value in book.items()}
    here = {text[span.start : span.end]: span.kind for span in found}
    kinds = {value: kind for value, kind in (kinds | here).items() if _WHOLE.fullmatch(value) and _DIGIT.search(value)}
    short = {value: kind for value, kind in here.items() if kind == "PASSWORD" and _STRONG.fullmatch(value)}
    if len(kinds) + len(short) <= FEW:
        often = Counter(text[start:end] for start, end in {(span.start, span.end) for span in found})
        kinds, short = ({one: known[one] for one in known if text.count(one) > often[one]} for known in (kinds, short))
    if kinds and all(map(str.isascii, kinds)):
        whole = _RUN.finditer(runs(read.text, "_.~+/=-"))
    else:
        whole = _WHOLE.finditer(read.text if kinds else "")
    for words, known in ((whole, kinds), (_SHORT.finditer(read.text if short else ""), short)):
        for word in words:
            value = read.text[word.start() : word.end()]
            if value in known:
                yield Span(word.start(), word.end(), known[value])


@functools.lru_cache(8)
def _words(terms: tuple[str, ...]) -> re.Pattern[str]:
    """The user's words, the longest first. One of letters is a word of its own: `Ann` does not stand in `Announce`, nor
    in a path or an address, which a worker must be able to open; Chinese has no spaces between words."""
    words = sorted({term.strip().lower() for term in terms if term.strip()}, key=len, reverse=True)
    inside, path = r"(?<![a-z0-9_/\\@.-])", r"(?![a-z0-9_/\\@]|[\w-]*[./\\]\w)"
    return re.compile(
        "|".join(inside + re.escape(word) + path if word.isascii() else re.escape(word) for word in words)
    )


def mask(text: str, rules: Rules = NOTHING_MORE, book: MutableMapping[str, str] | None = None) -> Masked:
    """Put a placeholder in the place of every finding; the same value gets the same placeholder.

    `book` (placeholder -> value) keeps them over many texts; new ones are added to it. A placeholder that the text itself
    holds and the book does not know is noted as standing for itself, so that it never comes to mean something else.
    `unmask(masked.text, masked.values)` gives the text back.
    """
    book = {} if book is None else book
    return replace(text, find(text, rules, book), book)


def replace(text: str, spans: Iterable[Span], book: MutableMapping[str, str]) -> Masked:
    """Put placeholders in the place of what `find` found, as `mask` describes it."""
    for literal in PLACEHOLDER.findall(text) if "[" in text else ():
        book.setdefault(literal, literal)
    known = {value: placeholder for placeholder, value in book.items() if value != placeholder}
    pieces: list[str] = []
    findings: list[Finding] = []
    values: dict[str, str] = {}
    last: dict[str, int] = {}
    at, line, line_start = 0, 1, 0
    for span in spans:
        value = text[span.start : span.end]
        placeholder = known.get(value) or _new(span.kind, book, last)
        book[placeholder] = values[placeholder] = value
        known[value] = placeholder
        pieces += (text[at : span.start], placeholder)
        if fresh := text.count("\n", at, span.start):
            line, line_start = line + fresh, text.rfind("\n", at, span.start) + 1
        findings.append(Finding(span.kind, placeholder, line, span.start - line_start + 1, len(value)))
        at = span.end
    return Masked("".join([*pieces, text[at:]]), tuple(findings), values)


def _new(kind: str, book: Mapping[str, str], last: dict[str, int]) -> str:
    """The next free placeholder of a kind."""
    number = last.get(kind, 0) + 1
    while f"[{kind}_{number}]" in book:
        number += 1
    last[kind] = number
    return f"[{kind}_{number}]"
