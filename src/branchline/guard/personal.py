"""What tells who somebody is: mail addresses, identity cards, payment cards, bank accounts (phone numbers: phones.py)."""

import re
import string
from collections.abc import Iterator
from typing import Final, Literal

from branchline.guard.spans import Plain, Shaped, Span, Words, by_first, judged
from branchline.patterns import late

# --- mail addresses ---------------------------------------------------------------------------------------------------
_LETTERS: Final = r"\w\u0900-\u0963\u0966-\u0e7f"  # `re` takes no vowels of India and Thailand for letters
_LABEL: Final = rf"[{_LETTERS}][{_LETTERS}-]{{0,62}}+(?<!-)"
_AT: Final = late(
    rf"[@＠\[(](?:(?<=[@＠])|at[\])] ?)((?:{_LABEL}(?:[.．]|\s?[\[(]dot[\])]\s?)){{1,8}}(\w[{_LETTERS}-]{{1,23}}))"
)
_LOCAL: Final = late(rf"[*!?=&$#^~]?[{_LETTERS}.+%'-]{{1,64}}")
_LATIN: Final = r"[a-z]{2,24}(?=[\u3000-\u9fff\uac00-\ud7a3])"
_MIXED: Final = r"^.*[\u3000-\u9fff\uac00-\ud7a3](?=[A-Za-z0-9])"
_NOBODY: Final = late(r"(?:git|no-?reply|do-?not-?reply|donotreply)(?:\+.{0,40})?", re.I)
_DOMAINS: Final = """
com org net edu gov mil int info biz name pro museum aero coop jobs mobi travel asia cat tel post app dev cloud tech online
site website store shop blog xyz club live life world agency digital email mail network systems solutions services company
group team work works studio design software engineering academy school health care bank finance money legal law consulting
media news press social space top vip win fun icu art music video games global local localdomain internal intranet corp lan
home private example test invalid eu 中国 中國 公司 网络 香港 台灣 рф 한국 みんな
"""
_ENDS: Final = frozenset(_DOMAINS.split())
_IN_ADDRESS: Final = late(r"://[^\s/]{0,64}$")
_OF_FILES: Final = """
py sh rs md js ts so cc pl ps go rb php css htm html xml json yaml yml toml txt log lock conf cfg ini env png jpg jpeg gif svg
webp ico pdf zip tgz gz tar exe dll jar class java kt swift vue tsx jsx mjs cjs map min service socket target timer mount
slice path scope device swap automount value length name id data shape get set
"""
_FILES: Final = frozenset(_OF_FILES.split())
"""Endings of files and units, and attributes, that might be those of an address; some are codes of countries too."""
_SECOND: Final = late(r"\.(?:com?|ac|or|go|sch|net|org|edu|gov|web)\.\w+$")
_PERSON: Final = late(
    r"(?:[a-z]{1,24}[._][a-z]{2,24}@[a-z-]{4,40}\.(?:rs|md|ps|so|cc)|[a-z][a-z\d._]{2,48}@[a-z-]{4,40}\.(?:pl|id))",
    re.I,
)
"""`ana.kos@firma.rs`: an address of a person in a country whose code is the ending of files too."""


def emails(read: Plain) -> Iterator[Span]:
    """Find mail addresses; not those of nobody (noreply), nor what only looks like one (git@host:path, logo@2x.png)."""
    text = read.text

    def judge(found: "re.Match[str]") -> Span | Literal[False] | None:
        if found[2].isdigit():  # a version
            return None
        before = text[max(0, found.start() - 65) : found.start()].removesuffix(" " if found[0][0] in "[(" else "")
        local = _LOCAL.match(before[::-1])
        if not local:
            return None
        name = re.sub(_MIXED, "", local[0][::-1]).lstrip(".'-%")
        start = max(0, found.start() - 65) + len(before) - len(name)
        end, end_word = found.end(), found[2].lower()
        if end_word not in _ENDS and (latin := re.match(_LATIN, end_word)):  # Chinese goes on without a space
            end, end_word = end - len(end_word) + latin.end(), latin[0]
        someone = end_word not in _FILES or _SECOND.search(found[1]) or _PERSON.fullmatch(name + found[0])
        word = (end_word.isalpha() or not end_word.isascii()) and someone
        known = word or end_word in _ENDS or end_word.startswith("xn--")
        if not name or not known:
            return False
        if _NOBODY.fullmatch(name) or not any(map(str.isalnum, name)):
            return None
        if _IN_ADDRESS.search(before) or re.match(r":[~/\w]", text[end : end + 2]):
            return None
        if text[end : end + 1] == "(":  # a @ b.T(...) is a product of matrices
            return None
        return Span(start, end, "EMAIL")

    return judged(text, _AT, judge, "EMAIL")


