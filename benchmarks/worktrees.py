"""What isolation costs: making, removing and merging worktrees, beside plain git in the same rounds; the merge train.

Run: python benchmarks/worktrees.py [FILES [ROUNDS]]   (default: a repository of 10,000 files, 9 rounds)
"""

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from itertools import product
from pathlib import Path
from statistics import quantiles
from typing import Any

from branchline.workspace import job
from branchline.workspace.diff import changed_files
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


def told(repository: Repository, purpose: str, task: str, **more: Any) -> Path:
    """What one job of ours is told."""
    folder = repository.root / ".branchline" / "runs" / task / purpose
    folder.mkdir(parents=True, exist_ok=True)
    spec: dict[str, Any] = {
        "purpose": purpose,
        "root": str(repository.root),
        "run": RUN,
        "task": task,
        "attempt": 1,
        "fresh": True,
    }
    spec |= {
        "folder": str(folder),
        "worktree": str(repository.worktree(RUN, task)),
        "env": {"PATH": os.environ["PATH"]},
        "base": repository.head(),
        "tip": repository.tip(RUN),
    }
    (folder / "spec.json").write_text(json.dumps(spec | more))
    return folder / "spec.json"


def ours(repository: Repository, purpose: str, task: str) -> None:
    """One job of ours in this process: what custody adds to it is measured elsewhere."""
    done(told(repository, purpose, task))


def done(path: Path) -> None:
    assert job.main([str(path)]) == 0
    assert json.loads(path.with_name("result.json").read_text())["ok"], path


def seconds(what: Callable[..., object], *given: object) -> float:
    began = time.perf_counter()
    what(*given)
    return time.perf_counter() - began


def each(what: Callable[[str], object], tasks: Iterable[str]) -> float:
    """Seconds of the same for each task."""
    began = time.perf_counter()
    for task in tasks:
        what(task)
    return time.perf_counter() - began


def cost(what: Callable[..., object], *given: object) -> tuple[float, float]:
    """Seconds by the clock, and of CPU: our own, and that of children that have ended."""
    used = [sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    taken = seconds(what, *given)
    now = [sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return taken, sum(now) - sum(used)


def tell(name: str, times: list[float]) -> float:
    low, middle, high = quantiles(times, n=4)
    print(f"{name:34}{middle * 1000:8.0f} ms ({low * 1000:.0f} to {high * 1000:.0f})")
    return middle


def merged_plainly(place: Path, branch: str, check: str) -> None:
    git(place, "merge", "-q", "--no-ff", "-m", "m", branch)
    if check:
        subprocess.run(["/bin/sh", "-c", check], cwd=place, check=True)


def rounds(repository: Repository, plain: Path, count: int) -> None:
    """Plain git and ours in turn, so that both meet the same machine; a merge as it is, and one with a check of its result."""
    root, times = repository.root, defaultdict[str, list[tuple[float, float]]](list)
    merging = plain / "merging"
    git(root, "worktree", "add", "-q", "--detach", str(merging))
    for number, (name, check) in product(range(count), {"merge": "", "checked": "test -f .gitignore"}.items()):
        place, task = plain / f"{name}{number}", f"{name}{number}"
        times["add"].append(cost(git, root, "worktree", "add", "-q", "-b", f"plain-{task}", str(place)))
        times["our add"].append(cost(done, told(repository, "setup", task)))
        for folder in (place, repository.worktree(RUN, task)):
            (folder / f"{task}.txt").write_text("new\n")
            git(folder, "add", "--all", "--", f"{task}.txt")
            git(folder, "commit", "-q", "-m", "work")
        times[name].append(cost(merged_plainly, merging, f"plain-{task}", check))
        checks = [{"run": check}] if check else []
        times[f"our {name}"].append(cost(done, told(repository, "merge", task, checks=checks)))
        times["remove"].append(cost(git, root, "worktree", "remove", str(place)))
        times["our remove"].append(cost(repository.remove_worktree, RUN, task))
    found = {name: tell(name, [taken for taken, _ in values]) for name, values in times.items()}
    used = {name: tell(f"{name}, CPU", [each for _, each in values]) for name, values in times.items()}
    for name in ("add", "remove"):
        print(f"{name}: {found[f'our {name}'] / found[name]:.1f} times plain git")
    for name in ("merge", "checked"):
        clock, cpu = ((each[f"our {name}"] - each[name]) * 1000 for each in (found, used))
        print(f"{name}: {clock:+.0f} ms beside plain git and the same check, {cpu:+.0f} ms of CPU")


def alive(repository: Repository) -> None:
    """So many worktrees at once, each with work in it; then all of them are merged and gone."""
    tasks = [f"w{number}" for number in range(ALIVE)]
    print(f"{ALIVE} worktrees made       {each(partial(ours, repository, 'setup'), tasks):8.1f} s")
    for task in tasks:
        (repository.worktree(RUN, task) / f"{task}.txt").write_text(f"{task}\n")
    print(f"{ALIVE} checked              {each(partial(ours, repository, 'check'), tasks):8.1f} s")
    print(f"{ALIVE} merged               {each(partial(ours, repository, 'merge'), tasks):8.1f} s")
    gone = each(partial(repository.remove_worktree, RUN), tasks)
    print(f"{ALIVE} removed              {gone:8.1f} s; {len(repository.left_over())} left")
    print(f"files on the tip: {len(changed_files(repository.git, 'HEAD', repository.tip(RUN)))} of {ALIVE}")


def trains(repository: Repository, guilty: int, length: int = 16) -> None:
    """A hundred finished tasks, of which some break the gate: how often the gate runs until all is decided."""
    tasks = [f"q{guilty}-{number}" for number in range(100)]
    bad = set(random.Random(guilty).sample(tasks, guilty))
    for task in tasks:
        ours(repository, "setup", task)
        (repository.worktree(RUN, task) / f"{task}.txt").write_text("guilty\n" if task in bad else "fine\n")
        ours(repository, "check", task)
    count = repository.root / f"gate{guilty}"
    gate = [{"run": f"echo run >> '{count}'; ! grep -q guilty q*.txt"}]
    began, waiting, back = time.perf_counter(), list(tasks), set()
    while waiting:
        paths = {task: told(repository, "merge", task, checks=gate) for task in waiting[:length]}
        first, *also = waiting[:length]
        for path in paths.values():
            path.with_name("result.json").unlink(missing_ok=True)
        assert job.main([str(told(repository, "merge", first, checks=gate, also=[str(paths[t]) for t in also]))]) == 0
        results = {task: path.with_name("result.json") for task, path in paths.items()}
        answers = {task: json.loads(path.read_text()) for task, path in results.items() if path.exists()}
        back |= {task for task, answer in answers.items() if not answer["ok"]}
        waiting = [task for task in waiting if task not in answers]
    spent, runs = time.perf_counter() - began, len(count.read_text().splitlines())
    print(
        f"100 tasks, {guilty:2} guilty: {runs} gate runs, {spent:.1f} s; sent back: {'exactly those' if back == bad else back}"
    )


if __name__ == "__main__":
    files, count = (int(word) for word in (*sys.argv[1:], *("10000", "9")[len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "plain").mkdir()
        rounds(made(Path(folder) / "large", files), Path(folder) / "plain", count)
        alive(made(Path(folder) / "small", 100))
        for guilty in (0, 2, 10):
            trains(made(Path(folder) / f"trains{guilty}", 100), guilty)
