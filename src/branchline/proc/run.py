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
LONGEST_WAIT = 3600.0  # seconds; the kernel counts them in milliseconds, and not for ever
PIPE_CHUNKS = 32  # twice what the largest pipe holds


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
    """Run one process to its end in a session of its own; nothing of it is left when this returns.

    `env` is its whole environment, `timeout` seconds of wall time after which all of it is killed, `limit` bytes kept
    of each stream. Raises nothing of its own: a program that is missing is code 127.
    """
    if not argv:
        return Completed(NOT_STARTED, b"", b"could not start: there is no program")
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
    except (OSError, ValueError) as error:
        return Completed(NOT_STARTED, b"", f"could not start {argv[0]}: {error}".encode())
    with process:
        return _Talk(process, input, limit).until(time.monotonic() + timeout)


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
            self._kill([self.process.pid, *linux.descendants(self.process.pid)])
            self.process.wait()
            self._drain()
        finally:
            os.close(self.pidfd)
        out, err = (bytes(kept) for kept in self.kept.values())
        return Completed(self.process.returncode, out, err, timed_out, self.truncated)

    def _turn(self, deadline: float) -> bool:
        """Wait once; True when the process has ended."""
        wait = min(max(0.0, deadline - time.monotonic()), LONGEST_WAIT) * 1000 + 1
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
        """Take what is still in the pipes; a daemon that got away may go on filling them, so not for ever."""
        for handle in self.kept:
            for _ in range(PIPE_CHUNKS):
                if not self._read(handle):
                    break

    def _kill(self, tree: list[int]) -> None:
        """KILL parents before their children, so that none has time to notice and to answer with an exit code."""
        for pid in tree:
            linux.send(pid, signal.SIGKILL)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        for pid in tree:
            linux.await_end(pid)
