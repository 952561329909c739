"""Plan to DraftGraph: what a plan got wrong becomes a finding, so that everything else can go on."""

from collections.abc import Iterable
from itertools import pairwise

from branchline.errors import GraphError, PlanError
from branchline.graph.adjacency import Adjacency, describe_cycle
from branchline.graph.ids import is_legal_id
from branchline.model.plan import MAX_DEPTH, DraftGraph, Edge, Finding, Plan, Task

MAX_TASKS = 150_000
"""The most tasks a plan may hold (DESIGN, section 13)."""

Pair = tuple[str, str]


def from_plan(plan: Plan) -> DraftGraph:
    """The draft graph of a plan, in document order.

    A doubled id, an unknown reference, an edge between a task and its own ancestor, a circle with an edge in it that is
    implied or told in prose, and nesting below depth 3 are mended and reported as findings (DESIGN, section 4 and
    FORMATS of the field). Raises GraphError for a circle of plainly written edges between tasks that are to do, with
    its path and lines, and PlanError for too many tasks.
    """
    if len(plan.tasks) > MAX_TASKS:
        raise PlanError(f"{plan.path}: {len(plan.tasks)} tasks; at most {MAX_TASKS} are read: split the plan")
    findings: list[Finding] = list(plan.findings)
    tasks, doubled, renamed = _single(plan.tasks, findings)
    tasks = _rooted(tasks, findings)
    tasks, moved = _folded(tasks, findings)
    tasks = _kinds(tasks)
    edges = _known(plan.edges, {task.id for task in tasks}, renamed | moved, doubled, findings)
    edges = _ordered(tasks, edges, findings)
    return DraftGraph(
        plan=plan.path,
        plan_digest=plan.digest,
        dialect=plan.dialect,
        goal=plan.goal,
        tasks=tuple(tasks),
        edges=tuple(edges),
        gate=plan.gate,
        request=plan.request,
        findings=tuple(findings),
        ignored=plan.ignored,
        boxes=plan.boxes,
    )


def adjacency(draft: DraftGraph) -> Adjacency:
    """The adjacency of a draft; raises GraphError as `Adjacency.build` does."""
    return _adjacency(draft.tasks, draft.edges)


def _adjacency(tasks: Iterable[Task], edges: Iterable[Edge]) -> Adjacency:
    return Adjacency.build(
        ((task.id, task.parent, task.kind) for task in tasks), ((edge.before, edge.after) for edge in edges)
    )


def _single(tasks: Iterable[Task], findings: list[Finding]) -> tuple[list[Task], set[str], dict[str, str]]:
    """Suffix an id that stands twice and replace one that is not legal; also returns the doubled ids and the new names.

    A child belongs to the last task of that id before it.
    """
    taken: dict[str, int] = {}
    latest: dict[str, str] = {}
    doubled: set[str] = set()
    renamed: dict[str, str] = {}
    kept: list[Task] = []
    for number, task in enumerate(tasks, 1):
        wanted = task.id if is_legal_id(task.id) else renamed.setdefault(task.id, f"x{number}")
        own, extra = _free(wanted, taken), task.extra
        if wanted != task.id:
            words = f"the id {task.id!r} cannot name files and refs; the task is {own}"
            findings.append(Finding("illegal-id", words, task.line, own))
            extra = {**task.extra, "id": task.id}
        elif own != task.id:
            doubled.add(task.id.lower())
            words = f"the id {task.id} stands twice; this one is {own}, and tasks that refer to {task.id} are held"
            findings.append(Finding("duplicate-id", words, task.line, own))
        parent = latest.get(task.parent, task.parent) if task.parent else None
        latest[task.id] = own
        kept.append(
            task if own == task.id and parent == task.parent else task._replace(id=own, parent=parent, extra=extra)
        )
    return kept, doubled, renamed


def _free(task_id: str, taken: dict[str, int]) -> str:
    """The id itself, or with the next free suffix; `taken` holds the ids in lower case and their next suffix."""
    base = task_id.partition("~")[0] if task_id.lower() in taken else task_id
    own = base
    while own.lower() in taken:
        number = taken[base.lower()] = taken.get(base.lower(), 1) + 1
        own = f"{base}~{number}"
    taken[own.lower()] = 1
    return own


