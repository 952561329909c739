"""The coordinator of one run: reap, reconcile, choose, start, record; then again."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from branchline import engine
from branchline.config import Settings
from branchline.dispatch.growth import Graph, diagnoses
from branchline.dispatch.requests import events_for
from branchline.dispatch.seams import Builder, Keeper, Looker, Reader
from branchline.engine import BROKE, Emit, Settle, Start, State, Stop
from branchline.errors import BranchlineError
from branchline.model.moves import RUN_MOVES, SATISFIED
from branchline.model.run import AttemptRow, Changes, Event, Exit, TaskRow
from branchline.proc import ALONE, Ended, Started
from branchline.store import AnyStore

TURN = 0.5
"""Seconds between two looks at the requests of other processes; the design asks for less than one."""
SOON = 0.1
"""The same while one thing after the other happens, and where there is a budget: who has to end begins no other turn."""
NOTED = 10.0
"""Seconds between two records of how many workers the memory allows: it changes all the time."""

UNCONFIRMED = "not confirmed"


class Hooks(NamedTuple):
    """What the outside world lends: a clock, a way to be told, a say before each start, and the count of ^C.

    `confirm` None never asks. `memory` gives the free memory in MB (None: unknown, no limit), `jitter` a number from 0 to 1.
    `at` hears of the moments before and after each commit and each command, and may end the process there; with `step`
    and `choose` a proof plays an engine that is broken on purpose.
    """

    clock: Callable[[], float]
    told: Callable[[Sequence[Event]], None] = lambda _: None
    turned: Callable[[], None] = lambda: None
    confirm: Callable[[Sequence[TaskRow]], bool] | None = None
    interrupts: Callable[[], int] = lambda: 0
    wake: tuple[int, ...] = ()
    memory: Callable[[], float | None] = lambda: None
    jitter: Callable[[], float] = lambda: 0.0
    at: Callable[[str], None] = lambda _: None
    step: Callable[[State, Event], tuple[State, tuple[engine.Command, ...]]] = engine.step
    choose: Callable[[State, float, int | None], list[Event]] = engine.choose


class Coordinator:
    """Drives one run; it is the only writer of the store while it holds the lock."""

    def __init__(
        self,
        state: State,
        store: AnyStore,
        custody: Keeper,
        jobs: Builder,
        collector: Reader,
        watch: Looker,
        settings: Settings,
        hooks: Hooks,
    ) -> None:
        self.state = state
        self._store = store
        self._custody = custody
        self._jobs = jobs
        self._collector = collector
        self._settings = settings
        self._hooks = hooks
        self._handled: list[int] = []
        self._asked = 0.0
        self._unbuilt: dict[int, str] = {}
        self._stopped = False
        self._free: float | None = None
        self._watch = watch

    def recover(self) -> None:
        """Take up what a former coordinator left: adopt what lives, collect what ended, ask again for the rest."""
        fences = sorted(self.state.attempts)
        found = self._custody.adopt(fences)
        commands = engine.outstanding(self.state, self._hooks.clock())
        todo: list[Start | Stop | Settle] = []
        for command in commands:
            if isinstance(command, Emit):
                todo += self._fold(command.event)
            elif not isinstance(command, Start) or found.get(command.fence, "unstarted") == "unstarted":
                todo.append(command)
        for attempt in [self.state.attempts[fence] for fence, how in found.items() if how == "running"]:
            if attempt.state == "intended":
                todo += self._fold(self._event("started", "adopted", attempt=attempt))
        standing = [self.state.tasks.get(task) for task in self._jobs.worktrees(self.state.run.run)]
        self._commit()
        todo = self._counted(todo)
        self._perform([*todo, *(Settle(row.task) for row in standing if row and row.state == "done")])
        rows = self.state.tasks.values()
        self._write_back([row for row in rows if row.state == "done" and row.attempt], at_once=True)

    def _counted(self, todo: list[Start | Stop | Settle]) -> list[Start | Stop | Settle]:
        """What is still to be done once it is known what workers used while no coordinator was there (I12).

        A worker that was asked for and has not started is judged like one that has ended a turn: it may start or not.
        """
        state = self.state
        if not state.policy.terms:
            return todo
        asked = [state.attempts[command.fence] for command in todo if isinstance(command, Start)]
        self.feed(self._watch.look(state, self._hooks.clock()))
        for attempt in (each for each in asked if each.purpose == "work" and not each.cause):
            used = {"tokens": attempt.tokens, "cost": attempt.cost, "model": attempt.model}
            self.feed([self._event("metered", "", attempt=attempt, data=used)])
        return [each for each in todo if not isinstance(each, Start) or not self.state.attempts[each.fence].cause]

    def feed(self, events: Iterable[Event]) -> None:
        """Fold events, make them durable, then do what they ask for."""
        self._carry_out(self._fold_all(events))

    def tick(self, timeout: float = 0.0) -> bool:
        """One turn; waits at most `timeout` seconds for something to happen. True when anything did."""
        facts = self._reap(timeout)
        todo = self._fold_all(facts)
        happened = self._reconcile(busy=bool(facts)) or bool(facts)
        happened = self._choose(todo) or happened
        if not happened:
            self._store.commit(Changes())  # nobody has taken over meanwhile: who records nothing would not notice
        self._write_back(at_once=not happened and timeout > 0)
        self._hooks.turned()
        return happened

    def loop(self, *, wait: bool = False) -> engine.Outcome:
        """Tick until nothing runs and nothing can start; `wait` stays for answers. Returns how the run stands."""
        happened = True
        while True:
            happened = self.tick(0.0 if happened else self._pause())
            if self._hooks.interrupts():
                return engine.Outcome("running", "interrupted", over=False)
            standing = engine.outcome(self.state, self._hooks.clock())
            if standing.over and not happened and not (wait and standing.state == "waiting"):
                return standing
            if self.state.draining and not self._busy():
                why = self.state.draining
                return engine.Outcome("waiting" if why == UNCONFIRMED else "failed", why, over=True)

    def drain(self, seconds: float) -> None:
        """After the first ^C: start nothing; a second ^C within `seconds` stops the workers too."""
        self.state.draining = "interrupted"
        until = self._hooks.clock() + seconds
        while self._busy() and (self._hooks.clock() < until or self._stopped):
            self._stopped = self._stopped or self._hooks.interrupts() > 1
            if self._stopped:
                self.feed(self._stop_all("interrupted"))
            facts = self._reap(0.1)
            if facts:
                self.feed(facts)
            if self._stopped and not self.state.attempts:
                return

    def own_jobs(self) -> bool:
        """Whether jobs of our own are under way; all of them are short, next to a worker."""
        return any(attempt.purpose != "work" for attempt in self.state.attempts.values())

    def metered(self) -> bool:
        """Whether workers are under way for which there is a budget."""
        return bool(self.state.policy.terms and self.state.attempts)

    @property
    def lease(self) -> float:
        """Seconds that workers go on when this coordinator is gone; 0 means that nothing but their end limits them."""
        return self._settings.budget_lease if self.metered() else 0.0

    def resume(self) -> None:
        """The run goes on: what it waited for may have come."""
        self.feed([self._event("run", "resumed", data={"state": "running"})])

    def close(self) -> None:
        """Let go; what runs goes on in custody."""
        self._watch.close()
        self._custody.close()
        self._write_back(at_once=True)

    def finish(self, standing: engine.Outcome) -> None:
        """Record how the run stands; one whose chosen tasks alone are done waits for the others."""
        self._store.commit(Changes())  # who was overtaken touches no branch any more
        if not any(attempt.purpose == "merge" for attempt in self.state.attempts.values()):
            self._hold_tip()
        rest = standing.state == "done" and any(row.state not in SATISFIED for row in self.state.tasks.values())
        state = "waiting" if rest else standing.state
        run = self.state.run
        if (state, standing.reason) == (run.state, run.reason):
            return
        if state not in {run.state, *RUN_MOVES[run.state]}:
            self.resume()
        self.feed([self._event("run", standing.reason, data={"state": state})])

    def _busy(self) -> bool:
        return bool(self.state.attempts)

    def _pause(self) -> float:
        """How long nothing can happen by itself: until the next start is due, and never longer than a turn."""
        now, state = self._hooks.clock(), self.state
        due = [(state.tasks[t].retry_at or now) - now for t in state.retrying]
        next_starts = [state.last_start + interval - now for interval in state.policy.routing.stagger.values()]
        turn = SOON if self.metered() else TURN
        return max(0.0, min([turn, *due, *(wait for wait in next_starts if wait > 0)]))

    def _event(
        self, kind: str, cause: str, *, attempt: AttemptRow | None = None, data: dict[str, object] | None = None
    ) -> Event:
        now, run = self._hooks.clock(), self.state.run.run
        if attempt is None:
            return Event(now, run, kind, cause, data=data or {})
        return Event(now, run, kind, cause, attempt.task, attempt.attempt, attempt.fence, data or {})

    def _fold(self, event: Event) -> list[Start | Stop | Settle]:
        """Fold one event and, depth first, every event that follows at once; what is left is to be performed."""
        self.state, commands = self._hooks.step(self.state, event)
        todo: list[Start | Stop | Settle] = []
        for command in commands:
            if isinstance(command, Emit):
                todo += self._fold(command.event)
            else:
                todo.append(command)
        return todo

    def _fold_all(self, events: Iterable[Event]) -> list[Start | Stop | Settle]:
        return [command for event in events for command in self._fold(event)]

    def _carry_out(self, commands: Iterable[Start | Stop | Settle]) -> None:
        """Nothing is done before what asks for it is durable."""
        self._commit()
        self._perform(commands)

    def _commit(self) -> None:
        changes = self.state.take()
        if changes.events or self._handled:
            self._hooks.at("before commit")
            self._store.commit(changes._replace(requests=tuple(self._handled)))
            self._hooks.at("after commit")
            self._handled.clear()
            self._hooks.told(changes.events)

    def _perform(self, commands: Iterable[Start | Stop | Settle]) -> None:
        for command in commands:
            name = type(command).__name__
            self._hooks.at(f"before {name}")
            if isinstance(command, Start):
                self._start(command.fence)
            elif isinstance(command, Stop):
                self._custody.stop(command.fence, self._settings.grace, command.cause)
            else:
                self._settle(command.task)
            self._hooks.at(f"after {name}")

    def _settle(self, task: str) -> None:
        """What is merged needs no worktree; one that holds more than that stays (I4), and the reason is recorded."""
        try:
            self._jobs.settle(self.state.tasks[task])
        except (BranchlineError, OSError) as error:
            now, row = self._hooks.clock(), self.state.tasks[task]
            self.feed([Event(now, row.run, "noted", f"not all of it was cleared away: {error}", task, row.attempt)])

    def _write_back(self, rows: Sequence[TaskRow] = (), *, at_once: bool) -> None:
        """The boxes of what is done, in a plan that no merge can tick: many at a time, and again after a kill."""
        try:
            self._jobs.write_back(rows, at_once=at_once)
        except (BranchlineError, OSError) as error:
            self.feed([self._event("noted", f"the boxes of what is done could not be ticked: {error}")])

    def _start(self, fence: int) -> None:
        """Hand an attempt to custody; what keeps it from being built ends it, with the reason."""
        attempt = self.state.attempts[fence]
        row, also = self.state.tasks[attempt.task], self.state.train(attempt)
        try:
            if attempt.purpose == "merge":
                self._hold_tip([row, *also])
            self._custody.start(self._jobs.spawn(attempt, row, self.state.tip, also))
        except (BranchlineError, OSError) as error:
            self._give_up(attempt, str(error))

    def _give_up(self, attempt: AttemptRow, error: str) -> None:
        """What cannot be built never starts: not by the request of a former coordinator either, still on its way."""
        self._unbuilt[attempt.fence] = error
        try:
            self._custody.stop(attempt.fence, 0.0, "it could not be built")
        except OSError:  # the disk is too full to use up the number, and so for any custodian to start it
            self.feed(self._ended(attempt, Exit(None)))

    def _hold_tip(self, merging: Sequence[TaskRow] = ()) -> None:
        """The integration branch holds what was checked and merged, and nothing that an agent put there."""
        attempts = [(row.task, row.attempt) for row in merging]
        kept = self._jobs.hold_tip(self.state.run.run, self.state.tip, attempts)
        if kept:
            self.feed([self._event("noted", f"the integration branch was moved by someone else and put back: {kept}")])

    def _reap(self, timeout: float) -> list[Event]:
        facts: list[Event] = []
        for fact in self._custody.poll(timeout, self._hooks.wake):
            attempt = self.state.attempts.get(fact.fence)
            if attempt is None:
                late = self._event("ended", "late: the attempt had ended", data=fact._asdict())
                facts += [late._replace(fence=fact.fence)] if isinstance(fact, Ended) else []
            elif isinstance(fact, Started):
                if attempt.state == "intended":  # of one that goes on each coordinator hears; the first has recorded it
                    facts.append(self._event("started", "", attempt=attempt, data={"pid": fact.pid}))
            else:
                facts += self._ended(attempt, fact.exit)
        return facts

    def _ended(self, attempt: AttemptRow, exit_: Exit) -> list[Event]:
        if exit_.cause == ALONE:
            return self._ended_alone(attempt, exit_)
        error = self._unbuilt.pop(attempt.fence, "")
        exit_ = exit_._replace(cause="") if error else exit_
        row, also = self.state.tasks[attempt.task], self.state.train(attempt)
        data = self._collector.read(attempt, row, exit_, error, also)
        if data.get("claim", {}).get("status") in ("timeout", "failed", "rate_limited"):
            data["claim"]["jitter"] = round(self._hooks.jitter(), 3)
        if attempt.purpose == "work" and attempt.cause.startswith(BROKE):
            data |= self._saved(attempt)
        note = [self._event("noted", data["unkept"], attempt=attempt)] if "unkept" in data else []
        return [*note, self._event("ended", exit_.cause, attempt=attempt, data=data)]

    def _ended_alone(self, attempt: AttemptRow, exit_: Exit) -> list[Event]:
        """A worker with a budget that custody has stopped, for nobody was there to count what it used (I12)."""
        cause = attempt.cause or f"{BROKE}its coordinator was gone, and nobody counted what it used"
        stop = [] if attempt.cause else [self._event("stopping", cause, attempt=attempt)]
        return [*stop, *self._ended(attempt._replace(cause=cause), exit_._replace(cause=cause))]

    def _saved(self, attempt: AttemptRow) -> dict[str, object]:
        """The salvage of a worker that was stopped for the budget; its worktree stays as it is for who goes on."""
        try:
            return {"salvage": self._jobs.salvage(attempt)}
        except (BranchlineError, OSError) as error:
            return {"unsaved": str(error)}

    def _reconcile(self, *, busy: bool) -> bool:
        """Wishes of other processes, and what the watch has seen; True when there was anything.

        One wish after the other: each meets the state that the one before has left. `busy`: something else has happened.
        """
        now, run = self._hooks.clock(), self.state.run.run
        known = busy and 0.0 <= now - self._asked < SOON
        requests = [] if known else [request for request in self._store.requests() if request.run == run]
        self._asked = self._asked if known else now
        for request in requests:
            self._handled.append(request.id)
            self.feed(events_for(self.state, request, now, self._graph))
        seen = [*self._watch.look(self.state, now), *self._diagnoses(now)]
        if seen:
            self.feed(seen)
        return bool(requests or seen)

    def _diagnoses(self, now: float) -> list[Event]:
        return diagnoses(self.state, self._graph, now) if self._settings.diagnose and not self.state.draining else []

    def _graph(self) -> Graph:
        rows = self._store.graph_tasks(self.state.run.run)
        return [(row, self._store.node(row.run, row.task) or "{}") for row in rows]

    def _choose(self, todo: list[Start | Stop | Settle]) -> bool:
        """Start what can start now, and carry out `todo` with it: one commit for both; True when anything started."""
        if self._hooks.interrupts() or self._hooks.confirm:  # nothing waits while a person thinks
            self._carry_out(todo)
            todo = []
            if self._hooks.interrupts():
                return False
        memory = self._memory()
        events = self._hooks.choose(self.state, self._hooks.clock(), memory)
        starting = [self.state.tasks[e.task] for e in events if e.kind == "dispatching" and e.task]
        if starting and self._hooks.confirm and not self._hooks.confirm(starting):
            self.state.draining = UNCONFIRMED
            return False
        self._carry_out([*todo, *self._fold_all(events)])
        return bool(events) or self._note_memory(memory)

    def _memory(self) -> int | None:
        """How many workers the memory rule allows now (DESIGN, section 8: never less than one); None: any number."""
        settings, state = self._settings, self.state
        if not settings.memory_per_worker or not state.ready or len(state.slotted) >= state.policy.slots:
            return None
        self._free = self._hooks.memory()
        if self._free is None:
            return None
        return max(1, int((self._free - settings.memory_reserve) // settings.memory_per_worker))

    def _note_memory(self, room: int | None) -> bool:
        """Record that ready tasks wait for memory, and that they do so no more; at most each NOTED seconds anew."""
        state, now = self.state, self._hooks.clock()
        binding = room is not None and state.ready and len(state.slotted) >= room
        room, known = (room or 0) if binding else 0, state.lanes.get("")
        if room == (known.room if known else 0) or (room and known and now - known.since < NOTED):
            return False
        free, kept = self._free or 0.0, self._settings.memory_reserve
        cause = f"{free:.0f} MB are free, {kept} MB are kept back, {self._settings.memory_per_worker} MB a worker"
        data = {"lane": "", "room": room, "until": 0.0, "strikes": 0}
        self.feed([self._event("lane", cause if room else "memory is free again", data=data)])
        return False

    def _stop_all(self, cause: str) -> list[Event]:
        rows = [a for a in self.state.attempts.values() if a.state != "ended" and not a.cause]
        return [self._event("stopping", cause, attempt=a) for a in rows]
