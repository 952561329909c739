"""What the sentences of a section on order say around their verbs: what is denied, free, at the same time, one by one."""

import re
from collections.abc import Sequence

from branchline.planfile import words
from branchline.planfile.drafts import Draft
from branchline.planfile.names import Names
from branchline.planfile.refs import resolve, tokens
from branchline.planfile.sections import SPACELESS, any_verb

ARROW = re.compile(r"[─━-]{0,9}→|(?<![<=-])[=-]{1,9}>|⇒|⟶|⟹|⇢|➔|➜|[─━]{1,9}[►▶>]")
_SPOKEN = re.compile(
    r"\s{0,3}[*_]{0,2}(?:must|can|may (?:be|start|run|begin)|should|will|blocks?|depends?|requires?|needs?|waits?|has no|none"
    r"|no (?:dependenc|prerequisit))",
    re.IGNORECASE,
)
BACK = re.compile(r"←|<--?(?![->])|⇐|⟵|⇠")
SUBJECT = 200
"""So far before a verb stands what its sentence is about; a line of many such verbs is read in a time linear in its length."""
_NOT = re.compile(rf"(?:{any_verb(words.NOT)}|n't)\s?$", re.IGNORECASE)
"""Right before a verb: `does not depend on T2` says nothing of T2."""
NUMBERS = re.compile(
    r"(?=\W{0,4}\d)(?!\d{4}-\d)(?:\d{1,4}(?:\.\d{1,4}){0,4}(?:[a-d](?![a-z]))?(?!\d)|[\s,&+/–~-]|and|to|und|и|y|e|et|和|と"
    r"|[(（][^()（）]{0,200}[)）]){1,60}"
)
"""Nothing but numbers, ranges of them and what stands in brackets: what `Task 5 depends on` says of tasks, by numbers alone."""
_DOTTED = re.compile(r"\d{1,3}(?:\.\d{1,3}){1,3}")
_LED = re.compile(rf"\W{{0,4}}({_DOTTED.pattern}(?:\s?[,+&]\s?{_DOTTED.pattern}){{0,9}})(?:\s|$)")
BRACKETS = re.compile(r"[(（][^()（）]{0,200}(?:[)）]|$)")
"""Words in brackets; those still open at the end of a line are closed below it."""
_PRIOR = tuple(said for said in words.ALL_PRIOR if " " in said or not said.isascii())
_ALL_BEFORE = re.compile(
    rf"(?:{any_verb(words.DEPENDS_PROSE)})[:：\s]*(?:{'|'.join(map(re.escape, _PRIOR))})", re.IGNORECASE
)
_BEHIND = "|".join(re.escape(word) for word in words.LATER if SPACELESS.search(word))
THEN = re.compile(_BEHIND)
"""`T1 完成后才能开始 T2`: what stands before such a word comes first."""
_AFTERWARDS = re.compile(rf"[(（]([^()（）]{{1,80}}?)\s?(?:验收后|驗收後|{_BEHIND})[^()（）]{{0,20}}[)）]")
_NUMBER = re.compile(r"(?<![\w.])\d{1,3}[a-z]?(?![\w.])")
_OF_THINGS = re.compile(r"\s+(?!(?:and|or|und|et|y|e|и|і|is|are|completes?)\b)[^\W\d_]")
"""Behind a number: it counts things, as in `needs 2 people`."""
_COUNTED = re.compile(rf"{_NUMBER.pattern}(?:\s?[,&+]\s?{_NUMBER.pattern}){{0,20}}")
_COMMA = re.compile("[,，]")


def _spoken(text: str) -> str:
    """`Phase 2 → Blocks all stories` says something of Phase 2, as a colon does; such an arrow leads nowhere."""
    first = ARROW.search(text)
    if first is None or not _SPOKEN.match(text, first.end()):
        return text
    return f"{text[: first.start()]}:{text[first.end() :]}"


def in_words(names: Names, text: str) -> str:
    """`4b: depends on 4a` where `4a` and `4b` count phases, and no tasks: each number is said with its word."""
    text = _spoken(text)
    label, colon, _ = text.replace("：", ":").partition(":")
    numbers = _NUMBER.findall(label)
    if not colon or not _COUNTED.fullmatch(label.strip("*_- ")) or not all(names.only_phase(each) for each in numbers):
        return text

    def said(found: re.Match[str]) -> str:
        named = names.only_phase(found[0]) and _OF_THINGS.match(text, found.end()) is None
        return f"phase {found[0]}" if named else found[0]

    return _NUMBER.sub(said, text)


def beside(text: str) -> bool:
    """Say whether a text tells of what may run at the same time."""
    low = text.lower()
    return any(word in low for word in words.PARALLEL)


def bound(text: str) -> str:
    """Leave out of what a verb rules the parts that bind nothing: `T1, not T2`, `T1, parallel with T2`."""
    free = (*words.PARALLEL, *words.UNBOUND)
    parts = [(part, BRACKETS.sub(" ", part).lower().strip()) for part in _COMMA.split(text)]
    held = [(part, low) for part, low in parts if not _NOT.match(low.partition(" ")[0])]
    return ",".join(part for part, low in held if not any(map(low.__contains__, free)))


def one_by_one(text: str) -> bool:
    """Say whether a text tells of what runs one after the other: `T3 and T4 are sequential`; in brackets it explains."""
    said = BRACKETS.sub(" ", text).partition("(")[0].lower()
    return not beside(text) and any(word in said for word in words.SEQUENTIAL)


def denied(text: str, verb: re.Match[str]) -> bool:
    """Say whether a verb is denied right before it."""
    return _NOT.search(text[max(0, verb.start() - 8) : verb.start()]) is not None


def in_series(before: str, said: str) -> str:
    """`Task 5 depends on 1-4`: bare numbers are of the series of what stands before the verb."""
    bare = NUMBERS.fullmatch(BRACKETS.sub(" ", said).strip(" .。")) is not None
    key = next((named[0] for named in reversed(tokens(before[-SUBJECT:]))), "") if bare else ""
    return f"{key} {said.strip()}" if key else said


def afterwards(text: str) -> list[str]:
    """What stands in brackets before `完了後` and its like, which come behind what is waited for: `画面（T2、T3 完了後）`."""
    return [] if text.isascii() else [found[1] for found in _AFTERWARDS.finditer(text)]


def waits_for_all(text: str) -> bool:
    """Say whether a text tells that it waits for all before it: `This task requires all previous tasks complete`."""
    low = text.lower()
    found = _ALL_BEFORE.search(text) if any(map(low.__contains__, _PRIOR)) else None
    return found is not None and not denied(text, found)


def counted(names: Names, parts: Sequence[str]) -> list[list[Draft]]:
    """Resolve parts of a chain that are nothing but numbers, `1, 2` and `3`, or letters of phases; none where they are not."""
    bare = [part.strip(" .。`*") for part in parts]
    if all(map(NUMBERS.fullmatch, bare)):
        return [list(resolve(names, part, None, strict=True).drafts) for part in bare]
    led = [_LED.match(part) for part in bare]
    known = [[names.one("", number, None) for number in _DOTTED.findall(found[1])] if found else [] for found in led]
    if all(known) and all(map(all, known)):  # `1.2 Schemas → 1.4 Routers`
        return [[draft for draft in drafts if draft is not None] for drafts in known]
    if all(len(part) == 1 and part.isupper() for part in bare):
        return [names.by_key.get(("phase", part.lower()), [])[:1] for part in bare]
    return []
