"""plan to draft graph: rules first, then a model where asked for"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from branchline.errors import InputError
from branchline.files import read_text
from branchline.graph import edit, store
from branchline.graph.build import from_plan
from branchline.guard.injection import scan
from branchline.model.plan import Check, DraftGraph, Finding, Plan, Task
from branchline.model.run import STEERING
from branchline.planfile.digests import folder_digest, folder_texts, is_folder, text_digest
from branchline.planfile.formats import backlog
from branchline.planfile.read import parse

DETECTED = (
    ("Makefile", re.compile(r"^test\s*:", re.M), "make test"),
    ("package.json", None, "npm test"),
    ("Cargo.toml", None, "cargo test"),
    ("go.mod", None, "go test ./..."),
    ("pytest.ini", None, "python -m pytest -q"),
    ("pyproject.toml", re.compile(r"^\[tool\.pytest", re.M), "python -m pytest -q"),
)
"""Which file at the root tells which test command, in this order (DESIGN, section 10)."""


INSTRUCTIONS = "AGENTS.md"
"""What every agent is told to read first, where the root has it."""
OWN_FORMS = ("node-link", "yaml")
"""Branchline's own forms of a graph; they are read strictly, with no finding where a plan would have one."""
_YAML_HEAD = re.compile(r"\s*#|\s*\Z|(?:goal|gate):|[ \t-]")
_YAML_TASK = re.compile(r"^tasks:[ \t]*\r?\n(?:[ \t]*(?:#[^\n]*|\r?)\n)*[ \t]*-[ \t]+id:", re.M)


def read_plan(path: Path, name: str, dialect: str = "", order: str = "numbered") -> Plan:
    """Read a plan by its rules; `name` is what findings and the graph call it. A plan without tasks has none.

    A folder is a plan of one task a file; a stored graph is the plan that it was made from, as it was read.
    """
    if is_folder(path):
        texts = folder_texts(path)
        return backlog.folder(texts, name, folder_digest(texts), order)
    return plan_of(read_text(path), name, dialect, order)


def plan_of(text: str, name: str, dialect: str = "", order: str = "numbered") -> Plan:
    """The plan in a text of any format."""
    form = own_form(text, dialect)
    if not form:
        return parse(text, name, dialect, order)
    graph = graph_of(text, name, form)
    kept = {
        field: getattr(graph, field)
        for field in ("goal", "tasks", "edges", "gate", "findings", "ignored", "request", "boxes")
    }
    lines = [*(task.line or 1 for task in graph.tasks), *(each.line for each in graph.ignored)]
    return Plan(path=name, digest=text_digest(text), dialect=form, candidates=tuple(sorted(lines)), **kept)


def graph_of(text: str, name: str, dialect: str = "", order: str = "numbered") -> DraftGraph:
    """The graph in a text of any format; a stored graph comes back exactly as it was written."""
    form = own_form(text, dialect)
    if form == "node-link":
        return store.loads(text, name)
    if form == "yaml":
        return edit.from_yaml(text, DraftGraph(name, text_digest(text), form, "", ()), name)
    return from_plan(parse(text, name, dialect, order))


def own_form(text: str, dialect: str = "") -> str:
    """Which of OWN_FORMS a text has; empty for a plan."""
    if dialect:
        return dialect if dialect in OWN_FORMS else ""
    if text.lstrip()[:1] == "{":
        return "node-link" if '"directed"' in text and '"nodes"' in text else ""
    found = _YAML_TASK.search(text)
    return "yaml" if found and all(map(_YAML_HEAD.match, text[: found.start()].split("\n"))) else ""


def draft(plan: Plan, root: Path | None, gate: tuple[str, ...] = ()) -> DraftGraph:
    """The draft graph of a plan; raises GraphError for a cycle of written edges.

    The gate is the plan's own, else that of the settings, else what the files at `root` tell.
    """
    graph = from_plan(plan)
    if not graph.gate:
        graph = graph._replace(gate=tuple(Check(run, "settings") for run in gate) or _detected(root))
    shown = _shown({f"the goal of {graph.plan}": graph.goal, INSTRUCTIONS: _instructions(root)})
    return graph._replace(findings=(*graph.findings, *steering(graph.tasks), *shown))


def steering(tasks: Iterable[Task]) -> Iterator[Finding]:
    """What tries to steer the agents in the words of tasks; when it is grave it holds them, and all below them."""
    for task in tasks:
        for flag in scan("\n".join((task.title, task.body, task.output, *task.criteria))):
            words = f"{STEERING}it reads as if it meant to steer the agent ({flag.rule}): {flag.words}"
            yield Finding("injection", words, task.line, task.id, hold=flag.severity == "high")


def _shown(places: Mapping[str, str]) -> Iterator[Finding]:
    """What tries to steer them elsewhere."""
    for place, text in places.items():
        for flag in scan(text):
            yield Finding("injection", f"{place}: {flag.words} reads as if it meant to steer the agent ({flag.rule})")


def _instructions(root: Path | None) -> str:
    try:
        return read_text(root / INSTRUCTIONS, limit=1 << 20) if root else ""
    except InputError:
        return ""


def _detected(root: Path | None) -> tuple[Check, ...]:
    if root is None:
        return ()
    for name, wanted, command in DETECTED:
        try:
            text = read_text(root / name, limit=1 << 20)
        except InputError:
            continue
        if name == "package.json" and not _has_test_script(text):
            continue
        if wanted is None or wanted.search(text):
            return (Check(command, f"detected: {name}"),)
    return ()


def _has_test_script(text: str) -> bool:
    try:
        scripts = json.loads(text).get("scripts", {})
    except (ValueError, AttributeError):
        return False
    command = scripts.get("test", "") if isinstance(scripts, dict) else ""
    return bool(command) and "no test specified" not in str(command)
