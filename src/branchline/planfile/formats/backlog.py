"""One task a file (Backlog.md, praetor): front matter with id, status and dependencies, then description and criteria."""

import re
from collections.abc import Mapping
from typing import Final

from branchline.errors import InputError
from branchline.files import load_yaml
from branchline.model.plan import Check, Ignored, Plan, Task
from branchline.planfile.checks import CERTAIN
from branchline.planfile.formats.base import Format, Sheet, judged, rest
from branchline.planfile.words import NO_TASK_CODES

_FRONT: Final = re.compile(r"---[ \t]*\r?\n((?:(?!---[ \t]*(?:\r?\n|\Z)).*\n)*)---[ \t]*(?:\r?\n|\Z)")
_ID: Final = re.compile(r"^id[ \t]*:[ \t]*(?=\S)[\"']?([A-Za-z]*)", re.M)
_TITLE: Final = re.compile(r"^title[ \t]*:", re.M)
_STATUS: Final = re.compile(r"^status[ \t]*:", re.M)
_WORK: Final = re.compile(r"^(?:dependencies|depends_on|verify)[ \t]*:", re.M)
_KNOWN: Final = frozenset(["id", "title", "status", "dependencies", "depends_on", "parent_task_id", "parent", "verify"])
_HEAD: Final = re.compile(r"(#{1,6})\s+(.*)$")
_BOX: Final = re.compile(r"\s{0,80}(?:[-*+]|\d{1,3}[.)])\s+\[[ xX]\]\s")
_JUDGES: Final = re.compile(r"acceptance|criteria|definition of done", re.IGNORECASE)
_MARK: Final = re.compile(r"\s*<!--[^<>]{0,200}-->\s*$")


def read(sheet: Sheet) -> None:
    """Read the one task of a file; its boxes are criteria or steps, never tasks."""
    found = _FRONT.match(sheet.text.lstrip())
    if found is None:
        sheet.fault(1, "no front matter between two lines of ---, so there is no task to read in this format")
    front = sheet.object(load_yaml("\n" + found[1], sheet.path) or {}, "the front matter", 1)
    skipped = sheet.text[: len(sheet.text) - len(sheet.text.lstrip())].count("\n")
    first = found[0].count("\n") + skipped
    at = _ID.search(found[1])
    line = (found[1].count("\n", 0, at.start()) if at else 0) + 2 + skipped
    heading, body, judges = _body(sheet, first)
    checks, criteria = judged("\n".join(text for _, text in judges), line)
    waits = [*sheet.words(front, "dependencies", line), *sheet.words(front, "depends_on", line)]
    runs = sheet.list(front, "verify", line) if isinstance(front.get("verify"), list) else [front.get("verify")]
    commands = [sheet.word({"verify": run}, "verify", line) for run in runs]
    task = sheet.task(
        sheet.word(front, "id", line),
        sheet.word(front, "title", line) or heading,
        line,
        "task file with front matter",
        sheet.word(front, "status", line),
        bool(waits),
        parent=sheet.word(front, "parent_task_id", line) or sheet.word(front, "parent", line) or None,
        body=body,
        checks=(*(Check(run, "plan", CERTAIN, line) for run in commands if run), *checks),
        criteria=criteria,
        extra=rest(front, _KNOWN),
    )
    sheet.goal = task.title
    for before in waits:
        sheet.edge(before, task.id, line)


def _body(sheet: Sheet, first: int) -> tuple[str, str, list[tuple[int, str]]]:
    """The heading, the description and the criteria below the front matter, which ends on line `first`."""
    heading, judging, fenced = "", False, False
    kept: list[str] = []
    judges: list[tuple[int, str]] = []
    for number, text in enumerate(sheet.text.split("\n")[first:], first + 1):
        text = text.rstrip("\r")
        fenced ^= text.lstrip().startswith(("```", "~~~"))
        head = None if fenced else _HEAD.match(text)
        named = head[2].rstrip().rstrip("#").rstrip() if head else ""
        if head:
            heading = heading or (named if len(head[1]) == 1 else "")
            judging = _JUDGES.search(named) is not None
        box = not fenced and _BOX.match(text) is not None
        if box:
            why = "a criterion of the task" if judging else "a step of the task, part of its description"
            sheet.ignored.append(Ignored(number, text.strip()[:200], why, "", "criterion" if judging else "body"))
        if box and judging:
            judges.append((number, text))
        elif not _MARK.match(text) and not (head and (judging or named == heading)):
            kept.append(text)
    return heading, "\n".join(kept).strip("\n"), judges


def sniff(text: str, _: str) -> bool:
    """Say whether a text begins with front matter that gives a task's id, and its title and state or what it waits for."""
    found = _FRONT.match(text) if text.startswith("---") else None
    at = _ID.search(found[1]) if found is not None else None
    if found is None or at is None or at[1].lower() in NO_TASK_CODES:
        return (
            False  # decisions and documents of other kinds have an id and a state too, and are plans as any other text
        )
    return bool(_WORK.search(found[1]) or (_TITLE.search(found[1]) and _STATUS.search(found[1])))


def folder(texts: Mapping[str, str], path: str, digest: str, order: str) -> Plan:
    """Read a folder of such files as one plan: `texts` by file name, each task with its file in `extra`.

    Lines are those of the task's own file. Raises InputError when no file is a task.
    """
    whole = Sheet("", path, FORMAT.name)
    for name, text in sorted(texts.items(), key=lambda each: _natural(each[0])):
        if not sniff(text.lstrip(), name):
            whole.find("no-task", f"{name} holds no task: no front matter with an id and a status", None)
            continue
        sheet = Sheet(text, f"{path}/{name}", FORMAT.name)
        read(sheet)
        whole.tasks += [task._replace(extra={**task.extra, "file": name}) for task in sheet.tasks]
        whole.edges += sheet.edges
        whole.findings += sheet.findings
        whole.ignored += [each._replace(section=name) for each in sheet.ignored]
        whole.nameless |= sheet.nameless
    if not whole.tasks:
        words = "a folder, not a file, and no *.md in it is a task (front matter with id and status)"
        raise InputError(f"{path}: {words}", path=path)
    _hang(whole)
    return whole.plan(digest, order)


def _hang(sheet: Sheet) -> None:
    """Hang `task-4.1` below `task-4` where the file names no parent; ids in any case are the same."""
    ids = {task.id.lower(): task.id for task in sheet.tasks}

    def above(task: Task) -> str | None:
        named = (task.parent or task.id.rpartition(".")[0]).lower()
        return ids.get(named, task.parent)

    sheet.tasks = [task._replace(parent=above(task)) for task in sheet.tasks]


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"([0-9]{1,15})", name)]


FORMAT = Format("backlog", sniff, read)
