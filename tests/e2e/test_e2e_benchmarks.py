"""The benchmarks still measure what they say, on a small size: a figure nobody can take again is worth nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the benchmarks look into /proc")

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_the_recovery_of_live_workers_is_measured_to_the_end(tmp_path: Path) -> None:
    words = [sys.executable, BENCHMARKS / "recovery.py", "--workers", "2", "--rounds", "2", "--folder", tmp_path]
    measured = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert measured.returncode == 0, measured.stderr
    assert "2 live workers, 2 kills of their coordinator: none lost, none started again" in measured.stdout
    assert not [*tmp_path.iterdir()], "nothing is left"


def test_a_kill_of_the_engine_is_measured_to_the_end(tmp_path: Path) -> None:
    words = [sys.executable, BENCHMARKS / "engine_speed.py", "kill", "--rounds", "1", "--folder", tmp_path]
    measured = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert measured.returncode == 0, measured.stderr
    assert "done again" in measured.stdout
