"""Whether a line tells something to do, by its verb and whom it speaks of (rule 7)."""

import re
from functools import lru_cache

from branchline.planfile import words
from branchline.planfile.blocks import REMEMBERED
from branchline.planfile.sections import PAREN, SPACELESS, WORD, bare, head

_FIRST_VERBS = tuple(verb for verb in words.FIRST_VERBS if SPACELESS.search(verb))
_LAST_VERBS = tuple(verb for verb in words.LAST_VERBS if SPACELESS.search(verb))
_VERB = re.compile(rf"{WORD.pattern}(?!\s?[:：])")
"""`Render: by hand` names something."""
_CALLED = re.compile(r"^(?:@[\w-]{1,40}[\s+&,]{1,4}){1,4}(?:to\s)?(?=\w)")
_NAMED = re.compile(r"^(?!It |This |That |There )[A-Z]\w{1,20}\s(?:will|(to)|should|must|needs to)\s(?=\w)")
"""Whom an item speaks of: `@kim to draw it`, `Kim will draw it`; but `Migrate to it` speaks of no one."""
_INFINITIVE = re.compile(r"[а-яёіїєґ]{2,}(?:[аеиоуыяі]ть(?:ся)?|ти(?:ся|сь)?)")
_ENDS = re.compile(rf"\s(?:{'|'.join(verb for verb in words.LAST_VERBS if not SPACELESS.search(verb))}|\w+ieren)$")


@lru_cache(maxsize=REMEMBERED)
def acts(text: str) -> bool:
    """Say whether a text tells something to do by its verb: `Add a grid`, `Ann: fix it`, `添加日志`, `Karten zeichnen`."""
    text = _CALLED.sub("", text)
    text = head(text).title or bare(text)
    named = _NAMED.match(text)
    if named and not (named[1] and _acts(text.lower())):
        text = text[named.end() :]
    text = text.lower()
    label, _, rest = text.partition(": ")
    return _acts(text) or (" " not in label and _acts(rest))


def _acts(text: str) -> bool:
    first = _VERB.match(text)
    if text.startswith(_FIRST_VERBS) or (
        first is not None and (first[0] in words.FIRST_VERBS or _INFINITIVE.fullmatch(first[0]))
    ):
        return True
    said = PAREN.sub("", text.split(":", 1)[0]).strip(" .。!*_`")
    return said.endswith(_LAST_VERBS) or _ENDS.search(said) is not None
