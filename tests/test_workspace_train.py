"""The merge train: several tasks brought in together, checked once, and exactly the guilty ones found."""

import random
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchline.workspace.train import longest
from branchline.workspace.worktree import scratch_of
from test_workspace import RUN, Place, fingerprint
from test_workspace_points import WHEN, Killer

LENGTH = 16


class Gate:
    """A check that fails while any of the guilty is there; it counts its runs."""

    def __init__(self, guilty: frozenset[int]) -> None:
        self.guilty = guilty
        self.runs = 0

    def over(self, queue: Sequence[int]) -> Any:
        def check(count: int, before: Mapping[str, Any] | None) -> list[dict[str, Any]]:
            bad = bool(self.guilty & set(queue[:count]))
            self.runs += 2 if bad and before is None else 1
            return [{"command": "gate", "exit": int(bad)}]

        return check


def drive(queue: list[int], gate: Gate) -> tuple[list[int], list[int]]:
    """Trains until nobody waits: what landed, and what was sent back."""
    landed, back = [], []
    while queue:
        train = queue[:LENGTH]
        count, _, failed = longest(gate.over(train), 0, len(train))
        landed += train[:count]
        back += train[count : count + 1] if failed else []
        queue = [each for each in queue if each not in {*landed, *back}]
    return landed, back


@given(st.sets(st.integers(0, 99), max_size=12))
def test_exactly_the_guilty_are_sent_back_and_few_runs_find_them(guilty: set[int]) -> None:
    gate = Gate(frozenset(guilty))
    landed, back = drive(list(range(100)), gate)
    assert sorted(back) == sorted(guilty)
    assert sorted(landed + back) == list(range(100))
    assert gate.runs <= 100 / LENGTH + 1 + 6 * len(guilty)


