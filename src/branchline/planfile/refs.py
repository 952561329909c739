"""References between tasks: `t3, t4`, `T007-T009`, `Task 2`, `Phase 1`, a title; and what they cannot mean."""

import re
from typing import NamedTuple

from branchline.planfile import words
from branchline.planfile.drafts import Draft
from branchline.planfile.names import MAX_RANGE, PAREN, SPLIT, Names
from branchline.planfile.numerals import counted
from branchline.planfile.sections import SPACELESS

KEYS = "|".join(
    sorted(
        (re.escape(w).replace(r"\ ", r"\s+") for w in (*words.TASK_HEADS, *words.PHASE_HEADS, *words.FORMS)),
        key=len,
        reverse=True,
    )
)
_ONE = (
    r"[A-Za-z]{1,7}(?:-[A-Za-z]{1,8}){1,2}-[0-9]{1,6}"
    r"|(?-i:[A-Z]{8,12})-[0-9]{1,6}"
    r"|[A-Za-z]{1,7}-?[0-9]{1,9}(?:[a-z](?=\.[0-9]))?(?:-[0-9]{1,9}){0,3}(?:\.[0-9]{1,9}[a-z]?){0,4}(?:~[0-9])?"
    r"|[A-Za-z]{2,6}-(?=[a-z]{0,7}[0-9])[0-9a-z]{2,8}(?:\.[0-9]{1,4}){0,3}"
    r"|[0-9]{1,9}(?:\.[0-9]{1,9}){0,4}[a-z]?"
)
_LETTER = r"(?-i:[A-Z]|[IVX]{2,4})"
"""`Phase B`, `Phase IV`: a number of letters, behind the word alone."""
_TO = r"-|–|—|~|〜|～|\.\.\.?|\bto\b|\bthrough\b|\bthru\b|\bbis\b|\bдо\b|至|到"
_END = r"(?![A-Za-z0-9_-])(?!\.[A-Za-z0-9])"
TOKEN = re.compile(
    rf"(?:(?P<key>{KEYS})s?\s*(?:[#№]\s*)?)?(?<![A-Za-z0-9_.#-])(?P<a>(?:GH|PR)?#[0-9]{{1,9}}|{_ONE}"
    rf"|(?(key){_LETTER}|(?!)))(?:\s?(?:{_TO})\s?(?:(?:{KEYS})s?\s*|GH|PR)?#?(?P<b>{_ONE}|(?(key){_LETTER}|(?!))))?{_END}(?P<on>\+(?!\w))?",
    re.IGNORECASE,
)
_LETTERED = re.compile(r"[\s\u3040-\ud7ff](?:[A-Z]|[IVX]{2,4})(?!\w)")
_JOIN = r"(?:[,;、，；&+/]|\band\b|\bor\b|\bund\b|\bи\b|\by\b|\bet\b|和|及|与|と)\s*"
_GLUE = re.compile(rf"\s*(?:{_JOIN})?", re.IGNORECASE)
_AND = re.compile(rf"\s*{_JOIN}", re.IGNORECASE)
_NEXT = re.compile(rf"\s*{_JOIN}({_LETTER}){_END}", re.IGNORECASE)
_SUBJECT = re.compile(r"[A-Za-z]{0,6}-?\d{1,5}(?:\.\d{1,3}){0,3}\s+[^\W\d_]{2}")
"""`T3 waits` behind `T1; ` begins a sentence of its own."""
_STORY = re.compile(r"user stor(?:y|ies)\s*#?(\d{1,3})", re.IGNORECASE)
_HAN = re.compile(
    rf"((?:{'|'.join(re.escape(word) for word in (*words.TASK_HEADS, *words.PHASE_HEADS) if SPACELESS.search(word))})\s?)"
    r"([一二三四五六七八九十]{1,3})(?=$|[^\w]|完成|完了|后|後|之|与|和|及|的|の|を|が|に)"
)
"""`阶段一` is `阶段1`."""
_SUFFIX = re.compile(r"([A-Za-z]{1,6}\d+)-(\d+)")
_ALL = tuple(words.EVERYTHING)
_NOT_NONE = words.NONE - {"no", "-"}
_DIGITS = "0123456789"


class Found(NamedTuple):
    """What a text refers to: the tasks, and the words that name none."""

    drafts: tuple[Draft, ...]
    unknown: tuple[str, ...]
    doubled: tuple[str, ...] = ()


def tokens(text: str) -> list[tuple[str, str, str]]:
    """List the references of a text as (keyword, from, to); a keyword carries over a list: `Tasks 1, 2 and 3`.

    `Phase 3+` goes up to `+`.
    """
    out: list[tuple[str, str, str]] = []
    key, end = "", -1
    if not text.isascii():
        text = _HAN.sub(lambda found: f"{found[1]}{counted(found[2])}", text)
    for found in TOKEN.finditer(text) if any(map(text.__contains__, _DIGITS)) or _LETTERED.search(text) else ():
        if found["key"]:
            key = _key(found["key"])
        elif end < 0 or not _GLUE.fullmatch(text, end, found.start()):
            key = ""
        end = found.end()
        bare = found["a"][0].isdigit() or found["a"].isalpha()
        out.append((key if bare else "", found["a"], found["b"] or found["on"] or ""))
        while found["a"].isalpha() and (more := _NEXT.match(text, end)):
            out.append((key, more[1], ""))
            end = more.end()
    return out


