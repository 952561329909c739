"""What the machine says of itself and of a process tree: free memory, processor time."""

import os
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

    Only differences mean anything: what a custodian did before counts too. 0 when it is gone.
    """
    return sum(linux.ticks(each) for each in (pid, *linux.descendants(pid))) / os.sysconf("SC_CLK_TCK")
