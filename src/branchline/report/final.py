"""The report of a run: what is done, what is not and why, what was spent, and where the work lies."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from branchline.model.money import total
from branchline.model.moves import BUSY
from branchline.model.run import AttemptRow, Event, QuestionRow, RunRow, TaskRow
from branchline.report.asked import asked, asked_lines
from branchline.report.proof import check_record, inbox, last, run_flag, verdict
from branchline.report.standing import budget_of, spent, spent_words
from branchline.terminal.text import because, duration, many, safe

_SALVAGE: Final = "refs/branchline/salvage/"
_GROUPS: Final = {
    "failed": "Failed",
    "blocked": "Blocked",
    "held": "Held",
    "incomplete": "Incomplete",
    "stopped": "Cancelled or skipped",
}
_GROUP_OF: Final = {state: state for state in ("failed", "blocked", "held")} | {
    "cancelled": "stopped",
    "skipped": "stopped",
}


def report(
    run: RunRow,
    tasks: Sequence[TaskRow],
    attempts: Sequence[AttemptRow] = (),
    questions: Sequence[QuestionRow] = (),
    events: Sequence[Event] = (),
    *,
    gate: Sequence[str] = (),
    in_place: bool = False,
    now: float | None = None,
    request: str = "",
    schedule: Mapping[str, Any] | None = None,
    newest: bool = True,
    home: bool = False,
) -> dict[str, Any]:
    """Return what became of a run, from its rows alone, in document order.

    `gate` are the commands of the quality gate; `in_place` says that work was done in the user's own checkout; `now`
    (seconds since the epoch) ends the elapsed time of a run that has not ended; `request` are the plan's questions.
    `home` says that the user's checkout holds what was merged.
    `schedule` is what the order of its tasks was worth: {took, best, strategy, bound, tasks: [{id, start, end, expected,
    waited, cost}]} in seconds.
    """
    atomic = sorted((task for task in tasks if task.kind != "composite"), key=lambda task: task.place)
    own: dict[str, list[Event]] = {}
    for event in events:
        own.setdefault(event.task or "", []).append(event)
    done = [_done(task, own.get(task.task, [])) for task in atomic if task.state == "done"]
    end = now if run.ended is None else run.ended
    return {
        "run": run.run,
        "newest": newest,
        "plan": run.plan,
        "state": run.state,
        "reason": run.reason,
        "total": len(atomic),
        "done": done,
        **{group: _group(atomic, group) for group in _GROUPS},
        "gate": _gate(gate, events),
        "attempts": len({(attempt.task, attempt.attempt) for attempt in attempts}),
        "spent": spent(total(attempt.used for attempt in attempts)),
        "budget": budget_of(run),
        "elapsed": None if end is None else max(0.0, end - run.started),
        "ended": run.ended is not None,
        "schedule": schedule,
        "tip": f"branchline/{run.run}/tip" if any(task["commit"] for task in done) and not in_place else "",
        "landed": home,
        "in_place": in_place,
        "sandbox": sorted({str(event.data["sandbox"]) for event in events if event.data.get("sandbox")}),
        "salvage": sorted(_salvage(events)),
        "asked": asked(request, atomic, questions, own),
        **inbox(questions),
    }


def _done(task: TaskRow, events: Sequence[Event]) -> dict[str, Any]:
    found = verdict(task, last(events, lambda e: e.kind == "done"), events)
    return {
        "id": task.task,
        "title": task.title,
        "level": found["level"],
        "commit": found["commit"],
        "checks": len(found["checks"]),
        "ran": [{key: check[key] for key in ("command", "exit")} for check in found["checks"]],
        "flaky": [check["command"] for check in found["checks"] if check["flaky"]],
        "accepted": found["accepted"],
        "accepted_by": found["accepted_by"],
        "out_of_scope": found["out_of_scope"],
        "left_out": found["left_out"],
    }


def _group(tasks: Sequence[TaskRow], group: str) -> list[dict[str, Any]]:
    return [
        {"id": task.task, "title": task.title, "state": task.state, "reason": task.reason, "attempt": task.attempt}
        for task in tasks
        if task.state != "done" and _GROUP_OF.get(task.state, "incomplete") == group
    ]


def _gate(commands: Sequence[str], events: Sequence[Event]) -> dict[str, Any]:
    """Return whether the gate ran on the last result that was merged: what ran before that proves nothing of it."""
    wanted = set(commands)
    for event in reversed(events):
        if event.kind != "done" and not (event.task is None and event.data.get("checks")):
            continue
        checks = [check_record(check) for check in event.data.get("checks") or ()]
        ran = {check["command"]: check["exit"] for check in checks if check["command"] in wanted}
        run = bool(wanted) and set(ran) == wanted
        return {"commands": list(commands), "run": run, "passed": run and not any(ran.values())}
    return {"commands": list(commands), "run": False, "passed": False}


def _salvage(events: Sequence[Event]) -> set[str]:
    """Return the salvage refs that events name, wherever in their data."""
    values = (value for event in events for value in event.data.values())
    texts = (each for value in values for each in (value if isinstance(value, list) else (value,)))
    return {each for each in texts if isinstance(each, str) and each.startswith(_SALVAGE)}


def report_text(found: Mapping[str, Any]) -> str:
    """Return `report` in words for a terminal."""
    shown = [f"{safe(found['plan'])}  run {safe(found['run'])}", *headlines(found)]
    if found["done"]:
        shown += ["", "Done", *done_lines(found)]
    for group, title in _GROUPS.items():
        if found[group]:
            shown += ["", title]
            shown += [f"  {safe(task['id'])} {safe(task['title'])}{_why(task)}" for task in found[group]]
    if found["questions"]:
        shown += ["", f"Open questions (branchline inbox{run_flag(found['run'], found['newest'])})"]
        shown += [
            f"  {safe(question['task'])}: {safe(' '.join(question['text'].split()))}" for question in found["questions"]
        ]
    if found["asked"]:
        shown += ["", "What the plan asked", *(f"  {line}" for line in asked_lines(found["asked"]))]
    return "\n".join([*shown, "", *_whereabouts(found)])


def done_lines(found: Mapping[str, Any]) -> list[str]:
    """Return a line for each task of a report that is done: id, title, and what proves it."""
    return [f"  {safe(task['id'])} {safe(task['title'])}  ({proof_of(task)})" for task in found["done"]]


def report_markdown(found: Mapping[str, Any]) -> str:
    """Return `report` as markdown; titles and reasons are escaped, so that they cannot become markup."""
    shown = [f"# Report of {_plain(found['plan'])}", "", f"Run `{safe(found['run'])}`.", ""]
    shown += [f"- {_plain(line)}" for line in headlines(found)]
    if found["done"]:
        shown += ["", "## Done", ""]
        shown += [
            f"- **{_plain(task['id'])}** {_plain(task['title'])} ({_plain(proof_of(task))}) [evidence](#{_anchor(task)})"
            for task in found["done"]
        ]
    for group, title in _GROUPS.items():
        if found[group]:
            shown += ["", f"## {title}", ""]
            shown += [
                f"- **{_plain(task['id'])}** {_plain(task['title'])}{_plain(_why(task))}" for task in found[group]
            ]
    if found["questions"]:
        shown += ["", "## Open questions", ""]
        shown += [
            f"- **{_plain(question['task'])}** {_plain(' '.join(question['text'].split()))}"
            for question in found["questions"]
        ]
    if found["asked"]:
        shown += ["", "## What the plan asked", "", *(f"- {_plain(line)}" for line in asked_lines(found["asked"]))]
    shown += ["", "## Where the work is", "", *(f"- {_plain(line)}" for line in _whereabouts(found))]
    for task in found["done"]:
        shown += ["", f"### Evidence of {_plain(task['id'])}", "", f"- {_plain(proof_of(task))}"]
        shown += [f"- exit {check['exit']}: {_plain(str(check['command']))}" for check in task["ran"]]
    return "\n".join(shown) + "\n"


def _anchor(task: Mapping[str, Any]) -> str:
    """The address of a task's evidence in a page, as GitHub makes it of a heading."""
    return f"evidence-of-{re.sub('[^a-z0-9_-]', '', task['id'].lower())}"


