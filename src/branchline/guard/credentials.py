"""Secrets that are known by what stands before them: assignments, headers, options, addresses with a password."""

import functools
import re
from collections.abc import Iterator
from typing import Final

from branchline.guard.spans import Plain, Span, by_first, hits, judged

# --- addresses --------------------------------------------------------------------------------------------------------
_USERINFO: Final = re.compile(r"(?<=://)([^\s/:'\"<>`]{0,128}):([^\s/'\"<>`]{1,256})@(?=[\w.\[$-])")
_USER: Final = re.compile(r"://([\w.~-]{20,256})(?:[:][\w-]{0,32})?@(?=[\w\[])")
_QUERY: Final = re.compile(
    r"[?&;#](?:[a-z_-]{0,20}(?:token|secret|passw(?:or)?d|pwd|api[_-]?key|apikey|access[_-]?key|signature|auth)|key|sig|code)"
    r"=([^\s&#'\"<>`;]{6,512})"
)


def in_addresses(read: Plain) -> Iterator[Span]:
    """Find the password of `scheme://user:password@host`, a token in the user's place, and secrets in the query."""

    def password(found: "re.Match[str]") -> Span | None:
        return None if _is_template(found[2]) else Span(*found.span(2), "PASSWORD")

    def user(found: "re.Match[str]") -> Span | None:
        return Span(*found.span(1), "SECRET") if sum(map(str.isdigit, found[1])) >= 3 else None

    def secret(found: "re.Match[str]") -> Span | None:
        value = read.text[slice(*found.span(1))]
        return Span(*found.span(1), "SECRET") if any(map(str.isdigit, value)) and not _stands_for(value) else None

    yield from judged(read.text, _USERINFO, password, "PASSWORD")
    yield from judged(read.text, _USER, user, "SECRET")
    yield from judged(read.low, _QUERY, secret, "SECRET")


# --- headers and options ----------------------------------------------------------------------------------------------
_HEADER: Final = re.compile(
    r"authorization[\"']?\s{0,4}[:=,]\s{0,4}f?[\"'`]?(?:[a-z]{3,12}\s{1,4})?([\w.~+/=:-]{8,4096})"
    r"|(?:bearer|basic)\s([\w.~+/=-]{16,4096})"
    r"|x-[a-z-]{0,24}auth[\"']?\s{0,4}:\s{0,4}[\"']?([\w.~+/=-]{8,4096})"
    r"|(?:set-)?cookie[\"']?\s{0,4}:\s{0,4}[\"']?(?:[\w-]{1,64}=[^;\s\"']{0,64};\s?){0,8}?"
    r"[\w-]{0,40}(?:sess|sid|token|auth|jwt)[\w-]{0,24}=([^;\s\"']{8,4096})"
)
_HEADERS: Final = ("x-", "authorization", "bearer", "basic", "cookie", "set-cookie")
_OPTION: Final = re.compile(
    r"-(?<![\w-]-)-?(?:[a-z-]{0,24}(?:password|passwd|secret|token|api-?key|access-?key|passphrase))(?:\s{1,4}|=)([\"']?)(?!\()([^\s\"'<>]{4,256})"
    r"|-(?<![\w-]-)(?:u|-user)[ =]?([\"']?)[^\s:\"']{1,64}:([^\s\"'<>@]{3,256})(?![/\w@])"
    r"|sshpass\s{1,4}-p\s?([\"']?)([^\s\"']{3,256})|mysql\w{0,8}\s[^\n]{0,80}?\s-p([\"']?)([^\s\"']{3,128})"
    r"|(?:docker|podman|npm|helm registry|oras) login\s[^\n]{0,80}?\s-p\s([\"']?)([^\s\"']{3,512})"
    r"|convertto-securestring(?:\s{1,4}-[a-z]{1,16}){0,3}\s{1,4}\\?([\"']?)([^\s\"'\\]{4,256})"
)

