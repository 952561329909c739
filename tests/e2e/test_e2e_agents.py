"""Agents of every temper, and exactly what becomes of their work."""

import os
import pwd

from worlds import Task, World


def test_an_honest_agent_gets_its_work_merged(world: World) -> None:
    world.plan(Task("1.1"), Task("1.2"), Task("2.1", after=("1.1", "1.2")))
    before = world.checkout()
    result = world.execute(world.agent('make\nsay done "wrote it"\nend\n'))
    assert result.status == 0, result
    assert result.json["state"] == "done"
    assert world.states() == {"1.1": "done", "1.2": "done", "2.1": "done"}
    assert world.tip("out-2.1.txt") == "made by 2.1 1"
    assert world.tip("plan.md").count("- [x]") == 3
    proof = world.run("evidence", "2.1")
    assert proof.json["level"] == "checked"
    assert [(c["command"], c["exit"]) for c in proof.json["checks"]] == [("test -s out-2.1.txt", 0)]
    assert world.checkout() == before
    world.check_laws()
    again = world.execute()
    assert again.status == 0
    assert len(world.started()) == 3


def test_a_lying_agent_is_found_out_tried_once_more_and_stopped(world: World) -> None:
    world.plan(Task("1.1"), Task("1.2", after=("1.1",)), Task("2.1"))
    before = world.checkout()
    body = 'if [ "$BRANCHLINE_TASK_ID" = 1.1 ]; then echo almost > almost.txt; else make; fi\nsay done "all is well"\nend\n'
    result = world.execute(world.agent(body))
    assert result.status == 4, result
    assert world.states() == {"1.1": "failed", "1.2": "pending", "2.1": "done"}
    assert "same failure twice" in world.reasons()["1.1"]
    assert "1.1" in world.reasons()["1.2"]
    assert world.started().count(("1.1", 1)) == world.started().count(("1.1", 2)) == 1
    assert ("1.1", 3) not in world.started()
    assert world.tip("almost.txt") == ""
    assert (world.root / ".branchline/worktrees/r1/1.1/almost.txt").exists()
    assert world.checkout() == before
    world.check_laws()


def test_a_question_stops_its_own_branch_alone(world: World) -> None:
    world.plan(Task("1.1"), Task("1.2", after=("1.1",)), Task("2.1"))
    body = """
if [ "$BRANCHLINE_TASK_ID" = 1.1 ] && ! grep -q "blue is right" "$BRANCHLINE_PROMPT_FILE"; then
  echo half > half.txt
  printf '{"status": "blocked", "kind": "question", "text": "red or blue?", "options": ["red", "blue"]}' > "$BRANCHLINE_EXIT_FILE"
else make; say done ok; fi
end
"""
    result = world.execute(world.agent(body))
    assert result.status == 3, result
    assert world.states() == {"1.1": "blocked", "1.2": "pending", "2.1": "done"}
    inbox = world.run("inbox").json["questions"]
    assert [(q["task"], q["kind"], q["text"], q["options"]) for q in inbox] == [
        ("1.1", "question", "red or blue?", ["red", "blue"])
    ]
    assert world.execute().status == 3
    assert world.run("answer", "1.1", "blue is right").status == 0
    assert world.execute().status == 0
    assert world.tip("half.txt") == "half"
    assert world.run("inbox").json["questions"] == []
    world.check_laws()


def test_a_silent_agent_has_done_nothing(world: World) -> None:
    world.plan(Task("1.1"))
    result = world.execute(world.agent("make\nend\n"))
    assert result.status == 4, result
    assert world.states() == {"1.1": "failed"}
    assert world.started() == [("1.1", 1), ("1.1", 2)]
    assert world.merges() == []
    assert world.salvaged("1.1", "out-1.1.txt") == ["made by 1.1 1"]
    world.check_laws()


def test_crashes_are_failures_whatever_the_record_says(world: World) -> None:
    world.plan(Task("1.1"), Task("2.1"), Task("3.1"))
    body = """make
case $run in
"1.1 "*) kill -SEGV $$ ;;
"2.1 "*) say done "all well"; exit 7 ;;
"3.1 1") exit 1 ;;
esac
say done "all well"
"""
    result = world.execute(world.agent(body))
    assert result.status == 4, result
    assert world.states() == {"1.1": "failed", "2.1": "failed", "3.1": "done"}
    works = {(a.task, a.attempt): a for a in world.rows()[1] if a.purpose == "work"}
    assert works["1.1", 1].signal == 11
    assert works["2.1", 2].exit == 7
    assert works["3.1", 1].exit == 1
    world.check_laws()


