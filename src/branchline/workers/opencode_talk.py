"""One prompt in one session of an OpenCode server, followed to its end by events, with polls as the safety net."""

import json
import queue
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from branchline.errors import NotFoundError, RemoteError
from branchline.opencode_api import Client
from branchline.opencode_api.rows import Session, Waiting, dig, permission, question, records, tidy
from branchline.workers import opencode_config
from branchline.workers.driving import FREE, LOOK, Desk

POLL: Final = 2.0
"""Seconds in which a stream of events must be open; so long may an error still come after the end of a turn."""
QUIET: Final = 5
"""So many times as long a session may be silent before the server is asked: on a stream that lives asking finds nothing new."""
PATIENCE: Final = 30.0
"""Seconds in which a server that does not answer may come back."""
TRIES: Final = 4
"""After so many tries the provider is called down; after half of them where it limits the rate."""
REFUSED: Final = "This is not allowed to this task, and nobody can be asked. "
REJECTED: Final = "A person was asked and has refused this. "
_GO_ON: Final = "Go on without it; if you cannot, end with the status blocked and say why."
_LIMIT: Final = ("rate limit", "too many requests", "429", "quota", "usage limit")
_ROWS: Final = 200


class Talk:
    """`tell` takes events in the form of `opencode run`, `desk` knows what a person decides.

    `named` says that the session's id needs its server's name.
    """

    def __init__(
        self,
        client: Client,
        job: Mapping[str, Any],
        tell: Callable[[Mapping[str, Any]], None],
        desk: Desk,
        named: bool = False,
        poll: float = POLL,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._job = job
        self._out = tell
        self._desk = desk
        self._pace = poll
        self._clock = clock
        self._prefix = f"{client.name}/" if named else ""
        self._queue: queue.Queue[Mapping[str, Any]] = queue.Queue()
        self._closing = threading.Event()
        self._session: Session | None = None
        self._family: set[str] = set()
        self._strangers: set[str] = set()
        self._answers: set[str] = set()
        self._told: set[str] = set()
        self._texts: dict[str, Mapping[str, Any]] = {}
        self._mark = ""
        self._open: dict[int, Waiting] = {}
        self._heard = clock()
        self._rest_since: float | None = None
        self._lost_since: float | None = None
        self._failed = False
        self._over = False

    def play(self, prompt: str) -> bool:
        """Hand over the prompt and follow it to its end; says whether it ended without an error of its own.

        Raises NotFoundError for a session that is gone and RemoteError for a server that does not answer.
        """
        session = self._begin()
        if not self._knows_model():
            return False
        threading.Thread(target=self._listen, args=(session.directory,), daemon=True).start()
        self._hear(POLL)  # the first event says that nothing will be missed
        if self._job["session"]:
            self._mark = next((each.id for each in self._client.messages(session, 1)), "")
        self._client.prompt(session, prompt, *(str(self._job[name]) for name in ("model", "agent", "variant")))
        try:
            while not self._over:
                self._step()
        finally:
            self._closing.set()
        return not self._failed

    def stop(self) -> None:
        """End the session's work, its tools too."""
        self._over = True
        self._closing.set()
        if self._session:
            self._client.abort(self._session)

    def _begin(self) -> Session:
        """The session to go on with, or a new one; one that an earlier attempt left running is stopped."""
        where = str(self._job["worktree"])
        if not (self._client.is_worktree(where) or self._client.is_directory(where)):
            raise RemoteError(f"{self._client.name} cannot see the worktree {where}: it must share this machine's disk")
        earlier = set(self._job["earlier"])
        for name in earlier.intersection(self._client.statuses(where) if earlier else ()):
            self._client.abort(Session(name, where))
        told, reads = self._job.get("rules") or {}, self._job.get("reads") or ()
        rules = opencode_config.rules(bool(self._job["read_only"]), told, reads)
        if self._job["session"]:
            session = self._client.session(str(self._job["session"]))
            if session.directory != tidy(where):  # another task has worked in it
                session = self._client.move(session, where)
            self._client.rule(session, rules)
        else:
            session = self._client.create(where, f"{self._job['run']} {self._job['task']}", rules)
        self._session = session
        self._family.add(session.id)
        self._tell("session")
        return session

    def _knows_model(self) -> bool:
        """A model that the server does not know would end in silence.

        Asked where the prompt will be: there the server reads its providers anyway, elsewhere for this alone.
        """
        model, there = str(self._job["model"]), self._client.models(self._where) if self._job["model"] else []
        if model in there or not model:
            return True
        from difflib import get_close_matches

        near = get_close_matches(model, there, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(there[:5]) or 'none'}"
        self._fail("ModelNotFoundError", f"the server has no model {model}; {hint}")
        return False

    def _listen(self, directory: str) -> None:
        """Put every event into the queue; a stream that breaks off is opened again."""
        while not self._closing.is_set():
            try:
                for event in self._client.events(directory):
                    self._queue.put(event)
            except RemoteError:
                self._queue.put({})  # a poll sees what is missed, and whether the server is gone
            self._closing.wait(0.5)

    def _hear(self, seconds: float) -> Mapping[str, Any] | None:
        try:
            return self._queue.get(timeout=seconds)
        except queue.Empty:
            return None

    def _step(self) -> None:
        pace = self._pace * QUIET if self._rest_since is None else self._pace / 10
        left = max(0.0, self._heard + pace - self._clock())
        event = self._hear(min(LOOK, left) if self._open else left)
        now = self._clock()
        try:
            self._pass_on()
            if event:
                self._take(event)
            elif event is not None or now - self._heard >= pace:
                self._poll()
            self._lost_since = None
        except RemoteError:
            self._lost_since = now if self._lost_since is None else self._lost_since
            if now - self._lost_since > PATIENCE:
                raise

    def _take(self, event: Mapping[str, Any]) -> None:
        """Take in one event; those of sessions that are not of this family are passed over."""
        if event.get("type") == "server.connected":  # the stream was opened anew, and may have missed something
            self._poll()
        told = dig(event, "properties", kind=dict)
        info = dig(told, "info", kind=dict)
        if dig(info, "parentID", kind=str) in self._family and dig(info, "id", kind=str).startswith("ses_"):
            self._family.add(str(info["id"]))
        name = dig(told, "sessionID", kind=str)
        asks = str(event.get("type")).endswith(".asked")
        if name not in self._family and not (asks and self._is_child(name)):
            return
        self._heard = self._clock()
        match event.get("type"):
            case "permission.asked":
                self._decide(permission(told, self._where))
            case "permission.replied":
                self._forget(dig(told, "requestID", kind=str))
            case "question.asked":
                self._ask(question(told, self._where))
            case "message.part.updated":
                self._take_part(dig(told, "part", kind=dict), name)
            case "message.updated" if dig(info, "role", kind=str) == "assistant":
                self._answers.add(dig(info, "id", kind=str))
            case "session.error" if name == self._id:
                self._take_error(told.get("error"))
            case "session.status" if name == self._id:
                self._take_status(dig(told, "status", kind=dict))
            case "session.idle" if name == self._id:
                self._rest()

    def _is_child(self, name: str) -> bool:
        """Ask whose child a session is whose beginning was not seen: left without an answer it would stop its parent."""
        if name not in self._strangers and name not in self._family:
            try:
                parent = self._client.session(name).parent
            except NotFoundError:  # it has gone meanwhile
                parent = ""
            (self._family if parent in self._family else self._strangers).add(name)
        return name in self._family

    @property
    def _id(self) -> str:
        return self._session.id if self._session else ""

    @property
    def _where(self) -> str:
        return self._session.directory if self._session else ""

    def _take_status(self, status: Mapping[str, Any]) -> None:
        kind, attempt = status.get("type"), dig(status, "attempt", kind=int)
        if kind == "busy":
            self._rest_since = None
        said = dig(status, "message", kind=str) or "the provider does not answer"
        limited = any(word in said.lower() for word in _LIMIT)
        if kind == "retry" and attempt >= (TRIES // 2 if limited else TRIES):
            after = max(0.0, dig(status, "next", kind=int) / 1000 - time.time())
            data = {"statusCode": 429 if limited else 503, "responseHeaders": {"retry-after": str(int(after))}}
            self._fail("APIError", f"{said} (tried {attempt} times)", **data)
            self.stop()

    def _take_error(self, error: Any) -> None:
        said = dig(error, "data", "message", kind=str) or "an error without words"
        self._fail(dig(error, "name", kind=str) or "UnknownError", said, **dig(error, "data", kind=dict))

    def _take_part(self, part: Mapping[str, Any], session: str) -> None:
        """Print what a part of an answer says, once, when it is whole; of a child session only what it used."""
        name, kind = dig(part, "id", kind=str), part.get("type")
        if kind == "step-finish" and session != self._id:
            self._once(name, "usage", part)
        if session != self._id or dig(part, "messageID", kind=str) not in self._answers:
            return
        if kind == "text":
            self._texts[name] = part
        elif kind == "step-start":
            self._once(name, "step_start", part)
        elif kind == "tool" and dig(part, "state", "status", kind=str) in ("completed", "error"):
            self._once(name, "tool_use", part)
        elif kind == "step-finish":
            self._flush()
            self._once(name, "step_finish", part)

    def _flush(self) -> None:
        for name, part in self._texts.items():
            self._once(name, "text", part)
        self._texts.clear()

    def _once(self, name: str, kind: str, part: Mapping[str, Any]) -> None:
        if name not in self._told:
            self._told.add(name)
            self._tell(kind, part=part)

    def _poll(self) -> None:
        """Ask what no event may have told: what waits for an answer, and whether the session has come to rest."""
        if not self._session:
            return
        self._heard = self._clock()
        status = self._client.statuses(self._where).get(self._id)
        if status and status.state != "idle":
            self._rest_since = None
            for waits in self._client.permissions(self._where):
                if self._is_child(waits.session):
                    self._decide(waits)
            for waits in self._client.questions(self._where):
                if self._is_child(waits.session) and not self._over:
                    self._ask(waits)
        else:
            self._rest()

    def _rest(self) -> None:
        """The session has come to rest: nothing more is said, but for an error."""
        now = self._clock()
        self._rest_since = now if self._rest_since is None else self._rest_since
        self._finish(settled=now - self._rest_since >= self._pace)

    def _finish(self, *, settled: bool) -> None:
        """Read the answer as it is kept; over when it is whole, or when nothing has been added for a while."""
        if not self._session:
            return
        rows = self._client.transcript(self._session, _ROWS)
        ids = [dig(row, "info", "id", kind=str) for row in rows]
        new = rows[ids.index(self._mark) + 1 :] if self._mark in ids else rows
        answers = [row for row in new if dig(row, "info", "role", kind=str) == "assistant"]
        last = dig(answers[-1], "info", kind=dict) if answers else {}
        whole = bool(last.get("error") or last.get("finish") or dig(last, "time", "completed", kind=int))
        if not (whole or settled or self._failed):
            return
        for row in answers:
            self._answers.add(dig(row, "info", "id", kind=str))
            for part in records(row.get("parts")):
                self._take_part(part, self._id)
        self._flush()
        if last.get("error") and not self._failed:
            self._take_error(last["error"])
        self._over = True

    def _decide(self, waits: Waiting) -> None:
        """Answer a request for leave by the role, or put it to a person where the role says so."""
        if waits.id in self._told:
            return
        said = opencode_config.rule(waits.kind, bool(self._job["read_only"]), self._job.get("rules") or {})
        if said == "ask":
            self._open[self._desk.ask(f"{waits.kind}: {waits.text}")] = waits
            self._told.add(waits.id)
        else:
            self._reply(waits, "once" if said == "allow" else "reject", REFUSED)

    def _pass_on(self) -> None:
        """Give a session what a person has answered meanwhile."""
        for number, waits in list(self._open.items()):
            if answer := self._desk.answer(number):
                self._reply(waits, answer if answer in FREE else "reject", REJECTED)
                del self._open[number]

    def _forget(self, request: str) -> None:
        """Wait no more for what somebody has answered at the server itself."""
        self._open = {number: waits for number, waits in self._open.items() if waits.id != request}

    def _reply(self, waits: Waiting, reply: str, why: str) -> None:
        allowed = reply in FREE
        with suppress(NotFoundError):  # somebody was faster
            self._client.reply(waits, reply, "" if allowed else f"{why}{_GO_ON}")
        self._told.add(waits.id)
        self._tell("permission", allowed=allowed, kind=waits.kind, title=waits.text)

    def _ask(self, waits: Waiting) -> None:
        """A question ends the attempt as blocked, in the form in which agents are asked to end; the session waits."""
        options = [option for _, several in waits.questions for option in several]
        asked = {"status": "blocked", "kind": "question", "text": waits.text or "It asks without words."}
        block = json.dumps({**asked, "options": options[:20]}, ensure_ascii=False)
        self._tell("step_start")
        self._tell("text", part={"messageID": waits.id, "text": f"```branchline\n{block}\n```"})
        self._tell("step_finish", part={"reason": "stop"})
        self.stop()

    def _fail(self, name: str, said: str, **data: Any) -> None:
        if not self._failed:
            self._failed = True
            self._tell("error", error={"name": name, "data": {**data, "message": said}})

    def _tell(self, event: str, **more: Any) -> None:
        self._out({"type": event, "sessionID": f"{self._prefix}{self._id}", **more})
