"""Which tasks run the whole test-suite: two such at once take each other's ports, files and patience."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # it is only spelled here, and a plan's types take 10 ms to import
    from branchline.model.plan import DraftGraph, Task

TESTS: Final = "tests"
"""The resource that they need where the user has one of that name (`[resources] tests = 1`)."""
_COMMAND: Final = r"""(?x) (?:\w+=\S*\ )* (?:(?:uv|poetry|pdm|hatch)\ run\ )?
        (?: (?:python[\d.]*\ -m\ )? pytest (?:\ (?:-n\ [^-\s]\S*|-\S+))*+ (?:\ (?:\.|tests?)/?)? (?:\ -\S+)*
          | (?:make|gmake|just)(?:\ -\S+)* \ (?:test|tests|check) | (?:tox|nox)(?:\ -\S+)*
          | (?:npm|pnpm|yarn|bun)(?:\ run)?\ (?:test|t)
          | (?:cargo|mvn|gradle|\./gradlew|\./mvnw|dotnet|mix)\ test(?:\ -\S+)*
          | go\ test (?:\ -\S+)* \ \./\.\.\. (?:\ -\S+)* )"""
"""The command of a whole suite: flags, but no name of a part of it. Compiled when it is used: a look at a run is faster."""
_AND: Final = r"&&|\|\|?|;|\n"


def suites(draft: "DraftGraph") -> list[str]:
    """The atomic tasks that have a check which is a command of the quality gate, or runs all tests."""
    gate = {check.run.strip() for check in draft.gate}
    return [task.id for task in draft.tasks if task.kind == "atomic" and _is_whole(task, gate)]


def _is_whole(task: "Task", gate: Collection[str]) -> bool:
    commands = [check.run.strip() for check in task.checks]
    return any(
        c in gate or any(re.fullmatch(_COMMAND, " ".join(part.split())) for part in re.split(_AND, c)) for c in commands
    )


def needs_of(
    own: Mapping[str, Sequence[str]], suite: Iterable[str], resources: Collection[str]
) -> dict[str, Sequence[str]]:
    """Task -> the resources it needs: its own, and by rule TESTS where it is one of the `suite` and there is such a thing."""
    rule = suite if TESTS in resources else ()
    return {**own, **{task: (*own.get(task, ()), TESTS) for task in rule if TESTS not in own.get(task, ())}}
