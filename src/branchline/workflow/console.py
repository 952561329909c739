"""What a command may know of the person and the process that called it; all of it is passed in."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TextIO

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
