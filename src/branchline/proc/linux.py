"""The calls of custody that only Linux has: prctl, /proc and the owner of a record lock.

Standard library only, and no import of our own: the custodian loads this file by itself.
"""

import ctypes
import errno
import fcntl
import os
import select
import struct
import time
from zlib import crc32

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
else:
    import _signal as signal  # without enum: see custodian.py

LIBC = ctypes.CDLL(None, use_errno=True)  # made once: what a custodian makes for itself is its private memory
HERTZ = os.sysconf("SC_CLK_TCK")
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
FLOCK = "hhqqi4x"  # struct flock: type, whence, start, length, pid
MARKS = (b"BRANCHLINE_ATTEMPT", b"BRANCHLINE_EXIT_FILE", b"BRANCHLINE_RUN_ID", b"BRANCHLINE_TASK_ID")


def become_subreaper() -> None:
    """Make orphans below this process its children, however often they called setsid."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def signal_on_parent_death(number: int) -> None:
    """Ask the kernel for signal `number` when the parent dies; the caller checks that it is still alive."""
    _prctl(PR_SET_PDEATHSIG, number)


def _prctl(option: int, value: int) -> None:
    if LIBC.prctl(option, value, 0, 0, 0):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def boot_id() -> bytes:
    """Eight hexadecimal digits that change with every boot of the machine."""
    return _read("/proc/sys/kernel/random/boot_id")[:8]


def children(pid: int) -> list[int]:
    """The direct children of all threads of `pid`; empty when it is gone."""
    found: list[int] = []
    try:
        threads = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 - pathlib costs the custodian 10 ms
    except OSError:
        return found
    for thread in threads:
        found += [int(child) for child in _read(f"/proc/{pid}/task/{thread}/children").split()]
    return found


def descendants(pid: int) -> list[int]:
    """Everything below `pid`, parents before their children."""
    found = children(pid)
    for each in found:
        found += children(each)  # the list grows while we walk it: breadth first
    return found


def start_time(pid: int) -> int:
    """When `pid` started, in clock ticks since boot; 0 when it is gone. With the pid it names a process for ever."""
    fields = _stat(pid)
    return int(fields[19]) if fields else 0


def now() -> int:
    """This moment as `start_time` tells those of processes."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) * HERTZ // 1_000_000_000


def ticks(pid: int) -> int:
    """Clock ticks of processor that a process and the children it has waited for have used; 0 when it is gone."""
    return sum(map(int, _stat(pid)[11:15]))


def alive(pid: int, ticks: int) -> bool:
    """Whether `pid` still runs and is the process that started at `ticks`; a zombie does not run."""
    fields = _stat(pid)
    return bool(fields) and int(fields[19]) == ticks and fields[0] not in (b"Z", b"X")


def _stat(pid: int) -> list[bytes]:
    """The fields of /proc/<pid>/stat from the state on: the name before it may hold spaces and brackets."""
    return _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()


def _read(path: str) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return b"".join(iter(lambda: os.read(handle, 4096), b""))
    except OSError:  # the process ended between open and read
        return b""
    finally:
        os.close(handle)


def send(pid: int, number: int) -> bool:
    """Signal one process; False when it is not ours to signal. One that is gone counts as signalled."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return True


def kill_children(keep: set[int]) -> None:
    """KILL every child of this process but those in `keep`, and what falls to us when they die, and reap them.

    A child that may not be signalled (it changed its user) is added to `keep`: waiting for it could last for ever.
    """
    while has_children() and (victims := [child for child in children(os.getpid()) if child not in keep]):
        keep.update(child for child in victims if not send(child, signal.SIGKILL))
        for child in victims:
            if child not in keep:
                reap(child)


def has_children() -> bool:
    """Whether this process has any: one call, and eight to read which."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def reap(pid: int) -> None:
    """Wait for one child; nothing happens when somebody has waited for it already."""
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        return


def mark(env: dict[bytes, bytes]) -> int:
    """A number that the processes of one attempt share: taken from the reserved names in their environment.

    0 when one of them is missing: fewer would be shared with other attempts.

    After custodian and guard were killed together, a process that called setsid twice is a child of init, and its
    environment is the only thing left that says whose it is.
    """
    if not all(name in env for name in MARKS):
        return 0
    return crc32(b"\0".join(name + b"=" + env[name] for name in MARKS))


def marked(number: int, since: int) -> list[int]:
    """The processes whose environment carries mark `number` and that started at tick `since` or later."""
    if not number:
        return []
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 - as above
    return [pid for pid in pids if _mark_of(pid) == number and start_time(pid) >= since and pid != os.getpid()]


def _mark_of(pid: int) -> int:
    pairs = (entry.partition(b"=") for entry in _read(f"/proc/{pid}/environ").split(b"\0"))
    return mark({name: value for name, _, value in pairs})


def end_tree(pid: int, ticks: int, number: int, patience: float = 5.0) -> int:
    """KILL a process that is not our child, all below it, and all that carry its mark; 0 when nothing is left.

    `patience` (seconds) bounds the wait for a process that cannot be ended (another user's, or stuck in the kernel);
    then the answer is the pid of one that is left. Raises nothing: what is gone is gone.
    """
    deadline = time.monotonic() + patience
    victims = _victims(pid, ticks, number)
    while victims:
        for each in victims:
            send(each, signal.SIGKILL)
        if time.monotonic() > deadline:
            return min(victims)
        for each in victims:
            await_end(each)
        # one that is dying has no environment any more, and is not gone yet
        victims = {each: since for each, since in victims.items() if alive(each, since)}
        victims |= _victims(pid, ticks, number)
    return 0


def _victims(pid: int, ticks: int, number: int) -> dict[int, int]:
    """What is left of an attempt, each pid with the tick it started at."""
    found = marked(number, ticks)
    if alive(pid, ticks):
        found += [pid, *descendants(pid)]
    return {each: since for each in found if alive(each, since := start_time(each))}


def await_end(pid: int, patience: float = 0.1) -> None:
    """Wait until a process that was killed is dead, or `patience` seconds."""
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return
    try:
        poller = select.poll()
        poller.register(handle, select.POLLIN)
        poller.poll(patience * 1000)
    finally:
        os.close(handle)


def take_lock(handle: int, byte: int) -> bool:
    """Take the record lock on one byte; False when another process holds it."""
    try:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN):
            return False
        raise
    return True


def drop_lock(handle: int, byte: int) -> None:
    """Give the record lock on one byte back."""
    fcntl.lockf(handle, fcntl.LOCK_UN, 1, byte)


def lock_holder(handle: int, byte: int) -> int:
    """The pid that holds the record lock on one byte; 0 when nobody does, -1 when we cannot see who (a container)."""
    question = struct.pack(FLOCK, fcntl.F_WRLCK, os.SEEK_SET, byte, 1, 0)
    kind, _, _, _, pid = struct.unpack(FLOCK, fcntl.fcntl(handle, fcntl.F_GETLK, question))
    if kind == fcntl.F_UNLCK:
        return 0
    return int(pid) if pid > 0 else -1
