"""The shared list of hostile inputs, each through the real entry points, with the ending that the list asks for.

An entry of a kind that this version has no door for is skipped with the reason; what needs real processes has a test of
its own, which is named here and must be there.
"""

import json
import os
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import dashboards
import pytest

from branchline import prompts
from branchline.cli import main

HERE = Path(__file__).resolve()
CORPUS = Path(os.environ.get("BRANCHLINE_CORPUS") or HERE.parents[3] / "shared" / "corpus")
LIST = CORPUS / "hostile.json"
ENTRIES: list[dict[str, str]] = json.loads(LIST.read_text(encoding="utf-8")) if LIST.exists() else []
pytestmark = [pytest.mark.corpus, pytest.mark.skipif(not ENTRIES, reason=f"there is no {LIST}")]
# A control character but the newline, or one that changes the order or hides.
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
ELSEWHERE = {
    "path-01": "tests/test_guard_masking.py::test_real_values_come_back_in_files_of_the_worktree_and_nowhere_else",
    "path-06": "tests/hostile/test_hostile_agents.py::test_a_record_that_is_no_file_is_not_read",
    "git-15": "tests/test_workspace_guard.py::test_filters_drivers_and_aliases_of_the_configuration_never_run",
    "git-16": "tests/hostile/test_hostile_agents.py::test_a_hook_of_an_agent_is_not_run_by_us",
    "inject-06": "tests/test_guard_injection.py::test_what_no_honest_plan_says_is_grave",
    "inject-07": "tests/hostile/test_hostile_words.py::test_a_result_moves_no_other_task",
    "huge-10": "tests/hostile/test_hostile_agents.py::test_a_flood_of_output_is_kept_on_disk_and_out_of_the_way",
    "huge-11": "tests/hostile/test_hostile_agents.py::test_a_flood_of_output_is_kept_on_disk_and_out_of_the_way",
    "huge-12": "tests/hostile/test_hostile_agents.py::test_a_flood_of_output_is_kept_on_disk_and_out_of_the_way",
    "huge-13": "tests/hostile/test_probe.py::test_thirty_escapes_are_held",
    "huge-14": "tests/test_store_faults.py::test_a_real_full_disk",
    "huge-16": "tests/test_opencode_api.py::test_a_wrong_answer_is_named_and_never_taken_for_nothing",
    "inject-08": "tests/test_decompose_split.py::test_whatever_a_model_says_the_graph_is_lawful",
    "secrets-10": "tests/hostile/test_hostile_masking.py::test_a_worker_gets_placeholders_and_its_result_the_real_values",
    "state-01": "tests/test_store_faults.py::test_a_log_cut_at_any_byte_loses_nothing_that_was_acknowledged",
    "secrets-05": "tests/test_workers_opencode_server.py::test_the_password_of_an_instance_must_be_there",
    "state-02": "tests/test_engine.py::test_any_history_keeps_the_law_and_replays",
    "state-03": "tests/test_proc_table.py::test_a_reused_pid_is_not_taken_for_the_worker",
    "state-04": "tests/test_bad_input.py::test_a_second_coordinator",
    "state-06": "tests/simulation/test_faults_found.py::test_a_retry_does_not_wait_for_the_day_by_which_the_clock_was_set_back",
    "state-07": "tests/simulation/test_machine.py::jump",
    "state-11": "tests/test_store_locks.py::test_another_process_is_named_and_freed_by_death",
    "state-12": "tests/hostile/test_hostile_agents.py::test_an_invalid_record_is_a_failure_that_says_so",
}


class Said(NamedTuple):
    """What a command ended with."""

    status: int
    data: dict[str, Any]
    out: str
    err: str
    seconds: float


