"""Graphs that a plan draws in its fences: arrows, trees of them, Mermaid, Kiro's waves."""

import json
import re
from itertools import pairwise, product
from unicodedata import east_asian_width

from branchline.planfile.blocks import Block
from branchline.planfile.drafts import Draft
from branchline.planfile.edges import WAITING, Edges
from branchline.planfile.refs import tokens
from branchline.planfile.sentences import ARROW, BACK

_HEADS = tuple("→>⇒⟶⟹⇢➔➜►▶")
"""How an arrow ends."""
MAX_ARROW, MAX_JOINED = 10, 100
_TOP, _BOTTOM = "┌", "┘"
_DOWN, _SHAFT = "↓▼⬇", "│|┃ \t"
_BRANCH = re.compile(r"[│|┃ \t]*[└├┗┣`+|\\][─━-]{1,4}[>►▶→]?\s?(?![─━-])")
"""Before what a line of a tree names: `└── Phase 2`, `|-- Phase 2`, `├─> Phase 2`."""
_NODE = re.compile(r"([\w.-]{1,60})\s*(?:[\[({>]{1,3}\"?([^\]\[(){}\"|]{1,200})\"?[\])}]{1,3})?")
_LABEL = re.compile(r"[\[({][^\[\](){}]{1,200}[\])}]")
"""`A & B` are two nodes, `A[Reef & sail]` is one."""
_LINK = re.compile(r"<?[-=.]{2,}[>ox]?(?:\|[^|]{0,80}\|)?|--\s[^-]{1,60}\s-->")


def read(edges: Edges, block: Block, label: str) -> bool:
    """Read a graph in a section on order, or below the `label` of one; says whether the fence is one of a graph."""
    info = block.text.lower()
    ordered = label in ("ORDER", "depends") or (block.section is not None and block.section.cls == "ORDER")
    if info in ("", "text") and ordered:
        _upright(edges, joined(block.lines))
    elif info in ("", "text") and any(_TOP in text for _, text in block.lines):
        _boxed(edges, block.lines)
    elif info.startswith("mermaid"):
        _mermaid(edges, block.lines)
    elif info.startswith("json") and any('"waves"' in text for _, text in block.lines):
        _waves(edges, block)
    else:
        return False
    return True


