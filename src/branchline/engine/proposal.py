"""What is proposed to a person when a worker lacks something: a task of the graph done first, or a new one."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from branchline.engine.state import State
from branchline.model.moves import SATISFIED
from branchline.model.run import TaskRow

ADD, WAIT, GO_ON = "add", "wait for ", "go on"
"""What a person may answer: a new task first, a task of the graph first (its id follows), nothing first."""
MOST = 3
"""How many tasks are proposed for one that goes on lacking something."""
_NAMED = re.compile(r"(\btasks?\s+`?|`)?\b([A-Za-z0-9](?:[\w.~-]*[\w~])?)", re.I)
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
    wanted, seen, ends = set(state.adjacency.leaves_under(task)), set[str](), [other]
    while ends:
        new = set(state.adjacency.after[ends.pop()]) - seen
        seen |= new
        ends += new
    return bool(wanted & seen)
