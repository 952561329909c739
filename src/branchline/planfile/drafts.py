"""A task while it is being read: the block it stands on, its place in the tree, and what its words say."""

import re
from functools import lru_cache

from branchline.planfile import words
from branchline.planfile.blocks import REMEMBERED, Block
from branchline.planfile.dialects.base import Dialect
from branchline.planfile.sections import Head, bare, head

_NO_VERSION = rf"(?!\s*(?:→|[-=]>)\s*v?\d|(?(task)(?!)|\s(?:{'|'.join(map(re.escape, words.VERSION_HEADS))})\b))"
"""`3.2 → 4.0` and `0.9 release` name versions; `T012 release` is a task."""
ID = re.compile(
    r"(?:\[(?=[A-Za-z]{1,6}-?\d+\]))?((?P<task>(?=[Tt]\d))?"
    r"(?:[A-Za-z]{1,6}-?\d{1,9}(?:-\d{1,9}){0,3}|\d{1,9}[a-z]?(?=\.\d))(?:\.\d{1,9})*)"
    r"(?:\]|[.)](?=\s|$))?(?=[\s:：–—·]|$)(?!\s[+&]\s)" + _NO_VERSION + r"\s*(?:[:：–—·-]+(?=\s|[^\x00-\x7f]|\*)\s*)?"
)
_CAMEL = re.compile(r"[a-z][A-Z]")
"""`WebGL2` is the name of a thing."""
_NUMBER = re.compile(r"(\d{1,9})[.)](?:\s+|$)")
_LEGAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
_BOLD = re.compile(r"(?:\*\*|__)[^*_]+(?:\*\*|__)[.:]?")
"""A line that is bold and nothing else is a title of its own."""
_LINK = re.compile(r"\[([^\[\]]{1,300})\]\([^()\s]{0,600}\)")
FIELD_LINE = re.compile(r"[*_]{0,3}[^\W\d_][^:：*_`]{0,30}[*_]{0,3}\s?[:：]")
DEVICES = frozenset(
    ["con", "prn", "aux", "nul", *(f"com{n}" for n in range(1, 10)), *(f"lpt{n}" for n in range(1, 10))]
)
_STRIPPED = frozenset({"task", "step", "unit", "story", "change", ""})
"""Words before a number that add nothing to a title where the id says the number: `Task 2: Move` is `Move`."""
_WORDS = re.compile(r"\w+")
MAX_TITLE = 200


class Draft:
    """One task to be; `hard` is an id the text gives, `number` one that its place gives, `key` the word before it."""

    __slots__ = (
        "block", "confidence", "duplicate", "end", "extra", "fields", "fold", "hard", "id", "key", "kids", "line",
        "mark", "number", "parent", "role", "rule", "steps", "title",
    )  # fmt: skip

    def __init__(self, block: Block, role: str, rule: str, confidence: float = 1.0) -> None:
        self.block, self.role, self.rule, self.confidence = block, role, rule, confidence
        self.line, self.end = block.line, block.end
        self.parent: Draft | None = None
        self.kids: list[Draft] = []
        self.hard = self.number = self.key = self.title = self.id = self.mark = ""
        self.fields: dict[str, list[str]] = {}
        self.extra: dict[str, object] = {}
        self.steps: list[str] = []
        self.fold = False
        self.duplicate: Draft | None = None
        block.fate, block.why = "task", rule

    def hang(self, parent: "Draft | None") -> "Draft":
        """Make it a child of `parent`."""
        self.parent = parent
        if parent is not None:
            parent.kids.append(self)
        return self

    def holds(self, inner: "Draft") -> bool:
        """Say whether `inner` is somewhere below it."""
        above = inner.parent
        while above is not None and above is not self:
            above = above.parent
        return above is self


@lru_cache(maxsize=REMEMBERED)
def normal(title: str) -> str:
    """Reduce a title to its words."""
    return " ".join(_WORDS.findall(title.lower()))


def legal(text: str) -> bool:
    """Say whether a text may be an id (DESIGN, section 4)."""
    return bool(_LEGAL.match(text)) and text.count(".") <= 4 and text.lower().split(".")[0] not in DEVICES


def from_heading(block: Block, found: Head, rule: str, confidence: float = 1.0) -> Draft:
    """Make the draft of a heading that names a task or a phase."""
    role = "phase" if found.role in ("phase", "version") else "head"
    draft = Draft(block, role, rule, confidence)
    text = plain(bare(block.text))
    draft.key, draft.number = found.key, found.number
    if found.id and found.role != "numbered":
        draft.hard = found.id
    elif found.role == "version":
        draft.hard = found.number.lower()
    own = role == "phase" or (found.key not in _STRIPPED and not found.id and found.number)
    draft.title = text if own else plain(found.title) or text
    return draft


def from_item(block: Block, dialect: Dialect, rule: str, confidence: float = 1.0) -> Draft:
    """Make the draft of a list item; its text may begin with an id, a number or `Step 2:`."""
    draft = Draft(block, "item", rule, confidence)
    text = whole_title(block)
    if dialect.marks is not None:
        text, fields = dialect.marks(text)
        draft.fields = dict(fields)
    if block.role == "optional":
        draft.fields["optional"] = ["yes"]
    text = plain(text)
    lead = text.lstrip("~ ")
    numbered = _NUMBER.match(lead)
    draft.hard, rest = coded(lead)
    if draft.hard:
        text = rest or text
    elif numbered and not block.number:
        draft.number, draft.key, text = numbered[1], "number", lead[numbered.end() :] or text
    else:
        text = _soft(draft, block, lead, text)
    draft.title = text.strip() or block.text or "(untitled)"
    return draft


def coded(text: str) -> tuple[str, str]:
    """Give the id that a title begins with, "" for none, and what stands behind it."""
    found = ID.match(text)
    if found is None or found[1].lower() in words.NOT_IDS or _CAMEL.search(found[1]):
        return "", text
    return found[1], text[found.end() :]


def _soft(draft: Draft, block: Block, lead: str, text: str) -> str:
    said = head(lead)
    if said.role in ("task", "step", "phase") and said.number and not said.id:
        draft.key, draft.number = said.key, said.number
        whole = said.role != "phase" and said.key not in _STRIPPED
        return text if whole or said.key == "issue" else said.title or text  # an issue's number is that of a tracker
    if block.number:
        draft.key, draft.number = "number", block.number
    return text


def whole_title(block: Block) -> str:
    """Join the lines of an item's first paragraph while they are one sentence and short enough to be a title."""
    parts = [block.text]
    size = len(block.text)
    for _, line in block.lines[1:]:
        size += len(line) + 1
        if (
            size > MAX_TITLE
            or FIELD_LINE.match(line)
            or parts[-1].endswith((".", ":", "。"))
            or _BOLD.fullmatch(parts[-1])
        ):
            break
        parts.append(line)
    return " ".join(parts)


def plain(text: str) -> str:
    """Take bold marks and link targets off a title; back-ticks stay, and what stands in them."""
    if "**" in text:
        text = "`".join(part if place % 2 else part.replace("**", "") for place, part in enumerate(text.split("`")))
    if "](" in text:
        text = _LINK.sub(r"\1", text)
    return " ".join(text.split())
