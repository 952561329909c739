"""A question: whole in the inbox, answered by words, by number or by its own default, and told to who stands beside it."""

import json
import time
from datetime import datetime, timedelta

import pytest

from branchline.model.run import QuestionRow
from branchline.workflow.pulse import due_at
from worlds import Task, World

ASKED = {"status": "blocked", "text": "Which store?", "options": ["files", "SQLite"], "default": "SQLite"}
ASKS = """case "$run" in
"1.1 1") printf '%s' '@ASKED@' > "$BRANCHLINE_EXIT_FILE";;
*) cp "$BRANCHLINE_PROMPT_FILE" "$(dirname "$ledger")/prompt-$BRANCHLINE_TASK_ID"; make; say done ok;;
esac
end
"""
TASKS = (
    Task("1.1"),
    Task("1.2", after=("1.1",)),
    Task("1.3", after=("1.2",)),
    Task("2.1", after=("1.3",)),
    Task("3.1"),
)


def asking(world: World, **more: str) -> str:
    return world.agent(ASKS.replace("@ASKED@", json.dumps({**ASKED, **more})))


@pytest.fixture
def waiting(world: World) -> World:
    """A run that waits for the answer to one question."""
    world.plan(*TASKS, phases=True)
    assert world.execute(asking(world, deadline="30m")).status == 3
    return world


def prompt_of(world: World, task: str) -> str:
    return (world.folder / f"prompt-{task}").read_text()


def test_the_inbox_shows_all_of_it_and_who_waits(waiting: World) -> None:
    (question,) = waiting.run("inbox").json["questions"]
    asked = question.pop("asked")
    assert time.time() - 60 < asked <= time.time()
    assert question == {
        "run": "r1", "task": "1.1", "kind": "question", "text": "Which store?", "options": ["files", "SQLite"],
        "default": "SQLite",
        "deadline": "30m", "waits": ["1.2", "1.3", "2.1", "3.1"],
    }  # fmt: skip
    words = waiting.finish(waiting.start("inbox")).out
    assert "1. files" in words
    assert "2. SQLite  (default)" in words
    assert "1.2, 1.3, 2.1, 3.1 wait for it" in words


def test_an_option_is_chosen_by_its_number_and_told_to_the_tasks_beside(waiting: World) -> None:
    assert waiting.reasons()["1.2"] == "waits for 1.1 (blocked: answer it)"
    assert waiting.run("answer", "1.1", "--option", "1").status == 0
    assert (
        waiting.reasons()["1.2"] == "waits for 1.1 (blocked: answer waits for the next `branchline execute` or `pulse`)"
    )
    _has_its_answer(waiting)
    assert waiting.execute().status == 0
    assert set(waiting.states().values()) == {"done"}
    for task in ("1.2", "1.3"):
        assert "Task 1.1 asked:" in prompt_of(waiting, task)
        assert "files" in prompt_of(waiting, task).partition("Task 1.1 asked:")[2]
    assert "Task 1.1 asked:" not in prompt_of(waiting, "2.1"), "it stands below another parent"
    assert "Answers to earlier questions" in prompt_of(waiting, "1.1")


def _has_its_answer(world: World) -> None:
    """Nobody has acted on it yet: all that looks says so, and no second answer is taken that would not count."""
    assert world.run("inbox").json["questions"] == []
    said = "answer waits for the next `branchline execute` or `pulse`"
    told = "what you said waits for the next `branchline execute` or `pulse`"
    status = world.run("status").json
    assert ({task["id"]: task["reason"] for task in status["tasks"]}["1.1"], status["reason"]) == (said, told)
    report = world.run("report").json
    assert (report["reason"], report["questions"]) == (told, [])
    found = world.run("why", "1.1").json
    assert (found["reason"], found["next"]) == (said, ["branchline execute"])
    assert world.run("answer", "1.1", "--option", "2").json["code"] == "E_USAGE"


def test_a_task_that_is_beyond_its_model_waits_for_a_person(world: World) -> None:
    world.plan(*TASKS, phases=True)
    assert world.execute(asking(world, kind="capability", text="This needs a stronger model", deadline="")).status == 3
    (question,) = world.run("inbox").json["questions"]
    assert (question["task"], question["kind"], question["text"]) == (
        "1.1",
        "capability",
        "This needs a stronger model",
    )
    assert world.started() == [("1.1", 1)], "nothing tried it again by itself"
    assert world.run("answer", "1.1", "--run", "r1", "go on, with the second option").status == 0
    assert world.execute().status == 0


