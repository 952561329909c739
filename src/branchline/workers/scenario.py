"""The scenario of the scripted worker: which steps a task's attempt plays.

    tasks:
      t1: [{write: {path: a.txt, text: "one\\n"}}, {commit: "add a"}, {answer: {status: done}}]
      t2:
        1: [{crash: 9}]                     # by attempt; an attempt that is not named plays `default` of the task
        2: [honest]
        default: [silent]
    default: [honest]                       # for tasks that are not named

A step is a name, or a mapping of one name to its argument. Steps that end the player: answer, block, lie, silent, exit,
crash, hang, honest.
"""

from collections.abc import Mapping
from typing import Any, Final

from branchline.errors import InputError

STEPS: Final[dict[str, tuple[type, ...]]] = {
    "honest": (type(None), bool),
    "write": (dict,),
    "append": (dict,),
    "delete": (str,),
    "conflict": (str,),
    "commit": (str, type(None)),
    "run": (str,),
    "say": (str,),
    "sleep": (int, float),
    "spawn": (int, float, type(None)),
    "answer": (str, dict),
    "block": (str, dict),
    "lie": (str, type(None)),
    "silent": (type(None), bool),
    "hang": (str, type(None), bool),
    "crash": (int, str, type(None)),
    "exit": (int,),
}
"""Step -> the types its argument may have."""

Step = tuple[str, Any]
HONEST: Final[tuple[Step, ...]] = (("honest", None),)


def steps(scenario: Any, task: str, attempt: int) -> tuple[Step, ...]:
    """Choose and validate the steps of one attempt; an empty scenario is honest. Raises InputError naming the place."""
    if scenario is None:
        return HONEST
    if not isinstance(scenario, Mapping) or set(scenario) - {"tasks", "default"}:
        raise InputError("a scenario has the keys tasks and default, nothing else")
    tasks = scenario.get("tasks") or {}
    if not isinstance(tasks, Mapping):
        raise InputError("tasks: must map a task's id to its steps")
    named = {str(key): value for key, value in tasks.items()}
    if task not in named:
        return _steps(scenario.get("default", ["honest"]), "default")
    chosen, place = named[task], f"tasks.{task}"
    if isinstance(chosen, Mapping):
        by_attempt = {str(key): value for key, value in chosen.items()}
        if wrong := [key for key in by_attempt if key != "default" and not key.isdecimal()]:
            raise InputError(f"{place}: {wrong[0]!r} is no number of an attempt; steps are a list")
        key = str(attempt) if str(attempt) in by_attempt else "default"
        place, chosen = f"{place}.{key}", by_attempt.get(key, ["honest"])
    return _steps(chosen, place)


def _steps(given: Any, place: str) -> tuple[Step, ...]:
    if not isinstance(given, list):
        raise InputError(f"{place}: must be a list of steps")
    return tuple(_step(item, f"{place}[{index}]") for index, item in enumerate(given))


def _step(item: Any, place: str) -> Step:
    if isinstance(item, str):
        name, argument = item, None
    elif isinstance(item, Mapping) and len(item) == 1:
        name, argument = next(iter(item.items()))
    else:
        raise InputError(f"{place}: a step is a name, or one name with its argument")
    if name not in STEPS:
        raise InputError(f"{place}: there is no step {str(name)!r}; the steps are {', '.join(STEPS)}")
    if not isinstance(argument, STEPS[name]):
        raise InputError(f"{place}: {name} cannot take {type(argument).__name__}")
    if name in {"write", "append"} and not _is_edit(argument):
        raise InputError(f"{place}: {name} needs a path and a text")
    return name, argument


def _is_edit(argument: Any) -> bool:
    return set(argument) == {"path", "text"} and all(isinstance(value, str) for value in argument.values())
