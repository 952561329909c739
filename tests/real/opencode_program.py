"""Where the real OpenCode is: BRANCHLINE_OPENCODE, then PATH, then the cache of the checks."""

import os
import shutil
from pathlib import Path


def _program() -> str | None:
    named = os.environ.get("BRANCHLINE_OPENCODE") or shutil.which("opencode")
    if named:
        return named
    cache = Path(
        os.environ.get("BRANCHLINE_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "branchline-ci"
    )
    for path in sorted(cache.expanduser().glob("npm/**/opencode-linux-*/bin/opencode")):
        if os.access(path, os.X_OK) and "baseline" not in str(path):
            return str(path)
    return None


PROGRAM = _program()
