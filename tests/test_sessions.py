"""sessions: named agents in the background; the scenarios and the faults of the program they replace (SEEDS S2)."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from branchline.cli import main
from branchline.errors import SESSION_CODES, SessionError
from branchline.model.run import SessionRow
from branchline.proc import linux, records
from branchline.sessions import history
from branchline.sessions.agents import NEVER, Agents
from branchline.store import Store, lock
from branchline.workers import TABLE, acp, messages, stream

SHELL = ("--worker", "shell:sh")
"""The prompt is a script: the worker does what it is told, and says what it prints."""
KEYS = {"ok", "name", "pid", "status", "sessionId", "model", "mode", "startedAt"}
DEADLINE = 60.0
SOURCE = str(Path(__file__).resolve().parents[1] / "src")


class Place:
    """A folder in which sessions are started; every command gives its one JSON line and agrees with its exit status."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys

    def __call__(self, *words: str, code: str = "") -> dict[str, Any]:
        self._capsys.readouterr()
        status = main(["agent", "-C", str(self.folder), *words])
        (line,) = self._capsys.readouterr().out.splitlines()
        said: dict[str, Any] = json.loads(line)
        assert (said.get("code", ""), said["ok"]) == (code, not code), said
        assert status == (SESSION_CODES.get(code, status) if code else 0)
        return said

    def run(self, name: str, script: str, *more: str) -> dict[str, Any]:
        """Start a session whose agent is a shell."""
        return self("run", "--name", name, "--prompt", script, *(more or SHELL))

    def end(self, name: str) -> dict[str, Any]:
        """Wait for the end of a session; its record."""
        (row,) = self("status", "--name", name, "--wait-terminal", "--timeout", str(DEADLINE))["agents"]
        assert row["status"] in ("done", "unknown"), row
        return dict(row)

    def text(self, name: str) -> str:
        """What its agent said last."""
        said = self("result", "--name", name, "--wait", "--timeout", str(DEADLINE))["lastAssistantText"]
        return str(said)

    @property
    def state(self) -> Path:
        """Where the sessions are recorded."""
        return self.folder / ".branchline"

    def row(self, name: str) -> SessionRow:
        """The record as it is stored."""
        with Store.open(self.state / "state.db") as store:
            row = store.session(name)
            assert row is not None
            return row


@pytest.fixture
def agent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Place]:
    """A place; what still runs in it is ended."""
    place = Place(tmp_path / "place", capsys)
    place.folder.mkdir()
    yield place
    try:
        live = [row["name"] for row in place("list")["agents"] if row["status"] in ("scheduled", "running")]
    except AssertionError:  # a test has damaged its records
        live = []
    for name in live:
        place("cancel", "--name", name, "--signal", "KILL")
        place.end(name)


def put(agent: Place, place: int, raw: bytes) -> None:
    """Write into the table behind the back of custody."""
    with (agent.state / "agents" / records.TABLE).open("r+b") as file:
        file.seek(place)
        file.write(raw)


def parent(pid: int) -> int:
    """The process that started another: a custodian, or the guard above it."""
    return int(Path(f"/proc/{pid}/status").read_text().partition("PPid:")[2].split()[0])


def until(true: Callable[[], bool]) -> None:
    """Poll until something is so."""
    end = time.monotonic() + DEADLINE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


