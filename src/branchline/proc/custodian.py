"""The small processes that own workers: one guard, and one custodian for each slot.

Started as `python -I -S custodian.py FOLDER GUARD_FD SLOT_FD...`, each descriptor one end of a stream socket pair whose
other end the coordinator holds. The guard forks the custodians, is the subreaper above them, and ends what a killed one
leaves. A custodian takes one job at a time, owns its whole process tree, and writes its exit into the table before it
tells anybody; many exits share a sync, for a coordinator makes them durable itself before it acts on them. Coordinator
gone: it finishes its job, records it and leaves. Guard gone: it ends its job and leaves.

Standard library only, few imports: every byte is paid for in each slot. What it shares with the coordinator stands in
`cgroup.py`, `frames.py`, `linux.py`, `records.py` and `worker.py`, which it finds beside itself because -I leaves its
own folder off the path.
"""

from __future__ import annotations

import gc
import os
import select
import sys
import time

TYPE_CHECKING = False  # importing typing would cost the custodian more than all else it imports
if TYPE_CHECKING:
    import signal
    from typing import Any
else:
    import _signal as signal  # the plain one: `signal` brings enum, and 120 kB of each slot

if __package__:  # for type checkers and the contracts on imports; started, it is a plain file
    from branchline.proc import cgroup, frames, linux, records, worker
