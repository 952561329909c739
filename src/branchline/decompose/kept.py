"""The children that a planner thought of earlier, and a person has looked at since: they stay below their task."""

from typing import Final

from branchline.model.plan import DraftGraph, Finding, Task

PLANNER: Final = "planner "
"""How the rule of a task begins that a planner thought of."""


def kept(draft: DraftGraph, old: DraftGraph) -> DraftGraph:
    """The draft with what stands in the stored graph below leaves that are as they were, with edges and findings.

    A leaf that the plan has changed, done or given children of its own gets none back: it is judged anew.
    """
    former = {task.id: task for task in old.tasks}
    below: dict[str, list[Task]] = {}
    for task in old.tasks:
        if task.parent is not None:
            below.setdefault(task.parent, []).append(task)
    taken = {task.id.lower() for task in draft.tasks}
    tasks: list[Task] = []
    back: set[str] = set()
    split: set[str] = set()
    for task in draft.tasks:
        found = _below(task.id, below) if _is_same(task, former.get(task.id)) else []
        if not found or not all(_is_planned(each) for each in found) or taken & {each.id.lower() for each in found}:
            tasks.append(task)
            continue
        tasks += [task._replace(kind="composite"), *found]
        back |= {each.id for each in found}
        split.add(task.id)
    if not back:
        return draft
    edges = [edge for edge in old.edges if edge.before in back and edge.after in back]
    findings = [finding for finding in old.findings if finding.task in back or _is_of_split(finding, split)]
    return draft._replace(tasks=tuple(tasks), edges=(*draft.edges, *edges), findings=(*draft.findings, *findings))


def _is_same(task: Task, old: Task | None) -> bool:
    """Whether a leaf is the task that was split, word by word."""
    if old is None or (task.kind, task.state, old.kind) != ("atomic", "open", "composite"):
        return False
    return (task.title, task.body, task.files) == (old.title, old.body, old.files)


def _below(task_id: str, below: dict[str, list[Task]]) -> list[Task]:
    return [each for child in below.get(task_id, ()) for each in (child, *_below(child.id, below))]


def _is_planned(task: Task) -> bool:
    """Whether a planner, or a person in the review, made a task."""
    return task.rule.startswith(PLANNER) or task.rule == "review"


def _is_of_split(finding: Finding, split: set[str]) -> bool:
    return finding.task in split and finding.code in ("not-covered", "depth-limit")
