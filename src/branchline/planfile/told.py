"""What sentences say of commands: `Run`, `verify with`, `passes`; any other that they name is only named."""

import re

from branchline.planfile import words
from branchline.planfile.commands import OWN, SOLO, is_program, may_check
from branchline.planfile.sections import any_verb

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
GLUE = re.compile(rf"\s?(?:{_AND})?\s?")
_OF_CHECKS = (
    r"(?:sub-?task|checkpoint|(?:(?:final|last)\s)?step|gates?|(?:independent\s)?tests?|testing|checks?|ci|lint"
    r"|verification)"
)
"""What a label says before a command that checks: `Checkpoint:`, `Final step:`."""
_LABEL = rf"(?:(?i:{_OF_CHECKS})|[^\W\d_]{{2,8}}\s?\d{{1,3}})[*_]{{0,3}}\s?[:：.][*_\s]{{0,5}}"
_START = rf"(?:^\W{{0,9}}(?:{_LABEL})?|[.。]\s?|^\W{{0,9}}(?:{_CHECKS})(?:\s[^\W\d_]+){{1,5}}\s?[:：]\s)"
"""Where a sentence begins: at first, behind `Checkpoint:` or `Step 2.`, behind another, behind `Check the rim:`."""
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
_ENDS = re.compile(r"(?:\s(?:command|in|under|from)(?:\s`?[\w./-]{1,80}/?`?)?)?[\s.。:*_()（）]{0,9}")
"""What may stand behind the last command of a text: `in tools/`."""
_CHECKS_WITH = re.compile(
    rf"(?:^\W{{0,9}}|[;,.—–。；，]\s?)(?:{_CHECKS}|{_LAST})(?:\s[^\W\d_]+){{0,3}}\s(?:{any_verb(words.WITH)})\s?$",
    re.IGNORECASE,
)
"""`Write it; verify with`, `verificar com`: what follows is a check, whatever stands behind it."""
_CHECKS_IT = re.compile(rf"\W{{0,9}}(?:{_CHECKS})\s?(?:that\s)?", re.IGNORECASE)
_SAYS_CHECK = re.compile(rf"{_START}(?:{_CHECKS})\s?$", re.IGNORECASE)
"""A sentence that begins by saying that what follows is to be checked: `Draw it. Verify`."""
_DENIED = re.compile(
    r".{0,60}\b(?:not|never|no longer|without|cannot|\w+n['’]t|fails?|hangs?|nicht|nie|gone|removed|replaced|deleted|added to"
    r"|gets|exists?|documented|configured|installed|executable)\b",
    re.IGNORECASE,
)
_SEARCHES = re.compile(r"(?:git\s+)?(?:e?grep|rg)\s")
_NOTHING = re.compile(
    r"\W{0,9}(?!exit)(?:[a-z]{2,8}\s){0,2}(?:zero|no|nothing|none|empty|0)\b(?!\s(?:error|warning))|.{0,60}\bno\s(?:hits|match|result)",
    re.IGNORECASE,
)
_IS_LABEL = re.compile(rf"\W{{0,9}}(?:{_OF_CHECKS}[*_]{{0,2}}\s?[:：][*_]{{0,2}}\s?)?", re.IGNORECASE)
"""`Final step:`, before nothing but commands."""
_IS_GREEN = re.compile(
    rf"\W{{1,3}}(?:(?:(?!not\b)[^\W\d_]+\s){{0,2}}|本[地机]|[^\W\d_]{{0,2}}验证)(?:{_PASSES})", re.IGNORECASE
)
_IS_LAST = re.compile(rf"\s?(?:[をで]|으?로|를|을)?\s?(?:{_LAST})", re.IGNORECASE)
"""What stands behind a command that is told to be run, where the verb comes last."""
_RUNS_LAST = re.compile(
    rf"\s?(?:で|으?로)\s?[^\s。.,、`]{{1,24}}(?:を|를|을)\s?(?:{any_verb(words.RUN_LAST)})(?!しない|せず|하지)"
)
"""`でテストを実行`."""
_IS_GOOD = re.compile(
    rf"(?!.{{0,60}}\bnot\b).{{0,60}}?(?:{_PASSES}|(?<!\w)(?:0|ok|valid|works|errors?|warnings?)(?!\w)|错|錯|エラー|오류)",
    re.IGNORECASE,
)
"""What stands behind a command that passes, and behind one that a text begins with."""