# --- numbers with a check digit ---------------------------------------------------------------------------------------
_HKID: Final = late(r"([A-Za-z]{1,2})(\d{6}) ?(?:[(（]([0-9Aa])[)）]|([0-9Aa])(?![A-Za-z0-9]))", re.A)
_HKID_BEGINS: Final = b" a(?=1{6}|a1{6})"
_VALUES: Final = bytes.maketrans((" " + string.digits + string.ascii_uppercase).encode(), bytes((36, *range(36))))
_CARD_OF_HK: Final = late(
    r"hkid|hk id|hkg?\b.{0,12}national ?id|hong kong id|identity (?:card|no|num)|id[ _]?card|身[份分][證证]"
)
_CARD: Final = late(r"\d(?<![\w.-]\d)[ -]?(?:\d[ -]?){11,17}\d(?![\w-]|[.]\d)", re.A)
_NETWORKS: Final = late(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|3(?:0[0-5]|[68]\d)\d{11}|35\d{14}|6(?:011|4[4-9]\d|5\d\d)\d{12}|(?:62|81)\d{14,17}|220[0-4]\d{12,15}"
    r"|(?:50(?:18|20|38)|58(?:68|93)|6304|67(?:59|6[1-3]))\d{8,15}|(?:50|5[6-8]|6\d)\d{14}"
)
_GROUPS: Final = late(
    r"\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}(?:\1\d{1,3})?|\d{4}([ -])\d{6}\2\d{4,5}|\d{13,19}|\d{6}[ -]\d{13}"
)
_DOUBLED: Final = bytes.maketrans(b"0123456789", b"0246813579")
_TRIAL: Final = late(
    by_first(
        (
            r"test(?:(?<=_test)|(?<!\wtest)(?:s|ing)?\b|[ _-]?card)",
            *(rf"{word}(?<!\w{word})\b" for word in ("dummy", "fake", "sample", "sandbox", "测试", "測試")),
        )
    )
)
_IBAN: Final = late(
    r"([a-z]{2}) ?\d\d(?:[a-z0-9]{1,32})?+(?:[ -](?![a-z]{2}\d\d(?:[a-z0-9]{7}|[ -][a-z0-9]{4}[ -]))[a-z0-9]{1,32}){0,10}+",
    re.A,
)
"""Its groups, and words that may follow in capitals, but not the next one: `from DE... to DE...`."""
_IBAN_BEGINS: Final = b" aa(?=11| 11)"
_IBAN_SAID: Final = late("iban")
_BASE_36: Final = {ord(letter): str(int(letter, 36)) for letter in string.ascii_lowercase}
_LENGTHS: Final = {
    "NO": 15, "BE": 16, "DK": 18, "FI": 18, "FO": 18, "GL": 18, "NL": 18, "MK": 19, "SI": 19, "AT": 20, "BA": 20,
    "EE": 20, "KZ": 20, "LT": 20, "LU": 20, "XK": 20, "CH": 21, "CR": 22, "HR": 21, "LI": 21, "LV": 21, "BG": 22,
    "BH": 22, "DE": 22, "GB": 22, "GE": 22, "IE": 22, "ME": 22, "RS": 22, "VA": 22, "AE": 23, "GI": 23, "IL": 23,
    "IQ": 23, "TL": 23, "AD": 24, "CZ": 24, "ES": 24, "MD": 24, "PK": 24, "RO": 24, "SA": 24, "SE": 24, "SK": 24,
    "TN": 24, "VG": 24, "LY": 25, "PT": 25, "ST": 25, "IS": 26, "TR": 26, "FR": 27, "GR": 27, "IT": 27, "MC": 27, "MR": 27,
    "SM": 27, "AL": 28, "AZ": 28, "BY": 28, "CY": 28, "DO": 28, "EG": 29, "GT": 28, "HU": 28, "LB": 28, "PL": 28,
    "SV": 28, "BR": 29, "PS": 29, "QA": 29, "UA": 29, "JO": 30, "KW": 30, "MU": 30, "MT": 31, "SC": 31, "LC": 32,
    "FK": 18, "SD": 18, "MN": 20, "OM": 23, "SO": 23, "AO": 25, "CV": 25, "GW": 25, "MZ": 25, "DZ": 26, "IR": 26,
    "BI": 27, "CF": 27, "CG": 27, "CM": 27, "DJ": 27, "GA": 27, "GQ": 27, "KM": 27, "MG": 27, "TD": 27, "BF": 28,
    "GF": 27, "GP": 27, "MQ": 27, "RE": 27, "PF": 27, "TF": 27, "YT": 27, "NC": 27, "BL": 27, "MF": 27, "PM": 27, "WF": 27,
    "BJ": 28, "CI": 28, "HN": 28, "MA": 28, "ML": 28, "NE": 28, "NI": 28, "SN": 28, "TG": 28, "YE": 30, "RU": 33,
}  # fmt: skip