def test_the_inbox_holds_what_waits_in_the_runs_of_other_plans_too(waiting: World) -> None:
    waiting.write("other.md", "# Other\n\n- [ ] 9 Write it\n  - Verify: `true`\n")
    assert (
        waiting.run("execute", "other.md", "--yes", "--worker", waiting.agent("say done ok\nend\n", "o.sh")).status == 0
    )
    shown = waiting.finish(waiting.start("inbox")).out
    assert "1.1  question  (run r1)" in shown
    (command,) = (line.strip() for line in shown.splitlines() if "branchline answer" in line)
    assert command.startswith('branchline answer 1.1 --run r1 "..."')
    assert [(q["run"], q["task"]) for q in waiting.run("inbox").json["questions"]] == [("r1", "1.1")]
    assert waiting.run("inbox", "--run", "r2").json["questions"] == []
    assert "run r2 of other.md has no task 1.1" in waiting.run("answer", "1.1", "SQLite").json["error"]
    assert waiting.run("answer", "1.1", "--run", "r1", "SQLite").status == 0
    assert "The inbox is empty" in waiting.finish(waiting.start("inbox")).out


@pytest.mark.parametrize("words", [["--option", "3"], ["--option", "0"], ["--option", "1", "files"], [], [" "]])
def test_what_is_no_answer_is_refused_and_changes_nothing(waiting: World, words: list[str]) -> None:
    refused = waiting.run("answer", "1.1", *words)
    assert (refused.status, refused.json["code"]) == (2, "E_USAGE")
    assert len(waiting.run("inbox").json["questions"]) == 1


def test_pulse_takes_the_default_when_the_deadline_has_passed_and_not_before(world: World) -> None:
    world.plan(*TASKS)
    worker = asking(world, deadline="2s")
    world.run("pulse", "plan.md", "--worker", worker)
    world.until(lambda: bool(world.run("pulse") and world.rows()[2]), "the question")
    early = world.run("pulse").json.get("waiting", {})  # a slow machine may be past the deadline, or done
    assert early.get("1.1", "").startswith("question") or world.task("1.1").attempt == 2
    world.until(lambda: bool(world.run("pulse") and set(world.states().values()) == {"done"}), "the end", 90.0)
    assert "SQLite" in prompt_of(world, "1.1")
    (answered,) = [event for event in world.events() if event.kind == "answered"]
    assert answered.cause == "SQLite (its default, for nobody had answered by 2s)"
    (question,) = world.rows()[2]
    assert answered.at >= question.asked + 2
    world.check_replay()


def test_execute_leaves_a_deadline_to_the_person(world: World) -> None:
    world.plan(Task("1.1"))
    assert world.execute(asking(world, deadline="0s")).status == 3
    assert world.execute().status == 3
    assert world.states() == {"1.1": "blocked"}


@pytest.mark.parametrize(("deadline", "default", "due"), [
    ("30m", "x", 2800.0), ("500ms", "x", 1000.5), ("90", "x", 1090.0), ("30m", "", None), ("", "x", None),
    ("tomorrow", "x", None), ("1970-01-01T01:00:00Z", "x", 3600.0), ("1970-01-01T02:00+01:00", "x", 3600.0),
    ("99999-01-01", "x", None), ("NaN", "x", None), ("-5m", "x", None),
])  # fmt: skip
def test_deadlines_are_lengths_or_moments(deadline: str, default: str, due: float | None) -> None:
    assert (
        due_at(QuestionRow("r1", 1, "1", 1, "question", "?", default=default, deadline=deadline, asked=1000.0)) == due
    )


def test_a_moment_without_a_zone_is_the_machines_own() -> None:
    at = datetime.now().astimezone().replace(microsecond=0) + timedelta(hours=1)
    told = at.replace(tzinfo=None).isoformat()
    assert due_at(QuestionRow("r1", 1, "1", 1, "question", "?", default="x", deadline=told)) == at.timestamp()
