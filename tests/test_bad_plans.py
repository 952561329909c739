"""Plans nobody should have written, through the real command: told by line, in bounded time and memory, nothing written."""

import json
import os
import random
import re
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import branchline

SOURCE = str(Path(branchline.__file__).resolve().parents[1])
MEGABYTE = 1_000_000
SECONDS = 30
"""CPU seconds that no refusal may take; they take four at the most here, but a test is no benchmark."""
SCALE = float(os.environ.get("BRANCHLINE_TEST_SCALE", "1"))
MILLION = 1_000_000 if SCALE > 1 else 650_000
"""Of list items, of which 600,000 are too many."""
LEGAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}(?:~\d+)?")
NOISE = random.Random(3).randbytes(200_000)


class Said(NamedTuple):
    """What the command answered, and what it cost: CPU seconds, and megabytes at the most."""

    status: int
    data: dict[str, Any]
    seconds: float
    megabytes: float


def decompose(folder: Path, name: str, *words: str) -> Said:
    """Run the real command in a process of its own; all files of the folder but its answer must stay as they are."""
    before = snapshot(folder)
    argv = [sys.executable, "-m", "branchline", "decompose", name, "--json", *words]
    answer, complaint = folder.parent / "out", folder.parent / "err"
    with answer.open("wb") as out, complaint.open("wb") as err:
        child = subprocess.Popen(argv, cwd=folder, env={**os.environ, "PYTHONPATH": SOURCE}, stdout=out, stderr=err)
        _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    (line,) = answer.read_text("utf-8").splitlines()
    assert "Traceback" not in complaint.read_text("utf-8")
    assert snapshot(folder) == before
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # which a child has from the start, until it needs more
    megabytes = used.ru_maxrss / 1000 if used.ru_maxrss > 1.01 * own else 0
    return Said(child.returncode, json.loads(line), used.ru_utime + used.ru_stime, megabytes)


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file below a folder with its size and time of change."""
    found = ((path, path.stat()) for path in folder.rglob("*"))
    return {str(path): (stat.st_size, stat.st_mtime_ns) for path, stat in found}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of its own."""
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


def _sparse(size: int) -> Callable[[Path], object]:
    return lambda path: (path.touch(), os.truncate(path, size))


def _text(text: str) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(text.encode())


def _many(line: str, count: int) -> Callable[[Path], object]:
    return lambda path: path.write_bytes((line * count).encode())


