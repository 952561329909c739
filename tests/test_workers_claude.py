"""What is Claude Code's own: the settings of an attempt, the user's login, and ends that only it has."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from branchline.errors import InputError
from branchline.model.run import Claim, Exit
from branchline.workers import claude
from workers_bench import Bench

LOGIN = {"claudeAiOauth": {"accessToken": "t", "refreshToken": "r", "expiresAt": 1, "subscriptionType": "max"}}
USER = {
    "model": "opus",
    "env": {"ANTHROPIC_BASE_URL": "http://gate"},
    "hooks": {"SessionStart": []},
    "permissions": {"allow": ["Bash(rm:*)"], "defaultMode": "bypassPermissions"},
    "enabledPlugins": {"x": True},
    "statusLine": {"command": "date"},
}


def bench(tmp: Path, user: Any = None, login: Any = None, **more: Any) -> tuple[Bench, dict[str, str]]:
    made = Bench(tmp, "claude", **more)
    home = tmp / "user"
    (home / ".claude").mkdir(parents=True)
    if user is not None:
        (home / ".claude" / "settings.json").write_text(user if isinstance(user, str) else json.dumps(user))
    if login is not None:
        (home / ".claude" / ".credentials.json").write_text(json.dumps(login))
    return made, {"HOME": str(home)}


@pytest.mark.parametrize("read_only", [False, True])
def test_the_users_account_counts_and_nothing_else_of_the_users_settings(read_only: bool) -> None:
    made = claude.settings(USER, read_only)
    assert set(made) == {"model", "env", "permissions"}
    allow, deny = set(made["permissions"]["allow"]), set(made["permissions"]["deny"])
    assert ("Bash" in allow) is not read_only
    assert ({"Bash", "Edit", "Write", "NotebookEdit"} <= deny) is read_only
    assert "AskUserQuestion" in deny
    assert not allow & deny
    assert made["permissions"]["defaultMode"] == ("dontAsk" if read_only else "acceptEdits")


def test_it_is_started_on_the_settings_of_the_attempt_alone(tmp_path: Path) -> None:
    made, base = bench(tmp_path, USER, model="anthropic/claude-x", variant="high", agent="critic", session="s-1")
    made.adapter.prepare(made.job, base)
    command = made.adapter.command(made.job)
    assert command.argv[:5] == ("claude", "-p", "--output-format", "stream-json", "--verbose")
    assert command.argv[5:10] == (
        "--settings",
        str(made.folder / "claude.json"),
        "--setting-sources",
        "",
        "--strict-mcp-config",
    )
    assert command.argv[10:] == ("--model", "claude-x", "--effort", "high", "--agent", "critic", "--resume", "s-1")
    assert stat.S_IMODE((made.folder / "claude.json").stat().st_mode) == 0o600
    assert command.env["DISABLE_AUTOUPDATER"] == "1"


def test_mcp_servers_are_there_only_when_they_are_asked_for(tmp_path: Path) -> None:
    made, base = bench(tmp_path, lean=False)
    (tmp_path / "user" / ".claude.json").write_text(
        json.dumps({"mcpServers": {"db": {"command": "db"}}, "userID": "me"})
    )
    made.adapter.prepare(made.job, base)
    argv = made.adapter.command(made.job).argv
    servers = json.loads(Path(argv[argv.index("--mcp-config") + 1]).read_text())
    assert servers == {"mcpServers": {"db": {"command": "db"}}}


def test_a_login_is_lent_without_the_means_to_renew_it(tmp_path: Path) -> None:
    made, base = bench(tmp_path, login=LOGIN)
    made.adapter.prepare(made.job, base)
    lent = Path(made.env["HOME"]) / ".claude" / ".credentials.json"
    assert json.loads(lent.read_text()) == {"claudeAiOauth": {**LOGIN["claudeAiOauth"], "refreshToken": None}}
    assert stat.S_IMODE(lent.stat().st_mode) == 0o600


@pytest.mark.parametrize("how", ["pass_env", "settings", "helper", "broken"])
def test_no_login_is_lent_where_none_is_needed_or_there_is_none(tmp_path: Path, how: str) -> None:
    user = {"settings": {"env": {"ANTHROPIC_AUTH_TOKEN": "x"}}, "helper": {"apiKeyHelper": "key"}}.get(how)
    made, base = bench(tmp_path, user, [] if how == "broken" else LOGIN)
    job = made.job._replace(env={**made.env, "ANTHROPIC_API_KEY": "k"}) if how == "pass_env" else made.job
    made.adapter.prepare(job, base)
    assert not (Path(made.env["HOME"]) / ".claude").exists()


def test_settings_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    for index, wrong in enumerate(("{", "[]")):
        (tmp_path / str(index)).mkdir()
        made, base = bench(tmp_path / str(index), wrong)
        with pytest.raises(InputError, match=r"settings\.json"):
            made.adapter.prepare(made.job, base)


def result(**more: Any) -> dict[str, Any]:
    return {"type": "result", "subtype": "success", "is_error": False, "result": "It is so.", "session_id": "s", **more}


def said(text: str = "It is so.", **more: Any) -> dict[str, Any]:
    message = {"id": "m1", "role": "assistant", "content": [{"type": "text", "text": text}]}
    return {"type": "assistant", "message": message, "session_id": "s", **more}


def used(**more: Any) -> dict[str, Any]:
    content = [{"type": "tool_result", "content": "ok", **more}]
    return {"type": "user", "message": {"role": "user", "content": content}, "session_id": "s"}


DENIED = {"type": "system", "subtype": "permission_denied", "tool_name": "Write", "message": "not there"}
LIMIT = {"type": "rate_limit_event", "rate_limit_info": {"status": "rejected", "resetsAt": 1792567680}}
TOO_LONG = "Prompt is too long · the request is ~250000 tokens (limit 200000)"
ENDS: dict[str, tuple[str, list[dict[str, Any]], int]] = {
    "denied, then a word": ("permission", [DENIED, used(is_error=True), said(), result()], 0),
    "denied, then another way": ("done", [DENIED, used(is_error=True), used(), said(), result()], 0),
    "a word of a sub-agent only": ("no_output", [said(parent_tool_use_id="t"), result(result="")], 0),
    "too many turns": ("partial", [said(), result(subtype="error_max_turns", is_error=True, errors=["Reached"])], 1),
    "too long": ("partial", [result(is_error=True, api_error_status=400, result=TOO_LONG)], 1),
    "over the budget": ("failed", [result(subtype="error_max_budget_usd", is_error=True, errors=["Reached"])], 1),
    "overloaded": ("rate_limited", [result(is_error=True, api_error_status=529, result="API Error: 529")], 1),
    "the limit of a subscription": (
        "rate_limited",
        [LIMIT, result(is_error=True, result="You've hit your session limit")],
        1,
    ),
    "cut": ("partial", [said(), result(stop_reason="max_tokens")], 0),
    "never logged in": ("failed", [result(is_error=True, result="Not logged in · Please run /login")], 1),
    "an end that tells nothing": ("failed", [result(is_error=True, result=5, errors={}, modelUsage=[])], 1),
    "an old question": ("done", [said("BLOCKED: which?"), used(), said(), result()], 0),
    "no end": ("no_output", [said()], 0),
}


def read(tmp: Path, events: list[dict[str, Any]], code: int, **more: Any) -> Claim:
    made, _ = bench(tmp, **more)
    (made.folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    return made.claim(Exit(code))


@pytest.mark.parametrize("name", ENDS)
def test_neither_exit_0_nor_the_word_success_is_believed(tmp_path: Path, name: str) -> None:
    expected, events, code = ENDS[name]
    claim = read(tmp_path, events, code)
    assert claim.status == expected, claim
    assert claim.error or expected == "done"
    if name == "the limit of a subscription":
        assert claim.extra["reset_at"] == 1792567680
    if name == "never logged in":
        assert "pass_env" in claim.error


def test_a_reading_role_is_done_though_it_was_denied_something(tmp_path: Path) -> None:
    assert read(tmp_path, [DENIED, used(is_error=True), said(), result()], 0, read_only=True).status == "done"


@pytest.mark.parametrize(("end", "code"), [([], 1), ([result()], 0)], ids=["killed", "its end tells no usage"])
def test_without_a_table_it_has_used_what_its_messages_say(tmp_path: Path, end: list[Any], code: int) -> None:
    message = {
        "id": "m1",
        "content": [],
        "usage": {"input_tokens": 90, "output_tokens": 1, "cache_read_input_tokens": 9},
    }
    twice = [{"type": "assistant", "message": message, "session_id": "s"}] * 2
    claim = read(tmp_path, [*twice, *end], code)
    assert (claim.tokens, claim.session) == (100, "s")
