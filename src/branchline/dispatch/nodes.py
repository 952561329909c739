"""The tasks of a run as its graph describes them, each read from the store when it is asked for.

A graph of 100,000 tasks in memory, for the few that are at work, would be the largest part of the coordinator.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from branchline.graph import store as graphs
from branchline.graph.adjacency import Adjacency
from branchline.model.plan import Task
from branchline.prompts import Family, Named
from branchline.store import Store

KEPT = 256
"""How many tasks are kept: more than are at work at once."""
KEPT_FAMILIES = 16
AHEAD = 16
"""How many tasks are read at once: one that is asked for, and those behind it in the tree, which are mostly next."""


class Tasks(Mapping[str, Task]):
    """The tasks of a run's graph by id."""

    def __init__(self, store: Store, run: str, adjacency: Adjacency) -> None:
        self._store = store
        self._run = run
        self._adjacency = adjacency
        self._ahead: dict[str, str] = {}
        self._kept = lru_cache(KEPT)(self.read)

    def read(self, task: str) -> Task:
        """Read a task; raises KeyError for one that the graph does not have."""
        if task not in self._ahead:
            leaves = self._adjacency.leaves
            at = self._adjacency.place(task) if self._adjacency.is_leaf(task) else len(leaves)
            self._ahead = self._store.nodes(self._run, (task, *leaves[at + 1 : at + AHEAD]))
        return graphs.node(self._ahead.pop(task))

    def __getitem__(self, task: str) -> Task:
        return self._kept(task)

    def __iter__(self) -> Iterator[str]:
        return iter(self._adjacency.order)

    def __len__(self) -> int:
        return len(self._adjacency.order)


class Children(Mapping[str, Sequence[Named]]):
    """The children of each composite of a run's graph, in document order."""

    def __init__(self, tasks: Tasks, adjacency: Adjacency) -> None:
        self._tasks = tasks
        self._children = {parent: each for parent, each in adjacency.children.items() if parent}
        self._kept = lru_cache(KEPT_FAMILIES)(self._named)

    def _named(self, parent: str) -> list[Named]:
        found = map(self._tasks.read, self._children[parent])
        return [(task.id, task.title) for task in sorted(found, key=lambda task: task.line or 0)]

    def __getitem__(self, parent: str) -> Sequence[Named]:
        return self._kept(parent)

    def __iter__(self) -> Iterator[str]:
        return iter(self._children)

    def __len__(self) -> int:
        return len(self._children)


def family(store: Store, run: str, adjacency: Adjacency) -> Family:
    """What prompts need of a run's graph, at the price of those tasks alone that are asked for."""
    tasks = Tasks(store, run, adjacency)
    return Family(tasks, Children(tasks, adjacency))
