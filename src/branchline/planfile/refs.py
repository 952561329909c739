"""References between tasks: `t3, t4`, `T007-T009`, `Task 2`, `Phase 1`, a title; and what they cannot mean."""

import re
from bisect import bisect_left, insort
from functools import cached_property
from string import ascii_lowercase
from typing import NamedTuple

from branchline.errors import UsageError
from branchline.planfile import words
from branchline.planfile.drafts import Draft, normal
from branchline.planfile.sections import HASH, LAST

KEYS = "|".join(
    sorted(
        (re.escape(w).replace(r"\ ", r"\s+") for w in (*words.TASK_HEADS, *words.PHASE_HEADS)),
        key=len,
        reverse=True,
    )
)
_ONE = (
    r"[A-Za-z]{1,7}(?:-[A-Za-z]{1,8}){1,2}-[0-9]{1,6}"
    r"|[A-Za-z]{1,7}-?[0-9]{1,9}(?:[a-z](?=\.[0-9]))?(?:-[0-9]{1,9}){0,3}(?:\.[0-9]{1,9}[a-z]?){0,4}(?:~[0-9])?"
    r"|[A-Za-z]{2,6}-(?=[a-z]{0,7}[0-9])[0-9a-z]{3,8}(?:\.[0-9]{1,4}){0,3}"
    r"|[0-9]{1,9}(?:\.[0-9]{1,9}){0,4}"
)
_LETTER = r"(?-i:[A-Z]|[IVX]{2,4})"
"""`Phase B`, `Phase IV`: a number of letters, behind the word alone."""
_TO = r"-|–|—|~|〜|～|\.\.\.?|\bto\b|\bthrough\b|\bthru\b|\bbis\b|\bдо\b|至|到"
_END = r"(?![A-Za-z0-9_-])(?!\.[A-Za-z0-9])"
TOKEN = re.compile(
    rf"(?:(?P<key>{KEYS})s?\s*(?:[#№]\s*)?)?(?<![A-Za-z0-9_.#-])(?P<a>#[0-9]{{1,9}}|GH#[0-9]{{1,9}}|{_ONE}"
    rf"|(?(key){_LETTER}|(?!)))(?:\s?(?:{_TO})\s?(?:(?:{KEYS})s?\s*)?(?P<b>{_ONE}|(?(key){_LETTER}|(?!))))?{_END}",
    re.IGNORECASE,
)
_LETTERED = re.compile(r"\s(?:[A-Z]|[IVX]{2,4})(?!\w)")
_PAREN = re.compile(r"[(（][^()（）]{0,400}[)）]")
_SPLIT = re.compile(r"[,;、，；&+]|\band\b|\bund\b|\bи\b|\be\b|\by\b|\bet\b|和|及|と|와|및", re.IGNORECASE)
_JOIN = r"(?:[,;、，；&+/]|\band\b|\bor\b|\bund\b|\bи\b|\by\b|\bet\b|和|及|与|と)\s*"
_GLUE = re.compile(rf"\s*(?:{_JOIN})?", re.IGNORECASE)
_AND = re.compile(rf"\s*{_JOIN}", re.IGNORECASE)
_NEXT = re.compile(rf"\s*{_JOIN}({_LETTER}){_END}", re.IGNORECASE)
_ASIDE = re.compile(r"\s[-–—]\s|[(（:：]")
_SPAN = re.compile(r"`([^`\s]{1,200})`")
_STORY_ALIAS = re.compile(r"us\d{1,3}")
_STORY = re.compile(r"user story\s*#?(\d{1,3})", re.IGNORECASE)
_COUNT = re.compile(r"^\W*[^\W\d_]{3,12}\s*(?:\d{1,3}|\b[a-z])\s*[:：.–—-]\s*")
_SUFFIX = re.compile(r"([A-Za-z]{1,6}\d+)-(\d+)")
_ALL = tuple(words.EVERYTHING)
_NOT_NONE = words.NONE - {"no", "-"}
_DIGITS = "0123456789"
MAX_RANGE = 500
MANY = 20
"""A word of more titles than these tells none of them apart."""
MAX_LINKS = 1_000_000
"""How many tasks the references of one plan may name, ranges written out; a few lines could name billions."""


