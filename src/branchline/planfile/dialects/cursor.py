"""Cursor plans: front matter with `todos:` (id, content, status), then prose; the todos are the tasks."""

from branchline.planfile.dialects.base import Dialect

DIALECT = Dialect("cursor", lambda signs: signs.todos > 0, fallback=False)
