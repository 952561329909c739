"""How things stand beside a batch: what is free, whether all is done or nothing can go on, and why the others wait."""

from collections.abc import Collection
from typing import Final, NamedTuple

from branchline.graph.frontier import Frontier
from branchline.model.moves import SATISFIED, SLOTTED
from branchline.schedule import batch
from branchline.schedule.view import STARTABLE, View
from branchline.schedule.words import WAY_OUT, explain

_TURN: Final = {
    "depth-first": "turn: depth-first takes one branch in a batch",
    "breadth-first": "turn: breadth-first takes one task of each branch in a batch",
    "hybrid": "turn: hybrid takes research and brainstorm first, then one build task of each branch in a batch",
    "critical-path": "turn: it comes in a later batch",
}
"""Why a ready task is not in a batch that has room."""


class Next(NamedTuple):
    """The next batch; `state` is ready, waiting, done, deadlock or empty; `asks`: only a person moves it on."""

    batch: list[str]
    free_slots: int
    state: str
    asks: bool = False


def next_step(view: View, strategy: str, concurrency: int, fill: bool = False) -> Next:
    """The next batch, and how things stand: all done and nothing can go on are not the same answer.

    A failed task is stuck, for only a person sends it back. Raises UsageError for an unknown strategy.
    """
    chosen = batch.next_batch(view, strategy, concurrency, fill)
    states = [view.state.get(leaf, "pending") for leaf in view.adjacency.leaves]
    running = sum(state in SLOTTED for state in states)
    free = max(0, concurrency - running)
    if chosen or not states:
        return Next(chosen, free, "ready" if states else "empty")
    if all(state in SATISFIED or state == "cancelled" for state in states):
        return Next([], free, "done")
    done = (leaf for leaf in view.adjacency.leaves if view.state.get(leaf) in SATISFIED)
    clear = {view.state.get(leaf, "pending") for leaf in Frontier(view.adjacency, done).ready()}
    asks = not clear.isdisjoint({"blocked", "held"}) and clear.isdisjoint(STARTABLE)
    return Next([], free, "waiting" if running or asks or not clear.isdisjoint(STARTABLE) else "deadlock", asks)


def waiting(view: View, strategy: str, concurrency: int, chosen: Collection[str]) -> dict[str, str]:
    """Task -> why it is not in the batch `chosen`, for every one that is neither over nor running nor in it."""
    state = {**view.state, **dict.fromkeys(chosen, "dispatching")}
    used = sum(each in SLOTTED for each in state.values())
    slots = (
        concurrency if used >= concurrency else used + len(view.adjacency.leaves)
    )  # a free slot is no reason to wait
    found = explain(view._replace(state=state, slots=slots), strategy)
    said = {leaf: _TURN[strategy] if why.kind == "next" else why.words for leaf, why in found.items()}
    failed = {leaf: f"failed: {WAY_OUT['failed']}" for leaf, each in state.items() if each == "failed"}
    return {leaf: words for leaf in view.adjacency.leaves if (words := said.get(leaf) or failed.get(leaf))}
