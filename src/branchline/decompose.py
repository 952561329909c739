"""plan to draft graph: rules first, then a model where asked for"""

import json
import re
from dataclasses import replace
from pathlib import Path

from branchline.errors import InputError
from branchline.files import read_text
from branchline.graph.build import from_plan
from branchline.model.plan import Check, DraftGraph, Plan
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


def draft(plan: Plan, root: Path | None, gate: tuple[str, ...] = ()) -> DraftGraph:
    """The draft graph of a plan; raises GraphError for a cycle of written edges.

    The gate is the plan's own, else that of the settings, else what the files at `root` tell.
    """
    graph = from_plan(plan)
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
