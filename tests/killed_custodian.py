"""A custodian that kills itself around one of the calls by which it leaves something behind, or writes all of them down.

The number of the call stands in the file `kill` of its folder, which is gone as soon as it was used; what has returned is
written into the file `calls`, if there is one, with the time.
"""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve()
sys.path.append(str(HERE.parents[1] / "src" / "branchline" / "proc"))
import custodian  # type: ignore[import-not-found]  # noqa: E402 - as the program itself, without its package

LASTING = {"pwrite", "fdatasync", "posix_spawn", "write", "lockf", "fcntl"}
"""What outlives the process: the table, the worker, the lock, a message."""
GUARD = os.getpid()
FILE = Path(sys.argv[1]) / "kill"
CALLS = FILE.with_name("calls")
passed = 0


def watch(_frame: Any, event: str, call: Any) -> None:
    """Count the calls and the returns of a custodian."""
    global passed
    if not event.startswith("c_") or call.__name__ not in LASTING or os.getpid() == GUARD:
        return
    if event == "c_return" and CALLS.exists():
        with CALLS.open("a") as file:
            file.write(f"{call.__name__} {time.monotonic()}\n")
    if not FILE.exists():
        return
    passed += 1
    if passed == int(FILE.read_text()):
        FILE.unlink()
        os.kill(os.getpid(), signal.SIGKILL)


sys.setprofile(watch)
custodian.main(sys.argv[1:])
