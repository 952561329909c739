"""Edges: what the plan says (written), phases in order, numbered siblings in order; each with line and confidence."""

import re
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

from branchline.model.plan import Edge, Finding
from branchline.planfile import words
from branchline.planfile.drafts import MAX_TITLE, Draft
from branchline.planfile.names import PAREN, Names, whole
from branchline.planfile.outline import Outline
from branchline.planfile.refs import KEYS, TOKEN, Found, behind, everything, first_list, groups, resolve
from branchline.planfile.sections import SPACELESS, any_verb, verb_of
from branchline.planfile.sentences import (
    ARROW,
    BACK,
    BRACKETS,
    NUMBERS,
    SUBJECT,
    THEN,
    afterwards,
    beside,
    bound,
    counted,
    denied,
    in_series,
    in_words,
    one_by_one,
    waits_for_all,
)

MAX_APART = 40
ORDERS = ("written", "phase", "numbered", "document")
_DEPENDS, _BLOCKS = any_verb(words.DEPENDS_PROSE), any_verb(words.BLOCKS_PROSE)
_LATER_SPACED, _ONCE_SPACED = (
    tuple(word for word in each if not SPACELESS.search(word)) for each in (words.LATER, words.ONCE)
)
"""Those that stand before what they name: `after T1`, `once T1 is done`."""
_ALL = "|".join(map(re.escape, (*words.ALL_PRIOR, *words.ALL_STORIES)))
_BEFORE_ID = rf"(?=\s+(?:(?:(?:{KEYS})\s+)?[A-Z]{{0,4}}\d|{_ALL}))"
_VERB = re.compile(
    rf"(?P<on>{_DEPENDS}|(?:{any_verb((*_LATER_SPACED, *_ONCE_SPACED))}){_BEFORE_ID})"
    rf"|(?P<off>{_BLOCKS}|(?:{any_verb(words.EARLIER)}){_BEFORE_ID})",
    re.IGNORECASE,
)
_LATER, _EARLIER = (re.compile(any_verb(each), re.IGNORECASE) for each in (words.LATER, words.EARLIER))
_STARTS = re.compile(
    rf"[\W_]*(?:(?:can )?(?:start|run|begin)s? |kann |может начаться |可以在)?(?:{any_verb(words.LATER)})",
    re.IGNORECASE,
)
"""`US2: After US1`, `US2: Can start after US1`: what the label names comes later."""
_FIRST = re.compile(rf"[\W_]*(?:{any_verb((*_LATER_SPACED, *_ONCE_SPACED))})([^,:：]{{1,80}})[,:：]", re.IGNORECASE)
"""`After T1, T2 can start`, `After T1: T2`."""
_NEXT = re.compile(rf"(?:[,;，；]\s?)?(?:{any_verb(words.THEN)})", re.IGNORECASE)
_CLAUSE = re.compile(
    r"(?<!\s)\s[-–—]\s|[;；]|\b(?:but|aber|mais pas|mais non|pero no|mas não|но не|але не)\b|但不"
    r"|[,，]\s?(?:unlike|see|like|до)\s",
    re.IGNORECASE,
)
WAITING = (*words.DEPENDS_PROSE, *words.LATER, *words.ONCE)
_LEADING = (*words.BLOCKS_PROSE, *words.EARLIER)
_OF_TASKS = ("blocked", "bloqu", "blockiert", "depend", "dépend", "завис", "залеж", "phụ thuộc")
"""Verbs that are said of tasks alone; `requires` and `needs` are said of packages too."""
_LAST = re.compile(r"[にを]|[을에]\s?")
"""How a verb begins that stands after what it rules: `T2はT1に依存`."""
_STRICT = "|".join(["depends[- ]on", *(verb_of(verb) for verb in words.DEPENDS_PROSE if verb.startswith(_OF_TASKS))])
_BRACKETED = re.compile(
    rf"[(（\[]\s*(?:[^()（）\[\],，;；]{{1,40}}[,，;；]\s*)?(?:only\s+)?(?:{_DEPENDS}|{any_verb(words.LATER)}|(?:depends|deps?|requires)(?=[:：]))[:：\s]*(?![:：\s])([^()（）\[\]]{{1,200}})[)）\]]",
    re.IGNORECASE,
)
_INLINE = re.compile(rf"(?<!\w)(?:{_STRICT})[:\s*]+(?![:\s*])((?:[^()（）.;\n]|\.(?=\d)){{1,200}})", re.IGNORECASE)
_WAITS = re.compile(
    rf"(?<!\w)(?:{any_verb(WAITING)}|(?P<off>{any_verb(_LEADING)}))(?:\s(?:both|the|on))?\s{{0,3}}$", re.IGNORECASE
)
"""`after Phase 3`, `needs T2 and T3`, wherever it stands: only before a name, for `after React 18` is no reference."""
_AHEAD = re.compile(r"[\s(（\u3040-\uffff](?![a-z]{2,12}\s[a-z])(?=[^\W\d_]{0,12}[\s#№-]{0,2}(?:\d|[A-Z]\b))")
"""Behind a match a name may begin: the words before it are looked for there, which costs less than to look everywhere.

Two words in small letters, which most are, begin none; that is seen first.
"""
_ENDS = (*WAITING, *_LEADING, " both", " the", " on")
_REACH = 40
_AS_FIELD = re.compile(rf"[(（\[]\s*(?:{_STRICT})\s*[:：]", re.IGNORECASE)
_ODD = re.compile(r"(?<![\w.#-])[A-Za-z](?=[A-Za-z.-]{0,20}[0-9])[A-Za-z0-9.-]{0,20}[A-Za-z0-9](?![\w-])")
_CODE = re.compile(r"`[^`\s]{1,200}\s[^`\n]{0,2000}`")  # one word in back-ticks may be an id, more are code
_SENTENCE = re.compile(r"(?<=[.;])\s+|(?<=[。；])|(?<!\s)\s+[—–]\s+|[∥‖]")
MINED = 0.9
"""The confidence of what prose says of order; in a circle it gives way to what a field or a column says."""
_CLOSED = re.compile(r"(?<=[)）])\s?[,，]\s?")
_LABEL = re.compile(r"[:：]|(?<!\s)\s+[—–]\s+")
_OVER = re.compile(r"[\d)]\s(?:(?:is|are) )?(?:done|completed?|finished|merged)\b", re.IGNORECASE)
"""`Phase 2 → Phase 1 done`: the arrow points to what is waited for."""
_CHAIN = re.compile(rf"[(（][^()（）]{{0,200}}(?:{ARROW.pattern})[^()（）]{{0,200}}[)）]")


