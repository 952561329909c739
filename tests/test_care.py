"""selftest: what it proves, what it says, and that it can fail."""

import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random

from branchline.care.kills import Kills, Site

ROOT = Path(__file__).resolve().parents[1]


def command(*words: str) -> "subprocess.CompletedProcess[str]":
    argv = [sys.executable, "-m", "branchline", "selftest", *words]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(argv, capture_output=True, text=True, env=env, timeout=600, check=False)


def test_the_command_says_the_counts_in_one_line(tmp_path: Path) -> None:
    done = command("--seeds", "20", "--kills", "1", "--json", "-C", str(tmp_path))
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)
    assert (data["ok"], data["wrong"], done.stdout.count("\n")) == (True, [], 1)
    assert data["simulation"]["seeds"] == 20
    assert data["simulation"]["steps"] >= 20 * 200
    assert data["kills"] | {"kills": 0, "starts": 0} == {
        "kills": 0, "tasks": 12, "starts": 0, "lost": 0, "doubled": 0, "wrong": 0, "unfinished": []
    }  # fmt: skip
    assert "1 of 1 kills" in done.stderr
    assert list(tmp_path.iterdir()) == [], "nothing of the user's is touched"


def test_a_wrong_number_is_refused() -> None:
    done = command("--seeds", "-1")
    assert (done.returncode, done.stdout) == (2, "")


def test_a_run_that_lost_and_doubled_is_told_so(tmp_path: Path) -> None:
    """A ledger that says something else than what was recorded."""
    site = Site(tmp_path, os.environ)
    found = Kills()
    site.play(0, Random(1), found)
    assert found == Kills(tasks=12, starts=15)
    with site.ledger.open("a", encoding="utf-8") as ledger:
        ledger.write("start 1.1 1 0\nstart 1.2 2 0\nend 1.2 2 0\nend 1.3 1 7\n")
    again = Kills()
    site._compare(again)
    assert (again.lost, again.doubled, again.wrong) == (1, 2, 2)
    assert not again.good()
