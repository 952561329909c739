"""The conformance suite of the adapters: one story, told by each of them.

Agents play back what their real programs were recorded to print (`tests/agents`); `shell` and `scripted`, which have no
model, play the same parts themselves. Every process is real.
"""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from branchline import workers
from branchline.model.run import Claim, Exit
from workers_bench import Bench, servers_of

AGENTS = Path(__file__).parent / "agents"
ASK = {"status": "blocked", "kind": "credential", "text": "which key?", "options": ["a", "b"], "default": "a"}
PLAIN = {"shell", "scripted"}
"""Kinds without a model."""
EXPECTED = {
    "success": "done",
    "question": "blocked",
    "refusal": "failed",
    "error-400": "failed",
    "error-401": "failed",
    "error-429": "rate_limited",
    "error-500": "failed",
    "unreachable": "failed",
    "unknown-model": "failed",
    "empty": "no_output",
    "truncated": "partial",
    "denied": "permission",
    "bare-tool": "done",
    "resume": "done",
    "session-gone": "failed",
    "hang": "timeout",
    "cancel": "cancelled",
    "kill": "failed",
    "lost": "failed",
}
"""Case -> the claim that every adapter makes of it."""
_PROVIDER = {"error-400", "error-401", "error-429", "error-500", "unreachable", "unknown-model", "denied", "bare-tool"}
NOT_THEIRS = {
    "shell": {*_PROVIDER, "resume", "session-gone"},  # a program of the user's has no model, no tools and no sessions
    "scripted": {*_PROVIDER, "session-gone"},  # nor has the player, but it can be told to go on
    # Codex is either let do all, or in a sandbox where a command fails like any other; it waits for a network for ever.
    "codex": {"denied", "unreachable"},
    "acp": {"unreachable"},  # the protocol knows no such error
}
"""Kind -> the cases that cannot happen to it."""
SHELL = {
    "success": 'printf \'%s\' \'{"status": "done"}\' > "$BRANCHLINE_EXIT_FILE"',
    "question": f"cat <<'X'\nI looked.\n```branchline\n{json.dumps(ASK)}\n```\nX",
    "refusal": "echo 'I will not'; exit 1",
    "empty": "cat > /dev/null",
    "truncated": 'echo \'{"status": "partial", "missing": ["b"]}\' > "$BRANCHLINE_EXIT_FILE"',
    "hang": "echo started; exec sleep 60",
}
SCRIPTED: Mapping[str, list[Any]] = {
    "success": [],
    "question": [{"block": ASK}],
    "refusal": [{"answer": {"status": "failed", "text": "I will not"}}],
    "empty": ["silent"],
    "truncated": [{"answer": {"status": "partial", "missing": ["b"]}}],
    "resume": [{"answer": {"status": "done", "summary": "I went on."}}],
    "hang": [{"say": "started"}, "hang"],
}
SERVED = {"acp": "acp_agent.py", "opencode-server": "opencode_server.py"}
"""Kinds whose agent is talked with: a program that plays the other side."""
KILLED = {"hang": "timeout", "cancel": "cancelled", "kill": "", "lost": ""}
"""Cases in which a worker that does not end is ended, with the cause that custody gives."""
ROWS = [(kind, case) for kind in workers.TABLE for case in EXPECTED if case not in NOT_THEIRS.get(kind, ())]


def recording(kind: str, case: str) -> dict[str, Any]:
    """What the program of `kind` printed in a case."""
    found: dict[str, Any] = json.loads((AGENTS / kind / f"{case}.json").read_text(encoding="utf-8"))
    return found


def bare(event: Any) -> Any:
    """An event whose tool tells nothing of what came out (SEEDS S3.18)."""
    if isinstance(event, dict):
        told = {"output", "aggregated_output", "exit_code"} | (
            {"content"} if event.get("type") == "tool_result" else set()
        )
        return {
            name: bare(value) for name, value in event.items() if name not in told or isinstance(value, int | float)
        }
    return [bare(item) for item in event] if isinstance(event, list) else event


def program(tmp: Path, kind: str, case: str) -> tuple[str, ...]:
    """The argv of a worker that plays its part in a case."""
    part = "hang" if case in KILLED else case
    if kind == "shell":
        return ("sh", "-c", SHELL[part])
    if kind == "scripted":
        scenario = tmp / f"{case}.yaml"
        scenario.write_text(json.dumps({"tasks": {"t1": [SCRIPTED[part]]}}))
        return (str(scenario),)
    if kind in SERVED:
        return (sys.executable, str(AGENTS / SERVED[kind]), part, str(tmp / "got.json"))
    played = recording(kind, "success" if part in {"hang", "bare-tool"} else part)
    if case == "bare-tool":
        played["events"] = bare(played["events"])
    path = tmp / f"{case}.json"
    path.write_text(json.dumps(played))
    return (
        sys.executable,
        str(AGENTS / "replay.py"),
        str(path),
        str(tmp / "got.json"),
        *(["hang"] if part == "hang" else []),
    )


