"""Where in the YAML form of a draft a fault is, and the comment with carets that shows it there."""

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from branchline.terminal.text import width_of

ERROR: Final = "# ERROR: "
_ID: Final = re.compile(r"""^\s*(?:-\s+)?id:\s*(?:"([^"]*)"|'([^']*)'|([^\s#]+))""")


class Spot(NamedTuple):
    """A place in a text: its line from 1, and from which column, counted from 0, how many are meant."""

    line: int
    column: int
    width: int


def line_of(text: str, task_id: str) -> int | None:
    """The last line of the form on which a task has this id (of two with one id, the second is at fault)."""
    found = None
    for number, line in enumerate(text.split("\n"), 1):
        match = _ID.match(line)
        if match and task_id in match.groups():
            found = number
    return found


def spot(text: str, details: Mapping[str, Any]) -> Spot:
    """Where the fault of a GraphError or InputError with these details is: line and column, an edge, a task's field.

    Where only the task is known that is the line of its id, else the first line.
    """
    body = text.split("\n")
    line, edge, field = details.get("line"), details.get("edge"), details.get("field")
    if isinstance(line, int) and 1 <= line <= len(body):
        return Spot(line, min(details.get("column", 0), len(body[line - 1])), 1)
    plain = ["" if each.lstrip().startswith("#") else each.split("  #")[0].rstrip() for each in body]  # no comments
    named = edge[1] if edge else details.get("task")
    first = (line_of(text, str(named)) if named else None) or 1
    last = _end(body, first) if named else len(body)
    where = [n for n in range(first, last + 1) if re.match(r"\s*after:", plain[n - 1])] if edge else []
    patterns = [rf"""["']?(?<![\w.-]){re.escape(str(edge[0]))}["']?(?=\s*(?:[,\]]|$))"""] if edge else []
    if field and "value" in details:
        patterns.append(rf"""\b{re.escape(field)}:\s*["']?{re.escape(str(details["value"]))}["']?""")
    if field:
        patterns.append(rf"\b{re.escape(field)}:.*")
    for pattern in patterns:
        for number in range(where[0] if where else first, last + 1):
            if found := re.search(pattern, plain[number - 1]):
                return Spot(number, found.start(), len(found[0]))
    shown = plain[first - 1]
    return Spot(first, len(shown) - len(shown.lstrip()), len(shown.lstrip()))


def _end(body: list[str], first: int) -> int:
    """The last line of the task whose id stands on line `first`."""
    return next((n for n in range(first, len(body)) if _ID.match(body[n])), len(body))


def annotate(text: str, words: str, at: Spot) -> str:
    """The text with carets under the place that is wrong, and the words below them, as comments."""
    body = text.split("\n")
    line, end = body[at.line - 1], at.column + at.width
    under = " " * width_of(line[: at.column]) + "^" * max(1, width_of(line[at.column : end]))
    told = [ERROR + "".join(c if c.isprintable() else " " for c in line) for line in words.split("\n")]
    body[at.line : at.line] = ["#" + (under[1:] or "^"), *told]
    return "\n".join([f"# Line {at.line + 1} is wrong, as is said there; an empty file drops the edit.", *body])
