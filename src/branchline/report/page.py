"""The report as one HTML file: no script, nothing fetched, every text of others escaped."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from graphlib import TopologicalSorter
from html import escape
from typing import Any, Final

from branchline.model.run import AttemptRow, QuestionRow, TaskRow
from branchline.report.asked import asked_lines
from branchline.report.final import headlines, proof_of
from branchline.terminal.gantt import FILLS, Bar, gantt_svg
from branchline.terminal.text import because, duration, safe

MOST: Final = 400
"""Tasks that are drawn; a picture of more says nothing to anybody."""
_STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70em; margin: 2em auto; padding: 0 1em; color: #222; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .2em .6em; vertical-align: top; }
tr + tr { border-top: 1px solid #ddd; } code, pre { font: 13px ui-monospace, monospace; } pre { white-space: pre-wrap; }
.picture { overflow-x: auto; } text { font: 12px system-ui, sans-serif; } rect { stroke: #fff; }
.done { fill: #3a7d44; color: #3a7d44; } .failed { fill: #b3261e; color: #b3261e; } .other { fill: #8a8d91; }
.blocked, .held { fill: #b26a00; color: #b26a00; } path { stroke: #999; fill: none; }
"""
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_BOX: Final = (150, 24, 190, 34)
"""Width and height of a task in the graph, then the distance from one column and one row to the next."""


def report_html(
    found: Mapping[str, Any],
    tasks: Sequence[TaskRow],
    before: Mapping[str, Sequence[str]],
    attempts: Sequence[AttemptRow],
    questions: Sequence[QuestionRow],
    proofs: Mapping[str, Mapping[str, Any]],
    now: float,
) -> str:
    """Return the report with its graph, its time line and the evidence of each task.

    `found` is what `report` returns; `before` names the tasks each one waits for, `proofs` holds each one's `evidence`;
    `now` ends what has not ended.
    """
    atomic = sorted((task for task in tasks if task.kind != "composite"), key=lambda task: task.place)
    parts = [
        f"<h1>{_text(found['plan'])}</h1>",
        f"<ul>{''.join(f'<li>{_text(line)}</li>' for line in headlines(found))}</ul>",
        "<h2>Tasks</h2>",
        _table(found, atomic),
        "<h2>Graph</h2>",
        _picture(atomic, lambda: _graph(atomic, before)),
        "<h2>Time line</h2>",
        _picture(atomic, lambda: _time_line(atomic, attempts, now)),
        *_questions(questions),
        *(["<h2>What the plan asked</h2>"] if found["asked"] else []),
        *(f"<p>{_text(line)}</p>" for line in asked_lines(found["asked"])),
        "<h2>Evidence</h2>",
        *(_evidence(task, proofs[task.task]) for task in atomic if task.task in proofs),
    ]
    head = f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    title = f"<title>{_text(found['plan'])}, run {_text(found['run'])}</title>"
    return f'<!doctype html>\n<html lang="en"><head>{head}{title}<style>{_STYLE}</style></head>\n<body>\n' + (
        "\n".join(parts) + "\n</body></html>\n"
    )


def _text(text: Any) -> str:
    return escape(safe(str(text)))


def _kind(state: str) -> str:
    return state if state in ("done", "failed", "blocked", "held") else "other"


def _table(found: Mapping[str, Any], tasks: Sequence[TaskRow]) -> str:
    done = {task["id"]: proof_of(task) for task in found["done"]}
    rows = [
        f'<tr><td><a href="#e-{_text(t.task)}">{_text(t.task)}</a></td><td>{_text(t.title)}</td>'
        f'<td class="{_kind(t.state)}">{_text(t.state)}</td><td>{_text(done.get(t.task) or because(t.state, t.reason))}</td></tr>'
        for t in tasks
    ]
    return f"<table><tr><th>task</th><th></th><th>state</th><th>evidence or reason</th></tr>{''.join(rows)}</table>"


def _picture(tasks: Sequence[TaskRow], draw: Callable[[], str]) -> str:
    if len(tasks) > MOST:
        return f"<p>{len(tasks)} tasks are too many to draw.</p>"
    return f'<div class="picture">{draw()}</div>'


