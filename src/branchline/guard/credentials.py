"""Secrets that are known by what stands before them: assignments, headers, options, addresses with a password."""

import functools
import re
from collections.abc import Iterator
from typing import Final

from branchline.guard.spans import Plain, Span, hits, windows

# --- addresses --------------------------------------------------------------------------------------------------------
_USERINFO: Final = re.compile(r"(?<=://)([^\s/:@'\"<>`]{0,128}):([^\s/'\"<>`]{1,256})@(?=[\w.\[$-])")
_QUERY: Final = re.compile(
    r"[?&;](?:[a-z_-]{0,20}(?:token|secret|passw(?:or)?d|pwd|api[_-]?key|apikey|access[_-]?key|signature|auth)|key|sig|code)"
    r"=([^\s&#'\"<>`;]{6,512})"
)


def in_addresses(read: Plain) -> Iterator[Span]:
    """Find the password of `scheme://user:password@host`, and secrets in the query of an address."""
    for found in _USERINFO.finditer(read.text):
        if not _is_template(found[2]):
            yield Span(found.start(2), found.end(2), "PASSWORD")
    for found in _QUERY.finditer(read.low):
        value = read.text[found.start(1) : found.end(1)]
        if any(map(str.isdigit, value)) and not _stands_for(value):
            yield Span(found.start(1), found.end(1), "SECRET")


# --- headers and options ----------------------------------------------------------------------------------------------
_HEADER: Final = re.compile(
    r"authorization[\"']?\s{0,4}[:=,]\s{0,4}f?[\"'`]?(?:[a-z]{3,12}\s{1,4})?([\w.~+/=:-]{8,4096})"
    r"|(?:bearer|basic)\s([\w.~+/=-]{16,4096})"
    r"|(?:x-[a-z-]{0,24}(?:key|token|secret|auth)|private-token|api-key|apikey|dd-api-key)[\"']?\s{0,4}:\s{0,4}[\"']?([\w.~+/=-]{8,4096})"
    r"|(?:set-)?cookie[\"']?\s{0,4}:\s{0,4}[\"']?(?:[\w-]{1,64}=[^;\s\"']{0,64};\s?){0,8}?"
    r"[\w-]{0,40}(?:sess|sid|token|auth|jwt)[\w-]{0,24}=([^;\s\"']{8,4096})"
)
_HEADERS: Final = (
    "authorization",
    "bearer",
    "basic",
    "x-",
    "private-token",
    "api-key",
    "apikey",
    "dd-api-key",
    "cookie",
    "set-cookie",
)
_OPTION: Final = re.compile(
    r"-(?<![\w-]-)-?(?:[a-z-]{0,24}(?:password|passwd|secret|token|api-?key|access-?key|passphrase))(?:\s{1,4}|=)([\"']?)([^\s\"'<>]{4,256})"
    r"|-(?<![\w-]-)(?:u|-user)[ =]?([\"']?)[^\s:\"']{1,64}:([^\s\"'<>@]{3,256})(?![/\w@])"
    r"|sshpass\s{1,4}-p\s?([\"']?)([^\s\"']{3,256})|mysql\w{0,8}\s[^\n]{0,80}?\s-p([\"']?)([^\s\"']{3,128})"
    r"|(?:docker|podman|helm registry|oras) login\s[^\n]{0,80}?\s-p\s([\"']?)([^\s\"']{3,512})"
)


def in_headers(read: Plain) -> Iterator[Span]:
    """Find what follows Authorization, Bearer, an API key's header or a session's cookie."""
    for at in hits(read.low, _HEADERS):
        before = read.low[at - 1 : at]
        inside = before.isalpha() or (before == "-" and read.low.startswith("x-", at))
        found = None if inside else _HEADER.match(read.low, at)
        if not found:
            continue
        group = found.lastindex or 0
        value = read.text[found.start(group) : found.end(group)]
        if not (_stands_for(value) or _like_code(value)) and (re.search(r"\d", value) or _mixed(value)):
            yield Span(found.start(group), found.end(group), "SECRET")


