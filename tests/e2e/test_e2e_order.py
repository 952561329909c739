"""Order of dispatch, mutexes, batches, and pulse as the same engine."""

import shutil
from typing import Any

import pytest

from worlds import SCALE, Task, World

QUICK = "make\nsay done ok\nend\n"
PLAN = (
    Task("1.1"),
    Task("1.2"),
    Task("1.10", after=("1.2",)),
    Task("2.1"),
    Task("2.2", after=("2.1",)),
    Task("3.1"),
    Task("3.2"),
)


def dispatched(world: World, run: str) -> list[str]:
    """The tasks in the order in which they were given a slot."""
    from branchline.store import Store

    with Store.open(world.root / ".branchline" / "state.db") as store:
        return [str(event.task) for event in store.events(run) if event.kind == "dispatching"]


def approve_without_phases(world: World) -> None:
    world.run("decompose", "plan.md", "--order", "written", "--yes")


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [  # while 1.2 is merged nobody waits: its slot takes the next branch
        ("depth-first", ["1.1", "1.2", "2.1", "1.10", "2.2", "3.1", "3.2"]),
        ("breadth-first", ["1.1", "2.1", "3.1", "1.2", "2.2", "3.2", "1.10"]),
        ("critical-path", ["1.2", "2.1", "1.1", "1.10", "2.2", "3.1", "3.2"]),
    ],
)
def test_with_one_slot_the_order_is_the_strategys_and_twice_the_same(
    world: World, strategy: str, expected: list[str]
) -> None:
    world.plan(*PLAN, phases=True)
    approve_without_phases(world)
    agent = world.agent(QUICK)
    # A run that learned from another one goes the same way; without estimates there is nothing to learn from.
    for run in ("r1", "r2") if strategy == "critical-path" or SCALE > 1 else ("r1",):
        result = world.execute(agent, "-j", "1", "--strategy", strategy, *(("--new",) if run == "r2" else ()))
        assert result.status == 0, result
        assert dispatched(world, run) == expected
        world.check_replay(run)


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_never_more_at_once_than_slots(world: World, jobs: int) -> None:
    world.plan(*(Task(f"1.{n}") for n in range(1, 7)))
    assert world.execute(world.agent("make\nsleep 0.2\nsay done ok\nend\n"), "-j", str(jobs)).status == 0
    now = most = 0
    for line in world.ledger():
        now += 1 if line.what == "start" else -1
        most = max(most, now)
    assert 1 <= most <= jobs
    world.check_laws()


def test_a_batch_ends_before_the_next_begins(world: World) -> None:
    world.plan(*(Task(f"1.{n}") for n in range(1, 5)))
    assert (
        world.execute(world.agent("make\nsleep 0.$BRANCHLINE_ATTEMPT\nsay done ok\nend\n"), "-j", "2", "--batch").status
        == 0
    )
    seen = [(line.what, line.task) for line in world.ledger()]
    assert {task for what, task in seen[:4]} == {"1.1", "1.2"}
    assert {task for what, task in seen[4:]} == {"1.3", "1.4"}
    world.check_laws()


def test_two_tasks_that_modify_one_file_never_run_together(world: World) -> None:
    world.plan(
        Task("1.1", files=("README.md",)),
        Task("1.2", files=("README.md",)),
        Task("2.1", files=("README.md", "other.txt")),
        Task("2.2", files=("other.txt",)),
    )
    world.settings('[land]\nminimum = "checked"\n')
    body = (
        'make\n[ $BRANCHLINE_TASK_ID = 2.2 ] || echo "$BRANCHLINE_TASK_ID" >> README.md\nsleep 0.2\nsay done ok\nend\n'
    )
    result = world.execute(world.agent(body))
    assert result.status == 0, result
    spans: dict[str, list[float]] = {}
    for line in world.ledger():
        spans.setdefault(line.task, []).append(line.at)
    for one, two in (("1.1", "1.2"), ("1.1", "2.1"), ("1.2", "2.1")):
        assert spans[one][1] <= spans[two][0] or spans[two][1] <= spans[one][0], spans
    assert len(world.started()) == 4, "a mutex leaves nothing to conflict"
    world.check_laws()


