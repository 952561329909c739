"""Workers in a strict sandbox: they can do their work, be stopped, and be adopted, like any others."""

import os

import pytest

from branchline import sandbox
from branchline.proc import landlock
from worlds import SAY, Task, World

HELD = sandbox.best("auto", os.environ)
pytestmark = pytest.mark.skipif(HELD.level != "strict", reason=f"no strict sandbox here: {HELD.not_held}")
STRICT = {"BRANCHLINE_SANDBOX": "strict"}
HEAD = f"#!/bin/sh\n{SAY}\n"


def without_bubblewrap(world: World) -> str:
    """A PATH with what agents need, and no bubblewrap."""
    (world.folder / "bin").mkdir()
    for name in ("git", "sh", "sleep"):
        (world.folder / "bin" / name).symlink_to(f"/usr/bin/{name}")
    return str(world.folder / "bin")


def test_a_worker_commits_and_its_checks_see_no_more_than_it_does(world: World) -> None:
    (world.folder / "secret").write_text("secret")
    (world.root / ".git" / "reftable").mkdir()
    second = (
        "! kill -0 1" if landlock.abi() >= 6 else "true"
    )  # the first process of the sandbox is before the second wall
    world.plan(Task("1.1", verify=f"test -s one.txt && ! test -e {world.folder}/secret && git log -1 && {second}"))
    body = "echo one > one.txt; git add -A; git commit -qm one; git status --porcelain; say done ok\n"
    result = world.run("execute", "plan.md", "--yes", "--worker", world.agent(body, head=HEAD), **STRICT)
    assert result.status == 0, result
    assert world.tip("one.txt") == "one"
    words = f"{sandbox.behind('proxy', HELD).words()}; not held: {sandbox.IN_TABLE}"
    assert world.run("status").json["sandbox"].startswith(words)
    assert world.run("evidence", "1.1").json["sandbox"].startswith(words)
    assert f"Sandbox of the workers: {words}" in world.finish(world.start("report")).out
    world.check_laws()


def test_paths_that_the_settings_open_are_open(world: World) -> None:
    opened = f'writable = ["{world.folder}/shared"]\n[workspace]\nsymlink = ["big-*"]\n'
    world.settings(f"[workers.shell]\n{opened}")
    (world.folder / "shared").mkdir()
    world.write(".gitignore", "big-*\n")
    (world.root / "big-1").write_text("data")
    world.plan(Task("1.1", verify="grep data big-1"))
    body = f"echo one > one.txt; echo mine > {world.folder}/shared/mine; say done ok\n"
    result = world.run("execute", "plan.md", "--yes", "--worker", world.agent(body, head=HEAD), **STRICT)
    assert result.status == 0, result
    assert (world.folder / "shared" / "mine").read_text() == "mine\n"


@pytest.mark.parametrize(("linked", "sees"), [(False, "test -s"), (True, "test ! -e")])
def test_packages_of_the_checkout_can_be_read_and_a_link_in_their_place_leads_nowhere(
    world: World, linked: bool, sees: str
) -> None:
    packages = world.folder / "elsewhere" if linked else world.root / "node_modules"
    (packages / "left").mkdir(parents=True)
    (packages / "left" / "index.js").write_text("1")
    if linked:
        (world.root / "node_modules").symlink_to(packages)
    inside = world.root / "node_modules"
    world.plan(Task("1.1", verify=f"{sees} {inside}/left/index.js && ! touch {inside}/new"))
    result = world.run("execute", "plan.md", "--yes", "--worker", world.agent("echo 1 > one.txt; say done ok\n", head=HEAD),
                       **STRICT)  # fmt: skip
    assert result.status == 0, result


