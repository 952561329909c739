"""The timers that pulse: what is written is what the programs read, again gives the same, and nobody else's is touched."""

import io
import os
import plistlib
import shlex
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from branchline.cli.run import flags_of, parser
from branchline.errors import BranchlineError, UsageError
from branchline.workflow.console import Console
from branchline.workflow.flags import Flags, flags_argv
from branchline.workflow.timer import cron_times, install, uninstall

CRONTAB = """#!/bin/sh
tab="@TAB@"
[ -e "@BROKEN@" ] && { echo "crontab: cannot open: Permission denied" >&2; exit 1; }
case "$1" in
  -l) [ -e "$tab" ] && cat "$tab" || { echo "no crontab for me" >&2; exit 1; } ;;
  -) cat > "$tab" ;;
esac
"""
ANALYZE = shutil.which("systemd-analyze") or ""
OTHERS = "# mine\n\nMAILTO=me\n5 4 * * * backup  # branchline-pulse-deadbeef\n* * * * * echo 100\\%"


class Home:
    """A checkout in a folder with odd letters, a HOME, and a crontab program of our own on PATH."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "a b%c $d 'e\" \\f"
        (self.root / ".git").mkdir(parents=True)
        self.tab, self.broken, self.config = folder / "tab", folder / "broken", folder / "con fig"
        program = folder / "bin" / "crontab"
        program.parent.mkdir()
        program.write_text(CRONTAB.replace("@TAB@", str(self.tab)).replace("@BROKEN@", str(self.broken)))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        env = {"PATH": f"{program.parent}:{os.environ['PATH']}", "HOME": str(folder / "home")}
        env["XDG_CONFIG_HOME"] = str(self.config)
        self.console = Console(self.root, env, io.StringIO(), lambda _: "", lambda _: 0)

    def install(self, kind: str, every: str = "", write: bool = True) -> dict[str, object]:
        flags = Flags(jobs=2, worker="shell:./my agent.sh")
        return dict(install(self.console, kind, ("my plan.md",), flags, every=every, write=write).data)

    def words(self) -> list[str]:
        """The words that the timer's program must get."""
        folder = str(self.root)
        return [
            "-P",
            "-m",
            "branchline",
            "pulse",
            "-C",
            folder,
            "--once",
            "-j",
            "2",
            "--worker",
            "shell:./my agent.sh",
            f"{folder}/my plan.md",
        ]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_a_cron_line_is_what_the_shell_reads(home: Home) -> None:
    home.install("cron")
    (line,) = home.tab.read_text().splitlines()
    assert line.startswith("*/3 * * * * ")
    command = line.split(" ", 5)[5]
    assert "%" not in command.replace("\\%", ""), "cron would cut the line there"
    words = shlex.split(command.replace("\\%", "%"), comments=True)
    assert words[0] == f"PATH={home.console.env['PATH']}"
    assert words[2:-3] == home.words()
    assert words[-3:] == [">", f"{home.root}/.branchline/pulse.log", "2>&1"]


def test_the_crontab_of_others_is_left_as_it_is(home: Home) -> None:
    home.tab.write_text(OTHERS)
    for every in ("", "10m", "1h"):
        home.install("cron", every)
    lines = home.tab.read_text().splitlines()
    assert lines[:-1] == OTHERS.splitlines()
    assert lines[-1].startswith("0 * * * * ")
    assert uninstall(home.console, "cron").data == {"removed": ["the line in your crontab"]}
    assert home.tab.read_text().splitlines() == OTHERS.splitlines()
    assert uninstall(home.console, "all").data == {"removed": []}


def test_the_words_of_flags_are_read_as_the_same_flags() -> None:
    given = {"strategy": "hybrid", "minimum": "gated", "jobs": 0, "only": ("1.1", "2")}
    skipped = {"confirm", "detach", "dry_run"}
    for name, kind in Flags.__annotations__.items():
        flags = Flags(**{name: given.get(name, True if kind is bool else "3")})
        back = flags_of(parser("execute").parse_args(flags_argv(flags)))
        assert back == (Flags() if name in skipped else flags._replace(in_place=flags.in_place or flags.inline)), name


