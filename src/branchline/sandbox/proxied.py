"""How a worker without a network gets the proxy: the words around and inside its sandbox, and its environment."""

import json
import re
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from branchline import proc
from branchline.files import write_new
from branchline.patterns import late
from branchline.proc.bare import bare
from branchline.sandbox import door
from branchline.sandbox.around import Around

DOOR: Final = Path(__file__).with_name("door.py")
LEND: Final = Path(proc.__file__).with_name("lend.py")
"""What is started on either side of the wall; to import them would cost everybody a socket."""
PORT: Final = 3128
_URL: Final = f"http://127.0.0.1:{PORT}"
_PROXY: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_ADDRESS: Final = late(r"[a-z][a-z0-9+.-]*://[^\s\"'<>\\]+", re.I)
_USUAL: Final = {"http": 80, "https": 443}
_LATER: Final = 0.03
"""Seconds after which the door is started: until then it would take from the worker's own start, which does not wait for it."""
FIRST_FREE: Final = 1024
"""Below it a worker's own loopback has no ports for it."""


class Named(NamedTuple):
    """What the user's words lead to: ports of the machine's own loopback, and servers elsewhere, each (host, port)."""

    local: frozenset[int] = frozenset()
    servers: frozenset[tuple[str, int]] = frozenset()


def named(texts: Iterable[str], local: Iterable[int] = ()) -> Named:
    """Find every server that an address (`scheme://host:port`) in these texts names; `local` are more ports of loopback."""
    ports, servers = set(local), set()
    for text in texts:
        for place in _ADDRESS.findall(text):
            try:
                split = urlsplit(place)
                host, port = (split.hostname or "").removesuffix("."), split.port or _USUAL.get(split.scheme, 0)
            except ValueError:  # a port that is none, a bracket that does not close
                continue
            if host in LOOPBACK:
                ports.add(port)
            elif host and split.scheme in _USUAL:
                servers.add((host, port))
    return Named(frozenset(port for port in ports if port >= FIRST_FREE and port != PORT), frozenset(servers))


def environment(tiers: Mapping[str, int]) -> dict[str, str]:
    """Return what tells programs of the proxy.

    A worker's own servers stay on its own loopback, unless a rule of the settings names that for the machine's.
    """
    direct = ",".join(name for name in LOOPBACK if name not in tiers)
    return {**dict.fromkeys(_PROXY, _URL), "NO_PROXY": direct, "no_proxy": direct, "NODE_USE_ENV_PROXY": "1"}


def words(folder: Path, spec: Mapping[str, Any], found: Named) -> tuple[Around, tuple[str, ...]]:
    """Return what goes around the sandbox, and the words inside of it, before those of `rights`.

    Writes `spec` into `folder`, where the two meet.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    told = {**spec, "local": sorted(found.local), "servers": sorted(found.servers)}
    write_new(folder / door.SPEC, json.dumps(told) + "\n")
    started = f"sleep {_LATER}; exec {shlex.join((*bare(str(DOOR)), str(folder)))}"
    beside = f"{{ {started}; }} </dev/null >{shlex.quote(str(folder / 'proxy.log'))} 2>&1 & p=$!"
    return Around(beside, 'kill "$p" 2>/dev/null'), (
        *bare(str(LEND)),
        str(folder),
        ",".join(map(str, (PORT, *told["local"]))),
    )