class Found(NamedTuple):
    """What a text refers to: the tasks, and the words that name none."""

    drafts: tuple[Draft, ...]
    unknown: tuple[str, ...]
    doubled: tuple[str, ...] = ()


class Names:
    """Every name by which a task of the plan may be called."""

    def __init__(self, drafts: list[Draft], doubled: set[str], path: str = "") -> None:
        self.drafts, self.doubled, self.path = drafts, doubled, path
        self.line = self.named = 0
        self.leaves = [draft for draft in drafts if not draft.kids]
        self.roots = [draft for draft in drafts if draft.parent is None]
        self.barriers: list[int] = []
        self.by_id = {draft.id.lower(): draft for draft in drafts}
        self.by_key: dict[tuple[str, str], list[Draft]] = {}
        self.beside: dict[tuple[str, str, int], list[Draft]] = {}
        self.listed: dict[tuple[int, str], Draft] = {}
        self.alias: dict[str, Draft] = {}
        self.prefixes = {_prefix(draft.id) for draft in drafts}
        for draft in drafts:
            self._name(draft)
        self.numbered = any(family == "task" for family, _ in self.by_key)

    def _name(self, draft: Draft) -> None:
        if draft.number:
            key = _family(draft), draft.number.lower()
            self.by_key.setdefault(key, []).append(draft)
            self.beside.setdefault((*key, id(draft.parent)), []).append(draft)
        bare = draft.id.lower().lstrip(ascii_lowercase)
        if "." in bare and bare != draft.id:
            self.alias.setdefault(bare, draft)  # `0.1.2` where the plan counts in `beta0.1.2`
        if draft.role == "item" and draft.block.number:
            self.listed.setdefault((id(draft.parent), draft.block.number), draft)
        if draft.key == HASH:
            self.alias.setdefault(HASH + draft.number, draft)
        if draft.key in ("story", "user story"):
            self.alias.setdefault(f"us{draft.number}", draft)
            self.alias.setdefault(f"us-{draft.number}", draft)
        for ref in (*draft.fields.get("ref", []), *(str(said) for said in [draft.extra.get("id")] if said)):
            self.alias.setdefault(ref.lower(), draft)
        if draft.role == "phase":
            short = f"{draft.key[:1]}{draft.number}"
            if draft.number.isdigit() and short not in words.NOT_IDS:
                self.alias.setdefault(short, draft)  # `W1` is `Wave 1`; `P1` may be a priority
            for story in re.findall(r"\b(?:us|user story )\s?(\d{1,3})\b", _told(draft)):
                self.alias.setdefault(f"us{story}", draft)
        elif draft.role == "row" and "`" in draft.title:
            for span in _SPAN.findall(draft.title.lower()):
                self.alias.setdefault(span, draft)
                self.alias.setdefault(span.rpartition("/")[2], draft)

    @cached_property
    def by_title(self) -> dict[str, Draft]:
        """The tasks by the words of their titles, also without what stands in brackets."""
        found: dict[str, Draft] = {}
        for draft in self.drafts:
            title = _told(draft)
            if draft.role == "phase" and draft.number == LAST:
                found.setdefault(normal(re.split(r"[:：(（–—]", draft.title, maxsplit=1)[0]), draft)
            found.setdefault(normal(title), draft)
            if "(" in title or "（" in title:
                found.setdefault(normal(_PAREN.sub("", title)), draft)
        return found

    @cached_property
    def sorted(self) -> list[str]:
        """The names of `by_title` in order, so that a beginning is found without a look at all."""
        return sorted(self.by_title)

    @cached_property
    def by_word(self) -> dict[str, set[Draft]]:
        """The tasks by the words of what their titles call them."""
        found: dict[str, set[Draft]] = {}
        for draft in self.drafts:
            for word in normal(_ASIDE.split(draft.title, maxsplit=1)[0]).split():
                found.setdefault(word, set()).add(draft)
        return found

    def cut(self, text: str) -> list[Draft]:
        """Find the tasks that a list of names cut short calls: `db and api` where one task is `Extract db.js`.

        All or none: a name that no task, or more than one, has the words of shows that the list is of other things.
        """
        found: list[Draft] = []
        for part in filter(None, map(normal, _SPLIT.split(text))):
            few, *others = sorted((self.by_word.get(word, set()) for word in part.split()), key=len)
            meant = few.intersection(*others) if len(few) <= MANY else ()
            if len(meant) != 1:
                return []
            found += meant
        return found

    @cached_property
    def by_section(self) -> dict[str, list[Draft]]:
        """The tasks by the words of the headings they stand below, without brackets."""
        found: dict[str, list[Draft]] = {}
        for draft in self.drafts:
            if draft.block.section is not None:
                found.setdefault(normal(_PAREN.sub("", draft.block.section.text)), []).append(draft)
        return found

    def told(self, text: str, asker: Draft) -> list[Draft]:
        """Find what a field calls by the heading it stands below, or by two words or more of an earlier title."""
        meant = self.by_section.get(normal(text)) or (self.cut(text) if " " in text.strip() else [])
        return [draft for draft in meant if draft.line < asker.line]

    @cached_property
    def phrase(self) -> re.Pattern[str]:
        """The titles of the phases, as prose may hold them."""
        short = [name for name, draft in self.by_title.items() if 2 <= len(name) <= 60 and draft.role == "phase"][:300]
        either = "|".join(re.escape(name) for name in sorted(short, key=len, reverse=True)) or r"(?!)"
        return re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE)

    def one(self, key: str, token: str, asker: Draft | None) -> Draft | None:
        """Find the task a token names; of several of the same name the one beside the asker is meant."""
        low = token.lower()
        if key:
            family = "phase" if _is_phase(key) else "task"
            if (family, low) in self.by_key:
                return self._beside(family, low, asker)
        if not key and (item := self._of_same_list(low, asker)) is not None:
            return item
        if low in self.by_id:
            return self.by_id[low]
        if low in self.alias:
            return self.alias[low]
        if low.startswith("#") and f"gh{low}" in self.alias:
            return self.alias[f"gh{low}"]
        if not key and low[0].isdigit():
            return self._by_number(low, asker)
        return None

    def _of_same_list(self, number: str, asker: Draft | None) -> Draft | None:
        """To an item of a numbered list a bare number is an item of the same list, whatever phases are called."""
        if asker is None or asker.role != "item" or not asker.block.number:
            return None
        item = self.listed.get((id(asker.parent), number))
        return item if item is not asker else None

    def _by_number(self, number: str, asker: Draft | None) -> Draft | None:
        return self._beside("task" if ("task", number) in self.by_key else "phase", number, asker)

    def _beside(self, family: str, number: str, asker: Draft | None) -> Draft | None:
        found = self.by_key.get((family, number), [])
        near = self.beside.get((family, number, id(asker.parent)), []) if asker is not None else []
        return near[0] if len(near) == 1 else found[0] if len(found) == 1 else None

    def spend(self, count: int) -> None:
        """Count what is named; raises UsageError when it is more than a plan can mean."""
        self.named += count
        if self.named > MAX_LINKS:
            raise UsageError(
                f"{self.path}:{self.line}: the dependencies up to this line name more than {MAX_LINKS} tasks. Make one "
                "task or phase that the others depend on, and name that.",
                path=self.path,
                line=self.line,
            )

    def earlier(self, asker: Draft) -> tuple[Draft, ...]:
        """All tasks without children that stand before the asker; for a phase those beside it.

        When these are very many: those since the last one that said the same, for they all come after the others.
        """
        if asker.role == "phase":
            beside = asker.parent.kids if asker.parent is not None else self.roots
            prior = tuple(beside[: bisect_left(beside, asker.line, key=_line)])
            self.spend(len(prior))
            return prior
        place = bisect_left(self.leaves, asker.line, key=_line)
        first = 0
        if place > MAX_RANGE and self.barriers:
            before = bisect_left(self.barriers, asker.line)
            first = bisect_left(self.leaves, self.barriers[before - 1], key=_line) if before else 0
        if not asker.kids:
            insort(self.barriers, asker.line)
        self.spend(place - first)
        return tuple(self.leaves[first:place])

    def like_an_id(self, token: str) -> bool:
        """Say whether a token has the form of this plan's own ids, so that in prose it can only be one of them."""
        if " " in token:
            return not _is_phase(token.split(" ", 1)[0]) and self.numbered
        return _prefix(token) != "" and _prefix(token) in self.prefixes

    def stories(self) -> list[Draft]:
        """The phases that are user stories."""
        return list(dict.fromkeys(draft for name, draft in self.alias.items() if _STORY_ALIAS.fullmatch(name)))

    def titled(self, text: str) -> Draft | None:
        """Find the task whose title a text is, or begins with."""
        wanted = normal(text)
        named = self.alias.get(text.strip("`* ").lower())
        if named is not None:
            return named
        if len(wanted) < 2 or wanted in self.by_title:
            return self.by_title.get(wanted)
        place = bisect_left(self.sorted, wanted + " ")
        near = {self.by_title[name].line for name in self.sorted[place : place + 3] if name.startswith(wanted + " ")}
        return self.by_title[self.sorted[place]] if len(near) == 1 and len(wanted) >= 6 else None


