"""Text to Plan: scan, choose the dialect, find the tasks, name them, read what they say, order them, sum it all up."""

import re
from collections.abc import Mapping
from itertools import dropwhile
from typing import Final, cast

from branchline.config.tables import WORKER_KINDS
from branchline.errors import InputError, UsageError
from branchline.files import load_yaml, uncollected
from branchline.model.money import TIERS
from branchline.model.plan import MAX_DEPTH, Edge, Finding, Ignored, Mark, Plan, Task
from branchline.planfile import asked, body, checks, duplicates, edges, formats, goal, implied, states, written, xmltask
from branchline.planfile.blocks import Block, Doc, split_lines
from branchline.planfile.body import Reading
from branchline.planfile.detect import detect
from branchline.planfile.dialects.base import Dialect
from branchline.planfile.digests import text_digest
from branchline.planfile.drafts import Draft
from branchline.planfile.formats import mermaid
from branchline.planfile.formats.base import STATES
from branchline.planfile.ids import Ids
from branchline.planfile.labels import CRITERIA_KINDS
from branchline.planfile.marks import itemize
from branchline.planfile.names import Names
from branchline.planfile.outline import Outline
from branchline.planfile.promote import promote
from branchline.planfile.scan import scan
from branchline.planfile.tree import outline
from branchline.planfile.writeback import boxes

_WARMTH: Final = re.compile(r"[01](\.\d{1,9})?|2(\.0{1,9})?")
MAX_TASKS = 150_000
"""Plans with more tasks are refused (DESIGN, section 13)."""


def parse(text: str, path: str, dialect: str = "", order: str = "numbered") -> Plan:
    """Read a plan's text.

    `dialect` is a name of FORMATS or DIALECTS or empty (the first that fits), `order` one of edges.ORDERS. A text
    without tasks gives a Plan without tasks; UsageError for an unknown dialect or order, and for more than MAX_TASKS
    tasks; InputError with the line for a format that is broken.
    """
    if order not in edges.ORDERS:
        raise UsageError(f"There is no order {order!r}. Known: {', '.join(edges.ORDERS)}.", order=order)
    bare = "\n".join(split_lines(text))
    form = formats.find(bare, path, dialect)
    if form is None:
        plan = _markdown(text, path, dialect, order)
        if plan.tasks or dialect or not mermaid.fenced(bare):
            return plan
    return formats.read(form or mermaid.FORMAT, bare, path, dialect, text_digest(text), order)


def _markdown(text: str, path: str, dialect: str, order: str) -> Plan:
    with uncollected():
        doc = scan(text, path)
        _refuse_bomb(doc, path)
        itemize(doc)
        promote(doc)
        plan = _read(doc, detect(doc, dialect), text_digest(text), path, order)
    return plan._replace(boxes="".join(boxes(text).values()))


def _refuse_bomb(doc: Doc, path: str) -> None:
    """Refuse front matter whose aliases stand for more than a text can hold; sloppy front matter is no fault."""
    if not doc.hidden or doc.hidden[0][2] != "front matter":
        return
    front = "\n".join(["", *doc.lines[1 : doc.hidden[0][1] - 1]])
    if "&" not in front or "*" not in front:
        return
    try:
        load_yaml(front, path)
    except InputError as error:
        if "alias" in error.message:
            raise


def _read(doc: Doc, chosen: Dialect, digest: str, path: str, order: str) -> Plan:
    out = outline(doc, chosen)
    if len(out.drafts) > MAX_TASKS:
        line = out.in_order()[MAX_TASKS].line
        said = f"{path}:{line}: {len(out.drafts)} tasks, and here begins the one that is too many; the limit is {MAX_TASKS}."
        raise UsageError(f"{said} Split the plan.", path=path, line=line)
    for draft in out.in_order():
        if draft.role == "xml":
            xmltask.name(draft)
    duplicates.fold(out)
    found = Ids(out.in_order())
    findings = [*_unclosed(doc), *found.findings, *_fold_deep(out)]
    for draft in [draft for draft in out.drafts.values() if draft.fold]:
        del out.drafts[draft.line]
    drafts = out.in_order()
    owner = body.owners(doc, drafts)
    readings, plan_reading = body.read(out, owner)
    lines = edges.Edges(out, Names(drafts, found.doubled, path))
    written.written(lines, readings)
    implied.implied(lines, chosen, order)
    bodies = _bodies(doc, owner)
    whole = plan_reading.said.get("whole", "")
    tasks = [_task(out, draft, readings[draft.line], findings, bodies.get(draft.line, []), whole) for draft in drafts]
    candidates = [block for block in doc.blocks if block.candidate]
    return Plan(
        path=path,
        digest=digest,
        dialect=chosen.name,
        goal=goal.find(doc, plan_reading, drafts[0].line if drafts else len(doc.lines) + 1),
        tasks=tuple(tasks),
        edges=tuple(_kept(lines, order)),
        gate=tuple(checks.decide(plan_reading.ran, test_first=False)),
        ignored=tuple(_fate(out, block, owner) for block in candidates if block.line not in out.drafts),
        findings=(*findings, *lines.findings),
        request=asked.of_plan(doc, owner, tasks),
        candidates=tuple(block.line for block in candidates),
    )


