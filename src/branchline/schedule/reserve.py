"""An optimised order, kept while the run goes its own way: searched anew from where the run stands at each decision.

A short schedule with several resources lets a task wait on purpose, which no greedy list does. So what starts now is
what the best schedule of all that is left, with what runs and what is expected of it, starts now.
"""

from collections.abc import Callable, Mapping
from math import log
from typing import Final, NamedTuple

from branchline.model.moves import SATISFIED
from branchline.schedule.decode import greedy
from branchline.schedule.durations import Dice, Times
from branchline.schedule.problem import SLOT, Problem, lengths, scarcest
from branchline.schedule.search import Start, search
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
_DOUBT: Final = 0.12
"""A schedule that promises to be shorter by less than this share of how far off the estimates are is worth no wait."""
_DOUBT_SLOTS: Final = 1.0
"""The same where nothing but slots is scarce: there the plain order is nearly as short (benchmarks)."""
_OFF: Final = 0.2
"""How far off they are while nothing is known (the mean distance of logarithms), and for how many tasks that counts."""
_OFF_WEIGHT: Final = 2
_NOW: Final = 1e-9


class Reservations(NamedTuple):
    """An order of all tasks of a problem, the times of the run as they come, and dice that fall alike each time."""

    given: Problem
    order: list[int]
    times: Times
    dice: Callable[[], Dice]

    def knowing(self, expected: Mapping[str, float]) -> "Reservations":
        """The same with what is expected of the tasks now, those that are done too."""
        names, former = self.given.names, self.given.duration
        known = [expected.get(name, span) for name, span in zip(names, former, strict=False)]
        return self._replace(given=self.given._replace(duration=known + former[len(names) :]))

    def due(self, view: View) -> list[str] | None:
        """The ready leaves that the order starts now; None when no wait is worth it.

        That is when a running task is far too late, and when greedily the rest is expected to end about as early:
        the further off the estimates of this run were, the earlier the order has to promise to end.
        """
        found = self._rest(view)
        if found is None:
            return None
        rest, running = found
        first = set(running)
        priority = [float("-inf") if task in first else -tail for task, tail in enumerate(rest.tail)]
        enough = max(greedy(rest, priority)[1], default=0.0) * (1.0 - self._doubt())
        least = max(scarcest(rest), *rest.tail, 0.0)
        if least >= enough:
            return None
        best = search(rest, self.dice(), lambda placed: placed >= _EFFORT, Start((self.order,), running, least))
        if best.makespan >= enough:
            return None
        return [leaf for leaf in ready_of(view) if best.starts[view.adjacency.place(leaf)] <= _NOW]

    def _doubt(self) -> float:
        """The share by which the order has to be shorter, by how far off what was expected of the tasks done has been.

        That all of them took ten times as long says nothing against the order, so it is counted from their median.
        """
        took, spans = self.times.took, zip(self.given.names, self.given.duration, strict=False)
        logs = sorted(log(took[name] / span) for name, span in spans if span > 0 and took.get(name, 0.0) > 0)
        off = sum(abs(each - logs[len(logs) // 2]) for each in logs)
        doubt = _DOUBT if self.given.capacity.keys() - {SLOT} else _DOUBT_SLOTS
        return doubt * (off + _OFF_WEIGHT * _OFF) / (len(logs) + _OFF_WEIGHT)

    def _rest(self, view: View) -> tuple[Problem, list[int]] | None:
        """What is left from now on, and which of it runs: what is done, or can never start as things are, takes no time."""
        given, ready, busy = self.given, set(ready_of(view)), set(busy_of(view))
        duration, demand, running = list(given.duration), list(given.demand), list[int]()
        done, out = bytearray(len(duration)), bytearray(len(duration))
        for task in given.order:
            leaf = given.names[task] if task < len(given.names) else ""
            met = all(done[before] for before in given.before[task])
            if leaf in busy:
                gone = view.now - self.times.began.get(leaf, view.now)
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


def reserve(given: Problem, times: Times, dice: Callable[[], Dice], seconds: float) -> Reservations | None:
    """The reservations of the best schedule that about `seconds` of search find; None for too many tasks, or no seconds.

    A second is PLACEMENTS tasks placed, whatever the machine: the same problem and dice give the same order (I9).
    """
    if len(given.names) > MOST or not seconds:
        return None
    limit = seconds * PLACEMENTS
    return Reservations(given, search(given, dice(), lambda placed: placed >= limit).order, times, dice)
