"""What a person can get wrong: each has a code, says what happened, where and what to do, and loses nothing."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import branchline
from branchline.cli import COMMANDS, main
from branchline.store import lock

SOURCE = str(Path(branchline.__file__).resolve().parents[1])
LIMIT = 60.0
PLAN = "# P\n\n- [ ] 1. Write a.txt\n  - Verify: `test -e a.txt`\n- [ ] 2. Write b.txt\n  - Verify: `test -e b.txt`\n"
AGENT = """#!/bin/sh
echo hi > a.txt; echo hi > b.txt
printf '{"status": "done", "summary": "written"}' > "$BRANCHLINE_EXIT_FILE"
"""


class Spot:
    """A repository with one plan, and the command line in it."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capsys = capsys
        self.agent = root.parent / "agent.sh"
        self.agent.write_text(AGENT)
        self.agent.chmod(0o755)
        self.worker = ("--worker", f"shell:{self.agent}")
        self.write("plans/p.md", PLAN)
        self.git("init", "-q")
        self.commit()

    def write(self, name: str, text: str | bytes) -> Path:
        """Write a file of the repository."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def git(self, *words: str) -> str:
        """Run git here."""
        done = subprocess.run(["git", *words], cwd=self.root, check=True, capture_output=True, text=True)
        return done.stdout

    def commit(self) -> None:
        """Commit all there is."""
        self.git("add", "-A")
        self.git("commit", "-qm", "all")

    def run(self, *words: str, at: str = ".") -> tuple[int, dict[str, Any], str]:
        """Run a command in this process with --json: exit status, its one line, and what went to stderr."""
        status = main([words[0], *words[1:], "--json", "-C", str(self.root / at)])
        out, err = self._capsys.readouterr()
        assert out.endswith("\n")
        (line,) = out.splitlines()
        data = json.loads(line)
        assert data["ok"] == (status == 0)
        assert "Traceback" not in out + err
        return status, data, err

    def refused(
        self, code: str, *words: str, says: tuple[str, ...] = (), status: int = 2, at: str = "."
    ) -> dict[str, Any]:
        """Run a command that must be refused, with and without --json; nothing outside .branchline may change."""
        before = self.files()
        found, data, _ = self.run(*words, at=at)
        assert (found, data.get("code")) == (status, code), data
        for part in says:
            assert part in data["error"], data["error"]
        assert main([words[0], *words[1:], "-C", str(self.root / at)]) == status
        out, err = self._capsys.readouterr()
        assert out == "" or status not in (1, 2), "words about a refusal go to stderr"
        assert "Traceback" not in err
        assert "crash report" not in err
        after = self.files()
        assert {name: after.get(name) for name in before} == before
        made = {bytes.fromhex(name).decode() for name in set(after) - set(before)}
        assert all(name.endswith(".graph.json") for name in made), "execute may have read the plan, and no more"
        return data

    def files(self) -> dict[str, bytes]:
        """Every file of the checkout but our own state, with what it holds."""
        found = {}
        for folder, names, files in os.walk(self.root):
            names[:] = [name for name in names if name not in (".git", ".branchline")]
            for name in files:
                path = Path(folder) / name
                found[os.fsencode(path.relative_to(self.root)).hex()] = path.read_bytes() if path.is_file() else b""
        return found

    def execute(self, *more: str, plan: str = "plans/p.md") -> tuple[int, dict[str, Any], str]:
        """Run the plan with the agent that does all at once."""
        return self.run("execute", plan, "--yes", *self.worker, *more)


@pytest.fixture
def spot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Spot:
    """A repository of its own."""
    (tmp_path / "repo").mkdir()
    return Spot(tmp_path / "repo", capsys)


def shell(spot: Spot, script: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script in the repository; `$B` is the program, a link without spaces in its path."""
    program = spot.root.parent / "branchline.sh"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m branchline "$@"\n')
    program.chmod(0o755)
    whole = {**os.environ, "PYTHONPATH": SOURCE, "B": str(program), **env}
    return subprocess.run(
        ["bash", "-c", script], cwd=spot.root, env=whole, capture_output=True, text=True, timeout=LIMIT
    )


# -- the plan as a file


def _fifo(spot: Spot) -> None:
    os.mkfifo(spot.root / "f.md")


