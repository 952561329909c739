"""What the scheduler looks at: one frozen view of graph, states and limits, and the room that is left in it."""

import posixpath
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from branchline.errors import UsageError
from branchline.graph.adjacency import Adjacency
from branchline.graph.frontier import Frontier
from branchline.model.moves import BUSY, SATISFIED, SLOTTED

if TYPE_CHECKING:  # it is only spelled here, and a plan's types take 10 ms to import
    from branchline.model.plan import Task

STRATEGIES: Final = ("depth-first", "breadth-first", "hybrid", "critical-path")
EARLY_ROLES: Final = frozenset({"research", "brainstorm"})
"""Roles that `hybrid` takes first; all others count as build."""
STARTABLE: Final = frozenset({"pending", "ready"})
"""States a task may be started from, once everything before it is done."""


class Purse(Protocol):
    """What a run may still spend, as `budget.Purse` has it, start by start."""

    def obstacle(self, leaf: str) -> str:
        """Why a start does not fit the budget, with its kind first; empty when it does."""

    def take(self, leaf: str) -> None:
        """Set aside what a start takes."""


class View(NamedTuple):
    """All that `choose` and `reasons` are allowed to know; the engine gives `ready` and `busy` so that a turn is cheap.

    `state`: leaf -> TaskState, absent means pending. `slots`: free and used ones together; `limit` names what made them
    so few (slot, memory or lane). `ready`: leaves in state pending or ready with nothing unsatisfied before them (a
    `Queue`, or any order); `busy`: leaves in a BUSY state; both are worked out from `state` when None. `mutex`: keys no
    two busy tasks may share (`mutex_keys`). `needs`: resource names, one unit for each mention, of which `resources`
    says how many there are (1 when it does not). `lane`: leaf -> provider lane, `lanes`: how many may run in it,
    `pauses`: until when, and why, nothing starts in it. `interval`: leaf -> seconds it keeps from `last_start`, the
    last start of a leaf that has one. `limit` may say more after a colon.
    `retry_at` and `now`: seconds since the epoch. `notes`: leaf -> the words of its hold, question, failure or pause,
    `said`: leaf -> in words what a person has said to it that nobody has acted on yet.
    `touch`: leaf -> path -> whether it is likely to change it, for keeping likely conflicts apart.
    `rank`: leaf -> longest remaining path, for critical-path; without it every task counts 1. `due`: what an optimised
    order starts now, None when reality has left it (`Reservations.due`). `purse`: makes what a look may spend, None: any.
    `only`: the leaves that the user chose, empty: all.
    """

    adjacency: Adjacency
    state: Mapping[str, str]
    slots: int
    limit: str = "slot"
    ready: Collection[str] | None = None
    busy: Collection[str] | None = None
    role: Mapping[str, str] = {}
    mutex: Mapping[str, Collection[str]] = {}
    needs: Mapping[str, Collection[str]] = {}
    resources: Mapping[str, int] = {}
    lane: Mapping[str, str] = {}
    lanes: Mapping[str, int] = {}
    pauses: Mapping[str, tuple[float, str]] = {}
    interval: Mapping[str, float] = {}
    last_start: float = 0.0
    retry_at: Mapping[str, float] = {}
    now: float = 0.0
    notes: Mapping[str, str] = {}
    said: Mapping[str, str] = {}
    touch: Mapping[str, Mapping[str, bool]] = {}
    rank: Mapping[str, float] | None = None
    due: Callable[..., list[str] | None] | None = None
    purse: Callable[[], Purse] | None = None
    only: Collection[str] = frozenset()


class Reason(NamedTuple):
    """Why a task waits: `kind` is one of the words of DESIGN section 8 (or `stagger`, `only`, `next`); `words` are for people."""

    kind: str
    words: str


def mutex_keys(task: "Task") -> frozenset[str]:
    """The files a task creates or modifies: two tasks that share one never run at the same time (DESIGN, section 2)."""
    return frozenset(posixpath.normpath(file.path) for file in task.files if file.role in ("create", "modify"))


def check_strategy(strategy: str) -> None:
    """Raise UsageError for a strategy that does not exist."""
    if strategy not in STRATEGIES:
        raise UsageError(f"there is no strategy {strategy!r}; choose one of {', '.join(STRATEGIES)}")


def ready_of(view: View) -> Collection[str]:
    """The leaves that may start as far as dependencies and the user's choice go."""
    if view.only:
        return [leaf for leaf in ready_of(view._replace(only=frozenset())) if leaf in view.only]
    if view.ready is not None:
        return view.ready
    satisfied = (leaf for leaf in view.adjacency.leaves if view.state.get(leaf) in SATISFIED)
    return [
        leaf for leaf in Frontier(view.adjacency, satisfied).ready() if view.state.get(leaf, "pending") in STARTABLE
    ]


def busy_of(view: View) -> Collection[str]:
    """The leaves that have a process of ours, or are about to have one."""
    if view.busy is not None:
        return view.busy
    return [leaf for leaf in view.adjacency.leaves if view.state.get(leaf) in BUSY]


def beyond(view: View, leaf: str) -> str:
    """Why a leaf can never start: it needs more of a resource than there is; empty when it can."""
    for name, units in sorted(Counter(view.needs.get(leaf)).items()):
        there = view.resources.get(name, 1)
        if units > there:
            return f"resource: {name}: needs {units}, there are only {there}: raise [resources]"
    return ""


