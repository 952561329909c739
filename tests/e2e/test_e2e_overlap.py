"""Many at the same moment: eight coordinators of one plan, one that was held up, fifteen workers that end together."""

import signal

import pytest

from worlds import SCALE, Task, World

ROUNDS = max(2, round(5 * SCALE))
"""50 at scale 10."""
WAIT = """while [ ! -e '{gate}' ]; do sleep 0.02; done
{end}
"""
HONEST = "make; say done ok; end"


def test_of_eight_coordinators_one_works_and_seven_go(world: World) -> None:
    for number in range(ROUNDS):
        gate = world.folder / f"gate-{number}"
        tasks = [Task(f"{number + 1}.{n}", after=(f"{number + 1}.1",) if n > 1 else ()) for n in range(1, 4)]
        world.plan(*tasks, name=f"plan-{number}.md")
        agent = world.agent(WAIT.format(gate=gate, end=HONEST))
        words = ("execute", f"plan-{number}.md", "--yes", "--json", "--worker", agent)
        rivals = [world.start(*words) for _ in range(8)]
        world.until(lambda them=rivals: sum(r.poll() is not None for r in them) >= 7, "the end of seven")  # type: ignore[misc]
        gate.touch()
        ends = [world.finish(rival) for rival in rivals]
        assert sorted(end.status for end in ends) == [0] + [75] * 7, "\n".join(map(str, ends))
        assert {end.json["code"] for end in ends if end.status == 75} == {"E_LOCKED"}
        run = next(end.json["run"] for end in ends if end.status == 0)
        ids = {task.id for task in tasks}
        assert sorted(start for start in world.started() if start[0] in ids) == sorted((name, 1) for name in ids)
        world.check_replay(run)
        world.check_merges(run)


@pytest.mark.parametrize("lock", ["held", "lost"])
def test_a_coordinator_that_was_held_up_does_nothing_twice(world: World, lock: str) -> None:
    """The kernel keeps its lock as long as it lives; when that is lost, whoever took over is the one who writes."""
    gate = world.folder / "gate"
    world.plan(*(Task(f"1.{n}", after=("1.1",) if n > 2 else ()) for n in range(1, 5)))
    words = ("execute", "plan.md", "--yes", "--json", "--worker", world.agent(WAIT.format(gate=gate, end=HONEST)))
    first = world.start(*words)
    world.until(lambda: len(world.started()) == 2, "two agents")
    world.until(lambda: [row.state for row in world.rows()[0]].count("running") == 2, "nothing more to write")
    first.send_signal(signal.SIGSTOP)
    if lock == "held":
        refused = world.finish(world.start(*words))
        assert (refused.status, refused.json["code"]) == (75, "E_LOCKED"), refused
    else:
        (world.root / ".branchline" / "lock").unlink()
    second = world.start(*words) if lock == "lost" else None
    gate.touch()
    if second:
        result = world.finish(second)
        assert result.status == 0, result
    first.send_signal(signal.SIGCONT)
    end = world.finish(first)
    assert end.status == (75 if second else 0), end
    assert not second or "took over while this one was held up" in end.json["error"]
    assert sorted(world.started()) == [(f"1.{n}", 1) for n in range(1, 5)]
    assert set(world.states().values()) == {"done"}
    world.check_laws()


def test_fifteen_workers_that_end_at_once_are_all_collected_with_their_codes(world: World) -> None:
    gate = world.folder / "gate"
    world.plan(*(Task(f"1.{n}") for n in range(1, 16)))
    world.settings("retries = 0\n")
    agent = world.agent(WAIT.format(gate=gate, end='end; exit "${BRANCHLINE_TASK_ID#1.}"'))
    process = world.begin(agent, "-j", "15")
    world.until(lambda: len(world.started()) == 15, "the start of fifteen")
    gate.touch()
    result = world.finish(process)
    assert result.status == 4, result
    work = [row for row in world.rows()[1] if row.purpose == "work"]
    assert {row.task: row.exit for row in work} == {f"1.{n}": n for n in range(1, 16)}
    assert len(work) == 15
    assert {row.state for row in world.rows()[1]} == {"ended"}
    world.check_laws()