_CONNECTION: Final = re.compile(r"(?<=;)\s?(?:password|pwd)\s?=\s?([^;\s\"'<>{}$*]{3,128})(?=[;\"'\s]|$)")
"""A password among the parts of a connection string, whatever it looks like."""
_PAIR: Final = re.compile(
    rf"(?:{by_first(('passw(?:or)?d', 'passphrase', 'pwd', 'secret', 'token', 'api[._-]?key', 'credentials?', 'auth'))})"
    r"=([^\s&;\"'<>{}$*%:?\\,()]{3,128})"
)
_PAIR_BEFORE: Final = re.compile(r"\w=[^\s=&;\"',()]{1,64}[&; ]$")
_PAIR_AFTER: Final = re.compile(r"[\"']|[&; ]\s?\w{1,16}=")
"""One of several pairs within a text, or the only one of a quoted one: `"login=a&token=b"`."""
_REVERSED: Final = re.compile(
    r"[\"']([^\"'\s]{4,128})[\"'](?:\.equals(?:ignorecase)?\(|\s?[!=]==?\s?)[\w.$>-]{0,40}?"
    r"(passw(?:or)?d|passphrase|pwd|secret|token|api_?key|auth)(?![a-z])"
)
_CALLS: Final = re.compile(
    r"(?:connect(?:ion)?|log_?in|sign_?in|authenticate|passwordauthentication|basicauth|redis)\(\s?"
    r"(?:(?:[\"'][^\"'\n]{0,64}[\"']|[\w.]{1,32}),\s?){1,6}[\"']([^\"'\s/]{6,64})[\"']\s?[,)]"
)
"""A call that logs in, the password among what it is given: `connect("localhost", "root", "a1b2c3")`."""
_LOGIN: Final = re.compile(
    r"(?:login|user(?:name)?|account)[:=]?\s(?!(?:and|or|with|without|name|the|is|by|for)\s)[^\s:]{2,64}\s{1,4}"
    r"(?:password|passwd|pass|pwd|pw)[:=]?\s([\w.@#$%^&*!+-]{3,128})"
)
"""Who and the password, one behind the other, as in a `.netrc`."""


def in_headers(read: Plain) -> Iterator[Span]:
    """Find what follows Authorization, Bearer, an API key's header or a session's cookie."""
    for at in hits(read.low, _HEADERS if "auth" in read.low else _HEADERS[1:]):
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
    """Find secrets on command lines: `--password X`, `-u name:X`, `sshpass -p X`, `login name password X`."""

    def option(found: "re.Match[str]") -> Span | None:
        group = found.lastindex or 0
        value = read.text[slice(*found.span(group))]
        good = value[0] not in "-$%<{" and not _stands_for(value) and (found[group - 1] or _telling(value))
        return Span(*found.span(group), "PASSWORD") if good else None

    def login(found: "re.Match[str]") -> Span | None:
        good = found[1] not in _TYPES and not _stands_for(found[1])
        return Span(*found.span(1), "PASSWORD") if good else None

    yield from judged(read.low, _OPTION, option, "PASSWORD")
    yield from judged(read.low, _LOGIN, login, "PASSWORD")


def in_pairs(read: Plain) -> Iterator[Span]:
    """Find secrets among the pairs of a text, those that are compared with a name, and those that a call logs in with."""

    def part(found: "re.Match[str]") -> Span | None:
        return None if _OURS.search(read.text, *found.span(1)) else Span(*found.span(1), "PASSWORD")

    def pair(found: "re.Match[str]") -> Span | None:
        before = read.low[max(0, found.start() - 80) : found.start()]
        alone = before.endswith(('"', "'")) and _PAIR_AFTER.match(read.low, found.end())
        good = (alone or _PAIR_BEFORE.search(before)) and not (_is_template(found[1]) or _like_code(found[1]))
        return Span(*found.span(1), "PASSWORD") if good else None

    def compared(found: "re.Match[str]") -> Span | None:
        value = read.text[slice(*found.span(1))]
        good = not _stands_for(value) and (_telling(value) or _is_word(found[2], value))
        return Span(*found.span(1), "PASSWORD") if good else None

    def handed(found: "re.Match[str]") -> Span | None:
        good = not _stands_for(found[1]) and any(map(str.isdigit, found[1]))
        return Span(*found.span(1), "PASSWORD") if good else None

    judges = ((_CONNECTION, part), (_PAIR, pair), (_REVERSED, compared), (_CALLS, handed))
    for pattern, judge in judges:
        yield from judged(read.low, pattern, judge, "PASSWORD")


