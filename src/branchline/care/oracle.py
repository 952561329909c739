"""The checker of the simulated world: simple, slow, and nothing of the engine in it.

It sees what became durable (events and rows), what custody really did, and what a person really asked for; from the
plan it works everything out anew, by brute force. The numbers are those of DESIGN, section 5.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from branchline.budget import Terms
from branchline.care.plans import Sketch
from branchline.care.process import Facts, Process
from branchline.engine import Outcome, Policy, State, view
from branchline.model.run import AttemptRow, Changes, Claim, Event, TaskRow
from branchline.schedule import reasons

BUSY = ("dispatching", "running", "claimed", "checking", "merging")
SLOTTED = BUSY[:4]
SATISFIED = ("done", "skipped")
FINAL = ("done", "failed", "cancelled", "skipped")
STATES = frozenset((*BUSY, *FINAL, "pending", "ready", "retrying", "blocked", "held", "paused"))
LEVELS = ("unchecked", "gated", "checked")


class ViolationError(Exception):
    """An invariant does not hold; outside of our own error tree, so that nothing under test can catch it."""

    def __init__(self, law: str, words: str) -> None:
        super().__init__(f"{law}: {words}")
        self.law = law


class Oracle:
    """What must be so, from the outside."""

    def __init__(self, plan: Sketch, policy: Policy, world: Facts) -> None:
        self._policy = policy
        self._world = world
        inner = set(plan.parents.values())
        self._mutexes = plan.mutexes
        self._roles = plan.roles
        self._parents = plan.parents
        self._needs = plan.needs
        self._workers = {row.task: row.worker for row in plan.rows}
        self._lanes: dict[str, Mapping[str, Any]] = {}
        self._last_start = float("-inf")
        self._begun: Sequence[str] = ()  # what is left of the batch that was begun
        self._leaves = [name for name in plan.parents if name not in inner]
        self.before = self._dependencies(plan)
        self._turn = self._keys()
        self.states = {row.task: str(row.state) for row in plan.rows if row.kind == "atomic"}
        self._fences: dict[int, str] = {}
        self._live: dict[str, int] = {}
        self._ended: dict[int, AttemptRow] = {}
        self._wishes: dict[int, tuple[str, str]] = {}
        self.cancels: set[str] = set()
        self._accepted: set[str] = set()
        self.held: dict[str, dict[str, Any]] = {}
        self.checked: dict[str, Mapping[str, Any]] = {}
        self._commits = self._seen = 0
        self.events = 0

    # -- the plan, by brute force

    def _dependencies(self, plan: Sketch) -> dict[str, set[str]]:
        """Leaf -> the leaves it has to wait for, every edge expanded through composites."""
        under: dict[str, list[str]] = {name: [] for name in plan.parents}
        for leaf in self._leaves:
            at: str | None = leaf
            while at:
                under[at].append(leaf)
                at = plan.parents[at]
        before: dict[str, set[str]] = {leaf: set() for leaf in self._leaves}
        for first, then in plan.edges:
            for leaf in under[then]:
                before[leaf].update(under[first])
        return before

    def _keys(self) -> dict[str, tuple[float, int]]:
        """Leaf -> where it stands in the order of its strategy (DESIGN, section 8)."""
        strategy, order = self._policy.strategy, self._leaves
        rank: dict[str, float] = {}
        for leaf in reversed(order):
            rank[leaf] = 1.0 + max((rank[other] for other in order if leaf in self.before[other]), default=0.0)
        first: dict[str, float] = dict.fromkeys(order, 0.0)
        if strategy == "breadth-first":
            branches = [self._parents[leaf] for leaf in order]
            first = {leaf: float(branches[:place].count(branches[place])) for place, leaf in enumerate(order)}
        elif strategy == "hybrid":
            first = {leaf: float(self._roles[leaf] not in ("research", "brainstorm")) for leaf in order}
        elif strategy == "critical-path":
            first = {leaf: -rank[leaf] for leaf in order}
        return {leaf: (first[leaf], place) for place, leaf in enumerate(order)}

    def _slots(self) -> int:
        """The slots that the machine's memory leaves; never less than one (DESIGN, section 8)."""
        free, settings = self._world.memory, self._world.settings
        if free is None:
            return self._policy.slots
        return min(self._policy.slots, max(1, int((free - settings.memory_reserve) // settings.memory_per_worker)))

    def _supplied(self, task: str, now: float) -> bool:
        """Whether resources, the provider's lane and the pace of starts allow a task."""
        worker, needs = self._workers[task], self._needs.get(task, ())
        lane = self._lanes.get(worker)
        if self._too_soon(task, now):
            return False
        if not lane and not needs:
            return True
        slotted = [other for other in self._leaves if self.states[other] in SLOTTED]
        for name in set(needs):
            used = sum(self._needs.get(other, ()).count(name) for other in slotted)
            if used + needs.count(name) > self._policy.routing.resources[name]:
                return False
        if not lane:
            return True
        together = sum(self._workers[other] == worker for other in slotted)
        return not (lane["until"] > now >= lane.get("since", 0.0) or 0 < lane["room"] <= together)

    def _fits(self, task: str, now: float) -> bool:
        """Whether a task could start now, slots aside."""
        states = self.states
        if states[task] != "ready" or (self._policy.only and task not in self._policy.only):
            return False
        if any(states[each] not in SATISFIED for each in self.before[task]) or not self._supplied(task, now):
            return False
        keys = self._mutexes.get(task)
        if keys and any(states[other] in BUSY and keys & other_keys for other, other_keys in self._mutexes.items()):
            return False
        if self._policy.strategy != "hybrid" or self._roles[task] in ("research", "brainstorm"):
            return True
        branch = self._parents[task]
        return not any(
            states[other] in SLOTTED and self._parents[other] == branch and self._roles[other] == "build"
            for other in self._leaves
        )

    def _too_soon(self, task: str, now: float) -> bool:
        """Whether the pace of starts holds a task back."""
        pace = self._policy.routing.stagger.get(self._workers[task], 0.0)
        return pace > 0 and 0 < self._last_start + pace - now <= pace

    # -- what became durable

    def committed(self, changes: Changes) -> None:
        """One transaction: every event is legal where it stands, and the rows say the same as the events."""
        self._commits += 1
        self.events += len(changes.events)
        granted = {self._wishes[number] for number in changes.requests if number in self._wishes}
        for event in changes.events:
            if event.kind in STATES:
                self._moved(event, granted)
            elif event.kind == "intended":
                self._intended(event)
            elif event.kind == "ended":
                self._collected(event)
            elif event.kind == "lane":
                self._lanes[event.data["lane"]] = event.data
        states = self.states
        for row in changes.tasks:
            if row.state != states.get(row.task, "pending"):
                raise ViolationError(
                    "replay", f"task {row.task} is stored as {row.state}, its events say {states[row.task]}"
                )
        for attempt in changes.attempts:
            former = self._ended.get(attempt.fence)
            if former is not None and attempt != former and former.state == "ended":
                raise ViolationError("I7", f"attempt {attempt.fence} had ended and was changed")
            if attempt.state == "ended":
                self._ended[attempt.fence] = attempt

    def _moved(self, event: Event, granted: set[tuple[str, str]]) -> None:
        task, kind = str(event.task), event.kind
        former = self.states[task]
        asked = {verb for verb, which in granted if which == task}
        if former in FINAL and not (asked and former != "done"):
            raise ViolationError("I7", f"task {task} left {former} for {kind} and nobody had asked for it")
        if kind == "skipped" and "skip" not in asked:
            raise ViolationError("I7", f"task {task} was skipped and nobody had asked for it")
        if kind == "cancelled" and task not in self.cancels:
            raise ViolationError("I7", f"task {task} was cancelled and nobody had asked for it")
        if "accept" in asked and kind in ("merging", "done"):
            self._accepted.add(task)
        if kind == "dispatching":
            self._dispatched(task, event.at)
            self._begun = event.data.get("batch", ())
        elif kind == "done":
            self._done(task, event)
        elif kind == "held":
            self.held[task] = {key: value for key, value in event.data.items() if key != "question"}
        self.states[task] = kind

    def _dispatched(self, task: str, now: float) -> None:
        states = self.states
        open_ = [each for each in self.before[task] if states[each] not in SATISFIED]
        if open_:
            raise ViolationError("I2", f"task {task} starts before {', '.join(sorted(open_))}")
        used = sum(state in SLOTTED for state in states.values())
        if used >= self._slots():
            raise ViolationError("I5", f"task {task} starts with {used} of {self._slots()} slots in use")
        if not self._fits(task, now):
            raise ViolationError("I5", f"task {task} starts beside one that holds what it needs")
        key = self._turn[task]
        alone = self._policy.batch or self._policy.terms  # who is passed by for its price: this checker keeps no purse
        passed = [] if alone else [each for each in self._leaves if self._turn[each] < key]
        for each in passed:
            if self._fits(each, now):
                raise ViolationError("I9", f"task {task} starts before {each}, whose turn it is")
        if self._policy.routing.stagger.get(self._workers[task]):
            self._last_start = now
        self._accepted.discard(task)
        self.checked.pop(task, None)

    def _done(self, task: str, event: Event) -> None:
        world, check = self._world, self.checked.get(task)
        if self._policy.isolated:
            # What was merged together was checked together, at the last commit of it.
            since = next((n for n, (_, which, _) in enumerate(world.git.tip) if which == task), len(world.git.tip))
            merged = [commit for commit, _, _ in world.git.tip[since:]]
            if event.data.get("commit") not in merged:
                raise ViolationError(
                    "I3", f"task {task} is done at {event.data.get('commit')}, which is not on the branch"
                )
        if task in self._accepted:
            return
        if check is None or not check["ok"]:
            raise ViolationError("I3", f"task {task} is done and no check has passed")
        if LEVELS.index(check["level"]) < LEVELS.index(self._policy.minimum):
            raise ViolationError(
                "I3", f"task {task} is done with {check['level']} evidence, below {self._policy.minimum}"
            )

    def _intended(self, event: Event) -> None:
        task, fence = str(event.task), event.fence
        if fence is None or fence in self._fences:
            raise ViolationError("I1", f"number {fence} was given twice")
        if task in self._live:
            raise ViolationError("I1", f"task {task} gets attempt {fence} while {self._live[task]} is open")
        self._fences[fence] = task
        self._live[task] = fence

    def _collected(self, event: Event) -> None:
        fence = event.fence
        if fence is None or fence not in self._fences or self._live.get(self._fences[fence]) != fence:
            return  # late: it is recorded, and the rows above say that nothing was changed by it
        del self._live[self._fences[fence]]
        process, data = self._world.processes.get(fence), event.data
        if process is None:
            if data["exit"] is not None:
                raise ViolationError("I6", f"attempt {fence} never ran and is recorded with exit {data['exit']}")
            return
        if process.state != "over":
            raise ViolationError("I6", f"attempt {fence} is collected while it is {process.state}")
        exit_ = process.exit
        if (data["exit"], data["signal"]) != (exit_.code, exit_.signal):
            raise ViolationError(
                "I6", f"attempt {fence} ended with {exit_} and is recorded as {data['exit']}/{data['signal']}"
            )
        said = process.left
        if isinstance(said, Claim) and not process.cause and not exit_.lost:
            status, stopped = data["claim"]["status"], self._fences[fence] in self.cancels
            if status != said.status and not (stopped and status == "cancelled"):
                raise ViolationError("I6", f"attempt {fence} claimed {said.status} and is recorded as {status}")

    # -- what really happened

    def begun(self, process: Process) -> None:
        """A process starts to run."""
        world, attempt = self._world, process.attempt
        if self._live.get(attempt.task) != attempt.fence:
            raise ViolationError(
                "I1", f"{attempt.purpose} of task {attempt.task} runs as {attempt.fence}, which is not open"
            )
        running = [p for p in world.processes.values() if p.state == "running" and p is not process]
        if any(each.attempt.task == attempt.task for each in running):
            raise ViolationError("I1", f"task {attempt.task} runs twice")
        slots = sum(each.attempt.purpose != "merge" for each in running) + (attempt.purpose != "merge")
        if slots > self._policy.slots:
            raise ViolationError("I5", f"{slots} processes run in {self._policy.slots} slots")
        keys = self._mutexes.get(attempt.task, frozenset()) if attempt.purpose == "work" else frozenset()
        for each in running if keys else ():
            if each.attempt.purpose == "work" and keys & self._mutexes.get(each.attempt.task, frozenset()):
                raise ViolationError("I5", f"{attempt.task} and {each.attempt.task} run and hold the same")

    def truth(self, attempt: AttemptRow, left: Mapping[str, Any]) -> None:
        """What a job of ours really found."""
        if attempt.purpose == "check":
            self.checked[attempt.task] = left

    def settled(self, task: str) -> None:
        """A worktree is to go."""
        if self.states[task] != "done":
            raise ViolationError("I4", f"the worktree of task {task} goes while it is {self.states[task]}")

    def wished(self, number: int, verb: str, task: str) -> None:
        """A person has asked."""
        self._wishes[number] = verb, task
        if verb == "cancel":
            self.cancels.add(task)

    # -- how it stands

    def compare(self, rows: Iterable[TaskRow]) -> None:
        """A coordinator begins with what the events say, and with nothing else."""
        stored = {row.task: row.state for row in rows if row.kind == "atomic"}
        if stored != self.states:
            raise ViolationError("replay", "the stored tasks are not what the events say")

    def rested(self, state: State) -> None:
        """After a tick in which nothing happened: no task that could start was left behind."""
        if self._commits != self._seen:
            self._seen = self._commits
            return
        busy = sum(each in SLOTTED for each in self.states.values())
        if state.draining or busy >= self._slots() or (self._policy.batch and self._in_batch()) or self._policy.terms:
            return
        left = [task for task in self._leaves if self._fits(task, self._world.now)]
        if left:
            raise ViolationError("I8", f"task {left[0]} could start and does not")

    def _in_batch(self) -> bool:
        """Whether the batch that was begun goes on: some of it works, or has its start ahead of it."""
        left = [task for task in self._begun if self.states[task] == "ready"]
        return any(s in BUSY for s in self.states.values()) or any(self._too_soon(t, self._world.now) for t in left)

    def widen(self) -> None:
        """The run goes on with all tasks, and without a budget."""
        self._policy = self._policy._replace(only=frozenset(), terms=Terms())

    def stands(self, state: State, standing: Outcome, now: float | None) -> None:
        """At a rest: the answer is the right one, and whoever waits can say why when asked (`now` is not None)."""
        chosen = {t: s for t, s in self.states.items() if not self._policy.only or t in self._policy.only}
        states = set(chosen.values())
        expected = {"failed"} if "failed" in states else {"waiting"} if states & {"blocked", "held"} else set()
        if states <= set(SATISFIED):
            expected = {"done"}
        if standing.state == "done" and expected != {"done"}:
            raise ViolationError("I8", f"the run is called done and has tasks that are {sorted(states)}")
        waits = "paused" in states or bool(self._policy.terms)
        if standing.state == "paused" and (waits or any(lane["until"] for lane in self._lanes.values())):
            expected = {"paused"}  # its provider's time, or more money, brings it on, whatever else waits
        if expected and standing.state not in expected and not state.draining:
            raise ViolationError("I8", f"the run is called {standing.state} and is {expected.pop()}")
        if "deadlock" in standing.reason:
            raise ViolationError("I8", f"a plan without a circle is called a {standing.reason}")
        if now is None:
            return
        said = reasons(view(state, now), self._policy.strategy)
        for task, each in self.states.items():
            if each not in BUSY and each not in FINAL and not said.get(task):
                raise ViolationError("I8", f"task {task} is {each} and cannot say why")

    def finished(self) -> None:
        """At the very end: every attempt that ran was collected, and nothing is left open."""
        if self._live:
            raise ViolationError("I6", f"attempts were never collected: {sorted(self._live.values())}")
        missing = [
            fence for fence, p in self._world.processes.items() if p.state == "over" and fence not in self._ended
        ]
        if missing:
            raise ViolationError("I6", f"attempts ended and were never collected: {missing}")
        done = sorted(task for task, state in self.states.items() if state == "done")
        if boxes := set(done) - self._world.git.ticked:
            raise ViolationError("write-back", f"done and not ticked in the plan: {sorted(boxes)}")
        if self._policy.isolated:
            merged = sorted(task for _, task, _ in self._world.git.tip)
            if done != merged:
                raise ViolationError("I3", f"done are {done}, on the branch are {merged}")
