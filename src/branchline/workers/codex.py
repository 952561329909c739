"""Codex, one process per task: `codex exec --json`, the prompt on stdin.

It runs on a configuration made for the attempt, without MCP servers, hooks and notifications of the user. A role that
may write works without Codex's own sandbox, for that would keep it from committing in a worktree; a role that may not
works in its read-only one.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from branchline.errors import InputError, SettingsError
from branchline.model.run import Claim, Command, Exit, Job
from branchline.workers import private, record, stream
from branchline.workers.standing import Standing

INSTALL: Final = "npm install -g @openai/codex"
TESTED: Final = "0.169.0"
PROGRAM: Final = "codex"
RESUME: Final = True
STREAM: Final = True
_KEPT: Final = (
    "model", "model_provider", "model_providers", "model_context_window", "model_auto_compact_token_limit",
    "model_reasoning_effort", "model_reasoning_summary", "model_verbosity", "openai_base_url", "chatgpt_base_url",
    "forced_login_method", "service_tier",
)  # fmt: skip
"""What counts of the user's configuration: which model, and with whose key."""
_STATUS: Final = re.compile(r"\bstatus:? (\d{3})\b")
_SAID: Final = (
    (400, re.compile(r'"type": ?"invalid_request_error"')),
    (429, re.compile(r"usage limit|rate limit|quota exceeded", re.I)),
    (503, re.compile(r"high demand|at capacity|server overloaded", re.I)),
)
"""Words that stand for a status where Codex tells none."""
_THREAD: Final = re.compile(r"[\w-]{8,80}")
_CONTEXT: Final = re.compile(r"context window|context_length|max_output_tokens", re.I)
_NO_SANDBOX: Final = re.compile(r"codex-linux-sandbox|^bwrap: |landlock", re.I | re.M)


def prepare(job: Job, base: Mapping[str, str]) -> None:
    """Write the configuration of this attempt, and the login of the user of `base` where no key is passed."""
    record.clear(job)
    if not job.env.get("HOME"):
        return
    source, target = _folder(base), _home(job)
    private.write(target / "config.toml", configuration(_read(source / "config.toml"), lean=job.lean))
    if "CODEX_API_KEY" not in job.env:
        _copy_login(source, target)


def _folder(base: Mapping[str, str]) -> Path:
    return Path(base.get("CODEX_HOME") or Path(base.get("HOME", "/")) / ".codex")


def standing(base: Mapping[str, str], given: Mapping[str, str], root: Path) -> Standing:  # noqa: ARG001 - one face
    """Say which login or key pays; `codex exec` never asks. `given` is what of the environment reaches the worker.

    Raises InputError for a configuration that cannot be read.
    """
    user = _read(_folder(base) / "config.toml")
    secret = _folder(base) / "auth.json"
    login = private.read_object(secret, "Codex")
    provider = stream.text(user.get("model_provider"))
    own = stream.mapping(stream.mapping(user.get("model_providers")).get(provider))
    keys = ("CODEX_API_KEY", stream.text(own.get("env_key")) or "OPENAI_API_KEY")
    accounts = [f"{name} (passed)" for name in keys if given.get(name)]
    accounts += ["subscription (ChatGPT)"] if login.get("tokens") else []
    accounts += ["key of its login"] if login.get("OPENAI_API_KEY") else []
    accounts += [f"{provider} (your configuration, no key)"] if own and not own.get("env_key") else []
    return Standing(tuple(accounts), tuple(name for name in keys if base.get(name)), (secret,) if login else ())


def configuration(user: Mapping[str, Any], *, lean: bool = True) -> str:
    """Make the configuration of one attempt: who pays from the user's, and nothing that calls home or others."""
    kept = {name: user[name] for name in (*_KEPT, *(() if lean else ("mcp_servers",))) if name in user}
    own = {"check_for_update_on_startup": False, "analytics": {"enabled": False}, "history": {"persistence": "none"}}
    return "".join(f"{name} = {_toml(value)}\n" for name, value in {**kept, **own}.items())


