"""doctor: what it finds, and that nothing it looks at can make it fall over."""

import json
import os
import sqlite3
import stat
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from branchline import config
from branchline.care.doctor import Finding, Place, examine
from branchline.cli import main
from branchline.workers import claude, codex, opencode

Doctor = Callable[..., tuple[int, dict[str, Any]]]
AGENTS = {"opencode": opencode, "claude": claude, "codex": codex}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with nothing in it, and a PATH with git and the programs of `bin` in it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.defpath}")
    return tmp_path


@pytest.fixture
def doctor(home: Path, capsys: pytest.CaptureFixture[str]) -> Doctor:
    """Run `doctor --json` in a checkout of that home, with the three agents installed in the versions that were tested."""
    for name, adapter in AGENTS.items():
        program(home, name, f"echo {adapter.TESTED}")
    (home / "work").mkdir()

    def run() -> tuple[int, dict[str, Any]]:
        status = main(["doctor", "--json", "-C", str(home / "work")])
        return status, json.loads(capsys.readouterr().out.splitlines()[-1])

    return run


def program(home: Path, name: str, script: str) -> Path:
    path = home / "bin" / name
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def put(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    path.chmod(0o600)
    return path


def told(data: Mapping[str, Any], about: str, level: str) -> str:
    return "\n".join(
        f"{f['text']} -> {f['fix']}" for f in data["findings"] if (f["about"], f["level"]) == (about, level)
    )


def accounts(data: Mapping[str, Any]) -> dict[str, list[str]]:
    return {agent["worker"]: agent["accounts"] for agent in data["agents"] if agent["worker"] in AGENTS}


def test_subscriptions_are_found_and_nothing_is_started_but_probes(home: Path, doctor: Doctor) -> None:
    put(home / ".local/share/opencode/auth.json", {"anthropic": {"type": "oauth"}, "opencode": {"type": "api"}})
    put(home / ".claude/.credentials.json", {"claudeAiOauth": {"subscriptionType": "max", "expiresAt": 9e15}})
    put(home / ".codex/auth.json", {"tokens": {"access_token": "x"}})
    status, data = doctor()
    assert accounts(data) == {
        "opencode": ["anthropic (oauth)", "opencode (api)"],
        "claude": ["subscription (max)"],
        "codex": ["subscription (ChatGPT)"],
    }
    known = [agent for agent in data["agents"] if agent["worker"] in AGENTS]
    assert {agent["worker"]: (agent["version"], agent["authenticated"], agent["used"]) for agent in known} == {
        "opencode": (opencode.TESTED, True, True),
        "claude": (claude.TESTED, True, False),
        "codex": (codex.TESTED, True, False),
    }
    assert (status, data["ok"], data["faults"]) == (0, True, 0)


def test_who_is_used_and_cannot_work_is_a_fault_and_the_others_are_not(doctor: Doctor) -> None:
    status, data = doctor()
    assert (status, data["ok"], data["faults"]) == (4, False, 1)
    assert "not authenticated" in told(data, "worker opencode", "fault")
    assert "not authenticated" in told(data, "worker claude", "warning")


def test_a_key_that_reaches_no_worker_is_named_with_the_setting(
    home: Path, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(home / "work/branchline.toml", 'worker = "claude"')
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    assert '[workers.claude] pass_env = ["ANTHROPIC_API_KEY"]' in told(doctor()[1], "worker claude", "fault")
    put(home / "work/branchline.toml", 'worker = "claude"\n[workers.claude]\npass_env = ["ANTHROPIC_API_KEY"]')
    status, data = doctor()
    assert (status, accounts(data)["claude"]) == (0, ["ANTHROPIC_API_KEY (passed)"])


def test_a_login_that_is_over_is_no_login(home: Path, doctor: Doctor) -> None:
    put(home / "work/branchline.toml", 'worker = "claude"')
    put(home / ".claude/.credentials.json", {"claudeAiOauth": {"expiresAt": 1000}})
    assert "expired" in told(doctor()[1], "worker claude", "fault")


@pytest.mark.parametrize(
    ("file", "value", "rule"),
    [
        (".config/opencode/opencode.json", {"permission": {"bash": {"git push*": "ask"}}}, "permission.bash.git push*"),
        (
            ".config/opencode/opencode.jsonc",
            {"agent": {"a": {"permission": {"edit": "ask"}}}},
            "agent.a.permission.edit",
        ),
        (".config/opencode/agents/x.md", "---\npermission:\n  bash: ask\n---\nYou are x.\n", "permission.bash"),
        ("work/opencode.json", {"permission": "ask"}, "permission"),
        ("work/.opencode/agent/y.md", "---\npermission:\n  edit: ask\n---\n", "permission.edit"),
        (".claude/settings.json", {"permissions": {"ask": ["Bash(rm:*)"]}}, "Bash(rm:*)"),
    ],
)
def test_a_rule_that_asks_is_named_with_its_file(home: Path, doctor: Doctor, file: str, value: Any, rule: str) -> None:
    path = put(home / file, value)
    agent = "claude" if "claude" in file else "opencode"
    found = told(doctor()[1], f"worker {agent}", "warning")
    assert f"{path}: " in found
    assert f"{rule}: it asks" in found


def test_a_rule_that_reaches_the_worker_is_a_fault(home: Path, doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    put(home / ".local/share/opencode/auth.json", {"anthropic": {"type": "oauth"}})
    monkeypatch.setenv("OPENCODE_PERMISSION", '{"bash": "ask"}')
    status, data = doctor()
    assert status == 4
    assert "OPENCODE_PERMISSION: bash asks" in told(data, "worker opencode", "fault")


@pytest.mark.parametrize(("said", "level", "words"), [
    ("echo 1.18.99", "ok", "version 1.18.99"),
    ("echo 2.0.0", "warning", f"version 2.0.0, but {opencode.TESTED}"),
    ("echo nonsense", "fault", "nonsense"),
    ("echo broken >&2; exit 3", "fault", "exit 3: broken"),
])  # fmt: skip
def test_versions_are_held_against_the_one_that_was_tested(
    home: Path, doctor: Doctor, said: str, level: str, words: str
) -> None:
    program(home, "opencode", said)
    assert words in told(doctor()[1], "worker opencode", level)


def test_a_damaged_store_is_named(home: Path, doctor: Doctor) -> None:
    path = put(home / "work/.branchline/state.db", "not a database, though as long as the header of one would be " * 3)
    status, data = doctor()
    assert status == 4
    assert str(path) in told(data, "store", "fault")


def test_damage_inside_of_the_database_is_found(home: Path, doctor: Doctor) -> None:
    from branchline.store import Store

    path = home / "work/.branchline/state.db"
    path.parent.mkdir(parents=True)
    with Store.open(path):
        pass
    assert "is sound: 0 runs" in told(doctor()[1], "store", "ok")
    with sqlite3.connect(path) as connection:
        (page,) = connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name LIKE 'event%' AND type = 'table'"
        ).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * 200)
    assert f"{path} is damaged" in told(doctor()[1], "store", "fault")


def test_settings_that_are_wrong_are_a_fault_and_the_rest_is_looked_at(home: Path, doctor: Doctor) -> None:
    put(home / "work/branchline.toml", "jobs = many")
    status, data = doctor()
    assert status == 4
    assert "branchline.toml:1" in told(data, "settings", "fault")
    assert told(data, "git", "ok")


@pytest.mark.parametrize(
    ("text", "about", "level", "said"),
    [
        ('sandbox = "off"', "sandbox", "note", "off; not held: a worker can read what you can read"),
        ('sandbox = "env"', "sandbox", "note", "env; not held: a worker can read what you can read"),
        ('sandbox = "strict"', "sandbox", "fault", "bubblewrap (bwrap) is not installed; nothing starts"),
        ("", "sandbox", "warning", "(bubblewrap (bwrap) is not installed)"),
        ('[roles.build]\nsandbox = "strict"', "sandbox of role build", "fault", "nothing starts"),
    ],
)
def test_the_sandbox_is_the_one_that_workers_would_get(
    home: Path, doctor: Doctor, monkeypatch: pytest.MonkeyPatch, text: str, about: str, level: str, said: str
) -> None:
    put(home / "work" / "branchline.toml", text)
    (home / "bin" / "git").symlink_to(str(which("git")))
    (home / "bin" / "sh").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", str(home / "bin"))
    _, data = doctor()
    assert said in told(data, about, level)


def test_what_an_install_left_and_no_worktree_has_is_named_with_the_setting(home: Path, doctor: Doctor) -> None:
    git = ("git", "-C", str(home / "work"), "-c", "user.name=n", "-c", "user.email=e")
    put(home / "work" / "vendor" / "kept.c", "int x;")
    for words in (("init", "-q"), ("add", "vendor"), ("commit", "-qm", "first")):
        subprocess.run((*git, *words), check=True)
    put(home / "work" / ".venv" / "pyvenv.cfg", "")
    said = told(doctor()[1], "workspace", "note")
    assert ".venv of your checkout is in no worktree" in said
    assert "vendor" not in said, "git brings it along"
    put(home / "work" / "branchline.toml", '[workspace]\nsymlink = [".venv"]')
    assert not told(doctor()[1], "workspace", "note")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_a_fault(home: Path, doctor: Doctor) -> None:
    (home / "work").chmod(0o555)
    said = told(doctor()[1], "store", "fault")
    (home / "work").chmod(0o755)
    assert f"{home / 'work'} cannot be written" in said


def test_keys_that_others_may_read_are_named(home: Path, doctor: Doctor) -> None:
    path = put(home / ".local/share/opencode/auth.json", {"x": {"type": "api"}})
    path.chmod(0o644)
    assert f"chmod 600 {path}" in told(doctor()[1], "worker opencode", "warning")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644, "doctor changes nothing"


def test_without_any_agent_that_is_the_fault(home: Path, doctor: Doctor) -> None:
    for name in AGENTS:
        (home / "bin" / name).unlink()
    status, data = doctor()
    assert (status, data["faults"]) == (4, 1)
    assert "npm install -g opencode-ai" in told(data, "workers", "fault")
    put(home / "work/branchline.toml", 'worker = "mine"\n[workers.mine]\nkind = "shell"\nargv = ["true"]')
    assert doctor()[0] == 0
    put(
        home / "work/branchline.toml", '[roles.build]\nworker = "mine"\n[workers.mine]\nkind = "shell"\nargv = ["true"]'
    )
    status, data = doctor()
    assert status == 0
    assert "role research, brainstorm get none ->" in told(data, "workers", "warning")


def test_without_any_agent_the_worker_of_the_newest_run_counts(home: Path, doctor: Doctor) -> None:
    for name in AGENTS:
        (home / "bin" / name).unlink()
    work = home / "work"
    put(work / "plan.md", "# A plan\n\n- [ ] Write it\n")
    agent = program(home, "agent", """printf '{"status": "failed"}' > "$BRANCHLINE_EXIT_FILE\"""")
    main(["execute", "plan.md", "--yes", "--in-place", "--worker", "shell:agent", "-C", str(work)])
    status, data = doctor()
    assert status == 0, data["findings"]
    assert "in a new run (the newest one has shell)" in told(data, "workers", "warning")
    agent.unlink()
    assert doctor()[0] == 4


FILES = (
    ".config/opencode/opencode.json", ".config/opencode/agent/a.md", ".local/share/opencode/auth.json",
    ".claude/settings.json", ".claude/.credentials.json", ".codex/config.toml", ".codex/auth.json",
    "work/opencode.json", "work/.opencode/agent/b.md", "work/.claude/settings.json",
)  # fmt: skip
NAMES = st.sampled_from(
    ["permission", "permissions", "agent", "mode", "ask", "provider", "model_provider", "model_providers", "env_key", "tokens",
     "claudeAiOauth", "expiresAt", "env", "type", "apiKeyHelper"]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("ask"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
CONTENTS = st.binary(max_size=60) | st.dictionaries(NAMES, VALUES, max_size=4).map(
    lambda value: json.dumps(value).encode()
)


@settings(max_examples=150, deadline=None)
@given(file=st.sampled_from(FILES), content=CONTENTS)
def test_no_content_of_any_file_makes_it_fall_over(
    tmp_path_factory: pytest.TempPathFactory, file: str, content: bytes
) -> None:
    home = tmp_path_factory.mktemp("hostile")
    (home / file).parent.mkdir(parents=True)
    (home / file).write_bytes(content)
    (home / "work").mkdir(exist_ok=True)
    place = Place(home / "work", config.load(None, {}, {}), {"HOME": str(home), "PATH": ""}, ("opencode",))
    agents, findings = examine(place)
    assert AGENTS.keys() <= {agent.worker for agent in agents}
    assert all(isinstance(finding, Finding) and finding.text for finding in findings)


@pytest.mark.parametrize("kind", ["pipe", "folder", "loop", "deep", "large"])
@pytest.mark.parametrize("file", FILES)
def test_a_file_that_is_none_is_survived(home: Path, doctor: Doctor, file: str, kind: str) -> None:
    path = home / file
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to(path)
    else:
        path.write_text("[" * 200_000 if kind == "deep" else " " * 2_000_000)
    assert doctor()[1]["findings"]
