"""Secrets that are known by looking like dice: words without a form, behind a word such as key or token, or alone."""

import functools
import re
from collections import Counter
from collections.abc import Iterator
from math import log2
from typing import Final, NamedTuple

from branchline.guard.spans import Plain, Span, Words, by_first
from branchline.guard.tokens import LONG

_OF_KEYS: Final = ("api", "secret", "access", "auth", "signing", "private", "service", "deploy", "license", "consumer")
_WHOLE_KEY: Final = "|".join(("(?<![a-z]key)", *(f"(?<={word}key)" for word in _OF_KEYS)))
_NEAR: Final = re.compile(
    by_first(
        (
            rf"key(?:{_WHOLE_KEY})s?(?![a-z(])", r"password(?<![a-z]password)(?![a-z(])", r"tokens?(?![a-z(])",
            r"secrets?(?![a-z(])", r"credentials?(?![a-z(])", r"session(?![a-z(])", r"pat(?<=[a-z0-9][_-]pat)\b",
            r"api(?<=[a-z0-9]_api)\b",
            r"auth(?<![a-z]auth)(?![a-z(])", "bearer", r"wandb\b", "sonar", r"crumb\b", r"unseal\b", r"pyowm\b", r"infura\b",
            r"datadog\b", r"okta\b", r"reporter_id\b", "密钥", "密鑰", "令牌", "schlüssel", r"cl[ée](?<!\wcl[ée])\b",
            "clave", "chave", "ключ", "токен", "секрет",
        )
    )
)  # fmt: skip
_INNER: Final = re.compile(
    by_first(f"{word}(?<=[a-z0-9]{word})s?(?![a-z(])" for word in ("Key", "KEY", "Auth", "Password", "ACCESS"))
)
"""The same as a part of a name; in small letters `monkey` would be one."""
_HASH: Final = re.compile(
    by_first(
        (
            r"sha-?\d*", "commit", "digest", "integrity", "checksum", "md5", "hash", "revision", r"rev(?<!\wrev)\b", "blob",
            r"tree(?<!\wtree)\b", "etag", "fingerprint", "public", "cache", "primary", "ssh-", "resolved", r"h1:(?<!\wh1:)",
            "idempoten", "uuid", "base64", "data:", "image", "partition", "object", "trace", "span", "request", "nonce", "merge",
            r"ref(?<!\wref)\b", "docker", "uses:", "gpg", "openpgp", "keyserver",
        )
    )
)  # fmt: skip
_UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.I)
_LICENCE: Final = re.compile(r"[A-Z0-9]{4,6}(?:-[A-Z0-9]{4,6}){3,7}")
_OWN_NAME: Final = re.compile(r"(?:[a-z0-9._-]{0,40}(?:key|token|secret|private|access)[_-]+)?")
"""What a word of dice may begin with: `acme-secret-...`."""
_STRONG: Final = (
    "token", "secret", "private", "access", *(rf"{word}(?=[\s\"']{{0,2}}[=:])" for word in ("auth", "password", "credential")),
    *(f"{word}[ _-]?key" for word in (*_OF_KEYS, "authentication", "activation", "product", "encryption", "client", "account")),
)  # fmt: skip
_BESIDE: Final = re.compile(rf"(?:({by_first(_STRONG)})s?|key)[ \t\"'`=:>_.-]{{1,4}}")
"""A word for a key right before it; the first group says more than `key` alone, which a UUID has before it in many tables."""
_PREFIX: Final = re.compile(r"(?:[A-Za-z]{2,10}[_-])?(?:\d{1,2}-)?")
_DENSE: Final = re.compile(r"[A-Za-z0-9+/_-]{16,512}={0,2}")


