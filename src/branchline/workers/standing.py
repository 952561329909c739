"""What is known of an agent before it is started, and without asking its provider: who pays, and what would stop it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple


class Standing(NamedTuple):
    """What an agent's own files say; `keys` are the names in the environment that could pay for it.

    `accounts` are in words; `secrets` are files that hold keys; `asks` names each rule that waits for a person at a
    terminal, with its file; `troubles` are pairs of what keeps the agent from working and its fix.
    """

    accounts: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    secrets: tuple[Path, ...] = ()
    asks: tuple[str, ...] = ()
    troubles: tuple[tuple[str, str], ...] = ()


def asking(rules: Any, path: str = "") -> Iterator[str]:
    """Name the rules of a permission block that ask, by their dotted path; whatever else it holds is passed over."""
    if rules == "ask":
        yield path
    elif isinstance(rules, Mapping):
        for name, inner in rules.items():
            yield from asking(inner, f"{path}.{name}" if path else str(name))
