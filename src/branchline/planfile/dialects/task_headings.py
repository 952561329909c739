"""Plain markdown with `Task N`, `Step N` or `ABC-001` headings."""

from branchline.planfile.dialects.base import Dialect

DIALECT = Dialect("task-headings", lambda signs: signs.task_heads > 0)
