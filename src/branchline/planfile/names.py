"""The names of a plan's tasks: ids, numbers behind a word, titles."""

import re
from bisect import bisect_left, insort
from difflib import get_close_matches
from functools import cached_property
from string import ascii_lowercase

from branchline.errors import UsageError
from branchline.planfile import words
from branchline.planfile.drafts import Draft, normal
from branchline.planfile.sections import LAST, head, series

PAREN = re.compile(r"[(（][^()（）]{0,400}[)）]")
SPLIT = re.compile(r"[,;、，；&+]|\band\b|\bund\b|\bи\b|\be\b|\by\b|\bet\b|和|及|と|와|및", re.IGNORECASE)
_SPAN = re.compile(r"`([^`\s]{1,200})`")
_STORY_ALIAS = re.compile(r"us\d{1,3}")
_STORY = re.compile(
    r"(?<!\w)(?:us|user story|histórias?(?: de usuário| de utilizador)?|historias?(?: de usuario)?|histoires?(?: utilisateur)?"
    r"|用户故事|用戶故事|ユーザーストーリー|사용자 스토리)\s?(\d{1,3})(?!\w)"
)
_COUNT = re.compile(r"^\W*[^\W\d_]{3,12}\s*(?:\d{1,3}|\b[a-z])\s*[:：.–—-]\s*")
_NUMBER = re.compile(r"[0-9]{1,9}")
_LONG_CODE = re.compile(r"[A-Z]{7,12}-[0-9]{1,6}|[A-Z]{2,8}-[A-Z][0-9]{1,3}")
_ALIKE = str.maketrans("oil", "011")
MAX_RANGE = 500
MAX_LOOKS = 50_000
"""How many names, times the letters of what names no task, are compared with it: a long plan may hold many of both."""
MAX_LINKS = 1_000_000
"""How many tasks the references of one plan may name, ranges written out; a few lines could name billions."""


def whole(named: list[Draft]) -> list[Draft]:
    """Give the phases in the place of tasks that are all that they hold; one task alone stands for itself."""
    known = set(named)
    phases = {draft.parent for draft in named if draft.parent is not None and len(draft.parent.kids) > 1}
    held = {phase for phase in phases if known.issuperset(phase.kids)}
    return list(dict.fromkeys(draft.parent if draft.parent in held and draft.parent else draft for draft in named))


