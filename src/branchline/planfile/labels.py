"""Labels: the short line before a list (`**Files:**`, `Acceptance criteria:`) that says what the list holds."""

import re
from collections.abc import Iterable
from functools import lru_cache

from branchline.planfile import words
from branchline.planfile.blocks import REMEMBERED, Block, Doc
from branchline.planfile.sections import classify, head

KINDS = {name: kind for kind, names in words.FIELDS.items() for name in names}
CRITERIA_KINDS = frozenset({"criteria", "expected", "verify", "output", "CRITERIA"})
BODY_KINDS = frozenset({"files", "depends", "blocks", "needs", "instructions", "NONTASK"})
"""Labels under which not even a box is a task."""
WORK_KINDS = frozenset({"TASK", "TASKS"})
"""Labels over work: `Next steps:` and, by no other word, `Tasks:`."""
PROSE_KINDS = BODY_KINDS | {"ORDER", "create", "modify", "test", "note", "goal", "status", "role"}
"""Labels under which a plain bullet is no task."""
_LABEL = re.compile(
    r"(?:\*\*|__|\*|_)?([^\W_][^:：*`\n]{0,60}?)(?:(?:\*\*|__|\*|_)(?:\s?[(（][^()（）]{0,60}[)）])?)?\s?[:：](?:\*\*|__|\*|_)?$"
)
_BOLD = re.compile(r"(?:\*\*|__)([^*_`\n]{2,60})(?:\*\*|__)(?:\s?[(（][^()（）]{0,60}[)）])?[:：]?$")

_PAREN_TAIL = re.compile(r"[(（][^()（）]{0,60}[)）]$")


@lru_cache(maxsize=REMEMBERED)
def kind(text: str) -> str:
    """Give the kind of a label line: a field's name, a section class, or nothing when it is no label."""
    text = text.strip()
    if len(text) > 80:
        return ""
    found = _LABEL.match(text) or _BOLD.match(text)
    if not found:
        return ""
    name = " ".join(found[1].lower().split())
    if name in KINDS:
        return KINDS[name]
    bare = _PAREN_TAIL.sub("", name).rstrip()
    plainly = " ".join(word for word in bare.split() if word not in words.QUALIFIERS)
    if bare in KINDS or KINDS.get(plainly) == "output":
        return KINDS.get(bare, "output")
    if bare in words.PLANS:
        return "TASKS"  # `Plan:` below `Current:`
    if head(found[1]).role in ("task", "phase"):
        return "other"  # `Phase 3: Format parsers` names work, whatever its words are
    cls, strong = classify(bare)
    if cls == "UNKNOWN" and KINDS.get(bare.split(" ", 1)[0]) == "files":
        return "files"
    if cls == "TASK" and bare.split()[-1] in words.TRAILERS and len(bare.split()) < 3:
        return "TASKS"
    return cls if strong or cls == "TASK" else "other"


def field(text: str) -> str:
    """Give the field's name when a text is nothing but its label."""
    said = kind(text)
    return said if said in words.FIELDS else ""


def _of_box(text: str) -> str:
    """A box is a label only with a colon and a field's name; `**Verification**` in a box is a task."""
    return field(text) if text.rstrip("*_ ").endswith((":", "：")) else ""


def weigh(lists: Iterable[list[Block]]) -> None:
    """A list in which `✅ quick` stands beside `❌ hard to read`, and nothing else, tells of a thing: none of it is work.

    Nor are questions, where a list holds nothing else.
    """
    for items in lists:
        leads = {item.text[:1] for item in items if item.box is None}
        if leads == {"✅", "❌"} and all(item.box is None for item in items):
            for item in items:
                item.label = item.label or "NONTASK"
        if len(items) > 1 and all(item.box is None and item.text.endswith(("?", "？")) for item in items):
            for item in items:
                item.label = "NONTASK"


def attach(doc: Doc) -> None:
    """Write on every list item the kind of the label that it stands under, if any."""
    last: dict[int, str] = {}
    plain: set[int] = set()
    for block in doc.blocks:
        holder = block.parent.line if block.parent is not None else 0
        if block.kind in ("heading", "tag", "rule"):
            last[0] = ""
            plain.discard(0)
        elif block.kind == "subhead":
            last[holder] = kind(block.text + ":")
        elif block.kind == "para":
            last[holder] = kind(block.lines[-1][1]) or KINDS.get(block.lines[-1][1].lower(), "")
            plain.discard(holder)
        elif block.kind == "item":
            if block.box is not None and holder in plain:
                last[holder] = ""  # the label's own list was one of plain bullets; boxes start another one
            block.label = last.get(holder, "")
            if block.box is None:
                plain.add(holder)
            # an item that is a label itself (`- **Files**:`), or ends in one, labels what it holds
            last[block.line] = _of_box(block.text) if block.box else kind(block.lines[-1][1])
