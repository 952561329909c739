"""What our driver processes share: the stream that they print, and what they ask a person while their agent waits."""

import itertools
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

MAX_ASKED: Final = 4000
LOOK: Final = 0.05
"""Seconds between two looks for an answer; a person takes longer."""
READING: Final = frozenset({"read", "search", "fetch", "think"})
"""Kinds of tools that a rule for everything (`*`) does not ask for: nothing comes of them."""
FREE: Final = frozenset({"once", "always"})


def tell(event: Mapping[str, Any]) -> None:
    """Print one event."""
    sys.stdout.write(json.dumps(event, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def rule(rules: Mapping[str, str], *kinds: str) -> str:
    """Say what a role has for a tool, whose kind is named from its own name to the widest: allow, deny or ask."""
    found = next((rules[kind] for kind in kinds if kind in rules), "")
    return found or ("allow" if READING.intersection(kinds) else rules.get("*", "allow"))


class Desk:
    """Puts requests on the stream; the coordinator leaves a person's answer to the n-th of them in the file `answers/n`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "answers"
        self._numbers = itertools.count(1)

    def ask(self, text: str) -> int:
        """Ask; gives the number by which the answer is looked for."""
        tell({"type": "ask", "text": text[:MAX_ASKED]})
        return next(self._numbers)

    def answer(self, number: int) -> str:
        """Give the answer, once, always or reject; "" as long as there is none."""
        path = self._folder / str(number)
        return path.read_text(encoding="utf-8").strip() if path.is_file() else ""
