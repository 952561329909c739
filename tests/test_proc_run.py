"""One bounded process: it cannot outstay, outtalk or outlive its caller."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from branchline.proc import Completed, linux, run
from proc_bench import PATH, lines, until

ENV = {"PATH": PATH}


def sh(script: str, cwd: Path, data: bytes = b"", timeout: float = 30.0, limit: int = 1 << 20) -> Completed:
    """Run a line of shell."""
    return run(["/bin/sh", "-c", script], cwd=cwd, env=ENV, input=data, timeout=timeout, limit=limit)


def test_out_err_code_and_signal_are_kept_apart(tmp_path: Path) -> None:
    assert sh("pwd; echo oops >&2; exit 3", tmp_path) == Completed(3, f"{tmp_path}\n".encode(), b"oops\n")
    assert sh("kill -9 $$", tmp_path).code == -9


def test_the_environment_is_exactly_the_one_given(tmp_path: Path) -> None:
    done = run(["/usr/bin/env"], cwd=tmp_path, env={"ONLY": "this ü"}, timeout=30, limit=1000)
    assert done.out == "ONLY=this ü\n".encode()


@pytest.mark.parametrize("size", [1, 65_536, 3_000_001])
def test_input_larger_than_a_pipe_comes_back(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    assert sh("cat", tmp_path, data, limit=size) == Completed(0, data, b"")


def test_input_that_nobody_reads_is_no_error(tmp_path: Path) -> None:
    assert sh("exec <&-; exit 4", tmp_path, b"x" * 1_000_000).code == 4
    assert sh("head -c 5", tmp_path, b"x" * 1_000_000) == Completed(0, b"xxxxx", b"")


def test_without_input_stdin_is_empty(tmp_path: Path) -> None:
    assert sh("cat; echo end", tmp_path) == Completed(0, b"end\n", b"")


@pytest.mark.parametrize(("limit", "truncated"), [(0, True), (9, True), (10, False), (11, False)])
def test_the_limit_cuts_each_stream_and_says_so(tmp_path: Path, limit: int, truncated: bool) -> None:
    done = sh("printf 0123456789; printf abc >&2", tmp_path, limit=limit)
    assert done == Completed(0, b"0123456789"[:limit], b"abc"[:limit], truncated=truncated)


def test_more_than_the_limit_does_not_stop_the_process(tmp_path: Path) -> None:
    done = sh("head -c 5000000 /dev/zero; exit 6", tmp_path, limit=1000)
    assert (done.code, len(done.out), done.truncated) == (6, 1000, True)


def test_a_time_out_ends_the_whole_group(tmp_path: Path) -> None:
    begin = time.monotonic()
    script = "trap '' TERM; (setsid sleep 300 & echo $! >> pids; wait) & sleep 299 & echo $! >> pids; echo up; wait"
    done = sh(script, tmp_path, timeout=2.0)
    assert (done.code, done.out, done.timed_out) == (-9, b"up\n", True)
    assert time.monotonic() - begin < 20
    pids = [int(pid) for pid in lines(tmp_path / "pids")]
    assert len(pids) == 2
    until(lambda: not any(linux.alive(pid, linux.start_time(pid)) for pid in pids), "its children are gone")


def test_a_flood_is_timed_out_too(tmp_path: Path) -> None:
    done = run(["yes"], cwd=tmp_path, env=ENV, timeout=0.2, limit=10)
    assert (done.code, done.out, done.timed_out, done.truncated) == (-9, b"y\ny\ny\ny\ny\n", True, True)


def test_a_child_in_the_background_does_not_hold_us_up(tmp_path: Path) -> None:
    begin = time.monotonic()
    done = sh("sleep 300 & echo $!", tmp_path)
    assert time.monotonic() - begin < 20
    assert done.code == 0
    until(lambda: not linux.alive(int(done.out), linux.start_time(int(done.out))), "the child is gone")


@pytest.mark.parametrize("argv", [["no-such-program"], ["/bin/true", "a\0b"], ["/bin/true", "x" * 300_000]])
def test_what_cannot_start_is_127_with_the_reason(tmp_path: Path, argv: list[str]) -> None:
    done = run(argv, cwd=tmp_path, env=ENV, timeout=30, limit=1000)
    assert (done.code, done.out) == (127, b"")
    assert done.err.startswith(f"could not start {argv[0]}: ".encode())


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    done = run(["/bin/true"], cwd=tmp_path / "nowhere", env=ENV, timeout=30, limit=1000)
    assert done.code == 127
    assert b"nowhere" in done.err


def test_nothing_leaks(tmp_path: Path) -> None:
    sh("true", tmp_path)
    before, family = len(os.listdir("/proc/self/fd")), linux.children(os.getpid())
    for code in range(20):
        assert sh(f"cat; exit {code}", tmp_path, b"x").code == code
    assert len(os.listdir("/proc/self/fd")) == before
    assert set(linux.children(os.getpid())) <= set(family)


def test_an_interrupt_takes_the_process_along(tmp_path: Path) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before, family = signal.signal(signal.SIGALRM, interrupt), linux.children(os.getpid())
    signal.setitimer(signal.ITIMER_REAL, 1.0)
    try:
        with pytest.raises(KeyboardInterrupt):
            run([sys.executable, "-c", WAITS], cwd=tmp_path, env=ENV, timeout=60, limit=1000)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert set(linux.children(os.getpid())) <= set(family)


WAITS = "import time; time.sleep(300)"


def test_a_very_long_time_out_is_no_trouble(tmp_path: Path) -> None:
    assert run(["/bin/true"], cwd=tmp_path, env=ENV, timeout=1e12, limit=1).code == 0
