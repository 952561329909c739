"""What a heading is: the class of its section by its words, and whether it names a task or a phase."""

import re
from functools import lru_cache
from typing import NamedTuple

from branchline.planfile import words
from branchline.planfile.blocks import REMEMBERED
from branchline.planfile.numerals import WORDS, counted, numbered

PRECEDENCE = ("CRITERIA", "ORDER", "NONTASK", "FUTURE", "DECLINED", "WIP", "DONE", "BACKLOG", "TASK")
STATE_OF = {"DONE": "done", "WIP": "wip", "BACKLOG": "open", "DECLINED": "declined", "FUTURE": "deferred"}
_OUTLINE = re.compile(r"\s*\d{1,3}(?:\.\d{1,3}){0,3}[.):]?\s+")
WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
SPACELESS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
PAREN = re.compile(r"[(（\[][^()（）\[\]]{0,80}[)）\]]")
_FRACTION = re.compile(r"/\d")
MAX_NAME_WORDS = {"NONTASK": 9}
"""A heading of more words (5 for the other classes) is a sentence, and one word of it names no section."""
MAX_TITLE = 16
"""A title of more characters says more than `TODO`."""
LAST = "final"
"""The number of a phase that is called the last one and has none."""
_JOINED = re.compile(r"\s(?:&|\+|and|und|et|y|e|и|і|та|và)\s")
_BESIDE = re.compile(rf"{_JOINED.pattern}|\s?/\s?")
_ACTIONS = tuple(verb for verb in words.ACTIONS if SPACELESS.search(verb))
_KEYCAP = re.compile(r"^\W{0,4}?((?:\d\ufe0f?\u20e3){1,2}|\U0001f51f|[\u2460-\u2473])(?!\s?[-–—~])[.:)]?\s*")
"""`1️⃣ Draw it` and `① Draw it` count as `1. Draw it` does."""
_TOLD_OF = re.compile(
    r"(?:の|的|의 )(?:対象|概要|範囲|背景|目的|結果|目标|目標|概述|总结|說明|说明|范围|背景|结果|개요|범위|목적|목표|결과)"
)
"""`フェーズ1の概要` tells of the phase, whose tasks stand elsewhere."""
_LEADING = re.compile(r"^(?:\[[ xX~>-]\]|[^\w`\[(])+")
_MARKED = re.compile(
    r"^([^\W\d_]{0,12}[ -]?\d{1,4}(?:[.-]\d{1,4}){0,3})\s?"
    rf"(?:[{''.join((*words.DONE_MARKS, *words.WIP_MARKS, *words.OPEN_MARKS))}]\ufe0f?)+(?=[\s:：–—-])"
)
"""A mark of a state between what a heading is called and its title: `T1 ✅ — Draw`."""


class Head(NamedTuple):
    """What a heading says: `role` is task, step, phase, version, dotted, numbered or empty."""

    role: str
    key: str
    number: str
    title: str
    id: str = ""


def _phrases(entries: tuple[str, ...]) -> tuple[frozenset[tuple[str, ...]], tuple[str, ...]]:
    spaced: set[tuple[str, ...]] = set()
    spaceless: list[str] = []
    for entry in entries:
        if SPACELESS.search(entry):
            spaceless += {entry.replace(" ", ""), entry}
        else:
            spaced.add(tuple(WORD.findall(entry)))
    return frozenset(spaced), tuple(spaceless)


_CLASSES: dict[str, tuple[frozenset[tuple[str, ...]], tuple[str, ...]]] = {
    name: _phrases(words.CLASSES[name]) for name in PRECEDENCE
}
_STRONG = _phrases(words.STRONG_NONTASK)
_TRAILERS = tuple(word for word in words.TRAILERS if SPACELESS.search(word))
_SHARE = {"CRITERIA": 0.5, "NONTASK": 0.3}
"""How much of a title in a script without spaces must be the phrase: `测试验证` is work, `验证` is a section of criteria."""
_SIZES = (5, 4, 3, 2, 1)
_BY_PHRASE = {phrase: name for name in reversed(PRECEDENCE) for phrase in _CLASSES[name][0]}


def _any_of(entries: tuple[str, ...]) -> str:
    longest = sorted(entries, key=len, reverse=True)
    return "|".join(re.escape(entry).replace(r"\ ", r"\s+") for entry in longest)


