"""A process that is talked with line by line: for the small drivers of agents that hold a conversation."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import IO


class Dialogue:
    """The two pipes of one process; a line is bytes without its end."""

    def __init__(self, to: "IO[bytes]", out: "IO[bytes]", limit: int) -> None:
        self._to = to
        self._from = out
        self._limit = limit

    def say(self, line: bytes) -> None:
        """Write a line; raises ConnectionError when the process has closed its end."""
        self._to.write(line + b"\n")
        self._to.flush()

    def hear(self) -> bytes:
        """Wait for a line; raises ConnectionError when no more will come, or when one is longer than the limit."""
        line = self._from.readline(self._limit)
        if not line.endswith(b"\n"):
            raise ConnectionError("a line is too long" if len(line) >= self._limit else "it has ended")
        return line[:-1]


@contextmanager
def dialogue(argv: Sequence[str], *, cwd: str | Path, env: Mapping[str, str], limit: int) -> Iterator[Dialogue]:
    """Start a process to talk with; it is ended with the block, its stderr is the caller's. `limit` is bytes of a line.

    Raises OSError when it cannot be started.
    """
    import subprocess  # 10 ms: only who starts a process pays for it

    process = subprocess.Popen(list(argv), cwd=cwd, env=dict(env), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    if process.stdin is None or process.stdout is None:
        raise ConnectionError("it has no pipes")
    try:
        yield Dialogue(process.stdin, process.stdout, limit)
    finally:
        process.terminate()  # what it leaves behind, custody ends with the driver
        with suppress(subprocess.TimeoutExpired):
            process.wait(2.0)
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):  # what it did not read is lost with it
                pipe.close()
