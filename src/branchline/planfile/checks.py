"""Checks: a command is only what stands in back-ticks or in a fence after `Run:` or `Verify:`; prose is a criterion."""

import re
from typing import NamedTuple

from branchline.model.plan import Check
from branchline.planfile.fields import SPAN, Field, spans
from branchline.planfile.labels import KINDS
from branchline.planfile.words import PROGRAMS

SHELLS = frozenset({"", "sh", "bash", "shell", "zsh", "console", "shell-session", "terminal", "cmd"})
CERTAIN = 0.95
_OWN = ("./", "scripts/", "bin/", ".venv/", "venv/", "node_modules/.bin/", "vendor/bin/")
_SOLO = frozenset({"make", "pytest", "tox", "nox", "mypy", "phpunit", "rspec", "rake", "ctest", "vitest", "jest"})
_WORD = re.compile(r"[A-Za-z0-9_./~$-]+$")
_BEFORE = re.compile(r"\A\s*(?:!\s+)?(?:\(\s*)?(?:cd\s+\S{1,200}\s*&&\s*(?=\S))?")
"""What a shell takes before a program: that it is to fail, a subshell, another folder."""
_ASSIGN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=\S*\s+\S")
_FAIL = re.compile(r"\W*(?:\*\*)?(?:fail|red\b|error|non-zero|nonzero|fehlschlag|失败|失敗|실패|провал)", re.IGNORECASE)
_PASSES = re.compile(
    r"pass|green|clean|succeed|success|valid|works|exit|error|warning|fail|0|ok\b|grün|läuft|успешно|зелен|全绿|通过|绿|成功|错|通る|통과",
    re.IGNORECASE,
)
_RUN_STEP = re.compile(
    r"(?:\*\*)?(?:step\s*\d+\s*[:.]\s*)?(?:run|verify|execute|check|test"
    r"|(?:full )?build(?=\W*$|\s(?:to|and)\s(?:verify|check|test)))\b",
    re.IGNORECASE,
)
_RUN_WORDS = "run|execute|führe|exécuter|ejecutar|executar|запустить|запустити|运行|执行"
_RUN_THIS = re.compile(
    rf"(?:{_RUN_WORDS})\s*(?:[:：]\s*)?`([^`\n]{{2,400}})`\W*$"
    r"|(?:verify|check|confirm|ensure|validate)\s[^`\n]{1,120}\s(?:with|via|using|by|running)\s`([^`\n]{2,400})`\W*$",
    re.IGNORECASE,
)
_AND = r"and|then|und|et|puis|e|y|и|і|та|va|và|并|並|[,;，；、]"
_AND_RUN = re.compile(rf"(?:(?<!\w)(?:{_AND}))\s*(?:{_RUN_WORDS})\s*`([^`\n]{{2,400}})`", re.IGNORECASE)
r"""`Wire it up and run \`make test\``."""
_RUN_ALL = re.compile(rf"(?:{_RUN_WORDS})(?:\s[^\W\d_]+){{1,4}}\s*[(（:：]?")
r"""`Run the full test suite (\`make test\`)`, `Run full \`make test\` suite`."""
_TO_RUN = re.compile(rf"^(?:{_RUN_WORDS}|verify|verify with|check|führe aus)$")
_TAIL = re.compile(
    r"[—–.;,(（。；，-]\s*(?:\*\*|__|\*|_)?([^\W\d_][^:：*`|<>—–.;,(（]{0,40}?)(?:\*\*|__|\*|_)?\s?[:：](?:\*\*|__|\*|_)?\s*(`.{1,2000})$"
)
"""`Make it, verify: \\`make test\\``: a field at the end of a title."""
STEP = 0.9
"""How sure a step that only names a command is a check."""
_SIMPLE = re.compile(r"(?:if|for|while|case|until|function)\b|.*(?:<<|\\$|\bdo$|\bthen$|[{(]$)")
_STATEFUL = re.compile(r"(?:cd|export|source|\.|set|unset|pushd|popd|alias)\s|[A-Za-z_][A-Za-z0-9_]*=\S*\s*$")