def test_printing_writes_nothing(home: Home) -> None:
    for kind in ("cron", "systemd", "launchd"):
        assert home.install(kind, write=False)["written"] is False
    assert not home.tab.exists()
    assert not home.config.exists()
    assert not (home.root / ".branchline").exists()


def test_a_crontab_that_cannot_be_read_is_not_replaced(home: Home) -> None:
    home.tab.write_text(OTHERS)
    home.broken.touch()
    with pytest.raises(BranchlineError, match=r"left alone.*Permission denied"):
        home.install("cron")
    with pytest.raises(BranchlineError, match="left alone"):
        uninstall(home.console, "all")
    assert home.tab.read_text() == OTHERS


def test_no_crontab_program_is_said(home: Home) -> None:
    there = home.console._replace(env={**home.console.env, "PATH": "/nowhere"})
    with pytest.raises(UsageError, match="no program `crontab`"):
        install(there, "cron", (), Flags(), every="", write=True)
    assert uninstall(there, "all").data == {"removed": []}


def test_systemd_units_hold_the_words_and_let_the_workers_live(home: Home) -> None:
    home.install("systemd", "90s")
    folder = home.config / "systemd" / "user"
    (service,), (timer,) = folder.glob("*.service"), folder.glob("*.timer")
    settings = dict(line.split("=", 1) for line in service.read_text().splitlines() if "=" in line)
    raw = shlex.split(settings["ExecStart"].replace("\\$", "$"))
    assert [word.replace("$$", "$").replace("%%", "%") for word in raw][1:] == home.words()
    assert settings["KillMode"] == "process"
    assert "OnUnitInactiveSec=90\n" in timer.read_text()
    assert service.stem == timer.stem
    before = service.read_text()
    home.install("systemd", "90s")
    assert service.read_text() == before
    assert sorted(uninstall(home.console, "all").data["removed"]) == sorted([str(service), str(timer)])
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(not ANALYZE, reason="there is no systemd-analyze here")
@pytest.mark.parametrize(("wrong", "right"), [("", ""), ("OnUnitInactiveSec=180", "OnUnitInactiveSec=often")])
def test_systemd_itself_reads_the_units_and_has_nothing_to_say(home: Home, wrong: str, right: str) -> None:
    home.install("systemd")
    units = sorted((home.config / "systemd" / "user").iterdir())
    for unit in units:
        unit.write_text(unit.read_text().replace(wrong, right))
    words = [ANALYZE, "verify", "--man=no", "--user", *map(str, units)]
    env = {**home.console.env, "XDG_RUNTIME_DIR": str(home.root)}
    said = subprocess.run(words, capture_output=True, text=True, check=False, env=env).stderr
    ours = [line for line in said.splitlines() if units[0].stem in line]  # of others' units it may say what it likes
    assert any("often" in line for line in ours) if wrong else ours == []


def test_a_launchd_list_holds_the_words(home: Home) -> None:
    home.install("launchd")
    (path,) = (Path(home.console.env["HOME"]) / "Library" / "LaunchAgents").iterdir()
    found = plistlib.loads(path.read_bytes())
    assert found["ProgramArguments"][1:] == home.words()
    assert (found["StartInterval"], found["AbandonProcessGroup"]) == (180, True)
    assert uninstall(home.console, "launchd").data == {"removed": [str(path)]}


def test_a_file_that_is_not_ours_is_left(home: Home) -> None:
    home.install("systemd")
    (timer,) = (home.config / "systemd" / "user").glob("*.timer")
    timer.write_text("[Timer]\n")
    for call in (lambda: home.install("systemd"), lambda: uninstall(home.console, "systemd")):
        with pytest.raises(UsageError, match="is not ours"):
            call()
    assert timer.read_text() == "[Timer]\n"


@pytest.mark.parametrize(
    ("every", "expected"),
    [(60, "* * * * *"), (180, "*/3 * * * *"), (3600, "0 * * * *"), (7200, "0 */2 * * *"), (86400, "0 0 * * *")],
)
def test_times_that_cron_can_count(every: float, expected: str) -> None:
    assert cron_times(every) == expected


@pytest.mark.parametrize("every", [30, 7 * 60, 90 * 60, 5 * 3600, 90000, 0])
def test_times_that_cron_cannot_count_are_refused(every: float) -> None:
    with pytest.raises(UsageError, match="cron cannot count"):
        cron_times(every)
