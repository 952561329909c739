"""What is done outside of a sandbox, before a worker begins and after it has ended."""

from collections.abc import Sequence
from typing import NamedTuple


class Around(NamedTuple):
    """Shell text that runs before and after a program; what starts something beside it ends it again.

    `program` is how the program itself is run, which one part around it may say.
    """

    before: str
    after: str
    program: str = ""


class Walls(NamedTuple):
    """The words before a worker's own, and how many generations of processes they are: these do not end for a TERM."""

    words: tuple[str, ...] = ()
    depth: int = 0


def around(parts: Sequence[Around], inner: Walls) -> Walls:
    """Return the walls with these parts around them; the exit status stays the program's."""
    if not parts:
        return inner
    own = (part.program for part in parts if part.program)
    after = (part.after for part in parts if part.after)
    script = "; ".join([*(part.before for part in parts), next(own, '"$@"'), "s=$?", *after, 'exit "$s"'])
    return Walls(("/bin/sh", "-c", script, "sh", *inner.words), inner.depth + 1)
