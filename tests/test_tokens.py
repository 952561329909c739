"""Tokens of a GitHub App: made for one attempt and one repository, revoked at its end and after a crash."""

import base64
import hashlib
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from typing import Any

import pytest

from branchline.sandbox import tokens
from branchline.store import Store
from worlds import SAY, Task, World

TOKEN = "ghs_0123456789abcdefghijklmnopqrstuvwxyz"
NOW = 1_700_000_000.0


def prime(dice: Random) -> int:
    """A prime of 512 bits, as good as a test needs."""
    while True:
        found = dice.getrandbits(512) | 1 | 3 << 510
        if found % 65537 != 1 and all(pow(base, found - 1, found) == 1 for base in (2, 3, 5, 7)):
            return found


def der(tag: int, body: bytes) -> bytes:
    size = len(body)
    length = bytes([size]) if size < 128 else bytes([0x82]) + size.to_bytes(2, "big")
    return bytes([tag]) + length + body


def number(value: int) -> bytes:
    return der(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def pem(name: str, body: bytes) -> str:
    text = base64.encodebytes(body).decode()
    return f"-----BEGIN {name}-----\n{text}-----END {name}-----\n"


P, Q = prime(Random(1)), prime(Random(2))
MODULUS, SECRET = P * Q, pow(65537, -1, (P - 1) * (Q - 1))
PLAIN = der(0x30, b"".join(map(number, (0, MODULUS, 65537, SECRET, P, Q, 1, 1, 1))))
WRAPPED = der(0x30, number(0) + der(0x30, der(6, b"\x2a")) + der(4, PLAIN))


def claims(bearer: str) -> dict[str, Any]:
    """What a JWT says; its signature is checked as GitHub would, with the public key."""
    signed, _, signature = bearer.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    plain = pow(int.from_bytes(raw, "big"), 65537, MODULUS).to_bytes(128, "big")
    assert plain.startswith(b"\0\1\xff\xff")
    assert plain.endswith(hashlib.sha256(signed.encode()).digest())
    head, body = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in signed.split("."))
    assert head["alg"] == "RS256"
    return dict(body)


