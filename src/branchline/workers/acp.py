"""Any agent that speaks the Agent Client Protocol, one process per task, with a driver of ours that talks with it."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from branchline.errors import SettingsError
from branchline.model.run import Claim, Command, Exit, Job
from branchline.workers import record, stream
from branchline.workers.stream import number

INSTALL: Final = ""
PROGRAM: Final = ""
RESUME: Final = True
STREAM: Final = True
ASKS: Final = True
_LIMIT: Final = re.compile(r"rate.?limit|too many requests|usage limit|quota|\b429\b", re.I)
_STATUS: Final = re.compile(r"\bstatus(?: code)?:? (\d{3})\b", re.I)
_ENDS: Final = {"max_tokens": "context", "max_turn_requests": "turns"}
_COUNTS: Final = {"input": "inputTokens", "output": "outputTokens", "cache_read": "cachedReadTokens"}


def prepare(job: Job, base: Mapping[str, str]) -> None:  # noqa: ARG001 - the face of every adapter
    """Take away an old answer; the agent's own configuration is the user's affair, by `env` and `pass_env`."""
    record.clear(job)


def command(job: Job) -> Command:
    """Start the driver with the argv of the settings; raises SettingsError when there is none, and for a variant."""
    if not job.argv:
        raise SettingsError(
            f"worker {job.worker!r} of task {job.task} names no agent; set argv in its [workers] table, for example "
            '["opencode", "acp"], or write --worker \'acp:opencode acp\''
        )
    if job.variant:
        raise SettingsError(
            f"task {job.task}: the protocol of agents (ACP) has no variant; take variant = {job.variant!r} out of the "
            f"plan or the settings of worker {job.worker!r} and of role {job.role!r}"
        )
    return record.own_process(job, "acp_driver", *job.argv)


class Seen:
    """What a stream told: the session, the text after the last tool, how it ended, what was denied last, and usage."""

    def __init__(self) -> None:
        self.session = ""
        self.text = ""
        self.stop = ""
        self.denied = ""
        self.error: Mapping[str, Any] | None = None
        self.usage: dict[str, int] = {}
        self.cost = 0.0

    def take(self, event: Mapping[str, Any]) -> None:
        """Take in one event; what it cannot read it passes over."""
        match event.get("type"):
            case "session":
                self.session = stream.text(event.get("sessionId"))
            case "update":
                self._take_update(stream.mapping(event.get("update")))
            case "permission" if not event.get("allowed"):
                self.denied = f"{event.get('kind') or 'tool'}: {event.get('title') or 'without a title'}"
            case "stop":
                self.stop = stream.text(event.get("stopReason")) or "unknown"
                self.usage = stream.count(stream.mapping(event.get("usage")), _COUNTS)
            case "error":
                self.error = event

    def _take_update(self, update: Mapping[str, Any]) -> None:
        match update.get("sessionUpdate"):
            case "agent_message_chunk":
                self.text += stream.text(stream.mapping(update.get("content")).get("text"))
            case "tool_call":
                self.text = ""
            case "tool_call_update" if update.get("status") == "completed":
                self.denied = ""
            case "usage_update":
                self.cost = number(stream.mapping(update.get("cost")).get("amount"))


def claim(job: Job, exit: Exit) -> Claim:
    """Read the stream: done needs the end of a turn, a final text, and no tool that stayed denied."""
    folder = Path(job.folder)
    seen = stream.read(folder / "events.jsonl", Seen())
    bad = fault(seen, record.ended(exit), record.tail(folder / "output.log"), job.read_only)
    return stream.claim(job, exit, _said(job, seen), bad)


def gauge(job: Job) -> stream.Gauge:
    """Read the cost of each update; tokens are told at the end of the prompt only."""
    seen = Seen()
    return stream.Gauge(lambda: Path(job.folder) / "events.jsonl", seen, lambda: _said(job, seen))


def _said(job: Job, seen: Seen) -> stream.Said:
    return stream.Said(seen.text, seen.session, sum(seen.usage.values()), seen.usage, _since(job, seen))


def _since(job: Job, seen: Seen) -> float:
    """The cost of this attempt alone: a session that went on tells it from the session's beginning."""
    earlier = (stream.read(folder / "events.jsonl", Seen()) for folder in (record.earlier(job) if job.session else ()))
    before = next((former.cost for former in earlier if former.session == seen.session and former.cost), 0.0)
    return max(0.0, seen.cost - before)


def fault(seen: Seen, ended: bool, log: str, read_only: bool = False) -> Claim | None:
    """Say what went wrong, from the stream; None when nothing did, or when only the exit status can tell.

    `ended` says that the process ended with exit 0, `log` is the end of its stderr.
    """
    if seen.error is not None:
        return _error(seen.error)
    if seen.denied and not (read_only and seen.text.strip()):
        return stream.refused(seen.denied)
    if not ended:
        return None
    if seen.stop in _ENDS:
        return Claim("partial", seen.text, error=f"it ended with {seen.stop}", extra={"cause": _ENDS[seen.stop]})
    if seen.stop == "refusal":
        return Claim("failed", "the model refused", error=f"refusal\n{seen.text}".strip(), extra={"cause": "refusal"})
    if seen.stop != "end_turn" or not seen.text.strip():
        said = (
            "no final text" if seen.stop == "end_turn" else f"the stream broke off (last reason: {seen.stop or 'none'})"
        )
        return stream.wordless(said, log)
    return None


def _error(error: Mapping[str, Any]) -> Claim:
    said = f"{stream.text(error.get('message')) or 'the agent answered with an error'}"
    data = stream.mapping(error.get("data"))
    found = _STATUS.search(said)
    status = int(number(data.get("statusCode") or data.get("status"))) or (int(found[1]) if found else 0)
    extra: dict[str, Any] = {"status": status} if status else {}
    if error.get("method") == "session/load":
        return Claim("failed", f"the session is gone: {said}", error=said, extra={"cause": "session"})
    if status in {429, 529} or (not status and _LIMIT.search(said)):
        after = number(data.get("retryAfter") or data.get("retry_after"))
        resets = {"retry_after": after} if after else stream.waits(said)
        return Claim("rate_limited", said, error=said, extra={"status": 429, **extra, **resets})
    if error.get("method") == "session/set_model":
        extra["cause"] = "model"
    return Claim("failed", said, error=said, extra=extra)


def parts(path: Path) -> Iterator[tuple[str, str, Any]]:
    """Tell the tools and texts at the end of a stream."""
    said = ""
    for event in stream.recent(path):
        update = stream.mapping(event.get("update"))
        kind, text = update.get("sessionUpdate"), stream.mapping(update.get("content")).get("text")
        if kind == "agent_message_chunk" and isinstance(text, str):
            said += text
        elif kind == "tool_call_update" and update.get("status") in {"completed", "failed"}:
            yield from [("", said, None)] if said else []
            said = ""
            yield str(update.get("title") or "tool"), "", update.get("rawInput")
    yield from [("", said, None)] if said else []
