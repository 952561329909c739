"""pure: which ready tasks start now, and why each other one waits

`choose` and `reasons` serve the running engine and `choose` costs what the ready tasks cost, not what all tasks cost;
`next_batch` and `order` are the batch form; `rows` reads plain JSON rows for it. `search` finds a short schedule
of a `problem` and `bound` what none can beat.
"""

from branchline.schedule.batch import next_batch, order
from branchline.schedule.choice import Queue, admit, choose
from branchline.schedule.view import STRATEGIES, Reason, View, mutex_keys
from branchline.schedule.words import explain, reasons, root_of, starved

__all__ = [
    "STRATEGIES",
    "Queue",
    "Reason",
    "View",
    "admit",
    "choose",
    "explain",
    "mutex_keys",
    "next_batch",
    "order",
    "reasons",
    "root_of",
    "starved",
]