# --- assignments ------------------------------------------------------------------------------------------------------
_PASSWORD_NAMES: Final = (
    "passw(?:or)?d", "passphrase", "passwort", "passord", "pass(?<![a-z]pass)", "pwd(?<![a-z]pwd)", "pwd(?==)", "pw(?<![a-z]pw)",
    "db_?pwd", "identified by", "kennwort", "contrase[ñn]a", "mot[ _]?de[ _]?passe", r"mdp(?<!\wmdp)", "senha", "wachtwoord",
    "parol[aeă]", "lösenord", "adgangskode", "salasana", "hasło", "heslo", "geslo", "lozinka", "jelszó", "şifre", "mật khẩu",
    "kata sandi", "пароль", "κωδικός", "סיסמה", "كلمة (?:المرور|السر)", "पासवर्ड", "รหัสผ่าน",
    "密码", "密碼", "口令", "パスワード", "비밀번호",
)  # fmt: skip
_NAMES: Final = (
    *_PASSWORD_NAMES,
    r"auth(?:(?<=[\"']auth)|(?<=[\"']_auth))(?=\\?[\"'])", r"auth(?:(?<![\w-]auth)|(?<![\w-]_auth))(?=\s?=)",
    "secret[ _-]?access[ _-]?key", "secret[ _-]?key", "secreto", "secret", "token(?!iz)",
    "credentials?", "conn(?:ection)?[_-]?str(?:ing)?", "webhook[_-]url", "dockerc(?:fg|onfigjson)", "session(?:[_-]?id)?",
    "api[ _-]?key", "access[ _-]?key", "auth(?:entication)?[ _-]?key", "activation[ _-]?key", "account[ _-]?key",
    "aes[ _-]?key", "private[ _-]?key", "pkey", "signing[ _-]?key", "sign[ _-]?key", "shared[ _-]?key", "session[ _-]?key",
    "service[ _-]?key", "ssh[ _-]?key", "encryption[ _-]?key", "master[ _-]?key", "license[ _-]?key", "deploy[ _-]?key",
    "crypt[ _-]?key", "cipher[ _-]?key", "consumer[ _-]?key", "hmac[ _-]?key", "key(?<=[a-z0-9]_key)(?<!public_key)",
    "key(?<=[a-z0-9]-key)(?<!public-key)", "schlüssel",
    "cl[ée][ _]api", "clé", "clave", "chiave", "chave", "sleutel", "jeton", "geheimnis",
    "segreto", "ключ", "токен", "トークン", "キー", "토큰", "密钥", "密鑰", "令牌",
)  # fmt: skip
"""Each begins with a character of its own, so that most places of a text are passed over at once."""
_SUFFIX: Final = r"(?:[_-]?(?:value|prod|dev|live|staging|test|base64|b64|id|[0-9]{1,2}))?+"
_TYPE: Final = r"(?:[^\S\n]{0,4}:?[^\S\n]{0,4}&?(?:string|str|text|secretstr|\[\d{0,4}\])(?=[^\S\n]{0,4}=))?+"
_SIGN: Final = (
    r"(?<=[\"'])[^\S\n](?:value|default|content)=|,?\s{1,40}[\"']?value[\"']?\s?:|(?:or|\|\||\?\?)(?=\s?[\"'`])"
    r"|(?:(?<=credential)|(?<=credentials))\s?\(\s?(?:[\"'][^\"'\n]{1,64}[\"']\s?,\s?){1,2}"
    r"|(?<=\w)(?:\.equals(?:ignorecase)?)?\(\s?(?=\\?[\"'])"
    r"|:{1,3}=|[?.+|]{1,2}=|=>|:[^\S\n]?[|>][+-]?\n[ \t]{1,40}|[=:：]|,(?=\s{0,12}[\"'])"
    r"|(?:\s[\w:.-]{1,32}=[^<>\n]{0,64}+)?>(?=\s{0,2}[^<>\s]{3,256}\s{0,2}</)"
)
_MARK: Final = (
    rf"(?:\\?[\"'\])]){{0,2}}[^\S\n]{{0,16}}(?:(?P<sign>{_SIGN})(?!=)|(?:[!=]={{1,2}}\s?|-[^\S\n])(?=[\"'`]))"
)
_FOR: Final = r"(?:[^\S\n](?:for|für|pour|para|per|для)(?:[^\S\n][\w.@%'\"-]{1,40}+){1,3}?)?"
_SAID: Final = (
    rf"{_FOR}[^\S\n]{{1,4}}(?:is|was|to|ist|lautet|est|es|é|è|são|—|–)[:=]?(?=\s)|\s?[是为為は는은](?=\s?[!-~]{{4}})"
    r"|>(?:\n[ \t]{1,40})?(?=[^<>\s])|[^\S\n](?=[\"'`]?[!-/:-~]{0,40}+[0-9])"
)
_GIVEN: Final = re.compile(
    rf"(?P<name>{by_first(_NAMES)}){_SUFFIX}(?P<more>[a-z0-9_]{{1,24}}+)?+{_TYPE}(?:{_MARK}|{_SAID})"
)
"""A name, as the end of a longer one or with `more` behind it, and what leads from it to its value; a comparison has no
sign, and gives less."""
_NO_VALUE: Final = r"\s\"'`<>;&\u3000-\u9fff\uac00-\ud7a3\uff00-\uffef"
_VALUE: Final = re.compile(
    r"[^\S\n]{0,16}(?:"
    r"(?P<call>(?:new\s)?[\w.\[\]]{1,40}\((?P<default>[\"'][\w.-]{1,64}[\"'],\s?)?|\()?[bfru]{0,2}"
    r"(?P<quote>\\?[\"'`]|&quot;|&#3[49];)(?P<quoted>(?:(?!(?P=quote))(?:[^\\\n]|\\.)){3,1024})(?P=quote)"
    r"|[\w\[\]]{0,16}[\[{(]\s?(?P<numbers>(?:(?:0x[0-9a-f]{1,2}|\d{1,3}),\s{0,12}){7,255}(?:0x[0-9a-f]{1,2}|\d{1,3}))"
    rf"|(?P<word>[^{_NO_VALUE}]{{3,1024}}(?:[;&](?![\w.-]{{1,40}}=)[^{_NO_VALUE}]{{0,1024}}){{0,8}}))",
    re.I,
)
"""What may be given to a name: a text, on which something may be called; the bytes of a key, one by one; a bare word."""
_WHOLE: Final = re.compile(r"[ \t\r]{0,8}(?:#[^\n]*)?(?:\n|$)")
_CONVERTS: Final = re.compile(r"(?:decode|encode|bytes?|string|from|hex|spec|text)\w{0,8}\(|^\($", re.I)
_PASSWORDS: Final = re.compile(by_first(_PASSWORD_NAMES))


