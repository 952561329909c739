"""The merge train: the work of several tasks brought onto the tip at once, and the one that breaks it found by halving."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from branchline.errors import GitError
from branchline.files import read_json
from branchline.model.run import RECHECK
from branchline.workspace.checks import passed
from branchline.workspace.diff import changed_files, total
from branchline.workspace.git import Git, base_ref, short
from branchline.workspace.merge import Car, alone, check_cars, commands_of, couple, no, yes
from branchline.workspace.repository import Merged, merged, put_back
from branchline.workspace.spec import Spec, write_answer
from branchline.workspace.worktree import prepared_of, scratch_of

Rows = list[dict[str, Any]]
Answers = dict[str, dict[str, Any]]
MAX_ROUNDS: Final = 5
"""How often a merge begins again because the tip was moved by someone else meanwhile."""


def merge(specs: Sequence[Spec]) -> Answers:
    """Merge the commits of tasks into their run's tip; task -> answer. The tip moves only when the checks pass.

    They are merged one on the other in the order given and checked together. When that fails, the first that breaks it
    is found by halving: those before it are brought in, it gets a negative answer, those behind it get none and are to
    be merged again. The first task of all always gets an answer. One merge of a run at a time: others wait for its lock.
    Run again after a kill, it ends in the same place.
    """
    spec = specs[0]
    git, scratch = spec.git(), scratch_of(Path(spec.root), spec.run)
    scratch.parent.mkdir(parents=True, exist_ok=True)
    with alone(scratch.parent / ".merge.lock"):
        git = git.at(git.cwd, locks=[git.common() / spec.tip_ref])
        for _ in range(MAX_ROUNDS):
            tip, place = git.refs(spec.tip_ref)[0]
            there = _on_tip(git, specs, tip) if tip not in ("", spec.tip) else {}
            if not there and spec.tip and tip != spec.tip:
                put_back(git, spec.run, spec.tip, tip)  # an agent was faster than the look before this job
                tip = spec.tip
            if not tip:
                raise GitError(f"the integration branch {short(spec.tip_ref)} is missing; the run cannot go on")
            if place and len(there) < len(specs):
                return there | _in_the_way(specs, there, place)
            answers = _round(git, specs, there, scratch, tip)
            if answers is not None:
                return answers
    return {spec.task: no("git", f"{short(spec.tip_ref)} was moved by someone else {MAX_ROUNDS} times; try again")}


def longest(
    check: Callable[[int, Mapping[str, Mapping[str, Any]] | None], Rows], low: int, high: int
) -> tuple[int, Rows, Rows]:
    """How many cars pass together, at least `low` and at most `high`; what was found of them, and of one more.

    `check` says what is found of the first cars. One that is held to be guilty is looked at once more, for a check may
    be flaky; for that alone `check` hears what was found before.
    """
    if high - low == 1:
        rows = check(high, None)
        return (high, rows, []) if passed(rows) else (low, [], rows)
    rows, good = check(high, {}), []
    if passed(rows):
        return high, rows, []
    bad = rows
    while high - low > 1:
        middle = (low + high) // 2
        rows = check(middle, {})
        if passed(rows):
            low, good = middle, rows
        else:
            high, bad = middle, rows
    rows = check(high, {row["command"]: row for row in bad if row["exit"]})
    return (high, rows, []) if passed(rows) else (low, good, rows)


def _round(git: Git, specs: Sequence[Spec], there: Answers, scratch: Path, tip: str) -> Answers | None:
    """Try once from this tip; None when it was moved by someone else. `there` are the answers of what is on it already."""
    rest = [spec for spec in specs if spec.task not in there]
    if not rest:
        return there
    kept = {} if len(specs) > 1 else _prepared(git, rest[0], tip)
    if kept:
        return {rest[0].task: kept} if _move(git, rest, kept["commit"], tip) else None
    former = [Car(spec, there[spec.task]["task_commit"], tip) for spec in specs if spec.task in there]
    cars, stopped = _coupled(git, former, rest, tip)
    if stopped:
        return there | stopped
    return _checked(git, scratch, cars, there, tip)


def _in_the_way(specs: Sequence[Spec], there: Answers, place: str) -> Answers:
    """The answer of the first that is not merged yet, while the user has the integration branch checked out."""
    first = next(spec for spec in specs if spec.task not in there)
    why = f"{short(first.tip_ref)} is checked out in {place}, and moving it would disturb that checkout"
    return {first.task: no("git", f"{why}; switch to another branch there (git switch -), then try again")}


def _coupled(git: Git, former: list[Car], rest: Sequence[Spec], tip: str) -> tuple[list[Car], Answers]:
    """Merge one on the other, as far as that goes; an answer when it does not go at all."""
    cars = list(former)
    for spec in rest:
        made = couple(git, spec, cars[-1].commit if cars else tip)
        if not isinstance(made, Car):
            # What does not go with one that may be sent back itself is tried again when that is decided.
            return cars, ({} if len(cars) > len(former) else {spec.task: made})
        cars.append(made)
    return cars, {}


def _checked(git: Git, scratch: Path, cars: list[Car], there: Answers, tip: str) -> Answers | None:
    """Bring in as many as pass together; the commit of each answer is the one that its checks were run at with all."""
    count, rows, failed = longest(
        lambda n, before: check_cars(git, scratch, tip, cars[:n], before), len(there), len(cars)
    )
    answers = dict(there)
    if count > len(there):
        last = cars[count - 1]
        at = {"commit": last.commit, "tree": last.tree}
        for car in cars[:count]:
            found = there.get(car.spec.task) or yes(last.commit) | _found(car, tip, [])
            answers[car.spec.task] = found | at | {"checks": _of(car, rows, cars)}
        for car in cars[:count]:
            # Durable before the tip moves: a job killed in between is run again and finds its evidence here.
            path = prepared_of(Path(car.spec.root), car.spec.run, car.spec.task)
            write_answer(path.parent, path.name, answers[car.spec.task] | {"attempt": car.spec.attempt})
        if not _move(git, [car.spec for car in cars[len(there) : count]], last.commit, tip):
            return None
    if failed:
        answers[cars[count].spec.task] = _guilty(cars[: count + 1], tip, failed)
    return answers


def _move(git: Git, specs: Sequence[Spec], commit: str, tip: str) -> bool:
    named = ", ".join(f"task {spec.task}, attempt {spec.attempt}" for spec in specs)
    return git.move(specs[0].tip_ref, commit, tip, f"branchline: {named}")


def _guilty(cars: Sequence[Car], tip: str, rows: Rows) -> dict[str, Any]:
    """The answer of the last of these cars, for with it a check fails that passes without it."""
    car, failed = cars[-1], rows[-1]
    owner = commands_of(cars).get(failed["command"], car.spec.task)
    if owner != car.spec.task and failed["command"] not in commands_of([car]):
        failed["source"] = f"{RECHECK}{owner}"
    mine = [row for row in _of(car, rows, cars) if row is not failed]
    words = f"the check failed on the merged result: {failed['command']}"
    return no("recheck", words) | _found(car, tip, [*mine, failed])


def _found(car: Car, tip: str, rows: Rows) -> dict[str, Any]:
    files, size = [row.path for row in car.changed], total(car.changed)
    found = {"task_commit": car.task_commit, "tip": tip, "tree": car.tree, "checks": rows}
    return found | {"files": files, "diffstat": size, "ticked": car.ticked, "empty": car.empty}


def _of(car: Car, rows: Rows, cars: Sequence[Car]) -> Rows:
    """What concerns one task: its own checks, and those that are no other's of the train."""
    own, others = commands_of([car]), commands_of(cars)
    return [row for row in rows if row["command"] in own or row["command"] not in others]


