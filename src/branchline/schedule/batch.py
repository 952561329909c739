"""The batch form: rounds with a barrier, for people and scripts that dispatch by hand (DESIGN, section 8)."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator

from branchline.graph.frontier import Frontier
from branchline.model.moves import SATISFIED
from branchline.schedule.choice import Key, Queue
from branchline.schedule.view import EARLY_ROLES, STARTABLE, Room, View, busy_of, check_strategy, ready_of

DEFAULT_CONCURRENCY = 4
_EARLY = " early"  # no id has a blank in it

Item = tuple[Key, str]


def next_batch(
    view: View, strategy: str = "depth-first", concurrency: int = DEFAULT_CONCURRENCY, fill: bool = False
) -> list[str]:
    """The leaves of the next batch; `view.slots` does not count, `concurrency` less the running ones does.

    Strict: depth-first takes one branch only; breadth-first the first ready leaf of each branch; hybrid research and
    brainstorm, and when there is none one build task of each branch; critical-path the longest paths. `fill` lets idle
    slots take from what would come next. Raises UsageError for an unknown strategy.
    """
    check_strategy(strategy)
    bounded = view._replace(slots=concurrency)
    shelf = _Shelf(bounded, strategy)
    shelf.add_all(leaf for leaf in ready_of(view) if _may_start(view, leaf))
    return shelf.take(Room(bounded, strategy), fill)


def order(
    view: View, strategy: str = "depth-first", concurrency: int = DEFAULT_CONCURRENCY, fill: bool = False
) -> list[list[str]]:
    """All batches to the end, as if each ended well before the next began; running ones end before the first.

    What can never start (its prerequisite is held, failed or blocked) or was not chosen is in no batch. Empty with
    concurrency 0.
    """
    check_strategy(strategy)
    view = view._replace(slots=concurrency, busy=busy_of(view), retry_at={})
    over = {leaf for leaf in view.adjacency.leaves if view.state.get(leaf) in SATISFIED}.union(view.busy or ())
    frontier = Frontier(view.adjacency, over)
    view = view._replace(busy=())
    shelf = _Shelf(view, strategy)
    shelf.add_all(leaf for leaf in frontier.ready() if _may_start(view, leaf))
    batches: list[list[str]] = []
    while batch := shelf.take(Room(view, strategy), fill):
        batches.append(batch)
        for leaf in batch:
            shelf.add_all(each for each in frontier.release(leaf) if _may_start(view, each))
    return batches


def _may_start(view: View, leaf: str) -> bool:
    return view.state.get(leaf, "pending") in STARTABLE and (not view.only or leaf in view.only)


class _Shelf:
    """The ready leaves by branch, each branch in order, and what is left of the round that was begun."""

    def __init__(self, view: View, strategy: str) -> None:
        self._view = view
        self._strategy = strategy
        self._key = Queue(
            view.adjacency, "critical-path" if strategy == "critical-path" else "depth-first", rank=view.rank
        ).key
        self._groups: dict[str, list[Item]] = {}
        self._heads: list[tuple[Item, str]] = []
        self._rest: list[str] = []

    def _group(self, leaf: str) -> str:
        if self._strategy == "critical-path":
            return ""
        if self._strategy == "hybrid" and self._view.role.get(leaf, "build") in EARLY_ROLES:
            return _EARLY
        return self._view.adjacency.branch(leaf)

    def add_all(self, leaves: Iterable[str]) -> None:
        """Put leaves in."""
        for leaf in leaves:
            name = self._group(leaf)
            group = self._groups.setdefault(name, [])
            former = group[0] if group else None
            insort(group, (self._key(leaf), leaf))
            self._move_head(name, former, group)

    def _remove(self, leaf: str) -> None:
        name = self._group(leaf)
        group = self._groups[name]
        former = group[0]
        del group[bisect_left(group, (self._key(leaf), leaf))]
        self._move_head(name, former, group)

    def _move_head(self, name: str, former: Item | None, group: list[Item]) -> None:
        if group and former == group[0]:
            return
        if former is not None:
            del self._heads[bisect_left(self._heads, (former, name))]
        if group:
            insort(self._heads, (group[0], name))

    def take(self, room: Room, fill: bool) -> list[str]:
        """Take one batch out: from the begun round, or else from the next; with `fill` from as many as it needs.

        A round of which nothing fits gives way to the next, so that one task cannot keep all others waiting.
        """
        batch: list[str] = []
        aside: list[str] = []
        while room.free and (fill or not batch):
            if not self._rest and not self._heads:
                break
            building = self._strategy == "hybrid" and self._in_rounds()
            turn = self._rest or self._round()
            seen = self._go_through(turn, room, batch, aside)
            self._rest = turn[seen:] if isinstance(turn, list) and self._in_rounds() else []
            if building and batch:
                break  # every branch builds already: the next round could only be put aside
        self.add_all(aside)
        return batch

    def _go_through(self, turn: Iterable[str], room: Room, batch: list[str], aside: list[str]) -> int:
        """Move leaves of a round into the batch while there are slots, the others aside; returns how many were seen."""
        seen = 0
        for leaf in turn:
            if not room.free:
                break
            seen += 1
            self._remove(leaf)
            if room.obstacle(leaf) is None:
                room.take(leaf)
                batch.append(leaf)
            else:
                aside.append(leaf)
        return seen

    def _in_rounds(self) -> bool:
        """Whether what is left of a round comes first in the next batch."""
        return self._strategy == "breadth-first" or (self._strategy == "hybrid" and not self._groups.get(_EARLY))

    def _round(self) -> list[str] | Iterator[str]:
        """The leaves one round may take, in order, as if there were slots for all of them."""
        if self._in_rounds():
            return [leaf for (_, leaf), _ in self._heads]
        first = _EARLY if self._groups.get(_EARLY) else self._heads[0][1]
        return self._drain(self._groups[first])

    @staticmethod
    def _drain(group: list[Item]) -> Iterator[str]:
        """Give the first leaf of a branch until none is left; who takes one removes it."""
        while group:
            yield group[0][1]