_NAMED: Final = 5
_MARKUP: Final = str.maketrans({char: "\\" + char for char in "\\`*_[]<>#|!&~"})


def _plain(text: str) -> str:
    return safe(text).translate(_MARKUP)


def headlines(found: Mapping[str, Any]) -> Iterator[str]:
    """Give the lines that sum a report up: state, tasks done, gate, attempts and what they cost."""
    reason = f": {safe(because(found['state'], found['reason']))}" if found["reason"] else ""
    yield f"state: {safe(found['state'])}{reason}"
    yield f"done: {len(found['done'])} of {many(found['total'], 'task')}{_levels(found['done'])}"
    yield f"gate: {_gate_words(found['gate'])}"
    elapsed = "not known" if found["elapsed"] is None else duration(found["elapsed"])
    so_far = "" if found["ended"] else " so far"
    yield f"attempts: {found['attempts']}; {spent_words(found)}; elapsed: {elapsed}{so_far}"
    if found["schedule"]:
        yield from _schedule(found["schedule"])


def _schedule(found: Mapping[str, Any]) -> Iterator[str]:
    waited = [task for task in found["tasks"] if task["waited"] >= 1]
    known = [task for task in found["tasks"] if task["expected"]]
    words = f"schedule: {duration(found['took'])}, at best {duration(found['best'])} with {found['strategy']}"
    yield f"{words}; no order could take less than {duration(found['bound'])}"
    if waited:
        told = f"waits: {many(len(waited), 'task')}, {duration(sum(task['waited'] for task in waited))} in all"
        cost = sorted((task for task in waited if task["cost"]), key=lambda task: -task["cost"])
        named = ", ".join(f"{safe(task['id'])} ({duration(task['cost'])})" for task in cost[:_NAMED])
        later = f"the end came later by {duration(sum(task['cost'] for task in cost))}: {named}"
        yield f"{told}; {later if cost else 'none put off the end'}"
    if known:
        real = sum(task["end"] - task["start"] for task in known)
        expected = duration(sum(task["expected"] for task in known))
        yield f"estimates: {many(len(known), 'task')} took {duration(real)}, the plan said {expected}"