def _unclosed(doc: Doc) -> list[Finding]:
    if doc.unclosed is None:
        return []
    line, what = doc.unclosed
    if what == "markdown":
        words = f"The fence of line {line} is never closed and says that it holds markdown: all lines below are read as such."
        return [Finding("unclosed-fence", words, line)]
    return [Finding(f"unclosed-{what}", f"The {what} of line {line} is never closed: it takes all lines below.", line)]


def _fold_deep(out: Outline) -> list[Finding]:
    """Fold what is deeper than the limit into its ancestor's description, and say so once for each ancestor."""
    folded: dict[int, int] = {}
    for draft in out.in_order():
        depth, above = 0, draft.parent
        while above is not None and depth <= MAX_DEPTH:
            depth, above = depth + 1, above.parent
        if depth <= MAX_DEPTH:
            continue
        holder = draft.parent
        while holder is not None and holder.fold:
            holder = holder.parent
        draft.fold = True
        line = holder.line if holder is not None else draft.line
        draft.block.fate, draft.block.why = "body", f"deeper than {MAX_DEPTH}: part of the task on line {line}"
        folded[line] = folded.get(line, 0) + 1
    for draft in out.drafts.values():
        if not draft.fold and draft.kids:
            draft.kids = [kid for kid in draft.kids if not kid.fold]
    return [
        Finding(
            "too-deep",
            f"{count} line{'s' if count > 1 else ''} deeper than {MAX_DEPTH} levels became part of the description.",
            line,
            out.drafts[line].id,
        )
        for line, count in folded.items()
    ]


def _task(out: Outline, draft: Draft, reading: Reading, findings: list[Finding], lines: list[str], whole: str) -> Task:
    dialect = out.dialect
    state, ask = states.state_of(draft, reading.said.get("status", ""), dialect.box_marks, whole)
    if ask:
        findings.append(
            Finding(
                "unknown-box",
                f"The box [{draft.block.box}] has no meaning in the dialect {dialect.name}; "
                "write [ ], [x] or [~], or name the dialect.",
                draft.line,
                draft.id,
                hold=True,
            )
        )
    if draft.rule == xmltask.CHECKPOINT:
        look = (
            f"A person must look here before the plan goes on; then `branchline skip {draft.id}` lets the rest begin."
        )
        findings.append(Finding("checkpoint", look, draft.line, draft.id, hold=True))
    if draft.role == "row":
        told = draft.fields.get("column:status", [""])[0].strip("*`_ ").lower().replace(" ", "-")
        state = STATES.get(told, state) if told else state
    said = reading.said
    atomic = not draft.kids
    judged = body.checks_of(reading, draft.title if atomic else "", draft.line, dialect.test_first)
    title = checks.without_field(draft.title) if any(check.source == "title" for check in judged) else draft.title
    title = states.clean_title(title, boxed=draft.block.box is not None) or draft.title
    return Task(
        id=draft.id,
        title=title,
        kind="atomic" if atomic else "composite",
        parent=draft.parent.id if draft.parent is not None else None,
        line=draft.line,
        state=cast(Mark, state),
        role=said.get("role", "").strip("`*_ ").lower() or _role(draft),
        worker=_worker(draft, said),
        model=_word("model", draft, said) or None,
        files=body.files_of(reading, draft.block.text if draft.role != "xml" else ""),
        checks=judged,
        criteria=tuple(reading.criteria),
        output=said.get("output", ""),
        needs=_listed(", ".join([*reading.needs, *draft.fields.get("needs", [])])),
        instructions=_listed(said.get("instructions", "")),
        estimate=body.estimate_of(draft, reading),
        confidence=draft.confidence,
        rule=draft.rule,
        body=_body(lines),
        extra=_extra(draft, reading, findings),
    )


