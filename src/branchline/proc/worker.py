"""One attempt inside its custodian: what was asked for, and how the process is started.

Standard library only, and no import of our own: the custodian loads this file by itself.
"""

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
else:
    import _signal as signal  # without enum: see custodian.py

NOT_STARTED = 127  # what a shell answers for a command it cannot start
ALL_SIGNALS = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}
READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK  # a pipe without a writer must not hold its reader up
APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
LOOK = 1.0  # seconds after which a log is first measured, and as long as it grows
LONGEST_LOOK = 5.0
DEFAULT_GRACE = 10.0
ALONE = "alone: no coordinator was there any more"
CHUNK = 1 << 16
DEFAULT_PATH = b"/usr/local/bin:/usr/bin:/bin"


class Job:
    """One attempt as the coordinator asked for it, and how far it has come."""

    def __init__(
        self,
        fence: int,
        argv: list[bytes],
        env: dict[bytes, bytes],
        cwd: bytes,
        stdin: bytes,
        output: bytes,
        errors: bytes,
        wall: float,
        grace: float,
        mark: int,
        cap: int = 0,
        limit: int = 0,
        boxed: int = 0,
        lease: float = 0.0,
    ) -> None:
        self.fence = fence
        self.argv = argv
        self.env = env
        self.cwd = cwd
        self.stdin = stdin
        self.output = output
        self.errors = errors
        self.grace = grace
        self.mark = mark
        self.cap = cap
        self.limit = limit
        self.boxed = boxed
        self.lease = lease
        self.alone = False
        self.next_round = time.monotonic() + lease / 2
        self.cut = 0
        self.pause = LOOK
        self.next_look = time.monotonic() + LOOK
        self.at = time.time()
        self.worker = 0
        self.ticks = 0
        self.status: int | None = None
        self.cause = ""
        self.deadline = time.monotonic() + wall if wall else None


def spawn(job: Job) -> int:
    """Start the worker: its own session, default signals, its files and nothing else open; its pid.

    Raises OSError or ValueError when it cannot be started; the error names the file that is to blame.
    """
    os.chdir(job.cwd)
    path = find_program(job.argv[0] if job.argv else b"", job.env)
    handles: list[int] = []
    try:
        for name, flags in ((job.stdin or b"/dev/null", READ), (job.output, APPEND), (job.errors, APPEND)):
            handles.append(os.open(name, flags, 0o600) if name else handles[1])
        return os.posix_spawn(
            path,
            job.argv,
            job.env,
            file_actions=[(os.POSIX_SPAWN_DUP2, handle, place) for place, handle in enumerate(handles)],
            setsid=True,
            setsigmask=(),
            setsigdef=ALL_SIGNALS,
        )
    finally:
        for handle in set(handles):
            os.close(handle)


def measure(job: Job) -> bool:
    """Cut what is too long of the job's logs; True when it has written more than it may in all."""
    size = cap_log(job, job.output) + (cap_log(job, job.errors) if job.errors else 0)
    job.pause = LOOK if size > job.cap // 4 else min(2 * job.pause, LONGEST_LOOK)
    job.next_look = time.monotonic() + job.pause
    return 0 < job.limit < job.cut + size


def cap_log(job: Job, path: bytes) -> int:
    """The size of a log; of one that is longer than the cap the last half of the cap is kept, from a line's begin on.

    The worker appends, so its next byte follows what is left; what it writes while we cut may be lost. A log that
    cannot be cut stays as it is.
    """
    try:
        if not 0 < job.cap < (size := os.lstat(path).st_size):
            return size
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return 0
    try:
        size = os.fstat(handle).st_size
        kept = move_up(handle, size - job.cap // 2)
        job.cut += size - kept
        return kept
    except OSError:
        return 0
    finally:
        os.close(handle)


def move_up(handle: int, start: int) -> int:
    """Move what follows the first line break after `start` to the front of a file; its new size."""
    chunk = os.pread(handle, CHUNK, start)
    start += chunk.find(b"\n") + 1
    said = b"[the log was longer: %d bytes were cut here]\n" % start
    at = os.pwrite(handle, said, 0)
    while chunk := os.pread(handle, CHUNK, start):
        start += len(chunk)
        at += os.pwrite(handle, chunk, at)
    os.ftruncate(handle, at)
    return at


def find_program(name: bytes, env: dict[bytes, bytes]) -> bytes:
    """The program's path by the worker's own PATH, not ours; FileNotFoundError when there is none."""
    if b"/" in name:
        return name
    for folder in env.get(b"PATH", DEFAULT_PATH).split(b":"):
        path = os.path.join(folder, name)  # noqa: PTH118 - pathlib costs the custodian 10 ms
        if folder and name and os.path.isfile(path) and os.access(path, os.X_OK):  # noqa: PTH113 - as above
            return path
    raise FileNotFoundError(2, "no such program on the worker's PATH", name)


def explain(job: Job, error: Exception) -> str:
    """Write why the worker did not start where its errors go; the text itself when even that is impossible."""
    name = os.fsdecode(job.argv[0]) if job.argv else "(nothing)"
    text = f"branchline: could not start {name}: {error}"
    try:
        handle = os.open(job.errors or job.output, APPEND, 0o600)
    except (OSError, ValueError):
        return text
    try:
        os.write(handle, os.fsencode(text + "\n"))
    except OSError:  # a full disk
        return text
    finally:
        os.close(handle)
    return ""


def read_stop(path: bytes) -> tuple[float, str]:
    """Grace in seconds and cause, as a new coordinator wrote them; our own when nobody did."""
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - as above
            grace, _, cause = file.read().partition("\n")
        os.unlink(path)  # noqa: PTH108 - as above
        return float(grace), cause
    except (OSError, ValueError):
        return DEFAULT_GRACE, "stopped: by a signal"


def outcome(status: int, boxed: int = 0) -> tuple[int | None, int | None]:
    """The exit code or the signal in a wait status; walls around a worker tell a signal as 128 and its number."""
    code = os.waitstatus_to_exitcode(status)
    if boxed and code - 128 in ALL_SIGNALS | {signal.SIGKILL, signal.SIGSTOP}:
        return None, code - 128
    return (code, None) if code >= 0 else (None, -code)
