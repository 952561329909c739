"""The walls of a sandbox: which there are, what they leave open, and that they stand."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.errors import SettingsError
from branchline.proc import Completed, landlock
from branchline.proc.bare import bare
from branchline.sandbox import limits, rights, seatbelt, view
from branchline.sandbox.around import Around, Walls, around
from branchline.sandbox.level import Held, behind, best, network
from branchline.workspace.git import Git
from branchline.workspace.shared import opened, public_config


def works(_argv: Sequence[str], _env: Mapping[str, str]) -> Completed:
    return Completed(0, b"", b"")


def refuses(_argv: Sequence[str], _env: Mapping[str, str]) -> Completed:
    return Completed(1, b"", b"bwrap: No permissions to create new namespace\n")


class TestLevel:
    @pytest.fixture
    def env(self, tmp_path: Path) -> dict[str, str]:
        (tmp_path / "bwrap").write_text("")
        (tmp_path / "bwrap").chmod(0o755)
        return {"PATH": str(tmp_path)}

    def test_the_strongest_that_works(self, env: dict[str, str]) -> None:
        held = best("auto", env, works)
        assert held[:2] == ("strict", "bubblewrap")
        assert [behind("proxy", held, lambda: 2).by, behind("proxy", held, lambda: 1).by] == [
            "bubblewrap, landlock",
            held.by,
        ]
        assert behind("host", held, lambda: 2) == held
        assert best("auto", env, refuses, lambda: 7)[:2] == ("env", "landlock")
        found = best("auto", env, refuses, lambda: 0)
        assert found[:2] == ("env", "")
        assert "No permissions to create new namespace" in found.not_held
        assert "not installed" in best("auto", {"PATH": "/nowhere"}, works, lambda: 0).not_held

    def test_the_network_is_the_narrowest_that_works(self) -> None:
        assert [network("auto", Held(level)) for level in ("strict", "env", "off")] == ["proxy", "host", "host"]
        assert [network(wanted, Held("strict")) for wanted in ("host", "none")] == ["host", "none"]
        with pytest.raises(SettingsError, match="needs the strict sandbox"):
            network("proxy", Held("env", "landlock"))

    def test_what_was_asked_for_or_nothing(self, env: dict[str, str]) -> None:
        assert best("strict", env, works).level == "strict"
        assert [best(wanted, env, works)[:2] for wanted in ("env", "off")] == [("env", ""), ("off", "")]
        with pytest.raises(SettingsError, match="No permissions"):
            best("strict", env, refuses, lambda: 7)


class TestPrograms:
    def test_an_agent_below_the_home_can_be_run_and_the_home_stays_out(self, tmp_path: Path) -> None:
        home = tmp_path / "home"
        package = home / ".nvm/versions/node/v20/lib/node_modules/agent"
        package.mkdir(parents=True)
        (package / "cli.js").write_text("#!/usr/bin/env node\n")
        (package / "cli.js").chmod(0o755)
        links = home / ".local/bin"
        links.mkdir(parents=True)
        (links / "agent").symlink_to(package / "cli.js")
        (home / ".local/share/keyrings").mkdir(parents=True)
        (home / ".ssh").mkdir()
        path = os.pathsep.join([str(links), str(home), "/", "relative", ""])
        found = view.programs(("/usr/bin/env", "agent", "-x"), {"PATH": path}, home)
        assert {links, links / "agent", package.parent, home / ".nvm"} <= found
        hidden = (home, tmp_path, Path("/"), home / ".ssh", home / ".local", home / ".local/share/keyrings")
        assert not [path for path in hidden for each in found if path == each or path.is_relative_to(each)]

    def test_a_virtual_environment_brings_its_interpreter(self, tmp_path: Path) -> None:
        real, own = tmp_path / "python", tmp_path / "venv"
        for folder in (real / "bin", real / "lib", own / "bin", own / "lib"):
            folder.mkdir(parents=True)
        (real / "bin/python3").touch(0o755)
        (own / "bin/python3").symlink_to(real / "bin/python3")
        (own / "pyvenv.cfg").touch()
        found = view.programs((), {"PATH": str(own / "bin")}, tmp_path / "home")
        assert {own / "bin", own / "lib", own / "pyvenv.cfg", real / "bin", real / "lib"} <= found


PATHS = st.sampled_from([Path("/nowhere", *parts) for deep in range(1, 5) for parts in product("abc", repeat=deep)])


@given(st.sets(PATHS, max_size=8), st.sets(PATHS, max_size=8), PATHS)
def test_the_nearest_path_that_is_named_decides(readable: set[Path], writable: set[Path], asked: Path) -> None:
    mode, words = "", view.mounts(readable, writable)
    for kind, source, place in zip(words[::3], words[1::3], words[2::3], strict=True):
        assert source == place
        mode = kind if asked.is_relative_to(place) else mode
    near = next((path for path in (asked, *asked.parents) if path in readable | writable), None)
    assert mode == ("" if near is None else "--bind-try" if near in writable else "--ro-bind-try")


@pytest.mark.skipif(not landlock.abi(), reason="this kernel has no Landlock")
def test_landlock_holds_files_and_what_is_started(tmp_path: Path) -> None:
    for name in ("open", "mine", "hidden"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    system = [f"r:{path}" for path in (*view.SYSTEM, sys.prefix, sys.base_prefix)]
    rights = [*system, "w:/dev/null", f"r:{tmp_path}/open", f"w:{tmp_path}/mine"]
    script = f"""cd {tmp_path}; cat open/file; cat mine/file
    sh -c 'cat hidden/file' 2>/dev/null && echo STOLEN; echo x 2>/dev/null > open/file && echo WRITTEN
    echo x > mine/new; ln hidden/file mine/link 2>/dev/null && echo LINKED; kill -0 {os.getpid()} 2>/dev/null && echo KILLED
    exit 7"""
    argv = (*bare(landlock.__file__), *rights, "--", "/bin/sh", "-c", script)
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (done.stdout.replace("KILLED\n", "" if landlock.abi() < 6 else "KILLED\n"), done.returncode) == (
        "openmine",
        7,
    )
    assert (tmp_path / "mine/new").exists()


@pytest.mark.skipif(landlock.abi() < rights.RENAMES, reason="this kernel's Landlock is no second wall")
def test_a_second_wall_leaves_all_to_read_and_only_what_the_first_leaves_to_write(tmp_path: Path) -> None:
    for path in ("mine/a", "mine/b", "open"):
        (tmp_path / path).mkdir(parents=True)
    (tmp_path / "open/file").write_text("open\n")
    script = f"""cd {tmp_path}; cat open/file; echo x 2>/dev/null > open/file && echo WRITTEN; echo x > mine/a/new
    mv mine/a/new mine/b/moved; echo said >> /dev/stdout; echo wrong >> /dev/stderr; cat /dev/stdin; kill -0 {os.getpid()}"""
    argv = (*rights.PROGRAM, *rights.within(map(Path, ("/dev/null", f"{tmp_path}/mine"))), "/bin/sh", "-c", script)
    (tmp_path / "in").write_text("asked\n")
    with (tmp_path / "in").open() as given, (tmp_path / "out").open("a") as out:  # files, as those of a worker are
        done = subprocess.run(argv, stdin=given, stdout=out, stderr=subprocess.PIPE, text=True, check=False)
    assert (tmp_path / "out").read_text() == "open\nsaid\nasked\n"
    assert (tmp_path / "mine/b/moved").exists()
    assert done.stderr.startswith("wrong\n"), "a pipe is open to who holds it"
    assert bool(done.returncode) == (landlock.abi() >= 6), "from then on a signal reaches nobody outside"


_LIMITS = """import json, resource as r
print(json.dumps([r.getrlimit(each) for each in (r.RLIMIT_NPROC, r.RLIMIT_DATA, r.RLIMIT_CORE)]))"""
GROUPS = limits.groups(f"test-{os.getpid()}", 20, 64)


def bounded(groups: Around) -> tuple[str, ...]:
    """The words before a program in these groups, as they are around and in a sandbox."""
    return around([groups], Walls(limits.gate(0, None, joins=True))).words


@pytest.mark.skipif(not GROUPS, reason="this user may make no control groups here")
def test_control_groups_bound_what_is_in_them_and_go_when_it_has_ended() -> None:
    script = "cat /proc/self/cgroup; for i in $(seq 40); do sleep 0.2 & done; wait; exit 7"
    assert GROUPS
    done = subprocess.run((*bounded(GROUPS), "/bin/sh", "-c", script), capture_output=True, text=True, check=False)
    assert done.stdout.count("/branchline-box-test-") == len(re.findall(r"echo \$1", GROUPS.before))
    assert "fork" in done.stderr
    assert done.returncode != 7
    alone = limits.groups(f"test-{os.getpid()}-2", 20, 64)
    assert alone
    assert subprocess.run((*bounded(alone), "/bin/sh", "-c", "exit 7"), check=False).returncode == 7
    until = time.monotonic() + 20
    while list(Path("/sys/fs/cgroup").glob(f"*/branchline-box-test-{os.getpid()}*")):
        assert time.monotonic() < until
        limits.sweep()


@pytest.mark.parametrize(
    ("control", "below", "bounds", "joined"),
    [
        ("cgroup.subtree_control", "cpu memory pids", ["pids.max=20", "memory.max=67108864"], 1),
        ("cgroup.subtree_control", "cpu pids", ["pids.max=20"], 1),
        ("no control", "", ["pids.max=20", "memory.limit_in_bytes=67108864"], 2),
    ],
)
def test_a_program_begins_in_its_group_with_bounds_set(
    tmp_path: Path, control: str, below: str, bounds: list[str], joined: int
) -> None:
    """In folders that stand for the kernel's: this says what is written before the program, and not that a kernel heeds it."""
    for place in (tmp_path, tmp_path / "pids", tmp_path / "memory"):
        place.mkdir(exist_ok=True)
        (place / "cgroup.procs").touch()
    (tmp_path / control).write_text(below)
    groups = limits.groups("x-r1-1", 20, 64, tmp_path)
    assert groups
    script = f"cd {tmp_path}; grep '' $(find . -path '*/branchline-box-x-r1-1/*') /dev/null; cat; exec 2>&1; ls -l /proc/$$/fd"
    done = subprocess.run((*bounded(groups), "/bin/sh", "-c", script), input="given", capture_output=True, text=True)
    made = re.findall(r"^\./.*branchline-box-x-r1-1/([\w.]+):(\d+)$", done.stdout, re.M)
    assert sorted(f"{file}={value}" for file, value in made if file != "cgroup.procs") == sorted(bounds)
    assert [file for file, _ in made].count("cgroup.procs") == joined
    assert "given" in done.stdout, "its input is its own"
    assert not re.search(r" [89] -> ", done.stdout), "and no handle of ours is left to it"
    for path in tmp_path.rglob("branchline-box-x-r1-1/*"):  # the kernel's own files go with their group
        path.unlink()
    (tmp_path / "pids" / "branchline-box-of-a-run-that-was-killed").mkdir(exist_ok=True, parents=True)
    limits.sweep(tmp_path)
    assert not list(tmp_path.rglob("branchline-box-*"))


