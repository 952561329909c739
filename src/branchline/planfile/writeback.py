"""Plan to text: one task's own box changes by one character, and nothing else changes at all (DESIGN, section 4)."""

import functools
import re
from collections.abc import Callable, Iterable, MutableMapping

from branchline.planfile.blocks import BEFORE_BOX
from branchline.planfile.dialects import DIALECTS
from branchline.planfile.scan import scan

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|$)")
_LEAD = (
    r"(?:[ \t]*(?:(?:[-*+•]|\d{1,9}[.)、])(?:[ \t]+(?:\*\*|__)?)?)?"
    rf"|[ ]{{0,3}}#{{1,6}}[ \t]+{BEFORE_BOX})\["
)
_BOX = re.compile(rf"({_LEAD})([ ~>/-])( ?\](?:\*\*|__|\\?\*)?(?:[ \t\r\n]|(?=[^\W_])|$))")
_ANY_BOX = re.compile(rf"({_LEAD})([ xXvV+~>/-])(?= ?\](?:\*\*|__|\\?\*)?(?:[ \t]|[^\W_]|$))")
_DONE = re.compile(rf"{_LEAD} ?[xXvV+] ?\]")
_COMPLETED = re.compile(r"(?:^|\s)completed:\d{4}-\d{2}-\d{2}(?=\s|$)")
_ID_END = re.compile(r"[\s:.)\]*`–—]|$")
_WORD = re.compile(r"\w+")
_MARKS = re.compile(r"[*_`~\[\]]+")

Place = tuple[int, str, str]
"""Where a task stood in the text: its line (from 1), its title and its id."""
MAX_LEAD = 4
"""How many words (an id, `[P]`, `Step 2:`) may stand before a title in its line."""


def tick(
    text: str, tasks: Iterable[Place], dialect: str, on: str, seen: MutableMapping[str, dict[int, None]] | None = None
) -> str | None:
    """Mark tasks as done in the text of their plan; None when no box changes.

    When lines have moved a task is found again by its id, then by its title. `on` is the date (YYYY-MM-DD) that the
    dialect aidevops notes as `completed:`. A task that has no open box of its own, or cannot be told from another one,
    changes nothing; the formats that are no markdown lists have no boxes of tasks. In `seen` it keeps where the boxes of
    what it returns are: who ticks that text again need not have it read again.
    """
    if dialect and dialect not in DIALECTS:
        return None
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    lines = [found[0] for found in _LINE.finditer(text.removeprefix(mark))]
    seen = {} if seen is None else seen
    boxes = functools.cache(lambda: seen.get(text) or _boxes(lines))  # ticking one changes neither lines nor blocks
    changed = [_tick(lines, boxes, task, dialect, on) for task in tasks]
    if not any(changed):
        return None
    ticked, places = mark + "".join(lines), boxes()
    seen.clear()
    seen[ticked] = places
    return ticked


def _tick(lines: list[str], boxes: Callable[[], dict[int, None]], task: Place, dialect: str, on: str) -> bool:
    line, title, task_id = task
    own = lines[line - 1] if 1 <= line <= len(lines) else ""
    if _DONE.match(own) and _by_id(own, task_id) and _by_title(own, title):
        return False  # ticked, and seen without a look at all the others
    place = _find(lines, boxes, line, title, task_id)
    box = None if place is None else _BOX.match(lines[place])
    if place is None or box is None or (box[2] == "-" and dialect == "aidevops"):
        return False
    old = lines[place]
    lines[place] = old[: box.end(1)] + "x" + old[box.end(2) :]
    if dialect == "aidevops" and on and not _COMPLETED.search(old):
        lines[place] = _append(lines[place], f" completed:{on}")
    return True


def _boxes(lines: list[str]) -> dict[int, None]:
    blocks = scan("".join(lines)).blocks
    heads = {block.line - 1 for block in blocks if block.kind == "heading" and _ANY_BOX.match(lines[block.line - 1])}
    return {block.line - 1: None for block in blocks if block.box is not None or block.line - 1 in heads}


def unmarked(text: str) -> str:
    """The text with every box empty and no date of completion: what it says without what has been done of it."""
    return "".join(_unmarked(found[0]) for found in _LINE.finditer(text))


def boxes(text: str) -> dict[int, str]:
    """Line -> the character in its box: all that `unmarked` leaves out of a text, but for dates of completion."""
    found = ((number, _ANY_BOX.match(line[0])) for number, line in enumerate(_LINE.finditer(text), 1) if "]" in line[0])
    return {number: box[2] for number, box in found if box}


def _unmarked(line: str) -> str:
    box = _ANY_BOX.match(line) if "]" in line else None
    if box is None:
        return line
    bare = f"{box[1]} {line[box.end(2) :]}"
    date = max(bare.find("completed:") - 1, 0)
    return bare[:date] + _COMPLETED.sub("", bare[date:]) if "completed:" in bare else bare


def _append(line: str, words: str) -> str:
    bare = line.rstrip("\r\n")
    kept = bare.rstrip(" \t")
    return kept + words + bare[len(kept) :] + line[len(bare) :]


def _find(lines: list[str], boxes: Callable[[], dict[int, None]], line: int, title: str, task_id: str) -> int | None:
    """Find the place of the task's box; fences and comments hold none, and of two that fit neither is taken.

    A heading, row, XML task or item that still stands on its line without an open box has none, whatever box repeats its words.
    """
    own = lines[line - 1].lstrip(" \t") if 1 <= line <= len(lines) else ""
    if not _BOX.match(own):
        said, told = (" ".join(_WORD.findall(_words(text))) for text in (title, own))
        if said and f" {said} " in f" {told} ":
            return None
    if line - 1 in boxes() and _is_it(lines[line - 1], title, task_id):
        return line - 1
    for same, wanted in ((_by_id, task_id), (_by_title, title)):
        found = [place for place in boxes() if same(lines[place], wanted)]
        if len(found) == 1:
            return found[0]
    return None


def _is_it(line: str, title: str, task_id: str) -> bool:
    return _BOX.match(line) is not None and (_by_id(line, task_id) or _by_title(line, title))


def _rest(line: str) -> str:
    found = _BOX.match(line) or _DONE.match(line)
    return line[found.end() :].strip(" \t\r\n]") if found else ""


def _by_id(line: str, task_id: str) -> bool:
    rest = _rest(line).lstrip("*_[")
    wanted = task_id.split("~", 1)[0].lower()
    if not wanted or not rest.lower().startswith(wanted) or not _ID_END.match(rest, len(wanted)):
        return False
    return not wanted.isdigit() or rest[len(wanted) : len(wanted) + 1] in ".):"


def _by_title(line: str, title: str) -> bool:
    wanted, rest = _words(title), _words(_rest(line))
    if not wanted or not rest:
        return False
    place = f" {rest} ".find(f" {wanted} ")
    return (place >= 0 and rest[:place].count(" ") <= MAX_LEAD) or (len(rest) >= 12 and wanted.startswith(rest))


def _words(text: str) -> str:
    text = re.sub(r"\]\([^()\s]{0,600}\)", " ", text)
    return " ".join(filter(None, (word.strip(".,;:") for word in _MARKS.sub(" ", text).lower().split())))
