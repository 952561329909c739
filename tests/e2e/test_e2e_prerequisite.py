"""A worker that lacks something: a task that provides it is proposed, or one of the plan is done first; never in a circle."""

import json

import pytest

from worlds import Task, World

LACKS = """case "$run" in
"@WHO@ 1") printf '%s' '@ASKED@' > "$BRANCHLINE_EXIT_FILE";;
*) cp "$BRANCHLINE_PROMPT_FILE" "$(dirname "$ledger")/prompt-$BRANCHLINE_TASK_ID"; make; say done "made $BRANCHLINE_TASK_ID";;
esac
end
"""


def lacking(world: World, who: str, text: str) -> str:
    asked = json.dumps({"status": "blocked", "kind": "missing_dependency", "text": text})
    return world.agent(LACKS.replace("@WHO@", who).replace("@ASKED@", asked))


def asked(world: World) -> dict[str, object]:
    (question,) = world.run("inbox").json["questions"]
    return {name: question[name] for name in ("task", "kind", "text", "options")}


def ends(world: World) -> list[str]:
    return [line.task for line in world.ledger() if line.what == "end"]


@pytest.mark.parametrize("phases", [False, True])
def test_a_task_that_provides_it_is_proposed_and_done_first(world: World, phases: bool) -> None:
    world.settings('[gate]\ncommands = ["true"]\n')
    world.plan(Task("1.1"), Task("1.2", after=("1.1",)), Task("1.10"), phases=phases)
    assert world.execute(lacking(world, "1.2", "There is no parser yet."), "-j", "1").status == 3
    assert asked(world) == {
        "task": "1.2", "kind": "prerequisite", "options": ["add", "go on"],
        "text": "There is no parser yet.\n\nProposed: a task 1.2-pre-1 provides it first.",
    }  # fmt: skip
    assert world.run("answer", "1.2", "--option", "1").status == 0
    assert world.execute("", "-j", "1").status == 0
    assert world.states() == dict.fromkeys(("1.1", "1.2", "1.10", "1.2-pre-1"), "done")
    assert ends(world).index("1.2-pre-1") < len(ends(world)) - 1 - ends(world)[::-1].index("1.2")
    told = (world.folder / "prompt-1.2-pre-1").read_text()
    assert "Provide what 1.2 needs: There is no parser yet." in told
    after = (world.folder / "prompt-1.2").read_text()
    assert "made 1.2-pre-1" in after.partition("Results this task builds on")[2]
    assert world.tip("out-1.2-pre-1.txt")
    world.check_laws()
    assert world.execute().status == 0, "and the run knows it the next time too"
    assert len(world.states()) == 4


def test_what_was_added_stays_when_the_plan_changes_and_goes_with_its_task(world: World) -> None:
    world.plan(Task("1.1"))
    worker = lacking(world, "1.1", "There is no parser yet.")
    assert world.execute(worker).status == 3
    assert world.run("answer", "1.1", "--option", "1").status == 0
    assert world.execute(worker).status == 3  # to name a worker is to plan anew
    assert world.states() == {"1.1": "pending", "1.1-pre-1": "held"}
    world.plan(Task("1.1"), Task("1.2"))
    assert world.execute(worker).status == 3
    assert world.states() == {"1.1": "pending", "1.1-pre-1": "held", "1.2": "done"}
    assert world.run("accept", "1.1-pre-1").status == 0
    assert world.execute(worker, "--only", "1.1-pre-1").status == 0
    assert world.states() == {"1.1": "ready", "1.1-pre-1": "done", "1.2": "done"}
    world.check_laws()
    world.plan(Task("1.2"))
    assert world.execute(worker).status == 0
    assert world.states() == {"1.1": "cancelled", "1.1-pre-1": "done", "1.2": "done"}


