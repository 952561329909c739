"""Commands that only look; nothing heavy is imported on their way."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from branchline import report as words
from branchline.budget import Purse, Terms, purse_of
from branchline.errors import NotFoundError, UsageError
from branchline.graph.adjacency import of_rows
from branchline.graph.cycles import reached
from branchline.graph.suite import needs_of
from branchline.model.money import Amount, total
from branchline.model.moves import BUSY, SATISFIED
from branchline.model.run import PERSONS, STEERING, AttemptRow, QuestionRow, RunRow, TaskRow
from branchline.schedule import View, reasons, root_of
from branchline.schedule.routing import Routing
from branchline.store import Store, held
from branchline.terminal.text import some, use_colour
from branchline.workflow.answer import Answer
from branchline.workflow.console import Console

WAITING = ("pending", "ready", "retrying", "paused")
"""States of tasks that wait for something other than a person: why, is asked anew at each look."""
HELD = ("blocked", "held")
"""States of tasks that wait for a person."""
Hindsight = Callable[[Sequence[AttemptRow], RunRow, list[TaskRow]], dict[str, Any] | None]


@contextmanager
def opened(console: Console, name: str) -> Iterator[tuple[Store, RunRow]]:
    """One moment of the store, and the run that is meant, as `run_meant`."""
    with Store.open(console.state / "state.db", read_only=True) as store, store.snapshot():
        yield store, run_meant(store, name)


def run_meant(store: Store, name: str) -> RunRow:
    """The run of a name, the newest without one; raises NotFoundError."""
    run = store.run(name) if name else store.newest()
    if run is None:
        raise no_run(name, [run for _, run, _ in store.heads()])
    return run


def is_newest(store: Store, run: RunRow) -> bool:
    """Whether commands that name no run speak of this one."""
    newest = store.newest()
    return newest is not None and newest.run == run.run


def no_run(name: str, there: Sequence[str]) -> NotFoundError:
    """What is said of a run that is not there; `there` are those that are, the newest first."""
    if not (name and there):
        return NotFoundError("no run here yet; start with: branchline execute PLAN")
    more = f" and {len(there) - 5} older ones" if len(there) > 5 else ""
    return NotFoundError(f"there is no run {name}; there is {', '.join(there[:5])}{more}")


def rows_of(store: Store, run: RunRow, now: float) -> list[TaskRow]:
    """The tasks of a run, each waiting one with the reason why it waits now (I8)."""
    rows, said = store.tasks(run.run), said_to(store, run)
    if any(row.state in WAITING and row.kind == "atomic" for row in rows):
        found = _reasons(run, view_of(store, run, rows, now))
        rows = [row._replace(reason=found.get(row.task, "")) if row.state in WAITING else row for row in rows]
    return [row._replace(reason=said[row.task]) if row.task in said else row for row in rows] if said else rows


def said_to(store: Store, run: RunRow) -> dict[str, str]:
    """Task -> in words what a person has said to it that nobody has acted on yet."""
    return {
        each.task: f"{each.verb} waits for the next `branchline execute` or `pulse`"
        for each in store.requests()
        if each.run == run.run and each.task
    }


def _standing(store: Store, run: RunRow, rows: list[TaskRow]) -> RunRow:
    """The run with whom it waits for now: nobody who has said what is to be done."""
    said = said_to(store, run)
    if not said or not run.reason.startswith(PERSONS):
        return run
    left = [row.task for row in rows if row.kind == "atomic" and row.state in HELD and row.task not in said]
    told = "what you said waits for the next `branchline execute` or `pulse`"
    return run._replace(reason=PERSONS + some(left) if left else told)


def _reasons(run: RunRow, view: View) -> dict[str, str]:
    return reasons(view, run.flags.get("strategy") or "depth-first")


def view_of(store: Store, run: RunRow, rows: list[TaskRow], now: float) -> View:
    """What the scheduler sees of a run, from its rows."""
    net, kept = json.loads(run.net), json.loads(run.settings)
    routing = Routing.restored(kept, net)
    lanes = {row.lane: row for row in store.lanes(run.run)}
    closed = {lane for lane, row in lanes.items() if row.until > now}
    memory = lanes.pop("", None)
    room = memory.room if memory else 0
    return View(
        of_rows(rows, net["edges"]),
        {row.task: row.state for row in rows},
        min(slots_of(run), room or slots_of(run)),
        f"memory: {memory.cause}" if memory and 0 < room < slots_of(run) else "slot",
        role={row.task: row.role for row in rows},
        mutex=net["mutex"],
        needs=routing.needs(rows, needs_of(net.get("needs", {}), net.get("suite", ()), routing.resources)),
        resources=routing.resources,
        lane={row.task: routing.lane(routing.detour(row, closed)) for row in rows} if lanes else {},
        lanes={lane.lane: lane.room for lane in lanes.values() if lane.room},
        pauses={lane.lane: (lane.until, lane.cause) for lane in lanes.values() if lane.until > now},
        interval={row.task: routing.interval(row) for row in rows if routing.interval(row)},
        last_start=_last_start(store, rows, routing) if routing.stagger else 0.0,
        retry_at={row.task: row.retry_at for row in rows if row.retry_at},
        now=now,
        notes={row.task: row.reason for row in rows if row.reason},
        said=said_to(store, run),
        only=frozenset(kept.get("only", ())),
        purse=_purse(store.attempts(run.run), rows, kept["terms"], routing) if "terms" in kept else None,
    )


def _purse(
    attempts: list[AttemptRow], rows: list[TaskRow], terms: Mapping[str, Any], routing: Routing
) -> Callable[[], Purse]:
    """What makes the purse of a run from its rows."""
    spent: dict[str, Amount] = {}
    for each in attempts:
        spent[each.task] = spent.get(each.task, Amount()).plus(each.used)
    tasks, whole = {row.task: row for row in rows}, total(spent.values())
    return lambda: purse_of(Terms.restored(terms), routing.model_of, tasks, attempts, spent, whole)


def _last_start(store: Store, rows: list[TaskRow], routing: Routing) -> float:
    """When the last of the staggered workers that are at work was started; an ended one is not looked for."""
    busy = [row for row in rows if row.state in BUSY and routing.interval(row)]
    found = [
        min((a.intended for a in store.attempts(r.run, r.task) if a.attempt == r.attempt), default=0.0) for r in busy
    ]
    return max(found, default=0.0)


def slots_of(run: RunRow) -> int:
    """How many slots the run was started with; of a run whose record does not say it, as far as its flags do."""
    return int(json.loads(run.settings).get("slots") or run.flags.get("jobs") or (1 if run.in_place else 4))


def status(console: Console, name: str) -> Answer:
    """What every task of a run is doing."""
    found = status_of(console, name)
    return Answer(found, words.status_text(found, console.width(), use_colour(console.out, console.env)))


def status_of(console: Console, name: str) -> dict[str, Any]:
    """The same as data alone, for who draws it otherwise."""
    with opened(console, name) as (store, run):
        rows = rows_of(store, run, console.clock())
        walls = str(json.loads(run.settings).get("sandbox") or "")
        asked = store.questions(run.run, open_only=True)
        driver = held(console.state) or None
        return words.status(_standing(store, run, rows), rows, store.used(run.run), asked, slots_of(run), walls, driver)


def runs(console: Console, most: int) -> list[dict[str, str]]:
    """The newest runs: name, plan and state of each; none where nothing was run yet."""
    path = console.state / "state.db"
    if not path.exists():
        return []
    with Store.open(path, read_only=True) as store:
        return [{"run": run, "plan": plan, "state": state} for plan, run, state in store.heads()[:most]]


def why(console: Console, name: str, task: str) -> Answer:
    """Why a task is where it is."""
    with opened(console, name) as (store, run):
        now, rows = console.clock(), store.tasks(run.run)
        row, root = find(rows, run, task), ""
        if row.state in WAITING and row.kind == "atomic":
            view = view_of(store, run, rows, now)
            row = row._replace(reason=_reasons(run, view).get(row.task, ""))
            root = root_of(view, row.task) if row.state == "pending" else ""
        said = said_to(store, run).get(task)
        row = row._replace(reason=said or row.reason)
        found = words.why(
            row,
            store.events(run.run, row.task),
            store.attempts(run.run, row.task),
            [q for q in store.questions(run.run) if q.task in (row.task, root)],
            rows,
            root,
            newest=is_newest(store, run),
        )
    found |= {"next": ["branchline execute"]} if said else {}
    return Answer(found, words.why_text(found, now))


def find(rows: list[TaskRow], run: RunRow, task: str) -> TaskRow:
    """The row of a task; raises NotFoundError when the run has none of that id."""
    for row in rows:
        if row.task == task:
            return row
    raise NotFoundError(
        f"run {run.run} of {run.plan} has no task {task}; `branchline status` lists its tasks, --run names another run",
        task=task,
    )


def find_atomic(rows: list[TaskRow], run: RunRow, task: str) -> TaskRow:
    """The row of a task that a worker gets, as `find`; raises UsageError for a composite, to which nothing happens."""
    row = find(rows, run, task)
    if row.kind != "atomic":
        raise UsageError(f"{task} is composite: name the tasks below it (`branchline status` shows them)", task=task)
    return row


def inbox(console: Console, name: str) -> Answer:
    """The questions that wait for a person: of one run, or of all that go on when they are answered."""
    with opened(console, name) as (store, run):
        runs, newest = [run, *([] if name else _older(store, run))], is_newest(store, run)
        found = {"run": run.run, "questions": [question for each in runs for question in _inbox_of(store, each)]}
    return Answer(found, words.inbox_text(found, run.run if newest else ""))


def _older(store: Store, run: RunRow) -> Iterator[RunRow]:
    """The newest run of each other plan that is not over."""
    seen = {run.plan}
    for plan, name, state in store.heads():
        if plan not in seen and state not in ("done", "cancelled") and (older := store.run(name)):
            yield older
        seen.add(plan)


def _inbox_of(store: Store, run: RunRow) -> list[dict[str, Any]]:
    said, rows = said_to(store, run), store.tasks(run.run)
    asked = store.questions(run.run, open_only=True)
    asked = [each for each in [*asked, *_held(rows, asked)] if each.task not in said]
    questions: list[dict[str, Any]] = words.inbox(
        asked, _waiting_for({question.task for question in asked}, run, rows)
    )["questions"]
    return questions


def _waiting_for(tasks: Iterable[str], run: RunRow, rows: list[TaskRow]) -> dict[str, list[str]]:
    """Task -> the tasks that cannot start before it is done, near or far behind it, in the tree's order."""
    adjacency = of_rows(rows, json.loads(run.net)["edges"])
    unmet = {row.task for row in rows if row.state not in SATISFIED}

    def later(task: str) -> Iterator[str]:
        return (other for other in adjacency.after[task] if other in unmet)

    return {task: sorted(reached(task, later), key=adjacency.place) for task in tasks}


