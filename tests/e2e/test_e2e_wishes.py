"""Wishes of a person: ^C, cancel, retry, skip, accept, answer, with and without a coordinator."""

import io
import os
import signal
import time

import pytest

from branchline.workflow.console import Console
from branchline.workflow.plan import review_plan
from worlds import Task, World

WAITING = 'make\nwhile [ ! -e "$(dirname "$ledger")/go" ]; do sleep 0.05; done\nsay done ok\nend\n'


def go(world: World) -> None:
    """Let the agents that wait come to their end."""
    (world.folder / "go").touch()


def begun(world: World, number: int = 1) -> None:
    world.until(lambda: len(world.started()) >= number, f"{number} agents")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["INT", "TERM"])
def test_the_first_interrupt_leaves_the_workers_in_custody(world: World, number: int) -> None:
    world.plan(Task("1.1"), Task("1.2", after=("1.1",)), Task("2.1"))
    process = world.begin(world.agent(WAITING))
    begun(world, 2)
    process.send_signal(number)
    at = time.monotonic()
    result = world.finish(process)
    assert result.status == 130, result
    assert time.monotonic() - at < 6
    assert set(world.states().values()) == {"running", "pending"}
    go(world)
    assert world.execute().status == 0
    assert sorted(world.started()) == [("1.1", 1), ("1.2", 1), ("2.1", 1)]
    world.check_laws()


def test_a_first_interrupt_costs_no_processor(world: World) -> None:
    world.plan(Task("1.1"))
    process = world.begin(world.agent(WAITING))
    begun(world)
    before = _seconds(process.pid)
    process.send_signal(signal.SIGINT)
    time.sleep(1.5)
    assert _seconds(process.pid) - before < 0.4
    assert world.finish(process).status == 130


def _seconds(pid: int) -> float:
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_the_second_interrupt_stops_the_workers_and_costs_no_try(world: World) -> None:
    world.plan(Task("1.1"), Task("2.1"), Task("2.2", after=("2.1",)))
    world.settings('grace = "1s"\nretries = 0\n')
    process = world.begin(world.agent(WAITING))
    begun(world, 2)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    assert world.finish(process).status == 130
    world.until(lambda: not world.processes(), "the end of every process", 5.0)
    assert world.ledger() == [line for line in world.ledger() if line.what == "start"]
    go(world)
    assert world.execute().status == 0
    assert sorted(world.started()) == [("1.1", 1), ("1.1", 2), ("2.1", 1), ("2.1", 2), ("2.2", 1)]
    world.check_laws()


def test_interrupts_at_any_moment_lose_nothing(world: World) -> None:
    """Two ^C shortly after each other, again and again, whatever is under way: set-up, work, checks or a merge."""
    world.plan(*(Task(f"1.{n}", verify="sleep 0.2") for n in range(1, 6)))
    world.settings('grace = "500ms"\nretries = 0\n')
    agent = world.agent("make\nsay done ok\nend\n")
    for turn in range(8):
        process = world.begin(agent)
        time.sleep(0.35 + 0.1 * turn)
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            time.sleep(0.05)
            process.send_signal(signal.SIGINT)
        assert world.finish(process, 20).status in (0, 130, -2)  # -2: so early that nothing had begun
        world.until(lambda: not world.processes(), "the end of every process", 5.0)
    assert world.execute(agent).status == 0
    # A name whose branch was made, and whose run was not begun any more, is not taken again: it may be `r2`.
    world.check_laws(world.run("status").json["run"])


def test_cancel_of_a_running_task_from_outside(world: World) -> None:
    world.plan(Task("1.1"), Task("1.2", after=("1.1",)), Task("2.1"))
    world.settings('grace = "1s"\n')
    process = world.begin(world.agent(WAITING))
    begun(world, 2)
    at = time.monotonic()
    assert world.run("cancel", "1.1").status == 0
    world.until(lambda: world.task("1.1").state == "cancelled", "the cancel")
    assert time.monotonic() - at < 5
    go(world)
    result = world.finish(process)
    assert result.status == 3, result
    assert world.states() == {"1.1": "cancelled", "1.2": "pending", "2.1": "done"}
    assert (world.root / ".branchline/worktrees/r1/1.1/out-1.1.txt").exists()
    assert world.run("retry", "1.1").status == 0
    assert world.execute().status == 0
    assert world.states() == {"1.1": "done", "1.2": "done", "2.1": "done"}
    assert world.salvaged("1.1", "out-1.1.txt") == ["made by 1.1 1"]
    world.check_laws()


