"""What a plan asks: the sentences of its tasks and of its prose that end with a question mark or say "please" (SEEDS S3.17)."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from branchline.model.plan import Task
from branchline.planfile.blocks import Doc
from branchline.planfile.drafts import Draft, plain

MOST: Final = 200
_CODE: Final = re.compile(r"^ *(`{3,}|~{3,}).*?(^ *\1[`~]* *$|\Z)|`[^`\n]*`", re.M | re.S)
_END: Final = re.compile(r"[.!?。！？:：](?=[\s\"'”’»)\]*_]|$|[^\x00-\x7f])")
_WRAP: Final = re.compile(r"(^[ \t]*[#|].*\n?)|(?<=[\w,;)\"'*-])[ \t]*\n[ \t]*(?=[^\W\d_])", re.M)
"""Where a sentence goes on in the next line; a heading or a row of a table does not."""
_PLEASE: Final = re.compile(r"\W*please\b", re.I)
_INK: Final = re.compile(r"[^\n]")
_LEAD: Final = re.compile(r"^[\s>#*+\-–—(\[\"'“‘«¿_]*(\[[ xX]\]\s*)?(\d+[.)]\s+)?[\s*_]*")


def of_plan(doc: Doc, owner: Sequence[Draft | None], tasks: Iterable[Task]) -> str:
    """The questions, a line each: the id of the task that carries it, nothing for one of the prose, a tab, the words."""
    found = [f"{task.id}\t{said}" for task in tasks for said in _of_task(task.title, task.body)]
    found += [f"\t{said}" for said in _of_prose(doc, owner)]
    return "\n".join(list(dict.fromkeys(found))[:MOST])


def _of_task(title: str, body: str) -> list[str]:
    return questions(title) + [said for said in questions(body) if said not in plain(title)]


def _of_prose(doc: Doc, owner: Sequence[Draft | None]) -> Iterator[str]:
    for block in doc.blocks:
        if block.kind in ("para", "item") and owner[block.line] is None:
            yield from questions("\n".join([block.text, *(part for _, part in block.lines if part != block.text)]))


def questions(text: str) -> list[str]:
    """The sentences of a text that ask, each on one line; code asks nothing, and a single word is a heading."""
    if "?" not in text and "？" not in text and "please" not in text.lower():
        return []
    text = _WRAP.sub(lambda wrap: wrap[1] or " ", text)
    masked = _CODE.sub(lambda code: _INK.sub("x", code[0]), text)
    lines = zip(text.split("\n"), masked.split("\n"), strict=True)
    found = (" ".join(_LEAD.sub("", plain(each)).split()) for line, bare in lines for each in _asking(line, bare))
    return [each for each in dict.fromkeys(found) if len(each.split()) > 2 or not each.isascii()]


def _asking(line: str, bare: str) -> Iterator[str]:
    """The sentences of one line that ask, code in `bare` masked; linear, for lines may be long."""
    start = 0
    for end in _END.finditer(bare):
        if end[0] in "?？" or _PLEASE.match(bare, start):
            yield line[start : end.end()]
        start = end.end()
    if _PLEASE.match(bare, start):
        yield line[start:]