def test_a_hanging_agent_is_stopped_with_all_it_started(world: World) -> None:
    world.plan(Task("1.1"), Task("2.1"))
    world.settings('silence = "1s"\ngrace = "500ms"\nretries = 0\n')
    body = """make
if [ "$BRANCHLINE_TASK_ID" = 2.1 ]; then say done ok; exit 0; fi
setsid sh -c 'setsid sh -c "trap : TERM INT HUP; while :; do sleep 1; done" & trap : TERM; while :; do sleep 1; done' &
trap : TERM
while :; do sleep 1; done
"""
    result = world.execute(world.agent(body))
    assert result.status == 4, result
    assert world.states() == {"1.1": "failed", "2.1": "done"}
    assert "timeout" in world.reasons()["1.1"]
    assert (world.root / ".branchline/worktrees/r1/1.1/out-1.1.txt").exists()
    world.check_laws()


def test_an_agent_that_talks_for_ever_meets_the_wall_and_is_tried_again_after_a_while(world: World) -> None:
    world.plan(Task("1.1"))
    world.settings('timeout = "1s"\ngrace = "200ms"\nretries = 1\nbackoff = "2s"\n')
    result = world.execute(world.agent("while :; do echo on and on; sleep 0.1; done\n"))
    assert result.status == 4, result
    assert "timeout" in world.reasons()["1.1"]
    at = {(event.kind, event.attempt): event.at for event in world.events()}
    assert 2 <= at["dispatching", 2] - at["retrying", 1] < 20, "and not after the 30 s that are usual"
    world.check_laws()


def test_partial_work_is_gone_on_with(world: World) -> None:
    world.plan(Task("1.1", verify="test -s first.txt && test -s second.txt"))
    body = """
if [ "$BRANCHLINE_ATTEMPT" = 1 ]; then
  echo 1 > first.txt
  printf '{"status": "partial", "summary": "half", "missing": ["the second file"]}' > "$BRANCHLINE_EXIT_FILE"
else grep -q "the second file" "$BRANCHLINE_PROMPT_FILE" && echo 2 > second.txt; say done ok; fi
"""
    result = world.execute(world.agent(body))
    assert result.status == 0, result
    assert (world.tip("first.txt"), world.tip("second.txt")) == ("1", "2")
    world.check_laws()


def test_a_task_that_no_context_holds_says_how_to_break_it_down(world: World) -> None:
    world.plan(Task("1.1"))
    body = """printf '{"status": "partial", "cause": "context", "missing": ["all"]}' > "$BRANCHLINE_EXIT_FILE"\n"""
    assert world.execute(world.agent(body)).status == 4
    assert "`branchline decompose PLAN --split 1.1` breaks it down" in world.reasons()["1.1"]


def test_conflicts_go_back_to_the_session_then_afresh_then_to_a_person(world: World) -> None:
    world.plan(
        Task("1.1", verify="true"), Task("2.1", verify="true"), Task("3.1", verify="true"), Task("4.1", after=("2.1",))
    )
    before = world.checkout()
    body = """
wait_for() { while ! grep -q "^start $1 1" "$ledger"; do sleep 0.05; done; }
merged() { until git show branchline/r1/tip:README.md | grep -qx "$1"; do sleep 0.05; done; }
case $run in
"1.1 1") wait_for 2.1; wait_for 3.1; echo one >> README.md ;;
"2.1 1") merged one; echo two >> README.md ;;
"2.1 2") grep -q '^<<<<<<< ' README.md || exit 1; printf 'one line\none\ntwo\n' > README.md ;;
"3.1 "*) git merge --abort 2>/dev/null
  git reset -q --hard "$(git merge-base HEAD main)"; merged two; echo three >> README.md ;;
*) make ;;
esac
git add -A && git commit -qm work
say done ok
"""
    result = world.execute(world.agent(body))
    assert result.status == 3, result
    assert world.states() == {"1.1": "done", "2.1": "done", "3.1": "blocked", "4.1": "done"}
    assert world.tip("README.md") == "one line\none\ntwo"
    assert [(q["task"], q["kind"]) for q in world.run("inbox").json["questions"]] == [("3.1", "conflict")]
    tries = [event.cause for event in world.events() if event.kind == "retrying" and event.task == "3.1"]
    assert [cause.startswith("conflict in README.md; ") for cause in tries] == [True, True]
    assert ["both sides are in the worktree" in cause for cause in tries] == [True, False]
    assert "1.1 changed it too" in tries[0]
    assert (world.task("2.1").attempt, world.task("3.1").attempt) == (2, 3)
    assert "one line\nthree" in world.salvaged("3.1", "README.md")
    assert world.checkout() == before
    world.check_laws()


