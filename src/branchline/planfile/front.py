"""What stands around a plan: front matter with its plain fields, and a fence of markdown that holds all of the text."""

import re

MAX_LEAD = 20
"""Among so many lines the fence begins that holds the whole text."""
OPENING = re.compile(r"(`{3,}|~{3,})\s*(?:markdown|md)\s*$", re.IGNORECASE)


def front_matter_end(lines: list[str]) -> int:
    """Say on which line (1-based) front matter ends; 0 when there is none."""
    if not lines or lines[0].rstrip() != "---":
        return 0
    for number in range(1, len(lines)):
        if lines[number].rstrip() in ("---", "..."):
            return number + 1
    return 0


def front_matter(lines: list[str]) -> dict[str, str]:
    """Read the plain `key: value` lines; nested values stay with the key above them, unread."""
    front: dict[str, str] = {}
    for line in lines:
        key, colon, value = line.partition(":")
        if colon and key and not key[0].isspace() and key[0] not in "-#":
            front.setdefault(key.strip(), value.strip().strip("\"'"))
    return front


def wrapper(lines: list[str]) -> tuple[int, ...]:
    """Give the lines (1-based) on which a fence of markdown opens and shuts that holds the whole text, as chats answer with it.

    A title may stand over it, and a rule below it. A fence inside that names its language opens and shuts between the two;
    one that names none would shut the outer one.
    """
    said = [at for at, line in enumerate(lines[:MAX_LEAD]) if line.strip()]
    first = next((at for at in said[:2] if not (at == said[0] and lines[at].startswith("#"))), 0)
    found = OPENING.match(lines[first])
    if found is None:
        return ()
    depth = 1
    for at in range(first + 1, len(lines)):
        text = lines[at].strip()
        if text.startswith(found[1]):
            depth += 1 if text.strip(found[1][0]) else -1
        if not depth:
            return () if any(line.strip("-*_ \t") for line in lines[at + 1 :]) else (first + 1, at + 1)
    return ()
