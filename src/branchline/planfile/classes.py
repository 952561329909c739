"""The class of each section, by the words of its heading, those above it and the tags around it (rule 2)."""

from branchline.planfile import levels
from branchline.planfile.blocks import Block, Doc
from branchline.planfile.outline import Outline
from branchline.planfile.plain import LIST_CLASSES, NEGATIVE
from branchline.planfile.scan import MAX_NESTING
from branchline.planfile.sections import Head, bare, classify, head, only_tells, share
from branchline.planfile.words import GSD_TAGS


def sections(out: Outline) -> None:
    """Nest the headings by level and give each its class; a lone H1 names the plan and never classifies."""
    stack: list[Block] = []
    worded = levels.worded(out)
    counted = worded | levels.counted_codes(out.headings)
    firsts = [block for block in out.headings if block.level == 1]
    lone = firsts[0] if len(firsts) == 1 and len(out.headings) > 1 else None
    for block in out.headings:
        while stack and stack[-1].level >= block.level:
            stack.pop()
        block.section = stack[-1] if stack else None
        out.subs.setdefault(block.section.line if block.section is not None else 0, []).append(block)
        stack.append(block)
        block.cls = "NONTASK" if block is lone and only_tells(block.text) else "UNKNOWN"
        if block is not lone:
            tells = block.line in worded and block.section is not None and block.section.cls in NEGATIVE
            out.heads[block.line] = said = _head(out, block, {} if tells else counted)
            _classify(out, block, said)


def _head(out: Outline, block: Block, counted: dict[int, Head]) -> Head:
    """What a heading says where it stands."""
    said = counted.get(block.line) or head(block.text)
    inner = head(said.title) if said.role == "dotted" else said
    said = inner if inner.role == "phase" else said  # `4.1 Phase 1: Base`
    untold = block.section is not None and block.section.cls in NEGATIVE and block.section.cls != "ORDER"
    if untold and said.role == "version":
        said = Head("", "", "", bare(block.text))  # `v1.2` of a changelog
    if block.line in counted and out.head(block.section).role == "phase":
        said = Head("task", "id", said.id, said.title, said.id)  # `S1 - Draw` below `Phase 1` is a task of it
    return said


def _classify(out: Outline, block: Block, said: Head) -> None:
    above = block.section.cls if block.section is not None else "UNKNOWN"
    if said.role in ("task", "step", "phase", "version") or block.box is not None:
        block.cls = above if above in ("FUTURE", "DECLINED", "DONE") else "TASK"
        return
    block.cls, strong = classify(said.title)
    above_strong = block.section is not None and block.section.line in out.strong
    told = above_strong and block.cls != "ORDER"  # what waits for what may be told in the notes
    if block.cls == "UNKNOWN" or told or (above == "FUTURE" and block.cls not in NEGATIVE):
        block.cls, strong = (above, above_strong) if above != "UNKNOWN" else (block.cls, strong)
    counted_work = said.role in ("numbered", "dotted") and above in ("TASK", "BACKLOG") and " " in said.title
    if block.cls == "NONTASK" and counted_work and (not strong or share(said.title) <= 0.5):
        block.cls, strong = above, False  # `B. Model architecture` among the numbered parts of a plan is work
    topic = not said.role and above in LIST_CLASSES and not out.head(block.section).role and share(said.title) <= 0.5
    if block.cls == "NONTASK" and topic and not strong:
        block.cls = above  # `Performance & scaling` below `To do` is a topic of the work
    if strong:
        out.strong.add(block.line)


def tags(doc: Doc) -> None:
    """Let the pseudo tags of GSD files (`<success_criteria>`) class what stands between them."""
    stack: list[str] = []
    for block in doc.blocks:
        if block.kind == "tag" and block.number in GSD_TAGS:
            if block.text.startswith("</"):
                if block.number in stack:
                    del stack[stack.index(block.number) :]
            elif len(stack) < MAX_NESTING:
                stack.append(block.number)
        elif stack and block.candidate:
            block.cls = GSD_TAGS[stack[-1]]
        elif stack and block.kind == "heading" and GSD_TAGS[stack[-1]] in NEGATIVE:
            block.cls, block.role = GSD_TAGS[stack[-1]], "tagged"
