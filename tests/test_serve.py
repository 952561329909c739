"""The dashboard: it shows what the looking commands say, asks as the wishing ones do, and ends as it should."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from branchline.cli import main
from branchline.errors import RefusedError
from branchline.files import canonical, state_folder
from branchline.graph.store import net, parts
from branchline.model.plan import DraftGraph, Task
from branchline.model.run import Changes, Event, QuestionRow, RunRow, TaskRow
from branchline.serve.wall import HEADERS, Wall, hosts_of
from branchline.store import Store
from branchline.workflow.logs import SHOWN
from browser import DEADLINE, SOURCE, Dashboard, command

KEY = "ghp_" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5"
ROWS = [
    TaskRow("r1", "1", 0, f"Use {KEY}\u202egnp.exe", "composite", None, 1, "build", "", "pending"),
    TaskRow("r1", "1.1", 1, "Ask", "atomic", "1", 2, "build", "shell", "blocked", attempt=1),
    TaskRow("r1", "1.2", 2, "Hold", "atomic", "1", 3, "build", "shell", "held", reason="is unsure"),
    TaskRow("r1", "2", 3, "Over", "atomic", None, 4, "build", "shell", "done", evidence="checked"),
]
QUESTION = QuestionRow("r1", 1, "1.1", 1, "question", "Which?", json.dumps(["red", f"the {KEY} one"]))


def make_place(tmp_path: Path) -> Path:
    """A repository with a run of a task that asks, one that is held, and one that is done."""
    (tmp_path / ".git").mkdir()
    draft = DraftGraph("p.md", "", "checkbox", "", tuple(Task(row.task, row.title) for row in ROWS))
    settings = canonical({"directory": str(tmp_path), "flags": {}})
    run = RunRow("r1", "p.md", "d", "waiting", "", "", 1.0, None, settings, parts(draft)[0], net(draft))
    with Store.open(state_folder(tmp_path) / "state.db") as store:
        store.create_run(run, ROWS, 1.0)
        store.commit(Changes((Event(2.0, "r1", "blocked", "it asks", "1.1", 1),), questions=(QUESTION,)))
    return tmp_path


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Such a repository of the test's own."""
    return make_place(tmp_path)


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """The dashboard of one that nothing changes, for what is refused."""
    with Dashboard(make_place(tmp_path_factory.mktemp("still"))) as server:
        server.enter()
        yield server


@pytest.fixture
def page(place: Path) -> Iterator[Dashboard]:
    """The dashboard of that repository, opened."""
    with Dashboard(place) as server:
        server.enter()
        yield server


def requests(place: Path) -> list[tuple[str, str, Any]]:
    with Store.open(place / ".branchline" / "state.db", read_only=True) as store:
        return [(row.verb, row.task, json.loads(row.data)) for row in store.requests()]


def test_what_is_shown_is_masked_and_escaped(page: Dashboard) -> None:
    reply = page.get("/api/state")
    found = reply.json
    assert found["runs"] == [{"run": "r1", "plan": "p.md", "state": "waiting"}]
    assert [(task["id"], task["state"]) for task in found["status"]["tasks"]] == [
        ("1", "blocked"),
        ("1.1", "blocked"),
        ("1.2", "held"),
        ("2", "done"),
    ]
    assert found["status"]["tasks"][0]["title"] == "Use [GITHUB_TOKEN_1]\\u202egnp.exe"
    asked = {each["task"]: each for each in found["inbox"]}
    assert asked["1.1"]["options"] == ["red", "the [GITHUB_TOKEN_1] one"]
    assert asked["1.2"]["kind"] == "approval"
    task = page.get("/api/task?task=1").json
    assert "[GITHUB_TOKEN_1]" in task["why"]
    assert KEY.encode() not in reply.body + json.dumps(task).encode()


def test_of_a_long_log_the_end_is_shown_without_a_key_that_began_before_it(page: Dashboard) -> None:
    folder = page.root / ".branchline" / "runs" / "r1" / "1.1" / "1"
    folder.mkdir(parents=True)
    body = [f"{number:04}{'aB3dE5fG7hJ9kL1m' * 4}"[:64] for number in range(700)]
    key = "\n".join(["-----BEGIN RSA PRIVATE KEY-----", *body, "-----END RSA PRIVATE KEY-----"])
    (folder / "output.log").write_text("a line\n" * 100_000 + key + "\nthe end\n")
    log = page.get("/api/task?task=1.1").json["log"]
    assert log.endswith("\nthe end")
    assert not [line for line in body if line in log]
    assert 10_000 < len(log) <= SHOWN


