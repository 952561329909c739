"""Checks: a command is only what stands in back-ticks or in a fence after `Run:` or `Verify:`; prose is a criterion."""

import re
from typing import Final, NamedTuple

from branchline.model.plan import Check
from branchline.planfile import words
from branchline.planfile.fields import Field, spans
from branchline.planfile.labels import KINDS
from branchline.planfile.sections import any_verb

SHELLS = frozenset({"", "sh", "bash", "shell", "zsh", "console", "shell-session", "terminal", "cmd"})
CERTAIN = 0.95
_OWN = ("./", "scripts/", "bin/", ".venv/", "venv/", "node_modules/.bin/", "vendor/bin/")
_SOLO = frozenset({"make", "pytest", "tox", "nox", "mypy", "phpunit", "rspec", "rake", "ctest", "vitest", "jest"})
_WORD = re.compile(r"[A-Za-z0-9_./~$-]+$")
_BEFORE = re.compile(r"\A\s*(?:!\s+)?(?:\(\s*)?(?:cd\s+\S{1,200}\s*&&\s*(?=\S))?")
"""What a shell takes before a program: that it is to fail, a subshell, another folder."""
_ASSIGN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=\S*\s+\S")
_FAIL = re.compile(r"\W*(?:\*\*)?(?:fail|red\b|error|non-zero|nonzero|fehlschlag|失败|失敗|실패|провал)", re.IGNORECASE)
_RUNS, _CHECKS, _PASSES = any_verb(words.RUN), any_verb(words.CHECK), any_verb(words.PASS)
_LAST = any_verb(words.RUN_LAST + words.CHECK_LAST)
_RUN_STEP = re.compile(
    rf"(?:\*\*)?(?:\w{{2,8}}\s*\d+\s*[:：.]\s*)?(?:{_RUNS}|{_CHECKS}"
    r"|(?:full )?build(?=\W*$|\s(?:to|and)\s(?:verify|check|test))(?!\w))",
    re.IGNORECASE,
)
_RUN_LAST = re.compile(rf"(?:{_LAST})(?:する|します|하기|한다)?(?:[*_.。]{{0,4}}$|\sund\s)", re.IGNORECASE)
_AND = r"and|then|und|et|puis|e|y|и|і|та|va|và|并|並|与|和|と|[,;，；、/]"
_GLUE = re.compile(rf"\s?(?:{_AND})?\s?")
_START = r"(?:^\W{0,9}(?:[^\W\d_]{2,8}\s?\d{1,3}\s?[:：.][*_\s]{0,5})?|[.。]\s?)"
_AND_RUN = re.compile(rf"(?<!\w)(?:{_AND})\s?(?:{_RUNS})\s?$", re.IGNORECASE)
"""`Draw it and run`: an order in a title, which is one; in the middle of prose it is not taken for one."""
_TO_RUN = re.compile(
    rf"{_START}(?:{_RUNS})\s?(?:[:：]\W{{0,4}})?$|^\W{{0,9}}(?:{_RUNS})(?:\s[^\W\d_]+){{1,4}}\s?[(（:：]?\s?$",
    re.IGNORECASE,
)
"""What stands before a command that is told to be run: `Draw it. Run`, `Run all the tests (`."""
_TO_CHECK = re.compile(
    rf"^\W{{0,9}}(?:{_RUNS}|{_CHECKS}).{{1,120}}(?:[(（:：]|\s(?:with|via|using|by|running|passes|passing))\s?$"
    rf"|{_START}(?:{_CHECKS})\s?$|(?:{_CHECKS})\s?[:：]\s?$|(?:{_PASSES})\s?[(（:：]\s?$",
    re.IGNORECASE,
)
"""What stands before a command with which a text ends: `Check the types with`, `All tests:`."""
_ENDS = re.compile(r"(?:\s(?:command|in|under|from)(?:\s`?[\w./-]{1,80}/?`?)?)?[\s.。:*_)）]{0,9}")
"""What may stand behind the last command of a text: `in tools/`."""
_CHECKS_IT = re.compile(rf"\W{{0,9}}(?:{_CHECKS})\s?(?:that\s)?", re.IGNORECASE)
_IS_GREEN = re.compile(rf"\W{{1,3}}(?:(?!not\b)[^\W\d_]+\s){{0,2}}(?:{_PASSES})", re.IGNORECASE)
_IS_LAST = re.compile(rf"\s?(?:[をで]|으?로|를|을)?\s?(?:{_LAST})", re.IGNORECASE)
"""What stands behind a command that is told to be run, where the verb comes last."""
_IS_GOOD = re.compile(
    rf"(?!.{{0,60}}\bnot\b).{{0,60}}?(?:{_PASSES}|(?<!\w)(?:0|ok|valid|works|errors?|warnings?)(?!\w)|错|錯|エラー|오류)",
    re.IGNORECASE,
)
"""What stands behind a command that passes, and behind one that a text begins with."""
_TAIL = re.compile(
    r"[—–.;,(（。；，-]\s*(?:\*\*|__|\*|_)?([^\W\d_][^:：*`|<>—–.;,(（]{0,40}?)(?:\*\*|__|\*|_)?\s?[:：](?:\*\*|__|\*|_)?\s*(`.{1,2000})$"
)
"""`Make it, verify: \\`make test\\``: a field at the end of a title."""
_CODE_BEHIND = re.compile(r"[:：][*_\s]*`")
STEP = 0.9
"""How sure a step that only names a command is a check."""
UNSURE: Final = 0.8
"""How sure a title or a criterion that names a command is one, and a pipe: its status is that of the last program, and
`grep -c` fails where nothing is left."""
_OF_AGENT = re.compile(r"/[\w:-]+$")
"""A command of an agent, not of a shell: `/check`."""
_SIMPLE = re.compile(r"(?:if|for|while|case|until|function)\b|.*(?:<<|\\$|\bdo$|\bthen$|[{(]$)")
_STATEFUL = re.compile(r"(?:cd|export|source|\.|set|unset|pushd|popd|alias)\s|[A-Za-z_][A-Za-z0-9_]*=\S*\s*$")

