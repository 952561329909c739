"""What networkx and bit sets know of a draft: implied edges, rounds, width, critical path, what is wrong with it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from branchline.errors import GraphError
from branchline.graph.adjacency import Adjacency
from branchline.graph.cycles import topological
from branchline.graph.laws import check_draft
from branchline.graph.store import to_document
from branchline.model.plan import DraftGraph

MAX_REDUCED = 20_000
"""Points of the net up to which implied edges are looked for: the bit sets take points squared / 8 bytes (50 MB)."""


class Shape(NamedTuple):
    """A draft in figures: `rounds` leaves on the longest chain, `width` the most leaves in one round of `rounds_of`.

    `hours` and `critical` belong to the longest path by estimate; leaves without one count 1 hour.
    """

    tasks: int
    leaves: int
    edges: int
    rounds: int
    width: int
    hours: float
    critical: tuple[str, ...]
    implied: tuple[tuple[str, str], ...]


def to_digraph(draft: DraftGraph) -> Any:
    """The draft as a `networkx.DiGraph` with all fields, as `branchline.graph.load` gives it for the stored file."""
    import networkx

    node_link: Any = networkx.node_link_graph
    return node_link(to_document(draft), edges="edges")


def leaf_graph(adjacency: Adjacency) -> Any:
    """The net as a `networkx.DiGraph`: leaves by id, starts and ends of composites as numbers."""
    import networkx

    graph: Any = networkx.DiGraph()
    count = len(adjacency.leaves)
    label = [*adjacency.leaves, *range(count, len(adjacency.successors))]
    graph.add_nodes_from(label)
    for point, targets in enumerate(adjacency.successors):
        graph.add_edges_from((label[point], label[target]) for target in targets)
    return graph


def validate(draft: DraftGraph) -> list[str]:
    """What is wrong with a draft, in words: the first law it breaks; empty when it is sound."""
    try:
        check_draft(draft)
    except GraphError as fault:
        return [fault.message]
    return []


def implied_edges(adjacency: Adjacency) -> list[tuple[str, str]]:
    """The edges that other edges imply: without them the order is the same (transitive reduction, by bit sets).

    Empty, too, for nets of more than MAX_REDUCED points. Raises GraphError when there is a cycle.
    """
    successors = adjacency.successors
    if len(successors) > MAX_REDUCED:
        return []
    order = topological(successors)
    if len(order) < len(successors):
        adjacency.check()
    place = {point: number for number, point in enumerate(order)}
    reach = [0] * len(order)
    found: list[tuple[str, str]] = []
    for point in reversed(order):
        seen = 0
        for target in sorted(successors[point], key=place.__getitem__):
            pair = (adjacency.name(point), adjacency.name(target))
            if seen >> target & 1:
                found.append(pair)
            seen |= reach[target]
        reach[point] = seen | 1 << point
    known = set(adjacency.edges)
    return sorted(pair for pair in found if pair in known)


def rounds_of(adjacency: Adjacency) -> list[list[str]]:
    """The leaves in rounds: each as early as its prerequisites allow, with slots for all; natural order within a round.

    Raises GraphError when there is a cycle.
    """
    order = topological(adjacency.successors)
    if len(order) < len(adjacency.successors):
        adjacency.check()
    count = len(adjacency.leaves)
    level = [0] * len(order)
    for point in order:
        past = level[point] + (point < count)
        for target in adjacency.successors[point]:
            level[target] = max(level[target], past)
    rounds: list[list[str]] = [[] for _ in range(max(level[:count], default=-1) + 1)]
    for place, leaf in enumerate(adjacency.leaves):
        rounds[level[place]].append(leaf)
    return rounds


def shape(draft: DraftGraph, duration: Mapping[str, float] | None = None) -> Shape:
    """The draft in figures; `duration` (hours by leaf) defaults to the estimates. GraphError for a broken law."""
    adjacency = check_draft(draft)
    hours = duration or {task.id: task.estimate for task in draft.tasks if task.estimate}
    rounds = rounds_of(adjacency)
    return Shape(
        tasks=len(adjacency.order),
        leaves=len(adjacency.leaves),
        edges=len(adjacency.edges),
        rounds=len(rounds),
        width=max(map(len, rounds), default=0),
        hours=max(adjacency.rank(hours).values(), default=0.0),
        critical=tuple(adjacency.critical_path(hours)),
        implied=tuple(implied_edges(adjacency)),
    )
