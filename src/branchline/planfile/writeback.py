"""Plan to text: one task's own box changes by one character, and nothing else changes at all (DESIGN, section 4)."""

import re

# Only the standard library: the coordinator ticks boxes while it must start fast.
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|$)")
_BOX = re.compile(r"([ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+\[)([ ~>/-])(\]\*?(?:[ \t\r\n]|$))")
_DONE = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+\[[xX]\]")
_FENCE = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])?[ \t]*(`{3,}|~{3,})(.*)$")
_COMPLETED = re.compile(r"(?:^|\s)completed:\d{4}-\d{2}-\d{2}(?=\s|$)")
_ID_END = re.compile(r"[\s:.)\]*`–—]|$")
_MARKS = re.compile(r"[*_`~\[\]]+")


def tick(text: str, line: int, title: str, task_id: str, dialect: str, on: str) -> str | None:
    """Mark a task as done in the text of its plan.

    `line` is where it stood (1-based); when lines have moved it is found again by its id, then by its title. `on` is
    the date (YYYY-MM-DD) that the dialect aidevops notes as `completed:`. None when the task has no open box of its
    own, or cannot be told from another one.
    """
    lines = [found[0] for found in _LINE.finditer(text)]
    hidden = _hidden(lines)
    place = _find(lines, hidden, line, title, task_id)
    if place is None:
        return None
    box = _BOX.match(lines[place])
    if box is None or (box[2] == "-" and dialect == "aidevops"):
        return None
    old = lines[place]
    lines[place] = old[: box.end(1)] + "x" + old[box.end(2) :]
    if dialect == "aidevops" and on and not _COMPLETED.search(old):
        lines[place] = _append(lines[place], f" completed:{on}")
    return "".join(lines)


def _append(line: str, words: str) -> str:
    bare = line.rstrip("\r\n")
    kept = bare.rstrip(" \t")
    return kept + words + bare[len(kept) :] + line[len(bare) :]


def _hidden(lines: list[str]) -> set[int]:
    """Give the places of lines in fences and comments, where no box is a box."""
    hidden: set[int] = set()
    mark, comment = "", False
    for place, line in enumerate(lines):
        if comment:
            hidden.add(place)
            comment = "-->" not in line
            continue
        found = _FENCE.match(line.rstrip("\r\n"))
        if mark:
            hidden.add(place)
            bare = line.strip()
            if bare and set(bare) == {mark[0]} and len(bare) >= len(mark):
                mark = ""
        elif found and not (found[1][0] == "`" and "`" in found[2]):
            mark = found[1]
            hidden.add(place)
        elif line.lstrip().startswith("<!--") and "-->" not in line:
            comment = True
            hidden.add(place)
    return hidden


def _find(lines: list[str], hidden: set[int], line: int, title: str, task_id: str) -> int | None:
    place = line - 1
    if 0 <= place < len(lines) and place not in hidden and _is_it(lines[place], title, task_id):
        return place
    boxes = [n for n, text in enumerate(lines) if n not in hidden and (_BOX.match(text) or _DONE.match(text))]
    for same, wanted in ((_by_id, task_id), (_by_title, title)):
        found = [n for n in boxes if same(lines[n], wanted)]
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
    return wanted in rest or (len(rest) >= 12 and wanted.startswith(rest))


def _words(text: str) -> str:
    text = re.sub(r"\]\([^()\s]{0,600}\)", " ", text)
    return " ".join(_MARKS.sub(" ", text).lower().split())
