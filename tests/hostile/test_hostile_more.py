"""Hostile inputs beyond the shared list, one table a class, each through the real entry points."""

import json
import os
import re
from pathlib import Path

import pytest
from test_hostile_list import RAW, Door

from branchline import prompts

FOREIGN = re.compile("[\u061c\u200e\u200f\U000e0000-\U000e007f]")
"""What else changes the order or hides."""


@pytest.fixture
def door(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Door:
    prompts._environment.cache_clear()
    return Door(tmp_path, capsys)


IDS = """
.. . ./t1 t1/../t2 /etc/passwd ~root a\\b t1... .git .hidden NUL nul.txt COM1 com9.x LPT1 aux PRN con. t1:s a*b
a?b a<b a|b a"b a'b $HOME $(id) `id` a;b a&b -rf -- - t1\u200b t\u00ad1 \u202et1 t1\u0301 ① ﬁle İ1 ſ1 t1\ufeff
💥 ..%2f %00 @ @{u} refs/heads/x x.lock a..b _t1
"""


@pytest.mark.parametrize(
    "name", [*IDS.split(), "", " t1", "t1 ", "t1\n", "\tt1", "\0", "a" * 65, "a" * 5000], ids=ascii
)
def test_a_name_that_is_no_id_is_refused(door: Door, name: str) -> None:
    said = door.decompose(f"tasks:\n  - {json.dumps({'id': name, 'title': 'x'})}\n", "graph.yaml", "--dialect", "yaml")
    assert said.status == 2, said
    assert sorted(path.name for path in door.root.iterdir() if path.name != ".git") == ["graph.yaml"]


PATHS = """
../x a/../../x /etc/passwd ~/x ~root/x C:\\x C:x \\\\srv\\x ..\\x a\\..\\..\\x ./../x a/./../..
file:///etc/passwd a/\u202e/b .git/config .git/hooks/pre-commit .GIT/config .git./config sub/.git/config
/proc/self/environ .. ../ */../../* a/{b,../../c} ~ //etc/passwd
"""


@pytest.mark.parametrize("path", PATHS.split(), ids=ascii)
def test_a_path_out_of_the_repository_is_no_file_of_a_task(door: Door, path: str) -> None:
    said = door.decompose(f"- [ ] t1 Change it\n  - Files:\n    - Modify: `src/a.py`\n    - Modify: `{path}`\n")
    assert [task["files"] for task in said.data["tasks"]] == [["src/a.py"]], said


@pytest.mark.parametrize(
    "name", ["/proc/self/environ", "/dev/zero", "/dev/stdin", "fifo", "loop", "folder", "proc", "", ".."]
)
def test_what_is_no_file_is_no_plan(door: Door, name: str) -> None:
    os.mkfifo(door.root / "fifo")
    for link, target in (("loop", "loop"), ("folder", "/"), ("proc", "/proc/self/environ")):
        (door.root / link).symlink_to(target)
    assert door.run("decompose", name, "--no-write").status == 2


REFS = """
--upload-pack=x -b .. a..b a.lock /a a/ a//b @ @{-1} HEAD FETCH_HEAD refs/heads/x a~1 a^ a:b a? a* a[ a\\b
a\x7f - -- .a \u202ea main:../x $(id) `id` ;id ../../x tip/../../main
"""


def test_a_name_of_a_run_that_is_none_is_refused(door: Door) -> None:
    door.write("plan.md", "- [ ] t1 Do it\n")
    door.run("decompose", "plan.md", "--yes")
    for ref in [*REFS.split(), "a b", "a\n", "a" * 300]:
        for words in (["status"], ["land"], ["why", "t1"], ["report"]):
            assert door.run(*words, f"--run={ref}").status != 0, (words, ref)
        for words in (["salvage", "show"], ["retry"], ["accept"], ["skip"]):
            assert door.run(*words, "--", ref).status != 0, (words, ref)


GRAPHS = (
    "&a [*a]", "!!python/object/apply:os.system ['id']", "!!python/name:os.system", "a: &a [1]\nb: [*a, *a]", "? [a]\n: b",
    "a: .inf", "a: 1e999", "tasks: {t1: 1}", "[" * 5000, "{" * 5000, "- " * 3000, "a: !!binary abc=", "%YAML 9.9\n---\na: 1",
    "--- a\n--- b", "tasks:\n  - {id: t1, title: x}\n  - {id: t1, title: y}", "\0", "tasks: &t\n  - *t", "a: 'b", 'a: "\\x',
    "<<: *x", "1: a\n1.0: b\ntrue: c", "tasks:\n  - {id: true, title: x}", "tasks:\n  - {id: t1, title: [x]}", "tasks: null",
    "tasks:\n  - {id: t1, title: x, after: [[t2]]}", "[]", "42", "~", "x: 0x" + "f" * 10_000, '{"nodes":[],"nodes":[]}',
    '{"nodes":NaN}', '{"nodes":[{"id":"t1","title":"\\ud800"}]}', '{"nodes":' + "[" * 2000, '{"a":1}{"b":2}', "// c\n{}",
)  # fmt: skip


@pytest.mark.parametrize("text", GRAPHS, ids=lambda text: ascii(text[:24]))
def test_what_is_no_graph_is_said_to_be_none(door: Door, text: str) -> None:
    for form in ("yaml", "node-link"):
        assert door.decompose(text, "graph.txt", "--dialect", form).status == 2, form
    door.write("branchline.toml", text)
    assert door.run("status").status != 0


CODES = (
    "\x1b[31m", "\x1b]0;x\x07", "\x1bP1$r\x1b\\", "\x1b_x\x1b\\", "\x9b31m", "\x9d0;x\x9c", "\x08", "\r", "\x0b", "\x85",
    "\u2028", "\u202e", "\u2066", "\u061c", "\u200e", "\ufeff", "\x7f", "\x1bc", "\x1b[6n", "\x1b]52;c;a\x07", "\x1b[?1049h",
    "\x0e", "\x05", "\U000e0041\U000e0042", "\udc80",
)  # fmt: skip


@pytest.mark.parametrize("code", CODES, ids=ascii)
def test_no_command_gives_a_terminal_what_it_would_obey(door: Door, code: str) -> None:
    door.write("plan.md", f"# P{code}Q\n\n- [ ] t1 Fix {code} it\n  - Verify: `true # {code}`\n- [ ] t2 Other\n")
    for words in (
        ["decompose", "plan.md", "--yes"], ["review", "plan.md"], ["explain", "plan.md", "3"], ["explain", "plan.md", "4"],
        ["execute", "plan.md", "--dry-run", "--new", "--worker", "shell:true"], ["simulate", "plan.md"], ["status"],
        ["mask", "--dry-run", f"a{code}b"], ["classify", f"a{code}b"], ["decompose", f"no{code}.md"], ["why", f"t{code}"],
        ["lineage", "plan.md", f"t{code}"],
    ):  # fmt: skip
        said = door.run(*words, as_json=False)
        shown = said.out + said.err
        assert not RAW.search(shown) and not FOREIGN.search(shown), (words, shown)


SECRETS = (
    "password: hunter22", "x\r\npassword: hunter22\r\ny", "pass\u00adword: hunter22", "password\u3000：\u3000hunter22",
    "ｐａｓｓｗｏｒｄ: hunter22", "password: 'hunter22", "\x1b[31mpassword\x1b[0m: \x1b[1mhunter22\x1b[0m", "PASSWORD=`hunter22`",
    "password: |\n  hunter22line\n", "password%3Dhunter22", '{"password":"hunter22"', "<password>hunter22</password>",
    "--password hunter22", "mysql -u root -phunter22", "https://u:hunter22@h/", "PASSWORD:\thunter22", 'password <- "hunter22"',
    "'password', 'hunter22'", "password := `hunter22`", "пароль=hunter22", 'setPassword("hunter22")', "a=b&pwd=hunter22&c=d",
)  # fmt: skip


@pytest.mark.parametrize("text", SECRETS, ids=ascii)
def test_a_secret_in_any_dress_is_masked(door: Door, text: str) -> None:
    said = door.run("mask", "--dry-run", door.write("in.txt", text))
    assert said.status == 0
    assert "hunter22" not in said.data["text"]
