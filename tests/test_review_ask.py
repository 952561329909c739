"""review: the question, and the edit that comes back until it is right or dropped."""

import io
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from branchline.errors import InputError, UsageError
from branchline.model.plan import Check, DraftGraph, Edge, Task
from branchline.review.ask import ask, editing, editor
from branchline.terminal.text import reader

DRAFT = DraftGraph(
    "plans/x.md",
    "sha256:1",
    "todo",
    "Two things",
    (Task("1", "Alpha", checks=(Check("make a"),)), Task("2", "Beta", body="# ERROR: a heading of the plan\n\nmore\n")),
    (Edge("1", "2", "written"),),
)


class Person:
    """Answers from a list, edits with functions from a list, and remembers what was shown and asked."""

    def __init__(self, answers: Sequence[str], *edits: Callable[[str], str]) -> None:
        self.answers: Iterator[str] = iter(answers)
        self.edits = iter(edits)
        self.asked: list[str] = []
        self.shown: list[DraftGraph] = []
        self.texts: list[str] = []

    def reader(self, question: str) -> str:
        self.asked.append(question)
        return next(self.answers, "")

    def edit(self, text: str) -> str:
        self.texts.append(text)
        return next(self.edits)(text)

    def ask(self, draft: DraftGraph = DRAFT) -> tuple[str, DraftGraph]:
        return ask(draft, self.shown.append, self.reader, self.edit)


@pytest.mark.parametrize(
    ("answers", "wanted"),
    [
        (["\n"], "yes"),
        (["y\n"], "yes"),
        (["YES\n"], "yes"),
        (["n\n"], "no"),
        (["no\n"], "no"),
        ([""], "no"),
        (["what?\n", "y\n"], "yes"),
        (["what?\n"], "no"),
        (["y"], "yes"),
    ],
)
def test_answers(answers: list[str], wanted: str) -> None:
    person = Person(answers)
    assert person.ask() == (wanted, DRAFT)
    assert person.shown == [DRAFT]
    assert person.asked[0] == "Proceed? [Y/n/edit] "


def test_an_unknown_answer_is_told_what_would_be_one() -> None:
    person = Person(["maybe\n", "\n"])
    person.ask()
    assert person.asked[1] == "Please answer y, n or edit; ? lists the keys.\nProceed? [Y/n/edit] "


def test_the_end_of_the_input_may_also_raise() -> None:
    def ended(_: str) -> str:
        raise EOFError

    assert ask(DRAFT, lambda _: None, ended, str)[0] == "no"


def test_an_interrupt_passes_on() -> None:
    def interrupted(_: str) -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask(DRAFT, lambda _: None, interrupted, str)


def test_an_edit_is_shown_and_asked_anew() -> None:
    person = Person(["edit\n", "y\n"], lambda text: text.replace("Alpha", "Gamma"))
    answer, draft = person.ask()
    assert answer == "yes"
    assert [task.title for task in draft.tasks] == ["Gamma", "Beta"]
    assert person.shown == [DRAFT, draft]
    assert draft.tasks[1] == DRAFT.tasks[1]


def test_an_edit_that_is_refused_is_not_approved() -> None:
    person = Person(["e\n", "n\n"], lambda text: text.replace("Alpha", "Gamma"))
    answer, draft = person.ask()
    assert (answer, draft.tasks[0].title) == ("no", "Gamma")


@pytest.mark.parametrize("left", ["", "\n\n", "# only comments\n"])
def test_an_empty_file_drops_the_edit(left: str) -> None:
    person = Person(["edit\n", "y\n"], lambda _: left)
    assert person.ask() == ("yes", DRAFT)
    assert person.asked[1].startswith("Nothing was changed.\n")


def test_an_untouched_file_changes_nothing() -> None:
    person = Person(["edit\n", "y\n"], str)
    assert person.ask() == ("yes", DRAFT)
    assert person.shown == [DRAFT]


def test_errors_come_back_on_their_lines_until_it_is_right() -> None:
    person = Person(
        ["edit\n", "y\n"],
        lambda text: text.replace("title: Beta", "titel: Beta"),
        lambda text: text.replace("titel: Beta", "title: Delta").replace('after: ["1"]', 'after: ["1"'),
        lambda text: text.replace('after: ["1"', 'after: ["1"]'),
    )
    answer, draft = person.ask()
    assert answer == "yes"
    assert draft.tasks[1].title == "Delta"
    assert draft.tasks[1].body == DRAFT.tasks[1].body
    first = person.texts[1].split("\n")
    marked = [place for place, line in enumerate(first) if line.lstrip().startswith("# ERROR: ") and "titel" in line]
    assert len(marked) == 1
    assert first[marked[0] - 2 : marked[0]] == ["    titel: Beta", "#   ^^^^^^^^^^^"]
    second = person.texts[2].split("\n")
    broken = next(place for place, line in enumerate(second) if line.strip() == 'after: ["1"')
    assert any(line.startswith("# ERROR: ") for line in second[broken : broken + 6])
    assert sum("# ERROR: " in line for line in person.texts[2].split("\n")) == 2  # the new fault and the plan's heading


