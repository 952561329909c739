"""Secrets that are given to a name: `password = "x"`, in any of the usual notations and languages."""

import re
from collections.abc import Iterator
from string import ascii_letters, whitespace
from typing import Final

from branchline.guard.spans import Plain, Span, by_first, judged
from branchline.guard.values import (
    PASSWORD_NAMES,
    PASSWORDS,
    TYPES,
    UUID,
    is_template,
    is_weak,
    is_word,
    like_code,
    of_both_sizes,
    stands_for,
    telling,
)
from branchline.patterns import late

_NAMES: Final = (
    *PASSWORD_NAMES,
    r"auth(?:(?<=[\"']auth)|(?<=[\"']_auth))(?=\\?[\"'])", r"auth(?<![a-z-]auth)(?=(?:\sas\sstring)?\s?=)",
    r"jwt(?=[\"']?\s?[=:])",
    "secret[ _-]?access[ ._-]?key", "secret[ ._-]?key", "secreto", "secret", "token(?!iz)(?<!keytoken)",
    "credentials?(?![_-]?id)", "conn(?:ection)?[_-]?str(?:ing)?", "webhook[_-]url", "dockerc(?:fg|onfigjson)",
    "session(?:[_-]?id)?",
    "api[ ._-]?key", "access[ ._-]?key", "auth(?:entication)?[ ._-]?key", "activation[ ._-]?key", "account[ ._-]?key",
    "aes[ ._-]?key", "private[ ._-]?key", "pkey", "signing[ ._-]?key", "sign[ ._-]?key", "shared[ ._-]?key", "session[ ._-]?key",
    "service[ ._-]?key", "ssh[ ._-]?key", "encryption[ ._-]?key", "master[ ._-]?key", "license[ ._-]?key", "deploy[ ._-]?key",
    "crypt[ ._-]?key", "cipher[ ._-]?key", "consumer[ ._-]?key", "hmac[ ._-]?key",
    "key(?<=[a-z0-9]_key)(?<!public_key)(?<!cache_key)",
    "key(?<=[a-z0-9]-key)(?<!public-key)(?<!cache-key)", "schlüssel",
    "cl[ée][ _]api", "clé", "clave", "chiave", "chave", "sleutel", "jeton", "geheimnis",
    "segreto", "ключ", "токен", "トークン", "キー", "토큰", "密钥", "密鑰", "令牌",
)  # fmt: skip
"""Each begins with a character of its own, so that most places of a text are passed over at once."""
_SUFFIX: Final = r"(?:[_-]?(?:value|prod|dev|live|staging|test|base64|b64|id|[0-9]{1,2}))?+"
_TYPE: Final = (
    r"(?:[^\S\n]{0,4}+:?+[^\S\n]{0,4}+(?:&|as\s)?(?:string|str|text|secretstr|\[\d{0,4}\])(?=[^\S\n]{0,4}=))?+"
)
_SIGN: Final = (
    r"(?:or|\|\||\?\?|\?:)(?=\s?[\"'`])|:{1,3}=|[?.+|]{1,2}=|=>|%3d|<-(?=\s?[\"'])|:[^\S\n]?[|>][+-]?\n[ \t]{1,40}"
    r"|:-(?=[\w\[])|[=:：]|,(?=\s{0,12}[\"'])"
)
_NEAR: Final = (
    r"(?<=[\"'])[^\S\n](?:value|default|content)=|(?<=\")\s?\{\s{1,20}default\s{0,8}=|,?\s{1,40}[\"']?value[\"']?\s?:"
    r"|(?:(?<=credential)|(?<=credentials))\s?\(\s?(?:[\"'][^\"'\n]{1,64}[\"']\s?,\s?){1,2}"
    r"|(?<=\w)(?:\.equals(?:ignorecase)?)?\(\s?(?=\\?[\"'])"
    r"|(?:\s[\w:.-]{1,32}+=[^<>\n]{0,64}+)?>(?=\s{0,2}[^<>\s]{3,256}\s{0,2}</)"
)
"""Signs that say where they stand: right behind the name, or with spaces of their own."""
_MARK: Final = (
    rf"(?:\\?[\"'\])*]){{0,2}}(?:(?P<near>{_NEAR})(?!=)"
    rf"|[^\S\n]{{0,40}}+(?:(?P<sign>{_SIGN})(?!=)|(?:[!=]={{1,2}}\s?|-[^\S\n])(?=[\"'`])))"
)
_MAY_MARK: Final = (
    r"(?=[\\\"'\])*,{(.>o|?:+%=<：!-]|\s(?:\s{0,39}+[\"'v,(.o|?:+%=<：!-]|[\w:.-]{1,32}+=))(?![^\S\n]{0,40}+-\S)"
)
"""How a mark begins; most names are followed by nothing of the kind, which is seen sooner than that none of them matches."""
_FOR: Final = r"(?:[^\S\n](?:for|für|pour|para|per|для)(?:[^\S\n][\w.@%'\"-]{1,40}+){1,3}?)?"
_SAID: Final = (
    rf"{_FOR}[^\S\n]{{1,4}}(?:is|was|to|ist|lautet|est|es|é|è|são|—|–)[:=]?(?=\s)|\s?[是係为為は는은][:：]?(?=\s?[!-~]{{4}})"
    r"|>(?:\n[ \t]{1,40})?(?=[^<>\s])|[^\S\n](?=[\"'`]?[!-/:-~]{0,40}+[0-9])"
)
_GIVEN: Final = late(
    rf"(?P<name>{by_first(_NAMES)})(?=[^\u3400-\u9fff]|[是係为為]){_SUFFIX}(?P<more>[a-z0-9_]{{1,24}}+)?+(?!-\S|[a-np-z0-9_])"
    rf"{_TYPE}(?:{_MAY_MARK}{_MARK}|{_SAID})"
)
"""A name, as the end of a longer one or with `more` behind it, and what leads from it to its value; a comparison has no
sign, and gives less."""
_OF_VALUE: Final = r"(?-i:[^\s\"'`<>;&\u3000-\u9fff\uac00-\ud7a3\uff00-\uffef])"
"""It holds each letter in both cases or in none: to find that out takes the compiler 4 ms for each such class."""
_VALUE: Final = late(
    r"[^\S\n]{0,40}(?:"
    r"(?P<call>(?:new\s)?[\w.\[\]]{1,40}\((?P<default>[\"'][\w.-]{1,64}[\"'],\s?)?|\()?[bfru]{0,2}"
    r"(?P<quote>\\?[\"'`]|&quot;|&#3[49];)(?P<quoted>(?:[^\\\n\"'`&]|(?!(?P=quote))(?:[\"'`&]|\\.)){3,1024}+)(?P=quote)"
    r"|[\w\[\]]{0,16}[\[{(]\s?(?P<numbers>(?:(?:0x[0-9a-f]{1,2}|\d{1,3}),\s{0,12}){7,255}(?:0x[0-9a-f]{1,2}|\d{1,3}))"
    rf"|[\"']?(?P<word>{_OF_VALUE}{{3,1024}}(?:[;&](?![\w.-]{{1,40}}=){_OF_VALUE}{{0,1024}}){{0,8}}))",
    re.I,
)
"""What may be given to a name: a text, on which something may be called; the bytes of a key, one by one; a bare word."""
_WHOLE: Final = late(r"[ \t\r]{0,8}(?:#[^\n]*)?(?:\n|$)")
_CONVERTS: Final = late(r"(?:decode|encode|bytes?|string|from|hex|spec|text)\w{0,8}\(|^\($", re.I)


