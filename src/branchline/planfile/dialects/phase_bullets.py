"""Phase headings with plain bullets and no boxes: the bullets are the tasks."""

from branchline.planfile.dialects.base import Dialect

DIALECT = Dialect("phase-bullets", lambda signs: signs.phase_heads > 0)
