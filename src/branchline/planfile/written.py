"""Every place in which a plan itself says what comes before what: fields, prose, tables, interfaces, sections, graphs."""

import re
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

from branchline.planfile import charts, labels, tables, words
from branchline.planfile.blocks import Block
from branchline.planfile.body import Reading
from branchline.planfile.drafts import Draft
from branchline.planfile.edges import MAX_APART, WAITING, Edges
from branchline.planfile.fields import spans
from branchline.planfile.refs import behind, resolve, tokens
from branchline.planfile.sections import classify
from branchline.planfile.sentences import ARROW
from branchline.planfile.tables import cells

_EVERY = re.compile(
    r"\b(?:each|every|subsequent|later|following|all other) (phase|milestone|stage|sprint|wave|task|step)s?\b.{0,40}"
    r"\b(?:depends? (?:up)?on|builds? (?:up)?on|requires?|follows?|gated (?:on|by)|blocked (?:on|by|until)"
    r"|starts? (?:only )?after)\b.{0,30}\b(?:previous|prior|preceding|before)\b"
    r"|\bcomplete (?:a|each|one) (phase|milestone|stage) before starting the next\b"
    r"|\b(?:cada (?:fase|etapa|hito|marco)\b.{0,30}\bdepende d[ea]\b.{0,12}\banterior|chaque (?:phase|étape|jalon)\b.{0,30}"
    r"\bdépend d[eu]\b.{0,12}\bprécédent|jede (?:phase|etappe|stufe)\s(?:baut|hängt|setzt)\b.{0,40}"
    r"\b(?:vorherigen|vorigen)\b"
    r"|кажд\w{2} (?:фаза|этап)\b.{0,30}\bзависит от предыдущ|кожн\w{1,2} (?:фаза|етап)\b.{0,30}\bзалежить від попередн)"
    r"|每(?:个|一)?(?:阶段|里程碑).{0,12}(?:依赖|基于|建立在).{0,6}[前上]一|各(?:フェーズ|段階)は.{0,6}前の.{0,12}(?:依存|基づ)",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(?:not|no|never|nicht|nie|unabhängig|kein\w*|ne|n'|pas|não|не)\b|不|ない|なく", re.IGNORECASE)
_GOES_ON = re.compile(r"\s+(?!ones?\b|phases?\b|milestones?\b|stages?\b|sprints?\b|waves?\b|and\b)\w")
_SAYS_EVERY = re.compile(r"ach |very |omplet|ubsequent|ater |ollowing |other |ada |haque |ede |ажд|ожн|每|各")
_INTERFACE = re.compile(r"\W*(consumes|produces)\W*?[:：]([^\n]*)$", re.IGNORECASE | re.DOTALL)
_FROM = re.compile(r"←\s*")
"""`Draw it · ← T1, T2` waits for both; behind it nothing but names counts: `the "← All tasks" link`."""
_IN_BRACKETS = re.compile(r"[(（](tasks?\s\d[\d., ]{0,60})[)）]", re.IGNORECASE)
_ID = r"#?[A-Za-z]{0,10}-?\d{1,5}(?:\.\d{1,3}){0,3}"
_IDS = rf"{_ID}(?:\s?[,+&]\s?{_ID}){{0,40}}"
_ONLY_IDS = re.compile(rf"\W{{0,6}}(?=[#A-Za-z]){_IDS}\W{{0,6}}")
_ONLY_CHAIN = re.compile(
    rf"(?P<label>[^:：→>|]{{1,40}}[:：](?=\s*[A-Za-z]{{1,6}}-?\d))?"
    rf"(?P<said>\W{{0,6}}(?=[#A-Za-z]){_IDS}(?:\s?(?:{ARROW.pattern})\s?{_IDS}){{1,60}}[\s`*_.]{{0,6}})"
    r"(?(label)(?:\([^()]{1,80}\)\s*)?)"
)
"""`T1, T2 → T3 → T4`: nothing but ids and arrows says an order wherever it stands, behind a label too: `Track A: T1 → T2`."""
_BESIDE_AFTER = re.compile(
    rf"\b[A-Z]{{1,4}}-?\d{{1,5}}\b[^.;]{{0,80}}\bparallel\b[^.;]{{0,20}}\b(?:after|once)\s+{_IDS}"
)
"""`T2 and T3 can run in parallel after T1` says an order wherever it stands."""
_IS = re.compile(r"\W{0,4}([^\W\d_][\w ]{3,40}?) is ")
MAX_LABEL = 60
_REQUIRES = re.compile(r"\W{0,4}(?:requires|depends on|needs|blocked by|after|prerequisites?)\b", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z_][\w.]{3,}")


def written(edges: Edges, readings: dict[int, Reading]) -> None:
    """Gather everything the plan itself says about order."""
    for line, reading in readings.items():
        draft = edges.out.drafts[line]
        own = draft.block.text if edges.out.dialect.marks is None else draft.title  # marks are no part of a sentence
        for kind, value, at in (*_marks(draft), *reading.refs):
            edges.field(draft, kind, value, at)
        for need in filter(_ONLY_IDS.fullmatch, reading.needs):  # `Needs: T1`, where others need a key or a person
            edges.say(list(resolve(edges.names, need, draft, strict=False).drafts), [draft], line, 1.0)
        if "blocked-by" not in draft.fields:
            edges.inline(draft, line, own, title=True)
        for found in _FROM.finditer(own):
            edges.say(behind(edges.names, own, found.end(), draft), [draft], line, 1.0)
        for at, text in _whole_lines(reading.prose):
            edges.inline(draft, at, text)
            if "ask " in text or "asks " in text:
                edges.say(_earlier(edges, draft, text), [draft], at)
    _interfaces(edges, readings)
    _overviews(edges)
    _sections(edges)
    _gates(edges, readings)


def _whole_lines(lines: Sequence[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """The lines of a text; one that ends in `Depends on` has what it rules on the next."""
    held = ""
    for at, text in lines:
        if not held and (at, text) != lines[-1] and text.rstrip().lower().endswith(WAITING):
            held = text
        else:
            yield at, f"{held} {text.strip()}" if held else text
            held = ""


def _earlier(edges: Edges, draft: Draft, text: str) -> list[Draft]:
    """The tasks before this one that its text names in brackets: `on the grid (task 1)`; a GSD task names none without need."""
    said = text if draft.role == "xml" else " ".join(_IN_BRACKETS.findall(text))
    named = resolve(edges.names, said, draft, strict=False).drafts
    return [other for other in named if other.line < draft.line and other.role == draft.role]


def _marks(draft: Draft) -> list[tuple[str, str, int]]:
    found = [("depends", value, draft.line) for value in draft.fields.get("blocked-by", [])]
    found += [("depends", value, draft.line) for value in draft.fields.get("column:depends", [])]
    found += [("blocks", value, draft.line) for value in draft.fields.get("blocks", [])]
    return found


def _interfaces(edges: Edges, readings: dict[int, Reading]) -> None:
    """`Produces: foo()` of one task and `Consumes: foo()` of a later one, or of `Task 1`, are an edge (superpowers)."""
    makers: dict[str, Draft] = {}
    for line, reading in readings.items():
        draft = edges.out.drafts[line]
        for at, text in reading.prose:
            found = _INTERFACE.match(text) if ("onsumes" in text or "roduces" in text) else None
            if found is None:
                continue
            names = {match[0] for span in spans(found[2]) if (match := _NAME.match(span))}
            if found[1].lower() == "produces":
                for name in names:
                    makers.setdefault(name, draft)
                continue
            named = resolve(edges.names, found[2], draft, strict=False).drafts
            for maker in (*named, *(makers[name] for name in sorted(names) if name in makers)):
                if maker.line < draft.line:
                    edges.add(maker, draft, "written", at)


def _gates(edges: Edges, readings: dict[int, Reading]) -> None:
    """What blocks all stories is an edge to those that do not wait for it anyway.

    `No user story work can begin until this phase is complete` counts only where nothing else says what the stories wait
    for, since the template of Spec Kit says so of itself.
    """
    stories = edges.names.stories
    told = any(story.line in edges.stated for story in stories)
    for line, reading in readings.items() if not told else ():
        draft = edges.out.drafts[line]
        for at, text in reading.prose if draft.role == "phase" and draft not in stories else ():
            if any(said in text.lower() for said in words.GATES):
                edges.gates.append((draft, at))
    after = edges.followers()
    for gate, at in edges.gates:
        later, todo = {gate.id}, [gate.id]
        while todo:
            new = after.get(todo.pop(), set()) - later
            later |= new
            todo += new
        edges.say([gate], [story for story in stories if story.id not in later], at)


def _overviews(edges: Edges) -> None:
    """A row that repeats a task of another place may say what that task depends on, and so may one of a section on the order or
    of a table of phases that names a task."""
    for table in edges.out.tables:
        kinds = tables.kinds_of(table)
        word = cells(table.text)[0].lower().strip("*_` ")
        phases = word in words.PHASE_HEADS
        ordered = phases or (table.section is not None and table.section.cls == "ORDER")
        depends = [n for n, kind in enumerate(kinds) if kind == "depends" or (ordered and kind == "needs")]
        blocks = [n for n, kind in enumerate(kinds) if kind == "blocks"]
        for row in table.kids if depends or blocks else ():
            said = cells(row.text)
            values = [said[n] for n in depends if n < len(said)]
            blocked = [said[n] for n in blocks if n < len(said)]
            if word in words.EARLIER:  # `| Before | After |`
                edges.row(row.line, values, said[:1])
                continue
            names = said[: min(depends + blocks)]
            if phases:
                names = _counted(word, names[:1]) + names[1:]
            if ordered and row.line not in edges.out.drafts:
                if edges.row(row.line, names, values, blocked):
                    continue
                if word in words.TASK_HEADS and edges.row(row.line, _counted(word, names[:1]), _counted(word, values)):
                    continue
            if row.same is not None and row.same in edges.out.drafts:
                for value in values:
                    edges.field(edges.out.drafts[row.same], "depends", value, row.line)


def _counted(word: str, said: list[str]) -> list[str]:
    """What stands in cells below the word for what they count: `2. Draw it`, or `1, 2`, below `Phase`."""
    bare = [cell.strip("*_` ") for cell in said]
    return [f"{word} {cell}" if cell[:1].isdigit() else cell for cell in bare]


def _sections(edges: Edges) -> None:
    """Read the sections on order, and the graphs and waves in fences wherever they stand."""
    said = ""
    every: set[tuple[bool, bool]] = set()
    for block in edges.out.doc.blocks:
        if block.kind == "fence":
            if not charts.read(edges, block, said):
                _chains(edges, block.lines)
        elif block.kind in ("para", "item", "quote") and block.fate != "task":
            section = block.section.cls if block.section is not None else ""
            told = block.label == "depends" and edges.out.above(block.section) is None
            ordered = section == "ORDER" or block.label == "ORDER" or told
            for line, text in block.lines or [(block.line, block.text)]:
                if chain := _ONLY_CHAIN.fullmatch(text):
                    edges.statement(line, chain["said"].strip("`* "))
                elif order := _order_is(text):
                    edges.statement(line, order)
                elif ordered and (about := _about_of(block.section)) and _REQUIRES.match(text):
                    edges.statement(line, f"{about}: {text}")
                elif ordered or _tells_order(text) or ("parallel" in text and _BESIDE_AFTER.search(text)):
                    edges.statement(line, text)
                if _SAYS_EVERY.search(text):
                    _every(edges, line, text, every)
        said = labels.kind(block.lines[-1][1]) if block.kind == "para" and block.lines else ""


def _about_of(section: Block | None) -> str:
    """The one task or phase of which a section on order speaks by its heading: `Phase 2 dependencies`."""
    named = tokens(section.text) if section is not None else []
    return " ".join(named[0]).strip() if len(named) == 1 and named[0][0] else ""


def _chains(edges: Edges, lines: list[tuple[int, str]]) -> None:
    for line, text in charts.joined(lines):
        if chain := _ONLY_CHAIN.fullmatch(text):
            edges.statement(line, chain["said"])


def _tells_order(text: str) -> bool:
    """`**Suggested order:** T1 → T2` tells it wherever it stands."""
    label, colon, said = text.replace("：", ":").partition(":")
    return bool(colon and len(label) <= MAX_LABEL and ARROW.search(said)) and classify(label.strip("*_ "))[0] == "ORDER"


def _order_is(text: str) -> str:
    """Give what `The order is 0 → 1a → 2.` says behind its verb, as a section on order would have it; else nothing."""
    found = _IS.match(text) if " is " in text and ARROW.search(text) else None
    return text[found.end() :].replace("*", "") if found and classify(found[1])[0] == "ORDER" else ""


def _every(edges: Edges, line: int, text: str, told: set[tuple[bool, bool]]) -> None:
    """`Each phase depends on the one before`: said once for all of them; `told` keeps what was said already."""
    found = _EVERY.search(text)
    if found is None:
        return
    phases = (found[1] or found[2] or "").lower() not in ("task", "step")
    if _DENIED.search(found[0]) or ("build" in found[0].lower() and (not phases or _GOES_ON.match(text, found.end()))):
        return  # tasks that only add to a thing build on it too, and `the previous release` is no phase
    said = (phases, " all " in text)
    if said in told:
        return
    told.add(said)
    drafts = [draft for draft in edges.out.in_order() if (draft.role == "phase") == phases and not draft.fold]
    drafts = [draft for draft in drafts if draft.parent is None or not phases]
    every = said[1] and len(drafts) <= MAX_APART
    for before, after in combinations(drafts, 2) if every else pairwise(drafts):
        edges.add(before, after, "written", line)
