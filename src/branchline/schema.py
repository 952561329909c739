"""everything that comes from outside, validated

Three shapes come from outside: the exit record of a worker, the stored graph, the scenario of the scripted worker. Each
function takes loaded data and returns plain dicts and lists with every default filled in.
"""

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from branchline.errors import GraphError, InputError

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

STATUSES: Final = ("done", "blocked", "partial", "failed")
BLOCKED_KINDS: Final = ("question", "missing_dependency", "credential", "contradiction", "obsolete", "capability")
STEPS: Final = (
    "write", "append", "delete", "commit", "message", "say", "run", "sleep", "answer", "block", "lie", "hang", "crash",
    "conflict", "silent", "exit", "spawn",
)  # fmt: skip
"""What a step of a scenario can do; each is documented in `scenario`."""

_TEXT_LIMIT: Final = 100_000
_LIST_LIMIT: Final = 1_000
_ID: Final = r"^[A-Za-z0-9][A-Za-z0-9._~-]{0,65}$"
_DEVICE: Final = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)
_RECORD_KEYS: Final = ("summary", "kind", "text", "options", "default", "deadline", "missing")


class _Models(NamedTuple):
    """The pydantic models; made on first use, because pydantic takes 100 ms to import."""

    node: "type[BaseModel]"
    edge: "type[BaseModel]"
    graph: "type[BaseModel]"


def exit_record(data: Any) -> dict[str, Any]:
    """Return the answer of a worker with all its keys: status summary kind text options default deadline missing extra.

    Only `status` is required (done, blocked, partial, failed); unknown keys go to `extra`. Written without pydantic: it
    is on the path of every attempt. Raises InputError naming the field. Source: DESIGN section 9.
    """
    if not isinstance(data, dict):
        raise InputError(f"exit record: must be an object, not {_name(data)}")
    status = data.get("status")
    if status not in STATUSES:
        raise InputError(f"exit record: status must be one of {', '.join(STATUSES)}, not {_short(status)}")
    record: dict[str, Any] = {"status": status}
    for key in ("summary", "kind", "text", "default", "deadline"):
        record[key] = _record_text(key, data.get(key))
    for key in ("options", "missing"):
        record[key] = _record_list(key, data.get(key))
    if status == "blocked":
        record["kind"] = record["kind"] or "question"
        if record["kind"] not in BLOCKED_KINDS:
            raise InputError(f"exit record: kind must be one of {', '.join(BLOCKED_KINDS)}, not {record['kind']!r:.60}")
    record["extra"] = {str(key): value for key, value in data.items() if key not in ("status", *_RECORD_KEYS)}
    return record


def graph_document(data: Any, name: str) -> dict[str, Any]:
    """Return a stored graph `{graph, nodes, edges}` with every default filled in; unknown keys of a node go to `extra`.

    Edges may stand under `edges` or `links`, with ends `source` and `target`. Checked: types, legal and unique ids
    (without regard to case), known parents and ends of edges, relative paths. Not checked here: cycles and depth (the
    graph room does). Raises GraphError naming the file, the node or edge, and the field. Source: DESIGN section 4.
    """
    if not isinstance(data, dict):
        raise GraphError(f"{name}: must be an object, not {_name(data)}")
    nodes, edges = _list(data, "nodes", name), _list(data, "edges" if "edges" in data else "links", name)
    models = _models()
    head = _valid(models.graph, data.get("graph", {}), f"{name}: graph")
    rows = [_valid(models.node, node, f"{name}: {_node_name(node, n)}") for n, node in enumerate(nodes, 1)]
    ends = [_valid(models.edge, edge, f"{name}: {_edge_name(edge, n)}") for n, edge in enumerate(edges, 1)]
    _check_ids(rows, ends, name)
    return {"graph": head, "nodes": rows, "edges": ends}


def scenario(data: Any) -> dict[str, Any]:
    """Return the script of the scripted worker: `{"defaults": [step...], "tasks": {id: [[step...] of each attempt]}}`.

    A task may give one list of steps (every attempt plays it) or a list of lists (attempt n plays the n-th, later ones
    the last). A step is a mapping with exactly one of:
    write/append/conflict {path, content}; delete PATH; commit/message/say TEXT; run SHELL; sleep SECONDS; answer {exit
    record}; block {text, kind, options, default}; exit CODE; crash SIGNAL-NAME or CODE; spawn SECONDS (a child that
    outlives the worker) or {seconds, escape}; lie, hang, silent (true). A bare word stands for `{word: true}`.
    Raises InputError naming task, attempt and step.
    """
    if not isinstance(data, dict):
        raise InputError(f"scenario: must be a mapping, not {_name(data)}")
    if unknown := sorted(map(str, data.keys() - {"defaults", "tasks"})):
        raise InputError(f"scenario: unknown key {unknown[0]!r}; known are defaults and tasks")
    tasks = data.get("tasks") or {}
    if not isinstance(tasks, dict):
        raise InputError(f"scenario: tasks must be a mapping, not {_name(tasks)}")
    return {
        "defaults": _steps(data.get("defaults") or [], "scenario: defaults"),
        "tasks": {str(task): _attempts(value, f"scenario: task {task}") for task, value in tasks.items()},
    }


