"""The graph as YAML that a person edits in the review, and back; errors come back on their lines.

What the form does not show (line, rule, extra, where a check came from) is taken from the base by id. What it shows and
the person took out is gone. `kind` follows from the children.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from branchline.errors import GraphError, InputError
from branchline.files import load_yaml
from branchline.graph.carets import spot
from branchline.graph.fields import Subject, known_only, listed, object_of, task_of, text_of
from branchline.graph.laws import check_draft
from branchline.model.plan import MANNER, Check, DraftGraph, Edge, Finding, Task

_HEAD: Final = """\
# The draft graph of {plan}. Save and close to go on; an empty file drops the edit.
# Take a task out by deleting it; write a new one with id and title. Ids stand in quotes.
# after: ids that must be done first. parent: the composite a task belongs to.
# role: build, research (edits nothing), brainstorm or one of yours; worker: the agent, if not that of the role; model,
# variant, agent (a profile of the worker's) and temperature: how it is to work.
# files: create, modify and test are never changed by two tasks at once; mention is only named.
# checks: commands that must pass before the task is done. gate: the same for tasks without checks.
# A line under held: keeps a task from starting; take it out when it is settled.
"""
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_/-]*(?:[ .][A-Za-z0-9_/-]+)*")
_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_FIELDS: Final = frozenset(Task._fields) - {"line", "kind", "rule", "extra"}
_MANNER: Final = tuple(name for name in MANNER if name not in _FIELDS)
"""What is shown as fields and lies in a task's `extra`."""
_SHOWN: Final = _FIELDS | {"after", "held", *_MANNER}


def to_yaml(draft: DraftGraph) -> str:
    """The draft as YAML with comments that explain it."""
    after: dict[str, list[Edge]] = {}
    for edge in draft.edges:
        after.setdefault(edge.after, []).append(edge)
    held: dict[str | None, list[str]] = {}
    for finding in draft.findings:
        if finding.hold:
            held.setdefault(finding.task, []).append(finding.message)
    lines = [*_HEAD.format(plan=_comment(draft.plan)).splitlines(), f"goal: {_text(draft.goal, '  ')}"]
    lines += _list("gate", [check.run for check in draft.gate], "")
    lines.append("tasks:" if draft.tasks else "tasks: []")
    for task in draft.tasks:
        lines += _task(task, after.get(task.id, []), held.get(task.id, []))
    return "\n".join(lines) + "\n"


def _task(task: Task, after: list[Edge], held: list[str]) -> Iterator[str]:
    yield ""
    yield f"  - id: {_quoted(task.id)}" + _remark(task, after)
    yield f"    title: {_text(task.title, '      ')}"
    for name, value, default in (
        ("parent", task.parent, None),
        ("state", task.state, "open"),
        ("role", task.role, ""),
        ("worker", task.worker, None),
        ("model", task.model, None),
        ("output", task.output, ""),
    ):
        if value != default and value is not None:
            yield f"    {name}: {_quoted(value) if name == 'parent' else _text(value, '      ')}"
    for name in _MANNER:
        if name in task.manner:
            value = task.manner[name]
            yield f"    {name}: {_text(value, '      ') if isinstance(value, str) else _number(value)}"
    if after:
        yield f"    after: [{', '.join(_quoted(edge.before) for edge in after)}]"
    if task.files:
        yield "    files:"
        for file in task.files:
            yield f"      - {{path: {_quoted(file.path)}, role: {file.role}}}"
    yield from _list("checks", [check.run for check in task.checks], "    ")
    yield from _list("criteria", task.criteria, "    ")
    yield from _list("needs", task.needs, "    ")
    yield from _list("instructions", task.instructions, "    ")
    if task.estimate is not None:
        yield f"    estimate: {_number(task.estimate)}"
    if task.confidence != 1.0:
        yield f"    confidence: {_number(task.confidence)}"
    yield from _list("held", held, "    ")
    if task.body:
        yield f"    body: {_text(task.body, '      ')}"


def _number(value: float) -> str:
    text = repr(value)
    return text if "." in text else text.replace("e", ".0e")  # YAML 1.1 takes 1e-05 for a text


def _remark(task: Task, after: list[Edge]) -> str:
    said = [f"line {task.line}"] if task.line else []
    said += [_comment(task.rule)] if task.rule else []
    said += [f"after {_comment(edge.before)}: {edge.kind}" for edge in after if edge.kind != "written"]
    return "  # " + ", ".join(said) if said else ""


def _comment(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text)


def _list(name: str, values: Iterable[str], indent: str) -> list[str]:
    lines = [f"{indent}  - {_text(value, indent + '      ')}" for value in values]
    return [f"{indent}{name}:", *lines] if lines else []


def _text(text: str, indent: str) -> str:
    """A YAML scalar: plain where nobody can misread it, a block where it has lines, else in double quotes."""
    if len(text) <= 200 and _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    if "\n" in text.strip("\n") and _is_block(text):
        body = text.removesuffix("\n")
        lines = [indent + line if line else "" for line in body.split("\n")]
        return "\n".join(["|" if text.endswith("\n") else "|-", *lines])
    return _quoted(text)


