"""What the scanner makes of a text: blocks with their lines, and the document that holds them."""

import re

REMEMBERED = 65_536
"""So many texts are remembered with what they were read as; were it fewer than a plan has headings, each pass would read anew."""
_STRUCK_ITEM = re.compile(r"~~([-*+][ \t]+(?:\[[ xX]\][ \t]+)?)(?=\S)")
BEFORE_BOX = r"(?:(?:[^\W\d_]{2,12} )?[\w.-]{1,12}[.):][ \t]+)?"
"""What may stand before the box of a heading: `2.`, `1.2.`, `T3:`, `Task 4:`."""


class Block:
    """One block of the text; `line` and `end` are 1-based and inclusive, `parent` is the list item that holds it."""

    __slots__ = (
        "box", "candidate", "cls", "content", "end", "fate", "indent", "kids", "kind", "label", "level", "line",
        "lines", "number", "parent", "role", "same", "section", "text", "why",
    )  # fmt: skip

    def __init__(
        self, kind: str, line: int, text: str, parent: "Block | None" = None, section: "Block | None" = None
    ) -> None:
        self.kind, self.line, self.end, self.text = kind, line, line, text
        self.parent, self.section = parent, section
        self.kids: list[Block] = []
        self.lines: list[tuple[int, str]] = []
        self.level = self.indent = self.content = 0
        self.box: str | None = None
        self.number: str | None = None
        self.cls = self.role = self.label = self.fate = self.why = ""
        self.candidate = False
        self.same: int | None = None

    def grow(self, line: int) -> None:
        """Let the block, and every item around it, reach down to `line`."""
        block: Block | None = self
        while block is not None and block.end < line:
            block.end = line
            block = block.parent


class Doc:
    """A scanned text: its lines (index 0 is line 1), its blocks in order, what stood around them, and the name of its file."""

    __slots__ = ("blocks", "front", "hidden", "lines", "name", "unclosed")

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.name = ""
        self.blocks: list[Block] = []
        self.front: dict[str, str] = {}
        self.hidden: list[tuple[int, int, str]] = []
        self.unclosed: tuple[int, str] | None = None


def split_lines(text: str) -> list[str]:
    """Split at LF, CRLF and CR only, so that line numbers are those of an editor; a byte order mark is dropped."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")


def unstruck(text: str) -> str:
    """Give a list item that is struck out as a whole, `~~- Draw it~~`, as one whose text is: `- ~~Draw it~~`."""
    found = _STRUCK_ITEM.match(text) if text.startswith("~~") else None
    return f"{found[1]}~~{text[found.end() :]}" if found is not None else text
