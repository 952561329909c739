"""How a worker without a network gets the proxy: the words around and inside its sandbox, and its environment."""

import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from branchline import proc
from branchline.files import write_new
from branchline.sandbox.around import Around

PROXY: Final = Path(__file__).with_name("proxy.py")
LEND: Final = Path(proc.__file__).with_name("lend.py")
"""What is started on either side of the wall; to import them would cost everybody a socket."""
PORT: Final = 3128
_URL: Final = f"http://127.0.0.1:{PORT}"
_PROXY: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
_OWN: Final = ("localhost", "127.0.0.1", "::1")


def environment(tiers: Mapping[str, int]) -> dict[str, str]:
    """Return what tells programs of the proxy.

    A worker's own servers stay on its own loopback, unless a rule of the settings names that for the machine's.
    """
    direct = ",".join(name for name in _OWN if name not in tiers)
    return {**dict.fromkeys(_PROXY, _URL), "NO_PROXY": direct, "no_proxy": direct, "NODE_USE_ENV_PROXY": "1"}


def words(folder: Path, spec: Mapping[str, Any]) -> tuple[Around, tuple[str, ...]]:
    """Return what goes around the sandbox, and the words inside of it; writes `spec` into `folder`, where the two meet."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_new(folder / "spec.json", json.dumps({**spec, "folder": str(folder)}) + "\n")
    python = (sys.executable, "-I", "-S")
    started = shlex.join((*python, str(PROXY), str(folder / "spec.json")))
    beside = Around(f"{started} >{shlex.quote(str(folder / 'proxy.log'))} 2>&1 & p=$!", 'kill "$p" 2>/dev/null')
    return beside, (*python, str(LEND), str(folder), str(PORT))
