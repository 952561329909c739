"""Lines that are headings to a reader and none in markdown: `**Phase 1: Setup**`, `#Setup`, `T1.2 Draw` above its list."""

import re
from collections import Counter
from itertools import pairwise

from branchline.planfile import words
from branchline.planfile.blocks import Block, Doc
from branchline.planfile.fields import field
from branchline.planfile.labels import KINDS
from branchline.planfile.sections import Head, bare, classify, head, series

_BOLD = re.compile(r"(?:\*\*|__)((?:[^*_`\n]|`[^`\n]{1,100}`){3,120})(?:\*\*|__)\s?[:：]?\s*([^*`\n]{0,60})$")
ORDER = re.compile(r"\border\b|reihenfolge|ordre|orden\b|ordem|порядок|顺序|順序|순서|thứ tự", re.IGNORECASE)
_HOLDERS = frozenset({"task", "step", "phase", "version"})
_TELLING = frozenset({"goal", "status", "note", "estimate", "depends", "role"})
"""Kinds of fields that say something of a phase in one line."""
_NAMING = frozenset({"task", "phase", "version"})
_HASH = re.compile(r"(#{1,6})(?=[^\W\d_])(.{2,118})$")
"""A heading whose space was forgotten; one `#` may begin a tag, but above all else or where a task or phase is named."""
_UNIT = re.compile(r"(U\d{1,3})\.\s+(?:\*\*|__)([^*_\n]{3,160})(?:\*\*|__)(?:\s\([^()]{1,60}\))?$")
_SENTENCE = re.compile(r"[A-Z]{1,2}-?\d{1,4}\s(?=[a-zà-ÿа-я])[^\n]{20,2000}\.$")
"""`M0 was proved by a second reading.` says something of M0."""
MANY = 3
"""So many paragraphs that begin with codes that count on are tasks, also where headings name other things."""


def promote(doc: Doc) -> None:
    """Make headings of such lines, and let what follows stand below them.

    Bold lines count where they name a task or a phase outside a task; plain lines in a text whose own headings name
    none, and codes that count on through many paragraphs.
    """
    doc.blocks = [part for block in doc.blocks for part in _hashed(block, first=block is doc.blocks[0])]
    _units(doc)
    codes = _codes(doc)
    named = {_name(block.text) for block in doc.blocks if block.kind == "heading"} - {("", "")}
    plain = not any(role in _HOLDERS for role, _ in named)
    section: Block | None = None
    promoted = False
    real: list[Block] = []
    blocks: list[Block] = []
    for block in doc.blocks:
        if block.kind == "heading":
            while real and real[-1].level >= block.level:
                real.pop()
            if _is_field(block, real):
                block.kind, block.section = "para", section
                block.lines = [(block.line, block.text)]
                blocks.append(block)
                continue
            real.append(block)
            section = block
        elif block.kind == "para" and block.parent is None:
            # one line at the very end, where no other names a task, signs the text
            signed = block is doc.blocks[-1] and len(doc.blocks) > 1 and not promoted
            signed = signed and sum(bool(head(text).role) for _, text in block.lines[:MANY]) < 2
            found = [] if signed else _headings(block, real, named, codes, plain=plain)
            promoted = promoted or bool(found)
            if found:
                blocks += found
                section = found[-1]
                rest = block.lines[len(found) :]
                if rest:
                    blocks.append(_rest(block, rest, section))
                continue
        if block.kind != "heading":
            block.section = section
        blocks.append(block)
    doc.blocks = blocks


def _is_field(heading: Block, above: list[Block]) -> bool:
    """`### Goal: See more` below a phase or a task is a field of it: what follows stands below the phase."""
    label, colon, value = heading.text.replace("：", ":").partition(":")
    if not value.strip() or not above or head(above[-1].text).role not in _HOLDERS:
        return False
    return bool(colon) and KINDS.get(" ".join(bare(label).lower().split()), "") in _TELLING


def _codes(doc: Doc) -> set[str]:
    """Give the codes that begin paragraphs of this text, where there are many of one letter: `T1.1`, `T1.2`, `T2.1`."""
    paras = [block for block in doc.blocks if block.kind == "para" and block.parent is None]
    found = [said for block in paras if (said := _code(block.text)) is not None]
    letters = Counter(said.id[0] for said in {said.id: said for said in found}.values())
    return {said.id for said in found if letters[said.id[0]] >= MANY}