@pytest.mark.parametrize("walls", ["strict, network: proxy", "strict, network: host", "landlock"])
def test_a_worker_that_is_stopped_has_the_time_to_end_by_itself(world: World, walls: str) -> None:
    """TERM reaches the worker and not the walls around it, whichever there are."""
    world.plan(Task("1.1"))
    more = {"BRANCHLINE_SANDBOX": "auto", "BRANCHLINE_NETWORK": "host" if "host" in walls else "auto"}
    if walls == "landlock":
        if not landlock.abi():
            pytest.skip("this kernel has no Landlock")
        more["PATH"] = without_bubblewrap(world)
    body = "trap 'echo saved > saved.txt; exit 3' TERM\necho up > up.txt\nwhile :; do sleep 0.05; done\n"
    process = world.start("execute", "plan.md", "--yes", "--worker", world.agent(body, head=HEAD), **more)
    tree = world.root / ".branchline/worktrees/r1/1.1"
    world.until(lambda: (tree / "up.txt").exists(), "the worker")
    assert all(word in world.run("status").json["sandbox"] for word in walls.split(", "))
    assert world.run("cancel", "1.1").status == 0
    world.finish(process)
    assert world.states() == {"1.1": "cancelled"}
    assert (tree / "saved.txt").read_text() == "saved\n"
    world.until(lambda: not world.processes(), "the end of every process", 15.0)


def test_a_crash_is_told_as_one(world: World) -> None:
    world.settings("retries = 0\n")
    world.plan(Task("1.1"), Task("1.2"))
    body = '[ "$BRANCHLINE_TASK_ID" = 1.2 ] && exit 3\nkill -SEGV $$\n'
    world.run("execute", "plan.md", "--yes", "--worker", world.agent(body, head=HEAD), **STRICT)
    assert {(a.task, a.exit, a.signal) for a in world.rows()[1] if a.purpose == "work"} == {
        ("1.1", None, 11),
        ("1.2", 3, None),
    }


def test_a_worker_is_adopted_after_a_kill_of_the_coordinator(world: World) -> None:
    world.plan(Task("1.1"))
    body = "echo up > up.txt\nwhile ! test -e go; do sleep 0.05; done\necho x > out-1.1.txt; say done ok\n"
    words = ("execute", "plan.md", "--yes", "--worker", world.agent(body, head=HEAD))
    tree = world.root / ".branchline/worktrees/r1/1.1"
    process = world.start(*words, **STRICT)
    world.until(lambda: (tree / "up.txt").exists(), "the worker")
    process.kill()
    process.wait()
    (tree / "go").touch()
    assert world.run(*words, **STRICT).status == 0
    assert world.task("1.1").attempt == 1
    world.check_laws()


def test_a_setting_that_cannot_be_had_leaves_no_run_behind(world: World) -> None:
    world.plan(Task("1.1"))
    words = ("execute", "plan.md", "--yes", "--worker", world.agent("", head=HEAD))
    result = world.run(*words, PATH=without_bubblewrap(world), **STRICT)
    assert result.status == 2, result
    assert "bubblewrap" in result.json["error"]
    assert world.run("status").status == 2


def test_checks_run_where_they_are_told_to_in_every_job(world: World) -> None:
    """In the worktree, where the merge is tried, in a worktree of its own for a second look, and before a worktree goes."""
    world.settings('[workspace]\nsetup = ["pwd"]\nteardown = ["pwd; touch gone.txt"]\n')
    world.plan(Task("1.1", verify="test -s one.txt && pwd"))
    body = "echo one > one.txt; say done ok\n"
    result = world.run("execute", "plan.md", "--yes", "--worker", world.agent(body, head=HEAD), **STRICT)
    assert result.status == 0, result
    assert world.run("evidence", "1.1", "--verify", **STRICT).json["verified"]["faults"] == []
    own = world.root / ".branchline"
    said = {path.name: path.read_text().splitlines()[0] for path in own.glob("runs/r1/1.1/**/checks/*.log")}
    place = own / "worktrees/r1"
    assert {name: said[name] for name in ("1.log", "verify-1.log", "teardown-1.log")} == {
        "1.log": str(place / "1.1"),
        "verify-1.log": str(place / ".verify"),
        "teardown-1.log": str(place / "1.1"),
    }
    assert str(place / ".merge") in said.values(), said
