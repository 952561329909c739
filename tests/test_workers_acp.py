"""What is the protocol's own: what the driver allows, writes and says, and ends that only it has."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from branchline.errors import SettingsError
from branchline.model.run import Claim, Exit
from branchline.workers import acp_driver
from workers_bench import Bench


class Line:
    """An agent that says what is written, whatever it is asked; `said` is what it heard."""

    def __init__(self, *messages: Any) -> None:
        self._messages: Iterator[Any] = iter(messages)
        self.said: list[Any] = []

    def say(self, line: bytes) -> None:
        self.said.append(json.loads(line))

    def hear(self) -> bytes:
        message = next(self._messages, None)
        if message is None:
            raise ConnectionError("it has ended")
        return message if isinstance(message, bytes) else json.dumps(message).encode()


def result(number: int, **more: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "result": more}


OPEN = [result(1, agentCapabilities={}), result(2, sessionId="s")]
OPTIONS = [{"optionId": f"{kind}!", "kind": kind} for kind in ("allow_always", "allow_once", "reject_once")]


def converse(tmp: Path, *messages: Any, **job: Any) -> tuple[Line, list[Any]]:
    """Play a prompt with an agent that opens a session and says `messages`."""
    line, told = Line(*OPEN, *messages, result(3, stopReason="end_turn")), []
    known = {"worktree": str(tmp), "session": "", "model": "", "agent": "", "read_only": False, **job}
    acp_driver.Client(line, known, told.append).play("Do it.")  # type: ignore[arg-type]
    return line, told


def ask(options: Any = OPTIONS, **call: Any) -> dict[str, Any]:
    params = {"toolCall": {"kind": "edit", "title": "write", **call}, "options": options}
    return {"jsonrpc": "2.0", "id": "p", "method": "session/request_permission", "params": params}


@pytest.mark.parametrize(
    ("call", "read_only", "allowed"),
    [
        ({"rawInput": {"filePath": "src/a.py"}}, False, True),
        ({"rawInput": {"filePath": "../a.py"}}, False, False),
        ({"locations": [{"path": "/etc/passwd"}]}, False, False),
        ({"kind": "execute", "rawInput": {"command": "make"}}, False, True),
        ({"kind": "other", "rawInput": {"parentDir": "/etc"}}, False, False),
        ({"kind": "execute", "rawInput": {"command": "make"}}, True, False),
        ({"rawInput": {"filePath": "src/a.py"}}, True, False),
        ({"kind": "read"}, True, True),
        ({"kind": None, "rawInput": 5, "locations": "?"}, True, False),
    ],
)
def test_a_permission_follows_from_the_role(tmp_path: Path, call: Any, read_only: bool, allowed: bool) -> None:
    line, told = converse(tmp_path, ask(**call), read_only=read_only)
    chosen = "allow_once!" if allowed else "reject_once!"
    assert line.said[-1]["result"] == {"outcome": {"outcome": "selected", "optionId": chosen}}
    assert [event["allowed"] for event in told if event["type"] == "permission"] == [allowed]


@pytest.mark.parametrize(
    ("rules", "call", "answer", "asked", "chosen"),
    [
        ({"*": "ask"}, {"kind": "execute", "title": "make"}, "once", 1, "allow_once!"),
        ({"*": "ask"}, {"kind": "execute"}, "always", 1, "allow_always!"),
        ({"*": "ask"}, {"kind": "execute"}, "reject", 1, "reject_once!"),
        ({"*": "ask"}, {"kind": "execute"}, "whatever", 1, "reject_once!"),
        ({"*": "ask"}, {"kind": "read"}, "reject", 0, "allow_once!"),
        ({"*": "ask"}, {"rawInput": {"filePath": "/etc/x"}}, "once", 0, "reject_once!"),
        ({"execute": "ask"}, {"kind": "edit"}, "reject", 0, "allow_once!"),
        ({"execute": "deny", "*": "ask"}, {"kind": "execute"}, "once", 0, "reject_once!"),
        ({"read": "ask"}, {"kind": "read"}, "once", 1, "allow_once!"),
    ],
)
def test_what_the_role_wants_asked_is_asked(
    tmp_path: Path, rules: Any, call: Any, answer: str, asked: int, chosen: str
) -> None:
    line, questions = Line(*OPEN, ask(**call), result(3, stopReason="end_turn")), []
    known = {"worktree": str(tmp_path), "session": "", "model": "", "agent": "", "read_only": False, "rules": rules}

    def person(text: str) -> str:
        questions.append(text)
        return answer

    acp_driver.Client(line, known, lambda _: None, person).play("Do it.")  # type: ignore[arg-type]
    assert line.said[-1]["result"] == {"outcome": {"outcome": "selected", "optionId": chosen}}
    assert len(questions) == asked


def test_where_nothing_can_be_chosen_the_request_is_cancelled(tmp_path: Path) -> None:
    line, _ = converse(tmp_path, ask([{"optionId": "x", "kind": "allow_once"}], rawInput={"path": "/etc"}))
    assert line.said[-1]["result"] == {"outcome": {"outcome": "cancelled"}}


@pytest.mark.parametrize(
    ("path", "read_only", "there"), [("a.txt", False, True), ("a.txt", True, False), ("../b", False, False)]
)
def test_a_file_is_written_for_an_agent_that_asks_though_it_was_not_offered(
    tmp_path: Path, path: str, read_only: bool, there: bool
) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    target = tree / path
    params = {"path": str(target), "content": "hello\n"}
    message = {"jsonrpc": "2.0", "id": 9, "method": "fs/write_text_file", "params": params}
    line, _ = converse(tree, message, read_only=read_only)
    assert target.exists() is there
    assert ("result" in line.said[-1]) is there


def test_what_is_not_offered_is_refused_and_odd_messages_are_passed_over(tmp_path: Path) -> None:
    odd = [b"not json", b"[" * 5000, b"5", {"id": 77, "result": {}}, {"jsonrpc": "2.0", "method": "session/update"}]
    line, told = converse(tmp_path, *odd, {"id": 8, "method": "terminal/create", "params": {}})
    assert line.said[-1]["error"]["code"] == -32601
    assert told[-1] == {"type": "stop", "stopReason": "end_turn", "usage": None}


def test_an_agent_that_cannot_load_sessions_is_given_none_to_go_on_with(tmp_path: Path) -> None:
    _, told = converse(tmp_path)
    assert [event["type"] for event in told] == ["stop"]
    with pytest.raises(acp_driver.RefusedError, match="session/load"):
        converse(tmp_path, session="s-0")


def read(tmp: Path, *events: dict[str, Any], code: int = 0) -> Claim:
    made = Bench(tmp, "acp")
    (made.folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    return made.claim(Exit(code))


@pytest.mark.parametrize(
    ("event", "status", "extra"),
    [
        ({"message": "slow down", "data": {"statusCode": 529}}, "rate_limited", {"status": 529}),
        ({"message": "request failed with status code 503"}, "failed", {"status": 503}),
        ({"message": "You have hit your usage limit"}, "rate_limited", {"status": 429}),
        ({"method": "session/set_model", "message": "model not found"}, "failed", {"cause": "model"}),
        ({"message": 5, "data": "?"}, "failed", {}),
    ],
)
def test_an_error_is_read_from_its_words_where_no_status_is_told(
    tmp_path: Path, event: dict[str, Any], status: str, extra: dict[str, Any]
) -> None:
    claim = read(tmp_path, {"type": "error", **event}, code=1)
    assert (claim.status, dict(claim.extra)) == (status, extra)


def test_an_agent_that_is_not_there_is_named(tmp_path: Path) -> None:
    claim = Bench(tmp_path, "acp", ("/nowhere/agent",)).run()
    assert claim.status == "failed"
    assert "/nowhere/agent" in claim.error


def test_it_needs_an_agent_and_takes_no_variant(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "acp")
    with pytest.raises(SettingsError, match="argv"):
        bench.adapter.command(bench.job)
    with pytest.raises(SettingsError, match="variant"):
        bench.adapter.command(bench.job._replace(argv=("agent",), variant="high"))
