"""Nothing of an attempt outlives it: not when it ends, is stopped, or when the processes that keep it are killed.

BRANCHLINE_TEST_SCALE multiplies the kills at random moments (100 of each kind at 20).
"""

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from branchline.model.run import Exit
from branchline.proc import Custody, Ended, Started, cpu_of, linux, read_record
from branchline.proc.custody import STRIKES
from proc_bench import (
    PATH,
    SHARED,
    abandon,
    clear,
    collect,
    custodian,
    grown,
    keepers,
    lines,
    living,
    parent,
    shell,
    spawn,
    started,
    stubborn,
    until,
)

KILLS = max(2, round(5 * float(os.environ.get("BRANCHLINE_TEST_SCALE", "1"))))
SEED = int(os.environ.get("BRANCHLINE_TEST_SEED", "0")) or random.randrange(1, 10**6)


@pytest.fixture(autouse=True)
def _leave_nothing(tmp_path: Path) -> Iterator[None]:
    yield
    clear(tmp_path)


def kill_at_once(*pids: int) -> None:
    """KILL several processes so that none sees another one die."""
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in pids:
            os.kill(pid, number)


def test_who_leaves_the_session_twice_ends_with_the_attempt(tmp_path: Path) -> None:
    with Custody.open(tmp_path, 1) as custody:
        job = stubborn(0, tmp_path)
        script = f'sh "$1" "$2" 2 & until [ "$(wc -l < "$2")" = 3 ]; do sleep 0.01; done; exit 6 # {tmp_path}'
        (tmp_path / "pids.0").touch()
        custody.start(job._replace(argv=("/bin/sh", "-c", script, "sh", job.argv[1], job.argv[2])))
        assert collect(custody, [0]) == {0: Exit(6)}
        assert len(lines(tmp_path / "pids.0")) == 3
        assert not living(0, tmp_path)


def test_who_leaves_the_session_twice_ends_with_a_stop(tmp_path: Path) -> None:
    with Custody.open(tmp_path, 1) as custody:
        custody.start(stubborn(0, tmp_path))
        assert len(grown(0, tmp_path)) >= 4
        custody.stop(0, 0.2, "cancelled")
        assert collect(custody, [0]) == {0: Exit(None, 9, cause="cancelled")}
        assert not living(0, tmp_path)


def test_who_hops_from_process_to_process_ends_too(tmp_path: Path) -> None:
    hop = 'echo $$ > "$1"; setsid sh "$0" "$1" & exit 0'
    (tmp_path / "hop.sh").write_text(hop)
    with Custody.open(tmp_path, 1) as custody:
        env = {
            "PATH": PATH,
            **SHARED,
            "BRANCHLINE_ATTEMPT": f"0@{tmp_path}",
        }
        script = 'sh "$1" "$2" & sleep 0.2'
        argv = ("/bin/sh", "-c", script, "sh", str(tmp_path / "hop.sh"), str(tmp_path / "last"))
        custody.start(spawn(0, tmp_path, *argv, env=env))
        assert collect(custody, [0]) == {0: Exit(0)}
        assert not living(0, tmp_path)


@pytest.mark.parametrize("who", ["custodian", "guard", "both"])
def test_the_tree_does_not_outlive_its_keepers(tmp_path: Path, who: str) -> None:
    with Custody.open(tmp_path, 2) as custody:
        custody.start(stubborn(0, tmp_path))
        custody.start(stubborn(1, tmp_path))
        grown(0, tmp_path)
        grown(1, tmp_path)
        keeper = custodian(0, tmp_path)
        guard = parent(keeper)
        kill_at_once(*{"custodian": [keeper], "guard": [guard], "both": [keeper, guard]}[who])
        found = collect(custody, [0] if who == "custodian" else [0, 1])
        assert not living(0, tmp_path)
        orphan = Exit(None, 9, cause="stopped: the guard was killed")
        assert found[0] == (orphan if who == "guard" else Exit(None, lost=True))
        if who == "custodian":
            assert living(1, tmp_path)  # its neighbour goes on
            custody.stop(1, 0.0, "cancelled")
            found |= collect(custody, [1])
        assert found[1] == (Exit(None, 9, cause="cancelled") if who == "custodian" else orphan)
        custody.start(shell(2, tmp_path, "exit 5"))
        custody.start(shell(3, tmp_path, "exit 6"))
        assert collect(custody, [2, 3]) == {2: Exit(5), 3: Exit(6)}
        assert {fence: read_record(tmp_path, fence).exit for fence in found} == found