def _word(name: str, draft: Draft, said: Mapping[str, str]) -> str:
    """What a field line says of a task, or a mark on the task's own line."""
    return (said.get(name) or draft.fields.get(name, [""])[0]).strip("`*_ ")


def _worker(draft: Draft, said: Mapping[str, str]) -> str | None:
    """The worker of a task; `Agent:` names it too where it is a kind of worker and nothing else names one."""
    if draft.role == "phase":
        return None
    agent = _word("agent", draft, said)
    return _word("worker", draft, said) or (agent if agent in WORKER_KINDS else None)


def _role(draft: Draft) -> str:
    tags = {tag.lower() for tag in draft.fields.get("tag", [])}
    return next((role for role in ("research", "brainstorm") if role in tags), "build")


def _listed(text: str) -> tuple[str, ...]:
    parts = text.replace("、", ",").replace(";", ",").split(",")
    return tuple(
        dict.fromkeys(part.strip("`*_ .") for part in parts if part.strip("`*_ .") and part.strip().lower() != "none")
    )


def _extra(draft: Draft, reading: Reading, findings: list[Finding]) -> dict[str, object]:
    extra = dict(draft.extra)
    extra.update({name: values[0] if len(values) == 1 else list(values) for name, values in draft.fields.items()})
    tier = _word("tier", draft, reading.said).lower()
    if tier:
        extra["tier"] = tier
        if tier not in TIERS:
            words = f"There is no tier {tier!r}; the tiers are {', '.join(TIERS)}."
            findings.append(Finding("unknown-tier", words, draft.line, draft.id))
    extra |= {name: text for name in ("variant", "agent") if (text := _word(name, draft, reading.said))}
    if "agent" in extra and extra["agent"] == _worker(draft, reading.said):
        del extra["agent"]
    if warmth := _word("temperature", draft, reading.said):
        if _WARMTH.fullmatch(warmth):
            extra["temperature"] = float(warmth)
        else:
            words = f"The temperature {warmth!r} is no number from 0 to 2."
            findings.append(Finding("unknown-temperature", words, draft.line, draft.id, hold=True))
    if draft.key and draft.number:
        extra["place"] = f"{draft.key} {draft.number}"
    return extra


def _bodies(doc: Doc, owner: list[Draft | None]) -> dict[int, list[str]]:
    bodies: dict[int, list[str]] = {}
    for number, line in enumerate(doc.lines, 1):
        draft = owner[number]
        if draft is not None and draft.line != number:
            bodies.setdefault(draft.line, []).append(line)
    return bodies


def _body(lines: list[str]) -> str:
    lines = list(dropwhile(lambda line: not line.strip(), lines))
    while lines and (not lines[-1].strip() or set(lines[-1].strip()) == {"-"}):
        lines.pop()
    margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "\n".join(line[margin:].rstrip() for line in lines)


def _kept(lines: edges.Edges, order: str) -> list[Edge]:
    wanted = {"written": {"written"}, "phase": {"written", "phase"}}.get(order)
    return [edge for edge in lines.found.values() if wanted is None or edge.kind in wanted]


def _fate(out: Outline, block: Block, owner: list[Draft | None]) -> Ignored:
    """Say what became of a candidate line that is no task."""
    section = block.section.cls if block.section is not None else "UNKNOWN"
    draft = owner[block.line]
    became, why = block.fate, block.why
    if became in ("", "task"):
        became, why = _rest(block, draft, section, held=bool(out.drafts))
    if became == "body" and draft is None:
        became = "ignored"
    text = out.doc.lines[block.line - 1].strip()
    return Ignored(block.line, text, why, block.cls or section, became)  # type: ignore[arg-type]  # fates are the four


def _rest(block: Block, draft: Draft | None, section: str, *, held: bool) -> tuple[str, str]:
    if block.label in CRITERIA_KINDS or section == "CRITERIA":
        return "criterion", f"criterion of {draft.id}" if draft is not None else "a criterion of the whole plan"
    if draft is not None:
        return "body", f"part of the description of {draft.id}"
    if block.kind == "quote":
        return "ignored", "stands in a quotation"
    if block.kind == "row":
        return "ignored", "a table row that names no task"
    kind = "numbered item" if block.number else "bullet"
    why = "tasks are elsewhere" if held else "its heading does not say that it is work"
    return "ignored", f"a {kind} of a section of class {section}; {why}"