def test_wishes_said_twice_are_granted_once(world: World) -> None:
    """Nobody holds the lock: both wishes wait side by side, and the second no longer fits when its turn comes."""
    world.plan(Task("1.1"), Task("1.2", after=("1.1",)), Task("2.1"))
    world.settings("retries = 0\n")
    body = 'if [ "$run" = "1.1 1" ] || [ "$BRANCHLINE_TASK_ID" = 2.1 ]; then exit 1; fi\nmake; say done ok\n'
    agent = world.agent(body)
    assert world.execute(agent).status == 4
    for verb, task in (("retry", "1.1"), ("retry", "1.1"), ("skip", "2.1"), ("skip", "2.1")):
        assert world.run(verb, task).status == 0
    result = world.execute()
    assert result.status == 0, result
    assert world.states() == {"1.1": "done", "1.2": "done", "2.1": "skipped"}
    assert world.started().count(("1.1", 2)) == 1
    world.check_laws()


def test_a_wish_and_its_opposite(world: World) -> None:
    world.plan(Task("1.1"), Task("2.1"))
    world.settings("retries = 0\n")
    assert world.execute(world.agent("exit 1\n")).status == 4
    for verb, task in (("retry", "1.1"), ("cancel", "1.1"), ("skip", "2.1"), ("retry", "2.1"), ("skip", "2.1")):
        world.run(verb, task)
    assert world.execute().status in (0, 4)
    states = world.states()
    assert (states["1.1"], states["2.1"]) == ("cancelled", "skipped"), world.story()
    world.check_laws()


def test_a_wish_for_another_run_waits_for_that_run(world: World) -> None:
    world.plan(Task("1.1"))
    world.plan(Task("9.1"), name="other.md")
    ask = 'if ! grep -q "forty-two" "$BRANCHLINE_PROMPT_FILE" && [ "$BRANCHLINE_TASK_ID" = 1.1 ]; then\n'
    ask += """printf '{"status": "blocked", "text": "what?"}' > "$BRANCHLINE_EXIT_FILE"; else make; say done ok; fi\n"""
    agent = world.agent(ask)
    assert world.execute(agent).status == 3
    assert world.run("answer", "1.1", "forty-two").status == 0
    assert world.run("execute", "other.md", "--yes", "--worker", agent).status == 0
    assert world.execute().status == 0
    assert world.task("1.1").state == "done"
    for run in ("r1", "r2"):
        world.check_replay(run)
        world.check_merges(run)


def test_a_skipped_task_can_be_taken_up_after_all_is_done(world: World) -> None:
    world.plan(Task("1.1"), Task("2.1"))
    world.settings("retries = 0\n")
    agent = world.agent('[ "$run" = "2.1 1" ] && exit 1\nmake\nsay done ok\n')
    assert world.execute(agent).status == 4
    assert world.run("skip", "2.1").status == 0
    assert world.execute().status == 0
    assert world.run("retry", "2.1").status == 0
    assert world.execute().status == 0
    assert world.states() == {"1.1": "done", "2.1": "done"}
    world.check_laws()


def test_cancel_without_a_coordinator_stops_what_custody_holds(world: World) -> None:
    world.plan(Task("1.1"), Task("2.1"))
    world.settings('grace = "500ms"\n')
    process = world.begin(world.agent(WAITING))
    begun(world, 2)
    process.kill()
    process.communicate()
    assert world.run("cancel", "1.1").json["stopping"] == ["1.1"]
    assert "being stopped: cancelled" in world.run("why", "1.1").json["reason"]
    go(world)
    result = world.execute()
    assert result.status == 0, result
    assert world.states()["2.1"] == "done"
    assert world.states()["1.1"] == "cancelled"
    assert world.merges() == ["2.1"]
    world.check_laws()