def _rooted(tasks: list[Task], findings: list[Finding]) -> list[Task]:
    """Make a root of a task whose parent does not exist or lies below it."""
    parents = {task.id: task.parent for task in tasks}
    good: set[str] = set()
    for task in tasks:
        path: dict[str, None] = {}
        at: str | None = task.id
        while at and at not in good:
            path[at] = None
            parent = parents[at]
            if parent is not None and (parent not in parents or parent in path):
                fault = "lies below it" if parent in parents else "does not exist"
                words = f"the parent {parent} of task {at} {fault}; {at} stands at the root"
                findings.append(Finding("unknown-parent", words, task.line, at))
                parent = parents[at] = None
            at = parent
        good.update(path)
    return [task if parents[task.id] == task.parent else task._replace(parent=parents[task.id]) for task in tasks]


def _folded(tasks: list[Task], findings: list[Finding]) -> tuple[list[Task], dict[str, str]]:
    """Fold tasks deeper than three into the description of their ancestor there; returns where each folded one went."""
    parents = {task.id: task.parent for task in tasks}
    depths: dict[str, int] = {}
    for task in tasks:
        _depth(task.id, parents, depths)
    moved = {task.id: _ancestor(task.id, parents, depths) for task in tasks if depths[task.id] > MAX_DEPTH}
    if not moved:
        return tasks, {}
    folded: dict[str, list[Task]] = {}
    for task in tasks:
        if task.id in moved:
            folded.setdefault(moved[task.id], []).append(task)
            words = (
                f"task {task.id} is nested deeper than {MAX_DEPTH}; it is part of the description of {moved[task.id]}"
            )
            findings.append(Finding("too-deep", words, task.line, moved[task.id]))
    return [_with_folded(task, folded.get(task.id, [])) for task in tasks if task.id not in moved], moved


def _depth(task_id: str, parents: dict[str, str | None], depths: dict[str, int]) -> None:
    path: list[str] = []
    at: str | None = task_id
    while at is not None and at not in depths:
        path.append(at)
        at = parents[at]
    depth = depths[at] if at is not None else -1
    for each in reversed(path):
        depth += 1
        depths[each] = depth


def _ancestor(task_id: str, parents: dict[str, str | None], depths: dict[str, int]) -> str:
    at = task_id
    while depths[at] > MAX_DEPTH:
        at = parents[at] or at
    return at


def _with_folded(task: Task, folded: list[Task]) -> Task:
    if not folded:
        return task
    lines = [line for each in folded for line in (f"- {each.title}", each.body) if line]
    return task._replace(
        body="\n".join([task.body, *lines] if task.body else lines),
        files=tuple(dict.fromkeys((*task.files, *(file for each in folded for file in each.files)))),
        checks=tuple(dict.fromkeys((*task.checks, *(check for each in folded for check in each.checks)))),
        criteria=tuple(dict.fromkeys((*task.criteria, *(line for each in folded for line in each.criteria)))),
        needs=tuple(dict.fromkeys((*task.needs, *(need for each in folded for need in each.needs)))),
    )


def _kinds(tasks: list[Task]) -> list[Task]:
    """A task is composite through its children and in no other way."""
    with_children = {task.parent for task in tasks if task.parent}
    return [
        task
        if (task.kind == "composite") == (task.id in with_children)
        else task._replace(kind="composite" if task.id in with_children else "atomic")
        for task in tasks
    ]


