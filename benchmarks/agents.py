"""Named sessions: what `agent run` and `agent status` take, and whether any of many that start at once is lost.

Run: python benchmarks/agents.py [ROUNDS] [SESSIONS] [RECORDS]   (with the package installed, or PYTHONPATH=src)

Every command is a process of its own, as callers start it. Times are of the wall clock, and each command is followed by
a `python -c pass`, which tells what the machine's other work makes of them; of sessions that start at once the ends are
counted.
"""

import compileall
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import branchline
from branchline.files import state_folder
from branchline.model.run import SessionRow
from branchline.store import Store

RUN, STATUS = 0.300, 0.150
"""Seconds that `agent run` may take, and `agent status` over all records."""
PROMPT = "echo $BRANCHLINE_TASK_ID; exit 7"


def start(folder: Path, *words: str) -> "subprocess.Popen[str]":
    """Start one command."""
    source = str(Path(branchline.__file__).resolve().parents[1])
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    argv = [sys.executable, "-m", "branchline", "agent", *words]
    return subprocess.Popen(argv, cwd=folder, env={**kept, "PYTHONPATH": source}, stdout=subprocess.PIPE, text=True)


def run_words(name: str) -> tuple[str, ...]:
    """The words that start a session whose agent is a shell."""
    return ("run", "--name", name, "--prompt", PROMPT, "--worker", "shell:sh")


def bare() -> float:
    """Seconds of a Python that does nothing."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - began


def timed(folder: Path, *words: str) -> tuple[float, dict[str, Any]]:
    """Seconds of one command, and its answer."""
    began = time.perf_counter()
    said = json.loads(start(folder, *words).communicate()[0])
    assert said["ok"], said
    return time.perf_counter() - began, said


def told(what: str, pairs: list[tuple[float, float]], limit: float) -> bool:
    """Print a figure with its quartiles, from pairs of its time and that of a bare Python; whether it is within the limit."""
    times = [took for took, _ in pairs]
    low, _, high = (1000 * part for part in quantiles(times, n=4))
    missed = median(times) > limit
    line = f"{what:28} {1000 * median(times):6.1f} ms ({low:.1f} to {high:.1f}), limit {1000 * limit:.0f} ms"
    line += f"; {median(took / base for took, base in pairs):.1f} times python -c pass"
    print(line + ("   MISSED" if missed else ""))
    return not missed


def at_once(folder: Path, sessions: int) -> bool:
    """Start many sessions at the same moment and wait for them: every one has its own exit code and its own words."""
    names = [f"many/{number:03}" for number in range(sessions)]
    began = time.perf_counter()
    said = [json.loads(each.communicate()[0]) for each in [start(folder, *run_words(name)) for name in names]]
    started = time.perf_counter() - began
    while any(row["status"] in ("scheduled", "running") for row in timed(folder, "status")[1]["agents"]):
        time.sleep(0.5)
    rows = [row for row in timed(folder, "status")[1]["agents"] if row["name"].startswith("many/")]
    ended = sum(row["status"] == "done" and row["exitCode"] == 7 for row in rows)
    words = sum(timed(folder, "result", "--name", name)[1]["lastAssistantText"] == name for name in names[::10])
    print(
        f"{sessions} sessions at once: {sum(each['ok'] for each in said)} started in {started:.1f} s, "
        f"{ended} ended with their exit code, {words} of {len(names[::10])} results asked for were their own"
    )
    return bool(ended == sessions and words == len(names[::10]))


def fill(folder: Path, records: int) -> None:
    """Add records of sessions that are over."""
    with Store.open(state_folder(folder) / "state.db") as store:
        for number in range(len(store.sessions()), records):
            name = f"old/{number:04}"
            row = SessionRow(name, 0, name, 1, "done", "new", "A title", str(folder), "opencode", "opencode", "p/m")
            store.swap_session(
                name, 0, row._replace(session=f"ses_{number}", exit=0, started=1.0, changed=2.0, ended=2.0)
            )


def main(rounds: int = 20, sessions: int = 100, records: int = 1_000) -> int:
    """Print one line a figure; 1 when one is missed."""
    compileall.compile_dir(Path(branchline.__file__).parent, quiet=2)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary).resolve()
        subprocess.run(["git", "init", "-q", str(folder)], check=True)
        fill(folder, 1)
        runs = [(timed(folder, *run_words(f"one/{number}"))[0], bare()) for number in range(rounds + 1)][1:]
        good = told("agent run", runs, RUN)
        good &= at_once(folder, sessions)
        fill(folder, records)
        looks = [(timed(folder, "status")[0], bare()) for _ in range(rounds + 1)][1:]
        good &= told(f"agent status, {len(timed(folder, 'status')[1]['agents'])} records", looks, STATUS)
    return int(not good)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
