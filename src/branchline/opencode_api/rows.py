"""What the server tells, as rows of ours: read with tolerance for what is missing, odd or unknown."""

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")


class Session(NamedTuple):
    """A conversation; `model` is `provider/model` once it was prompted, `updated` in seconds, `output` in tokens."""

    id: str
    directory: str
    title: str = ""
    parent: str = ""
    model: str = ""
    updated: float = 0.0
    output: int = 0


class Message(NamedTuple):
    """One message; `tools` are pairs of a tool and its state, `finish` why the model stopped."""

    id: str
    role: str
    text: str = ""
    tools: tuple[tuple[str, str], ...] = ()
    finish: str = ""
    error: str = ""
    model: str = ""
    created: float = 0.0


class Waiting(NamedTuple):
    """What a session waits for: a permission (`kind` is its name), or a question with pairs of text and options."""

    id: str
    session: str
    directory: str
    kind: str
    text: str
    questions: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Status(NamedTuple):
    """What a session does: `idle`, `busy` (also while it waits for a person) or `retry`, with the reason."""

    state: str = "idle"
    reason: str = ""
    attempt: int = 0


def tidy(directory: str) -> str:
    """A directory as OpenCode knows it: without a slash at its end, for sessions are found by the exact text."""
    return directory.rstrip("/") or ("/" if directory else "")


def dig(value: Any, *path: str, kind: type[T]) -> T:
    """Read what lies at a path of keys; the empty value of `kind` when it is missing or something else."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, kind) and not isinstance(value, bool) else kind()


def records(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a list that may hold something else, or be none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def question(row: Mapping[str, Any], directory: str) -> Waiting:
    """Read a question as it is listed, and as an event tells of it."""
    parts = tuple(
        (
            dig(each, "question", kind=str),
            tuple(dig(option, "label", kind=str) for option in records(each.get("options"))),
        )
        for each in records(row.get("questions"))
    )
    text = " / ".join(asked for asked, _ in parts)
    return Waiting(dig(row, "id", kind=str), dig(row, "sessionID", kind=str), directory, "question", text, parts)


def permission(row: Mapping[str, Any], directory: str) -> Waiting:
    """Read a request for leave; its text is the command, else the patterns of what it would touch."""
    patterns = [item for item in dig(row, "patterns", kind=list) if isinstance(item, str)]
    command = dig(row, "metadata", "command", kind=str)
    wanted = dig(row, "permission", kind=str)
    text = command or ", ".join(patterns)
    return Waiting(dig(row, "id", kind=str), dig(row, "sessionID", kind=str), directory, wanted, text)


def session(row: Any) -> Session:
    """Read a session."""
    return Session(
        dig(row, "id", kind=str),
        tidy(dig(row, "directory", kind=str)),
        dig(row, "title", kind=str),
        dig(row, "parentID", kind=str),
        _model(dig(row, "model", kind=dict), "id"),
        _seconds(row, "updated"),
        dig(row, "tokens", "output", kind=int),
    )


def message(row: Any) -> Message:
    """Read a message with its parts."""
    info, parts = dig(row, "info", kind=dict), records(dig(row, "parts", kind=list))
    tools = [(dig(part, "tool", kind=str), dig(part, "state", "status", kind=str)) for part in parts]
    return Message(
        dig(info, "id", kind=str),
        dig(info, "role", kind=str),
        "\n".join(dig(part, "text", kind=str) for part in parts if part.get("type") == "text"),
        tuple(tool for tool in tools if tool[0]),
        dig(info, "finish", kind=str),
        error_words(info.get("error")),
        _model(info, "modelID") or _model(dig(info, "model", kind=dict), "modelID"),
        _seconds(info, "created"),
    )


def _model(row: Mapping[str, Any], name: str) -> str:
    provider, model = dig(row, "providerID", kind=str), dig(row, name, kind=str)
    return f"{provider}/{model}" if provider and model else ""


def _seconds(row: Any, name: str) -> float:
    return dig(row, "time", name, kind=int) / 1000


def status(row: Any) -> Status:
    """Read what a session does; of what has no name it is said that it is busy."""
    kind = dig(row, "type", kind=str)
    return Status(kind or "busy", dig(row, "message", kind=str), dig(row, "attempt", kind=int))


def error_words(value: Any) -> str:
    """What an error of OpenCode says: `{name, data: {message}}`, or one of the other shapes it has."""
    name, said = (
        dig(value, "name", kind=str),
        dig(value, "data", "message", kind=str) or dig(value, "message", kind=str),
    )
    return f"{name}: {said}" if name and said else said or name
