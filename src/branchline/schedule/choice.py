"""Which ready tasks start now: a fixed order per strategy, taken as far as the limits allow."""

from bisect import bisect_left, insort
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from branchline.graph.adjacency import Adjacency
from branchline.schedule.view import EARLY_ROLES, STARTABLE, Room, View, busy_of, check_strategy, ready_of

Key = tuple[float, int]
_PUT_OFF: Final = 100


class Queue(Collection[str]):
    """The ready leaves of a run, kept in the order in which a strategy takes them; the engine adds and removes.

    The order of a leaf never changes (I9): depth-first by its place in the tree; breadth-first by its number in its
    branch, then its place, so that running and finished ones count as turns taken; hybrid research and brainstorm
    before all else; critical-path by rank, longest first.
    """

    def __init__(
        self,
        adjacency: Adjacency,
        strategy: str,
        role: Mapping[str, str] | None = None,
        rank: Mapping[str, float] | None = None,
        leaves: Iterable[str] = (),
    ) -> None:
        check_strategy(strategy)
        self.strategy = strategy
        self._adjacency = adjacency
        self._role = {} if role is None else role  # a mapping that is still empty is filled later
        self._rank = adjacency.rank() if rank is None and strategy == "critical-path" else rank or {}
        self._sorted = sorted((self.key(leaf), leaf) for leaf in leaves)

    def key(self, leaf: str) -> Key:
        """The sort key of a leaf under this strategy; unique, because it ends in the leaf's place."""
        place = self._adjacency.place(leaf)
        if self.strategy == "breadth-first":
            return self._adjacency.turn(leaf), place
        if self.strategy == "hybrid":
            return self._role.get(leaf, "build") not in EARLY_ROLES, place
        if self.strategy == "critical-path":
            return -self._rank.get(leaf, 0.0), place
        return 0, place

    def add(self, leaf: str) -> None:
        """Put a leaf in; one that is in stays in once."""
        if leaf not in self:
            insort(self._sorted, (self.key(leaf), leaf))

    def discard(self, leaf: str) -> None:
        """Take a leaf out, if it is in."""
        if leaf in self:
            del self._sorted[bisect_left(self._sorted, (self.key(leaf), leaf))]

    def __contains__(self, leaf: object) -> bool:
        if not isinstance(leaf, str) or not self._adjacency.is_leaf(leaf):
            return False
        item = (self.key(leaf), leaf)
        at = bisect_left(self._sorted, item)
        return at < len(self._sorted) and self._sorted[at] == item

    def __iter__(self) -> Iterator[str]:
        return (leaf for _, leaf in self._sorted)

    def __len__(self) -> int:
        return len(self._sorted)


def in_turn(view: View, strategy: str) -> Iterable[str]:
    """The ready leaves in the strategy's order; free of charge when they come in a Queue of that strategy."""
    ready = ready_of(view)
    if isinstance(ready, Queue) and ready.strategy == strategy:
        return ready
    return Queue(view.adjacency, strategy, view.role, view.rank, ready)


def apart(room: Room, turn: Iterable[str]) -> Iterator[str]:
    """The turn as long as there are others than likely conflicts with what is in the room, and then those.

    A soft cost, no mutex: no slot stays empty for it. Only so many are put off, for a decision has to be quick.
    """
    put_off: list[str] = []
    for leaf in turn:
        if len(put_off) < _PUT_OFF and room.meets(leaf):
            put_off.append(leaf)
        else:
            yield leaf
    yield from put_off


def choose(view: View, strategy: str = "depth-first") -> list[str]:
    """The leaves to start now, in order.

    They fit the free slots and, with the busy ones, break no mutex, resource or lane (I5).
    Same view, same answer (I9). An optimised order may let tasks wait while others run, and only as long as all it wants
    to start now can start. Raises UsageError for an unknown strategy.
    """
    check_strategy(strategy)
    due = view.due(view) if view.due and strategy == "critical-path" else None
    turn = in_turn(view, strategy)
    if due is None:
        return admit(view, turn, strategy)
    chosen = admit(view, due, strategy)
    if len(chosen) == len(due) and (due or busy_of(view)):
        return chosen
    return admit(view, dict.fromkeys((*due, *turn)), strategy)


def admit(view: View, turn: Iterable[str], strategy: str) -> list[str]:
    """As `choose`, of the leaves of `turn` alone and in their order."""
    room = Room(view, strategy)
    if not room.free:
        return []
    chosen: list[str] = []
    for leaf in apart(room, turn):
        if view.state.get(leaf, "pending") in STARTABLE and room.obstacle(leaf) is None:
            room.take(leaf)
            chosen.append(leaf)
            if not room.free:
                break
    return chosen
