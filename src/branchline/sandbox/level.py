"""Which sandbox a worker gets: the strongest that works here, or the one that was asked for."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from branchline.errors import SettingsError
from branchline.proc import Completed, landlock, run
from branchline.sandbox import bubblewrap, rights

_PATIENCE: Final = 10.0
_OPEN: Final = "a worker can read what you can read, write outside its worktree, and reach the network"

_SEEN: Final = (
    "your processes and .git/config can be looked at, other branches of its run can be moved, the network is open, nothing "
    "bounds processes and memory"
)
IN_TABLE: Final = "refs are kept in a table (reftable): a worker can move any branch"
"""What no sandbox holds in a repository whose refs are no files."""


class Held(NamedTuple):
    """The sandbox of a worker: its level (strict, env, off), what makes it, and in words what it does not hold."""

    level: str
    by: str = ""
    not_held: str = ""

    def words(self) -> str:
        """Say it in one line."""
        made = f"{self.level} ({self.by})" if self.by else self.level
        return f"{made}; not held: {self.not_held}" if self.not_held else made


Try = Callable[[Sequence[str], Mapping[str, str]], Completed]


def _run(argv: Sequence[str], env: Mapping[str, str]) -> Completed:
    return run(argv, cwd="/", env=env, timeout=_PATIENCE, limit=2000)


def best(wanted: str, env: Mapping[str, str], attempt: Try = _run, abi: Callable[[], int] = landlock.abi) -> Held:
    """Return what a worker gets for the setting `wanted` (auto, strict, env, off); `env` is the coordinator's own.

    Raises SettingsError when strict was asked for and cannot be had.
    """
    if wanted in ("env", "off"):
        return Held(wanted, "", f"{_OPEN} (sandbox = {wanted!r} in the settings)")
    why = _why_not(env, attempt)
    if not why:
        return Held("strict", "bubblewrap")
    if wanted == "strict":
        raise SettingsError(f'sandbox = "strict" cannot be had here: {why}')
    if abi() > 0:
        return Held("env", "landlock", f"{_SEEN} ({why})")
    return Held("env", "", f"{_OPEN} ({why})")


def network(wanted: str, held: Held) -> str:
    """Return what a worker reaches for the setting `wanted` (auto, host, proxy, none): host is all there is.

    Left open it is the proxy, where the sandbox has a network of its own. Raises SettingsError for walls that have none.
    """
    own = held.level == "strict"
    if not own and wanted in ("proxy", "none"):
        raise SettingsError(f'network = "{wanted}" needs the strict sandbox; there is {held.words()}')
    return wanted if wanted != "auto" else "proxy" if own else "host"


def behind(network: str, held: Held, abi: Callable[[], int] = landlock.abi) -> Held:
    """Return what holds a worker with this network: where it is the proxy, Landlock is a second wall (see `rights`)."""
    second = held.level == "strict" and network == "proxy" and abi() >= rights.RENAMES
    return held._replace(by=f"{held.by}, landlock") if second else held


def _why_not(env: Mapping[str, str], attempt: Try) -> str:
    program = bubblewrap.find(env)
    if not program:
        return "bubblewrap (bwrap) is not installed"
    done = attempt(bubblewrap.trial(program), {"PATH": env.get("PATH", os.defpath)})
    if done.code == 0:
        return ""
    said = done.err.decode(errors="replace").strip().splitlines()
    return f"bubblewrap does not work here: {said[-1] if said else f'exit {done.code}'}"
