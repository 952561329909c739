"""What agents tell of limits, of usage while they are at work, and of who pays: each by its own stream."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from branchline import workers
from branchline.budget import cost, price_of
from branchline.config import WorkerSettings
from branchline.model.run import Exit
from branchline.workers.stream import waits
from test_engine_lanes import Shift
from workers_bench import Bench

ARGV = {"acp": ("agent",), "shell": ("true",)}
THREAD = "0199aaaa-bbbb-cccc"
LIMITS: Mapping[str, Any] = {
    "claude": (
        [
            {"type": "rate_limit_event", "rate_limit_info": {"status": "rejected", "resetsAt": 1090}},
            {"type": "result", "is_error": True, "result": "You've hit your limit", "api_error_status": 429},
        ],
        90,
    ),
    "opencode": (
        [
            {
                "type": "error",
                "error": {
                    "name": "APIError",
                    "data": {"message": "slow down", "statusCode": 429, "responseHeaders": {"retry-after": "45"}},
                },
            }
        ],
        45,
    ),
    "codex": (
        [
            {"type": "thread.started", "thread_id": THREAD},
            {
                "type": "turn.failed",
                "error": {"message": "You've hit your usage limit. Upgrade to Pro or try again in 3 hours 22 minutes."},
            },
        ],
        3 * 3600 + 22 * 60,
    ),
    "acp": (
        [{"type": "error", "method": "session/prompt", "message": "429 too many requests", "data": {"retryAfter": 20}}],
        20,
    ),
}
"""Kind of worker -> the end of its stream at a limit, and after how many seconds its provider says it takes requests again."""


def bench(tmp: Path, kind: str, events: list[Any], **more: Any) -> Bench:
    made = Bench(tmp, kind, ARGV.get(kind, ()), **more)
    write(made, events)
    return made


def write(made: Bench, events: list[Any]) -> None:
    path = made.folder / ("events.jsonl" if made.adapter.STREAM else "output.log")
    with path.open("a") as file:
        file.writelines(json.dumps(event) + "\n" for event in events)


@pytest.mark.parametrize("kind", LIMITS)
def test_a_limit_pauses_the_lane_until_the_providers_own_time_and_spends_no_try(kind: str, tmp_path: Path) -> None:
    events, seconds = LIMITS[kind]
    claim = workers.get(kind).claim(bench(tmp_path, kind, events).job, Exit(1))
    assert claim.status == "rate_limited"
    shift = Shift(slots=2, lanes={})
    shift.start()
    shift.end("t0", claim._asdict())
    assert shift.state.lanes["big"].until == shift.now + seconds
    row = shift.state.tasks["t0"]
    assert (row.state, row.tries, row.retry_at) == ("paused", 0, shift.now + seconds)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("Rate limit reached for gpt-5. Please try again in 1.898s.", {"retry_after": 1.898}),
        ("try again in 20ms", {"retry_after": 1.0}),
        ("or try again in 2 days 5 hours", {"retry_after": 2 * 86400.0 + 5 * 3600.0}),
        ("quota exceeded, retry after 30 seconds", {"retry_after": 30.0}),
        ("Claude AI usage limit reached|1792567680", {"reset_at": 1792567680.0}),
        pytest.param(f"try again in {'9' * 200_000}x", {}, id="many digits"),
        ("please try again in a while", {}),
        ("try again later", {}),
        ("", {}),
    ],
)
def test_a_wait_is_read_from_words(said: str, found: dict[str, float]) -> None:
    assert waits(said) == pytest.approx(found)


def turn(kind: str, number: int) -> list[dict[str, Any]]:
    """What an agent tells after a turn that has read 1000 tokens and written 100."""
    usage = {"input_tokens": 1000, "output_tokens": 100}
    if kind == "claude":
        return [{"type": "assistant", "message": {"id": f"m{number}", "model": "claude-opus-5", "usage": usage}}]
    if kind == "opencode":
        return [{"type": "step_finish", "part": {"reason": "tool-calls", "tokens": {"input": 1000, "output": 100}}}]
    return [{"type": "usage", "input": 1000, "output": 100}]


@pytest.mark.parametrize("kind", ["claude", "opencode", "shell", "scripted"])
def test_usage_is_read_turn_by_turn_while_a_worker_is_at_work(kind: str, tmp_path: Path) -> None:
    made = bench(tmp_path, kind, [])
    gauge = workers.gauge(kind, made.job)
    assert gauge is not None
    assert gauge.look() is None
    for number in range(1, 4):
        write(made, turn(kind, number))
        said = gauge.look()
        assert said is not None
        assert said.tokens == 1100 * number
        assert gauge.look() is None, "nothing new"
    with (made.folder / ("events.jsonl" if made.adapter.STREAM else "output.log")).open("a") as file:
        file.write('{"type": "usage", "inp')
    assert gauge.look() is None, "half a line is no line yet"
    assert workers.get(kind).claim(made.job, Exit(1)).tokens == 3300, "the end says the same"


def test_codex_tells_its_usage_in_the_file_of_its_session(tmp_path: Path) -> None:
    made = bench(tmp_path, "codex", [{"type": "thread.started", "thread_id": THREAD}])
    gauge = workers.gauge("codex", made.job)
    assert gauge is not None
    assert gauge.look() is None
    folder = Path(made.env["HOME"]) / ".codex" / "sessions" / "2026" / "11" / "25"
    folder.mkdir(parents=True)
    path = folder / f"rollout-2026-11-25T10-00-00-{THREAD}.jsonl"
    began = (made.folder / workers.SPEC).stat().st_mtime

    def count(at: str, tokens: int) -> None:
        usage = {"input_tokens": tokens, "cached_input_tokens": 0, "output_tokens": 100, "reasoning_output_tokens": 0}
        line = {
            "timestamp": at,
            "type": "event_msg",
            "payload": {"type": "token_count", "info": {"total_token_usage": usage}},
        }
        with path.open("a") as file:
            file.write(json.dumps(line) + "\n")

    assert began > 1_700_000_000
    count("2020-01-01T00:00:00.000Z", 5000)  # an earlier attempt of the same session
    count("2099-01-01T00:00:00.000Z", 7000)
    said = gauge.look()
    assert said is not None
    assert said.tokens == 2000
    assert workers.get("codex").claim(made.job, Exit(None, 15, cause="cancelled")).tokens == 2000


def test_acp_tells_its_cost_while_it_is_at_work(tmp_path: Path) -> None:
    made = bench(tmp_path, "acp", [])
    gauge = workers.gauge("acp", made.job)
    assert gauge is not None
    write(made, [{"type": "update", "update": {"sessionUpdate": "usage_update", "cost": {"amount": 0.25}}}])
    said = gauge.look()
    assert said is not None
    assert said.cost == 0.25


def test_the_words_of_a_program_are_not_its_lines_of_usage(tmp_path: Path) -> None:
    made = bench(tmp_path, "scripted", [*turn("scripted", 1)])
    with (made.folder / "output.log").open("a") as file:
        file.write("all is well\n")
    write(made, turn("scripted", 2))
    claim = made.adapter.claim(made.job, Exit(0))
    assert (claim.summary, claim.tokens) == ("all is well", 2200)


@pytest.mark.parametrize(
    ("kind", "files", "env", "flat"),
    [
        ("claude", {".claude/.credentials.json": "{}"}, {}, True),
        ("claude", {".claude/.credentials.json": "{}"}, {"ANTHROPIC_API_KEY": "k"}, False),
        ("claude", {}, {"CLAUDE_CODE_OAUTH_TOKEN": "t"}, True),
        ("claude", {}, {}, False),
        ("codex", {".codex/auth.json": '{"tokens": {"access_token": "t"}}'}, {}, True),
        ("codex", {".codex/auth.json": '{"OPENAI_API_KEY": "k"}'}, {}, False),
        ("codex", {".codex/auth.json": "["}, {}, False),
        ("opencode", {".local/share/opencode/auth.json": '{"acme": {"type": "oauth"}}'}, {}, True),
        ("opencode", {".local/share/opencode/auth.json": '{"acme": {"type": "api"}}'}, {}, False),
        ("opencode", {".local/share/opencode/auth.json": '{"other": {"type": "oauth"}}'}, {}, False),
        ("opencode", {".local/share/opencode/auth.json": "[1]"}, {}, False),
        ("shell", {}, {}, False),
        ("acp", {}, {}, False),
    ],
)
def test_who_pays_is_seen_by_the_logins(
    kind: str, files: dict[str, str], env: dict[str, str], flat: bool, tmp_path: Path
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    base = {"HOME": str(tmp_path), **env}
    worker = WorkerSettings(kind=kind, pass_env=tuple(env))
    assert workers.is_flat(worker, base, "acme/large") is flat
    assert workers.is_flat(WorkerSettings(kind=kind, billing="subscription"), base) is True
    assert workers.is_flat(WorkerSettings(kind=kind, billing="key"), base) is False


def test_a_key_that_the_worker_does_not_inherit_pays_nothing(tmp_path: Path) -> None:
    (tmp_path / ".claude").mkdir()
    (tmp_path / ".claude" / ".credentials.json").write_text("{}")
    base = {"HOME": str(tmp_path), "ANTHROPIC_API_KEY": "k", "PATH": os.environ["PATH"]}
    assert workers.is_flat(WorkerSettings(kind="claude"), base) is True


def test_prices_are_the_users_then_the_longest_name_that_fits() -> None:
    own = {"acme/": {"input": 1.0}, "acme/big": {"input": 2.0}}
    assert price_of("acme/big-2", own) == {"input": 2.0}
    assert price_of("acme/small", own) == {"input": 1.0}
    assert price_of("anthropic/claude-opus-4-5-20251101") == price_of("claude-opus-4-6")
    assert price_of("claude-opus-4-20250514") != price_of("claude-opus-4-5")
    assert price_of("openai/gpt-5-mini-2025") != price_of("openai/gpt-5-2025")
    assert price_of("gpt-5.5-pro") != price_of("gpt-5.5"), "a model that costs more is no cheaper by its first letters"
    assert price_of("nobody/knows") is None
    assert price_of("") is None
    usage = {"input": 1_000_000, "output": 100_000, "reasoning": 100_000, "cache_read": 1_000_000}
    assert cost(usage, {"input": 3.0, "output": 15.0, "cache_read": 0.3}) == pytest.approx(3 + 1.5 + 1.5 + 0.3)
