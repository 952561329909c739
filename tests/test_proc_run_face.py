"""The one bounded process for git and probes."""

import time
from pathlib import Path

import pytest

from branchline.proc import linux, run

ENV = {"PATH": "/usr/bin:/bin"}


def sh(script: str, folder: Path, data: bytes = b"", timeout: float = 20.0, limit: int = 1 << 20):  # type: ignore[no-untyped-def]
    return run(["sh", "-c", script], cwd=folder, env=ENV, input=data, timeout=timeout, limit=limit)


def test_out_err_and_code(tmp_path: Path) -> None:
    assert sh("echo out; echo err >&2; exit 3", tmp_path) == (3, b"out\n", b"err\n", False, False)
    assert sh("kill -9 $$", tmp_path).code == -9


def test_input_larger_than_a_pipe(tmp_path: Path) -> None:
    data = bytes(range(256)) * 4000
    assert sh("cat", tmp_path, data, limit=1 << 21) == (0, data, b"", False, False)


def test_input_nobody_reads(tmp_path: Path) -> None:
    assert sh("exec <&-; exit 0", tmp_path, b"x" * 1_000_000).code == 0


def test_environment_and_folder_are_as_given(tmp_path: Path) -> None:
    (tmp_path / "a b").mkdir()
    done = run(["/usr/bin/env"], cwd=tmp_path / "a b", env={"X": "1"}, timeout=20, limit=1000)
    assert done.out == b"X=1\n"
    assert sh("pwd", tmp_path / "a b").out.decode().strip() == str(tmp_path / "a b")


def test_output_is_limited_and_the_process_still_ends(tmp_path: Path) -> None:
    done = sh("head -c 3000000 /dev/zero; echo end >&2", tmp_path, limit=1000)
    assert (done.code, len(done.out), done.err, done.truncated) == (0, 1000, b"end\n", True)


def test_exactly_the_limit_is_not_truncated(tmp_path: Path) -> None:
    assert sh("printf 12345", tmp_path, limit=5) == (0, b"12345", b"", False, False)


@pytest.mark.parametrize("argv", [["no such program"], ["/nowhere/x"], ["true", "x" * 300_000], []])
def test_what_cannot_start_is_127(tmp_path: Path, argv: list[str]) -> None:
    done = run(argv, cwd=tmp_path, env=ENV, timeout=20, limit=1000)
    assert done.code == 127
    assert b"could not start" in done.err


def test_missing_folder_is_127(tmp_path: Path) -> None:
    assert sh("true", tmp_path / "nowhere").code == 127


@pytest.mark.parametrize(
    "script", ["sleep 300 & echo $! $$; wait", "setsid -f sleep 300; setsid sleep 300 & echo $! $$; wait"]
)
def test_a_timeout_ends_everything(tmp_path: Path, script: str) -> None:
    begun = time.monotonic()
    done = sh(f"trap '' TERM; {script}", tmp_path, timeout=0.4)
    assert (done.code, done.timed_out) == (-9, True)
    assert time.monotonic() - begun < 10
    for pid in map(int, done.out.split()):
        while linux.alive(pid, linux.start_time(pid)):  # killed, but the kernel is not done with it yet
            assert time.monotonic() - begun < 10


def test_a_child_that_holds_the_pipe_does_not_hold_us(tmp_path: Path) -> None:
    begun = time.monotonic()
    done = sh("sleep 300 & echo done", tmp_path)
    assert (done.code, done.out, done.timed_out) == (0, b"done\n", False)
    assert time.monotonic() - begun < 10


def test_a_daemon_that_goes_on_talking_does_not_hold_us(tmp_path: Path) -> None:
    done = sh("setsid timeout 3 yes & sleep 0.05; echo $!", tmp_path, limit=100)
    assert (done.code, done.truncated, done.timed_out) == (0, True, False)
