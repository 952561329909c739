"""One attempt under custody: what its process gets, how it ends, and what is reported."""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from branchline.model.run import Exit
from branchline.proc import Custody, Ended, linux, read_record
from branchline.proc.pool import reap_guards
from proc_bench import PATH, SOURCE, clear, collect, keepers, lines, shell, spawn, started, until


@pytest.fixture
def custody(tmp_path: Path) -> Iterator[Custody]:
    with Custody.open(tmp_path, 2) as opened:
        yield opened
    clear(tmp_path, ())


def test_exits_and_signals_are_reported_as_they_were(custody: Custody, tmp_path: Path) -> None:
    scripts = {0: "exit 0", 1: "exit 7", 2: "exit 255", 3: "kill -9 $$", 4: "kill -SEGV $$", 5: "kill -TERM $$"}
    for fence, script in scripts.items():
        custody.start(shell(fence, tmp_path, f"ulimit -c 0; {script}"))
    found = collect(custody, scripts)
    assert found == {0: Exit(0), 1: Exit(7), 2: Exit(255), 3: Exit(None, 9), 4: Exit(None, 11), 5: Exit(None, 15)}
    assert {fence: read_record(tmp_path, fence).exit for fence in scripts} == found


def test_stdin_is_the_file_and_outputs_are_appended(custody: Custody, tmp_path: Path) -> None:
    (tmp_path / "in").write_text("hello\n")
    (tmp_path / "out.0").write_text("before\n")
    custody.start(shell(0, tmp_path, "cat; echo oops >&2", stdin=str(tmp_path / "in")))
    custody.start(shell(1, tmp_path, "cat; echo oops >&2; echo yes", errors=str(tmp_path / "err.1")))
    collect(custody, [0, 1])
    assert lines(tmp_path / "out.0") == ["before", "hello", "oops"]
    assert (lines(tmp_path / "out.1"), lines(tmp_path / "err.1")) == (["yes"], ["oops"])
    assert (tmp_path / "out.1").stat().st_mode & 0o777 == 0o600


def test_the_environment_is_exactly_the_one_given(custody: Custody, tmp_path: Path) -> None:
    given = {"PATH": PATH, "GREETING": "grüße \n 🌍", "EMPTY": "", "RAW": "\udcff"}
    script = "import os, sys; sys.stdout.buffer.write(open('/proc/self/environ','rb').read())"
    custody.start(spawn(0, tmp_path, sys.executable, "-I", "-S", "-c", script, env=given))
    assert collect(custody, [0]) == {0: Exit(0)}
    entries = (tmp_path / "out.0").read_bytes().rstrip(b"\0").split(b"\0")
    assert sorted(entries) == sorted(os.fsencode(f"{name}={value}") for name, value in given.items())


STATE = """
import json, os, signal
status = dict(line.split(':', 1) for line in open('/proc/self/status'))
numbers = sorted(int(n) for n in os.listdir('/proc/self/fd'))
files = {n: os.readlink(f'/proc/self/fd/{n}') for n in numbers if os.path.exists(f'/proc/self/fd/{n}')}
print(json.dumps({'files': files, 'blocked': int(status['SigBlk'], 16), 'ignored': int(status['SigIgn'], 16),
                  'session': os.getsid(0) == os.getpid(), 'cwd': os.getcwd()}))
"""


def test_a_worker_inherits_no_descriptor_and_no_signal_setting(tmp_path: Path) -> None:
    pipe = os.pipe()
    os.set_inheritable(pipe[0], True)
    before = signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    try:
        with Custody.open(tmp_path, 1) as custody:
            custody.start(spawn(0, tmp_path, sys.executable, "-I", "-S", "-c", STATE))
            collect(custody, [0])
    finally:
        signal.signal(signal.SIGUSR2, before)
        os.close(pipe[0])
        os.close(pipe[1])
    found = json.loads((tmp_path / "out.0").read_text())
    out = str(tmp_path / "out.0")
    assert found["files"] == {"0": "/dev/null", "1": out, "2": out}
    by_others = {signal.SIGPIPE, signal.SIGXFSZ, 32, 33}  # by Python itself, and by every posix_spawn of glibc
    assert not found["ignored"] & ~sum(1 << (number - 1) for number in by_others)
    assert (found["blocked"], found["session"], found["cwd"]) == (0, True, str(tmp_path))


