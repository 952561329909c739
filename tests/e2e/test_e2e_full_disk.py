"""The end of a worker that cannot be written down: the disk fills at that moment, or the worker has spoiled the place."""

import json
import os
import subprocess
import sys

import pytest

from worlds import ENV, Task, World

SPACE = ("unshare", "--mount", "--map-root-user", "sh", "-c")
FILLS = """make
say done ok
sleep 0.5
dd if=/dev/zero of=.branchline/filler bs=4k 2> /dev/null
end
"""
"""An agent that does its work, and then writes until there is no room."""
SCRIPT = """mount -t tmpfs -o size=1m tmpfs .branchline || exit 77
"$@"; echo $?
mount -o remount,size=20m .branchline
"$@"; echo $?
cp -r .branchline ../after
"""


def test_an_end_that_cannot_be_written_down_is_told_and_collected_when_there_is_room(world: World) -> None:
    (world.root / ".branchline").mkdir()
    world.plan(Task("1.1"), Task("1.2", after=("1.1",)))
    execute = (sys.executable, "-m", "branchline", "execute", "plan.md", "--yes", "--json", "--worker")
    env = {**os.environ, **ENV}
    agent = world.agent(f'case "$BRANCHLINE_TASK_ID" in 1.1) {FILLS};; *) make; say done ok; end;; esac\n')
    done = subprocess.run(
        [*SPACE, SCRIPT, "sh", *execute, agent], cwd=world.root, env=env, capture_output=True, text=True, check=False
    )
    if done.returncode in (1, 77) and not done.stdout:
        pytest.skip("no mount namespaces here")
    first, status, second, again = done.stdout.splitlines()
    refused = json.loads(first)
    assert (refused["code"], status) == ("E_STORE_FULL", "1"), done.stderr
    assert "exit.json: cannot be written: No space left on device" in refused["error"]
    assert (json.loads(second)["counts"], again) == ({"done": 2}, "0"), second
    assert world.started() == [("1.1", 1), ("1.2", 1)], "nothing was done twice"
    (world.root / ".branchline").rmdir()
    (world.folder / "after").rename(world.root / ".branchline")
    work = [(row.task, row.exit) for row in world.rows()[1] if row.purpose == "work"]
    assert work == [("1.1", 0), ("1.2", 0)]
    world.check_laws()


def test_a_worker_that_spoils_its_own_folder_holds_nobody_up(world: World) -> None:
    world.plan(Task("1.1"), Task("1.2"))
    world.settings("retries = 0\n")
    spoil = 'mkdir -p "../../../runs/r1/$BRANCHLINE_TASK_ID/1/$name/x"'
    agent = world.agent(f"make; say done ok; for name in exit.json claim.json; do {spoil}; done; end\n")
    result = world.execute(agent)
    assert (result.status, result.json["counts"]) == (0, {"done": 2}), result
    notes = [event.cause for event in world.events() if event.kind == "noted"]
    assert len([words for words in notes if "exit.json: cannot be written" in words]) == 2, notes
    world.check_laws()
