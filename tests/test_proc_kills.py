"""kill -9 at random moments: every job starts at most once, ends exactly once, and nothing is left behind.

BRANCHLINE_TEST_SCALE multiplies kills and jobs; the seed is in every failure's message.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from branchline.proc import Custody, Ended, Spawn, linux
from test_proc_face import Bench, gone, until

SCALE = float(os.environ.get("BRANCHLINE_TEST_SCALE", "1"))
SEED = int(os.environ.get("BRANCHLINE_TEST_SEED", "7"))
SLOTS = 4


def job(folder: Path, fence: int) -> Spawn:
    ledger = folder / "ledger"
    seconds = 0.01 + fence * 37 % 110 / 1000
    script = f"echo S {fence} $$ >> '{ledger}'; sleep {seconds:.3f}; echo E {fence} $$ >> '{ledger}'; exit {fence % 7}"
    output = str(folder / f"out.{fence}")
    return Spawn(fence, ["sh", "-c", script], {"PATH": "/usr/bin:/bin"}, str(folder), "", output, "", 0.0)


class Journal:
    """The store of this small coordinator: an intent before a start, an end after it was reported."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch()

    def read(self) -> tuple[list[int], list[int]]:
        lines = [line.split() for line in self.path.read_text().splitlines()]
        return [int(line[1]) for line in lines if line[0] == "I"], [int(line[1]) for line in lines if line[0] == "E"]

    def write(self, kind: str, fence: int, text: str = "") -> None:
        with self.path.open("a") as file:
            file.write(f"{kind} {fence} {text}\n")


def coordinate(folder: Path, jobs: int) -> None:
    """One life of a coordinator: adopt what a former one left, start the rest, collect."""
    journal = Journal(folder / "journal")
    intended, ended = journal.read()
    live = set(intended) - set(ended)
    todo = [fence for fence in range(jobs) if fence not in intended]
    with Custody.open(folder, SLOTS) as custody:
        for fence, state in custody.adopt(sorted(live)).items():
            if state == "unstarted":
                custody.start(job(folder, fence))
        while live or todo:
            while todo and len(live) < SLOTS:
                fence = todo.pop(0)
                journal.write("I", fence)
                custody.start(job(folder, fence))
                live.add(fence)
            for event in custody.poll(1.0):
                if isinstance(event, Ended):
                    live.remove(event.fence)
                    journal.write("E", event.fence, str(event.exit.code))


def test_killed_coordinators_lose_and_double_nothing(tmp_path: Path) -> None:
    kills, jobs = int(15 * SCALE), int(60 * SCALE)
    dice = random.Random(SEED)
    argv = [sys.executable, __file__, str(tmp_path), str(jobs)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    done = 0
    while True:
        process = subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL)
        try:
            code = process.wait(0.05 + dice.random() * 0.25 if done < kills else 60)
            break
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            assert done < kills, "it hangs"
            done += 1
    assert code == 0
    ledger = Counter(" ".join(line.split()[:2]) for line in (tmp_path / "ledger").read_text().splitlines())
    expected = Counter(f"{kind} {fence}" for kind in "SE" for fence in range(jobs))
    assert ledger == expected, f"seed {SEED}"
    ends = [line for line in (tmp_path / "journal").read_text().splitlines() if line.startswith("E")]
    assert sorted(ends) == sorted(f"E {fence} {fence % 7}" for fence in range(jobs)), f"seed {SEED}"
    assert (tmp_path / "custody.log").read_text() == ""


def test_killed_custodians_and_guards_double_nothing(tmp_path: Path) -> None:
    jobs = int(40 * SCALE)
    dice = random.Random(SEED)
    bench = Bench(tmp_path, SLOTS)
    for fence in range(jobs):
        bench.custody.start(job(tmp_path, fence))
    deadline = time.monotonic() + 60 * max(1.0, SCALE)
    while len(bench.ended) < jobs:
        assert time.monotonic() < deadline, f"seed {SEED}: {set(range(jobs)) - set(bench.ended)}"
        bench.listen(dice.random() * 0.05)
        guards = [pid for pid in linux.children(os.getpid()) if not gone(pid)]
        victims = guards + [pid for guard in guards for pid in linux.children(guard) if is_custodian(pid)]
        if victims and dice.random() < 0.15:
            linux.send(dice.choice(victims), signal.SIGKILL)
    bench.custody.close()
    lines = [line.split() for line in (tmp_path / "ledger").read_text().splitlines()]
    started = Counter(int(fence) for kind, fence, _ in lines if kind == "S")
    assert max(started.values()) == 1, f"seed {SEED}"
    finished = {int(fence) for kind, fence, _ in lines if kind == "E"}
    for fence, end in bench.ended.items():
        assert end.lost or end.cause or fence in finished, f"seed {SEED}: {fence} {end}"
    for kind, _, pid in lines:
        assert kind == "E" or gone(int(pid))
    until(lambda: all(gone(pid) for pid in linux.children(os.getpid())))


def is_custodian(pid: int) -> bool:
    return b"custodian.py" in linux._read(f"/proc/{pid}/cmdline")


if __name__ == "__main__":
    coordinate(Path(sys.argv[1]), int(sys.argv[2]))
