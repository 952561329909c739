"""Named sessions of the real OpenCode, its model being a stub on loopback."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from agent_bench import AGENTS
from programs import missing
from test_end_to_end import Stage

from stub_model import directive

pytestmark = [pytest.mark.real, pytest.mark.skipif(bool(missing("opencode")), reason=missing("opencode"))]
LIMIT = "240"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A repository and a user whose OpenCode has the stub as its model."""
    made = Stage(tmp_path / "stage", "# Nothing\n", ())
    with made.model:
        yield made


def test_a_session_goes_on_where_it_was(stage: Stage) -> None:
    write = AGENTS["opencode"].write(str(stage.root / "hello.txt"), "hello\n")
    told = directive({"tools": [write]}, {"text": "ACK1"})
    (stage.root / "token.txt").write_text("PSA_ATTACHMENT\n")
    said = stage.run("agent", "run", "--name", "talk/one", "--prompt", f"Begin. {told}", "--file", "token.txt")
    assert (said["status"], said["mode"], said["sessionId"]) == ("scheduled", "new", None)
    first = stage.run("agent", "result", "--name", "talk/one", "--wait", "--timeout", LIMIT)
    assert (first["lastAssistantText"], first["exitCode"]) == ("ACK1", 0)
    assert first["sessionId"].startswith("ses_")
    assert (stage.root / "hello.txt").read_text() == "hello\n"
    sent = json.dumps(stage.model.requests)
    assert "PSA_ATTACHMENT" in sent
    again = stage.run("agent", "run", "--name", "talk/one", "--resume", "--prompt", directive({"text": "ACK2"}))
    assert (again["mode"], again["sessionId"]) == ("resume", first["sessionId"])
    second = stage.run("agent", "result", "--name", "talk/one", "--wait", "--timeout", LIMIT)
    assert (second["lastAssistantText"], second["sessionId"]) == ("ACK2", first["sessionId"])
    assert "Begin." in json.dumps(stage.model.requests[-1]), "the session remembers the first prompt"
    (match,) = stage.run("agent", "search", "--name", "talk/one", "--pattern", "ACK.", "--role", "assistant")[
        "matches"
    ][1:]
    assert match["snippet"] == "ACK2"


def test_a_session_is_cancelled_and_goes_on(stage: Stage) -> None:
    begun = AGENTS["opencode"].write(str(stage.root / "begun.txt"), "x\n")
    stage.run("agent", "run", "--name", "slow", "--prompt", "Wait. " + directive({"tools": [begun]}, {"hang": True}))

    def under_way() -> bool:
        """The tool has run, and the agent has told its session: one that is killed before that cannot go on."""
        told = stage.root.glob(".branchline/**/events.jsonl")
        return (stage.root / "begun.txt").exists() and any("sessionID" in log.read_text() for log in told)

    while not under_way():
        rows = stage.run("agent", "status", "--name", "slow", "--wait", "--timeout", "0.2")["agents"]
        assert rows[0]["status"] in ("scheduled", "running")
    stage.run("agent", "cancel", "--name", "slow", "--signal", "KILL")
    (row,) = stage.run("agent", "status", "--name", "slow", "--wait-terminal", "--timeout", LIMIT)["agents"]
    assert (row["status"], row["exitCode"]) == ("done", 137)
    stage.run("agent", "run", "--name", "slow", "--resume", "--prompt", "Now. " + directive({"text": "HERE"}))
    result = stage.run("agent", "result", "--name", "slow", "--wait", "--timeout", LIMIT)
    assert (result["lastAssistantText"], result["sessionId"]) == ("HERE", row["sessionId"])
