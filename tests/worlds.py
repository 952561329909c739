"""A small repository with a plan, real agents and the real program, for tests from outside."""

import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from branchline.engine import Policy, State, replay
from branchline.graph.adjacency import of_rows
from branchline.model.moves import TASK_MOVES
from branchline.model.run import AttemptRow, Event, QuestionRow, RunRow, TaskRow
from branchline.store import Store
from warm import Program

SRC = Path(__file__).resolve().parents[1] / "src"
SCALE = float(os.environ.get("BRANCHLINE_TEST_SCALE", "1"))
DEADLINE = 60.0
ENV = {"PYTHONPATH": str(SRC), "RAM_RESERVE_MB": "0", "RAM_PER_WORKER_MB": "1", "BRANCHLINE_SANDBOX": "env"}
"""What every command gets: the agents write a ledger outside of the repository, which a sandbox would not let them."""
SAY = """say() { printf '{"status": "%s", "summary": "%s"}' "$1" "$2" > "$BRANCHLINE_EXIT_FILE"; }"""
HEAD = f"""#!/bin/sh
ledger='@LEDGER@'
run="$BRANCHLINE_TASK_ID $BRANCHLINE_ATTEMPT"
echo "start $run $(date +%s.%N)" >> "$ledger"
{SAY}
end() {{ echo "end $run $(date +%s.%N)" >> "$ledger"; }}
make() {{ echo "made by $run" > "out-$BRANCHLINE_TASK_ID.txt"; }}
"""
"""What every agent begins with: it writes itself into the ledger outside of the repository."""


class Result(NamedTuple):
    """How one command ended; `json` is its JSON line, empty when there is none."""

    status: int
    out: str
    err: str
    json: dict[str, Any]

    def __str__(self) -> str:
        return f"exit {self.status}\n--- out\n{self.out}\n--- err\n{self.err}"


class Line(NamedTuple):
    """One line of the ledger: an agent has begun or ended."""

    what: str
    task: str
    attempt: int
    at: float


class Task(NamedTuple):
    """One task of a plan; `verify` None means its own output file must be there, "" means no check at all."""

    id: str
    after: tuple[str, ...] = ()
    verify: str | None = None
    files: tuple[str, ...] = ()
    title: str = ""
    role: str = ""

    def lines(self) -> list[str]:
        """The task as the plan says it."""
        check = f"test -s out-{self.id}.txt" if self.verify is None else self.verify
        words = [f"- [ ] {self.id} {self.title or f'Write part {self.id}'}"]
        words += [f"  - Depends on: {', '.join(self.after)}"] if self.after else []
        words += [f"  - Role: {self.role}"] if self.role else []
        words += ["  - Files:", *(f"    - Modify: `{name}`" for name in self.files)] if self.files else []
        return words + ([f"  - Verify: `{check}`"] if check else [])


def plan_text(tasks: Iterable[Task], *, phases: bool = False) -> str:
    """A plan of these tasks, one section for each first number of their ids; numbered sections are phases in order."""
    lines, section = ["# A plan", "", "Parts that belong together."], ""
    for task in tasks:
        first = task.id.partition(".")[0]
        if first != section:
            section = first
            lines += ["", f"## {f'{first}. Phase' if phases else f'Section {chr(64 + int(first))}'}", ""]
        lines += task.lines()
    return "\n".join(lines) + "\n"


