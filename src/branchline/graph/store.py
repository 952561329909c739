"""DraftGraph to file and back: networkx node-link JSON that diffs well, and the digest that an approval binds.

`networkx.node_link_graph(json.load(file))` loads the file as it is. Reading it here needs no networkx.
"""

import json
import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any, Final, NamedTuple

from branchline.errors import GraphError
from branchline.files import canonical, read_bytes, uncollected, write_durable
from branchline.files import digest as hashed
from branchline.graph.adjacency import Adjacency
from branchline.graph.columns import edges_of, tasks_of
from branchline.graph.fields import check_of, finding_of, ignored_of, listed, object_of, task_of, text_of
from branchline.graph.laws import check_draft
from branchline.graph.suite import suites
from branchline.model.plan import Check, DraftGraph, Edge, Task

VERSION: Final = 1
MAX_BYTES: Final = 256 << 20
MEND: Final = "mend it or put its last version back; or move the file away and decompose the plan again"
"""A graph is longer than its plan: every field is named, and a task of any length stands on one line."""
_TEXTS: Final = ("plan", "plan_digest", "dialect", "goal", "request", "boxes")
_AT_ONCE: Final = 1000
_LISTS: Final = frozenset({"nodes", "edges", "findings", "ignored", "gate"})


class Stored(NamedTuple):
    """A draft with its adjacency, and the digest of the file that holds it."""

    draft: DraftGraph
    adjacency: Adjacency
    file: str


def save(draft: DraftGraph, path: Path) -> str:
    """Write the draft durably, and return the digest of the file.

    Raises GraphError when a task's `extra` holds what JSON cannot.
    """
    data = dumps(draft).encode()
    write_durable(path, data)
    return hashed(data)


def file_digest(path: Path) -> str:
    """The digest of a graph file; raises InputError as `files.read_bytes`."""
    return hashed(read_bytes(path, MAX_BYTES))


def read(path: Path) -> DraftGraph:
    """The draft in a graph file; raises GraphError naming line, task and field, InputError as `files.read_bytes`."""
    return read_stored(path).draft


def read_stored(path: Path) -> Stored:
    """As `read`, with the adjacency of the draft and the digest of the file."""
    try:
        with uncollected():
            document, file = _parsed_file(path)
            return Stored(*_draft_of(document, lambda: _text(read_bytes(path, MAX_BYTES), path), str(path)), file)
    except GraphError as fault:
        raise GraphError(f"{fault.message}; {MEND}", **fault.details) from fault


def _parsed_file(path: Path) -> tuple[Any, str]:
    """What a file holds, and its digest; its text, which may be large, is gone: it is read again to name a line."""
    data = read_bytes(path, MAX_BYTES)
    file, text = hashed(data), _text(data, path)
    del data
    return _parsed(text, str(path)), file


def _text(data: bytes, path: Path) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise GraphError(f"{path}: not UTF-8 ({fault})", path=str(path)) from fault


def dumps(draft: DraftGraph) -> str:
    """The text of the graph file: keys sorted, each task, edge and finding on a line of its own."""
    try:
        text = _dump(to_document(draft), "", False)
        text.encode()
    except UnicodeEncodeError:
        text = _dump(to_document(draft), "", True)
    except (ValueError, TypeError, RecursionError) as fault:
        raise GraphError(f"{draft.plan}: the graph holds a value that JSON cannot hold: {fault}") from fault
    return text + "\n"


def _dump(value: Mapping[str, Any], indent: str, ascii_only: bool) -> str:
    lines = [
        f"{indent} {json.dumps(key)}: {_member(key, value[key], indent + ' ', ascii_only)}" for key in sorted(value)
    ]
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}"


def _member(key: str, value: Any, indent: str, ascii_only: bool) -> str:
    if key == "graph":
        return _dump(value, indent, ascii_only)
    if key not in _LISTS or not value:
        return _line(value, ascii_only)
    return "[\n" + ",\n".join(f"{indent} {_line(each, ascii_only)}" for each in value) + f"\n{indent}]"


def _line(value: Any, ascii_only: bool) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=ascii_only, allow_nan=False)


def loads(text: str, name: str) -> DraftGraph:
    """The draft in the text of a graph file called `name`; raises GraphError that names line, task and field."""
    with uncollected():
        return _draft_of(_parsed(text, name), lambda: text, name)[0]


