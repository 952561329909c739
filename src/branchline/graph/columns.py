"""The tasks and edges of a stored graph, all at once: whether anything is amiss is seen column by column.

There may be hundreds of thousands, and nearly always nothing is; what is amiss, `fields` then says one by one.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain
from math import inf
from operator import itemgetter
from sys import intern
from typing import Any, Final

from branchline.graph.fields import EDGE_KINDS, KINDS, MARKS, Subject, check_of, edge_of, file_of, task_of
from branchline.model.plan import Edge, Task

Column = Sequence[Any]

_NODE: Final = Task._fields
_EDGE: Final = ("source", "target", "kind", "line", "confidence")


def tasks_of(nodes: Sequence[Any]) -> Iterable[Task]:
    """The tasks of a list of nodes; raises GraphError naming the task and the field."""
    columns = _columns(nodes, _NODE)
    if not columns or not all(law(columns[name]) for name, law in _LAWS.items()):
        return (task_of(node, number) for number, node in enumerate(nodes, 1))
    makers: dict[str, Callable[[Any, Subject], Any]] = {"files": file_of, "checks": check_of}
    for name in ("id", "kind", "state", "rule", "parent", "worker", "model"):
        columns[name] = [each and intern(each) for each in columns[name]]  # one text for all that name it
    columns["role"] = [intern(role or "build") for role in columns["role"]]
    for name in ("criteria", "needs", "instructions"):
        columns[name] = list(map(tuple, columns[name]))
    for name, make in makers.items():
        owned = zip(columns["id"], columns[name], strict=True)
        columns[name] = [
            tuple([make(each, Subject("task", task)) for each in found]) if found else () for task, found in owned
        ]
    # as Task._make and Edge._make do it, at a fifth of the price
    return map(partial(tuple.__new__, Task), zip(*columns.values(), strict=True))


def edges_of(links: Sequence[Any]) -> Iterable[Edge]:
    """The edges of a list of links; raises GraphError naming the edge and the field."""
    columns = _columns(links, _EDGE)
    if not columns or not all(law(columns[name]) for name, law in _EDGE_LAWS.items()):
        return (edge_of(link, number) for number, link in enumerate(links, 1))
    befores, afters, kinds, *rest = columns.values()
    one = {kind: kind for kind in EDGE_KINDS}  # one text for each kind, as for each id
    rows = zip(map(intern, befores), map(intern, afters), map(one.__getitem__, kinds), *rest, strict=True)
    return map(partial(tuple.__new__, Edge), rows)


def _columns(rows: Sequence[Any], names: Sequence[str]) -> dict[str, Column]:
    """Name -> the values of all rows; nothing when there are no rows, or one of them has other fields."""
    try:
        if set(map(len, rows)) == {len(names)}:
            return dict(zip(names, zip(*map(itemgetter(*names), rows), strict=True), strict=True))
    except (KeyError, TypeError):
        return {}
    return {}


def _only(*types: type) -> Callable[[Column], bool]:
    known = frozenset(types)
    return lambda column: known.issuperset(map(type, column))


def _among(words: frozenset[Any]) -> Callable[[Column], bool]:
    return lambda column: _text(column) and words.issuperset(column)


_text: Final = _only(str)
_texts_or_none: Final = _only(str, type(None))
_lists: Final = _only(list)


def _filled(column: Column) -> bool:
    return _text(column) and all(column)


def _lists_of_texts(column: Column) -> bool:
    return _lists(column) and _text(list(chain.from_iterable(column)))


def _lines(column: Column) -> bool:
    return _only(int, type(None))(column) and all(line is None or line > 0 for line in column)


def _hours(column: Column) -> bool:
    return _only(float, type(None))(column) and all(each is None or 0 <= each < inf for each in column)


def _shares(column: Column) -> bool:
    return _only(float)(column) and all(0 <= each <= 1 for each in set(column))


_EDGE_LAWS: Final[dict[str, Callable[[Column], bool]]] = {
    "source": _text,
    "target": _text,
    "kind": _among(EDGE_KINDS),
    "line": _lines,
    "confidence": _shares,
}
_LAWS: Final[dict[str, Callable[[Column], bool]]] = {
    "id": _filled,
    "title": _filled,
    "kind": _among(KINDS),
    "parent": _texts_or_none,
    "line": _lines,
    "state": _among(MARKS),
    "role": _text,
    "worker": _texts_or_none,
    "model": _texts_or_none,
    "files": _lists,
    "checks": _lists,
    "criteria": _lists_of_texts,
    "output": _text,
    "needs": _lists_of_texts,
    "instructions": _lists_of_texts,
    "estimate": _hours,
    "confidence": _shares,
    "rule": _text,
    "body": _text,
    "extra": _only(dict),
}
"""What the usual column is like; each is at least as strict as `task_of` and `edge_of` are."""