class Names:
    """Every name by which a task of the plan may be called."""

    def __init__(self, drafts: list[Draft], doubled: set[str], path: str = "") -> None:
        self.drafts, self.doubled, self.path = drafts, doubled, path
        self.line = self.named = self.looks = 0
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
        self._name_within(draft)
        bare = draft.id.lower().lstrip(ascii_lowercase)
        if "." in bare and bare != draft.id:
            self.alias.setdefault(bare, draft)  # `0.1.2` where the plan counts in `beta0.1.2`
        if draft.role == "item" and draft.block.number:
            self.listed.setdefault((id(draft.parent), draft.block.number), draft)
        first = draft.title.split(" ", 1)[0].rstrip(":.")
        if first.startswith("#") or _LONG_CODE.fullmatch(first):  # `#7 Draw it`, `PIPELINE-001 - Draw it`
            self.alias.setdefault(first.lower(), draft)
        if first.startswith("TASK-") and first[5:6].isalpha():  # `TASK-A1` is called A1 too
            self.alias.setdefault(first[5:].lower(), draft)
        if draft.key in ("story", "user story"):
            self.alias.setdefault(f"us{draft.number}", draft)
            self.alias.setdefault(f"us-{draft.number}", draft)
        for ref in (*draft.fields.get("ref", []), *(str(said) for said in [draft.extra.get("id")] if said)):
            self.alias.setdefault(ref.lower(), draft)
        if draft.role == "phase":
            short = f"{draft.key[:1]}{draft.number}"
            if draft.number.isdigit() and short not in words.NOT_IDS:
                self.alias.setdefault(short, draft)  # `W1` is `Wave 1`; `P1` may be a priority
            for story in _STORY.findall(_told(draft)):
                self.alias.setdefault(f"us{story}", draft)
        elif draft.role == "row" and "`" in draft.title:
            for span in _SPAN.findall(draft.title.lower()):
                self.alias.setdefault(span, draft)
                self.alias.setdefault(span.rpartition("/")[2], draft)

    def _name_within(self, draft: Draft) -> None:
        """`3. Phase 1: Setup` and `三、P1 — Setup` are called phase 1 and P1 too."""
        if draft.role != "phase" or draft.key or draft.block.kind != "heading":
            return
        said = head(draft.title)
        if said.role == "phase":
            self.by_key.setdefault(("phase", said.number.lower()), []).append(draft)
        elif (said := series(draft.title) or said).id:
            self.alias.setdefault(said.id.lower(), draft)

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
                found.setdefault(normal(PAREN.sub("", title)), draft)
        return found

    @cached_property
    def sorted(self) -> list[str]:
        """The names of `by_title` in order, so that a beginning is found without a look at all."""
        return sorted(self.by_title)

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
                found = self._beside(family, low, asker)
                return None if found is not None and _other(key, found) else found
        if not key and (item := self._of_same_list(low, asker)) is not None:
            return item
        if low in self.by_id:
            return self.by_id[low]
        if low in self.alias:
            return self.alias[low]
        if low.startswith("#") and f"gh{low}" in self.alias:
            return self.alias[f"gh{low}"]
        if low.startswith("pr#"):
            found = next((draft for draft in self.by_key.get(("phase", low[3:]), ()) if draft.key == "pr"), None)
            return found if found is not None else self.alias.get(low[2:])
        if not key and low[0].isdigit():
            return self._by_number(low, asker)
        return None

    def onwards(self, key: str, token: str, asker: Draft | None) -> list[Draft]:
        """Find the task or phase a token names, and those beside it that stand behind it: up to the asker, if it is one."""
        first = self.one(key, token, asker)
        if first is None:
            return []
        beside = first.parent.kids if first.parent is not None else self.roots
        while asker is not None and asker.parent is not first.parent:
            asker = asker.parent
        end = bisect_left(beside, asker.line, key=_line) if asker is not None and asker.line > first.line else None
        found = beside[bisect_left(beside, first.line, key=_line) : end]
        self.spend(len(found))
        return found

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

    def near(self, token: str, asker: Draft) -> str:
        """Give the id, or the title with its id, that is spelt most like a name of no task; nothing when none is.

        Words are compared with titles, anything else with ids. `T8` is no misspelt `T9`, but `T9` is a misspelt `T09`.
        """
        as_title = " " in token
        known, said = (self.by_title, normal(token)) if as_title else (self.by_id, _plain(token))
        self.looks += len(known) * len(said)
        if self.looks > MAX_LOOKS:
            return ""
        alike = {name if as_title else _plain(name): draft for name, draft in known.items() if draft is not asker}
        near = get_close_matches(said, [name for name in alike if _misspelt(said, name)], 1, 0.7)
        return "".join(f"{alike[name].title!r} ({alike[name].id})" if as_title else alike[name].id for name in near)

    @cached_property
    def stories(self) -> list[Draft]:
        """The phases that are user stories."""
        return list(dict.fromkeys(draft for name, draft in self.alias.items() if _STORY_ALIAS.fullmatch(name)))

    def only_phase(self, number: str) -> bool:
        """Say whether a number is that of a phase, and of no task."""
        return ("phase", number) in self.by_key and ("task", number) not in self.by_key

    def all_stories(self, text: str) -> list[Draft]:
        """The phases that are user stories, where a text speaks of all of them."""
        return self.stories if any(map(text.lower().__contains__, words.ALL_STORIES)) else []

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


def _plain(token: str) -> str:
    """An id in which letters and digits that look alike are one: `T-O1` for `T-01`."""
    return token.lower().translate(_ALIKE)


def _misspelt(token: str, name: str) -> bool:
    """Say whether more than a number tells the two apart: of ids that differ by that alone none is nearer than another."""
    if _NUMBER.sub("0", token) != _NUMBER.sub("0", name):
        return True
    return list(map(int, _NUMBER.findall(token))) == list(map(int, _NUMBER.findall(name)))


def _prefix(token: str) -> str:
    return re.split(r"[\d.]", token.lower(), maxsplit=1)[0]


def _family(draft: Draft) -> str:
    return "phase" if draft.role == "phase" else "task"


def _other(key: str, draft: Draft) -> bool:
    """Say whether a plan that counts `Phase 2` means another series by `Milestone 2`, or one that counts `Task 2` by `step 2`."""
    if draft.role != "phase":
        return draft.key == "task" and key in words.STEP_HEADS
    return draft.key != key and {draft.key, key} <= _COUNTED


_COUNTED = frozenset({"phase", "milestone", "sprint", "wave", "week", "day"})
"""Words of series that a plan may count beside each other."""
_PHASE_WORDS = frozenset(words.PHASE_HEADS)


def _is_phase(key: str) -> bool:
    return key.lower() in _PHASE_WORDS
