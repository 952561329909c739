"""Edges: what the plan says (written), phases in order, numbered siblings in order; each with line and confidence."""

import re
from functools import lru_cache
from itertools import pairwise

from branchline.model.plan import Edge, Finding
from branchline.planfile import words
from branchline.planfile.body import Reading
from branchline.planfile.dialects.base import Dialect
from branchline.planfile.drafts import Draft
from branchline.planfile.outline import Outline
from branchline.planfile.refs import Names, groups, resolve

MAX_APART = 40
ORDERS = ("written", "phase", "numbered", "document")
_DEPENDS = "|".join(re.escape(verb) for verb in words.DEPENDS_PROSE.split("|"))
_BLOCKS = "|".join(re.escape(verb) for verb in words.BLOCKS_PROSE.split("|"))
_VERB = re.compile(
    rf"(?P<on>(?<!\w)(?:{_DEPENDS})(?!\w)|依赖|에 의존|(?<!\w)after(?=\s+(?:task\s+)?[A-Z]{{0,4}}\d))"
    rf"|(?P<off>(?<!\w)(?:{_BLOCKS})(?!\w))",
    re.IGNORECASE,
)
_INLINE = re.compile(
    rf"[(（\[]\s*(?:{_DEPENDS}|after)[:\s]+(?![:\s])([^()（）\[\]]{{1,200}})[)）\]]"
    r"|(?<!\w)(?:depends[- ]on|blocked[- ]by)[:\s]+(?![:\s])((?:[^()（）.;\n]|\.(?=\d)){1,200})",
    re.IGNORECASE,
)
_INLINE_WORDS = tuple({verb.split()[0] for verb in words.DEPENDS_PROSE.split("|")} | {"after"})
_NUMBERS = re.compile(r"(?:\d{1,4}(?:\.\d{1,4}){0,4}(?!\d)|[\s,&+]|and){1,60}")
_CODE = re.compile(r"`[^`\s]{1,200}\s[^`\n]{0,2000}`")  # one word in back-ticks may be an id, more are code
_SENTENCE = re.compile(r"(?<=[.;。；])\s+|(?<!\s)\s+[—–]\s+")
_ARROW = re.compile(r"→|-->|->|=>|⇒|➔|➜")
_NODE = re.compile(r"([\w.-]{1,60})\s*(?:[\[({>]{1,3}\"?([^\]\[(){}\"|]{1,200})\"?[\])}]{1,3})?")
_LINK = re.compile(r"<?[-=.]{2,}[>ox]?(?:\|[^|]{0,80}\|)?|--\s[^-]{1,60}\s-->")
_STEP_WORDS = re.compile(
    r"step|order|implementation|procedure|sequence|plan|task|todo|schritt|umsetzung|шаг|этап|план|passo|paso|étape|bước|步|实施|手順|実装|단계|계획|任务|タスク",
    re.IGNORECASE,
)
_NO_SEQUENCE = re.compile(
    r"files?\b|targets?\b|bugs?\b|issues?\b|ideas?\b|features?\b|backlog|done|dateien|datei|文件|ファイル",
    re.IGNORECASE,
)


