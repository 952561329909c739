"""Claude Code, one process per task: `claude -p --output-format stream-json`, the prompt on stdin.

It runs on settings made for the attempt and on no others: no hook, no MCP server and no permission of the user or of
the repository counts. What may not be done is denied, never asked, for nobody sits at the terminal.
"""

import json
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from branchline.errors import InputError
from branchline.model.run import Claim, Command, Exit, Job
from branchline.workers import private, record, stream
from branchline.workers.standing import Standing
from branchline.workers.stream import number

INSTALL: Final = "npm install -g @anthropic-ai/claude-code"
TESTED: Final = "2.1.329"
PROGRAM: Final = "claude"
RESUME: Final = True
STREAM: Final = True
_AGENT: Final = "Claude Code"
_SWITCHES: Final = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_TELEMETRY": "1",
}
# Ten, its own number, would sit out a rate limit for minutes; the lane waits without holding a slot.
_RETRIES: Final = "3"
_KEPT: Final = (
    "env", "model", "modelOverrides", "availableModels", "apiKeyHelper", "awsAuthRefresh", "awsCredentialExport",
    "forceLoginMethod", "forceLoginOrgUUID", "attribution", "includeCoAuthoredBy", "language",
)  # fmt: skip
"""What counts of the user's settings: which model, with whose key, and how commits are signed."""
_KEYS: Final = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN")
_CLOUDS: Final = ("CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY")
_WRITING: Final = ("Edit", "Write", "NotebookEdit", "Bash")
_NEVER: Final = (
    "AskUserQuestion", "EnterPlanMode", "ExitPlanMode", "EnterWorktree", "ExitWorktree", "CronCreate", "CronDelete",
    "CronList", "ScheduleWakeup",
)  # fmt: skip
"""Tools that wait for a person or for a later time, or leave the worktree."""
_LETTERS: Final = 4
"""Letters of JSON that a token is taken to have; for prose and code it is not less."""
_LIMIT: Final = re.compile(r"limit reached|hit your .{0,40}limit", re.I)
_COUNTS: Final = {
    "input": "inputTokens",
    "output": "outputTokens",
    "cache_read": "cacheReadInputTokens",
    "cache_write": "cacheCreationInputTokens",
}
_OF_MESSAGE: Final = {
    "input": "input_tokens",
    "output": "output_tokens",
    "cache_read": "cache_read_input_tokens",
    "cache_write": "cache_creation_input_tokens",
}


def prepare(job: Job, base: Mapping[str, str]) -> None:
    """Write the settings of this attempt, and the login of the user of `base` where no key is passed."""
    record.clear(job)
    source = _folder(base)
    user = private.read_object(source / "settings.json", _AGENT)
    private.write(_settings(job), json.dumps(settings(user, job.read_only), indent=1, ensure_ascii=False) + "\n")
    if not job.lean:
        servers = stream.mapping(_state(base).get("mcpServers"))
        private.write(_servers(job), json.dumps({"mcpServers": servers}) + "\n")
    keyed = user.get("apiKeyHelper") or any(name in {**job.env, **stream.mapping(user.get("env"))} for name in _KEYS)
    if job.env.get("HOME") and not keyed:
        _copy_login(source, Path(job.env["HOME"]) / ".claude")


def settings(user: Mapping[str, Any], read_only: bool) -> dict[str, Any]:
    """Make the settings of one attempt: who pays from the user's, what is allowed from the role."""
    permissions = {
        "allow": ["WebFetch", "WebSearch", *([] if read_only else ["Bash"])],
        "deny": [*(_WRITING if read_only else ()), *_NEVER],
        # Edits inside the worktree; one outside of it is asked for, and therefore denied.
        "defaultMode": "dontAsk" if read_only else "acceptEdits",
        "disableBypassPermissionsMode": "disable",
    }
    return {**{name: user[name] for name in _KEPT if name in user}, "permissions": permissions}


def _folder(base: Mapping[str, str]) -> Path:
    return Path(base.get("CLAUDE_CONFIG_DIR") or Path(base.get("HOME", "/")) / ".claude")


