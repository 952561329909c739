"""The network tiers, the proxy that holds them, and the command that tells of them."""

import contextlib
import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.cli import main
from branchline.errors import UsageError
from branchline.proc import lend
from branchline.proc.bare import bare
from branchline.sandbox import door, proxied, proxy, tiers
from branchline.workflow.net import host_of

DEADLINE = 20.0


class TestTiers:
    @pytest.mark.parametrize(
        ("host", "tier"),
        [
            *[
                ("github.com", 1),
                ("API.GitHub.com.", 1),
                ("bedrock-runtime.eu-west-1.amazonaws.com", 1),
                ("pypi.org", 2),
            ],
            *[
                ("docs.rs", 3),
                ("example.com", 4),
                ("notgithub.com", 4),
                ("github.com.example.com", 4),
                ("pastebin.com", 5),
            ],
            *[
                ("x.ngrok.io", 5),
                ("localhost", 5),
                ("127.0.0.1", 5),
                ("[::1]", 5),
                ("2130706433", 5),
                ("0x7f.1", 5),
                ("", 5),
            ],
            *[("1.2.3.4.5", 5), ("a b.com", 5), ("deadbeefdeadbeefdeadbeefdeadbeef.example.com", 5), ("intranet", 5)],
        ],
    )
    def test_where_a_host_belongs(self, host: str, tier: int) -> None:
        assert tiers.classify(host).tier == tier

    def test_the_user_s_rules_win_and_the_longest_one_decides(self) -> None:
        own = {"*.example.com": 5, "good.example.com": 2, "PasteBin.com": 3, "10.0.0.7": 1}
        found = [tiers.classify(h, own).tier for h in ("a.example.com", "good.example.com", "pastebin.com", "10.0.0.7")]
        assert found == [5, 2, 3, 1]

    def test_unknown_ones_are_flagged_or_denied(self) -> None:
        found = tiers.classify("example.com")
        assert tiers.decide(found) == (True, "tier 4: unknown, allow by setting", True)
        assert not tiers.decide(found, unknown="deny").allowed
        assert not tiers.decide(tiers.classify("github.com"), port=22).allowed

    @given(
        st.ip_addresses(network="10.0.0.0/8")
        | st.ip_addresses(network="fc00::/7")
        | st.ip_addresses(network="127.0.0.0/8")
    )
    def test_no_private_address_is_public_however_it_is_written(self, address: Any) -> None:
        assert not tiers.is_public(str(address))
        if address.version == 4:
            assert not tiers.is_public(f"::ffff:{address}")
            assert not tiers.is_public(f"64:ff9b::{int(address) >> 16:x}:{int(address) & 0xFFFF:x}")
            assert tiers.address_of(str(int(address))) == tiers.address_of(hex(int(address))) == str(address)

    @given(st.text(max_size=60))
    def test_any_text_has_a_tier(self, text: str) -> None:
        assert tiers.classify(text).tier in tiers.TIERS


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        *[("github.com", "github.com", 443), ("x.org:8443", "x.org", 8443), ("http://x.org/a:b", "x.org", 80)],
        *[("https://u:p@x.org/?q", "x.org", 443), ("[::1]:80", "[::1]", 80), ("::1", "::1", 443)],
    ],
)
def test_a_host_is_found_in_what_people_write(text: str, host: str, port: int) -> None:
    assert host_of(text) == (host, port)


def test_nothing_is_no_host() -> None:
    with pytest.raises(UsageError):
        host_of("https://")


def test_a_worker_s_own_servers_are_asked_directly_unless_the_machine_s_are_meant() -> None:
    assert proxied.environment({})["NO_PROXY"] == "localhost,127.0.0.1,::1"
    assert proxied.environment({"localhost": 1})["no_proxy"] == "127.0.0.1,::1"