def in_options(read: Plain) -> Iterator[Span]:
    """Find secrets on command lines: `--password X`, `-u name:X`, `sshpass -p X`."""
    for found in _OPTION.finditer(read.low):
        group = found.lastindex or 0
        value = read.text[found.start(group) : found.end(group)]
        quoted = bool(found[group - 1])
        if value[0] not in "-$%<{" and not _stands_for(value) and (quoted or _telling(value)):
            yield Span(found.start(group), found.end(group), "PASSWORD")


# --- assignments ------------------------------------------------------------------------------------------------------
_NAME: Final = (
    r"passw(?:or)?d|passwd|(?<![a-z])(?:pass|pwd|pw)|pwd(?==)|(?<=[\"'])_?auth(?=\\?[\"'])"
    r"|db_?pwd|passphrase|passwort|kennwort|contrase[ñn]a|mot de passe|senha"
    r"|wachtwoord|parola|пароль|密码|密碼|口令|パスワード|비밀번호|mật khẩu"
    r"|secret|token|api[ _-]?key|credentials?|conn(?:ection)?[_-]?str(?:ing)?|webhook[_-]url"
    r"|(?:access|auth|private|secret|signing|encryption|master|account|shared|session|service|license|deploy|sign|crypt"
    r"|cipher)[ _-]?key"
    r"|密钥|密鑰|令牌|(?<=[a-z0-9]_)(?<!public_)key|(?<=[a-z0-9]-)(?<!public-)key"
)
_WORDS: Final = (
    "pass", "auth", "pwd", "pw",
    "secret", "token", "key", "credential", "conn", "webhook", "kennwort", "contrase", "mot de p", "senha",
    "wachtwoord", "parola", "парол", "密码", "密碼", "口令", "パスワ", "비밀", "mật kh", "密钥", "密鑰", "令牌",
)  # fmt: skip
"""What each of the names has in it."""
_SUFFIX: Final = r"(?:[_-]?(?:value|prod|dev|live|staging|test|base64|b64|id|[0-9]{1,2}))?"
_TYPE: Final = r"(?:[^\S\n]{0,4}:?[^\S\n]{0,4}&?(?:string|str|text|secretstr|\[\d{0,4}\])(?=[^\S\n]{0,4}=))?"
_SIGN: Final = (
    r"(?<=[\"'])[^\S\n](?:value|default|content)=|(?:(?<=credential)|(?<=credentials))\((?:[\"'][^\"'\n]{1,64}[\"'],\s?){1,2}"
    r"|:{1,3}=|[?.+|]{1,2}=|=>|:[^\S\n]?[|>][+-]?\n[ \t]{1,40}|[=:：]|,(?=\s?[\"'])"
)
_GIVEN: Final = re.compile(
    rf"(?P<name>{_NAME}){_SUFFIX}{_TYPE}(?:(?:\\?[\"'\])]){{0,2}}[^\S\n]{{0,16}}(?:(?P<sign>{_SIGN})(?!=)|(?:[!=]={{1,2}}\s?|-[^\S\n])(?=[\"'`]))"
    rf"|[^\S\n]{{1,4}}(?:is|was|ist|lautet|est|es|é|são)[:=]?(?=\s)|\s?[是为為は](?=\s?[!-~]{{4}})"
    rf"|>(?:\n[ \t]{{1,40}})?(?=[^<>\s])|[^\S\n](?=[\"'`]?[!-~]{{0,40}}[0-9]))"
)
"""A name and what leads from it to its value; a comparison has no sign, and gives less."""
_QUOTED: Final = re.compile(r"[^\S\n]{0,16}[bfru]{0,2}(\\?[\"'`])((?:(?!\1)(?:[^\\\n]|\\.)){3,1024})\1")
_LOOSE: Final = re.compile(r"[^\S\n]{0,16}([^\s\"'`<>]{3,1024})")
_MORE: Final = re.compile(r"[;&](?=[\w.-]{1,40}=)")
_WHOLE: Final = re.compile(r"[ \t\r]{0,8}(?:#[^\n]*)?(?:\n|$)")


