"""What tells who somebody is: mail addresses, phone numbers, identity cards, payment cards, bank accounts."""

import functools
import re
import string
from collections.abc import Iterator, Sequence
from operator import mul
from typing import Final

from branchline.guard.spans import Plain, Span, Words, allowance, by_first, judged

# --- mail addresses ---------------------------------------------------------------------------------------------------
_LETTERS: Final = r"\w\u0900-\u0963\u0966-\u0e7f"  # `re` takes no vowels of India and Thailand for letters
_LABEL: Final = rf"[{_LETTERS}](?:[{_LETTERS}-]{{0,62}}[{_LETTERS}])?"
_AT: Final = re.compile(
    rf"[@＠\[(](?:(?<=[@＠])|at[\])] ?)((?:{_LABEL}(?:[.．]|\s?[\[(]dot[\])]\s?)){{1,8}}(\w[{_LETTERS}-]{{1,23}}))"
)
_LOCAL: Final = re.compile(rf"[*!?=&$#^~]?[{_LETTERS}.+%'-]{{1,64}}")
_LATIN: Final = r"[a-z]{2,24}(?=[\u3000-\u9fff\uac00-\ud7a3])"
_MIXED: Final = r"^.*[\u3000-\u9fff\uac00-\ud7a3](?=[A-Za-z0-9])"
_NOBODY: Final = re.compile(r"(?:git|no-?reply|do-?not-?reply|donotreply)(?:\+.{0,40})?", re.I)
_DOMAINS: Final = """
com org net edu gov mil int info biz name pro museum aero coop jobs mobi travel asia cat tel post app dev cloud tech online
site website store shop blog xyz club live life world agency digital email mail network systems solutions services company
group team work works studio design software engineering academy school health care bank finance money legal law consulting
media news press social space top vip win fun icu art music video games global local localdomain internal intranet corp lan
home private example test invalid eu 中国 中國 公司 网络 香港 台灣 рф 한국 みんな
"""
_ENDS: Final = frozenset(_DOMAINS.split())
_IN_ADDRESS: Final = re.compile(r"://[^\s/]{0,64}$")
_OF_FILES: Final = """
py sh rs md js ts so cc pl ps go rb php css htm html xml json yaml yml toml txt log lock conf cfg ini env png jpg jpeg gif svg
webp ico pdf zip tgz gz tar exe dll jar class java kt swift vue tsx jsx mjs cjs map min service socket target timer mount
slice path scope device swap automount value length name id data shape get set
"""
_FILES: Final = frozenset(_OF_FILES.split())
"""Endings of files and units, and attributes, that might be those of an address; some are codes of countries too."""
_SECOND: Final = re.compile(r"\.(?:com?|ac|or|go|sch|net|org|edu|gov|web)\.\w+$")


def emails(read: Plain) -> Iterator[Span]:
    """Find mail addresses; not those of nobody (noreply), nor what only looks like one (git@host:path, logo@2x.png)."""
    text = read.text

    def judge(found: "re.Match[str]") -> Span | None:
        before = text[max(0, found.start() - 65) : found.start()].removesuffix(" " if found[0][0] in "[(" else "")
        local = _LOCAL.match(before[::-1])
        if not local:
            return None
        name = re.sub(_MIXED, "", local[0][::-1]).lstrip(".'-%")
        start = max(0, found.start() - 65) + len(before) - len(name)
        end, end_word = found.end(), found[2].lower()
        if end_word not in _ENDS and (latin := re.match(_LATIN, end_word)):  # Chinese goes on without a space
            end, end_word = end - len(end_word) + latin.end(), latin[0]
        word = (end_word.isalpha() or not end_word.isascii()) and (end_word not in _FILES or _SECOND.search(found[1]))
        known = word or end_word in _ENDS or end_word.startswith("xn--")
        if not name or not known or _NOBODY.fullmatch(name) or not any(map(str.isalnum, name)):
            return None
        if _IN_ADDRESS.search(before) or re.match(r":[~/\w]", text[end : end + 2]):
            return None
        if text[end : end + 1] == "(":  # a @ b.T(...) is a product of matrices
            return None
        return Span(start, end, "EMAIL")

    return judged(text, _AT, judge, "EMAIL")


