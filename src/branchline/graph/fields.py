"""The fields of a stored graph, checked one by one: what is not as it must be is an error that names task and field."""

import math
from collections.abc import Callable, Iterable, Mapping
from sys import intern
from typing import Any, Final, TypeVar, get_args

from branchline.errors import GraphError
from branchline.model.plan import Check, Edge, EdgeKind, FileRef, FileUse, Finding, Ignored, Kind, Mark, Task

KINDS: Final = frozenset(get_args(Kind))
MARKS: Final = frozenset(get_args(Mark))
EDGE_KINDS: Final = frozenset(get_args(EdgeKind))
USES: Final = frozenset(get_args(FileUse))
BECAME: Final = frozenset({"body", "criterion", "duplicate", "ignored"})
_NODE: Final = frozenset(Task._fields)
_EDGE: Final = frozenset({"source", "target", "kind", "line", "confidence"})
_CHECK: Final = frozenset({"run", "source", "confidence", "line"})
_FILE: Final = frozenset({"path", "role"})

Fields = Mapping[str, Any]
Made = TypeVar("Made")


def task_of(value: Any, number: int = 0) -> Task:
    """The task of one node, the `number`-th of its list; raises GraphError naming the task and the field."""
    node = object_of(value, f"node number {number}")
    task_id = node.get("id")
    if not isinstance(task_id, str) or not task_id:
        raise GraphError(f"node number {number} has no id; ids are texts", field="id")
    what = Subject("task", task_id)
    known_only(node, _NODE, what)
    return Task(**{name: _TASK[name](node, name, what) for name in dict.fromkeys(("title", *node))})


def edge_of(value: Any, number: int = 0) -> Edge:
    """The edge of one link, the `number`-th of its list; raises GraphError naming the edge and the field."""
    edge = object_of(value, f"edge number {number}")
    ends = edge.get("source"), edge.get("target")
    if not isinstance(ends[0], str) or not isinstance(ends[1], str):
        raise GraphError(f"edge number {number} has no source or target; both are ids of tasks", field="source")
    what = Subject("edge", (ends[0], ends[1]))
    known_only(edge, _EDGE, what)
    kind = _choice(edge, "kind", EDGE_KINDS, "written", what)
    return Edge(intern(ends[0]), intern(ends[1]), kind, _line(edge, what), _confidence(edge, what))


def check_of(value: Any, what: "Subject | str") -> Check:
    """The check of one object; raises GraphError naming its owner and the field."""
    check = object_of(value, "a check", what)
    known_only(check, _CHECK, what)
    run = text_of(check, "run", what, needed=True)
    return Check(run, text_of(check, "source", what) or "plan", _confidence(check, what), _line(check, what))


def finding_of(value: Any) -> Finding:
    """The finding of one object; raises GraphError naming the field."""
    what = Subject("findings")
    found = object_of(value, "a finding", what)
    hold = found.get("hold", False)
    if not isinstance(hold, bool):
        raise what.fault("hold", "must be true or false")
    code, message = text_of(found, "code", what), text_of(found, "message", what)
    return Finding(code, message, _line(found, what), _text_or_none(found, "task", what), hold)


def ignored_of(value: Any) -> Ignored:
    """The ignored line of one object; raises GraphError naming the field."""
    what = Subject("ignored")
    each = object_of(value, "an ignored line", what)
    line = _line(each, what)
    if line is None:
        raise what.fault("line", "is missing")
    text, why, section = (text_of(each, name, what) for name in ("text", "why", "section"))
    return Ignored(line, text, why, section, _choice(each, "became", BECAME, "ignored", what))


class Subject:
    """What an error is about: a task, an edge or, without a name, something else; put into words when there is one."""

    __slots__ = ("kind", "name")

    def __init__(self, kind: str, name: str | tuple[str, str] = "") -> None:
        self.kind = kind
        self.name = name

    def __str__(self) -> str:
        name = self.name if isinstance(self.name, str) else " -> ".join(self.name)
        return f"{self.kind} {name}".rstrip()

    def fault(self, field: str, words: str, **more: str) -> GraphError:
        details: dict[str, Any] = {self.kind: self.name} if self.name else {}
        return GraphError(f"{self}: {field} {words}", field=field, **details, **more)


def _named(what: "Subject | str") -> Subject:
    return Subject(what) if isinstance(what, str) else what


def object_of(value: Any, name: str, what: "Subject | str" = "graph") -> dict[str, Any]:
    """The value as an object with text keys; raises GraphError."""
    if not isinstance(value, dict):
        raise _named(what).fault(name, "must be an object")
    return value


