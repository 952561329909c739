"""The program in processes of its own, forked from one that has imported all of it: a start costs no imports.

A start of `python -m branchline` is mostly imports, and the tests from outside make thousands. What `python -m` itself
does is held by the tests of demo, review, doors and imports, which start the program as a user does.
"""

import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import branchline

HEAVY = ("jinja2", "yaml", "pydantic", "rich.console", "rich.table", "markdown_it", "concurrent.futures.thread")
REQUEST = 1 << 20
NUMBER = struct.Struct("i")


class Program:
    """One command that runs or has run; the part of `subprocess.Popen` that tests need. It says what it says in files."""

    def __init__(self, words: Sequence[str], cwd: Path, env: Mapping[str, str], said: Path) -> None:
        self.returncode: int | None = None
        self._said = (said.with_suffix(".out"), said.with_suffix(".err"))
        self._ended, theirs = os.pipe()
        files = [os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) for path in self._said]
        request = json.dumps({"words": words, "cwd": str(cwd), "env": dict(env)}).encode()
        socket.send_fds(_server(), [request], [theirs, *files])
        for each in (theirs, *files):
            os.close(each)
        self.pid: int = NUMBER.unpack(os.read(self._ended, NUMBER.size))[0]

    def poll(self) -> int | None:
        """The exit status, minus the signal for one that was killed; None while it runs."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; raises subprocess.TimeoutExpired."""
        found = self._look(timeout)
        if found is None:
            raise subprocess.TimeoutExpired("branchline", timeout or 0)
        return found

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait for the end, and return what was written to stdout and stderr."""
        self.wait(timeout)
        out, err = (path.read_text("utf-8", "replace") for path in self._said)
        return out, err

    def send_signal(self, number: int) -> None:
        """Send a signal to the process itself, if it runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask the process to end, if it runs."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the process itself, if it runs."""
        self.send_signal(signal.SIGKILL)

    def _look(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._ended], [], [], timeout)[0]:
            (self.returncode,) = NUMBER.unpack(os.read(self._ended, NUMBER.size))
            os.close(self._ended)
        return self.returncode


@cache
def _server() -> socket.socket:
    """The process that forks, one for each process of pytest; it ends when that does."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    environ = {**os.environ, "PYTHONPATH": str(Path(branchline.__file__).parents[1])}
    theirs.set_inheritable(True)
    os.posix_spawn(sys.executable, [sys.executable, "-P", __file__, str(theirs.fileno())], environ)
    theirs.close()
    return ours


def serve(line: socket.socket) -> None:
    """Fork for each request, until the other end is closed."""
    for name in (*HEAVY, *(each.name for each in pkgutil.walk_packages(branchline.__path__, "branchline."))):
        if not name.endswith("__main__"):
            import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # those who wait for the programs are waited for by nobody
    while True:
        request, files, *_ = socket.recv_fds(line, REQUEST, 3)
        if not request:
            return
        if not os.fork():
            line.close()
            attend(json.loads(request), *files)
        for each in files:
            os.close(each)


def attend(request: Mapping[str, Any], told: int, out: int, err: int) -> NoReturn:
    """Start the program, tell its number, wait for it and tell how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    program = os.fork()
    if not program:
        os.close(told)
        for number, place in enumerate((os.open(os.devnull, os.O_RDONLY), out, err)):
            os.dup2(place, number)
        os.closerange(3, max(out, err) + 1)
        become(request)
    os.write(told, NUMBER.pack(program))
    status = os.waitstatus_to_exitcode(os.waitpid(program, 0)[1])
    os.write(told, NUMBER.pack(status))
    os._exit(0)


def become(request: Mapping[str, Any]) -> NoReturn:
    """Be `python -m branchline` from here on."""
    os.setsid()
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    sys.argv = ["branchline", *request["words"]]
    status = 1
    try:
        runpy.run_module("branchline", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        status = int(end.code or 0)
    except KeyboardInterrupt:  # so early that nothing had begun: python dies of the signal then
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
