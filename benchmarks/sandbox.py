"""What the sandbox adds to the start of a worker, and the proxy to a connection: medians of rounds taken in turn.

`python benchmarks/sandbox.py [ROUNDS]`
"""

import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from branchline.config import load
from branchline.dispatch.boxes import Boxes, Place
from branchline.model.run import AttemptRow
from branchline.proc import lend
from branchline.proc.bare import bare
from branchline.sandbox import door
from branchline.sandbox.around import Walls
from branchline.workspace.repository import Repository

MEGABYTES = 400
PAUSE = 0.1
"""Seconds before each start: what the kernel still does for the end of one sandbox makes the next one seem faster."""


def main(rounds: int) -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        starts(Path(folder), rounds)
        connections(Path(folder), rounds)


def starts(folder: Path, rounds: int) -> None:
    """A program that does nothing: plain, in the sandbox, and behind the proxy; and making the words itself."""
    root = folder / "repository"
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.invalid")
    subprocess.run(("git", "init", "-q", root), check=True)
    subprocess.run(("git", "-C", root, *identity, "commit", "-q", "--allow-empty", "-m", "x"), check=True)
    place = Place(
        root / ".branchline/worktrees/r1/1", root / ".branchline/runs/r1/1/home", root / ".branchline/runs/r1/1/1"
    )
    subprocess.run(
        ("git", "-C", root, "worktree", "add", "-q", "-b", "branchline/r1/task/1", place.worktree), check=True
    )
    for path in (place.home, place.folder):
        path.mkdir(parents=True)
    settings = load(None, {}, {})
    made: dict[str, Callable[[], Walls]] = {"plain": Walls}
    attempt = AttemptRow("r1", 1, "1", 1, "work", "intended")
    worker = settings.worker_named("shell")
    for network in ("host", "proxy"):
        boxes = Boxes(root, root / ".branchline", Repository.open(root), os.environ, settings.but(network=network))
        made[f"sandbox, network {network}"] = partial(
            boxes.words, attempt, "build", worker, place, ("/bin/true",), os.environ
        )
    times: dict[str, list[float]] = {name: [] for name in made}
    for _ in range(rounds):
        for name, words in made.items():
            time.sleep(PAUSE)
            began = time.perf_counter()
            subprocess.run((*words().words, "/bin/true"), check=True, cwd=place.worktree)
            times[name].append(1000 * (time.perf_counter() - began))
    plain = statistics.median(times["plain"])
    for name, taken in times.items():
        said = f"{statistics.median(taken):.1f} ms ({min(taken):.1f} to {max(taken):.1f})"
        print(f"start, {name}: {said}; {statistics.median(taken) - plain:+.1f} ms")


def connections(folder: Path, rounds: int) -> None:
    """A round trip of one byte, and a stream, straight and through the proxy."""
    ear = socket.create_server(("127.0.0.1", 0))
    port = ear.getsockname()[1]
    threading.Thread(target=_serve, args=(ear,), daemon=True).start()
    net = folder / "net"
    net.mkdir()
    spec = {"log": str(net / "log"), "tiers": {"localhost": 1}, "unknown": "deny", "ports": [port]}
    spec |= {"servers": [], "local": []}
    (net / door.SPEC).write_text(json.dumps({**spec, "connections": 64, "megabytes": 1 << 20}))
    process = subprocess.Popen((*bare(door.__file__), str(net)))
    try:
        os.waitpid(lend.lend(str(net), port + 1), 0)
        ways: dict[str, Callable[[], socket.socket]] = {
            "straight": lambda: socket.create_connection(("127.0.0.1", port)),
            "proxy": lambda: _tunnel(port + 1, port),
        }
        for name, connect in ways.items():
            trips, rates = [], []
            for _ in range(rounds):
                began = time.perf_counter()
                with connect() as end:
                    end.sendall(b"1")
                    end.recv(1)
                trips.append(1000 * (time.perf_counter() - began))
            for _ in range(5):
                began = time.perf_counter()
                with connect() as end:
                    end.sendall(b"s")
                    while end.recv(1 << 18):
                        continue
                rates.append(MEGABYTES / (time.perf_counter() - began))
            print(
                f"{name}: {statistics.median(trips):.2f} ms a connection ({min(trips):.2f} to {max(trips):.2f}), ",
                end="",
            )
            print(f"{statistics.median(rates):.0f} MB/s ({min(rates):.0f} to {max(rates):.0f})")
    finally:
        process.kill()
        process.wait()


def _serve(ear: socket.socket) -> None:
    block = bytes(1 << 20)
    while True:
        end, _ = ear.accept()
        with end, contextlib.suppress(OSError):
            if end.recv(1) == b"s":
                for _ in range(MEGABYTES):
                    end.sendall(block)
            else:
                end.sendall(b"1")


def _tunnel(way: int, port: int) -> socket.socket:
    end = socket.create_connection(("127.0.0.1", way))
    end.sendall(f"CONNECT localhost:{port} HTTP/1.1\r\n\r\n".encode())
    end.recv(len(b"HTTP/1.1 200 Connection established\r\n\r\n"))
    return end


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 40)
