"""What is each adapter's own: programs of the user, the player, the streams of OpenCode."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from branchline import workers
from branchline.errors import SettingsError
from branchline.model.run import Claim, Exit
from branchline.workers import opencode_events
from workers_bench import Bench

OK = Exit(0)


def scripted(tmp: Path, *steps: object, **more: Any) -> Bench:
    scenario = tmp / "scenario.yaml"
    scenario.write_text(json.dumps({"tasks": {"t1": [list(steps)]}}))
    return Bench(tmp, "scripted", (str(scenario),), **more)


def shell(tmp: Path, script: str, **more: Any) -> Bench:
    return Bench(tmp, "shell", ("sh", "-c", script), **more)


def event(kind: str, **part: Any) -> str:
    return json.dumps({"type": kind, "timestamp": 1, "sessionID": "ses_1", "part": {"messageID": "m1", **part}}) + "\n"


def finish(reason: str = "stop", message: str = "m1") -> str:
    tokens = {"total": 13, "input": 10, "output": 3, "reasoning": 0, "cache": {"read": 0, "write": 0}}
    return event("step_finish", reason=reason, tokens=tokens, cost=0.25, messageID=message)


def fault(status: int, message: str = "no", **data: Any) -> str:
    error = {"name": "APIError", "data": {"message": message, "statusCode": status, **data}}
    return json.dumps({"type": "error", "sessionID": "ses_1", "error": error}) + "\n"


def tool(error: str = "", name: str = "bash") -> str:
    state = {"status": "error" if error else "completed", **({"error": error} if error else {"output": "ok"})}
    return event("tool_use", tool=name, state=state)


REJECTED = "The user rejected permission to use this specific tool call."
DENIED = "The user has specified a rule which prevents you from using this specific tool call. Here are some"


def stream(tmp: Path, *events: str, exit: Exit = OK, log: str = "", **more: Any) -> Claim:
    """Read a recorded stream as the OpenCode adapter does."""
    bench = Bench(tmp, "opencode", **more)
    bench.adapter.prepare(bench.job, {"HOME": str(tmp / "user")})
    (bench.folder / "events.jsonl").write_text("".join(events))
    (bench.folder / "output.log").write_text(log)
    return bench.claim(exit)


def answered(tmp: Path, text: str, exit: Exit = OK) -> Claim:
    return stream(tmp, event("step_start"), event("text", text=text), finish(), exit=exit)


RECORD = json.dumps({"status": "done", "summary": "wrote it"})
ASK = json.dumps(
    {"status": "blocked", "kind": "credential", "text": "which key?", "options": ["a", "b"], "default": "a"}
)
WRITE = f"printf '%s' '{RECORD}' > \"$BRANCHLINE_EXIT_FILE\""


def test_an_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(SettingsError, match="opencode"):
        workers.get("opncode")


def test_a_worker_is_written_with_its_program() -> None:
    assert workers.parse_worker("shell:sh -c 'echo hi'") == ("shell", ("sh", "-c", "echo hi"))
    assert workers.parse_worker("opencode") == ("opencode", ())
    for wrong in ("", ":x", "shell:'open"):
        with pytest.raises(SettingsError):
            workers.parse_worker(wrong)


# shell


def test_shell_gets_the_prompt_on_stdin_and_the_names_in_its_environment(tmp_path: Path) -> None:
    bench = shell(tmp_path, 'cat; echo "$BRANCHLINE_RUN_ID $BRANCHLINE_ATTEMPT $PWD"', trust_exit=True)
    assert bench.run().status == "done"
    assert (bench.folder / "output.log").read_text() == f"Do it.\nr1 1 {bench.tree}\n"


def test_shell_needs_a_program(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "shell")
    with pytest.raises(SettingsError, match="argv"):
        bench.adapter.command(bench.job)


def test_a_failure_is_told_by_the_last_lines(tmp_path: Path) -> None:
    claim = shell(tmp_path, "seq 1000; printf '\\033[31mAssertionError\\033[0m\\n'; exit 4").run()
    assert claim.error.splitlines()[-2:] == ["1000", "AssertionError"]
    assert len(claim.error.splitlines()) == 20


def test_a_done_does_not_outlive_a_bad_exit_but_a_question_does(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    assert shell(tmp_path / "1", WRITE + "; exit 9").run().status == "failed"
    asked = shell(tmp_path / "2", f"printf '%s' '{ASK}' > \"$BRANCHLINE_EXIT_FILE\"; exit 9").run()
    assert asked.status == "blocked"


# scripted


def test_an_honest_worker_writes_what_the_task_names_and_commits(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "scripted")
    claim = bench.run()
    assert (claim.status, claim.source, claim.session) == ("done", "file", "scripted-t1")
    assert (bench.tree / "src" / "a.txt").read_text() == "t1: Add a\n"
    assert bench.git("log", "--format=%an %s") == "Test t1: Add a"
    assert bench.git("status", "--porcelain") == ""


def test_a_reading_role_only_answers(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "scripted", role="research")
    assert bench.run().status == "done"
    assert sorted(os.listdir(bench.tree)) == [".branchline", ".git"]


def test_steps_go_by_attempt(tmp_path: Path) -> None:
    scenario = tmp_path / "s.yaml"
    scenario.write_text("tasks:\n  t1:\n  - [{exit: 5}]\n  - [{answer: {status: done}}]\ndefaults: [silent]\n")
    argv = (str(scenario),)
    for attempt, task, expected in ((1, "t1", "failed"), (2, "t1", "done"), (3, "t1", "done"), (1, "t2", "no_output")):
        folder = tmp_path / f"{task}-{attempt}"
        folder.mkdir()
        bench = Bench(folder, "scripted", argv, attempt=attempt, task=task)
        (bench.folder / workers.SPEC).unlink()
        assert bench.run().status == expected


def test_every_step_plays(tmp_path: Path) -> None:
    bench = scripted(
        tmp_path,
        {"write": {"path": "d/x.txt", "content": "1\n"}},
        {"append": {"path": "d/x.txt", "content": "2\n"}},
        {"write": {"path": "gone.txt"}},
        {"delete": "gone.txt"},
        {"conflict": {"path": "d/x.txt"}},
        {"commit": "all"},
        {"commit": "nothing left"},
        {"sleep": 0.01},
        {"run": "echo from sh"},
        {"spawn": 0.2},
        {"spawn": {"seconds": 0.2, "escape": True}},
        {"message": "done"},
        "lie",
    )
    claim = bench.run()
    assert (claim.status, claim.summary) == ("done", "did Add a")
    assert (bench.tree / "d" / "x.txt").read_text() == "t1 was here\n2\n"
    assert bench.git("log", "--format=%s") == "all"
    assert "from sh" in (bench.folder / "output.log").read_text()


@pytest.mark.parametrize(
    "step",
    [
        {"dance": 1},
        {"write": {"content": "x"}},
        {"exit": "no"},
        7,
        {"a": 1, "b": 2},
        {"write": {"path": "../x"}},
    ],
)
def test_a_scenario_that_cannot_be_played_says_where(tmp_path: Path, step: object) -> None:
    claim = scripted(tmp_path, step).run()
    assert claim.status == "failed"
    assert "the scenario cannot be played" in claim.error


def test_a_program_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    why = "branchline: could not start nowhere: No such file or directory"
    assert shell(tmp_path, "true").claim(Exit(None, None, cause=why)).error == why


def test_a_folder_in_the_place_of_an_answer_is_moved_away_and_kept(tmp_path: Path) -> None:
    bench = shell(tmp_path, 'echo \'{"status": "done"}\' > "$BRANCHLINE_EXIT_FILE"')
    (bench.exit_file / "inside").mkdir(parents=True)
    assert bench.run().status == "done"
    assert (bench.folder / "former-answer" / "inside").is_dir()


def test_the_worktree_cannot_slip_a_module_into_the_player(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "scripted")
    (bench.tree / "json.py").write_text("raise SystemExit(66)")
    assert bench.run().status == "done"


# opencode


def test_the_stream_gives_session_usage_and_the_last_step_only(tmp_path: Path) -> None:
    claim = stream(
        tmp_path,
        event("step_start"),
        event("text", text="BLOCKED: not the last message"),
        tool(),
        finish("tool-calls"),
        event("step_start", messageID="m2"),
        event("text", text="All", messageID="m2"),
        event("text", text="done.", messageID="m2"),
        finish(message="m2"),
    )
    assert (claim.status, claim.summary, claim.session) == ("done", "All\ndone.", "ses_1")
    assert (claim.tokens, claim.cost) == (26, 0.5)
    assert claim.extra["usage"]["output"] == 6


STREAMS: dict[str, tuple[str, list[str], int]] = {
    "asked and rejected": ("permission", [event("step_start"), tool(REJECTED), finish("tool-calls")], 0),
    "rejected, then a word": ("permission", [tool(REJECTED), event("text", text="ok"), finish()], 0),
    "denied, then another way": ("done", [tool(DENIED), event("step_start"), event("text", text="ok"), finish()], 0),
    "denied, then nothing": ("permission", [tool(DENIED), finish("tool-calls")], 0),
    "cut at the limit": ("partial", [event("step_start"), event("text", text="half"), finish("length")], 0),
    "broken off": ("no_output", [event("step_start"), event("text", text="I will"), finish("tool-calls")], 0),
    "nothing at all": ("no_output", [], 0),
    "rate limit": ("rate_limited", [fault(429, responseHeaders={"retry-after": "7"})], 1),
    "overloaded": ("rate_limited", [fault(529)], 1),
    "bad request": ("failed", [fault(400)], 1),
    "bad key": ("failed", [fault(401)], 1),
    "server": ("failed", [fault(500)], 1),
    "context": ("partial", [json.dumps({"type": "error", "error": {"name": "ContextOverflowError"}})], 1),
    "odd error": ("failed", [json.dumps({"type": "error", "error": "what"}), "\n"], 1),
}


@pytest.mark.parametrize("name", STREAMS)
def test_exit_0_is_not_success(tmp_path: Path, name: str) -> None:
    expected, events, code = STREAMS[name]
    claim = stream(tmp_path, *events, exit=Exit(code))
    assert claim.status == expected, claim
    assert expected == "done" or claim.error
    if name == "rate limit":
        assert claim.extra["retry_after"] == 7.0


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Retry-After-Ms": "1500", "retry-after": "9"}, {"retry_after": 1.5}),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, {"reset_at": 1792567680.0}),
        ({"a-requests-reset": "2026-10-21T07:28:00Z", "a-requests-remaining": "0"}, {"reset_at": 1792567680.0}),
        ({"a-requests-reset": "2026-10-21T07:28:00Z", "a-requests-remaining": "3"}, {}),
        ({"a-unified-reset": 1792567680, "a-unified-remaining": 0}, {"reset_at": 1792567680.0}),
        ({"retry-after": "soon", "x-reset": "later"}, {}),
        ({"retry-after": "-5"}, {}),
        ("nothing", {}),
    ],
)
def test_the_providers_own_time_is_read_from_its_headers(headers: Any, expected: dict[str, float]) -> None:
    seen = opencode_events.Seen()
    seen.take({"type": "error", "error": {"data": {"message": "slow", "statusCode": 429, "responseHeaders": headers}}})
    claim = opencode_events.fault(seen, False, "")
    assert claim is not None
    assert dict(claim.extra) == {"status": 429, **expected}


ODD = [
    "not json\n",
    "[1, 2]\n",
    "null\n",
    '{"type": "text"}\n',
    '{"type": "text", "part": {"text": 5}}\n',
    '{"type": "tool_use", "part": {"tool": "mcp_x", "state": {"status": "completed"}}}\n',
    '{"type": "tool_use", "part": {"state": "?"}}\n',
    '{"type": "step_finish", "part": {"tokens": {"input": "many", "cache": 3}, "cost": null}}\n',
    '{"type": "step_finish", "part": {"tokens": [], "cost": 1e999}}\n',
    '{"type": "from.the.future", "part": {}}\n',
    '{"sessionID": 5}\n',
    "\n",
    "[" * 5000 + "\n",
]


def test_odd_events_change_nothing(tmp_path: Path) -> None:
    good = [event("step_start"), event("text", text="Done it."), finish()]
    claim = stream(tmp_path, *ODD, *good, '{"type": "text", "par')
    assert (claim.status, claim.summary) == ("done", "Done it.")


def test_an_agent_that_was_not_taken_is_a_failure(tmp_path: Path) -> None:
    log = '! agent "critic" not found. Falling back to default agent\n'
    claim = stream(tmp_path, event("step_start"), event("text", text="ok"), finish(), log=log, agent="critic")
    assert claim.status == "failed"


def test_a_session_that_is_gone_is_not_kept(tmp_path: Path) -> None:
    claim = stream(tmp_path, exit=Exit(1), log="Error: Session not found\n", session="ses_old")
    assert (claim.status, claim.session, claim.extra["cause"]) == ("failed", "", "session")


def test_the_command_names_model_variant_agent_and_session(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path, "opencode", ("/opt/oc", "--pure"), model="a/b", variant="high", agent="plan", session="ses_9"
    )
    command = bench.adapter.command(bench.job)
    assert command.argv[:5] == ("/opt/oc", "--pure", "run", "--format", "json")
    assert command.argv[5:] == ("-s", "ses_9", "-m", "a/b", "--variant", "high", "--agent", "plan")
    assert command.env["OPENCODE_CONFIG"] == str(bench.folder / "opencode.json")


def test_a_model_without_a_provider_names_the_candidates(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "opencode", model="big")
    user = tmp_path / "user" / ".config" / "opencode"
    user.mkdir(parents=True)
    (user / "opencode.json").write_text('{"provider": {"acme": {}}}')
    bench.adapter.prepare(bench.job, {"HOME": str(tmp_path / "user")})
    with pytest.raises(SettingsError, match="acme/big"):
        bench.adapter.command(bench.job)


@pytest.mark.parametrize(("kind", "argv", "changed"), [
    ("opencode", ("opencode", "-s", "s1"), {"XDG_DATA_HOME": "/task/.local/share"}),
    ("claude", ("claude", "--resume", "s1", "--settings", "@/.claude/settings.json"), {"HOME": "/task"}),
    ("codex", ("codex", "resume", "s1"), {"CODEX_HOME": "/task/.codex"}),
])  # fmt: skip
def test_each_agent_opens_for_a_person_on_its_session(
    tmp_path: Path, kind: str, argv: tuple[str, ...], changed: dict[str, str]
) -> None:
    own = {"HOME": str(tmp_path), "EDITOR": "vi", "CLAUDE_CONFIG_DIR": str(tmp_path / ".claude")}
    (tmp_path / ".claude").mkdir()
    (tmp_path / ".claude/settings.json").write_text("{}")
    env = {"HOME": "/task", "XDG_DATA_HOME": "/task/.local/share"}
    job = Bench(tmp_path, kind).job._replace(argv=(), session="s1", env=env)
    found = workers.get(kind).interactive(job, own)  # type: ignore[attr-defined]
    assert found.argv == tuple(word.replace("@", str(tmp_path)) for word in argv)
    kept = {name: value for name, value in own.items() if kind != "claude" or name != "CLAUDE_CONFIG_DIR"}
    assert found.env == kept | changed, "the person's own environment, but for where the session lies"
    fresh = workers.get(kind).interactive(job._replace(session=""), own).argv  # type: ignore[attr-defined]
    assert "s1" not in fresh


def test_claude_code_knows_the_person_and_their_servers_again(tmp_path: Path) -> None:
    (tmp_path / ".claude.json").write_text('{"mcpServers": {"mine": {"command": "x"}}, "oauthAccount": "secret"}')
    home = tmp_path / "home"
    job = Bench(tmp_path, "claude").job._replace(argv=(), session="s1", env={"HOME": str(home)})
    (home / ".claude.json").write_text('{"projects": {"p": 1}}')
    workers.get("claude").interactive(job, {"HOME": str(tmp_path)})  # type: ignore[attr-defined]
    assert json.loads((home / ".claude.json").read_text()) == {
        "projects": {"p": 1}, "hasCompletedOnboarding": True, "mcpServers": {"mine": {"command": "x"}}
    }  # fmt: skip