def _state(base: Mapping[str, str]) -> dict[str, Any]:
    """What Claude Code keeps of the user beside the settings; raises InputError when it cannot be read."""
    folder = _folder(base)
    return private.read_object((folder if base.get("CLAUDE_CONFIG_DIR") else folder.parent) / ".claude.json", _AGENT)


def standing(base: Mapping[str, str], given: Mapping[str, str], root: Path) -> Standing:
    """Say which subscription, key or cloud pays and which rules ask; `given` is what of the environment reaches the worker.

    Raises InputError for a configuration that cannot be read.
    """
    user = private.read_object(_folder(base) / "settings.json", _AGENT)
    secret = _folder(base) / ".credentials.json"
    login = stream.mapping(private.read_object(secret, _AGENT).get("claudeAiOauth"))
    own = {**given, **stream.mapping(user.get("env"))}
    accounts = [f"{name} (passed)" for name in _KEYS if own.get(name)]
    accounts += ["apiKeyHelper (your settings)"] if user.get("apiKeyHelper") else []
    accounts += [f"{name} (your settings)" for name in _CLOUDS if own.get(name)]
    over = login and 0 < number(login.get("expiresAt")) / 1000 < time.time()
    if login and not over:
        accounts.append(f"subscription ({stream.text(login.get('subscriptionType')) or 'claude.ai'})")
    gone = "the login of your Claude subscription has expired, and a worker may not renew it"
    trouble = ((gone, "start `claude` once, which renews it"),) if over and not accounts else ()
    files = [
        _folder(base) / "settings.json",
        *(root / ".claude" / name for name in ("settings.json", "settings.local.json")),
    ]
    asks = tuple(f"{path}: permissions.ask: {rule}" for path in files for rule in _asked(path))
    return Standing(tuple(accounts), tuple(n for n in _KEYS if base.get(n)), (secret,) if login else (), asks, trouble)


def _asked(path: Path) -> list[str]:
    try:
        rules = stream.mapping(private.read_object(path, _AGENT).get("permissions")).get("ask")
    except InputError:
        return []  # the user's own was read before; no worker reads that of a checkout
    return [str(rule) for rule in rules] if isinstance(rules, list) else []


def _copy_login(source: Path, target: Path) -> None:
    """Copy the login without its means to renew itself: two that renew the same one log each other out."""
    try:
        login = json.loads((source / ".credentials.json").read_text(encoding="utf-8"))["claudeAiOauth"]
        private.write(target / ".credentials.json", json.dumps({"claudeAiOauth": {**login, "refreshToken": None}}))
    except (OSError, ValueError, KeyError, TypeError):
        return  # there is none; the agent will say so


def interactive(job: Job, base: Mapping[str, str]) -> Command:
    """Open Claude Code on the session, with the person's settings; its sessions lie in the task's HOME, so that is its own."""
    own, state = _folder(base) / "settings.json", Path(job.env["HOME"]) / ".claude.json"
    argv = [*(job.argv or (PROGRAM,)), *(["--resume", job.session] if job.session else [])]
    if state.parent.is_dir():  # else it would greet the person as a new user, and without their MCP servers
        servers = stream.mapping(_state(base).get("mcpServers"))
        known = {**private.read_object(state, _AGENT), "hasCompletedOnboarding": True, "mcpServers": servers}
        private.write(state, json.dumps(known))
    env = {name: value for name, value in base.items() if name != "CLAUDE_CONFIG_DIR"}
    return Command((*argv, *(["--settings", str(own)] if own.is_file() else [])), {**env, "HOME": job.env["HOME"]})


def command(job: Job) -> Command:
    """Start `claude -p` on the attempt's own settings and on none of the user's or the repository's."""
    argv = [*(job.argv or (PROGRAM,)), "-p", "--output-format", "stream-json", "--verbose"]
    argv += ["--settings", str(_settings(job)), "--setting-sources", "", "--strict-mcp-config"]
    argv += ["--mcp-config", str(_servers(job))] if not job.lean else []
    model = job.model.removeprefix("anthropic/")
    for flag, value in (
        ("--model", model),
        ("--effort", job.variant),
        ("--agent", job.agent),
        ("--resume", job.session),
    ):
        argv += [flag, value] if value else []
    env = {"CLAUDE_CODE_MAX_RETRIES": _RETRIES, **record.environment(job), **_SWITCHES}
    return Command(tuple(argv), env, job.prompt_file)


