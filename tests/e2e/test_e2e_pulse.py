"""Pulse from outside: it needs nobody, changes nothing when there is nothing to do, and one plan keeps no other."""

import os
import subprocess
import sys

import pytest

from branchline.store import Store
from test_imports import HEAVY, SCRIPT
from worlds import ENV, Task, World

HONEST = "make\nsay done ok\nend\n"
ASKS = """printf '{"status": "blocked", "text": "what?"}' > "$BRANCHLINE_EXIT_FILE"\n"""


def until_over(world: World, *words: str, pulses: int = 60) -> int:
    """Pulse until the run is not running any more; gives how many pulses that took."""
    for number in range(1, pulses):
        result = world.run("pulse", *words)
        if result.json["state"] != "running":
            return number
    raise AssertionError(world.story())


def events(world: World, run: str = "r1") -> int:
    with Store.open(world.root / ".branchline" / "state.db", read_only=True) as store:
        return len(store.events(run))


def test_own_jobs_cost_no_pulse_each(world: World) -> None:
    """Set-up, checks and merge are waited for, a worker never is: a task takes a pulse or two, not five."""
    world.plan(Task("1.1"), Task("1.2", after=("1.1",)))
    worker = world.agent(HONEST)
    assert until_over(world, "plan.md", "--worker", worker) <= 8
    assert world.states() == {"1.1": "done", "1.2": "done"}
    world.check_laws()


@pytest.mark.parametrize("agent", [HONEST, ASKS], ids=["done", "waiting"])
def test_a_pulse_with_nothing_to_do_changes_nothing_and_imports_little(world: World, agent: str) -> None:
    world.plan(Task("1.1"))
    worker = world.agent(agent)
    until_over(world, "plan.md", "--worker", worker)
    first = world.run("pulse", "plan.md", "--worker", worker)
    before = events(world)
    for _ in range(3):
        assert world.run("pulse", "plan.md", "--worker", worker) == first
    assert events(world) == before
    argv = [sys.executable, "-S", "-c", SCRIPT, "pulse", "plan.md", "--worker", worker]
    env = {**os.environ, **ENV}
    done = subprocess.run(argv, cwd=world.root, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == first.status
    assert set(done.stderr.splitlines()[-1].split()) & HEAVY == set()


def test_a_pulse_beside_a_worker_that_goes_on_records_nothing(world: World) -> None:
    world.plan(Task("1.1"))
    worker = world.agent("exec sleep 600\n")
    for _ in range(30):
        world.run("pulse", "plan.md", "--worker", worker)
        if world.states() == {"1.1": "running"}:
            break
    before = events(world)
    for _ in range(3):
        assert world.run("pulse").json["counts"] == {"running": 1}
    assert events(world) == before
    world.run("cancel", "1.1")
    until_over(world, "plan.md", "--worker", worker)
    assert world.states() == {"1.1": "cancelled"}


def test_what_changes_from_outside_is_seen(world: World) -> None:
    world.plan(Task("1.1"))
    worker = world.agent(
        'grep -q "Answers to earlier" "$BRANCHLINE_PROMPT_FILE" || { ' + ASKS.strip() + "; exit 0; }\n" + HONEST
    )
    words = ("plan.md", "--worker", worker)
    until_over(world, *words)
    assert world.run("pulse", *words).status == 3
    assert world.run("answer", "1.1", "forty-two").status == 0
    assert until_over(world, *words) >= 1
    assert world.states() == {"1.1": "done"}
    assert world.run("pulse", *words).status == 0
    world.plan(Task("1.1"), Task("1.2"))
    world.run("pulse", *words)
    until_over(world, *words)
    assert world.task("1.2", world.run("status").json["run"]).state == "blocked", "a plan is read again"


def test_new_plans_are_approved_by_policy_and_unsure_tasks_are_held(world: World) -> None:
    world.write("plan.md", "# A plan\n\n1. Write part one\n2. Write part two\n")
    worker = world.agent(HONEST)
    world.settings("[pulse]\nconfidence = 0.8\n")
    assert until_over(world, "plan.md", "--worker", worker) == 1
    assert set(world.states().values()) == {"held"}
    assert world.reasons()["1"] == "confidence 0.7 is under 0.8"
    world.settings("[pulse]\nconfidence = 0.7\n")
    world.run("execute", "plan.md", "--new", "--worker", worker)
    assert ("1", 1) in world.started()


def test_without_the_policy_nothing_is_approved(world: World) -> None:
    world.plan(Task("1.1"))
    world.settings("[pulse]\nauto_approve = false\n")
    refused = world.run("pulse", "plan.md", "--worker", world.agent(HONEST))
    assert (refused.status, refused.json["code"]) == (3, "E_NOT_APPROVED")
    assert "`branchline review plan.md`" in refused.json["error"]
    assert world.started() == []


def test_what_is_wrong_with_one_plan_keeps_no_other(world: World) -> None:
    world.plan(Task("1.1"))
    world.write("bad.md", "# Nothing to do\n\nNo task at all.\n")
    worker = world.agent(HONEST)
    for _ in range(30):
        result = world.run("pulse", "gone.md", "bad.md", "plan.md", "--worker", worker)
        if world.states().get("1.1") == "done":
            break
    assert result.status == 2, "the status that counts most"
    assert [found.get("code") for found in result.json["runs"]] == ["E_INPUT", "E_NO_TASKS", None]
    assert world.states() == {"1.1": "done"}
    world.check_laws()


def test_a_loop_goes_on_while_another_coordinator_works(world: World) -> None:
    world.plan(Task("1.1"))
    worker = world.agent('while [ ! -e "$(dirname "$ledger")/go" ]; do sleep 0.05; done\n' + HONEST)
    process = world.begin(worker)
    world.until(lambda: world.started(), "the agent")
    assert world.run("pulse", "plan.md", "--once", "--worker", worker).status == 75
    loop = world.start("pulse", "plan.md", "--every", "1s", "--worker", worker, "--json")
    with pytest.raises(subprocess.TimeoutExpired):
        loop.wait(2.5)
    (world.folder / "go").touch()
    assert world.finish(process).status == 0
    loop.terminate()
    ended = world.finish(loop)
    assert ended.status == 130, ended
    assert "the next pulse looks again" in ended.err
    world.check_laws()


def test_no_pulse_begins_anew_what_a_person_has_cancelled(world: World) -> None:
    world.plan(Task("1.1"))
    worker = world.agent(ASKS)
    until_over(world, "plan.md", "--worker", worker)
    assert world.run("cancel", "--all").status == 0
    result = world.run("pulse", "plan.md", "--worker", worker)
    assert (result.status, result.json["run"], result.json["state"]) == (0, "r1", "cancelled")
    assert world.execute(worker).json["run"] == "r2", "a person who asks for it gets another run"


def test_merged_work_is_not_done_again_because_a_task_beside_it_was_cancelled(world: World) -> None:
    world.plan(Task("1.1"), Task("2.1"))
    worker = world.agent(f"if [ $BRANCHLINE_TASK_ID = 2.1 ]; then {ASKS} exit; fi\n{HONEST}")
    assert world.execute(worker).status == 3
    assert world.run("cancel", "2.1").status == 0
    for command in (("execute", "plan.md", "--yes", "--worker", worker), ("pulse", "plan.md", "--worker", worker)):
        result = world.run(*command)
        assert (result.status, result.json["run"]) == (0, "r1")
    assert world.started().count(("1.1", 1)) == 1
    assert world.run("land").status == 0
    assert world.execute(worker).json["run"] == "r2", "what is landed is ticked, and the rest is another run's"
    assert world.started().count(("1.1", 1)) == 1