FILES: dict[str, tuple[str, Callable[[Spot], object], tuple[str, ...]]] = {
    "missing": ("nope.md", lambda _: None, ("nope.md", "no such file")),
    "a folder": ("plans", lambda _: None, ("plans", "a folder, not a file")),
    "a pipe": ("f.md", _fifo, ("f.md", "not a regular file")),
    "a device": ("/dev/zero", lambda _: None, ("/dev/zero", "regular file")),
    "of the kernel": ("/proc/self/status", lambda _: None, ("/proc/self/status", "regular file")),
    "not UTF-8": (
        "u.md",
        lambda s: s.write("u.md", b"abc\n- [ ] x \xff\xfe\n"),
        ("u.md:2", "byte 12", "0xff", "UTF-8"),
    ),
    "NUL bytes": ("n.md", lambda s: s.write("n.md", b"- [ ] a\0b\n"), ("n.md:1",)),
    "one endless line": ("l.md", lambda s: s.write("l.md", "- [ ] " + "x" * (1 << 20) + "\n"), ("l.md:1",)),
    "a link to itself": ("c.md", lambda s: (s.root / "c.md").symlink_to("c.md"), ("c.md",)),
    "an endless name": ("a" * 5000 + ".md", lambda _: None, ("too long",)),
}


@pytest.mark.parametrize("case", FILES)
def test_a_plan_that_cannot_be_read(spot: Spot, case: str) -> None:
    name, make, says = FILES[case]
    make(spot)
    spot.refused("E_INPUT", "decompose", name, says=says)
    spot.refused("E_INPUT", "explain", name, "1", says=says)


