"""The review as a person sees it: the real program on a real terminal of 80x24, driven by what a person types."""

import json
import os
import re
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stub_model import StubModel
from test_decompose_split import child
from worlds import DEADLINE, SCALE, SRC

pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")
fcntl = pytest.importorskip("fcntl", reason="this system has no pseudo-terminals")
termios = pytest.importorskip("termios", reason="this system has no pseudo-terminals")

PLAN = """# Shop

## Phase 1: Base
- [ ] 1.1 Add `db.py` with the schema
  Verify: `true`
- [ ] 1.2 Research payment providers

## Phase 2: Pages
- [ ] 2.1 Build cart page in `shop.css`
- [ ] 2.2 Write the login page, the sign-up page and the profile page depends on 1.2
"""
QUESTION = "Proceed? [Y/n/edit] "
CTRL_C, CTRL_D = "\x03", "\x04"


class Terminal:
    """One review on a terminal; `say` types a line and returns what was shown until the next question or the end."""

    def __init__(self, folder: Path, *words: str, **env: str) -> None:
        self.folder = folder
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "branchline", *words],
            cwd=folder,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=_own_terminal,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(SRC), "LANG": "C.UTF-8"}
            | {"TERM": "xterm", "NO_COLOR": "1"}
            | env,
        )
        os.close(slave)
        self.master = master
        self.first = self._until_question()

    def say(self, text: str, end: str = "\n") -> str:
        os.write(self.master, (text + end).encode())
        return self._until_question()

    def press(self, control: str) -> str:
        return self.say(control, end="")

    def _until_question(self) -> str:
        shown = b""
        until = time.monotonic() + DEADLINE * SCALE
        while time.monotonic() < until:
            if not select.select([self.master], [], [], 1)[0]:
                continue
            try:
                part = os.read(self.master, 65536)
            except OSError:  # the other end is closed: the program has ended
                part = b""
            shown += part
            if not part or re.search(rb"[?\]] $", shown):
                return shown.decode().replace("\r\n", "\n")
        raise AssertionError(f"no question came: {shown!r}")

    def status(self) -> int:
        return self.process.wait(DEADLINE * SCALE)

    def close(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self.master)


