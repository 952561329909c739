"""Real plans of strangers, read by the real command: no traceback, and the tree a careful reader sees in them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from branchline.cli import main

FLOORS = {
    "task F1": (r"^task P \S+ R \S+ F1 (\S+)", 0.98),
    "macro task F1": (r"^macro task F1 (\S+)", 0.96),
    "written edge F1": (r"^edge P \S+ R \S+ F1 (\S+)", 0.85),
    "order pair precision": (r"^all P (\S+)", 0.80),
    "order pair recall": (r"^all P \S+ R (\S+)", 0.97),
    "kind": (r"'kind': '\d+/\d+ \((\S+)\)'", 0.98),
    "parent": (r"'parent': '\d+/\d+ \((\S+)\)'", 0.98),
    "done": (r"'done': '\d+/\d+ \((\S+)\)'", 0.98),
}
"""The least that the corpus's own scorer must find over all plans, and where its answer says so."""
HERE = Path(__file__).resolve()
CORPUS = Path(os.environ.get("BRANCHLINE_CORPUS") or HERE.parents[2] / "shared" / "corpus")
PLANS = sorted((CORPUS / "plans").glob("*.md"))

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not PLANS, reason=f"no plans in {CORPUS}; set BRANCHLINE_CORPUS to the corpus's folder"),
]


def decomposed(path: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What `decompose --no-write --json` says of one plan."""
    status = main(["decompose", str(path), "--no-write", "--json", "-C", str(folder)])
    out, err = capsys.readouterr()
    (line,) = out.splitlines()
    found: dict[str, Any] = json.loads(line)
    assert status in (0, 2), (path.name, status, found)
    assert found["ok"] or found["code"] == "E_NO_TASKS", (path.name, found["error"])
    assert "Traceback" not in err
    return found


def test_every_plan_is_read_and_most_of_its_tasks_are_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    predicted = tmp_path / "predicted"
    predicted.mkdir()
    for path in PLANS:
        found = decomposed(path, tmp_path, capsys)
        ids = [task["id"] for task in found["tasks"]]
        assert len(set(ids)) == len(ids), path.name
        known = set(ids)
        assert all({edge["before"], edge["after"]} <= known for edge in found.get("edges", ())), path.name
        number = path.name.partition("-")[0]
        (predicted / f"{number}.json").write_text(json.dumps({"plan": path.name, "tasks": found["tasks"]}))
    scored = subprocess.run(
        [sys.executable, str(CORPUS / "score.py"), str(CORPUS / "expected"), str(predicted)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    with capsys.disabled():
        print(f"\n{scored}")
    for name, (where, least) in FLOORS.items():
        told = re.search(where, scored, re.M)
        assert told is not None, name
        assert float(told[1]) >= least, name


def test_one_plan_goes_from_text_to_prompts_in_a_repository(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = min(PLANS, key=lambda each: (abs(each.stat().st_size - 6000), each.name))
    plan = tmp_path / "plans" / "theirs.md"
    plan.parent.mkdir()
    plan.write_bytes(path.read_bytes())
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "their plan")):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    assert main(["decompose", "plans/theirs.md", "--json", "-C", str(tmp_path)]) == 0
    read = json.loads(capsys.readouterr().out)
    assert (tmp_path / read["graph"]).is_file()
    worker = ["--worker", "shell:/bin/true"]
    status = main(["execute", "plans/theirs.md", "--dry-run", *worker, "--json", "-C", str(tmp_path)])
    planned = json.loads(capsys.readouterr().out)
    assert status == 0, planned
    open_leaves = {task["id"] for task in read["tasks"] if task["kind"] == "atomic" and task["state"] == "open"}
    assert {task["id"] for task in planned["tasks"]} == open_leaves
    assert all(f"# Task {task['id']}:" in task["prompt"] for task in planned["tasks"])
    assert subprocess.run(["git", "branch", "--list", "branchline/*"], cwd=tmp_path, capture_output=True).stdout == b""