class Upstream:
    """A server on loopback: it keeps what it gets and answers with its own name."""

    def __init__(self) -> None:
        self.ear = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.ear.getsockname()[1]
        self.got: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                end, _ = self.ear.accept()
                with end:
                    self.got.append(end.recv(65536))
                    end.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")


class Way:
    """A proxy that runs, and the port that was lent to it, as a sandbox would."""

    def __init__(self, folder: Path, **more: Any) -> None:
        folder.mkdir(parents=True)
        self.log = folder / "net.jsonl"
        spec = {
            "log": str(self.log),
            "tiers": {"localhost": 1},
            "unknown": "deny",
            "ports": [80, 443],
            "servers": [],
            "local": [],
        }
        spec |= {"connections": 8, "megabytes": 64, **more}
        (folder / door.SPEC).write_text(json.dumps(spec))
        self.process = subprocess.Popen((*bare(door.__file__), str(folder)))
        self.port, *self.local = [_free() for _ in range(1 + len(spec["local"]))]
        os.waitpid(lend.lend(str(folder), self.port, *self.local), 0)

    def ask(self, request: bytes, timeout: float = DEADLINE, port: int = 0) -> bytes:
        """Everything that comes back for a request, of the proxy or of another port that was lent."""
        with socket.create_connection(("127.0.0.1", port or self.port), timeout) as end:
            end.sendall(request)
            return b"".join(iter(lambda: end.recv(65536), b""))

    def rows(self, count: int) -> list[dict[str, Any]]:
        """The log, as soon as it has so many lines."""
        until = time.monotonic() + DEADLINE
        while len(lines := self.log.read_text().splitlines()) < count:
            assert time.monotonic() < until, lines
            time.sleep(0.01)
        return [json.loads(line) for line in lines]


def _free() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    made = Upstream()
    yield made
    made.ear.close()


@pytest.fixture
def way(tmp_path: Path, upstream: Upstream) -> Iterator[Way]:
    here = os.getcwd()
    made = Way(
        tmp_path / "a-folder-whose-path-is-longer-than-a-socket-may-have" / ("x" * 80), ports=[80, 443, upstream.port]
    )
    assert os.getcwd() == here
    yield made
    made.process.kill()
    made.process.wait()


def test_a_tunnel_and_a_request_are_carried_and_logged(way: Way, upstream: Upstream) -> None:
    place = f"localhost:{upstream.port}".encode()
    assert way.ask(b"CONNECT %s HTTP/1.1\r\nHost: x\r\n\r\nping" % place).endswith(
        b"established\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
    )
    way.rows(1)  # each is logged when it has ended, and a tunnel may end after the request behind it
    asked = b"GET http://%s/a?b HTTP/1.1\r\nHost: elsewhere.example\r\nProxy-Authorization: x\r\nAccept: */*\r\n\r\n"
    assert way.ask(asked % place).endswith(b"hello")
    assert upstream.got == [
        b"ping",
        b"GET /a?b HTTP/1.1\r\nHost: %s\r\nAccept: */*\r\nConnection: close\r\n\r\n" % place,
    ]
    rows = way.rows(2)
    assert [(r["allowed"], r["host"], r["method"], r["address"], r["received"]) for r in rows] == [
        (True, "localhost", "CONNECT", "127.0.0.1", 43),
        (True, "localhost", "GET", "127.0.0.1", 43),
    ]


