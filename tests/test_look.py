"""The commands that look see one moment of a run, whatever is written while they read."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from branchline.files import canonical, state_folder
from branchline.graph.store import net, parts
from branchline.model.plan import DraftGraph, Task
from branchline.model.run import AttemptRow, Changes, Event, QuestionRow, RunRow, TaskRow
from branchline.store import Store
from branchline.workflow import look
from branchline.workflow.console import Console
from branchline.workflow.logs import logs
from branchline.workflow.page import report_page

LOOKS: dict[str, Callable[[Console], Any]] = {
    "status": lambda console: look.status(console, ""),
    "why": lambda console: look.why(console, "", "1"),
    "report": lambda console: look.report(console, "", "json"),
    "page": lambda console: report_page(console, ""),
}
TASK = TaskRow("r1", "1", 0, "One", "atomic", None, 1, "build", "shell", "running", attempt=1)
DONE = Changes(
    (Event(3.0, "r1", "done", "merged", "1", 1),),
    tasks=(TASK._replace(state="done", evidence="checked"),),
    attempts=(AttemptRow("r1", 0, "1", 1, "work", "ended", cost=1.5),),
    questions=(QuestionRow("r1", 1, "1", 1, "question", "Which?"),),
)


class Place:
    """A repository with a run of one task at work, and the coordinator that ends it."""

    def __init__(self, folder: Path) -> None:
        (folder / ".git").mkdir()
        draft = DraftGraph("p.md", "", "checkbox", "", (Task("1", "One"),))
        settings = canonical({"directory": str(folder), "flags": {}})
        self.run = RunRow("r1", "p.md", "d", "running", "", "", 1.0, None, settings, parts(draft)[0], net(draft))
        self.folder, self.out = folder, io.StringIO()
        self.store = Store.open(state_folder(folder) / "state.db")
        self.store.create_run(self.run, [TASK], 1.0)

    def end(self) -> None:
        self.store.commit(DONE._replace(run=self.run._replace(state="done")))

    def console(self, clock: Callable[[], float], sleep: Callable[[float], None] = lambda _: None) -> Console:
        return Console(self.folder, {}, self.out, input, lambda *_: 1, clock=clock, sleep=sleep)


@pytest.mark.parametrize("command", LOOKS)
def test_a_run_that_ends_between_two_reads_is_shown_as_it_was(tmp_path: Path, command: str) -> None:
    place = Place(tmp_path)
    before = LOOKS[command](place.console(lambda: 2.0))

    def clock() -> float:  # every look asks for the time when it has begun to read
        if place.store.run("r1") == place.run:
            place.end()
        return 2.0

    assert LOOKS[command](place.console(clock)) == before
    assert LOOKS[command](place.console(lambda: 2.0)) != before


def test_a_log_that_is_followed_ends_with_its_attempt(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.store.commit(Changes(attempts=(AttemptRow("r1", 0, "1", 1, "work", "started"),)))
    log = state_folder(tmp_path) / "runs" / "r1" / "1" / "1" / "output.log"
    log.parent.mkdir(parents=True)
    log.write_text("one\n")

    def sleep(_: float) -> None:
        log.write_text("one\ntwo\n")
        place.end()

    logs(place.console(lambda: 2.0, sleep), "", "1", 0, follow=True)
    assert place.out.getvalue() == "one\ntwo\n"
