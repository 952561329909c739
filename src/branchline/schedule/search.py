"""A bounded search for a short schedule: rules, forward-backward improvement, biased sampling, a small genetic search.

After Kolisch and Hartmann (2006) and Valls, Ballestin and Quintanilla (2008). Pure: the dice and the limit are given.
"""

from bisect import insort
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Final, NamedTuple

from branchline.schedule.decode import greedy, serial
from branchline.schedule.durations import Dice
from branchline.schedule.problem import Problem, bound

Enough = Callable[[int], bool]
"""Whether to stop, asked with how many tasks have been placed so far."""

_POPULATION: Final = 40
_STALL: Final = 400
"""Children in a row without a place in the population, after which all but the best begin anew."""
_KEPT: Final = 4
_NEAR: Final = 8
"""How far a mutation moves a task."""
_SAME: Final = 1e-9


class Found(NamedTuple):
    """A schedule: its length, when each task starts, and the order that decodes to it."""

    makespan: float
    starts: list[float]
    order: list[int]


class Start(NamedTuple):
    """What is known before a search: orders to begin with, what has begun already (all at once), what cannot be beaten."""

    orders: Sequence[Sequence[int]] = ()
    begun: Sequence[int] = ()
    bound: float | None = None


class Search:
    """One search; `run` goes on until the schedule is proven the shortest or it is `enough`."""

    def __init__(self, given: Problem, dice: Dice, enough: Enough, start: Start) -> None:
        self._given = given
        self._dice = dice
        self._enough = enough
        self._first = dict.fromkeys(start.begun)
        self._bound = (bound(given) if start.bound is None else start.bound) + _SAME
        self._placed = 0
        self._backwards = given.order[::-1]
        self._rules = _rules(given)
        self._people: list[Found] = []
        self.best = self._improved(sorted(given.order, key=lambda task: -given.tail[task]))
        for order in start.orders:
            self._meet(self._improved(order))

    def run(self) -> Found:
        """The best schedule found; the same problem, dice and limit give the same one."""
        for rule in self._rules:
            if self._over():
                break
            rank = [-weight for weight in rule]
            starts, ends = greedy(self._given, rank)
            self._meet(self._improved(self._by(starts, ends)))
            self._meet(self._improved(self._drawn(rule, 60.0)))
        while not self._over():
            self._populate()
            self._breed()
        return self.best

    def _over(self) -> bool:
        return self.best.makespan <= self._bound or self._enough(self._placed)

    def _meet(self, found: Found) -> None:
        """Take a schedule in; the population is kept in order, the best first."""
        insort(self._people, found, key=attrgetter("makespan"))
        if found.makespan < self.best.makespan:
            self.best = found

    def _populate(self) -> None:
        """Fill the population with biased samples, by one rule after the other."""
        while len(self._people) < _POPULATION and not self._over():
            rule = self._rules[len(self._people) % len(self._rules)]
            self._meet(self._improved(self._drawn(rule, 2.0 + 3.0 * self._dice())))

    def _breed(self) -> None:
        """Children of the population replace its worst, until none has got in for long."""
        people, stall = self._people, 0
        while stall < _STALL and not self._over():
            one, other = (people[int(len(people) * share)] for share in (self._dice() * self._dice(), self._dice()))
            child = self._improved(self._mutated(self._crossed(one.order, other.order)))
            known = any(child.makespan == each.makespan and child.starts == each.starts for each in people)
            stall += 1
            if child.makespan <= people[-1].makespan and not known:
                people.pop()
                self._meet(child)
                stall = 0
        del people[_KEPT:]

    def _improved(self, order: Sequence[int]) -> Found:
        """Decode, then push all tasks to the end and back to the beginning as long as that shortens the schedule."""
        given = self._given
        starts, ends = serial(given, self._led(order))
        self._placed += len(starts)
        length = max(ends, default=0.0)
        while True:
            back = sorted(self._backwards, key=lambda task: (-ends[task], -starts[task]))
            from_end, to_end = serial(given, back, back=True)
            forth = sorted(given.order, key=lambda task: (-to_end[task], -from_end[task]))
            again, ended = serial(given, self._led(forth))
            self._placed += 2 * len(starts)
            shorter = max(ended, default=0.0)
            if shorter <= length:
                starts, ends = again, ended
            if shorter >= length - _SAME:
                return Found(min(length, shorter), starts, self._by(starts, ends))
            length = shorter

    def _led(self, order: Sequence[int]) -> Sequence[int]:
        """The order with what has begun already in front: it starts at once whatever else would."""
        return [*self._first, *(task for task in order if task not in self._first)] if self._first else order

    def _by(self, starts: Sequence[float], ends: Sequence[float]) -> list[int]:
        """The order that decodes to a schedule; what takes no time keeps its place between those before and after it."""
        return sorted(self._given.order, key=lambda task: (starts[task], ends[task]))

    def _drawn(self, rule: Sequence[float], bias: float) -> list[int]:
        """An order drawn by regret: the more a task weighs over the least of those that may come, the likelier it is."""
        missing = [len(each) for each in self._given.before]
        eligible = [task for task, count in enumerate(missing) if not count]
        order: list[int] = []
        while eligible:
            place = 0
            if len(eligible) > 1:
                least = min(rule[task] for task in eligible)
                odds = [(rule[task] - least + 1.0) ** bias for task in eligible]
                left = self._dice() * sum(odds)
                while place < len(odds) - 1 and (left := left - odds[place]) >= 0:
                    place += 1
            task = eligible[place]
            eligible[place] = eligible[-1]
            eligible.pop()
            order.append(task)
            for each in self._given.after[task]:
                missing[each] -= 1
                if not missing[each]:
                    eligible.append(each)
        return order

    def _crossed(self, one: list[int], other: list[int]) -> list[int]:
        """Two-point crossover: a stretch of `one` in the order of `other`, or the rest around it."""
        first, last = sorted(int(self._dice() * (len(one) + 1)) for _ in range(2))
        if self._dice() < 0.5:
            inner = set(one[first:last])
            return [*one[:first], *(task for task in other if task in inner), *one[last:]]
        early, late = set(one[:first]), set(one[last:])
        return [
            *(task for task in other if task in early),
            *one[first:last],
            *(task for task in other if task in late),
        ]

    def _mutated(self, order: list[int]) -> list[int]:
        """Move up to three tasks a little, no further than what comes before and after them allows."""
        for _ in range(int(self._dice() * 4)):
            place = int(self._dice() * len(order))
            task = order[place]
            before, after = self._given.before[task], self._given.after[task]
            first = last = place
            while first > 0 and place - first < _NEAR and order[first - 1] not in before:
                first -= 1
            while last < len(order) - 1 and last - place < _NEAR and order[last + 1] not in after:
                last += 1
            order.insert(first + int(self._dice() * (last - first + 1)), order.pop(place))
        return order


def search(given: Problem, dice: Dice, enough: Enough, start: Start | None = None) -> Found:
    """A short schedule of a problem, the shortest when its length is `bound`."""
    return Search(given, dice, enough, start or Start()).run()


def _rules(given: Problem) -> list[list[float]]:
    """Weights of the tasks by which orders are drawn: longest rest, least slack, most followers, heaviest followers."""
    length = max(given.tail, default=0.0)
    behind: list[int] = [0] * len(given.order)
    for task in reversed(given.order):
        for each in given.after[task]:
            behind[task] |= behind[each] | 1 << each
    heavy = [
        span + sum(given.duration[each] for each in after)
        for span, after in zip(given.duration, given.after, strict=True)
    ]
    return [given.tail, [length - head for head in given.head], [float(each.bit_count()) for each in behind], heavy]
