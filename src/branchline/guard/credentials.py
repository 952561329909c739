"""Secrets that are known by where they stand: in addresses, headers, options, pairs and calls."""

import re
from collections.abc import Iterator
from typing import Final

from branchline.guard.spans import Allowance, Plain, Span, by_first, hits, judged
from branchline.guard.values import OURS, TYPES, is_template, is_word, like_code, of_both_sizes, stands_for, telling
from branchline.patterns import late

# --- addresses --------------------------------------------------------------------------------------------------------
_USERINFO: Final = late(r"://([^\s/:'\"<>`]{0,128}):([^\s/'\"<>`]{1,256})@(?=[\w.\[$\"'-])")
_USER: Final = late(r"://([\w.~-]{20,256})(?:[:][\w-]{0,32})?@(?=[\w\[])")
_QUERY: Final = late(
    r"[?&;#](?:[a-z_-]{0,20}(?:token|secret|passw(?:or)?d|pwd|api[_-]?key|apikey|access[_-]?key|signature|auth)|key|sig|code)"
    r"=([^\s&#'\"<>`;]{6,512})"
)


def in_addresses(read: Plain) -> Iterator[Span]:
    """Find the password of `scheme://user:password@host`, a token in the user's place, and secrets in the query."""

    def password(found: "re.Match[str]") -> Span | None:
        return None if is_template(found[2]) else Span(*found.span(2), "PASSWORD")

    def user(found: "re.Match[str]") -> Span | None:
        return Span(*found.span(1), "SECRET") if sum(map(str.isdigit, found[1])) >= 3 else None

    def secret(found: "re.Match[str]") -> Span | None:
        value = read.text[slice(*found.span(1))]
        return Span(*found.span(1), "SECRET") if any(map(str.isdigit, value)) and not stands_for(value) else None

    yield from judged(read.text, _USERINFO, password, "PASSWORD")
    yield from judged(read.text, _USER, user, "SECRET")
    yield from judged(read.low, _QUERY, secret, "SECRET")


# --- headers and options ----------------------------------------------------------------------------------------------
_HEADER: Final = late(
    r"authorization[\"']?\s{0,4}[:=,]\s{0,4}f?[\"'`]?(?:[a-z]{3,12}\s{1,4})?([\w.~+/=:-]{8,4096})"
    r"|(?:bearer|basic)\s([\w.~+/=-]{16,4096})"
    r"|x-[a-z-]{0,24}auth[\"']?\s{0,4}:\s{0,4}[\"']?([\w.~+/=-]{8,4096})"
    r"|(?:set-)?cookie[\"']?\s{0,4}:\s{0,4}[\"']?(?:[\w-]{1,64}=[^;\s\"']{0,64};\s?){0,8}?"
    r"[\w-]{0,40}(?:sess|sid|token|auth|jwt)[\w-]{0,24}=([^;\s\"']{8,4096})"
)
_DIGIT: Final = late(r"\d")
_HEADERS: Final = ("x-", "authorization", "bearer", "basic", "cookie", "set-cookie")
_OTHERS: Final = r"\s[^\n-]{0,80}+(?:-[^\n-]{0,80}+){0,12}?(?<=\s)-p"
"""Other options up to the one for a password, each read once: up to the next dash."""
_WITH: Final = rf" login{_OTHERS}\s([\"']?)([^\s\"']{{3,512}})"
_OPTION: Final = late(
    r"-(?<![\w-]-)-?(?:[a-z-]{0,24}(?:password|passwd|secret|token|api-?key|access-?key|passphrase))(?:\s{1,4}|=)([\"']?)(?!\()([^\s\"'<>]{4,256})"
    r"|-(?<![\w-]-)(?:u|-user)[ =]?([\"']?)[^\s:\"']{1,64}:([^\s\"'<>@]{3,256})(?![/\w@])"
    r"|sshpass\s{1,4}-p\s?([\"']?)([^\s\"']{3,256})"
    rf"|mysql\w{{0,8}}{_OTHERS}([\"']?)([^\s\"']{{3,128}})"
    rf"|docker{_WITH}|podman{_WITH}|npm{_WITH}|helm registry{_WITH}|oras{_WITH}"
    r"|convertto-securestring(?:\s{1,4}-[a-z]{1,16}){0,3}\s{1,4}\\?([\"']?)([^\s\"'\\]{4,256})"
)

