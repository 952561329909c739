"""What the watchdog says of the facts: time and processor decide, the transcript only gives names."""

import json
from pathlib import Path

import pytest

from branchline import watchdog, workers
from branchline.watchdog import Advice, Facts
from branchline.workers.transcript import Tail

START = 1000.0


def judged(quiet: float, *, silence: float = 600.0, **facts: object) -> Advice:
    """What is said of a worker that wrote its last byte `quiet` seconds ago."""
    known = {"cpu": 0.0, "span": quiet, **facts}
    return watchdog.judge(Facts(START, START + 50, **known), START + 50 + quiet, silence)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("quiet", "state", "stuck"),
    [(0, "running", False), (59, "running", False), (61, "idle", False), (600, "idle", False), (601, "hung", True)],
)
def test_silence_comes_in_steps(quiet: float, state: str, stuck: bool) -> None:
    assert judged(quiet)[::2] == (state, stuck)


def test_who_never_wrote_is_silent_since_it_started() -> None:
    facts = Facts(START, cpu=0.0, span=500.0)
    assert watchdog.judge(facts, START + 599, 600.0).state == "idle"
    assert watchdog.judge(facts, START + 601, 600.0).words.startswith("hung: silent for 601 s")


@pytest.mark.parametrize(("cpu", "state"), [(0.0, "hung"), (130.0, "hung"), (150.0, "running"), (7000.0, "running")])
def test_who_computes_is_not_hung(cpu: float, state: str) -> None:
    assert judged(700, cpu=cpu).state == state


def test_the_processor_alone_never_makes_anybody_stuck() -> None:
    assert judged(10, cpu=0.0) == Advice("running", "at work")
    assert judged(10, cpu=1e6, span=10.0) == Advice("running", "at work")
    assert not judged(1e9, cpu=1e12).stuck


def test_a_machine_that_slept_has_no_hung_workers_when_it_wakes() -> None:
    assert judged(7200, span=20.0) == Advice("idle", "idle: silent for 7200 s")
    assert judged(7200, span=300.0).stuck


def test_without_a_measure_of_the_processor_nobody_is_stuck() -> None:
    assert judged(1e6, cpu=None) == Advice("idle", "idle: silent for 1000000 s")


def test_without_a_limit_nobody_is_stuck() -> None:
    assert judged(1e6, silence=0.0).state == "idle"


def test_who_is_held_by_nobody_is_lost() -> None:
    assert judged(5, held=False).state == "lost"


@pytest.mark.parametrize(
    ("line", "state"),
    [
        ("Do you want to proceed?", "permission"),
        ("Run `rm x`? [y/N]", "permission"),
        ("Waiting for your approval", "permission"),
        ("API error 429: slow down", "rate-limited"),
        ("Rate limit reached, retrying in 10 m", "rate-limited"),
        ("model is overloaded", "rate-limited"),
        ("compiling 429x", "hung"),
        ("y/n?", "hung"),
    ],
)
def test_the_last_words_give_the_silence_a_name_and_change_nothing_else(line: str, state: str) -> None:
    tail = Tail(("one", line, ""))
    assert judged(700, tail=tail)[::2] == (state, True)
    assert judged(100, tail=tail).stuck is False
    assert judged(10, tail=tail).state == "running"
    assert judged(700, tail=Tail((line, "a", "b", "c"))).state == "hung", "only its last words count"


def test_the_same_call_again_and_again_is_a_loop() -> None:
    call = 'bash {"command": "ls"}'
    found = judged(1, tail=Tail((), (*["edit {}"] * 9, *[call] * 6)))
    assert found == Advice("looping", f"looping: the same tool call 6 times in a row: {call}")
    assert judged(1, tail=Tail((), (call,) * 5)).state == "running"
    assert judged(1, tail=Tail((), (*[call] * 9, "edit {}"))).state == "running"
    assert not judged(1e6, tail=Tail((), (call,) * 9)).stuck, "a loop is for a person to judge"


def test_a_transcript_of_opencode_is_read_from_its_end(tmp_path: Path) -> None:
    def event(kind: str, **part: object) -> str:
        return json.dumps({"type": kind, "part": part})

    calls = [event("tool_use", tool="bash", state={"input": {"command": f"ls {n}"}}) for n in range(2000)]
    lines = [*calls, "not json", "[1]", '{"part": 3}', event("text", text="I look\naround"), '{"type": "text", "pa']
    (tmp_path / "events.jsonl").write_text("\n".join(lines))
    tail = workers.tail("opencode", tmp_path)
    assert tail.lines[-3:] == ('> bash {"command": "ls 1999"}', "I look", "around")
    assert tail.calls[-1] == 'bash {"command": "ls 1999"}'
    assert len(tail.lines) <= 20


@pytest.mark.parametrize("kind", sorted(workers.TABLE))
def test_every_worker_has_a_tail(tmp_path: Path, kind: str) -> None:
    assert workers.tail(kind, tmp_path) == Tail()
    (tmp_path / "output.log").write_text("".join(f"line {n}\n" for n in range(100)))
    assert workers.tail(kind, tmp_path).lines[-1] == "line 99"
