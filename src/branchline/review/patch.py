"""A re-plan as a patch: what was added, removed, changed, moved; tasks that are still there keep their ids."""

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from branchline.model.plan import DraftGraph, Task

MAX_LEFT = 200
"""How many tasks that are gone are compared, word by word, with those that are new."""


_MANY = ("files", "checks", "criteria", "output", "needs", "instructions", "body")


class Patch(NamedTuple):
    """What leads from one draft to the next, by the ids that stay; `ids` maps the new draft's own ids to them.

    `graph` is the new draft under those ids: the one to store, show and approve.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    moved: tuple[str, ...]
    ids: Mapping[str, str]
    graph: DraftGraph

    def table(self) -> dict[str, list[str]]:
        """The ids of the tasks that were added, removed, changed and moved."""
        return {name: list(getattr(self, name)) for name in ("added", "removed", "changed", "moved")}


def told(patch: Patch, old: DraftGraph) -> list[str]:
    """Say the patch in lines for a person: a sign (+ - ~ >), the id and the title of each task; none for no change.

    What has changed about a task stands behind its title, but for the title itself.
    """
    before, after = ({task.id: task for task in draft.tasks} for draft in (old, patch.graph))
    edges = _incoming(old), _incoming(patch.graph)
    said = {
        task: "; ".join([*_differences(before[task], after[task]), *_edges(edges[0][task], edges[1][task])])
        for task in patch.changed
    }
    signs = (("+", patch.added), ("-", patch.removed), ("~", patch.changed), (">", patch.moved))
    return [
        f"{sign} {task} {(after.get(task) or before[task]).title}{f' ({said[task]})' if sign == '~' and said[task] else ''}"
        for sign, tasks in signs
        for task in tasks
    ]


def _differences(old: Task, new: Task) -> Iterator[str]:
    was, now = _meaning(old), _meaning(new)
    for name in dict.fromkeys((*now, *was)):
        if name != "title" and was.get(name) != now.get(name):
            yield f"other {name}" if name in _MANY else f"{name} {now.get(name) or 'by its role'}"


def _edges(old: set[str], new: set[str]) -> Iterator[str]:
    yield from (f"after {task}" for task in sorted(new - old))
    yield from (f"no longer after {task}" for task in sorted(old - new))


def edited(old: DraftGraph, new: DraftGraph) -> list[str]:
    """Say what a person changed about a draft, whose ids are those of before, in the lines of `told`."""
    there = {task.id for task in old.tasks}
    same = {task.id: task.id for task in new.tasks}
    return told(_patch(old, new, there & same.keys(), same), old)


def changes(old: DraftGraph, new: DraftGraph, used: Iterable[tuple[str, str]] = ()) -> Patch:
    """Compare two drafts of one plan: a task is the same by its id, then by its title, then by its place.

    An ordinal that only says where a task stands is no id to know it by: there the title comes first, and a task of
    another title at the same place, or with the same parent, is the same only when it shares half of the words. No
    ordinal of `old` or `used` (ids and titles that its runs ever had) is given to another task.
    """
    same = _match(old.tasks, new.tasks)
    ids = _ids(
        new.tasks, same, {task.id.casefold() for task in old.tasks}, {own.casefold(): each for own, each in used}
    )
    graph = _renamed(new, ids)
    return _patch(old, graph, {task.id for task in graph.tasks} & set(same.values()), ids)


def _patch(old: DraftGraph, graph: DraftGraph, kept: set[str], ids: Mapping[str, str]) -> Patch:
    before = {task.id: task for task in old.tasks}
    edges = (_incoming(old), _incoming(graph))
    return Patch(
        added=tuple(task.id for task in graph.tasks if task.id not in kept),
        removed=tuple(task.id for task in old.tasks if task.id not in kept),
        changed=tuple(
            task.id
            for task in graph.tasks
            if task.id in kept
            and (_meaning(task) != _meaning(before[task.id]) or edges[0][task.id] != edges[1][task.id])
        ),
        moved=tuple(_moved(old.tasks, graph.tasks, kept)),
        ids=ids,
        graph=graph,
    )


def _match(old: Sequence[Task], new: Sequence[Task]) -> dict[str, str]:
    """Return for each new id that is still there the old id of the same task."""
    old_places, new_places = _places(old), _places(new)
    by_id = {task.id: task for task in old}
    same: dict[str, str] = {}
    free = dict(by_id)

    def take(fits: Callable[[Task], Task | None]) -> None:
        for task in new:
            if task.id not in same and (found := fits(task)) is not None:
                same[task.id] = found.id
                del free[found.id]

    take(lambda task: free.get(task.id) if task.id != new_places[task.id] else None)
    above = _above(old), _above(new)
    take(lambda task: _if(free.get(task.id), lambda found: above[0][found.id] == above[1][task.id]))
    titles: dict[tuple[str, str | None], deque[Task]] = defaultdict(deque)
    for task in free.values():
        titles[_title(task), task.parent].append(task)
        titles[_title(task), "*"].append(task)
    take(lambda task: _next(titles[_title(task), same.get(task.parent or "", task.parent)], free))
    take(lambda task: _if(free.get(task.id), lambda found: _title(found) == _title(task)))
    take(lambda task: _next(titles[_title(task), "*"], free))
    at = {place: by_id[task_id] for task_id, place in old_places.items()}

    def near(task: Task, found: Task | None) -> Task | None:
        """By its place, and never a task whose number is written: another number is another task."""
        written = task.id != new_places[task.id]
        return _if(found, lambda each: not written and each.id in free and _alike(each, task))

    take(lambda task: near(task, free.get(task.id)))
    take(lambda task: near(task, at.get(new_places[task.id])))
    left = list(free.values())[:MAX_LEFT]
    take(lambda task: next((each for each in left if near(task, each) and each.parent == task.parent), None))
    return same


def _if(found: Task | None, condition: Callable[[Task], bool]) -> Task | None:
    return found if found is not None and condition(found) else None


def _next(queue: deque[Task], free: Mapping[str, Task]) -> Task | None:
    while queue:
        task = queue.popleft()
        if task.id in free:
            return task
    return None


def _title(task: Task) -> str:
    return " ".join(task.title.casefold().split())


def _above(tasks: Sequence[Task]) -> dict[str, tuple[str, str]]:
    """Return for each id its title and that of its parent."""
    titles = {task.id: _title(task) for task in tasks}
    return {task.id: (titles[task.id], titles.get(task.parent or "", "")) for task in tasks}


def _alike(one: Task, other: Task) -> bool:
    first, second = set(_title(one).split()), set(_title(other).split())
    return 2 * len(first & second) >= max(len(first), len(second))


def _places(tasks: Sequence[Task]) -> dict[str, str]:
    """Return for each id the dotted ordinal of its place in the tree."""
    places: dict[str, str] = {}
    counted: dict[str | None, int] = defaultdict(int)
    for task in tasks:
        parent = task.parent if task.parent in places else None
        counted[parent] += 1
        places[task.id] = f"{places[parent]}.{counted[parent]}" if parent is not None else str(counted[parent])
    return places


def _ids(new: Sequence[Task], same: Mapping[str, str], taken: set[str], used: Mapping[str, str]) -> dict[str, str]:
    """Return the id each new task has from now on: its old one, its own, or a fresh one when its own will not do.

    What is `used` may come back, by its title; or written, and then it is the author's word and no ordinal of ours.
    """
    places = _places(new)
    reserved = used.keys() | {task.id.casefold() for task in new if task.id != places[task.id]}
    ids: dict[str, str] = {}
    last: dict[str, int] = defaultdict(int)
    for task in new:
        kept = same.get(task.id, task.id)
        elsewhere = used.get(kept.casefold(), task.title) != task.title or ids.get(task.parent or "") != task.parent
        if task.id not in same and (kept.casefold() in taken or (task.id == places[task.id] and elsewhere)):
            kept = _fresh(ids.get(task.parent or "", ""), taken, reserved, last)
        taken.add(kept.casefold())
        ids[task.id] = kept
    return ids


def _fresh(parent: str, taken: set[str], reserved: set[str], last: dict[str, int]) -> str:
    prefix = f"{parent}." if parent else ""
    while True:
        last[parent] += 1
        made = f"{prefix}{last[parent]}"
        if made.casefold() not in taken and made.casefold() not in reserved:
            return made


def _renamed(draft: DraftGraph, ids: Mapping[str, str]) -> DraftGraph:
    def name(task_id: str | None) -> str | None:
        return None if task_id is None else ids.get(task_id, task_id)

    return draft._replace(
        tasks=tuple(task._replace(id=ids[task.id], parent=name(task.parent)) for task in draft.tasks),
        edges=tuple(
            edge._replace(before=ids.get(edge.before, edge.before), after=ids.get(edge.after, edge.after))
            for edge in draft.edges
        ),
        findings=tuple(finding._replace(task=name(finding.task)) for finding in draft.findings),
    )


def _meaning(task: Task) -> dict[str, object]:
    """Return what a worker and a verdict depend on, by name: not lines, boxes or how sure the reader was."""
    alone = {name: getattr(task, name) for name in ("title", "kind", "role", "worker")} | task.manner
    return alone | {name: getattr(task, name) for name in _MANY} | {"checks": [check.run for check in task.checks]}


def _incoming(draft: DraftGraph) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for edge in draft.edges:
        found[edge.after].add(edge.before)
    return found


def _moved(old: Sequence[Task], new: Sequence[Task], kept: set[str]) -> Iterator[str]:
    """Yield the kept tasks that have another parent, or another place among the siblings that stayed."""
    parents = {task.id: task.parent for task in old}
    places = {task.id: place for place, task in enumerate(old)}
    siblings: dict[str | None, list[str]] = defaultdict(list)
    for task in new:
        if task.id in kept and parents[task.id] == task.parent:
            siblings[task.parent].append(task.id)
    stayed = {task_id for group in siblings.values() for task_id in _rising(group, places)}
    yield from (task.id for task in new if task.id in kept and task.id not in stayed)


def _rising(group: Sequence[str], places: Mapping[str, int]) -> list[str]:
    """Return a longest run of ids whose places rise: the fewest tasks are called moved."""
    tails: list[int] = []
    chain: list[int] = []
    back: dict[int, int] = {}
    for index, task_id in enumerate(group):
        spot = bisect_left(tails, places[task_id])
        if spot:
            back[index] = chain[spot - 1]
        tails[spot : spot + 1] = [places[task_id]]
        chain[spot : spot + 1] = [index]
    found: list[str] = []
    at = chain[-1] if chain else None
    while at is not None:
        found.append(group[at])
        at = back.get(at)
    return found