class Ran(NamedTuple):
    """One `Run:` of a task: its commands, and whether it is expected to fail."""

    commands: tuple[str, ...]
    line: int
    fails: bool
    confidence: float = CERTAIN


def is_program(command: str) -> bool:
    """Say whether a text begins like a command people run."""
    command = _BEFORE.sub("", command, count=1)
    first = command.split(None, 1)[0].rstrip(")") if command.strip() else ""
    if _ASSIGN.match(command):
        return True
    if first in PROGRAMS:
        return True
    inside = first.startswith(_OWN) or first.endswith((".sh", ".bash"))
    return "/" in first and inside and not first.endswith("/")


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
    return run or " " in span or span in _SOLO or alone


def _looks(span: str) -> bool:
    """A span that only leads its line must still look like a program and its arguments, not like a name or a value."""
    first, *rest = span.split() or [""]
    return (
        bool(_WORD.match(first))
        and (bool(rest) or is_program(span))
        and not (rest and rest[0] in ("=", "==", "->", "=>"))
    )


def fence_commands(lines: list[str]) -> list[str]:
    """Read a shell fence: one command a line, or one script when the lines need each other."""
    prompted = [line.strip()[2:] for line in lines if line.strip().startswith("$ ")]
    kept = prompted or [line.rstrip() for line in lines if line.strip() and not line.strip().startswith("#")]
    if not kept:
        return []
    if any(_SIMPLE.match(line.strip()) or line[:1] in " \t" for line in kept):
        return ["set -e\n" + "\n".join(kept)] if len(kept) > 1 else [kept[0].strip()]
    kept = [line.strip() for line in kept]
    if len(kept) > 1 and any(_STATEFUL.match(line) for line in kept):
        return [" && ".join(kept)]
    return kept


def run_of_step(text: str) -> str:
    r"""Give the command of a step that says nothing but to run it: `Run \`npm test\`.`; empty for any other text."""
    found = _RUN_THIS.match(text)
    command = (found[1] or found[2]) if found else ""
    return command if is_program(command) else ""


def expects_failure(text: str) -> bool:
    """Say whether an `Expected:` line expects the command before it to fail."""
    return bool(_FAIL.match(text.strip()))


def is_run_step(text: str) -> bool:
    """Say whether a step's own line announces that something is run: `Step 2: Run tests`."""
    return bool(_RUN_STEP.match(text.strip().lstrip("-*+ ").removeprefix("[ ] ").removeprefix("[x] ").strip()))


def decide(ran: list[Ran], test_first: bool) -> list[Check]:
    """Choose the checks: those not expected to fail, and of a test-first plan the last of them only."""
    good = [one for one in ran if not one.fails and one.commands]
    if test_first:
        good = good[-1:]
    checks: dict[str, Check] = {}
    for one in good:
        for command in one.commands:
            checks.setdefault(command, Check(command, "plan", one.confidence, one.line))
    return list(checks.values())


def of_title(title: str, line: int) -> list[Check]:
    """What a title ends in, as a verify field would (0.95); a title that is a command, or `Run` and a command (0.8)."""
    tail = _TAIL.search(title)
    if tail and KINDS.get(" ".join(tail[1].lower().split())) == "verify":
        value = tail[2].strip().removesuffix(")" if tail[0][0] == "(" else "）")
        commands, _ = commands_of(Field("verify", value, line, tail[1].lower()))
        return [Check(command, "title", CERTAIN, line) for command in commands]
    found = spans(title)
    if not found or not is_program(found[0]):
        return _ran_too(title, line)
    before = title[: title.index("`")].strip().lower()
    after = SPAN.sub("", title[title.index("`") :], count=1).strip(" .。:")
    if not before and len(found[0].split()) > 1 and len(after) <= 60 and _PASSES.search(after):
        return [Check(found[0], "title", 0.8, line)]
    if (not before and not after) or _TO_RUN.search(before):
        return [Check(found[0], "title", 0.8, line)]
    if " " in found[0] and _RUN_ALL.fullmatch(before):
        return [Check(found[0], "title", 0.8, line)]
    return _ran_too(title, line)


def _ran_too(title: str, line: int) -> list[Check]:
    return [Check(command, "title", 0.8, line) for command in _AND_RUN.findall(title) if is_program(command)]