def test_to_mask_what_is_no_file_says_which_it_is(spot: Spot) -> None:
    for name in ("plans", "/dev/zero"):
        spot.refused("E_INPUT", "mask", name, says=(name, "no regular file"))
    spot.refused("E_INPUT", "mask", "./nope", says=("./nope", "no such file"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_plan_that_may_not_be_read(spot: Spot) -> None:
    spot.write("secret.md", PLAN).chmod(0)
    status, data, _ = spot.run("decompose", "secret.md")
    assert (status, data["code"]) == (2, "E_INPUT")
    assert "secret.md" in data["error"]


@pytest.mark.parametrize(("text", "looked_at"), [("", 0), ("\n\n", 0), ("# Only words\n\nNothing to do here.\n", 0)])
def test_a_plan_without_tasks(spot: Spot, text: str, looked_at: int) -> None:
    spot.write("empty.md", text)
    for words in (("decompose", "empty.md"), ("execute", "empty.md", "--yes", *spot.worker)):
        data = spot.refused("E_NO_TASKS", *words, says=("empty.md", "no tasks", "- [ ] title"))
        assert data["tasks"] == []
        assert len(data["candidates"]) >= looked_at
    assert not (spot.root / "empty.graph.json").exists()


@pytest.mark.parametrize("name", ["plans/a b.md", "plans/ä 計画 🙂.md", "./-dash.md", "plans/it's $HOME `x`.md"])
def test_odd_names_of_plans(spot: Spot, name: str) -> None:
    spot.write(name, PLAN)
    spot.commit()
    status, data, _ = spot.run("decompose", name)
    assert status == 0
    assert (spot.root / data["graph"]).is_file()
    status, data, _ = spot.execute(plan=name)
    assert (status, data["counts"]) == (0, {"done": 2})


def test_a_name_that_looks_like_a_flag(spot: Spot, monkeypatch: pytest.MonkeyPatch) -> None:
    spot.write("-x.md", PLAN)
    monkeypatch.chdir(spot.root)
    spot.refused("E_USAGE", "decompose", "-x.md", says=("./-x.md", "usage: branchline decompose"))
    assert spot.run("decompose", "./-x.md")[0] == 0


def test_a_plan_outside_of_the_repository(spot: Spot) -> None:
    outside = spot.root.parent / "elsewhere.md"
    outside.write_text(PLAN)
    assert spot.run("decompose", str(outside))[0] == 0
    status, data, _ = spot.execute(plan=str(outside))
    assert (status, data["counts"]) == (0, {"done": 2})
    assert spot.git("show", "branchline/r1/tip:a.txt") == "hi\n"


def test_a_name_that_is_no_text(spot: Spot) -> None:
    done = shell(spot, "$B decompose $'plans/\\xff.md' --json; echo $?", LC_ALL="C.UTF-8")
    line, status = done.stdout.splitlines()
    assert (json.loads(line)["code"], status) == ("E_INPUT", "2")
    assert line.isascii()


# -- what the plan says


def test_a_written_circle(spot: Spot) -> None:
    spot.write("c.md", "- [ ] t1 A (depends on t2)\n- [ ] t2 B (depends on t1)\n")
    spot.refused("E_GRAPH", "decompose", "c.md", says=("t1 -> t2 -> t1", "line 1", "line 2", "take out"))
    assert not (spot.root / "c.graph.json").exists()


def test_an_unknown_dependency_holds_its_task_alone(spot: Spot) -> None:
    spot.write("d.md", "- [ ] t1 A (depends on t9)\n- [ ] t2 Write a.txt\n  - Verify: `test -e a.txt`\n")
    spot.commit()
    status, data, _ = spot.run("decompose", "d.md")
    assert status == 0
    (finding,) = [each for each in data["findings"] if each["code"] == "unknown-reference"]
    assert (finding["task"], finding["line"], finding["hold"]) == ("t1", 1, True)
    assert finding["message"] == "t1 depends on 't9', and no task of the plan is called that."
    status, data, _ = spot.execute(plan="d.md")
    assert (status, data["counts"]) == (3, {"held": 1, "done": 1})
    assert data["waiting"]["t1"] == f"{finding['message'].rstrip('.')} (line 1)"


def test_an_id_twice(spot: Spot) -> None:
    spot.write("du.md", "- [ ] t1 A\n- [ ] t1 B\n")
    status, data, _ = spot.run("decompose", "du.md")
    assert (status, [task["id"] for task in data["tasks"]]) == (0, ["t1", "t1~2"])
    assert [each["code"] for each in data["findings"]] == ["duplicate-id", "no-check", "no-check"]


NASTY = (
    "\x1b[31mred\x1b[0m \x07 $(touch pwned) `touch pwned`; touch pwned | cat && x",
    "bidi \u202e live \u202c, zero\u200bwidth",
    "%s %n {{ 7*7 }} {% raw %} ../../etc/passwd --upload-pack=x",
)


def test_titles_are_only_text(spot: Spot, capsys: pytest.CaptureFixture[str]) -> None:
    spot.write("t.md", "".join(f"- [ ] {n}. {title}\n" for n, title in enumerate(NASTY, 1)))
    spot.commit()
    status, data, err = spot.execute("--minimum", "unchecked", plan="t.md")
    assert (status, data["counts"]) == (0, {"done": 3})
    shown = err + spot.git("log", "--format=%B", "branchline/r1/tip")
    looks = [["decompose", "t.md", "--no-write"], ["status"], ["report"], ["report", "--format", "md"], ["review"]]
    for words in [*looks, *([name, n] for name in ("why", "evidence") for n in "123")]:
        main([*words, "-C", str(spot.root)])
        out, err = capsys.readouterr()
        shown += out + err
    assert not [c for c in shown if c != "\n" and not c.isprintable()]
    assert "49" not in spot.run("prompt", "3")[1]["prompt"].replace(str(spot.root), "")
    assert not list(spot.root.parent.rglob("pwned"))


# -- the repository


def test_a_dirty_repository(spot: Spot) -> None:
    spot.write("tracked.txt", "old\n")
    spot.commit()
    spot.write("tracked.txt", "new\n")
    spot.write("plans/p.md", PLAN + "- [ ] 3. More\n")
    says = ("tracked.txt", "commit", "--in-place")
    assert (
        "p.md" not in spot.refused("E_REPOSITORY", "execute", "plans/p.md", "--yes", *spot.worker, says=says)["error"]
    )
    spot.refused("E_NOT_FOUND", "status", says=("no run",))


def test_no_repository(spot: Spot) -> None:
    subprocess.run(["rm", "-rf", str(spot.root / ".git")], check=True)
    assert spot.run("decompose", "plans/p.md")[0] == 0
    spot.refused("E_REPOSITORY", "execute", "plans/p.md", "--yes", *spot.worker, says=("git init", "--in-place"))
    status, data, _ = spot.execute("--in-place")
    assert (status, data["counts"]) == (0, {"done": 2})
    assert spot.run("report")[1]["in_place"]


def test_no_commit_yet(spot: Spot) -> None:
    subprocess.run(["rm", "-rf", str(spot.root / ".git")], check=True)
    spot.git("init", "-q")
    assert spot.run("decompose", "plans/p.md")[0] == 0
    spot.refused("E_REPOSITORY", "execute", "plans/p.md", "--yes", *spot.worker, says=("no commit yet", "commit"))


def test_no_identity(spot: Spot) -> None:
    Path(os.environ["GIT_CONFIG_GLOBAL"]).write_text("[user]\n\tuseConfigOnly = true\n")
    says = ("user.name", "user.email")
    spot.refused("E_REPOSITORY", "execute", "plans/p.md", "--yes", *spot.worker, says=says)


def test_a_detached_head(spot: Spot) -> None:
    spot.git("checkout", "-q", "--detach")
    assert spot.execute()[0] == 0
    says = ("detached", "git switch -c NAME branchline/r1/tip")
    data = spot.refused("E_WAITING", "land", says=says, status=3)
    assert not data["moved"]


def test_a_bare_repository(spot: Spot, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / "bare")], check=True)
    (tmp_path / "bare" / "p.md").write_text(PLAN)
    says = ("bare", "clone")
    spot.refused("E_REPOSITORY", "execute", "p.md", "--yes", *spot.worker, says=says, at=str(tmp_path / "bare"))


