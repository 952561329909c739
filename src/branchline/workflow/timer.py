"""A timer that pulses: the line for cron, the units for systemd, the property list for launchd; written and removed."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import NamedTuple

from branchline.config import duration
from branchline.errors import BranchlineError, UsageError
from branchline.files import digest, read_text, state_folder, write_durable
from branchline.proc import run as run_process
from branchline.workflow.answer import Answer
from branchline.workflow.console import Console
from branchline.workflow.flags import Flags, flags_argv

EVERY = "3m"
LOG = "pulse.log"
LIMIT = 1 << 20


class Timer(NamedTuple):
    """What is to be started, how often (seconds), and with which PATH; `name` is unique to the checkout."""

    name: str
    root: Path
    argv: tuple[str, ...]
    every: float
    path: str

    @property
    def mark(self) -> str:
        """What tells our own line and files from all others."""
        return f"# {self.name}"


def install(console: Console, kind: str, plans: Sequence[str], flags: Flags, *, every: str, write: bool) -> Answer:
    """Print the unit that pulses these plans, with `write` put it in its place; again and again gives the same."""
    timer = timer_of(console, plans, flags, every or EVERY)
    if kind == "cron":
        line = cron_line(timer)
        text = f"{line}\n"
        if write:
            state_folder(timer.root)
            _write_crontab(console, [*_others(_crontab(console), timer), line])
            text += "written to your crontab; `branchline pulse --uninstall cron` removes it"
        return Answer({"kind": kind, "written": write, "units": {"crontab": line}}, text.rstrip())
    units = {str(path): content for path, content in UNITS[kind](timer, console.env)}
    shown = "\n".join(f"# {path}\n{content}" for path, content in units.items())
    if write:
        for path, content in units.items():
            _refuse_foreign(Path(path), timer)
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            write_durable(Path(path), content)
        shown = "\n".join([*(f"written: {path}" for path in units), f"next: {_start(kind, timer, console.env)}"])
    return Answer({"kind": kind, "written": write, "units": units}, shown.rstrip())


def uninstall(console: Console, kind: str) -> Answer:
    """Remove what `install` wrote for this checkout, of one kind or of all; nothing else is touched."""
    timer = timer_of(console, (), Flags(), EVERY)
    removed: list[str] = []
    if kind in ("cron", "all"):
        lines = _crontab(console, missing_ok=kind == "all")
        kept = _others(lines, timer)
        if len(kept) < len(lines):
            _write_crontab(console, kept)
            removed.append("the line in your crontab")
    for each in ("systemd", "launchd"):
        for path, _ in UNITS[each](timer, console.env) if kind in (each, "all") else ():
            if path.exists():
                _refuse_foreign(path, timer)
                path.unlink()
                removed.append(str(path))
    text = f"removed: {', '.join(removed)}" if removed else "nothing was installed for this checkout"
    if any(path.endswith(".timer") for path in removed):
        text += f"\nit may still run: systemctl --user stop {timer.name}.timer; systemctl --user daemon-reload"
    if any(path.endswith(".plist") for path in removed):
        text += f"\nit may still run: launchctl remove {timer.name}"
    return Answer({"removed": removed}, text)


def timer_of(console: Console, plans: Sequence[str], flags: Flags, every: str) -> Timer:
    """The timer of the checkout a command was started in. Raises UsageError for a path that no unit can hold."""
    named = [str((console.directory / plan).resolve()) for plan in plans]
    # -P keeps the checkout out of the imports, whatever the timer's working directory is.
    program = (sys.executable, "-P", "-m", "branchline", "pulse", "-C", str(console.directory))
    argv = (*program, "--once", *flags_argv(flags), *named)
    if any(char in word for word in argv for char in "\r\n\0"):
        raise UsageError("a path with a line break cannot stand in a crontab or a unit; rename it")
    name = f"branchline-pulse-{digest(str(console.root).encode('utf-8', 'surrogatepass')).removeprefix('sha256:')[:8]}"
    return Timer(name, console.root, argv, duration(every), console.env.get("PATH", ""))


def cron_line(timer: Timer) -> str:
    """One line of a crontab; its last words are a comment to the shell and the mark to us.

    The log holds the last pulse only, so that it never grows. Raises UsageError for a time that cron cannot count.
    """
    quoted = " ".join(quote(word) for word in timer.argv)
    command = f"PATH={quote(timer.path)} {quoted} > {quote(str(timer.root / '.branchline' / LOG))} 2>&1"
    return f"{cron_times(timer.every)} {command.replace('%', chr(92) + '%')} {timer.mark}"


def cron_times(every: float) -> str:
    """The five fields of a crontab for a time that divides an hour or a day; raises UsageError for another."""
    minutes, rest = divmod(every, 60)
    if not rest and 1 <= minutes < 60 and 60 % minutes == 0:
        return f"*/{minutes:.0f} * * * *" if minutes > 1 else "* * * * *"
    hours, rest = divmod(every, 3600)
    if not rest and 1 <= hours <= 24 and 24 % hours == 0:
        return {1: "0 * * * *", 24: "0 0 * * *"}.get(int(hours), f"0 */{hours:.0f} * * *")
    raise UsageError(
        f"cron cannot count {every:g} s: say --every 1m, 2m, 3m, 5m, 10m, 15m, 30m, 1h, 2h ... 24h, or take systemd"
    )


def systemd_units(timer: Timer, env: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    """The service and its timer in the user's own folder of units.

    `KillMode=process`: the workers live on in custody when the pulse has ended; the usual mode would end them.
    """
    folder = _config(env) / "systemd" / "user"
    line = " ".join(_systemd(word).replace("$", "$$") for word in timer.argv)
    path = _systemd(f"PATH={timer.path}")
    service = f"""{timer.mark}
