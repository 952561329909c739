"""What place and number say of order: phases one after another, numbered siblings one after another."""

import re
from functools import lru_cache
from itertools import pairwise

from branchline.planfile.blocks import REMEMBERED
from branchline.planfile.dialects.base import Dialect
from branchline.planfile.drafts import Draft
from branchline.planfile.edges import Edges
from branchline.planfile.words import BESIDE_HEADS
from branchline.planfile.xmltask import CHECKPOINT

_STEP_WORDS = re.compile(
    r"step|order|implementation|procedure|sequence|plan|task|todo|schritt|umsetzung|шаг|этап|план|passo|paso|étape|bước|步|实施|手順|実装|단계|계획|任务|タスク",
    re.IGNORECASE,
)
_NO_SEQUENCE = re.compile(
    r"files?\b|targets?\b|bugs?\b|issues?\b|ideas?\b|features?\b|backlog|done|dateien|datei|文件|ファイル",
    re.IGNORECASE,
)


def implied(edges: Edges, dialect: Dialect, order: str) -> None:
    """Add what place and number say, for the tasks of which the plan itself says nothing."""
    if order == "written":
        return
    roots = [draft for draft in edges.out.in_order() if draft.parent is None]
    groups = [roots, *(draft.kids for draft in edges.out.in_order() if draft.kids)]
    for siblings in groups:
        siblings = [draft for draft in siblings if draft.duplicate is None and not draft.fold]
        _phases(edges, [draft for draft in siblings if draft.role == "phase"], dialect)
        _checkpoints(edges, [draft for draft in siblings if draft.role == "xml"])
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
        free = phase.line in edges.stated or phase.key in BESIDE_HEADS or _parallel(phase.block.text)
        story = dialect.stories and re.search(r"\bUS\d|user story", phase.block.text, re.IGNORECASE) is not None
        before = last if story or not stories else stories
        if not free:
            for one in before:
                edges.add(one, phase, "phase", phase.line, 0.8)
        if story:
            stories.append(phase)
        else:
            last, stories = [phase], []


def _checkpoints(edges: Edges, siblings: list[Draft]) -> None:
    """A person looks at what stands above a checkpoint, and what stands below it waits for that."""
    gate: Draft | None = None
    above: list[Draft] = []
    for draft in siblings:
        gates = [gate] if gate is not None else []
        for one in [*gates, *above] if draft.rule == CHECKPOINT else gates:
            edges.add(one, draft, "sequence", draft.line, 0.8)
        if draft.rule == CHECKPOINT:
            gate, above = draft, []
        else:
            above.append(draft)


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
        if last is not None and not free and _family(last, dialect) == family and _follows(last, draft, family):
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
    if draft.role == "row":
        return "rows" if draft.key == "step" else ""
    if "tops" in dialect.sequence and draft.block.box is not None and draft.parent is None:
        return "tops"
    if draft.role != "item" or not (draft.number or draft.hard[:1].isdigit()):
        return ""
    if draft.block.box is not None:
        return "boxes" if "boxes" in dialect.sequence and (draft.number or dialect.name == "kiro") else ""
    return _listed(draft, "list") if "lists" in dialect.sequence else ""


@lru_cache(maxsize=REMEMBERED)
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


def _follows(before: Draft, after: Draft, family: str) -> bool:
    if family == "tops":
        return True
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
