"""A goal in a person's words as a plan of its own: one task, with the deliverables that it enumerates as its children."""

from branchline.decompose.classify import classify, split
from branchline.model.plan import MAX_DEPTH, Edge, Plan, Task
from branchline.planfile.digests import text_digest

NAME = "--text"
"""What findings and graphs call the plan of a text that is in no file."""


def plan_of_goal(text: str, deepest: int = MAX_DEPTH) -> Plan:
    """The plan of a goal, split where it enumerates deliverables; with `deepest` 0 nothing is."""
    title, _, body = text.strip().partition("\n")
    kind = classify(text, deepest=deepest)
    parts = split(text) if kind.kind == "composite" else ()
    goal = Task("1", title.strip(), kind.kind, line=1, body=body.strip(), confidence=kind.confidence, rule="goal")
    children = [
        Task(f"1.{number}", part.title, parent="1", line=1, confidence=kind.confidence, rule="enumeration")
        for number, part in enumerate(parts, 1)
    ]
    edges = [
        Edge(f"1.{before + 1}", f"1.{number}", "written", 1)
        for number, part in enumerate(parts, 1)
        for before in part.after
    ]
    return Plan(
        NAME, text_digest(text), "text", goal.title, (goal, *children), tuple(edges), candidates=(1,), request=text
    )
