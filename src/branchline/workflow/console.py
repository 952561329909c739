"""What a command may know of the person and the process that called it; all of it is passed in."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from branchline.errors import InputError
from branchline.files import find_root
from branchline.terminal.text import for_stream


def nothing_fresh() -> Any:
    """What imports nothing, for a console whose plans are as they were."""
    raise LookupError("this console reads no plan")


class Console(NamedTuple):
    """The place, the environment, the stream for people's words, and whether anybody can be asked.

    `start` runs a program in the foreground, as `proc.foreground` does, and gives its exit status. `fresh` imports
    `workflow.fresh`, which reads plans: that is half of the start of a run that need not read any.
    """

    directory: Path
    env: Mapping[str, str]
    out: TextIO
    read: Callable[[str], str]
    start: Callable[..., int]
    interactive: bool = False
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    fresh: Callable[[], Any] = nothing_fresh

    @property
    def root(self) -> Path:
        """The checkout that the place lies in, or the place itself."""
        return find_root(self.directory) or self.directory

    @property
    def state(self) -> Path:
        """The state folder that the started commands write; it is not made by looking."""
        return self.root / ".branchline"

    def width(self) -> int:
        """How many columns the person's terminal has; 80 where there is none."""
        if not self.out.isatty():
            return 80
        import shutil  # 2 ms, for a person alone

        return shutil.get_terminal_size().columns

    def confirms(self, question: str) -> bool:
        """Ask what a person answers with yes or no; just Enter is yes."""
        return self.read(f"{question} [Y/n] ").strip().lower() in ("", "y", "yes")

    def say(self, text: str) -> None:
        """Write words for people, at once."""
        self.out.write(for_stream(text, self.out) + "\n")
        self.out.flush()


def name_in(root: Path, path: Path) -> str:
    """A plan's path as runs call it: relative to the root where it lies inside; raises InputError."""
    try:
        absolute = path.resolve()
    except (OSError, RuntimeError) as error:  # links in a circle, or into what may not be looked at
        raise InputError(f"{path}: {getattr(error, 'strerror', None) or 'its links go in a circle'}") from None
    return str(absolute.relative_to(root)) if absolute.is_relative_to(root) else str(absolute)
