"""The questions of a plan, found in its text, and listed as answered or not in the report."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.model.run import Event, QuestionRow, TaskRow
from branchline.planfile.asked import questions
from branchline.planfile.read import parse
from branchline.report.asked import asked, asked_lines

PLAN = """# Plan

Which database fits us best? See https://x.y/z?a=1 for more.

## Open questions

- Should we keep the *old* API, or not?
- Why?

## Tasks

- [ ] 1 Is `a ? b : c` fast enough for us?
  - Which page size do we need?
- [ ] 2 Write it. Done? No.
  ```
  really a question in code?
  ```
"""


def test_questions_are_found_with_the_task_that_carries_them() -> None:
    assert parse(PLAN, "p.md").request.split("\n") == [
        "1\tIs `a ? b : c` fast enough for us?",
        "1\tWhich page size do we need?",
        "\tWhich database fits us best?",
        "\tShould we keep the *old* API, or not?",
    ]


@pytest.mark.parametrize(("text", "found"), [
    ("Fast. Is it fast enough? Yes.", ["Is it fast enough?"]),
    ("1. **Who pays for it?**", ["Who pays for it?"]),
    ("Frage: wer zahlt das?", ["wer zahlt das?"]),
    ("どのデータベースですか？次へ", ["どのデータベースですか？"]),
    ("x?y=1&z?=2 no", []),
    ("Why? Really? So?", []),
    ("# Title\nWhich, the\n  small or big? No\n- end of\n- what is it?", ["Which, the small or big?", "what is it?"]),
    ("Fast. Please keep it\nshort. It pleases", ["Please keep it short."]),
    ("- please add a test", ["please add a test"]),
])  # fmt: skip
def test_a_question_is_a_sentence(text: str, found: list[str]) -> None:
    assert questions(text) == found


@given(st.text(alphabet="ab ?.!`~#|\n*-[]('\"？。", max_size=80))
def test_what_is_found_stands_in_the_text_on_one_line(text: str) -> None:
    for found in questions(text):
        assert found[-1] in "?？"
        assert len(found.splitlines()) == 1
        assert "".join(found.split()).replace("*", "") in "".join(text.split()).replace("*", "")


def row(task: str, state: str) -> TaskRow:
    return TaskRow("r1", task, 0, "T", "atomic", None, 1, "build", "w", state)  # type: ignore[arg-type]


def test_only_done_tasks_and_persons_answer() -> None:
    request = "1\tIs it fast?\n2\tIs it small?\n9\tIs it there?\n\tWho pays for it?\n\tWho knows about it?"
    told = QuestionRow("r1", 1, "2", 1, "question", "who pays  for it?", answer="We do.")
    claim = Event(1.0, "r1", "ended", task="1", data={"claim": {"status": "done", "summary": "Yes, 3 ms.\nMore."}})
    found = asked(request, [row("1", "done"), row("2", "failed")], [told], {"1": [claim]})
    assert [(each["answered"], each["by"]) for each in found] == [
        (True, "task 1"), (False, "task 2 is failed"), (False, "no task of this run carries it"),
        (True, "a person, to task 2"), (False, "no task of this run carries it"),
    ]  # fmt: skip
    assert asked_lines(found)[:2] == [
        "Is it fast?  answered by task 1: Yes, 3 ms.", "Is it small?  NOT answered: task 2 is failed"
    ]  # fmt: skip
    assert asked("", [], [], {}) == []
