"""What mends a finding of `lint`, or splits a task, by rules and without a model: one change of the draft each."""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from branchline.decompose.children import phases
from branchline.decompose.classify import classify, split
from branchline.decompose.enumeration import Part
from branchline.decompose.lint import lint, overlaps
from branchline.errors import GraphError
from branchline.graph import change
from branchline.graph.build import adjacency
from branchline.model.plan import DraftGraph, Edge, Task

SPLITS: Final = ("many-files", "too-long", "several")
"""Codes of findings that go when the task is split."""


class Mend(NamedTuple):
    """What a person is asked first, nothing where that is empty, and what makes of a draft, a task's id and the answer."""

    question: str
    act: Callable[[DraftGraph, str, str], DraftGraph]


def by_rules(draft: DraftGraph, name: str) -> DraftGraph:
    """The draft with a task split: into what its title enumerates, or into phases where it is too much for one worker.

    Raises GraphError where rules know no parts.
    """
    task = change.leaf_named(draft, name)
    kind = classify(task.title)
    if kind.kind == "composite":
        parts = split(task.title)
        ids = change.free_ids(draft.tasks, task.id, len(parts))
        children = [_child(task, own, part, parts, kind.confidence) for own, part in zip(ids, parts, strict=True)]
        edges = [
            Edge(ids[before], own, "inferred", task.line, kind.confidence)
            for own, part in zip(ids, parts, strict=True)
            for before in part.after
        ]
        return change.put_below(draft, task.id, children, edges)
    if any(each.task == task.id and each.code in SPLITS for each in lint(draft)):
        made = phases(task, change.free_ids(draft.tasks, task.id, 3))
        return change.put_below(draft, task.id, [t._replace(rule=change.BY_HAND) for t in made.tasks], made.edges)
    raise GraphError(f"{task.id} names no parts by itself ({kind.reasoning}); `edit` can write them", task=task.id)


def _child(task: Task, own: str, part: Part, parts: tuple[Part, ...], sure: float) -> Task:
    """One part as a task: its files are those it names and those that no part names."""
    named = {f.path for f in task.files for each in parts if _names(each.title, f.path)}
    files = tuple(f for f in task.files if f.path not in named or _names(part.title, f.path))
    return task._replace(
        id=own,
        title=part.title,
        files=files,
        checks=(),
        criteria=(),
        output="",
        estimate=None,
        confidence=min(task.confidence, sure),
        rule=change.BY_HAND,
        extra={},
    )


def _names(title: str, path: str) -> bool:
    return re.search(rf"(?<![\w./-]){re.escape(path)}(?![\w/-])", title) is not None


def _ordered(draft: DraftGraph, name: str, _: str) -> DraftGraph:
    """The draft with the task behind those that change one of its files with no order between them."""
    for other in dict.fromkeys(one.id for one, two, _ in overlaps(draft, adjacency(draft)) if two.id == name):
        draft = change.order(draft, other, name)
    return draft


def _told(word: str) -> Callable[[DraftGraph, str, str], DraftGraph]:
    """What gives a task a criterion that says what was missing; the approval binds it as it binds all criteria."""

    def told(draft: DraftGraph, name: str, text: str) -> DraftGraph:
        criteria = change.leaf_named(draft, name).criteria
        return change.changed(draft, name, criteria=(*criteria, f"{word}: {text}"))

    return told


MENDS: Final = {
    "no-check": Mend("Which command shows that it is done? ", change.checked_by),
    "vague-title": Mend(
        "What will be there when it is done? ", lambda draft, name, text: change.changed(draft, name, title=text)
    ),
    "needs-decision": Mend("What was decided? ", _told("Decided")),
    "needs-credential": Mend("Which variable that its worker's `pass_env` names holds it? ", _told("Credential")),
    "exploration": Mend("", lambda draft, name, _: change.changed(draft, name, role="research")),
    "overlapping-files": Mend("", _ordered),
}
"""Code -> what mends it; those of SPLITS are mended by a split, be it by rules or by a model."""
