"""Word lists of the reader, in the languages plans are written in: data, no rules.

`sections` classes headings, `heads` tells which of them name tasks and phases, `fields` names labels such as `Depends
on:`, `columns` the heads of tables, `verbs` what is done, `leads` what announces work, `prose` holds what sentences say
of order and `commands` what they say of commands, and `names` what is known by its name (programs, files, things that
look like ids). Each list is laid out by language; a test holds that every language of `LANGUAGES` has its share of
each.
"""

from branchline.planfile.words.base import LANGUAGES
from branchline.planfile.words.columns import ID_COLUMNS, PRIORITY_COLUMNS, STEP_COLUMNS, TITLE_COLUMNS
from branchline.planfile.words.commands import CHECK, CHECK_LAST, PASS, RUN, RUN_LAST
from branchline.planfile.words.fields import FIELDS, LOOSE_DEPENDS
from branchline.planfile.words.heads import (
    BESIDE_HEADS,
    COUNTED_HEADS,
    LAST_OF_PHASES,
    LIKE_HEADS,
    MANUALS,
    NO_PHASE_REST,
    PHASE_HEADS,
    STAGE_HEADS,
    STEP_HEADS,
    TASK_HEADS,
    VERSION_HEADS,
)
from branchline.planfile.words.leads import LEADS, PLANS, ROADMAPS
from branchline.planfile.words.names import BARE_FILES, GSD_TAGS, NO_TASK_CODES, NOT_IDS, PHASE_CODES, PROGRAMS
from branchline.planfile.words.prose import (
    ALL_PRIOR,
    ALL_STORIES,
    BLOCKS_PROSE,
    DEPENDS_PROSE,
    EARLIER,
    EVERYTHING,
    GATES,
    LATER,
    NONE,
    NOT,
    ONCE,
    PARALLEL,
    SEQUENTIAL,
    UNBOUND,
)
from branchline.planfile.words.sections import (
    ACTIONS,
    BUILDING,
    CHECKLISTS,
    CLASSES,
    DONE_ALONE,
    DONE_MARKS,
    NO_QUESTIONS,
    OPEN_MARKS,
    PARTLY,
    QUESTIONS,
    STRONG_NONTASK,
    TODOS,
    TRAILERS,
    WIP_MARKS,
)
from branchline.planfile.words.verbs import ALL_OR_NONE, FIRST_VERBS, HOLDS, LAST_VERBS

__all__ = [
    "ACTIONS",
    "ALL_OR_NONE",
    "ALL_PRIOR",
    "ALL_STORIES",
    "BARE_FILES",
    "BESIDE_HEADS",
    "BLOCKS_PROSE",
    "BUILDING",
    "CHECK",
    "CHECKLISTS",
    "CHECK_LAST",
    "CLASSES",
    "COUNTED_HEADS",
    "DEPENDS_PROSE",
    "DONE_ALONE",
    "DONE_MARKS",
    "EARLIER",
    "EVERYTHING",
    "FIELDS",
    "FIRST_VERBS",
    "GATES",
    "GSD_TAGS",
    "HOLDS",
    "ID_COLUMNS",
    "LANGUAGES",
    "LAST_OF_PHASES",
    "LAST_VERBS",
    "LATER",
    "LEADS",
    "LIKE_HEADS",
    "LOOSE_DEPENDS",
    "MANUALS",
    "NONE",
    "NOT",
    "NOT_IDS",
    "NO_PHASE_REST",
    "NO_QUESTIONS",
    "NO_TASK_CODES",
    "ONCE",
    "OPEN_MARKS",
    "PARALLEL",
    "PARTLY",
    "PASS",
    "PHASE_CODES",
    "PHASE_HEADS",
    "PLANS",
    "PRIORITY_COLUMNS",
    "PROGRAMS",
    "QUESTIONS",
    "ROADMAPS",
    "RUN",
    "RUN_LAST",
    "SEQUENTIAL",
    "STAGE_HEADS",
    "STEP_COLUMNS",
    "STEP_HEADS",
    "STRONG_NONTASK",
    "TASK_HEADS",
    "TITLE_COLUMNS",
    "TODOS",
    "TRAILERS",
    "UNBOUND",
    "VERSION_HEADS",
    "WIP_MARKS",
]
