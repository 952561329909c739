"""What each leaf still waits for while a run goes on: counters over the net of an Adjacency; stdlib only."""

from collections.abc import Iterable

from branchline.graph.adjacency import Adjacency


class Frontier:
    """Counts, for one run, what each leaf still waits for; a whole run costs one visit per edge of the net."""

    __slots__ = ("_adjacency", "_counts", "_satisfied")

    def __init__(self, adjacency: Adjacency, satisfied: Iterable[str] = ()) -> None:
        self._adjacency = adjacency
        self._counts = [len(before) for before in adjacency.predecessors]
        self._satisfied: set[str] = set()
        leaves = len(adjacency.leaves)
        for point in range(leaves, len(self._counts)):
            if not adjacency.predecessors[point]:
                self._count(point, -1, 0)
        for leaf in satisfied:
            self.release(leaf)

    def is_ready(self, leaf: str) -> bool:
        """Whether everything before the leaf is satisfied (I2)."""
        return not self._counts[self._adjacency.place(leaf)]

    def ready(self) -> list[str]:
        """All leaves with nothing before them that is unsatisfied, satisfied ones left out, in natural order."""
        counts = self._counts
        return [
            leaf
            for place, leaf in enumerate(self._adjacency.leaves)
            if not counts[place] and leaf not in self._satisfied
        ]

    def release(self, leaf: str) -> list[str]:
        """Note that `leaf` keeps nobody waiting any more; returns the leaves that got ready by it, in natural order."""
        if leaf in self._satisfied:
            return []
        self._satisfied.add(leaf)
        return self._count(self._adjacency.place(leaf), -1, 0)

    def retract(self, leaf: str) -> list[str]:
        """Take a release back (a task was reopened); returns the leaves that are no longer ready, in natural order."""
        if leaf not in self._satisfied:
            return []
        self._satisfied.remove(leaf)
        return self._count(self._adjacency.place(leaf), 1, 1)

    def _count(self, point: int, by: int, turning: int) -> list[str]:
        """Count on behind a point, past those that come to the turning count; the leaves among them."""
        adjacency, counts, leaves = self._adjacency, self._counts, len(self._adjacency.leaves)
        found: list[int] = []
        stack = [point]
        while stack:
            for target in adjacency.successors[stack.pop()]:
                counts[target] += by
                if counts[target] == turning:
                    (found if target < leaves else stack).append(target)
        return [adjacency.leaves[place] for place in sorted(found)]
