"""Why each task that is not running waits, in words (I8)."""

from typing import Final

from branchline.graph.adjacency import Adjacency
from branchline.model.moves import BUSY, FINAL, SATISFIED
from branchline.schedule.choice import apart, in_turn
from branchline.schedule.view import STARTABLE, Reason, Room, View, beyond, check_strategy, ready_of

_NAMED: Final = 3
"""How many unmet prerequisites a reason names."""
_STANDING: Final = {
    "blocked": ("question", "a question is open; see the inbox"),
    "held": ("held", "a person has to look at it"),
    "paused": ("lane", "its provider is paused"),
    "retrying": ("retry time", "it will be tried again"),
}
"""State -> kind of reason and the words when no note says more."""
_UNCHOSEN: Final = Reason("only", "not chosen by --only or --phase; `branchline execute` without them takes it")
WAY_OUT: Final = {
    "failed": "retry or skip it",
    "cancelled": "retry or skip it",
    "blocked": "answer it",
    "held": "accept or retry it",
}
"""State of a prerequisite that nothing but a person moves on -> what the person can do."""


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
            found[leaf] = Reason(
                "dependency", f"waits for {_named(view, blockers)}{_behind(view, unmet, leaf, blockers)}"
            )
    found.update(_queued(view, strategy, found))
    return {leaf: found[leaf] for leaf in view.adjacency.leaves if leaf in found}


def _standing(view: View, leaf: str, state: str) -> Reason | None:
    if state not in _STANDING:
        return None
    kind, words = _STANDING[state]
    note = view.notes.get(leaf, "")
    if state == "paused" and note.startswith("budget: "):
        return Reason("budget", (view.purse().obstacle(leaf) if view.purse else "") or note)
    until = view.retry_at.get(leaf, 0.0) - view.now
    if state in ("retrying", "paused") and until > 0:
        return Reason(kind, f"{kind}: in {until:.0f} s" + (f", {note}" if note else ""))
    return Reason(kind, f"{kind}: {note or words}")


def starved(view: View) -> dict[str, str]:
    """Ready leaves that can never start, for they need more of a resource than there is, with the words for it."""
    return {leaf: words for leaf in ready_of(view) if view.needs.get(leaf) and (words := beyond(view, leaf))}


def _named(view: View, blockers: list[str]) -> str:
    told = ", ".join(f"{each} ({_standing_of(view, each)})" for each in blockers[:_NAMED])
    return told + (" and others" if len(blockers) > _NAMED else "")


def _standing_of(view: View, leaf: str) -> str:
    state = view.state.get(leaf, "pending")
    more = view.said.get(leaf) or WAY_OUT.get(state)
    return f"{state}: {more}" if more else state


def _behind(view: View, unmet: "_Unmet", leaf: str, blockers: list[str]) -> str:
    """What keeps the chain before a leaf, when no name in its reason says so."""
    root = unmet.root(leaf)
    return f", behind {root} ({_standing_of(view, root)})" if root and root not in blockers[:_NAMED] else ""


def root_of(view: View, leaf: str) -> str:
    """The task before `leaf`, however far, that waits for a person; "" when there is none."""
    return _Unmet(view).root(leaf)


def _queued(view: View, strategy: str, waiting: dict[str, Reason]) -> dict[str, Reason]:
    """The reasons of ready leaves: what `choose` would find in their way, in the order in which it goes."""
    room = Room(view, strategy)
    ready = _ready(view, waiting)
    found = {leaf: _UNCHOSEN for leaf in ready if view.only and leaf not in view.only}
    for leaf in apart(room, in_turn(view._replace(ready=ready), strategy)):
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
        self._unmet: dict[str, list[str]] = {}
        self._roots: dict[str, str] = {}
        self._stuck = any(state in WAY_OUT for state in view.state.values())

    def of(self, leaf: str) -> list[str]:
        if leaf not in self._unmet:
            adjacency = self._adjacency
            self._unmet[leaf] = [adjacency.leaves[point] for point in sorted(self._before(adjacency.place(leaf)))]
        return self._unmet[leaf]

    def root(self, leaf: str) -> str:
        """The first task before a leaf, along any chain of unsatisfied ones, that only a person moves on."""
        stack, opened = [leaf] if self._stuck else [], set()
        while stack:
            at = stack[-1]
            state = "pending" if at == leaf else self._state.get(at, "pending")
            if at in self._roots or state in WAY_OUT:
                self._roots.setdefault(at, at)
            elif state in STARTABLE:
                before = self.of(at)
                missing = [each for each in before if each not in self._roots] if at not in opened else []
                opened.add(at)
                if missing:
                    stack.extend(missing)
                    continue
                self._roots[at] = next(filter(None, (self._roots.get(each, "") for each in before)), "")
            else:
                self._roots[at] = ""
            stack.pop()
        return self._roots.get(leaf, "")

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
