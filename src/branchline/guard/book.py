"""Placeholders and what they stand for; who only puts values back needs none of the finders."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Final

PLACEHOLDER: Final = re.compile(r"\[[A-Z][A-Z_]{1,24}_[1-9]\d{0,6}\]")


def read_book(text: str) -> dict[str, str]:
    """Placeholder -> value, from a JSON list of the two a line; half a line, of a power cut, is passed over."""
    book: dict[str, str] = {}
    for line in text.split("\n"):
        try:
            placeholder, value = json.loads(line)
        except (ValueError, TypeError):
            continue
        if isinstance(placeholder, str) and isinstance(value, str):
            book.setdefault(placeholder, value)
    return book


def unmask(text: str, values: Mapping[str, str], only: Iterable[str] | None = None) -> str:
    """Put the real values back for the placeholders of `values`, or of `only` those; each is looked at once."""
    allowed = values.keys() if only is None else values.keys() & set(only)
    if not allowed or "[" not in text:
        return text
    return PLACEHOLDER.sub(lambda found: values[found[0]] if found[0] in allowed else found[0], text)
