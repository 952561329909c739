"""Any program as a worker: the prompt on stdin, the answer in the exit record."""

from collections.abc import Mapping
from typing import Final

from branchline.errors import SettingsError
from branchline.model.run import Claim, Command, Exit, Job
from branchline.workers import record, told

INSTALL: Final = ""
PROGRAM: Final = ""
RESUME: Final = False
STREAM: Final = False


def prepare(job: Job, base: Mapping[str, str]) -> None:  # noqa: ARG001 - the face of every adapter
    """Take away an old answer."""
    record.clear(job)


def command(job: Job) -> Command:
    """Start the argv of the settings; raises SettingsError when there is none."""
    if not job.argv:
        raise SettingsError(
            f"worker {job.worker!r} of task {job.task} names no program; "
            "set argv in its [workers] table or write --worker 'shell:PROGRAM ARGUMENT'"
        )
    return Command(job.argv, record.environment(job), job.prompt_file)


def claim(job: Job, exit: Exit) -> Claim:
    """Read the record; without one exit 0 is `done` only with trust_exit, for a quiet program vouches for nothing."""
    lines = told.lines(job)
    judged = record.judge(job, exit, told.message(lines))
    if judged is None and job.trust_exit:
        judged = Claim("done", "exit 0 (trust_exit)", source="exit")
    why = (
        "it ended with exit 0 and left no exit record; let it write one to $BRANCHLINE_EXIT_FILE, or set `trust_exit = true` "
        f"in [workers.{job.worker}]"
    )
    return told.billed(job, lines, judged or Claim("no_output", why, error=why))


gauge = told.gauge
