"""A goal that a model has split, from the plan to the box that is ticked when its last part is merged."""

import json

import pytest

from branchline.graph import change, store
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


SHOP = "# Shop\n\n- [ ] 1 Sell\n  - [ ] 1.1 Cart\n  - [ ] 1.2 Till\n- [ ] 2 Mail"


@pytest.mark.parametrize("place", ["worktrees", "in place"])
def test_all_boxes_of_what_is_done_are_ticked(world: World, place: str) -> None:
    """Those of tasks that the review made one of, and that of a task whose last subtask is done."""
    world.write("plan.md", SHOP)
    assert world.run("decompose", "plan.md", "--no-review").status == 0
    stored = world.root / "plan.graph.json"
    store.save(change.merge(store.read(stored), "1.1", "2"), stored)
    where = ["--in-place"] if place == "in place" else []
    first = ["execute", "plan.md", "--yes", "--worker", world.agent("make\nsay done ok\n"), *where]
    first += ["--minimum", "unchecked"]

    def plan() -> str:
        return (world.root / "plan.md").read_text() if where else world.tip("plan.md")

    assert world.run(*first, "--only", "1.1").status in (0, 3)
    assert plan() == SHOP.replace("[ ] 1.1", "[x] 1.1").replace("[ ] 2", "[x] 2")
    assert world.run(*first).status == 0
    assert plan() == SHOP.replace("[ ]", "[x]")
    started = world.started()
    assert world.run(*first).status == 0
    assert world.started() == started
