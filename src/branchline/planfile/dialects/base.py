"""What a dialect is: defaults of the one engine, and the marks by which a text of it is known."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

BOX_MARKS: Mapping[str, str] = {
    " ": "open",
    **dict.fromkeys("xXvV+✓✔✅☑", "done"),
    **dict.fromkeys("~>/", "wip"),
    **dict.fromkeys("-?!", "?"),
}
"""Meaning of the character in a box where no dialect says otherwise; `?` is a finding, and the task is held."""


class Marked(NamedTuple):
    """A task's text without its marks: `fields` holds what the marks said, each as the list of its values."""

    title: str
    fields: Mapping[str, list[str]] = {}


class Signs(NamedTuple):
    """Counts over a scanned text that tell the dialects apart; `text` is its beginning in lower case."""

    text: str
    boxes: int
    xml_tasks: int
    aidevops: int
    speckit: int
    dotted_boxes: int
    numbered_boxes: int
    requirements: int
    numbered_groups: int
    task_heads: int
    phase_heads: int
    step_boxes: int
    bullets: int
    todos: int = 0


class Dialect(NamedTuple):
    """One row of the table; `matches` is tried in the table's order, and the first that fits is the dialect.

    `sequence` names what is ordered by its place: `heads` (Task N headings), `boxes` (boxes that begin with a number),
    `lists` (numbered list items), `marked` (ids in order, with `[P]` for parallel), `tops` (boxes that have no parent:
    BMAD's developer takes the next one only when the one before is done). `grouped`: a numbered heading is a group also alone.
    """

    name: str
    matches: Callable[[Signs], bool]
    box_marks: Mapping[str, str] = BOX_MARKS
    sequence: frozenset[str] = frozenset({"heads", "boxes", "lists"})
    marks: Callable[[str], Marked] | None = None
    stories: bool = False
    test_first: bool = False
    fallback: bool = True
    phase_bullets: bool = True
    grouped: bool = False