def test_an_erroneous_text_left_as_it_is_drops_the_edit() -> None:
    person = Person(["edit\n", "n\n"], lambda text: text.replace('after: ["1"]', 'after: ["9"]'), str)
    assert person.ask() == ("no", DRAFT)
    assert person.asked[1].startswith("Nothing was changed.\n")


def test_an_unknown_id_comes_back_at_the_task_that_names_it() -> None:
    person = Person(["edit\n", "y\n"], lambda text: text.replace('after: ["1"]', 'after: ["9"]'), lambda _: "")
    person.ask()
    shown = person.texts[1].split("\n")
    place = shown.index('    after: ["9"]')
    assert shown[place + 1] == "#           ^^^"
    assert "there is no task 9" in shown[place + 2]


def test_a_cycle_is_refused_in_words() -> None:
    loop = 'title: Alpha\n    after: ["2"]'
    person = Person(["edit\n", "y\n"], lambda text: text.replace("title: Alpha", loop), lambda _: "")
    assert person.ask() == ("yes", DRAFT)
    assert "# ERROR: " in person.texts[1]


def test_windows_line_ends_are_no_change() -> None:
    person = Person(["edit\n", "y\n"], lambda text: text.replace("\n", "\r\n"))
    assert person.ask() == ("yes", DRAFT)
    assert person.asked[1].startswith("Nothing was changed.\n")


def test_without_an_editor_one_can_still_say_yes(tmp_path: Path) -> None:
    person = Person(["edit\n", "y\n"])
    edit = editing({}, tmp_path / "graph.yaml", lambda _: 0)
    assert ask(DRAFT, person.shown.append, person.reader, edit) == ("yes", DRAFT)
    assert "set VISUAL or EDITOR" in person.asked[1]


def test_the_editor_is_split_as_a_shell_would(tmp_path: Path) -> None:
    started: list[Sequence[str]] = []

    def run(argv: Sequence[str]) -> int:
        started.append(argv)
        return 0

    path = tmp_path / "a file.yaml"
    editor({"EDITOR": "code --wait 'x y'"}, path, run)
    editor({"EDITOR": "vi", "VISUAL": "emacs -nw"}, path, run)
    editor({"EDITOR": "vi", "VISUAL": " "}, path, run)
    assert started == [["code", "--wait", "x y", str(path)], ["emacs", "-nw", str(path)], ["vi", str(path)]]


def _missing(_: Sequence[str]) -> int:
    raise FileNotFoundError(2, "No such file or directory")


@pytest.mark.parametrize(
    ("env", "run", "words"),
    [
        ({}, lambda _: 0, "set VISUAL or EDITOR"),
        ({"EDITOR": "vi 'open"}, lambda _: 0, "correct its quotes"),
        ({"VISUAL": "nope"}, _missing, "set VISUAL to an editor you have"),
        ({"EDITOR": "vi"}, lambda _: 1, "ended with status 1"),
    ],
)
def test_an_editor_that_cannot_be_used_says_what_to_set(
    env: dict[str, str], run: Callable[[Sequence[str]], int], words: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=words):
        editor(env, tmp_path / "x", run)


def test_editing_goes_through_the_file(tmp_path: Path) -> None:
    path = tmp_path / "graph.yaml"

    def run(argv: Sequence[str]) -> int:
        file = Path(argv[-1])
        file.write_text(file.read_text().upper())
        return 0

    assert editing({"EDITOR": "vi"}, path, run)("é\n") == "É\n"

    def spoil(argv: Sequence[str]) -> int:
        Path(argv[-1]).write_bytes(b"\xff\xfe\x00")
        return 0

    with pytest.raises(InputError):
        editing({"EDITOR": "vi"}, path, spoil)("x")


def test_the_question_on_real_streams() -> None:
    out = io.StringIO()
    assert ask(DRAFT, lambda _: None, reader(io.StringIO("\n"), out), str)[0] == "yes"
    assert out.getvalue() == "Proceed? [Y/n/edit] "
    assert ask(DRAFT, lambda _: None, reader(io.StringIO(""), out), str)[0] == "no"


def test_a_real_editor(tmp_path: Path) -> None:
    import subprocess

    script = tmp_path / "edit.py"
    script.write_text(
        "import sys, pathlib\np = pathlib.Path(sys.argv[1])\np.write_text(p.read_text().replace('Alpha', 'Z'))\n"
    )
    edit = editing({"EDITOR": shlex.join([sys.executable, str(script)])}, tmp_path / "g.yaml", subprocess.call)
    person = Person(["edit\n", "\n"])
    assert ask(DRAFT, person.shown.append, person.reader, edit)[1].tasks[0].title == "Z"