class TestScenarios:
    def test_a_single_agent_from_start_to_result(self, agent: Place) -> None:
        said = agent.run("a01/one", "echo A01_OK")
        assert set(said) == KEYS
        assert (said["name"], said["status"], said["mode"], said["model"]) == ("a01/one", "scheduled", "new", None)
        assert said["pid"] > 1
        assert said["startedAt"].endswith("Z")
        row = agent.end("a01/one")
        assert (row["status"], row["exitCode"], row["pid"], row["error"]) == ("done", 0, said["pid"], None)
        assert row["startedAt"] <= row["finishedAt"] <= row["updatedAt"]
        found = agent("result", "--name", "a01/one")
        assert (found["lastAssistantText"], found["status"], found["exitCode"]) == ("A01_OK", "done", 0)
        assert found["sessionId"] == row["sessionId"]

    def test_two_at_once_each_say_their_own(self, agent: Place) -> None:
        agent.run("fan/slow", "sleep 0.3; echo SLOW")
        agent.run("fan/fast", "echo FAST")
        assert (agent.text("fan/fast"), agent.text("fan/slow")) == ("FAST", "SLOW")
        assert [row["name"] for row in agent("list")["agents"]] == ["fan/fast", "fan/slow"], "newest first"

    def test_a_session_that_is_resumed_is_the_same_one(self, agent: Place) -> None:
        steps = [[{"say": "ACK1"}], [{"say": "ACK2"}]]
        (agent.folder / "play.yaml").write_text(json.dumps({"tasks": {"a03": steps}}))
        agent.run("a03", "first", "--worker", "scripted:play.yaml")
        first = agent.end("a03")
        said = agent("run", "--name", "a03", "--resume", "--prompt", "second")
        assert (said["mode"], said["sessionId"]) == ("resume", first["sessionId"])
        second = agent.end("a03")
        assert (second["sessionId"], second["turns"], agent.text("a03")) == (first["sessionId"], 2, "ACK2")
        found = agent("search", "--name", "a03", "--pattern", "ACK|second")["matches"]
        assert found == [
            {"index": 1, "role": "assistant", "snippet": "ACK1"},
            {"index": 2, "role": "user", "snippet": "second"},
            {"index": 3, "role": "assistant", "snippet": "ACK2"},
        ]

    def test_any_program_goes_on_in_its_own_home(self, agent: Place) -> None:
        agent.run("kept", 'echo secret > "$HOME/x"; echo ACK1')
        session = agent.end("kept")["sessionId"]
        agent("run", "--last", "--prompt", 'cat "$HOME/x"')
        assert (agent.text("kept"), agent.end("kept")["sessionId"]) == ("secret", session)
        agent.run("kept", 'cat "$HOME/x" || echo new')
        assert agent.text("kept").endswith("new"), "without --resume it is another session"

    @pytest.mark.parametrize(("number", "exit"), [("TERM", 143), ("KILL", 137)])
    def test_cancel_ends_the_whole_tree(self, agent: Place, number: str, exit: int) -> None:
        deaf = "trap '' TERM; " if number == "KILL" else ""
        agent.run("a04", f"{deaf}setsid sleep 600 & echo $! > pid; {deaf}sleep 600")
        until(lambda: (agent.folder / "pid").exists() and (agent.folder / "pid").read_text().strip().isdigit())
        below = int((agent.folder / "pid").read_text())
        said = agent("cancel", "--name", "a04", "--signal", number)
        assert (said["name"], said["signalSent"], said["previousStatus"]) == ("a04", number, "running")
        row = agent.end("a04")
        assert (row["status"], row["exitCode"], row["error"], row["pid"]) == ("done", exit, "cancelled", said["pid"])
        assert linux.start_time(below) == 0
        agent("cancel", "--name", "a04", code="E_NOT_RUNNING")

    def test_a_commit_of_the_agent_is_the_users(self, agent: Place) -> None:
        agent.run("git", "git init -q . && git commit -q --allow-empty -m x && git log --format='%an %ae'")
        assert agent.text("git") == "Test test@example.invalid"

    def test_an_attached_file_reaches_the_agent(self, agent: Place) -> None:
        (agent.folder / "token.txt").write_text("PSA ```` OK\n")
        agent.run("a05", "Read this.", "--worker", "shell:cat", "--file", "token.txt")
        assert agent.text("a05") == "Read this.\n\nAttached file token.txt:\n`````\nPSA ```` OK\n`````"
        agent("run", "--name", "a05b", "--prompt", "x", *SHELL, "--file", "nothing.txt", code="E_INPUT")
        agent("status", "--name", "a05b", code="E_NAME_NOT_FOUND")

    def test_what_failed_is_tried_again_under_its_name(self, agent: Place) -> None:
        agent.run("a06", "echo broken >&2; exit 1")
        row = agent.end("a06")
        assert (row["status"], row["exitCode"], row["error"]) == ("done", 1, "broken")
        agent.run("a06", "echo RECOVERED")
        assert (agent.text("a06"), agent.end("a06")["exitCode"]) == ("RECOVERED", 0)

    def test_no_more_than_three_at_once_when_the_caller_waits(self, agent: Place) -> None:
        left, most = [f"a07/{number}" for number in range(8)], 0
        live: set[str] = set()
        while left or live:
            while left and len(live) < 3:
                name = left.pop()
                live.add(name)
                agent.run(name, "sleep 0.1; exit 9")
            rows = agent("status", "--wait", "--timeout", str(DEADLINE))["agents"]
            live = {row["name"] for row in rows if row["status"] in ("scheduled", "running")}
            most = max(most, len(live))
        assert most <= 3
        assert [row["exitCode"] for row in agent("status")["agents"]] == [9] * 8

    def test_after_the_machine_was_started_again_a_session_goes_on(self, agent: Place) -> None:
        (agent.folder / "play.yaml").write_text(json.dumps({"defaults": [{"say": "HERE"}]}))
        agent.run("a08", "first", "--worker", "scripted:play.yaml")
        agent.end("a08")
        boot = b"0" * len(linux.boot_id())
        put(agent, 0, records.seal(records.VERSION + b" " + boot, records.SIZE))
        put(agent, records.place(7), records.start_part(1 << 22, os.getpid(), 1, boot, 0, 1.0))
        with Store.open(agent.state / "state.db") as store:
            store.swap_session("was", 0, agent.row("a08")._replace(name="was", fence=7, status="running"))
        said = agent("run", "--name", "a08", "--resume", "--prompt", "second")
        assert said["mode"] == "resume"
        assert (agent.text("a08"), agent.end("a08")["turns"], agent.end("a08")["exitCode"]) == ("HERE", 2, 0)
        assert (agent.end("was")["status"], agent.end("was")["exitCode"]) == ("unknown", None)

    def test_a_program_that_is_not_there_is_no_start(self, agent: Place) -> None:
        agent("run", "--name", "x", "--prompt", "p", "--worker", "shell:/no/such/program", code="E_CMD_MISSING")
        assert agent("list")["agents"] == []

    def test_the_old_scripts_work(self, agent: Place) -> None:
        said = agent("shims", "bin dir")
        names = ["run_subagent.sh", "status.sh", "result.sh", "search.sh", "cancel.sh"]
        assert said["files"] == names

        def script(name: str, *words: str) -> dict[str, Any]:
            argv = [str(agent.folder / "bin dir" / name), *words, "--cwd", str(agent.folder), "--json"]
            env = {**os.environ, "PYTHONPATH": SOURCE}
            done = subprocess.run(argv, cwd=agent.folder, env=env, capture_output=True, text=True, timeout=DEADLINE)
            return dict(json.loads(done.stdout))

        assert script("run_subagent.sh", "--name", "s", "--prompt", "echo hello", *SHELL)["ok"]
        assert script("status.sh", "--name", "s", "--wait-terminal")["agents"][0]["exitCode"] == 0
        assert script("result.sh", "--name", "s")["lastAssistantText"] == "hello"
        assert len(script("search.sh", "--name", "s", "--pattern", "hel+o")["matches"]) == 2
        assert script("cancel.sh", "--name", "s")["code"] == "E_NOT_RUNNING"
        (agent.folder / "bin dir" / "status.sh").write_text("#!/bin/sh\necho mine\n")
        agent("shims", "bin dir", code="E_INPUT")
        assert "mine" in (agent.folder / "bin dir" / "status.sh").read_text()
        for folder in ("bin dir/status.sh", "bin dir/status.sh/below", "/proc/bin"):
            agent("shims", folder, code="E_INPUT")
        assert "agent shims DIR" in agent("shims", code="E_USAGE")["error"]
        assert agent("list", "more", code="E_ARG_UNKNOWN")["details"] == {"arg": "more"}


