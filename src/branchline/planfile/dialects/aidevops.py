"""aidevops TODO.md: `- [ ] t12.1 text @owner #tag ~4h blocked-by:t3 ref:GH#2`; ids order nothing by themselves."""

import re

from branchline.planfile.dialects.base import BOX_MARKS, Dialect, Marked

_KEYS = (
    "blocked-by|blocks|parent|assignee|logged|started|completed|actual|verified|pr|ref|tier|model|repeat|run|agent|risk|"
    "est|due|priority|branch|status|needs"
)
_SPAN = r"(?<!`)``(?!`)(?:[^`]|`(?!`)){1,2000}``|`[^`\n]{1,2000}`"
_FIELD = re.compile(
    rf"{_SPAN}|\s(?:(?P<key>{_KEYS}):(?P<value>\S+)|@(?P<owner>[\w.-]+)|#(?P<tag>[A-Za-z][\w:./-]*)"
    r"|~(?P<estimate>\d[\w.]*(?:\s\([^()]{0,120}\))?)|->\s+\[?(?P<brief>[^\s\]]+)\]?)(?=\s|$)"
)


def marks(text: str) -> Marked:
    """Take the fields of a TODO.md line off its text; `fix(x):` stays, and so does what is in back-ticks."""
    fields: dict[str, list[str]] = {}
    text = f" {text}"
    kept: list[str] = []
    place = 0
    for found in _FIELD.finditer(text):
        if found.lastgroup is None:
            continue
        kept.append(text[place : found.start()])
        place = found.end()
        name = found.lastgroup
        fields.setdefault(found["key"] if name == "value" else name, []).append(found[name])
    kept.append(text[place:])
    return Marked(" ".join(kept), fields)


DIALECT = Dialect(
    "aidevops",
    lambda signs: signs.aidevops > 0 and signs.aidevops * 2 >= signs.boxes,
    box_marks={**BOX_MARKS, "-": "declined", ">": "wip"},
    sequence=frozenset(),
    marks=marks,
    fallback=False,
)
