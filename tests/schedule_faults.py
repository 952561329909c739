"""An independent judge of schedules, shared by their tests and benchmarks/schedules.py."""

from collections import Counter
from collections.abc import Iterable, Sequence

from branchline.schedule.problem import Problem


def faults(given: Problem, starts: Sequence[float]) -> list[str]:
    """What a schedule breaks, in words; empty for one that keeps every dependency and every resource."""
    found = [
        f"{_name(given, task)} starts before {_name(given, before)} ends"
        for task in given.order
        for before in given.before[task]
        if starts[before] + given.duration[before] > starts[task]
    ]
    used: Counter[str] = Counter()
    for at, _, task in sorted(_steps(given, starts)):
        used.update(given.asked[task]) if at[1] else used.subtract(given.asked[task])
        found += [f"{name} at {at[0]:g}" for name in given.asked[task] if used[name] > given.capacity[name]]
    return found


def _steps(given: Problem, starts: Sequence[float]) -> Iterable[tuple[tuple[float, bool], int, int]]:
    """When each task takes and gives back; what is given back at a moment can be taken at it."""
    for task in range(len(given.names)):
        if given.duration[task]:
            yield (starts[task], True), task, task
            yield (starts[task] + given.duration[task], False), task, task


def _name(given: Problem, task: int) -> str:
    return given.names[task] if task < len(given.names) else "a composite's point"
