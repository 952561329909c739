"""What custody costs: jobs that do nothing through 8 slots, against GNU make -j8 with the same; and a custodian's memory.

Run: python benchmarks/custody_overhead.py [JOBS [ROUNDS]]

Custody gives every job an output file and a durable exit record. Make runs the same jobs twice: with an output file each,
which costs it a shell, and bare, which is less than custody does. The rounds are interleaved and each gives one ratio, so
that a machine that is busy at times tells on both. The time until the pool is up stands in a line of its own.
Memory is Private_* of smaps_rollup: what one more slot costs.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from branchline.proc import Custody, Ended, Spawn

SLOTS = 8
PROGRAM = "/bin/true"
ENV = {"PATH": "/usr/bin:/bin"}


def makefile(folder: Path, jobs: int) -> None:
    """Write one rule for each job: once with an output file, for which make needs a shell, and once bare, without."""
    names = " ".join(f"j{n}" for n in range(jobs))
    rules = "\n".join(f"j{n}:\n\t@{PROGRAM} > out.{n}" for n in range(jobs))
    (folder / "Makefile").write_text(f".PHONY: all {names}\nall: {names}\n{rules}\n")
    bare = "\n".join(f"j{n}:\n\t@{PROGRAM}" for n in range(jobs))
    (folder / "Makefile.bare").write_text(f".PHONY: all {names}\nall: {names}\n{bare}\n")


def make(folder: Path, name: str) -> float:
    """Return the seconds make takes."""
    start = time.perf_counter()
    subprocess.run(["make", "-f", name, f"-j{SLOTS}", "-s", "all"], cwd=folder, env=ENV, check=True)
    return time.perf_counter() - start


def drain(custody: Custody, jobs: int) -> None:
    """Wait for that many ends, each with code 0."""
    while jobs:
        for fact in custody.poll(5.0):
            if isinstance(fact, Ended):
                assert fact.exit.code == 0
                jobs -= 1


def custody_run(folder: Path, jobs: int) -> tuple[float, float, list[int]]:
    """Return the seconds of all jobs, the seconds until the pool was up, and the private memory of its custodians."""
    start = time.perf_counter()
    with Custody.open(folder, SLOTS) as custody:
        spawns = [Spawn(n, [PROGRAM], ENV, str(folder), "", str(folder / f"out.{n}"), "", 0.0) for n in range(jobs)]
        for spawn in spawns[:SLOTS]:
            custody.start(spawn)
        drain(custody, SLOTS)
        warm = time.perf_counter()
        for spawn in spawns[SLOTS:]:
            custody.start(spawn)
        drain(custody, jobs - SLOTS)
        return time.perf_counter() - warm, warm - start, memory(folder)


def memory(folder: Path) -> list[int]:
    """Return the private bytes of the guard and each custodian of a folder."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if (
                os.fsencode(folder) in Path(f"/proc/{name}/cmdline").read_bytes().split(b"\0")
                and int(name) != os.getpid()
            ):
                text = Path(f"/proc/{name}/smaps_rollup").read_text().splitlines()
                found.append(sum(int(line.split()[1]) for line in text if line.startswith("Private_")) * 1024)
        except OSError:
            continue
    return sorted(found)


def spread(values: list[float]) -> str:
    """Median, smallest and largest."""
    return f"median {statistics.median(values):6.2f}   from {min(values):6.2f} to {max(values):6.2f}"


def main(jobs: int, rounds: int) -> None:
    rows: list[tuple[float, float, float, float]] = []
    private: list[int] = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
            makefile(Path(first), jobs)
            with_files, bare = make(Path(first), "Makefile"), make(Path(first), "Makefile.bare")
            seconds, cold, found = custody_run(Path(second), jobs)
            rows.append((with_files, bare, seconds, cold))
            private += found
    print(f"{jobs} jobs ({PROGRAM}), {SLOTS} slots, {rounds} rounds, {os.cpu_count()} cores")
    print(f"make, output files   ms/job   {spread([row[0] / jobs * 1000 for row in rows])}")
    print(f"make, no files       ms/job   {spread([row[1] / jobs * 1000 for row in rows])}")
    print(f"custody, files+exits ms/job   {spread([row[2] / (jobs - SLOTS) * 1000 for row in rows])}")
    print(f"custody to make      ratio    {spread([row[2] * jobs / (jobs - SLOTS) / row[0] for row in rows])}")
    print(f"custody to make bare ratio    {spread([row[2] * jobs / (jobs - SLOTS) / row[1] for row in rows])}")
    print(f"pool up, 8 jobs done ms       {spread([row[3] * 1000 for row in rows])}")
    print(f"private memory       KiB      {spread([each / 1024 for each in private])}   ({len(private)} processes)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500, int(sys.argv[2]) if len(sys.argv) > 2 else 5)
