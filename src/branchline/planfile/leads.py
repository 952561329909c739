"""Work that prose tells: lists that a sentence announces (`To go live we need to:`), lists that lost their marks (rule 7)."""

import re

from branchline.planfile import words
from branchline.planfile.blocks import Block
from branchline.planfile.contents import take_items
from branchline.planfile.outline import Outline
from branchline.planfile.plain import LIST_CLASSES, MANY, NEGATIVE, named_so, plain_task
from branchline.planfile.sections import acts, any_verb, classify

_SAYS_WORK = re.compile(any_verb(words.LEADS), re.IGNORECASE)
_LABEL = re.compile(r"[:：]\s?")
_SENTENCE = re.compile(r"[.!?]\s|[。！？]")


def paragraphs(out: Outline) -> None:
    """Paragraphs of a line each, most of which act, are the list of a section of work whose marks were lost."""
    for heading in filter(named_so, out.headings):
        said = [para for para in out.paras.get(heading.line, ()) if len(para.lines) == 1]
        acting = [para for para in said if acts(para.text)]
        if len(said) >= MANY and len(acting) * 2 > len(said):
            for para in acting:
                para.candidate = True
            take_items(out, acting, 0.6, heading.cls)


def announced_lists(out: Outline) -> None:
    """Take the lists that a sentence announces."""
    for section, items in _announced(out):
        take_items(out, items, 0.6, section.cls if section is not None else "")


def _announced(out: Outline) -> list[tuple[Block | None, list[Block]]]:
    """Find the lists behind a sentence that ends in a colon and says that work is left, each with its section.

    In a text of one section at most, a letter or an issue, a longer list of which most acts needs no such words, and the
    only list no colon.
    """
    short = len(out.headings) < 2
    lists = _led(out)
    found: list[tuple[Block | None, list[Block]]] = []
    for lead, listed in lists:
        opens = lead.lines[-1][1].rstrip("*_ ").endswith((":", "："))
        told = opens and _says_work(lead)
        for item in listed:
            if told and item.label == "note":
                item.label = ""  # `Approach:` over a list that is all there is says what is done
        items = [item for item in listed if plain_task(item)]
        letter = short and (opens or len(lists) == 1) and len(items) >= MANY and _mostly_act(items)
        if (letter or (told and len(items) > 1)) and _may_hold(lead.section, short):
            found.append((lead.section, items))
    return found


def _led(out: Outline) -> list[tuple[Block, list[Block]]]:
    """Each paragraph that a list stands right behind, with the items of the list."""
    found: list[tuple[Block, list[Block]]] = []
    lead: Block | None = None
    for block in out.doc.blocks:
        if block.parent is not None:
            continue
        if block.kind != "item":
            lead = block if block.kind == "para" else None
        elif lead is not None and found and found[-1][0] is lead:
            found[-1][1].append(block)
        elif lead is not None:
            found.append((lead, [block]))
    return found


def _may_hold(section: Block | None, short: bool) -> bool:
    """A section that describes lists no work; a title alone, such as `Status of the parser`, stands over all of it."""
    return section is None or section.cls not in NEGATIVE or (short and section.cls == "NONTASK")


def _says_work(lead: Block) -> bool:
    said = _SENTENCE.split(" ".join(text for _, text in lead.lines))[-1]
    return classify(said)[0] in LIST_CLASSES or _SAYS_WORK.search(said) is not None


def _mostly_act(items: list[Block]) -> bool:
    return sum(any(map(acts, _LABEL.split(item.text, maxsplit=1))) for item in items) * 2 > len(items)
