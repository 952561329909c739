"""What was said in a session, and a search in it that cannot hang."""

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from branchline import workers
from branchline.errors import InputError, SessionError
from branchline.files import read_json, read_text
from branchline.model.run import Job, SessionRow
from branchline.proc import run
from branchline.workers import record

PROMPT: Final = "prompt.md"
ANSWER: Final = "answer.json"
_MATCHER: Final = Path(__file__).with_name("matcher.py")
_SNIPPET, _BEFORE = 200, 80
_LIMIT: Final = 64 * 1024 * 1024
_BAD_PATTERN: Final = 3
EXPORT: Final = 60.0
"""Seconds in which a history has to be read; a turn of the longest log takes one or two."""


class Message(NamedTuple):
    """One message of a session; `role` is user or assistant."""

    role: str
    text: str


def read_job(turn: Path) -> Job:
    """The job of a turn as it was asked for, without its environment; raises InputError when its file is damaged."""
    found = read_json(turn / workers.SPEC)
    try:
        given: dict[str, Any] = {n: tuple(value) if isinstance(value, list) else value for n, value in found.items()}
        return Job(**given)
    except (TypeError, AttributeError) as error:
        raise InputError(f"{turn / workers.SPEC} is damaged: {error}") from None


def messages(folder: Path, row: SessionRow, steady: Callable[[], float] = time.monotonic) -> list[Message]:
    """Every message of a session in its `folder`, oldest first.

    Raises SessionError: E_EXPORT_FAILED naming the file that cannot be read, or E_EXPORT_TIMEOUT after EXPORT seconds.
    """
    found: list[Message] = []
    end = steady() + EXPORT
    for number in range(1, row.turn + 1):
        turn = folder / str(number)
        if steady() > end:
            why = f"{row.name} has said more than can be read in {EXPORT:g} s; its turns stand in {folder}"
            raise SessionError("E_EXPORT_TIMEOUT", why, turns=row.turn, read=number - 1)
        try:
            _require_regular(turn)
            found.append(Message("user", read_text(turn / PROMPT)))
            found += [Message("assistant", text) for text in _answers(row.kind, turn)]
        except InputError as error:
            raise SessionError("E_EXPORT_FAILED", f"the history of {row.name} cannot be read: {error}") from None
    return found


def _require_regular(turn: Path) -> None:
    """Refuse what a worker may have put where its words go: reading a pipe would never end."""
    for path in (turn / "events.jsonl", turn / "output.log"):
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise InputError(f"{path} is no regular file")


def _answers(kind: str, turn: Path) -> Sequence[str]:
    """What a worker said in a turn; of one that only left a record, its summary."""
    if said := workers.messages(kind, turn):
        return said
    left = record.find(str(turn / ANSWER), "")
    return [left.claim.summary] if left and left.claim.summary else []


def search(said: Sequence[Message], pattern: str, role: str, seconds: float) -> list[dict[str, Any]]:
    """The messages in which a regular expression is found: their index in the session, role, and the words around.

    A process of its own looks for it and is ended after `seconds`: no expression can be stopped from within. `role` is
    user, assistant or any. Raises SessionError: E_PATTERN_INVALID, or E_TIMEOUT.
    """
    wanted = [number for number, message in enumerate(said) if role in ("any", message.role)]
    asked = json.dumps({"pattern": pattern, "texts": [said[number].text for number in wanted]})
    argv = (sys.executable, "-I", "-S", str(_MATCHER))
    done = run(argv, cwd="/", env={}, input=asked.encode(), timeout=seconds, limit=_LIMIT)
    if done.timed_out:
        why = f"the expression was not done with {len(wanted)} messages in {seconds:g} s; make it simpler, or give --timeout"
        raise SessionError("E_TIMEOUT", why, pattern=pattern)
    if done.code:
        why = done.err.decode("utf-8", "replace").strip() if done.code == _BAD_PATTERN else "it took too much memory"
        raise SessionError("E_PATTERN_INVALID", f"{pattern[:200]!r} cannot be used as a regular expression: {why}")
    return [
        {"index": wanted[place], "role": said[wanted[place]].role, "snippet": _snippet(said[wanted[place]].text, start)}
        for place, start in json.loads(done.out)
    ]


def _snippet(text: str, start: int) -> str:
    """The words around a place, on one line; from the beginning where that is near."""
    begin = start - _BEFORE if start > _SNIPPET - _BEFORE else 0
    return " ".join(text[begin : begin + 4 * _SNIPPET].split())[:_SNIPPET]