def _parsed(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as fault:
        words = f"{name}:{fault.lineno}: not JSON ({fault.msg})"
        raise GraphError(words, path=name, line=fault.lineno) from fault
    except (ValueError, RecursionError) as fault:
        raise GraphError(f"{name}: not a graph file ({fault})", path=name) from fault


def _draft_of(document: Any, text: Callable[[], str], name: str) -> tuple[DraftGraph, Adjacency]:
    try:
        return from_document(document)
    except GraphError as fault:
        line = _line_of(text(), fault.details)
        where = f"{name}:{line}" if line else name
        raise GraphError(f"{where}: {fault.message}", **{**fault.details, "path": name, "line": line}) from fault


def _line_of(text: str, details: Mapping[str, Any]) -> int | None:
    """The line of the task or edge that an error is about: the last one that names it, as a doubled id is at fault."""
    if isinstance(details.get("edge"), tuple):
        marks = [
            f'"{end}": {json.dumps(each)}' for end, each in zip(("source", "target"), details["edge"], strict=True)
        ]
    elif isinstance(details.get("task"), str):
        marks = [f'"id": {json.dumps(details["task"])}']
    else:
        return None
    found = [number for number, line in enumerate(text.split("\n"), 1) if all(mark in line for mark in marks)]
    return found[-1] if found else None


def to_document(draft: DraftGraph) -> dict[str, Any]:
    """The draft as the node-link document that the file holds (DESIGN, section 4)."""
    return {
        "directed": True,
        "multigraph": False,
        "graph": _whole(draft),
        "nodes": [_node(task) for task in draft.tasks],
        "edges": [_edge(edge) for edge in draft.edges],
    }


def _whole(draft: DraftGraph) -> dict[str, Any]:
    return {"version": VERSION} | {
        **{name: getattr(draft, name) for name in _TEXTS},
        **{name: [each._asdict() for each in getattr(draft, name)] for name in ("gate", "findings", "ignored")},
    }


def _node(task: Task) -> dict[str, Any]:
    return {name: _plain(value) for name, value in task._asdict().items()}


def _plain(value: Any) -> Any:
    """What a task says in one of its fields, of the kinds that JSON has."""
    if isinstance(value, tuple):
        return [each if isinstance(each, str) else each._asdict() for each in value]
    return dict(value) if isinstance(value, Mapping) else value


def _edge(edge: Edge) -> dict[str, Any]:
    fields = edge._asdict()
    return {"source": fields.pop("before"), "target": fields.pop("after"), **fields}


def from_document(document: Any) -> tuple[DraftGraph, Adjacency]:
    """The draft of a node-link document with its adjacency; raises GraphError naming task or edge and field.

    Duplicate ids, unknown references, circles and unknown fields are all errors here: nobody guesses at a stored graph.
    The document loses its nodes and edges: a large graph does not stand in memory twice.
    """
    whole = object_of(document, "the graph file")
    if whole.get("directed") is not True or whole.get("multigraph", False) is not False:
        raise GraphError('the graph file must say "directed": true and "multigraph": false', field="directed")
    graph = object_of(whole.get("graph"), "graph")
    if graph.get("version") != VERSION:
        words = f"this graph file has version {graph.get('version')!r}, Branchline reads version {VERSION}"
        raise GraphError(words, field="version")
    tasks = tuple(tasks_of(listed(whole, "nodes")))
    del whole["nodes"]
    edges = tuple(edges_of(listed(whole, "edges")))
    del whole["edges"]
    draft = _head_of(graph)._replace(tasks=tasks, edges=edges)
    return draft, check_draft(draft)


def _head_of(graph: Mapping[str, Any]) -> DraftGraph:
    texts = {name: text_of(graph, name, "graph") for name in _TEXTS}
    return DraftGraph(
        tasks=(),
        plan=texts["plan"],
        plan_digest=texts["plan_digest"],
        dialect=texts["dialect"],
        goal=texts["goal"],
        request=texts["request"],
        boxes=texts["boxes"],
        gate=tuple(check_of(check, "the gate") for check in listed(graph, "gate", optional=True)),
        findings=tuple(finding_of(each) for each in listed(graph, "findings", optional=True)),
        ignored=tuple(ignored_of(each) for each in listed(graph, "ignored", optional=True)),
    )


def parts(draft: DraftGraph) -> tuple[str, list[tuple[str, str]]]:
    """What a run keeps of a graph: the text of what it says beside its tasks, and (id, text of the node) of each task.

    A node holds nothing that every task has unless it is said: each is read again when its task is dispatched.
    """
    return canonical({"graph": _whole(draft)}), [(task.id, canonical(_said(task))) for task in draft.tasks]


def _said(task: Task) -> dict[str, Any]:
    return {name: _plain(value) for (name, usual), value in zip(_USUAL.items(), task, strict=True) if value != usual}


_USUAL: Final = Task("", "")._asdict()


def head(text: str) -> DraftGraph:
    """The graph in the first of its `parts`: without tasks and edges."""
    return _head_of(json.loads(text)["graph"])


def node(text: str) -> Task:
    """The task in the text of its node."""
    return task_of(json.loads(text))


def net(
    draft: DraftGraph, more: Mapping[str, Any] | None = None, likely: Mapping[str, Mapping[str, bool]] | None = None
) -> str:
    """What a run keeps beside its rows so that looking at it need not read the whole graph (`model.run.RunRow`).

    `more` is put beside it; `likely` are the files of tasks that name none themselves.
    """
    mutex = {t.id: [f.path for f in t.files if f.role in ("create", "modify")] for t in draft.tasks if t.files}
    edges = [[edge.before, edge.after] for edge in draft.edges]
    needs = {t.id: list(t.needs) for t in draft.tasks if t.needs and t.kind == "atomic"}
    found = {"edges": edges, "mutex": {task: paths for task, paths in mutex.items() if paths}}
    touch = {t: dict(paths) for t, paths in (likely or {}).items()}
    touch |= {t.id: _touched(t) for t in draft.tasks if any(f.role not in ("create", "modify") for f in t.files)}
    estimate = {t.id: t.estimate for t in draft.tasks if t.estimate and t.kind == "atomic"}
    model = {t.id: t.model for t in draft.tasks if t.model and t.kind == "atomic"}
    asked = {"needs": needs, "estimate": estimate, "suite": suites(draft), "touch": touch, "model": model}
    return canonical(found | {name: rows for name, rows in asked.items() if rows} | dict(more or {}))


def _touched(task: Task) -> dict[str, bool]:
    """Path -> whether a task is likely to change it: what it creates, modifies or tests with, and not what it mentions."""
    found: dict[str, bool] = {}
    for file in task.files:
        path = posixpath.normpath(file.path)
        found[path] = found.get(path, False) or file.role != "mention"
    return found


def digest(draft: DraftGraph, argv: Mapping[str, Sequence[str]]) -> str:
    """The digest an approval binds: over the meaning of the graph and the `argv` of the workers, by worker name.

    Ids, titles, kinds, parents, roles, workers and how they are to work, files, checks, criteria, needs, gate and edges
    count (DESIGN, section 4). Lines, states, confidences, comments and the order of tasks, edges, files and needs do not.
    """
    from hashlib import sha256

    found = sha256()
    for piece in _pieces(draft, argv):
        found.update(piece.encode("utf-8", "surrogatepass"))
    return f"sha256:{found.hexdigest()}"


def _pieces(draft: DraftGraph, argv: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The canonical JSON of a graph's meaning, which of a large graph is never there as a whole."""
    yield f'{{"argv":{canonical({worker: list(words) for worker, words in argv.items()})},"edges":['
    yield from _rows(sorted(edge[:3] for edge in draft.edges), list)
    yield f'],"gate":{canonical(_commands(draft.gate))},"tasks":['
    yield from _rows(sorted(draft.tasks, key=attrgetter("id")), _meaning)
    yield f'],"version":{VERSION}}}'


def _rows(rows: Sequence[Any], make: Callable[[Any], Any]) -> Iterator[str]:
    for at in range(0, len(rows), _AT_ONCE):
        yield ("," if at else "") + canonical([make(row) for row in rows[at : at + _AT_ONCE]])[1:-1]


def _meaning(task: Task) -> dict[str, Any]:
    return {
        "id": task.id,
        "title": task.title,
        "kind": task.kind,
        "parent": task.parent,
        "role": task.role,
        "worker": task.worker,
        "files": sorted([file.path, file.role] for file in task.files),
        "checks": _commands(task.checks),
        "criteria": list(task.criteria),
        "needs": sorted(task.needs),
        **task.manner,
    }


def _commands(checks: Iterable[Check]) -> list[str]:
    return [check.run for check in checks]