def test_a_second_coordinator_goes_away_at_once(world: World) -> None:
    world.plan(Task("1.1"))
    process = world.begin(world.agent(WAITING))
    begun(world)
    at = time.monotonic()
    assert world.execute().status == 75
    assert world.run("pulse", "plan.md", "--once").status == 75
    assert time.monotonic() - at < 4
    go(world)
    assert world.finish(process).status == 0
    world.check_laws()


def test_wishes_that_do_not_fit_are_refused_in_words(world: World) -> None:
    world.plan(Task("1.1"))
    assert world.execute(world.agent("make\nsay done ok\n")).status == 0
    for verb in ("retry", "skip", "accept", "cancel"):
        refused = world.run(verb, "1.1")
        assert refused.status == 2
        assert "1.1" in refused.json["error"]
    assert world.run("retry", "7.7").status in (1, 2)
    assert world.run("answer", "1.1", "what").status == 2


def test_an_adopted_worker_that_falls_silent_is_stopped(world: World) -> None:
    """The coordinator dies before it could record the start: the next one must still see the silence."""
    world.plan(Task("1.1"))
    world.settings('silence = "1s"\ngrace = "200ms"\nretries = 0\n')
    process = world.begin(world.agent(WAITING))
    begun(world)
    process.kill()
    process.communicate()
    result = world.execute(timeout=20)
    assert result.status == 4, result
    assert "timeout" in world.reasons()["1.1"]
    world.check_laws()


def test_a_nested_plan_goes_on_with_another_worker(world: World) -> None:
    world.plan(Task("1.1"), Task("1.2", after=("1.1",)), Task("2.1"), phases=True)
    assert world.execute(world.agent("say failed no\nend\n", "bad.sh")).status == 4
    assert world.run("retry", "1.1").status == 0
    result = world.execute(world.agent("make\nsay done ok\nend\n"))
    assert result.status == 0, result


def test_a_worker_that_is_not_there_is_refused_and_one_that_has_gone_stops_no_run(world: World) -> None:
    def settings(name: str, body: str) -> None:
        path = world.agent(body, f"{name}.sh").removeprefix("shell:")
        world.settings(f'[workers.{name}]\nkind = "shell"\nargv = ["{path}"]\n[roles.build]\nworker = "{name}"\n')

    world.plan(Task("1.1"), Task("2.1"))
    settings("mine", "say failed no\nend\n")
    assert world.execute().status == 4
    for name, said in (
        ("nope", "no worker 'nope'"),
        ("shell:./x", "no worker 'shell:./x'"),
        ("shell", "needs a program"),
    ):
        refused = world.run("retry", "1.1", "--worker", name)
        assert (refused.status, said in refused.json["error"]) == (2, True), refused
    settings("other", "make\nsay done ok\nend\n")
    for task in ("1.1", "2.1"):
        assert world.run("retry", task, "--worker", "other").status == 0
    assert world.execute().status == 0
    assert sorted(world.merges()) == ["1.1", "2.1"]


def test_confirm_without_a_terminal_starts_nothing(world: World) -> None:
    world.plan(Task("1.1"))
    agent = world.agent("make\nsay done ok\nend\n")
    assert world.run("decompose", "plan.md", "--yes").status == 0
    for more in ([], ["--detach"]):
        refused = world.run("execute", "plan.md", "--worker", agent, "--confirm", "task", *more)
        assert (refused.status, refused.json["code"]) == (3, "E_NOT_APPROVED"), refused
    assert world.started() == []
    assert world.execute(agent, "--confirm", "task").status == 0


def test_no_in_the_review_takes_an_earlier_approval_back(world: World) -> None:
    world.plan(Task("1.1"))
    assert world.run("decompose", "plan.md", "--yes").status == 0
    console = Console(world.root, dict(os.environ), io.StringIO(), lambda _: "n", lambda _: 0, interactive=True)
    assert review_plan(console, "plan.md", yes=False, whole=False).status == 3
    refused = world.run("execute", "plan.md", "--worker", world.agent("make\nsay done ok\nend\n"))
    assert refused.json["code"] == "E_NOT_APPROVED", refused
    assert "`branchline review plan.md`" in refused.json["error"], "another graph may be the newest one"
    assert world.started() == []
