"""pure: prices, reservation, metering

The law (DESIGN, I12): what is spent is never above the limit by more than one turn of one worker. It holds because each
worker at work keeps one turn reserved, and gets the next one only while all that are reserved but the largest fit.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from branchline.budget.prices import DATED, Price, bill, cost, largest_turn, price_of
from branchline.model.money import Amount, Limit, total
from branchline.model.run import AttemptRow, TaskRow

__all__ = [
    "DATED", "Live", "Price", "Purse", "Start", "Terms", "bill", "cost", "history", "largest_turn", "price_of", "purse_of",
    "start_of",
]  # fmt: skip

MARGIN: Final = 1.25
"""What is set aside for a start, in times of the median of starts like it."""
_NONE: Final = Limit()


class Start(NamedTuple):
    """What a task would start: its worker, its role and the model, as far as it is known."""

    task: str
    worker: str = ""
    role: str = ""
    model: str = ""


def start_of(row: TaskRow, model: str) -> Start:
    """What the start of a task with a model is."""
    return Start(row.task, row.worker, row.role, model)


class Live(NamedTuple):
    """A worker that is at work or about to be, and what it has used in this attempt."""

    start: Start
    used: Amount = Amount()


class Terms(NamedTuple):
    """What a run may spend, in all and for each task, and what is known of costs before they arise.

    `guess` is set aside for a start of which nothing is known; `known`: role/model -> what starts like it used;
    `turn` is the largest turn of a model that `turns` does not name; `blind` are workers that tell no usage, `flat` those
    that a subscription pays: they cost tokens alone; `late` those that tell their usage at the end of an attempt only: for
    them a turn may take all there is, so each is at work alone.
    """

    run: Limit = Limit()
    task: Limit = Limit()
    guess: Amount = Amount(0.25, 100_000)
    known: Mapping[str, Amount] = {}
    turn: Amount = largest_turn(None)
    turns: Mapping[str, Amount] = {}
    blind: tuple[str, ...] = ()
    flat: tuple[str, ...] = ()
    late: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is any limit."""
        return self.run != _NONE or self.task != _NONE

    def founded(self, start: Start) -> Amount | None:
        """What starts like this one used, by history; None when there is none."""
        found = self.known.get(f"{start.role}/{start.model}")
        return found if found is None else self._billed(start, found)

    def turn_of(self, start: Start, used: Amount = Amount()) -> Amount:
        """The most that one more turn of a worker can use; who was thought to be blind and has told usage is not."""
        if start.worker in self.blind and not any(used):
            return Amount()
        if start.worker in self.late:
            return self._billed(start, Amount(self.run.usd or 0.0, self.run.tokens or 0))
        return self._billed(start, self.turns.get(start.model, self.turn))

    @classmethod
    def restored(cls, kept: Mapping[str, Any]) -> "Terms":
        """The terms as JSON keeps them (`_asdict`)."""
        return cls(
            Limit(*kept["run"]),
            Limit(*kept["task"]),
            Amount(*kept["guess"]),
            {name: Amount(*each) for name, each in kept["known"].items()},
            Amount(*kept["turn"]),
            {name: Amount(*each) for name, each in kept["turns"].items()},
            tuple(kept["blind"]),
            tuple(kept["flat"]),
            tuple(kept["late"]),
        )

    def guessed(self, start: Start) -> Amount:
        """What is set aside for a start of which nothing is known."""
        return Amount() if start.worker in self.blind else self._billed(start, self.guess)

    def _billed(self, start: Start, amount: Amount) -> Amount:
        return amount._replace(usd=0.0) if start.worker in self.flat else amount


