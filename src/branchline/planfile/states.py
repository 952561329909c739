"""How far a task is by its plan: a box, a mark or word in the heading, a status line, its section, the whole plan."""

import re
from collections.abc import Mapping

from branchline.planfile import words
from branchline.planfile.drafts import Draft
from branchline.planfile.fields import mark_of, state_of_label
from branchline.planfile.sections import STATE_OF

_DONE_TAG = re.compile(r"(?:^|\s)@done\b(?:\([^)]{0,40}\))?", re.IGNORECASE)
_STRUCK = re.compile(r"(~{1,2})(?=[^\s~])(.*[^\s~])\1\s*$", re.DOTALL)
"""Struck through, by one tilde or two (GitHub Flavored Markdown, strikethrough)."""
_MARKS = "".join(words.DONE_MARKS + words.WIP_MARKS + words.OPEN_MARKS)
_TAILS = (
    re.compile(r"[(\[（【]([^()\[\]（）【】]{1,60})[)\]）】]\W{0,40}$"),
    re.compile(r"\s[-–—]\s([^-–—]{1,30})$"),
    re.compile(r"^\W{0,4}[(\[（【]([^()\[\]（）【】]{2,30})[)\]）】][*_]{0,2}\s"),
)
"""Where a heading or an item may say how far it is: in brackets at its end or its beginning, or behind a dash."""
_LABEL = re.compile(r"[*_]{0,2}([^\W\d_][^:：()\[\]*_]{1,20})[*_]{0,2}[:：][*_]{0,2}\s*(?=\S)")
"""`Done: draw it`."""
_DASHED = re.compile(r"([^\W\d_][^:：()\[\]–—-]{1,20})\s[–—-]\s(?=\S)")
"""`not started - draw it`."""
_STATE_COLUMNS = ("column:status", "column:priority")
_PARTS = re.compile(r"\s[-–—]\s|[,，;；|]")


def state_of(draft: Draft, status: str, marks: Mapping[str, str], whole: str) -> tuple[str, bool]:
    """Give the plan's own mark of a task, and whether it needs a person's word.

    Box, heading mark, `status` (what its status line says), all steps done, a checklist that repeats it, section, and
    `whole`, the status of the whole plan, in this order.
    """
    block = draft.block
    if draft.role == "todo":
        return block.box or "open", False
    section = block.section.cls if block.section is not None else ""
    if "@done" in block.text.lower() and _DONE_TAG.search(block.text):
        return "done", False
    if block.box is not None:
        said = marks.get(block.box, "?")
        if said == "?":
            return "open", True
        if said == "open":
            if _STRUCK.match(draft.title):
                return "declined", False
            return {"WIP": "wip", "FUTURE": "deferred", "DECLINED": "declined"}.get(section, "open"), False
        return said, False
    said = heading_mark(block.text) if draft.role != "xml" else ""
    said = said or mark_of(status)
    said = said or next(
        (mark for name in _STATE_COLUMNS for value in draft.fields.get(name, ()) if (mark := mark_of(value))), ""
    )
    if not said and draft.steps and not draft.kids and all(marks.get(box) == "done" for box in draft.steps):
        said = "done"
    said = said or draft.mark
    if not said and draft.role != "xml":
        own = block.cls if block.kind == "heading" else section
        said = STATE_OF.get(own, "")
    if not said and draft.parent is not None and draft.parent.role == "phase":
        said = "done" if heading_mark(draft.parent.block.text) == "done" else ""
    return said or ("done" if mark_of(whole) == "done" else "open"), False


def heading_mark(text: str) -> str:
    """Give the state that a heading tells: struck through, a mark, or a word beside it."""
    if _STRUCK.match(text):
        return "done"
    said = mark_of(text) if any(mark in text for mark in _MARKS) else ""
    label = _LABEL.match(text)
    said = said or (state_of_label(label[1]) if label else "")
    tails = [found[1] for tail in _TAILS if (found := tail.search(text))]
    return said or next((mark for tail in tails for part in _PARTS.split(tail) if (mark := mark_of(part))), "")


def clean_title(title: str, *, boxed: bool = False) -> str:
    """Take `@done`, strike-through and a state before it off a title: in brackets, or as a label where no box tells it."""
    title = _DONE_TAG.sub("", title) if "@done" in title.lower() else title
    said, label, dashed = _TAILS[-1].match(title), _LABEL.match(title), _DASHED.match(title)
    if said and (mark_of(said[1]) or state_of_label(said[1])):
        title = title[said.end() :]
    elif dashed and state_of_label(dashed[1]):
        title = title[dashed.end() :]
    elif label and not boxed and state_of_label(label[1]):
        title = title[label.end() :]
    title = title.strip().strip(_MARKS + "\ufe0f").strip()
    struck = _STRUCK.match(title)
    return struck[2].strip() if struck else title
