"""An unfinished run goes on without reading its plan again, and nothing that matters may have changed for that."""

import os
import sys
from collections.abc import Callable

import pytest

from branchline.model.run import RunRow
from branchline.store import Store
from branchline.workflow.begin import unchanged
from branchline.workflow.console import Console
from branchline.workflow.project import open_project
from worlds import Task, World

BODY = """if [ "$BRANCHLINE_TASK_ID" = 2.1 ] && [ ! -e "$(dirname "$0")/told" ]; then
  printf '{"status": "blocked", "text": "which?"}' > "$BRANCHLINE_EXIT_FILE"
  exit
fi
make
say done ok
end
"""
SETTINGS = """worker = "mine"
[workers.mine]
kind = "shell"
argv = ["{agent}"]
"""
PLACES = pytest.mark.parametrize("where", [(), ("--in-place",)], ids=["worktrees", "in place"])


def begun(world: World, *where: str) -> None:
    """A run in which one task is done, one waits for an answer, and one for that."""
    agent = world.agent(BODY).removeprefix("shell:")
    world.settings(SETTINGS.format(agent=agent))
    world.plan(Task("1.1"), Task("2.1"), Task("2.2", after=("2.1",)))
    assert world.execute("", *where).status == 3


def found(world: World, plan: str = "plan.md") -> RunRow | None:
    """The run that would go on unread."""
    console = Console(world.root, dict(os.environ), sys.stderr, lambda _: "", lambda _: 0)
    return unchanged(open_project(console), world.root / plan)


def edit(name: str, old: str, new: str) -> Callable[[World], None]:
    """A change of one file."""

    def change(world: World) -> None:
        path = world.root / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return change


def withdraw(world: World) -> None:
    """A person said no."""
    with Store.open(world.root / ".branchline" / "state.db") as store:
        store.approve("plan.md", "", "a person: withdrawn", 9e9)


@PLACES
def test_a_run_goes_on_unread_although_it_has_ticked_its_own_boxes(world: World, where: tuple[str, ...]) -> None:
    begun(world, *where)
    assert ("- [x] 1.1" in (world.root / "plan.md").read_text()) == bool(where)
    run = found(world)
    assert run is not None
    assert run.state == "waiting"
    assert world.run("answer", "2.1", "this").status == 0
    (world.folder / "told").touch()
    assert world.execute("", *where).status == 0
    assert world.states() == {"1.1": "done", "2.1": "done", "2.2": "done"}
    assert found(world) is None, "a run that is over does not go on"
    world.check_ledger()


@PLACES
@pytest.mark.parametrize(
    "change",
    [
        edit("plan.md", "Write part 2.2", "Write another part 2.2"),
        edit("plan.md", "- [ ] 2.2", "- [x] 2.2"),
        edit("plan.md", "- [ ] 2.1", "- [-] 2.1"),
        edit("plan.graph.json", "Write part 2.2", "Write another part 2.2"),
        edit("branchline.toml", '"]', '", "--more"]'),
        withdraw,
        lambda world: (world.root / "plan.graph.json").unlink(),
    ],
    ids=["title", "ticked by a person", "declined by a person", "graph edited", "argv", "approval", "graph gone"],
)
def test_what_has_changed_is_read(world: World, where: tuple[str, ...], change: Callable[[World], None]) -> None:
    begun(world, *where)
    assert found(world) is not None
    change(world)
    assert found(world) is None


def test_to_look_leaves_no_trace(world: World) -> None:
    world.plan(Task("1.1"))
    assert found(world) is None
    assert not (world.root / ".branchline").exists()


def test_a_stored_graph_as_the_plan_of_a_run_goes_on_unread_too(world: World) -> None:
    begun(world, "--in-place")
    (world.root / "plan.graph.json").rename(world.root / "other.json")
    for _ in range(2):
        assert world.run("execute", "other.json", "--yes", "--in-place").status == 3
        assert found(world, "other.json") is not None
    edit("other.json", "Write part 2.2", "Write another part 2.2")(world)
    assert found(world, "other.json") is None


def test_a_box_that_has_been_read_is_known(world: World) -> None:
    begun(world)
    text = (world.root / "plan.md").read_text()
    world.write("plan.md", text.replace("- [ ] 2.2", "- [x] 2.2"))
    assert world.execute().status == 3
    assert world.states()["2.2"] == "done"
    assert found(world) is not None


def test_a_stored_graph_is_named_for_its_plan(world: World) -> None:
    begun(world)
    for name in ("plan.graph.json", "./plan.graph.json"):
        assert world.run("execute", name, "--yes").json["run"] == "r1"
    assert sorted(world.started()) == [("1.1", 1), ("2.1", 1)]
