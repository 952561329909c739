"""How long tasks will take: what is estimated, corrected by what tasks like them really took; how much that leaves; its cost."""

from bisect import insort
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from math import cos, exp, log, pi, sqrt
from typing import Final, NamedTuple

from branchline.graph.adjacency import Adjacency

Dice = Callable[[], float]
"""The next random number in [0, 1)."""

USUAL: Final = 3600.0
"""Seconds that a task takes of which nothing at all is known."""
_WEIGHT: Final = 3.0
"""How many past tasks the median of the wider kind counts for; fewer of a narrow kind than that say little."""
_SPREAD: Final = 0.9
"""Sigma of the logarithms of what tasks take that nobody has estimated."""
_DRAWS: Final = 64
_DRAWN: Final = 300
"""More tasks than this are ranked by what is expected alone: a decision has to be quick."""


class Kind(NamedTuple):
    """What a task is done by; the further left a field, the wider the kind it makes."""

    role: str = ""
    worker: str = ""
    model: str = ""
    effort: str = ""


class Past(NamedTuple):
    """A task that was done: its kind, the seconds it took, those it was estimated at (0: it was not), and USD."""

    kind: Kind
    seconds: float
    estimate: float = 0.0
    cost: float = 0.0


class Times(NamedTuple):
    """When each task of a run was begun that was, and how long each took that is done; in seconds."""

    began: dict[str, float]
    took: dict[str, float]


class Outlook:
    """What the tasks of a run are expected to take: `tasks` has the kind and the estimate in seconds (0: none) of each.

    A task with an estimate takes that times what tasks of its kind took in times of theirs; one without takes what tasks
    of its kind took. Each is a median of logarithms that is drawn towards the median of the wider kind, the fewer there
    are the more: all, by role, by worker, by model, by effort; and what is known of none is the estimate, or USUAL.
    """

    def __init__(
        self,
        tasks: Mapping[str, tuple[Kind, float]],
        past: Iterable[Past] = (),
        dice: Callable[[], Dice] | None = None,
    ) -> None:
        self.unsure: Final = frozenset(task for task, (_, estimate) in tasks.items() if estimate <= 0)
        self._tasks = tasks
        self._dice = dice
        self._spans = _Medians()
        self._ratios = _Medians()
        self._costs = _Medians()
        rows = [row for row in past if row.seconds > 0]
        self._costs.fill((row.kind, row.cost) for row in rows)
        self._spans.fill((row.kind, log(row.seconds)) for row in rows)
        self._ratios.fill((row.kind, log(row.seconds / row.estimate)) for row in rows if row.estimate > 0)

    def learn(self, task: str, seconds: float) -> None:
        """Take in what a task took; one that is not known says nothing of the others."""
        kind, estimate = self._tasks.get(task, (Kind(), 0.0))
        if task in self._tasks and seconds > 0:
            self._spans.add(kind, log(seconds))
            if estimate > 0:
                self._ratios.add(kind, log(seconds / estimate))

    def expected(self) -> dict[str, float]:
        """Task -> the seconds it is expected to take."""
        kinds = {kind for kind, _ in self._tasks.values()}
        ratio = {kind: exp(self._ratios.drawn(kind, 0.0)) for kind in kinds}
        span = {kind: exp(self._spans.drawn(kind, log(USUAL))) for kind in kinds}
        return {
            task: estimate * ratio[kind] if estimate > 0 else span[kind]
            for task, (kind, estimate) in self._tasks.items()
        }

    def cost(self) -> dict[str, float]:
        """Task -> the USD that tasks of its kind have cost, by the median of the narrowest kind of which one was done."""
        found = {kind: self._costs.narrowest(kind) for kind in {kind for kind, _ in self._tasks.values()}}
        return {task: usd for task, (kind, _) in self._tasks.items() if (usd := found[kind]) is not None}

    def rank(self, adjacency: Adjacency) -> dict[str, float]:
        """How much is left from each leaf on, as `remaining`; a leaf of which nothing is expected takes USUAL."""
        known = self.expected()
        every = {leaf: known.get(leaf, USUAL) for leaf in adjacency.leaves}
        return remaining(adjacency, every, self.unsure, self._dice() if self._dice else None)


