"""What the documents say is so: pages are up to date, commands exist and parse, defaults and statuses are the code's."""

import os
import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from branchline import config, errors
from branchline.cli import COMMANDS
from branchline.workers import TABLE
from branchline.workflow.answer import CODES

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
INLINE = re.compile(r"`(?:branchline|bl) ([a-z][a-z-]*)[^`]*`")


def commands(text: str) -> list[list[str]]:
    """Every command line of Branchline in the fenced blocks of a page, as words."""
    lines = [
        line.strip().removeprefix("$ ")
        for kind, body in FENCE.findall(text)
        if kind == "sh"
        for line in body.splitlines()
    ]
    return [shlex.split(line, comments=True) for line in lines if line.startswith(("branchline ", "bl "))]


def table(heading: str, page: str = README) -> list[list[str]]:
    """The cells of the table that follows a heading of a page."""
    body = page.partition(f"# {heading}\n")[2].partition("\n## ")[0]
    rows = [[c.strip() for c in line.strip("|").split("|")] for line in body.splitlines() if line.startswith("|")]
    return rows[2:]


@pytest.mark.parametrize("columns", ["40", "200"])
def test_generated_pages_are_up_to_date_whatever_the_width(columns: str) -> None:
    argv = [sys.executable, "docs/generate.py", "--check"]
    env = {**os.environ, "COLUMNS": columns, "PYTHONPATH": "src"}
    done = subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "words", [words for page in PAGES for words in commands(page.read_text("utf-8"))], ids=" ".join
)
def test_every_command_line_of_a_page_parses(words: list[str]) -> None:
    name, rest = words[1], words[2:]
    if name not in ("--version", "--help"):
        import_module(f"branchline.cli.{COMMANDS[name][0]}").parser(name).parse_args(rest)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_command_named_in_a_page_exists(page: Path) -> None:
    named = set(INLINE.findall(page.read_text(encoding="utf-8")))
    assert named <= set(COMMANDS)


@pytest.mark.parametrize("page", [ROOT / "AGENTS.md", *PAGES], ids=lambda p: p.name)
def test_every_make_target_and_link_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    assert set(re.findall(r"`make ([a-z]+)[^`]*`", text)) <= targets
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    assert [link for link in links if link and not (page.parent / link).exists()] == []


def test_the_exit_statuses_are_those_of_the_code() -> None:
    told = {int(status) for status, _ in table("Exit statuses")}
    tree = [errors.BranchlineError]
    for each in tree:
        tree += each.__subclasses__()
    assert told == {0, *CODES} == {0, *(each.exit_status for each in tree)}


def test_the_settings_example_loads(tmp_path: Path) -> None:
    (example,) = [body for kind, body in FENCE.findall(README) if kind == "toml"]
    (tmp_path / "branchline.toml").write_text(example, encoding="utf-8")
    settings = config.load(tmp_path, {}, {})
    assert settings.warnings == ()


def test_the_defaults_are_those_of_the_code() -> None:
    settings = config.Settings()
    for name, told, _ in table("Settings", (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")):
        value: object = settings
        for part in name.strip("`").split("."):
            value = getattr(value, part)
        text = told.strip("`")
        if value is None:
            assert text == "auto", name
        elif isinstance(value, bool):
            assert text == str(value).lower(), name
        elif isinstance(value, float):
            assert config.duration(text) == value, name
        else:
            told_as = ", ".join(value) if type(value) is tuple else str(value)
            assert text == (told_as or "none"), name


def test_the_figures_of_the_readme_are_those_that_were_measured() -> None:
    told = table("Figures")
    assert told
    assert [row for row in told if row not in table("Figures", (ROOT / "docs" / "figures.md").read_text("utf-8"))] == []


def test_the_workers_are_those_of_the_table() -> None:
    assert {name.strip("`") for name, _ in table("Workers")} == set(TABLE)
