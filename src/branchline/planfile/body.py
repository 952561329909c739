"""What stands below a task: which lines are its own, and what they say (files, checks, criteria, states)."""

import re

from branchline.model.plan import Check, FileRef
from branchline.planfile import checks, labels, tables, words, xmltask
from branchline.planfile.blocks import Block, Doc
from branchline.planfile.commands import SHELLS, fence_commands, is_program
from branchline.planfile.drafts import Draft
from branchline.planfile.edges import independent
from branchline.planfile.fields import (
    Field,
    field,
    hours,
    merge_files,
    path_of,
    paths,
    refs,
    spans,
)
from branchline.planfile.outline import Outline
from branchline.planfile.sections import classify
from branchline.planfile.told import commands_told, expects_failure, is_run_step

_FILE_KINDS = frozenset({"files", "create", "modify", "test"})
_NAMING = frozenset({"worker", "agent", "model", "variant", "temperature"})
_NAME = re.compile(r"[A-Za-z0-9][\w.:/@+-]{0,127}")
_REF_KINDS = frozenset({"depends", "blocks"})


class Reading:
    """What the lines of one task said."""

    __slots__ = ("criteria", "draft", "files", "mentions", "needs", "pending", "prose", "ran", "refs", "said", "shown")

    def __init__(self, draft: Draft | None) -> None:
        self.draft = draft
        self.files: list[FileRef] = []
        self.mentions: list[FileRef] = []
        self.ran: list[checks.Ran] = []
        self.shown: list[checks.Ran] = []
        self.criteria: list[str] = []
        self.needs: list[str] = []
        self.refs: list[tuple[str, str, int]] = []
        self.prose: list[tuple[int, str]] = []
        self.said: dict[str, str] = {}
        self.pending: Field | None = None


def owners(doc: Doc, drafts: list[Draft]) -> list[Draft | None]:
    """Give, for every line (index 0 is unused), the innermost task whose text it is part of."""
    _extend(doc, drafts)
    starts = {draft.line: draft for draft in drafts}
    owner: list[Draft | None] = [None] * (len(doc.lines) + 2)
    stack: list[Draft] = []
    for line in range(1, len(doc.lines) + 1):
        while stack and stack[-1].end < line:
            stack.pop()
        if line in starts:
            stack.append(starts[line])
        owner[line] = stack[-1] if stack else None
    return owner


def _extend(doc: Doc, drafts: list[Draft]) -> None:
    """Let a heading's draft reach down to the next heading of its level or above."""
    ends: dict[int, int] = {}
    stack: list[Block] = []
    for block in doc.blocks:
        if block.kind == "tag" and block.text.startswith("</"):
            for open_one in stack:
                ends[open_one.line] = block.line - 1
            stack.clear()
        if block.kind != "heading":
            continue
        while stack and stack[-1].level >= block.level:
            ends[stack.pop().line] = block.line - 1
        stack.append(block)
    starts = {draft.line: draft for draft in drafts}
    for draft in drafts:
        if draft.block.kind == "heading":
            draft.end = ends.get(draft.line, len(doc.lines))
    _loose(doc, starts)


def _loose(doc: Doc, starts: dict[int, Draft]) -> None:
    """Let a box reach over the unindented lines below it, when they begin with a field (`**Files:**`) of its own.

    Below several boxes in a row a field speaks of all of them.
    """
    current: Draft | None = None
    reaching = listed = False
    for block in doc.blocks:
        if block.parent is not None:
            continue
        draft = starts.get(block.line)
        if block.kind in ("heading", "tag", "xml") or draft is not None:
            boxed = draft is not None and draft.role == "item" and block.box is not None
            current = draft if boxed and not listed else None
            reaching, listed = False, boxed
            continue
        listed = False
        if current is not None and not reaching:
            reaching = block.kind == "para" and (
                field(block.line, block.text) is not None or labels.field(block.text) != ""
            )
            current = current if reaching else None
        if current is not None and reaching:
            current.end = max(current.end, block.end, block.lines[-1][0] if block.lines else 0)


