"""A custodian killed around every call by which it leaves something behind: the table, the worker, the lock, a message.

The calls are counted, not listed by hand: a step that is added later is among them.
"""

import os
import time
from collections import Counter
from pathlib import Path

import pytest

from branchline.model.run import Exit
from branchline.proc import Custody, Ended, Spawn, Started, linux
from test_proc_face import gone, until

PROGRAM = Path(__file__).with_name("killed_custodian.py")
SCRIPT = "echo S $$ >> ledger; sleep 0.05; echo E $$ >> ledger; exit 3"


def job(folder: Path, fence: int) -> Spawn:
    return Spawn(fence, ["sh", "-c", SCRIPT], {"PATH": "/usr/bin:/bin"}, str(folder), "", str(folder / "out"), "", 0.0)


def one_life(folder: Path, point: int, *, deaf: bool) -> tuple[Exit, bool]:
    """One job under a custodian that dies at a point; its end, and whether the point was reached.

    `deaf`: the coordinator dies as well, and another one comes.
    """
    folder.mkdir()
    (folder / "kill").write_text(str(point))
    custody = Custody.open(folder, 1, PROGRAM)
    custody.start(job(folder, 1))
    ends: list[Exit] = []
    deadline = time.monotonic() + 20
    while not ends:
        assert time.monotonic() < deadline, f"point {point}: it never ends"
        if deaf and not (folder / "kill").exists():
            custody.close()
            custody, deaf = Custody.open(folder, 1, PROGRAM), False
            if custody.adopt([1])[1] == "unstarted":
                custody.start(job(folder, 1))
        ends = [event.exit for event in custody.poll(0.02 if deaf else 0.5) if isinstance(event, Ended)]
    assert [event for event in custody.poll(0.0) if not isinstance(event, Started)] == []
    custody.close()
    return ends[0], not (folder / "kill").exists()


@pytest.mark.parametrize("deaf", [False, True], ids=["custodian", "and coordinator"])
def test_a_kill_around_every_lasting_call(tmp_path: Path, deaf: bool) -> None:
    kinds: Counter[str] = Counter()
    for point in range(1, 200):
        folder = tmp_path / str(point)
        end, reached = one_life(folder, point, deaf=deaf)
        ledger = folder / "ledger"
        lines = [line.split() for line in ledger.read_text().splitlines()] if ledger.exists() else []
        starts, finished = [pid for word, pid in lines if word == "S"], any(word == "E" for word, _ in lines)
        assert len(starts) <= 1, f"point {point}: the worker ran twice"
        assert end.lost or (end.code == 3 and finished), f"point {point}: {end}, {lines}"
        for pid in starts:
            until(lambda pid=pid: gone(int(pid)))  # type: ignore[misc]
        kinds["lost" if end.lost else "ended"] += 1
        if not reached:
            break
    else:
        raise AssertionError("it has more points than that")
    assert point > 10
    assert min(kinds["lost"], kinds["ended"]) > 1, kinds
    until(lambda: all(gone(pid) for pid in linux.children(os.getpid())))


@pytest.mark.parametrize("jobs", [0, 8], ids=["coordinator gone", "coordinator there"])
def test_exits_share_a_sync_and_the_last_one_waits_for_nobody(tmp_path: Path, jobs: int) -> None:
    calls = tmp_path / "calls"
    calls.touch()

    def made(name: str) -> list[float]:
        return [float(at) for each, at in map(str.split, calls.read_text().splitlines()) if each == name]

    with Custody.open(tmp_path, 1, PROGRAM) as custody:
        for fence in range(1, max(1, jobs) + 1):
            custody.start(job(tmp_path, fence)._replace(argv=["true"]))
        while jobs and len(made("pwrite")) < 3 * jobs:
            custody.poll(1.0)
        if jobs:
            until(lambda: max(made("fdatasync"), default=0.0) > max(made("pwrite")))
    until(lambda: len(made("pwrite")) >= 3 and max(made("fdatasync"), default=0.0) > max(made("pwrite")))
    assert len(made("fdatasync")) < max(2, jobs)
