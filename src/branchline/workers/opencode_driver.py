"""The process that talks with an OpenCode server for one attempt; it prints the events that `opencode run` would print.

`python -m branchline.workers.opencode_driver ATTEMPT_FOLDER`. It takes a seat on a server, plays one prompt in a session of
the task, decides every permission by the role or lets a person decide, and stops the session when it is stopped itself.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from branchline.errors import NotFoundError, RemoteError
from branchline.workers import SPEC, stream
from branchline.workers.driving import Desk, tell
from branchline.workers.opencode_seats import seat, seats_of
from branchline.workers.opencode_talk import Talk

_STOPPED: Final = 128 + signal.SIGTERM


def sessions(folder: Path, attempt: int) -> Iterator[str]:
    """The sessions of the task's earlier attempts: a driver that was killed may have left one running."""
    for number in range(1, attempt):
        for event in stream.events(folder.with_name(str(number)) / "events.jsonl"):
            yield stream.text(event.get("sessionID")).rpartition("/")[2]
            break


def main(arguments: Sequence[str]) -> int:
    """Play the prompt of an attempt; gives the exit status."""
    folder = Path(arguments[0])
    job = json.loads((folder / SPEC).read_text(encoding="utf-8"))
    seats = seats_of(folder)
    prompt = Path(job["prompt_file"]).read_text(encoding="utf-8")
    name, slash, session = job["session"].rpartition("/")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with seat(seats, name if slash else "", time.sleep) as client:
            earlier = list(sessions(folder, int(job["attempt"])))
            whole = {**job, "session": session, "earlier": earlier}
            talk = Talk(client, whole, tell, Desk(folder), "folder" not in seats[0])
            try:
                return 0 if talk.play(prompt) else 1
            except KeyboardInterrupt:
                talk.stop()
                return _STOPPED
    except KeyboardInterrupt:
        return _STOPPED
    except NotFoundError as missing:  # `claim` looks for these words, as of `opencode run`
        sys.stderr.write(f"Session not found: {missing.message}\n")
    except RemoteError as error:
        tell({"type": "error", "error": {"name": "RemoteError", "data": {"message": error.message}}})
    return 1


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main(sys.argv[1:]))