class World:
    """A repository in a folder of its own, with all that a test wants to do to it and ask of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "repository"
        self.ledger_file = folder / "ledger"
        self.children: list[Program] = []
        if self.root.exists():  # a copy, whose files the index does not know yet
            self.git("update-index", "-q", "--refresh")
            return
        self.root.mkdir(parents=True)
        self.git("init", "--quiet")
        (self.root / "README.md").write_text("one line\n")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "first")

    # -- making

    def plan(self, *tasks: Task, name: str = "plan.md", phases: bool = False) -> None:
        """Write and commit a plan."""
        self.write(name, plan_text(tasks, phases=phases))

    def write(self, name: str, text: str) -> None:
        """Write and commit one file."""
        (self.root / name).write_text(text)
        self.git("add", "--", name)
        self.git("commit", "--quiet", "--message", f"write {name}")

    def settings(self, text: str) -> None:
        """Write and commit the settings."""
        self.write("branchline.toml", text)

    def agent(self, body: str, name: str = "agent.sh", head: str = HEAD) -> str:
        """An agent of shell text, as `--worker` takes it."""
        path = self.folder / name
        path.write_text(head.replace("@LEDGER@", str(self.ledger_file)) + body)
        path.chmod(0o755)
        return f"shell:{path}"

    # -- doing

    def start(self, *words: str, **more: str) -> Program:
        """Start a command in a session of its own and go on."""
        said = self.folder / f"said-{len(self.children)}"
        process = Program(words, self.root, {**os.environ, **ENV, **more}, said)
        self.children.append(process)
        return process

    def finish(self, process: Program, timeout: float = DEADLINE) -> Result:
        """Wait for a started command."""
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"still running after {timeout} s:\n{out}\n{err}\n{self.story()}") from None
        lines = out.rstrip("\n").split("\n")
        parsed = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}
        return Result(process.returncode, out, err, parsed)

    def run(self, *words: str, timeout: float = DEADLINE, **more: str) -> Result:
        """One command, to its end, with `--json`."""
        result = self.finish(self.start(*words, "--json", **more), timeout)
        assert result.out.count("\n") == 1, result
        assert result.json["ok"] == (result.status == 0), result
        return result

    def execute(self, worker: str = "", *words: str, timeout: float = DEADLINE) -> Result:
        """`execute --yes` of the plan, to its end."""
        named = ("--worker", worker) if worker else ()
        return self.run("execute", "plan.md", "--yes", *named, *words, timeout=timeout)

    def begin(self, worker: str = "", *words: str) -> Program:
        """The same, in the background."""
        named = ("--worker", worker) if worker else ()
        return self.start("execute", "plan.md", "--yes", "--json", *named, *words)

    def git(self, *words: str, check: bool = True) -> str:
        """One git command in the user's checkout."""
        done = subprocess.run(["git", *words], cwd=self.root, capture_output=True, text=True, check=False)
        assert not check or done.returncode == 0, done.stderr
        return done.stdout.strip()

    # -- asking

    def states(self) -> dict[str, str]:
        """Atomic task -> state, as `status` says it."""
        shown = self.run("status")
        return {t["id"]: t["state"] for t in shown.json["tasks"] if t["kind"] == "atomic"}

    def reasons(self) -> dict[str, str]:
        """Atomic task -> reason, as `status` says it."""
        return {t["id"]: t["reason"] for t in self.run("status").json["tasks"] if t["kind"] == "atomic"}

    def rows(self, run: str = "r1") -> tuple[list[TaskRow], list[AttemptRow], list[QuestionRow]]:
        """What is stored of a run."""
        with Store.open(self.root / ".branchline" / "state.db") as store:
            return store.tasks(run), store.attempts(run), store.questions(run)

    def task(self, name: str, run: str = "r1") -> TaskRow:
        """The stored row of one task."""
        return next(row for row in self.rows(run)[0] if row.task == name)

    def ledger(self) -> list[Line]:
        """What the agents themselves say of when they ran."""
        if not self.ledger_file.exists():
            return []
        words = [line.split() for line in self.ledger_file.read_text().splitlines()]
        return [Line(w[0], w[1], int(w[2]), float(w[3])) for w in words]

    def started(self) -> list[tuple[str, int]]:
        """(task, attempt) in the order in which agents began."""
        return [(line.task, line.attempt) for line in self.ledger() if line.what == "start"]

    def tip(self, path: str, run: str = "r1") -> str:
        """A file's text on the integration branch; empty when it is not there."""
        return self.git("show", f"branchline/{run}/tip:{path}", check=False)

    def merges(self, run: str = "r1") -> list[str]:
        """The tasks that the integration branch has merge commits of, oldest first."""
        form = "--format=%(trailers:key=Branchline-Task,valueonly,separator=%x2C)"
        text = self.git("log", "--first-parent", "--reverse", form, f"branchline/{run}/tip", "--not", "HEAD")
        return [line for line in text.splitlines() if line]

    def salvaged(self, task: str, path: str, run: str = "r1") -> list[str]:
        """A file's text in each salvage ref of a task that has it."""
        refs = self.git("for-each-ref", "--format=%(refname)", f"refs/branchline/salvage/{run}/{task}/").splitlines()
        found = (self.git("show", f"{ref}:{path}", check=False) for ref in refs)
        return [text for text in found if text]

    def checkout(self) -> tuple[str, ...]:
        """All of the user's own that must not change: HEAD, branch, index, files, stash, their branches."""
        mine = self.git(
            "for-each-ref", "--format=%(refname) %(objectname)", "refs/heads/main", "refs/stash", "refs/tags"
        )
        index = self.git("ls-files", "--stage", "--debug", "--", "README.md")
        status = self.git("status", "--porcelain", "--untracked-files=no")
        return (self.git("rev-parse", "HEAD"), self.git("symbolic-ref", "HEAD"), mine, index, status)

    def worktrees(self) -> list[str]:
        """The tasks that have a worktree, by git's own word."""
        text = self.git("worktree", "list", "--porcelain")
        names = [line.rpartition("/")[2] for line in text.splitlines() if line.startswith("worktree ")]
        return sorted(name for name in names if name not in (self.root.name, ".merge"))

    def processes(self) -> dict[int, str]:
        """Everything alive that names this world in its command line, its environment or its folder; not us."""
        mark, found = str(self.folder).encode(), {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                line, env = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
                place = os.readlink(entry / "cwd").encode()
            except OSError:
                continue
            if line and (mark in line or mark in env or place.startswith(mark)):
                found[int(entry.name)] = line.replace(b"\0", b" ").decode(errors="replace").strip()
        return found

    def run_row(self, run: str = "r1") -> RunRow:
        """What is stored of a run itself."""
        with Store.open(self.root / ".branchline" / "state.db") as store:
            row = store.run(run)
        assert row, f"no run {run}"
        return row

    def events(self) -> list[Event]:
        """The events of every run, oldest first; none before the first run."""
        path = self.root / ".branchline" / "state.db"
        if not path.exists():
            return []
        with Store.open(path) as store:
            return [event for run in store.runs() for event in store.events(run.run)]

    def story(self) -> str:
        """The newest events and what is alive, for a failed test to print; a test asks `events`."""
        rows = self.events()[-150:]
        told = "\n".join(f"{e.at:.2f} {e.task} {e.attempt} {e.fence} {e.kind}: {e.cause[:150]}" for e in rows)
        return f"{told or 'no run'}\nalive: {self.processes()}"

    def until(self, fact: Callable[[], object], what: str, seconds: float = 30.0) -> None:
        """Wait for a fact of real processes; raises AssertionError at the deadline."""
        end = time.monotonic() + seconds
        while not fact():
            assert time.monotonic() < end, f"{what} did not come within {seconds} s\n{self.story()}"
            time.sleep(0.02)

    # -- laws

    def check_laws(self, run: str = "r1", *, quiet: bool = True) -> None:
        """What must hold after every history, however it went."""
        self.check_replay(run)
        self.check_ledger(run)
        self.check_merges(run)
        if quiet:
            self.until(lambda: not self.processes(), "the end of every process", 15.0)

    def check_replay(self, run: str = "r1") -> None:
        """Replaying the events from the first rows rebuilds the rows exactly."""
        with Store.open(self.root / ".branchline" / "state.db") as store:
            row = store.run(run)
            assert row is not None
            tasks, attempts, questions = store.graph_tasks(run), store.attempts(run), store.questions(run)
            again = replayed(row, store.tasks(run), store.events(run))
            lanes = [each for each in store.lanes(run) if each.room or each.strikes]
        assert {t.task: t for t in again.tasks.values()} == {t.task: t for t in tasks if t.kind == "atomic"}
        assert list(again.attempts.values()) == attempts
        assert list(again.questions.values()) == questions
        assert list(again.lanes.values()) == lanes
        assert (again.run.state, again.run.reason) == (row.state, row.reason)

    def check_ledger(self, run: str = "r1") -> None:
        """No agent ran twice under one attempt, none ran that is not recorded, never two of one task at once (I1)."""
        begun = Counter(self.started())
        assert not [key for key, times in begun.items() if times > 1], f"run twice: {begun}\n{self.story()}"
        recorded = {(a.task, a.attempt) for a in self.rows(run)[1] if a.purpose == "work"}
        assert set(begun) <= recorded, f"not recorded: {set(begun) - recorded}"

    def check_merges(self, run: str = "r1") -> None:
        """Every done task has one merge commit, the one its row names; nothing else was merged; no worktree stays."""
        tasks = [row for row in self.rows(run)[0] if row.kind == "atomic"]
        done = {row.task for row in tasks if row.state == "done" and row.attempt}
        assert Counter(self.merges(run)) == Counter(done), self.story()
        tip = f"branchline/{run}/tip"
        for row in tasks:
            if row.task in done:
                assert self.git("merge-base", row.commit, tip) == row.commit
        assert not done & set(self.worktrees()), self.story()

    def close(self) -> None:
        """End what this world started."""
        for child in self.children:
            child.kill()
            child.wait()
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


Live = Callable[[World], object]
"""What happens in a world."""


def replayed(run: RunRow, tasks: Sequence[TaskRow], events: Sequence[Any]) -> State:
    """The state that the events alone give, from the rows as `create_run` wrote them; what came later comes with its event."""
    added = {task for event in events if event.kind == "replanned" for task in event.data["added"]}
    moves: dict[str, str] = {}
    for event in events:
        if event.task and event.kind in TASK_MOVES:
            moves.setdefault(event.task, event.kind)
    rows = [beginning(row, moves[row.task]) if row.task in moves else row for row in tasks if row.task not in added]
    names = {row.task for row in rows}
    edges = [edge for edge in json.loads(run.net)["edges"] if names.issuperset(edge[:2])]
    first = run._replace(state="running", reason="", ended=None)
    state = State.restore(first, of_rows(rows, edges), Policy(), rows, [], [])
    return replay(state, events)


def beginning(row: TaskRow, move: str) -> TaskRow:
    """A task's row before its first move."""
    start = "pending" if move in TASK_MOVES["pending"] else "ready"
    return TaskRow(*row[:9], state=start)._replace(kind="atomic")
