"""A worker that plays a scenario, for demonstrations and tests: honest, lying, asking, hanging, crashing."""

from collections.abc import Mapping
from typing import Final

from branchline.model.run import Claim, Command, Exit, Job
from branchline.workers import record, told

INSTALL: Final = ""
PROGRAM: Final = ""
RESUME: Final = True
STREAM: Final = False


def prepare(job: Job, base: Mapping[str, str]) -> None:  # noqa: ARG001 - the face of every adapter
    """Take away an old answer."""
    record.clear(job)


def command(job: Job) -> Command:
    """Start the player on the attempt's folder; `Job.argv` is empty or names the scenario, relative to the worktree."""
    return record.own_process(job, "player", *job.argv[:1])


def claim(job: Job, exit: Exit) -> Claim:
    """Read the record; without one, what the player said last stands as its final text."""
    lines = told.lines(job)
    message = told.message(lines)
    judged = record.judge(job, exit, message)
    if judged is None and message:
        judged = Claim("done", message[-record.MAX_TEXT :], source="text")
    why = "it ended well without a word"
    return told.billed(job, lines, judged or Claim("no_output", why, error=why))._replace(
        session=f"scripted-{job.task}"
    )


gauge = told.gauge
