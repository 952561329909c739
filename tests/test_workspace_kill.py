"""Killed at any instant and run again, a job ends in the same place (DESIGN, promise 3)."""

import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from test_workspace import RUN, Place, files_of, fingerprint

SCALE = int(os.environ.get("BRANCHLINE_TEST_SCALE", "1"))
"""Longer runs: this many times the kills."""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path / "a folder – ünï 'q'")
    for number in range(60):
        made.write(f"many/{number}.txt", "x" * 2000)
    made.git("update-ref", f"refs/heads/branchline/{RUN}/tip", made.commit("many files"))
    return made


def below(pid: int) -> list[int]:
    """The children of a stopped process and theirs, stopped one after the other so that none is missed."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        try:
            children = Path(f"/proc/{waiting[0]}/task/{waiting[0]}/children").read_text().split()
        except OSError:
            children = []
        del waiting[0]
        for child in map(int, children):
            stop(child, signal.SIGSTOP)
            found.append(child)
            waiting.append(child)
    return found


def stop(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def kill_after(place: Place, spec: Path, seconds: float) -> bool:
    """Start a job, kill its whole tree after so long, as custody would; False when it had ended by itself."""
    with place.start(spec) as process:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.0005)
        if process.poll() is not None:
            return False
        stop(process.pid, signal.SIGSTOP)
        for pid in [*below(process.pid), process.pid]:
            stop(pid, signal.SIGKILL)
        process.wait()
    return True


def kills(place: Place, purpose: str, seed: int, count: int, longest: float, **more: Any) -> int:
    """Start a job so often, each time with a folder of its own (as under another fence), and kill it; counts kills."""
    dice = random.Random(seed)  # dice for a test; the seed is in the name of the case
    killed = 0
    for number in range(count):
        folder = place.root / ".branchline" / "fences" / purpose / str(number)
        spec = place.spec(purpose, **more, folder=str(folder))
        killed += kill_after(place, spec, dice.uniform(0.02, longest))
    return killed


@pytest.mark.parametrize("seed", range(SCALE))
def test_setup_killed_again_and_again(place: Place, seed: int) -> None:
    before = fingerprint(place.root)
    killed = kills(place, "setup", seed, 8, 0.25)
    assert killed
    assert place.job("setup")["ok"]
    assert place.git("status", "--porcelain", cwd=place.tree()) == ""
    assert len(list((place.tree() / "many").iterdir())) == 60
    place.write("work.txt", "w", place.tree())
    place.write("many/3.txt", "changed", place.tree())
    kills(place, "setup", seed, 8, 0.3, attempt=2)
    saved = place.job("setup", attempt=2)["salvage"]
    assert {"work.txt", "many/3.txt"} <= files_of(place, saved)
    assert place.shown(saved, "many/3.txt") == "changed"
    assert place.git("status", "--porcelain", cwd=place.tree()) == ""
    assert fingerprint(place.root) == before


@pytest.mark.parametrize("seed", range(SCALE))
def test_check_and_merge_killed_again_and_again(place: Place, seed: int) -> None:
    before = fingerprint(place.root)
    place.job("setup")
    place.write("work.txt", "w", place.tree())
    place.write("many/3.txt", "changed", place.tree())
    check = [{"run": "test -f work.txt; touch left; sleep 0.02"}]
    kills(place, "check", seed, 8, 0.3, checks=check)
    answer = place.job("check", checks=check)
    assert (answer["ok"], answer["leftovers"]) == (True, True)
    assert answer["files"] == ["many/3.txt", "work.txt"]
    kills(place, "merge", seed, 10, 0.35, checks=check)
    place.bring_in("1.2", "other.txt", "o")
    merged = place.job("merge", checks=check)
    assert merged["ok"]
    assert merged["checks"][0]["exit"] == 0
    rows = place.repository.merged(RUN, place.base)
    assert sorted(row.task for row in rows) == ["1.1", "1.2"]
    assert merged["commit"] in {row.commit for row in rows}
    assert {"work.txt", "other.txt"} <= files_of(place, place.tip())
    assert place.shown(place.tip(), "many/3.txt") == "changed"
    place.git("fsck", "--strict", "--no-dangling")
    assert fingerprint(place.root) == before
