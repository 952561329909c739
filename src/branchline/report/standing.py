"""How a run stands: the tree of its tasks with states and reasons."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from branchline.model.money import Amount
from branchline.model.moves import BUSY, SATISFIED, SLOTTED
from branchline.model.run import QuestionRow, RunRow, TaskRow
from branchline.terminal.text import because, colour, mark, safe, tree

_STUCK: Final = ("blocked", "held", "paused", "retrying")
_DRIVEN: Final = BUSY | {"ready", "retrying"}
_NOBODY: Final = "no coordinator is at work: the next `branchline execute` or `pulse` goes on"
_TINT: Final = {"failed": "red", "blocked": "yellow", "held": "yellow", "paused": "yellow"}


def derived(children: Iterable[str]) -> str:
    """Return the state of a composite from those of its children.

    Done when all are done or skipped, failed if any failed; running if any is busy, else blocked, held, paused or
    retrying if any is; cancelled when nothing is left to do but not all is done; else pending.
    """
    found = set(children)
    if not found:
        return "pending"
    if found <= SATISFIED:
        return "done" if "done" in found else "skipped"
    if "failed" in found:
        return "failed"
    if found & BUSY:
        return "running"
    for state in _STUCK:
        if state in found:
            return state
    return "cancelled" if found <= SATISFIED | {"cancelled"} else "pending"


def states(tasks: Sequence[TaskRow]) -> dict[str, str]:
    """Return the state of every task, composites' derived from their children's; in any order of rows.

    A composite that has none any more is what its row says: the plan has lost it.
    """
    children: dict[str, list[str]] = {}
    for task in tasks:
        if task.parent is not None:
            children.setdefault(task.parent, []).append(task.task)
    waiting = [task.task for task in tasks if task.kind == "composite" and task.task in children]
    found = {task.task: str(task.state) for task in tasks if task.kind != "composite" or task.task not in children}
    while waiting:  # as many turns as the tree is deep: parents come before their children, so the last go first
        left = []
        for task_id in reversed(waiting):
            below = children[task_id]
            if all(child in found for child in below):
                found[task_id] = derived(found[child] for child in below)
            else:
                left.append(task_id)
        if len(left) == len(waiting):  # rows that are each other's parents: damaged, and still to be shown
            found.update(dict.fromkeys(left, "pending"))
            break
        waiting = left[::-1]
    return found


def spent(used: Amount) -> dict[str, Any]:
    """Return what a run cost, as far as its workers said: US dollars and tokens."""
    return {"usd": round(used.usd, 6), "tokens": used.tokens}


def budget_of(run: RunRow) -> dict[str, Any] | None:
    """Return the limit of a run that has a budget, in US dollars and tokens; None when it has none."""
    usd, tokens = json.loads(run.settings).get("terms", {}).get("run", (None, None))
    return None if usd is None and tokens is None else {"usd": usd, "tokens": tokens}


def status(
    run: RunRow,
    tasks: Sequence[TaskRow],
    used: Amount = Amount(),
    questions: Sequence[QuestionRow] = (),
    slots_total: int = 0,
    sandbox: str = "",
    coordinator: int | None = None,
) -> dict[str, Any]:
    """Return how a run stands, with the keys of DESIGN section 6, tasks in the tree's natural order.

    A task with an open question gives it as its reason when its row has none. `used` is what the run has cost; `sandbox`
    says what walls the workers have, `coordinator` is the process that drives runs here. `parent` is there for the tree.
    """
    found = states(tasks)
    asked = {question.task: question.text for question in questions if question.answer is None}
    return {
        "run": run.run,
        "state": run.state,
        "reason": run.reason,
        "plan": run.plan,
        "tasks": [_task(task, found, asked) for task in sorted(tasks, key=lambda task: task.place)],
        "sandbox": sandbox,
        "coordinator": coordinator,
        "slots": {"used": sum(1 for task in tasks if task.state in SLOTTED), "total": slots_total},
        "spent": spent(used),
        "budget": budget_of(run),
    }


def _task(task: TaskRow, found: Mapping[str, str], asked: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": task.task,
        "title": task.title,
        "kind": task.kind,
        "parent": task.parent,
        "state": found[task.task],
        "reason": task.reason or asked.get(task.task, ""),
        "attempt": task.attempt,
        "worker": task.worker,
        "evidence": task.evidence,
    }


def money(amount: Mapping[str, Any]) -> str:
    """Return what was spent in words; nothing recorded is said so, as a worker that does not tell costs money too."""
    parts = [f"${amount['usd']:.2f}"] if amount["usd"] else []
    parts += [f"{amount['tokens']:,} tokens"] if amount["tokens"] else []
    return ", ".join(parts) or "no cost recorded"


def spent_words(found: Mapping[str, Any]) -> str:
    """Return what a run has spent, and of what budget where it has one."""
    limit = found["budget"]
    return money(found["spent"]) + (f" of a budget of {money(limit)}" if limit else "")


def status_text(found: Mapping[str, Any], width: int = 80, on: bool = False) -> str:
    """Return `status` in words: a head and the tree with marks, states and reasons; `on` asks for colour."""
    return "\n".join([*_head(found, on), "", _drawn(found["tasks"], width, on)])


def _head(found: Mapping[str, Any], on: bool) -> list[str]:
    counted = Counter(task["state"] for task in found["tasks"] if task["kind"] != "composite")
    rest = [f"{number} {state}" for state, number in sorted(counted.items()) if state != "done"]
    slots = found["slots"]
    reason = f": {safe(because(found['state'], found['reason']))}" if found["reason"] else ""
    state = colour(safe(found["state"]), _TINT.get(found["state"], "bold"), on)
    return [
        f"{safe(found['plan'])}  run {safe(found['run'])}  {state}{reason}",
        ", ".join([f"{counted['done']} of {sum(counted.values())} done", *rest]),
        f"slots {slots['used']} of {slots['total']} used; {spent_words(found)}",
        *([f"sandbox: {safe(found['sandbox'])}"] if found["sandbox"] else []),
        *([_NOBODY] if not found["coordinator"] and counted.keys() & _DRIVEN else []),
    ]


def _drawn(tasks: Sequence[Mapping[str, Any]], width: int, on: bool) -> str:
    nodes = []
    depth: dict[str, int] = {}
    for task in tasks:
        # Parents come first; one that is not known counts as none.
        depth[task["id"]] = at = depth.get(task["parent"], -1) + 1
        room = max(20, width - 3 * at)
        title = safe(f"{task['id']} {task['title']}", room - 2)
        nodes.append((at, f"{mark(task['state'], on)} {title}{_tail(task, room, on)}"))
    return tree(nodes)


def _tail(task: Mapping[str, Any], room: int, on: bool) -> str:
    """Return what follows the title: on a further line when there is a reason, as reasons are sentences."""
    state = task["state"]
    if task["kind"] == "composite" and not task["reason"]:
        return ""
    if state == "done":
        return f"  ({safe(task['evidence']) or 'no evidence recorded'})"
    again = f", attempt {task['attempt']}" if task["attempt"] > 1 else ""
    worker = f", {safe(task['worker'])}" if state in BUSY and task["worker"] else ""
    if state in ("pending", "ready") and not task["reason"]:
        return ""
    reason = f": {because(state, task['reason'])}" if task["reason"] else ""
    if state == "pending" and reason:
        return "\n" + colour(safe(task["reason"], room - 3), "dim", on)
    return "\n" + colour(safe(f"{state}{worker}{again}{reason}", room - 3), _TINT.get(state, "dim"), on)