def verb_of(entry: str) -> str:
    """`depende de` stands for `depende da` and `dépend du` too: the word for `of` melts with the article behind it."""
    return re.sub(r"\\ d[ea]$", r"\\ d(?:e|[ao]s?|el|u|es|al|alla|ai|alle)", re.escape(entry))


def any_verb(entries: tuple[str, ...]) -> str:
    """Whole words, but for the scripts without spaces, where a verb may touch its neighbours."""
    spaced = "|".join(verb_of(entry) for entry in entries if not SPACELESS.search(entry))
    whole = rf"(?<!\w)(?:{spaced})(?!\w)"
    return "|".join([whole, *(re.escape(entry) for entry in entries if SPACELESS.search(entry))])


_NUMBER = (
    r"(?:\d{1,5}(?:\.\d{1,5}){0,4}(?:\s?[-–]\s?\d{1,3})?[a-z]?|[IVX]{1,5}|[A-Z]\d{1,2}|[A-Z]|[一二三四五六七八九十]{1,3}"
    rf"|(?:{'|'.join(WORDS)})(?=\s*[:：.)–—·-]|\s*$))"
)
_TASK = re.compile(
    rf"({_any_of(words.TASK_HEADS)}|issue(?=\s?#\d))\s*(?:[#№]\s*)?((?-i:[A-Z]{{1,8}}-\d{{1,4}}(?:\.\d{{1,3}})?)|{_NUMBER})(?:\s*[:：.)\]–—·|｜/-]+\s*|\s*(?=[(（\[])|\s+|$)(.*)",
    re.IGNORECASE | re.DOTALL,
)
_PHASE = re.compile(
    rf"({_any_of(words.PHASE_HEADS)}|PR(?=\s?#\d{{1,4}}:))(?:s(?=\s*\d{{1,3}}\s?[-–]))?\s*(?:[#№]\s*)?({_NUMBER})(\s*[:：.)\]–—·|｜/-]+\s*|\s*(?=[(（\[])|\s+|$)(.*)",
    re.IGNORECASE | re.DOTALL,
)
_COUNTED = re.compile(
    rf"(?:第\s*([一二三四五六七八九十\d]{{1,3}}(?:\s?[-–~～]\s?\d{{1,2}})?)\s?({_any_of(words.COUNTED_HEADS)})(?!(?<=批)\w)"
    rf"|(\d{{1,2}})\s?({_any_of(words.COUNTED_HEADS)})(?=[\s:：.、(（–—·-]|$))\s*[:：.、\-–—·]?\s*(.*)",
    re.DOTALL,
)
_LAST = re.compile(
    rf"(?:(?:{_any_of(words.LAST_OF_PHASES)})\s?({_any_of(words.PHASE_HEADS)})"
    rf"|({_any_of(words.PHASE_HEADS)})\s(?:{_any_of(words.LAST_OF_PHASES)}))(?:\s*[:：.)–—·-]+\s*|\s*(?=[(（\[])|$)(.*)",
    re.IGNORECASE | re.DOTALL,
)
_VERSION = re.compile(
    rf"(?:(?:{_any_of((*words.VERSION_HEADS, *words.STAGE_HEADS))})\s+(?=\d|[(（]?v\.?\d)[(（]?)?\[?"
    r"(v\.?\d+\.(?:\d+|x)(?:\.(?:\d+|x))?|\d+\.\d+\.(?:\d+|x)|\d{1,3}\.[x0]|(?<=\s)\d{1,3}\.\d{1,3})[\])）]?(?=[\s:：–—·(-]|$)(.*)",
    re.IGNORECASE | re.DOTALL,
)
_RELEASES = (*words.PHASE_HEADS, *words.VERSION_HEADS)
"""What a label says of the release behind it: `Current milestone: v0.2`, as `Upcoming: v0.3` does."""
_CHANGE = re.compile(
    r"\[(new|create|add|modify|modified|update|delete|remove|rename)\]\s+(.+)", re.IGNORECASE | re.DOTALL
)
_SERIES = re.compile(
    r"([A-Z]{1,2})(\d{1,2}(?:[a-z]?\.\d{1,2}[a-z]?)?)(?:(\s*(?:：|[:.)–—·-]+\s)\s*)|[ \t]+(?=[^\W\d_`]))(.+)", re.DOTALL
)
_BARE_VERSION = re.compile(r"\d{1,2}\.\d{1,2}$")
_QUARTER = re.compile(r"(20\d\d)[ /-]?Q([1-4])\b|Q([1-4])[ /'-]{1,2}(20\d\d)\b")
_STAGE = re.compile(
    rf"({_any_of(words.STAGE_HEADS)})(?:\s*[:：–—·-]\s*|\s*(?=[(（\[])|$)(.*)", re.IGNORECASE | re.DOTALL
)
_DOTTED = re.compile(r"(\d{1,4}(?:\.\d{1,4}){1,4}|\d{1,2}-\d{1,2}(?=[.)．]))[.)．]?\s+(.+)", re.DOTALL)
_NUMBERED = re.compile(
    r"[(（]?(\d{1,4}(?:[a-z]|-?[A-Z])?)(?:[.](?!\d+$)|[):：、．）]|\s[–—·-](?=\s))\s*(.+)", re.DOTALL
)
_ROMAN = re.compile(r"([IVX]{1,5})(?:[.)]|\s[–—·])\s+(.+)", re.DOTALL)
_LETTERED = re.compile(r"([A-H])(?:[.)]|\s[–—·])\s+(.+)", re.DOTALL)
_ORDINAL = re.compile(r"([一二三四五六七八九十]{1,3})[、.．]\s*(.+)", re.DOTALL)
_CODE = re.compile(
    r"([A-Z][A-Z0-9]{0,7}(?:-[A-Z]{1,6})?-\d{1,6}(?:[-.]\d{1,6}){0,4}|[A-Za-z]{1,4}\d{1,6}(?:\.\d{1,5}){0,4}(?=\s*[:：.–—·-])(?!\.\d))"
    r"(?:\s*[:：.)–—·-]+\s*|\s+|$)(.*)",
    re.DOTALL,
)


