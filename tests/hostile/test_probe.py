"""The probe's 30 escapes and thefts, against the real program: as root and as an ordinary user."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from branchline import sandbox
from worlds import ENV

PROBE = Path(__file__).with_name("probe.py")
DOCS = Path(__file__).parents[2] / "docs" / "security.md"
SECRET = "s3cret-canary-of-the-coordinator"
STRICT = sandbox.best("auto", os.environ).level == "strict"
SETTINGS = """sandbox = "strict"
max_processes = 100
max_memory = 300
"""
PLAN = """# Probe

- [ ] 1.1 Try to get out
  - Verify: `test -s probe.json`
- [ ] 2.1 A neighbour
  - Verify: `true`
"""
NEIGHBOUR = 'printf \'{"status": "blocked", "text": "wait"}\' > "$BRANCHLINE_EXIT_FILE"; echo mine > neighbour.txt\n'


PATHS = os.pathsep.join([ENV["PYTHONPATH"], *(path for path in sys.path if path.endswith("site-packages"))])


def as_user(uid: int) -> dict[str, Any]:
    """What makes a process another user's."""
    return {"user": uid, "group": uid, "extra_groups": []} if uid != os.getuid() else {}


def python_for(uid: int, folder: Path) -> str:
    """An interpreter that this user can run our program with, made in `folder`; "" where there is none."""
    for base in (sys.executable, "/usr/bin/python3"):
        made = folder / f"python-{Path(base).parent.name}"
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            subprocess.run(
                (base, "-m", "venv", "--without-pip", made), cwd="/", capture_output=True, check=True, **as_user(uid)
            )
            (packages,) = made.glob("lib/python*/site-packages")
            (packages / "ours.pth").write_text(PATHS.replace(os.pathsep, "\n"))
            trial = (made / "bin/python", "-c", "import branchline.cli, branchline.schema, yaml, networkx")
            subprocess.run(trial, cwd="/", capture_output=True, check=True, **as_user(uid))
            return str(made / "bin/python")
    return ""


class Target:
    """A user with keys, a checkout with secrets, services of theirs, and a run with a probe in it."""

    def __init__(self, folder: Path, uid: int, python: str) -> None:
        self.folder, self.uid, self.python = folder, uid, python
        self.root, self.home = folder / "repository", folder / "home"
        for path in (".ssh/id_ed25519", ".local/share/keyrings/login.keyring", ".local/share/opencode/auth.json"):
            (self.home / path).parent.mkdir(parents=True, exist_ok=True)
            (self.home / path).write_text(SECRET)
        self.root.mkdir()
        (self.root / "plan.md").write_text(PLAN)
        (self.root / "branchline.toml").write_text(SETTINGS)
        (self.root / ".gitignore").write_text(".env\n")
        (self.root / ".env").write_text(SECRET)
        probe = f"exec {python} {folder}/probe.py {folder}/facts.json"
        (folder / "agent.sh").write_text(f'#!/bin/sh\n[ "$BRANCHLINE_TASK_ID" = 2.1 ] || {probe}\n{NEIGHBOUR}')
        (folder / "agent.sh").chmod(0o755)
        shutil.copy(PROBE, folder / "probe.py")
        for path in (self.root, self.home, *self.root.rglob("*"), *self.home.rglob("*"), *folder.glob("*.*")):
            os.chown(path, uid, uid)
        identity = ("-c", "user.name=Test", "-c", "user.email=test@example.invalid")
        for words in (("init", "-q", "-b", "main"), ("add", "-A"), (*identity, "commit", "-qm", "first")):
            self.run("git", *words)
        self.run("git", *identity, "commit", "-qm", "second", "--allow-empty")
        self.run("git", "remote", "add", "origin", f"https://me:{SECRET}@example.invalid/x.git")
        self.run("git", "config", "user.name", "Test")
        self.run("git", "config", "user.email", "test@example.invalid")

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """One command of this user's, with their secret in its environment."""
        env = {"PATH": os.environ["PATH"], "HOME": str(self.home), "A_TOKEN": SECRET, **ENV}
        del env["BRANCHLINE_SANDBOX"], env["PYTHONPATH"]
        done = subprocess.run(
            words, cwd=self.root, env=env, capture_output=True, text=True, timeout=120, check=False, **as_user(self.uid)
        )
        assert done.returncode in (0, 3), (
            done.stdout
            + done.stderr
            + "".join(p.read_text() for p in self.root.glob(".branchline/runs/**/result.json"))
        )
        return done

    def probe(self, facts: dict[str, object]) -> dict[str, str]:
        """Run the plan with the probe as its worker, to its end; what the probe told."""
        (self.folder / "facts.json").write_text(json.dumps(facts))
        (self.folder / "facts.json").chmod(0o644)
        worker = f"shell:{self.folder}/agent.sh {self.folder}/probe.py {self.folder}/facts.json"
        self.run(self.python, "-m", "branchline", "execute", "plan.md", "--yes", "--json", "--worker", worker)
        shown = self.run("git", "show", "branchline/r1/tip:probe.json").stdout
        told: dict[str, str] = json.loads(shown)
        return told


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that another user may reach, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="branchline-probe-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def services() -> Iterator[dict[str, socket.socket]]:
    """What listens on the machine: on every address, by UDP, and by an abstract name."""
    with contextlib.ExitStack() as stack:
        kinds = {"tcp": (socket.AF_INET, socket.SOCK_STREAM), "udp": (socket.AF_INET, socket.SOCK_DGRAM)}
        found = {name: stack.enter_context(socket.socket(*kind)) for name, kind in kinds.items()}
        found |= {name: stack.enter_context(socket.socket(socket.AF_UNIX)) for name in ("abstract", "path")}
        found["tcp"].bind(("", 0))
        found["udp"].bind(("127.0.0.1", 0))
        found["abstract"].bind(f"\0branchline-probe-{os.getpid()}")
        for name in ("tcp", "abstract"):
            found[name].listen()
        yield found


