"""What a plan asked, and whether it was answered (SEEDS S3.17)."""

from collections.abc import Mapping, Sequence
from typing import Any

from branchline.model.run import Event, QuestionRow, TaskRow
from branchline.terminal.text import safe


def asked(
    request: str, tasks: Sequence[TaskRow], questions: Sequence[QuestionRow], events: Mapping[str, Sequence[Event]]
) -> list[dict[str, Any]]:
    """Return the questions of a plan as {task, text, answered, by, answer}, in the order of the plan.

    One that a task carries is answered when that task is done, with what its worker said last; one of the prose when a
    person answered the same words in the inbox. Nothing else counts: whether other work answers it, nobody has checked.
    """
    rows = {task.task: task for task in tasks}
    told = {_plain(question.text): question for question in questions if question.answer is not None}
    return [_one(*line.partition("\t")[::2], rows, told, events) for line in request.split("\n") if "\t" in line]


def _one(
    task: str,
    text: str,
    rows: Mapping[str, TaskRow],
    told: Mapping[str, QuestionRow],
    events: Mapping[str, Sequence[Event]],
) -> dict[str, Any]:
    row, question = rows.get(task), told.get(_plain(text))
    found = {"task": task, "text": text, "answered": False, "by": "", "answer": ""}
    if question is not None:
        return found | {"answered": True, "by": f"a person, to task {question.task}", "answer": question.answer}
    if row is not None and row.state == "done":
        claims = (event.data["claim"] for event in reversed(events.get(task, ())) if "claim" in event.data)
        said = next((str(claim.get("summary") or "") for claim in claims), "")
        return found | {"answered": True, "by": f"task {task}", "answer": said}
    return found | {"by": f"task {task} is {row.state}" if row is not None else "no task of this run carries it"}


def _plain(text: str) -> str:
    return " ".join(text.lower().split()).strip("?？ ")


def asked_lines(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a line for each question: whether it was answered, by whom, and the beginning of the answer."""
    return [f"{safe(each['text'])}  {_fate(each)}" for each in found]


def _fate(each: Mapping[str, Any]) -> str:
    if not each["answered"]:
        return f"NOT answered: {safe(each['by'])}"
    first = safe(str(each["answer"]).strip().partition("\n")[0], 160)
    return f"answered by {safe(each['by'])}{f': {first}' if first else ''}"
