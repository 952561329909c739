"""The client of OpenCode servers against a server of ours: what is told is read, what is wrong is named."""

import threading
from collections.abc import Iterator

import pytest

from agents.opencode_server import Server
from branchline.errors import BranchlineError, NotFoundError, RemoteError
from branchline.opencode_api import Client
from branchline.opencode_api.rows import Session, Status, dig, message, question, session, status


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(password="pw") as made:
        yield made


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with Client("main", server.url, ("opencode", "pw")) as made:
        yield made


def test_a_conversation_from_its_beginning_to_its_end(server: Server, client: Client) -> None:
    made = client.create("/w/a/", "first", [{"permission": "*", "pattern": "*", "action": "allow"}])
    assert (made.directory, made.title) == ("/w/a", "first"), "a slash at the end would make another project of it"
    events = client.events("/w/a")
    assert next(events)["type"] == "server.connected"
    client.prompt(made, "hello", "stub/stub-1", agent="build")
    kinds = []
    while not kinds or kinds[-1] != "session.idle":
        kinds.append(next(events)["type"])
    events.close()  # type: ignore[attr-defined]
    assert "message.part.updated" in kinds
    assert [(each.role, each.text) for each in client.messages(made)] == [
        ("user", "hello"),
        ("assistant", "I did: hello"),
    ]
    assert client.messages(made, 1)[0].model == "stub/stub-1"
    sent = next(body for path, _, body in server.bodies if path.endswith("prompt_async"))
    assert (sent["model"], sent["agent"]) == ({"providerID": "stub", "modelID": "stub-1"}, "build")
    assert client.sessions()[0].output == 20
    client.delete(made)
    with pytest.raises(NotFoundError, match="Session not found"):
        client.session(made.id)


def test_what_belongs_to_a_directory_is_asked_there(server: Server, client: Client) -> None:
    one, two = server.add("/w/ä b"), server.add("/w/two")
    asked = server.ask(one)
    server.busy(two, "retry", message="Too Many Requests", attempt=2)
    assert client.statuses("/w/ä b") == {one: Status("busy")}
    assert client.statuses("/w/two") == {two: Status("retry", "Too Many Requests", 2)}
    assert client.permissions("/w/two") == []
    (waits,) = client.permissions("/w/ä b")
    assert (waits.id, waits.kind, waits.text) == (asked, "bash", "date")
    client.reply(waits, "reject", "use python")
    assert server.answered[asked] == {"verb": "reply", "reply": "reject", "message": "use python"}
    with pytest.raises(NotFoundError):
        client.reply(waits, "once")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("html", "page of HTML"),
        ("text", "answered with text/plain"),
        ("list", "no object"),
        ("500", r"Unexpected server error.*500"),
        ("drop", "GET /session/status"),
    ],
)
def test_a_wrong_answer_is_named_and_never_taken_for_nothing(
    server: Server, client: Client, fault: str, said: str
) -> None:
    server.faults["/session/status"] = fault
    with pytest.raises(RemoteError, match=said):
        client.statuses("/w/a")
    server.faults.clear()
    assert client.statuses("/w/a") == {}, "the client goes on"


def test_a_server_that_is_slow_closed_or_gone_is_named(server: Server) -> None:
    with Client("main", server.url, timeout=0.05) as late, pytest.raises(RemoteError, match="password_env"):
        late.health()
    server.faults["/global/health"] = "drip"
    with (
        Client("main", server.url, ("opencode", "pw"), timeout=0.5) as late,
        pytest.raises(RemoteError, match="whole"),
    ):
        late.health()
    server.delay = 0.5
    with (
        Client("main", server.url, ("opencode", "pw"), timeout=0.05) as late,
        pytest.raises(RemoteError, match="in time"),
    ):
        late.health()
    with Client("main", "http://127.0.0.1:1") as gone, pytest.raises(RemoteError, match=r"main .*127\.0\.0\.1:1"):
        gone.health()


def test_a_server_that_starts_again_is_found_again(server: Server, client: Client) -> None:
    name = server.add("/w/a")
    events = client.events("/w/a")
    next(events)
    server.__exit__()
    assert list(events) == [], "the stream ends, and says nothing wrong"
    with pytest.raises(RemoteError):
        client.health()
    with server:
        assert client.session(name).id == name


def test_an_older_server_is_asked_directory_by_directory(server: Server, client: Client) -> None:
    server.old = True
    made = [server.add(f"/w/{number}") for number in range(3)]
    assert [each.id for each in client.sessions()] == made[::-1]
    server.faults["/project"] = "html"
    assert [each.id for each in client.sessions(("/w/1", "/w/2/"))] == made[::-1], "it lists all where none is named"
    server.faults["/project"] = "500"
    with pytest.raises(RemoteError):
        client.sessions()


def test_many_threads_may_share_a_client(server: Server, client: Client) -> None:
    names = [server.add(f"/w/{number}") for number in range(40)]
    found: list[Session] = []
    threads = [threading.Thread(target=lambda name=name: found.append(client.session(name))) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each.id for each in found) == sorted(names)


ODD = [None, 1, True, "x", [], {}, [1], {"info": 3, "parts": {}}, {"time": {"updated": "x"}, "model": [], "id": 7}]


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_no_row_is_too_odd(odd: object) -> None:
    assert session(odd).id == ""
    assert message(odd).text == ""
    assert status(odd).state == "busy"
    assert question(odd if isinstance(odd, dict) else {}, "/w").questions == ()
    assert dig(odd, "a", "b", kind=dict) == {}


def test_every_error_is_one_of_ours(server: Server, client: Client) -> None:
    with pytest.raises(BranchlineError, match="no session"):
        server.faults["/session"] = "list"
        client.create("/w/a")
