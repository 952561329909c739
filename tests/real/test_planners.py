"""Each real agent as a planner: one headless call, the model being a stub on loopback."""

import json
from pathlib import Path
from typing import Any

import pytest
from agent_bench import AGENTS, RealBench
from programs import PROGRAMS, missing

from branchline import schema
from branchline.asker import Answers, Asker, Question, chosen
from branchline.config import load
from stub_model import StubModel, directive

pytestmark = pytest.mark.real
GOOD: dict[str, Any] = {"tasks": [{"key": "t1", "kind": "atomic", "confidence": 1.0, "reasoning": "one thing"}]}


@pytest.mark.parametrize(
    "kind", [pytest.param(k, marks=pytest.mark.skipif(bool(missing(k)), reason=missing(k))) for k in AGENTS]
)
def test_an_agent_plans(tmp_path: Path, kind: str, model: StubModel, servers: Path) -> None:
    bench = RealBench(tmp_path, kind, model, servers)
    names = {name: value for name, value in bench.base.items() if name in bench.agent.pass_env}
    (tmp_path / "settings").mkdir()
    (tmp_path / "settings" / "branchline.toml").write_text(
        f'[workers.mine]\nkind = "{kind}"\nargv = {json.dumps([str(PROGRAMS[kind]), *bench.agent.arguments])}\n'
        f'model = "{bench.agent.model}"\npass_env = {json.dumps(list(names))}\n'
    )
    planner = chosen("agent:mine", load(tmp_path / "settings", {}, {}), bench.base)
    asker = Asker(planner, Answers(tmp_path), lambda _: None, lambda: 1.0)
    record = json.dumps({"status": "done", "answer": GOOD})
    said = f"Judged.\n\n```branchline\n{record}\n```" if kind != "claude" else f"Judged: {json.dumps(GOOD)}"
    question = Question("You judge tasks.", f"Judge t1.\n{directive({'text': said})}")
    assert asker.ask(question, schema.classification()) == GOOD
    assert asker.usage.requests == 1
    assert asker.usage.input + asker.usage.output > 0 or kind == "acp"
    assert "do-not-pass" not in json.dumps(model.requests)
