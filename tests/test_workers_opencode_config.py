"""What OpenCode may do and with whose key."""

import json
import os
import stat
from pathlib import Path

import pytest

from branchline.errors import InputError
from branchline.workers import opencode_config

USER = {
    "model": "acme/one",
    "provider": {"acme": {"options": {"apiKey": "{env:ACME}"}}},
    "mcp": {"slow": {"type": "local"}},
    "permission": {"bash": "ask"},
    "agent": {"critic": {"prompt": "Be hard.", "permission": {"edit": "ask"}, "tools": {"write": True}}},
    "share": "auto",
}


@pytest.mark.parametrize("read_only", [False, True])
def test_nothing_is_ever_asked(read_only: bool) -> None:
    config = opencode_config.build(USER, read_only)
    assert "ask" not in config["permission"].values()
    assert config["permission"]["edit"] == ("deny" if read_only else "allow")
    assert config["permission"]["bash"] == ("deny" if read_only else "allow")
    assert config["permission"]["external_directory"] == "deny"
    assert config["agent"] == {"critic": {"prompt": "Be hard."}}
    assert config["provider"] == USER["provider"]
    assert config["share"] == "disabled"
    assert "mcp" not in config
    assert opencode_config.build(USER, read_only, lean=False)["mcp"] == USER["mcp"]


def test_the_users_files_are_read_as_opencode_reads_them(tmp_path: Path) -> None:
    folder = tmp_path / ".config" / "opencode"
    folder.mkdir(parents=True)
    (folder / "opencode.json").write_text('{"model": "a/b", "provider": {"a": {"name": "A"}}}')
    (folder / "opencode.jsonc").write_text(
        '// mine\n{"provider": {"a": {"options": {"apiKey": "{file:key.txt}", /* no // comment */ '
        '"url": "http://x//y", "home": "{file:~/k"\n}},},}'.replace('"{file:~/k"', '"{file:~/k}"')
    )
    (tmp_path / "own.json").write_text('{"model": "a/c"}')
    base = {"HOME": str(tmp_path), "OPENCODE_CONFIG": str(tmp_path / "own.json")}
    user = opencode_config.read_user(base)
    assert user["model"] == "a/c"
    assert user["provider"]["a"]["name"] == "A"
    assert user["provider"]["a"]["options"] == {
        "apiKey": f"{{file:{folder / 'key.txt'}}}",
        "url": "http://x//y",
        "home": f"{{file:{tmp_path / 'k'}}}",
    }


def test_a_broken_configuration_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(InputError, match=r"bad\.json"):
        opencode_config.read_user({"HOME": str(tmp_path), "OPENCODE_CONFIG": str(tmp_path / "bad.json")})


def test_only_the_keys_that_are_needed_are_copied(tmp_path: Path) -> None:
    source = tmp_path / "real" / ".local" / "share" / "opencode"
    source.mkdir(parents=True)
    (source / "auth.json").write_text(json.dumps({"acme": {"key": "1"}, "other": {"key": "2"}}))
    base, target = {"HOME": str(tmp_path / "real")}, tmp_path / "fake"
    opencode_config.copy_credentials(base, target, opencode_config.providers_of("acme/one", {}))
    assert json.loads((target / "auth.json").read_text()) == {"acme": {"key": "1"}}
    assert stat.S_IMODE((target / "auth.json").stat().st_mode) == 0o600
    opencode_config.copy_credentials(base, target, opencode_config.providers_of("", {}))
    assert set(json.loads((target / "auth.json").read_text())) == {"acme", "other"}
    opencode_config.copy_credentials({"HOME": "/nonexistent"}, tmp_path / "none", frozenset())
    assert not os.path.exists(tmp_path / "none")


@pytest.mark.parametrize(("agent", "own"), [("build", {}), ("critic", {"prompt": "Be hard."})])
def test_an_agent_gets_the_temperature_of_its_role(agent: str, own: dict[str, str]) -> None:
    config = opencode_config.build(USER, False)
    opencode_config.warm(config, agent, 0.0)
    assert config["agent"][agent] == {**own, "temperature": 0.0}
    odd = {"agent": ["no", "mapping"]}
    opencode_config.warm(odd, agent, 1.5)
    assert odd["agent"] == {agent: {"temperature": 1.5}}
