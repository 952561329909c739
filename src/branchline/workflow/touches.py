"""Which files a task is likely to touch that names none: those that tasks of the same words really touched before."""

import re

from branchline.model.plan import DraftGraph
from branchline.store import Store
from branchline.workflow.estimates import RUNS

MOST = 100
"""Files of one task; more says that nobody knows."""
_WORD = re.compile(r"[^\W\d_]{2,}")


def touches(store: Store, draft: DraftGraph) -> dict[str, dict[str, bool]]:
    """Task -> path -> that it is likely to change it, by what is kept of the newest runs."""
    silent = {t.id: alike for t in draft.tasks if t.kind == "atomic" and not t.files and (alike := _words(t.title))}
    seen: dict[frozenset[str], dict[str, bool]] = {}
    for title, files in store.touched(RUNS) if silent else ():
        seen.setdefault(_words(title), {}).update(dict.fromkeys(files, True))
    return {task: seen[alike] for task, alike in silent.items() if 0 < len(seen.get(alike, ())) <= MOST}


def _words(title: str) -> frozenset[str]:
    """What two similar titles have in common: their words, in any order and whatever their numbers."""
    return frozenset(_WORD.findall(title.lower()))