class Edges:
    """The edges of a plan, gathered statement by statement; `stated` are the tasks of which the plan itself speaks."""

    def __init__(self, out: Outline, names: Names) -> None:
        self.out, self.names = out, names
        self.found: dict[tuple[str, str], Edge] = {}
        self.findings: list[Finding] = []
        self.stated: set[int] = set()
        self.apart: set[frozenset[int]] = set()

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

    def say(self, before: list[Draft], after: list[Draft], line: int) -> None:
        """Keep the edges that a sentence states, each with each, and note that the plan speaks of the later tasks."""
        self.names.spend(len(before) * len(after))
        if before:
            self.stated.update(draft.line for draft in after)
        for one in before:
            for other in after:
                self.add(one, other, "written", line)

    def field(self, draft: Draft, kind: str, value: str, line: int) -> None:
        """Take `Depends on: t3, t4` or `blocks: t9` of one task; names in vain are findings, and hold it."""
        self.names.line = line
        found = resolve(self.names, value, draft, strict=True)
        if kind == "depends":
            self.stated.add(draft.line)
        for other in found.drafts:
            if other is draft:
                self._hold(draft, "self-dependency", f"{draft.id} depends on itself", line)
            elif kind == "depends":
                self.add(other, draft, "written", line)
            else:
                self.say([draft], [other], line)
        for token in found.unknown:
            self._unknown(draft, "depends on" if kind == "depends" else "blocks", token, line)
        for token in found.doubled:
            said = f"Line {line}: {draft.id} names {token!r}, which stands twice in the plan."
            self._hold(draft, "doubled-reference", said, line)

    def _hold(self, draft: Draft, code: str, message: str, line: int) -> None:
        self.findings.append(Finding(code, message, line, draft.id, hold=True))

    def _unknown(self, draft: Draft, verb: str, token: str, line: int) -> None:
        said = f"Line {line}: {draft.id} {verb} {token!r}, and no task of the plan is called that."
        self._hold(draft, "unknown-reference", said, line)

    def inline(self, draft: Draft, line: int, text: str, title: bool = False) -> None:
        """Take `(depends on T012)` in a title or a line of prose; only ids and `Task N` are references there."""
        low = text.lower()
        if not any(word in low for word in _INLINE_WORDS):
            return
        self.names.line = line
        if "`" in text:
            text = _CODE.sub(" ", text)
        for found in _INLINE.finditer(text):
            value = found[1] or found[2]
            bare = _NUMBERS.fullmatch(value) is not None
            named = resolve(self.names, value, draft, strict=bare)
            for other in named.drafts:
                self.stated.add(draft.line)
                self.add(other, draft, "written", line)
            if (found[1] or title) and named.unknown:
                for token in filter(self.names.like_an_id, named.unknown):
                    self._unknown(draft, "depends on", token, line)

    def statement(self, line: int, text: str) -> None:
        """Take a line of a section on order: `T2 depends on T1`, `Phase 1 -> Phase 2`, `Task 3: no dependencies`."""
        self.names.line = line
        label, colon, rest = text.partition(":") if ":" in text else text.partition("：")
        about = self._named(label) if colon and not _VERB.search(label) else []
        for sentence in _SENTENCE.split(rest if about else text):
            chain = _ARROW.split(sentence)
            if len(chain) > 1:
                self._chain(line, chain)
            elif _VERB.search(sentence):
                self._says(line, about, sentence)
            else:
                self._free(about, sentence)

    def _free(self, about: list[Draft], sentence: str) -> None:
        """`no dependencies` frees a task from what its place implies; `in parallel` frees tasks from one another."""
        low = sentence.lower()
        if any(word in low for word in words.UNBOUND):
            self.stated.update(draft.line for draft in (*about, *self._named(sentence)))
        elif any(word in low for word in words.PARALLEL):
            self._part(about, sentence)

    def _part(self, about: list[Draft], sentence: str) -> None:
        """What runs in parallel: single tasks with one another, and ranges as wholes with one another."""
        found = groups(self.names, sentence) or [[draft] for draft in self._named(sentence)]
        if any(len(group) > 1 for group in found):
            found = [*found, about]
        else:
            found += [[draft] for draft in about]
        if sum(map(len, found)) <= MAX_APART:
            pairs = (
                (one, other)
                for first in found
                for second in found
                if first is not second
                for one in first
                for other in second
            )
            self.apart.update(frozenset((one.line, other.line)) for one, other in pairs if one is not other)

    def _chain(self, line: int, parts: list[str]) -> None:
        groups = [self._named(part) for part in parts]
        for before, after in pairwise(groups):
            self.say(before, after, line)

    def _says(self, line: int, about: list[Draft], sentence: str) -> None:
        """`A depends on B and blocks C`: each verb rules the words up to the next one."""
        verbs = list(_VERB.finditer(sentence))
        subjects = self._named(sentence[: verbs[0].start()]) or about
        if not any(word in sentence.lower() for word in words.PARALLEL):
            self.stated.update(draft.line for draft in about)
        ends = [verb.start() for verb in verbs[1:]] + [len(sentence)]
        for verb, end in zip(verbs, ends, strict=True):
            self._link(line, subjects, sentence[verb.end() : end], verb["on"] is not None)

    def _link(self, line: int, subjects: list[Draft], said: str, on: bool) -> None:
        if not on:
            self.say(subjects, self._named(said), line)
            return
        self.stated.update(draft.line for draft in subjects)
        if said.strip().lower().startswith(words.ALL_PRIOR):
            for subject in subjects:
                self.say(list(self.names.earlier(subject)), [subject], line)
        else:
            self.say(self._named(said), subjects, line)

    def _named(self, text: str) -> list[Draft]:
        found = list(resolve(self.names, text, None, strict=False).drafts)
        if not found:
            for phrase in self.names.phrase.finditer(text):
                named = self.names.titled(phrase[0])
                if named is not None:
                    found.append(named)
        return list(dict.fromkeys(found))

    def mermaid(self, lines: list[tuple[int, str]]) -> None:
        """Take a flowchart, when at least half of its nodes are tasks of the plan."""
        nodes: dict[str, Draft | None] = {}
        links: list[tuple[str, str, int]] = []
        for line, text in lines:
            self.names.line = line
            parts = _LINK.split(text.strip().rstrip(";"))
            groups = [self._nodes(part, nodes) for part in parts]
            for before, after in pairwise(groups):
                self.names.spend(len(before) * len(after))
                links += [(one, other, line) for one in before for other in after]
        linked = {name for one, other, _ in links for name in (one, other)}
        known = [name for name in linked if nodes.get(name) is not None]
        if not linked or len(known) * 2 < len(linked):
            return
        for one, other, line in links:
            first, second = nodes.get(one), nodes.get(other)
            if first is not None and second is not None:
                self.say([first], [second], line)

    def _nodes(self, part: str, nodes: dict[str, Draft | None]) -> list[str]:
        out = []
        for piece in part.split("&"):
            found = _NODE.match(piece.strip())
            if not found:
                continue
            name, label = found[1], found[2]
            out.append(name)
            if nodes.get(name) is None:
                named = self._named(label) if label else []
                draft = named[0] if named else self.names.titled(label or "") or self.names.by_id.get(name.lower())
                nodes[name] = draft
        return out