_CONNECTION: Final = late(r";[^\S\n]?(?:password|pwd)\s?=\s?([^;\s\"'<>{}$*]{3,128})(?=[;\"'\s]|$)")
"""A password among the parts of a connection string, whatever it looks like."""
_PAIR: Final = late(
    rf"(?:{by_first(('passw(?:or)?d', 'passphrase', 'pwd', 'secret', 'token', 'api[._-]?key', 'credentials?', 'auth'))})"
    r"=([^\s&;\"'<>{}$*%:?\\,()]{3,128})"
)
_PAIR_BEFORE: Final = late(r"\w=[^\s=&;\"',()]{1,64}[&; ]$")
_PAIR_AFTER: Final = late(r"[\"']|[&; ]\s?\w{1,16}=")
"""One of several pairs within a text, or the only one of a quoted one: `"login=a&token=b"`."""
_REVERSED: Final = [
    late(
        rf"{quote}(?=[.\s!=])(?:\.equals(?:ignorecase)?\(|\s?[!=]==?\s?)[\w.$>-]{{0,40}}?"
        r"(passw(?:or)?d|passphrase|pwd|secret|token|api_?key|auth)(?![a-z])"
    )
    for quote in "\"'"
]
"""What stands behind a text that is compared with a name, from its closing quote on; other quotes are passed over at once."""
_CALLED: Final = """
connect connection login log_in signin sign_in authenticate passwordauthentication basicauth redis bind passwd pdo mysql mysqli
sign verify hmac cookie cookies cookieparser secretkey secretkeyspec privatekey
"""
_CALLS: Final = late(
    rf"\((?<=[cdehilnorsty]\()(?:{'|'.join(rf'(?<={name}[(])' for name in _CALLED.split())})\s?"
    r"((?:(?:[\"'][^\"'\n]{0,64}[\"']|\{[^{}\n]{0,64}\}|[\w.]{1,32}),\s?){0,6})"
    r"[\"'](?!(?:sha|aes|rsa?|[eh]s|des|md|utf)[_-]?\d)([^\"'\s/]{5,64})[\"']\s?[,)]"
)
"""A call that logs in or signs, the password among what it is given: `connect("localhost", "root", "a1b2c3")`; from its bracket
on, as there are fewer of those than of letters.
"""
_ALONE: Final = ("cookie", "cookies", "cookieparser", "secretkey", "secretkeyspec", "privatekey")
"""The calls that may be given a secret and nothing else."""
_NAMED: Final = late(
    r"(?:[a-z0-9]{1,24}[_-]){0,6}?(?:secret|token|passw(?:or)?d|api_?key|private_key|session_key)[a-z0-9_-]{0,40}?\d{3}",
    re.I,
)
"""A text that says what it is and ends in digits: `"prod_api_key_333"`."""
_THREE: Final = late(
    rf"(?:{by_first(('secret', 'token', 'password', 'passwd', 'api_?key', 'private_key', 'session_key'))})"
    r"[a-z0-9_-]{3,43}+(?<=\d{3})(?=[\"'])"
)
"""Its end, from the word on that says so."""
_SPACE: Final = late(r"\s")
_WRITTEN: Final = late(r"p(?<!\wp)(?!assword)[a4@][s5$]{2}w[o0]rd[\w!@#$%]{0,8}")
"""The word itself, with signs in the place of letters."""
_LOGIN: Final = late(
    r"(?:login|user(?:name)?|account)[:=]?\s(?!(?:and|or|with|without|name|the|is|by|for)\s)[^\s:]{2,64}\s{1,4}"
    r"(?:password|passwd|pass|pwd|pw)[:=]?\s([\w.@#$%^&*!+-]{3,128})"
)
"""Who and the password, one behind the other, as in a `.netrc`."""