def assigned(read: Plain) -> Iterator[Span]:
    """Find values that are given to a name such as password, token or API key, in any of the usual notations."""
    text, low, done = read.text, read.low, 0
    for found in (one for start, end in windows(low, _WORDS, 32, 48) for one in _GIVEN.finditer(low, start, end)):
        if found.end() < done:
            continue
        sign = found["sign"] or ""
        quoted = _QUOTED.match(text, found.end())
        value = quoted or _LOOSE.match(text, found.end())
        if not value:
            continue
        group = 2 if quoted else 1
        secret = value[group] if quoted else _without_end(value[group])
        if _stands_for(secret):
            continue
        if quoted:
            good = _as_text(secret, sign, found["name"]) or (not sign and _is_word(found["name"], secret))
        elif not sign:
            good = (
                (_is_weak(found["name"], secret) or _telling(secret)) and not _like_code(secret) and "/" not in secret
            )
        else:
            good = _as_word(read, found, sign, secret)
        if good:
            kind = (
                "PASSWORD"
                if re.match(r"pass|pw|(?:db_?)?pwd|пар|密[码碼]|パス|contr|mot|senha|kenn|wacht|비", found["name"])
                else "SECRET"
            )
            start = value.start(group)
            yield Span(start, start + len(secret), kind)
            done = start + len(secret)


def _without_end(value: str) -> str:
    """A word without the signs that end a sentence, an argument or a list behind it."""
    value = _MORE.split(value, maxsplit=1)[0]
    for end in range(len(value), 0, -1):
        if value[end - 1] in ",;:.)}]" and not (value[end - 1] == ")" and "(" in value[:end]):
            continue
        return value[:end]
    return value[:1]


def _as_text(secret: str, sign: str, name: str) -> bool:
    """Whether a quoted text after a name is a secret: anything but a sentence, a word of the trade or a template."""
    if " " in secret.strip() and not (re.search(r"\d", secret) and len(secret.split()) <= 3):
        return bool(re.fullmatch(r"[a-z]{3,12}(?: [a-z]{3,12}){3,7}", secret) and name.startswith("passphrase"))
    if not sign or sign == ",":
        return _telling(secret) and not re.search(r"\s|/|^[a-z]+\d*(?:_[a-z0-9]+){2,}$", secret)
    if name.startswith("conn"):
        return bool(re.search(r"=|://[^/\s]*@", secret))
    return (
        len(secret) >= 4
        and (name[-3:] not in ("key", "uth") or _telling(secret))
        and not re.fullmatch(r"[a-z]{3,9}[_-][a-z_-]+|[A-Za-z_][\w.]*\(.*\)", secret)
    )


def _as_word(read: Plain, found: "re.Match[str]", sign: str, secret: str) -> bool:
    """Whether a bare word after a name and a sign is a secret, and no type, no expression and no number of things."""
    if secret.isdigit():
        return len(secret) >= (6 if found["name"][:2] in ("pa", "pw", "密码", "密碼") else 16)
    before, end = read.low[max(0, found.start() - 64) : found.start()], found.end()
    tight = sign == "=" and not read.low[end : end + 1].isspace()
    upper = read.text[found.start() : found.start() + len(found["name"])].isupper()
    whole = bool(_WHOLE.match(read.low, read.low.find(secret.lower(), end) + len(secret)))
    if _like_code(secret) or re.fullmatch(rf"[A-Za-z_]*{re.escape(found['name'])}[!?]?", secret, re.I):
        return False
    if upper and tight:
        return len(secret) >= 4 and (found["name"][-3:] != "key" or _telling(secret) or len(secret) >= 16)
    if _telling(secret) or _is_weak(found["name"], secret):
        return True
    lead = before.rpartition("\n")[2]
    property_file = tight and whole and bool(re.fullmatch(r"\s*(?:[\w-]+\.)*[\w-]*", lead))
    yaml = (
        sign == ":"
        and whole
        and bool(re.fullmatch(r"\s*(?:- )?[\"']?[\w.-]*", lead))
        and read.low[end : end + 1] == " "
    )
    return (property_file or yaml) and secret.isalpha() and secret.lower() not in _TYPES and found["name"][-3:] != "key"


