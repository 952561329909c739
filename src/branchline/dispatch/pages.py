"""The page that a worker gets, from the graph, the settings and the past."""

import os
from pathlib import Path

from branchline import prompts
from branchline.config import Settings
from branchline.dispatch.history import History, Told
from branchline.files import write_new
from branchline.model.plan import DraftGraph, Task
from branchline.model.run import TaskRow

INSTRUCTIONS = "AGENTS.md"
RESULTS = "results"
"""The folder beside the exit record that holds in full what tasks before this one have said."""


class Pages:
    """The pages of one run, by the templates of the checkout `root` where it has any of its own."""

    def __init__(
        self, root: Path, draft: DraftGraph, family: prompts.Family, settings: Settings, history: History
    ) -> None:
        self._root = root
        self._own = (root / "prompts",)
        self._draft = draft
        self._family = family
        self._roles = settings.roles
        self._rules = settings.conduct.rules()
        self._history = history

    def told(self, row: TaskRow) -> Told:
        """What the page is to tell of the past: of the task's own, or of that of the task it is to diagnose."""
        about = self._about(row)
        return self._history.of_task(about) if about else self._history.of(row)

    def _about(self, row: TaskRow) -> str:
        return str(self._family.by_id[row.task].extra.get("diagnoses") or "")

    def text(self, row: TaskRow, told: Told, exit_file: str, session: str, *, read_only: bool) -> str:
        """The exact text; a session that goes on gets the news only."""
        about = self._about(row)
        task = self._family.by_id[about or row.task]
        role = self._roles.get(row.role)
        context = prompts.context(
            self._draft,
            task,
            exit_file=exit_file,
            instructions=[*self._instructions(task), *(role.instructions if role else ())],
            reading=role.files if role else (),
            answers=told.answers,
            results=told.results,
            results_folder=_beside(exit_file),
            told=told.told,
            missing=told.missing,
            failure=told.failure,
            tried=told.tried,
            kept="" if session else told.kept,
            stays=bool(row.resume and row.attempt > 1 and not session),
            conflict=told.conflict,
            note=row.note,
            rules=self._rules,
            read_only=read_only,
            index=self._family,
        )
        template = "diagnose.md.j2" if about else "resume.md.j2" if session else "delegate.md.j2"
        return prompts.render(context, template, search=self._own)

    def leave(self, told: Told, exit_file: str) -> None:
        """Write beside the exit record what is too long for the page."""
        for task, summary in prompts.long_results(told.results):
            write_new(f"{_beside(exit_file)}/{task}.md", summary)

    def _instructions(self, task: Task) -> list[str]:
        """The root's instruction file and the nearest one of each path the task names (SEEDS S3.16)."""
        found = [INSTRUCTIONS] if os.path.isfile(f"{self._root}/{INSTRUCTIONS}") else []  # noqa: PTH113 - for each task, and a Path is dear
        for file in task.files:
            for folder in Path(file.path).parents:
                if str(folder) != "." and (self._root / folder / INSTRUCTIONS).is_file():
                    found.append(str(folder / INSTRUCTIONS))
                    break
        return found


def _beside(exit_file: str) -> str:
    return f"{exit_file.rpartition('/')[0]}/{RESULTS}"
