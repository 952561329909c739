"""A model on loopback that says what a test tells it to, in the words of three APIs (`stub_dialects`).

What it says is decided from the conversation alone, so that one server serves any number of sessions at once:

1. the newest user message that holds `@@STUB [step, ...] @@` (JSON) decides;
2. else the first of `rules` whose regular expression is found in the newest user message;
3. else the answer is `ok`.

The step taken is the one numbered by the assistant's turns since that message; the last step repeats. A step is an
object: `text` (what it says), `tools` (a list of [name, arguments]; names as the agent offers them), `status` (answer
with that HTTP status instead), `message` (the words of that refusal), `headers`, `hang` (say nothing until the server is
closed), `drip` (say nothing in ever more parts), `fault` (what goes wrong after the first piece of a stream: `drop`, `stall`,
`malformed`, or `slow` between all of them); `times` bounds how often a status, a hang or a fault comes; `finish` (the finish
reason), `usage` ([input, output] tokens), `cached` (tokens from a cache, which OpenAI counts as input too).
"""

import json
import re
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from stub_dialects import DIALECTS, Dialect, Step, Turn

TROUBLES = {"status", "hang", "fault"}
SLOW = 0.05
"""Seconds between two pieces of a slow stream."""
_DIRECTIVE = re.compile(r"@@STUB\s+(.*?)\s*@@", re.S)


def directive(*steps: Step) -> str:
    """Write steps as a text to put in a prompt."""
    return f"@@STUB {json.dumps(steps)} @@"


class StubModel:
    """The server, a context manager; `rules` are pairs of regular expression and steps, `requests` what it was sent."""

    def __init__(self, rules: Sequence[tuple[str, Sequence[Step]]] = ()) -> None:
        self.rules = rules
        self.requests: list[dict[str, Any]] = []
        self.closing = threading.Event()
        self._refused: Counter[str] = Counter()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def root(self) -> str:
        """The URL of the server."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """The base URL of the API."""
        return f"{self.root}/v1"

    def __enter__(self) -> "StubModel":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def forget(self) -> None:
        """Forget what was sent, and how often it was refused."""
        self.requests.clear()
        self._refused.clear()

    def config(self) -> dict[str, Any]:
        """Give a configuration of OpenCode that knows this server as `stub/stub-1`."""
        return {
            "model": "stub/stub-1",
            "small_model": "stub/stub-1",
            "enabled_providers": ["stub"],
            "provider": {
                "stub": {
                    "npm": "@ai-sdk/openai-compatible",
                    "name": "Stub",
                    "options": {"baseURL": self.url, "apiKey": "not-a-key"},
                    "models": {
                        "stub-1": {
                            "name": "Stub 1",
                            "tool_call": True,
                            "limit": {"context": 128000, "output": 8192},
                            "cost": {"input": 1, "output": 2},
                        }
                    },
                }
            },
        }

    def choose(self, turns: Sequence[Turn]) -> Step:
        """Choose the step for a conversation."""
        for index in range(len(turns) - 1, -1, -1):
            if turns[index][0] != "user":
                continue
            steps = self._steps(turns[index][1])
            if steps:
                since = sum(1 for role, _ in turns[index + 1 :] if role == "assistant")
                return self._so_often(steps[min(since, len(steps) - 1)])
        return {"text": "ok"}

    def _steps(self, text: str) -> Sequence[Step]:
        found = _DIRECTIVE.findall(text)
        if found:
            steps: Sequence[Step] = json.loads(found[-1])
            return steps
        return next((steps for pattern, steps in self.rules if re.search(pattern, text)), ())

    def _so_often(self, step: Step) -> Step:
        key = json.dumps(step, sort_keys=True)
        self._refused[key] += 1
        over = "times" in step and self._refused[key] > step["times"]
        return {name: value for name, value in step.items() if name not in TROUBLES} if over else step


def _is_title(body: Mapping[str, Any]) -> bool:
    """Agents ask for a title of the session beside the work; they offer no tools then, and ask for no form."""
    return not (body.get("tools") or body.get("response_format"))


def _handler(stub: StubModel) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Stay silent; `requests` has it all."""

        def do_HEAD(self) -> None:
            self._send(200, {})

        def do_GET(self) -> None:
            self._send(200, {"object": "list", "data": [{"id": "stub-1", "object": "model"}], "models": []})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
            path = self.path.partition("?")[0]
            dialect = next((spoken for end, spoken in DIALECTS.items() if path.endswith(end)), None)
            if dialect is None:
                self._send(404, {"error": {"message": f"nothing here: {path}"}})
                return
            stub.requests.append(body)
            turns = dialect.turns(body)
            step = {"text": "A title"} if _is_title(body) else stub.choose(turns)
            try:
                self._answer(dialect, step, len(turns), body)
            except ConnectionError:
                self.close_connection = True  # the agent was killed: that is what some tests are about

        def _answer(self, dialect: Dialect, step: Step, turn: int, body: Mapping[str, Any]) -> None:
            if step.get("hang"):
                stub.closing.wait()
                self.close_connection = True
            elif step.get("drip"):
                self._drip()
            elif "status" in step:
                said = step.get("message") or f"stub error {step['status']}"
                self._send(step["status"], dialect.error(step["status"], said), step.get("headers", {}))
            elif body.get("stream"):
                self._stream(dialect.events(step, turn, body.get("model", "stub-1")), step.get("fault", ""))
            else:
                self._send(200, dialect.whole(step, turn, body.get("model", "stub-1")))

        def _send(self, status: int, data: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
            payload = json.dumps(data).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(payload if self.command != "HEAD" else b"")

        def _drip(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(1 << 20))
            self.end_headers()
            while not stub.closing.wait(0.02):
                self.wfile.write(b" ")
            self.close_connection = True

        def _stream(self, events: Any, fault: str) -> None:
            self.close_connection = True
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            for name, data in events:
                written = data if isinstance(data, str) else json.dumps(data)
                self.wfile.write((f"event: {name}\n" if name else "").encode() + f"data: {written}\n\n".encode())
                self.wfile.flush()
                if fault == "malformed":
                    self.wfile.write(b'data: {"choices": [{"delta": \n\n')
                elif fault == "slow":
                    stub.closing.wait(SLOW)
                elif fault:
                    stub.closing.wait(None if fault == "stall" else 0)
                    return

    return Handler