LOOKER = """
import sys, time
from pathlib import Path
from branchline.sessions.agents import Agents
from branchline.store import Store
state = Path(sys.argv[1])
while state.is_dir():
    with Store.open(state / "state.db") as store:
        agents = Agents(state, store, time.time)
        agents.all()
        agents.close()
"""
"""A process that looks at all sessions again and again."""


class TestFaults:
    def test_fifteen_that_end_at_once_have_fifteen_exit_codes_whoever_looks_meanwhile(self, agent: Place) -> None:
        agent.run("first", "true")
        argv = [sys.executable, "-c", LOOKER, str(agent.state)]
        env = {**os.environ, "PYTHONPATH": SOURCE}
        lookers = [subprocess.Popen(argv, env=env) for _ in range(2)]
        try:
            for number in range(15):
                agent.run(f"n/{number:02}", f"exit {number}")
            until(lambda: all(row["status"] == "done" for row in agent("status")["agents"]))
            assert [looker.poll() for looker in lookers] == [None, None]
        finally:
            for looker in lookers:
                looker.kill()
                looker.wait()
        assert [row["exitCode"] for row in agent("status")["agents"]] == [0, *range(15)]

    def test_a_name_that_runs_is_not_started_again(self, agent: Place) -> None:
        first = agent.run("one", "sleep 600")
        for more in ((), ("--resume",)):
            said = agent("run", "--name", "one", "--prompt", "echo no", *SHELL, *more, code="E_NAME_EXISTS")
            assert said["details"]["existingCwd"] == str(agent.folder)
        (row,) = agent("status", "--name", "one")["agents"]
        assert (row["pid"], row["startedAt"], row["status"]) == (first["pid"], first["startedAt"], "running")

    def test_of_many_commands_at_once_one_starts_a_name(self, agent: Place) -> None:
        argv = [sys.executable, "-m", "branchline", "agent", "run", "--name", "race", "--prompt", "echo $$ >> who"]
        env = {**os.environ, "PYTHONPATH": SOURCE}
        racers = [
            subprocess.Popen([*argv, *SHELL], cwd=agent.folder, env=env, stdout=subprocess.PIPE, text=True)
            for _ in range(4)
        ]
        said = [json.loads(racer.communicate(timeout=DEADLINE)[0]) for racer in racers]
        agent.end("race")
        started = [each for each in said if each["ok"]]
        assert {each.get("code") for each in said} <= {None, "E_NAME_EXISTS"}
        assert len((agent.folder / "who").read_text().split()) == len(started) > 0

    def test_a_pid_that_is_another_process_by_now_is_neither_believed_nor_touched(self, agent: Place) -> None:
        stranger = subprocess.Popen(["sleep", "600"])
        try:
            agent.run("first", "true")
            agent.end("first")
            left = agent.row("first")._replace(name="left", fence=7, status="running", pid=stranger.pid)
            part = records.start_part(1 << 22, stranger.pid, 1, linux.boot_id(), 0, 1.0)
            put(agent, records.place(7), part)
            with Store.open(agent.state / "state.db") as store:
                store.swap_session("left", 0, left)
            (row,) = agent("status", "--name", "left")["agents"]
            assert (row["status"], row["exitCode"]) == ("unknown", None)
            assert stranger.poll() is None
        finally:
            stranger.kill()
            stranger.wait()

    def test_a_killed_custody_is_unknown_and_leaves_nothing_running(self, agent: Place) -> None:
        said = agent.run("killed", "sleep 600")
        os.kill(parent(parent(said["pid"])), signal.SIGKILL)
        row = agent.end("killed")
        assert (row["status"], row["exitCode"]) == ("unknown", None)
        assert linux.start_time(said["pid"]) == 0
        agent.run("killed", "echo again")
        assert agent.text("killed") == "again"

    @pytest.mark.parametrize("damage", ["start", "nothing"])
    def test_a_damaged_record_is_unknown(self, agent: Place, damage: str) -> None:
        agent.run("first", "true")
        agent.end("first")
        left = agent.row("first")._replace(name="left", fence=7, status="running")
        put(agent, records.place(7), b"no record at all" if damage == "start" else b"\0")
        with Store.open(agent.state / "state.db") as store:
            store.swap_session("left", 0, left)
        (row,) = agent("status", "--name", "left")["agents"]
        assert row["status"] == ("unknown" if damage == "start" else "running")
        if damage == "nothing":  # no custodian ever took it up: after a while nobody will
            with Store.open(agent.state / "state.db") as store:
                late = Agents(agent.state, store, lambda: left.started + NEVER + 1)
                assert [found.status for found in late.all() if found.name == "left"] == ["unknown"]
                late.close()

    def test_neither_a_coordinator_at_work_nor_what_is_left_of_a_lock_holds_anybody_up(self, agent: Place) -> None:
        (agent.state / "agents").mkdir(parents=True)
        for stale in (agent.state / "lock", agent.state / "agents" / records.LOCK):
            stale.write_text("1\n")
        with lock(agent.state):
            agent.run("one", "echo free")
            assert agent.text("one") == "free"

    def test_a_cut_registry_is_not_an_empty_one(self, agent: Place) -> None:
        agent.run("one", "true")
        agent.end("one")
        os.truncate(agent.state / "state.db", 50)
        for verb in ("status", "list"):
            agent(verb, code="E_STORE_DAMAGED")
        agent("run", "--name", "two", "--prompt", "x", *SHELL, code="E_STORE_DAMAGED")

    def test_what_a_session_left_may_be_cut_or_replaced(self, agent: Place) -> None:
        agent.run("one", "echo said")
        agent.end("one")
        turn = agent.state / "agents" / agent.row("one").place / "1"
        (turn / "spec.json").write_text('{"run": "ag')
        assert agent.text("one") == "said"
        agent("run", "--name", "one", "--resume", "--prompt", "x", code="E_SESSION_NOT_FOUND")
        agent.run("two", 'for log in .branchline/agents/two-*/1/output.log; do rm "$log"; mkfifo "$log"; done; exit 5')
        assert agent.end("two")["exitCode"] == 5, "a pipe that nobody ends holds up nobody"
        (turn / "output.log").unlink()
        os.mkfifo(turn / "output.log")
        agent("result", "--name", "one", code="E_EXPORT_FAILED")
        agent("search", "--name", "one", "--pattern", "x", code="E_EXPORT_FAILED")

    def test_who_ended_before_it_told_its_session_has_none(self, agent: Place) -> None:
        agent("run", "--name", "mute", "--prompt", "p", "--worker", "acp:false")
        assert (agent.end("mute")["status"], agent.end("mute")["sessionId"]) == ("done", None)
        said = agent("result", "--name", "mute", code="E_SESSIONID_MISSING")
        assert said["details"]["exitCode"] == 1
        agent("run", "--name", "mute", "--resume", "--prompt", "p", code="E_SESSION_NOT_FOUND")

    def test_a_signal_that_cannot_be_sent_is_no_cancel(self, agent: Place) -> None:
        agent.run("one", "sleep 600")
        blocked = agent.state / "agents" / f"stop.{agent.row('one').fence}"
        blocked.mkdir()
        agent("cancel", "--name", "one", code="E_SIGNAL_FAILED")
        assert agent("status", "--name", "one")["agents"][0]["status"] == "running"
        blocked.rmdir()

    def test_a_history_that_cannot_be_read_in_time_is_given_up(self, agent: Place) -> None:
        agent.run("one", "echo said")
        agent.end("one")
        row, clock = agent.row("one")._replace(turn=3), count(step=history.EXPORT)
        with pytest.raises(SessionError) as told:
            history.messages(agent.state / "agents" / row.place, row, lambda: float(next(clock)))
        assert (told.value.code, told.value.details) == ("E_EXPORT_TIMEOUT", {"turns": 3, "read": 1})

    def test_an_unknown_name_is_told_at_once(self, agent: Place) -> None:
        began = time.monotonic()
        for _ in range(2):
            for words in (("status",), ("status", "--wait"), ("status", "--wait-terminal"), ("result", "--wait")):
                agent(*words, "--name", "nobody", "--timeout", "600", code="E_NAME_NOT_FOUND")
            agent("search", "--name", "nobody", "--pattern", "x", code="E_NAME_NOT_FOUND")
            agent("cancel", "--name", "nobody", code="E_NAME_NOT_FOUND")
            agent("run", "--name", "nobody", "--prompt", "x", "--resume", code="E_SESSION_NOT_FOUND")
            assert agent("status")["agents"] == []
            agent.state.mkdir(exist_ok=True)
            Store.open(agent.state / "state.db").close()
        assert time.monotonic() - began < DEADLINE

    def test_waits_end(self, agent: Place) -> None:
        agent.run("long", "sleep 600")
        until(lambda: agent("status")["agents"][0]["status"] == "running")
        for flags in (("--wait",), ("--wait-terminal", "--name", "long")):
            said = agent("status", *flags, "--timeout", "0.1")
            assert (said["timedOut"], said["changed"], said["agents"][0]["status"]) == (True, [], "running")
        agent("result", "--name", "long", code="E_NOT_DONE")
        said = agent("result", "--name", "long", "--wait", "--timeout", "0.1", code="E_TIMEOUT")
        assert said["details"] == {"status": "running"}
        agent("cancel", "--name", "long")
        (changed,) = agent("status", "--wait", "--timeout", str(DEADLINE))["changed"]
        assert (changed["name"], changed["previousStatus"], changed["status"]) == ("long", "running", "done")
        assert changed["exitCode"] == 143

    def test_an_expression_that_never_ends_is_ended(self, agent: Place) -> None:
        agent.run("re", f"echo {'a' * 60}!")
        agent.end("re")
        agent("search", "--name", "re", "--pattern", "(a+)+$", "--timeout", "0.5", code="E_TIMEOUT")
        agent("search", "--name", "re", "--pattern", "(", code="E_PATTERN_INVALID")
        agent("search", "--name", "re", "--pattern", "(?:" * 5000, code="E_PATTERN_INVALID")
        found = agent("search", "--name", "re", "--pattern", "-e|a+!", "--role", "assistant")["matches"]
        assert [match["role"] for match in found] == ["assistant"]