def test_an_answer_is_the_wish_of_the_command_line(page: Dashboard) -> None:
    said = page.post("/api/answer", {"task": "1.1", "run": "r1", "option": 2})
    assert (said.status, said.json["ok"], said.json["verb"]) == (200, True, "answer")
    assert requests(page.root) == [("answer", "1.1", {"text": f"the {KEY} one"})]
    assert page.post("/api/approve", {"task": "1.2"}).status == 200
    assert requests(page.root)[1][:2] == ("accept", "1.2")
    assert "waits for the next" in page.get("/api/state").json["status"]["tasks"][1]["reason"]


@pytest.mark.parametrize(
    ("words", "body"),
    [
        (["answer", "2", "yes"], {"task": "2", "text": "yes"}),
        (["answer", "1.1", "--option", "9"], {"task": "1.1", "option": 9}),
        (["answer", "1.1", " "], {"task": "1.1", "text": " "}),
        (["answer", "1.1", "a", "--option", "1"], {"task": "1.1", "text": "a", "option": 1}),
        (["accept", "1.1"], {"task": "1.1"}),
        (["accept", "nine"], {"task": "nine"}),
        (["retry", "2"], {"task": "2"}),
        (["retry", "1"], {"task": "1"}),
        (["retry", "1.1", "--worker", "nobody"], {"task": "1.1", "worker": "nobody"}),
        (["skip", "2"], {"task": "2"}),
        (["cancel", "2"], {"task": "2"}),
        (["cancel"], {}),
        (["cancel", "1.1", "--all"], {"task": "1.1", "all": True}),
        (["skip", "2", "--run", "r9"], {"task": "2", "run": "r9"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_refusals_are_those_of_the_command_line(
    still: Dashboard, capsys: pytest.CaptureFixture[str], words: list[str], body: dict[str, Any]
) -> None:
    assert main([*words, "--json", "-C", str(still.root)]) == 2
    told = json.loads(capsys.readouterr().out.replace(KEY, "[GITHUB_TOKEN_1]"))
    reply = still.post(f"/api/{words[0]}", body)
    assert reply.status in (400, 404)
    assert reply.json == {key: told[key] for key in ("ok", "code", "error")}
    assert requests(still.root) == []


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", {}, 400),
        (b"{", {}, 400),
        (b"[]", {}, 400),
        (b"\xff", {}, 400),
        (b"[" * 50_000, {}, 400),
        (b'{"task": 1}', {}, 400),
        (b'{"task": null}', {}, 400),
        (b'{"task": "2", "note": "x"}', {}, 400),
        (b'{"task": "1.1", "option": true}', {}, 400),
        (b'{"task": "1.1", "option": NaN}', {}, 400),
        (b'{"task": "\\ud800", "text": "x"}', {}, 404),
        (b'{"task": "1.1", "text": "' + b"a" * 70_000 + b'"}', {}, 413),
        (b'{"task": "1.1", "text": "a"}', {"Content-Type": "text/plain"}, 415),
        (b'{"task": "1.1", "text": "a"}', {"Content-Type": "application/x-www-form-urlencoded"}, 415),
    ],
)
def test_a_body_that_is_none(still: Dashboard, body: bytes, headers: dict[str, str], status: int) -> None:
    reply = still.post("/api/answer", body, **headers)
    assert (reply.status, reply.json["ok"]) == (status, False)
    assert set(reply.json) == {"ok", "code", "error"}
    assert requests(still.root) == []


def test_places_that_are_not_there(still: Dashboard) -> None:
    for path in (
        "/api/state?run=r9",
        "/api/task?task=nine",
        "/api/task",
        "/api/task?task=../1",
        "/nothing",
        "/..%2fx",
        "/page.py",
    ):
        reply = still.get(path)
        assert (reply.status, reply.json["ok"]) == (404, False), path
    for path in ("/", "/page.css", "/page.js"):
        assert still.get(path).status == 200


def test_a_script_comes_with_the_token_alone(page: Dashboard) -> None:
    own = {"Authorization": f"Bearer {page.token}", "Content_Type": "application/json"}
    assert page.send("POST", "/api/skip", b'{"task": "1.1"}', **own).status == 200
    assert page.send("POST", "/api/skip", b'{"task": "1.2"}', **{**own, "Authorization": "Bearer x"}).status == 401
    assert page.send("POST", "/api/skip", b'{"task": "1.2"}', **{**own, "Authorization": page.cookie}).status == 401
    assert (
        page.send("POST", "/api/skip", b'{"task": "1.2"}', Cookie=page.cookie, Content_Type=own["Content_Type"]).status
        == 403
    )
    assert len(requests(page.root)) == 1


def stream(page: Dashboard) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", page.port), timeout=DEADLINE)
    line.sendall(f"GET /api/events HTTP/1.1\r\nHost: {page.host}\r\nCookie: {page.cookie}\r\n\r\n".encode())
    return line


def read_until(line: socket.socket, wanted: Callable[[bytes], bool]) -> bytes:
    found, end = b"", time.monotonic() + DEADLINE
    while not wanted(found):
        assert time.monotonic() < end, found
        part = line.recv(4096)
        assert part, found
        found += part
    return found


def test_a_stream_tells_what_is_recorded(page: Dashboard) -> None:
    with stream(page) as line:
        read_until(line, lambda text: text.count(b"data: ") == 1)
        assert page.post("/api/skip", {"task": "1.1"}).status == 200
        read_until(line, lambda text: text.count(b"data: ") == 1)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_it_ends_when_it_is_told_with_pages_open(page: Dashboard, number: int, status: int) -> None:
    with stream(page) as line:
        read_until(line, lambda text: b"data: " in text)
        assert page.stop(number) == (status, "", "")


def test_before_the_first_run(tmp_path: Path) -> None:
    with Dashboard(tmp_path) as server:
        server.enter()
        assert server.get("/api/state").json == {"ok": True, "runs": [], "status": None, "inbox": []}
        said = server.post("/api/skip", {"task": KEY})
        assert (said.status, KEY in str(said.json)) == (404, False)
    assert list(tmp_path.iterdir()) == []  # to look leaves no trace


def test_who_has_no_token_leaves_no_trace(place: Path) -> None:
    with Dashboard(place) as server:
        server.get("/api/state")  # what starts with the first look is there
        before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}
        for headers in ({}, {"Host": KEY}, {"Origin": f"http://{KEY}"}, {"Authorization": KEY}, {"Cookie": KEY}):
            for method in (KEY, "GET", "POST"):
                said = server.send(method, f"/api/{KEY}?token={KEY}", b"{}", **headers)
                assert said.status in (401, 403, 405)
                assert KEY not in str(said)
        assert {path: path.read_bytes() for path in place.rglob("*") if path.is_file()} == before


def test_a_damaged_store_is_said_and_left_as_it_is(place: Path) -> None:
    for file in place.glob(".branchline/state.db*"):
        file.unlink()
    (place / ".branchline" / "state.db").write_bytes(b"no database " * 1000)
    with Dashboard(place) as server:
        server.enter()
        for reply in (
            server.get("/api/state"),
            server.get("/api/task?task=1"),
            server.post("/api/skip", {"task": "1.1"}),
        ):
            assert (reply.status, reply.json["code"]) == (503, "E_STORE_DAMAGED")
    assert (place / ".branchline" / "state.db").read_bytes() == b"no database " * 1000


def test_a_broken_list_of_what_was_masked_shows_no_secret(place: Path) -> None:
    masks = place / ".branchline" / "masks.jsonl"
    with Dashboard(place) as server:
        server.enter()
        assert server.get("/api/state").status == 200
        masks.write_bytes(b"\xff\xfe\n" + masks.read_bytes())
        found = server.get("/api/state")
        assert (found.status, KEY in str(found)) == (200, False)
        masks.unlink()
        asked = (server.get("/api/state"), server.get("/api/task?task=1"), server.post("/api/skip", {"task": KEY}))
        assert [reply.status for reply in asked] == [400, 400, 404]
        for reply in asked:
            assert (reply.json["ok"], KEY in str(reply), "masks.jsonl" in reply.json["error"]) == (False, False, True)
        assert server.stop() == (130, "", "")


def test_a_run_too_large_for_a_page_shows_what_is_not_over(place: Path) -> None:
    (place / "branchline.toml").write_text('[serve]\ntasks = 3\nhosts = ["my.lan"]\n')
    with Dashboard(place) as server:
        server.enter()
        status = server.get("/api/state", Host=f"my.lan:{server.port}").json["status"]
        assert ([task["id"] for task in status["tasks"]], status["left_out"]) == (["1", "1.1", "1.2"], 1)


def failing(place: Path, *words: str, start: tuple[str, ...] = (), **env: str) -> dict[str, Any]:
    argv = [*(start or command(place)), *words]
    done = subprocess.run(
        argv, env={**os.environ, "PYTHONPATH": SOURCE, **env}, capture_output=True, text=True, timeout=DEADLINE
    )
    assert (done.returncode, done.stderr) == (2, ""), done
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_what_keeps_it_from_its_start_is_said(place: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"port {port}: Address already in use" in failing(place, "--port", port)["error"]
    assert "port 70000" in failing(place, "--port", "70000")["error"]
    assert "cannot listen at no.such.host.invalid" in failing(place, "--host", "no.such.host.invalid")["error"]
    assert failing(place, DASHBOARD_TOKEN="short")["code"] == "E_SETTINGS"
    gone = "import sys; sys.modules['uvicorn'] = None; from branchline.cli import main; sys.exit(main(sys.argv[1:]))"
    start = (sys.executable, "-c", gone, "serve", "--json", "-C", str(place))
    assert failing(place, start=start)["error"] == "the dashboard needs uvicorn: pip install starlette uvicorn"


AGENT = """#!/bin/sh
cat > /dev/null; echo "token {key}"
printf '{{"status": "blocked", "kind": "question", "text": "Which?"}}' > "$BRANCHLINE_EXIT_FILE"
"""


def test_a_real_run_its_log_and_its_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root, agent = tmp_path / "r", tmp_path / "agent.sh"
    root.mkdir()
    agent.write_text(AGENT.format(key=KEY))
    agent.chmod(0o755)
    (root / "p.md").write_text("- [ ] t1 Write it\n")
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run(["git", *words], cwd=root, check=True)
    words = ["execute", "p.md", "--yes", "--worker", f"shell:{agent}", "--json", "-C", str(root)]
    assert main(words) == 3, capsys.readouterr()
    with Dashboard(root) as server:
        server.enter()
        task = server.get("/api/task?task=t1").json
        assert "token [GITHUB_TOKEN_1]" in task["log"]
        assert "Write it" in task["prompt"]
        assert "Which?" in task["why"]
        said = server.post(
            "/api/cancel", {"all": True}
        )  # nobody coordinates: the dashboard's own process takes the tick
        assert (said.status, said.json.get("ok")) == (200, True), said
        assert server.get("/api/state").json["status"]["state"] == "cancelled"
        assert server.stop() == (130, "", "")


def test_hosts_of_a_port() -> None:
    assert hosts_of(80, ["A.lan"]) == {"a.lan", "a.lan:80"}
    assert hosts_of(8000, ["[::1]", "b:9"]) == {"[::1]:8000", "b:9"}


WALL = Wall(frozenset({"h:1"}), "t" * 16, "c", "s" * 16)
OWN = [(b"host", b"h:1"), (b"cookie", b"a=b; c=" + b"s" * 16)]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([], 403),
        ([(b"host", b"h:1")], 401),
        ([(b"host", b"h:1"), *OWN], 403),
        ([*OWN, (b"cookie", b"c=x")], 401),
        ([*OWN, (b"origin", b"http://h:1"), (b"origin", b"http://evil")], 403),
        ([*OWN, (b"origin", b"https://h:1")], 403),
        ([*OWN, (b"sec-fetch-site", b"same-site")], 403),
        ([*OWN, (b"authorization", b"Bearer \xff")], 401),
        ([*OWN, (b"authorization", b"Basic eDp0")], 401),
    ],
)
def test_the_wall(headers: list[tuple[bytes, bytes]], status: int) -> None:
    with pytest.raises(RefusedError) as refused:
        WALL.judge("GET", "/", headers, b"")
    assert refused.value.status == status
    assert not WALL.judge("GET", "/", OWN, b"")
    assert WALL.judge("GET", "/", OWN, b"token=" + b"t" * 16)
    assert "unsafe" not in dict(HEADERS)["Content-Security-Policy"]
