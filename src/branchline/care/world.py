"""A world that is played: disk, custody, git and a clock that go wrong on command, around the real coordinator.

Nothing in here decides when: `histories` rolls dice, a stateful test has rules of its own. All that is durable outlives
a coordinator; `Life` is what dies with it.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from weakref import proxy

from branchline import engine
from branchline.care.oracle import Oracle, ViolationError
from branchline.care.plans import Sketch
from branchline.care.process import GOOD, Eyes, Process, Reading
from branchline.config import Settings
from branchline.dispatch import Coordinator, Hooks
from branchline.engine import Policy, State
from branchline.errors import GitError, LockedError, StoreFullError
from branchline.model.run import AttemptRow, Changes, Claim, Event, Exit, TaskRow
from branchline.proc import Ended, Spawn, Started
from branchline.store import MemoryStore

NOTHING = Changes()
"""A commit that only asks whether another one has taken over."""


class Crash(BaseException):
    """kill -9 of the coordinator, at this very point."""


class Disk(MemoryStore):
    """The store: it may be full, and whatever is durable is shown to the oracle at once."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self._world = world

    def commit(self, changes: Changes) -> int:
        """Write, unless the disk is full or the process dies here."""
        world = self._world
        if changes == NOTHING:
            return super().commit(changes)
        if world.full:
            world.full -= 1
            raise StoreFullError("the disk of this world is full")
        world.pass_time(world.slow)
        seq = super().commit(changes)
        world.oracle.committed(changes)
        return seq


class Life:
    """Custody as one coordinator sees it: what it asked for, and the facts it has not heard yet."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.driver: Coordinator | None = None
        self.facts: list[Started | Ended] = []
        self.over: set[int] = set()
        self.watched: set[int] = set()

    def start(self, spawn: Spawn) -> None:
        """Ask for a process; a fence that is known is not started again."""
        world = self._world
        self.watched.add(spawn.fence)
        world.point("start")
        if spawn.fence not in world.processes:
            world.processes[spawn.fence] = Process(world.built[spawn.fence])
        world.point("started")

    def stop(self, fence: int, grace: float, cause: str) -> None:
        """End a process; one that never started never will."""
        world = self._world
        self.watched.add(fence)
        process = world.processes.get(fence)
        if process is None:
            intended = next(row for row in world.store.attempts("r1") if row.fence == fence)
            process = world.processes[fence] = Process(intended)
        if process.state == "asked":
            world.finish(process, Exit(None, None, False, cause))
        elif process.state == "running" and not process.cause:
            process.cause = cause

    def adopt(self, fences: Iterable[int]) -> dict[int, str]:
        """What became of each attempt."""
        found = {}
        for fence in fences:
            process = self._world.processes.get(fence)
            found[fence] = "unstarted" if process is None or process.state == "asked" else process.state
            if process and process.state == "running":
                self.watched.add(fence)
                self.facts.append(Started(fence, fence, 0.0))
            elif process and process.state == "over":
                self.hear(Ended(fence, process.exit))
                found[fence] = "lost" if process.exit.lost else "ended"
        return found

    def hear(self, fact: Started | Ended) -> None:
        """A fact has come in."""
        if isinstance(fact, Ended):
            self.over.add(fact.fence)
        self.facts.append(fact)

    def poll(self, timeout: float, extra: Sequence[int] = ()) -> list[Started | Ended]:
        """Let the world go on, then say what has happened."""
        self._world.turn(timeout)
        facts, self.facts = self.facts, []
        late = self._world.hold_back(len(facts))
        self.facts = facts[len(facts) - late :]
        heard = facts[: len(facts) - late]
        return heard + heard if self._world.double else heard

    def close(self) -> None:
        """Let go."""


class Git:
    """Worktrees and the integration branch; also the builder of processes."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.trees: set[str] = set()
        self.tip: list[tuple[str, str, int]] = []  # commit, task, attempt; oldest first
        self.salvaged: list[tuple[str, str, int]] = []
        self.made = 0
        self.ticked: set[str] = set()
        self.unticked: set[str] = set()  # what a coordinator has in mind to tick; its death forgets it

    def head(self) -> str:
        """The commit the integration branch stands at."""
        return self.tip[-1][0] if self.tip else "base"

    def grow(self, task: str, attempt: int) -> str:
        """A new commit on the integration branch."""
        self._world.point("before the ref move")
        self.made += 1
        self.tip.append((f"c{self.made}", task, attempt))
        return f"c{self.made}"

    def holds(self, task: str, attempt: int) -> str:
        """The commit of an attempt that is on the branch already, for the job that merged it was killed."""
        return next((commit for commit, which, number in self.tip if (which, number) == (task, attempt)), "")

    def merge(self, task: str, attempt: int) -> str:
        """Merge a task's work, unless it is there."""
        return self.holds(task, attempt) or self.grow(task, attempt)

    def spawn(self, attempt: AttemptRow, row: TaskRow, tip: str, also: Sequence[TaskRow] = ()) -> Spawn:
        """Build a process, which fails on a full disk."""
        world = self._world
        if world.unbuildable:
            world.unbuildable -= 1
            raise OSError(28, "No space left on device")
        world.built[attempt.fence] = attempt
        world.trains[attempt.fence] = [(each.task, each.attempt) for each in also]
        return Spawn(attempt.fence, (), {}, "", "", "", "", 0.0)

    def hold_tip(self, run: str, commit: str, merging: Collection[tuple[str, int]] = ()) -> str:
        """Put the branch back to `commit`, unless only killed merges of these very attempts stand on top of it."""
        self._world.point("hold tip")
        names = ["base", *(c for c, _, _ in self.tip)]
        if commit not in names:
            raise ViolationError("I3", f"the branch is to go to {commit}, where it never was")
        keep = names.index(commit)
        if all(entry[1:] in merging for entry in self.tip[keep:]):
            return ""
        self.salvaged += self.tip[keep:]
        del self.tip[keep:]
        self._world.point("tip held")
        return "salvage"

    def settle(self, row: TaskRow) -> None:
        """Remove a worktree; one that holds more than was merged stays."""
        world = self._world
        world.point("settle")
        world.oracle.settled(row.task)
        self.unticked.add(row.task)
        if world.stubborn:
            world.stubborn -= 1
            raise GitError("the worktree holds more than was merged")
        self.trees.discard(row.task)
        world.point("settled")

    def write_back(self, rows: Iterable[TaskRow] = (), *, at_once: bool) -> None:
        """Tick the boxes of what is done, when there is time for it."""
        self.unticked.update(row.task for row in rows)
        if self.unticked and at_once:
            self._world.point("before the write-back")
            self.ticked |= self.unticked
            self.unticked.clear()
            self._world.point("after the write-back")

    def worktrees(self, run: str) -> list[str]:
        """The tasks that have one."""
        return sorted(self.trees)

    def salvage(self, attempt: AttemptRow) -> str:
        """Save what a worktree holds."""
        self._world.point("salvage")
        return f"refs/branchline/salvage/{attempt.run}/{attempt.task}/{attempt.attempt}"


