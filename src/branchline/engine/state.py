"""What a run knows while it runs, and the commands that a step can ask for."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from branchline.budget import Terms
from branchline.graph.adjacency import Adjacency
from branchline.graph.frontier import Frontier
from branchline.model.money import Amount
from branchline.model.moves import BUSY, SATISFIED, SLOTTED, Level
from branchline.model.run import AttemptRow, Changes, Event, LaneRow, NodeRow, QuestionRow, RunRow, TaskRow
from branchline.schedule import Queue
from branchline.schedule.durations import Outlook, Times
from branchline.schedule.routing import Routing

if TYPE_CHECKING:  # it is only spelled here, and a look at a run need not import the search
    from branchline.schedule.reserve import Reservations

Value = TypeVar("Value")


class Policy(NamedTuple):
    """What the user decided about a run; times are seconds, `only` empty means every task.

    `train`: how many finished tasks are merged together. `terms`: what may be spent, and what things cost. `routing`:
    which model, provider and resources each start takes.
    """

    slots: int = 4
    strategy: str = "depth-first"
    batch: bool = False
    retries: int = 1
    minimum: Level = "gated"
    isolated: bool = True
    fail_fast: bool = False
    only: frozenset[str] = frozenset()
    crash_wait: float = 2.0
    backoff: float = 30.0
    backoff_limit: float = 900.0
    on_hung: str = "retry"
    train: int = 1
    terms: Terms = Terms()
    routing: Routing = Routing()


class Start(NamedTuple):
    """Start the process of attempt `fence`; its intent is recorded."""

    fence: int


class Stop(NamedTuple):
    """End the whole process tree of attempt `fence`."""

    fence: int
    cause: str


class Settle(NamedTuple):
    """A task is done: mark it in a plan that no merge can mark, and remove the worktree that nobody needs any more."""

    task: str


class Emit(NamedTuple):
    """This event follows at once, in the same transaction."""

    event: Event


Command = Start | Stop | Settle | Emit


class Column(Mapping[str, Value]):
    """What `make` says of each task row, as a mapping; nothing is copied."""

    def __init__(self, rows: Mapping[str, TaskRow], make: Callable[[TaskRow], Value]) -> None:
        self._rows = rows
        self._make = make

    def __getitem__(self, task: str) -> Value:
        return self._make(self._rows[task])

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


_LATER: Final = frozenset({"retrying", "paused"})
"""States of a task that goes on by itself: at a time, or when the budget allows it."""


class Fresh:
    """What the next transaction has to write."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.run = False
        self.tasks: dict[str, TaskRow] = {}
        self.attempts: dict[int, AttemptRow] = {}
        self.questions: dict[int, QuestionRow] = {}
        self.lanes: dict[str, LaneRow] = {}
        self.nodes: tuple[NodeRow, ...] = ()


