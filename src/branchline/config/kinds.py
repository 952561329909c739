"""What a setting may hold: each kind turns a value of TOML, or a text of the environment, into ours.

A kind takes the value and whether it came as a text (environment, flags), and raises ValueError saying what it must be.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

from branchline.errors import SettingsError
from branchline.model.money import Limit

Kind = Callable[[Any, bool], Any]

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h)\s*")
_AMOUNT: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(usd|\$|tok|ktok|mtok)\s*", re.IGNORECASE)
_MONEY: Final = {"usd": 1.0, "$": 1.0, "tok": 1, "ktok": 1_000, "mtok": 1_000_000}
_YES: Final = frozenset({"true", "yes", "on", "1"})
_NO: Final = frozenset({"false", "no", "off", "0"})


COUNTRIES: Final = (
    "AC AD AE AF AG AI AL AM AO AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BW BY BZ CA "
    "CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR "
    "GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GT GU GW GY HK HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP "
    "KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR "
    "MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PR PS PT PW PY QA RE RO "
    "RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TA TC TD TG TH TJ TK TL TM TN TO TR TT "
    "TV TW TZ UA UG US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW"
)
"""The countries whose phone numbers can be told apart (ISO 3166; `XK` is Kosovo)."""
POLICIES: Final = ("edit", "read-only", "ask")
RULES: Final = ("allow", "deny", "ask")


def duration(value: str | int | float) -> float:
    """Return seconds for `500ms`, `30s`, `10m`, `2h` or a plain number of seconds; raises SettingsError otherwise."""
    try:
        return seconds(value, True)
    except ValueError as error:
        raise SettingsError(f"{value!r} {error}") from None


def seconds(value: Any, _loose: bool) -> float:
    """A length of time."""
    if isinstance(value, str):
        if match := _DURATION.fullmatch(value):
            return float(match[1]) * _UNITS[match[2]]
        if re.fullmatch(r"\d+(?:\.\d+)?", value.strip()):
            return float(value)
    elif isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf"):
        return float(value)
    return _must("be a length of time such as 500ms, 30s, 10m or 2h")


def pause(value: Any, loose: bool) -> float:
    """A length of time of at least a second: who tries again at once, and for ever, pays for it."""
    found = seconds(value, loose)
    return found if found >= 1 else _must("be at least 1s")


def limit(value: Any, _loose: bool) -> Limit:
    """What may be spent: `5usd`, `2Mtok`, `500ktok`, one of each with a comma between, or `none`."""
    if isinstance(value, Limit):
        return value
    found: dict[str, float] = {}
    for part in str(value).split(",") if str(value).strip() != "none" else ():
        match = _AMOUNT.fullmatch(part)
        name = "usd" if match and match[2].lower() in ("usd", "$") else "tokens"
        if match is None or name in found or float(match[1]) > 1e12:
            _must("be an amount such as 5usd, 2Mtok, 500ktok or 5usd,2Mtok, or none")
        found[name] = float(match[1]) * _MONEY[match[2].lower()]
    return Limit(found.get("usd"), int(found["tokens"]) if "tokens" in found else None)


def automatic(kind: Kind) -> Kind:
    """A kind, or `auto`, which is None."""

    def convert(value: Any, loose: bool) -> Any:
        if value in ("auto", None):
            return None
        try:
            return kind(value, loose)
        except ValueError as error:
            raise ValueError(f"{error}, or auto") from None

    return convert


def text(value: Any, _loose: bool) -> str:
    """A text."""
    return value if isinstance(value, str) else _must("be a text")


def url(value: Any, _loose: bool) -> str:
    """The address of a server; a password has no place in it."""
    from urllib.parse import urlsplit

    known = isinstance(value, str) and re.fullmatch(r"https?://[^\s/@?#]+(/[^\s@?#]*)?", value)
    try:
        good = known and urlsplit(value).port != 0
    except ValueError:  # a port or a bracket that is none
        good = False
    return str(value) if good else _must("be the address of a server such as http://127.0.0.1:4096, without password")


def flag(value: Any, loose: bool) -> bool:
    """True or false."""
    if isinstance(value, bool):
        return value
    if loose and str(value).strip().lower() in _YES | _NO:
        return str(value).strip().lower() in _YES
    return _must("be true or false")


def whole(low: int, high: int = 1_000_000) -> Kind:
    """A whole number from `low` to `high`."""

    def convert(value: Any, loose: bool) -> int:
        if loose and isinstance(value, str) and re.fullmatch(r"\s*-?\d{1,15}\s*", value):
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        _must(f"be a whole number from {low} to {high}")

    return convert


def number(low: float, high: float) -> Kind:
    """A number from `low` to `high`."""

    def convert(value: Any, loose: bool) -> float:
        if loose and isinstance(value, str) and re.fullmatch(r"\s*\d+(\.\d+)?\s*", value):
            value = float(value)
        if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
            return float(value)
        _must(f"be a number from {low:g} to {high:g}")

    return convert


def choice(*words: str) -> Kind:
    """One of some words."""

    def convert(value: Any, _loose: bool) -> str:
        return str(value) if value in words else _must(f"be one of {', '.join(filter(None, words))}")

    return convert


def switch(off: str, on: str, *others: str) -> Kind:
    """One of some words, of which `off` may be written as false and `on` as true."""
    every = choice(off, on, *others)

    def convert(value: Any, loose: bool) -> str:
        if isinstance(value, bool) or (loose and str(value).strip().lower() in _YES | _NO):
            return on if flag(value, loose) else off
        return str(every(value, loose))

    return convert


def words(value: Any, loose: bool) -> tuple[str, ...]:
    """A list of texts; in the environment separated by commas or spaces, or a JSON list."""
    if loose and isinstance(value, str):
        value = _json(value) if value.lstrip().startswith("[") else re.split(r"[,\s]+", value.strip(", \t\n"))
    return _texts(value, "be a list of texts")


def countries(value: Any, loose: bool) -> tuple[str, ...]:
    """Codes of COUNTRIES; one that is none would mask nothing and say nothing."""
    found = tuple(code.upper() for code in words(value, loose))
    if not {*found}.issubset(COUNTRIES.split()):
        _must(f"be codes of countries: {COUNTRIES}")
    return found


def numbers(low: int, high: int) -> Kind:
    """A list of whole numbers; in the environment separated by commas or spaces."""
    each = whole(low, high)

    def convert(value: Any, loose: bool) -> tuple[int, ...]:
        if loose and isinstance(value, str):
            value = re.split(r"[,\s]+", value.strip(", \t\n[]"))
        if not isinstance(value, list | tuple):
            _must(f"be a list of whole numbers from {low} to {high}")
        return tuple(each(item, loose) for item in value)

    return convert


def commands(value: Any, _loose: bool) -> tuple[str, ...]:
    """A list of commands for `sh -c`; a single text is one command."""
    if isinstance(value, str):
        value = _json(value) if value.lstrip().startswith('["') else [value] if value.strip() else []
    return _texts(value, "be a command or a list of commands")


def arguments(value: Any, _loose: bool) -> tuple[str, ...]:
    """A program with its arguments; a single text is split as a shell would split it."""
    import shlex

    if isinstance(value, str):
        value = _json(value) if value.lstrip().startswith('["') else shlex.split(value)
    return _texts(value, "be a list: the program and its arguments")


def mapping(kind: Kind | None = None) -> Kind:
    """A table of any names; each value of `kind`, or anything TOML can say."""

    def convert(value: Any, loose: bool) -> dict[str, Any]:
        if loose and isinstance(value, str):
            value = _json(value)
        if not isinstance(value, Mapping):
            _must("be a table")
        return {str(name): _plain(kind(item, loose) if kind else item) for name, item in value.items()}

    return convert


def price(value: Any, loose: bool) -> dict[str, float]:
    """The price of a model in US dollars a million tokens, by kind of token."""
    found: dict[str, float] = mapping(number(0, 1_000_000))(value, loose)
    if not found or found.keys() - {"input", "output", "cache_read", "cache_write"}:
        _must("be numbers for input, output, cache_read and cache_write")
    return found


def permissions(value: Any, loose: bool) -> str | dict[str, Any]:
    """What a role may do: the name of a policy, or allow, deny or ask for each kind of tool."""
    if isinstance(value, str) and value in POLICIES:
        return value
    try:
        told: dict[str, Any] = mapping(choice(*RULES))(value, loose)
    except ValueError:
        _must(f"be {', '.join(POLICIES)}, or a table of {', '.join(RULES)} by kind of tool")
    return told


def _texts(value: Any, words: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        _must(words)
    return tuple(value)


def _plain(value: Any) -> Any:
    """Return a value as JSON can say it: TOML's dates become texts."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, str | int | float | tuple) else str(value)


def _json(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        _must("be JSON where it begins with a bracket")


def _must(words: str) -> NoReturn:
    raise ValueError(f"must {words}")