def assigned(read: Plain) -> Iterator[Span]:
    """Find values that are given to a name such as password, token or API key, in any of the usual notations."""
    done = 0

    def judge(found: "re.Match[str]") -> Span | None:
        nonlocal done
        begins = found.end() >= done and not _is_inside(read, found)
        value = _VALUE.match(read.text, found.end()) if begins else None
        if not value:
            return None
        form = value.lastgroup or ""
        secret = value[form] if form != "word" else _without_end(value[form])
        if (
            (stands_for(secret) or stands_for(value[form])) and not _is_poor(read, found, form, secret)
        ) or not _is_secret(read, found, value, secret):
            return None
        start = value.start(form)
        done = start + len(secret)
        return Span(start, done, "PASSWORD" if PASSWORDS.match(found["name"]) else "SECRET")

    return judged(read.low, _GIVEN, judge, "SECRET", every=True)


_CLOSES: Final = late(r"</[\w:.-]{0,36}$")
"""What stands before the name in the end of an element, whose value is over: `</DbPassword>`."""
_OURS: Final = late(r"[A-Z_]{3,24}_\d{1,6}\]")


def _is_inside(read: Plain, found: "re.Match[str]") -> bool:
    """Whether a name is only the end of another word, as in `compass` but not in `dbPass`, of an element, or one of ours."""
    start = found.start()
    before = read.low[start - 1 : start]
    ends = before.isalpha() and found["name"] == "pass" and read.text[start] == "p"
    closes = ">" in found[0] and _CLOSES.search(read.low, max(0, start - 40), start)
    return ends or bool(closes or _OURS.match(read.text, start))