def joined(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Join lines that end in an arrow with those below, on which their chain goes on; at most MAX_JOINED of them."""
    groups: list[tuple[int, list[str]]] = []
    for line, text in lines:
        last = groups[-1][1] if groups else []
        if text.strip() and last and _ends_in_arrow(last[-1]) and len(last) < MAX_JOINED:
            last.append(text)
        else:
            groups.append((line, [text]))
    return [(line, " ".join([first, *map(str.strip, more)])) for line, (first, *more) in groups]


def _ends_in_arrow(text: str) -> bool:
    end = text.rstrip()[-MAX_ARROW:]
    return end[-1:] in _HEADS and ARROW.search(end) is not None


def _upright(edges: Edges, lines: list[tuple[int, str]]) -> None:
    """Parts of two lines between which an arrow points down are a chain; each line also says what it says alone."""
    lines = [(line, _spread(text)) for line, text in lines]
    above = ""
    columns: list[int] = []
    stack: list[tuple[int, str]] = []
    for line, text in lines:
        branch = _BRANCH.match(text)
        indent = len(branch[0]) - 3 if branch else len(text) - len(text.lstrip())
        while stack and stack[-1][0] >= indent:
            stack.pop()
        mark = branch or ARROW.match(text, indent)
        if stack and mark is not None:  # a tree: each goes on from what it stands below
            above_it, named = _part(stack[-1][1], indent), ARROW.split(BACK.split(text[mark.end() :])[0])[0].strip()
            if branch and not (_counts(above_it) and _counts(named)):
                named = ""  # a tree of the names of parts: which of them comes first is not said
            waits = above_it.lower().rstrip(" :：()（）").endswith(WAITING)  # `T4 needs` over what it needs
            edges.chain(line, list(map(_plain, [named, above_it] if waits else [above_it, named])))
        stack.append((indent, BACK.split(text)[0]))
        if not text.strip(_SHAFT + _DOWN):
            columns += [column for column, mark in enumerate(text) if mark in _DOWN]
            continue
        said = BACK.split(text)[0]
        for column in columns if above else ():
            edges.chain(line, [_plain(_part(above, column)), _plain(_part(said, column))])
        edges.statement(line, _plain(text).strip(_SHAFT))
        above, columns = said, []


def _spread(text: str) -> str:
    """A line in which what is two columns wide is two characters: arrows stand below columns."""
    return text if text.isascii() else "".join(f"{one}\0" if east_asian_width(one) in "WF" else one for one in text)


def _plain(text: str) -> str:
    return text.replace("\0", "")


def _boxed(edges: Edges, lines: list[tuple[int, str]]) -> None:
    """Boxes one below the other, with an arrow down between two of them, that each begin with a task or a phase."""
    last: str | None = None
    inside, arrow = "", False
    for line, text in lines:
        if text.count(_TOP) == 1 and not inside:
            inside = " "
        elif inside and _BOTTOM in text:
            if last and arrow and tokens(last)[:1] and tokens(inside)[:1]:
                edges.chain(line, [last, inside])
            last, inside, arrow = inside.strip(), "", False
        elif inside == " ":
            inside = text.strip(_SHAFT) or " "  # its first line says what it is
        else:
            arrow = arrow or any(mark in text for mark in _DOWN)


def _counts(text: str) -> bool:
    """Say whether a line of a tree names a task or a phase by its number: `T3`, `US1 (Phase 3)`, `2.x (views)`."""
    return bool(tokens(text)) or text.lstrip(_SHAFT + "└├┗┣`+-─━ ")[:1].isdigit()


def _part(text: str, column: int) -> str:
    """Of a line that arrows cut in parts, the one at a column or nearest to it."""
    cuts = [0, *(place for found in ARROW.finditer(text) for place in found.span()), len(text)]
    parts = [(start, end) for start, end in zip(cuts[::2], cuts[1::2], strict=True) if text[start:end].strip()]
    start, end = min(parts, key=lambda part: max(part[0] - column, column - part[1], 0), default=(0, 0))
    return text[start:end].strip(_SHAFT)


def _waves(edges: Edges, block: Block) -> None:
    """Kiro's dependency graph: waves of task ids, each wave after the one before, as phases are."""
    try:
        waves = json.loads("\n".join(text for _, text in block.lines))["waves"]
        ids = [[str(each).lower() for each in (wave["tasks"] if isinstance(wave, dict) else wave)] for wave in waves]
    except (ValueError, TypeError, KeyError, RecursionError):
        return
    groups = [[edges.names.by_id[each] for each in wave if each in edges.names.by_id] for wave in ids]
    edges.stated.update(draft.line for group in groups for draft in group)
    for before, after in pairwise(groups):
        edges.names.spend(len(before) * len(after))
        for one, other in product(before, after):
            edges.add(one, other, "phase", block.line, 0.8)


def _mermaid(edges: Edges, lines: list[tuple[int, str]]) -> None:
    """Take a flowchart, when at least half of its nodes are tasks of the plan."""
    nodes: dict[str, Draft | None] = {}
    links: list[tuple[str, str, int]] = []
    for line, text in lines:
        edges.names.line = line
        parts = _LINK.split(text.strip().rstrip(";"))
        groups = [_nodes(edges, part, nodes) for part in parts]
        for before, after in pairwise(groups):
            edges.names.spend(len(before) * len(after))
            links += [(one, other, line) for one in before for other in after]
    linked = {name for one, other, _ in links for name in (one, other)}
    known = [name for name in linked if nodes.get(name) is not None]
    if not linked or len(known) * 2 < len(linked):
        return
    for one, other, line in links:
        first, second = nodes.get(one), nodes.get(other)
        if first is not None and second is not None:
            edges.say([first], [second], line, 1.0)


def _nodes(edges: Edges, part: str, nodes: dict[str, Draft | None]) -> list[str]:
    out = []
    for piece in _LABEL.sub(lambda label: label[0].replace("&", "\0"), part).split("&"):
        found = _NODE.match(piece.strip())
        if not found:
            continue
        name, label = found[1], (found[2] or "").replace("\0", "&")
        out.append(name)
        if nodes.get(name) is None:
            named = edges.named(label) if label else []
            titled = edges.names.titled(label) or edges.names.by_id.get(name.lower())
            nodes[name] = (named[0] if len(named) == 1 else None) if named else titled
    return out
