"""Permissions that a person is asked for while the worker waits: from its stream to the inbox, and the answer back."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from branchline.engine import State
from branchline.files import write_new
from branchline.model.run import AttemptRow, Event, QuestionRow
from branchline.store import Store

ASK = "ask"
ANSWERS = "answers"
"""The folder of an attempt that holds the answer to its n-th question in a file `n`."""
OPTIONS = ("once", "always", "reject")
CHUNK = 1 << 22


class Roles(Protocol):
    """What is needed of `jobs.Jobs`."""

    def rules(self, role: str) -> Mapping[str, str]: ...

    def folder(self, attempt: AttemptRow) -> Path: ...


class Permissions:
    """Those of one run; an attempt's n-th question in the store is the n-th that its stream tells."""

    def __init__(self, store: Store, jobs: Roles) -> None:
        self._store = store
        self._jobs = jobs
        self._read: dict[int, int] = {}
        self._asked: dict[int, list[str]] = {}

    def look(self, state: State, now: float) -> list[Event]:
        """The events that put new questions in the inbox; answers that have come are left for the workers."""
        events: list[Event] = []
        for attempt in state.attempts.values():
            if (
                attempt.state != "started"
                or attempt.purpose != "work"
                or ASK not in self._jobs.rules(attempt.role).values()
            ):
                continue
            asked = self._heard(attempt)
            if asked:
                known = self._known(attempt)
                self._answer(attempt, known)
                events += [_question(attempt, text, now) for text in asked[len(known) :]]
        return events

    def _heard(self, attempt: AttemptRow) -> list[str]:
        """All that an attempt has asked; only what is new of its stream is read."""
        asked, at = self._asked.setdefault(attempt.fence, []), self._read.get(attempt.fence, 0)
        try:
            with (self._jobs.folder(attempt) / "events.jsonl").open("rb") as file:
                file.seek(at)
                data = file.read(CHUNK)
        except OSError:
            return asked
        whole = data.rfind(b"\n") + 1
        self._read[attempt.fence] = at + whole
        asked += _asks(data[:whole])
        return asked

    def _known(self, attempt: AttemptRow) -> list[QuestionRow]:
        rows = self._store.questions(attempt.run)
        return [q for q in rows if (q.task, q.attempt, q.kind) == (attempt.task, attempt.attempt, "permission")]

    def _answer(self, attempt: AttemptRow, known: list[QuestionRow]) -> None:
        for number, question in enumerate(known, 1):
            path = self._jobs.folder(attempt) / ANSWERS / str(number)
            if question.answer is not None and not path.exists():
                write_new(path, question.answer)


def _asks(data: bytes) -> Iterator[str]:
    for line in data.splitlines():
        if b'"ask"' not in line:
            continue
        try:
            event: Any = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(event, dict) and event.get("type") == ASK:
            yield str(event.get("text") or "It does not say what for.")


def _question(attempt: AttemptRow, text: str, now: float) -> Event:
    data = {"state": "asking", "question": {"kind": "permission", "text": text, "options": list(OPTIONS)}}
    cause = f"asks for a permission: {text.partition(chr(10))[0]}"
    return Event(now, attempt.run, "advised", cause, attempt.task, attempt.attempt, attempt.fence, data)
