"""The watchdog from outside: it names what it sees, asks or acts as it was told to, and keeps all work."""

import json

from test_e2e_limits import opencode

from worlds import Task, World

HANGS = 'if [ "$run" = "1.1 1" ]; then make; echo "thinking hard"; exec sleep 600; fi\n'
HONEST = "make\nsay done ok\nend\n"


def settings(world: World, on_hung: str, silence: str = "1s") -> None:
    world.settings(f'silence = "{silence}"\ngrace = "200ms"\non_hung = "{on_hung}"\n')


def hung(world: World) -> bool:
    return [q["kind"] for q in world.run("inbox").json["questions"]] == ["hung"]


def test_asked_for_it_asks_and_stops_nothing(world: World) -> None:
    world.plan(Task("1.1"), Task("2.1"))
    settings(world, "ask", "3s")
    process = world.begin(world.agent(HANGS + HONEST))
    world.until(lambda: world.started(), "an agent")
    world.until(lambda: hung(world), "the question")
    assert world.reasons()["1.1"].startswith("hung: silent for ")
    assert world.run("why", "1.1").json["next"] == ["branchline answer 1.1 wait    (or: resume, retry, cancel)"]
    refused = world.run("answer", "1.1", "do something")
    assert (refused.status, "wait, resume, retry or cancel" in refused.json["error"]) == (2, True)
    assert world.states() == {"1.1": "running", "2.1": "done"}, "all else goes on"
    assert world.run("answer", "1.1", "wait").status == 0
    world.until(lambda: not hung(world), "the answer")
    world.until(lambda: hung(world), "the same question, after another while of silence")
    assert world.started().count(("1.1", 2)) == 0
    assert world.run("answer", "1.1", "retry").status == 0
    result = world.finish(process)
    assert result.status == 0, result
    assert world.task("1.1").tries == 1, "a person's word costs no try"
    assert world.salvaged("1.1", "out-1.1.txt") == ["made by 1.1 1"]
    world.check_laws()


def test_a_hung_worker_is_saved_ended_and_kept_as_evidence(world: World) -> None:
    world.plan(Task("1.1"))
    settings(world, "retry")
    world.settings('silence = "1s"\ngrace = "200ms"\nretries = 0\n')
    assert world.execute(world.agent(HANGS + HONEST)).status == 4
    found = world.run("evidence", "1.1").json["stopped"]
    assert [stop["attempt"] for stop in found] == [1]
    assert found[0]["cause"].startswith("timeout: silent for ")
    assert found[0]["tail"] == ["thinking hard"]
    assert found[0]["salvage"].startswith("refs/branchline/salvage/r1/1.1/1")
    assert world.salvaged("1.1", "out-1.1.txt") == ["made by 1.1 1"]
    assert "thinking hard" in world.finish(world.start("evidence", "1.1")).out
    world.check_laws()


def test_resume_goes_on_in_the_same_worktree(world: World) -> None:
    world.plan(Task("1.1"))
    settings(world, "ask")
    process = world.begin(world.agent(HANGS + "cat out-1.1.txt > old.txt\n" + HONEST))
    world.until(lambda: world.started(), "an agent")
    world.until(lambda: hung(world), "the question")
    assert world.run("answer", "1.1", "resume").status == 0
    assert world.finish(process).status == 0
    assert world.tip("old.txt") == "made by 1.1 1"
    world.check_laws()


def test_who_computes_in_silence_is_left_alone(world: World) -> None:
    world.plan(Task("1.1"))
    settings(world, "retry")
    spin = "end=$(($(date +%s) + 5)); while [ $(date +%s) -lt $end ]; do i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; done\n"
    result = world.execute(world.agent(spin + HONEST))
    assert result.status == 0, result
    assert world.started() == [("1.1", 1)]


def test_a_worker_that_speaks_again_takes_its_question_back(world: World) -> None:
    world.plan(Task("1.1"))
    settings(world, "ask")
    wait = 'while [ ! -e "$(dirname "$ledger")/go" ]; do sleep 0.5; done\n'
    process = world.begin(world.agent(wait + "for n in 1 2 3 4 5 6; do echo $n; sleep 0.3; done\n" + HONEST))
    world.until(lambda: world.started(), "an agent")
    world.until(lambda: hung(world), "the question")
    (world.folder / "go").touch()
    world.until(lambda: not hung(world), "the end of the question")
    assert world.finish(process).status == 0
    assert world.started() == [("1.1", 1)]
    world.check_laws()


def test_a_loop_is_named(world: World) -> None:
    world.plan(Task("1.1"))
    call = {"type": "tool_use", "sessionID": "s", "part": {"tool": "bash", "state": {"input": {"command": "ls"}}}}
    body = f"for n in 1 2 3 4 5 6 7 8; do printf '%s\\n' '{json.dumps(call)}'; done\n"
    opencode(world, body + 'while [ ! -e "$(dirname "$ledger")/go" ]; do sleep 0.1; done\nanswer\n')
    world.settings('silence = "40s"\n' + (world.root / "branchline.toml").read_text())  # so often are workers looked at
    process = world.begin("opencode")
    world.until(lambda: world.started(), "an agent")
    world.until(lambda: "looping: the same tool call 8 times" in world.reasons()["1.1"], "the advice")
    (world.folder / "go").touch()
    assert world.finish(process).status == 0
    world.check_laws()


def test_pulses_see_a_hung_worker_too(world: World) -> None:
    """Each pulse looks once; what one has seen, the next one knows."""
    world.plan(Task("1.1"))
    settings(world, "retry")
    words = ("pulse", "plan.md", "--worker", world.agent(HANGS + HONEST))
    world.run(*words)
    world.until(lambda: world.started(), "an agent")

    def stopped() -> bool:
        world.run(*words)
        return any("timeout: silent" in event.cause for event in world.events())

    world.until(stopped, "the end of the hung worker")
    told = [event for event in world.events() if "idle: silent" in event.cause]
    assert len(told) <= 1, "what is known is not told again"
    world.until(lambda: not world.processes(), "the end of its processes")


def test_a_flood_is_stopped_and_its_last_words_kept(world: World) -> None:
    world.plan(Task("1.1"))
    world.settings('retries = 0\ngrace = "200ms"\nlog_limit = 1\noutput_limit = 4\n')
    assert world.execute(world.agent("exec yes a flood\n")).status == 4
    assert world.reasons()["1.1"] == "failed: output: more than 4 MB were written"
    log = world.root / ".branchline/runs/r1/1.1/1/output.log"
    assert log.stat().st_size <= 1 << 20
    world.check_laws()
