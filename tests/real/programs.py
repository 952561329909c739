"""Where the real agents are: BRANCHLINE_OPENCODE and its like, then PATH, then the cache of the checks."""

import os
import shutil
from pathlib import Path

_CACHED = {
    "opencode": "npm/opencode-*/node_modules/opencode-linux-*/bin/opencode",
    "claude": "npm/claude-*/node_modules/@anthropic-ai/claude-code/bin/claude.exe",
    "codex": "npm/codex-*/node_modules/@openai/codex-linux-*/vendor/*/bin/codex",
}
"""Agent -> where npm puts the program itself, which runs without node."""


def find(agent: str) -> str | None:
    """The path of an agent's program; None when it is not installed."""
    named = os.environ.get(f"BRANCHLINE_{agent.upper()}") or shutil.which(agent)
    if named:
        return named
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    cache = Path(os.environ.get("BRANCHLINE_CACHE") or Path(home) / "branchline-ci").expanduser()
    for path in sorted(cache.glob(_CACHED[agent])):
        if os.access(path, os.X_OK) and "baseline" not in str(path) and "-musl/bin/opencode" not in str(path):
            return str(path)
    return None


PROGRAMS = {agent: find(agent) for agent in _CACHED}
PROGRAMS["acp"] = PROGRAMS["opencode-server"] = PROGRAMS["opencode"]


def missing(agent: str) -> str:
    """Why the tests of an agent are skipped; empty when it is there."""
    name = "opencode" if agent in ("acp", "opencode-server") else agent
    return "" if PROGRAMS[agent] else f"no {name}: set BRANCHLINE_{name.upper()} to its path"