def _ruled(text: str) -> str:
    """What a verb rules of the text behind it: `T1` of `T1, before T3`, `T1; blocks T3`, `T1, not T2`."""
    return bound(_VERB.split(_CLAUSE.split(text, maxsplit=1)[0], maxsplit=1)[0])


def _sentences(text: str) -> Iterator[str]:
    """The sentences of a text; `T2 (needs T1), T3 (needs T2)` are two."""
    for sentence in _SENTENCE.split(text):
        parts = _CLOSED.split(sentence)
        yield from parts if all(map(_VERB.search, parts)) else [sentence]


def independent(title: str) -> str:
    """A title without `(depends on: Write style.css)`: a file that is named there is another task's."""
    return _BRACKETED.sub(" ", title)


class Edges:
    """The edges of a plan, gathered statement by statement; `stated` are the tasks of which the plan itself speaks."""

    def __init__(self, out: Outline, names: Names) -> None:
        self.out, self.names = out, names
        self.found: dict[tuple[str, str], Edge] = {}
        self.findings: list[Finding] = []
        self.stated: set[int] = set()
        self.apart: set[frozenset[int]] = set()
        self.gates: list[tuple[Draft, int]] = []
        """What all stories wait for that do not wait for it anyway, and the line that says so."""

    def add(self, before: Draft, after: Draft, kind: str, line: int | None, confidence: float = 1.0) -> None:
        """Keep an edge, unless it is there already, or says nothing."""
        if before is after or before.holds(after) or after.holds(before):
            return
        if kind != "written" and frozenset((before.line, after.line)) in self.apart:
            return
        self.found.setdefault(
            (before.id, after.id),
            Edge(before.id, after.id, kind, line, confidence),  # type: ignore[arg-type]  # the four kinds are ours
        )

    def say(self, before: list[Draft], after: list[Draft], line: int, confidence: float = MINED) -> None:
        """Keep the edges that a sentence states, each with each, and note that the plan speaks of the later tasks."""
        self.names.spend(len(before) * len(after))
        if before:
            self.stated.update(draft.line for draft in after)
        for one in before:
            for other in after:
                self.add(one, other, "written", line, confidence)

    def followers(self) -> dict[str, set[str]]:
        """Give for each task the ids of those that by written edges come right after it."""
        found: dict[str, set[str]] = {}
        for edge in self.found.values():
            if edge.kind == "written":
                found.setdefault(edge.before, set()).add(edge.after)
        return found

    def field(self, draft: Draft, kind: str, value: str, line: int) -> None:
        """Take `Depends on: t3, t4`, `blocks: t9` or `After: t3` of one task; names in vain are findings, and hold it.

        Behind `After:`, `Prerequisites:` and their like, words that are no ids are a finding only: `React 18`.
        """
        self.names.line = line
        found = resolve(self.names, value, draft, strict=True)
        if kind != "blocks":
            self.stated.add(draft.line)
        for other in found.drafts:
            if other is draft:
                self._hold(draft, "self-dependency", f"{draft.id} depends on itself", line)
            elif kind != "blocks":
                self.add(other, draft, "written", line)
            else:
                self.say([draft], [other], line, 1.0)
        for token in (*found.unknown, *self._odd(draft, value, found)):
            loose = kind == "after" and not self.names.like_an_id(token)
            self._unknown(draft, "blocks" if kind == "blocks" else "depends on", token, line, loose=loose)
        for token in found.doubled:
            said = f"{draft.id} names {token!r}, which stands twice in the plan."
            self._hold(draft, "doubled-reference", said, line)

    def _hold(self, draft: Draft, code: str, message: str, line: int, *, hold: bool = True) -> None:
        self.findings.append(Finding(code, message, line, draft.id, hold=hold))

    def _unknown(self, draft: Draft, verb: str, token: str, line: int, *, loose: bool = False) -> None:
        near = self.names.near(token, draft)
        said = f"{draft.id} {verb} {token!r}, and no task of the plan is called that"
        said += f"; did you mean {near}?" if near else "."
        self._hold(draft, "unknown-reference", said, line, hold=not loose or (near != "" and " " not in token))

    def _odd(self, draft: Draft, text: str, found: Found) -> list[str]:
        """The words that have the form of no id and are spelt almost like one: `T-O1`."""
        rest = TOKEN.sub(" ", PAREN.sub(" ", text)) if _ODD.search(text) else ""
        return [word for word in _ODD.findall(rest) if word not in found.unknown and self.names.near(word, draft)]

    def inline(self, draft: Draft, line: int, text: str, title: bool = False) -> None:
        """Take `(depends on T012)` in a title or a line of prose; only ids and `Task N` are references there.

        `(depends on: the first one)` in a title is a field, and may name titles.
        """
        self.names.line = line
        text = _CODE.sub(" ", text) if "`" in text else text
        low = text.lower()
        bracketed = list(_BRACKETED.finditer(text)) if "(" in text or "[" in text or "（" in text else []
        for found in bracketed:
            if title and _AS_FIELD.match(found[0]):
                self.field(draft, "after", found[1], line)
            else:
                self._mined(draft, line, _ruled(found[1]), title, sure=True)
        for said in afterwards(text):
            self._mined(draft, line, said, title, sure=False)
        if any(map(low.__contains__, _OF_TASKS)):
            said = _BRACKETED.sub(" ", text) if bracketed else text
            for found in _INLINE.finditer(said):
                if not denied(said, found):  # a line that says nothing else is as sure as a title
                    before = said[: found.start()]
                    sure = title or not before.strip("-*+ \t")
                    self._mined(draft, line, in_series(before, _ruled(found[1])), title, sure=sure)
        if waits_for_all(text):
            self.stated.add(draft.line)
            self.say(list(self.names.earlier(draft)), [draft], line)
        for place in (found.end() for found in _AHEAD.finditer(text)):
            if low[max(0, place - _REACH) : place].rstrip().endswith(_ENDS):
                self._waits(draft, line, text, place, 1.0 if title else MINED)

    def _waits(self, draft: Draft, line: int, text: str, place: int, sure: float) -> None:
        """Take `needs T2 and T3`, `before T4`, unless the sentence is about another task: `T5 needs T2`."""
        verb = _WAITS.search(text, max(0, place - _REACH), place)
        about = _SENTENCE.split(text[max(0, verb.start() - SUBJECT) : verb.start()])[-1] if verb is not None else ""
        if (
            verb is None
            or denied(text, verb)
            or (
                not (sure == 1 and beside(about))
                and any(one is not draft for each in groups(self.names, about) for one in each)
            )
        ):
            return
        for other in behind(self.names, text, place, draft):
            if not verb["off"]:
                self.stated.add(draft.line)
                self.add(other, draft, "written", line, sure)
            elif not other.kids:  # `assign it before Sprint 1` says when, and not what waits for it
                self.add(draft, other, "written", line, sure)

    def _mined(self, draft: Draft, line: int, value: str, title: bool, *, sure: bool) -> None:
        """Take what a title or prose says that a task depends on; what is `sure` to mean tasks is a finding when unknown."""
        named = resolve(self.names, value, draft, strict=NUMBERS.fullmatch(value) is not None)
        prior = self.names.earlier(draft) if everything(value.lower().strip()) else ()
        for other in prior or named.drafts:
            self.stated.add(draft.line)
            self.add(other, draft, "written", line, 1.0 if title else MINED)
        if sure:
            unknown = (*filter(self.names.like_an_id, named.unknown), *self._odd(draft, value, named))
            for token in unknown:
                self._unknown(draft, "depends on", token, line)

    def row(self, line: int, names: list[str], values: list[str], blocked: Sequence[str] = ()) -> bool:
        """Take a row of a table on order: the first cell that names one says which; `values` come before, `blocked` after."""
        about = next((named for cell in names if len(named := self._about(cell)) == 1), [])
        self.stated.update(draft.line for draft in about)
        for value in values:
            prior = list(self.names.earlier(about[0])) if about and everything(value.lower().strip("*_ .")) else []
            self.say([draft for draft in prior or whole(self.named(value)) if draft not in about], about, line)
        for value in blocked:
            self.say(about, [draft for draft in self.named(value) if draft not in about], line)
        return bool(about)

    def statement(self, line: int, text: str) -> None:
        """Take a line of a section on order: `T2 depends on T1`, `Phase 1 -> Phase 2`, `Task 3: no dependencies`."""
        self.names.line = line
        text = in_words(self.names, text)
        label, *rest = _LABEL.split(text, maxsplit=1)
        about = self._about(label) if rest and not (_VERB.search(label) or ARROW.search(label)) else []
        said = BRACKETS.sub(lambda found: re.sub(r"\s?[∥‖]\s?", ", ", found[0]), rest[0] if about else text)
        self._next(line, said)
        for inner in _CHAIN.findall(said):  # `US1 (T3 → T4) and US2 (T5 → T6)` are two chains
            self.chain(line, ARROW.split(inner.strip("()（）")))
        for sentence in _sentences(_CHAIN.sub(" ", said)):
            chain = ARROW.split(sentence)
            if len(chain) > 1 and not (rest and beside(label)):  # `in parallel or one by one: A -> B` binds nothing
                verb = _VERB.search(chain[-1])
                if verb and self.named(chain[-1][: verb.start()]):  # `T1 → T2 blocks T3`
                    self._says(line, about, chain[-1])
                    chain[-1] = chain[-1][: verb.start()]
                self.chain(line, chain)
            elif (back := BACK.search(sentence)) and _VERB.search(sentence, back.end()):  # `T2 ← depends on T1`
                self._says(line, self._about(sentence[: back.start()]) or about, sentence[back.end() :])
            elif back:
                self.chain(line, BACK.split(sentence)[::-1])
            elif about and (found := _STARTS.match(sentence)):
                first, *rest = _CLAUSE.split(sentence[found.end() :], maxsplit=1)
                self._link(line, about, bound(first), on=True)
                if rest and _VERB.search(rest[0]):
                    self._says(line, about, rest[0])
            elif one_by_one(sentence) and not _VERB.search(BRACKETS.sub(" ", sentence)):
                self._run(line, groups(self.names, sentence))
            elif _VERB.search(sentence):
                self._says(line, about, sentence)
            elif found := THEN.search(sentence):
                self._then(line, about, sentence[: found.start()], sentence[found.end() :])
                self._free(about, sentence[found.end() :])
            elif (found := _EARLIER.search(sentence)) and (after := self.named(sentence[found.end() :])):
                self.say(self.named(sentence[: found.start()]), after, line)
            else:
                self._free(about, sentence)

    def _next(self, line: int, text: str) -> None:
        """`T1 and T2 after T3, then T4`: what stands before a verb comes before what stands behind the word."""
        parts = [_VERB.split(part, maxsplit=1)[0] for part in _NEXT.split(text)]
        for before, after in pairwise(map(self.named, parts if len(parts) > 1 else ())):
            self.say(before, after, line)

    def _then(self, line: int, about: list[Draft], first: str, rest: str) -> None:
        before, after = self.names.all_stories(first) or self.named(first), self.named(rest) or about
        if not after:  # `T2 和 T3 在 T1 之后`
            before, after = before[-1:], before[:-1]
        self.say(before, after, line)

    def _run(self, line: int, named: list[list[Draft]]) -> None:
        """What runs one by one: what is named, or the tasks of the only range: `T3-T5 are sequential within US2`."""
        leaves = [group for group in named if not any(draft.kids for draft in group)]
        if len(leaves) == 1 and len(leaves[0]) > 1:
            named = [[draft] for draft in leaves[0]]
        for before, after in pairwise(named):
            self.say(before, after, line)

    def _about(self, label: str) -> list[Draft]:
        """What a line is about, by its label: `T2`, the beginning of a title (`Polish (Phase N)`), all stories (`(Phase 3+)`)."""
        if label.strip("*_ ").endswith("+)") and (stories := self.names.stories):
            return stories
        titled = self.names.titled(BRACKETS.sub("", label).strip("*_ ")) if len(label) <= MAX_TITLE else None
        return self.named(label) or ([titled] if titled is not None else [])

    def _free(self, about: list[Draft], sentence: str) -> None:
        """`no dependencies` frees a task from what its place implies; `in parallel` frees tasks from one another."""
        if any(word in sentence.lower() for word in words.UNBOUND):
            self.stated.update(draft.line for draft in (*about, *self.named(sentence)))
        elif beside(sentence):
            self._part(about, sentence)

    def _part(self, about: list[Draft], sentence: str) -> None:
        """What runs in parallel: single tasks with one another, and ranges as wholes with one another."""
        found = groups(self.names, sentence) or [[draft] for draft in self.named(sentence)]
        if any(len(group) > 1 for group in found):
            found = [*found, about]
        else:
            found += [[draft] for draft in about]
        if sum(map(len, found)) <= MAX_APART:
            pairs = ((one, other) for first, second in combinations(found, 2) for one in first for other in second)
            self.apart.update(frozenset((one.line, other.line)) for one, other in pairs if one is not other)

    def chain(self, line: int, parts: list[str]) -> None:
        """Take `Setup (T1-T3) -> T4 -> T5`; a range in brackets that is all of a phase means the phase."""
        named = counted(self.names, parts) or [
            self.named(BRACKETS.sub(" ", part)) or whole(self.named(part)) for part in parts
        ]
        if len(named) == 2 and named[0] and everything(parts[1].lower().strip(" .*_`")):  # `Polish → everything else`
            named = [list(self.names.earlier(named[0][0])), named[0]]
        elif len(named) == 2 and (_LATER.search(parts[1]) or _OVER.search(parts[1])):
            named.reverse()
        for before, after in pairwise(named):
            self.say(before, after, line)

    def _says(self, line: int, about: list[Draft], sentence: str) -> None:
        """`A depends on B and blocks C`: each verb rules the words up to the next one."""
        verbs = [verb for verb in _VERB.finditer(sentence) if not denied(sentence, verb)]
        if not verbs:
            return
        before = sentence[: verbs[0].start()]
        subjects = self.names.all_stories(before) or self.named(before) or about
        if not beside(sentence):
            self.stated.update(draft.line for draft in about)
        if not subjects and (found := _FIRST.match(sentence)):  # `After T1, T2 can start`
            for group in groups(self.names, first_list(sentence[found.end() :])):
                self._link(line, group, found[1], on=True)
            return
        if not subjects and len(verbs) > 1:  # `Wait for T1 before T2`
            subjects, verbs = self.named(sentence[verbs[0].end() : verbs[1].start()]), verbs[1:]
        ends = [verb.start() for verb in verbs[1:]] + [len(sentence)]
        if _LAST.match(verbs[0][0]) and not about and len(subjects) > 1:
            first, others = subjects[:1], subjects[1:]
            self.say(*((others, first) if verbs[0]["on"] else (first, others)), line)
            return
        for verb, end in zip(verbs, ends, strict=True):
            said = bound(_CLAUSE.split(_NEXT.split(sentence[verb.end() : end], maxsplit=1)[0], maxsplit=1)[0])
            self._link(line, subjects, in_series(before, said), verb["on"] is not None)

    def _link(self, line: int, subjects: list[Draft], said: str, on: bool) -> None:
        low = said.strip().lower()
        stories = self.names.all_stories(low)
        if not on:
            self.gates += [(subject, line) for subject in subjects] if stories else []
            self.say(subjects, [] if stories else self.named(said), line)
            return
        self.stated.update(draft.line for draft in subjects)
        if not stories and everything(low.strip(".。;")):
            for subject in whole(subjects):
                self.say(list(self.names.earlier(subject)), [subject], line)
        else:
            self.say(stories or whole(self.named(said)), subjects, line)

    def named(self, text: str) -> list[Draft]:
        """Find the tasks that a text names, by their ids and numbers and the titles of phases."""
        named = (self.names.titled(phrase[0]) for phrase in self.names.phrase.finditer(text))
        return list(dict.fromkeys((*resolve(self.names, text, None, strict=False).drafts, *filter(None, named))))
