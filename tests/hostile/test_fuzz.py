"""Whatever stands in a plan, an exit record or the settings: an answer or an error in words, never a fault of ours."""

import json
import os
from pathlib import Path
from typing import Any

import doors
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from branchline import config
from branchline.errors import BranchlineError
from branchline.serve.wall import VERBS

SEEDS = sorted(Path(__file__).with_name("seeds").glob("*/*"))
SCALE = float(os.environ.get("BRANCHLINE_TEST_SCALE", "1"))
FUZZ = settings(
    deadline=None,
    max_examples=int(60 * SCALE),
    suppress_health_check=[HealthCheck.too_slow],
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


@pytest.mark.parametrize("seed", SEEDS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_once_made_a_fault_or_reached_far(seed: Path) -> None:
    doors.DOORS[seed.parent.name](seed.read_bytes())


@FUZZ
@given(TEXT, st.sampled_from(range(len(doors.FORMS))))
def test_plans(text: str, form: int) -> None:
    doors.plan(bytes([form]) + text.encode("utf-8", "replace"))


KEYS = st.sampled_from(
    ["status", "summary", "kind", "text", "options", "default", "deadline", "missing", "state", "id"]
)
STATUS = st.one_of(st.sampled_from(["done", "blocked", "partial", "failed", "Done"]), VALUE)
RECORDS = st.dictionaries(KEYS, VALUE, max_size=6).flatmap(lambda row: STATUS.map(lambda word: {**row, "status": word}))


@FUZZ
@given(
    st.one_of(
        st.binary(max_size=200),
        RECORDS.map(lambda row: json.dumps(row).encode()),
        VALUE.map(lambda each: json.dumps(each).encode()),
    ),
)
def test_exit_records(content: bytes) -> None:
    doors.exit_record(content)


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
@given(st.one_of(TEXT, st.dictionaries(NAMES, TABLES, max_size=5)))
def test_settings(given_settings: str | dict[str, Any]) -> None:
    text = given_settings if isinstance(given_settings, str) else _toml(given_settings)
    doors.settings(text.encode("utf-8", "surrogatepass"))


@FUZZ
@given(st.dictionaries(NAMES, st.text("ab1=[]{},\"'", max_size=8), max_size=3))
def test_settings_of_the_environment(flags: dict[str, str]) -> None:
    try:
        assert config.load(None, {f"BRANCHLINE_{name.upper()}": value for name, value in flags.items()}, {}).jobs >= 1
    except BranchlineError as error:
        assert error.message


WORDS = st.sampled_from(
    [
        "CONNECT ",
        "GET ",
        "http://",
        "localhost",
        "127.1",
        "[::1]",
        "x.com",
        ":",
        "443",
        "@",
        "/",
        " HTTP/1.1",
        "\r\n",
        "\r\n\r\n",
        "Host: ",
    ]
)


@FUZZ
@given(st.lists(st.one_of(WORDS, st.text(max_size=6)), max_size=12).map("".join))
def test_requests(head: str) -> None:
    doors.request(head.encode("utf-8", "surrogatepass"))


PARTS = st.sampled_from(
    [
        "GET ", "POST ", "HEAD ", "OPTIONS ", "/", "/api/", "state", "task", "events", "answer", "accept", "cancel", "retry",
        "approve", "page.js", "?", "token=", "t" * 32, "task=", "run=", "1", "r1", "&", "%00", "%ff", "..", "//", "\r\n",
        "Host: h:1", "Origin: ", "http://h:1", "Cookie: c=", "s" * 32, "Sec-Fetch-Site: cross-site", "Authorization: Bearer ",
        "Content-Type: application/json", "Content-Length: 9", "\r\n\r\n", "{", "}", '"task": "1"', '"option": 1', '"text": "a"',
        '"all": true', ", ", "[", "\\ud800", "1e999", "null",
    ]
)  # fmt: skip
ADDRESSES = st.sampled_from(["GET /api/state", "GET /api/task", "GET /api/events", *(f"POST /api/{v}" for v in VERBS)])
BODIES = st.dictionaries(st.sampled_from(["task", "run", "text", "option", "all", "note", "x"]), VALUE, max_size=4)


@FUZZ
@given(st.booleans(), st.lists(st.one_of(PARTS, st.text(max_size=6)), max_size=16).map("".join))
def test_requests_to_the_dashboard(has_token: bool, request: str) -> None:
    doors.dashboard(bytes([has_token]) + request.encode("utf-8", "surrogatepass"))


@FUZZ
@given(st.booleans(), ADDRESSES, st.text(max_size=12), st.one_of(TEXT, BODIES.map(json.dumps)))
def test_wishes_to_the_dashboard(has_token: bool, address: str, query: str, body: str) -> None:
    head = f"{address}?task={query}&run={query[:2]}\r\nContent-Type: application/json\r\nHost: h:1\r\n\r\n"
    doors.dashboard(bytes([has_token]) + (head + body).encode("utf-8", "surrogatepass"))


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