class Core(NamedTuple):
    """The decisions under test; the real ones unless a proof wants to see its checker bite.

    `reopen` is what a coordinator sees of the store that others have written to.
    """

    step: Callable[[State, Event], tuple[State, tuple[engine.Command, ...]]] = engine.step
    choose: Callable[[State, float, int | None], list[Event]] = engine.choose
    reopen: Callable[[MemoryStore], MemoryStore] = MemoryStore.open


REAL = Core()


class World:
    """Everything outside of the coordinator, and the coordinators that come and go in it."""

    def __init__(self, sketch: Sketch, policy: Policy, core: Core, turn: Callable[[float], None]) -> None:
        self.sketch = sketch
        self.policy = policy
        self.core = core
        self.turn = turn
        self.hold_back: Callable[[int], int] = lambda _: 0
        self.lands: Callable[[int], tuple[int, bool]] = lambda most: (most, False)
        self.between: Callable[[], None] = lambda: None
        self.now = 1_800_000_000.0  # far from 0: no kernel lets its clock be set back behind 1970
        self.true = 0.0
        self.processes: dict[int, Process] = {}
        self.built: dict[int, AttemptRow] = {}
        self.trains: dict[int, list[tuple[str, int]]] = {}
        self.git = Git(self)
        self.oracle = Oracle(self.sketch, policy, self)
        self.store = Disk(self)
        self.reading = Reading(self.processes)
        self.eyes = Eyes(self.processes)
        self.memory: float | None = None
        self.settings = Settings()
        self.life: Life | None = None
        self.other: Life | None = None
        self.points = 0
        self.crash_at = 0
        self.full = self.unbuildable = self.stubborn = self.interrupts = 0
        self.slow = 0.0
        self.double = False
        self.store.create_run(sketch.run, sketch.rows, self.now)

    # -- the coordinator

    @property
    def driver(self) -> Coordinator | None:
        """The coordinator whose turn it is."""
        return self.life.driver if self.life else None

    def open(self) -> Coordinator:
        """A new coordinator takes the run up, as `execute` does; LockedError while one lives, held up or not."""
        if self.life:
            raise LockedError("a coordinator of this world is alive")
        self.life = Life(self)
        (run,) = self.store.runs()
        rows = self.store.tasks("r1")
        self.oracle.compare(rows)
        state = State.restore(
            run,
            self.sketch.adjacency,
            self.policy,
            rows,
            self.store.attempts("r1"),
            self.store.questions("r1"),
            self.store.lanes("r1"),
        )
        state.needs = self.sketch.needs
        state.mutexes = self.sketch.mutexes
        hooks = Hooks(
            lambda: self.now,
            turned=self._turned,
            interrupts=lambda: self.interrupts,
            memory=lambda: self.memory,
            at=self.point,
            step=self.core.step,
            choose=self.core.choose,
        )
        store = self.core.reopen(self.store)
        custody = proxy(self.life)  # no circle holds a coordinator that is gone: its memory is free at once
        driver = Coordinator(state, store, custody, self.git, self.reading, self.eyes, self.settings, hooks)
        self.life.driver = driver
        driver.recover()
        if run.state != "running":
            driver.resume()
        return driver

    def overtake(self) -> None:
        """The lock is lost while its holder is held up: a second one gets in, and neither knows of the other."""
        self.life, self.other = None, self.life
        self.open()

    def swap(self) -> None:
        """The other one of two coordinators goes on."""
        self.life, self.other = self.other, self.life

    def fall(self) -> None:
        """The one whose turn it is is no more; what it asked custody for is on its way still, and the other goes on."""
        self.life, self.other = self.other, None
        self.crash_at = 0

    def _turned(self) -> None:
        if self.driver and not self.interrupts and not self.other:
            self.oracle.rested(self.driver.state)
        self.between()

    def point(self, name: str) -> None:
        """A moment at which the coordinator may be killed, if there is one."""
        self.points += self.life is not None
        if self.points == self.crash_at and self.life:
            raise Crash(name)

    def gone(self, forgets: Callable[[Process], bool] = lambda _: True) -> None:
        """No coordinator is left: a request that custody has not begun is on its way still, or forgotten."""
        self.life = self.other = None
        self.crash_at = self.interrupts = 0
        self.git.unticked.clear()
        for fence in [f for f, p in self.processes.items() if p.state == "asked" and forgets(p)]:
            del self.processes[fence]

    # -- what happens by itself

    def pass_time(self, seconds: float) -> None:
        """Time goes by."""
        self.now += seconds
        self.true += seconds

    def alive(self) -> list[Process]:
        """The processes that are not over, oldest first."""
        return [process for process in self.processes.values() if process.state != "over"]

    def begin(self, process: Process) -> None:
        """A custodian starts what it was asked for."""
        self.point("before the fork")
        process.state = "running"
        process.runs += 1
        self.oracle.begun(process)
        self._tell(Started(process.attempt.fence, process.attempt.fence, self.now))
        self.point("after the start record")

    def finish(self, process: Process, exit_: Exit) -> None:
        """A process is over, and its tree with it."""
        self.point("before the exit record")
        process.state, process.exit = "over", exit_
        self._tell(Ended(process.attempt.fence, exit_))
        self.point("after the exit record")

    def _tell(self, fact: Started | Ended) -> None:
        for life in (self.life, self.other):
            if life and fact.fence in life.watched:
                life.hear(fact)

    def end(self, process: Process, left: Claim | Mapping[str, Any] | None, code: int = 0) -> None:
        """A process ends with what it leaves; one that is being stopped ends by the signal."""
        attempt = process.attempt
        if isinstance(left, Mapping):
            merged = attempt.purpose == "merge" and self.git.holds(attempt.task, attempt.attempt)
            left = dict(GOOD if merged else left)
            if left["ok"] and attempt.purpose == "setup":
                self.git.trees.add(attempt.task)
            if attempt.purpose == "merge":
                self._merge(process, left)
            self.oracle.truth(attempt, left)
        process.left = left
        stopped = bool(process.cause)
        self.finish(process, Exit(None, 15, False, process.cause) if stopped else Exit(code))

    def _merge(self, process: Process, left: dict[str, Any]) -> None:
        """Merge a task and, of those that are merged with it, as many as `lands` says; it may blame the next one."""
        attempt, git = process.attempt, self.git
        train = self.trains[attempt.fence]
        more = [each for each in train if not git.holds(*each)]
        count, blamed = self.lands(len(more)) if left["ok"] else (0, False)
        if left["ok"]:
            git.merge(attempt.task, attempt.attempt)
        for each in more[:count]:
            git.merge(*each)
        process.also = {task: dict(GOOD) for task, number in train if git.holds(task, number)}
        for answer in (left, *process.also.values()):
            answer["commit"] = git.head() if answer["ok"] else ""
        if blamed and count < len(more):
            process.also[more[count][0]] = {**GOOD, "ok": False, "error": f"it breaks {attempt.task}"}

    def lose(self, process: Process, *, moved: bool = False) -> None:
        """Custody is killed with the process; a merge may have `moved` the branch before."""
        attempt = process.attempt
        if moved and attempt.purpose == "merge" and attempt.task in self.oracle.checked:
            self._merge(process, dict(GOOD))
            process.also = {}
        self.finish(process, Exit(None, None, True, process.cause))

    def ask(self, verb: str, task: str) -> None:
        """A person wishes something."""
        data = self.oracle.held.get(task, {}) if verb == "accept" else {"text": "so"} if verb == "answer" else {}
        self.oracle.wished(self.store.request(self.now, "r1", verb, task, data), verb, task)
