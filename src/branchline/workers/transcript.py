"""The end of a worker's transcript, for whoever wonders what it is doing; a look, never a judgement."""

from pathlib import Path
from typing import NamedTuple

from branchline.workers import record

LINES = 20


class Tail(NamedTuple):
    """The last lines a worker wrote, and its last tool calls in words, the newest last."""

    lines: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()


def of_log(folder: Path) -> Tail:
    """The end of a log of plain words."""
    text = record.tail(folder / "output.log", LINES)
    return Tail(tuple(text.split("\n")) if text else ())
