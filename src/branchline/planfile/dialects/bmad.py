"""BMAD stories: `## Tasks / Subtasks` with boxes; all other sections are the story, notes and results."""

from branchline.planfile.dialects.base import Dialect

DIALECT = Dialect(
    "bmad",
    lambda signs: "tasks / subtasks" in signs.text or ("## dev agent record" in signs.text and signs.boxes > 0),
    sequence=frozenset({"heads", "boxes", "lists", "tops"}),
)
