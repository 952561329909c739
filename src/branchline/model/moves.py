"""The states of runs, tasks and attempts, and the one table of legal moves (DESIGN, section 5)."""

from typing import Final, Literal

from branchline.errors import IllegalMoveError

TaskState = Literal[
    "pending",
    "ready",
    "dispatching",
    "running",
    "claimed",
    "checking",
    "merging",
    "done",
    "blocked",
    "retrying",
    "paused",
    "held",
    "failed",
    "cancelled",
    "skipped",
]
AttemptState = Literal["intended", "started", "ended"]
RunState = Literal["running", "waiting", "paused", "failed", "done", "cancelled"]
SessionStatus = Literal["scheduled", "running", "done", "unknown"]
ClaimStatus = Literal[
    "done", "blocked", "partial", "failed", "no_output", "timeout", "cancelled", "rate_limited", "permission"
]
Purpose = Literal["setup", "work", "check", "merge"]
Level = Literal["checked", "gated", "unchecked"]

LEVELS: Final[tuple[Level, ...]] = ("unchecked", "gated", "checked")
"""Evidence levels, weakest first."""

_ANY_STOP: Final = frozenset({"cancelled", "skipped"})

TASK_MOVES: Final[dict[str, frozenset[str]]] = {
    "pending": frozenset({"ready", "held"}) | _ANY_STOP,
    "ready": frozenset({"dispatching", "pending", "held", "paused"}) | _ANY_STOP,
    "dispatching": frozenset({"running", "retrying", "failed", "held", "paused", "cancelled"}),
    "running": frozenset({"claimed"}),
    "claimed": frozenset({"checking", "merging", "blocked", "retrying", "paused", "held", "failed", "cancelled"}),
    "checking": frozenset({"merging", "retrying", "held", "failed", "cancelled"}),
    "merging": frozenset({"done", "blocked", "retrying", "held", "failed", "cancelled"}),
    "done": frozenset({"ready", "pending"}),
    "blocked": frozenset({"ready", "pending"}) | _ANY_STOP,
    "retrying": frozenset({"ready", "pending", "held"}) | _ANY_STOP,
    "paused": frozenset({"ready", "pending"}) | _ANY_STOP,
    "held": frozenset({"pending", "ready", "merging"}) | _ANY_STOP,
    "failed": frozenset({"pending", "ready"}) | _ANY_STOP,
    "cancelled": frozenset({"pending", "ready", "skipped"}),
    "skipped": frozenset({"pending", "ready"}),
}
ATTEMPT_MOVES: Final[dict[str, frozenset[str]]] = {
    "intended": frozenset({"started", "ended"}),
    "started": frozenset({"ended"}),
    "ended": frozenset(),
}
RUN_MOVES: Final[dict[str, frozenset[str]]] = {
    "running": frozenset({"waiting", "paused", "failed", "done", "cancelled"}),
    "waiting": frozenset({"running", "cancelled"}),
    "paused": frozenset({"running", "cancelled"}),
    "failed": frozenset({"running", "cancelled"}),
    "done": frozenset({"running"}),
    "cancelled": frozenset({"running"}),
}

BUSY: Final = frozenset({"dispatching", "running", "claimed", "checking", "merging"})
"""Task states in which a process of ours may be alive or about to be."""
SLOTTED: Final = frozenset({"dispatching", "running", "claimed", "checking"})
"""Task states that use up a slot; merges have a train of their own."""
SATISFIED: Final = frozenset({"done", "skipped"})
"""Task states that no longer keep dependants waiting; `skipped` only ever comes from a person."""
FINAL: Final = frozenset({"done", "failed", "cancelled", "skipped"})
"""Task states that only a person, or a failed recheck of `done`, can leave (I7)."""
COURSE: Final = ("ready", "dispatching", "intended", "started", "running", "claimed", "checking")
"""Kinds of events on the way of an attempt that tell nothing of what comes of it, or only what its end told before."""


def check_move(table: dict[str, frozenset[str]], source: str, target: str, what: str) -> None:
    """Let a legal move pass; raises IllegalMoveError naming `what` for any other."""
    if target not in table[source]:
        raise IllegalMoveError(f"{what}: {source} -> {target} is not in the table of legal moves")