def assigned(read: Plain) -> Iterator[Span]:
    """Find values that are given to a name such as password, token or API key, in any of the usual notations."""
    done = 0

    def judge(found: "re.Match[str]") -> Span | None:
        nonlocal done
        value = _VALUE.match(read.text, found.end()) if found.end() >= done else None
        if not value:
            return None
        form = value.lastgroup or ""
        secret = value[form] if form != "word" else _without_end(value[form])
        if _stands_for(secret) or not _is_secret(read, found, value, secret):
            return None
        start = value.start(form)
        done = start + len(secret)
        return Span(start, done, "PASSWORD" if _PASSWORDS.match(found["name"]) else "SECRET")

    return judged(read.low, _GIVEN, judge, "SECRET", every=True)


def _is_secret(read: Plain, found: "re.Match[str]", value: "re.Match[str]", secret: str) -> bool:
    """Whether what is given to a name is a secret, by the form in which it is given."""
    name, sign = found["name"], found["sign"] or ""
    if found["more"]:
        bare = sign == "=" and _is_upper(read, found) and not _like_code(secret)
        return sign in ("=", ":", ":=", "=>") and _is_sure(secret) and (bool(value["quoted"]) or bare)
    if value["numbers"]:
        return name not in ("token", "session")  # those are words of a model
    if value["quoted"]:
        return _is_converted(value) if value["call"] else _is_quoted(read, found, sign, secret)
    if sign:
        return _as_word(read, found, sign, secret)
    return (_is_weak(name, secret) or _telling(secret)) and not _like_code(secret) and "/" not in secret


def _is_sure(secret: str) -> bool:
    """Whether a value is a secret where its name only holds a word for one: `variableWithPasswordInIt = "azerty123"`."""
    telling = len(secret) >= 6 and _telling(secret) and not re.search(r"[\s/]|^[a-z]+(?:[_.-][a-z0-9]+)+$", secret)
    return telling or (len(secret) >= 12 and secret.isdigit())


