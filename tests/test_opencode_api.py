"""The client of OpenCode servers against a server of ours: what is told is read, what is wrong is named."""

import threading
from collections.abc import Iterator
from io import BufferedReader, BytesIO

import pytest

from agents.opencode_server import Server
from branchline.errors import BranchlineError, NotFoundError, RemoteError
from branchline.opencode_api import Client
from branchline.opencode_api.rows import Session, Status, dig, message, question, session, status
from branchline.opencode_api.wire import FAULTS, HEADERS, Answer


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


BODY = b"data: one\n\ndata: \xc3\xa4\n"
FRAMED = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY),
    "chunks": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;x=y\r\n%s\r\n%X\r\n%s\r\n0\r\nX: y\r\n\r\n"
    % (BODY[:3], len(BODY) - 3, BODY[3:]),
    "go on first": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200\r\ncontent-length:%d\r\n\r\n%s" % (len(BODY), BODY),
}


def told(raw: bytes) -> tuple[list[bytes], bool]:
    answer = Answer(BufferedReader(BytesIO(raw)))  # type: ignore[arg-type]
    return list(answer.lines(100)), answer.is_whole


@pytest.mark.parametrize("framing", FRAMED)
def test_an_answer_that_is_cut_anywhere_is_a_fault(framing: str) -> None:
    assert told(FRAMED[framing]) == (BODY.splitlines(), True)
    for cut in range(len(FRAMED[framing])):
        with pytest.raises(FAULTS):
            told(FRAMED[framing][:cut])


def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    assert told(b"HTTP/1.1 200 OK\n\n" + BODY) == (BODY.splitlines(), False)


@pytest.mark.parametrize(
    "raw",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 -20 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + (HEADERS + 1) * b"a: b\r\n" + b"\r\n",
        b"HTTP/1.1 200 OK\r\na: " + 70_000 * b"b" + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-5\r\nabcde\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0_1\r\na\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + 101 * b"x",
    ],
)
def test_what_is_no_http_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"HTTP|header|chunk|line"):
        told(raw)


@pytest.mark.parametrize("path", ["/session/a b", "/session/ses_1 HTTP/1.1\r\nx: y", "/session/\u00e4"])
def test_nothing_is_sent_that_would_be_another_request(server: Server, client: Client, path: str) -> None:
    with pytest.raises(RemoteError, match="cannot be said"):
        client.delete(Session(path.removeprefix("/session/"), "/w/a"))
    assert server.requests == 0


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
