"""What the two HTTP dialects share: an answer without keys in it, and why a request was refused."""

import json
import time
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from branchline.asker.talk import failure
from branchline.errors import PlannerError
from branchline.prompts import one_line
from branchline.workers import stream

_LIMITED = frozenset({429, 529})
_MOST = 4 << 20
"""Bytes of the longest answer that is read; none that was asked for comes near."""
_SHORTEST = 8
"""Characters that a key has at least: what is shorter guards nothing, and stands in many a word of an answer."""


class Response(Protocol):
    """What is read of an answer; the SDK brings a client of its own, whose answers have the same face."""

    @property
    def status_code(self) -> int: ...
    @property
    def reason_phrase(self) -> str: ...
    @property
    def headers(self) -> Mapping[str, str]: ...


def without(keys: Iterable[str], text: str) -> str:
    """A text with each key in it replaced: what a server says back may hold what it was sent."""
    return one_line(_masked(text, keys))


def text_of(parts: Iterable[bytes], timeout: float) -> str:
    """The text of an answer that comes in; raises PlannerError for one that has no end within `timeout` seconds."""
    until, found = time.monotonic() + timeout, bytearray()
    for part in parts:
        found += part
        if len(found) > _MOST or time.monotonic() > until:  # what waits for each part alone would wait for ever
            raise failure("timeout", f"its answer had no end within {timeout:g} s and {_MOST >> 20} MiB")
    return found.decode("utf-8", "replace")


def body_of(text: str, keys: Iterable[str]) -> Any:
    """The JSON of an answer, its keys replaced; None for what is no JSON."""
    try:
        return json.loads(_masked(text, keys))
    except (ValueError, RecursionError):
        return None


def _masked(text: str, keys: Iterable[str]) -> str:
    for key in keys:
        text = text.replace(key, "[key]") if len(key) >= _SHORTEST else text
    return text


def refused(answer: Response, text: str, keys: Iterable[str]) -> PlannerError:
    """The error for an HTTP status that is none of success, with the provider's own words in `text`, and its time."""
    status = answer.status_code
    error = stream.mapping(body_of(text, keys)).get("error")
    said = one_line(stream.text(stream.mapping(error).get("message")) or stream.text(error) or answer.reason_phrase)
    told = answer.headers.get("retry-after", "")
    after = stream.number(told) or max(0.0, stream.moment(told) - time.time())
    words = f"HTTP {status}: {said}"
    if status in _LIMITED:
        return failure("rate_limited", f"{words} (it asks to wait {after:g} s)" if after else words, after)
    if status in (401, 403):
        return failure("credentials", words)
    return failure("busy" if status >= 500 or status == 408 else "http", words, after)
