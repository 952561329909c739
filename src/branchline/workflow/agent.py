"""Named agent sessions: look at them, wait for them, search them, stop them."""

import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from shlex import quote
from typing import Any, Final, NamedTuple

from branchline.errors import BranchlineError, InputError, SessionError, UsageError
from branchline.files import read_text, write_durable
from branchline.model.run import SessionRow
from branchline.sessions import history
from branchline.sessions.agents import LIVE, Agents
from branchline.store import Store
from branchline.workflow.answer import Answer
from branchline.workflow.console import Console

WAIT: Final = 300.0
LONGEST: Final = 86_400.0
"""Seconds of a wait that was given no limit (--timeout 0): no wait of ours is endless."""
SEARCH: Final = 10.0
GRACE: Final = 10.0
"""Seconds between TERM and KILL."""
SHIMS: Final = {
    "run_subagent.sh": "run",
    "status.sh": "status",
    "result.sh": "result",
    "search.sh": "search",
    "cancel.sh": "cancel",
}
"""Script of the program that is replaced -> verb."""
_STEP, _LONGEST_STEP = 0.05, 0.5


class Wish(NamedTuple):
    """What was asked of a session; empty means: not given. `timeout` in seconds, 0 as long as it takes (SEEDS S2)."""

    name: str = ""
    prompt: str = ""
    resume: bool = False
    last: bool = False
    cwd: str = ""
    worker: str = ""
    model: str = ""
    variant: str = ""
    agent: str = ""
    file: Sequence[str] = ()
    wait: bool = False
    wait_terminal: bool = False
    timeout: float | None = None
    pattern: str = ""
    role: str = "any"
    signal: str = "TERM"
    folder: str = ""


def status(console: Console, wish: Wish) -> Answer:
    """Every session, or one; with a wait until any changes (`wait`) or this one is over (`wait_terminal`).

    A change is one since anybody last looked: what happened just before the wait is not missed.
    """
    if wish.wait_terminal and not wish.name:
        raise SessionError("E_WAIT_NAME_REQUIRED", "--wait-terminal requires --name")
    waits = wish.wait or wish.wait_terminal
    with opened(console, wish) as agents:
        if agents is None or not waits:
            found: dict[str, Any] = {"agents": [shown(row) for row in _rows(agents, wish.name)]}
            return Answer({**found, "changed": []} if waits else found)
        former = {row.name: row.status for row in agents.store.sessions() if wish.name in ("", row.name)}

        def enough(rows: Sequence[SessionRow]) -> bool:
            return _over(rows) if wish.wait_terminal else bool(_changes(former, rows))

        rows, in_time = _until(agents, wish, enough)
    found = {"agents": [shown(row) for row in rows], "changed": _changes(former, rows)}
    return Answer(found if in_time else {**found, "timedOut": True})


def result(console: Console, wish: Wish) -> Answer:
    """The last words of the agent in the last turn; never waits for one that runs unless asked to."""
    _require(wish.name, "name")
    with opened(console, wish) as agents:
        rows, in_time = _rows(agents, wish.name), True
        if wish.wait and agents:
            rows, in_time = _until(agents, wish, _over)
        (row,) = rows
        if not in_time:
            raise SessionError("E_TIMEOUT", f"{row.name} is still {row.status}; ask again", status=row.status)
        if row.status in LIVE:
            raise SessionError("E_NOT_DONE", f"{row.name} is {row.status}; --wait waits for it", status=row.status)
        said = _messages(agents, row)
    turn = max(place for place, message in enumerate(said) if message.role == "user")
    text = next((message.text for message in reversed(said[turn:]) if message.role == "assistant"), None)
    if text is None and not row.session:
        why = f"{row.name} ended ({row.status}, exit {row.exit}) before it told its session or said a word"
        raise SessionError("E_SESSIONID_MISSING", why, status=row.status, exitCode=row.exit, error=row.error)
    found = {"name": row.name, "sessionId": row.session or None, "status": row.status, "exitCode": row.exit}
    return Answer({**found, "error": row.error or None, "lastAssistantText": text})


def search(console: Console, wish: Wish) -> Answer:
    """The messages of a session in which a regular expression is found."""
    _require(wish.name, "name")
    _require(wish.pattern, "pattern")
    with opened(console, wish) as agents:
        (row,) = _rows(agents, wish.name)
        said = _messages(agents, row)
    matches = history.search(said, wish.pattern, wish.role, SEARCH if wish.timeout is None else wish.timeout or LONGEST)
    return Answer({"name": row.name, "sessionId": row.session or None, "matches": matches})


def cancel(console: Console, wish: Wish) -> Answer:
    """Stop the whole process tree of a session; one that does not run is an error."""
    _require(wish.name, "name")
    if wish.signal not in ("TERM", "KILL"):
        raise SessionError("E_SIGNAL_UNSUPPORTED", f"--signal {wish.signal}: give TERM or KILL", signal=wish.signal)
    with opened(console, wish) as agents:
        (row,) = _rows(agents, wish.name)
        if agents is None or row.status not in LIVE:
            raise SessionError("E_NOT_RUNNING", f"{row.name} is not running, it is {row.status}", status=row.status)
        try:
            agents.cancel(row, GRACE if wish.signal == "TERM" else 0.0)
        except (BranchlineError, OSError) as error:
            raise SessionError("E_SIGNAL_FAILED", f"{row.name} cannot be signalled: {error}") from None
    return Answer({"name": row.name, "pid": row.pid, "signalSent": wish.signal, "previousStatus": row.status})


