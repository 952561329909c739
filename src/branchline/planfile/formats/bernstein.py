"""bernstein plan.yaml: stages that depend on each other, each with steps; completion signals are checks."""

import re
from shlex import quote
from typing import Any, Final

from branchline.files import load_yaml
from branchline.model.plan import Check, FileRef
from branchline.planfile.checks import CERTAIN
from branchline.planfile.formats.base import Format, Sheet, rest

_STAGE: Final = frozenset(["name", "title", "id", "description", "depends_on", "steps"])
_STEP: Final = frozenset(
    ["title", "goal", "name", "id", "description", "files", "completion_signals", "depends_on", "status"]
)
_STAGES: Final = re.compile(r"^(?:stages|steps)[ \t]*:[ \t]*(?:#.*|\[.*)?$", re.M)
_NAME: Final = re.compile(r"[\s-]{0,80}(?:title|goal|name|id)[\"']?\s{0,9}:\s{0,9}[\"']?(.{1,40})")
_YAML: Final = re.compile(r"\s*$|\s*#|[\w-]{1,60}\s*:|\s|-\s|---")


def read(sheet: Sheet) -> None:
    """Read stages as composite tasks, numbered by their place, and steps below them."""
    whole = sheet.object(load_yaml(sheet.text, sheet.path), "the plan", 1)
    sheet.goal = sheet.word(whole, "description", 1) or sheet.word(whole, "name", 1)
    lines = _Lines(sheet.text)
    names: dict[str, str] = {}
    waits: list[tuple[str, str, int]] = []
    stages = sheet.list(whole, "stages", 1) or [{"steps": sheet.list(whole, "steps", 1)}]
    for place, value in enumerate(stages, 1):
        stage = sheet.object(value, f"stage {place}", 1)
        name = _first(sheet, stage, "name", "title", "id")
        line, parent = lines.find(name), None
        if name:
            parent = str(place)
            body = sheet.word(stage, "description", line)
            sheet.task(parent, name, line, "stage", body=body, extra=rest(stage, _STAGE))
            _call(names, parent, name, sheet.word(stage, "id", line))
            waits += [(before, parent, line) for before in sheet.words(stage, "depends_on", line)]
        for number, each in enumerate(sheet.list(stage, "steps", line), 1):
            step = sheet.object(each, f"step {number} of stage {place}", line)
            title = _first(sheet, step, "title", "goal", "name", "id")
            at, own = lines.find(title), f"{parent}.{number}" if parent else str(number)
            _step(sheet, step, own, title, parent, at)
            _call(names, own, title, sheet.word(step, "id", at))
            waits += [(before, own, at) for before in sheet.words(step, "depends_on", at)]
    for before, after, line in waits:
        sheet.edge(names.get(before.strip().lower(), before), after, line)


def _first(sheet: Sheet, node: dict[str, Any], *keys: str) -> str:
    return next((word for key in keys if (word := sheet.word(node, key, 1))), "")


def _call(names: dict[str, str], task_id: str, *words: str) -> None:
    for word in words:
        names.setdefault(word.strip().lower(), task_id)


def _step(sheet: Sheet, step: dict[str, Any], own: str, title: str, parent: str | None, line: int) -> None:
    signals = [sheet.object(each, "a signal", line) for each in sheet.list(step, "completion_signals", line)]
    runs = [(signal, _command(sheet, signal, line)) for signal in signals]
    files = [FileRef(path, "modify") for path in sheet.words(step, "files", line)]
    sheet.task(
        own,
        title,
        line,
        "step of a stage",
        sheet.word(step, "status", line),
        parent=parent,
        body=sheet.word(step, "description", line),
        files=tuple(files),
        checks=tuple(Check(run, "plan", CERTAIN, line) for _, run in runs if run),
        criteria=tuple(", ".join(f"{k}: {v}" for k, v in signal.items()) for signal, run in runs if not run),
        extra=rest(step, _STEP),
    )


def _command(sheet: Sheet, signal: dict[str, Any], line: int) -> str:
    """The command that a completion signal amounts to; empty for one that only a reader can judge."""
    kind, path = sheet.word(signal, "type", line), sheet.word(signal, "path", line)
    if kind in ("command", "test_passes"):
        return next((run for key in ("run", "command", "value") if (run := sheet.word(signal, key, line))), "")
    if kind == "path_exists" and path:
        return f"test -e {quote(path)}"
    contains = sheet.word(signal, "contains", line)
    return f"grep -qF -e {quote(contains)} -- {quote(path)}" if kind == "file_contains" and path and contains else ""


class _Lines:
    """Where names stand: YAML is read without places, so a name is looked for among the lines that give one."""

    def __init__(self, text: str) -> None:
        self.places: dict[str, list[int]] = {}
        self.last = 1
        for number, line in enumerate(text.split("\n"), 1):
            found = _NAME.match(line)
            if found:
                self.places.setdefault(found[1].strip("\"'").rstrip(), []).insert(0, number)

    def find(self, name: str) -> int:
        """The line of a name, from 1; the last one found when it is written in another way."""
        places = self.places.get(name.split("\n", 1)[0][:40].strip("\"'").rstrip())
        self.last = places.pop() if places else self.last
        return self.last


def sniff(text: str, name: str) -> bool:
    """Say whether stages or steps are a key at the top of a text whose lines before it are YAML."""
    found = _STAGES.search(text) if not name.endswith((".md", ".markdown")) else None
    return found is not None and all(_YAML.match(line) for line in text[: found.start()].split("\n"))


FORMAT = Format("bernstein", lambda text, name: name.endswith((".yaml", ".yml")) or sniff(text, name), read)
