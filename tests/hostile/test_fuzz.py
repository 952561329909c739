"""Whatever stands in a plan, an exit record or the settings: an answer or an error in words, never a fault of ours."""

import json
import os
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from branchline import config, decompose
from branchline.errors import BranchlineError
from branchline.graph.build import from_plan
from branchline.planfile import DIALECTS
from branchline.workers import record

SCALE = float(os.environ.get("BRANCHLINE_TEST_SCALE", "1"))
FUZZ = settings(
    deadline=None,
    max_examples=int(60 * SCALE),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
PIECES = st.sampled_from(
    [
        "- [ ] ", "- [x] ", "* ", "1. ", "1.1 ", "t1 ", "t1.2 ", "T001 ", "# ", "## Phase 2: ", "### Task 3: ",
        "| a | b |\n", "|---|---|\n", "\n", "\n\n", "    ", "\t", "`", "```\n", "~~~\n", "---\n", "id: t1\n", "tasks:\n",
        "Depends on: ", "blocked-by:", "Verify: `true`", "Files:\n", "Modify: `a/b.py`", "**", "<!--", "-->", "<task>",
        "</task>", "{", "}", "[", "]", '"id"', ":", ",", "->", "graph TD\n", "digraph {\n", "\x00", "\x1b[", "\u202e",
        "\ud800", "\ufeff", "é", "任务", "&a", "*a", "!!python/name:os.system ", "? ",
    ]
)  # fmt: skip
TEXT = st.lists(st.one_of(PIECES, st.text(max_size=12)), max_size=40).map("".join)
VALUE: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)),
    max_leaves=12,
)
FORMS = ["", *DIALECTS, *decompose.OWN_FORMS]


@FUZZ
@given(TEXT, st.sampled_from(FORMS))
def test_plans(text: str, form: str) -> None:
    try:
        draft = from_plan(decompose.plan_of(text, "plan.md", form))
    except BranchlineError as error:
        assert error.message
    else:
        assert len({task.id.lower() for task in draft.tasks}) == len(draft.tasks)


KEYS = st.sampled_from(
    ["status", "summary", "kind", "text", "options", "default", "deadline", "missing", "state", "id"]
)
STATUS = st.one_of(st.sampled_from(["done", "blocked", "partial", "failed", "Done"]), VALUE)
RECORDS = st.dictionaries(KEYS, VALUE, max_size=6).flatmap(lambda row: STATUS.map(lambda word: {**row, "status": word}))


@FUZZ
@example(content=b'{"status":"blocked","kind":[]}', message="")
@given(
    st.one_of(
        st.binary(max_size=200),
        RECORDS.map(lambda row: json.dumps(row).encode()),
        VALUE.map(lambda each: json.dumps(each).encode()),
    ),
    TEXT,
)
def test_exit_records(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "answer.json"
    file.write_bytes(content)
    found = record.find(str(file), message)
    assert found is None or found.claim.status in ("done", "blocked", "partial", "failed")
    (tmp_path / "none.json").unlink(missing_ok=True)
    block = content.decode("utf-8", "replace")
    record.find(str(tmp_path / "none.json"), f"{message}\n```branchline\n{block}\n```\n")


NAMES = st.sampled_from(
    [
        "jobs",
        "timeout",
        "mask",
        "workers",
        "roles",
        "gate",
        "land",
        "strategy",
        "resources",
        "shell",
        "argv",
        "terms",
        "kind",
        "x",
    ]
)
TABLES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(-9, 99),
        st.text("abc 1s", max_size=6),
        st.lists(st.text("ab", max_size=3), max_size=2),
    ),
    lambda inner: st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@FUZZ
@given(
    st.one_of(TEXT, st.dictionaries(NAMES, TABLES, max_size=5)),
    st.dictionaries(NAMES, st.text("ab1=[]{},\"'", max_size=8), max_size=3),
)
def test_settings(tmp_path: Path, given_settings: str | dict[str, Any], flags: dict[str, str]) -> None:
    text = given_settings if isinstance(given_settings, str) else _toml(given_settings)
    (tmp_path / "branchline.toml").write_bytes(text.encode("utf-8", "surrogatepass"))
    env = {f"BRANCHLINE_{name.upper()}": value for name, value in flags.items()}
    try:
        assert config.load(tmp_path, env, {}).jobs >= 1
    except BranchlineError as error:
        assert error.message


def _toml(table: Any) -> str:
    """A value as TOML writes it, tables inline."""
    if isinstance(table, dict):
        inside = [f"{name} = {_value(value)}" for name, value in table.items()]
        return "\n".join(inside)
    return _value(table)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_value(each)}" for name, each in value.items()) + "}"
    return json.dumps(value)