def _told(draft: Draft) -> str:
    """A title in lower case; a phase's without its word and number."""
    title = draft.title.lower()
    return _COUNT.sub("", title) if draft.role == "phase" else title


def _line(draft: Draft) -> int:
    return draft.line


def _prefix(token: str) -> str:
    return re.split(r"[\d.]", token.lower(), maxsplit=1)[0]


def _family(draft: Draft) -> str:
    return "phase" if draft.role == "phase" else "task"


_PHASE_WORDS = frozenset(words.PHASE_HEADS)


def _is_phase(key: str) -> bool:
    return key.lower() in _PHASE_WORDS


def tokens(text: str) -> list[tuple[str, str, str]]:
    """List the references of a text as (keyword, from, to); a keyword carries over a list: `Tasks 1, 2 and 3`."""
    out: list[tuple[str, str, str]] = []
    key, end = "", -1
    for found in TOKEN.finditer(text) if any(map(text.__contains__, _DIGITS)) or _LETTERED.search(text) else ():
        if found["key"]:
            key = " ".join(found["key"].lower().split())
        elif end < 0 or not _GLUE.fullmatch(text, end, found.start()):
            key = ""
        end = found.end()
        bare = found["a"][0].isdigit() or found["a"].isalpha()
        out.append((key if bare else "", found["a"], found["b"] or ""))
        while found["a"].isalpha() and (more := _NEXT.match(text, end)):
            out.append((key, more[1], ""))
            end = more.end()
    return out


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
    outside = _PAREN.sub(" ", text)
    listed = tokens(outside) or tokens(text)
    for key, first, last in listed:
        if not strict and not key and first[0].isdigit() and not (first[0] == "0" and first in names.by_id):
            continue  # a number of things; but `02` is a name
        _take(names, asker, key, first, last, found, unknown, doubled)
    if strict and not listed:
        for part in _SPLIT.split(outside.strip(" .`*_")):
            named = names.titled(part)
            (found.append(named) if named else unknown.append(part.strip())) if part.strip() else None
    return Found(tuple(dict.fromkeys(found)), tuple(unknown), tuple(doubled))


def behind(names: Names, text: str, place: int, asker: Draft) -> list[Draft]:
    """List the tasks that stand one behind the other from `place` on: ids that the plan gives, and words with a number."""
    found: list[Draft] = []
    while (said := TOKEN.match(text, place)) is not None:
        key = " ".join((said["key"] or "").lower().split())
        for token in expand(said["a"], said["b"]) if said["b"] else [said["a"]]:
            draft = names.one(key, token, asker)
            if draft is None or not (key or draft.hard.lower() == token.lower()):
                return found
            found.append(draft)
        more = _AND.match(text, said.end())
        if more is None:
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
