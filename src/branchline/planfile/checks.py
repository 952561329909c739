"""Checks: a command stands in back-ticks, or in a fence after `Run:` or `Verify:`, and is told to be run or to pass."""

import re
from typing import Final, NamedTuple

from branchline.model.plan import Check
from branchline.planfile.commands import SOLO, is_program, may_check, only_does
from branchline.planfile.fields import Field, spans
from branchline.planfile.labels import KINDS
from branchline.planfile.told import GLUE, commands_told

CERTAIN = 0.95
_WORD = re.compile(r"[A-Za-z0-9_./~$-]+$")
_TAIL = re.compile(r"[:：](?:\*\*|__|\*|_)?\s*(?=(`.{1,2000})$)")
_LABEL = re.compile(r"([—–.;,(（。；，-])\s*(?:\*\*|__|\*|_)?([^\W\d_][^:：*`|<>—–.;,(（]{0,40}?)(?:\*\*|__|\*|_)?\s?$")
"""`Make it, verify: \\`make test\\``: a field at the end of a title, and the label of it, which is looked for backwards."""
_REACH = 60
"""How many characters before a colon its label is looked for."""
_LONGEST = 2100
"""How many characters a field at the end of a title may have."""
STEP = 0.9
"""How sure a step that only names a command is a check."""
UNSURE: Final = 0.8
"""How sure a title or a criterion that names a command is one, and a pipe: its status is that of the last program, and
`grep -c` fails where nothing is left."""


class Ran(NamedTuple):
    """One `Run:` of a task: its commands, and whether it is expected to fail."""

    commands: tuple[str, ...]
    line: int
    fails: bool
    confidence: float = CERTAIN


def commands_of(field: Field) -> tuple[list[str], str]:
    """Split the value of a verify field: the commands in back-ticks, and the prose that is a criterion."""
    found = spans(field.value)
    if not found:
        return [], field.value
    run = field.label.startswith(("run", "command", "test command"))
    leads = field.value.lstrip().startswith("`")
    alone = len(found) == 1 and field.value.strip(" .。") == f"`{found[0]}`"
    good = [
        span.removeprefix("$ ").strip()
        for place, span in enumerate(found)
        if (is_program(span) and _sure(span, run, alone)) or ((run or (leads and place == 0)) and _looks(span))
    ]
    prose = "" if good else field.value
    return good, prose


def _sure(span: str, run: bool, alone: bool) -> bool:
    """One word alone (`next`, `test`) is a command only where nothing else stands, or when it means nothing else."""
    return run or " " in span or span in SOLO or alone


def _looks(span: str) -> bool:
    """A span that only leads its line must still look like a program and its arguments, not like a name or a value."""
    first, *rest = span.split() or [""]
    return (
        bool(_WORD.match(first))
        and (bool(rest) or is_program(span))
        and not (rest and rest[0] in ("=", "==", "->", "=>"))
    )


def decide(ran: list[Ran], test_first: bool) -> list[Check]:
    """Choose the checks: those not expected to fail, and of a test-first plan the last of them only."""
    good = [one for one in ran if not one.fails and not all(map(only_does, one.commands))]
    if test_first and any(one.fails for one in ran):
        good = good[-1:]
    checks: dict[str, Check] = {}
    for one in good:
        last = max(place for place, command in enumerate(one.commands) if not only_does(command))
        for command in one.commands[: last + 1]:  # what stands before a check may prepare it, nothing behind one does
            checks.setdefault(command, Check(command, "plan", one.confidence, one.line))
    return list(checks.values())


def of_title(title: str, line: int) -> list[Check]:
    """What a title ends in, as a verify field would (0.95); a title that is a command or tells to run one (0.8)."""
    if tail := _verify_tail(title, line):
        return [Check(command, "title", CERTAIN, line) for command in commands_of(tail[1])[0]]
    if not any(text.strip(" .。:*_") for text in title.split("`")[::2]):
        found = [span for span in spans(title) if is_program(span)]
    else:
        found = [command for command, fails in commands_told(title, title=True) if not fails]
    return [Check(command, "title", UNSURE, line) for command in found if not only_does(command)]


def without_field(title: str) -> str:
    """A title without the verify field that it ends in, where nothing stands in that but the commands."""
    before, field = _verify_tail(title, 1) or (title, None)
    if field is None or len(commands_of(field)[0]) != len(spans(field.value)):
        return title
    prose = all(GLUE.fullmatch(text.strip(" .。")) for text in field.value.split("`")[::2])
    return before.rstrip() if prose else title


def _verify_tail(title: str, line: int) -> tuple[str, Field] | None:
    """The verify field that a title ends in, and the title before it."""
    for tail in _TAIL.finditer(title, max(0, len(title) - _LONGEST)) if "`" in title else ():
        label = _LABEL.search(title, max(0, tail.start() - _REACH), tail.start())
        said = " ".join(label[2].lower().split()) if label else ""
        value = tail[1].strip().removesuffix(")" if label and label[1] == "(" else "）")
        accepts = KINDS.get(said) == "criteria" and all(map(may_check, spans(value)))
        if label and (accepts or KINDS.get(said) == "verify") and not any(map(only_does, spans(value))):
            return title[: label.start()], Field("verify", value, line, said)
    return None
