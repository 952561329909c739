"""The stream of `opencode run --format json`: one event a line, read with tolerance for what is odd, unknown or cut."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from branchline.model.run import Claim
from branchline.workers import stream
from branchline.workers.stream import number

_ASKED: Final = "rejected permission"
_DENIED: Final = "specified a rule which prevents"
_WORDS: Final = "with the following feedback"
_COUNTS: Final = {"input": "input", "output": "output", "reasoning": "reasoning"}
_CACHED: Final = {"cache_read": "read", "cache_write": "write"}


class Seen:
    """What a stream told: the session, the text of the last step, how it ended, faults and usage."""

    def __init__(self) -> None:
        self.session = ""
        self.text = ""
        self.reason = ""
        self.asked = ""
        self.denied = ""
        self.error: Mapping[str, Any] | None = None
        self.cost = 0.0
        self.tokens = 0
        self.usage: dict[str, int] = {}
        self._message = ""

    def take(self, event: Mapping[str, Any]) -> None:
        """Take in one event; what it cannot read it passes over."""
        if isinstance(event.get("sessionID"), str):
            self.session = event["sessionID"]
        part = stream.mapping(event.get("part"))
        match event.get("type"):
            case "step_start":
                self.text, self.reason = "", ""
            case "text":
                self._take_text(part)
            case "tool_use":
                self._take_tool(part)
            case "step_finish":
                self._take_finish(part)
            case "usage":  # of a child session: it counts, and says nothing of how this one ends
                self._take_usage(part)
            case "error":
                self.error = stream.mapping(event.get("error"))

    def _take_text(self, part: Mapping[str, Any]) -> None:
        text = part.get("text")
        if isinstance(text, str):
            message = str(part.get("messageID") or self._message)
            joined = self.text + "\n" + text if self.text and message == self._message else text
            self.text, self._message = joined, message

    def _take_tool(self, part: Mapping[str, Any]) -> None:
        error = stream.mapping(part.get("state")).get("error")
        if isinstance(error, str):
            said = f"{part.get('tool') or 'a tool'}: {error}"
            answered = _DENIED in error or _WORDS in error  # the model was told, and goes on
            self.asked = said if _ASKED in error and not answered else self.asked
            self.denied = said if answered else self.denied

    def _take_finish(self, part: Mapping[str, Any]) -> None:
        self.reason = stream.text(part.get("reason")) or "unknown"
        self._take_usage(part)

    def _take_usage(self, part: Mapping[str, Any]) -> None:
        self.cost += number(part.get("cost"))
        tokens = part.get("tokens")
        if not isinstance(tokens, Mapping):
            return
        found = stream.count(tokens, _COUNTS)
        if isinstance(tokens.get("cache"), Mapping):
            found |= stream.count(tokens["cache"], _CACHED)
        for name, count in found.items():
            self.usage[name] = self.usage.get(name, 0) + count
        self.tokens += int(number(tokens.get("total"))) or sum(found.values())


def parts(path: Path) -> Iterator[tuple[str, str, Any]]:
    """Tell the tools and texts at the end of a stream."""
    for event in stream.recent(path):
        part = stream.mapping(event.get("part"))
        if event.get("type") == "tool_use":
            yield str(part.get("tool")), "", stream.mapping(part.get("state")).get("input")
        elif isinstance(part.get("text"), str):
            yield "", part["text"], None


def fault(seen: Seen, ended: bool, log: str) -> Claim | None:
    """Say what went wrong, from the stream; None when nothing did, or when only the exit status can tell.

    `ended` says that the process ended with exit 0, `log` is the end of its stderr.
    """
    if seen.error is not None:
        return _error(seen.error, log)
    if seen.asked or (seen.denied and not (seen.reason == "stop" and seen.text.strip())):
        return stream.refused(seen.asked or seen.denied)
    if not ended:
        return None
    text = seen.text.strip()
    if seen.reason == "length":
        return Claim("partial", text, error="the answer was cut at the model's limit", extra={"cause": "context"})
    if seen.reason in {"content-filter", "error"}:
        said = f"the model ended with {seen.reason}"
        return Claim("failed", said, error=f"{said}\n{text}".strip(), extra={"cause": seen.reason})
    if not text or seen.reason != "stop":
        said = (
            "no final text" if seen.reason == "stop" else f"the stream broke off (last reason: {seen.reason or 'none'})"
        )
        return stream.wordless(said, log)
    return None


def _error(error: Mapping[str, Any], log: str) -> Claim:
    data = stream.mapping(error.get("data"))
    name = str(error.get("name") or "error")
    text = str(data.get("message") or error.get("message") or log or name)
    status = int(number(data.get("statusCode")))
    said = f"{name}: {text}" + (f" (status {status})" if status else "")
    if status in {429, 529}:
        return Claim("rate_limited", said, error=said, extra={"status": status, **_retry_after(data)})
    if "ContextOverflow" in name or "OutputLength" in name or "context length" in text.lower():
        return Claim("partial", said, error=said, extra={"cause": "context"})
    if status in {401, 403}:
        said += "; a key that is taken from the environment must be named in the worker's pass_env"
    if "Unexpected server error" in text:
        said += "; an unknown model or provider looks like this too"
    if not status and "cannot connect to api" in text.lower():
        return stream.failed(said, "unreachable")
    later = _retry_after(data) if status >= 500 else {}
    return Claim("failed", said, error=said, extra={"status": status, **later} if status else {})


def _retry_after(data: Mapping[str, Any]) -> dict[str, float]:
    """When the provider takes requests again: `retry_after` in seconds, or `reset_at` in seconds since the epoch.

    `retry-after` counts before the reset of a limit of which nothing remains; of several such the latest.
    """
    headers = {str(n).lower(): v for n, v in stream.mapping(data.get("responseHeaders")).items()}
    after = number(headers.get("retry-after-ms")) / 1000.0 or number(headers.get("retry-after"))
    if after > 0:
        return {"retry_after": after}
    resets = [headers.get("retry-after")] + [
        value
        for name, value in headers.items()
        if name.endswith("-reset") and number(headers.get(f"{name.removesuffix('-reset')}-remaining")) == 0
    ]
    at = max(map(stream.moment, resets))
    return {"reset_at": at} if at > 0 else {}
