"""An optimised order, kept while the run goes its own way: searched anew from where the run stands at each decision.

A short schedule with several resources lets a task wait on purpose, which no greedy list does. So what starts now is
what the best schedule of all that is left, with what runs and what is expected of it, starts now.
"""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from branchline.model.moves import SATISFIED
from branchline.schedule.decode import greedy
from branchline.schedule.problem import Problem, lengths
from branchline.schedule.search import Dice, Start, search
from branchline.schedule.view import STARTABLE, View, busy_of, ready_of

MOST: Final = 300
"""More leaves than this are taken greedily: a decision has to be quick."""
PLACEMENTS: Final = 800_000
"""Tasks that one second of search places, about."""
_EFFORT: Final = 1000
"""Tasks that one decision may place beyond the two schedules it begins with; 3,000 gained nothing (benchmarks)."""
_LATE: Final = 2.0
"""A task that has run for so many times what was expected says nothing of when it ends."""
_REST: Final = 0.25
"""The least share of its expected time that a task which still runs is expected to need."""
_GAIN: Final = 0.02
"""A schedule that promises to be shorter by less than this is not worth waiting for: estimates are not that good."""
_NOW: Final = 1e-9


class Reservations(NamedTuple):
    """An order of all tasks of a problem, when each leaf that runs was begun, and dice that fall alike each time."""

    given: Problem
    order: list[int]
    began: Mapping[str, float]
    dice: Callable[[], Dice]

    def due(self, view: View) -> list[str] | None:
        """The ready leaves that the order starts now; None when no wait is worth it.

        That is when a running task is far too late, and when greedily the rest is expected to end about as early.
        """
        found = self._rest(view)
        if found is None:
            return None
        rest, running = found
        first = set(running)
        priority = [float("-inf") if task in first else -tail for task, tail in enumerate(rest.tail)]
        plainly = max(greedy(rest, priority)[1], default=0.0)
        start = Start((self.order,), running, max(rest.tail, default=0.0))
        best = search(rest, self.dice(), lambda placed: placed >= _EFFORT, start)
        if best.makespan >= plainly * (1.0 - _GAIN):
            return None
        return [leaf for leaf in ready_of(view) if best.starts[view.adjacency.place(leaf)] <= _NOW]

    def _rest(self, view: View) -> tuple[Problem, list[int]] | None:
        """What is left from now on, and which of it runs: what is done, or can never start as things are, takes no time."""
        given, ready, busy = self.given, set(ready_of(view)), set(busy_of(view))
        duration, demand, running = list(given.duration), list(given.demand), list[int]()
        done, out = bytearray(len(duration)), bytearray(len(duration))
        for task in given.order:
            leaf = given.names[task] if task < len(given.names) else ""
            met = all(done[before] for before in given.before[task])
            if leaf in busy:
                gone = view.now - self.began.get(leaf, view.now)
                if gone and gone >= duration[task] * _LATE:
                    return None
                duration[task] = max(duration[task] - gone, duration[task] * _REST)
                running.append(task)
                continue
            state = view.state.get(leaf, "pending") if leaf else ""
            done[task] = state in SATISFIED or (met and not leaf)
            out[task] = not done[task] and (
                any(out[before] for before in given.before[task])
                or bool(leaf and (state not in STARTABLE or (met and leaf not in ready)))
            )
            if done[task] or out[task]:
                duration[task] = demand[task] = 0
        head, tail = lengths(given.order, given.before, given.after, duration)
        return given._replace(duration=duration, demand=demand, tail=tail, head=head), running


def reserve(
    given: Problem, began: Mapping[str, float], dice: Callable[[], Dice], seconds: float
) -> Reservations | None:
    """The reservations of the best schedule that about `seconds` of search find; None for too many tasks, or no seconds.

    A second is PLACEMENTS tasks placed, whatever the machine: the same problem and dice give the same order (I9).
    """
    if len(given.names) > MOST or not seconds:
        return None
    limit = seconds * PLACEMENTS
    return Reservations(given, search(given, dice(), lambda placed: placed >= limit).order, began, dice)
