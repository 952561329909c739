"""Which paths a pattern means, as .gitignore would: without a slash any file of that name, else a path from the root."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

_PART: Final = re.compile(r"(?<![^/])\*\*/|\*\*|\*|\?|\[!?[^\]/]+\]|.", re.S)


def matching(paths: Iterable[str], patterns: Sequence[str]) -> list[str]:
    """Return the paths that any of the patterns means; `**` crosses folders, a pattern that ends with / is a folder."""
    compiled = [_compiled(pattern) for pattern in patterns]
    return [path for path in paths if any(regex.fullmatch(path) for regex in compiled)]


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    """What stands behind a star is taken where it comes first, for good: later places would only help what the next star
    may pass over anyway. Only what leads to the end is tried again, so that many stars take no more time than their number.
    """
    whole = pattern.removeprefix("/") + ("**" if pattern.endswith("/") else "")
    anchored = "/" in pattern.rstrip("/")
    parts: list[list[str]] = [[""]]  # begun by what crosses folders; each a text, and those behind its own stars
    for word in _PART.findall(whole if anchored else f"**/{whole}"):
        if word.startswith("**"):
            parts.append([_CROSSES[word]])
        elif word == "*":
            parts[-1].append("[^/]*?")
        else:
            parts[-1][-1] += _one(word)
    *before, (lead, *stars) = parts
    *within, end = stars or [""]
    begun = "".join(_for_good(part[0] + "".join(map(_for_good, part[1:]))) for part in before)
    return re.compile(begun + lead + "".join(map(_for_good, within)) + end, re.S)


_for_good: Final = "(?>{})".format
_CROSSES: Final = {"**/": "(?:.*?/)??", "**": ".*?"}


def _one(word: str) -> str:
    """What stands for one character, which is no slash but where it is written."""
    if word == "?":
        return "[^/]"
    if word[0] != "[" or len(word) == 1:
        return re.escape(word)
    held = word[1:].replace("\\", "\\\\")
    return "(?!/)[" + (held.replace("!", "^", 1) if held[0] == "!" and len(held) > 2 else held)