def read(out: Outline, owner: list[Draft | None]) -> tuple[dict[int, Reading], Reading]:
    """Read every block into the reading of its task, and what belongs to none into the plan's own."""
    plan = Reading(None)
    readings = {line: Reading(draft) for line, draft in out.drafts.items()}
    for block in out.doc.blocks:
        draft = owner[block.line]
        target = readings[draft.line] if draft is not None else plan
        if draft is not None and block is draft.block:
            _own(target, block)
        elif block.kind == "heading":
            label = "section" if block.cls == "CRITERIA" else "step" if is_run_step(block.text) else ""
            target.pending = Field("verify", "", block.line, label) if label else None
        elif block.kind == "fence":
            _fence(target, block, out.dialect.test_first)
        elif block.kind in ("para", "item"):
            for line, text in block.lines:
                _line(target, block, line, text)
        elif block.kind in ("table", "row") and draft is not None and (told := tables.as_field(block)):
            _line(target, block, block.line, told)
        elif block.kind == "quote" and (said := field(block.line, block.text)) and said.kind == "status":
            _say(target, "status", said.value)
        if draft is None and "status" in plan.said and "whole" not in plan.said:
            plan.said["whole"] = plan.said["status"] if _is_top(block) else ""
    return readings, plan


def _is_top(block: Block) -> bool:
    """A status speaks of the whole plan when it stands above its first section."""
    return block.section is None or block.section.level == 1


def _own(reading: Reading, block: Block) -> None:
    """The task's own block: its first line is the title, the others are read like any line of it."""
    draft = reading.draft
    if draft is not None and draft.end > block.line and classify(draft.title)[0] == "CRITERIA":
        reading.pending = Field("verify", "", block.line, "section")
    if block.kind == "xml":
        _xml(reading)
    elif block.kind == "item":
        for line, text in block.lines[1:]:
            _line(reading, block, line, text)


def _line(reading: Reading, block: Block, line: int, text: str) -> None:
    found = field(line, text)
    section = block.section.cls if block.section is not None else ""
    own = reading.draft is not None and block is reading.draft.block
    under = block.label if block.kind == "item" and not own else ""
    if found is not None and _field(reading, found):
        return
    if labels.field(text) == "verify":
        reading.pending = Field("verify", "", line, "verify")
        return
    if under in _FILE_KINDS:
        reading.files += refs(under, text, bare=True)
    elif under == "verify" and spans(text):
        _ran(reading, Field("verify", text, line, "verify"))
    elif under in _REF_KINDS:
        reading.refs.append((under, text, line))
    elif under == "needs":
        reading.needs.append(text)
    elif under in labels.CRITERIA_KINDS or (block.kind == "item" and not own and section == "CRITERIA"):
        _criterion(reading, line, text)
        if reading.draft is None:
            _gate_span(reading, line, text)
    else:
        _prose(reading, line, text)


def _criterion(reading: Reading, line: int, text: str) -> None:
    reading.criteria.append(text)
    told = commands_told(text, criterion=True)
    reading.shown += [checks.Ran((command,), line, fails, checks.UNSURE) for command, fails in told]


def _prose(reading: Reading, line: int, text: str) -> None:
    reading.prose.append((line, text))
    if "`" in text:
        reading.ran += [checks.Ran((command,), line, fails, checks.STEP) for command, fails in commands_told(text)]
        reading.mentions += [FileRef(path, "mention") for path in paths(text)]
    run = is_run_step(text) and not spans(text)
    reading.pending = Field("step", "", line, "step") if run else None


def _field(reading: Reading, found: Field) -> bool:
    """Take a field line; False when it is only prose that looks like one."""
    kind, value = found.kind, found.value
    if kind == "test" and spans(value) and is_program(spans(value)[0]) and not path_of(spans(value)[0]):
        kind = "verify"
    if kind in _NAMING and value and not _NAME.fullmatch(value.strip("`*_\"'")):
        return False  # `Model: a user with a name` is prose
    if kind in _FILE_KINDS:
        named = refs(kind, value, bare=True)
        if value and not named:
            return False
        reading.files += named
    elif kind == "verify":
        if value:
            return _ran(reading, found)
        reading.pending = found
    elif kind == "expected":
        if reading.ran and expects_failure(value):
            reading.ran[-1] = reading.ran[-1]._replace(fails=True)
    elif kind == "criteria":
        if value:
            _criterion(reading, found.line, value)
    elif kind in _REF_KINDS:
        if value:
            reading.refs.append(("after" if found.label in words.LOOSE_DEPENDS else kind, value, found.line))
    elif kind == "note":
        return False
    else:
        if kind == "status" and "block" in value.lower():  # `Status: blocked by milestone 2` says what it waits for too
            reading.prose.append((found.line, value))
        _say(reading, kind, value)
        return found.label != "produces"  # an interface too, which the edges read as prose
    return True