def test_an_order_that_was_added_stays_until_the_plan_forbids_it(world: World) -> None:
    world.plan(Task("1.1"), Task("2.1"))
    worker = lacking(world, "1.1", "It needs what task 2.1 makes.")
    assert world.execute(worker, "--only", "1.1").status == 3
    assert world.run("answer", "1.1", "--option", "1").status == 0
    assert world.execute(worker, "--only", "1.1").status == 3
    assert "waits for 2.1" in world.reasons()["1.1"]
    world.plan(Task("1.1"), Task("2.1", after=("1.1",)))
    assert world.execute(worker).status == 0
    assert ends(world)[-2:] == ["1.1", "2.1"]
    world.check_laws()


def test_a_task_of_the_plan_that_is_named_is_done_first(world: World) -> None:
    world.plan(Task("1.1"), Task("1.2"), Task("2.1", after=("1.2",)))
    worker = lacking(world, "1.1", "It needs what task 2.1 makes.")
    assert world.execute(worker, "-j", "1", "--only", "1.1").status == 3
    assert asked(world)["options"] == ["wait for 2.1", "go on"]
    assert world.run("answer", "1.1", "--option", "1").status == 0
    assert world.execute("", "-j", "1", "--only", "1.1", "1.2", "2.1").status == 0
    assert ends(world)[-3:] == ["1.2", "2.1", "1.1"]
    world.check_laws()


def test_a_circle_is_never_proposed(world: World) -> None:
    world.plan(Task("1.1"), Task("1.2", after=("1.1",)), Task("1.3", after=("1.2",)))
    assert world.execute(lacking(world, "1.1", "It needs `1.3` first.")).status == 3
    question = asked(world)
    assert (question["kind"], question["options"]) == ("missing_dependency", [])
    assert "Task 1.3 waits for this one itself" in str(question["text"])


def test_to_go_on_adds_nothing(world: World) -> None:
    world.plan(Task("1.1"))
    assert world.execute(lacking(world, "1.1", "There is no parser yet.")).status == 3
    assert world.run("answer", "1.1", "go", "on").status == 0
    assert world.execute().status == 0
    assert world.states() == {"1.1": "done"}
    world.check_laws()


def test_what_no_context_holds_is_proposed_in_pieces_and_done_by_them(world: World) -> None:
    world.settings('[gate]\ncommands = ["true"]\n')
    world.plan(Task("1.1", verify="test $(cat out-1.1-part-*.txt | wc -l) -eq 2"), Task("1.2", after=("1.1",)))
    left = json.dumps({"status": "partial", "cause": "context", "missing": ["the *parser*", "the\nprinter"]})
    body = f"""case "$run" in
"1.1 1"|"1.1 2") printf '%s' '{left}' > "$BRANCHLINE_EXIT_FILE";;
*) make; say done "made $BRANCHLINE_TASK_ID";;
esac
end
"""
    assert world.execute(world.agent(body)).status == 3
    question = asked(world)
    assert (question["kind"], question["options"]) == ("prerequisite", ["split", "go on"])
    assert str(question["text"]).endswith("done first.\n- the *parser*\n- the printer")
    assert world.run("answer", "1.1", "split").status == 0
    assert world.execute().status == 0
    assert world.states() == dict.fromkeys(("1.1", "1.1-part-1", "1.1-part-2", "1.2"), "done")
    assert set(ends(world)[2:4]) == {"1.1-part-1", "1.1-part-2"}
    world.check_laws()


def test_to_go_on_with_what_no_context_held_begins_a_session_of_its_own(world: World) -> None:
    world.plan(Task("1.1"))
    left = '{"status": "partial", "cause": "context", "missing": ["a", "b"]}'
    body = (
        f"""[ "$BRANCHLINE_ATTEMPT" = 3 ] && make && say done ok || printf '%s' '{left}' > "$BRANCHLINE_EXIT_FILE"\n"""
    )
    assert world.execute(world.agent(body)).status == 3
    assert world.run("answer", "1.1", "go on").status == 0
    assert world.execute().status == 0
    assert set(world.states()) == {"1.1"}
