"""The entries of the shared list that are about the dashboard: each is given a repository with a run of one task."""

import inspect
import os
import re
import resource
import socket
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from branchline.cli import main
from branchline.serve import wall
from branchline.serve.wall import VERBS
from branchline.store import Store
from browser import SOURCE, Dashboard, Reply, command

PAGES: Final = Path(SOURCE, "branchline", "serve")
EVIL: Final = "http://evil.test"
MARKUP: Final = re.compile(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval|Function|srcdoc|DOMParser|setHTML")
LINKS: Final = re.compile(r"\.href|\.src|location|window\.open|\"a\"|'a'|createElementNS|setAttribute\(\"(?!aria-)")


def nothing_asked(root: Path) -> None:
    with Store.open(root / ".branchline" / "state.db", read_only=True) as store:
        assert store.requests() == []


def refused(reply: Reply, status: int) -> None:
    assert reply.status == status, reply
    assert reply.json["ok"] is False
    assert set(reply.json) == {"ok", "code", "error"}


def foreign_origin(root: Path) -> None:
    with Dashboard(root) as server:
        server.enter()
        for verb in VERBS:
            for headers in ({"Origin": EVIL}, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"}):
                refused(server.post(f"/api/{verb}", {"task": "t1"}, **headers), 403)
                refused(
                    server.post(f"/api/{verb}", {"task": "t1"}, Authorization=f"Bearer {server.token}", **headers), 403
                )
        assert server.post("/api/retry", {"task": "t1"}, Origin="http://127.0.0.1:1").status == 403
        nothing_asked(root)
        assert server.post("/api/retry", {"task": "t1"}).status == 200  # the same from its own page


def hosts(*names: str) -> Callable[[Path], None]:
    def other_names(root: Path) -> None:
        with Dashboard(root) as server:
            server.enter()
            for name in (*names, *(f"{each}:{server.port}" for each in names), "", f"127.0.0.1:{server.port + 1}"):
                refused(server.get("/", Host=name), 403)
                refused(server.get(f"/?token={server.token}", Host=name), 403)
            for name in ("localhost", "LOCALHOST", "[::1]"):
                assert server.get("/", Host=f"{name}:{server.port}").status == 200

    return other_names


def wrong_token(root: Path) -> None:
    with Dashboard(root) as server:
        for path in ("/?token=wrong", "/", "/page.js", "/api/state", "/api/events", "/nothing", "/?token=%ff&token="):
            reply = server.send("GET", path)
            refused(reply, 401)
            assert reply.headers["referrer-policy"] == "no-referrer"
        reply = server.enter()
        assert (reply.status, reply.headers["location"], reply.body) == (303, "/", b"")
        assert re.search("httponly.*samesite=strict", reply.headers["set-cookie"], re.I)
        assert server.token not in reply.headers["set-cookie"]
        assert server.get("/?token=wrong").status == 401  # whatever cookie it has
        assert server.get(f"/api/state?token={server.token}").status == 401  # in no other address
        status, out, err = server.stop()
        assert (status, out, err) == (130, "", "")
    assert "compare_digest" in inspect.getsource(wall._same)


def foreign_stream(root: Path) -> None:
    with Dashboard(root) as server:
        server.enter()
        upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec_WebSocket_Version": "13"}
        for more in ({}, {**upgrade, "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ=="}):
            refused(server.get("/api/events", Origin=EVIL, **more), 403)
        assert server.get("/api/events").status == 200


def title_is_text(root: Path) -> None:
    with Dashboard(root) as server:
        server.enter()
        page, found = server.get("/"), server.get("/api/state")
        (task,) = found.json["status"]["tasks"]
        assert "onerror=alert(1)" in task["title"] or "javascript:alert(1)" in task["title"]
        assert found.headers["content-type"] == "application/json"
        for reply in (page, found, server.get("/page.js"), server.send("GET", "/")):
            assert reply.headers["content-security-policy"].startswith("default-src 'self'; ")
            assert "unsafe" not in reply.headers["content-security-policy"]
            assert reply.headers["x-content-type-options"] == "nosniff"
        assert task["title"].encode() not in page.body
        assert not re.search(rb"<script(?! src=)|<style|\son\w+=|style=|https?:", page.body)
    script = (PAGES / "page.js").read_text("utf-8")
    assert "textContent" in script
    assert not MARKUP.search(script)
    assert not LINKS.search(script)


def many_streams(root: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
    lines: list[socket.socket] = []
    with Dashboard(root) as server:
        server.enter()
        head = f"GET /api/events HTTP/1.1\r\nHost: {server.host}\r\nCookie: {server.cookie}\r\n\r\n".encode()
        try:
            found: list[int] = []
            for _ in range(1000):
                lines.append(socket.create_connection(("127.0.0.1", server.port), timeout=60))
                lines[-1].sendall(head)
                found.append(int(lines[-1].recv(4096).split(b" ", 2)[1]))
            assert found.count(200) == 32
            assert found.count(503) == 968
            assert server.get("/api/state").status == 200
            held = [os.readlink(each) for each in Path(f"/proc/{server.process.pid}/fd").iterdir() if each.is_symlink()]
            assert not [name for name in held if ".branchline" in name]  # the scheduler has nothing to wait for
            (root / "more.md").write_text("- [ ] t1 One\n- [ ] t2 Two\n")
            worker = 'shell:sh -c \'echo {\\"status\\":\\"done\\"} > $BRANCHLINE_EXIT_FILE\''
            words = ["--yes", "--in-place", "--worker", worker, "--json", "-C", str(root)]
            main(["execute", "more.md", *words])
            with Store.open(root / ".branchline" / "state.db", read_only=True) as store:
                run = store.newest("more.md")
                assert run
                assert {row.attempt for row in store.tasks(run.run)} == {1}
            assert all(
                b"data: " in line.recv(65536)
                for line in lines
                if line.fileno() >= 0 and found[lines.index(line)] == 200
            )
        finally:
            for line in lines:
                line.close()
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert server.get("/api/state").status == 200


def open_to_all(root: Path) -> None:
    done = subprocess.run(
        command(root, "--host", "0.0.0.0"),  # noqa: S104 - what is refused
        env={**os.environ, "PYTHONPATH": SOURCE},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2, done
    assert "DASHBOARD_TOKEN" in done.stdout
    with Dashboard(root, "--host", "0.0.0.0", DASHBOARD_TOKEN="a-token-of-my-own") as server:  # noqa: S104
        assert server.token == "a-token-of-my-own"
        assert server.enter().status == 303


def side_effects(root: Path) -> None:
    with Dashboard(root) as server:
        server.enter()
        for verb in VERBS:
            for path in (f"/{verb}?id=t1", f"/api/{verb}?task=t1"):
                refused(server.get(path), 405)
                refused(server.send("GET", path, Authorization=f"Bearer {server.token}"), 405)
        for method in ("PUT", "DELETE", "PATCH", "TRACE", "HEAD", "OPTIONS"):
            assert server.send(method, "/api/retry", Authorization=f"Bearer {server.token}").status == 405
        nothing_asked(root)


def in_a_frame(root: Path) -> None:
    with Dashboard(root) as server:
        server.enter()
        for reply in (server.get("/"), server.send("GET", "/"), server.get("/nothing")):
            assert reply.headers["x-frame-options"] == "DENY"
            assert "frame-ancestors 'none'" in reply.headers["content-security-policy"]


def preflight(root: Path) -> None:
    asked: dict[str, Any] = {"Access_Control_Request_Method": "POST", "Access_Control_Request_Private_Network": "true"}
    with Dashboard(root) as server:
        for origin in ("https://public.example", EVIL):
            reply = server.send("OPTIONS", "/api/retry", Origin=origin, **asked)
            refused(reply, 403)
            assert not [name for name in reply.headers if name.startswith("access-control")]


ENTRIES: Final[Mapping[str, Callable[[Path], None]]] = {
    "dashboard-01": foreign_origin,
    "dashboard-03": hosts("evil.test", "evil.test:8080"),
    "dashboard-04": hosts("127.0.0.1.evil.test"),
    "dashboard-05": wrong_token,
    "dashboard-06": foreign_stream,
    "dashboard-08": title_is_text,
    "dashboard-09": title_is_text,
    "dashboard-10": many_streams,
    "dashboard-12": open_to_all,
    "dashboard-13": side_effects,
    "dashboard-15": in_a_frame,
    "dashboard-16": preflight,
}
