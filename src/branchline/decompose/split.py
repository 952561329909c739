"""The recursion with a model: leaves that are goals are judged, and composite ones split, to depth 3 at most.

What the plan's author has split is left as it is, and so is what says of itself that it is one piece. Whatever a model
cannot do leaves the rules' result standing, with a finding that says why.
"""

import re
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from branchline import schema
from branchline.asker import Asker, Planner, Question
from branchline.asker.ask import AGAIN
from branchline.decompose import children
from branchline.decompose.children import Lines, Made
from branchline.decompose.kept import PLANNER
from branchline.errors import GraphError, PlannerError
from branchline.graph.change import free_ids
from branchline.model.plan import MAX_DEPTH, DraftGraph, Finding, Task
from branchline.prompts import family, lineage, one_line, relatives, render

MOST_CHILDREN: Final = 5
"""The most children of one split; a plan of more leaves has been split by its author."""
DOUBT: Final = 0.6
"""Under this confidence a composite task is left atomic."""
SURE: Final = 0.9
"""The most confidence that a task has which only a model has thought of."""
MAX_TEXT: Final = 20_000
"""Characters of a task's text that one question holds."""
_LASTING: Final = AGAIN | {"credentials", "limited", "slow", "http"}
"""Causes of a failure for which the next question would fail too: nothing more is asked."""
FAILED: Final = ("planner", "not-split")
"""Codes of findings about a question that got no answer."""
_SHOWN: Final = 3
_CONCRETE: Final = re.compile(r"`[^`]+`|\b[\w-]+\.[a-z]{1,4}\b|\w/\w")
"""Words that point at one thing in the repository: code, a file, a path."""


def split(
    draft: DraftGraph,
    plan: Callable[[], str],
    asker: Asker,
    *,
    depth: int = MAX_DEPTH,
    only: Collection[str] = (),
) -> DraftGraph:
    """The draft with its goals split by the asker's planner; the draft itself when there is nothing to split.

    `plan` gives the text of the plan when it is needed, `depth` is the deepest a task may stand, `only` names leaves to
    split without judging them first. The same draft and answers give the same ids.
    """
    depth = min(depth, MAX_DEPTH)
    wanted = [task for task in draft.tasks if task.id in only] if only else candidates(draft, depth)
    if not wanted:
        return draft
    work = _Work(draft, plan().split("\n"), asker, depth)
    try:
        work.run(wanted, judged=bool(only))
    except PlannerError as error:
        work.findings.append(Finding("planner", unasked(asker.planner, error)))
    return work.result()


def unasked(planner: Planner, error: PlannerError) -> str:
    """What is said when a planner gave no answer."""
    return f"{planner.name} gave no answer: {error.message}; the result of the rules stands"


def candidates(draft: DraftGraph, depth: int = MAX_DEPTH) -> list[Task]:
    """The leaves that a model is asked about: open goals without any detail, in a plan that nobody has split."""
    leaves = [task for task in draft.tasks if task.kind == "atomic" and task.state == "open"]
    if len(leaves) > MOST_CHILDREN:
        return []
    tasks = {task.id: task for task in draft.tasks}
    return [task for task in leaves if depth_of(task, tasks) < depth and not _is_settled(task)]


def _is_settled(task: Task) -> bool:
    return bool(task.files or task.checks or task.criteria or task.role != "build" or _CONCRETE.search(task.title))


def judge(
    asker: Asker, tasks: Sequence[tuple[str, str]], goal: str = "", lineage: str = ""
) -> dict[str, dict[str, Any]]:
    """Ask of tasks (key, text) whether each is atomic: key -> `{kind, confidence, reasoning}`.

    A composite of which the model is not sure is atomic. Raises PlannerError as `Asker.ask`.
    """
    keys = [key for key, _ in tasks]
    text = render({"goal": goal, "lineage": lineage, "tasks": tasks}, "planner_leaves.md.j2")

    def check(answer: Any) -> list[str]:
        given = [each["key"] for each in answer["tasks"]]
        return [] if sorted(given) == sorted(keys) else [f"answer once for each of the keys {', '.join(keys)}"]

    answer = asker.ask(Question(render({}, "planner_classify.md.j2"), text), schema.classification(), check)
    found = {each.pop("key"): each for each in (dict(each) for each in answer["tasks"])}
    for each in found.values():
        if each["confidence"] < DOUBT:
            each["kind"] = "atomic"
    return found


