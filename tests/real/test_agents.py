"""Each adapter against its real program, the model being a stub on loopback."""

import json
from pathlib import Path

import pytest
from agent_bench import AGENTS, RealBench
from programs import missing

from branchline import workers
from stub_model import StubModel, directive

pytestmark = pytest.mark.real
QUESTION = {"status": "blocked", "text": "red or blue?", "options": ["red", "blue"]}


@pytest.fixture(params=[pytest.param(k, marks=pytest.mark.skipif(bool(missing(k)), reason=missing(k))) for k in AGENTS])
def kind(request: pytest.FixtureRequest) -> str:
    """An agent that is installed."""
    name: str = request.param
    return name


@pytest.fixture
def bench(tmp_path: Path, kind: str, model: StubModel, servers: Path) -> RealBench:
    """A task for that agent."""
    return RealBench(tmp_path, kind, model, servers)


def test_a_limit_is_waited_out_and_a_file_written_by_the_agents_own_tools(bench: RealBench, model: StubModel) -> None:
    limit = {"status": 429, "times": 1, "headers": {"retry-after": "1"}}
    write = bench.agent.write(str(bench.tree / "hello.txt"), "hello\n")
    shell = bench.agent.shell("echo ${SECRET_TOKEN:-none} > env.txt; git add -A; git commit -qm work")
    told = 'Say `hello` in "hello.txt".'
    claim = bench.run(
        f"{told}\n" + directive({**limit, "tools": [write]}, {"tools": [shell]}, {"text": "It is written."})
    )
    assert (claim.status, claim.summary, claim.error) == ("done", "It is written.", "")
    assert claim.session
    assert claim.tokens == (120 if bench.kind == "acp" else 360), "over ACP OpenCode tells the last message's alone"
    assert (claim.cost > 0) == (bench.kind != "codex"), "Codex tells no cost"
    assert (bench.tree / "hello.txt").read_text() == "hello\n"
    assert (bench.tree / "env.txt").read_text() == "none\n"
    assert bench.git("log", "--format=%an %s").splitlines()[0] == "Test work"
    sent = json.dumps(model.requests)
    assert json.dumps(told)[1:-1] in sent
    assert "do-not-pass" not in sent
    assert not (bench.user / "hooked").exists(), "neither the user's hooks nor the repository's run"


def test_a_question_is_answered_in_the_same_session(bench: RealBench, model: StubModel) -> None:
    text = f"I looked.\n\n```branchline\n{json.dumps(QUESTION)}\n```"
    asked = bench.run("Pick a colour.\n" + directive({"text": text}))
    assert (asked.status, asked.source) == ("blocked", "block")
    assert asked.question is not None
    assert (asked.question.text, asked.question.options) == ("red or blue?", ("red", "blue"))
    write = bench.agent.write(str(bench.tree / "colour.txt"), "blue\n")
    answer = "The answer is: blue.\n" + directive({"tools": [write]}, {"text": "Blue it is."})
    claim = bench.run(answer, attempt=2, session=asked.session)
    assert (claim.status, claim.session) == ("done", asked.session)
    assert claim.tokens == (120 if bench.kind == "acp" else 240), "what the first attempt took is not counted again"
    assert (bench.tree / "colour.txt").read_text() == "blue\n"
    assert "Pick a colour." in json.dumps(model.requests[-1]), "the session remembers the first prompt"


def test_a_reading_role_cannot_write(bench: RealBench) -> None:
    write = bench.agent.write(str(bench.tree / "no.txt"), "x\n")
    shell = bench.agent.shell("echo x > no.txt")
    prompt = "Find out.\n" + directive({"tools": [write]}, {"tools": [shell]}, {"text": "Nothing to see."})
    claim = bench.run(prompt, role="research")
    assert not (bench.tree / "no.txt").exists()
    if bench.kind == "acp":  # OpenCode ends its turn when it is refused something over ACP
        assert claim.status == "permission"
    else:
        assert (claim.status, claim.summary) == ("done", "Nothing to see.")


def test_a_role_reads_what_it_may_and_nothing_else(bench: RealBench, model: StubModel) -> None:
    if not hasattr(bench.adapter, "READS"):
        pytest.skip("this agent cannot be kept from reading")
    (bench.tree / "docs").mkdir()
    (bench.tree / "docs" / "open.md").write_text("what all may know\n")
    (bench.tree / "closed.md").write_text("what nobody may know\n")
    looks = [["read", {"filePath": str(bench.tree / name)}] for name in ("docs/open.md", "closed.md")]
    looks += [["grep", {"pattern": "nobody"}], bench.agent.shell("cat closed.md")]
    prompt = "Look.\n" + directive(*({"tools": [look]} for look in looks), {"text": "I looked."})
    claim = bench.run(prompt, role="research", reads=("docs/*",))
    sent = json.dumps(model.requests[1:])
    assert ("what all may know" in sent, "what nobody may know" in sent, "nobody may" in sent) == (True, False, False)
    assert (claim.status, claim.summary) == ("done", "I looked.")


