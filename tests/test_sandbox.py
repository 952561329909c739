"""What one worker may see."""

import os
import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from branchline import sandbox
from branchline.config import WorkerSettings
from branchline.errors import SettingsError


def allow(pass_env: tuple[str, ...] = (), env: dict[str, str] | None = None) -> WorkerSettings:
    return WorkerSettings(kind="shell", pass_env=pass_env, env=env or {})


BASE = {"PATH": "/usr/bin", "LC_ALL": "C", "TZ": "UTC", "OPENAI_API_KEY": "k", "HOME": "/root", "XDG_DATA_HOME": "/x"}
BASE |= {"BRANCHLINE_JOBS": "3", "SSH_AUTH_SOCK": "/s", "HTTP_PROXY": "http://me:pw@proxy", "GIT_CONFIG_GLOBAL": "/g"}


def test_only_the_allow_list_passes(tmp_path: Path) -> None:
    env = sandbox.environment(allow(), BASE, tmp_path)
    assert {name for name in env if name in BASE} == {"PATH", "LC_ALL", "TZ", "HOME", "XDG_DATA_HOME"}
    assert env["HOME"] == str(tmp_path)
    assert all(Path(env[name]).is_relative_to(tmp_path) for name in env if name.startswith("XDG_") or name == "TMPDIR")


def test_settings_widen_it_by_name(tmp_path: Path) -> None:
    env = sandbox.environment(
        allow(("OPENAI_API_KEY", "NOT_THERE"), {"MODE": "test", "TZ": "Asia/Tokyo"}), BASE, tmp_path
    )
    assert env["OPENAI_API_KEY"] == "k"
    assert "NOT_THERE" not in env
    assert (env["MODE"], env["TZ"]) == ("test", "Asia/Tokyo")


@pytest.mark.parametrize(
    "wrong", [allow(("BRANCHLINE_EXIT_FILE",)), allow(env={"BRANCHLINE_RUN_ID": "x"}), allow(("A=B",))]
)
def test_reserved_and_impossible_names_are_refused(wrong: WorkerSettings, tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        sandbox.environment(wrong, BASE, tmp_path)


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ_", min_size=1, max_size=12), st.just("secret")))
def test_no_name_outside_the_list_passes(extra: dict[str, str]) -> None:
    env = sandbox.environment(allow(), extra, Path("/nowhere/home"))
    assert all(name in sandbox.PASSED or name.startswith("LC_") for name, value in env.items() if value == "secret")


def test_the_home_holds_an_identity_and_nothing_else(tmp_path: Path) -> None:
    real, home = tmp_path / "real", tmp_path / "run" / "home"
    (real / ".ssh").mkdir(parents=True)
    (real / ".ssh" / "id").write_text("key")
    name = 'Ada "the \\ Countess"\n[alias] x = !sh'
    sandbox.prepare_home(home, real, name, "ada@example.invalid")
    sandbox.prepare_home(home, real, name, "ada@example.invalid")
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert [path.name for path in home.rglob("*") if path.is_file()] == [".gitconfig"]
    env = sandbox.environment(allow(), os.environ, home)
    got = subprocess.run(["git", "config", "user.name"], env=env, cwd=home, capture_output=True, text=True, check=True)
    assert got.stdout == 'Ada "the \\ Countess"[alias] x = !sh\n'
    listed = subprocess.run(
        ["git", "config", "--global", "--list"], env=env, cwd=home, capture_output=True, text=True, check=True
    )
    assert "alias" not in listed.stdout.replace("[alias]", "")
    assert Path(env["TMPDIR"]).is_dir()


def test_the_real_home_is_no_fake_home(tmp_path: Path) -> None:
    for home in (tmp_path, tmp_path.parent):
        with pytest.raises(SettingsError):
            sandbox.prepare_home(home, tmp_path)


def test_temporary_files_go_and_all_else_stays(tmp_path: Path) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    sandbox.prepare_home(home, tmp_path / "real")
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("kept")
    (home / ".config").mkdir()
    (home / ".config" / "kept").write_text("kept")
    cache = home / "tmp" / "cache" / "mod"
    cache.mkdir(parents=True)
    (cache / "file").write_text("x")
    cache.chmod(0o500)
    (home / "tmp" / "link").symlink_to(elsewhere)
    sandbox.empty_temporary(home)
    assert list((home / "tmp").iterdir()) == []
    assert (elsewhere / "kept").exists()
    assert (home / ".config" / "kept").exists()
    (home / "tmp").rmdir()
    (home / "tmp").symlink_to(elsewhere)
    sandbox.empty_temporary(home)
    assert (elsewhere / "kept").exists()
    sandbox.empty_temporary(tmp_path / "missing")


def test_programs_of_version_managers_find_their_toolchains_though_home_is_another(tmp_path: Path) -> None:
    (tmp_path / "own/.rustup").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    base = {"HOME": str(tmp_path / "own"), "PYENV_ROOT": str(tmp_path / "elsewhere"), "RBENV_ROOT": "s3cret"}
    env = sandbox.environment(allow(), base, tmp_path / "home")
    assert {name: env.get(name) for name in sandbox.MANAGERS} == {
        "RUSTUP_HOME": str(tmp_path / "own/.rustup"), "PYENV_ROOT": str(tmp_path / "elsewhere"),
        "RBENV_ROOT": None, "ASDF_DATA_DIR": None, "VOLTA_HOME": None,
    }  # fmt: skip
    assert not sandbox.MANAGERS.keys() & sandbox.environment(allow(), {}, tmp_path / "home").keys()
