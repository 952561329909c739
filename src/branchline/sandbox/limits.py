"""How much of the machine one worker may take: processes and memory, held by the kernel."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

_GROUPS: Final = Path("/sys/fs/cgroup")
_PLACES: Final = ("pids", "memory", ".")
"""Where `groups` makes any: two hierarchies of version 1, or the one of version 2."""
_NAME: Final = "branchline-box-"
_JOIN: Final = 'for i in 1 2 3; do { mkdir -p %s; %s; } 2>/dev/null && break; done; exec "$@"'
"""A shell's words: make control groups and join them; again where somebody has just taken one away as empty."""


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


def groups(name: str, processes: int, memory: int | None, root: Path = _GROUPS) -> tuple[str, ...]:
    """Return the words that put what follows into control groups of its own, () where this user may not make any.

    `memory` None is three quarters of what the machine has; `name` tells them from those of others; `sweep` takes them
    away. Root may: in each hierarchy of version 1, or in the one of version 2 for the controllers that it hands down. `root`
    is where they are mounted.
    """
    most = memory << 20 if memory is not None else _of_machine() * 3 // 4
    places = {"pids": {"pids.max": processes}, "memory": {"memory.limit_in_bytes": most}}
    with suppress(OSError):
        below = (root / "cgroup.subtree_control").read_text().split()
        new = {"pids.max": processes, "memory.max": most}
        places = {".": {file: value for file, value in new.items() if file.partition(".")[0] in below}}
    bound = {
        root / kind / f"{_NAME}{name}": [f"echo {value} > %s/{file}" for file, value in bounds.items() if value]
        for kind, bounds in places.items()
        if any(bounds.values()) and os.access(root / kind / "cgroup.procs", os.W_OK)
    }
    setting = [line % path for path, lines in bound.items() for line in lines]
    joining = " && ".join(f"echo 0 > {path}/cgroup.procs" for path in bound)
    script = _JOIN % (" ".join(map(str, bound)), "; ".join([*setting, joining]))
    return ("/bin/sh", "-c", script, "sh") if bound else ()


def sweep(root: Path = _GROUPS) -> None:
    """Take away the groups that nobody is in any more, whoever made them: the folder of a run that was killed may be gone.

    The kernel refuses where somebody is in one; who has just made one makes it again.
    """
    for place in (root / kind for kind in _PLACES):
        with suppress(OSError):  # this kernel has no such hierarchy
            for path in (each for each in place.iterdir() if each.name.startswith(_NAME)):
                with suppress(OSError):
                    path.rmdir()


def _of_machine() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