def play(tmp: Path, kind: str, case: str, **more: Any) -> tuple[Bench, Claim]:
    """Let a worker play a case, and read its claim."""
    bench = Bench(tmp, kind, program(tmp, kind, case), **more)
    try:
        if case not in KILLED:
            return bench, bench.run()
        bench.kill_when_it_speaks()
    finally:
        bench.end_servers()
    return bench, bench.claim(Exit(None, lost=True) if case == "lost" else Exit(None, 9, cause=KILLED[case]))


@pytest.mark.parametrize(("kind", "case"), ROWS)
def test_every_adapter_tells_the_same_story(tmp_path: Path, kind: str, case: str) -> None:
    session = "00000000-0000-4000-8000-000000000001" if case in {"resume", "session-gone"} else ""
    _, claim = play(tmp_path, kind, case, session=session, model="stub/nope" if case == "unknown-model" else "")
    assert claim.status == EXPECTED[case], claim
    assert claim.error or claim.status in {"done", "blocked", "cancelled", "partial"}
    check = CHECKS.get(case)
    if check:
        check(claim, kind)


def _asked(claim: Claim, kind: str) -> None:
    assert claim.question is not None
    assert (claim.question.kind, claim.question.text) == ("credential", "which key?")
    assert (claim.question.options, claim.question.default) == (("a", "b"), "a")


def _status(expected: int) -> Callable[[Claim, str], None]:
    def check(claim: Claim, kind: str) -> None:
        if kind == "acp" and expected != 429:
            return  # the protocol has no status, and OpenCode puts none beside its words
        assert claim.extra["status"] // 100 == expected // 100
        assert expected >= 500 or claim.extra["status"] == expected

    return check


def _known(claim: Claim, kind: str) -> None:
    assert claim.session or kind == "shell", "what was killed can go on where it was"


def _gone(claim: Claim, kind: str) -> None:
    assert (claim.session, claim.extra["cause"]) == ("", "session")


def _cut(claim: Claim, kind: str) -> None:
    assert claim.missing == ("b",) if kind in PLAIN else claim.extra["cause"] == "context"


def _said(claim: Claim, kind: str) -> None:
    assert claim.summary == "I wrote it." or kind in PLAIN


def _unreachable(claim: Claim, kind: str) -> None:
    assert dict(claim.extra) == {"cause": "unreachable"}, "the provider's lane pauses, and no try is spent"


CHECKS: Mapping[str, Callable[[Claim, str], None]] = {
    "success": _said,
    "bare-tool": _said,
    "question": _asked,
    "error-400": _status(400),
    "error-401": _status(401),
    "error-429": _status(429),
    "error-500": _status(500),
    "unreachable": _unreachable,
    "truncated": _cut,
    "kill": _known,
    "hang": _known,
    "session-gone": _gone,
}
AGENT_KINDS = sorted(set(workers.TABLE) - PLAIN)


@pytest.mark.parametrize("kind", sorted(workers.TABLE))
def test_every_adapter_has_the_face(tmp_path: Path, kind: str) -> None:
    bench = Bench(tmp_path, kind, ("true",))
    bench.exit_file.write_text("old")
    bench.adapter.prepare(bench.job, {"HOME": str(tmp_path)})
    assert not bench.exit_file.exists()
    command = bench.adapter.command(bench.job)
    assert command == bench.adapter.command(bench.job)
    assert command.stdin == bench.job.prompt_file
    assert command.env["BRANCHLINE_TASK_ID"] == "t1"
    assert command.env["BRANCHLINE_EXIT_FILE"] == str(bench.exit_file)
    assert command.env["HOME"] == bench.env["HOME"]
    assert "Do it." not in " ".join(command.argv)
    assert isinstance(bench.adapter.RESUME, bool)


@pytest.mark.parametrize("kind", AGENT_KINDS)
def test_an_agent_is_started_with_the_prompt_on_stdin_in_its_worktree(tmp_path: Path, kind: str) -> None:
    effort = {} if kind == "acp" else {"variant": "high"}  # ACP has none
    prompt = 'Say "hello" to Ada;\n\n  `two` spaces, 日本\n' * 200
    bench = Bench(tmp_path, kind, program(tmp_path, kind, "success"), model="acme/large", **effort)
    (bench.folder / "prompt.md").write_text(prompt, encoding="utf-8")
    assert bench.run().status == "done"
    bench.end_servers()
    got = json.loads((tmp_path / "got.json").read_text())
    assert (got["prompt"], got["cwd"]) == (prompt, str(bench.tree))
    assert got["env"]["HOME"] == (
        str(servers_of(bench.user)[0] / "home") if kind == "opencode-server" else bench.env["HOME"]
    )
    assert "acme/large" in got["argv"]
    assert not effort or any("high" in word for word in got["argv"])


