"""Programs that are not under custody: the user's editor in the foreground, our own `--detach` in the background."""

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from branchline.proc import linux

if TYPE_CHECKING:
    from subprocess import Popen


def foreground(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    quiet: bool = False,
    whole: bool = False,
) -> int:
    """Run a program on the user's own terminal and return its exit status; raises OSError when it cannot start.

    `quiet` keeps its words out of stdout, which belongs to our own one line there: they go to stderr. While it runs, ^C is
    its own: an editor may take it for something else than the end. `whole`: what it leaves behind and carries the mark of its
    environment ends with it, for agents leave daemons.
    """
    import subprocess  # 10 ms: only who starts a process pays for it

    former = signal.signal(signal.SIGINT, lambda *_: None)  # a handler, unlike SIG_IGN, is not inherited
    try:
        with subprocess.Popen(list(argv), cwd=cwd, env=env, stdout=sys.stderr if quiet else None) as process:
            began = linux.start_time(process.pid)
            try:
                return process.wait()
            finally:
                if whole and env:
                    linux.end_tree(
                        process.pid, began, linux.mark({os.fsencode(n): os.fsencode(v) for n, v in env.items()})
                    )
    finally:
        signal.signal(signal.SIGINT, former)


class Background:
    """A program that goes on without us: its pid, and how it ended if it already did."""

    def __init__(self, process: "Popen[bytes]") -> None:
        self.pid = process.pid
        self._process = process

    def ended(self) -> int | None:
        """Return its exit status, None while it runs."""
        return self._process.poll()

    def leave(self) -> None:
        """Nobody waits for it any more: it outlives us on purpose."""
        self._process.returncode = 0


def detach(words: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path) -> Background:
    """Start `branchline WORDS` in a session of its own with its words written to `log`."""
    with log.open("wb") as out:
        return _apart([sys.executable, "-m", "branchline", *words], out, cwd, dict(env))


def aside(argv: Sequence[str]) -> None:
    """Start a program in a session of its own whose words and end nobody waits for."""
    with open("/dev/null", "wb") as out:  # noqa: PTH123 - a device
        _apart(argv, out).leave()


def _apart(
    argv: Sequence[str], out: BinaryIO, cwd: Path | None = None, env: dict[str, str] | None = None
) -> Background:
    import subprocess

    return Background(
        subprocess.Popen(
            list(argv), cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
    )
