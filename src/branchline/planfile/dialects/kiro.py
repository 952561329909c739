"""Kiro tasks.md: `- [ ] 1. Title`, `- [ ] 1.1 ...`, plain bullets as description, `_Requirements: 1.1_`."""

from branchline.planfile.dialects.base import BOX_MARKS, Dialect, Marked


def marks(text: str) -> Marked:
    """Take the trailing `*` of an optional task off its text."""
    if text.endswith("*") and not text.endswith("**"):
        return Marked(text[:-1].rstrip(), {"optional": ["yes"]})
    return Marked(text)


DIALECT = Dialect(
    "kiro",
    lambda signs: signs.numbered_boxes > 0 and (signs.requirements > 0 or signs.numbered_boxes * 2 >= signs.boxes),
    box_marks={**BOX_MARKS, "-": "wip"},
    marks=marks,
)
