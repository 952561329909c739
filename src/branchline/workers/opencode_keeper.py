"""The host's own OpenCode server: started under custody by whoever prepares a task first, adopted by all others.

`python -m branchline.workers.opencode_keeper FOLDER PROGRAM ARGUMENT...` is the process in custody. It starts the server on
loopback with a password of its own, writes both to `server.json`, and ends when no driver has held the lease for a while.
What it leaves behind when it is killed, its custodian ends.
"""

import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

from branchline import proc
from branchline.workers import private
from branchline.workers.opencode_seats import LEASE, SERVER
from branchline.workers.record import SOURCE

IDLE: Final = 30.0
"""Seconds without a driver after which the server is of no use."""
_RUNS: Final = "runs"
"""Links to the folders of the runs that have sessions in the server's home."""
_LOOK: Final = 1.0
_TAKEN: Final = 10.0
_LINE: Final = 1024 * 1024
_LISTENS: Final = re.compile(rb"listening on (https?://\S+)")


def share(folder: Path, run: Path, argv: Sequence[str], env: Mapping[str, str], settle: Callable[[], None]) -> None:
    """See as `ensure` does that the server in `folder` runs, for a run among others, whose folder is `run`.

    One process at a time may start servers beside each other. One whose runs are all gone goes with its sessions.
    """
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder.parent / "lock").open("ab") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        for other in folder.parent.glob(f"*/{_RUNS}"):
            if not any(link.exists() for link in other.iterdir()) and not _lives(other.parent):
                shutil.rmtree(other.parent, ignore_errors=True)
        (folder / _RUNS).mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        ensure(folder, argv, env, settle)
        link = folder / _RUNS / hashlib.sha256(os.fsencode(run)).hexdigest()[:16]
        if not link.is_symlink():
            link.symlink_to(run.absolute())


def ensure(folder: Path, argv: Sequence[str], env: Mapping[str, str], settle: Callable[[], None]) -> None:
    """See that a server runs in `folder` or is coming up; `settle` prepares its home before a start.

    A server that runs is adopted, whoever started it: the kernel says whether its custodian lives. One that is about to
    end, for nobody needed it, is waited for.
    """
    (folder / LEASE).touch()  # before the look: a keeper that has not seen this holds the lease already
    with proc.Custody(folder, 1) as custody:
        number = 1
        while (found := custody.adopt([number])[number]) in ("ended", "lost") or (
            found == "running" and _is_going(folder)
        ):
            number += found != "running"
            custody.poll(0.0 if found != "running" else _LOOK)  # what is left of one that was killed is being ended
        if found == "running":
            return
        settle()
        (folder / SERVER).unlink(missing_ok=True)
        marks = {"BRANCHLINE_RUN_ID": "server", "BRANCHLINE_TASK_ID": "server", "BRANCHLINE_ATTEMPT": str(number)}
        whole = {**env, **marks, "BRANCHLINE_EXIT_FILE": str(folder / SERVER), "PYTHONPATH": SOURCE}
        keeper = (sys.executable, "-P", "-m", "branchline.workers.opencode_keeper", str(folder), *argv)
        custody.start(proc.Spawn(number, keeper, whole, str(folder), "", str(folder / "server.log"), "", 0.0))
        until = time.monotonic() + _TAKEN  # a request that no custodian has taken would be lost with this object
        while not custody.poll(_LOOK) and time.monotonic() < until:
            pass


def _is_going(folder: Path) -> bool:
    """Whether a keeper has ended, or keeps drivers out because it is about to."""
    with (folder / LEASE).open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return (folder / SERVER).exists() and not _lives(folder)  # one that comes up has no file yet


def _lives(folder: Path) -> bool:
    """Whether the keeper that told of itself is there."""
    try:
        os.kill(json.loads((folder / SERVER).read_text(encoding="utf-8"))["pid"], 0)
    except (OSError, ValueError):
        return False
    return True


def main(arguments: Sequence[str], env: Mapping[str, str]) -> int:
    """Keep one server until nobody needs it; gives the exit status."""
    folder, argv = Path(arguments[0]), list(arguments[1:])
    password = secrets.token_urlsafe(24)
    kept = {name: value for name, value in env.items() if name != "PYTHONPATH" and not name.startswith("BRANCHLINE_")}
    whole = [*argv, "serve", "--hostname", "127.0.0.1", "--port", "0"]
    try:
        with (
            (folder / LEASE).open("ab") as held,
            proc.dialogue(whole, cwd=folder, env={**kept, "OPENCODE_SERVER_PASSWORD": password}, limit=_LINE) as line,
        ):
            while not (found := _LISTENS.search(line.hear())):
                pass
            told = {"url": found[1].decode(), "password": password, "pid": os.getpid()}
            private.write(folder / SERVER, json.dumps(told))
            _stay(held, line)
            # Whoever looks from here on until the custodian has told of the end finds that it is one: no server is coming up.
            os.dup(held.fileno())
            (folder / SERVER).write_bytes(b"")
    except OSError as error:
        sys.stderr.write(f"{argv[0]}: {error}\n")
        return 1
    return 0


def _stay(held: IO[bytes], line: proc.Dialogue) -> None:
    """Come back when the server has ended, or when nobody has wanted it for IDLE seconds: then with the lease held."""
    gone = threading.Event()

    def drain() -> None:  # a full pipe would stop the server
        try:
            while True:
                line.hear()
        except (OSError, ValueError):
            gone.set()

    threading.Thread(target=drain, daemon=True).start()
    used = 0.0
    while not gone.wait(_LOOK):  # a server that ended by itself leaves the lease to the drivers it has
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            used = time.time()
            continue
        if time.time() - max(used, os.fstat(held.fileno()).st_mtime) >= IDLE:
            return
        fcntl.flock(held, fcntl.LOCK_UN)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
