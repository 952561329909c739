"""What a format is, and the sheet on which its reader notes tasks, edges and what is odd about them."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from itertools import count, pairwise
from math import isfinite
from typing import Any, Final, NamedTuple, NoReturn

from branchline.errors import InputError
from branchline.files import MAX_NESTING, load_json
from branchline.model.plan import Check, DraftGraph, Edge, EdgeKind, Finding, Ignored, Mark, Plan, Task
from branchline.planfile import checks
from branchline.planfile.fields import field

MAX_EDGES: Final = 1_000_000
SURE: Final[dict[EdgeKind, float]] = {"written": 1.0, "phase": 0.8, "sequence": 0.7, "inferred": 0.5}
"""Edge kind -> how sure the reader is of it where the format does not say (FORMATS of the field)."""
STATES: Final[dict[str, Mark]] = {
    **dict.fromkeys(
        ["", "open", "todo", "to-do", "pending", "ready", "backlog", "new", "planned", "not-started", "blocked"], "open"
    ),
    **dict.fromkeys(["wip", "in-progress", "doing", "started", "active", "review", "in-review", "hooked"], "wip"),
    **dict.fromkeys(["done", "completed", "complete", "closed", "finished", "merged"], "done"),
    **dict.fromkeys(["deferred", "postponed", "someday", "on-hold", "draft", "later", "pinned"], "deferred"),
    **dict.fromkeys(
        ["declined", "cancelled", "canceled", "wontfix", "rejected", "dropped", "abandoned", "skipped"], "declined"
    ),
}
"""What trackers call a state, in lower case with `-` for blanks and `_`."""
_BULLET: Final = re.compile(r"\s{0,80}(?:(?:[-*+]|\d{1,3}[.)])\s+)?(?:\[[ xX]\]\s+)?(?:#\d{1,4}\s+)?")


class Format(NamedTuple):
    """One row of the table.

    `sniff` gets the text without leading blanks and the name of the file; `names` gives a new id for each that `write`
    has no form for.
    """

    name: str
    sniff: Callable[[str, str], bool]
    read: Callable[["Sheet"], None]
    write: Callable[[DraftGraph], str] | None = None
    names: Callable[[DraftGraph], Mapping[str, str]] | None = None


class Sheet:
    """A text being read; `choice` is what `--dialect NAME:CHOICE` asks for. A task without an id gets one in `plan`."""

    def __init__(self, text: str, path: str, name: str, choice: str = "") -> None:
        self.text, self.path, self.name, self.choice = text, path, name, choice
        self.goal = ""
        self.tasks: list[Task] = []
        self.edges: list[Edge] = []
        self.findings: list[Finding] = []
        self.ignored: list[Ignored] = []
        self.nameless: set[str] = set()

    def fault(self, line: int | None, words: str) -> NoReturn:
        """Raise InputError for what no reading can mend; `words` say what is wrong and what is expected."""
        raise InputError(f"{self.path}:{line}: {words}" if line else f"{self.path}: {words}", line=line)

    def task(
        self, task_id: str, title: str, line: int | None, rule: str, status: str = "", waits: bool = True, **fields: Any
    ) -> Task:
        """Note a task; one without an id or a title gets one, and a finding says so. `status` and `waits` as in `state`."""
        if not task_id:
            task_id = f"\0{len(self.nameless)}"
            self.nameless.add(task_id)
            self.find("no-id", f"{title.strip() or 'a task'} has no id; its place gives it one", line, task_id)
        if not title.strip():
            title = str(fields.get("body") or "").strip().split("\n", 1)[0][:200] or "(untitled)"
            self.find("no-title", "this task has no title", line, task_id)
        made = Task(task_id, title, line=line, state=self.state(status, line, task_id, waits), rule=rule, **fields)
        self.tasks.append(made)
        return made

    def edge(self, before: str, after: str, line: int | None, kind: EdgeKind = "written") -> None:
        """Note that `after` waits for `before`; raises InputError beyond MAX_EDGES."""
        if len(self.edges) >= MAX_EDGES:
            self.fault(line, f"more than {MAX_EDGES} edges; split the plan")
        self.edges.append(Edge(before, after, kind, line, SURE[kind]))

    def find(self, code: str, words: str, line: int | None, task: str | None = None, hold: bool = False) -> None:
        """Note a finding."""
        self.findings.append(Finding(code, words, line, task, hold))

    def ignore(self, line: int | None, text: str, why: str, section: str = "") -> None:
        """Note a line that could have been a task and is none."""
        self.ignored.append(Ignored(line or 1, text[:200], why, section))

    def state(self, word: str, line: int | None, task: str, waits: bool = True) -> Mark:
        """The mark that a tracker's word for a state means; a word that nobody knows holds the task.

        So does `blocked` where nothing says what the task waits for (`waits` False).
        """
        mark = STATES.get(re.sub(r"[\s_-]+", "-", word.strip().lower()))
        if mark is None:
            words = f"the status {word!r} has no meaning here; write todo, in-progress, done, deferred or cancelled"
            self.find("unknown-status", words, line, task, hold=True)
        elif not waits and word.strip().lower() == "blocked":
            self.find("blocked", "it is said to be blocked, and not by what", line, task, hold=True)
        return mark or "open"

    def plan(self, digest: str, order: str) -> Plan:
        """What was noted, as a Plan; `order` is one of edges.ORDERS."""
        names = self._names()
        tasks = [t._replace(id=names.get(t.id, t.id), parent=names.get(t.parent or "", t.parent)) for t in self.tasks]
        lines = [*(task.line or 1 for task in tasks), *(each.line for each in self.ignored)]
        return Plan(
            path=self.path,
            digest=digest,
            dialect=self.name,
            goal=" ".join(self.goal.split())[:1000],
            tasks=tuple(_kinds(tasks)),
            edges=tuple(_ordered(tasks, [_renamed_edge(edge, names) for edge in self.edges], order)),
            ignored=tuple(sorted(self.ignored, key=lambda each: each.line)),
            findings=tuple(each._replace(task=names.get(each.task or "", each.task)) for each in self.findings),
            candidates=tuple(sorted(lines)),
        )

    def _names(self) -> dict[str, str]:
        """The ids of tasks that had none: their place among their siblings, or the next number that is free."""
        if not self.nameless:
            return {}
        taken = {task.id.lower() for task in self.tasks}
        names: dict[str, str] = {}
        for task in self.tasks:
            if task.id in self.nameless:
                above = names.get(task.parent or "", task.parent)
                names[task.id] = next(n for n in _ordinals(above) if n not in taken)
                taken.add(names[task.id])
        return names

    def json(self) -> tuple[Any, dict[int, int]]:
        """The value of the text, and `id(object) -> line`; raises InputError with the line for what is not JSON."""
        value = load_json(self.text, self.path)
        return value, self._lines(value)

    def _lines(self, value: Any) -> dict[int, int]:
        """Objects are met in the order in which their keys stand in the text: no parser that keeps places is needed."""
        order: list[int] = []
        todo: list[tuple[int, Any, int]] = [(0, value, 0)]
        while todo:
            holder, here, depth = todo.pop()
            if depth > MAX_NESTING:
                self.fault(None, f"nested more than {MAX_NESTING} deep")
            if holder:
                order.append(holder)
            elif isinstance(here, list):
                todo += [(0, each, depth + 1) for each in reversed(here) if isinstance(each, (dict, list))]
            elif isinstance(here, dict):
                for key, each in reversed(here.items()):
                    if isinstance(each, (dict, list)):
                        todo.append((0, each, depth + 1))
                    if key in ("id", "title"):
                        todo.append((id(here), None, depth))
        lines: dict[int, int] = {}
        line, place = 1, 0
        found = [each.start() for each in re.finditer(r'"(?:id|title)"\s{0,99}:', self.text)]
        if len(found) != len(order):  # a key written twice, or in escapes: no line is better than a wrong one
            return {}
        for holder, start in zip(order, found, strict=True):
            line += self.text.count("\n", place, start)
            place = start
            lines.setdefault(holder, line)
        return lines

    def object(self, value: Any, what: str, line: int | None = None) -> dict[str, Any]:
        """The value as an object; raises InputError."""
        return value if isinstance(value, dict) else self.fault(line, f"{what} must be an object, not {_kind(value)}")

    def word(self, node: Mapping[str, Any], name: str, line: int | None) -> str:
        """The text under a name, empty when it is absent or null; numbers count as texts. Raises InputError."""
        value = node.get(name)
        if value is None or isinstance(value, str):
            return value or ""
        if (
            isinstance(value, (int, float))
            and not isinstance(value, bool)
            and (isinstance(value, int) or isfinite(value))
        ):
            return str(value)
        return self.fault(line, f"{name} must be a text, not {_kind(value)}")

    def words(self, node: Mapping[str, Any], name: str, line: int | None) -> list[str]:
        """The texts under a name: a list of them, or one text with commas; raises InputError."""
        value = node.get(name)
        if isinstance(value, str):
            value = [each.strip() for each in value.split(",") if each.strip()]
        return [self.word({name: each}, name, line) for each in self.list(node | {name: value}, name, line)]  # type: ignore[operator]

    def list(self, node: Mapping[str, Any], name: str, line: int | None) -> list[Any]:
        """The list under a name, empty when it is absent or null; raises InputError."""
        value = node.get(name)
        return value if isinstance(value, list) else [] if value is None else self.fault(
            line, f"{name} must be a list, not {_kind(value)}"
        )  # fmt: skip


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _ordinals(parent: str | None) -> Iterable[str]:
    return (f"{parent}.{n}" if parent else str(n) for n in count(1))


def _kinds(tasks: Iterable[Task]) -> Iterable[Task]:
    above = {task.parent for task in tasks}
    return (task._replace(kind="composite") if task.id in above else task for task in tasks)


def _renamed_edge(edge: Edge, names: Mapping[str, str]) -> Edge:
    return edge._replace(before=names.get(edge.before, edge.before), after=names.get(edge.after, edge.after))


def _ordered(tasks: Iterable[Task], edges: list[Edge], order: str) -> list[Edge]:
    """The edges that an order policy takes; `document` chains siblings of which nothing is said."""
    if order in ("written", "phase"):
        return [edge for edge in edges if edge.kind in ("written", order)]
    if order == "document":
        stated = {edge.after for edge in edges}
        groups: dict[str | None, list[Task]] = {}
        for task in tasks:
            groups.setdefault(task.parent, []).append(task)
        pairs = (pair for siblings in groups.values() for pair in pairwise(siblings))
        edges = edges + [Edge(a.id, b.id, "sequence", b.line, 0.5) for a, b in pairs if b.id not in stated]
    return edges


def rest(node: Mapping[str, Any], known: Iterable[str]) -> dict[str, Any]:
    """The fields of a node that no field of ours holds; empty ones say nothing."""
    return {name: value for name, value in node.items() if name not in known and value not in (None, "", [], {})}


def judged(text: str, line: int | None) -> tuple[tuple[Check, ...], tuple[str, ...]]:
    """What decides whether a task is done: lines that are a command in back-ticks are checks, all others criteria.

    A command that stands alone is as sure as one after `Verify:`, for the field says what it is for.
    """
    found: list[Check] = []
    criteria: list[str] = []
    for each in text.split("\n"):
        each = each[_BULLET.match(each).end() :].strip()  # type: ignore[union-attr]  # it matches anything
        said = field(line or 1, each)
        runs = checks.commands_of(said)[0] if said and said.kind == "verify" else []
        made = [Check(run, "plan", checks.CERTAIN, line) for run in runs] or checks.of_title(each, line or 1)
        if each.strip(" .") == f"`{''.join(check.run for check in made)}`":
            made = [check._replace(source="plan", confidence=checks.CERTAIN) for check in made]
        found += made
        criteria += [each] if each and not made else []
    return tuple(found), tuple(criteria)


def unjudged(task: Task) -> str:
    """Checks and criteria as the text that `judged` reads: one a line."""
    lines = [f"Verify: `{check.run}`" for check in task.checks] + list(task.criteria)
    return lines[0] if len(lines) == 1 else "\n".join(f"- {line}" for line in lines)


def after_of(draft: DraftGraph) -> dict[str, list[Edge]]:
    """The edges that end at each task."""
    found: dict[str, list[Edge]] = {}
    for edge in draft.edges:
        found.setdefault(edge.after, []).append(edge)
    return found


def children_of(draft: DraftGraph) -> dict[str | None, list[Task]]:
    """The children of each task, and under None the roots."""
    found: dict[str | None, list[Task]] = {}
    for task in draft.tasks:
        found.setdefault(task.parent, []).append(task)
    return found


def renamed(draft: DraftGraph, names: Mapping[str, str]) -> DraftGraph:
    """The draft with other ids, for formats that cannot write the ones it has."""
    if not names:
        return draft
    tasks = (t._replace(id=names.get(t.id, t.id), parent=names.get(t.parent or "", t.parent)) for t in draft.tasks)
    findings = (each._replace(task=names.get(each.task or "", each.task)) for each in draft.findings)
    edges = (_renamed_edge(edge, names) for edge in draft.edges)
    return draft._replace(tasks=tuple(tasks), edges=tuple(edges), findings=tuple(findings))


def dumped(value: Any, indent: int | None) -> str:
    """JSON text; letters as they are, in escapes where UTF-8 has none for them."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        text = json.dumps(value, indent=indent)
    return text


def kind_of(text: str) -> EdgeKind:
    """The edge kind that a label names; any other label belongs to a written edge."""
    return text if text in SURE else "written"


_JSON: Final = re.compile(r'\{\s{0,9999}["}]|\[\s{0,9999}(?:\{|\]\s*\Z)')


def is_json(text: str, name: str) -> bool:
    """Say whether a text is meant to be JSON: by its beginning, which no markdown has, or by the name of its file."""
    return name.endswith(".json") or _JSON.match(text) is not None


def without(label: str, task_id: str) -> str:
    """A label without the id it begins with: `T1: title`, `t1 title`."""
    for lead in (f"{task_id}: ", f"{task_id} "):
        if label.startswith(lead) and label[len(lead) :].strip():
            return label[len(lead) :]
    return label
