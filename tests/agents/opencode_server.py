"""A server that answers like `opencode serve` 1.18.33, on loopback, with faults on demand and every request counted.

As a module: `with Server() as server: ...`. What a prompt does is `server.play`; what goes wrong is in `server.faults`.
As a program, `opencode_server.py CASE NOTE serve ...`, it plays one case of the adapters; what it was given goes to NOTE.
"""

import base64
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

PAGE = b"<!doctype html><title>OpenCode</title>"


class Server:
    """`faults` is path -> `html`, `text`, `list`, `500`, `drop`, `drip`; `delay` in seconds goes before every answer."""

    def __init__(self, *, delay: float = 0.0, password: str = "", old: bool = False) -> None:
        self.delay, self.password, self.old = delay, password, old
        self.port = 0
        self.sessions: dict[str, dict[str, Any]] = {}
        self.messages: dict[str, list[dict[str, Any]]] = {}
        self.status: dict[str, dict[str, Any]] = {}
        self.waiting: dict[str, dict[str, Any]] = {}
        self.answered: dict[str, Any] = {}
        self.faults: dict[str, str] = {}
        self.seen: Counter[str] = Counter()
        self.bodies: list[tuple[str, str, Any]] = []
        self.models = ["stub-1", "stub-small"]
        self.remembers = False
        self.at_once = False  # a turn is over before its prompt is acknowledged
        self.play: Callable[[Server, str, str], None] = Server.say
        self.lock = threading.RLock()
        self._listeners: list[queue.Queue[Any]] = []
        self._number = 0
        self._http: ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"server_": self})
        self._http = _Listener(("127.0.0.1", self.port), handler)
        self.port = self._http.server_address[1]
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._http
        self._http.shutdown()
        self._http.server_close()
        for listener in self._listeners:
            listener.put(None)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def requests(self) -> int:
        """How many requests it got."""
        return sum(self.seen.values())

    def id(self, head: str) -> str:
        """A new id, the later the greater."""
        with self.lock:
            self._number += 1
            return f"{head}_{self._number:012x}AbCdEfGhIjKlMn"

    def add(self, directory: str, title: str = "", **more: Any) -> str:
        """Start a session; gives its id."""
        name, now = self.id("ses"), int(time.time() * 1000) + self._number
        tokens = {"input": 0, "output": 0, "reasoning": 0, "cache": {"read": 0, "write": 0}}
        row = {"id": name, "slug": "neon-nebula", "projectID": directory, "directory": directory, "path": "", "cost": 0}
        self.sessions[name] = {
            **row, "tokens": tokens, "title": title, "version": "1.18.33", "time": {"created": now, "updated": now}, **more
        }  # fmt: skip
        self.messages[name] = []
        return name

    def ask(self, session: str, *, questions: Any = None, command: str = "date", kind: str = "bash") -> str:
        """Let a session ask for leave to run a command, or the questions; gives the id of the request."""
        row: dict[str, Any] = {"sessionID": session}
        if questions:
            row = {"id": self.id("que"), **row, "questions": questions}
        else:
            row = {"id": self.id("per"), **row, "permission": kind, "patterns": [command]}
            row |= {"metadata": {"command": command}, "always": [f"{command} *"]}
        self.waiting[row["id"]] = row
        self.busy(session)
        self.tell(session, "question.asked" if questions else "permission.asked", **row)
        return str(row["id"])

    def wait_for(self, asked: str) -> None:
        """Come back when a request has its answer."""
        while asked not in self.answered:
            time.sleep(0.005)

    def busy(self, session: str, kind: str = "busy", **more: Any) -> None:
        """Say that a session works."""
        self.status[session] = {"type": kind, **more}
        self.tell(session, "session.status", status=self.status[session])

    def idle(self, session: str) -> None:
        """Say that a session is done."""
        self.status.pop(session, None)
        self.tell(session, "session.status", status={"type": "idle"})
        self.tell(session, "session.idle")

    def message(self, session: str, role: str, *parts: Mapping[str, Any], **info: Any) -> str:
        """Add a message; gives its id."""
        name, now = self.id("msg"), int(time.time() * 1000)
        row = {"id": name, "sessionID": session, "role": role, "time": {"created": now}, **info}
        kept = [{"id": self.id("prt"), "sessionID": session, "messageID": name, **part} for part in parts]
        self.messages[session].append({"info": row, "parts": kept})
        self.sessions[session]["time"]["updated"] = now + self._number
        self.tell(session, "message.updated", info=row)
        for part in kept:
            self.tell(session, "message.part.updated", part=part)
        return name

    def say(self, session: str, text: str) -> None:
        """What a prompt does unless told otherwise: the model answers at once."""
        self.answer(session, f"I did: {text}")

    def answer(self, session: str, text: str, *tools: Mapping[str, Any], finish: str = "stop", **info: Any) -> None:
        """One answer of the model, with its usage; the session is idle then."""
        tokens = {"input": 100, "output": 20, "reasoning": 0, "cache": {"read": 0, "write": 0}}
        step = {"type": "step-finish", "reason": finish, "cost": 0.25, "tokens": {"total": 120, **tokens}}
        said = [{"type": "text", "text": text}] if text else []
        model = {"providerID": "stub", "modelID": "stub-1"}
        self.sessions[session]["tokens"]["output"] += 20
        self.sessions[session]["model"] = {"id": "stub-1", "providerID": "stub"}
        parts = [{"type": "step-start"}, *tools, *said, step]
        self.message(session, "assistant", *parts, finish=finish, cost=0.25, tokens=tokens, **model, **info)
        if finish != "tool-calls":
            self.idle(session)

    def fail(self, session: str, name: str, message: str, **data: Any) -> None:
        """End a turn with an error, which is told by an event and never kept."""
        self.message(session, "assistant", modelID="stub-1", providerID="stub")
        self.tell(session, "session.error", error={"name": name, "data": {"message": message, **data}})
        self.idle(session)

    def tell(self, session: str, kind: str, **properties: Any) -> None:
        """Send an event to whoever listens in the session's directory."""
        event = {"id": self.id("evt"), "type": kind, "properties": {"sessionID": session, **properties}}
        for listener in self._listeners:
            listener.put((self.sessions[session]["directory"], event))

    def listen(self) -> "queue.Queue[Any]":
        """A new listener."""
        found: queue.Queue[Any] = queue.Queue()
        self._listeners.append(found)
        return found

    def garble(self, session: str) -> None:
        """Send what is no event."""
        for listener in self._listeners:
            listener.put((self.sessions[session]["directory"], None))

    def drop_listeners(self) -> None:
        """Break off every stream of events."""
        for listener in self._listeners:
            listener.put(None)
        self._listeners.clear()

    def of(self, directory: str) -> list[dict[str, Any]]:
        """The sessions of a directory, the newest first."""
        found = [row for row in self.sessions.values() if directory in ("", row["directory"])]
        return sorted(found, key=lambda row: -row["time"]["updated"])

    def reply(self, method: str, path: str, directory: str, query: Mapping[str, str], body: Any) -> tuple[int, Any]:
        """Status and JSON of one request; None is a path it does not know."""
        words = path.strip("/").split("/")
        if path == "/experimental/session" and not self.old:
            return 200, self.of("")[: int(query.get("limit", 100))]
        if words[0] == "session":
            return self._session(method, words[1:], directory, query, body)
        if words[0] in ("permission", "question"):
            return self._waiting(words, directory, body)
        if path == "/experimental/control-plane/move-session":
            self.sessions[body["sessionID"]]["directory"] = body["destination"]["directory"]
            return 204, None
        if path == "/file":
            if Path(directory).is_dir():
                return 200, []
            return 500, {"name": "UnknownError", "data": {"message": "Unexpected server error.", "ref": "err_1"}}
        providers = [{"id": "stub", "models": {name: {"id": name} for name in self.models}}]
        if "large" in self.models:
            providers.append({"id": "acme", "models": {"large": {"id": "large"}}})
        place = Path(directory or "/srv")
        root = next((str(each) for each in (place, *place.parents) if (each / ".git").exists()), "/")
        return 200, {
            "/global/health": {"healthy": True, "version": "1.18.33"},
            "/path": {"directory": directory or "/srv", "worktree": root},
            "/project": [{"id": place, "worktree": place} for place in {row["directory"] for row in self.of("")}],
            "/config/providers": {"providers": providers, "default": {}},
            "/provider": {"all": [*providers, {"id": "other", "models": {"large": {}}}], "connected": ["stub"]},
        }.get(path)

    def _session(
        self, method: str, words: list[str], directory: str, query: Mapping[str, str], body: Any
    ) -> tuple[int, Any]:
        if not words:
            if method == "GET":
                return 200, self.of(directory)
            return 200, self.sessions[self.add(directory or "/srv", **(body or {}))]
        if words == ["status"]:
            return 200, {name: row for name, row in self.status.items() if self._in(name, directory)}
        name, verb = words[0], words[1] if len(words) > 1 else ""
        if verb == "abort":
            if name in self.sessions:
                self.fail(name, "MessageAbortedError", "Aborted")
            return 200, True
        if self.remembers and name not in self.sessions:
            self.sessions[name] = {**self.sessions[self.add(directory)], "id": name}
            self.messages[name] = []
        if name not in self.sessions:
            return 404, {"name": "NotFoundError", "data": {"message": f"Session not found: {name}"}}
        if verb == "message":
            rows = self.messages[name]
            return 200, rows[-int(query["limit"]) :] if "limit" in query else rows
        if verb == "prompt_async":
            return self._prompt(name, body)
        if verb == "shell":
            command = ["bash", "-c", "eval " + json.dumps(body["command"])]  # twice, as the real one does
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            return 200, {"parts": [{"type": "tool", "state": {"output": done.stdout + done.stderr}}]}
        if method == "PATCH":
            self.sessions[name] |= body
        if method == "DELETE":
            del self.sessions[name]
            return 200, True
        return 200, self.sessions[name]

    def _prompt(self, name: str, body: Any) -> tuple[int, Any]:
        if "parts" not in body:
            return 400, {"name": "BadRequest", "data": {"message": 'Missing key\n  at ["parts"]'}}
        text, model = body["parts"][0]["text"], body.get("model", {}).get("modelID", self.models[0])
        if self.faults.get("prompt") == "lost":
            return 204, None
        self.message(name, "user", {"type": "text", "text": text})
        if model in self.models:  # an unknown one is no error: the session is idle, and nothing was said
            self.busy(name)
            if self.at_once:
                self.play(self, name, text)
            else:
                threading.Thread(target=self.play, args=(self, name, text), daemon=True).start()
        else:
            self.idle(name)
        return 204, None

    def _waiting(self, words: list[str], directory: str, body: Any) -> tuple[int, Any]:
        head = {"permission": "per", "question": "que"}[words[0]]
        mine = {name: row for name, row in self.waiting.items() if self._in(row["sessionID"], directory)}
        if len(words) == 1:
            return 200, [row for name, row in mine.items() if name.startswith(head)]
        if words[1] not in mine:
            return 404, {"name": "NotFoundError", "data": {"message": f"Request not found: {words[1]}"}}
        row = self.waiting.pop(words[1])
        self.answered[words[1]] = {"verb": words[2], **(body or {})}
        self.tell(row["sessionID"], f"{words[0]}.replied", requestID=words[1])
        return 200, True

    def _in(self, session: str, directory: str) -> bool:
        return bool(self.sessions[session]["directory"] == (directory or "/srv"))


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class _Handler(BaseHTTPRequestHandler):
    server_: Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""

    def handle_one_request(self) -> None:
        """A client that goes away in the middle is no fault of the server's."""
        try:
            super().handle_one_request()
        except (ConnectionError, BrokenPipeError):
            self.close_connection = True

    def do_GET(self) -> None:
        """Answer."""
        state, parts = self.server_, urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        directory = query.get("directory") or self.headers.get("x-opencode-directory") or ""
        path = parts.path
        with state.lock:
            state.seen[path if not path.startswith("/session/ses_") else f"/session/*/{path.split('/')[-1]}"] += 1
            state.bodies.append((path, directory, json.loads(body) if body else None))
        fault = state.faults.get(path, "")
        wanted = base64.b64encode(f"opencode:{state.password}".encode()).decode()
        time.sleep(state.delay)
        if state.password and self.headers.get("authorization") != f"Basic {wanted}":
            self._send(401, b"", "")
        elif fault == "drop":
            self.close_connection = True
            self.connection.close()
        elif fault == "drip":
            self._send(200, b" " * 30, "application/json", drip=0.1)
        elif fault == "html":
            self._send(200, PAGE, "text/html;charset=UTF-8")
        elif fault in ("text", "list"):
            self._send(
                200, b"hello" if fault == "text" else b"[1]", "text/plain" if fault == "text" else "application/json"
            )
        elif fault == "500":
            said = {"name": "UnknownError", "data": {"message": "Unexpected server error.", "ref": "err_594f2c68"}}
            self._send(500, json.dumps(said).encode(), "application/json")
        elif path == "/event":
            self._stream(directory)
        else:
            with state.lock:
                status, found = state.reply(self.command, path, directory, query, json.loads(body) if body else None)
            if found is None and status == 200:
                self._send(200, PAGE, "text/html;charset=UTF-8")
            else:
                self._send(status, b"" if found is None else json.dumps(found).encode(), "application/json")

    do_POST = do_DELETE = do_PATCH = do_GET  # noqa: N815 - the names http.server calls

    def _send(self, status: int, data: bytes, kind: str, drip: float = 0.0) -> None:
        self.send_response_only(status)
        if kind and data:
            self.send_header("content-type", kind)
        if status != 204:
            self.send_header("content-length", str(len(data)))
        self.end_headers_with(b"" if drip else data)
        for byte in data if drip else b"":
            time.sleep(drip)
            self.wfile.write(bytes([byte]))

    def end_headers_with(self, data: bytes) -> None:
        """One write for all: two would wait for each other in the kernel."""
        self._headers_buffer += [b"\r\n", data]  # type: ignore[attr-defined]
        self.flush_headers()

    def _stream(self, directory: str) -> None:
        listener = self.server_.listen()
        self.close_connection = True
        self.send_response_only(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers_with(b'data: {"type": "server.connected", "properties": {}}\n\n')
        while (told := listener.get()) is not None:
            if told[0] == directory:
                data = json.dumps(told[1]).encode() if told[1] else b'{"type": "message.part.upd'
                self.wfile.write(b"data: " + data + b"\n\n")


ASK = {"status": "blocked", "kind": "credential", "text": "which key?", "options": ["a", "b"], "default": "a"}


def use(path: str, **state: Any) -> dict[str, Any]:
    """A tool call that is over."""
    told = {"status": "completed", "input": {"filePath": path, "content": "a"}, **state}
    return {"type": "tool", "tool": "write", "callID": "call_1", "state": told}


def case(name: str, note: Path) -> Callable[[Server, str, str], None]:
    """What a prompt does in a case of the adapters."""

    def play(server: Server, session: str, text: str) -> None:
        sent = next(body for path, _, body in reversed(server.bodies) if path.endswith("prompt_async"))
        model = sent.get("model", {})
        argv = [f"{model.get('providerID')}/{model.get('modelID')}", sent.get("variant", ""), session]
        got = {"prompt": text, "cwd": server.sessions[session]["directory"], "env": dict(os.environ), "argv": argv}
        note.write_text(json.dumps(got), encoding="utf-8")
        status = int(name.partition("-")[2]) if name.startswith("error-") else 0
        if name in ("success", "bare-tool", "hang"):
            server.answer(
                session, "", use("a.txt", **({} if name == "bare-tool" else {"output": "ok"})), finish="tool-calls"
            )
            if name != "hang":
                server.answer(session, "I wrote it.")
        elif status:
            server.fail(session, "APIError", f"stub error {status}", statusCode=status, isRetryable=False)
        elif name == "unreachable":
            server.fail(session, "UnknownError", "Cannot connect to API: connect ECONNREFUSED")
        elif name == "leave":
            server.wait_for(server.ask(session, command="touch a.txt"))
            server.answer(session, "I wrote it.")
        elif name == "denied":
            asked = server.ask(session, kind="external_directory", command="/outside.txt")
            server.wait_for(asked)
            error = f"The user rejected permission to use this specific tool call with the following feedback: {asked}"
            server.answer(session, "", use("/outside.txt", status="error", error=error), finish="tool-calls")
            server.idle(session)
        else:
            said = {
                "question": f"I looked.\n\n```branchline\n{json.dumps(ASK)}\n```",
                "resume": "I went on.",
                "empty": "",
            }
            ends = {"truncated": "length", "refusal": "content-filter"}
            server.answer(session, said.get(name, "half of"), finish=ends.get(name, "stop"))

    return play


if __name__ == "__main__":
    with Server(password=os.environ["OPENCODE_SERVER_PASSWORD"]) as started:
        started.models += ["large"]
        started.remembers = sys.argv[1] == "resume"
        started.play = case(sys.argv[1], Path(sys.argv[2]))
        print(f"opencode server listening on {started.url}", flush=True)
        threading.Event().wait()
