"""The formats that are no markdown lists, in the order in which they are tried; a new one is a file and a row."""

from typing import Final

from branchline.errors import UsageError
from branchline.model.plan import DraftGraph, Plan
from branchline.planfile.formats import aidevops, backlog, beads, bernstein, dot, mermaid, ralph, taskmaster
from branchline.planfile.formats.base import Format, Sheet, renamed

TABLE: Final[dict[str, Format]] = {
    module.FORMAT.name: module.FORMAT for module in (beads, ralph, dot, mermaid, backlog, taskmaster, bernstein)
}
FORMATS: Final = tuple(TABLE)
"""Names of the formats, in the order in which they are tried."""
WRITERS: Final = {
    **{name: (row.write, row.names) for name, row in TABLE.items() if row.write},
    "aidevops": (aidevops.write, aidevops.names),
}
"""Format -> what writes a graph in it, and what gives new ids to tasks whose id it cannot write."""


def find(text: str, path: str, wanted: str) -> Format | None:
    """The format that `--dialect` names (`NAME` or `NAME:CHOICE`), or the first that fits; None for a markdown plan."""
    if wanted:
        return TABLE.get(wanted.partition(":")[0])
    start = text.lstrip()
    return next((row for row in TABLE.values() if row.sniff(start, path)), None)


def read(row: Format, text: str, path: str, wanted: str, digest: str, order: str) -> Plan:
    """Read a text in a format; raises InputError with the line of what is broken, PlanError for a plan of no known form."""
    choice = wanted.partition(":")[2]
    if choice and row.name != "taskmaster":
        raise UsageError(
            f"--dialect {wanted}: only taskmaster has tags to choose from; write {row.name}", dialect=wanted
        )
    sheet = Sheet(text, path, row.name, choice)
    row.read(sheet)
    return sheet.plan(digest, order)


def write(draft: DraftGraph, name: str) -> tuple[str, DraftGraph, dict[str, str]]:
    """The text of a graph in a format of WRITERS, the graph with the ids it was written with, and the new ids by old."""
    writer, names = WRITERS[name]
    fresh = dict(names(draft)) if names else {}
    draft = renamed(draft, fresh)
    return writer(draft), draft, fresh
