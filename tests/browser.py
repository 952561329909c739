"""What a browser, or whoever plays one, sends to the dashboard: the real command, and raw requests to it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, urlsplit

import branchline

SOURCE = str(Path(branchline.__file__).resolve().parents[1])
DEADLINE = 60.0


class Reply(NamedTuple):
    """What came back; names of headers in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def command(root: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "branchline", "serve", "--json", "-C", str(root), *words]


class Dashboard:
    """The dashboard of a repository, served by the real command; ends with the block it is made for."""

    def __init__(self, root: Path, *words: str, **env: str) -> None:
        self.root = root
        # One that serves a whole module starts before the fixture that takes the names of tests out of the environment.
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BRANCHLINE_")}
        self.process = subprocess.Popen(
            command(root, *words),
            env={**kept, "PYTHONPATH": SOURCE, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.said = json.loads(self.process.stdout.readline() or self.process.communicate()[1])
        address = urlsplit(self.said["url"])
        self.port, self.token = address.port or 0, parse_qs(address.query)["token"][0]
        self.host = f"127.0.0.1:{self.port}"
        self.cookie = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def stop(self, number: int = signal.SIGINT) -> tuple[int, str, str]:
        """How it ends when it is interrupted: status, what else it printed, what it said on stderr."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=DEADLINE)
        return self.process.returncode, out, err

    def send(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
        """One request with these headers and a Host; `_` in a name stands for `-`."""
        line = HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
        line.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in {"Host": self.host, **headers}.items():
            line.putheader(name.replace("_", "-"), value)
        if body is not None:
            line.putheader("Content-Length", str(len(body)))
        line.endheaders(body)
        found = line.getresponse()
        if "event-stream" in found.getheader("content-type", ""):  # it has no end
            line.close()
            return Reply(found.status, dict(found.getheaders()), b"")
        reply = Reply(found.status, {name.lower(): value for name, value in found.getheaders()}, found.read())
        line.close()
        return reply

    def enter(self) -> Reply:
        """Open the printed address, and keep the cookie."""
        reply = self.send("GET", f"/?token={self.token}")
        self.cookie = reply.headers.get("set-cookie", "").partition(";")[0]
        return reply

    def get(self, path: str, **headers: str) -> Reply:
        """Look at something as the page does."""
        return self.send("GET", path, Cookie=self.cookie, Sec_Fetch_Site="same-origin", **headers)

    def post(self, path: str, data: Any, **headers: str) -> Reply:
        """Ask for something as the page does; `data` may be raw bytes."""
        own = {"Cookie": self.cookie, "Origin": f"http://{self.host}", "Content-Type": "application/json"}
        body = data if isinstance(data, bytes) else json.dumps(data).encode()
        return self.send("POST", path, body, **{**own, **headers})