_WORD_ENDS = r"(?=[\s:]|$)"
_KEEPS = re.compile(
    r"git\s+(?:add|commit|push|pull|merge|rebase|checkout|switch|stash|tag|rm|mv|status|log|show|clone|init)\b"
    r"|gh\s+(?:pr|run|release|repo|issue)\b|(?:cd|export|set|mkdir|rm|cp|mv|scp|rsync)\s"
    r"|(?:npm|pnpm|yarn|bun|uv|pip3?|poetry|cargo|gem|bundle|composer|brew|apt|apt-get|go|rustup|mix|dotnet)\s+(?:tool\s+|ef\s+\S+\s+)?"
    rf"(?:install|i|ci|add|remove|uninstall|sync|init|new|create|get|update|upgrade|publish|dlx){_WORD_ENDS}"
    r"|(?:kubectl|helm)\s+(?:apply|create|delete|install|upgrade)\b|(?:terraform|tofu)\s+(?:apply|destroy|init)\b"
)
"""What keeps, shows or fetches something and checks nothing, whatever it is about: `pip install pytest`."""
_DOES = re.compile(
    rf"(?:npm|pnpm|yarn|bun)\s+(?:run\s+)?(?:dev|start|serve|watch|preview|release){_WORD_ENDS}"
    rf"|(?:npx|bunx|pnpm exec)\s+\S+\s+(?:\S+\s+)?(?:init|add|create|push|install){_WORD_ENDS}"
    r"|docker[\s-]\s*(?:compose\s+)?(?:-\S+\s+\S+\s+){0,5}(?:up|run|push|pull)\b|(?:alembic|\S+\s+db)\s+(?:upgrade|downgrade|push)\b"
    rf"|(?:\S+\s+){{1,4}}(?:deploy|migrate|runserver){_WORD_ENDS}|.{{0,60}}[\s:.]migrate(?:\s|$)"
    rf"|.{{0,60}}\b(?:migrations?:\w+|(?:run|make|ef|migration)\s+(?:migrations?|run){_WORD_ENDS})"
)
"""What does something or serves, and checks nothing where it names no check: `docker run --rm rim pytest` does."""
_PROVES = re.compile(r".*\s--(?:check|dry-run|sql|exit-code|exit-code-from|abort-on-container-exit)\b", re.DOTALL)
_CHECKING = re.compile(
    r"(?:.*[\s:/])?(?:\w*(?:test|lint|spec|check|grep)s?|jest|mocha|tox|mypy|tsc|rg|ls|find|cat|validate|verify|typecheck)(?=[\s:.]|$)",
    re.DOTALL,
)
_SET_BEFORE = re.compile(r"\A(?:sudo\s+|\w+=\S*\s+){0,9}")
_QUOTED = re.compile(r"""(["'])(?:\\.|(?!\1)[^\\])*""", re.DOTALL)
_PARTS = re.compile("&&|;|\n")


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
    if first in words.PROGRAMS:
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
    if not kept or all(map(_OF_AGENT.match, kept)):
        return []
    if any(_SIMPLE.match(line.strip()) or line[:1] in " \t" for line in kept):
        return ["set -e\n" + "\n".join(kept)] if len(kept) > 1 else [kept[0].strip()]
    kept = [line.strip() for line in kept]
    if len(kept) > 1 and any(_STATEFUL.match(line) for line in kept):
        return [" && ".join(kept)]
    return kept


