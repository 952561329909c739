"""A plan that changes while its run is unfinished: the change is a patch, and what is done stays done."""

from worlds import Task, World

HONEST = "make\nsay done ok\nend\n"
ASKS = """if [ "$BRANCHLINE_TASK_ID" = 2.1 ]; then
  printf '{"status": "blocked", "text": "which?"}' > "$BRANCHLINE_EXIT_FILE"
  exit
fi
"""


def test_tasks_come_and_go_and_what_is_done_is_not_run_again(world: World) -> None:
    world.plan(Task("1.1"), Task("2.1"), Task("2.2", after=("2.1",)))
    agent = world.agent(ASKS + HONEST)
    assert world.execute(agent).status == 3
    world.plan(Task("1.1"), Task("2.1"), Task("3.1", after=("1.1",)))
    assert world.execute(agent).status == 3
    assert world.states() == {"1.1": "done", "2.1": "blocked", "2.2": "cancelled", "3.1": "done"}
    assert world.run("answer", "2.1", "this").status == 0
    assert world.execute(world.agent(HONEST)).status == 0
    assert world.started().count(("1.1", 1)) == 1
    assert [task for task, _ in world.started()].count("1.1") == 1
    world.check_laws()


def test_a_task_that_comes_back_begins_anew(world: World) -> None:
    world.plan(Task("1.1"), Task("2.1"))
    assert world.execute(world.agent(ASKS + HONEST)).status == 3
    world.plan(Task("1.1"))
    world.execute(world.agent(HONEST))
    assert world.states() == {"1.1": "done", "2.1": "cancelled"}
    assert world.run("inbox").json["questions"] == []
    assert world.run("why", "2.1").json["next"] == []
    for verb in ("retry", "skip", "take-over", "cancel"):
        refused = world.run(verb, "2.1")
        assert refused.status == 2
        assert "no longer in the plan; put it back" in refused.json["error"]
    world.plan(Task("1.1"), Task("2.1"))
    assert world.execute(world.agent(HONEST)).status == 0
    assert world.states() == {"1.1": "done", "2.1": "done"}
    assert sorted(world.started()) == [("1.1", 1), ("2.1", 1), ("2.1", 2)]
    world.check_laws()


def test_the_number_of_a_task_that_went_is_not_given_to_another(world: World) -> None:
    plan = "# A plan\n\n- [ ] Alpha apple\n"
    world.write("plan.md", f"{plan}- [ ] Beta banana\n")
    asks = world.agent(ASKS.replace("2.1", "2") + HONEST)
    minimum = ("--minimum", "unchecked")
    assert world.run("execute", "plan.md", "--yes", *minimum, "--worker", asks).status == 3
    world.write("plan.md", plan)
    world.run("execute", "plan.md", "--yes", *minimum, "--worker", asks)
    world.write("plan.md", f"{plan}- [ ] Something else\n")
    assert world.run("execute", "plan.md", "--yes", *minimum, "--worker", asks).status == 0
    assert world.states() == {"1": "done", "2": "cancelled", "3": "done"}


def test_what_was_merged_stays_on_the_branch_when_its_task_goes(world: World) -> None:
    world.plan(Task("1.1"), Task("1.2", after=("1.1",)), Task("2.1", after=("1.2",)))
    assert world.execute(world.agent(ASKS + HONEST)).status == 3
    world.plan(Task("1.1"), Task("3.1"))
    assert world.execute(world.agent(HONEST)).status == 0
    assert world.states() == {"1.1": "done", "1.2": "done", "2.1": "cancelled", "3.1": "done"}
    assert world.merges() == ["1.1", "1.2", "3.1"]
    assert world.run("evidence", "1.2", "--verify").json["verified"]["faults"] == []
    world.check_laws()


def test_tasks_are_split_and_put_together_again(world: World) -> None:
    def execute(plan: str, agent: str) -> int:
        world.write("plan.md", f"# A plan\n\n{plan}")
        return world.run("execute", "plan.md", "--yes", "--minimum", "unchecked", "--worker", world.agent(agent)).status

    whole = "- [ ] 1 Alpha apple\n- [ ] 2 Beta banana\n"
    assert execute(whole, ASKS.replace("2.1", "2") + HONEST) == 3
    assert execute("- [ ] 1 Alpha apple\n  - [ ] 1.1 Core\n- [ ] 2 Beta banana\n  - [ ] 2.1 Peel\n", HONEST) == 0
    assert world.states() == {"1.1": "done", "2.1": "done"}
    assert (world.task("2").kind, world.task("2").state) == ("composite", "pending")
    assert world.run("inbox").json["questions"] == []
    assert execute(f"{whole}- [ ] 3 Cherry\n", HONEST) == 0
    assert world.states() == dict.fromkeys(["1", "1.1", "2", "2.1", "3"], "done")
    assert {world.run(verb).status for verb in ("report", "inbox", "budget")} == {0}
    assert {task["id"]: task["parent"] for task in world.run("status").json["tasks"]}["2.1"] is None
    world.check_ledger()


