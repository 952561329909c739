"""How much of the machine one worker may take: processes and memory, held by the kernel."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

_GROUPS: Final = Path("/sys/fs/cgroup")
_NAME: Final = "branchline-box-"
_JOIN: Final = 'for each in $0; do echo 0 > "$each/cgroup.procs"; done; exec "$@"'
"""A shell's words: join some control groups, then become the program."""


def rlimits(processes: int, memory: int | None) -> tuple[str, ...]:
    """Return the words that bound what follows them: processes of one sandbox, MB of memory of one process; 0: no bound.

    Without a number of MB (None) no process is bound by itself, for some reserve far more than they use. Where there is
    no `prlimit` there is no bound of this kind. The kernel does not hold root to the number of processes:
    see `groups`.
    """
    program = next((path for path in ("/usr/bin/prlimit", "/bin/prlimit") if os.access(path, os.X_OK)), "")
    asked = [f"--nproc={processes}"] if processes else []
    asked += [f"--data={memory << 20}"] if memory else []
    return (program, *asked, "--core=0", "--") if program and asked else ()


def groups(name: str, processes: int, memory: int | None) -> tuple[str, ...]:
    """Return the words that put what follows into control groups of its own, () where this user may not make any.

    `memory` None is three quarters of what the machine has; `name` tells them from those of others; `sweep` takes them away.
    """
    bytes_ = memory << 20 if memory is not None else _of_machine() * 3 // 4
    made = list(_make(f"{_NAME}{name}", processes, bytes_))
    return ("/bin/sh", "-c", _JOIN, " ".join(map(str, made))) if made else ()


def sweep(name: str) -> None:
    """Take away the groups whose name begins with `name` and that nobody is in any more."""
    for path in (*_GROUPS.glob(f"*/{_NAME}{name}*"), *_GROUPS.glob(f"{_NAME}{name}*")):
        with suppress(OSError):
            path.rmdir()


def _of_machine() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _make(name: str, processes: int, memory: int) -> Iterator[Path]:
    """Make the groups where root may: in each hierarchy of version 1, or in the one of version 2, which is untested."""
    old = [("pids", "pids.max", processes), ("memory", "memory.limit_in_bytes", memory)]
    new = [("", "pids.max", processes), ("", "memory.max", memory)]
    made: set[Path] = set()
    for kind, file, value in new if (_GROUPS / "cgroup.controllers").exists() else old:
        path = _GROUPS / kind / name
        if not value or not os.access(path.parent / "cgroup.procs", os.W_OK):
            continue
        with suppress(OSError):
            path.mkdir(exist_ok=True)
            (path / file).write_text(str(value))
            made.add(path)
    yield from sorted(made)
