"""The coordinator's end of its guards and custodians: starting them, and frames to and from them."""

import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from branchline.model.run import Exit
from branchline.proc import linux
from branchline.proc.frames import frame, unframe

CUSTODIAN = Path(__file__).with_name("custodian.py")
LOG = "custody.log"
PATIENCE = 10.0  # seconds a custodian may take to read a request before it counts as dead
CHUNK = 1 << 16
_ended: list[int] = []  # guards that may still have to be reaped
_CODING = (
    sys.getfilesystemencoding(),
    sys.getfilesystemencodeerrors(),
)  # those of os.fsencode, which asks what it is given


class Spawn(NamedTuple):
    """One process to start; paths are absolute, `env` is its whole environment.

    `stdin` is a file or "" for nothing; `errors` is the file for stderr, "" for the one of stdout; `wall` is its limit
    in seconds (0: none), after which it gets TERM, `grace` seconds, and KILL. `cap` is how many bytes each of its logs
    may have (0: any number; of a longer one the end is kept), `limit` how many it may write to them in all.
    `boxed` is how many generations of processes, the program first, are a sandbox around the worker: they end by
    themselves when the worker does. `lease` is after how many seconds without a coordinator it is stopped (0: never), with
    the cause ALONE.
    """

    fence: int
    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: str
    stdin: str
    output: str
    errors: str
    wall: float
    grace: float = 10.0
    cap: int = 0
    limit: int = 0
    boxed: int = 0
    lease: float = 0.0

    def message(self) -> tuple[Any, ...]:
        """What the custodian gets: every text as the bytes the kernel will see."""
        env = {name.encode(*_CODING): value.encode(*_CODING) for name, value in self.env.items()}
        files = [path.encode(*_CODING) for path in (self.cwd, self.stdin, self.output, self.errors)]
        argv = [word.encode(*_CODING) for word in self.argv]
        times = (float(self.wall), float(self.grace))
        limits = (int(self.cap), int(self.limit), int(self.boxed))
        return ("start", int(self.fence), argv, env, *files, *times, linux.mark(env), *limits, float(self.lease))


class Started(NamedTuple):
    """A worker runs; `at` is seconds since the epoch."""

    fence: int
    pid: int
    at: float


class Ended(NamedTuple):
    """An attempt is over, its process tree is gone, and its exit is recorded.

    The record outlives every kill at once and a power cut soon: who acts on it makes it durable first.
    """

    fence: int
    exit: Exit


class Stream:
    """Frames over one socket."""

    def __init__(self, end: socket.socket) -> None:
        end.settimeout(PATIENCE)
        self._socket = end
        self._received = b""
        self.closed = False

    def fileno(self) -> int:
        """The descriptor to wait on."""
        return self._socket.fileno()

    def send(self, message: tuple[Any, ...]) -> bool:
        """Send one message; False when nobody takes it: nothing of it counts, and the stream is to be closed."""
        data = frame(message)
        try:
            self._socket.sendall(data)
        except OSError:
            return False
        return True

    def receive(self) -> list[tuple[Any, ...]]:
        """The messages that have arrived, without waiting; at the end of the stream `closed` is set."""
        while True:
            try:
                chunk = os.read(self._socket.fileno(), CHUNK)
            except BlockingIOError:
                break
            except OSError:
                chunk = b""
            if not chunk:
                self.closed = True
                break
            self._received += chunk
            if len(chunk) < CHUNK:
                break
        messages, self._received = unframe(self._received)
        return messages

    def close(self) -> None:
        """Let go of the other side."""
        self.closed = True
        self._socket.close()


class Guard:
    """One guard process, and the jobs of its custodians that are gone while it still ends what they left."""

    def __init__(self, pid: int, stream: Stream) -> None:
        self.pid = pid
        self.stream = stream
        self.channels: dict[int, Channel] = {}
        self.ending: dict[int, Spawn] = {}


class Channel:
    """One custodian: its place under its guard and the job it has, if any."""

    def __init__(self, guard: Guard, place: int, stream: Stream) -> None:
        self.guard = guard
        self.place = place
        self.stream = stream
        self.job: Spawn | None = None
        self.ready = False


def launch(folder: Path, count: int, program: Path = CUSTODIAN) -> Guard:
    """Start a guard with `count` custodians; they come up while the caller goes on, and may be sent jobs at once.

    `program` is what they run: the custodian, or one that a proof kills at a point of its own.
    """
    reap_guards()
    pairs = [socket.socketpair() for _ in range(count + 1)]
    theirs = [other for _, other in pairs]
    for other in theirs:
        other.set_inheritable(True)
    try:
        pid = _spawn_guard(folder, program, [other.fileno() for other in theirs])
    finally:
        for other in theirs:
            other.close()
    streams = [Stream(mine) for mine, _ in pairs]
    guard = Guard(pid, streams[0])
    guard.channels = {place: Channel(guard, place, stream) for place, stream in enumerate(streams[1:])}
    _ended.append(pid)
    return guard


def _spawn_guard(folder: Path, program: Path, handles: list[int]) -> int:
    log = os.fspath(folder / LOG)
    numbers = [str(handle) for handle in handles]
    return os.posix_spawn(
        sys.executable,
        [sys.executable, "-I", "-S", "-X", "utf8", os.fspath(program), os.fspath(folder), *numbers],
        {},
        file_actions=(
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ),
        setsid=True,
        setsigmask=(),
        setsigdef=signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP},
    )


def reap_guards() -> None:
    """Wait for the guards that have ended, without waiting for those that live on."""
    _ended[:] = [pid for pid in _ended if not _reaped(pid)]


def _reaped(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True