def _own_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Shop:
    """A repository with a plan of four tasks and its stored graph."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.terminals: list[Terminal] = []
        subprocess.run(["git", "init", "-q", str(folder)], check=True)
        (folder / "plan.md").write_text(PLAN)
        self.run("decompose", "plan.md", "--no-review")

    def run(self, *words: str) -> dict[str, Any]:
        """What a command says in its JSON line."""
        done = subprocess.run(
            [sys.executable, "-m", "branchline", *words, "--json"],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "PYTHONPATH": str(SRC)},
            capture_output=True,
            check=False,
        )
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def review(self, *words: str, **env: str) -> Terminal:
        self.terminals.append(Terminal(self.folder, *(words or ("review",)), **env))
        return self.terminals[-1]

    def editor(self, *edits: tuple[str, str]) -> str:
        """An editor that replaces a text at each call, one after another."""
        script = self.folder / ".git" / "editor.py"
        script.write_text(
            "import pathlib, sys\n"
            f"edits, count = {edits!r}, pathlib.Path(__file__).with_suffix('.count')\n"
            "done = int(count.read_text()) if count.exists() else 0\n"
            "path = pathlib.Path(sys.argv[1])\n"
            "path.with_suffix(f'.{done}').write_text(path.read_text())\n"
            "path.write_text(path.read_text().replace(*edits[done]))\n"
            "count.write_text(str(done + 1))\n"
        )
        return f"{sys.executable} {script}"

    def graph(self) -> bytes:
        return (self.folder / "plan.graph.json").read_bytes()

    def tasks(self) -> dict[str, dict[str, Any]]:
        return {node["id"]: node for node in json.loads(self.graph())["nodes"]}

    def approved(self) -> bool:
        return bool(self.run("review")["approved"])


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path)
    yield made
    for terminal in made.terminals:
        terminal.close()


def test_the_page_fits_a_plain_terminal_and_yes_approves(shop: Shop) -> None:
    terminal = shop.review()
    assert terminal.first.endswith(QUESTION)
    assert "\x1b" not in terminal.first
    assert "\r" not in terminal.first
    assert max(map(len, terminal.first.split("\n"))) <= 80
    for words in ("1. [build] Add", "- - after 1 (phase", "after 1.2", "Batches:", "1.1 > 2.1", "Digest"):
        assert words in terminal.first
    terminal.say("y")
    assert terminal.status() == 0
    assert shop.approved()


def test_colour_only_where_it_is_welcome(shop: Shop) -> None:
    assert "\x1b[1m" in shop.review(NO_COLOR="").first


def test_no_leaves_a_draft(shop: Shop) -> None:
    before = shop.graph()
    terminal = shop.review()
    assert "not approved" in terminal.say("n")
    assert terminal.status() == 3
    assert shop.graph() == before
    assert not shop.approved()


def test_every_key(shop: Shop) -> None:
    terminal = shop.review()
    assert "split a task" in terminal.say("?")
    said = terminal.say("s 2.2")
    assert re.findall(r"\+ (\S+)", said) == ["2.2.1", "2.2.2", "2.2.3"]
    digests = re.findall(r"sha256:[0-9a-f]{64}", terminal.first + said)
    assert digests[0] != digests[1]
    assert "- 2.1" in terminal.say("d 2.1")
    assert "+ 2.1" in terminal.say("u")
    assert "no longer after 1" in terminal.say("c 2")
    assert terminal.say("m").endswith("Merge into which task? ")
    assert terminal.say("1.1").endswith("into 1.1? ")
    assert "- 2.1" in terminal.say("2.1")
    assert "(worker codex)" in " ".join(terminal.say("W 1.1 codex").split())
    assert "there is no worker" in terminal.say("w 1.1 nobody")
    assert "role research" in terminal.say("f 1.2 exploration")
    assert "only tasks of one role" in terminal.say("m 1.2 2.2.1")
    assert "too much" in terminal.say("d 1.1 1.2")
    assert terminal.say("d").endswith("Drop which task? ")
    assert "Nothing was changed" in terminal.say("")
    last = terminal.say("p")
    terminal.say("")
    assert terminal.status() == 0
    tasks = shop.tasks()
    assert set(tasks) == {"1", "1.1", "1.2", "2", "2.2", "2.2.1", "2.2.2", "2.2.3"}
    assert (tasks["1.1"]["worker"], tasks["1.2"]["role"]) == ("codex", "research")
    assert shop.run("review")["digest"] in last
    assert shop.approved()


def test_a_model_splits_where_one_can_be_asked(shop: Shop) -> None:
    answer = {"children": [child("cart", [1]), child("total", [1], depends_on=["cart"])]}
    rules = [("payment", [{"status": 401, "message": "no"}]), ("to split", [{"text": json.dumps(answer)}])]
    with StubModel(rules) as stub:
        terminal = shop.review(OPENAI_BASE_URL=stub.url, OPENAI_API_KEY="not-a-real-one", NO_PROXY="127.0.0.1")
        said = terminal.say("s 2.1")
        assert re.findall(r"\+ (\S+)", said) == ["2.1.1", "2.1.2"]
        assert "Asking openai" in said
        assert len(stub.requests) == 1
        assert "gave no answer" in terminal.say("s 1.2")
        terminal.say("y")
    assert {"2.1.1", "2.1.2"} < set(shop.tasks())
    assert "1.2.1" not in shop.tasks()


def test_a_wrong_edit_comes_back_with_carets_until_it_is_right(shop: Shop) -> None:
    command = shop.editor(('parent: "2"', 'parrent: "2"'), ('parrent: "2"', 'parent: "2"\n    worker: claude'))
    terminal = shop.review(EDITOR=command)
    assert "claude" in terminal.say("edit")
    terminal.say("y")
    assert terminal.status() == 0
    assert [shop.tasks()[each]["worker"] for each in ("2.1", "2.2")] == ["claude", "claude"]
    shown = (shop.folder / ".branchline" / "review.1").read_text().split("\n")
    place = shown.index('    parrent: "2"')
    assert shown[place + 1] == "#   ^^^^^^^^^^^^"
    assert "did you mean parent?" in shown[place + 2]


@pytest.mark.parametrize("typed", ["", "d 1.1\n", "s\n", "d 1.1\nm\n", "w 1.1\n", "f 1.2 no-check\n"])
def test_an_interrupt_leaves_all_as_it_was(shop: Shop, typed: str) -> None:
    before = shop.graph()
    terminal = shop.review()
    for line in typed.splitlines():
        terminal.say(line)
    assert "interrupted" in terminal.press(CTRL_C)
    assert terminal.status() == 130
    assert shop.graph() == before
    assert not shop.approved()


def test_an_interrupt_in_the_editor_ends_the_editor_alone(shop: Shop) -> None:
    before = shop.graph()
    terminal = shop.review(EDITOR="sh -c 'printf \"now? \"; read line'")
    assert terminal.say("edit").endswith("now? ")
    assert "The editor ended with status" in terminal.press(CTRL_C)
    assert "not approved" in terminal.say("n")
    assert shop.graph() == before


def test_the_end_of_the_input_drops_a_key_and_then_the_review(shop: Shop) -> None:
    before = shop.graph()
    terminal = shop.review()
    for line in ("s", "m 1.1", "c", "w 1.1", "f 1.2 no-check"):
        terminal.say(line)
        assert "Nothing was changed.\n" in terminal.press(CTRL_D)
    assert "not approved" in terminal.press(CTRL_D)
    assert terminal.status() == 3
    assert shop.graph() == before
    assert not shop.approved()


def test_a_changed_plan_is_shown_as_a_patch(shop: Shop) -> None:
    shop.run("review", "--yes")
    (shop.folder / "plan.md").write_text(PLAN.replace("- [ ] 2.1 Build cart page in `shop.css`\n", ""))
    assert shop.run("review")["stale"]
    assert "plan.md has changed since" in shop.review().first
    terminal = shop.review("decompose", "plan.md")
    assert "- 2.1 Build cart page" in terminal.first.split("Plan:")[0]
    terminal.say("y")
    assert terminal.status() == 0


def test_scripts_review_and_approve_by_digest(shop: Shop) -> None:
    shown = shop.run("review")
    assert (shown["ok"], shown["code"], shown["approved"]) == (False, "E_WAITING", False)
    assert {task["id"] for task in shown["tasks"]} == {"1", "1.1", "1.2", "2", "2.1", "2.2"}
    assert shown["critical_path"] == ["1.1", "2.1"]
    assert shown["batches"] == [["1.1", "1.2"], ["2.1", "2.2"]]
    assert not shown["stale"]
    assert {"edges", "mutexes", "findings", "ignored", "gate"} <= shown.keys()
    (shop.folder / "other").mkdir()
    (shop.folder / "other" / "broken.graph.json").write_text("{")
    assert shop.run("approve", shown["digest"])["ok"]
    (shop.folder / "gone.graph.json").symlink_to("nowhere")
    assert shop.run("review")["ok"]


def test_a_worktree_of_a_run_is_a_checkout_like_any_other(tmp_path: Path) -> None:
    place = tmp_path / ".branchline" / "worktrees" / "r1"
    place.mkdir(parents=True)
    shop = Shop(place)
    assert shop.run("approve", shop.run("review")["digest"])["ok"]


def test_what_a_person_does_not_let_start_waits_and_has_not_failed(shop: Shop) -> None:
    worker = shop.folder / ".git" / "worker"
    worker.write_text("""#!/bin/sh\nprintf '{"status": "done"}' > "$BRANCHLINE_EXIT_FILE"\n""")
    worker.chmod(0o755)
    words = ("--in-place", "--minimum", "unchecked", "--confirm", "task", "--worker", f"shell:{worker}")
    seen = shop.review("execute", "plan.md", *words)
    assert "Start 1.1" in seen.say("y")
    second = seen.say("y")
    assert re.search(r"\n?\x1b\[2KStart 1\.2 [^\n]*$", second), f"the question has a line of its own: {second[-200:]!r}"
    assert "state: waiting: not confirmed" in seen.say("n")
    assert seen.status() == 3
