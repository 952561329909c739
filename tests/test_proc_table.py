"""The table of custody: what was written is read, what is torn is recognised, and a reboot is no mystery."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from branchline.model.run import Exit
from branchline.proc import Custody, linux, read_record, records
from branchline.proc.table import Record, Start, Table, decode
from proc_bench import clear, collect, shell

FULL = records.start_part(11, 22, 33, b"0123abcd", 44, 55.5) + records.exit_part(3, None, False, 66.5, "a cause")


@pytest.fixture(autouse=True)
def _leave_nothing(tmp_path: Path) -> Iterator[None]:
    yield
    clear(tmp_path, ())


def put(folder: Path, offset: int, raw: bytes) -> None:
    """Write into the table behind the back of its owners."""
    handle = os.open(folder / records.TABLE, os.O_WRONLY | os.O_CREAT, 0o600)
    os.pwrite(handle, raw, offset)
    os.close(handle)


def used_by(folder: Path, *fences: int, boot: bytes = b"", worker: int = 1 << 22, ticks: int = 1) -> None:
    """Records of attempts that started and whose keepers are gone."""
    for fence in fences:
        part = records.start_part(1 << 22, worker, ticks, boot or linux.boot_id(), 0, 1.0)
        put(folder, records.place(fence), part)


def test_a_record_is_read_as_it_was_written() -> None:
    assert len(FULL) == records.SIZE
    start, end = Start(11, 22, 33, b"0123abcd", 44, 55.5), Exit(3, None, False, "a cause")
    assert decode(FULL) == Record(True, start, end, 66.5)
    assert decode(b"") == decode(bytes(records.SIZE)) == Record(False, None, None)


@settings(deadline=None, max_examples=200)
@given(
    code=st.none() | st.integers(0, 255),
    number=st.none() | st.integers(1, 64),
    lost=st.booleans(),
    cause=st.text(max_size=200),
)
def test_every_exit_comes_back(code: int | None, number: int | None, lost: bool, cause: str) -> None:
    part = records.exit_part(code, number, lost, 1.7e9, cause)
    assert len(part) == records.EXIT_SIZE
    raw = records.start_part(1 << 22, 1 << 22, 10**13, b"f" * 8, 2**32 - 1, 1.7e9) + part
    assert decode(raw).exit == Exit(code, number, lost, records.short(cause))
    assert decode(raw).start is not None


@pytest.mark.parametrize("length", range(1, records.SIZE))
def test_a_record_cut_at_any_byte_says_nothing_false(length: int) -> None:
    whole, found = decode(FULL), decode(FULL[:length])
    assert found.used
    assert found.exit is None
    assert found.start == (whole.start if length >= records.START_SIZE else None)


def test_a_record_with_any_byte_altered_says_nothing_false() -> None:
    whole = decode(FULL)
    for place in range(records.SIZE):
        raw = bytearray(FULL)
        raw[place] ^= 0x5A
        found = decode(bytes(raw))
        assert found.used
        assert (found.start, found.exit) in ((None, whole.exit), (whole.start, None))


def test_the_exit_in_a_folder_without_a_table_is_none(tmp_path: Path) -> None:
    assert read_record(tmp_path, 0).exit is None


def test_torn_records_are_lost_and_never_started_again(tmp_path: Path) -> None:
    Table(tmp_path).close()
    used_by(tmp_path, 0, 1, 2, 3)
    put(tmp_path, records.place(0) + 20, b"XX")  # start altered
    put(tmp_path, records.place(1) + records.START_SIZE, b"E 0 -")  # exit torn
    os.truncate(tmp_path / records.TABLE, records.place(3) + 40)  # cut in the middle of a start
    with Custody.open(tmp_path, 1) as custody:
        assert custody.adopt(range(5)) == {0: "lost", 1: "lost", 2: "lost", 3: "lost", 4: "unstarted"}
        assert collect(custody, range(4)) == dict.fromkeys(range(4), Exit(None, lost=True))
    assert read_record(tmp_path, 3).exit == Exit(None, lost=True)


def test_a_torn_record_is_refused_by_the_custodian(tmp_path: Path) -> None:
    Table(tmp_path).close()
    put(tmp_path, records.place(0) + 50, b"X")
    with Custody.open(tmp_path, 1) as custody:
        custody.start(shell(0, tmp_path, "echo ran"))
        assert collect(custody, [0]) == {0: Exit(None, lost=True)}
    assert not (tmp_path / "out.0").exists()


@pytest.mark.parametrize("header", [records.seal(b"custody-1 00000000", records.SIZE), b"damaged".ljust(records.SIZE)])
def test_after_a_reboot_what_ran_or_may_have_run_is_lost(tmp_path: Path, header: bytes) -> None:
    """An empty record proves nothing then: the page cache that held its start is gone."""
    put(tmp_path, 0, header)
    with subprocess.Popen(["sleep", "300"]) as bystander:
        try:
            same_pid = {"worker": bystander.pid, "ticks": linux.start_time(bystander.pid)}
            used_by(tmp_path, 0, boot=b"00000000", worker=same_pid["worker"], ticks=same_pid["ticks"])
            used_by(tmp_path, 1, boot=b"00000000")
            put(tmp_path, records.place(1) + records.START_SIZE, records.exit_part(5, None, False, 1.0, ""))
            with Custody.open(tmp_path, 1) as custody:
                assert custody.adopt([0, 1, 2]) == {0: "lost", 1: "ended", 2: "lost"}
                assert collect(custody, [0, 1, 2]) == {0: Exit(None, lost=True), 1: Exit(5), 2: Exit(None, lost=True)}
                assert custody.adopt([3]) == {3: "unstarted"}  # asked after the reboot was seen
            assert bystander.poll() is None, "a process of this boot was ended for one of the last"
        finally:
            bystander.kill()
    with Custody.open(tmp_path, 1) as custody:
        assert custody.adopt([4]) == {4: "unstarted"}


def test_a_reused_pid_is_not_taken_for_the_worker(tmp_path: Path) -> None:
    Table(tmp_path).close()
    with subprocess.Popen(["sleep", "300"]) as bystander:
        try:
            used_by(tmp_path, 0, worker=bystander.pid, ticks=linux.start_time(bystander.pid) - 1)
            with Custody.open(tmp_path, 1) as custody:
                assert custody.adopt([0]) == {0: "lost"}
            assert bystander.poll() is None
        finally:
            bystander.kill()


def test_the_mark_is_of_the_reserved_names_only() -> None:
    named = dict.fromkeys(linux.MARKS, b"1")
    assert linux.mark({}) == linux.mark({b"HOME": b"/"}) == 0
    assert (
        linux.mark(named) == linux.mark({**named, b"HOME": b"/"}) != linux.mark({**named, b"BRANCHLINE_ATTEMPT": b"2"})
    )