class Seen:
    """What a stream told: the session, the last text, its end, what was denied last, and usage."""

    def __init__(self) -> None:
        self.session = ""
        self.model = ""
        self.text = ""
        self.denied = ""
        self.resets = 0.0
        self.result: Mapping[str, Any] | None = None
        self._message = ""
        self._messages: dict[str, Mapping[str, Any]] = {}
        self._letters: dict[str, int] = {}

    def take(self, event: Mapping[str, Any]) -> None:
        """Take in one event; what it cannot read it passes over."""
        self.session = stream.text(event.get("session_id")) or self.session
        match event.get("type"):
            case "assistant":
                self._take_message(stream.mapping(event.get("message")), bool(event.get("parent_tool_use_id")))
            case "user" if not event.get("parent_tool_use_id"):
                self.text = ""
                self._take_results(stream.items(stream.mapping(event.get("message")).get("content")))
            case "system" if event.get("subtype") == "permission_denied":
                self.denied = stream.text(event.get("message")) or f"{event.get('tool_name') or 'a tool'} was denied"
            case "rate_limit_event":
                limit = stream.mapping(event.get("rate_limit_info"))
                self.resets = number(limit.get("resetsAt")) if limit.get("status") == "rejected" else 0.0
            case "result":
                self.result = event

    def _take_message(self, message: Mapping[str, Any], inner: bool) -> None:
        if message.get("model") == "<synthetic>":
            return  # words of the program about an error, not of the model
        known = stream.text(message.get("id"))
        self._messages[known] = stream.mapping(message.get("usage"))
        self._letters[known] = self._letters.get(known, 0) + len(json.dumps(message.get("content")))
        if inner:
            return  # what an agent of the agent says is no last word, but it costs
        self.model = stream.text(message.get("model")) or self.model
        said = "\n".join(
            stream.text(part.get("text")) for part in stream.items(message.get("content")) if "text" in part
        )
        if said:
            self.text = f"{self.text}\n{said}" if self.text and known == self._message else said
            self._message = known

    def _take_results(self, parts: list[Mapping[str, Any]]) -> None:
        """A tool that worked after one that was denied: the agent found another way."""
        if any(part.get("type") == "tool_result" and not part.get("is_error") for part in parts):
            self.denied = ""

    def models(self) -> list[Mapping[str, Any]]:
        """The tables of usage of this run, one for each model; the other table counts a session from its beginning."""
        result = self.result or {}
        tables = result.get("model_usage_since_last_result", result.get("modelUsage"))
        return [stream.mapping(table) for table in stream.mapping(tables).values()]

    def usage(self) -> dict[str, int]:
        """Count the tokens of this run by its end; where that tells none, of the messages that were seen.

        A message is printed before its output is counted: until the end that is estimated by its length.
        """
        tables = [stream.count(table, _COUNTS) for table in self.models()]
        tables = tables or [self._estimated(known, table) for known, table in self._messages.items()]
        return {name: sum(table[name] for table in tables) for name in _COUNTS}

    def _estimated(self, known: str, table: Mapping[str, Any]) -> dict[str, int]:
        found = stream.count(table, _OF_MESSAGE)
        return {**found, "output": max(found["output"], self._letters[known] // _LETTERS)}

    def cost(self) -> float:
        """What this run has cost, in US dollars."""
        return sum(number(table.get("costUSD")) for table in self.models())


def claim(job: Job, exit: Exit) -> Claim:
    """Read the stream: done needs an end that is no error, a final text, and no tool that stayed denied."""
    folder = Path(job.folder)
    seen = stream.read(folder / "events.jsonl", Seen())
    bad = fault(seen, record.ended(exit), record.tail(folder / "output.log"), job.read_only)
    return stream.claim(job, exit, _said(seen), bad)


def gauge(job: Job) -> stream.Gauge:
    """Read the usage of each message, what it has written by its length; the end corrects it, and tells the cost."""
    seen = Seen()
    return stream.Gauge(lambda: Path(job.folder) / "events.jsonl", seen, lambda: _said(seen))


def configs(job: Job) -> list[Path]:
    """Name the settings of the attempt, and its MCP servers."""
    return [_settings(job), _servers(job)]


def subscribed(env: Mapping[str, str], model: str) -> bool:  # noqa: ARG001 - the face of every adapter
    """Say whether a login pays: there is one, or its token is passed, and no key goes before it."""
    if any(env.get(name) for name in _KEYS[:2]):
        return False
    return bool(env.get(_KEYS[2])) or (_folder(env) / ".credentials.json").is_file()


def _said(seen: Seen) -> stream.Said:
    usage = seen.usage()
    return stream.Said(seen.text, seen.session, sum(usage.values()), usage, seen.cost(), seen.model)


def fault(seen: Seen, ended: bool, log: str, read_only: bool = False) -> Claim | None:
    """Say what went wrong, from the stream; None when nothing did, or when only the exit status can tell.

    `ended` says that the process ended with exit 0, `log` is the end of its stderr. A read-only role is denied what it
    may not do, and is done all the same when it answers.
    """
    result = seen.result
    if result is not None and result.get("is_error"):
        return _error(result, seen, log)
    if seen.denied and not (read_only and seen.text.strip()):
        return stream.refused(seen.denied)
    if not ended:
        return None
    if result is None or not seen.text.strip() or not stream.text(result.get("result")).strip():
        said = "the stream broke off" if result is None else "no final text"
        return stream.wordless(said, log)
    if result.get("stop_reason") == "max_tokens":
        return Claim("partial", seen.text, error="the answer was cut at the model's limit", extra={"cause": "context"})
    return None


def _error(result: Mapping[str, Any], seen: Seen, log: str) -> Claim:
    """Read an end that is an error; `subtype` may well say success beside it."""
    told = result.get("errors")
    errors = "\n".join(map(str, told)) if isinstance(told, list) else ""
    said = stream.text(result.get("result")) or errors or log or "Claude Code ended with an error"
    kind, low = stream.text(result.get("subtype")), said.lower()
    status = int(number(result.get("api_error_status")))
    extra: dict[str, Any] = {"status": status} if status else {}
    if status in {429, 529} or _LIMIT.search(said):
        resets = {"reset_at": seen.resets} if seen.resets else stream.waits(said)
        return Claim("rate_limited", said, error=said, extra={**extra, **resets})
    if "no conversation found" in f"{low}\n{log.lower()}":
        return stream.failed(said, "session")
    if kind == "error_max_turns" or "prompt is too long" in low or "output token maximum" in low:
        return Claim("partial", said, error=said, extra={"cause": "turns" if kind == "error_max_turns" else "context"})
    if result.get("api_error") == "connection_failed":
        return stream.failed(said, "unreachable")
    if result.get("stop_reason") == "refusal":
        return stream.failed(said, "refusal")
    if status in {401, 403} or "not logged in" in low:
        said += "; log in once with `claude`, or name the key of your environment in the worker's pass_env"
    return Claim("failed", said, error=said, extra=extra)


def parts(path: Path) -> Iterator[tuple[str, str, Any]]:
    """Tell the tools and texts at the end of a stream."""
    for event in stream.recent(path):
        if event.get("type") != "assistant":
            continue
        for part in stream.items(stream.mapping(event.get("message")).get("content")):
            if part.get("type") == "tool_use":
                yield str(part.get("name")), "", part.get("input")
            elif isinstance(part.get("text"), str):
                yield "", part["text"], None


def _settings(job: Job) -> Path:
    return Path(job.folder) / "claude.json"


def _servers(job: Job) -> Path:
    return Path(job.folder) / "mcp.json"