def test_paths_may_hold_spaces_and_any_letter(tmp_path: Path) -> None:
    folder = tmp_path / "a run – ünï \n 漢字"
    folder.mkdir()
    (folder / "my prog.sh").write_text("#!/bin/sh\npwd\ncat\n")
    (folder / "my prog.sh").chmod(0o755)
    (folder / "in ü").write_text("text\n")
    with Custody.open(folder, 1) as custody:
        custody.start(spawn(0, folder, "./my prog.sh", stdin=str(folder / "in ü"), output=str(folder / "o ü")))
        assert collect(custody, [0]) == {0: Exit(0)}
    assert (folder / "o ü").read_text() == f"{folder}\ntext\n"


def test_a_program_is_looked_up_on_the_workers_path(custody: Custody, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "only-here"
    program.write_text("#!/bin/sh\necho $0\n")
    program.chmod(0o755)
    custody.start(spawn(0, tmp_path, "only-here", env={"PATH": f"/nowhere::{tmp_path}/bin"}))
    custody.start(spawn(1, tmp_path, "only-here"))
    assert collect(custody, [0, 1]) == {0: Exit(0), 1: Exit(127)}
    assert lines(tmp_path / "out.0") == [str(program)]


BROKEN = {
    "missing program": ({"argv": ("no-such-program",)}, "no-such-program"),
    "missing path": ({"argv": ("/no/such/program",)}, "/no/such/program"),
    "no argv": ({"argv": ()}, "(nothing)"),
    "a folder": ({"argv": ("/tmp",)}, "Permission denied"),
    "missing cwd": ({"cwd": "/no/such/folder"}, "/no/such/folder"),
    "missing stdin": ({"stdin": "/no/such/input"}, "/no/such/input"),
    "missing folder of errors": ({"errors": "/no/such/folder/err"}, "/no/such/folder/err"),
    "too long": ({"argv": ("/bin/true", "x" * 300_000)}, "Argument list too long"),
    "far too long": ({"argv": ("/bin/true", *["x" * 100_000] * 40)}, "Argument list too long"),
    "a NUL": ({"argv": ("/bin/true", "a\0b")}, "null byte"),
    "an equals sign": ({"env": {"A=B": "c"}}, "environment variable name"),
    "not text": ({"argv": ("/bin/echo", "\ud800")}, "surrogates"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_start_has_ended_with_127_and_says_why(custody: Custody, tmp_path: Path, name: str) -> None:
    changes, reason = BROKEN[name]
    custody.start(shell(0, tmp_path, "true")._replace(**changes))
    custody.start(shell(1, tmp_path, "exit 3"))
    found = collect(custody, [0, 1])
    assert (found[0].code, found[0].signal, found[0].lost, found[1]) == (127, None, False, Exit(3))
    assert reason in "\n".join([*lines(tmp_path / "out.0"), found[0].cause])
    assert read_record(tmp_path, 0).exit == found[0]


def test_without_a_place_for_words_the_cause_holds_the_reason(custody: Custody, tmp_path: Path) -> None:
    custody.start(shell(0, tmp_path, "true", output="/no/such/folder/out"))
    end = collect(custody, [0])[0]
    assert end.code == 127
    assert "/no/such/folder/out" in end.cause


def test_a_background_child_ends_with_the_attempt(custody: Custody, tmp_path: Path) -> None:
    custody.start(shell(0, tmp_path, "sleep 300 & echo $!"))
    assert collect(custody, [0]) == {0: Exit(0)}
    assert not linux.start_time(int(lines(tmp_path / "out.0")[0]))


def test_a_fence_is_started_once(custody: Custody, tmp_path: Path) -> None:
    job = shell(0, tmp_path, "echo once")
    custody.start(job)
    custody.start(job)
    collect(custody, [0])
    custody.start(job)
    custody.start(shell(1, tmp_path, "true"))
    collect(custody, [1])
    assert lines(tmp_path / "out.0") == ["once"]


def test_a_used_fence_is_not_started_by_another_coordinator(tmp_path: Path) -> None:
    for code in (3, 4):
        with Custody.open(tmp_path, 1) as custody:
            custody.start(shell(0, tmp_path, f"exit {code}"))
            assert collect(custody, [0]) == {0: Exit(3)}


def test_an_end_is_reported_once(custody: Custody, tmp_path: Path) -> None:
    custody.start(shell(0, tmp_path, "true"))
    collect(custody, [0])
    assert custody.adopt([0]) == {0: "ended"}
    assert custody.poll(0.0) == []


def test_many_jobs_leave_no_descriptor_and_no_zombie(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with Custody.open(tmp_path, 2) as custody:
        for fence in range(50):
            custody.start(shell(fence, tmp_path, f"exit {fence}"))
        found = collect(custody, range(50))
        held = keepers(tmp_path)
        assert len(held) == 3
        descriptors = [len(os.listdir(f"/proc/{pid}/fd")) for pid in held]
        assert not [child for pid in held for child in linux.children(pid) if child not in held]
    assert found == {fence: Exit(fence) for fence in range(50)}
    assert max(descriptors) <= 9
    assert len(os.listdir("/proc/self/fd")) == before
    until(lambda: not keepers(tmp_path), "the custodians leave")
    until(lambda: (reap_guards(), not linux.children(os.getpid()))[1], "the guard is reaped")


def test_poll_returns_when_something_else_is_readable(custody: Custody) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.send(b"x")
        begin = time.monotonic()
        until(lambda: custody.poll(60.0, (ours.fileno(), ours.fileno())) == [], "poll returns")
        assert time.monotonic() - begin < 30
    assert custody.poll(0.0) == []


def test_close_may_be_called_twice(tmp_path: Path) -> None:
    custody = Custody.open(tmp_path, 1)
    custody.close()
    custody.close()


def test_a_relative_folder_is_the_one_it_was_at_the_beginning(tmp_path: Path) -> None:
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        with Custody.open(Path(), 1) as custody:
            os.chdir("/")
            custody.start(shell(0, tmp_path, "exit 4"))
            assert collect(custody, [0]) == {0: Exit(4)}
    finally:
        os.chdir(before)
    assert read_record(tmp_path, 0).exit == Exit(4)


def test_a_very_long_wall_limit_is_no_trouble(custody: Custody, tmp_path: Path) -> None:
    custody.start(shell(0, tmp_path, "exit 5", wall=1e9))
    assert collect(custody, [0]) == {0: Exit(5)}
    custody.start(shell(1, tmp_path, "true"))
    assert any(isinstance(fact, Ended) for _ in range(9) for fact in custody.poll(1e12))


FULL = """
import resource, sys
from pathlib import Path
from branchline.proc import Custody, Ended, Spawn
resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))
folder = Path(sys.argv[1])
with Custody.open(folder, 1) as custody:
    for fence in (1000, 0):
        custody.start(Spawn(fence, ["/bin/sh", "-c", "echo ran"], {}, "/", "", str(folder / f"out.{fence}"), "", 0.0))
    ends = {}
    while len(ends) < 2:
        ends.update({fact.fence: fact.exit for fact in custody.poll(1.0) if isinstance(fact, Ended)})
print(ends[1000].code, ends[1000].cause, ends[0].code)
"""


def test_what_cannot_be_recorded_is_not_started(tmp_path: Path) -> None:
    """A table that may not grow (as on a full disk) refuses the attempt, and the custodian goes on."""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    argv = [sys.executable, "-c", FULL, str(tmp_path)]
    done = subprocess.run(argv, env={"PYTHONPATH": SOURCE}, timeout=60, capture_output=True, text=True, check=True)
    assert done.stdout == "127 could not record the start: File too large 0\n"
    assert not (tmp_path / "out.1000").exists()


def test_stop_asks_then_insists(custody: Custody, tmp_path: Path) -> None:
    custody.start(shell(0, tmp_path, "trap 'echo bye; exit 9' TERM; echo up; while :; do sleep 0.05; done"))
    custody.start(shell(1, tmp_path, "trap '' TERM; echo up; while :; do sleep 0.05; done"))
    until(lambda: custody.poll(0.01) is not None and lines(tmp_path / "out.0") and lines(tmp_path / "out.1"), "both up")
    begin = time.monotonic()
    custody.stop(0, 60.0, "cancelled: by you")
    custody.stop(1, 0.5, "cancelled: by you")
    custody.stop(1, 60.0, "a second cause")
    found = collect(custody, [0, 1])
    assert found == {0: Exit(9, cause="cancelled: by you"), 1: Exit(None, 9, cause="cancelled: by you")}
    assert 0.5 <= time.monotonic() - begin < 20
    assert lines(tmp_path / "out.0")[-1] == "bye"


def test_a_second_stop_may_shorten_the_grace(custody: Custody, tmp_path: Path) -> None:
    custody.start(shell(0, tmp_path, "trap '' TERM; echo up; while :; do sleep 0.05; done"))
    until(lambda: custody.poll(0.01) is not None and lines(tmp_path / "out.0"), "it is up")
    custody.stop(0, 300.0, "interrupted")
    custody.stop(0, 0.0, "at once")
    assert collect(custody, [0]) == {0: Exit(None, 9, cause="interrupted")}


def test_a_stopped_process_hears_its_term(custody: Custody, tmp_path: Path) -> None:
    custody.start(spawn(0, tmp_path, "sleep", "300"))
    os.kill(started(custody, 0).pid, signal.SIGSTOP)
    custody.stop(0, 60.0, "cancelled")
    assert collect(custody, [0]) == {0: Exit(None, 15, cause="cancelled")}


def test_a_queued_one_that_is_stopped_never_starts(custody: Custody, tmp_path: Path) -> None:
    for fence in range(3):
        custody.start(shell(fence, tmp_path, "echo ran; sleep 300"))
    custody.stop(2, 60.0, "cancelled")
    assert collect(custody, [2]) == {2: Exit(None, cause="cancelled")}
    custody.start(shell(2, tmp_path, "echo ran"))
    for fence in (0, 1):
        custody.stop(fence, 0.0, "enough")
    collect(custody, [0, 1])
    assert read_record(tmp_path, 2).exit == Exit(None, cause="cancelled")
    assert not lines(tmp_path / "out.2")


def test_an_unknown_fence_is_used_up_by_its_stop(custody: Custody, tmp_path: Path) -> None:
    custody.stop(7, 1.0, "cancelled")
    custody.stop(7, 1.0, "again")
    assert custody.poll(0.0) == [Ended(7, Exit(None, cause="cancelled"))]
    with Custody.open(tmp_path, 1) as other:
        other.start(shell(7, tmp_path, "echo ran"))
        assert collect(other, [7]) == {7: Exit(None, cause="cancelled")}
    assert not (tmp_path / "out.7").exists()


def test_stopping_what_is_over_changes_nothing(custody: Custody, tmp_path: Path) -> None:
    custody.start(shell(0, tmp_path, "exit 3"))
    collect(custody, [0])
    custody.stop(0, 0.0, "cancelled")
    assert (custody.poll(0.0), read_record(tmp_path, 0).exit) == ([], Exit(3))


def test_a_cause_becomes_one_short_line(custody: Custody, tmp_path: Path) -> None:
    custody.start(spawn(0, tmp_path, "sleep", "300"))
    custody.stop(0, 0.0, "zu\nspät\0 " + "ü" * 500)
    end = collect(custody, [0])[0]
    assert end == read_record(tmp_path, 0).exit
    assert end.cause.startswith("zu spät ü")
    assert len(end.cause.encode()) <= 120


def test_the_wall_limit_is_term_then_kill(custody: Custody, tmp_path: Path) -> None:
    custody.start(spawn(0, tmp_path, "sleep", "300", wall=0.2))
    custody.start(shell(1, tmp_path, "trap '' TERM; while :; do sleep 0.05; done", wall=1.0, grace=0.2))
    found = collect(custody, [0, 1])
    assert found == {0: Exit(None, 15, cause="timeout"), 1: Exit(None, 9, cause="timeout")}


def flood(number: int) -> str:
    """A script that prints `number` numbered lines of 100 bytes."""
    return f"seq -f '%099.0f' 1 {number}"


@pytest.mark.parametrize("errors", [False, True], ids=["one log", "two logs"])
def test_a_long_log_keeps_its_tail_from_a_lines_begin(custody: Custody, tmp_path: Path, errors: bool) -> None:
    path = tmp_path / ("err.0" if errors else "out.0")
    script = f"{flood(50_000)} {'>&2' if errors else ''}; echo last {'>&2' if errors else ''}"
    custody.start(
        shell(0, tmp_path, script, errors=str(tmp_path / "err.0") if errors else "", cap=100_000, limit=10**9)
    )
    assert collect(custody, [0]) == {0: Exit(0)}
    first, *rest, last = lines(path)
    assert first.startswith("[the log was longer: ")
    assert first.endswith(" bytes were cut here]")
    assert last == "last"
    numbers = [int(line) for line in rest]
    assert numbers == list(range(numbers[0], 50_001)), "the tail is whole"
    assert 40_000 < path.stat().st_size <= 100_000


def test_a_log_is_cut_while_it_is_written(custody: Custody, tmp_path: Path) -> None:
    script = f"while [ ! -e go ]; do {flood(2000)}; sleep 0.05; done; echo last"
    custody.start(shell(0, tmp_path, script, cap=100_000))
    until(
        lambda: (tmp_path / "out.0").exists() and b"bytes were cut" in (tmp_path / "out.0").read_bytes()[:200], "a cut"
    )
    (tmp_path / "go").touch()
    assert collect(custody, [0]) == {0: Exit(0)}
    assert lines(tmp_path / "out.0")[-1] == "last"
    assert (tmp_path / "out.0").stat().st_size <= 100_000


def test_a_short_log_is_left_as_it_is(custody: Custody, tmp_path: Path) -> None:
    custody.start(shell(0, tmp_path, "printf 'no line break'", cap=13))
    custody.start(shell(1, tmp_path, f"{flood(5000)}", cap=0))
    collect(custody, [0, 1])
    assert (tmp_path / "out.0").read_bytes() == b"no line break"
    assert (tmp_path / "out.1").stat().st_size == 500_000


def test_one_long_line_is_cut_too(custody: Custody, tmp_path: Path) -> None:
    custody.start(shell(0, tmp_path, "head -c 1000000 /dev/zero | tr '\\0' x", cap=100_000))
    collect(custody, [0])
    text = (tmp_path / "out.0").read_text()
    assert text.startswith("[the log was longer: 950000 bytes were cut here]\nxxx")
    assert len(text) < 60_000


def test_who_floods_is_stopped(custody: Custody, tmp_path: Path) -> None:
    custody.start(shell(0, tmp_path, "yes", cap=1 << 20, limit=8 << 20, grace=0.2))
    assert collect(custody, [0]) == {0: Exit(None, 15, False, "output: more than 8 MB were written")}
    assert (tmp_path / "out.0").stat().st_size <= 1 << 20


def test_a_log_that_became_a_link_is_not_followed(custody: Custody, tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"x" * 200_000)
    script = "rm out.0; ln -s other out.0"
    custody.start(shell(0, tmp_path, script, cap=1000))
    assert collect(custody, [0]) == {0: Exit(0)}
    assert (tmp_path / "other").stat().st_size == 200_000