NEAR = 160
"""How many characters before a command are looked at."""


def commands_told(text: str, *, title: bool = False, criterion: bool = False) -> list[tuple[str, bool]]:
    """List the commands that a sentence tells to run or to pass, each with whether it is expected to fail.

    A `criterion` need only begin with one that checks, and so does a text that holds no more than such and a label.
    """
    parts = text.split("`")
    found: list[tuple[str, bool]] = []
    lead = ""
    listed: list[str] = []
    segments = zip(parts[::2], parts[1::2], parts[2::2], [*parts[3::2], None], strict=False)
    for place, (before, command, tail, more) in enumerate(segments):
        lead = lead if listed else _near(before)
        listed.append(command.strip())
        if more is not None and GLUE.fullmatch(tail):
            continue  # `make lint` and `make test` are told together
        commands = [one for one in listed if _is_command(one)]
        told = commands and (_is_told(lead, tail) or (title and _AND_RUN.search(lead)))
        if commands and not told and all(map(may_check, commands)):
            alone = place < len(listed) and _IS_LABEL.fullmatch(lead) and _ENDS.fullmatch(tail)
            told = alone or _is_checked(lead, tail, criterion=criterion)
        found += [(one, expects_failure(tail) or _finds_none(one, tail)) for one in commands if told]
        listed = []
    return found


def _near(text: str) -> str:
    """The end of a long text, so written that it is no beginning of one: what is far off says nothing of a command."""
    return text if len(text) <= NEAR else f"x{text[-NEAR:]}"


def _is_command(span: str) -> bool:
    """Say whether a span is a command beyond doubt; one word alone (`next`, `test`) is mostly a name."""
    return (" " in span or span in SOLO or (span.startswith(OWN) and may_check(span))) and is_program(span)


def _finds_none(command: str, tail: str) -> bool:
    """Say whether a search is to find nothing, which is how `grep` fails."""
    return _SEARCHES.match(command) is not None and _NOTHING.match(tail) is not None


def _is_told(lead: str, tail: str) -> bool:
    ends = _ENDS.fullmatch(tail) is not None or lead.rstrip().endswith((":", "："))
    leads = not lead.strip(" \t*_") or _CHECKS_IT.fullmatch(lead)
    said = _TO_RUN.search(lead) or (_CHECKS_WITH.search(lead) and not _DENIED.match(tail))
    said = said or (ends and _TO_CHECK.search(lead))
    return bool(said or _IS_GREEN.match(tail) or _IS_LAST.match(tail) or (leads and _IS_GOOD.match(tail)))


def _is_checked(lead: str, tail: str, *, criterion: bool) -> bool:
    """Say whether a command that checks is what is to be verified, whatever stands behind it: `+ the flows`."""
    closed = lead.rstrip().endswith(("(", "（")) and tail.lstrip().startswith((")", "）")) and _TO_CHECK.search(lead)
    leads = _SAYS_CHECK.search(lead) or (criterion and not lead.strip(" \t*_"))
    return bool(closed or leads or _RUNS_LAST.match(tail)) and not _DENIED.match(tail)


def expects_failure(text: str) -> bool:
    """Say whether an `Expected:` line expects the command before it to fail."""
    return bool(_FAIL.match(text.strip()))


def is_run_step(text: str) -> bool:
    """Say whether a step's own line announces that something is run: `Step 2: Run tests`."""
    text = text.strip().lstrip("-*+ ").removeprefix("[ ] ").removeprefix("[x] ").strip()
    return bool(_RUN_STEP.match(text) or _RUN_LAST.search(text))
