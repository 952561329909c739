"""Streams of JSON that agents print, one event a line: read with tolerance for what is odd, unknown or cut."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from branchline.model.run import Claim, Exit, Job
from branchline.patterns import late
from branchline.workers import record
from branchline.workers.transcript import LINES, Tail

MAX_LINE: Final = 4 * 1024 * 1024
MAX_NAME: Final = 100
MAX_READ: Final = 16 * 1024 * 1024
_AGAIN: Final = late(
    r"(?:try again|retry|available again|resets?) (?:in|after) ((?:[\d.]+ ?[a-z]++[ ,]*(?:and )?)+)", re.I
)
_PART: Final = late(r"(?<!\d)(\d++(?:\.\d++)?) ?(ms|d|h|m|s)", re.I)
_MOMENT: Final = late(r"limit reached\|(\d{10})\b")
_SECONDS: Final = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_CALLS: Final = 2 * LINES


def events(path: Path | str) -> Iterator[Mapping[str, Any]]:
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
    """What an agent has told on its stream: its last words, its session, and what this attempt alone has used.

    `usage` counts tokens by kind (input, output, reasoning, cache_read, cache_write), `cost` are US dollars where it tells
    them, `model` is the one it says it used.
    """

    text: str
    session: str
    tokens: int
    usage: Mapping[str, int]
    cost: float = 0.0
    model: str = ""


class Gauge:
    """Reads what a worker has used while it is at work: at each look only what its stream has told since the last one."""

    def __init__(self, path: Callable[[], Path | None], seen: Seen, said: Callable[[], Said]) -> None:
        self._path = path
        self._found: Path | None = None
        self._seen = seen
        self._said = said
        self._at = 0

    def look(self) -> Said | None:
        """What was used so far; None when the stream has told nothing new."""
        self._found = self._found or self._path()
        if self._found is None:
            return None
        self._at = min(self._at, _size(self._found))  # a log that has grown too long is cut, and goes on from there
        lines = _since(self._found, self._at)
        if not lines:
            return None
        self._at += len(lines)
        for line in lines.splitlines():
            for event in _event(line):
                self._seen.take(event)
        return self._said()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _since(path: Path, at: int) -> bytes:
    """The whole lines of a file after a place; nothing of one that cannot be read, or that was cut."""
    try:
        with path.open("rb") as file:
            file.seek(at)
            found = file.read(MAX_READ)
    except OSError:
        return b""
    return found[: found.rfind(b"\n") + 1] or (found if len(found) == MAX_READ else b"")


def read(path: Path | str, seen: SeenT) -> SeenT:
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
        extra={**judged.extra, **facts(said)},
    )


def refused(said: str) -> Claim:
    """Make the claim of an agent that was denied a tool and found no other way."""
    return Claim("permission", f"a tool was refused: {said}", error=said, extra={"cause": "permission"})


def wordless(said: str, log: str) -> Claim:
    """Make the claim of an agent that left no last words; `log` is the end of its stderr."""
    return Claim("no_output", said, error=f"{said}\n{log}".strip(), extra={"cause": "no_output"})


def failed(said: str, cause: str) -> Claim:
    """Make the claim of a failure whose cause is known by name."""
    return Claim("failed", said, error=said, extra={"cause": cause})


def facts(said: Said) -> dict[str, Any]:
    """Give what a claim keeps of a worker's usage beside tokens and cost: its kinds, and the model."""
    found: dict[str, Any] = {"usage": dict(said.usage)} if any(said.usage.values()) else {}
    return {**found, "model": said.model[:MAX_NAME]} if said.model else found


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


def waits(said: str) -> dict[str, float]:
    """When a provider takes requests again, as its own words say it: `retry_after` in seconds, or `reset_at`."""
    if moment := _MOMENT.search(said):
        return {"reset_at": float(moment[1])}
    found = _AGAIN.search(said)
    parts = _PART.findall(found[1]) if found else []
    return {"retry_after": max(sum(float(n) * _SECONDS[unit.lower()] for n, unit in parts), 1.0)} if parts else {}


def count(table: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, int]:
    """Read the token counts of a table; `names` are pairs of our name and theirs."""
    return {ours: int(number(table.get(theirs))) for ours, theirs in names.items()}


def moment(value: Any) -> float:
    """A moment as headers write it (an HTTP date, ISO 8601, seconds since the epoch); 0 for anything else."""
    if number(value) > 1e9:
        return number(value)
    if not isinstance(value, str):
        return 0.0
    from datetime import datetime
    from email.utils import parsedate_to_datetime

    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(value.strip())
        except ValueError:
            continue
        return moment.timestamp() if moment.tzinfo else 0.0
    return 0.0
