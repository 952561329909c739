"""Tasks in a fence: `Task 1:` and what it does on the lines below, as the template of PRP plans writes its list."""

import re

from branchline.planfile.blocks import Block
from branchline.planfile.drafts import Draft, plain
from branchline.planfile.outline import Outline

_TASK = re.compile(r"\s{0,8}(?:-\s+)?task\s+(\d{1,3})\s*[:.\-–—]\s*(.*)$", re.IGNORECASE)
_INFO = frozenset({"", "yaml", "yml", "text", "markdown", "md"})


def take(out: Outline) -> None:
    """Take the tasks of the fences in sections of tasks; two of them make a list."""
    for fence in [block for block in out.doc.blocks if block.kind == "fence"]:
        if fence.section is None or fence.section.cls != "TASK" or fence.text.lower() not in _INFO:
            continue
        found = [(at, match) for at, (_, text) in enumerate(fence.lines) if (match := _TASK.match(text))]
        for at, match in found if len(found) > 1 else ():
            _take(out, fence, at, match)


def _take(out: Outline, fence: Block, at: int, match: re.Match[str]) -> None:
    line = fence.lines[at][0]
    below = next((text.strip() for _, text in fence.lines[at + 1 :] if text.strip()), "")
    block = Block("task", line, match[2].strip() or below.rstrip(":"), None, fence.section)
    block.candidate = True
    out.doc.blocks.append(block)
    draft = Draft(block, "head", "task of a fenced list", 0.8)
    draft.key, draft.number = "task", match[1]
    draft.title = plain(block.text) or f"Task {match[1]}"
    out.drafts[line] = draft.hang(out.above(fence.section))