else:
    sys.path.append(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - pathlib is not small
    import cgroup  # type: ignore[import-not-found,no-redef]
    import frames  # type: ignore[import-not-found,no-redef]
    import linux  # type: ignore[import-not-found,no-redef]
    import records  # type: ignore[import-not-found,no-redef]
    import worker  # type: ignore[import-not-found,no-redef]

ORPHANED = signal.SIGUSR2  # sent by the kernel when the guard dies
HEARD = (signal.SIGCHLD, signal.SIGTERM, ORPHANED)
INSIST = 0.1  # seconds between two rounds of KILL
SOON = 2.0  # seconds that an exit may stand in the page cache alone while a coordinator is there to make it durable
ROUNDS = 16  # after eight calls the interpreter rewrites a function's code for good
LONGEST = 3600.0  # seconds of one wait: poll counts milliseconds in 31 bits


class Custodian:
    """One slot; `control` is its end of the socket to the coordinator."""

    def __init__(self, folder: bytes, control: int) -> None:
        self.folder = folder
        self.control = control
        self.connected = True
        self.orphaned = False
        self.job: worker.Job | None = None
        self.received = b""
        self.inbox: list[tuple[Any, ...]] = []
        self.strangers: set[int] = set()
        self.sync_at: float | None = None
        self.boot = linux.boot_id()
        # closing any descriptor of the lock file drops this process's locks: opened once, never closed
        self.lock = open_private(folder, records.LOCK)
        self.table = open_private(folder, records.TABLE)
        self.wake = hear_signals()
        self.poller = select.poll()
        self.poller.register(control, select.POLLIN)
        self.poller.register(self.wake, select.POLLIN)

    def serve(self) -> None:
        """Take jobs until the coordinator or the guard is gone; what was asked before the coordinator went is done."""
        self.tell("ready", os.getpid())
        while self.connected and not self.orphaned:
            self.listen(self.sync_at)
            while self.inbox and not self.orphaned:
                message = self.inbox.pop(0)
                if message[0] == "start":
                    self.attempt(worker.Job(*message[1:]))
        self.sync()

    # -- one attempt

    def attempt(self, job: worker.Job) -> None:
        """Run one job from its lock to its recorded exit, or say why it is refused."""
        if not linux.take_lock(self.lock, job.fence):
            self.tell("refused", job.fence, "")
            return
        refusal = self.claim(job)
        if refusal is not None:
            linux.drop_lock(self.lock, job.fence)
            self.tell("refused", job.fence, refusal)
            return
        self.job = job
        if self.strangers:  # a pid may have become another process since
            self.strangers &= set(linux.descendants(os.getpid()))
        if self.begin(job):
            self.watch(job)
        self.finish(job)
        self.job = None

    def claim(self, job: worker.Job) -> str | None:
        """Use up a fence that nobody ever used; "" when somebody did, and the reason when its record cannot be written.

        The record comes before the worker: a disk too full for it starts nothing.
        """
        if os.pread(self.table, records.SIZE, records.place(job.fence)).strip(b"\0"):
            return ""
        try:
            self.record_start(job)
        except OSError as error:
            return f"could not record the start: {error.strerror}"
        return None

    def begin(self, job: worker.Job) -> bool:
        """Start the worker and record its pid; False when it could not be started."""
        before = linux.now()
        try:
            job.worker = worker.spawn(job)
        except (OSError, ValueError, TypeError) as error:
            job.status = worker.NOT_STARTED << 8
            job.cause = records.short(worker.explain(job, error))
            return False
        finally:
            os.chdir(b"/")
        # to read when it started takes as long as all else of a record, and mostly there is only one answer
        job.ticks = before if before == linux.now() else linux.start_time(job.worker)
        self.record_start(job)
        self.tell("started", job.fence, job.worker, job.at)
        return True

    def record_start(self, job: worker.Job) -> None:
        """The page cache is enough: it survives every kill, and after a reboot no worker is left to be found."""
        part = records.start_part(os.getpid(), job.worker, job.ticks, self.boot, job.mark, job.at)
        os.pwrite(self.table, part, records.place(job.fence))

    def watch(self, job: worker.Job) -> None:
        """Until the worker has ended; when it is being stopped, until its tree has ended or the grace is over."""
        while job.status is None or (job.cause and self.tree()):
            while self.inbox:
                message = self.inbox.pop(0)  # a slot that has a job is sent nothing but stops
                if message[0] == "stop" and message[1] == job.fence:
                    self.stop(job, message[2], message[3])
            self.hurry(job)
            self.listen(self.next_due(job))

    def next_due(self, job: worker.Job) -> float | None:
        """When something is to be done even though nothing happens: a limit, a sync, a look at a log, or at who is there."""
        due = [job.deadline, self.sync_at, job.next_look if job.cap else None, job.next_round if job.lease else None]
        return min((moment for moment in due if moment is not None), default=None)

    def hurry(self, job: worker.Job) -> None:
        """What is due: a look at the logs; when the deadline has passed first the wall limit, then the end of the grace."""
        if job.cap and time.monotonic() >= job.next_look and worker.measure(job) and not job.cause:
            self.stop(job, job.grace, "output: more than %d MB were written" % (job.limit >> 20))  # noqa: UP031 - no format machinery
        if job.lease and time.monotonic() >= job.next_round and not job.cause:
            self.look_round(job)
        if job.deadline is None or time.monotonic() < job.deadline:
            return
        if not job.cause:
            self.stop(job, job.grace, "timeout")
        else:
            self.signal_tree(signal.SIGKILL)
            job.deadline = time.monotonic() + INSIST

    def look_round(self, job: worker.Job) -> None:
        """A job on a lease is stopped when two looks in a row find no coordinator: ours, or one that came after it."""
        job.next_round = time.monotonic() + job.lease / 2
        before, job.alone = job.alone, not linux.lock_holder(self.lock, records.WATCHED)
        if before and job.alone:
            self.stop(job, job.grace, worker.ALONE)

    def stop(self, job: worker.Job, grace: float, cause: str) -> None:
        """TERM to every process of the tree; a second call can only shorten the grace."""
        until = time.monotonic() + grace
        if job.cause:
            job.deadline = until if job.deadline is None else min(job.deadline, until)
            return
        job.cause = records.short(cause) or "stopped"
        job.deadline = until
        if grace > 0:
            self.signal_tree(signal.SIGTERM, self.walls(job))
            self.signal_tree(signal.SIGCONT)  # a stopped process would sleep through its TERM

    def tree(self) -> list[int]:
        """Every process below this one that may be signalled."""
        return [pid for pid in linux.descendants(os.getpid()) if pid not in self.strangers]

    def walls(self, job: worker.Job) -> frozenset[int]:
        """The processes that make a worker's sandbox: when they end, nobody inside has the time to end by itself."""
        walls, level = [], [job.worker]
        for _ in range(job.boxed):
            walls += level
            level = [child for each in level for child in linux.children(each)]
        return frozenset(walls)

    def signal_tree(self, number: int, spared: frozenset[int] = frozenset()) -> None:
        """Signal all of the tree; what is not ours to signal is no longer waited for."""
        self.strangers.update(pid for pid in self.tree() if pid not in spared and not linux.send(pid, number))

    def finish(self, job: worker.Job) -> None:
        """End what is left of the tree, then record the exit, then tell; the sync comes soon."""
        linux.kill_children(self.strangers)
        if job.cap:
            worker.measure(job)
        code, number = worker.outcome(job.status or 0, job.boxed)
        part = records.exit_part(code, number, False, time.time(), job.cause)
        os.pwrite(self.table, part, records.place(job.fence) + records.START_SIZE)
        self.sync_at = self.sync_at or time.monotonic() + SOON
        linux.drop_lock(self.lock, job.fence)
        self.tell("ended", job.fence, code, number, job.cause)

    def sync(self) -> None:
        """Make the exits durable that are not yet."""
        if self.sync_at:
            os.fdatasync(self.table)
            self.sync_at = None

    # -- messages and signals

    def listen(self, deadline: float | None) -> None:
        """Wait until something happens or the deadline (monotonic seconds) passes; what was asked is in the inbox."""
        wait = None if deadline is None else min(max(0.0, deadline - time.monotonic()), LONGEST) * 1000 + 1
        for handle, _ in self.poller.poll(wait):
            if handle == self.wake:
                self.read_signals()
            else:
                self.read_messages()
        if self.sync_at and time.monotonic() >= self.sync_at:
            self.sync()

    def read_messages(self) -> None:
        """Take the whole frames that have arrived; the end of the stream means that the coordinator is gone."""
        chunk = receive(self.control)
        if not chunk:
            self.connected = False
            self.poller.unregister(self.control)
            self.sync()
        messages, self.received = frames.unframe(self.received + chunk)
        self.inbox += messages

    def read_signals(self) -> None:
        """Reap what has ended, and turn the signals that ask for something into messages."""
        numbers = set(os.read(self.wake, 512))
        if signal.SIGCHLD in numbers:
            self.reap()
        if ORPHANED in numbers:
            self.orphaned = True
            if self.job:
                self.inbox.append(("stop", self.job.fence, 0.0, "stopped: the guard was killed"))
        if signal.SIGTERM in numbers:
            self.stop_by_signal()

    def stop_by_signal(self) -> None:
        """A new coordinator has no socket to us: it leaves grace and cause in a file, and sends a signal."""
        if self.job is None:
            self.connected = False
            return
        path = os.path.join(self.folder, b"stop.%d" % self.job.fence)  # noqa: PTH118 - pathlib is not small
        self.inbox.append(("stop", self.job.fence, *worker.read_stop(path)))

    def reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            self.strangers.discard(pid)
            if self.job and pid == self.job.worker:
                self.job.status = status

    def tell(self, *message: Any) -> None:
        """Send one message; nobody there is no trouble: the table says the same, and what was asked is still read."""
        try:
            os.write(self.control, frames.frame(message))
        except OSError:
            return


# -- plumbing


def receive(handle: int) -> bytes:
    try:
        return os.read(handle, 1 << 14)
    except ConnectionError:
        return b""


def open_private(folder: bytes, name: str) -> int:
    return os.open(os.path.join(folder, name.encode()), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)  # noqa: PTH118 - pathlib takes no bytes


def hear_signals() -> int:
    """Let the signals of HEARD arrive as bytes in a pipe, so that one poll waits for them too."""
    wake, bell = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    for number in HEARD:
        signal.signal(number, lambda *_: None)
    signal.set_wakeup_fd(bell, warn_on_full_buffer=False)
    return wake


def custody(folder: bytes, control: int, others: list[int], guard: int) -> None:
    """The life of one custodian after its fork."""
    for handle in others:
        os.close(handle)
    os.setsid()
    linux.become_subreaper()
    custodian = Custodian(folder, control)
    linux.signal_on_parent_death(ORPHANED)
    if os.getppid() == guard:
        custodian.serve()


def fork_custodian(folder: bytes, control: int, others: list[int]) -> int:
    guard = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        custody(folder, control, others, guard)
        status = 0
    except BaseException:  # noqa: BLE001 - the last line of a process: it must not go on as a second guard
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(status)


def keep_watch(folder: bytes, report: int, custodians: dict[int, int]) -> None:
    """The guard: when a custodian is gone, end what it left, then say so; until no custodian is left."""
    while custodians:
        pid, _ = os.waitpid(-1, 0)
        place = custodians.pop(pid, None)
        if place is None:
            continue
        linux.kill_children(set(custodians))
        cgroup.forget(folder, pid)
        try:
            os.write(report, frames.frame(("gone", place)))
        except OSError:
            continue  # the coordinator is gone; the table tells the next one


def close_strays(keep: set[int]) -> None:
    """Close what the coordinator's own parents left open: a pipe held here would never end for its reader."""
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - as above
        try:
            if int(name) not in keep:
                os.close(int(name))
        except OSError:
            continue  # the descriptor of the listing itself


def rehearse() -> None:
    """Run what every attempt runs before the forks: what Python prepares at first use is then shared by all slots."""
    for fence in range(ROUNDS):
        job = worker.Job(fence, [b"/"], {b"PATH": b"/"}, b"/", b"", b"", b"", 1.0, 1.0, 0)
        records.unseal(records.start_part(1, 1, 1, b"", 0, job.at), records.START_SIZE)
        records.exit_part(*worker.outcome(fence), False, time.time(), job.cause)
        frames.unframe(frames.frame(("start", fence, job.argv, job.env)))
        linux.descendants(os.getpid())
        linux.now()


def main(arguments: list[str]) -> None:
    folder = os.fsencode(arguments[0])
    handles = [int(text) for text in arguments[1:]]
    close_strays({0, 1, 2, *handles})
    for handle in handles:
        os.set_inheritable(handle, False)
    os.chdir("/")
    linux.become_subreaper()
    rehearse()
    gc.collect()
    gc.freeze()
    gc.disable()  # a collection would touch, and so copy, every page shared with the guard
    report, *controls = handles
    custodians = {}
    group = cgroup.enter(folder)
    for index, control in enumerate(controls):
        others = [each for each in handles if each != control]
        pid = fork_custodian(folder, control, others)
        custodians[pid] = index
        cgroup.note(folder, pid, group)
    for control in controls:
        os.close(control)
    pids = list(custodians)
    keep_watch(folder, report, custodians)
    cgroup.leave(folder, pids, group)


if __name__ == "__main__":
    main(sys.argv[1:])
