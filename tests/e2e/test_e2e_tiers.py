"""Tiers from outside: from the words of a plan to the model of an attempt."""

import re

from worlds import World

PLAN = """# A plan

- [ ] 1.1 One
  - Verify: `true`
  - Tier: Thinking
- [ ] 1.2 Two
  - Verify: `test -e never`
  - tier: simple
- [ ] 1.3 Three
  - Verify: `true`
  - Tier: gigantic
- [ ] 1.4 Four
  - Modify: `a.py`, `b.py`, `c.py`, `d.py`
  - Verify: `true`
"""
TIERS = """[tiers]
simple = ["acme/small"]
standard = ["acme/mid", "other/mid"]
thinking = ["acme/big"]
default = "standard"
"""


def models(world: World) -> dict[str, list[str]]:
    """Task -> the model of each of its attempts."""
    found: dict[str, list[str]] = {}
    for attempt in world.rows()[1]:
        if attempt.purpose == "work":
            found.setdefault(attempt.task, []).append(attempt.model)
    return found


def test_the_tier_of_the_plan_is_the_model_of_the_attempt(world: World) -> None:
    world.write("plan.md", PLAN)
    world.settings(TIERS)
    found = world.run("decompose", "plan.md", "--yes").json["findings"]
    assert [(f["code"], f["task"]) for f in found if f["code"] == "unknown-tier"] == [("unknown-tier", "1.3")]
    assert world.execute("scripted").status == 4
    assert models(world) == {"1.1": ["acme/big"], "1.2": ["acme/small"] * 2, "1.3": ["acme/mid"], "1.4": ["acme/big"]}
    page = world.finish(world.start("review", "plan.md")).out
    told = re.findall(r"tier (\w+ \(.+\))", page)
    assert told == ["thinking (plan)", "simple (plan)", "standard (setting)", "thinking (lint: many-files)"]
    world.check_laws()


def test_a_task_climbs_where_the_user_says_so_and_each_start_says_why(world: World) -> None:
    world.write("plan.md", PLAN)
    world.settings(TIERS + "escalate = true\n")
    assert world.execute("scripted", "--only", "1.2").status == 4
    assert models(world) == {"1.2": ["acme/small"] * 2 + ["acme/mid"] * 2 + ["acme/big"] * 2}
    starts = [event.cause for event in world.events() if event.kind == "dispatching"]
    assert starts[2] == "depth-first: a slot is free; tier standard, above its own simple: acme/mid"
    world.check_laws()


def test_a_model_that_is_named_goes_first_and_a_program_has_none(world: World) -> None:
    world.write("plan.md", PLAN)
    world.settings(TIERS)
    assert world.execute("scripted", "--only", "1.1", "--model", "mine").status == 0
    assert models(world) == {"1.1": ["mine"]}
    assert world.execute(world.agent("make\nsay done ok\n"), "--new", "--only", "1.1").status == 0
    assert [a.model for a in world.rows("r2")[1] if a.purpose == "work"] == [""]


def test_the_model_that_the_plan_names_is_the_one_that_works(world: World) -> None:
    world.write("plan.md", PLAN.replace("Tier: Thinking", "Tier: Thinking\n  - Model: own/best"))
    world.settings(TIERS)
    assert world.execute("scripted", "--only", "1.1", "1.3").status == 0
    assert models(world) == {"1.1": ["own/best"], "1.3": ["acme/mid"]}
    assert "(own/best)" in world.finish(world.start("review", "plan.md")).out
    world.settings('allowed_models = ["acme/*"]\n')
    refused = world.execute("opencode:true", "--new", "--only", "1.1")
    assert (refused.status, "own/best" in refused.json["error"]) == (2, True), refused
    world.check_laws()
