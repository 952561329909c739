"""How much of the machine one worker may take: processes and memory, held by the kernel."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from branchline.sandbox.around import Around

_GROUPS: Final = Path("/sys/fs/cgroup")
_PLACES: Final = ("pids", "memory", ".")
"""Where `groups` makes any: two hierarchies of version 1, or the one of version 2."""
_NAME: Final = "branchline-box-"
_JOIN: Final = """put() { %s || return; read -r below < /proc/$1/task/$1/children; set -- $below; for each; do put $each; done; }
join() { for i in 1 2 3; do { mkdir -p %s; %s; put $$; } 2>/dev/null && break; done; }
exec 8<&0"""
"""A shell's words: make control groups and join them; again where somebody has just taken one away as empty.

A process is put there before its children are looked at: those it starts later are born there.
"""
_BESIDE: Final = 'join | { exec 9<&0 0<&8 8<&-; exec "$@"; }'
"""To join takes the kernel longer than a sandbox takes to be built, so both are done at once; `gate` waits for the end."""


def gate(processes: int, memory: int | None, *, joins: bool) -> tuple[str, ...]:
    """Return the words that bound what follows them: processes of one sandbox, MB of memory of one process; 0: no bound.

    Without a number of MB (None) no process is bound by itself, for some reserve far more than they use. The kernel
    does not hold root to the number of processes: see `groups`, whose part around all of it is over before what follows
    begins (`joins`).
    """
    lines = ["ulimit -c 0"]
    if processes:
        lines.append(f"{{ ulimit -u {processes} || ulimit -p {processes}; }} 2>/dev/null")  # as bash has it, and dash
    if memory:
        lines.append(f"ulimit -d {memory << 10}")
    if joins:
        lines.append("read -r _ <&9; exec 9<&-")
    return ("/bin/sh", "-c", "; ".join([*lines, 'exec "$@"']), "sh")


def groups(name: str, processes: int, memory: int | None, root: Path = _GROUPS) -> Around | None:
    """Return what puts a program into control groups of its own, None where this user may not make any.

    The program has a `gate` in it. `memory` None is three quarters of what the machine has; `name` tells them from those of
    others; `sweep` takes them away. Root may: in each hierarchy of version 1, or in the one of version 2 for the
    controllers that it hands down. `root` is where they are mounted.
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
    joining = " && ".join(f"echo $1 > {path}/cgroup.procs" for path in bound)
    join = _JOIN % (joining, " ".join(map(str, bound)), "; ".join(setting))
    return Around(join, "", _BESIDE) if bound else None


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
