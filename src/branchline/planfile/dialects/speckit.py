"""spec-kit tasks.md: `- [ ] T001 [P] [US1] text in path`; phases are barriers, stories run side by side."""

import re

from branchline.planfile.dialects.base import Dialect, Marked

_MARK = re.compile(r"\s*\[(P|US\d{1,3}(?:\s*[,/+]\s*US\d{1,3}){0,8}|[A-Z][A-Za-z]{0,9}\d{0,3})\](?=\s)")


def marks(text: str) -> Marked:
    """Take `[P]` and `[US1]` off a line; they stand right after the id."""
    fields: dict[str, list[str]] = {}
    place = len(text.split(" ", 1)[0]) if text.lstrip("*_")[:1] == "T" else 0
    start = place
    while True:
        found = _MARK.match(text, place)
        if not found:
            break
        fields.setdefault("parallel" if found[1] == "P" else "story", []).append(found[1])
        place = found.end()
    return Marked((text[:start] + text[place:]).strip(), fields)


DIALECT = Dialect(
    "speckit",
    lambda signs: signs.speckit >= 2 and signs.speckit * 2 >= signs.boxes,
    sequence=frozenset({"marked"}),
    marks=marks,
    stories=True,
)
