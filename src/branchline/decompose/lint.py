"""What makes a plan's tasks hard to hand over, found before anything is spent: findings with a fix, never vetoes."""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final, NamedTuple

from branchline.budget import size
from branchline.decompose import words
from branchline.decompose.classify import classify
from branchline.decompose.enumeration import verb_of
from branchline.graph.adjacency import Adjacency
from branchline.graph.build import adjacency
from branchline.graph.cycles import reached
from branchline.model.plan import DraftGraph, Finding, Task
from branchline.schedule.view import mutex_keys
from branchline.terminal.text import many, some

LONGEST: Final = 10
"""Tasks one after another, beyond which a plan has little to run side by side."""
MOST_TASKS: Final = 2_000
"""Larger graphs are not searched for what costs more than a look at each task."""

_DECISION: Final = re.compile(
    r"\b(?:tbd|to be (?:decided|determined)|(?:decide|discuss|agree) (?:on|whether|if|between|which|how|the|an?)"
    r"|choose (?:between|which)|open questions?|needs? (?:a )?decision)\b",
    re.I,
)
_CREDENTIAL: Final = re.compile(
    r"\b(?:needs?|requires?|obtain|get|provide|request|ask for|export|rotate|using"
    r"|with(?: (?:your|the|our|an?)|(?= (?-i:[A-Z]+_))))\b[^.\n]{0,40}?\b"
    r"(?:api[ -]?keys?|access tokens?|credentials?|service accounts?|client secrets?|production access"
    r"|ssh keys?|licen[cs]e keys?|(?-i:[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_(?:KEY|SECRET|TOKEN|PASSWORD)))\b",
    re.I,
)
_VAGUE: Final = re.compile(r"\b(?:stuff|things|misc|miscellaneous|etc|and so on|whatever|somehow|various)\b", re.I)


class Rule(NamedTuple):
    """How much a finding of this code weighs, and what mends it."""

    severity: str
    fix: str


RULES: Final[dict[str, Rule]] = {
    "no-check": Rule("warning", "write `Verify: COMMAND` below the task"),
    "many-files": Rule(
        "warning", "split it: one file or one concern each; or read, analyse and put together, one worker each"
    ),
    "too-long": Rule("warning", "split it: a research task that says how, then build tasks"),
    "several": Rule("warning", "split it: write its parts as tasks of their own below it"),
    "overlapping-files": Rule(
        "note", "say which comes first (`depends on ID`); until then they never run at the same time"
    ),
    "long-chain": Rule(
        "note", "cut the implied edges that are not needed (key c); `--order written` leaves all of them out"
    ),
    "vague-title": Rule("warning", "say what will be there when it is done"),
    "needs-decision": Rule("warning", "decide it: write `Decided: WHAT` below the task; no worker can"),
    "needs-credential": Rule(
        "warning",
        "put the name of the variable into `pass_env` and write `Credential: NAME` below the task, or do it by hand",
    ),
    "exploration": Rule("note", "give it the role research: it may not edit then"),
    "text-not-covered": Rule(
        "note", "`branchline explain PLAN LINE` says why a line is no task; write it as one if it is (edit)"
    ),
}
"""Code -> its weight and its fix."""


def lint(draft: DraftGraph) -> tuple[Finding, ...]:
    """The findings of a graph by the rules of DESIGN, section 7.4, in the order of its tasks; those of all of it last."""
    found = [finding for task in draft.tasks if task.remains for finding in _of_task(task, len(draft.tasks))]
    if len(draft.tasks) <= MOST_TASKS:
        net = adjacency(draft)
        found += [_overlap(*each) for each in overlaps(draft, net)]
        found += _chain(draft, net)
    return (*found, *_uncovered(draft))


def table(findings: tuple[Finding, ...]) -> list[dict[str, object]]:
    """Findings as JSON: code, severity, message, line, task, hold and fix; what is held weighs as an error."""
    return [
        {
            "code": each.code,
            "severity": "error" if each.hold else RULES[each.code].severity if each.code in RULES else "warning",
            "message": each.message,
            "line": each.line,
            "task": each.task,
            "hold": each.hold,
            "fix": RULES[each.code].fix if each.code in RULES else "",
        }
        for each in findings
    ]


