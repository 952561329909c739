"""Plan to draft: the gate that is found, and a plan without tasks."""

import json
from pathlib import Path

import pytest

from branchline import decompose
from branchline.cli import main
from branchline.files import read_text


def gate(root: Path, *commands: str) -> list[tuple[str, str]]:
    """The gate of a one-task plan in this folder, with its source."""
    (root / "p.md").write_text("- [ ] one\n")
    draft = decompose.draft(decompose.read_plan(root / "p.md", "p.md"), root, commands)
    return [(check.run, check.source) for check in draft.gate]


@pytest.mark.parametrize(
    ("name", "text", "command"),
    [
        ("Makefile", "all:\n\ttrue\ntest: all\n\ttrue\n", "make test"),
        ("package.json", '{"scripts": {"test": "jest"}}', "npm test"),
        ("Cargo.toml", "", "cargo test"),
        ("go.mod", "", "go test ./..."),
        ("pytest.ini", "", "python -m pytest -q"),
        ("pyproject.toml", "[tool.pytest.ini_options]\n", "python -m pytest -q"),
    ],
)
def test_a_file_at_the_root_tells_the_test_command(tmp_path: Path, name: str, text: str, command: str) -> None:
    (tmp_path / name).write_text(text)
    assert gate(tmp_path) == [(command, f"detected: {name}")]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Makefile", "all:\n\ttrue\n"),
        ("package.json", '{"scripts": {"test": "echo \\"Error: no test specified\\" && exit 1"}}'),
        ("package.json", "not json"),
        ("package.json", '{"scripts": []}'),
        ("pyproject.toml", "[project]\n"),
    ],
)
def test_a_file_that_tells_none_gives_none(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert gate(tmp_path) == []


def test_settings_come_before_what_is_detected(tmp_path: Path) -> None:
    (tmp_path / "Cargo.toml").write_text("")
    assert gate(tmp_path, "make check") == [("make check", "settings")]


def test_a_plan_without_tasks_is_read_and_has_none(tmp_path: Path) -> None:
    (tmp_path / "p.md").write_text("# Notes\n\nNothing to do here.\n")
    assert decompose.read_plan(tmp_path / "p.md", "p.md").tasks == ()
    assert read_text(tmp_path / "p.md").startswith("# Notes")


def test_an_edited_plan_shows_what_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / ".git").mkdir()
    plan = tmp_path / "x.md"
    plan.write_text("- [ ] alpha\n- [ ] beta\n")
    words = ["decompose", "x.md", "--json", "-C", str(tmp_path)]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["patch"] is None
    plan.write_text("- [ ] gamma\n- [ ] alpha\n")
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["patch"] == {"added": ["3"], "removed": ["2"], "changed": [], "moved": []}
    assert err == "Changed since x.graph.json:\n  + 3 gamma\n  - 2 beta\n"


def test_tasks_that_modify_one_file_exclude_each_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.md").write_text(
        "- [ ] one\n  Files: `a.py`\n- [ ] two\n  Modify: `./a.py`\n- [ ] three\n  as in `a.py`\n- [x] four\n  Files: `a.py`\n"
    )
    assert main(["decompose", "x.md", "--no-write", "--json", "-C", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out)["mutexes"] == {"a.py": ["1", "2"]}
