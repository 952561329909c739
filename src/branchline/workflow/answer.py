"""What every workflow call gives back."""

from collections.abc import Mapping
from typing import Any, NamedTuple

CODES = {1: "E_UNEXPECTED", 2: "E_USAGE", 3: "E_WAITING", 4: "E_FAILED", 75: "E_PAUSED", 130: "E_INTERRUPTED"}


class Answer(NamedTuple):
    """The keys that scripts rely on, the words for people, and the exit status; `ok` is true only at 0."""

    data: Mapping[str, Any]
    text: str = ""
    status: int = 0
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        """The one JSON line: `ok`, for a failure `code` and `error`, and the command's own keys (its `code` is more exact)."""
        if self.status == 0:
            return {"ok": True, **self.data}
        return {"ok": False, "code": CODES[self.status], "error": self.error or self.text, **self.data}
