"""The table of attempts: what is written is read back, and what is damaged is noticed."""

import os
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from branchline.model.run import Exit
from branchline.proc import records
from branchline.proc.table import Record, Start, Table, decode, read_record

PID = st.integers(0, 1 << 22)


@settings(deadline=None, max_examples=100)
@given(PID, PID, st.integers(0, 10**12), st.integers(0, 2**32 - 1), st.floats(0, 1e10))
def test_a_start_is_read_back(custodian: int, worker: int, ticks: int, mark: int, at: float) -> None:
    part = records.start_part(custodian, worker, ticks, b"0123abcd", mark, at)
    assert len(part) == records.START_SIZE
    start = decode(part.ljust(records.SIZE, b"\0")).start
    assert start == Start(custodian, worker, ticks, b"0123abcd", mark, round(at, 3))


@settings(deadline=None, max_examples=200)
@given(
    st.none() | st.integers(0, 255),
    st.none() | st.integers(1, 64),
    st.booleans(),
    st.text(st.characters(codec="utf-8")),
)
def test_an_exit_is_read_back(code: int | None, number: int | None, lost: bool, cause: str) -> None:
    part = records.exit_part(code, number, lost, 1.8e9, cause)
    assert len(part) == records.EXIT_SIZE
    found = decode(bytes(records.START_SIZE) + part).exit
    assert found is not None
    assert found[:3] == (code, number, lost)
    assert " ".join(cause.replace("\0", " ").split()).startswith(found.cause)


@settings(deadline=None, max_examples=300)
@given(st.integers(0, records.SIZE * 8 - 1))
def test_every_flipped_bit_is_noticed(bit: int) -> None:
    good = records.start_part(1, 2, 3, b"0123abcd", 5, 6.0) + records.exit_part(0, None, False, 7.0, "why")
    bad = bytearray(good)
    bad[bit // 8] ^= 1 << bit % 8
    whole, found = decode(good), decode(bytes(bad))
    assert found.used
    assert found.start in (whole.start, None)
    assert found.exit in (whole.exit, None)
    assert found != whole


def test_every_truncation_is_noticed() -> None:
    good = records.start_part(1, 2, 3, b"0123abcd", 5, 6.0) + records.exit_part(3, None, False, 7.0, "why")
    for length in range(records.SIZE):
        found = decode(good[:length])
        assert found.exit is None or found == decode(good)
        assert found.start is None or length >= records.START_SIZE
    assert decode(b"") == Record(False, None, None)


def test_a_damaged_start_is_lost_and_not_started_again(tmp_path: Path) -> None:
    from branchline.proc import Custody

    Table(tmp_path).close()
    handle = os.open(tmp_path / records.TABLE, os.O_RDWR)
    os.pwrite(handle, b"deadbeef S 1 2 3", records.place(4))
    os.close(handle)
    with Custody.open(tmp_path, 1) as custody:
        assert custody.adopt([4]) == {4: "lost"}
        assert [event.fence for event in custody.poll(0)] == [4]
    assert read_record(tmp_path, 4).exit == Exit(None, None, True)


def test_records_of_many_fences_do_not_touch(tmp_path: Path) -> None:
    table = Table(tmp_path)
    for fence in (0, 1, 2, 70_000):
        assert table.close_fence(fence, Exit(fence % 256, None, False, "x" * 500))
        assert not table.close_fence(fence, Exit(0))
    for fence in (0, 1, 2, 70_000):
        end = table.read(fence).exit
        assert end is not None
        assert end.code == fence % 256
        assert 80 < len(end.cause) < 160
    assert not table.read(3).used
    table.close()