def test_nothing_merged_is_not_landed(spot: Spot) -> None:
    status, _, _ = spot.run("execute", "plans/p.md", "--yes", "--worker", "shell:false")
    assert status == 4
    _, data, _ = spot.run("land")
    assert not data["moved"]


# -- the state folder


def test_a_second_coordinator(spot: Spot) -> None:
    assert spot.run("decompose", "plans/p.md", "--yes")[0] == 0
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(spot.root / ".branchline")],
        env={**os.environ, "PYTHONPATH": SOURCE},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        says = (str(holder.pid), "try later")
        spot.refused("E_LOCKED", "execute", "plans/p.md", "--yes", *spot.worker, says=says, status=75)
        spot.refused("E_LOCKED", "pulse", "plans/p.md", *spot.worker, says=says, status=75)
        assert spot.run("decompose", "plans/p.md")[0] == 0, "looking and planning go on"
    finally:
        holder.communicate(b"\n", timeout=LIMIT)
    with lock(spot.root / ".branchline"):
        pass


_HOLD = """
import sys
from pathlib import Path
from branchline.store import lock
with lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("content", [b"", b"no database at all", os.urandom(20_000)])
def test_a_damaged_database_is_left_as_it_is(spot: Spot, content: bytes) -> None:
    path = spot.write(".branchline/state.db", content)
    execute = ("execute", "plans/p.md", "--yes", *spot.worker)
    for words in (("status",), ("inbox",), ("answer", "1", "x"), ("land",), execute, ("pulse", "plans/p.md")):
        spot.refused("E_STORE_DAMAGED", *words, says=("state.db", "left as it is"), status=1)
    assert path.read_bytes() == content


def test_a_state_folder_that_is_a_link_or_a_file(spot: Spot, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (spot.root / ".branchline").symlink_to(tmp_path / "elsewhere")
    execute = ("execute", "plans/p.md", "--yes", *spot.worker)
    spot.refused("E_INPUT", *execute, says=(".branchline", "symbolic link"))
    assert list((tmp_path / "elsewhere").iterdir()) == []
    (spot.root / ".branchline").unlink()
    (spot.root / ".branchline").write_text("mine")
    spot.refused("E_INPUT", *execute, says=(".branchline", "or a file", "move it away"))
    assert (spot.root / ".branchline").read_text() == "mine"


def test_a_full_disk(spot: Spot) -> None:
    assert spot.run("decompose", "plans/p.md", "--yes")[0] == 0
    spot.write("big.sh", "#!/bin/sh\nsleep 0.1\n" + AGENT.partition("\n")[2]).chmod(0o755)
    spot.commit()
    space = "unshare --mount --map-root-user sh -c"
    if shell(spot, f"{space} 'mount -t tmpfs -o size=64k tmpfs .branchline'").returncode:
        pytest.skip("no mount namespaces here")
    script = f"""{space} 'cp -r .branchline ../kept && mount -t tmpfs -o size=$ROOM tmpfs .branchline &&
      cp -r ../kept/. .branchline/ && $B execute plans/p.md --yes --worker shell:./big.sh --json; echo $?
      mount -o remount,size=20m .branchline; $B execute plans/p.md --worker shell:./big.sh --json; echo $?'"""
    for room in ("120k", "260k"):
        done = shell(spot, script, ROOM=room)
        first, status, second, again = done.stdout.splitlines()
        refused, finished = json.loads(first), json.loads(second)
        assert "Traceback" not in done.stderr
        assert (refused["ok"], refused["code"], status) == (False, "E_STORE_FULL", "1")
        assert "crash report" not in refused["error"]
        assert (finished["counts"], again) == ({"done": 2}, "0"), "with room again, it goes on where it stood"


