"""everything that comes from outside, validated

The exit record of a worker, the scenario of the scripted worker, and what a planner answers. Each function takes loaded
data and returns plain dicts and lists with every default filled in. The graph room reads stored graphs.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, NamedTuple

from branchline.errors import InputError

STATUSES: Final = ("done", "blocked", "partial", "failed")
BLOCKED_KINDS: Final = ("question", "missing_dependency", "credential", "contradiction", "obsolete", "capability")
STEPS: Final = (
    "write", "append", "delete", "commit", "message", "say", "run", "sleep", "answer", "block", "lie", "hang", "crash",
    "conflict", "silent", "exit", "spawn", "usage",
)  # fmt: skip
"""What a step of a scenario can do; each is documented in `scenario`."""

_TEXT_LIMIT: Final = 100_000
_LIST_LIMIT: Final = 1_000
_RECORD_KEYS: Final = ("summary", "kind", "text", "options", "default", "deadline", "missing")


class Shape(NamedTuple):
    """What a model is asked to fill in: a JSON schema, and what reads an answer.

    `read` raises InputError whose details hold all `faults` of the answer, one text each.
    """

    name: str
    about: str
    schema: Mapping[str, Any]
    read: Callable[[Any], dict[str, Any]]


@functools.cache
def classification() -> Shape:
    """The answer that says of tasks whether each is one piece: `{"tasks": [{key, kind, confidence, reasoning}]}`."""
    from pydantic import BaseModel, Field

    class Judged(BaseModel, extra="forbid"):
        key: str = Field(max_length=64)
        kind: Literal["atomic", "composite"]
        confidence: float = Field(ge=0, le=1)
        reasoning: str = Field(max_length=500)

    class Classification(BaseModel, extra="forbid"):
        tasks: list[Judged] = Field(max_length=5)  # no plan of more leaves is judged, and a small model finds no end

    return _shape("classify", "Say of each task whether it is one piece of work or several.", Classification)


@functools.cache
def split() -> Shape:
    """The answer that splits a task: `{"children": [...]}`, in the order in which a person would do them.

    `key` is the child's name within the answer, `covers` the lines of the task that it carries out, `lines` how many
    lines of code it is expected to change.
    """
    from pydantic import BaseModel, Field

    class File(BaseModel, extra="forbid"):
        path: str = Field(min_length=1, max_length=500)
        role: Literal["create", "modify", "test", "mention"]

    class Child(BaseModel, extra="forbid"):
        key: str = Field(min_length=1, max_length=64)
        title: str = Field(min_length=1, max_length=300)
        kind: Literal["atomic", "composite"]
        role: Literal["build", "research", "brainstorm"]
        covers: list[int] = Field(max_length=1000)
        depends_on: list[str] = Field(max_length=10)
        files: list[File] = Field(max_length=50)
        output: str = Field(max_length=1000)
        criterion: str = Field(min_length=1, max_length=1000)
        check: str = Field(default="", max_length=1000)
        effort: Literal["small", "medium", "large"]
        lines: int = Field(ge=0, le=1_000_000)

    class Split(BaseModel, extra="forbid"):
        children: list[Child] = Field(min_length=2, max_length=5)

    return _shape("split", "Split the task into two to five children.", Split)


def _shape(name: str, about: str, model: Any) -> Shape:
    def read(data: Any) -> dict[str, Any]:
        from pydantic import ValidationError

        try:
            found: dict[str, Any] = model.model_validate(data).model_dump()
        except ValidationError as error:
            faults = [f"{'.'.join(map(str, e['loc'])) or 'the answer'}: {e['msg']}"[:200] for e in error.errors()[:20]]
            raise InputError(f"{name}: {'; '.join(faults)}", faults=faults) from None
        return found

    return Shape(name, about, model.model_json_schema(), read)


def exit_record(data: Any) -> dict[str, Any]:
    """Return the answer of a worker with all its keys: status summary kind text options default deadline missing extra.

    Only `status` is required (done, blocked, partial, failed); unknown keys go to `extra`.
    Raises InputError naming the field. Source: DESIGN section 9.
    """
    if not isinstance(data, dict):
        raise InputError(f"exit record: must be an object, not {_name(data)}")
    status = data.get("status")
    if status not in STATUSES:
        raise InputError(f"exit record: status must be one of {', '.join(STATUSES)}, not {_short(status)}")
    record: dict[str, Any] = {"status": status}
    for key in ("summary", "kind", "text", "default", "deadline"):
        record[key] = _record_text(key, data.get(key))
    for key in ("options", "missing"):
        record[key] = _record_list(key, data.get(key))
    if status == "blocked":
        record["kind"] = record["kind"] or "question"
        if record["kind"] not in BLOCKED_KINDS:
            raise InputError(f"exit record: kind must be one of {', '.join(BLOCKED_KINDS)}, not {record['kind']!r:.60}")
    record["extra"] = {str(key): value for key, value in data.items() if key not in ("status", *_RECORD_KEYS)}
    return record


def scenario(data: Any) -> dict[str, Any]:
    """Return the script of the scripted worker: `{"defaults": [step...], "tasks": {id: [[step...] of each attempt]}}`.

    A task may give one list of steps (every attempt plays it) or a list of lists (attempt n plays the n-th, later ones
    the last). A step is a mapping with exactly one of:
    write/append/conflict {path, content}; delete PATH; commit/message/say TEXT; run SHELL; sleep SECONDS; answer {exit
    record}; block {text, kind, options, default}; exit CODE; crash SIGNAL-NAME or CODE; spawn SECONDS (a child that
    outlives the worker) or {seconds, escape}; usage {input, output, cost, model ...} of one
    turn; lie, hang, silent (true). A bare word stands for `{word: true}`.
    Raises InputError naming task, attempt and step.
    """
    if not isinstance(data, dict):
        raise InputError(f"scenario: must be a mapping, not {_name(data)}")
    if unknown := sorted(map(str, data.keys() - {"defaults", "tasks"})):
        raise InputError(f"scenario: unknown key {unknown[0]!r}; known are defaults and tasks")
    tasks = {} if data.get("tasks") is None else data["tasks"]
    if not isinstance(tasks, dict):
        raise InputError(f"scenario: tasks must be a mapping, not {_name(tasks)}")
    return {
        "defaults": _steps(data.get("defaults") or [], "scenario: defaults"),
        "tasks": {str(task): _attempts(value, f"scenario: task {task}") for task, value in tasks.items()},
    }


def _record_text(key: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | int | float):  # agents write `"default": 2`; the meaning is plain
        return str(value)
    if not isinstance(value, str):
        raise InputError(f"exit record: {key} must be a text, not {_name(value)}")
    return value[:_TEXT_LIMIT]


def _record_list(key: str, value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str):
        return [value[:_TEXT_LIMIT]] if value else []
    if not isinstance(value, list) or not all(isinstance(item, str | int | float) for item in value):
        raise InputError(f"exit record: {key} must be a list of texts")
    return [str(item)[:_TEXT_LIMIT] for item in value[:_LIST_LIMIT]]


def _attempts(value: Any, where: str) -> list[list[dict[str, Any]]]:
    if isinstance(value, list) and value and all(isinstance(item, list) for item in value):
        return [_steps(steps, f"{where}, attempt {number}") for number, steps in enumerate(value, 1)]
    return [_steps(value, where)]


def _steps(value: Any, where: str) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise InputError(f"{where}: must be a list of steps, not {_name(value)}")
    return [_step(step, f"{where}, step {number}") for number, step in enumerate(value, 1)]


def _step(step: Any, where: str) -> dict[str, Any]:
    if isinstance(step, str):
        step = {step: True}
    if not isinstance(step, dict) or len(step) != 1:
        raise InputError(f"{where}: must be a mapping with exactly one key, one of {', '.join(STEPS)}")
    ((verb, value),) = step.items()
    if verb not in STEPS:
        raise InputError(f"{where}: unknown step {_short(verb)}; known are {', '.join(STEPS)}")
    try:
        return {verb: _STEP_VALUES[verb](value)}
    except InputError as error:
        raise InputError(f"{where}: {error.message.replace('exit record', 'answer')}") from None
    except ValueError as error:
        raise InputError(f"{where}: {verb} {error}, not {_short(value)}") from None


def _file_step(value: Any) -> Any:
    if not isinstance(value, dict) or value.keys() - {"path", "content"} or "path" not in value:
        raise ValueError("must be {path, content}")
    content = value.get("content", "")
    if not isinstance(content, str):
        return _fail("must have a text as its content")
    return {"path": _path_step(value["path"]), "content": content}


def _path_step(value: Any) -> Any:
    return _text_step(value) if isinstance(value, str) and value else _fail("must name a path")


def _text_step(value: Any) -> Any:
    return value if isinstance(value, str) else _fail("must be a text")


def _seconds_step(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 86400:
        return float(value)
    return _fail("must be seconds from 0 to 86400")


def _code_step(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 255:
        return value
    return _fail("must be an exit status from 0 to 255")


def _crash_step(value: Any) -> Any:
    if value is True:
        return "SIGKILL"
    if isinstance(value, str):
        from signal import Signals

        name = value.upper() if value.upper().startswith("SIG") else f"SIG{value.upper()}"
        return name if name in Signals.__members__ else _fail("must be the name of a signal or an exit status")
    return _code_step(value)


def _spawn_step(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        if value.keys() - {"seconds", "escape"}:
            raise ValueError("must be seconds or {seconds, escape}")
        return {"seconds": _seconds_step(value.get("seconds", 60)), "escape": value.get("escape") is True}
    return {"seconds": 60.0 if value is True else _seconds_step(value), "escape": False}


def _usage_step(value: Any) -> Any:
    kinds = ("input", "output", "reasoning", "cache_read", "cache_write", "cost")
    if not isinstance(value, dict) or value.keys() - {*kinds, "model"} or not isinstance(value.get("model", ""), str):
        return _fail(f"must be numbers for {', '.join(kinds)}, and a model")
    if any(not isinstance(value.get(kind, 0), int | float) or not 0 <= value.get(kind, 0) < 1e12 for kind in kinds):
        return _fail("must have numbers from 0 on")
    return dict(value)


def _block_step(value: Any) -> Any:
    block = {"text": value} if isinstance(value, str) else value
    if not isinstance(block, dict):
        return _fail("must be {text, kind, options}")
    return _answer_step({"status": "blocked", "kind": "question", **block})


def _answer_step(value: Any) -> Any:
    """Return a record as it was given: the scripted worker hands it in, and it is read like any other."""
    exit_record(value)
    return dict(value)


def _bare_step(value: Any) -> Any:
    return True if value is True or value is None else _fail("takes no value")


_FILE_STEPS: Final = dict.fromkeys(("write", "append", "conflict"), _file_step)
_TEXT_STEPS: Final = dict.fromkeys(("commit", "message", "say", "run"), _text_step)
_BARE_STEPS: Final = dict.fromkeys(("lie", "hang", "silent"), _bare_step)
_STEP_VALUES: Final[dict[str, Any]] = {
    **_FILE_STEPS,
    **_TEXT_STEPS,
    **_BARE_STEPS,
    "delete": _path_step,
    "sleep": _seconds_step,
    "answer": _answer_step,
    "block": _block_step,
    "crash": _crash_step,
    "exit": _code_step,
    "spawn": _spawn_step,
    "usage": _usage_step,
}


def _name(value: Any) -> str:
    names: dict[type, str] = {bool: "true or false", dict: "an object", list: "a list", str: "a text"}
    return "nothing" if value is None else names.get(type(value), "a number")


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."


def _fail(words: str) -> Any:
    raise ValueError(words)
