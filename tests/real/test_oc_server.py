"""`oc` against a real OpenCode server whose model is a stub on loopback."""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from agent_bench import end_servers
from programs import PROGRAMS, missing

from branchline.cli import main
from branchline.workers import opencode, opencode_config, opencode_keeper
from branchline.workers.opencode_seats import SERVER, lease, own
from stub_model import StubModel, directive

pytestmark = [pytest.mark.real, pytest.mark.skipif(bool(missing("opencode")), reason=missing("opencode"))]
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def oc(tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run `oc` against a server that asks before it runs a command; gives the JSON line, which must say ok."""
    folder, home = tmp_path / "servers" / "real", tmp_path / "home"
    with StubModel() as model:
        folder.mkdir(parents=True)
        (tmp_path / "projects").mkdir()
        config = {**model.config(), "permission": {"bash": "ask", "question": "allow"}}
        (tmp_path / "opencode.json").write_text(json.dumps(config))
        env = {**os.environ, "HOME": str(home), "OPENCODE_CONFIG": str(tmp_path / "opencode.json"), **opencode.SWITCHES}
        for name, place in (("CONFIG", ".config"), ("DATA", ".data"), ("STATE", ".state"), ("CACHE", ".cache")):
            env[f"XDG_{name}_HOME"] = str(home / place)
        opencode_config.settle(home / ".config" / "opencode")
        opencode_keeper.ensure(folder, [str(PROGRAMS["opencode"])], env, lambda: None)
        with own(folder, time.sleep):
            told = json.loads((folder / SERVER).read_text())
        monkeypatch.setenv("REAL_PASSWORD", told["password"])
        (tmp_path / "branchline.toml").write_text(
            f'[instances.real]\nurl = "{told["url"]}"\npassword_env = "REAL_PASSWORD"\nprojects_path = "{tmp_path}/projects"\n'
        )

        def run(*words: str, status: int = 0) -> dict[str, Any]:
            code = main(["oc", *words, "--json", "-C", str(tmp_path)])
            found: dict[str, Any] = json.loads(capsys.readouterr().out)
            assert code == status, found
            return found

        with lease(folder):
            yield run
        end_servers(tmp_path)


def until(look: Callable[[], Any]) -> Any:
    end = time.monotonic() + 60
    while not (found := look()):
        assert time.monotonic() < end
        time.sleep(0.1)
    return found


def test_every_verb_on_a_real_server(oc: Run, tmp_path: Path) -> None:
    assert oc("instances")["instances"][0]["healthy"]
    assert [each["model"] for each in oc("models", "real")["models"]] == ["stub/stub-1"]
    made = oc("real", "create", "--directory", "new/app", "--title", "first", "--model", "stub/stub-1")
    assert made["made"]
    assert (tmp_path / "projects" / "new" / "app" / ".git").is_dir()
    name = made["id"]
    assert [each["id"] for each in oc("sessions")["sessions"]] == [name], "what made the folder left no session"
    shell = {"tools": [["bash", {"command": "echo hi > hi.txt", "description": "x"}]]}
    asking = {"tools": [["question", {"questions": [{"question": "Which?", "header": "x", "options": [
        {"label": "red", "description": "r"}, {"label": "blue", "description": "b"}]}]}]]}  # fmt: skip
    assert oc("prompt", name[:20], "Do. " + directive(shell, asking, {"text": "It is done."}))["state"] == "busy"
    (leave,) = until(lambda: oc("permissions")["permissions"])
    assert (leave["kind"], leave["text"]) == ("bash", "echo hi > hi.txt")
    assert [(each["state"], each["permissions"]) for each in oc("real", "status")["sessions"]] == [
        ("busy", [leave["id"]])
    ]
    oc("approve", leave["id"])
    (asked,) = until(lambda: oc("questions")["questions"])
    oc("answer", "real", asked["id"], "2")
    until(lambda: oc("status", name)["counts"] == {"idle": 1})
    assert oc("messages", name)["messages"][-1]["text"] == "It is done."
    assert (tmp_path / "projects" / "new" / "app" / "hi.txt").read_text() == "hi\n"
    assert all(each["ok"] for each in oc("diagnose", name)["findings"])
    assert oc("prompt", name, "Hang. " + directive({"hang": True}))["model"] == "stub/stub-1"
    assert oc("abort", name)["was_busy"]
    assert oc("status", name)["counts"] == {"idle/error": 1}, "an abort is kept as an error of the message"
    assert "did you mean" in oc("prompt", name, "x", "--model", "stub/stub-2", status=2)["error"]
    assert oc("sync")["synced"][0]["sessions"] == 1
