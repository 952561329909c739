"""Single changes of a draft by ids of tasks, as the keys of the review make them.

Each returns a draft that keeps the laws (`laws.check_draft`), or raises GraphError saying why it cannot be. Ids are
taken without regard to case.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from branchline.errors import GraphError
from branchline.graph.ids import is_legal_id
from branchline.graph.laws import check_draft
from branchline.model.plan import MERGED, Check, DraftGraph, Edge, Task

BY_HAND: Final = "review"
"""The rule of a task, and the source of a check, that a person made in the review."""


def task_named(draft: DraftGraph, name: str) -> Task:
    """The task of that id."""
    found = next((task for task in draft.tasks if task.id.lower() == name.lower()), None)
    if found is None:
        raise GraphError(f"there is no task {name}", task=name)
    return found


def leaf_named(draft: DraftGraph, name: str) -> Task:
    """The atomic task of that id."""
    task = task_named(draft, name)
    if task.kind == "composite":
        raise GraphError(f"{task.id} has subtasks; name one of them", task=task.id)
    return task


def above(draft: DraftGraph, name: str) -> list[str]:
    """The ancestors of a task, its parent first."""
    parents = {task.id: task.parent for task in draft.tasks}
    found: list[str] = []
    place = parents[name]
    while place is not None:
        found.append(place)
        place = parents[place]
    return found


def changed(draft: DraftGraph, name: str, **fields: Any) -> DraftGraph:
    """The draft with these fields of the task, or of every leaf below it when it is composite."""
    wanted = set(_below(draft, task_named(draft, name).id))
    tasks = (t._replace(**fields) if t.id in wanted and t.kind == "atomic" else t for t in draft.tasks)
    return _checked(draft._replace(tasks=tuple(tasks)))


def checked_by(draft: DraftGraph, name: str, command: str) -> DraftGraph:
    """The draft with one more check of the task."""
    task = leaf_named(draft, name)
    return changed(draft, task.id, checks=(*task.checks, Check(command, BY_HAND)))


def drop(draft: DraftGraph, name: str) -> DraftGraph:
    """The draft without the task, all below it, and composites that have nothing left below them.

    What waited for it waits for what it waited for: no order among the others is lost.
    """
    gone = set(_below(draft, task_named(draft, name).id))
    if not any(task.kind == "atomic" and task.id not in gone for task in draft.tasks):
        raise GraphError("nothing would be left; answer n if none of it is wanted")
    gone |= _emptied(draft, gone)
    return _checked(
        draft._replace(
            tasks=tuple(task for task in draft.tasks if task.id not in gone),
            edges=_bridged(draft, gone),
            findings=tuple(each for each in draft.findings if each.task not in gone),
        )
    )


def _below(draft: DraftGraph, top: str) -> list[str]:
    """The task and all below it."""
    children: dict[str | None, list[str]] = {}
    for task in draft.tasks:
        children.setdefault(task.parent, []).append(task.id)
    found = [top]
    for each in found:
        found += children.get(each, ())
    return found


def _emptied(draft: DraftGraph, gone: set[str]) -> set[str]:
    """The composites that have no leaf when these tasks are gone."""
    parent = {task.id: task.parent for task in draft.tasks}
    alive: set[str | None] = {None}
    for task in draft.tasks:
        place = task.id if task.kind == "atomic" and task.id not in gone else None
        while place not in alive:
            alive.add(place)
            place = parent[place or ""]
    return parent.keys() - alive - gone


def _bridged(draft: DraftGraph, gone: set[str]) -> tuple[Edge, ...]:
    """The edges among the tasks that stay, with one from each to each that a path over tasks that are gone joined."""
    atomic = {task.id for task in draft.tasks if task.kind == "atomic"}
    ends = gone & {end for edge in draft.edges for end in (edge.before, edge.after)}
    leaves = {end: [each for each in _below(draft, end) if each in atomic] for end in ends}
    edges: dict[tuple[str, str], Edge] = {}
    for edge in draft.edges:
        for before in leaves.get(edge.before, (edge.before,)):
            for after in leaves.get(edge.after, (edge.after,)):
                edges.setdefault((before, after), edge._replace(before=before, after=after))
    for leaf in sorted({leaf for below in leaves.values() for leaf in below}):
        own = {leaf, *above(draft, leaf)}  # what holds for a composite that stays held for the leaf too
        into = [edge for edge in edges.values() if edge.after in own]
        out = [edge for edge in edges.values() if edge.before in own]
        for edge in (*into, *out):
            if leaf in (edge.before, edge.after):
                del edges[edge.before, edge.after]
        for one in into:
            for two in out:
                said = two.before in above(draft, one.before) or one.after in above(draft, two.after)
                if leaf in (one.after, two.before) and not said:
                    edges.setdefault((one.before, two.after), _joined(one, two))
    return tuple(edges.values())


def _joined(one: Edge, two: Edge) -> Edge:
    """One edge for two, no surer than either."""
    weak = one if one.kind != "written" else two
    return Edge(one.before, two.after, weak.kind, two.line or one.line, min(one.confidence, two.confidence))


def merge(draft: DraftGraph, first: str, second: str) -> DraftGraph:
    """The draft with the second task's work in the first: one worker does both, and whoever waited for either waits."""
    one, two = leaf_named(draft, first), leaf_named(draft, second)
    if one.id == two.id:
        raise GraphError(f"{one.id} is one task already; name two", task=one.id)
    for name in ("role", "state"):
        mine, other = getattr(one, name), getattr(two, name)
        if mine != other:
            words = f"{one.id} has the {name} {mine} and {two.id} {other}; only tasks of one {name} can be merged"
            raise GraphError(words, task=two.id, field=name)
    gone = {two.id} | _emptied(draft, {two.id})
    places = [place for task in (one, *(each for each in draft.tasks if each.id in gone)) for place in task.places]
    both = _both(one, two, {MERGED: [[*place] for place in places]})
    return _checked(
        draft._replace(
            tasks=tuple(both if task is one else task for task in draft.tasks if task.id not in gone),
            edges=_renamed(draft, gone, one, two),
            findings=tuple(
                each._replace(task=one.id) if each.task == two.id else each
                for each in draft.findings
                if each.task == two.id or each.task not in gone
            ),
        )
    )