def told(text: str, *, title: bool = False) -> list[tuple[str, bool]]:
    """List the commands that a sentence tells to run or to pass, each with whether it is expected to fail."""
    parts = text.split("`")
    found: list[tuple[str, bool]] = []
    lead = ""
    listed: list[str] = []
    for before, command, tail, more in zip(parts[::2], parts[1::2], parts[2::2], [*parts[3::2], None], strict=False):
        lead = lead if listed else before
        listed.append(command.strip())
        if more is not None and _GLUE.fullmatch(tail):
            continue  # `make lint` and `make test` are told together
        commands = [one for one in listed if (" " in one or one in _SOLO) and is_program(one)]
        if commands and (_is_told(lead, tail) or (title and _AND_RUN.search(lead))):
            found += [(one, expects_failure(tail)) for one in commands]
        listed = []
    return found


def _is_told(lead: str, tail: str) -> bool:
    ends = _ENDS.fullmatch(tail) is not None or lead.rstrip().endswith((":", "："))
    leads = not lead.strip(" \t*_") or _CHECKS_IT.fullmatch(lead)
    said = _TO_RUN.search(lead) or (ends and _TO_CHECK.search(lead))
    return bool(said or _IS_GREEN.match(tail) or _IS_LAST.match(tail) or (leads and _IS_GOOD.match(tail)))


def expects_failure(text: str) -> bool:
    """Say whether an `Expected:` line expects the command before it to fail."""
    return bool(_FAIL.match(text.strip()))


def is_run_step(text: str) -> bool:
    """Say whether a step's own line announces that something is run: `Step 2: Run tests`."""
    text = text.strip().lstrip("-*+ ").removeprefix("[ ] ").removeprefix("[x] ").strip()
    return bool(_RUN_STEP.match(text) or _RUN_LAST.search(text))


def _only_does(command: str) -> bool:
    """Say whether each part of a command does something, and none checks it; what is quoted is no part."""
    return all(_is_deed(_SET_BEFORE.sub("", part.strip(), count=1)) for part in _PARTS.split(_QUOTED.sub("'", command)))


def _is_deed(part: str) -> bool:
    if not part or _PROVES.match(part):
        return not part
    return bool(_KEEPS.match(part)) or (_DOES.match(part) is not None and not _CHECKING.match(part))


def decide(ran: list[Ran], test_first: bool) -> list[Check]:
    """Choose the checks: those not expected to fail, and of a test-first plan the last of them only."""
    good = [one for one in ran if not one.fails and not all(map(_only_does, one.commands))]
    if test_first and any(one.fails for one in ran):
        good = good[-1:]
    checks: dict[str, Check] = {}
    for one in good:
        last = max(place for place, command in enumerate(one.commands) if not _only_does(command))
        for command in one.commands[: last + 1]:  # what stands before a check may prepare it, nothing behind one does
            checks.setdefault(command, Check(command, "plan", one.confidence, one.line))
    return list(checks.values())


def of_title(title: str, line: int) -> list[Check]:
    """What a title ends in, as a verify field would (0.95); a title that is a command or tells to run one (0.8)."""
    if tail := _verify_tail(title):
        return [Check(command, "title", CERTAIN, line) for command in commands_of(_tail_field(tail, line))[0]]
    if not any(text.strip(" .。:*_") for text in title.split("`")[::2]):
        found = [span for span in spans(title) if is_program(span)]
    else:
        found = [command for command, fails in told(title, title=True) if not fails]
    return [Check(command, "title", UNSURE, line) for command in found if not _only_does(command)]


def without_field(title: str) -> str:
    """A title without the verify field that it ends in, where nothing stands in that but the commands."""
    tail = _verify_tail(title)
    field = tail and _tail_field(tail, 1)
    if not tail or not field or len(commands_of(field)[0]) != len(spans(field.value)):
        return title
    prose = all(_GLUE.fullmatch(text.strip(" .。")) for text in field.value.split("`")[::2])
    return title[: tail.start()].rstrip() if prose else title


def _verify_tail(title: str) -> re.Match[str] | None:
    tail = _TAIL.search(title) if "`" in title and _CODE_BEHIND.search(title) else None
    return tail if tail and KINDS.get(" ".join(tail[1].lower().split())) == "verify" else None


def _tail_field(tail: re.Match[str], line: int) -> Field:
    return Field("verify", tail[2].strip().removesuffix(")" if tail[0][0] == "(" else "）"), line, tail[1].lower())
