"""Start-up: a command imports what it uses and no more."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from branchline.files import canonical, state_folder
from branchline.graph.store import net, parts
from branchline.model.plan import DraftGraph, Task
from branchline.model.run import RunRow, TaskRow
from branchline.store import Store

HEAVY = {
    "anthropic",
    "asyncio",
    "concurrent",
    "ctypes",
    "dataclasses",
    "httpx",
    "inspect",
    "jinja2",
    "markdown_it",
    "multiprocessing",
    "networkx",
    "pydantic",
    "rich",
    "shtab",
    "shutil",
    "socket",
    "starlette",
    "subprocess",
    "tempfile",
    "tomllib",
    "uvicorn",
    "yaml",
}
"""What no command that only looks may import."""
MORE = {"argparse", "json", "pathlib", "sqlite3"}
"""What `--version` and `--help` need not either."""
SCRIPT = """
import sys
from branchline.cli import main
status = main(sys.argv[1:])
print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
sys.exit(status)
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a run of one task."""
    (tmp_path / ".git").mkdir()
    draft = DraftGraph("p.md", "", "checkbox", "", (Task("1", "One"),))
    settings = canonical({"directory": str(tmp_path), "flags": {}})
    run = RunRow("r1", "p.md", "d", "running", "", "", 1.0, None, settings, parts(draft)[0], net(draft))
    with Store.open(state_folder(tmp_path) / "state.db") as store:
        store.create_run(run, [TaskRow("r1", "1", 0, "One", "atomic", None, 1, "build", "shell", "ready")], 1.0)
    return tmp_path


def imported(place: Path, *words: str) -> set[str]:
    """The top-level modules in memory as a command ends. The hook of a test runner's environment is left out by -S."""
    source = Path(__file__).resolve().parents[1] / "src"
    env = {**os.environ, "PYTHONPATH": str(source)}
    argv = [sys.executable, "-S", "-c", SCRIPT, *words]
    done = subprocess.run(argv, cwd=place, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize("words", [("--version",), ("--help",)], ids=" ".join)
def test_what_is_known_by_heart_needs_nearly_nothing(place: Path, words: tuple[str, ...]) -> None:
    assert imported(place, *words) & (HEAVY | MORE) == set()


@pytest.mark.parametrize("words", [("status",), ("why", "1"), ("inbox",), ("status", "--json")], ids=" ".join)
def test_a_look_at_a_run_needs_little(place: Path, words: tuple[str, ...]) -> None:
    assert imported(place, *words) & HEAVY == set()


@pytest.mark.parametrize("verb", ["next-batch", "order", "validate"])
def test_rows_of_tasks_need_little(place: Path, verb: str) -> None:
    assert imported(place, verb, "--tasks", '[{"id": "a"}, {"id": "b", "blocked_by": ["a"]}]') & HEAVY == set()


def test_a_look_at_sessions_needs_little_more_than_custody(place: Path) -> None:
    assert imported(place, "agent", "status") & HEAVY == {"ctypes", "socket"}