class State:
    """One run in memory. A step consumes the state it is given: go on with the one it returns.

    Copying ten thousand rows for each event would make a run quadratic, so the rows are replaced in place; nothing
    outside `step` may change them.
    """

    def __init__(self, run: RunRow, adjacency: Adjacency, policy: Policy, outlook: Outlook | None = None) -> None:
        self.run = run
        self.adjacency = adjacency
        self.policy = policy
        self.outlook = outlook
        self.tasks: dict[str, TaskRow] = {}
        self.attempts: dict[int, AttemptRow] = {}
        self.questions: dict[int, QuestionRow] = {}
        self.frontier = Frontier(adjacency)
        self.lanes: dict[str, LaneRow] = {}
        self.roles: Mapping[str, str] = Column(self.tasks, attrgetter("role"))
        self.states: Mapping[str, str] = Column(self.tasks, attrgetter("state"))
        self.lane_names: Mapping[str, str] = Column(self.tasks, policy.routing.lane)
        self.intervals: Mapping[str, float] = Column(self.tasks, policy.routing.interval)
        self.ready = self._queue()
        self.retrying: dict[str, None] = {}
        self.broke: dict[str, None] = {}
        self.spent: dict[str, Amount] = {}
        self.whole = Amount()
        self.busy: dict[str, None] = {}
        self.slotted: dict[str, None] = {}
        self.merges: dict[str, None] = {}
        self._sets = ((self.busy, BUSY), (self.slotted, SLOTTED), (self.merges, frozenset({"merging"})))
        self.arriving: set[str] = set()
        self.mutexes: Mapping[str, frozenset[str]] = {}
        self.touches: Mapping[str, Mapping[str, bool]] = {}
        self.needs: Mapping[str, Collection[str]] = {}
        self.ahead: Reservations | None = None
        self.times = Times({}, {})
        self.last_start = 0.0
        self.rest: tuple[str, ...] = ()
        self.tip = run.base
        self.next_fence, self.next_question = 0, 1
        self.draining = ""
        self._fresh = Fresh()

    @classmethod
    def restore(
        cls,
        run: RunRow,
        adjacency: Adjacency,
        policy: Policy,
        tasks: Iterable[TaskRow],
        attempts: Iterable[AttemptRow],
        questions: Iterable[QuestionRow],
        lanes: Iterable[LaneRow] = (),
        outlook: Outlook | None = None,
    ) -> "State":
        """Build the state from projected rows, the attempts by their fences; without an `outlook` all tasks last equally long."""
        state = cls(run, adjacency, policy, outlook)
        merged = -1
        for row in tasks:
            if row.kind == "atomic":
                state.index(row)
                if row.state in SATISFIED:
                    state.frontier.release(row.task)
            if row.state == "done" and row.commit and row.fence > merged:  # merges come one by one; a clock may jump
                state.tip, merged = row.commit, row.fence
        newest: dict[str, int] = {}
        for attempt in attempts:
            state.next_fence = max(state.next_fence, attempt.fence + 1)
            if attempt.tokens or attempt.cost:
                state.spend(attempt.task, attempt.used)
            if newest.get(attempt.task) != attempt.attempt:  # the first process of a dispatch
                newest[attempt.task] = attempt.attempt
                state.times.began[attempt.task] = attempt.intended
                if state.intervals.get(attempt.task):
                    state.last_start = attempt.intended  # the newest, and not the latest: a clock may jump
            if attempt.state != "ended":
                state.attempts[attempt.fence] = attempt
        for question in questions:
            state.next_question = max(state.next_question, question.id + 1)
            if question.answer is None:
                state.questions[question.id] = question
        state.lanes = {row.lane: row for row in lanes if row.room or row.strikes}
        state.learn(*sorted((row for row in state.tasks.values() if row.state == "done"), key=lambda row: row.changed))
        return state

    def learn(self, *rows: TaskRow) -> None:
        """Take in what done tasks took: what is left is ranked anew at each end, of a large graph at each 64th part."""
        began, took = self.times
        rows = tuple(row for row in rows if row.task in began and row.task not in took)
        if self.outlook is None or not rows:
            return
        due = (ended := len(took) + len(rows)) - ended % max(1, len(self.adjacency.leaves) // 64)
        for row in rows:
            took[row.task] = row.changed - began[row.task]
            self.outlook.learn(row.task, took[row.task])
            if len(took) == due:
                self.ready = self._queue(self.ready)
                self.ahead = self.ahead.knowing(self.outlook.expected()) if self.ahead else None

    def _queue(self, ready: Iterable[str] = ()) -> Queue:
        """A queue in the strategy's order."""
        rank = self.outlook.rank(self.adjacency) if self.outlook else None
        return Queue(self.adjacency, self.policy.strategy, self.roles, rank, ready)

    def put_graph(self, adjacency: Adjacency, rows: Iterable[TaskRow], nodes: Iterable[NodeRow]) -> None:
        """Go on with another graph; `rows` replace those they name, tasks that are not in it are no longer looked at."""
        self._fresh.nodes = tuple(nodes)
        changed = {row.task: row for row in rows}
        self._fresh.tasks.update(changed)
        known = {**self.tasks, **changed}
        self.adjacency = adjacency
        self.ready = self._queue()
        self.ahead = None
        self.tasks.clear()
        for members in (self.retrying, self.broke, self.busy, self.slotted, self.merges):
            members.clear()
        for row in known.values():
            if adjacency.is_leaf(row.task):
                self.index(row)
        self.frontier = Frontier(adjacency, [r.task for r in self.tasks.values() if r.state in SATISFIED])

    def index(self, row: TaskRow) -> None:
        """Take `row` as the task's row and keep the sets by state in agreement with it."""
        task, former, now = row.task, self.tasks.get(row.task), row.state
        self.tasks[task] = row
        was = former.state if former else ""
        if was == now:
            return
        if now == "ready":
            self.ready.add(task)
        elif was == "ready":
            self.ready.discard(task)
        if was in _LATER:
            self.retrying.pop(task, None)
            self.broke.pop(task, None)
        if now in _LATER:
            (self.broke if row.retry_at is None else self.retrying)[task] = None
        for members, states in self._sets:
            if now in states:
                members[task] = None
            elif was in states:
                del members[task]

    def put_task(self, row: TaskRow) -> None:
        """Replace a task's row and mark it for the next transaction."""
        self.index(row)
        self._fresh.tasks[row.task] = row

    def put_attempt(self, row: AttemptRow) -> None:
        """Replace an attempt's row and mark it; an ended one leaves memory with the transaction."""
        former = self.attempts.get(row.fence)
        if former and (former.tokens, former.cost) != (row.tokens, row.cost):
            self.spend(row.task, row.used.minus(former.used))
        self.attempts[row.fence] = row
        self._fresh.attempts[row.fence] = row

    def spend(self, task: str, used: Amount) -> None:
        """Count in what a task has used more than was known."""
        if any(used):
            self.spent[task] = self.spent.get(task, Amount()).plus(used)
            self.whole = self.whole.plus(used)

    def put_question(self, row: QuestionRow) -> None:
        """Replace a question's row and mark it; an answered one leaves memory with the transaction."""
        self.questions[row.id] = row
        self._fresh.questions[row.id] = row

    def put_lane(self, row: LaneRow) -> None:
        """Replace a lane's row and mark it; one without trouble leaves memory."""
        self.lanes[row.lane] = self._fresh.lanes[row.lane] = row
        if not (row.room or row.strikes):
            del self.lanes[row.lane]

    def put_run(self, row: RunRow) -> None:
        """Replace the run's row and mark it."""
        self.run = row
        self._fresh.run = True

    def put_event(self, event: Event) -> None:
        """Mark an event for the next transaction."""
        self._fresh.events.append(event)

    def take(self) -> Changes:
        """What changed since the last call, for one transaction."""
        fresh, self._fresh = self._fresh, Fresh()
        changes = Changes(
            tuple(fresh.events),
            self.run if fresh.run else None,
            tuple(fresh.tasks.values()),
            tuple(fresh.attempts.values()),
            tuple(fresh.questions.values()),
            lanes=tuple(fresh.lanes.values()),
            nodes=fresh.nodes,
        )
        for attempt in changes.attempts:
            if attempt.state == "ended":
                del self.attempts[attempt.fence]
        for question in changes.questions:
            if question.answer is not None:
                del self.questions[question.id]
        return changes

    def live(self, task: str) -> AttemptRow | None:
        """The attempt of `task` that has not ended, if there is one (I1: at most one)."""
        row, own = self.attempts.get(self.tasks[task].fence), self.tasks[task]
        in_train = own.state == "merging"  # its number is that of the merge which it is part of
        return row if row and (row.task == task or in_train) and row.state != "ended" else None

    def train(self, attempt: AttemptRow) -> list[TaskRow]:
        """The tasks that a merge brings in beside its own, in the tree's order."""
        if attempt.purpose != "merge":
            return []
        rows = [self.tasks[task] for task in self.merges if task != attempt.task]
        return sorted((row for row in rows if row.fence == attempt.fence), key=lambda row: row.place)

    def open_question(self, task: str) -> QuestionRow | None:
        """The oldest unanswered question of `task`."""
        return next((q for q in self.questions.values() if q.task == task and q.answer is None), None)
