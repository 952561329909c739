"""Phone numbers: with a country code anywhere, else beside a word such as call, or of the regions the user names."""

import functools
import re
from collections.abc import Iterator, Sequence
from typing import Final

from branchline.guard.spans import Allowance, Plain, Span, Words, by_first, judged
from branchline.patterns import late

_GAP: Final = r"[ \u00a0.\-/‐-–]"
_NUMBER: Final = rf"\(?\d{{1,5}}+\)?(?:{_GAP}{{0,2}}\(?\d{{1,5}}+\)?){{0,7}}"
_CODED: Final = late(
    rf"[+＋0](?<![\w+].)(?:(?<=0)0(?<![.,/-]00)(?<!\d[ -]00)(?=[1-9]\d?[ -])|(?<=[+＋]))(?=[1-9\uff11-\uff19]){_NUMBER}"
)
_DIGIT: Final = rf"(?:{_GAP}?[()]?[ \u00a0.\-‐-–]?\d)"
_RUN: Final = late(rf"\d(?=[\d() \u00a0.\-/‐-–]{{6}})(?<!\d\d)(?:\d{{6,}}+{_DIGIT}*+|{_DIGIT}{{6,}}+)")
_BARE: Final = late(rf"(?<![\w.,:/+-]){_NUMBER}(?![\w]|[.,:]\d)")
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
def _cue(*, ascii: bool) -> re.Pattern[str]:
    """The words beside a number that one calls; few texts have a number that asks for them, and to compile them is dear.

    Those that begin with no letter of ours are a pattern of their own: with fewer beginnings each is found sooner.
    """
    words = (
        *(rf"{noun}s?(?:[ _-]?(?:number|num|no|nr))?(?![a-z])" for noun in _NOUNS),
        *_ASIAN,
        *(rf"{verb}(?![a-z_(\[.])" for verb in _VERBS),
        r"at(?=[ :]{1,2}\(?\d)",
    )
    return re.compile(by_first(word for word in words if word[0].isascii() == ascii))


_VERB: Final = late(by_first(_VERBS))
_LETTER: Final = late("[a-z]")
_NO_PHONE: Final = late(
    r"^/|[{}\[\];<|\\]|(?<![a-z])(?:ids?|counts?|total|sizes?|seed|ms(?!\.)|bytes|port|pid|timeout|limit|max|min|version|lines?|errors?"
    r"|codes?|status|address|offset|step|rows?|page|section|issue|task|width|height|px|in|of|v|until|by|with)(?![a-z])|/\w"
)
_NEXT: Final = late(
    r"(?:\s?[,;/、，|&]\s?\(?|\s(?:or|and|oder|und|ou|et|o|y|или|或|/)\s(?:(?:in|at|on|my|the|home|office|work) ){0,3})"
)
_AFTER_WORDS: Final = "mobile|cell|fax|phone|tel|office|home|work|whatsapp"
_AFTER_WORD: Final = late(_AFTER_WORDS)
_AFTER: Final = late(
    rf"(?:x\d{{1,6}}|,? ext\.? ?\d{{1,6}})?[ -]\(?(?:{_AFTER_WORDS})\)?[^\w\n]{{0,3}}"
    r"(?:$|\n|[,;)]|\s?[-+\d(])"
)
"""A word behind a number that makes it one to call; `12345678 mobile users` is none."""
_NEAR: Final = 16
"""Such a word begins no farther from the number."""
_NO_NUMBER: Final = late(
    r"(?:19|20)\d\d[-./ ]\d{1,2}[-./ ]\d{1,2}\b.*|\d{1,2}[-./]\d{1,2}[-./](?:19|20)\d\d\b.*|\d{1,3}(?:\.\d{1,3}){3}(?:/\d+)?"
    r"|0{4,}\d*|1[4-9]\d{8}|1[4-9]\d{11}|\d+\.\d+"
    r"|(?!\d\d(?:\.\d\d){4}$)\d{1,2}(?:\.\d{1,4}){2,}|(\d)\1{6,}|\d{1,3}(?: ?000){2,}|[1-9]0{6,}"
)
_NO_END: Final = late(r"(?!x\d{1,6}(?!\d))[a-z%_]|[.,:]\d| (?:ms|ns|us|kb|mb|gb|rows|bytes|times|s)\b")
_REACH: Final = late(r"contact|reach|phone|call|ring|answer|text ")
_SHAPED: Final = late(r"\(?\d{2,5}\)?[ .\-/]\(?\d{3,4}\)?(?:[ .\-/]\d{2,4}){0,3}|\d{3,4}[ -]\d{4}|\d{2,4}[ -]\d{6,8}")
CHECKED: Final = 500
"""So many numbers of one text are looked up in the library; what comes after is judged by its shape alone."""


def numbers(read: Plain, regions: Sequence[str] = ()) -> Iterator[Span]:
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
    line, behind, quiet, named, cue, cues = Allowance(low), 0, 0, 0, None, None
    for run in _RUN.finditer(low):
        at = run.start()
        if at < line.gone or (not cue and at < quiet and run.end() < named):
            behind = run.end()
            continue
        if cues is None:
            cues = [Words(low, _cue(ascii=ours), _is_cue) for ours in (True, False) if ours or not low.isascii()]
        if not (cue and _NEXT.fullmatch(low, behind, at)):
            cue = None
            if at >= quiet:
                cue = max(filter(None, (words.before(at, 32) for words in cues)), key=re.Match.end, default=None)
                quiet = at if cue else min(words.quiet for words in cues)
            if cue and (cue.start() < behind or (_kind(cue[0]) != "at" and _says_no(low[cue.end() : at]))):
                cue = None
        behind = run.end()
        if behind >= named + _NEAR:
            after = _AFTER_WORD.search(low, behind)
            named = (after.start() if after else len(low) + _NEAR) - _NEAR
        cue = cue or (behind >= named and _AFTER.match(low, behind)) or None
        if cue and line.over(at):
            yield from line.rest(at, "PHONE")
            continue
        if cue:
            line.take()
        if cue and _fits(read, run[0], at, cue):
            yield _phone(low, at, run[0])
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