# -- workers, settings, flags


def test_a_worker_that_is_not_installed(spot: Spot, monkeypatch: pytest.MonkeyPatch) -> None:
    git = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout.strip()
    (spot.root.parent / "bin").mkdir()
    (spot.root.parent / "bin" / "git").symlink_to(git)
    monkeypatch.setenv("PATH", str(spot.root.parent / "bin"))
    execute = ("execute", "plans/p.md", "--yes")
    opencode = ("opencode", "npm install -g opencode-ai", "shell:PROGRAM")
    spot.refused("E_WORKER_MISSING", *execute, says=opencode)
    spot.refused("E_WORKER_MISSING", *execute, "--worker", "opencode", says=opencode)
    spot.refused("E_WORKER_MISSING", *execute, "--worker", "shell:nosuch x", says=("nosuch", "not on PATH"))
    spot.refused("E_NOT_FOUND", "status")


FLAGS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "unknown worker": ("E_SETTINGS", ("--worker", "opncode"), ("opncode", "opencode", "shell:")),
    "worker of nothing": ("E_SETTINGS", ("--worker", ":x"), ("--worker", "names no worker")),
    "shell of nothing": ("E_USAGE", ("--worker", "shell"), ("shell:PROGRAM",)),
    "a prompt as an argument": (
        "E_USAGE",
        ("--worker", "shell:sh -c {prompt}"),
        ("{prompt}", "BRANCHLINE_PROMPT_FILE"),
    ),
    "an open quote": ("E_SETTINGS", ("--worker", "shell:'x"), ("cannot be split",)),
    "unknown strategy": ("E_USAGE", ("--strategy", "wide"), ("wide", "depth-first")),
    "no jobs": ("E_SETTINGS", ("-j", "0"), ("jobs", "1", "not 0")),
    "fewer than no jobs": ("E_SETTINGS", ("-j", "-2"), ("jobs", "not -2")),
    "jobs in words": ("E_USAGE", ("-j", "many"), ("-j", "many")),
    "only an unknown task": ("E_USAGE", ("--only", "9"), ("9", "branchline review")),
    "only an unknown phase": ("E_USAGE", ("--phase", "7"), ("7", "1 to 2")),
    "an unknown minimum": ("E_USAGE", ("--minimum", "best"), ("best", "gated")),
    "an unknown flag": ("E_USAGE", ("--frob",), ("--frob", "usage: branchline execute")),
}


@pytest.mark.parametrize("case", FLAGS)
def test_flags_that_cannot_be(spot: Spot, case: str) -> None:
    code, flags, says = FLAGS[case]
    worker = () if "--worker" in flags else spot.worker
    spot.refused(code, "execute", "plans/p.md", "--yes", *worker, *flags, says=says)
    spot.refused("E_NOT_FOUND", "status", says=("no run",))
    assert not spot.git("branch", "--list", "branchline/*")