def test_pulse_again_and_again_comes_to_the_same_end(world: World) -> None:
    world.plan(Task("1.1"), Task("1.2", after=("1.1",)), Task("2.1"), Task("3.1", after=("1.2", "2.1")))
    before, agent = world.checkout(), world.agent("make\nsleep 0.1\nsay done ok\nend\n")
    last: dict[str, Any] = {}

    def done() -> bool:
        result = world.run("pulse", "plan.md", "--once", "--worker", agent)
        assert result.status == 0, result
        last.update(result.json)
        return bool(last["state"] == "done")

    world.until(done, "the end of the run", 50.0)
    assert last["counts"] == {"done": 4}
    assert sorted(world.started()) == [("1.1", 1), ("1.2", 1), ("2.1", 1), ("3.1", 1)]
    assert world.checkout() == before
    world.check_laws()
    assert world.run("pulse", "plan.md", "--once").status == 0
    assert len(world.started()) == 4


def test_many_quick_pulses_start_nothing_twice(world: World) -> None:
    world.plan(*(Task(f"1.{n}") for n in range(1, 5)))
    agent = world.agent("make\nsleep 0.3\nsay done ok\nend\n")
    for _ in range(6):
        together = [world.start("pulse", "plan.md", "--json", "--worker", agent) for _ in range(3)]
        assert {world.finish(each).status for each in together} <= {0, 75}
    assert world.execute(agent).status == 0
    assert sorted(world.started()) == [(f"1.{n}", 1) for n in range(1, 5)]
    world.check_laws()


def test_fail_fast_starts_nothing_more(world: World) -> None:
    world.plan(*(Task(f"1.{n}") for n in range(1, 7)))
    world.settings("retries = 0\n")
    result = world.execute(
        world.agent('[ "$BRANCHLINE_TASK_ID" = 1.1 ] && exit 1\nsleep 0.5\n' + QUICK), "-j", "2", "--fail-fast"
    )
    assert result.status == 4, result
    assert {task for task, _ in world.started()} == {"1.1", "1.2"}
    world.check_laws()
    assert world.run("retry", "1.1").status == 0


def test_only_some_tasks(world: World) -> None:
    world.plan(Task("1.1"), Task("1.2", after=("1.1",)), Task("2.1"))
    agent = world.agent(QUICK)
    shown = world.execute(agent, "--dry-run", "--only", "2.1", "--only", "1.2").json
    assert (shown["batches"], shown["behind"]) == ([["2.1"]], {"1.2": ["1.1"]})
    assert [task["id"] for task in shown["tasks"]] == ["2.1", "1.2"]
    assert world.execute(agent, "--only", "1.1").status == 0
    assert world.states() == {"1.1": "done", "1.2": "ready", "2.1": "ready"}
    assert "not chosen by --only" in world.run("why", "2.1").json["reason"]
    assert world.execute(agent).status == 0
    assert set(world.states().values()) == {"done"}
    world.check_laws()


def test_in_place_there_is_one_at_a_time_and_the_plan_is_ticked(world: World) -> None:
    world.plan(Task("1.1"), Task("1.2"))
    head = world.git("rev-parse", "HEAD")
    result = world.execute(world.agent("make\nsleep 0.2\nsay done ok\nend\n"), "--in-place")
    assert result.status == 0, result
    assert [line.what for line in world.ledger()] == ["start", "end"] * 2
    assert (world.root / "out-1.1.txt").read_text() == "made by 1.1 1\n"
    assert world.git("rev-parse", "HEAD") == head
    assert {attempt.purpose for attempt in world.rows()[1]} == {"work", "check"}
    world.check_replay()


def test_nothing_is_started_to_check_what_has_no_check_and_no_repository(world: World) -> None:
    world.write("plan.md", "- [ ] 1.1 Write one part\n- [ ] 1.2 Write another part\n")
    shutil.rmtree(world.root / ".git")
    agent = world.agent("make\nsay done ok\nend\n")
    held = world.execute(agent, "--in-place", "--only", "1.1", "--minimum", "gated")
    assert (held.status, world.states()["1.1"]) == (3, "held"), held
    assert world.execute(agent, "--in-place", "--new", "--minimum", "unchecked").status == 0
    _, attempts, _ = world.rows("r2")
    assert [(a.task, a.purpose) for a in attempts] == [("1.1", "work"), ("1.2", "work")]
    assert world.run("evidence", "1.1").json["level"] == "unchecked"
    world.check_replay("r2")


