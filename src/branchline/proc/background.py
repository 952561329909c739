"""Programs that are not under custody: the user's editor in the foreground, our own `--detach` in the background."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


def foreground(argv: Sequence[str]) -> int:
    """Run a program on the user's own terminal and return its exit status; raises OSError when it cannot start."""
    import subprocess  # 10 ms: only who starts a process pays for it

    return subprocess.run(list(argv), check=False).returncode


def detach(words: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path) -> int:
    """Start `branchline WORDS` in a session of its own with its words appended to `log`; return its pid."""
    import subprocess

    argv = [sys.executable, "-m", "branchline", *words]
    with log.open("ab") as out:
        process = subprocess.Popen(
            argv, cwd=cwd, env=dict(env), stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
    process.returncode = 0  # it outlives us on purpose: nobody waits for it
    return process.pid