def test_both_sides_of_a_conflict_committed_as_they_are_are_no_merge(world: World) -> None:
    world.plan(Task("1.1", verify="true"), Task("2.1", verify="true"))
    body = """
wait_for() { while ! grep -q "^start $1 1" "$ledger"; do sleep 0.05; done; }
merged() { until git show branchline/r1/tip:README.md | grep -qx "$1"; do sleep 0.05; done; }
case $run in
"1.1 1") wait_for 2.1; echo one >> README.md ;;
"2.1 1") merged one; echo two >> README.md ;;
"2.1 2") grep -q '^<<<<<<< ' README.md || exit 1 ;;
*) echo two >> README.md ;;
esac
git add -A && git commit -qm work
say done ok
"""
    assert world.execute(world.agent(body)).status == 0
    assert world.tip("README.md") == "one line\none\ntwo"
    assert world.task("2.1").attempt == 3


def test_work_without_a_check_waits_for_a_word(world: World) -> None:
    world.plan(Task("1.1", verify=""), Task("2.1"), Task("2.2", after=("1.1",)))
    result = world.execute(world.agent("make\nsay done ok\nend\n"))
    assert result.status == 3, result
    assert world.states() == {"1.1": "held", "2.1": "done", "2.2": "pending"}
    assert [(q["task"], q["kind"]) for q in world.run("inbox").json["questions"]] == [("1.1", "unchecked")]
    assert world.tip("out-1.1.txt") == ""
    assert world.run("accept", "1.1").status == 0
    assert world.execute().status == 0
    assert world.tip("out-1.1.txt") == "made by 1.1 1"
    found = world.run("evidence", "1.1").json
    assert (found["level"], found["accepted_by"]) == ("unchecked", pwd.getpwuid(os.getuid()).pw_name)
    assert len(world.started()) == 3
    world.check_laws()


def test_the_minimum_is_the_users(world: World) -> None:
    world.plan(Task("1.1", verify=""), Task("2.1"))
    agent = world.agent("make\nsay done ok\nend\n")
    assert world.execute(agent, "--minimum", "unchecked").status == 0
    assert world.run("evidence", "1.1").json["level"] == "unchecked"
    world.check_laws()


def test_a_gate_is_not_a_check_of_its_own(world: World) -> None:
    world.plan(Task("1.1", verify=""), Task("2.1"))
    world.settings('[gate]\ncommands = ["true"]\n')
    result = world.execute(world.agent("make\nsay done ok\nend\n"), "--minimum", "checked")
    assert result.status == 3, result
    assert world.states() == {"1.1": "held", "2.1": "done"}


def test_a_research_task_delivers_its_text_and_its_diff_is_saved_and_refused(world: World) -> None:
    world.plan(Task("1.1", role="research", title="Research the options", verify="true"), Task("2.1", after=("1.1",)))
    body = """
if [ "$BRANCHLINE_TASK_ID" = 1.1 ]; then
    echo mine > out-1.1.txt
    printf '{"status": "done", "summary": "found two", "text": "The second one is cheaper."}' > "$BRANCHLINE_EXIT_FILE"
else
    make
    say done ok
fi
end
"""
    assert world.execute(world.agent(body)).status == 0
    assert world.states() == {"1.1": "done", "2.1": "done"}
    assert world.tip("out-1.1.txt") == ""
    assert world.salvaged("1.1", "out-1.1.txt") == ["mine"]
    assert "out-1.1.txt" in world.run("evidence", "1.1").out
    assert world.run("evidence", "1.1").json["refused"] == ["out-1.1.txt"]
    assert "The second one is cheaper." in world.run("prompt", "2.1").out
    world.check_laws()


def test_the_worker_of_a_role_goes_before_that_of_all_tasks_and_behind_the_one_that_is_given(world: World) -> None:
    argv = world.agent("say done ok\nend\n").partition(":")[2]
    tables = "".join(f'[workers.{name}]\nkind = "shell"\nargv = ["{argv}"]\n' for name in ("base", "mine", "given"))
    world.settings(f'worker = "base"\n{tables}[roles.research]\nworker = "mine"\n')
    world.plan(Task("1.1", role="research", verify=""), Task("1.2", verify=""))
    shown = world.finish(world.start("decompose", "plan.md", "--yes")).out
    assert "research, mine" in shown
    assert "build, base" in shown
    for given, expected in (("", {"1.1": "mine", "1.2": "base"}), ("given", {"1.1": "given", "1.2": "given"})):
        assert world.execute(given, "--new", "--minimum", "unchecked").status == 0
        assert {row["id"]: row["worker"] for row in world.run("status").json["tasks"] if row["worker"]} == expected
