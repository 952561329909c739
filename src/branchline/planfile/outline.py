"""What the engine knows of a text while it looks for tasks."""

from itertools import pairwise

from branchline.planfile.blocks import Block, Doc
from branchline.planfile.dialects.base import Dialect
from branchline.planfile.drafts import Draft
from branchline.planfile.sections import Head

_NO_HEAD = Head("", "", "", "")


class Outline:
    """What the engine knows of a text: its headings with their words and class, its items, and the drafts so far."""

    def __init__(self, doc: Doc, dialect: Dialect) -> None:
        self.doc, self.dialect = doc, dialect
        self.headings = [block for block in doc.blocks if block.kind == "heading"]
        self.items = [block for block in doc.blocks if block.kind == "item"]
        self.tables = [block for block in doc.blocks if block.kind == "table"]
        self.tabled: dict[int, list[Block]] = {}
        for block in self.tables:
            if block.parent is None and block.kids:
                self.tabled.setdefault(block.section.line if block.section is not None else 0, []).append(block)
        self.subs: dict[int, list[Block]] = {}
        self.first: dict[int, Block] = {}
        for block, after in pairwise(doc.blocks):
            if block.kind == "heading":
                self.first[block.line] = after
        self.paras: dict[int, list[Block]] = {}
        for block in doc.blocks:
            if block.kind == "para" and block.parent is None and block.section is not None:
                self.paras.setdefault(block.section.line, []).append(block)
        self.heads: dict[int, Head] = {}
        self.strong: set[int] = set()
        self.drafts: dict[int, Draft] = {}
        self.last_counted: Draft | None = None  # of the headings of phases, for those of the next to go on from
        self.direct: dict[int, list[Block]] = {}
        for block in self.items:
            if block.parent is None and block.section is not None:
                self.direct.setdefault(block.section.line, []).append(block)

    def head(self, block: Block | None) -> Head:
        """Give the words of a heading; nothing for no heading."""
        return self.heads.get(block.line, _NO_HEAD) if block is not None else _NO_HEAD

    def subheadings(self, heading: Block | None) -> list[Block]:
        """List the headings directly below one; those of the text's first level for None."""
        return self.subs.get(heading.line if heading is not None else 0, [])

    def above(self, block: Block | None) -> Draft | None:
        """Give the draft of the nearest heading at or above `block`."""
        while block is not None:
            if block.line in self.drafts:
                return self.drafts[block.line]
            block = block.section
        return None

    def drop(self, draft: Draft, fate: str, why: str) -> None:
        """Take a draft back and all below it; their lines are left with a fate that is no task's."""
        for kid in list(draft.kids):
            self.drop(kid, fate, why)
        if self.drafts.pop(draft.line, None) is not None:
            draft.block.fate, draft.block.why = fate, why
            if draft.parent is not None:
                draft.parent.kids.remove(draft)

    def in_order(self) -> list[Draft]:
        """Give the drafts from top to bottom."""
        return [self.drafts[line] for line in sorted(self.drafts)]
