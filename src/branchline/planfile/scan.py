"""The block scanner: lines to headings, list items, paragraphs, fences, tables and XML tasks, each with its line.

Block rules are CommonMark's where they decide what is text and what is code (fences, comments, setext headings). List
nesting is read as people mean it: an item that starts two columns right of another one's marker is its child, whatever
the marker's width. Every step is linear in the length of the text.
"""

import re
from bisect import bisect_left
from functools import cached_property
from pathlib import PurePath

from branchline.errors import UsageError
from branchline.planfile.blocks import Block, Doc, split_lines, unstruck
from branchline.planfile.front import OPENING, front_matter, front_matter_end, wrapper
from branchline.planfile.numerals import numbered

ITEM = re.compile(
    r"([-*+•・]|\d{1,9}[.)]|(?:\d|[一二三四五六七八九十]){1,3}、|[IVX]{1,5}[.)](?=[ \t]))"
    r"(?:([ \t]+|(?=\[[ xX]\])|(?<=[、・]))(.*))?$",
    re.DOTALL,
)
_MARKS = frozenset("-*+•・0123456789IVX一二三四五六七八九十")
BOX = re.compile(
    r"(?s)(?:\*\*|__)?\[(?: (?=[xXvV✓✔✅☑]))?([ xXvV~>/?!+✓✔✅☑-]?) ?\](\*\*|__|\\?\*)?(?:(?:[ \t]+|(?=[^\W_]))(.*))?$"
)
ATX = re.compile(r"(#{1,6})[ \t](?=.*[^#\s])(.*)$", re.DOTALL)
FENCE = re.compile(r"(`{3,}|~{3,})(.*)$", re.DOTALL)
TAG = re.compile(r"</?([a-z][a-z_-]{2,40})>[ \t]*$")
_TASK_TAG = re.compile(r"<(?:task|feature)(?:[ \t>]|$)")
"""GSD writes its tasks in the one, and the only task of a plan of type `tdd` in the other."""
_DELIMITER = frozenset("|:- \t")
MAX_NESTING = 100
"""Items nested deeper are read as children of the hundredth level (DESIGN, section 13)."""
MAX_LINES, MAX_BLOCKS = 2_000_000, 600_000
"""Four blocks for each of the tasks that a plan may have; each takes about a kilobyte until the plan is read."""


def scan(text: str, path: str = "") -> Doc:
    """Read the blocks of `text`; raises UsageError for more than MAX_LINES or MAX_BLOCKS, and for nothing else."""
    lines = split_lines(text)
    doc = _Scanner(lines).run(path)
    if doc.unclosed is None or not OPENING.match(lines[doc.unclosed[0] - 1].lstrip()):
        return doc
    line, _ = doc.unclosed  # the answer of a chat, pasted with the mark before it and without the one behind
    doc = _Scanner([*lines[: line - 1], "", *lines[line:]]).run(path)
    doc.lines, doc.unclosed = lines, doc.unclosed or (line, "markdown")
    return doc


