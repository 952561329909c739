"""A bench for adapters: one task in a git repository, started as custody would, read as dispatch would."""

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from branchline import sandbox, workers
from branchline.config import WorkerSettings
from branchline.model.run import Claim, Exit, Job


def servers_of(home: Path) -> list[Path]:
    """The folders of the servers of our own that a user has on this host."""
    return sorted(home.glob("**/branchline/servers/*/"))


def end_servers(home: Path) -> None:
    """End them."""
    for folder in servers_of(home):
        with suppress(FileNotFoundError, ProcessLookupError, ValueError):  # nobody has needed it for so long
            os.kill(json.loads((folder / "server.json").read_text())["pid"], signal.SIGTERM)


class Bench:
    """`job` describes an attempt of the task `t1`; `run` starts it for real, `claim` only reads."""

    def __init__(self, tmp: Path, kind: str, argv: tuple[str, ...] = (), **more: Any) -> None:
        self.kind = kind
        self.adapter = workers.get(kind)
        self.tree, home, self.user = tmp / "tree", tmp / "home", tmp / "real"
        self.folder = tmp / "t1" / str(more.get("attempt", 1))
        self.folder.mkdir(parents=True)
        sandbox.prepare_home(home, self.user, "Test", "test@example.invalid")
        self.env = sandbox.environment(WorkerSettings(kind=kind), os.environ, home)
        subprocess.run(["git", "init", "-q", str(self.tree)], env=self.env, check=True)
        (self.tree / ".branchline").mkdir(exist_ok=True)
        (self.tree / ".branchline" / ".gitignore").write_text("*\n")
        (self.folder / "prompt.md").write_text("Do it.\n")
        self.exit_file = self.tree / ".branchline" / "answer.json"
        fields: dict[str, Any] = {
            "run": "r1",
            "task": "t1",
            "attempt": 1,
            "fence": 0,
            "role": "build",
            "worker": kind,
            "title": "Add a",
            "worktree": str(self.tree),
            "folder": str(self.folder),
            "prompt_file": str(self.folder / "prompt.md"),
            "exit_file": str(self.exit_file),
            "argv": argv,
            "files": (("src/a.txt", "create"), ("b.txt", "mention")),
            "env": self.env,
        }
        self.job = Job(**{**fields, **more})
        workers.write_spec(self.job)

    def start(self) -> "subprocess.Popen[bytes]":
        """Start what the adapter says, its output where the adapter will read it."""
        self.adapter.prepare(self.job, {"HOME": str(self.user)})
        command = self.adapter.command(self.job)
        events = self.folder / ("events.jsonl" if self.adapter.STREAM else "output.log")
        with (
            Path(command.stdin).open("rb") as stdin,
            events.open("ab") as out,
            (self.folder / "output.log").open("ab") as err,
        ):
            return subprocess.Popen(
                command.argv,
                env=dict(command.env),
                cwd=self.tree,
                stdin=stdin,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    def run(self, cause: str = "", kill: bool = False) -> Claim:
        """Run to the end, or with `kill` until it is stopped for `cause`."""
        process = self.start()
        if kill:
            os.killpg(process.pid, signal.SIGKILL)
        code = process.wait(30)
        return self.claim(Exit(code, None, cause=cause) if code >= 0 else Exit(None, -code, cause=cause))

    def kill_when_it_speaks(self) -> None:
        """Start it, and kill it as soon as it has written something."""
        process, wanted = self.start(), self.folder / ("events.jsonl" if self.adapter.STREAM else "output.log")
        end = time.monotonic() + 30
        while not wanted.stat().st_size:
            assert process.poll() is None, "it ended by itself"
            assert time.monotonic() < end, "it said nothing"
            time.sleep(0.005)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)

    def claim(self, exit: Exit) -> Claim:
        """Read what was left behind."""
        return self.adapter.claim(self.job, exit)

    def end_servers(self) -> None:
        """End the server that the attempts shared; it would go on until nobody has used it for a while."""
        end_servers(self.user)

    def git(self, *argv: str) -> str:
        """Ask git about the worktree."""
        done = subprocess.run(["git", *argv], cwd=self.tree, env=self.env, capture_output=True, text=True, check=True)
        return done.stdout.strip()
