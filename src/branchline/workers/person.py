"""A person who took a task over: what they left in the worktree is their work, and an exit record they left counts.

No settings name this worker; `take-over` does.
"""

import sys
from collections.abc import Mapping
from typing import Final

from branchline.model.run import Claim, Command, Exit, Job
from branchline.workers import record

INSTALL: Final = ""
PROGRAM: Final = ""
RESUME: Final = True
STREAM: Final = False


def prepare(job: Job, base: Mapping[str, str]) -> None:
    """Nothing: the record that is there now is the one that counts."""


def command(job: Job) -> Command:
    """A process that does nothing: the person is done already, and every claim is that of an ended attempt."""
    return Command((sys.executable, "-I", "-c", ""), record.environment(job))


def claim(job: Job, exit: Exit) -> Claim:
    """Read the record; without one the person is done."""
    judged = record.judge(job, exit, "") or Claim("done", "a person took over and is done", source="person")
    return judged._replace(session=job.session)
