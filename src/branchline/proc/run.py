"""One bounded process for git and probes: it is waited for, and it cannot outstay or outtalk its caller."""

import os
import select
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from branchline.proc import linux

if TYPE_CHECKING:
    from subprocess import Popen
    from typing import IO

NOT_STARTED = 127
CHUNK = 1 << 16
DRAIN = 32  # reads of CHUNK bytes: more than a pipe holds
LONGEST = 3600.0  # seconds of one wait: poll counts milliseconds in 31 bits


class Completed(NamedTuple):
    """What one process did; `code` is negative for a signal, 127 when it could not be started (`err` says why).

    `out` and `err` hold the first `limit` bytes each; `truncated` says that there was more.
    """

    code: int
    out: bytes
    err: bytes
    timed_out: bool = False
    truncated: bool = False


def run(
    argv: Sequence[str],
    *,
    cwd: str | Path,
    env: Mapping[str, str],
    input: bytes = b"",
    timeout: float,
    limit: int,
) -> Completed:
    """Run one process to its end in a session of its own; its group does not outlive this call.

    `env` is its whole environment, `timeout` seconds of wall time after which all of it is killed, `limit` bytes kept
    of each stream. What left the group and ended its own parent (a daemon, such as git's own housekeeping) goes on;
    custody is for what must not. Raises nothing of its own: a program that is missing is code 127.
    """
    import subprocess  # 10 ms: only who starts a process pays for it

    try:
        process = subprocess.Popen(
            list(argv),
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.PIPE if input else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError, IndexError) as error:  # IndexError: there is no program at all
        return Completed(NOT_STARTED, b"", f"could not start {' '.join(argv[:1])}: {error}".encode())
    with process:
        try:
            return _Talk(process, input, limit).until(time.monotonic() + timeout)
        finally:
            if process.returncode is None:  # an interrupt or no descriptor left: it goes with us
                _end(process.pid)


class _Talk:
    """The pipes of one process, served in one thread until it ends."""

    def __init__(self, process: "Popen[bytes]", data: bytes, limit: int) -> None:
        self.process = process
        self.data = memoryview(data)
        self.limit = limit
        self.truncated = False
        self.pidfd = os.pidfd_open(process.pid)
        self.poller = select.poll()
        self.poller.register(self.pidfd, select.POLLIN)
        self.kept: dict[int, bytearray] = {}
        for pipe in (process.stdout, process.stderr):
            self.kept[self._open(pipe, select.POLLIN)] = bytearray()
        self.input = self._open(process.stdin, select.POLLOUT)

    def _open(self, pipe: "IO[bytes] | None", event: int) -> int:
        """Serve one pipe without ever waiting for it; its descriptor, -1 when there is none."""
        if pipe is None:
            return -1
        os.set_blocking(pipe.fileno(), False)
        self.poller.register(pipe.fileno(), event)
        return pipe.fileno()

    def until(self, deadline: float) -> Completed:
        """Serve the pipes until the process ends or the time is over, then end everything below it."""
        timed_out = False
        try:
            while not self._turn(deadline):
                if time.monotonic() >= deadline:
                    timed_out = True
                    break
            _end(self.process.pid)
            self.process.wait()
            self._drain()
        finally:
            os.close(self.pidfd)
        out, err = (bytes(kept) for kept in self.kept.values())
        return Completed(self.process.returncode, out, err, timed_out, self.truncated)

    def _turn(self, deadline: float) -> bool:
        """Wait once; True when the process has ended."""
        wait = min(max(0.0, deadline - time.monotonic()), LONGEST) * 1000 + 1
        ready = [handle for handle, _ in self.poller.poll(wait)]
        for handle in ready:
            if handle == self.input:
                self._write()
            elif handle in self.kept:
                self._read(handle)
        return self.pidfd in ready

    def _write(self) -> None:
        try:
            self.data = self.data[os.write(self.input, self.data[:CHUNK]) :]
        except BlockingIOError:
            return
        except OSError:
            self.data = self.data[:0]  # it does not want to hear more
        if not self.data:
            self.poller.unregister(self.input)
            self.input = -1
            with suppress(OSError):
                self.process.stdin.close()  # type: ignore[union-attr]

    def _read(self, handle: int) -> bool:
        """Keep what there is room for; False when there is nothing (now, or ever again)."""
        try:
            chunk = os.read(handle, CHUNK)
        except BlockingIOError:
            return False
        if not chunk:
            with suppress(KeyError):
                self.poller.unregister(handle)
            return False
        kept = self.kept[handle]
        room = self.limit - len(kept)
        kept += chunk[:room]
        self.truncated = self.truncated or len(chunk) > room
        return True

    def _drain(self) -> None:
        """Read what the dead left in the pipes; bounded, for one that escaped may go on writing."""
        for handle in self.kept:
            for _ in range(DRAIN):
                if not self._read(handle):
                    break


def _end(pid: int) -> None:
    """KILL the group of a process that is not reaped yet, then all below it: it must not see its children die first."""
    below = linux.descendants(pid)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    for each in below:
        linux.send(each, signal.SIGKILL)
    for each in below:
        linux.await_end(each)