def test_no_group_is_made_where_the_kernel_hands_down_no_controller(tmp_path: Path) -> None:
    (tmp_path / "cgroup.procs").touch()
    (tmp_path / "cgroup.subtree_control").write_text("cpu")
    assert limits.groups("x-r1-1", 20, 64, tmp_path) is None


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_the_gate_bounds_what_comes_after_it(shell: str) -> None:
    program = shutil.which(shell)
    if not program:
        pytest.skip(f"{shell} is not installed")
    words = (program, *limits.gate(300, 64, joins=False)[1:], sys.executable, "-c", _LIMITS)
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert (json.loads(done.stdout), done.stderr) == ([[300, 300], [64 << 20, 64 << 20], [0, 0]], "")


def test_the_profile_for_a_mac_names_what_is_open_and_denies_the_rest() -> None:
    text = seatbelt.profile([Path('/a "b')], [Path("/w")], network=False)
    assert text.startswith("(version 1)\n(deny default)\n")
    assert '(allow file-read* (subpath "/a \\"b"))' in text
    assert '(allow file-read* file-write* (subpath "/w"))' in text
    assert "network" not in text
    assert "(allow network*)" in seatbelt.profile([], [], network=True)


def test_the_repository_s_configuration_is_shown_without_its_secrets(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    config = tmp_path / ".git" / "config"
    with config.open("a") as file:
        file.write(
            '[remote "or\\"igin"]\n\turl = https://me:hush@x.invalid/a.git\n[http "https://x"]\n\textraHeader = hush\n'
        )
        file.write(
            '[credential]\n\thelper = hush\n[include]\n\tpath = /hush\n[filter "lfs"]\n\tclean = a \\"b\\" \\\\c\n'
        )
    shown = tmp_path / "shown"
    shown.write_text(public_config(Git(tmp_path)))
    ask = ["git", "config", "--file", str(shown), "--list"]
    got = subprocess.run(ask, capture_output=True, text=True, check=True).stdout.splitlines()
    assert 'remote.or"igin.url=https://x.invalid/a.git' in got
    assert 'filter.lfs.clean=a "b" \\c' in got
    assert "core.bare=false" in got
    assert "hush" not in shown.read_text()


def test_of_git_only_what_a_commit_needs_is_open_for_writing(tmp_path: Path) -> None:
    git = ["git", "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x"]
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    place = tmp_path / ".branchline/worktrees/r1/1.1"
    subprocess.run([*git, "worktree", "add", "-q", "-b", "branchline/r1/task/1.1", place], check=True)
    common = tmp_path / ".git"
    found = opened(common, place, "r1", "1.1", moves=True)
    admin = common / "worktrees/1.1"
    branches = [common / "refs/heads/branchline/r1/task", common / "logs/refs/heads/branchline/r1/task"]
    assert found.writable == {place, admin, common / "objects", common / "reftable"}
    assert [(inside.is_relative_to(admin), there) for inside, there in found.lent] == [
        (True, each) for each in branches
    ]
    assert not opened(common, place, "r1", "1.1", moves=False).lent, "a check moves no branch"
    assert {common, place / ".git", admin / "commondir", admin / "gitdir", common / "objects/pack"} <= found.readable
