"""The process of the scripted worker: `python -m branchline.workers.player FOLDER [SCENARIO]`.

FOLDER is the attempt's folder; `spec.json` in it, where it exists, tells the task's title, role and files. The working
directory is the worktree. The steps of a scenario are those of `schema.scenario`; a task that has none is done
honestly. It exits with 2 when it cannot play its scenario.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from branchline import files, schema
from branchline.errors import InputError
from branchline.workers import SPEC

Step = Mapping[str, Any]


class Stop(Exception):  # noqa: N818 - the end of a play, not an error
    """The play is over; `code` is the exit status."""

    def __init__(self, code: int = 0) -> None:
        super().__init__(code)
        self.code = code


class Player:
    """Plays the steps of one attempt in the folder `root`; `sleep` waits seconds, `exit_file` takes the record."""

    def __init__(self, root: Path, task: Mapping[str, Any], exit_file: Path, sleep: Callable[[float], None]) -> None:
        self.root = root
        self.id = str(task.get("task") or "task")
        self.title = str(task.get("title") or self.id)
        self.role = str(task.get("role") or "build")
        self.files = [path for path, use in task.get("files") or () if use in {"create", "modify"}]
        self.exit_file = exit_file
        self.sleep = sleep

    def play(self, steps: Sequence[Step]) -> int:
        """Play the steps in order, or without any do the task honestly; gives the exit status."""
        try:
            for step in steps or ({"honest": True},):
                ((name, argument),) = step.items()
                getattr(self, f"do_{name}")(argument)
        except Stop as stop:
            return stop.code
        return 0

    def do_honest(self, _: object) -> None:
        """Do what the task asks in a trivial way, commit, and say so; a reading role only answers."""
        if self.role not in {"research", "brainstorm"}:
            paths = [path for path in self.files if self._inside(path)]
            for path in paths or [f"branchline-notes/{self.id}.md"]:
                self.do_append({"path": path, "content": f"{self.id}: {self.title}\n"})
            self.do_commit(f"{self.id}: {self.title}")
        self.do_answer({"status": "done", "summary": f"did {self.title}"})

    def do_write(self, argument: Mapping[str, str]) -> None:
        """Write a file anew."""
        self._path(argument["path"]).write_text(argument["content"], encoding="utf-8")

    def do_append(self, argument: Mapping[str, str]) -> None:
        """Add to the end of a file."""
        with self._path(argument["path"]).open("a", encoding="utf-8") as file:
            file.write(argument["content"])

    def do_delete(self, path: str) -> None:
        """Delete a file."""
        self._path(path).unlink(missing_ok=True)

    def do_conflict(self, argument: Mapping[str, str]) -> None:
        """Take the first line of a file for its own: two tasks that do so cannot be merged."""
        target = self._path(argument["path"])
        old = target.read_text(encoding="utf-8").splitlines(keepends=True) if target.exists() else []
        first = argument["content"].rstrip("\n") or f"{self.id} was here"
        target.write_text("".join([first + "\n", *old[1:]]), encoding="utf-8")

    def do_commit(self, message: str) -> None:
        """Commit everything; outside of a git repository, and without a change, nothing happens."""
        if self._run(["git", "rev-parse", "--git-dir"], quiet=True):
            return
        self._git("add", "-A")
        if self._run(["git", "diff", "--cached", "--quiet"]):
            self._git("commit", "-q", "-m", message or f"{self.id}: {self.title}")

    def do_run(self, text: str) -> None:
        """Run a shell command of the scenario; a bad exit status ends the play with it."""
        if code := self._run(["sh", "-c", text]):
            raise Stop(code)

    def do_say(self, text: str) -> None:
        """Print a message."""
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    do_message = do_say

    def do_usage(self, argument: Mapping[str, Any]) -> None:
        """Tell what a turn has used."""
        self.do_say(json.dumps({"type": "usage", **argument}))

    def do_sleep(self, seconds: float) -> None:
        """Take its time."""
        self.sleep(seconds)

    def do_spawn(self, argument: Mapping[str, Any]) -> None:
        """Leave a child behind that outlives the player; with `escape` in a session of its own."""
        argv = ["sh", "-c", f"exec sleep {argument['seconds']}"]
        os.posix_spawnp("sh", argv, os.environ, setsid=argument["escape"])

    def do_answer(self, argument: Mapping[str, Any]) -> NoReturn:
        """Write the exit record and end."""
        record = {key: value for key, value in argument.items() if key != "extra" and value}
        self.exit_file.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.exit_file.with_name(self.exit_file.name + ".new")
        text = json.dumps({**record, **argument.get("extra", {})}, ensure_ascii=False)
        temporary.write_text(text + "\n", encoding="utf-8")
        temporary.replace(self.exit_file)
        raise Stop

    def do_block(self, argument: Mapping[str, Any]) -> NoReturn:
        """Ask a question and end."""
        self.do_answer(argument)

    def do_lie(self, _: object) -> NoReturn:
        """Answer done having done nothing."""
        self.do_answer({"status": "done", "summary": f"did {self.title}"})

    def do_silent(self, _: object) -> NoReturn:
        """End well without a word."""
        raise Stop

    def do_exit(self, code: int) -> NoReturn:
        """End with an exit status."""
        raise Stop(code)

    def do_crash(self, how: int | str) -> NoReturn:
        """End by the signal of a name, or with an exit status."""
        if isinstance(how, str):
            os.kill(os.getpid(), signal.Signals[how])
            self.sleep(1.0)
        raise Stop(how if isinstance(how, int) else 1)

    def do_hang(self, _: object) -> NoReturn:
        """Never end by itself."""
        while True:
            self.sleep(3600.0)

    def _path(self, path: str) -> Path:
        if not self._inside(path):
            raise InputError(f"{path!r} is not inside the worktree")
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def _inside(self, path: str) -> bool:
        return bool(path) and (self.root / path).resolve().is_relative_to(self.root.resolve())

    def _git(self, *arguments: str) -> None:
        if code := self._run(["git", *arguments]):
            raise InputError(f"git {arguments[0]} ended with exit {code}; its words are above")

    def _run(self, argv: Sequence[str], quiet: bool = False) -> int:
        # Custody owns the whole tree of this process; a bare spawn and wait is all that is needed here.
        devnull = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in ((0, 1, 2) if quiet else (0,))]
        pid = os.posix_spawnp(argv[0], list(argv), os.environ, file_actions=devnull)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def read_task(folder: Path, env: Mapping[str, str]) -> dict[str, Any]:
    """Read the job in the attempt's folder, completed by the reserved names of the environment."""
    path = folder / SPEC
    job = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {"task": env.get("BRANCHLINE_TASK_ID", ""), "attempt": int(env.get("BRANCHLINE_ATTEMPT") or 1), **job}


def read_steps(path: Path, task: str, attempt: int) -> Sequence[Step]:
    """Choose the steps of one attempt; attempts after the last that is written play that one again."""
    script = schema.scenario(files.load_yaml(files.read_text(path), str(path)) or {})
    attempts = script["tasks"].get(task) or [script["defaults"]]
    steps: Sequence[Step] = attempts[min(attempt, len(attempts)) - 1]
    return steps


def main(arguments: Sequence[str], env: Mapping[str, str], sleep: Callable[[float], None] = time.sleep) -> int:
    """Play the scenario for the task that the environment names; gives the exit status."""
    try:
        folder = Path(arguments[0])
        task = read_task(folder, env)
        exit_file = Path(env.get("BRANCHLINE_EXIT_FILE") or folder / "answer.json")
        chosen = read_steps(Path(arguments[1]), task["task"], task["attempt"]) if len(arguments) > 1 else ()
        return Player(Path.cwd(), task, exit_file, sleep).play(chosen)
    except (InputError, ValueError, OSError, IndexError) as error:
        sys.stderr.write(f"the scenario cannot be played: {error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