class Purse:
    """What a run may still spend, start by start; made anew for each look.

    `start_of` says what a task would start; `spent` is what the run has used by task, and `whole` in all, that of the
    live workers included.
    """

    def __init__(
        self,
        terms: Terms,
        start_of: Callable[[str], Start],
        spent: Mapping[str, Amount],
        whole: Amount,
        live: Iterable[Live],
    ) -> None:
        self._terms = terms
        self._start_of = start_of
        self._spent = spent
        self._whole = whole
        self._live = list(live)
        self._taken: list[Amount] = []

    def obstacle(self, task: str) -> str:
        """Why the start of a task does not fit, in words; "" when it does.

        A guess keeps nobody from the first step: while no other worker is at work, what is left is reserved.
        """
        terms, start, spent = self._terms, self._start_of(task), self._spent.get(task, Amount())
        founded = terms.founded(start)
        if terms.task.over(spent, touched=True) or (founded and terms.task.over(spent.plus(founded))):
            return self._words("task_budget", terms.task, spent, founded)
        held = total([*map(self._held, self._live), *self._taken])
        wanted = self.reserve(start) if any(held) else founded or Amount()
        if terms.run.over(self._whole, touched=True) or terms.run.over(total([self._whole, held, wanted])):
            return self._words("budget", terms.run, self._whole, wanted, held)
        return ""

    def take(self, task: str) -> None:
        """Count in a start."""
        self._taken.append(self.reserve(self._start_of(task)))

    def reserve(self, start: Start) -> Amount:
        """What is set aside for a start: what is known or guessed of it, and no less than one turn."""
        found = self._terms.founded(start)
        return (self._terms.guessed(start) if found is None else found).larger(self._terms.turn_of(start))

    def refusal(self, task: str) -> str:
        """Why the worker of a task, which has just ended a turn, gets no other one; "" when it may go on."""
        terms, spent = self._terms, self._spent.get(task, Amount())
        if terms.task.over(spent, touched=True):
            return self._words("task_budget", terms.task, spent)
        turns = [terms.turn_of(live.start, live.used) for live in self._live]
        largest = Amount(max((t.usd for t in turns), default=0.0), max((t.tokens for t in turns), default=0))
        others = total(turns).minus(largest)
        if terms.run.over(self._whole, touched=True) or terms.run.over(self._whole.plus(others)):
            return self._words("budget", terms.run, self._whole, held=others)
        return ""

    def _held(self, live: Live) -> Amount:
        """What a worker at work keeps reserved: what is left of its reservation, and no less than one turn."""
        return self.reserve(live.start).minus(live.used).larger(self._terms.turn_of(live.start, live.used))

    @staticmethod
    def _words(name: str, limit: Limit, spent: Amount, wanted: Amount | None = None, held: Amount | None = None) -> str:
        parts = [f"{limit.words(spent)} spent"]
        parts += [f"{limit.plain(held)} set aside for workers at work"] if held and any(held) else []
        parts += [f"{limit.plain(wanted)} wanted for a start"] if wanted and any(wanted) else []
        return f"budget: {', '.join(parts)}; raise --{name.replace('_', '-')} to go on"


def purse_of(
    terms: Terms,
    model_of: Callable[[TaskRow], str],
    tasks: Mapping[str, TaskRow],
    attempts: Iterable[AttemptRow],
    spent: Mapping[str, Amount],
    whole: Amount,
    among: Iterable[str] | None = None,
) -> Purse:
    """The purse of a run from its rows; `among` are the tasks that may have a worker at work, None: all of them.

    A worker that is being stopped begins no other turn, and keeps none reserved.
    """
    open_ = [attempt for attempt in attempts if attempt.state != "ended"]
    used = {attempt.task: attempt.used for attempt in open_ if attempt.purpose == "work"}
    stopping = {attempt.task for attempt in open_ if attempt.cause}
    rows = tasks.values() if among is None else map(tasks.__getitem__, among)
    at_work = [row for row in rows if row.state in ("dispatching", "running") and row.task not in stopping]
    live = [Live(start_of(row, model_of(row)), used.get(row.task, Amount())) for row in at_work]
    return Purse(terms, lambda task: start_of(tasks[task], model_of(tasks[task])), spent, whole, live)


def history(rows: Iterable[tuple[str, str, Amount]]) -> dict[str, Amount]:
    """Role/model -> what a start uses: the median of those that used anything, and a margin. Rows: role, model, used.

    `role/` stands for a start that leaves the model to its agent.
    """
    groups: dict[str, list[Amount]] = {}
    for role, model, used in rows:
        for name in dict.fromkeys((f"{role}/{model}", f"{role}/")) if any(used) else ():
            groups.setdefault(name, []).append(used)
    return {
        name: Amount(
            MARGIN * sorted(each.usd for each in found)[len(found) // 2],
            int(MARGIN * sorted(each.tokens for each in found)[len(found) // 2]),
        )
        for name, found in groups.items()
    }