@lru_cache(maxsize=REMEMBERED)
def classify(title: str) -> tuple[str, bool]:
    """Give the class of a section by the words of its heading, and whether even its boxes are no tasks."""
    text = _told(title)
    tokens = WORD.findall(text)[:16]
    if not tokens:
        return "UNKNOWN", False
    if "(out of scope" in title.lower():
        return "NONTASK", True
    found, width = _longest(text, tokens)
    if found == "CRITERIA" and width == 1 and len(parts := _JOINED.split(text)) == 2:
        return min((classify(part) for part in parts), key=lambda said: said[0] == "CRITERIA")
    asks = tokens[0] in words.QUESTIONS
    if asks and (
        found == "UNKNOWN" or (found in ("TASK", "BACKLOG") and width < len(WORD.findall(text.split(":")[0])))
    ):
        return "NONTASK", False
    if width == 1 and len(tokens) > 1 and (tokens[0] in words.ACTIONS or text.startswith(_ACTIONS)):
        return "UNKNOWN", False  # `Update dependencies` does something; `Dependencies` tells something
    if found == "ORDER" and width == 1 and len(tokens) > 2 and not _longest(text, tokens[:1])[1]:
        return "UNKNOWN", False  # `Dead code and dependencies` is no section on the order
    if width == 1 and len(tokens) > MAX_NAME_WORDS.get(found, 5):
        return "UNKNOWN", False
    if width == 1 and found == "CRITERIA" and len(tokens) > 4 and not _longest(text, tokens[:2])[1]:
        return "UNKNOWN", False  # `Blockers for first validation cohort`
    if len(tokens) > 1 and width == 1 and tokens[-1] in words.GAINS and found in ("NONTASK", "CRITERIA"):
        return "TASK", False  # `Format improvements` is work on the format
    if (tokens[-1] in words.TRAILERS or tokens[-1].endswith(_TRAILERS)) and found not in ("ORDER", "FUTURE", "DONE"):
        return "TASK", False
    if not width:
        return "UNKNOWN", False
    if (
        found == "NONTASK"
        and len(parts := _BESIDE.split(text)) == 2
        and not words.SHOWN.isdisjoint(map(str.strip, parts))
    ):
        return found, False  # `Documentation and examples` are written
    return found, found in ("CRITERIA", "ORDER") or (found == "NONTASK" and _is_strong(text, tokens))


def _told(title: str) -> str:
    """The words of a title by which its section is classed; `Short-term` is `short term`."""
    return PAREN.sub(" ", title).lower().replace("-term", " term").replace("’", "'").strip()