# --- numbers with a check digit ---------------------------------------------------------------------------------------
_HKID: Final = re.compile(
    r"(?a)\d(?<=[A-Za-z]\d)(?<![A-Za-z0-9]{3}\d)(?<!\d[A-Za-z]\d)\d{5} ?(?:[(（]([0-9Aa])[)）]|([0-9Aa])(?![A-Za-z0-9]))"
)
_VALUES: Final = bytes.maketrans((" " + string.digits + string.ascii_uppercase).encode(), bytes((36, *range(36))))
_CARD_OF_HK: Final = re.compile(
    r"hkid|hk id|hkg?\b.{0,12}national ?id|hong kong id|identity (?:card|no|num)|id[ _]?card|身[份分][證证]"
)
_CARD: Final = re.compile(r"\d(?<![\w.,-]\d)[ -]?(?:\d[ -]?){11,17}\d(?![\w-]|[.,]\d)", re.A)
_NETWORKS: Final = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|3(?:0[0-5]|[68]\d)\d{11}|35\d{14}|6(?:011|4[4-9]\d|5\d\d)\d{12}|(?:62|81)\d{14,17}|220[0-4]\d{12,15}"
    r"|(?:50(?:18|20|38)|58(?:68|93)|6304|67(?:59|6[1-3]))\d{8,15}|(?:50|5[6-8]|6\d)\d{14}"
)
_GROUPS: Final = re.compile(
    r"\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}(?:\1\d{1,3})?|\d{4}([ -])\d{6}\2\d{4,5}|\d{13,19}|\d{6}[ -]\d{13}"
)
_DOUBLED: Final = bytes.maketrans(b"0123456789", b"0246813579")
_TRIAL: Final = re.compile(r"\b(?:test|tests|testing|dummy|fake|sample|sandbox|测试|測試)\b|test[ _-]?card|_test")
_IBAN: Final = re.compile(
    r"(?a)\d(?<=[a-z ]\d)(?:(?<=(?<![a-z0-9])[a-z]{2}\d)|(?<=(?<![a-z0-9])[a-z]{2} \d))\d(?:[ -]?[a-z0-9]{1,32}){1,10}+"
)
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
        bracketed, bare = found.groups()
        said = Words(read.low, _CARD_OF_HK.finditer(read.low)) if said is None else said
        if not (bracketed or said):
            return None
        before = read.text[max(0, found.start() - 2) : found.start()]
        letters = before if before.isascii() and before.isalpha() else before[-1:]
        good = _checked(letters.upper(), found[0][:6], bracketed or bare) and (
            bracketed or said.before(found.start(), 40)
        )
        return Span(found.start() - len(letters), found.end(), "HKID") if good else None

    return judged(read.text, _HKID, judge, "HKID") if _LETTER.search(read.low) else iter(())


def _checked(letters: str, digits: str, check: str) -> bool:
    values = (letters.rjust(2) + digits).encode().translate(_VALUES)
    total: int = sum(map(mul, range(9, 1, -1), values)) + int(check, 16)
    return total % 11 == 0


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
        trials = Words(read.low, _TRIAL.finditer(read.low)) if trials is None else trials
        trial = trials and (trials.before(found.start(), 60) or _TRIAL.search(read.line(found.end(), 0, 40)))
        return None if trial else Span(*found.span(), "CARD")

    return judged(read.text, _CARD, judge, "CARD")


def _is_card(text: str) -> bool:
    digits = text.replace(" ", "").replace("-", "")
    return luhn(digits) and bool(_NETWORKS.fullmatch(digits) and _GROUPS.fullmatch(text))


def accounts(read: Plain) -> Iterator[Span]:
    """Find bank accounts: an IBAN of its country's length whose remainder by 97 is 1; in small letters behind that word."""

    def judge(found: "re.Match[str]") -> Span | None:
        named = "iban" in read.line(found.start(), 24, 0)
        start = found.start() - 2 - (read.low[found.start() - 1] == " ")
        country = read.text[start : start + 2]
        size = _LENGTHS.get(country.upper(), 34 if named else 0)
        if not size or not (named or country.isupper()):
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

    return judged(read.low, _IBAN, judge, "IBAN") if _LETTER.search(read.low) else iter(())