def _columns(tasks: Sequence[TaskRow], before: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """How many tasks stand before each on the longest way to it."""
    names = {task.task for task in tasks}
    waits = {name: names.intersection(before.get(name, ())) for name in names}
    column: dict[str, int] = {}
    for name in TopologicalSorter(waits).static_order():
        column[name] = max((column[one] + 1 for one in waits[name]), default=0)
    return column


def _graph(tasks: Sequence[TaskRow], before: Mapping[str, Sequence[str]]) -> str:
    wide, high, across, down = _BOX
    column = _columns(tasks, before)
    height: dict[int, int] = {}
    place: dict[str, tuple[int, int]] = {}
    for task in tasks:
        at = column[task.task]
        place[task.task] = (at * across, height.get(at, 0) * down)
        height[at] = height.get(at, 0) + 1
    lines = [
        f'<path d="M{place[one][0] + wide} {place[one][1] + high // 2} L{x} {y + high // 2}"/>'
        for task, (x, y) in place.items()
        for one in before.get(task, ())
        if one in place
    ]
    boxes = [
        f'<rect x="{x}" y="{y}" width="{wide}" height="{high}" rx="4" class="{_kind(task.state)}">'
        f"<title>{_text(task.title)}</title></rect>"
        f'<text x="{x + 6}" y="{y + 16}" style="fill:#fff">{_text(safe(f"{task.task} {task.title}", 20))}</text>'
        for task in tasks
        for x, y in (place[task.task],)
    ]
    size = ((max(column.values(), default=0) + 1) * across, max(height.values(), default=1) * down)
    return f'<svg width="{size[0]}" height="{size[1]}">{"".join(lines)}{"".join(boxes)}</svg>'


def _time_line(tasks: Sequence[TaskRow], attempts: Sequence[AttemptRow], now: float) -> str:
    """The house's chart of what ran when, a task a row."""
    place = {task.task: number for number, task in enumerate(tasks)}
    ran = [(a, a.started, now if a.ended is None else a.ended) for a in attempts if a.started is not None]
    ran = sorted((each for each in ran if each[0].task in place), key=lambda each: place[each[0].task])
    if not ran:
        return "<p>Nothing was started.</p>"
    begin, end = min(start for _, start, _ in ran), max(stop for _, _, stop in ran)
    bars = [
        Bar(
            f"{a.task} {tasks[place[a.task]].title}",
            start - begin,
            stop - begin,
            part=f"{a.purpose} of attempt {a.attempt}",
        )
        for a, start, stop in ran
    ]
    key = " ".join(f'<b style="color:{fill}">{name}</b>' for name, fill in FILLS.items())
    return f"<p>{duration(end - begin)} from the first start to the last end: {key}</p>{gantt_svg(bars, duration)}"


def _questions(questions: Sequence[QuestionRow]) -> Iterator[str]:
    if questions:
        yield "<h2>Questions</h2>"
    for question in questions:
        answer = "not answered" if question.answer is None else f"answered: {question.answer}"
        yield f"<p><b>{_text(question.task)}</b> {_text(' '.join(question.text.split()))}<br>{_text(answer)}</p>"


def _evidence(task: TaskRow, proof: Mapping[str, Any]) -> str:
    checks = "".join(
        f"<pre>$ {_text(check['command'])}\nexit {_text(check['exit'])} on {_text(check['commit'] or '')[:12]}"
        f"{' (flaky)' if check['flaky'] else ''}\n{_text(check['log_digest'] or '')}</pre>"
        for check in proof["checks"]
    )
    facts = [
        ("its worker claims", " ".join(f"{proof['claim']['status']} {proof['claim']['summary']}".split())),
        ("commit", proof["commit"]),
        ("changed", ", ".join(map(str, proof["files"][:50]))),
        ("outside its scope", ", ".join(map(str, proof["out_of_scope"][:50]))),
        ("saved and not taken, for its role may not edit", ", ".join(map(str, proof["refused"][:50]))),
        ("not taken, for it is a repository of its own", ", ".join(map(str, proof["left_out"][:50]))),
        ("though checks rest on it", ", ".join(map(str, proof["frozen"][:50]))),
    ]
    shown = "".join(f"<li>{name}: {_text(value)}</li>" for name, value in facts if value)
    return (
        f'<details id="e-{_text(task.task)}"><summary>{_text(task.task)} {_text(task.title)}</summary>'
        f"<ul>{shown}</ul>{checks or '<p>No check was recorded.</p>'}</details>"
    )