@pytest.mark.parametrize("who", ["custodian", "guard", "both"])
def test_no_worker_is_alive_after_any_kill_of_its_keepers(tmp_path: Path, who: str) -> None:
    """From the moment on at which its start is recorded, before there is a worker, up to a tree that has grown."""
    print(f"BRANCHLINE_TEST_SEED={SEED}")
    dice = random.Random(SEED)
    with Custody.open(tmp_path, 1) as custody:
        for fence in range(KILLS):
            custody.start(stubborn(fence, tmp_path))
            keeper = until(lambda: (custody.poll(0.0), custodian(fence, tmp_path))[1], f"a custodian of {fence}")  # noqa: B023 - asked at once
            moment = time.monotonic() + dice.choice((0.0, 0.01, 0.1)) * dice.random()
            while (left := moment - time.monotonic()) > 0:
                custody.poll(left)
            guard = parent(keeper)
            kill_at_once(*{"custodian": [keeper], "guard": [guard], "both": [keeper, guard]}[who])
            end = collect(custody, [fence])[fence]
            assert not living(fence, tmp_path), f"kill {fence}"
            assert end.lost or (who == "guard" and end.cause == "stopped: the guard was killed"), end


def test_a_stop_is_kept_when_the_custodian_is_killed(tmp_path: Path) -> None:
    with Custody.open(tmp_path, 1) as custody:
        custody.start(stubborn(0, tmp_path))
        grown(0, tmp_path)
        keeper = custodian(0, tmp_path)
        custody.stop(0, 60.0, "cancelled")
        kill_at_once(keeper)
        assert collect(custody, [0]) == {0: Exit(None, lost=True, cause="cancelled")}


def test_custodians_that_are_killed_while_idle_are_replaced(tmp_path: Path) -> None:
    with Custody.open(tmp_path, 2) as custody:
        custody.start(shell(0, tmp_path, "true"))
        collect(custody, [0])
        kill_at_once(*keepers(tmp_path))
        custody.start(shell(1, tmp_path, "exit 3"))
        assert collect(custody, [1]) == {1: Exit(3)}


def test_one_killed_guard_is_one_strike_however_many_of_its_custodians_had_the_job(tmp_path: Path) -> None:
    slots = STRIKES + 1
    with Custody.open(tmp_path, slots) as custody:
        for fence in range(slots):  # one after the other: the next job goes to the custodian of the first
            custody.start(shell(fence, tmp_path, "true"))
            collect(custody, [fence])
        guard, *custodians = parent(custodian(0, tmp_path)), *(custodian(fence, tmp_path) for fence in range(slots))
        for pid in custodians:
            os.kill(pid, signal.SIGSTOP)
        os.kill(guard, signal.SIGKILL)
        custody.start(shell(slots, tmp_path, "exit 3"))
        facts: list[Started | Ended] = []
        for pid in custodians:  # each finds the job and its guard's death together, and leaves, nearly always at once
            os.kill(pid, signal.SIGCONT)
            until(lambda: pid not in keepers(tmp_path), "the custodian leaves")  # noqa: B023 - asked at once
            for _ in range(3):
                facts += custody.poll(0.05)
        ended = {fact.fence: fact.exit for fact in facts if isinstance(fact, Ended)} or collect(custody, [slots])
        assert ended[slots] in (Exit(3), Exit(None, signal.SIGKILL, cause="stopped: the guard was killed"))


