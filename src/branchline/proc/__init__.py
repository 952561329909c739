"""custody: start, adopt, tail, stop one process tree; the custodian that forks wrappers

`custody` is the coordinator's side, `custodian` the processes that outlive it, `run` one bounded process for git and
probes, `dialogue` one that is talked with. Linux-only calls stand in `linux`.
"""

from branchline.proc.background import aside, detach, foreground
from branchline.proc.custody import Custody
from branchline.proc.dialogue import Dialogue, dialogue
from branchline.proc.host import cpu_of, free_memory
from branchline.proc.pool import Ended, Spawn, Started
from branchline.proc.run import Completed, run
from branchline.proc.table import read_record
from branchline.proc.worker import ALONE

__all__ = [
    "ALONE",
    "Completed",
    "Custody",
    "Dialogue",
    "Ended",
    "Spawn",
    "Started",
    "aside",
    "cpu_of",
    "detach",
    "dialogue",
    "foreground",
    "free_memory",
    "read_record",
    "run",
]
