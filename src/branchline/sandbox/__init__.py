"""what one worker may see: bubblewrap arguments, fake HOME, environment, network proxy, tokens

Every level has what stands here: an allow-listed environment and a HOME of the worker's own. That keeps secrets out of what
a worker is given; walls are made by `bubblewrap` and `landlock`, and `level` says which there are.
"""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from branchline.errors import SettingsError
from branchline.files import write_new
from branchline.sandbox.level import IN_TABLE, Held, behind, best, network

__all__ = [
    "IN_TABLE",
    "MANAGERS",
    "PASSED",
    "RESERVED",
    "Allowance",
    "Held",
    "behind",
    "best",
    "empty_temporary",
    "environment",
    "inherited",
    "network",
    "places",
    "prepare_home",
]

PASSED: Final = frozenset({"PATH", "LANG", "LANGUAGE", "TERM", "TZ", "USER", "LOGNAME", "SHELL"})
"""Names that pass from the coordinator's environment to every worker, and `LC_*`; nothing else without a setting."""
MANAGERS: Final = {
    "ASDF_DATA_DIR": ".asdf",
    "PYENV_ROOT": ".pyenv",
    "RBENV_ROOT": ".rbenv",
    "RUSTUP_HOME": ".rustup",
    "VOLTA_HOME": ".volta",
}
"""Where version managers keep what the programs on PATH start, below a home: in the worker's own there is nothing."""
RESERVED: Final = frozenset(
    {"BRANCHLINE_TASK_ID", "BRANCHLINE_RUN_ID", "BRANCHLINE_ATTEMPT", "BRANCHLINE_PROMPT_FILE", "BRANCHLINE_EXIT_FILE"}
)
"""Names that Branchline itself sets for every worker (DESIGN, section 9)."""
_FOLDERS: Final = {
    "XDG_CONFIG_HOME": ".config",
    "XDG_DATA_HOME": ".local/share",
    "XDG_STATE_HOME": ".local/state",
    "XDG_CACHE_HOME": ".cache",
    "XDG_RUNTIME_DIR": "tmp",
    "TMPDIR": "tmp",
}
"""Programs expect the last two to be there, and nobody to look into them: one folder does for both."""


class Allowance(Protocol):
    """The two settings of a worker that widen what it may see."""

    @property
    def pass_env(self) -> Sequence[str]:
        """Names that pass from the coordinator's environment."""
        ...

    @property
    def env(self) -> Mapping[str, str]:
        """Names with the values the settings give them."""
        ...


def environment(worker: Allowance, base: Mapping[str, str], home: Path) -> dict[str, str]:
    """Give the whole environment of one worker, and of the checks of its work.

    `base` is the coordinator's environment, of which only the allow-list and the worker's `pass_env` pass, and where the
    version managers of the user are; HOME, TMPDIR and the XDG folders lie in `home`. Raises SettingsError when the
    settings name a reserved or an impossible name.
    """
    return {**places(home), **inherited(worker, base)}


def places(home: Path | str) -> dict[str, str]:
    """The names that lead into a worker's own HOME, where its settings say nothing else."""
    own = str(home)
    return {"HOME": own, **{name: f"{own}/{folder}" for name, folder in _FOLDERS.items()}}


def inherited(worker: Allowance, base: Mapping[str, str]) -> dict[str, str]:
    """The part of a worker's `environment` that is the same for all of its tasks; raises as that does."""
    env = {name: value for name, value in base.items() if name in PASSED or name.startswith("LC_")}
    env.setdefault("PATH", os.defpath)
    env.setdefault("LANG", "C.UTF-8")
    for name, folder in MANAGERS.items():
        place = Path(base.get(name) or Path(base.get("HOME", ""), folder))
        if place.is_absolute() and place.is_dir():
            env[name] = str(place)
    # A worker has no terminal: git must fail at once instead of waiting for a password nobody will type.
    env["GIT_TERMINAL_PROMPT"] = "0"
    for name in worker.pass_env:
        _check(name, "pass_env")
        if name in base:
            env[name] = base[name]
    for name, value in worker.env.items():
        _check(name, "env")
        env[name] = value
    return env


def _check(name: str, setting: str) -> None:
    if name in RESERVED:
        raise SettingsError(f"{setting}: {name} is set by Branchline itself; take it out of the worker's settings")
    if not name or "=" in name or "\0" in name:
        raise SettingsError(f"{setting}: {name!r} is no name of an environment variable")


def prepare_home(home: Path | str, real_home: Path, name: str = "", email: str = "") -> None:
    """Make the fake HOME of a worker: folders of mode 700 and a .gitconfig that holds an identity and nothing else.

    Nothing is copied from `real_home`; it is a parameter so that a home inside or above it by mistake is refused
    (SettingsError). Safe to call again: what the worker left there stays, the .gitconfig is written anew. The other XDG
    folders are made by who uses them, as their specification has it.
    """
    temporary = f"{home}/{_FOLDERS['TMPDIR']}"
    try:
        os.makedirs(home, 0o700)  # noqa: PTH103 - for each task, and a Path is dear
        os.mkdir(temporary, 0o700)  # noqa: PTH102 - as above
    except FileExistsError:  # only a folder that was there can be one that is in use
        own = os.path.realpath(home)
        if f"{os.path.realpath(real_home)}/".startswith(f"{own.rstrip('/')}/"):
            raise SettingsError(
                f"{home} is the real home or above it; a worker's home must be a folder of its own"
            ) from None
        os.chmod(home, 0o700)  # noqa: PTH101 - as above
        _unlink_links(Path(home))
        os.makedirs(temporary, 0o700, exist_ok=True)  # noqa: PTH103 - as above
    write_new(f"{home}/.gitconfig", _git_config(name, email))


def _unlink_links(home: Path) -> None:
    """Take away the links that would lead what we write into the configuration folders of a home out of it."""
    for folder in sorted(set(_FOLDERS.values())):
        for path in (home / folder, *(home / folder).glob("*"), *(home / folder).parents):
            if path != home and path.is_relative_to(home) and path.is_symlink():
                path.unlink()


def empty_temporary(home: Path | str) -> None:
    """Empty the TMPDIR of a worker's home; nobody of it may be running. What cannot be removed stays."""
    folder = f"{home}/{_FOLDERS['TMPDIR']}"
    if os.path.islink(folder):  # noqa: PTH114 - as above
        os.unlink(folder)  # noqa: PTH108 - as above
    with suppress(FileNotFoundError, NotADirectoryError):
        for path in (Path(folder, name) for name in os.listdir(folder)):  # noqa: PTH208 - as above
            if path.is_dir() and not path.is_symlink():
                _remove_tree(path)
            else:
                path.unlink(missing_ok=True)


def _remove_tree(folder: Path) -> None:
    import shutil

    for below, _, _ in os.walk(folder):
        Path(below).chmod(0o700)  # tools that keep their caches read-only (Go) leave folders nobody may empty
    shutil.rmtree(folder, ignore_errors=True)


def _git_config(name: str, email: str) -> str:
    # Without useConfigOnly git invents an identity from the host's name; gc in a worktree would race with others.
    lines = ["[user]"]
    if name:
        lines.append(f"\tname = {_quoted(name)}")
    if email:
        lines.append(f"\temail = {_quoted(email)}")
    lines += ["\tuseConfigOnly = true", "[gc]", "\tauto = 0", "[maintenance]", "\tauto = false", ""]
    return "\n".join(lines)


def _quoted(value: str) -> str:
    """Quote a value for a git configuration file; control characters have no place in an identity."""
    plain = "".join(character for character in value if character.isprintable())
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
