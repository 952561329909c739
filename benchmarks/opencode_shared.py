"""What eight tasks at once take of a real OpenCode server: asked by drivers of ours, and by plain requests.

Run: BRANCHLINE_OPENCODE=/path/to/opencode python benchmarks/opencode_shared.py [SESSIONS] [ROUNDS]

Each round starts a fresh server for either way, warms it with one session, and lets all sessions play at once: a tool call,
then words; every other round the other way comes first. The model is the stub of the tests. Memory is the resident one of the
server's process tree at its most; a session's time is from its creation to its rest, of a driver from its start to its end.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from urllib.parse import quote, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "agents"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "real"))

from programs import PROGRAMS, missing

from branchline.proc.linux import descendants
from branchline.workers import opencode, opencode_config
from opencode_driver import attempt, own_memory
from stub_model import StubModel, directive

SHARE, MEGABYTES, TASK = 1.25, 40.0, 0.15
PAGE = os.sysconf("SC_PAGE_SIZE")
PROMPT = directive({"tools": [["bash", {"command": "true", "description": "x"}]]}, {"text": "Done."})
Way = Callable[[str, list[Path]], list[float]]


@contextmanager
def serving(home: Path, model: StubModel) -> Iterator[tuple[str, int]]:
    """A server of its own, without a password; gives its address and pid."""
    (home / "opencode.json").write_text(json.dumps(model.config() | {"permission": {"*": "allow"}}))
    env = {**os.environ, **opencode.SWITCHES, "HOME": str(home), "OPENCODE_CONFIG": str(home / "opencode.json")}
    env |= {f"XDG_{name}_HOME": str(home / name) for name in ("CONFIG", "DATA", "STATE", "CACHE")}
    opencode_config.settle(home / "CONFIG" / "opencode")
    argv = [str(PROGRAMS["opencode"]), "serve", "--hostname", "127.0.0.1", "--port", "0"]
    with subprocess.Popen(
        argv, cwd=home, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as made:
        assert made.stdout is not None
        try:
            yield next(found[1] for line in made.stdout if (found := re.search(r"listening on (\S+)", line))), made.pid
        finally:
            made.terminate()


def plain(url: str, places: list[Path]) -> list[float]:
    """Play the prompt in a session for each place, by nothing but requests."""

    def ask(path: str, place: Path, body: object = None) -> object:
        data = None if body is None else json.dumps(body).encode()
        with closing(HTTPConnection(urlsplit(url).netloc, timeout=300)) as line:
            where = f"{path}?directory={quote(str(place))}"
            line.request("POST" if data else "GET", where, data, {"content-type": "application/json"})
            return json.loads(line.getresponse().read() or b"null")

    def play(place: Path) -> float:
        began = time.perf_counter()
        made = ask("/session", place, {})
        assert isinstance(made, dict)
        ask(f"/session/{made['id']}/prompt_async", place, {"parts": [{"type": "text", "text": PROMPT}]})
        rows: object = []
        while not (isinstance(rows, list) and len(rows) == 3):  # the prompt, the tool call, the words
            time.sleep(0.2)
            if not ask("/session/status", place):
                rows = ask(f"/session/{made['id']}/message", place)
        return time.perf_counter() - began

    with ThreadPoolExecutor(len(places)) as pool:
        return list(pool.map(play, places))


class Drivers:
    """The same by drivers of ours; `memory` is what each has of its own at its most, in MB."""

    def __init__(self) -> None:
        self.memory: list[float] = []
        self.seconds: list[float] = []

    def __call__(self, url: str, places: list[Path]) -> list[float]:
        """Play the prompt in a session for each place."""
        env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

        def play(place: Path) -> float:
            argv = attempt(place / ".attempt", url, place, PROMPT)
            began, most = time.perf_counter(), 0.0
            said = (place / ".attempt" / "events.jsonl").open("w+")
            with (
                said,
                subprocess.Popen(
                    argv,
                    env={**env, "PYTHONPATH": str(Path(__file__).resolve().parents[1] / "src")},
                    stdout=said,
                    stderr=said,
                ) as process,
            ):
                while process.poll() is None:
                    most = max(most, own_memory(process.pid))
                    time.sleep(0.1)
                said.seek(0)
                assert process.returncode == 0, said.read()
            self.memory.append(most)
            return time.perf_counter() - began

        before = os.times()
        with ThreadPoolExecutor(len(places)) as pool:
            found = list(pool.map(play, places))
        after = os.times()
        used = after.children_user + after.children_system - before.children_user - before.children_system
        self.seconds.append(used / len(places))
        return found


def measured(folder: Path, sessions: int, way: Way) -> tuple[float, float]:
    """The server's memory at its most in MB, and the median of the sessions' seconds."""
    places = [folder / f"p{number}" for number in range(sessions + 1)]
    for place in places:
        subprocess.run(["git", "init", "-q", str(place)], check=True)
    most, over = [0.0], threading.Event()
    with StubModel() as model, serving(folder, model) as (url, pid):

        def watch() -> None:
            while not over.wait(0.3):
                most[0] = max(most[0], sum(map(resident, [pid, *descendants(pid)])))

        plain(url, places[:1])
        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            took = way(url, places[1:])
        finally:
            over.set()
            watcher.join()
    return most[0], median(took)


def resident(pid: int) -> float:
    """The memory of a process in MB; 0 when it has ended. What tells more of it stops a large process while it is read."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / 1024 / 1024
    except (OSError, IndexError):
        return 0.0


def main(sessions: int = 8, rounds: int = 4) -> int:
    """Print the figures; 1 when one is missed."""
    if missing("opencode"):
        print(missing("opencode"))
        return 0
    drivers = Drivers()
    rows: dict[str, list[tuple[float, float]]] = {"plain": [], "drivers": []}
    ways: list[tuple[str, Way]] = [("plain", plain), ("drivers", drivers)]
    for _ in range(rounds):
        ways.reverse()  # what else the machine does must not fall on one of them
        for name, way in ways:
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
                rows[name].append(measured(Path(folder), sessions, way))
    for name, found in rows.items():
        memory, took = ([row[n] for row in found] for n in (0, 1))
        print(
            f"{sessions} sessions by {name}: the server {median(memory):.0f} MB ({min(memory):.0f} to {max(memory):.0f}), "
            f"a session {median(took):.2f} s ({min(took):.2f} to {max(took):.2f})"
        )
    share = median(b[0] / a[0] for a, b in zip(rows["plain"], rows["drivers"], strict=True))
    more = [b[1] - a[1] for a, b in zip(rows["plain"], rows["drivers"], strict=True)]
    print(f"a session by a driver takes longer by {median(more):.2f} s ({min(more):.2f} to {max(more):.2f})")
    print(f"the server's memory, drivers over plain requests in the same round: {share:.2f}, at most {SHARE}")
    print(f"memory of a driver of its own: {max(drivers.memory):.0f} MB at most, at most {MEGABYTES:g}")
    print(f"CPU of a driver: {median(drivers.seconds):.3f} s, at most {TASK}")
    return int(share > SHARE or max(drivers.memory) > MEGABYTES or median(drivers.seconds) > TASK)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
