"""What the reader makes of a text, as the tests of its rules look at it."""

from branchline.planfile.read import parse

PATH = "notes/x.md"


def tree(text: str, path: str = PATH) -> list[tuple[str, str]]:
    """Each task with the title of what it hangs under."""
    plan = parse(text, path)
    names = {task.id: task.title for task in plan.tasks}
    return [(task.title, names.get(task.parent or "", "")) for task in plan.tasks]


def titles(text: str, path: str = PATH) -> list[str]:
    """The titles of the tasks, in order."""
    return [title for title, _ in tree(text, path)]


def waits(text: str) -> set[tuple[str, str]]:
    """The written dependencies of a plan, which tasks come before which."""
    return {(edge.before, edge.after) for edge in parse(text, PATH).edges if edge.kind == "written"}
