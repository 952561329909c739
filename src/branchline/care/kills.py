"""kill -9 of real coordinators over real processes and real git, in repositories made for it and taken away again."""

import os
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from branchline.proc import detach
from branchline.store import Store
from branchline.workspace.repository import make

TASKS = 12
ROUND = 8
"""Kills of one repository; then its run is brought to an end and looked at."""
LONGEST = 120.0
"""Seconds in which a run that nobody disturbs has come to its end."""
AGENT = r"""#!/bin/sh
# Writes itself into the ledger, does a little, and ends: every fourth task badly the first time.
run="$BRANCHLINE_TASK_ID $BRANCHLINE_ATTEMPT"
echo "start $run 0" >> '{ledger}'
echo "made by $run" > "out-$BRANCHLINE_TASK_ID.txt"
sleep 0.1
code=0
case "$run" in *.4\ 1) code=5 ;; esac
[ "$code" = 0 ] && printf '{{"status": "done", "summary": "ok"}}' > "$BRANCHLINE_EXIT_FILE"
echo "end $run $code" >> '{ledger}'
exit "$code"
"""


@dataclass
class Kills:
    """What came of it; `lost`, `doubled` and `wrong` (exit statuses) have to be 0, `unfinished` says what did not end."""

    kills: int = 0
    tasks: int = 0
    starts: int = 0
    lost: int = 0
    doubled: int = 0
    wrong: int = 0
    unfinished: list[str] = field(default_factory=list)

    def good(self) -> bool:
        """Whether all promises were kept."""
        return not (self.lost or self.doubled or self.wrong or self.unfinished)


def kill_coordinators(count: int, env: Mapping[str, str], dice: Random, told: Callable[[Kills], None]) -> Kills:
    """Kill so many coordinators at random moments; `told` hears of each round. Raises RepositoryError without git."""
    found = Kills()
    while found.kills < count and not found.unfinished:
        with _folder() as folder:
            site = Site(folder, env)
            site.play(min(ROUND, count - found.kills), dice, found)
        told(found)
    return found


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="branchline-selftest-")).resolve()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Site:
    """One repository with a plan, an agent and a ledger that the agents write themselves into."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self.root = folder / "repository"
        self.ledger = folder / "ledger"
        self.agent = folder / "agent.sh"
        self.log = folder / "log"
        # What the user set for their own runs is not for this one.
        own = {name: value for name, value in env.items() if not name.startswith("BRANCHLINE_")}
        self.env = {**own, "BRANCHLINE_SANDBOX": "env"}  # its workers write a ledger outside of their worktrees
        self.root.mkdir()
        self.ledger.touch()
        self.agent.write_text(AGENT.format(ledger=self.ledger), encoding="utf-8")
        self.agent.chmod(0o755)
        (self.root / "plan.md").write_text(_plan(), encoding="utf-8")
        make(self.root, "Branchline selftest", self.env)

    def play(self, kills: int, dice: Random, found: Kills) -> None:
        """Kill so many coordinators or until the run is over, let the last one finish, and compare."""
        for _ in range(kills):
            if self._execute(0.1 + dice.random() * 1.2) is not None:
                break
            found.kills += 1
        status = self._execute(LONGEST)
        if status != 0:
            said = self.log.read_text(encoding="utf-8", errors="replace").strip()[-2000:]
            found.unfinished.append(f"after the kills the run ended with {status}: {said}")
        self._compare(found)

    def _execute(self, seconds: float) -> int | None:
        """One coordinator for at most so long; how it ended by itself, None when it was killed."""
        words = ("execute", "plan.md", "--yes", "-j", "4", "--worker", f"shell:{self.agent}".replace(" ", "\\ "))
        coordinator = detach(words, cwd=self.root, env=self.env, log=self.log)
        try:
            end = time.monotonic() + seconds
            while coordinator.ended() is None and time.monotonic() < end:
                time.sleep(0.01)
            return coordinator.ended()
        finally:
            if coordinator.ended() is None:
                with suppress(ProcessLookupError):
                    os.kill(coordinator.pid, signal.SIGKILL)
                while coordinator.ended() is None:
                    time.sleep(0.001)

    def _compare(self, found: Kills) -> None:
        """What the agents themselves wrote against what was recorded."""
        lines = [line.split() for line in self.ledger.read_text(encoding="utf-8").splitlines()]
        starts = Counter((task, int(attempt)) for what, task, attempt, _ in lines if what == "start")
        codes = {(task, int(attempt)): int(code) for what, task, attempt, code in lines if what == "end"}
        if not (self.root / ".branchline" / "state.db").exists():
            found.lost += TASKS
            return
        with Store.open(self.root / ".branchline" / "state.db", read_only=True) as store:
            newest = store.newest()
            name = newest.run if newest else ""
            rows = [row for row in store.tasks(name) if row.kind == "atomic"]
            recorded = {(a.task, a.attempt): a.exit for a in store.attempts(name) if a.purpose == "work"}
        found.tasks += len(rows)
        found.starts += sum(starts.values())
        found.lost += sum(row.state != "done" for row in rows) + len(codes.keys() - recorded.keys())
        expected = {(f"{n // 4 + 1}.{n % 4 + 1}", a) for n in range(TASKS) for a in (1, 2) if a == 1 or n % 4 == 3}
        found.doubled += sum(times - 1 for times in starts.values()) + len(starts.keys() - expected)
        found.wrong += sum(recorded.get(key) != code for key, code in codes.items())


def _plan() -> str:
    """Three sections of four tasks; each waits for the one three places before it."""
    lines = ["# A plan of the selftest", ""]
    names = [f"{n // 4 + 1}.{n % 4 + 1}" for n in range(TASKS)]
    for place, name in enumerate(names):
        lines += ["", f"## Section {'ABC'[place // 4]}", ""] if place % 4 == 0 else []
        lines.append(f"- [ ] {name} Write part {name}")
        lines += [f"  - Depends on: {names[place - 3]}"] if place >= 3 else []
        lines.append(f"  - Verify: `test -s out-{name}.txt`")
    return "\n".join(lines) + "\n"
