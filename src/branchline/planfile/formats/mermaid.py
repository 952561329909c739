"""Mermaid flowcharts: nodes with labels, chains of arrows, subgraphs as composite tasks, classes as states."""

import re
from collections.abc import Mapping
from typing import Final

from branchline.model.plan import DraftGraph, Edge, Mark, Task
from branchline.planfile.formats.base import STATES, Format, Sheet, children_of, kind_of, without

_START: Final = re.compile(r"\s*(?:flowchart|graph)(?:-elk)?(?:[ \t]+(?:TB|TD|BT|RL|LR))?[ \t]*;?[ \t]*$")
_FENCE: Final = re.compile(r"^[ \t]{0,3}(```+|~~~+)[ \t]*mermaid[ \t]*\r?$", re.M)
_ID: Final = re.compile(r"(?:[^\s\[\](){}<>|&;:\"~=@,-]|-(?![-.>=])|=(?!=)|:(?!::))+")
_SHAPE: Final = re.compile(r'([\[({>]{1,3}[/\\]?)[ \t]*(?:"([^"]*)"[ \t]*[/\\]?[\])}]{1,3}|)')
_AT: Final = re.compile(r"@\{([^{}]*)\}")
_CLASS: Final = re.compile(r"\s*:::([\w-]+)")
_LINK: Final = re.compile(
    r"\s*(?P<back><)?(?P<line>--+|==+|-\.+-?|~~~+)(?P<head>>|[xo](?=\s))?"
    r"(?:\s*\|(?P<label>[^|]*)\|)?"
)
_END: Final = re.compile(r"\s*(?:;|\Z)")
_TEXT: Final = re.compile(r"(?P<label>[^\n]{1,500}?)\s?(?:--+|==+|\.+-)(?P<head>>|[xo](?=\s))?")
_CLOSERS: Final = {"[": "]", "(": ")", "{": "}", ">": "]", "/": "/", "\\": "\\"}
_ENTITY: Final = re.compile(r"#(?:(\d{1,7})|(quot|amp|lt|gt|nbsp|apos));")
_NAMED: Final = {"quot": '"', "amp": "&", "lt": "<", "gt": ">", "nbsp": " ", "apos": "'"}
_DRAWING: Final = re.compile(r"(classDef|style|linkStyle|click|direction|accTitle|accDescr)\b")
_ALIAS: Final = re.compile(r"%% id (\S+) is (\S+)\s*$")
_WORDS: Final = frozenset(
    {
        "end", "graph", "flowchart", "subgraph", "style", "linkstyle", "class", "classdef", "click", "direction",
        "default", "call", "href", "interpolate"
    }
)  # fmt: skip
_CLASSES: Final[dict[Mark, str]] = {"wip": "doing", "done": "done", "declined": "declined", "deferred": "deferred"}


