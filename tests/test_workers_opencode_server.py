"""The worker that shares a server: what a session may do, ask and suffer, and who keeps the server."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.opencode_server import Server, use
from branchline.errors import NotFoundError, RemoteError, SettingsError
from branchline.model.run import Claim, Exit
from branchline.opencode_api import Client
from branchline.workers import opencode_events, opencode_keeper, opencode_seats
from branchline.workers.driving import Desk
from branchline.workers.opencode_driver import sessions
from branchline.workers.opencode_seats import own, seat
from branchline.workers.opencode_talk import REFUSED, REJECTED, Talk
from workers_bench import Bench, end_servers, servers_of

Play = Callable[[Server, str, str], None]
PROGRAM = (sys.executable, str(Path(__file__).parent / "agents" / "opencode_server.py"))
POLL = 0.1


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        yield made


class Told:
    """What one attempt told: its events, and what `opencode_events` makes of them."""

    def __init__(self, server: Server, tree: Path, play: Play, **more: Any) -> None:
        server.play = play
        job = {
            "run": "r1",
            "task": "t1",
            "worktree": str(tree),
            "read_only": False,
            "session": "",
            "model": "",
            "earlier": [],
        }
        self.events: list[Any] = []
        seen = opencode_events.Seen()
        with Client("main", server.url) as client:
            clock = more.pop("clock", time.monotonic)
            desk = more.pop("desk", Desk(tree))
            whole = {**job, "agent": "", "variant": "", **more}
            talk = Talk(client, whole, self.events.append, desk, True, POLL, clock)
            self.ok = talk.play("Do it.")
        for event in self.events:
            seen.take(event)
        self.seen = seen
        self.claim: Claim | None = opencode_events.fault(seen, self.ok, "")

    @property
    def kinds(self) -> list[str]:
        return [event["type"] for event in self.events]


def await_answer(server: Server, asked: str) -> None:
    end = time.monotonic() + 10
    while asked not in server.answered:
        assert time.monotonic() < end
        time.sleep(0.002)


@pytest.mark.parametrize(
    ("role", "kind", "reply"),
    [
        ("build", "bash", "once"),
        ("build", "something_new", "once"),
        ("build", "external_directory", "reject"),
        ("research", "read", "once"),
        ("research", "bash", "reject"),
        ("research", "something_new", "reject"),
    ],
)
@pytest.mark.parametrize("deaf", [False, True], ids=["by event", "by poll"])
def test_what_a_child_session_asks_leave_for_is_decided_by_the_role(
    server: Server, tmp_path: Path, role: str, kind: str, reply: str, deaf: bool
) -> None:
    asked = []

    def play(server: Server, session: str, text: str) -> None:
        child = server.add(str(tmp_path), parentID=session)  # nobody tells of its beginning
        asked.append(server.ask(child, kind=kind))
        await_answer(server, asked[0])
        server.answer(child, "I helped.")
        server.answer(session, "Done.")

    server.faults = {"/event": "500"} if deaf else {}
    told = Told(server, tmp_path, play, read_only=role == "research")
    answered = server.answered[asked[0]]
    assert answered["reply"] == reply
    assert answered.get("message", "").startswith(REFUSED if reply == "reject" else "")
    assert (told.claim, told.seen.text) == (None, "Done.")
    assert told.seen.tokens == 240 - 120 * deaf, "what the child used counts, as far as it was told"
    rules = {each["permission"]: each["action"] for each in next(iter(server.sessions.values()))["permission"]}
    assert rules["edit"] == ("deny" if role == "research" else "allow")
    assert "ask" not in rules.values()


@pytest.mark.parametrize("answer", ["once", "always", "reject"])
@pytest.mark.parametrize(
    ("rules", "kind"), [({"*": "ask"}, "bash"), ({"execute": "ask"}, "bash"), ({"new": "ask"}, "new")]
)
def test_a_person_decides_while_the_session_waits_and_its_events_go_on(
    server: Server, tmp_path: Path, rules: dict[str, str], kind: str, answer: str
) -> None:
    asked: list[str] = []

    def play(server: Server, session: str, text: str) -> None:
        asked.append(server.ask(server.add(str(tmp_path), parentID=session), kind=kind))
        asked.append(server.ask(session, kind="read"))  # nobody is asked for that
        await_answer(server, asked[1])
        assert asked[0] not in server.answered
        (tmp_path / "answers").mkdir()
        (tmp_path / "answers" / "1").write_text(answer)
        await_answer(server, asked[0])
        server.answer(session, "Done.")

    told = Told(server, tmp_path, play, rules=rules)
    answered = server.answered[asked[0]]
    assert (told.seen.text, answered["reply"]) == ("Done.", answer)
    assert answered.get("message", "").startswith(REJECTED if answer == "reject" else "")
    given = {each["permission"]: each["action"] for each in next(iter(server.sessions.values()))["permission"]}
    assert (given.get(kind, given["*"]) == "ask") == (kind != "new"), "its own name has no rule of the block"
    assert (given["read"], given["external_directory"]) == ("allow", "deny")


def test_what_is_answered_at_the_server_itself_is_waited_for_no_more(server: Server, tmp_path: Path) -> None:
    def play(server: Server, session: str, text: str) -> None:
        server.ask(session)
        with Client("desk", server.url) as desk:
            desk.reply(*desk.permissions(str(tmp_path)), "once")
        server.answer(session, "Done.")

    assert Told(server, tmp_path, play, rules={"*": "ask"}).claim is None


def test_a_request_of_a_stranger_in_the_same_folder_is_left_alone(server: Server, tmp_path: Path) -> None:
    def play(server: Server, session: str, text: str) -> None:
        server.ask(server.add(str(tmp_path)))
        gone = server.add(str(tmp_path))
        asked = server.ask(gone)
        del server.waiting[asked], server.status[gone], server.sessions[gone]
        server.answer(session, "Done.")

    assert Told(server, tmp_path, play).claim is None
    assert server.answered == {}


@pytest.mark.parametrize("deaf", [False, True], ids=["by event", "by poll"])
def test_a_question_ends_the_attempt_as_blocked(server: Server, tmp_path: Path, deaf: bool) -> None:
    which = [{"question": "Which ```db```?", "options": [{"label": "sqlite"}, {"label": "postgres"}]}]
    server.faults = {"/event": "500"} if deaf else {}
    told = Told(server, tmp_path, lambda server, session, text: server.ask(session, questions=which) and None)
    assert server.status == {}, "the session waits for nobody"
    bench = Bench(tmp_path / "bench", "opencode-server")
    (bench.folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in told.events))
    claim = bench.claim(Exit(0))
    assert claim.status == "blocked"
    assert claim.question is not None
    assert (claim.question.text, claim.question.options) == ("Which ```db```?", ("sqlite", "postgres"))
    assert claim.session.startswith("main/ses_"), "the answer goes on in that session of that server"


@pytest.mark.parametrize("at", ["never there", "broken off", "there"])
def test_what_a_stream_of_events_missed_is_read_from_the_transcript(server: Server, tmp_path: Path, at: str) -> None:
    def play(server: Server, session: str, text: str) -> None:
        if at == "broken off":
            server.drop_listeners()
        server.answer(session, "I will write it.", use("a.txt", output="ok"), finish="tool-calls")
        server.answer(session, "I wrote it.")

    server.faults = {"/event": "html"} if at == "never there" else {}
    told = Told(server, tmp_path, play)
    assert told.claim is None
    assert (told.seen.text, told.seen.tokens, told.seen.cost) == ("I wrote it.", 240, 0.5)
    assert [kind for kind in told.kinds if kind != "session"] == [
        "step_start", "tool_use", "text", "step_finish", "step_start", "text", "step_finish",
    ]  # fmt: skip


def test_an_error_that_comes_late_is_waited_for(server: Server, tmp_path: Path) -> None:
    def play(server: Server, session: str, text: str) -> None:
        server.message(session, "assistant")
        server.idle(session)
        late = {"name": "APIError", "data": {"message": "bad request", "statusCode": 400}}
        server.messages[session][-1]["info"]["error"] = late

    server.faults = {"/event": "500"}
    told = Told(server, tmp_path, play)
    assert told.claim is not None
    assert (told.claim.status, told.claim.extra["status"]) == ("failed", 400)


@pytest.mark.parametrize(
    ("message", "attempt", "claim"),
    [("Too Many Requests", 2, ("rate_limited", 429)), ("Overloaded", 4, ("failed", 503))],
)
def test_a_provider_that_does_not_answer_is_given_up(
    server: Server, tmp_path: Path, message: str, attempt: int, claim: tuple[str, int]
) -> None:
    def play(server: Server, session: str, text: str) -> None:
        for number in range(1, attempt + 1):
            server.busy(session, "retry", message=message, attempt=number, next=int(time.time() * 1000) + 90_000)

    told = Told(server, tmp_path, play)
    assert told.claim is not None
    assert (told.claim.status, told.claim.extra["status"]) == claim
    assert 80 < told.claim.extra["retry_after"] <= 90
    assert server.status == {}


def ask_leave(server: Server, session: str) -> None:
    child = server.add(server.sessions[session]["directory"], parentID=session)
    await_answer(server, server.ask(child))
    server.idle(child)


TROUBLE: dict[str, Callable[[Server, str], object]] = {
    "drop": lambda server, session: server.drop_listeners(),
    "garbage": lambda server, session: server.garble(session),
    "stall": lambda server, session: time.sleep(2 * POLL),
    "retry": lambda server, session: server.busy(session, "retry", message="Overloaded", attempt=1),
    "work": lambda server, session: server.answer(session, "", use("a.txt", output="ok"), finish="tool-calls"),
    "leave": ask_leave,
    **{
        fault: lambda server, session, fault=fault: server.faults.update({"/session/status": fault, "/event": fault})
        for fault in ("html", "text", "list", "500", "drop")
    },
    "well again": lambda server, session: server.faults.clear(),
}
ENDS: dict[str, tuple[Callable[[Server, str], object], set[str]]] = {
    "answer": (lambda server, session: server.answer(session, "Done."), {"done"}),
    "cut": (lambda server, session: server.answer(session, "Do", finish="length"), {"partial"}),
    "empty": (lambda server, session: server.answer(session, ""), {"no_output"}),
    "silence": (lambda server, session: server.idle(session), {"no_output"}),
    "429": (
        lambda server, session: server.fail(session, "APIError", "slow down", statusCode=429),
        {"rate_limited", "no_output"},
    ),
    "500": (lambda server, session: server.fail(session, "APIError", "oh", statusCode=500), {"failed", "no_output"}),
}
"""How a turn ends, and what may be made of it; of an error that was told once, while nobody heard, nothing is known."""


@pytest.mark.parametrize("seed", range(int(12 * float(os.environ.get("BRANCHLINE_TEST_SCALE", "1")))))
def test_no_trouble_on_the_way_is_a_hang_or_a_lie(server: Server, tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    troubles = dice.choices(list(TROUBLE), k=dice.randint(1, 6))
    end, allowed = ENDS[dice.choice(list(ENDS))]

    def play(server: Server, session: str, text: str) -> None:
        for trouble in troubles:
            TROUBLE[trouble](server, session)
        server.faults.clear()
        end(server, session)

    began = time.monotonic()
    told = Told(server, tmp_path, play)
    found = told.claim.status if told.claim else "done"
    assert found in allowed, (seed, troubles, told.events)
    assert time.monotonic() - began < 20
    assert server.status == {}


def test_a_session_that_says_nothing_has_claimed_nothing(server: Server, tmp_path: Path) -> None:
    told = Told(server, tmp_path, lambda server, session, text: server.idle(session))
    assert told.claim is not None
    assert told.claim.status == "no_output"


def test_a_model_that_is_not_there_is_never_prompted(server: Server, tmp_path: Path) -> None:
    told = Told(server, tmp_path, Server.say, model="stub/stub-2")
    assert told.claim is not None
    assert "did you mean stub/stub-1" in told.claim.error
    assert not any("prompt" in path for path, _, _ in server.bodies)


def test_what_an_earlier_attempt_left_running_is_stopped_and_nothing_else(server: Server, tmp_path: Path) -> None:
    orphan, other = server.add(str(tmp_path)), server.add(str(tmp_path))
    server.busy(orphan), server.busy(other)
    for attempt, name in (("1", f"main/{orphan}"), ("2", "")):
        (tmp_path / attempt).mkdir()
        (tmp_path / attempt / "events.jsonl").write_text(json.dumps({"type": "session", "sessionID": name}) + "\n{}\n")
    earlier = list(sessions(tmp_path / "4", 4))
    assert earlier == [orphan, ""]
    assert Told(server, tmp_path, Server.say, earlier=earlier).claim is None
    assert set(server.status) == {other}


def test_a_worktree_that_the_server_cannot_see_is_named(server: Server, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()  # what is not there stands below a repository that is
    with pytest.raises(RemoteError, match="cannot see the worktree"):
        Told(server, tmp_path / "elsewhere", Server.say)
    server.seen.clear()
    with pytest.raises(NotFoundError):
        Told(server, tmp_path, Server.say, session="ses_gone")
    assert ("/path" in server.seen, "/file" in server.seen) == (True, False), "a real server takes seconds for a list"


def test_a_server_that_stays_away_ends_the_attempt(server: Server, tmp_path: Path) -> None:
    with pytest.raises(RemoteError):
        Told(server, tmp_path, lambda server, session, text: server.__exit__(), clock=lambda: 100 * time.monotonic())
    server.__enter__()


def test_a_slot_of_an_instance_is_one_drivers_at_a_time(server: Server, tmp_path: Path) -> None:
    seats = [
        {
            "name": name,
            "url": server.url,
            "user": "opencode",
            "password": "",
            "slots": slots,
            "locks": str(tmp_path / name),
        }
        for name, slots in (("one", 1), ("two", 2))
    ]
    for each in seats:
        Path(str(each["locks"])).mkdir()
    asleep = threading.Event()

    def nothing(_: float) -> None:
        asleep.set()
        raise RemoteError("all are taken")

    with seat(seats, "", nothing) as first, seat(seats, "", nothing) as second, seat(seats, "two", nothing) as third:
        assert [first.name, second.name, third.name] == ["one", "two", "two"]
        with pytest.raises(RemoteError), seat(seats, "", nothing):
            pass
        assert asleep.is_set()
    with seat(seats, "", nothing) as again:
        assert again.name == "one"
    seats[0]["url"] = "http://127.0.0.1:1"
    with seat(seats, "", nothing) as other:
        assert other.name == "two", "one that is down is passed over"
    with pytest.raises(RemoteError, match="one "), seat(seats[:1], "", nothing):
        pass
    with pytest.raises(RemoteError, match="no longer name"), seat(seats, "three", nothing):
        pass


def test_one_server_is_kept_for_all_and_made_anew_when_it_is_killed_or_was_not_needed(tmp_path: Path) -> None:
    env, starts = dict(os.environ), []

    def up() -> int:
        opencode_keeper.ensure(tmp_path, [*PROGRAM, "success", "/dev/null"], env, lambda: starts.append(1))
        with own(tmp_path, time.sleep) as client:
            client.health()
        return int(json.loads((tmp_path / opencode_seats.SERVER).read_text())["pid"])

    first = up()
    assert (up(), starts) == (first, [1]), "the one that runs is adopted"
    os.kill(first, signal.SIGKILL)
    await_end(first)
    second = up()
    assert (second != first, starts) == (True, [1, 1])
    with opencode_seats.lease(tmp_path):
        os.utime(tmp_path / opencode_seats.LEASE, (0, 0))  # as if it had been wanted long ago
        assert up() == second, "a driver has it"
        os.utime(tmp_path / opencode_seats.LEASE, (0, 0))
    await_end(second)
    third = up()
    assert (third != second, starts) == (True, [1, 1, 1])
    os.kill(third, signal.SIGTERM)


def test_the_runs_of_a_user_share_a_server_and_it_goes_with_the_last_of_them(tmp_path: Path) -> None:
    user, pids = tmp_path / "user", set()

    def play(run: str, **more: Any) -> Path:
        bench = Bench(tmp_path / run, "opencode-server", (*PROGRAM, "success", str(tmp_path / "got.json")), **more)
        bench.user = user
        assert bench.run().status == "done"
        folder = Path(opencode_seats.seats_of(bench.folder)[0]["folder"])
        assert [path.stat().st_mode & 0o777 for path in (folder, folder / opencode_seats.SERVER)] == [0o700, 0o600]
        pids.add(json.loads((folder / opencode_seats.SERVER).read_text())["pid"])
        return folder

    assert (play("one"), len(pids)) == (play("two"), 1)
    shutil.rmtree(tmp_path / "one")
    other = play("three", lean=False, env={**Bench(tmp_path / "x", "shell").env, "OTHER": "1"})
    assert (len(servers_of(user)), len(pids)) == (2, 2), "what would be started otherwise is another server"
    end_servers(user)
    for pid in pids:
        await_end(pid)
    shutil.rmtree(tmp_path / "two")
    play("four", env={**Bench(tmp_path / "y", "shell").env, "OTHER": "2"})
    assert other in servers_of(user)
    assert len(servers_of(user)) == 2, "the first has lost its runs and sessions"
    end_servers(user)


def test_runs_that_begin_at_once_start_one_server(tmp_path: Path) -> None:
    code = (
        "import os, sys, pathlib; from branchline.workers import opencode_keeper as keeper; folder, *argv = sys.argv[1:];"
        "run = pathlib.Path(folder).parents[1]; print('ready', flush=True); input();"
        "keeper.share(pathlib.Path(folder), run, argv, os.environ, lambda: print('one'))"
    )
    folder = tmp_path / "servers" / "one"
    words = [sys.executable, "-c", code, str(folder), *PROGRAM, "success", "/dev/null"]
    pipe = subprocess.PIPE
    runs = [subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True) for _ in range(4)]
    for each in runs:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    for each in runs:
        assert each.stdin is not None
        each.stdin.write("\n")
        each.stdin.flush()
    assert sorted(each.communicate(timeout=60)[0] for each in runs) == ["", "", "", "one\n"]
    with own(folder, time.sleep) as client:
        client.health()
    os.kill(json.loads((folder / opencode_seats.SERVER).read_text())["pid"], signal.SIGTERM)


def await_end(pid: int) -> None:
    end = time.monotonic() + 30
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_stopping_the_driver_stops_the_session(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "opencode-server", (*PROGRAM, "hang", str(tmp_path / "got.json")))
    process = bench.start()
    end = time.monotonic() + 30
    while "tool_use" not in (bench.folder / "events.jsonl").read_text():
        assert time.monotonic() < end
        time.sleep(0.01)
    (folder,) = servers_of(bench.user)
    try:
        with own(folder, time.sleep) as client:
            assert len(client.statuses(str(bench.tree))) == 1
            process.terminate()
            assert process.wait(20) == 128 + signal.SIGTERM
            assert client.statuses(str(bench.tree)) == {}
    finally:
        process.kill()
        process.wait()
        bench.end_servers()


def test_the_password_of_an_instance_must_be_there(tmp_path: Path, server: Server) -> None:
    bench = Bench(tmp_path, "opencode-server", instances=(("main", server.url, "opencode", "MAIN_PASSWORD", 1),))
    with pytest.raises(SettingsError, match=r"main.*\$MAIN_PASSWORD"):
        bench.adapter.prepare(bench.job, {})
    bench.adapter.prepare(bench.job, {"MAIN_PASSWORD": "hunter2"})
    told = ((bench.folder / "spec.json").read_text(), *bench.adapter.command(bench.job).argv)
    assert not [words for words in told if "hunter2" in words]
    assert (bench.folder / "seats.json").stat().st_mode & 0o777 == 0o600


def test_a_person_is_attached_to_the_instance_or_opens_the_session_where_the_runs_own_server_left_it(
    tmp_path: Path,
) -> None:
    known = (("other", "http://o:1", "", "", 1), ("main", "http://m:2", "me", "PASSWORD", 1))
    bench = Bench(tmp_path, "opencode-server", instances=known, session="main/ses_1")
    bench.adapter.prepare(bench.job, {"PASSWORD": "pw"})
    found = bench.adapter.interactive(bench.job, {"TERM": "x"})  # type: ignore[attr-defined]
    assert found.argv == ("opencode", "attach", "http://m:2", "--dir", str(bench.tree), "-s", "ses_1")
    assert found.env == {"TERM": "x", "OPENCODE_SERVER_USERNAME": "me", "OPENCODE_SERVER_PASSWORD": "pw"}
    own = tmp_path / "server"
    (bench.folder / opencode_seats.SEATS).write_text(json.dumps([{"folder": str(own)}]))
    found = bench.adapter.interactive(bench.job._replace(session="ses_2"), {"TERM": "x"})  # type: ignore[attr-defined]
    assert found.argv == ("opencode", "-s", "ses_2")
    assert found.env == {"TERM": "x", "XDG_DATA_HOME": f"{own}/home/.local/share"}
