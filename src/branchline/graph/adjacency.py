"""The graph as the running engine uses it: leaves, their prerequisites, ready, rank, cycle path; stdlib only.

A composite is never dispatched. An edge into or out of one constrains all its leaves; the product of leaves is never
built: a composite stands in the net as two points, its start (before all its leaves) and its end (after them), made
only where an edge needs them. So everything here is linear in tasks and edges.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, pairwise

from branchline.errors import GraphError
from branchline.graph.cycles import break_cycles
from branchline.model.run import TaskRow

_DIGITS = re.compile(r"([0-9]+)")
_NUMBERED = re.compile(r"[A-Za-z]{0,6}-?[0-9]+(\.[0-9]+)*(~[0-9]+)?")
_NO_POINT = -1

NaturalKey = tuple[tuple[str | int, ...], str]


def natural_key(task_id: str) -> NaturalKey:
    """The sort key of an id in natural order: t1.2 before t1.10, without regard to case; equal only for equal ids."""
    # int() refuses more than 4,300 digits; ids that differ only after 4,000 are told apart by their text.
    words = _DIGITS.split(task_id.lower())
    if len(words) == 3:  # most ids have one number
        return (words[0], int(words[1][:4000]), words[2]), task_id
    pieces: list[str | int] = [*words]
    pieces[1::2] = [int(word[:4000]) for word in words[1::2]]
    return tuple(pieces), task_id


def in_order(siblings: list[str]) -> list[str]:
    """Siblings in the tree's natural order: by natural key when every one carries a number (`T7`, `1.2`, `ABC-12`).

    Otherwise as they are given, which is the order of the document.
    """
    return sorted(siblings, key=natural_key) if all(map(_NUMBERED.fullmatch, siblings)) else siblings


class Adjacency:
    """Tasks, their tree and what has to be done before what, with each leaf a number in the tree's natural order."""

    __slots__ = (
        "_ends",
        "_lineal",
        "_names",
        "_place",
        "_rank",
        "_sorted",
        "_starts",
        "_turn",
        "children",
        "edges",
        "leaves",
        "order",
        "parent",
        "predecessors",
        "successors",
    )

    order: tuple[str, ...]
    """All tasks, depth first."""
    leaves: tuple[str, ...]
    """The tasks that can be dispatched, in the same order."""
    parent: dict[str, str | None]
    children: dict[str, list[str]]
    """Children of each composite in natural order; the roots stand under the empty id."""
    edges: tuple[tuple[str, str], ...]
    successors: list[list[int]]
    """The net: points 0..len(leaves)-1 are the leaves, the others starts and ends of composites."""
    predecessors: list[list[int]]
    _ends: dict[str, int]
    _lineal: tuple[tuple[str, str], ...]
    _names: list[str]
    _place: dict[str, int]
    _rank: dict[str, float] | None
    _sorted: list[int] | None
    _starts: dict[str, int]
    _turn: dict[str, int] | None

    @classmethod
    def build(
        cls,
        nodes: Iterable[tuple[str, str | None, str]],
        edges: Iterable[tuple[str, str]] = (),
        *,
        placed: bool = False,
    ) -> "Adjacency":
        """The adjacency of `nodes` (id, parent, kind) in document order and `edges` (before, after).

        `placed` says that the nodes come in natural order already, as the rows of a run do.
        Raises GraphError for an id given twice, an unknown parent or edge end, and a task that is its own ancestor.
        Edges between a task and itself or its own ancestor order nothing; they are left out, and `check` reports them.
        """
        self = cls()
        kinds: dict[str, str] = {}
        self.parent = {}
        for task_id, parent, kind in nodes:
            if task_id in kinds:
                raise GraphError(f"task {task_id} is given twice; every id must stand once", task=task_id)
            kinds[task_id] = kind
            self.parent[task_id] = parent
        self._grow_tree(placed)
        self.leaves = tuple(
            task_id for task_id in self.order if task_id not in self.children and kinds[task_id] != "composite"
        )
        self._place = {leaf: place for place, leaf in enumerate(self.leaves)}
        self._take_edges(edges)
        self._knit()
        self._rank = self._sorted = self._turn = None
        return self

    def _grow_tree(self, placed: bool) -> None:
        grown: dict[str, list[str]] = {}
        for task_id, parent in self.parent.items():
            if parent is not None and parent not in self.parent:
                raise GraphError(f"task {task_id}: its parent {parent} does not exist", task=task_id, parent=parent)
            grown.setdefault(parent or "", []).append(task_id)
        self.children = grown if placed else {parent: in_order(siblings) for parent, siblings in grown.items()}
        order: list[str] = []
        stack = self.children.get("", [])[::-1]
        while stack:
            task_id = stack.pop()
            order.append(task_id)
            if task_id in self.children:
                stack.extend(reversed(self.children[task_id]))
        if len(order) < len(self.parent):
            lost = min(self.parent.keys() - set(order), key=natural_key)
            raise GraphError(f"task {lost} is its own ancestor; give it another parent", task=lost)
        self.order = tuple(order)

    def _take_edges(self, edges: Iterable[tuple[str, str]]) -> None:
        parent, nested = self.parent, len(self.children) > 1
        kept = dict.fromkeys(edges)
        unknown = set(chain.from_iterable(kept)).difference(parent)
        if unknown:
            edge = next(edge for edge in kept if not unknown.isdisjoint(edge))
            missing = next(filter(unknown.__contains__, edge))
            raise GraphError(f"edge {edge[0]} -> {edge[1]}: there is no task {missing}", edge=edge, task=missing)
        self._lineal = tuple([edge for edge in kept if edge[0] == edge[1] or (nested and self.related(*edge))])
        for edge in self._lineal:
            del kept[edge]
        self.edges = tuple(kept)

    def related(self, one: str, other: str) -> bool:
        """Whether two tasks are the same or one is an ancestor of the other: such two cannot be ordered."""
        if one == other:
            return True
        children = self.children
        return (one in children and one in self.lineage(other)) or (other in children and other in self.lineage(one))

    def lineage(self, task_id: str) -> Iterator[str]:
        """The task itself, its parent, and so on up to the root."""
        at: str | None = task_id
        while at:
            yield at
            at = self.parent[at]

    def _knit(self) -> None:
        """Make the net: a start or end of a composite only where an edge at it or at an ancestor needs it."""
        self._names = list(self.leaves)
        self._starts = dict(self._place)
        self._ends = dict(self._place)
        inner = [task_id for task_id in self.order if task_id not in self._place]
        if inner:
            self._add_points(self._starts, inner, {after for _, after in self.edges})
            self._add_points(self._ends, inner, {before for before, _ in self.edges})
        self.successors = [[] for _ in self._names]
        self.predecessors = [[] for _ in self._names]
        for task_id in self.order if inner else ():
            parent = self.parent[task_id]
            if parent:
                self._join(self._starts[parent], self._starts[task_id])
                self._join(self._ends[task_id], self._ends[parent])
            if task_id not in self._place and task_id not in self.children:
                self._join(self._starts[task_id], self._ends[task_id])
        starts, ends, successors, predecessors = self._starts, self._ends, self.successors, self.predecessors
        for before, after in self.edges:  # every end of an edge has its point
            one, other = ends[before], starts[after]
            successors[one].append(other)
            predecessors[other].append(one)

    def _add_points(self, points: dict[str, int], inner: list[str], wanted: set[str]) -> None:
        for task_id in inner:
            parent = self.parent[task_id]
            childless = task_id not in self.children
            if childless or task_id in wanted or (parent and points[parent] != _NO_POINT):
                points[task_id] = len(self._names)
                self._names.append(task_id)
            else:
                points[task_id] = _NO_POINT

    def _join(self, before: int, after: int) -> None:
        if before != _NO_POINT and after != _NO_POINT:
            self.successors[before].append(after)
            self.predecessors[after].append(before)

    @property
    def before(self) -> Mapping[str, tuple[str, ...]]:
        """Leaf -> the leaves it waits for directly, composites expanded; worked out on request."""
        return _Expanded(self, self.predecessors)

    @property
    def after(self) -> Mapping[str, tuple[str, ...]]:
        """Leaf -> the leaves that wait for it, in the same way."""
        return _Expanded(self, self.successors)

    def place(self, leaf: str) -> int:
        """The leaf's number in natural order, from 0."""
        return self._place[leaf]

    def is_leaf(self, task_id: str) -> bool:
        """Whether the task can be dispatched."""
        return task_id in self._place

    def branch(self, leaf: str) -> str:
        """The leaf's direct parent; all roots together are the branch of the empty id."""
        return self.parent[leaf] or ""

    def turn(self, leaf: str) -> int:
        """The leaf's number among the leaves of its branch, from 0."""
        if self._turn is None:
            counts: dict[str, int] = {}
            turn: dict[str, int] = {}
            for each in self.leaves:
                branch = self.branch(each)
                turn[each] = counts[branch] = counts.get(branch, -1) + 1
            self._turn = turn
        return self._turn[leaf]

    def leaves_under(self, task_id: str) -> list[str]:
        """The leaves of a task's subtree in natural order; a leaf's are itself."""
        found: list[str] = []
        stack = [task_id]
        while stack:
            at = stack.pop()
            if at in self._place:
                found.append(at)
            stack.extend(reversed(self.children.get(at, [])))
        return found

    def break_cycles(
        self, drop: Callable[[list[str], list[tuple[str, str]]], tuple[str, str] | None]
    ) -> list[str] | None:
        """Show each cycle (ids, edges on it) to `drop`, which names the edge to leave out or None to stop there.

        Returns the cycle at which it stopped, else None. The adjacency itself does not change: build it again without
        the dropped edges.
        """
        for before, after in self._lineal:
            circle = [before, after] if before == after else [before, after, before]
            if drop(circle, [(before, after)]) is None:
                return circle
        stopped: list[list[str]] = []
        pairs: set[tuple[str, str]] = set()

        def choose(cycle: list[int]) -> tuple[int, int] | None:
            if not pairs:
                pairs.update(self.edges)
            steps = self._edges_of(cycle, pairs)
            path = self._path_of(cycle)
            edge = drop(path, list(steps))
            if edge is None:
                stopped.append(path)
                return None
            return steps[edge]

        break_cycles(self.successors, choose)
        return stopped[0] if stopped else None

    def _path_of(self, cycle: list[int]) -> list[str]:
        names = [self._names[point] for point in cycle]
        path = [name for place, name in enumerate(names) if name != names[place - 1]] or names[:1]
        return [*path, path[0]]

    def _edges_of(self, cycle: list[int], pairs: set[tuple[str, str]]) -> dict[tuple[str, str], tuple[int, int]]:
        found: dict[tuple[str, str], tuple[int, int]] = {}
        for step in pairwise([*cycle, cycle[0]]):
            edge = (self._names[step[0]], self._names[step[1]])
            if edge in pairs:
                found[edge] = step
        return found

    def check(self, lines: Mapping[tuple[str, str], int | None] | None = None) -> None:
        """Raise GraphError for a cycle, with its path and, where `lines` knows it, the source line of each edge."""
        if not self._lineal and len(self._kahn()) == len(self.successors):
            return
        found: list[tuple[list[str], list[tuple[str, str]]]] = []
        self.break_cycles(lambda path, edges: found.append((path, edges)))
        if found:
            path, edges = found[0]
            raise GraphError(describe_cycle(path, edges, lines or {}), cycle=path, edge=edges[-1])

    def topological(self) -> list[int]:
        """The points of the net, each after all that are before it; raises GraphError when there is a cycle."""
        order = self._kahn()
        if len(order) < len(self.successors):
            self.check()
        return order

    def _kahn(self) -> list[int]:
        if self._sorted is None:
            waiting = list(map(len, self.predecessors))
            order = [point for point, count in enumerate(waiting) if not count]
            for point in order:
                for target in self.successors[point]:
                    waiting[target] -= 1
                    if not waiting[target]:
                        order.append(target)
            self._sorted = order
        return self._sorted

    def rank(self, duration: Mapping[str, float] | None = None) -> dict[str, float]:
        """Leaf -> length of the longest path that begins with it, itself included; a leaf without duration counts 1.

        The upward rank of list scheduling (Topcuoglu, Hariri, Wu 2002). Raises GraphError when there is a cycle.
        """
        if duration is None and self._rank is not None:
            return self._rank
        ranks = self._ranks(duration or {})
        rank = dict(zip(self.leaves, ranks, strict=False))
        if duration is None:
            self._rank = rank
        return rank

    def _ranks(self, duration: Mapping[str, float]) -> list[float]:
        order, leaves = self.topological(), len(self.leaves)
        ranks = [0.0] * len(order)
        for point in reversed(order):
            longest = 0.0
            for target in self.successors[point]:
                if ranks[target] > longest:
                    longest = ranks[target]
            own = duration.get(self._names[point], 1.0) if point < leaves else 0.0
            ranks[point] = own + longest
        return ranks

    def critical_path(self, duration: Mapping[str, float] | None = None) -> list[str]:
        """The leaves of one longest path, in order; among equals the one that comes first in natural order."""
        ranks = self._ranks(duration or {})
        path: list[str] = []
        at: list[int] = list(range(len(self.leaves)))
        while at:
            point = min(at, key=lambda each: (-ranks[each], each))
            if point < len(self.leaves):
                path.append(self._names[point])
            at = self.successors[point]
        return path


