"""What was found and what is asked: the evidence of a task, and the open questions."""

import json
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from branchline.model.run import A_PERSON, PHASE, RECHECK, Event, QuestionRow, TaskRow
from branchline.report.standing import states
from branchline.terminal.text import duration, lines, many, safe, some

_KEYS: Final = ("command", "exit", "seconds", "commit", "log_digest", "tail", "source", "flaky", "first")
_TAIL: Final = 20
"""Lines of a failed check's last words that are shown."""
_SAID: Final = 200
"""Lines of what a worker said that are shown."""
_QUESTION: Final = ("run", "task", "kind", "text", "options", "default", "deadline")
_JUDGED_BY_HAND: Final = frozenset({"unchecked", "approval", "frozen_check", "injection"})
"""Kinds of questions that `accept` settles."""
_FILES: Final = {
    "files": "changed",
    "out_of_scope": "outside the task's scope",
    "refused": "saved and not taken, for its role may not edit",
    "frozen": "changed though checks rest on it",
    "left_out": "not taken, for it is a repository of its own; it stays in the task's worktree",
}
_STOPPED: Final = ("salvage", "tail")
_JUDGED: Final = frozenset({"merging", "held", "failed", "retrying", "blocked"})


def verdict(task: TaskRow, data: Mapping[str, Any], own: Sequence[Event]) -> dict[str, Any]:
    """Return what a report says of a task's verdict, from what the event with it carries and the task's own events."""
    done, commit = task.state == "done", data.get("commit") or ""
    return {
        "level": (data.get("level") or task.evidence) if done else "",
        "checks": [check_record(check) for check in _list(data, "checks")],
        "commit": (task.commit or commit) if done else commit,
        "out_of_scope": _list(data, "out_of_scope"),
        "left_out": _list(data, "left_out"),
        "accepted": bool(task.accepted),
        "accepted_by": str(last(own, lambda e: bool(e.data.get("by"))).get("by", A_PERSON)) if task.accepted else "",
    }


def evidence(task: TaskRow, events: Sequence[Event]) -> dict[str, Any]:
    """Return the record behind a task's verdict, with the keys of DESIGN section 6.

    It is what the last `done` event of the task carries. A task that is not done gives the checks of its last event
    that has some, and an empty `level`: nothing was proved of a merged result.
    """
    own, done = [event for event in events if event.task == task.task], task.state == "done"
    data = last(own, lambda e: e.kind == "done" if done else e.kind in _JUDGED and "checks" in e.data)
    claim = last(own, lambda e: e.kind == "claimed")
    return {
        "task": task.task,
        **verdict(task, data, own),
        "tree": data.get("tree") or "",
        "files": _list(data, "files"),
        "diffstat": dict(data.get("diffstat") or {}),
        "frozen": _list(data, "frozen"),
        "refused": _list(data, "refused"),
        "claim": {"status": claim.get("status") or "", "summary": claim.get("summary") or ""},
        "sandbox": str(last(own, lambda e: bool(e.data.get("sandbox"))).get("sandbox", "")),
        "state": task.state,
        "stopped": [
            {"attempt": e.attempt, "cause": e.cause, **{key: e.data.get(key) for key in _STOPPED}}
            for e in own
            if e.kind == "stopping" and e.data
        ],
    }


def phase_evidence(task: TaskRow, tasks: Sequence[TaskRow], events: Sequence[Event]) -> dict[str, Any]:
    """Return the record behind a composite, as `evidence`, and the tasks `below` it, whose evidence is their own.

    Its checks were run with the merge that brought the last of these in: they are part of that task's `done` event.
    """
    own: list[Event] = []
    for event in events:
        checks = [row for row in _list(event.data, "checks") if check_record(row)["source"] == PHASE + task.task]
        if event.kind == "done" and checks:
            data = {"checks": checks, "level": "checked", **{key: event.data.get(key) for key in ("commit", "tree")}}
            own = [event._replace(task=task.task, data=data)]
    state = states(tasks)[task.task]
    found = evidence(task._replace(state="done"), own) if own and state == "done" else evidence(task, ())
    return {**found, "state": state, "below": [other.task for other in tasks if other.parent == task.task]}


def last(events: Sequence[Event], fits: Callable[[Event], bool]) -> Mapping[str, Any]:
    """Return what the last event that fits holds; nothing where none does."""
    return next((event.data for event in reversed(events) if fits(event)), {})


def _list(data: Mapping[str, Any], key: str) -> list[Any]:
    value = data.get(key)
    return list(value) if value and isinstance(value, list | tuple) else []


def check_record(check: Any) -> dict[str, Any]:
    """Return one check with the keys of a record, None where nothing was recorded."""
    return {key: check.get(key) for key in _KEYS} if isinstance(check, Mapping) else dict.fromkeys(_KEYS)


