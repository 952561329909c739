"""What is Codex's own: the configuration of an attempt, the user's login, and ends that only it has."""

import json
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline import workers
from branchline.errors import InputError, SettingsError
from branchline.model.run import Claim, Exit
from branchline.workers import codex
from workers_bench import Bench

USER = """
model = "gpt-x"
model_provider = "acme"
approval_policy = "on-request"
sandbox_mode = "danger-full-access"
notify = ["touch", "/tmp/x"]
[model_providers.acme]
name = "Acme \\"and\\" sons"
base_url = "http://gate"
query_params = { "api-version" = "1" }
http_headers = {}
request_max_retries = 2
[mcp_servers.db]
command = "db"
[projects."/somewhere"]
trust_level = "trusted"
"""
LOGIN = {"OPENAI_API_KEY": None, "tokens": {"access_token": "t", "refresh_token": "r", "account_id": "a"}}


def bench(tmp: Path, user: str = "", login: Any = None, **more: Any) -> tuple[Bench, dict[str, str], Path]:
    made = Bench(tmp, "codex", **more)
    home = tmp / "user"
    (home / ".codex").mkdir(parents=True)
    (home / ".codex" / "config.toml").write_text(user)
    if login is not None:
        (home / ".codex" / "auth.json").write_text(json.dumps(login))
    return made, {"HOME": str(home)}, Path(made.env["HOME"]) / ".codex"


@pytest.mark.parametrize("lean", [True, False])
def test_the_users_account_counts_and_nothing_else_of_the_users_configuration(lean: bool) -> None:
    user = tomllib.loads(USER)
    made = tomllib.loads(codex.configuration(user, lean=lean))
    assert {name: made[name] for name in ("model", "model_provider", "model_providers")} == {
        name: user[name] for name in ("model", "model_provider", "model_providers")
    }
    assert not {"notify", "projects", "approval_policy", "sandbox_mode"} & set(made)
    assert made.get("mcp_servers") == (None if lean else user["mcp_servers"])
    assert made["check_for_update_on_startup"] is False


