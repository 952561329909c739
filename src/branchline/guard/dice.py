"""Secrets that are known by looking like dice: words without a form, behind a word such as key or token, or alone."""

import functools
import re
from collections import Counter
from collections.abc import Iterator
from math import log2
from typing import Final

from branchline.guard.spans import Plain, Span
from branchline.guard.tokens import LONG

_NEAR: Final = re.compile(
    r"(?:(?<![a-z])|api|secret|access|auth|signing|private|service|deploy|license)[ _-]?(?:keys?|password)(?![a-z(])"
    r"|(?:tokens?|secrets?|credentials?)(?![a-z(])|(?<=[a-z0-9][_-])pat\b"
    r"|bearer|\b(?:wandb|sonar\w{0,8}|crumb|unseal|pyowm|infura|datadog|okta|reporter_id)\b|密钥|密鑰|令牌|schlüssel|\bcl[ée]\b|clave|chave|ключ|токен|секрет"
)
_INNER: Final = re.compile(r"[a-z0-9](?:Key|KEY|Auth|Password|ACCESS)s?(?![a-z(])")
"""The same as a part of a name; in small letters `monkey` would be one."""
_HASH: Final = re.compile(
    r"sha-?\d*|commit|digest|integrity|checksum|md5|hash|revision|\brev\b|blob|\btree\b|etag|fingerprint|public|cache|primary|ssh-|resolved"
    r"|\bh1:|idempoten|uuid|base64|data:|image|partition|object|trace|span|request|nonce|merge|\bref\b|docker|uses:|gpg|openpgp|keyserver"
)
_UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.I)
_OWN_NAME: Final = re.compile(r"(?:[a-z0-9._-]{0,40}(?:key|token|secret|private|access)[_-]+)?")
"""What a word of dice may begin with: `acme-secret-...`."""
_BESIDE: Final = re.compile(
    r"(?:((?:token|secret|private|access|(?:api|secret|private|access)[ _-]?key)s?)|key)[\s\"'`=:>_.-]{1,4}$"
)
"""A word for a key right before it; the first group says more than `key` alone, which a UUID has before it in many tables."""
_ALONE: Final = re.compile(
    r"(?:^|[\s\"'`=])(?=[A-Z0-9]{0,24}[a-z])(?=[a-z0-9]{0,24}[A-Z])(?=(?:[A-Za-z]{1,20}\d+){3})[A-Za-z0-9]{28,100}(?![\w.+/=-])"
)
"""A word that is dice and nothing else: small and large letters and digits, and no sign that data in base 64 would have."""
_DENSE: Final = re.compile(r"[A-Za-z0-9+/_-]{20,512}={0,2}")


def dense(read: Plain) -> Iterator[Span]:
    """Find words without a form that look like dice and stand behind a word such as key or token on their line."""
    for word in LONG.finditer(read.text):
        if word.end() - word.start() < 20:
            continue
        for found in _DENSE.finditer(read.text, word.start(), word.end()):
            own = _OWN_NAME.match(found[0].lower())
            start = found.start() + (own.end() if own else 0)
            value = read.text[start : found.end()]
            if _fair(value) and _is_given_away(read, start, value) and not _HASH.search(read.line(start, 60, 0)):
                yield Span(start, found.end(), "SECRET")


def _is_given_away(read: Plain, start: int, value: str) -> bool:
    """Whether something says of a word that it is a key; of one that looks like dice that may stand further away."""
    around = read.line(start, 60, 0)
    beside = _BESIDE.search(around)
    if _UUID.search(value):
        return bool(beside and beside[1])
    if not _random(value):
        return bool(beside or _INNER.search(read.text, max(0, start - 5), start))
    near = beside or _NEAR.search(around) or _INNER.search(read.text, start - len(around), start)
    return bool(near or _ALONE.match(read.text, start - 1))


@functools.lru_cache(4096)
def _fair(value: str) -> bool:
    """Whether a word might be a key where the word for one stands right before it: letters and digits, and no name of parts."""
    digits = sum(map(str.isdigit, value))
    return (
        len(value) >= 20
        and 3 <= digits < len(value)
        and value.count("/") <= 2
        and value.count("-") <= 4
        and value.count("_") <= 3
        and not re.search(r"[A-Za-z]{5,}[/_-][A-Za-z]{5,}", value)
    )


@functools.lru_cache(4096)
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
