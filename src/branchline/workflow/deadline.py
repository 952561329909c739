"""When the default of a question is taken, where nobody has answered before."""

from contextlib import suppress
from datetime import datetime

from branchline.config import duration
from branchline.errors import SettingsError
from branchline.model.run import QuestionRow


def due_at(question: QuestionRow) -> float | None:
    """When a question's own default counts as its answer, in seconds since the epoch; None when it waits for a person.

    A deadline is a length of time from the question on (`30m`), or a moment as ISO 8601 has it, in local time unless it
    says another; the words of a worker that are neither set no time.
    """
    if not (question.default and question.deadline):
        return None
    with suppress(ValueError, OverflowError, OSError):
        return datetime.fromisoformat(question.deadline.strip()).timestamp()
    with suppress(SettingsError):
        return question.asked + duration(question.deadline)
    return None
