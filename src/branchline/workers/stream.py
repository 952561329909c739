"""Streams of JSON that agents print, one event a line: read with tolerance for what is odd, unknown or cut."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from branchline.model.run import Claim, Exit, Job
from branchline.workers import record
from branchline.workers.transcript import LINES, Tail

MAX_LINE: Final = 4 * 1024 * 1024
_CALLS: Final = 2 * LINES


def events(path: Path) -> Iterator[Mapping[str, Any]]:
    """Read a whole stream; a missing file is an empty stream, a line that is no JSON object is passed over."""
    try:
        file = record.open_log(path)
    except OSError:
        return
    with file:
        while line := file.readline(MAX_LINE):
            yield from _event(line)


class Seen(Protocol):
    """What an adapter makes of the events of its agent."""

    def take(self, event: Mapping[str, Any]) -> None:
        """Take in one event; what it cannot read it passes over."""


SeenT = TypeVar("SeenT", bound=Seen)


class Speaking(Seen, Protocol):
    """An adapter's reading of a stream, with the words of the agent's message as far as it has come."""

    text: str


def messages(path: Path, seen: Speaking) -> list[str]:
    """Give every message of the agent in a whole stream, in order; one that grows with its events is one message."""
    found: list[str] = []
    before = ""
    for event in events(path):
        seen.take(event)
        if seen.text and seen.text != before:
            found[len(found) - bool(before and seen.text.startswith(before)) :] = [seen.text]
        before = seen.text
    return found


class Said(NamedTuple):
    """What an agent has told on its stream: its last words, its session, and what this attempt alone has used."""

    text: str
    session: str
    tokens: int
    usage: Mapping[str, int]
    cost: float = 0.0


def read(path: Path, seen: SeenT) -> SeenT:
    """Read a whole stream from its file."""
    for event in events(path):
        seen.take(event)
    return seen


def claim(job: Job, exit: Exit, said: Said, bad: Claim | None) -> Claim:
    """Weigh what an agent said against its end; `bad` is what its adapter saw go wrong. Last words are a claim too."""
    judged = record.judge(job, exit, said.text, bad)
    if judged is None:
        judged = Claim("done", said.text[: record.MAX_TEXT], source="text")
    return judged._replace(
        session="" if judged.extra.get("cause") == "session" else said.session or job.session,
        tokens=said.tokens,
        cost=said.cost,
        extra={**judged.extra, **({"usage": dict(said.usage)} if any(said.usage.values()) else {})},
    )


def recent(path: Path, limit: int = 128 * 1024) -> Iterator[Mapping[str, Any]]:
    """Read the events in the last `limit` bytes of a stream."""
    for line in record.tail(path, limit, limit).split("\n"):
        yield from _event(line)


def _event(line: bytes | str) -> Iterator[Mapping[str, Any]]:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return
    if isinstance(event, dict):
        yield event


def ending(parts: Iterable[tuple[str, str, Any]]) -> Tail:
    """Make the end of a transcript of (tool, text, input): a tool call where a tool is named, else words of the agent."""
    lines: list[str] = []
    calls: list[str] = []
    for tool, text, asked in parts:
        if tool:
            calls.append(f"{tool} {json.dumps(asked, ensure_ascii=False, sort_keys=True)}"[:1000])
            lines.append(f"> {calls[-1]}"[:300])
        else:
            lines += text.split("\n")
    return Tail(tuple(lines[-LINES:]), tuple(calls[-_CALLS:]))


def mapping(value: Any) -> Mapping[str, Any]:
    """Read an object that may be missing or something else."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Mapping[str, Any]]:
    """Read the objects of a list that may be missing or hold something else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: Any) -> str:
    """Read a text that may be missing or something else."""
    return value if isinstance(value, str) else ""


def number(value: Any) -> float:
    """Read a number that may be missing, odd or text; never raises, never negative, never infinite."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return 0.0
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return 0.0
    return found if 0.0 <= found < 1e15 else 0.0


def count(table: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, int]:
    """Read the token counts of a table; `names` are pairs of our name and theirs."""
    return {ours: int(number(table.get(theirs))) for ours, theirs in names.items()}
