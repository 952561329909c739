"""The programs that a repository's own configuration names for git to run: found, and switched off unless allowed.

A worker shares `.git/config` with the user, so what stands there is not the user's word; what stands in the user's own
configuration (global and system) is. Known gap: between the look and the start of git, some milliseconds, another
worker may add one.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from branchline.errors import InputError
from branchline.files import read_bytes

QUERY: Final = (
    *("config", "--includes", "--show-scope", "--name-only", "-z", "--get-regexp"),
    r"^((filter|merge)\..*\.(clean|smudge|process|driver)|include(if\..*)?\.path)$",
)
"""The git command that names them; a look at configuration runs none."""
_SECTIONS: Final = re.compile(rb"\[(filter|merge|include)", re.I)
"""What a configuration must hold to name any: most hold none, and then git need not be asked."""
_FOREIGN: Final = frozenset({"local", "worktree"})
_INCLUDES: Final = re.compile(r"include(if\..*)?\.path\Z")
_OFF: Final = {
    "filter": {"clean": "", "smudge": "", "process": "", "required": "false"},
    # An empty driver would take one side without a word; this is what git does for a file without a driver.
    "merge": {"driver": "git merge-file --marker-size=%L %A %O %B"},
}


class Guard:
    """What one repository's configuration names, as long as its files stay as they are; shared by all its worktrees."""

    __slots__ = ("_found", "_texts", "allowed")

    def __init__(self, allowed: Sequence[str]) -> None:
        self.allowed = frozenset(allowed)
        self._texts: tuple[bytes, ...] | None = None
        self._found: tuple[str, ...] = ()

    def refused(self, cwd: Path, env: Mapping[str, str], ask: Callable[[Sequence[str]], bytes]) -> tuple[str, ...]:
        """Return the programs that may not run (`filter.lfs`, `merge.ours`), in order; `ask` runs a git command."""
        now = _configuration(cwd, env)
        if now is not None and not any(map(_SECTIONS.search, now)):
            return ()
        if now is None or now != self._texts:
            names, included = _named(ask(QUERY))
            self._found = tuple(sorted(names - self.allowed))
            # Files that the configuration includes are not watched: then every look is a new one.
            self._texts = None if included else now
        return self._found


def switched_off(refused: Iterable[str]) -> dict[str, str]:
    """Return the variables with which git takes none of these programs, whatever the configuration says."""
    pairs = [(f"{name}.{key}", value) for name in refused for key, value in _OFF[name.partition(".")[0]].items()]
    numbered = {f"GIT_CONFIG_KEY_{n}": key for n, (key, _) in enumerate(pairs)}
    numbered |= {f"GIT_CONFIG_VALUE_{n}": value for n, (_, value) in enumerate(pairs)}
    return numbered | {"GIT_CONFIG_COUNT": str(len(pairs))} if pairs else {}


def _named(listing: bytes) -> tuple[set[str], bool]:
    words = listing.decode("utf-8", "surrogateescape").split("\0")
    own = [key for scope, key in zip(words[::2], words[1::2], strict=False) if scope in _FOREIGN]
    included = any(_INCLUDES.match(key) for key in own)
    return {key.rpartition(".")[0] for key in own if not _INCLUDES.match(key)}, included


def folders(cwd: Path, env: Mapping[str, str]) -> tuple[Path, Path]:
    """Return git's own folder for the checkout around `cwd`, and the one that all its worktrees share; asks no git.

    Raises OSError when they cannot be read.
    """
    own = Path(env["GIT_DIR"]) if "GIT_DIR" in env else _own_folder(cwd)
    common = own / _line(own / "commondir") if (own / "commondir").is_file() else own
    return Path(os.path.realpath(own)), Path(os.path.realpath(common))


def _configuration(cwd: Path, env: Mapping[str, str]) -> tuple[bytes, ...] | None:
    """Return the texts of a repository's configuration; None when they cannot be read."""
    try:
        own, common = folders(cwd, env)
        places = (common / "config", own / "config.worktree")
        return tuple(read_bytes(place) if place.exists() else b"" for place in places)
    except (OSError, InputError):
        return None


def _own_folder(cwd: Path) -> Path:
    for folder in (cwd, *cwd.parents):
        link = folder / ".git"
        if (link / "HEAD").is_file() or (link / "HEAD").is_symlink():
            return link
        if link.is_file():
            return folder / _line(link).removeprefix("gitdir:").strip()
    return cwd


def _line(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "surrogateescape").strip()