[Unit]
Description=Branchline pulse

[Service]
Type=oneshot
ExecStart={line}
Environment={path}
KillMode=process
SuccessExitStatus=3 4 75
"""
    clock = f"""{timer.mark}
[Unit]
Description=Branchline pulse every {timer.every:g} s

[Timer]
OnActiveSec=1
OnUnitInactiveSec={timer.every:g}
AccuracySec=1

[Install]
WantedBy=timers.target
"""
    yield folder / f"{timer.name}.service", service
    yield folder / f"{timer.name}.timer", clock


def launchd_units(timer: Timer, env: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    """The property list; `AbandonProcessGroup` keeps the workers alive when the pulse has ended."""
    import plistlib

    settings = {
        "Label": timer.name,
        "ProgramArguments": list(timer.argv),
        "StartInterval": int(timer.every) or 1,
        "RunAtLoad": True,
        "AbandonProcessGroup": True,
        "EnvironmentVariables": {"PATH": timer.path},
        "StandardOutPath": str(timer.root / ".branchline" / LOG),
        "StandardErrorPath": str(timer.root / ".branchline" / LOG),
    }
    text = plistlib.dumps(settings).decode("utf-8")
    marked = text.replace("<plist", f"<!-- {timer.mark} -->\n<plist", 1)
    yield _home(env) / "Library" / "LaunchAgents" / f"{timer.name}.plist", marked


UNITS: dict[str, Callable[[Timer, Mapping[str, str]], Iterator[tuple[Path, str]]]] = {
    "systemd": systemd_units,
    "launchd": launchd_units,
}


def _start(kind: str, timer: Timer, env: Mapping[str, str]) -> str:
    if kind == "systemd":
        return f"systemctl --user daemon-reload && systemctl --user enable --now {timer.name}.timer"
    path, _ = next(launchd_units(timer, env))
    return f"launchctl load {quote(str(path))}"


def _home(env: Mapping[str, str]) -> Path:
    if not env.get("HOME"):
        raise UsageError("HOME is not set, so nobody knows where units are kept")
    return Path(env["HOME"])


def _config(env: Mapping[str, str]) -> Path:
    """`XDG_CONFIG_HOME` counts when it is absolute, as its specification says."""
    named = env.get("XDG_CONFIG_HOME", "")
    return Path(named) if named.startswith("/") else _home(env) / ".config"


def _refuse_foreign(path: Path, timer: Timer) -> None:
    if path.exists() and timer.mark not in read_text(path):
        raise UsageError(f"{path} is there and is not ours (it lacks the line `{timer.mark}`); move it away first")


def _crontab(console: Console, *, missing_ok: bool = False) -> list[str]:
    """The lines of the user's crontab, none when there is none. Raises rather than take an error for an empty one."""
    done = run_process(("crontab", "-l"), cwd="/", env=console.env, timeout=30.0, limit=LIMIT)
    said = done.err.decode("utf-8", "replace").strip()
    if done.code == 127 and missing_ok:
        return []
    if done.code == 127:
        raise UsageError("there is no program `crontab` here; take --install systemd, or install cron")
    if done.truncated or (done.code and "no crontab" not in said.lower()):
        raise BranchlineError(f"your crontab cannot be read, so it is left alone: crontab -l: {said or 'too long'}")
    return [] if done.code else done.out.decode("utf-8", "surrogateescape").splitlines()


def _others(lines: Sequence[str], timer: Timer) -> list[str]:
    return [line for line in lines if not line.endswith(timer.mark)]


def _write_crontab(console: Console, lines: Sequence[str]) -> None:
    text = "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")
    done = run_process(("crontab", "-"), cwd="/", env=console.env, input=text, timeout=30.0, limit=LIMIT)
    if done.code:
        said = done.err.decode("utf-8", "replace").strip()
        raise BranchlineError(f"your crontab was not changed: crontab - ended with {done.code}: {said}")


def _systemd(word: str) -> str:
    """One word as systemd reads it: quoted, its specifiers doubled."""
    plain = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{plain}"'