BAD: list[tuple[tuple[str, ...], str]] = [
    ((), "E_CMD_UNKNOWN"),
    (("runn",), "E_CMD_UNKNOWN"),
    (("status", "--bogus"), "E_ARG_UNKNOWN"),
    (("status", "--pattern", "x"), "E_ARG_UNKNOWN"),
    (("status", "more"), "E_ARG_UNKNOWN"),
    (("status", "--timeout", "soon"), "E_ARG_UNKNOWN"),
    (("status", "--timeout", "-1"), "E_ARG_UNKNOWN"),
    (("status", "--timeout", "nan"), "E_ARG_UNKNOWN"),
    (("search", "--name", "x", "--pattern", "x", "--role", "king"), "E_ARG_UNKNOWN"),
    (("run", "--prompt", "x", *SHELL), "E_NAME_REQUIRED"),
    (("run", "--name", "", "--prompt", "x", *SHELL), "E_NAME_REQUIRED"),
    (("run", "--name", "x", *SHELL), "E_PROMPT_REQUIRED"),
    (("run", "--name", "x", *SHELL, "--prompt", " \n"), "E_PROMPT_REQUIRED"),
    (("run", "--name", "x", *SHELL, "--prompt"), "E_PROMPT_REQUIRED"),
    (("run", "--name", "x", "--prompt", "x", *SHELL, "--cwd", "nowhere"), "E_CWD_INVALID"),
    (("run", "--name", "x" * 256, "--prompt", "x", *SHELL), "E_ARG_UNKNOWN"),
    (("run", "--name", "\udcff", "--prompt", "x", *SHELL), "E_ARG_UNKNOWN"),
    (("run", "--name", "x", "--prompt", "x", "--worker", "shel:x"), "E_WORKER_PAYLOAD"),
    (("run", "--name", "x", "--prompt", "x", "--worker", "opencode:sh", "--model", "big"), "E_WORKER_PAYLOAD"),
    (("status", "--cwd", "nowhere"), "E_CWD_INVALID"),
    (("status", "--wait-terminal"), "E_WAIT_NAME_REQUIRED"),
    (("result",), "E_NAME_REQUIRED"),
    (("search", "--pattern", "x"), "E_NAME_REQUIRED"),
    (("search", "--name", "x"), "E_PATTERN_REQUIRED"),
    (("cancel",), "E_NAME_REQUIRED"),
    (("cancel", "--name", "x", "--signal", "HUP"), "E_SIGNAL_UNSUPPORTED"),
]


