"""OpenSpec tasks.md: `## 1. Group` and `- [ ] 1.1 text`; the groups follow one another."""

from branchline.planfile.dialects.base import Dialect

DIALECT = Dialect(
    "openspec",
    lambda signs: signs.numbered_groups > 0 and signs.dotted_boxes > 0 and signs.dotted_boxes * 2 >= signs.boxes,
    sequence=frozenset({"heads", "lists"}),
    grouped=True,
)