SETTINGS: dict[str, tuple[str, tuple[str, ...]]] = {
    "unknown key": ('strateg = "x"\n', ("branchline.toml:1", "strateg", "did you mean strategy?")),
    "unknown table": ("[lnd]\nminimum = 1\n", ("branchline.toml:", "lnd")),
    "wrong type": ('jobs = "many"\n', ("branchline.toml:1", "jobs", "whole number", "many")),
    "wrong choice": ("\n[land]\nminimum = 3\n", ("branchline.toml:3", "land.minimum", "gated")),
    "no length of time": ('timeout = "5 parsecs"\n', ("branchline.toml:1", "timeout", "30s")),
    "not TOML": ("what is this\n", ("branchline.toml:1", "not TOML")),
    "a worker of no kind": ("[workers.mine]\n", ("mine", "kind")),
    "a worker of another kind": ('[workers.mine]\nkind = "robot"\n', ("branchline.toml:2", "robot", "shell")),
    "a role with no such worker": ('[roles.build]\nworker = "nobody"\n', ("nobody",)),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_settings_that_cannot_be(spot: Spot, case: str) -> None:
    text, says = SETTINGS[case]
    spot.write("branchline.toml", text)
    spot.commit()
    spot.refused("E_SETTINGS", "decompose", "plans/p.md", says=says)
    spot.refused("E_SETTINGS", "execute", "plans/p.md", "--yes", *spot.worker, says=says)


def test_settings_twice_and_in_the_environment(spot: Spot, monkeypatch: pytest.MonkeyPatch) -> None:
    spot.write("branchline.toml", "jobs = 2\n")
    spot.write("pyproject.toml", "[tool.branchline]\njobs = 3\n")
    spot.refused("E_SETTINGS", "decompose", "plans/p.md", says=("branchline.toml", "pyproject.toml"))
    (spot.root / "pyproject.toml").unlink()
    monkeypatch.setenv("BRANCHLINE_JOBZ", "3")
    spot.refused("E_SETTINGS", "decompose", "plans/p.md", says=("BRANCHLINE_JOBZ", "did you mean jobs?"))


def test_an_unknown_role_is_not_guessed_at(spot: Spot) -> None:
    spot.write("r.md", "- [ ] 1. Look around\n  - Role: reserch\n  - Verify: `true`\n")
    spot.commit()
    execute = ("execute", "r.md", "--yes", *spot.worker)
    for words in (execute, (*execute, "--dry-run")):
        spot.refused("E_SETTINGS", *words, says=("r.md:1", "task 1", "reserch", "did you mean research?"))
    spot.write("branchline.toml", '[roles.reserch]\npermissions = "read-only"\n')
    assert spot.run(*execute, "--dry-run")[0] == 0


# -- the stored graph

_NODE = {"id": "1", "title": "A", "kind": "enormous"}
_GRAPH: dict[str, Any] = {"directed": True, "multigraph": False, "graph": {"version": 1}, "nodes": [], "edges": []}
GRAPHS: dict[str, tuple[str, tuple[str, ...]]] = {
    "not JSON": ("{\n nope\n}\n", ("p.graph.json:2", "not JSON")),
    "empty": ("", ("p.graph.json", "not JSON")),
    "a list": ("[]", ("must be an object",)),
    "undirected": (json.dumps({**_GRAPH, "directed": False}), ("directed",)),
    "of another version": (json.dumps({**_GRAPH, "graph": {"version": 99}}), ("version 99",)),
    "of an odd task": (json.dumps({**_GRAPH, "nodes": [_NODE]}), ("task 1", "kind must be one of")),
}


@pytest.mark.parametrize("case", GRAPHS)
def test_a_broken_graph(spot: Spot, case: str) -> None:
    text, says = GRAPHS[case]
    spot.write("plans/p.graph.json", text)
    spot.commit()
    says = (*says, "p.graph.json", "put its last version back", "move the file away")
    spot.refused("E_GRAPH", "decompose", "plans/p.md", says=says)
    spot.refused("E_GRAPH", "execute", "plans/p.md", "--yes", *spot.worker, says=says)
    spot.refused("E_GRAPH", "review", "plans/p.md", says=says)
    (spot.root / "plans" / "p.graph.json").rename(spot.root / "aside.json")
    assert spot.run("decompose", "plans/p.md")[0] == 0, "what the message says helps"


def test_a_graph_that_names_an_unknown_task(spot: Spot) -> None:
    assert spot.run("decompose", "plans/p.md")[0] == 0
    path = spot.root / "plans" / "p.graph.json"
    document = json.loads(path.read_text())
    document["edges"] = [{**document["edges"][0], "source": "77"}]
    path.write_text(json.dumps(document, indent=1))
    spot.refused("E_GRAPH", "execute", "plans/p.md", "--yes", *spot.worker, says=("77", "p.graph.json"))


# -- the command line


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("frob",), ("'frob'", "branchline --help")),
        (("exceute",), ("did you mean `execute`?",)),
        (("",), ("branchline --help",)),
        (("decompose",), ("plan", "usage: branchline decompose")),
        (("explain", "plans/p.md", "x"), ("invalid int value: 'x'",)),
        (("status", "--frob"), ("--frob",)),
        (("status", "-C", "/nonexistent"), ("/nonexistent", "no such folder")),
        (("execute", "plans/nope.md"), ("plans/nope.md", "no such file")),
    ],
)
def test_commands_that_cannot_be(
    words: tuple[str, ...], says: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--json"]) == 2
    out, _ = capsys.readouterr()
    (line,) = out.splitlines()
    data = json.loads(line)
    assert data["ok"] is False
    assert all(part in data["error"] for part in says), data["error"]


def test_where_nothing_ran_there_is_nothing_to_clear_away(spot: Spot) -> None:
    status, data, _ = spot.run("clean")
    assert (status, data["ok"], data["removed"], data["kept"]) == (0, True, [], [])


NEED_NO_RUN = ("demo", "completion", "selftest", "clean", "doctor")


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in NEED_NO_RUN])
def test_every_command_has_one_json_line_before_there_is_a_run(spot: Spot, name: str) -> None:
    words = {"decompose": ["nope.md"], "explain": ["plans/p.md", "99"], "approve": ["12345678"], "answer": ["1", "x"]}
    words["serve"] = ["--port", "99999"]  # it needs no run, and would not end
    needs_task = name in ("accept", "retry", "cancel", "skip", "take-over", "why", "logs", "prompt", "evidence")
    status, data, _ = spot.run(name, *words.get(name, ["1"] if needs_task else []))
    assert status in (2, 3)
    assert data["code"].startswith("E_")
    assert data["code"] != "E_UNEXPECTED"
    assert data["error"]


