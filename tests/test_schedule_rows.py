"""The batch verbs on plain rows: own cases, and the development corpus where it stands beside the repository."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from branchline.errors import GraphError
from branchline.schedule import rows

CORPUS = Path(__file__).parents[2] / "shared" / "corpus" / "batch" / "cases.json"
IN_WORDS = {
    "next-batch_breadth-first_conc0": [],
    "next-batch_depth-first_conc0": [],
    "next-batch_depth-first_no_parent": ["a", "b"],
    "next-batch_depth-first_dup_ids": GraphError,
    "next-batch_depth-first_bb_string": ["a.2"],
    "next-batch_breadth-first_diamond": ["d.2"],
}
"""What the corpus says only in words, as we read it."""


def cases() -> Iterator[Any]:
    paths = [CORPUS, Path(__file__).parents[3] / "shared" / "corpus" / "batch" / "cases.json"]
    found = next((path for path in paths if path.exists()), None)
    if found is None:
        yield pytest.param("", {}, marks=pytest.mark.skip(reason="the development corpus is not beside the repository"))
        return
    for name, case in json.loads(found.read_text()).items():
        yield pytest.param(name, case, id=name)


@pytest.mark.corpus
@pytest.mark.parametrize(("name", "case"), list(cases()))
def test_corpus(name: str, case: dict[str, Any]) -> None:
    expected = IN_WORDS.get(name, case["expect"])
    if expected is GraphError:
        with pytest.raises(GraphError):
            run(case)
    else:
        assert run(case) == expected


def run(case: dict[str, Any]) -> Any:
    if case["verb"] == "validate":
        return rows.validate(case["tasks"])
    verb = rows.order if case["verb"] == "order" else rows.next_batch
    return verb(case["tasks"], case["strategy"], int(case["concurrency"] or 4))
