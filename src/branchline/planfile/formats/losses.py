"""What a format could not hold: the graph that was written against the one that its text gives when it is read again."""

from collections.abc import Iterable
from typing import Any, Final

from branchline.model.plan import DraftGraph, Task
from branchline.terminal.text import some

_FIELDS: Final = (
    "title", "parent", "state", "role", "worker", "model", "files", "checks", "criteria", "output", "needs",
    "instructions", "estimate", "confidence", "body", "extra",
)  # fmt: skip
_SHOWN: Final = 8


def losses(before: DraftGraph, after: DraftGraph, name: str) -> list[str]:
    """One sentence for each kind of difference; empty when the text of the format `name` says all that the graph does.

    Lines, rules and where a check was found are not compared: they belong to the text that a graph was read from.
    """
    old, new = ({task.id: task for task in graph.tasks} for graph in (before, after))
    said = [
        *_some(f"{name} lost tasks", sorted(old.keys() - new.keys())),
        *_some(f"{name} made tasks that were not there", sorted(new.keys() - old.keys())),
    ]
    both = [(old[key], new[key]) for key in old if key in new]
    for field in _FIELDS:
        differ = [a.id for a, b in both if not _same(field, a, b)]
        said += _some(f"{name} cannot say the {field} of", differ)
    was, now = ({(e.before, e.after): e.kind for e in graph.edges} for graph in (before, after))
    said += _some(f"{name} lost the edges", [" -> ".join(pair) for pair in was if pair not in now])
    said += _some(f"{name} made edges that were not there:", [" -> ".join(pair) for pair in now if pair not in was])
    said += _some(
        f"{name} cannot say the kind of the edges", [" -> ".join(p) for p in was if now.get(p, was[p]) != was[p]]
    )
    held = [{each.task or "" for each in graph.findings if each.hold} for graph in (before, after)]
    said += _some(f"{name} cannot hold back, as the graph does,", sorted(held[0] - held[1]))
    said += [f"{name} cannot say the goal of the plan"] if before.goal.split() != after.goal.split() else []
    gates = ([check.run for check in graph.gate] for graph in (before, after))
    said += [f"{name} cannot say the quality gate of the plan"] if next(gates) != next(gates) else []
    return said


def _same(field: str, before: Task, after: Task) -> bool:
    old, new = _value(before, field), _value(after, field)
    if field == "extra":
        return all(key in new and bool(new[key] == value) for key, value in old.items())
    if field == "estimate":
        return bool(abs((old or 0.0) - (new or 0.0)) < 0.01)
    return bool(old == new)


def _value(task: Task, field: str) -> Any:
    value = getattr(task, field)
    return [check.run for check in value] if field == "checks" else value


def _some(words: str, names: Iterable[str]) -> list[str]:
    listed = list(names)
    return [f"{words} {some(listed, _SHOWN)}"] if listed else []