def _without_end(value: str) -> str:
    """A word without the signs that end a sentence, an argument or a list behind it."""
    kept = value.rstrip(",;:.)}]") or value[:1]
    return kept + ")" if "(" in kept and value.startswith(")", len(kept)) else kept


def _is_converted(value: "re.Match[str]") -> bool:
    """Whether a text in a call is a secret: one that is converted, or stands for what the environment does not give."""
    secret = value["quoted"]
    if re.search(r"\s|/", secret) or re.fullmatch(r"[a-z]+\d*(?:_[a-z0-9]+)+", secret):
        return False
    if value["default"]:
        return _telling(secret)
    return bool(_CONVERTS.search(value["call"])) and _telling(secret) and not re.fullmatch(r"[A-Z0-9_]+", secret)


def _is_quoted(read: Plain, found: "re.Match[str]", sign: str, secret: str) -> bool:
    """Whether a quoted text after a name is a secret; a variable of the environment is given anything."""
    name = found["name"]
    if sign.endswith("("):
        asked = _ASKS.search(read.low, max(0, found.start() - 16), found.start())
        return not (asked or re.search(r"[\s/]", secret)) and (
            _telling(secret) or _is_weak(name, secret) or _is_digits(secret)
        )
    if _is_upper(read, found) and sign == "=" and len(secret) >= 8 and not re.search(r"\s", secret):
        return True
    return _as_text(secret, sign, name) or (not sign and _is_word(name, secret))


_ASKS: Final = re.compile(r"(?:get|fetch|load|read|find|has|is|by|need|use|delete|remove|create|rotate|describe)[_.]?$")
"""What stands before the name of a secret that is asked for, not given."""


def _is_digits(value: str) -> bool:
    return len(value) >= 6 and value.isdigit()


def _is_upper(read: Plain, found: "re.Match[str]") -> bool:
    return read.text[found.start("name") : found.end("name")].isupper()


def _as_text(secret: str, sign: str, name: str) -> bool:
    """Whether a quoted text after a name is a secret: anything but a sentence, a word of the trade or a template."""
    if re.fullmatch(r"[A-Za-z_][\w.]*\(.*\)", secret):
        return False
    if len(secret) >= 16 and re.search(r"\d", secret) and 4 * len(re.findall(r"[^A-Za-z\s]", secret)) >= len(secret):
        return bool(re.search("[a-z]", secret) and re.search("[A-Z]", secret)) or " " not in secret
    if " " in secret.strip() and not (re.search(r"\d", secret) and len(secret.split()) <= 3):
        return bool(re.fullmatch(r"[a-z]{3,12}(?: [a-z]{3,12}){3,7}", secret) and name.startswith("passphrase"))
    if not sign or sign == ",":
        return _telling(secret) and not re.search(r"\s|/|^[a-z]+\d*(?:_[a-z0-9]+){2,}$", secret)
    if name.startswith("conn"):
        return bool(re.search(r"=|://[^/\s]*@", secret))
    if name in ("key", "auth") or name.startswith("session"):  # those name other things too
        return _telling(secret)
    if name.endswith("key") and not name.startswith("secret") and len(secret) < 8:
        return _telling(secret)
    return len(secret) >= 4 and not re.fullmatch(r"[a-z]{3,9}[_-][a-z_-]+", secret)


def _as_word(read: Plain, found: "re.Match[str]", sign: str, secret: str) -> bool:
    """Whether a bare word after a name and a sign is a secret, and no type, no expression and no number of things."""
    name, end = found["name"], found.end()
    if secret.isdigit():
        return len(secret) >= (6 if _PASSWORDS.match(name) else 12)
    if _like_code(secret) or re.fullmatch(rf"[A-Za-z_]*{re.escape(name)}[!?]?", secret, re.I):
        return False
    tight, upper = not read.low.startswith((" ", "\t"), end), _is_upper(read, found)
    if upper and sign == "=" and tight:
        return len(secret) >= 4 and (name[-3:] != "key" or _telling(secret) or len(secret) >= 16)
    if _telling(secret) or _is_weak(name, secret):
        return True
    if not secret.isalpha() or secret.lower() in _TYPES:
        return False
    if sign.endswith(">"):  # an element, whole
        return True
    if name[-3:] == "key" and "secret" not in name:
        return False
    at = read.low.find(secret.lower(), end) + len(secret)
    lead = read.low[max(0, found.start() - 64) : found.start()].rpartition("\n")[2]
    if not _WHOLE.match(read.low, at):
        return False
    if sign == "=":
        return tight and bool(re.fullmatch(r"\s*(?:[\w-]+\.)*[\w-]*", lead))
    word = not tight or upper or name.startswith("pass")
    return sign == ":" and word and bool(re.fullmatch(r"\s*(?:- )?[\"']?[\w.-]*", lead))