def _record_text(key: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | int | float):  # agents write `"default": 2`; the meaning is plain
        return str(value)
    if not isinstance(value, str):
        raise InputError(f"exit record: {key} must be a text, not {_name(value)}")
    return value[:_TEXT_LIMIT]


def _record_list(key: str, value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str):
        return [value[:_TEXT_LIMIT]] if value else []
    if not isinstance(value, list) or not all(isinstance(item, str | int | float) for item in value):
        raise InputError(f"exit record: {key} must be a list of texts")
    return [str(item)[:_TEXT_LIMIT] for item in value[:_LIST_LIMIT]]


def _attempts(value: Any, where: str) -> list[list[dict[str, Any]]]:
    if isinstance(value, list) and value and all(isinstance(item, list) for item in value):
        return [_steps(steps, f"{where}, attempt {number}") for number, steps in enumerate(value, 1)]
    return [_steps(value, where)]


def _steps(value: Any, where: str) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise InputError(f"{where}: must be a list of steps, not {_name(value)}")
    return [_step(step, f"{where}, step {number}") for number, step in enumerate(value, 1)]


def _step(step: Any, where: str) -> dict[str, Any]:
    if isinstance(step, str):
        step = {step: True}
    if not isinstance(step, dict) or len(step) != 1:
        raise InputError(f"{where}: must be a mapping with exactly one key, one of {', '.join(STEPS)}")
    ((verb, value),) = step.items()
    if verb not in STEPS:
        raise InputError(f"{where}: unknown step {_short(verb)}; known are {', '.join(STEPS)}")
    try:
        return {verb: _STEP_VALUES[verb](value)}
    except InputError as error:
        raise InputError(f"{where}: {error.message.replace('exit record', 'answer')}") from None
    except ValueError as error:
        raise InputError(f"{where}: {verb} {error}, not {_short(value)}") from None


def _file_step(value: Any) -> Any:
    if not isinstance(value, dict) or value.keys() - {"path", "content"} or "path" not in value:
        raise ValueError("must be {path, content}")
    content = value.get("content", "")
    if not isinstance(content, str):
        return _fail("must have a text as its content")
    return {"path": _path_step(value["path"]), "content": content}


def _path_step(value: Any) -> Any:
    return _text_step(value) if isinstance(value, str) and value else _fail("must name a path")


def _text_step(value: Any) -> Any:
    return value if isinstance(value, str) else _fail("must be a text")


