"""What a policy may not start by itself (DESIGN, section 6): such tasks are held until a person looks."""

from typing import Final

from branchline.model.plan import DraftGraph, Finding, Task

MINED: Final = 0.9
"""A check of less confidence than this was mined from prose, and is not run unseen."""


def held(draft: DraftGraph) -> dict[str, str]:
    """Return which atomic tasks wait for a person's word about each, whoever approves, and why.

    Those that are deferred, and those of a finding that holds. What holds a composite holds every task below it.
    """
    findings = {each.task: _said(each) for each in draft.findings if each.hold and each.task}
    by_id = {task.id: task for task in draft.tasks}
    found = {task.id: _inherited(task, by_id, findings) for task in draft.tasks if task.remains}
    return {task: reason for task, reason in found.items() if reason}


def auto(draft: DraftGraph, confidence: float = 0.6) -> dict[str, str]:
    """Return which atomic tasks `--yes` and `pulse` must hold, and why.

    Those of confidence under `confidence`, those with a check of confidence under 0.9, and those that are `held`.
    """
    sure = held(draft)
    found = {task.id: _unsure(task, confidence) or sure.get(task.id, "") for task in draft.tasks if task.remains}
    return {task: reason for task, reason in found.items() if reason}


def _said(finding: Finding) -> str:
    return f"{finding.message.rstrip('.')} (line {finding.line})" if finding.line else finding.message


def _unsure(task: Task, confidence: float) -> str:
    if task.confidence < confidence:
        return f"confidence {task.confidence:g} is under {confidence:g}"
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
            return "deferred in the plan" if place == task.id else f"{place} is deferred in the plan"
        place = by_id[place].parent
    return ""