_PLACE: Final = late(
    r"change|replace|(?:your|set|enter|put|insert|add|the|a|new|to)(?![a-z])|(?:null|none|nil|true|false|undefined)$",
    re.I,
)


def _is_poor(read: Plain, found: "re.Match[str]", form: str, secret: str) -> bool:
    """Whether a text that elsewhere holds a secret's place is a poor password: `DB_PASSWORD=db_password`."""
    if found["more"] or found["sign"] not in ("=", ":") or not PASSWORDS.match(found["name"]):
        return False
    if _is_upper(read, found):
        return not (is_template(secret) or _PLACE.match(secret))
    return form == "quoted" and secret in ("secret", "password", "admin", "test")


def _is_secret(read: Plain, found: "re.Match[str]", value: "re.Match[str]", secret: str) -> bool:
    """Whether what is given to a name is a secret, by the form in which it is given."""
    name, sign = found["name"], found["sign"] or found["near"] or ""
    if found["more"] and _KINDS.search(found["more"]):
        return False
    if found["more"] and not _NAMED.search(found["more"]):
        if not value["quoted"]:
            return sign == "=" and _is_upper(read, found) and _is_sure(secret) and not like_code(secret)
        word = sign == "=" and bool(PASSWORDS.match(name) and re.fullmatch(r"[A-Za-z]{5,32}\d{0,4}", secret))
        return sign in ("=", "+=", ":", ":=", "=>") and (word or _is_sure(secret))
    if value["numbers"]:
        return name not in ("token", "session")  # those are words of a model
    if value["quoted"]:
        return _is_converted(value) if value["call"] else _is_quoted(read, found, sign, secret)
    if sign:
        return _as_word(read, found, sign, secret)
    return (
        (is_weak(name, secret) or telling(secret))
        and not (like_code(secret) or UUID.fullmatch(secret))
        and ("/" not in secret or bool(re.fullmatch(r"[A-Za-z0-9+/]{40}", secret)))
    )


_NAMED: Final = late(r"(?:token|key|secret|passw(?:or)?d|pwd|credentials?)$")
"""How what stands behind a name for a secret ends when it is one itself: `secret_token`."""
_KINDS: Final = late(r"_(?:type|kind|alg(?:o|orithm)?|hash(?:er|ing)?|format|scheme|curve|mode)$")
"""How it ends when the value is the kind of a secret and none itself: `SSH_KEY_TYPE=ed25519`."""


def _is_sure(secret: str) -> bool:
    """Whether a value is a secret where its name only holds a word for one: `variableWithPasswordInIt = "azerty123"`."""
    told = len(secret) >= 6 and telling(secret) and not re.search(r"[\s/]|^[a-z]+(?:[_.-][a-z0-9]+)+$", secret)
    return told or (len(secret) >= 12 and secret.isdigit())


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
        return telling(secret)
    return bool(_CONVERTS.search(value["call"])) and telling(secret) and not re.fullmatch(r"[A-Z0-9_]+", secret)