def share(title: str) -> float:
    """Give how much of a title the words are by which it is classed, its number aside."""
    text = _told(title[found.end() :] if (found := _OUTLINE.match(title)) else title)
    tokens = WORD.findall(text)[:16]
    letters = len(SPACELESS.findall(text))
    return 2 * _longest(text, tokens)[1] / letters if letters else _longest(text, tokens)[1] / max(1, len(tokens))


@lru_cache(maxsize=REMEMBERED)
def is_checklist(title: str) -> bool:
    """Say whether a section is gone through beside the work, as an `Implementation checklist` is not."""
    return any(map(title.lower().__contains__, words.CHECKLISTS)) and not speaks_of_building(title)


def speaks_of_building(title: str) -> bool:
    """Say whether a title speaks of how something is built: `Implementation approach`."""
    return any(map(title.lower().__contains__, words.BUILDING))


def asks(title: str) -> bool:
    """Say whether a title is a question: `Why we wait`."""
    return next(iter(WORD.findall(_told(title))), "") in words.QUESTIONS


def only_tells(title: str) -> bool:
    """Say whether a text of this title tells how things are: `Changelog`, `The editor: user manual`."""
    return title.lower().rstrip(" .*_").endswith(words.MANUALS)


def says_todo(title: str) -> bool:
    """Say whether a title is one of a list of what is to be done: `TODO`, `Zu erledigen`."""
    low = title.lower()
    return any(map(low.__contains__, words.TODOS))


def names_list(title: str) -> bool:
    """Say whether a title says no more than that a list of work is below: `TODO`, `Backlog`."""
    return len(title) <= MAX_TITLE and (says_todo(title) or classify(title)[0] in ("TASK", "BACKLOG"))


def _longest(text: str, tokens: list[str]) -> tuple[str, float]:
    best, width = "UNKNOWN", 0.0
    for size in _SIZES:
        for start in range(len(tokens) - size + 1):
            name = _BY_PHRASE.get(tuple(tokens[start : start + size]))
            if name and (size > width or (size == width and PRECEDENCE.index(name) < PRECEDENCE.index(best))):
                best, width = name, float(size)
        if width:
            break
    if SPACELESS.search(text):
        letters = len(SPACELESS.findall(text.rpartition("：")[2] or text)) or 1
        for name in PRECEDENCE:
            for phrase in _CLASSES[name][1]:
                wide = len(phrase) / 2
                wider = wide > width or (wide == width and PRECEDENCE.index(name) < PRECEDENCE.index(best))
                if wider and phrase in text and len(phrase) / letters > _SHARE.get(name, 0.0):
                    best, width = name, wide
    return best, width


def _is_strong(text: str, tokens: list[str]) -> bool:
    spaced, spaceless = _STRONG
    return any(
        tuple(tokens[start : start + size]) in spaced for size in _SIZES for start in range(len(tokens) - size + 1)
    ) or any(phrase in text for phrase in spaceless)


def _uncapped(text: str) -> str:
    """`1️⃣ Draw it` is `1. Draw it`, and so is `① Draw it`; before `Phase 1` it says no more."""
    found = _KEYCAP.match(text)
    if found is None:
        return text
    rest, cap = text[found.end() :], found[1]
    number = "10" if cap == "\U0001f51f" else "".join(filter(str.isdecimal, cap)) or str(ord(cap) - 0x245F)
    return rest if _keyword(rest) else f"{number}. {rest}"


def bare(title: str) -> str:
    """Take the leading marks (bold, boxes, check marks, emoji) off a heading."""
    text = title.replace("**", "").replace("~~", "")
    text = text if text.isascii() else _uncapped(text)
    return _MARKED.sub(r"\1", _LEADING.sub("", text)).strip()


@lru_cache(maxsize=REMEMBERED)
def head(title: str) -> Head:
    """Say whether a heading names a task or a phase, and which."""
    text = bare(title)
    return _keyword(text) or _numbered_phase(text) or _coded(text) or Head("", "", "", text)


def _numbered_phase(text: str) -> Head | None:
    """Read `3. Phase 2: Draw` as the phase that it is, whatever number of a chapter stands before it."""
    found = _OUTLINE.match(text)
    said = _keyword(text[found.end() :]) if found is not None else None
    return said if said is not None and said.role == "phase" and said.title else None


