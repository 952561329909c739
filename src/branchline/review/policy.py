"""What a policy may not start by itself (DESIGN, section 6): such tasks are held until a person looks."""

from typing import Final

from branchline.model.plan import DraftGraph, Task

MINED: Final = 0.9
"""A check of less confidence than this was mined from prose, and is not run unseen."""


def auto(draft: DraftGraph, confidence: float = 0.6) -> dict[str, str]:
    """Return which atomic tasks `--yes` and `pulse` must hold, and why.

    Those of confidence under `confidence`, deferred ones, those with a check of confidence under 0.9, and those of a
    finding that holds. What holds a composite holds every task below it.
    """
    held: dict[str, str] = {}
    findings = {finding.task: finding.message for finding in draft.findings if finding.hold and finding.task}
    by_id = {task.id: task for task in draft.tasks}
    for task in draft.tasks:
        if task.kind == "atomic" and task.state not in ("done", "declined"):
            reason = _reason(task, confidence) or _inherited(task, by_id, findings)
            if reason:
                held[task.id] = reason
    return held


def _reason(task: Task, confidence: float) -> str:
    if task.confidence < confidence:
        return f"confidence {task.confidence:g} is under {confidence:g}"
    if task.state == "deferred":
        return "deferred in the plan"
    for check in task.checks:
        if check.confidence < MINED:
            return f"its check was mined with confidence {check.confidence:g}, under {MINED:g}: {check.run}"
    return ""


def _inherited(task: Task, by_id: dict[str, Task], findings: dict[str, str]) -> str:
    place: str | None = task.id
    seen: set[str] = set()
    while place is not None and place in by_id and place not in seen:
        seen.add(place)
        if place in findings:
            return findings[place]
        if by_id[place].state == "deferred":
            return f"{place} is deferred in the plan"
        place = by_id[place].parent
    return ""
