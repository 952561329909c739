"""Which ids may name a task; stdlib only, for commands that need nothing else of a graph's laws."""

import re
from typing import Final

_LEGAL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}(~[0-9]{1,6})?")
_DEVICES: Final = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
"""Names that some file systems keep for devices: ids become names of folders and git refs."""
MAX_DOTS: Final = 4
"""An id of a plan goes no deeper (DESIGN, section 4)."""
LEGAL_ID: Final = "letters, digits, '.' (at most 4), '_' and '-', at most 64, no device name"
"""What a legal id is, in words."""


def is_legal_id(task_id: str) -> bool:
    """Whether an id may name a task (DESIGN, section 4): it becomes part of paths, refs and environment variables."""
    if not _LEGAL.fullmatch(task_id) or task_id.count(".") > MAX_DOTS or _DEVICES.fullmatch(task_id):
        return False
    return not task_id.endswith((".", ".lock")) and ".." not in task_id
