"""What a driver of `opencode-server` costs: its memory, its time beside the agent, and how soon it answers a permission.

Run: python benchmarks/opencode_driver.py [DRIVERS]   (with the package installed, or PYTHONPATH=src)

The server is that of the tests and answers at once, so that all the time is ours. Each driver is asked for leave once; all
run at once, then eight one after the other.
"""

import compileall
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "agents"))

from opencode_server import Server

from branchline.workers.opencode_seats import SEATS

MEGABYTES, TASK, ANSWER = 40.0, 0.15, 0.3


class Play:
    """What the server does with a prompt: ask, wait for the answer, end; `waits` are seconds to the answer."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.memory: list[float] = []
        self.pids: list[int] = []

    def __call__(self, server: Server, session: str, _: str) -> None:
        """Play one prompt."""
        began = time.perf_counter()
        asked = server.ask(session)
        while asked not in server.answered:
            time.sleep(0.0005)
        self.waits.append(time.perf_counter() - began)
        server.answer(session, "Done.")
        self.memory += [each for each in map(own_memory, self.pids) if each]


def own_memory(pid: int) -> float:
    """The memory of a process that is shared with no other, in MB; 0 when it has ended."""
    try:
        rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(row.split()[1]) for row in rows if row.startswith("Private_")) / 1024


def attempt(folder: Path, url: str, place: Path | None = None, prompt: str = "Do it.") -> list[str]:
    """The argv of a driver with all that it reads; it works in `place`."""
    folder.mkdir()
    (folder / "prompt.md").write_text(prompt)
    (folder / "locks").mkdir()
    job = {"run": "r1", "task": folder.name, "worktree": str(place or folder), "prompt_file": str(folder / "prompt.md")}
    rest: dict[str, Any] = dict.fromkeys(("session", "model", "agent", "variant"), "")
    (folder / "spec.json").write_text(json.dumps({**job, **rest, "attempt": 1, "read_only": False}))
    seat = {"name": "main", "url": url, "user": "", "password": "", "slots": 1, "locks": str(folder / "locks")}
    (folder / SEATS).write_text(json.dumps([seat]))
    return [sys.executable, "-P", "-S", "-m", "branchline.workers.opencode_driver", str(folder)]


def main() -> int:
    """Print the figures; 1 when one is missed."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    path = str(Path(__file__).resolve().parents[1] / "src")
    compileall.compile_dir(Path(path, "branchline"), quiet=2)
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env = {**kept, "PYTHONPATH": path}
    play = Play()
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        server.play = play
        running = []
        for number in range(count):
            argv = attempt(Path(folder, f"t{number}"), server.url)
            running.append(subprocess.Popen(argv, env=env, stdout=subprocess.DEVNULL))
            play.pids.append(running[-1].pid)
        assert [each.wait(60) for each in running] == [0] * count
        before = os.times()
        alone = [timed(attempt(Path(folder, f"a{number}"), server.url), env) for number in range(8)]
        used = os.times()
    cpu = (used.children_user + used.children_system - before.children_user - before.children_system) / len(alone)
    print(f"memory of its own: {max(play.memory):.0f} MB at most in {len(play.memory)} looks, at most {MEGABYTES:g}")
    spread = f"{min(play.waits):.3f} to {max(play.waits):.3f}"
    print(f"from a request for leave to its answer: {median(play.waits):.3f} s ({spread}), at most {ANSWER:g}")
    print(
        f"one whole attempt: {median(alone):.2f} s ({min(alone):.2f} to {max(alone):.2f}), at most {TASK:g}; CPU {cpu:.2f} s"
    )
    return int(max(play.memory) > MEGABYTES or median(play.waits) > ANSWER or median(alone) > TASK)


def timed(argv: list[str], env: dict[str, str]) -> float:
    """How long a program takes."""
    began = time.perf_counter()
    subprocess.run(argv, env=env, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