def in_headers(read: Plain) -> Iterator[Span]:
    """Find what follows Authorization, Bearer, an API key's header or a session's cookie."""
    line = Allowance(read.low)
    for at in hits(read.low, _HEADERS if "auth" in read.low else _HEADERS[1:]):
        if line.over(at):
            yield from line.rest(at, "SECRET")
            continue
        before = read.low[at - 1 : at]
        inside = before.isalpha() or (before == "-" and read.low.startswith("x-", at))
        found = None if inside else _HEADER.match(read.low, at)
        if not found:
            continue
        line.take()
        group = found.lastindex or 0
        value = read.text[found.start(group) : found.end(group)]
        if (_DIGIT.search(value) or (len(value) >= 16 and of_both_sizes(value))) and not (
            stands_for(value) or like_code(value)
        ):
            yield Span(found.start(group), found.end(group), "SECRET")


def in_options(read: Plain) -> Iterator[Span]:
    """Find secrets on command lines: `--password X`, `-u name:X`, `sshpass -p X`, `login name password X`."""

    def option(found: "re.Match[str]") -> Span | None:
        group = found.lastindex or 0
        value = read.text[slice(*found.span(group))]
        good = value[0] not in "-$%<{" and not stands_for(value) and (found[group - 1] or telling(value))
        return Span(*found.span(group), "PASSWORD") if good else None

    def login(found: "re.Match[str]") -> Span | None:
        good = found[1] not in TYPES and not stands_for(found[1])
        return Span(*found.span(1), "PASSWORD") if good else None

    yield from judged(read.low, _OPTION, option, "PASSWORD")
    yield from judged(read.low, _LOGIN, login, "PASSWORD")


def in_pairs(read: Plain) -> Iterator[Span]:
    """Find secrets among the pairs of a text, those that are compared with a name, and those that a call logs in with."""

    def before(quote: int) -> tuple[int, str]:
        """Where the text begins that a quote closes, and the text; one of 200 characters and more is none."""
        reach = max(0, quote - 200)
        start = 1 + max(read.text.rfind(mark, reach, quote) for mark in "\"'")
        return start, read.text[start:quote] if start else ""

    def part(found: "re.Match[str]") -> Span | None:
        return None if OURS.search(read.text, *found.span(1)) else Span(*found.span(1), "PASSWORD")

    def pair(found: "re.Match[str]") -> Span | None:
        before = read.low[max(0, found.start() - 80) : found.start()]
        alone = before.endswith(('"', "'")) and _PAIR_AFTER.match(read.low, found.end())
        good = (alone or _PAIR_BEFORE.search(before)) and not (is_template(found[1]) or like_code(found[1]))
        return Span(*found.span(1), "PASSWORD") if good else None

    def compared(found: "re.Match[str]") -> Span | None:
        start, value = before(found.start())
        good = 4 <= len(value) <= 128 and not (_SPACE.search(value) or stands_for(value))
        return Span(start, found.start(), "PASSWORD") if good and (telling(value) or is_word(found[1], value)) else None

    def handed(found: "re.Match[str]") -> Span | None:
        first = found[1] or read.low.endswith(_ALONE, 0, found.start())
        third = read.low.endswith("connection", 0, found.start()) and found[1].count(",") == 2
        good = (first and any(map(str.isdigit, found[2]))) or third or "secret" in found[2]
        return Span(*found.span(2), "PASSWORD") if good and not stands_for(found[2]) else None

    def named(found: "re.Match[str]") -> Span | None:
        start, value = before(found.end())
        return Span(start, found.end(), "SECRET") if value[:1].isalpha() and _NAMED.fullmatch(value) else None

    def written(found: "re.Match[str]") -> Span:
        return Span(*found.span(), "PASSWORD")

    judges = (
        ("", _WRITTEN, written),
        ("", _THREE, named),
        (";", _CONNECTION, part),
        ("=", _PAIR, pair),
        *(("", closed, compared) for closed in _REVERSED),
        ("(", _CALLS, handed),
    )
    for sign, pattern, judge in judges:
        if sign in read.low:
            yield from judged(read.low, pattern, judge, "PASSWORD")
