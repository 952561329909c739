"""The process that talks with an agent over the Agent Client Protocol: JSON-RPC, one message a line, on its pipes.

`python -m branchline.workers.acp_driver ATTEMPT_FOLDER PROGRAM ARGUMENT...`. It plays one prompt and prints what happens
as events: `session`, `update` (as the agent sent it), `permission`, `stop` and `error`. It decides every permission by
the role and nothing else, for nobody sits at the terminal.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from branchline import proc
from branchline.errors import BranchlineError
from branchline.files import write_new
from branchline.workers import SPEC, stream
from branchline.workers.driving import FREE, LOOK, READING, Desk, rule, tell

VERSION: Final = 1
MAX_LINE: Final = 16 * 1024 * 1024
_UNKNOWN: Final = -32601
_PATHS: Final = ("path", "filePath", "file_path", "filepath", "parentDir")
_CAPABILITIES: Final = {"fs": {"readTextFile": False, "writeTextFile": False}, "terminal": False}


class RefusedError(Exception):
    """The agent answered a request with an error; `error` is what it said."""

    def __init__(self, method: str, error: Mapping[str, Any]) -> None:
        super().__init__(method)
        self.method = method
        self.error = error


class Client:
    """One conversation; `tell` takes the events, `ask` puts a question to a person and waits: once, always or reject."""

    def __init__(
        self,
        line: proc.Dialogue,
        job: Mapping[str, Any],
        tell: Callable[[Mapping[str, Any]], None],
        ask: Callable[[str], str] = lambda _: "reject",
    ) -> None:
        self._line = line
        self._job = job
        self._tell = tell
        self._ask = ask
        self._number = 0
        self._loading = False

    def play(self, prompt: str) -> None:
        """Open a session, or the one to go on with, and wait for the end of one prompt; raises RefusedError."""
        able = self._call("initialize", protocolVersion=VERSION, clientCapabilities=_CAPABILITIES)
        loads = bool(stream.mapping(able.get("agentCapabilities")).get("loadSession"))
        session = self._open(loads)
        if self._job["model"]:
            self._call("session/set_model", sessionId=session, modelId=self._job["model"])
        if self._job["agent"]:
            self._call("session/set_mode", sessionId=session, modeId=self._job["agent"])
        done = self._call("session/prompt", sessionId=session, prompt=[{"type": "text", "text": prompt}])
        self._tell({"type": "stop", "stopReason": done.get("stopReason"), "usage": done.get("usage")})

    def _open(self, loads: bool) -> str:
        where = {"cwd": self._job["worktree"], "mcpServers": []}
        session = str(self._job["session"])
        if session and not loads:
            raise RefusedError("session/load", {"message": "this agent cannot go on with a session"})
        if session:
            self._loading = True  # what was said before is told again, and is no news
            self._call("session/load", sessionId=session, **where)
            self._loading = False
        else:
            session = stream.text(self._call("session/new", **where).get("sessionId"))
        if loads:
            self._tell({"type": "session", "sessionId": session})
        return session

    def _call(self, method: str, **params: Any) -> Mapping[str, Any]:
        self._number += 1
        self._send({"id": self._number, "method": method, "params": params})
        while True:
            message = self._receive()
            if "method" in message:
                self._serve(message)
            elif message.get("id") == self._number and "error" in message:
                raise RefusedError(method, stream.mapping(message["error"]))
            elif message.get("id") == self._number:
                return stream.mapping(message.get("result"))

    def _send(self, message: Mapping[str, Any]) -> None:
        self._line.say(json.dumps({"jsonrpc": "2.0", **message}, ensure_ascii=False).encode())

    def _receive(self) -> Mapping[str, Any]:
        while True:
            try:
                found = json.loads(self._line.hear())
            except (ValueError, RecursionError):
                continue  # agents print what they like between the messages
            if isinstance(found, dict):
                return found

    def _serve(self, message: Mapping[str, Any]) -> None:
        """Do what the agent asks for: hear an update, decide a permission, write a file; anything else is not offered."""
        params = stream.mapping(message.get("params"))
        answer: dict[str, Any] = {"result": None}
        match message["method"]:
            case "session/update":
                if not self._loading:
                    self._tell({"type": "update", "update": params.get("update")})
            case "session/request_permission":
                answer = {"result": {"outcome": self._decide(params)}}
            case "fs/write_text_file" if self._may_write(stream.text(params.get("path"))):
                write_new(Path(params["path"]), stream.text(params.get("content")))
            case unknown:
                answer = {"error": {"code": _UNKNOWN, "message": f"{unknown} is not offered, or not allowed here"}}
        if "id" in message:
            self._send({"id": message["id"], **answer})

    def _may_write(self, path: str) -> bool:
        return bool(path) and not self._job["read_only"] and self._inside(path)

    def _inside(self, path: str) -> bool:
        tree = Path(self._job["worktree"]).resolve()
        return (tree / path).resolve().is_relative_to(tree)

    def _decide(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        call = stream.mapping(params.get("toolCall"))
        said = rule(self._job.get("rules") or {}, str(call.get("kind")))
        allowed = self._allows(call) and said != "deny"
        answer = self._ask(_said(call)) if allowed and said == "ask" else "once"
        allowed = allowed and answer in FREE
        self._tell({"type": "permission", "allowed": allowed, "kind": call.get("kind"), "title": call.get("title")})
        wanted = ("allow_once", "allow_always") if allowed else ("reject_once", "reject_always")
        wanted = wanted[::-1] if answer == "always" else wanted
        options = {option.get("kind"): option.get("optionId") for option in stream.items(params.get("options"))}
        chosen = next((options[kind] for kind in wanted if kind in options), None)
        return {"outcome": "cancelled"} if chosen is None else {"outcome": "selected", "optionId": chosen}

    def _allows(self, call: Mapping[str, Any]) -> bool:
        """A role that reads may read; one that writes may do all but touch files outside of its worktree."""
        if self._job["read_only"]:
            return call.get("kind") in READING
        given = stream.mapping(call.get("rawInput"))
        paths = [place.get("path") for place in stream.items(call.get("locations"))] + [given.get(n) for n in _PATHS]
        return all(self._inside(path) for path in paths if isinstance(path, str))


def _said(call: Mapping[str, Any]) -> str:
    """A request for a permission in words: what for, and with what input."""
    given = json.dumps(call.get("rawInput"), ensure_ascii=False) if call.get("rawInput") else ""
    return f"{call.get('kind') or 'tool'}: {call.get('title') or 'without a title'}\n{given}".strip()


def waiting(desk: Desk, sleep: Callable[[float], None]) -> Callable[[str], str]:
    """What puts a question to a person and waits for the answer: the agent says nothing before it has it."""

    def ask(text: str) -> str:
        number = desk.ask(text)
        while not (said := desk.answer(number)):
            sleep(LOOK)
        return said

    return ask


def main(arguments: Sequence[str], env: Mapping[str, str]) -> int:
    """Play the prompt of an attempt; gives the exit status."""
    folder, *argv = arguments
    job = json.loads((Path(folder) / SPEC).read_text(encoding="utf-8"))
    prompt = Path(job["prompt_file"]).read_text(encoding="utf-8")
    kept = {name: value for name, value in env.items() if name != "PYTHONPATH"}
    try:
        with proc.dialogue(argv, cwd=job["worktree"], env=kept, limit=MAX_LINE) as line:
            Client(line, job, tell, waiting(Desk(Path(folder)), time.sleep)).play(prompt)
    except RefusedError as refused:
        tell({"type": "error", "method": refused.method, **refused.error})
        return 1
    except (BranchlineError, OSError) as error:
        tell({"type": "error", "message": f"{argv[0] if argv else 'the agent'}: {error}"})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