def _renamed(draft: DraftGraph, gone: set[str], one: Task, two: Task) -> tuple[Edge, ...]:
    """The edges with the first task in place of the second and what is gone with it.

    What held for the composites that the second leaves holds for the first from now on.
    """
    left = {*above(draft, two.id)} - {*above(draft, one.id)} - gone
    edges: dict[tuple[str, str], Edge] = {}
    for edge in sorted(draft.edges, key=lambda edge: edge.kind != "written"):
        before, after = (one.id if end in gone else end for end in (edge.before, edge.after))
        pairs = [(before, after)]
        pairs += [(one.id, after)] if before in left else [(before, one.id)] if after in left else []
        for pair in pairs:
            for ends in _inside(draft, one.id, *pair, gone):
                edges.setdefault(ends, edge._replace(before=ends[0], after=ends[1]))
    return tuple(edges.values())


def _inside(draft: DraftGraph, own: str, before: str, after: str, gone: set[str]) -> list[tuple[str, str]]:
    """The edges that stand for one: a task and a composite it stands in are ordered as it and all others in there."""
    chain = [own, *above(draft, own)]
    if before not in chain or after not in chain:
        return [(before, after)]
    inside = chain[1 : max(chain.index(before), chain.index(after)) + 1]
    others = [task.id for task in draft.tasks if task.parent in inside and task.id not in {*chain, *gone}]
    return [(own, each) if before == own else (each, own) for each in others]


def _both(one: Task, two: Task, merged: Mapping[str, Any]) -> Task:
    files = sorted((*two.files, *one.files), key=lambda file: file.role != "mention")
    known = {check.run for check in one.checks}
    hours = [each for each in (one.estimate, two.estimate) if each is not None]
    return one._replace(
        title=f"{one.title}; {two.title}",
        worker=one.worker or two.worker,
        model=one.model or two.model,
        files=tuple({file.path: file for file in files}.values()),
        checks=(*one.checks, *(check for check in two.checks if check.run not in known)),
        criteria=_union(one.criteria, two.criteria),
        output="; ".join(filter(None, (one.output, two.output))),
        needs=_union(one.needs, two.needs),
        instructions=_union(one.instructions, two.instructions),
        estimate=sum(hours) if hours else None,
        confidence=min(one.confidence, two.confidence),
        body="\n\n".join(filter(None, (one.body, two.body))),
        extra={**two.extra, **one.extra, **merged},
    )


def _union(one: Sequence[str], two: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one, *two)))


def implied(draft: DraftGraph, name: str) -> list[str]:
    """What the task waits for by the form of the plan only, or as a planner thought: what `cut` can cut."""
    task = task_named(draft, name)
    return [edge.before for edge in draft.edges if edge.after == task.id and edge.kind != "written"]


def cut(draft: DraftGraph, before: str, after: str) -> DraftGraph:
    """The draft without the implied edge between two tasks; a written one is the author's word."""
    pair = task_named(draft, before).id, task_named(draft, after).id
    edge = next((edge for edge in draft.edges if (edge.before, edge.after) == pair), None)
    if edge is None:
        raise GraphError(f"{pair[1]} does not wait for {pair[0]} by an edge of its own", edge=pair)
    if edge.kind == "written":
        where = f", line {edge.line}" if edge.line else ""
        raise GraphError(f"{pair[1]} after {pair[0]} is written in the plan{where}; `edit` can take it out", edge=pair)
    return draft._replace(edges=tuple(each for each in draft.edges if each is not edge))


def order(draft: DraftGraph, before: str, after: str) -> DraftGraph:
    """The draft with an edge more."""
    edge = Edge(task_named(draft, before).id, task_named(draft, after).id, "written")
    return _checked(draft._replace(edges=(*draft.edges, edge)))


def put_below(draft: DraftGraph, name: str, children: Sequence[Task], edges: Iterable[Edge]) -> DraftGraph:
    """The draft with these children, and edges among them, below the task that had none."""
    task = leaf_named(draft, name)
    new = {task.id: (task._replace(kind="composite"), *(each._replace(parent=task.id) for each in children))}
    tasks = tuple(each for old in draft.tasks for each in new.get(old.id, (old,)))
    return _checked(draft._replace(tasks=tasks, edges=(*draft.edges, *edges)))


def free_ids(tasks: Iterable[Task], parent: str, count: int) -> list[str]:
    """The next free dotted ordinals below a task; GraphError when they are too long to be ids."""
    taken = {task.id.lower() for task in tasks}
    numbers = (f"{parent}.{number}" for number in range(1, count + len(taken) + 1))
    found = [own for own in numbers if own.lower() not in taken][:count]
    if not all(map(is_legal_id, found)):
        raise GraphError(f"{parent} stays as it is: subtasks of it would have ids that are too long", task=parent)
    return found


def _checked(draft: DraftGraph) -> DraftGraph:
    check_draft(draft)
    return draft
