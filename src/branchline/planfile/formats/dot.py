"""Graphviz DOT: a digraph with nodes, chains of edges, and clusters as composite tasks."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final, NamedTuple

from branchline.files import MAX_NESTING
from branchline.model.plan import DraftGraph, Task
from branchline.planfile.fields import hours
from branchline.planfile.formats.base import STATES, Format, Sheet, children_of, kind_of, without

_TOKEN: Final = re.compile(
    r'(?P<skip>\s+|//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/|#[^\n]*)|(?P<text>"(?:[^"\\]|\\.)*")'
    r"|(?P<mark>->|--|[{}\[\];,=:])|(?P<html><(?:[^<>]|<[^<>]*>)*>)|(?P<word>(?:[^\W]|[.]|-(?![->]))+)",
    re.S,
)
_START: Final = re.compile(
    r'(?:(?://[^\n]*|/\*(?:[^*]|\*(?!/))*\*/|#[^\n]*)\s*)*(?:strict\s+)?digraph\b\s*(?:"[^"]*"|[\w.-]*)\s*\{', re.S
)
_DRAWN: Final = frozenset(
    {
        "shape", "style", "color", "fillcolor", "fontcolor", "fontname", "fontsize", "width", "height", "penwidth",
        "rank", "rankdir", "compound", "label", "id"
    }
)  # fmt: skip


class _Token(NamedTuple):
    kind: str
    text: str
    line: int


def _tokens(sheet: Sheet) -> Iterator[_Token]:
    line, place, text = 1, 0, sheet.text
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            words = "a text in quotes, or a comment, that never ends" if text[place] in '"/<' else repr(text[place])
            sheet.fault(line, f"not DOT: {words}")
        kind, word = found.lastgroup or "", found[0]
        if kind == "text":
            word = word[1:-1].replace('\\"', '"').replace("\\\n", "")
        if kind != "skip":
            yield _Token("word" if kind in ("text", "html") else kind, word, line)
        line += found[0].count("\n")
        place = found.end()


class _Reader:
    """The statements of a digraph, one after the other."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.tokens = list(_tokens(sheet))
        self.at = 0
        self.nodes: dict[str, tuple[int, str | None]] = {}
        self.said: dict[str, dict[str, str]] = {}
        self.clusters: dict[str, tuple[int, str | None]] = {}
        self.links: list[tuple[str, str, int, dict[str, str]]] = []

    def peek(self, text: str = "") -> bool:
        """Say whether the next token is this mark; without one, whether there is a token."""
        return self.at < len(self.tokens) and (not text or (self.token.kind, self.token.text) == ("mark", text))

    @property
    def token(self) -> _Token:
        """The next token; raises InputError at the end."""
        if self.at >= len(self.tokens):
            self.sheet.fault(self.tokens[-1].line if self.tokens else 1, "the graph is never closed: a } is missing")
        return self.tokens[self.at]

    def take(self, text: str = "") -> _Token:
        """Take the next token; raises InputError when it is not this mark."""
        token = self.token
        if text and not self.peek(text):
            self.sheet.fault(token.line, f"{text} is expected here, not {token.text!r}")
        self.at += 1
        return token

    def body(self, cluster: str | None, depth: int) -> list[str]:
        """Read statements up to the closing brace; gives the nodes they name."""
        if depth > MAX_NESTING:
            self.sheet.fault(self.token.line, f"nested more than {MAX_NESTING} deep")
        self.take("{")
        named: list[str] = []
        while not self.peek("}"):
            if self.peek(";") or self.peek(","):
                self.at += 1
                continue
            named += self.statement(cluster, depth)
        self.take("}")
        return named

    def statement(self, cluster: str | None, depth: int) -> list[str]:
        """Read one statement: attributes, a node, a chain of edges, a subgraph."""
        first = self.token
        if first.kind == "word" and first.text.lower() in ("graph", "node", "edge"):
            self.at += 1
            said = self.attributes()
            if first.text.lower() == "graph":
                self.said.setdefault(f"\0{cluster or ''}", {}).update(said)
            return []
        ends = [self.end(cluster, depth)]
        if self.peek("=") and first.kind == "word":
            self.at += 1
            self.said.setdefault(f"\0{cluster or ''}", {})[first.text.lower()] = self.take().text
            self.forget(first)
            return []
        while self.peek("->") or self.peek("--"):
            directed = self.take().text == "->"
            ends.append(self.end(cluster, depth))
            if not directed:
                self.sheet.ignore(first.line, f"{first.text} -- ...", "an edge without a direction orders nothing")
                ends = ends[-1:]
        said = self.attributes()
        if len(ends) == 1 and first.kind == "word" and first.text.lower() != "subgraph":
            self.said.setdefault(first.text, {}).update(said)
        for befores, afters in pairwise(ends):
            self.link(befores, afters, first.line, said)
        return [name for end in ends for name in end]

    def link(self, befores: list[str], afters: list[str], line: int, said: dict[str, str]) -> None:
        """Note the edges between two ends of a chain."""
        if said.get("dir") == "none" or "invis" in said.get("style", ""):
            self.sheet.ignore(line, " ".join(befores), "an edge that is drawn without a direction, or not at all")
            return
        if said.get("dir") == "back":
            befores, afters = afters, befores
        if len(self.links) + len(befores) * len(afters) > 1_000_000:
            self.sheet.fault(line, "more than 1000000 edges; split the plan")
        self.links += [(before, after, line, said) for before in befores for after in afters]

    def end(self, cluster: str | None, depth: int) -> list[str]:
        """Read one end of an edge: a node with its port, or a subgraph."""
        token = self.token
        if token.kind == "word" and token.text.lower() == "subgraph":
            self.at += 1
            name = self.take().text if not self.peek("{") else ""
            inner = re.sub(r"^cluster_?", "", name) if name.startswith("cluster") else ""
            if inner:
                self.clusters.setdefault(inner, (token.line, cluster))
            return self.body(inner or cluster, depth + 1)
        if self.peek("{"):
            return self.body(cluster, depth + 1)
        if token.kind != "word":
            self.sheet.fault(token.line, f"the name of a node is expected here, not {token.text!r}")
        self.at += 1
        while self.peek(":"):
            self.at += 2
        line, parent = self.nodes.get(token.text, (token.line, cluster))
        self.nodes[token.text] = (line, parent or cluster)
        return [token.text]

    def forget(self, token: _Token) -> None:
        """Take back a node that turned out to be the name of an attribute."""
        if self.nodes.get(token.text, (0, None))[0] == token.line and token.text not in self.said:
            del self.nodes[token.text]

    def attributes(self) -> dict[str, str]:
        """Read `[name=value, ...]`, as often as it stands there."""
        said: dict[str, str] = {}
        while self.peek("["):
            self.at += 1
            while not self.peek("]"):
                name = self.take().text
                if self.peek("="):
                    self.at += 1
                    said[name.lower()] = self.take().text
                elif name not in ",;":
                    said[name.lower()] = "true"
            self.at += 1
        return said