def _toml(value: Any) -> str:
    """Write a value as TOML does in one line; a text of JSON is a text of TOML, but for one control character."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_toml(str(name))} = {_toml(inner)}" for name, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(private.read_text(path, "Codex"))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: the configuration of Codex cannot be read: {error}") from None


def _copy_login(source: Path, target: Path) -> None:
    """Copy the login without its means to renew itself: two that renew the same one log each other out."""
    try:
        login = json.loads((source / "auth.json").read_text(encoding="utf-8"))
        if login.get("tokens"):
            login["tokens"] = {**login["tokens"], "refresh_token": ""}
        private.write(target / "auth.json", json.dumps(login))
    except (OSError, ValueError, TypeError, AttributeError):
        return  # there is none; the agent will say so


def command(job: Job) -> Command:
    """Start `codex exec`; raises SettingsError for an agent, for Codex has none to choose from."""
    if job.agent:
        raise SettingsError(
            f"task {job.task}: Codex has no agent {job.agent!r}, nor any other; take agent out of the plan or the settings "
            f"of worker {job.worker!r} and of role {job.role!r}"
        )
    argv = [*(job.argv or (PROGRAM,)), "exec", "--json", "--skip-git-repo-check", "--color", "never"]
    argv += ["--sandbox", "read-only"] if job.read_only else ["--dangerously-bypass-approvals-and-sandbox"]
    argv += ["-m", job.model.removeprefix("openai/")] if job.model else []
    argv += ["-c", f"model_reasoning_effort={json.dumps(job.variant)}"] if job.variant else []
    argv += ["resume", job.session] if job.session else []
    env = record.environment(job)
    if job.env.get("HOME"):
        env["CODEX_HOME"] = str(_home(job))
    return Command((*argv, "-"), env, job.prompt_file)


def interactive(job: Job, base: Mapping[str, str]) -> Command:
    """Open Codex on the thread, on the configuration of the task, for that is where its threads lie."""
    argv = [*(job.argv or (PROGRAM,)), *(["resume", job.session] if job.session else [])]
    return Command(tuple(argv), {**base, "CODEX_HOME": str(_home(job))})


class Seen:
    """What a stream told: the thread, the last message, how the turn ended, and what the sandbox kept from running."""

    def __init__(self) -> None:
        self.thread = ""
        self.text = ""
        self.error = ""
        self.declined = ""
        self.sandbox = ""
        self.worked = False
        self.completed = False
        self.usage: dict[str, int] = {}

    def take(self, event: Mapping[str, Any]) -> None:
        """Take in one event; what it cannot read it passes over."""
        match event.get("type"):
            case "thread.started":
                self.thread = stream.text(event.get("thread_id"))
            case "turn.started":
                self.text, self.error, self.completed = "", "", False
            case "item.completed":
                self._take_item(stream.mapping(event.get("item")))
            case "error":
                self.error = stream.text(event.get("message")) or self.error
            case "turn.failed":
                self.error = (
                    stream.text(stream.mapping(event.get("error")).get("message")) or self.error or "turn failed"
                )
            case "turn.completed":
                self.completed, self.error = True, ""
                self._take_usage(stream.mapping(event.get("usage")))

    def _take_item(self, item: Mapping[str, Any]) -> None:
        kind, status = item.get("type"), item.get("status")
        if kind == "agent_message":
            self.text = stream.text(item.get("text"))
            return
        if kind in {"command_execution", "file_change", "mcp_tool_call"}:
            self.text = ""  # what was said before a tool is not the last word
        if status == "completed":
            self.worked, self.declined = True, ""
        elif status == "declined":
            self.declined = f"{kind}: {item.get('command') or 'declined'}"
        elif status == "failed" and _NO_SANDBOX.search(stream.text(item.get("aggregated_output"))):
            self.sandbox = stream.text(item.get("aggregated_output")).strip()

    def _take_usage(self, usage: Mapping[str, Any]) -> None:
        names = {"input": "input_tokens", "output": "output_tokens", "reasoning": "reasoning_output_tokens"}
        found = stream.count(usage, {**names, "cache_read": "cached_input_tokens"})
        # Theirs count a cached token as input as well, and a token of reasoning as output.
        found["input"] = max(0, found["input"] - found["cache_read"])
        found["output"] = max(0, found["output"] - found["reasoning"])
        self.usage = found


def walls(*, read_only: bool) -> str:
    """Name the sandbox of its own that Codex works in, "" for none; it cannot be put up inside of another one."""
    return "Codex's own, read-only" if read_only else ""


def claim(job: Job, exit: Exit) -> Claim:
    """Read the stream: done needs exit 0, a turn that was completed, and a last message."""
    folder = Path(job.folder)
    seen = stream.read(folder / "events.jsonl", Seen())
    bad = fault(seen, record.ended(exit), record.tail(folder / "output.log"), job.read_only)
    return stream.claim(job, exit, _said(seen, _used(job, seen)), bad)


class Rollout(Seen):
    """The file in which Codex keeps a session: it tells the usage after each turn, which the stream does at the end only.

    It counts from the session's beginning; `began` (seconds since the epoch) is when this attempt did.
    """

    def __init__(self, began: float) -> None:
        super().__init__()
        self._began = began
        self._before: dict[str, int] = {}

    def take(self, event: Mapping[str, Any]) -> None:
        """Take in one line of the file; only a count of tokens matters."""
        payload = stream.mapping(event.get("payload"))
        found = stream.mapping(payload.get("info")).get("total_token_usage")
        if payload.get("type") == "token_count" and isinstance(found, dict):
            self._take_usage(found)
            if stream.moment(event.get("timestamp")) < self._began:
                self._before = self.usage

    def own(self) -> dict[str, int]:
        """Tokens of this attempt alone."""
        return {name: max(0, count - self._before.get(name, 0)) for name, count in self.usage.items()}


def _rollout(job: Job) -> Path | None:
    thread = stream.read(Path(job.folder) / "events.jsonl", Seen()).thread
    folder = Path(job.env.get("HOME") or job.folder) / ".codex" / "sessions"
    return next(folder.glob(f"*/*/*/rollout-*{thread}.jsonl"), None) if _THREAD.fullmatch(thread) else None


def _began(job: Job) -> float:
    try:
        return (Path(job.folder) / "spec.json").stat().st_mtime
    except OSError:
        return 0.0


def gauge(job: Job) -> stream.Gauge:
    """Read the usage of each turn in the session's file."""
    seen = Rollout(_began(job))
    return stream.Gauge(lambda: _rollout(job), seen, lambda: _said(seen, seen.own()))