def written(edges: Edges, readings: dict[int, Reading]) -> None:
    """Gather everything the plan itself says about order."""
    for line, reading in readings.items():
        draft = edges.out.drafts[line]
        for kind, value, at in _marks(draft):
            edges.field(draft, kind, value, at)
        for kind, value, at in reading.refs:
            edges.field(draft, kind, value, at)
        if "blocked-by" not in draft.fields:
            edges.inline(draft, line, draft.block.text, title=True)
        for at, text in reading.prose:
            edges.inline(draft, at, text)
    _sections(edges)


def _marks(draft: Draft) -> list[tuple[str, str, int]]:
    columns = ("column:depends", "column:dependencies", "column:depends on", "column:blocked by", "column:依赖")
    found = [("depends", value, draft.line) for value in draft.fields.get("blocked-by", [])]
    found += [("depends", value, draft.line) for name in columns for value in draft.fields.get(name, [])]
    found += [("blocks", value, draft.line) for value in draft.fields.get("blocks", [])]
    return found


def _sections(edges: Edges) -> None:
    """Read the sections on order, and the mermaid fences wherever they stand."""
    for block in edges.out.doc.blocks:
        if block.kind == "fence":
            if block.text.lower().startswith("mermaid"):
                edges.mermaid(block.lines)
            continue
        if block.kind not in ("para", "item"):
            continue
        if block.fate == "task":
            continue
        section = block.section.cls if block.section is not None else ""
        if section == "ORDER" or block.label == "ORDER":
            for line, text in block.lines:
                edges.statement(line, text)


