"""plan to draft graph: rules first, then a model where asked for"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from branchline.errors import InputError
from branchline.files import read_text
from branchline.graph.build import from_plan
from branchline.model.plan import Check, DraftGraph, Plan, Task
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


def read_plan(path: Path, name: str, dialect: str = "", order: str = "numbered") -> Plan:
    """Read a plan by its rules; `name` is what findings and the graph call it. A plan without tasks has none."""
    return parse(read_text(path), name, dialect, order)


def draft(plan: Plan, root: Path | None, gate: tuple[str, ...] = (), former: DraftGraph | None = None) -> DraftGraph:
    """The draft graph of a plan.

    The gate is the plan's own, else that of the settings, else what the files at `root` tell. Tasks that stood in
    `former` keep their id (by id, then by title). Raises GraphError for a cycle of written edges.
    """
    graph = from_plan(keep_ids(plan, former) if former else plan)
    if not graph.gate:
        graph = replace(graph, gate=tuple(Check(run, "settings") for run in gate) or _detected(root))
    return graph


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


def keep_ids(plan: Plan, former: DraftGraph) -> Plan:
    """Give tasks without an id of their own the id they had before: the one former task of the same title keeps its."""
    written = {task.id for task in plan.tasks if "ordinal" not in task.extra}
    before = _by_title(former.tasks)
    names: dict[str, str] = {}
    taken = set(written)
    for task in plan.tasks:
        old = before.get(_plain(task.title))
        if task.id not in written and old and old not in taken:
            names[task.id] = old
            taken.add(old)
    for task in plan.tasks:
        if task.id not in written and task.id not in names and task.id in taken:
            names[task.id] = _free(task.id, taken)
        taken.add(names.get(task.id, task.id))
    return _renamed(plan, names) if names else plan


def _by_title(tasks: tuple[Task, ...]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for task in tasks:
        found.setdefault(_plain(task.title), []).append(task.id)
    return {title: ids[0] for title, ids in found.items() if len(ids) == 1}


def _plain(title: str) -> str:
    return " ".join(title.lower().split())


def _free(wanted: str, taken: set[str]) -> str:
    head, _, tail = wanted.rpartition(".")
    number = int(tail) if tail.isdigit() else 1
    while True:
        number += 1
        candidate = f"{head}.{number}" if head else str(number)
        if candidate not in taken:
            return candidate


def _renamed(plan: Plan, names: Mapping[str, str]) -> Plan:
    def new(task_id: str) -> str:
        return names.get(task_id, task_id)

    return replace(
        plan,
        tasks=tuple(replace(t, id=new(t.id), parent=new(t.parent) if t.parent else t.parent) for t in plan.tasks),
        edges=tuple(replace(e, before=new(e.before), after=new(e.after)) for e in plan.edges),
        findings=tuple(replace(f, task=new(f.task) if f.task else f.task) for f in plan.findings),
    )