VALUES = st.recursive(
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(VALUES)
def test_whatever_a_configuration_holds_is_written_as_it_was_read(value: Any) -> None:
    assert tomllib.loads(codex.configuration({"model_providers": value}))["model_providers"] == value


def test_it_is_started_in_a_home_of_its_own(tmp_path: Path) -> None:
    made, base, home = bench(tmp_path, USER, model="openai/gpt-y", variant="high", session="t-1")
    made.adapter.prepare(made.job, base)
    command = made.adapter.command(made.job)
    assert command.argv[:6] == ("codex", "exec", "--json", "--skip-git-repo-check", "--color", "never")
    assert command.argv[6:9] == ("--dangerously-bypass-approvals-and-sandbox", "-m", "gpt-y")
    assert command.argv[9:] == ("-c", 'model_reasoning_effort="high"', "resume", "t-1", "-")
    assert command.env["CODEX_HOME"] == str(home)
    assert stat.S_IMODE((home / "config.toml").stat().st_mode) == 0o600


def test_only_a_reading_role_has_walls_that_cannot_stand_in_ours() -> None:
    assert [bool(workers.walls("codex", read_only=read)) for read in (True, False)] == [True, False]
    assert workers.walls("shell", read_only=True) == ""


def test_a_reading_role_works_in_the_read_only_sandbox(tmp_path: Path) -> None:
    made, _, _ = bench(tmp_path, read_only=True)
    argv = made.adapter.command(made.job).argv
    assert argv[6:8] == ("--sandbox", "read-only")
    assert not any("bypass" in word for word in argv)


def test_an_agent_of_another_program_is_refused(tmp_path: Path) -> None:
    made, _, _ = bench(tmp_path, agent="critic")
    with pytest.raises(SettingsError, match="critic"):
        made.adapter.command(made.job)


def test_a_login_is_lent_without_the_means_to_renew_it(tmp_path: Path) -> None:
    made, base, home = bench(tmp_path, login=LOGIN)
    made.adapter.prepare(made.job, base)
    lent = json.loads((home / "auth.json").read_text())
    assert lent == {**LOGIN, "tokens": {"access_token": "t", "refresh_token": "", "account_id": "a"}}
    assert stat.S_IMODE((home / "auth.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("how", ["pass_env", "broken"])
def test_no_login_is_lent_where_none_is_needed_or_there_is_none(tmp_path: Path, how: str) -> None:
    made, base, home = bench(tmp_path, login=[] if how == "broken" else LOGIN)
    job = made.job._replace(env={**made.env, "CODEX_API_KEY": "k"}) if how == "pass_env" else made.job
    made.adapter.prepare(job, base)
    assert not (home / "auth.json").exists()


def test_a_configuration_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    made, base, _ = bench(tmp_path, "model = ")
    with pytest.raises(InputError, match=r"config\.toml"):
        made.adapter.prepare(made.job, base)


def item(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": "item.completed", "item": {"id": "i", "type": kind, "status": "completed", **more}}


def failed(message: str) -> dict[str, Any]:
    return {"type": "turn.failed", "error": {"message": message}}


START, END = {"type": "thread.started", "thread_id": "t"}, {"type": "turn.completed", "usage": {}}
SAID = {"type": "item.completed", "item": {"id": "i", "type": "agent_message", "text": "It is so."}}
NO_SANDBOX = item(
    "command_execution", status="failed", aggregated_output="bwrap: execvp codex-linux-sandbox: not there"
)
BUSY = "We’re currently experiencing high demand, which may cause temporary errors."
FULL = "Codex ran out of room in the model's context window. Start a new thread."
ENDS: dict[str, tuple[str, list[dict[str, Any]], int]] = {
    "a harmless item": ("done", [START, item("error", message="no metadata"), SAID, END], 0),
    "an error that passed": ("done", [START, {"type": "error", "message": "Reconnecting"}, SAID, END], 0),
    "no sandbox": ("failed", [START, NO_SANDBOX, SAID, END], 0),
    "one command without": ("done", [START, NO_SANDBOX, item("command_execution"), SAID, END], 0),
    "declined": ("permission", [START, item("command_execution", status="declined", command="rm"), SAID, END], 0),
    "the last word was before a tool": ("no_output", [START, SAID, item("command_execution"), END], 0),
    "no end": ("no_output", [START, SAID], 0),
    "full": ("partial", [START, failed(FULL)], 1),
    "busy": ("failed", [START, failed(BUSY)], 1),
    "the limit of a subscription": ("rate_limited", [START, failed("You've hit your usage limit.")], 1),
    "an error that tells nothing": ("failed", [START, {"type": "turn.failed", "error": 5}], 1),
}


def read(tmp: Path, events: list[dict[str, Any]], code: int, **more: Any) -> Claim:
    made, _, _ = bench(tmp, **more)
    (made.folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    return made.claim(Exit(code))


@pytest.mark.parametrize("name", ENDS)
def test_exit_0_is_not_success(tmp_path: Path, name: str) -> None:
    expected, events, code = ENDS[name]
    claim = read(tmp_path, events, code)
    assert claim.status == expected, claim
    assert claim.error or expected == "done"
    if name == "busy":
        assert claim.extra["status"] == 503, "the provider's lane pauses"


def test_cached_and_reasoning_tokens_are_counted_once(tmp_path: Path) -> None:
    usage = {"input_tokens": 100, "cached_input_tokens": 80, "output_tokens": 50, "reasoning_output_tokens": 30}
    claim = read(tmp_path, [START, SAID, {**END, "usage": usage}], 0)
    assert claim.tokens == 150
    assert claim.extra["usage"] == {"input": 20, "cache_read": 80, "output": 20, "reasoning": 30}
