"""The whole road with real agents, their model being a stub on loopback: plan, worktrees, checks, merges, words."""

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from agent_bench import AGENTS, end_servers
from programs import PROGRAMS, missing

import branchline
from branchline import sandbox
from stub_dialects import Step
from stub_model import StubModel

pytestmark = pytest.mark.real
with_opencode = pytest.mark.skipif(bool(missing("opencode")), reason=missing("opencode"))
AGENT_KINDS = [pytest.param(k, marks=pytest.mark.skipif(bool(missing(k)), reason=missing(k))) for k in AGENTS]
BOXED_KINDS = [
    pytest.param(k, marks=pytest.mark.skipif(bool(missing(k)), reason=missing(k)))
    for k in ("opencode", "claude", "codex")
]
LIMIT = 600.0
HELD = sandbox.best("auto", os.environ)
SECRET = "a-key-that-must-stay-here"

PLAN = """# Greetings

A file that greets, and one that says good-bye.

- [ ] 1. Write hello.txt with one polite line
  - Keep it to one line; mind the `quotes` and the "marks" & <signs>.
  - Verify: `grep -qx 'Hello, Ada!' hello.txt`
- [ ] 2. Write bye.txt with one polite line (depends on 1)
  - Verify: `grep -qx 'Bye, Ada!' bye.txt`
"""
ONE_TASK = """# Colour

- [ ] 1. Write colour.txt with the colour of the house
  - Verify: `test -s colour.txt`
"""


BEFORE = {1: "", 2: "", 3: " (depends on 1)", 4: " (depends on 1, 2)", 5: " (depends on 3)", 6: " (depends on 4, 5)"}
SIX = "# Numbers\n\n" + "".join(
    f"- [ ] {n}. Write {n}.txt{after}\n  - Verify: `grep -qx {n} {n}.txt`\n" for n, after in BEFORE.items()
)


class Stage:
    """A repository with one plan, a home with the agent's configuration for the stub, and the program on PATH."""

    def __init__(
        self, tmp: Path, plan: str, rules: Sequence[tuple[str, Sequence[Step]]], kind: str = "opencode"
    ) -> None:
        self.model = StubModel(rules)
        self.root = tmp / "repo"
        home = tmp / "home"
        home.mkdir(parents=True)
        (tmp / "bin").mkdir()
        (tmp / "bin" / Path(str(PROGRAMS[kind])).stem).symlink_to(str(PROGRAMS[kind]))
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "OPENCODE", "BRANCHLINE"))}
        self.env = {**kept, "HOME": str(home), "PATH": f"{tmp / 'bin'}:{kept['PATH']}", "HOUSE_API_KEY": SECRET}
        self.env |= AGENTS[kind].settle(home, self.model)
        self.env["PYTHONPATH"] = str(Path(branchline.__file__).resolve().parents[1])
        (self.root / "plans").mkdir(parents=True)
        (self.root / "plans" / "house.md").write_text(plan)
        if AGENTS[kind].pass_env:
            named = json.dumps(AGENTS[kind].pass_env)
            (self.root / "branchline.toml").write_text(
                f'[workers.{kind}]\npass_env = {named}\nmodel = "{AGENTS[kind].model}"\nwritable = ["{home}/config"]\n'
            )
        self.git("init", "-q")
        self.git("add", "-A")
        self.git("commit", "-qm", "a plan")

    def git(self, *words: str) -> str:
        """Run git in the repository and give what it says."""
        done = subprocess.run(["git", *words], cwd=self.root, env=self.env, check=True, capture_output=True, text=True)
        return done.stdout

    def run(self, *words: str, status: int | None = 0, limit: float = LIMIT) -> dict[str, Any]:
        """Run the command line with --json and give its one line; the exit status must be `status` (None: any)."""
        argv = [sys.executable, "-m", "branchline", *words, "--json"]
        done = subprocess.run(
            argv, cwd=self.root, env=self.env, capture_output=True, text=True, timeout=limit, stdin=subprocess.DEVNULL
        )
        assert status in (None, done.returncode), (done.stdout, done.stderr)
        (line,) = done.stdout.splitlines()
        found: dict[str, Any] = json.loads(line)
        return found

    def claims(self, task: int) -> list[Path]:
        """What was claimed of a task, attempt after attempt."""
        return sorted(self.root.glob(f".branchline/runs/r1/{task}/[0-9]*/claim.json"))

    def prompts(self) -> list[str]:
        """The text of every user message the model was sent, in order, each once."""
        found: dict[str, None] = {}
        for body in self.model.requests:
            for message in body.get("messages", []):
                if message.get("role") == "user":
                    found[_flat(message["content"])] = None
        return list(found)


