"""The budget from outside: real workers that tell their usage are stopped at the end of a turn, and go on when it is raised."""

import json
import os
from pathlib import Path
from random import Random

import pytest

from branchline.model.money import Amount, total
from worlds import Task, World

THREE = (Task("1.1", verify="true"), Task("1.2", verify="true"), Task("1.3", verify="true"))
TURN = 0.8
"""Seconds of a turn: far more than the time between two looks of the meter."""


def scenario(world: World, dice: Random) -> tuple[str, int]:
    """A worker that plays a random stream of usage for each task; its name for `--worker`, and its largest turn."""
    largest, tasks = 0, {}
    for task in THREE:
        steps: list[object] = [{"write": {"path": f"out-{task.id}.txt", "content": "begun"}}]
        for _ in range(dice.randint(2, 4)):
            used = dice.randint(100, 1000)
            largest = max(largest, used)
            steps += [{"sleep": TURN}, {"usage": {"input": used, "cost": used / 1024}}]
        tasks[task.id] = [*steps, {"sleep": TURN}, {"answer": {"status": "done", "summary": "ok"}}]
    path = world.folder / "scenario.yaml"
    path.write_text(json.dumps({"tasks": tasks}))
    return f"scripted:{path}", largest


def spent(world: World) -> Amount:
    return total(attempt.used for attempt in world.rows()[1])


@pytest.mark.parametrize("seed", range(max(1, int(3 * float(os.environ.get("BRANCHLINE_TEST_SCALE", "1"))))))
def test_no_run_spends_more_than_one_turn_above_its_budget(world: World, seed: int) -> None:
    world.plan(*THREE)
    world.settings('turn_budget = "1usd,1ktok"\nstart_budget = "1usd,1ktok"\n')
    dice = Random(seed)
    worker, largest = scenario(world, dice)
    limit = dice.randint(800, 2500)
    result = world.execute(worker, "--budget", f"{limit}tok")
    used = spent(world)
    assert used.tokens <= limit + largest
    assert world.run("status").json["spent"] == {"usd": round(used.usd, 6), "tokens": used.tokens}
    if result.status:
        assert (result.status, result.json["code"], result.json["state"]) == (75, "E_PAUSED", "paused")
        left = {task: state for task, state in world.states().items() if state != "done"}
        assert all(reason.startswith("budget: ") for reason in result.json["waiting"].values()), result
        stopped = [task for task, state in left.items() if state == "paused"]
        assert all(world.salvaged(task, f"out-{task}.txt") == ["begun"] for task in stopped)
        claims = [e.data["status"] for e in world.events() if e.kind == "claimed" and e.task in stopped]
        assert set(claims) <= {"cancelled"}, "the claim of a worker that was stopped"
        assert world.run("why", next(iter(left))).json["next"] == [
            "branchline budget",
            "branchline execute --budget AMOUNT",
        ]
    assert world.execute("", "--budget", "none").status == 0
    assert set(world.states().values()) == {"done"}
    world.check_laws()


def test_a_task_is_stopped_at_its_own_budget_and_the_others_go_on(world: World) -> None:
    world.plan(Task("1.1", verify="true"), Task("1.2", verify="true"))
    usage = """printf '{"type": "usage", "input": 900}\\n'; sleep 0.8\n"""
    worker = world.agent(f"[ $BRANCHLINE_TASK_ID = 1.1 ] && for i in 1 2 3 4 5; do {usage}done\nmake\nsay done ok\n")
    result = world.execute(worker, "--task-budget", "2ktok")
    assert (result.status, world.states()) == (75, {"1.1": "paused", "1.2": "done"})
    assert result.json["waiting"] == {"1.1": "budget: 2,700 of 2,000 tokens spent; raise --task-budget to go on"}
    spending = world.run("budget").json
    assert spending["by_task"] == [{"run": "r1", "task": "1.1", "attempts": 1, "usd": 0.0, "tokens": 2700}]
    assert spending["untold"] == 1


def test_a_pulse_with_a_budget_stays_with_its_workers(world: World) -> None:
    world.plan(THREE[0])
    world.settings('budget = "2ktok"\n')
    usage = """printf '{"type": "usage", "input": 900}\\n'; sleep 0.8\n"""
    result = world.run("pulse", "plan.md", "--worker", world.agent(f"while :; do {usage}done\n"))
    assert (result.status, result.json["state"]) == (75, "paused"), result
    assert spent(world).tokens == 2700


SPENDER = """echo saved > "out-$BRANCHLINE_TASK_ID.txt"
[ $BRANCHLINE_TASK_ID-$BRANCHLINE_ATTEMPT = 1.1-1 ] || { say done ok; exit; }
while :; do sleep 0.2; printf '{"type": "usage", "input": 900}\\n'; done
"""


def orphaned(world: World, lease: str) -> None:
    """A coordinator with a budget was killed, and its worker spends on."""
    world.plan(Task("1.1", verify="true"), Task("1.2", ("1.1",), verify="true"))
    world.settings(f'budget = "9ktok"\nbudget_lease = "{lease}"\n')
    coordinator = world.begin(world.agent(SPENDER))
    world.until(lambda: [event for event in world.events() if event.kind == "metered"], "the worker is metered")
    coordinator.kill()


def used(world: World) -> int:
    """What the worker of the first attempt has told so far."""
    log = next((world.root / ".branchline" / "runs" / "r1" / "1.1").glob("1*/output.log"))
    return 900 * log.read_text().count("usage")


