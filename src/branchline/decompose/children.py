"""A planner's answer: what is wrong with it, and the tasks and edges it stands for (DESIGN, section 7)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

from branchline.graph.cycles import reached
from branchline.graph.ids import is_legal_id
from branchline.model.plan import Check, Edge, FileRef, Task
from branchline.prompts import one_line

MOST_LINES: Final = 200
"""A task that changes more is researched first, then built."""
MOST_FILES: Final = 3
"""A task of more files is read, analysed and put together, one worker each."""
SUGGESTED: Final = 0.8
"""How sure a check is that a model has thought of: a person looks at it before it is run."""
_NEAR: Final = 20
"""How far below the last line of a description its next one is looked for."""
_HOURS: Final = {"small": 0.5, "medium": 1.0, "large": 2.0}
_DRIVE: Final = re.compile(r"[A-Za-z]:")

Answer = Mapping[str, Any]


class Lines(NamedTuple):
    """The text of a task: its lines, and for each the line of the plan where it stands, None where it is not found."""

    texts: tuple[str, ...]
    places: tuple[int | None, ...]

    def numbered(self) -> str:
        """The text with its lines numbered from 1."""
        return "\n".join(f"{number}: {text}" for number, text in enumerate(self.texts, 1))

    def of(self, title: str, covers: Iterable[int]) -> "Lines":
        """Those of a child: its own title, then the lines of the description that it covers."""
        kept = sorted(set(covers) - {1})
        return Lines((title, *(self.texts[n - 1] for n in kept)), (None, *(self.places[n - 1] for n in kept)))


def lines_of(task: Task, plan: Sequence[str]) -> Lines:
    """The title and the description of a task, its blank lines left out; `plan` are the lines of the plan's text."""
    texts, places = [one_line(task.title)], [task.line]
    at = (task.line or 0) - 1
    for text in filter(str.strip, task.body.split("\n")):
        near = range(at + 1, min(len(plan), at + 1 + _NEAR)) if task.line else ()
        found = next((n for n in near if text.strip() in plan[n]), None)
        at = at if found is None else found
        texts.append(text)
        places.append(None if found is None else found + 1)
    return Lines(tuple(texts), tuple(places))


def faults(answer: Answer, lines: Lines, task: Task) -> list[str]:
    """What is wrong with a split besides its shape; nothing when it can be taken as it is."""
    children = answer["children"]
    keys = [child["key"] for child in children]
    found = [f"the key {key!r} stands twice" for key in sorted({key for key in keys if keys.count(key) > 1})]
    found += [
        f"the key {key!r} may hold letters, digits, '.', '-' and '_' only" for key in keys if not is_legal_id(key)
    ]
    for child in children:
        found += [f"{child['key']}: {words}" for words in _faults(child, keys, lines, task)]
    if found:
        return found
    direct = {child["key"]: child["depends_on"] for child in children}
    before = {key: set(reached(key, direct.__getitem__)) for key in keys}
    circle = [key for key in keys if key in before[key]]
    if circle:
        return [f"{', '.join(circle)}: depends_on goes round in a circle"]
    return _overlaps(children, before)


def _faults(child: Answer, keys: list[str], lines: Lines, task: Task) -> list[str]:
    found = [f"depends_on names {key!r}, which is no key" for key in child["depends_on"] if key not in keys]
    beyond = [number for number in child["covers"] if not 1 <= number <= len(lines.texts)]
    found += [f"covers names line {number}; the task has lines 1 to {len(lines.texts)}" for number in beyond]
    scope = {file.path for file in task.files}
    for file in child["files"]:
        if not _is_relative(file["path"]):
            found.append(f"the path {file['path']!r} must be relative, inside the repository, in plain characters")
        elif scope and file["role"] != "mention" and file["path"] not in scope:
            found.append(f"the file {file['path']!r} is none of the task's; its scope must not grow")
    if not child["title"].strip() or not child["criterion"].strip():
        found.append("title and criterion must say something")
    if not child["check"].isprintable():
        found.append("check must be one line of plain characters")
    return found


