"""What `oc` found, in words for people: a table with a head for each list."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from branchline.terminal.text import lines, many, safe, table

_COLUMNS = {
    "instances": ("instance", "url", "health"),
    "sessions": ("instance", "id", "state", "model", "directory", "title", "reason"),
    "permissions": ("instance", "id", "session", "kind", "text"),
    "questions": ("instance", "id", "session", "text", "options"),
    "findings": ("ok", "check", "said"),
}
"""Key of an answer -> the columns shown of its rows, those that any row fills."""


def text(data: Mapping[str, Any]) -> str:
    """The words for an answer of `oc`: its lists as tables; what went wrong with an instance is no part of it."""
    wrong = data.get("errors", {})  # of a server that said nothing it is not said that it has nothing
    parts = [_table(name, data[name]) for name in _COLUMNS if name in data and (data[name] or not wrong)]
    if "models" in data:
        parts.append(
            "\n".join(f"{each['instance']}  {safe(each['model'])}" for each in data["models"])
            or "no models" * (not wrong)
        )
    if "messages" in data:
        parts.append("\n\n".join(map(_message, data["messages"])) or "no messages")
    if "counts" in data:
        parts.append(", ".join(f"{number} {state}" for state, number in data["counts"].items()))
    if "said" in data:
        parts += map(safe, data["said"].split("\n"))
    return "\n".join(part for part in parts if part)


def counts(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """How many sessions are in which state."""
    return dict(Counter(row["state"] for row in rows))


def _table(name: str, rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return f"no {name}"
    shown = [column for column in _COLUMNS[name] if any(row.get(column) not in (None, "", [], ()) for row in rows)]
    cells = [[_cell(row.get(column)) for column in shown] for row in rows]
    drawn = table([[column.upper() for column in shown], *cells])
    return "\n".join([*drawn, many(len(rows), name.removesuffix("s"))])


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "ok" if value else "FAULT"
    return safe(" | ".join(value) if isinstance(value, list | tuple) else str(value or ""), 80)


def _message(row: Mapping[str, Any]) -> str:
    tools = [f"> {tool['tool']}: {tool['state']}" for tool in row["tools"]]
    said = [*tools, row["text"], *([f"! {row['error']}"] if row["error"] else [])]
    head = f"{row['role']} {row['model']}".strip() + ":"
    return "\n".join([safe(head), *(f"  {line}" for part in said if part for line in lines(part))])