def _known(
    edges: Iterable[Edge], ids: set[str], moved: dict[str, str], doubled: set[str], findings: list[Finding]
) -> list[Edge]:
    """The edges among known tasks, one for each pair, the strongest; who refers to an unknown or doubled id is held."""
    kept: dict[Pair, Edge] = {}
    target = {each.lower(): each for each in ids} | moved
    for edge in edges:
        before, after = (target.get(end) or target.get(end.lower(), end) for end in (edge.before, edge.after))
        if before == after and edge.before != edge.after:
            continue
        edge = edge if (before, after) == (edge.before, edge.after) else edge._replace(before=before, after=after)
        unknown = [end for end in (edge.before, edge.after) if end not in ids]
        if unknown:
            known = next((end for end in (edge.after, edge.before) if end in ids), None)
            words = f"{known or edge.after} refers to {' and '.join(unknown)}, which does not exist"
            findings.append(Finding("unknown-reference", words, edge.line, known, hold=known is not None))
            continue
        if edge.kind == "written":
            _hold_doubled(edge, doubled, findings)
        pair = (edge.before, edge.after)
        if pair not in kept or _strength(edge) > _strength(kept[pair]):
            kept[pair] = edge
    return list(kept.values())


def _hold_doubled(edge: Edge, doubled: set[str], findings: list[Finding]) -> None:
    for end, other in ((edge.before, edge.after), (edge.after, edge.before)):
        if end.lower() in doubled:
            words = f"{other} refers to {end}, an id that stands twice; say which one is meant"
            findings.append(Finding("ambiguous-reference", words, edge.line, other, hold=True))


def _strength(edge: Edge) -> tuple[bool, float, bool]:
    return edge.kind == "written", edge.confidence, edge.kind == "phase"


def _ordered(tasks: list[Task], edges: list[Edge], findings: list[Finding]) -> list[Edge]:
    """Leave out the weakest edge of every circle, and edges between a task and its own ancestor.

    An implied edge is weaker than one that prose tells, and that one than a field or a column; of those only the ones
    between two tasks that are done can go, for they order nothing any more.
    """
    by_pair = {(edge.before, edge.after): edge for edge in edges}
    done = {task.id for task in tasks if task.state == "done"}
    dropped: set[Pair] = set()

    def drop(path: list[str], pairs: list[Pair]) -> Pair | None:
        found = [by_pair[pair] for pair in pairs]
        lineal = path[:1] == path[1:2] or len(pairs) == 1
        weakest = found[0] if lineal else _weakest(found) or _served(found, done)
        if weakest is None:
            return None
        dropped.add((weakest.before, weakest.after))
        findings.append(_dropped(weakest, path, lineal))
        return weakest.before, weakest.after

    circle = _adjacency(tasks, edges).break_cycles(drop)
    if circle:
        raise _written_circle(circle, by_pair)
    return [edge for edge in edges if (edge.before, edge.after) not in dropped]


def _weakest(edges: list[Edge]) -> Edge | None:
    """The weakest edge of a circle, unless all were said plainly; of equals the one right after a written edge.

    The task of that written edge said otherwise.
    """
    unsure = [place for place, edge in enumerate(edges) if edge.kind != "written" or edge.confidence < 1]
    if not unsure:
        return None
    lowest = min(_strength(edges[place]) for place in unsure)
    equals = [place for place in unsure if _strength(edges[place]) == lowest]
    return edges[next((place for place in equals if edges[place - 1].kind == "written"), equals[-1])]


def _served(edges: list[Edge], done: set[str]) -> Edge | None:
    return next((edge for edge in edges if edge.before in done and edge.after in done), None)


def _dropped(edge: Edge, path: list[str], lineal: bool) -> Finding:
    if lineal:
        words = f"{edge.before} -> {edge.after} orders a task against itself or its own ancestor; it is left out"
        return Finding("self-dependency", words, edge.line, edge.after)
    words = f"the order {' -> '.join(path)} is a circle; its {edge.kind} edge {edge.before} -> {edge.after} is left out"
    return Finding("cycle", words, edge.line, edge.after)


def _written_circle(path: list[str], edges: dict[Pair, Edge]) -> GraphError:
    steps: list[Pair] = [(a, b) for a, b in pairwise(path) if (a, b) in edges]
    lines = {pair: edges[pair].line for pair in steps}
    return GraphError(describe_cycle(path, steps, lines), cycle=path, lines=[lines[pair] for pair in steps])
