"""Atomic or composite, and the parts of what is composite: by rules, without a model; in doubt atomic."""

from typing import Literal, NamedTuple

from branchline.decompose.enumeration import Part, enumeration
from branchline.model.plan import MAX_DEPTH

THIS = "<-- THIS TASK"


class Kind(NamedTuple):
    """What a task is; `confidence` 0..1, `reasoning` in a sentence."""

    kind: Literal["atomic", "composite"]
    confidence: float
    reasoning: str


def classify(text: str, lineage: str = "", depth: int = 0, *, deepest: int = MAX_DEPTH) -> Kind:
    """Whether a task is atomic or composite (DESIGN, section 7.2).

    `lineage` is the block that shows it among its relatives: a list of what other tasks do already is none of deliverables.
    From depth `deepest` on nothing is split.
    """
    if depth >= min(deepest, MAX_DEPTH):
        return Kind("atomic", 1.0, f"nothing is split at depth {depth}")
    found = enumeration(text)
    if not found.parts:
        return Kind("atomic", found.sure, found.why)
    others = [
        line.lower() for line in lineage.split("\n") if THIS not in line and "[parent]" not in line and text not in line
    ]
    theirs = [part for part in found.parts if any(_thing(part) in line for line in others)]
    if 2 * len(theirs) > len(found.parts):
        return Kind("atomic", 0.7, "what it lists are tasks of their own already: it brings them together")
    return Kind("composite", found.sure, f"{found.why}: {', '.join(part.title for part in found.parts)}")


def split(text: str) -> tuple[Part, ...]:
    """The parts of a composite text, all of them; none of an atomic one."""
    return enumeration(text).parts


def _thing(part: Part) -> str:
    return part.title.lower().partition(" ")[2] or part.title.lower()