class Door:
    """The program in a repository of its own, in this process."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capsys = capsys
        for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "first"]):
            subprocess.run(["git", *words], cwd=root, check=True)

    def write(self, name: str, text: str) -> str:
        path = self.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        return name

    def run(self, *words: str, as_json: bool = True) -> Said:
        began = time.monotonic()
        self._capsys.readouterr()
        status = main([*words, "-C", str(self.root), *(["--json"] if as_json else [])])
        out, err = self._capsys.readouterr()
        data = json.loads(out) if as_json else {}
        assert data.get("code") != "E_UNEXPECTED", data
        assert "Traceback" not in out + err
        return Said(status, data, out, err, time.monotonic() - began)

    def decompose(self, text: str, name: str = "plan.md", *words: str) -> Said:
        return self.run("decompose", self.write(name, text), "--no-write", *words)

    def prompt(self, text: str) -> tuple[str, list[str]]:
        """The prompt of the first task of a plan, and the argv of its worker."""
        self.write("plan.md", text)
        said = self.run("decompose", "plan.md", "--yes")
        assert said.status == 0, said
        dry = self.run("execute", "plan.md", "--dry-run", "--new", "--worker", "shell:true")
        assert dry.status == 0, dry
        return dry.data["tasks"][0]["prompt"], dry.data["tasks"][0]["argv"]


@pytest.fixture
def door(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Door:
    prompts._environment.cache_clear()
    return Door(tmp_path, capsys)


def outside_fences(page: str) -> str:
    """What of a prompt stands outside of its fences: our own words."""
    kept, fence = [], ""
    for line in page.split("\n"):
        ticks = re.match(r"`{3,}", line)
        if ticks and not fence:
            fence = ticks[0]
        elif fence and line == fence:
            fence = ""
        elif not fence:
            kept.append(line)
    return "\n".join(kept)


def inject(door: Door, entry: dict[str, str]) -> None:
    text = entry["input"]
    if entry["where"].startswith("worker output"):
        pages = [
            prompts.render(prompts.context(*_one_task(), exit_file="/x", results=[("t0", "Before", said)]))
            for said in (text, "ok")
        ]
        assert outside_fences(pages[0]) == outside_fences(pages[1])
        return
    plan, place = "- [ ] t1 Fix typo\n- [ ] t2 Another\n", entry["where"]
    hostile = (
        text
        if "body" in place
        else f"- [ ] t0 Parent\n  - [ ] t0.1 First {' '.join(text.split())}\n  - [ ] t0.2 Second\n"
    )
    if "body" in place:
        plain, found = door.decompose(plan).data, door.decompose(f"{text}\n- [ ] t2 Another\n").data
        keys = ("id", "kind", "parent", "depends_on", "order_after", "verify", "state", "confidence")
        assert [[t[k] for k in keys] for t in plain["tasks"]] == [[t[k] for k in keys] for t in found["tasks"]]
        assert found["edges"] == plain["edges"]
    page, _ = door.prompt(hostile if "body" not in place else f"{text}\n- [ ] t2 Another\n")
    assert "IGNORE ALL PREVIOUS" not in outside_fences(page)
    assert page.count(prompts.THIS) <= 2  # in the lineage's own line, and in its rules
    assert page.count("LINEAGE RULES") <= 1
    assert not RAW.search(page), page
    assert not RAW.search(door.run("review", "plan.md", as_json=False).out)


def _one_task() -> tuple[Any, Any]:
    from branchline.model.plan import DraftGraph, Task

    task = Task("t1", "Fix typo")
    return DraftGraph("plan.md", "d", "headings", "", (task,)), task


def task_id(door: Door, entry: dict[str, str]) -> None:
    ids = ["T1", "t1"] if "case clash" in entry["input"] else [entry["input"]]
    nodes = [{"id": each, "title": "x", "kind": "atomic", "parent": None, "state": "open"} for each in ids]
    text = "tasks:\n" + "".join(f"  - {json.dumps(node)}\n" for node in nodes)
    said = door.decompose(text, "graph.yaml", "--dialect", "yaml")
    assert said.status == 2, said
    assert "id" in said.data["error"], said
    assert sorted(path.name for path in door.root.iterdir() if path.name != ".git") == ["graph.yaml"]


def path(door: Door, entry: dict[str, str]) -> None:
    if entry["where"] == "plan file":
        said = door.run("decompose", entry["input"], "--no-write")
        assert said.status == 2, said
        return
    said = door.decompose(f"- [ ] t1 Change it\n  - Files:\n    - Modify: `{entry['input']}`\n")
    files = [file for task in said.data.get("tasks", ()) for file in task["files"]]
    assert not [name for name in files if ".." in name.split("/")], said


def argv(door: Door, entry: dict[str, str]) -> None:
    pwned = door.root / "pwned"
    text = " ".join(entry["input"].replace("/tmp/pwned", str(pwned)).split())
    said = door.prompt(f"- [ ] t1 Fix {text}\n")
    assert not any(text in word for word in said[1]), said
    assert not pwned.exists()


def git(door: Door, entry: dict[str, str]) -> None:
    pwned = door.root / "pwned"
    if "branch" not in entry["where"]:
        submodules(door, pwned)
        return
    name = entry["input"].replace("/tmp/pwned", str(pwned))
    for words in (["status", f"--run={name}"], ["land", f"--run={name}"], ["salvage", "show", "--", name]):
        assert door.run(*words).status != 0, words
    assert not pwned.exists()


def submodules(door: Door, pwned: Path) -> None:
    """Run a plan where every submodule would run a program if it were filled, or would lie where git keeps its hooks."""
    urls = (f"--upload-pack=touch {pwned}", f"ext::sh -c touch% {pwned}", f"-oProxyCommand=touch {pwned}")
    rows = [(f"m{at}" if at else ".git/hooks", url) for at, url in enumerate(urls)]
    door.write(".gitmodules", "".join(f'[submodule "{p}"]\n\tpath = {p}\n\turl = {url}\n' for p, url in rows))
    door.write("plan.md", "- [ ] t1 Do it\n")
    links = [word for at in (1, 2) for word in ("--cacheinfo", f"160000,{'1' * 40},m{at}")]
    for words in (["add", "."], ["update-index", "--add", *links], ["commit", "-qm", "modules"]):
        subprocess.run(["git", *words], cwd=door.root, check=True)
    for at in (1, 2):
        (door.root / f"m{at}").mkdir()  # where nothing was filled git expects an empty folder
    door.run("execute", "plan.md", "--yes", "--worker", "shell:touch made")
    assert list(door.root.glob(".branchline/worktrees/*/*/made"))
    assert not pwned.exists()


def terminal(door: Door, entry: dict[str, str]) -> None:
    door.write("plan.md", f"# P\n\n- [ ] t1 Fix {entry['input']} it\n- [ ] t2 Other\n")
    for words in (
        ["decompose", "plan.md", "--yes"],
        ["review", "plan.md"],
        ["execute", "plan.md", "--dry-run", "--worker", "shell:true"],
    ):
        said = door.run(*words, as_json=False)
        assert not RAW.search(said.out + said.err), (words, said)


def jinja(door: Door, entry: dict[str, str]) -> None:
    if entry["where"] == "task title (data)":
        page, _ = door.prompt(f"- [ ] t1 Fix {entry['input']}\n")
        assert " ".join(entry["input"].replace("**", "").split())[:200] in page  # a title has no marks of emphasis
        return
    door.write("plan.md", "- [ ] t1 Fix typo\n")
    door.write("prompts/delegate.md.j2", entry["input"])
    door.run("decompose", "plan.md", "--yes")
    said = door.run("execute", "plan.md", "--dry-run", "--worker", "shell:true")
    assert said.status == 2, said
    assert "delegate.md.j2" in said.data["error"]
    assert said.seconds < 20


def yaml(door: Door, entry: dict[str, str]) -> None:
    text = entry["input"]
    form = "node-link" if text[:1] in "[{" else "yaml"
    said = door.decompose(text, "graph.txt", "--dialect", form)
    assert said.status == 2, said
    front = door.decompose(f"---\n{text}\n---\n\n- [ ] t1 Fix typo\n")
    assert front.status in (0, 2), front
    door.write("branchline.toml", text)
    assert door.run("status").status != 0
    assert said.seconds + front.seconds < 10


def huge(door: Door, entry: dict[str, str]) -> None:
    made: dict[str, Callable[[], str]] = {
        "100 MB markdown": lambda: "- [ ] a task\n" * 8_000_000,
        "one 50 MB line": lambda: "- [ ] " + "a" * 50_000_000,
        "200,000 list items": lambda: "- [ ] a task\n" * 200_000,
        "t1 depends on t1": lambda: "tasks:\n  - {id: t1, title: x, after: [t1]}\n",
    }
    if entry["where"] == "deps" and "cycle" in entry["input"] and entry["input"] not in made:
        rows = "".join(f"  - {{id: t{n}, title: x, after: [t{n % 5000 + 1}]}}\n" for n in range(1, 5001))
        made[entry["input"]] = lambda: f"tasks:\n{rows}"
    deep = "".join(f"{' ' * n}- [ ] a\n" for n in range(2_000)) if "deep" in entry["input"] else ""
    text = deep or made.get(entry["input"], lambda: entry["input"])()
    is_graph = entry["where"] == "deps"
    said = door.decompose(text, "graph.yaml" if is_graph else "plan.md", *(["--dialect", "yaml"] if is_graph else []))
    assert said.status == 2 if entry["input"] in made else said.status in (0, 2), said.data.get("error")
    assert said.seconds < 60


def secrets(door: Door, entry: dict[str, str]) -> None:
    text = {
        "exception traceback with Authorization header": "  File x\nheaders={'Authorization': 'Bearer a1B2c3D4e5F6g7H8'}",
        "https://user:pass@host/repo.git in git error": "fatal: unable to access 'https://user:pass@host/repo.git'",
        "key coloured by ANSI: sk-ant-\x1b[31mapi03-...": "key sk-ant-\x1b[31mapi03-AbCdEf123456",
        "placeholder <EMAIL_1> already in the user text": "[EMAIL_1] and a@x.org",
    }.get(entry["input"])
    if "permission" in entry["input"]:
        door.prompt("- [ ] t1 Fix typo\n")
        assert (door.root / ".branchline").stat().st_mode & 0o077 == 0
        return
    if text is None:
        pytest.skip("no such door in this version")
    said = door.run("mask", "--dry-run", text).data["text"]
    if "EMAIL_1" in text:
        assert said == "[EMAIL_1] and [EMAIL_2]"
    assert not re.search("a1B2c3|user:pass|AbCdEf|a@x.org", said), said


def dashboard(door: Door, entry: dict[str, str]) -> None:
    where, what = entry["input"], dashboards.ENTRIES[entry["id"]]
    title = re.search('title "(.+)"', where)
    door.write("plan.md", f"- [ ] t1 Fix {title[1] if title else 'it'}\n")
    assert door.run("execute", "plan.md", "--yes", "--worker", "shell:false").status in (3, 4)
    what(door.root)


KINDS = {
    each.__name__: each for each in (inject, task_id, path, argv, git, terminal, jinja, yaml, huge, secrets, dashboard)
}


@pytest.mark.parametrize("entry", ENTRIES, ids=[each["id"] for each in ENTRIES])
def test_it_ends_as_the_list_says(door: Door, entry: dict[str, str]) -> None:
    if place := ELSEWHERE.get(entry["id"]):
        name, _, test = place.partition("::")
        assert f"def {test}(" in (HERE.parents[2] / name).read_text(encoding="utf-8")
        return
    if entry["category"] not in KINDS:
        pytest.skip(f"{entry['where']}: held by the tests of that room")
    KINDS[entry["category"]](door, entry)