def _keyword(text: str) -> Head | None:
    """Read a task or a phase by its word."""
    found = _TASK.match(text)
    if found and _number_fits(found[2], text, found.end(2)):
        key = found[1].lower()
        return Head("step" if key in words.STEP_HEADS else "task", key, counted(found[2]), found[3].strip())
    found = _PHASE.match(text)
    if found and _number_fits(found[2], text, found.end(2)):
        rest = found[4].strip()
        loose = not found[3].strip() and rest and rest[0] not in "(（["
        first = rest.split(maxsplit=1)[0].lower().strip(":") if loose else ""
        told = (
            first in words.NO_PHASE_REST
            or _TOLD_OF.match(rest) is not None
            or classify(rest)[0] in ("CRITERIA", "ORDER")
        )
        if not (loose and told):
            return Head("phase", found[1].lower(), counted(found[2]), rest)
    found = _COUNTED.match(text)
    if found:
        key = found[2] or found[4]
        return Head(
            "step" if key in words.STEP_HEADS else "phase", key, counted(found[1] or found[3]), found[5].strip()
        )
    found = _LAST.match(text)
    if found:
        return Head("phase", (found[1] or found[2]).lower(), LAST, found[3].strip())
    return None


def _number_fits(number: str, text: str, end: int) -> bool:
    """A letter or a Roman numeral is a number only before a mark or the end: `Phase N: x`, not `Step It up`."""
    if counted(number)[0].isdigit():
        return not _FRACTION.match(text, end)
    before = text[end - len(number) - 1]
    if before.isascii() and before.isalpha():
        return False  # `TODOS: x` has no number `S`
    rest = text[end:].lstrip()
    return number.isupper() and (not rest or rest[0] in ":：.)–—·-([（")


def _code(text: str) -> Head | None:
    """`T-12 Draw`, `W3 — Ship`: a code that is no name of a thing, and its title."""
    found = _CODE.match(text)
    if found is None:
        return None
    code = found[1]
    prefix = re.split(r"[-\d]", code, maxsplit=1)[0].lower()
    known = code.lower() in words.NOT_IDS or prefix in words.NO_TASK_CODES or prefix == "v"
    return None if known else Head("task", "id", code, found[2].strip(), code)


def _coded(text: str) -> Head | None:
    said = _code(text)
    if said is not None:
        return said
    found = _CHANGE.match(text)
    if found:
        return Head("task", "change", "", f"{found[1].capitalize()} {found[2].strip()}")
    label, colon, rest = text.replace("：", ":").partition(":")
    released = colon and (classify(label)[0] in STATE_OF or label.lower().endswith(_RELEASES))
    found = _VERSION.match(rest.lstrip() if released else text)
    if found:
        return Head("version", "version", found[1], found[2].strip(" -–—·:："))
    return _numbered(text)


def _numbered(text: str) -> Head | None:
    """`3.1 Draw` and `2. Move`."""
    found = _DOTTED.match(text)
    if found:
        return Head("dotted", "", found[1], found[2].strip(), found[1])
    found = _NUMBERED.match(text) or _ORDINAL.match(text) or _ROMAN.match(text) or _LETTERED.match(text)
    if found:
        number = numbered(found[1]) or found[1]
        return Head("numbered", "", number, found[2].strip(), number)
    return None


def series(title: str) -> Head | None:
    """Read `M0 - Foundation` and `T1.2 Draw` as what they are when others beside them count on; None for other titles.

    A letter that numbers phases, with a mark behind the number, is a phase; any other code is a task's. `Alpha` and `Beta`
    are stages of a release, `0.7` and `0.8` are releases, `Q1 2026` is a phase.
    """
    text = bare(title)
    if _BARE_VERSION.match(text):
        return Head("version", "version", text, "", text)
    quarter = _QUARTER.match(text)
    if quarter:
        number = f"{quarter[1] or quarter[4]}q{quarter[2] or quarter[3]}"
        return Head("phase", "quarter", number, text[quarter.end() :].strip(" -–—:："), number)
    stage = _STAGE.match(text)
    if stage:
        return Head("version", "stage", stage[1].lower(), stage[2].strip(), stage[1])
    found = _SERIES.match(text)
    if found is None:
        return None
    key, number, code = found[1].lower(), found[2], found[1] + found[2]
    if found[3] and number.isdigit() and key in words.PHASE_CODES:
        return Head("phase", key, number, found[4].strip(), code)
    return None if key in words.NO_TASK_CODES else Head("task", "id", code, found[4].strip(), code)
