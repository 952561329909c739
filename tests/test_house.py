"""The rules of AGENTS.md that a machine can hold."""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from statistics import median, quantiles

import pytest

ROOT = Path(__file__).resolve().parents[1]
SRC = ROOT / "src" / "branchline"
FILES = sorted(SRC.rglob("*.py"))
ROW = re.compile(r"^\| (\d+) \| `(\w+)(/?)` \| (.+) \|$", re.M)
MONOPOLIES = {
    "networkx": {"graph"},
    "sqlite3": {"store"},
    "subprocess": {"proc"},
    "jinja2": {"prompts"},
    "rich": {"terminal"},
    "pydantic": {"schema"},
    "markdown_it": {"planfile"},
    "yaml": {"files"},
    "phonenumbers": {"guard"},
    "argparse": {"cli"},
    "shtab": {"cli"},
    "httpx": {"asker"},
    "anthropic": {"asker"},
    "starlette": {"serve"},
    "uvicorn": {"serve"},
}
"""Package -> the rooms that alone may import it."""
HEAVY = {
    *("networkx", "pydantic", "jinja2", "rich", "httpx", "anthropic", "yaml", "markdown_it", "shtab", "phonenumbers"),
    *("starlette", "uvicorn"),
}
"""Imported inside functions only: start-up pays for what a command uses."""
STARTERS = {"system", "popen", "fork", "forkpty", "posix_spawn", "posix_spawnp"}
"""What the module `os` offers to start a process."""
ACTOR = SRC / "workers" / "player.py"
"""It plays an agent, so it also plays agents that fork and leave processes behind."""


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def room(path: Path) -> str:
    return path.relative_to(SRC).parts[0].removesuffix(".py")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def rooms() -> dict[str, Path]:
    """Every room of the tree with the file that holds its docstring."""
    there = [p for p in SRC.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()]
    return {room(p): p / "__init__.py" if p.is_dir() else p for p in there if not p.name.startswith("__")}


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    yield from (n for n in ast.walk(tree(path)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))


def imports(node: ast.AST) -> Iterator[tuple[str, int]]:
    """Every module imported below a node, with its line."""
    for each in ast.walk(node):
        if isinstance(each, ast.Import):
            yield from ((alias.name, each.lineno) for alias in each.names)
        elif isinstance(each, ast.ImportFrom):
            yield each.module or "", each.lineno


def map_rows() -> dict[str, tuple[int, str, str]]:
    text = (ROOT / "AGENTS.md").read_text(encoding="utf-8")
    return {name: (int(floor), slash, words) for floor, name, slash, words in ROW.findall(text)}


def test_the_map_names_the_rooms_that_are_there() -> None:
    assert set(map_rows()) == set(rooms())


def test_the_map_says_what_the_rooms_say_of_themselves() -> None:
    for name, (_, slash, words) in map_rows().items():
        path = rooms()[name]
        assert words == (ast.get_docstring(tree(path)) or "").partition("\n")[0], name
        assert bool(slash) == (path.name == "__init__.py"), name


def test_the_floors_of_the_map_are_those_of_the_import_contract() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = next(c for c in settings["tool"]["importlinter"]["contracts"] if c["type"] == "layers")
    assert layers["exhaustive"]
    assert layers["exhaustive_ignores"] == ["__main__"]
    by_floor: dict[int, set[str]] = {}
    for name, (floor, _, _) in map_rows().items():
        by_floor.setdefault(floor, set()).add(name)
    assert [set(row.split(" | ")) for row in layers["layers"]] == [by_floor[f] for f in sorted(by_floor, reverse=True)]


def test_files_are_short() -> None:
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert {name: lines for name, lines in lengths.items() if lines > 400} == {}


def test_functions_are_short() -> None:
    lengths = {
        f"{name_of(path)}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in FILES
        for node in functions(path)
    }
    assert {name: lines for name, lines in lengths.items() if lines > 60} == {}
    assert median(lengths.values()) <= 10
    assert quantiles(lengths.values(), n=20)[-1] <= 50


def test_our_own_imports_stand_at_the_top() -> None:
    inner = {
        f"{name_of(path)}:{line}"
        for path in FILES
        for function in functions(path)
        for module, line in imports(function)
        if module.partition(".")[0] == "branchline"
    }
    assert inner == set()


def test_modules_are_imported_by_name_only_where_a_table_does() -> None:
    found = {room(path) for path in FILES if any(module == "importlib" for module, _ in imports(tree(path)))}
    assert found <= {"cli", "workers"}


def test_a_dangerous_dependency_has_one_room() -> None:
    strangers = {
        f"{name_of(path)}:{line} {module}"
        for path in FILES
        for module, line in imports(tree(path))
        if room(path) not in MONOPOLIES.get(module.partition(".")[0], {room(path)})
    }
    assert strangers == set()


def test_heavy_packages_are_imported_inside_functions() -> None:
    early = {
        f"{name_of(path)}:{line} {module}"
        for path in FILES
        for node in tree(path).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for module, line in imports(node)
        if module.partition(".")[0] in HEAVY
    }
    assert early == set()


def test_only_proc_starts_processes() -> None:
    starters = {
        f"{name_of(path)}:{node.lineno}"
        for path in FILES
        if room(path) != "proc" and path != ACTOR
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
        and (node.attr in STARTERS or node.attr.startswith(("exec", "spawn")))
    }
    assert starters == set()


def test_only_cli_prints() -> None:
    prints = {
        f"{name_of(path)}:{node.lineno}"
        for path in FILES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
        if room(path) != "cli"
    }
    assert prints == set()


def test_the_pure_rooms_take_their_clock_from_outside() -> None:
    impure = {"time", "random", "secrets", "uuid", "os", "pathlib", "socket", "datetime", "tempfile", "signal"}
    found = {
        f"{name_of(path)}:{line} {module}"
        for path in FILES
        if room(path) in ("engine", "schedule", "model")
        for module, line in imports(tree(path))
        if module.partition(".")[0] in impure
    }
    assert found == set()


def test_a_broad_except_says_why() -> None:
    """One that only cleans up and raises on swallows nothing and needs no words."""
    silent = []
    for path in FILES:
        lines = path.read_text(encoding="utf-8").splitlines()
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ExceptHandler) and is_broad(node) and not raises_on(node):
                above, here = lines[node.lineno - 2].strip(), lines[node.lineno - 1]
                said = here.partition("#")[2].removeprefix(" noqa: BLE001").strip(" -#") or above.startswith("#")
                silent += [] if said else [f"{name_of(path)}:{node.lineno}"]
    assert silent == []


def raises_on(node: ast.ExceptHandler) -> bool:
    last = node.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def is_broad(node: ast.ExceptHandler) -> bool:
    names = {n.id for n in ast.walk(node.type) if isinstance(n, ast.Name)} if node.type else {"BaseException"}
    return bool(names & {"Exception", "BaseException"})


def test_a_silenced_rule_says_why() -> None:
    bare = re.compile(r"# noqa(?::\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*)?\s*$")
    found = [
        f"{name_of(path)}:{number}"
        for path in FILES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if bare.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("path", sorted((ROOT / "tests").rglob("*.py")), ids=lambda p: p.name)
def test_no_test_patches_our_own_code(path: Path) -> None:
    """`monkeypatch` may change the environment and the working directory, never a module or an object."""
    assert not [line for module, line in imports(tree(path)) if module in ("mock", "unittest.mock")]
    patched = [
        node.lineno
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in ("monkeypatch", "mocker")
        and node.attr in ("setattr", "delattr", "setitem", "delitem", "patch")
    ]
    assert patched == []
