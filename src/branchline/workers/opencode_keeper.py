"""The run's own OpenCode server: started under custody by whoever prepares a task first, adopted by all others.

`python -m branchline.workers.opencode_keeper FOLDER PROGRAM ARGUMENT...` is the process in custody. It starts the server on
loopback with a password of its own, writes both to `server.json`, and ends when no driver has held the lease for a while.
What it leaves behind when it is killed, its custodian ends.
"""

import fcntl
import json
import os
import re
import secrets
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from branchline import proc
from branchline.workers import private

SERVER: Final = "server.json"
LEASE: Final = "lease"
IDLE: Final = 30.0
"""Seconds without a driver after which the server is of no use."""
_LOOK: Final = 1.0
_LINE: Final = 1024 * 1024
_LISTENS: Final = re.compile(rb"listening on (https?://\S+)")
_SOURCE: Final = str(Path(__file__).resolve().parents[2])


def ensure(folder: Path, argv: Sequence[str], env: Mapping[str, str], settle: Callable[[], None]) -> None:
    """See that a server runs in `folder` or is coming up; `settle` prepares its home before a start.

    A server that runs is adopted, whoever started it: the kernel says whether its custodian lives.
    """
    with proc.Custody(folder, 1) as custody:
        number = 1
        while (found := custody.adopt([number])[number]) in ("ended", "lost") or (
            found == "running" and _is_gone(folder)
        ):
            number += found != "running"
            custody.poll(0.0 if found != "running" else _LOOK)  # what is left of one that was killed is being ended
        if found == "running":
            return
        settle()
        (folder / SERVER).unlink(missing_ok=True)
        marks = {"BRANCHLINE_RUN_ID": "server", "BRANCHLINE_TASK_ID": "server", "BRANCHLINE_ATTEMPT": str(number)}
        whole = {**env, **marks, "BRANCHLINE_EXIT_FILE": str(folder / SERVER), "PYTHONPATH": _SOURCE}
        keeper = (sys.executable, "-P", "-m", "branchline.workers.opencode_keeper", str(folder), *argv)
        custody.start(proc.Spawn(number, keeper, whole, str(folder), "", str(folder / "server.log"), "", 0.0))
        custody.poll(10.0)  # a request that no custodian has taken would be lost with this object


def _is_gone(folder: Path) -> bool:
    """Whether the keeper that has told of its server lives no more; one that comes up has told nothing yet."""
    try:
        os.kill(json.loads((folder / SERVER).read_text(encoding="utf-8"))["pid"], 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError):
        return False
    return False


@contextmanager
def lease(folder: Path) -> Iterator[None]:
    """Keep the server of a folder in use; kernel lock, so that a driver's death gives it back."""
    with (folder / LEASE).open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


def main(arguments: Sequence[str], env: Mapping[str, str]) -> int:
    """Keep one server until nobody needs it; gives the exit status."""
    folder, argv = Path(arguments[0]), list(arguments[1:])
    password = secrets.token_urlsafe(24)
    kept = {name: value for name, value in env.items() if name != "PYTHONPATH" and not name.startswith("BRANCHLINE_")}
    whole = [*argv, "serve", "--hostname", "127.0.0.1", "--port", "0"]
    try:
        with proc.dialogue(whole, cwd=folder, env={**kept, "OPENCODE_SERVER_PASSWORD": password}, limit=_LINE) as line:
            while not (found := _LISTENS.search(line.hear())):
                pass
            told = {"url": found[1].decode(), "password": password, "pid": os.getpid()}
            private.write(folder / SERVER, json.dumps(told))
            _stay(folder, line)
    except OSError as error:
        sys.stderr.write(f"{argv[0]}: {error}\n")
        return 1
    finally:
        (folder / SERVER).unlink(missing_ok=True)
    return 0


def _stay(folder: Path, line: proc.Dialogue) -> None:
    """Come back when the server has ended, or when nobody has used it for IDLE seconds."""
    gone = threading.Event()

    def drain() -> None:  # a full pipe would stop the server
        try:
            while True:
                line.hear()
        except (OSError, ValueError):
            gone.set()

    threading.Thread(target=drain, daemon=True).start()
    unused = 0.0
    with (folder / LEASE).open("ab") as file:
        while unused < IDLE and not gone.wait(_LOOK):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                unused = 0.0
            else:
                unused += _LOOK
                if unused < IDLE:  # at the end it is kept: nobody gets in while the server goes
                    fcntl.flock(file, fcntl.LOCK_UN)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