def _ran(reading: Reading, found: Field) -> bool:
    commands, prose = checks.commands_of(found)
    if commands:
        fails = expects_failure(found.value.rpartition("`")[2])
        reading.ran.append(checks.Ran(tuple(commands), found.line, fails))
        reading.pending = None
    elif prose and found.label.startswith(("run", "command")):
        return False
    elif prose:
        reading.criteria.append(prose)
    return True


def _say(reading: Reading, kind: str, value: str) -> None:
    if value and kind == "needs":
        reading.needs.append(value)
    elif value:
        reading.said.setdefault(kind, value)


def _gate_span(reading: Reading, line: int, text: str) -> None:
    """A plan's own criterion that begins with a command in back-ticks is part of the gate."""
    bare = text.strip().lower()
    for lead in ("run ", "verify ", "execute "):
        bare = bare.removeprefix(lead)
    found = spans(text)
    if found and bare.startswith("`") and is_program(found[0]):
        reading.ran.append(checks.Ran((found[0],), line, False))


def _fence(reading: Reading, block: Block, test_first: bool) -> None:
    pending, reading.pending = reading.pending, None
    info = block.text.split(None, 1)[0].lower() if block.text else ""
    if pending is None or info not in SHELLS:
        return
    if pending.label in ("step", "section") and (not info or (pending.label == "step" and not test_first)):
        return
    commands = fence_commands([text for _, text in block.lines])
    if commands:
        reading.ran.append(checks.Ran(tuple(commands), block.line, False))


def _xml(reading: Reading) -> None:
    draft = reading.draft
    if draft is None:
        return
    lines = draft.block.lines
    for _, text in xmltask.child(lines, "files"):
        reading.files += refs("files", text, bare=True)
    automated = xmltask.child(lines, "automated")
    reading.said["automated"] = "\n".join(text for _, text in automated)
    if not automated:
        for line, text in xmltask.child(lines, "verify"):
            _ran(reading, Field("verify", text, line, "verify"))
    reading.criteria += [text.lstrip("-* ") for _, text in xmltask.child(lines, "acceptance_criteria")]
    done = xmltask.text_of(draft, "done")
    if done:
        reading.criteria.append(done)
    for tag in ("depends_on", "depends"):
        for line, text in xmltask.child(lines, tag):
            reading.refs.append(("depends", text, line))
    for line, text in lines:
        if "<action" not in text:
            reading.prose.append((line, text))


def files_of(reading: Reading, title: str) -> tuple[FileRef, ...]:
    """Fields, and a path in the title; back-ticked paths of the body as mentions (FORMATS, files)."""
    named = refs("", title, bare=True)
    if named and (own := independent(title)) != title:
        named = refs("", own, bare=True)
    return merge_files(reading.files + named + reading.mentions)


def checks_of(reading: Reading, title: str, line: int, test_first: bool) -> tuple[Check, ...]:
    """Give the checks of a task: `<automated>` (1.0), what Run and Verify name (0.95), a criterion or title that is one (0.8)."""
    automated = reading.said.get("automated", "")
    if automated:
        return tuple(Check(_unescape(text), "automated", 1.0, line) for text in automated.split("\n") if text.strip())
    found = checks.decide(reading.ran, test_first) or checks.decide(reading.shown, test_first=False)
    return tuple(found or checks.of_title(title, line))


def _unescape(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&").strip()


def estimate_of(draft: Draft, reading: Reading) -> float | None:
    """Give the estimate in hours, from a `~4h` mark, a column, an `Estimate:` line or the end of the title."""
    last = draft.title.rpartition(" ")[2].strip("()")
    told = (
        *draft.fields.get("estimate", ()),
        *draft.fields.get("column:estimate", ()),
        reading.said.get("estimate", ""),
        last if last.startswith("~") else "",
    )
    return next((found for text in told if text and (found := hours(text)) is not None), None)