# --- phone numbers ----------------------------------------------------------------------------------------------------
_GAP: Final = r"[ \u00a0.\-/‐-–]"
_NUMBER: Final = rf"\(?\d{{1,5}}\)?(?:{_GAP}{{0,2}}\(?\d{{1,5}}\)?){{0,7}}"
_CODED: Final = re.compile(
    rf"(?:[+＋](?<![\w+][+＋])|00(?<![\w+.,/-]00)(?<!\d[ -]00)(?=[1-9]\d?[ -]))(?=[1-9\uff11-\uff19]){_NUMBER}"
)
_RUN: Final = re.compile(rf"\d(?<!\d\d)(?:{_GAP}?[()]?[ \u00a0.\-‐-–]?\d){{6,}}+")
_BARE: Final = re.compile(rf"(?<![\w.,:/+-]){_NUMBER}(?![\w]|[.,:]\d)")
_NOUNS: Final = (
    "tele?phone", "phone", "tel", "mobile", "cell(?:phone)?", "fax", "hotline", "landline", "whats ?app", "signal", "sms",
    "wechat", "viber", "imessage", "ring", "telefon(?:nummer|o|e|um)?", "handy(?:nummer)?", "mobil(?:nummer|telefon)?",
    "rufnummer", "durchwahl", "t[ée]l[ée]phone", "t[ée]l", "portable", "tel[ée]fono", "m[óo]vil", "celular", "telefone",
    "telem[óo]vel",    "cellulare", "телефон", "тел", "моб(?:ильный)?", "telefoon", "puhelin", "telepon", "điện thoại", "sđt",
    "số điện thoại",    "โทร", "هاتف", "جوال", "फ़ोन", "फोन",
)  # fmt: skip
_VERBS: Final = (
    *(f"{whose} (?:[a-z]{{2,12}} )?number(?: is)?" for whose in ("my", "our", "his", "her", "their", "your")),
    "call(?: me| us| him| her| them)?", "contact", "dial", "text", "reach", "call ?back", "ring up",
    "phone up", "rufen sie", "anrufen", "ruf",
    "appelez", "appeler", "joindre", "llam[ae]r?", "llamar", "ligue", r"ligar", r"chiam[aio]\w{0,3}", r"звон\w{1,6}",
    r"позвон\w{1,6}", "bel", "zadzwoń", "dzwoń", "soita", "gọi", "hubungi", "اتصل", "kontakt", "contacto", "contato", "contatto",
)  # fmt: skip
_ASIAN: Final = (
    "电话", "電話", "手机", "手機", "手提", "致电", "致電", "来电", "來電", "联系", "聯絡", "聯繫", "联络", "热线", "熱線",
    "传真", "傳真", "拨打", "撥打", "座机", "微信", "携帯", "連絡先",
    "お問い合わせ", "전화", "연락처", "휴대폰",
    "핸드폰", "팩스", "문의",
)  # fmt: skip


@functools.cache
def _cue() -> re.Pattern[str]:
    """The words beside a number that one calls; few texts have a number that asks for them, and to compile them is dear."""
    return re.compile(
        by_first(
            (
                *(rf"{noun}s?(?:[ _-]?(?:number|num|no|nr))?(?![a-z])" for noun in _NOUNS),
                *_ASIAN,
                *(rf"{verb}(?![a-z_(\[.])" for verb in _VERBS),
                r"at(?=[ :]{1,2}\(?\d)",
            )
        )
    )