def _is_relative(path: str) -> bool:
    parts = path.split("/")
    if not path.isprintable() or path != path.strip() or path.startswith(("/", "~")) or _DRIVE.match(path):
        return False
    return "\\" not in path and not {".", "..", ".git"} & {*map(str.lower, parts)} and "" not in parts[:-1]


def _overlaps(children: Sequence[Answer], before: Mapping[str, set[str]]) -> list[str]:
    found = []
    for place, one in enumerate(children):
        for two in children[place + 1 :]:
            same = sorted(_changed(one) & _changed(two))
            if same and one["key"] not in before[two["key"]] and two["key"] not in before[one["key"]]:
                found.append(f"{one['key']} and {two['key']} both change {same[0]}; put them in an order by depends_on")
    return found


def _changed(child: Answer) -> set[str]:
    return {file["path"] for file in child["files"] if file["role"] != "mention"}


class Made(NamedTuple):
    """The children of a task, the lines that each carries out, which of them may be split again, and their order."""

    tasks: list[Task]
    lines: dict[str, Lines]
    composite: list[Task]
    edges: list[Edge]


def made(answer: Answer, parent: Task, lines: Lines, ids: Sequence[str], rule: str, confidence: float) -> Made:
    """The tasks of a split that is right; `ids` are the names of the children in their order."""
    children = answer["children"]
    named = dict(zip((child["key"] for child in children), ids, strict=True))
    tasks = [_task(child, named[child["key"]], parent, lines, rule, confidence) for child in children]
    edges = [
        Edge(named[key], named[child["key"]], "inferred", None, confidence)
        for child in children
        for key in dict.fromkeys(child["depends_on"])
    ]
    own = {task.id: lines.of(task.title, child["covers"]) for task, child in zip(tasks, children, strict=True)}
    return Made(tasks, own, [t for t, c in zip(tasks, children, strict=True) if c["kind"] == "composite"], edges)


def _task(child: Answer, task_id: str, parent: Task, lines: Lines, rule: str, confidence: float) -> Task:
    title = one_line(child["title"])
    return Task(
        task_id,
        title,
        parent=parent.id,
        role=child["role"],
        worker=parent.worker,
        model=parent.model,
        files=tuple(FileRef(file["path"], file["role"]) for file in child["files"]),
        checks=(Check(child["check"], "planner", SUGGESTED),) if child["check"].strip() else (),
        criteria=(one_line(child["criterion"], 1000),),
        output=one_line(child["output"], 1000),
        needs=parent.needs,
        instructions=parent.instructions,
        estimate=_HOURS[child["effort"]],
        confidence=confidence,
        rule=rule,
        body="\n".join(lines.of(title, child["covers"]).texts[1:]),
        extra={
            **{name: said for name, said in parent.manner.items() if name != "model"},
            "covers": sorted({place for number in child["covers"] if (place := lines.places[number - 1])}),
            "expected_lines": child["lines"],
        },
    )


def phases(task: Task, ids: Sequence[str]) -> Made:
    """The phases of a task that is too much for one worker: research then build, or read, analyse and put together.

    Each takes over what the task has; only the last one changes files, and is judged by the task's check.
    """
    words = ("Read what is there for", "Analyse what was read for") if is_wide(task) else ("Research how to do",)
    looked = tuple(file._replace(role="mention") for file in task.files)
    first = [
        task._replace(id=own, title=one_line(f"{said}: {task.title}"), parent=task.id, role="research", files=looked,
                checks=(), criteria=(), output="", extra={**task.extra, "expected_lines": 0})
        for own, said in zip(ids, words, strict=False)
    ]  # fmt: skip
    last = task._replace(id=ids[len(words)], parent=task.id)
    tasks = [*first, last]
    edges = [Edge(one.id, two.id, "inferred", None, task.confidence) for one, two in pairwise(tasks)]
    return Made(tasks, {}, [], edges)


def is_long(task: Task) -> bool:
    """Whether a planner expects more changed lines than one worker should make at once."""
    return int(task.extra.get("expected_lines", 0)) > MOST_LINES


def is_wide(task: Task) -> bool:
    """Whether a task has more files than one worker should hold in mind."""
    return len(task.files) > MOST_FILES and not is_long(task)
