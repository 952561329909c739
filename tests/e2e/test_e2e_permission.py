"""A permission that the role wants asked waits in the inbox while the worker waits; the answer goes back to it."""

import shlex
import signal
import sys
import time
from pathlib import Path

import pytest

from worlds import Task, World

AGENT = Path(__file__).resolve().parents[1] / "agents" / "acp_agent.py"


@pytest.fixture
def asking(world: World) -> World:
    """A run whose one agent asks whether it may write a file."""
    world.settings('silence = "2s"\nretries = 0\n[roles.build]\npermissions = { edit = "ask" }\n')
    world.plan(Task("1.1", verify="true"))
    return world


def begin(world: World) -> str:
    return f"acp:{shlex.join([sys.executable, str(AGENT), 'success', str(world.folder / 'note')])}"


def asked(world: World) -> list[dict[str, object]]:
    told = world.run("inbox")
    return list(told.json["questions"]) if told.status == 0 else []


@pytest.mark.parametrize(
    ("answer", "states"), [(["--option", "1"], {"done", "held"}), (["reject"], {"done", "held", "blocked"})]
)
def test_it_waits_for_the_person_and_goes_on(asking: World, answer: list[str], states: set[str]) -> None:
    process = asking.begin(begin(asking))
    asking.until(lambda: asked(asking), "the question")
    (question,) = asked(asking)
    assert (question["kind"], question["options"]) == ("permission", ["once", "always", "reject"])
    assert str(question["text"]).startswith("edit: write\n")
    assert asking.run("answer", "1.1", "perhaps").status == 2, "only what it can have"
    assert asking.states() == {"1.1": "running"}
    assert "asks for a permission" in asking.reasons()["1.1"]
    assert asking.run("answer", "1.1", *answer).status == 0
    asking.finish(process)
    assert asking.states()["1.1"] in states
    stream = (asking.root / ".branchline/runs/r1/1.1/1/events.jsonl").read_text()
    allowed = [line for line in stream.split("\n") if '"permission"' in line]
    assert len(allowed) == 1
    assert ('"allowed": true' in allowed[0]) == ("reject" not in answer)
    asking.check_replay()


def test_a_killed_coordinator_loses_neither_question_nor_answer(asking: World) -> None:
    process = asking.begin(begin(asking))
    asking.until(lambda: asked(asking), "the question")
    process.send_signal(signal.SIGKILL)
    asking.finish(process)
    assert asking.run("answer", "1.1", "once").status == 0
    asking.execute(begin(asking))
    assert len(asking.rows()[2]) == 1, "it is asked once"
    assert asking.states()["1.1"] in {"done", "held"}


def test_a_silent_person_is_no_hung_worker(asking: World) -> None:
    process = asking.begin(begin(asking))
    asking.until(lambda: asked(asking), "the question")
    began = asking.events()[-1].at
    asking.until(lambda: time.time() - began > 5, "five seconds of silence")
    assert asking.states() == {"1.1": "running"}
    assert asking.run("answer", "1.1", "always").status == 0
    asking.finish(process)
    assert asking.states()["1.1"] in {"done", "held"}


def test_a_worker_that_cannot_wait_is_refused_before_anything_starts(asking: World) -> None:
    result = asking.execute(asking.agent("make\nsay done ok\n"))
    assert (result.status, asking.started()) == (2, [])
    assert "[roles.build]" in result.json["error"]
