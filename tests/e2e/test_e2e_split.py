"""A goal that a model has split, from the plan to the box that is ticked when its last part is merged."""

import json

import pytest

from stub_model import StubModel
from test_decompose_split import GOAL, PAIR, composite
from worlds import World


@pytest.mark.parametrize("place", ["worktrees", "in place"])
def test_the_last_part_of_a_goal_ticks_its_box(world: World, place: str) -> None:
    world.write("plan.md", GOAL)
    where = ["--in-place"] if place == "in place" else []
    rules = [("tasks to judge", [{"text": json.dumps(composite("t1"))}]), ("to split", [{"text": json.dumps(PAIR)}])]
    with StubModel(rules) as stub:
        env = {"OPENAI_BASE_URL": stub.url, "NO_PROXY": "127.0.0.1"}
        assert world.run("decompose", "plan.md", "--yes", "--no-review", **env).status == 0
    first = ["execute", "plan.md", "--worker", world.agent("make\nsay done ok\n"), "--minimum", "unchecked", *where]
    assert world.run(*first, "--only", "t1.1").status in (0, 3)
    assert world.states()["t1.1"] == "done"
    assert "- [ ] t1 Build a CRM" in (world.root / "plan.md").read_text() + ("" if where else world.tip("plan.md"))
    assert world.run(*first).status == 0
    assert world.states() == {"t1.1": "done", "t1.2": "done"}
    after = (world.root / "plan.md").read_text() if where else world.tip("plan.md")
    assert "- [x] t1 Build a CRM" in after
    started = world.started()
    assert world.run(*first).status == 0
    assert world.started() == started, "all of it is done, and the box says nothing new"
