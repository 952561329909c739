"""What is proposed to a person when a worker lacks something, or room: tasks of the graph done first, or new ones."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from branchline.engine.state import State
from branchline.graph.cycles import reached
from branchline.model.moves import SATISFIED
from branchline.model.run import TaskRow
from branchline.patterns import late

ADD, WAIT, SPLIT, GO_ON = "add", "wait for ", "split", "go on"
"""What a person may answer: a new task first, a task of the graph first (its id follows), its pieces first, nothing."""
MOST = 3
"""How many tasks are proposed for one that goes on lacking something."""
_NAMED = late(r"(\btasks?\s+`?|`)?\b([A-Za-z0-9](?:[\w.~-]*[\w~])?)", re.I)
MOST_PIECES, DEPTH = 5, 3
"""Into how many pieces a task is split, and how often a piece of it may be split again (SEEDS S3.15)."""
_PIECE = late(r"^- (.+)", re.M)
_LONGEST = 56


def prerequisite(state: State, row: TaskRow, question: Mapping[str, Any]) -> dict[str, Any]:
    """The question of a worker that lacks something, with what is proposed; as it was when nothing can be."""
    asked, named = dict(question), next(_named(state, row, str(question["text"])), "")
    if named and _waits_for(state, named, row.task):
        why = f"Task {named} waits for this one itself, so it cannot be done first."
        return asked | {"text": f"{asked['text']}\n\n{why}"}
    new = free_id(state, row.task, "pre")
    if not named and (int(new.rpartition("-")[2]) > MOST or len(new) > _LONGEST):
        return asked
    first, plan = (
        (f"{WAIT}{named}", f"task {named} is done first") if named else (ADD, f"a task {new} provides it first")
    )
    return asked | {
        "kind": "prerequisite",
        "text": f"{asked['text']}\n\nProposed: {plan}.",
        "options": [first, GO_ON, *(asked.get("options") or ())],
    }


def split(state: State, row: TaskRow, missing: Sequence[str]) -> dict[str, Any] | None:
    """The question whether the pieces that a full context left shall be tasks of their own; None where that is no way."""
    again = row.task.count("-part-") >= DEPTH or len(free_id(state, row.task, "part")) > _LONGEST
    if again or len(missing) < 2:
        return None
    rest = "; ".join(missing[MOST_PIECES - 1 :])
    listed = "\n".join(f"- {' '.join(piece.split())}"[:200] for piece in (*missing[: MOST_PIECES - 1], rest) if piece)
    text = f"It is too much for one worker: no context holds it.\n\nProposed: each of these is a task, done first.\n{listed}"
    return {"kind": "prerequisite", "text": text, "options": [SPLIT, GO_ON]}


def pieces(text: str) -> list[str]:
    """The pieces that such a question names."""
    return _PIECE.findall(text)


def free_id(state: State, task: str, what: str) -> str:
    """The next id for a task that belongs to another one: `2-pre-1`."""
    number = 1
    while f"{task}-{what}-{number}" in state.adjacency.parent:
        number += 1
    return f"{task}-{what}-{number}"


def _named(state: State, row: TaskRow, text: str) -> Iterator[str]:
    """The tasks of the graph that a text names and that are not done; a bare number is no name of a task."""
    adjacency = state.adjacency
    for lead, name in _NAMED.findall(text):
        is_name = lead or (re.search("[0-9]", name) and re.search("[A-Za-z.]", name))
        if not is_name or name not in adjacency.parent or adjacency.related(name, row.task):
            continue
        if any(state.tasks[leaf].state not in SATISFIED for leaf in adjacency.leaves_under(name)):
            yield name


def _waits_for(state: State, task: str, other: str) -> bool:
    """Whether any leaf of a task comes after another one, near or far."""
    later = reached(other, state.adjacency.after.__getitem__)
    return not set(state.adjacency.leaves_under(task)).isdisjoint(later)