def _held(rows: list[TaskRow], asked: list[QuestionRow]) -> list[QuestionRow]:
    """A question for each task that was held before any worker saw it: may it start?"""
    named = {question.task for question in asked}
    held = [row for row in rows if row.state == "held" and row.task not in named]
    kinds = ["injection" if row.reason.startswith(STEERING) else "approval" for row in held]
    return [
        QuestionRow(row.run, 0, row.task, row.attempt, kind, row.reason, '["accept", "skip"]')
        for row, kind in zip(held, kinds, strict=True)
    ]


def evidence(console: Console, name: str, task: str) -> Answer:
    """The checks behind a task."""
    with opened(console, name) as (store, run):
        rows = store.tasks(run.run)
        row = find(rows, run, task)
        if row.kind == "composite":
            found = words.phase_evidence(row, rows, store.events(run.run))
        else:
            found = words.evidence(row, store.events(run.run, row.task))
    return Answer(found, words.evidence_text(found))


def report(
    console: Console,
    name: str,
    form: str,
    hindsight: Hindsight = lambda *_: None,
    is_home: Callable[[Console, RunRow], bool] = lambda *_: False,
) -> Answer:
    """What was done, what was not, and why; `hindsight` says what the order of the tasks was worth."""
    with opened(console, name) as (store, run):
        now = console.clock()
        found = report_of(store, run, rows_of(store, run, now), now, hindsight, home=is_home(console, run))
    if form == "json":
        return Answer(found, json.dumps(found, ensure_ascii=False, default=str))
    return Answer(found, words.report_markdown(found) if form == "md" else words.report_text(found))