_VERB: Final = re.compile(by_first(_VERBS))
_LETTER: Final = re.compile("[a-z]")
_NO_PHONE: Final = re.compile(
    r"^/|[{}\[\];<|\\]|(?<![a-z])(?:ids?|counts?|total|sizes?|seed|ms|bytes|port|pid|timeout|limit|max|min|version|lines?|errors?"
    r"|codes?|status|address|offset|step|rows?|page|section|issue|task|width|height|px|in|of|v|until|by|with)(?![a-z])|/\w"
)
_NEXT: Final = re.compile(
    r"(?:\s?[,;/、，|&]\s?\(?|\s(?:or|and|oder|und|ou|et|o|y|или|或|/)\s(?:(?:in|at|on|my|the|home|office|work) ){0,3})"
)
_AFTER_WORD: Final = re.compile("mobile|cell|fax|phone|tel|office|home|work|whatsapp")
_AFTER: Final = re.compile(
    rf"(?:x\d{{1,6}}|,? ext\.? ?\d{{1,6}})?[ -]\(?(?:{_AFTER_WORD.pattern})\)?[^\w\n]{{0,3}}"
    r"(?:$|\n|[,;)]|\s?[-+\d(])"
)
"""A word behind a number that makes it one to call; `12345678 mobile users` is none."""
_NO_NUMBER: Final = re.compile(
    r"(?:19|20)\d\d[-./ ]\d{1,2}[-./ ]\d{1,2}\b.*|\d{1,2}[-./]\d{1,2}[-./](?:19|20)\d\d\b.*|\d{1,3}(?:\.\d{1,3}){3}(?:/\d+)?"
    r"|0{4,}\d*|1[4-9]\d{8}|1[4-9]\d{11}|\d+\.\d+"
    r"|(?!\d\d(?:\.\d\d){4}$)\d{1,2}(?:\.\d{1,4}){2,}|(\d)\1{6,}|\d{1,3}(?: ?000){2,}|[1-9]0{6,}"
)
_NO_END: Final = re.compile(r"(?!x\d{1,6}(?!\d))[a-z%_]|[.,:]\d| (?:ms|ns|us|kb|mb|gb|rows|bytes|times|s)\b")
_REACH: Final = re.compile(r"contact|reach|phone|call|ring|answer|text ")
_SHAPED: Final = re.compile(
    r"\(?\d{2,5}\)?[ .\-/]\(?\d{3,4}\)?(?:[ .\-/]\d{2,4}){0,3}|\d{3,4}[ -]\d{4}|\d{2,4}[ -]\d{6,8}"
)
CHECKED: Final = 500
"""So many numbers of one text are looked up in the library; what comes after is judged by its shape alone."""


def phones(read: Plain, regions: Sequence[str] = ()) -> Iterator[Span]:
    """Find phone numbers: with a country code anywhere, else beside a word such as call, or of one of the regions."""
    yield from _coded(read)
    yield from _beside_words(read)
    if regions:
        yield from _of_regions(read, regions)


def _coded(read: Plain) -> Iterator[Span]:
    left = CHECKED

    def judge(found: "re.Match[str]") -> Span | None:
        nonlocal left
        left -= 1
        text, within = _trimmed(found[0]), read.text[found.start() - 1 : found.start()] not in ("", "\n")
        good = _is_coded(text, looked_up=left >= 0, within=within)
        return _phone(read.text, found.start(), text) if good else None

    return judged(read.text, _CODED, judge, "PHONE", every=True)


@functools.lru_cache(4096)
def _is_coded(text: str, *, looked_up: bool, within: bool) -> bool:
    """Whether a number with a country code can be one: `+12345678` alone might as well be a sum, and a longer one that
    begins a line a line of a difference.
    """
    digits = "".join(filter(str.isdigit, text))
    written = "+" + digits.removeprefix("00")
    if not 9 <= len(written) <= 16 or (digits == text[1:] and len(digits) <= 8):
        return False
    return _possible(written, within) if looked_up else True


def _phone(text: str, start: int, number: str) -> Span:
    """The place of a number, with the bracket that it closes."""
    opened = ")" in number and number.count(")") > number.count("(") and text[start - 1 : start] == "("
    return Span(start - opened, start + len(number), "PHONE")


@functools.lru_cache(4096)
def _trimmed(text: str) -> str:
    """A number without what stands behind its last digit, unless that closes a bracket of its own."""
    text = text.rstrip(" .-/\u00a0‐–")
    return text[:-1] if text.endswith(")") and text.count("(") < text.count(")") else text