def address() -> str:
    """An address of this machine that is not loopback, where it has one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end, contextlib.suppress(OSError):
        end.connect(("192.0.2.1", 9))
        return str(end.getsockname()[0])
    return "192.0.2.1"


USERS = [
    pytest.param(0, id="root", marks=pytest.mark.skipif(os.getuid() != 0, reason="needs root")),
    pytest.param(65534 if os.getuid() == 0 else os.getuid(), id="user"),
]


@pytest.mark.skipif(not STRICT, reason=f"no strict sandbox here: {sandbox.best('auto', os.environ).not_held}")
@pytest.mark.parametrize("uid", USERS)
def test_thirty_escapes_are_held(
    folder: Path, services: dict[str, socket.socket], uid: int, capsys: pytest.CaptureFixture[str]
) -> None:
    os.chown(folder, uid, uid)
    python = python_for(uid, folder)
    if not python:
        pytest.skip(f"user {uid} can run no interpreter that has what the program needs")
    target = Target(folder, uid, python)
    services["path"].bind(str(folder / "socket"))
    services["path"].listen()
    (folder / "socket").chmod(0o777)
    sleep = f"{3600 + os.getpid()}.{uid}"
    me = Path("/proc/self/cmdline").read_text()
    facts = {
        "secret": SECRET, "root": str(target.root), "home": str(target.home), "pid": os.getpid(), "cmdline": me,
        "other": str(target.root / ".branchline/worktrees/r1/2.1/neighbour.txt"),
        "tip": "refs/heads/branchline/r1/tip", "path_socket": str(folder / "socket"),
        "abstract": services["abstract"].getsockname()[1:].decode(), "tcp": services["tcp"].getsockname()[1],
        "udp": services["udp"].getsockname()[1], "address": address(), "memory": 600, "sleep": sleep,
    }  # fmt: skip
    before = (target.root / ".git" / "config").read_bytes()
    main = target.run("git", "rev-parse", "main").stdout
    told = target.probe(facts)
    services["udp"].setblocking(False)
    outside = {
        "change .git/config": (target.root / ".git" / "config").read_bytes() == before,
        "move the user's branch, another task's, or its own into theirs": target.run("git", "rev-parse", "main").stdout
        == main,
        "plant a git hook": not (target.root / ".git/hooks/post-checkout").exists(),
        "tunnel through DNS": not heard(services["udp"]),
        "plant links where the coordinator writes": SECRET in (target.home / ".ssh/id_ed25519").read_text()
        and sorted(path.name for path in target.home.iterdir()) == [".local", ".ssh"],
        "stay behind after the end": not running(sleep),
    }
    told |= {name: "NOT HELD, seen from outside" for name, held in outside.items() if not held}
    with capsys.disabled():
        print("\n" + "\n".join(f"{name:64} {answer}" for name, answer in told.items()))
    assert len(told) == 30
    assert set(told) == tried(), "docs/security.md lists what is tried"
    assert [name for name, answer in told.items() if not answer.startswith("held")] == []


def tried() -> set[str]:
    """What the table of docs/security.md says is tried."""
    table = DOCS.read_text().partition("| try |")[2].splitlines()[2:]
    return {name for row in table for name in row.split("|")[1].strip().split("; ")}


def heard(end: socket.socket) -> bool:
    """Whether anything has come."""
    with contextlib.suppress(BlockingIOError):
        return bool(end.recv(1))
    return False


def running(argument: str) -> bool:
    """Whether a process with this argument is there."""
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and argument.encode() in (entry / "cmdline").read_bytes():
                return True
    return False