def _flat(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def write(path: str, text: str) -> Step:
    """The step in which the agent writes a file by its own tool."""
    return {"tools": [["write", {"filePath": path, "content": text}]]}


@pytest.fixture
def stages(tmp_path: Path) -> Iterator[Any]:
    """Make stages whose models are stopped at the end."""
    made: list[Stage] = []

    def make(plan: str, rules: Sequence[tuple[str, Sequence[Step]]], kind: str = "opencode") -> Stage:
        stage = Stage(tmp_path / str(len(made)), plan, rules, kind)
        stage.model.__enter__()
        made.append(stage)
        return stage

    yield make
    end_servers(tmp_path)
    for stage in made:
        stage.model.__exit__()


@with_opencode
def test_a_plan_of_two_tasks_becomes_merged_and_checked_work(stages: Any) -> None:
    spy = {"tools": [["bash", {"command": "env", "description": "look around"}]]}
    stage = stages(
        PLAN,
        [
            (r"(?m)^# Task 1: ", [write("hello.txt", "Hello, Ada!\n"), {"text": "hello.txt greets Ada."}]),
            (r"(?m)^# Task 2: ", [write("bye.txt", "Bye, Ada!\n"), spy, {"text": "bye.txt says good-bye."}]),
        ],
    )
    done = stage.run("execute", "plans/house.md", "--worker", "opencode", "--yes")
    assert (done["ok"], done["state"], done["counts"]) == (True, "done", {"done": 2})

    assert stage.git("show", "branchline/r1/tip:hello.txt") == "Hello, Ada!\n"
    assert stage.git("show", "branchline/r1/tip:bye.txt") == "Bye, Ada!\n"
    assert not (stage.root / "hello.txt").exists(), "the user's own checkout is not touched"
    assert stage.git("status", "--porcelain", "--untracked-files=no") == ""

    proof = stage.run("evidence", "1")
    assert (proof["level"], proof["files"]) == ("checked", ["hello.txt"])
    assert [(check["command"], check["exit"]) for check in proof["checks"]][-1] == (
        "grep -qx 'Hello, Ada!' hello.txt",
        0,
    )
    assert stage.git("merge-base", "--is-ancestor", proof["commit"], "branchline/r1/tip") == ""

    report = stage.run("report")
    assert SECRET not in json.dumps(report)
    assert [(task["id"], task["level"]) for task in report["done"]] == [("1", "checked"), ("2", "checked")]
    assert report["tip"] == "branchline/r1/tip"

    sent = stage.prompts()
    for task in ("1", "2"):
        assert any(stage.run("prompt", task)["prompt"] == text.rstrip("\n") + "\n" for text in sent), sent
    assert "hello.txt greets Ada." in next(text for text in sent if "# Task 2:" in text), "what 1 said is told to 2"

    everything = json.dumps(stage.model.requests)
    assert "BRANCHLINE_TASK_ID=2" in everything, "the agent has seen its environment"
    assert SECRET not in everything
    _nothing_secret_below(stage.root / ".branchline")
    landed = stage.run("land")
    assert landed["moved"]
    assert (stage.root / "bye.txt").read_text() == "Bye, Ada!\n"
    assert "- [x] 1." in (stage.root / "plans" / "house.md").read_text()


@pytest.mark.parametrize("kind", BOXED_KINDS)
@pytest.mark.skipif(HELD.level != "strict", reason=f"no strict sandbox here: {HELD.not_held}")
def test_an_agent_reaches_the_model_of_its_user_and_each_connection_is_told(stages: Any, kind: str) -> None:
    """By default: the machine's loopback is not there, but for the port that the user's own configuration names."""
    shell = AGENTS[kind].shell("curl -s -o seen.txt http://pastebin.com; echo blue > colour.txt")
    stage = stages(ONE_TASK, [("", [{"tools": [shell]}, {"text": "It is blue."}])], kind)
    done = stage.run("execute", "plans/house.md", "--worker", kind, "--yes")
    assert done["state"] == "done"
    assert stage.git("show", "branchline/r1/tip:seen.txt") == "branchline: tier 5: exfiltration\n"
    asked = stage.run("net", "log", "1")["connections"]
    port = int(stage.model.url.rpartition(":")[2].partition("/")[0])
    assert {(row["host"], row["port"]) for row in asked if row["allowed"]} >= {("localhost", port)}
    assert [row["allowed"] for row in asked if row["host"] == "pastebin.com"] == [False]


def _nothing_secret_below(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert SECRET.encode() not in path.read_bytes(), path


@with_opencode
def test_a_blocked_task_is_answered_and_goes_on_in_its_session(stages: Any) -> None:
    stage = stages(
        ONE_TASK,
        [
            (r"You go on with this task", [write("colour.txt", "blue\n"), {"text": "The house is blue."}]),
            (r"(?m)^# Task 1: ", [{"text": "I looked around.\n\nBLOCKED: red or blue?"}]),
        ],
    )
    waiting = stage.run("execute", "plans/house.md", "--worker", "opencode", "--yes", status=3)
    assert (waiting["state"], list(waiting["waiting"])) == ("waiting", ["1"])
    (question,) = stage.run("inbox")["questions"]
    assert (question["task"], question["kind"], question["text"]) == ("1", "question", "red or blue?")
    assert not stage.run("answer", "1", "blue", "as", "the", "sky")["coordinator"]

    done = stage.run("execute", "plans/house.md")
    assert (done["state"], done["counts"]) == ("done", {"done": 1})
    assert stage.git("show", "branchline/r1/tip:colour.txt") == "blue\n"
    assert stage.run("inbox")["questions"] == []
    claims = [json.loads(path.read_text()) for path in stage.claims(1)]
    assert [claim["status"] for claim in claims] == ["blocked", "done"]
    assert re.fullmatch(r"ses_\w+", claims[0]["session"])
    assert claims[0]["session"] == claims[1]["session"]
    last = stage.model.requests[-1]["messages"]
    texts = [_flat(message["content"]) for message in last if message["role"] == "user"]
    assert len(texts) == 2, "the session remembers the first prompt"
    assert "blue as the sky" in texts[1]


@with_opencode
def test_a_refused_key_and_an_empty_answer_are_no_success(stages: Any) -> None:
    plan = "# Two\n\n- [ ] Write a.txt\n  - Verify: `true`\n- [ ] Write b.txt\n  - Verify: `true`\n"
    stage = stages(plan, [(r"(?m)^# Task 1: ", [{"status": 401}]), (r"(?m)^# Task 2: ", [{"text": ""}])])
    (stage.root / "branchline.toml").write_text("retries = 0\n")
    stage.git("add", "-A")
    stage.git("commit", "-qm", "settings")
    failed = stage.run("execute", "plans/house.md", "--worker", "opencode", "--yes", status=4)
    assert failed["counts"] == {"failed": 2}
    assert "401" in failed["waiting"]["1"]
    assert "no final text" in failed["waiting"]["2"]
    assert stage.git("rev-parse", "branchline/r1/tip") == stage.git("rev-parse", "HEAD"), "nothing was merged"


@with_opencode
def test_a_model_that_opencode_does_not_know_starts_nothing(stages: Any) -> None:
    stage = stages(ONE_TASK, [(r"(?m)^# Task 1: ", [write("colour.txt", "blue\n"), {"text": "It is blue."}])])
    words = ("execute", "plans/house.md", "--worker", "opencode", "--yes", "--model")
    refused = stage.run(*words, "stub/stub-2", status=2)
    assert (
        refused["error"] == "worker opencode in role build: there is no model 'stub/stub-2'; did you mean stub/stub-1?"
    )
    assert stage.model.requests == []
    assert stage.run(*words, "stub/stub-1")["counts"] == {"done": 1}


@with_opencode
@pytest.mark.parametrize("kind", ["opencode", "opencode-server"])
def test_how_a_worker_is_to_work_is_said_in_the_plan_and_reaches_the_model(stages: Any, kind: str) -> None:
    warm = "  - Temperature: 0.3\n" if kind == "opencode" else ""
    plan = f"{ONE_TASK}  - Agent: careful\n  - Variant: deep\n  - Read first: docs/style.md\n{warm}"
    stage = stages(plan, [("^# Task 1: ", [write("colour.txt", "blue\n"), {"text": "It is blue."}])], kind)
    mine = Path(stage.env["OPENCODE_CONFIG"])
    config = json.loads(mine.read_text())
    config["agent"] = {"careful": {"mode": "primary", "prompt": "You are the careful one."}}
    config["provider"]["stub"]["models"]["stub-1"] |= {
        "reasoning": True,
        "temperature": True,
        "variants": {"deep": {"reasoningEffort": "high"}},
    }
    mine.write_text(json.dumps(config))
    assert stage.run("execute", "plans/house.md", "--worker", kind, "--yes")["counts"] == {"done": 1}
    sent = next(
        body for body in stage.model.requests if any("# Task 1" in _flat(m["content"]) for m in body["messages"])
    )
    assert "You are the careful one." in _flat(sent["messages"][0]["content"])
    assert sent["reasoning_effort"] == "high"
    assert sent.get("temperature") == (0.3 if warm else None)
    assert any("- `docs/style.md`" in text for text in stage.prompts())


@with_opencode
def test_tasks_share_a_session_that_moves_from_worktree_to_worktree(stages: Any) -> None:
    rules = [(rf"(?m)^# Task {n}: ", [write(f"{n}.txt", f"{n}\n"), {"text": f"{n}."}]) for n in range(1, 7)]
    stage = stages(SIX, rules)
    (stage.root / "branchline.toml").write_text('[workers.opencode-server]\nsession = "run"\ndelete_sessions = true\n')
    done = stage.run("execute", "plans/house.md", "--worker", "opencode-server", "--yes", "-j", "3")
    assert (done["state"], done["counts"]) == ("done", {"done": 6})
    claims = [json.loads(path.read_text()) for path in stage.root.glob(".branchline/runs/r1/*/1/claim.json")]
    assert len({claim["session"] for claim in claims}) == 1
    assert [claim["tokens"] for claim in claims] == [240] * 6
    texts = stage.prompts()
    assert len([text for text in texts if re.search(r"(?m)^# Task \d: ", text)]) == 6
    last = max(stage.model.requests, key=lambda body: len(body["messages"]))
    assert len([message for message in last["messages"] if message["role"] == "user"]) == 6, "it remembers all of them"
    database = next(Path(stage.env["HOME"]).glob(".local/state/branchline/servers/*/home/**/opencode.db"))
    with sqlite3.connect(database) as store:
        assert store.execute("SELECT count(*) FROM session").fetchone() == (0,)


@pytest.mark.parametrize("kind", AGENT_KINDS)
def test_a_plan_of_six_tasks_is_merged_with_every_agent_though_one_hangs(stages: Any, kind: str) -> None:
    shell = AGENTS[kind].shell
    hangs = {"hang": True, "times": 1}
    rules = [
        (
            rf"(?m)^# Task {n}: ",
            [{"tools": [shell(f"echo {n} > {n}.txt")], **(hangs if n == 2 else {})}, {"text": f"{n}."}],
        )
        for n in range(1, 7)
    ]
    stage = stages(SIX, rules, kind)
    stage.env |= {"BRANCHLINE_SILENCE": "12s", "BRANCHLINE_BACKOFF": "1s"}
    worker = f"{kind}:opencode acp" if kind == "acp" else kind
    done = stage.run("execute", "plans/house.md", "--worker", worker, "--yes", "-j", "2")
    assert (done["state"], done["counts"]) == ("done", {"done": 6})
    for n in range(1, 7):
        assert stage.git("show", f"branchline/r1/tip:{n}.txt") == f"{n}\n"
    assert [(task["evidence"]) for task in stage.run("status")["tasks"]] == ["checked"] * 6
    claims = {n: [json.loads(path.read_text()) for path in stage.claims(n)] for n in range(1, 7)}
    assert [claim["status"] for claim in claims[2]] == ["timeout", "done"], (
        "the watchdog has ended it, and it began anew"
    )
    assert [claims[n][-1]["tokens"] for n in claims] == [120 if kind == "acp" else 240] * 6
