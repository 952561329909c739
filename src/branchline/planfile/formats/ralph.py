"""ralph prd.json: user stories with acceptance criteria, worked on one by one in the order of their priority."""

from itertools import pairwise
from typing import Any, Final

from branchline.planfile.formats.base import Format, Sheet, is_json, judged, rest

_KNOWN: Final = frozenset(["id", "title", "description", "acceptanceCriteria", "passes", "dependsOn", "dependencies"])


def read(sheet: Sheet) -> None:
    """Read the stories; `passes` is their state."""
    value, lines = sheet.json()
    whole = sheet.object(value, "the file", 1)
    sheet.goal = sheet.word(whole, "description", 1) or sheet.word(whole, "project", 1)
    stories: list[tuple[float, int, str]] = []
    for place, story in enumerate(sheet.list(whole, "userStories", 1)):
        line = lines.get(id(story), 1)
        node = sheet.object(story, "a story", line)
        stories.append((_priority(sheet, node, line), place, _story(sheet, node, line)))
    for (_, _, before), (_, place, after) in pairwise(sorted(stories)):
        sheet.edge(before, after, sheet.tasks[place].line, "sequence")


def _priority(sheet: Sheet, node: dict[str, Any], line: int) -> float:
    value = node.get("priority", float("inf"))
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        sheet.fault(line, f"priority must be a number, not {value!r}")
    return float(value)


def _story(sheet: Sheet, node: dict[str, Any], line: int) -> str:
    checks, criteria = judged("\n".join(sheet.words(node, "acceptanceCriteria", line)), line)
    passes = node.get("passes")
    if passes is not None and not isinstance(passes, bool):
        sheet.fault(line, f"passes must be true or false, not {passes!r}")
    task = sheet.task(
        sheet.word(node, "id", line),
        sheet.word(node, "title", line),
        line,
        "user story",
        "done" if passes else "",
        body=sheet.word(node, "description", line),
        checks=checks,
        criteria=criteria,
        extra=rest(node, _KNOWN),
    )
    for before in [*sheet.words(node, "dependsOn", line), *sheet.words(node, "dependencies", line)]:
        sheet.edge(before, task.id, line)
    return task.id


FORMAT = Format("ralph", lambda text, name: '"userStories"' in text and is_json(text, name), read)