def _seconds_step(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 86400:
        return float(value)
    return _fail("must be seconds from 0 to 86400")


def _code_step(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 255:
        return value
    return _fail("must be an exit status from 0 to 255")


def _crash_step(value: Any) -> Any:
    if value is True:
        return "SIGKILL"
    if isinstance(value, str):
        from signal import Signals

        name = value.upper() if value.upper().startswith("SIG") else f"SIG{value.upper()}"
        return name if name in Signals.__members__ else _fail("must be the name of a signal or an exit status")
    return _code_step(value)


def _spawn_step(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        if value.keys() - {"seconds", "escape"}:
            raise ValueError("must be seconds or {seconds, escape}")
        return {"seconds": _seconds_step(value.get("seconds", 60)), "escape": value.get("escape") is True}
    return {"seconds": 60.0 if value is True else _seconds_step(value), "escape": False}


def _block_step(value: Any) -> Any:
    block = {"text": value} if isinstance(value, str) else value
    if not isinstance(block, dict):
        return _fail("must be {text, kind, options}")
    return exit_record({"status": "blocked", **block})


def _bare_step(value: Any) -> Any:
    return True if value is True or value is None else _fail("takes no value")


_FILE_STEPS: Final = dict.fromkeys(("write", "append", "conflict"), _file_step)
_TEXT_STEPS: Final = dict.fromkeys(("commit", "message", "say", "run"), _text_step)
_BARE_STEPS: Final = dict.fromkeys(("lie", "hang", "silent"), _bare_step)
_STEP_VALUES: Final[dict[str, Any]] = {
    **_FILE_STEPS,
    **_TEXT_STEPS,
    **_BARE_STEPS,
    "delete": _path_step,
    "sleep": _seconds_step,
    "answer": exit_record,
    "block": _block_step,
    "crash": _crash_step,
    "exit": _code_step,
    "spawn": _spawn_step,
}


@cache
def _models() -> _Models:
    from pydantic import BaseModel, ConfigDict, Field

    class Closed(BaseModel):
        model_config = ConfigDict(strict=True, extra="forbid")

    class Open(BaseModel):
        model_config = ConfigDict(strict=True, extra="allow")

    class Check(Closed):
        run: str = Field(min_length=1)
        source: str = "plan"
        confidence: float = Field(1.0, ge=0, le=1)
        line: int | None = Field(None, ge=1)

    class File(Closed):
        path: str = Field(min_length=1)
        role: Literal["create", "modify", "test", "mention"] = "mention"

    class Node(Open):
        id: str = Field(pattern=_ID)
        title: str
        line: int | None = Field(None, ge=1)
        kind: Literal["atomic", "composite"] = "atomic"
        parent: str | None = None
        state: Literal["open", "wip", "done", "declined", "deferred"] = "open"
        role: str = "build"
        worker: str | None = None
        model: str | None = None
        files: list[File] = Field(default_factory=list)
        checks: list[Check] = Field(default_factory=list)
        criteria: list[str] = Field(default_factory=list)
        output: str = ""
        needs: list[str] = Field(default_factory=list)
        instructions: list[str] = Field(default_factory=list)
        estimate: float | None = Field(None, ge=0)
        confidence: float = Field(1.0, ge=0, le=1)
        rule: str = ""
        body: str = ""
        extra: dict[str, Any] = Field(default_factory=dict)

    class Edge(Closed):
        source: str
        target: str
        kind: Literal["written", "phase", "sequence", "inferred"] = "written"
        line: int | None = Field(None, ge=1)
        confidence: float = Field(1.0, ge=0, le=1)

    class Graph(Open):
        version: Literal[1] = 1
        plan: str = ""
        plan_digest: str = ""
        dialect: str = ""
        goal: str = ""
        gate: list[Check] = Field(default_factory=list)
        request: str = ""

    return _Models(Node, Edge, Graph)


def _list(data: dict[str, Any], key: str, name: str) -> list[Any]:
    value = data.get(key)
    if not isinstance(value, list):
        raise GraphError(f"{name}: {key} must be a list, not {_name(value)}")
    return value


def _valid(model: "type[BaseModel]", data: Any, where: str) -> dict[str, Any]:
    from pydantic import ValidationError

    try:
        found = model.model_validate(data)
    except ValidationError as error:
        raise GraphError(f"{where}: {_first_fault(error)}") from None
    value: dict[str, Any] = found.model_dump()
    unknown = found.model_extra or {}
    if unknown and "extra" in value:
        value = {key: item for key, item in value.items() if key not in unknown}
        value["extra"] = {**unknown, **value["extra"]}
    return value


def _first_fault(error: "ValidationError") -> str:
    fault = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in fault["loc"]) or "it"
    return f"{field}: {fault['msg'][:1].lower()}{fault['msg'][1:]} (given: {_short(fault['input'])})"


def _check_ids(nodes: list[dict[str, Any]], edges: list[dict[str, Any]], name: str) -> None:
    seen: dict[str, str] = {}
    for node in nodes:
        own = node["id"]
        if _DEVICE.fullmatch(own):
            raise GraphError(f"{name}: id {own!r} is the name of a device on some systems; choose another")
        if own.lower() in seen:
            raise GraphError(f"{name}: id {own!r} stands twice (ids are the same without regard to case)")
        seen[own.lower()] = own
    known = set(seen.values())
    for node in nodes:
        if node["parent"] is not None and node["parent"] not in known:
            raise GraphError(f"{name}: node {node['id']}: parent {node['parent']!r} is no node")
        for file in node["files"]:
            _check_path(file["path"], f"{name}: node {node['id']}")
    for edge in edges:
        for end in (edge["source"], edge["target"]):
            if end not in known:
                raise GraphError(f"{name}: edge {edge['source']} -> {edge['target']}: {end!r} is no node")


def _check_path(path: str, where: str) -> None:
    if path.startswith(("/", "~")) or "\0" in path or ".." in path.replace("\\", "/").split("/"):
        raise GraphError(f"{where}: files: {path!r} must be a path inside the repository")


def _node_name(node: Any, number: int) -> str:
    known = isinstance(node, dict) and isinstance(node.get("id"), str)
    return f"node {node['id']!r:.70}" if known else f"node number {number}"


def _edge_name(edge: Any, number: int) -> str:
    known = isinstance(edge, dict) and {"source", "target"} <= edge.keys()
    return f"edge {edge['source']!s:.70} -> {edge['target']!s:.70}" if known else f"edge number {number}"


def _name(value: Any) -> str:
    names: dict[type, str] = {
        type(None): "nothing",
        bool: "true or false",
        dict: "an object",
        list: "a list",
        str: "a text",
    }
    return names.get(type(value), "a number")


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."


def _fail(words: str) -> Any:
    raise ValueError(words)
