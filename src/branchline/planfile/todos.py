"""The `todos:` that Cursor writes in a plan's front matter: `- id:`, `content:`, `status:`; they are tasks of the plan."""

import re

from branchline.planfile.blocks import Block, Doc
from branchline.planfile.drafts import Draft, legal, normal
from branchline.planfile.outline import Outline
from branchline.planfile.sections import head

_KEY = re.compile(r"(\s*-\s+|\s+)(id|content|status):\s*(.*)$")
_OTHER = re.compile(r"\s+(?:-\s+)?([\w-]{1,40}):(?:\s+(.*))?$")
_DEPENDS = frozenset({"dependencies", "depends_on"})
_COMMENT = re.compile(r"(?:^|\s)#.*")
_STATES = {"completed": "done", "in_progress": "wip", "cancelled": "declined", "dnf": "declined", "skipped": "declined"}


Todo = tuple[Block, list[str]]
"""A block, `text` being the content, `number` the id, `box` the state; and the ids that it depends on."""


def todos(doc: Doc) -> list[Todo]:
    """List the todos of the front matter."""
    end = doc.hidden[0][1] if doc.hidden and doc.hidden[0][2] == "front matter" else 0
    found: list[Todo] = []
    inside = waits = False
    for number in range(1, end - 1):
        line = doc.lines[number]
        if line and not line[0].isspace() and not line.startswith("-"):
            inside = _COMMENT.sub("", line).rstrip() == "todos:"
            continue
        key = _KEY.match(line) if inside else None
        if key is not None:
            waits = False
            if "-" in key[1]:
                found.append((Block("todo", number + 1, ""), []))
            if found:
                _set(found[-1][0], number + 1, key[2], key[3].strip())
        elif found and inside:
            other = _OTHER.match(line)
            waits = waits if other is None else other[1] in _DEPENDS
            if waits:
                found[-1][1].extend(_names(line if other is None else other[2] or ""))
    return [todo for todo in found if todo[0].text]


def _names(text: str) -> list[str]:
    """The ids of `[a, "b"]`, of `- a`, or of one line of a list that goes on over more."""
    listed = _COMMENT.sub("", text).strip().removeprefix("- ").strip("[] ")
    return [name for each in listed.split(",") if (name := each.strip(" \"'")) not in ("", "null", "~")]


def _set(block: Block, line: int, key: str, value: str) -> None:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1].replace("''", "'")
    if key == "content":
        block.text, block.line, block.end = value, line, line
    elif key == "id":
        block.number = value
    else:
        block.box = _STATES.get(_COMMENT.sub("", value).strip().lower(), "open")


def take(out: Outline) -> None:
    """Make tasks of the todos; those that headings of the plan say again, or are as many as, only tell these headings' state."""
    found = todos(out.doc)
    if not found:
        return
    numbered = {
        (said.role, said.number): line for line, said in out.heads.items() if line in out.drafts and said.number
    }
    steps = [line for line, said in out.heads.items() if line in out.drafts and said.role in ("task", "step")]
    titled = {normal(draft.title): draft.line for draft in out.drafts.values()}
    out.doc.blocks[:0] = [block for block, _ in found]
    for place, (block, waits) in enumerate(found):
        block.candidate = True
        said = head(block.text)
        same = numbered.get((said.role, said.number)) if said.role else titled.get(normal(block.text))
        if len(steps) == len(found):  # one for each, in other words
            same = steps[place]
        if same is None:
            draft = Draft(block, "todo", "todo of the front matter")
            draft.title = said.title if said.role else block.text
            draft.hard = block.number if block.number and legal(block.number) else ""
            draft.fields = {"blocked-by": waits, "ref": [block.number] if block.number else []}
            out.drafts[block.line] = draft
        else:
            block.fate, block.why = "duplicate", f"says again what line {same} says"
            out.drafts[same].mark = block.box or "open"