def _levels(done: Sequence[Mapping[str, Any]]) -> str:
    counted = [
        (level, sum(1 for task in done if task["level"] == level)) for level in ("checked", "gated", "unchecked")
    ]
    words = [f"{number} {level}" for level, number in counted if number]
    return f" ({', '.join(words)})" if words else ""


def _gate_words(gate: Mapping[str, Any]) -> str:
    if not gate["commands"]:
        return "none is known"
    if not gate["run"]:
        return "not run on the last merged result"
    return "passed on the last merged result" if gate["passed"] else "failed on the last merged result"


def proof_of(task: Mapping[str, Any]) -> str:
    """Return what proves a task that is done, in a few words."""
    parts = [safe(task["level"]) or "no evidence recorded", *([safe(task["commit"])[:7]] if task["commit"] else [])]
    parts += [f"accepted by {safe(task['accepted_by'])}"] if task["accepted"] else []
    parts += [f"flaky: {safe(command)}" for command in task["flaky"]]
    parts += [f"{many(len(task['out_of_scope']), 'file')} outside its scope"] if task["out_of_scope"] else []
    parts += [f"not taken: {', '.join(map(safe, task['left_out']))}"] if task["left_out"] else []
    return ", ".join(parts)


def _why(task: Mapping[str, Any]) -> str:
    reason = safe(because(task["state"], task["reason"]))
    if task["state"] == "pending" and reason:
        return f": {reason}"
    unsaid = "" if task["state"] in BUSY or task["state"] in ("pending", "ready") else "no reason recorded"
    return f": {', '.join(part for part in (safe(task['state']), reason or unsaid) if part)}"


def _whereabouts(found: Mapping[str, Any]) -> Iterator[str]:
    if found["in_place"]:
        yield "Nothing was isolated: the work was done in place, in your own checkout."
    elif found["tip"] and found["landed"]:
        yield f"The merged work is on {safe(found['tip'])}, and in your checkout."
    elif found["tip"]:
        flag = run_flag(found["run"], found["newest"])
        yield f"The merged work is on {safe(found['tip'])}; branchline land{flag} brings it to your branch."
    else:
        yield "Nothing was merged."
    yield from (f"Sandbox of the workers: {safe(walls)}" for walls in found["sandbox"] if not found["in_place"])
    if found["salvage"]:
        refs = many(len(found["salvage"]), "salvage ref")
        yield f"Work that was not merged is kept under {refs} (branchline salvage list):"
        yield from (f"  {safe(ref)}" for ref in found["salvage"])
