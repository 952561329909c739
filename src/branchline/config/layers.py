"""Where settings come from: one file of the user's checkout, the environment, the flags."""

import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from branchline.errors import SettingsError

RESERVED: Final = frozenset(
    f"BRANCHLINE_{name}" for name in ("TASK_ID", "RUN_ID", "ATTEMPT", "PROMPT_FILE", "EXIT_FILE")
)
"""What a worker finds in its environment: no settings (DESIGN, section 9)."""
OF_THE_CHECKS: Final = frozenset({"BRANCHLINE_CACHE", "BRANCHLINE_OPENCODE", "BRANCHLINE_CLAUDE", "BRANCHLINE_CODEX"})
"""Where our own checks keep downloads and find the agents they test with: no settings either."""
ALIASES: Final = {
    "DECOMPOSE_MAX_DEPTH": "decompose.max_depth",
    "DECOMPOSE_MODEL": "decompose.model",
    "DECOMPOSE_ENABLED": "decompose.enabled",
    "RAM_PER_WORKER_MB": "memory_per_worker",
    "RAM_RESERVE_MB": "memory_reserve",
    "MAX_WORKERS_CAP": "max_workers",
    "WORKER_SANDBOX_ENABLED": "sandbox",
    "WORKER_SCOPED_TOKENS": "scoped_tokens",
    "SUPERVISOR_PREFER_OAUTH": "prefer_oauth",
    "SUPERVISOR_CLI": "worker",
}
"""The seeds' names in the environment (SEEDS S4.28)."""
PASSED: Final = {
    "OPENCODE_PERMISSION": ("opencode", "opencode-server"),
    "OPENCODE_SERVER_PASSWORD": ("opencode", "opencode-server"),
}
"""Names whose values go to these workers by name, and are never kept in the settings."""
IDLE: Final = {"OPENCODE_HOME": "OPENCODE_HOME does nothing now: every worker has a home of its own"}

_LIMIT: Final = 1024 * 1024
_PART: Final = re.compile(r""""([^"]*)"|'([^']*)'|([\w-]+)""")
_HEADER: Final = re.compile(r"\s*\[{1,2}([^\]]+)\]")
_KEY: Final = re.compile(r"""\s*((?:"[^"]*"|'[^']*'|[\w-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[\w-]+))*)\s*=""")


class Given(NamedTuple):
    """One value somebody gave: its path in the settings, where it stands, and whether it came as a text."""

    path: tuple[str, ...]
    value: Any
    where: str
    loose: bool


class Source(NamedTuple):
    """The file the settings were read from: its tree, its name, and its lines to find a key again."""

    tree: Mapping[str, Any]
    path: Path
    text: str
    prefix: tuple[str, ...]

    def where(self, path: tuple[str, ...]) -> str:
        """Return `file:line` of the key, or the file alone when the key is not found as written."""
        line = next((number for number, key in _keys(self.text) if _within(key, self.prefix + path)), None)
        return f"{self.path}:{line}" if line else str(self.path)


def read_file(root: Path) -> Source | None:
    """Return the settings file of a checkout, None without one; SettingsError when there are two or it is not TOML."""
    own, shared = root / "branchline.toml", root / "pyproject.toml"
    text = _text(shared)
    table = _parse(shared, text).get("tool", {}).get("branchline") if "branchline" in text else None
    if not os.path.lexists(own):
        return None if table is None else Source(_table(shared, table), shared, text, ("tool", "branchline"))
    if table is not None:
        raise SettingsError(f"{own} and [tool.branchline] in {shared} both hold settings; keep them in one of the two")
    text = _text(own)
    return Source(_parse(own, text), own, text, ())


def from_environment(env: Mapping[str, str]) -> Iterator[Given]:
    """Yield what the environment sets, aliases first so that Branchline's own names win; empty values are not set."""
    for name, target in ALIASES.items():
        if env.get(name):
            yield Given(tuple(target.split(".")), env[name], f"{name} in the environment", True)
    for name in sorted(env):
        if name.startswith("BRANCHLINE_") and name not in RESERVED | OF_THE_CHECKS and env[name]:
            path = tuple(name.removeprefix("BRANCHLINE_").lower().split("__"))
            if not path[0].startswith("test_"):  # our own test suite's switches
                yield Given(path, env[name], f"{name} in the environment", True)


def from_flags(flags: Mapping[str, Any]) -> Iterator[Given]:
    """Yield what the command line sets; None is a flag that was not given."""
    for name, value in flags.items():
        if value is not None:
            yield Given(tuple(name.split(".")), value, f"{name} on the command line", True)


def warnings(env: Mapping[str, str]) -> tuple[str, ...]:
    """Return what the user should know about names in the environment that do nothing."""
    return tuple(words for name, words in IDLE.items() if env.get(name))


def _text(path: Path) -> str:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LIMIT:
            raise SettingsError(f"{path}: settings must be a regular file of at most 1 MiB")
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        if path.is_symlink():
            raise SettingsError(f"{path}: a link to nowhere") from None
        return ""
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: byte {error.start} is not UTF-8") from error


def _parse(path: Path, text: str) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        match = re.search(r"at line (\d+)", str(error))
        line = match[1] if match else len(text.splitlines())  # the other place it names is the end of the document
        raise SettingsError(f"{path}:{line}: not TOML: {error}") from error
    except RecursionError:
        raise SettingsError(f"{path}: nested too deeply") from None


def _table(path: Path, table: Any) -> Mapping[str, Any]:
    if not isinstance(table, dict):
        raise SettingsError(f"{path}: tool.branchline must be a table")
    return table


def _keys(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    header: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if match := _HEADER.match(line):
            header = _parts(match[1])
            yield number, header
        elif match := _KEY.match(line):
            yield number, header + _parts(match[1])


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(a or b or c for a, b, c in _PART.findall(dotted))


def _within(key: tuple[str, ...], path: tuple[str, ...]) -> bool:
    return key[: len(path)] == path
