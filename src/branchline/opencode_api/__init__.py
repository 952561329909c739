"""typed client of the OpenCode HTTP API

What was measured on OpenCode 1.18 and is met here: a path the server does not know answers 200 with a page of HTML; what
belongs to a session is found only with the directory of its project; `abort` says true for any id; a password is asked
for everything, or for nothing; a request sent while the server starts can hang for ever.
"""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final, Self, TypeVar
from urllib.parse import quote, urlencode

from branchline.errors import BranchlineError, NotFoundError, RemoteError
from branchline.opencode_api import rows
from branchline.opencode_api.rows import Message, Session, Status, Waiting, dig, records, tidy
from branchline.opencode_api.wire import FAULTS, Answer, Wire

TIMEOUT: Final = 20.0
SILENCE: Final = 60.0
"""Seconds without an event, or a heartbeat between them, after which a stream of events is taken for dead."""
WHOLE: Final = 3
"""In so many time-outs the whole of an answer must be there: a server may send a byte now and then."""
LIMIT: Final = 64 * 1024 * 1024
PAGE: Final = 1000
T = TypeVar("T")
ALLOW_ALL: Final = [{"permission": "*", "pattern": "*", "action": "allow"}]


class Client:
    """One OpenCode server; every call raises RemoteError naming it when it does not answer, or not as it should.

    `requests` counts what was sent. A client may be used from several threads.
    """

    def __init__(self, name: str, url: str, auth: tuple[str, str] | None = None, timeout: float = TIMEOUT) -> None:
        self.name = name
        self.url = url.rstrip("/")
        self.requests = 0
        self._counting = threading.Lock()
        self._whole = WHOLE * timeout
        try:
            self._wire = Wire(self.url, auth, timeout)
        except ValueError as error:
            raise self._fault(str(error)) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._wire.close()

    def health(self) -> str:
        """Give the version of the server."""
        return dig(self._get("/global/health", dict), "version", kind=str)

    def home(self) -> str:
        """Give the directory the server was started in."""
        return dig(self._get("/path", dict), "directory", kind=str)

    def models(self, directory: str = "", *, every: bool = False) -> list[str]:
        """Name the models that can be used in a directory, or with `every` all that are known there, as `provider/model`."""
        found = self._get("/provider" if every else "/config/providers", dict, directory)
        providers = records(dig(found, "all" if every else "providers", kind=list))
        return sorted(f"{each.get('id')}/{model}" for each in providers for model in dig(each, "models", kind=dict))

    def sessions(self, known: tuple[str, ...] = ()) -> list[Session]:
        """List the sessions of all directories, the newest first; `known` are directories an old server is asked about."""
        found: list[Session] = []
        cursor = ""
        try:
            while True:
                query = {"limit": str(PAGE), **({"cursor": cursor} if cursor else {})}
                page, headers = self._ask("GET", "/experimental/session", query=query)
                found += map(rows.session, records(self._must(page, list, "/experimental/session")))
                cursor = headers.get("x-next-cursor", "")
                if not cursor or len(page) < PAGE:
                    return found
        except (NotFoundError, RemoteError) as error:
            _must_be_unknown(error)
        places = dict.fromkeys(["", *self.directories(), *map(tidy, known)])  # an older server: one directory at a time
        found = [rows.session(row) for place in places for row in records(self._get("/session", list, place))]
        return sorted({row.id: row for row in found}.values(), key=lambda row: -row.updated)

    def directories(self) -> list[str]:
        """Name the projects the server has opened, as far as it can tell."""
        try:
            trees = [tidy(dig(each, "worktree", kind=str)) for each in records(self._get("/project", list))]
        except (NotFoundError, RemoteError) as error:
            _must_be_unknown(error)
            return []
        return [tree for tree in trees if tree not in ("", "/")]

    def is_directory(self, directory: str) -> bool:
        """Say whether a directory can be read on the server."""
        try:
            self._get("/file", list, directory, {"path": "."})
        except (NotFoundError, RemoteError) as error:
            if not error.details.get("status"):
                raise
            return False
        return True

    def is_worktree(self, directory: str) -> bool:
        """Say whether the server saw the root of a git worktree there when it first looked; to list it takes it seconds."""
        return bool(self._get("/path", dict, directory).get("worktree") == tidy(directory))

    def session(self, session: str) -> Session:
        """Give one session by its whole id; raises NotFoundError when the server does not know it."""
        return self._session(self._get(f"/session/{quote(session, safe='')}", dict))

    def create(self, directory: str, title: str = "", permission: Any = None) -> Session:
        """Start a conversation in a directory that is there, under permission rules of its own."""
        body = {**({"title": title} if title else {}), **({"permission": permission} if permission else {})}
        return self._session(self._post("/session", tidy(directory), body))

    def rule(self, session: Session, permission: Any) -> None:
        """Put a session under other permission rules."""
        self._ask("PATCH", f"/session/{session.id}", session.directory, body={"permission": permission})

    def move(self, session: Session, directory: str) -> Session:
        """Take a session to another directory, where its tools work from then on; files stay where they are."""
        wanted = {"sessionID": session.id, "destination": {"directory": tidy(directory)}, "moveChanges": False}
        self._post("/experimental/control-plane/move-session", session.directory, wanted)
        return self.session(session.id)

    def delete(self, session: Session) -> None:
        """Remove a session with all that was said in it."""
        self._ask("DELETE", f"/session/{session.id}", session.directory)

    def prompt(self, session: Session, text: str, model: str = "", agent: str = "", variant: str = "") -> None:
        """Hand over a prompt and return at once; that it was taken says nothing of what becomes of it."""
        provider, _, name = model.partition("/")
        self._post(
            f"/session/{session.id}/prompt_async",
            session.directory,
            {
                "parts": [{"type": "text", "text": text}],
                **({"model": {"providerID": provider, "modelID": name}} if model else {}),
                **({"agent": agent} if agent else {}),
                **({"variant": variant} if variant else {}),
            },
        )

    def messages(self, session: Session, limit: int = 0) -> list[Message]:
        """Give the last messages of a session, the newest last."""
        return [rows.message(row) for row in self.transcript(session, limit)]

    def transcript(self, session: Session, limit: int = 0) -> list[Mapping[str, Any]]:
        """Give the last messages as the server has them: `info` and `parts`."""
        query = {"limit": str(limit)} if limit else {}
        return records(self._get(f"/session/{session.id}/message", list, session.directory, query))

    def abort(self, session: Session) -> None:
        """Stop what a session does; its tools end too."""
        self._post(f"/session/{session.id}/abort", session.directory)

    def shell(self, session: Session, command: str) -> str:
        """Run a command in the session's directory without asking a model; gives what it printed.

        The server evaluates the text twice and keeps the exit status to itself: no `$`, and print what is to be known.
        """
        done = self._post(f"/session/{session.id}/shell", session.directory, {"agent": "build", "command": command})
        states = [dig(part, "state", kind=dict) for part in records(dig(done, "parts", kind=list))]
        return "\n".join(str(state.get("output") or state.get("error") or "") for state in states)

    def statuses(self, directory: str) -> dict[str, Status]:
        """Say what the sessions of a directory do; one that is idle is not named."""
        found = self._get("/session/status", dict, directory)
        return {name: rows.status(row) for name, row in found.items()}

    def permissions(self, directory: str) -> list[Waiting]:
        """List what the sessions of a directory ask leave for."""
        return [rows.permission(row, directory) for row in records(self._get("/permission", list, directory))]

    def questions(self, directory: str) -> list[Waiting]:
        """List what the sessions of a directory ask."""
        return [rows.question(row, directory) for row in records(self._get("/question", list, directory))]

    def reply(self, waiting: Waiting, reply: str, message: str = "") -> None:
        """Answer a permission with `once`, `always` or `reject`; a rejection without words would end the turn."""
        body = {"reply": reply, **({"message": message} if message else {})}
        self._post(f"/permission/{waiting.id}/reply", waiting.directory, body)

    def answer(self, waiting: Waiting, answers: list[list[str]]) -> None:
        """Answer a question: for each of its parts the chosen labels, or words of one's own."""
        self._post(f"/question/{waiting.id}/reply", waiting.directory, {"answers": answers})

    def decline(self, waiting: Waiting) -> None:
        """Leave a question without an answer."""
        self._post(f"/question/{waiting.id}/reject", waiting.directory)

    def events(self, directory: str) -> Iterator[Mapping[str, Any]]:
        """Yield what happens in a directory, heartbeats too, until the server ends the stream or falls silent."""
        path, headers = _place("/event", directory, {})
        try:
            with self._wire.answer("GET", path, headers, None, SILENCE) as answer:
                self._check(answer, "/event", "text/event-stream")
                for line in answer.lines(LIMIT):
                    if line.startswith(b"data:") and isinstance(
                        event := _load(line[5:].decode("utf-8", "replace")), dict
                    ):
                        yield event
        except FAULTS as error:
            raise self._fault(f"the stream of events broke off: {_words(error)}") from None

    def _session(self, row: Any) -> Session:
        found = rows.session(row)
        if not found.id:
            raise self._fault("/session answered with no session")
        return found

    def _get(self, path: str, kind: type[T], directory: str = "", query: Mapping[str, str] | None = None) -> T:
        found, _ = self._ask("GET", path, directory, query=query)
        return self._must(found, kind, path)

    def _must(self, found: Any, kind: type[T], path: str) -> T:
        if not isinstance(found, kind):
            raise self._fault(f"{path} answered with no {'list' if kind is list else 'object'}")
        return found

    def _post(self, path: str, directory: str, body: Mapping[str, Any] | None = None) -> Any:
        return self._ask("POST", path, directory, body=body or {})[0]

    def _ask(
        self,
        method: str,
        path: str,
        directory: str = "",
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> tuple[Any, Mapping[str, str]]:
        with self._counting:
            self.requests += 1
        place, more = _place(path, directory, query or {})
        try:
            # A lone surrogate of argv is escaped like any letter.
            sent = None if body is None else json.dumps(body).encode()
            with self._wire.answer(method, place, more, sent) as answer:
                data = self._read(answer, path)
                self._check(answer, path, "application/json", data)
        except FAULTS as error:
            raise self._fault(f"{method} {path}: {_words(error)}") from None
        if not data:
            return None, answer.headers
        found = _load(data.decode("utf-8", "replace"))
        if found is None and data.strip() != b"null":
            raise self._fault(f"{method} {path} answered what is no JSON; is another program listening there?")
        return found, answer.headers

    def _read(self, answer: Answer, path: str) -> bytes:
        data = bytearray()
        end = time.monotonic() + self._whole
        for piece in answer.pieces:
            data += piece
            if len(data) > LIMIT:
                raise self._fault(f"{path} answered more than {LIMIT >> 20} MB")
            if time.monotonic() > end:
                raise self._fault(f"{path}: no whole answer in {self._whole:g} s")
        return bytes(data)

    def _check(self, answer: Answer, path: str, wanted: str, data: bytes = b"") -> None:
        """Raise for an answer that is an error, or of another type than it should be."""
        status, kind = answer.status, answer.headers.get("content-type", "")
        if status == 401:
            raise self._fault(
                "it wants a user and a password, or others than it was given; password_env names the variable that holds it"
            )
        said = rows.error_words(_load(data.decode("utf-8", "replace"))) or f"status {status}"
        if status == 404:
            raise NotFoundError(f"{self.name}: {said}", instance=self.name, status=status)
        if status >= 300:
            raise self._fault(f"{path}: {said} (status {status})", status=status)
        if (data or wanted != "application/json") and not kind.startswith(wanted):
            if "html" in kind:
                said = (
                    f"it answered {path} with a page of HTML, as to any request it does not know; is it OpenCode 1.18?"
                )
                raise self._fault(said, unknown=True)
            raise self._fault(f"{path} answered with {kind or 'no content type'}, not {wanted}")

    def _fault(self, said: str, **details: Any) -> RemoteError:
        return RemoteError(f"{self.name} ({self.url}): {said}", instance=self.name, **details)


def _place(path: str, directory: str, query: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """How a request says which directory it is about: older servers read the header, and a header is ASCII."""
    whole = {**query, **({"directory": directory} if directory else {})}
    headers = {"x-opencode-directory": directory} if directory.isascii() and directory and "%" not in directory else {}
    return f"{path}?{urlencode(whole, quote_via=quote)}" if whole else path, headers


def _must_be_unknown(error: BranchlineError) -> None:
    """Raise an error anew unless it says that the server does not know the request at all."""
    if isinstance(error, RemoteError) and not error.details.get("unknown"):
        raise error


def _load(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _words(error: Exception) -> str:
    """What went wrong on the way, in words: a time-out has none of its own."""
    return "no answer in time" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