class _Medians:
    """The values of each kind, as wide as you like, in order."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, ...], list[float]] = {}

    def fill(self, rows: Iterable[tuple[Kind, float]]) -> None:
        for kind, value in rows:
            for width in range(len(kind) + 1):
                self._values.setdefault(kind[:width], []).append(value)
        for values in self._values.values():
            values.sort()

    def add(self, kind: Kind, value: float) -> None:
        for width in range(len(kind) + 1):
            insort(self._values.setdefault(kind[:width], []), value)

    def drawn(self, kind: Kind, value: float) -> float:
        """From what is known of nothing to the narrowest kind of which something is known; the same tasks count once."""
        counted = 0
        for width in range(len(kind) + 1):
            values = self._values.get(kind[:width], ())
            if values and len(values) != counted:
                value = (len(values) * _middle(values) + _WEIGHT * value) / (len(values) + _WEIGHT)
                counted = len(values)
        return value

    def narrowest(self, kind: Kind) -> float | None:
        known = (self._values.get(kind[:width]) for width in range(len(kind), -1, -1))
        return next((_middle(values) for values in known if values), None)


def _middle(values: Sequence[float]) -> float:
    """The median of what is sorted; `statistics` would cost every look at a run 10 ms to import."""
    return (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2


def remaining(
    adjacency: Adjacency, expected: Mapping[str, float], unsure: Collection[str] = (), dice: Dice | None = None
) -> dict[str, float]:
    """Leaf -> the longest path from its start to the end of all, where each leaf takes what is expected (else 1).

    Of `unsure` leaves that is a guess. So it is the mean over draws of what they may take: of many side by side the
    longest counts, and it is longer than each is expected to be. Without `dice`, and for a large graph, nothing is drawn.
    """
    guessed = {leaf: expected.get(leaf, 1.0) for leaf in adjacency.leaves if leaf in unsure}
    if dice is None or not guessed or len(adjacency.leaves) > _DRAWN:
        return adjacency.rank(expected)
    mean = {**expected, **{leaf: span * exp(_SPREAD**2 / 2) for leaf, span in guessed.items()}}
    total = {leaf: mean.get(leaf, 1.0) for leaf in adjacency.leaves}
    standing = _standing(adjacency)
    for _ in range(_DRAWS):
        factor = noisy(dict.fromkeys(standing.values(), 1.0), _SPREAD, dice)
        drawn = {**expected, **{leaf: span * factor[standing[leaf]] for leaf, span in guessed.items()}}
        for leaf, rest in adjacency.rank(drawn).items():  # its own time apart: alike tasks stay in the plan's order
            total[leaf] += (rest - drawn.get(leaf, 1.0)) / _DRAWS
    return total


def _standing(adjacency: Adjacency) -> dict[str, str]:
    """Leaf -> how many come after it and which it is of those after the one before it.

    Leaves that stand alike in different branches are drawn alike, so that branches of one shape stay in the plan's order.
    """
    hops, found = adjacency.rank(), dict[str, str]()
    for place, leaf in enumerate(adjacency.leaves):
        before = adjacency.predecessors[place]
        found[leaf] = f"{hops[leaf]:g} {adjacency.successors[before[0]].index(place) if before else 0}"
    return found


def noisy(duration: Mapping[str, float], sigma: float, dice: Dice) -> dict[str, float]:
    """Durations that differ from what is expected by a factor of log-normal spread `sigma`."""
    return {leaf: span * exp(sigma * _normal(dice)) for leaf, span in duration.items()} if sigma else dict(duration)


def _normal(dice: Dice) -> float:
    return sqrt(-2.0 * log(1.0 - dice())) * cos(2.0 * pi * dice())
