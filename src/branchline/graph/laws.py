"""The laws a stored or edited graph keeps: legal ids, one tree not too deep, edges among known tasks, no circle."""

from collections import Counter

from branchline.errors import GraphError
from branchline.graph.adjacency import Adjacency
from branchline.graph.ids import LEGAL_ID, is_legal_id
from branchline.model.plan import MAX_DEPTH, DraftGraph


def check_draft(draft: DraftGraph) -> Adjacency:
    """Raise GraphError for the first law that the draft breaks; the adjacency of the draft otherwise."""
    _check_ids(draft)
    lines = {edge[:2]: edge.line for edge in draft.edges}
    if len(lines) < len(draft.edges):
        counted = Counter((edge.before, edge.after) for edge in draft.edges)
        twice = next(pair for pair, times in counted.items() if times > 1)
        raise GraphError(f"edge {twice[0]} -> {twice[1]} stands twice; once is enough", edge=twice)
    adjacency = Adjacency.build(((task.id, task.parent, task.kind) for task in draft.tasks), lines)
    _check_tree(draft, adjacency)
    adjacency.check(lines)
    return adjacency


def _check_ids(draft: DraftGraph) -> None:
    seen: dict[str, str] = {}
    ids = [task.id for task in draft.tasks]
    if all(map(is_legal_id, ids)) and len({each.lower() for each in ids}) == len(ids):
        return
    for task in draft.tasks:
        if not is_legal_id(task.id):
            raise GraphError(f"task {task.id!r}: is no legal id: {LEGAL_ID}", task=task.id, field="id")
        former = seen.get(task.id.lower())
        if former is not None:
            words = "stands twice" if former == task.id else f"differs from {former} in case only"
            raise GraphError(f"the id {task.id} {words}; every id must stand once", task=task.id, field="id")
        seen[task.id.lower()] = task.id


def _check_tree(draft: DraftGraph, adjacency: Adjacency) -> None:
    for task in draft.tasks:
        children = adjacency.children.get(task.id)
        if (task.kind == "composite") != bool(children):
            words = f"is atomic and has the child {children[0]}" if children else "is composite and has no children"
            raise GraphError(f"task {task.id} {words}; change its kind or its children", task=task.id, field="kind")
        if task.parent and sum(1 for _ in adjacency.lineage(task.id)) > MAX_DEPTH + 1:
            words = f"is nested deeper than {MAX_DEPTH}; give it a higher parent"
            raise GraphError(f"task {task.id} {words}", task=task.id, field="parent")
