"""Which checks are the whole test-suite, and what a task with such a check needs."""

import json

import pytest

from branchline.graph.store import net
from branchline.graph.suite import needs_of, suites
from branchline.model.plan import Check, DraftGraph, Task

DRAFT = DraftGraph("p.md", "d", "generic", "", (), gate=(Check("./all-tests.sh"),))

WHOLE = [
    "make test", "make -j4 check", "pytest", "pytest -q", "python -m pytest -x -n auto", "uv run pytest", "pytest tests/",
    "CI=1 npm test", "npm run test", "cargo test --workspace", "go test ./...", "go test -race ./...", "tox",
    "cd backend && pytest -q", "ruff check . && make  test", "./all-tests.sh", " ./all-tests.sh ", "pytest -n 4 -x tests -q",
]  # fmt: skip
PART = [
    "pytest tests/test_a.py", "pytest -k name", "pytest tests/test_a.py -q", "make", "make lint", "make test-unit",
    "npm test -- one.spec.ts", "cargo test parser", "go test ./parser", "echo make test", "./all-tests.sh one", "true", "",
    "test -f pytest", "cat pytest.ini", f"pytest{' -n -x' * 40} . . x",
]  # fmt: skip


def checked_by(command: str) -> DraftGraph:
    return DRAFT._replace(tasks=(Task("1", "A task", checks=(Check(command),)), Task("2", "Other")))


@pytest.mark.parametrize(("command", "whole"), [(c, True) for c in WHOLE] + [(c, False) for c in PART])
def test_a_whole_suite_is_told_from_a_part_of_it(command: str, whole: bool) -> None:
    assert suites(checked_by(command)) == (["1"] if whole else [])


def test_it_needs_the_resource_that_the_user_has_and_once() -> None:
    kept = json.loads(net(checked_by("make test")))
    assert needs_of(kept.get("needs", {}), kept["suite"], {"tests": 1}) == {"1": ("tests",)}
    assert needs_of({}, kept["suite"], {"gpu": 1}) == {}
    assert needs_of({"1": ["gpu"]}, ["1"], {"tests": 1}) == {"1": ("gpu", "tests")}
    assert needs_of({"1": ["tests"]}, ["1"], {"tests": 1}) == {"1": ["tests"]}
