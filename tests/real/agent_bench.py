"""One task in a git repository, given to a real agent whose model is a stub on loopback, attempt after attempt."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from programs import PROGRAMS

from branchline import sandbox, workers
from branchline.config import WorkerSettings
from branchline.model.run import Claim, Exit, Job
from branchline.workers import opencode_config
from stub_model import StubModel

TIMEOUT = 180.0
_QUIET = tuple(
    f"OPENCODE_DISABLE_{what}"
    for what in ("AUTOUPDATE", "MODELS_FETCH", "LSP_DOWNLOAD", "DEFAULT_PLUGINS", "PROJECT_CONFIG")
)


class Agent(NamedTuple):
    """How one agent is told where its model is (`settle` gives names for the user's environment), and its own tools."""

    model: str
    settle: Callable[[Path, StubModel], Mapping[str, str]]
    write: Callable[[str, str], list[Any]]
    shell: Callable[[str], list[Any]]
    length: str
    pass_env: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()


def _opencode(user: Path, model: StubModel) -> Mapping[str, str]:
    broken = {"type": "local", "command": ["/nowhere/mcp-server"], "enabled": True}
    config = {**model.config(), "mcp": {"slow": broken}, "permission": {"bash": "ask", "edit": "ask"}}
    (user / "mine.json").write_text(json.dumps(config))
    return {"OPENCODE_CONFIG": str(user / "mine.json"), "XDG_CONFIG_HOME": str(user), "XDG_DATA_HOME": str(user)}


def _acp(user: Path, model: StubModel) -> Mapping[str, str]:
    config = {**model.config(), "permission": {"bash": "ask", "edit": "ask", "external_directory": "ask"}}
    (user / "acp.json").write_text(json.dumps(config))
    opencode_config.settle(user / "config" / "opencode")  # it would fetch its plugin library from the network
    places = {"OPENCODE_CONFIG": str(user / "acp.json"), "XDG_CONFIG_HOME": str(user / "config")}
    return places | dict.fromkeys(_QUIET, "1")


def _claude(user: Path, model: StubModel) -> Mapping[str, str]:
    (user / ".claude").mkdir()
    hook = {"hooks": [{"type": "command", "command": f"touch {user}/hooked"}]}
    mine = {"hooks": {"SessionStart": [hook]}, "permissions": {"deny": ["Write"]}, "model": "stub-0"}
    (user / ".claude" / "settings.json").write_text(json.dumps(mine))
    return {"ANTHROPIC_BASE_URL": model.root, "ANTHROPIC_API_KEY": "not-a-key"}


def _codex(user: Path, model: StubModel) -> Mapping[str, str]:
    (user / ".codex").mkdir()
    lines = ['model = "stub-0"', 'model_provider = "stub"', f'notify = ["touch", "{user}/hooked"]']
    lines += ["[model_providers.stub]", 'name = "Stub"', f'base_url = "{model.url}"', 'env_key = "STUB_KEY"']
    lines += [
        'wire_api = "responses"',
        "request_max_retries = 2",
        "stream_max_retries = 1",
        "supports_websockets = false",
    ]
    lines += ["[mcp_servers.slow]", 'command = "/nowhere/mcp-server"', "[projects]"]
    (user / ".codex" / "config.toml").write_text("\n".join(lines) + "\n")
    return {"STUB_KEY": "not-a-key"}


_OPENCODE = Agent(
    "stub/stub-1",
    _opencode,
    lambda path, text: ["write", {"filePath": path, "content": text}],
    lambda command: ["bash", {"command": command, "description": "as told"}],
    "length",
)
AGENTS: Mapping[str, Agent] = {
    "opencode": _OPENCODE,
    "opencode-server": _OPENCODE,
    "claude": Agent(
        "stub-1",
        _claude,
        lambda path, text: ["Write", {"file_path": path, "content": text}],
        lambda command: ["Bash", {"command": command, "description": "as told"}],
        "max_tokens",
        ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY"),
    ),
    "codex": Agent(
        "stub-1",
        _codex,
        lambda path, text: ["exec_command", {"cmd": f"cat > '{path}' <<'END'\n{text}END\n"}],
        lambda command: ["exec_command", {"cmd": command}],
        "max_output_tokens",
        ("STUB_KEY",),
    ),
    "acp": _OPENCODE._replace(
        settle=_acp, pass_env=("OPENCODE_CONFIG", "XDG_CONFIG_HOME", *_QUIET), arguments=("acp",)
    ),
}


def end_servers(tmp: Path) -> None:
    """End the OpenCode servers of the runs below a folder, which would live on for a while."""
    for told in tmp.glob("**/servers/*/server.json"):
        with suppress(ProcessLookupError, ValueError):  # nobody has needed it for so long
            os.kill(json.loads(told.read_text())["pid"], signal.SIGTERM)


class RealBench:
    """A user with a configuration of their own, a fake home, and a worktree whose repository wants to meddle.

    `state` is where OpenCode servers of the user are.
    """

    def __init__(self, tmp: Path, kind: str, model: StubModel, state: Path) -> None:
        self.tmp, self.kind, self.agent = tmp, kind, AGENTS[kind]
        self.adapter = workers.get(kind)
        self.home, self.tree, self.user = tmp / "home", tmp / "tree", tmp / "user"
        self.user.mkdir()
        kept = {n: v for n, v in os.environ.items() if not n.startswith(("XDG_", "OPENCODE", "CLAUDE", "CODEX"))}
        self.base = {**kept, "HOME": str(self.user), "XDG_STATE_HOME": str(state), "SECRET_TOKEN": "do-not-pass"}
        self.base |= self.agent.settle(self.user, model)
        sandbox.prepare_home(self.home, self.user, "Test", "test@example.invalid")
        allowed = WorkerSettings(kind=kind, pass_env=self.agent.pass_env)
        self.env = sandbox.environment(allowed, self.base, self.home)
        self.tree.mkdir()
        (self.tree / ".gitignore").write_text(".branchline/\n")
        # What a stranger's repository says about permissions and hooks must not count.
        (self.tree / "opencode.json").write_text(json.dumps({"permission": {"edit": "deny", "bash": "ask"}}))
        (self.tree / ".claude").mkdir()
        hook = {"hooks": [{"type": "command", "command": f"touch {self.user}/hooked"}]}
        theirs = {"hooks": {"SessionStart": [hook]}, "permissions": {"deny": ["Write", "Bash"]}}
        (self.tree / ".claude" / "settings.json").write_text(json.dumps(theirs))
        for argv in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "base"]):
            subprocess.run(["git", *argv], cwd=self.tree, env=self.env, check=True)

    def job(self, prompt: str, attempt: int = 1, session: str = "", role: str = "build", **more: Any) -> Job:
        """One attempt, with its prompt written."""
        folder = self.tmp / "task" / str(attempt)
        folder.mkdir(parents=True)
        (folder / "prompt.md").write_text(prompt)
        exit_file = self.tree / ".branchline" / "answer.json"
        exit_file.parent.mkdir(exist_ok=True)
        fields = {
            "run": "r1",
            "task": "t1",
            "attempt": attempt,
            "fence": attempt,
            "role": role,
            "worker": self.kind,
            "title": "A task",
            "worktree": str(self.tree),
            "folder": str(folder),
            "prompt_file": str(folder / "prompt.md"),
            "exit_file": str(exit_file),
            "model": self.agent.model,
            "session": session,
            "argv": (str(PROGRAMS[self.kind]), *self.agent.arguments),
            "read_only": role == "research",
            "env": self.env,
        }
        return Job(**{**fields, **more})

    def start(self, job: Job) -> "subprocess.Popen[bytes]":
        """Start the agent as custody would."""
        self.adapter.prepare(job, self.base)
        workers.write_spec(job)
        command = self.adapter.command(job)
        folder = Path(job.folder)
        with (
            Path(command.stdin).open("rb") as stdin,
            (folder / "events.jsonl").open("wb") as events,
            (folder / "output.log").open("wb") as log,
        ):
            return subprocess.Popen(
                command.argv,
                env=dict(command.env),
                cwd=self.tree,
                stdin=stdin,
                stdout=events,
                stderr=log,
                start_new_session=True,
            )

    def run(self, prompt: str, attempt: int = 1, session: str = "", role: str = "build", **more: Any) -> Claim:
        """Run one attempt to its end."""
        return self.play(self.job(prompt, attempt, session, role, **more))

    def play(self, job: Job) -> Claim:
        """Run an attempt to its end."""
        code = self.start(job).wait(TIMEOUT)
        return self.adapter.claim(job, Exit(code) if code >= 0 else Exit(None, -code))

    def kill_when(
        self, ready: Callable[[], bool], prompt: str, attempt: int = 1, cause: str = "", job: Job | None = None
    ) -> Claim:
        """Start an attempt and kill it once `ready` says so; `job` is the attempt where it is known already."""
        job = job or self.job(prompt, attempt)
        process = self.start(job)
        end = time.monotonic() + TIMEOUT
        while not ready():
            assert process.poll() is None, "it ended by itself"
            assert time.monotonic() < end
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(TIMEOUT)
        return self.adapter.claim(job, Exit(None, 9, cause=cause))

    def git(self, *words: str) -> str:
        """Ask git about the worktree."""
        done = subprocess.run(["git", *words], cwd=self.tree, env=self.env, capture_output=True, text=True, check=True)
        return done.stdout.strip()
