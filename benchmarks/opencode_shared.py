"""What eight tasks at once take of a real OpenCode server: asked by drivers of ours, and by the least that any client must ask.

Run: BRANCHLINE_OPENCODE=/path/to/opencode python benchmarks/opencode_shared.py [SESSIONS] [ROUNDS]

Each round starts a fresh server for either way, warms it with one session, and lets all sessions play at once: a tool call,
then words; every other round the other way comes first. The model is the stub of the tests. Memory is the resident one of the
server's process tree at its most; a session's time is from its creation to what it said, of a driver from its start to its end.
What the drivers add to a task is the time by which all of them end later, shared among them; their start is in it.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
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
RULES = opencode_config.rules(read_only=False, told={})
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
    """Play the prompt in a session for each place, by what any client must ask: for the session under its rules, for the
    events, for the work, and for what was said. The session has a title, or the server would ask its model for one.
    """

    def play(place: Path) -> float:
        began = time.perf_counter()
        with closing(HTTPConnection(urlsplit(url).netloc, timeout=300)) as line:

            def ask(path: str, body: object = None, line: HTTPConnection = line) -> HTTPResponse:
                data = None if body is None else json.dumps(body).encode()
                where = f"{path}?directory={quote(str(place))}"
                line.request("POST" if data else "GET", where, data, {"content-type": "application/json"})
                return line.getresponse()

            session = json.loads(ask("/session", {"title": place.name, "permission": RULES}).read())["id"]
            with closing(HTTPConnection(urlsplit(url).netloc, timeout=300)) as other:
                events = ask("/event", line=other)
                events.readline()
                ask(f"/session/{session}/prompt_async", {"parts": [{"type": "text", "text": PROMPT}]}).read()
                assert any(b'"session.idle"' in line for line in events), "the stream ended before the session"
            rows = json.loads(ask(f"/session/{session}/message").read())
        assert len(rows) == 3, "the prompt, the tool call, the words"
        return time.perf_counter() - began

    with ThreadPoolExecutor(len(places)) as pool:
        return list(pool.map(play, places))


class Drivers:
    """The same by drivers of ours; `memory` is what each has of its own at its most, in MB, `seconds` its CPU."""

    def __init__(self) -> None:
        self.memory: list[float] = []
        self.seconds: list[float] = []

    def __call__(self, url: str, places: list[Path]) -> list[float]:
        """Play the prompt in a session for each place."""
        env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        env["PYTHONPATH"] = str(Path(__file__).resolve().parents[1] / "src")
        running: list[int] = []

        def play(place: Path) -> float:
            began, argv = time.perf_counter(), attempt(place / ".attempt", url, place, PROMPT)
            said = (place / ".attempt" / "events.jsonl").open("w+")
            with said, subprocess.Popen(argv, env=env, stdout=said, stderr=said) as process:
                running.append(process.pid)
                process.wait()
                took = time.perf_counter() - began
                said.seek(0)
                assert process.returncode == 0, said.read()
            return took

        before = os.times()
        with (
            watched(lambda: max(map(own_memory, running), default=0.0), 1.0) as most,
            ThreadPoolExecutor(len(places)) as pool,
        ):
            found = list(pool.map(play, places))
        after = os.times()
        used = after.children_user + after.children_system - before.children_user - before.children_system
        self.memory.append(most[0])
        self.seconds.append(used / len(places))
        return found


@contextmanager
def watched(look: Callable[[], float], every: float) -> Iterator[list[float]]:
    """Keep the highest of a figure that is looked at now and then: to look takes the CPU from what is measured."""
    most, over = [0.0], threading.Event()

    def watch() -> None:
        while not over.wait(every):
            most[0] = max(most[0], look())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield most
    finally:
        over.set()
        watcher.join()


def measured(folder: Path, sessions: int, way: Way) -> tuple[float, float, float]:
    """The server's memory at its most in MB, the median of the sessions' seconds, and those of the longest."""
    places = [folder / f"p{number}" for number in range(sessions + 1)]
    for place in places:
        subprocess.run(["git", "init", "-q", str(place)], check=True)
    with StubModel() as model, serving(folder, model) as (url, pid):
        plain(url, places[:1])
        with watched(lambda: sum(map(resident, [pid, *descendants(pid)])), 0.3) as most:
            took = way(url, places[1:])
    return most[0], median(took), max(took)


def resident(pid: int) -> float:
    """The memory of a process in MB; 0 when it has ended. What tells more of it stops a large process while it is read."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / 1024 / 1024
    except (OSError, IndexError):
        return 0.0


def main(sessions: int = 8, rounds: int = 16) -> int:
    """Print the figures; 1 when one is missed. The heap of the server swings by a factor of two: few rounds say little."""
    if missing("opencode"):
        print(missing("opencode"))
        return 0
    drivers = Drivers()
    rows: dict[str, list[tuple[float, float, float]]] = {"plain": [], "drivers": []}
    ways: list[tuple[str, Way]] = [("plain", plain), ("drivers", drivers)]
    for _ in range(rounds):
        ways.reverse()  # what else the machine does must not fall on one of them
        for name, way in ways:
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
                rows[name].append(measured(Path(folder), sessions, way))
    for name, found in rows.items():
        memory, took, last = zip(*found, strict=True)
        print(
            f"{sessions} sessions by {name}: the server {spread(memory, 0)} MB, a session {spread(took)} s, all {spread(last)} s"
        )
    pairs = list(zip(rows["plain"], rows["drivers"], strict=True))
    share = median(ours[0] / theirs[0] for theirs, ours in pairs)
    longer = [(ours[2] - theirs[2]) / sessions for theirs, ours in pairs]
    print(f"all by drivers take longer, for each of them: {spread(longer)} s, at most {TASK}")
    print(f"the server's memory, drivers over plain requests in the same round: {share:.2f}, at most {SHARE}")
    print(f"memory of a driver of its own: {max(drivers.memory):.0f} MB at most, at most {MEGABYTES:g}")
    print(f"CPU of a driver: {spread(drivers.seconds, 3)} s, at most {TASK}")
    return int(share > SHARE or max(drivers.memory) > MEGABYTES or max(median(longer), median(drivers.seconds)) > TASK)


def spread(values: Sequence[float], digits: int = 2) -> str:
    """A median with the least and the greatest."""
    return f"{median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