def listed(console: Console, wish: Wish) -> Answer:
    """Every session, the newest first."""
    with opened(console, wish) as agents:
        rows = sorted(_rows(agents, ""), key=lambda row: -row.started)
    return Answer({"agents": [shown(row) for row in rows]})


def shims(console: Console, wish: Wish) -> Answer:
    """Write scripts of the names that callers know; a file of such a name that is not one of them is left alone."""
    if not wish.folder:
        raise UsageError("agent shims needs a folder for its scripts: branchline agent shims DIR")
    folder = console.directory / wish.folder
    mark = "# written by `branchline agent shims`"
    strangers = [n for n in SHIMS if (folder / n).exists() and mark not in read_text(folder / n)]
    if strangers:
        raise InputError(f"{folder / strangers[0]} is not one of ours: move it away, or name another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder} cannot be made as a folder: {error.strerror}") from None
    for name, verb in SHIMS.items():
        text = f'#!/bin/sh\n{mark}\nexec {quote(sys.executable)} -P -m branchline agent {verb} "$@"\n'
        write_durable(folder / name, text, 0o755)
    return Answer({"folder": str(folder), "files": list(SHIMS)})


@contextmanager
def opened(console: Console, wish: Wish) -> Iterator[Agents | None]:
    """The sessions of the place a command was started in; of `--cwd` where those know it better; None: there are none."""
    root = console.root
    other = console._replace(directory=folder_of(console, wish.cwd)).root if wish.cwd else root
    if other != root and not _knows(root, wish.name):
        root = other
    path = root / ".branchline" / "state.db"
    if not path.exists():
        yield None
        return
    with Store.open(path, create=False) as store, closing(Agents(path.parent, store, console.clock)) as agents:
        yield agents


def folder_of(console: Console, cwd: str) -> Path:
    """The folder that `--cwd` names; raises SessionError (E_CWD_INVALID)."""
    folder = (console.directory / cwd).resolve()
    if not folder.is_dir():
        raise SessionError("E_CWD_INVALID", f"--cwd {cwd}: there is no such folder", cwd=str(folder))
    return folder


def shown(row: SessionRow, keys: Collection[str] = ()) -> dict[str, Any]:
    """A session with the keys that scripts rely on (SEEDS S2.8), and ours; of them those that are named, if any are."""
    found = {
        "name": row.name,
        "pid": row.pid,
        "status": row.status,
        "sessionId": row.session or None,
        "exitCode": row.exit,
        "model": row.model or None,
        "mode": row.mode,
        "startedAt": iso(row.started),
        "updatedAt": iso(row.changed),
        "finishedAt": None if row.ended is None else iso(row.ended),
        "cwd": row.cwd,
        "worker": row.worker,
        "turns": row.turn,
        "title": row.title,
        "error": row.error or None,
    }
    return {key: value for key, value in found.items() if not keys or key in keys}


def iso(at: float) -> str:
    """A time as scripts read it, in UTC with milliseconds."""
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(at))}.{int(at * 1000) % 1000:03d}Z"


def _knows(root: Path, name: str) -> bool:
    path = root / ".branchline" / "state.db"
    if not path.exists():
        return False
    with Store.open(path, create=False) as store:
        return bool(store.session(name) if name else store.sessions())


def _require(value: str, what: str) -> None:
    if not value:
        raise SessionError(f"E_{what.upper()}_REQUIRED", f"--{what} is required")


def _rows(agents: Agents | None, name: str) -> list[SessionRow]:
    """All sessions, or the one of a name; raises SessionError (E_NAME_NOT_FOUND)."""
    if not name:
        return agents.all() if agents else []
    row = agents.find(name) if agents else None
    if row is None:
        raise SessionError(
            "E_NAME_NOT_FOUND", f"no session is called {name}; `agent list` shows those there are", name=name
        )
    return [row]


def _messages(agents: Agents | None, row: SessionRow) -> list[history.Message]:
    return history.messages(agents.folder / row.place, row) if agents else []


def _over(rows: Sequence[SessionRow]) -> bool:
    return all(row.status not in LIVE for row in rows)


def _changes(former: Mapping[str, str], rows: Sequence[SessionRow]) -> list[dict[str, Any]]:
    keys = ("name", "status", "exitCode", "sessionId", "finishedAt")
    changed = [(row, former.get(row.name)) for row in rows if former.get(row.name) != row.status]
    return [{**shown(row, keys), "previousStatus": was} for row, was in changed]


def _until(
    agents: Agents,
    wish: Wish,
    enough: Callable[[Sequence[SessionRow]], bool],
    steady: Callable[[], float] = time.monotonic,
) -> tuple[list[SessionRow], bool]:
    """Look until it is enough, or the time is over: the rows, and whether it was enough."""
    end = steady() + (WAIT if wish.timeout is None else wish.timeout or LONGEST)
    step = _STEP
    while True:
        rows = _rows(agents, wish.name)
        if enough(rows):
            return rows, True
        left = end - steady()
        if left <= 0:
            return rows, False
        agents.wait(min(step, left))
        step = min(2 * step, _LONGEST_STEP)