def test_a_group_that_goes_from_the_plan_no_longer_waits_in_the_status(world: World) -> None:
    def group() -> tuple[str, str]:
        return {task["id"]: (task["state"], task["reason"]) for task in world.run("status").json["tasks"]}["1"]

    agent, whole = world.agent(HONEST), "# A plan\n\n- [ ] Alpha apple\n  - [ ] Core\n- [ ] Beta banana\n"
    for plan, state in (
        (whole, ("done", "")),
        ("# A plan\n\n- [ ] Beta banana\n", ("cancelled", "no longer in the plan")),
        (f"{whole}- [ ] Cherry\n", ("done", "")),
    ):
        world.write("plan.md", plan)
        assert world.run("execute", "plan.md", "--yes", "--minimum", "unchecked", "--worker", agent).status == 0
        assert group() == state
    assert world.run("evidence", "1").json["below"] == ["1.1"]
    assert "name the tasks below it" in world.run("evidence", "1", "--verify").json["error"]
    world.check_ledger()


def test_a_task_that_a_person_let_go_is_held_again_only_when_it_says_something_else(world: World) -> None:
    plan = "# A plan\n\n- [ ] t1 Alpha\n  - Verify: `false`\n- [ ] t2 {}\n  - Depends on: t1, t9\n"
    agent = world.agent(HONEST)
    for text, act, state in (
        (plan.format("Beta"), "accept", "held"),
        (f"{plan.format('Beta')}\n", "status", "pending"),  # a worker named again is a re-plan of the same tasks
        (f"{plan.format('Beta')}- [ ] t3 Gamma\n", "status", "pending"),
        (plan.format("Beta banana"), "status", "held"),
    ):
        world.write("plan.md", text)
        assert world.run("execute", "plan.md", "--yes", "--minimum", "unchecked", "--worker", agent).status == 4
        assert world.states()["t2"] == state, text
        world.run(act, *(("t2",) if act == "accept" else ()))


def test_the_worker_that_a_person_chose_for_a_task_stays_until_the_plan_names_another(world: World) -> None:
    plan = "# A plan\n\n- [ ] t1 Alpha\n  - Verify: `test -s out-t1.txt`{}\n"
    fails, other = world.agent("end\nexit 1\n"), world.agent("end\nexit 1\n", "other.sh").partition(":")[2]
    world.settings("".join(f'[workers.{name}]\nkind = "shell"\nargv = ["{other}"]\n' for name in ("mine", "new")))
    for more, worker in (("", "shell"), ("\n", "mine"), ("\n- [ ] t2 Beta", "mine"), ("\n  - Worker: new", "new")):
        world.write("plan.md", plan.format(more))
        assert world.run("execute", "plan.md", "--yes", "--minimum", "unchecked", "--worker", fails).status == 4
        assert world.task("t1").worker == worker, more
        assert world.run("retry", "t1", *(["--worker", "mine", "--model", "big"] if not more else [])).status == 0
    assert world.task("t1").model == "big"


def test_a_changed_plan_that_nobody_approved_waits_for_a_person(world: World) -> None:
    world.plan(Task("1.1"), Task("2.1"))
    agent = world.agent(ASKS + HONEST)
    assert world.execute(agent).status == 3
    world.plan(Task("1.1"), Task("2.1"), Task("3.1"))
    assert world.run("execute", "plan.md").status == 3
    assert "3.1" not in world.states()


def test_a_box_that_a_person_ticked_is_not_run(world: World) -> None:
    world.plan(Task("1.1"), Task("2.1"), Task("2.2", after=("2.1",)))
    agent = world.agent(ASKS + HONEST)
    assert world.execute(agent).status == 3
    text = (world.root / "plan.md").read_text()
    world.write("plan.md", text.replace("- [ ] 2.2", "- [x] 2.2"))
    assert world.run("answer", "2.1", "this").status == 0
    assert world.execute(world.agent(HONEST)).status == 0
    assert world.states() == {"1.1": "done", "2.1": "done", "2.2": "done"}
    assert "2.2" not in [task for task, _ in world.started()]


def test_a_gate_that_is_changed_in_the_settings_alone_is_not_the_one_that_runs_and_this_is_said(world: World) -> None:
    world.plan(Task("1.1", verify=""))
    agent = world.agent(HONEST)
    world.settings('[gate]\ncommands = ["true"]\n')
    assert "[gate] commands" not in world.execute(agent).err
    world.settings('[gate]\ncommands = ["false"]\n')
    result = world.run("execute", "plan.md", "--yes", "--new", "--worker", agent)
    assert "`branchline decompose plan.md` takes them over" in result.err, result
    assert world.run("decompose", "plan.md", "--yes").status == 0
    result = world.run("execute", "plan.md", "--yes", "--new", "--worker", agent)
    assert (result.status, "[gate] commands" in result.err) == (4, False), "now it is the gate"
