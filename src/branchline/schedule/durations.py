"""How long tasks will take: what is estimated, corrected by what tasks like them really took."""

from collections.abc import Iterable, Mapping, Sequence
from math import exp, log
from typing import Final, NamedTuple

USUAL: Final = 3600.0
"""Seconds that a task takes of which nothing at all is known."""
_WEIGHT: Final = 3.0
"""How many past tasks the median of the wider kind counts for; fewer of a narrow kind than that say little."""


class Kind(NamedTuple):
    """What a task is done by; the further left a field, the wider the kind it makes."""

    role: str = ""
    worker: str = ""
    model: str = ""
    effort: str = ""


class Past(NamedTuple):
    """A task that was done: its kind, the seconds it took, and those it was estimated at (0: it was not)."""

    kind: Kind
    seconds: float
    estimate: float = 0.0


def expected(tasks: Mapping[str, tuple[Kind, float]], past: Iterable[Past] = ()) -> dict[str, float]:
    """Task -> the seconds it is expected to take, of its kind and its estimate in seconds (0: none).

    A task with an estimate takes that times what tasks of its kind took in times of theirs; one without takes what tasks
    of its kind took. Each is a median of logarithms that is drawn towards the median of the wider kind, the fewer there
    are the more: all, by role, by worker, by model, by effort; and what is known of none is the estimate, or USUAL.
    """
    rows = [row for row in past if row.seconds > 0]
    spans = _medians([(row.kind, log(row.seconds)) for row in rows])
    ratios = _medians([(row.kind, log(row.seconds / row.estimate)) for row in rows if row.estimate > 0])
    return {
        task: estimate * exp(_drawn(ratios, kind, 0.0)) if estimate > 0 else exp(_drawn(spans, kind, log(USUAL)))
        for task, (kind, estimate) in tasks.items()
    }


def _medians(rows: Sequence[tuple[Kind, float]]) -> dict[tuple[str, ...], tuple[float, int]]:
    """Kind, as wide as you like -> the median and how many there were."""
    groups: dict[tuple[str, ...], list[float]] = {}
    for kind, value in rows:
        for width in range(len(kind) + 1):
            groups.setdefault(kind[:width], []).append(value)
    return {kind: (_middle(sorted(values)), len(values)) for kind, values in groups.items()}


def _middle(values: Sequence[float]) -> float:
    """The median of what is sorted; `statistics` would cost every look at a run 10 ms to import."""
    return (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2


def _drawn(medians: Mapping[tuple[str, ...], tuple[float, int]], kind: Kind, value: float) -> float:
    """From what is known of nothing to the narrowest kind of which something is known; the same tasks count once."""
    counted = 0
    for width in range(len(kind) + 1):
        middle, count = medians.get(kind[:width], (0.0, counted))
        if count != counted:
            value = (count * middle + _WEIGHT * value) / (count + _WEIGHT)
        counted = count
    return value