def test_who_comes_after_a_killed_coordinator_counts_before_anything_else(world: World) -> None:
    orphaned(world, "1m")
    world.until(lambda: used(world) > 9000, "the worker has spent too much")
    result = world.execute()
    assert (result.status, world.states()) == (75, {"1.1": "paused", "1.2": "pending"}), result
    assert world.started() == [("1.1", 1)], "the worker was adopted, and nothing else began"
    assert spent(world).tokens == used(world)
    kinds = [event.kind for event in world.events()]
    assert "dispatching" not in kinds[kinds.index("stopping") :]
    assert world.salvaged("1.1", "out-1.1.txt") == ["saved"]
    assert world.execute("", "--budget", "none").status == 0
    world.check_laws()


def test_a_worker_with_a_budget_that_nobody_looks_after_is_stopped_and_goes_on_later(world: World) -> None:
    orphaned(world, "1s")
    world.until(lambda: not world.processes(), "custody stops it by itself")
    told = used(world)
    result = world.execute()
    assert (result.status, world.states()) == (0, {"1.1": "done", "1.2": "done"}), result
    assert spent(world).tokens == told, "what it has used is counted"
    paused = [event.cause for event in world.events() if event.kind == "paused"]
    assert paused == ["budget: its coordinator was gone, and nobody counted what it used"]
    assert world.salvaged("1.1", "out-1.1.txt") == ["saved"]
    assert world.task("1.1").tries == 1, "the stop cost none"
    world.check_laws()


def claude(world: World, settings: str = "") -> None:
    """A program that speaks as Claude Code does, with two turns of a known price."""
    message = {"id": "m@", "model": "claude-sonnet-4-5", "content": [{"type": "text", "text": "so"}]}
    message["usage"] = {"input_tokens": 1000, "output_tokens": 100, "cache_read_input_tokens": 10_000}
    line = json.dumps({"type": "assistant", "session_id": "s1", "message": message})
    end = json.dumps({"type": "result", "subtype": "success", "result": "so", "session_id": "s1"})
    turns = "".join(f"echo '{line.replace('m@', f'm{number}')}'\nsleep 0.5\n" for number in range(2))
    path = world.folder / "claude"
    path.write_text(f"#!/bin/sh\ncat > /dev/null\n{turns}echo '{end}'\n")
    path.chmod(0o755)
    world.settings(f'[workers.claude]\nargv = ["{path}"]\n{settings}')


@pytest.mark.parametrize("paid", ["key", "subscription"])
def test_a_subscription_costs_tokens_and_no_money(world: World, paid: str) -> None:
    claude(world, f'billing = "{paid}"\n')
    world.plan(Task("1.1", verify="true", role="research"))
    assert world.execute("claude", "--budget", "1usd").status == 0
    found = world.run("budget").json
    price = 2 * (1000 * 3 + 100 * 15 + 10_000 * 0.3) / 1e6
    assert found["spent"] == {"usd": round(price, 6) if paid == "key" else 0, "tokens": 22_200}
    assert found["subscriptions"] == ([] if paid == "key" else ["claude"])
    assert found["by_model"][0]["model"] == "claude-sonnet-4-5"
    words = world.finish(world.start("budget")).out
    assert ("paid by a subscription, 0 usd; the tokens count" in words) == (paid == "subscription")


@pytest.mark.parametrize("wrong", ["5", "-1usd", "usd", "1usd,2usd", "1e9usd", "1 bitcoin", ""])
def test_a_budget_that_is_none_leaves_no_run_behind(world: World, wrong: str) -> None:
    world.plan(THREE[0])
    result = world.execute(world.agent("say done ok\n"), f"--budget={wrong}")
    assert (result.status, result.json["code"]) == (2, "E_SETTINGS"), result
    assert "such as 5usd, 2Mtok" in result.json["error"]
    assert not world.events()


def test_codex_without_a_price_cannot_keep_to_money(world: World, tmp_path: Path) -> None:
    program = tmp_path / "codex"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    world.settings(f'[workers.codex]\nargv = ["{program}"]\nbilling = "key"\n')
    world.plan(THREE[0])
    result = world.execute("codex", "--budget", "1usd")
    assert (result.status, result.json["code"]) == (2, "E_SETTINGS"), result
    assert "name a model that has a price, set [prices], or give the budget in tokens" in result.json["error"]
    assert not world.events()


def test_an_agent_that_a_subscription_pays_goes_first_where_the_user_says_so(world: World) -> None:
    for name in ("opencode", "claude", "codex"):
        program = world.folder / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    login = world.folder / "home" / ".claude" / ".credentials.json"
    login.parent.mkdir(parents=True)
    login.write_text("{}")
    world.plan(THREE[0])
    place = {"PATH": f"{world.folder / 'bin'}:{os.environ['PATH']}", "HOME": str(world.folder / "home")}

    def worker(**more: str) -> str:
        found = world.run("execute", "plan.md", "--yes", "--dry-run", **place, **more)
        return str(found.json["tasks"][0]["worker"])

    assert worker() == "opencode"
    assert worker(SUPERVISOR_PREFER_OAUTH="true") == "claude"
    assert worker(SUPERVISOR_PREFER_OAUTH="true", SUPERVISOR_CLI="opencode") == "opencode"
    for order in (("codex", "claude"), ("claude", "codex")):
        world.settings("".join(f'[workers.{name}]\nbilling = "subscription"\n' for name in order))
        assert worker(SUPERVISOR_PREFER_OAUTH="true") == order[0]