def listed(holder: Fields, name: str, what: "Subject | str" = "graph", optional: bool = False) -> list[Any]:
    """The list under `name`; raises GraphError when it is something else, or missing and not `optional`."""
    value = holder.get(name, [] if optional else None)
    if not isinstance(value, list):
        raise _named(what).fault(name, "must be a list")
    return value


def known_only(holder: Fields, known: Iterable[str], what: "Subject | str") -> None:
    """Raise GraphError for a field that nobody knows: a misspelt `checks` must not become a task without checks."""
    if holder.keys() <= known:  # type: ignore[operator]  # every caller passes a frozenset
        return
    from difflib import get_close_matches

    name = min(holder.keys() - known)
    near = get_close_matches(name, known, 1)
    raise _named(what).fault(name, "is an unknown field" + (f"; did you mean {near[0]}?" if near else ""))


def text_of(holder: Fields, name: str, what: "Subject | str", needed: bool = False) -> str:
    """The text under `name`, empty when absent; raises GraphError when it is no text, or empty and `needed`."""
    value = holder.get(name, "")
    if not isinstance(value, str):
        raise _named(what).fault(name, "must be a text")
    if needed and not value:
        raise _named(what).fault(name, "is missing")
    return value


def _text_or_none(holder: Fields, name: str, what: Subject) -> str | None:
    value = holder.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise what.fault(name, "must be a text or null")
    return intern(value)


def _each(holder: Fields, name: str, make: Callable[[Any, Subject], Made], what: Subject) -> tuple[Made, ...]:
    values = listed(holder, name, what, optional=True)
    return tuple([make(value, what) for value in values]) if values else ()


def _texts(holder: Fields, name: str, what: Subject) -> tuple[str, ...]:
    values = listed(holder, name, what, optional=True)
    for value in values:
        if not isinstance(value, str):
            raise what.fault(name, "must be a list of texts")
    return tuple(values)


def _choice(holder: Fields, name: str, allowed: frozenset[Any], default: str, what: Subject) -> Any:
    value = holder.get(name, default)
    if not isinstance(value, str) or value not in allowed:
        raise what.fault(name, f"must be one of {', '.join(sorted(allowed))}", value=str(value)[:100])
    return intern(value)


def _line(holder: Fields, what: "Subject | str") -> int | None:
    value = holder.get("line")
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0):
        return value
    raise _named(what).fault("line", "must be a line number or null")


def _confidence(holder: Fields, what: "Subject | str") -> float:
    value = holder.get("confidence", 1.0)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    raise _named(what).fault("confidence", "must be a number from 0 to 1")


def _estimate(holder: Fields, what: Subject) -> float | None:
    value = holder.get("estimate")
    if value is None:
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0 and math.isfinite(value):
        return float(value)
    raise what.fault("estimate", "must be a number of hours or null")


def file_of(value: Any, what: Subject) -> FileRef:
    """The file of one object; raises GraphError naming its owner and the field."""
    file = object_of(value, "files", what)
    known_only(file, _FILE, what)
    return FileRef(text_of(file, "path", what, needed=True), _choice(file, "role", USES, "mention", what))


_TASK: Final[Mapping[str, Callable[[Fields, str, Subject], Any]]] = {
    "id": lambda node, name, _: intern(node[name]),  # edges and children name it again: one text for all of them
    "title": lambda node, name, what: text_of(node, name, what, needed=True),
    "line": lambda node, _, what: _line(node, what),
    "kind": lambda node, name, what: _choice(node, name, KINDS, "atomic", what),
    "parent": _text_or_none,
    "state": lambda node, name, what: _choice(node, name, MARKS, "open", what),
    "role": lambda node, name, what: intern(text_of(node, name, what) or "build"),
    "worker": _text_or_none,
    "model": _text_or_none,
    "files": lambda node, name, what: _each(node, name, file_of, what),
    "checks": lambda node, name, what: _each(node, name, check_of, what),
    "criteria": _texts,
    "output": text_of,
    "needs": _texts,
    "instructions": _texts,
    "estimate": lambda node, _, what: _estimate(node, what),
    "confidence": lambda node, _, what: _confidence(node, what),
    "rule": lambda node, name, what: intern(text_of(node, name, what)),
    "body": text_of,
    "extra": lambda node, name, what: object_of(node[name], name, what),
}
"""Field of a task -> its value, checked; one that is missing is as `Task` has it."""
