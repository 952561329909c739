"""Plain markdown whose boxes are the tasks, under whatever headings."""

from branchline.planfile.dialects.base import Dialect

DIALECT = Dialect("checkbox", lambda signs: signs.boxes > 0)
