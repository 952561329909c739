"""Whether a pulse has anything to do, found out at the price of a look; and how a run stands, in the keys of scripts."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from branchline import __version__
from branchline.files import canonical, digest, write_new
from branchline.model.run import RunRow, TaskRow
from branchline.report import run_flag
from branchline.store import Store, lock
from branchline.terminal.text import because
from branchline.workflow.answer import Answer
from branchline.workflow.console import Console, name_in
from branchline.workflow.look import is_newest, rows_of

STATUS = {"running": 0, "done": 0, "waiting": 3, "cancelled": 0, "failed": 4, "paused": 75}
"""Run state -> exit status (DESIGN, section 6)."""
WEIGHT = (130, 1, 2, 75, 4, 3, 0)
"""Exit statuses, the one that counts most first (DESIGN, section 6)."""
MEMORY = "pulse.json"
SETTINGS = ("branchline.toml", "pyproject.toml")
SEEDS = ("RAM_", "MAX_WORKERS_CAP", "DECOMPOSE_", "WORKER_", "SUPERVISOR_")
NEVER = 9e18


def outcome_data(store: Store, run: RunRow, rows: Iterable[TaskRow]) -> dict[str, Any]:
    """The keys of `execute` and `pulse`, of a run and its `rows_of`: run, state, counts, waiting with the reason why (I8)."""
    counts: dict[str, int] = {}
    waiting: dict[str, str] = {}
    for row in rows:
        if row.kind != "atomic":
            continue
        counts[row.state] = counts.get(row.state, 0) + 1
        if row.state not in ("done", "skipped"):
            waiting[row.task] = row.reason or row.state
    newest = store.run(run.run) or run
    return {"run": run.run, "state": newest.state, "plan": run.plan, "counts": counts, "waiting": waiting}


def finished(store: Store, run: RunRow, now: float) -> Answer:
    """All done: nothing is run a second time."""
    land = f"branchline land{run_flag(run.run, is_newest(store, run))} brings to your branch what is not there yet"
    where = "it worked in place" if run.in_place else land
    return Answer(
        outcome_data(store, run, rows_of(store, run, now)),
        f"run {run.run} of {run.plan} is done; nothing to do ({where})",
    )


def called_off(store: Store, run: RunRow, now: float) -> Answer:
    """A person cancelled it: nobody but a person begins it again."""
    words = "`branchline retry TASK` takes it up again, `branchline execute --new` starts another"
    return Answer(
        outcome_data(store, run, rows_of(store, run, now)), f"run {run.run} of {run.plan} was cancelled; {words}"
    )


def standing(store: Store, run: RunRow, now: float) -> Answer:
    """How a run stands after a pulse, in one line."""
    data = outcome_data(store, run, rows_of(store, run, now))
    counts = ", ".join(f"{number} {state}" for state, number in sorted(data["counts"].items()))
    row = store.run(run.run) or run
    why = f" ({because(row.state, row.reason)})" if row.reason and row.state != "running" else ""
    return Answer(data, f"{run.plan}: run {run.run} {row.state}{why}: {counts}", STATUS[row.state], row.reason)


def together(found: Sequence[Answer]) -> Answer:
    """The answers for several plans as one; the status is the one that counts most."""
    if len(found) == 1:
        return found[0]
    data = {"runs": [dict(answer.data) for answer in found]}
    status = next(s for s in WEIGHT if s == 0 or any(answer.status == s for answer in found))
    error = next((a.error or a.text for a in found if a.status == status), "")
    return Answer(data, "\n".join(answer.text for answer in found) or "nothing to do", status, error if status else "")


def unfinished(store: Store) -> list[str]:
    """The plans whose newest run is not over, newest first."""
    newest: dict[str, str] = {}
    for plan, _, state in store.heads():
        newest.setdefault(plan, state)
    return [plan for plan, state in newest.items() if state not in ("done", "cancelled")]


def quiet(console: Console, plans: Sequence[str], said: str) -> Answer | None:
    """What a pulse of these plans would answer, when nothing has changed since the last one; None when it must look.

    `said` are the flags. Raises LockedError when another coordinator is at work.
    """
    known = recall(console)
    if not known:
        return None
    with lock(console.state), Store.open(console.state / "state.db", read_only=True) as store:
        names = [name_in(console.root, console.directory / plan) for plan in plans] if plans else unfinished(store)
        wished = {request.run for request in store.requests()}
        found = []
        for name in names:
            entry, run = known.get(name), store.newest(name)
            if not entry or not run or run.run in wished or _changed(console, name, said, entry, store, run):
                return None
            now = console.clock()
            found.append(finished(store, run, now) if run.state == "done" else standing(store, run, now))
    return together(found)


def _changed(console: Console, name: str, said: str, entry: dict[str, Any], store: Store, run: RunRow) -> bool:
    return bool(
        entry["run"] != run.run
        or console.clock() >= entry["due"]
        or store.events(run.run, after=entry["seq"], limit=1)
        or entry["key"] != key_of(console, name, said)
    )


def key_of(console: Console, name: str, said: str) -> str:
    """A digest of all that a pulse reads before it acts: plan, graph, settings, environment, flags."""
    plan = console.root / name
    texts = [
        _digest(path)
        for path in (plan, plan.with_name(f"{plan.stem}.graph.json"), *(console.root / s for s in SETTINGS))
    ]
    env = sorted(item for item in console.env.items() if item[0].startswith(("BRANCHLINE_", "PATH", *SEEDS)))
    return digest(canonical([__version__, said, str(console.directory), texts, env]).encode("utf-8", "surrogatepass"))


def remember(console: Console, store: Store, name: str, due: float, said: str) -> None:
    """Keep that a run has nothing to do before `due` (seconds since the epoch) unless something changes from outside.

    A plan that is a folder of files is looked at each time.
    """
    run = store.run(name)
    if run is not None and not (console.root / run.plan).is_dir():
        entry = {"key": key_of(console, run.plan, said), "run": name, "seq": store.last_event(name), "due": due}
        write_new(console.state / MEMORY, canonical({**recall(console), run.plan: entry}))


def recall(console: Console) -> dict[str, Any]:
    """What former pulses kept, plan -> entry; nothing when it cannot be read: then everything is looked at."""
    try:
        found = json.loads((console.state / MEMORY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _digest(path: Path) -> str:
    """The digest of a file; empty for what cannot be read."""
    try:
        return digest(path.read_bytes())
    except OSError:
        return ""
