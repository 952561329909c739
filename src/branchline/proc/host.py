"""What the machine says of itself and of a process tree: free memory, processor time."""

import os
from contextlib import suppress
from pathlib import Path

from branchline.proc import linux


def free_memory() -> float | None:
    """MB of memory that new processes can have without swapping; None where the kernel does not say."""
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
    except OSError:
        return None
    found = text.partition("MemAvailable:")[2].split(None, 1)
    return int(found[0]) / 1024 if found else None


def cpu_of(pid: int) -> float:
    """Seconds of processor that a process, all below it, and what they have waited for have used up to now.

    Who is ready and waits for the processor counts as using it: on a machine with too much to do nobody gets much of it.
    Only differences mean anything: what a custodian did before counts too. 0 when it is gone.
    """
    tree = (pid, *linux.descendants(pid))
    used = sum(linux.ticks(each) for each in tree) / os.sysconf("SC_CLK_TCK")
    return used + sum(map(_kept_waiting, tree))


def _kept_waiting(pid: int) -> float:
    """Seconds that the threads of a process have been ready and did not run, as the kernel tells it (proc(5), schedstat).

    In tenths, for they are forgotten with the process: the moments of many short ones would make the sum go back.
    """
    waited = 0
    with suppress(OSError, ValueError, IndexError):  # it is gone, or this kernel does not count
        for thread in Path(f"/proc/{pid}/task").iterdir():
            waited += int((thread / "schedstat").read_bytes().split()[1])
    return waited // 100_000_000 / 10