def test_a_box_that_a_kill_left_open_is_ticked_when_the_run_goes_on(world: World) -> None:
    plan = "- [ ] 1.1 Write one part\n- [ ] 1.2 Write another part\n"
    world.write("plan.md", plan)
    words = ("--in-place", "--minimum", "unchecked")
    agent = world.agent("make\nsay done ok\nend\n")
    assert world.execute(agent, *words, "--only", "1.1").status == 0
    assert (world.root / "plan.md").read_text() == plan.replace("[ ] 1.1", "[x] 1.1")
    (world.root / "plan.md").write_text(plan)  # as if the coordinator had been killed before it wrote
    assert world.execute(agent, *words).status == 0
    assert (world.root / "plan.md").read_text() == plan.replace("[ ]", "[x]")
    assert world.started() == [("1.1", 1), ("1.2", 1)]


def test_a_run_in_worktrees_does_not_go_on_in_place(world: World) -> None:
    world.plan(Task("1.1"), Task("1.2", after=("1.1",)))
    agent = world.agent("make\nsay done ok\nend\n")
    assert world.execute(agent, "--only", "1.1").status == 0
    tip, before = world.git("rev-parse", "branchline/r1/tip"), world.checkout()
    refused = world.execute(agent, "--in-place")
    assert refused.status == 2, refused
    assert "--new" in refused.json["error"]
    assert (world.git("rev-parse", "branchline/r1/tip"), world.checkout()) == (tip, before)
    assert world.execute().status == 0


def test_execute_says_of_each_waiting_task_what_it_waits_for(world: World) -> None:
    world.plan(Task("1.1"), Task("1.2", after=("1.1",)))
    asking = world.agent('printf \'{"status": "blocked", "text": "A or B?"}\' > "$BRANCHLINE_EXIT_FILE"\nend\n')
    result = world.execute(asking)
    assert result.status == 3, result
    assert result.json["waiting"]["1.2"] == "waits for 1.1 (blocked: answer it)"
    again = world.finish(world.start("execute", "plan.md"))
    assert "1.2 Write part 1.2: waits for 1.1 (blocked: answer it)" in again.out


def test_work_done_in_place_is_not_to_be_landed(world: World) -> None:
    world.plan(Task("1.1"))
    assert world.execute(world.agent("make\nsay done ok\nend\n"), "--in-place").status == 0
    landed = world.finish(world.start("land"))
    assert landed.status == 0, landed
    assert "worked in place" in landed.out
    assert "branchline land" not in world.finish(world.start("execute", "plan.md")).out
    assert "no run r9" in world.run("land", "--run", "r9").json["error"]


def test_status_counts_the_slots_of_the_settings(world: World) -> None:
    world.settings("jobs = 2\n")
    world.plan(Task("1.1"))
    assert world.execute(world.agent("make\nsay done ok\nend\n")).status == 0
    assert world.run("status").json["slots"] == {"used": 0, "total": 2}


ESTIMATED = """# A plan

- [ ] 1 Short
  - Needs: gpu
  - Estimate: 4h
- [ ] 2 First
  - Estimate: 1h
- [ ] 3 Long
  - Depends on: 2
  - Needs: gpu
  - Estimate: 9h
- [ ] 4 Last
  - Depends on: 3
  - Estimate: 3h
- [ ] 5 Alone
  - Estimate: 14h
"""


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["--strategy", "depth-first"], ["1", "2", "5", "3", "4"]),
        (["--strategy", "critical-path", "--optimise", "0s"], ["5", "2", "1", "3", "4"]),
        (["--strategy", "critical-path"], ["5", "2", "3"]),
    ],
    ids=["plan", "estimates", "search"],
)
def test_estimates_and_a_search_decide_who_gets_what_is_scarce(
    world: World, flags: list[str], expected: list[str]
) -> None:
    """By estimates the task that stands alone comes first; the search also keeps the gpu free for the long one."""
    world.write("plan.md", ESTIMATED)
    world.settings("[gate]\ncommands = ['true']\n")
    world.run("decompose", "plan.md", "--order", "written", "--yes")
    result = world.execute(world.agent(QUICK), "-j", "3", *flags)
    assert result.status == 0, result
    order = dispatched(world, "r1")
    assert (order[: len(expected)], len(order)) == (expected, 5)
    world.check_replay("r1")