class _Reader:
    """A flowchart, read line by line."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.nodes: dict[str, tuple[int, str | None]] = {}
        self.labels: dict[str, str] = {}
        self.classes: dict[str, str] = {}
        self.groups: list[str] = []
        self.composite: set[str] = set()
        self.links: list[tuple[str, str, int, str]] = []
        self.alias: dict[str, str] = {}

    def line(self, text: str, number: int) -> None:
        """Read one line: a directive, or statements."""
        text = text.strip()
        if not text or text.startswith("%%"):
            found = _ALIAS.match(text)
            self.alias |= {found[1]: found[2]} if found else {}
            return
        word = re.split(r"[\s;]", text, maxsplit=1)[0]
        if _START.match(text):
            return
        if word == "subgraph":
            self.subgraph(text[8:].strip().rstrip(";").strip(), number)
        elif word == "end":
            if not self.groups:
                self.sheet.fault(number, "an `end` without a subgraph")
            self.groups.pop()
        elif word == "class":
            names, _, kind = text[5:].strip().rstrip(";").rpartition(" ")
            self.classes |= {name.strip(): kind for name in names.split(",")}
        elif _DRAWING.match(text):
            self.sheet.ignore(number, text, f"{word} says how the chart is drawn")
        else:
            self.statements(text, number)

    def subgraph(self, rest: str, number: int) -> None:
        """Open a subgraph: `id`, `id["title"]`, `id [title]` or a title alone."""
        found = _ID.match(rest)
        name = found[0] if found else ""
        label, place = self.shape(rest, len(name) + len(rest[len(name) :]) - len(rest[len(name) :].lstrip()), number)
        if label is None and (not found or rest[place:].strip()):
            label = _decoded(rest.strip('"'))
            name = rest if " " not in rest and found else f"group{number}"
        self.node(name, number, label)
        self.composite.add(name)
        self.groups.append(name)

    def statements(self, text: str, number: int) -> None:
        """Read chains: groups of nodes with arrows between them."""
        place = 0
        while place < len(text):
            if text[place] in " \t;,":
                place += 1
                continue
            start = place
            left, place = self.group(text, place, number)
            while left and (found := _LINK.match(text, place)):
                arrow, label, place = self.arrow(text, found)
                right, place = self.group(text, place, number)
                if not right:
                    self.sheet.fault(number, f"an arrow without an end: {text[:80]!r}")
                self.link(left, right, number, arrow, label, text)
                left = right
            if not left or place == start or _END.match(text, place) is None:
                self.sheet.ignore(number, text, "not understood as part of a flowchart")
                words = f"line {number} was not understood and orders nothing: {text[:80]}"
                self.sheet.find("not-understood", words, number)
                return

    def arrow(self, text: str, found: re.Match[str]) -> tuple[str, str, int]:
        """Read an arrow to its end: whether it points (`>`, `<` or nothing), its label, and where it ends."""
        head, label, place = found["head"] or "", found["label"] or "", found.end()
        opens = not head and found["label"] is None and found["line"] in ("--", "==", "-.")
        said = _TEXT.match(text, place) if opens else None
        if said:
            head, label, place = said["head"] or "", said["label"], said.end()
        return (found["back"] or "") + (">" if head else ""), label.strip().strip('"'), place

    def link(self, left: list[str], right: list[str], number: int, arrow: str, label: str, text: str) -> None:
        """Note the edges between two groups of nodes; a line without a head orders nothing."""
        if arrow in ("", "<>"):
            self.sheet.ignore(number, text, "a line without a direction orders nothing")
            return
        if arrow == "<":
            left, right = right, left
        if len(self.links) + len(left) * len(right) > 1_000_000:
            self.sheet.fault(number, "more than 1000000 edges; split the plan")
        self.links += [(before, after, number, label) for before in left for after in right]

    def group(self, text: str, place: int, number: int) -> tuple[list[str], int]:
        """Read `a & b["label"]:::class`."""
        names: list[str] = []
        while True:
            while place < len(text) and text[place] in " \t":
                place += 1
            found = _ID.match(text, place)
            if found is None:
                return names, place
            name, place = found[0], found.end()
            label, place = self.shape(text, place, number)
            self.node(name, number, label)
            if style := _CLASS.match(text, place):
                self.classes[name] = style[1]
                place = style.end()
            names.append(name)
            joined = re.compile(r"\s*&").match(text, place)
            if joined is None:
                return names, place
            place = joined.end()

    def shape(self, text: str, place: int, number: int) -> tuple[str | None, int]:
        """Read the shape behind a node's name; gives its label, None when there is none."""
        if found := _AT.match(text, place):
            said = re.search(r'label:\s*"([^"]*)"', found[1])
            return (_decoded(said[1]) if said else None), found.end()
        found = _SHAPE.match(text, place)
        if found is None:
            return None, place
        if found[2] is not None:
            return _decoded(found[2]), found.end()
        closer = "".join(_CLOSERS[each] for each in reversed(found[1]))
        ends = [text.find(each, found.end()) for each in {closer, closer.replace("/", "\\"), closer.replace("\\", "/")}]
        end = min((each for each in ends if each >= 0), default=-1)
        if end < 0:
            self.sheet.fault(number, f"{found[1]} is never closed: {text[place : place + 60]!r}")
        return _decoded(text[found.end() : end].strip()), end + len(closer)

    def node(self, name: str, number: int, label: str | None) -> None:
        """Note a node: its first line, its first subgraph, the label it is given."""
        line, parent = self.nodes.get(name, (number, None))
        group = self.groups[-1] if self.groups and self.groups[-1] != name else None
        self.nodes[name] = (line if label is None or name in self.labels else number, parent or group)
        if label is not None and label.strip():
            self.labels.setdefault(name, label)


def read(sheet: Sheet) -> None:
    """Read the flowchart of a file, or of the first fence that holds one."""
    first, last = _part(sheet.text)
    lines = sheet.text.split("\n")
    reader = _Reader(sheet)
    number = first
    while number < last:
        text, at = lines[number], number + 1
        while text.count('"') % 2 and number + 1 < last and number - at < 50:  # a label may have lines
            number += 1
            text += " " + lines[number]
        reader.line(text, at)
        number += 1
    if reader.groups:
        sheet.fault(last, f"the subgraph {reader.groups[-1]} is never closed: an `end` is missing")
    for found in _FENCE.finditer(sheet.text):
        at = sheet.text.count("\n", 0, found.start()) + 1
        if at != first:  # the fence that was read stands on the line before its first one, which is counted from 0
            sheet.ignore(at, found[0].strip(), "another diagram; the first flowchart was read")
    _take(sheet, reader)


