"""The bundled plan with the scripted worker, as `make demo` runs it: one of its agents lies and is caught."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

SOURCE = str(Path(__file__).resolve().parents[2] / "src")


def branchline(root: Path, *words: str) -> dict[str, Any]:
    """Run a command in the demonstration's repository and return its JSON line."""
    done = run(root, sys.executable, "-m", "branchline", *words, "--json")
    return dict(json.loads(done))


def run(root: Path, *argv: str) -> str:
    """Run a program there and return what it printed."""
    env = {**os.environ, "PYTHONPATH": SOURCE}
    done = subprocess.run(argv, cwd=root, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_demonstration_ends_well_and_says_where_the_work_is(tmp_path: Path) -> None:
    root = tmp_path / "a demo"
    shown = run(tmp_path, sys.executable, "-m", "branchline", "demo", "--keep", str(root))
    assert "1.1 Write the greeting command" in shown, "the tree"
    assert "2.2 retrying: check failed" in shown, "the live progress"
    assert "done: 6 of 6 tasks (6 checked)" in shown, "the report"
    assert "branchline/r1/tip" in shown, "where the merged commits are"

    before = run(root, "git", "rev-parse", "HEAD")
    status = branchline(root, "status")
    atomic = [task for task in status["tasks"] if task["kind"] == "atomic"]
    assert [(task["state"], task["evidence"]) for task in atomic] == [("done", "checked")] * 6
    assert [task["id"] for task in atomic if task["attempt"] > 1] == ["2.2"], "the liar alone was sent back"
    for task in atomic:
        proof = branchline(root, "evidence", task["id"])
        assert [check["exit"] for check in proof["checks"] if check["source"] == "plan"] == [0]
        assert {check["exit"] for check in proof["checks"]} == {0}, "and of those that are run again"
        assert run(root, "git", "merge-base", proof["commit"], "branchline/r1/tip").strip() == proof["commit"]

    assert run(root, "git", "status", "--porcelain", "-uno") == "", "the checkout is untouched"
    assert branchline(root, "land")["moved"] is True
    assert run(root, "git", "rev-parse", "HEAD") != before
    assert (root / "plans" / "demo.md").read_text().count("- [x]") == 6
    assert run(root, "sh", "greet.sh", "pt", "Ada") == "Olá, Ada!\n"
