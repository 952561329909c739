"""`why` names, for every kind of wait, what it is and what moves it on (DESIGN, section 8; I8)."""

import io
from typing import Any

import pytest
from test_e2e_limits import opencode

from branchline.workflow.console import Console
from branchline.workflow.look import status
from worlds import Task, World

GATED = 'while [ ! -e "$(dirname "$ledger")/go" ]; do sleep 0.05; done\nmake\nsay done ok\nend\n'


def why(world: World, task: str) -> dict[str, Any]:
    return world.run("why", task).json


@pytest.fixture
def busy(world: World) -> Any:
    """A run that is kept busy while it is asked; it ends well."""
    found: list[Any] = []

    def begin(*tasks: Task, words: tuple[str, ...] = ()) -> None:
        world.plan(*tasks)
        found.append(world.begin(world.agent(GATED), *words))
        world.until(lambda: world.started(), "an agent")

    yield begin
    (world.folder / "go").touch()
    assert world.finish(found[0]).status == 0
    world.check_laws()


def test_dependency_slot_and_mutex(world: World, busy: Any) -> None:
    tasks = (Task("1.1", files=("a.py",)), Task("1.2", files=("a.py",)), Task("1.3", after=("1.2",)))
    busy(*tasks, Task("1.4"), Task("1.5"), words=("-j", "2"))
    world.until(lambda: len(world.started()) == 2, "two agents")
    assert why(world, "1.2")["reason"] == "mutex: a.py with 1.1"
    assert why(world, "1.3")["reason"] == "waits for 1.2 (ready)"
    assert why(world, "1.5")["reason"] == "slot: 2 of 2 used"
    shown = {t["id"]: t["reason"] for t in world.run("status").json["tasks"]}
    assert all(shown[task] for task in ("1.2", "1.3", "1.5")), "status says the same"


def test_resource(world: World, busy: Any) -> None:
    world.settings("[resources]\ngpu = 1\n")
    world.write("x", "")
    text = "".join(f"- [ ] 1.{n} Train part 1.{n}\n  - Needs: gpu\n  - Verify: `true`\n" for n in (1, 2))
    world.plan = lambda *_: world.write("plan.md", f"# A plan\n\n{text}")  # type: ignore[method-assign]
    busy()
    assert why(world, "1.2")["reason"] == "resource: gpu: 1 of 1 used"
    assert len(world.started()) == 1


def test_retry_time_question_held_and_what_is_behind_them(world: World) -> None:
    world.plan(
        Task("1.1"),
        Task("1.2", after=("1.1",)),
        Task("1.3", after=("1.2",)),
        Task("2.1"),
        Task("2.2", after=("2.1",)),
        Task("3.1", verify=""),
        Task("3.2", after=("3.1",)),
        Task("4.1"),
    )
    world.settings('retries = 1\nsilence = "2s"\ngrace = "200ms"\n')
    body = """case "$BRANCHLINE_TASK_ID" in
1.1) exit 3 ;;
2.1) printf '{"status": "blocked", "text": "what?"}' > "$BRANCHLINE_EXIT_FILE"; exit 0 ;;
4.1) [ "$BRANCHLINE_ATTEMPT" = 1 ] && exec sleep 600 ;;
esac
make; say done ok; end
"""
    process = world.begin(world.agent(body))
    world.until(lambda: world.started(), "an agent")
    world.until(lambda: world.states().get("4.1") == "retrying", "the retry")
    assert why(world, "4.1")["reason"].startswith("retry time: in ")
    assert "timeout: silent for " in why(world, "4.1")["reason"]
    world.until(lambda: world.states()["1.1"] == "failed", "the failure")
    failed = why(world, "1.2")
    assert failed["reason"] == "waits for 1.1 (failed: retry or skip it)"
    assert "branchline skip 1.1" in failed["next"]
    behind = why(world, "1.3")
    assert behind["reason"] == "waits for 1.2 (pending), behind 1.1 (failed: retry or skip it)"
    assert (behind["behind"], behind["next"]) == ("1.1", failed["next"])
    assert why(world, "2.1")["reason"] == "question: what?"
    asked = why(world, "2.2")
    assert asked["reason"] == "waits for 2.1 (blocked: answer it)"
    assert asked["next"] == ['branchline answer 2.1 "..."']
    assert "unchecked" in why(world, "3.1")["reason"]
    assert why(world, "3.2")["reason"] == "waits for 3.1 (held: accept or retry it)"
    assert why(world, "3.2")["next"] == ["branchline accept 3.1    (or: branchline retry 3.1)"]
    assert world.run("cancel", "--all").status == 0
    assert world.finish(process).status == 4, "what failed has failed"


def test_lane(world: World) -> None:
    world.plan(Task("1.1"), Task("1.2"))
    opencode(world, "refuse 429 3999\n")
    assert world.execute("opencode", "-j", "1").status == 75
    assert why(world, "1.1")["reason"].startswith("lane: in 39")
    assert "provider acme: rate limit" in why(world, "1.1")["reason"]
    assert why(world, "1.2")["reason"].startswith("lane: provider acme is paused for 39")


def test_approval(world: World) -> None:
    world.write("plan.md", "# A plan\n\n1. Write part one\n2. Write part two\n")
    world.settings("[pulse]\nconfidence = 0.8\n")
    assert world.run("pulse", "plan.md", "--worker", world.agent(GATED)).status == 3
    held = why(world, "1")
    assert held["reason"] == "confidence 0.7 is under 0.8"
    assert "branchline accept 1" in held["next"]
    assert [q["kind"] for q in world.run("inbox").json["questions"]] == ["approval", "approval"]


def test_a_cancelled_run_is_over_and_can_be_taken_up_again(world: World) -> None:
    world.plan(Task("1.1"), Task("1.2", after=("1.1",)), Task("2.1"))
    world.settings('grace = "200ms"\n')
    process = world.begin(world.agent(GATED))
    world.until(lambda: len(world.started()) == 2, "two agents")
    assert world.run("cancel").status == 2, "a task must be named, or --all said"
    assert world.run("cancel", "--all").status == 0
    result = world.finish(process)
    assert (result.status, result.json["state"]) == (0, "cancelled"), result
    assert set(world.states().values()) == {"cancelled"}
    assert world.run("cancel", "--all").status == 2
    world.check_laws()
    (world.folder / "go").touch()
    for task in ("1.1", "1.2", "2.1"):
        assert world.run("retry", task).status == 0
    assert world.execute().status == 0
    assert set(world.states().values()) == {"done"}
    world.check_laws()


def test_status_has_colour_on_a_terminal_and_nowhere_else(world: World) -> None:
    class Tty(io.StringIO):
        def isatty(self) -> bool:
            return True

    def shown(out: io.StringIO, **env: str) -> str:
        return status(Console(world.root, env, out, lambda _: "", lambda _: 0), "").text

    world.plan(Task("1.1", verify="false"))
    world.execute(world.agent("make\nsay done ok\nend\n"))
    assert "\x1b[31mfailed\x1b[0m" in shown(Tty(), TERM="xterm")
    for plain in (shown(Tty(), NO_COLOR="1"), shown(Tty(), TERM="dumb"), shown(io.StringIO())):
        assert "failed" in plain
        assert "\x1b" not in plain