def test_a_write_outside_of_the_worktree_is_a_permission_and_no_success(bench: RealBench) -> None:
    if bench.kind == "codex":
        pytest.skip("Codex works without a sandbox of its own in roles that may write")
    outside = bench.tmp / "outside.txt"
    write = bench.agent.write(str(outside), "x\n")
    claim = bench.run("Write there.\n" + directive({"tools": [write]}, {"text": ""}))
    assert not outside.exists()
    assert (claim.status, claim.extra["cause"]) == ("permission", "permission")


@pytest.mark.parametrize(("answer", "status"), [("once", "done"), ("reject", "permission")])
def test_a_worker_waits_for_what_a_person_says(bench: RealBench, answer: str, status: str) -> None:
    if not hasattr(bench.adapter, "ASKS"):
        pytest.skip("this agent cannot wait for an answer")
    shell = bench.agent.shell("echo x > asked.txt")
    job = bench.job("Do.\n" + directive({"tools": [shell]}, {"text": "Tried."}), rules={"execute": "ask"})
    (Path(job.folder) / "answers").mkdir()
    (Path(job.folder) / "answers" / "1").write_text(answer)
    claim = bench.play(job)
    assert '{"type": "ask", "text": "' in (Path(job.folder) / "events.jsonl").read_text()
    assert (bench.tree / "asked.txt").exists() == (answer == "once")
    assert claim.status == (status if bench.kind == "acp" else "done"), (
        "over ACP OpenCode ends its turn when it is refused"
    )


@pytest.mark.parametrize(
    ("status", "expected"), [(400, "failed"), (401, "failed"), (429, "rate_limited"), (500, "failed")]
)
def test_an_error_of_the_provider_is_told_with_its_status(bench: RealBench, status: int, expected: str) -> None:
    claim = bench.run("Try.\n" + directive({"status": status, "headers": {"retry-after": "1"}}))
    assert claim.status == expected, claim
    assert claim.error
    assert bench.kind == "acp" or claim.extra["status"] // 100 == status // 100, "ACP has no status"


def test_an_empty_and_a_cut_answer_are_no_success(bench: RealBench) -> None:
    assert bench.run("Say nothing.\n" + directive({"text": ""})).status == "no_output"
    if bench.kind == "acp":
        return  # over ACP OpenCode ends a cut answer like a whole one
    claim = bench.run("Say half.\n" + directive({"text": "half", "finish": bench.agent.length}), attempt=2)
    assert (claim.status, claim.extra["cause"]) == ("partial", "context")


def test_a_killed_worker_has_told_its_usage_and_goes_on_in_its_session(bench: RealBench, model: StubModel) -> None:
    """Two turns of 100 tokens read and 20 written, then one that never ends; what goes on counts its own alone."""
    write = bench.agent.write(str(bench.tree / "first.txt"), "1\n")
    prompt = "Begin.\n" + directive({"tools": [write]}, {"tools": [bench.agent.shell("true")]}, {"hang": True})
    job = bench.job(prompt)
    gauge, seen = workers.gauge(bench.kind, job), [0]
    assert gauge is not None

    def told() -> bool:
        if bench.kind == "acp":  # over ACP OpenCode tells its usage at the end of the prompt only
            return len(model.requests) > 2 and (bench.tree / "first.txt").exists()
        said = gauge.look()
        seen.append(said.tokens if said else seen[-1])
        return seen[-1] >= 240

    killed = bench.kill_when(told, prompt, job=job)
    assert killed.status == "failed"
    assert killed.session
    assert killed.tokens == seen[-1]
    assert seen[-1] == 240 or bench.kind in ("claude", "acp"), (
        "Claude Code counts what it has written at the end; it is estimated"
    )
    claim = bench.run("Go on.\n" + directive({"text": "I went on."}), attempt=2, session=killed.session)
    assert (claim.status, claim.summary, claim.session) == ("done", "I went on.", killed.session)
    assert (bench.tree / "first.txt").read_text() == "1\n"
    assert claim.tokens == 120
    assert "Begin." in json.dumps(model.requests[-1])


def test_a_session_that_is_gone_is_not_kept(bench: RealBench) -> None:
    gone = (
        "ses_0000000000ffeExample00000000"
        if bench.kind in {"opencode", "opencode-server", "acp"}
        else "00000000-0000-4000-8000-000000000000"
    )
    claim = bench.run("Go on.", session=gone)
    assert (claim.status, claim.session, claim.extra["cause"]) == ("failed", "", "session")