# -- after the death of the coordinator


def test_adopt_tells_running_ended_unstarted_and_lost_apart(tmp_path: Path) -> None:
    jobs = [stubborn(0, tmp_path), shell(1, tmp_path, "exit 7"), stubborn(2, tmp_path), shell(5, tmp_path, "exit 3")]
    abandon(tmp_path, *jobs)
    for fence in (0, 2):
        grown(fence, tmp_path)
    for fence in (1, 5):
        until(lambda: read_record(tmp_path, fence).exit, f"exit of {fence}")  # noqa: B023 - asked at once
    keeper = custodian(2, tmp_path)
    kill_at_once(keeper)
    until(lambda: not living(2, tmp_path), "its guard ends what a killed custodian leaves")
    with Custody.open(tmp_path, 1) as custody:
        states = {0: "running", 1: "ended", 2: "lost", 3: "unstarted", 5: "ended"}
        assert custody.adopt(states) == states
        assert custody.adopt([0, 1]) == {0: "running", 1: "ended"}
        facts = custody.poll(0.0)
        ends = {fact.fence: fact.exit for fact in facts if isinstance(fact, Ended)}
        assert ends == {1: Exit(7), 2: Exit(None, lost=True), 5: Exit(3)}
        assert [fact.fence for fact in facts if isinstance(fact, Started)] == [0]
        custody.start(shell(3, tmp_path, "exit 9"))
        assert collect(custody, [3]) == {3: Exit(9)}
        custody.start(shell(0, tmp_path, "echo twice"))
        custody.stop(0, 0.0, "cancelled")
        assert collect(custody, [0]) == {0: Exit(None, 9, cause="cancelled")}
        assert custody.poll(0.05) == []


def test_an_adopted_one_that_ends_by_itself_is_reported(tmp_path: Path) -> None:
    abandon(tmp_path, shell(0, tmp_path, f"until [ -e {tmp_path}/go ]; do sleep 0.01; done; exit 4"))
    with Custody.open(tmp_path, 1) as custody:
        assert custody.adopt([0]) == {0: "running"}
        (tmp_path / "go").touch()
        assert collect(custody, [0]) == {0: Exit(4)}
        assert custody.poll(0.05) == []


@pytest.mark.parametrize("grace", [60.0, 0.0])
def test_an_adopted_one_is_stopped_with_grace_and_cause(tmp_path: Path, grace: float) -> None:
    script = "trap 'echo bye; exit 9' TERM; echo up; while :; do sleep 0.05; done"
    abandon(tmp_path, shell(0, tmp_path, script))
    until(lambda: lines(tmp_path / "out.0"), "it is up")
    with Custody.open(tmp_path, 1) as custody:
        custody.stop(0, grace, "cancelled: by\nyou – ü")
        end = Exit(9) if grace else Exit(None, 9)
        assert collect(custody, [0]) == {0: end._replace(cause="cancelled: by you – ü")}
    assert not list(tmp_path.glob("stop.*"))


def test_an_adopted_one_whose_custodian_is_killed_is_lost(tmp_path: Path) -> None:
    abandon(tmp_path, stubborn(0, tmp_path))
    grown(0, tmp_path)
    with Custody.open(tmp_path, 1) as custody:
        assert custody.adopt([0]) == {0: "running"}
        kill_at_once(custodian(0, tmp_path))
        assert collect(custody, [0]) == {0: Exit(None, lost=True)}
        assert not living(0, tmp_path)


def test_what_is_left_of_a_lost_one_is_ended_first(tmp_path: Path) -> None:
    abandon(tmp_path, stubborn(0, tmp_path))
    grown(0, tmp_path)
    keeper = custodian(0, tmp_path)
    kill_at_once(keeper, parent(keeper))
    until(lambda: len(keepers(tmp_path)) == 0, "both keepers are dead")
    assert len(living(0, tmp_path)) >= 4
    with Custody.open(tmp_path, 1) as custody:
        assert custody.adopt([0]) == {0: "lost"}
        assert not living(0, tmp_path)
        assert collect(custody, [0]) == {0: Exit(None, lost=True)}


