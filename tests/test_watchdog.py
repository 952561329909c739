"""Silence is seen by the time of the last byte, and only where a worker is at work."""

from branchline import watchdog
from branchline.model.run import AttemptRow

WORK = AttemptRow("r1", 1, "t1", 1, "work", "started", started=100.0)


def hung(row: AttemptRow, *, now: float, limit: float = 10.0, last: float = 0.0) -> list[tuple[int, str]]:
    """What the watchdog says of one attempt."""
    return watchdog.silent([row], now, limit, lambda _: last)


def test_a_worker_that_never_wrote_is_silent_since_it_started() -> None:
    assert hung(WORK, now=110.0) == []
    assert hung(WORK, now=111.0) == [(1, "timeout: silent for 11 s")]


def test_each_byte_begins_the_time_anew() -> None:
    assert hung(WORK, now=200.0, last=195.0) == []
    assert hung(WORK, now=206.0, last=195.0) == [(1, "timeout: silent for 11 s")]


def test_only_workers_at_work_can_be_silent() -> None:
    for row in (WORK._replace(state="intended"), WORK._replace(purpose="check"), WORK._replace(cause="cancelled")):
        assert hung(row, now=1000.0) == []


def test_no_limit_means_no_silence() -> None:
    assert hung(WORK, now=1e9, limit=0.0) == []