def _key(word: str) -> str:
    """The word before a number as the headings have it: `фаза` of `Фази 1`."""
    said = " ".join(word.lower().split())
    return words.FORMS.get(said, said)


def expand(first: str, last: str) -> list[str]:
    """Write a range out: `T007-T009`, `T7-9`, `2.1-2.4`, `A-C`; what is no range comes back as its two ends."""
    if len(first) == len(last) == 1 and first.isalpha() and last.isalpha() and first <= last:
        return [chr(letter) for letter in range(ord(first), ord(last) + 1)]
    name, other = first.rstrip(_DIGITS), last.rstrip(_DIGITS)
    start, stop = first[len(name) :], last[len(other) :]
    if not start or not stop or (other and other.lower() != name.lower()):
        return [first, last]
    low, high = int(start), int(stop)
    if not low <= high <= low + MAX_RANGE:
        return [first, last]
    width = len(start) if start.startswith("0") else 0
    return [f"{name}{number:0{width}d}" for number in range(low, high + 1)]


def groups(names: Names, text: str) -> list[list[Draft]]:
    """Resolve the references of a text one by one; a range is one group."""
    out: list[list[Draft]] = []
    for key, first, last in tokens(_STORY.sub(r"US\1", text)):
        found: list[Draft] = []
        _take(names, None, key, first, last, found, [], [])
        if found:
            out.append(found)
    return out


def first_list(text: str) -> str:
    """Cut a text behind the first list of references in it: `T2, T3 and T4` of `T2, T3 and T4 start while T5 is read`."""
    end = -1
    for found in TOKEN.finditer(text):
        if end >= 0 and not _GLUE.fullmatch(text, end, found.start()):
            break
        end = found.end()
    return text[: max(end, 0)]


def resolve(names: Names, text: str, asker: Draft | None, strict: bool) -> Found:
    """Find the tasks a text refers to; `strict` (a field's value) lets bare numbers and titles be references."""
    text = text.strip()
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    bare = text.strip().strip("*_` .。").lower()
    if strict and (not bare or bare in words.NONE or bare.split(" ", 1)[0].strip("(,.;:，。；：") in _NOT_NONE):
        return Found((), ())
    if strict and asker is not None and everything(bare):
        return Found(names.earlier(asker), ())
    found: list[Draft] = []
    unknown: list[str] = []
    doubled: list[str] = []
    text = _STORY.sub(r"US\1", text)
    outside = PAREN.sub(" ", text)
    listed = tokens(outside) or tokens(text)
    for key, first, last in listed:
        if not strict and not key and first[0].isdigit() and not (first[0] == "0" and first in names.by_id):
            continue  # a number of things; but `02` is a name
        _take(names, asker, key, first, last, found, unknown, doubled)
    if strict and not listed:
        for part in SPLIT.split(outside.strip(" .`*_")):
            if asker is not None and everything(part.strip("`*_ .").lower()):  # `All modules, Hull`
                found += names.earlier(asker)
                continue
            named = names.by_id.get(part.strip("`*_ ").lower()) or names.titled(part)
            (found.append(named) if named else unknown.append(part.strip())) if part.strip() else None
    return Found(tuple(dict.fromkeys(found)), tuple(unknown), tuple(doubled))


def behind(names: Names, text: str, place: int, asker: Draft) -> list[Draft]:
    """List the tasks that stand one behind the other from `place` on: ids that the plan gives, and words with a number."""
    found: list[Draft] = []
    while (said := TOKEN.match(text, place)) is not None and not text.startswith(words.BLOCKS_PROSE, place):
        key = _key(said["key"] or "")
        for token in expand(said["a"], said["b"]) if said["b"] else [said["a"]]:
            draft = names.one(key, token, asker)
            if draft is None or not (key or draft.hard.lower() == token.lower()):
                return found
            found.append(draft)
        more = _AND.match(text, said.end())
        if more is None or (";" in more[0] and _SUBJECT.match(text, more.end())):
            break
        place = more.end()
    return found


def everything(text: str) -> bool:
    """Say whether a text means all that stands before it: `all`, `everything above`, `all issues done`."""
    whole = text.startswith(_ALL) and text.endswith(words.CLASSES["DONE"]) and not any(map(str.isdigit, text))
    return whole or text in words.EVERYTHING or text.startswith(words.ALL_PRIOR)


def _take(
    names: Names, asker: Draft | None, key: str, first: str, last: str,
    found: list[Draft], unknown: list[str], doubled: list[str],
) -> None:  # fmt: skip
    if last and names.one(key, f"{first}-{last}", asker) is not None:
        first, last = f"{first}-{last}", ""  # `Task 1-2` is the name of one
    if last == "+":
        found += names.onwards(key, first, asker)
        return
    wanted = expand(first, last) if last else [first]
    if not last and first.lower() not in names.by_id:
        split = _SUFFIX.fullmatch(first)
        if split and split[1].lower() in names.by_id:
            wanted = expand(split[1], split[2])
    names.spend(len(wanted))
    for token in wanted:
        draft = names.one(key, token, asker)
        if token.lower() in names.doubled:
            doubled.append(token)
        if draft is None:
            unknown.append(f"{key} {token}".strip())
        else:
            found.append(draft)