def test_the_wall_limit_holds_without_a_coordinator(tmp_path: Path) -> None:
    abandon(tmp_path, spawn(0, tmp_path, "sleep", "300", wall=0.3))
    with Custody.open(tmp_path, 1) as custody:
        assert custody.adopt([0])[0] in ("running", "ended")
        assert collect(custody, [0]) == {0: Exit(None, 15, cause="timeout")}


def test_the_record_tells_when_the_worker_started_as_the_kernel_does(tmp_path: Path) -> None:
    with Custody.open(tmp_path, 1) as custody:
        for fence in range(20):
            custody.start(spawn(fence, tmp_path, "/bin/sleep", "60"))
            pid = started(custody, fence).pid
            record = read_record(tmp_path, fence).start
            assert record is not None
            assert (record.worker, record.ticks) == (pid, linux.start_time(pid))
            custody.stop(fence, 0.0, "seen")
            collect(custody, {fence})


def test_a_term_to_a_custodian_stops_its_attempt(tmp_path: Path) -> None:
    abandon(tmp_path, spawn(0, tmp_path, "sleep", "300"))
    os.kill(custodian(0, tmp_path), signal.SIGTERM)
    until(lambda: read_record(tmp_path, 0).exit, "it has ended")
    assert read_record(tmp_path, 0).exit == Exit(None, 15, cause="stopped: by a signal")


@pytest.mark.parametrize("how", ["kill", "close"])
def test_what_was_asked_for_at_the_last_moment_runs_once(tmp_path: Path, how: str) -> None:
    """Two slots, four jobs: two were handed over and run, two were only queued and may be asked for again."""
    jobs = [shell(fence, tmp_path, f"echo ran; exit {fence}") for fence in range(4)]
    abandon(tmp_path, *jobs, how=how, slots=2)
    with Custody.open(tmp_path, 4) as custody:
        found = custody.adopt(range(4))
        assert set(found.values()) <= {"running", "ended", "unstarted"}
        assert (found[2], found[3]) == ("unstarted", "unstarted")
        for fence, state in found.items():
            if state == "unstarted":
                custody.start(jobs[fence])
        assert collect(custody, range(4)) == {fence: Exit(fence) for fence in range(4)}
    assert all(lines(tmp_path / f"out.{fence}") == ["ran"] for fence in range(4))


def test_a_custodian_outlives_a_coordinator_that_lets_go(tmp_path: Path) -> None:
    with Custody.open(tmp_path, 1) as custody:
        custody.start(shell(0, tmp_path, f"until [ -e {tmp_path}/go ]; do sleep 0.01; done; exit 4"))
        started(custody, 0)
    (tmp_path / "go").touch()
    until(lambda: read_record(tmp_path, 0).exit == Exit(4), "its exit is in the table")


def test_who_is_ready_and_gets_no_processor_counts_as_computing_and_who_sleeps_does_not() -> None:
    """Ten that share one processor have a tenth of it each: on a machine with too much to do that is no idleness."""
    one = str(min(os.sched_getaffinity(0)))
    spin = ["taskset", "-c", one, "sh", "-c", "while :; do :; done"]
    spinning = [subprocess.Popen(spin) for _ in range(10)]
    sleeping = subprocess.Popen(["sleep", "600"])
    try:
        before, began = cpu_of(spinning[0].pid), time.monotonic()
        until(lambda: cpu_of(spinning[0].pid) - before > 1.0, "a second of wanting the processor")
        assert cpu_of(spinning[0].pid) - before > 0.5 * (time.monotonic() - began)
        assert cpu_of(sleeping.pid) < 0.2
    finally:
        for process in (*spinning, sleeping):
            process.kill()
            process.wait()
