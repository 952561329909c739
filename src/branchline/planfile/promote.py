"""Lines that are headings to a reader and none in markdown: `**Phase 1: Setup**`, or `Phase 1: Setup` in plain text."""

import re

from branchline.planfile.blocks import Block, Doc
from branchline.planfile.sections import classify, head

_BOLD = re.compile(r"(?:\*\*|__)([^*_`\n]{3,120})(?:\*\*|__)\s?[:：]?\s*([^*`\n]{0,60})$")
_ORDER = re.compile(r"\border\b|reihenfolge|ordre|orden\b|ordem|порядок|顺序|順序|순서|thứ tự", re.IGNORECASE)
_NAMING = frozenset({"task", "phase", "version"})


def promote(doc: Doc) -> None:
    """Make headings of such lines, and let what follows stand below them.

    Bold lines count where they name a task or a phase outside a task; plain lines only in a text whose own headings
    name none.
    """
    named = {_name(block.text) for block in doc.blocks if block.kind == "heading"} - {("", "")}
    section: Block | None = None
    real: list[Block] = []
    blocks: list[Block] = []
    for block in doc.blocks:
        if block.kind == "heading":
            while real and real[-1].level >= block.level:
                real.pop()
            real.append(block)
            section = block
        elif block.kind == "para" and block.parent is None:
            found = _headings(block, real, named)
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


def _name(title: str) -> tuple[str, str]:
    said = head(title)
    return (said.role, said.number) if said.role else ("", "")


def _headings(para: Block, real: list[Block], taken: set[tuple[str, str]]) -> list[Block]:
    """The first lines of a paragraph that are headings, as blocks; their level is below the real heading's."""
    if any(head(above.text).role in ("task", "step") or classify(above.text)[1] for above in real):
        return []
    if taken and real and _ORDER.search(real[-1].text):
        return []  # `Implementation order` beside headings that are the tasks puts them in order
    found: list[Block] = []
    plain = not taken
    for line, text in para.lines:
        bold = _BOLD.match(text)
        said = head(bold[1] if bold else text) if bold or plain else None
        named = said is not None and (
            (said.role in _NAMING and said.key != "id") or (plain and not bold and said.role == "dotted")
        )
        if said is None or not named or len(text) > 120 or (said.role, said.number) in taken:
            break
        block = Block("heading", line, f"{bold[1]} {bold[2]}".strip() if bold else text)
        deep = said.number.count(".") + 1 if said.role != "phase" else 0
        block.level = (real[-1].level if real else 1) + 1 + deep
        found.append(block)
    return found


def _rest(para: Block, lines: list[tuple[int, str]], section: Block) -> Block:
    """The paragraph goes on with what is left of it."""
    rest = Block("para", *lines[0], section=section)
    rest.end, rest.lines = para.end, lines
    return rest