def _code(line: str) -> Head | None:
    said = series(line)
    if said is None or said.role not in ("task", "phase") or len(said.key) > 2 or _SENTENCE.match(line):
        return None
    label, colon, _ = said.title.replace("：", ":").partition(":")
    return None if colon and classify(label)[0] == "CRITERIA" else said  # `P0 done when: it runs`


def _hashed(block: Block, first: bool) -> list[Block]:
    """`#Phase 1: Setup`: a heading without its space, as the first markdown had it, and the paragraph below it."""
    found = _HASH.match(block.text) if block.kind == "para" and block.parent is None else None
    if found is None or (found[1] == "#" and not first and head(found[2]).role not in _NAMING):
        return [block]
    heading = Block("heading", block.line, found[2].strip())
    heading.level = len(found[1])
    return [heading, *([_rest(block, block.lines[1:], heading)] if block.lines[1:] else [])]


def _units(doc: Doc) -> None:
    """`- U1. **Draw it**` over a field of it, and not alone, heads what follows, as compound engineering writes its units."""
    found = [(block, after, _UNIT.match(block.text)) for block, after in pairwise(doc.blocks) if block.kind == "item"]
    units = {
        block.line: unit
        for block, after, unit in found
        if unit and block.parent is None and block.box is None and not block.kids and _is_told(after)
    }
    level = 1
    for place, block in enumerate(doc.blocks if len(units) > 1 else ()):
        if block.kind == "heading":
            level = block.level
        elif (unit := units.get(block.line)) is not None:
            doc.blocks[place] = heading = Block("heading", block.line, f"{unit[1]} - {unit[2]}")
            heading.level = level + 1


def _is_told(block: Block) -> bool:
    return block.kind == "para" and field(block.line, block.text) is not None


def _name(title: str) -> tuple[str, str]:
    said = head(title)
    return (said.role, said.number) if said.role else ("", "")


def _headings(
    para: Block, real: list[Block], taken: set[tuple[str, str]], codes: set[str], *, plain: bool
) -> list[Block]:
    """The first lines of a paragraph that are headings, as blocks; their level is below the real heading's.

    `plain` where no heading of the text names a task or a phase: then a line need not be bold.
    """
    if any(_closed(above.text) for above in real if above.level > 1):  # the title of all says nothing of its parts
        return []
    if not plain and real and ORDER.search(real[-1].text):
        return []  # `Implementation order` beside headings that are the tasks puts them in order
    found: list[Block] = []
    for line, text in para.lines:
        bold = _BOLD.match(text)
        coded = _code(text)
        if coded is not None and coded.id in codes:
            found.append(_at(line, text, real, coded))
            continue
        said = head(bold[1] if bold else text) if bold or plain else None
        named = said is not None and (
            (said.role in (_HOLDERS if bold else _NAMING) and (said.key != "id" or _of_task(said.id)))
            or (plain and not bold and said.role == "dotted")
        )
        if said is None or not named or len(text) > 120 or (said.role, said.number) in taken:
            break
        found.append(_at(line, f"{bold[1]} {bold[2]}".strip() if bold else text, real, said))
    return found


def _closed(title: str) -> bool:
    """Say whether a heading holds no others: a task has steps, and criteria hold none; a phase may be called `Validation`."""
    role = head(title).role
    return role in ("task", "step") or (role not in _NAMING and classify(title)[1])


def _of_task(code: str) -> bool:
    """`TASK-010` is a task's; what other codes in bold name may be a requirement."""
    return code.lower().rstrip("0123456789").rstrip("-") in words.TASK_HEADS


def _at(line: int, title: str, real: list[Block], said: Head) -> Block:
    block = Block("heading", line, title)
    deep = said.number.count(".") + (said.role != "phase")
    block.level = (real[-1].level if real else 1) + 1 + deep
    return block


def _rest(para: Block, lines: list[tuple[int, str]], section: Block) -> Block:
    """The paragraph goes on with what is left of it."""
    rest = Block("para", *lines[0], section=section)
    rest.end, rest.lines = para.end, lines
    return rest
