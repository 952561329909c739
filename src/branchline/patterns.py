"""patterns that are compiled when they are first looked for"""

import re
from typing import Any, cast


class _Late:
    """A pattern that is compiled when it is first looked for; `re` keeps what was compiled."""

    def __init__(self, *form: Any) -> None:
        self._form = form

    def __getattr__(self, name: str) -> Any:
        method = getattr(re.compile(*self._form), name)
        setattr(self, name, method)
        return method


def late(form: str, flags: int = 0) -> re.Pattern[str]:
    """The pattern of a form: few texts get as far as most of them, and all of them are dear to compile."""
    return cast("re.Pattern[str]", _Late(form, flags))
