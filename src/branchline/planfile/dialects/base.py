"""What a dialect is: defaults of the one engine, and the marks by which a text of it is known."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

BOX_MARKS: Mapping[str, str] = {
    " ": "open",
    "x": "done",
    "X": "done",
    "✓": "done",
    "✔": "done",
    "~": "wip",
    ">": "wip",
    "/": "wip",
    "-": "?",
    "?": "?",
    "!": "?",
}
"""Meaning of the character in a box where no dialect says otherwise; `?` is a finding, and the task is held."""


class Marked(NamedTuple):
    """A task's text without its marks: `fields` holds what the marks said, each as the list of its values."""

    title: str
    fields: Mapping[str, list[str]] = {}


class Signs(NamedTuple):
    """Counts over a scanned text that tell the dialects apart; `path` is the file's name in lower case."""

    path: str
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


class Dialect(NamedTuple):
    """One row of the table; `matches` is tried in the table's order, and the first that fits is the dialect.

    `sequence` names what is ordered by its place: `heads` (Task N headings), `boxes` (boxes that begin with a number),
    `lists` (numbered list items), `marked` (ids in order, with `[P]` for parallel). `nested` says that boxes in a
    box are tasks of their own, `steps` that boxes under a task heading are its steps.
    """

    name: str
    matches: Callable[[Signs], bool]
    box_marks: Mapping[str, str] = BOX_MARKS
    sequence: frozenset[str] = frozenset({"heads", "boxes", "lists"})
    nested: bool = True
    marks: Callable[[str], Marked] | None = None
    stories: bool = False
    test_first: bool = False
    fallback: bool = True
    phase_bullets: bool = True
