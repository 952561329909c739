"""What a planner is shown of the repository: names and sizes of its files and the root's instructions, no secrets."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from branchline.errors import GitError, InputError
from branchline.files import read_text
from branchline.prompts import one_line, render
from branchline.workspace.git import Git

_SECRET_NAME: Final = re.compile(
    r"(^|/)(\.env|\.netrc|\.npmrc|\.pypirc|\.htpasswd|id_[a-z0-9]+($|\.))|secret|credential|passw(or)?d|token"
    r"|\.(pem|key|p12|pfx|jks|keystore|kdbx|asc|gpg|tfvars|tfstate)$",
    re.I,
)
_SECRET_LINE: Final = re.compile(r"(api[_-]?key|secret|token|passw(or)?d)\s*[:=]|BEGIN [A-Z ]*PRIVATE KEY", re.I)
_INSTRUCTIONS: Final = "AGENTS.md"
_BYTES: Final = 256 * 1024


def around(root: Path, env: Mapping[str, str], most: int) -> str:
    """The tracked files of a checkout, those near its root first, at most `most` of them; empty without git."""
    names = sorted(_tracked(root, env), key=lambda name: (name.count("/"), name)) if most else []
    shown = [name for name in names if not _SECRET_NAME.search(name)]
    files = [f"{_size(root / name):>9} {one_line(name)}" for name in shown[:most]]
    return render(
        {"files": files, "more": len(shown) - len(files), "instructions": _instructions(root)}, "planner_around.md.j2"
    ).strip()


def _tracked(root: Path, env: Mapping[str, str]) -> list[str]:
    if not (root / ".git").exists():
        return []
    try:
        return Git(root, env).fields("ls-files", "-z")
    except GitError:
        return []


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def _instructions(root: Path) -> str:
    try:
        text = read_text(root / _INSTRUCTIONS, _BYTES)
    except InputError:
        return ""
    return "\n".join(line for line in text.split("\n") if not _SECRET_LINE.search(line))
