"""Plans on an OpenCode server of the settings: who shares a session, what waits for room, what is left in the end."""

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.opencode_server import Server
from worlds import Task, World

PLAN = "# Two branches\n\n" + "".join(
    f"- [ ] {n} Part {n}\n"
    + "".join(f"  - [ ] {n}.{m} Write {n}.{m}.txt\n    - Verify: `test -f {n}.{m}.txt`\n" for m in (1, 2))
    for n in (1, 2)
)


class Work:
    """What a prompt does: write a file in the directory of its session; `most` is how many were at it together."""

    def __init__(self) -> None:
        self.most = self.now = 0
        self.places: list[tuple[str, str]] = []
        self.lock = threading.Lock()

    def __call__(self, server: Server, session: str, text: str) -> None:
        """Play one prompt."""
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        place = Path(server.sessions[session]["directory"])
        self.places.append((session, place.name))
        until = time.monotonic() + 0.3
        while time.monotonic() < until and self.now < 2:  # somebody else has the time to come
            time.sleep(0.005)
        (place / f"{place.name}.txt").write_text("x\n")
        with self.lock:
            self.now -= 1
        server.answer(session, "I wrote it.")


@pytest.fixture
def served() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.mark.parametrize(
    ("settings", "sessions", "left"),
    [
        ("", [["1.1"], ["1.2"], ["2.1"], ["2.2"]], 4),
        ("delete_sessions = true", [["1.1"], ["1.2"], ["2.1"], ["2.2"]], 0),
        ('session = "branch"', [["1.1", "1.2"], ["2.1", "2.2"]], 2),
        ('session = "run"\ndelete_sessions = true', [["1.1", "1.2", "2.1", "2.2"]], 0),
    ],
)
def test_the_tasks_of_a_scope_share_a_session_one_at_a_time(
    world: World, served: Server, settings: str, sessions: list[list[str]], left: int
) -> None:
    served.play = work = Work()
    named = f'[instances.main]\nurl = "{served.url}"\nslots = 2\n[workers.opencode-server]\n{settings}\n'
    world.settings(f'retries = 0\nstagger = "0s"\n{named}')
    world.write("plan.md", PLAN)
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"  # where no agent is installed
    done = world.run("execute", "plan.md", "--yes", "--worker", "opencode-server", "-j", "4", PATH=path)
    assert done.json["counts"] == {"done": 4}, done
    found = [[task for name, task in work.places if name == session] for session in dict(work.places)]
    assert sorted(map(sorted, found)) == sessions
    assert work.most == min(2, len(sessions)), "there is room for two, and a session is one task's at a time"
    assert len(served.sessions) == left
    claims = [path.read_text() for path in world.root.glob(".branchline/runs/r1/*/1/claim.json")]
    assert all('"session": "main/ses_' in claim for claim in claims)
    walls = "opencode-server: env (OpenCode's own rules in a shared server)"
    assert world.run("status").json["sandbox"].endswith(f"; {walls}")


def test_what_failed_keeps_its_session_until_its_work_is_saved(world: World, served: Server) -> None:
    served.play = lambda server, session, text: server.fail(session, "APIError", "no", statusCode=400)
    world.settings(
        f'retries = 0\n[instances.main]\nurl = "{served.url}"\n[workers.opencode-server]\ndelete_sessions = true\n'
    )
    world.plan(Task("1"))
    assert world.execute("opencode-server").json["counts"] == {"failed": 1}
    assert len(served.sessions) == 1
    assert world.run("clean", "--salvage").json["sessions"] == []
    assert served.sessions == {}
