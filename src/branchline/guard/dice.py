"""Secrets that are known by looking like dice: words without a form, behind a word such as key or token, or alone."""

import re
from collections.abc import Iterable, Iterator
from math import log2
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Final, Literal

from branchline.guard.spans import Ends, Plain, Span, by_first, judged, runs
from branchline.guard.values import UUID, of_both_sizes
from branchline.patterns import late

_OF_KEYS: Final = ("api", "secret", "access", "auth", "signing", "private", "service", "deploy", "license", "consumer")
_WHOLE_KEY: Final = "|".join(("(?<![a-z]key)", *(f"(?<={word}key)" for word in _OF_KEYS)))
_NEAR: Final = (
    rf"key(?:{_WHOLE_KEY})s?(?![a-z(])", r"password(?<![a-z]password)(?![a-z(])", r"tokens?(?![a-z(])",
    r"secrets?(?:\(\))?(?![a-z(])", r"credentials?(?![a-z(])", r"session(?![a-z(])", r"pat(?<=[a-z0-9][_-]pat)\b",
    r"api(?<=[a-z0-9]_api)\b",
    r"auth(?<![a-z]auth)(?![a-z(])", "bearer", r"wandb\b", "sonar", r"crumb\b", r"unseal\b", r"pyowm\b", r"infura\b",
    r"datadog\b", r"okta\b", r"reporter_id\b", "密钥", "密鑰", "令牌", "schlüssel", r"cl[ée](?<!\wcl[ée])\b",
    "clave", "chave", "ключ", "токен", "секрет",
)  # fmt: skip
_INNER: Final = late(
    by_first(f"{word}(?<=[a-z0-9]{word})s?(?![a-z(])" for word in ("Key", "KEY", "Auth", "Password", "ACCESS"))
)
"""The same as a part of a name; in small letters `monkey` would be one."""
_HASH: Final = (
    r"sha-?\d*", "commit", "digest", "integrity", "checksum", "md5", "hash", "revision", r"rev(?<!\wrev)\b", "blob",
    r"tree(?<!\wtree)\b", "etag", "fingerprint", "public", "cache", "primary", "ssh-", "resolved", r"h1:(?<!\wh1:)",
    "idempoten", "uuid", "base64", "data:", "image", "version-id",
    "partition", "object", "trace", "span", "request", "nonce", "merge",
    r"ref(?<!\wref)\b", "docker", "uses:", "gpg", "openpgp", "keyserver",
)  # fmt: skip
_TELLING: Final = late(by_first((*(f"{word}()" for word in _NEAR), *_HASH)))
"""Words for a key, which end in a group, and for a hash, in one pass: none holds another."""
_LICENCE: Final = late(r"[A-Z0-9]{4,6}(?:-[A-Z0-9]{4,6}){3,7}")
_DIGITS: Final = late("(?=(?:[^0-9]*+[0-9]){3})[0-9]*+[^0-9]")
"""Three of them, and something else."""
_OF_PARTS: Final = late(r"[/_-](?<=[A-Za-z]{5}[/_-])[A-Za-z]{5}")
_OWN_NAME: Final = late(r"(?:[a-z0-9._-]{0,40}(?:key|token|secret|private|access)[_-]+)?")
"""What a word of dice may begin with: `acme-secret-...`."""
_PATH: Final = late(r"/?(?:[a-z][a-z\d_-]{0,15}/){1,3}(?=[A-Za-z\d_-]{20,512}$)")
"""Or the path before it, where it is the last part of an address."""
_STRONG: Final = (
    "token", "secret", "private", "access", *(rf"{word}(?=[\s\"']{{0,2}}[=:])" for word in ("auth", "password", "credential")),
    *(f"{word}[ _-]?key" for word in (*_OF_KEYS, "authentication", "activation", "product", "encryption", "client", "account")),
)  # fmt: skip
_BESIDE: Final = late(
    rf"(?:{by_first((*(f'{word}s?()' for word in _STRONG), 'key'))})[ \t\"'`=:>_.-]{{1,4}}+(?=[A-Za-z0-9+/_-]{{16}})"
)
"""A word for a key right before what is long enough for one; those that end in a group say more than `key` alone, which a UUID
has before it in many tables.
"""
_LEADS: Final = " \t\"'`=:>_.-"
"""What stands between such a word and the key."""
_ENDS: Final = tuple(
    word + more
    for word in ("key", "token", "secret", "private", "access", "auth", "password", "credential")
    for more in ("", "s")
)
"""How each such word ends."""
_CLASSES: Final = bytes.maketrans(
    (ascii_lowercase + ascii_uppercase + digits).encode(), b"a" * 26 + b"A" * 26 + b"1" * 10
)
_IN_DATA: Final = late("[+/=]")
_OF_LETTERS: Final = late("[A-Z]?[a-z]{2,}")
_PREFIX: Final = late(r"(?:[A-Za-z]{2,10}[_-])?(?:\d{1,2}-)?")
_MAYBE: Final = late(
    r"(?!_Z[A-Z])(?:(?=[^0-9]*+[0-9])(?=[^A-Za-z]*+[A-Za-z])|(?=[^a-z]*+[a-z])(?=[^A-Z]*+[A-Z])|[A-Z]{4,6}-)"
)
"""What no word of dice is without, and no name of C++ as its linker writes it; most words are passed over at once."""
_OF_WORD: Final = late(r"[\w.~+/=:%?&!@-]")
_CONTENT: Final = late(r"Qm[1-9A-HJ-NP-Za-km-z]{44}")
"""The address of a file by its contents (IPFS), which is a hash."""
_PUBLIC: Final = ("MFkwEwYH", "MCowBQYD", "MHYwEAYH", "MIGfMA0G", "MIIBIjANBg", "MIICIjANBg", "MIIBojANBg")
"""How public keys begin: EC, Ed25519 and RSA, as SubjectPublicKeyInfo (RFC 5280) in base64."""
SHORT: Final = 20
"""A word of less is a key only right behind a word for one that says more than `key`."""
_DENSE: Final = late("a" * 16 + "a{0,496}={0,2}")
"""Its shape: of letters, digits, and `+/_-`."""


