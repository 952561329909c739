"""Which paths a pattern means, as .gitignore would: without a slash any file of that name, else a path from the root."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

_PART: Final = re.compile(r"\*\*/|\*\*|\*|\?|\[!?[^\]/]+\]|.", re.S)


def matching(paths: Iterable[str], patterns: Sequence[str]) -> list[str]:
    """Return the paths that any of the patterns means; `**` crosses folders, a pattern that ends with / is a folder."""
    compiled = [_compiled(pattern) for pattern in patterns]
    return [path for path in paths if any(regex.fullmatch(path) for regex in compiled)]


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    whole = pattern.removeprefix("/") + ("**" if pattern.endswith("/") else "")
    anchored = "/" in pattern.rstrip("/")
    return re.compile(("" if anchored else "(?:.*/)?") + "".join(map(_part, _PART.findall(whole))), re.S)


def _part(word: str) -> str:
    if word[0] == "[" and len(word) > 1:
        return (
            "[" + word[1:].replace("\\", "\\\\").replace("!", "^", 1) if word[1] == "!" else word.replace("\\", "\\\\")
        )
    return {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(word) or re.escape(word)
