"""One question to one model: both HTTP dialects and a worker, and every way in which an answer can go wrong."""

import json
import os
import sys
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from branchline import schema, workers
from branchline.asker import Answers, Asker, Question, Usage, chosen
from branchline.config import load
from branchline.errors import PlannerError, SettingsError, UsageError
from stub_model import StubModel

INSTALL = workers.get("claude").INSTALL
KEY = "sk-secret-0123456789"
GOOD = {"tasks": [{"key": "t1", "kind": "composite", "confidence": 0.9, "reasoning": "three systems"}]}
QUESTION = Question("the rules", "split this")


class Bench:
    """A stub, an asker of one dialect, and the pauses it made."""

    def __init__(self, root: Path, stub: StubModel, dialect: str) -> None:
        self.root, self.stub, self.dialect = root, stub, dialect
        self.pauses: list[float] = []

    def says(self, value: Any) -> dict[str, Any]:
        """The step that gives this answer in the dialect's own way."""
        if self.dialect == "anthropic":
            return {"tools": [["classify", value]]}
        return {"text": json.dumps(value)}

    def asker(self, *steps: Mapping[str, Any], write: bool = True, tree: str = "the tree", **more: str) -> Asker:
        """An asker whose model plays these steps."""
        self.stub.rules = [("split this", steps)]
        env = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": self.stub.root, "OPENAI_API_KEY": KEY}
        settings = load(None, {"OPENAI_BASE_URL": self.stub.url, "BRANCHLINE_DECOMPOSE__TIMEOUT": "20s", **more}, {})
        planner = chosen(self.dialect, settings, {**env, "OPENAI_BASE_URL": self.stub.url})
        return Asker(planner, Answers(self.root, write=write), self.pauses.append, lambda: 1.0, lambda: tree)


@pytest.fixture(params=["anthropic", "openai"])
def bench(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with StubModel() as stub:
        yield Bench(tmp_path, stub, request.param)


def everything(root: Path) -> str:
    """All that was written below a folder."""
    return "".join(path.read_text() for path in root.rglob("*") if path.is_file())


def test_an_answer_is_validated_metered_and_known_the_next_time(bench: Bench) -> None:
    given, usd = {"anthropic": (60, 0.000_082), "openai": (100, 0.000_138)}[bench.dialect]
    asker = bench.asker({**bench.says(GOOD), "usage": [given, 20], "cached": 40})
    assert asker.ask(QUESTION, schema.classification()) == GOOD
    assert asker.usage._replace(usd=0.0) == Usage(requests=1, input=60, output=20, cache_read=40)
    assert asker.usage.usd == pytest.approx(usd)
    again = bench.asker(tree="another tree")
    assert again.ask(QUESTION, schema.classification()) == GOOD
    assert again.usage == Usage(known=1)
    assert len(bench.stub.requests) == 1
    assert KEY not in everything(bench.root)


def test_what_is_fixed_stands_first_and_may_be_kept_by_the_provider(bench: Bench) -> None:
    bench.asker(bench.says(GOOD)).ask(QUESTION, schema.classification())
    sent = bench.stub.requests[0]
    if bench.dialect == "anthropic":
        (fixed,) = sent["system"]
        assert fixed["text"].startswith("the rules\n\nAnswer by calling the tool `classify`")
        assert fixed["cache_control"] == {"type": "ephemeral"}
        assert [tool["name"] for tool in sent["tools"]] == ["classify"]
        assert sent["model"].startswith("claude-haiku")
    else:
        assert sent["messages"][0]["content"].startswith("the rules\n\nAnswer with one JSON object of this schema")
        assert sent["response_format"]["json_schema"]["schema"]["required"] == ["tasks"]
    assert sent["messages"][-1] == {"role": "user", "content": "split this\n\nthe tree"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": "I would rather talk about it."},
        {"tasks": [{"key": "t1"}]},
        {"tasks": [{**GOOD["tasks"][0], "confidence": 7}]},
        {**GOOD, "more": 1},
    ],
)
def test_errors_go_back_to_the_model_twice(bench: Bench, wrong: dict[str, Any]) -> None:
    step = wrong if "text" in wrong else bench.says(wrong)
    asker = bench.asker(step, step, bench.says(GOOD))
    assert asker.ask(QUESTION, schema.classification()) == GOOD
    assert asker.usage.requests == 3
    repair = bench.stub.requests[2]["messages"][-1]["content"]
    assert "cannot be used" in repair
    assert [m["role"] for m in bench.stub.requests[2]["messages"]][-4:] == ["assistant", "user"] * 2
    with pytest.raises(PlannerError, match="still wrong after 2 repairs") as raised:
        bench.asker(step, write=False).ask(QUESTION._replace(fixed="others"), schema.classification())
    assert raised.value.details["cause"] == "invalid"
    assert len(bench.stub.requests) == 6