def implied(edges: Edges, dialect: Dialect, order: str) -> None:
    """Add what place and number say, for the tasks of which the plan itself says nothing."""
    if order == "written":
        return
    roots = [draft for draft in edges.out.in_order() if draft.parent is None]
    groups = [roots, *(draft.kids for draft in edges.out.in_order() if draft.kids)]
    for siblings in groups:
        siblings = [draft for draft in siblings if draft.duplicate is None and not draft.fold]
        _phases(edges, [draft for draft in siblings if draft.role == "phase"], dialect)
        if order in ("numbered", "document"):
            _sequence(edges, siblings, dialect)
        if order == "document":
            for before, after in pairwise(siblings):
                if after.line not in edges.stated:
                    edges.add(before, after, "sequence", after.line, 0.5)


def _phases(edges: Edges, phases: list[Draft], dialect: Dialect) -> None:
    last: list[Draft] = []
    stories: list[Draft] = []
    for phase in phases:
        if phase.block.cls == "FUTURE":
            continue
        free = phase.line in edges.stated or _parallel(phase.block.text)
        story = dialect.stories and re.search(r"\bUS\d|user story", phase.block.text, re.IGNORECASE) is not None
        before = last if story or not stories else stories
        if not free:
            for one in before:
                edges.add(one, phase, "phase", phase.line, 0.8)
        if story:
            stories.append(phase)
        else:
            last, stories = [phase], []


def _parallel(text: str) -> bool:
    low = text.lower()
    return "parallel" in low or "independent" in low or "并行" in low or "並行" in low


def _sequence(edges: Edges, siblings: list[Draft], dialect: Dialect) -> None:
    if "marked" in dialect.sequence:
        _marked(edges, siblings)
        return
    last: Draft | None = None
    for draft in siblings:
        family = _family(draft, dialect)
        if not family:
            last = None if draft.role == "phase" else last
            continue
        free = draft.line in edges.stated or _parallel(draft.block.text)
        if last is not None and not free and _family(last, dialect) == family and _follows(last, draft):
            edges.add(last, draft, "sequence", draft.line, 0.7)
        last = draft


def _family(draft: Draft, dialect: Dialect) -> str:
    """Say in which sequence a task stands: its heading's word, numbered boxes, or the numbered list of one section."""
    if draft.role == "head" and "heads" in dialect.sequence:
        if draft.rule.startswith("numbered heading of"):
            return _listed(draft, "heading")
        return "" if draft.key in ("id", "") and draft.rule != "numbered heading" else f"head:{draft.key}"
    if draft.role == "xml":
        return f"xml:{draft.key}" if draft.number else ""
    if draft.role != "item" or not (draft.number or draft.hard[:1].isdigit()):
        return ""
    if draft.block.box is not None:
        return "boxes" if "boxes" in dialect.sequence and (draft.number or dialect.name == "kiro") else ""
    return _listed(draft, "list") if "lists" in dialect.sequence else ""


@lru_cache(maxsize=4096)
def _speaks_of(title: str) -> tuple[bool, bool]:
    """Say whether a heading speaks of steps, and whether it counts things."""
    return _STEP_WORDS.search(title) is not None, _NO_SEQUENCE.search(title) is not None


def _listed(draft: Draft, what: str) -> str:
    """Numbers of a list are an order, unless its section counts things; those of headings where steps are named."""
    section = draft.block.section
    steps, counted = _speaks_of(section.text) if section is not None else (False, False)
    counted = counted or (section is not None and section.cls == "DONE")
    if (counted and not steps) or (what == "heading" and not steps):
        return ""
    return f"{what}:{section.line if section is not None else 0}"


def _follows(before: Draft, after: Draft) -> bool:
    first, second = _parts(before.number or before.hard), _parts(after.number or after.hard)
    return bool(first) and bool(second) and first < second


def _parts(number: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d{1,9}", number)[:6])


def _marked(edges: Edges, siblings: list[Draft]) -> None:
    """spec-kit: the items without `[P]` form a chain; one with `[P]` hangs on the last of them above it."""
    last: Draft | None = None
    for draft in siblings:
        if draft.role == "phase" or not draft.hard:
            continue
        if last is not None and draft.line not in edges.stated:
            edges.add(last, draft, "sequence", draft.line, 0.7)
        if "parallel" not in draft.fields:
            last = draft
