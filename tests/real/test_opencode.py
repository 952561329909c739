"""The OpenCode adapter against the real program, its model being a stub on loopback."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from opencode_program import PROGRAM
from stub_model import StubModel, directive

from branchline import sandbox, workers
from branchline.config import WorkerSettings
from branchline.model.run import Claim, Exit, Job

pytestmark = pytest.mark.real
TIMEOUT = 180.0


if PROGRAM is None:
    pytestmark = [pytestmark, pytest.mark.skip(reason="no opencode: set BRANCHLINE_OPENCODE to its path")]


class Bench:
    """One task in a git repository: prompts go to the real agent, attempt after attempt."""

    def __init__(self, tmp: Path, model: StubModel) -> None:
        self.tmp = tmp
        self.home = tmp / "home"
        self.tree = tmp / "tree"
        user = tmp / "user"
        self.base = {**os.environ, "HOME": str(user), "OPENCODE_CONFIG": str(user / "mine.json")}
        self.base |= {"SECRET_TOKEN": "do-not-pass", "XDG_CONFIG_HOME": str(user), "XDG_DATA_HOME": str(user)}
        user.mkdir()
        broken = {"type": "local", "command": ["/nowhere/mcp-server"], "enabled": True}
        config = {**model.config(), "mcp": {"slow": broken}, "permission": {"bash": "ask", "edit": "ask"}}
        (user / "mine.json").write_text(json.dumps(config))
        sandbox.prepare_home(self.home, user, "Test", "test@example.invalid")
        self.env = sandbox.environment(WorkerSettings(kind="opencode"), self.base, self.home)
        self.tree.mkdir()
        (self.tree / ".gitignore").write_text(".branchline/\n")
        # What a stranger's repository says about permissions must not count.
        (self.tree / "opencode.json").write_text(json.dumps({"permission": {"edit": "deny", "bash": "ask"}}))
        for argv in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "base"]):
            subprocess.run(["git", *argv], cwd=self.tree, env=self.env, check=True)

    def run(self, prompt: str, attempt: int = 1, session: str = "", role: str = "build") -> Claim:
        """Run one attempt to its end."""
        folder = self.tmp / f"attempt-{attempt}"
        folder.mkdir()
        (folder / "prompt.md").write_text(prompt)
        exit_file = self.tree / ".branchline" / "answer.json"
        exit_file.parent.mkdir(exist_ok=True)
        job = Job(
            run="r1",
            task="t1",
            attempt=attempt,
            fence=attempt,
            role=role,
            worker="opencode",
            title="A task",
            worktree=str(self.tree),
            folder=str(folder),
            prompt_file=str(folder / "prompt.md"),
            exit_file=str(exit_file),
            model="stub/stub-1",
            session=session,
            argv=(str(PROGRAM),),
            read_only=role == "research",
            env=self.env,
        )
        adapter = workers.get("opencode")
        adapter.prepare(job, self.base)
        command = adapter.command(job)
        with (
            Path(command.stdin).open("rb") as stdin,
            (folder / "events.jsonl").open("wb") as events,
            (folder / "output.log").open("wb") as log,
        ):
            done = subprocess.run(
                command.argv,
                env=dict(command.env),
                cwd=self.tree,
                stdin=stdin,
                stdout=events,
                stderr=log,
                timeout=TIMEOUT,
                check=False,
            )
        code = done.returncode
        return adapter.claim(job, Exit(code) if code >= 0 else Exit(None, -code))


@pytest.fixture
def model() -> Iterator[StubModel]:
    """A stub model on a free port."""
    with StubModel() as server:
        yield server


def test_a_file_is_written_by_the_agents_own_tools(tmp_path: Path, model: StubModel) -> None:
    bench = Bench(tmp_path, model)
    write = ["write", {"filePath": str(bench.tree / "hello.txt"), "content": "hello\n"}]
    shell = [
        "bash",
        {"command": "echo ${SECRET_TOKEN:-none} > env.txt; git add -A; git commit -qm work", "description": "commit"},
    ]
    claim = bench.run(
        "Say `hello` in hello.txt.\n" + directive({"tools": [write]}, {"tools": [shell]}, {"text": "It is written."})
    )
    assert (claim.status, claim.summary, claim.error) == ("done", "It is written.", "")
    assert claim.session.startswith("ses_")
    assert claim.tokens >= 360
    assert claim.cost > 0
    assert (bench.tree / "hello.txt").read_text() == "hello\n"
    assert (bench.tree / "env.txt").read_text() == "none\n"
    log = subprocess.run(
        ["git", "log", "--format=%an %s"], cwd=bench.tree, env=bench.env, capture_output=True, text=True
    )
    assert log.stdout.splitlines()[0] == "Test work"
    sent = json.dumps(model.requests)
    assert "Say `hello` in hello.txt." in sent
    assert "do-not-pass" not in sent


def test_a_question_is_answered_in_the_same_session(tmp_path: Path, model: StubModel) -> None:
    bench = Bench(tmp_path, model)
    asked = bench.run("Pick a colour.\n" + directive({"text": "I looked.\n\nBLOCKED: red or blue?"}))
    assert asked.status == "blocked"
    assert asked.question is not None
    assert asked.question.text == "red or blue?"
    write = ["write", {"filePath": str(bench.tree / "colour.txt"), "content": "blue\n"}]
    answer = "The answer is: blue.\n" + directive({"tools": [write]}, {"text": "Blue it is."})
    claim = bench.run(answer, attempt=2, session=asked.session)
    assert (claim.status, claim.session) == ("done", asked.session)
    assert (bench.tree / "colour.txt").read_text() == "blue\n"
    texts = [message.get("content") for message in model.requests[-1]["messages"] if message["role"] == "user"]
    assert "Pick a colour." in json.dumps(texts)


def test_a_reading_role_cannot_write(tmp_path: Path, model: StubModel) -> None:
    bench = Bench(tmp_path, model)
    write = ["write", {"filePath": str(bench.tree / "no.txt"), "content": "x"}]
    claim = bench.run("Find out.\n" + directive({"tools": [write]}, {"text": "Nothing to see."}), role="research")
    assert not (bench.tree / "no.txt").exists()
    assert claim.status == "done"
