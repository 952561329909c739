"""How a value looks that might be a secret: like a word of none, like code, like what only holds a secret's place."""

import functools
import re
from typing import Final

from branchline.guard.spans import by_first
from branchline.patterns import late

PASSWORD_NAMES: Final = (
    "passw(?:or)?d", "passphrase", "passcode", "passwort", "passord", "pass(?<![a-z]pass)", r"pass(?=\s{0,8}[=:])", "pwd",
    "pw(?<![a-z]pw)", "identified by", "kennwort", "contrase[ñn]a", "mot[ _]?de[ _]?passe", r"mdp(?<!\wmdp)", "senha",
    "wachtwoord", "dbpass(?!w)",
    "parol[aeă]", "lösenord", "adgangskode", "salasana", "hasło", "heslo", "geslo", "lozinka", "jelszó", "şifre", "mật khẩu",
    "kata sandi", "пароль", "κωδικός", "סיסמה", "كلمة (?:المرور|السر)", "पासवर्ड", "รหัสผ่าน",
    "密码", "密碼", "口令", "パスワード", "비밀번호",
)  # fmt: skip
PASSWORDS: Final = late(by_first(PASSWORD_NAMES))
"""How the names begin that are words for a password; the others are words for a secret or a key."""
_OF_THE_TRADE: Final = """
string str text bytes any object number integer int boolean bool secretstr optional char varchar uuid buffer void self never
unknown literal read write password passwd secret token required enabled disabled default basic bearer oauth jwt none null true
false undefined nil yes no on off hidden input auto always missing invalid expired empty
"""
TYPES: Final = frozenset(_OF_THE_TRADE.split())
_TEMPLATE: Final = late(r"[$%#]?[{(<\[]|\.\*|(?:\$[A-Za-z_]\w*-?|%[A-Za-z_]\w*%|[xX*.#_-]+)$")
_FILLED: Final = late(r"\$\{|\$\(|\{\{|<[\w -]+>|\*\*\*|\.\.\.|…|xxxx")
"""How a template begins, and what stands anywhere in one."""
_FAKE: Final = late(
    r"(?:(?:your|insert|put|enter|replace|change)[ _-]?|(?:the|a|new|old|user|add|set)[ _-])"
    r"(?:own|me|here|with|it|in)?[ _-]?(?:[^\W_]++[ _-]++)*+"
    r"(?:key|token|secret|password|passwd|value|here|me|this|name|api)s?(?:[ _-]?here)?"
    r"|(?:your|change|replace|generate|insert)[ _-].*|.*[ _-]here|__\w+__"
    r"|(?:string|str|text|include|same-origin|omit|required|optional|password|passwd|secret|token|none|null|nil|true|false|undefined|hidden|invalid|wrong|missing|expired"
    r"|empty|default|current-password|new-password|bearer|basic|jwt|oauth2?|example|sample|dummy|foobar|api[_-]?key|access[_-]token|refresh[_-]token|id[_-]token|client[_-]secret)"
)
_HOLDS: Final = late(
    by_first(
        (
            *(rf"{mark}(?:your|change[_-](?:this|in|before))[_-]" for mark in "_-"), "change[_-]?me", "changeit", "placeholder",
            "redacted", "todo", "fixme", "replace[_-]?(?:me|with)", "to[_-]be[_-]", "not[_-]?set",
        )
    )
)  # fmt: skip
"""What stands anywhere in a word that holds a secret's place; both see it in small letters."""
_VERSION: Final = late(r"[~^<>=v ]{0,3}\d{1,5}(?:\.[\dx*]{1,5}){1,3}(?:[-+][\w.]{1,20})?")
UUID: Final = late(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.I)
OURS: Final = late(r"\[[A-Z][A-Z_]{1,24}_\d{1,6}\]")


@functools.lru_cache(4096)
def stands_for(value: str) -> bool:
    """Whether a value only holds a secret's place: a variable, a template, a version, stars, `your-key-here`, one of our own."""
    low = value[:200].lower()
    return bool(_FAKE.fullmatch(low) or _HOLDS.search(low) or _VERSION.fullmatch(value) or is_template(value))


def is_template(value: str) -> bool:
    """Whether a value is a variable, a template, stars, or one of our own."""
    seen = value[:200]
    return bool(_TEMPLATE.match(seen) or _FILLED.search(seen) or OURS.search(value))


_LABEL: Final = r"(?>[A-Za-z_]{17,}|[A-Za-z_]\w{0,15})(?!\w)"
"""A part of a dotted name: what is longer and has digits is more likely a key of parts."""


@functools.lru_cache(4096)
def like_code(value: str) -> bool:
    """Whether a bare word is an expression: a call, an attribute, an index, a path, a format; no attribute is full of digits."""
    if len(re.findall(r"(?:^|\.)\w*\d[A-Za-z]\w*", value)) >= 2:
        return False
    return bool(
        re.match(
            rf"[A-Za-z_][\w.?!]*[(\[{{]|{_LABEL}(?:\.{_LABEL})+[!?]?$|[./~][\w./-]+$|@|&\w|\*\w|!+[A-Za-z_.]*(?:[(\[]|$)|\||[A-Za-z_]\w*(?:::|->)\$?\w",
            value,
        )
    )


def is_word(name: str, value: str) -> bool:
    """Whether a password that is spoken of or compared with is one at all; a word of the trade is none."""
    return bool(PASSWORDS.match(name) and re.fullmatch(r"[\w@#$%^&*!-]{4,32}", value)) and value.lower() not in TYPES


def is_weak(name: str, value: str) -> bool:
    """Whether a password is a word with a digit behind it; elsewhere that is the name of a variable."""
    return bool(PASSWORDS.match(name) and re.fullmatch(r"[^\W\d_]{4,}\d", value)) and name not in value.lower()


@functools.lru_cache(4096)
def telling(value: str) -> bool:
    """Whether a word is none of a language: digits among letters, or marks, or capitals thick within."""
    if len(value) < 4:
        return False
    if len(value) >= 12 and 4 * len(re.findall("[a-z][A-Z]", value)) > len(value):
        return True
    if len(value) >= 17 and value.isalpha() and value.islower():
        return True
    digit, letter = bool(re.search(r"\d", value)), bool(re.search(r"[^\W\d_]", value))
    mark = bool(re.search(r"[!@#$%^&*+=?~]", value))
    if re.fullmatch(r"v?\d++(?:\.\d++)++\w*|\d+(?:[a-z]{1,3}|%)|[A-Za-z_]+\d?", value):
        return False
    return (digit and (letter or mark)) or (mark and letter and len(value) >= 6)


def of_both_sizes(value: str) -> bool:
    """Whether a word has small letters and capitals."""
    return value.upper() != value != value.lower()
