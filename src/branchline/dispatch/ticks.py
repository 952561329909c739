"""The boxes of what is done, in a plan that no merge can tick: many at a time, and seldom in a large one."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from branchline.files import read_bytes, write_durable
from branchline.model.plan import DraftGraph
from branchline.model.run import TaskRow
from branchline.planfile import writeback
from branchline.workspace.repository import Repository

EVERY: Final = 1.0
"""Seconds between two writes while much happens."""


class Ticks:
    """What is still to be ticked in the plan of one run; `places` says where the boxes are that a task ticks once it is
    done, `today` gives the date, `steady` seconds that never go back."""

    def __init__(
        self,
        root: Path,
        draft: DraftGraph,
        repository: Repository | None,
        places: Callable[[TaskRow], list[writeback.Place]],
        today: Callable[[], str],
        steady: Callable[[], float],
    ) -> None:
        self._path = root / draft.plan
        self._draft = draft
        self._repository = repository
        self._places = places
        self._today = today
        self._steady = steady
        self._waiting: list[writeback.Place] = []
        self._seen: dict[str, dict[int, None]] = {}
        self._next = steady() + EVERY

    def add(self, rows: Iterable[TaskRow]) -> None:
        """These tasks are done; where their boxes are is asked now, while all that is known of them is at hand."""
        self._waiting += (place for row in rows for place in self._places(row))

    def write(self, *, at_once: bool) -> None:
        """Tick their boxes where no merge could; raises BranchlineError or OSError.

        A plan that git tracks is ticked in the merge commit and never in the user's checkout (DESIGN, section 4). Unless
        `at_once`, it waits: for EVERY, or for a large plan until writing it takes a twentieth of the time.
        """
        began = self._steady()
        if not self._waiting or (began < self._next and not at_once):
            return
        places, self._waiting = self._waiting, []
        if self._repository is None or not self._repository.tracks(self._draft.plan):
            self._tick(places)
        now = self._steady()
        self._next = now + max(EVERY, 20 * (now - began))

    def _tick(self, places: list[writeback.Place]) -> None:
        path = self._path.resolve()
        if not path.is_file():
            return
        text = read_bytes(path).decode("utf-8")
        ticked = writeback.tick(text, places, self._draft.dialect, self._today(), self._seen)
        if ticked is not None:
            write_durable(path, ticked)
