"""What the tests of custody share: spawns, bounded waits, and a look at the processes of this machine."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import branchline
from branchline.model.run import Exit
from branchline.proc import Custody, Ended, Spawn, Started
from branchline.proc.table import Table

SOURCE = str(Path(branchline.__file__).parents[1])
SHARED = dict.fromkeys(("BRANCHLINE_RUN_ID", "BRANCHLINE_TASK_ID", "BRANCHLINE_EXIT_FILE"), "x")
PATH = "/usr/local/bin:/usr/bin:/bin"
PATIENCE = 30.0

# Every level ignores TERM; the middle one leaves as soon as it has begun the last one, which has a session of its own.
STUBBORN = """
trap '' TERM
if [ "$2" -gt 0 ]; then setsid sh "$0" "$1" $(($2 - 1)) & fi
echo $$ >> "$1"
if [ "$2" = 1 ]; then exit 0; fi
while :; do sleep 300; done
"""

# A coordinator that starts what it is told, and then leaves in the way it is told.
LEAVER = """
import json, os, signal, sys
from pathlib import Path
from branchline.proc import Custody, Spawn, Started
folder, slots, how, spawns = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], json.loads(sys.argv[4])
custody = Custody.open(folder, slots)
for each in spawns:
    custody.start(Spawn(*each))
waiting = len(spawns) if how == "started" else 0
while waiting > 0:
    waiting -= sum(isinstance(fact, Started) for fact in custody.poll(1.0))
if how == "close":
    custody.close()
else:
    os.kill(os.getpid(), signal.SIGKILL)
"""


def until(found: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """Ask again and again until the answer is true; an assertion when it never is."""
    deadline = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.005)
    return answer


def spawn(fence: int, folder: Path, *argv: str, env: dict[str, str] | None = None, **rest: Any) -> Spawn:
    """A process whose words go to `out.<fence>` in the folder."""
    values = {"cwd": str(folder), "stdin": "", "output": str(folder / f"out.{fence}"), "errors": "", "wall": 0.0}
    return Spawn(fence, argv, {"PATH": PATH} if env is None else env, **{**values, **rest})


def shell(fence: int, folder: Path, script: str, **rest: Any) -> Spawn:
    """The same, for a line of shell."""
    return spawn(fence, folder, "/bin/sh", "-c", script, **rest)


def stubborn(fence: int, folder: Path, **rest: Any) -> Spawn:
    """A tree of processes that ignore TERM and leave their session twice."""
    script = folder / "stubborn.sh"
    script.write_text(STUBBORN)
    env = {
        "PATH": PATH,
        **SHARED,
        "BRANCHLINE_ATTEMPT": token(fence, folder),
    }
    return spawn(fence, folder, "/bin/sh", str(script), str(folder / f"pids.{fence}"), "2", env=env, **rest)


def token(fence: int, folder: Path) -> str:
    """What stands in the environment of all processes of one attempt."""
    return f"{fence}@{folder}"


def lines(path: Path) -> list[str]:
    """The lines of a file that may not exist yet."""
    return path.read_text().splitlines() if path.exists() else []


def grown(fence: int, folder: Path) -> list[int]:
    """Wait until a stubborn tree has grown: two shells, each with its sleep, and the one between them gone."""
    until(lambda: len(lines(folder / f"pids.{fence}")) == 3, f"tree of {fence}")
    return until(lambda: len(found := living(fence, folder)) == 4 and found, f"four processes of {fence}")


def living(fence: int, folder: Path) -> list[int]:
    """The processes of one attempt by their environment, wherever they hang."""
    entry = f"BRANCHLINE_ATTEMPT={token(fence, folder)}".encode()
    return [pid for pid in _pids() if entry in _read(pid, "environ").split(b"\0") and _state(pid) not in "ZX"]


def keepers(folder: Path) -> list[int]:
    """The guards and custodians of one folder."""
    name = os.fsencode(folder)
    return [pid for pid in _pids() if name in (words := _read(pid, "cmdline").split(b"\0")) and b"-I" in words]


def clear(folder: Path, fences: Iterable[int] = range(9)) -> None:
    """Assert that the keepers of a folder leave and that nothing of its attempts is left; what is left is ended."""
    try:
        for fence in fences:
            until(lambda: not living(fence, folder), f"attempt {fence} is gone", 10.0)  # noqa: B023 - asked at once
        until(lambda: not keepers(folder), "the custodians leave")
    finally:
        for pid in [*keepers(folder), *(pid for fence in fences for pid in living(fence, folder))]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def custodian(fence: int, folder: Path) -> int:
    """The pid of the custodian that took a fence."""
    table = Table(folder)
    try:
        start = table.read(fence).start
        return start.custodian if start else 0
    finally:
        table.close()


def parent(pid: int) -> int:
    """The pid of a process's parent."""
    return int(_read(pid, "stat").rpartition(b")")[2].split()[1])


def collect(custody: Custody, fences: Iterable[int], seconds: float = PATIENCE) -> dict[int, Exit]:
    """Poll until all fences have ended; asserts that each ends once, and that nothing else does."""
    left, found = set(fences), {}
    deadline = time.monotonic() + seconds
    while left:
        assert time.monotonic() < deadline, f"still not ended: {sorted(left)}"
        for fact in custody.poll(0.5):
            if isinstance(fact, Ended):
                left.remove(fact.fence)
                found[fact.fence] = fact.exit
    return found


def started(custody: Custody, fence: int) -> Started:
    """Poll until one fence has started."""
    found: list[Started] = []
    until(lambda: found.extend(f for f in custody.poll(0.5) if isinstance(f, Started)) or found, f"start of {fence}")
    assert found[0].fence == fence
    return found[0]


def abandon(folder: Path, *spawns: Spawn, how: str = "started", slots: int = 4) -> None:
    """Let another process start these and go: "started" dies when all run, "kill" at once, "close" lets go at once."""
    argv = [sys.executable, "-c", LEAVER, str(folder), str(slots), how, json.dumps(spawns)]
    done = subprocess.run(argv, env={"PYTHONPATH": SOURCE}, timeout=PATIENCE, check=False)
    assert done.returncode == (0 if how == "close" else -signal.SIGKILL)


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def _state(pid: int) -> str:
    """One letter; one that is gone by now counts as dead: between two reads of the same file it can go."""
    fields = _read(pid, "stat").rpartition(b")")[2].split()
    return fields[0].decode() if fields else "X"
