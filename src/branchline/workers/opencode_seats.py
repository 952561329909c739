"""The servers that a driver may use: one with a free slot of those of the settings, or the host's own."""

import fcntl
import itertools
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from branchline.errors import RemoteError
from branchline.opencode_api import Client

SEATS: Final = "seats.json"
"""In the attempt's folder: the servers its driver may use."""
SERVER: Final = "server.json"
LEASE: Final = "lease"
START: Final = 90.0
"""Seconds in which the host's own server must be up."""
ANSWER: Final = 120.0
"""Seconds that a server has for an answer: many sessions that begin at once on a busy machine take their time."""
_LOOK: Final = 0.1
_HEALTH: Final = 5.0
_AGAIN: Final = 50
"""Looks after which it is said again what is waited for: who only waits is not taken for hung."""


def seats_of(folder: Path) -> list[dict[str, Any]]:
    """The servers that an attempt may use, by its folder; raises OSError for one that was never prepared."""
    found: list[dict[str, Any]] = json.loads((folder / SEATS).read_text(encoding="utf-8"))
    return found


@contextmanager
def lease(folder: Path) -> Iterator[None]:
    """Keep the server of a folder in use; kernel lock, so that a driver's death gives it back."""
    with (folder / LEASE).open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


@contextmanager
def seat(seats: Sequence[Mapping[str, Any]], wanted: str, sleep: Callable[[float], None]) -> Iterator[Client]:
    """A client of the first server that answers and has a free slot, or of the one that is `wanted`; waits for a slot.

    The kernel gives a slot back when this process dies. Raises RemoteError when the host's own server does not come up, or
    none of those of the settings answers.
    """
    if "folder" in seats[0]:
        with lease(Path(seats[0]["folder"])), own(Path(seats[0]["folder"]), sleep) as client:
            yield client
        return
    known = [each for each in seats if each["name"] == wanted] if wanted else list(seats)
    if not known:
        raise RemoteError(f"the session belongs to the instance {wanted}, which the settings no longer name")
    for look in itertools.count():
        faults: list[RemoteError] = []
        for each in known:
            with _slot(each) as free, _named(each) as client:
                if free and _answers(client, faults):
                    yield client
                    return
        if len(faults) == len(known):
            raise faults[0]
        if look % _AGAIN == 0:
            _say(f"waiting for a free slot of {', '.join(each['name'] for each in known)}")
        sleep(1.0)


def _say(words: str) -> None:
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()


def _answers(client: Client, faults: list[RemoteError]) -> bool:
    """Whether a server is there; of one that is not, the reason is added to `faults`."""
    try:
        client.health()
    except RemoteError as error:
        faults.append(error)
        return False
    return True


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
    """A client of the host's own server, as soon as it answers: a request sent while it starts could hang for ever."""
    for look in range(int(START / _LOOK)):
        try:
            with _started(folder, _HEALTH) as client:
                client.health()
            break
        except (OSError, ValueError, RemoteError):
            if look % _AGAIN == _AGAIN - 1:
                _say("waiting for opencode serve to come up")
            sleep(_LOOK)
    else:
        raise RemoteError(f"opencode serve does not come up; the reason may stand in {folder / 'server.log'}")
    with _started(folder) as client:
        yield client


def client(seats: Sequence[Mapping[str, Any]], name: str) -> Client:
    """A client of the instance of that name, or with "" of the host's own server, that waits for no slot.

    Raises RemoteError for an instance that is not among them, and OSError for a server that has ended.
    """
    for each in seats:
        if each.get("name", "") == name:
            return _started(Path(each["folder"]), _HEALTH) if "folder" in each else _named(each, _HEALTH)
    raise RemoteError(f"the session belongs to the instance {name}, which the settings did not name")


def _started(folder: Path, timeout: float = ANSWER) -> Client:
    told = json.loads((folder / SERVER).read_text(encoding="utf-8"))
    return Client("opencode serve", told["url"], ("opencode", told["password"]), timeout)


def _named(each: Mapping[str, Any], timeout: float = ANSWER) -> Client:
    auth = (each["user"], each["password"]) if each["password"] else None
    return Client(each["name"], each["url"], auth, timeout)
