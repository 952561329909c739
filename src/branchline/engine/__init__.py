"""pure: `step(state, event) -> (state, commands)`

`state` holds what the user decided and a run knows, `step` folds one event into it, `follow` decides what
comes next, `choose` which tasks start now and how the run stands.
"""

from branchline.engine.choose import Outcome, choose, outcome, outstanding, view
from branchline.engine.follow import BROKE, LOST, back
from branchline.engine.proposal import ADD, SPLIT, WAIT, free_id, pieces
from branchline.engine.state import Command, Emit, Policy, Settle, Start, State, Stop
from branchline.engine.step import replay, step

__all__ = [
    "ADD",
    "BROKE",
    "LOST",
    "SPLIT",
    "WAIT",
    "Command",
    "Emit",
    "Outcome",
    "Policy",
    "Settle",
    "Start",
    "State",
    "Stop",
    "back",
    "choose",
    "free_id",
    "outcome",
    "outstanding",
    "pieces",
    "replay",
    "step",
    "view",
]
