"""Why each task that is not running waits, in words (I8)."""

from collections import Counter
from typing import Final

from branchline.graph.adjacency import Adjacency
from branchline.model.moves import BUSY, FINAL, SATISFIED
from branchline.schedule.choice import in_turn
from branchline.schedule.view import STARTABLE, Reason, Room, View, check_strategy, ready_of

_NAMED: Final = 3
"""How many unmet prerequisites a reason names."""
_STANDING: Final = {
    "blocked": ("question", "a question is open; see the inbox"),
    "held": ("held", "a person has to look at it"),
    "paused": ("lane", "its provider is paused"),
    "retrying": ("retry time", "it will be tried again"),
}
"""State -> kind of reason and the words when no note says more."""


def reasons(view: View, strategy: str = "depth-first") -> dict[str, str]:
    """Leaf -> why it waits, for every leaf that is neither busy nor final; linear in tasks and edges."""
    return {leaf: found.words for leaf, found in explain(view, strategy).items()}


def explain(view: View, strategy: str = "depth-first") -> dict[str, Reason]:
    """Leaf -> Reason, as `reasons` but with the kind apart; a leaf that `choose` takes now has the kind `next`."""
    check_strategy(strategy)
    unmet = _Unmet(view)
    found: dict[str, Reason] = {}
    for leaf in view.adjacency.leaves:
        state = view.state.get(leaf, "pending")
        if state in BUSY or state in FINAL:
            continue
        standing = _standing(view, leaf, state)
        if standing:
            found[leaf] = standing
            continue
        blockers = unmet.of(leaf)
        if blockers:
            found[leaf] = Reason("dependency", f"waits for {_named(view, blockers)}")
    found.update(_queued(view, strategy, found))
    return {leaf: found[leaf] for leaf in view.adjacency.leaves if leaf in found}


def _standing(view: View, leaf: str, state: str) -> Reason | None:
    if state not in _STANDING:
        return None
    kind, words = _STANDING[state]
    note = view.notes.get(leaf, "")
    until = view.retry_at.get(leaf, 0.0) - view.now
    if state in ("retrying", "paused") and until > 0:
        return Reason(kind, f"{kind}: in {until:.0f} s" + (f", {note}" if note else ""))
    return Reason(kind, f"{kind}: {note or words}")


def starved(view: View) -> dict[str, str]:
    """Ready leaves that can never start, for they need more of a resource than there is, with the words for it."""
    found = {leaf: Counter(view.needs[leaf]) for leaf in ready_of(view) if view.needs.get(leaf)}
    return {
        leaf: f"resource: {name}: needs {units}, there are only {view.resources.get(name, 1)}: raise [resources]"
        for leaf, wanted in found.items()
        for name, units in wanted.items()
        if units > view.resources.get(name, 1)
    }


def _named(view: View, blockers: list[str]) -> str:
    told = ", ".join(f"{each} ({view.state.get(each, 'pending')})" for each in blockers[:_NAMED])
    return told + (" and others" if len(blockers) > _NAMED else "")


def _queued(view: View, strategy: str, waiting: dict[str, Reason]) -> dict[str, Reason]:
    """The reasons of ready leaves: what `choose` would find in their way, in the order in which it goes."""
    room = Room(view, strategy)
    found: dict[str, Reason] = {}
    for leaf in in_turn(view._replace(ready=_ready(view, waiting)), strategy):
        if view.stop:
            found[leaf] = Reason(view.stop.partition(":")[0], view.stop)
            continue
        obstacle = room.obstacle(leaf)
        if obstacle is None:
            room.take(leaf)
        found[leaf] = obstacle or Reason("next", "starts next")
    return found


def _ready(view: View, waiting: dict[str, Reason]) -> list[str]:
    return [
        leaf for leaf in view.adjacency.leaves if leaf not in waiting and view.state.get(leaf, "pending") in STARTABLE
    ]


class _Unmet:
    """The unsatisfied leaves before a leaf, up to one more than a reason names; each point of the net is asked once."""

    def __init__(self, view: View) -> None:
        self._state = view.state
        self._adjacency: Adjacency = view.adjacency
        self._known: dict[int, list[int]] = {}

    def of(self, leaf: str) -> list[str]:
        adjacency = self._adjacency
        return [adjacency.leaves[point] for point in sorted(self._before(adjacency.place(leaf)))]

    def _before(self, point: int) -> list[int]:
        """Fill in the composites' points before `point`, deepest first, without recursion."""
        leaves = len(self._adjacency.leaves)
        stack = [point]
        while stack:
            at = stack[-1]
            before = self._adjacency.predecessors[at]
            missing = [each for each in before if each >= leaves and each not in self._known]
            if missing:
                stack.extend(missing)
                continue
            stack.pop()
            self._known[at] = self._gather(before, leaves)
        return self._known[point]

    def _gather(self, before: list[int], leaves: int) -> list[int]:
        found: dict[int, None] = {}
        for each in before:
            if each >= leaves:
                found.update(dict.fromkeys(self._known[each]))
            elif self._state.get(self._adjacency.leaves[each]) not in SATISFIED:
                found[each] = None
            if len(found) > _NAMED:
                break
        return list(found)[: _NAMED + 1]