@pytest.mark.parametrize("kind", [kind for kind in AGENT_KINDS if workers.get(kind).RESUME])
def test_a_session_that_goes_on_is_named_and_only_what_is_new_is_counted(tmp_path: Path, kind: str) -> None:
    _, first = play(tmp_path, kind, "success")
    assert (first.tokens, bool(first.cost)) == (240, kind != "codex")
    _, second = play(tmp_path, kind, "resume", attempt=2, session=first.session)
    assert first.session in json.loads((tmp_path / "got.json").read_text())["argv"]
    assert (second.session, second.tokens) == (first.session, 120)
    assert second.cost == pytest.approx(first.cost / 2)


@pytest.mark.parametrize("kind", AGENT_KINDS)
def test_a_stream_cut_at_any_byte_is_never_more_than_it_says(tmp_path: Path, kind: str) -> None:
    bench, _ = play(tmp_path, kind, "success")
    whole = (bench.folder / "events.jsonl").read_bytes()
    for cut in range(0, len(whole) - 1, 7):
        (bench.folder / "events.jsonl").write_bytes(whole[:cut])
        assert bench.claim(Exit(None, 9)).status == "failed"
        assert bench.claim(Exit(0)).status == "no_output", cut
    (bench.folder / "events.jsonl").write_bytes(whole)
    assert bench.claim(Exit(0)).status == "done"


@pytest.mark.parametrize("kind", AGENT_KINDS)
def test_the_end_of_a_transcript_names_the_calls(tmp_path: Path, kind: str) -> None:
    bench, _ = play(tmp_path, kind, "success")
    tail = workers.tail(kind, bench.folder)
    assert tail.lines[-1] == "I wrote it."
    assert len(tail.calls) == 1
    assert "a.txt" in tail.calls[0]


FIELDS = [
    "part",
    "text",
    "state",
    "error",
    "data",
    "tokens",
    "cache",
    "cost",
    "reason",
    "message",
    "statusCode",
    "item",
]
FIELDS += ["responseHeaders", "retry-after", "read", "total", "input", "messageID", "tool", "name", "usage", "content"]
FIELDS += [
    "id",
    "model",
    "result",
    "is_error",
    "errors",
    "subtype",
    "modelUsage",
    "rate_limit_info",
    "api_error_status",
]
FIELDS += ["input_tokens", "aggregated_output", "status", "command", "permission_denials", "stop_reason", "type"]
WORDS = ["stop", "text", "x", "429", "-1", "1e400", "permission_denied", "tool_result", "agent_message", "failed"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=12,
)
TYPES = ["step_start", "text", "tool_use", "step_finish", "error", "new", "assistant", "user", "system", "result"]
TYPES += ["rate_limit_event", "thread.started", "turn.started", "item.completed", "turn.failed", "turn.completed"]
HEADS = st.fixed_dictionaries(
    {"type": st.sampled_from(TYPES)},
    optional={
        "sessionID": VALUES, "session_id": VALUES, "thread_id": VALUES, "part": VALUES, "message": VALUES,
        "error": VALUES, "item": VALUES, "usage": VALUES, "is_error": VALUES, "result": VALUES, "modelUsage": VALUES,
        "subtype": VALUES, "errors": VALUES, "rate_limit_info": VALUES, "tool_name": VALUES,
    },
)  # fmt: skip


@pytest.mark.parametrize("kind", AGENT_KINDS)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(HEADS | VALUES, max_size=5), st.sampled_from([Exit(0), Exit(1), Exit(None, 9)]))
def test_no_event_is_too_odd(benches: Callable[[str], Bench], kind: str, events: list[Any], exit: Exit) -> None:
    bench = benches(kind)
    odd = "".join(json.dumps(event) + "\n" for event in events) + "[" * 5000 + '\nnot json\n\n{"type": "text", "par'
    (bench.folder / "events.jsonl").write_text(odd)
    claim = bench.claim(exit)
    assert claim.status in set(EXPECTED.values())
    assert claim.status != "done" or exit == Exit(0)
    assert claim.tokens >= 0
    assert 0 <= claim.cost < 1e17
    assert isinstance(claim.session, str)
    json.dumps(claim)
    workers.tail(kind, bench.folder)


@pytest.fixture
def benches(tmp_path: Path) -> Callable[[str], Bench]:
    """Make one bench for a kind, and give it again."""
    made: dict[str, Bench] = {}
    return lambda kind: made.setdefault(kind, made.get(kind) or Bench(tmp_path, kind))
