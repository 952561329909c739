"""The process that talks with an OpenCode server for one attempt; it prints the events that `opencode run` would print.

`python -m branchline.workers.opencode_driver ATTEMPT_FOLDER`. It takes a seat on a server, plays one prompt in a session of
the task, decides every permission by the role, and stops the session when it is stopped itself.
"""

import fcntl
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from branchline.errors import NotFoundError, RemoteError
from branchline.opencode_api import Client
from branchline.workers import SPEC, opencode_keeper, stream
from branchline.workers.opencode_talk import Talk

START: Final = 90.0
"""Seconds in which the run's own server must be up."""
_LOOK: Final = 0.1
_HEALTH: Final = 5.0
_STOPPED: Final = 128 + signal.SIGTERM


@contextmanager
def seat(seats: Sequence[Mapping[str, Any]], wanted: str, sleep: Callable[[float], None]) -> Iterator[Client]:
    """A client of the first server with a free slot, or of the one that is `wanted`; waits for one to be free.

    The kernel gives a slot back when this process dies. Raises RemoteError when the run's own server does not come up.
    """
    if "folder" in seats[0]:
        with opencode_keeper.lease(Path(seats[0]["folder"])), own(Path(seats[0]["folder"]), sleep) as client:
            yield client
        return
    known = [each for each in seats if each["name"] == wanted] if wanted else list(seats)
    if not known:
        raise RemoteError(f"the session belongs to the instance {wanted}, which the settings no longer name")
    told = False
    while True:
        for each in known:
            with _slot(each) as free:
                if free:
                    auth = (each["user"], each["password"]) if each["password"] else None
                    with Client(each["name"], each["url"], auth) as client:
                        yield client
                    return
        if not told:
            told = bool(sys.stderr.write(f"waiting for a free slot of {', '.join(each['name'] for each in known)}\n"))
            sys.stderr.flush()
        sleep(1.0)


@contextmanager
def _slot(each: Mapping[str, Any]) -> Iterator[bool]:
    for number in range(each["slots"]):
        with Path(each["locks"], str(number)).open("ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            yield True
            return
    yield False


@contextmanager
def own(folder: Path, sleep: Callable[[float], None]) -> Iterator[Client]:
    """A client of the run's own server, as soon as it answers: a request sent while it starts could hang for ever."""
    for _ in range(int(START / _LOOK)):
        try:
            told = json.loads((folder / opencode_keeper.SERVER).read_text(encoding="utf-8"))
            with Client("opencode serve", told["url"], ("opencode", told["password"]), _HEALTH) as client:
                client.health()
            break
        except (OSError, ValueError, RemoteError):
            sleep(_LOOK)
    else:
        raise RemoteError(f"opencode serve does not come up; the reason may stand in {folder / 'server.log'}")
    with Client("opencode serve", told["url"], ("opencode", told["password"])) as client:
        yield client


def sessions(folder: Path, attempt: int) -> Iterator[str]:
    """The sessions of the task's earlier attempts: a driver that was killed may have left one running."""
    for number in range(1, attempt):
        for event in stream.events(folder.with_name(str(number)) / "events.jsonl"):
            yield stream.text(event.get("sessionID")).rpartition("/")[2]
            break


def tell(event: Mapping[str, Any]) -> None:
    """Print one event."""
    sys.stdout.write(json.dumps(event, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    """Play the prompt of an attempt; gives the exit status."""
    folder = Path(arguments[0])
    job = json.loads((folder / SPEC).read_text(encoding="utf-8"))
    seats = json.loads((folder / "seats.json").read_text(encoding="utf-8"))
    prompt = Path(job["prompt_file"]).read_text(encoding="utf-8")
    name, slash, session = job["session"].rpartition("/")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with seat(seats, name if slash else "", time.sleep) as client:
            earlier = list(sessions(folder, int(job["attempt"])))
            talk = Talk(client, {**job, "session": session, "earlier": earlier}, tell, "folder" not in seats[0])
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
