"""The exit record: three places, in order, and never a word found anywhere."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from branchline.model.run import Claim
from branchline.workers import record


def find(message: str, file: Path | None = None) -> Claim | None:
    found = record.find(str(file or "/nonexistent/.branchline/answer.json"), message)
    return found.claim if found else None


def block(data: object, fence: str = "```") -> str:
    return f"{fence}branchline\n{data if isinstance(data, str) else json.dumps(data)}\n{fence}"


@pytest.fixture
def answer(tmp_path: Path) -> Path:
    (tmp_path / ".branchline").mkdir()
    return tmp_path / ".branchline" / "answer.json"


def test_the_file_comes_first_then_the_block_then_the_line(answer: Path) -> None:
    message = "BLOCKED: a line\n\n" + block({"status": "partial", "missing": ["b"]})
    answer.write_text('{"status": "done"}')
    assert find(message, answer) == Claim("done", source="file")
    answer.unlink()
    assert find(message, answer) == Claim("partial", missing=("b",), source="block")
    claim = find("BLOCKED: a line\nand more\n\nthe rest")
    assert claim is not None
    assert claim.question is not None
    assert (claim.status, claim.source, claim.question.text) == ("blocked", "line", "a line\nand more")


@pytest.mark.parametrize(
    "message",
    [
        "",
        "UNBLOCKED: all is well",
        "I was BLOCKED: once",
        " BLOCKED: indented",
        "> BLOCKED: quoted",
        "blocked: small",
        "BLOCKED: none",
        "BLOCKED: None.",
        "BLOCKED: no",
        "BLOCKED: n/a",
        "BLOCKED: -",
        "BLOCKED:",
        "BLOCKED:\n\nnothing follows",
        "BLOCKED: not blocked",
        "```\nBLOCKED: in a fence\n```\nfine",
        "~~~~\n```\nBLOCKED: in a longer fence\n~~~\n~~~~",
        block({"status": "done"}) + "\nand then a word",
        "````markdown\n" + block({"status": "done"}) + "\n````",
        '```json\n{"status": "done"}\n```',
        '{"status": "done"}',
        "status: done",
    ],
)
def test_a_word_found_somewhere_is_no_record(message: str) -> None:
    assert find(message) is None


@pytest.mark.parametrize("text", ["no database is there", "None of the 3 endpoints fits", "which?", "0 or 1?"])
def test_a_question_that_begins_like_none_is_one(text: str) -> None:
    claim = find(f"Well.\nBLOCKED: {text}")
    assert claim is not None
    assert claim.summary == text


@pytest.mark.parametrize("fence", ["```", "`````", "~~~"])
def test_the_block_may_have_any_fence_and_blanks_after_it(fence: str) -> None:
    claim = find("Text.\n" + block({"status": "done", "summary": "s"}, fence) + "  \n\n")
    assert claim == Claim("done", "s", source="block")


def test_the_last_block_counts_even_unclosed() -> None:
    message = block({"status": "failed"}) + "\nNo, it works:\n```branchline\n" + '{"status": "done"}'
    assert find(message) == Claim("done", source="block")


@pytest.mark.parametrize(
    ("data", "word"),
    [
        ("", "JSON"),
        ("{", "JSON"),
        ("[]", "object"),
        ('"done"', "object"),
        ("{}", "status"),
        ('{"status": "finished"}', "status"),
        ('{"status": true}', "status"),
        ('{"status": "done", "summary": ["x"]}', "summary"),
        ('{"status": "partial", "missing": [{}]}', "missing"),
        ('{"status": "blocked", "options": 3}', "options"),
        ('{"status": "done", "summary": NaN}', ""),
        ("[" * 3000, ""),
    ],
)
def test_an_invalid_record_is_a_failure_that_says_why(answer: Path, data: str, word: str) -> None:
    answer.write_text(data)
    for claim in (find("", answer), find("hi\n" + block(data)) if data.strip() else find("", answer)):
        assert claim is not None
        assert claim.status == "failed"
        assert word in claim.error


def test_what_is_no_plain_file_is_refused(answer: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text('{"status": "done"}')
    answer.symlink_to(secret)
    refused = [find("", answer)]
    answer.unlink()
    os.mkfifo(answer)
    refused.append(find("", answer))
    answer.unlink()
    answer.mkdir()
    refused.append(find("", answer))
    answer.rmdir()
    answer.write_text('{"status": "done", "summary": "' + "x" * record.MAX_RECORD + '"}')
    refused.append(find("", answer))
    answer.unlink()
    answer.parent.rmdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "answer.json").write_text('{"status": "done"}')
    answer.parent.symlink_to(tmp_path / "other")
    refused.append(find("", answer))
    assert [claim.status if claim else None for claim in refused] == ["failed"] * 5


def test_unknown_keys_are_kept(answer: Path) -> None:
    answer.write_text('{"status": "blocked", "kind": "mystery", "text": "?", "confidence": 0.5, "deadline": "2h"}')
    claim = find("", answer)
    assert claim is not None
    assert claim.question is not None
    assert (claim.question.kind, claim.question.deadline) == ("question", "2h")
    assert claim.extra == {"confidence": 0.5, "kind": "mystery"}


def test_a_question_without_words_is_still_a_question() -> None:
    claim = find(block({"status": "blocked"}))
    assert claim is not None
    assert claim.question is not None
    assert claim.question.text


def test_a_log_is_never_cut_within_a_line(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    log.write_text("UNBLOCKED: fine\n" + "x" * 9 + "\n")
    assert record.tail(log, limit=len("BLOCKED: fine\n") + 10) == "x" * 9
    assert record.tail(log) == "UNBLOCKED: fine\nxxxxxxxxx"
    assert record.tail(tmp_path / "none") == ""


@settings(deadline=None, max_examples=150)
@given(st.text(alphabet=st.sampled_from('`~\n BLOCKED:{}"branchline'), max_size=120))
def test_no_message_raises(message: str) -> None:
    claim = find(message)
    assert claim is None or claim.status in {"done", "blocked", "partial", "failed"}
