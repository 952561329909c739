"""The batch form: rounds with a barrier, for people and scripts that dispatch by hand (DESIGN, section 8)."""

from collections.abc import Collection, Iterable

from branchline.graph.frontier import Frontier
from branchline.model.moves import SATISFIED
from branchline.schedule.choice import in_turn
from branchline.schedule.view import EARLY_ROLES, STARTABLE, Room, View, busy_of, check_strategy, ready_of, unique

DEFAULT_CONCURRENCY = 4


def next_batch(
    view: View, strategy: str = "depth-first", concurrency: int = DEFAULT_CONCURRENCY, fill: bool = False
) -> list[str]:
    """The leaves of the next batch; `view.slots` does not count, `concurrency` less the running ones does.

    Strict: depth-first takes one branch only; breadth-first the first ready leaf of each branch; hybrid research and
    brainstorm, and when there is none one build task of each branch; critical-path the longest paths. `fill` lets idle
    slots take from what would come next.
    """
    check_strategy(strategy)
    bounded = view._replace(slots=concurrency)
    return _cut(bounded, strategy, _round(bounded, strategy), fill)[0]


def order(
    view: View, strategy: str = "depth-first", concurrency: int = DEFAULT_CONCURRENCY, fill: bool = False
) -> list[list[str]]:
    """All batches to the end, as if each ended well before the next began; running ones end before the first.

    What can never start (its prerequisite is held, failed or blocked) is in no batch. Empty with concurrency 0.
    """
    check_strategy(strategy)
    state = dict(view.state)
    for leaf in busy_of(view):
        state[leaf] = "done"
    frontier = Frontier(view.adjacency, (leaf for leaf in view.adjacency.leaves if state.get(leaf) in SATISFIED))
    ready = [leaf for leaf in frontier.ready() if state.get(leaf, "pending") in STARTABLE]
    batches: list[list[str]] = []
    rest: list[str] = []
    while ready:
        now = view._replace(state=state, busy=(), ready=ready, slots=concurrency, retry_at={})
        batch, rest = _cut(now, strategy, rest or _round(now, strategy), fill)
        if not batch:
            break
        batches.append(batch)
        ready = _after(batch, ready, frontier, state)
    return batches


def _after(batch: list[str], ready: Collection[str], frontier: Frontier, state: dict[str, str]) -> list[str]:
    taken = set(batch)
    left = [leaf for leaf in ready if leaf not in taken]
    for leaf in batch:
        state[leaf] = "done"
        left += [each for each in frontier.release(leaf) if state.get(each, "pending") in STARTABLE]
    return left


def _round(view: View, strategy: str) -> list[str]:
    """The leaves one round may take, in order, as if there were slots for all of them."""
    turn = unique(in_turn(view, strategy))
    if strategy == "depth-first":
        first = view.adjacency.branch(turn[0]) if turn else ""
        return [leaf for leaf in turn if view.adjacency.branch(leaf) == first]
    if strategy == "breadth-first":
        return _one_per_branch(view, turn)
    if strategy == "hybrid":
        early = [leaf for leaf in turn if view.role.get(leaf, "build") in EARLY_ROLES]
        return early or _one_per_branch(view, turn)
    return turn


def _one_per_branch(view: View, turn: Iterable[str]) -> list[str]:
    first: dict[str, str] = {}
    for leaf in sorted(turn, key=view.adjacency.place):
        first.setdefault(view.adjacency.branch(leaf), leaf)
    return list(first.values())


def _cut(view: View, strategy: str, first: list[str], fill: bool) -> tuple[list[str], list[str]]:
    """One batch from the round `first`, and what of that round is left for the next batch."""
    room = Room(view, strategy)
    batch: list[str] = []
    rest: list[str] = []
    for leaf in first:
        if not view.stop and view.state.get(leaf, "pending") in STARTABLE and room.obstacle(leaf) is None:
            room.take(leaf)
            batch.append(leaf)
        else:
            rest.append(leaf)
    if fill and batch and room.free and not rest:
        left = [leaf for leaf in ready_of(view) if leaf not in set(batch)]
        more, rest = _fill(view, strategy, left, room)
        batch += more
    return batch, rest


def _fill(view: View, strategy: str, left: list[str], room: Room) -> tuple[list[str], list[str]]:
    more: list[str] = []
    rest: list[str] = []
    while left and room.free:
        turn = _round(view._replace(ready=left), strategy)
        taken = [leaf for leaf in turn if _fits(room, leaf)]
        more += taken
        gone = set(turn)
        left = [leaf for leaf in left if leaf not in gone]
        rest = [leaf for leaf in turn if leaf not in set(taken)]
    return more, rest


def _fits(room: Room, leaf: str) -> bool:
    if room.obstacle(leaf) is not None:
        return False
    room.take(leaf)
    return True