def report_of(
    store: Store,
    run: RunRow,
    rows: list[TaskRow],
    now: float,
    hindsight: Hindsight = lambda *_: None,
    *,
    home: bool = False,
) -> dict[str, Any]:
    """The report of a run from what is recorded, its `rows_of` among it; `schedule` in it is what `hindsight` makes of it,
    `home` of `is_home`.
    """
    graph, attempts = json.loads(run.graph)["graph"], store.attempts(run.run)
    said = said_to(store, run)
    return words.report(
        _standing(store, run, rows),
        rows,
        attempts,
        [each for each in store.questions(run.run) if each.answer is not None or each.task not in said],
        store.findings(run.run),
        gate=[check["run"] for check in graph.get("gate", [])],
        in_place=run.in_place,
        now=now,
        request=graph.get("request", ""),
        schedule=hindsight(attempts, run, rows),
        newest=is_newest(store, run),
        home=home,
    )


def attempt_of(console: Console, name: str, task: str, attempt: int) -> tuple[RunRow, int, Path]:
    """The run that is meant, and the number and folder of a task's attempt: the last one unless a number is given.

    Raises NotFoundError where there is no such run, task or attempt.
    """
    with opened(console, name) as (store, run):
        row = find_atomic(store.tasks(run.run), run, task)
    number = attempt or row.attempt
    folder = console.state / "runs" / run.run / row.task / str(number)
    if not number or not folder.is_dir():
        raise NotFoundError(f"task {row.task} has no attempt {number or 'yet'}; `branchline why {row.task}` says why")
    return run, number, folder


def prompt(console: Console, name: str, task: str, attempt: int) -> Answer:
    """The exact text a task's worker got."""
    _, number, folder = attempt_of(console, name, task, attempt)
    text = read_log(folder / "prompt.md")
    return Answer({"task": task, "attempt": number, "prompt": text}, text.rstrip("\n"))


def read_log(path: Path) -> str:
    """A log is a stranger's bytes: what cannot be decoded is shown as a replacement character."""
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""
