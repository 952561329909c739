"""schema: what comes from outside is right, or its fault is named."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from branchline import schema
from branchline.errors import InputError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


class TestExitRecord:
    def test_only_the_status_is_required(self) -> None:
        assert schema.exit_record({"status": "done"}) == {
            "status": "done", "summary": "", "kind": "", "text": "", "options": [], "default": "", "deadline": "",
            "missing": [], "extra": {},
        }  # fmt: skip

    def test_unknown_keys_are_recorded_and_do_nothing(self) -> None:
        record = schema.exit_record({"status": "done", "next_tasks": [{"id": "t99", "auto_approve": True}]})
        assert record["extra"] == {"next_tasks": [{"id": "t99", "auto_approve": True}]}

    def test_a_block_is_a_question_unless_it_says_more(self) -> None:
        assert schema.exit_record({"status": "blocked", "text": "Which?"})["kind"] == "question"
        assert schema.exit_record({"status": "blocked", "kind": "credential"})["kind"] == "credential"

    def test_plain_meanings_are_taken(self) -> None:
        record = schema.exit_record({"status": "partial", "missing": "tests", "options": ["a", 2], "default": 2})
        assert (record["missing"], record["options"], record["default"]) == (["tests"], ["a", "2"], "2")

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (None, "must be an object, not nothing"),
            ([], "must be an object, not a list"),
            ({}, "status must be one of done, blocked, partial, failed, not None"),
            ({"status": "DONE"}, "status must be one of"),
            ({"status": ["done"]}, "status must be one of"),
            ({"status": "done", "summary": {"a": 1}}, "summary must be a text, not an object"),
            ({"status": "done", "options": [{"a": 1}]}, "options must be a list of texts"),
            ({"status": "done", "missing": 3}, "missing must be a list of texts"),
            ({"status": "blocked", "kind": "bored"}, "kind must be one of question"),
        ],
    )
    def test_names_the_field(self, data: Any, words: str) -> None:
        with pytest.raises(InputError, match=words):
            schema.exit_record(data)

    def test_giants_are_cut(self) -> None:
        record = schema.exit_record({"status": "done", "summary": "x" * 10**6, "missing": ["y"] * 10**5})
        assert len(record["summary"]) == 100_000
        assert len(record["missing"]) == 1_000

    @given(
        JSON
        | st.fixed_dictionaries({"status": st.sampled_from(schema.STATUSES)}, optional={"text": JSON, "options": JSON})
    )
    @settings(deadline=None, max_examples=150)
    def test_anything_is_a_record_or_a_named_fault(self, data: Any) -> None:
        try:
            record = schema.exit_record(data)
        except InputError as error:
            assert error.message.startswith("exit record: ")
        else:
            assert schema.exit_record({k: v for k, v in record.items() if k != "extra"})["status"] == data["status"]
            json.dumps(record)


class TestScenario:
    def test_every_step(self) -> None:
        steps: list[Any] = [
            {"write": {"path": "a.txt", "content": "a"}}, {"append": {"path": "a.txt", "content": "b"}},
            {"conflict": {"path": "a.txt", "content": "c"}}, {"delete": "a.txt"}, {"commit": "Add a"},
            {"message": "working"}, {"say": "hello"}, {"run": "make"}, {"sleep": 0.1}, {"answer": {"status": "done"}},
            {"block": {"text": "Which?", "options": ["a", "b"]}}, "lie", "hang", {"crash": "segv"}, {"crash": 3},
            "crash", "silent", {"exit": 4},
            {"usage": {"input": 900, "output": 40, "cost": 0.01, "model": "sonnet"}},
            {"spawn": 5}, {"spawn": {"seconds": 5, "escape": True}}, "spawn",
        ]  # fmt: skip
        found = schema.scenario({"defaults": steps})["defaults"]
        assert {next(iter(step)) for step in found} == set(schema.STEPS)
        assert found[8] == {"sleep": 0.1}
        assert found[9]["answer"]["status"] == "done"
        assert found[10]["block"]["kind"] == "question"
        assert [step["crash"] for step in found if "crash" in step] == ["SIGSEGV", 3, "SIGKILL"]
        assert found[-1] == {"spawn": {"seconds": 60.0, "escape": False}}
        assert schema.scenario({"defaults": found})["defaults"] == found

    def test_one_list_or_one_for_each_attempt(self) -> None:
        found = schema.scenario(
            {"tasks": {"t1": ["lie"], 2: [["hang"], [{"say": "x"}, {"answer": {"status": "done"}}]]}}
        )
        assert found["tasks"]["t1"] == [[{"lie": True}]]
        assert [len(attempt) for attempt in found["tasks"]["2"]] == [1, 2]
        assert schema.scenario({}) == {"defaults": [], "tasks": {}}
        assert schema.scenario({"tasks": {"t1": []}})["tasks"] == {"t1": [[]]}

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            ([], "scenario: must be a mapping, not a list"),
            ({"default": []}, "unknown key 'default'; known are defaults and tasks"),
            ({"tasks": []}, "tasks must be a mapping"),
            ({"tasks": {"t1": "lie"}}, "task t1: must be a list of steps, not a text"),
            ({"tasks": {"t1": [["lie"], ["fly"]]}}, "task t1, attempt 2, step 1: unknown step 'fly'"),
            ({"tasks": {"t1": [{"say": "x", "run": "y"}]}}, "step 1: must be a mapping with exactly one key"),
            ({"defaults": [{"write": "x"}]}, r"defaults, step 1: write must be \{path, content\}"),
            ({"defaults": [{"write": {"path": "x", "mode": 1}}]}, "write must be"),
            ({"defaults": [{"write": {"path": "x", "content": 1}}]}, "must have a text as its content"),
            ({"defaults": [{"sleep": "1s"}]}, "sleep must be seconds"),
            ({"defaults": [{"exit": 256}]}, "exit must be an exit status"),
            ({"defaults": [{"crash": "SIGNOPE"}]}, "crash must be the name of a signal"),
            ({"defaults": [{"answer": {"status": "well"}}]}, "answer: status must be one of"),
            ({"defaults": [{"lie": 3}]}, "lie takes no value, not 3"),
            ({"defaults": [{"delete": ""}]}, "delete must name a path"),
        ],
    )
    def test_names_task_attempt_and_step(self, data: Any, words: str) -> None:
        with pytest.raises(InputError, match=words):
            schema.scenario(data)

    @given(
        JSON
        | st.fixed_dictionaries({"defaults": JSON})
        | st.fixed_dictionaries({"tasks": st.dictionaries(st.text(), JSON)})
    )
    @settings(deadline=None, max_examples=100)
    def test_anything_is_a_scenario_or_a_named_fault(self, data: Any) -> None:
        try:
            schema.scenario(data)
        except InputError as error:
            assert error.message.startswith("scenario: ")
