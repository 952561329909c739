"""Usage as any program can tell it: a line of JSON on its stdout, `{"type": "usage", "input": 900, "output": 40}`.

Each line tells what one turn has used: tokens (`input`, `output`, `reasoning`, `cache_read`, `cache_write`), and where the
program knows them the `cost` in US dollars and the `model`.
"""

import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from branchline.model.run import Claim, Job
from branchline.workers import record, stream

_KINDS: Final = ("input", "output", "reasoning", "cache_read", "cache_write")


class Seen:
    """What a program has told of its usage."""

    def __init__(self) -> None:
        self.usage = dict.fromkeys(_KINDS, 0)
        self.cost = 0.0
        self.model = ""

    def take(self, event: Mapping[str, Any]) -> None:
        """Take in one line; what is no usage is passed over."""
        if event.get("type") == "usage":
            for kind in _KINDS:
                self.usage[kind] += int(stream.number(event.get(kind)))
            self.cost += stream.number(event.get("cost"))
            self.model = stream.text(event.get("model")) or self.model

    def said(self) -> stream.Said:
        """All of it so far."""
        return stream.Said("", "", sum(self.usage.values()), self.usage, self.cost, self.model)


def gauge(job: Job) -> stream.Gauge:
    """Read the lines of usage in the log of a program."""
    seen = Seen()
    return stream.Gauge(lambda: Path(_log(job)), seen, seen.said)


def lines(job: Job) -> list[str]:
    """Give the end of the log; none where it is empty: most programs that end well say nothing, and it is not read."""
    try:
        said = os.stat(_log(job)).st_size > 0  # noqa: PTH116 - for each task, and a Path is dear
    except OSError:
        said = False
    return record.message_of(_log(job)).split("\n") if said else []


def message(lines: Iterable[str]) -> str:
    """Give the end of the log as the program's last message, without its lines of usage."""
    return "\n".join(line for line in lines if not line.startswith('{"type": "usage"'))


def billed(job: Job, lines: Collection[str], claim: Claim) -> Claim:
    """Add to a claim what the program told of its usage, if there is anything in its log."""
    if not lines:
        return claim
    said = stream.read(_log(job), Seen()).said()
    return claim._replace(tokens=said.tokens, cost=said.cost, extra={**claim.extra, **stream.facts(said)})


def _log(job: Job) -> str:
    return f"{job.folder}/output.log"
