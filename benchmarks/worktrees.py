"""What isolation costs: making, removing and merging worktrees, beside plain git in the same rounds.

Run: python benchmarks/worktrees.py [FILES [ROUNDS]]   (default: a repository of 10,000 files, 9 rounds)
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import quantiles
from typing import Any

from branchline.workspace import job
from branchline.workspace.repository import Repository

RUN = "r1"
ALIVE = 200


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


def made(root: Path, files: int) -> Repository:
    """A repository with so many files in folders of a hundred, and a run in it."""
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    git(root, "config", "user.name", "Bench")
    git(root, "config", "user.email", "bench@localhost")
    for number in range(files):
        path = root / f"d{number // 100}" / f"f{number}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{number}\n" * 20)
    (root / ".gitignore").write_text(".branchline/\n")
    git(root, "add", "--all")
    git(root, "commit", "-q", "-m", "all")
    repository = Repository.open(root)
    repository.start_run(RUN, repository.head())
    return repository


def ours(repository: Repository, purpose: str, task: str) -> dict[str, Any]:
    """One job of ours in this process: what custody adds to it is measured elsewhere."""
    folder = repository.root / ".branchline" / "runs" / task / purpose
    folder.mkdir(parents=True, exist_ok=True)
    spec = {"purpose": purpose, "root": str(repository.root), "run": RUN, "task": task, "attempt": 1, "fresh": True}
    spec |= {
        "folder": str(folder),
        "worktree": str(repository.worktree(RUN, task)),
        "env": {"PATH": os.environ["PATH"]},
    }
    (folder / "spec.json").write_text(json.dumps(spec))
    assert job.main([str(folder / "spec.json")]) == 0
    answer: dict[str, Any] = json.loads((folder / "result.json").read_text())
    assert answer["ok"], answer
    return answer


def seconds(what: Callable[..., object], *given: object) -> float:
    began = time.perf_counter()
    what(*given)
    return time.perf_counter() - began


def tell(name: str, times: list[float]) -> float:
    low, middle, high = quantiles(times, n=4)
    print(f"{name:34}{middle * 1000:8.0f} ms ({low * 1000:.0f} to {high * 1000:.0f})")
    return middle


def rounds(repository: Repository, plain: Path, count: int) -> None:
    """Plain git and ours in turn, so that both meet the same machine."""
    root, times = (
        repository.root,
        {name: [] for name in ("add", "remove", "merge", "our add", "our remove", "our merge")},
    )
    merging = plain / "merging"
    git(root, "worktree", "add", "-q", "--detach", str(merging))
    for number in range(count):
        place, task = plain / f"p{number}", f"t{number}"
        times["add"].append(seconds(git, root, "worktree", "add", "-q", "-b", f"plain{number}", str(place)))
        times["our add"].append(seconds(ours, repository, "setup", task))
        for folder in (place, repository.worktree(RUN, task)):
            (folder / f"new{number}.txt").write_text("new\n")
            git(folder, "add", "--all", "--", f"new{number}.txt")
            git(folder, "commit", "-q", "-m", "work")
        times["merge"].append(seconds(git, merging, "merge", "-q", "--no-ff", "-m", "m", f"plain{number}"))
        times["our merge"].append(seconds(ours, repository, "merge", task))
        times["remove"].append(seconds(git, root, "worktree", "remove", str(place)))
        times["our remove"].append(seconds(repository.remove_worktree, RUN, task))
    found = {name: tell(name, values) for name, values in times.items()}
    for name in ("add", "remove"):
        print(f"{name}: {found[f'our {name}'] / found[name]:.1f} times plain git")
    print(f"a merge adds {(found['our merge'] - found['merge']) * 1000:.0f} ms to plain git")


def alive(repository: Repository) -> None:
    """So many worktrees at once, each with work in it; then all of them are merged and gone."""
    tasks = [f"w{number}" for number in range(ALIVE)]
    print(f"{ALIVE} worktrees made       {seconds(lambda: [ours(repository, 'setup', task) for task in tasks]):8.1f} s")
    for task in tasks:
        (repository.worktree(RUN, task) / f"{task}.txt").write_text(f"{task}\n")
    print(f"{ALIVE} checked              {seconds(lambda: [ours(repository, 'check', task) for task in tasks]):8.1f} s")
    print(f"{ALIVE} merged               {seconds(lambda: [ours(repository, 'merge', task) for task in tasks]):8.1f} s")
    gone = seconds(lambda: [repository.remove_worktree(RUN, task) for task in tasks])
    print(f"{ALIVE} removed              {gone:8.1f} s; {len(repository.left_over())} left")
    print(f"files on the tip: {len(repository.changed_files('HEAD', repository.tip(RUN)))} of {ALIVE}")


if __name__ == "__main__":
    files, count = (int(word) for word in (*sys.argv[1:], *("10000", "9")[len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "plain").mkdir()
        rounds(made(Path(folder) / "large", files), Path(folder) / "plain", count)
        alive(made(Path(folder) / "small", 100))
