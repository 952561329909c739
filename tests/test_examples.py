"""The walkthroughs of `examples/` do what they say."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A repository that holds the files of the example, committed."""
    folder = tmp_path / "place"
    shutil.copytree(EXAMPLES / "shell-worker", folder)
    for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "an example"]):
        subprocess.run(["git", *words], cwd=folder, check=True, timeout=60)
    return folder


def branchline(place: Path, line: str) -> tuple[int, dict[str, Any]]:
    """The exit status and the JSON of one command line of the walkthrough."""
    env = {**os.environ, "PYTHONPATH": str(EXAMPLES.parent / "src")}
    argv = [sys.executable, "-m", *shlex.split(line, comments=True), "--json"]
    done = subprocess.run(argv, cwd=place, env=env, capture_output=True, text=True, timeout=120)
    return done.returncode, json.loads(done.stdout)


def test_any_program_as_a_worker(place: Path) -> None:
    text = (EXAMPLES / "shell-worker" / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^branchline .*$", text, re.M)
    found = [branchline(place, line) for line in lines]
    assert [status for status, _ in found] == [0, 3, 0, 0, 0, 0, 0]
    _, asked, inbox, _, done, evidence, landed = (data for _, data in found)
    assert asked["counts"] == {"done": 1, "blocked": 1, "pending": 1}
    assert [question["task"] for question in inbox["questions"]] == ["1.2"]
    assert (done["state"], done["counts"]) == ("done", {"done": 3})
    assert (evidence["level"], [check["exit"] for check in evidence["checks"]]) == ("checked", [0])
    assert landed["moved"]
    assert (place / "index.txt").read_text() == "de.txt en.txt"
    assert (place / "plan.md").read_text().count("- [x]") == 3