def configs(job: Job) -> list[Path]:
    """Name the configuration of the attempt."""
    return [_home(job) / "config.toml"] if job.env.get("HOME") else []


def subscribed(env: Mapping[str, str], model: str) -> bool:  # noqa: ARG001 - the face of every adapter
    """Say whether a login with ChatGPT pays: there is one, and no key goes before it."""
    try:
        login = json.loads((_folder(env) / "auth.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(login, dict) and bool(login.get("tokens")) and not env.get("CODEX_API_KEY")


def _said(seen: Seen, usage: Mapping[str, int]) -> stream.Said:
    return stream.Said(seen.text, seen.thread, sum(usage.values()), usage)


def _used(job: Job, seen: Seen) -> Mapping[str, int]:
    """Tokens of this attempt alone: a thread that went on counts from the thread's beginning."""
    path = _rollout(job)
    told = stream.read(path, Rollout(_began(job))).own() if path else {}
    if told:
        return told
    for folder in record.earlier(job) if job.session and seen.usage else ():
        before = stream.read(folder / "events.jsonl", Seen())
        if before.usage and before.thread == seen.thread:
            return {name: max(0, count - before.usage[name]) for name, count in seen.usage.items()}
    return seen.usage


def fault(seen: Seen, ended: bool, log: str, read_only: bool = False) -> Claim | None:
    """Say what went wrong, from the stream; None when nothing did, or when only the exit status can tell.

    `ended` says that the process ended with exit 0, `log` is the end of its stderr.
    """
    if seen.error:
        return _error(seen.error)
    if not ended:
        return stream.failed(log, "session") if "no rollout found" in log else None
    if seen.sandbox and not seen.worked:
        said = f"Codex's own sandbox does not work here, so no command ran: {seen.sandbox}"
        return stream.failed(said, "sandbox")
    if seen.declined and not (read_only and seen.text.strip()):
        return stream.refused(seen.declined)
    if not seen.completed or not seen.text.strip():
        said = "no final text" if seen.completed else "the stream broke off"
        return stream.wordless(said, log)
    return None


def _error(said: str) -> Claim:
    found = _STATUS.search(said)
    status = int(found[1]) if found else next((status for status, words in _SAID if words.search(said)), 0)
    extra = {"status": status} if status else {}
    if _CONTEXT.search(said):
        return Claim("partial", said, error=said, extra={"cause": "context"})
    if status == 429:
        return Claim("rate_limited", said, error=said, extra={**extra, **stream.waits(said)})
    if status in {401, 403}:
        said += "; log in once with `codex login`, or name the key of your environment in the worker's pass_env"
    return Claim("failed", said, error=said, extra=extra)


def parts(path: Path) -> Iterator[tuple[str, str, Any]]:
    """Tell the tools and texts at the end of a stream."""
    for event in stream.recent(path):
        item = stream.mapping(event.get("item"))
        if event.get("type") != "item.completed" or item.get("type") == "error":
            continue
        if isinstance(item.get("text"), str):
            yield "", item["text"], None
        else:
            asked = item.get("command") or item.get("changes") or item.get("arguments") or item.get("query")
            yield str(item.get("type")), "", asked


def _home(job: Job) -> Path:
    return Path(job.env["HOME"]) / ".codex"