class Room:
    """What the busy tasks leave over, filled up task by task; every limit of I5 is kept here and nowhere else."""

    def __init__(self, view: View, strategy: str) -> None:
        self.view = view
        self.hybrid = strategy == "hybrid"
        self.used = 0
        self.purse = view.purse() if view.purse else None
        self.last_start = view.last_start
        self.holders: dict[str, str] = {}
        self.resources: defaultdict[str, int] = defaultdict(int)
        self.lanes: defaultdict[str, int] = defaultdict(int)
        self.builders: dict[str, str] = {}
        self.touched: dict[str, bool] = {}
        for leaf in busy_of(view):
            self._count(leaf, view.state.get(leaf, "running") in SLOTTED)

    def take(self, leaf: str) -> None:
        """Count in a leaf that starts now."""
        self._count(leaf, slot=True)
        if self.purse:
            self.purse.take(leaf)
        if self.view.interval.get(leaf):
            self.last_start = self.view.now

    def _count(self, leaf: str, slot: bool) -> None:
        """Count `leaf` in; a merging task holds its files but no slot, lane or resource."""
        view = self.view
        for key in view.mutex.get(leaf, ()):
            self.holders[key] = leaf
        for key, changes in self.view.touch.get(leaf, {}).items():
            self.touched[key] = changes or self.touched.get(key, False)
        if not slot:
            return
        self.used += 1
        for name in view.needs.get(leaf, ()):
            self.resources[name] += 1
        if leaf in view.lane:
            self.lanes[view.lane[leaf]] += 1
        if self.hybrid and view.role.get(leaf, "build") not in EARLY_ROLES:
            self.builders[view.adjacency.branch(leaf)] = leaf

    def meets(self, leaf: str) -> bool:
        """Whether a leaf is likely to change a file that a busy one works with, or the other way round: a likely conflict."""
        wanted = self.view.touch.get(leaf) if self.touched else None
        return any(key in self.touched and (changes or self.touched[key]) for key, changes in (wanted or {}).items())

    @property
    def free(self) -> int:
        """How many slots are left."""
        return max(0, self.view.slots - self.used)

    def obstacle(self, leaf: str) -> Reason | None:
        """What keeps a ready leaf from starting now, slots last; None when nothing does."""
        for hindrance in (self._time, self._mutex, self._resource, self._lane, self._turn, self._budget):
            found = hindrance(leaf)
            if found:
                return found
        return self._stagger(leaf) if self.free else self.full()

    def full(self) -> Reason:
        """The reason of a task for which only a slot is missing."""
        kind, _, more = self.view.limit.partition(": ")
        words = f"{kind}: {self.used} of {max(0, self.view.slots)} used"
        return Reason(kind, f"{words} ({more})" if more else words)

    def _stagger(self, leaf: str) -> Reason | None:
        interval = self.view.interval.get(leaf, 0.0)
        wait = self.last_start + interval - self.view.now
        if not 0 < wait <= interval:  # a last start in the future is a clock that was set back
            return None
        return Reason("stagger", f"stagger: in {wait:.0f} s; one start every {interval:g} s")

    def _time(self, leaf: str) -> Reason | None:
        wait = self.view.retry_at.get(leaf, 0.0) - self.view.now
        return Reason("retry time", f"retry time: in {wait:.0f} s") if wait > 0 else None

    def _mutex(self, leaf: str) -> Reason | None:
        for key in sorted(self.view.mutex.get(leaf, ())):
            holder = self.holders.get(key)
            if holder is not None and holder != leaf:
                return Reason("mutex", f"mutex: {key} with {holder}")
        return None

    def _resource(self, leaf: str) -> Reason | None:
        wanted = self.view.needs.get(leaf)
        if wanted and (never := beyond(self.view, leaf)):
            return Reason("resource", never)
        for name, units in sorted(Counter(wanted).items()) if wanted else ():
            there = self.view.resources.get(name, 1)
            if self.resources[name] + units > there:
                return Reason("resource", f"resource: {name}: {self.resources[name]} of {there} used")
        return None

    def _lane(self, leaf: str) -> Reason | None:
        lane = self.view.lane.get(leaf)
        until, cause = self.view.pauses.get(lane, (0.0, "")) if lane is not None else (0.0, "")
        if until > self.view.now:
            return Reason("lane", f"lane: provider {lane} is paused for {until - self.view.now:.0f} s more: {cause}")
        room = self.view.lanes.get(lane) if lane is not None else None
        if lane is None or room is None or self.lanes[lane] < room:
            return None
        return Reason("lane", f"lane: {lane}: {self.lanes[lane]} of {room} used")

    def _budget(self, leaf: str) -> Reason | None:
        words = self.purse.obstacle(leaf) if self.purse else ""
        return Reason("budget", words) if words else None

    def _turn(self, leaf: str) -> Reason | None:
        if not self.hybrid or self.view.role.get(leaf, "build") in EARLY_ROLES:
            return None
        builder = self.builders.get(self.view.adjacency.branch(leaf))
        if builder is None or builder == leaf:
            return None
        return Reason("slot", f"slot: hybrid builds one task of a branch at a time, now {builder}")
