"""The coordinator's side of custody: what runs, what has ended, and what to do when a custodian is gone."""

import os
import select
import signal
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from branchline.errors import BranchlineError
from branchline.model.run import Exit
from branchline.proc import cgroup, linux
from branchline.proc.pool import CUSTODIAN, LOG, Channel, Ended, Guard, Spawn, Started, launch, reap_guards
from branchline.proc.table import Record, Table
from branchline.proc.worker import NOT_STARTED

LAUNCHES = 10  # guards in a row of which no custodian was ever ready
STRIKES = 3  # guards whose custodians may end with one fence in their hands before they started it
LONGEST = 3600.0  # seconds of one wait: epoll counts milliseconds in 31 bits


class Custody:
    """All attempts of one run folder; the folder exists and belongs to one coordinator at a time.

    Not for several threads. Custodians and workers outlive this object and this process.
    """

    def __init__(self, folder: Path, slots: int, program: Path = CUSTODIAN) -> None:
        self._program = program
        self._folder = folder.absolute()
        self._slots = slots
        self._table = Table(self._folder)
        cgroup.sweep(os.fsencode(self._folder))
        self._epoll = select.epoll()
        self._queue: OrderedDict[int, Spawn] = OrderedDict()
        self._guards: dict[int, Guard] = {}
        self._channels: dict[int, Channel] = {}
        self._free: list[Channel] = []
        self._running: dict[int, Channel] = {}
        self._adopted: dict[int, int] = {}  # fence -> pidfd of its custodian
        self._stops: dict[int, str] = {}  # causes of stops of what is not over
        self._over: set[int] = set()
        self._events: list[Started | Ended] = []
        self._failures: defaultdict[int, set[Guard]] = defaultdict(set)  # whose custodians ended with a fence in hand
        self._strikes = 0

    @classmethod
    def open(cls, folder: Path, slots: int, program: Path = CUSTODIAN) -> "Custody":
        """Start one guard and `slots` custodians, which come up while the caller goes on."""
        custody = cls(folder, slots, program)
        custody._launch(slots)
        return custody

    # -- what the caller asks

    def start(self, spawn: Spawn) -> None:
        """Start one process as soon as a custodian is free; its intent is durable already.

        Raises nothing: what cannot be started has ended, with code 127 and the reason in its output or its cause. A
        fence that this object has seen is not started again.
        """
        if not self._knows(spawn.fence):
            self._table.reserve(spawn.fence)
            self._queue[spawn.fence] = spawn
            self._pump()

    def stop(self, fence: int, grace: float, cause: str) -> None:
        """TERM to the whole tree of one attempt, KILL after `grace` seconds; `cause` goes into its exit as it is.

        One that has not started never will; one that is over stays as it is.
        """
        if fence in self._over:
            return
        self._stops.setdefault(fence, cause)
        if channel := self._running.get(fence):
            channel.stream.send(("stop", fence, float(grace), str(cause)))  # nobody there: settled at its end
        elif self._is_ending(fence):
            return
        elif fence in self._adopted or self._look(fence) == "running":
            self._signal_custodian(fence, grace, cause)
        elif fence not in self._over:
            self._forfeit(fence, grace, cause)

    def adopt(self, fences: Iterable[int]) -> dict[int, str]:
        """What became of attempts that a former coordinator asked for: running, ended, unstarted or lost.

        Running ones are watched, ended and lost ones are reported by `poll`. What is left of a lost one is ended
        first. An unstarted one may be requested again under the same fence. Raises LockedError when one runs under a
        process that cannot be seen from here.
        """
        found = {fence: "running" if fence in self._running else self._look(fence) for fence in fences}
        self._table.settle_boot()
        return found

    def keeper(self, fence: int) -> int:
        """The pid of the process that has an attempt in custody, 0 when none has."""
        return self._table.holder(fence)

    def poll(self, timeout: float, extra: Sequence[int] = ()) -> list[Started | Ended]:
        """What happened, waiting up to `timeout` seconds; early, perhaps with nothing, when one of `extra` is readable.

        Every Ended is reported once. Raises BranchlineError when no custodian can be started.
        """
        self._table.attend()  # each time: while two coordinators contend for a folder, only one of them holds it
        self._pump()
        os.sched_yield()  # who waits for our processor may end meanwhile: to act on two ends at once costs less than twice
        with self._also(extra):
            for handle, _ in self._epoll.poll(0.0 if self._events else min(max(0.0, timeout), LONGEST)):
                self._hear(handle)
        self._pump()
        if self._is_broken() and not self._events:
            raise BranchlineError(f"the keepers of workers do not start; the reason stands in {self._folder / LOG}")
        events, self._events = self._events, []
        return events

    def close(self) -> None:
        """Let go of everything; workers stay in custody and their exits go into the table."""
        if self._epoll.closed:
            return
        for stream in [guard.stream for guard in self._guards.values()] + [c.stream for c in self._channels.values()]:
            stream.close()
        for handle in self._adopted.values():
            os.close(handle)
        for collection in (self._guards, self._channels, self._adopted, self._running, self._queue, self._free):
            collection.clear()
        self._epoll.close()
        self._table.close()
        reap_guards()

    def __enter__(self) -> "Custody":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- the pool

    def _launch(self, count: int) -> None:
        guard = launch(self._folder, count, self._program)
        self._guards[guard.stream.fileno()] = guard
        self._epoll.register(guard.stream.fileno(), select.EPOLLIN)
        for channel in guard.channels.values():
            self._channels[channel.stream.fileno()] = channel
            self._epoll.register(channel.stream.fileno(), select.EPOLLIN)
            self._free.append(channel)

    def _pump(self) -> None:
        """Give waiting jobs to free custodians, and replace custodians that died."""
        while self._queue and not self._is_broken():
            missing = self._slots - len(self._channels)
            if not self._free and missing > 0:
                self._launch(missing)
            if not self._free:
                return
            self._hand_over(self._free.pop(0), self._queue.popitem(last=False)[1])

    def _hand_over(self, channel: Channel, spawn: Spawn) -> None:
        try:
            message = spawn.message()
        except ValueError as error:  # a text that cannot be written in the file system's encoding
            self._free.insert(0, channel)
            self._fail(spawn.fence, f"could not start: {error}")
            return
        if channel.stream.send(message):
            channel.job = spawn
            self._running[spawn.fence] = channel
        else:
            self._requeue(spawn)
            self._lose(channel)

    def _requeue(self, spawn: Spawn) -> None:
        self._queue[spawn.fence] = spawn
        self._queue.move_to_end(spawn.fence, last=False)

    def _hear(self, handle: int) -> None:
        if channel := self._channels.get(handle):
            self._hear_custodian(channel)
        elif guard := self._guards.get(handle):
            self._hear_guard(guard)
        else:
            self._hear_adopted(handle)

    def _hear_custodian(self, channel: Channel) -> None:
        for message in channel.stream.receive():
            self._obey(channel, message)
        if channel.stream.closed:
            self._lose(channel)

    def _obey(self, channel: Channel, message: tuple[Any, ...]) -> None:
        kind, *rest = message
        if kind == "ready":
            channel.ready = True
            self._strikes = 0
        elif kind == "started":
            self._events.append(Started(*rest))
        elif kind == "ended":
            fence, code, number, cause = rest
            self._release(channel)
            self._end(fence, Exit(code, number, False, cause))
        elif kind == "refused" and (spawn := self._release(channel)):
            fence, reason = rest
            if reason:
                self._fail(fence, reason)
            else:
                self._settle(spawn)

    def _release(self, channel: Channel) -> Spawn | None:
        """The job a custodian had; it is free for the next one."""
        spawn, channel.job = channel.job, None
        if spawn:
            self._running.pop(spawn.fence, None)
            self._free.append(channel)
        return spawn

    def _lose(self, channel: Channel) -> None:
        """A custodian is gone: its job is settled as soon as its guard has ended what it left."""
        self._forget(self._channels, channel.stream.fileno())
        channel.stream.close()
        channel.guard.channels.pop(channel.place)
        if channel in self._free:
            self._free.remove(channel)
        self._strikes += not channel.ready
        if spawn := channel.job:
            self._running.pop(spawn.fence, None)
            if channel.ready:
                self._failures[spawn.fence].add(channel.guard)
            if channel.guard.stream.closed:
                self._settle(spawn)
            else:
                channel.guard.ending[channel.place] = spawn

    def _is_broken(self) -> bool:
        return self._strikes >= LAUNCHES * self._slots

    def _hear_guard(self, guard: Guard) -> None:
        messages = guard.stream.receive()
        for _, place in messages:
            if channel := guard.channels.get(place):
                self._hear_custodian(channel)  # dead: what it said last comes before what became of its job
            if channel := guard.channels.get(place):
                self._lose(channel)  # a worker it was just starting may still hold its end of the stream
            if spawn := guard.ending.pop(place, None):
                self._settle(spawn)
        if guard.stream.closed:
            self._lose_guard(guard)

    def _lose_guard(self, guard: Guard) -> None:
        """Its custodians end what they have and go; what it was still ending is ours to end."""
        self._forget(self._guards, guard.stream.fileno())
        guard.stream.close()
        while guard.ending:
            self._settle(guard.ending.popitem()[1])
        reap_guards()

    def _forget(self, collection: dict[int, Any], handle: int) -> None:
        del collection[handle]
        self._epoll.unregister(handle)

    # -- attempts without a socket

    def _look(self, fence: int) -> str:
        """What the kernel and the table say of one attempt; what can be reported or watched is from now on."""
        while True:
            before = self._table.read(fence)
            if before.exit:
                self._end(fence, before.exit)
                return "ended"
            holder = self._table.holder(fence)
            if holder:
                if self._adopt(fence, holder):
                    return "running"
                continue
            record = self._table.read(fence)
            if record != before:  # it has started or ended while we asked for its holder
                continue
            if not record.used and not self._table.rebooted:
                return "unstarted"
            if survivor := self._end_rest(record):
                if self._watch(fence, survivor):
                    return "running"  # it cannot be ended: to call it lost would let a second one start beside it
            elif self._close(fence, Exit(None, None, True, self._stops.get(fence, ""))):
                return "lost"

    def _adopt(self, fence: int, holder: int) -> bool:
        """Watch a custodian that is not ours; False when it has let go meanwhile."""
        if fence in self._adopted:
            return True
        if not self._watch(fence, holder):
            return False
        if self._table.holder(fence) != holder:  # the pid may be another process by now
            self._drop_adopted(fence)
            return False
        if (start := self._table.read(fence).start) and start.worker:
            self._events.append(Started(fence, start.worker, start.at))
        return True

    def _watch(self, fence: int, pid: int) -> bool:
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            return False
        self._adopted[fence] = handle
        self._epoll.register(handle, select.EPOLLIN)
        return True

    def _hear_adopted(self, handle: int) -> None:
        """An adopted custodian has gone: its job is over, one way or the other."""
        for fence, each in list(self._adopted.items()):
            if each == handle:
                self._drop_adopted(fence)
                if self._look(fence) == "unstarted":  # it was called running: somebody waits for its end
                    self._close(fence, Exit(None, None, True, self._stops.get(fence, "")))

    def _drop_adopted(self, fence: int) -> None:
        handle = self._adopted.pop(fence)
        self._epoll.unregister(handle)
        os.close(handle)
        self._stop_file(fence).unlink(missing_ok=True)

    def _end_rest(self, record: Record) -> int:
        """End what is left of a lost attempt; the pid of what cannot be ended, 0 when there is nothing of the kind."""
        start = record.start
        if start and start.boot == linux.boot_id():
            cgroup.end(os.fsencode(self._folder), start.custodian)
            return linux.end_tree(start.worker, start.ticks, start.mark)
        return 0

    def _settle(self, spawn: Spawn) -> None:
        """A job whose custodian is gone or has refused it: ended, in other hands, lost, or to be requested again."""
        fence = spawn.fence
        if self._look(fence) != "unstarted":
            return
        if fence in self._stops:
            self._forfeit(fence, 0.0, self._stops[fence])
        elif len(self._failures[fence]) >= STRIKES:
            self._fail(fence, f"custodians of {STRIKES} guards ended before they started it; see {LOG}")
        else:
            self._requeue(spawn)

    def _forfeit(self, fence: int, grace: float, cause: str) -> None:
        """Use up a fence that never started; when it starts at this very moment, stop it."""
        self._queue.pop(fence, None)
        if not self._close(fence, Exit(None, None, False, cause), unused=True):
            self.stop(fence, grace, cause)

    def _fail(self, fence: int, reason: str) -> None:
        """Use up a fence whose process cannot be started; on a disk too full for that, its end is only reported."""
        end = Exit(NOT_STARTED, None, False, reason)
        try:
            while not self._close(fence, end, unused=True) and self._look(fence) == "unstarted":
                pass
        except OSError:
            self._end(fence, end)

    def _close(self, fence: int, end: Exit, unused: bool = False) -> bool:
        """Make an end final and report it; False when the fence is in custody or has ended otherwise."""
        if not self._table.close_fence(fence, end, unused):
            return False
        self._end(fence, self._table.read(fence).exit or end)
        return True

    def _stop_file(self, fence: int) -> Path:
        return self._folder / f"stop.{fence}"

    def _signal_custodian(self, fence: int, grace: float, cause: str) -> None:
        """Stop an adopted attempt: grace and cause in a file, then a signal by pidfd, which cannot hit a stranger."""
        path = self._stop_file(fence)
        draft = path.with_name(f"{path.name}.{os.getpid()}")  # others may be stopped by others at this moment
        draft.write_text(f"{float(grace)}\n{cause}", encoding="utf-8")
        draft.replace(path)  # the custodian may be reading the one of a former stop
        with suppress(ProcessLookupError, PermissionError):
            signal.pidfd_send_signal(self._adopted[fence], signal.SIGTERM)

    # -- small things

    def _knows(self, fence: int) -> bool:
        known = fence in self._over or fence in self._running or fence in self._adopted or fence in self._queue
        return known or self._is_ending(fence)

    def _is_ending(self, fence: int) -> bool:
        return any(spawn.fence == fence for guard in self._guards.values() for spawn in guard.ending.values())

    def _end(self, fence: int, end: Exit) -> None:
        self._stops.pop(fence, None)
        if fence not in self._over:
            self._over.add(fence)
            self._events.append(Ended(fence, end))

    @contextmanager
    def _also(self, extra: Sequence[int]) -> Iterator[None]:
        handles = set(extra)
        for handle in handles:
            self._epoll.register(handle, select.EPOLLIN)
        try:
            yield
        finally:
            for handle in handles:
                self._epoll.unregister(handle)