class Github:
    """The part of the API that is used, with its documented answers."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str, Any]] = []
        self.refuse = 0
        github = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                bearer = str(self.headers["Authorization"]).removeprefix("Bearer ")
                github.asked.append((self.command, self.path, bearer, json.loads(body) if body else None))
                status, told = github.answer(self.command, self.path)
                text = b"" if told is None else json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - the names that the library calls

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.api = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, method: str, path: str) -> tuple[int, Any]:
        """As the documentation has it."""
        if self.refuse:
            return self.refuse, {"message": "Bad credentials"}
        if method == "DELETE":
            return 204, None
        if path.endswith("/installation"):
            return 200, {"id": 42}
        return 201, {"token": TOKEN, "expires_at": "2026-01-01T00:00:00Z", "permissions": tokens.PERMISSIONS}


@pytest.fixture
def github() -> Iterator[Github]:
    made = Github()
    yield made
    made.server.shutdown()
    made.server.server_close()


def folder_of(tmp: Path, github: Github, name: str, **more: str) -> Path:
    (tmp / "key.pem").write_text(pem("RSA PRIVATE KEY", PLAIN))
    folder = tmp / "tokens" / name
    folder.mkdir(parents=True)
    spec = {"app": "7", "key": str(tmp / "key.pem"), "installation": "", "repository": "ada/engine", "api": github.api}
    (folder / tokens.SPEC).write_text(json.dumps(spec | more))
    return folder


def test_both_forms_of_a_key_are_read() -> None:
    assert (
        tokens.key_of(pem("RSA PRIVATE KEY", PLAIN)) == tokens.key_of(pem("PRIVATE KEY", WRAPPED)) == (MODULUS, SECRET)
    )
    with pytest.raises(ValueError, match="not a private key"):
        tokens.key_of(pem("CERTIFICATE", PLAIN))


def test_a_token_is_scoped_short_lived_and_taken_back(tmp_path: Path, github: Github) -> None:
    folder = folder_of(tmp_path, github, "r1-1")
    assert tokens.make(folder, os.getpid(), NOW) == TOKEN
    (found, made) = github.asked
    assert found[:2] == ("GET", "/repos/ada/engine/installation")
    assert made[:2] == ("POST", "/app/installations/42/access_tokens")
    assert made[3] == {
        "repositories": ["engine"],
        "permissions": {"contents": "write", "pull_requests": "write", "issues": "write"},
    }
    told = claims(made[2])
    assert (told["iss"], told["exp"] - told["iat"] <= 600) == ("7", True)
    assert (folder / tokens.KEEP).stat().st_mode & 0o777 == 0o600
    assert tokens.revoke(folder, NOW + 5)
    assert github.asked[-1][:3] == ("DELETE", "/installation/token", TOKEN)
    assert not (folder / tokens.KEEP).exists()
    note = json.loads((folder / tokens.NOTE).read_text())
    assert (note["repository"], note["made"], note["revoked"]) == ("ada/engine", NOW, NOW + 5)
    assert TOKEN not in json.dumps(note)
    assert tokens.revoke(folder, NOW + 9), "once is enough"


def test_what_a_crash_left_is_taken_back_and_the_living_keep_theirs(tmp_path: Path, github: Github) -> None:
    dead, live = (folder_of(tmp_path, github, name) for name in ("dead", "live"))
    child = os.fork()
    if not child:
        os._exit(0)
    tokens.make(dead, child, NOW)
    tokens.make(live, os.getpid(), NOW)
    os.waitpid(child, 0)
    tokens.sweep(tmp_path / "tokens", NOW)
    assert (dead / tokens.KEEP).exists() is False
    assert (live / tokens.KEEP).exists() is True
    github.refuse = 500
    assert not tokens.revoke(live, NOW)
    assert (live / tokens.KEEP).exists(), "it is tried again"
    github.refuse = 401
    assert tokens.revoke(live, NOW), "GitHub does not know it any more"


@pytest.mark.parametrize(
    ("more", "refuse", "words"),
    [({"key": "/nowhere"}, 0, "key"), ({}, 401, "401"), ({"api": "http://127.0.0.1:1"}, 0, "asked")],
)
def test_what_fails_is_told_without_a_secret(
    tmp_path: Path, github: Github, capsys: pytest.CaptureFixture[str], more: dict[str, str], refuse: int, words: str
) -> None:
    github.refuse = refuse
    folder = folder_of(tmp_path, github, "r1-1", **more)
    assert tokens.main(["make", str(folder), str(os.getpid())]) == 1
    said = capsys.readouterr()
    assert (said.out, words in said.err) == ("", True)
    assert "ey" not in said.err.replace("key", "")


class TestFromOutside:
    """The whole program with the local API."""

    @pytest.fixture
    def world(self, tmp_path: Path) -> Iterator[World]:
        made = World(tmp_path)
        yield made
        made.close()

    def play(self, world: World, settings: str) -> str:
        """Run one task whose worker writes down whether it has a token; what it wrote."""
        world.settings(f"scoped_tokens = true\n{settings}")
        world.plan(Task("1.1", verify='test -z "$GH_TOKEN" && test -s out.txt'))
        body = 'echo "${GH_TOKEN:-none} ${GITHUB_TOKEN:-none}" | tr a-z n-za-m > out.txt; say done ok\n'
        result = world.execute(world.agent(body, head=f"#!/bin/sh\n{SAY}\n"))
        assert result.status == 0, result
        return world.tip("out.txt").translate(str.maketrans("nopqrstuvwxyzabcdefghijklm", "abcdefghijklmnopqrstuvwxyz"))

    def test_a_worker_has_a_token_its_checks_have_none_and_it_is_taken_back(self, world: World, github: Github) -> None:
        (world.folder / "app.pem").write_text(pem("RSA PRIVATE KEY", PLAIN))
        world.git("remote", "add", "origin", "https://github.com/ada/engine.git")
        app = f'[github]\napp = "7"\nkey = "{world.folder}/app.pem"\napi = "{github.api}"\n'
        assert self.play(world, app) == f"{TOKEN} {TOKEN}"
        assert [(method, path) for method, path, _, _ in github.asked] == [
            ("GET", "/repos/ada/engine/installation"),
            ("POST", "/app/installations/42/access_tokens"),
            ("DELETE", "/installation/token"),
        ]
        with Store.open(world.root / ".branchline" / "state.db") as store:
            (audit,) = [event.data["token"] for event in store.events("r1") if "token" in event.data]
        assert audit["repository"] == "ada/engine"
        assert audit["revoked"]
        assert "token: ada/engine" in world.run("status").json["sandbox"]
        kept = [path for path in (world.root / ".branchline").rglob("*") if path.is_file()]
        assert not [path for path in kept if TOKEN.encode() in path.read_bytes()]

    def test_what_a_crash_left_is_taken_back_at_the_next_start(self, world: World, github: Github) -> None:
        world.plan(Task("1.1"))
        (own := world.root / ".branchline" / "sandbox").mkdir(parents=True)
        left = folder_of(own, github, "r0-1")
        with subprocess.Popen(("sleep", "60")) as gone:
            tokens.make(left, gone.pid, NOW)
            gone.kill()
        world.execute(world.agent("say done ok\n", head=f"#!/bin/sh\n{SAY}\n"))
        world.until(lambda: not (left / tokens.KEEP).exists(), "the end of the token")
        assert github.asked[-1][:3] == ("DELETE", "/installation/token", TOKEN)

    def test_without_an_app_there_is_no_token_and_that_is_said(self, world: World) -> None:
        assert self.play(world, "") == "none none"
        assert "no token: [github] names no app and no key" in world.run("status").json["sandbox"]