ITEMS = ("p.md:6000", "600000 list items", "Split the plan")
REFUSED: dict[str, tuple[str, Callable[[Path], object], tuple[str, ...], int]] = {
    "noise": ("E_INPUT", lambda p: p.write_bytes(NOISE), ("p.md:",), 80),
    "a program": ("E_INPUT", lambda p: p.write_bytes(b"\x7fELF\x02\x01\x01\0" + NOISE), ("p.md:1", "NUL"), 80),
    "UTF-16": ("E_INPUT", lambda p: p.write_bytes("- [ ] a\n".encode("utf-16")), ("UTF-16", "save it again"), 80),
    "UTF-16, big end first": ("E_INPUT", lambda p: p.write_bytes(b"\xfe\xff\0-\0 \0["), ("UTF-16", "UTF-8"), 80),
    "UTF-16 without its mark": ("E_INPUT", lambda p: p.write_bytes("- [ ] a\n".encode("utf-16-le")), ("p.md:1", "NUL"), 80),
    "Latin-1": ("E_INPUT", lambda p: p.write_bytes(b"# a\n- [ ] caf\xe9\n"), ("p.md:2", "0xe9", "UTF-8"), 80),
    "100 MB": ("E_INPUT", _sparse(100 * MEGABYTE), ("p.md", "32 MiB", "split it up"), 160),
    "one line of 30 MB": ("E_INPUT", _many("x", 30 * MEGABYTE), ("p.md:1", "1 MiB", "break it up"), 160),
    "200,000 tasks": ("E_USAGE", _many("- [ ] a\n", 200_000), ("p.md:150001", "200000 tasks", "150000"), 500),
    "a million boxes": ("E_USAGE", _many("- [ ] a\n", MILLION), ITEMS, 700),
    "a million bullets": ("E_USAGE", _many("- a\n", MILLION), ITEMS, 700),
    "a million rows": ("E_USAGE", lambda p: p.write_text("|id|title|\n|-|-|\n" + "|a|b|\n" * MILLION), ITEMS, 700),
    "lines without end": ("E_USAGE", _many("\n", 4 * MILLION), ("p.md:2000001", "2000000 lines"), 500),
    "references without end": (
        "E_USAGE",
        lambda p: p.write_text("".join(f"- [ ] t{n} a blocked-by:t1-t500\n" for n in range(1, 9_000))),
        ("p.md:2001", "1000000 tasks", "name that"),
        700,
    ),
    "an unclosed fence around all": ("E_NO_TASKS", _text("# P\n```\n- [ ] a\n"), ("p.md", "fence of line 2", "never"), 80),
    "an unclosed comment around all": ("E_NO_TASKS", _text("<!-- x\n- [ ] a\n"), ("p.md", "comment of line 1"), 80),
    "a circle of 5,000": (
        "E_GRAPH",
        lambda p: p.write_text("".join(f"- [ ] t{n} a blocked-by:t{n % 5000 + 1}\n" for n in range(1, 5001))),
        ("line", "->"),
        120,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_a_plan_is_refused(folder: Path, case: str) -> None:
    code, make, says, megabytes = REFUSED[case]
    make(folder / "p.md")
    said = decompose(folder, "p.md")
    assert (said.status, said.data["ok"], said.data["code"]) == (2, False, code), said.data
    for part in says:
        assert part in said.data["error"]
    assert said.seconds < SECONDS
    assert said.megabytes < megabytes


JSONS = [
    '{"master": {"tasks": 7}}', '{"tasks": [{"id": {}, "title": []}]}', '{"tasks": [7, null, "x"]}', '{"tasks": {"a": 1}}',
    '[{"id": "1", "title": "a", "dependencies": "x"}', "[" * 100_000, '{"tasks": [{"id": 1e999, "title": null}]}', "null", "7",
]  # fmt: skip


@pytest.mark.parametrize("text", JSONS, ids=lambda text: text[:24])
def test_json_of_wrong_types_is_refused(folder: Path, text: str) -> None:
    (folder / "p.json").write_text(text)
    said = decompose(folder, "p.json")
    assert (said.status, said.data["ok"]) == (2, False)
    assert said.data["code"] in ("E_INPUT", "E_NO_TASKS", "E_USAGE", "E_GRAPH")
    assert "p.json" in said.data["error"]
    assert said.megabytes < 120


@pytest.mark.parametrize("depth", [500, 2_500])
def test_nesting_without_end_is_folded_and_told(folder: Path, depth: int) -> None:
    (folder / "p.md").write_text("".join("  " * n + f"- [ ] x{n} a\n" for n in range(depth)))
    said = decompose(folder, "p.md", "--no-write")
    assert said.status == 0
    (deep,) = [each for each in said.data["findings"] if each["code"] == "too-deep"]
    assert deep["line"] == 4
    assert len(said.data["tasks"]) == 4
    assert said.megabytes < 200


@pytest.mark.parametrize(("opens", "what"), [("```", "fence"), ("~~~~", "fence"), ("<!--", "comment")])
def test_what_is_never_closed_is_told_by_its_line(folder: Path, opens: str, what: str) -> None:
    (folder / "p.md").write_text(f"- [ ] a\n\n{opens}\n- [ ] b\n")
    said = decompose(folder, "p.md", "--no-write")
    assert (said.status, [task["title"] for task in said.data["tasks"]]) == (0, ["a"])
    (told,) = [each for each in said.data["findings"] if each["code"] == f"unclosed-{what}"]
    assert (told["line"], f"line {told['line']}" in told["message"]) == (3, True)


NASTY = [
    "../../etc/passwd", "t1/../x", "a b", '"t2"', "'; touch pwned; '", "$(touch pwned)", "`touch pwned`", "CON", "nul.1", "-rf",
    "--help", "t\x1b[31m1", "t\u202e1", "t\u06531", "ｔ１", "%2e%2e%2f", "x" * 300, "t1.2.3.4.5.6.7.8.9", "T1", "t1", "C:\\x",
    "😀",
]  # fmt: skip


@pytest.mark.parametrize(
    "form", ["| {id} | Do {n} |\n", "- [ ] {id} Do {n}\n", "- [ ] {id}: Do {n}\n", "### {id}: Do {n}\n"]
)
def test_no_id_of_a_plan_is_anything_but_a_name(folder: Path, form: str) -> None:
    head = "| ID | Title |\n|---|---|\n" if form[0] == "|" else "### Task 1: first\n" if form[0] == "#" else ""
    (folder / "p.md").write_text(head + "".join(form.format(id=name, n=n) for n, name in enumerate(NASTY)))
    said = decompose(folder, "p.md", "--no-write")
    assert said.status == 0, said.data
    ids = [task["id"] for task in said.data["tasks"]]
    assert all(LEGAL.fullmatch(each) and each.lower().split(".")[0] not in ("con", "nul") for each in ids), ids
    assert len({each.lower() for each in ids}) == len(ids)
    assert len(ids) >= (1 if form[0] == "#" else len(NASTY))


def test_a_bomb_in_front_matter_is_refused(folder: Path) -> None:
    bomb = "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    (folder / "p.md").write_text(f"---\na: &a [x, x, x, x, x, x, x, x, x]\n{bomb}---\n\n- [ ] t1 a\n")
    said = decompose(folder, "p.md", "--no-write")
    assert (said.status, said.data["code"]) == (2, "E_INPUT")
    assert "p.md:8: its aliases stand for too many" in said.data["error"]
    assert said.megabytes < 80


def test_front_matter_is_never_unfolded(folder: Path) -> None:
    bomb = "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    evil = "x: !!python/object/apply:os.system ['touch pwned']\n<<: {a: 1}\n" + "y: " + "[" * 10_000 + "\n"
    (folder / "p.md").write_text(f"---\na: &a [x, x, x, x, x, x, x, x, x]\n{bomb}{evil}---\n\n- [ ] t1 a\n")
    said = decompose(folder, "p.md", "--no-write")
    assert (said.status, [task["id"] for task in said.data["tasks"]]) == (0, ["t1"])
    assert said.megabytes < 80
