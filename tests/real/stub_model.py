"""A model on loopback that says what a test tells it to: OpenAI chat completions, streamed or not.

What it says is decided from the conversation alone, so that one server serves any number of sessions at once:

1. the newest user message that holds `@@STUB [step, ...] @@` (JSON) decides;
2. else the first of `rules` whose regular expression is found in the newest user message;
3. else the answer is `ok`.

The step taken is the one numbered by the assistant's turns since that message; the last step repeats. A step is an
object: `text` (what it says), `tools` (a list of [name, arguments]; names as the agent offers them), `status` (answer
with that HTTP status instead), `finish` (the finish reason), `usage` ([input, output] tokens).
"""

import json
import re
import threading
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Step = Mapping[str, Any]
_DIRECTIVE = re.compile(r"@@STUB\s+(.*?)\s*@@", re.S)


def directive(*steps: Step) -> str:
    """Write steps as a text to put in a prompt."""
    return f"@@STUB {json.dumps(steps)} @@"


class StubModel:
    """The server, a context manager; `rules` are pairs of regular expression and steps, `requests` what it was sent."""

    def __init__(self, rules: Sequence[tuple[str, Sequence[Step]]] = ()) -> None:
        self.rules = rules
        self.requests: list[dict[str, Any]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        """The base URL of the API."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> "StubModel":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

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

    def choose(self, body: Mapping[str, Any]) -> Step:
        """Choose the step for a conversation."""
        messages = [
            message for message in body.get("messages", []) if message.get("role") not in {"system", "developer"}
        ]
        for index in range(len(messages) - 1, -1, -1):
            if messages[index].get("role") != "user":
                continue
            steps = self._steps(_flat(messages[index].get("content")))
            if steps:
                turns = sum(1 for message in messages[index + 1 :] if message.get("role") == "assistant")
                return steps[min(turns, len(steps) - 1)]
        return {"text": "ok"}

    def _steps(self, text: str) -> Sequence[Step]:
        found = _DIRECTIVE.findall(text)
        if found:
            steps: Sequence[Step] = json.loads(found[-1])
            return steps
        return next((steps for pattern, steps in self.rules if re.search(pattern, text)), ())


def _flat(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(part.get("text", "") for part in content or () if isinstance(part, dict))


def _is_title(body: Mapping[str, Any]) -> bool:
    """Agents ask for a title of the session beside the work; they offer no tools then."""
    return not body.get("tools")


def _message(step: Step, turn: int) -> dict[str, Any]:
    calls = [
        {
            "index": index,
            "id": f"call_{turn}_{index}",
            "type": "function",
            "function": {"name": name, "arguments": json.dumps(arguments)},
        }
        for index, (name, arguments) in enumerate(step.get("tools", ()))
    ]
    message: dict[str, Any] = {"role": "assistant", "content": step.get("text") or ("" if not calls else None)}
    return {**message, "tool_calls": calls} if calls else message


def _handler(stub: StubModel) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Stay silent; `requests` has it all."""

        def do_GET(self) -> None:
            self._send(200, {"object": "list", "data": [{"id": "stub-1", "object": "model"}]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
            stub.requests.append(body)
            step = {"text": "A title"} if _is_title(body) else stub.choose(body)
            if "status" in step:
                self._send(step["status"], {"error": {"message": f"stub error {step['status']}", "type": "stub"}})
                return
            message = _message(step, len(body.get("messages", [])))
            finish = step.get("finish") or ("tool_calls" if "tool_calls" in message else "stop")
            given, made = step.get("usage", (100, 20))
            usage = {"prompt_tokens": given, "completion_tokens": made, "total_tokens": given + made}
            if body.get("stream"):
                self._stream(message, finish, usage)
            else:
                choice = {"index": 0, "message": message, "finish_reason": finish}
                self._send(200, {"id": "c", "object": "chat.completion", "choices": [choice], "usage": usage})

        def _send(self, status: int, data: Mapping[str, Any]) -> None:
            payload = json.dumps(data).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def _stream(self, message: dict[str, Any], finish: str, usage: Mapping[str, int]) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            for delta, reason in ((message, None), ({}, finish)):
                self._chunk({"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})
            self._chunk({"choices": [], "usage": usage})
            self.wfile.write(b"data: [DONE]\n\n")
            self.wfile.flush()
            self.close_connection = True

        def _chunk(self, data: Mapping[str, Any]) -> None:
            head = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "stub-1"}
            self.wfile.write(b"data: " + json.dumps({**head, **data}).encode() + b"\n\n")
            self.wfile.flush()

    return Handler
