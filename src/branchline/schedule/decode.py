"""From an order of tasks to a schedule: the active one, in which a task may wait on purpose, and the greedy one."""

from bisect import bisect_right, insort
from collections.abc import Sequence
from heapq import heappop, heappush
from typing import NamedTuple

from branchline.schedule.problem import Problem


class Profile(NamedTuple):
    """What is free when: `free[k]` from `times[k]` to `times[k + 1]`, the last one for ever."""

    times: list[float]
    free: list[int]

    def earliest(self, at: float, span: float, need: int, guard: int) -> float:
        """Take `need` for `span` at the first moment from `at` on where it fits; returns that moment."""
        times, free = self
        first = bisect_right(times, at) - 1
        last, end, points = first, at + span, len(times)
        while True:
            if (free[last] - need) & guard != guard:
                last += 1
                first, at = last, times[last]
                end = at + span
            else:
                last += 1
                if last == points or times[last] >= end:
                    break
        if times[first] != at:
            first += 1
            last += 1
            times.insert(first, at)
            free.insert(first, free[first - 1])
        if last == len(times) or times[last] != end:
            times.insert(last, end)
            free.insert(last, free[last - 1])
        for place in range(first, last):
            free[place] -= need
        return at


def serial(given: Problem, order: Sequence[int], *, back: bool = False) -> tuple[list[float], list[float]]:
    """Starts and ends when each task in turn starts as early as it can: serial schedule generation (Kolisch 1996).

    `order` has every task after those before it; with `back` time runs backwards, and after those after it.
    """
    before, duration, demand, guard = given.after if back else given.before, given.duration, given.demand, given.guard
    starts, ends = [0.0] * len(duration), [0.0] * len(duration)
    profile = Profile([0.0], [given.full])
    earliest = profile.earliest
    for task in order:
        at = 0.0
        for each in before[task]:
            if ends[each] > at:
                at = ends[each]
        span = duration[task]
        if span and demand[task]:
            at = earliest(at, span, demand[task], guard)
        starts[task] = at
        ends[task] = at + span
    return starts, ends


def greedy(given: Problem, priority: Sequence[float]) -> tuple[list[float], list[float]]:
    """Starts and ends when at each moment whatever fits is started, smallest `priority` first: no task waits on purpose."""
    missing = [len(each) for each in given.before]
    ready = sorted((priority[task], task) for task, count in enumerate(missing) if not count)
    running: list[tuple[float, int]] = []
    starts, ends = [0.0] * len(missing), [0.0] * len(missing)
    free, now = given.full, 0.0
    while ready or running:
        place = 0
        while place < len(ready):
            task = ready[place][1]
            if not given.fits(free, task):
                place += 1
                continue
            del ready[place]
            starts[task], ends[task] = now, now + given.duration[task]
            free -= given.demand[task] if given.duration[task] else 0
            heappush(running, (ends[task], task))
            if not given.duration[task]:
                break  # what it lets go may come first
        now = running[0][0]
        while running and running[0][0] == now:
            task = heappop(running)[1]
            free += given.demand[task] if given.duration[task] else 0
            for each in given.after[task]:
                missing[each] -= 1
                if not missing[each]:
                    insort(ready, (priority[each], each))
    return starts, ends
