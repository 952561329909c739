"""What the machine says of itself and of a process tree: free memory, processor time."""

from pathlib import Path


def free_memory() -> float | None:
    """MB of memory that new processes can have without swapping; None where the kernel does not say."""
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
    except OSError:
        return None
    found = text.partition("MemAvailable:")[2].split(None, 1)
    return int(found[0]) / 1024 if found else None
