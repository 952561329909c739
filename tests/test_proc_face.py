"""Custody of one coordinator: starting, exits, stopping, and whole process trees."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import branchline
from branchline.errors import BranchlineError
from branchline.model.run import Exit
from branchline.proc import ALONE, Custody, Ended, Spawn, Started, linux, read_record
from branchline.proc.table import Table

PATIENCE = 20.0
MARKS = {
    "BRANCHLINE_TASK_ID": "t1",
    "BRANCHLINE_RUN_ID": "r1",
    "BRANCHLINE_ATTEMPT": "1",
}
ESCAPE = """\
trap "" TERM
case $1 in
worker) setsid sh "$0" middle & ;;
middle) setsid sh "$0" leaf & exit ;;
esac
echo $$ >> "$PIDS"
if [ "$2" = ends ]; then
  while [ "$(wc -l < "$PIDS")" -lt 2 ]; do sleep 0.01; done
  exit 3
fi
exec sleep 300
"""


def until(condition: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """Poll a real process for what it will do soon."""
    deadline = time.monotonic() + patience
    while not (found := condition()):
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.005)
    return found


class Bench:
    """A run folder with its custody and what has been reported."""

    def __init__(self, folder: Path, slots: int = 2) -> None:
        self.folder = folder
        self.custody = Custody.open(folder, slots)
        self.started: dict[int, Started] = {}
        self.ended: dict[int, Exit] = {}

    def spawn(self, fence: int, *argv: str, **changes: Any) -> Spawn:
        fields: dict[str, Any] = {
            "env": {"PATH": "/usr/bin:/bin"},
            "cwd": str(self.folder),
            "stdin": "",
            "output": str(self.folder / f"out.{fence}"),
            "errors": "",
            "wall": 0.0,
        }
        return Spawn(fence, argv, **{**fields, **changes})

    def start(self, fence: int, *argv: str, **changes: Any) -> None:
        self.custody.start(self.spawn(fence, *argv, **changes))

    def sh(self, fence: int, script: str, **changes: Any) -> None:
        self.start(fence, "sh", "-c", script, **changes)

    def escape(self, fence: int, *words: str, **changes: Any) -> None:
        """A worker with a child that called setsid twice, lost its parents and ignores TERM."""
        script = self.folder / "escape.sh"
        script.write_text(ESCAPE)
        env = {"PATH": "/usr/bin:/bin", "PIDS": str(self.pids), **MARKS, "BRANCHLINE_EXIT_FILE": str(script)}
        self.start(fence, "sh", str(script), "worker", *words, env=env, **changes)

    @property
    def pids(self) -> Path:
        return self.folder / "pids"

    def escaped(self) -> list[int]:
        """The pids of worker and daemon, as soon as both are up."""
        until(lambda: self.listen() or (self.pids.exists() and self.pids.read_text().count("\n") == 2))
        return [int(pid) for pid in self.pids.read_text().split()]

    def listen(self, timeout: float = 0.0) -> None:
        for event in self.custody.poll(timeout):
            if isinstance(event, Started):
                assert event.fence not in self.started
                self.started[event.fence] = event
            else:
                assert event.fence not in self.ended, "reported twice"
                self.ended[event.fence] = event.exit

    def running(self, fence: int) -> Started:
        until(lambda: self.listen(0.05) or fence in self.started)
        return self.started[fence]

    def exit(self, fence: int) -> Exit:
        until(lambda: self.listen(0.05) or fence in self.ended)
        return self.ended[fence]

    def output(self, fence: int) -> str:
        return (self.folder / f"out.{fence}").read_text()

    def said(self, fence: int, word: str) -> None:
        self.running(fence)
        until(lambda: word in self.output(fence))

    def custodian(self, fence: int) -> int:
        table = Table(self.folder)
        start = until(lambda: table.read(fence).start)
        table.close()
        return int(start.custodian)

    def guard(self, fence: int) -> int:
        return int(linux._stat(self.custodian(fence))[1])

    def again(self, slots: int = 2) -> None:
        """What a new coordinator does after the death of this one."""
        self.custody.close()
        self.custody = Custody.open(self.folder, slots)
        self.started.clear()
        self.ended.clear()


def gone(pid: int) -> bool:
    return not linux.alive(pid, linux.start_time(pid))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    folder = tmp_path / "ein Plan – 計画"
    folder.mkdir()
    bench = Bench(folder)
    yield bench
    bench.custody.close()
    log = (folder / "custody.log").read_text()
    assert log == "", log


def kill(*pids: int) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


# -- one process


@pytest.mark.parametrize("code", [0, 1, 126, 255])
def test_reports_the_exit_code(bench: Bench, code: int) -> None:
    bench.sh(0, f"exit {code}")
    assert bench.exit(0) == Exit(code)
    assert read_record(bench.folder, 0).exit == Exit(code)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_reports_the_signal(bench: Bench, number: int) -> None:
    bench.sh(0, f"ulimit -c 0; kill -{int(number)} $$")
    assert bench.exit(0) == Exit(None, int(number))


def test_started_carries_the_pid_of_the_worker(bench: Bench) -> None:
    bench.sh(0, "echo $$; ps -o sid= -p $$ 2>/dev/null || echo $$")
    pid = bench.running(0).pid
    bench.exit(0)
    assert {int(word) for word in bench.output(0).split()} == {pid}, "the worker leads a session of its own"


def test_nothing_is_read_before_it_ended(bench: Bench) -> None:
    assert read_record(bench.folder, 5).exit is None
    assert read_record(bench.folder / "nowhere", 5).exit is None


def test_stdin_is_a_file_or_nothing(bench: Bench) -> None:
    (bench.folder / "prompt ä.md").write_text("do it\n")
    bench.start(0, "cat", stdin=str(bench.folder / "prompt ä.md"))
    bench.start(1, "cat")
    assert (bench.exit(0), bench.exit(1)) == (Exit(0), Exit(0))
    assert (bench.output(0), bench.output(1)) == ("do it\n", "")


def test_output_is_appended_and_private(bench: Bench) -> None:
    out = str(bench.folder / "log")
    for fence in range(3):
        bench.sh(fence, f"echo out {fence}; echo err {fence} >&2", output=out)
        bench.exit(fence)
    assert Path(out).read_text() == "".join(f"out {n}\nerr {n}\n" for n in range(3))
    assert Path(out).stat().st_mode & 0o777 == 0o600


def test_errors_can_go_elsewhere(bench: Bench) -> None:
    bench.sh(0, "echo out; echo err >&2", errors=str(bench.folder / "err"))
    bench.exit(0)
    assert (bench.output(0), (bench.folder / "err").read_text()) == ("out\n", "err\n")


def test_environment_is_exactly_as_given(bench: Bench) -> None:
    env = {"A": "1 2", "ü": "ß", "EMPTY": ""}
    bench.start(0, "/usr/bin/env", "-0", env=env)
    assert bench.exit(0) == Exit(0)
    pairs = bench.output(0).rstrip("\0").split("\0")
    assert dict(pair.split("=", 1) for pair in pairs) == env


def test_nothing_else_is_inherited(bench: Bench) -> None:
    read, write = os.pipe()
    os.set_inheritable(write, True)
    bench.again()
    bench.sh(0, "ls /proc/self/fd | wc -l; grep -E 'Sig(Blk|Ign)' /proc/self/status; pwd")
    bench.exit(0)
    os.close(write)
    os.close(read)
    count, *signals, cwd = bench.output(0).splitlines()
    assert int(count) == 4, "0, 1, 2 and the folder that ls reads"
    private = 3 << 31  # signals 32 and 33 belong to the C library, which lets nobody set them
    assert [int(line.split()[1], 16) & ~private for line in signals] == [0, 0]
    assert cwd == str(bench.folder)


def test_a_relative_program_is_found_from_its_folder(bench: Bench) -> None:
    script = bench.folder / "go it"
    script.write_text("#!/bin/sh\necho here\n")
    script.chmod(0o755)
    bench.start(0, "./go it")
    assert (bench.exit(0), bench.output(0)) == (Exit(0), "here\n")


@pytest.mark.parametrize(
    ("argv", "changes", "text"),
    [
        (("no such program",), {}, "no such program"),
        (("/nowhere/at all",), {}, "/nowhere/at all"),
        (("true",), {"env": {"PATH": "/nowhere"}}, "PATH"),
        (("true",), {"cwd": "/nowhere"}, "/nowhere"),
        (("true",), {"stdin": "/nowhere/prompt"}, "No such file"),
        (("true", "x" * 300_000), {}, "too long"),
        (("true", "a\0b"), {}, "null"),
        ((), {}, "PATH"),
    ],
)
def test_what_cannot_start_is_an_ended_attempt(bench: Bench, argv: tuple[str, ...], changes: Any, text: str) -> None:
    bench.start(0, *argv, **changes)
    assert bench.exit(0) == Exit(127)
    assert text in bench.output(0)
    bench.sh(1, "exit 5")
    assert bench.exit(1) == Exit(5), "the custodian lives on"


def test_output_that_cannot_be_written_is_named_in_the_cause(bench: Bench) -> None:
    bench.start(0, "true", output="/nowhere/out")
    end = bench.exit(0)
    assert end.code == 127
    assert "could not start" in end.cause


def test_one_fence_starts_once(bench: Bench) -> None:
    for _ in range(3):
        bench.sh(0, "echo once")
    bench.exit(0)
    bench.sh(0, "echo twice")
    bench.sh(1, "true")
    bench.exit(1)
    assert bench.output(0) == "once\n"


def test_poll_returns_early_for_another_descriptor(bench: Bench) -> None:
    read, write = os.pipe()
    os.write(write, b"x")
    begun = time.monotonic()
    for _ in range(5):
        bench.custody.poll(5, [read])
    assert time.monotonic() - begun < 5
    os.close(read)
    os.close(write)


def test_fifty_jobs_through_two_slots_leak_nothing(bench: Bench) -> None:
    bench.sh(0, "true")
    bench.exit(0)
    custodian = bench.custodian(0)
    before = [len(os.listdir(f"/proc/{pid}/fd")) for pid in ("self", custodian)]
    for fence in range(1, 51):
        bench.sh(fence, f"exit {fence % 7}")
    for fence in range(1, 51):
        assert bench.exit(fence) == Exit(fence % 7)
    assert [len(os.listdir(f"/proc/{pid}/fd")) for pid in ("self", custodian)] == before
    assert linux.children(custodian) == []


def test_a_large_request_arrives(bench: Bench) -> None:
    words = ["x" * 100_000] * 10
    bench.start(0, "printf", "%s", *words)
    assert bench.exit(0) == Exit(0)
    assert bench.output(0) == "".join(words)


def test_a_start_that_cannot_be_recorded_does_not_happen(bench: Bench) -> None:
    """The file size limit stands for a full disk; the custodians inherit it."""
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, former[1]))
    try:
        bench.again()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)
    bench.start(1000, "touch", "ran")
    end = bench.exit(1000)
    assert (end.code, end.lost) == (127, False)
    assert "could not record the start" in end.cause
    bench.sh(1, "exit 4")
    assert bench.exit(1) == Exit(4)
    assert not (bench.folder / "ran").exists()


def test_custodians_start_from_a_folder_with_spaces(tmp_path: Path) -> None:
    package = Path(branchline.__file__).parent
    copy = tmp_path / "my packages ö" / "branchline"
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "run").mkdir()
    script = (
        "import sys; from pathlib import Path; from branchline.proc import Custody, Spawn\n"
        "folder = Path(sys.argv[1])\n"
        "custody = Custody.open(folder, 1)\n"
        "custody.start(Spawn(0, ['true'], {}, '/', '', str(folder / 'out'), '', 0.0))\n"
        "while not (events := custody.poll(5)): pass\n"
        "print(events[0].fence)"
    )
    env = {"PYTHONPATH": str(copy.parent), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "run")], env=env, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_custodians_that_never_come_up_are_an_error(tmp_path: Path, bench: Bench) -> None:
    with Custody(tmp_path, 2) as custody:
        (tmp_path / "attempts.table").rename(tmp_path / "aside")
        (tmp_path / "attempts.table").mkdir()
        custody.start(bench.spawn(0, "true"))
        with pytest.raises(BranchlineError, match=r"custody\.log"):
            until(lambda: custody.poll(0.05))
    until(lambda: (tmp_path / "custody.log").read_text().rstrip().endswith("attempts.table'"))


# -- stopping


def test_stop_is_term_to_every_process(bench: Bench) -> None:
    inner = 'trap "echo inner; exit" TERM; echo up; while :; do sleep 0.01; done'
    bench.sh(0, f"sh -c '{inner}' & trap 'echo outer; wait; exit 9' TERM; wait")
    bench.said(0, "up")
    bench.custody.stop(0, 10, "stopped: by a person")
    bench.custody.stop(0, 10, "another cause")
    assert bench.exit(0) == Exit(9, None, False, "stopped: by a person")
    assert {"inner", "outer"} <= set(bench.output(0).split())


def test_stop_waits_for_the_tree_and_not_only_for_the_worker(bench: Bench) -> None:
    bench.sh(0, "(trap 'sleep 0.2; echo saved; exit' TERM; echo up; while :; do sleep 0.01; done) & exec sleep 300")
    bench.said(0, "up")
    bench.custody.stop(0, 10, "stopped")
    assert bench.exit(0) == Exit(None, signal.SIGTERM, False, "stopped")
    assert "saved" in bench.output(0)


def test_a_second_stop_shortens_the_grace(bench: Bench) -> None:
    bench.escape(0)
    pids = bench.escaped()
    bench.custody.stop(0, 1000, "stopped: kindly")
    bench.custody.stop(0, 0.1, "stopped: at last")
    assert bench.exit(0) == Exit(None, signal.SIGKILL, False, "stopped: kindly")
    assert all(gone(pid) for pid in pids)


def test_a_stopped_process_can_be_stopped(bench: Bench) -> None:
    bench.sh(0, "kill -STOP $$")
    bench.running(0)
    bench.custody.stop(0, 10, "stopped")
    assert bench.exit(0).signal == signal.SIGTERM


def test_a_queued_job_that_is_stopped_never_starts(bench: Bench) -> None:
    for fence in range(3):
        bench.start(fence, "sleep", "300")
    bench.running(1)
    bench.custody.stop(2, 10, "stopped: not needed")
    assert bench.exit(2) == Exit(None, None, False, "stopped: not needed")
    for fence in range(2):
        bench.custody.stop(fence, 10, "stopped")
        assert bench.exit(fence).signal == signal.SIGTERM
    bench.again()
    assert bench.custody.adopt([2]) == {2: "ended"}
    assert not (bench.folder / "out.2").exists()


def test_stop_right_after_start(bench: Bench) -> None:
    bench.start(0, "sleep", "300")
    bench.custody.stop(0, 10, "stopped")
    assert bench.exit(0) == Exit(None, signal.SIGTERM, False, "stopped")


def test_the_wall_limit_ends_the_tree(bench: Bench) -> None:
    bench.escape(0, wall=0.5, grace=0.1)
    pids = bench.escaped()
    assert bench.exit(0) == Exit(None, signal.SIGKILL, False, "timeout")
    assert all(gone(pid) for pid in pids)


def test_the_wall_limit_works_without_a_coordinator(bench: Bench) -> None:
    bench.escape(0, wall=0.5, grace=0.1)
    pids = bench.escaped()
    bench.custody.close()
    assert until(lambda: read_record(bench.folder, 0).exit) == Exit(None, signal.SIGKILL, False, "timeout")
    assert all(gone(pid) for pid in pids)
    bench.custody = Custody.open(bench.folder, 1)


def test_what_daemonised_is_dead_when_the_attempt_ends(bench: Bench) -> None:
    bench.escape(0, "ends")
    assert bench.exit(0) == Exit(3)
    assert all(gone(pid) for pid in bench.escaped())


def test_a_lease_ends_with_the_coordinators(bench: Bench) -> None:
    bench.sh(0, "sleep 1; exit 4", lease=0.2)
    assert bench.exit(0) == Exit(4), "a coordinator was there all the time"
    bench.start(1, "sleep", "300", lease=0.2)
    bench.running(1)
    bench.custody.close()
    assert until(lambda: read_record(bench.folder, 1).exit) == Exit(None, signal.SIGTERM, False, ALONE)
    bench.custody = Custody.open(bench.folder, 1)


def test_another_coordinator_prolongs_a_lease(bench: Bench) -> None:
    bench.sh(0, "sleep 2; exit 4", lease=0.8)
    bench.running(0)
    bench.again()
    assert bench.custody.adopt([0]) == {0: "running"}
    assert bench.exit(0) == Exit(4)


# -- a killed custodian, guard, or both


def test_killed_custodian_is_lost_after_its_guard_ended_the_tree(bench: Bench) -> None:
    bench.escape(0)
    pids = bench.escaped()
    kill(bench.custodian(0))
    assert bench.exit(0) == Exit(None, None, True, "")
    assert all(gone(pid) for pid in pids)
    bench.sh(1, "exit 4")
    bench.sh(2, "exit 5")
    bench.sh(3, "exit 6")
    assert [bench.exit(fence).code for fence in (1, 2, 3)] == [4, 5, 6]


def test_killed_custodian_is_ended_by_the_guard_alone(bench: Bench) -> None:
    bench.escape(0)
    pids = bench.escaped()
    custodian = bench.custodian(0)
    bench.custody.close()
    kill(custodian)
    until(lambda: all(gone(pid) for pid in pids))
    bench.custody = Custody.open(bench.folder, 1)
    assert bench.custody.adopt([0]) == {0: "lost"}
    assert bench.exit(0).lost


def test_killed_guard_is_noticed_by_the_custodians(bench: Bench) -> None:
    bench.escape(0)
    pids = bench.escaped()
    kill(bench.guard(0))
    assert bench.exit(0) == Exit(None, signal.SIGKILL, False, "stopped: the guard was killed")
    assert all(gone(pid) for pid in pids)
    bench.sh(1, "exit 4")
    assert bench.exit(1) == Exit(4)


def test_killed_guard_without_a_coordinator(bench: Bench) -> None:
    bench.escape(0)
    pids = bench.escaped()
    guard = bench.guard(0)
    bench.custody.close()
    kill(guard)
    until(lambda: read_record(bench.folder, 0).exit)
    assert all(gone(pid) for pid in pids)
    bench.custody = Custody.open(bench.folder, 1)


@pytest.mark.parametrize("reopened", [False, True])
def test_both_killed_and_then_recovered(bench: Bench, reopened: bool) -> None:
    bench.escape(0)
    pids = bench.escaped()
    guard, custodian = bench.guard(0), bench.custodian(0)
    if reopened:
        bench.custody.close()
    for pid in (custodian, guard):
        os.kill(pid, signal.SIGSTOP)  # neither sees the other one die
    kill(guard, custodian)
    if reopened:
        until(lambda: gone(custodian))
        bench.custody = Custody.open(bench.folder, 2)
        assert bench.custody.adopt([0]) == {0: "lost"}
    assert bench.exit(0) == Exit(None, None, True, "")
    assert all(gone(pid) for pid in pids)
    bench.sh(1, "exit 4")
    assert bench.exit(1) == Exit(4)


def test_only_the_marks_of_this_attempt_count() -> None:
    whole = dict.fromkeys(linux.MARKS, b"1")
    assert linux.mark(whole) != 0
    assert linux.mark({**whole, b"PATH": b"x"}) == linux.mark(whole)
    for name in linux.MARKS:
        assert linux.mark({**whole, name: b"2"}) != linux.mark(whole)
        assert linux.mark({other: b"1" for other in whole if other != name}) == 0


def test_a_stop_survives_the_custodian(bench: Bench) -> None:
    bench.escape(0)
    bench.escaped()
    bench.custody.stop(0, 1000, "stopped: by a person")
    kill(bench.custodian(0))
    assert bench.exit(0) == Exit(None, None, True, "stopped: by a person")


def test_idle_custodians_that_are_killed_are_replaced(bench: Bench) -> None:
    bench.sh(0, "true")
    bench.exit(0)
    guard = bench.guard(0)
    until(lambda: len(linux.children(guard)) == 2)
    kill(*linux.children(guard))
    bench.sh(1, "exit 4")
    assert bench.exit(1) == Exit(4)


# -- a new coordinator


def test_adopt_says_what_became_of_each(bench: Bench) -> None:
    bench.sh(0, "exit 3")
    bench.exit(0)
    bench.sh(1, "until [ -e go ]; do sleep 0.01; done; exit 4")
    bench.start(2, "sleep", "300")
    bench.running(1)
    bench.running(2)
    doomed = bench.custodian(2)
    bench.again()
    kill(doomed)
    until(lambda: gone(doomed))
    assert bench.custody.adopt(range(4)) == {0: "ended", 1: "running", 2: "lost", 3: "unstarted"}
    bench.listen()
    assert bench.ended == {0: Exit(3), 2: Exit(None, None, True)}
    (bench.folder / "go").touch()
    assert bench.exit(1) == Exit(4)
    bench.sh(3, "exit 5")
    assert bench.exit(3) == Exit(5)
    assert bench.custody.adopt(range(4)) == dict.fromkeys(range(4), "ended")
    assert bench.custody.poll(0) == []


def test_an_adopted_attempt_can_be_stopped(bench: Bench) -> None:
    bench.escape(0)
    pids = bench.escaped()
    bench.again()
    assert bench.custody.adopt([0]) == {0: "running"}
    bench.custody.stop(0, 0.1, "stopped: zweite Wahl – ok")
    assert bench.exit(0) == Exit(None, signal.SIGKILL, False, "stopped: zweite Wahl – ok")
    assert all(gone(pid) for pid in pids)
    assert list(bench.folder.glob("stop.*")) == []


def test_a_signal_alone_stops_an_attempt(bench: Bench) -> None:
    bench.start(0, "sleep", "300")
    bench.running(0)
    os.kill(bench.custodian(0), signal.SIGTERM)
    assert bench.exit(0) == Exit(None, signal.SIGTERM, False, "stopped: by a signal")


def test_a_request_that_comes_late_is_refused(bench: Bench) -> None:
    """The first coordinator died with its request on the way; the second asked again and was first."""
    bench.sh(0, "echo first; until [ -e go ]; do sleep 0.01; done; exit 3")
    pid = bench.running(0).pid
    bench.custody.close()
    other = Custody.open(bench.folder, 1)
    other.start(bench.spawn(0, "echo", "late, held"))
    assert until(lambda: other.poll(0.05))[0][:2] == Started(0, pid, 0.0)[:2]
    (bench.folder / "go").touch()
    assert until(lambda: other.poll(0.05)) == [Ended(0, Exit(3))]
    late = Custody.open(bench.folder, 1)
    late.start(bench.spawn(0, "echo", "late, used"))
    assert until(lambda: late.poll(0.05)) == [Ended(0, Exit(3))]
    assert bench.output(0) == "first\n"
    late.close()
    other.close()


def test_stop_of_an_unstarted_fence_uses_it_up(bench: Bench) -> None:
    bench.custody.stop(7, 1, "stopped: before its time")
    assert bench.exit(7) == Exit(None, None, False, "stopped: before its time")
    other = Custody.open(bench.folder, 1)
    other.start(bench.spawn(7, "echo", "late"))
    assert until(lambda: other.poll(0.05)) == [Ended(7, Exit(None, None, False, "stopped: before its time"))]
    other.close()
    assert not (bench.folder / "out.7").exists()


def test_after_a_reboot_nothing_is_taken_for_unstarted(bench: Bench) -> None:
    """The start record was in the page cache only: an intent without a record may have run."""
    from branchline.proc import records

    handle = os.open(bench.folder / records.TABLE, os.O_RDWR)
    os.pwrite(handle, records.seal(records.VERSION + b" 00000000", records.SIZE), 0)
    os.close(handle)
    bench.again()
    assert bench.custody.adopt([0]) == {0: "lost"}
    bench.again()
    assert bench.custody.adopt([0, 1]) == {0: "ended", 1: "unstarted"}