_OF_THE_TRADE: Final = """
string str text bytes any object number integer int boolean bool secretstr optional char varchar uuid buffer void self never
unknown literal read write password passwd secret token required enabled disabled default basic bearer oauth jwt none null true
false undefined nil yes no on off hidden input auto always missing invalid expired empty
"""
_TYPES: Final = frozenset(_OF_THE_TRADE.split())
_TEMPLATE: Final = re.compile(
    r"[$%]?[{(<\[].*|.*(?:\$\{|\{\{|\$\(|<[\w -]+>).*|\$[A-Za-z_]\w*|%[A-Za-z_]\w*%|.*(?:\*\*\*|\.\.\.|…|xxxx).*|[xX*.#_-]+"
)
_FAKE: Final = re.compile(
    r"(?:my|your|the|a|some|new|old|user|db|insert|put|enter|add|set|replace|change)"
    r"[ _-]?(?:own|me|here|with|it|in)?[ _-]?(?:\w+[ _-])*"
    r"(?:key|token|secret|password|passwd|value|here|me|this|name|api)s?(?:[ _-]?here)?"
    r"|.*(?:changeme|change[_-]me|changeit|placeholder|redacted|todo|fixme|replace[_-]?(?:me|with)|to[_-]be[_-]|not[_-]?set).*"
    r"|(?:string|str|text|include|same-origin|omit|required|optional|password|passwd|secret|token|none|null|nil|true|false|undefined|hidden|invalid|wrong|missing|expired"
    r"|empty|default|current-password|new-password|bearer|basic|jwt|oauth2?|example|sample|dummy|foobar|api[_-]?key|access[_-]token|refresh[_-]token|id[_-]token|client[_-]secret)",
    re.I,
)
_OURS: Final = re.compile(r"\[[A-Z][A-Z_]{1,24}_\d{1,6}\]")


@functools.lru_cache(4096)
def _stands_for(value: str) -> bool:
    """Whether a value only holds a secret's place: a variable, a template, stars, `your-key-here`, one of our own."""
    return bool(_FAKE.fullmatch(value[:200]) or _is_template(value))


def _is_template(value: str) -> bool:
    return bool(_TEMPLATE.fullmatch(value[:200]) or _OURS.search(value))


_LABEL: Final = r"(?:[A-Za-z_]{17,}|[A-Za-z_]\w{0,15})(?!\w)"
"""A part of a dotted name: what is longer and has digits is more likely a key of parts."""


@functools.lru_cache(4096)
def _like_code(value: str) -> bool:
    """Whether a bare word is an expression: a call, an attribute, an index, a path, a format."""
    return bool(
        re.match(
            rf"[A-Za-z_][\w.]*[(\[{{]|{_LABEL}(?:\.{_LABEL})+[!?]?$|[./~][\w./-]+$|@|&\w|\*\w|!|\||[A-Za-z_]\w*(?:::|->)\$?\w",
            value,
        )
    )


def _is_word(name: str, value: str) -> bool:
    """Whether a password that is spoken of or compared with is one at all; a word of the trade is none."""
    return (
        name[:2] in ("pa", "pw") and bool(re.fullmatch(r"[\w@#$%^&*!-]{4,32}", value)) and value.lower() not in _TYPES
    )


def _is_weak(name: str, value: str) -> bool:
    """Whether a password is a word with a digit behind it; elsewhere that is the name of a variable."""
    return name.startswith("pass") and bool(re.fullmatch(r"[A-Za-z]{4,}\d", value)) and name not in value.lower()


@functools.lru_cache(4096)
def _telling(value: str) -> bool:
    """Whether a word is none of a language: digits among letters, or marks, or capitals thick within."""
    if len(value) < 4:
        return False
    if len(value) >= 12 and 4 * len(re.findall("[a-z][A-Z]", value)) > len(value):
        return True
    digit, letter = bool(re.search(r"\d", value)), bool(re.search(r"[^\W\d_]", value))
    mark = bool(re.search(r"[!@#$%^&*+=?~]", value))
    if re.fullmatch(r"v?\d+(?:\.\d+)+\w*|\d+(?:[a-z]{1,3}|%)|[A-Za-z_]+\d?", value):
        return False
    return (digit and (letter or mark)) or (mark and letter and len(value) >= 6)


def _mixed(value: str) -> bool:
    return bool(re.search("[a-z]", value) and re.search("[A-Z]", value) and len(value) >= 16)