_OF_THE_TRADE: Final = """
string str text bytes any object number integer int boolean bool secretstr optional char varchar uuid buffer void self never
unknown literal read write password passwd secret token required enabled disabled default basic bearer oauth jwt none null true
false undefined nil yes no on off hidden input auto always missing invalid expired empty
"""
_TYPES: Final = frozenset(_OF_THE_TRADE.split())
_TEMPLATE: Final = re.compile(
    r"[$%]?[{(<\[].*|.*(?:\$\{|\{\{|\$\(|<[\w -]+>).*|\$[A-Za-z_]\w*-?|%[A-Za-z_]\w*%|.*(?:\*\*\*|\.\.\.|…|xxxx).*|[xX*.#_-]+"
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
_VERSION: Final = re.compile(r"[~^<>=v ]{0,3}\d{1,5}(?:\.[\dx*]{1,5}){1,3}(?:[-+][\w.]{1,20})?")
_OURS: Final = re.compile(r"\[[A-Z][A-Z_]{1,24}_\d{1,6}\]")


@functools.lru_cache(4096)
def _stands_for(value: str) -> bool:
    """Whether a value only holds a secret's place: a variable, a template, a version, stars, `your-key-here`, one of our own."""
    return bool(_FAKE.fullmatch(value[:200]) or _VERSION.fullmatch(value) or _is_template(value))


def _is_template(value: str) -> bool:
    return bool(_TEMPLATE.fullmatch(value[:200]) or _OURS.search(value))


_LABEL: Final = r"(?:[A-Za-z_]{17,}|[A-Za-z_]\w{0,15})(?!\w)"
"""A part of a dotted name: what is longer and has digits is more likely a key of parts."""


@functools.lru_cache(4096)
def _like_code(value: str) -> bool:
    """Whether a bare word is an expression: a call, an attribute, an index, a path, a format; no attribute is full of digits."""
    if len(re.findall(r"(?:^|\.)\w*\d[A-Za-z]\w*", value)) >= 2:
        return False
    return bool(
        re.match(
            rf"[A-Za-z_][\w.?!]*[(\[{{]|{_LABEL}(?:\.{_LABEL})+[!?]?$|[./~][\w./-]+$|@|&\w|\*\w|!+[A-Za-z_.]*(?:[(\[]|$)|\||[A-Za-z_]\w*(?:::|->)\$?\w",
            value,
        )
    )


def _is_word(name: str, value: str) -> bool:
    """Whether a password that is spoken of or compared with is one at all; a word of the trade is none."""
    return bool(_PASSWORDS.match(name) and re.fullmatch(r"[\w@#$%^&*!-]{4,32}", value)) and value.lower() not in _TYPES


def _is_weak(name: str, value: str) -> bool:
    """Whether a password is a word with a digit behind it; elsewhere that is the name of a variable."""
    return bool(_PASSWORDS.match(name) and re.fullmatch(r"[^\W\d_]{4,}\d", value)) and name not in value.lower()


@functools.lru_cache(4096)
def _telling(value: str) -> bool:
    """Whether a word is none of a language: digits among letters, or marks, or capitals thick within."""
    if len(value) < 4:
        return False
    if len(value) >= 12 and 4 * len(re.findall("[a-z][A-Z]", value)) > len(value):
        return True
    if len(value) >= 17 and value.isalpha() and value.islower():
        return True
    digit, letter = bool(re.search(r"\d", value)), bool(re.search(r"[^\W\d_]", value))
    mark = bool(re.search(r"[!@#$%^&*+=?~]", value))
    if re.fullmatch(r"v?\d+(?:\.\d+)+\w*|\d+(?:[a-z]{1,3}|%)|[A-Za-z_]+\d?", value):
        return False
    return (digit and (letter or mark)) or (mark and letter and len(value) >= 6)


def _mixed(value: str) -> bool:
    return bool(re.search("[a-z]", value) and re.search("[A-Z]", value) and len(value) >= 16)