def _part(text: str) -> tuple[int, int]:
    """The lines of the flowchart, from 0: those of the first fence with one, else all after front matter."""
    lines = text.split("\n")
    for found in _FENCE.finditer(text):
        first = text.count("\n", 0, found.end()) + 1
        end = next((n for n in range(first, len(lines)) if lines[n].strip().startswith(found[1])), len(lines))
        inner = [line for line in lines[first:end] if line.strip() and not line.strip().startswith("%%")]
        if inner and _START.match(inner[0]):
            return first, end
    if lines and lines[0].strip() == "---":
        return next((n + 1 for n in range(1, len(lines)) if lines[n].strip() == "---"), 0), len(lines)
    return 0, len(lines)


def _take(sheet: Sheet, reader: _Reader) -> None:
    names = {name: reader.alias.get(name, name) for name in reader.nodes}
    for name, (line, parent) in sorted(reader.nodes.items(), key=lambda each: each[1][0]):
        kind = reader.classes.get(name, "")
        sheet.task(
            names[name],
            without(reader.labels.get(name, ""), names[name]) or names[name],
            line,
            "subgraph of a flowchart" if name in reader.composite else "node of a flowchart",
            kind if kind.replace("_", "-").lower() in STATES else "",
            parent=names[parent] if parent else None,
        )
    for before, after, line, label in reader.links:
        sheet.edge(names[before], names[after], line, kind_of(label))


def _decoded(text: str) -> str:
    text = re.sub(r"<br\s{0,9}/?>", " ", text)
    if len(text) > 1 and text[0] == text[-1] == "`":
        text = text[1:-1]
    return _ENTITY.sub(lambda found: _NAMED[found[2]] if found[2] else _letter(int(found[1])), text)


def _letter(code: int) -> str:
    return chr(code) if code < 0x110000 else "?"


def _encoded(text: str) -> str:
    return "".join(f"#{ord(each)};" if each in '#"&<>`\\' or not each.isprintable() else each for each in text)


def fenced(text: str) -> bool:
    """Say whether a text without tasks of its own holds a flowchart in a fence."""
    return "mermaid" in text and _FENCE.search(text) is not None and _part(text)[0] > 0


def sniff(text: str, name: str) -> bool:
    """Say whether a text is a flowchart: its first line that is no comment begins one."""
    if name.endswith((".mmd", ".mermaid")):
        return True
    first = next((line for line in text.split("\n", 50)[:50] if line.strip() and not line.startswith("%%")), "")
    return _START.match(first) is not None and "{" not in first


def write(draft: DraftGraph) -> str:
    """A flowchart; `%% id n3 is X` names a task whose id Mermaid has no form for."""
    ids = _node_ids(draft)
    lines = ["flowchart LR"] + [f"  %% id {ids[task]} is {task}" for task in ids if ids[task] != task]
    kids = children_of(draft)
    for task in kids.get(None, []):
        lines += _lines(task, kids, ids, "  ")
    lines += [f"  {ids[edge.before]} {_arrow(edge)} {ids[edge.after]}" for edge in draft.edges]
    for mark, name in _CLASSES.items():
        marked = [ids[task.id] for task in draft.tasks if task.state == mark]
        lines += [f"  classDef {name} stroke-width:2px"] if marked else []
        lines += [f"  class {','.join(marked)} {name}"] if marked else []
    return "\n".join(lines) + "\n"


def _node_ids(draft: DraftGraph) -> dict[str, str]:
    taken = {task.id for task in draft.tasks}
    ids: dict[str, str] = {}
    for place, task in enumerate(draft.tasks, 1):
        own = task.id if _is_plain(task.id) else f"n{place}"
        while own != task.id and own in taken:
            own += "_"
        ids[task.id] = own
        taken.add(own)
    return ids


def _is_plain(task_id: str) -> bool:
    word = re.split(r"[.-]", task_id.lower(), maxsplit=1)[0]
    return bool(_ID.fullmatch(task_id)) and word not in _WORDS and not re.search(r"[.-]{2}|[-.]\Z", task_id)


def _lines(task: Task, kids: Mapping[str | None, list[Task]], ids: Mapping[str, str], indent: str) -> list[str]:
    node = f'{ids[task.id]}["{_encoded(f"{task.id}: {task.title}")}"]'
    if task.id not in kids:
        return [indent + node]
    inner = [line for kid in kids[task.id] for line in _lines(kid, kids, ids, indent + "  ")]
    return [f"{indent}subgraph {node}", *inner, f"{indent}end"]


def _arrow(edge: Edge) -> str:
    return "-->" if edge.kind == "written" else f"-.->|{edge.kind}|"


FORMAT = Format("mermaid", sniff, read, write)
