"""What a text enumerates, read by rules: list, numbered clauses, steps in order; and why it is one thing where it is."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final, NamedTuple

from branchline.decompose import words


class Part(NamedTuple):
    """One of the deliverables of a text, and the numbers, from 0, of those that come before it."""

    title: str
    after: tuple[int, ...] = ()


class Found(NamedTuple):
    """The parts of a text, none when it is one thing; `sure` is 0..1, `why` is for people."""

    parts: tuple[Part, ...]
    sure: float
    why: str


_AND: Final = (
    r"(?:\s+(?:and|und|y|et|и|och|ja|oraz|ve|as\s+well\s+as|along\s+with|plus|&)\s+|\s+\+\s+|和|及び|以及|と|및)"
)
_LAST_AND: Final = rf"(?:{_AND}|\s+(?:or|e|en|i|sowie)\s+)"
_CHAIN: Final = re.compile(_AND, re.I)
_LAST: Final = re.compile(rf"(.*\S){_LAST_AND}(\S.*)", re.I | re.DOTALL)
_OXFORD: Final = re.compile(r"(?:and|und|y|et|e|en|i|и|och|ja|oraz|ve|or|plus|&|as well as|sowie)\s+", re.I)
_COMMA: Final = re.compile(r"\s*(?:,\s+|,$|[、，])")
_THEN: Final = (
    r"(?:then|after\s+that|afterwards|thereafter|subsequently|followed\s+by|and\s+finally"
    r"|dann|danach|anschließend|luego|después|puis|ensuite|depois|poi|затем|потом|daarna|następnie)"
)
_STEP: Final = re.compile(
    rf"(?:[,;.]\s*|\s+)(?:(?:and|und|y|et|и)\s+)?{_THEN}(?:\s*[,:])?\s+"
    r"|[,;.]\s*(?:and\s+)?(?:finally|next|lastly|zuletzt|schließlich|finalmente|enfin)\s*,?\s+|[,，;；]?(?:然后|接着)",
    re.I,
)
_THEN_AT: Final = re.compile(rf"(?P<this>^(?:and\s+)?{_THEN}\s*[,:]?\s+)|[\s,;.]\s*(?:and\s+)?{_THEN}\s*[.,;:]?$", re.I)
_FIRST: Final = re.compile(r"(?:first(?:ly)?|zuerst|primero|d'abord|primeiro|to begin with)\s*[,:]?\s+", re.I)
_STOP: Final = re.compile(r"\s*[;；]\s*(?:and\s+)?|(?<=\w[\w)])[.。!]\s+(?=\S)|\n+")
_ITEM: Final = re.compile(r"^\s*(?:[-*•+–]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s+(?:\[[ xX]?\]\s+)?(\S.*)$")
_INLINE: Final = re.compile(r"(?:^|(?<=[\s:,;]))\(?(\d{1,2}|[a-j])[.)]\s+", re.I)
_HOLDS: Final = re.compile(
    r"\s+(?:with|including|incl\.|featuring|comprising|containing|consisting\s+of|composed\s+of|made\s+up\s+of|that\s+has|mit|"
    r"inklusive|einschließlich|con|incluyendo|avec|com|incluindo|met|z|с|med)\s+|\s*[:：]\s+",
    re.I,
)
_HOLDS_NEXT: Final = re.compile(r"(?:with|including|featuring|containing|such as|like|mit|con|avec)\s+", re.I)
_OF: Final = re.compile(
    r"\s+(?:for|of|in|on|from|to|into|by|using|via|about|across|between|through|over|under|at|as|that|which|who|where|when|why|"
    r"how|whether|if|after|before|until|without|against|per|so|covering|around|regarding|concerning|für|von|aus|bei|para|pour|por)\s+",
    re.I,
)
_PLACE: Final = re.compile(
    r"\s(?:(?:in|inside|within|from|across|throughout|on)\s+(?:(?:the|our|this|that|every|each)\s.*|`.*|\S*[/_]\S*)|(?:to|into)\s.*)$"
)
_ARTICLE: Final = re.compile(r"(?:an?|ein|eine|einen|une?|una|um|uma|uno)\s", re.I)
_SAID: Final = re.compile(
    r"(?:\[[^\]\n]*\]\s*|(?:t|T|#)?\d+(?:\.\d+)*[.:)]?\s+(?=\D)|[A-Z]{2,6}-\d+:?\s+|(?:todo|task|goal|story)(?:\s+\d+)?\s*:\s*"
    r"|please\s+|let(?:'|’)s\s+|let us\s+|(?:can|could) you\s+|(?:we|you|i) (?:need|want|have|would like) (?:you )?(?:to )?"
    r"|i(?:'|’)d like (?:you )?(?:to )?|we should\s+"
    r"|as an? [^,\n]{1,60},\s*i (?:want|need|can|would like)(?: to)?(?: be able to)?\s+)",
    re.I,
)
_COMMIT: Final = re.compile(r"([a-z]+)(?:\([^)\n]*\))?!?:\s+")
_WHILE: Final = re.compile(
    r"(?:if|when|whenever|once|after|before|while|unless|because|since|wenn|falls|si|quand|cuando)\b", re.I
)
_ASIDE: Final = re.compile(
    r"\s*\([^()]*\)|\s+(?:so that|in order to|because|such that|e\.g\.|i\.e\.)\s.*", re.I | re.DOTALL
)
_ABOUT: Final = re.compile(
    r"accept|criteri|verif|steps|note|context|constraint|example|done when|reproduc|background|why|see also", re.I
)
_DETAIL: Final = re.compile(r"(?<=\w)[`*)]*\s+(?:[–—]|--)\s+")
_THAT: Final = re.compile(r"(?:which|who|whose|die|der|das|que|qui|che|która|który)\s", re.I)
_COUNT: Final = re.compile(r"(?:multiple|several|various|both|(?:the\s+)?following)\s+", re.I)
_AND_MAKE: Final = re.compile(
    rf"{_AND}(?=(?:{'|'.join(sorted((words.MAKE | words.ADD) - words.NOUNS))})\s"
    rf"|(?:{'|'.join(sorted(words.NOUNS))})\s+(?:the|an?|our)\s)",
    re.I,
)
_PAIRED: Final = "\ue000"
"""What stands between two words that name one thing, while the list around them is taken apart."""
_MANY: Final = 8
"""Words of an item beyond which it is prose."""


def enumeration(text: str) -> Found:
    """What a text asks for, part by part, or as one thing; nothing it names is dropped."""
    lines = (line.rstrip() for line in unicodedata.normalize("NFC", text).splitlines())
    text = re.sub(r"(?<=\S)[^\S\n]{2,}", " ", "\n".join(line for line in lines if line)).strip()
    return _lines(text) or _inline(text) or _prose(_bare(text))


def _prose(text: str) -> Found:
    commit = _COMMIT.match(text)
    if commit and commit[1] in words.PREFIXES:
        return Found((), 0.9, f"{commit[1]}: works on what is there")
    text = text[commit.end() :] if commit and commit[1] in ("feat", "feature", "build") else text
    text = _DETAIL.split(text, maxsplit=1)[0]
    aside, comma, rest = text.partition(", ")
    text = rest if comma and _WHILE.match(aside) and verb_of(rest) in words.MAKE else text
    return _steps(text) or _clauses(text) or _sentence(text)


def _bare(text: str) -> str:
    """The text without id, label, box and politeness before it."""
    said = _SAID.match(text)
    while said and said.end() < len(text):
        text = text[said.end() :]
        said = _SAID.match(text)
    return text


def verb_of(text: str) -> str:
    """The verb that a text begins with, in lower case, when it is one of those that the rules know."""
    found = re.match(r"([^\W\d]+(?:-[^\W\d]+)*)(?:\s+(\S+))?", text)
    word, after = (found[1].lower(), (found[2] or "").lower()) if found else ("", "")
    if word == "set" and after == "up":
        return "setup"
    if word.startswith(("refactor", "refaktor")):
        return "refactor"
    if word == "make" and after in ("the", "it", "all", "sure"):
        return "change"
    if word in words.MAKE or word in words.ADD or word in words.CHANGE:
        return word
    return next((sign for sign in words.SIGNS if text.startswith(sign)), "")


def _makes(verb: str) -> bool:
    return verb in words.MAKE or verb in words.ADD


def _lines(text: str) -> Found | None:
    """A list of lines below a text."""
    lines = text.split("\n")
    at = [number for number, line in enumerate(lines) if _ITEM.match(line)]
    if len(at) < 2:
        return None
    depth = min(len(lines[number]) - len(lines[number].lstrip()) for number in at)
    top = [number for number in at if len(lines[number]) - len(lines[number].lstrip()) <= depth + 1]
    items = [found[1].strip() for number in top if (found := _ITEM.match(lines[number]))]
    return _listed(" ".join(line.strip() for line in lines[: at[0]]).strip(), items)


def _inline(text: str) -> Found | None:
    """Numbers or letters in one line: `1. one 2. two`, `a) one b) two`."""
    marks = list(_INLINE.finditer(text))
    order = [mark[1].lower() for mark in marks]
    if len(marks) < 2 or order not in ([str(n + 1) for n in range(len(order))], list("abcdefghij")[: len(order)]):
        return None
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    items = [text[mark.end() : end].strip(" ,;.\n") for mark, end in zip(marks, ends, strict=True)]
    return _listed(text[: marks[0].start()].strip(), [re.sub(r"[,;]?\s+and$", "", item) for item in items])


def _listed(head: str, items: Sequence[str]) -> Found | None:
    """Items that stand below or behind a head, each with a mark of its own."""
    head = _bare(head)
    verb, things = verb_of(head), [item for item in items if item]
    if len(things) < 2:
        return None
    about = re.split(r"[.:]\s", head.rstrip(":"))[-1] if head else ""
    about = re.sub(r"\b(?:the\s+)?(?:following|these)\b", "", about).strip()
    if verb in words.CHANGE or _ABOUT.search(about.split("\n")[-1]):
        return Found((), 0.8, "the list below it tells how, not what else")
    if _is_part(_head_of(about), verb):
        return Found((), 0.7, f"what is listed belongs to one thing, the {_head_of(about)}")
    if 2 * sum(verb_of(item) in words.CHANGE for item in things) > len(things):
        return Found((), 0.7, "what is listed are steps of one change")
    parts = tuple(Part(_titled(_lead(head), item), after) for item, after in _staged(things))
    return Found(parts, 0.85, f"it lists {len(parts)} deliverables")


def _staged(items: Sequence[str]) -> list[tuple[str, tuple[int, ...]]]:
    """Items with the numbers of those before them: all of the stage before, where a `then` stands between two."""
    staged: list[tuple[str, tuple[int, ...]]] = []
    before, stage, following = range(0), 0, False
    for place, item in enumerate(items):
        said = [bool(found["this"]) for found in _THEN_AT.finditer(item)]
        if following or True in said:
            before, stage = range(stage, place), place
        following = False in said
        staged.append((_THEN_AT.sub("", item), tuple(before)))
    return staged


def _steps(text: str) -> Found | None:
    """Stages in order: `X, then Y`; a stage that is a list itself gives all its items."""
    if _WHILE.match(text):
        return None
    stages = [_FIRST.sub("", stage).strip(" ,;.") for stage in _STEP.split(text)]
    stages = [stage for stage in stages if stage]
    if len(stages) < 2:
        return None
    inners = [() if _HOLDS.search(stage) else _sentence(stage).parts for stage in stages]
    if not any(inners) and not _independent(stages, _MANY):
        return Found((), 0.7, "its steps are one piece of work")
    parts: list[Part] = []
    before: tuple[int, ...] = ()
    for stage, inner in zip(stages, inners, strict=True):
        titles = [part.title for part in inner] or [_titled(_lead(stages[0]), stage)]
        first = len(parts)
        parts += [Part(title, before) for title in titles]
        before = tuple(range(first, len(parts)))
    return Found(tuple(parts), 0.85, f"it names {len(stages)} deliverables, one after another")


def _clauses(text: str) -> Found | None:
    """Clauses apart: semicolons, sentences, or commas before verbs."""
    clauses = [_unjoined(clause) for piece in _STOP.split(text) if (clause := piece.strip(" ,;."))]
    if len(clauses) < 2:
        pieces = [_unjoined(piece) for piece in _COMMA.split(text) if piece]
        clauses = [each.strip(" .") for piece in pieces for each in _AND_MAKE.split(piece)]
        if len(clauses) < 2 or not all(verb_of(clause) and " " in clause for clause in clauses):
            return None
    if not _independent(clauses, 3):
        return _sentence_or(clauses)
    return Found(
        tuple(Part(_titled(_lead(clauses[0]), clause)) for clause in clauses),
        0.75,
        f"it asks for {len(clauses)} things apart",
    )


def _sentence_or(clauses: Sequence[str]) -> Found:
    """The list in the first of several sentences that are no deliverables each; what follows it explains."""
    first = _sentence(clauses[0])
    explained = first.parts and not any(_makes(verb_of(each)) for each in clauses[1:])
    return first if explained else Found((), 0.6, "one concern")


def _unjoined(piece: str) -> str:
    """A piece of a list without the `and` before it."""
    joined = _OXFORD.match(piece)
    return piece[joined.end() :] if joined else piece


def _independent(clauses: Sequence[str], longest: int) -> bool:
    """Whether two clauses at least make something; one of up to `longest` words without a verb shares that of the first."""
    first = verb_of(clauses[0])
    if len(clauses) > 2 and not any(
        verb_of(clause) or _points_back(clause) or len(clause.split()) > 3 for clause in clauses
    ):
        return True
    made = [
        clause
        for place, clause in enumerate(clauses)
        if (
            _makes(verb_of(clause))
            or (_makes(first) and not verb_of(clause) and place and len(clause.split()) <= longest)
        )
        and not _points_back(clause)
    ]
    real = [clause for clause in made if not _companion(clause)]
    return _makes(first) and len(real) >= 2


def _points_back(clause: str) -> bool:
    return bool(words.CLAUSE & {*re.findall(r"\b[a-z']+\b", clause)})


def _companion(clause: str) -> bool:
    return _head_of(clause) in words.COMPANION


def _sentence(text: str) -> Found:
    """A list inside one clause."""
    text = _ASIDE.sub("", " ".join(text.split())).strip(" .!")
    for one, other in words.PAIRS:
        text = re.sub(rf"\b({one}) and ({other})\b", rf"\1{_PAIRED}\2", text, flags=re.I)
    verb = verb_of(text)
    if verb in words.CHANGE:
        return Found((), 0.9, f"to {verb} is to work on what is there: one concern")
    if _WHILE.match(text):
        return Found((), 0.6, "its list says when or why")
    holder, link, lead, items = _items(text)
    if len(items) < 3:
        return Found(
            (),
            0.9 if len(items) < 2 else 0.7,
            "it names one deliverable" if len(items) < 2 else "two at most: in doubt one",
        )
    doubt = _doubt(verb, holder, link, items)
    if doubt:
        return Found((), 0.6, doubt)
    own = [item.replace(_PAIRED, " and ") for item in items]
    sure = 0.8 if verb in words.MAKE else 0.65
    parts = tuple(Part(_titled(lead, item, own=_makes(verb_of(item)))) for item in own)
    return Found(parts, sure, f"it enumerates {len(own)} deliverables")


def _items(text: str) -> tuple[str, str, str, list[str]]:
    """What holds the list, the word between, what titles begin with, and the items; a list behind the verb has no holder."""
    pieces = [piece.strip() for piece in _COMMA.split(text) if piece.strip()]
    for place, piece in enumerate(pieces[1:], 1):
        following = _HOLDS_NEXT.match(piece)
        if following and len(pieces) - place >= 2:
            holder, link, _, items = _items(", ".join([piece[following.end() :], *pieces[place + 1 :]]))
            return holder or ", ".join(pieces[:place]), link or "with", _lead(text), items
    first = pieces[0] if pieces else ""
    lead = _lead(first)
    chain = _CHAIN.search(first) if len(pieces) == 1 else None
    end, link, start = 0, "", len(lead)
    for pattern, name in ((_HOLDS, "with"), (_OF, "of")):
        for found in pattern.finditer(first):
            if found.end() > start and (not chain or found.start() <= chain.start()):
                end, link, start = found.start(), name, found.end()
    items = _ended([first[start:].strip(), *pieces[1:]])
    items[0] = _COUNT.sub("", items[0], count=1)
    return first[:end], link, first[:start].strip() if link == "of" else lead, items


def _ended(pieces: list[str]) -> list[str]:
    """The items of comma pieces: `and` before the last one, or inside it; with no comma an `and` between all."""
    if len(pieces) == 1:
        chain = [piece for piece in _CHAIN.split(pieces[0]) if piece.strip()]
        return chain if len(chain) > 2 else pieces
    oxford = _OXFORD.match(pieces[-1])
    pieces = [pieces[0], *map(_unjoined, pieces[1:])]
    if oxford:
        return pieces
    last = _LAST.fullmatch(pieces[-1])
    return [*pieces[:-1], last[1], last[2]] if last else pieces


def _lead(text: str) -> str:
    """The verb at the start of a text with what goes with it."""
    if not verb_of(text):
        return ""
    found = re.match(
        r"[^\s:]+(?:\s+(?:up|out)\b)?(?:\s+(?:and|&)\s+(?:build|implement|create|develop|write|test)\b)?", text
    )
    return found[0] if found else ""


def _doubt(verb: str, holder: str, link: str, items: Sequence[str]) -> str:
    """Why a list of three or more is no list of deliverables; empty when it is one."""
    last = items[-1]
    heads = [_head_of(item) for item in items]
    if any(len(item.split()) > _MANY or _points_back(item) for item in items):
        return "its commas part a sentence, not a list"
    if heads[0] in words.PART and any(_THAT.match(item) for item in items[1:]):
        return f"its commas tell more of the {heads[0]}"
    if link == "of" and _head_of(holder) not in words.WHOLE:
        return "the list tells more of one thing"
    if link == "with" and (_is_part(_head_of(holder), verb) or holder.split(" ")[0].lower() in words.CHANGE):
        return f"what is listed belongs to one thing, the {_head_of(holder)}"
    if sum(head not in words.COMPANION for head in heads) < 2:
        return "what is listed goes with one deliverable"
    if all(head in words.TINY for head in heads):
        return "what is listed is too small to stand alone"
    others = [_ARTICLE.sub("", item, count=1) for item in items[:-1]]
    if (
        heads[-1] in words.TINY
        and " " in last
        and max(len(each.split()) for each in others) <= 1 + heads[-1].endswith("s")
    ):
        return f"the items are {heads[-1]} of one thing"
    if others[0].split(" ")[0].lower() in words.MANY_OF or re.search(r"\w['’]s\s", others[0]):
        return f"the list names what there is of one thing: {others[0]}"
    if sum(bool(_ARTICLE.match(item)) for item in items) >= 2:
        return ""
    place = _PLACE.search(last)
    if place and not words.WHOLE & {*re.findall(r"[\w-]+", place[0].lower())}:
        return f"all of it is in one place:{place[0]}"
    if any("`" in item or re.fullmatch(r"[\w./-]+\.\w{1,5}|\w+\(\)|--?\w\S*", item) for item in items):
        return "what is listed are names in the code"
    if verb_of(last) and all(" " not in item for item in items[:-1]) and re.match(r"\w+\s+(?:the|a|an|all)\s", last):
        return "several verbs for one thing"
    return ""


def _is_part(head: str, verb: str) -> bool:
    """Whether what holds a list is small enough to be one task with it."""
    if head in words.WHOLE:
        return False
    small = words.PART | words.TINY | words.COMPANION
    return head in small or verb in words.ADD or (head.endswith("ing") and _makes(verb))


def _head_of(text: str) -> str:
    """The noun that says what a phrase is: its last word before anything that tells more of it."""
    phrase = re.split(_OF.pattern + "|" + _HOLDS.pattern, f"{text} ", maxsplit=1, flags=re.I)[0]
    found = re.findall(r"[^\W_][\w-]*", phrase.lower())
    return found[-2] if len(found) > 1 and found[-2] in words.NAMED else found[-1] if found else ""


def _titled(lead: str, item: str, own: bool | None = None) -> str:
    """The title of a part: behind the verb of its text where it has none of its own."""
    item = item.strip(" ,;.")
    own = bool(verb_of(item)) if own is None else own
    title = item if own or not _makes(verb_of(lead)) else f"{lead} {item}"
    return title[:1].upper() + title[1:]