class _Work:
    """The graph while it grows, and all that is needed to ask about it."""

    def __init__(self, draft: DraftGraph, plan: Sequence[str], asker: Asker, depth: int) -> None:
        self.draft, self.plan, self.asker, self.depth = draft, plan, asker, depth
        self.tasks = {task.id: task for task in draft.tasks}
        self.below: dict[str, list[str]] = {}
        self.edges = list(draft.edges)
        self.findings = list(draft.findings)
        self.lines: dict[str, Lines] = {}

    def run(self, wanted: Sequence[Task], *, judged: bool) -> None:
        """Judge what is not judged yet, then split level by level what is composite."""
        sure = {task.id: SURE for task in wanted} if judged else self._judge(wanted)
        queue = deque(task for task in wanted if task.id in sure)
        while queue:
            task = queue.popleft()
            try:
                made = self._split(task, sure[task.id])
            except PlannerError as error:
                if error.details["cause"] in _LASTING:
                    raise
                self._find("not-split", f"{task.id} stays atomic: {error.message}", task)
                continue
            queue += made.composite if made else ()
            sure |= {task.id: task.confidence for task in made.composite} if made else {}

    def _judge(self, wanted: Sequence[Task]) -> dict[str, float]:
        texts = [(task.id, "\n".join(self._lines(task).texts)) for task in wanted]
        try:
            found = judge(self.asker, texts, self.draft.goal)
        except PlannerError as error:
            if error.details["cause"] in _LASTING:
                raise
            self._find("not-split", f"all tasks stay atomic: {error.message}", wanted[0])
            return {}
        return {key: min(each["confidence"], SURE) for key, each in found.items() if each["kind"] == "composite"}

    def _split(self, task: Task, confidence: float) -> Made | None:
        """Ask for the children of one task and put them below it; None when it stands as deep as a task may."""
        depth = depth_of(task, self.tasks)
        if depth >= self.depth:
            self._find("depth-limit", f"{task.id} stands at depth {depth}, the deepest there is; it stays atomic", task)
            return None
        lines = self._lines(task)
        if len(lines.numbered()) > MAX_TEXT:
            self._find("not-split", f"{task.id} stays atomic: its description is too long for one question", task)
            return None
        question = Question(render({}, "planner_split.md.j2"), self._text(task, lines))
        answer = self.asker.ask(question, schema.split(), lambda each: children.faults(each, lines, task))
        ids = self._ids(task.id, len(answer["children"]))
        if not ids:
            self._find("not-split", f"{task.id} stays atomic: its children would have no legal ids", task)
            return None
        rule = f"{PLANNER}{self.asker.planner.name} {self.asker.planner.model}".strip()
        made = children.made(answer, task, lines, ids, rule, confidence)
        self._put(task, made)
        self._tell_coverage(task, lines, answer["children"], made)
        for child in made.tasks:
            if child not in made.composite:
                self._put_phases(child)
        return made

    def _put(self, task: Task, made: Made) -> None:
        self.tasks[task.id] = task._replace(kind="composite")
        self.below[task.id] = [child.id for child in made.tasks]
        self.tasks |= {child.id: child for child in made.tasks}
        self.lines |= made.lines
        self.edges += made.edges

    def _put_phases(self, task: Task) -> None:
        """Make phases of a child that is too much for one worker, where there is room below it."""
        if not (children.is_long(task) or children.is_wide(task)):
            return
        what = f"about {task.extra['expected_lines']} lines" if children.is_long(task) else f"{len(task.files)} files"
        ids = self._ids(task.id, 3)
        if depth_of(task, self.tasks) >= self.depth or not ids:
            self._find(
                "depth-limit", f"{task.id} is too much for one worker ({what}) and stands too deep to split", task
            )
        else:
            self._put(task, children.phases(task, ids))

    def _tell_coverage(self, task: Task, lines: Lines, answered: Sequence[Any], made: Made) -> None:
        """Say which lines no child carries out, and which child carries out none: nothing is dropped or added unseen."""
        covered = {number for child in answered for number in child["covers"]}
        title_only = {1} if len(lines.texts) > 1 else set()
        left = sorted(set(range(1, len(lines.texts) + 1)) - covered - title_only)
        if left:
            texts = "; ".join(one_line(lines.texts[number - 1], 100) for number in left[:_SHOWN])
            more = f" and {len(left) - _SHOWN} lines more" if len(left) > _SHOWN else ""
            words = f"no child of {task.id} covers: {texts}{more}"
            self.findings.append(Finding("not-covered", words, lines.places[left[0] - 1], task.id))
        for child, own in zip(answered, made.tasks, strict=True):
            if not child["covers"]:
                words = f"{own.id} names no line of {task.id} that it carries out; look whether it is wanted"
                self.findings.append(Finding("no-source", words, task.line, own.id, hold=True))

    def _find(self, code: str, words: str, task: Task) -> None:
        self.findings.append(Finding(code, words, task.line, task.id))

    def _lines(self, task: Task) -> Lines:
        return self.lines.get(task.id) or children.lines_of(task, self.plan)

    def _text(self, task: Task, lines: Lines) -> str:
        index = family(self.draft._replace(tasks=tuple(self._ordered())))
        files = [file.path for file in task.files]
        shown = {
            "goal": self.draft.goal,
            "lineage": lineage(*relatives(index, task), task.id),
            "text": lines.numbered(),
            "files": files,
            "last": depth_of(task, self.tasks) + 1 >= self.depth,
        }
        return render(shown, "planner_task.md.j2")

    def _ids(self, parent: str, count: int) -> list[str]:
        """Ids for children of a task; none when they would be too long."""
        try:
            return free_ids(self.tasks.values(), parent, count)
        except GraphError:
            return []

    def _ordered(self) -> list[Task]:
        """All tasks in document order, children right after their parent."""
        found: list[Task] = []
        todo = [task.id for task in reversed(self.draft.tasks)]
        while todo:
            task_id = todo.pop()
            found.append(self.tasks[task_id])
            todo += reversed(self.below.get(task_id, []))
        return found

    def result(self) -> DraftGraph:
        """The graph as it is now."""
        return self.draft._replace(tasks=tuple(self._ordered()), edges=tuple(self.edges), findings=tuple(self.findings))


def depth_of(task: Task, tasks: Mapping[str, Task]) -> int:
    """How deep a task stands; roots have depth 0."""
    depth = 0
    while task.parent is not None:
        task, depth = tasks[task.parent], depth + 1
    return depth