def of_rows(rows: Iterable[TaskRow], edges: Iterable[Sequence[str]]) -> Adjacency:
    """The graph of a run, from the rows of its tasks in their order and the edges of its net."""
    nodes = ((row.task, row.parent, row.kind) for row in rows)
    return Adjacency.build(nodes, ((before, after) for before, after in edges), placed=True)


def describe_cycle(path: list[str], edges: list[tuple[str, str]], lines: Mapping[tuple[str, str], int | None]) -> str:
    """The sentence of a GraphError for a cycle: its path, and each edge with its source line."""
    told = [
        f"{before} -> {after}" + (f" (line {lines[before, after]})" if lines.get((before, after)) else "")
        for before, after in edges
    ]
    return f"the tasks wait for each other in a circle: {' -> '.join(path)}; take out one of: {', '.join(told)}"


class _Expanded(Mapping[str, tuple[str, ...]]):
    """Leaf -> its neighbours in one direction with composites expanded, worked out when asked for."""

    __slots__ = ("_adjacency", "_net")

    def __init__(self, adjacency: Adjacency, net: list[list[int]]) -> None:
        self._adjacency = adjacency
        self._net = net

    def __getitem__(self, leaf: str) -> tuple[str, ...]:
        count = len(self._adjacency.leaves)
        found: set[int] = set()
        stack = list(self._net[self._adjacency.place(leaf)])
        seen: set[int] = set()
        while stack:
            point = stack.pop()
            if point < count:
                found.add(point)
            elif point not in seen:
                seen.add(point)
                stack.extend(self._net[point])
        return tuple(self._adjacency.leaves[point] for point in sorted(found))

    def __iter__(self) -> Iterator[str]:
        return iter(self._adjacency.leaves)

    def __len__(self) -> int:
        return len(self._adjacency.leaves)
