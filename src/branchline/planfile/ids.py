"""Ids: what the text gives, what the place gives, and what happens when two tasks claim one (DESIGN, section 4)."""

import re

from branchline.model.plan import Finding
from branchline.planfile.drafts import Draft, legal
from branchline.planfile.scan import MAX_NESTING

_COUNT = re.compile(r"(\d{1,4})\s+(?:[–—·-]\s+)?(?=\S)")


def _take_counts(drafts: list[Draft]) -> None:
    """Take `5 Alpha`, `6 Beta` for ids 5 and 6 where items that follow each other count on like this.

    A single number, or numbers that do not count, may be part of the words: `3 files to change`.
    """
    groups: dict[int, list[Draft]] = {}
    for draft in drafts:
        groups.setdefault(id(draft.parent), []).append(draft)
    for siblings in groups.values():
        run: list[tuple[Draft, re.Match[str]]] = []
        for draft in siblings:
            found = None if draft.hard or draft.number else _COUNT.match(draft.title)
            if run and (not found or int(found[1]) - int(run[-1][1][1]) not in (0, 1)):
                _number(run)
                run = []
            run += [(draft, found)] if found else []
        _number(run)


def _number(run: list[tuple[Draft, re.Match[str]]]) -> None:
    for draft, found in run if len(run) > 1 else ():
        draft.hard, draft.title = found[1], draft.title[found.end() :]


class Ids:
    """The ids of a plan: `drafts` by lower-case id, `doubled` the ids that stand twice."""

    def __init__(self, drafts: list[Draft]) -> None:
        self.findings: list[Finding] = []
        self.taken: dict[str, Draft] = {}
        self.doubled: set[str] = set()
        self._used: dict[str, int] = {}
        _take_counts(drafts)
        self._hard(drafts)
        self._reparent(drafts)
        self._by_place(drafts)

    def _hard(self, drafts: list[Draft]) -> None:
        copies: dict[str, int] = {}
        for draft in drafts:
            if not draft.hard:
                continue
            if not legal(draft.hard):
                draft.extra["id"], draft.hard = draft.hard, ""
                continue
            low = draft.hard.lower()
            if low not in self.taken:
                draft.id = draft.hard
                self.taken[low] = draft
                continue
            self.doubled.add(low)
            copy = copies[low] = copies.get(low, 1) + 1
            draft.id = f"{draft.hard}~{copy}"
            self.taken[draft.id.lower()] = draft
            self.findings.append(
                Finding(
                    "duplicate-id",
                    f"{draft.hard} stands on line {self.taken[low].line} and again on line {draft.line}; the second is "
                    f"called {draft.id}. Give one of them another id.",
                    draft.line,
                    draft.id,
                )
            )

    def _reparent(self, drafts: list[Draft]) -> None:
        """Hang `t1.1` under `t1`, and `1.1` under the box `1.`, where nesting does not say otherwise."""
        numbers: dict[tuple[int, str], Draft] = {}
        # what a row waits for is no whole of which it is a part, nor are the rows that count on from it
        whole = {_above(draft) for draft in drafts if _above(draft) in _waits(draft)}
        for draft in drafts:
            if draft.number and not draft.hard:
                numbers.setdefault((id(draft.parent), draft.number.lower()), draft)
            wish = draft.fields.get("parent", [""])[0].lower()
            if not wish and "." in draft.hard and (draft.parent is None or draft.parent.role == "phase"):
                wish = _above(draft)
                if wish in whole or (draft.parent is not None and draft.parent.number.lower() == wish):
                    continue
            if not wish:
                continue
            parent = self.taken.get(wish) or numbers.get((id(draft.parent), wish))
            if parent is None or parent is draft.parent:
                continue
            if _circular(draft, parent):
                said = (
                    f"{draft.id or draft.title} cannot hang under {wish}: a circle, or more than {MAX_NESTING} levels."
                )
                self.findings.append(Finding("parent-refused", said, draft.line, draft.id or None))
                continue
            draft.parent = parent
        rebuild(drafts)

    def _by_place(self, drafts: list[Draft]) -> None:
        level = [draft for draft in drafts if draft.parent is None]
        groups: list[tuple[str, list[Draft]]] = [("", level)]
        while groups:
            prefix, siblings = groups.pop()
            self._numbered(prefix, siblings)
            self._ordinals(prefix, siblings)
            groups.extend((draft.id, draft.kids) for draft in siblings if draft.kids)

    def _numbered(self, prefix: str, siblings: list[Draft]) -> None:
        plain = any(not draft.id and not draft.number for draft in siblings)
        for draft in siblings:
            if draft.id or not draft.number or (plain and draft.block.number):
                continue  # where only some items carry a list's number, all get their place: ids keep the text's order
            number = draft.number.replace(" ", "").replace("–", "-")
            inside = not prefix or number.lower().startswith(prefix.lower() + ".")
            wish = number if inside else f"{prefix}.{number}"
            if legal(wish) and wish.lower() not in self.taken:
                draft.id = wish
                self.taken[wish.lower()] = draft

    def _ordinals(self, prefix: str, siblings: list[Draft]) -> None:
        base = prefix.replace("~", "-")
        if base.count(".") >= 4 or len(base) > 56:
            base = base.replace(".", "-")[:56]
        shared = base != prefix.replace("~", "-")  # other groups may count under the same shortened name
        place = self._used.get(base, 0) if shared else 0
        for draft in siblings:
            place += 1
            if draft.id:
                continue
            wish = f"{base}.{place}" if base else str(place)
            while wish.lower() in self.taken:
                place += 1
                wish = f"{base}.{place}" if base else str(place)
            draft.id = wish
            self.taken[wish.lower()] = draft
        if shared:
            self._used[base] = place


def _above(draft: Draft) -> str:
    return draft.hard.lower().rpartition(".")[0]


def _waits(draft: Draft) -> list[str]:
    """The ids in the column that says what a row waits for."""
    return " ".join(draft.fields.get("column:depends", ())).lower().replace(",", " ").split()


def _circular(draft: Draft, parent: Draft) -> bool:
    """Say whether `draft` is `parent` or above it, or the way up from there is longer than nesting may be."""
    above: Draft | None = parent
    for _ in range(MAX_NESTING):
        if above is None or above is draft:
            break
        above = above.parent
    return above is not None


def rebuild(drafts: list[Draft]) -> None:
    """Write the lists of children anew from the parents, in the order of the text."""
    for draft in drafts:
        draft.kids = []
    for draft in drafts:
        if draft.parent is not None:
            draft.parent.kids.append(draft)