def test_every_command_that_looks_has_one_json_line_after_a_run(spot: Spot) -> None:
    assert spot.execute()[0] == 0
    for name in ("status", "inbox", "report", "land"):
        assert spot.run(name)[0] == 0
    for name in ("why", "logs", "prompt", "evidence"):
        assert spot.run(name, "1")[0] == 0
        spot.refused("E_NOT_FOUND", name, "99", says=("99",))
        spot.refused("E_NOT_FOUND", name, "1", "--run", "r9", says=("r9",))
    for name in ("answer", "accept", "retry", "skip"):
        spot.refused("E_USAGE", name, "1", *(["x"] if name == "answer" else []), says=("1", "done"))
        spot.refused("E_NOT_FOUND", name, "99", *(["x"] if name == "answer" else []), says=("99",))


# -- streams


@pytest.fixture
def done(spot: Spot) -> Iterator[Spot]:
    """A repository whose run is done."""
    assert spot.execute()[0] == 0
    yield spot


def test_streams_that_are_closed_full_or_plain(done: Spot) -> None:
    said = shell(done, "$B status <&-; echo $?")
    assert said.stdout.rstrip().endswith("\n0")
    assert said.stderr == ""
    for script in (
        "$B status | true; echo ${PIPESTATUS[0]}",
        "$B status --json | true; echo ${PIPESTATUS[0]}",
        "$B --help | true; echo ${PIPESTATUS[0]}",
        "$B status --help | true; echo ${PIPESTATUS[0]}",
        "($B status --json >&-); echo $?",
        "($B status 2>&-) >/dev/null; echo $?",
    ):
        said = shell(done, script)
        assert (said.stdout, said.stderr) == ("0\n", ""), script
    said = shell(done, "$B nope --json | true; echo ${PIPESTATUS[0]}")
    assert (said.stdout, said.stderr) == ("2\n", "")
    said = shell(done, "$B status > /dev/full; echo $?; $B status --json > /dev/full; echo $?")
    assert said.stdout == "1\n1\n"
    assert "No space left" in said.stderr
    assert "crash report" not in said.stderr
    assert "\x1b" not in shell(done, "$B status; $B report", NO_COLOR="1").stdout
    plain = shell(done, "$B status; $B status --json", PYTHONIOENCODING="ascii:strict", PYTHONUTF8="0")
    assert plain.returncode == 0, plain.stderr
    assert plain.stdout.isascii()


def test_a_reader_that_goes_does_not_end_the_run(spot: Spot) -> None:
    said = shell(spot, f"$B execute plans/p.md --yes --worker 'shell:{spot.agent}' | head -1; echo ${{PIPESTATUS[0]}}")
    assert said.stdout.splitlines()[-1] == "0"
    assert spot.run("status")[1]["state"] == "done"