def dense(read: Plain, before: Iterable[Span] = ()) -> Iterator[Span]:
    """Find words without a form that look like dice and stand behind a word such as key or token on their line, or alone.

    What was found `before` is not looked at again, and counts, once.
    """
    said: _Said | None = None
    taken = sorted(span.start for span in before if span.kind in ("SECRET", "PASSWORD"))
    once = frozenset(taken)
    ends = {span.start: span.end for span in before}

    def judge(found: "re.Match[str]") -> Span | Literal[False] | None:
        nonlocal said
        start, end = found.span()
        word = read.text[start:end]
        if (len(word) < SHORT and not _is_led(read.low, start)) or not _MAYBE.match(word):
            return None
        said = _Said(read) if said is None else said
        start += _own(word)
        if ends.get(start, 0) >= end:
            return None if start in once else False
        value = read.text[start:end]
        alone = _alone(value) if of_both_sizes(word) else None
        if not (alone and _is_whole(read.text, start, end)):
            told = said.tells(start, value, bool(alone))
            if not told:
                return told if alone is None else False
        if said.hashed(start):
            return None
        return None if word.startswith(_PUBLIC) or _CONTENT.fullmatch(word) else Span(start, end, "SECRET")

    return judged(runs(read.text, "+/_-"), _DENSE, judge, "SECRET", taken=taken)


def _is_whole(text: str, start: int, end: int) -> bool:
    before = text[start - 1 : start]
    return before in "=:" or not (_OF_WORD.match(before) or _OF_WORD.match(text, end))


def _is_led(low: str, start: int) -> bool:
    """Whether what stands right before a word ends as a word for a key does, which is seen soon."""
    return low[start - 1 : start] in _LEADS and low[max(0, start - 16) : start].rstrip(_LEADS).endswith(_ENDS)