def read(sheet: Sheet) -> None:
    """Read the nodes as tasks, in the order in which they are first named."""
    reader = _Reader(sheet)
    while not reader.peek("{"):
        reader.take()
    reader.body(None, 0)
    said = reader.said.get("\0", {})
    sheet.goal = _text(said.get("label", ""))
    for name, (line, parent) in sorted(
        {**reader.nodes, **reader.clusters}.items(), key=lambda each: (each[1][0], each[0] not in reader.clusters)
    ):
        inner = {**reader.said.get(name, {}), **reader.said.get(f"\0{name}", {})}
        rule = "cluster of a digraph" if name in reader.clusters else "node of a digraph"
        parent = reader.clusters[name][1] if name in reader.clusters else parent
        _take(sheet, name, inner, line, parent, rule)
    for before, after, line, how in reader.links:
        sheet.edge(before, after, line, kind_of(how.get("kind", "")))


def _take(sheet: Sheet, name: str, said: dict[str, str], line: int, parent: str | None, rule: str) -> None:
    label = _text(said.get("label", ""))
    label = without(label, name)
    status = said.get("status") or said.get("state") or ""
    known = status.replace("_", "-").lower() in STATES
    extra = {key: value for key, value in said.items() if key not in _DRAWN | {"status", "state", "est"}}
    sheet.task(
        name,
        label if label.strip() and label != "\\N" else name,
        line,
        rule,
        status if known else "",
        parent=parent,
        estimate=hours(said["est"]) if "est" in said else None,
        extra=extra | ({} if known or not status else {"status": status}),
    )


def _text(label: str) -> str:
    if label.startswith("<") and label.endswith(">"):
        return " ".join(re.sub(r"<[^<>]*>", " ", label[1:-1]).split())
    return re.sub(r"\\(.)", lambda found: " " if found[1] in "nlr" else found[1], label)


def write(draft: DraftGraph) -> str:
    """A digraph; an edge to a composite ends at an unseen point in its cluster, drawn to the cluster's border."""
    lines = ["digraph plan {", "  rankdir=LR; compound=true;", "  node [shape=box];"]
    lines += [f"  label={_quoted(draft.goal, label=True)};"] if draft.goal else []
    kids = children_of(draft)
    for task in kids.get(None, []):
        lines += _node(task, kids, "  ")
    for edge in draft.edges:
        said = [] if edge.kind == "written" else [f"kind={edge.kind}", "style=dashed"]
        said += [f"ltail={_quoted('cluster_' + edge.before)}"] if edge.before in kids else []
        said += [f"lhead={_quoted('cluster_' + edge.after)}"] if edge.after in kids else []
        how = f" [{', '.join(said)}]" if said else ""
        lines.append(f"  {_quoted(edge.before)} -> {_quoted(edge.after)}{how};")
    return "\n".join([*lines, "}", ""])


def _node(task: Task, kids: dict[str | None, list[Task]], indent: str) -> list[str]:
    said = [f"label={_quoted(f'{task.id}: {task.title}', label=True)}"]
    said += [f"status={task.state}"] if task.state != "open" else []
    said += [f'est="{task.estimate:g}h"'] if task.estimate else []
    if task.id not in kids:
        return [f"{indent}{_quoted(task.id)} [{', '.join(said)}];"]
    inner = [line for kid in kids[task.id] for line in _node(kid, kids, indent + "  ")]
    head = [f"{indent}subgraph {_quoted('cluster_' + task.id)} {{", *(f"{indent}  {each};" for each in said)]
    return [*head, f"{indent}  {_quoted(task.id)} [shape=point, style=invis];", *inner, f"{indent}}}"]


def _quoted(text: str, label: bool = False) -> str:
    text = text.replace("\\", "\\\\") if label else text
    return '"' + text.replace('"', '\\"').replace("\n", "\\n" if label else "\n") + '"'


FORMAT = Format("dot", lambda text, name: name.endswith((".dot", ".gv")) or _START.match(text) is not None, read, write)