def _is_quoted(read: Plain, found: "re.Match[str]", sign: str, secret: str) -> bool:
    """Whether a quoted text after a name is a secret; a variable of the environment is given anything."""
    name = found["name"]
    if sign.endswith("("):
        asked = _ASKS.search(read.low, max(0, found.start() - 16), found.start())
        return not (asked or re.search(r"[\s/]", secret)) and (
            telling(secret) or is_weak(name, secret) or _is_digits(secret)
        )
    if _is_upper(read, found) and sign == "=" and len(secret) >= 8 and not re.search(r"\s", secret):
        return True
    return _as_text(secret, sign, name) or (not sign and is_word(name, secret))


_ASKS: Final = late(r"(?:get|fetch|load|read|find|has|is|by|need|use|delete|remove|create|rotate|describe)[_.]?$")
"""What stands before the name of a secret that is asked for, not given."""


def _is_digits(value: str) -> bool:
    return len(value) >= 6 and value.isdigit()


def _is_upper(read: Plain, found: "re.Match[str]") -> bool:
    return read.text[found.start("name") : found.end("name")].isupper()


_DOTTED: Final = late(r"(?=.*\d)[A-Za-z0-9]+\.[A-Za-z0-9]+")
"""`DB_PASS=sard1nha.Azul` in a shell; no attribute of code is called so."""
_TRIED: Final = late(
    r"^(?:test|new|tok|safe|temporary|dev|fake|real|live|prod|secret|valid)[_-]|-(?:secret|token|key|value)$"
)
"""How a secret of a test begins or ends; else parts of small letters name something."""


_NO_MARKS: Final = (ascii_letters + whitespace).encode()


def _as_text(secret: str, sign: str, name: str) -> bool:
    """Whether a quoted text after a name is a secret: anything but a sentence, a word of the trade or a template."""
    if secret.endswith(")") and re.match(r"[A-Za-z_][\w.]*\(", secret):
        return False
    marks = secret.encode("ascii", "replace").translate(None, _NO_MARKS)
    if len(secret) >= 16 and re.search(r"\d", secret) and 4 * len(marks) >= len(secret):
        return of_both_sizes(secret) or " " not in secret
    if " " in secret.strip() and not (re.search(r"\d", secret) and len(secret.split()) <= 3):
        return bool(re.fullmatch(r"[a-z]{3,12}(?: [a-z]{3,12}){3,7}", secret) and name.startswith("passphrase"))
    if not sign or sign == ",":
        return telling(secret) and not re.search(r"\s|/|^[a-z]+\d*(?:_[a-z0-9]+){2,}$", secret)
    if name.startswith("conn"):
        return bool(re.search(r"=|://[^/\s]*@", secret))
    if name in ("key", "auth") or name.startswith("session"):  # those name other things too
        return telling(secret)
    if name.endswith("key") and not name.startswith(("secret", "api")) and len(secret) < 8:
        return telling(secret)
    named = not PASSWORDS.match(name) and re.fullmatch(r"[a-z]{3,9}[_-][a-z_-]+", secret) and not _TRIED.search(secret)
    return len(secret) >= 4 and not named


def _as_word(read: Plain, found: "re.Match[str]", sign: str, secret: str) -> bool:
    """Whether a bare word after a name and a sign is a secret, and no type, no expression and no number of things."""
    name, end = found["name"], found.end()
    if secret.isdigit():
        return len(secret) >= (6 if PASSWORDS.match(name) else 12)
    tight, upper = not read.low.startswith((" ", "\t"), end), _is_upper(read, found)
    if like_code(secret) and not (
        upper and tight and sign == "=" and _DOTTED.fullmatch(secret) and PASSWORDS.match(name)
    ):
        return False
    if upper and sign in (":", ":-") and PASSWORDS.match(name) and len(name) > 4:  # `PASS: it works` is a verdict
        return True
    if upper and sign == "=" and tight:
        sure = name[-3:] != "key" or name.startswith(("secret", "api")) or telling(secret) or len(secret) >= 16
        return sure and (len(secret) >= 4 or bool(PASSWORDS.match(name)))
    if re.fullmatch(rf"[A-Za-z_]*{re.escape(name)}[!?]?", secret, re.I):
        return False
    if telling(secret) or is_weak(name, secret):
        return True
    if not secret.isalpha() or secret.lower() in TYPES:
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