def _is_block(text: str) -> bool:
    first = text.split("\n", 1)[0]
    if not first or first[0] == " " or text.endswith("\n\n"):
        return False
    return all(line.isprintable() and (line.strip() or not line) for line in text.split("\n"))


def _quoted(text: str) -> str:
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
    return '"' + "".join(escapes.get(each) or (each if each.isprintable() else _escape(each)) for each in text) + '"'


def _escape(each: str) -> str:
    code = ord(each)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def from_yaml(text: str, base: DraftGraph, name: str = "the edited graph") -> DraftGraph:
    """The draft an edited form called `name` describes, on top of `base`.

    Raises GraphError whose details hold `spot`, the place in `text` (`carets.annotate` shows it there).
    """
    try:
        return _draft(load_yaml(text, name), base)
    except (InputError, GraphError) as fault:
        raise GraphError(fault.message, **fault.details, spot=spot(text, fault.details)) from fault


def _draft(value: Any, base: DraftGraph) -> DraftGraph:
    form = object_of(value, "the form")
    known_only(form, frozenset({"goal", "gate", "tasks"}), "the form")
    former = {task.id: task for task in base.tasks}
    nodes = [_node(item, number) for number, item in enumerate(listed(form, "tasks"), 1)]
    tasks = [_merged(node, former) for node in nodes]
    with_children = {task.parent for task in tasks}
    draft = base._replace(
        goal=text_of(form, "goal", "the form"),
        gate=_checks(_strings(form, "gate", {}), base.gate),
        tasks=tuple(task._replace(kind="composite" if task.id in with_children else "atomic") for task in tasks),
        edges=_edges(nodes, base.edges),
        findings=_findings(nodes, base.findings),
    )
    check_draft(draft)
    return draft


def _node(item: Any, number: int) -> dict[str, Any]:
    node = object_of(item, f"task number {number}")
    task_id = node.get("id")
    if not isinstance(task_id, str):
        words = f"task number {number} of the form has the id {task_id!r}; ids stand in quotes"
        raise GraphError(words, task=str(task_id), field="id")
    known_only(node, _SHOWN, Subject("task", task_id))
    return node


def _merged(node: dict[str, Any], former: Mapping[str, Task]) -> Task:
    old = former.get(node["id"])
    fields = {name: value for name, value in node.items() if name in _FIELDS - {"checks"}}
    details = {"task": node["id"]}
    fields["body"] = fields.get("body") or ""
    kept = {name: value for name, value in old.extra.items() if name not in old.manner} if old else {}
    task = task_of({**fields, "extra": kept | _manner(node)})
    checks = _checks(_strings(node, "checks", details), old.checks if old else ())
    if old is None:
        return task._replace(checks=checks, rule="review")
    return task._replace(checks=checks, line=old.line, rule=old.rule)


def _manner(node: Mapping[str, Any]) -> dict[str, Any]:
    what, given = Subject("task", node["id"]), {name: node[name] for name in _MANNER if node.get(name) is not None}
    for name, value in given.items():
        if MANNER[name] is str and text_of(given, name, what, needed=True).startswith("-"):
            raise what.fault(name, "must not begin like a flag")
        if MANNER[name] is float:
            if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value <= 2:
                raise what.fault(name, "must be a number from 0 to 2")
            given[name] = float(value)
    return given


def _strings(node: Mapping[str, Any], name: str, details: Mapping[str, Any]) -> list[str]:
    values = node.get(name, [])
    if isinstance(values, list) and all(isinstance(value, str) for value in values):
        return values
    raise GraphError(f"{name} must be a list of texts; put quotes around numbers and ids", field=name, **details)


def _checks(runs: list[str], former: Iterable[Check]) -> tuple[Check, ...]:
    """The checks with these commands; one that was there keeps where it came from, a new one comes from the review."""
    left = list(former)
    checks: list[Check] = []
    for run in runs:
        old = next((check for check in left if check.run == run), None)
        if old:
            left.remove(old)
        checks.append(old or Check(run, "review"))
    return tuple(checks)


def _edges(nodes: list[dict[str, Any]], former: Iterable[Edge]) -> tuple[Edge, ...]:
    """The edges of the form: those that were there as they were, then the new ones, which are written."""
    wanted = {
        (before, node["id"]): Edge(before, node["id"], "written")
        for node in nodes
        for before in _strings(node, "after", {"task": node["id"]})
    }
    kept = {(edge.before, edge.after): edge for edge in former if (edge.before, edge.after) in wanted}
    return tuple((kept | {pair: edge for pair, edge in wanted.items() if pair not in kept}).values())


def _findings(nodes: list[dict[str, Any]], former: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings: a hold whose line was taken out holds no more, a new line under `held` is a new one."""
    held = {node["id"]: _strings(node, "held", {"task": node["id"]}) for node in nodes}

    def said(finding: Finding) -> list[str]:
        return held.get(finding.task or "", [finding.message])

    kept = [
        finding._replace(hold=False) if finding.hold and finding.message not in said(finding) else finding
        for finding in former
    ]
    known = {(finding.task, finding.message) for finding in kept}
    added = [
        Finding("held", words, None, task_id, hold=True)
        for task_id, several in held.items()
        for words in several
        if (task_id, words) not in known
    ]
    return (*kept, *added)