def evidence_text(found: Mapping[str, Any]) -> str:
    """Return `evidence` in words: what was run on which commit, and how it ended."""
    shown = [f"{safe(found['task'])}: {_standing(found)}"]
    for check in found["checks"]:
        seconds = "" if check["seconds"] is None else f" in {duration(check['seconds'])}"
        commit = f" on {safe(str(check['commit']))[:12]}" if check["commit"] else ""
        ended = "exit not recorded" if check["exit"] is None else f"exit {check['exit']}"
        first, *more = lines(str(check["command"]))
        source = str(check["source"] or "")
        why = f"    ({safe(source)})" if source.startswith((RECHECK, PHASE, "gate.by_glob")) else ""
        shown += [f"  $ {first}{why}", *(f"    {line}" for line in more), f"    {ended}{seconds}{commit}"]
        if check["log_digest"]:
            shown.append(f"    log {safe(str(check['log_digest']))}")
        if check["flaky"]:
            shown.append(
                f"    flaky: it failed first (exit {check['first']['exit']}), and passed when it was run again"
            )
        if check["exit"] and check["tail"]:
            shown += [f"    | {line}" for line in lines(str(check["tail"]))[-_TAIL:]]
    if found.get("below"):
        shown.append(f"  below it, each with its own evidence: {', '.join(map(safe, found['below']))}")
    elif not found["checks"]:
        shown.append("  no check was recorded")
    if found["claim"]["status"]:
        first, *more = lines(found["claim"]["summary"] or "")[:_SAID] or [""]
        said = f": {first}" if first else ""
        shown[1:1] = [
            f"  its worker claims {safe(found['claim']['status'])}{said}",
            *(f"    {line}".rstrip() for line in more),
        ]
    if found["diffstat"]:
        stat = found["diffstat"]
        shown.append(f"  {many(stat['files'], 'file')} changed, +{stat['added']} -{stat['removed']} lines")
    shown += [
        f"  {words}: {', '.join(safe(str(p)) for p in found[key])}" for key, words in _FILES.items() if found[key]
    ]
    if found["sandbox"]:
        shown.append(f"  sandbox: {safe(found['sandbox'])}")
    for stop in found["stopped"]:
        shown.append(f"  attempt {stop['attempt']} was stopped: {safe(stop['cause'])}")
        shown += [f"    its work is kept under {safe(stop['salvage'])}"] if stop["salvage"] else []
        shown += [f"    | {safe(str(line))}" for line in stop["tail"] or ()]
    return "\n".join(shown)


def _standing(found: Mapping[str, Any]) -> str:
    if found.get("below") and not found["checks"]:
        return f"{found['state']}, as the tasks below it are; it has no check of its own that was run"
    if found["state"] != "done":
        return f"{found['state']}, so nothing is proved of a merged result"
    commit = f" at commit {safe(found['commit'])[:12]}" if found["commit"] else ", no commit recorded"
    accepted = f", accepted by {safe(found['accepted_by'])}" if found["accepted"] else ""
    return f"done, {safe(found['level']) or 'no level recorded'}{commit}{accepted}"


def inbox(
    questions: Sequence[QuestionRow], waits: Mapping[str, Sequence[str]] = MappingProxyType({})
) -> dict[str, Any]:
    """Return the open questions, oldest first, with the keys of DESIGN section 6; `waits`: task -> who waits for it."""
    waiting = sorted((question for question in questions if question.answer is None), key=lambda q: (q.asked, q.id))
    return {
        "questions": [
            {name: getattr(question, name) for name in _QUESTION}
            | {
                "options": _options(question.options),
                "asked": question.asked,
                "waits": list(waits.get(question.task, ())),
            }
            for question in waiting
        ]
    }


def _options(text: str) -> list[str]:
    try:
        value = json.loads(text)
    except ValueError:
        return []
    return [str(option) for option in value] if isinstance(value, list) else []


def inbox_text(found: Mapping[str, Any], newest: str) -> str:
    """Return `inbox` in words, each question with the command that answers it; `newest` is the run these speak of."""
    if not found["questions"]:
        return "The inbox is empty: no task waits for an answer."
    return "\n\n".join(_question(each, each["run"] == newest) for each in found["questions"])


def _question(question: Mapping[str, Any], newest: bool) -> str:
    flag = run_flag(question["run"], newest)
    where = "" if newest else f"  (run {safe(question['run'])})"
    shown = [f"{safe(question['task'])}  {safe(question['kind'])}{where}"]
    shown += [f"  {line}" for line in lines(question["text"])]
    for number, option in enumerate(question["options"], 1):
        chosen = "  (default)" if option == question["default"] else ""
        shown.append(f"    {number}. {safe(option)}{chosen}")
    if question["default"] and question["default"] not in question["options"]:
        shown.append(f"  default: {safe(question['default'])}")
    if question["deadline"]:
        shown.append(f"  deadline: {safe(question['deadline'])}")
    if question["waits"]:
        waits = [safe(task) for task in question["waits"]]
        shown.append(f"  {some(waits)} {'wait' if waits[1:] else 'waits'} for it")
    if question["kind"] in _JUDGED_BY_HAND:
        shown.append(f"  what it did and said: branchline evidence {safe(question['task'])}{flag}")
    how = answer_with(question["task"], question["kind"], question["options"], flag)
    return "\n".join(
        [*shown, f"  {how}    (or: --option N)" if question["options"] and how.endswith('"..."') else f"  {how}"]
    )


def run_flag(run: str, newest: bool) -> str:
    """Return what names a run to a command, which speaks of the newest one unless it is told otherwise."""
    return "" if newest else f" --run {safe(run)}"


def answer_with(task: str, kind: str, options: Sequence[str] = (), flag: str = "") -> str:
    """Return the command that settles a question of this kind; what never began can be skipped, and not tried again."""
    task = safe(task) + flag
    if kind in _JUDGED_BY_HAND:
        other = "skip" if "skip" in options else "retry"
        return f"branchline accept {task}    (or: branchline {other} {task})"
    if kind == "hung":
        return f"branchline answer {task} wait    (or: resume, retry, cancel)"
    if kind == "permission":
        return f"branchline answer {task} once    (or: always, reject)"
    if kind == "obsolete":
        return f'branchline skip {task}    (or: branchline answer {task} "...")'
    return f'branchline answer {task} "..."'