def test_a_fence_around_the_answer_is_no_error(bench: Bench) -> None:
    said = {"text": f"Here it is:\n```json\n{json.dumps(GOOD)}\n```\nThat is all."}
    assert bench.asker(said).ask(QUESTION, schema.classification()) == GOOD


@pytest.mark.parametrize(
    ("step", "cause", "requests"),
    [
        ({"text": "{}", "finish": {"anthropic": "refusal", "openai": "content_filter"}}, "refused", 1),
        ({"text": "{", "finish": {"anthropic": "max_tokens", "openai": "length"}}, "truncated", 1),
        ({"status": 401, "message": f"the key {KEY} is wrong"}, "credentials", 1),
        ({"status": 400, "message": "no such model"}, "http", 1),
        ({"status": 500}, "busy", 3),
        ({"status": 429}, "rate_limited", 3),
        ({"status": 429, "headers": {"retry-after": "3600"}}, "rate_limited", 1),
        ({"status": 429, "headers": {"retry-after": "Fri, 01 Jan 2100 00:00:00 GMT"}}, "rate_limited", 1),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_no_answer_can_come_of_is_named(bench: Bench, step: dict[str, Any], cause: str, requests: int) -> None:
    if "finish" in step:
        step = {**step, "finish": step["finish"][bench.dialect]}
    asker = bench.asker(step)
    with pytest.raises(PlannerError) as raised:
        asker.ask(QUESTION, schema.classification())
    assert raised.value.details["cause"] == cause
    assert asker.usage.requests == len(bench.stub.requests) == requests
    assert asker.usage.output == (20 if "finish" in step else 0)
    assert KEY not in "".join(traceback.format_exception(raised.value)) + repr(raised.value.details)


def test_a_busy_provider_is_asked_again_at_its_own_time(bench: Bench) -> None:
    asker = bench.asker({**bench.says(GOOD), "status": 429, "times": 2, "headers": {"retry-after": "7"}})
    assert asker.ask(QUESTION, schema.classification()) == GOOD
    assert bench.pauses == [7.0, 7.0]
    asker = bench.asker({**bench.says(GOOD), "status": 503, "times": 2})
    assert asker.ask(QUESTION._replace(text="split this too"), schema.classification()) == GOOD
    assert bench.pauses[2:] == [1.0, 2.0]


@pytest.mark.parametrize("how", ["hang", "drip"])
def test_a_model_that_comes_to_no_end_is_given_up(bench: Bench, how: str) -> None:
    asker = bench.asker({how: True}, BRANCHLINE_DECOMPOSE__TIMEOUT="200ms")
    with pytest.raises(PlannerError, match=r"within 0\.2 s") as raised:
        asker.ask(QUESTION, schema.classification())
    assert raised.value.details["cause"] == "timeout"
    assert asker.usage.requests == 3


def test_without_network_it_says_so(bench: Bench) -> None:
    asker = bench.asker()
    bench.stub.__exit__()
    with pytest.raises(PlannerError, match="cannot be reached") as raised:
        asker.ask(QUESTION, schema.classification())
    assert raised.value.details["cause"] == "network"
    assert KEY not in str(raised.value)


@pytest.mark.parametrize("url", ["localhost:8080/v1", "ftp://127.0.0.1/v1", "http://127.0.0.1:80\n80/v1"])
def test_an_address_that_is_none_is_tried_once_and_named_by_its_setting(tmp_path: Path, url: str) -> None:
    planner = chosen("openai", load(None, {"BRANCHLINE_DECOMPOSE__BASE_URL": url}, {}), {"OPENAI_API_KEY": KEY})
    pauses: list[float] = []
    asker = Asker(planner, Answers(tmp_path, write=False), pauses.append, lambda: 1.0, lambda: "")
    with pytest.raises(PlannerError, match=r"decompose\.base_url"):
        asker.ask(QUESTION, schema.classification())
    assert (pauses, asker.usage.requests) == ([], 1)


def test_a_server_that_says_the_key_back_teaches_nobody(bench: Bench) -> None:
    told = {"tasks": [{**GOOD["tasks"][0], "reasoning": f"because {KEY}"}]}
    answer = bench.asker(bench.says(told)).ask(QUESTION, schema.classification())
    assert answer["tasks"][0]["reasoning"] == "because [key]"
    assert KEY not in everything(bench.root)


def test_a_key_too_short_to_guard_anything_spoils_no_answer(tmp_path: Path) -> None:
    with StubModel([("split this", [{"text": json.dumps(GOOD)}])]) as stub:
        planner = chosen("openai", load(None, {}, {}), {"OPENAI_API_KEY": "t", "OPENAI_BASE_URL": stub.url})
        asker = Asker(planner, Answers(tmp_path), lambda _: None, lambda: 1.0)
        assert asker.ask(QUESTION, schema.classification()) == GOOD


def test_answers_that_somebody_spoiled_are_asked_for_again(bench: Bench) -> None:
    bench.asker(bench.says(GOOD)).ask(QUESTION, schema.classification())
    (kept,) = (bench.root / ".branchline" / "answers").iterdir()
    for spoiled in ("{", '{"tasks": 1}', "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")):
        kept.write_text(spoiled)
        asker = bench.asker(bench.says(GOOD))
        assert asker.ask(QUESTION, schema.classification()) == GOOD
        assert asker.usage.requests == 1


def test_an_answer_that_cannot_be_kept_is_not_lost(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    for place, make in (("linked", True), ("file", False)):
        root = tmp_path / place
        root.mkdir()
        if make:
            (root / ".branchline").mkdir()
            (root / ".branchline" / "answers").symlink_to(tmp_path / "elsewhere")
        else:
            (root / ".branchline").write_text("")
        Answers(root).put("sha256:0", GOOD)
        assert Answers(root).get("sha256:0") is None
    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize(
    ("name", "env", "found", "why"),
    [
        ("", {}, "rules", "ANTHROPIC_API_KEY is not set; OPENAI_API_KEY is not set, and decompose.base_url neither"),
        ("auto", {"OPENAI_API_KEY": "k"}, "openai", ""),
        ("auto", {"OPENAI_API_KEY": "k", "ANTHROPIC_API_KEY": "k"}, "anthropic", ""),
        ("auto", {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}, "openai", ""),
        ("auto", {"ANTHROPIC_API_KEY": "k", "DECOMPOSE_ENABLED": "false"}, "rules", "decompose.enabled is false"),
        ("anthropic", {}, "anthropic", "ANTHROPIC_API_KEY is not set"),
        ("rules", {"ANTHROPIC_API_KEY": "k"}, "rules", ""),
        ("agent:shell", {}, "agent:shell", ""),
        (
            "agent:claude",
            {"PATH": "/"},
            "agent:claude",
            f"its program 'claude' is not on PATH; install it: `{INSTALL}`",
        ),
    ],
)
def test_the_planner_is_the_first_with_credentials(name: str, env: dict[str, str], found: str, why: str) -> None:
    settings = load(None, {n: v for n, v in env.items() if n.startswith("DECOMPOSE")}, {})
    planner = chosen(name, settings, env)
    assert (planner.name, planner.why) == (found, why)
    assert "'k'" not in repr(planner)


@pytest.mark.parametrize(
    ("allowed", "name", "why"),
    [
        ("claude-haiku-5-5", "anthropic", ""),
        ("anthropic/*", "anthropic", ""),
        ("anthropic/claude-haiku-4-5", "anthropic", "the model 'claude-haiku-5-5' is not in allowed_models"),
        ("openai/gpt-5.4-mini", "auto", ""),
        ("acme/*", "auto", "is not in allowed_models"),
        ("acme/*", "agent:claude", "is not in allowed_models"),
        ("acme/*", "agent:codex", "no model is named, but allowed_models are"),
        ("acme/*", "agent:mine", ""),
    ],
)
def test_a_planner_uses_allowed_models_alone(tmp_path: Path, allowed: str, name: str, why: str) -> None:
    workers = {name: {"kind": name, "argv": [sys.executable]} for name in ("claude", "codex")}
    flags = {f"workers.{n}.{key}": value for n, row in workers.items() for key, value in row.items()}
    flags |= {"workers.mine.kind": "shell", "workers.mine.argv": [sys.executable], "allowed_models": [allowed]}
    planner = chosen(name, load(None, {}, flags), {"ANTHROPIC_API_KEY": KEY, "OPENAI_API_KEY": KEY})
    assert why in planner.why
    assert bool(planner.send) == (not why)
    assert name != "auto" or planner.name == ("rules" if why else "openai")


def test_a_planner_that_there_is_not_is_refused() -> None:
    settings = load(None, {}, {})
    with pytest.raises(UsageError, match="there is no planner 'gpt'"):
        chosen("gpt", settings, {})
    with pytest.raises(SettingsError, match="no worker is called 'claud'"):
        chosen("agent:claud", settings, {})


def test_a_key_that_no_header_can_hold_is_not_shown_and_not_used() -> None:
    env = {"ANTHROPIC_API_KEY": f"{KEY}\nX: y", "OPENAI_API_KEY": f" {KEY}\n"}
    settings = load(None, {}, {})
    planner = chosen("anthropic", settings, env)
    assert planner.why == "ANTHROPIC_API_KEY in the environment holds characters that no key has"
    assert planner.send is None
    assert chosen("auto", settings, env).name == "openai"


AGENT = """
import json, os, sys, time
page = sys.stdin.read()
assert "split this" in page and "the rules" in page and "ANTHROPIC_API_KEY" not in os.environ
assert os.listdir() == [".branchline"], os.listdir()
tries = page.count("cannot be used")
answer = GOOD if tries else {"tasks": 1}
how = sys.argv[1]
if how == "file":
    with open(os.environ["BRANCHLINE_EXIT_FILE"], "w") as file:
        json.dump({"status": "done", "answer": answer}, file)
elif how == "block":
    print("Thinking.\\n```branchline\\n" + json.dumps({"status": "done", "answer": answer}) + "\\n```")
elif how == "blocked":
    print("BLOCKED: which one?")
elif how == "exit":
    sys.exit(3)
elif how == "slow":
    time.sleep(60)
"""


@pytest.mark.parametrize(
    ("how", "requests", "said"),
    [
        ("file", 2, ""),
        ("block", 2, ""),
        ("blocked", 1, "it ended as blocked"),
        ("exit", 1, "it ended as failed"),
        ("slow", 1, r"within 1 s"),
        ("missing", 0, "is not on PATH"),
    ],
)
def test_any_worker_can_be_asked(tmp_path: Path, how: str, requests: int, said: str) -> None:
    (tmp_path / "agent.py").write_text(AGENT.replace("GOOD", repr(GOOD)))
    program = "no-such-agent" if how == "missing" else sys.executable
    argv = json.dumps([program, str(tmp_path / "agent.py"), how])
    (tmp_path / "branchline.toml").write_text(f'[workers.mine]\nkind = "shell"\nargv = {argv}\n')
    settings = load(tmp_path, {"BRANCHLINE_DECOMPOSE__TIMEOUT": "1s" if how == "slow" else "1m"}, {})
    planner = chosen("agent:mine", settings, {**os.environ, "ANTHROPIC_API_KEY": KEY})
    asker = Asker(planner, Answers(tmp_path), lambda _: None, lambda: 1.0)
    if said:
        with pytest.raises(PlannerError, match=said):
            asker.ask(QUESTION, schema.classification())
    else:
        assert asker.ask(QUESTION, schema.classification()) == GOOD
    assert asker.usage.requests == requests