@pytest.mark.parametrize(
    ("request_line", "status", "why"),
    [
        ("CONNECT 127.0.0.1:{port} HTTP/1.1", 403, "an address"),
        ("CONNECT [::ffff:127.0.0.1]:{port} HTTP/1.1", 403, "an address"),
        ("CONNECT 2130706433:{port} HTTP/1.1", 403, "an address"),
        ("GET http://127.1:{port}/ HTTP/1.1", 403, "an address"),
        ("CONNECT ip6-localhost:{port} HTTP/1.1", 403, "no public name"),
        ("CONNECT localhost:1 HTTP/1.1", 403, "port 1"),
        ("CONNECT pastebin.com:443 HTTP/1.1", 403, "exfiltration"),
        ("CONNECT example.com:443 HTTP/1.1", 403, "unknown"),
        ("CONNECT localhost:99999 HTTP/1.1", 400, "port"),
        ("CONNECT localhost:44\xb3 HTTP/1.1", 400, "port"),
        ("GET http://me@localhost:{port}/ HTTP/1.1", 400, "only"),
        ("GET file:///etc/passwd HTTP/1.1", 400, "only"),
        ("GET / HTTP/1.1", 400, "only"),
        ("SSH-2.0-x", 400, "no request"),
        ("GET http://localhost:{port}/ HTTP/1.1\r\n" + "x: y\r\n" * 20_000, 431, "too long"),
    ],
)
def test_misuse_is_refused(way: Way, upstream: Upstream, request_line: str, status: int, why: str) -> None:
    said = b""
    with contextlib.suppress(ConnectionError):
        said = way.ask(request_line.format(port=upstream.port).encode("latin-1") + b"\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 %d " % status) or status == 431
    (row,) = way.rows(1)
    assert not row["allowed"]
    assert why in row["why"]
    assert upstream.got == []


def test_servers_of_the_user_s_own_are_reached_as_they_are(tmp_path: Path, upstream: Upstream) -> None:
    made = Way(tmp_path / "net", tiers={}, local=[upstream.port], servers=[["127.0.0.1", upstream.port]])
    try:
        assert made.ask(b"ping", port=made.local[0]).endswith(b"hello")
        assert made.ask(b"GET http://127.0.0.1:%d/ HTTP/1.1\r\n\r\n" % upstream.port).endswith(b"hello")
        assert made.ask(b"GET http://127.0.0.1:%d/ HTTP/1.1\r\n\r\n" % _free()).startswith(b"HTTP/1.1 403")
        told = {(r["method"], r["host"], r["why"]) for r in made.rows(3) if r["allowed"]}
        assert told == {("TCP", "localhost", proxy.NAMED), ("GET", "127.0.0.1", proxy.NAMED)}
    finally:
        made.process.kill()
        made.process.wait()


def test_what_settings_name_is_found_in_their_words() -> None:
    config = '{"$schema": "https://opencode.ai/config.json", "baseURL": "http://LocalHost:11434/v1", "x": "http://[", "y": "x://a:b"}'
    found = proxied.named(
        [config, "postgres://me:pw@127.0.0.1:5432/db", "http://10.0.0.7:8000", "localhost:99"], [6379]
    )
    assert found.local == {11434, 5432, 6379}
    assert found.servers == {("opencode.ai", 443), ("10.0.0.7", 8000)}
    assert not proxied.named([f"http://localhost:{port}" for port in (80, proxied.PORT)]).local, (
        "no worker could have these"
    )


def test_a_name_that_leads_to_a_private_address_is_refused(tmp_path: Path, upstream: Upstream) -> None:
    made = Way(tmp_path / "net", tiers={"*.localhost": 1}, ports=[upstream.port])
    try:
        said = made.ask(f"CONNECT rebind.localhost:{upstream.port} HTTP/1.1\r\n\r\n".encode())
        assert said.startswith((b"HTTP/1.1 403", b"HTTP/1.1 502"))  # some resolvers know no such name
        assert upstream.got == []
    finally:
        made.process.kill()
        made.process.wait()


@pytest.mark.parametrize(
    ("host", "allowed"), [("localhost:5432", True), ("localhost:5433", False), ("github.com", True)]
)
def test_what_the_settings_open_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], host: str, allowed: bool
) -> None:
    (tmp_path / "branchline.toml").write_text("[net]\nlocal = [5432]\n")
    monkeypatch.chdir(tmp_path)
    assert main(["net", "check", host, "--json"]) == (0 if allowed else 4)
    assert [row["allowed"] for row in json.loads(capsys.readouterr().out)["hosts"]] == [allowed]