def _of_task(task: Task, tasks: int) -> Iterator[Finding]:
    for code, judge in _JUDGES.items():
        if code == "several" and (tasks > MOST_TASKS or len(task.title) > 300):
            continue
        said = judge(task)
        if said:
            yield Finding(code, f"{task.id} {said}", task.line, task.id)


def _check(task: Task) -> str:
    if task.checks:
        return ""
    return "has no check of its own" + ("" if task.criteria else " and no criterion")


def _several(task: Task) -> str:
    kind = classify(task.title)
    return f"asks for more than one thing: {kind.reasoning}" if kind.kind == "composite" else ""


def _vague(task: Task) -> str:
    said = re.findall(r"[\w-]+", task.title.lower())
    vague = _VAGUE.search(task.title) or all(word in words.SAYS_LITTLE for word in said)
    return "has a title that does not say what will be there" if vague else ""


def _says(task: Task, word: str) -> bool:
    """Whether a line of a task gives what was missing: `Decided: JWT`."""
    return re.search(rf"^{word}: *\S", "\n".join((task.body, *task.criteria)), re.M) is not None


def _decision(task: Task) -> str:
    if _says(task, "Decided"):
        return ""
    text = f"{task.title}\n{task.body}"[:20_000]
    found = _DECISION.search(text)
    if found or task.title.rstrip().endswith("?"):
        return f"needs a decision: {found[0] if found else task.title}"
    return ""


def _credential(task: Task) -> str:
    found = _CREDENTIAL.search(f"{task.title}\n{task.body}"[:20_000])
    return f"needs credentials: {found[0]}" if found and not _says(task, "Credential") else ""


def _exploration(task: Task) -> str:
    return (
        "looks into something, and its role may edit"
        if task.role == "build" and verb_of(task.title) in words.EXPLORING
        else ""
    )


_JUDGES: Final[dict[str, Callable[[Task], str]]] = {
    "no-check": _check,
    "many-files": size.files,
    "too-long": size.length,
    "several": _several,
    "vague-title": _vague,
    "needs-decision": _decision,
    "needs-credential": _credential,
    "exploration": _exploration,
}


def _overlap(one: Task, two: Task, path: str) -> Finding:
    said = f"{one.id} and {two.id} both change {path}, with no order between them"
    return Finding("overlapping-files", said, two.line, two.id)


def overlaps(draft: DraftGraph, net: Adjacency) -> Iterator[tuple[Task, Task, str]]:
    """Two tasks that change one file with no order between them, and the file, by the neighbours in topological order."""
    place = {leaf: rank for rank, leaf in enumerate(sorted(net.leaves, key=net.rank().__getitem__, reverse=True))}
    holders: dict[str, list[Task]] = {}
    for task in draft.tasks:
        for path in sorted(mutex_keys(task)) if task.remains else ():
            holders.setdefault(path, []).append(task)
    for path, tasks in sorted(holders.items()):
        tasks.sort(key=lambda task: place[task.id])
        for one, two in pairwise(tasks):
            if one.id not in reached(two.id, net.before.__getitem__):
                yield one, two, path


def _chain(draft: DraftGraph, net: Adjacency) -> Iterator[Finding]:
    over = {task.id for task in draft.tasks if task.kind == "atomic" and task.over}
    path = [leaf for leaf in net.critical_path(dict.fromkeys(over, 0.0)) if leaf not in over]
    if len(path) > LONGEST:
        yield Finding(
            "long-chain", f"{len(path)} tasks wait one for another: {' > '.join(path[:4])} > ... > {path[-1]}"
        )


def _uncovered(draft: DraftGraph) -> Iterator[Finding]:
    said = {edge.line for edge in draft.edges if edge.kind == "written"}
    lines = [each.line for each in draft.ignored if each.became == "ignored" and each.line not in said]
    if lines:
        shown = some([str(line) for line in lines], 12)
        yield Finding("text-not-covered", f"{many(len(lines), 'line')} of the plan in no task: {shown}", lines[0])