class _Said:
    """Where words for keys stand in a text, and for hashes; places are asked in order."""

    def __init__(self, read: Plain) -> None:
        self._low = read.low
        self._words = Ends(read.low, _TELLING)
        self._beside = Ends(read.low, _BESIDE)
        self._inner = Ends(read.text, _INNER)
        self._quiet = 0
        """Before this place no word is near that was not near the place asked last."""

    def tells(self, start: int, value: str, alone: bool) -> bool | None:
        """Whether what stands before a word makes a key of it; the more it looks like dice, the less it takes.

        None when nothing does, which is soon found out.
        """
        if (start < self._quiet and not _is_led(self._low, start)) or not (alone or _fair(value)):
            return None
        led = _is_led(self._low, start)
        strong = led and self._beside.last(start, grouped=True) == start
        if len(value) < SHORT and not strong:
            return None
        inner, near = self._inner.last(start), self._words.last(start, grouped=True)
        beside = strong or (led and self._beside.last(start) == start)
        sure = beside or (inner >= start - 5 and self._is_near(inner, start))
        if not sure and not self._is_near(near if near > inner else inner, start):
            self._quiet = min(self._words.next, self._inner.next)
            return None
        if not sure and self.hashed(start):
            return None
        if not strong and value.count("-") >= 4 and UUID.search(value):
            return None
        return sure or _random(value)

    def hashed(self, start: int) -> bool:
        """Whether a word for a hash stands before a word, or is how it begins."""
        return self._is_near(self._words.last(start + 8), start)

    def _is_near(self, end: int, start: int) -> bool:
        """Whether what ends at a place stands before a word on its line, and near."""
        return end >= start - 60 and self._low.find("\n", end, start) < 0


def _own(word: str) -> int:
    """How long the name or the path is that a word begins with."""
    own = ("/" in word and _PATH.match(word)) or (_OWN_NAME.match(word.lower()) if "-" in word or "_" in word else None)
    return own.end() if own else 0


def _fair(value: str) -> bool:
    """Whether a word might be a key where the word for one stands right before it: letters and digits, and no name of parts."""
    fair = len(value) >= 16 and _DIGITS.match(value) and not _OF_PARTS.search(value)
    if fair and value.count("/") <= 2 and value.count("-") <= 4 and value.count("_") <= 3:
        return True
    return bool(_LICENCE.fullmatch(value))


def _alone(value: str) -> bool | None:
    """Whether a word is dice and nothing else, so that it needs no word beside it: letters of both sizes and digits change
    more often than in any name of parts, and few of them are words; it may have a prefix, and has no sign that data in
    base 64 would have. None when that is seen at once.
    """
    marks = value.count("-") + value.count("_")
    if len(value) < 22 or (marks > 3 and marks > len(value) / 10) or _IN_DATA.search(value):
        return None
    body = value[_PREFIX.match(value).end() :] if marks else value  # type: ignore[union-attr] # it matches the empty word too
    if not 22 <= len(body) <= 256:
        return None
    kinds = body.encode().translate(_CLASSES)
    if not (b"a" in kinds and b"A" in kinds and (len(body) >= 28 or kinds.count(b"1") >= 2)):
        return None
    changes = sum([kinds.count(pair) for pair in (b"aA", b"a1", b"Aa", b"A1", b"1a", b"1A")])
    return 5 * changes >= 2 * len(body) and 2 * sum(map(len, _OF_LETTERS.findall(body))) <= len(body)


def _random(value: str) -> bool:
    """Whether a word looks like dice: hexadecimal of 32 and more, letters of both sizes among digits, or many changes
    between letters of one size and digits.
    """
    if re.fullmatch(r"[0-9a-f]{32,}|[0-9A-F]{32,}", value):
        return _bits(value) > 3
    if not of_both_sizes(value):
        changes = len(re.findall(r"[a-zA-Z](?=\d)", value))
        return changes >= 3 and not re.search(r"[^\w-]", value) and _bits(value) > 3.5
    return _bits(value) > 3.7


_BITS: Final = (0.0, *(n * log2(n) for n in range(1, 515)))
"""Of a letter that a word has so often; no word of dice is longer."""


def _bits(value: str) -> float:
    return (_BITS[len(value)] - sum(map(_BITS.__getitem__, map(value.count, set(value))))) / len(value)
