"""A failure that nobody explains gets one read-only task that finds out why, where the settings say so."""

import pytest

from worlds import Task, World

CRASHES = """cp "$BRANCHLINE_PROMPT_FILE" "$(dirname "$ledger")/prompt-$BRANCHLINE_TASK_ID"
case "$run" in
"1.1 3") make; say done ok;;
"1.1 "*) echo "segmentation fault in frobnicate"; exit 7;;
*diag*) say done "The compiler is missing: install gcc.";;
*) make; say done ok;;
esac
end
"""


@pytest.fixture
def diagnosing(world: World) -> World:
    world.settings('diagnose = true\n[gate]\ncommands = ["true"]\n')
    world.plan(Task("1.1"), Task("1.2", after=("1.1",)), Task("2.1"), phases=True)
    return world


def test_it_is_found_out_once_and_told_to_the_next_attempt(diagnosing: World) -> None:
    result = diagnosing.execute(diagnosing.agent(CRASHES))
    assert result.status == 4, result
    assert diagnosing.states() == {"1.1": "failed", "1.1-diag-1": "done", "1.2": "pending", "2.1": "pending"}
    page = (diagnosing.folder / "prompt-1.1-diag-1").read_text()
    for part in ("# Diagnose task 1.1: Write part 1.1", "You change nothing", "exit 7", "segmentation fault"):
        assert part in page
    assert diagnosing.execute().status == 4, "and no second one"
    assert [task for task, _ in diagnosing.started()].count("1.1-diag-1") == 1
    assert diagnosing.run("retry", "1.1").status == 0
    assert diagnosing.execute().status == 0
    assert "A diagnosis was made of it: The compiler is missing" in (diagnosing.folder / "prompt-1.1").read_text()
    diagnosing.check_replay()
    diagnosing.check_ledger()


def test_without_the_setting_and_for_a_failure_that_is_explained_there_is_none(diagnosing: World) -> None:
    told = 'case "$run" in "1.1 "*) say failed "The API is gone.";; *) make; say done ok;; esac\nend\n'
    assert diagnosing.execute(diagnosing.agent(told)).status == 4
    assert "1.1-diag-1" not in diagnosing.states()
    diagnosing.settings("diagnose = false\n")
    assert diagnosing.run("execute", "plan.md", "--yes", "--new", "--worker", diagnosing.agent(CRASHES)).status == 4
    assert "1.1-diag-1" not in diagnosing.states()