@pytest.mark.parametrize(("guilty", "most"), [(2, 24), (10, 75)])
def test_a_hundred_tasks_in_trains(guilty: int, most: int) -> None:
    dice = random.Random(7)
    places = [frozenset(dice.sample(range(100), guilty)) for _ in range(300)]
    places += [frozenset(range(guilty)), frozenset(range(100 - guilty, 100)), frozenset(range(0, 100, 100 // guilty))]
    for place in places:
        gate = Gate(place)
        assert sorted(drive(list(range(100)), gate)[1]) == sorted(place)
        assert gate.runs <= most, place


# ---- with real git


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "a folder – ünï 'q'")


def finished(place: Place, tasks: Mapping[str, Mapping[str, str]]) -> None:
    """Tasks whose work is committed and checked, and waits to be merged."""
    for task, files in tasks.items():
        assert place.job("setup", task)["ok"]
        for name, text in files.items():
            place.write(name, text, place.tree(task))
        assert place.job("check", task)["ok"]


def gate(place: Place, *words: str) -> list[dict[str, str]]:
    """A gate that fails when any file holds the word `guilty`; its runs are counted outside of the repository."""
    count = place.root.parent / "count"
    return [{"run": f"echo run >> {count!s}; ! grep -rq guilty --include='t*.txt' .".replace(str(count), f"'{count}'")}]


def merge(place: Place, tasks: Sequence[str], **more: Any) -> dict[str, dict[str, Any]]:
    paths = [str(place.spec("merge", task, **more)) for task in tasks[1:]]
    place.job("merge", tasks[0], also=paths, **more)
    return {
        task: place.answer("merge", task) for task in tasks if (place.folder("merge", task, 1) / "result.json").exists()
    }


def runs(place: Place) -> int:
    return (place.root.parent / "count").read_text().count("run")


@pytest.fixture
def plain(tmp_path: Path) -> Place:
    return Place(tmp_path / "repository")


def test_several_are_one_check_and_each_has_a_merge_of_its_own(plain: Place) -> None:
    before = fingerprint(plain.root)
    tasks = [f"1.{n}" for n in range(1, 6)]
    finished(plain, {task: {f"t{task}.txt": "fine\n"} for task in tasks})
    answers = merge(plain, tasks, checks=gate(plain))
    assert [answers[task]["ok"] for task in tasks] == [True] * 5
    assert runs(plain) == 1
    assert [row.task for row in plain.repository.merged(RUN, plain.base)] == tasks
    assert {answer["commit"] for answer in answers.values()} == {plain.tip()}, "what they were checked at"
    assert {tuple(row["command"] for row in answer["checks"]) for answer in answers.values()} == {
        (gate(plain)[0]["run"],)
    }
    assert fingerprint(plain.root) == before


def test_the_guilty_one_is_sent_back_those_before_land_and_those_behind_wait(plain: Place) -> None:
    tasks = [f"1.{n}" for n in range(1, 7)]
    finished(plain, {task: {f"t{task}.txt": "guilty\n" if task == "1.4" else "fine\n"} for task in tasks})
    answers = merge(plain, tasks, checks=gate(plain))
    assert {task: answer["ok"] for task, answer in answers.items()} == {
        "1.1": True,
        "1.2": True,
        "1.3": True,
        "1.4": False,
    }
    assert answers["1.4"]["reason"] == "recheck"
    assert [row.task for row in plain.repository.merged(RUN, plain.base)] == tasks[:3]
    assert answers["1.3"]["commit"] == plain.tip() == answers["1.1"]["commit"]
    again = merge(plain, ["1.5", "1.6"], checks=gate(plain))
    assert [answer["ok"] for answer in again.values()] == [True, True]
    assert "guilty" not in plain.git("grep", "-h", "fine", plain.tip(), "--", "t*")


def test_who_breaks_the_check_of_another_is_named(plain: Place) -> None:
    finished(plain, {"1.1": {"t1.txt": "fine\n"}, "1.2": {"t2.txt": "guilty\n"}})
    also = [str(plain.spec("merge", "1.2", checks=[{"run": "test -f t2.txt"}]))]
    plain.job("merge", "1.1", also=also, checks=gate(plain))
    answer = plain.answer("merge", "1.2")
    assert not answer["ok"]
    assert answer["checks"][-1]["source"] == "recheck of 1.1"
    assert plain.answer("merge", "1.1")["ok"]


def test_a_conflict_inside_a_train_is_left_for_the_next_one(plain: Place) -> None:
    finished(plain, {"1.1": {"a.txt": "mine\n"}, "1.2": {"a.txt": "yours\n"}, "1.3": {"t3.txt": "fine\n"}})
    assert list(merge(plain, ["1.1", "1.2", "1.3"])) == ["1.1"]
    answers = merge(plain, ["1.2", "1.3"])
    assert list(answers) == ["1.2"]
    assert answers["1.2"]["conflict"]["files"] == ["a.txt"]
    assert merge(plain, ["1.3"])["1.3"]["ok"]


def test_a_flaky_check_lays_it_at_nobody(plain: Place) -> None:
    finished(plain, {f"1.{n}": {f"t{n}.txt": "fine\n"} for n in (1, 2, 3)})
    mark = plain.root.parent / "mark"
    # Fails as long as there are two lines or fewer: the whole train, then its half; the second look passes.
    check = [{"run": f"echo x >> '{mark}'; test $(wc -l < '{mark}') -gt 2"}]
    answers = merge(plain, ["1.1", "1.2", "1.3"], checks=check)
    assert answers["1.1"]["ok"]
    assert answers["1.1"]["checks"][0]["flaky"] is True
    assert answers["1.1"]["checks"][0]["first"]["exit"] == 1


def test_what_a_check_leaves_is_neither_in_the_way_of_the_next_merge_nor_seen_by_its_check(plain: Place) -> None:
    for task in ("1.1", "1.2"):
        plain.job("setup", task)
        plain.write("a.txt", f"{task}\n", plain.tree(task))
        plain.write(f"{task}.txt", "work\n", plain.tree(task))
        assert plain.job("check", task)["ok"]
    litter = "echo '* merge=union' > .gitattributes; echo x | tee plan.md > 1.2.txt; git add --all; git switch -qc mine"
    litter += "; git update-index --skip-worktree src/*; echo bent | tee src/* >/dev/null"
    assert plain.job("merge", "1.1", checks=[{"run": litter}])["ok"]
    assert plain.job("merge", "1.2")["conflict"]["files"] == ["a.txt"], "the attributes that it left do not count"
    assert plain.bring_in("1.3", "1.2.txt", "new\n")["ok"]
    last = plain.job(
        "merge",
        "1.3",
        2,
        checks=[{"run": 'test -z "$(git status --porcelain)" && grep new 1.2.txt && grep deep src/*'}],
    )
    assert last["ok"], last


@pytest.mark.parametrize("guilty", ["", "1.2"])
def test_a_kill_around_every_git_command_of_a_train(tmp_path: Path, guilty: str) -> None:
    names = ["1.1", "1.2", "1.3"]

    def begun(folder: Path) -> tuple[Place, Path]:
        place = Place(folder / "repository")
        finished(place, {t: {f"t{t}.txt": "guilty\n" if t == guilty else "fine\n"} for t in names})
        shutil.rmtree(scratch_of(place.root, RUN), ignore_errors=True)
        paths = [str(place.spec("merge", task, checks=gate(place))) for task in names[1:]]
        return place, place.spec("merge", "1.1", also=paths, checks=gate(place))

    first, spec = begun(tmp_path / "counted")
    calls = Killer(first, tmp_path / "bin").run(spec)
    expected = [row.task for row in first.repository.merged(RUN, first.base)]
    assert expected == (["1.1"] if guilty else names)
    step = 1 if len(WHEN) > 1 else 9
    for number in range(1, calls + 1, step):
        place, spec = begun(tmp_path / f"at{number}")
        Killer(place, tmp_path / f"bin{number}").run(spec, WHEN[-1], number)
        merge(place, names, checks=gate(place))
        assert [row.task for row in place.repository.merged(RUN, place.base)] == expected, f"killed at {number}"
        answers = {task: place.answer("merge", task)["ok"] for task in expected}
        assert all(answers.values()), f"killed at {number}"
        shutil.rmtree(place.root.parent)