def _possible(written: str, any_length: bool) -> bool:
    import phonenumbers

    try:
        number = phonenumbers.parse(written.replace("(0)", ""), None)
    except phonenumbers.NumberParseException:  # no country has this code
        return False
    reason = phonenumbers.is_possible_number_with_reason(number)
    possible: int = phonenumbers.ValidationResult.IS_POSSIBLE
    return any_length or reason == possible


def _beside_words(read: Plain) -> Iterator[Span]:
    """Look before each number, back to the one before it, for the word that makes it one to call."""
    low = read.low
    behind, cue, cues, end, left = 0, None, None, 0, 0
    for run in _RUN.finditer(low):
        if cues is None:
            cues = Words(low, filter(_is_cue, _cue().finditer(low)))
            if not cues and not _AFTER_WORD.search(low):
                return
        if run.start() >= end:
            end, left = allowance(low, run.start())
        elif left < 0:
            continue
        if not (cue and _NEXT.fullmatch(low, behind, run.start())):
            cue = cues.before(run.start(), 32)
            if cue and (cue.start() < behind or (_kind(cue[0]) != "at" and _says_no(low[cue.end() : run.start()]))):
                cue = None
        behind = run.end()
        cue = cue or _AFTER.match(low, behind)
        if cue and not left:  # as in `judged`: the rest of the line goes as one
            yield Span(run.start(), end, "PHONE")
            behind, left = end, -1
            continue
        left -= bool(cue)
        if cue and _fits(read, run[0], run.start(), cue):
            yield _phone(low, run.start(), run[0])
        else:
            cue = None


@functools.lru_cache(256)
def _kind(word: str) -> str:
    """What kind of word it is that stands beside a number."""
    if word == "at" or word in _ASIAN:
        return "at" if word == "at" else "asian"
    return "verb" if _VERB.fullmatch(word) else "noun"


def _is_cue(found: "re.Match[str]") -> bool:
    """Whether a word is one of its own, and no end of a longer one; Chinese has no spaces between words."""
    before = found.string[found.start() - 1 : found.start()]
    kind = _kind(found[0])
    return kind == "asian" or not (_LETTER.match(before) or (kind == "verb" and before in ("_", ".")))


@functools.lru_cache(4096)
def _says_no(between: str) -> bool:
    """Whether what stands between a word and a number says that it is none to call."""
    return bool(_NO_PHONE.search(between.replace("/>", "").replace('"', "")))


@functools.lru_cache(4096)
def _shape(text: str) -> tuple[int, bool]:
    """How many digits a number has, 0 when it is a date, a version, a time or a round sum; whether it is in groups."""
    digits = 0 if _NO_NUMBER.fullmatch(text) else sum(map(str.isdigit, text))
    return (digits if 7 <= digits <= 15 else 0), bool(_SHAPED.fullmatch(text))


def _fits(read: Plain, text: str, at: int, cue: "re.Match[str]") -> bool:
    """Whether a number beside a word is one to call: verbs and `at` ask for more than nouns do."""
    digits, grouped = _shape(text)
    if not digits or _NO_END.match(read.low, at + len(text)):
        return False
    kind = _kind(cue[0])
    if kind in ("noun", "asian"):
        return True
    if kind == "verb":
        return digits >= 8 or grouped
    return grouped or (digits == len(text) >= 8 and bool(_REACH.search(read.line(at, 60, 0))))


def _of_regions(read: Plain, regions: Sequence[str]) -> Iterator[Span]:
    import phonenumbers

    left = CHECKED
    for found in _BARE.finditer(read.text):
        text = _trimmed(found[0])
        if not _shape(text)[0]:
            continue
        left -= 1
        for region in regions:
            try:
                valid = left < 0 or phonenumbers.is_valid_number(phonenumbers.parse(text, region.upper()))
            except phonenumbers.NumberParseException:
                valid = False
            if valid:
                yield Span(found.start(), found.start() + len(text), "PHONE")
                break
