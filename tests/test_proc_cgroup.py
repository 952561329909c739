"""Control groups, where this machine lets us make them: what has left every other trace behind still ends."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from branchline.model.run import Exit
from branchline.proc import Custody, cgroup
from proc_bench import PATH, collect, custodian, keepers, parent, spawn, until

HOME = cgroup._home()
ESCAPE = """
import os, sys, time
for _ in range(2):
    if os.fork():
        os._exit(0) if _ else time.sleep(0.05) or os.execve("/bin/sleep", ["sleep", "600"], {})
    os.setsid()
open(sys.argv[1], "w").write(str(os.getpid()))
os.execve("/bin/sleep", ["sleep", "601"], {})
"""
"""A child that leaves its session twice, has no parent of ours and no environment."""

grouped = pytest.mark.skipif(not HOME, reason="no control groups of version 2 that we may write")


def test_only_groups_of_our_name_whose_guard_is_dead_are_cleared(tmp_path: Path) -> None:
    gone = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(gone, 0)
    mine, dead, held = (f"branchline-{pid}-1" for pid in (os.getpid(), gone, f"{gone}-2"))
    for name in (mine, dead, f"{held}/member", f"branchline-box-{gone}-1", f"other-{gone}-1", f"branchline-{gone}x-1"):
        (tmp_path / name).mkdir(parents=True)
    before = {path.name for path in tmp_path.iterdir()}
    cgroup.clear(os.fsencode(tmp_path))
    assert before - {path.name for path in tmp_path.iterdir()} == {dead}


def notes(folder: Path) -> dict[int, str]:
    there = folder / "cgroups"
    found = {int(p.name): p.read_text() for p in there.iterdir()} if there.is_dir() else {}
    return {pid: said for pid, said in found.items() if said}  # a note that is being written is none yet


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def escaped(custody: Custody, folder: Path) -> int:
    """Start the one that escapes; gives its pid."""
    script = folder / "escape.py"
    script.write_text(ESCAPE)
    custody.start(spawn(0, folder, sys.executable, "-I", "-S", str(script), str(folder / "pid"), env={"PATH": PATH}))
    until(lambda: (folder / "pid").exists() and (folder / "pid").read_text(), "the escape")
    pid = int((folder / "pid").read_text())
    until(lambda: b"601" in Path(f"/proc/{pid}/cmdline").read_bytes(), "its last form")
    return pid


@grouped
def test_a_guard_has_a_group_for_all_and_takes_it_away(tmp_path: Path) -> None:
    with Custody.open(tmp_path, 3) as custody:
        custody.start(spawn(0, tmp_path, "/bin/true"))
        assert collect(custody, [0]) == {0: Exit(0)}
        until(lambda: len(notes(tmp_path)) == 3, "the notes")
        groups = notes(tmp_path)
        assert len(set(groups.values())) == 1
        assert all(str(pid) in Path(path, "cgroup.procs").read_text().split() for pid, path in groups.items())
    until(lambda: not keepers(tmp_path), "the custodians leave")
    assert notes(tmp_path) == {}
    assert not [path for path in groups.values() if os.path.exists(path)]


@grouped
def test_who_left_no_trace_ends_with_its_keepers(tmp_path: Path) -> None:
    with Custody.open(tmp_path, 1) as custody:
        pid = escaped(custody, tmp_path)
        keeper = custodian(0, tmp_path)
        guard = parent(keeper)
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for each in (keeper, guard):
                os.kill(each, number)
        assert collect(custody, [0]) == {0: Exit(None, lost=True)}
        assert not alive(pid)
    until(lambda: not keepers(tmp_path), "the custodians leave")
    assert notes(tmp_path) == {}


@grouped
def test_who_left_no_trace_ends_with_its_custodian(tmp_path: Path) -> None:
    with Custody.open(tmp_path, 1) as custody:
        pid = escaped(custody, tmp_path)
        os.kill(custodian(0, tmp_path), signal.SIGKILL)
        assert collect(custody, [0]) == {0: Exit(None, lost=True)}
        assert not alive(pid)


@grouped
def test_a_neighbour_goes_on_when_a_custodian_is_killed(tmp_path: Path) -> None:
    with Custody.open(tmp_path, 2) as custody:
        pid = escaped(custody, tmp_path)
        custody.start(spawn(1, tmp_path, "/bin/sh", "-c", "while [ ! -e go ]; do sleep 0.01; done; exit 5"))
        until(lambda: custodian(1, tmp_path), "the neighbour")
        os.kill(custodian(0, tmp_path), signal.SIGKILL)
        assert collect(custody, [0]) == {0: Exit(None, lost=True)}
        assert not alive(pid)
        (tmp_path / "go").touch()
        assert collect(custody, [1]) == {1: Exit(5)}


@grouped
def test_a_note_that_names_another_group_is_not_believed(tmp_path: Path) -> None:
    """A worker could write the notes: what they name must be a group of ours, by its name and its place."""
    other = Path(os.fsdecode(HOME)) / f"not-ours-{os.getpid()}-{time.monotonic_ns()}"
    other.mkdir()
    child = os.posix_spawn("/bin/sleep", ["sleep", "600"], {})
    try:
        (other / "cgroup.procs").write_text(str(child))
        (tmp_path / "cgroups").mkdir()
        inside = f"{other}/../{other.name}"
        for name in (
            str(other),
            inside,
            f"{tmp_path}/branchline-7-1",
            f"/sys/../{other}/branchline-7-1",
            "branchline-7-1",
        ):
            (tmp_path / "cgroups" / "7").write_text(name)
            cgroup.end(os.fsencode(tmp_path), 7)
            assert alive(child)
        cgroup.sweep(os.fsencode(tmp_path))
        assert other.exists()
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        other.rmdir()


@grouped
def test_the_groups_of_the_dead_are_swept(tmp_path: Path) -> None:
    with Custody.open(tmp_path, 2) as custody:
        custody.start(spawn(0, tmp_path, "/bin/true"))
        collect(custody, [0])
        until(lambda: len(notes(tmp_path)) == 2, "the notes")
        groups = notes(tmp_path)
        guard = parent(next(iter(groups)))
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for each in (*groups, guard):
                os.kill(each, number)
        until(lambda: not any(map(alive, (*groups, guard))), "their end")
    Custody(tmp_path, 1).close()
    assert not any(os.path.exists(path) for path in groups.values())
    assert notes(tmp_path) == {}