@pytest.mark.parametrize(
    ("words", "code"), BAD, ids=lambda value: value if isinstance(value, str) else " ".join(value)[:40]
)
def test_what_is_wrong_has_its_code_and_leaves_no_record(agent: Place, words: tuple[str, ...], code: str) -> None:
    agent(*words, code=code)
    assert agent("list")["agents"] == []


@pytest.mark.parametrize("name", ["a/b/c", "../../x", "--name", "-", "ünï 名前 🚀", "a\nb", "'; exit 1; '", "."])
def test_names_and_prompts_are_taken_as_they_are(agent: Place, name: str) -> None:
    agent("run", "--name", name, "--prompt", "--json", "--worker", "shell:cat")
    assert agent.text(name) == "--json"
    assert [row["name"] for row in agent("status")["agents"]] == [name]
    assert sorted(path.name for path in agent.folder.iterdir()) == [".branchline"]


def test_the_record_stays_where_it_was_started_and_is_found_from_elsewhere(agent: Place, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    agent.run("there", "pwd", *SHELL, "--cwd", str(work))
    assert agent.text("there") == str(work)
    assert agent("status", "--cwd", str(work))["agents"][0]["cwd"] == str(work)
    assert not (work / ".branchline").exists()
    agent("run", "--name", "there", "--resume", "--prompt", "x", "--cwd", str(tmp_path), code="E_NAME_EXISTS")
    agent("status", "--name", "there", "--cwd", "nowhere", code="E_CWD_INVALID")
    here, agent.folder = agent.folder, work
    assert agent("status", "--name", "there", "--cwd", str(here))["agents"][0]["status"] == "done"
    agent.folder = here


CHUNKS = st.lists(st.text("ab\nü", min_size=1, max_size=3), min_size=1, max_size=4)


@settings(deadline=None)
@given(st.lists(CHUNKS, max_size=5))
def test_every_message_of_a_stream_is_read_once_however_it_is_cut(said: list[list[str]]) -> None:
    def update(kind: str, **more: object) -> str:
        return json.dumps({"type": "update", "update": {"sessionUpdate": kind, **more}}) + "\n"

    with NamedTemporaryFile("w+") as file:
        for chunks in said:
            file.writelines(update("agent_message_chunk", content={"text": chunk}) for chunk in chunks)
            file.write(update("tool_call"))
        file.write('{"type": "update", "update": {"sess')
        file.flush()
        assert stream.messages(Path(file.name), acp.Seen()) == ["".join(chunks) for chunks in said]


@pytest.mark.parametrize("kind", TABLE)
def test_every_worker_with_a_stream_can_be_read_message_by_message(kind: str, tmp_path: Path) -> None:
    assert messages(kind, tmp_path) == [], "it has said nothing yet"


def test_every_code_is_explained() -> None:
    page = (Path(SOURCE).parent / "docs" / "decisions" / "sessions.md").read_text()
    assert {code for code in SESSION_CODES if f"`{code}`" not in page} == set()


def test_a_snippet_shows_where_it_was_found() -> None:
    said = [history.Message("user", "x " * 500 + "needle\n\n in the hay"), history.Message("assistant", "needle")]
    found = history.search(said, "needle", "any", DEADLINE)
    assert [match["index"] for match in found] == [0, 1]
    assert "needle in the hay" in found[0]["snippet"]
    assert len(found[0]["snippet"]) <= 200
    assert history.search(said, "needle", "assistant", DEADLINE) == found[1:]
