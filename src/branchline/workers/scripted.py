"""A worker that plays a scenario, for demonstrations and tests: honest, lying, asking, hanging, crashing."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from branchline.model.run import Claim, Command, Exit, Job
from branchline.workers import record, told

INSTALL: Final = ""
PROGRAM: Final = ""
RESUME: Final = True
STREAM: Final = False
_SOURCE: Final = str(Path(__file__).resolve().parents[2])


def prepare(job: Job, base: Mapping[str, str]) -> None:  # noqa: ARG001 - the face of every adapter
    """Take away an old answer."""
    record.clear(job)


def command(job: Job) -> Command:
    """Start the player on the attempt's folder; `Job.argv` is empty or names the scenario, relative to the worktree."""
    # -P keeps the worktree, the working directory, out of the player's imports.
    argv = (sys.executable, "-P", "-m", "branchline.workers.player", job.folder, *job.argv[:1])
    return Command(argv, {**record.environment(job), "PYTHONPATH": _SOURCE}, job.prompt_file)


def claim(job: Job, exit: Exit) -> Claim:
    """Read the record; without one, what the player said last stands as its final text."""
    message = told.message(job)
    judged = record.judge(job, exit, message)
    if judged is None and message:
        judged = Claim("done", message[-record.MAX_TEXT :], source="text")
    why = "it ended well without a word"
    return told.billed(job, judged or Claim("no_output", why, error=why))._replace(session=f"scripted-{job.task}")


gauge = told.gauge
