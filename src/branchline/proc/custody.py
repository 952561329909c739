"""The coordinator's side of custody: what runs, what has ended, and what to do when a custodian is gone."""

import os
import select
import signal
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from branchline.errors import BranchlineError
from branchline.model.run import Exit
from branchline.proc import linux
from branchline.proc.pool import Channel, Guard, Spawn, launch, reap_guards
from branchline.proc.table import Record, Table
from branchline.proc.worker import NOT_STARTED

LONGEST_WAIT = 3600.0  # seconds; the kernel counts them in milliseconds, and not for ever
STRIKES = 3  # guards that may end before one of their custodians was ready


class Started(NamedTuple):
    """A worker runs; `at` is seconds since the epoch."""

    fence: int
    pid: int
    at: float


class Ended(NamedTuple):
    """An attempt is over, its process tree is gone, and its exit is durable."""

    fence: int
    exit: Exit


class Custody:
    """All attempts of one run folder; the folder exists and belongs to one coordinator at a time.

    Not for several threads. Custodians and workers outlive this object and this process.
    """

    def __init__(self, folder: Path, slots: int) -> None:
        self._folder = folder
        self._slots = slots
        self._table = Table(folder)
        self._epoll = select.epoll()
        self._queue: OrderedDict[int, Spawn] = OrderedDict()
        self._guards: dict[int, Guard] = {}
        self._channels: dict[int, Channel] = {}
        self._free: list[Channel] = []
        self._running: dict[int, Channel] = {}
        self._adopted: dict[int, int] = {}  # fence -> pidfd of its custodian
        self._stops: dict[int, str] = {}  # fence -> cause, for the case that its custodian cannot record it
        self._over: set[int] = set()
        self._events: list[Started | Ended] = []
        self._strikes = 0

    @classmethod
    def open(cls, folder: Path, slots: int) -> "Custody":
        """Start one guard and `slots` custodians, which come up while the caller goes on."""
        custody = cls(folder, slots)
        custody._launch(slots)
        return custody

    # -- what the caller asks

    def start(self, spawn: Spawn) -> None:
        """Start one process as soon as a custodian is free; its intent is durable already.

        A fence that this object has seen is not started again.
        """
        if not self._knows(spawn.fence):
            self._queue[spawn.fence] = spawn
            self._pump()

    def stop(self, fence: int, grace: float, cause: str) -> None:
        """TERM to the whole tree of one attempt, KILL after `grace` seconds; `cause` goes into its exit as it is.

        One that has not started never will; one that is over stays as it is.
        """
        if fence in self._over:
            return
        self._stops.setdefault(fence, cause)
        channel = self._running.get(fence)
        if channel:
            channel.stream.send(
                ("stop", fence, float(grace), str(cause))
            )  # nobody there: it is settled with its channel
        elif self._is_ending(fence):
            return
        elif fence in self._adopted or self._look(fence) == "running":
            self._signal_custodian(fence, grace, cause)
        elif fence not in self._over:
            self._forfeit(fence, grace, cause)

    def adopt(self, fences: Iterable[int]) -> dict[int, str]:
        """What became of attempts that a former coordinator asked for: running, ended, unstarted or lost.

        Running ones are watched, ended and lost ones are reported by `poll`. What is left of a lost one is ended
        first. An unstarted one may be requested again under the same fence.
        """
        found = {fence: self._look(fence) for fence in fences}
        self._table.settle_boot()
        return found

    def poll(self, timeout: float, extra: Sequence[int] = ()) -> list[Started | Ended]:
        """What happened, waiting up to `timeout` seconds; early, perhaps with nothing, when one of `extra` is readable.

        Every Ended is reported once. Raises BranchlineError when no custodian can be started.
        """
        self._pump()
        wait = 0.0 if self._events else min(max(0.0, timeout), LONGEST_WAIT)
        with self._also(extra):
            for handle, _ in self._epoll.poll(wait):
                self._hear(handle)
        self._pump()
        events, self._events = self._events, []
        return events

    def close(self) -> None:
        """Let go of everything; workers stay in custody and their exits go into the table."""
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
        guard = launch(self._folder, count)
        self._guards[guard.stream.fileno()] = guard
        self._epoll.register(guard.stream.fileno(), select.EPOLLIN)
        for channel in guard.channels.values():
            self._channels[channel.stream.fileno()] = channel
            self._epoll.register(channel.stream.fileno(), select.EPOLLIN)
            self._free.append(channel)

    def _pump(self) -> None:
        """Give waiting jobs to free custodians, and replace custodians that died."""
        missing = self._slots - len(self._channels)
        if self._queue and missing > 0:
            self._launch(missing)
        while self._queue and self._free:
            channel = self._free.pop(0)
            fence, spawn = self._queue.popitem(last=False)
            channel.job = spawn
            self._running[fence] = channel
            if not channel.stream.send(spawn.message()):
                self._lose(channel)

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
            self._refused(spawn, rest[1])

    def _refused(self, spawn: Spawn, why: str) -> None:
        """In other hands or used: see whose. Anything else (a full disk) is the end of this attempt."""
        if why in ("held", "used"):
            self._settle(spawn)
        else:
            self._end(spawn.fence, Exit(NOT_STARTED, cause=why))

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
        self._strike(channel)
        if spawn := channel.job:
            self._running.pop(spawn.fence, None)
            if channel.guard.stream.closed:
                self._settle(spawn)
            else:
                channel.guard.ending[channel.place] = spawn

    def _strike(self, channel: Channel) -> None:
        if channel.ready:
            return
        self._strikes += 1
        if self._strikes >= STRIKES * self._slots:
            log = self._folder / "custody.log"
            raise BranchlineError(f"the processes that watch over workers do not start; the reason stands in {log}")

    def _hear_guard(self, guard: Guard) -> None:
        messages = guard.stream.receive()
        for _, place in messages:
            if channel := guard.channels.get(place):
                self._hear_custodian(channel)  # dead: what it said last comes before what became of its job
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
            if end := self._table.read(fence).exit:
                self._end(fence, end)
                return "ended"
            holder = self._table.holder(fence)
            if holder:
                if self._adopt(fence, holder):
                    return "running"
                continue
            record = self._table.read(fence)
            if record.exit:
                continue
            if not record.used and not self._table.rebooted:
                return "unstarted"
            if self._bury(fence, record):
                return "lost"

    def _adopt(self, fence: int, holder: int) -> bool:
        """Watch a custodian that is not ours; False when it has let go meanwhile."""
        if fence in self._adopted or fence in self._running:
            return True
        try:
            handle = os.pidfd_open(holder)
        except ProcessLookupError:
            return False
        if self._table.holder(fence) != holder:  # the pid may be another process by now
            os.close(handle)
            return False
        self._adopted[fence] = handle
        self._epoll.register(handle, select.EPOLLIN)
        return True

    def _hear_adopted(self, handle: int) -> None:
        """An adopted custodian has gone: its job is over, one way or the other."""
        for fence, each in list(self._adopted.items()):
            if each == handle:
                self._drop_adopted(fence)
                self._look(fence)
                self._stop_file(fence).unlink(missing_ok=True)

    def _drop_adopted(self, fence: int) -> None:
        handle = self._adopted.pop(fence, None)
        if handle is not None:
            self._epoll.unregister(handle)
            os.close(handle)

    def _bury(self, fence: int, record: Record) -> bool:
        """End what is left of a lost attempt and make its end final; False when it is not lost after all."""
        start = record.start
        if start and start.boot == linux.boot_id():
            linux.end_tree(start.worker, start.ticks, start.mark)
        end = Exit(None, None, True, self._stops.get(fence, ""))
        if not self._table.close_fence(fence, end):
            return False
        self._end(fence, end)
        return True

    def _settle(self, spawn: Spawn) -> None:
        """A job whose custodian is gone or has refused it: ended, in other hands, lost, or to be requested again."""
        if self._look(spawn.fence) != "unstarted":
            return
        if spawn.fence in self._stops:
            self._forfeit(spawn.fence, 0.0, self._stops[spawn.fence])
        else:
            self._queue[spawn.fence] = spawn
            self._queue.move_to_end(spawn.fence, last=False)

    def _forfeit(self, fence: int, grace: float, cause: str) -> None:
        """Use up a fence that never started; when it starts at this very moment, stop it."""
        self._queue.pop(fence, None)
        end = Exit(None, None, False, cause)
        if self._table.close_fence(fence, end):
            self._end(fence, end)
        else:
            self.stop(fence, grace, cause)

    def _signal_custodian(self, fence: int, grace: float, cause: str) -> None:
        """Stop an adopted attempt: grace and cause in a file, then a signal by pidfd, which cannot hit a stranger."""
        self._stop_file(fence).write_text(f"{float(grace)}\n{cause}", encoding="utf-8")
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._adopted[fence], signal.SIGTERM)

    # -- small things

    def _stop_file(self, fence: int) -> Path:
        return self._folder / f"stop.{fence}"

    def _knows(self, fence: int) -> bool:
        known = (self._over, self._running, self._adopted, self._queue)
        return any(fence in each for each in known) or self._is_ending(fence)

    def _is_ending(self, fence: int) -> bool:
        return any(spawn.fence == fence for guard in self._guards.values() for spawn in guard.ending.values())

    def _end(self, fence: int, end: Exit) -> None:
        self._stops.pop(fence, None)
        if fence not in self._over:
            self._over.add(fence)
            self._events.append(Ended(fence, end))

    @contextmanager
    def _also(self, extra: Sequence[int]) -> Iterator[None]:
        for handle in extra:
            self._epoll.register(handle, select.EPOLLIN)
        try:
            yield
        finally:
            for handle in extra:
                self._epoll.unregister(handle)