def _on_tip(git: Git, specs: Sequence[Spec], tip: str) -> Answers:
    """The answers of the attempts that the tip holds already, oldest first: we were killed after it moved."""
    base = specs[0].base or base_ref(specs[0].run)
    wanted = {(spec.task, spec.attempt): spec for spec in specs}
    rows = [row for row in merged(git, specs[0].run, base, tip) if (row.task, row.attempt) in wanted]
    return {row.task: _kept(git, wanted[row.task, row.attempt], row, tip) for row in rows}


def _kept(git: Git, spec: Spec, row: Merged, tip: str) -> dict[str, Any]:
    kept = _read_prepared(spec)
    if kept.get("commit") in (row.commit, tip):
        return kept
    files = changed_files(git, f"{row.commit}^1", row.commit)
    return yes(row.commit) | {"files": files, "empty": not files}


def _prepared(git: Git, spec: Spec, tip: str) -> dict[str, Any]:
    """What a job that was killed before the tip moved had found already; empty when it is not for this merge."""
    kept = _read_prepared(spec)
    if not kept or kept.get("tip") != tip or kept.get("task_commit") != git.resolve(spec.commit or spec.branch):
        return {}
    commands = [check["run"] for check in spec.checks]
    known = [row["command"] for row in kept["checks"]][: len(commands)] == commands
    return kept if known and git.resolve(kept["commit"]) else {}


def _read_prepared(spec: Spec) -> dict[str, Any]:
    path = prepared_of(Path(spec.root), spec.run, spec.task)
    kept: dict[str, Any] = read_json(path) if path.is_file() else {}
    return kept if kept.get("attempt") == spec.attempt else {}