class _Scanner:
    def __init__(self, lines: list[str]) -> None:
        self.doc = Doc(lines)
        self.lines = lines
        self.stack: list[Block] = []
        self.section: Block | None = None
        self.para: Block | None = None
        self.table: Block | None = None
        self.fence: Block | None = None
        self.fence_mark = ""
        self.fence_base = 0
        self.comment = 0
        self.blank = True
        self.closers = [n for n, line in enumerate(lines) if "-->" in line]
        self.xml_closers = [n for n, line in enumerate(lines) if "</task>" in line or "</feature>" in line]

    def run(self, path: str) -> Doc:
        self.doc.name = PurePath(path).stem
        lines, doc = self.lines, self.doc
        at = front_matter_end(lines)
        if at:
            doc.front = front_matter(lines[1 : at - 1])
            doc.hidden.append((1, at, "front matter"))
        for line in wrapper(lines):
            lines[line - 1] = ""
            doc.hidden.append((line, line, "fence around the plan"))
        count = len(lines)
        while at < count:
            at = self._line(at, lines[at])
            if len(doc.blocks) > MAX_BLOCKS or at > MAX_LINES:
                most = f"{MAX_BLOCKS} list items, headings and paragraphs, or {MAX_LINES} lines"
                raise UsageError(f"{path}:{at}: this goes on after {most}. Split the plan.", path=path, line=at)
        if self.comment:
            doc.unclosed = (self.comment, "comment")
            doc.hidden.append((self.comment, count, "comment"))
        elif self.fence is not None:
            doc.unclosed = (self.fence.line, "fence")
        return doc

    def _line(self, at: int, raw: str) -> int:
        """Take one line; answers the index of the next one."""
        stripped = raw.lstrip(" \t")
        lead = raw[: len(raw) - len(stripped)]
        indent = len(lead.expandtabs(4)) if "\t" in lead else len(lead)
        if self.comment:
            return self._in_comment(at, raw)
        if self.fence is not None and self._in_fence(at, indent, stripped, raw):
            return at + 1
        if "<!--" in stripped:
            stripped = self._uncomment(at, stripped)
            if not stripped.strip():
                self.para = self.table = None
                return at + 1
        stripped = stripped.rstrip()
        if not stripped:
            self.blank, self.para, self.table = True, None, None
            return at + 1
        following = self._block(at, indent, unstruck(stripped))
        self.blank = False
        return following

    # -- comments and fences -------------------------------------------------------------------------------------

    def _in_comment(self, at: int, raw: str) -> int:
        end = raw.find("-->")
        if end < 0:
            return at + 1
        self.doc.hidden.append((self.comment, at + 1, "comment"))
        self.comment = 0
        rest = raw[end + 3 :]
        if rest.strip():
            self.lines[at] = " " * (end + 3) + rest if not self.stack else rest
            return self._line(at, rest)
        return at + 1

    def _uncomment(self, at: int, text: str) -> str:
        """Blank out the comments of one line, back-ticked ones excepted; an open one hides the lines below."""
        out: list[str] = []
        place = ticks = 0
        while True:
            start = text.find("<!--", place)
            if start < 0:
                return "".join(out) + text[place:]
            ticks += text.count("`", place, start)
            if ticks % 2:
                out.append(text[place : start + 4])
                place = start + 4
                continue
            out.append(text[place:start])
            end = text.find("-->", start + 4)
            if end >= 0:
                ticks += text.count("`", start, end)
                place = end + 3
                continue
            if start == 0 or self._closes_before_blank(at):
                self.comment = at + 1
                return "".join(out)
            return "".join(out) + text[start:]

    @cached_property
    def blanks(self) -> list[int]:
        """The indexes of the empty lines, counted when a comment in the middle of a line first asks for them."""
        return [n for n, line in enumerate(self.lines) if not line.strip()]

    def _closes_before_blank(self, at: int) -> bool:
        place = bisect_left(self.closers, at + 1)
        if place == len(self.closers) or self.closers[place] - at > 200:
            return False
        blank = bisect_left(self.blanks, at + 1)
        return blank == len(self.blanks) or self.blanks[blank] > self.closers[place]

    def _in_fence(self, at: int, indent: int, stripped: str, raw: str) -> bool:
        """Take a line of an open fence; False when the fence ended because its list item did."""
        if (fence := self.fence) is None:
            return False
        if stripped and indent < self.fence_base:
            self.fence = None
            while self.stack and self.stack[-1].content > indent:
                self.stack.pop()
            return False
        fence.grow(at + 1)
        body = stripped.rstrip()
        mark = self.fence_mark
        if body and indent - self.fence_base < 4 and len(body) >= len(mark) and set(body) == {mark[0]}:
            self.fence, self.blank = None, False
            return True
        cut = min(fence.indent, len(raw) - len(stripped))
        fence.lines.append((at + 1, raw[cut:]))
        return True

    # -- blocks --------------------------------------------------------------------------------------------------

    def _block(self, at: int, indent: int, text: str) -> int:
        first = text[0]
        if not self.stack and indent >= 4 and first != "•":  # no sign of code, wherever it stands
            return self._deep(at, indent, text)
        if first in "=-" and indent < 4 and self._setext(at, text):
            return at + 1
        if first == "#" and self._heading(at, indent, text):
            return at + 1
        if first in "-*_" and text[-1] == first and _is_rule(text):
            self._close(indent)
            self._add("rule", at, text, indent)
            return at + 1
        if first in _MARKS and self._item(at, indent, text):
            return at + 1
        if first == "[" and self._bare_box(at, indent, text):
            return at + 1
        if first in "`~" and self._open_fence(at, indent, text):
            return at + 1
        if first == "<" and (following := self._angle(at, indent, text)):
            return following
        if first == ">":
            self._quote(at, indent, text)
            return at + 1
        return self._text(at, indent, text)

    def _deep(self, at: int, indent: int, text: str) -> int:
        """Four columns in without a list around: code, or the paragraph goes on."""
        if self.para is not None:
            return self._text(at, indent, text)
        last = self.doc.blocks[-1] if self.doc.blocks else None
        if last is not None and last.kind == "heading" and text[0] in "-*+" and self._item(at, indent, text):
            return at + 1  # code to CommonMark; but who lists below a heading means a list, however far in it stands
        code = last if last is not None and last.kind == "code" else self._add("code", at, text, indent)
        code.lines.append((at + 1, text))
        code.end = at + 1
        return at + 1

    def _close(self, indent: int) -> None:
        """Close the items that something at column `indent` is no part of."""
        while self.stack and indent < self.stack[-1].indent + 2:
            self.stack.pop()

    def _add(self, kind: str, at: int, text: str, indent: int) -> Block:
        parent = self.stack[-1] if self.stack else None
        block = Block(kind, at + 1, text, parent, self.section)
        block.indent = indent
        if parent is not None:
            parent.kids.append(block)
            parent.grow(at + 1)
        self.doc.blocks.append(block)
        self.para = self.table = None
        return block

    def _setext(self, at: int, text: str) -> bool:
        para = self.para
        if para is None or para.kind != "para" or para.parent is not None or len(set(text)) != 1:
            return False
        para.kind = "heading"
        para.level = 1 if text[0] == "=" else 2
        para.end = at + 1
        para.text = " ".join(part for _, part in para.lines)
        self.section, self.para = para, None
        self.stack.clear()
        return True

    def _heading(self, at: int, indent: int, text: str) -> bool:
        found = ATX.match(text)
        if not found:
            return False
        self._close(indent)
        title = found[2].strip()
        cut = title.rstrip("#")
        if cut != title and (not cut or cut[-1] in " \t"):
            title = cut.rstrip()
        if self.stack:
            self._add("subhead", at, title, indent)
            return True
        block = self._add("heading", at, title, indent)
        block.level = len(found[1])
        self.section = block
        return True

    def _item(self, at: int, indent: int, text: str) -> bool:
        found = ITEM.match(text)
        if not found:
            return False
        body = found[3] or ""
        within = self.para is not None and self.para.kind == "para" and self.para.parent is None
        if within and (not body or numbered(found[1][:-1]) not in ("", "1")):
            return False  # CommonMark: only a list that starts with 1 may interrupt a paragraph
        self._close(indent)
        heads = ATX.match(body) if body.startswith("##") and not self.stack else None
        if heads is not None:  # `* #### Task 1` heads what is below
            number = "" if found[1] in "-*+•・" else f"{found[1]} "
            return self._heading(at, indent, f"{heads[1]} {number}{heads[2]}")
        if len(self.stack) >= MAX_NESTING:
            del self.stack[MAX_NESTING - 1 :]
        block = self._add("item", at, body, indent)
        block.content = _content(indent + len(found[1]), found[2] or " ")
        block.number = numbered(found[1][:-1]) or None
        self._enter(at, block, BOX.match(body))
        return True

    def _bare_box(self, at: int, indent: int, text: str) -> bool:
        """Take `[ ] text` as the item it is to a reader, though no marker stands before it, nor before the one it is below."""
        box = BOX.match(text)
        inside = self.stack[-1] if self.stack and indent >= self.stack[-1].indent + 2 else None
        if not box or not box[3] or (inside is not None and self.lines[inside.line - 1].lstrip(" \t")[0] != "["):
            return False
        self._close(indent)
        block = self._add("item", at, text, indent)
        block.content = indent + 2
        self._enter(at, block, box)
        return True

    def _enter(self, at: int, block: Block, box: re.Match[str] | None) -> None:
        """Begin an item: what its box says, and what stands behind it."""
        block.candidate = True
        if box:
            block.box, block.text = box[1] or " ", (box[3] or "").strip()
            block.role = "optional" if box[2] in ("*", "\\*") else ""
        block.lines.append((at + 1, block.text))
        self.stack.append(block)
        self.para = block
        mark_of_fence = FENCE.match(block.text) if block.text[:1] in ("`", "~") and block.text else None
        if mark_of_fence and not (mark_of_fence[1][0] == "`" and "`" in mark_of_fence[2]):
            self._open_fence(at, block.content, block.text)

    def _open_fence(self, at: int, indent: int, text: str) -> bool:
        found = FENCE.match(text)
        if not found or (found[1][0] == "`" and "`" in found[2]):
            return False
        self._close(indent)
        self.fence = self._add("fence", at, found[2].strip(), indent)
        self.fence_mark = found[1]
        # nesting is read as people mean it, but what ends a fence is CommonMark's: the item that strictly holds it
        self.fence_base = next((item.content for item in reversed(self.stack) if item.content <= indent), 0)
        return True

    def _angle(self, at: int, indent: int, text: str) -> int:
        if _TASK_TAG.match(text):
            place = bisect_left(self.xml_closers, at)
            if place < len(self.xml_closers):
                end = self.xml_closers[place]
                self.stack.clear()
                block = self._add("xml", at, text, indent)
                block.lines = [(n + 1, self.lines[n]) for n in range(at, end + 1)]
                block.end, block.candidate = end + 1, True
                return end + 1
        found = TAG.match(text)
        if found and indent < 4:
            self.stack.clear()
            block = self._add("tag", at, text, indent)
            block.number = found[1]
            return at + 1
        return 0

    def _quote(self, at: int, indent: int, text: str) -> None:
        if self.blank:
            self._close(indent)
        block = self._add("quote", at, text.lstrip("> \t"), indent)
        found = ITEM.match(block.text)
        if found and BOX.match(found[3] or ""):
            block.candidate = True

    def _text(self, at: int, indent: int, text: str) -> int:
        if self.table is not None and "|" in text:
            row = self._row(self.table, at, text)
            row.candidate = True
            return at + 1
        if self.blank:
            self._close(indent)
        if "|" in text and self._table(at, indent, text):
            return at + 2
        para = self.para
        if para is not None:
            para.lines.append((at + 1, text))
            para.grow(at + 1)
            return at + 1
        para = self._add("para", at, text, indent)
        para.lines.append((at + 1, text))
        self.para = para
        return at + 1

    def _table(self, at: int, indent: int, text: str) -> bool:
        if at + 1 >= len(self.lines):
            return False
        below = self.lines[at + 1].strip()
        if "-" not in below or "|" not in below or not set(below) <= _DELIMITER:
            return False
        table = self._add("table", at, text, indent)
        table.end = at + 2
        table.lines.append((at + 1, text))
        self.table = table
        return True

    def _row(self, table: Block, at: int, text: str) -> Block:
        row = Block("row", at + 1, text, table.parent, self.section)
        table.kids.append(row)
        table.end = at + 1
        if table.parent is not None:
            table.parent.grow(at + 1)
        self.doc.blocks.append(row)
        return row


def _content(column: int, gap: str) -> int:
    """Give the column where an item's text begins; a gap of five or more is code after a gap of one."""
    end = column
    for char in gap:
        end = end + 4 - end % 4 if char == "\t" else end + 1
    return end if end - column <= 4 else column + 1


def _is_rule(text: str) -> bool:
    bare = text.replace(" ", "").replace("\t", "")
    return len(bare) >= 3 and bare.count(bare[0]) == len(bare)
