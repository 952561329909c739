"""A permission that the role wants asked waits in the inbox while the worker waits; the answer goes back to it."""

import os
import shlex
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from workers_bench import end_servers
from worlds import Task, World

AGENTS = Path(__file__).resolve().parents[1] / "agents"
PROGRAMS = {"acp": "acp_agent.py success", "opencode-server": "opencode_server.py leave"}
TEXTS = {"acp": "edit: write\n", "opencode-server": "bash: touch a.txt"}


@pytest.fixture(params=PROGRAMS)
def kind(request: pytest.FixtureRequest) -> str:
    """A worker that can wait."""
    name: str = request.param
    return name


@pytest.fixture
def asking(world: World, kind: str) -> Iterator[World]:
    """A run whose one agent asks whether it may write a file."""
    world.settings('silence = "2s"\nretries = 0\n[roles.build]\npermissions = { edit = "ask", execute = "ask" }\n')
    world.plan(Task("1.1", verify="true"))
    yield world
    end_servers(Path(os.environ["XDG_STATE_HOME"]))


def begin(world: World, kind: str) -> str:
    program, part = PROGRAMS[kind].split()
    return f"{kind}:{shlex.join([sys.executable, str(AGENTS / program), part, str(world.folder / 'note')])}"


def asked(world: World) -> list[dict[str, object]]:
    told = world.run("inbox")
    return list(told.json["questions"]) if told.status == 0 else []


@pytest.mark.parametrize(
    ("answer", "states"), [(["--option", "1"], {"done", "held"}), (["reject"], {"done", "held", "blocked"})]
)
def test_it_waits_for_the_person_and_goes_on(asking: World, kind: str, answer: list[str], states: set[str]) -> None:
    process = asking.begin(begin(asking, kind))
    asking.until(lambda: asked(asking), "the question")
    (question,) = asked(asking)
    assert (question["kind"], question["options"]) == ("permission", ["once", "always", "reject"])
    assert str(question["text"]).startswith(TEXTS[kind])
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


def test_a_killed_coordinator_loses_neither_question_nor_answer(asking: World, kind: str) -> None:
    process = asking.begin(begin(asking, kind))
    asking.until(lambda: asked(asking), "the question")
    process.send_signal(signal.SIGKILL)
    asking.finish(process)
    assert asking.run("answer", "1.1", "once").status == 0
    asking.execute(begin(asking, kind))
    assert len(asking.rows()[2]) == 1, "it is asked once"
    assert asking.states()["1.1"] in {"done", "held"}


def test_a_silent_person_is_no_hung_worker(asking: World, kind: str) -> None:
    process = asking.begin(begin(asking, kind))
    asking.until(lambda: asked(asking), "the question")
    began = asking.events()[-1].at
    asking.until(lambda: time.time() - began > 5, "five seconds of silence")
    assert asking.states() == {"1.1": "running"}
    assert asking.run("answer", "1.1", "always").status == 0
    asking.finish(process)
    assert asking.states()["1.1"] in {"done", "held"}


def test_a_worker_that_cannot_wait_is_refused_before_anything_starts(world: World) -> None:
    world.settings('[roles.build]\npermissions = "ask"\n')
    world.plan(Task("1.1", verify="true"))
    result = world.execute(world.agent("make\nsay done ok\n"))
    assert (result.status, world.started()) == (2, [])
    assert "[roles.build]" in result.json["error"]
