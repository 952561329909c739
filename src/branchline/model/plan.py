"""What a plan says: Plan -> DraftGraph -> ApprovedGraph."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Kind = Literal["atomic", "composite"]
EdgeKind = Literal["written", "phase", "sequence", "inferred"]
FileUse = Literal["create", "modify", "test", "mention"]
Mark = Literal["open", "wip", "done", "declined", "deferred"]
"""What the plan itself says of a task: its box, heading mark or section."""

MERGED = "merged"
"""The key of `Task.extra` that holds the places of the tasks which the review made one of."""
MANNER: Mapping[str, type] = {"model": str, "variant": str, "agent": str, "temperature": float}
"""What a plan may say of how a task's worker is to work; all but the model stands in `Task.extra`."""
MAX_DEPTH = 3
"""Roots have depth 0; no task is deeper than this (DESIGN, section 2)."""


class FileRef(NamedTuple):
    """A path a task names, and what the task does with it."""

    path: str
    role: FileUse = "mention"


class Check(NamedTuple):
    """One command that decides whether a task is done; `confidence` (0..1) is how sure the reader is that it is one."""

    run: str
    source: str = "plan"
    confidence: float = 1.0
    line: int | None = None


class Task(NamedTuple):
    """One node; `line` is 1-based in the plan, `state` is the plan's own mark, `estimate` is in hours."""

    id: str
    title: str
    kind: Kind = "atomic"
    parent: str | None = None
    line: int | None = None
    state: Mark = "open"
    role: str = "build"
    worker: str | None = None
    model: str | None = None
    files: tuple[FileRef, ...] = ()
    checks: tuple[Check, ...] = ()
    criteria: tuple[str, ...] = ()
    output: str = ""
    needs: tuple[str, ...] = ()
    instructions: tuple[str, ...] = ()
    estimate: float | None = None
    confidence: float = 1.0
    rule: str = ""
    body: str = ""
    extra: Mapping[str, Any] = {}

    @property
    def over(self) -> bool:
        """Whether the plan says that nothing is left to do of it."""
        return self.state in ("done", "declined")

    @property
    def remains(self) -> bool:
        """Whether a worker is to do it."""
        return self.kind == "atomic" and not self.over

    @property
    def manner(self) -> dict[str, Any]:
        """What the plan says of how the task's worker is to work, by the names of MANNER; nothing that could be a flag."""
        if self.model is None and MANNER.keys().isdisjoint(self.extra):  # asked for each task, and few say any
            return {}
        said = {**self.extra, "model": self.model}
        told = {name: said[name] for name, kind in MANNER.items() if isinstance(said.get(name), kind)}
        return {name: value for name, value in told.items() if str(value)[:1] not in ("", "-")}

    @property
    def places(self) -> list[tuple[int, str, str]]:
        """Line, title and id where the plan speaks of it: its own, or those of the tasks that were made one of.

        A task that a planner thought of has none.
        """
        told = self.extra.get(MERGED)
        if isinstance(told, list) and all(isinstance(each, list) and _is_place(each) for each in told):
            return [(line, title, own) for line, title, own in told]
        return [(self.line, self.title, self.id)] if self.line is not None else []


class Edge(NamedTuple):
    """`after` may start only when `before` is done; either may be composite."""

    before: str
    after: str
    kind: EdgeKind
    line: int | None = None
    confidence: float = 1.0


class Finding(NamedTuple):
    """Something a person should know about a plan; `hold`: `task` must not start before a person has looked."""

    code: str
    message: str
    line: int | None = None
    task: str | None = None
    hold: bool = False


class Ignored(NamedTuple):
    """A candidate line that became no task, and why; `became` is body, criterion, duplicate or ignored."""

    line: int
    text: str
    why: str
    section: str = ""
    became: Literal["body", "criterion", "duplicate", "ignored"] = "ignored"


class Plan(NamedTuple):
    """A text, read: every candidate line is a task's line or stands in `ignored`. Tasks are in document order.

    `boxes` are the characters in the boxes of the text, line by line: all of it that its digest leaves out. `request` are
    its questions, a line each: the id of the task that carries it (none for the prose), a tab, the words.
    """

    path: str
    digest: str
    dialect: str
    goal: str
    tasks: tuple[Task, ...]
    edges: tuple[Edge, ...] = ()
    gate: tuple[Check, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    findings: tuple[Finding, ...] = ()
    candidates: tuple[int, ...] = ()
    request: str = ""
    boxes: str = ""


class DraftGraph(NamedTuple):
    """A directed acyclic graph of tasks that nobody has approved.

    `plan_digest` is that of its text without marks, `boxes` are the marks in it: one character for each box.
    """

    plan: str
    plan_digest: str
    dialect: str
    goal: str
    tasks: tuple[Task, ...]
    edges: tuple[Edge, ...] = ()
    gate: tuple[Check, ...] = ()
    request: str = ""
    findings: tuple[Finding, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    boxes: str = ""


class ApprovedGraph(NamedTuple):
    """A draft that a person or a policy approved; `digest` binds the approval to its meaning and the workers' argv."""

    graph: DraftGraph
    digest: str
    approved_by: str


def _is_place(told: list[Any]) -> bool:
    return [*map(type, told)] == [int, str, str]