def dense(read: Plain) -> Iterator[Span]:
    """Find words without a form that look like dice and stand behind a word such as key or token on their line, or alone."""
    near = hashes = inner = beside = None
    for word in LONG.finditer(read.text):
        for found in _DENSE.finditer(read.text, word.start(), word.end()):
            own, looks = _looks(found[0])
            if not looks:
                continue
            if near is None or hashes is None or inner is None or beside is None:
                near, hashes = (Words(read.low, words.finditer(read.low)) for words in (_NEAR, _HASH))
                inner = Words(read.text, _INNER.finditer(read.text))
                beside = {one.end(): bool(one[1]) for one in _BESIDE.finditer(read.low)}
            start = found.start() + own
            if hashes.before(start + 8, 68):
                continue
            whole = word.span() == found.span() or read.text[start - 1 : start] in "=:"
            said = beside.get(start)
            if (
                (looks.alone and whole)
                or (said is not None and (said or not looks.weak))
                or (inner.before(start, 5 if not looks.random else 60) is not None and not looks.weak)
                or (looks.random and near.before(start, 60) is not None)
            ):
                yield Span(start, found.end(), "SECRET")


class _Looks(NamedTuple):
    """How a word looks: like dice, like dice so much that it needs no word beside it, or like what only a strong word tells."""

    random: bool
    alone: bool
    weak: bool


@functools.lru_cache(4096)
def _looks(word: str) -> tuple[int, _Looks | None]:
    """How long the name is that a word begins with, and how the rest looks; None: like nothing."""
    own = _OWN_NAME.match(word.lower())
    value = word[own.end() if own else 0 :]
    alone = _alone(value)
    weak = bool(_UUID.search(value)) or len(value) < 20
    looks = _Looks(not weak and _random(value), alone, weak) if alone or _fair(value) else None
    return len(word) - len(value), looks


def _fair(value: str) -> bool:
    """Whether a word might be a key where the word for one stands right before it: letters and digits, and no name of parts."""
    digits = sum(map(str.isdigit, value))
    return bool(_LICENCE.fullmatch(value)) or (
        len(value) >= 16
        and 3 <= digits < len(value)
        and value.count("/") <= 2
        and value.count("-") <= 4
        and value.count("_") <= 3
        and not re.search(r"[A-Za-z]{5,}[/_-][A-Za-z]{5,}", value)
    )


def _alone(value: str) -> bool:
    """Whether a word is dice and nothing else, so that it needs no word beside it: letters of both sizes and digits change
    more often than in any name of parts, and few of them are words; it may have a prefix, and has no sign that data in
    base 64 would have.
    """
    body = value[_PREFIX.match(value).end() :]  # type: ignore[union-attr] # it matches the empty word too
    marks = value.count("-") + value.count("_")
    if not 22 <= len(body) <= 256 or marks > max(3, len(value) / 10) or re.search(r"[+/=]", value):
        return False
    changes = len(re.findall(r"[a-z](?=[A-Z\d])|[A-Z](?=[a-z\d])|\d(?=[A-Za-z])", body))
    mixed = re.search("[a-z]", body) and re.search("[A-Z]", body) and (len(body) >= 28 or re.search(r"\d.*\d", body))
    words = sum(map(len, re.findall("[A-Z]?[a-z]{2,}", body)))
    return bool(mixed) and 5 * changes >= 2 * len(body) and 2 * words <= len(body)


def _random(value: str) -> bool:
    """Whether a word looks like dice: hexadecimal of 32 and more, letters of both sizes among digits, or many changes
    between letters of one size and digits.
    """
    if re.fullmatch(r"[0-9a-f]{32,}|[0-9A-F]{32,}", value):
        return _bits(value) > 3
    if not (re.search("[a-z]", value) and re.search("[A-Z]", value)):
        changes = len(re.findall(r"[a-zA-Z]+(?=\d)", value))
        return changes >= 3 and not re.search(r"[^\w-]", value) and _bits(value) > 3.5
    return _bits(value) > 3.7


def _bits(value: str) -> float:
    return -sum(n / len(value) * log2(n / len(value)) for n in Counter(value).values())
