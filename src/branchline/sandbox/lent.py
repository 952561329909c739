"""How a worker gets a token of its own: what goes around it, and what may be told of the token."""

import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from branchline.files import read_json, write_new
from branchline.proc import aside
from branchline.sandbox.around import Around

TOKENS: Final = Path(__file__).with_name("tokens.py")
NO_TOKEN: Final = 78
"""The exit status of a worker that was not started because its token could not be made."""
_NOTE: Final = "token.json"


def words(folder: Path, spec: Mapping[str, Any]) -> Around:
    """Return what makes a token before a worker and revokes it afterwards; writes `spec` into `folder`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_new(folder / "spec.json", json.dumps(spec) + "\n")
    program = shlex.join((sys.executable, "-I", "-S", str(TOKENS)))
    place = shlex.quote(str(folder))
    made = f't=$({program} make {place} $$) || exit {NO_TOKEN}; export GH_TOKEN="$t" GITHUB_TOKEN="$t"; unset t'
    return Around(made, f"{program} revoke {place} >/dev/null 2>&1")


def take_back(tokens: Path) -> None:
    """Take back, beside us, the tokens below a folder whose attempts are gone; where none is kept nothing is started."""
    if any(tokens.glob("*/token")):
        aside((sys.executable, "-I", "-S", str(TOKENS), "sweep", str(tokens)))


def told(folder: Path) -> dict[str, Any] | None:
    """Return what is known of the token that an attempt had: repository, permissions, expires, made, revoked."""
    return dict(read_json(folder / _NOTE)) if (folder / _NOTE).is_file() else None