def identity_cards(read: Plain) -> Iterator[Span]:
    """Find Hong Kong identity card numbers whose check digit is right; without brackets behind a word for such a card."""
    said: Words | None = None

    def judge(found: "re.Match[str]") -> Span | None:
        nonlocal said
        letters, digits, bracketed, bare = found.groups()
        said = Words(read.low, _CARD_OF_HK) if said is None else said
        if not (bracketed or said.any):
            return None
        good = _checked(letters.upper(), digits, bracketed or bare) and (bracketed or said.before(found.end(1), 40))
        return Span(*found.span(), "HKID") if good else None

    return judged(read.text, Shaped(read.text, _HKID_BEGINS, _HKID), judge, "HKID")


def _checked(letters: str, digits: str, check: str) -> bool:
    a, b, c, d, e, f, g, h = (letters.rjust(2) + digits).encode().translate(_VALUES)
    return (9 * a + 8 * b + 7 * c + 6 * d + 5 * e + 4 * f + 3 * g + 2 * h + int(check, 16)) % 11 == 0


def luhn(digits: str) -> bool:
    """Whether a number's last digit is the check digit of Luhn."""
    codes = digits.encode()
    return (sum(codes[-1::-2]) + sum(codes[-2::-2].translate(_DOUBLED)) - len(codes) * ord("0")) % 10 == 0


def cards(read: Plain) -> Iterator[Span]:
    """Find numbers of payment cards: length and beginning of a known network, Luhn, no word like `test` beside them."""
    trials: Words | None = None

    def judge(found: "re.Match[str]") -> Span | None:
        nonlocal trials
        if not _is_card(found[0]):
            return None
        trials = Words(read.low, _TRIAL) if trials is None else trials
        trial = trials.before(found.start(), 60) or _TRIAL.search(read.line(found.end(), 0, 40))
        return None if trial else Span(*found.span(), "CARD")

    return judged(read.text, _CARD, judge, "CARD")


def _is_card(text: str) -> bool:
    digits = text.replace(" ", "").replace("-", "")
    return luhn(digits) and bool(_NETWORKS.fullmatch(digits) and _GROUPS.fullmatch(text))


def accounts(read: Plain) -> Iterator[Span]:
    """Find bank accounts: an IBAN of its country's length whose remainder by 97 is 1; in small letters behind that word."""

    said = Words(read.low, _IBAN_SAID)

    def judge(found: "re.Match[str]") -> Span | None:
        start = found.start()
        country = read.text[start : start + 2]
        named = said.any and said.before(start, 18)
        if not (named or country.isupper()):
            return None
        size = _LENGTHS.get(country.upper(), 34 if named else 0)
        if not size:
            return None
        groups = read.low[start : found.end()].replace("-", " ").split(" ")
        # Words in capitals may follow: take as many groups as the country's length asks for.
        while len(groups) > 1 and sum(map(len, groups)) > size:
            groups.pop()
        flat = "".join(groups)
        good = (len(flat) == size or (named and 15 <= len(flat) <= 34)) and int(
            (flat[4:] + flat[:4]).translate(_BASE_36)
        ) % 97 == 1
        return Span(start, start + len(" ".join(groups)), "IBAN") if good else None

    return judged(read.low, Shaped(read.low, _IBAN_BEGINS, _IBAN), judge, "IBAN")
