"""store: one lock for each state folder, which death frees and nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from branchline.errors import LockedError, StoreError
from branchline.store import held, lock

HOLDER = """
import sys, os, subprocess
from pathlib import Path
from branchline.store import lock
held = lock(Path(sys.argv[1]))
child = None
if len(sys.argv) > 2:
    child = os.fork()
    if child == 0:
        sys.stdin.read(); os._exit(0)
print(os.getpid(), flush=True)
sys.stdin.read()
"""


def start(folder: Path, *more: str) -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder), *more], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    return process, int(process.stdout.readline())


class TestLock:
    def test_one_at_a_time(self, tmp_path: Path) -> None:
        assert held(tmp_path) == 0
        with lock(tmp_path):
            assert held(tmp_path) == os.getpid()
            assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"
            with pytest.raises(LockedError, match=f"process {os.getpid()}") as caught:
                lock(tmp_path)
            assert caught.value.details == {"pid": os.getpid()}
            assert caught.value.exit_status == 75
        assert held(tmp_path) == 0
        lock(tmp_path).release()

    def test_another_process_is_named_and_freed_by_death(self, tmp_path: Path) -> None:
        process, pid = start(tmp_path)
        assert held(tmp_path) == pid
        for _ in range(3):
            with pytest.raises(LockedError, match=f"process {pid}"):
                lock(tmp_path)
        process.kill()
        process.communicate()
        assert held(tmp_path) == 0
        with lock(tmp_path):
            assert held(tmp_path) == os.getpid()

    def test_a_child_that_lives_on_does_not_keep_it(self, tmp_path: Path) -> None:
        process, pid = start(tmp_path, "fork")
        assert held(tmp_path) == pid
        process.kill()
        process.wait()
        with lock(tmp_path):
            assert held(tmp_path) == os.getpid()
        process.communicate()  # ends the child

    def test_asking_does_not_free_it(self, tmp_path: Path) -> None:
        with lock(tmp_path):
            assert held(tmp_path) == os.getpid()
            with pytest.raises(LockedError):
                lock(tmp_path)
            code = "import sys, pathlib, branchline.store as s; print(s.held(pathlib.Path(sys.argv[1])))"
            command = [sys.executable, "-c", code, str(tmp_path)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            assert int(done.stdout) == os.getpid()

    def test_asking_makes_no_file(self, tmp_path: Path) -> None:
        assert held(tmp_path / "none") == 0
        assert held(tmp_path) == 0
        assert list(tmp_path.iterdir()) == []

    def test_a_lock_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "lock").symlink_to("/etc/passwd")
        with pytest.raises(StoreError, match="cannot be locked"):
            lock(tmp_path)
        with pytest.raises(StoreError, match="cannot be locked"):
            lock(tmp_path / "none")
